#!/usr/bin/env python3
"""One self-contained HTML page on a run, or on several compared.

usage: spindrift_report.py RUN... [--output PAGE.html]      (PAGE.html: report.html in the first run's folder unless given)
"""
import argparse
import os
import sys

import numpy as np
import report_html as html
import report_plots as plots
from report_html import number
from spindrift_record import RecordError, axis_names, load, load_spikes, relative_l2, sample_errors, typical_sample

LIMIT = 5_000_000  # bytes of a page
MOST = 12  # runs of a page, as many as there are colours and strokes to tell apart
SHOWN = 4  # runs of a comparison whose fields are drawn


def fail(text):
    sys.exit(f"spindrift_report.py: {text}")


def named(page, run, runs):
    """Which run the next pictures are of, where there are several."""
    if len(runs) > 1:
        page.heading(run["name"])


def last(run, key, factor=1.0):
    column = run["history"].get(key)
    return factor * column[-1] if column is not None and len(column) else None


def error_row(run):
    e = run["errors"] or {}
    names = ("l2", "max", "h1", "reference_l2", "samples", "l2_mean", "l2_median")
    cells = [number(e[k] if e.get("samples", 1) or not k.startswith(("samples", "l2_m")) else None) if k in e else "–" for k in names]
    source = run["fields"]["source"] if run["fields"] else "the run has not ended: no errors yet"
    return [html.escape(run["name"]), *cells, number(run["step"]), number(last(run, "time")), html.escape(source)]


def summary(page, runs):
    run = runs[0]
    config, e = run["configuration"], run["errors"] or {}
    if len(runs) == 1:
        tiles = [("problem", html.name(config.get("problem_type", "not recorded"))), ("relative L2 error", number(e.get("l2"))), ("reference's own error", number(e.get("reference_l2")))]
        tiles += [("parameters", number(run["parameters"])), ("steps", number(run["step"])), ("time in steps [s]", number(last(run, "time"))), ("ranks", number((run["environment"] or {}).get("ranks"))), ("state", "ended" if run["complete"] else "not ended")]
        page.tiles(tiles)
    page.section("errors", "Errors against the reference")
    page.table(["run", "relative L2", "max", "H1", "reference's own", "samples", "mean of a sample", "median of a sample", "steps", "time in steps [s]", "reference"], [error_row(r) for r in runs], wide=(0, 10))
    page.text("Relative L2, maximum and H1 norms of network minus reference on held-out points, over those of the reference (H1: discrete seminorm, even tensor grids only). The reference's own error, relative L2, was estimated; 0: exact values.")


def curves(page, runs):
    page.section("learning", "Learning curves")
    if len(runs) > 1:
        page.key([r["name"] for r in runs])
    wanted = [
        ("loss", "step", "loss", "training step", ""),
        ("error", "step", "relative $L_2$ error", "training step", ""),
        ("loss", "time", "loss", "time in training steps", "s"),
        ("error", "time", "relative $L_2$ error", "time in training steps", "s"),
    ]
    shown = []
    for key, against, name, across, unit in wanted:
        figure = plots.history(runs, key, against, name, "", across, unit)
        if figure:
            shown.append((figure, f"{name.replace('$L_2$', 'L2')} against {across}"))
    page.plots(shown)


def fields(page, runs):
    drawn = [r for r in runs if r["fields"]][:SHOWN]
    for r in runs:
        if not any(r is d for d in drawn):
            page.lack(f"fields of {r['name']}", "the run has not ended" if not r["fields"] else f"those of the first {SHOWN} runs are drawn")
    if not drawn:
        return
    page.section("fields", "Fields and their errors")
    for run in drawn:
        named(page, run, runs)
        f = run["fields"]
        names = axis_names(run["configuration"], f["x"].shape[1])
        if f["network"].ndim == 3:
            errors = sample_errors(f)
            f, i, error = typical_sample(f)
            page.text(f"Held-out sample {i} of {len(errors)}, the one with the median error ({error:.3e}).")
            before = [(plots.operator_input(f["input"][i]), "its input function")] if f["input"] is not None else []
            before += [(plots.sample_histogram(errors), "errors of all held-out samples")] if (np.isfinite(errors) & (errors > 0)).any() else []
            if before:
                page.plots(before)
        for c in range(min(f["network"].shape[1], 4)):
            if f["network"].shape[1] > 1:
                page.text(f"Component {f['components'][c]}, relative L2 error {relative_l2(f['network'][..., c], f['reference'][..., c]):.3e}.")
            page.plots(plots.field(f["network"][:, c], f["reference"][:, c], f["x"], names))


def gradient(page, runs):
    page.section("gradient", "Gradient")
    shown = []
    for key, name, scale in (("cosine", "cosine with back-propagation", "linear"), ("grad_norm", "norm of the estimate", "log"), ("lr", "learning rate", "log"), ("inner", "gradients a step", "linear")):
        if key == "inner" and all((r["history"].get("inner", np.ones(1)) == 1).all() for r in runs):
            continue
        figure = plots.history(runs, key, "step", name, "", "training step", "", scale)
        if figure:
            shown.append((figure, f"{name} against training step"))
        else:
            page.lack(name, "not evaluated (run_cosine)" if key == "cosine" else "not in the record")
    page.plots(shown)


def spikes(page, runs):
    page.section("spikes", "Spikes")
    for run in runs:
        named(page, run, runs)
        pictures = []
        if "rates" in run["history"] and len(run["history"]["rates"]):
            pictures.append((plots.rates(run), "mean rate of each layer against training step"))
        else:
            page.lack(f"rates of {run['name']}", "not in the record")
        found = load_spikes(run["folder"])
        if not found["layers"]:
            page.lack(f"spike rasters and rates of neurons of {run['name']}", f"{found['why']} (spindrift predict RUN -predict_spikes 64 writes them)")
        if found["older"]:
            page.text("prediction.h5 is older than the record: its spikes may be of an earlier state.")
        for name, values in found["layers"]:
            item = len(values) // 2
            pictures.append((plots.raster(values[item]), f"{name}: spikes at item {item} of {len(values)} of the prediction (blue: negative ones)"))
            pictures.append((plots.rate_histogram(values), f"{name}: rates of its {values.shape[2]} neurons over {len(values)} items"))
        if pictures:
            page.plots(pictures)


def cost(page, runs):
    page.section("cost", "Time, communication, memory")
    shown = []
    for key, name, unit, factor in (("time", "time of a step", "ms", 1e3), ("bytes", "handed to MPI in a step", "kB", 1e-3)):
        if key == "bytes" and not any(last(r, "bytes") for r in runs):
            page.lack("communication", "no bytes were handed to MPI")
            continue
        figure = plots.history(runs, key, "step", name, unit, "training step", "", "linear", of=plots.per_step(key, factor))
        if figure:
            shown.append((figure, f"{name}, mean between rows of the history"))
    figure = plots.history(runs, "memory", "step", "most memory of a rank", "MB", "training step", "", "linear", of=lambda r: (r["history"]["step"], 1e-6 * r["history"].get("memory", np.full(len(r["history"]["step"]), np.nan))))
    if figure:
        shown.append((figure, "most memory that a rank has held"))
    page.plots(shown)
    rows = [[html.escape(r["name"]), *(number(last(r, k, f)) for k, f in (("time", 1), ("evaluations", 1), ("bytes", 1e-6), ("memory", 1e-6), ("spikes", 1)))] for r in runs]
    page.table(["run", "time in steps [s]", "network passes", "to MPI, a rank [MB]", "memory, a rank [MB]", "spikes of an evaluation"], rows, wide=(0,))


def metrics(page, runs):
    having = [r for r in runs if r["metrics"]]
    if not having:
        page.lack("metrics", "not in the record")
        return
    page.section("metrics", "Metrics")
    names = list(dict.fromkeys(name for r in having for name in r["metrics"]))
    rows = []
    for name in names:
        found = [r["metrics"].get(name) for r in having]
        unit = next(f[1] for f in found if f)
        rows.append([html.escape(name), html.escape(unit), *(html.cell(f[0]) if f else "–" for f in found)])
    page.table(["metric", "unit", *(r["name"] for r in having)], rows, wide=range(2, len(having) + 2))


def environment(page, runs):
    having = [r for r in runs if r["environment"]]
    if not having:
        page.lack("environment", "not in the record")
        return
    page.section("environment", "Environment")
    keys = sorted({k for r in having for k in r["environment"]})
    page.table(["", *(r["name"] for r in having)], [[html.escape(k), *(html.cell(r["environment"].get(k, "–")) for r in having)] for k in keys], wide=range(1, len(having) + 1))
    for run in having:
        page.text(f"{run['name']}: {run['command']}")


def configuration(page, runs):
    if not any(r["configuration"] for r in runs):
        page.lack("configuration", "not in the record")
        return
    page.section("configuration", "Configuration")
    keys = list(dict.fromkeys(k for r in runs for k in r["configuration"]))
    values = {k: [r["configuration"].get(k, "–") for r in runs] for k in keys}
    different = [k for k in keys if len(set(values[k])) > 1]
    if len(runs) > 1:
        page.heading("What differs")
        page.table(["key", *(r["name"] for r in runs)], [[html.escape(k), *map(html.escape, values[k])] for k in different], wide=range(1, len(runs) + 1))
        page.heading("What is the same")
    page.settings([(k, values[k][0]) for k in keys if k not in different])


def build(runs):
    title = runs[0]["name"] if len(runs) == 1 else "Comparison of " + ", ".join(r["name"] for r in runs)
    page = html.Page(title, "Spindrift: training of a spiking network" if len(runs) == 1 else f"Spindrift: {len(runs)} runs")
    html.ink()
    for section in (summary, curves, fields, gradient, spikes, cost, metrics, environment, configuration):
        section(page, runs)
    if page.missing:
        page.section("missing", "Not in this report")
        page.table(["what", "why"], [[html.escape(what), html.escape(why)] for what, why in page.missing], wide=(0, 1))
    return page.html()


def distinct(runs):
    """Runs by the names of their folders, or by their paths where two names are the same."""
    same = len({r["name"] for r in runs}) < len(runs)
    return [{**r, "name": r["folder"]} for r in runs] if same else runs


def main():
    parser = argparse.ArgumentParser(prog="spindrift_report.py", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folder, which holds run.h5")
    parser.add_argument("--output", metavar="PAGE.html", help="default: report.html in the first run's folder")
    options = parser.parse_args()
    if len(options.runs) > MOST:
        fail(f"{len(options.runs)} runs given; allowed: at most {MOST}")
    try:
        text = build(distinct([load(run) for run in options.runs]))
    except RecordError as e:
        fail(e)
    if len(text.encode()) > LIMIT:
        fail(f"the page has {len(text.encode())} bytes, at most {LIMIT} are allowed; give fewer runs")
    output = options.output or os.path.join(options.runs[0], "report.html")
    try:
        with open(output + ".tmp", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(output + ".tmp", output)
    except OSError as e:
        fail(f"{output}: cannot write: {e.strerror}")
    print(output)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Train every problem with every estimator, and tabulate. usage: results.py [--quick] [--only PATTERN] [--seeds N] [--fraction F] [--jobs N] [--table] [DIR]

Runs go to DIR/runs (DIR is "results" unless given) and are not repeated, so that a campaign broken off goes on where it stopped; a run of another
length, or of an input file that has changed since, is trained anew. Where the tail is exact and leaves one hidden layer to estimate, layer-wise is global: one run is both. Every problem and estimator gets its first seed before any gets a second. Then DIR/results.csv (a row for each run), DIR/results.md (medians over seeds, one
table for each problem) and DIR/results.png are written. --quick: two problems, one seed, the main estimators, a quarter of the steps;
--fraction: this part of each input's steps, for the whole matrix in hours; --only: labels "problem / estimator" that a regular expression finds; --table: train nothing.
"""
import argparse
import collections
import concurrent.futures
import csv
import hashlib
import os
import re
import statistics
import subprocess
import sys
import textwrap
import threading

import spindrift_style as style

import h5py
import matplotlib.pyplot as plt
import numpy as np

# label, input, options
PROBLEMS = [
    ("smooth 1-D", "smooth1d", ""),
    ("smooth 1-D, depth 3", "smooth1d", "-net_width 64,64,64 -net_T 16 -optimizer_lr 2e-2"),
    ("sharp 1-D, depth 3", "sharp1d", "-net_width 64,64,64"),
    ("sin 20 pi x, depth 3", "highfrequency1d", "-net_width 64,64,64"),
    ("parabola", "parabola", ""),
    ("Mexican hat", "mexican_hat", ""),
    ("ripple", "ripple", ""),
    ("Poisson 1-D", "poisson1d", ""),
    ("Poisson 2-D", "poisson2d", ""),
    ("Helmholtz", "helmholtz", ""),
    ("heat", "heat", ""),
    ("Burgers", "burgers", ""),
    ("Allen-Cahn", "allen_cahn", ""),
    ("diffusion", "diffusion", ""),
    ("Taylor-Green", "taylor_green", ""),
    ("cavity", "cavity", ""),
    ("Poisson operator, T = 32", "operator_poisson", "-net_T 32"),
    ("Poisson operator, T = 64", "operator_poisson", "-net_T 64"),
    ("Poisson operator, T = 128", "operator_poisson", ""),
    ("reaction-diffusion operator", "operator_reaction_diffusion", ""),
    ("advection operator", "operator_advection", ""),
    ("Burgers operator", "operator_burgers", ""),
    ("heat operator", "operator_heat", ""),
    ("diffusion operator", "operator_diffusion", ""),
    ("Darcy operator", "operator_darcy", ""),
]

# What is estimated, what is had exactly, and the guess that the estimate corrects
TAILS = [
    ("as in the paper", "-gradient_tail none -gradient_guess none -readout_solve 0"),
    ("exact tail", "-gradient_tail unit -gradient_guess none"),
    ("collapsed", "-gradient_tail unit -gradient_guess collapsed"),
    ("transpose", "-gradient_tail unit -gradient_guess transpose"),
    ("mirror", "-gradient_tail unit -gradient_guess mirror"),
]
METHODS = [
    ("weight, global", "-gradient_method weight -gradient_blocks global"),
    ("weight, layer-wise", "-gradient_method weight -gradient_blocks layerwise"),
    ("node", "-gradient_method node"),
]
TANGENTS = [("surrogate", ""), ("Stein", "-gradient_tangent stein")]
ESTIMATORS = [("reverse", "-gradient_method reverse"), ("reverse, readout trained", "-gradient_method reverse -readout_solve 0")] + [
    (f"{method}, {tangent}, {tail}", f"{m} {t} {o}") for method, m in METHODS for tangent, t in TANGENTS for tail, o in TAILS
]
QUICK_PROBLEMS = ("parabola", "Poisson 1-D")
QUICK_ESTIMATORS = ("reverse", "weight, global, surrogate, as in the paper", "node, surrogate, as in the paper", "node, surrogate, exact tail", "node, surrogate, transpose", "node, Stein, exact tail")
COLUMNS = ["problem", "estimator", "seed", "status", "l2", "l2_mean", "l2_median", "reference_l2", "steps", "evaluations", "seconds", "memory", "spikes", "cosine", "parameters"]
PANELS = 5  # of the picture, in a row


def folder(directory, problem, estimator, seed):
    return os.path.join(directory, "runs", re.sub(r"[^a-zA-Z0-9]+", "-", f"{problem} {estimator} {seed}"))


def read(run):
    """What run.h5 says of a run that has ended, or None."""
    try:
        with h5py.File(os.path.join(run, "run.h5"), "r") as f:
            if not f.attrs["complete"]:
                return None
            errors, history = f["errors"].attrs, f["history"]
            cosine = history["cosine"][()]
            return {
                "l2": float(errors["l2"]),
                "l2_mean": float(errors.get("l2_mean", np.nan)),
                "l2_median": float(errors.get("l2_median", np.nan)),
                "reference_l2": float(errors["reference_l2"]),
                "steps": int(f.attrs["step"]),
                "evaluations": float(history["evaluations"][-1]),
                "seconds": float(history["time"][-1]),
                "memory": float(history["memory"][-1]),
                "spikes": float(history["spikes"][-1]),
                "cosine": float(np.nanmean(cosine)) if np.any(np.isfinite(cosine)) else np.nan,
                "parameters": int(f["parameters/theta"].shape[0]),
            }
    except (OSError, KeyError):
        return None


LOCKS = collections.defaultdict(threading.Lock)  # of runs


def command_file(run):
    return os.path.join(run, "command")


def train(task):
    """Run one configuration unless it has been run; returns its row."""
    with LOCKS[task["run"]]:
        return train_once(task)


def train_once(task):
    spindrift, run, words, only_read = task["spindrift"], task["run"], task["words"], task["only_read"]
    row = {k: task[k] for k in ("problem", "estimator", "seed")}
    with open(words[0], "rb") as file:
        text = " ".join(words) + f"\n{words[0]} {hashlib.sha256(file.read()).hexdigest()}\n"
    kept = open(command_file(run)).read() if os.path.exists(command_file(run)) else None
    status = os.path.join(run, "status")
    ended = kept == text and os.path.exists(status)
    if only_read and not ended:
        return None
    if not ended:
        fresh = [] if kept == text else ["-run_restart"]
        os.makedirs(run, exist_ok=True)
        with open(command_file(run), "w") as file:
            file.write(text)
        if os.path.exists(status):
            os.remove(status)
        with open(os.path.join(run, "output"), "w") as output:
            code = subprocess.run([spindrift, "train", *words, "-run_dir", run, *fresh], stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        if code not in (0, 3):
            sys.exit(f"results.py: {run}: exit status {code}; see {run}/output")
        with open(status, "w") as file:
            file.write(str(code))
    code = int(open(status).read())
    row["status"] = {0: "done", 3: "diverged"}[code]
    row.update(read(run) or {} if code == 0 else {})
    return row


def make_samples(spindrift, todo):
    """The data sets of operators, where they are not there yet."""
    for path in sorted({t["words"][0] for t in todo}):
        if re.search(r"^dataset:", open(path).read(), re.MULTILINE):
            subprocess.run([spindrift, "dataset", path], check=True, stdout=subprocess.DEVNULL)


def steps_of(spindrift_input):
    found = re.search(r"\bsteps:\s*(\d+)", open(spindrift_input).read())
    if not found:
        sys.exit(f"results.py: {spindrift_input}: no train: {{steps: N}}")
    return int(found.group(1))


def hidden_layers(spindrift_input, options):
    """Of the deepest network."""
    widths = re.findall(r"-net_width (\S+)", options) or re.findall(r"\bwidth:\s*\[?([\d, ]+)", open(spindrift_input).read())
    return max(len(w.split(",")) for w in widths)


def tasks(args):
    for seed in range(1, args.seeds + 1):
        for problem, name, options in PROBLEMS:
            for estimator, own in ESTIMATORS:
                if args.quick and not (problem in QUICK_PROBLEMS and estimator in QUICK_ESTIMATORS):
                    continue
                if not re.search(args.only, f"{problem} / {estimator}"):
                    continue
                path, trained = f"inputs/{name}.yaml", estimator
                if "-gradient_tail unit" in own and hidden_layers(path, options) <= 2:
                    trained, own = estimator.replace("layer-wise", "global"), own.replace("layerwise", "global")
                steps = max(1, round(steps_of(path) * args.fraction))
                words = [path, *options.split(), *own.split(), "-train_seed", str(seed), "-train_steps", str(steps), "-run_cosine", str(max(1, steps // 10)), "-run_record", str(max(1, steps // 20))]
                words += ["-run_error", str(max(1, steps // 5)), "-run_checkpoint", str(max(100, steps // 4)), "-run_progress", "60"]
                yield {"problem": problem, "estimator": estimator, "seed": seed, "run": folder(args.directory, problem, trained, seed), "words": words, "spindrift": args.spindrift, "only_read": args.table}


def median(rows, key):
    values = [r[key] for r in rows if key in r and np.isfinite(r[key])]
    return statistics.median(values) if values else float("nan")


def number(x, form):
    return "-" if not np.isfinite(x) else format(x, form)


def write_csv(rows, path):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


def by_problem(rows):
    grouped = {}
    for row in rows:
        grouped.setdefault(row["problem"], {}).setdefault(row["estimator"], []).append(row)
    return grouped


def write_markdown(rows, path):
    with open(path, "w") as file:
        file.write("Medians over seeds. Error: global relative L2 on held-out points; over reverse: of the same table; passes: network passes over all points, in thousands;\n")
        file.write("cosine: of the estimate with surrogate back-propagation, mean over the run; spikes: of one evaluation.\n")
        for problem, estimators in by_problem(rows).items():
            every = [r for e in estimators.values() for r in e]
            best = median(estimators.get("reverse", []), "l2")
            samples = any(np.isfinite(r.get("l2_mean", np.nan)) for r in every)
            file.write(f"\n**{problem}**; {number(median(every, 'parameters'), '.0f')} parameters, {number(median(every, 'steps'), '.0f')} steps; the reference's own error is {number(median(every, 'reference_l2'), '.1e')}\n\n")
            head = ["estimator", "seeds", "error", "over reverse"] + (["mean per sample", "median per sample"] if samples else []) + ["cosine", "passes", "seconds", "memory, MB", "spikes"]
            file.write("| " + " | ".join(head) + " |\n|" + "---|" * len(head) + "\n")
            for estimator, group in estimators.items():
                lost = sum(r["status"] != "done" for r in group)
                cells = [estimator, f"{len(group)}" + (f", {lost} diverged" if lost else ""), number(median(group, "l2"), ".2e"), number(median(group, "l2") / best, ".2f")]
                if samples:
                    cells += [number(median(group, "l2_mean"), ".2e"), number(median(group, "l2_median"), ".2e")]
                cells += [number(median(group, "cosine"), ".3f"), number(median(group, "evaluations") / 1e3, ".2f"), number(median(group, "seconds"), ".1f"), number(median(group, "memory") / 1e6, ".0f"), number(median(group, "spikes"), ".0f")]
                file.write("| " + " | ".join(cells) + " |\n")


def draw_problem(ax, problem, group, estimators):
    for y, estimator in enumerate(estimators):
        errors = [r["l2"] for r in group.get(estimator, []) if np.isfinite(r.get("l2", np.nan))]
        if errors:
            marker, colour = ("o", style.BLUE) if estimator.startswith("reverse") else ("s", style.ORANGE)
            ax.plot([min(errors), max(errors)], [y, y], "-", color=style.GREY, lw=3, alpha=0.7)
            ax.plot(statistics.median(errors), y, marker, color=colour, ms=7)
    best = median(group.get("reverse", []), "l2")
    if np.isfinite(best):
        ax.axvline(best, color=style.BLUE, lw=1, ls=":")
    ax.set_xscale("log")
    ax.set_title(textwrap.fill(problem, 30), fontsize=11)
    ax.set_xlabel(style.label("relative $L_2$ error"))
    style.mesh(ax, axis="x")


def draw(rows, path):
    """A panel for each problem, five in a row; the estimators' names stand at the left of each row."""
    grouped = by_problem(rows)
    estimators = [e for e, _ in ESTIMATORS if any(e in g for g in grouped.values())]
    across = min(len(grouped), PANELS)
    down = -(-len(grouped) // across)
    figure, axes = plt.subplots(down, across, figsize=(3.2 * across + 3.5, (0.24 * len(estimators) + 1.4) * down), sharey=True, squeeze=False, layout="constrained")
    for ax, (problem, group) in zip(axes.flat, grouped.items()):
        draw_problem(ax, problem, group, estimators)
    for ax in axes.flat[len(grouped) :]:
        ax.remove()
    axes[0][0].set_yticks(range(len(estimators)), estimators)
    axes[0][0].set_ylim(len(estimators) - 0.4, -0.6)
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", metavar="PATTERN")
    parser.add_argument("--seeds", type=int, metavar="N", help="3, with --quick 1")
    parser.add_argument("--fraction", type=float, metavar="F", help="of the steps: 1, with --quick 0.25")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--spindrift", default=os.path.join(os.environ.get("BUILD", "build"), "spindrift"))
    parser.add_argument("directory", nargs="?", default="results")
    args = parser.parse_args()
    if args.seeds is None:
        args.seeds = 1 if args.quick else 3
    if args.fraction is None:
        args.fraction = 0.25 if args.quick else 1
    if args.seeds < 1 or not 0 < args.fraction <= 1:
        sys.exit(f"results.py: --seeds {args.seeds} --fraction {args.fraction}: allowed are 1 seed or more, and a fraction above 0 up to 1")
    os.makedirs(args.directory, exist_ok=True)
    todo, rows = list(tasks(args)), []
    if not todo:
        sys.exit(f"results.py: --only {args.only}: no problem / estimator of that name")
    if not args.table:
        make_samples(args.spindrift, todo)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for i, row in enumerate(pool.map(train, todo)):
            if row is None:
                continue
            rows.append(row)
            print(f"{i + 1}/{len(todo)} {row['problem']} / {row['estimator']}, seed {row['seed']}: {row['status']}, {number(row.get('l2', float('nan')), '.3e')}", flush=True)
    if not rows:
        sys.exit(f"results.py: {args.directory}/runs: nothing to tabulate")
    for name, write in (("csv", write_csv), ("md", write_markdown), ("png", draw)):
        path = os.path.join(args.directory, f"results.{name}")
        write(rows, path)
        print(path)


if __name__ == "__main__":
    main()

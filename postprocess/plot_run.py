#!/usr/bin/env python3
"""Draw a run from its run.h5 alone: loss and error against steps and time; network, reference and difference.

usage: plot_run.py RUN [OUTPUT.png] [--component N]      (OUTPUT.png: RUN/run.png unless given)
"""
import argparse
import os
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

SCHEMA = 1  # SD_RECORD_SCHEMA of include/spindrift/record.h, which names every path below
COLUMNS = ("step", "time", "loss", "error")
BLUE, ORANGE = "#0072B2", "#D55E00"  # told apart with any kind of colour vision
AXES = ("x [-]", "y [-]", "z [-]")


def fail(text):
    sys.exit(f"plot_run.py: {text}")


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def load(path):
    """The record as a dictionary; ends the program with one line when it is missing, foreign, damaged or unfinished."""
    if not os.path.exists(path):
        fail(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as f:
            if text_of(f.attrs.get("format", "")) != "spindrift run":
                fail(f"{path}: not the record of a Spindrift run")
            if f.attrs["schema"] != SCHEMA:
                fail(f"{path}: record schema {f.attrs['schema']}, this program reads {SCHEMA}")
            if not f.attrs["complete"] or "fields" not in f:
                fail(f"{path}: the run has not ended (step {f.attrs['step']}); its fields are written when it has")
            return {
                "history": {k: f["history"][k][()] for k in COLUMNS},
                "unit": {k: text_of(f["history"][k].attrs["unit"]) or "-" for k in COLUMNS},
                "errors": {k: float(v) for k, v in f["errors"].attrs.items()},
                "source": text_of(f["fields"].attrs["reference_source"]),
                **{k: f["fields"][k][()] for k in ("x", "network", "reference", "grid")},
            }
    except (OSError, KeyError, RuntimeError) as e:
        fail(f"{path}: damaged, or not the record of a run ({e})")


def draw_history(axes, run):
    """Error (left axis) and loss (right axis) against steps and against time. An energy may be negative: then linear."""
    history, unit = run["history"], run["unit"]
    known, loss = np.isfinite(history["error"]), history["loss"]
    logarithmic = bool(np.all(loss > 0))
    for ax, key, label in ((axes[0], "step", "training step"), (axes[1], "time", "time in training steps")):
        right = ax.twinx()
        right.plot(history[key], loss, color=BLUE, lw=2.5)
        right.set_yscale("log" if logarithmic else "linear")
        right.set_ylabel(f"loss [{unit['loss']}]", color=BLUE)
        right.tick_params(axis="y", labelcolor=BLUE, which="both")
        ax.plot(history[key][known], history["error"][known], "o-", color=ORANGE, ms=6, lw=2)
        if np.any(history["error"][known] > 0):
            ax.set_yscale("log")
        ax.set_ylabel(f"relative $L_2$ error [{unit['error']}]", color=ORANGE)
        ax.tick_params(axis="y", labelcolor=ORANGE, which="both")
        ax.set_xlabel(f"{label} [{unit[key]}]")
        ax.grid(alpha=0.3)


def draw_line(fig, x, net, ref):
    """One coordinate: curves, and their difference."""
    left, right = fig.subplots(1, 2)
    order = np.argsort(x[:, 0])
    left.plot(x[order, 0], ref[order], color=BLUE, lw=4, label="reference")
    left.plot(x[order, 0], net[order], "--", color=ORANGE, lw=2, label="spiking network")
    left.legend()
    left.set_ylabel("u [-]")
    right.plot(x[order, 0], net[order] - ref[order], color="black", lw=1.5)
    right.set_ylabel("network - reference [-]")
    for ax in (left, right):
        ax.set_xlabel(AXES[0])
        ax.grid(alpha=0.3)


def draw_plane(fig, x, grid, net, ref, where):
    """Two coordinates: cells of a tensor grid, or dots where the points are scattered. The fields share one colour scale."""
    axes = fig.subplots(1, 3, sharex=True, sharey=True)
    low, high = float(ref.min()), float(ref.max())
    worst = float(np.abs(net - ref).max()) or 1.0
    size = np.clip(4e4 / len(x), 4, 80)
    stretch = np.ptp(x[:, 0]) / max(np.ptp(x[:, 1]), 1e-300)
    for ax, u, title, limits, colours in (
        (axes[0], net, "network u", (low, high), "viridis"),
        (axes[1], ref, "reference u", (low, high), "viridis"),
        (axes[2], net - ref, "difference", (-worst, worst), "PuOr"),
    ):
        style = {"vmin": limits[0], "vmax": limits[1], "cmap": colours}
        if grid is not None:
            nx, ny = grid
            image = ax.pcolormesh(x[:nx, 0], x[::nx, 1], u.reshape(ny, nx), shading="nearest", rasterized=True, **style)
        else:
            image = ax.scatter(x[:, 0], x[:, 1], c=u, s=size, **style)
        if 0.4 < stretch < 2.5:
            ax.set_box_aspect(1 / stretch)
        bar = ax.inset_axes((1.04, 0, 0.06, 1))  # as tall as the picture, whatever its shape
        fig.colorbar(image, cax=bar)
        bar.set_title("[-]", fontsize=14)
        ax.set_title(title + where)
        ax.set_xlabel(AXES[0])
    axes[0].set_ylabel(AXES[1])


def typical_sample(run):
    """Of an operator's held-out samples the one whose error is the median, as the fields of a function; its number and error."""
    net, ref = run["network"], run["reference"]
    size = np.sqrt((ref**2).sum(axis=(1, 2)))
    error = np.sqrt(((net - ref) ** 2).sum(axis=(1, 2))) / np.where(size > 0, size, np.inf)
    i = int(np.argsort(error)[len(error) // 2])
    return {**run, "network": net[i], "reference": ref[i]}, f"sample {i} of {len(net)}, error {error[i]:.2e}"


def draw_fields(fig, run, component):
    x, grid = run["x"], run["grid"]
    net, ref = run["network"][:, component], run["reference"][:, component]
    if x.shape[1] == 1:
        return draw_line(fig, x, net, ref)
    tensor, where = bool(grid[0]), ""
    if tensor and x.shape[1] == 3:
        plane = grid[0] * grid[1]
        middle = slice(plane * (grid[2] // 2), plane * (grid[2] // 2 + 1))
        x, net, ref = x[middle], net[middle], ref[middle]
        where = f", z = {x[0, 2]:.3g}"
    draw_plane(fig, x, grid[:2] if tensor else None, net, ref, where)


def draw(run, name, component, output):
    sample = ""
    if run["network"].ndim == 3:
        run, sample = typical_sample(run)
        sample = f"; shown: {sample}"
    plt.rcParams.update({"font.size": 16, "axes.titlesize": 17})
    fig = plt.figure(figsize=(16, 11), constrained_layout=True)
    top, bottom = fig.subfigures(2, 1, height_ratios=(1, 1.15))
    draw_history(top.subplots(1, 2), run)
    draw_fields(bottom, run, component)
    error, own = run["errors"]["l2"], run["errors"]["reference_l2"]
    trust = f"the reference's own: {own:.0e}" if own > 0 else "the reference is exact"
    shown = f", component {component}" if run["network"].shape[1] > 1 else ""
    fig.suptitle(f"{name}: relative $L_2$ error {error:.2e} ({trust}){shown}{sample}\nreference: {run['source']}", fontsize=17)
    try:
        fig.savefig(output, dpi=100)
    except (OSError, ValueError) as e:
        fail(f"{output}: cannot write: {e}")


def main():
    parser = argparse.ArgumentParser(prog="plot_run.py", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("run", metavar="RUN", help="run folder, which holds run.h5")
    parser.add_argument("output", metavar="OUTPUT.png", nargs="?", help="default: RUN/run.png")
    parser.add_argument("--component", type=int, default=0, metavar="N", help="component of u to draw, from 0")
    options = parser.parse_args()
    run = load(os.path.join(options.run, "run.h5"))
    ncomponent = run["network"].shape[-1]
    if not 0 <= options.component < ncomponent:
        fail(f"--component: {options.component} given; allowed: 0 to {ncomponent - 1}")
    output = options.output or os.path.join(options.run, "run.png")
    draw(run, os.path.basename(os.path.abspath(options.run)), options.component, output)
    print(output)


if __name__ == "__main__":
    main()

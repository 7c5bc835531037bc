#!/usr/bin/env python3
"""Draw a run from its run.h5 alone: loss and error against steps and time; network, reference and difference.

usage: plot_run.py RUN [OUTPUT.png] [--component N]      (OUTPUT.png: RUN/run.png unless given)
"""
import argparse
import os
import sys

import spindrift_fields as fields
import spindrift_style as style

import matplotlib.pyplot as plt
import numpy as np
from spindrift_record import RecordError, axis_names, load_complete, typical_sample


def fail(text):
    sys.exit(f"plot_run.py: {text}")


def draw_history(axes, run):
    """Error (left axis) and loss (right axis) against steps and against time. An energy may be negative: then linear."""
    history, unit = run["history"], run["unit"]
    known, loss = np.isfinite(history["error"]), history["loss"]
    error = history["error"][known]
    for ax, key, label in ((axes[0], "step", "training step"), (axes[1], "time", "time in training steps")):
        right = ax.twinx()
        right.plot(history[key], loss, "-" if len(loss) > 1 else "s", color=style.BLUE, lw=2.5)
        if np.all(loss > 0):
            style.logarithmic(right.yaxis, loss)
        right.set_ylabel(style.label("loss", unit["loss"]), color=style.BLUE)
        right.tick_params(axis="y", labelcolor=style.BLUE, which="both")
        ax.plot(history[key][known], error, "o-", color=style.ORANGE, ms=6, lw=2)
        if len(error) and np.all(error > 0):
            style.logarithmic(ax.yaxis, error)
        ax.set_ylabel(style.label("relative $L_2$ error", unit["error"]), color=style.ORANGE)
        ax.tick_params(axis="y", labelcolor=style.ORANGE, which="both")
        ax.set_xlabel(style.label(label, unit[key]))
        style.mesh(ax)


def draw_fields(fig, field, names, component):
    x, net, ref = field["x"], field["network"][:, component], field["reference"][:, component]
    if x.shape[1] == 1:
        left, right = fig.subplots(1, 2)
        fields.curves(left, x[:, 0], net, ref, names[0])
        fields.difference(right, x[:, 0], net, ref, names[0])
        return
    where = ""
    if x.shape[1] == 3:
        middle, text = fields.slices(x, names, (0.5,))[0]
        x, net, ref, where = x[middle], net[middle], ref[middle], f", {text}"
    for ax, (title, u, limits, colours, unit) in zip(fig.subplots(1, 3, sharex=True, sharey=True), fields.triple(net, ref)):
        fields.plane(ax, x[:, :2], u, names, limits, colours, unit)
        ax.set_title(title + where)
        ax.label_outer()


def draw(run, component, output):
    field, sample = run["fields"], ""
    if field["network"].ndim == 3:
        field, number, error = typical_sample(field)
        sample = f"; shown: sample {number} of {len(run['fields']['network'])}, error {error:.2e}"
    style.size(16)
    fig = plt.figure(figsize=(16, 11), constrained_layout=True)
    top, bottom = fig.subfigures(2, 1, height_ratios=(1, 1.15))
    draw_history(top.subplots(1, 2), run)
    draw_fields(bottom, field, axis_names(run["configuration"], field["x"].shape[1]), component)
    error, own = run["errors"]["l2"], run["errors"]["reference_l2"]
    trust = f"the reference's own: {own:.0e}" if own > 0 else "the reference is exact"
    shown = f", component {style.literal(field['components'][component])}" if field["network"].shape[1] > 1 else ""
    fig.suptitle(f"{style.literal(run['name'])}: relative $L_2$ error {error:.2e} ({trust}){shown}{sample}\nreference: {style.literal(field['source'])}", fontsize=17)
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
    try:
        run = load_complete(options.run)
    except RecordError as e:
        fail(e)
    ncomponent = run["fields"]["network"].shape[-1]
    if not 0 <= options.component < ncomponent:
        fail(f"--component: {options.component} given; allowed: 0 to {ncomponent - 1}")
    output = options.output or os.path.join(options.run, "run.png")
    draw(run, options.component, output)
    print(output)


if __name__ == "__main__":
    main()

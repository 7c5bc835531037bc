#!/usr/bin/env python3
"""Draw samples of an operator's data set: input functions above, what the operator makes of them below.

usage: plot_dataset.py FILE [OUTPUT.png] [--samples N] [--group train|test] [--component N]      (OUTPUT.png: FILE with .png in place of .h5)
"""
import argparse
import os
import sys

import spindrift_style as style

import h5py
import matplotlib.pyplot as plt
import numpy as np


def fail(text):
    sys.exit(f"plot_dataset.py: {text}")


def load(path, group, samples):
    """Sensors, axes (None: scattered), points, inputs [S][m] and outputs [S]...[n1][n0] of the first samples."""
    if not os.path.exists(path):
        fail(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as f:
            axes = [f[f"axis{a}"][()] for a in range(3) if f"axis{a}" in f]
            if "output" not in f[group]:
                fail(f"{path}: the samples of group {group} have no outputs; allowed: --group test")
            inputs, outputs = f[group]["input"][:samples], f[group]["output"][:samples]
            sensors = f["sensors"][()] if "sensors" in f else np.arange(inputs.shape[1])[:, None]
            return sensors, axes, None if axes else f["x"][()], inputs, outputs
    except (OSError, KeyError, ValueError) as e:
        fail(f"{path}: damaged, or not a data set of an operator ({e})")


def draw_input(ax, sensors, values):
    """Against the sensors: a curve in one dimension, coloured dots in more."""
    if sensors.shape[1] == 1:
        ax.plot(sensors[:, 0], values, color=style.BLUE, lw=2)
        ax.set(xlabel=style.label("sensor"), ylabel=style.label("input"))
        style.mesh(ax)
    else:
        image = ax.scatter(sensors[:, 0], sensors[:, 1], c=values, s=25, marker="s", cmap=style.VALUES)
        ax.figure.colorbar(image, ax=ax, label=style.label("input"))
        ax.set_aspect("equal")
        ax.set(xlabel=style.label("sensor, x"), ylabel=style.label("sensor, y"))


def draw_output(ax, axes, x, u):
    """A curve, an image, or the last slice along the third axis (the end, where that is time)."""
    if len(axes) == 1 or (not axes and x.shape[1] == 1):
        at = axes[0] if axes else x[:, 0]
        order = np.argsort(at)
        ax.plot(at[order], u[order], color=style.ORANGE, lw=2)
        ax.set_ylabel(style.label("output"))
        style.mesh(ax)
    else:
        look = {"cmap": style.VALUES}
        image = ax.pcolormesh(axes[0], axes[1], u[-1] if len(axes) == 3 else u, shading="nearest", **look) if axes else ax.scatter(x[:, 0], x[:, 1], c=u, s=12, **look)
        ax.figure.colorbar(image, ax=ax, label=style.label("output"))
        ax.set_ylabel(style.label("axis 1"))
    ax.set_xlabel(style.label("axis 0") + (f", axis 2 = {axes[2][-1]:g}" if len(axes) == 3 else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("output", nargs="?")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--group", choices=("train", "test"), default="train")
    parser.add_argument("--component", type=int, default=0)
    options = parser.parse_args()
    if options.samples < 1:
        fail(f"--samples: {options.samples} given; allowed: at least 1")
    sensors, axes, x, inputs, outputs = load(options.file, options.group, options.samples)
    components = outputs.shape[-1] if outputs.ndim > 1 + max(len(axes), 1) else 1
    if not 0 <= options.component < components:
        fail(f"--component: {options.component} given; allowed: 0 to {components - 1}")
    if components > 1:
        outputs = outputs[..., options.component]
    fig, panels = plt.subplots(2, len(inputs), figsize=(4.5 * len(inputs), 8), squeeze=False, constrained_layout=True)
    for s in range(len(inputs)):
        draw_input(panels[0, s], sensors, inputs[s])
        draw_output(panels[1, s], axes, x, outputs[s])
        panels[0, s].set_title(f"{options.group} sample {s}: input")
        panels[1, s].set_title("output")
    output = options.output or os.path.splitext(options.file)[0] + ".png"
    try:
        fig.savefig(output, dpi=110)
    except OSError as e:
        fail(f"cannot write {output}: {e.strerror}")
    print(output)


if __name__ == "__main__":
    main()

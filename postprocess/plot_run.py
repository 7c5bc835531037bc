#!/usr/bin/env python3
"""Draw a run from its run.h5 alone: loss and error against steps and time; network, reference and difference.

usage: plot_run.py RUN [OUTPUT.png]
"""
import os
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE = "#0072B2", "#D55E00"  # a colour-blind-safe pair


def fail(text):
    sys.exit(f"plot_run.py: {text}")


def load(path):
    if not os.path.exists(path):
        fail(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as f:
            history = {k: f["history"][k][()] for k in f["history"]}
            if "fields" not in f:
                fail(f"{path}: no fields yet; they are written when the run ends")
            fields = {k: f["fields"][k][()] for k in f["fields"]}
            source = f["fields"].attrs["reference_source"]
            errors = dict(f["errors"].attrs)
    except (OSError, KeyError) as e:
        fail(f"{path}: not the record of a run ({e})")
    return history, fields, errors, source


def curves(axes, history):
    known = np.isfinite(history["error"])
    for ax, key, label in ((axes[0], "step", "training step"), (axes[1], "time", "time [s]")):
        ax.semilogy(history[key], np.abs(history["loss"]), color=BLUE, lw=1.5, label="loss")
        ax.semilogy(history[key][known], history["error"][known], "o-", color=ORANGE, ms=4, lw=1.5, label="relative $L_2$ error")
        ax.set_xlabel(label)
        ax.set_ylabel("loss, error [-]")
        ax.grid(alpha=0.3)
    axes[0].legend(fontsize=11)


def fields_1d(axes, x, net, ref):
    order = np.argsort(x[:, 0])
    axes[0].plot(x[order, 0], ref[order], color=BLUE, lw=3, label="reference")
    axes[0].plot(x[order, 0], net[order], "--", color=ORANGE, lw=1.5, label="network")
    axes[0].legend(fontsize=11)
    axes[0].set_ylabel("u [-]")
    axes[1].plot(x[order, 0], net[order] - ref[order], color="black", lw=1)
    axes[1].set_ylabel("network - reference [-]")
    for ax in axes:
        ax.set_xlabel("x [-]")
        ax.grid(alpha=0.3)


def fields_2d(fig, axes, x, net, ref, grid):
    """Images on a grid (3-D: the middle slice), coloured dots where points are scattered."""
    if grid[0] and x.shape[1] == 3:
        middle = x[:, 2] == np.unique(x[:, 2])[grid[2] // 2]
        x, net, ref = x[middle], net[middle], ref[middle]
    extent = (x[:, 0].min(), x[:, 0].max(), x[:, 1].min(), x[:, 1].max())
    low, high = ref.min(), ref.max()
    worst = np.abs(net - ref).max() or 1.0
    for ax, u, title, limits, cmap in (
        (axes[0], net, "spiking network", (low, high), "viridis"),
        (axes[1], ref, "reference", (low, high), "viridis"),
        (axes[2], net - ref, "difference", (-worst, worst), "PuOr"),
    ):
        if grid[0]:
            image = ax.imshow(u.reshape(grid[1], grid[0]), origin="lower", extent=extent, vmin=limits[0], vmax=limits[1], cmap=cmap)
        else:
            image = ax.scatter(x[:, 0], x[:, 1], c=u, s=6, vmin=limits[0], vmax=limits[1], cmap=cmap)
            ax.set_aspect("equal")
        fig.colorbar(image, ax=ax, shrink=0.85, label="u [-]")
        ax.set_title(title)
        ax.set_xlabel("x [-]")
        ax.set_ylabel("y [-]")


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        fail("usage: plot_run.py RUN [OUTPUT.png]")
    run = sys.argv[1]
    output = sys.argv[2] if len(sys.argv) == 3 else os.path.join(run, "run.png")
    history, fields, errors, source = load(os.path.join(run, "run.h5"))
    x, net, ref = fields["x"], fields["network"][:, 0], fields["reference"][:, 0]
    plt.rcParams.update({"font.size": 13})
    fig = plt.figure(figsize=(15, 9), constrained_layout=True)
    top, bottom = fig.subfigures(2, 1)
    curves(top.subplots(1, 2), history)
    if x.shape[1] == 1:
        fields_1d(bottom.subplots(1, 2), x, net, ref)
    else:
        fields_2d(bottom, bottom.subplots(1, 3), x, net, ref, fields["grid"])
    fig.suptitle(f"{os.path.basename(os.path.normpath(run))}: relative $L_2$ error {errors['l2']:.2e} (reference's own {errors['reference_l2']:.0e})\n{source}", fontsize=13)
    fig.savefig(output, dpi=100)
    print(output)


if __name__ == "__main__":
    main()

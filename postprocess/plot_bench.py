#!/usr/bin/env python3
"""Table and picture of benchmark figures. usage: plot_bench.py [--output PICTURE.png] FILE.json ...

Reads what the programs of tests/bench wrote (make bench): objects with name, case, which, value, unit. Prints one Markdown table for each
kind of figure and draws how each estimator's step compares with the reverse baseline.
"""
import argparse
import json
import sys

import spindrift_style as style

import matplotlib.pyplot as plt


def read(paths):
    figures = []
    for path in paths:
        try:
            with open(path) as file:
                rows = json.load(file)
            figures += [(row["name"], row["case"], row["which"], float(row["value"]), row["unit"]) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            sys.exit(f"plot_bench.py: {path}: {error}")
    if not figures:
        sys.exit("plot_bench.py: no figures in the files given")
    return figures


def unique(values):
    return list(dict.fromkeys(values))


def tables(figures):
    for which in unique(f[2] for f in figures):
        rows = [f for f in figures if f[2] == which]
        cases = unique(f[1] for f in rows)
        value = {(f[0], f[1]): f"{f[3]:.3g}" for f in rows}
        print(f"\n{which} ({rows[0][4]})\n")
        print("| | " + " | ".join(cases) + " |")
        print("|---" * (len(cases) + 1) + "|")
        for name in unique(f[0] for f in rows):
            print(f"| {name} | " + " | ".join(value.get((name, case), "") for case in cases) + " |")


def draw(figures, path):
    rows = [f for f in figures if f[2] == "time / reverse"]
    if not rows:
        return None
    cases, names = unique(f[1] for f in rows), unique(f[0] for f in rows)
    value = {(f[0], f[1]): f[3] for f in rows}
    figure, axes = plt.subplots(figsize=(12, 0.3 * len(cases) + 3), layout="constrained")
    for i, name in enumerate(names):
        at = [row for row, case in enumerate(cases) if (name, case) in value]
        look = {"color": style.COLOURS[i % len(style.COLOURS)], "marker": style.MARKERS[i // len(style.COLOURS) % len(style.MARKERS)]}
        axes.plot([value[name, cases[row]] for row in at], at, ls="", label=name, **look)
    axes.axvline(1, color=style.GREY, lw=1)
    axes.set(xscale="log", xlabel=style.label("time of a step / time of a reverse step, same run"), yticks=range(len(cases)), yticklabels=cases)
    axes.tick_params(axis="y", labelsize=7)
    axes.invert_yaxis()
    style.mesh(axes, axis="x")
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.4, -0.12 - 1 / len(cases)), ncol=2)
    figure.savefig(path, dpi=120)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--output", default="bench.png")
    arguments = parser.parse_args()
    figures = read(arguments.files)
    tables(figures)
    picture = draw(figures, arguments.output)
    if picture:
        print(f"\n{picture}")


if __name__ == "__main__":
    main()

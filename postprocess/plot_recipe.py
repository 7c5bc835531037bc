#!/usr/bin/env python3
"""Draw error against speed over neurons. usage: plot_recipe.py [--output PICTURE.png] TABLE.csv

Reads what tests/bench/recipe.sh wrote (runs/recipe/recipe.csv). One panel for each problem and estimator: median error at the neuron's best
learning rate of those tried, bars from the smallest to the largest over the seeds, against the time of a step; the line joins the neurons
that no other beats in both. Prints these, front by front.
"""
import argparse
import csv
import statistics
import sys

import spindrift_style as style

import matplotlib.pyplot as plt

# the marker says the same again
LOOK = {"arctan": (style.BLUE, "o"), "fast_sigmoid": (style.GREEN, "D"), "gaussian": (style.PINK, "P"), "triangle": (style.ORANGE, "^"), "boxcar": (style.AMBER, "s")}


def read(path):
    """{(problem, estimator): {neuron: (step over default, errors over seeds at the best rate)}}"""
    panels = {}
    try:
        with open(path, newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                neurons = panels.setdefault((row["problem"], row["estimator"]), {})
                time, rates = neurons.setdefault(row["neuron"], (float(row["step_over_default"]), {}))
                rates.setdefault(float(row["rate"]), []).append(float(row["l2_error"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"plot_recipe.py: {path}: {error}")
    if not panels:
        sys.exit(f"plot_recipe.py: {path}: no rows")
    return {
        key: {name: (time, min(rates.values(), key=statistics.median_low)) for name, (time, rates) in neurons.items()}
        for key, neurons in panels.items()
    }


def front(neurons):
    """Names of the neurons that no other beats in time and error, fastest first."""
    names, lowest = [], float("inf")
    for name in sorted(neurons, key=lambda n: (neurons[n][0], statistics.median_low(neurons[n][1]))):
        error = statistics.median_low(neurons[name][1])
        if error < lowest:
            names.append(name)
            lowest = error
    return names


def draw(panels, path):
    problems, estimators = list(dict.fromkeys(k[0] for k in panels)), list(dict.fromkeys(k[1] for k in panels))
    figure, grid = plt.subplots(len(problems), len(estimators), figsize=(7.5 * len(estimators), 5 * len(problems)), squeeze=False, layout="constrained")
    for (problem, estimator), neurons in panels.items():
        axes = grid[problems.index(problem)][estimators.index(estimator)]
        best = front(neurons)
        axes.plot([neurons[n][0] for n in best], [statistics.median_low(neurons[n][1]) for n in best], "-", color=style.GREY, lw=1, zorder=1)
        for name, (time, errors) in neurons.items():
            reset, shape = name.split(", ")[:2]
            surrogate, width = shape.split()
            colour, marker = LOOK[surrogate]
            middle = statistics.median_low(errors)
            axes.errorbar(time, middle, [[middle - min(errors)], [max(errors) - middle]], color=colour, marker=marker, ms=7, mfc=colour if reset == "subtract" else "white", elinewidth=0.8, ls="")
            rest = "".join(f", {x}" for x in name.split(", ")[2:])
            axes.annotate(width + rest, (time, middle), xytext=(5, 4), textcoords="offset points", fontsize=7, weight="bold" if name in best else "normal")
        axes.axvline(1, color=style.GREY, lw=1, alpha=0.5, zorder=0)
        axes.set(yscale="log", xlabel=style.label("time of a step", "multiple of the default neuron's"), ylabel=style.label("relative $L_2$ error, held-out points"))
        axes.set_title(f"{problem}; {estimator}", fontsize=10)
    handles = [plt.Line2D([], [], color=c, marker=m, ls="", label=s.replace("_", " ")) for s, (c, m) in LOOK.items()]
    handles += [plt.Line2D([], [], color="k", marker="o", ls="", label="reset by subtraction"), plt.Line2D([], [], color="k", mfc="white", marker="o", ls="", label="reset to zero")]
    handles += [plt.Line2D([], [], color=style.GREY, lw=1, label="Pareto front (bold labels); label: width [thresholds]")]
    figure.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncol=4, fontsize=8)
    figure.savefig(path, dpi=120, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("--output", default="recipe.png")
    arguments = parser.parse_args()
    panels = read(arguments.table)
    for (problem, estimator), neurons in panels.items():
        print(f"{problem}; {estimator}: " + "; ".join(f"{n} ({neurons[n][0]:.2f}, {statistics.median_low(neurons[n][1]):.2e})" for n in front(neurons)))
    draw(panels, arguments.output)
    print(arguments.output)


if __name__ == "__main__":
    main()

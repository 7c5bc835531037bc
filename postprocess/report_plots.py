"""Pictures of a report: each a figure of its own, so that a page can lay them out for its width."""
import spindrift_fields as fields
import spindrift_style as style

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from report_html import SIZE

DENSE = 3000  # points of a curve from which it is kept as pixels


def new():
    return plt.subplots(figsize=SIZE, layout="constrained")


def new_plane():
    """With room for a colour bar on the right, so that planes side by side are of one size."""
    return plt.subplots(figsize=SIZE, gridspec_kw={"left": 0.14, "right": 0.77, "bottom": 0.16, "top": 0.92})


def dots(i, count):
    """A few numbers are shown each, more of them as a curve."""
    return {"marker": style.MARKERS[i % len(style.MARKERS)], "ms": 4} if count <= 25 else {}


def history(runs, key, against, name, unit, across, across_unit, scale="log", of=None):
    """One column of history against another, a curve for each run; None where no run has numbers to show. of: numbers from a run in place of the column."""
    figure, axes = new()
    drawn = []
    for i, run in enumerate(runs):
        h = run["history"]
        if of is None and key not in h or against not in h:
            continue
        x, y = of(run) if of else (h[against], h[key])
        known = np.isfinite(x) & np.isfinite(y)
        if known.any():
            axes.plot(x[known], y[known], lw=1.8, rasterized=bool(known.sum() > DENSE), **style.curve(i), **dots(i, known.sum()))
            drawn.append(y[known])
    if not drawn:
        plt.close(figure)
        return None
    if scale == "log" and min(y.min() for y in drawn) > 0:
        style.logarithmic(axes.yaxis, np.concatenate(drawn))
    elif scale == "linear":
        axes.set_ylim(bottom=min(0.0, *(y.min() for y in drawn)), top=1.03 if key == "cosine" else None)
    axes.set(xlabel=style.label(across, across_unit), ylabel=style.label(name, unit))
    style.mesh(axes)
    return figure


def per_step(key, factor):
    """The growth of a column of totals from row to row, over the steps between."""

    def numbers(run):
        step = np.concatenate([[0.0], run["history"]["step"]])
        total = np.concatenate([[0.0], run["history"].get(key, np.full(len(step) - 1, np.nan))])
        with np.errstate(invalid="ignore", divide="ignore"):
            return step[1:], factor * np.diff(total) / np.diff(step)

    return numbers


def rates(run):
    """Spikes of each layer over training."""
    figure, axes = new()
    h = run["history"]
    for i, name in enumerate(run["layers"]):
        axes.plot(h["step"], h["rates"][:, i], lw=1.8, label=style.literal(name), rasterized=len(h["step"]) > DENSE, **style.curve(i), **dots(i, len(h["step"])))
    axes.set(xlabel=style.label("training step"), ylabel=style.label("spikes per neuron and step", run["unit"]["rates"]))
    axes.set_ylim(bottom=0)
    axes.legend()
    style.mesh(axes)
    return figure


def field(network, reference, x, names):
    """Pictures of one component u [n] at x [n][dim], with what each shows."""
    if x.shape[1] == 1:
        pictures = []
        for draw, what in ((fields.curves, "network and reference"), (fields.difference, "difference")):
            figure, axes = new()
            draw(axes, x[:, 0], network, reference, names[0])
            pictures.append((figure, what))
        return pictures
    if x.shape[1] == 3:
        pieces = fields.slices(x, names, (0.2, 0.5, 1.0) if names[2] == "t" else (0.25, 0.5, 0.75))
    else:
        pieces = [(slice(None), "")]
    pictures = []
    for rows, where in pieces:
        for what, u, limits, colours, unit in fields.triple(network[rows], reference[rows]):
            figure, axes = new_plane()
            fields.plane(axes, x[rows, :2], u, names, limits, colours, unit)
            pictures.append((figure, what + (f", {where}" if where else "")))
    return pictures


def operator_input(values):
    figure, axes = new()
    axes.plot(np.arange(len(values)), values, color=style.BLUE, lw=1.8)
    axes.set(xlabel=style.label("sensor", "number"), ylabel=style.label("input function"))
    style.mesh(axes)
    return figure


def sample_histogram(errors):
    """How the errors of an operator's held-out samples are spread."""
    figure, axes = new()
    known = errors[np.isfinite(errors) & (errors > 0)]
    axes.hist(known, bins=np.geomspace(known.min(), max(known.max(), known.min() * 1.01), 31), color=style.BLUE)
    axes.set(xscale="log", xlabel=style.label("relative $L_2$ error of a sample"), ylabel=style.label("samples", "number"))
    style.mesh(axes)
    return figure


def raster(spikes):
    """Spikes [T][neurons] of one layer at one point."""
    figure, axes = new()
    image = ListedColormap([style.BLUE, "none", style.ORANGE])
    axes.pcolormesh(np.arange(len(spikes) + 1), np.arange(spikes.shape[1] + 1), spikes.T, cmap=image, vmin=-1, vmax=1, rasterized=True)
    axes.set(xlabel=style.label("simulation step", "number"), ylabel=style.label("neuron", "number"))
    return figure


def rate_histogram(spikes):
    """Rates of the neurons of one layer, over points and steps of spikes [points][T][neurons]."""
    figure, axes = new()
    axes.hist(np.abs(spikes).mean(axis=(0, 1)), bins=np.linspace(0, 1, 41), color=style.ORANGE)
    axes.set(xlabel=style.label("spikes per neuron and step", "1/step"), ylabel=style.label("neurons", "number"), xlim=(0, 1))
    style.mesh(axes)
    return figure

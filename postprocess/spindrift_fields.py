"""Draw fields of any dimension: curves, planes (in space, or in space and time), slices of boxes, dots where the points are scattered."""
import numpy as np
import spindrift_style as style
from spindrift_record import tensor_axes


def curves(axes, x, network, reference, name):
    """One coordinate: what is learnt over what is true."""
    order = np.argsort(x)
    axes.plot(x[order], reference[order], color=style.REFERENCE, lw=3.5, label="reference")
    axes.plot(x[order], network[order], "--", color=style.NETWORK, lw=1.8, label="spiking network")
    axes.set(xlabel=style.label(name), ylabel=style.label("u"))
    axes.legend()
    style.mesh(axes)


def difference(axes, x, network, reference, name):
    order = np.argsort(x)
    axes.axhline(0, color=style.GREY, lw=0.8)
    axes.plot(x[order], (network - reference)[order], color=style.GREEN, lw=1.3)
    axes.set(xlabel=style.label(name), ylabel=style.label("network - reference"))
    style.mesh(axes)


def plane(axes, x, u, names, limits, colours, unit="u"):
    """Values u [n] at points x [n][2]: cells of a tensor grid, or dots. With a colour bar as tall as the picture, whatever its shape."""
    grid = tensor_axes(x)
    look = {"vmin": limits[0], "vmax": limits[1], "cmap": colours, "rasterized": True}
    if grid and min(len(a) for a in grid) > 1:
        image = axes.pcolormesh(grid[0], grid[1], u.reshape(len(grid[1]), len(grid[0])), shading="nearest", **look)
    else:
        image = axes.scatter(x[:, 0], x[:, 1], c=u, s=np.clip(1.6e4 / len(x), 3, 60), **look)
    stretch = np.ptp(x[:, 0]) / max(np.ptp(x[:, 1]), 1e-300)
    if 0.4 < stretch < 2.5:
        axes.set_box_aspect(1 / stretch)
    axes.figure.colorbar(image, cax=axes.inset_axes((1.04, 0, 0.05, 1)), label=style.label(unit))
    axes.set(xlabel=style.label(names[0]), ylabel=style.label(names[1]))


def spread(u):
    """Limits of a colour map that hold every finite value."""
    known = u[np.isfinite(u)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def triple(network, reference):
    """Network, reference and difference, each with its title, limits and colours; the first two share theirs."""
    worst = np.abs(network - reference)
    worst = float(worst[np.isfinite(worst)].max(initial=0.0)) or 1.0
    shared = spread(reference)
    return (
        ("network", network, shared, style.VALUES, "u"),
        ("reference", reference, shared, style.VALUES, "u"),
        ("difference", network - reference, (-worst, worst), style.SIGNED, "network - reference"),
    )


def slices(x, names, wanted):
    """Planes of points x [n][3] across the last axis: their numbers of points and where they are. Of scattered points one, with all of them."""
    grid = tensor_axes(x)
    if not grid:
        return [(slice(None), f"all {names[2]}")]
    size, count = len(grid[0]) * len(grid[1]), len(grid[2])
    at = sorted({round(f * (count - 1)) for f in wanted})
    return [(slice(size * i, size * (i + 1)), f"{names[2]} = {grid[2][i]:.3g}") for i in at]

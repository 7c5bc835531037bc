"""Colours, labels and settings of every picture. Import this before matplotlib.pyplot: pictures are made without a display."""
import matplotlib

matplotlib.use("Agg")
from matplotlib.ticker import LogFormatterSciNotation, MaxNLocator, StrMethodFormatter

# Okabe and Ito's colours, told apart with any kind of colour vision; black is left for what is not one of several things
BLUE, ORANGE, GREEN, PINK, AMBER, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
GREY = "#808080"
COLOURS = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P")  # say the same again, for print without colours
DASHES = ("-", "--", "-.", ":")
NETWORK, REFERENCE = ORANGE, BLUE  # what is learnt, what is true
VALUES, SIGNED = "viridis", "PuOr"  # colour maps: of a field, of a difference around zero
SPACE = ("x", "y", "z")


def label(name, unit=""):
    """An axis's text: the quantity and its unit; [-] for a number without one."""
    return f"{name} [{unit or '-'}]"


def literal(text):
    """A text from a file, in which a dollar is no formula."""
    return text.replace("$", r"\$")


def curve(i):
    """How the i-th of several curves looks: colours first, then strokes."""
    return {"color": COLOURS[i % len(COLOURS)], "ls": DASHES[i // len(COLOURS) % len(DASHES)]}


def mesh(axes, **which):
    axes.grid(alpha=0.25, **which)


def logarithmic(axis, values):
    """Of values above zero. Labels between powers of ten too where there are few of these; values that hardly differ get a linear axis, which does not show less than a tenth of them."""
    low, high = min(values), max(values)
    if high > 2.5 * low:
        axis.axes.set_yscale("log")
        axis.set_minor_formatter(LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(1.6, 0.6)))
        return
    middle, half = (low + high) / 2, 0.55 * max(high - low, 0.1 * high)
    axis.axes.set_ylim(middle - half, middle + half)
    axis.set_major_locator(MaxNLocator(6, steps=(1, 2, 2.5, 5, 10)))
    axis.set_major_formatter(StrMethodFormatter("{x:.4g}"))


def size(points):
    """Every text of a picture follows from one size in points."""
    matplotlib.rcParams.update({"font.size": points, "axes.titlesize": points, "legend.fontsize": 0.9 * points, "legend.framealpha": 0.6})

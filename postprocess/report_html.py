"""Pieces of a self-contained page: every text from a file goes through escape(), every picture is in the page itself."""
import io
import math
import re
from html import escape

import matplotlib
import spindrift_style as style

INK = "#010203"  # stands for the colour of the page's text, which is light on dark pages
SIZE = (4.9, 3.6)  # inches of a picture: one beside another on a wide page, one below another on a narrow one

CSS = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #f3f5f7; --line: #c9d0d7; --dim: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #14181c; --soft: #1f252b; --line: #3c454e; --dim: #a3adb7; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 72rem; color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .4rem 0; max-width: 60rem; }
.dim, figcaption { color: var(--dim); font-size: .88rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.6rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.tiles div { background: var(--soft); border-radius: .4rem; padding: .5rem .7rem; }
.tiles b { display: block; font-size: 1.15rem; overflow-wrap: break-word; font-variant-numeric: tabular-nums; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; align-items: start; }
.plots.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
figure { margin: 0; max-width: 34rem; }
figure svg { display: block; width: 100%; height: auto; fill: currentColor; color: var(--ink); }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .4rem 0; list-style: none; padding: 0; }
.key svg { width: 2.4rem; height: .7rem; vertical-align: baseline; margin-right: .4rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .28rem .8rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: normal; }
td { white-space: nowrap; }
td.text, th.text { white-space: normal; overflow-wrap: break-word; min-width: 8rem; max-width: 24rem; }
code { font: .85rem/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
.settings { columns: 19rem; column-gap: 2rem; list-style: none; padding: 0; margin: 0; }
.settings li { break-inside: avoid; border-bottom: 1px solid var(--line); padding: .1rem 0; }
@page { margin: 14mm; }
@media print {
  :root { --ink: #000; --paper: #fff; --soft: #fff; --line: #bbb; --dim: #444; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  .tiles div { border: 1px solid var(--line); }
  .plots { grid-template-columns: 1fr 1fr; }
  .plots.three { grid-template-columns: 1fr 1fr 1fr; }
  .table { overflow: visible; }
  table { font-size: 7.5pt; } td.text, th.text { min-width: 4rem; overflow-wrap: anywhere; } th, td { padding-right: .5rem; }
  .settings { columns: 3; font-size: 7.5pt; } .settings code { font-size: 7.5pt; }
  figure, tr, .tiles { break-inside: avoid; } h2, h3 { break-after: avoid; }
}
"""


def ink():
    """Settings under which a picture takes the colours of the page."""
    style.size(12)
    keys = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color", "xtick.labelcolor", "ytick.labelcolor", "grid.color")
    matplotlib.rcParams.update({**dict.fromkeys(keys, INK), "axes.facecolor": "none", "legend.frameon": False, "legend.fontsize": 10})
    matplotlib.rcParams.update({"axes.titlesize": 12, "svg.hashsalt": "spindrift", "path.simplify_threshold": 0.5, "axes.linewidth": 0.8, "axes.formatter.useoffset": False, "axes.formatter.limits": (-3, 4)})


def svg(figure, number):
    """A picture as an element of the page. Names inside begin with the picture's number, so that two pictures do not share any."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, dpi=130, metadata={"Date": None})
    text = file.getvalue()
    matplotlib.pyplot.close(figure)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style [^>]*>.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg \1 aria-hidden="true">', text, count=1)
    used = set(re.findall(r"#([\w-]+)", text))
    text = re.sub(r' id="([^"]*)"', lambda m: f' id="f{number}-{m.group(1)}"' if m.group(1) in used else "", text)
    text = re.sub(r'(url\(|href=")#', rf"\1#f{number}-", text)
    return text.replace(INK, "currentColor").replace("\n", "")


class Page:
    """Sections in order; what could not be shown, and why."""

    def __init__(self, title, subtitle):
        self.title, self.subtitle, self.pieces, self.missing, self.pictures = title, subtitle, [], [], 0

    def section(self, name, title):
        self.pieces.append(f'</section><section id="{name}"><h2>{escape(title)}</h2>')

    def heading(self, text):
        self.pieces.append(f"<h3>{escape(text)}</h3>")

    def text(self, text):
        self.pieces.append(f'<p class="dim">{escape(text)}</p>')

    def lack(self, what, why):
        self.missing.append((what, why))

    def tiles(self, pairs):
        self.pieces.append('<div class="tiles">' + "".join(f"<div>{escape(name)}<b>{value}</b></div>" for name, value in pairs) + "</div>")

    def plots(self, pairs):
        """Pictures side by side as far as the page is wide: (figure, what it shows)."""
        figures = []
        for figure, caption in pairs:
            self.pictures += 1
            figures.append(f'<figure role="img" aria-label="{escape(caption)}">{svg(figure, self.pictures)}<figcaption>{escape(caption)}</figcaption></figure>')
        self.pieces.append(f'<div class="plots{" three" if len(figures) % 3 == 0 else ""}">' + "".join(figures) + "</div>")

    def key(self, names):
        """Which run a curve is of."""
        dashes = {"-": "none", "--": "6 3", "-.": "6 3 2 3", ":": "2 2"}
        rows = []
        for i, name in enumerate(names):
            look = style.curve(i)
            line = f'<line x1="0" y1="5" x2="36" y2="5" stroke="{look["color"]}" stroke-width="3" stroke-dasharray="{dashes[look["ls"]]}"/>'
            rows.append(f'<li><svg viewBox="0 0 36 10" aria-hidden="true">{line}</svg>{escape(name)}</li>')
        self.pieces.append('<ul class="key">' + "".join(rows) + "</ul>")

    def table(self, head, rows, wide=()):
        """Cells are made by cell(), number() or escape(); columns in wide hold texts that may be broken."""
        look = [' class="text"' if i in wide else "" for i in range(len(head))]
        top = "".join(f"<th{c}>{escape(h)}</th>" for h, c in zip(head, look))
        body = "".join("<tr>" + "".join(f"<td{c}>{v}</td>" for v, c in zip(row, look)) + "</tr>" for row in rows)
        self.pieces.append(f'<div class="table"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>')

    def settings(self, pairs):
        self.pieces.append('<ul class="settings">' + "".join(f"<li><code>{escape(k)}: {escape(v)}</code></li>" for k, v in pairs) + "</ul>")

    def html(self):
        guard = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="{guard}">'
        body = "".join(self.pieces)
        return f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>{escape(self.title)}</title><style>{CSS}</style></head>\n<body><header><h1>{escape(self.title)}</h1><p>{escape(self.subtitle)}</p></header><main><section>{body}</section></main></body></html>\n'


def number(value, digits=3):
    """A number for people, with the whole of it for programs."""
    if value is None:
        return "–"
    if not isinstance(value, (bool, int, float)):
        return escape(str(value))
    value = float(value)
    if not math.isfinite(value):
        return escape(str(value))
    text = f"{value:.0f}" if value == int(value) and abs(value) < 1e7 else f"{value:.{digits}g}" if 1e-2 <= abs(value) < 1e6 else f"{value:.{digits - 1}e}"
    return f'<data value="{value!r}">{text}</data>'


def name(text):
    """A name for a narrow place: where it must be broken, after an underscore."""
    return escape(text).replace("_", "_<wbr>")


def cell(value):
    """Anything that a file may hold."""
    if isinstance(value, (bool, int, float)):
        return number(value, 4)
    if isinstance(value, list):
        return ", ".join(cell(v) for v in value)
    return escape(str(value))

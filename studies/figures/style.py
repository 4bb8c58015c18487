"""How figures look: a palette for colour-blind readers, a second mark for print in grey, units, reproducible files."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.results import Results

MILLION = 1e6
WIDE = re.compile("[\u2e80-\uffef]")
"""Letters as wide as two Latin ones."""
WIDE_OR_WORD = re.compile("[\u2e80-\uffef]|[^\\s\u2e80-\uffef]+\\s*|\\s+")
DOTS_PER_INCH = 150
EDGE_IN = 0.08
WIDTH_IN = 10.0
LAYOUT_PASSES = 3
"""A label beside its curve moves when the panel is made smaller for it, so one pass is not enough."""
SETTLED = 1e-6
"""Change of a place in a pass, as a share of the figure, below which no other pass is needed."""
PLACE_DIGITS = 4
"""Digits of a place in the figure, as a share of its width or height."""

BLACK, ORANGE, SKY, GREEN, VERMILION, BLUE, PURPLE, YELLOW = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#D55E00",
    "#0072B2",
    "#CC79A7",
    "#F0E442",
)
"""Okabe and Ito (2008), Color Universal Design: told apart with any kind of colour vision."""
GREY = "#5F5F5F"

COLOURS = (BLACK, VERMILION, BLUE, GREEN, PURPLE, ORANGE, SKY, YELLOW)
LINES: tuple[object, ...] = ("-", (0, (6, 2)), (0, (6, 2, 1.5, 2)), (0, (1.5, 1.5)), (0, (4, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "//", "\\\\", "..", "xx", "--", "++", "oo")


class Look(NamedTuple):
    """Marks of one strategy, the same in all figures."""

    title: str
    colour: str
    line: object
    marker: str
    hatch: str

    def curve(self) -> dict[str, Any]:
        """Arguments of `Axes.plot`."""
        return {"color": self.colour, "linestyle": self.line, "marker": self.marker, "linewidth": 2, "markersize": 6}


def looks(results: Results) -> dict[str, Look]:
    """Marks of each strategy by its place in the study."""
    return {
        name: Look(
            title,
            COLOURS[k % len(COLOURS)],
            LINES[k % len(LINES)],
            MARKERS[k % len(MARKERS)],
            HATCHES[k % len(HATCHES)],
        )
        for k, (name, title) in enumerate(results.titles.items())
    }


@functools.cache
def chinese_font() -> str:
    """Family of the font that is carried for Chinese letters, made known to matplotlib."""
    from matplotlib import font_manager

    from studies.reports.fonts import FAMILY, font_files

    for file in font_files()[:2]:
        font_manager.fontManager.addfont(str(file))
    return FAMILY


@contextmanager
def theme() -> Iterator[None]:
    """Style for figures drawn inside; nothing outside is changed."""
    import matplotlib as mpl
    import seaborn as sns

    style = {
        **sns.axes_style("whitegrid"),
        **sns.plotting_context("notebook", font_scale=0.95),
        "font.family": ["DejaVu Sans", chinese_font()],
        "axes.edgecolor": GREY,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "figure.titlesize": 14,
        "text.parse_math": False,  # a title is text: "$" in it means dollars
        "svg.hashsalt": "riskmodel",
        "svg.fonttype": "path",
    }
    with mpl.rc_context(style):
        yield


def new_figure(height_in: float) -> Figure:
    """Empty figure outside pyplot's list, so that drawing leaves no state behind."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    # Laid out at the resolution of the picture: text is not as wide at another one.
    layout = ConstrainedLayoutEngine(w_pad=EDGE_IN, h_pad=EDGE_IN)
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DOTS_PER_INCH, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def heading(figure: Figure, title: str, note: str) -> None:
    """Title on the left, a note on how to read it below."""
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    figure.supxlabel(fill(note, 125), x=0.01, ha="left", fontsize=9.5, color=GREY)


def in_money(figure: Figure, currency: str) -> Figure:
    """The figure with its words in the study's currency; titles of strategies that name euros are taken along."""
    from matplotlib.text import Text

    from riskmodel.currency import INSIDE, in_words

    for text in figure.findobj(Text) if currency != INSIDE else []:
        if isinstance(text, Text):
            text.set_text(in_words(text.get_text(), currency))
    return figure


def freeze(figure: Figure) -> None:
    """Lay out and round: the layout solver's last digits vary from draw to draw."""
    engine = figure.get_layout_engine()
    places = np.zeros((0, 4))
    for _ in range(LAYOUT_PASSES if engine else 0):
        before = places
        engine.execute(figure)  # type: ignore[union-attr]
        places = np.array([axes.get_position().bounds for axes in figure.axes])
        if before.shape == places.shape and np.allclose(before, places, rtol=0.0, atol=SETTLED):
            break
    figure.set_layout_engine("none")
    for axes in figure.axes:
        x, y, width, height = (round(float(edge), PLACE_DIGITS) for edge in axes.get_position().bounds)
        axes.set_position((x, y, width, height))
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((round(float(x), PLACE_DIGITS), round(float(y), PLACE_DIGITS)))


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write NAME.png and NAME.svg, the same bytes each time."""
    folder.mkdir(parents=True, exist_ok=True)
    freeze(figure)
    figure.savefig(folder / f"{name}.png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


def fill(text: str, width: int) -> str:
    """Text in lines of at most `width` letters, a Chinese one counted as two; a number stays with its %."""
    text = text.replace(" %", "\u00a0%")
    if WIDE.search(text) is None:
        return "\n".join(textwrap.wrap(text, width))
    lines, line, used = [], "", 0
    for part in WIDE_OR_WORD.findall(text):
        room = sum(2 if WIDE.match(letter) else 1 for letter in part)
        if used + room > width and line.strip():
            lines.append(line.strip())
            line, used = "", 0
        line, used = line + part, used + room
    return "\n".join([*lines, line.strip()])


def spread(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Heights moved apart to at least `gap`, in their order, within low..high as far as there is room."""
    order = np.argsort(heights, kind="stable")
    placed = np.asarray(heights, dtype=float)[order]
    for k in range(1, placed.size):
        placed[k] = max(placed[k], placed[k - 1] + gap)
    if placed.size and placed[-1] > high:
        placed[-1] = high
        for k in range(placed.size - 2, -1, -1):
            placed[k] = min(placed[k], placed[k + 1] - gap)
    placed += max(0.0, low - placed[0]) if placed.size else 0.0
    out = np.empty_like(placed)
    out[order] = placed
    return out.tolist()


def label_ends(axes: Axes, ends: Sequence[tuple[float, Look, str]], lines: int = 2) -> None:
    """Name curves at their right end instead of in a legend: (height, look, text) each, moved apart where they meet."""
    low, high = axes.get_ylim()
    figure = cast("Figure", axes.figure)
    height_in = figure.get_size_inches()[1] / max(1, len(figure.axes))
    gap = (high - low) * 0.17 * lines / max(height_in, 1.0) * 1.25
    heights = spread([end[0] for end in ends], gap, low + gap / 2, high - gap / 2)
    right = axes.get_xlim()[1]
    for (height, look, text), place in zip(ends, heights, strict=True):
        axes.annotate(
            fill(text, 30),
            xy=(right, height),
            xytext=(1.03, (place - low) / (high - low)),
            textcoords="axes fraction",
            color=look.colour,
            fontsize=9.5,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": look.colour,
                "linewidth": 0.8,
                "relpos": (0.0, 0.5),
                "shrinkA": 2,
                "shrinkB": 0,
            },
        )

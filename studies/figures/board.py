"""Figure of the board page: what each option earns more or less than the baseline, 8 of 10 lifetimes, and the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studies.figures.style import COLOURS, GREY, HATCHES, MARKERS, fill

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Bar", "draw_options", "svg_text"]

WIDE_IN, NARROW_IN = 7.0, 3.7
ROW_IN, ROW_WITHOUT_IN = 0.42, 0.56
LABEL_LETTERS = 38
HEIGHT, THIN = 0.34, 0.2
SIZE_PT = 8.5
MARGIN, LABEL_ROOM = 0.03, 0.16


@dataclass(frozen=True)
class Bar:
    """One option: its ranges and means in the unit of the axis; `index` is its place in the study."""

    title: str
    index: int
    low: float
    mean: float
    high: float
    label: str
    without: tuple[float, float, float] | None = None


def draw_options(bars: Sequence[Bar], unit: str, fonts: Sequence[str], wide: bool = True) -> Figure:
    """Bars from the 10 % to the 90 % quantile with the mean, one row an option, zero is the baseline."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    row = ROW_WITHOUT_IN if any(bar.without for bar in bars) else ROW_IN
    row += 0.0 if wide else 0.2
    letters: Any = {f"{part}.labelsize": SIZE_PT for part in ("axes", "xtick", "ytick")}
    with mpl.rc_context({"font.family": list(fonts), "font.size": SIZE_PT, **letters}):
        size = (WIDE_IN if wide else NARROW_IN, 0.75 + row * len(bars) + (0.0 if wide else 0.2))
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03))
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for place, bar in enumerate(bars):
            _row(axes, -float(place), bar, wide)
        _axes(axes, bars, unit, wide)
    return figure


def _row(axes: Axes, place: float, bar: Bar, wide: bool) -> None:
    colour = COLOURS[bar.index % len(COLOURS)]
    hatch = HATCHES[bar.index % len(HATCHES)]
    marker = MARKERS[bar.index % len(MARKERS)]
    above = 0.14 if bar.without else 0.0
    if not wide:
        axes.text(
            0.0, place + 0.36, fill(bar.title, LABEL_LETTERS), transform=axes.get_yaxis_transform(), va="bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
        above -= 0.03
    axes.barh(place + above, bar.high - bar.low, HEIGHT, left=bar.low, color=colour, alpha=0.55, edgecolor=colour)
    axes.plot([bar.mean], [place + above], marker=marker, color="white", markeredgecolor="black", markersize=7)
    axes.annotate(
        bar.label, (max(bar.high, 0.0), place + above), xytext=(5, 0), textcoords="offset points", va="center",
        annotation_clip=False, in_layout=True,
    )  # fmt: skip
    if bar.without is not None:
        low, mean, high = bar.without
        below = place + above - 0.32
        how: dict[str, Any] = {"color": "white", "edgecolor": colour, "hatch": hatch or "////", "linewidth": 0.8}
        axes.barh(below, high - low, THIN, left=low, **how)
        axes.plot([mean], [below], marker=marker, color="white", markeredgecolor="black", markersize=4.5)


def _axes(axes: Axes, bars: Sequence[Bar], unit: str, wide: bool) -> None:
    axes.set_yticks([-float(place) for place in range(len(bars))])
    names = [fill(bar.title, LABEL_LETTERS) for bar in bars] if wide else [""] * len(bars)
    axes.set_yticklabels(names)
    axes.set_ylim(-len(bars) + 0.4, 0.75 if not wide else 0.55)
    ends = [0.0] + [end for bar in bars for end in (bar.low, bar.high, *(bar.without or ()))]
    width = max(ends) - min(ends) or 1.0
    axes.set_xlim(min(ends) - MARGIN * width, max(ends) + (LABEL_ROOM if wide else 2.0 * LABEL_ROOM) * width)
    axes.axvline(0.0, color=GREY, linewidth=1.2)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(unit)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def svg_text(figure: Figure) -> str:
    """The figure as SVG, the same bytes each time, letters as outlines."""
    import io

    import matplotlib as mpl

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "riskmodel", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()

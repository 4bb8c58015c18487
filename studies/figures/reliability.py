"""Figure: GPU-hours lost a year by kind of event and by cause, and the loss of a mean and of a bad year."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from studies.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, fill, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from distributions.estimate import Estimate
    from riskmodel.reliability import Reliability
    from riskmodel.results import Results

ROW_IN, EDGE_IN = 0.26, 1.0
BAND = 1.96
SPAN = 3e4
"""Largest over smallest value shown."""
THOUSAND = 1e3
Mark = tuple[str, str, str, str]
"""Key, words, colour, marker."""

KINDS: tuple[Mark, ...] = (
    ("sags", "sags", ORANGE, "v"),
    ("interruptions", "interruptions", BLUE, "s"),
    ("extremes", "extreme events", VERMILION, "D"),
    ("curtailments", "calls of the grid operator", GREEN, "^"),
)
CAUSES: tuple[Mark, ...] = (
    ("rework", "work done again", ORANGE, "v"),
    ("waiting", "waiting for power", BLUE, "s"),
    ("restart", "restart", VERMILION, "D"),
    ("capped", "lower power", GREEN, "^"),
    ("hardware", "damaged servers", PURPLE, "P"),
)


def draw_reliability(results: Results, found: Reliability) -> Figure:
    """Three rows of dots on logarithmic axes, one line a strategy; bars are 95 % intervals of the sampling error.

    Parameters
    ----------
    results : Results
    found : Reliability
    """
    names = results.strategy_names
    figure = new_figure(3 * (EDGE_IN + ROW_IN * 2 * len(names)) + 1.2)
    panels = figure.subplots(3, 1, squeeze=False)[:, 0]
    kinds = {mark: [found.strategies[name][mark[0]]["gpu_hours_lost_per_year"] for name in names] for mark in KINDS}
    causes = {
        mark: [found.strategies[name]["all"][f"gpu_hours_lost_{mark[0]}_per_year"] for name in names] for mark in CAUSES
    }
    _dots(panels[0], kinds)
    panels[0].set_title("GPU-hours lost, by what happened")
    panels[0].set_xlabel("[GPU-h/year], logarithmic")
    _dots(panels[1], causes)
    panels[1].set_title("GPU-hours lost, by how they were lost")
    panels[1].set_xlabel("[GPU-h/year], logarithmic")
    _losses(panels[2], found, names)
    panels[2].set_title("Loss in EUR")
    panels[2].set_xlabel("[thousand EUR a year], logarithmic")
    for axes in panels:
        _strategies(axes, [fill(results.titles[name], 34) for name in names])
    heading(
        figure,
        "What power events cost the cluster",
        f"{results.n_paths * results.n_years:,} simulated years. Bars: 95 % interval of the sampling error, which "
        "allows for the years of one lifetime being alike. What never happened, or is "
        f"less than a part in {SPAN:,.0f} of the largest, has no mark.",
    )
    return figure


def _dots(axes: Axes, marks: dict[Mark, list[Estimate]]) -> None:
    count = len(marks)
    for k, ((_, words, colour, marker), estimates) in enumerate(marks.items()):
        shift = (k - 0.5 * (count - 1)) * 0.7 / count
        for row, estimate in enumerate(estimates):
            if estimate.value > 0.0:
                error = estimate.standard_error if math.isfinite(estimate.standard_error) else 0.0
                ends = (estimate.value - BAND * error, estimate.value + BAND * error)
                _point(axes, row + shift, estimate.value, ends, colour, marker)
        axes.plot([], [], linestyle="none", marker=marker, color=colour, label=words)


def _losses(axes: Axes, found: Reliability, names: list[str]) -> None:
    for row, name in enumerate(names):
        metrics = found.strategies[name]["all"]
        mean, bad = metrics["loss_eur_per_year"], metrics["loss_eur_1_in_20_year"]
        if mean.value > 0.0:
            error = BAND * mean.standard_error if math.isfinite(mean.standard_error) else 0.0
            ends = ((mean.value - error) / THOUSAND, (mean.value + error) / THOUSAND)
            _point(axes, row - 0.17, mean.value / THOUSAND, ends, BLACK, "o")
        if bad.value > 0.0:
            low, high = (end / THOUSAND for end in found.bad_year_eur[name]["all"])
            known = (low if math.isfinite(low) else bad.value / THOUSAND, high if math.isfinite(high) else math.nan)
            _point(axes, row + 0.17, bad.value / THOUSAND, known, VERMILION, "X")
    axes.plot([], [], linestyle="none", marker="o", color=BLACK, label="mean year")
    axes.plot([], [], linestyle="none", marker="X", color=VERMILION, label="1 year in 20 is at least this bad")


def _point(axes: Axes, row: float, value: float, ends: tuple[float, float], colour: str, marker: str) -> None:
    low, high = max(ends[0], value / 10.0), ends[1]  # a logarithmic axis has no 0
    axes.plot([low, high], [row, row], color=colour, linewidth=1.4)
    how: dict[str, Any] = {"markersize": 7, "markeredgecolor": "white", "markeredgewidth": 0.6}
    axes.plot([value], [row], marker=marker, color=colour, linestyle="none", **how)


def _limits(axes: Axes) -> None:
    """From the largest value down, at most `SPAN`; numbers in full."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    values = [float(x) for line in axes.lines for x in np.asarray(line.get_xdata())]
    most = max(values, default=1.0)
    axes.set_xlim(max(min(values, default=0.1), most / SPAN) / 1.5, most * 1.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _strategies(axes: Axes, titles: list[str]) -> None:
    import seaborn as sns

    axes.set_xscale("log")
    _limits(axes)
    axes.set_yticks(range(len(titles)), titles)
    axes.set_ylim(len(titles) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    for row in range(1, len(titles)):
        axes.axhline(row - 0.5, color=GREY, linewidth=0.5, alpha=0.5)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9.5)
    sns.despine(ax=axes)

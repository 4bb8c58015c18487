"""Figure: how the NPV of each strategy differs from the baseline, path by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distributions.estimate import mean, probability
from studies.figures.style import GREY, MILLION, fill, heading, looks, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.results import Results
    from studies.figures.style import Look

BINS = 60
SHOWN = (0.002, 0.998)
"""Shares of the paths between which the axis runs, for the widest strategy."""


def draw_npv_difference(results: Results) -> Figure:
    """One row a strategy: histogram, line from 10 % to 90 %, median; zero is the baseline."""
    marks = looks(results)
    values = results.column("delta_npv_eur") / MILLION
    names = [name for name in results.strategy_names if name != results.baseline] or [results.baseline]
    columns = {name: values[:, results.strategy_names.index(name)] for name in names}
    low = min(0.0, *(float(np.quantile(column, SHOWN[0])) for column in columns.values()))
    high = max(0.0, *(float(np.quantile(column, SHOWN[1])) for column in columns.values()))
    margin = 0.03 * (high - low) or 1.0
    edges = np.linspace(low - margin, high + margin, BINS + 1)
    figure = new_figure(1.6 + 1.35 * len(names))
    rows = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(rows, names, strict=True):
        _row(axes, columns[name], edges, marks[name])
    rows[-1].set_xlabel(f"NPV less that of: {marks[results.baseline].title} [million EUR]")
    heading(
        figure,
        "What each strategy earns against the baseline",
        f"{results.n_paths:,} lifetimes, the same for every strategy. Bar: 8 of 10 lifetimes lie on it; diamond: "
        "median. Heights are scaled row by row. +- is one standard error of the simulation.",
    )
    return figure


def _row(axes: Axes, values: np.ndarray, edges: np.ndarray, look: Look) -> None:
    import seaborn as sns

    inside = np.clip(values, edges[0], edges[-1])
    sns.histplot(x=inside, bins=edges.tolist(), ax=axes, color=look.colour, element="step", alpha=0.25, linewidth=1.0)
    for area in axes.collections:
        area.set_hatch(look.hatch)
    top = axes.get_ylim()[1]
    p10, p50, p90 = np.quantile(values, [0.1, 0.5, 0.9])
    axes.plot([p10, p90], [-0.16 * top] * 2, color=look.colour, linewidth=4, solid_capstyle="butt")
    axes.plot([p50], [-0.16 * top], marker="D", markersize=8, markerfacecolor="white", markeredgecolor=look.colour)
    axes.set_ylim(-0.34 * top, 1.05 * top)
    axes.axvline(0.0, color=GREY, linewidth=1.2)
    axes.set(yticks=[], ylabel="")
    axes.set_xlim(edges[0], edges[-1])
    axes.text(-0.01, 0.5, fill(look.title, 24), transform=axes.transAxes, ha="right", va="center", color=look.colour)
    better = probability(values > 0.0).scaled(100.0, "%")
    text = f"mean {mean(values)}\nmillion EUR\nbetter in\n{better}"
    axes.text(1.01, 0.5, text, transform=axes.transAxes, ha="left", va="center", fontsize=9.5)
    sns.despine(ax=axes, left=True)

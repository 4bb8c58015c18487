"""Figure: cumulative cash of each strategy against the baseline, as a fan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from studies.figures.style import GREY, MILLION, fill, heading, looks, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.results import Results
    from studies.figures.style import Look

COLUMNS = 2


def draw_cash_fan(results: Results) -> Figure:
    """One panel a strategy: median and the band that holds 8 of 10 lifetimes, all on one scale."""
    names = [name for name in results.strategy_names if name != results.baseline] or [results.baseline]
    marks = looks(results)
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    figure = new_figure(1.4 + 3.2 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(panels.flat, names, strict=False):
        cash = results.year_sums(["net_cash_eur"], name, minus=results.baseline)
        for year in range(1, cash.shape[1]):  # in place
            cash[:, year] += cash[:, year - 1]
        cash /= MILLION
        _fan(axes, cash, marks[name])
        del cash  # or the next strategy's would be read beside it
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("Cumulative cash\n[million EUR]")
    for column in range(columns):
        last = max(row for row in range(rows) if row * columns + column < len(names))
        panels[last, column].set_xlabel("Years after the decision")
        panels[last, column].tick_params(labelbottom=True)
    heading(
        figure,
        f"Cash against the baseline ({marks[results.baseline].title})",
        "All lines of the strategy less the baseline's, added up year by year, undiscounted. Line: median; band: 8 of "
        "10 lifetimes (10 % chance of less than its lower edge, 90 % of less than its upper edge).",
    )
    return figure


def _fan(axes: Axes, cash: np.ndarray, look: Look) -> None:
    import seaborn as sns
    from matplotlib.ticker import MaxNLocator

    years = np.arange(cash.shape[1])
    low, middle, high = np.array([np.quantile(of_year, [0.1, 0.5, 0.9]) for of_year in cash.T]).T
    axes.fill_between(years, low, high, color=look.colour, alpha=0.2, linewidth=0.8, hatch=look.hatch)
    axes.plot(years, middle, color=look.colour, linestyle=look.line, marker=look.marker, linewidth=2, markersize=5)
    axes.axhline(0.0, color=GREY, linewidth=1.2)
    axes.set_title(fill(look.title, 48), color=look.colour)
    axes.set_xlim(0, years[-1])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    sns.despine(ax=axes)

"""Figure: yearly downtime loss against how rarely it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.ledger import DOWNTIME_LINES
from riskmodel.year_quantiles import yearly_loss_quantiles
from studies.figures.style import GREY, MILLION, heading, label_ends, looks, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from riskmodel.results import Results
    from studies.figures.style import Look

POINTS = 25
YEARS_PER_POINT = 10
"""Simulated years above the longest return period shown: fewer would be one lucky or unlucky year."""
LONGEST_YEARS = 1000.0
TICKS_YEARS = (1.2, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
BAND = 1.96
BAD_YEAR = 20
LOSS_COLUMNS = [f"{line.name.lower()}_eur" for line in DOWNTIME_LINES]


def draw_exceedance(results: Results) -> Figure:
    """Exceedance curve of each strategy with a 95 % band of its sampling error; below, again without the baseline."""
    longest = max(2.0, min(LONGEST_YEARS, results.n_paths * results.n_years / YEARS_PER_POINT))
    periods = np.geomspace(TICKS_YEARS[0], longest, POINTS)
    curves = {name: _curve(results, name, periods) for name in results.strategy_names}
    others = [name for name in results.strategy_names if name != results.baseline]
    panels = [("All strategies", results.strategy_names)]
    if others:
        panels.append((f"Enlarged, without: {results.titles[results.baseline]}", others))
    figure = new_figure(1.4 + 3.9 * len(panels))
    for axes, (title, names) in zip(figure.subplots(len(panels), 1, squeeze=False)[:, 0], panels, strict=True):
        _panel(axes, results, {name: curves[name] for name in names}, periods)
        axes.set_title(title)
    axes.set_xlabel("Return period [years], logarithmic")
    heading(
        figure,
        "Downtime loss of a bad year",
        f"{results.n_paths * results.n_years:,} simulated years. Read: a year at least this bad comes once in so many "
        "years on average. Bands: 95 % interval of the sampling error, which allows for the years of one lifetime "
        "being alike.",
    )
    return figure


def _curve(results: Results, name: str, periods: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, n) loss and its standard error at each return period [million EUR]; no error known counts as none drawn."""
    names = results.strategy_names
    which = (names.index(name), len(names), results.n_years)
    found = yearly_loss_quantiles(results.folder, LOSS_COLUMNS, *which, (1.0 - 1.0 / periods).tolist())
    return np.array([[e.value for e in found], [e.standard_error for e in found]]) / MILLION


def _panel(axes: Axes, results: Results, curves: dict[str, NDArray[np.float64]], periods: NDArray[np.float64]) -> None:
    marks, ends = looks(results), []
    axes.set_xscale("log")
    for index, (name, (value, error)) in enumerate(curves.items()):
        look: Look = marks[name]
        known = np.isfinite(error)
        band = BAND * np.where(known, error, 0.0)
        low = np.maximum(value - band, 0.0)
        axes.fill_between(periods, low, value + band, where=known, color=look.colour, alpha=0.18, linewidth=0)
        axes.plot(periods, value, markevery=(index, 5), **look.curve())
        ends.append((float(value[-1]), look, look.title))
    _axes(axes, float(periods[-1]))
    label_ends(axes, ends)


def _axes(axes: Axes, longest: float) -> None:
    import seaborn as sns
    from matplotlib.ticker import NullLocator

    ticks = [tick for tick in TICKS_YEARS if tick <= longest]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(TICKS_YEARS[0], longest), ylabel="Loss in the year\n[million EUR]")
    axes.set_ylim(bottom=0.0)
    if longest > BAD_YEAR:
        axes.axvline(BAD_YEAR, color=GREY, linewidth=1, linestyle=":")
        how: dict[str, Any] = {"color": GREY, "rotation": 90, "ha": "right", "va": "top", "fontsize": 9.5}
        top = axes.get_ylim()[1]
        axes.annotate(f"1 year in {BAD_YEAR}", (BAD_YEAR, top), xytext=(-4, -4), textcoords="offset points", **how)
    sns.despine(ax=axes)

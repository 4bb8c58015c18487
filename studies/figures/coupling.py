"""Figure: yearly loss against how rarely it is reached, in one weather and in a weather each; their difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studies.figures.style import BLUE, GREY, LINES, MILLION, VERMILION, fill, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

PANEL_IN, EDGE_IN = 2.6, 1.7
TICKS_YEARS = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
BAND = 1.96
CURVES = (("uncoupled", "a weather each", VERMILION, LINES[1], "s"), ("coupled", "one weather", BLUE, LINES[0], "o"))
THOUSAND = 1e3


def draw_coupling(record: dict[str, Any]) -> Figure:
    """One row a strategy: exceedance curves of both runs; the coupled less the uncoupled, with a 95 % band.

    Parameters
    ----------
    record : dict, see `studies.coupling_study.compare`
    """
    strategies = record["strategies"]
    figure = new_figure(EDGE_IN + PANEL_IN * len(strategies))
    panels = figure.subplots(len(strategies), 2, sharex=True, squeeze=False)
    periods = np.array(record["return_period_years"])
    for (left, right), found in zip(panels, strategies, strict=True):
        _curves(left, periods, found["curves"])
        _difference(right, periods, found["curves"]["difference"])
        left.set_title(fill(found["title"], 50))
        right.set_title("Difference: one weather less a weather each")
    panels[0, 0].legend(title="Prices, outages and sun in", loc="upper left", frameon=False, alignment="left")
    for axes in panels[-1]:
        axes.set_xlabel("Return period [years], logarithmic")
    heading(
        figure,
        "What it is worth that bad days come together",
        f"Energy cost and downtime loss of a year, prices of {record['price_year']}; {record['simulated_years']:,} "
        "simulated years each. Read: a year at least this dear comes once in so many years on average. Waiting for "
        "power is not in this loss. Bands: 95 % interval of the sampling error, which allows for the years of one "
        "lifetime being alike; a band that holds 0 shows no difference.",
    )
    return figure


def _numbers(curve: list[dict[str, Any]], unit: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values and errors, NaN where an error is not known."""
    values, errors = (np.array([n[key] for n in curve], dtype=np.float64) for key in ("value", "standard_error"))
    return values / unit, errors / unit


def _curves(axes: Axes, periods: NDArray[np.float64], curves: dict[str, Any]) -> None:
    for k, (name, words, colour, line, marker) in enumerate(CURVES):
        value, error = _numbers(curves[name], MILLION)
        axes.fill_between(periods, value - BAND * error, value + BAND * error, color=colour, alpha=0.18, linewidth=0)
        how: dict[str, Any] = {"color": colour, "linestyle": line, "marker": marker, "linewidth": 1.8, "markersize": 5}
        axes.plot(periods, value, markevery=(2 * k, 4), label=words, **how)
    axes.set_ylabel("Loss in the year\n[million EUR]")
    _axis(axes, periods)


def _difference(axes: Axes, periods: NDArray[np.float64], curve: list[dict[str, Any]]) -> None:
    value, error = _numbers(curve, THOUSAND)
    axes.axhline(0.0, color=GREY, linewidth=1.2)
    axes.fill_between(periods, value - BAND * error, value + BAND * error, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(periods, value, color=BLUE, linewidth=1.8)
    axes.set_ylabel("[thousand EUR]")
    _axis(axes, periods)


def _axis(axes: Axes, periods: NDArray[np.float64]) -> None:
    import seaborn as sns
    from matplotlib.ticker import NullLocator

    ticks = [tick for tick in TICKS_YEARS if tick <= periods[-1]]
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(periods[0], periods[-1])
    sns.despine(ax=axes)

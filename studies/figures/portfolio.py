"""Figure of a portfolio: what its sites lose together against their sum, and each site's part of the tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.figures.style import (
    BLACK,
    BLUE,
    GREY,
    LINES,
    MARKERS,
    MILLION,
    SKY,
    VERMILION,
    Look,
    heading,
    label_ends,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.insurance.accumulation import PortfolioReport
    from riskmodel.insurance.portfolio import Portfolio

__all__ = ["draw_portfolio"]

TICKS_YEARS = (2, 5, 10, 20, 50, 100, 250, 1000, 5000)
MOST_BARS = 25


def draw_portfolio(portfolio: Portfolio, report: PortfolioReport, tail_years: float) -> Figure:
    """Curves of the portfolio and of the sum of its sites by event and by year; bars of the tail by site."""
    bars = min(len(portfolio.sites), MOST_BARS)
    figure = new_figure(8.2 + 0.3 * bars)
    grid = figure.add_gridspec(3, 1, height_ratios=(3.0, 3.0, 0.8 + 0.35 * bars))
    unit = portfolio.currency
    for k, (kind, title) in enumerate((("oep", "Worst event of the year (OEP)"), ("aep", "Whole year (AEP)"))):
        _curves(figure.add_subplot(grid[k]), report, kind, title, unit)
    _bars(figure.add_subplot(grid[2]), portfolio, report, tail_years, unit)
    heading(
        figure,
        f"{portfolio.name}: losses together and apart",
        f"{report.years:,} simulated years. Band: 95 % interval of the portfolio. An event of a grid counts once, with "
        "its losses at all sites. The gap between the curves is what diversification saves. Bars: mean loss of a site "
        f"in the portfolio's worst years (1 in {tail_years:g}), adding up to its tail mean, with one standard error; "
        "crosses: the site's own tail mean.",
    )
    return figure


def _curves(axes: Axes, report: PortfolioReport, kind: str, title: str, unit: str) -> None:
    import seaborn as sns
    from matplotlib.ticker import NullLocator

    kept = [point for point in report.points if point.kind == kind and not point.flagged]
    total = {b.return_period: b.total.value / MILLION for b in report.benefits if b.kind == kind}
    axes.set_title(title)
    axes.set_ylabel(f"Loss\n[million {unit}]")
    if not kept:
        axes.text(0.02, 0.8, "too few years were simulated", transform=axes.transAxes, color=GREY)
        return
    years = np.array([point.return_period for point in kept])
    value, low, high = (
        np.array(column) / MILLION
        for column in zip(*((point.estimate.value, point.low, point.high) for point in kept), strict=True)
    )
    together = Look("Portfolio", BLACK, LINES[0], MARKERS[0], "")
    apart = Look("Sum of the sites alone", VERMILION, LINES[1], MARKERS[1], "")
    axes.set_xscale("log")
    axes.fill_between(years, low, np.where(np.isfinite(high), high, value), color=BLACK, alpha=0.15, linewidth=0)
    axes.plot(years, value, **together.curve())
    sums = np.array([total[period] for period in years])
    axes.plot(years, sums, **apart.curve())
    longest = float(years[-1])
    ticks = [tick for tick in TICKS_YEARS if tick <= longest]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(2, max(longest, 2.1))
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("Return period [years], logarithmic")
    sns.despine(ax=axes)
    label_ends(axes, [(float(value[-1]), together, together.title), (float(sums[-1]), apart, apart.title)], lines=1)


def _bars(axes: Axes, portfolio: Portfolio, report: PortfolioReport, tail_years: float, unit: str) -> None:
    import seaborn as sns

    shown = sorted(report.sites, key=lambda site: -site.tail[tail_years].value)[:MOST_BARS]
    part = np.array([site.tail[tail_years].value for site in shown]) / MILLION
    error = np.array([site.tail[tail_years].standard_error for site in shown]) / MILLION
    alone = [
        next(p.estimate.value for p in site.points if (p.kind, p.return_period) == ("aep_tvar", tail_years)) / MILLION
        for site in shown
    ]
    place = np.arange(len(shown))
    axes.barh(place, part, xerr=np.where(np.isfinite(error), error, 0.0), color=SKY, edgecolor=BLUE, ecolor=GREY)
    axes.plot(alone, place, "x", color=VERMILION, markersize=8, markeredgewidth=2)
    axes.set_yticks(place, [site.name for site in shown])
    axes.invert_yaxis()
    axes.set_xlim(left=0.0)
    axes.set_xlabel(f"Part of the portfolio's tail mean, 1 year in {tail_years:g} [million {unit}]")
    left = "" if len(shown) == len(report.sites) else f", the {len(shown)} largest of {len(report.sites)}"
    axes.set_title(f"Each site's part of the tail{left}")
    sns.despine(ax=axes)

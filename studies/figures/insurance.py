"""Figures for insurers: exceedance curves with bands, how they settle, and premiums by waiting period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LINES,
    MARKERS,
    MILLION,
    VERMILION,
    Look,
    heading,
    label_ends,
    looks,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.insurance.cover_report import Cell
    from riskmodel.insurance.exceedance import Point
    from riskmodel.insurance.report import LossReport
    from riskmodel.results import Results

__all__ = ["draw_convergence", "draw_curves", "draw_waiting"]

THOUSAND = 1e3
SHORTEST_YEARS = 5.0
"""Least end of the axis of return periods: a small run may have one point only."""
LOW_IN = 8.0
"""Height below which a panel is so much lower than its half of the figure that labels need more room."""
TICKS_YEARS = (2, 5, 10, 20, 50, 100, 250, 1000, 5000)


def _columns(found: list[Point], kind: str, flagged: bool = False) -> np.ndarray:
    """(4, n) return period [years], loss, low and high [million]; only points with ten worse years, unless asked."""
    kept = [point for point in found if point.kind == kind and (flagged or not point.flagged)]
    rows = [(p.return_period, p.estimate.value / MILLION, p.low / MILLION, p.high / MILLION) for p in kept]
    return np.array(rows).T.reshape(4, -1)


def _axes(axes: Axes, longest: float, unit: str) -> None:
    import seaborn as sns
    from matplotlib.ticker import NullLocator

    ticks = [tick for tick in TICKS_YEARS if tick <= max(longest, SHORTEST_YEARS)]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(2, max(longest, SHORTEST_YEARS)), ylabel=f"Loss\n[million {unit}]")
    axes.set_ylim(bottom=0.0)
    sns.despine(ax=axes)


def draw_curves(results: Results, reports: list[LossReport], height_in: float = 9.4) -> Figure:
    """Loss of the worst event of a year and of the whole year against the return period, a curve a strategy."""
    marks, unit = looks(results), reports[0].annual.aal.unit
    figure = new_figure(height_in)
    panels = (("oep", "Worst event of the year (OEP)"), ("aep", "Whole year (AEP)"))
    for axes, (kind, title) in zip(figure.subplots(2, 1), panels, strict=True):
        ends, longest = [], 2.0
        axes.set_xscale("log")
        for index, report in enumerate(reports):
            look = marks[report.losses_name]
            years, value, low, high = _columns(report.points, kind)
            if not years.size:
                continue
            longest = max(longest, float(years[-1]))
            known = np.isfinite(high)
            axes.fill_between(years, low, np.where(known, high, value), color=look.colour, alpha=0.18, linewidth=0)
            axes.plot(years, value, markevery=(index % 2, 2), **look.curve())
            ends.append((float(value[-1]), look, look.title))
        _axes(axes, longest, unit)
        axes.set_title(title)
        label_ends(axes, ends, lines=2 if height_in >= LOW_IN else 3)
    axes.set_xlabel("Return period [years], logarithmic")
    heading(
        figure,
        "Losses by power events and fires, ground up",
        f"{reports[0].years:,} simulated years. Read: a loss at least this large comes once in so many years. Bands: "
        "95 % intervals that allow for the years of one lifetime being alike. Shown as far as ten worse years were "
        "simulated.",
    )
    return figure


def draw_convergence(results: Results, reports: list[LossReport], height_in: float = 5.4) -> Figure:
    """Yearly loss against the return period from 1/8, 1/4, 1/2 and all paths, of the baseline, with bands."""
    report = next(r for r in reports if r.losses_name == results.baseline)
    unit = report.annual.aal.unit
    figure = new_figure(height_in)
    axes = figure.subplots(1, 1)
    axes.set_xscale("log")
    ends, longest = [], 2.0
    for k, (share, (_, found)) in enumerate(report.by_share.items()):
        colour = (GREY, VERMILION, GREEN, BLUE)[k]
        look = Look(f"{share * report.years:,.0f} years", colour, LINES[3 - k], MARKERS[k], "")
        years, value, low, high = _columns(found, "aep")
        if not years.size:
            continue
        longest = max(longest, float(years[-1]))
        band = np.where(np.isfinite(high), high, value)
        axes.fill_between(years, low, band, color=look.colour, alpha=0.12, linewidth=0)
        axes.plot(years, value, **look.curve())
        ends.append((float(value[-1]), look, look.title))
    _axes(axes, longest, unit)
    label_ends(axes, ends, lines=1)
    axes.set_xlabel("Return period [years], logarithmic")
    heading(
        figure,
        f"How the yearly loss settles: {results.titles[results.baseline]}",
        "The same curve from the first eighth, quarter and half of the lifetimes and from all, each with its 95 % "
        "band, as far as ten worse years were simulated.",
    )
    return figure


def draw_waiting(results: Results, tables: dict[str, list[Cell]], height_in: float = 8.2) -> Figure:
    """Premium against the waiting period, a curve a strategy; below, the share of the loss the insured keeps."""
    marks = looks(results)
    figure = new_figure(height_in)
    upper, lower = figure.subplots(2, 1, sharex=True)
    premiums, shares = [], []
    first = next(iter(tables.values()))[0]
    for name, cells in tables.items():
        look = marks[name]
        row = [cell for cell in cells if (cell.attachment, cell.limit) == (first.attachment, first.limit)]
        wait = np.array([cell.waiting_period_h for cell in row])
        premium = np.array([cell.premium.value for cell in row]) / THOUSAND
        error = 1.96 * np.array([cell.premium.standard_error for cell in row]) / THOUSAND
        low = np.maximum(premium - error, 0.0)
        upper.fill_between(wait, low, premium + error, color=look.colour, alpha=0.18, linewidth=0)
        upper.plot(wait, premium, **look.curve())
        kept = np.array([cell.kept.value for cell in row]) * 100.0
        lower.plot(wait, kept, **look.curve())
        premiums.append((float(premium[-1]), look, look.title))
        if np.isfinite(kept[-1]):  # without a loss there is no share of it
            shares.append((float(kept[-1]), look, look.title))
    unit = first.premium.unit
    for axes, label, ends in (
        (upper, f"Premium\n[thousand {unit}]", premiums),
        (lower, "Share of the loss that\nstays with the insured [%]", shares),
    ):
        import seaborn as sns

        axes.set(xlim=(0, max(cell.waiting_period_h for cell in next(iter(tables.values())))), ylabel=label)
        axes.set_ylim(bottom=0.0)
        if axes is lower:
            axes.set_ylim(top=100.0)
        sns.despine(ax=axes)
        label_ends(axes, ends, lines=2 if height_in >= LOW_IN else 3)
    lower.set_xlabel("Waiting period [h]")
    limit = "" if np.isinf(first.limit) else f", {first.limit / MILLION:g} million above {first.attachment / MILLION:g}"
    heading(
        figure,
        "What a waiting period takes off the premium, and leaves with the insured",
        f"One layer{limit}, its other terms as in the cover. Bands: 95 % interval of the sampling error.",
    )
    return figure

"""What a cover pays, leaves and costs, for each strategy: layers, perspectives, premiums, and what protection saves."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from riskmodel.insurance.apply import Perspectives
from riskmodel.insurance.cover import Cover, Layer
from riskmodel.insurance.exceedance import Annual, Point, annual, exceedance
from riskmodel.insurance.losses import Periods
from riskmodel.insurance.paid_years import PaidYears
from riskmodel.insurance.pricing import Priced, mean_of, price
from riskmodel.insurance.triggers import Basis, basis_risk
from riskmodel.summary import Row

__all__ = ["ALL", "Cell", "CoverReport", "LayerReport", "cover_report", "cover_rows", "credits", "premium_table"]

Array = NDArray[np.float64]

ALL = "all layers"


class LayerReport(NamedTuple):
    """One layer of one strategy, or all of them together.

    Attributes
    ----------
    layer : Layer or None
    priced : Priced
    attaches, exhausts : Estimate
        Share of the years in which it pays, and in which it has no more to give.
    kept : Estimate
        Share of the loss of its perils that stays with the insured.
    basis : Basis or None
    """

    layer: Layer | None
    priced: Priced
    attaches: Estimate
    exhausts: Estimate
    kept: Estimate
    basis: Basis | None


class CoverReport(NamedTuple):
    """A cover on the events of one strategy.

    Attributes
    ----------
    name : str
    layers : dict of name -> LayerReport; with several, `ALL` too
    views : dict of perspective -> (Annual, list of Point)
    perspectives : Perspectives or None
        The events themselves; None where they are not kept.
    unit : str
    periods : Periods
    """

    name: str
    layers: dict[str, LayerReport]
    views: dict[str, tuple[Annual, list[Point]]]
    perspectives: Perspectives | None
    unit: str
    periods: Periods


def cover_report(cover: Cover, paid: PaidYears) -> CoverReport:
    """Price a cover on the events of one strategy, see `riskmodel.insurance.paid_years.pay`."""
    periods, n, unit = paid.periods, paid.periods.clusters, paid.currency
    layers = {}
    total = np.zeros(periods.n)
    for layer in cover.layers:
        own = paid.layers[layer.name]
        priced = price(own.yearly, own.charge, periods, cover.price)
        exhausted = mean_of(own.exhausted.astype(np.float64), periods).estimate(periods)
        basis = basis_risk(own.yearly, own.ground, periods, unit) if layer.trigger is not None else None
        kept = _kept(own.yearly, own.ground, periods)
        layers[layer.name] = LayerReport(layer, priced, _attaches(own.yearly, periods), exhausted, kept, basis)
        total += own.yearly
    if len(cover.layers) > 1:
        layers[ALL] = LayerReport(
            None,
            price(total, np.zeros(periods.n), periods, cover.price),
            _attaches(total, periods),
            Estimate(math.nan, math.inf, n),
            _kept(total, paid.ground, periods),
            None,
        )
    views = {view: (annual(sums, periods, unit), exceedance(paid.view(view))) for view, (sums, _) in paid.views.items()}
    return CoverReport(paid.name, layers, views, paid.perspectives, unit, periods)


def _attaches(yearly: Array, periods: Periods) -> Estimate:
    return mean_of((yearly > 0.0).astype(np.float64), periods).estimate(periods)


def _kept(yearly: Array, ground: Array, periods: Periods) -> Estimate:
    """Share of a loss that is not paid; of an index cover, less than 0 where it pays more than is lost."""
    share = mean_of(ground - yearly, periods).over(mean_of(ground, periods))
    return share.estimate(periods)


def credits(reports: list[CoverReport], base: str) -> dict[str, dict[str, tuple[Estimate, Estimate]]]:
    """What each strategy takes off the premium and off the expected payment of the base, by layer, on the same years.

    Returns
    -------
    dict of strategy -> layer -> (premium credit, saved payment) [currency/year]
        A credit of the first leaves the insurer's margin as its rule asks; of the second, its expected result.
    """
    first = next(report for report in reports if report.name == base)
    found: dict[str, dict[str, tuple[Estimate, Estimate]]] = {}
    for report in reports:
        if report.name == base:
            continue
        found[report.name] = {}
        for name, layer in report.layers.items():
            ours, theirs, unit = layer.priced, first.layers[name].priced, f"{report.unit}/year"
            saved = (theirs.premium.plus(ours.premium, -1.0), theirs.pure.plus(ours.pure, -1.0))
            found[report.name][name] = (
                saved[0].estimate(report.periods, unit),
                saved[1].estimate(report.periods, unit),
            )
    return found


class Cell(NamedTuple):
    """One premium of a table, and the share of the loss that stays with the insured."""

    attachment: float
    limit: float
    waiting_period_h: float
    pure: Estimate
    premium: Estimate
    kept: Estimate


def premium_table(cover: Cover, paid: PaidYears) -> list[Cell]:
    """Premiums over attachment, limit and waiting period, the other terms being those of one layer."""
    axes = cover.table
    if axes is None:
        return []
    periods, unit, ground = paid.periods, f"{paid.currency}/year", paid.layers[axes.layer].ground
    cells = []
    for (attachment, limit, wait), (yearly, charge) in paid.cells.items():
        priced = price(yearly, charge, periods, cover.price)
        kept = _kept(yearly, ground, periods)
        pure, premium = (value.estimate(periods, unit) for value in (priced.pure, priced.premium))
        cells.append(Cell(attachment, limit, wait, pure, premium, kept))
    return cells


def cover_rows(report: CoverReport) -> list[Row]:
    """All numbers of one strategy as rows; metrics are LAYER:METRIC and PERSPECTIVE:METRIC."""
    rows = [row for name, layer in report.layers.items() for row in _layer_rows(report, name, layer)]
    for view, (moments, points) in report.views.items():
        rows += [
            Row(report.name, f"{view}:{metric}", value) for metric, value in zip(moments._fields, moments, strict=True)
        ]
        for point in points:
            metric = f"{view}:{point.kind}_{point.return_period:g}_years"
            rows.append(Row(report.name, metric, point.estimate))
    return rows


def _layer_rows(report: CoverReport, name: str, layer: LayerReport) -> list[Row]:
    periods, yearly, unit = report.periods, f"{report.unit}/year", report.unit
    priced = layer.priced
    found = {
        "expected_loss": priced.pure.estimate(periods, yearly),
        "standard_deviation": priced.spread.estimate(periods, unit),
        "premium": priced.premium.estimate(periods, yearly),
        **{f"risk_premium_{method}": value.estimate(periods, yearly) for method, value in priced.risk.items()},
        **{f"premium_{method}": value.estimate(periods, yearly) for method, value in priced.premiums.items()},
        "expected_loss_ratio": priced.loss_ratio.estimate(periods),
        **{f"loss_ratio_1_in_{years:g}": value.estimate(periods) for years, value in priced.rare_ratios.items()},
        "probability_of_a_payment": layer.attaches,
        "share_kept_by_the_insured": layer.kept,
    }
    terms = layer.layer
    if terms is not None and math.isfinite(min(terms.limit, terms.aggregate_limit)):
        full = terms.participation * min(terms.limit, terms.aggregate_limit)
        found["rate_on_line"] = priced.premium.times(1.0 / full).estimate(periods)
        found["loss_on_line"] = priced.pure.times(1.0 / full).estimate(periods)
    if terms is not None and math.isfinite(terms.yearly_limit):
        found["probability_of_exhaustion"] = layer.exhausts
    if priced.charge.value > 0.0:
        found["reinstatement_premium_share"] = priced.charge.estimate(periods)
        found["reinstatement_premium"] = priced.restored().estimate(periods, yearly)
    if layer.basis is not None:
        found |= {f"basis_{metric}": value for metric, value in zip(layer.basis._fields, layer.basis, strict=True)}
    return [Row(report.name, f"{name}:{metric}", value) for metric, value in found.items()]

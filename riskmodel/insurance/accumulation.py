"""Losses of many sites in the same simulated years: the portfolio against the sum of its sites.

The years are those of `Periods`: equally likely, the years of a path not independent. A site's contribution to a tail
mean (Euler's allocation) is the mean of its loss over the portfolio's worst years; contributions add up to the tail
mean. The benefit of diversification is the sum of the sites' values less the portfolio's. Both sides come from the same
years, and the error of the benefit is that of the difference.

Sources
-------
Euler's allocation of tail means: Tasche (2008), Capital allocation to business units and sub-portfolios: the Euler
principle, in Pillar II in the New Basel Accord, Risk Books, 423-453.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from riskmodel.insurance.exceedance import RETURN_PERIODS, Annual, Point, annual, clustered_error, points, sorted_curve
from riskmodel.insurance.losses import Periods

__all__ = ["Accumulation", "Benefit", "PortfolioReport", "SiteReport", "portfolio_report", "tail_shares"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

NEIGHBOURS = 5
"""Years on each side of a rank, at least, over which the loss of a site at that rank is averaged."""


@dataclass
class Accumulation:
    """Running sums of a portfolio, a site at a time; events are not kept.

    Attributes
    ----------
    years : int
        Simulated years.
    by_site : dict of str -> (years,) float64, loss of each year [currency]
    largest_of_site : dict of str -> (years,) float64, loss of the worst event of each year
    largest_own : (years,) float64
        Worst event of each year among those of one site alone.
    """

    years: int
    by_site: dict[str, Array] = field(default_factory=dict)
    largest_of_site: dict[str, Array] = field(default_factory=dict)
    largest_own: Array = field(init=False)
    _of_common: Array = field(init=False)
    _common: dict[str, tuple[Whole, Whole, Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.largest_own, self._of_common = np.zeros(self.years), np.zeros(self.years)

    def add(self, site: str, grid: str, year: Whole, code: Whole, loss: Array) -> None:
        """Take in all events of a site.

        Parameters
        ----------
        site, grid : str
        year : (m,) int64, 0 .. years - 1
        code : (m,) int64
            Which event of the grid it is, the same number at all sites; below 0 for the site's own.
        loss : (m,) float64 [currency]
        """
        own = code < 0
        self.by_site[site] = np.bincount(year, loss, self.years).astype(np.float64)
        worst = np.zeros(self.years)
        np.maximum.at(worst, year[own], loss[own])
        np.maximum(self.largest_own, worst, out=self.largest_own)
        felt = ~own & (loss > 0.0)
        events = self._merged((code[felt], year[felt], loss[felt]))
        np.maximum.at(worst, events[1], events[2])
        self.largest_of_site[site] = worst
        self._of_common += np.bincount(events[1], events[2], self.years)
        before = self._common.get(grid)
        both = events if before is None else tuple(np.concatenate(two) for two in zip(before, events, strict=True))
        self._common[grid] = self._merged(both)  # type: ignore[arg-type]

    @staticmethod
    def _merged(events: tuple[Whole, Whole, Array]) -> tuple[Whole, Whole, Array]:
        """Events by their code, losses of one code added in their order."""
        code, first, inverse = np.unique(events[0], return_index=True, return_inverse=True)
        return code, events[1][first], np.bincount(inverse, events[2], code.size).astype(np.float64)

    def aggregate(self) -> Array:
        """(years,) loss of all sites."""
        total = np.zeros(self.years)
        for name in sorted(self.by_site):
            total += self.by_site[name]
        return total

    def of_common_events(self) -> Array:
        """(years,) loss of all sites by events of their grids."""
        return self._of_common

    def largest(self) -> Array:
        """(years,) worst occurrence of the portfolio: an event of a grid with its losses at all sites, or a site's."""
        worst = self.largest_own.copy()
        for _, year, loss in self._common.values():
            np.maximum.at(worst, year, loss)
        return worst


class SiteReport(NamedTuple):
    """One site alone, and in the portfolio.

    Attributes
    ----------
    name : str
    annual : Annual
    points : list of Point, as of `exceedance`
    tail : dict of return period [years] -> Estimate, contribution to the portfolio's AEP-TVaR
    """

    name: str
    annual: Annual
    points: list[Point]
    tail: dict[float, Estimate]


class Benefit(NamedTuple):
    """Portfolio against the sum of its sites at one point.

    Attributes
    ----------
    kind : str, see `riskmodel.insurance.exceedance.KINDS`
    return_period : float [years]
    total : Estimate, the sites' values added up
    money : Estimate, the sum less the portfolio's value
    share : Estimate, the same as a share of the sum
    """

    kind: str
    return_period: float
    total: Estimate
    money: Estimate
    share: Estimate


class PortfolioReport(NamedTuple):
    """What a portfolio comes to.

    Attributes
    ----------
    annual : Annual
    points : list of Point
    sites : list of SiteReport, in the order of the names given
    benefits : list of Benefit, one a point
    common : Estimate, mean yearly loss by events of the grids
    years, clusters : int, simulated years and paths
    """

    annual: Annual
    points: list[Point]
    sites: list[SiteReport]
    benefits: list[Benefit]
    common: Estimate
    years: int
    clusters: int


def portfolio_report(
    losses: Accumulation,
    periods: Periods,
    names: Sequence[str],
    unit: str = "",
    return_periods: tuple[float, ...] = RETURN_PERIODS,
) -> PortfolioReport:
    """Report of accumulated losses.

    Parameters
    ----------
    losses : Accumulation
    periods : Periods
        Years that weigh the same.
    names : sequence of str
        Sites, in the order wanted.
    unit : str
        Currency.
    return_periods : tuple of float [years], each > 1
    """
    total, worst = losses.aggregate(), losses.largest()
    found = _four_curves(worst, total, periods, return_periods, unit)
    against = {(p.kind, p.return_period): -_influence(p, worst, total, periods) for p in found}
    value = dict.fromkeys(against, 0.0)
    alone = dict.fromkeys(against, 0.0)
    sums = {key: np.zeros(periods.n) for key in against}
    sites: dict[str, SiteReport] = {}
    tails = {years: tail_shares(total, periods.weight, years) for kind, years in against if kind == "aep_tvar"}
    for name in sorted(names):  # one order of adding up, whatever the order asked for
        largest, own = losses.largest_of_site[name], losses.by_site[name]
        by_site = _four_curves(largest, own, periods, return_periods, unit)
        for point in by_site:
            key = point.kind, point.return_period
            value[key] += point.estimate.value
            alone[key] += point.estimate.standard_error
            sums[key] += _influence(point, largest, own, periods)
        tail = {years: _contribution(own, total, periods, years, shares, unit) for years, shares in tails.items()}
        sites[name] = SiteReport(name, annual(own, periods, unit), by_site, tail)
    benefits = []
    for point in found:
        key = point.kind, point.return_period
        known = math.isfinite(point.estimate.standard_error) and math.isfinite(alone[key])
        benefits.append(_benefit(point, value[key], sums[key], against[key], periods, known))
    common = annual(losses.of_common_events(), periods, unit).aal
    return PortfolioReport(
        annual(total, periods, unit), found, [sites[name] for name in names], benefits, common, periods.n,
        periods.clusters,
    )  # fmt: skip


def _four_curves(worst: Array, total: Array, periods: Periods, years: tuple[float, ...], unit: str) -> list[Point]:
    found = points(worst, periods, years, ("oep", "oep_tvar"), unit)
    return found + points(total, periods, years, ("aep", "aep_tvar"), unit)


def _influence(point: Point, worst: Array, total: Array, periods: Periods) -> Array:
    """(n,) what each year adds to a point's value, scaled to the error of the point where that is known."""
    values = worst if point.kind.startswith("oep") else total
    years, error = point.return_period, point.estimate.standard_error
    boundary = sorted_curve(values, periods.weight).at(years)
    if point.kind.endswith("tvar"):
        beyond = np.maximum(values - boundary, 0.0) * years
        return beyond - float(np.sum(periods.weight * beyond))
    flags = (values >= boundary).astype(np.float64)
    flags -= float(np.sum(periods.weight * flags))
    plain = clustered_error(flags, periods)
    return flags * (error / plain if plain > 0.0 and math.isfinite(error) else 0.0)


def _benefit(point: Point, total: float, influence: Array, against: Array, periods: Periods, known: bool) -> Benefit:
    value, n, unit = point.estimate.value, periods.clusters, point.estimate.unit

    def error(of: Array) -> float:
        return clustered_error(of, periods) if known else math.inf

    money = Estimate(total - value, error(influence + against), n, unit)
    share = Estimate(math.nan, math.inf, n)
    if total > 0.0:
        by_year = (influence * value / total + against) / total  # of 1 - value / total
        share = Estimate(1.0 - value / total, error(by_year), n)
    return Benefit(point.kind, point.return_period, Estimate(total, error(influence), n, unit), money, share)


def tail_shares(values: Array, weight: Array, years: float) -> Array:
    """(n,) weight of every year in the tail mean at a return period [years]; they sum to 1.

    The tail mean of `riskmodel.insurance.exceedance.Curve` is the sum of these times the losses.
    """
    order = np.argsort(-values, kind="stable")
    curve = sorted_curve(values, weight)
    k, shares = curve.place(years), np.zeros(values.size)
    last = float(curve.share[k] - (curve.share[k - 1] if k else 0.0))
    shares[order[:k]] = weight[order[:k]] / curve.share[k]
    low, above = 1.0, 0.0
    if k and curve.return_period[k] < years * (1.0 - 1e-12):
        above = float((years - curve.return_period[k]) / (curve.return_period[k - 1] - curve.return_period[k]))
        low = 1.0 - above
    shares[order[k]] += last * low / curve.share[k]
    if above:
        shares[order[k - 1]] += last * above / curve.share[k]
    return shares


def _contribution(own: Array, total: Array, periods: Periods, years: float, shares: Array, unit: str) -> Estimate:
    """Euler contribution of a site to a tail mean.

    Its error is that of the mean of (loss of the site less its mean loss at the boundary) over the tail, as the
    boundary is estimated too; the loss at the boundary is averaged over neighbouring ranks.
    """
    order = np.argsort(-total, kind="stable")
    curve = sorted_curve(total, periods.weight)
    k, boundary = curve.place(years), curve.at(years)
    half = max(NEIGHBOURS, k // 4)
    near = order[max(0, k - half) : k + half + 1]
    around = float(total[near].sum())
    at = float(own[near].sum()) * boundary / around if around > 0.0 else 0.0
    in_tail = (total >= boundary) & (total > 0.0)
    beyond = np.where(in_tail, own - at, 0.0) * years
    error = clustered_error(beyond - float(np.sum(periods.weight * beyond)), periods)
    if total.max(initial=0.0) > 0.0 and not curve.has_tail(years):
        error = math.inf
    return Estimate(float(np.sum(shares * own)), error, periods.clusters, unit)

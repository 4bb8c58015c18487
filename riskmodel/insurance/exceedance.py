"""Exceedance curves by the rules of the Open Results Data standard (ORD), with errors that know paths and weights.

Of N years ranked from the worst, the loss of rank k has the return period N / k; between ranks the loss is linear in
the return period; the tail value at a rank is the mean of the k worst, an interpolated loss being the last of them.
With weights W_k, the sum of the k largest years' probabilities, the return period is 1 / W_k and the mean is weighted.
The years of one path share its inputs: the path is the unit of every error.

Sources
-------
Rules: OasisLMF ktools, docs/md/ORDOutputComponents.md, and oasislmf 2.5.8, pytools/lec. Two deviations where no
rank is: a loss between the last positive one and 0 is interpolated, not 0; several return periods in one gap between
ranks do not change each other's tail mean. And a tail mean of weighted years is weighted, which it is not there.
Intervals: Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive counts
from complex survey data, Survey Methodology 24, 193-201; from shares to losses: Woodruff (1952), JASA 47, 635-646.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from riskmodel.insurance.losses import Periods

__all__ = [
    "KINDS", "RETURN_PERIODS", "YEARS_PER_POINT", "Annual", "Curve", "Point", "Yearly", "by_cluster",
    "clustered_error", "error_of_clusters", "exceedance", "points", "sorted_curve", "total", "years_needed",
]  # fmt: skip

Array = NDArray[np.float64]

RETURN_PERIODS = (2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 5000, 10000)
"""Return periods shown [years]."""
YEARS_PER_POINT = 10
"""Simulated years above a return period below which it is flagged: fewer than ten worse years were seen."""
KINDS = ("oep", "oep_tvar", "aep", "aep_tvar")
"""In the order of ORD's EPType 1..4."""
LEVEL = 0.95
SCORE = 1.959963984540054


class Curve(NamedTuple):
    """Ranked years, the worst first.

    Attributes
    ----------
    loss : (n,) float64 [currency]
    return_period : (n,) float64 [years], 1 / (summed probability of the ranks up to this one)
    tail_sum : (n,) float64, weighted sum of the losses up to this rank
    share : (n,) float64, summed probability up to this rank
    """

    loss: Array
    return_period: Array
    tail_sum: Array
    share: Array

    def place(self, years: float) -> int:
        """First rank (from 0) whose return period is not longer than `years`; the last one if there is none."""
        return min(int(np.searchsorted(-self.return_period, -years * (1.0 + 1e-12))), self.loss.size - 1)

    def at(self, years: float) -> float:
        """Loss at a return period [years], 1 .. the longest seen."""
        k = self.place(years)
        if k == 0 or self.return_period[k] >= years * (1.0 - 1e-12):
            return float(self.loss[k])
        low, high = self.return_period[k], self.return_period[k - 1]
        return float(self.loss[k] + (years - low) / (high - low) * (self.loss[k - 1] - self.loss[k]))

    def tail(self, years: float) -> float:
        """Mean loss of the worst 1 / `years` of years."""
        k = self.place(years)
        weight = self.share[k] - (self.share[k - 1] if k else 0.0)
        before = self.tail_sum[k - 1] if k else 0.0
        return float((before + weight * self.at(years)) / self.share[k])

    def has_tail(self, years: float) -> bool:
        """Whether two whole years are in the tail at a return period; one says nothing of the error of its mean."""
        return self.loss.size > 1 and years <= float(self.return_period[1]) * (1.0 + 1e-9)

    @property
    def longest(self) -> float:
        """Longest return period the sample can speak of [years]."""
        return float(self.return_period[0])


def sorted_curve(values: Array, weight: Array) -> Curve:
    """Ranked years of yearly losses and their probabilities."""
    order = np.argsort(-values, kind="stable")
    loss, weight = values[order], weight[order]
    if np.ptp(weight) <= 1e-12 * float(weight.max()):  # no rounding where the rank says it exactly
        share = np.arange(1, loss.size + 1) / loss.size
        return Curve(loss, loss.size / np.arange(1.0, loss.size + 1.0), np.cumsum(loss) / loss.size, share)
    share = np.minimum(np.cumsum(weight), 1.0)
    share[-1] = 1.0
    return Curve(loss, 1.0 / share, np.cumsum(weight * loss), share)


def total(values: Array) -> float:
    """Sum of as many values as there are years: pairwise, right to about 1e-15 of the sum of their sizes."""
    return float(np.sum(values))


def clustered_error(influence: Array, periods: Periods) -> float:
    """Standard error of a statistic from what each year adds to it (its influence), summed by path.

    Parameters
    ----------
    influence : (n,) float64
        First-order change of the statistic by each year, weighted mean 0.

    Notes
    -----
    Where weights were fitted to known means, what these explain is no error any more: Deville and Särndal (1992),
    Calibration estimators in survey sampling, JASA 87, 376-382. What each path adds is taken as if it had had no part
    in the fit (the jackknife): MacKinnon and White (1985), Journal of Econometrics 29, 305-325.
    """
    return error_of_clusters(by_cluster(influence, periods), periods)


def by_cluster(influence: Array, periods: Periods) -> Array:
    """(clusters,) what each independent unit adds to a statistic: its years' influences, weighted."""
    return np.bincount(periods.cluster, periods.weight * influence).astype(np.float64, copy=False)


def error_of_clusters(sums: Array, periods: Periods) -> float:
    """Standard error of a statistic from what each independent unit adds to it: see `clustered_error`."""
    n = periods.clusters
    if n < 2:
        return math.inf
    if periods.controls.shape[1]:
        shares = np.bincount(periods.cluster, periods.weight)[:, None]
        basis = np.linalg.qr(shares * np.column_stack([np.ones(len(shares)), periods.controls]))[0]
        sums = (sums - basis @ (basis.T @ sums)) / (1.0 - np.sum(basis**2, axis=1))
    return math.sqrt(n / (n - 1.0) * math.fsum(sums**2))


class Yearly(Protocol):
    """Losses by year: `EventLosses`, or `YearLosses` where the events are too many to hold."""

    @property
    def currency(self) -> str:
        """Unit of all money."""
        ...

    @property
    def periods(self) -> Periods:
        """The years."""
        ...

    def yearly_sum(self) -> Array:
        """(n,) loss of each year."""
        ...

    def yearly_max(self) -> Array:
        """(n,) loss of the worst event of each year."""
        ...


class Annual(NamedTuple):
    """Moments of the yearly loss: mean (AAL), standard deviation (n - 1) and their ratio."""

    aal: Estimate
    sd: Estimate
    cov: Estimate


def annual(values: Array, periods: Periods, unit: str = "") -> Annual:
    """Average annual loss, standard deviation and coefficient of variation, with errors by path."""
    weight, n = periods.weight, periods.clusters
    mean = total(weight * values)
    centred = values - mean
    variance = total(weight * centred**2)
    aal = Estimate(mean, clustered_error(centred, periods), n, unit)
    if variance <= 0.0 or mean <= 0.0:
        return Annual(aal, Estimate(0.0, 0.0, n, unit), Estimate(math.nan, math.inf, n))
    sd = math.sqrt(variance)
    by_year = (centred**2 - variance) / (2.0 * sd)
    scale = math.sqrt(periods.n / (periods.n - 1.0))
    ratio = by_year / mean - sd / mean**2 * centred
    return Annual(
        aal,
        Estimate(sd * scale, clustered_error(by_year, periods), n, unit),
        Estimate(sd * scale / mean, clustered_error(ratio, periods), n),
    )


class Point(NamedTuple):
    """One point of an exceedance curve.

    Attributes
    ----------
    kind : str, one of `KINDS`
    return_period : float [years]
    estimate : Estimate
    low, high : float
        Ends of the 95 % interval; infinite where the sample does not reach.
    flagged : bool
        Fewer than `YEARS_PER_POINT` worse years were simulated.
    """

    kind: str
    return_period: float
    estimate: Estimate
    low: float
    high: float
    flagged: bool


def exceedance(losses: Yearly, return_periods: tuple[float, ...] = RETURN_PERIODS) -> list[Point]:
    """Points of OEP, OEP-TVaR, AEP and AEP-TVaR; return periods longer than the sample are left out.

    Parameters
    ----------
    losses : Yearly
    return_periods : tuple of float [years], each > 1
    """
    unit = losses.currency
    found = points(losses.yearly_max(), losses.periods, return_periods, ("oep", "oep_tvar"), unit)
    return found + points(losses.yearly_sum(), losses.periods, return_periods, ("aep", "aep_tvar"), unit)


def points(
    values: Array,
    periods: Periods,
    return_periods: tuple[float, ...],
    kinds: tuple[str, str] = ("aep", "aep_tvar"),
    unit: str = "",
) -> list[Point]:
    """Points of one curve and of its tail means; see `exceedance`."""
    curve = sorted_curve(values, periods.weight)
    kept = [years for years in return_periods if years <= curve.longest * (1.0 + 1e-9)]
    losses = [_point(curve, values, periods, years, kinds[0], unit) for years in kept]
    return losses + [_tail_point(curve, values, periods, years, kinds[1], unit) for years in kept]


def _flagged(years: float, periods: Periods, curve: Curve) -> bool:
    """Whether fewer than ten years' worth of information lies beyond: of weighted years, as many as equal ones would
    tell as much (Kish's effective number, the square of the summed weights over the sum of their squares).
    """
    if periods.equal:
        return years > periods.n / YEARS_PER_POINT
    weight = np.diff(curve.share[: curve.place(years) + 1], prepend=0.0)
    return bool(weight.sum() ** 2 < YEARS_PER_POINT * np.sum(weight**2))


def _point(curve: Curve, values: Array, periods: Periods, years: float, kind: str, unit: str) -> Point:
    value = curve.at(years)
    ends = _ends(curve, values, periods, years, LEVEL)
    error = (ends[1] - ends[0]) / (2.0 * SCORE)
    if not math.isfinite(error):
        low, high = _ends(curve, values, periods, years, 0.6827)
        error = (high - low) / 2.0 if math.isfinite(high - low) else math.inf
    estimate = Estimate(value, error, periods.clusters, unit)
    return Point(kind, years, estimate, *ends, _flagged(years, periods, curve))


def _ends(curve: Curve, values: Array, periods: Periods, years: float, level: float) -> tuple[float, float]:
    """Losses at the ends of the interval of the share of years that are at least this bad."""
    from scipy.special import betaincinv

    share, value = 1.0 / years, curve.at(years)
    flags = (values >= value).astype(np.float64)
    error = clustered_error(flags - total(periods.weight * flags), periods)
    if not math.isfinite(error):
        return 0.0, math.inf
    size = share * (1.0 - share) / error**2 if error > 0.0 else float(periods.n)
    size = min(size, 1.0 / float(np.sum(periods.weight**2)) if periods.equal else math.inf)
    beyond, side = size * share, (1.0 - level) / 2.0
    least = float(betaincinv(beyond, size - beyond + 1.0, side))
    most = float(betaincinv(beyond + 1.0, max(size - beyond, 1e-9), 1.0 - side))
    high = curve.at(1.0 / least) if least * curve.longest >= 1.0 else math.inf
    low = curve.at(1.0 / most) if most < 1.0 else float(curve.loss[-1])
    if value == 0.0 and curve.loss[0] == 0.0:
        high = 0.0
    return min(low, value), max(high, value)


def _tail_point(curve: Curve, values: Array, periods: Periods, years: float, kind: str, unit: str) -> Point:
    value, boundary = curve.tail(years), curve.at(years)
    beyond = np.maximum(values - boundary, 0.0) * years
    error = clustered_error(beyond - float(np.sum(periods.weight * beyond)), periods)
    if curve.loss[0] > 0.0 and not curve.has_tail(years):
        error = math.inf
    half = SCORE * error
    estimate = Estimate(value, error, periods.clusters, unit)
    return Point(kind, years, estimate, max(0.0, value - half), value + half, _flagged(years, periods, curve))


def years_needed(estimate: Estimate, years: int, relative_error: float) -> float:
    """Years to simulate for a relative standard error, from that of an estimate (errors fall as 1 / sqrt(years))."""
    if estimate.value <= 0.0 or not math.isfinite(estimate.standard_error):
        return math.inf
    return math.ceil(years * (estimate.standard_error / (relative_error * estimate.value)) ** 2)

"""Premiums from simulated yearly payments, each with the error that the simulation leaves in it.

Every statistic comes with its influence: what each year changes in it to first order. Sums of influences by path give
the error, of one premium and of a difference of two on the same years; only these sums are kept.

Sources
-------
Wang (2000), A class of distortion operators for pricing financial and insurance risks, Journal of Risk and Insurance
67(1), 15-36: S*(x) = Phi(Phi^-1(S(x)) + lambda). Reinstatements: Sundt (1991), On excess of loss reinsurance with
reinstatements, Bulletin of the Swiss Association of Actuaries, 51-65 (from memory). Errors of such premiums: influence
function of an L-statistic, Serfling (1980), Approximation Theorems of Mathematical Statistics, section 8.1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from riskmodel.insurance.cover import METHODS, Price
from riskmodel.insurance.exceedance import (
    SCORE,
    Curve,
    by_cluster,
    clustered_error,
    error_of_clusters,
    sorted_curve,
    total,
)
from riskmodel.insurance.losses import Periods

__all__ = ["Priced", "Valued", "price", "wang"]

Array = NDArray[np.float64]


class Valued(NamedTuple):
    """A statistic and what each path adds to it: its years' influences, weighted; their sum is 0."""

    value: float
    by_path: Array

    def plus(self, other: Valued, factor: float = 1.0) -> Valued:
        """Sum with another one times a factor."""
        return Valued(self.value + factor * other.value, self.by_path + factor * other.by_path)

    def times(self, factor: float, shift: float = 0.0) -> Valued:
        """(value + shift) * factor."""
        return Valued((self.value + shift) * factor, self.by_path * factor)

    def over(self, other: Valued) -> Valued:
        """Ratio of two."""
        if other.value == 0.0:
            return Valued(math.nan, np.full(self.by_path.size, math.nan))
        ratio = self.value / other.value
        return Valued(ratio, (self.by_path - ratio * other.by_path) / other.value)

    def estimate(self, periods: Periods, unit: str = "") -> Estimate:
        """Value and its error by path."""
        n = periods.clusters
        if math.isnan(self.value):
            return Estimate(math.nan, math.inf, n, unit)
        return Estimate(self.value, error_of_clusters(self.by_path, periods), n, unit)


def mean_of(values: Array, periods: Periods) -> Valued:
    """Mean of yearly values."""
    mean = total(periods.weight * values)
    return Valued(mean, by_cluster(values - mean, periods))


def deviation(values: Array, periods: Periods) -> Valued:
    """Standard deviation of yearly values (n - 1)."""
    centred = values - total(periods.weight * values)
    variance = total(periods.weight * centred**2)
    if variance <= 0.0:
        return Valued(0.0, by_cluster(np.zeros(values.size), periods))
    scale = math.sqrt(periods.n / (periods.n - 1.0)) if periods.n > 1 else math.nan
    influence = (centred**2 - variance) / (2.0 * math.sqrt(variance))
    return Valued(math.sqrt(variance), by_cluster(influence, periods)).times(scale)


def wang(values: Array, periods: Periods, shift: float) -> Valued:
    """Mean of yearly values >= 0 after the Wang transform of their exceedance probabilities."""
    from scipy.special import ndtr, ndtri

    order = np.argsort(values, kind="stable")
    ordered, weight = values[order], periods.weight[order]
    above = np.minimum(np.maximum(1.0 - (np.cumsum(weight) - weight), 0.0), 1.0)  # P(value >= the ordered one)
    if periods.equal:
        above = np.arange(values.size, 0, -1) / values.size
    step = np.diff(ordered, prepend=0.0)
    with np.errstate(over="ignore"):
        scores = ndtri(above)
        value = total(step * np.where(above >= 1.0, 1.0, ndtr(scores + shift)))
        # dg/dS = exp(-shift * score - shift^2 / 2); 0 or infinite at the ends, where no step is uncertain
        slope = np.where(above >= 1.0, 0.0, np.exp(-shift * np.where(above >= 1.0, 0.0, scores) - 0.5 * shift**2))
    influence = np.empty(values.size)
    influence[order] = np.cumsum(step * slope)
    return Valued(value, by_cluster(influence - total(periods.weight * influence), periods))


def tail(values: Array, periods: Periods, years: float, measure: str, curve: Curve | None = None) -> Valued:
    """Loss reached once in `years` years ("var"), or the mean of the worst 1 / `years` ("tvar").

    Parameters
    ----------
    values : (n,) float64
    periods : Periods
    years : float
    measure : str
    curve : Curve, optional
        Of the values, where it is known already.

    Raises
    ------
    ValueError
        If that is longer than the sample.
    """
    curve = sorted_curve(values, periods.weight) if curve is None else curve
    if years > curve.longest * (1.0 + 1e-9):
        raise ValueError(f"1 in {years:g} years is rarer than the {curve.longest:,.0f} years simulated can tell")
    at = curve.at(years)
    if measure == "tvar":
        beyond = np.maximum(values - at, 0.0) * years
        return Valued(curve.tail(years), by_cluster(beyond - total(periods.weight * beyond), periods))
    share = 1.0 / years
    flags = (values > at).astype(np.float64)
    flags -= total(periods.weight * flags)
    half = max(SCORE * clustered_error(flags, periods), 1.0 / periods.n)
    low, high = min(share + half, 1.0), max(share - half, 1.0 / curve.longest)
    width = low - high
    slope = (curve.at(1.0 / high) - curve.at(1.0 / low)) / width if width > 0.0 else 0.0
    return Valued(at, by_cluster(flags * slope, periods))


class Priced(NamedTuple):
    """Price of yearly payments.

    Attributes
    ----------
    pure, spread : Valued
        Mean and standard deviation of the yearly payment [currency].
    risk : dict of method -> Valued
        Risk premium by each method, before expenses [currency/year].
    premium : Valued
        What is asked at the beginning of the year: (risk premium + fixed) / (1 - expense share), less what
        reinstatements are expected to bring [currency/year].
    premiums : dict of method -> Valued, the same by each method
    charge : Valued
        Reinstatement premium expected, as a share of the premium.
    loss_ratio : Valued
        Mean payment over expected premium, reinstatements included.
    rare_ratios : dict of years -> Valued
        Payment of 1 year in so many over the premium.
    """

    pure: Valued
    spread: Valued
    risk: dict[str, Valued]
    premium: Valued
    premiums: dict[str, Valued]
    charge: Valued
    loss_ratio: Valued
    rare_ratios: dict[float, Valued]

    def restored(self) -> Valued:
        """Reinstatement premium expected [currency/year]."""
        both = self.premium.by_path * self.charge.value + self.charge.by_path * self.premium.value
        return Valued(self.premium.value * self.charge.value, both)


def price(yearly: Array, charge: Array, periods: Periods, terms: Price) -> Priced:
    """Price yearly payments (n,) [currency], with reinstatement premiums of `charge` (n,) times the premium.

    A method whose return period is longer than the sample gives no premium (NaN).
    """
    pure, spread = mean_of(yearly, periods), deviation(yearly, periods)
    undefined = Valued(math.nan, np.full(pure.by_path.size, math.nan))
    curve = sorted_curve(yearly, periods.weight)
    try:
        held = tail(yearly, periods, terms.capital_return_period_years, terms.capital_measure, curve)
        capital = pure.plus(held, terms.cost_of_capital).times(1.0 / (1.0 + terms.cost_of_capital))
    except ValueError:
        capital = undefined
    risk = dict(
        zip(
            METHODS,
            (pure.plus(spread, terms.standard_deviation_factor), wang(yearly, periods, terms.wang_lambda), capital),
            strict=True,
        )
    )
    restored = mean_of(charge, periods)
    whole = {name: value.times(1.0 / (1.0 - terms.expense_share), terms.expense_fixed) for name, value in risk.items()}
    premiums = {name: value.over(restored._replace(value=1.0 + restored.value)) for name, value in whole.items()}
    quoted = premiums[terms.method]
    ratios: dict[float, Valued] = {}
    for years in terms.one_in_years:
        try:
            ratios[years] = tail(yearly, periods, years, "var", curve).over(quoted)
        except ValueError:
            ratios[years] = undefined
    return Priced(pure, spread, risk, quoted, premiums, restored, pure.over(whole[terms.method]), ratios)

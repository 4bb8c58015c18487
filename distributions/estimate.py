"""Numbers with their sampling error: means, standard deviations, quantiles, tail means, probabilities, differences.

A simulated number is a sample statistic: without its error it cannot be compared with anything. Every function here
returns an `Estimate`. Sums are exact (`math.fsum`), so an estimate does not depend on the machine's vector width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

INTERVAL_SCORES = (1.96, 1.0)
"""Normal scores tried for the order-statistic interval of a quantile: 95 %, else 68 % when the sample is too small."""


@dataclass(frozen=True)
class Estimate:
    """A sample statistic with its standard error.

    Attributes
    ----------
    value : float
        The estimate [`unit`].
    standard_error : float
        One standard deviation of the sampling error [`unit`]; infinite when the sample is too small to tell.
    n : int
        Number of independent units behind it (paths, not path-years).
    unit : str
        Unit of both, "" for shares.
    """

    value: float
    standard_error: float
    n: int
    unit: str = ""

    def __str__(self) -> str:
        """`value +- standard error unit`, both rounded to the first digit of the error."""
        text = format_with_error(self.value, self.standard_error)
        return f"{text} {self.unit}".rstrip()

    def scaled(self, factor: float, unit: str) -> Estimate:
        """The same estimate in another unit, e.g. `scaled(1e-6, "million EUR")`."""
        return Estimate(self.value * factor, self.standard_error * abs(factor), self.n, unit)


SMALLEST, LARGEST = 1e-12, 1e18
"""Errors that are written without an exponent."""


def format_with_error(value: float, error: float) -> str:
    """Print `value +- error`, both rounded to the first significant digit of the error.

    An error of zero prints the value alone to six digits; an unknown one prints two digits and `+- unknown`; an
    infinite value prints `never` or `-inf`, since the only infinite statistics here are waiting times that never end.
    Errors below 1e-12 or above 1e18 are written with exponents.
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "never" if value > 0 else "-inf"
    if not math.isfinite(error):
        return f"{_plain(float(f'{value:.2g}'))} +- unknown"
    if error == 0.0:
        return _plain(value)
    if not SMALLEST <= error <= LARGEST:
        return f"{value:.6g} +- {error:.1g}"
    digits = -math.floor(math.log10(error))
    digits = -math.floor(math.log10(round(error, digits)))  # 0.096 rounds to 0.1: one digit fewer
    shown_value, shown_error = round(value, digits) + 0.0, round(error, digits)  # + 0.0 turns -0.0 into 0.0
    decimals = max(0, digits)
    return f"{shown_value:,.{decimals}f} +- {shown_error:,.{decimals}f}"


def _plain(value: float) -> str:
    """Six digits at least, all before the point; an exponent from 1e18 on."""
    return f"{value:,.0f}" if 1e6 <= abs(value) <= LARGEST else f"{value:,.6g}"


def _sample(values: ArrayLike, least: int = 1) -> NDArray[np.float64]:
    sample = np.ascontiguousarray(values, dtype=np.float64).ravel()
    if sample.size < least:
        raise ValueError(f"an estimate needs at least {least} value(s), got {sample.size}")
    if np.isnan(sample).any():
        raise ValueError("the sample holds NaN: take undefined values out first and report their share")
    return sample


def _mean_and_sd(sample: NDArray[np.float64]) -> tuple[float, float]:
    n = sample.size
    centre = math.fsum(sample) / n
    if n < 2 or not math.isfinite(centre):
        return centre, math.nan
    return centre, math.sqrt(math.fsum((sample - centre) ** 2) / (n - 1))


def mean(values: ArrayLike, unit: str = "") -> Estimate:
    """Mean of independent values; error = SD / sqrt(n).

    Parameters
    ----------
    values : (n,) array_like
        Independent values [`unit`], no NaN.
    unit : str
        Their unit.
    """
    sample = _sample(values)
    centre, spread = _mean_and_sd(sample)
    error = spread / math.sqrt(sample.size) if sample.size > 1 else math.inf
    return Estimate(centre, error, sample.size, unit)


def difference(values: ArrayLike, others: ArrayLike, unit: str = "") -> Estimate:
    """Mean of paired differences `values - others`; the pairs share their draws, so the error is that of the pairs."""
    first, second = np.asarray(values, dtype=np.float64), np.asarray(others, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"paired samples differ in shape: {first.shape} and {second.shape}")
    return mean(first - second, unit)


def standard_deviation(values: ArrayLike, unit: str = "") -> Estimate:
    """Sample standard deviation (n - 1); error from the fourth central moment, valid for any law with one.

    Sources
    -------
    Var(s^2) = (m4 - s^4 (n - 3)/(n - 1)) / n, and SE(s) = SE(s^2) / (2 s) (delta method): Rao (1973),
    Linear Statistical Inference and Its Applications, section 6h.
    """
    sample = _sample(values, least=2)
    n = sample.size
    centre, spread = _mean_and_sd(sample)
    if spread == 0.0:
        return Estimate(0.0, 0.0, n, unit)
    fourth = math.fsum((sample - centre) ** 4) / n
    variance_of_square = max(0.0, fourth - spread**4 * (n - 3) / (n - 1)) / n
    return Estimate(spread, math.sqrt(variance_of_square) / (2.0 * spread), n, unit)


def _ordered_quantile(ordered: NDArray[np.float64], probability: float) -> float:
    """Linear between order statistics (Hyndman-Fan type 7); infinite as soon as one neighbour is."""
    position = probability * (ordered.size - 1)
    low = math.floor(position)
    share = position - low
    if share == 0.0:
        return float(ordered[low])
    below, above = float(ordered[low]), float(ordered[low + 1])
    return above if math.isinf(above) or below == above else below + share * (above - below)


def _quantile_error(ordered: NDArray[np.float64], probability: float, error_of_share: float) -> float:
    """Invert the interval `probability +- z * error_of_share` on the sample; half its width / z."""
    n = ordered.size
    for score in INTERVAL_SCORES:
        low = math.floor(n * (probability - score * error_of_share)) - 1
        high = math.ceil(n * (probability + score * error_of_share))
        if low < 0 or high > n - 1:
            continue
        if ordered[low] == ordered[high]:  # also when both are infinite
            return 0.0
        return float(ordered[high] - ordered[low]) / (2.0 * score)
    return 0.0 if ordered[0] == ordered[-1] else math.inf


def quantile(values: ArrayLike, probability: float, unit: str = "") -> Estimate:
    """Quantile of independent values; error from the distribution-free order-statistic interval.

    The 95 % interval runs between the order statistics of rank n p -+ 1.96 sqrt(n p (1 - p)); the standard error is
    half its width / 1.96 (68 % interval and its half width when the sample is too small for the 95 % one; infinite when
    it is too small for both). Infinite values (paths that never pay back) are allowed.

    Parameters
    ----------
    values : (n,) array_like
        Independent values [`unit`], no NaN.
    probability : float
        Share of values below, 0..1. 0.1 is "10 % chance of less than this".

    Sources
    -------
    David and Nagaraja (2003), Order Statistics, section 7.1.
    """
    ordered = np.sort(_sample(values))
    error_of_share = math.sqrt(probability * (1.0 - probability) / ordered.size)
    error = _quantile_error(ordered, probability, error_of_share)
    return Estimate(_ordered_quantile(ordered, probability), error, ordered.size, unit)


def clustered_quantile(values: ArrayLike, probability: float, unit: str = "") -> Estimate:
    """Quantile over all years of all paths, with an error that respects that the years of one path are dependent.

    Woodruff's interval: the share of values at or below the quantile is a mean over paths, whose standard error comes
    from the spread between paths (years of one path may depend on each other in any way); that interval of shares is
    turned into an interval of values on the pooled sample. With one value a path it equals `quantile`'s.

    Parameters
    ----------
    values : (n_paths, n_years) array_like
        One row a path [`unit`], no NaN.
    probability : float
        Share of path-years below, 0..1; 0.95 of annual losses is the loss reached in 1 year in 20.

    Sources
    -------
    Woodruff (1952), Confidence intervals for medians and other position measures, JASA 47, 635-646.
    """
    return clustered_quantiles(values, [probability], unit)[0]


def clustered_quantiles(values: ArrayLike, probabilities: Sequence[float], unit: str = "") -> list[Estimate]:
    """Several quantiles of one sample; see `clustered_quantile`."""
    rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
    ordered = np.sort(_sample(rows))

    def years_below(found: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.stack([(rows <= value).sum(axis=1) for value in found], axis=1)

    return clustered_quantiles_of_sorted(ordered, probabilities, years_below, rows.shape[1], unit)


def clustered_quantiles_of_sorted(
    ordered: NDArray[np.float64],
    probabilities: Sequence[float],
    years_below: Callable[[NDArray[np.float64]], NDArray[np.integer]],
    n_years: int,
    unit: str = "",
) -> list[Estimate]:
    """The same from sorted values, for samples of which only one copy should be in memory.

    Parameters
    ----------
    ordered : (n_paths * n_years,) float64, rising
    probabilities : sequence of float
    years_below : callable
        (k,) values -> (n_paths, k) how many years of each path are at or below each value.
    n_years : int
    unit : str
    """
    values = [_ordered_quantile(ordered, probability) for probability in probabilities]
    n_paths = ordered.size // n_years
    if n_paths < 2:
        return [Estimate(value, math.inf, n_paths, unit) for value in values]
    counts = years_below(np.array(values))
    found = []
    for k, (value, probability) in enumerate(zip(values, probabilities, strict=True)):
        error_of_share = _mean_and_sd(counts[:, k] / n_years)[1] / math.sqrt(n_paths)
        found.append(Estimate(value, _quantile_error(ordered, probability, error_of_share), n_paths, unit))
    return found


def value_at_risk(losses: ArrayLike, probability: float, unit: str = "") -> Estimate:
    """Loss not exceeded with `probability`: the quantile of the losses under its insurance name."""
    return quantile(losses, probability, unit)


def tail_value_at_risk(losses: ArrayLike, probability: float, unit: str = "") -> Estimate:
    """Mean of the worst `1 - probability` of the losses, splitting a tied loss at the boundary as needed.

    Error: sqrt((Var of the tail + p (TVaR - VaR)^2) / (n (1 - p))): the second term is the error of the boundary.

    Sources
    -------
    Acerbi and Tasche (2002), On the coherence of expected shortfall, definition 2.6 (the boundary atom);
    Manistre and Hancock (2005), Variance of the CTE estimator, NAAJ 9(2), equation 2.
    """
    if not 0.0 <= probability < 1.0:
        raise ValueError(f"probability = {probability}: must be in 0..1, 1 excluded")
    ordered = np.sort(_sample(losses, least=2))
    n = ordered.size
    tail_size = n * (1.0 - probability)
    whole = min(n, math.floor(tail_size + 1e-9))
    part = max(0.0, tail_size - whole)
    tail = ordered[n - whole :]
    boundary = float(ordered[n - whole - 1]) if whole < n else float(ordered[0])
    value = (math.fsum(tail) + part * boundary) / tail_size
    variance = math.fsum((tail - value) ** 2) / whole if whole else 0.0
    error = math.sqrt((variance + probability * (value - boundary) ** 2) / tail_size) if whole else math.inf
    return Estimate(value, error, n, unit)


def probability(flags: ArrayLike) -> Estimate:
    """Share of independent trials that came true.

    The error is the standard deviation of the Jeffreys posterior, Beta(k + 1/2, n - k + 1/2): the binomial
    sqrt(p (1 - p) / n) to within 1/n, and, unlike it, not zero when nothing (or everything) happened.

    Sources
    -------
    Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion, Statistical Science 16, 101-133.
    """
    trials = np.asarray(flags, dtype=bool).ravel()
    n, hits = trials.size, int(np.count_nonzero(trials))
    if n == 0:
        raise ValueError("an estimate needs at least 1 value, got 0")
    alpha, beta = hits + 0.5, n - hits + 0.5
    return Estimate(hits / n, math.sqrt(alpha * beta / ((n + 1.0) ** 2 * (n + 2.0))), n, "")

"""Tails of many years of many paths, and what changes in them between two runs, with errors that know paths.

The years of one path share its inputs and its prices, so the path is the unit of every error here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributions.estimate import Estimate, clustered_quantile, mean


def tail_terms(losses: ArrayLike, probability: float, part: ArrayLike | None = None) -> NDArray[np.float64]:
    """One number a path whose mean is a tail mean, and whose spread is that of its error.

    Parameters
    ----------
    losses : (n_paths, n_years) array_like
        One row a path, no NaN; the worst `1 - probability` of all years are the tail.
    probability : float
        Share of years below the tail, 0..1, 1 excluded.
    part : (n_paths, n_years) array_like, optional
        What is averaged over the tail, e.g. one part of the loss, or flags; by default the losses.

    Returns
    -------
    (n_paths,) float64
        Mean over the path's years of m + w (part - m) / (1 - probability): w is the share of the year that is in the
        tail (years tied at its boundary share what room there is), and m the part at the boundary, the mean over the
        years within a quarter of the tail's size of it. m leaves the mean as it is and lets the error know that the
        boundary, too, is estimated.

    Sources
    -------
    Manistre and Hancock (2005), NAAJ 9(2), equation 2, is its variance for independent years.
    """
    if not 0.0 <= probability < 1.0:
        raise ValueError(f"probability = {probability}: must be in 0..1, 1 excluded")
    rows = np.atleast_2d(np.asarray(losses, dtype=np.float64))
    parts = rows if part is None else np.atleast_2d(np.asarray(part, dtype=np.float64))
    if parts.shape != rows.shape:
        raise ValueError(f"losses and their part differ in shape: {rows.shape} and {parts.shape}")
    flat = rows.ravel()
    if flat.size == 0 or np.isnan(rows).any() or np.isnan(parts).any():
        raise ValueError("a tail mean needs at least 1 value, and no NaN")
    size = flat.size * (1.0 - probability)
    order = np.argsort(flat, kind="stable")
    first = max(0, flat.size - math.ceil(size - 1e-9))
    boundary = flat[order[first]]
    inside = (rows > boundary).astype(np.float64)
    tied = rows == boundary
    inside[tied] = (size - inside.sum()) / np.count_nonzero(tied)
    near = order[max(0, first - math.ceil(size / 4)) : first + math.ceil(size / 4)]
    at = float(boundary) if part is None else math.fsum(parts.ravel()[near]) / near.size
    return (at + inside * (parts - at) / (1.0 - probability)).mean(axis=1)


def clustered_tail_mean(
    losses: ArrayLike, probability: float, unit: str = "", part: ArrayLike | None = None
) -> Estimate:
    """Mean of the worst `1 - probability` of all years of all paths; the years of one path may depend on each other.

    Parameters as in `tail_terms`; the error is the spread between paths of its terms.
    """
    return mean(tail_terms(losses, probability, part), unit)


def clustered_quantile_interval(values: ArrayLike, probability: float, score: float = 1.96) -> tuple[float, float]:
    """Order-statistic interval of a quantile over all years of all paths; see `clustered_quantile` for its reasons.

    Parameters
    ----------
    values : (n_paths, n_years) array_like
        One row a path, no NaN.
    probability : float
        Share of years below, 0..1.
    score : float
        Normal score of the interval: 1.96 covers 95 %.

    Returns
    -------
    (float, float)
        The values at the ends of the interval of shares; infinite at an end that lies beyond the sample, or at both
        with fewer than two paths.

    Sources
    -------
    Woodruff (1952), Confidence intervals for medians and other position measures, JASA 47, 635-646.
    """
    rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if rows.size == 0 or np.isnan(rows).any():
        raise ValueError("an interval needs at least 1 value, and no NaN")
    if rows.shape[0] < 2:
        return -math.inf, math.inf
    ordered = np.sort(rows.ravel())
    centre = clustered_quantile(rows, probability).value
    half = score * mean((rows <= centre).mean(axis=1)).standard_error
    low = math.floor(ordered.size * (probability - half)) - 1
    high = math.ceil(ordered.size * (probability + half))
    return (float(ordered[low]) if low >= 0 else -math.inf, float(ordered[high]) if high < ordered.size else math.inf)


def clustered_quantile_difference(losses: ArrayLike, others: ArrayLike, probability: float, unit: str = "") -> Estimate:
    """Quantile of the losses less that of the others, for two runs over the same paths.

    To first order the error of a quantile is that of the share of years at or below it, times a constant. So the two
    errors, by `clustered_quantile`, are correlated as the two shares are from path to path.

    Parameters
    ----------
    losses, others : (n_paths, n_years) array_like
        Row k of both is path k, no NaN.
    probability : float
        Share of years below, 0..1.

    Sources
    -------
    Bahadur (1966), A note on quantiles in large samples, Ann. Math. Stat. 37, 577-580 (the first-order form).
    """
    first, second = (np.atleast_2d(np.asarray(rows, dtype=np.float64)) for rows in (losses, others))
    if first.shape[0] != second.shape[0]:
        raise ValueError(f"runs of different numbers of paths: {first.shape[0]} and {second.shape[0]}")
    a, b = (clustered_quantile(rows, probability, unit) for rows in (first, second))
    value = a.value - b.value
    if not (math.isfinite(a.standard_error) and math.isfinite(b.standard_error)):
        return Estimate(value, math.inf, a.n, unit)
    here, there = (first <= a.value).mean(axis=1), (second <= b.value).mean(axis=1)
    spread = float(np.std(here) * np.std(there))
    together = float(np.mean((here - here.mean()) * (there - there.mean()))) / spread if spread > 0.0 else 0.0
    variance = a.standard_error**2 + b.standard_error**2 - 2.0 * together * a.standard_error * b.standard_error
    return Estimate(value, math.sqrt(max(0.0, variance)), a.n, unit)

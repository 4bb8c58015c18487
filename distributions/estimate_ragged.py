"""Shares and quantiles of trials of which each path has its own number, with errors that know paths.

Trials of one path share its inputs, so the path is the unit of every error here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributions.estimate import Estimate, _ordered_quantile, _quantile_error, probability

__all__ = ["ragged_mean", "ragged_quantile", "ragged_share"]


def ragged_share(hits: ArrayLike, trials: ArrayLike) -> Estimate:
    """Share of trials that came true, where paths have different numbers of them.

    A ratio of means over paths, its error by linearisation. Where all came true, or none, the spread between paths says
    nothing: the error is then that of as many independent trials as there are paths with any.

    Parameters
    ----------
    hits, trials : (n_paths,) array_like

    Raises
    ------
    ValueError
        If no path has a trial.

    Sources
    -------
    Cochran (1977), Sampling Techniques, equation 6.13 (ratio estimate).
    """
    found = ragged_mean(hits, trials)
    if found.value not in (0.0, 1.0):
        return found
    return Estimate(found.value, probability(np.full(found.n, found.value == 1.0)).standard_error, found.n)


def ragged_mean(totals: ArrayLike, trials: ArrayLike, unit: str = "") -> Estimate:
    """Mean over all trials of all paths, where paths have different numbers of them: see `ragged_share`.

    Parameters
    ----------
    totals : (n_paths,) array_like, sum over a path's trials [`unit`]
    trials : (n_paths,) array_like
    unit : str
    """
    k, n = np.asarray(totals, dtype=np.float64).ravel(), np.asarray(trials, dtype=np.float64).ravel()
    some = n > 0.0
    k, n = k[some], n[some]
    paths, total = n.size, math.fsum(n)
    if paths == 0:
        raise ValueError("a mean over trials needs at least one trial")
    value = math.fsum(k) / total
    if paths < 2:
        return Estimate(value, math.inf, paths, unit)
    spread = math.fsum((k - value * n) ** 2) * paths / (paths - 1.0)
    return Estimate(value, math.sqrt(spread) / total, paths, unit)


def ragged_quantile(values: ArrayLike, share: float, unit: str = "") -> Estimate:
    """Quantile over all trials of all paths, by Woodruff's interval as `distributions.estimate.clustered_quantile`.

    Parameters
    ----------
    values : (n_paths, n_trials) array_like
        One row a path [`unit`]; NaN where a path has no such trial.
    share : float
        Share of trials below, 0..1.
    unit : str
    """
    rows: NDArray[np.float64] = np.atleast_2d(np.asarray(values, dtype=np.float64))
    there = ~np.isnan(rows)
    ordered = np.sort(rows[there])
    if ordered.size == 0:
        raise ValueError("a quantile needs at least one value")
    value = _ordered_quantile(ordered, share)
    below = ragged_share((there & (rows <= value)).sum(axis=1), there.sum(axis=1))
    error = math.inf if below.n < 2 else _quantile_error(ordered, share, below.standard_error)
    return Estimate(value, error, below.n, unit)

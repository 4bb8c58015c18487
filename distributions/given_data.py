"""First-order effects from the paths of any run: how much of a result's variance one input explains by itself.

    S = Var(E[Y | X]) / Var(Y)

E[Y | X] is fitted as a line with bends over the normal score of the rank of X, so X may have any continuous law and
the effect any shape; an input with few values (an ageing law) has a mean for each. The share explained is corrected
for what as many columns would explain by chance. No further simulation is needed, inputs may depend on each other, and
chance counts as one more cause.

Sources
-------
Pearson 1905 (the correlation ratio); Plischke, Borgonovo, Smith 2013, doi 10.1016/j.ejor.2012.11.047 (first-order
effects from given data by classes of X). Bends instead of classes: a class mean has no slope within its class. The
correction: Ezekiel 1930 (adjusted R2).

Not modelled
------------
An input that is tied to another shows what both do. Effects finer than a twenty-fourth of the paths are smoothed over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributions.estimate import Estimate
from distributions.resampling import band, group_sums, weights

__all__ = ["FEW_VALUES", "FirstOrder", "basis", "first_order", "is_few", "scores"]

Array = NDArray[np.float64]

FEW_VALUES = 12
"""An input with no more different values than this is one of classes."""
MOST_KNOTS, LEAST_KNOTS, PATHS_PER_KNOT = 24, 3, 40
RIDGE = 1e-9


class FirstOrder(NamedTuple):
    """Share of the variance, its error, and the ends of its 95 % bootstrap band."""

    share: Estimate
    low: float
    high: float


def is_few(x: Array) -> bool:
    """Is this an input of classes rather than of numbers?"""
    return np.unique(x).size <= FEW_VALUES


def scores(x: ArrayLike) -> Array:
    """Normal scores of the ranks of x, (n,): Phi^-1((rank - 1/2) / n); equal values share their mean rank."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    values = np.asarray(x, dtype=np.float64)
    return np.asarray(ndtri((rankdata(values) - 0.5) / values.size), dtype=np.float64)


def basis(x: ArrayLike) -> Array:
    """Columns that fit E[Y | X], (n, k); they add up to 1.

    Classes: one column each. Numbers: hats over normal scores with knots at even shares of the paths, so a fit is a
    continuous line with bends at the knots, straight beyond the outer two.
    """
    values = np.asarray(x, dtype=np.float64)
    if is_few(values):
        return (values[:, None] == np.unique(values)[None, :]).astype(np.float64)
    z = scores(values)
    count = int(np.clip(values.size // PATHS_PER_KNOT, LEAST_KNOTS, MOST_KNOTS))
    knots = np.quantile(z, (np.arange(count) + 0.5) / count)
    place = np.clip(np.searchsorted(knots, z) - 1, 0, count - 2)
    share = (z - knots[place]) / (knots[place + 1] - knots[place])
    out = np.zeros((values.size, count))
    rows = np.arange(values.size)
    out[rows, place] = 1.0 - share
    out[rows, place + 1] += share
    return out


def first_order(x: ArrayLike, y: ArrayLike, alone: ArrayLike | None = None, seed: int = 0) -> FirstOrder | None:
    """First-order effect of x on y.

    Parameters
    ----------
    x, y : (n_paths,) float64
        Input and result of the same paths, no NaN.
    alone : (n_paths,) float64, optional
        y less any function of inputs that are independent of x. E[Y | X] is the same but for a constant, whatever the
        function, and stands out better.
    seed : int
        Of the bootstrap.

    Returns
    -------
    FirstOrder or None
        None where x or y does not vary, or with fewer than 120 paths. May be a little below 0 by its error.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n = b.size
    if n < LEAST_KNOTS * PATHS_PER_KNOT or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return None
    columns = basis(a)
    left = b if alone is None else np.asarray(alone, dtype=np.float64)
    left, b = (left - left.mean()) / b.std(), (b - b.mean()) / b.std()
    square = group_sums(columns[:, :, None] * columns[:, None, :])
    cross = group_sums(columns * left[:, None])
    sums = group_sums(np.column_stack([np.ones(n), b, b * b, left, left * left]))
    value = float(_share(square.sum(axis=0)[None], cross.sum(axis=0)[None], sums.sum(axis=0)[None])[0])
    w = weights(n, seed)
    flat = (w @ square.reshape(w.shape[1], -1)).reshape(-1, *square.shape[1:])
    error, low, high = band(value, _share(flat, w @ cross, w @ sums))
    return FirstOrder(Estimate(value, error, n), low, high)


def _share(square: Array, cross: Array, sums: Array) -> Array:
    """Share explained of each replicate, less that of chance, from its sums: (m, k, k), (m, k), (m, 5) -> (m,)."""
    count, total, squares, total_left, squares_left = sums.T
    k = cross.shape[1]
    ridge = RIDGE * count[:, None, None] * np.eye(k)
    fit = np.linalg.solve(square + ridge, cross[..., None])[..., 0]
    rest = squares_left - (fit * cross).sum(axis=1)
    explained = squares_left - total_left**2 / count - rest
    free = (square.diagonal(axis1=1, axis2=2) > 0.0).sum(axis=1)
    by_chance = (free - 1.0) * rest / (count - free)
    return np.asarray((explained - by_chance) / (squares - total**2 / count), dtype=np.float64)

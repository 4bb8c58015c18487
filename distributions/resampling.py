"""Bootstrap over groups of paths: how much a statistic of sums would differ in another run of the same size.

Paths are independent, so groups of them are; a statistic that is a function of sums over paths is resampled by adding
the groups' sums, which costs no more for a million paths than for a thousand.

Sources
-------
Efron, Tibshirani 1993, An Introduction to the Bootstrap, chapter 6; groups instead of paths: the same for statistics
that are smooth functions of sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distributions._jit import njit
from distributions.streams import Process, address, two_uniforms

__all__ = ["GROUPS", "REPLICATES", "band", "group_of", "group_sums", "weights"]

GROUPS = 256
REPLICATES = 400
WORD = int(Process.RESAMPLE) << 16
ENDS = (0.025, 0.975)


@njit
def _count(out, seed):
    """`out` : (replicates, groups), how often each group was drawn."""
    word = address(WORD >> 16, 0)
    for row in range(out.shape[0]):
        for k in range(out.shape[1]):
            u, _ = two_uniforms(k, word, row, seed)
            out[row, int(u * out.shape[1])] += 1.0


def group_of(n: int) -> NDArray[np.int64]:
    """Group of each of n paths, (n,): at most `GROUPS`, as even as can be."""
    return np.arange(n, dtype=np.int64) % min(n, GROUPS)


def group_sums(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the rows of each group.

    Parameters
    ----------
    terms : (n_paths, ...) float64

    Returns
    -------
    (n_groups, ...) float64
    """
    n = terms.shape[0]
    groups = min(n, GROUPS)
    padded = np.zeros((-(-n // groups) * groups, *terms.shape[1:]))
    padded[:n] = terms
    return padded.reshape(-1, groups, *terms.shape[1:]).sum(axis=0)


def weights(n: int, seed: int = 0, replicates: int = REPLICATES) -> NDArray[np.float64]:
    """How often each group of n paths is in each replicate, (replicates, n_groups).

    Draws: RESAMPLE, draw = place in the sample, path = replicate.
    """
    out = np.zeros((replicates, min(n, GROUPS)))
    _count(out, seed)
    return out


def band(value: float, replicates: NDArray[np.float64]) -> tuple[float, float, float]:
    """Standard error and the ends of the 95 % band of a value from its replicates, which are centred on it.

    Centred, since a share of a variance explained is larger in a sample with repeats than in one without.
    """
    good = replicates[np.isfinite(replicates)]
    if good.size < 2:
        return float("inf"), float("-inf"), float("inf")
    low, high = np.quantile(good - good.mean(), ENDS)
    return float(np.std(good, ddof=1)), value + float(low), value + float(high)

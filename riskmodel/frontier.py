"""Mean against tail: which of several choices is best for a stated appetite for risk, and which cannot be told apart.

The tail measure is the CVaR: the mean of the worst share of the paths. The score of a choice is

    appetite * mean + (1 - appetite) * CVaR

1 asks for the mean alone, 0 for the worst paths alone. Choices are compared path by path on the same draws. A choice is
said to be worse when some other beats it in a one-sided test at level `LEVEL / (choices - 1)` (Bonferroni); the others
are those that cannot be told apart from the best. So the truly best choice is among those with a chance of at least
1 - LEVEL, however many choices there are and whichever came out best.

Sources
-------
Rockafellar, Uryasev 2000, doi 10.21314/JOR.2000.038 (CVaR); Gupta 1965, doi 10.1080/00401706.1965.10490251 (subset
that holds the best). Error of a CVaR: see `distributions.estimate_tails.tail_terms`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate, mean
from distributions.estimate_tails import tail_terms

__all__ = ["LEVEL", "Best", "Choice", "best_choice", "cvar", "frontier"]

Array = NDArray[np.float64]

LEVEL = 0.05


class Choice(NamedTuple):
    """One choice beside the others.

    Attributes
    ----------
    mean, cvar : Estimate [EUR]
    efficient : bool, no other choice has both a mean and a CVaR at least as high, and one of them higher
    """

    mean: Estimate
    cvar: Estimate
    efficient: bool


class Best(NamedTuple):
    """What is best for one appetite.

    Attributes
    ----------
    appetite : float
    choice : int, the one with the highest score
    score, mean, cvar : list of Estimate, each choice less the best, path by path [EUR]
    told_apart : list of bool, True for a choice that is worse than some other, beyond the chance of the sample
    """

    appetite: float
    choice: int
    score: list[Estimate]
    mean: list[Estimate]
    cvar: list[Estimate]
    told_apart: list[bool]


def cvar(values: Array, share: float) -> Estimate:
    """Mean of the worst (lowest) `share` of the values, (n_paths,) [EUR]."""
    return mean(-tail_terms(-values[:, None], 1.0 - share))


def frontier(values: Array, share: float) -> list[Choice]:
    """Mean and CVaR of each choice.

    Parameters
    ----------
    values : (n_paths, n_choices) float64 [EUR]
        What each choice comes to on the same paths; high is good.
    share : float
        Share of the paths that are the tail, 0..1.
    """
    means = [mean(column) for column in values.T]
    tails = [cvar(column, share) for column in values.T]
    points = [(a.value, b.value) for a, b in zip(means, tails, strict=True)]
    efficient = [
        not any(p[0] >= q[0] and p[1] >= q[1] and p != q for j, p in enumerate(points) if j != k)
        for k, q in enumerate(points)
    ]
    return [Choice(*row) for row in zip(means, tails, efficient, strict=True)]


def best_choice(values: Array, share: float, appetite: float) -> Best:
    """The best choice for an appetite, and how far it can be told from the others.

    Parameters
    ----------
    values, share : as in `frontier`
    appetite : float, 0 (the worst paths alone) to 1 (the mean alone)
    """
    tails = np.column_stack([-tail_terms(-column[:, None], 1.0 - share) for column in values.T])
    terms = appetite * values + (1.0 - appetite) * tails
    best = int(np.argmax(terms.mean(axis=0)))
    n, k = values.shape
    limit = _limit(n, k)
    beaten = []
    for j in range(k):
        ahead = terms - terms[:, [j]]
        by, error = ahead.mean(axis=0), ahead.std(axis=0, ddof=1) / math.sqrt(n)
        beaten.append(bool(np.any((by > limit * error) & (by > 0.0))))

    def less(columns: Array) -> list[Estimate]:
        return [mean(columns[:, j] - columns[:, best]) for j in range(k)]

    return Best(appetite, best, less(terms), less(values), less(tails), beaten)


def _limit(n: int, choices: int) -> float:
    """Errors by which one choice must beat another; infinite with fewer than two paths."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 1.0 - LEVEL / max(1, choices - 1))) if n > 1 else math.inf

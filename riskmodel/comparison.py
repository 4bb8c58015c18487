"""Strategies compared path by path: who beats whom, regret, and stochastic dominance with its evidence."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions import estimate as est
from distributions.estimate import Estimate
from distributions.resampling import REPLICATES, group_of, weights

__all__ = ["Dominance", "Pair", "compare", "dominance", "expected_regret"]

Array = NDArray[np.float64]

SHOWN, EXCLUDED = 0.95, 0.05
"""Shares of resamples from which on a dominance counts as shown, and up to which as excluded."""
PER_CHUNK = 20
ROUNDING = 1e-12


class Dominance(NamedTuple):
    """Whether one strategy dominates another, and how sure that is.

    Attributes
    ----------
    answer : "shown", "not shown" or "excluded"
    in_sample : does it hold for the simulated paths?
    share : share of bootstrap resamples of the paths in which it holds
    """

    answer: str
    in_sample: bool
    share: float


class Pair(NamedTuple):
    """One strategy against another on the same paths.

    Attributes
    ----------
    first, other : names
    difference : Estimate, mean of the paired differences
    beats : Estimate, share of paths in which `first` is above `other`
    first_order, second_order : Dominance of `first` over `other`
    first_order_back, second_order_back : of `other` over `first`
    """

    first: str
    other: str
    difference: Estimate
    beats: Estimate
    first_order: Dominance
    second_order: Dominance
    first_order_back: Dominance
    second_order_back: Dominance


def expected_regret(values: Array, unit: str = "") -> list[Estimate]:
    """Mean of what the best strategy of each path brings more, by strategy.

    Parameters
    ----------
    values : (n_paths, n_strategies) float64
    """
    best = values.max(axis=1)
    return [est.mean(best - values[:, k], unit) for k in range(values.shape[1])]


def compare(values: Array, names: list[str], unit: str = "", seed: int = 0) -> list[Pair]:
    """Every pair of strategies, the one with the higher mean first.

    Parameters
    ----------
    values : (n_paths, n_strategies) float64
        More is better.
    """
    ranked = sorted(range(len(names)), key=lambda k: -float(values[:, k].mean()))
    pairs = []
    for place, k in enumerate(ranked):
        for j in ranked[place + 1 :]:
            a, b = values[:, k], values[:, j]
            answers = dominance(a, b, seed)
            pairs.append(Pair(names[k], names[j], est.difference(a, b, unit), est.probability(a > b), *answers))
    return pairs


def dominance(a: Array, b: Array, seed: int = 0) -> tuple[Dominance, Dominance, Dominance, Dominance]:
    """First- and second-order stochastic dominance of a over b, then of b over a.

    First order: at every value, a is below it no more often than b. Second order: the integral of that difference is
    never above 0 (who shuns risk prefers a, whatever the degree). Both with a strict difference somewhere.

    The evidence is a bootstrap of the paths, in pairs: the share of resamples in which the order holds throughout.
    It is shown where it holds for the simulated paths and in 95 % of the resamples, excluded where it fails for the
    simulated paths and in 95 % of the resamples, and else not shown. Tails beyond the simulated paths are not seen.

    Parameters
    ----------
    a, b : (n_paths,) float64
        Paired values, more is better.

    Sources
    -------
    Hadar, Russell 1969, Rules for ordering uncertain prospects; Davidson, Duclos 2013, Econometric Reviews 32, on why
    dominance must be shown by rejecting its absence.
    """
    n = a.size
    pooled = np.concatenate([a, b])
    order = np.argsort(pooled, kind="stable")
    ordered = pooled[order]
    ends = np.append(ordered[1:] != ordered[:-1], True)
    sign = np.where(order < n, 1.0, -1.0)
    path = order % n
    here = _orders(np.ones((1, n))[:, path] * sign, ordered, ends)[0]
    drawn, group = _weights(n, seed), group_of(n)
    held = np.zeros(4)
    for first in range(0, REPLICATES, PER_CHUNK):
        chunk = drawn[first : first + PER_CHUNK][:, group][:, path] * sign
        held += _orders(chunk, ordered, ends).sum(axis=0)
    found = [_answer(bool(h), float(s)) for h, s in zip(here, held / REPLICATES, strict=True)]
    return found[0], found[1], found[2], found[3]


@functools.lru_cache(maxsize=2)
def _weights(n: int, seed: int) -> Array:
    return weights(n, seed)


def _orders(signed: Array, ordered: Array, ends: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows, 4) whether a dominates b in the first and in the second order, and b dominates a.

    `signed` : (rows, 2 n) how often each value counts, those of b negative, in the order of `ordered`
    """
    excess = np.cumsum(signed, axis=1)  # how much more often a is at or below each value
    at_ends = excess[:, ends]
    area = np.cumsum(excess[:, :-1] * np.diff(ordered), axis=1)
    slack = ROUNDING * signed.shape[1] * float(np.ptp(ordered))
    a_first, b_first = (at_ends <= 0).all(axis=1), (at_ends >= 0).all(axis=1)
    a_second, b_second = (area <= slack).all(axis=1), (area >= -slack).all(axis=1)
    differs = (at_ends != 0).any(axis=1)
    return np.column_stack([a_first, a_second, b_first, b_second]) & differs[:, None]


def _answer(in_sample: bool, share: float) -> Dominance:
    if in_sample and share >= SHOWN:
        return Dominance("shown", in_sample, share)
    return Dominance("excluded" if not in_sample and share <= EXCLUDED else "not shown", in_sample, share)

"""A fitted stand-in for a simulation: a sparse sum of polynomials of its inputs, from the paths of any run.

    Y = c0 + sum of c_t * P_t(z) + what is left: chance, and what the polynomials do not follow

z are normal scores of the inputs (decorrelated inside a block of tied inputs), P_t products of normalised Hermite
polynomials, which are uncorrelated with each other and have variance 1. So the squares of the coefficients are shares
of the variance: the terms of a block alone are its own effect, all terms that hold it are its total effect. The terms
are chosen one by one, each the one that explains most of what is left, while it explains more than the best of as many
terms of pure chance would (a penalty of 2 ln(candidates) a term).

Sources
-------
Sudret 2008, doi 10.1016/j.ress.2007.04.002 (Sobol indices from polynomial chaos); Blatman, Sudret 2011,
doi 10.1016/j.jcp.2010.12.021 (sparse choice); Foster, George 1994, doi 10.1214/aos/1176325766 (the penalty).

Valid for
---------
Blocks of inputs that are independent of each other. `r2_other_paths` says how much of the variance of paths that were
not fitted is explained; a total effect may miss up to what is neither explained nor chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from distributions.given_data import is_few, scores
from distributions.resampling import band, group_sums, weights

__all__ = ["Surrogate", "Term", "choose_terms", "fit_surrogate"]

Array = NDArray[np.float64]

DEGREE = 4
IN_PAIRS, PAIRS = 8, 40
"""Coordinates with the largest effects of their own whose products of higher degree are tried; pairs of any two
coordinates tried, those whose product explains most of what single inputs do not."""
MOST_TERMS, PATHS_PER_TERM, FOLDS = 60, 12, 5
SINGULAR = 1e-8


class Term(NamedTuple):
    """One polynomial: the blocks it holds, and its factors as (coordinate, degree)."""

    blocks: frozenset[int]
    factors: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Surrogate:
    """A fitted sum of polynomials.

    Attributes
    ----------
    terms : tuple of Term
    values : (n_paths, n_terms) float64, each term on each path
    coefficients : (n_terms,) float64 [unit of y]
    y : (n_paths,) float64, what was fitted
    r2_other_paths : float
        Share of the variance explained on paths that were not fitted (5-fold cross validation, choice included).
    """

    terms: tuple[Term, ...]
    values: Array
    coefficients: Array
    y: Array
    r2_other_paths: float

    def without(self, blocks: Iterable[int]) -> Array:
        """(n_paths,) y less the terms that hold none of these blocks: what others do, taken off."""
        mine = set(blocks)
        others = [k for k, term in enumerate(self.terms) if not term.blocks & mine]
        return np.asarray(self.y - self.values[:, others] @ self.coefficients[others], dtype=np.float64)

    def effects(self, groups: Sequence[Iterable[int]], seed: int = 0) -> list[tuple[Estimate, Estimate]]:
        """Own and total effect of groups of blocks, as shares of the variance of y.

        Own: terms of blocks of the group alone. Total: all terms that hold one of them. Errors from a bootstrap in
        which the choice of terms is kept.
        """
        n, k = self.values.shape
        columns = np.column_stack([np.ones(n), self.values])
        y = (self.y - self.y.mean()) / self.y.std()
        square, cross = group_sums(columns[:, :, None] * columns[:, None, :]), group_sums(columns * y[:, None])
        squares = group_sums(np.column_stack([np.ones(n), y, y * y]))
        w = weights(n, seed)
        whole = _shares(square.sum(axis=0)[None], cross.sum(axis=0)[None], squares.sum(axis=0)[None])[0]
        flat = (w @ square.reshape(w.shape[1], -1)).reshape(-1, k + 1, k + 1)
        replicates = _shares(flat, w @ cross, w @ squares)

        def estimate(chosen: list[int]) -> Estimate:
            value = float(whole[chosen].sum())
            return Estimate(value, band(value, replicates[:, chosen].sum(axis=1))[0], n)

        found = []
        for group in groups:
            mine = frozenset(group)
            own = [j for j, term in enumerate(self.terms) if term.blocks <= mine]
            total = [j for j, term in enumerate(self.terms) if term.blocks & mine]
            found.append((estimate(own), estimate(total)))
        return found


def _shares(square: Array, cross: Array, sums: Array) -> Array:
    """(m, terms) squares of the coefficients over the variance, less what chance alone would make of them."""
    count, total, squares = sums.T
    inverse = np.linalg.inv(square + SINGULAR * count[:, None, None] * np.eye(square.shape[1]))
    fit = np.einsum("mij,mj->mi", inverse, cross)
    left = np.maximum(squares - (fit * cross).sum(axis=1), 0.0) / (count - square.shape[1])
    noise = left[:, None] * inverse.diagonal(axis1=1, axis2=2)
    variance = squares / count - (total / count) ** 2
    return np.asarray(((fit**2 - noise) / variance[:, None])[:, 1:], dtype=np.float64)


def fit_surrogate(blocks: Sequence[Array], y: Array) -> Surrogate:
    """Fit a sum of polynomials to a result.

    Parameters
    ----------
    blocks : sequence of (n_paths, d) float64
        Inputs of the same paths, one array a block; inputs of one block may be tied to each other.
    y : (n_paths,) float64
    """
    coordinates, owners = _coordinates(blocks)
    terms, columns = _candidates(coordinates, owners, y)
    chosen = choose_terms(columns, y)
    kept = columns[:, chosen]
    whole = np.column_stack([np.ones(y.size), kept])
    fit = np.linalg.lstsq(whole, y, rcond=None)[0]
    slopes = np.asarray(fit[1:], dtype=np.float64)
    return Surrogate(tuple(terms[k] for k in chosen), kept, slopes, y, _on_other_paths(columns, y))


def _coordinates(blocks: Sequence[Array]) -> tuple[list[Array], list[int]]:
    """Each coordinate as (n, degrees) of its polynomials, and its block."""
    found, owners = [], []
    for owner, block in enumerate(blocks):
        for column in _independent(block):
            found.append(_contrasts(column) if is_few(column) else _hermite(column))
            owners.append(owner)
    return found, owners


def _independent(block: Array) -> list[Array]:
    """Scores of the inputs of a block, uncorrelated; classes as they are."""
    numbers = [block[:, k] for k in range(block.shape[1]) if not is_few(block[:, k])]
    classes = [block[:, k] for k in range(block.shape[1]) if np.ptp(block[:, k]) > 0.0 and is_few(block[:, k])]
    if not numbers:
        return classes
    z = np.column_stack([scores(column) for column in numbers])
    q, _ = np.linalg.qr(z)
    signs = np.sign((q * z).sum(axis=0))
    return [*(q * signs * np.sqrt(z.shape[0])).T, *classes]


def _hermite(z: Array) -> Array:
    z = z / z.std()
    return np.column_stack(
        [z, (z**2 - 1.0) / 2.0**0.5, (z**3 - 3.0 * z) / 6.0**0.5, (z**4 - 6.0 * z**2 + 3.0) / 24.0**0.5]
    )


def _contrasts(x: Array) -> Array:
    """Classes less one as columns of mean 0 and variance 1, uncorrelated."""
    member = (x[:, None] == np.unique(x)[None, :-1]).astype(np.float64)
    q, _ = np.linalg.qr(member - member.mean(axis=0))
    return np.asarray(q * np.sqrt(x.size), dtype=np.float64)


def _candidates(coordinates: list[Array], owners: list[int], y: Array) -> tuple[list[Term], Array]:
    """All polynomials of one coordinate, and products of two that could matter."""
    places = [(k, degree) for k, parts in enumerate(coordinates) for degree in range(parts.shape[1])]
    single = np.column_stack([coordinates[k][:, degree] for k, degree in places])
    terms = [Term(frozenset([owners[k]]), ((k, degree + 1),)) for k, degree in places]
    chosen = choose_terms(single, y)
    design = np.column_stack([np.ones(y.size), single[:, chosen]])
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    products = _pairs_left(coordinates, left)
    strength = [float(((parts.T @ (y - y.mean())) ** 2).sum()) for parts in coordinates]
    strongest = sorted(np.argsort(strength)[::-1][:IN_PAIRS].tolist())
    products += [(a, b, p, q) for a in strongest for b in strongest if a < b for p, q in ((1, 0), (0, 1))]
    columns = []
    for a, b, p, q in dict.fromkeys(products):
        if p < coordinates[a].shape[1] and q < coordinates[b].shape[1]:
            terms.append(Term(frozenset([owners[a], owners[b]]), ((a, p + 1), (b, q + 1))))
            columns.append(coordinates[a][:, p] * coordinates[b][:, q])
    return terms, np.column_stack([single, *columns])


def _pairs_left(coordinates: list[Array], left: Array) -> list[tuple[int, int, int, int]]:
    """Pairs of coordinates whose product of first degree goes most with what is left."""
    z = np.column_stack([parts[:, 0] for parts in coordinates])
    match = np.triu(np.abs(z.T @ (z * left[:, None])), 1)
    best = np.argsort(match, axis=None)[::-1][: min(PAIRS, z.shape[1] * (z.shape[1] - 1) // 2)]
    return [(int(k) // z.shape[1], int(k) % z.shape[1], 0, 0) for k in best]


def choose_terms(columns: Array, y: Array) -> list[int]:
    """Terms in the order of choice."""
    n = y.size
    most = max(1, min(MOST_TERMS, n // PATHS_PER_TERM, columns.shape[1]))
    centred = columns - columns.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(scale > 0.0, scale, 1.0)
    left, basis = y - y.mean(), np.zeros((n, 0))
    order: list[int] = []
    free = scale > 0.0
    penalty = 2.0 * np.log(columns.shape[1] + 1.0)
    while len(order) < most and np.any(free):
        match = np.abs(unit.T @ left) * free
        k = int(np.argmax(match))
        free[k] = False
        new = unit[:, k] - basis @ (basis.T @ unit[:, k])
        size = float(np.sqrt(new @ new))
        if size < SINGULAR:
            continue
        new /= size
        gain, before = float(new @ left) ** 2, float(left @ left)
        if before - gain <= 0.0 or gain / ((before - gain) / (n - len(order) - 2.0)) <= penalty:
            break
        left = left - new * float(new @ left)
        basis = np.column_stack([basis, new])
        order.append(k)
    return order


def _on_other_paths(columns: Array, y: Array) -> float:
    """R2 of five fits, each on four fifths of the paths, for the fifth that it has not seen."""
    fold = np.arange(y.size) % FOLDS
    wrong = 0.0
    for k in range(FOLDS):
        seen = fold != k
        chosen = choose_terms(columns[seen], y[seen])
        design = np.column_stack([np.ones(y.size), columns[:, chosen]])
        fit = np.linalg.lstsq(design[seen], y[seen], rcond=None)[0]
        wrong += float(((y[~seen] - design[~seen] @ fit) ** 2).sum())
    return 1.0 - wrong / float(((y - y.mean()) ** 2).sum())

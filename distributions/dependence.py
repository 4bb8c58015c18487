"""Dependence between scalar inputs: the Gaussian copula, and the nearest matrix that can be one.

Nothing here calls BLAS or LAPACK, whose sums depend on the machine and its threads: a path has the same bits alone and
among others. `t_copula` is the other copula, for extremes that come together.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from distributions._jit import njit
from distributions.inverse_normal import ndtr64, ndtri64
from distributions.laws_base import FloatArray

__all__ = ["CorrelationWarning", "Repair", "correlated_uniforms", "nearest_correlation", "repair", "tied_scores"]

LOWEST = 2.0**-1022
HIGHEST = 1.0 - 2.0**-53
SINGULAR = 1e-10
"""A pivot this near zero counts as zero: the variable follows from those before it."""

PROJECTIONS = 2000
CONVERGED = 1e-12
TOWARDS_IDENTITY = 1e-9
SWEEPS = 60


class CorrelationWarning(UserWarning):
    """A correlation matrix was repaired."""


class Repair(NamedTuple):
    """A correlation matrix made possible.

    Attributes
    ----------
    matrix : (k, k) float64
        The matrix given, if it was possible; else the nearest possible one in the Frobenius norm.
    distance : float
        From the one given to this one, in that norm; 0 if nothing was changed.
    largest_change : float
        Of any one entry.
    """

    matrix: FloatArray
    distance: float
    largest_change: float

    def text(self) -> str:
        """What was changed, in words; empty if nothing was."""
        if self.distance == 0.0:
            return ""
        return (
            f"no set of variables can have the given correlation matrix: the nearest valid one is used, "
            f"{self.distance:.3g} away; its largest change to one entry is {self.largest_change:.3g}"
        )


@njit
def cholesky(correlation, factor):
    """Lower factor L with L L' = correlation. Writes `factor`, (k, k), zero on entry; returns 1 if there is none."""
    k = correlation.shape[0]
    for j in range(k):
        pivot = correlation[j, j]
        for m in range(j):
            pivot -= factor[j, m] * factor[j, m]
        if pivot < -SINGULAR:
            return 1
        factor[j, j] = math.sqrt(pivot) if pivot > SINGULAR else 0.0
        for i in range(j + 1, k):
            rest = correlation[i, j]
            for m in range(j):
                rest -= factor[i, m] * factor[j, m]
            if factor[j, j] > 0.0:
                factor[i, j] = rest / factor[j, j]
            elif abs(rest) > math.sqrt(SINGULAR):
                return 1
    return 0


@njit
def _tie(uniforms, factor, out):
    """Correlated normal scores row by row. Writes `out`, (n, k)."""
    n, k = uniforms.shape
    scores = np.empty(k)
    for row in range(n):
        for j in range(k):
            scores[j] = ndtri64(uniforms[row, j])
        for j in range(k):
            total = 0.0
            for m in range(j + 1):
                total += factor[j, m] * scores[m]
            out[row, j] = total


@njit
def _to_uniforms(uniforms, factor, scores, out):
    """Probability of each score. Writes `out`, (n, k)."""
    for row in range(scores.shape[0]):
        for j in range(scores.shape[1]):
            if factor[j, j] == 1.0:  # tied to none before it: its draw passes through untouched
                out[row, j] = uniforms[row, j]
            else:
                out[row, j] = min(max(ndtr64(scores[row, j]), LOWEST), HIGHEST)


def correlated_uniforms(u: ArrayLike, correlation: ArrayLike) -> FloatArray:
    """Tie independent uniforms together by a Gaussian copula.

    The first variable keeps its draws; each next one is bent towards those before it.

    Parameters
    ----------
    u : (n, k) float64
        Independent uniforms in (0, 1), one row a path.
    correlation : (k, k) float64
        Correlation of the normal scores. The rank correlation is ``6 / pi * arcsin(correlation / 2)``.

    Returns
    -------
    (n, k) float64
        Uniforms in (0, 1). A row depends on its own row of `u` alone.

    Raises
    ------
    ValueError
        If `correlation` is no correlation matrix; `nearest_correlation` repairs it.
    """
    uniforms, factor, scores = tied_scores(u, correlation)
    out = np.empty_like(uniforms)
    _to_uniforms(uniforms, factor, scores, out)
    return out


def tied_scores(u: ArrayLike, correlation: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Correlated normal scores of independent uniforms.

    Parameters
    ----------
    u, correlation : see `correlated_uniforms`

    Returns
    -------
    uniforms : (n, k) float64
        `u` itself.
    factor : (k, k) float64
        Lower Cholesky factor of the matrix.
    scores : (n, k) float64
    """
    uniforms = np.ascontiguousarray(u, dtype=np.float64)
    matrix = _checked(correlation)
    if uniforms.ndim != 2 or uniforms.shape[1] != matrix.shape[0]:
        raise ValueError(f"u has shape {uniforms.shape}: must be (n, {matrix.shape[0]}) for this correlation matrix")
    factor = np.zeros_like(matrix)
    if cholesky(matrix, factor):
        raise ValueError("no set of variables can have this correlation matrix: repair it with nearest_correlation")
    scores = np.empty_like(uniforms)
    _tie(uniforms, factor, scores)
    return uniforms, factor, scores


def _checked(correlation: ArrayLike) -> FloatArray:
    matrix = np.ascontiguousarray(correlation, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"correlation has shape {matrix.shape}: must be square, one row and one column a name")
    for i, j in np.ndindex(*matrix.shape):
        here = f"correlation[{i}][{j}] = {matrix[i, j]:g}"
        if not -1.0 <= matrix[i, j] <= 1.0:
            raise ValueError(f"{here}: must be from -1 to 1")
        if i == j and matrix[i, j] != 1.0:
            raise ValueError(f"{here}: must be 1, a quantity with itself")
        if matrix[i, j] != matrix[j, i]:
            raise ValueError(f"{here} but correlation[{j}][{i}] = {matrix[j, i]:g}: both must be the same")
    return matrix


@njit
def _jacobi(matrix, vectors):
    """Eigenvalues onto the diagonal of `matrix`, eigenvectors into the columns of `vectors` (cyclic Jacobi rotations).

    Sources
    -------
    Golub, Van Loan 2013, "Matrix Computations", 4th ed., section 8.5.
    """
    k = matrix.shape[0]
    for _ in range(SWEEPS):
        size = 0.0
        for p in range(k):
            for q in range(p + 1, k):
                size += matrix[p, q] * matrix[p, q]
                if matrix[p, q] == 0.0:
                    continue
                tau = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
                t = math.copysign(1.0, tau) / (abs(tau) + math.sqrt(1.0 + tau * tau))
                cosine = 1.0 / math.sqrt(1.0 + t * t)
                sine = t * cosine
                for i in range(k):
                    a, b = matrix[i, p], matrix[i, q]
                    matrix[i, p], matrix[i, q] = cosine * a - sine * b, sine * a + cosine * b
                for i in range(k):
                    a, b = matrix[p, i], matrix[q, i]
                    matrix[p, i], matrix[q, i] = cosine * a - sine * b, sine * a + cosine * b
                for i in range(k):
                    a, b = vectors[i, p], vectors[i, q]
                    vectors[i, p], vectors[i, q] = cosine * a - sine * b, sine * a + cosine * b
        if size < 1e-30:
            break


@njit
def _without_negative(matrix, out):
    """Nearest matrix with no negative eigenvalue. Writes `out`, (k, k); returns the lowest eigenvalue of `matrix`."""
    k = matrix.shape[0]
    rotated, vectors = matrix.copy(), np.eye(k)
    _jacobi(rotated, vectors)
    lowest = rotated[0, 0]
    for m in range(k):
        lowest = min(lowest, rotated[m, m])
    for i in range(k):
        for j in range(k):
            total = 0.0
            for m in range(k):
                total += vectors[i, m] * max(rotated[m, m], 0.0) * vectors[j, m]
            out[i, j] = total
    return lowest


@njit
def _alternate(start, out):
    """Alternating projections with Dykstra's correction. Writes `out`, (k, k), of unit diagonal."""
    correction = np.zeros_like(start)
    for place in range(start.size):
        out.flat[place] = start.flat[place]
    for _ in range(PROJECTIONS):
        shifted = out - correction
        projected = np.empty_like(start)
        _without_negative(shifted, projected)
        correction = projected - shifted
        step = 0.0
        for i in range(start.shape[0]):
            for j in range(start.shape[0]):
                new = 1.0 if i == j else projected[i, j]
                step = max(step, abs(new - out[i, j]))
                out[i, j] = new
        if step < CONVERGED:
            break


def repair(matrix: ArrayLike) -> Repair:
    """Nearest valid correlation matrix in the Frobenius norm, without a warning.

    Parameters
    ----------
    matrix : (k, k) float64
        Symmetric, of unit diagonal, entries from -1 to 1; perhaps with a negative eigenvalue.

    Returns
    -------
    Repair

    Sources
    -------
    Higham 2002, "Computing the nearest correlation matrix - a problem from finance", IMA Journal of Numerical Analysis
    22(3), 329-343, doi 10.1093/imanum/22.3.329, algorithm 3.3.
    """
    given = _checked(matrix)
    if _without_negative(given, np.empty_like(given)) >= -SINGULAR:
        return Repair(given.copy(), 0.0, 0.0)
    found = np.empty_like(given)
    _alternate(given, found)
    # A hair towards the identity lifts eigenvalues that rounding left just below zero.
    found = (1.0 - TOWARDS_IDENTITY) * 0.5 * (found + found.T) + TOWARDS_IDENTITY * np.eye(len(given))
    np.fill_diagonal(found, 1.0)
    found = np.clip(found, -1.0, 1.0)
    distance = math.sqrt(math.fsum(float(change) ** 2 for change in (found - given).flat))
    return Repair(found, distance, float(np.max(np.abs(found - given))))


def nearest_correlation(matrix: ArrayLike) -> tuple[FloatArray, float]:
    """Nearest valid correlation matrix and how far it is, with a warning; see `repair`.

    Returns
    -------
    (k, k) float64
        A copy of `matrix` if it is valid; else the nearest valid one in the Frobenius norm.
    float
        The distance in that norm; 0 if nothing was changed.

    Warns
    -----
    CorrelationWarning
        If the matrix was changed.
    """
    found = repair(matrix)
    if found.distance > 0.0:
        warnings.warn(found.text(), CorrelationWarning, stacklevel=2)
    return found.matrix, found.distance

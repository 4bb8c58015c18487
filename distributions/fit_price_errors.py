"""Standard errors of fitted price parameters, from the scatter of the facts they were fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from distributions.fit_prices import BENDS, FREE, PRIOR_SD, SCALED, Solution, loss

__all__ = ["NAMES", "standard_errors"]

NAMES = (*FREE, "profile_level", "hour_scale", "size_scale", *(f"bend_{k}" for k in range(BENDS)))
"""Numbers with an error, in the order of the table: the record's own, then ``profile_level`` (added to the profile),
the logarithms ``hour_scale`` and ``size_scale`` (of the profile's hourly part and of ``size``) and the four bends."""

DRAWN_SCALES = 3
"""Of ``SCALED``, those with an error."""

STEP = 1e-4

LEAST_EIGENVALUE = 2e-3
"""Correlations are pulled this far towards none, so that a table rounded to four digits (21 rows move an eigenvalue by
at most 21 * 5e-5) still has a Cholesky factor."""


def standard_errors(
    solution: Solution, target: dict[str, float], stretches: Sequence[dict[str, float]], fit_years_ratio: float
) -> dict[str, Any]:
    """Asymptotic standard errors of a fit by simulated moments.

    Parameters
    ----------
    solution : Solution
    target : dict of float
        Facts of the history.
    stretches : sequence of dict
        Facts of simulated stretches as long as the history; their covariance is that of the history's own facts. A
        bootstrap of the history by weeks or months would cut its slow level to pieces and promise too much.
    fit_years_ratio : float
        Years of history per year of the fit's simulation, whose own luck is added.

    Returns
    -------
    dict
        ``names``, their ``standard_error`` and ``correlation``, the parts of D C D' with C the covariance of the
        fit's unbounded coordinates and D the slopes of the numbers along them.

    Sources
    -------
    Gourieroux, Monfort, Renault 1993, doi 10.1002/jae.3950080507 (the sandwich; here with the fit's own weights and a
    logistic prior).
    """
    misses = np.array([loss(facts, target) for facts in stretches])
    known = np.isfinite(misses).all(axis=0)
    scatter = np.cov(misses[:, known], rowvar=False) * (1.0 + fit_years_ratio)
    slopes = solution.jacobian[known]
    prior = np.diag(1.0 / PRIOR_SD**2)
    # Facts are weighed by their tolerances; the prior keeps what they cannot tell apart at its own width.
    inverse = np.linalg.inv(slopes.T @ slopes + prior)
    middle = slopes.T @ scatter @ slopes + prior
    return _in_parameters(solution, inverse @ middle @ inverse)


def _in_parameters(solution: Solution, covariance: np.ndarray) -> dict[str, Any]:
    """From unbounded coordinates to the record's numbers, by slopes."""
    slopes = _slopes(solution)
    natural = slopes @ covariance @ slopes.T
    error = np.sqrt(np.diag(natural))
    # A bend at the end of its range does not move with its coordinate: no error, and tied to nothing.
    known = np.where(error > 0.0, error, 1.0)
    correlation = natural / np.outer(known, known)
    np.fill_diagonal(correlation, 1.0)
    pull = max(LEAST_EIGENVALUE - float(np.linalg.eigvalsh(correlation)[0]), 0.0)
    correlation = (correlation + pull * np.eye(len(NAMES))) / (1.0 + pull)
    correlation = np.round(0.5 * (correlation + correlation.T), 4)
    np.fill_diagonal(correlation, 1.0)
    # A number that the facts hardly touch is known to lie within its bounds at least.
    widest = np.full(len(NAMES), np.inf)
    widest[: len(FREE)] = [(high - low) / np.sqrt(12.0) for low, high in FREE.values()]
    error = np.array([float(f"{value:.4g}") for value in np.minimum(error, widest)])
    return {"names": list(NAMES), "standard_error": error, "correlation": correlation}


def _slopes(solution: Solution) -> np.ndarray:
    """(len(NAMES), n) derivatives of the numbers along the coordinates."""
    count = len(solution.position)
    scaled = slice(len(FREE), len(FREE) + DRAWN_SCALES)
    slopes = np.zeros((len(NAMES), count))
    first = count - len(SCALED)
    slopes[scaled, first : first + DRAWN_SCALES] = np.eye(DRAWN_SCALES)
    for k in range(count):
        shift = np.zeros(count)
        shift[k] = STEP
        up, down = solution.at(solution.position + shift), solution.at(solution.position - shift)
        slopes[: len(FREE), k] = [(up[name] - down[name]) / (2.0 * STEP) for name in FREE]
        slopes[scaled.stop :, k] = (up["bend"] - down["bend"]) / (2.0 * STEP)
    return slopes

"""Standard errors of fitted price parameters, from the scatter of the facts they were fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from distributions.fit_prices import FREE, Solution, loss

__all__ = ["standard_errors"]

PRIOR_SD = np.pi / np.sqrt(3.0)
"""A parameter spread evenly over its bounds has this standard deviation in its unbounded coordinate (logistic). It
stands in for what the facts do not say, so that a parameter they hardly touch gets a wide error and not none."""

STEP = 1e-4


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
        Standard error of each number the fit moved; ``profile_level`` of the level of y, ``hour_scale`` and
        ``size_scale`` of the logarithms of the hourly pattern and of the residual; arrays for ``bend``.

    Sources
    -------
    Gourieroux, Monfort, Renault 1993, doi 10.1002/jae.3950080507 (the sandwich; here with the fit's own weights and a
    logistic prior).
    """
    misses = np.array([loss(facts, target) for facts in stretches])
    known = np.isfinite(misses).all(axis=0)
    scatter = np.cov(misses[:, known], rowvar=False) * (1.0 + fit_years_ratio)
    slopes = solution.jacobian[known]
    prior = np.eye(slopes.shape[1]) / PRIOR_SD**2
    # Facts are weighed by their tolerances; the prior keeps what they cannot tell apart at its own width.
    inverse = np.linalg.inv(slopes.T @ slopes + prior)
    middle = slopes.T @ scatter @ slopes + prior
    return _in_parameters(solution, inverse @ middle @ inverse)


def _in_parameters(solution: Solution, covariance: np.ndarray) -> dict[str, Any]:
    """From unbounded coordinates to the record's numbers, by slopes."""
    count = len(solution.position)
    derivative = {name: np.zeros(count) for name in FREE}
    bend = np.zeros((len(solution.record["bend"]), count))
    for k in range(count):
        shift = np.zeros(count)
        shift[k] = STEP
        up, down = solution.at(solution.position + shift), solution.at(solution.position - shift)
        for name in FREE:
            derivative[name][k] = (up[name] - down[name]) / (2.0 * STEP)
        bend[:, k] = (up["bend"] - down["bend"]) / (2.0 * STEP)
    limit = {name: (high - low) / np.sqrt(12.0) for name, (low, high) in FREE.items()}
    errors: dict[str, Any] = {
        name: float(min(np.sqrt(slope @ covariance @ slope), limit[name])) for name, slope in derivative.items()
    }
    errors["bend"] = np.sqrt(np.einsum("ik,kl,il->i", bend, covariance, bend))
    for offset, name in enumerate(("profile_level", "hour_scale", "size_scale")):
        errors[name] = float(np.sqrt(covariance[count - 3 + offset, count - 3 + offset]))
    return errors

"""Weights of paths that give every input that matters the mean it is known to have.

A thousand paths draw the value of a GPU-hour a little too high or too low, and every loss with it. The law of each
input is known: paths are weighted so that polynomials of the normal scores of the inputs that move the losses have
their exact means, 0. The weights are those nearest to equal ones (least relative entropy), so they are positive. What
is left of the error is what these polynomials do not explain.

The terms are chosen on the same paths, so the weights are not quite independent of the losses: a bias that falls as
1 / paths while the error falls as its square root: with 400 to 1,000 paths it was 0.1 to 0.2 of a standard error in a
test with a skewed result.

Source: Deville and Särndal (1992), Calibration estimators in survey sampling, JASA 87, 376-382 (raking).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.chaos import choose_terms
from riskmodel.control_variates import DEGREE, LEAST_PATHS, Terms, polynomials

__all__ = ["PathWeights", "path_weights"]

Array = NDArray[np.float64]

MOST_SINGLE, PAIRED = 12, 5
PATHS_PER_TERM = 40
DIGITS = 8
"""Of the multipliers: so few of them are the same on every machine."""
STEPS, SMALL = 50, 1e-10
LARGEST = 10.0
"""Weight of a path, relative to an equal one, above which fewer terms are used."""


class PathWeights(NamedTuple):
    """Weights, and what they were fitted to.

    Attributes
    ----------
    weight : (n_paths,) float64, mean 1
    controls : (n_paths, terms) float64, polynomials whose weighted means are 0; `terms` may be 0
    inputs : tuple of int, columns of the scores that the terms use
    """

    weight: Array
    controls: Array
    inputs: tuple[int, ...]

    @staticmethod
    def equal(n_paths: int) -> PathWeights:
        """All paths weigh the same."""
        return PathWeights(np.ones(n_paths), np.zeros((n_paths, 0)), ())


def path_weights(scores: Array, targets: Array) -> PathWeights:
    """Weights of paths from the scores of their inputs.

    Parameters
    ----------
    scores : (n_paths, inputs) float64, independent and standard normal, see `riskmodel.control_variates.control_scores`
    targets : (n_paths, k) float64
        Results of the paths whose inputs are sought, such as the share of years above a loss.
    """
    n = scores.shape[0]
    terms = _chosen(scores, targets) if n >= LEAST_PATHS else []
    while terms:
        controls = polynomials(scores, terms)
        weight = _raked(controls)
        if weight is not None and weight.max() <= LARGEST:
            return PathWeights(weight, controls, tuple(sorted({place for term in terms for place, _ in term})))
        terms = terms[: len(terms) // 2]
    return PathWeights.equal(n)


def _chosen(scores: Array, targets: Array) -> Terms:
    """Polynomials of one input that most targets choose, most chosen first, and products of the leading inputs."""
    single: Terms = [((k, degree),) for k in range(scores.shape[1]) for degree in range(1, DEGREE + 1)]
    columns = polynomials(scores, single)
    votes = np.zeros(len(single))
    for target in targets.T:
        if np.ptp(target) > 0.0:
            votes[choose_terms(columns, target)] += 1.0
    order = np.argsort(-votes, kind="stable")
    found = [single[k] for k in order[:MOST_SINGLE] if votes[k] > 0.0]
    leading = list(dict.fromkeys(term[0][0] for term in found))[:PAIRED]
    pairs: Terms = [((a, 1), (b, 1)) for i, a in enumerate(leading) for b in leading[i + 1 :]]
    return (found + pairs)[: scores.shape[0] // PATHS_PER_TERM]


def _raked(controls: Array) -> Array | None:
    """Weights exp(controls @ m), mean 1, with the multipliers m that make the controls' weighted means 0 (Newton)."""
    n, k = controls.shape
    multipliers = np.zeros(k)
    for _ in range(STEPS):
        weight = _weights(controls, multipliers)
        means = weight @ controls / n
        if np.max(np.abs(means)) < SMALL:
            return _weights(controls, np.array([float(f"{m:.{DIGITS}g}") for m in multipliers]))
        curvature = (controls * weight[:, None]).T @ controls / n - np.outer(means, means)
        try:
            multipliers = multipliers - np.linalg.solve(curvature, means)
        except np.linalg.LinAlgError:
            return None
    return None


def _weights(controls: Array, multipliers: Array) -> Array:
    exponent = controls @ multipliers
    weight = np.exp(exponent - exponent.max())
    return np.asarray(weight / weight.mean(), dtype=np.float64)

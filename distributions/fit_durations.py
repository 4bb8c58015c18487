"""Laws of outage durations by likelihood: censored and late-entered events count for what they tell, tails apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Durations", "Fitted", "TailChoice", "choose_tail", "fit_law", "fit_tail", "weighted_quantile"]

LAWS = ("lognormal", "weibull", "exponential")
TAIL_QUANTILES = (0.70, 0.75, 0.80, 0.85, 0.90, 0.925, 0.95, 0.97)
LEAST_EXCEEDANCES = 25
SHAPE_LIMITS = (-0.5, 0.95)
"""Of the generalised Pareto tail: at 1 the mean is infinite."""


class Durations(NamedTuple):
    """Durations with what is known of each.

    Attributes
    ----------
    value : (n,) float64 [s]
    entry : (n,) float64 [s]
        Age at which the event came under observation; 0 when seen from its start.
    censored : (n,) bool
        True when the event was still going on when last seen.
    weight : (n,) float64
    """

    value: np.ndarray
    entry: np.ndarray
    censored: np.ndarray
    weight: np.ndarray

    def chosen(self, which: np.ndarray) -> Durations:
        """Some of the events."""
        return Durations(*(part[which] for part in self))


class Fitted(NamedTuple):
    """A fitted law.

    Attributes
    ----------
    spec : dict
        Law table, as ``distributions.laws.from_spec`` reads it [s].
    errors : dict of float
        Standard errors of the logarithm of each number (of the shape itself for a tail).
    aic : float
        Akaike's criterion on weights scaled to the effective number of events.
    """

    spec: dict[str, Any]
    errors: dict[str, float]
    aic: float


class TailChoice(NamedTuple):
    """One threshold that was tried."""

    threshold_s: float
    exceedances: int
    shape: float
    shape_error: float
    scale_s: float
    distance: float
    chosen: bool


def fit_law(durations: Durations, names: tuple[str, ...] = LAWS) -> Fitted:
    """Best of the closed-form laws by Akaike's criterion.

    Likelihood of an event: density at its duration, or survival if censored, over survival at its entry.

    Parameters
    ----------
    durations : Durations
        All values > 0.
    names : tuple of str

    Returns
    -------
    Fitted
    """
    return min((_fit_one(name, durations) for name in names), key=lambda fitted: fitted.aic)


def fit_tail(durations: Durations, threshold_s: float) -> Fitted:
    """Generalised Pareto law of what lies above a threshold, by likelihood.

    Sources
    -------
    Pickands 1975, doi 10.1214/aos/1176343003.
    """
    above = durations.chosen(durations.value > threshold_s)
    scale = float(np.average(above.value - threshold_s, weights=above.weight))
    entry = np.maximum(above.entry - threshold_s, 0.0)
    excess = Durations(above.value - threshold_s, entry, above.censored, above.weight)

    def log_survival(position: np.ndarray, x: np.ndarray) -> np.ndarray:
        beta, shape = np.exp(position[0]), position[1]
        inside = 1.0 + shape * x / beta
        if abs(shape) < 1e-6:
            return -x / beta
        return np.where(inside > 0.0, -np.log(np.maximum(inside, 1e-300)) / shape, -1e9)

    def log_density(position: np.ndarray, x: np.ndarray) -> np.ndarray:
        beta, shape = np.exp(position[0]), position[1]
        inside = np.maximum(1.0 + shape * x / beta, 1e-300)
        return log_survival(position, x) - position[0] - np.log(inside)

    bounds = [(np.log(scale) - 5.0, np.log(scale) + 5.0), SHAPE_LIMITS]
    position, errors, aic = _maximum(log_density, log_survival, excess, np.array([np.log(scale), 0.2]), bounds)
    spec = {"law": "gpd", "threshold": threshold_s, "scale": float(np.exp(position[0])), "shape": float(position[1])}
    return Fitted(spec, {"log_scale": errors[0], "shape": errors[1]}, aic)


def choose_tail(durations: Durations) -> list[TailChoice]:
    """Thresholds tried for the tail; the one whose fitted tail lies closest to the data is chosen.

    Returns
    -------
    list of TailChoice
        Empty when the log is too short for a tail.

    Sources
    -------
    Clauset, Shalizi, Newman 2009, doi 10.1137/070710111 (distance of Kolmogorov and Smirnov for the cut-off).
    """
    tried = []
    for q in TAIL_QUANTILES:
        threshold = weighted_quantile(durations.value, durations.weight, q)
        above = durations.chosen(durations.value > threshold)
        if effective_number(above.weight) < LEAST_EXCEEDANCES:
            continue
        fitted = fit_tail(durations, threshold)
        distance = _distance(above, fitted.spec)
        tried.append((threshold, len(above.value), fitted, distance))
    if not tried:
        return []
    best = min(range(len(tried)), key=lambda k: tried[k][3])
    return [
        TailChoice(u, n, f.spec["shape"], f.errors["shape"], f.spec["scale"], d, k == best)
        for k, (u, n, f, d) in enumerate(tried)
    ]


def weighted_quantile(values: np.ndarray, weights: np.ndarray, q: float) -> float:
    """Smallest value with at least the share q of the weight at or below it."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, q * total[-1])])


def effective_number(weights: np.ndarray) -> float:
    """Number of equal weights that tell as much (Kish)."""
    return float(weights.sum() ** 2 / np.sum(weights**2)) if len(weights) else 0.0


def _fit_one(name: str, durations: Durations) -> Fitted:
    from scipy.special import log_ndtr

    logs = np.log(durations.value)
    middle, spread = np.average(logs, weights=durations.weight), max(float(np.std(logs)), 0.1)

    def lognormal_survival(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        return log_ndtr(-(np.log(np.maximum(x, 1e-300)) - p[0]) / np.exp(p[1]))

    def lognormal_density(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        z = (np.log(x) - p[0]) / np.exp(p[1])
        return -0.5 * z * z - p[1] - np.log(x) - 0.5 * np.log(2.0 * np.pi)

    def weibull_survival(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        return -((x / np.exp(p[0])) ** (np.exp(p[1]) if len(p) > 1 else 1.0))

    def weibull_density(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        k = np.exp(p[1]) if len(p) > 1 else 1.0
        return np.log(k) - p[0] + (k - 1.0) * (np.log(x) - p[0]) + weibull_survival(p, x)

    if name == "lognormal":
        start = np.array([middle, np.log(spread)])
        p, e, aic = _maximum(lognormal_density, lognormal_survival, durations, start, None)
        return Fitted(
            {"law": name, "median": float(np.exp(p[0])), "sigma": float(np.exp(p[1]))},
            {"log_median": e[0], "log_sigma": e[1]},
            aic,
        )
    start = np.array([middle + 0.5, -np.log(spread)]) if name == "weibull" else np.array([middle + 0.5])
    p, e, aic = _maximum(weibull_density, weibull_survival, durations, start, None)
    if name == "weibull":
        spec = {"law": name, "shape": float(np.exp(p[1])), "scale": float(np.exp(p[0]))}
        return Fitted(spec, {"log_scale": e[0], "log_shape": e[1]}, aic)
    return Fitted({"law": name, "mean": float(np.exp(p[0]))}, {"log_mean": e[0]}, aic)


def _maximum(
    log_density: Any, log_survival: Any, durations: Durations, start: np.ndarray, bounds: Any
) -> tuple[np.ndarray, np.ndarray, float]:
    """Maximum of the likelihood, standard errors from its curvature, Akaike's criterion."""
    from scipy.optimize import minimize

    weight = durations.weight * effective_number(durations.weight) / durations.weight.sum()
    late = durations.entry > 0.0

    def cost(position: np.ndarray) -> float:
        seen = np.where(
            durations.censored, log_survival(position, durations.value), log_density(position, durations.value)
        )
        total = np.sum(weight * seen)
        if late.any():
            total -= np.sum(weight[late] * log_survival(position, durations.entry[late]))
        return float(-total) if np.isfinite(total) else 1e15

    found = minimize(cost, start, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-5, "fatol": 1e-5})
    step = 1e-3
    size = len(start)
    curvature = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            a, b = np.eye(size)[i] * step, np.eye(size)[j] * step
            corner = [cost(found.x + s * a + t * b) for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            curvature[i, j] = (corner[0] - corner[1] - corner[2] + corner[3]) / (4.0 * step * step)
    variance = np.diag(np.linalg.pinv(curvature))
    errors = np.where(variance > 0.0, np.sqrt(np.abs(variance)), np.nan)
    return found.x, errors, 2.0 * found.fun + 2.0 * size


def _distance(above: Durations, spec: dict[str, Any]) -> float:
    """Largest gap between the tail's observed and fitted probabilities; censored events are left out."""
    from distributions.laws import from_spec

    seen = above.chosen(~above.censored)
    order = np.argsort(seen.value)
    share = np.cumsum(seen.weight[order]) / seen.weight.sum()
    return float(np.max(np.abs(share - from_spec(spec).cdf(seen.value[order]))))

"""Laws of outage durations by likelihood: censored and late-entered events count for what they tell, tails apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from distributions.weighted_facts import effective_number, weighted_quantile

__all__ = ["Durations", "Fitted", "TailChoice", "choose_tail", "fit_body", "fit_law", "fit_tail"]

LAWS = ("lognormal", "weibull", "exponential")
TAIL_QUANTILES = (0.70, 0.75, 0.80, 0.85, 0.90, 0.925, 0.95, 0.97)
LEAST_EXCEEDANCES = 25
LEAST_FOR_TWO_PEAKS = 30
"""Events a body needs before it may have two peaks; Akaike's criterion decides beyond."""

LOG_STEP = 0.004
"""Events of a long log that lie closer than this in logarithm are counted together."""

MOST_SINGLE = 4000
TWO_PEAK_STARTS = ((0.3, 0.15, 0.65), (0.6, 0.3, 0.8), (0.5, 0.05, 0.5))
"""Starting points: weight of the low part, and the quantiles of the two medians."""

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
    log_mean_error : float
        Standard error of the logarithm of the mean duration.
    """

    spec: dict[str, Any]
    errors: dict[str, float]
    aic: float
    log_mean_error: float


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
    position, covariance, aic = _maximum(log_density, log_survival, excess, np.array([np.log(scale), 0.2]), bounds)
    errors = _errors(covariance)
    beta, shape = float(np.exp(position[0])), float(position[1])
    spec = {"law": "gpd", "threshold": threshold_s, "scale": beta, "shape": shape}
    # mean = threshold + beta / (1 - shape)
    part = beta / (1.0 - shape)
    slope = np.array([part, part / (1.0 - shape)]) / (threshold_s + part)
    return Fitted(spec, {"log_scale": errors[0], "shape": errors[1]}, aic, _root(slope @ covariance @ slope))


def fit_body(durations: Durations, threshold_s: float) -> Fitted:
    """Law of what lies at or below a threshold: one lognormal or two of one sigma, cut off there.

    Likelihood of an event of the whole log, whose share beyond the threshold is the one seen: an event that had not
    ended when last seen may have gone on past the threshold.

    Parameters
    ----------
    durations : Durations
        The whole log, tail and all.
    threshold_s : float [s]
        Infinite without a tail.

    Returns
    -------
    Fitted
        A ``lognormal_mixture``; with one peak its weight is 1.
    """
    above = durations.value > threshold_s
    beyond = float(durations.weight[above].sum() / durations.weight.sum())
    inside = _grouped(durations.chosen(~above))
    logs, entry = np.log(inside.value), inside.entry
    late = entry > 0.0
    top = np.log(threshold_s)
    number = effective_number(durations.chosen(~above).weight)
    weight = inside.weight * number / inside.weight.sum()
    edges = np.log(np.maximum(entry, 1e-300))

    def cost(position: np.ndarray) -> float:
        share, low, high, sigma = _two_peaks(position)
        whole = _below(top, share, low, high, sigma)
        if not whole > 1e-6:
            return 1e15
        density = np.log(_peak_density(logs, share, low, high, sigma) * (1.0 - beyond) / whole + 1e-300)
        if inside.censored.any():
            left = (1.0 - beyond) * (1.0 - _below(logs, share, low, high, sigma) / whole) + beyond
            density = np.where(inside.censored, np.log(np.maximum(left, 1e-300)), density)
        total = float(np.sum(weight * density))
        if late.any():
            left = (1.0 - beyond) * (1.0 - _below(edges[late], share, low, high, sigma) / whole) + beyond
            total -= float(np.sum(weight[late] * np.log(np.maximum(left, 1e-300))))
        return -total if np.isfinite(total) else 1e15

    return min(_body_candidates(inside, number, cost, threshold_s), key=lambda fitted: fitted.aic)


def _body_candidates(inside: Durations, number: float, cost: Any, threshold_s: float) -> list[Fitted]:
    """One peak, and where the log is long enough the best of two peaks from several starts."""
    from scipy.optimize import minimize

    logs = np.log(inside.value)
    middle = float(np.average(logs, weights=inside.weight))
    spread = max(float(np.sqrt(np.average((logs - middle) ** 2, weights=inside.weight))), 0.1)
    options: Any = {"xatol": 1e-4, "fatol": 1e-4, "maxiter": 4000, "maxfev": 4000}

    def search(start: list[float]) -> Any:
        return minimize(cost, start, method="Nelder-Mead", options=options)

    found = [search([middle, np.log(spread)])]
    if number >= LEAST_FOR_TWO_PEAKS:
        places = [
            [np.log(w / (1.0 - w)), *(np.log(weighted_quantile(inside.value, inside.weight, q)) for q in quantiles)]
            for w, *quantiles in TWO_PEAK_STARTS
        ]
        starts = [
            [w, low, np.log(max(high - low, 0.1)), np.log(0.6 * spread)] for w, low, high in places
        ]  # fmt: skip
        found.append(min((search(start) for start in starts), key=lambda run: float(run.fun)))
    scatter = float(np.sqrt(np.average((inside.value / np.average(inside.value, weights=inside.weight) - 1.0) ** 2,
                                       weights=inside.weight)) / np.sqrt(max(number, 1.0)))  # fmt: skip
    return [_body(run, threshold_s, scatter) for run in found]


def _body(run: Any, threshold_s: float, scatter: float) -> Fitted:
    share, low, high, sigma = _two_peaks(run.x)
    spec = {
        "law": "lognormal_mixture",
        "weight_low": float(share),
        "median_low": float(np.exp(low)),
        "median_high": float(np.exp(high)),
        "sigma": float(sigma),
    }
    if np.isfinite(threshold_s):
        spec["largest"] = float(threshold_s)
    return Fitted(spec, {}, 2.0 * float(run.fun) + 2.0 * len(run.x), scatter)


def _two_peaks(position: np.ndarray) -> tuple[float, float, float, float]:
    """Weight of the low part, logarithms of the two medians, sigma; from (log median, log sigma) or four numbers."""
    if len(position) == 2:
        return 1.0, float(position[0]), float(position[0]), float(np.exp(np.clip(position[1], -4.0, 2.5)))
    share = 1.0 / (1.0 + np.exp(-np.clip(position[0], -9.0, 9.0)))
    sigma = float(np.exp(np.clip(position[3], -4.0, 2.5)))
    return float(share), float(position[1]), float(position[1] + np.exp(np.clip(position[2], -5.0, 3.0))), sigma


def _below(logs: Any, share: float, low: float, high: float, sigma: float) -> Any:
    from scipy.special import ndtr

    return share * ndtr((logs - low) / sigma) + (1.0 - share) * ndtr((logs - high) / sigma)


def _peak_density(logs: np.ndarray, share: float, low: float, high: float, sigma: float) -> np.ndarray:
    """Density of the logarithm."""
    a, b = (logs - low) / sigma, (logs - high) / sigma
    values: np.ndarray = (share * np.exp(-0.5 * a * a) + (1.0 - share) * np.exp(-0.5 * b * b)) / (
        sigma * 2.5066282746310002
    )
    return values


def _grouped(durations: Durations) -> Durations:
    """Events of a long log that lie close together, as one of their weight; late and open ones stay as they are."""
    odd = durations.censored | (durations.entry > 0.0)
    if len(durations.value) <= MOST_SINGLE:
        return durations
    plain = durations.chosen(~odd)
    place, group = np.unique(np.round(np.log(plain.value) / LOG_STEP), return_inverse=True)
    weight = np.bincount(group, weights=plain.weight)
    none = np.zeros(len(place))
    together = Durations(np.exp(place * LOG_STEP), none, none.astype(bool), weight)
    return Durations(*(np.concatenate(parts) for parts in zip(together, durations.chosen(odd), strict=True)))


def choose_tail(durations: Durations) -> list[TailChoice]:
    """Thresholds tried for the tail; the one whose fitted tail lies closest to the data is chosen.

    Returns
    -------
    list of TailChoice
        Empty when the log is too short for a tail.

    Sources
    -------
    Clauset, Shalizi, Newman 2009, doi 10.1137/070710111, equation 3.11 (distance of Kolmogorov and Smirnov for the
    cut-off, weighed so that the far tail counts as much as its beginning).
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


def _fit_one(name: str, durations: Durations) -> Fitted:
    from scipy.special import digamma, log_ndtr

    logs = np.log(durations.value)
    middle, spread = np.average(logs, weights=durations.weight), max(float(np.std(logs)), 0.1)

    def lognormal_survival(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        return log_ndtr(-(np.log(np.maximum(x, 1e-300)) - p[0]) / np.exp(p[1]))

    def lognormal_density(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        z = (np.log(x) - p[0]) / np.exp(p[1])
        return -0.5 * z * z - p[1] - np.log(x) - 0.5 * np.log(2.0 * np.pi)

    def weibull_survival(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # events all alike drive the shape up
            return -((x / np.exp(p[0])) ** (np.exp(p[1]) if len(p) > 1 else 1.0))

    def weibull_density(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        k = np.exp(p[1]) if len(p) > 1 else 1.0
        return np.log(k) - p[0] + (k - 1.0) * (np.log(x) - p[0]) + weibull_survival(p, x)

    if name == "lognormal":
        start = np.array([middle, np.log(spread)])
        p, covariance, aic = _maximum(lognormal_density, lognormal_survival, durations, start, None)
        e = _errors(covariance)
        # log mean = log median + sigma^2 / 2
        slope = np.array([1.0, np.exp(2.0 * p[1])])
        return Fitted(
            {"law": name, "median": float(np.exp(p[0])), "sigma": float(np.exp(p[1]))},
            {"log_median": e[0], "log_sigma": e[1]},
            aic,
            _root(slope @ covariance @ slope),
        )
    start = np.array([middle + 0.5, -np.log(spread)]) if name == "weibull" else np.array([middle + 0.5])
    p, covariance, aic = _maximum(weibull_density, weibull_survival, durations, start, None)
    e = _errors(covariance)
    if name == "weibull":
        # log mean = log scale + log gamma(1 + 1 / shape)
        slope = np.array([1.0, -float(digamma(1.0 + np.exp(-p[1]))) * np.exp(-p[1])])
        spec = {"law": name, "shape": float(np.exp(p[1])), "scale": float(np.exp(p[0]))}
        return Fitted(spec, {"log_scale": e[0], "log_shape": e[1]}, aic, _root(slope @ covariance @ slope))
    return Fitted({"law": name, "mean": float(np.exp(p[0]))}, {"log_mean": e[0]}, aic, float(e[0]))


def _maximum(
    log_density: Any, log_survival: Any, durations: Durations, start: np.ndarray, bounds: Any
) -> tuple[np.ndarray, np.ndarray, float]:
    """Maximum of the likelihood, covariance from its curvature, Akaike's criterion."""
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
    return found.x, np.linalg.pinv(curvature), 2.0 * found.fun + 2.0 * size


def _errors(covariance: np.ndarray) -> np.ndarray:
    variance = np.diag(covariance)
    return np.where(variance > 0.0, np.sqrt(np.abs(variance)), np.nan)


def _root(variance: float) -> float:
    return float(np.sqrt(variance)) if variance > 0.0 else float("nan")


def _distance(above: Durations, spec: dict[str, Any]) -> float:
    """Largest gap between the tail's observed and fitted probabilities over the root of p (1 - p), so that the far tail
    counts; censored events are left out."""
    from distributions.laws import from_spec

    seen = above.chosen(~above.censored)
    order = np.argsort(seen.value)
    share = np.cumsum(seen.weight[order]) / seen.weight.sum()
    number = effective_number(seen.weight)
    fitted = np.clip(from_spec(spec).cdf(seen.value[order]), 0.5 / number, 1.0 - 0.5 / number)
    return float(np.max(np.abs(share - fitted) / np.sqrt(fitted * (1.0 - fitted))))

"""Fitted parameters drawn anew for each path, from the errors that their record states.

A history is short, so what was fitted to it is not known exactly: one path may have calmer prices or longer outages
than the next. Each number is drawn around its fitted value on a scale on which it cannot become impossible: shares and
autocorrelations on the logit, positive numbers on the logarithm, others as they are. The fitted value is the median.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from distributions._jit import njit
from distributions.dependence import correlated_uniforms, nearest_correlation
from distributions.inverse_normal import ndtri64
from distributions.laws_base import FloatArray

__all__ = ["IRRADIANCE", "OUTAGE_PARTS", "PRICES", "Uniforms", "draw_irradiance", "draw_outages", "draw_prices"]

REAL, POSITIVE, SHARE = range(3)
MOST_ON_LOG_SCALE = math.pi / math.sqrt(3.0)
"""A standard error says no more than that nothing is known: a share spread evenly over 0 to 1 has this standard
deviation on the logit (the logistic law)."""

LEAST_SLOPE = 0.1
"""The bent transform of prices keeps at least this slope, so that it stays a rising one."""

PRICES = {
    **{f"{part}_phi": SHARE for part in ("slow", "fast", "spread", "volatility")},
    **{f"{part}_sd": POSITIVE for part in ("slow", "fast", "spread", "volatility")},
    "hour_phi": SHARE,
    "jump_probability_per_day": SHARE,
    "jump_share_up": SHARE,
    "jump_mean_up": POSITIVE,
    "jump_mean_down": POSITIVE,
    "jump_decay": SHARE,
    "surge_probability_per_day": SHARE,
    "surge_mean": POSITIVE,
    "surge_stay": SHARE,
    "profile_level": REAL,
    "hour_scale": REAL,
    "size_scale": REAL,
    **{f"bend_{k}": REAL for k in range(4)},
}
"""Numbers of a price record that a path may have of its own, and the scale each is drawn on."""

IRRADIANCE = {"level": REAL, "day_phi": SHARE, "day_weight": SHARE, "hour_phi": SHARE, "year_sd": POSITIVE}
OUTAGE_PARTS = {"rate": "rate_log_se", "duration": "duration_log_se"}
"""Factors of an outage family, and the key of their standard error on the logarithm."""

Uniforms = Callable[[str], FloatArray]
"""Gives the (n,) uniforms of a named number, one a path."""


@njit
def _draw(out, u, middle, error, scale):
    """`out` : (n,) quantiles at `u` of a normal law on the given scale, with its median at `middle`."""
    for i in range(out.shape[0]):
        z = ndtri64(u[i])
        if scale == REAL:
            out[i] = middle + error * z
        elif scale == POSITIVE:
            out[i] = middle * math.exp(min(error / middle, MOST_ON_LOG_SCALE) * z)
        else:
            odds = math.log(middle / (1.0 - middle))
            spread = min(error / (middle * (1.0 - middle)), MOST_ON_LOG_SCALE)
            out[i] = 1.0 / (1.0 + math.exp(-odds - spread * z))


def _of_paths(u: FloatArray, middle: float, error: float, scale: int) -> FloatArray:
    at_its_end = (scale == POSITIVE and middle <= 0.0) or (scale == SHARE and not 0.0 < middle < 1.0)
    if error == 0.0 or at_its_end:
        return np.full(u.size, middle)
    out = np.empty(u.size)
    _draw(out, u, middle, error, scale)
    return out


@functools.lru_cache(maxsize=16)
def _valid(matrix: bytes, size: int) -> FloatArray:
    """A correlation matrix that was rounded when it was written, made valid again."""
    rounded = np.frombuffer(matrix).reshape(size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the change is of the size of the rounding
        return nearest_correlation(rounded)[0]


def _drawn(
    middles: dict[str, float], scales: dict[str, int], record: dict[str, Any], uniforms: Uniforms | None
) -> dict[str, FloatArray]:
    """Values of each path; as fitted where `uniforms` is None or no error is stated."""
    values: dict[str, FloatArray] = {name: np.asarray(middle) for name, middle in middles.items()}
    stated = record.get("uncertainty", {})
    names = [name for name in stated.get("names", []) if name in scales]
    if uniforms is None or not names:
        return values
    place = [stated["names"].index(name) for name in names]
    errors = [float(stated["standard_error"][k]) for k in place]
    together = np.column_stack([uniforms(name) for name in names])
    if "correlation" in stated:
        matrix = np.asarray(stated["correlation"], dtype=np.float64)[np.ix_(place, place)]
        together = correlated_uniforms(together, _valid(matrix.tobytes(), len(names)))
    for k, name in enumerate(names):
        values[name] = _of_paths(np.ascontiguousarray(together[:, k]), middles[name], errors[k], scales[name])
    return values


def draw_prices(record: dict[str, Any], uniforms: Uniforms | None) -> dict[str, FloatArray]:
    """Numbers of a price record by path, for `distributions.prices.drawn_rows`.

    Parameters
    ----------
    record : dict
        From ``distributions.parameters.load``.
    uniforms : callable, optional
        None gives every path the fitted numbers.

    Returns
    -------
    dict of name -> (n,) or () float64
    """
    middles = {name: float(record.get(name, 0.0)) for name in PRICES}
    bend = np.asarray(record.get("bend", np.zeros(4)), dtype=np.float64)
    middles |= {f"bend_{k}": float(bend[k]) for k in range(4)}
    values = _drawn(middles, PRICES, record, uniforms)
    for inner, outer in (("bend_1", "bend_0"), ("bend_2", "bend_3")):
        values[inner] = np.maximum(values[inner], LEAST_SLOPE - 1.0)
        values[outer] = np.maximum(values[outer], LEAST_SLOPE - 1.0 - values[inner])
    return values


def draw_irradiance(record: dict[str, Any], uniforms: Uniforms | None) -> dict[str, FloatArray]:
    """Numbers of an irradiance record by path, for `distributions.clearness.drawn_rows`; see `draw_prices`."""
    middles = {name: float(record.get(name, 0.0)) for name in IRRADIANCE}
    return _drawn(middles, IRRADIANCE, record, uniforms)


def draw_outages(record: dict[str, Any], families: tuple[str, ...], uniforms: Uniforms | None) -> dict[str, FloatArray]:
    """Factors on the rate and the duration of each outage family.

    Returns
    -------
    dict of "FAMILY.rate" and "FAMILY.duration" -> (n,) or () float64
        Lognormal with median 1.
    """
    stated = record.get("uncertainty", {})
    values: dict[str, FloatArray] = {}
    for family in families:
        for part, key in OUTAGE_PARTS.items():
            name, error = f"{family}.{part}", float(stated.get(family, {}).get(key, 0.0))
            if uniforms is None or error == 0.0:
                values[name] = np.asarray(1.0)
            else:
                values[name] = _of_paths(uniforms(name), 1.0, error, POSITIVE)
    return values

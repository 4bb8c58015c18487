"""Clearness of the sky hour by hour, and PV output from it.

A daily and an hourly autoregression add to a standard normal, mapped to the month's distribution of clearness (global
horizontal over clear-sky irradiance). PV output per kWp is looked up in a table by hour of the year and clearness.
Both maps are piecewise linear on equal knots and evaluated as sums of clamped ramps: no gather, so the loop
vectorises.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.lanes import normal32
from distributions.streams import Process, words_row

f = np.float32

START_WORD = int(Process.START) << 16 | 1
DAY_WORD = int(Process.PRICE_DAY) << 16 | 1
NORMAL_LOW = f(-2.5)
NORMAL_STEP = f(0.625)
CLEARNESS_STEP = f(0.15)
KNOTS = 9


class ClearnessTables(NamedTuple):
    """Constant inputs, float32.

    Attributes
    ----------
    quantile : (12, 9) clearness at standard normal values -2.5, -1.875 .. 2.5, by month
    pv : (8760, 9) AC output per kWp [kW/kWp] at clearness 0, 0.15 .. 1.2, by hour of the year
    day : (2,) phi and shock of the daily part; hour : (2,) of the hourly part
    weight : (2,) square roots of the daily and the hourly share of variance
    """

    quantile: np.ndarray
    pv: np.ndarray
    day: np.ndarray
    hour: np.ndarray
    weight: np.ndarray


def clearness_tables(parameters: dict, pv: np.ndarray) -> ClearnessTables:
    """Pack an irradiance parameter file and a site's PV table for the kernels."""
    p = parameters
    arrays = (
        p["quantile"],
        pv,
        [p["day_phi"], np.sqrt(1.0 - p["day_phi"] ** 2)],
        [p["hour_phi"], np.sqrt(1.0 - p["hour_phi"] ** 2)],
        [np.sqrt(p["day_weight"]), np.sqrt(1.0 - p["day_weight"])],
    )
    return ClearnessTables(*(np.ascontiguousarray(a, dtype=np.float32) for a in arrays))


@njit
def start_rows(day_part, hour_part, first_path, seed, words):
    """Stationary starting values. Draws: START unit 1, draw 0."""
    words_row(words, 0, START_WORD, first_path, seed)
    a, b = words[0], words[1]
    for i in range(day_part.shape[0]):
        day_part[i] = normal32(a[i])
        hour_part[i] = normal32(b[i])


@njit
def day_row(day_part, base, tables, regime, shift, words):
    """Advance the daily part; `base` receives the day's contribution to the standard normal.

    Notes
    -----
    Draws: the third word of PRICE_DAY unit 1 (the caller passes that row of words).
    """
    phi, shock, weight = tables.day[0], tables.day[1], tables.weight[0]
    for i in range(day_part.shape[0]):
        day_part[i] = phi * day_part[i] + shock * normal32(words[i])
    for i in range(day_part.shape[0]):
        base[i] = weight * day_part[i] + shift[regime[i]]


@njit
def hour_row(pv, hour_part, base, words, tables, quantile, output):
    """PV output of one hour.

    Parameters
    ----------
    pv : (n_lanes,) float32, written [kW per kWp]
    hour_part : (n_lanes,) float32, advanced
    base : (n_lanes,) float32 from `day_row`
    words : (n_lanes,) uint32 random words
    quantile : (9,) float32, the month's row; output : (9,) float32, the hour's row
    """
    phi, shock, weight = tables.hour[0], tables.hour[1], tables.weight[1]
    for i in range(pv.shape[0]):
        hour_part[i] = phi * hour_part[i] + shock * normal32(words[i])
    if output[KNOTS - 1] <= f(0.0):
        pv[:] = f(0.0)
        return
    q0, q1, q2, q3, q4 = quantile[0], quantile[1], quantile[2], quantile[3], quantile[4]
    q5, q6, q7, q8 = quantile[5], quantile[6], quantile[7], quantile[8]
    one, zero = f(1.0), f(0.0)
    inverse = f(1.0) / NORMAL_STEP
    for i in range(pv.shape[0]):
        x = (base[i] + weight * hour_part[i] - NORMAL_LOW) * inverse
        c = q0 + (q1 - q0) * min(max(x, zero), one)
        c += (q2 - q1) * min(max(x - f(1.0), zero), one)
        c += (q3 - q2) * min(max(x - f(2.0), zero), one)
        c += (q4 - q3) * min(max(x - f(3.0), zero), one)
        c += (q5 - q4) * min(max(x - f(4.0), zero), one)
        c += (q6 - q5) * min(max(x - f(5.0), zero), one)
        c += (q7 - q6) * min(max(x - f(6.0), zero), one)
        c += (q8 - q7) * min(max(x - f(7.0), zero), one)
        pv[i] = c
    _ramp_row(pv, output)


@njit
def _ramp_row(x, values):
    """Replace clearness by PV output: piecewise linear in the nine values at clearness 0, 0.15 .. 1.2."""
    v0, v1, v2, v3, v4 = values[0], values[1], values[2], values[3], values[4]
    v5, v6, v7, v8 = values[5], values[6], values[7], values[8]
    one, zero = f(1.0), f(0.0)
    inverse = f(1.0) / CLEARNESS_STEP
    for i in range(x.shape[0]):
        c = x[i] * inverse
        p = v0 + (v1 - v0) * min(max(c, zero), one)
        p += (v2 - v1) * min(max(c - f(1.0), zero), one)
        p += (v3 - v2) * min(max(c - f(2.0), zero), one)
        p += (v4 - v3) * min(max(c - f(3.0), zero), one)
        p += (v5 - v4) * min(max(c - f(4.0), zero), one)
        p += (v6 - v5) * min(max(c - f(5.0), zero), one)
        p += (v7 - v6) * min(max(c - f(6.0), zero), one)
        p += (v8 - v7) * min(max(c - f(7.0), zero), one)
        x[i] = p

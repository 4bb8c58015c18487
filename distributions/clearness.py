"""Clearness of the sky hour by hour, and PV output from it.

A daily and an hourly autoregression add to a standard normal, mapped to the month's distribution of clearness (global
horizontal over clear-sky irradiance); a shift drawn for each year makes bright and dull years. PV output per kWp is
looked up in a table by hour of the year and clearness.
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
YEAR_WORD = int(Process.LONG_RUN) << 16 | 1
NORMAL_LOW = f(-2.5)
NORMAL_STEP = f(0.625)
CLEARNESS_STEP = f(0.15)
KNOTS = 9

# rows of the numbers drawn for each path
PHI, SHOCK, DAY_WEIGHT, HOUR_WEIGHT, HOUR_PHI, HOUR_SHOCK, LEVEL, YEAR_SD = range(8)
N_DRAWN = 8


class ClearnessTables(NamedTuple):
    """Constant inputs, float32.

    Attributes
    ----------
    quantile : (12, 9) clearness at standard normal values -2.5, -1.875 .. 2.5, by month
    pv : (8760, 9) AC output per kWp [kW/kWp] at clearness 0, 0.15 .. 1.2, by hour of the year
    """

    quantile: np.ndarray
    pv: np.ndarray


def clearness_tables(parameters: dict, pv: np.ndarray) -> ClearnessTables:
    """Pack an irradiance parameter file and a site's PV table for the kernels."""
    return ClearnessTables(*(np.ascontiguousarray(a, dtype=np.float32) for a in (parameters["quantile"], pv)))


def drawn_rows(values: dict, n: int) -> np.ndarray:
    """Numbers of each path, as the kernels take them.

    Parameters
    ----------
    values : dict of name -> float or (n,) float64
        `day_phi`, `day_weight` (share of variance of the daily part), `hour_phi`, `level` (shift of the normal) and
        `year_sd` (standard deviation of the yearly shift).
    n : int, paths

    Returns
    -------
    (8, n) float32, rows named above
    """
    v = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    rows = np.empty((N_DRAWN, n))
    rows[PHI], rows[SHOCK] = v["day_phi"], np.sqrt(1.0 - v["day_phi"] ** 2)
    rows[DAY_WEIGHT], rows[HOUR_WEIGHT] = np.sqrt(v["day_weight"]), np.sqrt(1.0 - v["day_weight"])
    rows[HOUR_PHI], rows[HOUR_SHOCK] = v["hour_phi"], np.sqrt(1.0 - v["hour_phi"] ** 2)
    rows[LEVEL], rows[YEAR_SD] = v["level"], v["year_sd"]
    return rows.astype(np.float32)


@njit
def start_rows(day_part, hour_part, first_path, seed, words):
    """Stationary starting values. Draws: START unit 1, draw 0."""
    words_row(words, 0, START_WORD, first_path, seed)
    a, b = words[0], words[1]
    for i in range(day_part.shape[0]):
        day_part[i] = normal32(a[i])
        hour_part[i] = normal32(b[i])


@njit
def year_row(shift, drawn, year, first_path, seed, words):
    """Shift of the clearness normal in one year: the path's own level and the year's luck.

    Notes
    -----
    Draws: LONG_RUN unit 1, draw = year.
    """
    words_row(words, year, YEAR_WORD, first_path, seed)
    level, sd, w = drawn[LEVEL], drawn[YEAR_SD], words[0]
    for i in range(shift.shape[0]):
        shift[i] = level[i] + sd[i] * normal32(w[i])


@njit
def day_row(day_part, base, drawn, year_shift, regime, shift, words):
    """Advance the daily part; `base` receives the day's contribution to the standard normal.

    Parameters
    ----------
    day_part : (n_lanes,) float32, advanced
    base : (n_lanes,) float32, written
    drawn : (8, n_lanes) float32 from `drawn_rows`
    year_shift : (n_lanes,) float32 from `year_row`
    regime : (n_lanes,) int8, the day's weather; shift : (3,) float32

    Notes
    -----
    Draws: the third word of PRICE_DAY unit 1 (the caller passes that row of words).
    """
    phi, shock, weight = drawn[PHI], drawn[SHOCK], drawn[DAY_WEIGHT]
    for i in range(day_part.shape[0]):
        day_part[i] = phi[i] * day_part[i] + shock[i] * normal32(words[i])
    for i in range(day_part.shape[0]):
        base[i] = year_shift[i] + shift[regime[i]]
    for i in range(day_part.shape[0]):
        base[i] += weight[i] * day_part[i]


@njit
def hour_row(pv, hour_part, base, words, drawn, quantile, output):
    """PV output of one hour.

    Parameters
    ----------
    pv : (n_lanes,) float32, written [kW per kWp]
    hour_part : (n_lanes,) float32, advanced
    base : (n_lanes,) float32 from `day_row`
    words : (n_lanes,) uint32 random words
    drawn : (8, n_lanes) float32 from `drawn_rows`
    quantile : (9,) float32, the month's row; output : (9,) float32, the hour's row
    """
    phi, shock, weight = drawn[HOUR_PHI], drawn[HOUR_SHOCK], drawn[HOUR_WEIGHT]
    for i in range(pv.shape[0]):
        hour_part[i] = phi[i] * hour_part[i] + shock[i] * normal32(words[i])
    if output[KNOTS - 1] <= f(0.0):
        pv[:] = f(0.0)
        return
    q0, q1, q2, q3, q4 = quantile[0], quantile[1], quantile[2], quantile[3], quantile[4]
    q5, q6, q7, q8 = quantile[5], quantile[6], quantile[7], quantile[8]
    one, zero = f(1.0), f(0.0)
    inverse = f(1.0) / NORMAL_STEP
    for i in range(pv.shape[0]):
        x = (base[i] + weight[i] * hour_part[i] - NORMAL_LOW) * inverse
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

"""Hourly day-ahead price paths with negative hours, spikes and a daily spread that varies.

    p = offset + scale sinh(bent(y))
    y = profile[month, day type, hour] + slow + fast + jump + regime shift + spread * shape[hour]
        + exp(volatility) * size[hour] * residual

slow (weeks to years), fast (days), spread and volatility are daily first-order autoregressions, jump decays from day to
day, residual is an hourly first-order autoregression of unit variance. sinh makes negative hours and spikes natural;
`bent` adds four slopes, below two knots and above two others, so that the marginal distribution meets the history's.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.lanes import exp32, log32, normal32, uniform32
from distributions.streams import Process, words_row

f = np.float32

DAY_WORD = int(Process.PRICE_DAY) << 16
JUMP_WORD = int(Process.PRICE_DAY) << 16 | 1
START_WORD = int(Process.START) << 16

# Harmonised limits of the European single day-ahead coupling since May 2022 [EUR/MWh] (ACER decision; memory, verify).
LOWEST_PRICE = f(-500.0)
HIGHEST_PRICE = f(4000.0)
Y_LIMIT = f(7.0)

# rows of the daily state
SLOW, FAST, SPREAD, VOLATILITY, JUMP = range(5)
N_STATES = 5
# rows of the daily values that the hours use
LEVEL, SPREAD_NOW, SIZE_NOW = range(3)
N_DAILY = 3


class PriceTables(NamedTuple):
    """Constant inputs of the price process, float32.

    Attributes
    ----------
    profile : (12, 2, 24) y by month, day type (0 Monday to Friday, 1 weekend) and hour of local standard time
    shape, size : (24,) pattern of the daily spread factor; standard deviation of the hourly residual
    phi, shock : (4,) of the daily autoregressions slow, fast, spread, volatility; shock = sd sqrt(1 - phi^2)
    start : (4,) stationary standard deviations
    jump : (5,) probability a day, share up, mean up, mean down, decay a day
    hour : (2,) phi and shock of the hourly residual
    scale : (2,) offset [EUR/MWh], scale [EUR/MWh]
    bend : (8,) four knots of y, then four slopes added below the first two and above the last two; zeros bend nothing
    """

    profile: np.ndarray
    shape: np.ndarray
    size: np.ndarray
    phi: np.ndarray
    shock: np.ndarray
    start: np.ndarray
    jump: np.ndarray
    hour: np.ndarray
    scale: np.ndarray
    bend: np.ndarray


def price_tables(parameters: dict) -> PriceTables:
    """Pack a price parameter file for the kernels (float32, C order)."""
    p = parameters
    phi = np.array([p["slow_phi"], p["fast_phi"], p["spread_phi"], p["volatility_phi"]], dtype=np.float64)
    sd = np.array([p["slow_sd"], p["fast_sd"], p["spread_sd"], p["volatility_sd"]], dtype=np.float64)
    jump_keys = ("jump_probability_per_day", "jump_share_up", "jump_mean_up", "jump_mean_down", "jump_decay")
    arrays = (
        p["profile"],
        p["shape"],
        p["size"],
        phi,
        sd * np.sqrt(1.0 - phi**2),
        sd,
        [p[k] for k in jump_keys],
        [p["hour_phi"], np.sqrt(1.0 - p["hour_phi"] ** 2)],
        [p["offset"], p["scale"]],
        np.concatenate([p.get("bend_at", np.zeros(4)), p.get("bend", np.zeros(4))]),
    )
    return PriceTables(*(np.ascontiguousarray(a, dtype=np.float32) for a in arrays))


@njit
def _step_row(x, phi, shock, words):
    for i in range(x.shape[0]):
        x[i] = phi * x[i] + shock * normal32(words[i])


@njit
def _jump_row(x, words_if, words_size, jump):
    """Decay yesterday's jump and, with the daily probability, add a new one: up or down, of exponential size."""
    probability, share_up, mean_up, mean_down, decay = jump[0], jump[1], jump[2], jump[3], jump[4]
    for i in range(x.shape[0]):
        u = uniform32(words_if[i])
        size = -log32(uniform32(words_size[i]))
        signed = mean_up * size if u < probability * share_up else -mean_down * size
        x[i] = decay * x[i] + (signed if u < probability else f(0.0))


@njit
def start_rows(state, residual, tables, first_path, seed, words):
    """Stationary starting values of the daily states and the hourly residual. Draws: START, draws 0 and 1."""
    words_row(words, 0, START_WORD, first_path, seed)
    for k in range(4):
        row, sd, w = state[k], tables.start[k], words[k]
        for i in range(row.shape[0]):
            row[i] = sd * normal32(w[i])
    words_row(words, 1, START_WORD, first_path, seed)
    w = words[0]
    for i in range(residual.shape[0]):
        state[JUMP, i] = f(0.0)
        residual[i] = normal32(w[i])


@njit
def day_rows(state, daily, tables, regime, price_shift, day, first_path, seed, words):
    """Advance the daily states by one day and write what the day's hours need.

    Parameters
    ----------
    state : (5, n_lanes) float32, advanced
    daily : (3, n_lanes) float32, written: level of y, spread factor, residual size factor
    regime : (n_lanes,) int8, the day's weather
    price_shift : (3,) float32
    day : int, day of the run
    words : (4, n_lanes) uint32 scratch

    Notes
    -----
    Draws: PRICE_DAY unit 0 (slow, fast, spread, volatility) and unit 1 (jump or not, its size), draw = day of the run.
    """
    words_row(words, day, DAY_WORD, first_path, seed)
    for k in range(4):
        _step_row(state[k], tables.phi[k], tables.shock[k], words[k])
    words_row(words, day, JUMP_WORD, first_path, seed)
    _jump_row(state[JUMP], words[0], words[1], tables.jump)
    slow, fast, spread, volatility, jump = state[0], state[1], state[2], state[3], state[4]
    level, spread_now, size_now = daily[0], daily[1], daily[2]
    for i in range(level.shape[0]):
        level[i] = slow[i] + fast[i] + jump[i] + price_shift[regime[i]]
    for i in range(level.shape[0]):
        spread_now[i] = spread[i]
    for i in range(level.shape[0]):
        size_now[i] = exp32(volatility[i])


@njit
def residual_row(residual, words, hour):
    """Advance the hourly residual. `words` : (n_lanes,) random words; `hour` : (2,) float32 phi and shock."""
    phi, shock = hour[0], hour[1]
    for i in range(residual.shape[0]):
        residual[i] = phi * residual[i] + shock * normal32(words[i])


@njit
def price_row(price, residual, daily, profile, shape, size, scale, bend, factor):
    """Prices of one hour.

    Parameters
    ----------
    price : (n_lanes,) float32, written [EUR/MWh]
    residual : (n_lanes,) float32
    daily : (3, n_lanes) float32 from `day_rows`
    profile, shape, size : float32 values of the hour
    scale : (2,) float32 offset and scale; bend : (8,) float32 knots and slopes
    factor : (n_lanes,) float32, price level of the path relative to the history
    """
    offset, half_scale = scale[0], f(0.5) * scale[1]
    level, spread, size_now = daily[0], daily[1], daily[2]
    k0, k1, k2, k3 = bend[0], bend[1], bend[2], bend[3]
    b0, b1, b2, b3 = bend[4], bend[5], bend[6], bend[7]
    zero = f(0.0)
    for i in range(price.shape[0]):
        y = profile + level[i] + spread[i] * shape + size_now[i] * size * residual[i]
        low = b0 * min(y - k0, zero) + b1 * min(y - k1, zero)
        y = y + low + b2 * max(y - k2, zero) + b3 * max(y - k3, zero)
        y = min(max(y, -Y_LIMIT), Y_LIMIT)
        e = exp32(y)
        p = factor[i] * (offset + half_scale * (e - f(1.0) / e))
        price[i] = min(max(p, LOWEST_PRICE), HIGHEST_PRICE)

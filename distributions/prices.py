"""Hourly day-ahead price paths with negative hours, spikes and a daily spread that varies.

    p = level factor of the year * (offset + scale sinh(bent(y)))
    y = profile[month, day type, hour] + slow + fast + jump + surge + regime shift + spread * shape[hour]
        + sunny[month, hour] * clearness of the day + exp(volatility) * size[hour] * residual

slow (weeks to months), fast (days), spread and volatility are daily first-order autoregressions, jump decays from day
to day, residual is an hourly first-order autoregression of unit variance. A surge is rare and stays as it began for
days to weeks, as in a cold spell, a drought or a shortage of gas: a regime that prices enter and leave. The clearness
of the day is the standard normal behind `distributions.clearness`, so that sun on this very day cheapens its midday.
sinh makes negative hours and spikes natural; `bent` adds four slopes, below two knots and above two others, so that the
marginal distribution meets the history's.

Over the years the level factor follows an uncertain trend, and returns to it: its logarithm deviates by a yearly
first-order autoregression.

Every number that was fitted is a row with one column a path, so that each path may have its own: see
`distributions.parameter_draws`.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.clock import HOURS_PER_DAY, MONTHS_PER_YEAR
from distributions.lanes import exp32, log32, normal32, uniform32
from distributions.streams import Process, words_row

f = np.float32

LONG_RUN_WORD = int(Process.LONG_RUN) << 16
DAY_WORD = int(Process.PRICE_DAY) << 16
JUMP_WORD = int(Process.PRICE_DAY) << 16 | 1
START_WORD = int(Process.START) << 16

# Harmonised limits of the European single day-ahead coupling [EUR/MWh]. The least: ACER's decision of 14 November 2017.
# The most: 4,000 since May 2022, say its operators (a rise to 5,000 for 20 September 2022 was taken back).
LOWEST_PRICE = f(-500.0)
HIGHEST_PRICE = f(4000.0)
Y_LIMIT = f(7.0)

# day types
WORKING_DAY, SATURDAY, SUNDAY = range(3)
N_DAY_TYPES = 3

# rows of the daily state
SLOW, FAST, SPREAD, VOLATILITY, JUMP, SURGE = range(6)
N_STATES = 6
# rows of the daily values that the hours use
LEVEL, SPREAD_NOW, SIZE_NOW = range(3)
N_DAILY = 3


# rows of the numbers drawn for each path
(
    PHI, _, _, _,
    SHOCK, _, _, _,
    START, _, _, _,
    JUMP_PROBABILITY, JUMP_SHARE_UP, JUMP_MEAN_UP, JUMP_MEAN_DOWN, JUMP_DECAY,
    HOUR_PHI, HOUR_SHOCK,
    LEVEL_SHIFT, PATTERN_FACTOR, SIZE_FACTOR,
    BEND, _, _, _,
    SURGE_PROBABILITY, SURGE_STEP, SURGE_LEAST, SURGE_STAY,
) = range(30)  # fmt: skip
N_DRAWN = 30


class PriceTables(NamedTuple):
    """Constant inputs of the price process, float32.

    Attributes
    ----------
    level : (12, 3) mean over the hours of y by month and day type
    pattern : (12, 3, 24) what each hour of local standard time adds
    shape, size : (24,) pattern of the daily spread factor; standard deviation of the hourly residual
    scale : (2,) offset [EUR/MWh], scale [EUR/MWh]
    knot : (4,) knots of y at which the transform bends
    sunny : (12, 24) what a standard deviation more of the day's clearness adds to y, by month and hour
    """

    level: np.ndarray
    pattern: np.ndarray
    shape: np.ndarray
    size: np.ndarray
    scale: np.ndarray
    knot: np.ndarray
    sunny: np.ndarray


def price_tables(parameters: dict) -> PriceTables:
    """Pack a price parameter file for the kernels (float32, C order)."""
    p = parameters
    profile = np.asarray(p["profile"], dtype=np.float64)
    level = profile.mean(axis=2)
    arrays = (
        level,
        profile - level[:, :, None],
        p["shape"],
        p["size"],
        [p["offset"], p["scale"]],
        p.get("bend_at", np.zeros(4)),
        p.get("sunny", np.zeros((MONTHS_PER_YEAR, HOURS_PER_DAY))),
    )
    return PriceTables(*(np.ascontiguousarray(a, dtype=np.float32) for a in arrays))


def drawn_rows(values: dict, n: int) -> np.ndarray:
    """Numbers of each path, as the kernels take them.

    Parameters
    ----------
    values : dict of name -> float or (n,) float64
        The keys of a price record that are single numbers, `bend_0` .. `bend_3`, and the shifts `profile_level` (of y),
        `hour_scale` and `size_scale` (of logarithms).
    n : int, paths

    Returns
    -------
    (30, n) float32, rows named above; a shock is sd sqrt(1 - phi^2), a surge's step its mean size over
        its probability
    """

    def of(name):
        return np.asarray(values[name], dtype=np.float64)

    rows = np.empty((N_DRAWN, n))
    for k, name in enumerate(("slow", "fast", "spread", "volatility")):
        phi, sd = of(f"{name}_phi"), of(f"{name}_sd")
        rows[PHI + k], rows[SHOCK + k], rows[START + k] = phi, sd * np.sqrt(1.0 - phi * phi), sd
    rows[JUMP_PROBABILITY], rows[JUMP_SHARE_UP] = of("jump_probability_per_day"), of("jump_share_up")
    rows[JUMP_MEAN_UP], rows[JUMP_MEAN_DOWN] = of("jump_mean_up"), of("jump_mean_down")
    rows[JUMP_DECAY] = of("jump_decay")
    phi = of("hour_phi")
    rows[HOUR_PHI], rows[HOUR_SHOCK] = phi, np.sqrt(1.0 - phi * phi)
    rows[LEVEL_SHIFT] = of("profile_level")
    rows[PATTERN_FACTOR], rows[SIZE_FACTOR] = np.exp(of("hour_scale")), np.exp(of("size_scale"))
    for k in range(4):
        rows[BEND + k] = of(f"bend_{k}")
    probability = of("surge_probability_per_day")
    rows[SURGE_PROBABILITY], rows[SURGE_STAY] = probability, of("surge_stay")
    rows[SURGE_STEP], rows[SURGE_LEAST] = (
        of("surge_mean") / np.where(probability > 0.0, probability, 1.0),
        0.5 * of("surge_mean"),
    )
    return rows.astype(np.float32)


def long_run_tables(start_sd: float, lasting: float, shock: float, years: int) -> tuple[np.ndarray, np.ndarray]:
    """Constants of the yearly walk of the log level.

    Parameters
    ----------
    start_sd : float, standard deviation of the first year's deviation
    lasting : float, share of a deviation that is left after a year
    shock : float, standard deviation of what a year adds
    years : int

    Returns
    -------
    (3,) float32 for `long_run_row`, (years + 1,) float32 for `level_factor_row`: minus half the variance of each year
    """
    variance = np.empty(years + 1)
    variance[0] = start_sd**2
    for year in range(years):
        variance[year + 1] = lasting**2 * variance[year] + shock**2
    return np.array([start_sd, lasting, shock], np.float32), (-0.5 * variance).astype(np.float32)


@njit
def long_run_start_row(deviation, sd, first_path, seed, words):
    """Deviation of the log level in the first year, stationary. Draws: LONG_RUN unit 0, draw 0."""
    words_row(words, 0, LONG_RUN_WORD, first_path, seed)
    w = words[0]
    for i in range(deviation.shape[0]):
        deviation[i] = sd * normal32(w[i])


@njit
def long_run_row(deviation, long_run, year, first_path, seed, words):
    """Deviation of the log level in year `year` > 0 from that of the year before. Draws: LONG_RUN, draw = year.

    Parameters
    ----------
    deviation : (n_lanes,) float32, advanced
    long_run : (3,) float32: standard deviation, share that lasts a year, shock
    """
    words_row(words, year, LONG_RUN_WORD, first_path, seed)
    phi, shock, w = long_run[1], long_run[2], words[0]
    for i in range(deviation.shape[0]):
        deviation[i] = phi * deviation[i] + shock * normal32(w[i])


@njit
def level_factor_row(factor, first, trend, deviation, year, centre):
    """Level factor of a year: first exp(trend year + deviation + centre); `trend` is the yearly step of the log level.

    `centre` : float32, minus half the variance of the deviation, so that its exponential has mean 1.
    """
    t = f(year)
    for i in range(factor.shape[0]):
        factor[i] = first[i] * exp32(t * trend[i] + deviation[i] + centre)


@njit
def _step_row(x, phi, shock, words):
    for i in range(x.shape[0]):
        x[i] = phi[i] * x[i] + shock[i] * normal32(words[i])


@njit
def _new_jump_row(jump, words_if, words_size, probability, share_up, mean_up, mean_down):
    """With the daily probability a jump, up or down, of exponential size."""
    for i in range(jump.shape[0]):
        u, p = uniform32(words_if[i]), probability[i]
        size = -log32(uniform32(words_size[i]))
        signed = mean_up[i] * size if u < p * share_up[i] else -mean_down[i] * size
        jump[i] = signed if u < p else f(0.0)


@njit
def _decay_row(x, decay, new):
    for i in range(x.shape[0]):
        x[i] = decay[i] * x[i] + new[i]


@njit
def _surge_row(surge, words, probability, least, step, stay):
    """A surge stays with a daily probability, else ends; without one, one begins with another.

    Its size is even from half to one and a half of its mean: the uniform that lets it begin tells it.
    """
    for i in range(surge.shape[0]):
        u, now = uniform32(words[i]), surge[i]
        begins = least[i] + step[i] * u if u < probability[i] else f(0.0)
        goes_on = now if u < stay[i] else f(0.0)
        surge[i] = goes_on if now > f(0.0) else begins


@njit
def start_rows(state, residual, drawn, first_path, seed, words):
    """Stationary starting values of the daily states and the hourly residual. Draws: START, draws 0 and 1."""
    words_row(words, 0, START_WORD, first_path, seed)
    for k in range(4):
        row, sd, w = state[k], drawn[START + k], words[k]
        for i in range(row.shape[0]):
            row[i] = sd[i] * normal32(w[i])
    words_row(words, 1, START_WORD, first_path, seed)
    w = words[0]
    for i in range(residual.shape[0]):
        state[JUMP, i] = f(0.0)
        state[SURGE, i] = f(0.0)
        residual[i] = normal32(w[i])


@njit
def day_rows(state, daily, drawn, profile_level, regime, price_shift, day, first_path, seed, words):
    """Advance the daily states by one day and write what the day's hours need.

    Parameters
    ----------
    state : (6, n_lanes) float32, advanced
    daily : (3, n_lanes) float32, written: level of y, spread factor, residual size factor
    drawn : (30, n_lanes) float32 from `drawn_rows`
    profile_level : float32, of the day's month and type
    regime : (n_lanes,) int8, the day's weather
    price_shift : (3,) float32
    day : int, day of the run
    words : (4, n_lanes) uint32 scratch

    Notes
    -----
    Draws: PRICE_DAY unit 0 (slow, fast, spread, volatility) and unit 1 (jump or not, its size; third word free for the
    sky; surge), draw = day of the run.
    """
    words_row(words, day, DAY_WORD, first_path, seed)
    for k in range(4):
        _step_row(state[k], drawn[PHI + k], drawn[SHOCK + k], words[k])
    words_row(words, day, JUMP_WORD, first_path, seed)
    slow, fast, spread, volatility, jump = state[0], state[1], state[2], state[3], state[4]
    level, spread_now, size_now = daily[0], daily[1], daily[2]
    _new_jump_row(
        spread_now, words[0], words[1], drawn[JUMP_PROBABILITY], drawn[JUMP_SHARE_UP], drawn[JUMP_MEAN_UP],
        drawn[JUMP_MEAN_DOWN],
    )  # fmt: skip
    _decay_row(jump, drawn[JUMP_DECAY], spread_now)
    surge = state[SURGE]
    _surge_row(surge, words[3], drawn[SURGE_PROBABILITY], drawn[SURGE_LEAST], drawn[SURGE_STEP], drawn[SURGE_STAY])
    shift, bigger = drawn[LEVEL_SHIFT], drawn[SIZE_FACTOR]
    for i in range(level.shape[0]):
        level[i] = profile_level + shift[i] + price_shift[regime[i]]
    for i in range(level.shape[0]):
        level[i] += slow[i] + fast[i] + jump[i] + surge[i]
    for i in range(level.shape[0]):
        spread_now[i] = spread[i]
    for i in range(level.shape[0]):
        size_now[i] = exp32(volatility[i]) * bigger[i]


@njit
def residual_row(residual, words, phi, shock):
    """Advance the hourly residual. `words` : (n_lanes,) random words; `phi`, `shock` : (n_lanes,) float32."""
    for i in range(residual.shape[0]):
        residual[i] = phi[i] * residual[i] + shock[i] * normal32(words[i])


@njit
def y_row(y, residual, daily, pattern_factor, bright, pattern, shape, size, sunny):
    """Transformed price of one hour, before it is bent.

    Parameters
    ----------
    y : (n_lanes,) float32, written
    residual, pattern_factor : (n_lanes,) float32
    daily : (3, n_lanes) float32 from `day_rows`
    bright : (n_lanes,) float32, standard normal of the day's clearness
    pattern, shape, size, sunny : float32 values of the hour
    """
    level, spread, size_now = daily[0], daily[1], daily[2]
    for i in range(y.shape[0]):
        y[i] = level[i] + pattern_factor[i] * pattern + spread[i] * shape + size_now[i] * size * residual[i]
    if sunny != f(0.0):
        for i in range(y.shape[0]):
            y[i] += sunny * bright[i]


@njit
def price_row(price, factor, bend_0, bend_1, bend_2, bend_3, knot, scale):
    """Price of one hour from y: bent, turned by sinh, times the level factor.

    Parameters
    ----------
    price : (n_lanes,) float32, holds y, becomes the price [EUR/MWh]
    factor : (n_lanes,) float32, price level of the path and year relative to the history
    bend_0 .. bend_3 : (n_lanes,) float32 slopes added below the first two knots and above the last two
    knot : (4,) float32; scale : (2,) float32 offset and scale
    """
    offset, half_scale = scale[0], f(0.5) * scale[1]
    k0, k1, k2, k3 = knot[0], knot[1], knot[2], knot[3]
    zero = f(0.0)
    for i in range(price.shape[0]):
        y = price[i]
        low = bend_0[i] * min(y - k0, zero) + bend_1[i] * min(y - k1, zero)
        y = y + low + bend_2[i] * max(y - k2, zero) + bend_3[i] * max(y - k3, zero)
        y = min(max(y, -Y_LIMIT), Y_LIMIT)
        e = exp32(y)
        p = factor[i] * (offset + half_scale * (e - f(1.0) / e))
        price[i] = min(max(p, LOWEST_PRICE), HIGHEST_PRICE)

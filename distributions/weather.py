"""Daily weather regime of each path: normal, storm, or cold and still. It makes bad days come together.

A Markov chain with a transition matrix for each month. The regime multiplies outage intensity, shifts prices and dims
the sun, for every strategy alike.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.lanes import uniform32
from distributions.regime import state_share
from distributions.streams import Process, words_row

REGIMES = ("normal", "storm", "cold_and_still")
WEATHER_WORD = int(Process.WEATHER_DAY) << 16
START_WORD = int(Process.START) << 16 | 2

f = np.float32


class WeatherTables(NamedTuple):
    """Constant inputs of the weather regime.

    Attributes
    ----------
    climb : (365, 3, 2) float32, P(regime <= 0) and P(regime <= 1) on a day, by regime of the day before
    first : (3, 2) float32, the same for the first day of the run, where there is no day before: three equal rows
    price_shift : (3,) float32 [asinh units of the price model]
    clearness_shift : (3,) float32 [standard normal units]
    """

    climb: np.ndarray
    first: np.ndarray
    price_shift: np.ndarray
    clearness_shift: np.ndarray


def weather_tables(parameters: dict, month_of_day: np.ndarray) -> WeatherTables:
    """Pack a weather parameter file (`transition` (12, 3, 3), `price_shift`, `clearness_shift`) for the kernels."""
    transition = np.asarray(parameters["transition"], dtype=np.float64)
    climb = np.cumsum(transition, axis=2)[:, :, :2]
    start = np.cumsum(state_share(transition)[0])[:2]
    return WeatherTables(
        np.ascontiguousarray(climb[month_of_day], dtype=np.float32),
        np.ascontiguousarray(np.tile(start, (3, 1)), dtype=np.float32),
        np.asarray(parameters["price_shift"], dtype=np.float32),
        np.asarray(parameters["clearness_shift"], dtype=np.float32),
    )


@njit
def next_regime_row(after, before, climb, words):
    """One step of the chain for each lane.

    Parameters
    ----------
    after : (n_lanes,) int8, written
    before : (n_lanes,) int8
    climb : (3, 2) float32, the day's cumulative transition probabilities
    words : (n_lanes,) uint32 random words
    """
    for i in range(after.shape[0]):
        u = uniform32(words[i])
        r = before[i]
        after[i] = np.int8(u > climb[r, 0]) + np.int8(u > climb[r, 1])


@njit
def start_row(regime, tables, first_path, seed, words):
    """Weather of the first day, (n_lanes,) int8 written, from its long-run shares. Draws: START unit 2, draw 0."""
    words_row(words, 0, START_WORD, first_path, seed)
    next_regime_row(regime, regime, tables.first, words[0])


@njit
def walk_year(regime, tables, year, first_path, seed, words):
    """Regimes of the days of one year and of the first day of the next.

    Parameters
    ----------
    regime : (366, n_lanes) int8; row 0 is the first day (given), rows 1..365 are written
    tables : WeatherTables
    year : int, from 0
    words : (4, n_lanes) uint32 scratch

    Notes
    -----
    Draws: WEATHER_DAY, draw = day of the run that the step leads to.
    """
    days = regime.shape[0] - 1
    for day in range(days):
        words_row(words, year * days + day + 1, WEATHER_WORD, first_path, seed)
        entered = day + 1 if day + 1 < days else 0
        next_regime_row(regime[day + 1], regime[day], tables.climb[entered], words[0])

"""Calls of a demand response contract: a short list for each path and year, in order, none over another.

The count is Poisson with a gamma-distributed yearly factor; the days follow the contract's season and the weather of
the path, so calls come when power is short. A call begins on a full hour within the contract's hours.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.clock import HOURS_PER_DAY, HOURS_PER_YEAR
from distributions.event_times import day_of, sort_rows
from distributions.law_kernels import ppf_code
from distributions.outages import poisson_count, table_value
from distributions.streams import Process, philox, two_uniforms, uniform53

WORD = int(Process.DEMAND_RESPONSE) << 16
CALLS_A_YEAR = 512
"""Most calls drawn in a year, of which a contract allows at most 200: the stride of the call number in the address."""
DAY_H = float(HOURS_PER_DAY)
YEAR_H = float(HOURS_PER_YEAR)

# columns of a call
START_H, DURATION_H = range(2)
N_COLUMNS = 2

# columns of CallTables.numbers
RATE, FIRST_HOUR, START_HOURS, MOST_CALLS, REST_H = range(5)
N_NUMBERS = 5


class CallTables(NamedTuple):
    """Constant inputs, float64, one row a contract; zeros where there is none.

    Attributes
    ----------
    numbers : (s, 5) mean calls a year, first hour of the day at which one may begin and number of such hours, most
        calls a year, rest between them [h]
    gamma_table : (s, 1025) quantiles of the yearly factor, see `distributions.outages.OutageTables`
    day_weight : (s, 365) season, divided by the long-run mean of season x multiplier
    regime_multiplier : (s, 3)
    duration : (s, 5) law code and four numbers [h]
    """

    numbers: np.ndarray
    gamma_table: np.ndarray
    day_weight: np.ndarray
    regime_multiplier: np.ndarray
    duration: np.ndarray


@njit
def _keep_apart(calls, count, rest_h, most):
    """Drop calls that begin before the one before them has ended and rested; keep the first `most`."""
    kept, free_from = 0, 0.0
    for k in range(count):
        if kept < most and calls[k, START_H] >= free_from:
            start, duration = calls[k, START_H], min(calls[k, DURATION_H], YEAR_H - calls[k, START_H])
            calls[kept, START_H], calls[kept, DURATION_H] = start, duration
            free_from = start + duration + rest_h
            kept += 1
    return kept


@njit
def calls_of_year(calls, tables, s, regime, year, path, seed, cumulative):
    """Calls of one contract, path and year, in order of time.

    Parameters
    ----------
    calls : (512, 2) float64, written: hour of the year at which it begins, duration [h]
    tables : CallTables
    s : int, contract
    regime : (365,) int8, weather of the path's days
    year : int, from 0
    path, seed : int
    cumulative : (365,) float64 scratch

    Returns
    -------
    int
        Number of calls.

    Notes
    -----
    A call ends with the year at the latest. One that would begin during another is not made: of 15 calls a year of
    about 2 h, in 5 months and 13 hours of the day, 2 in 100; of 30, 4 in 100.

    Draws: DEMAND_RESPONSE unit 0, draw = year; unit 1, draw = 512 year + number.
    """
    n, total = tables.numbers[s], 0.0
    weight, multiplier, law = tables.day_weight[s], tables.regime_multiplier[s], tables.duration[s]
    for day in range(cumulative.shape[0]):
        total += weight[day] * multiplier[regime[day]]
        cumulative[day] = total
    if total <= 0.0:
        return 0
    u, v = two_uniforms(year, WORD, path, seed)
    mean = n[RATE] / cumulative.shape[0] * total * table_value(tables.gamma_table[s], v)
    count = poisson_count(mean, u, CALLS_A_YEAR - 1)
    for k in range(count):
        a, b, c, d = philox(year * CALLS_A_YEAR + k, WORD | 1, path, seed)
        day, share = day_of(cumulative, uniform53(a, b) * total)
        calls[k, START_H] = day * DAY_H + n[FIRST_HOUR] + int(share * n[START_HOURS])
        calls[k, DURATION_H] = ppf_code(int(law[0]), law[1], law[2], law[3], law[4], uniform53(c, d))
    sort_rows(calls, count, START_H)
    return _keep_apart(calls, count, n[REST_H], int(n[MOST_CALLS]))

"""Interruptions and voltage sags of one site: a short sorted list for each path and year.

Five families (sag, momentary, sustained, extreme, curtailment). The count of a family in a year is Poisson with a
gamma-distributed yearly factor, so bad years exist; its days follow the season and the weather regime of that path and
year, so bad days come together. Times, durations and residual voltages use 52-bit uniforms: tails matter.
"""

import math
from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.event_times import day_of, sort_rows
from distributions.law_kernels import ppf_code
from distributions.streams import Process, philox, two_uniforms, uniform53

FAMILIES = ("sag", "momentary", "sustained", "extreme", "curtailment")
SAG, MOMENTARY, SUSTAINED, EXTREME, CURTAILMENT = range(5)
N_FAMILIES = 5

COUNT_WORD = int(Process.OUTAGE_COUNT) << 16
EVENT_WORD = int(Process.OUTAGE_EVENT) << 16
EVENTS_A_YEAR = 1024
"""Most events of one family in one year: the stride of the event number in the stream address."""

S_PER_H = 3600.0

# rows of the factors drawn for each path
RATE_FACTOR, DURATION_FACTOR = range(2)

# columns of an event record
HOUR, DURATION_H, FAMILY, RESIDUAL, NUMBER = range(5)
N_COLUMNS = 5


class OutageTables(NamedTuple):
    """Constant inputs, float64.

    Attributes
    ----------
    rate : (5,) mean events a year
    gamma_table : (5, 1025) quantiles of the yearly factor at probabilities 0, 1/1024 .. 1 (mean 1; all ones for
        Poisson)
    day_weight : (5, 365) season weight of the day, divided by the long-run mean of weight x regime multiplier
    regime_multiplier : (5, 3)
    duration : (5, 5) law code and four numbers of the duration [s]
    residual : (11,) residual voltage of a sag at probabilities 0, 0.1 .. 1 [share of nominal]
    tolerance : (n, 2) voltage tolerance of the equipment: up to duration [s] it survives voltages down to [share]
    """

    rate: np.ndarray
    gamma_table: np.ndarray
    day_weight: np.ndarray
    regime_multiplier: np.ndarray
    duration: np.ndarray
    residual: np.ndarray
    tolerance: np.ndarray


@njit
def table_value(table, u):
    """Linear interpolation of an equally spaced table at `u` in (0, 1)."""
    x = u * (table.shape[0] - 1)
    j = min(int(x), table.shape[0] - 2)
    return table[j] + (x - j) * (table[j + 1] - table[j])


@njit
def poisson_count(mean, u, largest):
    """Quantile of the Poisson law by summation; stops at `largest`."""
    p = math.exp(-mean)
    total = p
    k = 0
    while u > total and k < largest:
        k += 1
        p *= mean / k
        total += p
    return k


@njit
def tolerated(duration_s, residual, tolerance):
    """True if equipment on the tolerance curve does not notice. `tolerance` : (n, 2) as in `OutageTables`."""
    for k in range(tolerance.shape[0]):
        if duration_s <= tolerance[k, 0]:
            return residual >= tolerance[k, 1]
    return residual >= tolerance[tolerance.shape[0] - 1, 1]


@njit
def _family_events(events, count, family, tables, cumulative, factors, year, path, seed):
    """Append one family's events of one year; returns the new count, or -1 if the list is full."""
    yearly_factor, longer = factors[RATE_FACTOR, family], factors[DURATION_FACTOR, family]
    days = cumulative.shape[0]
    u, v = two_uniforms(year, COUNT_WORD | family, path, seed)
    factor = table_value(tables.gamma_table[family], v)
    mean = tables.rate[family] / days * cumulative[days - 1] * factor * yearly_factor
    n = poisson_count(mean, u, EVENTS_A_YEAR - 1)
    law = tables.duration[family]
    for k in range(n):
        draw = year * EVENTS_A_YEAR + k
        a, b, c, d = philox(draw, EVENT_WORD | family, path, seed)
        duration_s = ppf_code(int(law[0]), law[1], law[2], law[3], law[4], uniform53(c, d)) * longer
        residual = 0.0
        if family == SAG:
            e, g, _, _ = philox(draw, EVENT_WORD | N_FAMILIES, path, seed)
            residual = table_value(tables.residual, uniform53(e, g))
        if family != CURTAILMENT and tolerated(duration_s, residual, tables.tolerance):
            continue
        if count == events.shape[0]:
            return -1
        record = events[count]
        day, share = day_of(cumulative, uniform53(a, b) * cumulative[days - 1])
        record[HOUR] = (day + share) * 24.0
        record[DURATION_H] = duration_s / S_PER_H
        record[FAMILY] = family
        record[RESIDUAL] = residual
        record[NUMBER] = draw
        count += 1
    return count


@njit
def year_events(events, tables, regime, factors, curtailed, year, path, seed, cumulative):
    """The events of one path and year that equipment on the tolerance curve would notice, sorted by time.

    Parameters
    ----------
    events : (capacity, 5) float64, written: hour of the year, duration [h], family, residual voltage, event number
    tables : OutageTables
    regime : (365,) int8, weather of the path's days
    factors : (2, 5) float64, the path's rates and durations by family, relative to the parameter file
    curtailed : bool, False leaves out the curtailment family (no strategy feels it)
    year : int, from 0
    path, seed : int
    cumulative : (365,) float64 scratch

    Returns
    -------
    int
        Number of events, or -1 if they do not fit.

    Notes
    -----
    Draws: OUTAGE_COUNT unit family, draw = year; OUTAGE_EVENT unit family (and unit 5 for the residual voltage),
    draw = 1024 year + number in the family and year.
    """
    count = 0
    for family in range(N_FAMILIES if curtailed else CURTAILMENT):
        total = 0.0
        weight, multiplier = tables.day_weight[family], tables.regime_multiplier[family]
        for day in range(cumulative.shape[0]):
            total += weight[day] * multiplier[regime[day]]
            cumulative[day] = total
        count = _family_events(events, count, family, tables, cumulative, factors, year, path, seed)
        if count < 0:
            return -1
    sort_rows(events, count, HOUR)
    return count

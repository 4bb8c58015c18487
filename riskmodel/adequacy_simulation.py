"""Adequacy by simulation: independent years of failures and repairs walked in the order of time.

It gives the same indices as `riskmodel.adequacy` with sampling errors, and what expectations hide: each year by itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from distributions._jit import PARALLEL_LOCK, njit, prange
from distributions.streams import Process, address, two_uniforms
from riskmodel.adequacy import ALIKE_MW, Units, peak_hours

__all__ = ["SimulatedYears", "changes", "simulate_years"]

UNIT = int(Process.ADEQUACY_UNIT)
MOST_UNITS = 65_536


class SimulatedYears(NamedTuple):
    """Loss of load in each simulated pass of the load.

    Attributes
    ----------
    lole_h : (years,) float64, hours of loss of load [h]
    lole_days : (years,) float64, hours of loss within the days' peak hours: days whose peak is not met [d]
    loee_mwh : (years,) float64, energy not served [MWh]
    lolf : (years,) float64, occurrences
    """

    lole_h: np.ndarray
    lole_days: np.ndarray
    loee_mwh: np.ndarray
    lolf: np.ndarray


def simulate_years(units: Units, load_mw: np.ndarray, years: int, seed: int) -> SimulatedYears:
    """Simulate passes of the load, each from units in their long-run state, each on its own.

    Parameters
    ----------
    units : Units
    load_mw : (n_hours,) float64
    years : int, passes of the load
    seed : int

    Draws
    -----
    Process ADEQUACY_UNIT: unit in the order of the list, path = year; draw 0 gives the first state and the time in it,
    draw k the k-th time after.
    """
    if len(units.mw) > MOST_UNITS:
        raise ValueError(f"{len(units.mw):,} units: at most {MOST_UNITS:,} can be simulated")
    load = np.ascontiguousarray(load_mw, dtype=np.float64)
    is_peak = np.zeros(len(load))
    is_peak[peak_hours(load)] = 1.0
    out = np.zeros((years, 4))
    alike = ALIKE_MW * max(units.installed_mw, 1.0)
    numbers = np.ascontiguousarray(np.vstack(units), dtype=np.float64)
    with PARALLEL_LOCK:
        _all_years(out, numbers, units.installed_mw, load, is_peak, alike, seed)
    return SimulatedYears(*(np.ascontiguousarray(column) for column in out.T))


@njit(parallel=True)
def _all_years(out, numbers, installed, load, is_peak, alike, seed):
    for year in prange(out.shape[0]):
        _one_year(out[year], numbers, installed, load, is_peak, alike, year, seed)


@njit
def _first_state(failure, repair, unit, year, seed):
    """1 if the unit begins down, and when it changes for the first time [h]."""
    u, v = two_uniforms(0, address(UNIT, unit), year, seed)
    down = 1 if u * (failure + repair) < failure else 0
    rate = repair if down else failure
    return down, -math.log(v) / rate if rate > 0.0 else math.inf


@njit
def changes(times, which, numbers, hours, year, seed):
    """Write every change of every unit, up to the size of `times`; returns how many there are.

    Parameters
    ----------
    times : (n,) float64, written [h]; -1 for units that begin down
    which : (n,) int64, written: unit + 1, negative where it fails
    numbers : (3, n_units) float64, of which the last two rows are failures and repairs per hour
    hours : float
    year, seed : int
    """
    n = 0
    for unit in range(numbers.shape[1]):
        failure, repair = numbers[1, unit], numbers[2, unit]
        down, t = _first_state(failure, repair, unit, year, seed)
        if down:
            if n < times.shape[0]:
                times[n], which[n] = -1.0, -unit - 1
            n += 1
        draw = 0
        while t < hours:
            down = 1 - down
            if n < times.shape[0]:
                times[n], which[n] = t, -unit - 1 if down else unit + 1
            n += 1
            draw += 1
            rate = repair if down else failure
            u, _ = two_uniforms(draw, address(UNIT, unit), year, seed)
            t += -math.log(u) / rate if rate > 0.0 else math.inf
    return n


@njit
def _one_year(out, numbers, installed, load, is_peak, alike, year, seed):
    hours = load.shape[0]
    times, which = np.empty(64), np.empty(64, np.int64)
    n = changes(times, which, numbers, hours, year, seed)
    if n > times.shape[0]:
        times, which = np.empty(n), np.empty(n, np.int64)
        changes(times, which, numbers, hours, year, seed)
    order = np.argsort(times[:n], kind="mergesort")
    highest = load.max()
    capacity, begin, lost = installed, 0.0, -1
    for k in range(n + 1):
        end = float(hours) if k == n else max(times[order[k]], 0.0)
        if end > begin:
            if capacity < highest - alike:
                lost = _stretch(out, load, is_peak, alike, capacity, begin, end, lost)
            else:
                lost = 0
            begin = end
        if k < n:
            change = which[order[k]]
            capacity += numbers[0, change - 1] if change > 0 else -numbers[0, -change - 1]


@njit
def _stretch(out, load, is_peak, alike, capacity, begin, end, lost):
    """Add a stretch of unchanged capacity; `lost` is 1 if load was lost just before, -1 if nothing was before.

    `out` is lole_h, lole_days, loee_mwh, lolf.
    """
    hour = int(begin)
    while hour < end:
        short = load[hour] - capacity
        if short > alike:
            length = min(end, hour + 1.0) - max(begin, float(hour))
            out[0] += length
            out[1] += length * is_peak[hour]
            out[2] += length * short
            if lost == 0:
                out[3] += 1.0
            lost = 1
        else:
            lost = 0
        hour += 1
    return lost

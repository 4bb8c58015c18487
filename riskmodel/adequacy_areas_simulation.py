"""Adequacy of areas that help each other, by simulation: independent years of failures and repairs in order of time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from distributions._jit import PARALLEL_LOCK, njit, prange
from riskmodel.adequacy_area_system import MOST_AREAS, AreaSystem, peak_flags, tolerance_mw
from riskmodel.adequacy_flow import send
from riskmodel.adequacy_simulation import MOST_UNITS, SimulatedYears, changes

__all__ = ["SimulatedAreas", "simulate_areas"]


class SimulatedAreas(NamedTuple):
    """Loss of load in each simulated pass of the load.

    Attributes
    ----------
    system : SimulatedYears, anywhere
    areas : tuple of SimulatedYears
    """

    system: SimulatedYears
    areas: tuple[SimulatedYears, ...]


def simulate_areas(system: AreaSystem, years: int, seed: int) -> SimulatedAreas:
    """Simulate passes of the load, each from units and links in their long-run state, each on its own.

    Parameters
    ----------
    system : AreaSystem
    years : int, passes of the load
    seed : int

    Draws
    -----
    Process ADEQUACY_UNIT: units in the order of the list, then links, path = year; as `simulate_years`.
    """
    links, n_areas = system.links, len(system.names)
    parts = len(system.unit_area) + len(links.mw)
    if parts > MOST_UNITS or n_areas > MOST_AREAS:
        raise ValueError(f"at most {MOST_UNITS:,} units and links in {MOST_AREAS} areas can be simulated")
    numbers = np.hstack([np.vstack(system.units), np.vstack([links.mw, *links[4:]])])
    installed = np.array([system.units_of(area).installed_mw for area in range(n_areas)])
    load, peaks = np.ascontiguousarray(system.load_mw.T), np.ascontiguousarray(peak_flags(system).T)
    unit_area = np.asarray(system.unit_area, dtype=np.int64)
    out = np.zeros((years, n_areas + 1, 4))
    alike = tolerance_mw(system)
    with PARALLEL_LOCK:
        _all_years(out, np.ascontiguousarray(numbers), unit_area, tuple(links[:4]), installed, load, peaks, alike, seed)
    rows = [SimulatedYears(*np.ascontiguousarray(out[:, k].T)) for k in range(n_areas + 1)]
    return SimulatedAreas(rows[-1], tuple(rows[:-1]))


@njit(parallel=True)
def _all_years(out, numbers, unit_area, links, installed, load, peaks, alike, seed):
    for year in prange(out.shape[0]):
        _one_year(out[year], numbers, unit_area, links, installed, load, peaks, alike, year, seed)


@njit
def _one_year(out, numbers, unit_area, links, installed, load, peaks, alike, year, seed):
    hours, n = load.shape
    times, which = np.empty(64), np.empty(64, np.int64)
    count = changes(times, which, numbers, hours, year, seed)
    if count > times.shape[0]:
        times, which = np.empty(count), np.empty(count, np.int64)
        changes(times, which, numbers, hours, year, seed)
    order = np.argsort(times[:count], kind="mergesort")
    highest = np.empty(n)
    for area in range(n):
        highest[area] = load[:, area].max()
    capacity, works = installed.copy(), np.ones(links[0].shape[0])
    lost, begin = np.full(n + 1, -1), 0.0
    for k in range(count + 1):
        end = float(hours) if k == count else max(times[order[k]], 0.0)
        if end > begin:
            if np.any(capacity < highest - alike):
                _stretch(out, load, peaks, capacity, works, links, begin, end, lost, alike)
            else:
                lost[:] = 0
            begin = end
        if k < count:
            _change(capacity, works, which[order[k]], numbers, unit_area)


@njit
def _change(capacity, works, change, numbers, unit_area):
    """A unit or link (number + 1, negative where it fails) changes its state."""
    part, up = (change - 1, 1.0) if change > 0 else (-change - 1, -1.0)
    if part < unit_area.shape[0]:
        capacity[unit_area[part]] += up * numbers[0, part]
    else:
        works[part - unit_area.shape[0]] += up


@njit
def _stretch(out, load, peaks, capacity, works, links, begin, end, lost, alike):
    """Add a stretch of unchanged capacity; `lost` is 1 where load was lost just before, -1 if nothing was before.

    `out` is lole_h, lole_days, loee_mwh, lolf of each area, and last of all.
    """
    n = capacity.shape[0]
    start, stop, mw, back_mw = links
    give, take, flow = np.empty(n), np.empty(n + 1), np.empty(works.shape[0])
    forward, back, work = mw * works, back_mw * works, np.empty((2, n), np.int64)
    hour = int(begin)
    while hour < end:
        for area in range(n):
            margin = capacity[area] - load[hour, area]
            give[area], take[area] = max(margin, 0.0), max(-margin, 0.0)
        if works.shape[0] > 0 and take[:n].max() > alike:
            flow[:] = 0.0
            send(give, take[:n], flow, start, stop, forward, back, alike, work)
        take[n] = 0.0
        for area in range(n):
            if take[area] > alike:
                take[n] += take[area]
        length = min(end, hour + 1.0) - max(begin, float(hour))
        for k in range(n + 1):
            if take[k] > alike:
                out[k, 0] += length
                out[k, 1] += length * peaks[hour, k]
                out[k, 2] += length * take[k]
                if lost[k] == 0:
                    out[k, 3] += 1.0
                lost[k] = 1
            else:
                lost[k] = 0
        hour += 1

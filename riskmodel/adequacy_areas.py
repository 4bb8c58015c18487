"""Is there enough capacity in areas that help each other? Exact indices of each area and of all, by enumeration.

Each area's units are one capacity outage table, each link is up or down. Every combination is looked at in every hour:
areas help each other by the rule of `riskmodel.adequacy_flow`, and what stays unserved is weighed by its probability.
How often loss of load begins follows from the rates between neighbouring states, with no assumption that a repair can
only help: by that rule a repaired link may take help away from an area that had it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from distributions._jit import PARALLEL_LOCK, njit, prange
from riskmodel.adequacy import Indices, Units, outage_table
from riskmodel.adequacy_area_system import MOST_AREAS, AreaSystem, peak_flags, tolerance_mw
from riskmodel.adequacy_flow import send

__all__ = ["AreaIndices", "exact_areas", "states_of_areas"]

MOST_STATES = 400_000
MOST_WORK = 300_000_000
"""Most states times hours: some ten seconds' work on two cores."""
PASSED_OVER = 1e-15
"""States are passed over that together are less likely than this: as if 1e-15 of each hour were never lost."""
HOURS_A_CHUNK = 64


class AreaIndices(NamedTuple):
    """Adequacy of all areas together and of each.

    Attributes
    ----------
    system : Indices
        Load lost anywhere; days by the hour of the highest load of all together.
    areas : tuple of Indices
        Days by the area's own highest hour.
    """

    system: Indices
    areas: tuple[Indices, ...]


class _States(NamedTuple):
    """States of areas and links; part k is area k, then the links.

    Attributes
    ----------
    capacity : (n_states, n_areas) float64
    works : (n_states, n_links) float64, 1 or 0
    probability : (n_states,) float64
    size, stride : (n_parts,) int64, levels of a part, and how far apart its neighbours are in the list
    first : (sum of sizes + 1,) int64, the moves of each part's level begin here
    by, rate : (n_moves,), places moved by a repair, repairs per hour in that level
    """

    capacity: np.ndarray
    works: np.ndarray
    probability: np.ndarray
    size: np.ndarray
    stride: np.ndarray
    first: np.ndarray
    by: np.ndarray
    rate: np.ndarray


def _repairs(units: Units, outage_mw: np.ndarray, probability: np.ndarray, alike: float) -> list[dict[int, float]]:
    """For each outage, by how many places a repair moves to a smaller one, and how often per hour in it.

    Repairs of a unit from an outage happen as often as its failures lead there, q r times the probability that the
    others are out by the rest; so each unit is taken out of the table in turn.
    """
    moves: list[dict[int, float]] = [{} for _ in outage_mw]
    _, of_kind, counts = np.unique(np.vstack(units), axis=1, return_index=True, return_counts=True)
    for place, count in zip(of_kind, counts, strict=True):
        unit = Units(*(column[place : place + 1] for column in units))
        q, mw = unit.unavailability[0], unit.mw[0]
        if q == 0.0 or mw == 0.0:
            continue
        others = outage_table(Units(*(np.delete(column, place) for column in units)))
        low = np.searchsorted(outage_mw, others.outage_mw - alike)
        high = np.searchsorted(outage_mw, others.outage_mw + mw - alike)
        often = count * q * unit.repair_rate_per_h[0] * others.probability
        for i, j, frequency in zip(low, high, often, strict=True):
            if probability[j] > 0.0:
                step = int(i) - int(j)
                moves[j][step] = moves[j].get(step, 0.0) + frequency / probability[j]
    return moves


def states_of_areas(system: AreaSystem) -> int:
    """How many states of areas and links there are."""
    counts = [len(outage_table(system.units_of(area)).outage_mw) for area in range(len(system.names))]
    return math.prod(counts) * 2 ** int(np.count_nonzero(system.links.failure_rate_per_h > 0.0))


def _states(system: AreaSystem) -> _States:
    alike = tolerance_mw(system)
    links, n_areas = system.links, len(system.names)
    levels: list[np.ndarray] = []
    chances: list[np.ndarray] = []
    moves: list[dict[int, float]] = []
    for area in range(n_areas):
        units = system.units_of(area)
        table = outage_table(units)
        levels.append(units.installed_mw - table.outage_mw)
        chances.append(table.probability)
        moves += _repairs(units, table.outage_mw, table.probability, alike)
    for failure, repair in zip(links.failure_rate_per_h, links.repair_rate_per_h, strict=True):
        q = failure / (failure + repair)
        levels.append(np.array([1.0, 0.0][: 2 if failure > 0.0 else 1]))
        chances.append(np.array([1.0 - q, q][: len(levels[-1])]))
        moves += [{}, {-1: repair}][: len(levels[-1])]
    size = np.array([len(level) for level in levels])
    stride = np.append(np.cumprod(size[::-1])[::-1][1:], 1)
    place = np.arange(size.prod())
    columns = [level[place // step % n] for level, n, step in zip(levels, size, stride, strict=True)]
    probability = np.ones(len(place))
    for chance, n, step in zip(chances, size, stride, strict=True):
        probability *= chance[place // step % n]
    scale = np.repeat(stride, size)
    return _States(
        np.ascontiguousarray(np.array(columns[:n_areas]).T),
        np.ascontiguousarray(np.array(columns[n_areas:]).reshape(-1, len(place)).T),
        probability,
        size.astype(np.int64),
        stride.astype(np.int64),
        np.append(0, np.cumsum([len(move) for move in moves])).astype(np.int64),
        np.array([by * n for move, n in zip(moves, scale, strict=True) for by in move], dtype=np.int64),
        np.array([rate for move in moves for rate in move.values()], dtype=np.float64),
    )


def _least_probability(probability: np.ndarray) -> float:
    """States less likely than this are passed over."""
    ordered = np.sort(probability)
    return float(ordered[np.searchsorted(np.cumsum(ordered), PASSED_OVER)])


def exact_areas(system: AreaSystem) -> AreaIndices:
    """Exact adequacy indices of areas that help each other.

    Parameters
    ----------
    system : AreaSystem

    Returns
    -------
    AreaIndices
        Sums over the hours given; occurrences are counted as by `riskmodel.adequacy.exact_indices`.

    Raises
    ------
    ValueError
        If there are too many states to look at.
    """
    n_states, (n_areas, hours) = states_of_areas(system), system.load_mw.shape
    if n_areas > MOST_AREAS:
        raise ValueError(f"{n_areas} areas: at most {MOST_AREAS}")
    if n_states > MOST_STATES or n_states * hours > MOST_WORK:
        raise ValueError(f"{n_states:,} states of units and links in {hours:,} hours are too many to enumerate")
    chunks = -(-hours // HOURS_A_CHUNK)
    out = np.zeros((chunks, n_areas + 1, 4))
    load, peaks = np.ascontiguousarray(system.load_mw.T), np.ascontiguousarray(peak_flags(system).T)
    states = _states(system)
    least, alike = _least_probability(states.probability), tolerance_mw(system)
    with PARALLEL_LOCK:
        _all_hours(out, load, peaks, tuple(system.links[:4]), tuple(states), least, alike)
    rows = [Indices(*(math.fsum(column) for column in out[:, k].T)) for k in range(n_areas + 1)]
    return AreaIndices(rows[-1], tuple(rows[:-1]))


@njit(parallel=True)
def _all_hours(out, load, peaks, links, states, least, alike):
    for chunk in prange(out.shape[0]):
        _chunk(out[chunk], chunk * HOURS_A_CHUNK, load, peaks, links, states, least, alike)


@njit
def _chunk(out, first, load, peaks, links, states, least, alike):
    """Add the hours of a chunk; `out` is lole_h, lole_days, loee_mwh, lolf of each area, and last of all."""
    n_states = states[2].shape[0]
    lost, before = np.zeros(n_states, np.int64), np.zeros(n_states, np.int64)
    unserved = np.zeros(out.shape[0])
    for hour in range(max(first - 1, 0), min(first + HOURS_A_CHUNK, load.shape[0])):
        lost, before = before, lost
        _look(lost, unserved, load[hour], links, states, least, alike)
        if hour < first:
            continue
        out[:, 2] += unserved
        _count(out, lost, before, hour > 0, peaks[hour], states)


@njit
def _look(lost, unserved, load, links, states, least, alike):
    """For each state, the areas that lose load as bits, the last bit for any; and expected unserved energy."""
    capacity, works, probability = states[0], states[1], states[2]
    start, end, mw, back_mw = links
    n = load.shape[0]
    give, take, flow = np.empty(n), np.empty(n), np.empty(start.shape[0])
    forward, back, work = np.empty(start.shape[0]), np.empty(start.shape[0]), np.empty((2, n), np.int64)
    unserved[:] = 0.0
    for state in range(lost.shape[0]):
        lost[state] = 0
        if probability[state] < least:
            continue
        short = False
        for area in range(n):
            short |= capacity[state, area] < load[area] - alike
        if not short:
            continue
        for area in range(n):
            margin = capacity[state, area] - load[area]
            give[area], take[area] = max(margin, 0.0), max(-margin, 0.0)
        if start.shape[0] > 0:
            flow[:] = 0.0
            for link in range(flow.shape[0]):
                forward[link], back[link] = mw[link] * works[state, link], back_mw[link] * works[state, link]
            send(give, take, flow, start, end, forward, back, alike, work)
        for area in range(n):
            if take[area] > alike:
                lost[state] |= 1 << area | 1 << n
                unserved[area] += probability[state] * take[area]
                unserved[n] += probability[state] * take[area]


@njit
def _count(out, lost, before, has_before, peaks, states):
    """Add hours, days and occurrences: from the hour before, and within the hour by failures (or repairs)."""
    probability, size, stride, first, by, rate = states[2], states[3], states[4], states[5], states[6], states[7]
    for state in range(lost.shape[0]):
        if lost[state] == 0:
            continue
        p = probability[state]
        for k in range(out.shape[0]):
            if lost[state] >> k & 1:
                out[k, 0] += p
                out[k, 1] += p * peaks[k]
                if has_before and not before[state] >> k & 1:
                    out[k, 3] += p
        level = 0
        for part in range(size.shape[0]):
            here = level + state // stride[part] % size[part]
            for move in range(first[here], first[here + 1]):
                differs = lost[state] ^ lost[state + by[move]]
                for k in range(out.shape[0]):
                    if differs >> k & 1:
                        out[k, 3] += p * rate[move]
            level += size[part]

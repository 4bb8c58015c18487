"""Small systems step by step, with areas, links and stores: exact by enumeration, and by simulation.

Units, links and stores fail and recover between steps with fixed probabilities and start in their long-run state. In
each step generation serves load, in its own area and over links (see `riskmodel.adequacy_flow`); then stores cover
what is lacking, the one that lasts longest first; then what is left charges stores, the one soonest full first. A
store that is down keeps its energy. Known answers are solved with it.

Sources
-------
The order of stores is that of Evans, Tindemans, Angeli 2019, "Minimizing unserved energy using heterogeneous storage
units", IEEE Transactions on Power Systems, as PRAS (NREL) applies it. PRAS solves the step at once and in whole units
of power: it may leave a store uncharged that lies several links away, and it rounds; here neither happens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.streams import Process, address, two_uniforms
from riskmodel.adequacy_flow import send

__all__ = ["SmallLink", "SmallResult", "SmallSystem", "Store", "exact_small", "simulate_small"]

STEP = int(Process.ADEQUACY_STEP)
MOST_PARTS = 10
SERVED_MWH = 1e-9


class Store(NamedTuple):
    """A simple store: charges and discharges at `power_mw` at most, loses when charged, starts empty.

    Attributes
    ----------
    power_mw, energy_mwh : float
    efficiency : float, round trip
    fails, recovers : float, probability a step
    area : int
    """

    power_mw: float
    energy_mwh: float
    efficiency: float
    fails: float
    recovers: float
    area: int = 0


class SmallLink(NamedTuple):
    """A link between two areas.

    Attributes
    ----------
    start, end : int, areas
    mw : float, capacity in either direction
    fails, recovers : float, probability a step
    """

    start: int
    end: int
    mw: float
    fails: float
    recovers: float


class SmallSystem(NamedTuple):
    """Units, firm capacity, load, and perhaps areas, links and stores, over steps of one hour.

    Attributes
    ----------
    capacity_mw : (n_units, n_steps) float64
    fails, recovers : (n_units,) float64, probability a step
    firm_mw, load_mw : (n_steps,) or (n_areas, n_steps) float64
    stores : tuple of Store
    unit_area : (n_units,) int or None, area of each unit; None: all in the first
    links : tuple of SmallLink
    """

    capacity_mw: np.ndarray
    fails: np.ndarray
    recovers: np.ndarray
    firm_mw: np.ndarray
    load_mw: np.ndarray
    stores: tuple[Store, ...] = ()
    unit_area: np.ndarray | None = None
    links: tuple[SmallLink, ...] = ()


class SmallResult(NamedTuple):
    """Expectations of each step, or values of each simulated path and step.

    Attributes
    ----------
    lost : (..., n_steps) float64, 1 or the probability that load is lost anywhere
    unserved_mwh, stored_mwh : (..., n_steps) float64, in all; stored at the end of the step
    area_lost, area_unserved_mwh : (..., n_areas, n_steps) float64
    area_surplus_mwh : (..., n_areas, n_steps) float64, generation left unused and what stores could still have given
    flow_mwh : (..., n_links, n_steps) float64, from start to end
    """

    lost: np.ndarray
    unserved_mwh: np.ndarray
    stored_mwh: np.ndarray
    area_lost: np.ndarray
    area_unserved_mwh: np.ndarray
    area_surplus_mwh: np.ndarray
    flow_mwh: np.ndarray


class _Packed(NamedTuple):
    """Arrays of a system; parts are units, then links, then stores."""

    fails: np.ndarray
    recovers: np.ndarray
    capacity: np.ndarray
    unit_area: np.ndarray
    firm_less_load: np.ndarray
    ends: np.ndarray
    link_mw: np.ndarray
    stores: np.ndarray
    store_area: np.ndarray


def _pack(system: SmallSystem) -> _Packed:
    capacity = np.ascontiguousarray(system.capacity_mw, dtype=np.float64)
    parts: list[SmallLink | Store] = [*system.links, *system.stores]
    area = np.zeros(len(capacity)) if system.unit_area is None else system.unit_area
    return _Packed(
        np.append(system.fails, [part.fails for part in parts]).astype(np.float64),
        np.append(system.recovers, [part.recovers for part in parts]).astype(np.float64),
        capacity,
        np.asarray(area, dtype=np.int64),
        np.ascontiguousarray(np.atleast_2d(system.firm_mw) - np.atleast_2d(system.load_mw), dtype=np.float64),
        np.array([link[:2] for link in system.links], dtype=np.int64).reshape(-1, 2).T.copy(),
        np.array([link.mw for link in system.links], dtype=np.float64),
        np.array([store[:3] for store in system.stores], dtype=np.float64).reshape(-1, 3).T.copy(),
        np.array([store.area for store in system.stores], dtype=np.int64),
    )


@njit
def operate(out, stored, margin, up, ends, link_mw, stores, store_area):
    """One hour of all areas.

    Parameters
    ----------
    out : (3 n_areas + n_links,) float64, unserved, surplus and lost of each area, flow of each link; written
    stored : (n_stores,) float64 [MWh], written
    margin : (n_areas,) float64, generation less load [MW]
    up : (n_links + n_stores,) int64, 1 if the link or store works
    ends : (2, n_links) int64
    link_mw : (n_links,) float64
    stores : (3, n_stores) float64, power, energy, efficiency
    store_area : (n_stores,) int64
    """
    n, links, kept = margin.shape[0], link_mw.shape[0], stored.shape[0]
    give, take, flow = np.maximum(margin, 0.0), np.maximum(-margin, 0.0), np.zeros(links)
    limit, work = link_mw * up[:links], np.empty((2, n), np.int64)
    send(give, take, flow, ends[0], ends[1], limit, limit, SERVED_MWH, work)
    spare, one = np.zeros(n), np.zeros(n)
    power = stores[0] * up[links:]
    for store in np.argsort(-stored / np.maximum(stores[0], SERVED_MWH), kind="mergesort"):
        area = store_area[store]
        one[:] = 0.0
        able = min(power[store], stored[store])
        one[area] = able
        send(one, take, flow, ends[0], ends[1], limit, limit, SERVED_MWH, work)
        stored[store] -= able - one[area]
        spare[area] += one[area]
    room = np.empty(kept)
    for store in range(kept):
        room[store] = (stores[1, store] - stored[store]) / stores[2, store]
    for store in np.argsort(room / np.maximum(stores[0], SERVED_MWH), kind="mergesort"):
        area = store_area[store]
        one[:] = 0.0
        able = min(power[store], room[store])
        one[area] = able
        send(give, one, flow, ends[0], ends[1], limit, limit, SERVED_MWH, work)
        stored[store] += (able - one[area]) * stores[2, store]
    for area in range(n):
        out[area] = take[area]
        out[n + area] = give[area] + spare[area]
        out[2 * n + area] = 1.0 if take[area] > SERVED_MWH else 0.0
    out[3 * n :] = flow


def _result(out: np.ndarray, n_areas: int) -> SmallResult:
    """Columns of (..., n_steps, 2 + 3 n_areas + n_links): lost anywhere, stored, and the columns of `operate`."""
    columns = np.moveaxis(out, -1, 0)
    parts = [np.moveaxis(columns[2 + k * n_areas : 2 + (k + 1) * n_areas], 0, -2) for k in range(3)]
    flow = np.moveaxis(columns[2 + 3 * n_areas :], 0, -2)
    return SmallResult(columns[0], parts[0].sum(axis=-2), columns[1], parts[2], parts[0], parts[1], flow)


def exact_small(system: SmallSystem) -> SmallResult:
    """Expectations by following the probability of every state of units, links and stores.

    Raises
    ------
    ValueError
        With more than ten units, links and stores that can fail: every state is followed to every other.
    """
    pack = _pack(system)
    failing = np.flatnonzero(pack.fails > 0.0)
    if len(failing) > MOST_PARTS:
        raise ValueError(f"{len(failing)} parts can fail: at most {MOST_PARTS} can be enumerated; simulate instead")
    fails, recovers, n = pack.fails[failing], pack.recovers[failing], len(failing)
    up = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    move = np.ones((2**n, 2**n))
    for part in range(n):
        step = np.array([[1.0 - recovers[part], recovers[part]], [fails[part], 1.0 - fails[part]]])
        move *= step[up[:, part][:, None], up[:, part][None, :]]
    down = fails / (fails + recovers)
    works = np.ones((2**n, len(pack.fails)), dtype=np.int64)
    works[:, failing] = up
    n_units, (n_areas, n_steps) = len(pack.capacity), pack.firm_less_load.shape
    empty = (0.0,) * len(system.stores)
    states = {empty: np.where(up == 1, 1.0 - down, down).prod(axis=1)}
    out = np.zeros((n_steps, 2 + 3 * n_areas + len(system.links)))
    row = np.zeros(out.shape[1])
    for t in range(n_steps):
        after: dict[tuple[float, ...], np.ndarray] = {}
        for before, chance in states.items():
            for state in np.flatnonzero(chance):
                margin = pack.firm_less_load[:, t].copy()
                np.add.at(margin, pack.unit_area, works[state, :n_units] * pack.capacity[:, t])
                stored = np.array(before)
                operate(row[2:], stored, margin, works[state, n_units:], *pack[5:])
                row[0], row[1] = row[2 + 2 * n_areas : 2 + 3 * n_areas].any(), stored.sum()
                out[t] += chance[state] * row
                key = tuple(round(float(value), 9) for value in stored)
                after.setdefault(key, np.zeros(2**n))[state] += chance[state]
        states = {stored: chance @ move for stored, chance in after.items()}
    return _result(out, n_areas)


def simulate_small(system: SmallSystem, paths: int, seed: int) -> SmallResult:
    """Simulate paths of a system.

    Draws
    -----
    Process ADEQUACY_STEP: units in the order given, then links, then stores; draw = step, path.
    """
    pack = _pack(system)
    n_areas, n_steps = pack.firm_less_load.shape
    out = np.zeros((paths, n_steps, 2 + 3 * n_areas + len(system.links)))
    _paths(out, *pack, seed)
    return _result(out, n_areas)


@njit
def _paths(out, fails, recovers, capacity, unit_area, firm_less_load, ends, link_mw, stores, store_area, seed):
    n, units, n_areas = fails.shape[0], capacity.shape[0], firm_less_load.shape[0]
    up, stored, margin = np.empty(n, np.int64), np.empty(store_area.shape[0]), np.empty(n_areas)
    for path in range(out.shape[0]):
        stored[:] = 0.0
        for t in range(out.shape[1]):
            margin[:] = firm_less_load[:, t]
            for part in range(n):
                u, _ = two_uniforms(t, address(STEP, part), path, seed)
                down = fails[part] / (fails[part] + recovers[part])
                if t > 0:
                    down = fails[part] if up[part] else 1.0 - recovers[part]
                up[part] = 0 if u < down else 1
                if part < units:
                    margin[unit_area[part]] += up[part] * capacity[part, t]
            operate(out[path, t, 2:], stored, margin, up[units:], ends, link_mw, stores, store_area)
            for area in range(n_areas):
                out[path, t, 0] = max(out[path, t, 0], out[path, t, 2 + 2 * n_areas + area])
            out[path, t, 1] = stored.sum()

"""Small systems step by step, with a store: exact by enumeration, and by simulation. Known answers are solved with it.

Units fail and recover between steps with fixed probabilities and start in their long-run state. Each step, capacity in
excess of the load charges the store, and the store covers what capacity does not. A store that is down keeps its
energy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.streams import Process, address, two_uniforms

__all__ = ["SmallResult", "SmallSystem", "Store", "exact_small", "simulate_small"]

STEP = int(Process.ADEQUACY_STEP)
MOST_UNITS = 8
SERVED_MWH = 1e-9


class Store(NamedTuple):
    """A simple store: charges and discharges at `power_mw` at most, loses when charged, starts empty.

    Attributes
    ----------
    power_mw, energy_mwh : float
    efficiency : float, round trip
    fails, recovers : float, probability a step
    """

    power_mw: float
    energy_mwh: float
    efficiency: float
    fails: float
    recovers: float


class SmallSystem(NamedTuple):
    """Units, firm capacity, load and perhaps a store, over steps of one hour.

    Attributes
    ----------
    capacity_mw : (n_units, n_steps) float64
    fails, recovers : (n_units,) float64, probability a step
    firm_mw, load_mw : (n_steps,) float64
    store : Store or None
    """

    capacity_mw: np.ndarray
    fails: np.ndarray
    recovers: np.ndarray
    firm_mw: np.ndarray
    load_mw: np.ndarray
    store: Store | None = None


class SmallResult(NamedTuple):
    """Expectations of each step, or values of each simulated path and step.

    Attributes
    ----------
    lost : (..., n_steps) float64, 1 or the probability that load is lost
    unserved_mwh : (..., n_steps) float64
    stored_mwh : (..., n_steps) float64, at the end of the step
    """

    lost: np.ndarray
    unserved_mwh: np.ndarray
    stored_mwh: np.ndarray


@njit
def operate(balance_mw, stored_mwh, power_mw, energy_mwh, efficiency):
    """Energy not served in an hour and energy in the store after it [MWh]; `power_mw` is 0 while the store is down."""
    if balance_mw >= 0.0:
        room = (energy_mwh - stored_mwh) / efficiency
        return 0.0, stored_mwh + min(balance_mw, power_mw, room) * efficiency
    given = min(-balance_mw, power_mw, stored_mwh)
    return -balance_mw - given, stored_mwh - given


def _pack(system: SmallSystem) -> tuple[np.ndarray, np.ndarray, np.ndarray, Store]:
    """Capacities, fails and recovers with the store as last unit, and the store (of no power without one)."""
    store = system.store or Store(0.0, 0.0, 1.0, 0.0, 1.0)
    fails, recovers = np.append(system.fails, store.fails), np.append(system.recovers, store.recovers)
    return np.asarray(system.capacity_mw, dtype=np.float64), fails, recovers, store


def exact_small(system: SmallSystem) -> SmallResult:
    """Expectations by following the probability of every state of units and store.

    Raises
    ------
    ValueError
        With more than eight units: every state is followed to every other.
    """
    capacity, fails, recovers, store = _pack(system)
    if len(capacity) > MOST_UNITS:
        raise ValueError(f"{len(capacity)} units: at most {MOST_UNITS} can be enumerated; simulate instead")
    n = len(fails)
    up = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    move = np.ones((2**n, 2**n))
    for unit in range(n):
        step = np.array([[1.0 - recovers[unit], recovers[unit]], [fails[unit], 1.0 - fails[unit]]])
        move *= step[up[:, unit][:, None], up[:, unit][None, :]]
    down = fails / (fails + recovers)
    states: dict[float, np.ndarray] = {0.0: np.where(up == 1, 1.0 - down, down).prod(axis=1)}
    out = np.zeros((3, len(system.load_mw)))
    for t, load in enumerate(system.load_mw):
        balance = up[:, :-1] @ capacity[:, t] + system.firm_mw[t] - load
        after: dict[float, np.ndarray] = {}
        for stored, chance in states.items():
            for state in np.flatnonzero(chance):
                power = store.power_mw * up[state, -1]
                unserved, left = operate(balance[state], stored, power, store.energy_mwh, store.efficiency)
                p = chance[state]
                out[:, t] += p * np.array([unserved > SERVED_MWH, unserved, left])
                after.setdefault(round(float(left), 9), np.zeros(2**n))[state] += p
        states = {stored: chance @ move for stored, chance in after.items()}
    return SmallResult(*out)


def simulate_small(system: SmallSystem, paths: int, seed: int) -> SmallResult:
    """Simulate paths of a system.

    Draws
    -----
    Process ADEQUACY_STEP: unit in the order given, the store last; draw = step, path.
    """
    capacity, fails, recovers, store = _pack(system)
    firm, load = np.asarray(system.firm_mw, dtype=np.float64), np.asarray(system.load_mw, dtype=np.float64)
    out = np.zeros((3, paths, len(load)))
    _paths(out, capacity, fails, recovers, firm - load, np.array(store[:3]), seed)
    return SmallResult(*out)


@njit
def _paths(out, capacity, fails, recovers, firm_less_load, store, seed):
    n = fails.shape[0]
    up = np.empty(n, np.int64)
    for path in range(out.shape[1]):
        stored = 0.0
        for t in range(out.shape[2]):
            balance = firm_less_load[t]
            for unit in range(n):
                u, _ = two_uniforms(t, address(STEP, unit), path, seed)
                down = fails[unit] / (fails[unit] + recovers[unit])
                if t > 0:
                    down = fails[unit] if up[unit] else 1.0 - recovers[unit]
                up[unit] = 0 if u < down else 1
                if unit < n - 1:
                    balance += up[unit] * capacity[unit, t]
            unserved, stored = operate(balance, stored, store[0] * up[n - 1], store[1], store[2])
            out[0, path, t] = 1.0 if unserved > SERVED_MWH else 0.0
            out[1, path, t] = unserved
            out[2, path, t] = stored

"""The small systems of `riskmodel.survival_exact` by simulation: outages walked hour by hour, with their own draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distributions._jit import njit
from distributions.counts import binomial_count
from distributions.streams import Process, two_uniforms
from riskmodel.survival_exact import ALIKE, System, hourly_failure

__all__ = ["simulated_hours"]

SYSTEM_WORD = int(Process.SURVIVAL_SYSTEM) << 16


def simulated_hours(system: System, duration_h: int, trials: int, seed: int) -> NDArray[np.int64]:
    """Whole hours that the load is carried, in outages that begin in each hour of the load.

    Parameters
    ----------
    system : System
    duration_h : int, longest outage
    trials : int, outages for each hour to begin in
    seed : int

    Returns
    -------
    (trials, n_hours) int64

    Draws
    -----
    Process SURVIVAL_SYSTEM, path = trial x hours of the load + hour it begins in. Unit 0, draw 0: is the battery there,
    is PV. Unit k + 1: draw 0 how many generators of kind k start, draw h + 1 how many of them fail in hour h.
    """
    kinds = np.array([[g.units, g.power_kw, g.start_chance, hourly_failure(g)] for g in system.generators])
    store, usable = np.zeros(6), np.zeros(system.load_kw.size)
    if (b := system.battery) is not None:
        store[:] = b.power_kw, b.room_kwh, b.charge_efficiency, b.discharge_efficiency, b.availability, 1.0
        usable = np.ascontiguousarray(b.usable_kwh)
    out = np.zeros((trials, system.load_kw.size), np.int64)
    seed = seed - (1 << 64) if seed >= 1 << 63 else seed
    load, pv = np.ascontiguousarray(system.load_kw), np.ascontiguousarray(system.pv_kw)
    _trials(out, load, pv, kinds.reshape(-1, 4), store, usable, system.pv_availability, duration_h, seed)
    return out


@njit
def _trials(out, load, pv, kinds, store, usable, pv_availability, duration_h, seed):
    running = np.zeros(kinds.shape[0], np.int64)
    for trial in range(out.shape[0]):
        for start in range(load.shape[0]):
            path = trial * load.shape[0] + start
            out[trial, start] = _outage(
                running, load, pv, kinds, store, usable[start], pv_availability, start, duration_h, path, seed
            )


@njit
def _outage(running, load, pv, kinds, store, energy, pv_availability, start, duration_h, path, seed):
    """Hours carried of one outage."""
    u, v = two_uniforms(0, SYSTEM_WORD, path, seed)
    battery, sunny = store[5] == 1.0 and u < store[4], v < pv_availability
    if not battery:
        energy = 0.0
    for k in range(kinds.shape[0]):
        u, _ = two_uniforms(0, SYSTEM_WORD | (k + 1), path, seed)
        running[k] = binomial_count(int(kinds[k, 0]), kinds[k, 2], u)
    for hour in range(duration_h):
        power = 0.0
        for k in range(kinds.shape[0]):
            u, _ = two_uniforms(hour + 1, SYSTEM_WORD | (k + 1), path, seed)
            running[k] -= binomial_count(running[k], kinds[k, 3], u)
            power += running[k] * kinds[k, 1]
        at = (start + hour) % load.shape[0]
        spare = power + (pv[at] if sunny else 0.0) - load[at]
        most = min(store[0], energy * store[3]) if battery else 0.0
        if spare + most < -ALIKE * max(load[at], 1e-300):
            return hour
        if battery:
            taken = min(max(-spare, 0.0), most) / store[3]
            put = min(max(spare, 0.0), store[0]) * store[2]
            energy = min(max(energy - taken + put, 0.0), store[1])
    return duration_h

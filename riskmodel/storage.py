"""String cabinets hour by hour: how much to charge or discharge, what the meter sees, how the cells age.

Lane rows in float32: one column a path. Stored energy is counted inside the cells [kWh]; power at the meter [kW].
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit

f = np.float32


class StorageTables(NamedTuple):
    """Constant inputs of storage; float32 rows by strategy (zero without storage) and integer grids.

    Attributes
    ----------
    cabinets_kw, energy_kwh : (s,) working cabinets' power and fresh energy (nameplate x mean availability)
    eta_c, inverse_eta_c, eta_d, inverse_eta_d : (s,) one-way efficiencies and their inverses
    wear : (s,) EUR per stored MWh discharged
    reserve : (s,) share of the energy kept for outages
    charge_limit_kw : (s,) import never exceeds this while charging
    end_of_life : (s,) capacity share at which the cells are replaced at the year's end
    owned : (s,) int64 1 with storage; levels, up, down : (s,) int64 dispatch grid
    surplus : (s, 8760) int8, 1 where PV is expected to exceed the load
    """

    cabinets_kw: np.ndarray
    energy_kwh: np.ndarray
    eta_c: np.ndarray
    inverse_eta_c: np.ndarray
    eta_d: np.ndarray
    inverse_eta_d: np.ndarray
    wear: np.ndarray
    reserve: np.ndarray
    charge_limit_kw: np.ndarray
    end_of_life: np.ndarray
    owned: np.ndarray
    levels: np.ndarray
    up: np.ndarray
    down: np.ndarray
    surplus: np.ndarray


@njit
def net_load_row(net, load, run, pv, kwp, in_service):
    """Load minus PV at the site bus [kW]; `run` is the share of the load drawn, `kwp` of PV in service lanes."""
    for i in range(net.shape[0]):
        net[i] = load[i] * run[i] - pv[i] * kwp * in_service[i]


@njit
def limit_rows(most_in, most_out, net, grid, in_service, power_kw, charge_limit_kw, eta_c, inverse_eta_d):
    """Most that may go into and come out of the store in this hour [stored kWh].

    Charging takes PV surplus, or import up to the charging limit. Discharging never exceeds the net load: no export
    from storage. Both stop for the share of the hour without grid (outages are settled event by event).
    """
    for i in range(most_in.shape[0]):
        n = net[i]
        room = -n if n < f(0.0) else max(charge_limit_kw - n, f(0.0))
        working = grid[i] * in_service[i]
        most_in[i] = min(power_kw, room) * eta_c * working
        most_out[i] = min(power_kw, max(n, f(0.0))) * inverse_eta_d * working


@njit
def value_now_rows(value, pd, pc, price, net, fee, export_fee, export_allowed, eta_d, inverse_eta_c, wear):
    """What a MWh at the meter is worth now, and a stored one going out and coming in [EUR/MWh].

    With a net load it is the price with fees; with PV surplus what export fetches.
    """
    for i in range(value.shape[0]):
        out = max(price[i] - export_fee, f(0.0)) * export_allowed
        p = out if net[i] < f(0.0) else price[i] + fee[i]
        value[i] = p
        pd[i] = p * eta_d - wear
        pc[i] = p * inverse_eta_c


@njit
def move_rows(charge, discharge, stored, floor, target_up, target_down, most_in, most_out):
    """Move towards the targets above the reserve floor; below the floor the first thing is to refill it. [stored kWh]"""
    for i in range(stored.shape[0]):
        above = stored[i] - floor[i]
        c = min(max(target_up[i] - above, f(0.0)), most_in[i])
        d = min(max(above - target_down[i], f(0.0)), most_out[i])
        charge[i] = c
        discharge[i] = d
        stored[i] = stored[i] + c - d


@njit
def stress_rows(low, high, mean_sum, throughput, stored, charge, discharge):
    """Follow the day's stored energy for the ageing law [kWh]."""
    for i in range(stored.shape[0]):
        s = stored[i]
        low[i] = min(low[i], s)
        high[i] = max(high[i], s)
        mean_sum[i] += s
    for i in range(stored.shape[0]):
        throughput[i] += charge[i] + discharge[i]


@njit
def trade_rows(day_in, day_out, gain, charge, discharge, value, inverse_eta_c, eta_d):
    """Energy bought and delivered by the cabinets at the meter [kWh], and what that is worth [EUR/MWh x kWh]."""
    for i in range(charge.shape[0]):
        a = charge[i] * inverse_eta_c
        b = discharge[i] * eta_d
        charge[i] = a
        discharge[i] = b
        day_in[i] += a
        day_out[i] += b
        gain[i] += (b - a) * value[i]


@njit
def meter_row(flow, net, grid, charge, discharge):
    """Power at the grid connection [kW]: import positive. `charge` and `discharge` at the meter."""
    for i in range(flow.shape[0]):
        flow[i] = net[i] * grid[i] + charge[i] - discharge[i]


@njit
def bill_rows(cost, imported, peak, flow, price):
    """Add one hour of import to the day [EUR/MWh x kWh, kWh] and to the month's peak [kW]."""
    for i in range(flow.shape[0]):
        m = max(flow[i], f(0.0))
        imported[i] += m
        cost[i] += m * price[i]
        peak[i] = max(peak[i], m)


@njit
def export_rows(income, exported, flow, price, export_fee, export_allowed):
    """Add one hour of export to the day; nothing is exported at a loss or where it is not allowed."""
    for i in range(flow.shape[0]):
        fetched = max(price[i] - export_fee, f(0.0))
        m = max(-flow[i], f(0.0)) * export_allowed
        m = m if fetched > f(0.0) else f(0.0)
        exported[i] += m
        income[i] += m * fetched


@njit
def plan_rows(floor, step, capacity, energy_kwh, reserve, levels):
    """Reserve floor and energy of one dispatch level [kWh] at today's capacity (share of new)."""
    share = (f(1.0) - reserve) / f(levels)
    for i in range(floor.shape[0]):
        now = energy_kwh * f(capacity[i])
        floor[i] = now * reserve
        step[i] = now * share

"""String cabinets hour by hour: how much to charge or discharge, what the meter sees, how the cells age.

Lane rows in float32: one column a path. Stored energy is counted inside the cells [kWh]; power at the meter [kW].

Each row function writes one row, or two from few inputs: LLVM proves that rows do not overlap by comparing pointers,
gives up above eight comparisons, and then does not vectorise the loop (measured: four times slower).
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit

f = np.float32

LOWEST_EFFICIENCY = f(0.5)


# columns of StorageTables.numbers
(
    CABINET_KW,
    CABINET_KWH,
    ETA,
    OHMIC_GROWTH,
    WEAR,
    CHARGE_LIMIT_KW,
    END_OF_LIFE,
    EXPORT_FEE,
    EXPORT_ALLOWED,
    WEAKEST,
    C_RATE,
    AUGMENT_KWH,
    WARRANTY_CYCLES,
    PEAK_COST,
) = range(14)
N_NUMBERS = 14
COHORTS = 4
"""Groups of cabinets of one age that a strategy may own: the first ones, and those added later."""


class StorageTables(NamedTuple):
    """Constant inputs of storage, one row a strategy.

    Attributes
    ----------
    numbers : (s, 14) float32, by the columns named above: power [kW] and fresh energy [kWh] of one cabinet (nameplate,
        times mean availability where no failures are simulated), one-way efficiency when new, what it falls by for
        each share of capacity lost, wear [EUR per stored MWh discharged], highest import while charging [kW], capacity
        share at which cells are replaced, the site's export fee [EUR/MWh] and permission (1 or 0), loss of the weakest
        cell over the mean loss, power over energy [1/h], usable energy below which cabinets are added [kWh], full
        cycles a year before trading stops, cost of a MWh/h of peak for a month over the days of a month [EUR/MW] (0:
        charging may raise the peak)
    owned : (s,) int64 1 with storage; levels, up, down : (s,) int64 dispatch grid
    surplus : (s, 8760) int8, 1 where PV is expected to exceed the load
    cabinets : (s, years + 1) int64, cabinets that are added at the start of each year by plan; the first in year 0
    laws : (s, 3) int64, 1 where some path may draw the ageing law
    charge_hours : (s,) float32, hours of charging that fill the store, at the most a day's third
    reserve : (s, 12) float32, share of the energy kept for outages in each month

    Notes
    -----
    One array, not many: the hourly functions are called a hundred million times, and every array costs seven words
    a call.
    """

    numbers: np.ndarray
    owned: np.ndarray
    levels: np.ndarray
    up: np.ndarray
    down: np.ndarray
    surplus: np.ndarray
    cabinets: np.ndarray
    laws: np.ndarray
    charge_hours: np.ndarray
    reserve: np.ndarray


@njit
def net_load_row(net, load, run, pv, kwp, in_service):
    """Load minus PV at the site bus [kW]; `run` is the share of the load drawn, `kwp` of PV in service lanes."""
    for i in range(net.shape[0]):
        net[i] = load[i] * run[i] - pv[i] * kwp * in_service[i]


@njit
def load_row(net, load, run):
    """Net load of a strategy without PV [kW]."""
    for i in range(net.shape[0]):
        net[i] = load[i] * run[i]


@njit
def room_row(room, net, limit):
    """Import that charging may add, or the PV surplus [kW]; `limit` : (n_lanes,) highest import while charging."""
    for i in range(room.shape[0]):
        n = net[i]
        room[i] = -n if n < f(0.0) else max(limit[i] - n, f(0.0))


@njit
def most_in_row(most_in, room, grid, in_service, power, eta):
    """Most that may go into the store in this hour [stored kWh].

    Nothing for the share of the hour without grid: outages are settled event by event.
    """
    for i in range(most_in.shape[0]):
        most_in[i] = min(power[i], room[i]) * eta[i] * (grid[i] * in_service[i])


@njit
def most_out_row(most_out, net, grid, trading, power, inverse_eta):
    """Most that may come out of the store in this hour [stored kWh]: up to the net load, no export from storage."""
    for i in range(most_out.shape[0]):
        most_out[i] = min(power[i], max(net[i], f(0.0))) * inverse_eta[i] * (grid[i] * trading[i])


@njit
def value_row(value, price, net, fee, export_fee, export_allowed):
    """What a MWh at the meter is worth now [EUR/MWh]: the price with fees, or with PV surplus what export fetches."""
    for i in range(value.shape[0]):
        out = max(price[i] - export_fee, f(0.0)) * export_allowed
        value[i] = out if net[i] < f(0.0) else price[i] + fee[i]


@njit
def out_value_row(pd, value, eta, wear):
    """What a stored MWh is worth going out [EUR/MWh]; see `in_value_row` for negative values."""
    for i in range(pd.shape[0]):
        v = value[i]
        pd[i] = (v * eta[i] if v > f(0.0) else v) - wear


@njit
def in_value_row(pc, value, inverse_eta):
    """What a stored MWh costs coming in [EUR/MWh].

    Where energy has a negative value, losses earn money, and a store that charged and discharged in one hour would burn
    energy for it, which one converter cannot. Both sides then count without losses, so it never pays.
    """
    for i in range(pc.shape[0]):
        v = value[i]
        pc[i] = v * inverse_eta[i] if v > f(0.0) else v


@njit
def charge_row(charge, stored, floor, target_up, most_in):
    """Energy into the store, up to the target above the reserve floor; below the floor it is refilled first [kWh]."""
    for i in range(charge.shape[0]):
        charge[i] = min(max(target_up[i] - (stored[i] - floor[i]), f(0.0)), most_in[i])


@njit
def discharge_row(discharge, stored, floor, target_down, most_out, charge):
    """Energy out of the store, down to the target above the reserve floor; none in an hour that charges [kWh].

    Where a stored MWh costs just what it fetches, both would be worth it, and a converter cannot do both.
    """
    for i in range(discharge.shape[0]):
        out = min(max((stored[i] - floor[i]) - target_down[i], f(0.0)), most_out[i])
        discharge[i] = f(0.0) if charge[i] > f(0.0) else out


@njit
def store_row(stored, charge, discharge):
    """Energy in the store after the hour [kWh]."""
    for i in range(stored.shape[0]):
        stored[i] = stored[i] + charge[i] - discharge[i]


@njit
def range_rows(low, high, stored):
    """Lowest and highest stored energy of the day so far [kWh]."""
    for i in range(stored.shape[0]):
        s = stored[i]
        low[i] = min(low[i], s)
        high[i] = max(high[i], s)


@njit
def add_row(total, row):
    """Add a row to a sum."""
    for i in range(total.shape[0]):
        total[i] += row[i]


@njit
def add_both_row(total, a, b):
    """Add two rows to a sum."""
    for i in range(total.shape[0]):
        total[i] += a[i] + b[i]


@njit
def scale_row(row, factor):
    """Multiply a row by another: stored energy to energy at the meter."""
    for i in range(row.shape[0]):
        row[i] *= factor[i]


@njit
def gain_row(gain, charge, discharge, value):
    """Add what the cabinets earned in the hour: delivered minus bought energy, times its value [EUR/MWh x kWh]."""
    for i in range(gain.shape[0]):
        gain[i] += (discharge[i] - charge[i]) * value[i]


@njit
def meter_row(flow, net, grid, charge, discharge):
    """Power at the grid connection [kW]: import positive. `charge` and `discharge` at the meter."""
    for i in range(flow.shape[0]):
        flow[i] = net[i] * grid[i] + charge[i] - discharge[i]


@njit
def grid_row(flow, net, grid):
    """Power at the grid connection of a strategy without storage [kW]."""
    for i in range(flow.shape[0]):
        flow[i] = net[i] * grid[i]


@njit
def import_rows(imported, peak, flow):
    """Add an hour of import to the day [kWh] and to the month's peak [kW]."""
    for i in range(flow.shape[0]):
        m = max(flow[i], f(0.0))
        imported[i] += m
        peak[i] = max(peak[i], m)


@njit
def cost_row(cost, flow, price):
    """Add what an hour of import costs at the market price [EUR/MWh x kWh]."""
    for i in range(flow.shape[0]):
        cost[i] += max(flow[i], f(0.0)) * price[i]


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
def plan_rows(floor, step, energy, reserve, levels):
    """Reserve floor and energy of one dispatch level [kWh] of the energy that the working cabinets hold today."""
    share = (f(1.0) - reserve) / f(levels)
    for i in range(floor.shape[0]):
        floor[i] = energy[i] * reserve
        step[i] = energy[i] * share


@njit
def efficiency_rows(eta, inverse, lost, new, growth):
    """One-way efficiency and its inverse: cells that lost capacity resist more.

    Parameters
    ----------
    eta, inverse : (n_lanes,) float32, written
    lost : (n_lanes,) float64, mean capacity lost [share of new]
    new, growth : float32, efficiency of new cells; what it falls by for each share lost
    """
    for i in range(eta.shape[0]):
        eta[i] = max(new - growth * f(lost[i]), LOWEST_EFFICIENCY)
    for i in range(eta.shape[0]):
        inverse[i] = f(1.0) / eta[i]

"""One day of one strategy for all lanes of a block: plan at 13:00, walk 24 hours, close the day."""

import numpy as np

from distributions._jit import njit
from distributions.clock import HOURS_PER_YEAR
from riskmodel import storage
from riskmodel.demand_response import call_flows_row, credit_rows, deliver_row, need_row
from riskmodel.dispatch import (
    KNOWN_HOURS,
    PLAN_HOUR,
    backward_hour,
    known_value_row,
    target_row,
    target_up_row,
    terminal_rows,
)
from riskmodel.engine.ageing_day import age_day
from riskmodel.engine.cabinets_day import count_cabinets, count_calls, open_storage
from riskmodel.engine.events import mark_day, settle_event
from riskmodel.engine.state import (
    CHARGE,
    CHARGED,
    COST,
    DAY,
    DELIVER,
    DELIVERED,
    DISCHARGE,
    DISCHARGED,
    EMPTY,
    EXPORTED,
    FLOOR,
    FLOW,
    FULL,
    GAIN,
    HIGH,
    IMPORTED,
    INCOME,
    LIMIT,
    LOAD,
    LOW,
    MEAN_SUM,
    MOST,
    NEED,
    NET,
    OF_OUTAGES,
    PC,
    PD,
    REQUIRED,
    RESERVED,
    ROOM,
    STEP,
    SUN,
    TARGET,
    THROUGHPUT,
    TRADING,
    VALUE,
)  # fmt: skip
from riskmodel.quantities import Quantity
from riskmodel.storage import EXPORT_ALLOWED, EXPORT_FEE, WEAR

f = np.float32

ENERGY_COST = int(Quantity.ENERGY_COST_EUR)
EXPORT_INCOME = int(Quantity.EXPORT_INCOME_EUR)
IMPORT = int(Quantity.IMPORT_KWH)
EXPORT = int(Quantity.EXPORT_KWH)
PV = int(Quantity.PV_KWH)
CHARGED_KWH = int(Quantity.CHARGE_KWH)
DISCHARGED_KWH = int(Quantity.DISCHARGE_KWH)
REQUIRED_KWH = int(Quantity.CALL_REQUIRED_KWH)
DELIVERED_KWH = int(Quantity.CALL_DELIVERED_KWH)
ARBITRAGE = int(Quantity.ARBITRAGE_EUR)
POWERED = int(Quantity.POWERED_GPU_HOURS)
MWH_PER_KWH = 1e-3
DAYS = 365


@njit(inner=True)
def open_day(fleet, market, tables, inputs, s, year, day_of_year, first_lane, first_path, seed):
    """What is in service today: the share of GPUs with power, the load, the cabinets and the reserve floor."""
    load, served, day = fleet.rows[LOAD], fleet.in_service[s], year * DAYS + day_of_year
    factor, auxiliary = tables.site.ups_factor[s], tables.site.auxiliary_kw[s]
    before, installed = tables.site.import_before_kw[s], f(tables.site.installed_share[year])
    for i in range(load.shape[0]):
        full = inputs.load_kw[first_lane + i] * installed
        connected = day >= inputs.energised_day[s, first_lane + i]
        served[i] = f(1.0) if connected else f(0.0)
        share = f(1.0) if connected else min(before / full, f(1.0))
        fleet.powered[s, i] = share
        load[i] = full * share * (factor if connected else f(1.0))
    if tables.storage.owned[s] == 1:
        count_cabinets(fleet, tables, inputs, s, day, day_of_year, first_lane, first_path, seed)
        if tables.demand.required_kw[s] > f(0.0):
            regime = market.regime[tables.site.regime_of[OF_OUTAGES]]
            count_calls(
                fleet, tables, s, year, day_of_year, first_path, seed, market.cumulative, regime, market.lane_regime
            )
        installed_cabinets = fleet.installed[s]
        for i in range(load.shape[0]):
            load[i] += auxiliary * f(installed_cabinets[i])
        open_storage(fleet, market, tables, s, tables.site.month_of_day[day_of_year])


@njit(inner=True)
def plan(
    values, value, known_pd, known_pc, price, reference, spread, fee, empty, full, eta, inverse_eta, numbers, grid,
    surplus, hour_of_year,
):  # fmt: skip
    """Water values over the 35 known hours from 13:00 today.

    Parameters
    ----------
    values : (36, 20, n_lanes) float32, written [EUR/MWh]
    value : (n_lanes,) float32 scratch; known_pd, known_pc : (35, n_lanes) float32 scratch
    price : (48, n_lanes) float32, today and tomorrow
    reference, spread, fee, empty, full : (n_lanes,) float32 rows, see `riskmodel.dispatch`
    eta, inverse_eta : (n_lanes,) float32 one-way efficiency and its inverse
    numbers : (14,) float32, the strategy's row of StorageTables
    grid : (int, int, int) levels, levels up and levels down an hour
    surplus : (8760,) int8
    hour_of_year : int, first hour of today
    """
    levels, up, down = grid
    terminal_rows(values[KNOWN_HOURS], levels, reference, spread, fee, eta)
    for k in range(KNOWN_HOURS - 1, 0, -1):
        h = PLAN_HOUR + k
        sunny = surplus[(hour_of_year + h) % surplus.shape[0]] == 1
        pd, pc = known_pd[k], known_pc[k]
        known_value_row(value, price[h], sunny, fee, numbers[EXPORT_FEE], numbers[EXPORT_ALLOWED])
        storage.out_value_row(pd, value, eta, numbers[WEAR])
        storage.in_value_row(pc, value, inverse_eta)
        backward_hour(values[k], values[k + 1], pd, pc, up, down, levels, empty, full)


@njit(inner=True)
def call_hour(rows, day, stored, called, grid, served, power, eta, inverse_eta, required_kw):
    """One hour in which demand response may be called: at least what it needs goes out, and nothing is charged."""
    need, deliver, charge, discharge = rows[NEED], rows[DELIVER], rows[CHARGE], rows[DISCHARGE]
    need_row(need, called, grid, served, required_kw)
    deliver_row(deliver, need, called, rows[NET], stored, rows[RESERVED], power, eta)
    call_flows_row(charge, discharge, deliver, called, inverse_eta)
    credit_rows(day[REQUIRED], day[DELIVERED], need, discharge, eta)


@njit(inner=True)
def dispatch_hour(rows, stored, after, levels, grid, served, price, fee, power, eta, inverse_eta, c):
    """Charge and discharge that dispatch wants in one hour, in the scratch rows CHARGE and DISCHARGE [stored kWh].

    Parameters
    ----------
    rows : scratch of `Fleet`
    stored : (n_lanes,) float32 [kWh]
    after : (20, n_lanes) float32 marginal values at the end of the hour
    grid, served, price, fee, power, eta, inverse_eta : (n_lanes,) float32 rows
    c : (14,) float32, the strategy's row of StorageTables
    """
    net, value, pd, pc, step, floor = rows[NET], rows[VALUE], rows[PD], rows[PC], rows[STEP], rows[FLOOR]
    target, most, charge, discharge = rows[TARGET], rows[MOST], rows[CHARGE], rows[DISCHARGE]
    storage.value_row(value, price, net, fee, c[EXPORT_FEE], c[EXPORT_ALLOWED])
    storage.out_value_row(pd, value, eta, c[WEAR])
    storage.in_value_row(pc, value, inverse_eta)
    target_up_row(target, after, levels, pc, step)
    storage.room_row(rows[ROOM], net, rows[LIMIT])
    storage.most_in_row(most, rows[ROOM], grid, served, power, eta)
    storage.charge_row(charge, stored, floor, target, most)
    target_row(target, after, levels, pd, step)
    storage.most_out_row(most, net, grid, rows[TRADING], power, inverse_eta)
    storage.discharge_row(discharge, stored, floor, target, most, charge)


@njit(inner=True)
def store_hour(rows, day, stored, eta, inverse_eta):
    """Move the hour's energy in and out of the store; CHARGE and DISCHARGE become power at the meter [kW]."""
    charge, discharge = rows[CHARGE], rows[DISCHARGE]
    storage.store_row(stored, charge, discharge)
    storage.range_rows(day[LOW], day[HIGH], stored)
    storage.add_row(day[MEAN_SUM], stored)
    storage.add_both_row(day[THROUGHPUT], charge, discharge)
    storage.scale_row(charge, inverse_eta)
    storage.scale_row(discharge, eta)
    storage.add_row(day[CHARGED], charge)
    storage.add_row(day[DISCHARGED], discharge)
    storage.gain_row(day[GAIN], charge, discharge, rows[VALUE])


@njit(inner=True)
def sunless_hour(rows, day, peak, run, grid, price):
    """Meter and bill of one hour of a strategy without storage and PV."""
    net, flow = rows[NET], rows[FLOW]
    storage.load_row(net, rows[LOAD], run)
    storage.grid_row(flow, net, grid)
    storage.import_rows(day[IMPORTED], peak, flow)
    storage.cost_row(day[COST], flow, price)


@njit(inner=True)
def sunny_hour(rows, day, peak, grid, price, pv, c):
    """Meter and bill of one hour after dispatch, with export where there is PV."""
    flow = rows[FLOW]
    storage.meter_row(flow, rows[NET], grid, rows[CHARGE], rows[DISCHARGE])
    storage.import_rows(day[IMPORTED], peak, flow)
    storage.cost_row(day[COST], flow, price)
    storage.add_row(day[SUN], pv)
    storage.export_rows(day[INCOME], day[EXPORTED], flow, price, c[EXPORT_FEE], c[EXPORT_ALLOWED])


@njit(inner=True)
def walk_day(fleet, market, tables, s, year, day_of_year, trace, trace_from):
    """All 24 hours of one day for strategy `s`.

    Parameters
    ----------
    trace : (s, 7, hours) float64, filled for lane 0 from hour `trace_from` of the run; empty to trace nothing

    Notes
    -----
    Groups of arrays are taken apart here, once a day: passed to a function of one hour they would cost more than the
    hour.
    """
    hour_of_year = day_of_year * DAY
    year_start_h = float(year * HOURS_PER_YEAR)
    t = tables.storage
    kwp, c, owned = tables.site.kwp[s, year], t.numbers[s], t.owned[s] == 1
    has_assets = owned or kwp > f(0.0)
    day, rows, peak, stored, served = fleet.day, fleet.rows, fleet.peak[s], fleet.stored[s], fleet.in_service[s]
    values, grid, run, fee = fleet.values[s], fleet.grid, fleet.run, market.fee
    required_kw = tables.demand.required_kw[s]
    contract = required_kw > f(0.0)
    power, eta, inverse_eta = fleet.power[s], fleet.eta[s], fleet.inverse_eta[s]
    prices, sun, load, net = market.price, market.pv, rows[LOAD], rows[NET]
    day[:] = f(0.0)
    day[LOW] = f(1e30)
    rows[CHARGE] = f(0.0)
    rows[DISCHARGE] = f(0.0)
    mark_day(fleet, s, year_start_h + hour_of_year, tables.site.idle_share[0])
    first_of_hour = market.first_of_hour
    for h in range(DAY):
        if owned and h == PLAN_HOUR:
            plan(
                values, rows[VALUE], fleet.known_pd, fleet.known_pc, prices, market.reference, market.spread, fee,
                rows[EMPTY], rows[FULL], eta, inverse_eta, c, (t.levels[s], t.up[s], t.down[s]), t.surplus[s],
                hour_of_year,
            )  # fmt: skip
        for n in range(first_of_hour[hour_of_year + h], first_of_hour[hour_of_year + h + 1]):
            i, k = market.order_lane[n], market.order_event[n]
            settle_event(fleet, market, tables, s, i, k, hour_of_year, year_start_h)
        if has_assets:
            storage.net_load_row(net, load, run[h], sun[h], kwp, served)
            if owned:
                after = values[(h - PLAN_HOUR) % DAY + 1]
                dispatch_hour(
                    rows, stored, after, t.levels[s], grid[h], served, prices[h], fee, power, eta, inverse_eta, c
                )
                if contract:
                    call_hour(rows, day, stored, fleet.called[h], grid[h], served, power, eta, inverse_eta, required_kw)
                store_hour(rows, day, stored, eta, inverse_eta)
            sunny_hour(rows, day, peak, grid[h], prices[h], sun[h], c)
        else:
            sunless_hour(rows, day, peak, run[h], grid[h], prices[h])
        n = year * HOURS_PER_YEAR + hour_of_year + h - trace_from
        if 0 <= n < trace.shape[2]:
            _trace_hour(trace[s, :, n], fleet, market, s, h)


@njit(inner=True)
def _trace_hour(out, fleet, market, s, h):
    rows = fleet.rows
    energy = np.float64(fleet.energy[s, 0])  # compiled, float() of a float32 stays one
    out[0] = rows[FLOW, 0]
    out[1] = fleet.stored[s, 0] / energy if energy > 0.0 else np.nan
    out[2] = rows[CHARGE, 0]
    out[3] = rows[DISCHARGE, 0]
    out[4] = fleet.grid[h, 0]
    out[5] = market.price[h, 0]
    out[6] = market.pv[h, 0]


@njit(inner=True)
def _add_scaled(total, row, scale):
    for i in range(total.shape[0]):
        total[i] += scale * row[i]


@njit(inner=True)
def close_day(fleet, tables, inputs, s, year, first_lane):
    """Add the day to the year's float64 sums and age the cells."""
    day, sums = fleet.day, fleet.sums[s]
    _add_scaled(sums[ENERGY_COST], day[COST], MWH_PER_KWH)
    _add_scaled(sums[IMPORT], day[IMPORTED], 1.0)
    gpus = tables.cluster.gpus[0] * tables.site.installed_share[year] * DAY
    _add_scaled(sums[POWERED], fleet.powered[s], gpus)
    kwp = tables.site.kwp[s, year]
    if kwp > f(0.0):
        _add_scaled(sums[EXPORT_INCOME], day[INCOME], MWH_PER_KWH)
        _add_scaled(sums[EXPORT], day[EXPORTED], 1.0)
        _add_sun(sums[PV], day[SUN], fleet.in_service[s], np.float64(kwp))  # compiled, float() of a float32 stays one
    if tables.storage.owned[s]:
        _add_scaled(sums[CHARGED_KWH], day[CHARGED], 1.0)
        _add_scaled(sums[DISCHARGED_KWH], day[DISCHARGED], 1.0)
        _add_scaled(sums[ARBITRAGE], day[GAIN], MWH_PER_KWH)
        _add_scaled(fleet.traded[s], day[DISCHARGED], 1.0)
        if tables.demand.required_kw[s] > f(0.0):
            _add_scaled(sums[REQUIRED_KWH], day[REQUIRED], 1.0)
            _add_scaled(sums[DELIVERED_KWH], day[DELIVERED], 1.0)
        age_day(fleet, tables, inputs, s, first_lane)


@njit(inner=True)
def _add_sun(total, sun, in_service, kwp):
    for i in range(total.shape[0]):
        total[i] += kwp * sun[i] * in_service[i]

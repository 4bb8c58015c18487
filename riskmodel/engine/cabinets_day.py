"""Cabinets of one strategy in the morning: how many work, what they hold and carry, and how far charging may go."""

import numpy as np

from distributions._jit import njit
from distributions.demand_calls import CALLS_A_YEAR, calls_of_year
from riskmodel import storage
from riskmodel.cabinet_energy import lock_row
from riskmodel.cabinet_fleet import cabinet_day
from riskmodel.cabinet_tables import (
    DOWN_CABINET_DAYS,
    FAILED_CONVERTERS,
    FALSE_ALARMS,
    GROUP_FAILURES,
    KINDS,
    REPAIRS,
    SWAPPED_CONVERTERS,
)
from riskmodel.demand_response import held_rows, mark_calls
from riskmodel.engine.state import DAY, FLOOR, LIMIT, LOAD, RESERVED, STEP, TRADING
from riskmodel.fire import fire_day
from riskmodel.quantities import Quantity
from riskmodel.storage import (
    CABINET_KW,
    CABINET_KWH,
    CHARGE_LIMIT_KW,
    COHORTS,
    ETA,
    OHMIC_GROWTH,
    PEAK_COST,
    WARRANTY_CYCLES,
    WEAR,
)

f = np.float32

PEAK_DEVIATION = f(1.3)
"""Distance of the hours that trading uses from the day's mean price, over the mean distance of all hours: measured on
day-ahead prices with a cheap and a dear third of the day it is 1.2 to 1.5 (judgement between them)."""

PARTS = int(Quantity.CONVERTER_PARTS)
VISITS = int(Quantity.SERVICE_VISITS)
DOWN_DAYS = int(Quantity.DOWN_CABINET_DAYS)
FIRES = int(Quantity.FIRES)
CALLS = int(Quantity.CALLS)
READY = int(Quantity.CALL_READY_DAYS)


@njit(inner=True)
def count_cabinets(fleet, tables, inputs, s, day, day_of_year, first_lane, first_path, seed):
    """Cabinets on site and at work today; failures, repairs and fires of the day."""
    served, installed, working = fleet.in_service[s], fleet.installed[s], fleet.working[s]
    b = served.shape[0]
    for i in range(b):
        owned = 0.0
        for k in range(COHORTS):
            owned += fleet.cohort[s, k, i]
        installed[i] = int(owned) if served[i] > f(0.0) else 0
        working[i] = installed[i]
    if tables.simulated[s] == 0:
        return
    rate = inputs.failure_factor[s, first_lane : first_lane + b]
    cabinet_day(
        working, fleet.planned_h[s], fleet.cabinets, s, installed, rate, tables.cabinets, fleet.cabinet_words,
        day_of_year, day, first_path, seed, fleet.counts[s],
    )  # fmt: skip
    if tables.fire.chance_per_day[s] > 0.0:
        rate = inputs.fire_factor[s, first_lane : first_lane + b]
        fire_day(
            fleet.cabinets, s, installed, rate, tables.fire, fleet.fire_words, day, first_path, seed, fleet.fires[s]
        )


@njit(inner=True, held=False)
def _draw_calls(calls, n_calls, following, tables, s, year, first_path, seed, cumulative, regime, lane_regime):
    buffer = np.empty((CALLS_A_YEAR, 2))
    for i in range(n_calls.shape[0]):
        lane_regime[:] = regime[: lane_regime.shape[0], i]
        n = calls_of_year(buffer, tables, s, lane_regime, year, first_path + i, seed, cumulative)
        n_calls[i] = min(n, calls.shape[1])
        calls[i, : n_calls[i]] = buffer[: n_calls[i]]
        following[i] = 0


@njit(inner=True)
def count_calls(fleet, tables, s, year, day_of_year, first_path, seed, cumulative, regime, lane_regime):
    """The year's calls on its first day, and today's hours of them, for a strategy with a contract."""
    calls, n_calls, following, demand = fleet.calls[s], fleet.n_calls[s], fleet.following[s], tables.demand
    if day_of_year == 0:
        _draw_calls(calls, n_calls, following, demand.calls, s, year, first_path, seed, cumulative, regime, lane_regime)
    season = int(demand.season[s, day_of_year])
    mark_calls(fleet.called, fleet.held, calls, n_calls, following, season, int(demand.hold_all_season[s]), day_of_year)
    sums, served = fleet.sums[s], fleet.in_service[s]
    from_h = day_of_year * 24.0
    for i in range(served.shape[0]):
        if served[i] == f(0.0):
            continue
        sums[READY, i] += season
        for k in range(n_calls[i]):
            if from_h <= calls[i, k, 0] < from_h + 24.0:
                sums[CALLS, i] += 1.0


@njit(inner=True)
def _reserved_row(reserved, energy, reserve):
    for i in range(reserved.shape[0]):
        reserved[i] = energy[i] * reserve


@njit(inner=True)
def _hold_rows(power, energy, working, planned_h, capacity, kw, kwh):
    for i in range(power.shape[0]):
        power[i] = (f(working[i]) - f(planned_h[i]) * f(1.0 / 24.0)) * kw
    for i in range(energy.shape[0]):
        energy[i] = (f(working[i]) * kwh) * f(capacity[i])


@njit(inner=True)
def _trading_row(trading, served, traded, energy, cycles):
    """1 where storage may still trade this year: full cycles so far are within the warranty."""
    for i in range(trading.shape[0]):
        trading[i] = served[i] if traded[i] <= float(cycles * energy[i]) else f(0.0)


@njit(inner=True)
def _limit_row(limit, load, peak, stored, floor, contracted_kw):
    """Highest import while charging may not raise the bill: load, the month's peak so far or the contract; and a refill
    in a day."""
    for i in range(limit.shape[0]):
        refill = floor[i] * f(1.0 / DAY) if stored[i] < floor[i] else f(0.0)
        limit[i] = max(max(load[i], peak[i]) + refill, contracted_kw)


@njit(inner=True)
def _raise_row(limit, reference, fee, spread, eta, hours, highest, wear, cost):
    """Lift the limit where a day of trading a MW is expected to earn more than a day of its peak costs."""
    for i in range(limit.shape[0]):
        mean, apart, e = reference[i] + fee[i], PEAK_DEVIATION * spread[i], eta[i]
        gain = hours * (e * e * (mean + apart) - (mean - apart) - e * wear)
        limit[i] = highest if gain > cost else min(limit[i], highest)


@njit(inner=True)
def open_storage(fleet, market, tables, s, month):
    """What the working cabinets hold and carry today, efficiency, reserve floor, and how far charging may go."""
    t, rows, reserve = tables.storage, fleet.rows, tables.storage.reserve[s, month]
    c, energy, stored, eta = t.numbers[s], fleet.energy[s], fleet.stored[s], fleet.eta[s]
    _hold_rows(
        fleet.power[s], energy, fleet.working[s], fleet.planned_h[s], fleet.capacity[s], c[CABINET_KW], c[CABINET_KWH]
    )
    if tables.simulated[s] == 1:
        lock_row(
            stored, fleet.locked[s], fleet.working_before[s], fleet.working[s], fleet.installed_before[s],
            fleet.installed[s],
        )  # fmt: skip
    for i in range(stored.shape[0]):
        stored[i] = min(stored[i], energy[i])
    storage.efficiency_rows(eta, fleet.inverse_eta[s], fleet.lost_share[s], c[ETA], c[OHMIC_GROWTH])
    if tables.demand.required_kw[s] > f(0.0):
        share = tables.demand.energy_share[s]
        held_rows(rows[FLOOR], rows[STEP], energy, reserve, fleet.held, share, t.levels[s])
        _reserved_row(rows[RESERVED], energy, reserve)
    else:
        storage.plan_rows(rows[FLOOR], rows[STEP], energy, reserve, t.levels[s])
    _trading_row(rows[TRADING], fleet.in_service[s], fleet.traded[s], energy, c[WARRANTY_CYCLES])
    limit = rows[LIMIT]
    if c[PEAK_COST] == f(0.0):
        limit[:] = c[CHARGE_LIMIT_KW]
        return
    _limit_row(limit, rows[LOAD], fleet.peak[s], stored, rows[FLOOR], tables.site.contracted_kw[s])
    _raise_row(
        limit, market.reference, market.fee, market.spread, eta, t.charge_hours[s], c[CHARGE_LIMIT_KW], c[WEAR],
        c[PEAK_COST],
    )  # fmt: skip


@njit(inner=True)
def close_cabinets(fleet, s):
    """The year's parts, visits, days without cabinets and fires, into the yearly sums."""
    counts, sums, fires = fleet.counts[s], fleet.sums[s], fleet.fires[s]
    for i in range(counts.shape[1]):
        swaps = 0.0
        for kind in range(KINDS):
            swapped = counts[SWAPPED_CONVERTERS + kind, i]
            sums[PARTS + kind, i] = counts[FAILED_CONVERTERS + kind, i] + swapped
            swaps += swapped
        sums[VISITS, i] = counts[REPAIRS, i] + swaps + counts[FALSE_ALARMS, i] + counts[GROUP_FAILURES, i]
        sums[DOWN_DAYS, i] = counts[DOWN_CABINET_DAYS, i]
        sums[FIRES, i] = fires[0, i]
        sums[FIRES + 1, i] = fires[1, i]
    counts[:] = 0.0
    fires[:] = 0.0
    fleet.traded[s] = 0.0

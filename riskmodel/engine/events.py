"""Events inside the walk: settle one when its hour comes, and mark the hours without grid or with the cluster down."""

import numpy as np

from distributions._jit import njit
from distributions.clock import HOURS_PER_YEAR
from distributions.counts import binomial_count
from distributions.outages import CURTAILMENT, FAMILY, HOUR, RESIDUAL
from riskmodel import event_record as kept
from riskmodel.bridge import (
    COLD_START,
    DAY_START_H,
    DOWN_SHARE,
    DOWN_UNTIL,
    EFFICIENCY,
    GRID_OUT_UNTIL,
    IN_SERVICE,
    LOAD_KW,
    RESTART_ABRUPT,
    RESTART_ORDERLY,
    STORED_KWH,
    WORKING,
    WORKING_OF,
)
from riskmodel.cabinet_fleet import out_at
from riskmodel.downtime import lost_gpu_hours, restart_times
from riskmodel.engine.state import DAY, LOAD, THROUGHPUT
from riskmodel.quantities import Quantity
from riskmodel.ridethrough import (
    ABRUPT_STOP,
    CABINETS_H,
    CARRIED_H,
    DOWN_FROM_H,
    DOWN_UNTIL_H,
    GENSET_KWH,
    GENSETS_H,
    GRID_BACK_H,
    INFERENCE_H,
    ORDERLY_STOP,
    OUTCOME,
    REDUCED_H,
    RESTART_H,
    STOPPED_SHARE,
    STORED_USED_KWH,
    TRAINING_H,
    TRIPPED,
    U_CABINETS,
    UPS_H,
    WAITING_H,
    resolve,
)

f = np.float32

LOST_REWORK = int(Quantity.LOST_REWORK_GPU_HOURS)
DAMAGED = int(Quantity.DAMAGED_SERVERS)
INTERRUPTIONS = int(Quantity.INTERRUPTIONS)
ABRUPT = int(Quantity.ABRUPT_STOPS)
ORDERLY = int(Quantity.ORDERLY_STOPS)
GENSET = int(Quantity.GENSET_KWH)
DELAY = int(Quantity.DELAY_DAYS)


@njit(inner=True)
def cover(rows, lane, from_h, until_h, day_start_h, left):
    """Scale the day's hourly shares of one lane where [from, until) overlaps them; `left` is what remains inside it.

    Parameters
    ----------
    rows : (24, b) float32, lowered to 1 - overlap (1 - left)
    from_h, until_h, day_start_h : float, hours of the run
    """
    a, z = max(from_h - day_start_h, 0.0), min(until_h - day_start_h, float(DAY))
    h = int(a)
    while h < z and h < DAY:
        overlap = min(h + 1.0, z) - max(float(h), a)
        rows[h, lane] = min(rows[h, lane], f(1.0 - overlap * (1.0 - left)))
        h += 1


@njit(inner=True)
def mark_day(fleet, s, day_start_h, idle_share):
    """Shares of the day's hours with grid and of load drawn, from events of earlier days."""
    fleet.run[:] = f(1.0)
    fleet.grid[:] = f(1.0)
    for i in range(fleet.stored.shape[1]):
        if fleet.grid_back[s, i] > day_start_h:
            cover(fleet.grid, i, day_start_h, fleet.grid_back[s, i], day_start_h, fleet.grid_left[s, i])
        if fleet.down_until[s, i] > day_start_h:
            working = 1.0 - fleet.down_share[s, i] * (1.0 - idle_share)
            cover(fleet.run, i, fleet.down_from[s, i], fleet.down_until[s, i], day_start_h, working)


@njit(inner=True, forceinline=True)
def _situation(fleet, tables, s, i, u, hour_of_year, year_start_h, hour):
    """What strategy `s` is in lane `i` when an event comes at `hour` of the year, into `fleet.now`."""
    now = fleet.now
    now[LOAD_KW], now[STORED_KWH] = float(fleet.rows[LOAD, i]), float(fleet.stored[s, i])
    now[IN_SERVICE] = float(fleet.in_service[s, i])
    cabinets = int(fleet.working[s, i])
    now[WORKING_OF] = cabinets
    if tables.simulated[s] == 1:
        now[WORKING] = max(cabinets - out_at(fleet.planned_h[s, i], u[U_CABINETS]), 0)
    else:
        now[WORKING] = binomial_count(cabinets, tables.backup.cabinet_availability[s], u[U_CABINETS])
    now[DAY_START_H], now[DOWN_UNTIL] = hour_of_year, fleet.down_until[s, i] - year_start_h
    now[DOWN_SHARE] = fleet.down_share[s, i] if now[DOWN_UNTIL] > hour else 0.0
    now[GRID_OUT_UNTIL] = fleet.out_until[s, i] - year_start_h
    now[COLD_START] = fleet.restart[2]
    now[RESTART_ABRUPT], now[RESTART_ORDERLY] = fleet.restart[0], fleet.restart[1]
    now[EFFICIENCY] = float(fleet.eta[s, i])


@njit(inner=True, forceinline=True)
def settle_event(fleet, market, tables, s, i, k, hour_of_year, year_start_h):
    """One event of lane `i` for strategy `s`: outcome, losses, energy used, and the hours it takes out of the day.

    An event with a residual voltage below 0 (`distributions.given_outages.ASKED`) is only asked about: its record says
    what would have come of it, and nothing else changes.

    Parameters
    ----------
    k : int, number of the event in the lane's year
    hour_of_year : int, first hour of today
    year_start_h : float, hour of the run at which the year began
    """
    event, u = market.events[i, k], market.uniforms[i, k]
    effect, cluster = fleet.effect, tables.cluster
    restart_times(fleet.restart, cluster, u)
    _situation(fleet, tables, s, i, u, hour_of_year, year_start_h, event[HOUR])
    resolve(effect, fleet.pool, event, tables.backup, cluster, s, u, fleet.now, market.pv, i)
    outcome = int(effect[OUTCOME])
    installed = tables.site.installed_share[int(year_start_h / HOURS_PER_YEAR)]
    share = fleet.powered[s, i] * installed
    gpus = cluster.gpus[0] * share
    asked = event[RESIDUAL] < 0.0
    spares = fleet.spares[s, i]
    used, until = spares[0], spares[1]
    servers = lost_gpu_hours(fleet.lost_now, effect, cluster, share, u, spares, year_start_h + event[HOUR])
    delay = effect[TRAINING_H] / cluster.training_share[0] / DAY if cluster.training_share[0] > 0.0 else 0.0
    _record_event(fleet.record[s, i, k], fleet.lost_now, effect, servers, fleet.now[STORED_KWH], gpus, delay)
    fleet.outcome[s, i, k] = outcome
    if asked:
        spares[0], spares[1] = used, until
        return
    sums = fleet.sums[s]
    for c in range(fleet.lost_now.shape[0]):
        sums[LOST_REWORK + c, i] += fleet.lost_now[c]
    sums[DAMAGED, i] += servers
    sums[GENSET, i] += effect[GENSET_KWH]
    sums[DELAY, i] += delay
    if cluster.training_share[0] < 1.0:
        fleet.month_down_h[s, i] += effect[INFERENCE_H] / (1.0 - cluster.training_share[0])
    sums[ABRUPT, i] += 1.0 if outcome == ABRUPT_STOP else 0.0
    sums[ORDERLY, i] += 1.0 if outcome == ORDERLY_STOP else 0.0
    curtailment = int(event[FAMILY]) == CURTAILMENT
    sums[INTERRUPTIONS, i] += 0.0 if curtailment else 1.0
    fleet.stored[s, i] = f(max(float(fleet.stored[s, i]) - effect[STORED_USED_KWH], 0.0))
    fleet.day[THROUGHPUT, i] += f(effect[STORED_USED_KWH])
    _mark_event(fleet, s, i, event[HOUR], hour_of_year, year_start_h, tables, curtailment)


@njit(inner=True, forceinline=True)
def _record_event(record, lost, effect, servers, stored_kwh, gpus, delay):
    """Everything a reader of events may ask for; `record` : (21,) float64, written."""
    for c in range(lost.shape[0]):
        record[kept.LOST + c] = lost[c]
    record[kept.DAMAGED_SERVERS] = servers
    record[kept.STORED_USED] = effect[STORED_USED_KWH]
    record[kept.GENSET_ENERGY] = effect[GENSET_KWH]
    record[kept.UPS_CARRIED] = effect[UPS_H]
    record[kept.CABINETS_CARRIED] = effect[CABINETS_H]
    record[kept.GENSETS_CARRIED] = effect[GENSETS_H]
    record[kept.DOWN] = effect[WAITING_H] + effect[RESTART_H]
    record[kept.REDUCED] = effect[REDUCED_H]
    record[kept.GRID_BACK] = effect[GRID_BACK_H]
    stopped = effect[DOWN_UNTIL_H] > effect[DOWN_FROM_H]
    record[kept.DOWN_FROM] = effect[DOWN_FROM_H] if stopped else effect[GRID_BACK_H]
    record[kept.DOWN_UNTIL] = effect[DOWN_UNTIL_H] if stopped else effect[GRID_BACK_H]
    record[kept.STORED_BEFORE] = stored_kwh
    record[kept.GPUS] = gpus
    record[kept.DELAY] = delay
    record[kept.CARRIED] = effect[CARRIED_H]
    record[kept.TRIPPED] = effect[TRIPPED]


@njit(inner=True, forceinline=True)
def _mark_event(fleet, s, i, start, hour_of_year, year_start_h, tables, curtailment):
    """Keep until when grid and cluster are away, and take those hours out of today."""
    effect = fleet.effect
    day_start = year_start_h + hour_of_year
    back, until = year_start_h + effect[GRID_BACK_H], year_start_h + effect[DOWN_UNTIL_H]
    left = tables.backup.curtailed_import_share[0] if curtailment else 0.0
    if effect[GRID_BACK_H] > start:
        cover(fleet.grid, i, year_start_h + start, back, day_start, left)
        if back > fleet.grid_back[s, i]:
            fleet.grid_back[s, i] = back
            fleet.grid_left[s, i] = left
        if not curtailment:
            fleet.out_until[s, i] = max(fleet.out_until[s, i], back)
    if until > fleet.down_until[s, i]:
        begin = year_start_h + effect[DOWN_FROM_H]
        working = 1.0 - effect[STOPPED_SHARE] * (1.0 - tables.site.idle_share[0])
        cover(fleet.run, i, begin, until, day_start, working)
        fleet.down_share[s, i] = effect[STOPPED_SHARE]
        fleet.down_from[s, i] = begin
        fleet.down_until[s, i] = until

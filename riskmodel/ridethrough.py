"""Who carries the load when the grid is gone: one event, one strategy, one path.

The order of things: voltage leaves tolerance; a UPS or the cabinets take over within the servers' hold-up time, or the
cluster stops at once; gensets start behind that bridge and run until they fail or their fuel ends; where they are too
few the bridge carries the rest; when only the energy of a checkpoint is left, work that no genset and no grid carries
is saved and stops in order. Gensets that carry all of the load until the grid is back end the waiting of a cluster that
has stopped. Scalar float64: events are rare.

Not modelled
------------
A second outage while the grid is already away counts only for the time by which it is longer, and gensets are drawn
anew for it. Fuel lasts as long at part load as at full load.
"""

import math

from distributions._jit import njit
from distributions.outages import CURTAILMENT, DURATION_H, EXTREME, FAMILY, HOUR, SAG, SUSTAINED
from distributions.streams import Process, two_uniforms
from riskmodel.bridge import (
    CABINETS_CARRIED_H,
    CABINETS_ON,
    CELLS_USED_KWH,
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
    UPS_CARRIED_H,
    deliverable_kwh,
    draw_pool,
    fill_pool,
)
from riskmodel.cluster_tables import law_value
from riskmodel.gensets import (
    GENSET_FAILURES,
    U_REFUEL,
    U_START,
    fuel_h,
    full_load_h,
    gensets_started,
    required_gensets,
    running_h,
)
from riskmodel.jobs import EVENLY, running_shares, stopped_training

# columns of what an event did. Hours are of the whole powered cluster; TRAINING_H and INFERENCE_H are the parts of the
# hours lost that are theirs, without power caps for inference; TRIPPED: share of the racks that lost power at once and
# were at work; RACKS: share of the racks that lost power; NEWLY: share of what stopped that was at work; UNSAVED_H:
# hours of work done before a stop without a checkpoint; CARRIED_H: hours until some of the load was shed
(
    OUTCOME, WAITING_H, RESTART_H, CAPPED_H, STORED_USED_KWH, GENSET_KWH, GRID_BACK_H, DOWN_FROM_H, DOWN_UNTIL_H,
    UPS_H, CABINETS_H, GENSETS_H, REDUCED_H, CARRIED_H, TRAINING_H, INFERENCE_H, TRIPPED, RACKS, NEWLY, UNSAVED_H,
    STOPPED_SHARE,
) = range(21)  # fmt: skip
N_EFFECTS = 21
UNAFFECTED, RODE_THROUGH, CAPPED, ORDERLY_STOP, ABRUPT_STOP, ALREADY_DOWN = range(6)

# columns of the uniforms of an event, the same for every strategy; those of gensets are in riskmodel.gensets
U_REWORK, U_RESTART, U_DAMAGE, U_WAIT, U_CABINETS = range(5)
U_COMMON, U_UPS, U_SPARE = 5, 6, 7
U_SAG, U_JOBS = U_REFUEL + 2, U_REFUEL + 3
N_UNIFORMS = U_REFUEL + 4
CLUSTER_WORD = int(Process.EVENT_CLUSTER) << 16
CABINETS_WORD = int(Process.EVENT_CABINETS) << 16
UPS_WORD = int(Process.EVENT_UPS) << 16
GENSET_WORD = int(Process.EVENT_GENSET) << 16
UNITS_A_FAMILY = 64
GENSET_PAIRS = (1 + GENSET_FAILURES) // 2


@njit
def event_uniforms(u, family, number, path, seed):
    """Uniforms of one event, shared by all strategies.

    Parameters
    ----------
    u : (N_UNIFORMS,) float64, written
    family, number : int, from the event record

    Notes
    -----
    Draws: EVENT_CLUSTER, EVENT_CABINETS, EVENT_UPS, EVENT_GENSET; unit = 64 family + k, draw = event number.
    """
    base = family * UNITS_A_FAMILY
    u[U_REWORK], u[U_RESTART] = two_uniforms(number, CLUSTER_WORD | base, path, seed)
    u[U_DAMAGE], u[U_WAIT] = two_uniforms(number, CLUSTER_WORD | (base + 1), path, seed)
    u[U_SAG], u[U_JOBS] = two_uniforms(number, CLUSTER_WORD | (base + 2), path, seed)
    u[U_CABINETS], u[U_COMMON] = two_uniforms(number, CABINETS_WORD | base, path, seed)
    u[U_UPS], u[U_SPARE] = two_uniforms(number, UPS_WORD | base, path, seed)
    for k in range(GENSET_PAIRS + 2):
        u[U_START + 2 * k], u[U_START + 2 * k + 1] = two_uniforms(number, GENSET_WORD | (base + k), path, seed)


@njit(forceinline=True)
def resolve(effect, pool, event, backup, cluster, s, u, now, pv, lane):
    """What one event does to the cluster of one strategy.

    Parameters
    ----------
    effect : (21,) float64, written; see the column names above
    pool : (6,) float64 of `riskmodel.bridge`, scratch
    event : (5,) float64 record of `distributions.outages.year_events`; the duration of a sag is not used
    backup : riskmodel.backup.BackupTables
    cluster : riskmodel.cluster_tables.ClusterTables
    s : int, strategy
    u : (N_UNIFORMS,) float64
    now : (13,) float64, see the column names of `riskmodel.bridge`
    pv, lane : see `riskmodel.bridge.stored_hours`
    """
    family = int(event[FAMILY])
    end = event[HOUR] if family == SAG else event[HOUR] + event[DURATION_H]
    start = max(event[HOUR], now[GRID_OUT_UNTIL])  # while the grid is away there is nothing more to lose
    _clear(effect, now, end)
    goes_on = start > event[HOUR]  # what carries the load already goes on: there is time to switch
    if goes_on and start >= end:
        effect[GRID_BACK_H] = event[HOUR]
        return
    if family == CURTAILMENT:
        if backup.interruptible[s] == 0.0 or now[IN_SERVICE] == 0.0:
            effect[GRID_BACK_H] = event[HOUR]
            return
        _curtailed(effect, pool, backup, cluster, s, u, now, pv, lane, start, end - start)
        return
    duration = end - start if goes_on or family == SAG else event[DURATION_H]
    held = fill_pool(pool, backup, s, u, now[LOAD_KW], now, goes_on, True)
    if family == SAG:
        if held:
            effect[OUTCOME] = RODE_THROUGH
            return
        _tripped(effect, cluster, u, now, start)
        return
    capped = family in (SUSTAINED, EXTREME) and backup.gensets[s] == 0.0 and pool[CABINETS_ON] > 0.0
    cap_from = backup.cap_after_h[0] if capped else math.inf
    if not held:
        _stop(effect, backup, cluster, s, u, now, start, duration, 0.0, ABRUPT_STOP, 1.0)
        return
    _walk(effect, pool, backup, cluster, s, u, now, pv, lane, start, duration, 0.0, cap_from, False)


@njit(forceinline=True)
def _clear(effect, now, grid_back_h):
    """Nothing has happened yet; the cluster is down until when it was."""
    effect[:] = 0.0
    effect[GRID_BACK_H] = grid_back_h
    effect[DOWN_FROM_H], effect[DOWN_UNTIL_H] = now[DOWN_UNTIL], now[DOWN_UNTIL]
    effect[STOPPED_SHARE] = now[DOWN_SHARE]


@njit(forceinline=True)
def _curtailed(effect, pool, backup, cluster, s, u, now, pv, lane, start, duration):
    """The grid operator calls on an interruptible connection, with notice: nothing is lost in surprise.

    The duration is known, so GPUs are capped only if the cabinets cannot carry the missing power at full load, and if
    a cap leaves more work than shedding would; what remains uncovered is shed.
    """
    left = backup.curtailed_import_share[0]
    fill_pool(pool, backup, s, u, now[LOAD_KW] * (1.0 - left), now, True, False)
    usable = pool[CABINETS_ON] > 0.0
    lasts = _walk(effect, pool, backup, cluster, s, u, now, pv, lane, start, duration, left, math.inf, True)
    better = backup.power_share[0] > left and backup.performance[0] > left
    if not lasts and usable and better and backup.gensets[s] == 0.0:
        _clear(effect, now, effect[GRID_BACK_H])
        fill_pool(pool, backup, s, u, now[LOAD_KW] * (1.0 - left), now, True, False)
        _walk(effect, pool, backup, cluster, s, u, now, pv, lane, start, duration, left, 0.0, True)


@njit(forceinline=True)
def _at_work(effect, cluster, now, from_h, until_h, training, inference, work):
    """Count hours lost from one hour to another while shares of training and inference run at a work rate."""
    overlap = max(min(until_h, now[DOWN_UNTIL]) - from_h, 0.0)
    hours = until_h - from_h - now[DOWN_SHARE] * overlap
    share = cluster.training_share[0]
    lost = 1.0 - work * (training + inference)
    if hours <= 0.0 or lost <= 1e-15:
        return
    effect[CAPPED_H] += lost * hours
    effect[REDUCED_H] += hours
    effect[TRAINING_H] += (share - work * training) * hours
    effect[INFERENCE_H] += (1.0 - share - inference) * hours


@njit
def _walk(effect, pool, backup, cluster, s, u, now, pv, lane, start, duration, left, cap_from, notice):
    """Hour by hour through an outage behind a working bridge, from one change of what carries the load to the next.

    Parameters
    ----------
    pool : (6,) float64 of `riskmodel.bridge`
    start, duration : float, hour of the year [h]
    left : float, share of the import that the grid still gives
    cap_from : float, time in the outage from which GPUs are capped [h]
    notice : bool, True if work was saved before

    Returns
    -------
    bool
        True if all of the load (capped or not) was carried to the end.
    """
    load_kw, efficiency = now[LOAD_KW], now[EFFICIENCY]
    begin_h = start - now[DAY_START_H]
    owned, genset_start, checkpoint = backup.gensets[s] > 0.0, backup.genset_start_h[s], backup.checkpoint_h[0]
    required = required_gensets(backup, s, load_kw * (1.0 - left)) if owned and left < 1.0 else 1
    ready = gensets_started(backup, s, u) if owned and duration > genset_start else 0
    fuel_end = genset_start + fuel_h(backup, s, u) if owned else 0.0
    running, t, next_failure = 0, 0.0, math.inf
    shed, saved, shed_training = False, True, 0.0
    effect[CARRIED_H] = duration
    while t < duration:
        if running == 0 and ready > 0 and t >= genset_start:
            running, ready = ready, 0
            next_failure = t + running_h(backup, s, u, running, required)
        capped = t >= cap_from and not shed
        power_kw = load_kw * backup.power_share[0] if capped else load_kw
        until = duration
        if t < cap_from:
            until = min(until, cap_from)
        if t < genset_start and owned:
            until = min(until, genset_start)
        if running > 0:
            until = min(until, next_failure, fuel_end)
        missing_kw = power_kw - left * load_kw - running * backup.genset_kw[s]
        waits = owned and t < genset_start <= checkpoint and not notice
        training, inference, work = cluster.training_share[0], 1.0 - cluster.training_share[0], 1.0
        from_gensets = min(running * backup.genset_kw[s], power_kw - left * load_kw)
        begin = t
        if missing_kw <= 0.0 or shed:
            t = until
            if shed:
                training, inference = running_shares(cluster, 1.0 - missing_kw / load_kw)
                if training + inference <= 1e-12:
                    t = begin
                    break
                if cluster.shed_first[0] != EVENLY:
                    shed_training = max(shed_training, cluster.training_share[0] - training)
        else:
            keep = (power_kw - left * load_kw) * checkpoint
            saved = notice or (deliverable_kwh(pool, efficiency) >= keep and not waits)
            keep = keep if saved and deliverable_kwh(pool, efficiency) >= keep else 0.0
            hours = draw_pool(pool, missing_kw, keep, begin_h + t, until - t, backup.pv_kwp[s], pv, lane, efficiency)
            shed = hours < until - t
            t = t + hours if shed else until
            if shed:
                effect[CARRIED_H] = t
        work = backup.performance[0] if capped else 1.0
        _at_work(effect, cluster, now, start + begin, start + t, training, inference, work)
        if running > 0:
            effect[GENSETS_H] += t - begin
            effect[GENSET_KWH] += (t - begin) * from_gensets
            if t == until:
                if t >= fuel_end:
                    running = 0
                elif t >= next_failure:
                    running -= 1
                    if running > 0:
                        next_failure = t + running_h(backup, s, u, running, required)
    effect[UPS_H], effect[CABINETS_H] = pool[UPS_CARRIED_H], pool[CABINETS_CARRIED_H]
    effect[STORED_USED_KWH] = pool[CELLS_USED_KWH]
    if t < duration:
        outcome = ORDERLY_STOP if saved else ABRUPT_STOP
        _stop(effect, backup, cluster, s, u, now, start, duration, t, outcome, 1.0)
        return False
    restart = shed_training * now[RESTART_ORDERLY]
    effect[RESTART_H] += restart
    effect[TRAINING_H] += restart
    effect[OUTCOME] = CAPPED if effect[CAPPED_H] > 0.0 else RODE_THROUGH
    return effect[CARRIED_H] >= duration


@njit
def _stop(effect, backup, cluster, s, u, now, start, duration, after_h, outcome, share):
    """The cluster stops `after_h` into an outage. Gensets that carry all of it to the end bring power back before.

    Parameters
    ----------
    start, duration : float, of the outage
    outcome : ORDERLY_STOP or ABRUPT_STOP
    share : float, of the GPUs that stop
    """
    stop_h, back_h, genset_start = start + after_h, start + duration, backup.genset_start_h[s]
    in_time = backup.gensets[s] > 0.0 and now[IN_SERVICE] > 0.0 and after_h <= genset_start < duration
    if in_time and full_load_h(backup, s, u, now[LOAD_KW]) >= duration - genset_start:
        back_h = start + genset_start
        effect[GENSETS_H] = duration - genset_start
        effect[GENSET_KWH] = (duration - genset_start) * now[LOAD_KW]
    effect[CARRIED_H] = min(effect[CARRIED_H], after_h)
    effect[RACKS] = 1.0 if outcome == ABRUPT_STOP else 0.0
    working = 1.0 - now[DOWN_SHARE] if now[DOWN_UNTIL] > stop_h else 1.0
    if outcome == ABRUPT_STOP and working > 0.0:
        effect[UNSAVED_H] = max(after_h - effect[CAPPED_H] / working, 0.0)
    training = cluster.training_share[0] * share
    _down(effect, cluster, now, stop_h, back_h, outcome, training, share - training)


@njit(forceinline=True)
def _tripped(effect, cluster, u, now, start):
    """A sag that nothing holds: some racks trip, their jobs stop whole, inference loses what tripped."""
    racks = min(max(law_value(cluster.sag_trip_share, u[U_SAG]), 0.0), 1.0)
    training = stopped_training(cluster, racks, u[U_JOBS]) if racks < 1.0 else cluster.training_share[0]
    inference = (1.0 - cluster.training_share[0]) * racks
    effect[OUTCOME] = RODE_THROUGH
    effect[RACKS] = racks
    if training + inference > 0.0:
        _down(effect, cluster, now, start, start, ABRUPT_STOP, training, inference)


@njit
def _down(effect, cluster, now, stop_h, back_h, outcome, training, inference):
    """Shares of the GPUs stop at `stop_h`, power is back at `back_h`; no down time is counted twice.

    What is down already from an earlier event is taken to be among what stops now: it waits and restarts anew, but
    only the time beyond its own counts.
    """
    share = training + inference
    abrupt = outcome == ABRUPT_STOP
    restart_h = now[RESTART_ABRUPT] if abrupt else now[RESTART_ORDERLY]
    if back_h - stop_h > cluster.cold_start_after_h[0]:
        restart_h += now[COLD_START]
    if cluster.ramp_kw_per_h[0] > 0.0:
        restart_h += 0.5 * now[LOAD_KW] * share / cluster.ramp_kw_per_h[0]  # half of the ramp is lost work
    until = back_h + restart_h
    again = 0.0
    if stop_h < now[DOWN_UNTIL]:
        again = min(share, now[DOWN_SHARE]) / share
    begin = max(stop_h, now[DOWN_UNTIL])
    last = max(until, now[DOWN_UNTIL])
    waiting = (1.0 - again) * (back_h - stop_h) + again * max(back_h - begin, 0.0)
    restart = (1.0 - again) * restart_h + again * max(last - max(back_h, begin), 0.0)
    effect[OUTCOME] = ALREADY_DOWN if again == 1.0 else outcome
    effect[WAITING_H] += share * waiting
    effect[RESTART_H] += share * restart
    effect[TRAINING_H] += training * (waiting + restart)
    effect[INFERENCE_H] += inference * (waiting + restart)
    effect[NEWLY] = 1.0 - again
    effect[TRIPPED] = effect[RACKS] * (1.0 - again)
    effect[DOWN_FROM_H], effect[DOWN_UNTIL_H] = stop_h, last
    effect[STOPPED_SHARE] = max(share, now[DOWN_SHARE]) if stop_h < now[DOWN_UNTIL] else share

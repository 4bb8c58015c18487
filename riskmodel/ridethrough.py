"""Who carries the load when the grid is gone: one event, one strategy, one path.

The order of things: voltage leaves tolerance; a UPS or the cabinets take over within the servers' hold-up time, or the
cluster stops at once; gensets start behind that bridge and run until they fail or their fuel ends; the bridge carries
what is left; before it is empty a checkpoint is written and the cluster stops in order. Scalar float64: events are
rare.
"""

import math
from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.outages import CURTAILMENT, DURATION_H, EXTREME, FAMILY, HOUR, SAG, SUSTAINED
from distributions.streams import Process, two_uniforms

# columns of what an event did (hours are of the whole powered cluster)
(
    OUTCOME, WAITING_H, RESTART_H, CAPPED_H, STORED_USED_KWH, GENSET_KWH, GRID_BACK_H, DOWN_FROM_H, DOWN_UNTIL_H,
    UPS_H, CABINETS_H, GENSETS_H, REDUCED_H,
) = range(13)  # fmt: skip
N_EFFECTS = 13
UNAFFECTED, RODE_THROUGH, CAPPED, ORDERLY_STOP, ABRUPT_STOP, ALREADY_DOWN = range(6)

# what the strategy is when an event comes, float64: cluster load [kW], energy in the cabinets [kWh], 1 if its own
# assets have been delivered, cabinets that work, and of how many that energy is; first hour of today and end of earlier
# down time [hour of the year]; restart after an abrupt and an orderly stop [h]; one-way efficiency
(
    LOAD_KW, STORED_KWH, IN_SERVICE, WORKING, WORKING_OF, DAY_START_H, DOWN_UNTIL, RESTART_ABRUPT, RESTART_ORDERLY,
    EFFICIENCY,
) = range(10)  # fmt: skip
N_NOW = 10

# columns of the uniforms of an event, the same for every strategy
U_REWORK, U_RESTART, U_DAMAGE, U_WAIT, U_CABINETS, U_COMMON, U_UPS, U_SPARE, U_START = range(9)
GENSET_FAILURES = 15
N_UNIFORMS = U_START + 1 + GENSET_FAILURES
CLUSTER_WORD = int(Process.EVENT_CLUSTER) << 16
CABINETS_WORD = int(Process.EVENT_CABINETS) << 16
UPS_WORD = int(Process.EVENT_UPS) << 16
GENSET_WORD = int(Process.EVENT_GENSET) << 16
UNITS_A_FAMILY = 64


class BackupTables(NamedTuple):
    """What each strategy owns against interruptions; float64, one row a strategy, zero where it owns none.

    Attributes
    ----------
    interruptible : (s,) 1 if the grid operator may call on the connection
    hold_up_ms : (1,) time the servers live without voltage [ms]
    checkpoint_h : (1,) time to write a checkpoint [h]
    power_share, performance : (1,) load share and work rate while islanded under a power cap
    curtailed_import_share : (1,) share of import left during a call of the grid operator
    ups_power_kw, ups_energy_kwh, ups_failure : (s,)
    cabinet_kw, transfer_ms, common_failure : (s,)
    cabinet_availability : (s,) chance that a cabinet works; used where no failures are simulated
    gensets, genset_kw, genset_start_h, genset_mttf_h, genset_fuel_h : (s,)
    gensets_cdf : (s, n + 1) P(at most k units start)
    pv_kwp : (s,)
    """

    interruptible: np.ndarray
    hold_up_ms: np.ndarray
    checkpoint_h: np.ndarray
    power_share: np.ndarray
    performance: np.ndarray
    curtailed_import_share: np.ndarray
    ups_power_kw: np.ndarray
    ups_energy_kwh: np.ndarray
    ups_failure: np.ndarray
    cabinet_kw: np.ndarray
    transfer_ms: np.ndarray
    common_failure: np.ndarray
    cabinet_availability: np.ndarray
    gensets: np.ndarray
    genset_kw: np.ndarray
    genset_start_h: np.ndarray
    genset_mttf_h: np.ndarray
    genset_fuel_h: np.ndarray
    gensets_cdf: np.ndarray
    pv_kwp: np.ndarray


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
    u[U_CABINETS], u[U_COMMON] = two_uniforms(number, CABINETS_WORD | base, path, seed)
    u[U_UPS], u[U_SPARE] = two_uniforms(number, UPS_WORD | base, path, seed)
    for k in range((1 + GENSET_FAILURES) // 2):
        u[U_START + 2 * k], u[U_START + 2 * k + 1] = two_uniforms(number, GENSET_WORD | (base + k), path, seed)


@njit
def count_working(cdf, u):
    """Quantile of a tabulated count: the smallest k with P(count <= k) >= u."""
    k = 0
    while k < cdf.shape[0] - 1 and cdf[k] < u:
        k += 1
    return k


@njit
def genset_hours(backup, s, u, load_kw):
    """Hours that enough gensets run after starting, and the share of the load they can carry.

    Too few starting carries a share of the load. Otherwise the fleet carries all of it until failures leave too few:
    a sum of exponentials with k units running. After that the remaining units are not used.

    Returns
    -------
    (float, float)
        Hours from start to loss [h], share of the load in 0..1; (0, 0) without a running unit.
    """
    if backup.gensets[s] == 0.0 or load_kw <= 0.0:
        return 0.0, 0.0
    started = count_working(backup.gensets_cdf[s], u[U_START])
    required = math.ceil(load_kw / backup.genset_kw[s])
    if started == 0:
        return 0.0, 0.0
    share = min(1.0, started / required)
    hours = 0.0
    last = max(required, 1) if started >= required else started
    k, drawn = started, 0
    while k >= last and drawn < GENSET_FAILURES:
        hours += -math.log(u[U_START + 1 + drawn]) * backup.genset_mttf_h[s] / k
        k -= 1
        drawn += 1
    return min(hours, backup.genset_fuel_h[s]), share


@njit
def stored_hours(stored_kwh, power_kw, pv_kwp, pv, lane, start_h, longest_h, efficiency):
    """Hours the cabinets carry a load with help from PV, and the stored energy that takes.

    Parameters
    ----------
    stored_kwh : float, energy that may be used
    power_kw : float, load to carry
    pv_kwp : float
    pv : (48, n_lanes) float32 [kW/kWp], today and tomorrow; PV after tomorrow is not counted
    lane : int
    start_h : float, hour of today at which it begins
    longest_h : float, stop after this many hours
    efficiency : float, stored to delivered

    Returns
    -------
    (float, float)
        Hours carried [h], stored energy used [kWh].
    """
    time, used = 0.0, 0.0
    while time < longest_h:
        hour = int(start_h + time)
        left = min(hour + 1.0 - (start_h + time), longest_h - time)
        if left <= 0.0:
            left = min(1.0, longest_h - time)
        sun = pv_kwp * float(pv[hour, lane]) if hour < pv.shape[0] else 0.0
        drain = max(power_kw - sun, 0.0) / efficiency
        if hour >= pv.shape[0]:
            left = longest_h - time
        if drain > 0.0 and used + drain * left >= stored_kwh:  # an empty store still carries what the sun covers
            return time + (stored_kwh - used) / drain, stored_kwh
        used += drain * left
        time += left
    return longest_h, used


@njit
def _bridge(backup, s, u, load_kw, now, notice):
    """Does a UPS take over, do the cabinets, and what may they deliver: (ups ok, cabinets ok, usable stored energy)."""
    ups = backup.ups_power_kw[s] >= load_kw and backup.ups_power_kw[s] > 0.0 and u[U_UPS] >= backup.ups_failure[s]
    working, stored_kwh = now[WORKING], now[STORED_KWH]
    if working == 0.0:
        return ups, False, 0.0
    in_time = notice or ups or backup.transfer_ms[s] <= backup.hold_up_ms[0]
    strong = working * backup.cabinet_kw[s] >= load_kw
    cabinets = in_time and strong and u[U_COMMON] >= backup.common_failure[s] and stored_kwh > 0.0
    return ups, cabinets, stored_kwh * working / now[WORKING_OF] if cabinets else 0.0


@njit
def _bridge_hours(effect, backup, s, power_kw, usable_kwh, ups, pv, lane, now, start_h, wanted_h):
    """Hours that UPS and then cabinets carry the load, of `wanted_h`; enough is kept for a checkpoint at the end.

    `start_h` : float, hour of today
    """
    ups_h = backup.ups_energy_kwh[s] / power_kw if ups else 0.0
    effect[UPS_H] = min(ups_h, wanted_h)
    effect[CABINETS_H] = 0.0
    if usable_kwh <= 0.0:
        effect[UPS_H] = min(max(ups_h - backup.checkpoint_h[0], 0.0), wanted_h)
        return effect[UPS_H]
    if ups_h >= wanted_h:
        return wanted_h
    efficiency = now[EFFICIENCY]
    spendable = max(usable_kwh - power_kw * backup.checkpoint_h[0] / efficiency, 0.0)
    more, used = stored_hours(
        spendable, power_kw, backup.pv_kwp[s], pv, lane, start_h + ups_h, wanted_h - ups_h, efficiency
    )
    effect[STORED_USED_KWH] = used
    effect[CABINETS_H] = more
    return ups_h + more


@njit
def _carry(effect, event, backup, s, u, power_kw, usable_kwh, ups, pv, lane, now):
    """Hours carried behind a working bridge, and the share of the load that gensets carry (1 without them)."""
    start, start_h, duration_h = backup.genset_start_h[s], event[HOUR] - now[DAY_START_H], event[DURATION_H]
    run_h, share = genset_hours(backup, s, u, power_kw)
    if share == 0.0 or duration_h <= start:
        hours = _bridge_hours(effect, backup, s, power_kw, usable_kwh, ups, pv, lane, now, start_h, duration_h)
        return hours, 1.0
    generated = min(run_h, duration_h - start)
    wanted = max(duration_h - generated, start)  # the difference alone may round to just under the start time
    bridged = _bridge_hours(effect, backup, s, power_kw, usable_kwh, ups, pv, lane, now, start_h, wanted)
    if bridged < start:
        return bridged, 1.0
    effect[GENSET_KWH] = generated * power_kw * share
    effect[GENSETS_H] = generated
    return (duration_h if bridged >= wanted else generated + bridged), share


@njit
def resolve(effect, event, backup, s, u, now, pv, lane):
    """What one event does to the cluster of one strategy.

    Parameters
    ----------
    effect : (13,) float64, written; see the column names above. Hours are of the whole powered cluster
    event : (5,) float64 record of `distributions.outages.year_events`; the duration of a sag is not used
    backup : BackupTables
    s : int, strategy
    u : (N_UNIFORMS,) float64
    now : (10,) float64, see the column names above
    pv, lane : see `stored_hours`
    """
    effect[:] = 0.0
    effect[DOWN_FROM_H] = now[DOWN_UNTIL]
    effect[DOWN_UNTIL_H] = now[DOWN_UNTIL]
    start, family, load_kw = event[HOUR], int(event[FAMILY]), now[LOAD_KW]
    in_service = now[IN_SERVICE] > 0.0
    if family == CURTAILMENT:
        effect[GRID_BACK_H] = start + event[DURATION_H]
        _curtailed(effect, event, backup, s, u, now, pv, lane)
        return
    duration = 0.0 if family == SAG else event[DURATION_H]
    effect[GRID_BACK_H] = start + duration
    ups = cabinets = False
    usable = 0.0
    if in_service:
        ups, cabinets, usable = _bridge(backup, s, u, load_kw, now, False)
    if not (ups or cabinets):
        _abrupt(effect, backup, s, u, now, start, duration)
        return
    # GPUs are capped only to stretch cabinets in an outage that may be long, where no genset follows
    capped = family in (SUSTAINED, EXTREME) and backup.gensets[s] == 0.0 and cabinets
    work = backup.performance[0] if capped else 1.0
    power_kw = load_kw * (backup.power_share[0] if capped else 1.0)
    carried, share = duration, 1.0
    if family != SAG:
        carried, share = _carry(effect, event, backup, s, u, power_kw, usable, ups, pv, lane, now)
    _settle(effect, start, duration, carried, work * share, now)


@njit
def _settle(effect, start, duration, carried, work, now):
    """A bridged event: work goes on at a rate `work` for the hours carried, then the cluster stops in order."""
    running_from = max(start, now[DOWN_UNTIL])
    reduced = max(start + min(carried, duration) - running_from, 0.0)
    effect[CAPPED_H] = (1.0 - work) * reduced
    effect[REDUCED_H] = reduced if work < 1.0 else 0.0
    if carried >= duration:
        effect[OUTCOME] = CAPPED if effect[CAPPED_H] > 0.0 else RODE_THROUGH
        return
    _stop(effect, ORDERLY_STOP, start + carried, start + duration, now[RESTART_ORDERLY], now[DOWN_UNTIL])


@njit
def _curtailed(effect, event, backup, s, u, now, pv, lane):
    """The grid operator calls on an interruptible connection, with notice: nothing is lost in surprise.

    The duration is known, so GPUs are capped only if the cabinets cannot carry the missing power at full load; what
    remains uncovered is shed.
    """
    start, duration, load_kw, down_until_h = event[HOUR], event[DURATION_H], now[LOAD_KW], now[DOWN_UNTIL]
    if backup.interruptible[s] == 0.0 or now[IN_SERVICE] == 0.0:
        effect[OUTCOME] = UNAFFECTED
        effect[GRID_BACK_H] = start
        return
    left = backup.curtailed_import_share[0]
    missing_kw = load_kw * (1.0 - left)
    _, cabinets, usable = _bridge(backup, s, u, missing_kw, now, True)
    usable = usable if cabinets else 0.0
    work = 1.0
    carried, share = _carry(effect, event, backup, s, u, missing_kw, usable, False, pv, lane, now)
    capped_kw = load_kw * (backup.power_share[0] - left)
    if carried < duration and backup.gensets[s] == 0.0 and capped_kw > 0.0 and usable > 0.0:
        work = backup.performance[0]
        effect[STORED_USED_KWH] = 0.0
        carried, share = _carry(effect, event, backup, s, u, capped_kw, usable, False, pv, lane, now)
    if left > 0.0 and carried < duration:
        # what is left of the import keeps its share of the GPUs running
        running_from = max(start, down_until_h)
        carried_h = max(start + carried - running_from, 0.0)
        shed_h = max(start + duration - max(start + carried, down_until_h), 0.0)
        effect[CAPPED_H] = (1.0 - work) * carried_h + (1.0 - left) * shed_h
        effect[REDUCED_H] = (carried_h if work < 1.0 else 0.0) + shed_h
        effect[OUTCOME] = CAPPED
        return
    _settle(effect, start, duration, carried, work * share, now)


@njit
def _stop(effect, outcome, stop_h, back_h, restart_h, down_until_h):
    """A stop at `stop_h`, power back at `back_h`, work again `restart_h` later; no down time is counted twice."""
    already = stop_h < down_until_h
    begin = max(stop_h, down_until_h)
    until = max(back_h + restart_h, down_until_h)
    effect[OUTCOME] = ALREADY_DOWN if already else outcome
    effect[WAITING_H] = max(back_h - begin, 0.0)
    effect[RESTART_H] = max(until - max(back_h, begin), 0.0)
    effect[DOWN_FROM_H] = stop_h
    effect[DOWN_UNTIL_H] = until


@njit
def _abrupt(effect, backup, s, u, now, start, duration):
    """The cluster loses power at once; gensets, if they start, end the waiting but not the stop."""
    back, load_kw = start + duration, now[LOAD_KW]
    if now[IN_SERVICE] > 0.0 and duration > backup.genset_start_h[s]:
        run_h, share = genset_hours(backup, s, u, load_kw)
        if share >= 1.0 and run_h >= duration:
            back = start + backup.genset_start_h[s]
            effect[GENSETS_H] = duration - backup.genset_start_h[s]
            effect[GENSET_KWH] = (duration - backup.genset_start_h[s]) * load_kw
    _stop(effect, ABRUPT_STOP, start, back, now[RESTART_ABRUPT], now[DOWN_UNTIL])

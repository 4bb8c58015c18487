"""Who carries the load when the grid is gone, for one event and one strategy, and what that costs the cluster."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

from riskmodel.quantities import Outcome
from tests.twin.events import CURTAILMENT, EXTREME, SAG, SUSTAINED, Event


@dataclass(frozen=True)
class Backup:
    """What a strategy owns against interruptions, and the site's rules; zeros where it owns nothing.

    `gensets_cdf` : P(at most k work), k = 0 .. n. `import_left` : share of import left in a call.
    """

    interruptible: bool
    hold_up_ms: float
    checkpoint_h: float
    power_share: float
    performance: float
    import_left: float
    ups_kw: float
    ups_kwh: float
    ups_failure: float
    cabinet_kw: float
    transfer_ms: float
    common_failure: float
    cabinet_availability: float
    gensets: int
    genset_kw: float
    genset_start_h: float
    genset_mttf_h: float
    fuel_h: float
    gensets_cdf: np.ndarray
    pv_kwp: float


@dataclass(frozen=True)
class Situation:
    """All that decides an event's outcome.

    `sun` : (48,) [kW/kWp] today and tomorrow; `day_start_h` : hour of the year at which today began; `down_until_h` :
    hour of the year until which the cluster is down already; `restart_h` : after an abrupt and an orderly stop;
    `working` of the `working_of` cabinets that hold the stored energy answer; `efficiency` : stored to delivered.
    """

    event: Event
    backup: Backup
    load_kw: float
    stored_kwh: float
    in_service: bool
    sun: np.ndarray
    day_start_h: int
    down_until_h: float
    restart_h: tuple
    working: int = 0
    working_of: int = 0
    efficiency: float = 1.0


@dataclass(frozen=True)
class Effect:
    """What one event did; hours are of the whole powered cluster, times are hours of the year."""

    outcome: Outcome
    grid_back_h: float
    down_from_h: float
    down_until_h: float
    waiting_h: float = 0.0
    restart_h: float = 0.0
    capped_h: float = 0.0
    stored_used_kwh: float = 0.0
    genset_kwh: float = 0.0


@dataclass(frozen=True)
class Carried:
    """Hours carried, the share of the load that gensets carry, and the energy it took."""

    hours: float
    share: float = 1.0
    stored_kwh: float = 0.0
    genset_kwh: float = 0.0


def backup_of(study, strategy, import_left):
    """`Backup` from a study's own fields."""
    c, ups, cab, gen, pv = study.cluster, strategy.ups, strategy.storage, strategy.gensets, strategy.pv
    ups_kw = ups.power_mw * 1000 if ups else 0.0
    return Backup(
        interruptible=strategy.connection.interruptible,
        hold_up_ms=c.hold_up_ms, checkpoint_h=c.checkpoint_write_min / 60,
        power_share=c.ride_through_power_share, performance=c.ride_through_performance, import_left=import_left,
        ups_kw=ups_kw, ups_kwh=ups_kw * ups.autonomy_min / 60 if ups else 0.0,
        ups_failure=ups.failure_on_demand_probability if ups else 0.0,
        cabinet_kw=cab.cabinet_power_kw if cab else 0.0,
        transfer_ms=cab.transfer_time_ms if cab else 0.0,
        common_failure=cab.common_mode_failure_probability if cab else 0.0,
        cabinet_availability=cab.cabinet_availability if cab else 0.0,
        gensets=gen.units if gen else 0, genset_kw=gen.unit_power_kw if gen else 0.0,
        genset_start_h=gen.start_time_s / 3600 if gen else 0.0,
        genset_mttf_h=gen.mean_time_to_failure_h if gen else 0.0, fuel_h=gen.fuel_autonomy_h if gen else 0.0,
        gensets_cdf=at_most(gen.units, 1 - gen.start_failure_probability) if gen else np.ones(1),
        pv_kwp=pv.power_mwp * 1000 * pv.availability if pv else 0.0,
    )  # fmt: skip


def at_most(units, probability):
    """P(at most k of the units work), k = 0 .. units."""
    return binom.cdf(np.arange(units + 1), units, probability)


def working(cdf, u):
    """How many units work at probability `u`."""
    return min(int(np.searchsorted(cdf, u)), len(cdf) - 1)


def genset_run(b, u, load_kw):
    """Hours that gensets run after starting, and the share of the load they carry.

    With too few started they carry a share until the first fails. With enough they carry all until too few are left.
    """
    started = working(b.gensets_cdf, u.gensets[0]) if b.gensets else 0
    if started == 0 or load_kw <= 0:
        return 0.0, 0.0
    required = math.ceil(load_kw / b.genset_kw)
    fewest = required if started >= required else started
    hours = 0.0
    running = range(started, fewest - 1, -1)
    for k, draw in zip(running, u.gensets[1:], strict=False):  # k units fail k times as often
        hours += -math.log(draw) * b.genset_mttf_h / k
    return min(hours, b.fuel_h), min(1.0, started / required)


def from_store(s, stored_kwh, power_kw, from_h, longest_h):
    """Hours the cabinets carry a load with the sun's help, at most `longest_h`, and the stored energy it takes.

    `from_h` is an hour of today; the sun after tomorrow is not counted on.
    """
    now, used = 0.0, 0.0
    while now < longest_h:
        hour = int(from_h + now)
        step = min(hour + 1 - (from_h + now), longest_h - now)
        if step <= 0 or hour >= 48:
            step = longest_h - now if hour >= 48 else min(1.0, longest_h - now)
        power_of_sun = s.backup.pv_kwp * float(s.sun[hour]) if hour < 48 else 0.0
        drain_kw = max(power_kw - power_of_sun, 0.0) / s.efficiency
        if drain_kw > 0 and used + drain_kw * step >= stored_kwh:
            return now + (stored_kwh - used) / drain_kw, stored_kwh
        used += drain_kw * step
        now += step
    return longest_h, used


def bridge(s, load_kw, notice):
    """Whether a UPS and whether the cabinets take over, and the stored energy within reach."""
    b, u = s.backup, s.event.u
    ups = 0 < b.ups_kw >= load_kw and u.ups >= b.ups_failure
    if not s.working:
        return ups, False, 0.0
    count = s.working
    in_time = notice or ups or b.transfer_ms <= b.hold_up_ms
    strong = count > 0 and count * b.cabinet_kw >= load_kw
    takes_over = in_time and strong and u.common >= b.common_failure and s.stored_kwh > 0
    return ups, takes_over, s.stored_kwh * count / s.working_of if takes_over else 0.0


def bridged(s, power_kw, usable_kwh, ups, wanted_h):
    """UPS first, then cabinets, for `wanted_h`; enough is kept to write a checkpoint. Returns hours, stored energy."""
    b = s.backup
    ups_h = b.ups_kwh / power_kw if ups else 0.0
    if usable_kwh <= 0:
        return min(max(ups_h - b.checkpoint_h, 0.0), wanted_h), 0.0
    if ups_h >= wanted_h:
        return wanted_h, 0.0
    spendable = max(usable_kwh - power_kw * b.checkpoint_h / s.efficiency, 0.0)
    from_h = s.event.hour - s.day_start_h + ups_h
    hours, used = from_store(s, spendable, power_kw, from_h, wanted_h - ups_h)
    return ups_h + hours, used


def carry(s, power_kw, usable_kwh, ups, duration_h):
    """How long the load is carried: the bridge until gensets run, gensets, and the bridge again after them."""
    start_h = s.backup.genset_start_h
    run_h, share = genset_run(s.backup, s.event.u, power_kw)
    if share == 0 or duration_h <= start_h:
        hours, used = bridged(s, power_kw, usable_kwh, ups, duration_h)
        return Carried(hours, stored_kwh=used)
    generated_h = min(run_h, duration_h - start_h)
    wanted_h = max(duration_h - generated_h, start_h)
    hours, used = bridged(s, power_kw, usable_kwh, ups, wanted_h)
    if hours < start_h:
        return Carried(hours, stored_kwh=used)
    whole = duration_h if hours >= wanted_h else generated_h + hours
    return Carried(whole, share, used, generated_h * power_kw * share)


def resolve(s):
    """Effect of the event in a `Situation`."""
    if s.event.family == CURTAILMENT:
        return called(s)
    b, family = s.backup, s.event.family
    duration_h = 0.0 if family == SAG else s.event.duration_h
    ups, cabinets, usable = bridge(s, s.load_kw, notice=False) if s.in_service else (False, False, 0.0)
    if not (ups or cabinets):
        return abrupt(s, duration_h)
    capped = family in (SUSTAINED, EXTREME) and not b.gensets and cabinets
    power_kw = s.load_kw * b.power_share if capped else s.load_kw
    carried = carry(s, power_kw, usable, ups, duration_h)
    return settled(s, carried, (b.performance if capped else 1.0) * carried.share, duration_h)


def called(s):
    """The grid operator calls on an interruptible connection: notice and duration are known, a share of import is left.

    GPUs are capped only if the cabinets cannot carry the missing power of the full load; what is not covered is shed.
    """
    b, start, duration_h = s.backup, s.event.hour, s.event.duration_h
    if not (b.interruptible and s.in_service):
        return Effect(Outcome.UNAFFECTED, start, s.down_until_h, s.down_until_h)
    missing_kw, capped_kw = s.load_kw * (1 - b.import_left), s.load_kw * (b.power_share - b.import_left)
    _, _, usable = bridge(s, missing_kw, notice=True)
    carried, work = carry(s, missing_kw, usable, False, duration_h), 1.0
    if carried.hours < duration_h and not b.gensets and capped_kw > 0 and usable > 0:
        carried, work = carry(s, capped_kw, usable, False, duration_h), b.performance
    if b.import_left == 0 or carried.hours >= duration_h:
        return settled(s, carried, work * carried.share, duration_h)
    carried_h = max(start + carried.hours - max(start, s.down_until_h), 0.0)
    shed_h = max(start + duration_h - max(start + carried.hours, s.down_until_h), 0.0)
    lost_h = (1 - work) * carried_h + (1 - b.import_left) * shed_h
    return Effect(
        Outcome.CAPPED, start + duration_h, s.down_until_h, s.down_until_h,
        capped_h=lost_h, stored_used_kwh=carried.stored_kwh, genset_kwh=carried.genset_kwh,
    )  # fmt: skip


def settled(s, carried, work, duration_h):
    """Work goes on at rate `work` while the load is carried; if that ends first, a checkpoint and an orderly stop."""
    start, until = s.event.hour, s.down_until_h
    capped_h = (1 - work) * max(start + min(carried.hours, duration_h) - max(start, until), 0.0)
    if carried.hours >= duration_h:
        outcome = Outcome.CAPPED if capped_h > 0 else Outcome.RODE_THROUGH
        effect = Effect(outcome, start + duration_h, until, until)
    else:
        effect = stopped(s, Outcome.ORDERLY_STOP, start + carried.hours, start + duration_h, s.restart_h[1])
    effect = replace(effect, grid_back_h=start + duration_h, capped_h=capped_h)
    return replace(effect, stored_used_kwh=carried.stored_kwh, genset_kwh=carried.genset_kwh)


def abrupt(s, duration_h):
    """Nothing bridges: the cluster loses power at once. Gensets that last bring power back before the grid."""
    start, genset_kwh = s.event.hour, 0.0
    back = start + duration_h
    if s.in_service and duration_h > s.backup.genset_start_h:
        run_h, share = genset_run(s.backup, s.event.u, s.load_kw)
        if share >= 1 and run_h >= duration_h:
            back = start + s.backup.genset_start_h
            genset_kwh = (duration_h - s.backup.genset_start_h) * s.load_kw
    effect = stopped(s, Outcome.ABRUPT_STOP, start, back, s.restart_h[0])
    return replace(effect, grid_back_h=start + duration_h, genset_kwh=genset_kwh)


def stopped(s, outcome, stop_h, back_h, restart_h):
    """The cluster stops, power is back later, then it restarts; hours it is down already are not counted again."""
    begin, until = max(stop_h, s.down_until_h), max(back_h + restart_h, s.down_until_h)
    return Effect(
        Outcome.ALREADY_DOWN if stop_h < s.down_until_h else outcome, back_h, stop_h, until,
        waiting_h=max(back_h - begin, 0.0), restart_h=max(until - max(back_h, begin), 0.0),
    )  # fmt: skip

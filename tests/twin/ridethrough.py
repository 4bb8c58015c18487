"""Who carries the load when the grid is gone, for one event and one strategy, and what that costs the cluster."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.stats import binom

from riskmodel.quantities import Outcome
from tests.twin.events import CURTAILMENT, EXTREME, SAG, SUSTAINED, Event
from tests.twin.jobs import Jobs


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
    cap_after_h: float = 0.0
    ups_transfer_ms: float = 0.0
    gensets_common: float = 0.0
    switch_failure: float = 0.0
    refuelling: float = 0.0


@dataclass(frozen=True)
class Situation:
    """All that decides an event's outcome.

    `sun` : (48,) [kW/kWp] today and tomorrow; `day_start_h` : hour of the year at which today began; `down_until_h` :
    hour of the year until which the share `down_share` of the cluster is down already; `restart_h` : after an abrupt
    and an orderly stop, and what a cold start adds; `working` of the `working_of` cabinets that hold the stored energy
    answer; `efficiency` : stored to delivered; `grid_out_until_h` : the grid is away already until then.
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
    grid_out_until_h: float = 0.0
    down_share: float = 1.0
    jobs: Jobs = field(default_factory=Jobs)


@dataclass
class Effect:
    """What one event did; hours are of the whole powered cluster, times are hours of the year.

    `training_h`, `inference_h` : their parts of the hours lost; `racks` : share that lost power at once; `newly` :
    share of what stopped that was at work; `unsaved_h` : carried before a stop without a checkpoint; `carried_h` :
    until some of the load was shed; `share` : of the GPUs that is down at the end.
    """

    outcome: Outcome
    grid_back_h: float
    down_from_h: float
    down_until_h: float
    share: float = 0.0
    waiting_h: float = 0.0
    restart_h: float = 0.0
    capped_h: float = 0.0
    reduced_h: float = 0.0
    stored_used_kwh: float = 0.0
    genset_kwh: float = 0.0
    ups_h: float = 0.0
    cabinets_h: float = 0.0
    gensets_h: float = 0.0
    carried_h: float = 0.0
    training_h: float = 0.0
    inference_h: float = 0.0
    racks: float = 0.0
    newly: float = 0.0
    unsaved_h: float = 0.0


@dataclass
class Pool:
    """Energy in reach: of the UPS as it is delivered, of the cabinets in their cells; who carried for how long."""

    ups_kwh: float = 0.0
    cells_kwh: float = 0.0
    cabinets: bool = False
    ups_h: float = 0.0
    cabinets_h: float = 0.0
    used_kwh: float = 0.0


def backup_of(study, strategy, import_left):
    """`Backup` from a study's own fields."""
    c, ups, cab, gen, pv = study.cluster, strategy.ups, strategy.storage, strategy.gensets, strategy.pv
    ups_kw = ups.power_mw * 1000 if ups else 0.0
    if ups:
        stated = ups.transfer_time_ms
        transfer_ms = {"online": 0.0, "line_interactive": 6.0}[ups.topology] if stated is None else stated
    curve = c.ride_through_performance
    if isinstance(curve, list):
        loads, rates = np.transpose(curve)
        curve = float(np.interp(c.ride_through_power_share, loads, rates))
    return Backup(
        interruptible=strategy.connection.interruptible,
        hold_up_ms=c.hold_up_ms, checkpoint_h=c.checkpoint_write_min / 60,
        power_share=c.ride_through_power_share, performance=curve, import_left=import_left,
        ups_kw=ups_kw, ups_kwh=ups_kw * ups.autonomy_min / 60 if ups else 0.0,
        ups_failure=ups.failure_on_demand_probability if ups else 0.0,
        cabinet_kw=cab.cabinet_power_kw if cab else 0.0,
        transfer_ms=cab.transfer_time_ms if cab else 0.0,
        common_failure=cab.common_mode_failure_probability if cab else 0.0,
        cabinet_availability=cab.cabinet_availability if cab else 0.0,
        gensets=gen.units if gen else 0, genset_kw=gen.unit_power_kw if gen else 0.0,
        genset_start_h=gen.start_time_s / 3600 if gen else 0.0,
        genset_mttf_h=gen.mean_time_to_failure_h if gen else 0.0, fuel_h=gen.fuel_autonomy_h if gen else 0.0,
        gensets_cdf=at_most(gen.units, (1 - gen.maintenance_unavailability) * (1 - gen.start_failure_probability))
        if gen else np.ones(1),
        pv_kwp=pv.power_mwp * 1000 * pv.availability if pv else 0.0,
        cap_after_h=c.ride_through_cap_after_min / 60,
        ups_transfer_ms=transfer_ms if ups else 0.0,
        gensets_common=gen.common_cause_start_failure_probability if gen else 0.0,
        switch_failure=gen.transfer_switch_failure_probability if gen else 0.0,
        refuelling=gen.refuelling_probability if gen else 0.0,
    )  # fmt: skip


def at_most(units, probability):
    """P(at most k of the units work), k = 0 .. units."""
    return binom.cdf(np.arange(units + 1), units, probability)


def working(cdf, u):
    """How many units work at probability `u`."""
    return min(int(np.searchsorted(cdf, u)), len(cdf) - 1)


@dataclass
class Fleet:
    """Gensets in one outage: `changes` is a list of (hour of the outage, units that run from then on)."""

    changes: list
    needed: int

    def running(self, t):
        """Units that run at time t."""
        return next((units for hour, units in reversed(self.changes) if hour <= t), 0)

    def carries_until(self):
        """End of the time in which all of the load is carried; 0 if that never begins."""
        if not self.changes or self.changes[0][1] < self.needed:
            return 0.0
        return next((hour for hour, units in self.changes if units < self.needed), math.inf)


def fleet_of(b, u, load_kw):
    """When how many gensets run; each number of running units has a draw of its own."""
    if not b.gensets or load_kw <= 0:
        return Fleet([], 1)
    needed = max(math.ceil(load_kw / b.genset_kw), 1)
    if u.gensets_common < b.gensets_common or u.switch < b.switch_failure:
        return Fleet([], needed)
    units, t, changes = working(b.gensets_cdf, u.gensets[0]), b.genset_start_h, []
    fuel = b.fuel_h
    if b.refuelling > 0:
        sure = b.refuelling >= 1
        fuel = math.inf if sure else b.fuel_h * (1 + math.floor(math.log(u.refuel) / math.log(b.refuelling)))
    end = b.genset_start_h + fuel
    while units > 0 and t < end:
        changes.append((t, units))
        t += -math.log(u.gensets[1 + (units - needed) % 15]) * b.genset_mttf_h / units
        units -= 1
    return Fleet([*changes, (min(t, end), 0)] if changes else [], needed)


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
    """`Pool` of what takes over within the hold-up time, or None if nothing does."""
    b, u = s.backup, s.event.u
    if not s.in_service:
        return None
    pool = Pool()
    ups = 0 < b.ups_kw >= load_kw and u.ups >= b.ups_failure and (notice or b.ups_transfer_ms <= b.hold_up_ms)
    if ups:
        pool.ups_kwh = b.ups_kwh
    count = s.working
    in_time = notice or ups or b.transfer_ms <= b.hold_up_ms
    strong = count > 0 and count * b.cabinet_kw >= load_kw
    if in_time and strong and u.common >= b.common_failure and s.stored_kwh > 0:
        pool.cabinets, pool.cells_kwh = True, s.stored_kwh * count / s.working_of
    return pool if ups or pool.cabinets else None


def drawn(s, pool, power_kw, keep_kwh, from_h, longest_h):
    """Take a load out of the pool, UPS first, until only `keep_kwh` is left; hours carried."""
    ups_kwh = max(pool.ups_kwh - max(keep_kwh - pool.cells_kwh * s.efficiency, 0.0), 0.0)
    if ups_kwh >= power_kw * longest_h:
        pool.ups_kwh -= power_kw * longest_h
        pool.ups_h += longest_h
        return longest_h
    pool.ups_kwh -= ups_kwh
    ups_h = ups_kwh / power_kw
    pool.ups_h += ups_h
    if not pool.cabinets:
        return ups_h
    spendable = max(pool.cells_kwh - max(keep_kwh - pool.ups_kwh, 0.0) / s.efficiency, 0.0)
    hours, used = from_store(s, spendable, power_kw, from_h + ups_h, longest_h - ups_h)
    pool.cells_kwh = max(pool.cells_kwh - used, 0.0)
    pool.used_kwh += used
    pool.cabinets_h += hours
    return longest_h if hours >= longest_h - ups_h else ups_h + hours


def resolve(s):
    """Effect of the event in a `Situation`."""
    b, family, hour = s.backup, s.event.family, s.event.hour
    end = hour if family == SAG else hour + s.event.duration_h
    start = max(hour, s.grid_out_until_h)
    late = start > hour
    nothing = Effect(Outcome.UNAFFECTED, hour, s.down_until_h, s.down_until_h, s.down_share)
    if late and start >= end:
        return nothing
    if family == CURTAILMENT:
        return called(s, start, end) if b.interruptible and s.in_service else nothing
    effect = replace(nothing, grid_back_h=end)
    pool = bridge(s, s.load_kw, notice=late)
    if family == SAG:
        return tripped(s, effect, start) if pool is None else replace(effect, outcome=Outcome.RODE_THROUGH)
    duration_h = end - start if late else s.event.duration_h
    if pool is None:
        return stopped(s, effect, start, duration_h, 0.0, Outcome.ABRUPT_STOP)
    capped = family in (SUSTAINED, EXTREME) and not b.gensets and pool.cabinets
    return walked(s, effect, pool, start, duration_h, 0.0, b.cap_after_h if capped else math.inf, notice=False)


def called(s, start, end):
    """The grid operator calls on an interruptible connection: notice and duration are known, a share of import is left.

    GPUs are capped only if the cabinets cannot carry the missing power of the full load, and if that leaves more work
    than shedding; what is not covered is shed.
    """
    b = s.backup

    def tried(cap_from):
        effect = Effect(Outcome.UNAFFECTED, end, s.down_until_h, s.down_until_h, s.down_share)
        pool = bridge(s, s.load_kw * (1 - b.import_left), notice=True) or Pool()
        pool.ups_kwh = 0.0  # a UPS has no part in it
        return pool.cabinets, walked(s, effect, pool, start, end - start, b.import_left, cap_from, notice=True)

    cabinets, effect = tried(math.inf)
    lasts = effect.carried_h >= end - start and effect.outcome in (Outcome.CAPPED, Outcome.RODE_THROUGH)
    if not lasts and cabinets and not b.gensets and min(b.power_share, b.performance) > b.import_left:
        _, effect = tried(0.0)
    return effect


def at_work(s, effect, from_h, until_h, training, inference, work):
    """Add the hours lost while shares of training and inference run at a work rate."""
    hours = until_h - from_h - s.down_share * max(min(until_h, s.down_until_h) - from_h, 0.0)
    lost = 1 - work * (training + inference)
    if hours > 0 and lost > 1e-15:
        effect.capped_h += lost * hours
        effect.reduced_h += hours
        effect.training_h += (s.jobs.training - work * training) * hours
        effect.inference_h += (1 - s.jobs.training - inference) * hours


def walked(s, effect, pool, start, duration_h, left, cap_from, notice):
    """Through an outage behind a bridge, in stretches in which nothing changes."""
    b, jobs = s.backup, s.jobs
    fleet = fleet_of(b, s.event.u, s.load_kw * (1 - left)) if duration_h > b.genset_start_h else Fleet([], 1)
    marks = [cap_from, *(hour for hour, _ in fleet.changes)] + ([b.genset_start_h] if b.gensets else [])
    t, shed, saved, shed_training = 0.0, False, True, 0.0
    effect.carried_h = duration_h
    while t < duration_h:
        until = min([mark for mark in marks if mark > t] + [duration_h])
        capped = t >= cap_from and not shed
        wanted_kw = s.load_kw * (b.power_share if capped else 1) - left * s.load_kw
        from_gensets = fleet.running(t) * b.genset_kw
        begin, training, inference = t, jobs.training, 1 - jobs.training
        if wanted_kw - from_gensets <= 0 or shed:
            if shed:
                training, inference = jobs.running(1 - (wanted_kw - from_gensets) / s.load_kw)
                if training + inference <= 1e-12:
                    break
                if jobs.shed_first != "evenly":
                    shed_training = max(shed_training, jobs.training - training)
            t = until
        else:
            waits = b.gensets and t < b.genset_start_h <= b.checkpoint_h and not notice
            reserve = wanted_kw * b.checkpoint_h
            enough = pool.ups_kwh + pool.cells_kwh * s.efficiency >= reserve
            saved = notice or (enough and not waits)
            keep = reserve if enough and saved else 0.0
            from_h = start - s.day_start_h + t
            hours = drawn(s, pool, wanted_kw - from_gensets, keep, from_h, until - t)
            shed = hours < until - t
            t = t + hours if shed else until
            effect.carried_h = t if shed else effect.carried_h
        at_work(s, effect, start + begin, start + t, training, inference, b.performance if capped else 1.0)
        if from_gensets:
            effect.gensets_h += t - begin
            effect.genset_kwh += (t - begin) * min(from_gensets, wanted_kw)
    effect.ups_h, effect.cabinets_h, effect.stored_used_kwh = pool.ups_h, pool.cabinets_h, pool.used_kwh
    if t < duration_h:
        kind = Outcome.ORDERLY_STOP if saved else Outcome.ABRUPT_STOP
        return stopped(s, effect, start, duration_h, t, kind)
    effect.restart_h += shed_training * s.restart_h[1]
    effect.training_h += shed_training * s.restart_h[1]
    effect.outcome = Outcome.CAPPED if effect.capped_h > 0 else Outcome.RODE_THROUGH
    return effect


def stopped(s, effect, start, duration_h, after_h, kind):
    """The whole cluster stops; gensets that carry it to the end bring power back before the grid."""
    b, back_h = s.backup, start + duration_h
    if b.gensets and s.in_service and after_h <= b.genset_start_h < duration_h:
        lasts = fleet_of(b, s.event.u, s.load_kw).carries_until() - b.genset_start_h
        if lasts >= duration_h - b.genset_start_h:
            back_h = start + b.genset_start_h
            effect.gensets_h = duration_h - b.genset_start_h
            effect.genset_kwh = effect.gensets_h * s.load_kw
    effect.carried_h = min(effect.carried_h, after_h)
    abrupt = kind == Outcome.ABRUPT_STOP
    at_work_share = 1 - s.down_share if s.down_until_h > start + after_h else 1
    effect.racks = float(abrupt)
    if abrupt and at_work_share > 0:
        effect.unsaved_h = max(after_h - effect.capped_h / at_work_share, 0.0)
    return down(s, effect, start + after_h, back_h, kind, s.jobs.training, 1 - s.jobs.training)


def tripped(s, effect, start):
    """A sag trips some racks: their jobs stop whole, inference loses its share."""
    effect.outcome, effect.racks = Outcome.RODE_THROUGH, s.jobs.tripped
    training = s.jobs.stopped_by(s.jobs.tripped, s.event.u.jobs)
    inference = (1 - s.jobs.training) * s.jobs.tripped
    if training + inference > 0:
        return down(s, effect, start, start, Outcome.ABRUPT_STOP, training, inference)
    return effect


def down(s, effect, stop_h, back_h, kind, training, inference):
    """Shares of the cluster stop, power is back later, then they restart; hours down already are not counted again."""
    share = training + inference
    restart_h = s.restart_h[0 if kind == Outcome.ABRUPT_STOP else 1]
    if back_h - stop_h > s.jobs.cold_after_h:
        restart_h += s.restart_h[2]
    if s.jobs.ramp_kw_per_h > 0:
        restart_h += s.load_kw * share / s.jobs.ramp_kw_per_h / 2
    again = min(share, s.down_share) / share if stop_h < s.down_until_h else 0.0
    begin, until = max(stop_h, s.down_until_h), max(back_h + restart_h, s.down_until_h)
    waiting = (1 - again) * (back_h - stop_h) + again * max(back_h - begin, 0.0)
    restart = (1 - again) * restart_h + again * max(until - max(back_h, begin), 0.0)
    effect.outcome = Outcome.ALREADY_DOWN if again == 1 else kind
    effect.waiting_h += share * waiting
    effect.restart_h += share * restart
    effect.training_h += training * (waiting + restart)
    effect.inference_h += inference * (waiting + restart)
    effect.newly, effect.down_from_h, effect.down_until_h = 1 - again, stop_h, until
    effect.share = max(share, s.down_share) if stop_h < s.down_until_h else share
    return effect

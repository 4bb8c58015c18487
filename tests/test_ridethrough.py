"""One event, one strategy: cases solved by hand, and random situations against the twin."""

import math

import numpy as np
import pytest

from distributions.outages import CURTAILMENT, EXTREME, MOMENTARY, SAG, SUSTAINED
from riskmodel.gensets import GENSET_FAILURES, U_GENSETS_COMMON, U_REFUEL, U_START, U_SWITCH
from riskmodel.quantities import Outcome
from riskmodel.ridethrough import N_UNIFORMS, U_JOBS, U_SAG, U_UPS
from tests.one_event import (
    BOTH_START,
    CABINETS,
    EFFICIENCY_OF_STORE,
    GENSETS,
    LOAD_KW,
    RESTART,
    START_H,
    TEN,
    UPS,
    backup,
    check,
    cluster,
    effect_of,
    uniforms,
)
from tests.twin import ridethrough as twin
from tests.twin.events import Event, Uniforms
from tests.twin.jobs import Jobs

pytestmark = pytest.mark.tiny


def test_a_sag_is_bridged_by_cabinets_and_stops_a_bare_cluster():
    check(effect_of(SAG, 0.2 / 3600, backup(**CABINETS)), Outcome.RODE_THROUGH, grid_back=10.0)
    bare = effect_of(SAG, 0.2 / 3600, backup())
    check(bare, Outcome.ABRUPT_STOP, restart=2.0, down_from=10.0, down_until=12.0, grid_back=10.0)


def test_cabinets_that_switch_too_slowly_do_not_help_without_a_ups():
    slow = CABINETS | {"transfer_ms": 20.1}
    check(effect_of(MOMENTARY, 0.001, backup(**slow)), Outcome.ABRUPT_STOP, restart=2.0, waiting=0.001)
    check(effect_of(MOMENTARY, 0.001, backup(**slow | {"transfer_ms": 20.0})), Outcome.RODE_THROUGH, used=1 / 0.9)
    # the UPS holds the moment, so the outage costs the cabinets nothing: 100 kWh last six minutes
    check(effect_of(MOMENTARY, 0.001, backup(**slow, **UPS)), Outcome.RODE_THROUGH)


def test_too_few_cabinets_or_a_common_failure():
    tables = backup(**CABINETS)  # seven of them: 7 x 125 = 875 kW < 1000 kW
    assert effect_of(SAG, 0.0, tables, working=7)["outcome"] == Outcome.ABRUPT_STOP
    assert effect_of(SAG, 0.0, tables, load=875.0, working=7)["outcome"] == Outcome.RODE_THROUGH
    common = backup(**CABINETS, common_failure=0.01)
    assert effect_of(SAG, 0.0, common, u=uniforms(common=0.009))["outcome"] == Outcome.ABRUPT_STOP
    assert effect_of(SAG, 0.0, common, u=uniforms(common=0.011))["outcome"] == Outcome.RODE_THROUGH


def test_an_outage_longer_than_the_store():
    # 840 kW for a checkpoint of 0.05 h needs 840 x 0.05 / 0.9 = 46.667 kWh; 953.333 kWh are left to spend;
    # they last 953.333 / (840 / 0.9) = 1.0214286 h of 2 h; a fifth of the work is lost in them
    carried = (1000 - 840 * 0.05 / 0.9) / (840 / 0.9)
    assert carried == pytest.approx(1.0214286, abs=1e-7)
    check(
        effect_of(SUSTAINED, 2.0, backup(**CABINETS)), Outcome.ORDERLY_STOP,
        capped=0.2 * carried, used=1000 - 840 * 0.05 / 0.9, waiting=2 - carried, restart=1.0,
        grid_back=12.0, down_from=10 + carried, down_until=13.0,
    )  # fmt: skip
    # an hour is carried with 840 / 0.9 = 933.333 kWh
    short = effect_of(SUSTAINED, 1.0, backup(**CABINETS))
    check(short, Outcome.CAPPED, capped=0.2, used=840 / 0.9, grid_back=11.0)


def test_the_sun_helps_the_cabinets():
    sun = np.zeros((48, 1), np.float32)
    sun[11] = 0.25  # 0.25 x 2000 kWp = 500 kW from 11:00 to 12:00
    # 10:30-11:00 takes 840 / 0.9 / 2 = 466.667 kWh, 11:00-12:00 340 / 0.9 = 377.778, 12:00-12:06 93.333
    check(
        effect_of(SUSTAINED, 1.6, backup(**CABINETS, pv_kwp=2000.0), hour=10.5, sun=sun), Outcome.CAPPED,
        capped=0.2 * 1.6, used=840 / 0.9 * 0.6 + 340 / 0.9,
    )  # fmt: skip


def test_an_empty_store_carries_no_longer_than_the_sun():
    sun = np.zeros((48, 1), np.float32)
    sun[10:12] = 0.5  # 1000 kW until noon: more than the load; 40 kWh are less than a checkpoint takes
    effect = effect_of(SUSTAINED, 5.0, backup(**CABINETS, pv_kwp=2000.0), stored=40.0, sun=sun)
    # so all 40 kWh are used and nothing is saved: 40 x 0.9 / 840 h after the sun
    carried = 2 + 40 * 0.9 / 840
    check(
        effect, Outcome.ABRUPT_STOP, capped=0.2 * carried, waiting=5 - carried, restart=2.0, used=40.0,
        down_from=10 + carried,
    )  # fmt: skip
    # with 50 kWh the 46.667 kWh of a checkpoint stay
    saved = effect_of(SUSTAINED, 5.0, backup(**CABINETS, pv_kwp=2000.0), stored=50.0, sun=sun)
    carried = 2 + (50 - 42 / 0.9) * 0.9 / 840
    check(
        saved, Outcome.ORDERLY_STOP, capped=0.2 * carried, waiting=5 - carried, restart=1.0, used=50 - 42 / 0.9,
        carried=carried,
    )  # fmt: skip


def test_gensets_carry_behind_the_cabinets():
    # 15 s at 1000 kW take 1000 / 0.9 x 15 / 3600 kWh; then two units of 600 kW carry the rest, uncapped
    check(
        effect_of(SUSTAINED, 2.0, backup(**CABINETS, **GENSETS, **BOTH_START)), Outcome.RODE_THROUGH,
        used=LOAD_KW / 0.9 * START_H, genset=LOAD_KW * (2 - START_H),
    )  # fmt: skip


def test_gensets_that_do_not_start_leave_the_load_to_the_cabinets():
    tables = backup(**CABINETS, **GENSETS, gensets_cdf=[0.01, 0.02, 1.0])
    # no cap with gensets: 1000 kW; (1000 - 1000 x 0.05 / 0.9) / (1000 / 0.9) = 0.85 h
    expected = {"used": 1000 - 50 / 0.9, "waiting": 2 - 0.85, "restart": 1.0, "down_from": 10.85}
    check(effect_of(SUSTAINED, 2.0, tables, u=uniforms(start=0.005)), Outcome.ORDERLY_STOP, **expected)
    # one of two starts and carries 600 kW, the cabinets the other 400: (850 - 1000 x 15 s) / 400 = 2.1146 h
    one = effect_of(SUSTAINED, 2.0, tables, u=uniforms(start=0.015))
    used = (1000 * START_H + 400 * (2 - START_H)) / 0.9
    check(one, Outcome.RODE_THROUGH, used=used, genset=(2 - START_H) * 600, carried=2.0, gensets_h=2 - START_H)
    # then 40 % of the work is shed, until the grid is back after 5 h
    carried = START_H + (850 - 1000 * START_H) / 400
    long = effect_of(SUSTAINED, 5.0, tables, u=uniforms(start=0.015))
    check(
        long, Outcome.CAPPED, capped=0.4 * (5 - carried), used=1000 - 50 / 0.9, genset=(5 - START_H) * 600,
        carried=carried,
    )  # fmt: skip


def test_gensets_that_fail_hand_back_to_the_cabinets():
    # with two running the first failure comes after -ln(u) x 1100 / 2 = 0.5 h, the second at once: 15 s and half an
    # hour are gone, and the cabinets have (1000 - 1000 x 15 s / 0.9 - 50 / 0.9) / (1000 / 0.9) = 0.85 h - 15 s
    u = uniforms(fail=math.exp(-0.5 * 2 / 1100))
    u[U_START + GENSET_FAILURES] = 1 - 1e-15
    tables = backup(**CABINETS, **GENSETS, **BOTH_START)
    carried = effect_of(SUSTAINED, 1.2, tables, u=u)
    check(carried, Outcome.RODE_THROUGH, used=0.7 * 1000 / 0.9, genset=500.0, gensets_h=0.5, cabinets_h=0.7)
    # 0.85 h of cabinets and 0.5 h of gensets, of 2 h
    lost = effect_of(SUSTAINED, 2.0, tables, u=u)
    check(lost, Outcome.ORDERLY_STOP, used=1000 - 50 / 0.9, genset=500.0, waiting=0.65, restart=1.0, down_from=11.35)
    # where the second goes on, it carries 600 kW and the cabinets 400
    alone = effect_of(SUSTAINED, 1.2, tables, u=uniforms(fail=math.exp(-0.5 * 2 / 1100)))
    left = 1.2 - 0.5 - START_H
    check(alone, Outcome.RODE_THROUGH, used=(1000 * START_H + 400 * left) / 0.9, genset=500 + 600 * left)


def test_gensets_alone_end_the_waiting_but_not_the_stop():
    tables = backup(**GENSETS, **BOTH_START)
    check(
        effect_of(EXTREME, 20.0, tables), Outcome.ABRUPT_STOP, waiting=START_H, restart=2.0,
        genset=(20 - START_H) * LOAD_KW, grid_back=30.0, down_until=12 + START_H,
    )  # fmt: skip
    # 48 h of fuel do not last 50 h
    check(effect_of(EXTREME, 50.0, tables), Outcome.ABRUPT_STOP, waiting=50.0, restart=2.0, down_until=62.0)


def test_a_ups_alone_leaves_time_for_a_checkpoint():
    # 100 kWh last 0.1 h, 0.05 h of it is kept for the checkpoint
    check(effect_of(SUSTAINED, 1.0, backup(**UPS)), Outcome.ORDERLY_STOP, waiting=0.95, restart=1.0, down_from=10.05)
    assert effect_of(SAG, 0.0, backup(**UPS, ups_failure=0.01), u=uniforms(ups=0.005))["outcome"] == Outcome.ABRUPT_STOP
    assert effect_of(SAG, 0.0, backup(**UPS), load=1201.0)["outcome"] == Outcome.ABRUPT_STOP


def test_a_call_of_the_grid_operator():
    tables = backup(**CABINETS, interruptible=1.0)
    # half the load, 500 kW, is missing: 1.5 h take 500 / 0.9 x 1.5 = 833.333 kWh
    check(effect_of(CURTAILMENT, 1.5, tables), Outcome.RODE_THROUGH, used=500 / 0.9 * 1.5, grid_back=11.5)
    # 3 h are too long: capped, 340 kW are missing; (1000 - 340 x 0.05 / 0.9) / (340 / 0.9) = 2.5970588 h,
    # after that half of the work is shed
    carried = (1000 - 17 / 0.9) / (340 / 0.9)
    check(
        effect_of(CURTAILMENT, 3.0, tables), Outcome.CAPPED,
        capped=0.2 * carried + 0.5 * (3 - carried), used=1000 - 17 / 0.9, down_until=0.0,
    )  # fmt: skip
    # with notice a slow transfer does not matter; a firm connection is not called on
    slow = backup(**CABINETS | {"transfer_ms": 5000.0}, interruptible=1.0)
    assert effect_of(CURTAILMENT, 1.5, slow)["outcome"] == Outcome.RODE_THROUGH
    check(effect_of(CURTAILMENT, 3.0, backup(**CABINETS)), Outcome.UNAFFECTED, grid_back=10.0)
    check(effect_of(CURTAILMENT, 3.0, tables, in_service=False), Outcome.UNAFFECTED)
    check(effect_of(CURTAILMENT, 3.0, backup(interruptible=1.0)), Outcome.CAPPED, capped=0.5 * 3)


def test_a_cluster_that_is_down_already():
    # down until 12:00; a sag at 11:00 makes the restart begin again: until 13:00, one hour more
    sag = effect_of(SAG, 0.0, backup(), hour=11.0, down_until=12.0)
    check(sag, Outcome.ALREADY_DOWN, restart=1.0, down_from=11.0, down_until=13.0)
    # an outage from 11:00 to 14:00: two hours more of waiting, then two of restart
    outage = effect_of(SUSTAINED, 3.0, backup(), hour=11.0, down_until=12.0)
    check(outage, Outcome.ALREADY_DOWN, waiting=2.0, restart=2.0, down_until=16.0)
    # bridged while down: only the half hour of it in which the cluster runs is capped
    capped = effect_of(SUSTAINED, 1.0, backup(**CABINETS), hour=11.5, down_until=12.0)
    check(capped, Outcome.CAPPED, capped=0.2 * 0.5, used=840 / 0.9, down_until=12.0)


def test_assets_not_yet_delivered_do_not_help():
    everything = backup(**CABINETS, **GENSETS, **BOTH_START, **UPS)
    effect = effect_of(SUSTAINED, 2.0, everything, in_service=False)
    check(effect, Outcome.ABRUPT_STOP, waiting=2.0, restart=2.0)


def test_first_and_last_hour_and_over_the_years_end():
    tables = backup(**CABINETS)
    first = effect_of(SUSTAINED, 0.5, tables, hour=0.0)
    check(first, Outcome.CAPPED, capped=0.1, used=420 / 0.9, grid_back=0.5)
    # from 23:30 on 31 December: grid back at 02:30, working at 03:30, in hours of the year that began it
    last = effect_of(SUSTAINED, 3.0, tables, hour=8759.5)
    carried = (1000 - 840 * 0.05 / 0.9) / (840 / 0.9)
    check(
        last, Outcome.ORDERLY_STOP, capped=0.2 * carried, used=1000 - 840 * 0.05 / 0.9, waiting=3 - carried,
        restart=1.0, grid_back=8762.5, down_from=8759.5 + carried, down_until=8763.5,
    )  # fmt: skip
    # nothing is known of the sun after tomorrow: 840 kW without it from hour 48 of today on
    bright = np.full((48, 1), 0.42, np.float32)
    long = effect_of(EXTREME, 100.0, backup(**CABINETS, pv_kwp=2000.0), hour=23.5, sun=bright)
    assert long["down_from"] == pytest.approx(48 + carried, abs=1e-4)


def as_twin(tables, u):
    """`BackupTables` and uniforms in the twin's own form."""
    names = {
        "import_left": "curtailed_import_share", "ups_kw": "ups_power_kw", "ups_kwh": "ups_energy_kwh",
        "fuel_h": "genset_fuel_h",
    }  # fmt: skip
    fields = {name: getattr(tables, names.get(name, name))[0] for name in twin.Backup.__dataclass_fields__}
    gensets = tuple(u[U_START : U_START + 1 + GENSET_FAILURES])
    more = u[U_GENSETS_COMMON], u[U_SWITCH], u[U_REFUEL], u[U_SAG], u[U_JOBS]
    drawn = Uniforms(*u[:U_UPS], u[U_UPS], gensets, *more)
    return twin.Backup(**fields), drawn


JOBS = ((1.0,), (0.5, 0.3, 0.1), (0.7,), ())


def random_cluster(rng):
    """Jobs, priorities and rules of one draw, for the kernel and for the twin."""
    sizes, shed = JOBS[rng.integers(4)], rng.integers(3)
    trips, cold, ramp = (
        float(rng.choice([1.0, 0.3, 0.0])),
        float(rng.choice([1e9, 1.0])),
        float(rng.choice([0.0, 900.0])),
    )
    racks = tuple(max(4 * size, 1.0) for size in sizes)
    kernel = cluster(
        training_share=sum(sizes), job_gpus=[100.0 * size for size in sizes], job_racks=racks,
        job_interval_h=[0.5] * len(sizes), shed_first=shed, sag_trip_share=[0.0, trips, 0.0, 0.0, 0.0],
        cold_start_after_h=cold, ramp_kw_per_h=ramp,
    )  # fmt: skip
    return kernel, Jobs(sizes, racks, ("evenly", "inference", "training")[shed], trips, cold, ramp)


def test_random_situations_against_the_twin():
    """Four thousand situations with every mixture of assets, jobs and rules: every column within 1e-9 relative."""
    rng, seen = np.random.default_rng(11), set()
    for _ in range(4000):
        owned = {"interruptible": float(rng.random() < 0.7), "pv_kwp": float(rng.choice([0.0, 3000.0]))}
        fleet = {"gensets_cdf": [0.2, 0.5, 1.0], "genset_start_h": float(rng.choice([START_H, 0.2]))}
        fleet |= {
            "genset_fuel_h": float(rng.choice([48.0, 0.5, 0.0])),
            "refuelling": float(rng.choice([0.0, 0.5, 1.0])),
        }
        fleet |= {"gensets_common": 0.1, "switch_failure": 0.1}
        for asset in (CABINETS, GENSETS | fleet, UPS | {"ups_transfer_ms": float(rng.choice([0.0, 6.0, 30.0]))}):
            owned |= asset if rng.random() < 0.6 else {}
        left, cap = float(rng.choice([0.5, 0.0])), float(rng.choice([0.0, 0.3]))
        tables = backup(**owned, common_failure=0.1, ups_failure=0.1, curtailed_import_share=left, cap_after_h=cap)
        u = rng.random(N_UNIFORMS)
        u[U_START + 1 : U_GENSETS_COMMON] **= rng.choice([1e-4, 1e-2, 1.0])  # failures within hours, or hardly ever
        family, hour, load = int(rng.integers(0, 5)), float(rng.uniform(0, 8760)), float(rng.uniform(300, 1300))
        duration = float(rng.exponential(rng.choice([0.01, 1.0, 10.0])))
        stored = float(rng.choice([0.0, 30.0, 500.0, 2000.0]))
        down, out = (float(rng.choice([0.0, hour + rng.exponential(2.0)])) for _ in range(2))
        out = out if rng.random() < 0.3 else 0.0
        share = float(rng.choice([1.0, 0.3])) if down > hour else 0.0
        sun, served = rng.random((48, 1)).astype(np.float32) * np.float32(0.6), bool(rng.random() < 0.9)
        count = int(rng.integers(0, TEN + 1))
        kernel, jobs = random_cluster(rng)
        effect = effect_of(
            family, duration, tables, hour=hour, stored=stored, sun=sun, down_until=down, down_share=share,
            out_until=out, cold_start=3.0, u=u, load=load, in_service=served, working=count, of=kernel,
        )  # fmt: skip
        owner, drawn = as_twin(tables, u)
        event = Event(hour, duration, family, 0.5 if family == SAG else 0.0, 0, drawn)
        today = int(hour) // 24 * 24
        answering = (count if owner.cabinet_kw else 0), TEN, EFFICIENCY_OF_STORE
        restart = (*RESTART, 3.0)
        mine = twin.resolve(
            twin.Situation(
                event, owner, load, stored, served, sun[:, 0], today, down, restart, *answering, out, share, jobs
            )
        )
        check(
            effect, mine.outcome, waiting=mine.waiting_h, restart=mine.restart_h, capped=mine.capped_h,
            used=mine.stored_used_kwh, genset=mine.genset_kwh, grid_back=mine.grid_back_h,
            down_from=mine.down_from_h, down_until=mine.down_until_h, ups_h=mine.ups_h, cabinets_h=mine.cabinets_h,
            gensets_h=mine.gensets_h, carried=mine.carried_h, training=mine.training_h, inference=mine.inference_h,
            tripped=mine.racks * mine.newly, stopped=mine.share,
        )  # fmt: skip
        seen.add((family, mine.outcome, jobs.shed_first))
    assert len(seen) >= 60  # families by outcomes and priorities: most of what can happen did


def test_a_ups_that_switches_too_slowly():
    slow, quick = backup(**UPS, ups_transfer_ms=20.1), backup(**UPS, ups_transfer_ms=20.0)
    assert effect_of(SAG, 0.0, slow)["outcome"] == Outcome.ABRUPT_STOP
    assert effect_of(SAG, 0.0, quick)["outcome"] == Outcome.RODE_THROUGH


def test_a_transfer_switch_that_fails_leaves_the_gensets_outside():
    tables = backup(**CABINETS, **GENSETS, **BOTH_START, switch_failure=0.1, gensets_common=0.1)
    for name in ("switch", "gensets_common"):
        assert effect_of(SUSTAINED, 2.0, tables, u=uniforms(**{name: 0.2}))["outcome"] == Outcome.RODE_THROUGH
        lost = effect_of(SUSTAINED, 2.0, tables, u=uniforms(**{name: 0.05}))
        check(lost, Outcome.ORDERLY_STOP, used=1000 - 50 / 0.9, waiting=2 - 0.85, restart=1.0, genset=0.0)


def test_operators_wait_for_gensets_only_if_they_come_before_a_checkpoint_is_written():
    # the UPS has 20 kWh, 72 s at 1000 kW; gensets start in 36 s, or in 0.06 h = 216 s; a checkpoint takes 180 s, 50 kWh
    small = UPS | {"ups_energy_kwh": 20.0}
    quick = backup(**small, **GENSETS | {"genset_start_h": 0.01}, **BOTH_START)
    check(effect_of(SUSTAINED, 2.0, quick), Outcome.RODE_THROUGH, genset=1990.0, ups_h=0.01, carried=2.0)
    # none starts: nothing is saved when the 72 s are over
    none = backup(**small, **GENSETS | {"genset_start_h": 0.01}, gensets_cdf=[1.0, 1.0, 1.0])
    check(effect_of(SUSTAINED, 2.0, none), Outcome.ABRUPT_STOP, waiting=1.98, restart=2.0, ups_h=0.02, carried=0.02)
    # with 55 kWh and gensets in 216 s: 5 kWh carry for 18 s, the rest is for the checkpoint; gensets end the waiting
    late = backup(**UPS | {"ups_energy_kwh": 55.0}, **GENSETS | {"genset_start_h": 0.06}, **BOTH_START)
    check(effect_of(SUSTAINED, 2.0, late), Outcome.ORDERLY_STOP, waiting=0.055, restart=1.0, genset=1940.0, ups_h=0.005)


def test_gensets_carry_the_jobs_that_fit():
    # 600 of 1000 kW for GPUs in jobs of 50, 30 and 10 of 100 and 10 in inference; cabinets help until 50 kWh are left
    of = {
        way: cluster(training_share=0.9, job_gpus=[50.0, 30.0, 10.0], job_interval_h=[0.5] * 3, shed_first=way)
        for way in (1, 2)
    }
    tables = backup(**CABINETS, **GENSETS, gensets_cdf=[0.0, 1.0, 1.0])
    carried = START_H + (850 - 1000 * START_H) / 400
    rest = 5 - carried
    # inference first: jobs of 50 and 10 run, 30 stops for the rest and restarts in 1 h; nothing is left for inference
    first = effect_of(SUSTAINED, 5.0, tables, of=of[1])
    check(
        first, Outcome.CAPPED, capped=0.4 * rest, restart=0.3, used=1000 - 50 / 0.9, genset=600 * (5 - START_H),
        carried=carried, training=0.3 * rest + 0.3, inference=0.1 * rest,
    )  # fmt: skip
    # training first: inference keeps its 10, the job of 50 fits into what is left
    first = effect_of(SUSTAINED, 5.0, tables, of=of[2])
    check(
        first, Outcome.CAPPED, capped=0.4 * rest, restart=0.4, used=1000 - 50 / 0.9, genset=600 * (5 - START_H),
        training=0.4 * rest + 0.4, inference=0.0,
    )  # fmt: skip

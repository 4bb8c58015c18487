"""What can never be: more storage, fuel, gensets or spares that lose more GPU-hours on the same draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributions.outages import CURTAILMENT, SAG
from distributions.units import working_cdf
from riskmodel.bridge import N_NOW, N_POOL
from riskmodel.downtime import lost_gpu_hours
from riskmodel.gensets import U_GENSETS_COMMON, U_START
from riskmodel.jobs import EVENLY, INFERENCE_FIRST, TRAINING_FIRST, packed, running_shares
from riskmodel.ridethrough import N_EFFECTS, N_UNIFORMS, resolve
from tests.one_event import backup, cluster

pytestmark = pytest.mark.tiny

SIZES = [[100.0], [50.0, 30.0, 10.0], [70.0], [40.0, 40.0, 20.0], []]
PROPERTY = settings(max_examples=400, deadline=None, derandomize=True)
ROUNDING = 1e-6

share = st.floats(0.0, 1.0)
whole_event = st.fixed_dictionaries(
    {
        "family": st.integers(SAG, CURTAILMENT), "hours": st.floats(0.0, 30.0), "load": st.floats(300.0, 1300.0),
        "stored": st.floats(0.0, 4000.0), "jobs": st.sampled_from(SIZES), "shed": st.integers(EVENLY, TRAINING_FIRST),
        "left": st.sampled_from([0.0, 0.4, 0.9]), "cap_after": st.sampled_from([0.0, 0.5]),
        "seed": st.integers(0, 10_000), "ups": st.sampled_from([0.0, 5.0, 100.0]), "units": st.integers(0, 4),
        "start_h": st.sampled_from([15 / 3600, 0.2]), "fuel": st.sampled_from([0.0, 2.0, 48.0]),
        "down": st.sampled_from([0.0, 12.0]), "down_share": st.sampled_from([0.3, 1.0]), "sun": share,
        "trips": share, "spares": st.integers(0, 10), "wait": st.integers(0, 1), "ramp": st.sampled_from([0.0, 900.0]),
    }
)  # fmt: skip


def lost(e):
    """GPU-hours that one event at 10:00 costs the strategy."""
    rng = np.random.default_rng(e["seed"])
    u = rng.random(N_UNIFORMS)
    u[U_START + 1 : U_GENSETS_COMMON] **= rng.choice([1e-4, 1e-2, 1.0])
    tables = backup(
        interruptible=1.0, curtailed_import_share=e["left"], cap_after_h=e["cap_after"], cabinet_kw=150.0,
        transfer_ms=10.0, ups_power_kw=1400.0 if e["ups"] else 0.0, ups_energy_kwh=e["ups"], gensets=float(e["units"]),
        genset_kw=400.0, genset_start_h=e["start_h"], genset_mttf_h=50.0, genset_fuel_h=e["fuel"], pv_kwp=2000.0,
        gensets_cdf=working_cdf(e["units"], 0.8) if e["units"] else [1.0],
    )  # fmt: skip
    jobs = e["jobs"]
    of = cluster(
        training_share=sum(jobs) / 100, job_gpus=jobs, job_interval_h=[0.5] * len(jobs), job_racks=[3.0] * len(jobs),
        shed_first=e["shed"], sag_trip_share=[0.0, e["trips"], 0.0, 0.0, 0.0], spare_servers=float(e["spares"]),
        missing_wait=e["wait"], damaged_share=[0.0, 0.1, 0.0, 0.0, 0.0], cold_start_after_h=2.0,
        damaged_wait_days=[0.0, 2.0, 0.0, 0.0, 0.0], ramp_kw_per_h=e["ramp"],
    )  # fmt: skip
    event = np.array([10.0, e["hours"], float(e["family"]), 0.5, 0.0])
    now = np.zeros(N_NOW)
    down_share = e["down_share"] if e["down"] > 10.0 else 0.0
    now[:] = [e["load"], e["stored"], 1.0, 10.0, 10.0, 0.0, e["down"], 2.0, 1.0, 0.9, 3.0, 0.0, down_share]
    effect, by_cause, sun = np.zeros(N_EFFECTS), np.zeros(5), np.full((48, 1), 0.5 * e["sun"], np.float32)
    resolve(effect, np.zeros(N_POOL), event, tables, of, 0, u, now, sun, 0)
    lost_gpu_hours(by_cause, effect, of, 1.0, u, np.zeros(2), 10.0)
    assert np.all(by_cause >= 0.0)
    return float(by_cause.sum())


@PROPERTY
@given(whole_event, st.floats(0.0, 3000.0))
def test_more_storage_never_loses_more(event, more):
    assert lost(event | {"stored": event["stored"] + more}) <= lost(event) + ROUNDING


@PROPERTY
@given(whole_event, st.floats(0.0, 100.0))
def test_more_fuel_never_loses_more(event, more):
    assert lost(event | {"fuel": event["fuel"] + more}) <= lost(event) + ROUNDING


@PROPERTY
@given(whole_event, st.integers(1, 4))
def test_more_gensets_never_lose_more(event, more):
    first = event | {"units": max(event["units"], 1)}  # the first one also ends the power cap
    assert lost(first | {"units": first["units"] + more}) <= lost(first) + ROUNDING


@PROPERTY
@given(whole_event, st.integers(1, 100))
def test_more_spares_never_lose_more(event, more):
    assert lost(event | {"spares": event["spares"] + more}) <= lost(event) + ROUNDING


@PROPERTY
@given(whole_event, share)
def test_more_racks_that_trip_never_lose_less(event, more):
    worse = event["trips"] + more * (1.0 - event["trips"])
    assert lost(event | {"family": SAG, "trips": worse}) >= lost(event | {"family": SAG}) - ROUNDING


@PROPERTY
@given(st.sampled_from(SIZES), st.integers(EVENLY, TRAINING_FIRST), share, share)
def test_more_power_never_runs_less(jobs, shed, a, b):
    of = cluster(training_share=sum(jobs) / 100, job_gpus=jobs, shed_first=shed)
    few, many = (sum(running_shares(of, x)) for x in sorted((a, b)))
    assert few <= many + 1e-12
    assert sum(running_shares(of, a)) <= a + 1e-9
    assert sum(running_shares(of, 1.0)) == pytest.approx(1.0)


def test_who_is_shed_first():
    """60 GPUs train in jobs of 40 and 20, 40 serve inference; there is power for 50."""
    of = {way: cluster(training_share=0.6, job_gpus=[40.0, 20.0], shed_first=way) for way in range(3)}
    assert running_shares(of[EVENLY], 0.5) == pytest.approx((0.3, 0.2))
    assert running_shares(of[INFERENCE_FIRST], 0.5) == pytest.approx((0.4, 0.1))  # the job of 20 does not fit
    assert running_shares(of[TRAINING_FIRST], 0.5) == pytest.approx((0.0, 0.4))  # neither fits into 10
    assert packed(np.array([40.0, 20.0]), 0.35, 100.0) == pytest.approx(0.2)


def test_the_loss_moves_with_what_it_should():
    """Negative control: storage and the length of an outage do change the loss, so the inequalities can fail."""
    event = {
        "family": 2, "hours": 4.0, "load": 1000.0, "stored": 500.0, "jobs": [100.0], "shed": 0, "left": 0.0,
        "cap_after": 0.0, "seed": 1, "ups": 0.0, "units": 0, "start_h": 0.2, "fuel": 0.0, "down": 0.0,
        "down_share": 1.0, "sun": 0.0, "trips": 1.0, "spares": 0, "wait": 0, "ramp": 0.0,
    }  # fmt: skip
    assert lost(event | {"stored": 1000.0}) < lost(event) - 1.0
    assert lost(event | {"hours": 5.0}) > lost(event) + 1.0

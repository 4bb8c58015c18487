"""The cluster's own failures: exact answers by hand, and simulated lives that agree with them."""

import math

import numpy as np
import pytest

from distributions.laws import from_spec
from distributions.streams import Process
from riskmodel.checkpointing import efficiency, exact_interval_h
from riskmodel.own_failures import LLAMA_3, Job, Shares, expected_shares, simulate_job
from tests.fake_engine import small_study
from tests.twin.randoms import two_uniforms

SEED = 31
SCORE = 3.89
"""Standard errors at which a comparison fails: by chance in 1 of 10,000."""


def job(**other):
    given = {
        "gpus": 16384, "gpus_per_server": 8, "interval_h": 0.25, "write_h": 1 / 60, "restart_h": 0.1,
        "hardware_share": 0.78, "repair_days": 2.0, "spares": 30, "waits": True,
    } | other  # fmt: skip
    laws = {name: from_spec(given[name]) for name in ("restart_h", "repair_days")}
    return Job(**given | laws)


@pytest.mark.tiny
def test_the_fitted_rate():
    # 419 / (54 x 24 x 16,384 GPU-h) = 1.9733e-5; Poisson error 1 / sqrt(419) = 4.885 %, 9.64e-7
    rate = LLAMA_3.rate_per_million_gpu_hours()
    assert (rate.value, rate.standard_error) == (pytest.approx(19.733, abs=5e-4), pytest.approx(0.964, abs=5e-4))
    assert LLAMA_3.mean_time_to_interrupt_h() == pytest.approx(3.093, abs=5e-4)
    assert LLAMA_3.mean_time_to_interrupt_h(10000) == pytest.approx(5.07, abs=5e-3)
    law = small_study().cluster.own_failures_per_million_gpu_hours
    assert float(law.mean()) == pytest.approx(rate.value, abs=5e-4)
    assert float(law.ppf(0.8413447)) - float(law.mean()) == pytest.approx(rate.standard_error, abs=1e-3)


@pytest.mark.tiny
def test_without_repairs_it_is_the_wall_time_of_daly():
    shares = expected_shares(job(hardware_share=0.0), 3.0)
    assert shares.ettr == pytest.approx(efficiency(0.25, 1 / 60, 3.0, 0.1), rel=1e-12)
    # restarts take 1 - e^(-0.1 / 3) of the time, and writing 1/15 of the useful time
    assert shares.restart == pytest.approx(1 - math.exp(-0.1 / 3), rel=1e-12)
    assert shares.writing == pytest.approx(shares.ettr / 15, rel=1e-12)
    assert sum(shares[1:6]) == pytest.approx(1.0, abs=1e-12)
    assert shares.failures_per_year == pytest.approx(8760 / 3, rel=1e-12)


@pytest.mark.tiny
def test_spares_by_hand():
    # 0.78 failures of hardware in 3 h, 48 h each: 12.48 servers in repair on average without waiting.
    # One spare: two places; Erlang's formula: (a^2 / 2) / (1 + a + a^2 / 2) = 77.8752 / 91.3552
    waiting = expected_shares(job(spares=1), 3.0)
    assert waiting.waiting == pytest.approx(77.8752 / 91.3552, rel=1e-9)
    assert waiting.failures_per_year == pytest.approx(8760 / 3 * (1 - 77.8752 / 91.3552), rel=1e-9)
    assert sum(waiting[1:6]) == pytest.approx(1.0, abs=1e-12)
    # shrinking without spares: all 12.48 of 2,048 servers are missing
    shrinking = expected_shares(job(spares=0, waits=False), 3.0)
    assert (shrinking.waiting, shrinking.missing) == (0.0, pytest.approx(12.48 / 2048, rel=1e-12))
    # with 2 spares: E[(N - 2)+] = a - 2 + 2 P(0) + P(1)
    a = 12.48
    excess = a - 2 + math.exp(-a) * (2 + a)
    assert expected_shares(job(spares=2, waits=False), 3.0).missing == pytest.approx(excess / 2048, rel=1e-9)
    assert expected_shares(job(spares=200), 3.0).waiting < 1e-12


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"spares": 12},
        {"spares": 12, "waits": False},
        {"restart_h": {"law": "lognormal", "median": 0.15, "sigma": 1.0}, "spares": 100},
        {"repair_days": {"law": "exponential", "mean": 2.0}, "spares": 10},
        {"repair_days": {"law": "lognormal", "median": 1.0, "sigma": 1.0}, "spares": 3, "waits": False},
        {"interval_h": 2.0, "write_h": 0.5, "restart_h": 2.0, "spares": 20},
    ],
)
def test_simulated_lives_agree_with_the_exact_answer(other):
    # 40 lives of 20 years, about 2.3 million failures a job of 16,384 GPUs. Seven numbers a case; each must lie within
    # 3.89 standard errors of the mean over lives: false alarm 5e-3 over all 49. The error of the failures is 0.07 %, of
    # the ETTR less than 0.02 %: an MTTI 1 % off is found with probability above 0.9999 (the control). Lives begin with
    # all spares in: 2 to 5 days of 20 years, 0.07 % of a waiting share, half an error at most.
    case = job(**other)
    mtti_h = LLAMA_3.mean_time_to_interrupt_h()
    lives = simulate_job(case, np.full(40, mtti_h), 20.0, seed=SEED)
    for name, score in scores(lives, expected_shares(case, mtti_h)).items():
        assert abs(score) < SCORE, (name, score)
    wrong = scores(lives, expected_shares(case, mtti_h * 1.01))
    assert max(map(abs, wrong.values())) > SCORE


def scores(lives, exact):
    """Standard errors between simulated means and exact values."""
    found = {}
    for name in Shares._fields:
        values, value = getattr(lives, name), getattr(exact, name)
        error = values.std(ddof=1) / math.sqrt(values.size)
        found[name] = (values.mean() - value) / error if error > 1e-9 else (values.mean() - value) * 1e6
    return found


def test_the_record_of_llama_3_comes_back():
    # 400 runs of 54 days: the count is Poisson of mean 419, sd 20.5, so the mean over runs has an error of 1.02.
    # A rate 2 % off (8.4 counts) is found with probability above 0.9999.
    case = job(hardware_share=0.0)
    lives = simulate_job(case, np.full(400, LLAMA_3.mean_time_to_interrupt_h()), 54 / 365, seed=SEED)
    counts = lives.failures_per_year * 54 / 365
    assert abs(counts.mean() - 419) < SCORE * math.sqrt(419 / 400)
    assert counts.var(ddof=1) == pytest.approx(419, rel=SCORE * math.sqrt(2 / 399))
    assert abs(counts.mean() - 419 * 1.02) > SCORE * math.sqrt(419 / 400)
    # "higher than 90 % effective training time": reached with checkpoints that hold the job up for 10 s, restarts of
    # 5 min; not with 1 min and 10 min
    fast = simulate_job(_tuned(10 / 3600, 5 / 60), np.full(40, 3.093), 1.0, seed=SEED)
    slow = simulate_job(_tuned(1 / 60, 1 / 6), np.full(40, 3.093), 1.0, seed=SEED)
    assert fast.ettr.mean() > 0.90 > slow.ettr.mean() > 0.80


def _tuned(write_h, restart_h):
    return job(hardware_share=0.0, write_h=write_h, restart_h=restart_h, interval_h=exact_interval_h(write_h, 3.093))


@pytest.mark.tiny
def test_lives_are_functions_of_seed_and_path():
    case, mtti_h = job(spares=8), np.linspace(2.0, 6.0, 6)
    whole = simulate_job(case, mtti_h, 2.0, seed=SEED)
    part = simulate_job(case, mtti_h[3:], 2.0, seed=SEED, first_path=3)
    for a, b in zip(whole, part, strict=True):
        assert np.array_equal(a[3:], b)
    assert not np.array_equal(simulate_job(case, mtti_h, 2.0, seed=SEED + 1).ettr, whole.ettr)
    assert not np.array_equal(simulate_job(case, mtti_h, 2.0, seed=SEED, unit=1).ettr, whole.ettr)


def test_more_spares_never_lose_more():
    for waits in (True, False):
        kept = [simulate_job(job(spares=n, waits=waits), np.full(5, 3.0), 3.0, seed=SEED) for n in (0, 4, 8, 16, 40)]
        lost = np.array([lives.waiting + lives.missing for lives in kept])
        assert np.all(np.diff(lost, axis=0) <= 1e-12)
        assert np.all(np.diff([lives.goodput.mean() for lives in kept]) >= 0.0)


@pytest.mark.tiny
def test_no_failures_and_nothing_but_failures():
    calm = simulate_job(job(), np.array([1e12]), 1.0, seed=SEED)
    assert (calm.failures_per_year[0], calm.rework[0], calm.restart[0]) == (0.0, 0.0, 0.0)
    assert calm.ettr[0] == pytest.approx(0.25 / (0.25 + 1 / 60), rel=1e-4)
    storm = simulate_job(job(hardware_share=0.0), np.array([0.001]), 0.01, seed=SEED)
    assert storm.ettr[0] == 0.0
    assert storm.rework[0] + storm.restart[0] == pytest.approx(1.0, abs=1e-3)
    with pytest.raises(ValueError, match="more than 4,096 servers of a job of 16,384 GPUs in repair at once"):
        simulate_job(job(waits=False, repair_days=300.0), np.array([0.1]), 1.0, seed=SEED)


def slow_life(case, mtti_h, years, seed, path, unit):
    """A life stretch by stretch, with a sorted list of repairs: failures and hours by cause, server-hours missing."""
    horizon, now, restart, draw, repairs = years * 8760.0, 0.0, 0.0, 0, []
    found = dict.fromkeys(("failures", "ettr", "writing", "rework", "restart", "waiting", "missing"), 0.0)
    while now < horizon:
        u, v = two_uniforms(draw, Process.OWN_FAILURE, 2 * unit, path, seed)
        w, x = two_uniforms(draw, Process.OWN_FAILURE, 2 * unit + 1, path, seed)
        fails = now - math.log(u) * mtti_h
        end = min(fails, horizon)
        begin = now
        while now < end:  # restart, then work and checkpoints in turn
            for cause, span in (("restart", restart), ("ettr", case.interval_h), ("writing", case.write_h)):
                spent = min(span, end - now)
                found[cause] += spent
                now += spent
                if cause == "ettr":
                    unsaved = spent
                if spent < span:
                    break
            else:
                unsaved = 0.0
            writing = spent if cause == "writing" and spent < span else 0.0
            if now >= end:
                break
            restart = 0.0
        for moment in sorted(repairs):
            if moment > begin and moment <= end:
                found["missing"] += max(len(repairs) - case.spares, 0) * (moment - begin)
                begin = moment
                repairs.remove(moment)
        found["missing"] += max(len(repairs) - case.spares, 0) * (end - begin)
        now = end
        if fails >= horizon:
            break
        if cause != "restart":
            found["ettr"] -= unsaved
            found["writing"] -= writing
            found["rework"] += unsaved + writing
        found["failures"] += 1
        restart = max(float(case.restart_h.ppf(w)), 0.0)
        draw += 1
        if v < case.hardware_share:
            repairs.append(now + max(float(case.repair_days.ppf(x)), 0.0) * 24)
            if case.waits and len(repairs) > case.spares:
                back = min(repairs)
                repairs.remove(back)
                found["waiting"] += min(back, horizon) - now
                now = min(back, horizon)
    return found


@pytest.mark.tiny
@pytest.mark.parametrize("waits", [True, False])
def test_a_life_equals_its_slow_twin(waits):
    case = job(
        waits=waits, spares=2, interval_h=0.4, write_h=0.05, hardware_share=0.5,
        restart_h={"law": "lognormal", "median": 0.3, "sigma": 1.0}, repair_days={"law": "exponential", "mean": 0.7},
    )  # fmt: skip
    mtti_h = np.array([1.5, 4.0, 11.0])
    lives = simulate_job(case, mtti_h, 0.1, seed=SEED, first_path=9, unit=3)
    for k in range(3):
        twin = slow_life(case, mtti_h[k], 0.1, SEED, 9 + k, 3)
        hours = {name: value / 876.0 for name, value in twin.items()}
        assert lives.failures_per_year[k] == pytest.approx(twin["failures"] / 0.1, rel=1e-12)
        for name in ("ettr", "writing", "rework", "restart", "waiting"):
            assert getattr(lives, name)[k] == pytest.approx(hours[name], rel=1e-9, abs=1e-12), name
        assert lives.missing[k] == pytest.approx(hours["missing"] / case.servers, rel=1e-9, abs=1e-12)
    assert (lives.waiting if waits else lives.missing).min() > 0.0

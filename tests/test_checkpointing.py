"""Checkpoint intervals against published and computed answers, and the wall time against its own simulation."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.checkpointing import (
    INTERVALS,
    daly_first_order_interval_h,
    efficiency,
    exact_interval_h,
    expected_ettr,
    interval_of_rule_h,
    mean_time_to_interrupt_h,
    optimal_checkpoint_interval_h,
    wall_time_h,
    young_interval_h,
)
from riskmodel.cluster_tables import checkpoint_interval_h
from riskmodel.study import parse_study
from tests.fake_engine import small_study

pytestmark = pytest.mark.tiny
POINTS = Path(__file__).parents[2] / "shared" / "numbers" / "daly_checkpoint_testpoints.csv"

# MTTI, write, restart [s]; exact, higher order, first order, Young [s]; share of the time kept at the exact interval.
# Computed from Daly 2006 by Lambert's function and by numeric minimisation, which agree to 1e-6.
BY_HAND = (
    (9900, 60, 1800, 1050.3265, 1050.3211, 1029.9541, 1089.9541, 0.74529708),
    (28440, 1800, 300, 8955.7977, 8954.0763, 8318.4979, 10118.498, 0.67790974),
    (6480, 1800, 300, 3712.1054, 3704.4424, 3029.9068, 4829.9068, 0.40781981),
)


def points():
    """Points of the table, where it is there, after those typed here."""
    rows = list(BY_HAND)
    if POINTS.exists():
        with POINTS.open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                names = ("MTTI_s", "ckpt_write_s", "restart_s", "tau_exact_lambertW_s", "tau_daly_higher_order_s")
                more = ("tau_daly_first_order_s", "tau_young_s", "efficiency_at_exact")
                rows.append(tuple(float(row[name]) for name in (*names, *more)))
    return rows


@pytest.mark.parametrize("point", points())
def test_intervals_at_known_points(point):
    mtti, write, restart, exact, higher, first, young, kept = point
    write_h, mtti_h, restart_h = write / 3600, mtti / 3600, restart / 3600
    assert exact_interval_h(write_h, mtti_h) * 3600 == pytest.approx(exact, rel=1e-6)
    assert optimal_checkpoint_interval_h(write_h, mtti_h) * 3600 == pytest.approx(higher, rel=1e-4)
    assert optimal_checkpoint_interval_h(write_h, mtti_h) * 3600 == pytest.approx(higher, rel=1e-7)
    assert daly_first_order_interval_h(write_h, mtti_h) * 3600 == pytest.approx(first, rel=1e-7)
    assert young_interval_h(write_h, mtti_h) * 3600 == pytest.approx(young, rel=1e-7)
    assert efficiency(exact / 3600, write_h, mtti_h, restart_h) == pytest.approx(kept, rel=1e-7)


@pytest.mark.parametrize("ratio", [1e-12, 1e-9, 1e-6, 1e-3, 0.019, 0.5, 0.99, 1.0, 1.99, 2.0, 2.01, 5.0, 50.0, 800.0])
def test_the_exact_interval_solves_its_equation_for_every_ratio(ratio):
    from scipy.special import lambertw

    x = exact_interval_h(ratio * 5.0, 5.0) / 5.0
    assert 0.0 < x <= 1.0
    # (1 - x) e^(x + ratio) = 1, the condition of the least wall time, in the form that does not cancel
    series = math.fsum(x**k / k for k in range(2, 60)) if x < 0.3 else -math.log1p(-x) - x if x < 1 else ratio
    assert series == pytest.approx(ratio, rel=1e-9)
    if 1e-3 <= ratio < 600:  # nearer the ends Lambert's function itself loses digits
        assert x == pytest.approx(1.0 + lambertw(-math.exp(-1.0 - ratio)).real, rel=1e-9)


@pytest.mark.parametrize("ratio", [0.001, 0.1, 0.5, 1.0, 3.0])
def test_no_interval_beats_the_exact_one(ratio):
    best = exact_interval_h(ratio, 1.0)
    kept = efficiency(best, ratio, 1.0)
    for factor in (0.9, 0.99, 1.01, 1.1):
        assert efficiency(best * factor, ratio, 1.0) < kept
    for rule in ("young", "optimal"):
        assert efficiency(interval_of_rule_h(rule, ratio, 1.0), ratio, 1.0) <= kept
    # the higher-order form is 0.6 % off at half the MTTI, and the time kept next to none
    if ratio <= 0.5:
        assert optimal_checkpoint_interval_h(ratio, 1.0) == pytest.approx(best, rel=6e-3)
        assert efficiency(optimal_checkpoint_interval_h(ratio, 1.0), ratio, 1.0) == pytest.approx(kept, rel=1e-4)


def test_where_writing_takes_longer_than_work():
    assert optimal_checkpoint_interval_h(2.0, 1.0) == 1.0
    assert optimal_checkpoint_interval_h(1.9999999, 1.0) == pytest.approx(2 * (1 + 1 / 3 + 1 / 9) - 2, rel=1e-6)
    assert daly_first_order_interval_h(2.0, 1.0) == daly_first_order_interval_h(9.0, 1.0) == 1.0
    assert exact_interval_h(1000.0, 1.0) == 1.0
    assert efficiency(1.0, 1000.0, 1.0) == 0.0
    assert math.isinf(wall_time_h(1.0, 1.0, 1000.0, 1.0))


def test_without_failures_only_writing_costs():
    assert efficiency(0.9, 0.1, math.inf) == pytest.approx(0.9)
    assert efficiency(0.9, 0.1, 1e12) == pytest.approx(0.9)
    assert efficiency(1e-200, 1e-201, 1e200) == pytest.approx(1 / 1.1)
    assert wall_time_h(90.0, 0.9, 0.1, math.inf) == pytest.approx(100.0)


def test_wall_time_against_a_walk_of_failures():
    # 20,000 stretches walked, with 0.5 h of work, 0.1 h of writing, 0.3 h of restart and an MTTI of 1 h. The mean wall
    # time of a stretch must lie within 3.89 of its standard errors: a false alarm in 1 of 10,000 seeds. Its error is
    # 0.9 %, so an MTTI that is 5 % too long (wall time 6.6 % less) is found with probability above 99 %.
    rng = np.random.default_rng(20)
    times = np.array([_stretch(rng, 0.6, 0.3, 1.0) for _ in range(20000)])
    error = times.std(ddof=1) / math.sqrt(times.size)
    expected = wall_time_h(0.5, 0.5, 0.1, 1.0, 0.3)
    assert abs(times.mean() - expected) < 3.89 * error
    assert abs(times.mean() - wall_time_h(0.5, 0.5, 0.1, 1.05, 0.3)) > 3.89 * error  # the negative control


def _stretch(rng, length, restart, mtti):
    time = 0.0
    while (failure := rng.exponential(mtti)) < length:
        time += failure
        while (failure := rng.exponential(mtti)) < restart:
            time += failure
        time += restart
    return time + length


@pytest.mark.parametrize(
    ("restart", "interval", "write", "expected"), [(5, 30, 1, 0.858535), (5, 60, 1, 0.789361), (10, 120, 2, 0.595116)]
)
def test_expected_ettr_at_known_points(restart, interval, write, expected):
    # 1,250 nodes of 8 GPUs at 6.5 failures per 1,000 node-days (Kokolis et al. 2025)
    mtti_h = 24 / (1250 * 6.5e-3)
    assert expected_ettr(interval / 60, write / 60, mtti_h, restart / 60) == pytest.approx(expected, abs=6e-7)
    assert expected_ettr(1.0, 0.0, 0.1, 1.0) == 0.0


def test_the_expected_ettr_is_the_first_order_of_the_efficiency():
    # the two differ by terms of second order: (0.01 h / 100 h)^2, well below 1e-3 of the loss
    short = 1.0 - expected_ettr(0.5, 0.01, 100.0, 0.1)
    assert 1.0 - efficiency(0.5, 0.01, 100.0, 0.1) == pytest.approx(short, rel=1e-2)


def test_llama_3_failures():
    # 54 days x 24 h / 419 = 3.0931 h; x 16,384 / 10,000 = 5.0677 h
    assert mean_time_to_interrupt_h(419, 54 * 24, 16384) == pytest.approx(3.093, abs=5e-4)
    assert mean_time_to_interrupt_h(419, 54 * 24, 16384, 10000) == pytest.approx(5.07, abs=5e-3)


def test_bad_numbers_are_refused():
    for write, mtti in ((0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, math.inf)):
        for rule in INTERVALS:
            with pytest.raises(ValueError, match="must be > 0 h"):
                interval_of_rule_h(rule, write, mtti)
    with pytest.raises(ValueError, match="must be one of young, daly, optimal, exact"):
        interval_of_rule_h("often", 1.0, 1.0)
    with pytest.raises(ValueError, match="write_h = -1"):
        efficiency(1.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="mtti_h = nan"):
        efficiency(1.0, 1.0, math.nan)


@pytest.mark.parametrize("rule", INTERVALS)
def test_a_study_names_the_rule(rule):
    study = small_study(overrides=(f"cluster.checkpoint_interval_min={rule}",))
    assert study.cluster.checkpoint_interval_min == rule
    assert checkpoint_interval_h(study) == interval_of_rule_h(rule, 1 / 60, 20.0)
    assert checkpoint_interval_h(small_study(overrides=("cluster.checkpoint_interval_min=30",))) == 0.5


def test_without_a_stated_mtti_the_rule_takes_that_of_the_own_failures():
    text = small_study().to_toml().replace("mean_time_to_interrupt_h = 20.0", "# mean_time_to_interrupt_h = 20.0")
    study = parse_study(text)
    assert study.cluster.mean_time_to_interrupt_h is None
    # 19.733 per million GPU-hours, 800 GPUs: 63.346 h
    assert checkpoint_interval_h(study) == pytest.approx(optimal_checkpoint_interval_h(1 / 60, 63.3457), rel=1e-5)


HOURS = st.floats(1e-6, 1e4)


@given(HOURS, HOURS, HOURS, st.floats(0.0, 1e3))
def test_shares_of_time_and_their_order(interval, write, mtti, restart):
    kept = efficiency(interval, write, mtti, restart)
    assert 0.0 <= kept <= interval / (interval + write) * (1.0 + 1e-12)
    # longer writing or restart, or more failures, never keep more; no interval keeps more than the exact one
    slack = 1.0 + 1e-9
    assert efficiency(interval, 2.0 * write, mtti, restart) <= kept * slack
    assert efficiency(interval, write, mtti, restart + 1.0) <= kept * slack
    assert efficiency(interval, write, 0.5 * mtti, restart) <= kept * slack
    assert kept <= efficiency(exact_interval_h(write, mtti), write, mtti, restart) * slack
    assert wall_time_h(1.0, interval, write, mtti, restart) >= 1.0


@given(HOURS, HOURS)
def test_rules_in_their_order(write, mtti):
    intervals = {rule: interval_of_rule_h(rule, write, mtti) for rule in INTERVALS}
    assert all(0.0 < value <= max(mtti, intervals["young"]) for value in intervals.values())
    assert intervals["exact"] <= min(mtti, intervals["young"]) * (1.0 + 1e-12)
    if write < 0.1 * mtti:
        assert intervals["daly"] < intervals["optimal"] < intervals["young"]
        assert intervals["optimal"] == pytest.approx(intervals["exact"], rel=1e-3)

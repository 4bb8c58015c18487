"""Fleets of gensets: starts against the binomial, runs against the chain of failures, causes common to all, fuel."""

import math

import numpy as np
import pytest
from scipy.stats import binom, chi2

from distributions.streams import Process, two_uniforms
from distributions.units import working_cdf
from riskmodel.gensets import (
    GENSET_FAILURES,
    U_GENSETS_COMMON,
    U_REFUEL,
    U_START,
    U_SWITCH,
    fuel_h,
    full_load_h,
    gensets_started,
    running_h,
)
from riskmodel.ridethrough import N_UNIFORMS, event_uniforms
from tests.one_event import backup

pytestmark = pytest.mark.tiny

EVENTS = 4000
UNITS, START, READY = 5, 0.9, 0.8
FALSE_ALARM = 1e-4


def drawn(n=EVENTS, seed=5):
    """Uniforms of n events of different paths."""
    u = np.zeros((n, N_UNIFORMS))
    for path in range(n):
        event_uniforms(u[path], 2, 7, path, seed)
    return u


def fleet(units=UNITS, **given):
    """Five gensets of 600 kW that are there with chance 0.8 and start with 0.9; a mean of 10 h to failure."""
    cdf = working_cdf(units, START * READY)
    given = {"genset_kw": 600.0, "genset_mttf_h": 10.0, "genset_fuel_h": 1e9, "gensets_cdf": cdf, **given}
    return backup(gensets=float(units), **given)


def statistic(started, probability):
    """Chi-square distance of counts of started units from the binomial with these chances."""
    counts = np.bincount(started, minlength=UNITS + 1)
    expected = EVENTS * binom.pmf(np.arange(UNITS + 1), UNITS, probability)
    return float(np.sum((counts - expected) ** 2 / expected))


def test_starts_follow_the_binomial():
    """4,000 events, false alarm 1e-4; a chance of 0.75 instead of 0.72 is found (negative control)."""
    tables = fleet()
    started = np.array([gensets_started(tables, 0, u) for u in drawn()])
    limit = chi2.isf(FALSE_ALARM, UNITS)
    assert statistic(started, START * READY) < limit < statistic(started, 0.75)


def erlang_mean(running, required, mttf):
    """Mean time from `running` units to fewer than `required`: one stage for each number of units (a Markov chain)."""
    return sum(mttf / k for k in range(required, running + 1))


def test_runs_follow_the_chain_of_failures():
    """3 of 5 are needed: stages with 5, 4 and 3 units, mean 10 (1/5 + 1/4 + 1/3) = 7.8333 h.

    4,000 events: an error of 0.073 h; a mean time to failure of 9.3 h instead of 10 h is found (negative control).
    """
    tables = fleet(gensets_cdf=working_cdf(UNITS, 1.0))
    hours = np.array([full_load_h(tables, 0, u, 1500.0) for u in drawn()])
    mean = erlang_mean(5, 3, 10.0)
    assert mean == pytest.approx(7.8333333, abs=1e-6)
    error = math.sqrt(sum((10 / k) ** 2 for k in (3, 4, 5)) / EVENTS)
    assert abs(hours.mean() - mean) < 3.9 * error < abs(hours.mean() - erlang_mean(5, 3, 9.3))
    # chance to last 8 h: states of a chain with rates 0.5, 0.4, 0.3 an hour
    generator = np.array([[-0.5, 0.5, 0, 0], [0, -0.4, 0.4, 0], [0, 0, -0.3, 0.3], [0, 0, 0, 0]])
    values, vectors = np.linalg.eig(generator)
    chain = (vectors @ np.diag(np.exp(8.0 * values)) @ np.linalg.inv(vectors)).real
    exact = 1.0 - chain[0, 3]
    assert abs(np.mean(hours > 8.0) - exact) < 3.9 * math.sqrt(exact * (1 - exact) / EVENTS)


def test_too_few_carry_nothing_whole():
    tables = fleet(gensets_cdf=[0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    assert full_load_h(tables, 0, drawn(1)[0], 1500.0) == 0.0
    assert full_load_h(tables, 0, drawn(1)[0], 1200.0) > 0.0


def test_common_cause_and_transfer_switch():
    u = drawn(1)[0]
    tables = fleet(gensets_common=0.1, switch_failure=0.2, gensets_cdf=working_cdf(UNITS, 1.0))
    for common, switch, started in ((0.099, 0.9, 0), (0.101, 0.9, 5), (0.9, 0.199, 0), (0.9, 0.201, 5)):
        u[U_GENSETS_COMMON], u[U_SWITCH] = common, switch
        assert gensets_started(tables, 0, u) == started


def test_refuelling_is_geometric():
    """48 h of fuel that comes again with chance 0.6: P(at least k deliveries) = 0.6^k."""
    u = drawn(1)[0]
    tables = fleet(genset_fuel_h=48.0, refuelling=0.6)
    for uniform, hours in ((0.61, 48.0), (0.59, 96.0), (0.37, 96.0), (0.35, 144.0), (0.6**5 * 0.999, 288.0)):
        u[U_REFUEL] = uniform
        assert fuel_h(tables, 0, u) == pytest.approx(hours)
    assert fuel_h(fleet(genset_fuel_h=48.0), 0, u) == 48.0
    assert fuel_h(fleet(genset_fuel_h=48.0, refuelling=1.0), 0, u) == math.inf
    waits = np.array([fuel_h(tables, 0, row) for row in drawn()]) / 48.0 - 1.0
    assert abs(waits.mean() - 0.6 / 0.4) < 3.9 * math.sqrt(0.6 / 0.4**2 / EVENTS)


def test_a_larger_fleet_never_runs_shorter_on_the_same_draws():
    for u in drawn(300):
        hours = [full_load_h(fleet(n), 0, u, 1200.0) for n in range(1, 12)]
        assert hours == sorted(hours)


def test_every_number_of_running_units_has_its_own_uniform():
    u = np.linspace(0.01, 0.99, N_UNIFORMS)
    times = [running_h(fleet(), 0, u, k, 3) * k for k in range(1, GENSET_FAILURES + 1)]
    assert len(set(np.round(times, 12))) == GENSET_FAILURES
    assert U_START + GENSET_FAILURES < U_GENSETS_COMMON


def test_streams_of_the_fleet_are_those_of_the_event():
    u, pair = drawn(1)[0], two_uniforms(7, int(Process.EVENT_GENSET) << 16 | (2 * 64 + 8), 0, 5)
    assert (u[U_GENSETS_COMMON], u[U_SWITCH]) == pair

"""Demand response: calls drawn, hours marked, energy delivered above the outage reserve, money."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from distributions import parameters
from distributions.clock import MONTH_OF_DAY
from distributions.demand_calls import CALLS_A_YEAR, DURATION_H, START_H, calls_of_year
from distributions.regime import state_share
from riskmodel import storage
from riskmodel.demand_response import (
    CALLS,
    DELIVERED_KWH,
    N_SUMS,
    READY_DAYS,
    REQUIRED_KWH,
    call_flows_row,
    call_tables,
    deliver_row,
    deliverable_kwh,
    demand_response_eur,
    demand_tables,
    held_rows,
    mark_calls,
    need_row,
)
from riskmodel.study.demand_response import DemandResponse
from tests.demand_twin import called_hours, delivered, settled, twin_year

FALSE_ALARM = 1e-4
NORMAL_WEATHER = np.zeros((365, 3))
NORMAL_WEATHER[:, 0] = 1.0
f = np.float32


def contract(**fields):
    """A contract of 4 MW with about 15 calls a year."""
    needed = {
        "required_mw": 4.0, "energy_share": 0.2, "availability_eur_per_mw_month": 2000, "energy_eur_per_mwh": 100,
        "penalty_eur_per_mwh": 500, "calls_per_year": 15.0,
    }  # fmt: skip
    return DemandResponse(**(needed | fields))


def year_of(tables, path, *, year=0, seed=3, s=0, regime=None):
    """Calls of one path and year, (n, 2)."""
    calls = np.zeros((CALLS_A_YEAR, 2))
    weather = np.zeros(365, np.int8) if regime is None else regime
    n = calls_of_year(calls, tables, s, weather, year, path, seed, np.zeros(365))
    return calls[:n]


ENERGY = st.floats(0.0, 1e5)


@settings(max_examples=200, deadline=None)
@given(ENERGY, st.floats(-1e5, 1e5), ENERGY, st.floats(-1e5, 1e5), st.floats(0.5, 1.0))
def test_what_is_delivered_is_there(need, net, power, spare, efficiency):
    got = deliverable_kwh(need, net, power, spare, efficiency)
    assert 0.0 <= got <= need
    assert got <= max(net, 0.0)
    assert got <= power
    assert got == delivered(need, net, power, spare, efficiency)
    assert got <= max(spare, 0.0) * efficiency + 1e-9


def rows(*values):
    """float32 rows of one lane each."""
    return [np.array([v], np.float32) for v in values]


@pytest.mark.parametrize("stored_kwh", [9000.0, 4200.0, 3000.0, 500.0])
@pytest.mark.parametrize("wanted", [(0.0, 0.0), (700.0, 0.0), (0.0, 400.0)])
def test_the_hours_of_a_call_add_up_to_its_settlement(stored_kwh, wanted):
    """Row by row, with charging and discharging that dispatch wants beside it; without, equal to the settlement."""
    floor_kwh, eta = 3000.0, 0.9
    calls = np.array([[[10.25, 2.25]]])
    called, held, following = np.zeros((24, 1), np.float32), np.zeros(1, np.float32), np.zeros(1, np.int64)
    assert mark_calls(called, held, calls, np.ones(1, np.int64), following, 1, 1, 0) == 1
    stored, floor, power, net, one = rows(stored_kwh, floor_kwh, 1800.0, 1500.0, 1.0)
    required = delivered = 0.0
    for h in range(24):
        charge, discharge = rows(*wanted)
        discharge = np.minimum(discharge, np.maximum(stored - floor, 0)).astype(np.float32)
        need, deliver = np.zeros(1, np.float32), np.zeros(1, np.float32)
        need_row(need, called[h], one, one, f(1000.0))
        deliver_row(deliver, need, called[h], net, stored, floor, power, f(eta) * one)
        before = discharge.copy()
        call_flows_row(charge, discharge, deliver, called[h], f(1.0 / eta) * one)
        assert discharge[0] >= before[0]
        assert charge[0] == pytest.approx(wanted[0] * (1.0 - called[h, 0]))
        stored = stored + charge - discharge
        assert stored[0] >= min(stored_kwh, floor_kwh) - 0.01
        required, delivered = required + float(need[0]), delivered + float(deliver[0])
    expected = settled([0.75, 1.0, 0.5], 1000.0, 1500.0, 1800.0, stored_kwh - floor_kwh, eta)
    assert required == pytest.approx(2250.0, rel=1e-6)
    if wanted == (0.0, 0.0):
        assert [required, delivered, stored_kwh - stored[0]] == pytest.approx(expected, rel=1e-5, abs=0.01)


@pytest.mark.tiny
def test_no_grid_or_no_assets_no_duty():
    need, share = np.zeros(1, np.float32), np.ones(1, np.float32)
    for grid, served, expected in ((1.0, 1.0, 1000.0), (0.25, 1.0, 250.0), (1.0, 0.0, 0.0)):
        need_row(need, share, *rows(grid, served), f(1000.0))
        assert need[0] == expected


@pytest.mark.tiny
def test_hours_marked_by_hand():
    # two lanes: one call over midnight of day 0 to 1 and one on day 1; none in the other lane
    calls = np.array([[[22.5, 3.0], [36.0, 1.5]], [[0.0, 0.0], [0.0, 0.0]]])
    counts, following = np.array([2, 0]), np.zeros(2, np.int64)
    called, held = np.zeros((24, 2), np.float32), np.zeros(2, np.float32)
    assert mark_calls(called, held, calls, counts, following, 1, 0, 0) == 1
    assert called[22:, 0].tolist() == [0.5, 1.0]
    assert called.sum() == 1.5
    assert held.tolist() == [1.0, 0.0]
    assert mark_calls(called, held, calls, counts, following, 1, 1, 1) == 1
    assert called[[0, 1, 12, 13], 0].tolist() == [1.0, 0.5, 1.0, 0.5]
    assert called.sum() == 3.0
    assert held.tolist() == [1.0, 1.0]  # short notice: energy is kept all season
    assert mark_calls(called, held, calls, counts, following, 1, 0, 2) == 0
    assert held.tolist() == [0.0, 0.0]
    assert following.tolist() == [2, 0]


def test_a_year_of_marked_hours_is_a_year_of_calls():
    tables = call_tables([contract(calls_per_year=60.0, most_calls_per_year=200)], NORMAL_WEATHER)
    lanes = [year_of(tables, path) for path in range(3)]
    calls, counts = np.zeros((3, 200, 2)), np.array([len(lane) for lane in lanes])
    for i, lane in enumerate(lanes):
        calls[i, : len(lane)] = lane
    called, held, following = np.zeros((24, 3), np.float32), np.zeros(3, np.float32), np.zeros(3, np.int64)
    total, begun = np.zeros(3), 0
    for day in range(365):
        begun += mark_calls(called, held, calls, counts, following, 0, 0, day)
        assert called.max() <= 1.0 + 1e-6
        for i, lane in enumerate(lanes):
            shares, any_called = called_hours(lane, day)
            assert np.abs(called[:, i] - shares).max() < 1e-6
            assert held[i] == any_called
        total += called.sum(axis=0)
    assert begun == counts.sum()
    assert total == pytest.approx([lane[:, DURATION_H].sum() for lane in lanes], rel=1e-5)


def test_calls_keep_to_the_contract():
    terms = contract(calls_per_year=80.0, most_calls_per_year=25, rest_h=5.0, first_hour=20, last_hour=3)
    tables = call_tables([terms], NORMAL_WEATHER)
    for path in range(60):
        calls = year_of(tables, path)
        assert len(calls) <= 25
        ends = calls[:, START_H] + calls[:, DURATION_H]
        assert np.all(calls[1:, START_H] >= ends[:-1] + 5.0)
        assert np.all(ends <= 8760.0)
        assert np.all((calls[:, DURATION_H] > 0.0) & (calls[:, DURATION_H] <= 4.0))
        assert np.all(calls[:, START_H] == np.floor(calls[:, START_H]))
        assert set((calls[:, START_H] % 24).astype(int)) <= {20, 21, 22, 23, 0, 1, 2, 3}


def test_the_plain_twin_draws_the_same_calls():
    share = state_share(parameters.load("weather", "nordic")["transition"])
    terms = contract(calls_per_year=40.0, calls_dispersion=2.0)
    tables = call_tables([terms], share)
    regime = (np.arange(365) * 7 % 11 % 3).astype(np.int8)
    for path, year in ((0, 0), (5, 3), (77, 1), (1234, 9)):
        expected, v, factor = twin_year(terms, share, regime, year, path, 21)
        assert v < 1023 / 1024
        assert factor > 0.0
        found = year_of(tables, path, year=year, seed=21, regime=regime)
        assert [int(start) for start in found[:, START_H]] == [start for start, _ in expected]
        assert found[:, DURATION_H] == pytest.approx([duration for _, duration in expected], rel=1e-12)


def test_calls_of_many_years():
    """Mean and scatter of the count over 3,000 path-years: Poisson with a gamma factor of shape 3, variance
    mean + mean**2 / 3. False alarm 1e-4 each; a rate wrong by 5 % and a count without the factor are found."""
    n = 3000
    tables = call_tables([contract(calls_per_year=20.0, most_calls_per_year=200)], NORMAL_WEATHER)
    counts = np.array([len(year_of(tables, path)) for path in range(n)], dtype=np.float64)
    limit, sd = norm.isf(FALSE_ALARM / 2.0), math.sqrt(20.0 + 400.0 / 3.0)
    dropped = 20.0 - counts.mean()  # a call in another is not made: 20 calls of 2.2 h in 151 days of 13 hours
    assert -limit * sd / math.sqrt(n) < dropped < 0.8 + limit * sd / math.sqrt(n)
    assert abs(counts.mean() - 21.5) > limit * sd / math.sqrt(n)
    assert counts.std(ddof=1) == pytest.approx(sd, rel=0.12)
    assert counts.std(ddof=1) > 2.0 * math.sqrt(20.0)  # negative control: what no factor would give is 4.5


def test_calls_come_in_the_season_and_in_the_cold():
    regime = np.zeros(365, np.int8)
    regime[::5] = 2
    share = np.tile([0.8, 0.0, 0.2], (365, 1))
    tables = call_tables([contract(calls_per_year=6.0, cold_multiplier=6.0)], share)
    days = np.concatenate([year_of(tables, path, regime=regime)[:, START_H] // 24 for path in range(2000)]).astype(int)
    assert set(np.asarray(MONTH_OF_DAY)[days]) == {10, 11, 0, 1, 2}
    cold = np.mean(regime[days] == 2)
    expected = 6.0 * 0.2 / (0.8 + 6.0 * 0.2)  # 0.6; calls over others are dropped, mostly on cold days
    limit = norm.isf(FALSE_ALARM / 2.0) * math.sqrt(expected * (1.0 - expected) / days.size)
    assert expected - 0.03 - limit < cold < expected + limit
    assert cold > 0.2 + 10.0 * limit  # negative control: calls blind to the weather


def test_a_contract_with_more_calls_has_those_of_the_lesser_one():
    """The same draws for every strategy: without a limit and without calls over others, one list holds the other."""
    few, many = contract(calls_per_year=4.0, duration_h=0.001), contract(calls_per_year=8.0, duration_h=0.001)
    tables = call_tables([few, many], NORMAL_WEATHER)
    for path in range(30):
        lists = [set(year_of(tables, path, s=s)[:, START_H]) for s in (0, 1)]
        assert lists[0] <= lists[1]


@pytest.mark.tiny
def test_no_season_no_calls():
    tables = call_tables([None, contract()], NORMAL_WEATHER)
    assert len(year_of(tables, 0, s=0)) == 0


def test_energy_kept_for_calls_lies_above_the_reserve():
    capacity, held = np.array([1.0, 0.9, 0.8]), np.array([0.0, 1.0, 1.0], np.float32)
    floor, step, old_floor, old_step = (np.zeros(3, np.float32) for _ in range(4))
    held_rows(floor, step, f(1000.0) * capacity.astype(f), f(0.3), held, f(0.2), 16)
    storage.plan_rows(old_floor, old_step, f(1000.0) * capacity.astype(f), f(0.3), 16)
    assert (floor[0], step[0]) == (old_floor[0], old_step[0])  # not held: as without a contract
    assert floor == pytest.approx([300.0, 450.0, 400.0], rel=1e-6)
    assert floor + 16 * step == pytest.approx(1000.0 * capacity, rel=1e-6)
    held_rows(floor, step, f(1000.0) * capacity.astype(f), f(0.9), held, f(0.2), 16)
    assert floor[1] == pytest.approx(900.0)  # never more than there is
    assert step[1] == 0.0


@pytest.mark.tiny
def test_money_by_hand():
    sums = np.zeros((N_SUMS, 2))
    sums[CALLS], sums[READY_DAYS] = 10, 365
    sums[REQUIRED_KWH], sums[DELIVERED_KWH] = 50_000.0, (50_000.0, 30_000.0)
    ready, energy, penalty = demand_response_eur(sums, 4.0, 2000.0, 100.0, 500.0, 1.0)
    assert ready.tolist() == [96_000.0, 96_000.0]  # 12 months x 4 MW x 2000
    assert energy.tolist() == [5_000.0, 3_000.0]
    assert penalty.tolist() == [0.0, -10_000.0]
    assert demand_response_eur(sums, 4.0, 2000.0, 100.0, 50_000.0, 0.5)[2].tolist() == [0.0, -48_000.0]


@pytest.mark.tiny
def test_money_of_a_year_is_that_of_its_calls():
    """Without a limit on penalties a year's money is the sum over its calls."""
    settlements = np.array([settled([1.0, 1.0], 1000.0, 9000.0, 5000.0, spare, 0.9) for spare in (6000.0, 900.0, 0.0)])
    year = np.zeros((N_SUMS, 1))
    year[REQUIRED_KWH], year[DELIVERED_KWH] = settlements[:, 0].sum(), settlements[:, 1].sum()
    _, energy, penalty = demand_response_eur(year, 1.0, 0.0, 100.0, 500.0, 1.0)
    assert penalty[0] == 0.0  # nothing was paid for being ready, so nothing can be taken
    year[READY_DAYS] = 365.0
    _, energy, penalty = demand_response_eur(year, 1.0, 2000.0, 100.0, 500.0, 100.0)
    by_call = [(d / 1000.0 * 100.0, -(r - d) / 1000.0 * 500.0) for r, d, _ in settlements]
    assert (energy[0], penalty[0]) == pytest.approx(tuple(np.sum(by_call, axis=0)))


def test_tables_of_strategies_with_and_without():
    tables = demand_tables([None, contract(notice_h=2.0), contract(notice_h=24.0)], NORMAL_WEATHER)
    assert tables.required_kw.tolist() == [0.0, 4000.0, 4000.0]
    assert tables.hold_all_season.tolist() == [0, 1, 0]
    assert tables.season.sum(axis=1).tolist() == [0, 151, 151]
    assert tables.calls.day_weight[1].mean() == pytest.approx(1.0)

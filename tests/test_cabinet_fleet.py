"""Cabinets that fail and are repaired: by hand, against a plain twin, against the exact chain, and what must hold."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import norm

from distributions._jit import njit
from distributions.clock import DAYS_PER_YEAR
from riskmodel import cabinet_availability, cabinet_markov
from riskmodel import cabinet_tables as named
from riskmodel.cabinet_fleet import N_WORDS, CabinetState, cabinet_day, cabinet_words, out_at
from riskmodel.cabinet_tables import (  # fmt: skip
    ARRIVE,
    CREWS,
    DOWN_CABINET_DAYS,
    FAILED_BATTERIES,
    FAILED_CONVERTERS,
    FALSE_ALARMS,
    GROUP_FAIL,
    GROUP_REPAIR,
    GROUP_SIZE,
    N_COUNTS,
    N_NUMBERS,
    RECALL,
    REPAIR,
    REPAIRS,
    SPARES,
    SWAPPED_BATTERIES,
    SWAPPED_CONVERTERS,
    CabinetTables,
    cabinet_numbers,
    cabinet_tables,
    maintenance_hours,
    season_days,
)
from riskmodel.study.availability import Availability
from tests.cabinet_twin import Fleet

FALSE_ALARM_CHANCE = 1e-4


@njit
def walk(working, planned_h, state, installed, factor, tables, first_day, first_path, seed, counts):
    """Days of one strategy: `working`, `planned_h` (days, b)."""
    words = np.zeros((N_WORDS, working.shape[1]), np.uint32)
    for k in range(working.shape[0]):
        day = first_day + k
        cabinet_words(words, day, first_path, seed)
        cabinet_day(
            working[k], planned_h[k], state, 0, installed[k], factor, tables, words, day % 365, day, first_path, seed,
            counts,
        )  # fmt: skip


def new_state(lanes):
    """Nothing has failed."""
    kinds, lane = (1, 2, lanes), (1, lanes)
    return CabinetState(*(np.zeros(shape, np.int32) for shape in (kinds, kinds, lane, lane, lane, lane, lane[1:], 2)))


def run(tables, installed, days, lanes=1, *, first_path=0, seed=11, factor=1.0, state=None):
    """Working cabinets and planned hours (days, lanes), yearly counts, state at the end."""
    state = state or new_state(lanes)
    working, planned, counts = np.zeros((days, lanes), np.int32), np.zeros((days, lanes)), np.zeros((N_COUNTS, lanes))
    site = np.broadcast_to(np.asarray(installed, np.int32), (days, lanes)).copy()
    walk(working, planned, state, site, np.full(lanes, factor), tables, 0, first_path, seed, counts)
    return working, planned, counts, state


def tables_of(numbers, hours=None):
    """One strategy."""
    return CabinetTables(numbers[None, :], (np.zeros(DAYS_PER_YEAR) if hours is None else hours)[None, :])


def plain(**columns):
    """A row of numbers, zero but for what is named; one crew, groups of ten."""
    out = np.zeros(N_NUMBERS)
    out[CREWS], out[GROUP_SIZE], out[REPAIR], out[REPAIR + 1] = 1, 10, 1.0, 1.0
    for name, value in columns.items():
        out[getattr(named, name)] = value
    return out


@pytest.mark.tiny
def test_by_hand_a_fleet_that_fails_every_day():
    # Three cabinets fail on day 0. One part is in stock, none ever arrives: one is mended the same day by the crew,
    # two wait for ever. It fails again on day 1 and there is no part: from day 2 none works.
    working, _, counts, state = run(tables_of(plain(FAIL=1.0, SPARES=1)), 3, 4)
    assert working[:, 0].tolist() == [3, 1, 0, 0]
    assert (counts[FAILED_CONVERTERS, 0], counts[REPAIRS, 0]) == (4, 1)
    assert counts[DOWN_CABINET_DAYS, 0] == 0 + 2 + 3 + 3
    assert (state.failed[0, 0, 0], state.ordered[0, 0, 0]) == (3, 4)


@pytest.mark.tiny
def test_by_hand_crews_are_the_limit():
    # Four fail on day 0, parts are there, one crew mends one a day at once: 4, 1 (three stand), then the one that works
    # fails and the crew mends one: 1 each day.
    numbers = plain(FAIL_1=1.0)
    numbers[SPARES + 1] = 9
    working, _, counts, _ = run(tables_of(numbers), 4, 3)
    assert working[:, 0].tolist() == [4, 1, 1]
    assert counts[FAILED_BATTERIES, 0] == 6


@pytest.mark.tiny
def test_by_hand_warned_failures_are_swapped_from_stock():
    # Two fail a day, all seen coming. Two parts: both swapped in 3 h each on day 0, no cabinet stands. On day 1 the
    # shelf is empty and the ordered parts come too late: both stand.
    numbers = plain(FAIL=1.0, SPARES=2, RECALL=1.0, SWAP_H=3.0)
    numbers[8] = 1.0  # late
    working, planned, counts, _ = run(tables_of(numbers), 2, 3)
    assert working[:, 0].tolist() == [2, 2, 0]
    assert planned[:, 0].tolist() == [6.0, 0.0, 0.0]
    assert (counts[SWAPPED_CONVERTERS, 0], counts[FAILED_CONVERTERS, 0]) == (2, 2)


@pytest.mark.tiny
def test_by_hand_a_group_takes_its_share():
    # 25 cabinets are groups of 10, 10 and 5. All fail on day 0 and stay out; one of three leaves 25 * 2 // 3
    numbers = plain(GROUP_FAIL=1.0, REPAIR=0.0)
    working, _, counts, _ = run(tables_of(numbers), 25, 2)
    assert working[:, 0].tolist() == [25, 0]
    assert counts[6, 0] == 3
    state = new_state(1)
    state.groups_out[:] = 1
    numbers[GROUP_FAIL] = 0.0
    working, _, _, _ = run(tables_of(numbers), 25, 1, state=state)
    assert working[0, 0] == 16


@pytest.mark.tiny
def test_by_hand_burned_and_stopped_cabinets_do_not_work():
    state = new_state(1)
    state.burned[:], state.stopped_until[:] = 2, 1
    working, _, _, _ = run(tables_of(plain()), 5, 3, state=state)
    assert working[:, 0].tolist() == [0, 3, 3]


STRAINED = {
    "converter_failures_per_year": 6.0, "battery_failures_per_year": 12.0, "converter_spares": 1, "battery_spares": 2,
    "false_alarms_per_cabinet_year": 4.0, "group_cabinets": 4, "group_failures_per_year": 2.0,
}  # fmt: skip


@pytest.mark.parametrize("factor", [1.0, 1.7])
def test_the_plain_twin_finds_the_same_days(factor):
    section = Availability(**STRAINED)
    tables = cabinet_tables([section])
    days, lanes, first_path, seed = 400, 3, 5, 99
    grown = np.where(np.arange(days) < 150, 9, 14)
    state = new_state(lanes)
    state.burned[:], state.stopped_until[:] = 1, 20
    working, planned, counts, _ = run(
        tables, grown[:, None], days, lanes, first_path=first_path, seed=seed, factor=factor, state=state
    )
    for lane in range(lanes):
        twin = Fleet(cabinet_numbers(section), maintenance_hours(section), first_path + lane, seed)
        twin.burned, twin.stopped_until = 1, 20
        found = [twin.day(int(grown[day]), factor, day) for day in range(days)]
        assert [w for w, _ in found] == working[:, lane].tolist()
        assert planned[:, lane] == pytest.approx([p for _, p in found], rel=1e-12)
        assert counts[:, lane] == pytest.approx(twin.counts, rel=1e-12)
    assert counts.min() > 0.0  # every branch was taken


def test_a_lane_does_not_know_its_block():
    tables = cabinet_tables([Availability(**STRAINED)])
    whole = run(tables, 12, 200, 6, first_path=40)
    parts = [run(tables, 12, 200, n, first_path=40 + a) for a, n in ((0, 2), (2, 4))]
    assert np.array_equal(whole[0], np.concatenate([part[0] for part in parts], axis=1))
    assert np.array_equal(whole[2], np.concatenate([part[2] for part in parts], axis=1))


def test_what_must_hold_every_day():
    for crews, spares, recall in itertools.product((1, 3), (0, 2), (0.0, 0.5)):
        section = Availability(**STRAINED | {"repair_crews": crews, "battery_spares": spares, "warning_recall": recall})
        tables = cabinet_tables([section])
        state = new_state(20)
        for _ in range(30):
            working, planned, counts, state = run(tables, 15, 10, 20, state=state)
            waiting = np.maximum(state.ordered[0] - np.array([[1], [spares]]), 0)
            assert np.all(state.failed[0] >= waiting)
            assert np.all(state.failed[0].sum(axis=0) <= 15)
            assert np.all((working >= 0) & (working <= 15))
            assert np.all(planned >= 0.0)
            assert np.all(counts >= 0.0)


@pytest.mark.tiny
def test_no_cabinets_no_days():
    working, planned, counts, _ = run(cabinet_tables([Availability(**STRAINED)]), 0, 30)
    assert not working.any()
    assert not planned.any()
    assert not counts.any()


def test_fleets_of_nearly_equal_size_meet_the_same_failures():
    """Common draws: the yearly failures of 150 and 151 cabinets differ by far less than those of other paths."""
    tables = cabinet_tables([Availability()])
    few, more, other = (
        run(tables, n, 365, 200, first_path=path)[2][:4].sum(axis=0) for n, path in ((150, 0), (151, 0), (151, 200))
    )
    assert np.var(more - few) < 0.15 * np.var(other - few)


EXACT_CASES = {
    "crews and parts short": (3, {"FAIL": 0.01, "FAIL_1": 0.04, "SPARES": 1, "ARRIVE": 0.05, "RECALL": 0.3}),
    "groups": (4, {"FAIL": 0.02, "SPARES": 4, "ARRIVE": 0.5, "GROUP_SIZE": 2, "GROUP_FAIL": 0.01, "GROUP_REPAIR": 0.2}),
    "one kind of many": (20, {"FAIL": 0.01, "SPARES": 2, "ARRIVE": 0.05, "CREWS": 2}),
}


def exact_case(name):
    """Cabinets and numbers of a case."""
    cabinets, columns = EXACT_CASES[name]
    numbers = plain(**columns)
    numbers[REPAIR : REPAIR + 2] = 0.25, 0.35
    numbers[ARRIVE + 1], numbers[SPARES + 1], numbers[8:10] = 0.08, 1, 0.5
    return cabinets, numbers


def differs(cabinets, numbers, exact, seed=3):
    """Whether some simulated share is further from the exact one than chance allows."""
    rows = exact.size
    found = cabinet_markov.simulated_shares(numbers, cabinets, rows, years=4, paths=500, seed=seed)
    limit = norm.isf(FALSE_ALARM_CHANCE / rows / 2.0)
    return any(abs(s.value - x) > limit * s.standard_error for s, x in zip(found, exact, strict=True))


@pytest.mark.parametrize("name", EXACT_CASES)
def test_simulation_agrees_with_the_exact_chain(name):
    """500 paths of 4 years; false alarm 1e-4 in all rows together. Errors of a share are 0.001 to 0.003: a share wrong
    by 0.015 is found with a chance above 0.99."""
    cabinets, numbers = exact_case(name)
    assert not differs(cabinets, numbers, cabinet_markov.exact_shares(numbers, cabinets, min(cabinets, 4) + 1))


@pytest.mark.parametrize(("name", "column", "value"), [
    ("crews and parts short", CREWS, 2), ("crews and parts short", RECALL, 0.4), ("groups", GROUP_REPAIR, 0.25),
    ("one kind of many", SPARES, 3),
])  # fmt: skip
def test_another_chain_is_told_from_it(name, column, value):
    """Negative control: one more crew or part, a little more warning, groups back a little sooner."""
    cabinets, numbers = exact_case(name)
    other = numbers.copy()
    other[column] = value
    assert differs(cabinets, numbers, cabinet_markov.exact_shares(other, cabinets, min(cabinets, 4) + 1))


def test_the_exact_chain_by_hand():
    # One cabinet, one kind, a part always there: up -> down with chance a = p (1 - r), down -> up with chance r, so the
    # share down is a / (a + r). p = 0.1, r = 0.25: 0.075 / 0.325.
    numbers = plain(FAIL=0.1, ARRIVE=1.0, SPARES=1)
    numbers[REPAIR] = 0.25
    assert cabinet_markov.exact_shares(numbers, 1, 2) == pytest.approx([1.0 - 0.075 / 0.325, 0.075 / 0.325], rel=1e-12)


def test_without_limits_cabinets_are_independent():
    """Then the share of time down is that of continuous time, rate x mean time / (1 + rate x mean time): three ways."""
    section = Availability(
        repair_crews=1000, converter_spares=1000, battery_spares=1000, warning_recall=0.0, group_failures_per_year=0.0,
        converter_failures_per_year=20.0, battery_failures_per_year=0.0,
    )  # fmt: skip
    numbers = cabinet_numbers(section)
    numbers[ARRIVE] = 1.0  # parts on order are then no state
    failures = cabinet_availability.Failures(20.0, section.converter_repair_h)
    expected = cabinet_availability.exact_shares(5, failures, 5)
    assert cabinet_markov.exact_shares(numbers, 5, 5) == pytest.approx(expected, rel=1e-10)
    assert cabinet_markov.independent_shares(numbers, 5, 5) == pytest.approx(expected, rel=1e-10)


def test_two_kinds_and_warnings_without_limits():
    section = Availability(
        repair_crews=1000, converter_spares=1000, battery_spares=1000, group_failures_per_year=0.0,
        converter_failures_per_year=20.0, battery_failures_per_year=30.0,
    )  # fmt: skip
    numbers = cabinet_numbers(section)
    numbers[ARRIVE : ARRIVE + 2] = 1.0
    sudden = 1.0 - section.warning_recall
    one = cabinet_availability.Failures(20.0 * sudden, section.converter_repair_h)
    both = one.together(cabinet_availability.Failures(30.0 * sudden, section.battery_repair_h))
    expected = cabinet_availability.exact_shares(4, both, 5)
    assert cabinet_markov.exact_shares(numbers, 4, 5) == pytest.approx(expected, rel=1e-10)


def test_the_exact_chain_of_a_hundred_and_fifty_cabinets():
    """One kind of failure, 8 parts in stock: parts run short, so all work in 63 % of the time and not in 81 %.

    200 paths of 5 years; false alarm 1e-4 in all rows together. Negative control: one part more is told from it.
    """
    one_kind = {"converter_failures_per_year": 0.0, "battery_failures_per_year": 0.375, "group_failures_per_year": 0.0}
    numbers, more = (cabinet_numbers(Availability(**one_kind, battery_spares=spares)) for spares in (8, 9))
    exact = cabinet_markov.exact_shares(numbers, 150, 5, most_failed=14)
    assert exact == pytest.approx(cabinet_markov.exact_shares(numbers, 150, 5, most_failed=18), abs=2e-5)
    found = cabinet_markov.simulated_shares(numbers, 150, 5, years=5, paths=200, seed=9)
    limit = norm.isf(FALSE_ALARM_CHANCE / 10.0)
    scores = [(s.value - x) / s.standard_error for s, x in zip(found, exact, strict=True)]
    assert max(map(abs, scores)) < limit
    other = cabinet_markov.exact_shares(more, 150, 5, most_failed=14)
    assert max(abs(s.value - x) / s.standard_error for s, x in zip(found, other, strict=True)) > limit


def test_yearly_means():
    """False alarms and failures of 40 cabinets over 200 path-years at their rates; false alarm 1e-4 each, and an error
    of 5 % is found with a chance above 0.999."""
    section = Availability(false_alarms_per_cabinet_year=2.0, battery_failures_per_year=2.0, repair_crews=50)
    _, _, counts, _ = run(cabinet_tables([section]), 40, 365, 200)
    up = (40 * 365 * 200 - counts[DOWN_CABINET_DAYS].sum()) / 365
    limit = norm.isf(FALSE_ALARM_CHANCE / 2.0)
    for found, rate in ((counts[FALSE_ALARMS].sum(), 2.0), (counts[:4].sum(), 2.0 + 0.075)):
        assert abs(found - rate * up) < limit * math.sqrt(rate * up)
        assert abs(found - 1.05 * rate * up) > limit * math.sqrt(rate * up)
    warned = counts[SWAPPED_CONVERTERS : SWAPPED_BATTERIES + 1].sum() / counts[:4].sum()
    assert 0.2 < warned < 0.4 + 0.02  # parts run short: some warned cabinets fail after all


@pytest.mark.tiny
def test_maintenance_falls_on_working_days_of_the_season():
    section = Availability()
    hours = maintenance_hours(section)
    days = np.arange(7 * 365)
    a_year = np.where(days % 7 < 5, hours[days % 365], 0.0).sum() / 7.0  # weekends come back to their dates in 7 years
    assert a_year == pytest.approx(section.maintenance_h_per_cabinet_year, rel=1e-12)
    assert season_days(11, 2).sum() == 30 + 31 + 31 + 28
    assert season_days(6, 6).sum() == 30
    assert not hours[:120].any()
    _, planned, _, _ = run(tables_of(plain(), hours), 10, 365)
    assert planned.sum() == pytest.approx(10 * hours[np.arange(365) % 7 < 5].sum(), rel=1e-12)


@pytest.mark.tiny
def test_planned_hours_take_out_cabinets_of_the_right_mean():
    # 30 cabinet-hours are 1.25 cabinets: one or two, two in a quarter of the cases
    out = [out_at(30.0, (k + 0.5) / 1000.0) for k in range(1000)]
    assert set(out) == {1, 2}
    assert sum(out) == 1250

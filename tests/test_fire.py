"""Fire among cabinets: how many burn, exactly and by simulation; when they are missing; what it costs."""

import math

import numpy as np
import pytest
from scipy.stats import chi2, norm

from distributions._jit import njit
from distributions.streams import two_uniforms
from riskmodel.cabinet_fleet import CabinetState, cabinet_day
from riskmodel.cabinet_tables import GROUP_SIZE, N_NUMBERS, CabinetTables
from riskmodel.cabinet_tables import N_COUNTS as N_SERVICE
from riskmodel.fire import (
    BURNED,
    FIRES,
    N_COUNTS,
    FireTables,
    burned_count,
    burned_law,
    cabinets_per_area,
    fire_day,
    fire_loss_eur,
    fire_tables,
    fire_words,
    spread_probability,
)
from riskmodel.study.fire import Fire
from tests.cabinet_twin import Fleet
from tests.fire_twin import Fires, enumerated

FALSE_ALARM = 1e-4
CABINET_KWH = 261.0


def fire(**fields):
    """A section with a fire area of 600 kWh."""
    return Fire(**({"fire_area_kwh": 600.0} | fields))


def expected_burned_per_year(section, cabinets, cabinet_kwh):
    """Mean number of cabinets that burn in a year on a full site, at a rate factor of 1."""
    law = burned_law(cabinets, cabinets_per_area(section, cabinet_kwh), spread_probability(section))
    return cabinets * section.fires_per_cabinet_year * float(np.arange(1, law.size + 1) @ law)


@njit
def walk(working, state, installed, factor, tables, service, first_path, seed, counts, served):
    """Days of one strategy: what works each day, with fires and nothing else."""
    lanes = installed.shape[0]
    words, none = np.zeros((4, lanes), np.uint32), np.zeros((8, lanes), np.uint32)
    planned = np.zeros(lanes)
    for day in range(working.shape[0]):
        cabinet_day(
            working[day], planned, state, 0, installed, factor, service, none, day % 365, day, first_path, seed, served
        )
        fire_words(words, day, first_path, seed)
        fire_day(state, 0, installed, factor, tables, words, day, first_path, seed, counts)


def run(tables, cabinets, days, lanes, *, first_path=0, seed=5, factor=1.0):
    """Working cabinets (days, lanes), fires and burned cabinets (2, lanes)."""
    kinds, lane = (1, 2, lanes), (1, lanes)
    state = CabinetState(*(np.zeros(shape, np.int32) for shape in (kinds, kinds, lane, lane, lane, lane, lane[1:], 2)))
    working, counts = np.zeros((days, lanes), np.int32), np.zeros((N_COUNTS, lanes))
    numbers = np.zeros((1, N_NUMBERS))
    numbers[0, GROUP_SIZE] = 10  # groups that never fail
    service = CabinetTables(numbers, np.zeros((1, 365)))
    installed = np.full(lanes, cabinets, np.int32)
    served = np.zeros((N_SERVICE, lanes))
    walk(working, state, installed, np.full(lanes, factor), tables, service, first_path, seed, counts, served)
    return working, counts


@pytest.mark.tiny
@pytest.mark.parametrize(("cabinets", "per_area"), [(1, 1), (5, 5), (7, 3), (8, 4), (6, 10), (9, 1)])
def test_the_law_is_that_of_all_patterns(cabinets, per_area):
    for chance in (0.0, 0.11, 0.5, 1.0):
        law = burned_law(cabinets, per_area, chance)
        assert law.sum() == pytest.approx(1.0, abs=1e-14)
        assert law == pytest.approx(enumerated(cabinets, per_area, chance)[: law.size], abs=1e-12)


@pytest.mark.tiny
def test_more_gap_burns_less_and_a_larger_area_more():
    sections = [fire(fire_area_kwh=5000.0, spacing_m=gap) for gap in (0, 0.3, 0.9, 3)]
    means = [expected_burned_per_year(section, 40, CABINET_KWH) for section in sections]
    assert means == sorted(means, reverse=True)
    assert means[-1] == pytest.approx(40 * 2.5e-5, rel=3e-3)
    areas = [expected_burned_per_year(fire(fire_area_kwh=x), 40, CABINET_KWH) for x in (100.0, 600.0, 1200.0, 1e5)]
    assert areas == sorted(areas)
    # touching cabinets that always pass it on: a whole area of 19 burns, or the last one of 2
    certain = fire(fire_area_kwh=5000.0, spacing_m=0.0, spread_probability_touching=1.0)
    assert expected_burned_per_year(certain, 40, CABINET_KWH) == pytest.approx(2.5e-5 * (38 * 19 + 2 * 2), rel=1e-12)


@pytest.mark.tiny
def test_spread_and_area_by_hand():
    assert spread_probability(fire(spacing_m=0.9)) == pytest.approx(0.9 / 8.0, rel=1e-12)  # three halvings
    assert spread_probability(fire(spacing_m=0.0)) == 0.9
    assert [cabinets_per_area(fire(fire_area_kwh=x), CABINET_KWH) for x in (100, 521, 522, 600)] == [1, 1, 2, 2]
    assert cabinets_per_area(fire(fire_area_kwh=0.3), 0.1) == 3  # 0.3 / 0.1 is 2.9999999999999996


def chi_square_fails(found, law, n):
    """Whether counts of 1, 2, ... burned are too far from the law; cells under 10 expected are put together."""
    keep = law * n >= 10.0
    observed, expected = np.append(found[keep], found[~keep].sum()), np.append(law[keep], law[~keep].sum()) * n
    observed, expected = observed[expected > 0.0], expected[expected > 0.0]
    statistic = float(np.sum((observed - expected) ** 2 / expected))
    return statistic > chi2.ppf(1.0 - FALSE_ALARM, expected.size - 1)


def walked_fires(cabinets, per_area, chance, n, rng):
    """Counts of the number burned when fire passes from neighbour to neighbour."""
    burned = np.zeros(min(cabinets, per_area))
    for start in rng.integers(0, cabinets, n):
        low = start - start % per_area
        high = min(low + per_area, cabinets) - 1
        first = last = start
        while first > low and rng.random() < chance:
            first -= 1
        while last < high and rng.random() < chance:
            last += 1
        burned[last - first] += 1
    return burned


def test_fires_that_walk_from_neighbour_to_neighbour_follow_the_law():
    """20,000 fires, false alarm 1e-4. Negative control: a chance of 0.47 in place of 0.5 is found."""
    walked = walked_fires(23, 6, 0.5, 20_000, np.random.default_rng(8))
    assert not chi_square_fails(walked, burned_law(23, 6, 0.5), 20_000)
    assert chi_square_fails(walked, burned_law(23, 6, 0.47), 20_000)


def test_drawn_fires_follow_the_law():
    law = burned_law(23, 6, 0.5)
    at_most = np.cumsum(law)
    drawn = np.zeros(6)
    for k in range(20_000):
        drawn[burned_count(at_most, two_uniforms(k, 3, 0, 1)[0]) - 1] += 1
    assert not chi_square_fails(drawn, law, 20_000)
    assert chi_square_fails(drawn, burned_law(23, 6, 0.47), 20_000)


HOT = {"fires_per_cabinet_year": 0.1, "stop_days": 9.5, "fire_area_kwh": 1400.0, "spacing_m": 0.1}


def test_the_plain_twin_finds_the_same_days():
    """The twin takes cabinets out of the twin of the fleet, in which nothing else fails."""
    section, cabinets, days, lanes, first_path, seed = fire(**HOT), 17, 700, 3, 12, 77
    tables = fire_tables([(section, cabinets, CABINET_KWH)])
    working, counts = run(tables, cabinets, days, lanes, first_path=first_path, seed=seed, factor=3.0)
    numbers = np.zeros(N_NUMBERS)
    numbers[GROUP_SIZE] = 10
    for lane in range(lanes):
        fleet = Fleet(numbers, np.zeros(365), first_path + lane, seed)
        fires = Fires(section, cabinets, CABINET_KWH, first_path + lane, seed)
        for day in range(days):
            assert working[day, lane] == fleet.working(cabinets, day)
            fires.day(fleet, cabinets, 3.0, day)
        assert counts[:, lane].tolist() == [fires.fires, fires.burned]
    assert counts[FIRES].min() > 1
    assert counts[BURNED].sum() > counts[FIRES].sum()


def test_fires_of_a_year():
    """Fires and burned cabinets of 400 path-years at their means; false alarm 1e-4 each. Negative control: 20 % off."""
    section = fire(fires_per_cabinet_year=0.01, months_out=0.0, stop_days=0.0, fire_area_kwh=5000.0, spacing_m=0.2)
    tables = fire_tables([(section, 40, CABINET_KWH)])
    _, counts = run(tables, 40, 365, 400)
    limit = norm.isf(FALSE_ALARM / 2.0)
    for row, mean in ((FIRES, 0.4), (BURNED, expected_burned_per_year(section, 40, CABINET_KWH))):
        error = counts[row].std(ddof=1) / math.sqrt(400)
        assert abs(counts[row].mean() - mean) < limit * error
        assert abs(counts[row].mean() - 0.6 * mean) > limit * error
    alone = run(tables, 40, 365, 1, first_path=7)[1][:, 0]
    assert np.array_equal(counts[:, 7], alone)  # a path does not know its block


@pytest.mark.tiny
def test_by_hand_a_fire_that_burns_everything():
    # All burn on day 0 (chance 1 in each of two; each fire takes both, the second finds none) and are back after one
    # month, 30.4 days: day 32 is the first with them, then they burn again.
    tables = FireTables(np.ones(1), np.array([[0.0, 1.0]]), np.array([[0.0, 1.0, 0.0, 0.0, 0.0]]), np.zeros(1))
    working, counts = run(tables, 2, 33, 1)
    assert working[:, 0].tolist() == [2, *[0] * 31, 2]
    assert counts[BURNED, 0] == 4


@pytest.mark.tiny
def test_money_by_hand():
    counts = np.array([[2.0], [5.0]])
    replaced, cleaned = fire_loss_eur(counts, 68_000.0, 250_000.0, 20_000.0)
    assert (replaced[0], cleaned[0]) == (340_000.0, 600_000.0)


def test_defaults_are_the_sourced_ones():
    section = fire()
    assert section.fires_per_cabinet_year == pytest.approx(0.2 / 8000)
    assert section.fire_rate_factor.mean() == pytest.approx(1.0)
    assert spread_probability(section) == pytest.approx(0.1125)

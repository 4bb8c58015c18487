"""Outages of small systems: published answers, closed forms, enumeration written out, and simulation."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from riskmodel.study import StudyError
from riskmodel.survival_exact import Battery, Generators, System, TooManyStatesError, exact_survival
from riskmodel.survival_simulation import simulated_hours
from riskmodel.survival_system import EXAMPLE, read_system, system_of

NUMBERS = Path(__file__).parents[2] / "shared" / "numbers" / "reopt_erp_tests.json"
FALSE_ALARM_SCORE = 4.9
"""Two-sided normal score of 1e-6: a few hundred comparisons give a false alarm once in 10,000."""

# NREL, REopt.jl test/runtests.jl at 029db01d: two generators of 1 kW with a mean time to failure of 5 steps, a battery
# of 1 kW with 1 kWh above its least charge, loads of 1, 2, 2, 1 kW, an outage of 3 steps that begins in the first.
REOPT = {
    "load_kw": [1, 2, 2, 1],
    "generators": [{"units": 2, "power_kw": 1, "mean_time_to_failure_h": 5}],
    "battery": {"power_kw": 1, "energy_kwh": 4, "state_of_charge": 0.75, "least_state_of_charge": 0.5},
    "duration_h": 3,
}
REOPT_ANSWERS = [1.0, 0.8704, 0.557056]


def test_the_published_case():
    system, duration = system_of(REOPT)
    np.testing.assert_allclose(exact_survival(system, duration)[0], REOPT_ANSWERS, rtol=0, atol=1e-12)


@pytest.mark.skipif(not NUMBERS.exists(), reason="no collection of published answers in ../shared/numbers")
def test_the_published_case_as_collected():
    case = json.loads(NUMBERS.read_text(encoding="utf-8"))["t1"]
    generators = {
        "units": case["n_gens"], "power_kw": case["gen_kw"], "availability": case["OA"],
        "failure_to_start": case["FTS"], "mean_time_to_failure_h": case["MTTF_steps"],
    }  # fmt: skip
    battery = {
        "power_kw": case["battery_kw"], "energy_kwh": case["battery_kwh"],
        "state_of_charge": case["start_soc"], "least_state_of_charge": case["min_soc"],
    }  # fmt: skip
    system, _ = system_of({"load_kw": case["critical_loads"], "generators": [generators], "battery": battery})
    found = exact_survival(system, case["max_outage"])
    np.testing.assert_allclose(found[0], case["per_hour_survival"], rtol=0, atol=1e-12)


def simulated_agrees(system, duration, trials, seed, wrong=None):
    """Largest distance in standard errors between the exact and the simulated chances, over hours and durations."""
    exact = exact_survival(wrong or system, duration)
    hours = simulated_hours(system, duration, trials, seed)
    worst = 0.0
    for d in range(1, duration + 1):
        found, p = (hours >= d).mean(axis=0), exact[:, d - 1]
        error = np.sqrt(np.maximum(p * (1 - p), 1e-12) / trials)
        worst = max(worst, float(np.max(np.abs(found - p) / error)))
    return worst


def test_simulation_agrees_with_the_published_case():
    """40,000 outages: an error of 0.0025 in 0.557; a chance wrong by 0.012 is found nearly always."""
    system, _ = system_of(REOPT)
    hours = simulated_hours(system, 3, 40_000, 7)[:, 0]
    for d, answer in enumerate(REOPT_ANSWERS, start=1):
        error = math.sqrt(answer * (1 - answer) / hours.size)
        assert abs((hours >= d).mean() - answer) <= 3 * error
    assert simulated_agrees(system, 3, 40_000, 7) < FALSE_ALARM_SCORE


def test_negative_control_another_mean_time_to_failure_is_found():
    system, _ = system_of(REOPT)
    other, _ = system_of(REOPT | {"generators": [REOPT["generators"][0] | {"mean_time_to_failure_h": 5.2}]})
    assert simulated_agrees(system, 3, 40_000, 7, wrong=other) > FALSE_ALARM_SCORE


@pytest.mark.parametrize(
    ("units", "needed", "availability", "failing_start", "mttf"),
    [(1, 1, 1.0, 0.0, 1100.0), (5, 3, 0.95, 0.02, 50.0), (8, 8, 0.995, 0.0094, 1100.0), (4, 2, 0.9, 0.5, 1.0)],
)
def test_fleets_of_generators_against_the_binomial(units, needed, availability, failing_start, mttf):
    """Each runs after d hours with chance A (1 - F) (1 - 1/M)^d, independently: at least `needed` of `units` must."""
    fleet = Generators(units, 100.0, availability, failing_start, mttf)
    found = exact_survival(System(np.full(3, 100.0 * needed), np.zeros(3), (fleet,)), 30)
    chance = availability * (1 - failing_start) * (1 - 1 / mttf) ** np.arange(1, 31)
    expected = binom.sf(needed - 1, units, chance)
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)), rtol=1e-12, atol=1e-15)


def first_hour(kinds, load_kw):
    """Chance that generators of 1 and of 10 kW carry a load in the first hour."""
    return exact_survival(System(np.array([load_kw]), np.zeros(1), kinds), 1)[0, 0]


def test_published_chances_of_two_kinds():
    """Two generators of one kind and one of another: the examples in the documentation of REopt's functions."""
    # starting_probabilities([2, 1], [0.99, 0.95], [0.05, 0.1]): states (2,1) (1,1) (0,1) (2,0) (1,0), printed digits
    kinds = (Generators(2, 1.0, 0.99, 0.05), Generators(1, 10.0, 0.95, 0.1))
    published = np.cumsum([0.756282, 0.0956912, 0.00302691, 0.128258, 0.0162283])
    for load, chance in zip((12.0, 11.0, 10.0, 2.0, 1.0), published, strict=True):
        assert first_hour(kinds, load) == pytest.approx(chance, abs=2e-6)
    # markov_matrix([2, 1], [0.1, 0.25]) from (2,1): 0.9^2 0.75 = 0.6075, then 0.135, 0.0075, 0.2025, 0.045
    kinds = (Generators(2, 1.0, mean_time_to_failure_h=10.0), Generators(1, 10.0, mean_time_to_failure_h=4.0))
    for load, chance in zip((12.0, 11.0, 10.0, 2.0, 1.0), (0.6075, 0.7425, 0.75, 0.9525, 0.9975), strict=True):
        assert first_hour(kinds, load) == pytest.approx(chance, rel=1e-12)


def one_history(system, start, alive, battery_works, pv_works):
    """Whole hours carried when the generators that run are known: `alive[h]` by kind in each hour."""
    battery = system.battery if battery_works else None
    stored = battery.usable_kwh[start] if battery else 0.0
    for h, running in enumerate(alive):
        at = (start + h) % len(system.load_kw)
        power = sum(k * kind.power_kw for k, kind in zip(running, system.generators, strict=True))
        missing = system.load_kw[at] - power - (system.pv_kw[at] if pv_works else 0.0)
        deliverable = min(battery.power_kw, stored * battery.discharge_efficiency) if battery else 0.0
        if missing > deliverable + 1e-9:
            return h
        if battery:
            flow = missing / battery.discharge_efficiency if missing > 0 else missing * battery.charge_efficiency
            stored = min(max(stored - max(flow, -battery.power_kw * battery.charge_efficiency), 0.0), battery.room_kwh)
    return len(alive)


def brute_force(system, start, duration):
    """Every history of every single generator: it fails in some hour, or never, or did not start."""
    singles = [(k, kind) for k, kind in enumerate(system.generators) for _ in range(kind.units)]
    survival = np.zeros(duration)
    battery_chances = [(True, 1.0)] if system.battery is None else [
        (True, system.battery.availability), (False, 1 - system.battery.availability)
    ]  # fmt: skip
    pv_chances = [(True, system.pv_availability), (False, 1 - system.pv_availability)]
    for ends in itertools.product(range(duration + 1), repeat=len(singles)):  # hours each one runs
        chance, alive = 1.0, np.zeros((duration, len(system.generators)), int)
        for end, (k, kind) in zip(ends, singles, strict=True):
            p = 1 / kind.mean_time_to_failure_h
            runs = kind.start_chance * (1 - p) ** end
            chance *= (runs if end == duration else runs * p) + (1 - kind.start_chance if end == 0 else 0.0)
            alive[:end, k] += 1
        for (battery, b), (pv, v) in itertools.product(battery_chances, pv_chances):
            if chance * b * v > 0:
                hours = one_history(system, start, alive, battery, pv)
                survival[:hours] += chance * b * v
    return survival


def test_two_kinds_battery_and_sun_against_every_history():
    load, sun = np.array([3.0, 5.0, 4.0, 6.0, 2.0]), np.array([0.0, 1.0, 2.5, 0.5, 0.0])
    kinds = (Generators(2, 2.0, 0.95, 0.05, 6.0), Generators(1, 1.5, 0.9, 0.1, 3.0))
    battery = Battery(2.0, 5.0, np.array([0.9, 0.7, 0.5, 0.3, 0.2]), 0.2, 0.9, 0.8, 0.97)
    system = System(load, sun, kinds, battery, 0.98)
    exact = exact_survival(system, 4)
    for start in range(5):
        np.testing.assert_allclose(exact[start], brute_force(system, start, 4), rtol=1e-12)
    assert simulated_agrees(system, 4, 20_000, 3) < FALSE_ALARM_SCORE


def test_more_of_anything_never_survives_less():
    base = System(np.array([3.0, 5.0, 4.0]), np.zeros(3), (Generators(3, 2.0, 0.95, 0.05, 6.0),), None)
    battery = Battery(2.0, 3.0, np.full(3, 0.5))
    steps = [
        base,
        base._replace(battery=battery),
        base._replace(battery=battery._replace(energy_kwh=6.0)),
        base._replace(battery=battery._replace(energy_kwh=6.0, power_kw=4.0)),
        base._replace(battery=battery._replace(energy_kwh=6.0, power_kw=4.0), pv_kw=np.array([0.0, 1.0, 1.0])),
    ]
    chances = [exact_survival(system, 12) for system in steps]
    for fewer, more in itertools.pairwise(chances):
        assert np.all(more >= fewer - 1e-12)
        assert np.all(np.diff(more, axis=1) <= 1e-12)


def test_edges():
    nothing = System(np.array([1.0, 0.0]), np.zeros(2))
    assert exact_survival(nothing, 2).tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert simulated_hours(nothing, 2, 1, 0).tolist() == [[0, 1]]
    sun = nothing._replace(pv_kw=np.array([1.0, 0.0]), pv_availability=0.25)
    assert exact_survival(sun, 3).tolist() == [[0.25, 0.25, 0.25], [1.0, 0.25, 0.25]]
    empty = nothing._replace(battery=Battery(1.0, 2.0, np.full(2, 0.1), 0.2))  # below its least charge
    assert exact_survival(empty, 1).tolist() == [[0.0], [1.0]]
    # a battery without efficiency losses carries exactly its energy
    full = System(np.ones(1), np.zeros(1), (), Battery(1.0, 3.0, np.ones(1)))
    assert exact_survival(full, 4).tolist() == [[1.0, 1.0, 1.0, 0.0]]


def test_a_case_too_large_to_enumerate_says_so():
    kinds = tuple(Generators(20, float(1 + k)) for k in range(4))
    with pytest.raises(TooManyStatesError, match="simulate"):
        exact_survival(System(np.ones(1), np.zeros(1), kinds), 2)


def test_files_in_toml_and_json(tmp_path):
    (tmp_path / "a.toml").write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps(REOPT), encoding="utf-8")
    first, longest = read_system(tmp_path / "a.toml")
    second, asked = read_system(tmp_path / "a.json")
    assert (longest, asked) == (24, 3)
    assert exact_survival(first, 3).tobytes() == exact_survival(second, 3).tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"load_kw": []}, "load_kw = '0 numbers': type a list of 1 to 8,784 numbers"),
        ({"load_kw": [1, -2]}, "load_kw = -2: type a list"),
        ({"load_kw": [1, float("nan")]}, "load_kw = nan: type a list"),
        ({"load_kw": None}, "load_kw: type a list"),
        ({"load_kw": "=1"}, "load_kw = '=1': type a list"),
        ({"pv_kw": [1, 2]}, "pv_kw = '2 numbers': must have 4, one for each hour of load_kw"),
        ({"generators": [{"units": 1.5, "power_kw": 1}]}, r"generators\[1\].units = 1.5: type a whole number"),
        ({"generators": [{"units": 2}]}, r"generators\[1\].power_kw: missing; type a number above 0"),
        ({"generators": [{"units": 2, "power_kw": 1, "mttf": 5}]}, r"generators\[1\].mttf = 5: unknown key"),
        ({"generators": 3}, r"generators: must be at most 20 tables"),
        ({"battery": {"power_kw": 1, "energy_kwh": 2, "state_of_charge": 75}}, "state_of_charge = 75: type"),
        ({"battery": {"power_kw": 1, "energy_kwh": 2, "state_of_charge": [0.5]}}, "must have 4"),
        ({"battery": 4}, "battery = 4: must be a table"),
        ({"duration_h": 0}, "duration_h = 0: type a whole number from 1 to 8784"),
        ({"loads": [1]}, r"loads = \[1\]: unknown key; did you mean load_kw"),
    ],
)  # fmt: skip
def test_a_bad_system_ends_in_one_message(change, message):
    with pytest.raises(StudyError, match=message):
        system_of(REOPT | change, "system.toml")


def test_a_file_that_is_no_system(tmp_path):
    with pytest.raises(StudyError, match="no such file"):
        read_system(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("load_kw = [", encoding="utf-8")
    with pytest.raises(StudyError, match="is no system in TOML or JSON: .* type for example"):
        read_system(tmp_path / "bad.toml")

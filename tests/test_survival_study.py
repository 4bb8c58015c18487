"""Probing outages in simulated lifetimes: where they fall, what is read from them, closed forms, and the command."""

import csv
import functools
import json

import numpy as np
import pytest
from scipy.stats import binom
from typer.testing import CliRunner

import studies
from distributions.estimate_ragged import ragged_mean, ragged_quantile, ragged_share
from riskmodel.quantities import Outcome
from riskmodel.range_result import RangeResult
from riskmodel.survival_gensets import chance_bounds
from riskmodel.survival_probes import MOST_DURATION_H, RECOVERY_H, probe_outages, probe_study
from studies.cli import app
from studies.survival_study import Case, durations, of_study

SEED = 20260102
FALSE_ALARM_SCORE = 4.4
"""Two-sided normal score of 1e-5: a few comparisons give a false alarm in 1e-4."""


@pytest.mark.tiny
@pytest.mark.parametrize("duration_h", [0.5, 24.0, 100.0, MOST_DURATION_H])
def test_probes_cover_every_hour_of_every_month_and_leave_a_week_between(duration_h):
    years, paths = 3, 48
    given = probe_outages(0, paths, years, duration_h, SEED)
    hour, year = given.event[:, :, 0], np.repeat(np.arange(years), 12)
    assert given.first.tolist() == [[0, 12, 24, 36]] * paths
    start = hour + 8760.0 * year
    assert np.all(np.diff(start, axis=1) >= duration_h + RECOVERY_H)
    assert np.all((hour >= 0.0) & (hour < 8760.0))
    first_day = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    month = np.searchsorted(first_day, hour // 24, side="right") - 1
    assert np.array_equal(month, np.tile(np.arange(12), (paths, years)))
    for k in range(36):  # 48 paths: each hour of the day twice in every month
        assert np.bincount((hour[:, k] % 24).astype(int), minlength=24).tolist() == [2] * 24
    # a path has its own probes in any range of paths
    part = probe_outages(5, 2, years, duration_h, SEED)
    assert part.event.tobytes() == given.event[5:7].tobytes()
    assert not np.array_equal(probe_outages(0, paths, years, duration_h, SEED + 1).event, given.event)


def test_days_and_minutes_are_even():
    """Of 57,600 probes: largest distance from the even law; 4.4 / 2 / sqrt(n) of it has a false alarm below 1e-4."""
    hour = probe_outages(0, 480, 10, 24.0, SEED).event[:, :, 0]
    january = (hour[:, ::12] // 24).ravel()
    counts = np.bincount(january.astype(int), minlength=31)
    assert counts[23:].sum() == 0  # 31 less a day and a week
    chi_square = np.sum((counts[:23] - 4800 / 23) ** 2 / (4800 / 23))
    assert chi_square < 58.0  # 22 degrees of freedom: 1e-4 above 54.0
    minutes = np.sort(np.mod(hour, 1.0).ravel())
    distance = np.max(np.abs(minutes - (np.arange(minutes.size) + 0.5) / minutes.size))
    assert distance < 2.23 / np.sqrt(minutes.size)  # Kolmogorov: 1e-4


CONSTANT = ["cluster.load_factor=0.83", "cluster.power_usage_effectiveness=1.15", "site.parameter_uncertainty=false"]


def one_strategy(name, years, *changes):
    """The shipped study with one strategy, connected from the first day, and a load that is the same in all paths."""
    of = f"strategies.{name}."
    own = [f"{of}connection.time_to_power_months=0", *(of + change for change in changes)]
    study = studies.load("ten_thousand_gpus", ["study.years=" + str(years), *CONSTANT, *own])
    return study.model_copy(update={"strategies": {name: study.strategies[name]}})


@functools.lru_cache(maxsize=2)
def gensets():
    """Probes of 48 hours met by eight gensets of 2.5 MW that often fail."""
    study = one_strategy(
        "ups_gensets", 4, "gensets.units=8", "gensets.unit_power_kw=2500", "gensets.start_failure_probability=0.05",
        "gensets.mean_time_to_failure_h=200", "gensets.fuel_autonomy_h=100", "ups.failure_on_demand_probability=0.01",
    )  # fmt: skip
    return study, probe_study(study, 48.0, 240, SEED)


def least_and_most(study, hours, mttf):
    """UPS takes over, and enough of the gensets start and still run: independent lives, so a binomial at each time."""
    c, ups = study.cluster, study.strategies["ups_gensets"].ups
    load = c.gpus / c.gpus_per_server * c.server_power_kw * (1 + c.network_storage_share) * 0.83 * 1.15 / ups.efficiency
    assert 5 * 2500 < load < 6 * 2500  # six of the eight are needed
    # 18 MW of UPS for 5 min are 1.5 MWh; where five run they carry what is missing for at most
    help_h = 1500 / (load - 5 * 2500)
    start_h = 15 / 3600
    bounds = []
    for unaided in (hours - start_h, hours - start_h - help_h):
        running = 0.95 * np.exp(-np.maximum(unaided, 0.0) / mttf)
        bounds.append((1 - 0.01) * np.where(unaided > 0.0, binom.sf(5, 8, running), 1.0))
    return bounds


def worst_score(study, carried, mttf):
    hours = np.array([1.0, 6.0, 12.0, 24.0, 36.0, 48.0])
    carried_h = carried.hours[0, :, :, 0]
    lasted = carried_h[~np.isnan(carried_h)][:, None] >= hours - 1e-4
    low, high = least_and_most(study, hours, mttf)
    found = lasted.mean(axis=0)
    error = np.sqrt(high * (1 - high) / len(lasted))
    return float(np.max(np.maximum(low - found, found - high) / error))


def test_a_fleet_of_gensets_against_its_binomial():
    """11,000 outages, an error of 0.005 where the chance is 0.5: 160 h for 200 h is found nearly always."""
    study, carried = gensets()
    assert worst_score(study, carried, 200.0) < FALSE_ALARM_SCORE
    for wrong in (160.0, 250.0):
        assert worst_score(study, carried, wrong) > FALSE_ALARM_SCORE  # negative control
    hours = np.array([0.01, 1.0, 6.0, 24.0, 48.0, 120.0])
    found = chance_bounds(study, "ups_gensets", carried.load_kw[:1], hours)
    for bound, expected in zip(found, least_and_most(study, hours, 200.0), strict=True):
        assert bound[0, 0] == pytest.approx(0.99, rel=1e-12)  # the UPS alone
        np.testing.assert_allclose(bound[0, 1:-1], expected[1:-1], rtol=1e-6)
        assert bound[0, -1] == 0.0  # 100 h of fuel


def test_a_fleet_with_every_way_to_fail_stays_between_its_bounds():
    """Maintenance, a common cause, the transfer switch and fuel that may come; 9,600 outages, error at most 0.005."""
    changes = (
        "gensets.units=8", "gensets.unit_power_kw=2500", "gensets.start_failure_probability=0.03",
        "gensets.mean_time_to_failure_h=300", "gensets.fuel_autonomy_h=10", "gensets.refuelling_probability=0.8",
        "gensets.maintenance_unavailability=0.04", "gensets.common_cause_start_failure_probability=0.03",
        "gensets.transfer_switch_failure_probability=0.02", "ups.failure_on_demand_probability=0.01",
    )  # fmt: skip
    study = one_strategy("ups_gensets", 4, *changes)
    carried = probe_study(study, 36.0, 200, SEED)
    hours = np.array([0.02, 2.0, 9.0, 11.0, 19.0, 25.0, 36.0])
    found = carried.hours[0, :, :, 0]
    lasted = found[~np.isnan(found)][:, None] >= hours - 1e-6
    share = lasted.mean(axis=0)

    def distance(of):
        low, high = (bound[0] for bound in chance_bounds(of, "ups_gensets", carried.load_kw[:1], hours))
        assert np.all(low <= high)
        error = np.sqrt(share * (1 - share) / len(lasted)) + 1e-9
        return float(np.max(np.maximum(low - share, share - high) / error))

    assert distance(study) < FALSE_ALARM_SCORE
    for field in ("maintenance_unavailability=0.0", "common_cause_start_failure_probability=0.0",
                  "transfer_switch_failure_probability=0.0", "refuelling_probability=0.9"):  # fmt: skip
        assert distance(one_strategy("ups_gensets", 4, *changes, f"gensets.{field}")) > FALSE_ALARM_SCORE, field
    slow = one_strategy("ups_gensets", 4, *changes, "ups.topology=line_interactive", "ups.transfer_time_ms=25")
    assert not np.any(chance_bounds(slow, "ups_gensets", carried.load_kw[:1], hours))


def test_cabinets_that_are_always_full_last_as_long_as_their_energy():
    """No trade, no ageing, no failures: the time is the energy less a checkpoint over the load."""
    study = one_strategy(
        "string_storage", 2, "storage.reserve_share=1.0", "storage.ageing_rate_factor=0",
        "storage.common_mode_failure_probability=0", "storage.cabinet_availability=1",
    )  # fmt: skip
    storage = study.strategies["string_storage"].storage
    storage = storage.model_copy(update={"availability": None, "fire": None, "demand_response": None})
    strategy = study.strategies["string_storage"].model_copy(update={"storage": storage})
    study = study.model_copy(update={"strategies": {"string_storage": strategy}})
    carried = probe_study(study, 6.0, 24, SEED).hours[:, :, :, 0]
    c = study.cluster
    load = c.gpus / c.gpus_per_server * c.server_power_kw * (1 + c.network_storage_share) * 0.83 * 1.15
    load += storage.cabinets * storage.auxiliary_kw_per_cabinet
    energy = storage.cabinets * storage.cabinet_energy_kwh * np.sqrt(storage.round_trip_efficiency)
    for k, share in enumerate((1.0, c.ride_through_power_share)):
        expected = energy / (load * share) - c.checkpoint_write_min / 60
        found = carried[k][~np.isnan(carried[k])]
        assert found.size >= 24 * 24 - 24  # all but outages in the first week, when stores are still filled
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_more_cabinets_never_carry_for_less_time():
    changes = ("storage.ageing_rate_factor=0",)
    few = one_strategy("string_storage", 1, *changes)
    cabinets = few.strategies["string_storage"].storage.cabinets
    more = one_strategy("string_storage", 1, *changes, f"storage.cabinets={2 * cabinets}")
    one, other = (probe_study(study, 12.0, 24, SEED).hours for study in (few, more))
    there = ~np.isnan(one)
    assert np.all(other[there] >= one[there] - 1e-3)
    assert np.mean(other[there]) > 1.5 * np.mean(one[there])


def known_engine(hours_of):
    """An engine that carries outages for `hours_of(path, month, hour of the day)`; 0 is an abrupt stop."""

    def simulate(study, seed, first, n, *, threads=None, given=None):
        names = tuple(study.strategy_names)
        start, duration = given.event[:, :, 0], given.event[:, :, 1]
        month = np.broadcast_to(np.arange(start.shape[1]) % 12, start.shape)
        path = np.broadcast_to(first + np.arange(n)[:, None], start.shape)
        carried = np.minimum(hours_of(path, month, (start % 24).astype(int)), duration)
        outcome = np.where(carried == 0.0, Outcome.ABRUPT_STOP, Outcome.ORDERLY_STOP)
        outcome = np.where(carried >= duration, Outcome.RODE_THROUGH, outcome)
        events = {"outcome": outcome, "carried_h": carried.astype(np.float64)}
        wide = {name: np.repeat(values.ravel(), len(names)) for name, values in events.items()}
        scalars = {f"strategies.{name}.connection.time_to_power_months": np.full(n, 6.0) for name in names}
        scalars |= {f"cluster.{name}": np.ones(n) for name in ("load_factor", "power_usage_effectiveness")}
        return RangeResult(first, np.zeros((n, len(names), 1, 1)), scalars, wide, names)

    return simulate


@pytest.mark.tiny
def test_numbers_of_known_outages():
    """Winter is carried for 24 h by even paths; the rest 10 h from noon on, and not at all in the morning."""
    study = studies.load("nordic_inference", ["study.years=2"])

    def hours_of(path, month, hour):
        rest = np.where(hour < 12, 0.0, 10.0)
        return np.where((month < 2) & (path % 2 == 0), 24.0, rest)

    record = of_study(Case(study, 24.0, 48, SEED), simulate_range=known_engine(hours_of))
    for found in record["strategies"]:
        full = found["loads"]["full"]
        # connected after 6 x 730 h = day 183, and a week more: the first July has a part of its probes
        july = full["outages"] - 48 * (12 + 5)
        assert 0 < july < 48
        assert full["by_month"][0]["value"] == 0.5
        assert full["by_month"][5] == {"value": 0.0, "standard_error": pytest.approx(0.01421, abs=1e-5)}
        assert full["chance"]["value"] == pytest.approx(48 / full["outages"])  # 24 paths x 2 months of the second year
        # each path has as many winter months, so only its July adds to the spread; paths differ: half have none
        assert full["chance"]["standard_error"] == pytest.approx(full["chance"]["value"] / np.sqrt(47), rel=0.02)
        assert full["by_month_and_start_hour"][3][13] == full["by_month_and_start_hour"][3][23]
        cell = full["mean_hours_by_month_and_start_hour"][3][13]
        assert cell["value"] == 10.0
        by_duration = dict(zip(record["durations_h"], full["by_duration"], strict=True))
        assert by_duration[9.0]["value"] == by_duration[10.0]["value"] > by_duration[11.0]["value"]
        assert by_duration[24.0] == full["chance"]
        assert full["longest_h"]["0.99"]["value"] == 0.0
        assert full["longest_h"]["0.5"]["value"] == 10.0
        assert found["loads"]["capped"]["chance"] == full["chance"]


@pytest.mark.tiny
def test_a_share_of_the_load_is_not_the_load():
    """Gensets that carry a part of the load: work goes on, but neither the full nor the capped load is carried."""
    study = studies.load("nordic_inference", ["study.years=1"])
    half = known_engine(lambda path, month, hour: np.full(path.shape, 24.0))

    def simulate(variant, *words, **options):
        result = half(variant, *words, **options)
        shed = np.zeros(result.events["outcome"].shape)
        return RangeResult(
            result.first_path, result.annual, result.scalars, result.events | {"carried_h": shed},
            result.strategy_names,
        )  # fmt: skip

    hours = probe_study(study, 24.0, 24, SEED, simulate_range=simulate).hours
    assert np.nanmax(hours) == 0.0


@pytest.mark.tiny
def test_shares_means_and_quantiles_of_ragged_trials():
    assert ragged_share([1, 2, 0], [2, 4, 0]).value == 0.5
    assert ragged_share([1, 2, 0], [2, 4, 0]).n == 2
    assert ragged_share([1, 2], [2, 4]).standard_error == 0.0  # each path has the same share
    # paths of one trial: the binomial error with n - 1
    flags = np.array([1] * 30 + [0] * 70)
    assert ragged_share(flags, np.ones(100)).standard_error == pytest.approx(np.sqrt(0.3 * 0.7 / 99))
    assert ragged_mean([6.0, 0.0], [3, 1], "h").value == 1.5
    with pytest.raises(ValueError, match="at least one trial"):
        ragged_share([0], [0])
    values = np.arange(400.0).reshape(100, 4)
    values[:, 3] = np.nan
    median = ragged_quantile(values, 0.5)
    assert median.value == pytest.approx(199.0, abs=1.0)
    assert median.standard_error > 0.0


@pytest.mark.tiny
@pytest.mark.parametrize("longest", [0.01, 0.5, 3.0, 24.0, 336.0])
def test_durations_rise_to_the_longest(longest):
    found = durations(longest)
    assert found[-1] == longest
    assert found == sorted(set(found))
    assert len(found) <= 70


def call(*words):
    return CliRunner(env={"COLUMNS": "130"}).invoke(app, ["survival", *map(str, words)])


SYSTEM = "load_kw = [1, 2, 2, 1]\n[[generators]]\nunits = 2\npower_kw = 1\nmean_time_to_failure_h = 5\n[battery]\n"
SYSTEM += "power_kw = 1\nenergy_kwh = 4\nstate_of_charge = 0.75\nleast_state_of_charge = 0.5\n"


def test_the_command_for_a_system(tmp_path):
    file = tmp_path / "system.toml"
    file.write_text(SYSTEM, encoding="utf-8")
    done = call("--system", file, "--duration-h", 3, "--seed", 7, "--csv", tmp_path / "a.csv")
    assert done.exit_code == 0, done.output
    assert "0.557056" in done.stdout
    with (tmp_path / "a.csv").open(encoding="utf-8") as stream:
        rows = {(row["number"], row["at"]): row for row in csv.DictReader(stream)}
    assert float(rows["by_start_hour", "1"]["exact"]) == pytest.approx(0.557056, abs=1e-12)
    both = json.loads(call("--system", file, "--duration-h", 3, "--seed", 7, "--json").stdout)
    assert both["exact"]["by_start_hour_and_duration"][0] == pytest.approx([1.0, 0.8704, 0.557056], abs=1e-12)
    simulated = both["simulated"]["by_start_hour"][0]
    assert abs(simulated["value"] - 0.557056) < 3 * simulated["standard_error"]
    assert "simulated" not in json.loads(call("--system", file, "--trials", 0, "--json").stdout)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "type the name of a study, or --system and a file"),
        (("nordic_inference", "--system", "a.toml"), "one of the two"),
        (("nordic_inference", "--duration-h", "0"), "--duration-h 0: must be above 0 and at most 336 hours"),
        (("nordic_inference", "--duration-h", "nan"), "--duration-h nan: must be above 0"),
        (("nordic_inference", "--paths", "3"), "--paths 3: must be from 24"),
        (("nordic_inference", "--trials", "3"), "--trials goes with --system"),
        (("--system", "none.toml"), "none.toml: no such file"),
        (("--system", "none.toml", "--paths", "30"), "--paths and --set go with a study"),
        (("nordic_inferense",), "did you mean nordic_inference"),
    ],
)
def test_what_is_refused(words, message):
    done = call(*words)
    assert done.exit_code == 2, done.output
    assert message in done.stderr


def test_the_command_for_a_study(tmp_path):
    done = call(
        "nordic_inference", "--set", "study.years=2", "--paths", 24, "--seed", 3, "--duration-h", 4, "--out",
        tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "chance that the load is carried through an outage of 4 h" in done.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "survival.csv", "survival.json", "survival_curves.png", "survival_curves.svg", "survival_hours.png",
        "survival_hours.svg",
    }  # fmt: skip
    record = json.loads((tmp_path / "out/survival.json").read_text(encoding="utf-8"))
    assert record["strategies"][0]["owns_nothing"] is True
    assert record["strategies"][0]["bounds_by_duration"][-1] == [0.0, 0.0]
    assert record["strategies"][1]["bounds_by_duration"] is None
    assert record["strategies"][0]["loads"]["full"]["chance"]["value"] == 0.0
    stored = record["strategies"][1]["loads"]
    curves = [[number["value"] for number in stored[load]["by_duration"]] for load in ("full", "capped")]
    assert all(np.all(np.diff(curve) <= 0.0) for curve in curves)
    assert np.all(np.array(curves[1]) >= np.array(curves[0]))

"""Tails of dependent years, what changes in them between two runs, and the command that compares weathers."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from distributions.estimate import clustered_quantile, difference, tail_value_at_risk
from distributions.estimate_tails import clustered_quantile_difference, clustered_tail_mean, tail_terms
from riskmodel.quantities import Quantity
from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from studies import coupling_study
from studies.cli import app
from studies.cli_table import spread_lines
from studies.coupling_study import Case, compare
from tests.fake_engine import STUDY, fake_simulate_range, small_study

EXTRA_EUR = 1e7


def test_tail_mean_and_its_parts_by_hand():
    losses = np.array([[0.0, 1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 10.0, 30.0]])
    assert clustered_tail_mean(losses, 0.8).value == pytest.approx(20.0)
    # one and a half of ten: 30 and half of 10
    assert clustered_tail_mean(losses, 0.85).value == pytest.approx((30.0 + 0.5 * 10.0) / 1.5)
    part = np.zeros((2, 5))
    part[1, 3:] = 8.0, 2.0
    assert clustered_tail_mean(losses, 0.85, part=part).value == pytest.approx((2.0 + 0.5 * 8.0) / 1.5)
    assert clustered_tail_mean(losses, 0.85, part=losses - part).value == pytest.approx((28.0 + 0.5 * 2.0) / 1.5)
    # three tied years share the room of one: each counts a third
    tied = np.array([[9.0, 9.0], [9.0, 0.0]])
    assert clustered_tail_mean(tied, 0.75, part=np.array([[1.0, 0.0], [0.0, 0.0]])).value == pytest.approx(1.0 / 3.0)


def test_one_year_a_path_is_the_plain_tail_mean():
    values = np.random.default_rng(3).normal(size=20_000)
    clustered, plain = clustered_tail_mean(values[:, None], 0.99), tail_value_at_risk(values, 0.99)
    assert clustered.value == pytest.approx(plain.value, rel=1e-12)
    assert clustered.standard_error == pytest.approx(plain.standard_error, rel=0.02)


def test_wrong_samples_are_refused():
    with pytest.raises(ValueError, match="must be in"):
        tail_terms([[1.0]], 1.0)
    with pytest.raises(ValueError, match="shape"):
        tail_terms([[1.0, 2.0]], 0.5, [[1.0]])
    with pytest.raises(ValueError, match="NaN"):
        tail_terms([[1.0, math.nan]], 0.5)
    with pytest.raises(ValueError, match="numbers of paths"):
        clustered_quantile_difference(np.ones((2, 3)), np.ones((3, 3)), 0.5)


def _lives(rng):
    """Two runs of 400 paths of 15 years: half of each year's spread belongs to the path and is the same in both."""
    level = rng.exponential(1.0, (400, 1))
    return [level * rng.exponential(1.0, (400, 15)) for _ in range(2)]


def _ratio(estimator, repeats=300):
    """Mean stated error over the standard deviation of the estimate, on `repeats` samples."""
    rng = np.random.default_rng(2)
    estimates = [estimator(*_lives(rng)) for _ in range(repeats)]
    return np.mean([e.standard_error for e in estimates]) / np.std([e.value for e in estimates], ddof=1)


def _tail_difference(a, b):
    return difference(tail_terms(a, 0.95), tail_terms(b, 0.95))


def _unpaired(a, b):
    first, second = clustered_tail_mean(a, 0.95), clustered_tail_mean(b, 0.95)
    error = math.hypot(first.standard_error, second.standard_error)
    return type(first)(first.value - second.value, error, first.n)


# The scatter of 300 samples has a relative error of 4 to 6 % (heavier than normal): 3.9 of them are 0.77 to 1.3 at a
# false alarm of 1e-4, with a few per cent of bias at 400 paths; a stated error wrong by a third is caught.
@pytest.mark.parametrize(
    "estimator",
    [
        lambda a, b: clustered_tail_mean(a, 0.95),
        lambda a, b: clustered_tail_mean(a, 0.95, part=0.5 * a + b),
        lambda a, b: clustered_tail_mean(a, 0.95, part=b > 3.0),
        _tail_difference,
        lambda a, b: clustered_quantile_difference(a, b, 0.95),
    ],
)
def test_stated_errors_are_the_true_errors(estimator):
    assert 0.75 < _ratio(estimator) < 1.3


@pytest.mark.parametrize(
    ("estimator", "low", "high"),
    [
        (lambda a, b: tail_value_at_risk(a, 0.95), 0.0, 0.75),  # years of a path taken as independent: too small
        (_unpaired, 1.3, 9.0),  # what the paths share is not taken off: too large
    ],
)
def test_negative_control_errors_that_forget_the_paths_fail(estimator, low, high):
    assert low < _ratio(estimator) < high


def test_two_equal_runs_differ_by_nothing():
    losses, _ = _lives(np.random.default_rng(4))
    for found in (_tail_difference(losses, losses), clustered_quantile_difference(losses, losses, 0.9)):
        assert found.value == 0.0
        assert found.standard_error == pytest.approx(0.0, abs=1e-7)


def _case(paths=300, seed=5):
    return Case(small_study(), small_study(overrides=["site.weather_coupling=false"]), paths, seed)


def _engine(extra=0.0):
    """The stand-in, with dearer energy in one year of every tenth path where the weather is shared."""

    def simulate(study, seed, first, n, **how):
        result = fake_simulate_range(study, seed, first, n, **how)
        bad = np.arange(first, first + n) % 10 == 0
        result.annual[bad, :, 3, Quantity.ENERGY_COST_EUR] += extra * study.site.weather_coupling
        return result

    return simulate


def test_record_of_two_equal_runs():
    """Without any effect of the weather every difference is exactly 0, and parts add up."""
    record = compare(_case(), simulate_range=_engine())
    assert record["simulated_years"] == 1200
    for found in record["strategies"]:
        assert not found["told_apart"]
        assert found["coupled"] == found["uncoupled"]
        assert all(number["value"] == 0.0 for number in found["difference"].values())
        parts = [found["coupled"][f"worst_1_percent_{name}_eur"]["value"] for name in ("energy", "downtime")]
        assert sum(parts) == pytest.approx(found["coupled"]["worst_1_percent_eur"]["value"], rel=1e-12)
        means = [found["coupled"][f"mean_{name}_eur"]["value"] for name in ("energy", "downtime")]
        assert sum(means) == pytest.approx(found["coupled"]["mean_eur"]["value"], rel=1e-12)


def test_record_of_runs_that_differ_by_what_was_put_in():
    """A tenth of the paths pay 10 million more in one year of four: 250 kEUR a year on average. The worst 1 % are all
    among them; other years were the worst before, so it rises by somewhat less."""
    record = compare(_case(), simulate_range=_engine(EXTRA_EUR))
    for found in record["strategies"]:
        assert found["told_apart"]
        assert found["difference"]["mean_eur"]["value"] == pytest.approx(EXTRA_EUR / 40)
        worst = found["difference"]["worst_1_percent_eur"]
        assert worst["value"] == pytest.approx(EXTRA_EUR, rel=0.1)
        assert 0.0 < worst["standard_error"] < 0.1 * EXTRA_EUR
        assert found["difference"]["worst_1_percent_downtime_eur"]["value"] < 0.05 * EXTRA_EUR
        assert found["curves"]["difference"][-1]["value"] > 0.5 * EXTRA_EUR


def test_numbers_of_a_run_are_those_of_its_ledger():
    """Energy and downtime of the record are the yearly means that a run writes for each path."""
    from riskmodel.ledger import build_ledger
    from riskmodel.path_tables import paths_columns

    case = _case()
    record = compare(case, simulate_range=fake_simulate_range)
    result = fake_simulate_range(case.coupled, case.seed, 0, case.paths)
    columns = paths_columns(case.coupled, result, build_ledger(case.coupled, result))
    for name, column in (("energy", "energy_cost_eur_per_year"), ("downtime", "downtime_loss_eur_per_year")):
        means = columns[column].reshape(case.paths, -1).mean(axis=0)
        found = [strategy["coupled"][f"mean_{name}_eur"]["value"] for strategy in record["strategies"]]
        assert found == pytest.approx(means, rel=1e-12)


def test_years_with_an_extreme_outage_are_counted_once():
    study = small_study()
    result = fake_simulate_range(study, 5, 0, 20)
    result.events["cause"][:] = np.where(result.events["year"] == 2, 3, 2)
    extreme = coupling_study._yearly(study, result).extreme[:, 0]
    assert np.array_equal(extreme[:, 1], result.annual[:, 0, 1, Quantity.INTERRUPTIONS] > 0)
    assert not extreme[:, [0, 2, 3]].any()


@pytest.fixture
def command(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("riskmodel.engine.simulate_range", _engine(EXTRA_EUR))
    file = tmp_path / "small.toml"
    file.write_text(STUDY.format(years=4), encoding="utf-8")

    def call(*words):
        return CliRunner().invoke(app, ["coupling", str(file), "--seed", "5", *map(str, words)])

    return call


def test_command_prints_a_table_and_says_what_is_told_apart(command):
    done = command("--paths", 260)
    assert done.exit_code == 0, done.output
    for text in ("worst 1 %", "one weather", "a weather each", "difference", "more than twice its error", "seed 5"):
        assert text in done.stdout
    assert "Waiting for power is not in this loss" in done.stdout


def test_command_writes_tables_and_figure(command, tmp_path):
    done = command("--paths", 260, "--json", "--out", "out")
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    files = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert sorted(files) == ["coupling.csv", "coupling.json", "coupling.png", "coupling.svg"]
    assert json.loads(files["coupling.json"]) == record
    # strategies x (9 + 9 + 6 numbers), and the heading
    assert len(files["coupling.csv"].decode().splitlines()) == 1 + 3 * 24
    command("--paths", 260, "--json", "--out", "again")
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "again").iterdir()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--paths", 1], "--paths 1: must be from 2 to 1,000,000 lifetimes"),
        (["--paths", 249], "type --paths 250 or more"),
        (["--out", "small.toml"], "is a file"),
        (["--set", "site.weather_couplin=true"], "weather_coupling"),
    ],
)
def test_command_says_what_is_wrong_and_writes_nothing(command, tmp_path, words, message):
    done = command(*words)
    assert done.exit_code == 2
    assert message in done.output
    assert [file.name for file in tmp_path.iterdir()] == ["small.toml"]


def test_quantile_difference_without_known_errors_says_so():
    few = np.arange(10.0).reshape(5, 2)
    assert math.isinf(clustered_quantile_difference(few, few + 1.0, 0.99).standard_error)
    assert math.isinf(clustered_quantile(few, 0.99).standard_error)


def test_spread_of_results_is_printed_and_shown_again(monkeypatch, tmp_path):
    """A run of 300 paths simulates 32 of them again: enough to split; `show` of its folder prints the same lines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    run_to_folder(small_study(), "out", 300, 7, simulate_range=fake_simulate_range)
    done = CliRunner().invoke(app, ["show", "out"])
    assert done.exit_code == 0, done.output
    lines = [line for line in done.stdout.splitlines() if "study inputs" in line]
    # two strategies beside the baseline differ from it; the downtime of all three
    assert [line.split()[0] for line in lines] == ["string", "diesel", "grid", "string", "diesel"]
    results = load_results("out")
    assert lines == [line for line in spread_lines(results) if "study inputs" in line]
    for name, kind, words in (("string", "chance", "chance"), ("diesel", "inputs", "study inputs")):
        share = results.estimate(name, f"delta_npv_eur:variance_share_{kind}").scaled(100.0, "%")
        assert f"{words} {share}" in next(line for line in lines if line.split()[0] == name)
    assert done.stdout.count("Spread of the NPV difference") == done.stdout.count("Spread of the downtime loss") == 1
    read = json.loads(CliRunner().invoke(app, ["show", "out", "--json"]).stdout)
    assert read["paths"] == 300
    refused = CliRunner().invoke(app, ["show", "out", "--set", "study.years=3"])
    assert refused.exit_code == 2
    assert "run the study again with --set" in refused.output


def test_too_few_paths_print_no_spread_and_an_unreadable_folder_is_refused(tmp_path):
    results = run_to_folder(small_study(), tmp_path / "out", 8, 7, simulate_range=fake_simulate_range)
    assert spread_lines(results) == []
    (tmp_path / "out" / "manifest.json").write_text("{")
    done = CliRunner().invoke(app, ["show", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "no results here" in done.output

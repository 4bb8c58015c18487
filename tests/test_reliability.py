"""The reliability view: against sums over the tables by other means, by hand, and as a command."""

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from distributions.estimate import Estimate
from distributions.estimate_tails import clustered_quantile_interval
from riskmodel.quantities import CAUSES
from riskmodel.reliability import GROUPS, LOST, nines, ratio, reliability, reliability_rows
from riskmodel.run import run_to_folder
from studies.cli import app
from tests.fake_engine import fake_simulate_range, small_study, without_events

PATHS, YEARS = 40, 4
STRATEGIES = ("grid", "string", "diesel")


def varied(study, seed, first, n, **how):
    """The stand-in, with events of every family, outcome and duration."""
    result = fake_simulate_range(study, seed, first, n, **how)
    events = result.events
    number = events["event"].astype(np.int64) + events["path"]
    events["cause"] = (number % 5).astype(np.int8)
    events["duration_s"] = np.array([0.2, 10.0, 299.0, 301.0, 7200.0])[(number // 5) % 5]
    events["outcome"] = np.array([0, 1, 2, 3, 4, 5], np.int8)[(number + events["strategy"]) % 6]
    return result


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run_to_folder(small_study(), tmp_path_factory.mktemp("run"), PATHS, 7, simulate_range=varied)


@pytest.fixture(scope="module")
def found(results):
    return reliability(results)


def per_path(frame, column=None):
    """Yearly mean of each path, zeros where it has no row."""
    groups = frame.groupby("path")
    sums = groups.size() if column is None else groups[column].sum()
    return sums.reindex(range(PATHS), fill_value=0).to_numpy(dtype=float) / YEARS


def error(values):
    return values.std(ddof=1) / math.sqrt(values.size)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_counts_and_gpu_hours_are_sums_over_the_events(results, found, name, group):
    events = results.events
    rows = events[(events["strategy"] == name) & events["cause"].isin(GROUPS[group])]
    metrics = found.strategies[name][group]
    noticed = per_path(rows[rows["outcome"] != "unaffected"])
    assert metrics["noticed_per_year"].value == pytest.approx(noticed.mean(), rel=1e-12)
    assert metrics["noticed_per_year"].standard_error == pytest.approx(error(noticed), rel=1e-9)
    stops = per_path(rows[rows["outcome"].isin(["orderly_stop", "abrupt_stop"])])
    assert metrics["stops_per_year"].value == pytest.approx(stops.mean(), rel=1e-12)
    total = np.zeros(PATHS)
    for cause in LOST:
        lost = per_path(rows, f"gpu_hours_{cause}")
        assert metrics[f"gpu_hours_lost_{cause}_per_year"].value == pytest.approx(lost.mean(), rel=1e-9)
        total += lost
    assert metrics["gpu_hours_lost_per_year"].value == pytest.approx(total.mean(), rel=1e-9)
    assert metrics["gpu_hours_lost_per_year"].standard_error == pytest.approx(error(total), rel=1e-9)
    if group != "all":
        assert metrics["loss_eur_per_year"].value == pytest.approx(per_path(rows, "eur_lost").mean(), rel=1e-9)


@pytest.mark.parametrize("name", STRATEGIES)
def test_availability_is_powered_time_that_is_neither_waiting_nor_restart(results, found, name):
    years, events = results.years, results.events
    rows = events[events["strategy"] == name]
    down = per_path(rows, "gpu_hours_waiting") + per_path(rows, "gpu_hours_restart")
    powered = per_path(years[(years["strategy"] == name) & (years["year"] > 0)], "powered_gpu_hours")
    share = down.mean() / powered.mean()
    metrics = found.strategies[name]["all"]
    assert metrics["availability"].value == pytest.approx(1.0 - share, rel=1e-12)
    assert metrics["downtime_h_per_year"].value == pytest.approx(8760.0 * share, rel=1e-9)
    assert metrics["nines"].value == pytest.approx(-math.log10(share), rel=1e-9)
    # the error of a ratio by leaving out one path at a time (jackknife) agrees
    left = np.array([np.delete(down, k).mean() / np.delete(powered, k).mean() for k in range(PATHS)])
    jackknife = math.sqrt((PATHS - 1) / PATHS * np.sum((left - left.mean()) ** 2))
    assert metrics["availability"].standard_error == pytest.approx(jackknife, rel=0.02)
    assert metrics["nines"].standard_error == pytest.approx(jackknife / share / math.log(10.0), rel=0.02)


def test_the_whole_loss_is_that_of_the_summary(results, found):
    for name in STRATEGIES:
        metrics = found.strategies[name]["all"]
        for metric, other in (
            ("loss_eur_per_year", "downtime_loss_eur_per_year:mean"),
            ("loss_eur_1_in_20_year", "downtime_loss_eur_1_in_20_year"),
        ):
            expected = results.estimate(name, other)
            assert metrics[metric].value == pytest.approx(expected.value, rel=1e-9)
            assert metrics[metric].standard_error == pytest.approx(expected.standard_error, rel=1e-6)
        low, high = found.bad_year_eur[name]["all"]
        assert low <= metrics["loss_eur_1_in_20_year"].value <= high


def test_groups_add_up(found):
    for groups in found.strategies.values():
        for metric in ("noticed_per_year", "stops_per_year", "gpu_hours_lost_per_year", "downtime_h_per_year"):
            parts = [groups[group][metric].value for group in GROUPS if group != "all"]
            assert groups["all"][metric].value == pytest.approx(math.fsum(parts), rel=1e-9)
    assert sorted(family for group in list(GROUPS)[1:] for family in GROUPS[group]) == sorted(CAUSES)


def test_the_grid_as_one_customer_sees_it(results, found):
    events = results.events
    events = events[events["strategy"] == "grid"]
    cut = events[events["cause"].isin(["momentary", "sustained", "extreme"])]
    long, short = cut[cut["duration_s"] > 300.0], cut[cut["duration_s"] <= 300.0]
    grid = found.grid
    assert grid["saifi_per_year"].value == pytest.approx(len(long) / PATHS / YEARS, rel=1e-12)
    assert grid["maifi_per_year"].value == pytest.approx(len(short) / PATHS / YEARS, rel=1e-12)
    hours = long["duration_s"].sum() / 3600.0
    assert grid["saidi_h_per_year"].value == pytest.approx(hours / PATHS / YEARS, rel=1e-12)
    assert grid["caidi_h"].value == pytest.approx(hours / len(long), rel=1e-12)
    sags = (events["cause"] == "sag").sum()
    assert grid["sags_beyond_tolerance_per_year"].value == pytest.approx(sags / PATHS / YEARS, rel=1e-12)


def test_nines_by_hand():
    # 8.76 h of 8,760 h: three nines; an error of 10 % of it is 0.1 / ln 10 = 0.0434 nines
    found = nines(Estimate(1e-3, 1e-4, 9))
    assert (found.value, found.standard_error) == (pytest.approx(3.0), pytest.approx(0.043429, abs=1e-6))
    assert nines(Estimate(0.0, 0.0, 9)).value == math.inf


def test_ratios_without_a_whole():
    ones = np.ones(5)
    assert ratio(ones, 2.0 * ones).value == 0.5
    assert ratio(ones, 0.0 * ones).value == math.inf
    assert ratio(0.0 * ones, 0.0 * ones) == Estimate(0.0, 0.0, 5)


def test_what_was_not_seen_is_not_impossible(tmp_path):
    def ridden_through(study, seed, first, n, **how):
        result = fake_simulate_range(study, seed, first, n, **how)
        found = dict(result.events)
        for name in ("damaged_servers", "genset_kwh", *(f"gpu_hours_{cause}" for cause in LOST)):
            found[name] = found[name] * 0.0
        found["outcome"] = np.ones_like(found["outcome"])
        return replace(without_events(result), events=found)

    results = run_to_folder(small_study(), tmp_path / "run", 10, 7, simulate_range=ridden_through)
    metrics = reliability(results).strategies["grid"]["all"]
    # Jeffreys: gamma with shape 1/2 over 40 years has standard deviation sqrt(1/2) / 40
    assert metrics["stops_per_year"].value == 0.0
    assert metrics["stops_per_year"].standard_error == pytest.approx(math.sqrt(0.5) / 40.0)
    assert metrics["time_between_stops_h"].value == math.inf
    assert (metrics["availability"].value, metrics["availability"].standard_error) == (1.0, math.inf)
    printed = CliRunner().invoke(app, ["reliability", str(tmp_path / "run")]).output
    assert "no downtime" in printed
    assert "none seen" in printed
    calls = reliability(results).strategies["grid"]["curtailments"]
    assert calls["stops_per_year"] == Estimate(0.0, 0.0, 10, "1/year")


def _lives(rng):
    """400 paths of 15 years, half of each year's spread the path's own; the 95 % quantile is 3.08 (by 10^7 draws)."""
    return rng.exponential(1.0, (400, 1)) * rng.exponential(1.0, (400, 15))


def test_the_interval_of_a_bad_year_covers():
    # A 95 % interval over 400 samples of 400 paths: the coverage has a standard error of 1.1 %, so below 90.5 % or
    # above 99.1 % comes by chance in about 1 of 10,000. The control takes years as independent and covers less.
    rng = np.random.default_rng(4)
    truth = np.quantile(rng.exponential(1.0, 4_000_000) * rng.exponential(1.0, 4_000_000), 0.95)
    inside = alone = 0
    for _ in range(400):
        lives = _lives(rng)
        low, high = clustered_quantile_interval(lives, 0.95)
        inside += low <= truth <= high
        low, high = clustered_quantile_interval(lives.reshape(-1, 1), 0.95)
        alone += low <= truth <= high
    assert 0.905 < inside / 400 < 0.991
    assert alone / 400 < 0.905


def test_intervals_of_tiny_samples():
    assert clustered_quantile_interval([[1.0, 2.0]], 0.5) == (-math.inf, math.inf)
    low, high = clustered_quantile_interval([[1.0], [2.0], [3.0]], 0.95)
    assert (low, high) == (-math.inf, math.inf) or high == math.inf
    with pytest.raises(ValueError, match="NaN"):
        clustered_quantile_interval([[1.0, math.nan]], 0.5)


def test_the_command(results, found, tmp_path):
    run = CliRunner().invoke
    printed = run(app, ["reliability", str(results.folder), "--out", str(tmp_path / "out")])
    assert printed.exit_code == 0, printed.output
    for words in ("SAIFI", "nines", "Sags only", "Extreme events only", "40 paths of 4 years, seed 7"):
        assert words in printed.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        f"reliability.{kind}" for kind in ("csv", "json", "png", "svg")
    }
    as_csv = run(app, ["reliability", str(results.folder), "--csv"]).output
    assert as_csv == (tmp_path / "out" / "reliability.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert len(rows) == len(reliability_rows(found))
    record = json.loads(run(app, ["reliability", str(results.folder), "--json"]).output)
    assert record == json.loads((tmp_path / "out" / "reliability.json").read_text(encoding="utf-8"))
    value = record["estimates"]["string"]["sags:stops_per_year"]["value"]
    assert value == found.strategies["string"]["sags"]["stops_per_year"].value


def test_one_path_without_any_event(tmp_path):
    def quiet(study, seed, first, n, **how):
        return without_events(fake_simulate_range(study, seed, first, n, **how))

    run_to_folder(small_study(), tmp_path / "run", 1, 7, simulate_range=quiet)
    for more in ([], ["--json"], ["--csv"], ["--out", str(tmp_path / "out")]):
        said = CliRunner().invoke(app, ["reliability", str(tmp_path / "run"), *more])
        assert said.exit_code == 0, said.output
    assert "Calls of the grid operator only: none reached any strategy" in said.output
    assert (tmp_path / "out" / "reliability.png").is_file()
    assert CliRunner().invoke(app, ["goodput", str(tmp_path / "run"), "--json"]).exit_code == 0


def test_bad_input_ends_in_one_message(results, tmp_path):
    run = CliRunner().invoke
    for command in ("reliability", "goodput"):
        nothing = run(app, [command, str(tmp_path / "none")])
        assert nothing.exit_code == 2
        assert "no results here" in nothing.output
        both = run(app, [command, str(results.folder), "--json", "--csv"])
        assert both.exit_code == 2
        assert "--json and --csv: type one of them" in both.output
    (tmp_path / "file").write_text("")
    taken = run(app, ["reliability", str(results.folder), "--out", str(tmp_path / "file")])
    assert (taken.exit_code, "is a file: type the name of a folder" in taken.output) == (2, True)

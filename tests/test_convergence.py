"""Diagnostics of a finished run: false alarms, what is found, and what is told."""

import itertools
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import kruskal, kstest

from distributions.laws import from_spec
from riskmodel.convergence import BATCHES, FALSE_ALARM, LARGEST_SHARE, always_different, check_paths, diagnose, notes
from riskmodel.range_checks import BrokenPath
from riskmodel.run import RunFailed, run_to_folder
from riskmodel.variance_split import METRICS
from tests.fake_engine import fake_simulate_range, small_study

NAMES = ("bare", "stored")
N = 10_000


def table(folder, columns):
    """A paths table with two strategies; results that are not given are constant."""
    n = len(next(iter(columns.values())))
    whole = {"path": np.repeat(np.arange(n), 2)}
    for name in dict.fromkeys((*METRICS, *columns)):
        whole[name] = np.asarray(columns.get(name, np.zeros((n, 2))), dtype=np.float64).ravel()
    pq.write_table(pa.table(whole), folder / "paths.parquet")
    return folder


def two(values):
    """The same drawn result for both strategies, the second one moved and scaled."""
    return np.column_stack([values, 3.0 + 0.5 * values])


def test_the_statistic_is_that_of_kruskal_and_wallis(tmp_path):
    rng = np.random.default_rng(1)
    for values in (rng.normal(size=997), rng.integers(0, 5, 1000).astype(float)):  # with ties too
        found = diagnose(table(tmp_path, {"npv_eur": two(values)}), NAMES)
        edges = np.arange(BATCHES + 1) * values.size // BATCHES
        wanted = kruskal(*(values[a:z] for a, z in itertools.pairwise(edges))).pvalue
        assert [one.p_value for one in found] == pytest.approx([wanted, wanted], rel=1e-9)


@pytest.mark.parametrize("tail", [0.0, 3.0])
def test_false_alarms_are_as_rare_as_said(tmp_path, tail):
    """p-values of good paths are uniform, however heavy the tail. False alarm of this test 1e-4; with the stretches
    drawn from two means a quarter of a standard deviation apart (the control) it fails."""
    rng = np.random.default_rng(2)

    def p_values(shift):
        found = []
        for _ in range(150):
            values = rng.normal(size=1000)
            values[:500] += shift
            values = np.exp(tail * values) if tail else values
            found.append(diagnose(table(tmp_path, {"npv_eur": two(values)}), NAMES)[0].p_value)
        return kstest(found, "uniform").pvalue

    assert p_values(0.0) > 1e-4
    assert p_values(0.25) < 1e-4


@pytest.mark.parametrize(("part", "shift"), [(slice(0, 5000), 0.3), (slice(2000, 2500), 0.8)])
def test_paths_unlike_the_others_are_found(tmp_path, part, shift):
    """Power above .9 at the stated shifts: at least 18 of 20 samples are found (4e-2 to pass with a power of .8)."""
    rng, hits = np.random.default_rng(3), 0
    for _ in range(20):
        values = rng.normal(size=N)
        values[part] += shift
        hits += diagnose(table(tmp_path, {"npv_eur": two(values)}), NAMES)[0].p_value < FALSE_ALARM
    assert hits >= 18
    found = diagnose(tmp_path, NAMES)
    with pytest.raises(BrokenPath, match="unlike the others in npv_eur of bare"):
        check_paths(tmp_path, NAMES, 7, found)
    if part.start:
        assert (found[0].odd_first, found[0].odd_end) == (2000, 2500)


def test_a_path_that_is_there_twice_is_found(tmp_path):
    values = two(np.random.default_rng(4).normal(size=N))

    def check(**changed):
        columns = {"npv_eur": values, "scalar:x": np.column_stack([values[:, 0], np.full(N, np.nan)])} | changed
        check_paths(table(tmp_path, columns), NAMES, 7, diagnose(tmp_path, NAMES), "scalar:x", 100)

    check()
    check(npv_eur=np.ones((N, 2)))  # the same result of other inputs
    values[8000] = values[17]
    with pytest.raises(BrokenPath, match=r"path 8,100: it is path 117 again.*--seed 7 --first-path 8100 --paths 1"):
        check()


def test_lifetimes_may_be_alike_where_no_input_is_continuous():
    def law_column(spec):
        return always_different(SimpleNamespace(law_fields=lambda: [("a.x", "x", from_spec(spec))]))

    assert always_different(small_study()) is not None
    assert law_column({"law": "uniform", "low": 100.0, "high": 200.0}) == "scalar:x"
    assert law_column(150.0) is None
    assert law_column({"law": "empirical", "values": [100.0, 200.0]}) is None
    assert law_column({"law": "normal", "mean": 1e9, "sd": 1e-3}) is None


def test_an_error_that_rests_on_one_path_is_told(tmp_path):
    values = np.random.default_rng(6).normal(size=1000)
    assert notes(diagnose(table(tmp_path, {"downtime_loss_eur_per_year": two(values)}), NAMES), "EUR") == []
    values[123] = 40.0
    found = diagnose(table(tmp_path, {"downtime_loss_eur_per_year": two(values)}), NAMES)
    share = (values[123] - values.mean()) ** 2 / np.sum((values - values.mean()) ** 2)
    assert [(one.largest_path, one.largest_share) for one in found] == [(123, pytest.approx(share))] * 2
    assert share > LARGEST_SHARE
    text = notes(found, "USD")[1]
    assert text.startswith(f"stored: path 123 alone makes {100 * share:.0f} % of the variance of downtime_loss_usd")


def test_a_range_simulated_under_a_wrong_number_stops_the_run(tmp_path):
    """The same lives under other numbers pass every check of their own range."""

    def engine(study, seed, first, n, **how):
        result = fake_simulate_range(study, seed, 0 if first == 200 and "again" not in how else first, n, **how)
        if result.first_path == first:
            return result
        from dataclasses import replace

        events = result.events | {"path": result.events["path"] + first}
        return replace(result, first_path=first, events=events)

    with pytest.raises(RunFailed, match="path 200: it is path 0 again"):
        run_to_folder(small_study(), tmp_path / "run", 300, 7, simulate_range=engine, paths_per_range=100)
    good = run_to_folder(
        small_study(), tmp_path / "good", 300, 7, simulate_range=fake_simulate_range, paths_per_range=100
    )
    assert {one["metric"] for one in good.manifest["convergence"]["results"]} == set(METRICS)

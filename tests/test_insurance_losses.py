"""Event losses, exceedance curves by the rules of ORD and their errors: published answers, by hand, and bad input."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from riskmodel.insurance.exceedance import KINDS, annual, exceedance, points, sorted_curve, years_needed
from riskmodel.insurance.from_csv import events_of_csv
from riskmodel.insurance.from_results import events_of
from riskmodel.insurance.losses import EventLosses, Periods, equal_periods
from riskmodel.insurance.ord_files import check_folder
from riskmodel.insurance.ord_format import TABLES
from riskmodel.run import run_to_folder
from riskmodel.study import StudyError
from studies.cli import app
from tests.fake_engine import fake_simulate_range, small_study, without_events

SHARED = Path(__file__).parents[2] / "shared" / "data" / "insurance"
needs_piwind = pytest.mark.skipif(not SHARED.exists(), reason="the PiWind tables are not in ../shared")


def table(period, loss, n, event=None, **more):
    """Events without anything but a loss, in order."""
    m = len(period)
    unknown = np.full(m, np.nan)
    event = np.arange(m) if event is None else np.asarray(event)
    columns = {"duration_h": unknown, "down_h": unknown, "hour": unknown} | more
    return EventLosses(
        "x",
        "",
        equal_periods(n),
        ("event",),
        np.asarray(period),
        event,
        np.zeros(m, int),
        np.asarray(loss, float),
        **columns,
    )


@pytest.mark.tiny
def test_the_worked_example_of_the_standard():
    # OasisLMF, TVaR example: the five worst of P = 100 years; TVaR at 100/3 years is the mean of the worst three
    losses = [3400000, 3400000, 2033857.652, 1837870.138, 1482930.927]
    curve = sorted_curve(np.array(losses + [0.0] * 95), np.full(100, 0.01))
    assert curve.tail(100 / 3) == pytest.approx(2944619.2173, abs=1e-4)
    assert curve.tail(25) == pytest.approx(2667931.9475, abs=1e-4)
    assert curve.at(25) == 1837870.138
    # half way between 25 and 33.33 years: half way between the losses
    assert curve.at((25 + 100 / 3) / 2) == pytest.approx((1837870.138 + 2033857.652) / 2, rel=1e-12)
    assert curve.longest == 100
    # equal weights that are not told to be equal give the same to rounding
    weighted = sorted_curve(np.array(losses + [0.0] * 95), np.full(100, 0.01) * (1 + 1e-9 * np.arange(100)))
    assert weighted.tail(25) == pytest.approx(2667931.9475, rel=1e-6)


@pytest.mark.tiny
def test_a_year_of_twice_the_weight_is_two_years():
    losses = np.array([9.0, 7.0, 4.0, 1.0, 0.0])
    weight = np.array([1.0, 2.0, 1.0, 3.0, 3.0]) / 10
    once = sorted_curve(losses, weight)
    twice = sorted_curve(np.repeat(losses, [1, 2, 1, 3, 3]), np.full(10, 0.1))
    for years in (10.0, 10 / 3, 2.5, 10 / 7):
        assert once.at(years) == pytest.approx(twice.at(years), rel=1e-12)
        assert once.tail(years) == pytest.approx(twice.tail(years), rel=1e-12)


def piwind(perspective, sample):
    import gzip

    with gzip.open(SHARED / "PiWind_period_loss_table.csv.gz", "rt") as stream:
        rows = [
            (int(row["Period"]) - 1, int(row["EventId"]), float(row["Loss"]))
            for row in csv.DictReader(stream)
            if row["perspective"] == perspective and int(row["SampleId"]) == sample
        ]
    period, event, loss = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return table(period, loss, 1000, event)


def expected(name, **chosen):
    with (SHARED / name).open() as stream:
        return [row for row in csv.DictReader(stream) if all(row[key] == value for key, value in chosen.items())]


@needs_piwind
@pytest.mark.parametrize(
    ("perspective", "sample", "file", "chosen"),
    [
        ("gul", -1, "EPT", {"EPCalc": "1"}),
        ("il", -1, "EPT", {"EPCalc": "1"}),
        ("gul", 1, "EPT", {"EPCalc": "2"}),
        ("il", 1, "EPT", {"EPCalc": "2"}),
        ("gul", 1, "PSEPT", {"SampleId": "1"}),
        ("ri", 1, "PSEPT", {"SampleId": "1"}),
    ],
)
def test_piwind_curves_and_means_are_reproduced(perspective, sample, file, chosen):
    losses = piwind(perspective, sample)
    rows = expected(f"PiWind_expected_{file}.csv", perspective=perspective, **chosen)
    wanted = {(int(row["EPType"]), float(row["ReturnPeriod"])): float(row["Loss"]) for row in rows}
    found = {
        (KINDS.index(p.kind) + 1, p.return_period): p.estimate.value
        for p in exceedance(losses, tuple({years for _, years in wanted}))
    }
    assert len(wanted) == 56
    for key, loss in wanted.items():
        assert found[key] == pytest.approx(loss, rel=3e-7, abs=1e-6), key
    kind = {-1: "1", 1: "2"}[sample]
    row = expected("PiWind_expected_AAL.csv", perspective=perspective, SampleType=kind)[0]
    moments = annual(losses.yearly_sum(), losses.periods)
    assert moments.aal.value == pytest.approx(float(row["MeanLoss"]), rel=3e-7)
    assert moments.sd.value == pytest.approx(float(row["SDLoss"]), rel=3e-7)
    # negative control: the rule that takes the mean of the worst N / T years, rounded, misses between ranks
    between = wanted[4, 75.0]
    worst = np.sort(losses.yearly_sum())[::-1]
    assert worst[:13].mean() != pytest.approx(between, rel=3e-7)


event_lists = st.lists(st.tuples(st.integers(0, 29), st.floats(0.0, 1e6)), min_size=1, max_size=60)


@given(event_lists)
@settings(max_examples=60, deadline=None)
def test_a_year_is_at_least_its_worst_event_and_a_tail_at_least_its_beginning(rows):
    rows = sorted(rows)
    losses = table([p for p, _ in rows], [x for _, x in rows], 30)
    found = {(p.kind, p.return_period): p for p in exceedance(losses, (2.0, 3.7, 10.0, 30.0))}
    for years in (2.0, 3.7, 10.0, 30.0):
        slack = 1e-9 * (1.0 + found["aep_tvar", years].estimate.value)
        assert found["aep", years].estimate.value >= found["oep", years].estimate.value - slack
        for kind in ("oep", "aep"):
            point = found[kind, years]
            assert found[f"{kind}_tvar", years].estimate.value >= point.estimate.value - slack
            assert point.low <= point.estimate.value <= point.high
    moments = annual(losses.yearly_sum(), losses.periods)
    assert moments.aal.value == pytest.approx(losses.loss.sum() / 30, rel=1e-12)


def clustered_years(n_paths, n_years, seed, spread=1.0):
    """Yearly lognormal losses whose level a path shares."""
    rng = np.random.default_rng(seed)
    level = spread * rng.standard_normal((n_paths, 1))
    values = np.exp(level + 0.5 * rng.standard_normal((n_paths, n_years))).ravel()
    n = n_paths * n_years
    cluster, year = np.divmod(np.arange(n), n_years)
    return values, Periods(np.full(n, 1.0 / n), cluster, year + 1, np.full(n, np.nan))


def test_errors_know_that_the_years_of_a_path_are_alike():
    """Standard errors against the spread of 400 repetitions of 300 paths of 10 years, seeds 1000..

    A spread of 400 is known to 3.5 %; the mean error must be within 15 % of it (4 sigma, and the linear form's own
    bias). Taking the years as independent understates it by a factor of 1.9 or more: the negative control.
    """
    shown = {}
    for seed in range(400):
        values, periods = clustered_years(300, 10, 1000 + seed, 0.5)
        moments = annual(values, periods)
        tails = points(values, periods, (20.0,))
        found = {"aal": moments.aal, "sd": moments.sd} | {p.kind: p.estimate for p in tails}
        for name, estimate in found.items():
            shown.setdefault(name, []).append((estimate.value, estimate.standard_error))
    for name, pairs in shown.items():
        value, error = np.array(pairs).T
        assert np.mean(error) == pytest.approx(np.std(value, ddof=1), rel=0.25 if name == "sd" else 0.15), name
    values, periods = clustered_years(300, 10, 0, 0.5)
    alone = annual(values, equal_periods(values.size))
    assert annual(values, periods).aal.standard_error > 1.9 * alone.aal.standard_error


def test_the_interval_of_a_rare_loss_covers_it():
    """1-in-100-year loss of 200 independent years, 2,000 times, seed 5: the interval misses above in at most 5 %.

    Two-sided 95 % and conservative: misses are expected in at most 5 % of repetitions; 7.1 % is 4 sigma above that. The
    negative control, half the interval, misses in more than a fifth.
    """
    rng = np.random.default_rng(5)
    true = math.exp(1.5 * 2.3263478740408408)
    missed = narrow = 0
    for _ in range(2000):
        values = np.exp(1.5 * rng.standard_normal(200))
        point = points(values, equal_periods(200), (100.0,))[0]
        missed += not point.low <= true <= point.high
        half = (point.estimate.value + point.low) / 2, (point.estimate.value + min(point.high, 1e9)) / 2
        narrow += not half[0] <= true <= (half[1] if math.isfinite(point.high) else point.estimate.value)
    assert missed <= 142
    assert narrow > 400


@pytest.mark.tiny
def test_weighted_years_are_flagged_by_what_they_tell():
    """Of 1,000 rows beyond a return period of 100 years, one weighs as much as all others: they tell as much as four.
    Where all weigh the same they tell as much as a thousand.
    """
    losses = np.arange(2000.0, 0.0, -1.0)
    for heavy, few in ((0.005, True), (0.01 / 1000, False)):
        weight = np.full(2000, 0.99 / 1000)
        weight[:1000] = (0.01 - heavy) / 999
        weight[0] = heavy
        periods = Periods(weight, np.arange(2000), np.ones(2000, np.int64), np.full(2000, np.nan))
        assert {point.flagged for point in points(losses, periods, (100.0,))} == {few}


@pytest.mark.tiny
def test_what_the_sample_cannot_say_is_not_said():
    losses = table([3], [5.0], 40)
    found = exceedance(losses, (2.0, 5.0, 20.0, 50.0))
    assert {p.return_period for p in found} == {2.0, 5.0, 20.0}
    assert {p.return_period for p in found if p.flagged} == {5.0, 20.0}
    aep = {p.return_period: p for p in found if p.kind == "aep"}
    assert math.isinf(aep[20.0].high)
    assert aep[2.0].estimate.value == 0.0
    assert years_needed(annual(losses.yearly_sum(), losses.periods).aal, 40, 0.01) == 40 * 100**2


@pytest.mark.tiny
def test_importance_weights_give_the_same_curve():
    """Half the years drawn from worse ones, with their weights, against all alike: unbiased within errors, seed 9."""
    rng = np.random.default_rng(9)
    n = 40_000
    plain = np.exp(rng.standard_normal(n))
    worse = rng.random(n) < 0.5
    shifted = rng.standard_normal(n) + 2.0 * worse
    density = 0.5 * np.exp(-0.5 * shifted**2) + 0.5 * np.exp(-0.5 * (shifted - 2.0) ** 2)
    weight = np.exp(-0.5 * shifted**2) / density
    periods = equal_periods(n)._replace(weight=weight / weight.sum())
    for years in (20.0, 1000.0):
        a, b = (points(np.exp(x), p, (years,)) for x, p in ((np.log(plain), equal_periods(n)), (shifted, periods)))
        for first, second in zip(a, b, strict=True):
            error = math.hypot(first.estimate.standard_error, second.estimate.standard_error)
            assert abs(first.estimate.value - second.estimate.value) < 4.0 * error
    assert b[0].estimate.standard_error < 0.5 * a[0].estimate.standard_error
    # negative control: without the weights the years are much too bad
    wrong = points(np.exp(shifted), equal_periods(n), (20.0,))[0]
    assert wrong.low > 1.5 * math.exp(1.6448536269514722)


HEADER = "period,weight,event,loss,duration_h"


def read(tmp_path, rows, years=4, header=HEADER):
    place = tmp_path / "events.csv"
    place.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return events_of_csv(place, years)


@pytest.mark.tiny
def test_years_without_events_count(tmp_path):
    losses = read(tmp_path, ["2,1,7,10,1.5", "2,1,8,30,0.5", "4,1,9,20,3"], years=10)
    assert losses.yearly_sum().tolist() == [0, 40, 0, 20, 0, 0, 0, 0, 0, 0]
    assert losses.yearly_max().tolist() == [0, 30, 0, 20, 0, 0, 0, 0, 0, 0]
    assert annual(losses.yearly_sum(), losses.periods).aal.value == pytest.approx(6.0)


@pytest.mark.tiny
def test_weights_are_probabilities_and_the_rest_belongs_to_years_without_events(tmp_path):
    losses = read(tmp_path, ["1,0.1,1,10,1", "3,0.3,2,20,1"])
    assert losses.periods.weight == pytest.approx([0.1, 0.3, 0.3, 0.3])
    assert annual(losses.yearly_sum(), losses.periods).aal.value == pytest.approx(7.0)
    whole = read(tmp_path, ["1,2,1,10,1", "2,1,2,20,1", "3,0.5,3,0,1", "4,0.5,4,0,1"])
    assert whole.periods.weight == pytest.approx([0.5, 0.25, 0.125, 0.125])


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["1,1,1,-5,1"], "type a loss of at least 0"),
        (["1,,1,5,1"], "type the weight of the period"),
        (["5,1,1,5,1"], "type a whole number from 1 to 4"),
        (["1.5,1,1,5,1"], "type a whole number"),
        (["1,0.6,1,5,1", "2,0.6,2,5,1"], "sum to 1.2"),
        (["1,0.3,1,5,1", "2,0.3,2,5,1", "3,0.3,3,5,1", "4,0.3,4,5,1"], "must sum to 1"),
        (["1,0.5,1,5,1", "1,0.4,2,5,1"], "another weight"),
        (["1,1,1,5,-1"], "hours from 0"),
        (["1,1,1,5,400000"], "not minutes"),
        (["1,1,1,inf,1"], "type a loss"),
    ],
)
def test_bad_events_are_named(tmp_path, rows, words):
    with pytest.raises(StudyError, match=words):
        read(tmp_path, rows)


@pytest.mark.tiny
def test_missing_columns_are_named(tmp_path):
    with pytest.raises(StudyError, match="column weight: missing"):
        read(tmp_path, ["1,1,5"], header="period,event,loss")
    with pytest.raises(StudyError, match="did you mean duration_h"):
        read(tmp_path, ["1,1,1,5,2"], header="period,weight,event,loss,duration")


PATHS, YEARS = 40, 4


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run_to_folder(small_study(), tmp_path_factory.mktemp("run"), PATHS, 7, simulate_range=fake_simulate_range)


def test_the_losses_of_a_run_are_those_of_its_events_and_fires(results):
    events, years = results.events, results.years
    for name in results.strategy_names:
        losses = events_of(results, name)
        rows = events[events["strategy"] == name]
        fires = -years[(years["strategy"] == name) & (years["year"] > 0)]["storage_fire_eur"].sum()
        assert losses.loss.sum() == pytest.approx(rows["eur_lost"].sum() + fires, rel=1e-12)
        damage = losses.rows(losses.of_causes(["equipment"]))
        assert damage.loss.sum() == pytest.approx(rows["eur_hardware"].sum(), rel=1e-9)
        yearly = rows.groupby(["path", "year"])["eur_lost"].sum()
        path, year = yearly.idxmax()
        assert losses.rows(~losses.of_causes(["fire"])).yearly_sum()[path * YEARS + year - 1] == pytest.approx(
            yearly.max()
        )
        assert losses.periods.n == PATHS * YEARS
        part = events_of(results, name, (2, 3))
        assert part.periods.n == PATHS * 2
        inside = rows[rows["year"].isin([2, 3])]["eur_lost"].sum()
        assert part.rows(~part.of_causes(["fire"])).loss.sum() == pytest.approx(inside, rel=1e-9)


def test_the_command_writes_tables_that_read_back(results, tmp_path):
    folder = tmp_path / "ord"
    answer = CliRunner().invoke(app, ["losses", str(results.folder), "--ord", str(folder), "--json"])
    assert answer.exit_code == 0, answer.output
    record = json.loads(answer.output)
    assert set(record["estimates"]) == set(results.strategy_names)
    import pandas as pd

    first = results.strategy_names[0]
    palt = pd.read_parquet(folder / "gul_S1_palt.parquet")
    assert record["estimates"][first]["aal"]["value"] == pytest.approx(palt["MeanLoss"][0], rel=1e-6)
    for name, columns in TABLES.items():
        heading = (folder / f"gul_S1_{name}.csv").read_text().split("\n")[0]
        assert heading == ",".join(column.name for column in columns)
    info = pd.read_csv(folder / "gul_S1_summary-info.csv")
    assert info["summary_id"].tolist() == [1, 2, 3]
    assert not info["title"].str.contains(",").any()
    assert check_folder(folder) == []
    # by cause, the means add up to those by strategy
    means = pd.read_parquet(folder / "gul_S2_palt.parquet").merge(
        pd.read_parquet(folder / "gul_S2_summary-info.parquet"), left_on="SummaryId", right_on="summary_id"
    )
    sums = means.groupby("strategy")["MeanLoss"].sum()
    for name, mean in zip(results.strategy_names, palt["MeanLoss"], strict=True):
        assert sums.get(name, 0.0) == pytest.approx(mean, rel=1e-6)
    # negative controls: a changed loss, and a column of another type, are found
    text = (folder / "gul_S1_ept.csv").read_text().split("\n")
    text[1] = text[1].rpartition(",")[0] + ",1.5"
    (folder / "gul_S1_ept.csv").write_text("\n".join(text))
    frame = pd.read_parquet(folder / "gul_S1_splt.parquet").astype({"Loss": "float64"})
    frame.to_parquet(folder / "gul_S1_splt.parquet")
    found = "\n".join(check_folder(folder))
    assert "gul_S1_ept.parquet: not the rows of its CSV" in found
    assert "gul_S1_splt.parquet: types" in found


def test_the_command_draws_and_prints(results, tmp_path):
    out = tmp_path / "out"
    answer = CliRunner().invoke(app, ["losses", str(results.folder), "--out", str(out), "--life-years", "1-2"])
    assert answer.exit_code == 0, answer.output
    assert "years 1 to 2 of each life" in answer.output
    assert {p.name for p in out.iterdir()} >= {
        "losses.csv",
        "losses.json",
        "exceedance.png",
        "exceedance_convergence.svg",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--return-periods", "500"], "only 160 years were simulated"),
        (["--return-periods", "1"], "more than 1 year"),
        (["--return-periods", "ten"], "commas between"),
        (["--life-years", "3-9"], "within 1-4"),
        (["--life-years", "x"], "type a year or two"),
        (["--json", "--csv"], "type one of them"),
    ],
)
def test_the_command_refuses_in_words(results, arguments, words):
    answer = CliRunner().invoke(app, ["losses", str(results.folder), *arguments])
    assert answer.exit_code == 2
    assert words in answer.output


def test_a_run_without_events_loses_nothing(tmp_path):
    def quiet(study, seed, first, n, **how):
        return without_events(fake_simulate_range(study, seed, first, n, **how))

    quiet_run = run_to_folder(small_study(), tmp_path / "run", 20, 7, simulate_range=quiet)
    answer = CliRunner().invoke(app, ["losses", str(quiet_run.folder), "--ord", str(tmp_path / "ord"), "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)["estimates"]["grid"]
    assert found["aal"]["value"] == found["aep_10_years"]["value"] == 0.0
    answer = CliRunner().invoke(app, ["cover", str(quiet_run.folder), "outage", "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["estimates"]["grid"]["primary:premium"]["value"] == 0.0
    answer = CliRunner().invoke(app, ["cover", str(quiet_run.folder), "index"])
    assert answer.exit_code == 0, answer.output

"""Events read some paths at a time: the same losses, exceedance and payments as from all of them at once."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from riskmodel import merge, store
from riskmodel.insurance.cover_file import read_cover
from riskmodel.insurance.from_results import event_blocks, events_of
from riskmodel.insurance.losses import ROWS, joined
from riskmodel.insurance.paid_years import joined_paid, pay
from riskmodel.insurance.report import run_years
from riskmodel.insurance.year_losses import years_of
from riskmodel.reliability import reliability
from riskmodel.results import Results, load_results
from riskmodel.run import RunError, run_to_folder
from studies.cli import app
from studies.cli_cover import SHIPPED
from studies.reports.insurer_facts import counts_of, frequency_of
from tests.fake_engine import fake_simulate_range, small_study, written_anew

PATHS, YEARS = 90, 4
SMALL = 16
"""Paths of a block, instead of 1,000."""


def simulated(folder, paths=PATHS, **how):
    return run_to_folder(small_study(), folder, paths, 7, simulate_range=fake_simulate_range, **how)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All paths in one block."""
    return simulated(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """Blocks of `SMALL` paths, which do not end where the pieces of the table of events do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PATHS_PER_GROUP", SMALL)
        patch.setattr(merge, "EVENTS_PER_GROUP", 37)
        return simulated(tmp_path_factory.mktemp("cut") / "run")


def blocks_of(results, name, life=None):
    return list(event_blocks(results, [name], life))


def test_blocks_are_whole_paths_in_order(cut):
    for name in cut.strategy_names:
        sizes = [block.periods.n // YEARS for block in blocks_of(cut, name)]
        assert sizes == [SMALL] * (PATHS // SMALL) + [PATHS % SMALL]
    in_turn = [block.name for block in event_blocks(cut, cut.strategy_names)]
    assert in_turn == cut.strategy_names * len(sizes)


def test_all_blocks_are_the_events_of_the_run(whole, cut):
    """Numbers of events are counted on past the fires of each block; those of one event agree between strategies."""
    for name in cut.strategy_names:
        one, many = events_of(whole, name), joined(blocks_of(cut, name))
        assert one.loss.size > PATHS
        for column in set(ROWS) - {"event"}:
            np.testing.assert_array_equal(getattr(one, column), getattr(many, column))
        np.testing.assert_array_equal(one.occurrences(), many.occurrences())
        for a, b in zip(one.periods, many.periods, strict=True):
            np.testing.assert_array_equal(a, b)
        assert (np.diff(many.period) >= 0).all()
        timed = ~np.isnan(many.hour)
        assert (np.diff((many.period * 1e5 + many.hour)[timed]) >= 0).all()
    starts = {}
    for name in cut.strategy_names:
        events = events_of(cut, name)
        timed = ~np.isnan(events.hour)
        for number, start in zip(events.event[timed], (events.period * 1e5 + events.hour)[timed], strict=True):
            assert starts.setdefault(number, start) == start
    assert len(set(starts.values())) > PATHS


@pytest.mark.parametrize("life", [None, (2, 3)])
def test_years_are_those_of_the_events(cut, life):
    for years in run_years(cut, life):
        events = events_of(cut, years.name, life)
        np.testing.assert_array_equal(years.total, events.yearly_sum())
        np.testing.assert_array_equal(years.worst, events.yearly_max())
        assert years.total.sum() > 0.0
        assert years.periods.weight.sum() == pytest.approx(1.0, rel=1e-12)
        assert years.periods.n == PATHS * (YEARS if life is None else 2)
        by_class = sum(float(values.mean()) for values in years.by_class.values())
        assert by_class == pytest.approx(float(years.total.mean()), rel=1e-12)
        np.testing.assert_array_equal(years.periods.cluster, events.periods.cluster)


@pytest.mark.parametrize("shipped", ["outage", "index"])
def test_a_cover_pays_the_same_by_blocks(cut, shipped):
    cover = read_cover(SHIPPED / f"{shipped}.toml")
    easy = [dataclasses.replace(layer, waiting_period_h=0.0, deductible=0.0, attachment=0.0) for layer in cover.layers]
    cover = dataclasses.replace(cover, layers=tuple(easy))  # the losses of the tests' engine are small
    for name in cut.strategy_names:
        one = pay(cover, events_of(cut, name))
        many = joined_paid([pay(cover, block) for block in blocks_of(cut, name)])
        for layer in cover.layers:
            for a, b in zip(one.layers[layer.name], many.layers[layer.name], strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-9)
        np.testing.assert_array_equal(one.ground, many.ground)
        for view, both in one.views.items():
            np.testing.assert_allclose(both, many.views[view], rtol=1e-12, atol=1e-9)
        assert list(one.cells) == list(many.cells)
        for terms, both in one.cells.items():
            np.testing.assert_allclose(both, many.cells[terms], rtol=1e-12, atol=1e-9)
        assert one.longest_h == many.longest_h
    if shipped == "outage":
        assert sum(float(own.yearly.sum()) for own in many.layers.values()) > 0.0


def test_counts_are_the_same_by_blocks(cut):
    name = cut.strategy_names[0]
    one = frequency_of([counts_of(events_of(cut, name))])
    assert one == frequency_of([counts_of(block) for block in blocks_of(cut, name)])
    assert one.stops.value > 0.0


def test_paths_may_begin_anywhere(whole, tmp_path):
    """A run from path 30 on has the losses of these paths."""
    part = simulated(tmp_path / "part", 20, first_path=30)
    for name in part.strategy_names:
        wanted = events_of(whole, name).yearly_sum()[30 * YEARS : 50 * YEARS]
        np.testing.assert_array_equal(events_of(part, name).yearly_sum(), wanted)
    answer = CliRunner().invoke(app, ["losses", str(part.folder)])
    assert answer.exit_code == 0, answer.output


def test_reliability_of_small_pieces_and_of_later_paths(whole, cut, tmp_path):
    def numbers(results):
        found = reliability(results)
        return {
            (name, group, metric): estimate.value
            for name, groups in found.strategies.items()
            for group, metrics in groups.items()
            for metric, estimate in metrics.items()
        } | {metric: estimate.value for metric, estimate in found.grid.items()}

    one, many = numbers(whole), numbers(cut)
    assert one.keys() == many.keys()
    for key, value in one.items():
        assert many[key] == pytest.approx(value, rel=1e-12, nan_ok=True)
    part = simulated(tmp_path / "part", 20, first_path=30)
    events = whole.events[whole.events["path"].between(30, 49)]
    for name in part.strategy_names:
        noticed = ((events["strategy"] == name) & (events["outcome"] != "unaffected")).sum()
        found = reliability(part).strategies[name]["all"]["noticed_per_year"].value
        assert found == pytest.approx(noticed / (20 * YEARS), rel=1e-12)
    assert noticed > 0


def changed(results, folder, change):
    """The run with another table of events."""
    results.save(folder)
    table = pq.read_table(folder / "events.parquet")
    pq.write_table(change(table), folder / "events.parquet", use_dictionary=["strategy", "cause", "outcome"])
    return load_results(written_anew(folder))


def with_column(table, name, values):
    index = table.schema.get_field_index(name)
    return table.set_column(index, name, values)


def one_more(table, name):
    """The last event of one row in another year or path."""
    values = table.column(name).to_numpy().copy()
    values[-1] = 99 if name == "year" else values[-1] + 1
    return with_column(table, name, pa.array(values, table.schema.field(name).type))


@pytest.mark.parametrize("name", ["year", "path"])
def test_an_event_outside_of_the_run_is_refused(whole, tmp_path, name):
    wrong = changed(whole, tmp_path / "run", lambda table: one_more(table, name))
    with pytest.raises(RunError, match="outside of the paths and years"):
        events_of(wrong, wrong.strategy_names[0])
    for command in ("losses", "reliability"):
        answer = CliRunner().invoke(app, [command, str(wrong.folder)])
        assert answer.exit_code == 2
        assert "outside of the paths and years" in " ".join(answer.output.split())
    untouched = changed(whole, tmp_path / "same", lambda table: table)  # negative control
    np.testing.assert_array_equal(
        events_of(untouched, "grid").yearly_sum(), events_of(Results(whole.folder), "grid").yearly_sum()
    )


def test_an_unknown_cause_is_refused(whole, tmp_path):
    def other(table):
        words = pc.replace_substring(table.column("cause").cast(pa.string()), "sustained", "long")
        return with_column(table, "cause", words.dictionary_encode())

    wrong = changed(whole, tmp_path / "run", other)
    with pytest.raises(RunError, match="cause = 'long': not one of sag"):
        events_of(wrong, wrong.strategy_names[0])


def test_words_may_be_plain_but_must_be_there(whole, tmp_path):
    """Other programs write text without a dictionary; a cell without a word is none of the causes."""

    def plain(table):
        return with_column(table, "cause", table.column("cause").cast(pa.string()))

    same = changed(whole, tmp_path / "plain", plain)
    np.testing.assert_array_equal(events_of(same, "grid").cause, events_of(whole, "grid").cause)

    def without(table):
        words = table.column("cause").cast(pa.string()).to_pylist()
        return with_column(table, "cause", pa.array([None, *words[1:]], pa.string()))

    empty = changed(whole, tmp_path / "empty", without)
    for read in (lambda: events_of(empty, "grid"), lambda: reliability(empty)):
        with pytest.raises(RunError, match="cause = 'None': not one of sag"):
            read()


def test_events_out_of_time_are_put_in_order(whole, tmp_path):
    mixed = changed(
        whole, tmp_path / "run", lambda table: table.take(np.lexsort((-table["hour"].to_numpy(), table["path"])))
    )
    for name in mixed.strategy_names:
        one, other = events_of(whole, name), events_of(mixed, name)
        np.testing.assert_array_equal(one.hour, other.hour)
        np.testing.assert_array_equal(one.cause, other.cause)
        np.testing.assert_allclose(one.yearly_max(), other.yearly_max(), rtol=1e-12)
    assert years_of(one).by_class.keys() == years_of(other).by_class.keys()

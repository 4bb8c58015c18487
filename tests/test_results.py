"""Results folder: the same bytes however it was made, nothing lost when stopped, nothing overwritten unasked."""

import csv
import hashlib
import html
import json
import math
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import riskmodel
from riskmodel import merge, store
from riskmodel.ledger import Line
from riskmodel.path_tables import EVENT_COLUMNS
from riskmodel.range_store import RangeFolder
from riskmodel.range_work import Job, in_this_process
from riskmodel.run import Interrupted, RunError, run_to_folder
from riskmodel.summary import safe
from tests.fake_engine import fake_simulate_range, small_study

PATHS = 60


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    """Row groups of 16 paths, so that small runs have several and ranges do not fit them."""
    monkeypatch.setattr(store, "PATHS_PER_GROUP", 16)
    monkeypatch.setattr(merge, "EVENTS_PER_GROUP", 100)
    monkeypatch.setattr(merge, "ROWS_PER_READ", 37)


def run(folder, paths=PATHS, seed=7, study=None, engine=fake_simulate_range, **options):
    return run_to_folder(study or small_study(), folder, paths, seed, simulate_range=engine, **options)


def digests(folder):
    """SHA-256 of every file but the manifest."""
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json")
    return {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


class Stops:
    """The engine, but Ctrl-C (or another error) comes at the n-th range."""

    def __init__(self, after, error=KeyboardInterrupt):
        self.left, self.error, self.ranges = after, error, []

    def __call__(self, study, seed, first, n, **how):
        if "again" in how:  # other lives of paths of the same range
            return fake_simulate_range(study, seed, first, n, **how)
        if self.left == 0:
            raise self.error
        self.left -= 1
        self.ranges.append((first, n))
        return fake_simulate_range(study, seed, first, n, **how)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PATHS_PER_GROUP", 16)
        patch.setattr(merge, "EVENTS_PER_GROUP", 100)
        return run(tmp_path_factory.mktemp("reference") / "run")


def test_files_of_a_finished_run(reference):
    names = {f.name for f in reference.folder.iterdir()}
    tables = {"paths.parquet", "years.parquet", "events.parquet", "redrawn.parquet"}
    assert names == tables | {"summary.csv", "study.resolved.toml", "manifest.json"}
    assert reference.manifest["files"] == digests(reference.folder)
    assert reference.manifest["state"] == "finished"
    assert reference.manifest["ranges_done"] == [[0, PATHS]]
    assert reference.study == small_study()


@pytest.mark.parametrize(("paths_per_range", "threads"), [(1, 2), (7, 8), (16, 2), (16, 3), (25, 2), (1000, 8)])
def test_same_bytes_for_any_size_of_range(reference, tmp_path, paths_per_range, threads):
    results = run(tmp_path / "run", paths_per_range=paths_per_range, threads=threads, lanes=8)
    assert digests(results.folder) == digests(reference.folder)


def test_negative_control_another_seed_gives_other_bytes(reference, tmp_path):
    other = digests(run(tmp_path / "run", seed=8).folder)
    same = [name for name, digest in digests(reference.folder).items() if other[name] == digest]
    assert same == ["study.resolved.toml"]


def test_interrupted_run_goes_on_where_it_stopped(reference, tmp_path):
    folder, first = tmp_path / "run", Stops(3)
    with pytest.raises(Interrupted, match="33 of 60 paths.*--resume") as caught:
        run(folder, paths_per_range=11, engine=first)
    assert (caught.value.done, caught.value.total) == (33, 60)
    assert json.loads((folder / "manifest.json").read_text())["state"] == "interrupted"
    with pytest.raises(RunError, match="33 of 60 paths"):
        riskmodel.load_results(folder)
    assert "interrupted" in repr(riskmodel.Results(folder))
    partial = folder / "ranges" / ".000000033-000000044.1.partial"
    partial.mkdir()
    (partial / "paths.parquet").write_bytes(b"PAR1")
    (folder / "paths.parquet.partial").write_bytes(b"PAR1")
    second = Stops(99)
    results = run(folder, paths=None, seed=None, resume=True, paths_per_range=20, engine=second)
    assert second.ranges == [(33, 20), (53, 7)]
    assert digests(folder) == digests(reference.folder)
    assert results.n_paths == PATHS
    assert run(folder, resume=True, engine=Stops(0)).n_paths == PATHS  # finished: nothing is simulated again
    with pytest.raises(RunError, match="finished with 60 paths"):
        run(folder, paths=61, resume=True)


def test_a_killed_process_loses_nothing_finished(reference, tmp_path):
    """The process ends at once in the third range, as by SIGKILL; a range damaged on disk is made again."""
    code = (
        "import os\nfrom tests.fake_engine import fake_simulate_range, small_study\n"
        "from riskmodel.run import run_to_folder\n"
        "def engine(study, seed, first, n, **how):\n"
        "    if first == 40: os._exit(9)\n"
        "    return fake_simulate_range(study, seed, first, n, **how)\n"
        "how = {'simulate_range': engine, 'paths_per_range': 20, 'threads': 1}\n"
        f"run_to_folder(small_study(), {str(tmp_path / 'run')!r}, 60, 7, **how)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    damaged = tmp_path / "run" / "ranges" / "000000000-000000020" / "years.parquet"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    engine = Stops(99)
    run(tmp_path / "run", resume=True, engine=engine)
    assert engine.ranges == [(0, 20), (40, 20)]
    assert digests(tmp_path / "run") == digests(reference.folder)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_the_next_range_is_simulated_while_one_is_written(tmp_path, threads):
    """And no more than the next; with one thread none is. Its error comes when what was finished is kept."""
    begun, seen = [], []

    def engine(study, seed, first, n, **how):
        if not how.get("again"):
            begun.append(first)
        if first == 40:
            raise OSError("no more")
        return fake_simulate_range(study, seed, first, n, **how)

    class Slow(RangeFolder):
        def put(self, name, files):
            deadline = time.monotonic() + 20.0
            wanted = min(len(seen) + (2 if threads > 1 else 1), 3)
            while len(begun) < wanted and time.monotonic() < deadline:
                time.sleep(0.001)
            seen.append(len(begun))
            super().put(name, files)

    job = Job(small_study(), 7, Slow(str(tmp_path / "ranges")), threads, 8, engine)
    made = in_this_process(job, [(0, 20), (20, 40), (40, 60), (60, 80)])
    assert next(made) == (0, 20)
    assert next(made) == (20, 40)
    with pytest.raises(OSError, match="no more"):
        next(made)
    assert begun == [0, 20, 40]
    assert seen == ([2, 3] if threads > 1 else [1, 2])
    assert job.store.finished() == [(0, 20), (20, 40)]


def test_stop_while_drawing_is_resumed_too(reference, tmp_path):
    def stop(results, folder):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="60 of 60"):
        run(tmp_path / "run", draw_figures=stop)

    def draw(results, folder):
        folder.mkdir()
        (folder / "one.svg").write_text(f"{results.n_paths} paths")

    run(tmp_path / "run", resume=True, draw_figures=draw)
    assert (tmp_path / "run" / "figures" / "one.svg").read_text() == "60 paths"
    made = digests(tmp_path / "run")
    assert made.pop("figures/one.svg") == riskmodel.load_results(tmp_path / "run").manifest["files"]["figures/one.svg"]
    assert made == digests(reference.folder)


def test_resume_refuses_another_study_seed_or_program(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with pytest.raises(RunError, match="no run to resume"):
        run(folder, resume=True)
    with pytest.raises(Interrupted):
        run(folder, paths_per_range=20, engine=Stops(1))
    with pytest.raises(RunError, match="seed = 8, but that run has seed 7"):
        run(folder, seed=8, resume=True)
    with pytest.raises(RunError, match="the study is not the one"):
        run(folder, study=small_study(overrides=["cluster.gpus=808"]), resume=True)
    monkeypatch.setattr("riskmodel.manifest.source_version", lambda: "other")
    with pytest.raises(RunError, match="source has changed"):
        run(folder, resume=True)


def test_nothing_is_overwritten_unasked(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        run(folder)
    assert [f.name for f in folder.iterdir()] == ["notes.txt"]
    run(folder, paths=3, overwrite=True)
    run(folder, paths=4, overwrite=True)
    assert (folder / "notes.txt").read_text() == "mine"
    assert riskmodel.load_results(folder).n_paths == 4


def test_a_folder_that_cannot_be_written_is_refused_before_simulating(tmp_path):
    (tmp_path / "file").write_text("")
    engine = Stops(0, AssertionError)
    with pytest.raises(RunError, match="is a file"):
        run(tmp_path / "file", engine=engine)
    with pytest.raises(RunError, match="cannot write here"):
        run(tmp_path / "file" / "run", engine=engine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": 0}, "paths = 0"),
        ({"paths": None}, "paths = None"),
        ({"seed": -1}, "seed = -1"),
        ({"paths_per_range": 0}, "paths_per_range = 0"),
        ({"target_error": {"npw": 0.1}}, "no metric 'npw'"),
        ({"target_error": {"npv": 0.0}}, "must be above 0"),
    ],
)
def test_bad_arguments_are_named(tmp_path, options, message):
    with pytest.raises(RunError, match=message):
        run(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_target_error_stops_at_the_same_path_for_any_range(tmp_path):
    made = []
    for paths_per_range in (5, 16, 45):
        folder = tmp_path / str(paths_per_range)
        results = run(folder, paths=500, paths_per_range=paths_per_range, target_error={"npv": 0.05})
        made.append((results.n_paths, digests(folder)))
        assert results.manifest["target_error"]["reached"]
    assert made[0] == made[1] == made[2]
    assert made[0][0] in range(16, 500, 16)
    for name in results.strategy_names:
        estimate = results.estimate(name, "delta_npv_eur:mean")
        assert estimate.standard_error <= 0.05 * abs(estimate.value)


def test_target_error_that_is_not_reached(tmp_path):
    results = run(tmp_path / "run", paths=40, target_error={"npv": 1e-6})
    assert results.n_paths == 40
    assert results.manifest["target_error"]["reached"] is False


def test_tables_agree_with_each_other(reference):
    paths, years, events = reference.paths, reference.years, reference.events
    assert len(paths) == PATHS * 3
    assert len(years) == PATHS * 3 * 5
    assert list(paths["strategy"][:4]) == ["grid", "string", "diesel", "grid"]
    lines = [f"{line.name.lower()}_eur" for line in Line]
    np.testing.assert_allclose(years[lines].sum(axis=1), years["net_cash_eur"], atol=1e-3)
    discounted = years["net_cash_eur"] / 1.08 ** years["year"]
    npv = discounted.groupby([years["path"], years["strategy"]], observed=True, sort=False).sum()
    np.testing.assert_allclose(npv.to_numpy(), paths["npv_eur"], rtol=1e-10)
    assert paths.groupby("path")["best"].sum().eq(1).all()
    best = paths.loc[paths.groupby("path")["npv_eur"].idxmax()]
    assert best["best"].all()
    assert set(events["cause"]) == {"sustained"}
    assert set(events["outcome"]) == {"abrupt_stop", "orderly_stop"}
    first = events.iloc[0]
    value = paths["scalar:cluster.gpu_hour_value_eur"][0] * 0.8 * 0.9 ** (first["year"] - 1)
    assert first["eur_lost"] == pytest.approx((200.0 + 1600.0) * value + 5000.0)  # rework, restart, one server
    assert years.loc[years["year"] == 0, "import_kwh"].isna().all()


def test_columns_of_events_are_those_that_readers_look_for(reference):
    assert tuple(reference.events.columns) == EVENT_COLUMNS


def test_drawn_values_go_with_their_strategy(reference):
    paths = reference.paths
    drawn = [name for name in paths if name.startswith("scalar:")]
    own_failures = "cluster.own_failures_per_million_gpu_hours"
    fields = ("cluster.gpu_hour_value_eur", own_failures, "connection.capex_eur", "storage.capex_eur_per_kwh")
    assert drawn == [f"scalar:{field}" for field in fields]
    storage = paths.pivot(index="path", columns="strategy", values="scalar:storage.capex_eur_per_kwh")
    assert storage["string"].between(200, 300).all()
    assert storage[["grid", "diesel"]].isna().all(axis=None)
    connection = paths.pivot(index="path", columns="strategy", values="scalar:connection.capex_eur")
    assert (connection["string"] == 5e5).all()
    assert connection["grid"].nunique() == PATHS


def test_summary_repeats_what_the_tables_say(reference):
    summary, paths, years = reference.summary(), reference.paths, reference.years
    assert list(summary.columns) == ["strategy", "metric", "value", "standard_error", "unit"]
    value = summary.set_index(["strategy", "metric"])["value"]
    for name, of_strategy in paths.groupby("strategy", observed=True):
        npv = of_strategy["npv_eur"]
        assert value[name, "npv_eur:mean"] == pytest.approx(npv.mean(), rel=1e-9)
        assert value[name, "npv_eur:sd"] == pytest.approx(npv.std(), rel=1e-9)
        assert value[name, "npv_eur:p10"] == pytest.approx(npv.quantile(0.1), rel=1e-9)
        assert value[name, "prob_npv_negative"] == pytest.approx((npv < 0).mean())
        assert value[name, "prob_best"] == pytest.approx(of_strategy["best"].mean())
        of_years = years[(years["strategy"] == name) & (years["year"] > 0)]
        losses = -of_years[[c for c in years if c.startswith("downtime_")]].sum(axis=1)
        assert value[name, "downtime_loss_eur_1_in_20_year"] == pytest.approx(losses.quantile(0.95), rel=1e-9)


def test_summary_of_the_baseline(reference):
    grid = reference.summary().query("strategy == 'grid'").set_index("metric")
    assert (grid.loc["delta_npv_eur:mean", ["value", "standard_error"]] == 0).all()
    undefined = grid.index.str.startswith(("irr", "mirr", "payback", "never", "battery"))
    assert not undefined.any()
    assert reference.estimate("grid", "irr:mean") is None
    with pytest.raises(KeyError, match="no strategy 'gird'"):
        reference.estimate("gird", "irr:mean")


def test_paths_that_never_pay_back_are_counted_not_dropped(reference):
    never = reference.estimate("diesel", "never_pays_back_share")
    assert never.value == 1.0
    assert never.standard_error > 0.0
    assert math.isinf(reference.estimate("diesel", "payback_simple_years:p50").value)
    assert reference.estimate("diesel", "payback_simple_years:mean") is None
    text = (reference.folder / "summary.csv").read_text()
    assert "diesel,payback_simple_years:p50,inf,0,years" in text
    irr = [reference.estimate("string", f"irr:{part}").value for part in ("share_none", "share_not_unique")]
    unique = (reference.paths.query("strategy == 'string'")["irr_status"] == 0).mean()
    assert sum(irr) + unique == pytest.approx(1.0)


def test_text_is_harmless_in_a_spreadsheet_and_a_page(reference):
    for text in ("=1+1", "+1", "-1", "@A1", "\t=1"):
        assert safe(text) == f"'{text}"
    assert safe("grid") == "grid"
    with (reference.folder / "summary.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert {len(row) for row in rows} == {5}
    page = reference._repr_html_()
    assert html.escape("=Small <study>") in page
    assert "<study>" not in page
    assert "@Grid &amp; wait" in page


def test_terminal_table(reference):
    rows = reference.table()
    assert [row["Strategy"] for row in rows] == ["@Grid & wait (baseline)", "String storage and PV", "UPS and gensets"]
    assert rows[2]["Simple payback, years (median)"] == "never"
    assert "+-" in rows[1]["NPV against baseline, million EUR"]
    assert "60 paths of 4 years, seed 7" in repr(reference)


def test_save_and_load(reference, tmp_path):
    saved = reference.save(tmp_path / "copy")
    assert digests(saved.folder) == digests(reference.folder)
    pd.testing.assert_frame_equal(riskmodel.load_results(saved.folder).summary(), reference.summary())
    with pytest.raises(RunError, match="not an empty folder"):
        reference.save(tmp_path / "copy")


def test_simulate_keeps_its_folder_alive_and_reports_progress(reference):
    seen = []
    results = riskmodel.simulate(
        small_study(),
        paths=PATHS,
        progress=lambda done, total: seen.append((done, total)),
        simulate_range=fake_simulate_range,
        paths_per_range=25,
    )
    assert seen == [(0, 60), (25, 60), (50, 60), (60, 60)]
    assert digests(results.folder) == digests(reference.folder)


def test_gaps_are_filled_in_order():
    assert list(store.missing_ranges([(3, 5), (9, 12)], 14, 3)) == [(0, 3), (5, 8), (8, 9), (12, 14)]
    assert list(store.missing_ranges([(0, 14)], 10, 3)) == []
    assert list(store.missing_ranges([], 5, 10)) == [(0, 5)]


def test_import_of_the_package_is_light():
    heavy = "{'pandas', 'pyarrow', 'numba', 'pydantic', 'scipy'}"
    code = f"import sys, riskmodel; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

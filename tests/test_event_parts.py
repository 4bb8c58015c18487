"""The table of events of a large run: parts, each written once, let go of in the ranges, and read as one table."""

import hashlib
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from riskmodel import event_files, merge, store
from riskmodel.disk_room import room_needed
from riskmodel.event_files import EVENTS, event_groups, event_rows
from riskmodel.event_files import event_files as files_of
from riskmodel.reliability import reliability, reliability_rows
from riskmodel.results import load_results
from riskmodel.run import Interrupted, RunError, run_to_folder
from tests.fake_engine import fake_simulate_range, small_study

PATHS, PART = 60, 25


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(event_files, "PATHS_PER_PART", PART)
    monkeypatch.setattr(store, "PATHS_PER_GROUP", 16)
    monkeypatch.setattr(merge, "EVENTS_PER_GROUP", 100)
    monkeypatch.setattr(merge, "ROWS_PER_READ", 37)


def run(folder, paths=PATHS, **options):
    return run_to_folder(small_study(), folder, paths, 7, simulate_range=fake_simulate_range, **options)


def digests(folder):
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json")
    return {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def run_until(folder, part, **options):
    """Run until the part of that number is about to be written, when Ctrl-C comes."""
    write = merge.Merge._table

    def stopping(self, place, *rest):
        if place.name == f"part-{part:05d}.parquet":
            raise KeyboardInterrupt
        write(self, place, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge.Merge, "_table", stopping)
        with pytest.raises(Interrupted):
            run(folder, **options)


@pytest.fixture
def whole(tmp_path):
    return run(tmp_path / "whole")


def test_parts_hold_the_rows_of_one_table(whole, tmp_path, monkeypatch):
    assert [file.name for file in files_of(whole.folder)] == [f"part-{k:05d}.parquet" for k in range(3)]
    ends = [pd.read_parquet(file)["path"].max() for file in files_of(whole.folder)]
    assert ends[0] < PART <= ends[1] < 2 * PART <= ends[2] < PATHS
    monkeypatch.setattr(event_files, "PATHS_PER_PART", 1000)
    one = run(tmp_path / "one")
    assert files_of(one.folder) == [one.folder / EVENTS]
    pd.testing.assert_frame_equal(one.events, whole.events)
    pd.testing.assert_frame_equal(
        one.events, pd.read_parquet(whole.folder / EVENTS)
    )  # as any reader of Parquet sees it
    assert event_rows(one.folder) == event_rows(whole.folder) == len(one.events)
    hours = np.concatenate([t.column("hour").to_numpy() for t in event_groups(whole.folder, ["hour"])])
    np.testing.assert_array_equal(hours, one.events["hour"])
    assert reliability_rows(reliability(one)) == reliability_rows(reliability(whole))
    small = {name: digest for name, digest in digests(one.folder).items() if name != EVENTS}
    assert small == {name: digest for name, digest in digests(whole.folder).items() if EVENTS not in name}


def test_parts_from_a_first_path_on(tmp_path):
    late = run(tmp_path / "late", first_path=7)
    ends = [pd.read_parquet(file)["path"].max() for file in files_of(late.folder)]
    assert ends[0] < 7 + PART <= ends[1] < 7 + 2 * PART <= ends[2] < 7 + PATHS
    assert load_results(late.folder).n_paths == PATHS


@pytest.mark.parametrize("size", [1, 7, 24, 25, 26, 59])
def test_the_same_bytes_for_any_ranges(whole, tmp_path, size):
    assert digests(run(tmp_path / "other", paths_per_range=size).folder) == digests(whole.folder)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_the_same_bytes_after_a_stop_while_merging(whole, tmp_path, part):
    """Ranges below the last written part have let go of their events, and the run goes on from there."""
    folder = tmp_path / "run"
    run_until(folder, part, paths_per_range=7)
    kept = sorted((folder / "ranges").iterdir())
    lacking = [(r / "events.parquet").exists() for r in kept].index(True)
    assert lacking == part * PART // 7
    resumed = run(folder, None, resume=True, paths_per_range=7)
    assert digests(resumed.folder) == digests(whole.folder)
    assert not (folder / "ranges").exists()
    assert "event_parts" not in resumed.manifest


def test_a_written_part_that_was_changed_is_made_again(whole, tmp_path):
    """Its ranges have no events any more: they are simulated again, and no others."""
    folder, said, made = tmp_path / "run", [], []
    run_until(folder, 2, paths_per_range=5)
    part = folder / EVENTS / "part-00001.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)

    def engine(study, seed, first, n, **how):
        made.extend(range(first, first + n) if "again" not in how else ())
        return fake_simulate_range(study, seed, first, n, **how)

    options = {"simulate_range": engine, "paths_per_range": 5, "announce": said.append}
    resumed = run_to_folder(small_study(), folder, None, 7, resume=True, **options)
    assert digests(resumed.folder) == digests(whole.folder)
    assert made == list(range(PART, 2 * PART))
    assert said == ["5 damaged ranges are simulated again."]


@pytest.mark.parametrize("paths", [40, 60, 75, 90])
def test_more_or_fewer_paths_after_a_stop_while_merging(tmp_path, paths):
    folder = tmp_path / "run"
    run_until(folder, 2)
    assert digests(run(folder, paths, resume=True).folder) == digests(run(tmp_path / "plain", paths).folder)


def test_small_and_large_replace_each_other(whole, tmp_path):
    folder = tmp_path / "run"
    small = digests(run(folder, 20).folder)
    assert (folder / EVENTS).is_file()
    assert digests(run(folder, overwrite=True).folder) == digests(whole.folder)
    assert digests(run(folder, 20, overwrite=True).folder) == small


def test_a_missing_part_is_told(whole):
    assert load_results(whole.folder).save(whole.folder.parent / "copy").n_paths == PATHS
    assert digests(whole.folder.parent / "copy") == digests(whole.folder)
    (whole.folder / EVENTS / "part-00001.parquet").unlink()
    with pytest.raises(RunError, match=r"events\.parquet: has 2 parts, this run 3; run the study again"):
        load_results(whole.folder)
    with pytest.raises(RunError, match="part-00001.parquet is not as the run wrote it"):
        run(whole.folder, None, resume=True)


def test_ranges_at_a_url(whole, tmp_path):
    pytest.importorskip("fsspec")
    resumed = run(tmp_path / "run", ranges=f"file://{tmp_path}/ranges", paths_per_range=7)
    assert digests(resumed.folder) == digests(whole.folder)
    again = run(tmp_path / "other", ranges="memory://ranges", paths_per_range=7)
    assert digests(again.folder) == digests(whole.folder)


def test_a_disk_without_room_is_told_at_the_first_range(tmp_path, monkeypatch):
    free, said = 10**12, []
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    first = run(tmp_path / "roomy", announce=said.append, paths_per_range=10)
    assert said == []
    usage.free = 1000
    run(tmp_path / "tight", announce=said.append, paths_per_range=10)
    assert len(said) == 1
    assert "GB more will be written, and 1e-06 GB are free there" in said[0]
    assert digests(tmp_path / "tight") == digests(first.folder)
    run(tmp_path / "elsewhere", announce=said.append, ranges=tmp_path / "ranges")
    assert len(said) == 1


def test_room_needed_is_what_a_run_takes():
    """All ranges, and the tables: whole for a small run; for a large one all but the events, and one part of these."""
    assert room_needed(1.0, 20, 20) == pytest.approx(40)
    assert room_needed(1.0, 1000, 1000) == pytest.approx(1000 + 150 + 0.85 * PART)
    assert room_needed(2.0, 400, 1000) == pytest.approx(2 * (400 + 150 + 0.85 * PART))

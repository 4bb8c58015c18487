"""Ranges of paths on the workers of a Dask cluster: the same bytes, and nothing lost with a worker."""

import hashlib
import os
import signal
from types import SimpleNamespace

import pytest

from riskmodel import manifest as manifests
from riskmodel import store, workers
from riskmodel.range_store import RangeFolder, RangeUrl, open_store
from riskmodel.run import Interrupted, RunError, RunFailed, run_to_folder
from tests.fake_engine import fake_simulate_range, small_study

distributed = pytest.importorskip("distributed")
PATHS = 60


def digests(folder):
    """SHA-256 of every file but the manifest."""
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != manifests.NAME)
    return {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def run(folder, engine=fake_simulate_range, paths=PATHS, seed=7, **options):
    return run_to_folder(small_study(), folder, paths, seed, simulate_range=engine, **options)


def dies_once(study, seed, first, n, **how):
    """The engine, but the first worker that begins path 24 is killed on the spot."""
    mark = os.environ["RISKMODEL_TEST_MARK"]
    if first == 24 and "again" not in how and not os.path.exists(mark):
        with open(mark, "w", encoding="ascii"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    return fake_simulate_range(study, seed, first, n, **how)


def full_disk(study, seed, first, n, **how):
    """The engine, but the disk of the worker is full at path 24."""
    if first == 24:
        raise OSError(28, "No space left on device")
    return fake_simulate_range(study, seed, first, n, **how)


def mistake(study, seed, first, n, **how):
    """An engine with a mistake, which no second try mends."""
    raise ZeroDivisionError("a mistake")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return run(tmp_path_factory.mktemp("reference") / "run").folder


@pytest.fixture(scope="module")
def scheduler():
    """Address of a cluster with two threads in this process."""
    with distributed.LocalCluster(2, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster.scheduler_address


def test_same_bytes_from_the_workers_of_a_scheduler(reference, scheduler, tmp_path):
    seen = []
    run(tmp_path / "run", cluster=scheduler, paths_per_range=7, progress=lambda *done: seen.append(done))
    assert digests(tmp_path / "run") == digests(reference)
    assert seen[0] == (0, PATHS)
    assert seen[-1] == (PATHS, PATHS)
    assert len(seen) == 1 + 9


def test_same_bytes_by_way_of_a_url(reference, scheduler, tmp_path):
    where = "memory://ranges/of/tests"
    run(tmp_path / "run", cluster=scheduler, paths_per_range=11, ranges=where)
    assert digests(tmp_path / "run") == digests(reference)
    assert not RangeUrl(where).names()


def test_an_interrupted_run_on_a_url_goes_on_there(reference, scheduler, tmp_path):
    def stop(done, total):
        if done >= 30:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(tmp_path / "run", cluster=scheduler, paths_per_range=10, ranges="memory://stopped", progress=stop)
    manifest = manifests.read(tmp_path / "run")
    kept = open_store(manifest["ranges_at"], manifest["run"])
    assert sum(end - first for first, end in kept.finished()) >= 30
    run(tmp_path / "run", paths=None, seed=None, resume=True)  # in this process, and from the same place
    assert digests(tmp_path / "run") == digests(reference)
    assert not kept.names()


def test_a_killed_worker_loses_nothing(reference, tmp_path, monkeypatch):
    monkeypatch.setenv("RISKMODEL_TEST_MARK", str(tmp_path / "killed"))
    run(tmp_path / "run", dies_once, cluster="local:2", paths_per_range=6)
    assert (tmp_path / "killed").exists()
    assert digests(tmp_path / "run") == digests(reference)


@pytest.mark.parametrize(("later", "kind"), [("finished", type(None)), ("cancelled", OSError)])
def test_a_range_lost_while_we_look(later, kind):
    """A future is done, then lost with its worker: asking for its error waits until it is done again."""
    future = SimpleNamespace(status="lost")

    def wait(timeout):
        future.status = later

    future.exception = wait
    mine = object.__new__(workers.Workers)
    mine.client = SimpleNamespace(status="running")
    assert type(mine._error_of(future)) is kind


def test_local_workers_listen_on_the_loopback_device_only(tmp_path):
    psutil = pytest.importorskip("psutil")

    def listening():
        me = psutil.Process()
        found = [one for process in (me, *me.children(recursive=True)) for one in process.net_connections(kind="inet")]
        return {one.laddr for one in found if one.status == psutil.CONN_LISTEN}

    before, seen = listening(), set()
    run(tmp_path / "run", cluster="local:2", paths_per_range=30, progress=lambda *done: seen.update(listening()))
    assert len(seen - before) >= 3  # the scheduler and two workers
    assert {address.ip for address in seen - before} == {"127.0.0.1"}


def test_a_range_is_not_tried_for_ever(scheduler, tmp_path):
    with pytest.raises(RunFailed, match=r"paths 24 to 29 failed 4 times .*No space left on device.*resume"):
        run(tmp_path / "run", full_disk, cluster=scheduler, paths_per_range=6)
    assert (0, 6) in RangeFolder(str(tmp_path / "run" / "ranges")).finished()


def test_a_mistake_of_ours_keeps_its_traceback(scheduler, tmp_path):
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        run(tmp_path / "run", mistake, cluster=scheduler)


def test_a_target_error_stops_at_the_same_path(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PATHS_PER_GROUP", 16)
    alone = run(tmp_path / "alone", target_error={"npv": 0.2})
    there = run(tmp_path / "there", target_error={"npv": 0.2}, cluster=scheduler, paths_per_range=5)
    assert there.n_paths == alone.n_paths < PATHS
    assert digests(there.folder) == digests(alone.folder)


def test_a_worker_with_another_program_is_refused(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(workers.manifests, "source_version", iter(["ours", "ours", *["theirs"] * 99]).__next__)
    with pytest.raises(RunError, match="another version of this program"):
        run(tmp_path / "run", cluster=scheduler)


def test_a_worker_that_does_not_see_the_folder_is_refused(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(workers.folder_lock, "owner_of", lambda folder: None)
    with pytest.raises(RunError, match=r"does not see .*--ranges s3://"):
        run(tmp_path / "run", cluster=scheduler)
    run(tmp_path / "url", cluster=scheduler, ranges="memory://unshared")


@pytest.mark.parametrize("address", ["local:0", "local:x", "scheduler:8786", "http://scheduler", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_written(tmp_path, address):
    with pytest.raises(RunError, match=r"type local:N .* or the address of a Dask scheduler"):
        run(tmp_path / "run", cluster=address)
    assert not (tmp_path / "run").exists()


def test_no_scheduler_there(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_S", 0.5)
    with pytest.raises(RunFailed, match="no scheduler answers there"):
        run(tmp_path / "run", cluster="tcp://127.0.0.1:9")


def test_places_for_ranges(tmp_path):
    assert open_store(tmp_path, "key") == RangeFolder(str(tmp_path / "key"))
    assert open_store(f"file://{tmp_path}") == RangeFolder(str(tmp_path))
    assert open_store("memory://a/", "key") == RangeUrl("memory://a/key")
    with pytest.raises(RunError, match="type a folder or a URL"):
        open_store("nowhere://a")

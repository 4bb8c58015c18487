"""Ranges of paths on the workers of a Dask cluster: the same ranges, written by the worker that simulated them.

The study travels to each worker once; a task is two path numbers, and so is its answer. No more tasks wait at the
scheduler than keep the workers busy. A range that fails because its worker or its disk did is tried again.
"""

from __future__ import annotations

import logging
import os
import queue
import re
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from riskmodel import folder_lock
from riskmodel import manifest as manifests
from riskmodel.range_store import RangeFolder
from riskmodel.range_work import Job, range_of
from riskmodel.run_errors import RunError, RunFailed

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["MOST_TRIES", "Workers", "check_address"]

LOCAL = re.compile(r"local(?::(\d+))?")
REMOTE = ("tcp://", "tls://", "ucx://", "ws://", "wss://", "inproc://")
MOST_LOCAL = 1024
MOST_TRIES = 4
"""Times that a range is tried before the run stops."""
AHEAD = 2
"""Ranges handed out for each thread of the workers: one at work, one waiting."""
LOOK_S = 0.5
"""Time between looks at whether the scheduler still answers, when nothing comes back [s]."""
CONNECT_S = 60.0
CLOSE_S = 30.0
LOOPBACK = "127.0.0.1"


class WrongWorker(RunError):
    """A worker that would not give the same numbers, or does not see the results folder."""


@dataclass(frozen=True)
class Program:
    """What must be the same at the workers; `token` is in the lock file of the results folder."""

    source_version: str
    versions: dict[str, str]
    input_hash: str
    folder: str
    token: str


def check_address(text: str) -> int:
    """Number of workers of ``local:N`` (0 for the scheduler of an address).

    Raises
    ------
    RunError
        For anything else.
    """
    match = LOCAL.fullmatch(text)
    if match is not None:
        count = int(match[1] or os.cpu_count() or 1)
        if 1 <= count <= MOST_LOCAL:
            return count
    elif text.startswith(REMOTE):
        return 0
    raise RunError(
        f"cluster = {text}: type local:N for N worker processes on this machine (1 to {MOST_LOCAL}), "
        "or the address of a Dask scheduler, e.g. tcp://scheduler:8786 or tls://scheduler:8786"
    )


class Workers:
    """A Dask cluster for one run; a context manager.

    Parameters
    ----------
    address : str
        ``local:N`` for N processes on this machine that listen on the loopback device only, or the address of a
        scheduler.
    job : Job
    folder : Path
        Results folder, held.
    token : str
        Of its lock.

    Raises
    ------
    RunError
        If `distributed` is not installed or a worker runs another program.
    RunFailed
        If no scheduler or no worker answers.
    """

    def __init__(self, address: str, job: Job, folder: Path, token: str) -> None:
        n_local = check_address(address)
        try:
            import distributed
        except ImportError as error:
            raise RunError("--cluster needs Dask: install power-strategy-risk[cluster]") from error
        self.address, self.cluster = address, None
        shared = str(folder.absolute()) if isinstance(job.store, RangeFolder) else ""
        self.job = job if job.threads or not n_local else replace(job, threads=_share(n_local))
        if not n_local and not job.threads:
            self.job = replace(job, threads=1)  # a worker takes as many ranges at once as it has threads
        self.program = Program(manifests.source_version(), manifests.versions(), job.study.input_hash(), shared, token)
        try:
            if n_local:
                self.cluster = _local_cluster(n_local)
            self.client: Client = distributed.Client(self.cluster or address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            if self.cluster is not None:
                self.cluster.close()
            raise RunFailed(f"cluster = {address}: no scheduler answers there ({error})") from error

    def __enter__(self) -> Workers:
        try:
            self._prepare()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _prepare(self) -> None:
        """Send the study, and let one worker of each machine compile, or load what is compiled, before the others."""
        self._wait_for_worker()
        self.shared_job = self.client.scatter(self.job, broadcast=True, hash=False)
        one_of = {worker["host"]: address for address, worker in self._known().items()}
        first = [
            self.client.submit(_warm, self.shared_job, self.program, workers=[address], pure=False)
            for address in one_of.values()
        ]
        try:
            for future in first:
                future.result()
        except RunError:
            raise
        except Exception as error:
            self._check_alive()
            raise RunFailed(f"cluster = {self.address}: a worker cannot begin ({_line(error)})") from error

    def _wait_for_worker(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=CONNECT_S)
        except (TimeoutError, OSError) as error:
            raise RunFailed(
                f"cluster = {self.address}: the scheduler has no worker; start one with "
                f"`dask worker {self.address}` on each machine"
            ) from error

    def _known(self) -> dict[str, Any]:
        return dict(self.client.scheduler_info(n_workers=-1)["workers"])

    def made(self, ranges: Iterable[tuple[int, int]]) -> Generator[tuple[int, int]]:
        """Have ranges simulated and kept; each is given back when it is there, in any order.

        Raises
        ------
        RunFailed
            If a range fails `MOST_TRIES` times, or the scheduler is gone.
        """
        todo, tries = iter(ranges), dict[tuple[int, int], int]()
        back: queue.SimpleQueue[tuple[tuple[int, int], Any]] = queue.SimpleQueue()
        at_work: dict[tuple[int, int], Any] = {}

        def hand_out(place: tuple[int, int]) -> None:
            tries[place] = tries.get(place, 0) + 1
            future = self.client.submit(
                _work, self.shared_job, self.program, *place, key=f"paths-{place[0]}-{place[1]}-{tries[place]}-"
                f"{self.program.token}", pure=False, priority=-place[0],
            )  # fmt: skip
            at_work[place] = future
            future.add_done_callback(lambda done: back.put((place, done)))

        try:
            while True:
                while len(at_work) < self._room() and (place := next(todo, None)) is not None:
                    hand_out(place)
                if not at_work:
                    return
                try:
                    place, future = back.get(timeout=LOOK_S)
                except queue.Empty:
                    self._check_alive()
                    continue
                if at_work.get(place) is not future:
                    continue
                del at_work[place]
                error = self._error_of(future)
                if error is None:
                    tries.pop(place)
                    yield place
                elif tries[place] < MOST_TRIES:
                    hand_out(place)
                else:
                    raise RunFailed(
                        f"paths {place[0]:,} to {place[1] - 1:,} failed {MOST_TRIES} times on the workers of "
                        f"{self.address} ({_line(error)}); finished ranges are kept, run again with resume to go on"
                    ) from error
        finally:
            if at_work and self.client.status == "running":
                self.client.cancel(list(at_work.values()), force=True)

    def _error_of(self, future: Any) -> BaseException | None:
        """None for a range that is there; an error after which it may be tried again. Others are raised."""
        self._check_alive()
        if future.status == "finished":
            return None
        try:
            error = future.exception(timeout=CONNECT_S)
        except Exception as failure:  # cancelled by the scheduler, or lost with it
            self._check_alive()
            return failure
        if error is None:  # lost with its worker while we looked; another one may have made it again by now
            return None if future.status == "finished" else OSError(f"the scheduler gave it up ({future.status})")
        if isinstance(error, RunError):
            raise error
        if isinstance(error, (OSError, MemoryError)) or type(error).__module__.startswith("distributed"):
            return error
        raise error

    def _threads(self) -> int:
        return max(1, sum(worker["nthreads"] for worker in self._known().values()))

    def _room(self) -> int:
        return AHEAD * self._threads()

    def paths_per_range(self, paths: int) -> int:
        """Paths of one range: a block as wide as the engine likes, or an equal share where there are few paths."""
        return max(1, min(self.job.lanes, -(-paths // self._threads())))

    def _check_alive(self) -> None:
        if self.client.status != "running":
            raise RunFailed(
                f"cluster = {self.address}: the scheduler is gone; finished ranges are kept, "
                "run again with resume to go on"
            )

    def _close(self) -> None:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what ends on purpose is no news
        with suppress(TimeoutError, OSError):  # the work is done, or failed already: workers end with this process
            self.client.close(timeout=CLOSE_S)
        with suppress(TimeoutError, OSError):
            if self.cluster is not None:
                self.cluster.close(timeout=CLOSE_S)


def _share(n_workers: int) -> int:
    from riskmodel.engine import default_threads

    return max(1, default_threads() // n_workers)


def _local_cluster(n_workers: int) -> Any:
    """Processes of this machine that listen on the loopback device only, without limits of their memory."""
    import dask
    import distributed

    environment = "distributed.nanny.pre-spawn-environ"
    usual = dask.config.get(environment, default={})
    # Dask has workers give memory back at every chance; a range takes it again at once, page by page.
    kept = {name: value for name, value in usual.items() if name != "MALLOC_TRIM_THRESHOLD_"}
    with dask.config.set({environment: kept, "distributed.worker.profile.enabled": False}):
        return distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:0",
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        )


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _check_program(job: Job, program: Program) -> None:
    """Refuse to work where the numbers could differ or would go to another folder."""
    if manifests.source_version() != program.source_version:
        raise WrongWorker(f"worker on {_here()} has another version of this program; install the same on all machines")
    own = manifests.versions()
    changed = [name for name in manifests.DECIDE_NUMBERS if own[name] != program.versions[name]]
    if changed:
        pairs = ", ".join(f"{name} {own[name]} instead of {program.versions[name]}" for name in changed)
        raise WrongWorker(f"worker on {_here()} has {pairs}; install the same on all machines")
    if job.study.input_hash() != program.input_hash:
        raise WrongWorker(f"worker on {_here()} does not see the same files that the study names; share their folder")
    if program.folder:
        owner = folder_lock.owner_of(Path(program.folder))
        if owner is None or owner.get("token") != program.token:
            raise WrongWorker(
                f"worker on {_here()} does not see {program.folder}, or the run there has ended; name a folder that "
                "all machines share with --out, or a place for the ranges, e.g. --ranges s3://bucket/folder"
            )


def _here() -> str:
    import platform

    return platform.node()


def _warm(job: Job, program: Program) -> None:
    """Compile everything, or load it: one path."""
    _check_program(job, program)
    if job.engine is None:
        from riskmodel.engine import simulate_range

        simulate_range(job.study, job.seed, 0, 1, threads=1, lanes=job.lanes)


def _work(job: Job, program: Program, first: int, end: int) -> tuple[int, int]:
    """Simulate and keep a range."""
    _check_program(job, program)
    job.store.write(first, end, range_of(job, first, end))
    return first, end

"""One range of paths, simulated into its tables: a pure function of the study, the seed and the range."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel.engine import DEFAULT_LANES, default_threads
from riskmodel.memory import give_back
from riskmodel.path_tables import RangeTables, range_tables
from riskmodel.range_checks import check_range
from riskmodel.variance_split import OTHER_CHANCE, OTHER_PARAMETERS, spans

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.range_store import RangeStore
    from riskmodel.study import Study

__all__ = ["Job", "in_this_process", "range_of"]


MANY_THREADS = 2
"""From so many threads on, all of them do not wait for the one that makes tables; two gain 10 % for 120 MiB."""


@dataclass(frozen=True)
class Job:
    """What all ranges of a run have in common.

    Attributes
    ----------
    study : Study
    seed : int
    store : RangeStore, where finished ranges are kept
    threads : int or None
        That one range is simulated on; None for all cores. Results do not depend on it.
    lanes : int
        Paths that advance together; results do not depend on it.
    engine : callable or None
        Stand-in for `riskmodel.engine.simulate_range`.
    """

    study: Study
    seed: int
    store: RangeStore
    threads: int | None = None
    lanes: int = DEFAULT_LANES
    engine: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Lives:
    """The paths of a range as simulated: as they are, and some of them again with their kind."""

    result: RangeResult
    again: list[tuple[int, RangeResult]]


def range_of(job: Job, first: int, end: int) -> RangeTables:
    """Tables of the paths `first .. end - 1`, checked.

    Raises
    ------
    riskmodel.range_checks.BrokenPath
        If a path violates a check.
    """
    return _tables(job, _lives(job, first, end))


def in_this_process(job: Job, ranges: Iterable[tuple[int, int]]) -> Generator[tuple[int, int]]:
    """Simulate and keep ranges one after another; each is given back when it is there.

    With many threads the next range is simulated while the tables of one are made and written, which one thread does.
    The second range waits for the first, so that compiling can be interrupted.
    """
    left = iter(ranges)
    here = next(left, None)
    following: Future[Lives] | None = None
    with ThreadPoolExecutor(1) as ahead:
        while here is not None:
            lives = following.result() if following is not None else _lives(job, *here)
            then = next(left, None)
            following = ahead.submit(_lives, job, *then) if then is not None and _has_many(job) else None
            tables = _tables(job, lives)
            del lives  # or they would be in memory beside the next ones
            job.store.write(*here, tables)
            del tables
            give_back()  # each thread has memory of its own, which the others cannot use
            yield here
            here = then


def _has_many(job: Job) -> bool:
    return (job.threads or default_threads()) >= MANY_THREADS


def _lives(job: Job, first: int, end: int) -> Lives:
    """With many threads, the narrower blocks of those simulated again begin with the others: all are at work longer."""
    simulate_range = job.engine or _engine()
    how = {"threads": job.threads, "lanes": job.lanes}

    def other_life(which: tuple[int, int, int]) -> tuple[int, RangeResult]:
        path, count, kind = which
        return kind, simulate_range(job.study, job.seed, path, count, again=kind, **how)

    again = [(path, n, kind) for path, n in spans(first, end) for kind in (OTHER_CHANCE, OTHER_PARAMETERS)]
    with ThreadPoolExecutor(job.threads or default_threads()) as pool:
        others = pool.map(other_life, again) if _has_many(job) else None
        result = simulate_range(job.study, job.seed, first, end - first, **how)
        return Lives(result, list(others or pool.map(other_life, again)))


def _tables(job: Job, lives: Lives) -> RangeTables:
    tables = range_tables(job.study, lives.result, lives.again)
    check_range(job.study, job.seed, lives.result, tables)
    return tables


def _engine() -> Callable[..., Any]:
    from riskmodel.engine import simulate_range

    return simulate_range

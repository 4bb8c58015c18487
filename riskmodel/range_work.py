"""One range of paths, simulated into its tables: a pure function of the study, the seed and the range."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel.engine import DEFAULT_LANES, default_threads
from riskmodel.path_tables import RangeTables, range_tables
from riskmodel.range_checks import check_range
from riskmodel.variance_split import OTHER_CHANCE, OTHER_PARAMETERS, spans

if TYPE_CHECKING:
    from riskmodel.range_store import RangeStore
    from riskmodel.study import Study

__all__ = ["Job", "in_this_process", "range_of"]


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


def range_of(job: Job, first: int, end: int) -> RangeTables:
    """Tables of the paths `first .. end - 1`, checked.

    Raises
    ------
    riskmodel.range_checks.BrokenPath
        If a path violates a check.
    """
    simulate_range = job.engine or _engine()
    how = {"threads": job.threads, "lanes": job.lanes}
    result = simulate_range(job.study, job.seed, first, end - first, **how)

    def other_life(which: tuple[int, int, int]) -> tuple[int, Any]:
        path, count, kind = which
        return kind, simulate_range(job.study, job.seed, path, count, again=kind, **how)

    again = [(path, n, kind) for path, n in spans(first, end) for kind in (OTHER_CHANCE, OTHER_PARAMETERS)]
    with ThreadPoolExecutor(job.threads or default_threads()) as pool:  # each a block of its own, side by side
        others = list(pool.map(other_life, again))
    tables = range_tables(job.study, result, others)
    check_range(job.study, job.seed, result, tables)
    return tables


def in_this_process(job: Job, ranges: Iterable[tuple[int, int]]) -> Generator[tuple[int, int]]:
    """Simulate and keep ranges one after another; each is given back when it is there."""
    for first, end in ranges:
        job.store.write(first, end, range_of(job, first, end))
        yield first, end


def _engine() -> Callable[..., Any]:
    from riskmodel.engine import simulate_range

    return simulate_range

"""The engine: simulate a range of paths, or trace one path hour by hour."""

import math
import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.lives import AS_IT_IS, OTHER_LIFE, Redraw
from riskmodel.range_result import RangeResult

if TYPE_CHECKING:
    from distributions.given_outages import GivenTables
    from riskmodel.study import Study

DEFAULT_LANES = 256
HARMFUL_EVENTS_A_YEAR = 64
"""Room for events of a path; pages are touched only where used. A path with more makes its range run a second time."""
TRACE_NAMES = ("import_kw", "state_of_charge", "charge_kw", "discharge_kw", "grid_share")


class TooManyEvents(ValueError):
    """A path has more outages and sags in a year than the engine holds; the message says what to change."""


def _allocate(n_paths, study, capacity, trace_hours):
    from riskmodel.engine.state import Out
    from riskmodel.event_record import N_RECORD
    from riskmodel.quantities import N_QUANTITIES

    s, years = len(study.strategies), study.header.years
    return Out(
        np.zeros((n_paths, s, years, N_QUANTITIES)),
        _mostly_unused((n_paths, capacity, 6), np.float64),
        _mostly_unused((n_paths, capacity, s), np.int8),
        _mostly_unused((n_paths, capacity, s, N_RECORD), np.float64),
        np.zeros(n_paths, np.int64),
        np.zeros(n_paths, np.int64),
        np.zeros((s, 7, trace_hours)),
    )


def _mostly_unused(shape, kind):
    """Zeros of which few are ever touched, in small pages: in the large ones NumPy asks for, all would take memory."""
    if not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(shape, kind)
    memory = mmap.mmap(-1, math.prod(shape) * np.dtype(kind).itemsize)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, kind).reshape(shape)


def default_threads() -> int:
    """Threads used when none are named: NUMBA_NUM_THREADS if set, else the cores this process may use."""
    named = os.environ.get("NUMBA_NUM_THREADS", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _walk_blocks(tables, inputs, out, lanes, first_path, seed, trace_from, threads):
    """Blocks of at most `lanes` paths on a pool of threads; each writes only its own rows of `out`.

    `first_path` addresses what happens on the first path: weather, prices, sun, events.
    """
    from riskmodel.engine.block import walk_block

    n = out.n_events.size

    def one(first):
        walk_block(tables, inputs, out, first, min(lanes, n - first), first_path, seed, trace_from)

    firsts = range(0, n, lanes)
    if threads == 1 or len(firsts) == 1:
        for first in firsts:
            one(first)
        return
    with ThreadPoolExecutor(min(threads, len(firsts))) as pool:
        list(pool.map(one, firsts))


def _walk(study, seed, first_path, n_paths, lanes, threads, trace=(0, 0), again=0, given=None, redraw=AS_IT_IS):
    """Draw the scalars and run the kernel, with more room for events if a path needs it.

    `again` is 0 for the paths as they are, else the kind of `riskmodel.variance_split` in which they are drawn anew.
    """
    from riskmodel.draws import draw_scalars
    from riskmodel.engine.block import MANY_EVENTS, MANY_HARMFUL
    from riskmodel.process_draws import draw_processes
    from riskmodel.tables import pack, path_inputs
    from riskmodel.variance_split import OTHER_PARAMETERS

    if seed >= 1 << 63:
        seed -= 1 << 64  # the same 64 bits as a signed word, which is what a kernel takes
    scalars = draw_scalars(study, seed, first_path, n_paths, redraw)
    chance_path = first_path + again * OTHER_LIFE + redraw.chance_shift
    fitted_path = chance_path if again == OTHER_PARAMETERS else first_path
    processes = draw_processes(study, seed, fitted_path, n_paths, redraw)
    tables, inputs = pack(study), path_inputs(study, scalars, processes, given)
    capacity = HARMFUL_EVENTS_A_YEAR * study.header.years
    while True:
        out = _allocate(n_paths, study, capacity, trace[1])
        _walk_blocks(tables, inputs, out, lanes, chance_path, seed, trace[0], threads or default_threads())
        if np.any(out.status == MANY_EVENTS):
            path = first_path + int(np.argmax(out.status == MANY_EVENTS))
            raise TooManyEvents(
                f"path {path}: more than 640 outages and sags in a year; "
                "lower site.outage_rate_factor or the rates of the outage record"
            )
        if not np.any(out.status == MANY_HARMFUL):
            return scalars | processes.columns, out
        capacity *= 2


def _event_columns(out, first_path, n_strategies):
    """One row per path, event and strategy, in that order."""
    from riskmodel.event_record import COLUMNS

    counts = out.n_events
    rows = np.repeat(np.arange(counts.size), counts)
    number = np.concatenate([np.arange(n) for n in counts]) if rows.size else np.zeros(0, np.int64)
    event = np.repeat(out.event[rows, number], n_strategies, axis=0)
    columns = {
        "path": np.repeat(first_path + rows, n_strategies).astype(np.int64),
        "event": np.repeat(number, n_strategies).astype(np.int32),
        "year": event[:, 5].astype(np.int16),
        "hour": event[:, 0],
        "cause": event[:, 2].astype(np.int8),
        "duration_s": event[:, 1] * 3600.0,
        "residual_voltage": event[:, 3].astype(np.float32),
        "strategy": np.tile(np.arange(n_strategies, dtype=np.int8), rows.size),
        "outcome": out.outcome[rows, number].reshape(-1),
    }
    for k, (name, _) in enumerate(COLUMNS):  # one at a time: all at once would hold the record twice
        columns[name] = out.record[rows, number, :, k].reshape(-1)
    return columns


def simulate_range(
    study: "Study",
    seed: int,
    first_path: int,
    n_paths: int,
    *,
    threads: int | None = None,
    lanes: int = DEFAULT_LANES,
    again: int = 0,
    given: "GivenTables | None" = None,
    redraw: Redraw = AS_IT_IS,
) -> RangeResult:
    """Simulate the paths `first_path .. first_path + n_paths - 1` of a study, hour by hour, for all its strategies.

    Parameters
    ----------
    study : Study
    seed : int, 0 .. 2**64 - 1
    first_path, n_paths : int
    threads : int, optional
        Threads that run blocks; the result does not depend on them.
    lanes : int
        Paths that advance together in one block; the result does not depend on it.
    again : int
        0 for the paths as they are; `riskmodel.variance_split.OTHER_CHANCE` for the same inputs and parameters in other
        weather, prices and outages, `OTHER_PARAMETERS` for the same inputs only.
    given : GivenTables, optional
        Events to walk instead of those of the study or beside them, one list for all paths or one for each.

    Returns
    -------
    RangeResult

    Raises
    ------
    TooManyEvents
        If a path has more events in a year than the engine holds (640).
    """
    scalars, out = _walk(study, seed, first_path, n_paths, lanes, threads, again=again, given=given, redraw=redraw)
    names = tuple(study.strategy_names)
    return RangeResult(first_path, out.annual, scalars, _event_columns(out, first_path, len(names)), names)


def trace_week(
    study: "Study", seed: int, path: int, first_hour: int, hours: int = 168, given: "GivenTables | None" = None
) -> dict:
    """Hourly values of one path from `first_hour` of the run, the same numbers as in a full simulation.

    Returns
    -------
    dict
        `price_eur_per_mwh`, `pv_kw_per_kwp` : (hours,) float64; `strategies` : dict of strategy name -> dict of
        `import_kw` (export negative), `state_of_charge` (share of today's energy; NaN without storage), `charge_kw`,
        `discharge_kw` (at the meter), `grid_share` (share of the hour with grid) : (hours,) float64.
    """
    _, out = _walk(study, seed, path, 1, 1, None, (first_hour, hours), given=given)
    strategies = {
        name: {key: out.trace[s, k] for k, key in enumerate(TRACE_NAMES)} for s, name in enumerate(study.strategy_names)
    }
    return {"price_eur_per_mwh": out.trace[0, 5], "pv_kw_per_kwp": out.trace[0, 6], "strategies": strategies}

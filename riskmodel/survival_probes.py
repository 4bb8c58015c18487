"""How long each strategy of a study carries the load: outages put in at random hours of simulated lifetimes.

One long outage tells for every shorter one, since no one knows at the beginning how long it will last: it is survived
for as long as the load is carried. Each month of each year has one; after it storage has a week to recover. The
lifetimes are those of a run, with their prices, sun, ageing and failures, but without outages of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions._jit import njit
from distributions.clock import DAYS_IN_MONTH, FIRST_DAY_OF_MONTH, HOURS_PER_DAY, MONTHS_PER_YEAR
from distributions.outages import N_COLUMNS, SUSTAINED
from distributions.streams import Process, two_uniforms
from riskmodel.quantities import Outcome

if TYPE_CHECKING:
    from distributions.given_outages import GivenTables
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["LOADS", "MOST_DURATION_H", "Carried", "probe_outages", "probe_study"]

PROBE_WORD = int(Process.SURVIVAL_PROBE) << 16
RECOVERY_H = 168.0
"""Least time between two probing outages: a week, in which any store is charged again."""
MOST_DURATION_H = 336.0
NUMBERS_A_YEAR = 1024
PATHS_PER_RANGE = 256
LOADS = ("full", "capped")
"""The full load, and the load at which GPUs are capped to stretch what is stored."""
NEVER_CAPPED = {"ride_through_power_share": 1.0, "ride_through_performance": 1.0}


class Carried(NamedTuple):
    """How long each probing outage was carried.

    Attributes
    ----------
    year, month, hour : (n_paths, n_probes) int64, when it began: year from 0, month 0..11, hour of the day 0..23
    hours : (2, n_paths, n_probes, n_strategies) float64, time the load was carried [h], at most the duration; first
        the full load, then the capped one; NaN before a strategy has had its connection and assets for a week
    duration_h : float
    strategy_names : tuple of str
    load_kw : (n_paths,) float64, load at the meter of all GPUs, without UPS losses and cabinets' own use
    """

    year: NDArray[np.int64]
    month: NDArray[np.int64]
    hour: NDArray[np.int64]
    hours: NDArray[np.float64]
    duration_h: float
    strategy_names: tuple[str, ...]
    load_kw: NDArray[np.float64]


def probe_outages(first_path: int, n_paths: int, years: int, duration_h: float, seed: int) -> GivenTables:
    """One outage in every month of every year of every path.

    Parameters
    ----------
    first_path, n_paths, years : int
    duration_h : float, at most 336
    seed : int

    Draws
    -----
    Process SURVIVAL_PROBE, draw = 12 year + month. Unit 0 of the path: day within the month and minute of the hour.
    Unit 1 of path 0: hour of the day for path 0; it moves on by one with each path, so 24 paths cover the day.
    """
    from distributions.given_outages import GivenTables

    records = np.zeros((n_paths, years * MONTHS_PER_YEAR, N_COLUMNS))
    days = DAYS_IN_MONTH - math.ceil((duration_h + RECOVERY_H) / HOURS_PER_DAY)
    _probes(records, days.astype(np.int64), np.asarray(FIRST_DAY_OF_MONTH), duration_h, first_path, seed)
    first = np.tile(np.arange(years + 1, dtype=np.int64) * MONTHS_PER_YEAR, (n_paths, 1))
    return GivenTables(np.ones(1, np.int64), records, first)


@njit
def _probes(records, days, first_day, duration_h, first_path, seed):
    for i in range(records.shape[0]):
        path = first_path + i
        for k in range(records.shape[1]):
            year, month = k // 12, k % 12
            u, v = two_uniforms(k, PROBE_WORD, path, seed)
            w, _ = two_uniforms(k, PROBE_WORD | 1, 0, seed)
            hour_of_day = (int(w * 24.0) + path) % 24
            day = first_day[month] + int(u * days[month])
            record = records[i, k]
            record[0] = day * 24.0 + hour_of_day + v
            record[1] = duration_h
            record[2] = SUSTAINED
            record[4] = year * NUMBERS_A_YEAR + month


def probe_study(
    study: Study,
    duration_h: float,
    paths: int,
    seed: int,
    progress: Callable[[int, int], object] | None = None,
    simulate_range: Callable[..., RangeResult] | None = None,
    threads: int | None = None,
) -> Carried:
    """Probe the lifetimes of a study, once at full load and once with GPUs capped as the study says.

    Parameters
    ----------
    study : Study
    duration_h : float, length of the probing outages, above 0 and at most 336
    paths, seed : int
    progress : callable
        Called as progress(done_paths, total_paths), both runs counted.
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    """
    if simulate_range is None:
        from riskmodel import engine

        simulate_range = engine.simulate_range
    uncapped = study.model_copy(update={"cluster": study.cluster.model_copy(update=NEVER_CAPPED)})
    years, names = study.header.years, tuple(study.strategy_names)
    probes = probe_outages(0, paths, years, duration_h, seed)
    hours = np.full((len(LOADS), paths, years * MONTHS_PER_YEAR, len(names)), np.nan)
    done, total, load_kw = 0, paths * len(LOADS), np.zeros(paths)
    for load, variant in enumerate((uncapped, study)):
        for first in range(0, paths, PATHS_PER_RANGE):
            n = min(PATHS_PER_RANGE, paths - first)
            part = probes._replace(event=probes.event[first : first + n], first=probes.first[first : first + n])
            result = simulate_range(variant, seed, first, n, threads=threads, given=part)
            hours[load, first : first + n] = _carried(result, part.event)
            load_kw[first : first + n] = _load_kw(study, result)
            done += n
            if progress is not None:
                progress(done, total)
    start = probes.event[:, :, 0]
    month = np.broadcast_to(np.arange(years * MONTHS_PER_YEAR) % MONTHS_PER_YEAR, start.shape)
    year = np.broadcast_to(np.arange(years * MONTHS_PER_YEAR) // MONTHS_PER_YEAR, start.shape)
    hour = (start % HOURS_PER_DAY).astype(np.int64)
    return Carried(np.array(year), np.array(month), hour, hours, duration_h, names, load_kw)


def _carried(result: RangeResult, probes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_paths, n_probes, n_strategies) hours carried, from what the events did; NaN where not in service."""
    n_paths, n_probes, names = probes.shape[0], probes.shape[1], result.strategy_names
    shape = (n_paths, n_probes, len(names))
    carried = result.events["carried_h"].reshape(shape).copy()
    carried[result.events["outcome"].reshape(shape) == Outcome.ALREADY_DOWN] = 0.0
    carried[~_in_service(result, probes)] = np.nan
    return carried


def _load_kw(study: Study, result: RangeResult) -> NDArray[np.float64]:
    """(n_paths,) load of all GPUs at the meter."""
    factor, overhead = (result.scalars[f"cluster.{name}"] for name in ("load_factor", "power_usage_effectiveness"))
    mean = float(study.cluster.power_usage_effectiveness.mean())
    return np.asarray(study.rated_load_kw() / mean * overhead * factor)


def _in_service(result: RangeResult, probes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n_paths, n_probes, n_strategies) whether a strategy has had its connection and assets for a week."""
    from riskmodel.tables import HOURS_PER_MONTH

    year = np.arange(probes.shape[1]) // MONTHS_PER_YEAR
    day = year * 365 + (probes[:, :, 0] // HOURS_PER_DAY).astype(np.int64)
    months = [result.scalars[f"strategies.{name}.connection.time_to_power_months"] for name in result.strategy_names]
    energised = np.ceil(np.array(months).T * HOURS_PER_MONTH / HOURS_PER_DAY) + RECOVERY_H / HOURS_PER_DAY
    return np.asarray(day[:, :, None] >= energised[:, None, :])

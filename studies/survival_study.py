"""Does the load last through an outage? The numbers behind the command ``survival``, for studies and small systems."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from distributions.estimate import Estimate
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study
    from riskmodel.survival_exact import System
    from riskmodel.survival_probes import Carried

__all__ = ["LONGEST", "Case", "durations", "of_study", "of_system"]

LONGEST = (0.5, 0.9, 0.99)
"""Chances for which the longest outage that is survived is given."""
SHORT_H = (1 / 60, 5 / 60, *(0.25 * k for k in range(1, 16)))
FIRST_WHOLE_H, MOST_POINTS = 4, 48
TOLERANCE_H = 1e-6
HOURS, MONTHS = 24, 12
MOST_NUMBERS = 250_000
"""Of a table in the record of a small system."""


class Case(NamedTuple):
    """What is asked of a study: `duration_h` of the outage; `paths` lifetimes; `seed`."""

    study: Study
    duration_h: float
    paths: int
    seed: int


def durations(longest_h: float) -> list[float]:
    """Durations of the survival curve [h]: a minute, quarters of an hour, then whole hours, and the longest."""
    step = max(1, math.ceil(longest_h / MOST_POINTS))
    hours = [float(h) for h in range(FIRST_WHOLE_H, math.ceil(longest_h), step)]
    return [h for h in (*SHORT_H, *hours) if h < longest_h] + [longest_h]


def of_study(
    case: Case,
    progress: Callable[[int, int], object] | None = None,
    simulate_range: Callable[..., RangeResult] | None = None,
) -> dict[str, Any]:
    """Probe a study; returns a record of plain numbers, each with its error.

    Parameters
    ----------
    case : Case
    progress, simulate_range : see `riskmodel.survival_probes.probe_study`
    """
    from riskmodel.survival_probes import LOADS, probe_study

    carried = probe_study(case.study, case.duration_h, case.paths, case.seed, progress, simulate_range)
    curve = durations(case.duration_h)
    cluster = case.study.cluster
    bounds = [_bounds(case.study, carried, s, curve) for s in range(len(carried.strategy_names))]
    strategies = [
        {
            "name": name,
            "title": case.study.strategies[name].title,
            "loads": {load: _load(carried, carried.hours[k, :, :, s], curve) for k, load in enumerate(LOADS)},
            "bounds_by_duration": bounds[s],
            "owns_nothing": all(
                getattr(case.study.strategies[name], asset) is None for asset in ("ups", "gensets", "storage", "pv")
            ),
        }
        for s, name in enumerate(carried.strategy_names)
    ]
    return {
        "study": case.study.header.name,
        "title": case.study.header.title,
        "duration_h": case.duration_h,
        "durations_h": curve,
        "capped_power_share": cluster.ride_through_power_share,
        "years": case.study.header.years,
        "paths": case.paths,
        "seed": case.seed,
        "strategies": strategies,
    }


def _load(carried: Carried, hours: NDArray[np.float64], curve: list[float]) -> dict[str, Any]:
    """Numbers of one strategy at one load; `hours` : (n_paths, n_probes), NaN where not in service."""
    there = ~np.isnan(hours)
    lasted = there & (hours >= carried.duration_h - TOLERANCE_H)
    cells = carried.month * HOURS + carried.hour
    return {
        "outages": int(there.sum()),
        "chance": _share(lasted, there),
        "by_duration": [_share(there & (hours >= d - TOLERANCE_H), there) for d in curve],
        "by_start_hour": _by(carried.hour, HOURS, lasted, there),
        "by_month": _by(carried.month, MONTHS, lasted, there),
        "by_year": _by(carried.year, int(carried.year.max()) + 1, lasted, there),
        "by_month_and_start_hour": [
            _by(np.where(cells // HOURS == month, cells % HOURS, -1), HOURS, lasted, there) for month in range(MONTHS)
        ],
        "mean_hours": _mean(hours, there),
        "mean_hours_by_month_and_start_hour": [
            [_mean(hours, there & (cells == month * HOURS + hour)) for hour in range(HOURS)] for month in range(MONTHS)
        ],
        "longest_h": {f"{q:g}": _longest(hours, q) for q in LONGEST},
    }


def _bounds(study: Study, carried: Carried, s: int, curve: list[float]) -> list[list[float]] | None:
    """Bounds on the chance at full load by duration: means over the paths, weighed as their outages are."""
    from riskmodel.survival_gensets import chance_bounds, has_bounds

    name = carried.strategy_names[s]
    if not has_bounds(study.strategies[name]) or any(share != 1.0 for share in study.cluster.installed_share_by_year):
        return None
    outages = (~np.isnan(carried.hours[0, :, :, s])).sum(axis=1)
    if not outages.any():
        return None
    low, high = chance_bounds(study, name, carried.load_kw, curve)
    pairs = np.column_stack([np.average(bound, axis=0, weights=outages) for bound in (low, high)])
    return list(pairs.tolist())


def _longest(hours: NDArray[np.float64], chance: float) -> dict[str, float | None] | None:
    from distributions.estimate_ragged import ragged_quantile

    if np.isnan(hours).all():
        return None
    return _plain(ragged_quantile(hours, 1.0 - chance, "h"))


def _mean(hours: NDArray[np.float64], there: NDArray[np.bool_]) -> dict[str, float | None] | None:
    """Mean time carried [h], of at most the outage; None where there are no outages."""
    from distributions.estimate_ragged import ragged_mean

    if not there.any():
        return None
    return _plain(ragged_mean(np.where(there, hours, 0.0).sum(axis=1), there.sum(axis=1), "h"))


def _by(
    groups: NDArray[np.int64], n: int, lasted: NDArray[np.bool_], there: NDArray[np.bool_]
) -> list[dict[str, float | None] | None]:
    return [_share(lasted & (groups == g), there & (groups == g)) for g in range(n)]


def _share(hits: NDArray[np.bool_], trials: NDArray[np.bool_]) -> dict[str, float | None] | None:
    """Share of outages by path; None where there are none."""
    from distributions.estimate_ragged import ragged_share

    if not trials.any():
        return None
    return _plain(ragged_share(hits.sum(axis=1), trials.sum(axis=1)))


def _plain(estimate: Estimate) -> dict[str, float | None]:
    error = estimate.standard_error
    return {"value": estimate.value, "standard_error": error if math.isfinite(error) else None}


def of_system(system: System, duration_h: int, trials: int, seed: int) -> dict[str, Any]:
    """Survival of a small system: exact where it can be enumerated, and simulated if `trials` is above 0."""
    from distributions.estimate import mean
    from riskmodel.survival_exact import TooManyStatesError, exact_survival
    from riskmodel.survival_simulation import simulated_hours

    n = system.load_kw.size
    record: dict[str, Any] = {"hours_of_load": n, "duration_h": duration_h, "trials": trials, "seed": seed}
    try:
        exact = exact_survival(system, duration_h)
        record["exact"] = {
            "by_duration": exact.mean(axis=0).tolist(),
            "worst_by_duration": exact.min(axis=0).tolist(),
            "by_start_hour": exact[:, -1].tolist(),
            "by_start_hour_and_duration": exact.tolist() if exact.size <= MOST_NUMBERS else None,
        }
    except TooManyStatesError as error:
        record["exact"], record["no_exact"] = None, str(error)
    if trials:
        hours = simulated_hours(system, duration_h, trials, seed)
        lasted = [hours >= d for d in range(1, duration_h + 1)]
        record["simulated"] = {
            "by_duration": [_plain(mean(flags.mean(axis=1))) for flags in lasted],
            "by_start_hour": [_plain(mean(lasted[-1][:, h])) for h in range(n)],
        }
    return record

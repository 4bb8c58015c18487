"""What it is worth that prices, outages and sun live in one weather: the numbers behind the command ``coupling``.

A study is simulated twice with the same seed, once with one weather for all and once with a weather for each. The
runs share inputs, fitted parameters, outages and every other draw that the weather does not move; what the weather
moves differs. So path k of one run is like path k of the other, but not equal to it: errors of differences come from
the spread between paths of the difference, which counts what the two have in common and no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from distributions.estimate import Estimate
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["LEAST_YEARS", "Case", "compare"]

PATHS_PER_RANGE = 512
BAD_YEAR = 0.95
"""Share of years below: the loss reached in 1 year in 20."""
WORST = 0.99
"""Share of years below the worst 1 %."""
LEAST_YEARS = 1000
"""Simulated years for which the worst 1 % are ten years."""
YEARS_PER_POINT = 10
SHORTEST_YEARS, LONGEST_YEARS, POINTS = 1.2, 1000.0, 22
TOLD_APART = 2.0
"""Errors that a difference must exceed to be called one."""


class Case(NamedTuple):
    """What is compared.

    Attributes
    ----------
    coupled, uncoupled : Study, alike but for `site.weather_coupling`
    paths, seed : int
    """

    coupled: Study
    uncoupled: Study
    paths: int
    seed: int


class _Years(NamedTuple):
    """Of every path, strategy and year: energy cost and downtime loss [EUR], and whether an extreme outage came.

    `extreme` (n_paths, 1, n_years) is the same for all strategies: one that hurt at least one of them.
    """

    energy: NDArray[np.float64]
    downtime: NDArray[np.float64]
    extreme: NDArray[np.bool_]


def compare(
    case: Case,
    progress: Callable[[int, int], object] | None = None,
    simulate_range: Callable[..., RangeResult] | None = None,
) -> dict[str, Any]:
    """Simulate both; returns a record of plain numbers, each with its error.

    Parameters
    ----------
    case : Case
    progress : callable
        Called as progress(done_paths, total_paths), both runs counted.
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    """
    if simulate_range is None:
        from riskmodel.engine import simulate_range as simulate
    else:
        simulate = simulate_range
    tell = progress or (lambda done, total: None)
    runs = [_simulate(case, k, simulate, tell) for k in range(2)]
    header, names = case.coupled.header, case.coupled.strategy_names
    n_years = case.paths * header.years
    longest = max(2.0, min(LONGEST_YEARS, n_years / YEARS_PER_POINT))
    periods = np.geomspace(SHORTEST_YEARS, longest, POINTS)
    return {
        "study": header.name,
        "title": header.title,
        "price_year": header.price_year,
        "years": header.years,
        "paths": case.paths,
        "simulated_years": n_years,
        "seed": case.seed,
        "loss": "energy cost and downtime loss of a year, real, undiscounted; waiting for power is not in it",
        "error_of_differences": "spread between paths of what each path adds to the difference",
        "return_period_years": periods.tolist(),
        "strategies": [
            {"name": name, "title": case.coupled.strategies[name].title, **_one_strategy(runs, index, periods)}
            for index, name in enumerate(names)
        ],
    }


def _simulate(
    case: Case, which: int, simulate: Callable[..., RangeResult], tell: Callable[[int, int], object]
) -> _Years:
    """Years of the coupled (0) or the uncoupled (1) study, range by range."""
    parts, study, before = [], (case.coupled, case.uncoupled)[which], which * case.paths
    tell(before, 2 * case.paths)
    for first in range(0, case.paths, PATHS_PER_RANGE):
        n = min(PATHS_PER_RANGE, case.paths - first)
        parts.append(_yearly(study, simulate(study, case.seed, first, n)))
        tell(before + first + n, 2 * case.paths)
    return _Years(*(np.concatenate([part[k] for part in parts]) for k in range(len(_Years._fields))))


def _yearly(study: Study, result: RangeResult) -> _Years:
    from riskmodel.ledger import DOWNTIME_LINES, ENERGY_LINES, build_ledger, sum_of
    from riskmodel.quantities import CAUSES

    ledger = build_ledger(study, result)
    extreme = np.zeros((result.n_paths, 1, study.header.years), dtype=np.bool_)
    events = result.events
    hit = events["cause"] == CAUSES.index("extreme")
    extreme[events["path"][hit] - result.first_path, 0, events["year"][hit].astype(np.int64) - 1] = True
    return _Years(-sum_of(ledger, ENERGY_LINES)[..., 1:], -sum_of(ledger, DOWNTIME_LINES)[..., 1:], extreme)


def _one_strategy(runs: list[_Years], index: int, periods: NDArray[np.float64]) -> dict[str, Any]:
    """Measures of one strategy in both runs and their differences, and its exceedance curves."""
    from distributions.estimate import clustered_quantiles
    from distributions.estimate_tails import clustered_quantile_difference

    one, other = (_Strategy.of(run, index) for run in runs)
    shares = (1.0 - 1.0 / periods).tolist()
    difference = _differences(one, other)
    worst = difference["worst_1_percent_eur"]
    error = worst["standard_error"]
    steps = [clustered_quantile_difference(one.loss, other.loss, share, "EUR") for share in shares]
    return {
        "coupled": _measures(one),
        "uncoupled": _measures(other),
        "difference": difference,
        "told_apart": error is not None and abs(worst["value"]) > TOLD_APART * error,
        "curves": {
            "coupled": [_plain(e) for e in clustered_quantiles(one.loss, shares, "EUR")],
            "uncoupled": [_plain(e) for e in clustered_quantiles(other.loss, shares, "EUR")],
            "difference": [_plain(e) for e in steps],
        },
    }


class _Strategy(NamedTuple):
    """Years of one strategy in one run, each (n_paths, n_years); see `_Years`."""

    loss: NDArray[np.float64]
    energy: NDArray[np.float64]
    downtime: NDArray[np.float64]
    extreme: NDArray[np.bool_]

    @classmethod
    def of(cls, run: _Years, index: int) -> _Strategy:
        energy, downtime = run.energy[:, index], run.downtime[:, index]
        return cls(energy + downtime, energy, downtime, run.extreme[:, 0])


def _measures(of: _Strategy) -> dict[str, Any]:
    from distributions.estimate import clustered_quantile, mean
    from distributions.estimate_tails import clustered_tail_mean

    return {
        "mean_eur": _plain(mean(of.loss.mean(axis=1))),
        "in_1_year_of_20_eur": _plain(clustered_quantile(of.loss, BAD_YEAR)),
        "worst_1_percent_eur": _plain(clustered_tail_mean(of.loss, WORST)),
        "worst_1_percent_energy_eur": _plain(clustered_tail_mean(of.loss, WORST, part=of.energy)),
        "worst_1_percent_downtime_eur": _plain(clustered_tail_mean(of.loss, WORST, part=of.downtime)),
        "worst_1_percent_with_extreme_outage_share": _plain(clustered_tail_mean(of.loss, WORST, part=of.extreme)),
        "mean_energy_eur": _plain(mean(of.energy.mean(axis=1))),
        "mean_downtime_eur": _plain(mean(of.downtime.mean(axis=1))),
        "with_extreme_outage_share": _plain(mean(of.extreme.mean(axis=1))),
    }


def _differences(one: _Strategy, other: _Strategy) -> dict[str, Any]:
    """Coupled less uncoupled, path by path."""
    from distributions.estimate import difference
    from distributions.estimate_tails import clustered_quantile_difference, tail_terms

    def of_tails(part: str) -> dict[str, Any]:
        here, there = (tail_terms(run.loss, WORST, getattr(run, part)) for run in (one, other))
        return _plain(difference(here, there))

    return {
        "mean_eur": _plain(difference(one.loss.mean(axis=1), other.loss.mean(axis=1))),
        "in_1_year_of_20_eur": _plain(clustered_quantile_difference(one.loss, other.loss, BAD_YEAR)),
        "worst_1_percent_eur": of_tails("loss"),
        "worst_1_percent_energy_eur": of_tails("energy"),
        "worst_1_percent_downtime_eur": of_tails("downtime"),
        "worst_1_percent_with_extreme_outage_share": of_tails("extreme"),
    }


def _plain(estimate: Estimate) -> dict[str, Any]:
    """Value and error; None for an error that cannot be told: the sample is too small, or it was never seen."""
    error = estimate.standard_error
    known = math.isfinite(error) and not (estimate.value == 0.0 and error == 0.0)
    return {"value": estimate.value, "standard_error": error if known else None}

"""When a run may stop: once the standard error of what was asked for is small enough.

A target names any number of the summary and the error it may have: a share of the estimate (`1%`, 0.01), or an amount
in its unit (`500 kEUR`, `0.1 years`, `0.5 points` for shares of paths). Without a strategy it holds for all.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel import store
from riskmodel.currency import inside

if TYPE_CHECKING:
    from distributions.estimate import Estimate
    from riskmodel.range_store import RangeStore
    from riskmodel.study import Study

__all__ = ["Check", "StopRule", "Target", "TargetError", "Wanted", "parse_targets", "unreached_text"]

Wanted = Mapping[str, float | str]
"""Number of the summary, perhaps as STRATEGY/NUMBER, to the error it may have."""

AMOUNT = re.compile(r"([0-9.eE+-]+)\s*(%|[A-Za-z].*)?")
POINTS = "points"
SHORT = {"npv": "delta_npv_eur"}
"""What a short name stands for: NPV is that against the baseline, path by path."""
BEST = "prob_best"
MONEY = {"": 1.0, "k": 1e3, "M": 1e6, "million ": 1e6}


class TargetError(ValueError):
    """A target that cannot be followed; the message says what to type."""


@dataclass(frozen=True)
class Target:
    """One number of the summary and the error it may have.

    Attributes
    ----------
    label : str, metric of the summary
    column : str, of paths.parquet that it is made of
    limit : float, share of the estimate, or amount in its unit
    relative : bool
    strategy : str or None, None for all
    """

    label: str
    column: str
    limit: float
    relative: bool
    strategy: str | None

    def allowed(self, estimate: Estimate) -> float:
        """Error that the estimate may have [its unit]."""
        return self.limit * abs(estimate.value) if self.relative else self.limit


@dataclass(frozen=True)
class Check:
    """A target of one strategy at a number of paths; `needed` is how many paths would do, infinite if none."""

    target: Target
    strategy: str
    estimate: Estimate
    needed: float

    @property
    def met(self) -> bool:
        """Is the error small enough?"""
        return self.estimate.standard_error <= self.target.allowed(self.estimate)


@functools.cache
def _labels() -> dict[str, tuple[str, str]]:
    """Metrics of the summary that a run can be stopped by: their column and unit."""
    from riskmodel.summary import UNITS, metric_estimates

    values = np.arange(64, dtype=np.float64)
    found: dict[str, tuple[str, str]] = {}
    for column in UNITS:
        status = np.zeros(values.size) if column == "irr" else None
        found |= {label: (column, estimate.unit) for label, estimate in metric_estimates(column, values, status)}
    return found | {BEST: ("best", "")}


def parse_targets(wanted: Wanted | None, strategies: list[str], currency: str) -> tuple[Target, ...]:
    """Targets from what was typed.

    Raises
    ------
    TargetError
        For an unknown number, strategy or unit, or an error that is not above 0.
    """
    return tuple(_target(name, amount, strategies, currency) for name, amount in (wanted or {}).items())


def _target(name: str, amount: float | str, strategies: list[str], currency: str) -> Target:
    strategy, slash, metric = name.rpartition("/")
    if slash and strategy not in strategies:
        raise TargetError(f"target_error {name}: no strategy {strategy!r}; type one of {', '.join(strategies)}")
    label = _label(inside(metric, currency))
    column, unit = _labels()[label]
    limit, relative = _limit(name, str(amount), unit, currency)
    return Target(label, column, limit, relative, strategy or None)


def _label(name: str) -> str:
    """Metric of the summary that a name stands for; a bare result is its mean, a payback its median."""
    from riskmodel.study.problems import nearest

    labels = _labels()
    stem, colon, statistic = name.partition(":")
    for column in dict.fromkeys(column for column, _ in labels.values()):
        if stem in (column, _short(column)) or SHORT.get(stem) == column:
            if SHORT.get(stem, column) != column:
                continue
            usual = "p50" if column.startswith("payback") else "mean"
            label = f"{column}:{statistic if colon else usual}"
            if label in labels:
                return label
    if name in labels:
        return name
    shorts = dict.fromkeys(_short(column) for column, _ in labels.values() if column != "best")
    near = nearest(name, [*shorts, *labels])
    hint = f"did you mean {near}?" if near else f"type one of npv, {', '.join(shorts)}, {BEST}"
    raise TargetError(f"target_error: no metric {name!r}; {hint}")


def _short(column: str) -> str:
    return re.sub(r"_(eur|usd|cny)(_per_year)?$", "", column)


def _limit(name: str, text: str, unit: str, currency: str) -> tuple[float, bool]:
    match = AMOUNT.fullmatch(text.strip())
    try:
        number = float(match[1]) if match else math.nan
    except ValueError:
        number = math.nan
    if match is None or not (math.isfinite(number) and number > 0.0):
        raise TargetError(
            f"target_error {name} = {text}: must be above 0, e.g. 0.01 or 1% of it, {_example(unit, currency)}"
        )
    typed = (match[2] or "").strip()
    if typed in ("", "%"):
        return (number / 100.0 if typed else number), True
    factors = _units(unit, currency)
    if typed not in factors:
        raise TargetError(
            f"target_error {name} = {text}: no unit {typed!r} here; type {' or '.join(factors)}, or % of the estimate"
        )
    return number * factors[typed], False


def _units(unit: str, currency: str) -> dict[str, float]:
    """Units in which an error may be typed, and their size in the unit of the summary."""
    if unit == "":
        return {POINTS: 0.01}
    if unit.startswith(("EUR", currency)):
        rest = unit[3:]
        return {f"{word}{currency}{end}": size for word, size in MONEY.items() for end in dict.fromkeys((rest, ""))}
    return {unit: 1.0}


def _example(unit: str, currency: str) -> str:
    words = list(_units(unit, currency))
    return f"or 500 {words[min(2, len(words) - 1)]}"


class StopRule:
    """Looks at the finished paths of a run and says whether they are enough.

    Parameters
    ----------
    study : Study
    kept : RangeStore
        The finished ranges.
    seed, start : int
        Seed and first path of the run.
    targets : tuple of Target
    controlled : bool
        Errors of means are those with control variates.
    """

    def __init__(
        self, study: Study, kept: RangeStore, seed: int, start: int, targets: tuple[Target, ...], controlled: bool
    ) -> None:
        self.study, self.kept, self.seed, self.start = study, kept, seed, start
        self.targets, self.controlled = targets, controlled
        self.checks: list[Check] = []
        self._known: dict[str, NDArray[np.float64]] = {}
        self._scores = np.zeros((0, 0))

    def met(self, ranges: store.Ranges, paths: int) -> bool:
        """Are all targets met by the first `paths` paths? Keeps what was found in `checks`."""
        found = []
        for target in self.targets:
            values = self._column(ranges, target.column, paths)
            for index, name in enumerate(self.study.strategy_names):
                if target.strategy in (None, name):
                    estimate = self._estimate(target, values[:, index], ranges, paths, index)
                    if estimate is not None:
                        found.append(Check(target, name, estimate, _needed(target, estimate, paths)))
        self.checks = found
        return all(check.met for check in found)

    def _column(self, ranges: store.Ranges, name: str, paths: int) -> NDArray[np.float64]:
        n_strategies = len(self.study.strategy_names)
        known = self._known.get(name, np.zeros((0, n_strategies)))
        if len(known) < paths:
            first = self.start + len(known)
            new = store.range_column(self.kept, ranges, name, first, paths - len(known), n_strategies)
            known = self._known[name] = np.concatenate([known, new])
        return known[:paths]

    def _estimate(
        self, target: Target, values: NDArray[np.float64], ranges: store.Ranges, paths: int, index: int
    ) -> Estimate | None:
        """As in the summary; None where it is not defined for the strategy."""
        from distributions import estimate as est
        from riskmodel.summary import metric_estimates

        if target.label == BEST:
            return est.probability(values)
        if np.isnan(values).all():
            return None
        status = None
        if target.column == "irr":
            status = self._column(ranges, "irr_status", paths)[:, index]
        found = dict(metric_estimates(target.column, values, status)).get(target.label)
        from riskmodel.control_variates import RESULTS, SUFFIX, adjusted, control_scores

        controlled = self.controlled and target.label.endswith(SUFFIX) and target.column in RESULTS
        if controlled and found is not None and found.standard_error > 0.0:
            known = len(self._scores)
            if known < paths:
                new = control_scores(self.study, self.seed, self.start + known, paths - known)
                self._scores = np.concatenate([self._scores, new]) if known else new
            return adjusted(np.ascontiguousarray(values), self._scores[:paths], found.unit).estimate
        return found

    def record(self) -> list[dict[str, Any]]:
        """What was found at the last look, as plain numbers; numbers that are not finite are None."""

        def plain(value: float) -> float | None:
            return value if math.isfinite(value) else None

        return [
            {
                "strategy": check.strategy,
                "metric": check.target.label,
                "value": plain(check.estimate.value),
                "standard_error": plain(check.estimate.standard_error),
                "allowed": plain(check.target.allowed(check.estimate)),
                "unit": check.estimate.unit,
                "met": check.met,
                "paths_needed": int(check.needed) if math.isfinite(check.needed) else None,
            }
            for check in self.checks
        ]


def _needed(target: Target, estimate: Estimate, paths: int) -> float:
    """Paths for the error to be small enough: errors fall with the root of the number of paths."""
    allowed, error = target.allowed(estimate), estimate.standard_error
    if error <= allowed:
        return float(paths)
    if not math.isfinite(error) or allowed == 0.0:
        return math.inf
    return math.ceil(paths * (error / allowed) ** 2 / store.PATHS_PER_GROUP) * store.PATHS_PER_GROUP


def unreached_text(checks: list[dict[str, Any]], paths: int) -> str:
    """What stands in the way of a target, and what to type; empty where all are met.

    Parameters
    ----------
    checks : list of dict, from `StopRule.record`
    paths : int, done so far
    """
    from distributions.estimate import Estimate

    left = [check for check in checks if not check["met"]]
    if not left:
        return ""
    worst = max(left, key=lambda check: check["paths_needed"] or math.inf)
    value, error = (math.nan if worst[key] is None else worst[key] for key in ("value", "standard_error"))
    found = Estimate(value, error, paths, worst["unit"])
    here = f"{worst['metric']} of {worst['strategy']} is {found} after {paths:,} paths"
    if worst["paths_needed"] is None:
        return f"{here}; no number of paths brings its error to that share of it, so ask for an amount in its unit"
    return (
        f"{here}, and an error of {worst['allowed']:.3g} {worst['unit']}".rstrip()
        + f" was asked for: about {worst['paths_needed']:,} paths would do"
    )


Announce = Callable[[str], object]

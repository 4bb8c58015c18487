"""What named cases do to the strategies of a study: the numbers behind the command ``stress``.

Every case is simulated on the draws of the study itself, so its effect is the mean of differences path by path.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from distributions.estimate import Estimate
    from riskmodel.range_result import RangeResult
    from riskmodel.stress_cases import StressCase, Variant
    from riskmodel.study import Study
    from riskmodel.variants import PathValues, RangeCache

__all__ = ["MEANS", "PARTS", "StressTest", "stress"]

MEANS = ("npv_eur", "delta_npv_eur", "downtime_loss_eur_per_year", "best")
"""Results whose mean, and the mean of whose changes path by path, are given; that of `best` is its probability."""
PAYBACK = "payback_simple_years"
PARTS = ("investment", "maintenance", "energy", "waiting for power", "downtime", "subsidy, tax and debt", "other")
"""What a change of the NPV difference is made of; together they are the change."""
HALF = 0.5
ENOUGH_IN_RANGE = 512


class StressTest(NamedTuple):
    """What is asked.

    Attributes
    ----------
    study : Study
    cases : tuple of StressCase
    focus : str or None
        Strategy that cases are ranked by; None for that of the study's claims, else the one with the highest NPV.
    paths, seed : int
    pair_paths : int
        Paths for all pairs of cases; 0 for no pairs.
    """

    study: Study
    cases: tuple[StressCase, ...]
    focus: str | None
    paths: int
    seed: int
    pair_paths: int


def stress(
    test: StressTest,
    progress: Callable[[int, int], object] | None = None,
    simulate_range: Callable[..., RangeResult] | None = None,
) -> dict[str, Any]:
    """Simulate a study and all cases; returns a record of plain numbers, each with its error.

    Parameters
    ----------
    test : StressTest
    progress : callable
        Called as progress(done_paths, total_paths), pairs counted too.
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.

    Raises
    ------
    StudyError
        If a case puts a value outside its range.
    """
    from riskmodel.stress_cases import NotInStudy, applied
    from riskmodel.variants import RangeCache

    variants: dict[str, Variant] = {}
    absent: dict[str, str] = {}
    for case in test.cases:
        try:
            variants[case.name] = applied(test.study, [case])
        except NotInStudy as reason:
            absent[case.name] = str(reason)
    pairs = _pairs(test, variants)
    alone = {case.name for pair in pairs for case in pair}
    in_pairs = test.pair_paths * (len(pairs) + 1 + len(alone)) if pairs else 0
    count = _Count(progress, test.paths * (1 + len(variants)) + in_pairs)
    cache = RangeCache()
    run = _Run(test, cache, count, simulate_range)
    base = run.values(None, test.paths)
    focus = test.focus or _focus(test.study, base)
    found = []
    for case in test.cases:
        if case.name in variants:
            walked = cache.walked
            values = run.values(variants[case.name], test.paths)
            found.append(_of_case(case, variants[case.name], base, values, cache.walked == walked))
    found.sort(key=lambda one: one["strategies"][focus]["delta_npv_eur"]["change"]["value"])
    header = test.study.header
    return {
        "study": header.name,
        "title": header.title,
        "input_hash": test.study.input_hash(),
        "currency": header.currency,
        "price_year": header.price_year,
        "years": header.years,
        "baseline": header.baseline,
        "strategies": {name: strategy.title for name, strategy in test.study.strategies.items()},
        "focus": focus,
        "paths": test.paths,
        "seed": test.seed,
        "base": {name: _levels(base, name) for name in base.strategies},
        "base_best": _best(base),
        "cases": found,
        "not_in_study": [
            {"name": case.name, "title": case.title, "reason": absent[case.name]}
            for case in test.cases
            if case.name in absent
        ],
        "pair_paths": test.pair_paths,
        "pairs": _worst_pairs(run, pairs, variants, focus) if pairs else [],
    }


class _Count:
    """Paths done over all simulations."""

    def __init__(self, progress: Callable[[int, int], object] | None, total: int) -> None:
        self.progress, self.total, self.before, self.now = progress, total, 0, 0

    def __call__(self, done: int, of: int) -> None:
        self.now = done
        if self.progress is not None:
            self.progress(self.before + done, self.total)

    def next(self) -> None:
        self.before, self.now = self.before + self.now, 0


class _Run:
    """Simulations of one stress test, all on the same draws."""

    def __init__(
        self, test: StressTest, cache: RangeCache, count: _Count, simulate_range: Callable[..., RangeResult] | None
    ) -> None:
        self.test, self.cache, self.count, self.simulate_range = test, cache, count, simulate_range

    def values(self, variant: Variant | None, paths: int) -> PathValues:
        """The study itself, or a variant of it, on the first `paths` paths."""
        from riskmodel.given_events import added_tables
        from riskmodel.variants import evaluate

        study = self.test.study if variant is None else variant.study
        given = added_tables(variant.events, study) if variant is not None and variant.events else None
        values = evaluate(
            study, self.test.seed, paths, cache=self.cache, simulate_range=self.simulate_range, progress=self.count,
            given=given, at_a_time=min(self.test.pair_paths or ENOUGH_IN_RANGE, ENOUGH_IN_RANGE), more=_parts,
        )  # fmt: skip
        self.count.next()
        return values


def _parts(study: Study, result: RangeResult, ledger: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """(n_paths, n_strategies) parts of the NPV less the baseline's, and their rest."""
    from riskmodel.ledger import (
        DOWNTIME_LINES,
        ENERGY_LINES,
        FINANCING_LINES,
        INVESTMENT_LINES,
        Draws,
        Line,
        sum_of,
    )  # fmt: skip
    from riskmodel.measures import Terms

    base, terms = result.strategy_names.index(study.header.baseline), Terms.of(study, Draws(study, result))
    waiting = (Line.WAITING_FOR_POWER, Line.GPUS_BOUGHT_LATER)
    groups = (INVESTMENT_LINES, (Line.MAINTENANCE,), ENERGY_LINES, waiting, DOWNTIME_LINES, FINANCING_LINES)
    found = {}
    for part, lines in zip(PARTS, groups, strict=False):
        value = terms.npv(sum_of(ledger, lines))
        found[f"part:{part}"] = value - value[:, base : base + 1]
    return found


def _focus(study: Study, base: PathValues) -> str:
    claims = study.claims
    if claims is not None and claims.strategy is not None:
        return claims.strategy
    others = [name for name in base.strategies if name != base.baseline] or [base.baseline]
    return max(others, key=lambda name: float(base.of(name, "npv_eur").mean()))


def _levels(values: PathValues, name: str) -> dict[str, Any]:
    levels = {metric: {"value": _plain(_mean(values.of(name, metric), metric))} for metric in MEANS}
    years = values.of(name, PAYBACK)
    if name != values.baseline:
        levels[PAYBACK] = {"median": _plain(_median(years))}
        levels["pays_back"] = {"value": _plain(_mean(np.isfinite(years), "best"))}
    return levels


def _of_case(
    case: StressCase, variant: Variant, base: PathValues, values: PathValues, money_only: bool
) -> dict[str, Any]:
    return {
        "name": case.name,
        "title": case.title,
        "words": case.words,
        "source": case.source,
        "overrides": list(variant.overrides),
        "events": [event._asdict() for event in variant.events],
        "money_only": money_only,
        "strategies": {name: _changes(base, values, name) for name in base.strategies},
        "best": _best(values),
    }


def _changes(base: PathValues, values: PathValues, name: str) -> dict[str, Any]:
    """Results of one strategy in a case, and their changes path by path."""
    from distributions.estimate import difference

    found = _levels(values, name)
    for metric in MEANS:
        found[metric]["change"] = _plain(difference(values.of(name, metric), base.of(name, metric)))
    if name != base.baseline:
        found["pays_back"]["change"] = _plain(
            difference(np.isfinite(values.of(name, PAYBACK)), np.isfinite(base.of(name, PAYBACK)))
        )
        found[PAYBACK]["change"] = _plain(_median_change(base.of(name, PAYBACK), values.of(name, PAYBACK)))
        found["parts"] = _part_changes(base, values, name)
    return found


def _part_changes(base: PathValues, values: PathValues, name: str) -> dict[str, dict[str, float | None]]:
    from distributions.estimate import mean

    whole = values.of(name, "delta_npv_eur") - base.of(name, "delta_npv_eur")
    parts = {part: values.of(name, f"part:{part}") - base.of(name, f"part:{part}") for part in PARTS[:-1]}
    parts[PARTS[-1]] = whole - sum(parts.values())
    return {part: _plain(mean(change)) for part, change in parts.items()}


def _best(values: PathValues) -> dict[str, Any]:
    """Strategy with the highest mean NPV, and whether that is told apart from the next."""
    from distributions.estimate import difference

    npv = values.columns["npv_eur"]
    order = np.argsort(-npv.mean(axis=0), kind="stable")
    if order.size == 1:
        return {"strategy": values.strategies[0], "ahead_eur": None, "told_apart": True}
    ahead = difference(npv[:, order[0]], npv[:, order[1]])
    told = not ahead.value <= 2.0 * ahead.standard_error
    return {"strategy": values.strategies[order[0]], "ahead_eur": _plain(ahead), "told_apart": told}


def _mean(values: NDArray[Any], metric: str) -> Estimate:
    from distributions.estimate import mean, probability

    return probability(values) if metric == "best" else mean(values)


def _median(years: NDArray[np.float64]) -> Estimate:
    from distributions.estimate import quantile

    return quantile(years, HALF)


def _median_change(before: NDArray[np.float64], after: NDArray[np.float64]) -> Estimate:
    """Change of the median, paired: each path moves both medians by its influence on them. NaN where one is never."""
    from distributions.estimate import Estimate

    old, new = _median(before), _median(after)
    if not (math.isfinite(old.value) and math.isfinite(new.value)):
        return Estimate(math.nan, math.nan, before.size)

    def influence(years: NDArray[np.float64], median: Estimate) -> NDArray[np.float64]:
        return np.sign(years - median.value) * median.standard_error * math.sqrt(years.size)

    apart = influence(after, new) - influence(before, old)
    return Estimate(new.value - old.value, float(np.std(apart) / math.sqrt(before.size)), before.size)


def _pairs(test: StressTest, variants: dict[str, Variant]) -> list[tuple[StressCase, StressCase]]:
    """Two cases together, where they do not move the same field."""
    if test.pair_paths == 0:
        return []
    there = [case for case in test.cases if case.name in variants]
    fields = {name: {text.partition("=")[0] for text in variant.overrides} for name, variant in variants.items()}
    return [(a, b) for a, b in itertools.combinations(there, 2) if not fields[a.name] & fields[b.name]]


def _worst_pairs(
    run: _Run, pairs: list[tuple[StressCase, StressCase]], variants: dict[str, Variant], focus: str
) -> list[dict[str, Any]]:
    """Every pair, worst first: the change of the NPV difference, and what of it the two do not do one by one."""
    from distributions.estimate import difference, mean
    from riskmodel.stress_cases import applied

    n = run.test.pair_paths
    base = run.values(None, n)
    alone = {name: run.values(variants[name], n) for name in {case.name for pair in pairs for case in pair}}
    run.cache.full = True
    metric, found = "delta_npv_eur", []
    for a, b in pairs:
        values = run.values(applied(run.test.study, [a, b]), n)
        change = values.of(focus, metric) - base.of(focus, metric)
        each = sum(alone[case.name].of(focus, metric) - base.of(focus, metric) for case in (a, b))
        found.append(
            {
                "names": [a.name, b.name],
                "titles": [a.title, b.title],
                metric: {"value": _plain(mean(values.of(focus, metric))), "change": _plain(mean(change))},
                "beyond_the_two_eur": _plain(mean(change - each)),
                "best": {
                    "value": _plain(_mean(values.of(focus, "best"), "best")),
                    "change": _plain(difference(values.of(focus, "best"), base.of(focus, "best"))),
                },
                "best_strategy": _best(values),
            }
        )
    return sorted(found, key=lambda pair: pair[metric]["change"]["value"])


def _plain(estimate: Estimate) -> dict[str, float | None]:
    """Value and error; None for a value that is infinite or not defined, and for an error that cannot be told."""
    value, error = estimate.value, estimate.standard_error
    known = math.isfinite(error) and not (value == 0.0 and error == 0.0)
    return {"value": value if math.isfinite(value) else None, "standard_error": error if known else None}

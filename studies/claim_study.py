"""How often a claim about a strategy holds, and what it would need: the numbers behind the command ``claim``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from distributions.estimate import Estimate
    from riskmodel.breakeven import Candidate, Needed
    from riskmodel.claim_text import Claim
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study
    from riskmodel.variants import PathValues, RangeCache

__all__ = ["ClaimTest", "check_claim"]

EARLIER_POWER_RESULTS = ("payback_simple_years",)
HALF = 0.5
GUESS_EVALUATIONS = 3
WAY_BACK = (1.0, 0.9, 0.75, 0.5, 0.25, 0.1)
"""Shares of the way from an input as it is to its end, tried in turn where rules between fields refuse the end."""


class ClaimTest(NamedTuple):
    """What is asked.

    Attributes
    ----------
    study : Study
    strategy : str
    claim : Claim
    paths, seed : int
    search_paths : int
        Paths on which the inputs it needs are looked for; 0 to leave that out.
    """

    study: Study
    strategy: str
    claim: Claim
    paths: int
    seed: int
    search_paths: int


def check_claim(
    test: ClaimTest,
    progress: Callable[[int, int], object] | None = None,
    simulate_range: Callable[..., RangeResult] | None = None,
) -> dict[str, Any]:
    """Simulate a claim; returns a record of plain numbers, each simulated one with its error.

    Parameters
    ----------
    test : ClaimTest
    progress : callable
        Called as progress(done, total) in paths; the search for inputs counts two evaluations each.
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    """
    from riskmodel.breakeven import candidates
    from riskmodel.variants import RangeCache, only

    two = only(test.study, {test.study.header.baseline, test.strategy})
    if test.claim.result == "best":
        two = test.study
    inputs = candidates(two, test.strategy) if test.search_paths else []
    search = _Search(test, two, RangeCache(), progress, simulate_range, len(inputs))
    values = search.evaluated(two, test.paths)
    needs = [_need(search, one) for one in inputs]
    header = test.study.header
    return {
        "study": header.name,
        "title": header.title,
        "currency": header.currency,
        "years": header.years,
        "baseline": header.baseline,
        "strategy": test.strategy,
        "strategy_title": test.study.strategies[test.strategy].title,
        "claim": test.claim.text(),
        "unit": test.claim.unit,
        "paths": test.paths,
        "seed": test.seed,
        "search_paths": test.search_paths,
        "definitions": [_definition(test, values, result) for result in _read_as(test, values)],
        "by_ageing_law": _by_law(test, values),
        "published": _published(test.study, test.strategy),
        "earlier_power": _earlier_power(test, values),
        "needs": sorted(needs, key=_rank),
    }


class _Search:
    """Evaluations of the claim, all on the same draws."""

    def __init__(
        self, test: ClaimTest, study: Study, cache: RangeCache, progress: Callable[[int, int], object] | None,
        simulate_range: Callable[..., RangeResult] | None, inputs: int,
    ) -> None:  # fmt: skip
        self.test, self.study, self.cache, self.simulate_range = test, study, cache, simulate_range
        self.progress, self.done = progress, 0
        self.total = test.paths + GUESS_EVALUATIONS * inputs * test.search_paths

    def evaluated(self, study: Study, paths: int) -> PathValues:
        """The study or a variant on the first `paths` paths."""
        from riskmodel.claim_text import claim_columns
        from riskmodel.earlier_power import month_columns
        from riskmodel.variants import evaluate

        def more(study: Study, result: RangeResult, ledger: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
            columns = claim_columns(study, result, ledger)
            if self.test.claim.result in EARLIER_POWER_RESULTS:
                columns |= month_columns(study, result, ledger, self.test.claim.number)
            return columns

        values = evaluate(
            study, self.test.seed, paths, cache=self.cache, simulate_range=self.simulate_range, more=more,
            at_a_time=self.test.search_paths or None,
        )  # fmt: skip
        self.cache.full = True  # keep the study's own walk, which money-only variants use again
        self.done += paths
        if self.progress is not None:
            self.progress(min(self.done, self.total), self.total)
        return values

    def allowed(self, path: str, now: float, end: float) -> float:
        """The end of an input's range, or the first of some points on the way back from it that the study allows."""
        from riskmodel.study import StudyError
        from riskmodel.variants import changed

        for share in WAY_BACK:
            try:
                changed(self.study, [f"{path}={now + share * (end - now)!r}"])
            except StudyError:
                continue
            return now + share * (end - now)
        return now

    def share(self, path: str, value: float) -> float:
        """Share of paths in which the claim holds with one input at a value."""
        from riskmodel.claim_text import holds
        from riskmodel.variants import changed

        variant = changed(self.study, [f"{path}={value!r}"])
        return float(holds(self.test.claim, self.evaluated(variant, self.test.search_paths), self.test.strategy).mean())


def _read_as(test: ClaimTest, values: PathValues) -> list[str]:
    from riskmodel.claim_text import definitions

    return [result for result in definitions(test.claim) if result in values.columns]


def _definition(test: ClaimTest, values: PathValues, result: str) -> dict[str, Any]:
    from distributions.estimate import probability, quantile
    from riskmodel.claim_text import holds

    of = values.of(test.strategy, result).astype(np.float64)
    defined = of[~np.isnan(of)]
    return {
        "result": result,
        "holds": _plain(probability(holds(test.claim, values, test.strategy, result))),
        "median": _plain(quantile(defined, HALF)) if defined.size else {"value": None, "standard_error": None},
        "not_defined_share": float(np.isnan(of).mean()),
    }


def _by_law(test: ClaimTest, values: PathValues) -> list[dict[str, Any]]:
    """The claim by the ageing law that each path drew; empty where none is drawn."""
    from distributions.cells.codes import CellCode
    from distributions.estimate import probability
    from riskmodel.claim_text import holds

    drawn = values.scalars.get(f"cells.{test.strategy}")
    if drawn is None:
        return []
    met = holds(test.claim, values, test.strategy)
    return [
        {"law": code.name.lower(), "paths": int(mine.sum()), "holds": _plain(probability(met[mine]))}
        for code in CellCode
        if (mine := drawn == code).any()
    ]


def _published(study: Study, strategy: str) -> dict[str, Any] | None:
    """Arithmetic on the study's published claims, where they are about this strategy."""
    from riskmodel.claims import implied
    from riskmodel.earlier_power import published_month

    if study.claims is None or study.claims.strategy != strategy:
        return None
    month = published_month(study)
    return {
        **implied(study)._asdict(),
        "payback_years_below": study.claims.payback_years_below,
        "earlier_power": None if month is None else month._asdict(),
    }


def _earlier_power(test: ClaimTest, values: PathValues) -> dict[str, Any] | None:
    """Worth of a month of earlier power, what the claim needs of it, and how often it is worth that much."""
    from distributions.estimate import mean, probability, quantile
    from riskmodel.earlier_power import EARLIER, NEEDED, WORTH, published_month

    if test.claim.result not in EARLIER_POWER_RESULTS or test.claim.operator not in ("<", "<="):
        return None
    if test.strategy == test.study.header.baseline:
        return None
    months, worth, needed = (values.of(test.strategy, name) for name in (EARLIER, WORTH, NEEDED))
    early = months > 0.0
    if not early.any():
        return None
    found = {
        "earlier_share": _plain(probability(early)),
        "months_earlier_median": _plain(quantile(months[early], HALF)),
        "worth_eur_per_month_mean": _plain(mean(worth[early])),
        "worth_eur_per_month_median": _plain(quantile(worth[early], HALF)),
        "needed_eur_per_month_median": _plain(quantile(needed[early], HALF)),
        "worth_at_least_needed_share": _plain(probability(early & (worth >= needed))),
    }
    month = published_month(test.study)
    if month is not None and test.study.claims is not None and test.study.claims.strategy == test.strategy:
        found["worth_at_least_published_share"] = _plain(probability(early & (worth >= month.eur_per_month)))
    return found


def _need(search: _Search, one: Candidate) -> dict[str, Any]:
    """Value of one input at which the claim holds in half of the paths, and how likely or how far that is."""
    from riskmodel.breakeven import bisect_half

    now = one.law.mean() if one.fixed else float(one.law.ppf(HALF))
    low, high = (search.allowed(one.path, now, end) for end in (one.low, one.high))
    n = search.test.search_paths
    needed: Needed = bisect_half(lambda value: search.share(one.path, value), low, high, n)
    chance = None
    if needed.value is not None and not one.fixed:
        below = float(one.law.cdf(needed.value))
        chance = 1.0 - below if needed.share_high > needed.share_low else below
    return {
        "input": one.path,
        "unit": one.unit,
        "fixed": one.fixed,
        "now": now,
        "low": low,
        "high": high,
        "holds_at_low": needed.share_low,
        "holds_at_high": needed.share_high,
        "value": needed.value,
        "error": needed.error if math.isfinite(needed.error) else None,
        "chance": chance,
        "relative_change": (needed.value - now) / now if needed.value is not None and now else None,
    }


def _rank(need: dict[str, Any]) -> tuple[int, float]:
    """Uncertain inputs by the chance of what is needed, then fixed numbers by how far, then those that cannot do it."""
    if need["value"] is None:
        return 2, -max(need["holds_at_low"], need["holds_at_high"])
    if need["fixed"]:
        return 1, abs(need["relative_change"] or 0.0)
    return 0, -(need["chance"] or 0.0)


def _plain(estimate: Estimate) -> dict[str, float | None]:
    """Value and error; None for a value that is infinite or not defined, and for an error that cannot be told."""
    value, error = estimate.value, estimate.standard_error
    known = math.isfinite(error) and not (value == 0.0 and error == 0.0)
    return {"value": value if math.isfinite(value) else None, "standard_error": error if known else None}

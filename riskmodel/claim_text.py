"""A claim as it is typed, RESULT OP NUMBER, read without running any of it, and the paths on which it holds."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmodel.currency import INSIDE, in_words, outside
from riskmodel.study.problems import nearest

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study
    from riskmodel.variants import PathValues

__all__ = ["LIFE", "Claim", "ClaimError", "claim_columns", "definitions", "holds", "parse_claim", "results_of_claims"]

LIFE = "life_years"
"""Years from the decision to the end of the year in which worn cells are first replaced; infinite where never."""
OPERATORS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
SHAPE = re.compile(
    r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*([<>]=?)\s*([-+]?[0-9][0-9_]*(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)\s*(%?)\s*"
)
MOST_CHARACTERS = 100
PERCENT = 100.0
PAYBACK = "payback_"


class ClaimError(ValueError):
    """A claim that cannot be read; the message says what to type."""


class Claim(NamedTuple):
    """A result compared with a number: column, operator, number, and the unit of both."""

    result: str
    operator: str
    number: float
    unit: str

    def text(self, result: str | None = None) -> str:
        """As typed, maybe about another result."""
        return f"{result or self.result} {self.operator} {self.number:.12g}"


def results_of_claims() -> dict[str, str]:
    """Results a claim may be about, with their units."""
    from riskmodel.summary import UNITS

    return {**UNITS, LIFE: "years"}


def parse_claim(text: str, currency: str = INSIDE) -> Claim:
    """Claim of a text such as `payback_simple_years < 5`, `irr >= 8 %` or `delta_npv_eur > 0`.

    Results of a study in another currency are named in it.

    Raises
    ------
    ClaimError
        If it is not RESULT OP NUMBER, or the result is not known.
    """
    found = SHAPE.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if found is None:
        raise ClaimError(_shape_text(text))
    name, operator, digits, percent = found.groups()
    number = float(digits.replace("_", "")) / (PERCENT if percent else 1.0)
    if not math.isfinite(number):
        raise ClaimError(f"{_shown(text)}: {digits} is not a finite number")
    known = results_of_claims()
    full = {short: column for column in known for short in (outside(column, currency), _short(column))}
    if name not in full:
        near = nearest(name, list(full))
        hint = f"did you mean {near}? " if near else ""
        raise ClaimError(f"{_shown(text)}: no result {name}; {hint}there are: {outside(', '.join(known), currency)}")
    return Claim(full[name], operator, number, in_words(known[full[name]], currency))


def _short(column: str) -> str:
    return column.removesuffix("_eur").replace("_eur_per_year", "")


def _shown(text: str) -> str:
    return repr(text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "...")


def _shape_text(text: str) -> str:
    start = f"{_shown(text)}: a claim is RESULT OP NUMBER"
    if re.search(r"==|!=|=[<>]|(?<![<>])=", text):
        return f"{start}; OP is one of {', '.join(OPERATORS)}, e.g. payback_simple_years < 5"
    return f"{start}, nothing more, e.g. payback_simple_years < 5; OP is one of {', '.join(OPERATORS)}"


def definitions(claim: Claim) -> list[str]:
    """Results under which a claim is read: all paybacks for a payback, with the typed one first."""
    if not claim.result.startswith(PAYBACK):
        return [claim.result]
    others = [name for name in results_of_claims() if name.startswith(PAYBACK) and name != claim.result]
    return [claim.result, *others]


def holds(claim: Claim, values: PathValues, strategy: str, result: str | None = None) -> NDArray[np.bool_]:
    """(n_paths,) whether the claim holds on each path; not where its result is not defined (NaN)."""
    of = values.of(strategy, result or claim.result).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(OPERATORS[claim.operator](of, claim.number) & ~np.isnan(of), dtype=np.bool_)


def claim_columns(study: Study, result: RangeResult, ledger: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Columns beside those of paths.parquet, (n_paths, n_strategies): the life of the cells.

    A strategy without storage has NaN. For `riskmodel.variants.evaluate`.
    """
    from riskmodel.quantities import Quantity

    replaced = result.annual[..., Quantity.REPLACED] > 0.0
    life = np.where(replaced.any(axis=2), replaced.argmax(axis=2) + 1.0, np.inf)
    for index, name in enumerate(result.strategy_names):
        if study.strategies[name].storage is None:
            life[:, index] = np.nan
    return {LIFE: life}

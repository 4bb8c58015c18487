"""What the page is made of: sections of texts, lists, tables, figures and time lines. The template escapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distributions.estimate import Estimate, format_with_error

if TYPE_CHECKING:
    from studies.reports.workbook.facts import Facts

__all__ = [
    "Block",
    "Figure",
    "Listing",
    "Section",
    "Story",
    "Table",
    "Text",
    "cell",
    "digits",
    "named",
    "number",
    "titles",
]

NONE = "-"
LARGE = 1000.0
ISOLATE, POP = "\u2068", "\u2069"
"""Marks around a name that may be written from right to left, so that the sentence keeps its order."""


@dataclass(frozen=True)
class Text:
    """A paragraph; `mark` is a class of the style sheet."""

    text: str
    mark: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Listing:
    """A bulleted list, of texts or of commands to type."""

    items: tuple[str, ...]
    code: bool = False
    kind: str = "list"


@dataclass(frozen=True)
class Table:
    """Cells as text: the first `words` columns are words, the others numbers. A folded one is opened by its caption."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    words: int = 1
    folded: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """A picture: `reading` is computed from the numbers, `tables` are those behind it."""

    title: str
    reading: str
    svg: str
    tables: tuple[Table, ...]
    kind: str = "figure"


@dataclass(frozen=True)
class Story:
    """A time line: (when, what) each, then totals as (label, text)."""

    title: str
    outcome: str
    steps: tuple[tuple[str, str], ...]
    totals: tuple[tuple[str, str], ...]
    kind: str = "story"


Block = Text | Listing | Table | Figure | Story


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading; `key` is its address in the page."""

    key: str
    title: str
    blocks: list[Block] = field(default_factory=list)


def cell(estimate: Estimate | None, factor: float = 1.0) -> str:
    """Value +- error without the unit, which the heading has; - where there is none."""
    if estimate is None:
        return NONE
    return str(Estimate(estimate.value + 0.0, estimate.standard_error, estimate.n).scaled(factor, ""))  # no -0


def number(found: dict[str, float | None] | None, factor: float = 1.0) -> str:
    """The same of a number in a record."""
    if found is None or found["value"] is None:
        return NONE
    error = found["standard_error"]
    if found["value"] == 0.0 and not error:
        return "0"
    return format_with_error(found["value"] * factor, float("inf") if error is None else error * factor)


def digits(value: float) -> str:
    """A number without an error: four figures, large ones in full."""
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:,.4g}"


def named(title: str) -> str:
    """A strategy's name inside a sentence."""
    return f"“{ISOLATE}{title}{POP}”"


def titles(facts: Facts, names: Sequence[str]) -> tuple[str, ...]:
    """Names of strategies for the heads of columns."""
    return tuple(facts.titles[name] + (" (baseline)" if name == facts.base else "") for name in names)

"""Parts of a printed page as plain data, the same for a PDF and for HTML: texts, lists, tables, figures, code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studies.reports.fonts import shown

__all__ = ["Block", "code", "figure", "group", "heading", "items", "table", "text", "typeset"]

Block = dict[str, Any]


def typeset(words: str) -> str:
    """Signs of a terminal as a printer sets them: plus-minus, minus before a digit, a number kept with its per cent."""
    words = words.replace("+- unknown", "± ?").replace("+-", "±").replace(" %", "\u00a0%")
    parts = words.split("-")
    out = parts[0]
    for part in parts[1:]:
        alone = not out or out[-1] in " ([,"
        out += ("\u2212" if alone and part[:1].isdigit() else "-") + part
    return out


def heading(words: str) -> Block:
    """A heading."""
    return {"kind": "heading", "text": shown(words)}


def text(words: str, small: bool = False) -> Block:
    """A paragraph."""
    return {"kind": "text", "text": typeset(shown(words)), "small": small}


def items(lines: Sequence[str]) -> Block:
    """A list."""
    return {"kind": "items", "items": [typeset(shown(line)) for line in lines]}


def code(lines: Sequence[str]) -> Block:
    """Commands, a line each; nothing in them is changed but control letters."""
    return {"kind": "code", "lines": [shown(line) for line in lines]}


def group(words: str) -> list[str]:
    """A row of a table that names those after it."""
    return [shown(words)]


def table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1, weights: Sequence[float] = ()
) -> Block:
    """A table; the first `words` columns are words and stand left, the others are numbers and stand right.

    Parameters
    ----------
    title : str
    head : sequence of str
    rows : sequence of rows
        A row of one cell (see `group`) names those after it.
    words : int
    weights : sequence of float
        Widths of the columns beside each other; empty: by what is in them.
    """
    if any(len(row) not in (1, len(head)) for row in rows):
        raise ValueError(f"{title}: a row does not have the {len(head)} cells of the head")
    return {
        "kind": "table",
        "title": shown(title),
        "head": [shown(cell) for cell in head],
        "rows": [[typeset(shown(cell)) for cell in row] for row in rows],
        "words": words,
        "weights": list(weights),
        "web_only": False,
    }


def figure(svg: str, alt: str, reading: str) -> Block:
    """A picture as SVG text, what it shows for those who cannot see it, and how to read it in one line."""
    return {"kind": "figure", "svg": svg, "alt": typeset(shown(alt)), "reading": typeset(shown(reading))}

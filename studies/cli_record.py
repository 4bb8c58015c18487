"""Records of plain numbers for machines, with money named in the study's currency."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from riskmodel.currency import in_words

__all__ = ["json_text", "rows_in"]


def json_text(record: dict[str, Any], currency: str) -> str:
    """One JSON object; names and units of money in the study's currency."""
    return in_words(json.dumps(record, indent=2, allow_nan=False), currency)


def rows_in(rows: Sequence[Sequence[str]], currency: str) -> list[list[str]]:
    """Rows of a table with names and units of money in the study's currency."""
    return [[in_words(cell, currency) for cell in row] for row in rows]

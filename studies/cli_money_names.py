"""Records and rows of numbers in the names of the study's money."""

from __future__ import annotations

from typing import Any

__all__ = ["in_money", "rows_in_money"]


def in_money(record: dict[str, Any]) -> dict[str, Any]:
    """A record with its keys, units and field paths named in the money of its `currency`."""
    renamed: dict[str, Any] = _renamed(record, record["currency"], False)
    return renamed


NAMES = ("unit", "input", "result", "claim", "overrides")
"""Keys whose texts are names and units; other texts, such as sources, speak of the money of their facts."""


def _renamed(value: Any, currency: str, names: bool) -> Any:
    from riskmodel.currency import in_words, outside

    if isinstance(value, dict):
        return {outside(key, currency): _renamed(part, currency, key in NAMES) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, currency, names) for part in value]
    return in_words(value, currency) if names and isinstance(value, str) else value


def rows_in_money(record: dict[str, Any], rows: list[list[str]]) -> list[list[str]]:
    """Rows of text with names and units in the money of the record's `currency`."""
    renamed: list[list[str]] = _renamed(rows, record["currency"], True)
    return renamed

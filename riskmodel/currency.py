"""The study's money at its borders: inside, `_eur` in a name stands for it; files, tables and words name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["CURRENCIES", "INSIDE", "in_words", "inside", "outside", "scaled_law", "stored", "token_of"]

INSIDE = "EUR"
CURRENCIES = ("EUR", "CNY", "USD")
_NAME = re.compile(r"(?<![a-z0-9])(eur|cny|usd)(?![a-z0-9])")
_WORD = re.compile(r"(?<![A-Za-z])(k?)EUR(?![A-Za-z])")
_AMOUNTS = ("low", "mode", "high", "value", "mean", "sd", "p10", "p50", "p90", "median", "scale", "values", "points")
"""Keys of a law that are amounts of money; shapes such as sigma are not."""


def token_of(name: str) -> str | None:
    """Currency that a name carries, e.g. USD of `capex_usd_per_kwh`; None where it carries none."""
    found = _NAME.search(name)
    return found[1].upper() if found else None


def inside(name: str, currency: str) -> str:
    """Name as the program holds it: `capex_usd_per_kwh` of a study in USD is `capex_eur_per_kwh`."""
    return _NAME.sub(lambda found: INSIDE.lower() if found[1].upper() == currency else found[1], name)


def outside(name: str, currency: str) -> str:
    """Name as users of a study in `currency` see it: `npv_eur` of a study in USD is `npv_usd`."""
    return name if currency == INSIDE else _NAME.sub(lambda found: _turned(found[1], currency), name)


def _turned(token: str, currency: str) -> str:
    return currency.lower() if token == INSIDE.lower() else token


def in_words(text: str, currency: str) -> str:
    """Text or unit in the words of a study in `currency`: "million EUR", "kEUR/year" and `npv_eur` become its own."""
    if currency == INSIDE:
        return text
    return outside(_WORD.sub(rf"\g<1>{currency}", text), currency)


def stored(names: Iterable[str], wanted: str) -> str:
    """Column of a file that holds what the program calls `wanted`, in whatever currency the file was written."""
    there = set(names)
    found = (name for name in (wanted, *(outside(wanted, currency) for currency in CURRENCIES)) if name in there)
    return next(found, wanted)


def scaled_law(spec: Any, factor: float) -> Any:
    """A number, or a law table, in other money."""
    if isinstance(spec, Mapping):
        return {key: _scaled(part, factor) if key in _AMOUNTS else part for key, part in spec.items()}
    return _scaled(spec, factor)


def _scaled(value: Any, factor: float) -> Any:
    return [part * factor for part in value] if isinstance(value, list) else value * factor

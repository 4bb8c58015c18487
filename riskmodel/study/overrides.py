"""Overrides from the command line: ``field.path=value``."""

import re
from collections.abc import Sequence
from typing import Any

from distributions.toml_reading import parse_value
from riskmodel.study.model import keys_of, model_at
from riskmodel.study.problems import MISSING, Problem, nearest

__all__ = ["apply_overrides", "named_override"]

MOST_SHOWN = 120
BARE_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./ -]*")


def named_override(file: str, text: str) -> str:
    """Name of the file and the override, on one line, for messages."""
    typed = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"{file} with --set {typed if len(typed) <= MOST_SHOWN else typed[:MOST_SHOWN] + '...'}"


def apply_overrides(
    tables: dict[str, Any], overrides: Sequence[str], file: str
) -> tuple[dict[str, str], list[Problem]]:
    """Put overrides into the tables of a study.

    Parameters
    ----------
    tables : dict
        As read from the file; changed in place.
    overrides : sequence of str
        ``path=value``; the last of the same path wins.
    file : str
        Name of the file, for messages.

    Returns
    -------
    overridden : dict
        Field path -> override as typed. A law's inner key counts as the whole law.
    problems : list of Problem
    """
    overridden: dict[str, str] = {}
    problems: list[Problem] = []
    for text in overrides:
        path, found = _apply(tables, text)
        if found is not None:
            problems.append(Problem(named_override(file, text), path, MISSING, found))
        else:
            overridden[path] = text
            _forget_source(tables, path)
    return overridden, problems


def _apply(tables: dict[str, Any], text: str) -> tuple[str, str | None]:
    """Field path and, when it cannot be done, why."""
    path, sign, typed = text.partition("=")
    path = path.strip()
    if not sign or not path:
        return path, "must be PATH=VALUE, e.g. site.price_zone=SE3"
    value = _value_of(typed.strip())
    if value is MISSING:
        return path, f"{typed.strip()!r} is no TOML value; put text in quotes, laws in {{law = ...}}"
    return _put(tables, path.split("."), value)


def _value_of(typed: str) -> Any:
    try:
        return parse_value(typed)
    except ValueError:
        return typed if BARE_WORD.fullmatch(typed) else MISSING


def _put(tables: dict[str, Any], keys: list[str], value: Any) -> tuple[str, str | None]:
    """Walk to the table that holds the last key and set it there."""
    path = ".".join(keys)
    here = tables
    for position, key in enumerate(keys[:-1]):
        inner = here.get(key)
        model = model_at(tuple(keys[:position]))
        if position == 1 and keys[0] == "strategies" and not isinstance(inner, dict):
            near = nearest(key, list(here))
            return path, f"no strategy {key}; {f'did you mean {near}? ' if near else ''}there are: {', '.join(here)}"
        if isinstance(inner, dict) and "law" in inner and position == len(keys) - 2:
            inner[keys[-1]] = value
            inner.pop("source", None)  # it spoke of the law as it was
            return ".".join(keys[:-1]), None
        if not isinstance(inner, dict):
            if model is not None and key in keys_of(model) and model_at(tuple(keys[: position + 1])) is None:
                return path, f"{key} is one value, not a table; type {'.'.join(keys[: position + 1])}=VALUE"
            if inner is not None or (model_at(tuple(keys[: position + 1])) is None and key != "strategies"):
                return path, _unknown(model, key)
            inner = here[key] = {}
        here = inner
    model = model_at(tuple(keys[:-1]))
    if model is not None and keys[-1] not in keys_of(model) and keys[:-1] != ["strategies"]:
        return path, _unknown(model, keys[-1])
    here[keys[-1]] = value
    return path, None


def _unknown(model: Any, key: str) -> str:
    known = list(keys_of(model)) if model is not None else []
    near = nearest(key, known)
    return f"no field {key}; did you mean {near}?" if near else f"no field {key} here; known: {', '.join(known)}"


def _forget_source(tables: dict[str, Any], path: str) -> None:
    """The source in the file spoke of the number that was replaced."""
    sources = tables.get("sources")
    if isinstance(sources, dict):
        sources.pop(path, None)

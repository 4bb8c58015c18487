"""TOML that a user hands over, read with limits: depth, keys, length of texts, whole numbers of 64 bits."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from distributions.input_files import MOST_DEPTH, MOST_KEYS, FileError, check_values

__all__ = ["MOST_TOML_BYTES", "parse_toml", "parse_value"]

MOST_TOML_BYTES = 1_000_000
"""Of a file; a resolved study, the longest, has 70,000."""
MOST_TEXT = 100_000
"""Characters of one text."""
SIGNS = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:""")?'
    r"|'''(?:[^']++|'(?!''))*+(?:''')?"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[\[\]{}=,.\n]",
    re.DOTALL,
)
"""What tells depth and keys: texts and comments as a whole, then brackets and separators."""


def parse_toml(text: str) -> dict[str, Any]:
    """Tables of a TOML text.

    Raises
    ------
    tomllib.TOMLDecodeError
        If it is not valid TOML, with line and column.
    FileError
        If it is beyond the limits. Both are ValueErrors.
    """
    _check_shape(text)
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise FileError(f"is nested deeper than {MOST_DEPTH} levels") from None
    check_values(tables)
    return tables


def parse_value(text: str) -> Any:
    """One value as it stands after = in TOML.

    Raises
    ------
    ValueError
        If it is none, or more than one.
    """
    tables = parse_toml(f"value = {text}\n")
    if list(tables) != ["value"]:
        raise FileError("is more than one value")
    return tables["value"]


def _check_shape(text: str) -> None:
    """Limits that must hold before parsing, whose time grows with depth times keys."""
    depth = dots = keys = 0
    for found in SIGNS.finditer(text):
        sign = found[0]
        if len(sign) > MOST_TEXT and sign[0] != "#":
            raise FileError(f"holds a text of more than {MOST_TEXT:,} characters; is it the right file?")
        if sign == ".":
            dots += 1
            if dots >= MOST_DEPTH:
                raise FileError(f"has a key of more than {MOST_DEPTH} parts")
            continue
        if sign in "[]{}=,\n":
            dots = 0
        if sign == "=" or (sign == "[" and not depth):
            keys += 1
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth = max(depth - 1, 0)
        if depth > MOST_DEPTH:
            raise FileError(f"is nested deeper than {MOST_DEPTH} levels")
        if keys > 2 * MOST_KEYS:
            raise FileError(f"has more than {MOST_KEYS:,} keys; is it the right file?")

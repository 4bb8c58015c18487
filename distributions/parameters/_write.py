"""Writing of parameter files: TOML with one row of numbers a line."""

import os
from pathlib import Path

import numpy as np

SIGNIFICANT_DIGITS = 6


def write(record, path):
    """Write a record as TOML, atomically.

    Parameters
    ----------
    record : dict
        Numbers, texts, arrays and nested tables; tables come last.
    path : path
        File to write.
    """
    path = Path(path)
    temporary = path.with_suffix(f".{os.getpid()}.part")
    temporary.write_text(dumps(record), encoding="utf-8")
    temporary.replace(path)


def dumps(record, title=""):
    """Text of a TOML table named ``title``, or of a file; arrays of arrays have one innermost row a line."""
    plain = [f"{key} = {_value(value)}" for key, value in record.items() if not isinstance(value, dict)]
    tables = [
        dumps(value, f"{title}.{key}" if title else key) for key, value in record.items() if isinstance(value, dict)
    ]
    head = [f"[{title}]"] if title else []
    blocks = ["\n".join(head + plain)] if head + plain else []
    return "\n\n".join(blocks + [table.rstrip("\n") for table in tables]) + "\n"


def _value(value, indent=""):
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (bool, int, np.integer)):
        return str(value).lower()
    if isinstance(value, (float, np.floating)):
        return repr(float(f"{value:.{SIGNIFICANT_DIGITS}g}"))
    rows = list(value)
    if rows and isinstance(rows[0], (list, tuple, np.ndarray)):
        inner = indent + "    "
        return "[\n" + "".join(f"{inner}{_value(row, inner)},\n" for row in rows) + indent + "]"
    return "[" + ", ".join(_value(item) for item in rows) + "]"

"""Tables of a file read key by key: every problem is named by field and value, with what to type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from distributions.input_files import FileError, json_of, read_text
from distributions.toml_reading import MOST_TOML_BYTES, parse_toml
from riskmodel.study.problems import MISSING, Problem, StudyError, nearest

__all__ = ["MOST_PROBLEMS", "TableReader", "read_tables"]

MOST_PROBLEMS = 200
"""Of one file; the rest mostly follows from them, and each takes time to name."""


def read_tables(
    path: str | Path, what: str, example: str, most_bytes: int = MOST_TOML_BYTES, json_too: bool = False
) -> dict[str, Any]:
    """Tables of a TOML file, or of a JSON file where that is allowed.

    Parameters
    ----------
    path : path
    what : str
        What the file holds, for messages: "cover".
    example : str
        Text that could stand in such a file.
    most_bytes : int
    json_too : bool
        Whether a file that begins with { is read as JSON.

    Raises
    ------
    StudyError
    """
    file = str(path)
    try:
        text = read_text(path, most_bytes)
    except FileError as error:
        raise StudyError([Problem(file, "", MISSING, str(error))]) from None
    as_json = json_too and text.lstrip().startswith("{")
    try:
        tables: dict[str, Any] = json_of(text) if as_json else parse_toml(text)
    except ValueError as error:
        kind = "TOML or JSON" if json_too else "TOML"
        message = f"is no {what} in {kind}: {error}; type for example\n{example}"
        raise StudyError([Problem(file, getattr(error, "field", ""), MISSING, message)]) from None
    return tables


class TableReader:
    """Values of a file as they are read, and the problems found in them so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, field: str, value: Any, message: str) -> None:
        """Note a problem; raises them all when there are too many."""
        self.problems.append(Problem(self.file, field, value, message))
        if len(self.problems) >= MOST_PROBLEMS:
            self.problems.append(Problem(self.file, "", MISSING, f"the first {MOST_PROBLEMS} problems are shown"))
            self.finish()

    def finish(self) -> None:
        """Raise all problems noted so far together, if any."""
        if self.problems:
            raise StudyError(self.problems)

    def known(self, place: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
        """Note keys that are not known, with the nearest known one."""
        keys = list(keys)
        for key in table:
            if key not in keys:
                near = self.near(str(key), keys)
                hint = f"did you mean {near}?" if near else f"known here: {', '.join(keys)}"
                self.add(f"{place}.{key}" if place else str(key), table[key], f"unknown key; {hint}")

    def near(self, key: str, keys: Sequence[str]) -> str | None:
        """Known key that was perhaps meant."""
        return nearest(key, keys)

    def table(self, place: str, value: Any) -> Mapping[str, Any]:
        """A table; empty, with a problem noted, if it is none."""
        if isinstance(value, dict):
            return value
        self.add(place, value, f"must be a table; write [{place}] and its keys below it")
        return {}

    def tables(self, place: str, value: Any, most: int) -> list[Mapping[str, Any]]:
        """A list of tables, or one table; empty where there is none, with a problem noted if it is something else."""
        value = [value] if isinstance(value, dict) else value
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most or not all(isinstance(item, dict) for item in value):
            self.add(place, MISSING, f"must be at most {most:,} tables; write [[{place}]] and its keys below it")
            return []
        return value

    def text(self, field: str, value: Any, least: int = 0, most: int = 200) -> str:
        """A text of so many letters."""
        if isinstance(value, str) and least <= len(value) <= most:
            return value
        self.add(
            field, value, f"must be a text in quotes of {least or 'at most'}{' to' * bool(least)} {most:,} letters"
        )
        return ""

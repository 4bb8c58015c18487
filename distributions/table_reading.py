"""Tables as users have them, CSV or Parquet: cells, columns found by name, numbers. What cannot be read is named."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.input_files import GZIP_START, FileError, read_bytes, text_of, unpacked
from distributions.parquet_reading import read_parquet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HistoryError", "Table", "read_frame", "read_table"]

EMPTY = ("", "na", "n/a", "nan", "null", "none", "-", "--", "n.a.", "#n/a", "missing")
"""Cells that mean a missing value, in lower case."""

SEPARATORS = (";", "\t", ",", "|")
DECIMAL_COMMA = re.compile(r"\s*[-+]?\d{1,3}(?:[ .]?\d{3})*,\d+\s*")
MOST_EXAMPLES = 3
MOST_BYTES = 100_000_000
"""Of a file, and of what a packed one unpacks to."""
MOST_COLUMNS = 1000
MOST_CELLS = 5_000_000
"""Four years of minutes with two columns; a cell takes some 100 bytes of memory while it is read."""
HEAD_LINES = 200
SHOWN = 80


class HistoryError(ValueError):
    """A history cannot be read; the message names the file, the row and what was expected."""


class Table:
    """Cells of a file with their line numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Text cells from CSV; typed columns from Parquet.
    name : str
        Of the file, for messages.
    first_line : int
        Line of the file that holds row 0; 0 when rows are not lines.
    preamble : sequence of str
        Lines above the names of the columns.
    """

    def __init__(self, frame: pd.DataFrame, name: str, first_line: int, preamble: Sequence[str] = ()) -> None:
        self.frame = frame
        self.name = name
        self.first_line = first_line
        self.preamble = tuple(preamble)

    def row(self, index: int) -> str:
        """Where a row stands, in words."""
        return f"line {self.first_line + index}" if self.first_line else f"row {index + 1}"

    def refuse(self, index: int, column: str, expected: str) -> HistoryError:
        """Error that names one cell."""
        return HistoryError(
            f"{self.name}, {self.row(index)}, column {column}: {_shown(self.frame[column].iloc[index])}: expected "
            f"{expected}"
        )

    def find(self, given: str | None, known: Sequence[str], what: str, option: str) -> str | None:
        """Column that holds ``what``: the one given, else the first whose name is known.

        Parameters
        ----------
        given : str or None
            Name the user typed.
        known : sequence of str
            Regular expressions, tried in order against the whole name in lower case.
        what, option : str
            For messages: "the price", "--value-column".

        Returns
        -------
        str or None
            None when nothing was given and no name is known.

        Raises
        ------
        HistoryError
            If the column given is absent, or several columns fit one pattern.
        """
        names = [str(column) for column in self.frame.columns]
        if given is not None:
            if given not in names:
                raise HistoryError(f"{self.name}: no column {given!r} for {what}; there are: {', '.join(names)}")
            return given
        for pattern in known:
            spelt = {name: (name.strip().lower(), name.strip().lower().replace(" ", "_")) for name in names}
            fits = [name for name in names if any(re.fullmatch(pattern, text) for text in spelt[name])]
            if len(fits) > 1:
                text = f"{what} could be any of {', '.join(fits)}: choose with {option}"
                raise HistoryError(f"{self.name}: {text}")
            if fits:
                return fits[0]
        return None

    def need(self, given: str | None, known: Sequence[str], what: str, option: str) -> str:
        """Like ``find``, but absent is an error that lists the columns."""
        found = self.find(given, known, what, option)
        if found is None:
            names = ", ".join(map(str, self.frame.columns))
            raise HistoryError(f"{self.name}: no column looks like {what}; type {option} with one of: {names}")
        return found

    def numbers(
        self, column: str, *, low: float = -np.inf, high: float = np.inf, unit: str = "", missing: Sequence[float] = ()
    ) -> np.ndarray:
        """Numbers of a column, (n,) float64; empty cells and the codes in ``missing`` are NaN.

        Raises
        ------
        HistoryError
            If a cell is neither empty nor a finite number between ``low`` and ``high``.
        """
        import pandas as pd

        cells = self.frame[column]
        if pd.api.types.is_numeric_dtype(cells):
            values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
            empty = np.isnan(values)
        else:
            text = cells.astype("string").fillna("").str.strip()
            empty = text.str.lower().isin(EMPTY).to_numpy(dtype=bool)
            if not empty.all() and text[~empty].head(1000).str.fullmatch(DECIMAL_COMMA.pattern).mean() > 0.5:
                text = text.str.replace(r"[ .](?=\d{3})", "", regex=True).str.replace(",", ".", regex=False)
            values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        empty = empty | np.isin(values, missing)
        wrong = np.flatnonzero(~empty & ~((values >= low) & (values <= high) & np.isfinite(values)))
        if len(wrong):
            limits = f" from {low:g} to {high:g}" if np.isfinite(low) or np.isfinite(high) else ""
            more = f"; {len(wrong) - 1:,} more such rows" if len(wrong) > 1 else ""
            raise HistoryError(f"{self.refuse(int(wrong[0]), column, f'a number{limits} {unit}'.rstrip())}{more}")
        return np.where(empty, np.nan, values)


def read_table(path: str | Path) -> Table:
    """Read the cells of a file.

    Parameters
    ----------
    path : path
        CSV (comma, semicolon, tab or bar between cells; plain or gz; lines that start with # are skipped) or Parquet.

    Returns
    -------
    Table

    Raises
    ------
    HistoryError
        If it is absent, empty, or not a table.
    """
    path = Path(path)
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise HistoryError(f"{path}: is a workbook; save its sheet as CSV in UTF-8")
    try:
        content = read_bytes(path, MOST_BYTES)
        if path.suffix.lower() in (".parquet", ".pq"):
            return _checked(Table(read_parquet(content, MOST_COLUMNS, MOST_CELLS), path.name, 0))
        if path.suffix.lower() == ".gz" and not content.startswith(GZIP_START):
            raise FileError("cannot be read: is no gzip file")
        text = text_of(unpacked(content, MOST_BYTES))
        return _checked(_table_of(text, path.name))
    except FileError as error:
        raise HistoryError(f"{path}: {error}") from None


def read_frame(path: str | Path, **options: Any) -> pd.DataFrame:
    """A CSV file with its names in the first line, plain or gz, as pandas reads it.

    Raises
    ------
    HistoryError
        If it is absent, beyond the limits, or no table.
    """
    import pandas as pd

    try:
        text = text_of(unpacked(read_bytes(path, MOST_BYTES), MOST_BYTES))
        _check_size(text, 0, ",")
        return pd.read_csv(io.StringIO(text), **options)
    except ValueError as error:
        raise HistoryError(f"{path}: not readable as CSV: {str(error).strip()}") from None


def _table_of(text: str, name: str) -> Table:
    import pandas as pd

    lines = [line for _, line in zip(range(HEAD_LINES), _lines(text), strict=False)]
    skipped = _names_line(lines)
    if skipped is None:
        raise FileError("is empty")
    if skipped >= len(lines):
        raise FileError("ends with its header")
    separator = max(SEPARATORS, key=lines[skipped].count)
    _check_size(text, skipped, separator)
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=separator, dtype=str, skiprows=skipped, keep_default_na=False, skip_blank_lines=False
        )
    except (ValueError, IndexError) as error:
        raise FileError(f"not readable as CSV: {str(error).strip()}") from None
    frame.columns = [" ".join(str(name).split()) for name in frame.columns]
    blank = (frame == "").all(axis=1).to_numpy()
    filled = np.flatnonzero(~blank)
    frame = frame.iloc[: filled[-1] + 1 if len(filled) else 0]
    return Table(frame, name, skipped + 2, lines[:skipped])


def _lines(text: str) -> Iterator[str]:
    """Lines without their ends."""
    for line in io.StringIO(text, newline=None):
        yield line.rstrip("\r\n")


def _check_size(text: str, skipped: int, separator: str) -> None:
    """Refuse more columns or cells than memory holds, before any is made."""
    widest = rows = 0
    for number, line in enumerate(io.StringIO(text, newline=None)):
        if number >= skipped:
            rows += 1
            widest = max(widest, line.count(separator) + 1)
    if widest > MOST_COLUMNS:
        raise FileError(f"has {widest:,} columns, at most {MOST_COLUMNS:,} are read")
    if rows * widest > MOST_CELLS:
        raise FileError(f"has {rows:,} rows of {widest:,} columns, at most {MOST_CELLS:,} cells are read")


def _shown(cell: object) -> str:
    try:
        text = repr(cell)
    except (NotImplementedError, ValueError, OverflowError):  # a time that the calendar cannot write
        text = f"a value of type {type(cell).__name__}"
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def _names_line(lines: Sequence[str]) -> int | None:
    """Number of the line with the columns' names: after comments, a header marked as such, or a block set apart.

    Some sources put place and units above the table: between ``-BEGIN HEADER-`` and ``-END HEADER-``, or as a small
    table of one row with a blank line below it.
    """
    # Some programs write the separator as a first line of its own.
    begins = (bool(line.strip()) and not line.lower().startswith(("#", "sep=")) for line in lines)
    first = next((number for number, table in enumerate(begins) if table), None)
    if first is None:
        return None
    for number in range(first, len(lines) - 1):
        if lines[number].strip().upper() == "-END HEADER-":
            return number + 1
    if len(lines) > first + 3 and not lines[first + 2].strip() and lines[first + 3].count(",") > 0:
        return first + 3
    return first


def _checked(table: Table) -> Table:
    if len(table.frame) == 0:
        raise HistoryError(f"{table.name}: has no rows")
    names = [str(name) for name in table.frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HistoryError(f"{table.name}: the column {twice[0]} comes twice")
    return table

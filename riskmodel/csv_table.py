"""Tables that a user hands over as CSV: read with every problem named by row and column, written as data."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from distributions.input_files import FileError, read_text
from riskmodel.study.problems import MISSING, Problem, StudyError, nearest
from riskmodel.summary import safe

__all__ = ["CsvTable", "csv_text", "read_csv_table", "write_csv"]

DELIMITERS = (",", ";", "\t")
MOST_PROBLEMS = 20
MOST_SHOWN_ROWS = 5
MOST_BYTES = 64_000_000
"""Of the text, also of one that comes packed."""
MOST_COLUMNS = 1000
MOST_CELLS = 4_000_000
"""A million events with the four columns that are needed; each cell takes some 100 bytes of memory while it is read."""


class CsvTable:
    """Cells of a CSV file as text, and the problems found in them so far.

    Attributes
    ----------
    file : str
        Name for messages.
    columns : list of str
        Headings in the order of the file.
    rows : list of list of str
        Cells without surrounding spaces; rows without any text are left out.
    lines : list of int
        Row of the file each came from; the headings are row 1, as a spreadsheet counts.
    """

    def __init__(self, file: str, columns: list[str], rows: list[list[str]], lines: list[int]):
        self.file = file
        self.columns = columns
        self.rows = rows
        self.lines = lines
        self._problems: list[Problem] = []
        self._alike: dict[tuple[str, str], list[int]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self.columns

    def texts(self, column: str) -> list[str]:
        """The cells of a column; empty texts where the file does not have it."""
        if column not in self.columns:
            return [""] * len(self.rows)
        place = self.columns.index(column)
        return [row[place] for row in self.rows]

    def cell(self, i: int, column: str) -> str:
        """One cell; an empty text where the file does not have the column."""
        return self.rows[i][self.columns.index(column)] if column in self.columns else ""

    def problem(self, i: int, column: str, message: str) -> None:
        """Note a problem with the cell of row `i` (counted from 0) in `column`."""
        self._alike.setdefault((column, message), []).append(i)

    def file_problem(self, field: str, message: str) -> None:
        """Note a problem that belongs to no single cell."""
        self._problems.append(Problem(self.file, field, MISSING, message))

    def check_columns(self, known: Sequence[str], needed: Sequence[str]) -> None:
        """Note columns that are not known (with the nearest known one), come twice, or are missing."""
        for place, name in enumerate(self.columns):
            if name in self.columns[:place]:
                self.file_problem(f"column {name}", "comes twice: remove or rename one")
            elif name not in known:
                near = nearest(name, known)
                hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
                self.file_problem(f"column {name}" if name else "a column", f"unknown or without a name; {hint}")
        self.need_columns(needed)

    def need_columns(self, needed: Sequence[str]) -> None:
        """Note columns that are missing."""
        for name in needed:
            if name not in self.columns:
                self.file_problem(f"column {name}", f"missing; the first row must name it. Found: {self.heading()}")

    def heading(self) -> str:
        """The file's columns as one text."""
        return ", ".join(self.columns[:MOST_PROBLEMS]) or "nothing"

    def number(
        self, i: int, column: str, what: str, least: float = -math.inf, most: float = math.inf, above: float = -math.inf
    ) -> float:
        """A cell as a number; NaN, with a problem noted, if it is none or outside its range.

        Parameters
        ----------
        i : int
            Row, counted from 0.
        column : str
        what : str
            What to type, e.g. "a temperature in deg C, e.g. 25".
        least, most : float
            Allowed range, both ends included.
        above : float
            The number must be greater than this.
        """
        text = self.cell(i, column)
        try:
            value = float(text.replace("_", "x"))  # Python would read 1_000
        except ValueError:
            value = math.nan
        if math.isfinite(value) and least <= value <= most and value > above:
            return value
        self.problem(i, column, f"type {what}")
        return math.nan

    def numbers(self, column: str, what: str, **limits: float) -> np.ndarray:
        """A whole column as (n_rows,) float64; arguments as for `number`."""
        return np.array([self.number(i, column, what, **limits) for i in range(len(self))], dtype=np.float64)

    def finish(self) -> None:
        """Raise all problems noted so far together, if any.

        Raises
        ------
        StudyError
        """
        problems = self._problems + [self._cell_problem(*key, rows) for key, rows in self._alike.items()]
        if problems:
            raise StudyError(problems[:MOST_PROBLEMS])

    def _cell_problem(self, column: str, message: str, rows: list[int]) -> Problem:
        """One problem for all rows that have it; it shows the first."""
        first = rows[0]
        found = self.cell(first, column) or "nothing"
        others = [str(self.lines[i]) for i in rows[1 : 1 + MOST_SHOWN_ROWS]]
        if others:
            dots = ", ..." if len(rows) - 1 > MOST_SHOWN_ROWS else ""
            message += f" (so in {len(rows) - 1:,} more: row {', '.join(others)}{dots})"
        return Problem(self.file, f"row {self.lines[first]}, {column}", found, message)


def read_csv_table(path: str | Path) -> CsvTable:
    """Read a CSV file, plain or gzip, with headings in its first row.

    Parameters
    ----------
    path : path
        Cells are separated by commas, semicolons or tabs; UTF-8, with or without a byte order mark.

    Raises
    ------
    StudyError
        If it cannot be read as such a table.
    """
    file = str(path)
    try:
        text = read_text(path, MOST_BYTES, packed=True)
    except FileError as error:
        raise _refused(file, str(error)) from None
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    table = CsvTable(file, [], [], [])
    columns = table.columns
    try:
        for n, raw in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            row = [cell.strip() for cell in raw]
            if not any(row):
                continue
            if not columns:
                columns += _headings(file, row)
                continue
            if any(row[len(columns) :]) and len(table._problems) < MOST_PROBLEMS:
                table.file_problem(f"row {n}", f"has {len(row)} cells, the first row names {len(columns)} columns")
            table.rows.append((row + [""] * len(columns))[: len(columns)])
            table.lines.append(n)
            if len(table) * len(columns) > MOST_CELLS:
                raise _refused(file, f"has more than {MOST_CELLS:,} cells, the most that are read; take columns out")
    except csv.Error as error:
        raise _refused(file, f"is no CSV table: {error}") from None
    if not columns:
        raise _refused(file, "is empty: the first row must name the columns")
    if not table.rows:
        table.file_problem("", "has headings but no rows")
    table.finish()
    return table


def _headings(file: str, row: list[str]) -> list[str]:
    """Names of the columns."""
    while row and not row[-1]:  # separators at the end of every row
        row.pop()
    if len(row) > MOST_COLUMNS:
        raise _refused(file, f"has {len(row):,} columns, at most {MOST_COLUMNS:,} are read")
    return row


def _refused(file: str, message: str) -> StudyError:
    return StudyError([Problem(file, "", MISSING, message)])


def csv_text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The text that `write_csv` writes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_data(cell) for cell in columns])
    writer.writerows([_data(cell) for cell in row] for row in rows)
    return stream.getvalue()


def write_csv(path: str | Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table at once, or nothing; text that a spreadsheet would run as a formula is made harmless.

    Parameters
    ----------
    path : path
    columns, rows : sequences of text
        Cells that are numbers stay as they are, a minus sign included.

    Raises
    ------
    StudyError
        If the file cannot be written.
    """
    place = Path(path)
    partial = place.with_name(f".{place.name}.partial")
    try:
        partial.write_text(csv_text(columns, rows), encoding="utf-8", newline="")
        os.replace(partial, place)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _refused(str(path), f"cannot be written: {error.strerror or error}") from None


def _data(cell: str) -> str:
    try:
        float(cell)
    except ValueError:
        return safe(cell)
    return cell

"""A study from a workbook of inputs: what was changed in its cells, put into the study they were written from."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distributions.input_files import FileError, check_unpacked, read_bytes
from distributions.toml_reading import parse_toml, parse_value
from studies.reports.inputs import layout
from studies.reports.workbook.book import at

if TYPE_CHECKING:
    from riskmodel.study import Problem, Study, StudyError

__all__ = ["load_inputs"]

MOST_BYTES = 5_000_000
MOST_UNPACKED_BYTES = 8_000_000
"""The workbook of the longest shipped study has 300,000; a spreadsheet program may write more."""
MOST_ROWS = 20_000
CHANGED = "changed in the workbook, no source given"
NO_VALUE = object()


class Row(NamedTuple):
    """One row of the sheet of inputs: its number from 0, and its cells from the field to the source."""

    number: int
    cells: tuple[Any, ...]

    @property
    def field(self) -> str:
        """Path of the field."""
        return str(self.cells[layout.FIELD]).strip()


def load_inputs(path: Path, overrides: Sequence[str] = ()) -> Study:
    """Study of a workbook that `riskmodel template` wrote and someone edited.

    Raises
    ------
    StudyError
        With everything that is wrong, each cell by sheet and address.
    """
    from riskmodel.study import StudyError, parse_study, study_from_tables
    from riskmodel.study.money_names import path_outside

    rows, text = _read(path)
    try:
        base = parse_study(text, file=str(path))
        tables = parse_toml(text)
    except StudyError as error:
        raise StudyError([_of_file(path, f"the sheet {layout.STUDY} is no good study: {error}")]) from None
    original = {path_outside(leaf.path, base.header.currency): leaf for leaf in base.leaves()}
    problems: list[Problem] = []
    seen: dict[str, Row] = {}
    for row in rows:
        if row.field in seen:
            first = at(seen[row.field].number, layout.FIELD)
            problems.append(_problem(path, row, layout.FIELD, f"is there already, in {first}; keep one row a field"))
            continue
        seen[row.field] = row
        try:
            _apply(tables, base, original, row)
        except _BadCell as bad:
            problems.append(_problem(path, row, bad.column, str(bad)))
    problems += _removed(path, original, seen)
    if problems:
        raise StudyError(problems)
    try:
        return study_from_tables(tables, file=str(path), overrides=overrides)
    except StudyError as error:
        raise _placed(error, path, seen) from None


class _BadCell(Exception):
    """A cell that holds no value; `column` is where it stands."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(text)
        self.column = column


def _of_file(path: Path, text: str) -> Problem:
    from riskmodel.study import Problem
    from riskmodel.study.problems import MISSING

    return Problem(str(path), "", MISSING, text)


def _problem(path: Path, row: Row, column: int, text: str) -> Problem:
    from riskmodel.study import Problem
    from riskmodel.study.problems import MISSING

    place = f"{path}, sheet {layout.INPUTS}, cell {at(row.number, column)}"
    value = row.cells[column]
    return Problem(place, row.field, MISSING if value is None or column == layout.FIELD else value, text)


def _removed(path: Path, original: dict[str, Any], seen: dict[str, Row]) -> list[Problem]:
    missing = [name for name in original if name not in seen]
    if not missing:
        return []
    shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    return [
        _of_file(path, f"sheet {layout.INPUTS} has no row for {shown}; put the rows back, or write the template anew")
    ]


def _read(path: Path) -> tuple[list[Row], str]:
    """Rows of inputs and the text of the study, of a workbook of ours."""
    import openpyxl

    from riskmodel.study import StudyError

    def refuse(text: str) -> StudyError:
        return StudyError([_of_file(path, text)])

    try:
        content = read_bytes(path, MOST_BYTES)
    except FileError as error:
        raise refuse(str(error)) from None
    try:
        check_unpacked(content, MOST_UNPACKED_BYTES)
    except FileError as error:
        raise refuse(f"cannot be read: {error}; save it as .xlsx") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of parts that it leaves out
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True, read_only=True)
            return _sheets(book, refuse)
    except StudyError:
        raise
    except Exception:  # openpyxl raises whatever comes of a damaged part: no list of it would be complete
        raise refuse("cannot be read (it is no Excel workbook, or damaged); save it as .xlsx") from None


def _sheets(book: Any, refuse: Callable[[str], StudyError]) -> tuple[list[Row], str]:
    try:
        absent = [name for name in (layout.INPUTS, layout.STUDY) if name not in book.sheetnames]
        if absent:
            how = "write one with riskmodel template --excel inputs.xlsx"
            raise refuse(f"has no sheet {' and no sheet '.join(absent)}: not a workbook of inputs; {how}")
        return _rows(book[layout.INPUTS]), _text(book[layout.STUDY])
    finally:
        book.close()


def _rows(sheet: Any) -> list[Row]:
    width = len(layout.COLUMNS)
    found = []
    cells = sheet.iter_rows(min_row=layout.FIRST_ROW + 1, max_row=MOST_ROWS, max_col=width, values_only=True)
    for k, row in enumerate(cells):
        full = (*row, *[None] * (width - len(row)))
        if full[layout.FIELD] is not None and str(full[layout.FIELD]).strip():
            found.append(Row(layout.FIRST_ROW + k, full))
    return found


def _text(sheet: Any) -> str:
    lines = sheet.iter_rows(min_row=layout.FIRST_ROW + 1, max_row=MOST_ROWS, max_col=1, values_only=True)
    return "\n".join("" if line[0] is None else str(line[0]) for line in lines)


def _apply(tables: dict[str, Any], base: Study, original: dict[str, Any], row: Row) -> None:
    """Put a row into the tables if it says something else than the study it was written from."""
    leaf = original.get(row.field)
    before = None if leaf is None else layout.typed_value(base, leaf)
    value = _value(row, before)
    typed = row.cells[layout.SOURCE]
    source = "" if typed is None else str(typed).strip()
    written = "" if leaf is None else layout.written_source(base, leaf)
    same_value = leaf is not None and _same(value, before)
    if same_value and source == written:
        return
    if same_value and before is not None:
        value = before
    if not same_value and source == written:
        source = CHANGED
    _put(tables, row, value, source)


def _value(row: Row, before: Any) -> Any:
    """Value or law table of a row."""
    value, law = _bare(row, layout.VALUE), _bare(row, layout.LAW)
    parameters = {key: _bare(row, layout.LAW + 1 + k) for k, key in enumerate(layout.LAW_KEYS)}
    given = {key: part for key, part in parameters.items() if part is not NO_VALUE}
    if law is not NO_VALUE:
        if value is not NO_VALUE:
            raise _BadCell(layout.VALUE, "type either a value or a law, and empty the other")
        return {"law": law, **given}
    if given:
        column = layout.LAW + 1 + layout.LAW_KEYS.index(next(iter(given)))
        raise _BadCell(column, "belongs to a law, but none is chosen in the column Law; choose one or empty this cell")
    if value is NO_VALUE:
        raise _BadCell(layout.VALUE, "is empty: type a value, or choose a law and fill its columns")
    if isinstance(value, str) and not isinstance(before, str):
        return _parsed(value)
    if isinstance(value, float) and value.is_integer() and isinstance(before, int) and not isinstance(before, bool):
        return int(value)
    if isinstance(value, int) and isinstance(before, float):
        return float(value)
    return value


def _bare(row: Row, column: int) -> Any:
    value = row.cells[column]
    if value is None or (isinstance(value, str) and not value.strip()):
        return NO_VALUE
    if isinstance(value, str) and value.startswith("#") and value.endswith(("!", "?", "A")):
        raise _BadCell(column, "is an error of the spreadsheet: mend its formula or type a value")
    if isinstance(value, float) and not math.isfinite(value):
        raise _BadCell(column, "is no number")
    if not isinstance(value, (str, bool, int, float)):
        raise _BadCell(column, "is a date: type a number or a word, and format the cell as General")
    return value.strip() if isinstance(value, str) else value


def _parsed(text: str) -> Any:
    """A list or a table typed as in a study file; any other text as it is."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return parse_value(text)
    except ValueError:
        raise _BadCell(layout.VALUE, "is no list or table as in a study file, e.g. [1.0, 0.5]") from None


def _same(value: Any, before: Any) -> bool:
    """Whether a cell still says what was written; a cell holds 16 digits of a number."""
    if isinstance(before, dict) and isinstance(value, dict):
        kept = {key: part for key, part in before.items() if key != "source"}
        return kept.keys() == value.keys() and all(_same(value[key], part) for key, part in kept.items())
    if isinstance(before, dict) and before.get("law") == "constant":
        return _same(value, before["value"])
    if isinstance(before, bool) or isinstance(value, bool):
        return value is before
    if isinstance(before, (int, float)) and isinstance(value, (int, float)):
        return float(value) == float(f"{before:.16G}")
    if isinstance(before, list) and isinstance(value, list):
        pairs = zip(value, before, strict=False)
        return len(value) == len(before) and all(_same(one, other) for one, other in pairs)
    return bool(value == before)


def _put(tables: dict[str, Any], row: Row, value: Any, source: str) -> None:
    """Set a field and its source; a law carries its own."""
    *path, key = row.field.split(".")
    here = tables
    for part in path:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            raise _BadCell(layout.FIELD, f"{part} is a value, not a table")
    if isinstance(value, dict) and "law" in value:
        value = {**{name: part for name, part in value.items() if name != "source"}, "source": source or CHANGED}
    here[key] = value
    sources = tables.setdefault("sources", {})
    if isinstance(sources, dict):
        sources.pop(row.field, None)
        if source and not (isinstance(value, dict) and "law" in value):
            sources[row.field] = source


def _placed(error: StudyError, path: Path, seen: dict[str, Row]) -> StudyError:
    """The same problems with the cells they are about."""
    from riskmodel.study import Problem, StudyError

    placed = []
    for problem in error.problems:
        fields = [name for name in seen if problem.field == name or problem.field.startswith(f"{name}.")]
        if not fields or " with --set " in problem.file:
            placed.append(problem)
            continue
        row = seen[max(fields, key=len)]
        place = f"{path}, sheet {layout.INPUTS}, cell {at(row.number, _column(row, problem.field))}"
        placed.append(Problem(place, problem.field, problem.value, problem.message))
    return StudyError(placed)


def _column(row: Row, field: str) -> int:
    """Column of what is wrong: a law's parameter, the law, or the value."""
    inner = field.removeprefix(row.field).lstrip(".")
    if inner in layout.LAW_KEYS:
        return layout.LAW + 1 + layout.LAW_KEYS.index(inner)
    has_law = row.cells[layout.LAW] is not None and str(row.cells[layout.LAW]).strip()
    return layout.LAW if has_law else layout.VALUE

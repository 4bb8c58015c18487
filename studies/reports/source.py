"""Results that a report can be made of: finished, whole, and of this version; else one clear message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["AGAIN", "ReportError", "open_results"]

FILES = ("paths.parquet", "years.parquet", "summary.csv", "study.resolved.toml")
AGAIN = "run the study again to make a report of it"


class ReportError(Exception):
    """These results make no report."""


def open_results(
    folder: Path, columns: Sequence[str], year_columns: Sequence[str] = (), more_files: Sequence[str] = ()
) -> Results:
    """Finished results with the columns a report needs.

    Parameters
    ----------
    folder : Path
    columns, year_columns : sequence of str
        Columns needed of paths.parquet and years.parquet.
    more_files : sequence of str
        Files needed beside the usual ones.

    Raises
    ------
    ReportError
        If there are none, the run is not finished, files are missing or damaged, or another version made them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from riskmodel.currency import stored
    from riskmodel.results import load_results
    from riskmodel.run_errors import RunError, check_names
    from riskmodel.study import StudyError

    try:
        results = load_results(folder)
    except RunError as error:
        raise ReportError(str(error)) from None
    missing = [name for name in (*FILES, *more_files) if not (folder / name).exists()]
    if missing:
        raise ReportError(f"{folder}: {', '.join(missing)} is missing there; {AGAIN}")
    for name, needed in (("paths.parquet", columns), ("years.parquet", year_columns)):
        try:
            found = pq.read_schema(folder / name).names
        except (OSError, pa.ArrowInvalid):
            raise ReportError(f"{folder / name}: cannot be read; {AGAIN}") from None
        try:
            check_names(folder / name, [stored(found, column) for column in needed], found)
        except RunError as error:
            raise ReportError(str(error)) from None
    try:
        _ = results.study
    except StudyError as error:
        first = error.problems[0]
        text = f"is not a study of this version of the program ({first.field}: {first.message})"
        raise ReportError(f"{folder / 'study.resolved.toml'}: {text}; {AGAIN}") from None
    return results

"""What a results folder must hold before anything is read from it: a manifest of the right shape and whole tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from distributions.input_files import FileError, read_bytes
from distributions.parquet_pages import check_pages
from riskmodel.currency import CURRENCIES
from riskmodel.event_files import EVENTS, event_files, file_digest, part_file, parts
from riskmodel.run_errors import AGAIN, RunError, check_names

__all__ = ["check_folder", "check_manifest"]

MOST_PATHS, MOST_YEARS, MOST_STRATEGIES = 100_000_000, 100, 1000
MOST_NAME = 500
MOST_SUMMARY_BYTES = 20_000_000
MOST_COLUMNS = 5000
MOST_GROUP_BYTES = 2_000_000_000
MOST_HASHED_BYTES = 2_000_000_000
"""Of a file whose SHA-256 is compared: a second or two."""
HASHED = (
    "paths.parquet", "years.parquet", "redrawn.parquet", "summary.csv", "study.resolved.toml", "given_events.csv",
)  # fmt: skip
MOST_CHECKED_BYTES = 50_000_000
"""Of a table whose pages are checked one by one; larger ones would keep a command waiting."""


class _Field(NamedTuple):
    """Where a value stands in the manifest, what it must be, and whether it is."""

    path: tuple[str, ...]
    wanted: str
    fits: Callable[[Any], bool]


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_NAME


def _names(value: Any) -> bool:
    if not isinstance(value, dict) or not 0 < len(value) <= MOST_STRATEGIES:
        return False
    return all(_text(name) and name and _text(title) for name, title in value.items())


def _ranges(value: Any) -> bool:
    end = 0
    for part in value if isinstance(value, list) else [None]:
        if not isinstance(part, list) or len(part) != 2 or not all(map(_whole(0, MOST_PATHS), part)):
            return False
        if not end <= part[0] < part[1]:
            return False
        end = part[1]
    return True


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


FIELDS = (
    _Field(("state",), "a text", _text),
    _Field(("study", "name"), "a text", _text),
    _Field(("study", "title"), "a text", _text),
    _Field(
        ("study", "currency"), f"one of {', '.join(CURRENCIES)}", lambda value: _text(value) and value in CURRENCIES
    ),
    _Field(("seed",), "a whole number of at least 0", _whole(0, 2**63 - 1)),
    _Field(("paths",), f"a whole number from 0 to {MOST_PATHS:,}", _whole(0, MOST_PATHS)),
    _Field(("paths_wanted",), f"a whole number from 1 to {MOST_PATHS:,}", _whole(1, MOST_PATHS)),
    _Field(("years",), f"a whole number from 1 to {MOST_YEARS}", _whole(1, MOST_YEARS)),
    _Field(("strategies",), f"1 to {MOST_STRATEGIES:,} names with their titles", _names),
    _Field(("baseline",), "a text", _text),
    _Field(("ranges_done",), "pairs of whole numbers that rise", _ranges),
    _Field(("warnings",), "a list of texts", _texts),
    _Field(("files",), "a table", lambda value: isinstance(value, dict)),
    _Field(("versions",), "a table", lambda value: isinstance(value, dict)),
    _Field(("sources",), "a table", lambda value: isinstance(value, dict)),
)


def check_manifest(manifest: dict[str, Any], file: str) -> None:
    """Check that a manifest holds what everything else takes for granted.

    Raises
    ------
    RunError
        That names the first field that is missing or wrong.
    """
    for field in FIELDS:
        value: Any = manifest
        for key in field.path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is None or not field.fits(value):
            shown = "missing" if value is None else f"{str(value)[:80]!r}"
            raise RunError(f"{file}: {'.'.join(field.path)}: {shown}: must be {field.wanted}; {AGAIN}")
    if manifest["baseline"] not in manifest["strategies"]:
        raise RunError(f"{file}: baseline: {manifest['baseline']!r}: must be one of the strategies; {AGAIN}")


def check_folder(folder: Path, manifest: dict[str, Any]) -> None:
    """Check the tables of a finished run by their metadata: rows, columns and what they unpack to; and the summary.

    Raises
    ------
    RunError
        That names the first file that is missing, damaged or not of this manifest.
    """
    n_strategies = len(manifest["strategies"])
    rows = manifest["paths"] * n_strategies
    _check_table(folder / "paths.parquet", rows, ("path", "strategy"))
    _check_table(folder / "years.parquet", rows * (manifest["years"] + 1), ("path", "strategy", "year"))
    for part in _event_files(folder, manifest["paths"]):
        _check_table(part, None, ("path", "strategy", "event", "year", "hour", "cause"))
    place = folder / "summary.csv"
    try:
        head = read_bytes(place, MOST_SUMMARY_BYTES).partition(b"\n")[0].decode("utf-8", errors="replace").split(",")
    except FileError as error:
        raise RunError(f"{place}: {error}; {AGAIN}") from None
    check_names(place, ("strategy", "metric", "value", "standard_error", "unit"), head)
    _check_digests(folder, manifest)


def _check_digests(folder: Path, manifest: dict[str, Any]) -> None:
    """Compare the files that numbers are read from with their SHA-256; of large tables only `--resume` does."""
    for name in (*HASHED, *(file.relative_to(folder).as_posix() for file in event_files(folder))):
        place, written = folder / name, manifest["files"].get(name)
        if place.is_file() and place.stat().st_size <= MOST_HASHED_BYTES and file_digest(place) != written:
            raise RunError(f"{place}: is not as the run wrote it (its SHA-256 is another one); {AGAIN}")


def _event_files(folder: Path, paths: int) -> list[Path]:
    """Files of the table of events that a run of so many paths has written."""
    if not (folder / EVENTS).is_dir():
        return [folder / EVENTS]
    there, wanted = event_files(folder), len(parts(0, paths))
    if [part_file(folder, number) for number in range(wanted)] != there:
        raise RunError(f"{folder / EVENTS}: has {len(there):,} parts, this run {wanted:,}; {AGAIN}")
    return there


def _check_table(place: Path, rows: int | None, needed: tuple[str, ...]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not place.is_file():
        raise RunError(f"{place}: is missing there; {AGAIN}")
    try:
        with pq.ParquetFile(place) as file:
            meta, names = file.metadata, file.schema_arrow.names
            nested = [field.name for field in file.schema_arrow if pa.types.is_nested(field.type)]
            if place.stat().st_size <= MOST_CHECKED_BYTES:
                check_pages(place.read_bytes(), MOST_GROUP_BYTES)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{place}: is no whole Parquet file ({' '.join(str(error).split())[:120]}); {AGAIN}") from None
    if len(names) > MOST_COLUMNS or nested or len(set(names)) < len(names):
        raise RunError(f"{place}: has columns that no run writes; {AGAIN}")
    check_names(place, needed, names)
    groups = [meta.row_group(k) for k in range(meta.num_row_groups)]
    if sum(group.num_rows for group in groups) != meta.num_rows or any(group.num_rows < 0 for group in groups):
        raise RunError(f"{place}: its row groups do not add up; {AGAIN}")
    if rows is not None and meta.num_rows != rows:
        raise RunError(f"{place}: has {meta.num_rows:,} rows, this run {rows:,}; {AGAIN}")
    if any(not 0 <= group.total_byte_size <= MOST_GROUP_BYTES for group in groups):
        raise RunError(f"{place}: claims row groups of more than {MOST_GROUP_BYTES:,} bytes; {AGAIN}")

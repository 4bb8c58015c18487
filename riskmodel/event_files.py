"""The table of events on disk: one Parquet file, or, for a large run, a folder of them of 100,000 paths each.

The table of a million paths of five strategies has a thousand million rows. One file of it could only be written and
read with hundreds of megabytes of its own table of contents in memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.run_errors import AGAIN, RunError, check_names, told_as_damage

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "EVENTS",
    "PATHS_PER_PART",
    "check_columns",
    "check_inside",
    "event_columns",
    "event_files",
    "event_groups",
    "event_rows",
    "file_digest",
    "intact_parts",
    "part_file",
    "parts",
    "word_codes",
]

EVENTS = "events.parquet"
PATHS_PER_PART = 100_000
PART_NAME = re.compile(r"part-\d{5}\.parquet")


def parts(start: int, until: int) -> list[tuple[int, int]]:
    """Paths `first .. end - 1` of each file of the paths `start .. until - 1`."""
    return [(first, min(first + PATHS_PER_PART, until)) for first in range(start, until, PATHS_PER_PART)]


def part_file(folder: Path, number: int) -> Path:
    """File of one part of a large table, the first has number 0."""
    return folder / EVENTS / f"part-{number:05d}.parquet"


def event_files(folder: Path) -> list[Path]:
    """Files of the table of events of a results folder, in the order of their paths."""
    place = folder / EVENTS
    if not place.is_dir():
        return [place]
    return sorted(file for file in place.iterdir() if PART_NAME.fullmatch(file.name))


def event_columns(folder: Path) -> list[str]:
    """Names of the columns of the table of events."""
    import pyarrow.parquet as pq

    return list(pq.read_schema(event_files(folder)[0]).names)


def check_columns(folder: Path, names: Iterable[str]) -> None:
    """Refuse a table of events without columns that are needed.

    Raises
    ------
    RunError
    """
    with told_as_damage(folder / EVENTS):
        there = event_columns(folder)
    check_names(folder / EVENTS, names, there)


def event_rows(folder: Path) -> int:
    """Rows of the table of events."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(place).num_rows for place in event_files(folder))


def event_groups(folder: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of the table of events, a row group at a time, in the order of the paths."""
    from riskmodel.store import opened

    check_columns(folder, columns)
    for place in event_files(folder):
        with opened(place) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=list(columns), use_threads=False)


def word_codes(table: pa.Table, name: str, words: Sequence[str]) -> NDArray[np.int16]:
    """Number of each cell's word in `words`.

    Raises
    ------
    RunError
        If a cell has another word, or none.
    """
    cells = table.column(name).combine_chunks().dictionary_encode()
    found = cells.dictionary.to_pylist() + [None] * bool(cells.null_count)
    unknown = sorted(str(word) for word in set(found) - set(words))
    if unknown:
        raise RunError(f"{EVENTS}: {name} = {unknown[0]!r}: not one of {', '.join(words)}; {AGAIN}")
    return np.array([list(words).index(word) for word in found], dtype=np.int16)[cells.indices.to_numpy()]


def check_inside(path: NDArray[Any], year: NDArray[Any], span: tuple[int, int], n_years: int) -> None:
    """Refuse events of other paths than `first .. end - 1`, the span, or of other years than 1 .. `n_years`.

    Raises
    ------
    RunError
    """
    inside = (path >= span[0]) & (path < span[1]) & (year >= 1) & (year <= n_years)
    if not inside.all():
        raise RunError(f"{EVENTS}: an event is outside of the paths and years of the run; {AGAIN}")


def intact_parts(folder: Path, digests: Sequence[str]) -> list[str]:
    """Those SHA-256 of the first parts that the files still have, up to the first one that has not."""
    intact: list[str] = []
    for number, digest in enumerate(digests if isinstance(digests, list) else ()):  # as a manifest has it
        place = part_file(folder, number)
        if not place.is_file() or file_digest(place) != digest:
            break
        intact.append(digest)
    return intact


def file_digest(place: Path) -> str:
    """SHA-256 of a file."""
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

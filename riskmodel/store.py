"""Final tables of a run, read a column or a row group at a time; which ranges of paths are missing; whole files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.currency import stored
from riskmodel.range_store import Ranges, RangeStore
from riskmodel.run_errors import told_as_damage

if TYPE_CHECKING:
    import pyarrow.parquet as pq

RANGES = "ranges"
PATHS_PER_GROUP = 1000
"""Paths in one row group of paths.parquet and years.parquet, and between two checks of a target error."""


def missing_ranges(done: Ranges, until: int, paths_per_range: int, start: int = 0) -> Iterator[tuple[int, int]]:
    """Ranges of at most `paths_per_range` that fill the gaps of `done` from `start` to `until`, in path order."""
    position = start
    for first, end in [*done, (until, until)]:
        while position < min(first, until):
            stop = min(position + paths_per_range, first, until)
            yield position, stop
            position = stop
        position = max(position, end)


def range_column(
    kept: RangeStore, ranges: Ranges, name: str, start: int, paths: int, n_strategies: int
) -> NDArray[np.float64]:
    """(paths, n_strategies) values of a column of the paths table from path `start` on, read from finished ranges."""
    values = np.full((paths, n_strategies), np.nan)
    until = start + paths
    for first, end in ranges:
        if first < until and end > start:
            column = kept.column(first, end, "paths", name).column(name).to_numpy().reshape(end - first, n_strategies)
            low, high = max(first, start), min(end, until)
            values[low - start : high - start] = column[low - first : high - first]
    return values


@contextmanager
def opened(place: Path) -> Iterator[pq.ParquetFile]:
    """A table of results, its pages compared with their checksums as they are read; damage is a RunError.

    The SHA-256 of a large table is not compared before numbers are read from it, which would read all of it.
    """
    import pyarrow.parquet as pq

    with told_as_damage(place), pq.ParquetFile(place, page_checksum_verification=True) as file:
        yield file


def path_column(folder: Path, name: str, n_strategies: int) -> NDArray[Any]:
    """(n_paths, n_strategies) values of one column of paths.parquet."""
    with opened(folder / "paths.parquet") as file:
        there = stored(file.schema_arrow.names, name)
        return file.read(columns=[there], use_threads=False).column(there).to_numpy().reshape(-1, n_strategies)


def n_paths_of(folder: Path, n_strategies: int) -> int:
    """Number of paths in paths.parquet."""
    import pyarrow.parquet as pq

    place = folder / "paths.parquet"
    with told_as_damage(place):
        return int(pq.read_metadata(place).num_rows) // n_strategies


def year_blocks(
    folder: Path, names: list[str], n_strategies: int, n_years: int
) -> Iterator[tuple[int, int, dict[str, NDArray[np.float64]]]]:
    """Some columns of years.parquet, a row group at a time.

    Yields
    ------
    first : int, place of its first path
    n_paths : int
    values : dict of column -> (paths, n_strategies, n_years + 1) float64
    """
    entries = n_years + 1
    with opened(folder / "years.parquet") as file:
        there = {name: stored(file.schema_arrow.names, name) for name in names}
        first = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=list(there.values()), use_threads=False)
            shape = (table.num_rows // (n_strategies * entries), n_strategies, entries)
            yield first, shape[0], {name: table.column(own).to_numpy().reshape(shape) for name, own in there.items()}
            first += shape[0]


def year_groups(
    folder: Path, names: list[str], strategy: int, n_strategies: int, n_years: int, minus: int | None = None
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Sum of some columns of years.parquet, a row group at a time: (place of its first path, (paths, n_years + 1)).

    Of one strategy, or of one less another.
    """
    for first, n_paths, columns in year_blocks(folder, names, n_strategies, n_years):
        sums = np.zeros((2, n_paths, n_years + 1))
        for values in columns.values():
            sums[0] += values[:, strategy]
            if minus is not None:
                sums[1] += values[:, minus]
        yield first, sums[0] if minus is None else sums[0] - sums[1]


def year_sums(
    folder: Path, names: list[str], strategy: int, n_strategies: int, n_years: int, minus: int | None = None
) -> NDArray[np.float64]:
    """(n_paths, n_years + 1) sum of some columns of years.parquet for one strategy, or for one less another."""
    values = np.empty((n_paths_of(folder, n_strategies), n_years + 1))
    for first, sums in year_groups(folder, names, strategy, n_strategies, n_years, minus):
        values[first : first + len(sums)] = sums
    return values


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_bytes(file, text.encode())


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, file)

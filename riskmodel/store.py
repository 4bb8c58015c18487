"""Files of a run: ranges of paths as they finish, and the final tables merged from them in path order.

A finished range is a folder that appears at once, by renaming; whatever else lies beside it is a leftover. The final
tables are cut into row groups of a fixed number of paths, so their bytes do not depend on the ranges they came from.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.currency import INSIDE, outside, stored
from riskmodel.quantities import CAUSES, Outcome

if TYPE_CHECKING:
    import pyarrow as pa

    from riskmodel.path_tables import RangeTables

Ranges = list[tuple[int, int]]
"""Ranges `first .. end - 1` of paths, in order."""

TABLES = ("paths", "years", "events", "redrawn")
RANGES = "ranges"
RANGE_NAME = re.compile(r"(\d{9})-(\d{9})")
PATHS_PER_GROUP = 1000
"""Paths in one row group of paths.parquet and years.parquet, and between two checks of a target error."""
EVENTS_PER_GROUP = 65_536
ROWS_PER_READ = 16_384


def range_folder(folder: Path, first: int, end: int) -> Path:
    """Folder of the finished paths `first .. end - 1`."""
    return folder / RANGES / f"{first:09d}-{end:09d}"


def write_range(folder: Path, first: int, end: int, tables: RangeTables) -> None:
    """Write a range so that it is there whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = range_folder(folder, first, end)
    partial = place.with_name(f".{place.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        for name in TABLES:
            table = pa.table(getattr(tables, name))
            pq.write_table(table, partial / f"{name}.parquet", compression="zstd", compression_level=1)
        os.replace(partial, place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def finished_ranges(folder: Path) -> Ranges:
    """Ranges whose tables can be read, ordered, not overlapping; a range that cannot be read is left out."""
    place = folder / RANGES
    found: Ranges = []
    for name in sorted(os.listdir(place)) if place.is_dir() else []:
        match = RANGE_NAME.fullmatch(name)
        if match is None:
            continue
        first, end = int(match[1]), int(match[2])
        if (not found or first >= found[-1][1]) and _readable(place / name, end - first):
            found.append((first, end))
    return found


def _readable(place: Path, n_paths: int) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = [pq.read_metadata(place / f"{name}.parquet").num_rows for name in TABLES]
    except (OSError, pa.ArrowInvalid):
        return False
    return n_paths > 0 and rows[0] % n_paths == 0


def remove_leftovers(folder: Path) -> None:
    """Remove what an interrupted run left half done: unnamed ranges, unreadable ranges, unfinished tables."""
    keep = {range_folder(folder, first, end).name for first, end in finished_ranges(folder)}
    place = folder / RANGES
    for name in os.listdir(place) if place.is_dir() else []:
        if name not in keep:
            shutil.rmtree(place / name, ignore_errors=True)
    for leftover in folder.glob("*.partial"):
        leftover.unlink(missing_ok=True)


def missing_ranges(done: Ranges, paths: int, paths_per_range: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most `paths_per_range` that fill the gaps of `done` below `paths`, in path order."""
    position = 0
    for first, end in [*done, (paths, paths)]:
        while position < min(first, paths):
            stop = min(position + paths_per_range, first, paths)
            yield position, stop
            position = stop
        position = max(position, end)


def merge(
    folder: Path, ranges: Ranges, paths: int, strategy_names: tuple[str, ...], n_years: int, currency: str = INSIDE
) -> None:
    """Write the final tables from finished ranges, first `paths` paths only; columns of money named in `currency`."""
    n_strategies = len(strategy_names)
    words = {"strategy": strategy_names, "cause": CAUSES, "outcome": tuple(code.name.lower() for code in Outcome)}
    group_rows = {
        "paths": PATHS_PER_GROUP * n_strategies,
        "years": PATHS_PER_GROUP * n_strategies * (n_years + 1),
        "events": EVENTS_PER_GROUP,
        "redrawn": EVENTS_PER_GROUP,
    }
    for name in TABLES:
        groups = _groups(_batches(folder, ranges, name, paths), group_rows[name])
        _write_groups(folder / f"{name}.parquet", (_in_money(group, currency) for group in groups), words)


def _batches(folder: Path, ranges: Ranges, name: str, paths: int) -> Iterator[pa.RecordBatch]:
    """Rows of one table from the ranges in path order, a few at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for first, end in ranges:
        if first >= paths:
            continue
        with pq.ParquetFile(range_folder(folder, first, end) / f"{name}.parquet") as file:
            if not file.metadata.num_rows:
                yield pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            for batch in file.iter_batches(ROWS_PER_READ, use_threads=False):
                yield batch if end <= paths else batch.filter(pc.less(batch.column("path"), paths))


def _in_money(table: pa.Table, currency: str) -> pa.Table:
    return table.rename_columns([outside(name, currency) for name in table.column_names])


def _groups(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of exactly `rows` (the last one what is left), each in one piece of memory."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= rows:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, rows).combine_chunks()
            waiting = table.slice(rows).to_batches() or [batch.slice(batch.num_rows)]
            count -= rows
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _write_groups(place: Path, groups: Iterator[pa.Table], words: dict[str, tuple[str, ...]]) -> None:
    import pyarrow.parquet as pq

    partial = place.with_name(f"{place.name}.partial")
    writer = None
    try:
        for group in groups:
            table = _with_words(group, words)
            if writer is None:
                coded = [field.name for field in table.schema if field.name in words]
                writer = pq.ParquetWriter(partial, table.schema, compression="zstd", use_dictionary=coded)
            if table.num_rows:
                writer.write_table(table, row_group_size=table.num_rows)
    finally:
        if writer is not None:
            writer.close()
    os.replace(partial, place)


def _with_words(table: pa.Table, words: dict[str, tuple[str, ...]]) -> pa.Table:
    """Turn columns of codes into text dictionaries; every group carries the whole dictionary."""
    import pyarrow as pa

    for name, texts in words.items():
        index = table.schema.get_field_index(name)
        if index < 0:
            continue
        codes = table.column(index).combine_chunks().cast(pa.int8())
        table = table.set_column(index, name, pa.DictionaryArray.from_arrays(codes, pa.array(texts, pa.string())))
    return table


def range_column(folder: Path, ranges: Ranges, name: str, paths: int, n_strategies: int) -> NDArray[np.float64]:
    """(paths, n_strategies) values of a column of the paths table, read from finished ranges."""
    import pyarrow.parquet as pq

    values = np.full((paths, n_strategies), np.nan)
    for first, end in ranges:
        if first < paths:
            table = pq.read_table(range_folder(folder, first, end) / "paths.parquet", columns=[name], use_threads=False)
            column = table.column(name).to_numpy().reshape(end - first, n_strategies)
            values[first:end] = column[: paths - first]
    return values


def path_column(folder: Path, name: str, n_strategies: int) -> NDArray[Any]:
    """(n_paths, n_strategies) values of one column of paths.parquet."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(folder / "paths.parquet") as file:
        there = stored(file.schema_arrow.names, name)
        return file.read(columns=[there], use_threads=False).column(there).to_numpy().reshape(-1, n_strategies)


def year_sums(folder: Path, names: list[str], strategy: int, n_strategies: int, n_years: int) -> NDArray[np.float64]:
    """(n_paths, n_years + 1) sum of some columns of years.parquet for one strategy, read a row group at a time."""
    import pyarrow.parquet as pq

    entries = n_years + 1
    with pq.ParquetFile(folder / "years.parquet") as file:
        names = [stored(file.schema_arrow.names, name) for name in names]
        values = np.zeros((file.metadata.num_rows // (n_strategies * entries), entries))
        first = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=names, use_threads=False)
            end = first + table.num_rows // (n_strategies * entries)
            for name in names:
                values[first:end] += table.column(name).to_numpy().reshape(-1, n_strategies, entries)[:, strategy]
            first = end
    return values


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_bytes(file, text.encode())


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, file)

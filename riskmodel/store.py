"""Final tables of a run, merged from finished ranges in path order, and how they are read.

They are cut into row groups of a fixed number of paths, so their bytes do not depend on the ranges they came from.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.currency import INSIDE, outside, stored
from riskmodel.quantities import CAUSES, Outcome
from riskmodel.range_store import TABLES, Ranges, RangeStore
from riskmodel.results_check import told_as_damage

if TYPE_CHECKING:
    import pyarrow as pa

RANGES = "ranges"
PATHS_PER_GROUP = 1000
"""Paths in one row group of paths.parquet and years.parquet, and between two checks of a target error."""
EVENTS_PER_GROUP = 65_536
ROWS_PER_READ = 16_384


def missing_ranges(done: Ranges, until: int, paths_per_range: int, start: int = 0) -> Iterator[tuple[int, int]]:
    """Ranges of at most `paths_per_range` that fill the gaps of `done` from `start` to `until`, in path order."""
    position = start
    for first, end in [*done, (until, until)]:
        while position < min(first, until):
            stop = min(position + paths_per_range, first, until)
            yield position, stop
            position = stop
        position = max(position, end)


def merge(
    folder: Path,
    kept: RangeStore,
    ranges: Ranges,
    until: int,
    strategy_names: tuple[str, ...],
    n_years: int,
    currency: str = INSIDE,
) -> None:
    """Write the final tables from finished ranges, paths below `until` only; columns of money named in `currency`.

    Raises
    ------
    riskmodel.range_store.DamagedRange
        If the bytes of a range are not those that were written.
    """
    n_strategies = len(strategy_names)
    words = {"strategy": strategy_names, "cause": CAUSES, "outcome": tuple(code.name.lower() for code in Outcome)}
    group_rows = {
        "paths": PATHS_PER_GROUP * n_strategies,
        "years": PATHS_PER_GROUP * n_strategies * (n_years + 1),
        "events": EVENTS_PER_GROUP,
        "redrawn": EVENTS_PER_GROUP,
    }
    for name in TABLES:
        groups = _groups(_batches(kept, ranges, name, until), group_rows[name])
        _write_groups(folder / f"{name}.parquet", (_in_money(group, currency) for group in groups), words)


def _batches(kept: RangeStore, ranges: Ranges, name: str, until: int) -> Iterator[pa.RecordBatch]:
    """Rows of one table from the ranges in path order, a few at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for first, end in ranges:
        if first >= until:
            continue
        with pq.ParquetFile(io.BytesIO(kept.read(first, end, name))) as file:
            if not file.metadata.num_rows:
                yield pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            for batch in file.iter_batches(ROWS_PER_READ, use_threads=False):
                yield batch if end <= until else batch.filter(pc.less(batch.column("path"), until))


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


def range_column(
    kept: RangeStore, ranges: Ranges, name: str, start: int, paths: int, n_strategies: int
) -> NDArray[np.float64]:
    """(paths, n_strategies) values of a column of the paths table from path `start` on, read from finished ranges."""
    values = np.full((paths, n_strategies), np.nan)
    for first, end in ranges:
        if first < start + paths:
            column = kept.column(first, end, "paths", name).column(name).to_numpy().reshape(end - first, n_strategies)
            values[first - start : end - start] = column[: start + paths - first]
    return values


def path_column(folder: Path, name: str, n_strategies: int) -> NDArray[Any]:
    """(n_paths, n_strategies) values of one column of paths.parquet."""
    import pyarrow.parquet as pq

    place = folder / "paths.parquet"
    with told_as_damage(place), pq.ParquetFile(place) as file:
        there = stored(file.schema_arrow.names, name)
        return file.read(columns=[there], use_threads=False).column(there).to_numpy().reshape(-1, n_strategies)


def year_sums(folder: Path, names: list[str], strategy: int, n_strategies: int, n_years: int) -> NDArray[np.float64]:
    """(n_paths, n_years + 1) sum of some columns of years.parquet for one strategy, read a row group at a time."""
    import pyarrow.parquet as pq

    entries = n_years + 1
    place = folder / "years.parquet"
    with told_as_damage(place), pq.ParquetFile(place) as file:
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

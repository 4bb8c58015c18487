"""Final tables of a run, merged from finished ranges in path order.

They are cut into row groups and files of a fixed number of paths or rows, so their bytes do not depend on the ranges
they came from. A large table of events is written in parts; what a written part holds is let go of in the ranges, so
that the disk never has to hold it twice.
"""

from __future__ import annotations

import functools
import io
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel import event_files, store
from riskmodel.currency import outside
from riskmodel.event_files import EVENTS, file_digest, part_file, parts
from riskmodel.memory import give_back
from riskmodel.quantities import CAUSES, Outcome
from riskmodel.range_store import Ranges, RangeStore

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Merge"]

EVENTS_PER_GROUP = 65_536
ROWS_PER_READ = 16_384


@dataclass
class Merge:
    """Writes the final tables of a run.

    Attributes
    ----------
    folder : Path
    kept : RangeStore, where the finished ranges are
    start : int, number of the first path
    strategy_names : tuple of str
    n_years : int
    currency : str
        Columns of money are named in it.
    written : list of str
        SHA-256 of the first parts of the events that are written, and let go of in the ranges; grows.
    record : callable
        Called when `written` has grown and before ranges let go of anything.
    """

    folder: Path
    kept: RangeStore
    start: int
    strategy_names: tuple[str, ...]
    n_years: int
    currency: str
    written: list[str]
    record: Callable[[], object]

    @property
    def events_until(self) -> int:
        """Paths below have their events in written parts; their ranges need not hold them any more."""
        return self.start + len(self.written) * event_files.PATHS_PER_PART

    def write(self, ranges: Ranges, until: int) -> None:
        """Write the tables of the paths below `until`.

        Raises
        ------
        riskmodel.range_store.DamagedRange
            If the bytes of a range are not those that were written.
        """
        of_path = store.PATHS_PER_GROUP * len(self.strategy_names)
        rows = {"paths": of_path, "years": of_path * (self.n_years + 1), "redrawn": EVENTS_PER_GROUP}
        for name, group_rows in rows.items():
            self._table(self.folder / f"{name}.parquet", name, ranges, (self.start, until), group_rows)
        if until - self.start <= event_files.PATHS_PER_PART:
            _remove(self.folder / EVENTS, folder=True)
            self._table(self.folder / EVENTS, "events", ranges, (self.start, until), EVENTS_PER_GROUP)
        else:
            self._events_in_parts(ranges, until)

    def _events_in_parts(self, ranges: Ranges, until: int) -> None:
        wanted = parts(self.start, until)
        del self.written[(until - self.start) // event_files.PATHS_PER_PART :]  # fewer paths are wanted than before
        files = [part_file(self.folder, number) for number in range(len(wanted))]
        _remove(self.folder / EVENTS, folder=False)
        (self.folder / EVENTS).mkdir(exist_ok=True)
        for other in set((self.folder / EVENTS).iterdir()) - set(files):
            _remove(other, folder=other.is_dir())
        for number, (span, file) in enumerate(zip(wanted, files, strict=True)):
            if number < len(self.written):
                continue
            self._table(file, "events", ranges, span, EVENTS_PER_GROUP)
            if span[1] - span[0] == event_files.PATHS_PER_PART:  # the last part may grow when more paths are wanted
                self.written.append(file_digest(file))
                self.record()
                for first, end in ranges:
                    if span[0] < end <= span[1]:
                        self.kept.release(first, end, "events")

    def _table(self, place: Path, name: str, ranges: Ranges, span: tuple[int, int], group_rows: int) -> None:
        words = {
            "strategy": self.strategy_names,
            "cause": CAUSES,
            "outcome": tuple(code.name.lower() for code in Outcome),
        }
        groups = _groups(_batches(self.kept, ranges, name, span), group_rows)
        _write_groups(place, map(functools.partial(_in_money, currency=self.currency), groups), words)
        give_back()


def _remove(place: Path, folder: bool) -> None:
    """Remove a file, or a folder, if that is what is there."""
    if folder and place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif not folder and not place.is_dir():
        place.unlink(missing_ok=True)


def _batches(kept: RangeStore, ranges: Ranges, name: str, span: tuple[int, int]) -> Iterator[pa.RecordBatch]:
    """Rows of one table of the paths of a span from the ranges in path order, a few at a time."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    start, until = span
    for first, end in ranges:
        if first >= until or end <= start:
            continue
        with pq.ParquetFile(io.BytesIO(kept.read(first, end, name))) as file:
            if not file.metadata.num_rows:
                yield _nothing(file.schema_arrow)
            for batch in file.iter_batches(ROWS_PER_READ, use_threads=False):
                if first < start:
                    batch = batch.filter(pc.greater_equal(batch.column("path"), start))
                yield batch if end <= until else batch.filter(pc.less(batch.column("path"), until))


def _nothing(schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=schema)


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
            waiting = table.slice(rows).to_batches() or [batch.slice(batch.num_rows)]
            count -= rows
            full = [table.slice(0, rows)]
            del table  # so that a group is in memory once while it is written
            yield full.pop().combine_chunks()
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
                how = {"compression": "zstd", "use_dictionary": coded, "write_page_checksum": True}
                writer = pq.ParquetWriter(partial, table.schema, **how)
            if table.num_rows:
                writer.write_table(table, row_group_size=table.num_rows)
            del group, table
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

"""Parquet that a user hands over, read with limits: what it claims and what it holds are checked before memory goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributions.input_files import FileError
from distributions.parquet_pages import check_pages

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["read_parquet"]

MOST_UNPACKED_BYTES = 400_000_000
MOST_TEXT_BYTES = 200_000_000
"""Of all texts of a table. A repeated text is stored once in the file and once a row in memory."""
UNNAMED = "__index_level_0__"
"""Column in which pandas stores an index without a name."""


def read_parquet(content: bytes, most_columns: int, most_cells: int) -> pd.DataFrame:
    """Table of a Parquet file.

    Parameters
    ----------
    content : bytes
    most_columns, most_cells : int

    Raises
    ------
    FileError
        If it is damaged, beyond the limits, or holds lists or structures.
    """
    import pyarrow as pa

    try:
        return _read(content, most_columns, most_cells)
    except FileError:
        raise
    except (MemoryError, pa.ArrowException, ValueError, OSError, KeyError, TypeError, OverflowError) as error:
        told = " ".join(str(error).split())[:200]
        raise FileError(f"not readable as Parquet: {told}") from None


def _read(content: bytes, most_columns: int, most_cells: int) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_pages(content, MOST_UNPACKED_BYTES)
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        meta = file.metadata
        if meta.num_columns > most_columns:
            raise FileError(f"has {meta.num_columns:,} columns, at most {most_columns:,} are read")
        if not 0 <= meta.num_rows * meta.num_columns <= most_cells:
            told = f"claims {meta.num_rows:,} rows of {meta.num_columns:,} columns"
            raise FileError(f"{told}, at most {most_cells:,} cells are read")
        unpacked = sum(meta.row_group(k).total_byte_size for k in range(meta.num_row_groups))
        if not 0 <= unpacked <= MOST_UNPACKED_BYTES:
            raise FileError(f"unpacks to {unpacked:,} bytes, at most {MOST_UNPACKED_BYTES:,} are read")
        fields = list(file.schema_arrow)
    for field in fields:
        if pa.types.is_nested(field.type):
            raise FileError(f"column {field.name} holds {field.type}, not single values")
    texts = [field.name for field in fields if _is_text(field.type)]
    # Without threads, and texts as codes into a dictionary: so their length is known before they are written out.
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts)
    table = file.read(use_threads=False).replace_schema_metadata(None)
    _check_texts(table)
    plain = table.cast(pa.schema([pa.field(field.name, _plain(field.type)) for field in table.schema]))
    texts_only = [pa.field(f.name, pa.string() if pa.types.is_binary(f.type) else f.type) for f in plain.schema]
    plain = plain.cast(pa.schema(texts_only))
    plain.validate(full=True)  # that texts are UTF-8
    frame: pd.DataFrame = plain.to_pandas()
    return frame.rename(columns={UNNAMED: "index"})


def _plain(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind))


def _check_texts(table: pa.Table) -> None:
    """Refuse texts that are small in the file and large in memory."""
    import pyarrow as pa
    import pyarrow.compute as pc

    total = 0
    for column in table.columns:
        if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
            continue
        for chunk in column.chunks:
            total += pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() or 0
    if total > MOST_TEXT_BYTES:
        raise FileError(f"holds texts of {total:,} bytes, at most {MOST_TEXT_BYTES:,} are read")

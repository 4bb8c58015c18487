"""What the pages of a Parquet file claim, read before the file is: a page of a few bytes may claim gigabytes.

The library that reads Parquet takes memory by the claims in the page headers, which the footer does not repeat.
Source: Apache Parquet format 2.11, `PageHeader` in parquet.thrift; Thrift compact protocol.
"""

from __future__ import annotations

from typing import Any

from distributions.input_files import FileError

__all__ = ["check_pages"]

UNPACKED_SIZE, PACKED_SIZE = 2, 3
DATA, DICTIONARY, DATA_V2 = 5, 7, 8
"""Fields of a page header."""
MOST_DEPTH = 8
MOST_LIST = 1000
LONGEST_VARINT = 10
BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, LISTS, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12


class _Header:
    """Fields of a page header in the compact protocol."""

    def __init__(self, content: Any, at: int, end: int) -> None:
        self.content, self.at, self.end = content, at, end

    def byte(self) -> int:
        if not 0 <= self.at < self.end:
            raise FileError("has a page header that does not end")
        self.at += 1
        return int(self.content[self.at - 1])

    def varint(self) -> int:
        number = 0
        for k in range(LONGEST_VARINT):
            part = self.byte()
            number |= (part & 127) << (7 * k)
            if part < 128:
                return number
        raise FileError("has a damaged page header")

    def integer(self) -> int:
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Fields by number: whole numbers and structs; the rest is passed over."""
        if depth > MOST_DEPTH:
            raise FileError("has a damaged page header")
        fields: dict[int, Any] = {}
        number = 0
        while (head := self.byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self.integer()
            fields[number] = None if head & 15 in BOOLEANS else self.value(head & 15, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if kind in INTEGERS:
            return self.integer()
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in LISTS:
            head = self.byte()
            count = head >> 4 if head >> 4 < 15 else self.varint()
            if count > MOST_LIST:
                raise FileError("has a damaged page header")
            for _ in range(count):
                self.value(BYTE if head & 15 in BOOLEANS else head & 15, depth + 1)
        elif kind in (BYTE, DOUBLE, BINARY):
            length = {BYTE: 1, DOUBLE: 8}.get(kind) or self.varint()
            self.at += length
        else:
            raise FileError("has a damaged page header")
        return None


def check_pages(content: Any, metadata: Any, most_bytes: int) -> None:
    """Check the header of every page: sizes and numbers of values that can be, and what all of them unpack to.

    Parameters
    ----------
    content : bytes or memoryview
        The whole file.
    metadata : pyarrow.parquet.FileMetaData
        Of the same file.
    most_bytes : int
        All pages together unpack to no more.

    Raises
    ------
    FileError
    """
    total = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            offsets = (column.data_page_offset, column.dictionary_page_offset)
            begin = min(offset for offset in offsets if offset is not None)
            end = begin + column.total_compressed_size
            if not 0 <= begin <= end <= len(content):
                raise FileError(f"column {column.path_in_schema} lies outside the file")
            total += _check_chunk(_Header(content, begin, end), rows, column.path_in_schema)
            if total > most_bytes:
                raise FileError(f"unpacks to more than {most_bytes:,} bytes, the most that are read")


def _check_chunk(header: _Header, rows: int, name: str) -> int:
    """Bytes that the pages of one column in one row group unpack to."""
    total = values = 0
    while header.at < header.end and values < rows:
        page = header.struct()
        unpacked, packed = page.get(UNPACKED_SIZE), page.get(PACKED_SIZE)
        if not isinstance(unpacked, int) or not isinstance(packed, int) or min(unpacked, packed) < 0:
            raise FileError(f"column {name} has a page without a size")
        count = _values(page[DATA] if DATA in page else page.get(DATA_V2))
        inside = _values(page.get(DICTIONARY))
        if not 0 <= inside <= unpacked:
            raise FileError(f"column {name} claims a dictionary of {inside} values in {unpacked} bytes")
        if not 0 <= count <= rows - values:
            raise FileError(f"column {name} claims a page of {count} values in {rows:,} rows")
        total, values = total + unpacked, values + count
        header.at += packed
        if header.at > header.end:
            raise FileError(f"column {name} claims a page beyond its end")
    return total


def _values(header: Any) -> int:
    """Number of values that the header of one kind of page claims; 0 where the page is of another kind."""
    count = header.get(1, 0) if isinstance(header, dict) else 0 if header is None else -1
    return count if isinstance(count, int) else -1

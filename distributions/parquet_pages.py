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
ROW_GROUPS, COLUMNS, ROWS, CHUNK_META, CHUNK_SIZE, DATA_OFFSET, DICTIONARY_OFFSET = 4, 1, 3, 3, 7, 9, 11
"""Fields of the footer, of a row group (two), of a column chunk, and of its metadata (three)."""
MAGIC = b"PAR1"
MOST_DEPTH = 8
MOST_LIST = 100_000
LONGEST_VARINT = 10
BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, LISTS, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12


class _Header:
    """Fields of a page header, or of the footer, in the compact protocol."""

    def __init__(self, content: Any, at: int, end: int) -> None:
        self.content, self.at, self.end = content, at, end

    def byte(self) -> int:
        if not 0 <= self.at < self.end:
            raise FileError("has a header that does not end")
        self.at += 1
        return int(self.content[self.at - 1])

    def varint(self) -> int:
        number = 0
        for k in range(LONGEST_VARINT):
            part = self.byte()
            number |= (part & 127) << (7 * k)
            if part < 128:
                return number
        raise FileError("has a damaged header")

    def integer(self) -> int:
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Fields by number: whole numbers, structs and lists; of the rest only where it ends."""
        if depth > MOST_DEPTH:
            raise FileError("has a damaged header")
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
                raise FileError("has a damaged header")
            return [self.value(BYTE if head & 15 in BOOLEANS else head & 15, depth + 1) for _ in range(count)]
        elif kind in (BYTE, DOUBLE, BINARY):
            length = {BYTE: 1, DOUBLE: 8}.get(kind) or self.varint()
            self.at += length
        else:
            raise FileError("has a damaged header")
        return None


def check_pages(content: bytes, most_bytes: int) -> None:
    """Check the header of every page: sizes and numbers of values that can be, and what all of them unpack to.

    The footer is read here too: the library ends the whole program at some damaged ones when asked for a column.

    Parameters
    ----------
    content : bytes
        The whole file.
    most_bytes : int
        All pages together unpack to no more.

    Raises
    ------
    FileError
    """
    total = 0
    for group in _list(_footer(content).get(ROW_GROUPS)):
        rows: Any = group.get(ROWS)
        for chunk in _list(group.get(COLUMNS)):
            column = chunk.get(CHUNK_META)
            if not isinstance(column, dict):
                raise FileError("has a damaged footer")
            offsets = [column[key] for key in (DATA_OFFSET, DICTIONARY_OFFSET) if column.get(key) is not None]
            size: Any = column.get(CHUNK_SIZE)
            if not offsets or not all(isinstance(number, int) for number in (rows, size, *offsets)):
                raise FileError("has a damaged footer")
            begin = min(offsets)
            if not 0 <= begin <= begin + size <= len(content):
                raise FileError("has a column that lies outside the file")
            total += _check_chunk(_Header(content, begin, begin + size), rows)
            if total > most_bytes:
                raise FileError(f"unpacks to more than {most_bytes:,} bytes, the most that are read")


def _footer(content: bytes) -> dict[int, Any]:
    """Fields of the footer by number."""
    length = int.from_bytes(content[-8:-4], "little")
    if content[-4:] != MAGIC or content[:4] != MAGIC or length + 12 > len(content):
        raise FileError("is no whole Parquet file")
    return _Header(content, len(content) - 8 - length, len(content) - 8).struct()


def _list(value: Any) -> list[dict[int, Any]]:
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise FileError("has a damaged footer")
    return value


def _check_chunk(header: _Header, rows: int) -> int:
    """Bytes that the pages of one column in one row group unpack to."""
    total = values = 0
    while header.at < header.end and values < rows:
        page = header.struct()
        unpacked, packed = page.get(UNPACKED_SIZE), page.get(PACKED_SIZE)
        if not isinstance(unpacked, int) or not isinstance(packed, int) or min(unpacked, packed) < 0:
            raise FileError("has a page without a size")
        count = _values(page[DATA] if DATA in page else page.get(DATA_V2))
        inside = _values(page.get(DICTIONARY))
        if not 0 <= inside <= unpacked:
            raise FileError(f"claims a dictionary of {inside} values in {unpacked} bytes")
        if not 0 <= count <= rows - values:
            raise FileError(f"claims a page of {count} values in {rows:,} rows")
        total, values = total + unpacked, values + count
        header.at += packed
        if header.at > header.end:
            raise FileError("claims a page beyond its column")
    return total


def _values(header: Any) -> int:
    """Number of values that the header of one kind of page claims; 0 where the page is of another kind."""
    count = header.get(1, 0) if isinstance(header, dict) else 0 if header is None else -1
    return count if isinstance(count, int) else -1

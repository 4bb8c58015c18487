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


class _Fields:
    """Structs of the compact protocol, one after another in the same bytes.

    A file of a million paths has hundreds of thousands of fields, so the common ones are read without a call.

    Attributes
    ----------
    data : bytes
    at : int
        Where the next struct begins.
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self) -> dict[int, Any]:
        """Fields by number: whole numbers, structs and lists; of the rest only where it ends."""
        try:
            fields, self.at = self._struct(self.at, 0)
        except IndexError:
            raise FileError("has a header that does not end") from None
        return fields

    def _struct(self, at: int, depth: int) -> tuple[dict[int, Any], int]:
        if depth > MOST_DEPTH:
            raise FileError("has a damaged header")
        data = self.data
        fields: dict[int, Any] = {}
        number = 0
        while head := data[at]:
            at += 1
            if head >> 4:
                number += head >> 4
            else:
                number, at = self._integer(at)
            kind = head & 15
            if kind in INTEGERS:
                word = data[at]
                if word < 128:
                    fields[number], at = (word >> 1) ^ -(word & 1), at + 1
                else:
                    fields[number], at = self._integer(at)
            elif kind in BOOLEANS:
                fields[number] = None
            else:
                fields[number], at = self._value(kind, at, depth)
        return fields, at + 1

    def _varint(self, at: int) -> tuple[int, int]:
        number = 0
        for k in range(LONGEST_VARINT):
            part = self.data[at + k]
            number |= (part & 127) << (7 * k)
            if part < 128:
                return number, at + k + 1
        raise FileError("has a damaged header")

    def _integer(self, at: int) -> tuple[int, int]:
        number, at = self._varint(at)
        return (number >> 1) ^ -(number & 1), at

    def _value(self, kind: int, at: int, depth: int) -> tuple[Any, int]:
        if kind == STRUCT:
            return self._struct(at, depth + 1)
        if kind == BINARY:
            length, at = self._varint(at)
            return None, at + length
        if kind in LISTS:
            head = self.data[at]
            count, at = (head >> 4, at + 1) if head >> 4 < 15 else self._varint(at + 1)
            if count > MOST_LIST or depth >= MOST_DEPTH:
                raise FileError("has a damaged header")
            return self._list(head & 15, count, at, depth + 1)
        if kind in (BYTE, DOUBLE):
            return None, at + (1 if kind == BYTE else 8)
        raise FileError("has a damaged header")

    def _list(self, kind: int, count: int, at: int, depth: int) -> tuple[list[Any], int]:
        values = []
        for _ in range(count):
            if kind in INTEGERS:
                value, at = self._integer(at)
            else:
                value, at = self._value(BYTE if kind in BOOLEANS else kind, at, depth)
            values.append(value)
        return values, at


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
            total += _check_chunk(content[begin : begin + size], rows)
            if total > most_bytes:
                raise FileError(f"unpacks to more than {most_bytes:,} bytes, the most that are read")


def _footer(content: bytes) -> dict[int, Any]:
    """Fields of the footer by number."""
    length = int.from_bytes(content[-8:-4], "little")
    if content[-4:] != MAGIC or content[:4] != MAGIC or length + 12 > len(content):
        raise FileError("is no whole Parquet file")
    return _Fields(content[len(content) - 8 - length : len(content) - 8]).struct()


def _list(value: Any) -> list[dict[int, Any]]:
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise FileError("has a damaged footer")
    return value


def _check_chunk(chunk: bytes, rows: int) -> int:
    """Bytes that the pages of one column in one row group unpack to."""
    total = values = 0
    header = _Fields(chunk)
    while header.at < len(chunk) and values < rows:
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
        if header.at > len(chunk):
            raise FileError("claims a page beyond its column")
    return total


def _values(header: Any) -> int:
    """Number of values that the header of one kind of page claims; 0 where the page is of another kind."""
    count = header.get(1, 0) if isinstance(header, dict) else 0 if header is None else -1
    return count if isinstance(count, int) else -1

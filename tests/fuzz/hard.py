"""Files that hurt most readers: bombs, depth, claims, encodings; by kind of file. Each is made anew, none is stored."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

__all__ = ["PLACES", "contents"]

BIG = 10_000_000


def contents(suffix: str) -> dict[str, bytes]:
    """Hard files of a kind by name."""
    return _any() | KINDS[suffix]()


@cache
def _any() -> dict[str, bytes]:
    return {
        "empty": b"",
        "zeros": bytes(1000),
        "byte order mark": b"\xef\xbb\xbf",
        "utf-16": "a,b\n1,2\n".encode("utf-16"),
        "lone surrogate": b'a = "\xed\xa0\x80"\n',
        "line of 10 MB": b"x" * BIG,
        "commas of 10 MB": b"," * BIG,
        "line ends of 10 MB": b"\n" * BIG,
        "quotes of 10 MB": b'"' * BIG,
        "gzip bomb": gzip.compress(bytes(BIG), mtime=0) * 150,
        "torn gzip": gzip.compress(b"a,b\n" * 100, mtime=0)[:-9],
        "not a file of this kind": b"%PDF-1.7\n\x80\x81",
        "old line ends": b"a,b\r1,2\r",
    }


def _toml() -> dict[str, bytes]:
    return {
        "deep lists": b"a = " + b"[" * 100_000,
        "deep tables": b"a = " + b"{a=" * 100_000,
        "key of many parts": b"a" + b".a" * 100_000 + b" = 1",
        "heading of many parts": b"[a" + b".a" * 100_000 + b"]",
        "many long keys": b"".join(b"[" + b"a." * 20 + b"b%d]\n" % k for k in range(15_000)),
        "many keys": b"".join(b"k%d=1\n" % k for k in range(90_000)),
        "many tables": b"[[layers]]\n" * 80_000,
        "many sites": b"[[sites]]\nname=1\n" * 5_000,
        "huge whole number": b"[study]\nyears = " + b"9" * 4000,
        "whole number of 5,000 digits": b"[study]\nyears = " + b"9" * 5000,
        "huge hexadecimal": b"load_kw = [0x" + b"f" * 900_000 + b"]",
        "beyond floats": b"load_kw = [1e400, -1e400, nan, -0.0]\n[study]\nyears = 1e400\n",
        "python's names": b"[__proto__]\n__class__ = 1\n[study.__init__]\nx = 2\n['']\n'' = ''\n",
        "long text": b'[cover]\nname = "' + b"x" * 900_000 + b'"',
        "open text": b'a = """' + b"\\" * 900_000,
        "escapes": b'a = "' + b"\\u0041" * 150_000 + b'"',
        "many strategies": b"".join(b"[strategies.s%d]\ntitle=1\n" % k for k in range(3_000)),
        "many unknown fields": b"[cover]\n" + b"".join(b"waiting_period_h%d = 1\n" % k for k in range(15_000)),
        "JSON: deep": b'{"a":' + b"[" * 100_000,
        "JSON: half a character": b'{"load_kw": "\\ud800"}',
        "JSON: huge whole number": b'{"load_kw": [1' + b"0" * 400 + b"]}",
        "JSON: a list": b"{}" * 2,
    }


def _csv() -> dict[str, bytes]:
    events = b"period,weight,event,loss,x\n"
    stamps = b"".join(b"2021-01-%02dT%02d:00Z,%d\n" % (1 + k // 24, k % 24, k) for k in range(60))
    return {
        "columns twice": b"time_utc,price_eur_mwh,price_eur_mwh\n2021-01-01T00:00Z,1,2\n",
        "nothing but names": b"time_utc,price_eur_mwh\n",
        "a million names": b"time_utc,price_eur_mwh," + b"a," * 1_000_000 + b"\n1,2\n",
        "rows without order": b"time_utc,price_eur_mwh\n" + b"\n".join(stamps.split(b"\n")[::-1]),
        "one time for ever": b"time_utc,price_eur_mwh\n" + b"2021-01-01T00:00Z,1\n" * 100_000,
        "far apart": b"time_utc,price_eur_mwh\n1950-01-01T00:00Z,1\n2100-12-31T00:00Z,1\n" + stamps,
        "wider and wider": b"period,weight,event,loss\n" + b"".join(b"1," * k + b"1\n" for k in range(2000)),
        "a wide name row over many short rows": b"period" + b",a" * 900 + b"\n" + b"1\n" * 300_000,
        "many wrong cells": events.replace(b",x", b"") + b"x,y,z,w\n" * 100_000,
        "many events": b"year,hour,duration_h\n" + b"".join(b"1,%d,0.5\n" % (k % 8760) for k in range(1900)),
        "open quote": b'time_utc,price_eur_mwh\n"' + b"2021-01-01T00:00Z,1\n" * 50_000,
        "cell of 200,000 letters": b"period,weight,event,loss\n1,1,1," + b"9" * 200_000 + b"\n",
        "not finite": b"period,weight,event,loss\n1,nan,1,inf\n2,1,1e400,-0.0\n",
    }


def _varint(number: int) -> bytes:
    out = b""
    number <<= 1
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def _claimed(rows: int) -> bytes:
    """A Parquet file of 1,000 rows whose footer claims more."""
    content = _parquet({"time_utc": ["2021-01-01T00:00Z"] * 1000, "price_eur_mwh": [1.0] * 1000})
    size = struct.unpack("<I", content[-8:-4])[0]
    footer = content[-8 - size : -8]
    footer = footer.replace(b"\x16" + _varint(1000), b"\x16" + _varint(rows))
    return content[: -8 - size] + footer + struct.pack("<I", len(footer)) + b"PAR1"


def _parquet(columns: dict[str, object]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="zstd")
    return stream.getvalue()


@cache
def _parquets() -> dict[str, bytes]:
    import pyarrow as pa

    few = pa.array([0] * 2000, pa.int32())
    same = pa.DictionaryArray.from_arrays(few, pa.array(["x" * 1_000_000]))
    good = _parquet({"time_utc": ["2021-01-01T00:00Z"], "price_eur_mwh": [1.0]})
    return {
        "10^9 rows claimed": _claimed(10**9),
        "2^62 rows claimed": _claimed(2**61),
        "rows fewer than none": _claimed(-5 % 2**64),
        "one text of 1 MB in 2,000 rows": _parquet({"time_utc": same, "price_eur_mwh": same}),
        "lists": _parquet({"time_utc": ["a"], "price_eur_mwh": [[1.0, 2.0]]}),
        "structures": _parquet({"time_utc": ["a"], "price_eur_mwh": [{"a": 1}]}),
        "without rows": _parquet({"time_utc": pa.array([], pa.string()), "price_eur_mwh": pa.array([], pa.float64())}),
        "without columns": _parquet({}),
        "6,000 columns": _parquet({f"c{k}": [1] for k in range(6000)}),
        "bytes for text": _parquet({"time_utc": [b"\xff\xfe"], "price_eur_mwh": [b"1"]}),
        "huge decimals": _parquet({"time_utc": ["2021"], "price_eur_mwh": pa.array([10**37], pa.decimal256(40, 0))}),
        "dates beyond": _parquet({"time_utc": pa.array([2**61], pa.timestamp("ms")), "price_eur_mwh": [1.0]}),
        "the year 12000": _parquet(
            {"time_utc": pa.array([316_516_204_800_000], pa.timestamp("ms")), "price_eur_mwh": [1.0]}
        ),
        "text that is not UTF-8": good.replace(b"2021-01-01T00", b"2021-01\xff01T00"),
        "torn": good[:-20],
        "footer larger than the file": good[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1",
    }


def _zip(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


@cache
def _workbooks() -> dict[str, bytes]:
    from tests.fuzz.readers import READERS

    good = READERS["inputs xlsx"].seeds()[0]
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    sheets = [name for name in parts if name.startswith("xl/worksheets/sheet")]
    laughs = b'<!DOCTYPE a [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 10) for k in range(12)
    )
    laughs += b"]><worksheet><sheetData><row><c><v>&m;</v></c></row></sheetData></worksheet>"
    rows = b"<worksheet><sheetData>" + b"".join(b'<row r="%d"/>' % (1_000_000 + k) for k in range(200_000))
    rows += b"</sheetData></worksheet>"
    strings = b"<sst>" + b"<si><t>x</t></si>" * 400_000 + b"</sst>"
    lying = bytearray(_zip(parts | {sheets[0]: bytes(20 * BIG)}))
    entry = lying.rindex(sheets[0].encode()) - 46
    lying[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    return {
        "zip bomb": _zip(parts | {name: bytes(10 * BIG) for name in sheets[:2]}),
        "zip bomb that lies of its size": bytes(lying),
        "a billion laughs": _zip(parts | dict.fromkeys(sheets, laughs)),
        "rows a million down": _zip(parts | dict.fromkeys(sheets, rows)),
        "400,000 texts": _zip(parts | {"xl/sharedStrings.xml": strings}),
        "many files": _zip(parts | {f"x{k}": b"" for k in range(2000)}),
        "a zip of nothing": _zip({}),
        "a zip that is no workbook": _zip({"a.txt": b"a"}),
        "without sheets": _zip({name: part for name, part in parts.items() if "sheet" not in name}),
    }


@cache
def _json() -> dict[str, bytes]:
    return {
        "deep": b'{"format": 2, "study": ' + b"[" * 100_000,
        "many": b'{"format": 2, "study": {' + b",".join(b'"%d": 1' % k for k in range(200_000)) + b"}}",
        "huge whole number": b'{"format": 2, "paths": 1' + b"0" * 400 + b"}",
        "not finite": b'{"format": 2, "paths": NaN, "years": Infinity}',
        "only the format": b'{"format": 2}',
        "a list": b"[2]",
    }


KINDS: dict[str, Callable[[], dict[str, bytes]]] = {
    ".toml": cache(_toml),
    ".csv": cache(_csv),
    ".epw": cache(_csv),
    ".parquet": _parquets,
    ".xlsx": _workbooks,
    ".json": _json,
}


def _folder(place: Path) -> None:
    place.mkdir()


def _device(place: Path) -> None:
    place.symlink_to("/dev/zero")


def _terminal(place: Path) -> None:
    place.symlink_to("/dev/null")


def _circle(place: Path) -> None:
    place.symlink_to(place)


def _sparse(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(5_000_000_000)


def _shut(place: Path) -> None:
    place.write_bytes(b"a,b\n1,2\n")
    place.chmod(0)


PLACES: dict[str, Callable[[Path], None]] = {
    "a folder": _folder,
    "a pipe": lambda place: os.mkfifo(place),
    "a device without end": _device,
    "an empty device": _terminal,
    "a link to itself": _circle,
    "5 GB": _sparse,
    "shut": _shut,
    "absent": lambda place: None,
}
"""What stands in place of a file."""

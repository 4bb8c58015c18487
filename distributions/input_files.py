"""Files that a user hands over, read with limits: regular files only, no more bytes than stated, packed or not."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any

__all__ = [
    "GZIP_START", "FileError", "check_unpacked", "check_values", "is_file", "json_of", "read_bytes", "read_json",
    "read_text", "text_of", "unpacked",
]  # fmt: skip

GZIP_START = b"\x1f\x8b"
MOST_JSON_BYTES = 20_000_000
MOST_PARTS = 1000
"""Files inside a zip archive."""
MOST_DEPTH = 32
"""Tables and lists inside each other, of TOML and JSON."""
MOST_KEYS = 20_000
MOST_JSON_KEYS = 4_000_000
LARGEST_WHOLE = 2**63 - 1
"""Whole numbers of TOML and JSON have 64 bits: beyond, arithmetic with floats fails."""


class FileError(ValueError):
    """A file cannot be read; the message says why, without the file's name.

    Attributes
    ----------
    field : str
        Path of the key it is about; empty where it is about the file.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def is_file(path: str | Path) -> bool:
    """Whether there is a file; a name that can be none, too long or with NUL in it, is no error."""
    return os.path.isfile(path)


def read_bytes(path: str | Path, most_bytes: int) -> bytes:
    """Content of a regular file.

    Raises
    ------
    FileError
        If it is absent, a folder, a device, a pipe, not readable, or longer than `most_bytes`.
    """
    try:
        # Without blocking: opening a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise FileError("no such file") from None
    except (OSError, ValueError) as error:
        raise FileError(f"cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise FileError("is a folder; type the path of a file")
        if not stat.S_ISREG(status.st_mode):
            raise FileError("is not a regular file; type the path of a file")
        if status.st_size > most_bytes:
            raise FileError(f"has {status.st_size:,} bytes, at most {most_bytes:,} are read; is it the right file?")
        with open(handle, "rb", closefd=False) as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror or error}") from None
    finally:
        os.close(handle)
    if len(content) > most_bytes:
        raise FileError(f"grew beyond {most_bytes:,} bytes while it was read")
    return content


def unpacked(content: bytes, most_bytes: int) -> bytes:
    """Content of a gzip file, or the same bytes where they are not packed.

    Raises
    ------
    FileError
        If it is damaged, or unpacks to more than `most_bytes`.
    """
    if not content.startswith(GZIP_START):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            plain = file.read(most_bytes + 1)
    except (OSError, EOFError, zlib.error):
        raise FileError("is a damaged gzip file") from None
    if len(plain) > most_bytes:
        raise FileError(f"unpacks to more than {most_bytes:,} bytes, the most that are read; is it the right file?")
    return plain


def text_of(content: bytes) -> str:
    """Text in UTF-8, with or without a byte order mark.

    Raises
    ------
    FileError
        If it is in another encoding, or holds NUL, which no text does.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8, or is it another file?"
        raise FileError(message) from None
    if "\0" in text:
        raise FileError("holds NUL characters, so it is no UTF-8 text; save it as UTF-8, or is it another file?")
    return text


def read_text(path: str | Path, most_bytes: int, packed: bool = False) -> str:
    """Text of a file in UTF-8; with `packed` also out of a gzip file. Raises `FileError`."""
    content = read_bytes(path, most_bytes)
    return text_of(unpacked(content, most_bytes) if packed else content)


def json_of(text: str) -> Any:
    """Values of a JSON text within the limits on depth, keys and whole numbers.

    Raises
    ------
    FileError
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise FileError(f"is nested deeper than {MOST_DEPTH} levels") from None
    except ValueError as error:
        raise FileError(f"is not valid JSON: {error}") from None
    check_values(value, MOST_JSON_KEYS)
    return value


def read_json(path: str | Path, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """Values of a JSON file. Raises `FileError`."""
    return json_of(read_text(path, most_bytes))


def check_values(value: Any, most_keys: int = MOST_KEYS) -> None:
    """Check nested dicts and lists: depth, number of keys, whole numbers of 64 bits, text that can be written.

    Raises
    ------
    FileError
        With the path of the key.
    """
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    keys = 0
    while waiting:
        field, here, depth = waiting.pop()
        if isinstance(here, dict):
            keys += len(here)
            if keys > most_keys:
                raise FileError(f"has more than {most_keys:,} keys; is it the right file?")
            for key in here:
                _check_text(str(key), field)
            waiting += [(f"{field}.{key}" if field else str(key), part, depth + 1) for key, part in here.items()]
        elif isinstance(here, list):
            waiting += [(field, part, depth + 1) for part in here if isinstance(part, (dict, list, int, str))]
        elif isinstance(here, str):
            _check_text(here, field)
        elif isinstance(here, int) and abs(here) > LARGEST_WHOLE:
            raise FileError(f"a whole number of {here.bit_length()} bits: at most 63 and a sign are read", field)
        if depth > MOST_DEPTH:
            raise FileError(f"is nested deeper than {MOST_DEPTH} levels", field[:80])


def _check_text(text: str, field: str) -> None:
    """JSON may hold half a character."""
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise FileError("holds half of a character (a lone surrogate); type the text again", field[:80])


def check_unpacked(content: bytes, most_bytes: int) -> None:
    """Check what a zip archive, such as a workbook, unpacks to, by its directory; unpacking keeps to these sizes.

    Raises
    ------
    FileError
        If it is no such archive, has too many parts, or unpacks to more than `most_bytes`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, OverflowError):
        raise FileError("is no zip archive, as a workbook is") from None
    if len(parts) > MOST_PARTS:
        raise FileError(f"holds {len(parts):,} files, at most {MOST_PARTS:,} are read")
    if sum(part.file_size for part in parts) > most_bytes:
        raise FileError(f"unpacks to more than {most_bytes:,} bytes, the most that are read; is it the right file?")

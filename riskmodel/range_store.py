"""Where finished ranges of paths wait until they are merged: a folder, or a place that fsspec can reach.

A range is four Parquet tables and `range.json`, which holds their SHA-256. In a folder it appears at once, by
renaming; elsewhere `range.json` is written last. What lacks it, or does not match it, is not finished: it is removed
and its paths are simulated again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.run_errors import RunError, RunFailed

if TYPE_CHECKING:
    import pyarrow as pa

    from riskmodel.path_tables import RangeTables

__all__ = ["NOTE", "TABLES", "DamagedRange", "RangeFolder", "RangeStore", "RangeUrl", "Ranges", "open_store"]

Ranges = list[tuple[int, int]]
"""Ranges `first .. end - 1` of paths, in order."""

TABLES = ("paths", "years", "events", "redrawn")
NOTE = "range.json"
"""What a range says of itself: its paths and the SHA-256 of its tables."""
RANGE_NAME = re.compile(r"(\d{9})-(\d{9})")
FILE_URL = "file://"


class DamagedRange(RunFailed):
    """A finished range whose bytes are not those that were written.

    Attributes
    ----------
    first, end : int
    """

    def __init__(self, first: int, end: int, what: str) -> None:
        super().__init__(f"paths {first:,} to {end - 1:,}: {what}; run again with resume to simulate them again")
        self.first, self.end, self.what = first, end, what

    def __reduce__(self) -> tuple[type[DamagedRange], tuple[int, int, str]]:
        return type(self), (self.first, self.end, self.what)


class RangeStore(ABC):
    """Finished ranges by their paths. Small and without open files, so that it can be sent to a worker."""

    @abstractmethod
    def names(self) -> list[str]:
        """Everything that is there, finished or not."""

    @abstractmethod
    def get(self, name: str, file: str) -> bytes:
        """Content of one file of a range."""

    @abstractmethod
    def put(self, name: str, files: dict[str, bytes]) -> None:
        """Write the files of a range, `range.json` among them, so that it is there whole or not at all."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Remove a range, or what is left of one."""

    @abstractmethod
    def clear(self) -> None:
        """Remove everything."""

    @abstractmethod
    def release(self, first: int, end: int, name: str) -> None:
        """Let go of one table of a range; the range stays."""

    def write(self, first: int, end: int, tables: RangeTables) -> None:
        """Keep a range."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        files = {}
        for name in TABLES:
            buffer = io.BytesIO()
            table = pa.table(getattr(tables, name))
            how = {"compression": "zstd", "compression_level": 1, "write_statistics": False}
            pq.write_table(table, buffer, use_dictionary=False, **how)  # a third of the time, and smaller
            files[f"{name}.parquet"] = buffer.getvalue()
        sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
        note = json.dumps({"first_path": first, "end": end, "sha256": sums}, indent=1) + "\n"
        self.put(range_name(first, end), {**files, NOTE: note.encode()})

    def finished(self, events_until: int = 0) -> Ranges:
        """Ranges that are whole, ordered, not overlapping; those below `events_until` may lack their events."""
        found: Ranges = []
        for name in sorted(self.names()):
            match = RANGE_NAME.fullmatch(name)
            if match is None:
                continue
            first, end = int(match[1]), int(match[2])
            if end > first and (not found or first >= found[-1][1]) and self.damage(first, end, events_until) is None:
                found.append((first, end))
        return found

    def damage(self, first: int, end: int, events_until: int = 0) -> str | None:
        """What is wrong with a range; None where all is as it was written. See `finished`."""
        try:
            for name in TABLES:
                if name != "events" or end > events_until:
                    self.read(first, end, name)
        except DamagedRange as error:
            return str(error)
        return None

    def read(self, first: int, end: int, name: str) -> bytes:
        """Content of one table, compared with its SHA-256.

        Raises
        ------
        DamagedRange
        """
        file = f"{name}.parquet"
        try:
            note = json.loads(self.get(range_name(first, end), NOTE))
            written = (note["first_path"], note["end"], note["sha256"][file])
            content = self.get(range_name(first, end), file)
        except FileNotFoundError as error:
            raise DamagedRange(first, end, "a file of the range is missing") from error
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedRange(first, end, f"{NOTE} cannot be read") from error
        if written != (first, end, hashlib.sha256(content).hexdigest()):
            raise DamagedRange(first, end, f"{file} is not as it was written")
        return content

    def column(self, first: int, end: int, name: str, column: str) -> pa.Table:
        """One column of a table of a range."""
        import pyarrow.parquet as pq

        content = io.BytesIO(self.get(range_name(first, end), f"{name}.parquet"))
        return pq.read_table(content, columns=[column], use_threads=False)

    def remove_leftovers(self, events_until: int = 0) -> tuple[Ranges, int]:
        """Remove all that is not a finished range; the finished ones, and how many damaged ones went."""
        keep = self.finished(events_until)
        kept = {range_name(first, end) for first, end in keep}
        gone = [name for name in self.names() if name not in kept]
        for name in gone:
            self.drop(name)
        return keep, sum(RANGE_NAME.fullmatch(name) is not None for name in gone)


@dataclass(frozen=True)
class RangeFolder(RangeStore):
    """Ranges in a folder of this machine, or one that all machines share.

    Attributes
    ----------
    place : str, absolute path
    """

    place: str

    def names(self) -> list[str]:
        """See `RangeStore`."""
        return os.listdir(self.place) if os.path.isdir(self.place) else []

    def get(self, name: str, file: str) -> bytes:
        """See `RangeStore`."""
        return (Path(self.place) / name / file).read_bytes()

    def put(self, name: str, files: dict[str, bytes]) -> None:
        """See `RangeStore`."""
        partial = Path(self.place) / f".{name}.{secrets.token_hex(6)}.partial"
        partial.mkdir(parents=True)
        try:
            for file, content in files.items():
                (partial / file).write_bytes(content)
            self._rename(partial, name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _rename(self, partial: Path, name: str) -> None:
        """Another worker may have finished the same paths meanwhile: what is whole there is the same bytes."""
        match = RANGE_NAME.fullmatch(name)
        there = Path(self.place) / name
        if match is not None and there.exists():
            if self.damage(int(match[1]), int(match[2])) is None:
                return
            self.drop(name)
        os.replace(partial, there)

    def drop(self, name: str) -> None:
        """See `RangeStore`."""
        shutil.rmtree(Path(self.place) / name, ignore_errors=True)

    def release(self, first: int, end: int, name: str) -> None:
        """See `RangeStore`."""
        (Path(self.place) / range_name(first, end) / f"{name}.parquet").unlink(missing_ok=True)

    def clear(self) -> None:
        """See `RangeStore`."""
        for name in self.names():
            if _is_range(name):
                self.drop(name)
        with contextlib.suppress(OSError):  # what else is there is not ours
            os.rmdir(self.place)


@dataclass(frozen=True)
class RangeUrl(RangeStore):
    """Ranges in an object store or another place of fsspec.

    Attributes
    ----------
    url : str, e.g. s3://bucket/folder
    """

    url: str

    def _at(self, *parts: str) -> tuple[Any, str]:
        import fsspec

        fs, root = fsspec.core.url_to_fs(self.url)
        return fs, "/".join([root.rstrip("/"), *parts])

    def names(self) -> list[str]:
        """See `RangeStore`."""
        fs, place = self._at()
        fs.invalidate_cache()
        if not fs.exists(place):
            return []
        return [str(path).rstrip("/").rsplit("/", 1)[-1] for path in fs.ls(place, detail=False)]

    def get(self, name: str, file: str) -> bytes:
        """See `RangeStore`."""
        fs, place = self._at(name, file)
        return bytes(fs.cat_file(place))

    def put(self, name: str, files: dict[str, bytes]) -> None:
        """See `RangeStore`."""
        fs, place = self._at(name)
        fs.makedirs(place, exist_ok=True)
        for file in sorted(files, key=lambda file: file == NOTE):
            fs.pipe_file(f"{place}/{file}", files[file])

    def drop(self, name: str) -> None:
        """See `RangeStore`."""
        fs, place = self._at(name)
        if fs.exists(place):
            fs.rm(place, recursive=True)

    def release(self, first: int, end: int, name: str) -> None:
        """See `RangeStore`."""
        fs, place = self._at(range_name(first, end), f"{name}.parquet")
        if fs.exists(place):
            fs.rm(place)

    def clear(self) -> None:
        """See `RangeStore`."""
        for name in self.names():
            if _is_range(name):
                self.drop(name)
        fs, place = self._at()
        if not self.names() and fs.exists(place):  # what else is there is not ours
            fs.rm(place, recursive=True)


def _is_range(name: str) -> bool:
    """Whether it is a finished range, or what a write that was stopped left of one."""
    return RANGE_NAME.fullmatch(name) is not None or (name.startswith(".") and name.endswith(".partial"))


def range_name(first: int, end: int) -> str:
    """Name of the paths `first .. end - 1`."""
    return f"{first:09d}-{end:09d}"


def open_store(place: str | Path, key: str = "") -> RangeStore:
    """Ranges at a path or an fsspec URL.

    Parameters
    ----------
    place : str or Path
        A folder; or a URL such as ``s3://bucket/folder``, ``gs://``, ``file://`` or ``memory://``.
    key : str
        Folder of this run in there, so that runs can share the place.

    Raises
    ------
    RunError
        If fsspec, or what it needs for that kind of URL, is not installed, or there is no such kind.
    """
    text = str(place)
    if text.startswith(FILE_URL):
        text = text[len(FILE_URL) :]
    if "://" not in text:
        return RangeFolder(str((Path(text) / key).absolute()))
    store = RangeUrl("/".join([text.rstrip("/"), key]).rstrip("/"))
    try:
        store.names()
    except ImportError as error:
        needed = "power-strategy-risk[cluster]" if error.name == "fsspec" else str(error)
        raise RunError(f"{text}: a package is missing for this kind of place; install {needed}") from error
    except ValueError as error:
        raise RunError(f"{text}: {error}; type a folder or a URL such as s3://bucket/folder") from error
    except OSError as error:
        raise RunError(f"{text}: cannot be read ({error})") from error
    return store

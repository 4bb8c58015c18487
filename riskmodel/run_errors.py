"""How a run ends when it does not finish: each error says why and what to do."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["AGAIN", "Interrupted", "RunError", "RunFailed", "check_names", "told_as_damage"]

AGAIN = "run the study again, or take the folder from a backup"


class RunError(Exception):
    """A run that cannot start or go on; the message says why and what to do."""


class RunFailed(RunError):
    """A run that was asked for rightly and failed on the way: finished ranges are kept."""


class Interrupted(Exception):
    """A run stopped by the user. Finished ranges are kept.

    Attributes
    ----------
    folder : Path
    done, total : int
        Paths finished and wanted.
    """

    def __init__(self, folder: Path, done: int, total: int) -> None:
        super().__init__(
            f"stopped with {done:,} of {total:,} paths finished and kept in {folder}; "
            f"run the same command with --resume (in Python: resume=True) to go on from there"
        )
        self.folder, self.done, self.total = folder, done, total


def check_names(place: Path, needed: Iterable[str], there: Collection[str]) -> None:
    """Refuse a table of results without columns that are needed.

    Raises
    ------
    RunError
    """
    absent = [name for name in needed if name not in there]
    if absent:
        raise RunError(f"{place}: has no column {', '.join(absent)}: another version of this program made it; {AGAIN}")


@contextmanager
def told_as_damage(place: Path) -> Iterator[None]:
    """Turn what a damaged file of results leads to into a RunError that names it."""
    try:
        yield
    except (ValueError, TypeError, LookupError, NotImplementedError, OSError, csv.Error) as error:
        told = " ".join(str(error).split())[:120]
        raise RunError(f"{place}: is damaged ({told}); {AGAIN}") from None

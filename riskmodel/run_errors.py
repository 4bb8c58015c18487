"""How a run ends when it does not finish: each error says why and what to do."""

from __future__ import annotations

from pathlib import Path

__all__ = ["Interrupted", "RunError", "RunFailed"]


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

"""One run at a time in a results folder: a lock that says who holds it and ends with the process that holds it.

The lock is the operating system's, on the file `run.lock`; it goes when the process dies, however it dies, and does
not look at the clock. The file only says who the owner is. Where a file system has no such locks (some network ones),
the owner in the file counts: one of this machine that is no longer alive gives way, one of another machine does not.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from riskmodel.run_errors import RunError

__all__ = ["NAME", "FolderLock", "owner_of"]

NAME = "run.lock"
NO_LOCKS_HERE = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
LOCKED_BYTE = 1 << 30
"""Where Windows locks: far behind the text, which others may read."""


class FolderLock:
    """Holds a results folder until closed; a context manager.

    Parameters
    ----------
    folder : Path
        Exists and can be written to.

    Attributes
    ----------
    token : str
        In the file too: whoever can read it there sees the same folder.
    taken_over_from : dict or None
        Owner that died with the lock.

    Raises
    ------
    RunError
        If another run holds the folder; the message says which.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / NAME
        self.token = secrets.token_hex(8)
        self.taken_over_from: dict[str, Any] | None = None
        self._handle = self._take()

    def _take(self) -> int:
        while True:
            handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                supported = _lock(handle)
                before = _read(handle)
                if supported is False or (supported is None and _may_be_alive(before)):
                    raise RunError(_held_text(self.file, before))
                if not self._still_there(handle):
                    os.close(handle)
                    continue
                self.taken_over_from = before
                owner = {
                    "host": platform.node(),
                    "process": os.getpid(),
                    "begun": _begun(os.getpid()),
                    "token": self.token,
                }
                os.ftruncate(handle, 0)
                os.lseek(handle, 0, os.SEEK_SET)
                os.write(handle, (json.dumps(owner) + "\n").encode())
                return handle
            except BaseException:
                os.close(handle)
                raise

    def _still_there(self, handle: int) -> bool:
        """The last owner may have removed the file between our opening and locking it."""
        try:
            there, ours = os.stat(self.file), os.fstat(handle)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def close(self) -> None:
        """Let go of the folder. A file that cannot be removed holds nobody up: its lock is gone."""
        if self._handle < 0:
            return
        handle, self._handle = self._handle, -1
        try:
            if os.name == "nt":  # an open file cannot be removed there
                os.close(handle)
            with suppress(OSError):
                self.file.unlink()
        finally:
            if os.name != "nt":
                os.close(handle)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def owner_of(folder: Path) -> dict[str, Any] | None:
    """What the lock file of a folder says; None without one."""
    try:
        owner = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return owner if isinstance(owner, dict) else None


def _lock(handle: int) -> bool | None:
    """True where we hold it now, False where another process does, None where there are no locks."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(handle, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in NO_LOCKS_HERE else False
    return True


def _read(handle: int) -> dict[str, Any] | None:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        owner = json.loads(os.read(handle, 4096))
    except (OSError, ValueError):
        return None
    return owner if isinstance(owner, dict) else None


def _begun(process: int) -> str:
    """When a process of this machine began, in ticks since it was started; empty where that cannot be known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return f"{boot} {stat.rpartition(')')[2].split()[19]}"


def _may_be_alive(owner: dict[str, Any] | None) -> bool:
    """Whether the owner in a lock file may still run: a number used again by another process does not count."""
    if owner is None:
        return False
    process = owner.get("process")
    if owner.get("host") != platform.node() or not isinstance(process, int):
        return True
    now = _begun(process)
    if owner.get("begun") and (now or os.path.isdir("/proc/self")):
        return owner["begun"] == now
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _held_text(file: Path, owner: dict[str, Any] | None) -> str:
    who = f"process {owner.get('process')} on {owner.get('host')}" if owner else "another process"
    return (
        f"{file.parent}: a run is at work here ({who}); wait for it, stop it, or name another folder. "
        f"If it is certain that no run is at work, remove {file}"
    )

"""Where this package may keep what it can always make again."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Folder for files that can be made again: compiled kernels, tables per site.

    ``$RISKMODEL_CACHE_DIR`` if set, else ``riskmodel`` in the user's cache folder of the platform. Where that
    cannot be written, a temporary folder that goes when the process ends.

    Returns
    -------
    pathlib.Path
        An existing folder that can be written to.
    """
    return _writable(_wanted())


def _wanted() -> Path | None:
    chosen = os.environ.get("RISKMODEL_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    try:
        home = Path.home()
    except RuntimeError:  # no home folder, as in some containers
        return None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(base).absolute() / "riskmodel"


@functools.lru_cache(maxsize=8)
def _writable(folder: Path | None) -> Path:
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            pass
    # A private name each time: compiled code is loaded from here, so no one else may have put files in it first.
    temporary = Path(tempfile.mkdtemp(prefix="riskmodel-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary

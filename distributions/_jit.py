"""The one door to Numba: every kernel is compiled through ``njit`` of this file.

All kernels share one set of rules: ``error_model="numpy"`` (a division by zero gives inf, it does not raise), no
fastmath (results are the same bits on any number of threads), compiled on first call, and kept on disk.

Numba looks only at the file of the outermost kernel when it decides whether a compiled copy is still good. An edit of
an inner kernel in another file would go unnoticed, so the folder of compiled code is named after the hash of all
source files: any edit starts a fresh folder.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, overload

from distributions._cache import cache_folder

__all__ = ["PARALLEL_LOCK", "njit", "prange", "set_threads", "threads"]

F = TypeVar("F", bound=Callable[..., Any])

FOLDERS_KEPT = 3
IN_USE_S = 2 * 3600.0
"""A folder begun or chosen less than this ago may be in use: another version of the program may be compiling there."""
FOLDER_NAME = re.compile(r"jit-[0-9a-f]{16}")
# Settings that do not change the machine code. Every other NUMBA_ setting does (bounds checks, for one), and Numba
# leaves it out of its own cache key.
NEUTRAL_SETTINGS = {"NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER", "NUMBA_DISABLE_JIT"}

PARALLEL_LOCK = threading.RLock()
"""Hold this around every call of a parallel kernel: ``with PARALLEL_LOCK: kernel(...)``.

Numba's fallback threading layer ends the process when two Python threads enter parallel kernels together.
"""


def source_hash(roots: Iterable[Path]) -> str:
    """Hash of everything that decides the machine code: sources, versions, settings.

    Parameters
    ----------
    roots : iterable of pathlib.Path
        Package folders; all ``.py`` files below them count, by relative path and content.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    versions = f"{importlib.metadata.version('numba')} {importlib.metadata.version('numpy')} {sys.version}"
    settings = sorted(key for key in os.environ if key.startswith("NUMBA_") and key not in NEUTRAL_SETTINGS)
    digest.update("\0".join([versions, *(f"{key}={os.environ[key]}" for key in settings)]).encode())
    for root in roots:
        for file in sorted(root.rglob("*.py")):
            digest.update(f"\0{root.name}/{file.relative_to(root).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def remove_old_folders(parent: Path, kept: int = FOLDERS_KEPT) -> None:
    """Remove compiled code of earlier sources, but for the newest few and what may be in use.

    Parameters
    ----------
    parent : pathlib.Path
        Folder that holds the ``jit-...`` folders. Other names in it are left alone.
    kept : int
        How many of them stay, newest first.
    """
    dated = []
    for folder in parent.iterdir():
        if FOLDER_NAME.fullmatch(folder.name):
            try:
                dated.append((folder.stat().st_mtime, folder))
            except OSError:  # another process is removing it just now
                continue
    old = time.time() - IN_USE_S
    for modified, folder in sorted(dated, reverse=True)[kept:]:
        if modified > old:
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _choose_folder() -> None:
    """Point Numba's cache at our folder, unless the user has chosen one."""
    set_by_user = os.environ.get("NUMBA_CACHE_DIR")
    # A process started from one of ours inherits our choice; it may run other sources, so it chooses again.
    if set_by_user and not FOLDER_NAME.fullmatch(Path(set_by_user).name):
        return
    here = Path(__file__).resolve().parent
    parent = cache_folder()
    folder = parent / f"jit-{source_hash([here, here.parent / 'riskmodel'])}"
    folder.mkdir(exist_ok=True)
    os.utime(folder)
    remove_old_folders(parent)
    if "numba" not in sys.modules:
        os.environ["NUMBA_CACHE_DIR"] = str(folder)  # Numba reads it once, when it is imported
        return
    import numba

    chosen = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    if not chosen or FOLDER_NAME.fullmatch(Path(chosen).name):
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]


_choose_folder()

import numba  # after the choice above: it reads the folder when imported

prange = numba.prange


@overload
def njit(function: F, /) -> F: ...
@overload
def njit(**options: Any) -> Callable[[F], F]: ...
def njit(function: Any = None, /, **options: Any) -> Any:
    """Compile a kernel with the rules of this project.

    Parameters
    ----------
    function : callable, optional
        The kernel, when used as a bare decorator.
    **options
        ``parallel=True`` for the one loop that spreads blocks over threads, ``inline="always"`` for scalar laws,
        ``nogil=True``, ``forceinline=True`` for laws inside lane loops, ``inner=True`` for kernels that only kernels
        call: they get no door from Python, which for groups of arrays takes seconds to compile. ``held=True`` for
        kernels whose caller holds all arrays: they, and the kernels compiled for them, count no users of arrays (two
        atomic additions for each row that is taken or passed on, half of the engine's time), so they can neither make
        nor return arrays, nor assign one array to another; ``held=False`` for one of their kernels that must.
        ``fastmath``, ``error_model`` and ``cache`` are fixed here.

    Returns
    -------
    callable
        The kernel; it compiles on its first call.
    """
    fixed = {"fastmath", "error_model", "cache"} & options.keys()
    if fixed:
        raise TypeError(f"njit: {', '.join(sorted(fixed))} is the same for all kernels, set in distributions/_jit.py")
    inner, held = options.pop("inner", False), options.pop("held", None)
    if held is not None:
        options["_nrt"] = not held
    if inner:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    # a kernel that only kernels call is kept inside theirs
    decorate = numba.njit(error_model="numpy", fastmath=False, cache=not inner, **options)
    return decorate if function is None else decorate(function)


def set_threads(n: int | None = None) -> int:
    """Set how many threads parallel kernels of the calling thread use. Results do not depend on it.

    Parameters
    ----------
    n : int, optional
        From 1 to the number Numba started with (all cores, or ``NUMBA_NUM_THREADS``); None for all of them.

    Returns
    -------
    int
        The number now in use.

    Raises
    ------
    ValueError
        If `n` is not a whole number in that range.
    """
    most = int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
    wanted = most if n is None else n
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= most:
        raise ValueError(f"threads = {n!r}: must be a whole number from 1 to {most} on this machine")
    numba.set_num_threads(wanted)
    return wanted


def threads() -> int:
    """How many threads parallel kernels of the calling thread use."""
    return int(numba.get_num_threads())

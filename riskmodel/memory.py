"""Memory that is no longer used goes back to the operating system."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

__all__ = ["give_back"]


def give_back(cycles: bool = True) -> None:
    """Let go of what the simulation has used, so that what follows does not come on top of it.

    Allocators keep freed memory for later. What comes after the simulation needs it in other sizes, and a run would
    hold both. Does nothing where the operating system does not offer it.

    Parameters
    ----------
    cycles : bool
        Look for objects that hold each other, too, which takes a tenth of a second.
    """
    if cycles:
        gc.collect()
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than GNU's
            ctypes.CDLL("libc.so.6").malloc_trim(0)

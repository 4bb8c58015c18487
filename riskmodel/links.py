"""Output stays in its folder: a link inside it, which writing would follow, is refused."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from riskmodel.run_errors import RunError

__all__ = ["refuse_links"]

PARTIAL = ".partial"


def refuse_links(folder: Path, names: Collection[str] | None = None) -> None:
    """Refuse symbolic links in a folder that is about to be written to.

    Parameters
    ----------
    folder : Path
        May itself be a link: that is where the user wants it.
    names : collection of str, optional
        What will be written there; other entries are left alone. Default: anything.

    Raises
    ------
    RunError
        That names the first link found.
    """
    for place, folders, files in os.walk(folder):
        here = [*folders, *files]
        if names is not None and Path(place) == folder:
            here = [name for name in here if name.removesuffix(PARTIAL).lstrip(".") in names or name in names]
            folders[:] = [name for name in folders if name in names]
        for name in here:
            if os.path.islink(os.path.join(place, name)):
                text = "is a link, and output stays in its folder; remove the link or name another folder"
                raise RunError(f"{os.path.join(place, name)}: {text}")

"""Notice when a file of the user hides one of the three packages.

`distributions`, `riskmodel` and `studies` are common words, and Python looks in the working directory first. A
`distributions.py` there would be imported in place of ours, and fail far from the cause.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

__all__ = ["ShadowWarning", "check_packages"]

HOME = Path(__file__).resolve().parent.parent


class ShadowWarning(UserWarning):
    """A file or folder of the user hides a package that is not needed right now."""


def found_at(name: str) -> Path | None:
    """File or folder that ``import name`` gives, without importing it; None if there is none."""
    module = sys.modules.get(name)
    try:
        spec = module.__spec__ if module is not None and module.__spec__ else importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.origin and spec.has_location:
        file = Path(spec.origin).resolve()
        return file.parent if file.name == "__init__.py" else file
    places = list(spec.submodule_search_locations or [])
    return Path(places[0]).resolve() if places else None


def check_packages(needed: tuple[str, ...] = ("distributions",), wished: tuple[str, ...] = ("studies",)) -> None:
    """Check that the packages share one parent folder.

    Parameters
    ----------
    needed : tuple of str
        Packages without which nothing works.
    wished : tuple of str
        Packages that the importing code can do without.

    Raises
    ------
    ImportError
        If something else stands in for a needed package.

    Warns
    -----
    ShadowWarning
        If something else stands in for a wished one.
    """
    for name in needed + wished:
        found = found_at(name)
        if found is None or found == HOME / name:
            continue
        message = (
            f"`import {name}` finds {found}, which hides the package {name} that belongs to riskmodel (in {HOME}). "
            f"Rename it, or start Python in another folder."
        )
        if name in needed:
            raise ImportError(message)
        warnings.warn(message, ShadowWarning, stacklevel=3)

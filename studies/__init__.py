"""Questions people ask: study files shipped with the package, found by name or path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command's --help imports this file and must not wait for what reading a study needs
    from riskmodel.study import Study

__all__ = ["load", "names", "path"]

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Names of the shipped studies, sorted."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def path(name: str | Path) -> Path:
    """Path of a study given by the name of a shipped one or by the path of a file.

    Raises
    ------
    StudyError
        If it is neither; the message has the nearest names.
    """
    from difflib import get_close_matches

    from riskmodel.study import Problem, StudyError
    from riskmodel.study.problems import MISSING

    text = str(name)
    if text in names():
        return FOLDER / f"{text}.toml"
    if "/" in text or "\\" in text or text.endswith(".toml") or os.path.exists(text):
        return Path(text)
    near = get_close_matches(text, names(), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    message = f"no such study; {hint}shipped studies: {', '.join(names())}; or type the path of a .toml file"
    raise StudyError([Problem(text, "", MISSING, message)])


def load(name: str | Path, overrides: Sequence[str] = ()) -> Study:
    """Study given by name or path; see ``riskmodel.study.load_study``. A path ending in .xlsx: a workbook of inputs."""
    if str(name).lower().endswith(".xlsx"):
        from studies.reports.inputs.reading import load_inputs

        return load_inputs(Path(name), overrides)
    from riskmodel.study import load_study

    return load_study(path(name), overrides)

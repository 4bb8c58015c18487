"""The results folder of a run: begun, gone on with, or replaced, and held by one run at a time."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel import folder_lock, store
from riskmodel import manifest as manifests
from riskmodel.event_files import EVENTS
from riskmodel.links import refuse_links
from riskmodel.range_store import RangeStore, open_store
from riskmodel.run_errors import RunError, RunFailed
from riskmodel.study.records import EVENTS_FIELD

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = [
    "FIGURES",
    "GIVEN_EVENTS",
    "REPORTS",
    "TABLE_FILES",
    "begun",
    "check_finished",
    "ranges_of",
    "resumed",
    "taken",
    "write_study",
]

TABLE_FILES = (
    "paths.parquet", "years.parquet", EVENTS, "redrawn.parquet", "summary.csv", "study.resolved.toml",
)  # fmt: skip
RUN_NAME = re.compile(r"[0-9a-f]{16}")
FIGURES = "figures"
REPORTS = "reports"
"""Pages and workbooks made from the results, if any; they go when the results are replaced."""
GIVEN_EVENTS = "given_events.csv"
"""Copy of the file of given events, where a study has one: the resolved study names it."""


def taken(folder: Path) -> folder_lock.FolderLock:
    """Hold a folder that is made if need be.

    Raises
    ------
    RunError
        If it cannot be written to, another run holds it, or a link in it leads elsewhere.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; name a folder for the results")
    refuse_links(folder, (manifests.NAME, folder_lock.NAME, *TABLE_FILES, GIVEN_EVENTS, FIGURES, REPORTS, store.RANGES))
    probe = folder / f".{os.getpid()}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
        return folder_lock.FolderLock(folder)
    except OSError as error:
        raise RunError(f"{folder}: cannot write here ({error.strerror}); name another folder") from None


def begun(folder: Path, study: Study, seed: int, first_path: int, paths: int, overwrite: bool) -> dict[str, Any]:
    """Manifest of a new run in a folder that is held."""
    others = [name for name in os.listdir(folder) if name != folder_lock.NAME]
    if others and not overwrite:
        raise RunError(
            f"{folder}: is not empty, and nothing is overwritten unasked; name another folder, "
            f"use --resume to go on with an interrupted run or --overwrite to replace the results there"
        )
    if others:
        _remove_results(folder)
    manifest = manifests.new(study, seed, first_path, paths)
    manifests.write(folder, manifest)
    write_study(folder, study)
    return manifest


def resumed(folder: Path, study: Study, seed: int | None, first_path: int | None, paths: int | None) -> dict[str, Any]:
    """Manifest of a run that can be gone on with."""
    manifest = manifests.read(folder)
    if manifest is None:
        raise RunError(f"{folder}: {manifests.unreadable_text(folder)}")
    wrong = manifests.differences(manifest, study, seed)
    before = manifest.get("first_path", 0)
    if first_path not in (None, before):
        wrong.append(f"first path = {first_path}, but that run begins with path {before}")
    if wrong:
        raise RunError(f"{folder}: cannot resume: " + "; ".join(wrong) + ". Start a new run in another folder")
    if manifest["state"] != "finished":
        manifest["state"] = "running"
        manifest["paths_wanted"] = paths or manifest["paths_wanted"]
    return manifest


def check_finished(folder: Path, manifest: dict[str, Any], paths: int | None) -> None:
    """Refuse to go on with a finished run that has other paths, or whose tables are not as they were written."""
    if paths not in (None, manifest["paths"], manifest["paths_wanted"]):
        raise RunError(
            f"{folder}: this run is finished with {manifest['paths']:,} paths; "
            f"start one with {paths:,} paths in another folder"
        )
    now = manifests.file_hashes(folder, (*TABLE_FILES, GIVEN_EVENTS))
    tables = {*TABLE_FILES, GIVEN_EVENTS}
    written = {name: digest for name, digest in manifest["files"].items() if name.partition("/")[0] in tables}
    wrong = [name for name, digest in written.items() if now.get(name) != digest]
    if wrong:
        raise RunFailed(
            f"{folder}: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not as the run wrote it; "
            "run again with --overwrite to make all of it anew"
        )
    if not manifest.get("ranges_at"):
        shutil.rmtree(folder / store.RANGES, ignore_errors=True)


def ranges_of(folder: Path, manifest: dict[str, Any]) -> RangeStore:
    """Where the run in a folder keeps its finished ranges."""
    place, run = manifest.get("ranges_at"), str(manifest.get("run"))
    if not place:
        return open_store(folder / store.RANGES)
    if not isinstance(place, str) or RUN_NAME.fullmatch(run) is None:
        # The name becomes a folder that is written to and removed.
        raise RunError(f"{folder / manifests.NAME}: run: {run[:80]!r}: must be 16 letters 0-9 and a-f")
    return open_store(place, run)


def write_study(folder: Path, study: Study) -> None:
    """The resolved study, and beside it the events it is given, so that the folder can be read and run anywhere."""
    given, files = study.given_events(), {}
    if given is not None:
        store.write_bytes(folder / GIVEN_EVENTS, given.raw)
        files = {EVENTS_FIELD: GIVEN_EVENTS}
    store.write_text(folder / "study.resolved.toml", study.to_toml(files))


def _remove_results(folder: Path) -> None:
    before = manifests.read(folder)
    if before is not None and before.get("ranges_at"):
        ranges_of(folder, before).clear()
    for name in (manifests.NAME, *TABLE_FILES, GIVEN_EVENTS):
        if not (folder / name).is_dir():
            (folder / name).unlink(missing_ok=True)
    for name in (EVENTS, FIGURES, REPORTS, store.RANGES):
        shutil.rmtree(folder / name, ignore_errors=True)

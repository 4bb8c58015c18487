"""What a run was made of: inputs, seed, versions, machine, sources, finished ranges, and the hashes of its files."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import os
import platform
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributions.input_files import read_json
from riskmodel.event_files import file_digest

if TYPE_CHECKING:
    from riskmodel.study import Study

NAME = "manifest.json"
FORMAT = 2
"""Version of the files in a results folder."""
LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "pandas", "pyarrow", "pvlib")
DECIDE_NUMBERS = ("python", "numpy", "numba", "llvmlite", "scipy", "pvlib", "pyarrow")
"""Libraries that must not change between the parts of one run."""


@functools.cache
def source_version() -> str:
    """SHA-256 of everything in this program that decides a number: the code and the parameter records."""
    home = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for package in ("distributions", "riskmodel"):
        files = [file for file in (home / package).rglob("*") if file.suffix in (".py", ".toml")]
        for file in sorted(files):
            digest.update(f"\0{file.relative_to(home).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries it uses; "none" where one is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("power-strategy-risk", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def machine() -> dict[str, Any]:
    """Kind of machine, without its name or owner."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}


def records(study: Study) -> dict[str, Any]:
    """Parameter records the study names, with the source each of them states."""
    from distributions.parameters import ParameterError, load

    found: dict[str, Any] = {}
    for kind, path in study.record_names().items():
        name = Path(path).name
        try:
            found[kind] = {"name": name, **load(kind, path)["meta"]}
        except ParameterError:
            found[kind] = {"name": name}
    return found


def given_events(study: Study) -> dict[str, Any]:
    """File of given events: its name, hash and what was read from it; empty where events are drawn."""
    given = study.given_events()
    if given is None:
        return {}
    rows = [event._asdict() for event in given.events]
    return {"given_events": {"name": given.file, "sha256": given.sha256, "events": rows}}


def new(study: Study, seed: int, first_path: int, paths: int) -> dict[str, Any]:
    """Manifest of a run that is about to start."""
    header = study.header
    return {
        "format": FORMAT,
        "state": "running",
        "study": {"name": header.name, "title": header.title, "currency": header.currency},
        "input_hash": study.input_hash(),
        "seed": seed,
        "run": secrets.token_hex(8),
        "first_path": first_path,
        "paths_wanted": paths,
        "paths": 0,
        "years": header.years,
        "warnings": study.warnings(),
        "baseline": header.baseline,
        "strategies": {name: strategy.title for name, strategy in study.strategies.items()},
        "ranges_done": [],
        "source_version": source_version(),
        "versions": versions(),
        "machine": machine(),
        "sources": {"study": dict(study.sources), "records": records(study)} | given_events(study),
        "started": now(),
        "ended": None,
        "files": {},
    }


def differences(manifest: dict[str, Any], study: Study, seed: int | None) -> list[str]:
    """Why a run cannot be continued with this study, seed and program; empty when it can."""
    found = []
    if manifest["input_hash"] != study.input_hash():
        found.append("the study is not the one of that run (compare it with study.resolved.toml there)")
        before = manifest["sources"].get("given_events", {}).get("sha256")
        given = study.given_events()
        if before is not None and given is not None and given.sha256 != before:
            found.append(f"{given.file} does not hold the events of that run (given_events.csv there)")
    if seed is not None and manifest["seed"] != seed:
        found.append(f"seed = {seed}, but that run has seed {manifest['seed']}")
    if manifest["source_version"] != source_version():
        found.append("this program's source has changed since")
    current = versions()
    before = manifest["versions"]
    changed = [name for name in DECIDE_NUMBERS if before.get(name) != current[name]]
    return found + [f"{name} was {before.get(name)} and is {current[name]} now" for name in changed]


def now() -> str:
    """Time in UTC, ISO 8601, whole seconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def write(folder: Path, manifest: dict[str, Any]) -> None:
    """Replace the manifest in one step."""
    partial = folder / f"{NAME}.partial"
    partial.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(partial, folder / NAME)


def read(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder; None if there is none that can be read."""
    try:
        manifest = read_json(folder / NAME)
    except ValueError:
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("format") == FORMAT else None


def unreadable_text(folder: Path) -> str:
    """Why there is nothing to go on with where `read` gives nothing, and what to do."""
    try:
        manifest = read_json(folder / NAME)
    except ValueError as error:
        if str(error) == "no such file":
            return f"no run to resume here ({NAME} is missing)"
        return f"no run to resume here, {NAME} cannot be read; start anew with --overwrite or in another folder"
    version = manifest.get("format") if isinstance(manifest, dict) else None
    return (
        f"the results here have format {version}, and this version of the program reads format {FORMAT}; read them "
        "with the version that wrote them, or run the study (study.resolved.toml there) again in another folder"
    )


def joined(ranges: list[tuple[int, int]]) -> list[list[int]]:
    """Ranges with neighbours joined."""
    out: list[list[int]] = []
    for first, end in ranges:
        if out and out[-1][1] == first:
            out[-1][1] = end
        else:
            out.append([first, end])
    return out


def file_hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files, and of all files in folders, by path in `folder`; names that are not there are left out."""
    found = {}
    for name in names:
        place = folder / name
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                found[file.relative_to(folder).as_posix()] = file_digest(file)
    return found

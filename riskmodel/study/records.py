"""Parameter records a site names: shipped ones by name, the user's own by the path of a .toml file."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from distributions.input_files import is_file
from riskmodel.study.site import Site

__all__ = [
    "EVENTS_FIELD",
    "RECORD_FIELDS",
    "NamedRecord",
    "file_hash",
    "found_file",
    "is_file_name",
    "named_records",
    "resolved",
]

RECORD_FIELDS = ("site.price_parameters", "site.tariff", "site.outages", "site.weather", "site.irradiance")
"""Fields that may hold the path of a parameter file."""
EVENTS_FIELD = "site.given_events"
"""Field that holds the path of a file of events."""


class NamedRecord(NamedTuple):
    """One record of a site: the field that names it, what was typed, and what ``distributions.parameters`` loads."""

    field: str
    typed: str
    name: str


def named_records(site: Site, folder: Path) -> dict[str, NamedRecord]:
    """Record of each kind that a site names.

    Parameters
    ----------
    site : Site
    folder : Path
        Of the study file: paths are relative to it, or else to the current folder.

    Returns
    -------
    dict of kind -> NamedRecord
    """
    if site.price_parameters:
        prices = NamedRecord("site.price_parameters", site.price_parameters, resolved(site.price_parameters, folder))
    else:
        prices = NamedRecord("site.price_zone", site.price_zone, f"{site.price_zone}_{site.price_window}")
    records = {
        "prices": prices,
        "outages": NamedRecord("site.outages", site.outages, resolved(site.outages, folder)),
        "weather": NamedRecord("site.weather", site.weather, resolved(site.weather, folder)),
        "irradiance": NamedRecord("site.irradiance", site.irradiance, resolved(site.irradiance, folder)),
    }
    if site.tariff:
        records["tariffs"] = NamedRecord("site.tariff", site.tariff, resolved(site.tariff, folder))
    return records


def is_file_name(name: str) -> bool:
    """Whether a name is that of a parameter file, not of a shipped record."""
    return name.endswith(".toml")


def resolved(name: str, folder: Path) -> str:
    """Absolute path of a parameter file if it exists; names of shipped records and absent files as they are."""
    return found_file(name, folder) if is_file_name(name) else name


def found_file(name: str, folder: Path) -> str:
    """Absolute path of a file beside the study or in the current folder; the name as it is where there is none."""
    for path in (folder / name, Path(name)):
        if is_file(path):
            return str(path.resolve())
    return name


def file_hash(path: str) -> str:
    """Hash of a parameter file's content: what the study's own hash holds instead of a path."""
    try:
        return "sha256:" + hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return path

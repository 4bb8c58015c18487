"""Weather files in the formats that pvlib reads (TMY3, EPW, PVGIS, NSRDB), as one table of hours or steps."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.input_files import FileError, is_file, json_of, read_bytes, text_of, unpacked
from distributions.table_reading import MOST_BYTES, HistoryError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "Formatted", "detect_format", "read_formatted"]

FORMATS = ("csv", "tmy3", "epw", "pvgis", "nsrdb")
HEAD_LINES, HEAD_BYTES = 20, 100_000
MOST_WEATHER_BYTES = 40_000_000
"""A typical year has 2 MB, five years in steps of 5 minutes 20 MB."""
_NOT_IN_FORMAT = (ArithmeticError, AttributeError, EOFError, LookupError, OSError, StopIteration, TypeError, ValueError)
"""What pvlib and pandas raise where a file is not in the format."""
TYPICAL_SPAN_DAYS = 800
"""Stamps of one year's rows that lie further apart are months of several years."""


class Formatted(NamedTuple):
    """A weather file as pvlib gives it.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns ghi and temp_air by the file's own stamps, which have a zone.
    place : dict
        latitude and longitude, as far as the file gives them.
    typical : bool
    """

    table: pd.DataFrame
    place: dict[str, Any]
    typical: bool


def detect_format(path: Path) -> str:
    """Format by the file's name and its first lines."""
    if not is_file(path):
        raise HistoryError(f"{path}: no such file")
    suffix = _suffix(path)
    if suffix in (".epw", ".json"):
        return {".epw": "epw", ".json": "pvgis"}[suffix]
    if suffix not in (".csv", ".txt", ""):
        return "csv"
    head = [line.strip().lower() for line in _head(path)] + [""] * HEAD_LINES
    if head[0].startswith("source,location") and "latitude" in head[0]:
        return "nsrdb"
    if head[1].startswith("date (mm/dd/yyyy)"):
        return "tmy3"
    if head[0].startswith("latitude (decimal"):
        return "pvgis"
    if head[0].startswith("location,") and head[1].startswith("design conditions"):
        return "epw"
    return "csv"


def read_formatted(path: Path, form: str) -> Formatted:
    """Read a file with pvlib.

    Raises
    ------
    HistoryError
        If it is not in that format, or holds irradiance on tilted panels only.
    """
    try:
        content = unpacked(read_bytes(path, MOST_WEATHER_BYTES), MOST_WEATHER_BYTES)
    except FileError as error:
        raise HistoryError(f"{path}: {error}") from None
    try:
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "weather"
            plain.write_bytes(content)
            return _READERS[form](plain)
    except HistoryError as error:
        raise HistoryError(str(error).replace("weather:", f"{path.name}:", 1)) from None
    except (MemoryError, *_NOT_IN_FORMAT) as error:
        raise HistoryError(f"{path}: not readable as {form}: {type(error).__name__}: {error}") from None


def _tmy3(path: Path) -> Formatted:
    from pvlib import iotools

    data, meta = iotools.read_tmy3(str(path), map_variables=True)
    return Formatted(data, meta, True)


def _epw(path: Path) -> Formatted:
    from pvlib import iotools

    data, meta = iotools.read_epw(str(path))
    return Formatted(data, meta, True)


def _nsrdb(path: Path) -> Formatted:
    from pvlib import iotools

    data, meta = iotools.read_nsrdb_psm4(str(path), map_variables=True)
    span = (data.index.max() - data.index.min()).days
    one_year = len(data) <= 366 * 24 * 12 and len(np.unique(data.index.year)) > 2
    return Formatted(data, meta, one_year and span > TYPICAL_SPAN_DAYS)


def _pvgis(path: Path) -> Formatted:
    """PVGIS in CSV or JSON: a typical year, or an hourly series on a horizontal plane."""
    from pvlib import iotools

    text = text_of(path.read_bytes())
    is_json = text.lstrip().startswith("{")
    kind = "json" if is_json else "csv"
    hourly = "hourly" in json_of(text)["outputs"] if is_json else "\ntime," in text.replace("\r\n", "\n")
    if not hourly:
        data, meta = iotools.read_pvgis_tmy(str(path), pvgis_format=kind, map_variables=True)[:2]
        return Formatted(data, _pvgis_place(meta), True)
    data, meta = iotools.read_pvgis_hourly(str(path), pvgis_format=kind, map_variables=True)[:2]
    slope = _pvgis_slope(meta["inputs"])
    if slope != 0.0:
        raise HistoryError(
            f"{path.name}: holds irradiance on panels tilted {slope:g} degrees; ask PVGIS for slope 0, or for its "
            "typical year"
        )
    parts = [name for name in ("poa_direct", "poa_sky_diffuse", "poa_ground_diffuse") if name in data]
    ghi = data["poa_global"] if "poa_global" in data else data[parts].sum(axis=1)
    return Formatted(data.assign(ghi=ghi), _pvgis_place(meta), False)


def _pvgis_place(meta: dict[str, Any]) -> dict[str, Any]:
    inputs = meta["inputs"]
    found: dict[str, Any] = inputs.get("location", inputs)
    return found


def _pvgis_slope(inputs: dict[str, Any]) -> float:
    """Tilt of the plane [degrees]; JSON nests it, CSV has it in words such as ``35 deg. (optimum)``."""
    system = inputs.get("mounting_system", {})
    for mounting in system.values() if isinstance(system, dict) else ():
        slope = mounting.get("slope", 0.0)
        return float(slope["value"] if isinstance(slope, dict) else slope)
    for name, value in inputs.items():
        if name.lower() == "slope":
            return float(str(value).split()[0])
    return 0.0


_READERS = {"tmy3": _tmy3, "epw": _epw, "pvgis": _pvgis, "nsrdb": _nsrdb}


def _suffix(path: Path) -> str:
    suffixes = [part.lower() for part in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _head(path: Path) -> list[str]:
    try:
        content = unpacked(read_bytes(path, MOST_BYTES), MOST_BYTES)
    except FileError as error:
        raise HistoryError(f"{path}: {error}") from None
    text = content[:HEAD_BYTES].decode("utf-8", errors="replace")
    return [line for _, line in zip(range(HEAD_LINES), io.StringIO(text), strict=False)]

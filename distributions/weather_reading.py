"""Irradiance histories as users have them: CSV, Parquet, and the formats that pvlib reads; made hourly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import HOURS_PER_YEAR, MIN_PER_H
from distributions.irradiance import COMMON_YEAR
from distributions.table_reading import HistoryError, read_table
from distributions.time_reading import TIME_NAMES, find_clock, read_times, standard_offset_h, to_hours

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "WeatherRequest", "read_weather"]

FORMATS = ("csv", "tmy3", "epw", "pvgis", "nsrdb")
GHI_NAMES = (r"ghi(_?(wm2|w_?per_?m2|w/m2))?", r"ghi.*|shortwave_radiation.*|global_?horizontal.*|g\(h\)", r".*ghi.*")
TEMPERATURE_NAMES = (r"temp_?air.*|air_?temp.*|temperature_2m.*|t2m|temperature.*", r".*temp.*")
MINUTES_NAMES = (r"n_minutes.*ghi|n_minutes",)
HIGHEST_GHI = 1800.0
LEAST_MINUTES = 54.0


@dataclass(frozen=True)
class WeatherRequest:
    """What the user says about a history; None where it is to be found out.

    Parameters
    ----------
    path : Path
    latitude_deg, longitude_deg : float or None
        Needed unless the file gives them.
    format : str or None
        One of ``FORMATS``.
    ghi_column, temperature_column, time_column, times : str or None
    stamps_end : bool or None
    utc_offset_h : float or None [h]
    """

    path: Path
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    format: str | None = None
    ghi_column: str | None = None
    temperature_column: str | None = None
    time_column: str | None = None
    times: str | None = None
    stamps_end: bool | None = None
    utc_offset_h: float | None = None


def read_weather(request: WeatherRequest) -> tuple[pd.DataFrame, float, float, float, list[str]]:
    """Read an irradiance history into hours of local standard time.

    Returns
    -------
    frame : pandas.DataFrame
        ghi_w_per_m2 and temperature_c, every hour from the first to the last.
    latitude_deg, longitude_deg : float [degrees]
    utc_offset_h : float [h]
    notes : list of str

    Raises
    ------
    HistoryError
    """
    form = request.format or _detect(request.path)
    if form not in FORMATS:
        raise HistoryError(f"--format {form}: type one of {', '.join(FORMATS)}")
    return _from_table(request) if form == "csv" else _from_pvlib(request, form)


def _detect(path: Path) -> str:
    """Format by the file's name and its first lines."""
    if not path.is_file():
        raise HistoryError(f"{path}: no such file")
    if path.suffix.lower() == ".epw":
        return "epw"
    if path.suffix.lower() not in (".csv", ".txt"):
        return "csv"
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = [line.strip().lower() for _, line in zip(range(12), file, strict=False)]
    head = lines + [""] * 12
    if head[0].startswith(("source,location id", "source,location")):
        return "nsrdb"
    if head[1].startswith("date (mm/dd/yyyy)"):
        return "tmy3"
    if head[0].startswith(("latitude (decimal degrees)", "latitude (decimal")):
        return "pvgis"
    return "csv"


def _from_table(request: WeatherRequest) -> tuple[pd.DataFrame, float, float, float, list[str]]:
    import pandas as pd

    table = read_table(request.path)
    latitude, longitude = _place(request, {})
    time = table.need(request.time_column, TIME_NAMES, "the time", "--time-column")
    ghi_name = table.need(request.ghi_column, GHI_NAMES, "global horizontal irradiance", "--ghi-column")
    temperature_name = table.find(
        request.temperature_column, TEMPERATURE_NAMES, "the temperature", "--temperature-column"
    )
    clock = find_clock(table, time, request.times, request.stamps_end)
    offset = request.utc_offset_h if request.utc_offset_h is not None else standard_offset_h(clock)
    notes = []
    if offset is None:
        offset = float(round(longitude / 15.0))
        notes.append(f"local standard time UTC{offset:+g} from the longitude (--utc-offset to change)")
    utc, kept, more = read_times(table, time, clock)
    ghi = table.numbers(ghi_name, low=-50.0, high=HIGHEST_GHI, unit="W/m2")
    minutes = table.find(None, MINUTES_NAMES, "", "")
    if minutes is not None:
        short = table.numbers(minutes) < LEAST_MINUTES
        ghi = np.where(short, np.nan, ghi)
        notes.append(f"hours with fewer than {LEAST_MINUTES:g} minutes measured ({minutes}) count as missing")
    hourly, told = to_hours(utc[kept], ghi[kept], offset, clock.end, table.name)
    frame = pd.DataFrame({"ghi_w_per_m2": hourly.clip(lower=0.0)})
    if temperature_name is None:
        notes.append("no temperature: the check of the PV chain is left out")
        frame["temperature_c"] = np.nan
    else:
        celsius = table.numbers(temperature_name, low=-80.0, high=70.0, unit="C")
        frame["temperature_c"] = to_hours(utc[kept], celsius[kept], offset, clock.end, table.name)[0]
    head = [
        f"times from column {time}, {clock.told}, {'end' if clock.end else 'beginning'} of each step",
        f"irradiance from column {ghi_name} [W/m2], temperature from {temperature_name}",
    ]
    return frame, latitude, longitude, offset, head + notes + more + told


def _from_pvlib(request: WeatherRequest, form: str) -> tuple[pd.DataFrame, float, float, float, list[str]]:
    import pandas as pd
    from pvlib import iotools

    readers: dict[str, Any] = {
        "tmy3": lambda path: iotools.read_tmy3(path, map_variables=True),
        "epw": iotools.read_epw,
        "pvgis": lambda path: iotools.read_pvgis_tmy(path, map_variables=True),
        "nsrdb": lambda path: iotools.read_nsrdb_psm4(path, map_variables=True),
    }
    try:
        data, meta = readers[form](str(request.path))[:2]
    except (ValueError, KeyError, IndexError, OSError, TypeError) as error:
        raise HistoryError(f"{request.path}: not readable as {form}: {error}") from None
    found = {str(key).lower(): value for key, value in dict(meta).items()}
    if isinstance(found.get("inputs"), dict):
        found |= found["inputs"].get("location", {})
    latitude, longitude = _place(request, found)
    index = pd.DatetimeIndex(data.index)
    own = index.tz.utcoffset(index[0].to_pydatetime()) if index.tz is not None else None
    offset = request.utc_offset_h
    if offset is None:
        own_h = own.total_seconds() / 3600.0 if own is not None else 0.0
        offset = own_h if own_h != 0.0 else float(round(longitude / 15.0))
    utc = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    frame, notes = _typical_hours(data, utc, offset, form, request.path.name)
    return frame, latitude, longitude, offset, [f"read as {form} by pvlib; local standard time UTC{offset:+g}", *notes]


def _typical_hours(
    data: pd.DataFrame, utc: pd.DatetimeIndex, offset_h: float, form: str, name: str
) -> tuple[pd.DataFrame, list[str]]:
    """Hours of a weather file; a typical year made of months of several years is put into one common year."""
    import pandas as pd

    notes = []
    years = len(np.unique(utc.year))
    span_days = (utc.max() - utc.min()).days
    local = utc + pd.Timedelta(hours=offset_h)
    typical = form in ("tmy3", "epw", "pvgis") or (years > 2 and len(utc) <= 2 * 8784 and span_days > 800)
    if typical:
        step = f"{HOURS_PER_YEAR * MIN_PER_H / len(utc):g}min"
        if len(utc) % HOURS_PER_YEAR == 0:
            local = pd.date_range(f"{COMMON_YEAR}-01-01", periods=len(utc), freq=step)
        notes.append("a typical year: its scatter of years says nothing")
    frame = {}
    for target, source in (("ghi_w_per_m2", "ghi"), ("temperature_c", "temp_air")):
        if source not in data:
            raise HistoryError(f"{name}: has no {source} as pvlib reads it")
        values = data[source].to_numpy(dtype=np.float64)
        frame[target], told = to_hours(local, values, 0.0, False, name)
    return pd.DataFrame(frame), notes + told


def _place(request: WeatherRequest, found: dict[str, Any]) -> tuple[float, float]:
    latitude = request.latitude_deg if request.latitude_deg is not None else found.get("latitude")
    longitude = request.longitude_deg if request.longitude_deg is not None else found.get("longitude")
    if latitude is None or longitude is None:
        raise HistoryError(f"{request.path.name}: does not give its place: type --latitude and --longitude")
    return float(latitude), float(longitude)

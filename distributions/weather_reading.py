"""Irradiance histories as users have them: CSV, Parquet, and the formats that pvlib reads; made hourly."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.clock import HOURS_PER_YEAR, MIN_PER_H, S_PER_H
from distributions.irradiance import COMMON_YEAR
from distributions.table_reading import HistoryError, Table, read_table
from distributions.time_reading import (
    FIRST_YEAR,
    LAST_YEAR,
    TIME_NAMES,
    find_clock,
    read_times,
    standard_offset_h,
    to_hours,
)
from distributions.weather_formats import FORMATS, detect_format, read_formatted

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["FORMATS", "Weather", "WeatherRequest", "read_weather"]

GHI_NAMES = (
    r"ghi([ _\[(]*[kmw]?[wj]h?[ _]?(/|per_?)?m(2|\u00b2)[\])]*)?",
    r"ghi.*|shortwave_radiation(?!_instant).*|global_?(horizontal|tilted_0).*|g\(h\)|allsky_sfc_sw_dwn|ssrd|swgdn",
    r".*ghi.*|glob(al)?(_?(irr|rad).*)?|globalstrahlung.*",
)
TEMPERATURE_NAMES = (r"temp_?air.*|air_?temp.*|temperature_2m.*|t2m|t_?2m.*|temperature.*", r".*temp.*")
MINUTES_NAMES = (r"n_minutes.*ghi|n_minutes",)
PARTS = {
    "year": r"(src_|source_)?(year|yr|yyyy)",
    "month": r"month|mo|mm",
    "day": r"day|dy|dd",
    "hour": r"hour|hr|hh|hour_(utc|local).*|hr_.*",
    "minute": r"minute|min|mi",
}
YEARLESS = re.compile(r"\s*\d{1,2}[-/]\d{1,2}[T ]\d{1,2}:\d\d(:\d\d)?\s*")
UNITS = {
    "W/m2": (1.0, False), "kW/m2": (1000.0, False), "Wh/m2": (1.0, True), "kWh/m2": (1000.0, True),
    "J/m2": (1.0 / 3600.0, True), "kJ/m2": (1.0 / 3.6, True), "MJ/m2": (1000.0 / 3.6, True),
}  # fmt: skip
"""Factor to W/m2, and whether the value is what a step brought rather than its mean."""

HIGHEST_GHI = 1800.0
LEAST_PEAK = 20.0
"""Smaller than any place's brightest hour in W/m2; a file in kW/m2 stays below 2."""

LEAST_MINUTES = 54.0
MOST_STEPS_PER_H = 12
DEGREES_PER_H = 15.0
MISSING = (-999.0, -9999.0, -99.0, -9900.0, 9999.0, 99999.0)
"""Codes for a missing value."""

TYPICAL_NOTE = "a typical year: it says nothing of the scatter of years, which is taken by judgement"


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
    ghi_unit : str or None
        One of ``UNITS``; by the column's name by default.
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
    ghi_unit: str | None = None


class Weather(NamedTuple):
    """An irradiance history in hours of local standard time.

    Attributes
    ----------
    frame : pandas.DataFrame
        ghi_w_per_m2 and temperature_c, every hour from the first to the last.
    latitude_deg, longitude_deg : float [degrees]
    utc_offset_h : float [h]
    notes : list of str
    typical : bool
        Whether it is a typical year, made of months of several years.
    """

    frame: pd.DataFrame
    latitude_deg: float
    longitude_deg: float
    utc_offset_h: float
    notes: list[str]
    typical: bool


def read_weather(request: WeatherRequest) -> Weather:
    """Read an irradiance history into hours of local standard time.

    Raises
    ------
    HistoryError
    """
    form = request.format or detect_format(request.path)
    if form not in FORMATS:
        raise HistoryError(f"--format {form}: type one of {', '.join(FORMATS)}")
    return _from_table(request) if form == "csv" else _from_pvlib(request, form)


def _from_table(request: WeatherRequest) -> Weather:
    import pandas as pd

    table = read_table(request.path)
    latitude, longitude = _place(request, _place_in(table))
    parts = _part_columns(table) if request.time_column is None else {}
    typical = _is_typical(table, request, parts)
    if typical:
        utc, offset, end, told = _typical_times(table, request, parts, longitude)
    else:
        utc, offset, end, told = _stamps(table, request, parts, longitude)
    ghi_name = table.need(request.ghi_column, GHI_NAMES, "global horizontal irradiance", "--ghi-column")
    kept = ~pd.isna(utc)
    ghi, more = _irradiance(table, request, ghi_name, _step_h(utc[kept]))
    minutes = table.find(None, MINUTES_NAMES, "", "")
    if minutes is not None:
        ghi = np.where(table.numbers(minutes) < LEAST_MINUTES, np.nan, ghi)
        more.append(f"hours with fewer than {LEAST_MINUTES:g} minutes measured ({minutes}) count as missing")
    hourly, hours_told = to_hours(utc[kept], ghi[kept], offset, end, table.name)
    frame = pd.DataFrame({"ghi_w_per_m2": hourly.clip(lower=0.0)})
    name = table.find(request.temperature_column, TEMPERATURE_NAMES, "the temperature", "--temperature-column")
    if name is None:
        more.append("no temperature: the check of the PV chain is left out")
        frame["temperature_c"] = np.nan
    else:
        celsius = table.numbers(name, low=-80.0, high=70.0, unit="C", missing=MISSING)
        frame["temperature_c"] = to_hours(utc[kept], celsius[kept], offset, end, table.name)[0]
        more.append(f"temperature from column {name}")
    return Weather(frame, latitude, longitude, offset, [*told, *more, *hours_told], typical)


def _stamps(
    table: Table, request: WeatherRequest, parts: dict[str, str], longitude: float
) -> tuple[pd.DatetimeIndex, float, bool, list[str]]:
    """Times in UTC (NaT where none), local standard time minus UTC [h], whether they are ends, how they were read."""
    import pandas as pd

    if parts:
        # the hour's name may tell the clock, as in hour_local_std_utc_m7
        time = ", ".join(parts.values())
        made = Table(table.frame.assign(**{time: _joined(table, parts)}), table.name, table.first_line)
    else:
        time, made = table.need(request.time_column, TIME_NAMES, "the time", "--time-column"), table
    clock = find_clock(made, time, request.times or _zone_in(table), request.stamps_end)
    offset = request.utc_offset_h if request.utc_offset_h is not None else standard_offset_h(clock)
    told = [f"times from column {time}, {clock.told}, {'end' if clock.end else 'beginning'} of each step"]
    if offset is None:
        offset = float(round(longitude / DEGREES_PER_H))
        told.append(f"local standard time UTC{offset:+g} from the longitude (--utc-offset to change)")
    utc, kept, more = read_times(made, time, clock)
    return pd.DatetimeIndex(utc.where(kept)), offset, clock.end, told + more


def _is_typical(table: Table, request: WeatherRequest, parts: dict[str, str]) -> bool:
    """Whether the rows are a year made of several, or have no year at all."""
    if parts:
        if "year" not in parts:
            return True
        year = table.numbers(parts["year"])
        return bool(len(table.frame) % HOURS_PER_YEAR == 0 and len(table.frame) // HOURS_PER_YEAR <= MOST_STEPS_PER_H
                    and len(np.unique(year)) > 2 and np.diff(year).min() < 0.0)  # fmt: skip
    time = table.find(request.time_column, TIME_NAMES, "the time", "--time-column")
    if time is None:
        return False
    return bool(table.frame[time].head(50).astype(str).str.fullmatch(YEARLESS.pattern).all())


def _typical_times(
    table: Table, request: WeatherRequest, parts: dict[str, str], longitude: float
) -> tuple[pd.DatetimeIndex, float, bool, list[str]]:
    """Times of a typical year: its rows in their order from 1 January, local standard time."""
    import pandas as pd

    rows = len(table.frame)
    if rows % HOURS_PER_YEAR or rows // HOURS_PER_YEAR > MOST_STEPS_PER_H:
        raise HistoryError(
            f"{table.name}: has {rows:,} rows of a year without a number: expected {HOURS_PER_YEAR:,} (hours of a year "
            "without a leap day), or a multiple"
        )
    offset = request.utc_offset_h
    if offset is None:
        offset = float(round(longitude / DEGREES_PER_H))
    step_min = HOURS_PER_YEAR * MIN_PER_H / rows
    local = pd.date_range(f"{COMMON_YEAR}-01-01", periods=rows, freq=f"{step_min:g}min")
    told = [
        f"times from the order of the rows, local standard time UTC{offset:+g} (--utc-offset to change)", TYPICAL_NOTE
    ]  # fmt: skip
    return local - pd.Timedelta(hours=offset), offset, False, told


def _irradiance(table: Table, request: WeatherRequest, name: str, step_h: float) -> tuple[np.ndarray, list[str]]:
    """Irradiance in W/m2 by the unit that was typed or that the column names."""
    unit = request.ghi_unit or _unit_in(name)
    if unit not in UNITS:
        raise HistoryError(f"{table.name}: --ghi-unit {unit}: type one of {', '.join(UNITS)}")
    factor, per_step = UNITS[unit]
    scale = factor / step_h if per_step else factor
    values = scale * table.numbers(
        name, low=-50.0 / scale, high=HIGHEST_GHI / scale, unit=unit, missing=MISSING
    )  # fmt: skip
    known = values[np.isfinite(values)]
    if len(known) and known.max() < LEAST_PEAK:
        raise HistoryError(
            f"{table.name}, column {name}: the largest of {len(known):,} values is {known.max() / scale:g} {unit}: too "
            f"little for sunlight in {unit}; if it is in another unit type --ghi-unit, one of {', '.join(UNITS)}"
        )
    gone = int(np.isnan(values).sum())
    told = [f"irradiance from column {name} [{unit}]"]
    return values, told + ([f"{gone:,} cells of {name} are empty or a code for missing"] if gone else [])


def _unit_in(name: str) -> str:
    """Unit that a column's name ends in; W/m2 without one."""
    squeezed = re.sub(r"[\s_\[\]()²^]|per", "", name.lower().replace("²", "2"))
    for unit in sorted(UNITS, key=len, reverse=True):
        if squeezed.endswith((unit.lower().replace("/", ""), unit.lower(), unit.lower().replace("/m2", "/m"))):
            return unit
    return "W/m2"


def _part_columns(table: Table) -> dict[str, str]:
    """Columns that hold year, month, day, hour and minute one by one; empty unless month, day and hour are there."""
    names = {str(column).strip().lower(): str(column) for column in table.frame.columns}
    found = {}
    for part, known in PARTS.items():
        fits = [name for name in names if re.fullmatch(known, name)]
        if fits:
            found[part] = names[fits[0]]
    return found if {"month", "day", "hour"} <= found.keys() else {}


def _joined(table: Table, parts: dict[str, str]) -> pd.Series[pd.Timestamp]:
    """Stamps made of the columns of year, month, day, hour and minute."""
    import pandas as pd

    limits = {"year": (1900, 2200), "month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 60)}
    numbers = {part: table.numbers(name, low=limits[part][0], high=limits[part][1]) for part, name in parts.items()}
    day = pd.to_datetime(pd.DataFrame({part: numbers[part] for part in ("year", "month", "day")}), errors="coerce")
    wrong = np.flatnonzero(day.isna().to_numpy())
    if len(wrong):
        raise table.refuse(int(wrong[0]), parts["day"], "a day that the month has")
    stamps = day + pd.to_timedelta(numbers["hour"], unit="h")
    stamps += pd.to_timedelta(numbers.get("minute", np.zeros(len(day))), unit="m")
    return stamps


def _step_h(times: pd.DatetimeIndex) -> float:
    """Usual time between rows [h]; an hour where there is one row."""
    steps = np.diff(np.unique(times.to_numpy())) / np.timedelta64(1, "m") / MIN_PER_H
    return float(np.median(steps)) if len(steps) else 1.0


def _from_pvlib(request: WeatherRequest, form: str) -> Weather:
    import pandas as pd

    data, place, typical = read_formatted(request.path, form)
    latitude, longitude = _place(request, {str(key).lower(): value for key, value in dict(place).items()})
    index = pd.DatetimeIndex(data.index)
    if not len(index) or index.hasnans:
        raise HistoryError(
            f"{request.path.name}: read as {form}: {'a time is missing' if len(index) else 'has no rows'}"
        )
    far = np.flatnonzero((index.year < FIRST_YEAR) | (index.year > LAST_YEAR))
    if len(far) and not typical:  # every hour between the first time and the last would be held
        raise HistoryError(
            f"{request.path.name}: row {far[0] + 1:,} has the time {index[far[0]]}: expected a time in the years "
            f"{FIRST_YEAR} to {LAST_YEAR}"
        )
    own = index[0].utcoffset()
    own_h = own.total_seconds() / S_PER_H if own is not None else 0.0
    offset = request.utc_offset_h
    if offset is None:
        offset = own_h if own_h != 0.0 else float(round(longitude / DEGREES_PER_H))
    utc = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    local = utc + pd.Timedelta(hours=offset)
    notes = [f"read as {form} by pvlib; local standard time UTC{offset:+g}"]
    if typical:
        local = _in_common_year(len(local), offset - own_h, request.path.name)
        notes.append(TYPICAL_NOTE)
    frame = {}
    for target, source in (("ghi_w_per_m2", "ghi"), ("temperature_c", "temp_air")):
        if source not in data:
            raise HistoryError(
                f"{request.path.name}: has no {source} as pvlib reads it, but {', '.join(map(str, data.columns))}"
            )
        values = _numbers(data[source], request.path.name)
        frame[target], told = to_hours(local, values, 0.0, False, request.path.name)
    hours = pd.DataFrame(frame)
    wrong = np.flatnonzero(hours["ghi_w_per_m2"].to_numpy() > HIGHEST_GHI)
    if len(wrong):
        raise HistoryError(
            f"{request.path.name}: irradiance of {hours['ghi_w_per_m2'].iloc[wrong[0]]:g} W/m2 at "
            f"{hours.index[wrong[0]]}: expected at most {HIGHEST_GHI:g}"
        )
    hours["ghi_w_per_m2"] = hours["ghi_w_per_m2"].clip(lower=0.0)
    return Weather(hours, latitude, longitude, offset, notes + told, typical)


def _numbers(column: pd.Series[Any], file: str) -> NDArray[np.float64]:
    """Values of a column that pvlib has read, which leaves text as it is."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce")
    wrong = np.flatnonzero(values.isna().to_numpy() & column.notna().to_numpy())
    if len(wrong):
        row = int(wrong[0])
        raise HistoryError(
            f"{file}: row {row + 1:,} of {column.name}: {str(column.iloc[row])[:40]!r}: must be a number"
        )
    return values.to_numpy(dtype=np.float64)


def _in_common_year(rows: int, shift_h: float, name: str) -> pd.DatetimeIndex:
    """Times of the rows of a typical year in one common year; what runs over its end goes to its beginning."""
    import pandas as pd

    if rows % HOURS_PER_YEAR:
        raise HistoryError(f"{name}: has {rows:,} rows: a typical year has {HOURS_PER_YEAR:,} hours, or a multiple")
    times = pd.date_range(f"{COMMON_YEAR}-01-01", periods=rows, freq=f"{HOURS_PER_YEAR * MIN_PER_H / rows:g}min")
    moved = times + pd.Timedelta(hours=shift_h)
    return pd.DatetimeIndex([stamp.replace(year=COMMON_YEAR) for stamp in moved])


def _place(request: WeatherRequest, found: dict[str, Any]) -> tuple[float, float]:
    latitude = request.latitude_deg if request.latitude_deg is not None else found.get("latitude")
    longitude = request.longitude_deg if request.longitude_deg is not None else found.get("longitude")
    if latitude is None or longitude is None:
        raise HistoryError(f"{request.path.name}: does not give its place: type --latitude and --longitude")
    name = request.path.name
    return _degrees(name, "latitude", latitude, 90.0), _degrees(name, "longitude", longitude, 180.0)


def _degrees(file: str, what: str, value: Any, most: float) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = float("nan")
    if not -most <= found <= most:
        raise HistoryError(f"{file}: {what} {str(value)[:40]!r}: must be from {-most:g} to {most:g}; type --{what}")
    return found


def _place_in(table: Table) -> dict[str, Any]:
    """Place given in the lines above a table: ``latitude,longitude`` over their numbers, or ``Latitude 52.2``."""
    found: dict[str, Any] = {}
    for above, below in itertools.pairwise(table.preamble):
        names, values = above.lower().split(","), below.split(",")
        found |= {n.strip(): v for n, v in zip(names, values, strict=False) if n.strip() in ("latitude", "longitude")}
    for name in ("latitude", "longitude"):
        told = re.search(rf"{name}[^\d\-\n,]*(-?\d+(?:\.\d+)?)", "\n".join(table.preamble), re.IGNORECASE)
        if name not in found and told:
            found[name] = told[1]
    return found


def _zone_in(table: Table) -> str | None:
    """Time zone given in the lines above a table."""
    for above, below in itertools.pairwise(table.preamble):
        row = dict(zip(above.lower().strip().split(","), below.strip().split(","), strict=False))
        if "utc_offset_seconds" in row:
            try:
                return f"UTC{float(row['utc_offset_seconds']) / S_PER_H:+g}"
            except ValueError:
                return None
    return None

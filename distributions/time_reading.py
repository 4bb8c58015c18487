"""Time stamps as users have them: UTC or local, with the hours daylight saving leaves out and doubles; made hourly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions.clock import MIN_PER_H
from distributions.table_reading import HistoryError, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TIME_NAMES", "Clock", "find_clock", "read_times", "standard_offset_h", "to_hours"]

TIME_NAMES = (
    r"(utc|hour_?utc|time_?utc|utc_?time|utc_(begin|end|start)|start_?utc|datetime_?\(?utc\)?|timestamp_?\(?utc\)?)",
    r"(timestamp|date_?time|time|index|hour_?beginning|interval_start|delivery_start|start_?time|from|start)",
    r"mtu.*",
    r"(local.*|hour_?[a-z]{2}|time_?local|date|datum|fecha|settlementdate|ts)",
)
"""Names of time columns, in order of trust."""

FIXED = re.compile(r"(?:utc|gmt)?\s*([+-]?\d{1,2})(?::?(30|45|00))?", re.IGNORECASE)
IN_NAME = re.compile(r"utc_?(m|p|[+-])?(\d{1,2})(?!\d)", re.IGNORECASE)
ZONED = re.compile(r"(?:Z|\d[+-]\d\d:?\d\d)$")
ODD_OFFSET = re.compile(r"[T ]\d.*[+-]|\+|[A-Za-z]$")
OTHER_ORDER = re.compile(r"\d{1,2}[./-](?:\d{1,2}|[A-Za-z]{3})[./-]\d{4}")
CLOCKS = (" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "", "T%H:%M", "T%H:%M:%S", " %H:%M%z", " %H:%M:%S%z")
SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}")
RANGE = re.compile(r"\s+-\s+.*$")
LONGEST_STEP_MIN = 60.0
FIRST_YEAR, LAST_YEAR = 1950, 2100
"""Histories lie between these; a mistyped year would otherwise stretch the hours over millennia."""


class Clock(NamedTuple):
    """Clock of the stamps in a file.

    Attributes
    ----------
    zone : str
        "UTC", a name such as "Europe/Stockholm", or empty for a fixed offset.
    offset_h : float [h]
        Of the fixed offset; 0 otherwise.
    end : bool
        True when a stamp is the end of its step.
    told : str
        How it was found, in words.
    """

    zone: str
    offset_h: float
    end: bool
    told: str


def find_clock(table: Table, column: str, given: str | None, end: bool | None) -> Clock:
    """Clock of a time column: as given, else from its name or its stamps.

    Raises
    ------
    HistoryError
        If neither says whether times are UTC or local.
    """
    name = column.lower()
    if end is None:
        end = bool(re.search(r"(^|_)end(ing)?($|_)", name))
    if given is not None:
        return _named_clock(given, end, table.name)
    marked = IN_NAME.search(name)
    if marked:
        offset = float(marked[2]) * (-1.0 if marked[1] in ("m", "-") else 1.0)
        return Clock("", offset, end, f"UTC{offset:+g} from the name {column}")
    if "utc" in name or "gmt" in name:
        return Clock("UTC", 0.0, end, f"UTC from the name {column}")
    if "cet/cest" in name:
        return Clock("Europe/Brussels", 0.0, end, f"CET/CEST from the name {column}")
    cells = table.frame[column]
    if getattr(cells.dtype, "tz", None) is not None:
        return Clock("UTC", 0.0, end, f"the time zone stored in {column}")
    if cells.head(50).astype(str).str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True).all():
        return Clock("UTC", 0.0, end, f"the offsets written in {column}")
    raise HistoryError(
        f"{table.name}: column {column} does not say whether its times are UTC or local: type --times UTC, "
        "--times Europe/Stockholm (local, with daylight saving) or --times UTC+1 (local standard time)"
    )


def standard_offset_h(clock: Clock) -> float | None:
    """Local standard time minus UTC of a clock [h]; None for plain UTC."""
    if clock.zone == "":
        return clock.offset_h
    if clock.zone == "UTC":
        return None
    import datetime
    from zoneinfo import ZoneInfo

    offsets = (datetime.datetime(2023, month, 1, tzinfo=ZoneInfo(clock.zone)).utcoffset() for month in (1, 7))
    return min(offset.total_seconds() for offset in offsets if offset is not None) / 3600.0


def read_times(table: Table, column: str, clock: Clock) -> tuple[pd.DatetimeIndex, np.ndarray, list[str]]:
    """Stamps of a column in UTC.

    Parameters
    ----------
    table : Table
    column : str
    clock : Clock

    Returns
    -------
    utc : (n,) DatetimeIndex without zone
    kept : (n,) bool
        False for local stamps that daylight saving leaves out, and for empty cells.
    notes : list of str

    Raises
    ------
    HistoryError
        If a stamp is not a time; the row is named.
    """
    import pandas as pd

    naive, aware = _parse(table, column)
    notes: list[str] = []
    kept = ~pd.isna(naive)
    far = np.flatnonzero(kept & ~((naive.year >= FIRST_YEAR) & (naive.year <= LAST_YEAR)))
    if len(far):
        raise table.refuse(int(far[0]), column, f"a time in the years {FIRST_YEAR} to {LAST_YEAR}")
    if aware or clock.zone == "UTC" or clock.zone == "":
        return naive - pd.Timedelta(hours=0.0 if aware else clock.offset_h), kept, notes
    falling = bool(kept.any()) and naive[kept][0] > naive[kept][-1]  # newest first: count from the end
    seen = pd.Series(naive).groupby(naive).cumcount(ascending=not falling).to_numpy()
    # Of an hour that comes twice in autumn the first is still summer time.
    local = naive.tz_localize(clock.zone, ambiguous=seen == 0, nonexistent="NaT")
    missing = pd.isna(local) & kept
    if missing.any():
        notes.append(
            f"{int(missing.sum()):,} local times that daylight saving leaves out are dropped; if the times are "
            f"standard time all year, type --times UTC{standard_offset_h(clock) or 0.0:+g}"
        )
    doubles = int((naive.duplicated() & kept).sum())
    if doubles:
        notes.append(f"{doubles:,} local times come twice in autumn: the first is taken as summer time")
    return local.tz_convert("UTC").tz_localize(None), kept & ~missing, notes


def to_hours(
    utc: pd.DatetimeIndex, values: np.ndarray, offset_h: float, end: bool, name: str
) -> tuple[pd.Series, list[str]]:
    """Mean of each hour of local standard time; hours that are not full are NaN.

    Parameters
    ----------
    utc : (n,) DatetimeIndex without zone
    values : (n,) float64
    offset_h : float [h]
        Local standard time minus UTC.
    end : bool
        True when stamps are the ends of steps.
    name : str
        Of the file, for messages.

    Returns
    -------
    pandas.Series
        Every hour from the first to the last.
    list of str
        Notes.

    Raises
    ------
    HistoryError
        If steps are longer than an hour, or a time comes twice with two values.
    """
    import pandas as pd

    series = pd.Series(values, index=utc).sort_index(kind="stable")
    notes: list[str] = []
    twice = series.index.duplicated(keep=False)
    if twice.any():
        spread = series[twice].groupby(level=0).agg(lambda part: part.max() - part.min())
        if (spread > 0.0).any():
            at = spread.index[int(np.argmax(spread > 0.0))]
            hint = "if the file holds several zones keep one, if date and hour are two columns join them"
            raise HistoryError(f"{name}: {at} UTC comes twice with two values; {hint}")
        notes.append(f"{int(series.index.duplicated().sum()):,} rows stand twice with the same value; one is kept")
        series = series[~series.index.duplicated()]
    minutes = np.diff(series.index.to_numpy()) / np.timedelta64(1, "m")
    if len(minutes) == 0:
        raise HistoryError(f"{name}: has a single time")
    usual = float(np.median(minutes))
    if usual > LONGEST_STEP_MIN:
        raise HistoryError(f"{name}: steps are {usual:g} min: expected 60 min or less")
    step = np.append(minutes, usual)
    # A day may have its own step (quarter-hours began in October 2025), a gap must not look like one.
    day = pd.DatetimeIndex(series.index).floor("D")
    by_day = pd.Series(step, index=series.index).groupby(day).transform("median").to_numpy()
    step = np.minimum(np.minimum(step, by_day), LONGEST_STEP_MIN)
    if end:
        series.index -= pd.to_timedelta(step, unit="m")
    series.index += pd.Timedelta(hours=offset_h)
    hour = pd.DatetimeIndex(series.index).floor("h")
    covered = pd.Series(np.where(np.isfinite(series.to_numpy()), step, 0.0), index=hour).groupby(level=0).sum()
    weighted = pd.Series(np.nan_to_num(series.to_numpy()) * step, index=hour).groupby(level=0).sum()
    hourly = (weighted / covered).where(covered > 0.99 * MIN_PER_H).asfreq("h").rename_axis(None)
    if usual < LONGEST_STEP_MIN:
        notes.append(f"steps of {usual:g} min are averaged to hours")
    absent = int(hourly.isna().sum())
    if absent:
        notes.append(f"{absent:,} of {len(hourly):,} hours are missing")
    return hourly, notes


def _named_clock(given: str, end: bool, file: str) -> Clock:
    from zoneinfo import ZoneInfo

    if given.upper() in ("UTC", "GMT", "Z"):
        return Clock("UTC", 0.0, end, "UTC as given")
    fixed = FIXED.fullmatch(given.strip())
    if fixed:
        hours = float(fixed[1])
        offset = hours + (float(fixed[2] or 0.0) / MIN_PER_H) * (-1.0 if fixed[1].startswith("-") else 1.0)
        return Clock("", offset, end, f"UTC{offset:+g} as given")
    try:
        ZoneInfo(given)
    except (KeyError, ValueError, OSError):
        text = "type UTC, UTC+1 or a name such as Europe/Stockholm"
        raise HistoryError(f"{file}: --times {given}: no such time zone; {text}") from None
    return Clock(given, 0.0, end, f"{given} as given")


def _format(text: pd.Series) -> str:
    """Format of stamps that are not empty: one for the whole column, so that no row is read in another order.

    Rows are taken from the whole column: the first days of a month do not tell 3/4 from 4/3.
    """
    import pandas as pd

    sample = text.iloc[:: max(1, len(text) // 20_000)]
    if not len(sample) or not bool(sample.iloc[:1].str.match(OTHER_ORDER.pattern).any()):
        return "ISO8601"
    slashed = sample.str.extract(SLASHED.pattern).astype(float)
    month_first = bool(slashed[0].notna().any()) and not bool((slashed[0] > 12).any())
    dates = ("%m/%d/%Y",) if month_first else ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d-%b-%Y")
    formats = [f"{date}{clock}" for date in dates for clock in CLOCKS]
    read = {form: int(pd.to_datetime(sample, errors="coerce", format=form).notna().sum()) for form in formats}
    return max(read, key=lambda form: read[form])


def _parse(table: Table, column: str) -> tuple[pd.DatetimeIndex, bool]:
    """Stamps without zone, and whether they carried one (then they are UTC)."""
    import pandas as pd

    cells = table.frame[column]
    if pd.api.types.is_datetime64_any_dtype(cells):
        index = pd.DatetimeIndex(cells)
        return (index.tz_convert("UTC").tz_localize(None), True) if index.tz is not None else (index, False)
    text = cells.astype("string").fillna("").str.strip().str.replace(RANGE.pattern, "", regex=True)
    # pandas reads words such as "now" and "today" as times: a stamp has a digit
    text = text.where(text.str.contains(r"\d", regex=True) | (text == ""), "not a time")
    zoned = text.str.contains(ZONED.pattern, regex=True).to_numpy(dtype=bool)
    filled = (text != "").to_numpy(dtype=bool)
    aware = bool(zoned.any())
    if aware and not zoned[filled].all():
        odd = int(np.flatnonzero(filled & ~zoned)[0])
        raise table.refuse(odd, column, "a time with its offset from UTC, such as Z or +01:00, as other rows have")
    try:
        times = pd.to_datetime(text, errors="coerce", utc=aware, format=_format(text[filled]))
    except ValueError:  # offsets in ways of writing that only pandas knows, in some of the rows
        strange = text.str.contains(ODD_OFFSET.pattern, regex=True).to_numpy(dtype=bool) & filled
        row = int(np.flatnonzero(strange if strange.any() else filled)[0])
        raise table.refuse(row, column, "a time without an offset, or with one such as Z or +01:00") from None
    wrong = np.flatnonzero((pd.isna(times) & (text != "")).to_numpy(dtype=bool))
    if len(wrong):
        raise table.refuse(int(wrong[0]), column, "a time such as 2024-01-31T13:00 or 31.01.2024 13:00")
    index = pd.DatetimeIndex(times)
    return (index.tz_localize(None), True) if aware else (index, False)

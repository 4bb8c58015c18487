"""Logs of interruptions as users have them: start, end or duration, cause, and what is known of the observation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distributions.clock import S_PER_MIN
from distributions.fit_durations import Durations
from distributions.table_reading import HistoryError, Table, read_table
from distributions.time_reading import find_clock, read_times

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LogRequest", "OutageLog", "read_outage_log"]

EVENT = r"(outage|interruption|event|fault|störungs?|stoerungs?|ausfall)[ _]?"
START = (
    rf"({EVENT})?(start|begin|beginn|off)([ _/].*)?|from|von|{EVENT}date.*|time_?off|off_?time|date_?off",
    r"start.*|begin.*|utc.*|time.*|date.*|datum.*",
)
END = (
    rf"({EVENT})?(end|ende|stop)([ _/].*)?|restor.*|to|bis|time_?on|on_?time|date_?on|{EVENT}(cleared|restored).*",
    r"end.*|stop.*",
)
DURATION = (
    r"duration.*|dauer.*",
    rf"(({EVENT})?(minutes|hours|seconds|min|hrs?|dauer|length|duration).*)|length.*|minutes|hours|seconds",
)
CAUSE = (r"cause|cause_category|reason|category|event_type|type|ursache|grund", r"cause[ _]?(code|category|name)")
SITE = (r"meter|site|feeder|substation|station|asset",)
CUSTOMERS = (r"customers_affected|customers_max|customers|affected_customers|customers[ _](interrupted|out)",)
LATE, LATE_FLAG, CENSORED = (r"first_seen_delay.*",), (r"left_truncated",), (r"right_censored|censored|ongoing",)
UNITS_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes", "minuten"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "stunden", "std"), 3600.0),
}
CLOCKED = re.compile(r"\d+:[0-5]\d(:[0-5]\d(\.\d+)?)?")
"""A duration as 1:30 (hours and minutes) or 1:30:00."""

OPEN_WORDS = ("ongoing", "open", "active", "still out", "in progress", "not restored", "offen", "andauernd")
OPEN_DAYS = 60.0
"""An event without an end this close to the log's last stamp is taken as still going on."""

LEAST_EVENTS = 5
S_PER_YEAR = 365.25 * 86400.0
LONGEST_S = 2.0 * S_PER_YEAR
"""The longest interruption ever restored took 11 months (Puerto Rico 2017, memory); longer is a typing error."""
LEAST_FOR_GAP, MOST_MEAN_GAPS = 10, 30.0
"""A last event further off than this many mean gaps comes by chance with probability exp(-30)."""


@dataclass(frozen=True)
class LogRequest:
    """What the user says about a log; None where it is to be found out.

    Parameters
    ----------
    path : Path
    start_column, end_column, duration_column, cause_column, site_column, customers_column : str or None
    duration_unit : str or None
        s, min or h; from the column's name by default.
    times : str or None
    observed_from, observed_to : str or None
        Dates between which every interruption would be in the log; first and last event by default.
    sites : float or None
        Places observed; the number of names in the site column by default, else 1.
    customers_served : float or None
        Given, events count by the customers they reached: rates are means over customers.
    leave_out : tuple of str
        Causes that do not count, such as planned work.
    observed_years : float or None
        Years of observation where the log has gaps; the time between the two dates by default.
    """

    path: Path
    start_column: str | None = None
    end_column: str | None = None
    duration_column: str | None = None
    cause_column: str | None = None
    site_column: str | None = None
    customers_column: str | None = None
    duration_unit: str | None = None
    times: str | None = None
    observed_from: str | None = None
    observed_to: str | None = None
    sites: float | None = None
    customers_served: float | None = None
    leave_out: tuple[str, ...] = ("planned",)
    observed_years: float | None = None


@dataclass(frozen=True)
class OutageLog:
    """Interruptions with their exposure.

    Parameters
    ----------
    start : DatetimeIndex
        Local or UTC, as in the file.
    durations : Durations
        ``weight`` is 1, or the customers reached over the customers served.
    cause : (n,) array of str
    first, last : Timestamp
        Ends of the observation.
    observed_years : float
    sites : float
        Site-years = observed_years times sites.
    notes : list of str
    """

    start: pd.DatetimeIndex
    durations: Durations
    cause: np.ndarray
    first: pd.Timestamp
    last: pd.Timestamp
    observed_years: float
    sites: float
    notes: list[str]

    @property
    def exposure_years(self) -> float:
        """Site-years of observation."""
        return self.observed_years * self.sites


def read_outage_log(request: LogRequest) -> OutageLog:
    """Read a log of interruptions.

    Raises
    ------
    HistoryError
        If the log cannot be read; the row and what was expected are named.
    """
    import pandas as pd

    first, last = _stated_window(request)
    table = read_table(request.path)
    start_name = table.need(request.start_column, START, "the start", "--start-column")
    start, notes = _times(table, start_name, request)
    seconds, still_open, told = _durations(table, request, start)
    notes += [f"starts from column {start_name}", *told]
    cause_name = table.find(request.cause_column, CAUSE, "the cause", "--cause-column")
    cause = (
        np.full(len(start), "all", dtype=object)
        if cause_name is None
        else table.frame[cause_name].astype(str).str.strip().replace("", "not stated").to_numpy(dtype=object)
    )
    entry, censored = _observation(table, seconds, notes)
    censored |= still_open
    weight, sites = _weights(table, request, notes)
    kept = ~pd.isna(start) & np.isfinite(seconds) & (seconds > 0.0) & np.isfinite(weight) & (weight > 0.0)
    out = np.isin(np.char.lower(cause.astype(str)), [word.lower() for word in request.leave_out])
    if out.any():
        notes.append(f"{int(out.sum()):,} events left out by cause: {', '.join(request.leave_out)}")
    lost = int((~kept & ~out).sum())
    if lost:
        notes.append(f"{lost:,} events have no start, no duration above zero, or reached nobody; they are left out")
    kept &= ~out
    one_site = sites == 1.0 and request.customers_served is None
    if one_site:
        kept &= ~_repeated(table, kept, notes)
    if kept.sum() < LEAST_EVENTS:
        count = int(kept.sum())
        raise HistoryError(
            f"{table.name}: {count} event{'s' * (count != 1)} remain: a fit needs at least {LEAST_EVENTS}"
        )
    if last is None:
        _check_gap(table, start_name, start, kept)
    first, last = first or start[kept].min(), last or start[kept].max()
    kept &= np.asarray((start >= first) & (start <= last))
    if kept.sum() < LEAST_EVENTS or not last > first:
        text = f"{int(kept.sum())} events from {first:%Y-%m-%d} to {last:%Y-%m-%d}: a fit needs at least {LEAST_EVENTS}"
        raise HistoryError(f"{table.name}: {text}, and more than one moment: are the dates of the observation right?")
    if not (request.observed_from and request.observed_to):
        notes.append(f"observed from {first:%Y-%m-%d} to {last:%Y-%m-%d}, first to last event: say --observed-from/-to")
    years = request.observed_years or (last - first).total_seconds() / S_PER_YEAR
    if one_site:
        _tell_overlaps(start[kept], seconds[kept], notes)
    durations = Durations(seconds, entry, censored, weight).chosen(kept)
    return OutageLog(pd.DatetimeIndex(start[kept]), durations, cause[kept], first, last, years, sites, notes)


def _stated_window(request: LogRequest) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Dates of the observation that were typed, and a check of the numbers typed with them."""
    import pandas as pd

    for option, value in (("--sites", request.sites), ("--observed-years", request.observed_years)):
        if value is not None and not value > 0.0:
            raise HistoryError(f"{option} {value:g}: must be above 0")
    found: list[pd.Timestamp | None] = []
    for option, text in (("--observed-from", request.observed_from), ("--observed-to", request.observed_to)):
        try:
            # a date alone; words such as "yesterday" would make the same command differ from day to day
            found.append(None if not text else pd.to_datetime(text, format="ISO8601").tz_localize(None))
        except ValueError:
            raise HistoryError(f"{option} {text}: type a date such as 2015-01-31") from None
    first, last = found
    if first is not None and last is not None and not first < last:
        raise HistoryError(f"--observed-from {first:%Y-%m-%d}: must be before --observed-to {last:%Y-%m-%d}")
    return first, last


def _check_gap(table: Table, name: str, start: pd.DatetimeIndex, kept: np.ndarray) -> None:
    """Refuse a last event far from the rest: a mistyped year would spread the events over decades."""
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(start[rows].to_numpy(), kind="stable")]
    years = (start[rows] - start[rows[0]]).total_seconds().to_numpy() / S_PER_YEAR
    gap = years[-1] - years[-2]
    if len(rows) >= LEAST_FOR_GAP and gap > 1.0 and gap > MOST_MEAN_GAPS * years[-2] / (len(rows) - 2):
        expected = f"a time near the others: the one before it is {start[rows[-2]]:%Y-%m-%d}; if it is right, say "
        raise table.refuse(int(rows[-1]), name, f"{expected}--observed-to")


def _times(table: Table, name: str, request: LogRequest) -> tuple[pd.DatetimeIndex, list[str]]:
    """Stamps as they are where the zone does not matter; seasons bear an hour."""
    try:
        clock = find_clock(table, name, request.times, False)
    except HistoryError:
        if request.times is not None:
            raise
        clock = find_clock(table, name, "UTC", False)
    start, _, notes = read_times(table, name, clock)
    return start, notes


def _durations(table: Table, request: LogRequest, start: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Seconds of each event, whether it was still going on, and how they were read."""
    name = table.find(request.duration_column, DURATION, "the duration", "--duration-column")
    end_name = table.find(request.end_column, END, "the end", "--end-column")
    if name is not None and request.end_column is None:
        seconds, told = _stated_durations(table, request, name)
        return seconds, np.zeros(len(seconds), dtype=bool), [told]
    if end_name is None:
        names = ", ".join(map(str, table.frame.columns))
        raise HistoryError(
            f"{table.name}: no column looks like the end or the duration; type --end-column or --duration-column with "
            f"one of: {names}"
        )
    return _until(table, request, start, end_name)


def _stated_durations(table: Table, request: LogRequest, name: str) -> tuple[np.ndarray, str]:
    """Durations of a column: numbers in the unit that was typed or named, spans of time, or 1:30:00."""
    import pandas as pd

    cells = table.frame[name]
    if pd.api.types.is_timedelta64_dtype(cells):
        return cells.dt.total_seconds().to_numpy(dtype=np.float64), f"durations from column {name}"
    text = cells.astype("string").fillna("").str.strip()
    filled = text[text != ""]
    if len(filled) and filled.head(200).str.fullmatch(CLOCKED.pattern).mean() > 0.5:
        wrong = np.flatnonzero((~text.str.fullmatch(CLOCKED.pattern) & (text != "")).to_numpy(dtype=bool))
        if len(wrong):
            raise table.refuse(int(wrong[0]), name, "hours:minutes or hours:minutes:seconds")
        parts = (
            text.where(text != "").str.split(":", expand=True).astype(float).to_numpy(dtype=np.float64, na_value=np.nan)
        )
        scale = np.array([3600.0, 60.0, 1.0])[: parts.shape[1]]
        seconds = np.where(np.isnan(parts[:, 0]), np.nan, np.nansum(parts * scale, axis=1))
        return seconds, f"durations from column {name} as hours:minutes"
    words = reversed([word for word in re.split(r"[^a-z]+", name.lower()) if word])
    unit = request.duration_unit or next((word for word in words if word in UNITS_S), None)
    if unit not in UNITS_S:
        raise HistoryError(f"{table.name}: column {name} does not name its unit: type --duration-unit s, min or h")
    seconds = table.numbers(name, low=0.0, high=LONGEST_S / UNITS_S[unit], unit=unit) * UNITS_S[unit]
    return seconds, f"durations from column {name} in {unit}"


def _until(
    table: Table, request: LogRequest, start: pd.DatetimeIndex, name: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Durations from start to end; an event that has not ended lasts at least until the log does."""
    import pandas as pd

    told = [f"durations from column {name} less the start"]
    cells = table.frame[name]
    going = np.zeros(len(start), dtype=bool)
    if not pd.api.types.is_datetime64_any_dtype(cells):
        text = cells.astype("string").fillna("").str.strip()
        going = text.str.lower().isin(OPEN_WORDS).to_numpy(dtype=bool)
        table = Table(table.frame.assign(**{name: text.where(~going, "")}), table.name, table.first_line)
    end, _ = _times(table, name, request)
    stamps = pd.DatetimeIndex([*start.dropna(), *end.dropna()])
    last = pd.Timestamp(request.observed_to) if request.observed_to else stamps.max()
    late = np.asarray((last - start).total_seconds() < OPEN_DAYS * 86400.0) & pd.isna(end)
    going = (going | late) & ~pd.isna(start)
    seconds = (end - start).total_seconds().to_numpy(dtype=np.float64, copy=True)
    wrong = np.flatnonzero(seconds < 0.0)
    if len(wrong):
        raise table.refuse(int(wrong[0]), name, f"a time at or after the start {start[wrong[0]]}")
    if going.any():
        seconds[going] = (last - start[going]).total_seconds()
        told.append(f"{int(going.sum()):,} events without an end had not ended at {last:%Y-%m-%d}: at least that long")
    return seconds, going, told


def _repeated(table: Table, kept: np.ndarray, notes: list[str]) -> np.ndarray:
    """Events that stand in the log twice, alike in every column but a running number."""
    running = [name for name in table.frame.columns if re.search(r"(^|[ _])(id|no|nr|number)$", str(name).lower())]
    twice: np.ndarray = table.frame.drop(columns=running).astype(str).duplicated().to_numpy() & kept
    if twice.any():
        notes.append(f"{int(twice.sum()):,} rows stand twice, alike in every column; one is kept")
    return twice


def _tell_overlaps(start: pd.DatetimeIndex, seconds: np.ndarray, notes: list[str]) -> None:
    """One site cannot lose its grid again while it is gone."""
    order = np.argsort(start.to_numpy())
    begin = (start[order] - start[order][0]).total_seconds().to_numpy(dtype=np.float64)
    finish = np.maximum.accumulate(begin + seconds[order])
    count = int((begin[1:] < finish[:-1]).sum())
    if count:
        notes.append(
            f"events that begin before an earlier one has ended: {count:,}; the log is not one site's (say --sites or "
            "--customers-served), or tells some interruptions in parts, which then count as several"
        )


def _observation(table: Table, seconds: np.ndarray, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Age at entry [s] and whether the end was not seen."""
    entry, censored = np.zeros(len(seconds)), np.zeros(len(seconds), dtype=bool)
    late, flag = (table.find(None, names, "", "") for names in (LATE, LATE_FLAG))
    if late is not None and flag is not None:
        begun = table.numbers(flag) > 0.5
        entry = np.where(begun, np.clip(table.numbers(late) * S_PER_MIN, 0.0, 0.999 * seconds), 0.0)
        notes.append(f"{int(begun.sum()):,} events began before they could be seen: counted from when they were")
    open_end = table.find(None, CENSORED, "", "")
    if open_end is not None:
        censored = table.numbers(open_end) > 0.5
        notes.append(f"{int(censored.sum()):,} events had not ended when last seen: they count as at least that long")
    return np.nan_to_num(entry), censored


def _weights(table: Table, request: LogRequest, notes: list[str]) -> tuple[np.ndarray, float]:
    count = len(table.frame)
    if request.customers_served is not None:
        name = table.need(request.customers_column, CUSTOMERS, "the customers reached", "--customers-column")
        notes.append(f"events count by {name} of {request.customers_served:,.0f} customers: a mean over customers")
        return table.numbers(name, low=0.0) / request.customers_served, 1.0
    if request.sites is not None:
        return np.ones(count), request.sites
    site = table.find(request.site_column, SITE, "the site", "--site-column")
    if site is None:
        notes.append("one site observed (say --sites, or --customers-served, if the log holds more)")
        return np.ones(count), 1.0
    names = table.frame[site].nunique()
    notes.append(f"{names} sites by column {site}; sites without an interruption are not in it: say --sites")
    return np.ones(count), float(names)

"""Events a user gives instead of drawn ones: a CSV of outages and sags, read with every problem named by row.

Time is that of the run: years of 8,760 hours without a leap day, local standard time. A time stamp without an offset is
local standard time of the site; one with an offset (2017-04-06T08:10+02:00) is converted to it.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.clock import DAYS_PER_YEAR, FIRST_DAY_OF_MONTH, HOURS_PER_DAY, HOURS_PER_YEAR, MIN_PER_H, S_PER_H
from distributions.input_files import read_bytes
from riskmodel.csv_table import MOST_BYTES, CsvTable, read_csv_table
from riskmodel.quantities import CAUSES
from riskmodel.study.problems import nearest

if TYPE_CHECKING:
    from distributions.given_outages import GivenTables
    from riskmodel.study import Study

__all__ = [
    "COLUMNS",
    "MOST_EVENTS_A_YEAR",
    "GivenEvent",
    "GivenEvents",
    "added_tables",
    "given_tables",
    "read_given_events",
]

DURATIONS = {"duration_h": 1.0, "duration_min": 1.0 / MIN_PER_H, "duration_s": 1.0 / S_PER_H}
"""Column of a duration -> hours in its unit."""
COLUMNS = ("year", "hour", "start", "end", *DURATIONS, "family", "residual_voltage", "note")
MOST_EVENTS_A_YEAR = 640
"""What the engine holds for one path and year, see `riskmodel.engine.state.EVENTS_A_LANE_YEAR`."""
NUMBERS_A_YEAR = 1024
"""Stride of the event number between years, as of drawn events."""
MOMENTARY_LIMIT_S = 180.0
"""Interruptions up to this are momentary (EN 50160: short interruptions up to 3 min)."""
EXTREME_LIMIT_H = 24.0
"""Longer interruptions are called extreme where the file does not say: judgement; only the name depends on it."""
LONGEST_H = float(HOURS_PER_YEAR)
STAMP = "a time such as 2017-04-06 19:49 (local standard time) or 2017-04-06T19:49+02:00"
SAG = CAUSES.index("sag")


class GivenEvent(NamedTuple):
    """One event: `year` of the run from 1, `hour` of that year, `duration_h`, `family`, `residual_voltage` (share)."""

    year: int
    hour: float
    duration_h: float
    family: str
    residual_voltage: float

    @property
    def start_h(self) -> float:
        """Hour of the run."""
        return (self.year - 1) * HOURS_PER_YEAR + self.hour


class GivenEvents(NamedTuple):
    """Events of a file, in order of time.

    Attributes
    ----------
    file : str
        Name of the file, without its folder.
    sha256 : str
        Of its bytes.
    raw : bytes
    events : tuple of GivenEvent
    """

    file: str
    sha256: str
    raw: bytes
    events: tuple[GivenEvent, ...]

    def text(self) -> str:
        """How many events of which family there are, in words."""
        counts = {name: sum(event.family == name for event in self.events) for name in CAUSES}
        return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def read_given_events(path: str | Path, years: int, utc_offset_h: float) -> GivenEvents:
    """Read a CSV of events.

    Parameters
    ----------
    path : path
        Columns: `start` (ISO time) or `year` (of the run, from 1) and `hour` (of the year); one of `duration_h`,
        `duration_min`, `duration_s`, `end`; where wanted `family`, `residual_voltage` (share, for sags) and `note`
        (not read). With `start` and without `year` the first calendar year of the file is year 1 of the run. Without
        a family, a residual voltage above 0 makes a sag, and an interruption is momentary up to 3 min, extreme beyond
        24 h, else sustained.
    years : int
        Years of the run.
    utc_offset_h : float
        Local standard time minus UTC [h].

    Returns
    -------
    GivenEvents

    Raises
    ------
    StudyError
        With all problems of the file together.
    """
    table = read_csv_table(path)
    table.check_columns(COLUMNS, [])
    if not table.has("start"):
        if not (table.has("year") and table.has("hour")):
            text = f"must have start, or year and hour. Found: {table.heading()}"
            table.file_problem("columns", text)
    elif table.has("hour"):
        table.file_problem("column hour", "not beside start: type either start, or year and hour")
    found = [name for name in (*DURATIONS, "end") if table.has(name)]
    if len(found) != 1:
        have = f"has {' and '.join(found)}" if found else "has no duration"
        table.file_problem("columns", f"{have}; type one of {', '.join(DURATIONS)} or end")
    most = MOST_EVENTS_A_YEAR * years
    if len(table) > most:
        table.file_problem("", f"has {len(table):,} rows; a run of {years} years takes at most {most:,} events")
    table.finish()
    rows = _rows(table, found[0], years, utc_offset_h)
    table.finish()
    _check_together(table, rows)
    table.finish()
    raw = read_bytes(path, MOST_BYTES)
    events = tuple(sorted(rows, key=lambda event: event.start_h))
    return GivenEvents(Path(path).name, hashlib.sha256(raw).hexdigest(), raw, events)


def given_tables(given: GivenEvents | None, years: int) -> GivenTables:
    """Events of a file for the engine: one list for all paths."""
    from distributions.given_outages import INSTEAD, nothing_given

    return nothing_given() if given is None else _tables(given.events, years, INSTEAD, 0)


def added_tables(events: Sequence[GivenEvent], study: Study) -> GivenTables:
    """Events that come beside those of a study, drawn or given, for the engine.

    Raises
    ------
    ValueError
        If an event is in a year that the study does not have, or begins before another given one has ended.
    """
    from distributions.given_outages import BESIDE, INSTEAD

    years, given = study.header.years, study.given_events()
    late = [event.year for event in events if event.year > years]
    if late:
        raise ValueError(f"an event in year {max(late)}: the study ends with year {years}")
    together = sorted([*events, *(given.events if given is not None else ())], key=lambda event: event.start_h)
    for before, after in itertools.pairwise(together):
        if after.start_h < before.start_h + before.duration_h - 1.0 / S_PER_H:
            text = f"year {after.year}, hour {after.hour:g}: begins before the event before it has ended"
            raise ValueError(f"an event in {text}; make one event of them")
    if given is None:
        return _tables(together, years, BESIDE, MOST_EVENTS_A_YEAR)
    return _tables(together, years, INSTEAD, 0)


def _tables(events: Sequence[GivenEvent], years: int, on: int, first_number: int) -> GivenTables:
    """`first_number` keeps the draws of added events apart from those of drawn ones."""
    from distributions.given_outages import GivenTables

    records = np.zeros((1, max(len(events), 1), 5))
    counts = np.zeros((years, len(CAUSES)), np.int64)
    for k, event in enumerate(events):
        year, family = event.year - 1, CAUSES.index(event.family)
        number = year * NUMBERS_A_YEAR + first_number + counts[year, family]
        records[0, k] = event.hour, event.duration_h, family, event.residual_voltage, number
        counts[year, family] += 1
    first = np.concatenate([[0], np.cumsum(counts.sum(axis=1))])
    return GivenTables(np.array([on], np.int64), records, first[None, :].astype(np.int64))


def _rows(table: CsvTable, duration: str, years: int, utc_offset_h: float) -> list[GivenEvent]:
    places = _from_stamps(table, years, utc_offset_h) if table.has("start") else _from_numbers(table, years)
    ends = _stamps(table, "end", utc_offset_h) if duration == "end" else None
    starts = _stamps(table, "start", utc_offset_h) if ends is not None and table.has("start") else None
    if ends is not None and starts is None:
        table.file_problem("column end", "goes with start; type a duration, e.g. duration_h, beside year and hour")
    found = []
    for i, (year, hour) in enumerate(places):
        if duration == "end":
            hours = _between(table, i, starts, ends)
        else:
            per_hour = 1.0 / DURATIONS[duration]
            example = f"a duration above 0 and of at most {LONGEST_H * per_hour:,.0f}"
            hours = table.number(i, duration, example, above=0.0, most=LONGEST_H * per_hour) * DURATIONS[duration]
        voltage = _voltage(table, i)
        found.append(GivenEvent(year, hour, hours, _family(table, i, hours, voltage), voltage))
    return found


def _from_numbers(table: CsvTable, years: int) -> list[tuple[int, float]]:
    hint = f"an hour of the year, 0 to below {HOURS_PER_YEAR:,}"
    below = math.nextafter(float(HOURS_PER_YEAR), 0.0)
    return [(_year(table, i, years), table.number(i, "hour", hint, least=0.0, most=below)) for i in range(len(table))]


def _year(table: CsvTable, i: int, years: int) -> int:
    hint = f"a whole year of the run, 1 to {years}"
    value = table.number(i, "year", hint, least=1.0, most=float(years))
    if math.isfinite(value) and value != int(value):
        table.problem(i, "year", f"type {hint}")
    return int(value) if math.isfinite(value) else 1


def _from_stamps(table: CsvTable, years: int, utc_offset_h: float) -> list[tuple[int, float]]:
    stamps = _stamps(table, "start", utc_offset_h)
    first = min((stamp.year for stamp in stamps if stamp is not None), default=0)
    found = []
    for i, stamp in enumerate(stamps):
        if stamp is None:
            found.append((1, 0.0))
            continue
        year = _year(table, i, years) if table.has("year") else stamp.year - first + 1
        if year > years:
            text = f"is in year {year} of the run, which has {years}: begin later, or add a column year (1 to {years})"
            table.problem(i, "start", text)
        if (stamp.month, stamp.day) == (2, 29):
            table.problem(i, "start", "a year of the run has no 29 February; type 28 February or 1 March")
            continue
        day = int(FIRST_DAY_OF_MONTH[stamp.month - 1]) + stamp.day - 1
        within = (stamp.hour * MIN_PER_H + stamp.minute) / MIN_PER_H
        hour = day % DAYS_PER_YEAR * HOURS_PER_DAY + within + (stamp.second + stamp.microsecond * 1e-6) / S_PER_H
        found.append((year, hour))
    return found


def _stamps(table: CsvTable, column: str, utc_offset_h: float) -> list[datetime.datetime | None]:
    """Local standard times of a column; None, with a problem noted, where a cell is none."""
    found: list[datetime.datetime | None] = []
    for i, text in enumerate(table.texts(column)):
        try:
            stamp = datetime.datetime.fromisoformat(text)
            if stamp.tzinfo is not None:
                stamp = stamp.astimezone(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(hours=utc_offset_h)
        except (ValueError, OverflowError):
            table.problem(i, column, f"type {STAMP}")
            stamp = None
        found.append(stamp)
    return found


def _between(
    table: CsvTable, i: int, starts: list[datetime.datetime | None] | None, ends: list[datetime.datetime | None] | None
) -> float:
    start, end = starts[i] if starts else None, ends[i] if ends else None
    if start is None or end is None:
        return math.nan
    hours = (end - start).total_seconds() / S_PER_H
    if not 0.0 < hours <= LONGEST_H:
        table.problem(i, "end", f"must be after start {start.isoformat(sep=' ')} and within 8,760 h of it")
    return hours


def _voltage(table: CsvTable, i: int) -> float:
    if not table.cell(i, "residual_voltage"):
        return 0.0
    hint = "the voltage that remains, as a share of nominal from 0 to 1, or leave it empty"
    return table.number(i, "residual_voltage", hint, least=0.0, most=1.0)


def _family(table: CsvTable, i: int, duration_h: float, voltage: float) -> str:
    text = table.cell(i, "family")
    if not text:
        if voltage > 0.0:
            return "sag"
        return _interruption(duration_h)
    if text not in CAUSES:
        near = nearest(text.lower(), CAUSES)
        hint = f"did you mean {near}?" if near else "leave it empty to have it from the duration"
        table.problem(i, "family", f"type one of {', '.join(CAUSES)}; {hint}")
        return "sustained"
    if text == "sag" and not table.cell(i, "residual_voltage"):
        table.problem(i, "residual_voltage", "a sag needs the voltage that remains, as a share of nominal, e.g. 0.7")
    elif text != "sag" and voltage > 0.0:
        table.problem(i, "residual_voltage", f"is for sags; type 0 or nothing for {text}, or sag as the family")
    return text


def _interruption(duration_h: float) -> str:
    if duration_h * S_PER_H <= MOMENTARY_LIMIT_S:
        return "momentary"
    return "extreme" if duration_h > EXTREME_LIMIT_H else "sustained"


def _check_together(table: CsvTable, rows: list[GivenEvent]) -> None:
    """Events must follow each other, and not too many may fall in one year."""
    starts: NDArray[np.float64] = np.array([event.start_h for event in rows])
    order = np.argsort(starts, kind="stable")
    column = "start" if table.has("start") else "hour"
    for before, after in itertools.pairwise(order):
        end = starts[before] + rows[before].duration_h
        if starts[after] < end - 1.0 / S_PER_H:
            text = f"begins before the event of row {table.lines[before]} has ended; make one event of them"
            table.problem(int(after), column, text)
    by_year = np.bincount([event.year for event in rows])
    for year in np.flatnonzero(by_year > MOST_EVENTS_A_YEAR):
        text = f"year {year} has {by_year[year]:,} events; a year takes at most {MOST_EVENTS_A_YEAR}"
        table.file_problem("", text)

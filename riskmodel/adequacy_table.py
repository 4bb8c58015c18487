"""Units and load of an adequacy study from CSV files as people have them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from distributions.clock import HOURS_PER_YEAR
from riskmodel.adequacy import Units
from riskmodel.csv_table import CsvTable, read_csv_table

__all__ = ["check_hours", "columns_of", "read_load", "read_units", "read_units_by_area", "unit_row"]

NAMES = {
    "mw": ("mw", "unit_mw", "capacity_mw", "pmax_mw", "p_max_mw"),
    "failures_per_year": ("failures_per_year", "failures_per_yr", "failure_rate_per_year"),
    "repair_hours": ("repair_hours", "mttr_h", "mttr_hours", "mttr", "mean_time_to_repair_h", "repair_h"),
    "forced_outage_rate": ("forced_outage_rate", "for", "unavailability", "for_rounded"),
    "mttf_hours": ("mttf_hours", "mttf_h", "mttf", "mean_time_to_failure_h", "mttf_h_rounded"),
    "count": ("count", "n", "n_units", "number", "units"),
}
"""Meaning of a column by its name, in lower case."""
LABELS = ("name", "unit", "type", "bus", "fuel", "note")
"""Columns that only describe."""
AREA_NAMES = ("area", "region", "zone")
TIME_NAMES = ("hour", "time", "timestamp", "datetime", "utc", "time_utc", "date", "day", "hour_start", "period")
"""Columns of a load that say when, in lower case."""
RESTARTS = {(23, 0), (24, 1), (8759, 0), (8783, 0), (8760, 1), (8784, 1)}
"""Last hour of a day or year and the first of the next."""
LOAD_NAMES = ("load_mw", "load", "mw", "demand_mw", "demand")
ROUNDING = 0.05
"""Largest disagreement of three figures that determine each other twice."""
MOST_UNITS = 65_536
TYPED = {
    "mw": "a capacity in MW, 0 or more, e.g. 40",
    "failures_per_year": "failures per year up, 0 or more, e.g. 6",
    "repair_hours": "hours above 0, e.g. 45",
    "forced_outage_rate": "a share from 0 to below 1, e.g. 0.03",
    "mttf_hours": "hours above 0, e.g. 1460",
    "count": "a whole number from 1 to 65536, e.g. 2",
}


def read_units(path: str | Path) -> tuple[Units, list[str]]:
    """Read a list of units; arguments, result and errors as of `read_units_by_area`, without the areas."""
    units, _, notes = read_units_by_area(path)
    return units, notes


def read_units_by_area(path: str | Path) -> tuple[Units, list[str], list[str]]:
    """Read a list of units.

    Parameters
    ----------
    path : path
        CSV with ``mw`` and two of ``failures_per_year`` (or ``mttf_hours``), ``repair_hours`` and
        ``forced_outage_rate``; ``count`` repeats a row; ``area`` says where it is. Of all three, repair hours are
        taken as the rounded one.

    Returns
    -------
    Units
    list of str
        The area of each unit; empty where the file has none.
    list of str
        What the reader should know.

    Raises
    ------
    StudyError
    """
    table = read_csv_table(path)
    columns = columns_of(table, {"area": AREA_NAMES})
    rows = [unit_row(table, i, columns) for i in range(len(table))]
    areas = table.texts(columns["area"]) if "area" in columns else [""] * len(table)
    _check_names(table, columns, areas)
    table.finish()
    count = [row[0] for row in rows]
    if sum(count) > MOST_UNITS:
        table.file_problem(columns.get("count", "units"), f"{sum(count):,} units in all: at most {MOST_UNITS:,}")
        table.finish()
    numbers = np.repeat(np.array([row[1:4] for row in rows]).T, count, axis=1)
    notes = []
    if "forced_outage_rate" in columns and "repair_hours" in columns and any(row[4] for row in rows):
        notes.append("repair times follow from forced outage rates and failure rates; repair hours given are rounded")
    of_each = [area for area, n in zip(areas, count, strict=True) for _ in range(n)] if "area" in columns else []
    return Units(*numbers), of_each, notes


def _check_names(table: CsvTable, columns: dict[str, str], areas: list[str]) -> None:
    """Note units without an area where others have one, and names that come twice in an area."""
    if "area" in columns:
        for i, area in enumerate(areas):
            if not area:
                table.problem(i, columns["area"], "type the area of this unit, as the load file names it")
    label = next((column for column in table.columns if column.lower() == "name"), None)
    seen: set[tuple[str, str]] = set()
    for i, name in enumerate(table.texts(label) if label else []):
        if name and (areas[i], name) in seen:
            table.problem(i, label or "", "comes twice: type another name, or count = 2 in one row")
        seen.add((areas[i], name))


def columns_of(table: CsvTable, more: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The file's column of each meaning: those of a unit, and some more.

    Parameters
    ----------
    table : CsvTable
    more : dict
        Names, in lower case, of further meanings.
    """
    names = {**NAMES, **more}
    found: dict[str, str] = {}
    unknown = []
    for column in table.columns:
        meaning = next((key for key, known in names.items() if column.lower() in known), None)
        if meaning is None:
            if column.lower() not in LABELS:
                unknown.append(column or "(without a name)")
        elif meaning in found:
            table.file_problem(f"column {column}", f"means the same as {found[meaning]}: keep one of them")
        else:
            found[meaning] = column
    if unknown:
        known = ", ".join([*names, "name"])
        table.file_problem("unknown columns", f"{', '.join(unknown)}; known are {known}")
    if "mw" not in found:
        table.file_problem("column mw", f"missing; the first row must name it. Found: {table.heading()}")
    if "failures_per_year" in found and "mttf_hours" in found and "forced_outage_rate" in found:
        del found["mttf_hours"]
    given = [key for key in ("failures_per_year", "mttf_hours", "repair_hours", "forced_outage_rate") if key in found]
    if len(given) < 2 or given == ["failures_per_year", "mttf_hours"]:
        text = "are needed: failures_per_year (or mttf_hours), and repair_hours or forced_outage_rate"
        table.file_problem("two columns", f"{text}. Found: {table.heading()}")
    table.finish()
    return found


def _cell(table: CsvTable, i: int, columns: dict[str, str], key: str) -> float:
    """A cell as a number; infinite where the file does not give it."""
    column = columns.get(key)
    if column is None or not table.cell(i, column):
        return math.inf
    limits: dict[str, float] = {"above": 0.0} if key in ("repair_hours", "mttf_hours") else {"least": 0.0}
    value = table.number(i, column, TYPED[key], **limits)
    if key == "forced_outage_rate" and value >= 1.0:
        table.problem(i, column, f"type {TYPED[key]}")
        return math.nan
    return value


def unit_row(table: CsvTable, i: int, columns: dict[str, str]) -> tuple[int, float, float, float, bool]:
    """Count, MW, failures and repairs per hour, and whether repair hours gave way to the forced outage rate."""
    count = _cell(table, i, columns, "count")
    count = 1.0 if math.isinf(count) else count
    if not (1.0 <= count <= MOST_UNITS and count == math.floor(count)):
        table.problem(i, columns["count"], f"type {TYPED['count']}")
    mw = _cell(table, i, columns, "mw")
    if math.isinf(mw):
        table.problem(i, columns["mw"], f"type {TYPED['mw']}")
    failure = _cell(table, i, columns, "failures_per_year") / HOURS_PER_YEAR
    mttf = _cell(table, i, columns, "mttf_hours")
    hours = _cell(table, i, columns, "repair_hours")
    rate = _cell(table, i, columns, "forced_outage_rate")
    if math.isnan(count + mw + failure + mttf + hours + rate):
        return 1, mw, math.nan, math.nan, False
    if not math.isinf(mttf):
        if not math.isinf(failure) and abs(failure * mttf - 1.0) > ROUNDING:
            own_h = 1.0 / failure if failure else math.inf
            text = f"contradicts {columns['failures_per_year']}, which gives {own_h:.6g} h"
            table.problem(i, columns["mttf_hours"], f"{text}: type that, or leave one of them out")
        failure = 1.0 / mttf if math.isinf(failure) else failure
    return (int(count), mw, *_rates(table, i, columns, failure, hours, rate))


def _rates(
    table: CsvTable, i: int, columns: dict[str, str], failure: float, hours: float, rate: float
) -> tuple[float, float, bool]:
    """Failures and repairs per hour from two or three of failure rate, repair hours, outage rate (inf: not given)."""
    if sum(map(math.isinf, (failure, hours, rate))) > 1:
        table.problem(
            i,
            columns["mw"],
            "this unit needs two of: failures_per_year or mttf_hours, repair_hours, forced_outage_rate",
        )
        return math.nan, math.nan, False
    if math.isinf(rate):
        return failure, 1.0 / hours, False
    if rate == 0.0 or failure == 0.0:
        if rate != 0.0 or (failure != 0.0 and not math.isinf(failure)):
            text = "a unit that never fails has a forced outage rate of 0, any other one above 0: type both alike"
            table.problem(i, columns["forced_outage_rate"], text)
        return 0.0, 1.0, False
    if math.isinf(failure):
        return rate / (1.0 - rate) / hours, 1.0 / hours, False
    repair = failure * (1.0 - rate) / rate
    if not math.isinf(hours) and abs(hours * repair - 1.0) > ROUNDING:
        text = f"contradicts the failure rate and {columns['forced_outage_rate']}, which give {1.0 / repair:.6g} h"
        table.problem(i, columns["repair_hours"], f"{text}: type that, or leave one of them out")
    return failure, repair, not math.isinf(hours)


def read_load(path: str | Path) -> np.ndarray:
    """Read an hourly load.

    Parameters
    ----------
    path : path
        CSV with one row an hour, in the order of time; the load in a column ``load_mw`` (or ``load``, ``mw``,
        ``demand_mw``, ``demand``), or in the only column, which then needs no heading.

    Returns
    -------
    (n_hours,) float64 [MW]

    Raises
    ------
    StudyError
    """
    table = read_csv_table(path)
    if len(table.columns) == 1:
        column = table.columns[0]
        try:
            float(column)
        except ValueError:
            pass
        else:
            table.rows.insert(0, [column])
            table.lines.insert(0, 1)
            table.columns[0] = column = LOAD_NAMES[0]
    else:
        fits = [name for name in table.columns if name.lower() in LOAD_NAMES]
        if len(fits) != 1:
            text = f"none or several found among {table.heading()}; name the load's column {LOAD_NAMES[0]}"
            table.file_problem("column of the load", text)
            table.finish()
        column = fits[0]
    check_hours(table)
    load = table.numbers(column, "a load in MW, 0 or more, e.g. 185", least=0.0)
    table.finish()
    return load


def check_hours(table: CsvTable) -> None:
    """Note rows whose hour does not follow the row before, where a column counts hours or gives times."""
    for column in table.columns:
        if column.lower() not in TIME_NAMES:
            continue
        texts = table.texts(column)
        if all(text.isdecimal() for text in texts) and column.lower() == "hour":
            numbers = [int(text) for text in texts]
            for i, pair in enumerate(pairwise(numbers), start=1):
                if pair[1] != pair[0] + 1 and pair not in RESTARTS:
                    table.problem(i, column, f"follows {pair[0]}: rows are missing or out of order; type one an hour")
        elif all(":" in text for text in texts):
            _check_times(table, column, texts)


def _check_times(table: CsvTable, column: str, texts: list[str]) -> None:
    times: list[datetime] = []
    for text in texts:
        try:
            times.append(datetime.fromisoformat(text))
        except ValueError:
            return  # a time in a way of its own only describes
    if len({time.tzinfo is None for time in times}) > 1:
        table.file_problem(f"column {column}", "some times have an offset from UTC, some have none: write all alike")
        return
    for i, (before, now) in enumerate(pairwise(times), start=1):
        if now - before != timedelta(hours=1):
            text = "is not one hour after the row before: type a row an hour, in UTC or without summer time"
            table.problem(i, column, text)

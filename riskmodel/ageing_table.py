"""Duty rows of a CSV file, and what an ageing law makes of each.

Two layouts are read. Years of a daily duty: ``kind`` (calendar, cycling), ``T_C``, ``soc_or_window`` (0.5, or 0.1-0.9),
``dod``, ``crate_during_active``, ``cycles_per_day``, ``years``. Tests of one mechanism: ``kind`` (calendar, cycle,
both), ``T_C``, ``SOC``, ``days``, ``Crate``, ``DOD``, ``FEC``. Other columns are carried along.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from distributions.cells import CellLaw
from distributions.clock import DAYS_PER_YEAR
from riskmodel.ageing import Ageing, continuous_duty, cycling_duty, storage_duty
from riskmodel.csv_table import CsvTable, read_csv_table

__all__ = ["CYCLE_TEST_C", "RESULT", "age_table", "largest_difference", "read_duties", "rows_without_temperature"]

RESULT = "capacity_left"
DAILY = ("kind", "T_C", "soc_or_window", "dod", "crate_during_active", "cycles_per_day", "years")
TESTS = ("kind", "T_C", "SOC", "days", "Crate", "DOD", "FEC")
WINDOW = re.compile(r"([0-9.]+)\s*-\s*([0-9.]+)")

TEMPERATURE = "a temperature from -30 to 80 deg C, e.g. 25"
SOC = "a state of charge from 0 to 1, e.g. 0.5"
DEPTH = "a depth of discharge above 0, up to 1, e.g. 0.8"
TESTED_DEPTH = "a depth of discharge from 0.001 to 1, e.g. 0.8"
C_RATE = "a rate above 0, up to 20 per hour, e.g. 0.5"
CYCLE_TEST_C = 25.0
"""Temperature of cycle tests that state none; their reference tests were made at it."""
MOST_C_RATE = 20.0
MOST_DAYS = 100.0 * DAYS_PER_YEAR
MOST_CYCLES = 200_000.0


def read_duties(path: str | Path) -> CsvTable:
    """Read a file of duty rows and check its layout.

    Raises
    ------
    StudyError
        If it is neither layout.
    """
    table = read_csv_table(path)
    is_daily = "soc_or_window" in table.columns or "years" in table.columns
    table.need_columns(DAILY if is_daily else TESTS)
    if table.has(RESULT):
        table.file_problem(f"column {RESULT}", "is there already: rename or remove it, the result gets this name")
    table.finish()
    return table


def age_table(table: CsvTable, law: CellLaw) -> np.ndarray:
    """Capacity left of every row.

    Parameters
    ----------
    table : CsvTable, see `read_duties`
    law : CellLaw

    Returns
    -------
    (n_rows,) float64, share of the new capacity

    Raises
    ------
    StudyError
        With every row that cannot be read.
    """
    one = _daily_row if table.has("soc_or_window") else _test_row
    left = np.array([one(table, i, law) for i in range(len(table))], dtype=np.float64)
    table.finish()
    return left


def _daily_row(table: CsvTable, i: int, law: CellLaw) -> float:
    kind = table.cell(i, "kind")
    temperature_c = table.number(i, "T_C", TEMPERATURE, -30.0, 80.0)
    years = table.number(i, "years", "years from 0 to 100, e.g. 10", 0.0, MOST_DAYS / DAYS_PER_YEAR)
    cell = Ageing(law)
    if kind == "calendar":
        soc = table.number(i, "soc_or_window", SOC, 0.0, 1.0)
        if math.isnan(temperature_c + soc + years):
            return math.nan
        return cell.step(storage_duty(temperature_c, soc), years * DAYS_PER_YEAR)
    if kind != "cycling":
        table.problem(i, "kind", "type calendar or cycling")
        return math.nan
    low, high = _window(table, i)
    c_rate = table.number(i, "crate_during_active", C_RATE, most=MOST_C_RATE, above=0.0)
    per_day = table.number(i, "cycles_per_day", "cycles a day above 0, up to 48, e.g. 1", most=48.0, above=0.0)
    if math.isnan(temperature_c + years + low + c_rate + per_day):
        return math.nan
    try:
        duty = cycling_duty(temperature_c, low, high, c_rate, per_day)
    except ValueError as error:
        table.problem(i, "cycles_per_day", f"{error}; type fewer cycles or a higher crate_during_active")
        return math.nan
    return cell.step(duty, years * DAYS_PER_YEAR)


def _window(table: CsvTable, i: int) -> tuple[float, float]:
    found = WINDOW.fullmatch(table.cell(i, "soc_or_window"))
    try:
        low, high = (float(part) for part in found.groups()) if found else (math.nan, math.nan)
    except ValueError:
        low = high = math.nan
    if not 0.0 <= low < high <= 1.0:
        table.problem(i, "soc_or_window", "type the window as low-high within 0 and 1, e.g. 0.1-0.9")
        return math.nan, math.nan
    if table.cell(i, "dod"):
        depth = table.number(i, "dod", DEPTH, most=1.0, above=0.0)
        if abs(depth - (high - low)) > 1e-6:
            text = f"the window {low:g}-{high:g} has a depth of {high - low:g}: type that, or another window"
            table.problem(i, "dod", text)
            return math.nan, math.nan
    return low, high


def _test_row(table: CsvTable, i: int, law: CellLaw) -> float:
    kind = table.cell(i, "kind")
    if kind not in ("calendar", "cycle", "both"):
        table.problem(i, "kind", "type calendar, cycle, or both")
        return math.nan
    cell = Ageing(law)
    temperature_c = CYCLE_TEST_C
    if kind != "cycle" or table.cell(i, "T_C"):
        temperature_c = table.number(i, "T_C", TEMPERATURE, -30.0, 80.0)
    if kind == "cycle":
        _must_be_empty(table, i, ("SOC", "days"), kind)
    else:
        soc = table.number(i, "SOC", SOC, 0.0, 1.0)
        days = table.number(i, "days", "days from 0 to 36500, e.g. 3650", 0.0, MOST_DAYS)
        if not math.isnan(temperature_c + soc + days):
            cell.rest(storage_duty(temperature_c, soc), days)
    if kind == "calendar":
        _must_be_empty(table, i, ("Crate", "DOD", "FEC"), kind)
    else:
        c_rate = table.number(i, "Crate", C_RATE, most=MOST_C_RATE, above=0.0)
        depth = table.number(i, "DOD", TESTED_DEPTH, 0.001, 1.0)
        cycles = table.number(i, "FEC", "full equivalent cycles from 0 to 200000, e.g. 5000", 0.0, MOST_CYCLES)
        if not math.isnan(temperature_c + c_rate + depth + cycles):
            cell.cycle(continuous_duty(temperature_c, depth, c_rate), cycles)
    return cell.capacity_left


def _must_be_empty(table: CsvTable, i: int, columns: tuple[str, ...], kind: str) -> None:
    for column in columns:
        if table.cell(i, column):
            table.problem(i, column, f"a {kind} row leaves this empty; for both parts together type kind = both")


def rows_without_temperature(table: CsvTable, law: CellLaw) -> int:
    """Cycle rows without a temperature, where the law's cycle part depends on it: they were aged at 25 deg C."""
    if not law.cycle_needs_temperature:
        return 0
    return sum(kind == "cycle" and not text for kind, text in zip(table.texts("kind"), table.texts("T_C"), strict=True))


def largest_difference(table: CsvTable, law: CellLaw, left: np.ndarray) -> tuple[int, float]:
    """Rows that state a capacity of this law already, and how far the result is from them at most.

    Parameters
    ----------
    table, law : see `age_table`
    left : (n_rows,) float64

    Returns
    -------
    (int, float)
        Rows compared: those with ``q_capacity_fraction`` or ``q_loss_fraction`` and, where there is a column ``model``,
        with one of the law's labels in it.
    """
    models, differences = table.texts("model"), []
    stated_columns = zip(table.texts("q_capacity_fraction"), table.texts("q_loss_fraction"), strict=True)
    for i, (given, lost) in enumerate(stated_columns):
        text = given or lost
        if not text or (table.has("model") and models[i] not in law.labels) or (law.labels and not table.has("model")):
            continue
        try:
            stated = float(text) if given else 1.0 - float(text)
        except ValueError:
            continue
        differences.append(abs(left[i] - stated))
    return len(differences), max(differences, default=0.0)

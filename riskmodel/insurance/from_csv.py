"""Event losses of a CSV file: one row an event, with the year it falls in and the weight of that year."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riskmodel.csv_table import CsvTable, read_csv_table
from riskmodel.insurance.losses import NO_CAUSE, EventLosses, Periods

__all__ = ["COLUMNS", "events_of_csv"]

NEEDED = ("period", "weight", "event", "loss")
COLUMNS = (*NEEDED, "duration_h", "down_h", "hour", "cause", "path")
SUM_TOLERANCE = 1e-6
MOST_DURATION_H = 8760.0 * 10.0
MOST_ID = 2**31 - 1
MOST_NAMED = 100
"""Rows named at most for one problem."""


def events_of_csv(path: str | Path, years: int) -> EventLosses:
    """Events of a CSV file over a stated number of years.

    Parameters
    ----------
    path : path
        Columns `period` (1 .. years), `weight` (of the period: 1 in all rows, or its probability), `event` (a whole
        number; rows of one period and event are one occurrence) and `loss` (>= 0); where a cover asks for time,
        `duration_h` [h]; perhaps `down_h` [h], `hour` (begin within the year [h]), `cause`, and `path` (periods that
        are not independent share it).
    years : int
        Number of periods, those without events included.

    Raises
    ------
    StudyError
        With all problems of the file together.
    """
    table = read_csv_table(path)
    table.check_columns(COLUMNS, NEEDED)
    table.finish()
    period = _numbers(table, "period", f"a whole number from 1 to {years:,}, the number of --years", 1, years)
    weight = _numbers(table, "weight", "the weight of the period: 1 in every row, or its probability", 0.0, above=True)
    event = _numbers(table, "event", f"a whole number from 0 to {MOST_ID:,}", 0, MOST_ID)
    loss = _numbers(table, "loss", "a loss of at least 0; a gain is no loss", 0.0)
    hours = "hours from 0 to 87,600, e.g. 1.5 (in hours: not minutes, not seconds)"
    times = {}
    for name in ("duration_h", "down_h"):
        absent = np.full(len(table), math.nan)
        times[name] = _numbers(table, name, hours, 0.0, MOST_DURATION_H) if table.has(name) else absent
    hour = np.full(len(table), math.nan)
    if table.has("hour"):
        hour = _numbers(table, "hour", "hours since the year began, from 0 to 8784", 0.0, 8784.0)
    for name, values in (("period", period), ("event", event)):
        for i in np.flatnonzero(np.isfinite(values) & (values != np.floor(values)))[:MOST_NAMED]:
            table.problem(int(i), name, "type a whole number")
    table.finish()
    place = period.astype(np.int64) - 1
    periods = Periods(
        _weights(table, place, weight, years), _clusters(table, place, years), np.ones(years, int), _unknown(years)
    )
    causes, cause = _causes(table)
    order = np.lexsort((event, hour, place))
    down = times["down_h"] if table.has("down_h") else times["duration_h"]
    duration, number = times["duration_h"][order], event.astype(np.int64)[order]
    name = Path(path).stem
    return EventLosses(
        name, "", periods, causes, place[order], number, cause[order], loss[order], duration, down[order], hour[order]
    )


def _numbers(
    table: CsvTable, column: str, what: str, least: float, most: float = math.inf, above: bool = False
) -> NDArray[np.float64]:
    """A whole column at once; cells that are no number or out of range become problems and NaN."""
    texts = table.texts(column)
    try:
        values = np.array(texts, dtype=np.float64)
    except ValueError:
        values = np.array([_number(text) for text in texts])
    wrong = ~(np.isfinite(values) & (values >= least) & (values <= most))
    wrong |= (values == least) if above else False
    for i in np.flatnonzero(wrong)[:MOST_NAMED]:
        table.problem(int(i), column, f"type {what}")
    return values


def _number(text: str) -> float:
    try:
        return float(text.replace("_", "x"))  # Python would read 1_000
    except ValueError:
        return math.nan


def _unknown(n: int) -> NDArray[np.float64]:
    return np.full(n, math.nan)


def _causes(table: CsvTable) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    texts = table.texts("cause") if table.has("cause") else [NO_CAUSE] * len(table)
    for i, text in enumerate(texts):
        if not text:
            table.problem(i, "cause", "type what caused the loss, e.g. sag")
    table.finish()
    names = tuple(sorted(set(texts)))
    number = {name: k for k, name in enumerate(names)}
    return names, np.array([number[text] for text in texts], dtype=np.int64)


def _weights(table: CsvTable, place: NDArray[np.int64], weight: NDArray[np.float64], years: int) -> NDArray[np.float64]:
    """(years,) probability of each period; what the periods with events leave is shared by those without."""
    by_period = np.full(years, math.nan)
    by_period[place] = weight
    for i in np.flatnonzero(weight != by_period[place])[:MOST_NAMED]:
        table.problem(int(i), "weight", f"period {place[i] + 1} has another weight in another row; type one for all")
    table.finish()
    seen = np.isfinite(by_period)
    count, total = int(seen.sum()), math.fsum(by_period[seen])
    if bool((by_period[seen] == 1.0).all()) or np.allclose(by_period[seen], 1.0 / years, rtol=1e-4, atol=0.0):
        return np.full(years, 1.0 / years)
    if count == years and math.isclose(total, years, rel_tol=SUM_TOLERANCE):
        return by_period / total
    complete = count == years and math.isclose(total, 1.0, rel_tol=SUM_TOLERANCE)
    if not complete and not (count < years and total < 1.0):
        table.file_problem(
            "weight",
            f"the weights of the {count:,} periods with events sum to {total:.6g}; with --years {years:,} "
            + ("they must sum to 1" if count == years else "they must leave some of 1 to the periods without events")
            + f": type each period's probability, or 1 in every row where all {years:,} count alike",
        )
        table.finish()
    rest = (1.0 - total) / (years - count) if count < years else 0.0
    filled = np.where(seen, by_period, rest)
    return filled / filled.sum()


def _clusters(table: CsvTable, place: NDArray[np.int64], years: int) -> NDArray[np.int64]:
    """(years,) independent unit of each period: its path where the file has it, else the period itself."""
    if not table.has("path"):
        return np.arange(years)
    path = _numbers(table, "path", "a whole number, the same for periods that belong together", 0, MOST_ID)
    table.finish()
    by_period = np.full(years, -1, np.int64)
    by_period[place] = path.astype(np.int64)
    for i in np.flatnonzero(path.astype(np.int64) != by_period[place])[:MOST_NAMED]:
        table.problem(int(i), "path", f"period {place[i] + 1} has another path in another row; type one for all")
    table.finish()
    alone = by_period < 0
    by_period[alone] = int(by_period.max()) + 1 + np.arange(int(alone.sum()))
    return np.unique(by_period, return_inverse=True)[1]

"""What actually happens: one path of a study, its events, and the time line of one of them for each strategy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.clock import (
    DAYS_IN_MONTH,
    FIRST_DAY_OF_MONTH,
    HOURS_PER_DAY,
    HOURS_PER_YEAR,
    MIN_PER_H,
    MONTH_OF_DAY,
    S_PER_H,
)

if TYPE_CHECKING:
    from riskmodel.event_story import Story
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["Case", "date_text", "event_facts", "events_of_path", "explain", "list_of_events", "to_plain"]

HOURS_BEFORE = 6
MOST_TRACED_H = 24 * 400
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Case(NamedTuple):
    """What is asked: `path` of the study under `seed`."""

    study: Study
    seed: int
    path: int


def events_of_path(case: Case, simulate_range: Callable[..., RangeResult] | None = None) -> dict[str, Any]:
    """Columns of events.parquet of one path, causes, outcomes and strategies as words."""
    from riskmodel.path_tables import events_columns
    from riskmodel.quantities import CAUSES, Outcome

    if simulate_range is None:
        from riskmodel import engine

        simulate_range = engine.simulate_range
    result = simulate_range(case.study, case.seed, case.path, 1)
    columns = dict(events_columns(case.study, result))
    outcomes = [outcome.name.lower() for outcome in Outcome]
    words = {"cause": CAUSES, "outcome": outcomes, "strategy": result.strategy_names}
    return columns | {name: np.array(texts, dtype=object)[columns[name]] for name, texts in words.items()}


def date_text(hour: float) -> str:
    """Day and time of an hour of the year, local standard time: 12 March, 14:23."""
    day = int(hour // HOURS_PER_DAY) % sum(DAYS_IN_MONTH)
    minutes = int((hour % HOURS_PER_DAY) * MIN_PER_H)
    month = int(MONTH_OF_DAY[day])
    return f"{day - int(FIRST_DAY_OF_MONTH[month]) + 1} {MONTHS[month]}, {minutes // 60:02d}:{minutes % 60:02d}"


def list_of_events(columns: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """One record an event: when, what, and what it did to each strategy."""
    found = []
    for first in range(0, columns["event"].size, len(names)):
        rows = {name: _row(columns, first + k) for k, name in enumerate(names)}
        did = {
            name: {"outcome": row["outcome"], "gpu_hours_lost": _lost(row), "eur_lost": float(row["eur_lost"])}
            for name, row in rows.items()
        }
        found.append(event_facts(rows[names[0]]) | {"strategies": did})
    return found


def event_facts(row: dict[str, Any]) -> dict[str, Any]:
    """What an event is, whatever the strategy."""
    return {
        "event": int(row["event"]),
        "year": int(row["year"]),
        "hour": float(row["hour"]),
        "date": date_text(float(row["hour"])),
        "cause": str(row["cause"]),
        "duration_s": float(row["duration_s"]),
        "residual_voltage": float(row["residual_voltage"]),
    }


def _row(columns: dict[str, Any], k: int) -> dict[str, Any]:
    return {name: values[k] for name, values in columns.items()}


def _lost(row: dict[str, Any]) -> float:
    from riskmodel.event_story import GPU_HOURS

    return math.fsum(float(row[f"gpu_hours_{cause}"]) for cause in GPU_HOURS)


def explain(
    case: Case, columns: dict[str, Any], event: int, trace_week: Callable[..., dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Time line of one event for each strategy.

    Parameters
    ----------
    case : Case
    columns : dict, from `events_of_path`
    event : int, its number in the path
    trace_week : callable
        Stand-in for `riskmodel.engine.trace_week`.

    Returns
    -------
    dict
        `event` : facts of the event; `stories` : list of `riskmodel.event_story.Story`; `charge` : dict of strategy ->
        list of (hour since the event began, state of charge), empty without storage; `rows` : the rows of
        events.parquet by strategy.

    Raises
    ------
    KeyError
        If the path has no such event.
    """
    from riskmodel.event_story import story_of

    if trace_week is None:
        from riskmodel import engine

        trace_week = engine.trace_week
    places = np.flatnonzero(columns["event"] == event)
    if not places.size:
        raise KeyError(event)
    rows = {str(columns["strategy"][k]): _row(columns, int(k)) for k in places}
    facts = event_facts(next(iter(rows.values())))
    ends = [max(float(row["down_until_hour"]), float(row["grid_back_hour"])) for row in rows.values()]
    run_h = (facts["year"] - 1) * HOURS_PER_YEAR + facts["hour"]
    first = max(int(run_h) - HOURS_BEFORE, 0)
    last = min(int(run_h + max(ends) - facts["hour"]) + HOURS_BEFORE, case.study.header.years * HOURS_PER_YEAR)
    traced = trace_week(case.study, case.seed, case.path, first, min(max(last - first, 1), MOST_TRACED_H))
    stories, charge = [], {}
    for name, row in rows.items():
        soc = np.asarray(traced["strategies"][name]["state_of_charge"])
        full = _full_kwh(soc, int(run_h) - first - 1, float(row["stored_before_kwh"]))
        story = story_of(case.study, name, row, full)
        stories.append(story)
        charge[name] = _charge(soc, first - run_h, story, full, float(row["cabinets_h"]))
    return {"event": facts, "stories": stories, "charge": charge, "rows": rows, "trace": traced, "first_hour": first}


def _full_kwh(soc: np.ndarray, before: int, stored_kwh: float) -> float:
    """Energy of the cabinets when full, from their charge at the end of the hour before the event; NaN if unknown."""
    if 0 <= before < soc.size and np.isfinite(soc[before]) and soc[before] > 1e-3 and stored_kwh > 0.0:
        return stored_kwh / float(soc[before])
    return math.nan


def _charge(
    soc: np.ndarray, first_h: float, story: Story, full_kwh: float, cabinets_h: float
) -> list[tuple[float, float]]:
    """State of charge: by hour before and after, and within the event evenly along the time the cabinets carry."""
    if not np.isfinite(full_kwh):
        return []
    ends = first_h + 1.0 + np.arange(soc.size)  # the trace has the charge at the end of each hour
    last_h = max([span.end_h for span in story.carriers], default=0.0)
    points = [(float(h), float(s)) for h, s in zip(ends, soc, strict=True) if h <= 0.0 and np.isfinite(s)]
    left, used = story.energy["stored_before_kwh"], story.energy["stored_used_kwh"]
    own = {span: span.end_h - span.start_h for span in story.carriers if span.what == "cabinets"}
    beside = max(cabinets_h - math.fsum(own.values()), 0.0)  # beside gensets that are too few
    points.append((0.0, left / full_kwh))
    for span in story.carriers:
        hours = own.get(span, beside if span.what == "gensets" else 0.0)
        points.append((span.start_h, left / full_kwh))
        left -= used * hours / cabinets_h if cabinets_h > 0.0 else 0.0
        points.append((span.end_h, left / full_kwh))
    points.append((last_h, left / full_kwh))
    return points + [(float(h), float(s)) for h, s in zip(ends, soc, strict=True) if h > last_h and np.isfinite(s)]


def to_plain(record: dict[str, Any]) -> dict[str, Any]:
    """The record of `explain` as JSON can hold it."""
    stories = []
    for story in record["stories"]:
        part = story._asdict()
        for name in ("carriers", "work"):
            part[name] = [span._asdict() for span in part[name]]
        part["steps"] = [{"hour": hour, "text": text} for hour, text in part["steps"]]
        part["state_of_charge"] = [list(point) for point in record["charge"][story.strategy]]
        stories.append(part)
    return {"event": record["event"], "strategies": stories}


def wide_text(seconds: float) -> str:
    """Length of an event for a reader."""
    from riskmodel.event_story import time_text

    return time_text(seconds / S_PER_H)

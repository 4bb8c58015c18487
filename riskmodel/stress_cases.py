"""Stress cases: named changes of a study, shipped or of the user's own, read from TOML and applied to a study."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distributions.input_files import is_file
from distributions.laws import Law, LawError
from distributions.laws_scaled import scaled
from distributions.toml_reading import parse_toml
from riskmodel.currency import INSIDE, token_of
from riskmodel.given_events import GivenEvent
from riskmodel.quantities import CAUSES
from riskmodel.study.problems import MISSING, Problem, StudyError, nearest

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = ["Change", "NotInStudy", "StressCase", "Variant", "applied", "read_cases", "shipped_cases"]

SHIPPED = Path(__file__).parent / "catalogue" / "stress_cases.toml"
HOWS = ("set", "multiply", "add")
CASE_KEYS = ("title", "words", "source", "change", "event", "events_file")
CHANGE_KEYS = ("field", *HOWS, "where")
EVENT_KEYS = ("year", "hour", "duration_h", "family", "residual_voltage")
LAST_YEAR, LAST_HOUR, LONGEST_H = 40, 8760.0, 8760.0


class Change(NamedTuple):
    """One change: `field` path, * for every strategy; `how` is set, multiply or add; `where` says which strategies.

    `money` is the currency that the field's name carries as typed, None without one.
    """

    field: str
    how: str
    value: Any
    where: Mapping[str, Any]
    money: str | None = None


class StressCase(NamedTuple):
    """A named case; `events` come beside those of the study, `events_file` holds more of them."""

    name: str
    title: str
    words: str
    source: str
    changes: tuple[Change, ...]
    events: tuple[GivenEvent, ...]
    events_file: Path | None


class Variant(NamedTuple):
    """A study with cases applied: its overrides as after `--set`, and the events that come on top."""

    study: Study
    overrides: tuple[str, ...]
    events: tuple[GivenEvent, ...]


class NotInStudy(Exception):
    """A case that changes nothing in a study; the message says why."""


def shipped_cases() -> dict[str, StressCase]:
    """Cases that come with the package, by name."""
    return read_cases(SHIPPED)


def read_cases(path: Path) -> dict[str, StressCase]:
    """Cases of a TOML file: one table each.

    Parameters
    ----------
    path : Path

    Raises
    ------
    StudyError
        With all problems of the file.
    """
    from riskmodel.study.reading import read_text

    text, file = read_text(path), str(path)
    try:
        tables = parse_toml(text)
    except ValueError as error:
        raise StudyError([Problem(file, "", MISSING, f"not valid TOML: {error}")]) from None
    problems: list[Problem] = []
    cases = {}
    if not tables:
        problems.append(Problem(file, "", MISSING, "holds no case; add a table [NAME] with change or event"))
    for name, table in tables.items():
        found = [Problem(file, *problem) for problem in _problems(name, table)]
        problems += found
        if not found:
            cases[name] = _case(name, table, path.parent)
    if problems:
        raise StudyError(problems)
    return cases


def _problems(name: str, table: Any) -> Iterator[tuple[str, Any, str]]:
    if not isinstance(table, dict):
        yield name, table, f"stands outside a case; write [NAME] above it, with keys {', '.join(CASE_KEYS)}"
        return
    yield from _unknown(name, table, CASE_KEYS)
    for key in ("title", "words", "source", "events_file"):
        if not isinstance(table.get(key, ""), str):
            yield f"{name}.{key}", table[key], "must be text in quotes"
    for key in ("change", "event"):
        if not isinstance(table.get(key, []), list) or any(not isinstance(one, dict) for one in table.get(key, [])):
            yield f"{name}.{key}", table[key], f"must be a list of tables; write [[{name}.{key}]] or {key} = [{{...}}]"
            return
    if not table.get("change") and not table.get("event") and "events_file" not in table:
        yield name, MISSING, "changes nothing; give change, event or events_file"
    for k, one in enumerate(table.get("change", [])):
        yield from _change_problems(f"{name}.change {k + 1}", one)
    for k, one in enumerate(table.get("event", [])):
        yield from _event_problems(f"{name}.event {k + 1}", one)


def _unknown(place: str, table: Mapping[str, Any], known: Sequence[str]) -> Iterator[tuple[str, Any, str]]:
    for key in table:
        if key not in known:
            near = nearest(key, known)
            hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
            yield f"{place}.{key}", table[key], f"unknown key; {hint}"


def _change_problems(place: str, one: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    yield from _unknown(place, one, CHANGE_KEYS)
    field = one.get("field")
    if not isinstance(field, str):
        yield f"{place}.field", one.get("field", MISSING), 'type the path of a field, e.g. "site.outage_rate_factor"'
    elif (text := _field_problem(field)) is not None:
        yield f"{place}.field", field, text
    hows = [how for how in HOWS if how in one]
    if len(hows) != 1:
        yield place, MISSING, f"has {' and '.join(hows) or 'nothing to do'}; give one of {', '.join(HOWS)}"
    for how in ("multiply", "add"):
        value = one.get(how, 0.0)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            yield f"{place}.{how}", value, "must be a finite number without quotes"
        elif how == "multiply" and value < 0.0:
            yield f"{place}.{how}", value, "must be at least 0"
    where = one.get("where", {})
    if not isinstance(where, dict):
        yield f"{place}.where", where, 'must be a table, e.g. { "connection.interruptible" = true }'
        return
    if where and isinstance(field, str) and not field.startswith("strategies.*."):
        yield f"{place}.where", where, "chooses among strategies: the field must begin with strategies.*."
    for key in where:
        if (text := _field_problem(f"strategies.*.{key}")) is not None:
            yield f"{place}.where.{key}", where[key], text


def _inside(field: str) -> str:
    """Field path with its money named as the program holds it, in whatever currency it is typed."""
    from riskmodel.study.money_names import path_inside

    return path_inside(field, token_of(field.rpartition(".")[2]) or INSIDE)


def _field_problem(field: str) -> str | None:
    """Why a path names no field of any study, None where it does."""
    from riskmodel.study.model import keys_of, model_at

    keys = _inside(field).split(".")
    if keys == ["strategies"] or (keys[0] == "strategies" and len(keys) < 3):
        return "names no field; type e.g. strategies.*.storage.capex_eur_per_kwh"
    for position in range(len(keys)):
        if keys[0] == "strategies" and position == 1:
            continue
        model = model_at(tuple(keys[:position]))
        known = list(keys_of(model)) if model is not None else []
        if keys[position] not in known:
            near = nearest(keys[position], known)
            hint = f"did you mean {near}?" if near else f"known there: {', '.join(known) or 'nothing'}"
            return f"no field {keys[position]}; {hint}"
    if model_at(tuple(keys)) is not None:
        return "is a table, not a field; name one of its fields"
    return None


def _event_problems(place: str, one: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    yield from _unknown(place, one, EVENT_KEYS)
    ranges = {
        "year": (1, LAST_YEAR),
        "hour": (0.0, LAST_HOUR),
        "duration_h": (0.0, LONGEST_H),
        "residual_voltage": (0, 1),
    }
    for key, (low, high) in ranges.items():
        value = one.get(key, 0.0 if key == "residual_voltage" else MISSING)
        good = not isinstance(value, bool) and isinstance(value, int if key == "year" else (int, float))
        if (
            not good
            or not low <= value <= high
            or (key == "duration_h" and value == 0)
            or (key == "hour" and value == high)
        ):
            least = "above 0 to" if key == "duration_h" else f"{low:g} to"
            kind = "a whole number" if key == "year" else "a number"
            yield f"{place}.{key}", value, f"must be {kind}, {least} {'below ' if key == 'hour' else ''}{high:g}"
    if one.get("family", "sustained") not in CAUSES:
        yield f"{place}.family", one["family"], f"type one of {', '.join(CAUSES)}"


def _case(name: str, table: Mapping[str, Any], folder: Path) -> StressCase:
    changes = []
    for one in table.get("change", []):
        how = next(how for how in HOWS if how in one)
        field, where = one["field"], one.get("where", {})
        changes.append(Change(_inside(field), how, one[how], where, token_of(field.rpartition(".")[2])))
    events = tuple(
        GivenEvent(
            one["year"], float(one["hour"]), float(one["duration_h"]), one.get("family", "sustained"),
            float(one.get("residual_voltage", 0.0)),
        )
        for one in table.get("event", [])
    )  # fmt: skip
    file = table.get("events_file")
    return StressCase(
        name, table.get("title", name), table.get("words", ""), table.get("source", ""), tuple(changes), events,
        folder / file if file else None,
    )  # fmt: skip


def applied(study: Study, cases: Sequence[StressCase]) -> Variant:
    """A study with one or more cases, each on top of the one before.

    Raises
    ------
    NotInStudy
        If a case changes nothing: the study lacks its fields, or ends before its events.
    StudyError
        If a changed value is outside its range, or a file of events is bad.
    """
    from riskmodel.variants import changed

    now, overrides = study, []
    events: list[GivenEvent] = []
    for case in cases:
        typed = [text for change in case.changes for text in _overrides(now, case, change)]
        own = [*case.events, *_from_file(study, case)]
        if any(event.year > study.header.years for event in own):
            last = max(event.year for event in own)
            raise NotInStudy(f"an event in year {last}, and the study ends with year {study.header.years}")
        if not typed and not own:
            fields = " or ".join(dict.fromkeys(change.field for change in case.changes))
            raise NotInStudy(f"it has no {fields.replace('strategies.*.', '')}")
        before, now = now, changed(now, typed, f"stress case {case.name}") if typed else now
        if typed and not own and now == before:
            raise NotInStudy(f"{case.changes[0].field} is so already")
        overrides += typed
        events += own
    return Variant(now, tuple(overrides), tuple(sorted(events, key=lambda event: event.start_h)))


def _from_file(study: Study, case: StressCase) -> Sequence[GivenEvent]:
    if case.events_file is None:
        return ()
    from riskmodel.given_events import read_given_events

    if not is_file(case.events_file):
        place = f"stress case {case.name}"
        raise StudyError(
            [Problem(place, "events_file", str(case.events_file), "no such file beside the file of cases")]
        )
    return read_given_events(str(case.events_file), study.header.years, study.site.utc_offset_h).events


def _overrides(study: Study, case: StressCase, change: Change) -> Iterator[str]:
    """One override for each place of the study that a change is about."""
    from riskmodel.study.writing import toml_value

    currency = study.header.currency
    if change.how != "multiply" and change.money not in (None, currency):
        text = f"is in {change.money} there, and the study's money is {currency}; convert it and name it so"
        raise StudyError([Problem(f"stress case {case.name}", change.field, change.value, text)])
    for path in _places(study, change):
        old, section = _value_at(study, path)
        if section is None:
            continue
        try:
            new = _new_value(old, change)
        except LawError as error:
            raise StudyError([Problem(f"stress case {case.name}", path, MISSING, str(error))]) from None
        yield f"{path}={toml_value(new)}"


def _places(study: Study, change: Change) -> Iterator[str]:
    keys = change.field.split(".", 2)
    if keys[:2] != ["strategies", "*"]:
        yield change.field
        return
    for name in study.strategy_names:
        path = f"strategies.{name}."
        if all(_value_at(study, path + key)[0] == value for key, value in change.where.items()):
            yield path + keys[2]


def _value_at(study: Study, path: str) -> tuple[Any, Any]:
    """Value at a path and the section that holds it; None for a section that the study does not have."""
    section: Any = study
    *inner, last = path.split(".")
    for key in inner:
        section = (
            section.get(key) if isinstance(section, dict) else getattr(section, "header" if key == "study" else key)
        )
        if section is None:
            return None, None
    return getattr(section, last), section


def _new_value(old: Any, change: Change) -> Any:
    from riskmodel.study.model import plain_value

    if change.how == "set":
        return change.value
    times, plus = (change.value, 0.0) if change.how == "multiply" else (1.0, change.value)
    if isinstance(old, Law):
        return plain_value(scaled(old, times, plus))
    numbers = old if isinstance(old, list) else [old]
    if any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in numbers):
        raise LawError(f"{change.how} needs a number or a law there, and it is {old!r}; use set")
    found = [round(x * times + plus) if isinstance(x, int) else x * times + plus for x in numbers]
    return found if isinstance(old, list) else found[0]

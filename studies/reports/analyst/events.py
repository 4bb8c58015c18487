"""Sections on one lifetime: a week of it hour by hour, and what one of its events does to each strategy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import HOURS_PER_DAY, HOURS_PER_WEEK, HOURS_PER_YEAR, KW_PER_MW
from riskmodel.currency import in_words, inside, outside
from riskmodel.event_files import check_columns, event_files
from studies.reports.analyst.blocks import Block, Section, Story, Table, Text, digits, named, titles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.results import Results
    from studies.figures.week import Moment
    from studies.reports.analyst.draw import Draw
    from studies.reports.workbook.facts import Facts

__all__ = ["OneLifetime", "event", "week"]

TraceWeek = Callable[..., dict[str, Any]]
PERCENT = 100.0
LEAST_SEEN_H = 0.2
"""Part of an hour without grid that is looked for in the traced lifetime."""
SAME = 0.05
AFTER_H = 24 * 7
LONGEST = 56
"""Letters of a name above a panel."""
LEFT_TO_RIGHT = "\u200e"
"""Mark that keeps what follows a name written from right to left in its place."""
HEBREW_AND_ARABIC = range(0x0590, 0x0800)
WORDS = ("cause", "outcome", "strategy")


class OneLifetime:
    """The lifetime that is shown, simulated again once.

    Parameters
    ----------
    results : Results
    trace_week : callable
        Stand-in for `riskmodel.engine.trace_week`.
    """

    def __init__(self, results: Results, trace_week: TraceWeek | None = None) -> None:
        from studies.figures.week import choose_moment, first_hour

        if trace_week is None:
            from riskmodel import engine

            trace_week = engine.trace_week
        self.results = results
        self.moment: Moment | None = choose_moment(results)
        self.path = self.moment.path if self.moment else 0
        self.first = first_hour(results, self.moment)
        last = min(self.first + HOURS_PER_WEEK + AFTER_H, results.n_years * HOURS_PER_YEAR)
        self._engine, self._hours = trace_week, last - self.first
        self._wide = trace_week(results.study, results.seed, self.path, self.first, self._hours)
        self.columns = self._events()
        self.is_same = self._is_same()

    def trace(self, study: Any, seed: int, path: int, first: int, hours: int = HOURS_PER_WEEK) -> dict[str, Any]:
        """Hours of the lifetime, out of those traced already where they hold them."""
        start = first - self.first
        if start < 0 or start + hours > self._hours:
            return self._engine(study, seed, path, first, hours)
        part = slice(start, start + hours)
        strategies = {
            name: {key: values[part] for key, values in found.items()}
            for name, found in self._wide["strategies"].items()
        }
        shared = {key: self._wide[key][part] for key in ("price_eur_per_mwh", "pv_kw_per_kwp")}
        return shared | {"strategies": strategies}

    def no_trace(self, study: Any, seed: int, path: int, first: int, hours: int = HOURS_PER_WEEK) -> dict[str, Any]:
        """The same without what the lifetime would have been: it came out differently."""
        unknown = {"state_of_charge": np.full(hours, math.nan)}
        return {"strategies": dict.fromkeys(self.results.strategy_names, unknown)}

    def _events(self) -> dict[str, NDArray[Any]]:
        """Columns of the lifetime's events, names of money as the program holds them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from riskmodel.path_tables import EVENT_COLUMNS

        check_columns(self.results.folder, [outside(name, self.results.currency) for name in EVENT_COLUMNS])
        only = [("path", "=", self.path)]
        files = event_files(self.results.folder)
        how = {"filters": only, "use_threads": False, "page_checksum_verification": True}
        table = pa.concat_tables([pq.read_table(file, **how) for file in files])
        return {
            inside(name, self.results.currency): np.array(table.column(name).to_pylist(), dtype=object)
            if name in WORDS
            else table.column(name).to_numpy()
            for name in table.column_names
        }

    def _is_same(self) -> bool:
        """Whether the grid is away in the traced lifetime when the run's events say so."""
        if self.moment is None:
            return self.results.manifest["source_version"] == _source_version()
        start, end = self.moment.hour, self.moment.hour + self.moment.duration_h
        share = np.asarray(self._wide["strategies"][self.results.baseline]["grid_share"], dtype=np.float64)
        for hour in range(int(start), math.ceil(end)):
            gone = min(end, hour + 1.0) - max(start, float(hour))
            place = hour - self.first
            if gone >= LEAST_SEEN_H and place < share.size and share[place] > 1.0 - gone + SAME:
                return False
        return True

    def event_number(self) -> int | None:
        """Number of the event that is explained: the one in the week, else the dearest one of the baseline."""
        columns = self.columns
        if not columns["event"].size:
            return None
        if self.moment is not None:
            hours = (columns["year"].astype(np.float64) - 1.0) * HOURS_PER_YEAR + columns["hour"]
            return int(columns["event"][int(np.argmin(np.abs(hours - self.moment.hour)))])
        own = np.flatnonzero(columns["strategy"] == self.results.baseline)
        return int(columns["event"][own[int(np.argmax(columns["eur_lost"][own]))]])


def _source_version() -> str:
    from riskmodel.manifest import source_version

    return source_version()


OTHER = (
    "Lifetime {path} comes out differently with this version of the program than it did in the run, so its hours are "
    "not shown. Run the study again to see them."
)


def week(facts: Facts, draw: Draw, life: OneLifetime) -> Section:
    """Seven days hour by hour, of the lifetime of the run simulated again."""
    from studies.figures.week import choose_strategies, draw_week

    key, heading = "week", "One week, hour by hour"
    if not life.is_same:
        return Section(key, heading, [Text(OTHER.format(path=life.path))])
    traced = life.trace(facts.results.study, facts.results.seed, life.path, life.first, HOURS_PER_WEEK)
    shown, stored = choose_strategies(facts.results)
    price = np.asarray(traced["price_eur_per_mwh"])
    text = f"Prices lie between {price.min():,.0f} and {price.max():,.0f} EUR/MWh, {price.mean():,.0f} on average"
    text = in_words(text, facts.currency)
    if stored:
        charge = np.asarray(traced["strategies"][stored]["state_of_charge"], dtype=np.float64) * PERCENT
        if np.isfinite(charge).any():
            low, high = np.nanmin(charge), np.nanmax(charge)
            text += f"; the cabinets of {named(facts.titles[stored])} are between {low:.0f} and {high:.0f} % full"
    picture = draw(
        "week", "One week of one lifetime", f"{text}.", lambda: draw_week(facts.results, life.trace),
        (_hours(facts, traced, shown, stored),),
    )  # fmt: skip
    note = (
        f"Lifetime {life.path} of the run, simulated again from its study and seed; the others are in the tables of "
        "the results folder. It is chosen for its interruption and stands for no other week."
    )
    if facts.results.manifest["source_version"] != _source_version():
        note += " The program has changed since the run; this interruption comes out at the same hour."
    return Section(key, heading, [picture, Text(note, "small")])


def _hours(facts: Facts, traced: dict[str, Any], shown: list[str], stored: str | None) -> Table:
    columns = [("price, EUR/MWh", traced["price_eur_per_mwh"], "{:,.1f}"),
               ("PV, kW per kWp", traced["pv_kw_per_kwp"], "{:.2f}")]  # fmt: skip
    for name, title in zip(shown, titles(facts, shown), strict=True):
        columns.append(
            (f"import, MW: {title}", np.asarray(traced["strategies"][name]["import_kw"]) / KW_PER_MW, "{:.2f}")
        )
    if stored:
        found = traced["strategies"][stored]
        power = (np.asarray(found["discharge_kw"]) - np.asarray(found["charge_kw"])) / KW_PER_MW
        columns.append((f"discharge, MW: {facts.titles[stored]}", power, "{:.2f}"))
        columns.append(("charge of its cabinets, %", np.asarray(found["state_of_charge"]) * PERCENT, "{:.0f}"))
    rows = tuple(
        (_clock(hour), *(_plain(float(values[hour]), form) for _, values, form in columns))
        for hour in range(HOURS_PER_WEEK)
    )
    head = ("Day, hour", *(in_words(words, facts.currency) for words, _, _ in columns))
    return Table(head, rows, "Every hour of the week")


def _clock(hour: int) -> str:
    return f"{hour // HOURS_PER_DAY + 1},\u00a0{hour % HOURS_PER_DAY:02d}:00"


def _plain(value: float, form: str) -> str:
    """The number as text; what rounds to nothing is 0 without a sign."""
    text = form.format(value)
    return text.removeprefix("-") if not text.strip("-0.,") else text


def event(facts: Facts, draw: Draw, life: OneLifetime) -> Section:
    """What one event does to each strategy, step by step."""
    from studies.explain_study import Case, explain

    key, heading = "event", "One event, step by step"
    number = life.event_number()
    if number is None:
        return Section(key, heading, [Text(f"Lifetime {life.path} met no event that reached a strategy.")])
    case = Case(facts.results.study, facts.results.seed, life.path)
    record = explain(case, life.columns, number, life.trace if life.is_same else life.no_trace)
    record |= {"path": life.path, "title": facts.results.manifest["study"]["title"], "seed": facts.results.seed}
    stories = [_story(facts, story) for story in record["stories"]]
    from studies.figures.event import draw_event

    drawn = record | _with_titles(facts, record)

    intro = Text(f"Lifetime {life.path}, event {number}: year {record['event']['year']}, {_what(record['event'])}")
    lost = [(facts.titles[story.strategy], sum(story.eur.values())) for story in record["stories"]]
    most, least = max(lost, key=lambda pair: pair[1]), min(lost, key=lambda pair: pair[1])
    reading = f"It costs {named(most[0])} most, {most[1]:,.0f} {facts.currency}"
    reading += f", and {named(least[0])} least, {least[1]:,.0f}." if len(lost) > 1 else "."
    picture = draw("event", "Who carries the load, and how much work goes on", reading, lambda: draw_event(drawn),
                   (_effects(facts, record["rows"]),))  # fmt: skip
    blocks: list[Block] = [intro, picture, *stories]
    return Section(key, heading, blocks)


def _with_titles(facts: Facts, record: dict[str, Any]) -> dict[str, Any]:
    """Stories and charges under the names that readers know, as long as a figure has room for."""
    names = {story.strategy: _short(facts.titles[story.strategy]) for story in record["stories"]}
    if len(set(names.values())) < len(names):
        return {}
    stories = [story._replace(strategy=names[story.strategy]) for story in record["stories"]]
    return {"stories": stories, "charge": {names[name]: found for name, found in record["charge"].items()}}


def _short(title: str) -> str:
    short = title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"
    return (
        f"{LEFT_TO_RIGHT}{short}{LEFT_TO_RIGHT}" if any(ord(letter) in HEBREW_AND_ARABIC for letter in title) else short
    )


def _what(found: dict[str, Any]) -> str:
    from studies.explain_study import wide_text

    what = {"sag": f"a voltage sag to {found['residual_voltage'] * PERCENT:.0f} %", "curtailment": "a call to curtail"}
    words = what.get(found["cause"], f"an outage ({found['cause']})")
    return f"{found['date']}: {words}, {wide_text(found['duration_s'])}."


def _story(facts: Facts, story: Any) -> Story:
    from riskmodel.event_story import CAUSE_WORDS, after
    from studies.cli_explain import OUTCOMES

    totals = []
    hours = {cause: value for cause, value in story.lost.items() if value > 0.0}
    if hours:
        parts = "; ".join(f"{CAUSE_WORDS[cause]} {value:,.0f}" for cause, value in hours.items())
        totals.append(("GPU-hours lost", f"{sum(hours.values()):,.0f}: {parts}"))
    money = {cause: value for cause, value in story.eur.items() if value > 0.0}
    if money:
        parts = "; ".join(f"{CAUSE_WORDS.get(cause, cause)} {value:,.0f}" for cause, value in money.items())
        totals.append((f"{facts.currency} lost", f"{sum(money.values()):,.0f}: {parts}"))
    steps = tuple((after(hour), in_words(text, facts.currency)) for hour, text in story.steps)
    return Story(facts.titles[story.strategy], OUTCOMES[story.outcome], steps, tuple(totals))


EFFECTS = (
    ("GPU-hours waiting for power", "gpu_hours_waiting"),
    ("GPU-hours of restart", "gpu_hours_restart"),
    ("GPU-hours done again", "gpu_hours_rework"),
    ("GPU-hours at a lower rate", "gpu_hours_capped"),
    ("GPU-hours of damaged servers", "gpu_hours_hardware"),
    ("Lost, EUR", "eur_lost"),
    ("Stored energy used, kWh", "stored_used_kwh"),
    ("Energy of gensets, kWh", "genset_kwh"),
    ("Hours down", "hours_down"),
)


def _effects(facts: Facts, rows: dict[str, dict[str, Any]]) -> Table:
    names = [name for name in facts.names if name in rows]
    lines = tuple(
        (in_words(words, facts.currency), *(digits(float(rows[name][column])) for name in names))
        for words, column in EFFECTS
    )
    return Table(("What", *titles(facts, names)), lines, "The event's row of events.parquet, by strategy")

"""The command ``storage``: what one more MWh is worth, what is left of the cells, how often cabinets work."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.cli_problems import check_out, check_paths, fail, plain_problems, printable, refuse, warn

if TYPE_CHECKING:
    from riskmodel.study import Study
    from studies.storage_study import Case

__all__ = ["StorageRequest", "value_storage"]

LEAST_PATHS, MOST_PATHS = 2, 1_000_000
PER_THOUSAND, PERCENT = 1e-3, 100.0
WIDTH = 120
STRING_YEARS = (0, 5, 10, 15)
BOTH = ("string", "central", "string_minus_central")
# Heading, number of the record, factor to the unit in the heading.
COLUMNS = (
    ("NPV per\nMWh more", "npv_eur_per_mwh", PER_THOUSAND),
    ("of it\nbought", "bought_eur_per_mwh", PER_THOUSAND),
    ("serviced", "serviced_eur_per_mwh", PER_THOUSAND),
    ("energy\nbill", "energy_eur_per_mwh", PER_THOUSAND),
    ("downtime", "downtime_eur_per_mwh", PER_THOUSAND),
    ("demand\nresponse", "demand_response_eur_per_mwh", PER_THOUSAND),
    ("gains\nover costs", "benefit_per_cost", 1.0),
)
HEADER = ("table", "row", "quantity", "value", "standard_error", "unit")


@dataclass(frozen=True)
class StorageRequest:
    """What was typed."""

    study: str
    strategy: str | None
    paths: int
    seed: int | None
    overrides: tuple[str, ...]
    out: Path | None
    as_json: bool


def value_storage(request: StorageRequest) -> None:
    """Check what was typed, simulate, write the tables and figures, and print."""
    with plain_problems():
        record = _simulated(_case(request), wanted=not request.as_json)
        if request.out is not None:
            _write(record, request.out)
    if request.as_json:
        typer.echo(json.dumps(record, indent=2, allow_nan=False))
    else:
        _print(record, request.out)


def _case(request: StorageRequest) -> Case:
    import studies
    from studies.storage_sizes import NONE, sizes_of, storage_of, study_of
    from studies.storage_study import Case

    check_paths(request.paths, LEAST_PATHS, MOST_PATHS)
    check_out(request.out)
    study = studies.load(request.study, request.overrides)
    name = _strategy(study, request.strategy)
    storage = storage_of(study, name)
    sizes = sizes_of(storage.cabinets, storage.cabinet_power_kw, storage.cabinet_energy_kwh)
    resized = [
        study
        if size.name == NONE
        else studies.load(
            request.study,
            (
                *request.overrides,
                f"strategies.{name}.storage.cabinets={size.cabinets}",
                f"strategies.{name}.storage.cabinet_energy_kwh={size.energy_kwh!r}",
            ),
        )
        for size in sizes
    ]
    warn(study)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    return Case(study_of(study, name, resized, sizes), name, sizes, request.paths, seed)


def _strategy(study: Study, typed: str | None) -> str:
    from riskmodel.study.problems import nearest

    owners = [name for name, strategy in study.strategies.items() if strategy.storage is not None]
    if not owners:
        raise refuse(f"{study.header.name}: no strategy of this study has storage; choose a study that has")
    if typed is None:
        return owners[0]
    if typed in owners:
        return typed
    if typed in study.strategies:
        raise refuse(f"--strategy {typed}: has no storage: type one of {', '.join(owners)}")
    near = nearest(typed, owners)
    hint = f"; did you mean {near}?" if near else ""
    raise refuse(f"--strategy {typed}: no such strategy: type one of {', '.join(owners)}{hint}")


def _simulated(case: Case, wanted: bool) -> dict[str, Any]:
    from riskmodel.engine import TooManyEvents
    from studies.cli_progress import RunProgress
    from studies.storage_study import compare

    try:
        with RunProgress(wanted=wanted) as progress:
            return compare(case, progress)
    except TooManyEvents as error:
        raise fail(str(error)) from None


def _print(record: dict[str, Any], out: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    say(f"{record['title']}: storage of {record['strategy']}, prices of {record['price_year']}")
    say("\nValue of one more MWh [thousand EUR], each size less the next smaller one on the same lifetimes")
    console.print(_values(record))
    say("Usable share of new energy [%], cells in service from the first day and never renewed")
    console.print(_capacity(record))
    if record["availability"] is None:
        say(
            f"Failures of single cabinets are not simulated: type a table "
            f"[strategies.{record['strategy']}.storage.availability]\n"
        )
    else:
        say(f"Share of time by cabinets out, of {record['availability']['cabinets']} [%]")
        console.print(_availability(record["availability"]))
        _say_down(say, record["availability"])
    strings = record["strings"]
    say(
        f"\nUsable energy of a cabinet [kWh], {strings['title']}, {strings['cabinets_in_parallel']} in parallel, "
        f"balanced, {strings['law']}"
    )
    console.print(_strings(strings))
    say(
        f"{record['paths']:,} paths of {record['years']} years for each size, {strings['paths']:,} for strings, seed "
        f"{record['seed']}. Real, discounted at {record['discount_rate_real'] * PERCENT:g} %, before tax. +- is one "
        f"standard error, of the differences path by path. Each kWh costs the same, whatever the hours of a cabinet: "
        f"in truth a 1 h cabinet costs more per kWh, for its converter."
    )
    if out is not None:
        say(f"Tables and figures: {out}")


def _text(number: dict[str, float | None], factor: float = 1.0) -> str:
    from distributions.estimate import format_with_error

    value, error = number["value"] or 0.0, number["standard_error"]
    if error is None and value == 0.0:
        return "0"
    return format_with_error(value * factor, math.inf if error is None else error * factor)


def _table(headings: Sequence[tuple[str, bool]]) -> Table:
    """Empty table; True: numbers, on the right."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading, right in headings:
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    return table


def _values(record: dict[str, Any]) -> Table:
    columns = [
        column
        for column in COLUMNS
        if column[1] != "demand_response_eur_per_mwh" or any(row[column[1]]["value"] for row in _all_steps(record))
    ]
    table = _table([("to (cabinets)\nor hours", False), ("MWh", True), *((heading, True) for heading, _, _ in columns)])
    for rows in record["steps"].values():
        for k, row in enumerate(rows):
            cells = [_text(row[name], factor) for _, name, factor in columns]
            words = row["size"].replace("of the cabinets", f"({row['cabinets']})").replace(" at full power", "")
            table.add_row(words, f"{row['energy_mwh']:.2f}", *cells, end_section=k == len(rows) - 1)
    return table


def _all_steps(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for rows in record["steps"].values() for row in rows]


def _capacity(record: dict[str, Any]) -> Table:
    table = _table(
        [("years", True), ("ageing law", False), ("paths", True), ("mean", True), ("5 %", True), ("95 %", True)]
    )
    year = None
    for row in record["capacity"]:
        first = "" if row["years_in_service"] == year else str(row["years_in_service"])
        year = row["years_in_service"]
        cells = [_text(row[name], PERCENT) for name in ("mean", "p5", "p95")]
        table.add_row(first, row["law"], f"{row['paths']:,}", *cells, end_section=row["law"] == "all")
    return table


def _availability(found: dict[str, Any]) -> Table:
    table = _table([("cabinets out", False), ("simulated", True), ("exact", True), ("unlimited crews", True)])
    for row in found["rows"]:
        words = f"{row['out']} or more" if row["or_more"] else str(row["out"])
        exact = "-" if row["exact"] is None else f"{row['exact'] * PERCENT:.4f}"
        table.add_row(words, Text(_text(row["simulated"], PERCENT)), exact, f"{row['unlimited_crews'] * PERCENT:.4f}")
    return table


def _say_down(say: Any, found: dict[str, Any]) -> None:
    if found["exact_most_failed"] is not None:
        change = max(row["cut_changes"] for row in found["rows"])
        say(
            f"Exact: the same chain with at most {found['exact_most_failed']} failed at once; one fewer changes no "
            f"share by more than {change * PERCENT:.1g} %. Unlimited crews and spares, no failures of groups: binomial."
        )
    else:
        say("The exact chain has too many states for this fleet. Unlimited crews and spares, no groups: binomial.")
    down = found["down_in_lifetimes"]
    if down is not None:
        say(f"In the simulated lifetimes, fires included, {_text(down, PERCENT)} % of cabinet-days are lost.")


def _strings(strings: dict[str, Any]) -> Table:
    table = _table([("year", True), ("no spread", True), ("string", True), ("central", True), ("difference", True)])
    found = strings["spreads"][0]
    for year in STRING_YEARS:
        cells = [_text(found[name]["balancing"]["usable_kwh"][year]) for name in BOTH]
        table.add_row(str(year), f"{strings['no_spread_kwh'][year]:.1f}", *cells)
    total = [_text(found[name]["balancing"]["lifetime_mwh"]) for name in BOTH]
    table.add_row("MWh in all", "", *total)
    return table


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv
    from studies.figures.storage_availability import draw_availability
    from studies.figures.storage_capacity import draw_capacity
    from studies.figures.storage_value import draw_value
    from studies.figures.strings import draw_strings
    from studies.figures.style import save, theme

    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "storage.csv", list(HEADER), _rows(record))
    (out / "storage.json").write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with theme():
        save(draw_value(record), out, "storage_value")
        save(draw_capacity(record), out, "storage_capacity")
        if record["availability"] is not None:
            save(draw_availability(record["availability"]), out, "storage_availability")
        save(draw_strings(record["strings"]), out, "strings")


def _rows(record: dict[str, Any]) -> list[list[str]]:
    """Every number with its error, one a row."""
    rows: list[list[str]] = []

    def add(table: str, row: str, quantity: str, number: dict[str, float | None], unit: str) -> None:
        shown = ["" if x is None else f"{x:.10g}" for x in (number["value"], number["standard_error"])]
        rows.append([table, row, quantity, *shown, unit])

    for ladder, steps in record["steps"].items():
        for step in steps:
            for name, number in step.items():
                if isinstance(number, dict):
                    unit = "EUR/MWh" if name.endswith("_eur_per_mwh") else ""
                    add(f"value by {ladder}", f"{step['energy_mwh']:.6g} MWh", name, number, unit)
    for found in record["capacity"]:
        for name in ("mean", "p5", "p95"):
            add("capacity", f"{found['law']}, {found['years_in_service']} years", name, found[name], "")
    availability = record["availability"]
    for found in availability["rows"] if availability is not None else ():
        words = f"{found['out']}{' or more' if found['or_more'] else ''} out"
        add("availability", words, "simulated", found["simulated"], "")
        for name in ("exact", "unlimited_crews"):
            if found[name] is not None:
                add("availability", words, name, {"value": found[name], "standard_error": None}, "")
    if availability is not None and availability["down_in_lifetimes"] is not None:
        add("availability", "cabinet-days lost", "lifetimes", availability["down_in_lifetimes"], "")
    found = record["strings"]["spreads"][0]
    for name in BOTH:
        for year, number in enumerate(found[name]["balancing"]["usable_kwh"]):
            add("strings", f"year {year}", name, number, "kWh")
    return rows

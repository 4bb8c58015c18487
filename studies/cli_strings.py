"""The command ``strings``: one converter per string against one for all."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from studies.cli_problems import check_out, plain_problems, printable, refuse

if TYPE_CHECKING:
    from studies.strings_study import Case

__all__ = ["StringsRequest", "compare_strings"]

RANGES = {
    "years": (1, 30, "years"),
    "cycles_per_day": (0.1, 6.0, "cycles a day"),
    "in_parallel": (2, 200, "cabinets"),
    "swap_years": (1, 30, "years"),
    "swap_share": (0.0, 1.0, "of the modules"),
    "paths": (2, 100_000, "lifetimes"),
}
"""Allowed range and unit of each number typed."""
SPREAD_RANGE = (0.0, 5.0)
MOST_SPREADS = 4
WORDS = {"none": "as built", "balancing": "balanced", "balancing_and_swaps": "balanced, worst swapped"}


@dataclass(frozen=True)
class StringsRequest:
    """What was typed."""

    cabinet: str
    spread: str
    years: int
    law: str
    cycles_per_day: float
    in_parallel: int
    swap_years: int
    swap_share: float
    paths: int
    seed: int | None
    out: Path | None
    as_json: bool


def compare_strings(request: StringsRequest) -> None:
    """Check what was typed, simulate, write the tables and the figure, and print."""
    with plain_problems():
        case = _case(request)
        from studies.strings_study import compare

        record = compare(case)
        if request.out is not None:
            _write(record, request.out)
    if request.as_json:
        typer.echo(json.dumps(record, indent=2))
    else:
        _print(record, request.out)


def _case(request: StringsRequest) -> Case:
    for name, (low, high, unit) in RANGES.items():
        value = getattr(request, name)
        if not low <= value <= high:
            raise refuse(f"--{name.replace('_', '-')} {value:g}: must be from {low:g} to {high:,.10g} {unit}")
    spreads = _spreads(request.spread)
    check_out(request.out)
    from riskmodel.catalogue import cabinets

    if request.cabinet not in cabinets():
        raise refuse(f"--cabinet {request.cabinet}: type one of {', '.join(cabinets())}")
    from distributions.cells import LAWS
    from riskmodel.study.problems import nearest
    from studies.strings_study import Case, duty_of

    if request.law not in LAWS:
        near = nearest(request.law, list(LAWS))
        hint = f"; did you mean {near}?" if near else ""
        raise refuse(f"--law {request.law}: type one of {', '.join(LAWS)}{hint}")
    cabinet = cabinets()[request.cabinet]
    try:
        duty_of(cabinet, request.cycles_per_day)
    except ValueError as error:
        raise refuse(f"--cycles-per-day {request.cycles_per_day:g}: {error}; type e.g. 1") from None
    seed = secrets.randbits(63) if request.seed is None else request.seed
    return Case(
        cabinet=cabinet,
        law=request.law,
        spreads=spreads,
        years=request.years,
        cycles_per_day=request.cycles_per_day,
        in_parallel=request.in_parallel,
        swap_years=request.swap_years,
        swap_share=request.swap_share,
        paths=request.paths,
        seed=seed,
    )


def _spreads(text: str) -> tuple[float, ...]:
    low, high = SPREAD_RANGE
    wanted = f"must be 1 to {MOST_SPREADS} different numbers from {low:g} to {high:g} with commas between, e.g. 1,2"
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise refuse(f"--spread {text}: {wanted}") from None
    if len(values) > MOST_SPREADS or len(set(values)) < len(values) or not all(low <= v <= high for v in values):
        raise refuse(f"--spread {text}: {wanted}")
    return values


def _text(number: dict[str, float | None], digits_unit: float = 1.0) -> str:
    from distributions.estimate import format_with_error

    value, error = number["value"], number["standard_error"]
    return format_with_error((value or 0.0) * digits_unit, math.inf if error is None else error * digits_unit)


def _print(record: dict[str, Any], out: Path | None) -> None:
    console = Console()

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    say(
        f"{record['title']}: {record['strings']} strings of {record['modules_per_string']} modules, "
        f"cycles a day: {record['cycles_per_day']:g}, from 10 to 90 % at {record['temperature_c']:g} deg C"
    )
    say(record["law_title"])
    for found in record["spreads"]:
        say(f"\nUsable energy of a cabinet [kWh], spread {found['spread']:g} x published")
        console.print(_by_year(record, found))
        say(_gains(record, found))
    say(
        "\nCapacity left by ageing law [share of new], published spread: 90 % of modules (exact) and of strings "
        "(balanced) lie between"
    )
    console.print(_ageing(record))
    say(f"Share of time by number of the {record['cabinets_in_parallel']} cabinets that work")
    console.print(_availability(record))
    say(
        f"{record['paths']:,} lifetimes, seed {record['seed']}; +- is one standard error. As built: state of charge of "
        f"the modules differs (judgement: {record['published_spread']['charge_sd']:.0%} each way). Central is the low "
        f"end: parallel strings may share current."
    )
    if out is not None:
        say(f"Written: {out}")


def _by_year(record: dict[str, Any], found: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("year", justify="right")
    table.add_column("no spread", justify="right")
    table.add_column("")
    for words in ("as built", "balanced", "worst swapped"):
        table.add_column(words, justify="right", no_wrap=True)
    for year in range(record["years"] + 1):
        for name in ("string", "central"):
            cells = [_text(found[name][care]["usable_kwh"][year]) for care in WORDS]
            first = [str(year), f"{record['no_spread_kwh'][year]:.2f}"] if name == "string" else ["", ""]
            table.add_row(*first, name, *cells)
    return table


def _gains(record: dict[str, Any], found: dict[str, Any]) -> str:
    lines = []
    for care, words in WORDS.items():
        more = found["string_minus_central"][care]["lifetime_mwh"]
        both = [_text(found[name][care]["lifetime_mwh"]) for name in ("string", "central")]
        share = 100.0 * more["value"] / found["central"][care]["lifetime_mwh"]["value"]
        gain = f"{_text(more)} MWh more ({share:.2f} %)"
        lines.append(f"  {words}: string {both[0]} MWh, central {both[1]} MWh: string gives {gain}")
    for name in ("string", "central"):
        back = found[name]["recovered_mwh"]
        lines.append(
            f"  {name}: balancing recovers {_text(back['balancing'])} MWh, with {record['swap_modules']} modules "
            f"swapped each {record['swap_every_years']} years {_text(back['balancing_and_swaps'])} MWh"
        )
    last = {name: values[-1] for name, values in found["exact_balanced_kwh"].items()}
    exact = f"string {last['string']:.3f} kWh, central {last['central']:.3f} kWh"
    lines.append(f"  exact by order statistics, balanced, last year: {exact}")
    return "\n".join([f"Over {record['years']} years, a cabinet, at the cells:", *lines])


def _ageing(record: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("law", "year", "by law", "modules 5 to 95 %", "strings 5 to 95 %"):
        table.add_column(name, justify="left" if name == "law" else "right")
    for row in record["ageing"]:
        modules = f"{row['module_p5']:.4f} to {row['module_p95']:.4f}"
        strings = f"{_text(row['string_p5'])} to\n{_text(row['string_p95'])}"
        table.add_row(row["law"], str(row["year"]), f"{row['law_capacity']:.4f}", modules, strings)
    return table


def _availability(record: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("working", "string, exact", "string, simulated", "central, exact"):
        table.add_column(name, justify="right")
    for row in record["availability"]:
        left = record["cabinets_in_parallel"] - row["out"]
        working = f"{left} or fewer" if row["or_more"] and left else str(left)
        seen = row["simulated"]
        simulated = "not seen" if not seen["value"] else _text(seen, 100.0) + " %"
        table.add_row(working, _percent(row["exact"]), simulated, _percent(row["central_exact"]))
    return table


def _percent(share: float) -> str:
    return f"{100.0 * share:.4g} %"


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv
    from studies.figures.strings import draw_strings
    from studies.figures.style import save, theme

    out.mkdir(parents=True, exist_ok=True)
    heading = ["spread", "year", "architecture", "care", "usable_kwh", "standard_error_kwh", "exact_kwh"]
    write_csv(out / "usable_energy.csv", heading, _rows(record))
    (out / "strings.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    with theme():
        save(draw_strings(record), out, "strings")


def _rows(record: dict[str, Any]) -> list[list[str]]:
    rows = []
    for found in record["spreads"]:
        for name in ("string", "central"):
            for care in WORDS:
                for year, number in enumerate(found[name][care]["usable_kwh"]):
                    error = number["standard_error"]
                    exact = found["exact_balanced_kwh"][name][year] if care == "balancing" else None
                    numbers = ["" if x is None else f"{x:.10g}" for x in (number["value"], error, exact)]
                    rows.append([f"{found['spread']:g}", str(year), name, care, *numbers])
    return rows

"""The command ``claim``: how often a claim about a strategy holds, and what it would need."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.cli_money_names import in_money, rows_in_money
from studies.cli_problems import check_out, check_paths, fail, plain_problems, printable, refuse, warn

if TYPE_CHECKING:
    from riskmodel.study import Study
    from studies.claim_study import ClaimTest

__all__ = ["ClaimRequest", "claim_of_study", "sentences"]

LEAST_PATHS, MOST_PATHS = 2, 1_000_000
PERCENT, PER_THOUSAND = 100.0, 1e-3
WIDTH = 150
LEAST_MOVED = 0.05
HEADER = ("table", "row", "quantity", "value", "standard_error", "unit")


@dataclass(frozen=True)
class ClaimRequest:
    """What was typed."""

    study: str
    claim: str
    strategy: str | None
    paths: int
    search_paths: int
    seed: int | None
    overrides: tuple[str, ...]
    out: Path | None
    as_json: bool
    as_csv: bool


def claim_of_study(request: ClaimRequest) -> None:
    """Check what was typed, simulate, write the tables where asked to, and print."""
    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: choose one")
    with plain_problems():
        record = _simulated(_test(request), wanted=not (request.as_json or request.as_csv))
        if request.out is not None:
            _write(record, request.out)
    if request.as_json:
        typer.echo(json.dumps(in_money(record), indent=2, allow_nan=False))
    elif request.as_csv:
        from riskmodel.csv_table import csv_text

        typer.echo(csv_text(list(HEADER), rows_in_money(record, rows_of(record))), nl=False)
    else:
        _print(record, request.out)


def _test(request: ClaimRequest) -> ClaimTest:
    import studies
    from riskmodel.claim_text import ClaimError, parse_claim
    from studies.claim_study import ClaimTest

    check_paths(request.paths, LEAST_PATHS, MOST_PATHS)
    check_out(request.out)
    if request.search_paths and not LEAST_PATHS <= request.search_paths <= request.paths:
        raise refuse(
            f"--search-paths {request.search_paths}: must be 0 or from {LEAST_PATHS} to --paths {request.paths:,}"
        )
    study = studies.load(request.study, request.overrides)
    try:
        claim = parse_claim(request.claim, study.header.currency)
    except ClaimError as error:
        raise refuse(str(error)) from None
    strategy = _strategy(study, request.strategy, claim.result)
    warn(study)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    return ClaimTest(study, strategy, claim, request.paths, seed, request.search_paths)


def _strategy(study: Study, typed: str | None, result: str) -> str:
    """The strategy typed, that of the study's claims, or the only one that is not the baseline."""
    from riskmodel.claim_text import LIFE

    names = [name for name in study.strategy_names if name != study.header.baseline]
    if typed is not None and typed not in study.strategy_names:
        raise refuse(f"--strategy {typed}: type one of {', '.join(study.strategy_names)}")
    claimed = study.claims.strategy if study.claims is not None else None
    if typed is None and claimed is None and len(names) != 1:
        raise refuse(f"--strategy: which one is the claim about? Type one of {', '.join(study.strategy_names)}")
    strategy = typed or claimed or names[0]
    if strategy == study.header.baseline and (result.startswith("payback_") or result in ("irr", "mirr")):
        raise refuse(f"--strategy {strategy}: is the baseline, which has no {result}; type one of {', '.join(names)}")
    if result in (LIFE, "battery_capacity_left_end") and study.strategies[strategy].storage is None:
        raise refuse(f"--strategy {strategy}: has no storage, so no {result}")
    return strategy


def _simulated(test: ClaimTest, wanted: bool) -> dict[str, Any]:
    from riskmodel.engine import TooManyEvents
    from studies.claim_study import check_claim
    from studies.cli_progress import RunProgress

    try:
        with RunProgress(wanted=wanted) as progress:
            return check_claim(test, progress)
    except TooManyEvents as error:
        raise fail(str(error)) from None


def _print(record: dict[str, Any], out: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    from riskmodel.currency import in_words

    def say(text: str) -> None:
        console.print(printable(in_words(text, record["currency"])), highlight=False, markup=False, soft_wrap=True)

    say(f"{record['title']}\nClaim: {record['claim']} {record['unit']}, for {record['strategy']}".rstrip())
    console.print(_definitions(record))
    for line in sentences(record):
        say(f"- {line}")
    if record["needs"]:
        say(f"\nOne input alone that makes it hold in half of the lifetimes ({record['search_paths']:,} of them):")
        console.print(_needs(record))
        cannot = [need for need in record["needs"] if need["value"] is None]
        say(_cannot_text(cannot) if cannot else "Every input can.")
    say(
        f"{record['paths']:,} paths of {record['years']} years, seed {record['seed']}. +- is one standard error of the "
        "simulation."
    )
    if out is not None:
        say(f"Tables: {out}")


def _text(number: dict[str, float | None], factor: float = 1.0) -> str:
    from studies.cli_stress import number_text

    return number_text(number, factor)


def _table(*headings: tuple[str, bool]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading, right in headings:
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    return table


def _definitions(record: dict[str, Any]) -> Table:
    from riskmodel.claim_text import LIFE
    from riskmodel.currency import outside

    table = _table(("read as", False), ("holds in,\n% of paths", True), (f"median{_unit(record)}", True))
    for one in record["definitions"]:
        never = f"over {record['years']}" if one["result"] == LIFE else "never"
        infinite = one["median"]["value"] is None and one["not_defined_share"] < 1.0
        median = never if infinite else _text(one["median"])
        table.add_row(outside(one["result"], record["currency"]), _text(one["holds"], PERCENT), median)
    for one in record["by_ageing_law"]:
        table.add_row(f"  cells: {one['law']} ({one['paths']:,} paths)", _text(one["holds"], PERCENT), "")
    return table


def _unit(record: dict[str, Any]) -> str:
    return f",\n{record['unit']}" if record["unit"] else ""


def _needs(record: dict[str, Any]) -> Table:
    from riskmodel.currency import in_words, outside

    table = _table(
        ("input", False), ("now", True), ("needed", True), ("unit", False), ("chance of that,\n%", True),
        ("change,\n%", True), ("holds at its ends,\n% of paths", True),
    )  # fmt: skip
    for need in record["needs"]:
        if need["value"] is None:
            continue
        ends = f"{need['holds_at_low'] * PERCENT:.0f} to {need['holds_at_high'] * PERCENT:.0f}"
        change = "" if need["relative_change"] is None else f"{need['relative_change'] * PERCENT:+.0f}"
        chance = "fixed" if need["chance"] is None else f"{need['chance'] * PERCENT:.2g}"
        needed = f"about {need['value']:.3g}"
        if need["error"] is not None:
            needed = _text({"value": need["value"], "standard_error": need["error"]})
        table.add_row(
            Text(outside(need["input"], record["currency"])),
            f"{need['now']:.4g}",
            needed,
            in_words(need["unit"], record["currency"]),
            chance,
            change,
            ends,
        )
    return table


def _cannot_text(cannot: list[dict[str, Any]]) -> str:
    """Inputs of which no value will do, nearest first; those that hardly move the share are counted."""
    moving = [need for need in cannot if abs(need["holds_at_high"] - need["holds_at_low"]) >= LEAST_MOVED]
    shown = [f"{need['input']} ({_best_end(need) * PERCENT:.0f} %)" for need in moving]
    rest = len(cannot) - len(moving)
    few = f"{rest} other inputs move the share by less than {LEAST_MOVED * PERCENT:.0f} points." if rest else ""
    if not moving:
        return few
    return (
        "No value between the 1 in 1,000 ends of its law (a fixed number: from half to twice) does for these; in "
        f"brackets the nearest share to half: {', '.join(shown)}. {few}"
    )


def _best_end(need: dict[str, Any]) -> float:
    return min((need["holds_at_low"], need["holds_at_high"]), key=lambda share: abs(share - 0.5))


def sentences(record: dict[str, Any]) -> list[str]:
    """The published figures, and what a month of earlier power is worth, in words."""
    lines = []
    published, early = record["published"], record["earlier_power"]
    payback = record["claim"].startswith("payback_")
    if payback and published is not None and published["payback_simple_years"] is not None:
        lines.append(
            f"Published figures alone: stand-alone simple payback of {published['payback_simple_years']:.1f} years."
        )
    if payback and published is not None and (published["capex_difference_eur"] or 0.0) < 0.0:
        lines.append(
            f"Against {record['baseline']} none is needed: it costs "
            f"{-published['capex_difference_eur'] * 1e-6:.1f} million EUR less to begin with."
        )
    if early is not None and published is not None and published["earlier_power"] is not None:
        month = published["earlier_power"]
        lines.append(
            f"By the published figures, under {published['payback_years_below']:g} years takes earlier power worth "
            f"{month['eur_per_month'] * PER_THOUSAND:.0f} kEUR a month for {month['months']:g} months "
            f"({month['total_eur'] * 1e-6:.2f} million EUR), undiscounted."
        )
        lines.append(
            f"Simulated, a month of earlier power is worth that much in "
            f"{_text(early['worth_at_least_published_share'], PERCENT)} % of paths."
        )
    if early is not None:
        lines.append(
            f"Simulated, power comes {_text(early['months_earlier_median'])} months earlier (median); a month is worth "
            f"{_text(early['worth_eur_per_month_median'], PER_THOUSAND)} kEUR (median; mean "
            f"{_text(early['worth_eur_per_month_mean'], PER_THOUSAND)}), and the claim needs "
            f"{_text(early['needed_eur_per_month_median'], PER_THOUSAND)} (median); it is worth what is needed in "
            f"{_text(early['worth_at_least_needed_share'], PERCENT)} % of paths."
        )
    return lines


def rows_of(record: dict[str, Any]) -> list[list[str]]:
    """Every number with its error, one a row."""
    rows: list[list[str]] = []

    def add(table: str, row: str, quantity: str, value: float | None, error: float | None, unit: str) -> None:
        rows.append([table, row, quantity, *("" if x is None else f"{x:.10g}" for x in (value, error)), unit])

    def number(table: str, row: str, quantity: str, found: dict[str, float | None], unit: str) -> None:
        add(table, row, quantity, found["value"], found["standard_error"], unit)

    for one in record["definitions"]:
        number("definition", one["result"], "holds", one["holds"], "")
        number("definition", one["result"], "median", one["median"], record["unit"])
    for one in record["by_ageing_law"]:
        number("ageing law", one["law"], "holds", one["holds"], "")
    for name, value in (record["earlier_power"] or {}).items():
        number("earlier power", name, "", value, "EUR/month" if "eur_per_month" in name else "")
    for need in record["needs"]:
        add("needs", need["input"], "value", need["value"], need["error"], need["unit"])
        for name in ("now", "chance", "holds_at_low", "holds_at_high"):
            add("needs", need["input"], name, need[name], None, need["unit"] if name == "now" else "")
    return rows


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv

    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "claim.csv", list(HEADER), rows_in_money(record, rows_of(record)))
    (out / "claim.json").write_text(json.dumps(in_money(record), indent=2, allow_nan=False) + "\n", encoding="utf-8")

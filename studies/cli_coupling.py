"""The command ``coupling``: what one weather for prices, outages and sun is worth."""

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
from rich.text import Text

from studies.cli_problems import check_out, check_paths, fail, plain_problems, printable, refuse, warn

if TYPE_CHECKING:
    from studies.coupling_study import Case

__all__ = ["CouplingRequest", "compare_weathers"]

LEAST_PATHS, MOST_PATHS = 2, 1_000_000
PER_THOUSAND, PERCENT = 1e-3, 100.0
ROWS = (("coupled", "one weather"), ("uncoupled", "a weather each"), ("difference", "difference"))
# Heading, number of the record, factor to the unit in the heading.
COLUMNS = (
    ("mean,\nkEUR", "mean_eur", PER_THOUSAND),
    ("in 1 year\nof 20,\nkEUR", "in_1_year_of_20_eur", PER_THOUSAND),
    ("worst 1 %\nof years,\nkEUR", "worst_1_percent_eur", PER_THOUSAND),
    ("of it\nenergy,\nkEUR", "worst_1_percent_energy_eur", PER_THOUSAND),
    ("of it\ndowntime,\nkEUR", "worst_1_percent_downtime_eur", PER_THOUSAND),
    ("with an\nextreme\noutage, %", "worst_1_percent_with_extreme_outage_share", PERCENT),
)
HEADER = ("strategy", "weather", "metric", "value", "standard_error", "unit")
WIDTH = 120


@dataclass(frozen=True)
class CouplingRequest:
    """What was typed."""

    study: str
    paths: int
    seed: int | None
    overrides: tuple[str, ...]
    out: Path | None
    as_json: bool


def compare_weathers(request: CouplingRequest) -> None:
    """Check what was typed, simulate twice, write the tables and the figure, and print."""
    with plain_problems():
        record = _simulated(_case(request), wanted=not request.as_json)
        if request.out is not None:
            _write(record, request.out)
    if request.as_json:
        typer.echo(json.dumps(record, indent=2, allow_nan=False))
    else:
        _print(record, request.out)


def _case(request: CouplingRequest) -> Case:
    import studies
    from studies.coupling_study import LEAST_YEARS, Case

    check_paths(request.paths, LEAST_PATHS, MOST_PATHS)
    check_out(request.out)
    coupled, uncoupled = (
        studies.load(request.study, (*request.overrides, f"site.weather_coupling={word}")) for word in ("true", "false")
    )
    years = coupled.header.years
    if request.paths * years < LEAST_YEARS:
        raise refuse(
            f"--paths {request.paths}: {request.paths} lifetimes of {years} years are too few for the worst 1 % of "
            f"years; type --paths {math.ceil(LEAST_YEARS / years)} or more"
        )
    warn(coupled)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    return Case(coupled, uncoupled, request.paths, seed)


def _simulated(case: Case, wanted: bool) -> dict[str, Any]:
    from riskmodel.engine import TooManyEvents
    from studies.cli_progress import RunProgress
    from studies.coupling_study import compare

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

    say(f"{record['title']}: yearly energy cost and downtime loss, prices of {record['price_year']}")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("strategy", no_wrap=True)
    table.add_column("prices, outages\nand sun in", no_wrap=True)
    for heading, _, _ in COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    for found in record["strategies"]:
        for key, words in ROWS:
            first = found["name"] if key == "coupled" else ""
            cells = (_text(found[key][name], factor) for _, name, factor in COLUMNS)
            table.add_row(Text(printable(first)), words, *cells, end_section=key == "difference")
    console.print(table)
    for found in record["strategies"]:
        say(_sentence(found))
    say(_reading(record))
    if out is not None:
        say(f"Tables and figure: {out}")


def _sentence(found: dict[str, Any]) -> str:
    """What the difference is worth, and whether it can be told from none."""
    from distributions.estimate import Estimate

    worst, base = found["difference"]["worst_1_percent_eur"], found["uncoupled"]["worst_1_percent_eur"]["value"]
    size = _text(worst, PER_THOUSAND)
    if worst["standard_error"] is None:
        verdict = "its error is not known"
    elif found["told_apart"]:
        verdict = "more than twice its error"
    else:
        verdict = "within twice its error, so not told apart from none"
    share = ""
    if base and worst["standard_error"] is not None:
        error = abs(worst["standard_error"] / base)
        share = f" ({Estimate(worst['value'] / base, error, 1).scaled(PERCENT, '%')})"
    return f"- {found['name']}: one weather changes the worst 1 % of years by {size} kEUR{share}: {verdict}."


def _reading(record: dict[str, Any]) -> str:
    every = record["strategies"][0]["coupled"]["with_extreme_outage_share"]
    return (
        f"{record['paths']:,} paths of {record['years']} years, twice, seed {record['seed']}. Real, undiscounted. "
        "+- is one standard error; that of a difference is the spread from path to path of what each path adds to it: "
        "path k has the same inputs, parameters and outages in both, other prices and sun. "
        f"An extreme outage that hurts some strategy comes in {_text(every, PERCENT)} % of all years.\n"
        "Waiting for power is not in this loss: years without full power look cheap here, since they buy less energy."
    )


def _text(number: dict[str, Any], factor: float) -> str:
    from distributions.estimate import format_with_error

    value, error = number["value"] or 0.0, number["standard_error"]
    if error is None and value == 0.0:
        return "0"
    return format_with_error(value * factor, math.inf if error is None else error * factor)


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv
    from studies.figures.coupling import draw_coupling
    from studies.figures.style import save, theme

    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "coupling.csv", list(HEADER), _rows(record))
    (out / "coupling.json").write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with theme():
        save(draw_coupling(record), out, "coupling")


def _rows(record: dict[str, Any]) -> list[list[str]]:
    rows = []
    for found in record["strategies"]:
        for key, _ in ROWS:
            for metric, number in found[key].items():
                numbers = ["" if x is None else f"{x:.10g}" for x in (number["value"], number["standard_error"])]
                rows.append([found["name"], key, metric, *numbers, "EUR" if metric.endswith("_eur") else ""])
    return rows

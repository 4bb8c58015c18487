"""The command ``sensitivity``: which inputs the spread of a result comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from riskmodel.currency import in_words
from studies.cli_problems import plain_problems, printable, refuse
from studies.cli_record import json_text, rows_in

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["SensitivityRequest", "print_shares", "scale_of", "show_sensitivity", "text_of"]

WIDTH = 150
PERCENT = 100.0
SHOWN = 10
SCALES = ((1e6, "million "), (1e3, "k"), (1.0, ""))
HEADER = ("strategy", "metric", "table", "row", "quantity", "value", "standard_error", "unit")


@dataclass(frozen=True)
class SensitivityRequest:
    """What was typed."""

    target: str
    metrics: tuple[str, ...]
    strategy: str | None
    top: int
    out: Path | None
    as_json: bool
    as_csv: bool


def show_sensitivity(request: SensitivityRequest) -> None:
    """Read results, analyse them, write tables and figures where asked to, and print."""
    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: choose one")
    if request.out is not None and request.out.exists() and not request.out.is_dir():
        raise refuse(f"--out {request.out}: is a file: type the name of a folder")
    if request.top < 1:
        raise refuse(f"--top {request.top}: must be at least 1")
    with plain_problems():
        results = _results(request.target)
        record = _record(results, request)
        if request.out is not None:
            _write(record, request.out)
    currency = record["study"]["currency"]
    if request.as_json:
        typer.echo(json_text(record, currency))
    elif request.as_csv:
        from riskmodel.csv_table import csv_text

        typer.echo(csv_text(list(HEADER), rows_in(rows_of(record), currency)), nl=False)
    else:
        _print(record, request)


def _results(target: str) -> Results:
    from riskmodel.results import load_results
    from riskmodel.run import RunError

    try:
        return load_results(target)
    except RunError as error:
        import studies

        hint = ""
        if target in studies.names() or Path(target).suffix == ".toml":
            hint = f"; it is a study: run it first (riskmodel run {target}), or type --sobol to simulate pairs"
        raise refuse(f"{error}{hint}") from None


def default_strategy(results: Results) -> str:
    """The one the study's claims are about, else the one with the highest mean NPV that is not the baseline."""
    claims = results.study.claims
    if claims is not None and claims.strategy is not None:
        return claims.strategy
    others = [name for name in results.strategy_names if name != results.baseline]
    if not others:
        return results.baseline
    values = results.column("npv_eur").mean(axis=0)
    return max(others, key=lambda name: float(values[results.strategy_names.index(name)]))


def default_metrics(results: Results, strategy: str) -> tuple[str, ...]:
    """NPV difference, downtime loss, and the share paid back by the date of the study's claims, or by the median."""
    if strategy == results.baseline:
        return ("npv", "downtime_loss")
    claims = results.study.claims
    date = claims.payback_years_below if claims is not None else None
    if date is None:
        years = results.column("payback_simple_years")[:, results.strategy_names.index(strategy)]
        date = float(sorted(years)[len(years) // 2])
        date = float(f"{date:.2g}") if math.isfinite(date) and date > 0.0 else float(results.n_years)
    return ("delta_npv", "downtime_loss", f"payback_simple_years < {date:g}")


def _record(results: Results, request: SensitivityRequest) -> dict[str, Any]:
    from riskmodel.sensitivity import MetricError, plain, sensitivity

    strategy = request.strategy or default_strategy(results)
    if strategy not in results.strategy_names:
        raise refuse(f"--strategy {strategy}: type one of {', '.join(results.strategy_names)}")
    metrics = request.metrics or default_metrics(results, strategy)
    paths, found = results.paths, []
    left_out: list[str] = []
    for metric in metrics:
        try:
            found.append(plain(sensitivity(results, metric, strategy, paths)))
        except MetricError as error:
            if request.metrics or len(left_out) == len(metrics) - 1:
                raise refuse(str(error)) from None
            left_out.append(str(error))
    return {
        "study": results.manifest["study"],
        "input_hash": results.manifest["input_hash"],
        "folder": str(results.folder),
        "paths": results.n_paths,
        "years": results.n_years,
        "seed": results.seed,
        "strategy": strategy,
        "strategy_title": results.titles[strategy],
        "left_out": left_out,
        "results": found,
    }


def scale_of(sd: float, unit: str) -> tuple[float, str]:
    """Factor and unit in which numbers of this spread read well."""
    if not unit or unit == "years":
        return (PERCENT, "% of paths") if not unit else (1.0, unit)
    size, word = next(((size, word) for size, word in SCALES if sd >= size), SCALES[-1])
    return 1.0 / size, f"{word}{unit}"


def text_of(number: dict[str, Any] | None, factor: float = 1.0) -> str:
    """Value +- error; - where there is none, 0 where it was never seen."""
    from distributions.estimate import format_with_error

    if number is None or number["value"] is None:
        return "-"
    value, error = number["value"], number["standard_error"]
    if value == 0.0 and not error:
        return "0"
    return format_with_error(value * factor, math.inf if error is None else error * factor)


def _print(record: dict[str, Any], request: SensitivityRequest) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    currency = record["study"]["currency"]

    def say(text: str) -> None:
        console.print(printable(in_words(text, currency)), highlight=False, markup=False, soft_wrap=True)

    say(f"{record['study']['title']}: {record['strategy_title']} ({record['strategy']})")
    for found in record["results"]:
        _print_result(console, say, found, request.top, currency)
    for text in record["left_out"]:
        say(f"Left out: {text}.")
    say(
        f"{record['paths']:,} paths of {record['years']} years, seed {record['seed']}; nothing was simulated for this. "
        "Shares are of the variance between paths; alone: E[result | input] varies by so much; in all: with what it "
        "does together with others, as far as a fitted sum of polynomials shows it. "
        "*: drawn together with others; the share in all is theirs together. "
        "Near P10 and P90: mean result on the tenth of the paths around, less that of all; the input's value for this "
        "strategy and for others moves together, as on every path. +- is one standard error."
    )
    if request.out is not None:
        say(f"Tables and figures: {request.out}")


def _print_result(console: Console, say: Any, found: dict[str, Any], top: int, currency: str) -> None:
    factor, unit = scale_of(found["sd"], found["unit"])
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("input", no_wrap=True)
    near = f"near P10,\n{in_words(unit, currency)}"
    for heading in ("alone, %", "95 % band", "in all, %", "P10 .. P90", near, "near P90"):
        table.add_column(heading, justify="right", no_wrap=True)
    shown, rest = found["inputs"][:top], found["inputs"][top:]
    for one in shown:
        low, high = one["first_order_low"] * PERCENT, one["first_order_high"] * PERCENT
        total = text_of(one["total_of_set"], PERCENT) + ("*" if one["tied_to"] else "")
        table.add_row(
            Text(printable(in_words(one["input"], currency))),
            text_of(one["first_order"], PERCENT),
            f"{low:.1f} .. {high:.1f}",
            total,
            f"{one['p10']:.3g} .. {one['p90']:.3g}",
            text_of(one["change_at_p10"], factor),
            text_of(one["change_at_p90"], factor),
        )
    say("")
    sd = found["sd"] * factor
    say(f"{found['metric']}: mean {text_of(found['mean'], factor)} {unit}, standard deviation {sd:.4g}")
    console.print(table)
    if rest:
        most = max(one["first_order_high"] for one in rest) * PERCENT
        say(f"{len(rest)} more inputs; the band of none of them reaches above {most:.1f} %.")
    print_shares(console, found["groups"])
    chance = found["chance"]
    words = "" if chance is None else f" By chance alone: {text_of(chance, PERCENT)} %."
    say(f"The fitted sum explains {found['surrogate_r2_other_paths'] * PERCENT:.1f} % on paths it has not seen.{words}")


def print_shares(console: Console, groups: list[dict[str, Any]]) -> None:
    """One row a group of inputs: what it does alone, and in all."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("group", no_wrap=True)
    for heading in ("alone, %", "in all, %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in groups:
        table.add_row(one["group"], text_of(one["own"], PERCENT), text_of(one["total"], PERCENT))
    console.print(table)


def rows_of(record: dict[str, Any]) -> list[list[str]]:
    """Every number with its error, one a row."""
    rows: list[list[str]] = []
    for found in record["results"]:
        head = [found.get("strategy", record["strategy"]), found["metric"]]

        def add(table: str, row: str, quantity: str, number: Any, unit: str = "", head: list[str] = head) -> None:
            if number is None:
                return
            value, error = (number["value"], number["standard_error"]) if isinstance(number, dict) else (number, None)
            shown = ["" if x is None else f"{x:.10g}" for x in (value, error)]
            rows.append([*head, table, row, quantity, *shown, unit])

        for one in found["inputs"]:
            for key in ("first_order", "first_order_low", "first_order_high", "total_of_set"):
                add("input", one["input"], key, one.get(key))
            for key in ("p10", "p90"):
                add("input", one["input"], key, one.get(key), one["unit"])
            for key in ("change_at_p10", "change_at_p90"):
                add("input", one["input"], key, one.get(key), found["unit"])
        for one in found["groups"]:
            for key in ("own", "total"):
                add("group", one["group"], key, one[key])
        add("all", "chance", "share", found.get("chance"))
        add("all", "surrogate", "r2_other_paths", found.get("surrogate_r2_other_paths"))
        add("all", "result", "mean", found["mean"], found["unit"])
    return rows


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv
    from studies.figures.style import in_money, save, theme
    from studies.figures.tornado import draw_tornado

    currency = record["study"]["currency"]
    out.mkdir(parents=True, exist_ok=True)
    rows = rows_in(rows_of(record), currency)
    write_csv(out / "sensitivity.csv", list(HEADER), rows)
    (out / "sensitivity.json").write_text(json_text(record, currency) + "\n", encoding="utf-8")
    with theme():
        for found in record["results"]:
            name = "".join(letter if letter.isalnum() else "_" for letter in found["metric"])
            save(in_money(draw_tornado(record, found), currency), out, f"tornado_{name}")

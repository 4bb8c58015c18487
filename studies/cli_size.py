"""The command ``size``: how large to build under risk."""

from __future__ import annotations

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

from riskmodel.currency import in_words
from studies.cli_problems import fail, plain_problems, printable, refuse, warn
from studies.cli_record import json_text, rows_in
from studies.cli_sensitivity import scale_of, text_of

if TYPE_CHECKING:
    from studies.size_study import Case, Vary

__all__ = ["SizeRequest", "size_study", "size_words"]

LEAST_PATHS, MOST_PATHS, LEAST_IN_TAIL = 20, 1_000_000, 5
METRICS = {"npv": "npv_eur", "delta_npv": "delta_npv_eur"}
APPETITES = (1.0, 0.5, 0.0)
PERCENT = 100.0
WIDTH = 120
HEADER = ("size", "quantity", "appetite", "value", "standard_error", "unit")


@dataclass(frozen=True)
class SizeRequest:
    """What was typed."""

    study: str
    ranges: tuple[str, ...]
    vary: tuple[str, ...]
    strategy: str | None
    risk: str
    appetite: float | None
    metric: str
    paths: int
    seed: int | None
    overrides: tuple[str, ...]
    out: Path | None
    as_json: bool
    as_csv: bool


def size_study(request: SizeRequest) -> None:
    """Check what was typed, simulate, write the tables and the figure, and print."""
    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: choose one")
    with plain_problems():
        record = _simulated(_case(request), wanted=not (request.as_json or request.as_csv))
        if request.out is not None:
            _write(record, request.out)
    currency = record["currency"]
    if request.as_json:
        typer.echo(json_text(record, currency))
    elif request.as_csv:
        from riskmodel.csv_table import csv_text

        typer.echo(csv_text(list(HEADER), rows_in(rows_of(record), currency)), nl=False)
    else:
        _print(record, request.out)


def _case(request: SizeRequest) -> Case:
    import studies
    from studies.size_study import Case, SizeError, parse_vary, sizes_of

    if not LEAST_PATHS <= request.paths <= MOST_PATHS:
        raise refuse(f"--paths {request.paths}: must be from {LEAST_PATHS} to {MOST_PATHS:,} lifetimes")
    if request.out is not None and request.out.exists() and not request.out.is_dir():
        raise refuse(f"--out {request.out}: is a file: type the name of a folder")
    if request.metric not in METRICS:
        raise refuse(f"--metric {request.metric}: type npv or delta_npv")
    if request.appetite is not None and not 0.0 <= request.appetite <= 1.0:
        raise refuse(f"--appetite {request.appetite:g}: must be from 0 (the worst paths alone) to 1 (the mean alone)")
    share = _share(request)
    study = studies.load(request.study, request.overrides)
    if request.strategy is not None and request.strategy not in study.strategies:
        raise refuse(f"--strategy {request.strategy}: type one of {', '.join(study.strategies)}")
    try:
        owner = request.strategy
        varied: list[Vary] = []
        for text in _paired(request):
            owner, vary = parse_vary(study, text, owner)
            if vary.field in [other.field for other in varied]:
                raise refuse(f"--vary {vary.field}: stands twice; give all its values at once")
            varied.append(vary)
        if owner is None:
            raise refuse("--vary: type what to vary, e.g. --vary cabinets 0:240:20")
        sizes = sizes_of(study, owner, varied)
    except SizeError as error:
        raise refuse(str(error)) from None
    if len(sizes) < 2:
        raise refuse("--vary: one size is nothing to compare; give more values, e.g. 0:240:20")
    warn(study)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    appetites = APPETITES if request.appetite is None else (request.appetite,)
    metric = METRICS[request.metric]
    return Case(study, owner, tuple(varied), sizes, request.paths, seed, share, metric, appetites)


def _paired(request: SizeRequest) -> list[str]:
    """Each field with its values, which stand behind it or after a space."""
    left = list(request.ranges)
    found = []
    for text in request.vary:
        if "=" in text or " " in text.strip():
            found.append(text)
        elif left:
            found.append(f"{text} {left.pop(0)}")
        else:
            raise refuse(f"--vary {text}: no values; type e.g. --vary {text} 0:240:20")
    if left:
        raise refuse(f"{left[0]}: belongs to no --vary; type e.g. --vary cabinets {left[0]}")
    return found


def _share(request: SizeRequest) -> float:
    kind, _, number = request.risk.partition(":")
    try:
        share = float(number.removesuffix("%")) / (PERCENT if number.endswith("%") else 1.0)
    except ValueError:
        share = math.nan
    if kind != "cvar" or not 0.0 < share < 1.0:
        raise refuse(f"--risk {request.risk}: type cvar:SHARE with a share between 0 and 1, e.g. cvar:0.05")
    if request.paths * share < LEAST_IN_TAIL:
        least = math.ceil(LEAST_IN_TAIL / share)
        raise refuse(f"--risk {request.risk}: {request.paths} paths are too few for this tail; type --paths {least}")
    return share


def _simulated(case: Case, wanted: bool) -> dict[str, Any]:
    from riskmodel.engine import TooManyEvents
    from studies.cli_progress import RunProgress
    from studies.size_study import compare

    try:
        with RunProgress(wanted=wanted) as progress:
            return compare(case, progress)
    except TooManyEvents as error:
        raise fail(str(error)) from None


def size_words(record: dict[str, Any], values: Sequence[float | None]) -> str:
    """A size in words: 40 cabinets, reserve_share 0.3."""
    words = []
    for vary, value in zip(record["varied"], values, strict=True):
        name = vary["field"].rpartition(".")[2]
        if value is not None:
            words.append(f"{value:g} cabinets" if name == "cabinets" else f"{name} {value:g}")
    return ", ".join(words)


def _print(record: dict[str, Any], out: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    currency = record["currency"]

    def say(text: str) -> None:
        console.print(printable(in_words(text, currency)), highlight=False, markup=False, soft_wrap=True)

    say(f"{record['title']}: {record['strategy_title']} ({record['strategy']})")
    console.print(_table(record, record["best"][len(record["best"]) // 2]))
    for best in record["best"]:
        say(_sentence(record, best))
    tail = f"{record['tail_share'] * PERCENT:g} %"
    say(
        f"{record['paths']:,} paths of {record['years']} years, the same for every size, seed {record['seed']}. "
        f"CVaR: mean of the worst {tail} of the paths, of {record['metric'].removesuffix('_eur')}. Score: appetite "
        "times mean plus the rest times CVaR. Columns against the best are path by path. *: no other size has both a "
        "higher mean and a higher CVaR. Only what is varied changes: a connection, its price and its date stay as they "
        "are, whatever the size. +- is one standard error."
    )
    if out is not None:
        say(f"Tables and figure: {out}")


def _table(record: dict[str, Any], best: dict[str, Any]) -> Table:
    spread = max(abs(one["value"]) for one in best["score_less_best_eur"])
    factor, unit = scale_of(spread, "EUR")
    table, currency = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)), record["currency"]
    for vary in record["varied"]:
        table.add_column(Text(printable(vary["field"].rpartition(".")[2])), justify="right", no_wrap=True)
    for heading in (
        f"NPV less\nbaseline's,\n{unit}",
        f"less the best:\nmean, {unit}",
        f"CVaR,\n{unit}",
        f"score at\nappetite {best['appetite']:g}",
    ):
        table.add_column(in_words(heading, currency), justify="right", no_wrap=True)
    table.add_column("")
    rows = zip(
        record["sizes"],
        best["mean_less_best_eur"],
        best["cvar_less_best_eur"],
        best["score_less_best_eur"],
        best["told_apart"],
        strict=True,
    )
    for k, (size, mean, tail, score, apart) in enumerate(rows):
        shown = ["-" if value is None else f"{value:g}" for value in size["values"]]
        verdict = "best" if k == best["size"] else ("" if apart else "not told apart")
        mark = "*" if size["efficient"] else ""
        cells = (text_of(number, factor) for number in (size["delta_npv_eur"], mean, tail, score))
        table.add_row(*shown, *cells, f"{verdict} {mark}".strip())
    return table


def _sentence(record: dict[str, Any], best: dict[str, Any]) -> str:
    """The answer for one appetite."""
    words = size_words(record, record["sizes"][best["size"]]["values"])
    alike = [
        size_words(record, size["values"])
        for k, (size, apart) in enumerate(zip(record["sizes"], best["told_apart"], strict=True))
        if k != best["size"] and not apart
    ]
    others = (
        f"Not told apart from it, at {record['level'] * PERCENT:g} % over all sizes: {'; '.join(alike)}."
        if alike
        else f"Every other size is worse, at {record['level'] * PERCENT:g} % over all sizes."
    )
    return f"Appetite {best['appetite']:g}: the best is {words}. {others}"


def rows_of(record: dict[str, Any]) -> list[list[str]]:
    """Every number with its error, one a row."""
    rows: list[list[str]] = []

    def add(size: str, quantity: str, appetite: str, number: dict[str, Any]) -> None:
        shown = ["" if x is None else f"{x:.10g}" for x in (number["value"], number["standard_error"])]
        rows.append([size, quantity, appetite, *shown, "EUR"])

    for k, size in enumerate(record["sizes"]):
        words = size_words(record, size["values"])
        for key in ("mean_eur", "cvar_eur", "delta_npv_eur"):
            add(words, key, "", size[key])
        for best in record["best"]:
            for key in ("score_less_best_eur", "mean_less_best_eur", "cvar_less_best_eur"):
                add(words, key, f"{best['appetite']:g}", best[key][k])
    return rows


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv
    from studies.figures.frontier import draw_frontier
    from studies.figures.style import in_money, save, theme

    currency = record["currency"]
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "size.csv", list(HEADER), rows_in(rows_of(record), currency))
    (out / "size.json").write_text(json_text(record, currency) + "\n", encoding="utf-8")
    with theme():
        save(in_money(draw_frontier(record), currency), out, "frontier")

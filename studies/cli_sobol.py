"""The command ``sensitivity --sobol``: shares of the variance by paired runs."""

from __future__ import annotations

import math
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from riskmodel.currency import in_words, inside
from studies.cli_problems import fail, plain_problems, printable, refuse, warn
from studies.cli_record import json_text, rows_in
from studies.cli_sensitivity import PERCENT, WIDTH, print_shares, scale_of, text_of

if TYPE_CHECKING:
    from distributions.estimate import Estimate
    from riskmodel.lives import Redraw
    from riskmodel.sobol import SobolRuns
    from riskmodel.study import Study

__all__ = ["SobolRequest", "show_sobol"]

LEAST_PATHS, MOST_PATHS = 20, 1_000_000
HEADER = ("strategy", "metric", "set", "quantity", "value", "standard_error")
DEFAULT_METRICS = ("delta_npv", "downtime_loss")


@dataclass(frozen=True)
class SobolRequest:
    """What was typed."""

    study: str
    metrics: tuple[str, ...]
    strategy: str | None
    inputs: tuple[str, ...]
    paths: int
    seed: int | None
    overrides: tuple[str, ...]
    out: Path | None
    as_json: bool
    as_csv: bool


def show_sobol(request: SobolRequest) -> None:
    """Check what was typed, simulate pairs, write the tables, and print."""
    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: choose one")
    if not LEAST_PATHS <= request.paths <= MOST_PATHS:
        raise refuse(f"--paths {request.paths}: must be from {LEAST_PATHS} to {MOST_PATHS:,} lifetimes")
    if request.out is not None and request.out.exists() and not request.out.is_dir():
        raise refuse(f"--out {request.out}: is a file: type the name of a folder")
    with plain_problems():
        record = _record(request)
        if request.out is not None:
            _write(record, request.out)
    currency = record["study"]["currency"]
    if request.as_json:
        typer.echo(json_text(record, currency))
    elif request.as_csv:
        from riskmodel.csv_table import csv_text

        typer.echo(csv_text(list(HEADER), rows_in(_rows(record), currency)), nl=False)
    else:
        _print(record, request.out)


def _record(request: SobolRequest) -> dict[str, Any]:
    import studies
    from riskmodel.sobol import FactorError, factors_of

    study = studies.load(request.study, request.overrides)
    strategy = _strategy(study, request.strategy)
    columns = [_column(inside(name, study.header.currency)) for name in request.metrics or DEFAULT_METRICS]
    try:
        factors = factors_of(study, request.inputs)
    except FactorError as error:
        raise refuse(f"--input: {error}") from None
    warn(study)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    runs = _simulated(study, seed, request, factors, columns)
    index = study.strategy_names.index(strategy)
    return {
        "study": {"name": study.header.name, "title": study.header.title, "currency": study.header.currency},
        "input_hash": study.input_hash(),
        "strategy": strategy,
        "strategy_title": study.strategies[strategy].title,
        "paths": request.paths,
        "years": study.header.years,
        "seed": seed,
        "lives_simulated": runs.walked,
        "lives_of_money_alone": runs.reused,
        "sets": {name: sorted(redraw.names) for name, redraw in factors.items()},
        "results": [_result(runs, column, index) for column in columns],
    }


def _strategy(study: Study, typed: str | None) -> str:
    if typed is not None and typed not in study.strategies:
        raise refuse(f"--strategy {typed}: type one of {', '.join(study.strategies)}")
    claims = study.claims
    others = [name for name in study.strategies if name != study.header.baseline]
    claimed = claims.strategy if claims is not None else None
    return typed or claimed or (others or list(study.strategies))[0]


def _column(name: str) -> str:
    """Column of paths.parquet that a name stands for: a finite result."""
    from riskmodel.study.problems import nearest
    from riskmodel.summary import OF_SOME_PATHS, UNITS

    known = [column for column in UNITS if column not in OF_SOME_PATHS]
    short = {re.sub(r"_(eur|usd|cny)(_per_year)?$", "", column): column for column in known}
    if name in known or name in short:
        return short.get(name, name)
    near = nearest(name, [*short, *known])
    hint = f"did you mean {near}?" if near else f"type one of {', '.join(short)}"
    raise refuse(f"--metric {name}: no such result for --sobol; {hint}")


def _simulated(
    study: Study, seed: int, request: SobolRequest, factors: dict[str, Redraw], columns: list[str]
) -> SobolRuns:
    from riskmodel.engine import TooManyEvents
    from riskmodel.sobol import walk_pairs
    from studies.cli_progress import RunProgress

    try:
        with RunProgress(wanted=not (request.as_json or request.as_csv)) as progress:
            return walk_pairs(study, seed, request.paths, factors, columns, progress=progress)
    except TooManyEvents as error:
        raise fail(str(error)) from None


def _result(runs: SobolRuns, column: str, index: int) -> dict[str, Any]:
    from distributions.estimate import mean
    from riskmodel.sobol import indices
    from riskmodel.summary import UNITS

    a, b = runs.a[column][:, index], runs.b[column][:, index]
    groups = []
    for name, mixed in runs.mixed.items():
        found = indices(a, b, mixed[column][:, index])
        if found is not None:
            groups.append({"group": name, "own": _plain(found.first), "total": _plain(found.total)})
    return {
        "metric": column,
        "unit": UNITS[column],
        "mean": _plain(mean(a)),
        "sd": float(a.std(ddof=1)),
        "groups": groups,
    }


def _plain(estimate: Estimate) -> dict[str, float | None]:
    error = estimate.standard_error
    return {"value": estimate.value, "standard_error": error if math.isfinite(error) else None}


def _print(record: dict[str, Any], out: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    currency = record["study"]["currency"]

    def say(text: str) -> None:
        console.print(printable(in_words(text, currency)), highlight=False, markup=False, soft_wrap=True)

    say(f"{record['study']['title']}: {record['strategy_title']} ({record['strategy']})")
    for found in record["results"]:
        factor, unit = scale_of(found["sd"], found["unit"])
        say("")
        sd = found["sd"] * factor
        say(f"{found['metric']}: mean {text_of(found['mean'], factor)} {unit}, standard deviation {sd:.4g}")
        if found["groups"]:
            print_shares(console, found["groups"])
        else:
            say("The same on every path.")
        alone = sum(one["own"]["value"] for one in found["groups"]) * PERCENT
        say(f"Alone, all sets together: {alone:.0f} %; what is missing to 100 % comes from sets acting together.")
    say(
        f"{record['paths']:,} paths of {record['years']} years, seed {record['seed']}: "
        f"{record['lives_simulated']:,} lives simulated, {record['lives_of_money_alone']:,} of money alone. Alone: "
        "share of the variance that the set decides by itself; in all: with what it does together with others. "
        "A share near 0 may come out a little below it. +- is one standard error."
    )
    if out is not None:
        say(f"Tables: {out}")


def _rows(record: dict[str, Any]) -> list[list[str]]:
    rows = []
    for found in record["results"]:
        for one in found["groups"]:
            for key in ("own", "total"):
                shown = ["" if x is None else f"{x:.10g}" for x in (one[key]["value"], one[key]["standard_error"])]
                rows.append([record["strategy"], found["metric"], one["group"], key, *shown])
    return rows


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv

    currency = record["study"]["currency"]
    out.mkdir(parents=True, exist_ok=True)
    rows = rows_in(_rows(record), currency)
    write_csv(out / "sobol.csv", list(HEADER), rows)
    (out / "sobol.json").write_text(json_text(record, currency) + "\n", encoding="utf-8")

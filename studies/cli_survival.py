"""The command ``survival``: how likely, and for how long, the load lasts through an outage."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.cli_problems import fail, plain_problems, printable, refuse, warn

__all__ = ["SurvivalRequest", "survive"]

DEFAULT_PATHS, LEAST_PATHS, MOST_PATHS = 480, 24, 1_000_000
DEFAULT_TRIALS, MOST_TRIALS = 10_000, 10_000_000
DEFAULT_OUTAGES, LEAST_TRIALS = 1_000_000, 100
"""Outages simulated unless more are asked for: a long load has fewer for each start hour."""
DEFAULT_DURATION_H = 24.0
PERCENT = 100.0
WIDTH = 140
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LOADS = {"full": "full", "capped": "capped"}
HEADER = ("strategy", "load", "number", "at", "value", "standard_error", "unit")
SYSTEM_HEADER = ("number", "at", "exact", "simulated", "standard_error")


@dataclass(frozen=True)
class SurvivalRequest:
    """What was typed; None where nothing was."""

    study: str | None
    system: Path | None
    duration_h: float | None
    paths: int | None
    trials: int | None
    seed: int | None
    overrides: tuple[str, ...]
    csv: Path | None
    out: Path | None
    as_json: bool


def survive(request: SurvivalRequest) -> None:
    """Check what was typed, compute, write, and print."""
    if (request.study is None) == (request.system is None):
        raise refuse("type the name of a study, or --system and a file, one of the two")
    if request.out is not None and request.out.exists() and not request.out.is_dir():
        raise refuse(f"--out {request.out}: is a file: type the name of a folder")
    with plain_problems():
        record, rows, header = (_study if request.system is None else _system)(request)
        if request.csv is not None:
            from riskmodel.csv_table import write_csv

            write_csv(request.csv, header, rows)
        if request.out is not None:
            _write(record, rows, header, request.out)
    if request.as_json:
        typer.echo(json.dumps(record, indent=2, allow_nan=False))
        return
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)
    (_print_study if request.system is None else _print_system)(console, record)
    for place in (request.csv, request.out):
        if place is not None:
            console.print(printable(f"Written: {place}"), highlight=False, markup=False, soft_wrap=True)


def _study(request: SurvivalRequest) -> tuple[dict[str, Any], list[list[str]], tuple[str, ...]]:
    import studies
    from riskmodel.survival_probes import MOST_DURATION_H
    from studies.cli_progress import RunProgress
    from studies.survival_study import Case, of_study

    paths = DEFAULT_PATHS if request.paths is None else request.paths
    duration = DEFAULT_DURATION_H if request.duration_h is None else request.duration_h
    if not LEAST_PATHS <= paths <= MOST_PATHS:
        raise refuse(f"--paths {paths}: must be from {LEAST_PATHS} to {MOST_PATHS:,} lifetimes")
    if not (math.isfinite(duration) and 0.0 < duration <= MOST_DURATION_H):
        raise refuse(f"--duration-h {duration:g}: must be above 0 and at most {MOST_DURATION_H:g} hours")
    if request.trials is not None:
        raise refuse("--trials goes with --system; a study is probed in --paths lifetimes")
    study = studies.load(request.study or "", request.overrides)
    if study.site.given_events is not None:
        raise refuse("site.given_events: the outages of a probe are its own; take the field out")
    warn(study)
    case = Case(study, duration, paths, secrets.randbits(63) if request.seed is None else request.seed)
    with RunProgress(wanted=not request.as_json) as progress:
        record = of_study(case, progress)
    if not any(found["loads"]["full"]["outages"] for found in record["strategies"]):
        raise fail("no strategy has its connection within the years of the study: nothing to probe")
    return record, _rows(record), HEADER


def _system(request: SurvivalRequest) -> tuple[dict[str, Any], list[list[str]], tuple[str, ...]]:
    from riskmodel.survival_system import MOST_HOURS, read_system
    from studies.survival_study import of_system

    if request.paths is not None or request.overrides:
        raise refuse("--paths and --set go with a study; a system is simulated in --trials outages")
    if request.trials is not None and not 0 <= request.trials <= MOST_TRIALS:
        raise refuse(f"--trials {request.trials}: must be from 0 (exact only) to {MOST_TRIALS:,}")
    system, duration = read_system(request.system or "")
    usual = min(DEFAULT_TRIALS, max(DEFAULT_OUTAGES // system.load_kw.size, LEAST_TRIALS))
    trials = usual if request.trials is None else request.trials
    if request.duration_h is not None:
        if not 1 <= request.duration_h <= MOST_HOURS or request.duration_h != int(request.duration_h):
            raise refuse(f"--duration-h {request.duration_h:g}: must be a whole number from 1 to {MOST_HOURS:,} hours")
        duration = int(request.duration_h)
    record = of_system(system, duration, trials, secrets.randbits(63) if request.seed is None else request.seed)
    if record["exact"] is None and not trials:
        raise refuse(f"{request.system}: {record['no_exact']}: type --trials {DEFAULT_TRIALS}")
    return record, _system_rows(record), SYSTEM_HEADER


def _percent(number: dict[str, Any] | None) -> str:
    return _text(number, PERCENT)


def _text(number: dict[str, Any] | None, factor: float = 1.0) -> str:
    from distributions.estimate import format_with_error

    if number is None:
        return "-"
    error = number["standard_error"]
    return format_with_error(number["value"] * factor, math.inf if error is None else error * factor)


def _longest(number: dict[str, Any] | None, duration_h: float) -> str:
    if number is not None and number["value"] >= duration_h:
        return f"{duration_h:g} or more"
    return _text(number)


def _worst(numbers: list[dict[str, Any] | None], names: list[str]) -> str:
    """Group with the lowest chance and that chance; a dash where all are alike."""
    known = [(number["value"], name, number) for number, name in zip(numbers, names, strict=True) if number]
    if not known or min(known)[0] == max(known)[0]:
        return "-"
    _, name, number = min(known, key=lambda found: found[0])
    return f"{name}: {_percent(number)}"


def _between(low: float, high: float) -> str:
    """Bounds in per cent, one number where they are alike."""
    texts = [f"{value * PERCENT:.2f}" for value in (low, high)]
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def _print_study(console: Console, record: dict[str, Any]) -> None:
    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    duration = record["duration_h"]
    say(f"{record['title']}: chance that the load is carried through an outage of {duration:g} h")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("strategy", no_wrap=True)
    table.add_column("load", no_wrap=True)
    headings = [
        f"carried for\n{duration:g} h, %",
        "by binomial\nof gensets, %",
        "worst hour\nto begin, %",
        "worst\nmonth, %",
    ]
    headings += [f"{q} % carry\nat least, h" for q in ("50", "90", "99")]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    hours = [f"{hour:02d}" for hour in range(24)]
    for found in record["strategies"]:
        for key, words in LOADS.items():
            own = found["loads"][key]
            bounds = found["bounds_by_duration"] if key == "full" else None
            cells = ["0" if found["owns_nothing"] else _percent(own["chance"])]
            cells += ["" if bounds is None else _between(*bounds[-1]), _worst(own["by_start_hour"], hours)]
            cells += [_worst(own["by_month"], list(MONTHS))]
            cells += [_longest(number, duration) for number in own["longest_h"].values()]
            name = found["name"] if key == "full" else ""
            table.add_row(Text(printable(name)), words, *cells, end_section=key == "capped")
    console.print(table)
    say(
        f"{record['paths']:,} lifetimes of {record['years']} years, seed {record['seed']}; an outage in every month "
        "once a strategy has its connection and assets, at every hour of the day, with the charge, ageing, failures "
        f"and sun of that hour. Capped: GPUs held to {record['capped_power_share'] * PERCENT:g} % of the load where "
        "storage alone carries it. A load is carried until some of it is shed or stopped. +- is one standard error. "
        "By binomial: bounds without simulation, where there is neither storage nor PV."
    )


def _print_system(console: Console, record: dict[str, Any]) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("outage of", justify="right")
    exact, simulated = record["exact"], record.get("simulated")
    if exact is not None:
        table.add_column("exact, mean\nof start hours", justify="right")
        table.add_column("worst\nstart hour", justify="right")
    if simulated is not None:
        table.add_column("simulated,\nmean", justify="right")
    for d in _shown(record["duration_h"]):
        cells = [f"{d + 1} h"]
        if exact is not None:
            cells += [f"{exact['by_duration'][d]:.9g}", f"{exact['worst_by_duration'][d]:.9g}"]
        if simulated is not None:
            cells.append(_text(simulated["by_duration"][d]))
        table.add_row(*cells)
    console.print(table)
    if record["hours_of_load"] <= 24:
        for h in range(record["hours_of_load"]):
            own = "" if exact is None else f"{exact['by_start_hour'][h]:.9g}"
            more = "" if simulated is None else f"  simulated {_text(simulated['by_start_hour'][h])}"
            console.print(f"begins in hour {h + 1}: {record['duration_h']} h carried with {own}{more}", highlight=False)
    if record["exact"] is None:
        console.print(printable(f"No exact figures: {record['no_exact']}."), highlight=False, markup=False)
    if simulated is not None:
        text = f"{record['trials']:,} outages for each start hour, seed {record['seed']}; +- is one standard error."
        console.print(text, highlight=False)


def _shown(duration_h: int) -> list[int]:
    """Durations of the printed table: all of a day, then fewer."""
    step = max(1, math.ceil(duration_h / 24))
    return [*range(step - 1, duration_h - 1, step), duration_h - 1]


def _rows(record: dict[str, Any]) -> list[list[str]]:
    rows = []

    def add(names: list[str], number: str, at: str, found: dict[str, Any] | None, unit: str) -> None:
        if found is not None:
            texts = ["" if x is None else f"{x:.10g}" for x in (found["value"], found["standard_error"])]
            rows.append([*names, number, at, *texts, unit])

    for strategy in record["strategies"]:
        for load in LOADS:
            own, names = strategy["loads"][load], [strategy["name"], load]
            add(names, "chance", f"{record['duration_h']:g} h", own["chance"], "")
            for d, pair in zip(record["durations_h"], strategy["bounds_by_duration"] or (), strict=False):
                for bound, value in zip(("lower", "upper"), pair, strict=True):
                    if load == "full":
                        add(names, f"{bound}_bound", f"{d:.6g} h", {"value": value, "standard_error": 0.0}, "")
            for d, found in zip(record["durations_h"], own["by_duration"], strict=True):
                add(names, "by_duration", f"{d:.6g} h", found, "")
            for hour, found in enumerate(own["by_start_hour"]):
                add(names, "by_start_hour", f"{hour}", found, "")
            for month, found in enumerate(own["by_month"]):
                add(names, "by_month", f"{month + 1}", found, "")
            for year, found in enumerate(own["by_year"]):
                add(names, "by_year", f"{year + 1}", found, "")
            for month, line in enumerate(own["by_month_and_start_hour"]):
                for hour, found in enumerate(line):
                    add(names, "by_month_and_start_hour", f"{month + 1}/{hour}", found, "")
            add(names, "mean_hours", f"of {record['duration_h']:g} h", own["mean_hours"], "h")
            for month, line in enumerate(own["mean_hours_by_month_and_start_hour"]):
                for hour, found in enumerate(line):
                    add(names, "mean_hours_by_month_and_start_hour", f"{month + 1}/{hour}", found, "h")
            for q, found in own["longest_h"].items():
                add(names, "longest", q, found, "h")
    return rows


def _system_rows(record: dict[str, Any]) -> list[list[str]]:
    rows = []
    exact, simulated = record["exact"], record.get("simulated")
    for part in ("by_duration", "by_start_hour"):
        n = record["duration_h"] if part == "by_duration" else record["hours_of_load"]
        for k in range(n):
            own = "" if exact is None else f"{exact[part][k]:.15g}"
            found = {"value": None, "standard_error": None} if simulated is None else simulated[part][k]
            texts = ["" if x is None else f"{x:.10g}" for x in (found["value"], found["standard_error"])]
            rows.append([part, str(k + 1), own, *texts])
    return rows


def _write(record: dict[str, Any], rows: list[list[str]], header: tuple[str, ...], out: Path) -> None:
    from riskmodel.csv_table import write_csv

    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "survival.csv", header, rows)
    (out / "survival.json").write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if "strategies" in record:
        from studies.figures.style import save, theme
        from studies.figures.survival import draw_survival_curves, draw_survival_hours

        with theme():
            save(draw_survival_curves(record), out, "survival_curves")
            save(draw_survival_hours(record), out, "survival_hours")

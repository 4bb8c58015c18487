"""The command ``rare-years``: exceedance curves that reach 1 year in 10,000 from a thousand lifetimes."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from studies.cli_problems import check_out, fail, plain_problems, printable, refuse

if TYPE_CHECKING:
    from riskmodel.insurance.cover import Cover
    from riskmodel.insurance.exceedance import Point
    from riskmodel.insurance.ord_tables import Summary
    from riskmodel.rare_years import RarePeriods
    from riskmodel.study import Study
    from studies.cli_cover import Found

__all__ = ["RareYearsRequest", "show_rare_years"]

WIDTH = 120
THOUSAND = 1e-3
MOST_PATHS = 100_000
PERIODS = (20.0, 100.0, 200.0, 1000.0, 5000.0, 10000.0)
CURVES = (("oep", "Worst event of a year"), ("aep", "Whole year"), ("aep_tvar", "Whole year, mean of the tail"))


@dataclass(frozen=True)
class RareYearsRequest:
    """What was typed."""

    study: str
    overrides: tuple[str, ...]
    paths: int
    seed: int | None
    ord_folder: Path | None
    cover: str | None
    as_json: bool


def show_rare_years(request: RareYearsRequest) -> None:
    """Simulate, print, and write what was asked for."""
    import studies
    from riskmodel.rare_years import rare_periods
    from studies.cli_progress import RunProgress

    if not 2 <= request.paths <= MOST_PATHS:
        raise refuse(f"--paths {request.paths}: must be from 2 to {MOST_PATHS:,}")
    check_out(request.ord_folder)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    with plain_problems():
        study = studies.load(request.study, list(request.overrides))
        if study.given_events() is not None:
            raise refuse("site.given_events: rare years are drawn; leave the file of events out")
        cover = _terms(request.cover, study.header.currency)
        with RunProgress() as progress:
            found = rare_periods(study, request.paths, seed, progress=progress)
        record = _record(study, found, request.paths, seed)
        prices = None if cover is None else _priced(study, found, cover, str(request.cover))
        if request.ord_folder is not None:
            _write_ord(study, found, record, request.ord_folder)
    if request.as_json:
        from studies.cli_cover import as_record

        whole = record if prices is None else record | {"cover": as_record(prices)}
        typer.echo(json.dumps(whole, indent=2, allow_nan=False))
        return
    _print(study, record, request.ord_folder)
    if prices is not None:
        from studies.cli_cover_table import print_cover

        print_cover(prices, [])


def _terms(name: str | None, currency: str) -> Cover | None:
    """Terms of the cover, read before anything is simulated."""
    if name is None:
        return None
    from studies.cli_cover import cover_of

    cover = cover_of(name)
    if cover.currency and cover.currency != currency:
        raise refuse(f"cover.currency = {cover.currency!r}: the study counts in {currency}; convert the terms")
    return cover


def _priced(study: Study, found: RarePeriods, cover: Cover, name: str) -> Found:
    from riskmodel.insurance.from_rare_years import events_of_rare_years
    from studies.cli_cover import part_of, put_together

    base, currency, parts = study.header.baseline, study.header.currency, []
    for strategy in sorted(found.strategies, key=lambda strategy: strategy != base):  # credits are against the first
        try:
            parts.append(part_of(cover, [events_of_rare_years(found, strategy, currency)]))
        except ValueError as error:
            raise refuse(f"{name}: {error}") from None
    return put_together(cover, None, parts)


def _record(study: Study, found: RarePeriods, paths: int, seed: int) -> dict[str, Any]:
    from riskmodel.insurance.exceedance import annual, exceedance
    from riskmodel.insurance.from_rare_years import events_of_rare_years

    currency = study.header.currency
    strategies = {}
    for name in found.strategies:
        losses = events_of_rare_years(found, name, currency)
        moments = annual(losses.yearly_sum(), losses.periods, currency)
        strategies[name] = {
            "aal": _plain(moments.aal, currency),
            "sd": _plain(moments.sd, currency),
            "points": [_point(point, currency) for point in exceedance(losses, PERIODS)],
        }
    return {
        "study": study.header.name,
        "title": study.header.title,
        "paths": paths,
        "years": study.header.years,
        "seed": seed,
        "periods": int(found.weight.size),
        "weighted_by_known_means_of": list(found.inputs),
        "currency": currency,
        "strategies": strategies,
    }


def _plain(estimate: Estimate, unit: str) -> dict[str, Any]:
    error = estimate.standard_error
    return {"value": estimate.value, "standard_error": error if math.isfinite(error) else None, "unit": unit}


def _point(point: Point, unit: str) -> dict[str, Any]:
    ends = {"low_95": point.low, "high_95": point.high if math.isfinite(point.high) else None, "few": point.flagged}
    return {"kind": point.kind, "return_period_years": point.return_period} | _plain(point.estimate, unit) | ends


def _write_ord(study: Study, found: RarePeriods, record: dict[str, Any], folder: Path) -> None:
    from riskmodel.insurance.from_rare_years import events_of_rare_years
    from riskmodel.insurance.ord_files import check_folder, write_description, write_summaries
    from riskmodel.insurance.ord_tables import Summary

    def summaries() -> Iterator[Summary]:
        for number, name in enumerate(found.strategies, start=1):
            info = {"strategy": name, "title": study.strategies[name].title}
            yield Summary(number, info, events_of_rare_years(found, name, study.header.currency))

    facts = {key: record[key] for key in ("study", "title", "currency", "seed", "paths")}
    facts |= {"input_hash": study.input_hash(), "years": "weighted rare years, see PeriodWeight"}
    files = write_summaries(folder, "gul", 1, summaries(), {key: str(value) for key, value in facts.items()})
    described = {"perspectives": {"gul": "0 ground-up"}, "summary_sets": {"1": "strategy"}}
    write_description(folder, files, {**facts, **described})
    problems = check_folder(folder)
    if problems:
        raise fail("\n".join(["The tables were written and do not read back:", *problems]))


def _print(study: Study, record: dict[str, Any], ord_folder: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    say(f"{record['title']}: loss by power events in rare years, thousand {record['currency']}")
    for kind, words in CURVES:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column(f"{words},\n1 year in", no_wrap=True)
        for years in PERIODS:
            table.add_column(f"{years:,.0f}", justify="right")
        for name, of in record["strategies"].items():
            by_years = {p["return_period_years"]: p for p in of["points"] if p["kind"] == kind}
            table.add_row(Text(printable(name)), *(_cell(by_years.get(years)) for years in PERIODS))
        console.print(table)
    say(
        f"{record['paths']:,} paths of {record['years']} years, each year with and without an extreme outage: "
        f"{record['periods']:,} weighted years; seed {record['seed']}. +- is one standard error, between paths. "
        f"*: fewer than ten years' worth lies beyond. Real money of {study.header.price_year}, fires left out."
    )
    if record["weighted_by_known_means_of"]:
        say("Paths are weighted by the known means of: " + ", ".join(record["weighted_by_known_means_of"]) + ".")
    if ord_folder is not None:
        say(f"Open Results Data tables: {ord_folder}")


def _cell(point: dict[str, Any] | None) -> str:
    if point is None:
        return "not seen"
    error = point["standard_error"]
    if point["few"]:
        value = point["value"] * THOUSAND
        return f"{float(f'{value:.3g}'):,g} *"
    return str(Estimate(point["value"], math.inf if error is None else error, 2).scaled(THOUSAND, ""))

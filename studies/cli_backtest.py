"""The command ``backtest``: what a battery earns on a price history or a tariff, beside perfect foresight."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from studies.cli_problems import fail, plain_problems, printable, refuse

if TYPE_CHECKING:
    import numpy as np

    from riskmodel.backtest import LocalPrices, YearEarned

__all__ = ["BacktestRequest", "backtest_file"]

MOST_YEARS = 50


@dataclass(frozen=True)
class BacktestRequest:
    """What was typed; None where it is to be found out."""

    prices: Path | None
    power_mw: float
    energy_mwh: float
    efficiency: float
    tariff: str | None = None
    years: int | None = None
    weather: str | None = None
    seed: int | None = None
    column: str | None = None
    zone: str | None = None
    time_column: str | None = None
    times: str | None = None
    as_json: bool = False


def backtest_file(request: BacktestRequest) -> None:
    """Run the battery over every year of a price file or a tariff and show what it earned."""
    _check(request)
    with plain_problems():
        from riskmodel.backtest import backtest, round_trip_battery

        prices, expected, notes = _read_file(request, request.prices) if request.prices else _read_tariff(request)
        battery = round_trip_battery(request.power_mw, request.energy_mwh, request.efficiency)
        try:
            years = list(backtest(prices, battery, expected))
        except RuntimeError as error:
            raise fail(str(error)) from None
    if request.as_json:
        typer.echo(json.dumps(_record(request, years, notes), indent=2, allow_nan=False))
    else:
        _print(request, years, notes)


def _read_file(request: BacktestRequest, path: Path) -> tuple[LocalPrices, None, list[str]]:
    from distributions.table_reading import HistoryError
    from riskmodel.backtest_prices import read_local_prices

    try:
        prices, notes = read_local_prices(path, request.zone, request.column, request.time_column, request.times)
    except HistoryError as error:
        raise refuse(f"Nothing was run:\n  {error}") from None
    return prices, None, notes


def _read_tariff(request: BacktestRequest) -> tuple[LocalPrices, np.ndarray, list[str]]:
    from distributions.parameters import ParameterError, load
    from riskmodel.backtest_tariffs import tariff_prices

    years, seed, weather_name = request.years or 1, request.seed if request.seed is not None else 1, request.weather
    try:
        record = load("tariffs", request.tariff)
        weather = load("weather", weather_name or "nordic")
        prices, expected, called = tariff_prices(record, weather, years, seed)
    except ParameterError as error:
        lines = str(error).splitlines()
        raise refuse("\n".join(["Nothing was run:", *(f"  {line}" for line in lines)])) from None
    meta = record["meta"]
    notes = [
        f"Tariff {request.tariff}: {meta.get('title', 'no title')}, {record['currency']} per MWh, "
        f"holds {meta['window']}; how well it is known: {meta['trust']}",
        f"Source: {meta['source']}",
        "the calendar is known for good; day 1 is a Monday, 1 January; no leap days, no holidays",
    ]
    if record["critical"]:
        told = f"{called} critical days in {years} years, drawn with seed {seed} and weather {weather_name or 'nordic'}"
        notes.append(f"{told}; each is known from 13:00 of the day before")
    return prices, expected, notes


def _check(request: BacktestRequest) -> None:
    if (request.prices is None) == (request.tariff is None):
        raise refuse("type either a price file, PRICES.csv, or --tariff with a name or a file, e.g. jiangsu_industrial")
    of_file = {"--column": request.column, "--zone": request.zone, "--time-column": request.time_column}
    of_tariff = {"--years": request.years, "--weather": request.weather, "--seed": request.seed}
    wrong = of_tariff if request.tariff is None else of_file | {"--times": request.times}
    for name, given in wrong.items():
        if given is not None:
            place = "--tariff" if request.tariff is None else "a price file"
            raise refuse(f"{name} {given}: goes with {place} only; take it out")
    if request.years is not None and not 1 <= request.years <= MOST_YEARS:
        raise refuse(f"--years {request.years}: must be from 1 to {MOST_YEARS}")
    for name, value in (("--power-mw", request.power_mw), ("--energy-mwh", request.energy_mwh)):
        if not (0.0 < value < math.inf):
            raise refuse(f"{name} {value:g}: must be a number above 0")
    if not 0.0 < request.efficiency <= 1.0:
        text = "type the share of the energy bought that can be sold again, e.g. 0.9"
        raise refuse(f"--efficiency {request.efficiency:g}: must be above 0 and at most 1; {text}")


def _record(request: BacktestRequest, years: list[YearEarned], notes: list[str]) -> dict[str, Any]:
    rows = []
    for one in years:
        row: dict[str, Any] = dict(one._asdict())
        if math.isnan(one.share_of_perfect_foresight):
            row["share_of_perfect_foresight"] = None
        rows.append(row)
    return {
        "power_mw": request.power_mw,
        "energy_mwh": request.energy_mwh,
        "efficiency": request.efficiency,
        "notes": notes,
        "years": rows,
    }


def _print(request: BacktestRequest, years: list[YearEarned], notes: list[str]) -> None:
    console = Console()
    title = f"Battery of {request.power_mw:g} MW and {request.energy_mwh:g} MWh, round trip {request.efficiency:g}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("year", "profit", "perfect\nforesight", "share\n%", "full\ncycles", "hours", "hours\nmissing"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in years:
        share = one.share_of_perfect_foresight
        table.add_row(
            str(one.year),
            f"{one.profit:,.2f}",
            f"{one.perfect_foresight:,.2f}",
            "-" if math.isnan(share) else f"{100.0 * share:.2f}",
            f"{one.full_cycles:,.0f}",
            f"{one.hours:,}",
            f"{one.missing_hours:,}",
        )
    console.print(table)
    text = "Profit in the currency of the prices, knowing each day at 13:00 the prices to the end of tomorrow."
    if request.tariff is not None:
        text = "Profit in the currency of the tariff, from energy prices only: the demand charge is not in it."
    for line in (text, *notes):
        console.print(printable(line), highlight=False, markup=False, soft_wrap=True)

"""The command ``backtest``: what a battery would have earned on a price history, beside perfect foresight."""

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
    from riskmodel.backtest import YearEarned

__all__ = ["BacktestRequest", "backtest_file"]


@dataclass(frozen=True)
class BacktestRequest:
    """What was typed; None where it is to be found out."""

    prices: Path
    power_mw: float
    energy_mwh: float
    efficiency: float
    column: str | None = None
    zone: str | None = None
    time_column: str | None = None
    times: str | None = None
    as_json: bool = False


def backtest_file(request: BacktestRequest) -> None:
    """Run the battery over every calendar year of a file and show what it earned."""
    _check(request)
    with plain_problems():
        from distributions.table_reading import HistoryError
        from riskmodel.backtest import backtest, round_trip_battery
        from riskmodel.backtest_prices import read_local_prices

        try:
            prices, notes = read_local_prices(
                request.prices, request.zone, request.column, request.time_column, request.times
            )
        except HistoryError as error:
            raise refuse(f"Nothing was run:\n  {error}") from None
        battery = round_trip_battery(request.power_mw, request.energy_mwh, request.efficiency)
        try:
            years = list(backtest(prices, battery))
        except RuntimeError as error:
            raise fail(str(error)) from None
    if request.as_json:
        typer.echo(json.dumps(_record(request, years, notes), indent=2, allow_nan=False))
    else:
        _print(request, years, notes)


def _check(request: BacktestRequest) -> None:
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
    for line in (text, *notes):
        console.print(printable(line), highlight=False, markup=False, soft_wrap=True)

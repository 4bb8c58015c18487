"""The command ``calibrate``: its options. What it does is in ``calibrate_run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Fit prices, irradiance or outages to your own history.")

Report = Annotated[Path | None, typer.Option(help="Folder for the report: what the fit reproduces, what it does not.")]
Weather = Annotated[str, typer.Option(help="Weather record the study will use.")]
Source = Annotated[str, typer.Option(help="Where the history comes from; kept in the file. Default: the file's name.")]
TimeColumn = Annotated[str | None, typer.Option(help="Column of the times. Default: guessed from its name, and said.")]
Times = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="UTC, Europe/Stockholm (local, with daylight saving), or UTC+1 (standard time)."),
]
Stamps = Annotated[
    str | None, typer.Option(metavar="begin|end", help="Whether a time is the beginning or the end of its step.")
]
UtcOffset = Annotated[float | None, typer.Option(help="Local standard time minus UTC [h], the clock of the study.")]
Years = Annotated[int, typer.Option(min=20, max=20_000, help="Simulated years the facts are compared over.")]


@app.command()
def prices(
    history: Annotated[Path, typer.Argument(help="CSV (plain or gz) or Parquet, 15, 30 or 60 minutes a row.")],
    zone: Annotated[str, typer.Option(help="Bidding zone, e.g. SE3, DE, FR, CAISO.")],
    out: Annotated[Path | None, typer.Option(help="Parameter file. Default: prices_ZONE_FROM_TO.toml.")] = None,
    first: Annotated[int | None, typer.Option("--from", help="First year. Default: the history's first.")] = None,
    last: Annotated[int | None, typer.Option("--to", help="Last year, included. Default: the history's last.")] = None,
    hold_out: Annotated[
        int, typer.Option(min=0, help="Last years kept out of the fit and reported on; 0 fits them all.")
    ] = 1,
    report: Report = None,
    unit: Annotated[str | None, typer.Option(help="EUR/MWh, SEK/kWh, ct/kWh ... Default: from the column.")] = None,
    value_column: Annotated[str | None, typer.Option(help="Column of the price. Default: guessed, and said.")] = None,
    time_column: TimeColumn = None,
    times: Times = None,
    stamps: Stamps = None,
    utc_offset: UtcOffset = None,
    weather: Weather = "nordic",
    source: Source = "",
    years: Years = 1000,
) -> None:
    """Fit the hourly price process."""
    from studies.calibrate_run import run_prices, stamps_end

    run_prices(
        {
            "path": history,
            "zone": zone,
            "first_year": first,
            "last_year": last,
            "hold_out": hold_out,
            "time_column": time_column,
            "value_column": value_column,
            "times": times,
            "unit": unit,
            "stamps_end": stamps_end(stamps),
            "utc_offset_h": utc_offset,
            "weather": weather,
            "source": source,
            "years": years,
        },
        out,
        report,
    )

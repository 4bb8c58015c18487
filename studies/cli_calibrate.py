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
    sun: Annotated[
        Path | None, typer.Option(help="Irradiance of the same years: do prices and sunshine go together as they did?")
    ] = None,
    latitude: Annotated[float | None, typer.Option(min=-90.0, max=90.0, help="Of the sun's history.")] = None,
    longitude: Annotated[float | None, typer.Option(min=-180.0, max=180.0, help="Of the sun's history.")] = None,
    sun_column: Annotated[str | None, typer.Option(help="Its column of global horizontal irradiance.")] = None,
    sun_unit: Annotated[str | None, typer.Option(help="Its unit, as --ghi-unit of calibrate irradiance.")] = None,
    sun_times: Annotated[str | None, typer.Option(metavar="ZONE", help="As --times, for the sun's history.")] = None,
    sun_stamps: Annotated[
        str | None, typer.Option(metavar="begin|end", help="As --stamps, for the sun's history.")
    ] = None,
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
        {
            "path": sun,
            "latitude_deg": latitude,
            "longitude_deg": longitude,
            "ghi_column": sun_column,
            "ghi_unit": sun_unit,
            "times": sun_times,
            "stamps_end": stamps_end(sun_stamps, "--sun-stamps"),
        },
        out,
        report,
    )


@app.command()
def outages(
    history: Annotated[
        Path | None, typer.Argument(help="Log of interruptions, CSV or Parquet: start, end or duration, cause.")
    ] = None,
    saifi: Annotated[float | None, typer.Option(min=0.0, help="Sustained interruptions a customer-year.")] = None,
    caidi_min: Annotated[float | None, typer.Option(min=0.0, help="Mean duration of one [min].")] = None,
    maifi: Annotated[float | None, typer.Option(min=0.0, help="Momentary interruptions a customer-year.")] = None,
    out: Annotated[Path, typer.Option(help="Parameter file.")] = Path("outages.toml"),
    report: Report = None,
    site_factor: Annotated[
        float, typer.Option(min=0.0, help="Interruptions at the site over those of the log or the average customer.")
    ] = 1.0,
    base: Annotated[str, typer.Option(help="Record that gives what neither a log nor indices tell.")] = "nordic_hv",
    sites: Annotated[float | None, typer.Option(min=0.0, help="Places observed. Default: counted, and said.")] = None,
    customers_served: Annotated[
        float | None, typer.Option(min=1.0, help="Count events by the customers they reached, over this many.")
    ] = None,
    observed_from: Annotated[str | None, typer.Option(help="Date the observation begins, e.g. 2015-01-01.")] = None,
    observed_to: Annotated[str | None, typer.Option(help="Date the observation ends.")] = None,
    observed_years: Annotated[
        float | None, typer.Option(min=0.0, help="Years observed, where the log has gaps.")
    ] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="Cause that does not count. Default: planned.")] = None,
    hold_out: Annotated[int | None, typer.Option(min=0, help="Last years kept out of the fit and reported on.")] = None,
    start_column: Annotated[str | None, typer.Option(help="Column of the start. Default: guessed, and said.")] = None,
    end_column: Annotated[str | None, typer.Option(help="Column of the end.")] = None,
    duration_column: Annotated[str | None, typer.Option(help="Column of the duration.")] = None,
    duration_unit: Annotated[str | None, typer.Option(help="s, min or h.")] = None,
    cause_column: Annotated[str | None, typer.Option(help="Column of the cause.")] = None,
    site_column: Annotated[str | None, typer.Option(help="Column of the site.")] = None,
    customers_column: Annotated[str | None, typer.Option(help="Column of the customers reached.")] = None,
    times: Times = None,
    weather: Weather = "nordic",
    source: Source = "",
    years: Years = 1000,
) -> None:
    """Fit interruptions to a log, or take them from published indices (SAIFI, CAIDI, MAIFI)."""
    from studies.calibrate_run import run_indices, run_outages

    if history is None:
        run_indices(saifi, caidi_min, maifi, out, report, site_factor, base)
        return
    run_outages(
        {
            "path": history,
            "start_column": start_column,
            "end_column": end_column,
            "duration_column": duration_column,
            "duration_unit": duration_unit,
            "cause_column": cause_column,
            "site_column": site_column,
            "customers_column": customers_column,
            "times": times,
            "observed_from": observed_from,
            "observed_to": observed_to,
            "sites": sites,
            "customers_served": customers_served,
            "leave_out": tuple(leave_out or ("planned",)),
            "observed_years": observed_years,
        },
        {
            "site_factor": site_factor,
            "base": base,
            "weather": weather,
            "source": source,
            "years": years,
            "hold_out": hold_out,
        },
        out,
        report,
    )


@app.command()
def irradiance(
    history: Annotated[Path, typer.Argument(help="CSV or Parquet, or a TMY3, EPW, PVGIS or NSRDB file.")],
    latitude: Annotated[float | None, typer.Option(min=-90.0, max=90.0, help="Degrees north.")] = None,
    longitude: Annotated[float | None, typer.Option(min=-180.0, max=180.0, help="Degrees east.")] = None,
    tilt: Annotated[float, typer.Option(min=0.0, max=90.0, help="Panels of the PV check, degrees.")] = 40.0,
    azimuth: Annotated[float, typer.Option(min=0.0, max=360.0, help="Where they face: 180 is south.")] = 180.0,
    out: Annotated[Path, typer.Option(help="Parameter file.")] = Path("pv.toml"),
    report: Report = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv, tmy3, epw, pvgis or nsrdb. Default: by the file's first lines.")
    ] = None,
    hold_out: Annotated[int | None, typer.Option(min=0, help="Last years kept out of the fit and reported on.")] = None,
    ghi_column: Annotated[str | None, typer.Option(help="Column of global horizontal irradiance [W/m2].")] = None,
    ghi_unit: Annotated[
        str | None,
        typer.Option(help="W/m2, kW/m2, or a step's Wh/m2, kWh/m2, J/m2, kJ/m2, MJ/m2. Default: by its name."),
    ] = None,
    temperature_column: Annotated[str | None, typer.Option(help="Column of the air temperature [C].")] = None,
    time_column: TimeColumn = None,
    times: Times = None,
    stamps: Stamps = None,
    utc_offset: UtcOffset = None,
    weather: Weather = "nordic",
    source: Source = "",
    years: Years = 1000,
) -> None:
    """Fit the clearness of the sky, and check the PV chain."""
    from studies.calibrate_run import run_irradiance, stamps_end

    run_irradiance(
        {
            "path": history,
            "latitude_deg": latitude,
            "longitude_deg": longitude,
            "format": file_format,
            "ghi_unit": ghi_unit,
            "ghi_column": ghi_column,
            "temperature_column": temperature_column,
            "time_column": time_column,
            "times": times,
            "stamps_end": stamps_end(stamps),
            "utc_offset_h": utc_offset,
        },
        {
            "tilt_deg": tilt,
            "azimuth_deg": azimuth,
            "weather": weather,
            "source": source,
            "years": years,
            "hold_out": hold_out,
        },
        out,
        report,
    )

"""The command ``riskmodel``: its commands and options. What they do is in ``cli_run`` and ``cli_show``.

Nothing heavy is imported here, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from riskmodel._guard import check_packages
from studies import cli_calibrate, cli_insurance, cli_money, cli_outages, cli_reports, cli_risk, cli_what_if
from studies.cli_run_options import Cluster, FirstPath, RangesAt, TargetError

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
"""Exit codes; 0 is done."""

MOST_SEED = 2**63 - 1

app = typer.Typer(
    name="riskmodel",
    cls=cli_money.Commands,
    help="Which way of powering this GPU cluster should we choose, what will it earn, and what can go wrong?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(cli_calibrate.app, name="calibrate")
app.command()(cli_money.finance)
app.command()(cli_outages.survival)
app.command()(cli_outages.explain)
app.command()(cli_reports.report)
app.command()(cli_reports.template)
app.command()(cli_risk.sensitivity)
app.command()(cli_risk.size)
app.command()(cli_insurance.losses)
app.command("rare-years")(cli_insurance.rare_years)
app.command()(cli_what_if.stress)
app.command()(cli_what_if.claim)
app.command()(cli_insurance.cover)
app.command()(cli_insurance.portfolio)

StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="Name of a shipped study, or the path of a TOML file.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Change a field, e.g. site.price_zone=SE4. May be repeated."),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("power-strategy-risk")
        except PackageNotFoundError:  # run from a source tree that is not installed
            number = "not installed"
        typer.echo(f"riskmodel {number}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Options that come before a command."""


@app.command()
def run(
    study: StudyName,
    paths: Annotated[
        int | None, typer.Option(min=1, help="How many lifetimes to simulate. Default: 10000; resuming: as before.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results. Default: out/NAME OF THE STUDY.")] = None,
    overrides: Overrides = None,
    events: Annotated[
        Path | None,
        typer.Option(metavar="EVENTS.csv", help="Outages and sags that happen in every path instead of drawn ones."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all cores. The results are the same.")] = None,
    target_error: TargetError = None,
    control_variates: Annotated[
        bool, typer.Option("--control-variates", help="Means with smaller errors, by what the drawn inputs explain.")
    ] = False,
    first_path: FirstPath = None,
    cluster: Cluster = None,
    ranges: RangesAt = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are already there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but problems.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
    lanes: Annotated[int | None, typer.Option(min=1, hidden=True)] = None,
) -> None:
    """Simulate a study and write its results into a folder."""
    from studies.cli_run import RunRequest, run_study

    run_study(
        RunRequest(
            study=study,
            paths=paths,
            seed=seed,
            out=out,
            overrides=tuple(overrides or ()),
            events=events,
            threads=threads,
            target_error=target_error,
            control_variates=control_variates,
            first_path=first_path,
            cluster=cluster,
            ranges=ranges,
            resume=resume,
            overwrite=overwrite,
            quiet=quiet,
            as_json=as_json,
            lanes=lanes,
        )
    )


@app.command()
def studies() -> None:
    """List the studies that come with the package."""
    from studies.cli_show import list_studies

    list_studies()


@app.command()
def show(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="Name of a shipped study, a TOML file, or a folder of results.")
    ],
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show every input of a study, with its unit and where it comes from; of results, what came out."""
    from studies.cli_show import show_study

    show_study(study, tuple(overrides or ()), as_json)


@app.command()
def reliability(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of a finished run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for tables and the figure. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
) -> None:
    """Ask how often the cluster stops, how long, by what, and what that costs, beside the grid's own indices."""
    from studies.cli_reliability import show_reliability

    show_reliability(results, out, as_json, as_csv)


@app.command()
def goodput(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of a finished run.")],
    paths: Annotated[
        int | None, typer.Option(min=2, help="Lives of own failures to simulate. Default: 200, or all of the run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
) -> None:
    """Ask what the cluster's own failures leave of the training, with and without the power events of a run."""
    from studies.cli_goodput import show_goodput

    show_goodput(results, paths, as_json, as_csv)


@app.command()
def validate(study: StudyName, overrides: Overrides = None) -> None:
    """Check a study file and say everything that is wrong with it."""
    from studies.cli_show import validate_study

    validate_study(study, tuple(overrides or ()))


@app.command()
def schema() -> None:
    """Print the JSON schema of study files, for editors that check while you type."""
    from studies.cli_show import print_schema

    print_schema()


@app.command()
def age(
    points: Annotated[Path, typer.Argument(metavar="POINTS.csv", help="Rows of duty, one column a quantity.")],
    law: Annotated[str, typer.Option(metavar="LAW", help="blast_lfp_250ah, blast_sony_murata or naumann_2020.")],
    out: Annotated[Path, typer.Option(help="CSV file to write: the rows with their capacity_left.")],
) -> None:
    """Age battery cells: what a published law makes of rows of temperature, charge and cycles."""
    from studies.cli_age import age_file

    age_file(points, law, out)


@app.command()
def adequacy(
    units: Annotated[
        Path,
        typer.Argument(metavar="UNITS.csv", help="Columns mw, failures_per_year, repair_hours; perhaps count, area."),
    ],
    load: Annotated[
        Path, typer.Argument(metavar="LOAD.csv", help="Hourly load in MW, column load_mw, or one an area.")
    ],
    links: Annotated[
        Path | None, typer.Option(help="CSV of links: from, to, mw, failures_per_year, repair_hours.")
    ] = None,
    years: Annotated[int, typer.Option(min=0, max=10_000_000, help="Passes of the load to simulate; 0: none.")] = 2000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write the indices to.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the indices as one JSON object.")] = False,
) -> None:
    """Ask whether units that fail and are repaired meet a load: hours, days, energy and times it is lost."""
    from studies.cli_adequacy import adequacy_of_files

    adequacy_of_files(units, load, years, seed, out, as_json, links)


@app.command()
def backtest(
    power_mw: Annotated[float, typer.Option(help="Power at the meter [MW].")],
    energy_mwh: Annotated[float, typer.Option(help="Energy that fits inside [MWh].")],
    efficiency: Annotated[float, typer.Option(help="Round trip: sold over bought energy, e.g. 0.9.")],
    prices: Annotated[
        Path | None, typer.Argument(metavar="PRICES.csv", help="Times and prices per MWh; CSV, plain or gz.")
    ] = None,
    tariff: Annotated[
        str | None,
        typer.Option(help="A time-of-use tariff instead: a shipped name such as jiangsu_industrial, or a file."),
    ] = None,
    years: Annotated[int | None, typer.Option(help="With --tariff: years to run, 1 to 50. Default: 1.")] = None,
    weather: Annotated[
        str | None, typer.Option(help="With --tariff: weather that critical days follow. Default: nordic.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="With --tariff: of weather and critical days. Default: 1.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Column of the price. Default: found by its name, and said.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Market whose clock says 13:00: SE3, DE, CAISO, or Europe/Stockholm.")
    ] = None,
    time_column: Annotated[str | None, typer.Option(help="Column of the times. Default: found by its name.")] = None,
    times: Annotated[
        str | None, typer.Option(help="Clock of the times: UTC, Europe/Stockholm (local), UTC+1. Default: their name.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the years as one JSON object.")] = False,
) -> None:
    """Run a battery on a price history or a tariff with what was known each day, beside perfect foresight."""
    from studies.cli_backtest import BacktestRequest, backtest_file

    backtest_file(
        BacktestRequest(
            prices=prices,
            tariff=tariff,
            years=years,
            weather=weather,
            seed=seed,
            power_mw=power_mw,
            energy_mwh=energy_mwh,
            efficiency=efficiency,
            column=column,
            zone=zone,
            time_column=time_column,
            times=times,
            as_json=as_json,
        )
    )


@app.command()
def cabinets(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """List the storage cabinets of the catalogue, every number with its source and how far to trust it."""
    from studies.cli_cabinets import list_cabinets

    list_cabinets(as_json)


@app.command()
def strings(
    cabinet: Annotated[str, typer.Option(help="Cabinet of the catalogue; see riskmodel cabinets.")] = "261",
    spread: Annotated[
        str, typer.Option(metavar="X,Y", help="Spread between modules, in multiples of the published one.")
    ] = "1,2",
    years: Annotated[int, typer.Option(help="Years to simulate, 1 to 30.")] = 15,
    law: Annotated[str, typer.Option(help="blast_lfp_250ah, blast_sony_murata or naumann_2020.")] = "blast_lfp_250ah",
    cycles_per_day: Annotated[float, typer.Option(help="Cycles from 10 to 90 % of charge a day, 0.1 to 6.")] = 1.0,
    in_parallel: Annotated[int, typer.Option(help="Cabinets that one central converter would serve, 2 to 200.")] = 8,
    swap_years: Annotated[int, typer.Option(help="Replace the worst modules each this many years.")] = 5,
    swap_share: Annotated[float, typer.Option(help="Share of the modules replaced each time, 0 to 1.")] = 0.1,
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate, 2 to 100000.")] = 2000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and the figure. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
) -> None:
    """Compare one converter per string with one for all: usable energy by year as modules grow apart."""
    from studies.cli_strings import StringsRequest, compare_strings

    compare_strings(
        StringsRequest(
            cabinet=cabinet,
            spread=spread,
            years=years,
            law=law,
            cycles_per_day=cycles_per_day,
            in_parallel=in_parallel,
            swap_years=swap_years,
            swap_share=swap_share,
            paths=paths,
            seed=seed,
            out=out,
            as_json=as_json,
        )
    )


@app.command()
def coupling(
    study: StudyName,
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate, twice each, 2 to 1000000.")] = 2000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and the figure. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
) -> None:
    """Ask what it is worth that prices, outages and sun share one weather: bad years with and without."""
    from studies.cli_coupling import CouplingRequest, compare_weathers

    compare_weathers(
        CouplingRequest(study=study, paths=paths, seed=seed, overrides=tuple(overrides or ()), out=out, as_json=as_json)
    )


@app.command()
def storage(
    study: StudyName,
    strategy: Annotated[
        str | None, typer.Option(help="Strategy whose storage is asked about. Default: the first that has one.")
    ] = None,
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate for each size, 2 to 1000000.")] = 2000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
) -> None:
    """Ask what one more MWh of storage is worth, what ageing leaves of it, and how often all cabinets work."""
    from studies.cli_storage import StorageRequest, value_storage

    value_storage(StorageRequest(study, strategy, paths, seed, tuple(overrides or ()), out, as_json))


def main() -> None:
    """Entry of the command ``riskmodel``."""
    try:
        check_packages(needed=("distributions", "studies"), wished=())
    except ImportError as error:
        sys.exit(f"riskmodel: {error}")
    try:
        app()
    except KeyboardInterrupt:
        leave_at_once()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            leave_at_once()
        raise


def leave_at_once() -> NoReturn:
    """End without waiting for threads that are still compiling or simulating; everything worth keeping is on disk."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)

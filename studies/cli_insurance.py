"""The commands for insurers: their options. What they do is in ``cli_losses`` and ``cli_cover``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["cover", "losses", "portfolio", "rare_years"]

LifeYears = Annotated[
    str | None, typer.Option(metavar="A-B", help="Only these years of each life, e.g. 1-5. Default: all.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print as one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print as CSV.")]


def losses(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of a finished run.")],
    ord_folder: Annotated[
        Path | None, typer.Option("--ord", metavar="DIR", help="Folder for Open Results Data tables, CSV and Parquet.")
    ] = None,
    return_periods: Annotated[
        str | None, typer.Option(metavar="Y,Y", help="Return periods in years. Default: 2 to 10000, as far as seen.")
    ] = None,
    life_years: LifeYears = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Ask what an insurer asks: average annual loss, exceedance by event and by year, and tables for other tools."""
    from studies.cli_losses import LossesRequest, show_losses

    show_losses(LossesRequest(results, ord_folder, return_periods, life_years, out, as_json, as_csv))


def cover(
    source: Annotated[
        Path, typer.Argument(metavar="RESULTS|EVENTS.csv", help="Folder of a finished run, or a CSV file of events.")
    ],
    terms: Annotated[
        str, typer.Argument(metavar="COVER", help="TOML file of the cover, or a shipped one: outage, index.")
    ] = "outage",
    years: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="With a CSV: years it spans, those without events too.")
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="Only this strategy. Default: all.")] = None,
    life_years: LifeYears = None,
    ord_folder: Annotated[
        Path | None,
        typer.Option("--ord", metavar="DIR", help="Folder for Open Results Data tables, gross and net too."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Price a cover on outage risk: layers, waiting period, reinsurance, index triggers, and what protection saves."""
    from studies.cli_cover import CoverRequest, price_cover

    price_cover(CoverRequest(source, terms, years, strategy, life_years, ord_folder, out, as_json, as_csv))


def rare_years(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Name of a shipped study, or a TOML file.")],
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate.")] = 1000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field, e.g. site.price_zone=SE4. May be repeated."),
    ] = None,
    ord_folder: Annotated[
        Path | None, typer.Option("--ord", metavar="DIR", help="Folder for Open Results Data tables, CSV and Parquet.")
    ] = None,
    cover: Annotated[
        str | None, typer.Option(metavar="COVER", help="Price this cover too: a TOML file, or a shipped one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask what 1 year in 1,000 or 10,000 loses: every year with and without an extreme outage, weighted."""
    from studies.cli_rare_years import RareYearsRequest, show_rare_years

    show_rare_years(RareYearsRequest(study, tuple(overrides or ()), paths, seed, ord_folder, cover, as_json))


def portfolio(
    portfolio_file: Annotated[
        str, typer.Argument(metavar="PORTFOLIO", help="TOML file of sites and grids, or a shipped one.")
    ] = "nordic_four_sites",
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate of every site.")] = 1000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; the numbers do not depend on them.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Add up sites that share weather and grid events: exceedance against the sum of sites, and each site's part."""
    from studies.cli_portfolio import PortfolioRequest, show_portfolio

    show_portfolio(PortfolioRequest(portfolio_file, paths, seed, threads, out, as_json, as_csv))

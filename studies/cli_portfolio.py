"""The command ``portfolio``: several sites on one or more grids, what they lose together, and who adds to the tail."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from studies.cli_problems import check_out, check_paths, fail, plain_problems, printable, refuse

if TYPE_CHECKING:
    from riskmodel.insurance.accumulation import PortfolioReport
    from riskmodel.insurance.exceedance import Point
    from riskmodel.insurance.portfolio import Portfolio
    from riskmodel.summary import Row

__all__ = ["PortfolioRequest", "show_portfolio", "tail_years"]

SHIPPED = Path(__file__).parent / "portfolios"
WIDTH = 120
THOUSAND, PERCENT = 1e-3, 100.0
MOST_PATHS = 100_000
MOST_VALUES = 50_000_000
"""Losses by site and year that are kept, 16 bytes each."""
KINDS = (
    ("oep", "worst event of a year (OEP)"),
    ("oep_tvar", "its tail mean (OEP TVaR)"),
    ("aep", "whole year (AEP)"),
    ("aep_tvar", "its tail mean (AEP TVaR)"),
)
SHOWN_YEARS = (2.0, 10.0, 20.0, 50.0, 100.0, 200.0, 250.0, 500.0, 1000.0, 5000.0, 10000.0)
"""Return periods printed, as far as ten worse years were simulated; files have all."""
TAIL_YEARS = 200.0
"""The tail is allocated at this return period (a year in 200 is also the solvency standard of insurers in the EU)."""
ALL = "portfolio"
SUM = "sum of sites"


@dataclass(frozen=True)
class PortfolioRequest:
    """What was typed; None where nothing was."""

    portfolio: str
    paths: int
    seed: int | None
    threads: int | None
    out: Path | None
    as_json: bool
    as_csv: bool


def show_portfolio(request: PortfolioRequest) -> None:
    """Read, simulate, print, and write what was asked for."""
    import studies
    from riskmodel.engine import TooManyEvents
    from riskmodel.insurance.portfolio import simulate_portfolio
    from riskmodel.insurance.portfolio_file import read_portfolio
    from studies.cli_progress import RunProgress

    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: type one of them")
    check_paths(request.paths, 2, MOST_PATHS)
    check_out(request.out)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    with plain_problems():
        portfolio = read_portfolio(_file(request.portfolio), studies.load)
        values = len(portfolio.sites) * request.paths * portfolio.years
        if values > MOST_VALUES:
            most = MOST_VALUES // (len(portfolio.sites) * portfolio.years)
            raise refuse(f"--paths {request.paths}: {values:,} losses by site and year; type at most {most:,} paths")
        try:
            with RunProgress() as progress:
                report, _ = simulate_portfolio(
                    portfolio, request.paths, seed, progress=progress, threads=request.threads
                )
        except TooManyEvents as error:
            raise fail(str(error)) from None
        record = _record(portfolio, report, request.paths, seed)
        if request.out is not None:
            _write(portfolio, report, record, request.out)
    if request.as_json:
        typer.echo(json.dumps(record, indent=2, allow_nan=False))
    elif request.as_csv:
        from riskmodel.summary import summary_csv

        typer.echo(summary_csv(_rows(portfolio, report)), nl=False)
    else:
        _print(portfolio, report, request, seed)


def _file(text: str) -> Path:
    shipped = SHIPPED / f"{text}.toml"
    if Path(text).exists() or text.endswith(".toml") or "/" in text:
        return Path(text)
    if not shipped.is_file():
        names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.toml")))
        raise refuse(f"{text}: no such portfolio; shipped: {names}; or type the path of a .toml file")
    return shipped


def tail_years(report: PortfolioReport) -> float:
    """Return period at which the tail is allocated: 200 years, or the longest with ten worse years."""
    found = [point for point in report.points if point.kind == "aep_tvar"]
    known = [point.return_period for point in found if not point.flagged and point.return_period <= TAIL_YEARS]
    return max(known) if known else min(point.return_period for point in found)


def _rows(portfolio: Portfolio, report: PortfolioReport) -> list[Row]:
    """All numbers: of each site, of their sum, of the portfolio."""
    from riskmodel.summary import Row

    rows = []
    for site in report.sites:
        rows += [Row(site.name, metric, value) for metric, value in zip(site.annual._fields, site.annual, strict=True)]
        rows += [Row(site.name, _metric(point), point.estimate) for point in site.points]
        rows += [Row(site.name, f"contribution_aep_tvar_{years:g}_years", of) for years, of in site.tail.items()]
    for benefit in report.benefits:
        name = f"{benefit.kind}_{benefit.return_period:g}_years"
        rows += [Row(SUM, name, benefit.total), Row(SUM, f"{name}:less_portfolio", benefit.money)]
        rows.append(Row(SUM, f"{name}:diversification_share", benefit.share))
    rows += [Row(ALL, metric, value) for metric, value in zip(report.annual._fields, report.annual, strict=True)]
    for point in report.points:
        unit = point.estimate.unit
        rows.append(Row(ALL, _metric(point), point.estimate))
        rows.append(Row(ALL, f"{_metric(point)}:low_95", Estimate(point.low, 0.0, 1, unit)))
        rows.append(Row(ALL, f"{_metric(point)}:high_95", Estimate(point.high, 0.0, 1, unit)))
        rows.append(Row(ALL, f"{_metric(point)}:beyond_a_tenth_of_the_years", Estimate(float(point.flagged), 0.0, 1)))
    return [*rows, Row(ALL, "aal:of_common_events", report.common)]


def _metric(point: Point) -> str:
    return f"{point.kind}_{point.return_period:g}_years"


def _record(portfolio: Portfolio, report: PortfolioReport, paths: int, seed: int) -> dict[str, Any]:
    from distributions.outages import FAMILIES

    estimates: dict[str, dict[str, Any]] = {}
    for row in _rows(portfolio, report):
        value, error = row.estimate.value, row.estimate.standard_error
        estimates.setdefault(row.strategy, {})[row.metric] = {
            "value": value if math.isfinite(value) else None,
            "standard_error": error if math.isfinite(error) else None,
            "unit": row.estimate.unit,
        }
    return {
        "portfolio": portfolio.name,
        "paths": paths,
        "years_per_path": portfolio.years,
        "years": report.years,
        "seed": seed,
        "currency": portfolio.currency,
        "price_year": portfolio.sites[0].study.header.price_year,
        "grids": {
            grid.name: {
                "region": grid.region,
                "common": dict(zip(FAMILIES, grid.common, strict=True)),
                "source": grid.source,
            }
            for grid in {site.grid.name: site.grid for site in portfolio.sites}.values()
        },
        "sites": [
            {
                "name": site.name,
                "study": site.study.header.name,
                "input_hash": site.study.input_hash(),
                "strategy": site.strategy,
                "grid": site.grid.name,
            }
            for site in portfolio.sites
        ],
        "estimates": estimates,
    }


def _write(portfolio: Portfolio, report: PortfolioReport, record: dict[str, Any], out: Path) -> None:
    from riskmodel.summary import summary_csv
    from studies.figures.portfolio import draw_portfolio
    from studies.figures.style import save, theme

    out.mkdir(parents=True, exist_ok=True)
    (out / "portfolio.csv").write_text(summary_csv(_rows(portfolio, report)), encoding="utf-8")
    (out / "portfolio.json").write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with theme():
        save(draw_portfolio(portfolio, report, tail_years(report)), out, "portfolio")


def _print(portfolio: Portfolio, report: PortfolioReport, request: PortfolioRequest, seed: int) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    unit, tail = portfolio.currency, tail_years(report)
    say(f"{portfolio.name}: losses by power events of {len(portfolio.sites)} sites, ground up, thousand {unit}")
    console.print(_sites(portfolio, report, tail))
    say(f"All sites together against the sum of the sites alone, thousand {unit}")
    console.print(_curves(report))
    aal = report.annual.aal.value
    share = f" ({report.common.value / aal:.0%} of the portfolio's)" if aal > 0.0 else ""
    say(f"Average annual loss by events that came to all sites of a grid: {_k(report.common)}{share}.")
    price_year = portfolio.sites[0].study.header.price_year
    say(
        f"{report.years:,} simulated years of {request.paths:,} paths, seed {seed}. +- is one standard error, between "
        "paths; that of the saving is of the difference in the same years. [ ] is a 95 % interval, ? where the sample "
        f"does not reach. Shown as far as ten worse years were simulated. Real money of {price_year}, fires left out."
    )
    if request.out is not None:
        say(f"Written: {request.out}")


def _sites(portfolio: Portfolio, report: PortfolioReport, tail: float) -> Table:
    years = sorted({p.return_period for p in report.points if p.return_period in (20.0, 100.0) and not p.flagged})
    headings = [f"1 year\nin {period:g}" for period in years]
    part = f"part of the\ntail, 1 in {tail:g}"
    table = _table("site", "strategy", "grid", right=("average\nannual loss", *headings, part, "share of\nthe tail"))
    found = {(point.kind, point.return_period): point.estimate for point in report.points}
    whole = found["aep_tvar", tail]
    for site, own in zip(portfolio.sites, report.sites, strict=True):
        by_years = {p.return_period: p.estimate for p in own.points if p.kind == "aep"}
        of = own.tail[tail]
        share = f"{of.value / whole.value:.1%}" if whole.value > 0.0 else "-"
        names = (site.name, site.strategy, site.grid.name)
        cells = [_k(own.annual.aal), *(_k(by_years[period]) for period in years), _k(of), share]
        table.add_row(*(Text(printable(name)) for name in names), *cells)
    total = {(b.kind, b.return_period): b.total for b in report.benefits}
    sums = [_k(total["aep", period]) for period in years]
    table.add_row(SUM, "", "", _k(report.annual.aal), *sums, _k(total["aep_tvar", tail]), "", end_section=True)
    together = [_k(found["aep", period]) for period in years]
    table.add_row(ALL, "", "", _k(report.annual.aal), *together, _k(whole), "100.0%" if whole.value > 0.0 else "-")
    return table


def _curves(report: PortfolioReport) -> Table:
    table = _table(
        "1 year\nin", "measure", right=("portfolio", "sum of sites", "saved by\ndiversification", "saved, %")
    )
    benefits = {(b.kind, b.return_period): b for b in report.benefits}
    points = {(p.kind, p.return_period): p for p in report.points}
    for years in _printed(report):
        for kind, words in KINDS:
            point, benefit = points[kind, years], benefits[kind, years]
            ends = (f"{end * THOUSAND:,.4g}" if math.isfinite(end) else "?" for end in (point.low, point.high))
            saved = "-" if math.isnan(benefit.share.value) else str(benefit.share.scaled(PERCENT, ""))
            value = f"{point.estimate.value * THOUSAND:,.4g} [{', '.join(ends)}]"
            first = f"{years:g}" if kind == "oep" else ""
            table.add_row(first, words, value, _k(benefit.total), _k(benefit.money), saved)
    return table


def _printed(report: PortfolioReport) -> list[float]:
    """Return periods that are known well enough, or the shortest."""
    known = sorted({p.return_period for p in report.points if not p.flagged and p.return_period in SHOWN_YEARS})
    return known or [min(point.return_period for point in report.points)]


def _table(*left: str, right: tuple[str, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in left:
        table.add_column(heading, no_wrap=True)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _k(estimate: Estimate) -> str:
    return str(Estimate(estimate.value, estimate.standard_error, estimate.n).scaled(THOUSAND, ""))

"""The command ``losses``: average annual loss, exceedance curves, convergence, and Open Results Data tables."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from studies.cli_problems import check_out, fail, plain_problems, printable, refuse
from studies.cli_rows import as_record, echo_rows

if TYPE_CHECKING:
    from riskmodel.insurance.report import LossReport
    from riskmodel.results import Results

__all__ = ["LossesRequest", "chosen_years", "open_results", "rounded_years", "show_losses"]

WIDTH = 120
THOUSAND = 1e-3
CURVES = (("oep", "worst event"), ("oep_tvar", "its tail mean"), ("aep", "whole year"), ("aep_tvar", "its tail mean"))


@dataclass(frozen=True)
class LossesRequest:
    """What was typed; None where nothing was."""

    results: Path
    ord_folder: Path | None
    return_periods: str | None
    life_years: str | None
    out: Path | None
    as_json: bool
    as_csv: bool


def open_results(folder: Path) -> Results:
    """Results of a finished run, or a message."""
    from riskmodel.results import load_results
    from riskmodel.run import RunError

    try:
        return load_results(folder)
    except RunError as error:
        raise refuse(str(error)) from None


def chosen_years(text: str | None, n_years: int) -> tuple[int, int]:
    """First and last year of life of "A-B" or "A"."""
    if text is None:
        return 1, n_years
    parts = text.split("-")
    if not 1 <= len(parts) <= 2 or not all(part.strip().isdigit() for part in parts):
        raise refuse(f"--life-years {text}: type a year or two, e.g. 1-5")
    first, last = int(parts[0]), int(parts[-1])
    if not 1 <= first <= last <= n_years:
        raise refuse(f"--life-years {text}: must be within 1-{n_years}, the first not after the last")
    return first, last


def show_losses(request: LossesRequest) -> None:
    """Read results, print them, and write tables, figures and ORD files where asked to."""
    from riskmodel.insurance.ord_files import check_folder
    from riskmodel.insurance.report import loss_report, loss_rows, run_years, write_ord

    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: type one of them")
    for folder in (request.out, request.ord_folder):
        check_out(folder)
    with plain_problems():
        results = open_results(request.results)
        first, last = chosen_years(request.life_years, results.n_years)
        years = results.n_paths * (last - first + 1)
        periods = _return_periods(request.return_periods, years)
        life = None if (first, last) == (1, results.n_years) else (first, last)
        reports = [loss_report(results, of_years, periods) for of_years in run_years(results, life)]
        rows = [row for report in reports for row in loss_rows(report)]
        if request.out is not None:
            _write(results, reports, request.out)
        if request.ord_folder is not None:
            write_ord(results, request.ord_folder, life)
            problems = check_folder(request.ord_folder)
            if problems:
                raise fail("\n".join(["The tables were written and do not read back:", *problems]))
    if request.as_json or request.as_csv:
        echo_rows(results, rows, request.as_json)
    else:
        _print(results, reports, request, (first, last))


def _return_periods(text: str | None, years: int) -> tuple[float, ...]:
    from riskmodel.insurance.exceedance import RETURN_PERIODS

    if text is None:
        return tuple(float(period) for period in RETURN_PERIODS)
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise refuse(f"--return-periods {text}: type years with commas between, e.g. 20,100,250") from None
    for period in found:
        if not (math.isfinite(period) and period > 1.0):
            raise refuse(f"--return-periods {period:g}: must be more than 1 year")
        if period > years:
            raise refuse(
                f"--return-periods {period:g}: only {years:,} years were simulated; type at most {years}, better at "
                f"most {years // 10} (a tenth), or run more paths"
            )
    return tuple(sorted(set(found)))


def _write(results: Results, reports: list[LossReport], out: Path) -> None:
    from riskmodel.insurance.report import loss_rows
    from riskmodel.summary import summary_csv
    from studies.figures.insurance import draw_convergence, draw_curves
    from studies.figures.style import save, theme

    out.mkdir(parents=True, exist_ok=True)
    rows = [row for report in reports for row in loss_rows(report)]
    (out / "losses.csv").write_text(summary_csv(rows), encoding="utf-8")
    text = json.dumps(as_record(results, rows), indent=2, allow_nan=False)
    (out / "losses.json").write_text(text + "\n", encoding="utf-8")
    with theme():
        save(draw_curves(results, reports), out, "exceedance")
        save(draw_convergence(results, reports), out, "exceedance_convergence")


def _print(results: Results, reports: list[LossReport], request: LossesRequest, life: tuple[int, int]) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    years = reports[0].years
    unit = reports[0].annual.aal.unit
    of_life = "" if life == (1, results.n_years) else f", years {life[0]} to {life[1]} of each life"
    say(f"{results.manifest['study']['title']}: losses by power events and fires, ground up{of_life}")
    console.print(_moments(reports, unit))
    say(f"Average annual loss by cause, thousand {unit}")
    console.print(_causes(reports))
    for report in reports:
        say(f"{report.losses_name}: loss reached once in so many years, thousand {unit}")
        console.print(_curves(report))
    say(f"Convergence of the yearly loss, thousand {unit}")
    console.print(_convergence(reports))
    beyond = sorted({p for p in _asked(request) if p > years})
    say(
        f"{years:,} simulated years of {results.n_paths:,} paths, seed {results.seed}. +- is one standard error, "
        "between paths; [ ] is a 95 % interval, ? where the sample does not reach. * fewer than ten worse years were "
        "simulated."
        + (f" Longer than all simulated years, so not told: {', '.join(f'{p:g}' for p in beyond)}." if beyond else "")
    )
    beside = max(report.beside for report in reports)
    if beside > 0.0:
        say(f"Not in these tables: service credits, which belong to months (up to {beside:,.0f} {unit} a year).")
    for place in (request.out, request.ord_folder):
        if place is not None:
            say(f"Written: {place}" + (" (read back and checked)" if place is request.ord_folder else ""))


def _asked(request: LossesRequest) -> tuple[float, ...]:
    from riskmodel.insurance.exceedance import RETURN_PERIODS

    return () if request.return_periods is not None else tuple(float(period) for period in RETURN_PERIODS)


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _moments(reports: list[LossReport], unit: str) -> Table:
    table = _table(
        "strategy", f"average annual\nloss, k{unit}", f"standard\ndeviation, k{unit}", "coefficient\nof variation"
    )
    for report in reports:
        cells = (_k(report.annual.aal), _k(report.annual.sd), str(report.annual.cov))
        table.add_row(Text(printable(report.losses_name)), *cells)
    return table


def _causes(reports: list[LossReport]) -> Table:
    causes = list(dict.fromkeys(cause for report in reports for cause in report.by_cause))
    table = _table("strategy", *causes)
    for report in reports:
        cells = [_k(report.by_cause[cause]) if cause in report.by_cause else "0" for cause in causes]
        table.add_row(Text(printable(report.losses_name)), *cells)
    return table


def _k(estimate: Estimate) -> str:
    return str(Estimate(estimate.value, estimate.standard_error, estimate.n).scaled(THOUSAND, ""))


def _curves(report: LossReport) -> Table:
    table = _table("years", *(f"{kind.upper().replace('_', ' ')}\n({words})" for kind, words in CURVES))
    found = {(point.kind, point.return_period): point for point in report.points}
    for years in sorted({point.return_period for point in report.points}):
        cells = []
        for kind, _ in CURVES:
            point = found[kind, years]
            ends = (f"{end * THOUSAND:,.4g}" if math.isfinite(end) else "?" for end in (point.low, point.high))
            mark = "*" if point.flagged else ""
            cells.append(f"{point.estimate.value * THOUSAND:,.4g} [{', '.join(ends)}]{mark}")
        table.add_row(f"{years:g}", *cells)
    return table


def _convergence(reports: list[LossReport]) -> Table:
    from riskmodel.insurance.report import SHARES

    table = _table("strategy", "loss", *(f"{share:.3g} of\nthe paths" for share in SHARES), "years for\n1 % error")
    for report in reports:
        for metric, needed in report.needed().items():
            cells = []
            for share in SHARES:
                moments, found = report.by_share[share]
                named = {f"aep_{p.return_period:g}_years": p.estimate for p in found if p.kind == "aep"}
                cells.append(_k(moments.aal) if metric == "aal" else _k(named[metric]) if metric in named else "-")
            words = "average" if metric == "aal" else f"1 year in {metric.split('_')[1]}"
            table.add_row(Text(printable(report.losses_name)), words, *cells, rounded_years(needed))
    return table


def rounded_years(needed: float) -> str:
    """Years needed, to two figures."""
    if not math.isfinite(needed):
        return "unknown"
    digits = max(0, math.floor(math.log10(needed)) - 1) if needed >= 1.0 else 0
    return f"{round(needed, -digits):,.0f}"

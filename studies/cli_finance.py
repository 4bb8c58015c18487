"""The command ``finance``: measures by strategy, pairs of strategies, and the way from the baseline line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from studies.cli_problems import check_out, plain_problems, printable, refuse
from studies.cli_rows import as_record, echo_rows

if TYPE_CHECKING:
    from riskmodel.comparison import Dominance
    from riskmodel.finance_report import FinanceReport
    from riskmodel.results import Results

__all__ = ["money_terms", "show_finance"]

WIDTH = 132
LEAST_SHOWN = 1.0
"""Lines that move less than this [study money] are in the files only."""
MILLION, THOUSAND, PERCENT, ONE = 1e-6, 1e-3, 100.0, 1.0
SHORT = {"pv": "PV", "ups": "UPS", "gpus": "GPUs"}
MONEY = "million {currency}"

# Words, metric, factor to the unit in the words.
MEASURES: tuple[tuple[str, str, float], ...] = (
    (f"NPV, {MONEY}", "npv_eur:mean", MILLION),
    (f"capital at risk: 5 % chance of less, {MONEY}", "capital_at_risk_eur", MILLION),
    ("NPV below 0, % of paths", "prob_npv_negative", PERCENT),
    (f"NPV less baseline, {MONEY}", "delta_npv_eur:mean", MILLION),
    ("  if GPUs wait for power", "delta_npv_with_early_power_eur:mean", MILLION),
    ("  if GPUs are bought when there is power", "delta_npv_without_early_power_eur:mean", MILLION),
    ("best of all, % of paths", "prob_best", PERCENT),
    (f"expected regret, {MONEY}", "expected_regret_eur", MILLION),
    ("return on all that is bought (NPV over outlay), %", "cluster_return_on_investment:mean", PERCENT),
    ("return on own outlay (NPV over outlay), %", "strategy_return_on_investment", PERCENT),
    ("profitability index of own outlay", "profitability_index:mean", ONE),
    ("IRR of own outlay, real, median, % a year", "irr:p50", PERCENT),
    ("  nominal", "irr_nominal:p50", PERCENT),
    ("  no IRR, % of paths", "irr:share_none", PERCENT),
    ("  several IRR, % of paths", "irr:share_not_unique", PERCENT),
    ("MIRR, real, % a year", "mirr:mean", PERCENT),
    ("payback, simple, median, years", "payback_simple_years:p50", ONE),
    ("  never, % of paths", "never_pays_back_share", PERCENT),
    ("  without earlier power", "payback_simple_without_early_power_years:p50", ONE),
    ("  without earlier power never, % of paths", "never_pays_back_without_early_power_share", PERCENT),
    ("payback, discounted, median, years", "payback_discounted_years:p50", ONE),
    ("payback, sustained, median, years", "payback_sustained_years:p50", ONE),
    ("payback, incremental, median, years", "payback_incremental_years:p50", ONE),
    ("energy and its plant (LCOE), {currency}/MWh used", "lcoe_eur_per_mwh:mean", ONE),
    ("storage (LCOS, gross), median, {currency}/MWh given", "lcos_eur_per_mwh:p50", ONE),
    ("  without what it charges", "lcos_without_charging_eur_per_mwh:p50", ONE),
    ("least debt service cover of a path, mean", "dscr_minimum:mean", ONE),
    ("  5 % chance of less", "dscr_minimum:p05", ONE),
    ("  below 1, % of paths", "prob_dscr_below_1", PERCENT),
)


def show_finance(folder: Path, out: Path | None, as_json: bool, as_csv: bool) -> None:
    """Read results, print what a finance team asks, and write tables and figures where asked to."""
    from riskmodel.finance_report import finance_report, finance_rows
    from riskmodel.results import load_results
    from riskmodel.run import RunError

    if as_json and as_csv:
        raise refuse("--json and --csv: type one of them")
    check_out(out)
    with plain_problems():
        try:
            results = load_results(folder)
            found = finance_report(results)
        except RunError as error:
            raise refuse(str(error)) from None
        if out is not None:
            _write(results, found, out)
    if as_json or as_csv:
        echo_rows(results, finance_rows(found), as_json)
    else:
        _print(results, found, out)


def _write(results: Results, found: FinanceReport, out: Path) -> None:
    from riskmodel.finance_report import finance_rows
    from riskmodel.summary import summary_csv
    from studies.figures.npv_curves import draw_npv_curves
    from studies.figures.style import save, theme
    from studies.figures.waterfall import draw_waterfall

    out.mkdir(parents=True, exist_ok=True)
    rows = finance_rows(found)
    (out / "finance.csv").write_text(summary_csv(rows, results.currency), encoding="utf-8")
    text = json.dumps(as_record(results, rows), indent=2, allow_nan=False)
    (out / "finance.json").write_text(text + "\n", encoding="utf-8")
    with theme():
        save(draw_npv_curves(results), out, "npv_curves")
        for name in found.waterfall:
            save(draw_waterfall(results, found, name), out, f"waterfall_{name}")


def _print(results: Results, found: FinanceReport, out: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    currency = results.currency
    say(f"{results.manifest['study']['title']}: money")
    console.print(_measures(results, found, currency))
    say(
        f"From the baseline, {results.baseline}, line by line: NPV less that of the baseline's line, million {currency}"
    )
    console.print(_waterfall(results, found))
    say("Every two strategies on the same paths, the one with the higher mean NPV first")
    console.print(_pairs(found, currency))
    say(
        "Dominance in the first order: more often above any value; in the second: preferred by all who shun risk. "
        "Shown: holds for all paths and in 95 % of resamples of them (in brackets: in how many); excluded: fails in "
        "as many."
    )
    if found.cover:
        say(
            "Debt service cover ratio by year: mean, and the value that 1 path in 20 is below. Cash after tax over the "
            "payment; what is renewed is paid from elsewhere"
        )
        console.print(_cover(found))
    say(money_terms(results))
    if out is not None:
        say(f"Tables and figures: {out}")


def money_terms(results: Results) -> str:
    """One paragraph: what the numbers are, before or after what, and how they are discounted."""
    study = results.study
    f, law = study.finance, study.header.discount_rate_real
    rate = f"{law.mean() * PERCENT:.4g} %" + ("" if law.name == "constant" else " on average, drawn for each path")
    parts = ["after tax" if f is not None and f.tax is not None else "before tax"]
    parts.append("after debt service" if f is not None and f.debt is not None else "all equity")
    parts.append(
        "in the middle of the years" if f is not None and f.timing == "mid_year" else "at the ends of the years"
    )
    waits = study.cluster.gpus_without_power == "wait"
    counted = "GPUs wait for power, so earlier power counts" if waits else "GPUs are bought when there is power"
    text = (
        f"{results.n_paths:,} paths of {results.n_years} years, seed {results.seed}. +- is one standard error of the "
        f"simulation. Real {study.header.price_year} {study.header.currency}, {', '.join(parts)}; discounted at {rate} "
        f"real. In this study {counted}."
    )
    text += (
        " Own outlay: what the baseline spends on its power is not counted as saved, but in the incremental payback."
    )
    if study.cluster.gpu_hour_value_basis == "margin":
        text += " A GPU-hour is worth its margin, so servers are in no outlay."
    if f is not None and f.debt is not None:
        text += " Rates of return and paybacks are of the project: before debt."
    return text


def _measures(results: Results, found: FinanceReport, currency: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("")
    for name in results.strategy_names:
        table.add_column(Text(printable(name)), justify="right")
    for words, metric, factor in MEASURES:
        cells = [_cell(found.measures[name].get(metric), factor) for name in results.strategy_names]
        if any(cell != "-" for cell in cells):
            table.add_row(words.format(currency=currency), *cells)
    return table


def _cell(estimate: Estimate | None, factor: float) -> str:
    if estimate is None:
        return "-"
    return str(Estimate(estimate.value, estimate.standard_error, estimate.n).scaled(factor, ""))


def _waterfall(results: Results, found: FinanceReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("line")
    for name in found.waterfall:
        table.add_column(Text(printable(name)), justify="right")
    lines = dict.fromkeys(line for each in found.waterfall.values() for line in each)
    for line in lines:
        if all(abs(each[line].value) < LEAST_SHOWN for each in found.waterfall.values() if line in each):
            continue
        cells = [_cell(each.get(line), MILLION) for each in found.waterfall.values()]
        table.add_row(line_words(line), *cells)
    table.add_section()
    table.add_row("all", *(_cell(found.measures[name].get("delta_npv_eur:mean"), MILLION) for name in found.waterfall))
    return table


def line_words(line: str) -> str:
    """Words for a line's column name."""
    words = line.removesuffix("_eur").split("_")
    return " ".join(SHORT.get(word, word) for word in words)


def _pairs(found: FinanceReport, currency: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("")
    table.add_column("against")
    for heading in (f"difference,\nmillion {currency}", "better in\n% of paths", "first order", "second order"):
        table.add_column(heading, justify="right")
    for pair in found.pairs:
        table.add_row(
            Text(printable(pair.first)),
            Text(printable(pair.other)),
            _cell(pair.difference, MILLION),
            _cell(pair.beats, PERCENT),
            _order(pair.first_order),
            _order(pair.second_order),
        )
    return table


def _order(found: Dominance) -> str:
    return f"{found.answer} ({found.share * PERCENT:.0f} %)"


def _cover(found: FinanceReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("year")
    for name in found.cover:
        table.add_column(Text(printable(name)), justify="right")
    years = sorted({year for each in found.cover.values() for year in each})
    for year in years:
        cells = []
        for each in found.cover.values():
            pair = each.get(year)
            cells.append("-" if pair is None else f"{_cell(pair[0], ONE)}\n{_cell(pair[1], ONE)}")
        table.add_row(str(year), *cells)
    return table

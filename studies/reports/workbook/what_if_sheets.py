"""Sheets of what-if: scenario (live), sensitivity (from the lifetimes simulated), stress (from the command's files)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.currency import outside
from riskmodel.store import opened
from studies.reports.source import ReportError
from studies.reports.workbook.book import MILLIONS, at
from studies.reports.workbook.money import FIRST_YEAR
from studies.reports.workbook.results_sheets import QUANTILES

if TYPE_CHECKING:
    import pandas as pd

    from studies.reports.workbook.book import Book, Sheet
    from studies.reports.workbook.facts import Facts
    from studies.reports.workbook.money import CashPlace
    from studies.reports.workbook.results_sheets import SpreadPlaces

__all__ = ["RATE_CELL", "npv_formula", "read_stress", "scenario", "sensitivity", "sensitivity_of", "stress"]

RATE_CELL = (4, 1)
TRY_CELL = (5, 1)
PICK_CELL = (6, 1)
TABLE_ROW = 9
TORNADO = 12
MOST_PATHS = 3000
"""Lifetimes that the sensitivities are taken from: their errors are small by then, and the time grows with each."""


def scenario(book: Book, facts: Facts, cash: tuple[Sheet, dict[str, CashPlace]], spread: SpreadPlaces) -> Sheet:
    """Two blue cells to change: another discount rate for the mean flows, and a strategy to look at."""
    note = (
        "Blue cells may be changed. A discount rate typed here moves the NPV of the mean flows at once; any other "
        "input needs a new simulation: riskmodel template --excel inputs.xlsx, then riskmodel run inputs.xlsx."
    )
    sheet = book.sheet("Scenario", "Scenario", note, [46, 24, 22, 22, 22, 22, 22], (3, 1))
    rate = facts.rate if facts.rate is not None else float(facts.results.study.header.discount_rate_real.mean())
    words = "Discount rate of the study [real, per year]" + ("" if facts.rate is not None else ", mean of those drawn")
    sheet.text(RATE_CELL[0], 0, words)
    sheet.number(*RATE_CELL, rate, "share")
    sheet.text(TRY_CELL[0], 0, "Discount rate to try [real, per year]")
    sheet.number(*TRY_CELL, rate, "input_share")
    check = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 0.5}
    sheet.page.data_validation(*TRY_CELL, *TRY_CELL, {**check, "error_message": "A rate from 0 to 0.5 (50 %)"})
    _rates(sheet, facts, *cash)
    last = TABLE_ROW + len(facts.names)
    sheet.text(PICK_CELL[0], 0, "Strategy to look at")
    shown = facts.titles[facts.others[0] if facts.others else facts.base]
    sheet.text(*PICK_CELL, shown, "input_text")
    titles = f"={at(TABLE_ROW + 1, 0, True)}:{at(last, 0, True)}"
    sheet.page.data_validation(*PICK_CELL, *PICK_CELL, {"validate": "list", "source": titles})
    _picked(sheet, facts, spread, last + 3, (TABLE_ROW + 1, last), shown)
    return sheet


def npv_formula(sheet: Sheet, row: int, years: int, rate: str, mid_year: bool) -> str:
    """NPV of a row of flows; Excel's NPV() discounts its first flow by a year, so year 0 stands outside."""
    later = sheet.span(row, FIRST_YEAR + 1, row, FIRST_YEAR + years)
    half = f"*(1+{rate})^0.5" if mid_year else ""
    return f"{sheet.ref(row, FIRST_YEAR)}+NPV({rate},{later}){half}"


def _rates(sheet: Sheet, facts: Facts, flows: Sheet, places: dict[str, CashPlace]) -> None:
    money = facts.currency
    sheet.heads(TABLE_ROW, ["NPV of the mean flow, by discount rate", f"At the study's rate [{money}]",
                            f"At the rate to try [{money}]", f"Change [{money}]",
                            f"Less baseline, study's [{money}]", f"Less baseline, to try [{money}]"])  # fmt: skip
    base_row = TABLE_ROW + 1 + facts.names.index(facts.base)
    values = {name: _npv(facts, name) for name in facts.names}
    for k, name in enumerate(facts.names):
        row = TABLE_ROW + 1 + k
        sheet.text(row, 0, facts.titles[name])
        for column, cell in ((1, RATE_CELL), (2, TRY_CELL)):
            formula = npv_formula(flows, places[name].net, facts.years, at(*cell, fixed=True), facts.mid_year)
            sheet.formula(row, column, f"={formula}", values[name], "link")
            less = f"={at(row, column)}-{at(base_row, column, True)}"
            sheet.formula(row, column + 3, less, values[name] - values[facts.base])
        sheet.formula(row, 3, f"={at(row, 2)}-{at(row, 1)}", 0)


def _npv(facts: Facts, name: str) -> float:
    from riskmodel.finance import discount_factors

    rate = facts.rate if facts.rate is not None else float(facts.results.study.header.discount_rate_real.mean())
    return float((facts.flows(name).net * discount_factors(rate, facts.years + 1, facts.mid_year)).sum())


def _picked(sheet: Sheet, facts: Facts, spread: SpreadPlaces, row: int, titles: tuple[int, int], shown: str) -> None:
    """NPV of the strategy picked above, from the sheet of distributions."""
    sheet.heads(row, ["NPV of the strategy picked above", *(words for _, words in QUANTILES)])
    sheet.formula(row + 1, 0, f"={at(*PICK_CELL)}", shown, "link_any")
    place = f"MATCH({at(*PICK_CELL, fixed=True)},{at(titles[0], 0, True)}:{at(titles[1], 0, True)},0)"
    picked = next(name for name in facts.names if facts.titles[name] == shown)
    for k, (part, _) in enumerate(QUANTILES):
        choices = ",".join(spread.quantiles[name][k] for name in facts.names)
        estimate = facts.results.estimate(picked, f"npv_eur:{part}")
        value = 0.0 if estimate is None else estimate.value
        sheet.formula(row + 1, 1 + k, f"=CHOOSE({place},{choices})", value, "link")


def sensitivity_of(facts: Facts) -> dict[str, Any] | str:
    """Effects of the inputs on the NPV difference of the strategy asked about; or the reason why there are none."""
    from riskmodel.sensitivity import MetricError, plain
    from riskmodel.sensitivity import sensitivity as of_results
    from studies.cli_sensitivity import default_strategy

    name = default_strategy(facts.results)
    if name == facts.base:
        return "there is nothing to compare with the baseline"
    paths = _first_paths(facts)
    try:
        return plain(of_results(facts.results, "delta_npv", name, paths))
    except MetricError as error:
        return str(error).removeprefix(f"{facts.results.folder}: ")


def _first_paths(facts: Facts) -> pd.DataFrame:
    """Rows of the first lifetimes of paths.parquet, no more of the file than holds them."""
    wanted = MOST_PATHS * len(facts.names)
    with opened(facts.results.folder / "paths.parquet") as file:
        groups, rows = 0, 0
        while groups < file.num_row_groups and rows < wanted:
            rows += file.metadata.row_group(groups).num_rows
            groups += 1
        return file.read_row_groups(range(groups), use_threads=False).slice(0, wanted).to_pandas()


def sensitivity(book: Book, facts: Facts, found: dict[str, Any], terms: str) -> Sheet:
    """Inputs that move the NPV difference most, with a tornado."""
    money, title = facts.currency, facts.titles[found["strategy"]]
    used = min(MOST_PATHS, facts.results.n_paths)
    part = f"{'first ' if used < facts.results.n_paths else ''}{used:,}"
    note = (
        f"NPV less baseline of: {title}. Change of its mean on the tenth of the lifetimes around the input's low and "
        "high value; share of variance: how much of the spread the input explains alone. From the "
        f"{part} lifetimes simulated, nothing is simulated anew. {terms}"
    )
    sheet = book.sheet("Sensitivity", "Sensitivity: which inputs move the result", note,
                       [50, 18, 16, 16, 18, 14, 18, 14, 12, 12], (4, 1))  # fmt: skip
    sheet.heads(3, ["Input", "Unit", "Low: 1 in 10 lifetimes is below", "High: 1 in 10 is above",
                    f"Change at low [{money}]", f"+- [{money}]", f"Change at high [{money}]", f"+- [{money}]",
                    "Share of variance, alone", "+-"])  # fmt: skip

    def number(row: int, column: int, value: dict[str, Any] | None, style: str) -> None:
        sheet.number(row, column, None if value is None else value["value"], style)
        sheet.number(row, column + 1, None if value is None else value["standard_error"], style)

    def size(one: dict[str, Any]) -> float:
        ends = (one["change_at_p10"], one["change_at_p90"])
        return max((abs(end["value"]) for end in ends if end and end["value"] is not None), default=0.0)

    inputs = sorted(found["inputs"], key=size, reverse=True)
    for k, one in enumerate(inputs):
        row = 4 + k
        sheet.text(row, 0, outside(one["input"], money))
        sheet.text(row, 1, facts.unit(str(one["unit"])))
        sheet.number(row, 2, one["p10"], "any")
        sheet.number(row, 3, one["p90"], "any")
        number(row, 4, one["change_at_p10"], "money")
        number(row, 6, one["change_at_p90"], "money")
        number(row, 8, one["first_order"], "share")
    shown = min(TORNADO, len(inputs))
    chart = book.chart("bar", f"NPV less baseline, {title}: change with each input", {"subtype": "clustered"})
    for column, words, shade, pattern in (
        (4, "at its low value", "#0072B2", "wide_upward_diagonal"), (6, "at its high value", "#D55E00", "solid"),
    ):  # fmt: skip
        fill = {"fill": {"color": shade}} if pattern == "solid" else {
            "pattern": {"pattern": pattern, "fg_color": shade, "bg_color": "white"}}  # fmt: skip
        chart.add_series(
            {
                "name": words,
                "categories": [sheet.name, 4, 0, 3 + shown, 0],
                "values": [sheet.name, 4, column, 3 + shown, column],
                "border": {"color": "black"},
                "overlap": 100,
                "gap": 40,
                **fill,
            }
        )
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    chart.set_x_axis({"name": money, "num_format": MILLIONS, "label_position": "low"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 140 + 28 * shown})
    words = "Tornado: change of the result at the low and high value of each input, widest on top; numbers above"
    sheet.page.insert_chart(6 + len(inputs), 0, chart, {"description": words})
    return sheet


def read_stress(folder: Path | None, facts: Facts) -> dict[str, Any] | None:
    """Record that the command `stress` wrote for the same study; None where no folder is given.

    Raises
    ------
    ReportError
        If there is none, or it is of another study.
    """
    if folder is None:
        return None
    file = folder / "stress.json"
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        same = record["input_hash"] == facts.results.manifest["input_hash"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ReportError(f"--stress {folder}: no stress.json there that can be read; make it with "
                          "riskmodel stress STUDY --out FOLDER") from None  # fmt: skip
    if not same:
        raise ReportError(f"--stress {folder}: its inputs are not those of the results; run both with the same study")
    return dict(record)


def stress(book: Book, facts: Facts, record: dict[str, Any], terms: str) -> Sheet:
    """Every case beside the study as it is: NPV less baseline, its change, and who is best."""
    money = facts.currency
    note = (
        f"{record['paths']:,} lifetimes for each case, on the same draws as the study itself, seed {record['seed']}. "
        f"Changes are means path by path. {terms}"
    )
    sheet = book.sheet("Stress", "Stress cases", note, [46, 44, 18, 14, 18, 14, 16, 12], (4, 2))
    sheet.heads(3, ["Case", "Strategy", f"NPV less baseline [{money}]", f"+- [{money}]", f"Change [{money}]",
                    f"+- [{money}]", "Best of all, share of paths", "+-"])  # fmt: skip
    cases = [("As the study says", record["base"])]
    cases += [(case["title"], case["strategies"]) for case in record["cases"]]
    row = 4
    for title, found in cases:
        for name in facts.others:
            if name not in found:
                continue
            delta, best = found[name][outside("delta_npv_eur", money)], found[name]["best"]
            sheet.text(row, 0, title, "wrap")
            sheet.text(row, 1, facts.titles[name])
            for column, value, style in ((2, delta["value"], "money"), (4, delta.get("change"), "money"),
                                         (6, best["value"], "share")):  # fmt: skip
                sheet.number(row, column, None if value is None else value["value"], style)
                sheet.number(row, column + 1, None if value is None else value["standard_error"], style)
            row += 1
    return sheet

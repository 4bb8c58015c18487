"""Sheets of money: cash flows by strategy and year, and the way from the baseline line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from studies.cli_finance import line_words
from studies.reports.workbook.book import MILLIONS, at, plain_text

if TYPE_CHECKING:
    from studies.reports.workbook.book import Book, Sheet
    from studies.reports.workbook.facts import Facts, Flows

__all__ = ["CashPlace", "FIRST_YEAR", "WaterfallPlace", "cash_flows", "year_heads", "waterfall"]

FIRST_YEAR = 3
"""Column of year 0 on every sheet with years."""
LABEL, UNIT, ALL = 0, 1, 2
QUANTILES = (
    ("p10", "Net cash: 90 % chance of at least this"),
    ("p50", "Net cash: even chance of more or less"),
    ("p90", "Net cash: 10 % chance of at least this"),
)
SHADES = {"increase": "#009E73", "decrease": "#D55E00"}
DASHES = ("solid", "dash", "dash_dot", "round_dot", "long_dash", "long_dash_dot")


class CashPlace(NamedTuple):
    """Rows of a strategy's block on the sheet of cash flows."""

    net: int
    check: int
    cumulative: int
    present: int


class WaterfallPlace(NamedTuple):
    """Rows of a strategy's block on the sheet of the waterfall."""

    total: int
    reported: int


def year_heads(sheet: Sheet, row: int, facts: Facts) -> None:
    """Headings of the years, and when in the year the money is counted."""
    when = "middle" if facts.mid_year else "end"
    sheet.heads(row, ["Line", "Unit", "All years"])
    for year in range(facts.years + 1):
        text = "Year 0 (decision)" if year == 0 else f"Year {year} ({when})"
        sheet.text(row, FIRST_YEAR + year, text, "head")


def cash_flows(book: Book, facts: Facts, terms: str) -> tuple[Sheet, dict[str, CashPlace]]:
    """Mean of every line by year, the sum of the lines, and the spread of the year's net cash."""
    widths = [44, 8, 16, *[14] * (facts.years + 1)]
    note = f"Mean over all simulated lifetimes; cash in is positive, cash out in brackets. {terms}"
    sheet = book.sheet("Cash flows", "Cash flows by strategy", note, widths, (4, FIRST_YEAR))
    year_heads(sheet, 3, facts)
    row, places = 4, {}
    for name in facts.names:
        row, places[name] = _block(sheet, facts, facts.flows(name), row, facts.titles[name])
        row += 1
    chart = book.chart("line", "Cumulative net cash, mean of all lifetimes")
    for k, name in enumerate(facts.names):
        line = places[name].cumulative
        chart.add_series(
            {
                "name": plain_text(facts.titles[name]),
                "categories": [sheet.name, 3, FIRST_YEAR, 3, FIRST_YEAR + facts.years],
                "values": [sheet.name, line, FIRST_YEAR, line, FIRST_YEAR + facts.years],
                "line": {"color": colour(k), "width": 2, "dash_type": DASHES[k % len(DASHES)]},
            }
        )
    chart.set_y_axis({"name": facts.currency, "num_format": MILLIONS, "major_gridlines": {"visible": True}})
    chart.set_x_axis({"label_position": "low", "num_font": {"rotation": -45}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 380})
    sheet.page.insert_chart(row + 1, 0, chart, {"description": "Cumulative mean net cash by year, one line a strategy"})
    return sheet, places


def line_title(line: str) -> str:
    """Words for a line, the first letter large."""
    words = line_words(line)
    return words[0].upper() + words[1:]


def colour(index: int) -> str:
    """Colour of a strategy, the same as in the figures."""
    from studies.figures.style import COLOURS

    return COLOURS[index % len(COLOURS)]


def _block(sheet: Sheet, facts: Facts, flows: Flows, row: int, title: str) -> tuple[int, CashPlace]:
    last_column = FIRST_YEAR + facts.years
    years = range(facts.years + 1)
    for column in range(last_column + 1):
        sheet.text(row, column, title if column == LABEL else "", "block")
    first = row + 1
    row = first
    for line, values in flows.lines.items():
        sheet.text(row, LABEL, line_title(line.name.lower()))
        _years(sheet, facts, row, values)
        row += 1
    last_line, total = row - 1, row
    sheet.text(total, LABEL, "Sum of the lines", "bold")
    net, check, cumulative = total + 1, total + 2, total + 3
    sums = [float(sum(values[year] for values in flows.lines.values())) for year in years]
    for year in years:
        column = FIRST_YEAR + year
        block = f"{at(first, column)}:{at(last_line, column)}"
        sheet.formula(total, column, f"=SUM({block})" if flows.lines else "=0", sums[year], "total")
        sheet.formula(check, column, f"=ROUND({at(total, column)}-{at(net, column)},2)", 0, "check")
        before = f"{at(cumulative, column - 1)}+" if year else ""
        reached = float(flows.net[: year + 1].sum())
        sheet.formula(cumulative, column, f"={before}{at(net, column)}", reached, "money")
    _total(sheet, facts, total, sum(sums), "total")
    sheet.text(net, LABEL, "Net cash (mean, simulated)", "bold")
    _years(sheet, facts, net, flows.net)
    sheet.text(check, LABEL, "Check: sum of the lines less net cash")
    sheet.text(check, UNIT, facts.currency)
    sheet.text(cumulative, LABEL, "Cumulative net cash (mean)")
    sheet.text(cumulative, UNIT, facts.currency)
    row = cumulative + 1
    for key, words in QUANTILES:
        sheet.text(row, LABEL, words)
        sheet.text(row, UNIT, facts.currency)
        for year, value in enumerate(getattr(flows, key)):
            sheet.number(row, FIRST_YEAR + year, float(value))
        row += 1
    sheet.text(row, LABEL, "Present value of net cash (mean, simulated)")
    _years(sheet, facts, row, flows.present)
    return row + 1, CashPlace(net, check, cumulative, row)


def _years(sheet: Sheet, facts: Facts, row: int, values: object) -> None:
    numbers = [float(value) for value in values]  # type: ignore[attr-defined]
    for year, value in enumerate(numbers):
        sheet.number(row, FIRST_YEAR + year, value)
    _total(sheet, facts, row, sum(numbers), "money")


def _total(sheet: Sheet, facts: Facts, row: int, value: float, style: str) -> None:
    block = f"{at(row, FIRST_YEAR)}:{at(row, FIRST_YEAR + facts.years)}"
    sheet.text(row, UNIT, facts.currency)
    sheet.formula(row, ALL, f"=SUM({block})", value, style)


def waterfall(
    book: Book, facts: Facts, terms: str, reported: dict[str, str]
) -> tuple[Sheet, dict[str, WaterfallPlace]] | None:
    """Each strategy's NPV less the baseline's, line by line, with a chart; None without a strategy to compare.

    `reported` : strategy -> cell of the summary with its NPV less the baseline's
    """
    if not facts.others:
        return None
    base = facts.titles[facts.base]
    note = f"Present value of each line less that of: {base}. {terms}"
    sheet = book.sheet("Waterfall", "From the baseline, line by line", note, [44, 18, 16, 18, 18, *[13] * 6, 3], (3, 1))
    row, places = 3, {}
    for name in facts.others:
        row, places[name] = _steps(book, sheet, facts, name, row, reported[name])
    return sheet, places


def _steps(book: Book, sheet: Sheet, facts: Facts, name: str, row: int, reported: str) -> tuple[int, WaterfallPlace]:
    money, title = facts.currency, facts.titles[name]
    top = row
    heads = [title, f"Less the baseline's line [{money}]", f"+- [{money}]", f"From [{money}]", f"To [{money}]"]
    sheet.heads(row, [*heads, *(f"Bar: {part} [{money}]" for part in BARS)])
    first, reached = row + 1, 0.0
    lines = facts.finance.waterfall[name]
    order = sorted(lines, key=lambda line: -lines[line].value)
    row = first
    for line in order:
        sheet.text(row, 0, line_title(line))
        sheet.estimate(row, 1, lines[line])
        sheet.formula(row, 3, f"={at(row - 1, 4)}" if row > first else "=0", reached)
        reached += lines[line].value
        sheet.formula(row, 4, f"={at(row, 3)}+{at(row, 1)}", reached)
        _bar(sheet, row, reached - lines[line].value, reached)
        row += 1
    total = row
    sheet.text(total, 0, "All lines", "bold")
    sheet.formula(total, 1, f"=SUM({at(first, 1)}:{at(total - 1, 1)})" if order else "=0", reached, "total")
    sheet.formula(total, 3, "=0", 0)
    sheet.formula(total, 4, f"={at(total, 1)}", reached)
    _bar(sheet, total, 0.0, reached)
    sheet.text(total + 1, 0, "NPV less baseline, as reported")
    sheet.formula(total + 1, 1, f"={reported}", reached, "link")
    _picture(book, sheet, f"{title}: from the baseline, NPV by line", first, total, top, money)
    return max(total + 4, top + 25), WaterfallPlace(total, total + 1)


BARS = ("blank above 0", "blank below 0", "more, above 0", "more, below 0", "less, above 0", "less, below 0")
"""Parts of a floating bar from one end to the other, which may lie on both sides of 0."""


def _bar(sheet: Sheet, row: int, start: float, end: float) -> None:
    """Formulas of the parts of one bar, in the six columns after its ends."""
    a, b = at(row, 3), at(row, 4)
    low, high = f"MIN({a},{b})", f"MAX({a},{b})"
    above, below = f"MAX(0,{high})-MAX(0,{low})", f"MIN(0,{low})-MIN(0,{high})"
    bottom, top = min(start, end), max(start, end)
    now = (max(0.0, top) - max(0.0, bottom), min(0.0, bottom) - min(0.0, top))
    more = end >= start
    parts = [(f"MAX(0,{low})", max(0.0, bottom)), (f"MIN(0,{high})", min(0.0, top))]
    parts += [
        (f"IF({b}>={a},{part},0)", value if more else 0.0) for part, value in zip((above, below), now, strict=True)
    ]
    parts += [
        (f"IF({b}<{a},{part},0)", 0.0 if more else value) for part, value in zip((above, below), now, strict=True)
    ]
    for k, (formula, value) in enumerate(parts):
        sheet.formula(row, 5 + k, f"={formula}", value)


def _picture(book: Book, sheet: Sheet, title: str, first: int, total: int, top: int, money: str) -> None:
    """Floating bars as stacked columns of which the blank parts are not filled."""
    chart = book.chart("column", title, {"subtype": "stacked"})
    for k, part in enumerate(BARS):
        fills: dict[str, Any] = {"fill": {"none": True}, "border": {"none": True}}
        if part.startswith("more"):
            fills = {"fill": {"color": SHADES["increase"]}, "border": {"color": "black"}}
        elif part.startswith("less"):
            pattern = {"pattern": "wide_upward_diagonal", "fg_color": SHADES["decrease"], "bg_color": "white"}
            fills = {"pattern": pattern, "border": {"color": "black"}}
        chart.add_series(
            {
                "name": part,
                "categories": [sheet.name, first, 0, total, 0],
                "values": [sheet.name, first, 5 + k, total, 5 + k],
                "gap": 30,
                **fills,
            }
        )
    chart.set_legend({"none": True})
    chart.set_y_axis({"name": money, "num_format": MILLIONS, "major_gridlines": {"visible": True}})
    chart.set_x_axis({"label_position": "low", "num_font": {"rotation": -45}})
    chart.set_size({"width": 820, "height": 440})
    words = f"Waterfall from the baseline: {total - first} lines, then their sum; filled is more, hatched is less"
    sheet.page.insert_chart(top, 12, chart, {"description": words})

"""Sheets of results: summary, distributions, downtime. Simulated numbers are values, each with its standard error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from studies.cli_finance import MEASURES
from studies.reports.workbook.book import MILLIONS, plain_text
from studies.reports.workbook.facts import CHANCES, RETURN_YEARS
from studies.reports.workbook.money import DASHES, colour

if TYPE_CHECKING:
    from studies.reports.workbook.book import Book, Sheet
    from studies.reports.workbook.facts import Facts

__all__ = ["Cells", "SpreadPlaces", "distributions", "downtime", "summary"]

MARKERS = ("circle", "square", "triangle", "diamond", "x", "star")
MORE = (
    ("Downtime loss, {currency} a year", "downtime_loss_eur_per_year:mean", "money"),
    ("Downtime loss reached in 1 year in 20, {currency}", "downtime_loss_eur_1_in_20_year", "money"),
    ("Downtime loss avoided, {currency} a year", "avoided_downtime_loss_eur_per_year:mean", "money"),
    ("GPU-hours lost a year", "gpu_hours_lost_per_year:mean", "money"),
    ("Energy cost, {currency} a year", "energy_cost_eur_per_year:mean", "money"),
    ("Battery capacity left at the end, share", "battery_capacity_left_end:mean", "share"),
)
SPREADS = (
    ("NPV", "npv_eur", "money"),
    ("NPV less baseline", "delta_npv_eur", "money"),
    ("NPV less baseline, without earlier power", "delta_npv_without_early_power_eur", "money"),
    ("Value of earlier power", "early_power_value_eur", "money"),
    ("Energy cost", "energy_cost_eur_per_year", "money"),
    ("Downtime loss", "downtime_loss_eur_per_year", "money"),
    ("Downtime loss avoided", "avoided_downtime_loss_eur_per_year", "money"),
    ("GPU-hours lost", "gpu_hours_lost_per_year", "money"),
    ("Payback, simple", "payback_simple_years", "years"),
    ("Payback, discounted", "payback_discounted_years", "years"),
    ("Battery capacity left at the end", "battery_capacity_left_end", "share"),
)
"""Words, metric and style of the distributions."""
QUANTILES = (
    ("p05", "95 % chance of at least this"),
    ("p10", "90 % chance of at least this"),
    ("p50", "Even chance of more or less"),
    ("p90", "10 % chance of at least this"),
    ("p95", "5 % chance of at least this"),
)


Cells = dict[str, dict[str, str]]
"""Where numbers of the summary stand: measure -> strategy -> address."""


class SpreadPlaces(NamedTuple):
    """Where the quantiles of the NPV stand: strategy -> addresses of p05, p10, p50, p90, p95."""

    quantiles: dict[str, list[str]]


def summary(book: Book, facts: Facts, terms: str) -> tuple[Sheet, Cells]:
    """One row a measure, two columns a strategy: the number and its standard error; and where each stands."""
    widths = [52, *[17, 13] * len(facts.names)]
    sheet = book.sheet("Summary", "Summary", terms, widths, (4, 1))
    sheet.text(3, 0, "Measure and unit", "head")
    for k, name in enumerate(facts.names):
        baseline = " (baseline)" if name == facts.base else ""
        sheet.text(3, 1 + 2 * k, facts.titles[name] + baseline, "head")
        sheet.text(3, 2 + 2 * k, "+-", "head")
    cells: dict[str, dict[str, str]] = {}
    row = 4
    rows = [(words.replace("million {currency}", "{currency}"), metric, _style(factor))
            for words, metric, factor in MEASURES]  # fmt: skip
    for words, metric, style in (*rows, *MORE):
        found = {name: facts.measure(name, metric) for name in facts.names}
        if all(estimate is None for estimate in found.values()):
            continue
        text = words.format(currency=facts.currency).strip()
        text = (
            text.replace("% of paths", "share of paths").replace(", % a year", ", per year").replace(", %", ", share")
        )
        indent = "    " if words.startswith("  ") else ""
        sheet.text(row, 0, indent + text[0].upper() + text[1:])
        cells[metric] = {}
        for k, name in enumerate(facts.names):
            sheet.estimate(row, 1 + 2 * k, found[name], style)
            cells[metric][name] = sheet.ref(row, 1 + 2 * k)
        row += 1
    _npv_chart(book, sheet, facts, row + 1)
    sheet.page.fit_to_pages(1, 1)
    return sheet, cells


def _style(factor: float) -> str:
    if factor == 100.0:
        return "share"
    return "money" if factor < 1.0 else "fine"


def _npv_chart(book: Book, sheet: Sheet, facts: Facts, row: int) -> None:
    """Mean and 8 of 10 lifetimes of the NPV less the baseline's: one mark a strategy with bars to both ends."""
    if not facts.others:
        return
    heads = ["Range of 8 in 10 lifetimes: NPV less baseline", f"Mean [{facts.currency}]", "Place in the chart"]
    heads += [f"Below the mean [{facts.currency}]", f"Above the mean [{facts.currency}]"]
    sheet.heads(row, heads)
    chart = book.chart("scatter", "NPV less baseline: mean, and the range of 8 in 10 lifetimes")
    for k, name in enumerate(facts.others):
        line = row + 1 + k
        mean, low, high = (_value(facts, name, f"delta_npv_eur:{part}") for part in ("mean", "p10", "p90"))
        sheet.text(line, 0, facts.titles[name])
        for column, value in enumerate((mean, float(len(facts.others) - k), mean - low, high - mean)):
            sheet.number(line, 1 + column, value)
        shade = colour(facts.names.index(name))
        chart.add_series(
            {
                "name": plain_text(facts.titles[name]),
                "categories": [sheet.name, line, 1, line, 1],
                "values": [sheet.name, line, 2, line, 2],
                "marker": {"type": MARKERS[k % len(MARKERS)], "size": 9, "fill": {"color": shade}},
                "x_error_bars": {
                    "type": "custom",
                    "plus_values": f"={sheet.span(line, 4, line, 4)}",
                    "minus_values": f"={sheet.span(line, 3, line, 3)}",
                    "plus_data": [high - mean],
                    "minus_data": [mean - low],
                    "line": {"color": shade, "width": 4},
                    "end_style": 0,
                },
            }
        )
    ends = [_value(facts, name, f"delta_npv_eur:{part}") for name in facts.others for part in ("p10", "p90")]
    low, high = _round_ends(min(0.0, *ends), max(0.0, *ends))
    axis = {"name": facts.currency, "num_format": MILLIONS, "label_position": "low", "min": low, "max": high}
    chart.set_x_axis(axis)
    chart.set_y_axis({"visible": False, "min": 0, "max": len(facts.others) + 1, "major_gridlines": {"visible": False}})
    chart.set_legend({"position": "right"})
    chart.set_size({"width": 900, "height": 120 + 50 * len(facts.others)})
    words = "Mean NPV less baseline by strategy with the range of 8 in 10 lifetimes; numbers in the table above"
    sheet.page.insert_chart(row + 3 + len(facts.others), 0, chart, {"description": words})


def _round_ends(low: float, high: float) -> tuple[float, float]:
    """Ends of an axis a little beyond the numbers, in round steps: Excel's own do not see error bars."""
    width = high - low or 1.0
    step = 10.0 ** math.floor(math.log10(width)) / 2.0
    return math.floor((low - 0.02 * width) / step) * step, math.ceil((high + 0.02 * width) / step) * step


def _value(facts: Facts, name: str, metric: str) -> float:
    estimate = facts.results.estimate(name, metric)
    return 0.0 if estimate is None else estimate.value


def distributions(book: Book, facts: Facts, terms: str) -> tuple[Sheet, SpreadPlaces]:
    """Mean, spread and quantiles of each result, in words; and the chance curve of the NPV difference."""
    heads = ["Result", "Strategy", "Unit", "Mean", "+-", "Standard deviation", *(words for _, words in QUANTILES)]
    note = (
        '"90 % chance of at least this" is the value that 1 lifetime in 10 is below, for gains and for losses alike. '
        f'A payback that never comes is "never"; its mean is over the lifetimes that pay back. {terms}'
    )
    sheet = book.sheet("Distributions", "Distributions over the simulated lifetimes", note,
                       [36, 44, 12, 15, 12, 15, 15, 15, 15, 15, 15], (4, 2))  # fmt: skip
    sheet.heads(3, heads)
    row, places = 4, {}
    for words, metric, style in SPREADS:
        for name in facts.names:
            mean = facts.results.estimate(name, f"{metric}:mean")
            quantiles = [facts.results.estimate(name, f"{metric}:{part}") for part, _ in QUANTILES]
            if all(estimate is None for estimate in quantiles):
                continue
            unit = next(estimate.unit for estimate in quantiles if estimate is not None)
            sheet.text(row, 0, words)
            sheet.text(row, 1, facts.titles[name])
            sheet.text(row, 2, facts.unit(unit) or "share")
            sheet.estimate(row, 3, mean, style)
            sd = facts.results.estimate(name, f"{metric}:sd")
            sheet.number(row, 5, None if sd is None else sd.value, style)
            for k, estimate in enumerate(quantiles):
                sheet.number(row, 6 + k, None if estimate is None else estimate.value, style)
            if metric == "npv_eur":
                places[name] = [sheet.ref(row, 6 + k) for k in range(len(QUANTILES))]
            row += 1
    _chance_curve(book, sheet, facts, row + 1)
    return sheet, SpreadPlaces(places)


def _chance_curve(book: Book, sheet: Sheet, facts: Facts, row: int) -> None:
    if not facts.others:
        return
    chart = book.chart("scatter", "NPV less baseline: chance of at least this", {"subtype": "smooth"})
    sheet.heads(row, ["NPV less baseline: chance curve", "Chance of at least this"])
    for column, name in enumerate(facts.others):
        sheet.text(row, 3 + column, f"{facts.titles[name]} [{facts.currency}]", "head")
        k = facts.names.index(name)
        for line, value in enumerate(facts.chances("delta_npv_eur", name)):
            sheet.number(row + 1 + line, 3 + column, float(value))
        chart.add_series(
            {
                "name": plain_text(facts.titles[name]),
                "categories": [sheet.name, row + 1, 3 + column, row + len(CHANCES), 3 + column],
                "values": [sheet.name, row + 1, 1, row + len(CHANCES), 1],
                "line": {"color": colour(k), "width": 2, "dash_type": DASHES[k % len(DASHES)]},
                "marker": {"type": "none"},
            }
        )
    for line, percent in enumerate(CHANCES):
        sheet.number(row + 1 + line, 1, 1.0 - percent / 100.0, "share")
    chart.set_x_axis({"name": facts.currency, "num_format": MILLIONS, "label_position": "low",
                      "major_gridlines": {"visible": True}})  # fmt: skip
    chart.set_y_axis({"name": "Chance of at least this", "num_format": "0%", "min": 0, "max": 1, "crossing": "min"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 760, "height": 420})
    words = "Chance that the NPV less baseline is at least a value, one curve a strategy; numbers in the table beside"
    sheet.page.insert_chart(row + 1, 12, chart, {"description": words})


DOWNTIME = (
    ("Events noticed a year", "noticed_per_year", "fine"),
    ("Stops a year", "stops_per_year", "fine"),
    ("  without a checkpoint before", "abrupt_stops_per_year", "fine"),
    ("Downtime, hours a year", "downtime_h_per_year", "fine"),
    ("Availability, share of time with power", "availability", "nines"),
    ("GPU-hours lost a year", "gpu_hours_lost_per_year", "money"),
    ("  work done again", "gpu_hours_lost_rework_per_year", "money"),
    ("  waiting for power", "gpu_hours_lost_waiting_per_year", "money"),
    ("  restart", "gpu_hours_lost_restart_per_year", "money"),
    ("  lower power", "gpu_hours_lost_capped_per_year", "money"),
    ("  damaged servers", "gpu_hours_lost_hardware_per_year", "money"),
)
CAUSES = {"sags": "voltage dips", "interruptions": "interruptions", "extremes": "extreme events",
          "curtailments": "calls of the grid operator"}  # fmt: skip


def downtime(book: Book, facts: Facts, terms: str) -> Sheet:
    """What power events do to the cluster, by cause, and the loss of rare years."""
    from riskmodel.reliability import reliability

    found = reliability(facts.results)
    note = f"Losses are positive here. {terms}"
    widths = [52, *[17, 13] * len(facts.names)]
    sheet = book.sheet("Downtime", "Downtime and what it costs", note, widths, (4, 1))
    sheet.text(3, 0, "Measure and unit", "head")
    for k, name in enumerate(facts.names):
        sheet.text(3, 1 + 2 * k, facts.titles[name], "head")
        sheet.text(3, 2 + 2 * k, "+-", "head")
    row = 4
    for words, metric, style in DOWNTIME:
        sheet.text(row, 0, words.replace("  ", "    "))
        for k, name in enumerate(facts.names):
            sheet.estimate(row, 1 + 2 * k, found.strategies[name]["all"].get(metric), style)
        row += 1
    parts = [("all", "Loss, all causes"), *((group, f"    {words}") for group, words in CAUSES.items())]
    for group, words in parts:
        sheet.text(row, 0, f"{words}, {facts.currency} a year")
        for k, name in enumerate(facts.names):
            sheet.estimate(row, 1 + 2 * k, found.strategies[name][group].get("loss_eur_per_year"))
        row += 1
    _rare_years(book, sheet, facts, row + 1)
    sheet.page.fit_to_pages(1, 1)
    return sheet


def _rare_years(book: Book, sheet: Sheet, facts: Facts, row: int) -> None:
    sheet.text(row, 0, f"Loss of a year reached once in so many years [{facts.currency}]", "head")
    for k, name in enumerate(facts.names):
        sheet.text(row, 1 + 2 * k, facts.titles[name], "head")
        sheet.text(row, 2 + 2 * k, "+-", "head")
    losses = {name: facts.bad_years(name) for name in facts.names}
    known = [years for years in RETURN_YEARS if years in losses[facts.base]]
    chart = book.chart("column", "Loss of a year by how rarely it is reached")
    for k, name in enumerate(facts.names):
        for line, years in enumerate(known):
            sheet.text(row + 1 + line, 0, f"1 year in {years}")
            sheet.estimate(row + 1 + line, 1 + 2 * k, losses[name][years])
        chart.add_series(
            {
                "name": plain_text(facts.titles[name]),
                "categories": [sheet.name, row + 1, 0, row + len(known), 0],
                "values": [sheet.name, row + 1, 1 + 2 * k, row + len(known), 1 + 2 * k],
                "fill": {"color": colour(k)},
                "border": {"color": "black"},
            }
        )
    if not known:
        return
    chart.set_y_axis({"name": facts.currency, "num_format": "#,##0"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 360})
    words = "Downtime loss of a year by return period, one column a strategy; numbers in the table above"
    sheet.page.insert_chart(row + len(known) + 2, 0, chart, {"description": words})

"""Sections on money: distributions of NPV, payback and cash over the years, the way from the baseline by line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from distributions.estimate import Estimate, probability, quantile
from studies.cli_finance import line_words
from studies.reports.analyst.blocks import Block, Section, Table, Text, cell, named, titles

if TYPE_CHECKING:
    from studies.reports.analyst.draw import Draw
    from studies.reports.board_facts import Option
    from studies.reports.workbook.facts import Facts

__all__ = ["distributions", "payback", "waterfall"]

MILLION, PERCENT = 1e-6, 100.0
QUANTILES = (("p05", "5 %"), ("p10", "10 %"), ("p50", "50 %"), ("p90", "90 %"), ("p95", "95 %"))
SPREADS = (
    ("npv_eur", "NPV"),
    ("delta_npv_eur", "NPV less baseline"),
    ("delta_npv_without_early_power_eur", "NPV less baseline, without earlier power"),
    ("early_power_value_eur", "Value of earlier power"),
)
CHANCES = (99, 95, 90, 75, 50, 25, 10, 5, 1)
PAYBACKS = (
    ("payback_simple_years", "Simple: own investment against what changes, undiscounted"),
    ("payback_discounted_years", "Discounted"),
    ("payback_sustained_years", "Sustained: never falls back"),
    ("payback_incremental_years", "Incremental: only what it costs more than the baseline"),
    ("payback_simple_without_early_power_years", "Simple, without earlier power"),
)
PANELS = (
    ("payback_simple_years", "Simple payback: % of lifetimes paid back by the year"),
    ("payback_simple_without_early_power_years", "The same without earlier power"),
    ("payback_incremental_years", "Incremental payback: % of lifetimes paid back by the year"),
)


def distributions(facts: Facts, draw: Draw, subject: Option) -> Section:
    """How NPV differs between lifetimes, and the chance of at least so much."""
    from studies.figures.npv import draw_npv_difference
    from studies.figures.npv_curves import draw_npv_curves

    money = facts.currency
    heads = (f"million {money}", "Strategy", "mean", "standard deviation", *(words for _, words in QUANTILES))
    parts = ("mean", "sd", *(part for part, _ in QUANTILES))
    rows = tuple(
        (words, facts.titles[name], *(_part(facts, name, f"{metric}:{part}") for part in parts))
        for metric, words in SPREADS
        for name in (facts.names if metric == "npv_eur" else facts.others)
    )
    spread = Table(heads, rows, "Mean, spread and quantiles: the value that so many % of the lifetimes are below", 2)
    column = np.asarray(facts.results.column("npv_eur"))[:, facts.names.index(subject.name)]
    loses = probability(column < 0.0)
    value = f"The NPV of {named(subject.title)} is below 0 in {cell(loses, PERCENT)} % of lifetimes"
    chances = _chances(facts)
    blocks: list[Block] = [spread]
    if facts.others:
        blocks = [
            draw("npv", "What each strategy earns against the baseline", _ahead(facts, subject),
                 lambda: draw_npv_difference(facts.results), (spread,))
        ]  # fmt: skip
        value += f", and less than that of the baseline in {cell(_behind(facts, subject.name), PERCENT)} %"
    blocks.append(
        draw("curves", "Chance of at least so much", f"{value}.", lambda: draw_npv_curves(facts.results), chances)
    )
    return Section("distributions", "Distributions of NPV", blocks)


def _part(facts: Facts, name: str, metric: str) -> str:
    return cell(facts.results.estimate(name, metric), MILLION)


def _ahead(facts: Facts, subject: Option) -> str:
    ahead = cell(subject.ahead, PERCENT)
    low, high = (cell(end, MILLION) for end in (subject.low, subject.high))
    return (
        f"In 8 of 10 lifetimes {named(subject.title)} is worth between {low} and {high} million {facts.currency} more "
        f"than the baseline (mean {cell(subject.more, MILLION)}); it is ahead in {ahead} % of them."
    )


def _behind(facts: Facts, name: str) -> Estimate:
    delta = np.asarray(facts.results.column("delta_npv_eur"))[:, facts.names.index(name)]
    return probability(delta < 0.0)


def _chances(facts: Facts) -> tuple[Table, ...]:
    tables = []
    for metric, words, names in (
        ("npv_eur", "NPV", facts.names), ("delta_npv_eur", "NPV less baseline", facts.others)
    ):  # fmt: skip
        if not names:
            continue
        columns = [np.asarray(facts.results.column(metric))[:, facts.names.index(name)] for name in names]
        rows = tuple(
            (f"{chance} %", *(cell(quantile(column, 1.0 - chance / PERCENT), MILLION) for column in columns))
            for chance in CHANCES
        )
        head = ("Chance of at least this", *titles(facts, names))
        tables.append(Table(head, rows, f"{words}, million {facts.currency}, by the chance of at least so much"))
    return tuple(tables)


def payback(facts: Facts, draw: Draw, subject: Option) -> Section:
    """When the money is back, by each of the four meanings, and cash against the baseline by year."""
    if not facts.others:
        return Section("payback", "Payback", [Text("There is no strategy beside the baseline to pay back.")])
    from studies.figures.cash import draw_cash_fan
    from studies.figures.payback import draw_payback

    heads = ("Payback, years", "Strategy", *(words for _, words in QUANTILES), "never, %")
    rows = tuple(
        (
            words,
            facts.titles[name],
            *(cell(facts.results.estimate(name, f"{metric}:{part}")) for part, _ in QUANTILES),
            cell(_never(facts, metric, name), PERCENT),
        )
        for metric, words in PAYBACKS
        for name in facts.others
    )
    note = "Years until so many % of the lifetimes have paid back; never: not within the years simulated"
    blocks: list[Block] = [
        draw("payback", "When the money is back", _paid(facts, subject), lambda: draw_payback(facts.results),
             tuple(_paid_by_year(facts, *panel) for panel in PANELS)),
        Table(heads, rows, note, 2),
        draw("cash", "Cash against the baseline by year", _cash_reading(facts, subject),
             lambda: draw_cash_fan(facts.results), (_cash_table(facts),)),
    ]  # fmt: skip
    return Section("payback", "Payback and cash over the years", blocks)


def _years(facts: Facts, metric: str, name: str) -> np.ndarray:
    return np.asarray(facts.results.column(metric), dtype=np.float64)[:, facts.names.index(name)]


def _never(facts: Facts, metric: str, name: str) -> Estimate:
    return probability(~np.isfinite(_years(facts, metric, name)))


def _paid(facts: Facts, subject: Option) -> str:
    name = subject.name if subject.name in facts.others else facts.others[0]
    known = probability(np.isfinite(_years(facts, "payback_simple_years", name)))
    bare = probability(np.isfinite(_years(facts, "payback_simple_without_early_power_years", name)))
    half = facts.results.estimate(name, "payback_simple_years:p50")
    when = f", half of them within {cell(half)} years" if half and math.isfinite(half.value) else ""
    return (
        f"{named(facts.titles[name])} pays back within {facts.years} years in {cell(known, PERCENT)} % of lifetimes"
        f"{when} (simple payback); without earlier power in {cell(bare, PERCENT)} %."
    )


def _paid_by_year(facts: Facts, metric: str, words: str) -> Table:
    columns = [_years(facts, metric, name) for name in facts.others]
    rows = tuple(
        (str(year), *(cell(probability(column <= year), PERCENT) for column in columns))
        for year in range(facts.years + 1)
    )
    return Table(("Year", *titles(facts, facts.others)), rows, words)


def _cash(facts: Facts, name: str) -> np.ndarray:
    own, base = (facts.results.year_sums(["net_cash_eur"], which) for which in (name, facts.base))
    return np.cumsum(own - base, axis=1) * MILLION


def _cash_reading(facts: Facts, subject: Option) -> str:
    name = subject.name if subject.name in facts.others else facts.others[0]
    cash = _cash(facts, name)
    middle = np.median(cash, axis=0)
    lowest = int(np.argmin(middle))
    return (
        f"{named(facts.titles[name])}: the median of the cash added up is {middle[0]:,.3g} million {facts.currency} at "
        f"the decision, lowest in year {lowest} ({middle[lowest]:,.3g}), and {middle[-1]:,.3g} after {facts.years} "
        "years."
    )


def _cash_table(facts: Facts) -> Table:
    cash = [_cash(facts, name) for name in facts.others]
    rows = tuple(
        (str(year), words, *(cell(quantile(each[:, year], share)) for each in cash))
        for year in range(facts.years + 1)
        for share, words in ((0.1, "10 %"), (0.5, "50 %"), (0.9, "90 %"))
    )
    head = ("Year", "Quantile", *titles(facts, facts.others))
    return Table(head, rows, f"Cumulative cash less the baseline's, million {facts.currency}, undiscounted", 2)


def waterfall(facts: Facts, draw: Draw, subject: Option) -> Section:
    """Each line's part in the difference of NPV."""
    key, heading = "waterfall", "Where the difference comes from"
    if not facts.others:
        return Section(key, heading, [Text("There is no strategy beside the baseline.")])
    from studies.figures.waterfall import draw_waterfall

    name = subject.name if subject.name in facts.others else facts.others[0]
    found = facts.finance.waterfall
    lines = sorted(dict.fromkeys(line for each in found.values() for line in each), key=lambda line: _rank(facts, line))
    rows = tuple(
        (_large(line_words(line)), *(cell(found[other].get(line), MILLION) for other in facts.others)) for line in lines
    )
    total = tuple(cell(facts.measure(other, "delta_npv_eur:mean"), MILLION) for other in facts.others)
    note = f"Present value of each line less the baseline's, million {facts.currency}, mean of the lifetimes"
    table = Table(("Line", *titles(facts, facts.others)), (*rows, ("All lines", *total)), note)
    picture = draw(
        "waterfall", f"From the baseline to {facts.titles[name]}, line by line", _largest(facts, name),
        lambda: draw_waterfall(facts.results, facts.finance, name), (table,),
    )  # fmt: skip
    return Section(key, heading, [picture])


def _rank(facts: Facts, line: str) -> float:
    values = (each[line].value for each in facts.finance.waterfall.values() if line in each)
    return -max((abs(value) for value in values), default=0.0)


def _largest(facts: Facts, name: str) -> str:
    lines = facts.finance.waterfall[name]
    order = sorted(lines, key=lambda line: lines[line].value)
    if not order:
        return f"{named(facts.titles[name])} differs from the baseline in no line."
    parts = []
    for line, words in ((order[-1], "most is gained by"), (order[0], "most is spent or lost on")):
        if (lines[line].value > 0.0) == (line == order[-1] and words.startswith("most is g")):
            parts.append(f"{words} {line_words(line)} ({cell(lines[line], MILLION)})")
    total = cell(facts.measure(name, "delta_npv_eur:mean"), MILLION)
    return (
        f"{named(facts.titles[name])}, million {facts.currency} of NPV against the baseline: {'; '.join(parts)}; all "
        f"lines together {total}."
    )


def _large(words: str) -> str:
    return words[0].upper() + words[1:]

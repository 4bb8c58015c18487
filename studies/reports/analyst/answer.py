"""The first sections: the answer with its odds, how to read the page, and the results by strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.currency import in_words
from studies.cli_finance import MEASURES, money_terms
from studies.reports import board_words as words
from studies.reports.analyst.blocks import Block, Listing, Section, Table, Text, cell, named, titles
from studies.reports.fonts import shown

if TYPE_CHECKING:
    from studies.reports.board_facts import BoardFacts
    from studies.reports.workbook.facts import Facts

__all__ = ["answer", "how_to_read", "results_by_strategy"]

LANG = "en"
PERCENT, THOUSAND, MILLION = 100.0, 1e-3, 1e-6
# Words, metric, factor to the unit in the words.
POWER: tuple[tuple[str, str, float], ...] = (
    ("Value of power earlier than the baseline, million {currency}", "early_power_value_eur:mean", MILLION),
    ("Energy cost, thousand {currency} a year", "energy_cost_eur_per_year:mean", THOUSAND),
    ("Gain of storage from prices, thousand {currency} a year", "arbitrage_eur_per_year:mean", THOUSAND),
    ("GPU-hours lost to power events, thousand a year", "gpu_hours_lost_per_year:mean", THOUSAND),
    ("Downtime loss, thousand {currency} a year", "downtime_loss_eur_per_year:mean", THOUSAND),
    ("Downtime loss reached in 1 year of 20, thousand {currency}", "downtime_loss_eur_1_in_20_year", THOUSAND),
    ("Downtime loss avoided, thousand {currency} a year", "avoided_downtime_loss_eur_per_year:mean", THOUSAND),
    ("Battery capacity left at the end, % of new", "battery_capacity_left_end:mean", PERCENT),
)
SPREADS = (
    ("npv_eur", "NPV"),
    ("delta_npv_eur", "NPV less baseline"),
    ("downtime_loss_eur_per_year", "Downtime loss"),
    ("energy_cost_eur_per_year", "Energy cost"),
)
SHARES = (("chance", "Chance"), ("parameters", "Fitted parameters"), ("inputs", "Study inputs"))


def answer(board: BoardFacts) -> Section:
    """What stands behind the answer, which is the heading of the page, and what it depends on."""
    blocks: list[Block] = [Text(_say(note)) for note in words.notes(board)]
    blocks.append(Text(f"Recommendation: {_say(words.recommendation(board))}", "recommend"))
    conditions = tuple(_say(text) for text in words.conditions(board))
    changes = tuple(_say(text) for text in words.changes(board))
    blocks += [Text("What must be true:", "lead"), Listing(conditions)]
    if changes:
        blocks += [Text("What would change the answer:", "lead"), Listing(changes)]
    blocks += [Text(f"Note: {warning}.", "warning") for warning in board.warnings]
    return Section("answer", "What the answer rests on", blocks)


def _say(sentence: words.Sentence) -> str:
    return shown(sentence.say(LANG))


def how_to_read(facts: Facts) -> Section:
    """What +- means, what the quantiles mean, what the money is."""
    items = [
        "3.2 +- 0.4 is an estimate and one standard error of the simulation: in about two cases of three the value for "
        "infinitely many lifetimes lies within the error, in about nineteen of twenty within two of them. It says "
        "nothing about whether the inputs are right.",
        "5 % and 95 %: in one lifetime of twenty the value is below the first, in one of twenty above the second. This "
        "is the spread between lifetimes, which more of them do not narrow. Likewise 10 % and 90 %: 8 of 10 lifetimes "
        "lie between them.",
        "A lifetime (path) is one simulated course of prices, weather, outages, failures and values over all years. "
        "Every strategy lives through the same ones, so a difference between two has a far smaller error than either.",
        "P10 and P90 in a figure are the values that 10 % and 90 % of the lifetimes are below.",
        "Less baseline: the strategy's value less that of the baseline in the same lifetime.",
        "A payback that never comes within the years simulated counts as never; it is not left out of a median.",
        "A single - means that a number is not defined for that strategy.",
        "Colour, line, marker and hatch of a strategy are the same in all figures. Below each figure is the table "
        "behind it; a table wider than the screen moves sideways.",
    ]
    called = "; ".join(f"{name}: {named(facts.titles[name])}" for name in facts.names)
    texts = (money_terms(facts.results), f"In files, commands and some figures the strategies are called {called}.")
    return Section("reading", "How to read this page", [Listing(tuple(items)), *map(Text, texts)])


def results_by_strategy(facts: Facts) -> Section:
    """Measures with their errors, where the spread comes from, and who beats whom."""
    head = ("Measure", *titles(facts, facts.names))
    money = tuple(_measure_row(facts, *row) for row in MEASURES)
    power = tuple(_measure_row(facts, *row) for row in POWER)
    blocks: list[Block] = [
        Table(head, _known(money), "Money over the life cycle"),
        Table(head, _known(power), "Energy, downtime and storage"),
    ]
    spread = _known(tuple(_spread_rows(facts)))
    if spread:
        note = "Where the spread between lifetimes comes from, % of its variance"
        blocks.append(Table(("Result", *titles(facts, facts.names)), spread, note))
        blocks.append(
            Text(
                "The three shares of a result add up to 100 %; one near 0 may come out a little below it. Better "
                "inputs and longer histories would narrow the last two; chance they cannot.",
                "small",
            )
        )
    if facts.others:
        blocks.append(_pairs(facts))
    return Section("results", "Results by strategy", blocks)


def _measure_row(facts: Facts, text: str, metric: str, factor: float) -> tuple[str, ...]:
    text = text.format(currency=facts.currency).replace("% of paths", "% of lifetimes")
    indent = "\u2003" if text.startswith("  ") else ""
    text = text.strip()
    cells = (cell(facts.measure(name, metric), factor) for name in facts.names)
    return (indent + text[0].upper() + text[1:], *cells)


def _known(rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(row for row in rows if any(text != "-" for text in row[1:]))


def _spread_rows(facts: Facts) -> list[tuple[str, ...]]:
    rows = []
    for metric, title in SPREADS:
        for kind, share in SHARES:
            found = (facts.results.estimate(name, f"{metric}:variance_share_{kind}") for name in facts.names)
            rows.append((f"{title}: {share.lower()}", *(cell(estimate, PERCENT) for estimate in found)))
    return rows


def _pairs(facts: Facts) -> Table:
    rows = tuple(
        (
            facts.titles[pair.first],
            facts.titles[pair.other],
            cell(pair.difference, MILLION),
            cell(pair.beats, PERCENT),
            f"{pair.first_order.answer} ({pair.first_order.share * PERCENT:.0f} %)",
            f"{pair.second_order.answer} ({pair.second_order.share * PERCENT:.0f} %)",
        )
        for pair in facts.finance.pairs
    )
    head = (
        "Strategy",
        "against",
        in_words("Difference in NPV, million EUR", facts.currency),
        "better in % of lifetimes",
    )
    note = (
        "Every two strategies on the same lifetimes, the one with the higher mean NPV first. Dominance in the first "
        "order: more often above any value; in the second: preferred by all who shun risk; in brackets, in how many "
        "resamples of the lifetimes"
    )
    return Table((*head, "dominance, first order", "second order"), rows, note, words=2)

"""Sheets around the numbers: cover, inputs with their sources, checks that must be 0, glossary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.reports.workbook.book import at
from studies.reports.workbook.money import FIRST_YEAR
from studies.reports.workbook.what_if_sheets import RATE_CELL, npv_formula

if TYPE_CHECKING:
    from studies.reports.workbook.book import Book, Sheet
    from studies.reports.workbook.facts import Facts
    from studies.reports.workbook.money import CashPlace, WaterfallPlace
    from studies.reports.workbook.results_sheets import Cells

__all__ = ["checks", "cover", "glossary", "inputs"]

GLOSSARY = (
    ("Baseline", "The strategy that all others are compared with."),
    ("Capital at risk", "NPV that 1 lifetime in 20 is below."),
    ("Chance of at least this", "Share of the simulated lifetimes with this value or more. The value with a 90 % "
     "chance of at least this is the 10 % quantile: P90 in energy finance, P10 in statistics. It is written out here."),
    ("Curtailment", "A call of the grid operator on an interruptible connection to take less power."),
    ("Downtime loss", "GPU-hours lost to power events at their value, repairs, credits, and costs of delay if any."),
    ("Earlier power", "Having power at another time than the baseline; its value is what the GPU-hours of that time "
     "earn, energy taken off."),
    ("Expected regret", "Mean of what is missed by not having the best strategy of each lifetime."),
    ("IRR", "Internal rate of return: the discount rate at which the NPV is 0; only where there is exactly one."),
    ("LCOE, LCOS", "Levelised cost of energy used, of energy given by storage: present cost over present energy."),
    ("Lifetime, path", "One simulated course of prices, weather, outages, failures and values over all years; every "
     "strategy lives through the same ones."),
    ("MIRR", "Modified IRR: outlays and returns carried at the study's two rates; always exactly one."),
    ("NPV", "Net present value: all cash flows discounted to the decision. Year 0 is not discounted; Excel's NPV() "
     "discounts its first flow, so year 0 stands outside of it here. NPV of the median flow is not the median NPV."),
    ("Payback, simple", "Time until the gain over the baseline has paid the strategy's own outlay, undiscounted."),
    ("Payback, discounted", "The same with discounted flows."),
    ("Payback, sustained", "The time after which it stays paid back."),
    ("Payback, incremental", "Time until the extra outlay over the baseline is paid; 0 where there is none."),
    ("Profitability index", "Present value of all but the own outlay, over that outlay."),
    ("Real", "In money of the price year, inflation taken off."),
    ("+-", "One standard error of the simulation: what more lifetimes would reduce. It says nothing of the inputs."),
)  # fmt: skip


def cover(book: Book, facts: Facts, terms: str) -> Sheet:
    """First sheet; `fill_cover` writes it once the other sheets are known."""
    title = str(facts.results.manifest["study"]["title"])
    return book.sheet("Cover", title, f"Finance workbook of a simulated study. {terms}", [30, 110], (3, 0))


def fill_cover(sheet: Sheet, facts: Facts, sheets: list[tuple[str, str]], left_out: list[tuple[str, str]],
               total: str) -> None:  # fmt: skip
    """What the workbook was made of, what is in it, and what is not."""
    manifest = facts.results.manifest
    study = manifest["study"]
    rows: list[tuple[str, str]] = [
        ("Study", f"{study['title']} ({study['name']})"),
        ("Currency, price year", f"{facts.currency}, {facts.results.study.header.price_year}"),
        ("Simulated lifetimes (paths)", f"{facts.results.n_paths:,}"),
        ("Years", str(facts.years)),
        ("Seed", str(facts.results.seed)),
        ("Simulated (UTC)", str(manifest["ended"])),
        ("Input hash (SHA-256)", str(manifest["input_hash"])),
        ("Version of the program", f"{manifest['versions'].get('power-strategy-risk', 'unknown')}, source "
         f"{str(manifest['source_version'])[:16]}"),
        ("Baseline", facts.titles[facts.base]),
    ]  # fmt: skip
    row = 3
    for label, text in rows:
        sheet.text(row, 0, label, "bold")
        sheet.text(row, 1, text, "wrap")
        row += 1
    sheet.text(row, 0, "Checks (must be 0)", "bold")
    sheet.formula(row, 1, f"={total}", 0, "check_left")
    row += 2
    for warning in manifest.get("warnings", []):
        sheet.text(row, 0, "Warning", "bold")
        sheet.text(row, 1, str(warning), "wrap")
        row += 1
    sheet.heads(row, ["Sheet", "What it holds"])
    for name, words in sheets:
        row += 1
        sheet.page.write_url(row, 0, f"internal:'{name}'!A1", string=name)
        sheet.text(row, 1, words, "wrap")
    for name, reason in left_out:
        row += 1
        sheet.text(row, 0, f"{name}: not here", "wrap")
        sheet.text(row, 1, reason, "wrap")
    row += 2
    sheet.heads(row, ["Colour", "Meaning"])
    for style, words in (
        ("given_text", "An input"), ("text", "A simulated number, or a formula on the same sheet"),
        ("link_any", "A formula that takes its number from another sheet"),
    ):  # fmt: skip
        row += 1
        sheet.text(row, 0, {"given_text": "blue", "text": "black", "link_any": "green"}[style], style)
        sheet.text(row, 1, words, "wrap")


def inputs(book: Book, facts: Facts) -> Sheet:
    """Every input with its unit, allowed range and source."""
    from riskmodel.study.fields import range_text

    study = facts.results.study
    note = (
        "Inputs of the run, in blue. To change them: riskmodel template --excel inputs.xlsx --study NAME, edit, "
        "riskmodel run inputs.xlsx."
    )
    sheet = book.sheet("Inputs", "Inputs and their sources", note, [62, 44, 14, 22, 90], (4, 1))
    sheet.heads(3, ["Field", "Value or law", "Unit", "Allowed", "Where it comes from"])
    leaves = list(study.leaves())
    for k, (leaf, line) in enumerate(zip(leaves, study.describe(), strict=True)):
        row = 4 + k
        sheet.text(row, 0, line.field)
        _value(sheet, row, line.value_text)
        sheet.text(row, 2, facts.unit(line.unit), "unit")
        limited = "low" in leaf.extra or "high" in leaf.extra
        sheet.text(row, 3, facts.unit(range_text(leaf.extra)) if limited else "")
        sheet.text(row, 4, line.origin, "wrap")
    sheet.page.autofilter(3, 0, 3 + len(leaves), 4)
    return sheet


def _value(sheet: Sheet, row: int, text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        sheet.text(row, 1, text, "given_text")
    else:
        sheet.number(row, 1, number, "given")


def checks(
    book: Book, facts: Facts, flows: Sheet, cash: dict[str, CashPlace], summary: Cells,
    steps: tuple[Sheet, dict[str, WaterfallPlace]] | None,
) -> tuple[Sheet, str]:  # fmt: skip
    """Live formulas that must be 0; gives the address of their sum."""
    note = (
        f"Every number here must be 0: differences in {facts.currency}, rounded to whole units, or counts of broken "
        "rules. They are calculated by the spreadsheet from the cells it shows."
    )
    sheet = book.sheet("Checks", "Checks", note, [46, 76, 16], (4, 0))
    sheet.heads(3, ["Strategy", "What is checked", "Must be 0"])
    rows = _rows(facts, flows, cash, summary, steps)
    for k, (title, words, formula) in enumerate(rows):
        sheet.text(4 + k, 0, title)
        sheet.text(4 + k, 1, words, "wrap")
        sheet.formula(4 + k, 2, f"={formula}", 0, "check")
    last = 4 + len(rows)
    sheet.text(last, 1, "All checks", "bold")
    block = f"{at(4, 2)}:{at(last - 1, 2)}"
    sheet.formula(last, 2, f"=SUMPRODUCT(ABS({block}))", 0, "check")
    good: Any = book.file.add_format({"bg_color": "#E2EFDA", "font_color": "#006100"})
    bad: Any = book.file.add_format({"bg_color": "#F8CBAD", "font_color": "#9C0006"})
    for rule, style in (("==", good), ("!=", bad)):
        sheet.page.conditional_format(4, 2, last, 2, {"type": "cell", "criteria": rule, "value": 0, "format": style})
    return sheet, sheet.ref(last, 2)


def _rows(
    facts: Facts, flows: Sheet, cash: dict[str, CashPlace], summary: Cells,
    steps: tuple[Sheet, dict[str, WaterfallPlace]] | None,
) -> list[tuple[str, str, str]]:  # fmt: skip
    rate = f"Scenario!{at(*RATE_CELL, fixed=True)}"
    npv, delta = summary["npv_eur:mean"], summary["delta_npv_eur:mean"]
    base = npv[facts.base]
    rows = []
    for name in facts.names:
        title, place = facts.titles[name], cash[name]
        span = flows.span(place.check, FIRST_YEAR, place.check, FIRST_YEAR + facts.years)
        rows.append((title, "Cash flows: the lines add up to the net cash in every year", f"SUMPRODUCT(ABS({span}))"))
        present = flows.ref(place.present, 2)
        words = "Sum of the present values by year equals the reported mean NPV"
        rows.append((title, words, f"ROUND({present}-{npv[name]},0)"))
        if facts.rate is not None:
            own = npv_formula(flows, place.net, facts.years, rate, facts.mid_year)
            words = "NPV of the mean flow, by the spreadsheet, equals the reported mean NPV"
            rows.append((title, words, f"ROUND({own}-{npv[name]},0)"))
        end = flows.ref(place.cumulative, FIRST_YEAR + facts.years)
        words = "Cumulative net cash ends at the sum of the years"
        rows.append((title, words, f"ROUND({end}-{flows.ref(place.net, 2)},0)"))
        words = "NPV less that of the baseline equals the reported difference"
        rows.append((title, words, f"ROUND({npv[name]}-{base}-{delta[name]},0)"))
        if steps is not None and name in steps[1]:
            found = steps[1][name]
            words = "Waterfall: the lines add up to the reported difference"
            rows.append((title, words, f"ROUND({steps[0].ref(found.total, 1)}-{delta[name]},0)"))
    best = "+".join(summary["prob_best"][name] for name in facts.names)
    rows.append(("All strategies", "Shares of lifetimes in which each is best add up to 1", f"ROUND({best}-1,6)"))
    return rows


def glossary(book: Book) -> Sheet:
    """Words used here."""
    sheet = book.sheet("Glossary", "Glossary", "Words as they are used in this workbook.", [30, 120], (4, 0))
    sheet.heads(3, ["Word", "Meaning"])
    for k, (word, meaning) in enumerate(GLOSSARY):
        sheet.text(4 + k, 0, word, "bold")
        sheet.text(4 + k, 1, meaning, "wrap")
    return sheet

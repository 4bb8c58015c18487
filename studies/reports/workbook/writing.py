"""The finance workbook of a results folder: its sheets in order."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from studies.reports.source import open_results
from studies.reports.workbook.book import Book
from studies.reports.workbook.control_sheets import checks, cover, fill_cover, glossary, inputs
from studies.reports.workbook.facts import Facts
from studies.reports.workbook.money import cash_flows, waterfall
from studies.reports.workbook.results_sheets import distributions, downtime, summary
from studies.reports.workbook.what_if_sheets import read_stress, scenario, sensitivity, sensitivity_of, stress

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["NAME", "workbook_bytes", "write_workbook"]

NAME = "workbook.xlsx"
ORDER = (
    ("Cover", "What this is made of"),
    ("Summary", "Measures of every strategy with their errors"),
    ("Scenario", "Another discount rate, one strategy at a time"),
    ("Inputs", "Every input with its unit, range and source"),
    ("Cash flows", "Lines of money by year and strategy, and their spread"),
    ("Distributions", "Chances of results, in words"),
    ("Waterfall", "The way from the baseline line by line"),
    ("Sensitivity", "Which inputs move the result"),
    ("Stress", "Named cases on the same lifetimes"),
    ("Downtime", "Stops, downtime, losses by cause and of rare years"),
    ("Checks", "Formulas that must be 0"),
    ("Glossary", "Words"),
)


def write_workbook(folder: Path, out: Path, stress_folder: Path | None = None) -> list[Path]:
    """Make the workbook of finished results and write it.

    Parameters
    ----------
    folder : Path
        Results.
    out : Path
        Folder for the file; made if there is none.
    stress_folder : Path, optional
        What `riskmodel stress --out` wrote for the same study.

    Raises
    ------
    ReportError
        If these results make no workbook.
    """
    from riskmodel.ledger_lines import Line

    lines = [f"{line.name.lower()}_eur" for line in Line]
    needed = ("npv_eur", "delta_npv_eur", "dscr_minimum", "best")
    results = open_results(folder, needed, (*lines, "net_cash_eur"))
    content = workbook_bytes(results, stress_folder)
    out.mkdir(parents=True, exist_ok=True)
    file = out / NAME
    file.write_bytes(content)
    return [file]


def workbook_bytes(results: Results, stress_folder: Path | None = None) -> bytes:
    """The workbook of finished results as a file."""
    from studies.cli_finance import money_terms

    facts, terms = Facts(results), money_terms(results)
    record = read_stress(stress_folder, facts)
    study = results.manifest["study"]
    comments = f"{results.n_paths} paths, seed {results.seed}, inputs {results.manifest['input_hash']}"
    properties = {"title": str(study["title"]), "subject": "Finance workbook", "comments": comments}
    book = Book(properties, datetime.datetime.fromisoformat(str(results.manifest["ended"])))
    effects = sensitivity_of(facts)
    left_out = _left_out(facts, effects, record is not None)
    sheets = [pair for pair in ORDER if pair[0] not in dict(left_out)]
    book.reserve([name for name, _ in sheets])
    made = {"Cover": cover(book, facts, terms)}
    made["Summary"], places = summary(book, facts, terms)
    made["Cash flows"], cash = cash_flows(book, facts, terms)
    made["Distributions"], spread = distributions(book, facts, terms)
    scenario(book, facts, (made["Cash flows"], cash), spread)
    inputs(book, facts)
    steps = waterfall(book, facts, terms, places["delta_npv_eur:mean"])
    if not isinstance(effects, str):
        sensitivity(book, facts, effects, terms)
    if record is not None:
        stress(book, facts, record, terms)
    downtime(book, facts, terms)
    _, total = checks(book, facts, made["Cash flows"], cash, places, steps)
    glossary(book)
    fill_cover(made["Cover"], facts, sheets[1:], left_out, total)
    return book.close()


def _left_out(facts: Facts, effects: object, stressed: bool) -> list[tuple[str, str]]:
    """Sheets that cannot be made of these results, and why."""
    found = []
    if not facts.others:
        found.append(("Waterfall", "there is no strategy beside the baseline"))
    if isinstance(effects, str):
        found.append(("Sensitivity", effects))
    if not stressed:
        how = "riskmodel stress STUDY --out FOLDER, then riskmodel report RESULTS --for finance --stress FOLDER"
        found.append(("Stress", f"the cases are not among the results of a run. To have it: {how}"))
    return found

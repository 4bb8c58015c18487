"""The analyst's report as a file: one page of HTML without script or outside request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from studies.reports.source import open_results

if TYPE_CHECKING:
    from riskmodel.results import Results
    from studies.reports.analyst.blocks import Section
    from studies.reports.analyst.events import TraceWeek

__all__ = ["NAME", "analyst_html", "write_analyst"]

NAME = "report.html"
TEMPLATES = Path(__file__).parent.parent / "templates"
NEEDED = ("npv_eur", "delta_npv_eur", "delta_npv_without_early_power_eur", "early_power_value_eur",
          "gpu_hours_lost_per_year", "payback_simple_years", "payback_discounted_years", "payback_sustained_years",
          "payback_incremental_years", "payback_simple_without_early_power_years", "dscr_minimum", "best")  # fmt: skip


def write_analyst(folder: Path, out: Path, stress_folder: Path | None = None) -> tuple[list[Path], str]:
    """Make the page and write it.

    Parameters
    ----------
    folder : Path
        Results.
    out : Path
        Folder for the file; made if there is none.
    stress_folder : Path or None
        What `riskmodel stress --out` wrote for the same study.

    Returns
    -------
    files : list of Path
    missing : str
        Letters of the study that no carried font has; they are shown as boxes.

    Raises
    ------
    ReportError
        If these results make no page.
    """
    from riskmodel.ledger_lines import Line
    from studies.reports.fonts import without_glyph

    lines = tuple(f"{line.name.lower()}_eur" for line in Line)
    results = open_results(folder, NEEDED, (*lines, "net_cash_eur"), ("events.parquet",))
    content = analyst_html(results, stress_folder).encode("utf-8")
    out.mkdir(parents=True, exist_ok=True)
    file = out / NAME
    file.write_bytes(content)
    texts = (str(results.manifest["study"]["title"]), *results.titles.values())
    return [file], without_glyph("".join(texts))


def analyst_html(results: Results, stress_folder: Path | None = None, trace_week: TraceWeek | None = None) -> str:
    """HTML of the page; every text is escaped.

    Parameters
    ----------
    results : Results, of a finished run
    stress_folder : Path or None
        What `riskmodel stress --out` wrote for the same study.
    trace_week : callable
        Stand-in for `riskmodel.engine.trace_week`.
    """
    import jinja2

    from studies.reports.blocks import typeset
    from studies.reports.fonts import embedded

    page = _page(results, stress_folder, trace_week)
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        autoescape=True, loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"typeset": typeset, "kept": _kept}
    words = repr([page["title"], page["study"], [section.blocks for section in page["sections"]]])
    return environment.get_template("analyst.html").render(page | {"font": embedded(words)})


def _kept(text: str) -> str:
    """A value stays on the line of its error."""
    return text.replace(" ± ", "\u00a0±\u00a0")


def _page(results: Results, stress_folder: Path | None, trace_week: TraceWeek | None) -> dict[str, Any]:
    from studies.figures.style import theme
    from studies.reports import board_words
    from studies.reports.analyst.answer import answer, how_to_read, results_by_strategy
    from studies.reports.analyst.source import ReadOnce
    from studies.reports.board_facts import board_facts
    from studies.reports.fonts import shown
    from studies.reports.workbook.facts import Facts

    found = ReadOnce(results)
    facts, board = Facts(found), board_facts(found)
    with theme():
        figures = _with_figures(facts, board.subject, stress_folder, trace_week)
    sections = [answer(board), how_to_read(facts), results_by_strategy(facts), *figures, *_evidence(facts)]
    return {
        "title": shown(board_words.title(board).say("en")),
        "study": facts.results.manifest["study"]["title"],
        "date": board.ended,
        "made_of": " ".join(text.say("en") for text in board_words.reading(board)[-1:]),
        "sections": sections,
    }


def _with_figures(
    facts: Any, subject: Any, stress_folder: Path | None, trace_week: TraceWeek | None
) -> list[Section]:  # fmt: skip
    from studies.reports.analyst import events, money, what_if, years
    from studies.reports.analyst.draw import Draw

    draw = Draw(facts.currency)
    stressed = what_if.stress(facts, draw, stress_folder)  # first: it may refuse what was typed
    life = events.OneLifetime(facts.results, trace_week)
    return [
        money.distributions(facts, draw, subject),
        money.payback(facts, draw, subject),
        money.waterfall(facts, draw, subject),
        what_if.sensitivity(facts, draw),
        stressed,
        years.rare_years(facts, draw, subject),
        events.week(facts, draw, life),
        events.event(facts, draw, life),
    ]


def _evidence(facts: Any) -> list[Section]:
    from studies.reports.analyst import evidence
    from studies.reports.analyst.limits import limits

    return [evidence.calibration(facts), evidence.inputs(facts), limits(facts), evidence.reproduce(facts)]

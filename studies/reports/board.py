"""The board page of a results folder as files: a PDF of one page and the same as HTML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from studies.reports.source import ReportError, open_results

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["NEEDED", "NEEDED_BY_YEAR", "names_for", "write_board"]

NEEDED = (
    "npv_eur",
    "delta_npv_eur",
    "delta_npv_without_early_power_eur",
    "early_power_value_eur",
    "gpu_hours_lost_per_year",
)
NEEDED_BY_YEAR = ("net_cash_eur",)


def names_for(lang: str) -> tuple[str, str]:
    """Names of the two files in a language."""
    mark = "" if lang == "en" else f"_{lang}"
    return f"board{mark}.pdf", f"board{mark}.html"


def write_board(folder: Path, out: Path, lang: str, paper: str, decide_by: str = "") -> tuple[list[Path], str]:
    """Make the page and write it.

    Parameters
    ----------
    folder : Path
        Results.
    out : Path
        Folder for the files; made if there is none.
    lang : str
        en or zh.
    paper : str
        a4 or letter.
    decide_by : str
        Date of the next decision, empty for a line to write on.

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
    from studies.reports.fonts import without_glyph
    from studies.reports.pdf import PdfError, board_pdf
    from studies.reports.web import board_html

    results = open_results(folder, NEEDED, NEEDED_BY_YEAR)
    page = _page(results, lang, decide_by)
    try:
        pdf = board_pdf(page, paper)
    except PdfError as error:
        raise ReportError(f"{folder}: {error}") from None
    contents = (pdf, board_html(page, paper).encode("utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in names_for(lang)]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    texts = (str(results.manifest["study"]["title"]), *results.titles.values(), decide_by)
    return files, without_glyph("".join(texts))


def _page(results: Results, lang: str, decide_by: str) -> dict[str, Any]:
    from studies.reports.board_facts import board_facts
    from studies.reports.page import board_page

    return board_page(board_facts(results), lang, decide_by)

"""The board page as PDF: one page, tagged for screen readers (PDF/UA-1), the same bytes for the same page."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from studies.reports.fonts import font_files

__all__ = ["PAPERS", "PdfError", "board_pdf", "pages"]

PAPERS = {"a4": "a4", "letter": "us-letter"}
TEMPLATE = Path(__file__).parent / "templates" / "board.typ"
FITS = (
    *((size, 100) for size in (9.6, 9.2, 8.8, 8.4, 8.0)),
    *((size, 84) for size in (8.4, 8.0, 7.6)),
    *((size, 70) for size in (8.0, 7.6, 7.2)),
)
"""Sizes of the letters [pt] and widths of the chart [% of the page] tried until all is on one page: rather a smaller
chart than letters that are hard to read."""


class PdfError(Exception):
    """The page cannot be made."""


def board_pdf(page: dict[str, Any], paper: str = "a4") -> bytes:
    """PDF of one page.

    Parameters
    ----------
    page : dict
        See `studies.reports.page.board_page`.
    paper : str
        A key of `PAPERS`.

    Raises
    ------
    PdfError
        If it does not fit on one page in the smallest letters.
    """
    import typst

    folders: list[Any] = list(dict.fromkeys(str(file.parent) for file in font_files()))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    moment = datetime.datetime.fromisoformat(page["date"])
    fixed = {"paper": PAPERS[paper], "year": str(moment.year), "month": str(moment.month), "day": str(moment.day)}
    data = json.dumps(page, ensure_ascii=False)
    compiler = typst.Compiler(TEMPLATE, font_paths=fonts)
    for size, chart in FITS:
        inputs = fixed | {"data": data, "size": str(size), "chart": str(chart)}
        if pages(compiler, inputs) == 1:
            made = compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"], timestamp=moment)
            return bytes(made)  # type: ignore[arg-type]
    raise PdfError("does not fit on one page: shorten the names of the strategies, or run the study with fewer of them")


def pages(compiler: Any, inputs: dict[str, str]) -> int:
    """Number of pages."""
    made = compiler.compile(format="svg", sys_inputs=inputs)
    return len(made) if isinstance(made, list) else 1

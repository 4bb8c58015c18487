"""The board page as HTML: one file without script or outside request, for a screen, a phone and print."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from studies.reports.fonts import embedded

__all__ = ["board_html", "letters", "picture_uri"]

TEMPLATES = Path(__file__).parent / "templates"
LANG_TAGS = {"en": "en", "zh": "zh-Hans"}


def board_html(page: dict[str, Any], paper: str = "a4") -> str:
    """HTML of one page; every text is escaped. See `studies.reports.page.board_page`."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(autoescape=True, loader=loader, undefined=jinja2.StrictUndefined)
    chart = page["chart"]
    if chart is not None:
        chart = chart | {f"{size}_uri": picture_uri(chart[size]) for size in ("wide", "narrow")}
    given = page | {
        "chart": chart,
        "font": embedded(letters({key: part for key, part in page.items() if key != "chart"}) + _notes(chart)),
        "lang_tag": LANG_TAGS[page["lang"]],
        "paper": {"a4": "A4", "letter": "letter"}[paper],
    }
    return environment.get_template("board.html").render(given)


def picture_uri(svg: str) -> str:
    """A picture as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


def _notes(chart: dict[str, Any] | None) -> str:
    return "" if chart is None else f"{chart['title']}{chart['note']}"


def letters(part: Any) -> str:
    """All letters in a page."""
    if isinstance(part, dict):
        return "".join(letters(inner) for inner in part.values())
    if isinstance(part, list):
        return "".join(letters(inner) for inner in part)
    return part if isinstance(part, str) else ""

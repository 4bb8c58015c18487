"""The page that says what of a history a fitted process reproduces and what it does not: one HTML file, no scripts."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distributions.facts import BAND, Fact

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["fact_lines", "fact_table", "figure", "listing", "page", "paragraph", "table", "write_page"]

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.7rem; text-align: right; border-bottom: 1px solid #d8d8d8; }
th { border-bottom: 2px solid #555; vertical-align: bottom; } td:first-child, th:first-child { text-align: left; }
tr.miss td { background: #fbe9e0; } .verdict { font-weight: 600; } img { max-width: 100%; height: auto; }
.warning { border-left: 4px solid #d55e00; padding: 0.3rem 0.8rem; background: #fdf3ec; }
"""

DOTS_PER_INCH = 110


def page(title: str, body: Iterable[str]) -> str:
    """Whole page of a title and parts that are already HTML."""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    inside = "\n".join(body)
    body_text = f"<h1>{html.escape(title)}</h1>\n{inside}"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body_text}\n</body></html>\n'


def paragraph(text: str, kind: str = "") -> str:
    """One paragraph; ``kind`` is a class of the style sheet."""
    label = f' class="{kind}"' if kind else ""
    return f"<p{label}>{html.escape(text)}</p>"


def listing(items: Iterable[str]) -> str:
    """Bulleted list."""
    return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in items) + "</ul>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], missed: Sequence[bool] = ()) -> str:
    """Table of texts; rows where ``missed`` is true are marked."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = []
    for number, row in enumerate(rows):
        mark = ' class="miss"' if number < len(missed) and missed[number] else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>")
    return f"<table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


FACT_HEAD = ("fact", "history", "simulated", "tolerance", "verdict", "stretches below", "held out", "stretches below")


def fact_lines(facts: Sequence[Fact]) -> list[tuple[str, ...]]:
    """Cells of a fact table, one row a fact, in the order of ``FACT_HEAD``."""
    return [
        (
            fact.rule.label,
            _number(fact.history, fact.rule.digits),
            f"{_number(fact.simulated, fact.rule.digits)} +- {_number(fact.standard_error, fact.rule.digits + 1)}",
            fact.rule.words(),
            ("pass" if fact.passed else "FAIL") if fact.known else "not in history",
            _number(fact.share_below, 3),
            _number(fact.held_out, fact.rule.digits),
            _number(fact.held_out_share_below, 3),
        )
        for fact in facts
    ]


def fact_table(facts: Sequence[Fact], years: int) -> str:
    """Facts as a table with the legend that explains it."""
    failed = [fact for fact in facts if not fact.passed]
    told = sum(fact.known for fact in facts)
    legend = (
        f"Simulated: {years:,} years, value +- standard error. Stretches below: share of simulated stretches as long "
        "as the history (or as the time held out) with a smaller value; near 0 or 1 the history is unlike what the "
        f"model makes, by chance beyond {BAND:g} or {1 - BAND:g} once in {1 / (2 * BAND):.0f}."
    )
    verdict = f"{told - len(failed)} of {told} facts within their tolerance."
    if failed:
        verdict += " Outside: " + "; ".join(fact.rule.label for fact in failed) + "."
    rows = fact_lines(facts)
    return (
        paragraph(verdict, "verdict") + paragraph(legend) + table(FACT_HEAD, rows, [not fact.passed for fact in facts])
    )


def figure(drawing: Figure, words: str) -> str:
    """Figure inside the page, with words for those who cannot see it."""
    content = io.BytesIO()
    drawing.savefig(content, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    data = base64.b64encode(content.getvalue()).decode("ascii")
    return f'<p><img alt="{html.escape(words, quote=True)}" src="data:image/png;base64,{data}"></p>'


def write_page(text: str, path: Path) -> None:
    """Write a page, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}" if np.isfinite(value) else "-"

"""The board page as texts: one dictionary that the PDF and the HTML template are filled with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.reports import board_words as words
from studies.reports.board_facts import BoardFacts, Option
from studies.reports.fonts import FALLBACK, FAMILY, font_files, shown
from studies.reports.quantities import UNITS, Count, Days, Money, MoneyRange, Name, currency_words
from studies.reports.wording import Sentence, sentence, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.figures.board import Bar

__all__ = ["board_page"]

SEEN = 1.0
"""Least shift of a mean by earlier power that is drawn, in units of the axis."""


def board_page(facts: BoardFacts, lang: str, decide_by: str = "") -> dict[str, Any]:
    """Everything on the page, as text of one language.

    Parameters
    ----------
    facts : BoardFacts
    lang : str
        en or zh.
    decide_by : str
        Date of the next decision; empty leaves a line to write it on.

    Returns
    -------
    dict
        lang, title, study, notes, head, rows, recommendation, must, mind, next, by, reading, chart (with note, alt,
        wide and narrow SVG text) and labels.
    """
    catalogue = texts(lang)

    def say(given: Sentence) -> str:
        return shown(given.say(lang))

    return {
        "lang": catalogue["lang"],
        "direction": "ltr",
        "study": shown(facts.title),
        "date": facts.ended,
        "title": say(words.title(facts)),
        "notes": [say(note) for note in words.notes(facts)],
        "head": [say(head) for head in _head(facts)],
        "rows": [_row(facts, option, lang) for option in facts.options],
        "recommendation": say(words.recommendation(facts)),
        "must": [say(text) for text in words.conditions(facts)],
        "mind": [say(text) for text in words.changes(facts)],
        "next": say(words.next_step(facts)),
        "by": shown(decide_by) or catalogue["by_blank"],
        "reading": (" " if lang == "en" else "").join(say(text) for text in words.reading(facts)),
        "labels": {key: catalogue[key] for key in ("decide", "options", "recommendation", "must", "mind", "next", "by")}
        | {"reading": catalogue["reading"]},
        "chart": _chart(facts, lang),
    }


def _name(option: Option) -> Name:
    return Name((option.title,))


def _head(facts: BoardFacts) -> list[Sentence]:
    days = "head.days_training" if facts.training else "head.days_computing"
    money = sentence("head.money", baseline=_name(facts.baseline), years=Count(facts.years))
    return [sentence("head.option"), money, sentence(days), sentence("head.bad")]


def _row(facts: BoardFacts, option: Option, lang: str) -> dict[str, Any]:
    """Cells of one option; the money with its range and a verdict in words and shape."""
    catalogue = texts(lang)
    if option.is_baseline:
        money, span = "0", catalogue["cell.zero"]
    else:
        money = Money(option.more.value, facts.currency, signed=True).say(lang, catalogue)
        span = sentence("cell.range", range=words.money_range(facts, option)).say(lang)
    return {
        "option": shown(option.title),
        "best": option.name == words.recommended(facts).name,
        "verdict": catalogue[f"verdict.{option.verdict}"],
        "money": money,
        "range": span,
        "days": Days(option.lost_days.value).say(lang, catalogue),
        "bad": Money(option.bad_year.value, facts.currency).say(lang, catalogue),
    }


def _chart(facts: BoardFacts, lang: str) -> dict[str, Any] | None:
    """Title, note, alternative text and pictures of the chart; None where there is nothing to compare."""
    others = [option for option in facts.options if not option.is_baseline]
    if not others:
        return None
    from matplotlib import font_manager

    from studies.figures.board import draw_options, svg_text
    from studies.figures.style import theme

    for file in font_files()[:2]:
        font_manager.fontManager.addfont(str(file))
    unit, word = _unit(others, lang)
    bars = [_bar(facts, k, option, unit, lang) for k, option in enumerate(facts.options) if not option.is_baseline]
    base = _name(facts.baseline)
    note = sentence("chart.note_without", baseline=base) if any(bar.without for bar in bars) else sentence("chart.note")
    money = currency_words(facts.currency, lang)
    unit_text = f"{word}{money}" if lang == "zh" else f"{word} {money}".strip()
    pictures = {}
    with theme():
        for size in ("wide", "narrow"):
            figure = draw_options(bars, unit_text, (FAMILY, FALLBACK), wide=size == "wide")
            pictures[size] = svg_text(figure)
    title = sentence("chart.title", baseline=base, years=Count(facts.years))
    return {
        "title": shown(title.say(lang)),
        "note": shown(note.say(lang)),
        "alt": _alt(facts, others, lang),
        **pictures,
    }


def _unit(options: Sequence[Option], lang: str) -> tuple[float, str]:
    """Unit of the axis: the largest multiple that the widest bar reaches."""
    reach = max(abs(end.value) for option in options for end in (option.low, option.high))
    return next(((unit, word) for unit, word in UNITS[lang] if reach >= unit), (1.0, ""))


def _bar(facts: BoardFacts, index: int, option: Option, unit: float, lang: str) -> Bar:
    from studies.figures.board import Bar

    without = None
    if facts.early.counted and abs(option.more.value - option.more_without.value) > SEEN * unit:
        ends = (option.low_without, option.more_without, option.high_without)
        without = (ends[0].value / unit, ends[1].value / unit, ends[2].value / unit)
    label = Money(option.more.value, facts.currency, signed=True).say(lang, texts(lang))
    low, mean, high = (end.value / unit for end in (option.low, option.more, option.high))
    return Bar(shown(option.title), index, low, mean, high, label, without)


def _alt(facts: BoardFacts, options: Sequence[Option], lang: str) -> str:
    found = [sentence("chart.alt", baseline=_name(facts.baseline))]
    for option in options:
        more = Money(option.more.value, facts.currency, signed=True)
        span: MoneyRange = words.money_range(facts, option)
        found.append(sentence("chart.alt_option", option=_name(option), more=more, range=span))
    return shown((" " if lang == "en" else "").join(text.say(lang) for text in found))

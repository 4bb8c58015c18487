"""A workbook of inputs for people who work in Excel: one row a field, with limits, drop-downs and sources."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from studies.reports.inputs import layout
from studies.reports.workbook.book import Book

if TYPE_CHECKING:
    from riskmodel.study import Leaf, Study
    from studies.reports.workbook.book import Sheet

__all__ = ["template_bytes", "template_of"]

HOW = (
    "1. On the sheet Inputs change blue cells only. A value is a number, TRUE or FALSE, or a word; a list is in "
    "brackets, as in [1.0, 0.5].",
    "2. A quantity that is not known exactly gets a law instead of a value: empty its Value, choose the law, and fill "
    "the columns that the law needs (below). p10 and p90 are the values that 1 draw in 10 lies below and above.",
    "3. Say where a number comes from in the last column; \"judgement\" is an honest source.",
    "4. A field that is not listed may be added in a row of its own below the others.",
    "5. Save the workbook and type: riskmodel validate FILE.xlsx, then riskmodel run FILE.xlsx. A cell that will not "
    "do is named by its sheet and address.",
)  # fmt: skip
LIST_LETTERS = 250
"""Excel holds 255 letters in a list typed into a validation."""


def template_bytes(study: Study, text: str) -> bytes:
    """Workbook of the inputs of a study.

    Parameters
    ----------
    study : Study
    text : str
        The study file it was read from, kept in the workbook.
    """
    header = study.header
    properties = {"title": f"Inputs of {header.title}", "subject": "Inputs", "comments": study.input_hash()}
    book = Book(properties, datetime.datetime(header.price_year, 1, 1, tzinfo=datetime.UTC))
    book.reserve(["How to", layout.INPUTS, layout.STUDY])
    _how_to(book, study)
    _inputs(book, study)
    kept = book.sheet(
        layout.STUDY, "Study file", "What the inputs were written from; read again with them.", [120], (3, 0)
    )
    for k, line in enumerate(text.split("\n")):
        kept.text(layout.FIRST_ROW + k, 0, line.rstrip("\r").replace("\t", " "))
    kept.page.hide()
    return book.close()


def _how_to(book: Book, study: Study) -> None:
    sheet = book.sheet("How to", f"Inputs of {study.header.title}", "How to change and run them.", [24, 110], (3, 0))
    for k, text in enumerate(HOW):
        sheet.text(3 + k, 1, text, "wrap")
    row = 4 + len(HOW)
    sheet.heads(row, ["Law", "Columns it needs"])
    for k, (law, keys) in enumerate(layout.LAWS.items()):
        sheet.text(row + 1 + k, 0, law)
        more = " (or median, sigma; or mean, sd)" if law == "lognormal" else ""
        sheet.text(row + 1 + k, 1, ", ".join(keys) + more)


def _inputs(book: Book, study: Study) -> None:
    from riskmodel.currency import in_words
    from riskmodel.study.fields import range_text
    from riskmodel.study.money_names import path_outside

    currency = study.header.currency

    widths = [58, 26, 13, *[11] * len(layout.LAW_KEYS), 14, 20, 80]
    note = "Blue cells may be changed. Either a value or a law; see How to."
    sheet = book.sheet(layout.INPUTS, "Inputs", note, widths, (layout.FIRST_ROW, 1))
    sheet.heads(layout.HEAD_ROW, layout.COLUMNS)
    row = layout.FIRST_ROW
    for leaf in study.leaves():
        extra = leaf.extra
        sheet.text(row, layout.FIELD, path_outside(leaf.path, currency))
        _cells(sheet, row, layout.typed_value(study, leaf), leaf)
        sheet.text(row, layout.UNIT, in_words(str(extra.get("unit", "")), currency), "unit")
        limited = "low" in extra or "high" in extra
        sheet.text(row, layout.ALLOWED, in_words(range_text(extra), currency) if limited else "")
        sheet.text(row, layout.SOURCE, layout.written_source(study, leaf), "given_text")
        _limits(sheet, row, study, leaf)
        row += 1
    sheet.page.autofilter(layout.HEAD_ROW, 0, row - 1, layout.SOURCE)


def _cells(sheet: Sheet, row: int, value: Any, leaf: Leaf) -> None:
    """The value, or the law with its parameters; a law with others as a table."""
    from riskmodel.study.writing import toml_value

    if isinstance(value, dict) and "law" in value:
        keys = {key: part for key, part in value.items() if key not in ("law", "source")}
        if value["law"] == "constant":
            value = keys["value"]
        elif value["law"] in layout.LAWS and set(keys) <= set(layout.LAW_KEYS):
            sheet.text(row, layout.VALUE, "", "input")
            sheet.text(row, layout.LAW, value["law"], "input")
            for k, key in enumerate(layout.LAW_KEYS):
                if key in keys:
                    sheet.number(row, layout.LAW + 1 + k, float(keys[key]), "input")
            return
        else:
            value = {"law": value["law"], **keys}
    if isinstance(value, bool):
        sheet.page.write_boolean(row, layout.VALUE, value, sheet.book.styles["input"])
    elif isinstance(value, (int, float)):
        sheet.number(row, layout.VALUE, float(value), "input")
    else:
        sheet.text(row, layout.VALUE, value if isinstance(value, str) else toml_value(value), "input_text")
    if "draw" in leaf.extra:
        sheet.text(row, layout.LAW, "", "input")


def _limits(sheet: Sheet, row: int, study: Study, leaf: Leaf) -> None:
    """Drop-downs and limits, so that Excel refuses most mistakes by itself."""
    extra = leaf.extra
    if "draw" in extra:
        source = list(layout.LAWS)
        sheet.page.data_validation(row, layout.LAW, row, layout.LAW, {"validate": "list", "source": source})
    words = _words(study, leaf.path)
    if isinstance(leaf.value, bool):
        rule: dict[str, Any] = {"validate": "list", "source": ["TRUE", "FALSE"]}
    elif words and sum(map(len, words)) + len(words) < LIST_LETTERS:
        rule = {"validate": "list", "source": words}
    elif isinstance(leaf.value, str) or not ("low" in extra or "high" in extra) or isinstance(leaf.value, (list, dict)):
        return
    else:
        low, high = extra.get("low"), extra.get("high")
        rule = {"validate": "decimal"}
        if low is not None and high is not None:
            rule |= {"criteria": "between", "minimum": low, "maximum": high}
        else:
            rule |= {"criteria": ">=" if high is None else "<=", "value": low if high is None else high}
        rule |= {
            "error_title": "Outside the allowed range",
            "error_message": f"{leaf.path}: see the column Allowed"[:255],
        }
    sheet.page.data_validation(row, layout.VALUE, row, layout.VALUE, rule)


def _words(study: Study, path: str) -> list[str]:
    """Words that a field allows; empty where it is not one of a few words."""
    from riskmodel.study.model import keys_of, model_at

    if path == "study.baseline":
        return study.strategy_names
    *table, key = path.split(".")
    model = model_at(tuple(table))
    name = keys_of(model).get(key) if model is not None else None
    if model is None or name is None:
        return []
    annotation = model.model_fields[name].annotation
    choices = [annotation, *get_args(annotation)]
    literals = [choice for choice in choices if get_origin(choice) is Literal]
    only = all(get_origin(choice) is Literal or choice is type(None) for choice in choices[1:])
    found = [word for literal in literals for word in get_args(literal)]
    return found if literals and (only or annotation in literals) and all(isinstance(w, str) for w in found) else []


def template_of(name: str | Path, overrides: tuple[str, ...]) -> bytes:
    """Workbook of a shipped study or a study file, changed by overrides."""
    import studies
    from riskmodel.study.reading import read_text

    study = studies.load(name, overrides)
    return template_bytes(study, read_text(studies.path(name)))

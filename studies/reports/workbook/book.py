"""An Excel file of texts, numbers and formulas of ours: nothing typed by a user is ever a formula."""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributions.estimate import Estimate

__all__ = ["Book", "Sheet", "at", "plain_text"]

MOST_LETTERS = 32_000
"""Excel holds 32,767 letters in a cell."""
FONT = "Arial"
BLUE, GREEN, GREY, PALE = "#0000FF", "#006100", "#595959", "#E7EDF5"
MONEY, FINE, SHARE, WHOLE = "#,##0_);(#,##0);0_)", "#,##0.00_);(#,##0.00);0.00_)", "0.0%_);(0.0%);0.0%_)", "#,##0"
YEARS = "0.00"
MILLIONS = '#,##0.0,, "million"'
"""For the axis of a chart."""
INPUT: dict[str, Any] = {
    "font_color": BLUE,
    "bg_color": "#FFFFE5",
    "border": 1,
    "border_color": "#BFBFBF",
    "valign": "top",
}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": GREY, "text_wrap": True, "valign": "top"},
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": PALE},
    "block": {"bold": True, "font_size": 11, "top": 1},
    "text": {"valign": "top"},
    "wrap": {"text_wrap": True, "valign": "top"},
    "bold": {"bold": True, "valign": "top"},
    "money": {"num_format": MONEY},
    "fine": {"num_format": FINE},
    "share": {"num_format": SHARE},
    "years": {"num_format": YEARS},
    "whole": {"num_format": WHOLE},
    "small": {"num_format": "0.0000_);(0.0000);0_)"},
    "total": {"num_format": MONEY, "bold": True, "top": 1},
    "link": {"num_format": MONEY, "font_color": GREEN},
    "link_any": {"font_color": GREEN},
    "check": {"num_format": "0", "bold": True},
    "check_left": {"num_format": "0", "bold": True, "align": "left"},
    "input": INPUT,
    "input_text": {**INPUT, "text_wrap": True},
    "input_share": {**INPUT, "num_format": "0.0%"},
    "unit": {"indent": 1, "valign": "top"},
    "nines": {"num_format": "0.0000%"},
    "given": {"font_color": BLUE, "valign": "top", "align": "right"},
    "given_text": {"font_color": BLUE, "valign": "top", "text_wrap": True},
    "right": {"align": "right"},
}
LARGE = 1000.0
WIDTH, LINE_PT = 8.43, 13.0
"""Width of a column that is not set [letters], and height of a line of text [points]."""
WIDE, WIDER = 1.08, 2.0
"""Letters a Latin letter and a wide one (Chinese) take of a column's width."""
NEVER, UNKNOWN, NONE = "never", "unknown", "-"


def at(row: int, column: int, fixed: bool = False) -> str:
    """Address of a cell counted from 0, such as D10, or $D$10."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column, row_abs=fixed, col_abs=fixed))


def plain_text(text: str) -> str:
    """Text for a cell: no control letters, not longer than a cell can be."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)[:MOST_LETTERS]


def _lines(text: str, width: float) -> int:
    """Lines that a wrapped text takes in a column."""
    parts = text.split("\n")
    sizes = (sum(WIDER if ord(letter) > 0x2E80 else WIDE for letter in part) for part in parts)
    return sum(max(1, math.ceil(size / max(width - 1.0, 1.0))) for size in sizes)


def _style_for(value: float) -> str:
    """Style of a number of any size."""
    return "money" if abs(value) >= LARGE else "fine" if abs(value) >= 1.0 else "small"


class Book:
    """A workbook in memory with one set of styles; the same bytes for the same cells.

    Parameters
    ----------
    properties : mapping
        title, subject and comments of the file.
    created : datetime
        Fixed date of the file.
    """

    def __init__(self, properties: Mapping[str, str], created: datetime.datetime) -> None:
        import xlsxwriter

        self._stream = io.BytesIO()
        self._sheets: list[Sheet] = []
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FONT, "font_size": 10},
        }
        self.file = xlsxwriter.Workbook(self._stream, options)
        texts = {key: plain_text(text) for key, text in properties.items()}
        self.file.set_properties({**texts, "created": created.replace(tzinfo=None)})
        self.file.set_calc_mode("auto")
        self.styles = {
            name: self.file.add_format({"font_name": FONT, "font_size": 10, **style}) for name, style in STYLES.items()
        }

    def reserve(self, names: Sequence[str]) -> None:
        """Fix the order of the sheets, which may then be written in any."""
        for name in names:
            self.file.add_worksheet(name)

    def sheet(self, name: str, title: str, note: str, widths: Sequence[float], freeze: tuple[int, int]) -> Sheet:
        """New sheet with a title, a note below it, widths of its columns, and what stays in sight."""
        self._sheets.append(Sheet(self, name, title, note, widths, freeze))
        return self._sheets[-1]

    def chart(self, kind: str, title: str, options: Mapping[str, Any] | None = None) -> Any:
        """New chart of Excel's own, titled."""
        chart = self.file.add_chart({"type": kind, **(options or {})})
        chart.set_title({"name": plain_text(title), "name_font": {"size": 11, "name": FONT}, "overlay": False})
        return chart

    def close(self) -> bytes:
        """The file."""
        for sheet in self._sheets:
            sheet.fit()
        self.file.close()
        return self._stream.getvalue()


class Sheet:
    """One sheet; rows and columns are counted from 0."""

    def __init__(
        self, book: Book, name: str, title: str, note: str, widths: Sequence[float], freeze: tuple[int, int]
    ) -> None:
        self.book, self.name = book, name
        self.page = book.file.get_worksheet_by_name(name) or book.file.add_worksheet(name)
        self.page.hide_gridlines(2)
        self.widths, self._lines = tuple(widths), dict[int, int]()
        for column, width in enumerate(widths):
            self.page.set_column(column, column, width, book.styles["text"])
        self.page.freeze_panes(*freeze)
        self.page.set_landscape()
        self.page.set_paper(9)
        self.page.fit_to_pages(1, 0)
        self.page.repeat_rows(0, max(0, freeze[0] - 1))
        self.page.set_footer("&L&A&RPage &P of &N")
        self.text(0, 0, title, "title")
        last = min(len(widths), 8) - 1
        if last > 0:
            self.page.merge_range(1, 0, 1, last, plain_text(note), book.styles["note"])
        else:
            self.page.write_string(1, 0, plain_text(note), book.styles["note"])
        letters = sum(widths[: last + 1])
        self._lines[1] = _lines(note, letters)

    def text(self, row: int, column: int, text: str, style: str = "text") -> None:
        """Write a text; it is never taken for a formula, a number or a link."""
        self.page.write_string(row, column, plain_text(text), self.book.styles[style])
        if STYLES[style].get("text_wrap") and text:
            width = self.widths[column] if column < len(self.widths) else WIDTH
            self._lines[row] = max(self._lines.get(row, 1), _lines(text, width))

    def fit(self) -> None:
        """Make rows as high as their wrapped texts need."""
        for row, lines in self._lines.items():
            if lines > 1:
                self.page.set_row(row, LINE_PT * lines)

    def number(self, row: int, column: int, value: float | None, style: str = "money") -> None:
        """Write a number; words where it has no value that a cell can hold."""
        if value is None or math.isnan(value):
            self.text(row, column, NONE, "right")
        elif math.isinf(value):
            self.text(row, column, NEVER if value > 0 else UNKNOWN, "right")
        else:
            chosen = _style_for(value) if style == "any" else style
            self.page.write_number(row, column, value + 0.0, self.book.styles[chosen])

    def estimate(self, row: int, column: int, estimate: Estimate | None, style: str = "money") -> None:
        """Write a simulated number, and its standard error in the next column."""
        self.number(row, column, None if estimate is None else estimate.value, style)
        error = None if estimate is None else estimate.standard_error
        if error is not None and math.isinf(error):
            self.text(row, column + 1, UNKNOWN, "right")
        else:
            self.number(row, column + 1, error, style)

    def formula(self, row: int, column: int, formula: str, value: float | str = 0, style: str = "money") -> None:
        """Write a live formula with the value it has now, for readers that do not calculate."""
        self.page.write_formula(row, column, formula, self.book.styles[style], value)

    def heads(self, row: int, texts: Sequence[str], first: int = 0) -> None:
        """Write a row of headings."""
        for column, text in enumerate(texts):
            self.text(row, first + column, text, "head")

    def ref(self, row: int, column: int) -> str:
        """Fixed address of a cell for formulas on other sheets."""
        return f"'{self.name}'!{at(row, column, fixed=True)}"

    def span(self, first_row: int, first_column: int, last_row: int, last_column: int) -> str:
        """Fixed address of a block of cells for formulas on other sheets."""
        return f"'{self.name}'!{at(first_row, first_column, True)}:{at(last_row, last_column, True)}"

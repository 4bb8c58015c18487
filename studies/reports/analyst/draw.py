"""Draws the figures of the page, all in one style."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studies.reports.analyst.blocks import Figure, Table
from studies.reports.analyst.pictures import inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["Draw"]


class Draw:
    """Makes a figure of the page of a drawing; `currency` is that of the study."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def __call__(
        self, key: str, title: str, reading: str, drawing: Callable[[], Drawing], tables: tuple[Table, ...]
    ) -> Figure:
        """Draw and put the reading and the tables beside the picture."""
        from studies.figures.style import in_money

        picture = in_money(drawing(), self.currency)
        picture.suptitle("")  # the page has it
        svg = inline_svg(picture, f"figure-{key}", title, reading)
        return Figure(title, reading, svg, tables)

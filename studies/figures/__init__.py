"""Figures of a run: PNG for slides and SVG for pages, the same bytes for the same results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["draw_all"]


def draw_all(results: Results, folder: str | Path, *, trace_week: Callable[..., dict[str, Any]] | None = None) -> None:
    """Draw every figure of a run into a folder.

    Parameters
    ----------
    results : Results
    folder : str or Path
        Gets npv_difference, payback, downtime_exceedance, cash_fan and one_week as .png and .svg.
    trace_week : callable
        Stand-in for `riskmodel.engine.trace_week`.
    """
    from studies.figures.cash import draw_cash_fan
    from studies.figures.losses import draw_exceedance
    from studies.figures.npv import draw_npv_difference
    from studies.figures.payback import draw_payback
    from studies.figures.style import in_money, save, theme
    from studies.figures.week import draw_week

    if trace_week is None:
        from riskmodel import engine

        trace_week = engine.trace_week
    place = Path(folder)
    with theme():
        save(in_money(draw_npv_difference(results), results.currency), place, "npv_difference")
        save(in_money(draw_payback(results), results.currency), place, "payback")
        save(in_money(draw_exceedance(results), results.currency), place, "downtime_exceedance")
        save(in_money(draw_cash_fan(results), results.currency), place, "cash_fan")
        save(in_money(draw_week(results, trace_week), results.currency), place, "one_week")

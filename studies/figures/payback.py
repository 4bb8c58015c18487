"""Figure: share of paths that have paid back by each year, alone and against the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.figures.style import heading, label_ends, looks, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.results import Results

POINTS = 301
MARKS = 5
LATE = 0.99
SHORTEST_AXIS_YEARS = 2.0
PANELS = (
    ("payback_simple_years", "Simple payback: its own investment against what it saves and earns more each year"),
    (
        "payback_simple_without_early_power_years",
        "The same without earlier power: as if all were connected on the first day",
    ),
    ("payback_incremental_years", "Incremental payback: only what it costs more than the baseline (0 = costs no more)"),
)


def draw_payback(results: Results) -> Figure:
    """Three panels of curves; a curve that ends below 100 % leaves paths that never pay back within the horizon."""
    figure = new_figure(11.4)
    panels = figure.subplots(len(PANELS), 1)
    for axes, (column, title) in zip(panels, PANELS, strict=True):
        last = _settled(results, column)
        _panel(axes, results, column, last)
        axes.set_title(title)
    panels[-1].set_xlabel("Years after the decision")
    heading(
        figure,
        "When the money is back",
        f"{results.n_paths:,} lifetimes of {results.n_years} years, undiscounted. The percentage is the share paid "
        f"back within {results.n_years} years; the others never pay back in them. "
        "The axes differ: each ends where its curves hardly rise any more.",
    )
    return figure


def _settled(results: Results, column: str) -> float:
    """Whole years by which nearly all paths that pay back at all have done so."""
    table = results.column(column)
    finite = table[np.isfinite(table)]
    late = float(np.quantile(finite, LATE)) if finite.size else 0.0
    return float(min(results.n_years, max(SHORTEST_AXIS_YEARS, np.ceil(1.2 * late))))


def _panel(axes: Axes, results: Results, column: str, last: float) -> None:
    import seaborn as sns

    marks, values = looks(results), results.column(column)
    times = np.linspace(0.0, last, POINTS)
    ends = []
    for index, name in enumerate(results.strategy_names):
        if name == results.baseline:
            continue
        look, waits = marks[name], np.sort(values[:, index])
        share = 100.0 * np.searchsorted(waits, times, side="right") / waits.size
        axes.plot(times, share, markevery=(POINTS // 20 * (1 + index), POINTS // MARKS), **look.curve())
        paid = 100.0 * np.isfinite(waits).mean()
        ends.append((share[-1], look, f"{look.title}: {paid:.1f} %"))
    axes.set(xlim=(0, last), ylim=(-3, 103), ylabel="Lifetimes paid back [%]")
    label_ends(axes, ends)
    sns.despine(ax=axes)

"""Figure: how likely each strategy is to be worth at least so much, and to beat the baseline by so much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studies.figures.style import GREY, MILLION, fill, heading, looks, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from riskmodel.results import Results

POINTS = 400
SHOWN = (0.002, 0.998)
PERCENT, Z = 100.0, 1.96


def draw_npv_curves(results: Results) -> Figure:
    """Two panels: NPV of all strategies; NPV less that of the baseline of the others."""
    currency = results.currency
    others = [name for name in results.strategy_names if name != results.baseline]
    panels = [("npv_eur", results.strategy_names, f"NPV [million {currency}]")]
    if others:
        panels.append(("delta_npv_eur", others, f"NPV less that of the baseline [million {currency}]"))
    figure = new_figure(1.4 + 3.8 * len(panels))
    for axes, (column, names, label) in zip(figure.subplots(len(panels), 1, squeeze=False)[:, 0], panels, strict=True):
        _panel(axes, results, column, names, label)
    heading(
        figure,
        "Chance of at least so much",
        f"{results.n_paths:,} lifetimes, the same for every strategy. Read: the share of lifetimes in which a strategy "
        "is worth at least the value below. Bands: 95 % interval of the sampling error.",
    )
    return figure


def _panel(axes: Any, results: Results, column: str, names: list[str], label: str) -> None:
    import seaborn as sns

    marks = looks(results)
    values = np.asarray(results.column(column)) / MILLION
    picked = {name: np.sort(values[:, results.strategy_names.index(name)]) for name in names}
    low = min(float(np.quantile(v, SHOWN[0])) for v in picked.values())
    high = max(float(np.quantile(v, SHOWN[1])) for v in picked.values())
    at = np.linspace(low, high if high > low else low + 1.0, POINTS)
    for k, (name, ordered) in enumerate(picked.items()):
        share = 1.0 - np.searchsorted(ordered, at, side="left") / ordered.size
        error = Z * np.sqrt(share * (1.0 - share) / ordered.size)
        axes.fill_between(
            at, PERCENT * (share - error), PERCENT * (share + error), color=marks[name].colour, alpha=0.18
        )
        how = marks[name].curve() | {"label": fill(marks[name].title, 30)}
        axes.plot(at, PERCENT * share, markevery=(20 + 14 * k, 80), **how)
    axes.axvline(0.0, color=GREY, linewidth=1.2)
    axes.set(ylim=(0, 101), ylabel="% of lifetimes", xlabel=label, xlim=(at[0], at[-1]))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9.5, labelspacing=1.0)
    sns.despine(ax=axes)

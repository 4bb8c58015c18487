"""Figure: from the NPV of the baseline to that of a strategy, one bar a line of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributions.estimate import Estimate
from studies.figures.style import BLUE, GREY, HATCHES, MILLION, VERMILION, fill, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from riskmodel.finance_report import FinanceReport
    from riskmodel.results import Results

LEAST_SHARE = 0.005
"""Lines below this share of the largest are one bar."""
BAR = 0.62


def draw_waterfall(results: Results, found: FinanceReport, name: str) -> Figure:
    """Bars from top to bottom: gains to the right, losses to the left, each from where the last one ended."""
    from studies.cli_finance import line_words

    currency = results.currency
    lines = found.waterfall[name]
    most = max((abs(value.value) for value in lines.values()), default=0.0)
    shown = {line_words(k): v for k, v in lines.items() if abs(v.value) >= LEAST_SHARE * most}
    rest = sum(v.value for v in lines.values()) - sum(v.value for v in shown.values())
    if len(shown) < len(lines):
        shown[f"{len(lines) - len(shown)} smaller lines"] = Estimate(rest, 0.0, results.n_paths)
    figure = new_figure(2.2 + 0.36 * (len(shown) + 1))
    axes = figure.subplots()
    _bars(axes, shown, found.measures[name]["delta_npv_eur:mean"])
    axes.set_xlabel(f"NPV less that of the baseline [million {currency}]")
    heading(
        figure,
        f"From {results.titles[results.baseline]} to {results.titles[name]}",
        f"Present value of each line of the ledger less that of the baseline, mean of {results.n_paths:,} lifetimes; "
        "+- is one standard error. Bars add up to the difference in NPV.",
    )
    return figure


def _bars(axes: Any, shown: dict[str, Estimate], total: Estimate) -> None:
    import seaborn as sns

    at, places = 0.0, len(shown)
    ends = [0.0]
    for k, value in enumerate(shown.values()):
        step, good = value.value / MILLION, value.value >= 0.0
        how = {"color": BLUE if good else VERMILION, "hatch": "" if good else HATCHES[1]}
        axes.barh(places - k, step, BAR, left=at, edgecolor="white", linewidth=0.8, **how)
        at += step
        axes.plot([at, at], [places - k - 1, places - k], color=GREY, linewidth=0.8)
        ends.append(at)
        _label(axes, places - k, value, at, step)
    axes.barh(0, total.value / MILLION, BAR, color=GREY, edgecolor="white")
    _label(axes, 0, total, total.value / MILLION, total.value / MILLION)
    width = (max(ends) - min(ends)) or 1.0
    axes.set_xlim(min(ends) - 0.16 * width, max(ends) + 0.16 * width)
    axes.set_yticks(range(places, -1, -1), [*(fill(words, 30) for words in shown), "all"])
    axes.axvline(0.0, color=GREY, linewidth=1.2)
    axes.grid(axis="y", visible=False)
    sns.despine(ax=axes, left=True)


def _label(axes: Any, place: float, value: Estimate, at: float, step: float) -> None:
    several = value.standard_error == 0.0  # a sum of small lines, whose errors are not independent
    known = str(Estimate(value.value, value.standard_error, value.n).scaled(1 / MILLION, ""))
    text = f"{value.value / MILLION:.2g}" if several else known
    right = step >= 0.0
    axes.annotate(
        text, (at, place), xytext=(4 if right else -4, 0), textcoords="offset points", fontsize=9,
        ha="left" if right else "right", va="center",
    )  # fmt: skip

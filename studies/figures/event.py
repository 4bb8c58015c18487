"""Figure: one event second by second and hour by hour: voltage, who carries the load, charge, GPUs at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributions.clock import MIN_PER_H, S_PER_H
from studies.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.event_story import Story

PERCENT = 100.0
VOLTAGE_IN, PANEL_IN, EDGE_IN = 1.3, 1.75, 1.7
LEAST_H = 1.0 / 60.0
SHORT_H = 2.0
BEFORE, BEHIND = 0.12, 0.06
LOOKS = {
    "grid": (SKY, "", "grid"),
    "ups": (ORANGE, "//", "UPS"),
    "cabinets": (BLUE, "..", "cabinets"),
    "gensets": (GREEN, "xx", "gensets"),
    "nothing": (VERMILION, "\\\\", "nothing"),
}
BAND, TOP = 0.14, 1.08


def draw_event(record: dict[str, Any]) -> Figure:
    """A panel for the voltage and one for each strategy.

    Parameters
    ----------
    record : dict, see `studies.explain_study.explain`, with title, path and seed
    """
    import seaborn as sns

    stories, facts = record["stories"], record["event"]
    figure = new_figure(EDGE_IN + VOLTAGE_IN + PANEL_IN * len(stories))
    panels = figure.subplots(
        len(stories) + 1, 1, sharex=True, squeeze=False, height_ratios=[VOLTAGE_IN, *[PANEL_IN] * len(stories)]
    )[:, 0]
    length = max(max(story.end_h for story in stories), facts["duration_s"] / S_PER_H, LEAST_H)
    factor, unit = (MIN_PER_H, "min") if length < SHORT_H else (1.0, "h")
    left, right = -BEFORE * length, (1.0 + BEHIND) * length
    _voltage(panels[0], facts, left, right, factor)
    for axes, story in zip(panels[1:], stories, strict=True):
        _strategy(axes, story, record["charge"][story.strategy], left, right, factor)
    panels[-1].set_xlim(left * factor, right * factor)
    panels[-1].set_xlabel(f"Time since the event began, {unit}")
    for axes in panels:
        sns.despine(ax=axes)
    _legend(panels[1], stories)
    heading(
        figure,
        f"Year {facts['year']}, {facts['date']}: what happens in path {record['path']}, event {facts['event']}",
        f"{record['title']}; seed {record['seed']}. Bars: who carries the load. Black line: work rate of the GPUs "
        "with power, 100 % before. Grey dashes: charge of the cabinets, at the end of each hour outside the event. "
        "Spans too short to see are in the text.",
    )
    return figure


def _voltage(axes: Axes, facts: dict[str, Any], left: float, right: float, factor: float) -> None:
    end = facts["duration_s"] / S_PER_H
    low = 1.0 if facts["cause"] == "curtailment" else facts["residual_voltage"]
    hours = [left, 0.0, 0.0, end, end, right]
    axes.plot([h * factor for h in hours], [1.0, 1.0, low, low, 1.0, 1.0], color=BLACK, linewidth=1.6)
    axes.set(ylim=(-0.08, 1.15), ylabel="Voltage")
    axes.set_yticks([0.0, 0.5, 1.0], ["0", "50 %", "100 %"])


def _strategy(
    axes: Axes, story: Story, charge: list[tuple[float, float]], left: float, right: float, factor: float
) -> None:
    end = max([span.end_h for span in story.carriers], default=0.0)
    spans = [(left, 0.0, "grid"), *story.carriers, (end, right, "grid")]
    for start, stop, what in spans:
        colour, hatch, _ = LOOKS[str(what)]
        axes.broken_barh(
            [(start * factor, (stop - start) * factor)], (-BAND - 0.05, BAND), facecolor=colour, hatch=hatch,
            edgecolor="white", linewidth=0.0,
        )  # fmt: skip
    hours, rates = [left, 0.0], [1.0, 1.0]
    for span in story.work:
        hours += [span.start_h, span.end_h]
        rates += [float(span.what), float(span.what)]
    last = story.work[-1].end_h if story.work else 0.0
    hours, rates = [*hours, last, right], [*rates, 1.0, 1.0]
    axes.plot([h * factor for h in hours], rates, color=BLACK, linewidth=2.0, zorder=3)
    if charge:
        inside = [(h, c) for h, c in charge if left <= h <= right]
        axes.plot([h * factor for h, _ in inside], [c for _, c in inside], color=GREY, linestyle=(0, (4, 2)), zorder=2)
    axes.set(ylim=(-BAND - 0.08, TOP))
    axes.set_yticks([0.0, 0.5, 1.0], ["0", "50 %", "100 %"])
    lost = sum(story.lost.values())
    axes.set_title(f"{story.strategy}: {lost:,.0f} GPU-hours, {sum(story.eur.values()):,.0f} EUR lost", fontsize=11)


def _legend(axes: Axes, stories: list[Story]) -> None:
    from matplotlib.patches import Patch

    used = {"grid", *(str(span.what) for story in stories for span in story.carriers)}
    marks = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=words)
        for name, (colour, hatch, words) in LOOKS.items()
        if name in used
    ]
    axes.legend(
        handles=marks, title="Who carries", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9.5
    )

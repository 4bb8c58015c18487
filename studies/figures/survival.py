"""Figures: chance of carrying the load by length of the outage, and by the hour and month it begins in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from studies.figures.style import COLOURS, LINES, MARKERS, Look, heading, label_ends, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PERCENT = 100.0
CURVES_IN, PANEL_IN, EDGE_IN = 6.4, 2.7, 1.3
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COLUMNS = 2
LEAST_CONTRAST = 0.8
"""A map begins at this share of its highest value or below, so that chance does not look like a pattern."""


def _looks(record: dict[str, Any]) -> list[Look]:
    return [
        Look(found["title"], COLOURS[k % len(COLOURS)], LINES[k % len(LINES)], MARKERS[k % len(MARKERS)], "")
        for k, found in enumerate(record["strategies"])
    ]


def draw_survival_curves(record: dict[str, Any]) -> Figure:
    """One panel for the full load and one for the capped; a curve a strategy.

    Parameters
    ----------
    record : dict, see `studies.survival_study.of_study`
    """
    import seaborn as sns

    figure = new_figure(CURVES_IN)
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    capped = f"GPUs capped to {record['capped_power_share'] * PERCENT:g} % of the load where storage alone carries it"
    titles = {"full": "Full load", "capped": capped}
    for axes, (load, title) in zip(panels, titles.items(), strict=True):
        _curves(axes, record, load)
        axes.set_title(title)
        sns.despine(ax=axes)
    panels[-1].set_xlabel("Length of the outage, h")
    heading(
        figure,
        "Chance that the load is carried, by length of the outage",
        f"{record['title']}. {record['paths']:,} lifetimes of {record['years']} years; an outage each month, at any "
        "hour, once a strategy has its connection and assets. Mean over hours, months and years. In brackets: chance "
        f"at {record['duration_h']:g} h. Time on a logarithmic scale.",
    )
    return figure


def _curves(axes: Axes, record: dict[str, Any], load: str) -> None:
    hours, ends = record["durations_h"], []
    for k, (found, look) in enumerate(zip(record["strategies"], _looks(record), strict=True)):
        chances = [number["value"] if number else math.nan for number in found["loads"][load]["by_duration"]]
        axes.plot(hours, chances, markevery=(k, 6), **{**look.curve(), "linewidth": 1.8})
        if not math.isnan(chances[-1]):
            ends.append((chances[-1], look, f"{found['name']} ({chances[-1] * PERCENT:.1f} %)"))
    axes.set_xscale("log")
    axes.set(xlim=(hours[0], hours[-1]), ylim=(-0.03, 1.03), ylabel="Chance")
    ticks = [(1 / 60, "1 min"), (0.25, "15 min"), (1.0, "1"), (2.0, "2"), (4.0, "4"), (12.0, "12"), (24.0, "24")]
    ticks += [(48.0, "48"), (168.0, "168"), (336.0, "336")]
    shown = [tick for tick in ticks if hours[0] <= tick[0] <= hours[-1]]
    axes.set_xticks([place for place, _ in shown], [text for _, text in shown])
    axes.xaxis.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * PERCENT:.0f} %")
    label_ends(axes, ends, lines=1)


def draw_survival_hours(record: dict[str, Any]) -> Figure:
    """A map of hour by month for each strategy that carries anything: mean time the full load is carried.

    Parameters
    ----------
    record : dict, see `studies.survival_study.of_study`
    """
    loads = [(found["name"], found["loads"]["full"]) for found in record["strategies"]]
    shown = [(name, load) for name, load in loads if load["mean_hours"] and load["mean_hours"]["value"] > 0.0]
    lines = max(math.ceil(len(shown) / COLUMNS), 1)
    figure = new_figure(EDGE_IN + PANEL_IN * lines)
    panels = figure.subplots(lines, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    for k, (axes, (name, load)) in enumerate(zip(panels, shown, strict=False)):
        cells = load["mean_hours_by_month_and_start_hour"]
        hours = np.array([[number["value"] if number else math.nan for number in line] for line in cells])
        low, high = float(np.nanmin(hours)), float(np.nanmax(hours))
        image = axes.imshow(hours, aspect="auto", cmap="cividis", vmin=min(low, LEAST_CONTRAST * high), vmax=high)
        axes.set_title(f"{name} (mean {load['mean_hours']['value']:.3g} h)")
        axes.grid(visible=False)
        axes.set_yticks(range(0, 12, 2), MONTHS[::2])
        axes.set_xticks(range(0, 24, 4), [f"{hour:02d}" for hour in range(0, 24, 4)])
        if k + COLUMNS >= len(shown):
            axes.set_xlabel("Hour in which the outage begins")
            axes.tick_params(labelbottom=True)
        figure.colorbar(image, ax=axes, label="h", format="%.3g")
    heading(
        figure,
        f"How long the full load is carried of an outage of {record['duration_h']:g} h, by hour and month",
        f"{record['title']}. Mean time in hours, of at most {record['duration_h']:g}, by the month and the hour of "
        f"the day (local standard time) in which the outage begins; each map has its own scale. {record['paths']:,} "
        f"lifetimes of {record['years']} years. A cell has about {record['paths'] * record['years'] / 24:,.0f} "
        "outages, so neighbours differ by chance too.",
    )
    return figure

"""Figure: one week of one lifetime hour by hour, around an interruption."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, HOURS_PER_WEEK, HOURS_PER_YEAR, KW_PER_MW, S_PER_H
from riskmodel.event_files import event_groups
from studies.figures.style import GREY, ORANGE, VERMILION, fill, heading, looks, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from riskmodel.results import Results

    Hours = NDArray[np.float64]

DAYS_BEFORE = 3
LONGEST_H = 12.0
"""The longest interruption of at most this is chosen: long enough to be seen, short enough to see the week too."""
SHORTEST_SHOWN_H = 1.0
"""An interruption this short is still drawn this wide."""
SEEN_CAUSES = ("momentary", "sustained", "extreme")
DAYS = np.arange(HOURS_PER_WEEK + 1) / HOURS_PER_DAY


class Moment(NamedTuple):
    """An interruption of one path: `hour` from the start of the run."""

    path: int
    hour: float
    duration_h: float
    cause: str


def choose_moment(results: Results) -> Moment | None:
    """The longest interruption of up to half a day among the first events of the run; None if there is none."""
    columns = ["path", "year", "hour", "duration_s", "cause"]
    first = next(event_groups(results.folder, columns), None)
    if first is None:
        return None
    events = first.to_pandas()
    seen = events[events["cause"].isin(SEEN_CAUSES) & (events["duration_s"] <= LONGEST_H * S_PER_H)]
    if seen.empty:
        return None
    row = seen.loc[seen["duration_s"].idxmax()]
    hour = (int(row["year"]) - 1) * HOURS_PER_YEAR + float(row["hour"])
    return Moment(int(row["path"]), hour, float(row["duration_s"]) / S_PER_H, str(row["cause"]))


def choose_strategies(results: Results) -> tuple[list[str], str | None]:
    """Strategies to draw (the baseline, the best with and without storage) and the one whose storage is shown."""
    owns = {name: strategy.storage is not None for name, strategy in results.study.strategies.items()}
    gain = dict(zip(results.strategy_names, results.column("delta_npv_eur").mean(axis=0), strict=True))
    others = [name for name in results.strategy_names if name != results.baseline]
    without = max((name for name in others if not owns[name]), key=gain.__getitem__, default=None)
    having = max((name for name in others if owns[name]), key=gain.__getitem__, default=None)
    stored = having or (results.baseline if owns[results.baseline] else None)
    return [name for name in results.strategy_names if name == results.baseline or name in (without, having)], stored


def draw_week(results: Results, trace_week: Callable[..., dict[str, Any]]) -> Figure:
    """Price, PV, import, battery power and state of charge over seven days; the interruption is shaded."""
    moment = choose_moment(results)
    path, first = (moment.path if moment else 0), first_hour(results, moment)
    trace = trace_week(results.study, results.seed, path, first, HOURS_PER_WEEK)
    shown, stored = choose_strategies(results)
    figure = new_figure(10.5 if stored else 7.5)
    heights = [1.0, 0.7, 1.3, 1.0, 1.0] if stored else [1.0, 0.7, 1.3]
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _market(panels, trace)
    _imports(panels[2], results, trace, shown)
    if stored:
        _storage(panels[3:], results, trace["strategies"][stored], stored)
    for axes in panels:
        _shade(axes, moment, first)
    panels[-1].set(xlim=(0, DAYS[-1]), xlabel="Days (ticks at midnight)")
    panels[-1].set_xticks(range(int(DAYS[-1]) + 1))
    heading(figure, "One week of one lifetime", _note(moment, path, first))
    return figure


def first_hour(results: Results, moment: Moment | None) -> int:
    """Midnight some days before the moment, so that the whole week lies within the run."""
    if moment is None:
        return 0
    day = int(moment.hour) // HOURS_PER_DAY - DAYS_BEFORE
    return min(max(0, day * HOURS_PER_DAY), results.n_years * HOURS_PER_YEAR - HOURS_PER_WEEK)


def _note(moment: Moment | None, path: int, first: int) -> str:
    year, day = divmod(first // HOURS_PER_DAY, DAYS_PER_YEAR)
    when = f"Lifetime {path}, year {year + 1}, from its day {day + 1}."
    if moment is None:
        return f"{when} No interruption among the first events of the run."
    return f"{when} Shaded: {moment.cause} interruption of {moment.duration_h:.1f} h. Import below zero is sold energy."


def _steps(axes: Axes, values: Hours, **how: Any) -> None:
    """Hour t holds from t to t + 1."""
    axes.step(DAYS, np.append(values, values[-1]), where="post", **how)


def _areas(axes: Axes, values: Hours, **how: Any) -> None:
    axes.fill_between(DAYS, 0.0, np.append(values, values[-1]), step="post", linewidth=0, **how)


def _market(panels: Any, trace: dict[str, Any]) -> None:
    _steps(panels[0], trace["price_eur_per_mwh"], color="black", linewidth=1.5)
    panels[0].set(title="Day-ahead price", ylabel="[EUR/MWh]")
    pv = trace["pv_kw_per_kwp"]
    _areas(panels[1], pv, color=ORANGE, alpha=0.5, hatch="..")
    panels[1].set(title="PV output", ylabel="[kW per kWp]", ylim=(0.0, max(0.1, 1.05 * float(np.max(pv)))))


def _imports(axes: Axes, results: Results, trace: dict[str, Any], shown: list[str]) -> None:
    marks = looks(results)
    for index, name in enumerate(shown):
        look = marks[name]
        every = (3 + 7 * index, HOURS_PER_DAY)
        hourly = trace["strategies"][name]["import_kw"] / KW_PER_MW
        _steps(axes, hourly, label=fill(look.title, 26), markevery=every, **look.curve())
    axes.set(title="Power from the grid", ylabel="Import [MW]")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9.5)


def _storage(panels: Any, results: Results, hourly: dict[str, Hours], name: str) -> None:
    look = looks(results)[name]
    power = (hourly["discharge_kw"] - hourly["charge_kw"]) / KW_PER_MW
    _areas(panels[0], power, color=look.colour, alpha=0.45, hatch=look.hatch)
    title = f"Battery cabinets, {look.title}: discharging above zero, charging below"
    panels[0].set(title=fill(title, 88), ylabel="Power [MW]")
    panels[0].axhline(0.0, color=GREY, linewidth=1)
    _steps(panels[1], 100.0 * hourly["state_of_charge"], color=look.colour, linewidth=1.7)
    panels[1].set(title="Energy in these cabinets", ylabel="State of charge [%]", ylim=(-3, 103))


def _shade(axes: Axes, moment: Moment | None, first: int) -> None:
    import seaborn as sns

    if moment is not None:
        start = (moment.hour - first) / HOURS_PER_DAY
        end = start + max(moment.duration_h, SHORTEST_SHOWN_H) / HOURS_PER_DAY
        axes.axvspan(start, end, color=VERMILION, alpha=0.25, hatch="xx", linewidth=0)
    sns.despine(ax=axes)

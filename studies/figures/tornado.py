"""Figure: a tornado: how far the mean result moves as one input goes from its P10 to its P90, beside its share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from studies.figures.style import BLACK, BLUE, GREY, HATCHES, VERMILION, fill, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST, BAR, BAND, PERCENT = 12, 0.7, 1.96, 100.0


def draw_tornado(record: dict[str, Any], found: dict[str, Any]) -> Figure:
    """Bars of the inputs that move the result most; on the right, shares of the variance with 95 % bands.

    Parameters
    ----------
    record : dict, see `studies.cli_sensitivity`
    found : dict, one of its results
    """
    from studies.cli_sensitivity import scale_of

    factor, unit = scale_of(found["sd"], found["unit"])
    rows = sorted(found["inputs"], key=_reach, reverse=True)[:MOST][::-1]
    figure = new_figure(2.6 + 0.36 * len(rows))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[2.2, 1.0])
    _bars(left, rows, factor)
    _shares(right, rows)
    left.set_xlabel(f"mean result less that of all paths [{unit}]")
    right.set_xlabel("variance, alone [%]")
    left.legend(loc="lower right", frameon=True, fontsize=9.5)
    heading(
        figure,
        f"What moves {found['metric']} of {record['strategy']}",
        f"{record['study']['title']}; {record['paths']:,} lifetimes, seed {record['seed']}. Each bar: mean over the "
        "tenth of the lifetimes around the input's P10 or P90 (a class: its lowest and highest), what the other inputs "
        "do taken off; lines: 95 % intervals of the sampling error. The largest swings are shown. Right: share of the "
        "variance that the input explains by itself.",
    )
    return figure


def _reach(one: dict[str, Any]) -> float:
    ends = [one[key]["value"] for key in ("change_at_p10", "change_at_p90") if one[key]["value"] is not None]
    return max((abs(end) for end in ends), default=0.0)


def _bars(axes: Any, rows: list[dict[str, Any]], factor: float) -> None:
    import seaborn as sns

    looks = (("change_at_p10", BLUE, HATCHES[1], "input at its P10"), ("change_at_p90", VERMILION, "", "at its P90"))
    for shift, (key, colour, hatch, words) in zip((0.18, -0.18), looks, strict=True):
        places = [k + shift for k in range(len(rows))]
        values = [_finite(one[key]["value"]) * factor for one in rows]
        errors = [BAND * _finite(one[key]["standard_error"]) * factor for one in rows]
        axes.barh(places, values, BAR / 2, color=colour, hatch=hatch, edgecolor="white", linewidth=0.8, label=words)
        axes.errorbar(values, places, xerr=errors, fmt="none", ecolor=BLACK, elinewidth=1.1, capsize=2.5)
    axes.axvline(0.0, color=GREY, linewidth=1.2)
    axes.set_yticks(range(len(rows)), [_label(one) for one in rows])
    axes.tick_params(axis="y", labelsize=9)
    axes.grid(axis="y", visible=False)
    sns.despine(ax=axes, left=True)


def _label(one: dict[str, Any]) -> str:
    unit = f" {one['unit']}" if one["unit"] else ""
    name = one["input"].replace("_", " ").replace(".", ": ", 1)
    return f"{fill(name, 44)}\n{one['p10']:.3g} to {one['p90']:.3g}{unit}"


def _shares(axes: Any, rows: list[dict[str, Any]]) -> None:
    import seaborn as sns

    for k, one in enumerate(rows):
        low, high = (_finite(one[key]) * PERCENT for key in ("first_order_low", "first_order_high"))
        axes.plot([low, high], [k, k], color=BLACK, linewidth=2.0)
        axes.plot([_finite(one["first_order"]["value"]) * PERCENT], [k], "D", color=BLACK, markeredgecolor="white")
    axes.axvline(0.0, color=GREY, linewidth=1.2)
    axes.grid(axis="y", visible=False)
    sns.despine(ax=axes, left=True)


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0

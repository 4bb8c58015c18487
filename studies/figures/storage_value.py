"""Figure: what one more MWh of storage is worth, by what it earns and costs, from one size to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.figures.style import BLACK, BLUE, GREEN, GREY, HATCHES, ORANGE, SKY, VERMILION, fill, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 6.4
THOUSAND, BAND, BAR = 1e3, 1.96, 0.62
TITLES = {"count": "More cabinets", "duration": "More hours in each cabinet"}
LOOKS = (
    ("bought", "cabinets: price, replacement", VERMILION, HATCHES[1]),
    ("serviced", "service, repair and fire", ORANGE, HATCHES[2]),
    ("energy", "energy bill", BLUE, HATCHES[0]),
    ("downtime", "downtime avoided", GREEN, HATCHES[3]),
    ("demand_response", "demand response", SKY, HATCHES[4]),
)


def draw_value(record: dict[str, Any]) -> Figure:
    """One panel a ladder, one bar a step with its parts stacked, and the net value with a 95 % interval.

    Parameters
    ----------
    record : dict, see `studies.storage_study.compare`
    """
    figure = new_figure(HEIGHT_IN)
    steps = {name: rows for name, rows in record["steps"].items() if rows}
    panels = figure.subplots(
        1, len(steps), sharey=True, squeeze=False, width_ratios=[max(len(rows), 2) for rows in steps.values()]
    )[0]
    for axes, (name, rows) in zip(panels, steps.items(), strict=True):
        _panel(axes, rows)
        axes.set_title(TITLES[name])
    panels[0].set_ylabel("Net present value [thousand EUR per MWh added]")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, frameon=False, fontsize=9.5)
    heading(
        figure,
        "What one more MWh of storage is worth",
        f"{record['strategy_title']}; each size less the next smaller one on the same {record['paths']:,} lifetimes "
        f"of {record['years']} years, discounted at {record['discount_rate_real'] * 100.0:g} % real, prices of "
        f"{record['price_year']}. Bars above 0 are gains, below 0 costs; diamond: their sum, with the 95 % interval of "
        f"the sampling error. Each MWh is bought at the study's price per kWh, whatever the hours.",
    )
    return figure


def _panel(axes: Axes, rows: list[dict[str, Any]]) -> None:
    import seaborn as sns

    above, below = [0.0] * len(rows), [0.0] * len(rows)
    for name, words, colour, hatch in LOOKS:
        values = [row[f"{name}_eur_per_mwh"]["value"] / THOUSAND for row in rows]
        if not any(values):
            continue
        bottoms = [above[k] if value > 0.0 else below[k] for k, value in enumerate(values)]
        look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.8}
        axes.bar(range(len(rows)), values, BAR, bottom=bottoms, label=words, **look)
        for k, value in enumerate(values):
            (above if value > 0.0 else below)[k] += value
    net = [row["npv_eur_per_mwh"] for row in rows]
    errors = [BAND * (number["standard_error"] or 0.0) / THOUSAND for number in net]
    values = [number["value"] / THOUSAND for number in net]
    axes.errorbar(
        range(len(rows)), values, yerr=errors, fmt="D", color=BLACK, markeredgecolor="white", markersize=8, capsize=4,
        label="sum", zorder=5,
    )  # fmt: skip
    axes.axhline(0.0, color=GREY, linewidth=1.2)
    axes.set_xticks(range(len(rows)), [_words(row) for row in rows])
    axes.tick_params(axis="x", labelsize=9)
    axes.grid(axis="x", visible=False)
    sns.despine(ax=axes)


def _words(row: dict[str, Any]) -> str:
    """Step in short: from 50 % to 75 %, and the energy it ends at."""
    text = f"from {row['from']} to {row['size']}"
    for long in (" of the cabinets", " at full power"):
        text = text.replace(long, "")
    text = text.replace(" h", "\u00a0h")  # a number stays with its unit
    return f"{fill(text, 13)}\n({row['energy_mwh']:.1f} MWh)"

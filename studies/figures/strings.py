"""Figure: usable energy of a cabinet by year, one converter per string against one for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.figures.style import BLACK, BLUE, GREY, LINES, VERMILION, Look, heading, label_ends, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = 4.0
EDGE_IN = 1.1
ROOM = 0.04
CARES = (
    ("balancing_and_swaps", "swapped", "D", LINES[3]),
    ("balancing", "balanced", "s", LINES[1]),
    ("none", "as built", "o", LINES[0]),
)
COLOURS = {"string": BLUE, "central": VERMILION}


def draw_strings(record: dict[str, Any]) -> Figure:
    """One panel a spread, six curves each, and the law without any spread.

    Parameters
    ----------
    record : dict, see `studies.strings_study.compare`
    """
    figure = new_figure(EDGE_IN + PANEL_IN * len(record["spreads"]))
    panels = figure.subplots(len(record["spreads"]), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    lowest = min(_curve(found, "central", "none")[-1] for found in record["spreads"])
    top = record["energy_kwh"]
    for axes, found in zip(panels, record["spreads"], strict=True):
        axes.set(xlim=(0, record["years"]), ylim=(lowest - ROOM * top, (1.0 + ROOM / 2) * top))
        _panel(axes, record, found)
    panels[-1].set_xlabel("Years in service")
    heading(
        figure,
        f"What {record['cabinets_in_parallel']} cabinets give as their modules grow apart",
        f"{record['title']}; {record['law_title']}; cycles a day: {record['cycles_per_day']:g}; {record['strings']} "
        f"strings of {record['modules_per_string']} modules; {record['paths']:,} lifetimes, mean, errors smaller than "
        f"the marks. String: a converter for each string; central: one for all. As built: states of charge differ. "
        f"Swapped: balanced, and the worst {record['swap_modules']} modules replaced each "
        f"{record['swap_every_years']} years. In brackets: share of the nameplate in the last year.",
    )
    return figure


def _curve(found: dict[str, Any], name: str, care: str) -> list[float]:
    return [number["value"] for number in found[name][care]["usable_kwh"]]


def _panel(axes: Axes, record: dict[str, Any], found: dict[str, Any]) -> None:
    import seaborn as sns

    years = list(range(record["years"] + 1))
    axes.plot(years, record["no_spread_kwh"], color=GREY, linewidth=1.2, zorder=1)
    ends = [(record["no_spread_kwh"][-1], Look("", BLACK, "-", "", ""), _label("no spread", record, found, None))]
    for k, (care, words, marker, line) in enumerate(CARES):
        for name, colour in COLOURS.items():
            values, look = _curve(found, name, care), Look(name, colour, line, marker, "")
            axes.plot(years, values, markevery=(k, 3), **{**look.curve(), "linewidth": 1.7, "markersize": 5})
            ends.append((values[-1], look, _label(f"{name}, {words}", record, found, values[-1])))
    axes.set_ylabel("Usable energy [kWh per cabinet]")
    axes.locator_params(axis="x", integer=True)
    axes.set_title(f"Spread between modules {found['spread']:g} x published")
    label_ends(axes, ends, lines=1)
    sns.despine(ax=axes)


def _label(text: str, record: dict[str, Any], found: dict[str, Any], value: float | None) -> str:
    last = record["no_spread_kwh"][-1] if value is None else value
    return f"{text} ({100.0 * last / record['energy_kwh']:.1f} %)"

"""Figure: usable capacity by years in service, by ageing law, of cells that are never renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.figures.style import BLACK, BLUE, GREEN, LINES, VERMILION, Look, heading, label_ends, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_IN = 5.2
ROOM, PERCENT = 0.02, 100.0
LOOKS = {
    "blast_lfp_250ah": (BLUE, LINES[0], "o"),
    "blast_sony_murata": (GREEN, LINES[2], "^"),
    "naumann_2020": (VERMILION, LINES[3], "D"),
    "all": (BLACK, LINES[1], "s"),
}


def draw_capacity(record: dict[str, Any]) -> Figure:
    """Mean of each law's paths and of all, with the band that holds 90 % of the paths.

    Parameters
    ----------
    record : dict, see `studies.storage_study.compare`
    """
    import seaborn as sns

    figure = new_figure(HEIGHT_IN)
    axes = figure.subplots()
    years, ends = list(range(record["years"] + 1)), []
    by_year = record["capacity_by_year"]
    shown = {name: curve for name, curve in by_year.items() if name != "all" or len(by_year) > 2}
    for k, (name, curve) in enumerate(shown.items()):
        colour, line, marker = LOOKS[name]
        look = Look(name, colour, line, marker, "")
        if name != "all":
            axes.fill_between(years, curve["p5"], curve["p95"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(years, curve["mean"], markevery=(k, 4), **{**look.curve(), "linewidth": 1.8})
        words = "all paths" if name == "all" else name
        ends.append((curve["mean"][-1], look, f"{words} ({curve['mean'][-1] * PERCENT:.1f} %)"))
    axes.set(xlim=(0, record["years"]), xlabel="Years in service", ylabel="Usable share of new energy")
    low = min(min(curve["p5"]) for curve in shown.values())
    axes.set_ylim(low - ROOM, 1.0 + ROOM / 2)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * PERCENT:.0f} %")
    axes.locator_params(axis="x", integer=True)
    label_ends(axes, ends, lines=1)
    sns.despine(ax=axes)
    heading(
        figure,
        "What is left of the cells, by ageing law",
        f"{record['strategy_title']}; cells in service from the first day and never renewed, in the duty that the "
        f"strategy's dispatch gives them. Each of {record['paths']:,} paths draws one law. Lines: mean; bands: 90 % of "
        f"the paths of a law. Usable: a string gives what its weakest cell allows. In brackets: mean in the last year.",
    )
    return figure

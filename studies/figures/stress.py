"""Figure: what each stress case does to the NPV difference of every strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.figures.style import BLACK, COLOURS, GREY, MARKERS, fill, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAND, ROOM = 1.96, 0.7


def draw_stress(record: dict[str, Any]) -> Figure:
    """One row a case, one mark a strategy: mean change of its NPV less the baseline's, with 95 % intervals.

    Parameters
    ----------
    record : dict, see `studies.stress_study.stress`
    """
    import seaborn as sns

    from studies.cli_stress import scale_of

    factor, unit = scale_of(record)
    cases = record["cases"][::-1]
    names = [name for name in record["strategies"] if name != record["baseline"]]
    figure = new_figure(2.4 + 0.42 * len(cases))
    axes = figure.subplots()
    step = ROOM / max(len(names), 1)
    for j, name in enumerate(names):
        changes = [case["strategies"][name]["delta_npv_eur"]["change"] for case in cases]
        places = [k + (len(names) - 1 - 2 * j) * step / 2 for k in range(len(cases))]
        place = list(record["strategies"]).index(name) % len(COLOURS)
        axes.errorbar(
            [change["value"] * factor for change in changes], places,
            xerr=[BAND * (change["standard_error"] or 0.0) * factor for change in changes],
            fmt=MARKERS[place], color=COLOURS[place], ecolor=BLACK, elinewidth=1.2, capsize=3, markersize=7,
            label=fill(record["strategies"][name], 38),
        )  # fmt: skip
    axes.axvline(0.0, color=GREY, linewidth=1.2)
    axes.set_yticks(range(len(cases)), [fill(case["title"], 34) for case in cases])
    axes.set_xlabel(f"change of the NPV less that of {record['strategies'][record['baseline']]} [{unit}]")
    axes.grid(axis="y", visible=False)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0.0, -0.16 * 6 / (2.4 + 0.42 * len(cases))),
        frameon=False,
        ncols=2,
        fontsize=9.5,
    )
    sns.despine(ax=axes, left=True)
    base = ", ".join(f"{name} {record['base'][name]['delta_npv_eur']['value']['value'] * factor:.3g}" for name in names)
    heading(
        figure,
        "What bad surprises change",
        f"{record['title']}. {record['paths']:,} lifetimes for each case, the same draws, seed {record['seed']}. As "
        f"the study says, the differences are: {base} {unit}. Lines: 95 % intervals of the sampling error. "
        f"Worst for {record['focus']} on top.",
    )
    return figure

"""Figure: mean against tail of every size, less those of the best one, with errors; the efficient ones joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.figures.style import BLACK, COLOURS, GREY, MARKERS, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_IN, BAND, PERCENT = 6.6, 1.96, 100.0
LABELS = ((-34, 22), (34, -22))


def draw_frontier(record: dict[str, Any]) -> Figure:
    """One point a size, against the best size of the middle appetite; one colour a value of the second field varied.

    Parameters
    ----------
    record : dict, see `studies.size_study.compare`
    """
    import numpy as np
    import seaborn as sns

    from studies.cli_sensitivity import scale_of
    from studies.cli_size import size_words

    best = record["best"][len(record["best"]) // 2]
    spread = max(abs(one["value"]) for one in best["mean_less_best_eur"] + best["cvar_less_best_eur"])
    factor, unit = scale_of(spread, "EUR")
    figure = new_figure(HEIGHT_IN)
    axes = figure.subplots()
    for k, (label, members) in enumerate(_series(record).items()):
        x, y = (
            [best[key][j]["value"] * factor for j in members] for key in ("cvar_less_best_eur", "mean_less_best_eur")
        )
        errors = [
            [BAND * (best[key][j]["standard_error"] or 0.0) * factor for j in members]
            for key in ("cvar_less_best_eur", "mean_less_best_eur")
        ]
        colour = COLOURS[(k + 2) % len(COLOURS)]
        axes.errorbar(
            x, y, xerr=errors[0], yerr=errors[1], fmt=MARKERS[k % len(MARKERS)], color=colour, ecolor=colour,
            elinewidth=1.0, capsize=2.5, markersize=7, markeredgecolor="white", label=label or None, zorder=3,
        )  # fmt: skip
        height = np.argsort(np.argsort(y))  # neighbours in height have their labels on different sides
        for place, j, a, b in zip(height, members, x, y, strict=True):
            axes.annotate(
                f"{record['sizes'][j]['values'][0]:g}", (a, b), LABELS[place % len(LABELS)], fontsize=9, zorder=4,
                textcoords="offset points", ha="center", va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.7, "shrinkA": 0.0, "shrinkB": 3.0},
            )  # fmt: skip
    efficient = sorted(
        (best["cvar_less_best_eur"][j]["value"] * factor, best["mean_less_best_eur"][j]["value"] * factor)
        for j, size in enumerate(record["sizes"])
        if size["efficient"]
    )
    axes.plot(*zip(*efficient, strict=True), color=GREY, linewidth=1.6, linestyle=(0, (6, 2)), zorder=2)
    here = best["size"]
    axes.plot([0.0], [0.0], "o", markersize=17, markerfacecolor="none", markeredgecolor=BLACK, markeredgewidth=1.6)
    axes.set_xlabel(f"CVaR: mean of the worst {record['tail_share'] * PERCENT:g} % of paths, less the best's [{unit}]")
    axes.set_ylabel(f"mean less the best's [{unit}]")
    if len(record["varied"]) > 1:
        axes.legend(loc="lower right", frameon=True, fontsize=9.5)
    sns.despine(ax=axes)
    heading(
        figure,
        f"How large to build {record['strategy']}: mean against tail",
        f"{record['strategy_title']}; {record['metric'].removesuffix('_eur')} over {record['years']} years, "
        f"{record['paths']:,} lifetimes, the same for every size. Numbers: {_first(record)}. Ring: the best for "
        f"appetite {best['appetite']:g}, {size_words(record, record['sizes'][here]['values'])}. Crosses: 95 % "
        "intervals of the differences, path by path. Dashed: sizes that no other beats in both.",
    )
    return figure


def _first(record: dict[str, Any]) -> str:
    return str(record["varied"][0]["field"].rpartition(".")[2].replace("_", " "))


def _series(record: dict[str, Any]) -> dict[str, list[int]]:
    """Sizes by the values of all fields but the first."""
    found: dict[str, list[int]] = {}
    names = [vary["field"].rpartition(".")[2].replace("_", " ") for vary in record["varied"][1:]]
    for j, size in enumerate(record["sizes"]):
        rest = [f"{name} {value:g}" for name, value in zip(names, size["values"][1:], strict=True) if value is not None]
        found.setdefault(", ".join(rest) or ("none" if names else ""), []).append(j)
    return found

"""Figure: share of time by number of cabinets that are out, simulated beside the exact chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.figures.style import BLACK, BLUE, VERMILION, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_IN = 4.6
BAND = 1.96
LEAST_SHARE = 1e-9
OFFSET = 0.16


def draw_availability(availability: dict[str, Any]) -> Figure:
    """Dots on a logarithmic scale: simulated with a 95 % interval, exact, and with crews and spares without limit.

    Parameters
    ----------
    availability : dict, see `studies.storage_study.compare`
    """
    import seaborn as sns
    from matplotlib.ticker import NullLocator

    figure = new_figure(HEIGHT_IN)
    axes = figure.subplots()
    rows, n = availability["rows"], availability["cabinets"]
    shares = [row["simulated"]["value"] for row in rows]
    errors = [BAND * (row["simulated"]["standard_error"] or 0.0) for row in rows]
    lower = [min(error, share * 0.999) for error, share in zip(errors, shares, strict=True)]
    how: dict[str, Any] = {"markersize": 8, "capsize": 4, "linestyle": "none"}
    places = list(range(len(rows)))
    axes.errorbar(places, shares, yerr=[lower, errors], marker="o", color=BLUE, label="simulated fleets", **how)
    if rows[0]["exact"] is not None:
        exact = [row["exact"] for row in rows]
        look: dict[str, Any] = {"color": BLACK, "markersize": 16, "markeredgewidth": 2.2}
        axes.plot([k + OFFSET for k in places], exact, "_", label="exact", **look)
    unlimited = [row["unlimited_crews"] for row in rows]
    axes.plot(
        [k - OFFSET for k in places], unlimited, "x", color=VERMILION, markersize=8, markeredgewidth=2,
        label="unlimited crews and spares, no group failures",
    )  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100.0:.7f}".rstrip("0").rstrip(".") + " %")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(max(LEAST_SHARE, min(x for x in (*shares, *unlimited) if x > 0.0) / 3.0), 2.0)
    words = [f"{row['out']} or more" if row["or_more"] else f"{row['out']}" for row in rows]
    axes.set_xticks(places, words)
    axes.set(xlabel=f"Cabinets out, of {n}", ylabel="Share of time, logarithmic")
    axes.legend(frameon=False, loc="upper right")
    sns.despine(ax=axes)
    cut = availability["exact_most_failed"]
    text = f"Exact: stationary law of the same chain, with at most {cut} failed at once. " if cut is not None else ""
    heading(
        figure,
        "How often all cabinets work",
        f"{availability['fleets']} fleets of {availability['years']} years after a first one, failures of two kinds "
        f"and of groups, with the study's crews and spares; 95 % intervals. {text}Fires are not in this figure.",
    )
    return figure

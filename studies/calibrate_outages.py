"""Report and figures of a fitted outage process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import MONTHS_PER_YEAR, S_PER_H
from distributions.parameters import OUTAGE_FAMILIES
from studies.calibrate_report import fact_table, figure, listing, page, paragraph, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from distributions.fit_outage_log import OutageCalibration

__all__ = ["draw_outages", "index_page", "outage_page", "outage_parts"]

BLACK, VERMILION = "#000000", "#D55E00"
FITTED = ("momentary", "sustained", "extreme")
FAMILY_HEAD = ("family", "rate a year", "clustering", "mean duration", "law", "its numbers [s]")


def outage_page(result: OutageCalibration) -> str:
    """HTML page of an outage calibration."""
    return page(f"Outage process of {result.record['meta']['source']}", outage_parts(result))


def index_page(record: dict[str, Any], text: str, words: list[str]) -> str:
    """HTML page of a record made from indices."""
    parts = [paragraph(text), "<h2>From customers to the site</h2>", listing(words), "<h2>Parameters</h2>",
             table(FAMILY_HEAD, _families(record, OUTAGE_FAMILIES))]  # fmt: skip
    return page("Outage process from indices", parts)


def outage_parts(result: OutageCalibration) -> list[str]:
    """Parts of the page: how it was read, facts, figures, threshold of the tail, causes, parameters."""
    meta = result.record["meta"]
    told = f"{meta['events_used']:,} events of {meta['window']}, {meta['site_years']:.4g} site-years."
    told += f" Source: {meta['source']}."
    kept = f"Held out of the fit: {meta['held_out']}. Sags, curtailment and the effect of weather: as {meta['base']}."
    tried = [
        (
            f"{choice.threshold_s / S_PER_H:.2f}",
            str(choice.exceedances),
            f"{choice.shape:.3f} +- {choice.shape_error:.3f}",
            f"{choice.scale_s / S_PER_H:.2f}",
            f"{choice.distance:.3f}",
            "taken" if choice.chosen else "",
        )
        for choice in result.tail
    ]
    causes = [
        (cause, f"{count:,}", f"{rate:.4g}", f"{median:.2f}", f"{high:.2f}")
        for cause, count, rate, median, high in result.causes
    ]
    return [
        paragraph(f"{told} {kept}"),
        paragraph(_conversion(meta["site_factor"])),
        fact_table(result.facts, result.simulated.years),
        figure(draw_outages(result), "Durations and seasons of the log and the simulation"),
        "<h2>Threshold of the tail</h2>",
        paragraph("The one whose generalised Pareto law lies closest to the log. A shape above 0 is a heavy tail."),
        table(("threshold [h]", "events beyond", "shape", "scale [h]", "distance", ""), tried),
        "<h2>By cause</h2>",
        table(("cause", "events", "a site-year", "median [h]", "90 % quantile [h]"), causes),
        "<h2>Parameters</h2>",
        paragraph(
            "Rate at the site, with its standard error; the mean duration with its own; a clustering of 0 is none."
        ),
        table(FAMILY_HEAD, _families(result.record, FITTED)),
        "<h2>How the file was read</h2>",
        listing(result.notes),
    ]


def _conversion(factor: float) -> str:
    if factor == 1.0:
        return (
            "Rates are those of the log: means over its sites or customers. A site on a higher voltage is not an "
            "average customer; give --site-factor with what is known of the connection."
        )
    return f"Rates in the file are those of the log times {factor:g} (site factor); the facts compare the log itself."


def _families(record: dict[str, Any], families: Sequence[str]) -> list[tuple[str, ...]]:
    from distributions.laws import from_spec

    rows: list[tuple[str, ...]] = []
    for family in families:
        part, errors = record[family], record["uncertainty"].get(family, {})
        rate, law = part["rate_per_year"], from_spec(part["duration_s"])
        rate_error, mean_error = errors.get("rate_log_se", 0.0), errors.get("duration_log_se", 0.0)
        numbers = ", ".join(f"{key} {value:.4g}" for key, value in part["duration_s"].items() if key != "law")
        rows.append(
            (
                family,
                f"{rate:.4g} +- {rate * rate_error:.2g}" if rate_error else f"{rate:.4g}",
                f"{part['dispersion']:.3g}",
                _mean_words(law.mean(), mean_error),
                law.name.replace("_", " "),
                numbers,
            )
        )
    return rows


def _mean_words(mean_s: float, log_error: float) -> str:
    """Mean duration in the unit that suits it."""
    size, unit = (S_PER_H, "h") if mean_s >= S_PER_H else (60.0, "min") if mean_s >= 60.0 else (1.0, "s")
    error = f" +- {mean_s * log_error / size:.2g}" if log_error else ""
    return f"{mean_s / size:.3g}{error} {unit}"


def draw_outages(result: OutageCalibration) -> Figure:
    """Two panels: share of interruptions that last longer; share by month."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(10.0, 4.0), layout="constrained")
    left, right = drawing.subplots(1, 2)
    months = np.arange(MONTHS_PER_YEAR)
    pairs = (("log", result.history, BLACK, "-"), ("simulated", result.simulated, VERMILION, "--"))
    for shift, (name, events, colour, line) in zip((-0.2, 0.2), pairs, strict=True):
        order = np.argsort(events.duration_s)
        weight = events.weight[order] / events.weight.sum()
        beyond = 1.0 - np.cumsum(weight) + 0.5 * weight
        left.plot(events.duration_s[order] / S_PER_H, beyond, color=colour, linestyle=line, label=name)
        share = np.bincount(events.month, weights=events.weight, minlength=MONTHS_PER_YEAR) / events.weight.sum()
        right.bar(months + shift, share, width=0.4, color=colour, label=name)
    for choice in result.tail:
        if choice.chosen:
            left.axvline(choice.threshold_s / S_PER_H, color="#5F5F5F", linewidth=1.0)
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_ylim(bottom=3e-4)
    left.set_xlabel("duration [h]; the line is the tail's threshold")
    left.set_ylabel("share of interruptions")
    left.set_title("Share that lasts longer", loc="left", fontsize=11)
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_formatter("{x:g}")
    right.set_xticks(months, list("JFMAMJJASOND"))
    right.set_ylabel("share of interruptions")
    right.set_title("Share by month", loc="left", fontsize=11)
    right.legend(frameon=False, loc="upper right", bbox_to_anchor=(1.0, 1.12), ncols=2)
    left.legend(frameon=False, loc="lower left")
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    return drawing

"""Report and figures of a fitted clearness process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distributions.clock import DAYS_PER_YEAR
from studies.calibrate_report import fact_table, figure, listing, page, paragraph, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from distributions.fit_irradiance_history import IrradianceCalibration

__all__ = ["draw_irradiance", "irradiance_page", "irradiance_parts"]

BLACK, VERMILION = "#000000", "#D55E00"
YEARS_DRAWN = 100
PARAMETERS = {
    "level": "level: shift of the clearness normal",
    "year_sd": "year_sd: standard deviation of its shift between years",
    "day_phi": "day_phi: correlation of a day with the next",
    "day_weight": "day_weight: the day's share of the variance",
    "hour_phi": "hour_phi: correlation of an hour with the next",
}


def irradiance_page(result: IrradianceCalibration) -> str:
    """HTML page of an irradiance calibration."""
    return page(f"Clearness process of {result.record['meta']['source']}", irradiance_parts(result))


def irradiance_parts(result: IrradianceCalibration) -> list[str]:
    """Parts of the page: how it was read, facts, figures, parameters."""
    meta, errors = result.record["meta"], result.record["uncertainty"]
    place = f"{meta['latitude_deg']:.2f} north, {meta['longitude_deg']:.2f} east"
    told = f"Fitted to {meta['hours_used']:,} hours by day of {meta['window']} at {place}. Source: {meta['source']}."
    known = dict(zip(errors["names"], errors["standard_error"], strict=True))
    rows = [
        (words, f"{result.record.get(name, 0.0):.4f}" if name != "level" else "0", f"{known[name]:.4f}")
        for name, words in PARAMETERS.items()
    ]
    rows.append(("quantiles of clearness, mean of 108", f"{np.mean(result.record['quantile']):.3f}", ""))
    return [
        paragraph(f"{told} Held out of the fit: {meta['held_out']}."),
        fact_table(result.facts, len(result.simulated) // DAYS_PER_YEAR),
        figure(draw_irradiance(result), "Hourly clearness, its hourly change and the years, history and simulation"),
        "<h2>Parameters</h2>",
        table(("parameter", "value", "standard error"), rows),
        paragraph(f"Spread of years: {meta['year_sd_from']}."),
        "<h2>How the file was read</h2>",
        listing(result.notes),
    ]


def draw_irradiance(result: IrradianceCalibration) -> Figure:
    """Three panels: hourly clearness, the size of its hourly change, and irradiation by year."""
    from matplotlib.figure import Figure

    from distributions.irradiance_history import LOWEST_CLEAR_SKY_W_PER_M2, by_day, clear_year

    drawing = Figure(figsize=(12.0, 4.0), layout="constrained")
    left, right, last = drawing.subplots(1, 3)
    history, _ = by_day(result.frame)
    run = result.simulated[: YEARS_DRAWN * DAYS_PER_YEAR]
    sky = np.tile(clear_year(result.frame), (len(run) // DAYS_PER_YEAR, 1))
    simulated = np.where(sky > LOWEST_CLEAR_SKY_W_PER_M2, run, np.nan)
    share = np.linspace(0.002, 0.998, 250)
    for name, values, colour, line in (("history", history, BLACK, "-"), ("simulated", simulated, VERMILION, "--")):
        known = values[np.isfinite(values)]
        left.hist(known, bins=np.linspace(0.0, 1.3, 53), density=True, histtype="step", color=colour, linestyle=line)
        ramp = np.abs(np.diff(values, axis=1))
        right.plot(share, np.quantile(ramp[np.isfinite(ramp)], share), color=colour, linestyle=line, label=name)
    left.set_title("Hourly clearness, density", loc="left", fontsize=11)
    left.set_xlabel("clearness")
    left.set_ylabel("share of hours per unit of clearness")
    right.set_title("Hourly change of clearness, in order", loc="left", fontsize=11)
    right.set_xlabel("share of hours below")
    right.set_ylabel("change of clearness")
    right.legend(frameon=False)
    _draw_years(last, result)
    for ax in (left, right, last):
        ax.spines[["top", "right"]].set_visible(False)
    return drawing


def _draw_years(ax: Axes, result: IrradianceCalibration) -> None:
    """Irradiation of the history's whole years over the spread of simulated ones."""
    from distributions.irradiance_history import by_day, clear_year, day_calendar
    from distributions.irradiance_years import annual_kwh

    clearness, clear = by_day(result.frame)
    sky = clear_year(result.frame)
    measured = np.sort(annual_kwh(clearness, clear, *day_calendar(result.frame, len(clearness)), sky))
    run = (result.simulated * np.tile(sky, (len(result.simulated) // DAYS_PER_YEAR, 1))).sum(axis=1)
    simulated = run.reshape(-1, DAYS_PER_YEAR).sum(axis=1) / 1000.0
    share = np.linspace(0.01, 0.99, 99)
    ax.plot(share, np.quantile(simulated, share), color=VERMILION, linestyle="--", label="simulated")
    if len(measured) > 1:
        places = (np.arange(len(measured)) + 0.5) / len(measured)
        ax.plot(places, measured, "o", color=BLACK, markersize=5, label="history, one point a year")
    ax.set_title("Irradiation by year, in order", loc="left", fontsize=11)
    ax.set_xlabel("share of years below")
    ax.set_ylabel("global horizontal [kWh/m2 a year]")
    ax.legend(frameon=False)

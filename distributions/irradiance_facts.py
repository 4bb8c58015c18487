"""What an irradiance history is checked for, and the same of a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, MONTH_OF_DAY
from distributions.facts import Fact, Rule, compare
from distributions.irradiance_history import LOWEST_CLEAR_SKY_W_PER_M2, by_day, clear_year, day_calendar, describe
from distributions.irradiance_years import WH_PER_KWH, annual_kwh

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RULES", "irradiance_facts", "validate_irradiance"]

RULES: dict[str, Rule] = {
    "clearness_mean": Rule("mean clearness, weighed by clear sky", relative=0.02, digits=3),
    "daily_sd": Rule("daily clearness, standard deviation", relative=0.10, digits=3),
    "daily_acf_1d": Rule("daily clearness, correlation with the day before", absolute=0.05, digits=3),
    "bimodality": Rule(
        "bimodality of hourly clearness, by clear sky (Sarle; above 0.555 two peaks)", absolute=0.05, digits=3
    ),
    "hourly_deviation_acf_1h": Rule("correlation of hourly deviations from the day", absolute=0.05, digits=3),
    "ramp_sd": Rule("hourly ramps of clearness, standard deviation", relative=0.15, digits=3),
    "ramp_q50": Rule("hourly ramps, size, median", relative=0.15, absolute=0.01, digits=3),
    "ramp_q90": Rule("hourly ramps, size, 90 % quantile", relative=0.15, absolute=0.01, digits=3),
    "ramp_q99": Rule("hourly ramps, size, 99 % quantile", relative=0.15, absolute=0.01, digits=3),
    "annual_kwh": Rule("annual irradiation [kWh/m2]", relative=0.02),
    "annual_cv": Rule("scatter of years / mean", band=True, digits=4),
    "p90_to_median": Rule("90 % chance of at least this / median, of years", band=True, digits=4),
}


def irradiance_facts(
    clearness: np.ndarray, clear: np.ndarray, year: np.ndarray, month: np.ndarray, sky: np.ndarray
) -> dict[str, float]:
    """Facts of hourly clearness.

    Parameters
    ----------
    clearness : (n_days, 24) float64
        NaN at a low sun or where unmeasured.
    clear : (n_days, 24) float64 [W/m2]
    year : (n_days,) int64
        Calendar year, or number of the year.
    month : (n_days,) int64
        From 0.
    sky : (365, 24) float64 [W/m2]
        Clear sky of a common year.

    Returns
    -------
    dict of float
        One value for each of ``RULES``.
    """
    facts: dict[str, Any] = describe(clearness, clear)
    ramp = np.diff(clearness, axis=1)
    ramp = ramp[np.isfinite(ramp)]
    size = np.abs(ramp)
    facts["ramp_sd"] = ramp.std()
    facts |= {f"ramp_q{100 * q:02.0f}": np.quantile(size, q) for q in (0.5, 0.9, 0.99)}
    annual = annual_kwh(clearness, clear, year, month, sky)
    facts["annual_kwh"] = facts["clearness_mean"] * sky.sum() / WH_PER_KWH
    facts["annual_cv"] = annual.std(ddof=1) / annual.mean() if len(annual) > 2 else np.nan
    facts["p90_to_median"] = np.quantile(annual, 0.1) / np.median(annual) if len(annual) > 2 else np.nan
    return {name: float(facts[name]) for name in RULES}


def validate_irradiance(frame: pd.DataFrame, simulated: np.ndarray, held_out: pd.DataFrame | None) -> list[Fact]:
    """Facts of a history beside those of a simulation.

    Parameters
    ----------
    frame, held_out : pandas.DataFrame
        From ``distributions.fit_irradiance.add_clear_sky``.
    simulated : (n_years * 365, 24) float64
        Clearness, from ``distributions.fit_irradiance.simulate``.

    Returns
    -------
    list of Fact
    """
    sky = clear_year(frame)
    target = _facts_of_frame(frame, sky)
    count = len(simulated) // DAYS_PER_YEAR
    years = max(1, round(len(frame) / HOURS_PER_DAY / DAYS_PER_YEAR))
    parts = [
        _facts_of_run(simulated[k * DAYS_PER_YEAR : (k + years) * DAYS_PER_YEAR], sky)
        for k in range(0, count - years + 1, max(years, count // 200))
    ]
    singles = [_facts_of_run(simulated[k * DAYS_PER_YEAR : (k + 1) * DAYS_PER_YEAR], sky) for k in range(0, count, 10)]
    later = None if held_out is None else _facts_of_frame(held_out, sky)
    made = _facts_of_run(simulated, sky)
    for name in ("annual_cv", "p90_to_median"):
        # few years read a smaller scatter and a milder quantile than many: compare like with like
        if years > 2:
            made[name] = float(np.mean([part[name] for part in parts]))
    return compare(RULES, target, made, parts, later, singles)


def _facts_of_frame(frame: pd.DataFrame, sky: np.ndarray) -> dict[str, float]:
    clearness, clear = by_day(frame)
    return irradiance_facts(clearness, clear, *day_calendar(frame, len(clearness)), sky)


def _facts_of_run(simulated: np.ndarray, sky: np.ndarray) -> dict[str, float]:
    years = len(simulated) // DAYS_PER_YEAR
    clear = np.tile(sky, (years, 1))
    run = np.where(clear > LOWEST_CLEAR_SKY_W_PER_M2, simulated, np.nan)
    year = np.repeat(np.arange(years), DAYS_PER_YEAR)
    return irradiance_facts(run, clear, year, np.tile(MONTH_OF_DAY, years), sky)

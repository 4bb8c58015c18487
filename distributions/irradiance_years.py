"""How much years differ: annual irradiation of a clearness series, and the yearly shift that makes it scatter so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.clock import DAYS_PER_YEAR, MONTH_OF_DAY, MONTHS_PER_YEAR

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JUDGED_YEAR_SD", "LEAST_YEARS", "YearSpread", "annual_kwh", "fit_years"]

JUDGED_YEAR_SD = 0.11
"""Taken where a history has too few years: the mean over Warsaw, Krakow and Babimost, 2016-2024 (reanalysis)."""

JUDGED_YEAR_SD_ERROR = 0.05
"""Standard error of it: judgement, the sampling error of one site's nine years."""

JUDGED_FREEDOM = 8
"""Years less one behind it: how much it weighs where a history has two or three years."""

JUDGED_FROM = "mean of three Polish sites, 2016-2024"

LEAST_YEARS = 4
TYPICAL_YEARS = 15.0
"""Years behind a typical year: judgement; sources take 10 to 30."""

LEAST_COVERAGE = 0.7
"""Share of a year's clear sky that must be measured for the year to count."""

LARGEST_YEAR_SD = 0.6
WH_PER_KWH = 1000.0
SPREAD_YEARS = 400
SPREAD_SEED = 20240301
PROBE = 0.1
REPEATS = 4000


class YearSpread(NamedTuple):
    """The shift of the clearness normal that a year keeps.

    Attributes
    ----------
    year_sd, year_sd_error : float
        Standard deviation between years, and its standard error.
    level_error : float
        Standard error of the long-run mean of the clearness normal: the history's years may all be bright ones.
    years : int
        Whole years in the history.
    told : str
        Where the number comes from.
    """

    year_sd: float
    year_sd_error: float
    level_error: float
    years: int
    told: str


def annual_kwh(
    clearness: np.ndarray, clear: np.ndarray, year: np.ndarray, month: np.ndarray, sky: np.ndarray
) -> np.ndarray:
    """Annual irradiation of each whole year.

    A month's mean clearness is put under the clear sky of a common year, so that hours that were not measured, and the
    leap day, make no difference; a month without measurements takes the mean of the other years.

    Parameters
    ----------
    clearness, clear : (n_days, 24) float64
        NaN at a low sun or where unmeasured; clear-sky irradiance [W/m2].
    year, month : (n_days,) int64
        Month from 0.
    sky : (365, 24) float64 [W/m2]
        Clear sky of a common year.

    Returns
    -------
    (n_years,) float64 [kWh/m2]
        Years of which enough was measured.
    """
    from distributions.irradiance_history import LOWEST_CLEAR_SKY_W_PER_M2

    first, count = int(year.min()), int(year.max() - year.min()) + 1
    place = (year - first) * MONTHS_PER_YEAR + month

    def by_month(values: np.ndarray) -> np.ndarray:
        total = np.bincount(place, weights=values.sum(axis=1), minlength=count * MONTHS_PER_YEAR)
        return total.reshape(count, MONTHS_PER_YEAR)

    high = clear > LOWEST_CLEAR_SKY_W_PER_M2
    measured = np.where(np.isfinite(clearness) & high, clear, 0.0)
    weight, energy = by_month(measured), by_month(np.nan_to_num(clearness) * measured)
    reference = np.bincount(MONTH_OF_DAY, weights=sky.sum(axis=1), minlength=MONTHS_PER_YEAR)
    mean = energy.sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
    index = np.where(weight > 0.0, energy / np.maximum(weight, 1e-9), mean)
    full = np.where(sky > LOWEST_CLEAR_SKY_W_PER_M2, sky, 0.0).sum()
    whole = weight.sum(axis=1) > LEAST_COVERAGE * full
    annual: np.ndarray = (index * reference).sum(axis=1)[whole] / WH_PER_KWH
    return annual


def fit_years(record: dict[str, Any], frame: pd.DataFrame, weather: dict[str, Any], *, typical: bool) -> YearSpread:
    """Standard deviation of the yearly shift: what the history's years scatter beyond the process without one.

    Parameters
    ----------
    record : dict
        Irradiance record fitted without ``year_sd``.
    frame : pandas.DataFrame
        From ``distributions.fit_irradiance.add_clear_sky``.
    weather : dict
    typical : bool
        Whether the history is a typical year, which says nothing of the scatter of years.

    Returns
    -------
    YearSpread
    """
    from scipy.stats import chi2

    from distributions.irradiance_history import by_day, clear_year, day_calendar

    clearness, clear = by_day(frame)
    year, month = day_calendar(frame, len(clearness))
    sky = clear_year(frame)
    years = annual_kwh(clearness, clear, year, month, sky)
    own_sd, slope = _response(record, sky, weather)
    freedom = max(len(years) - 1, 0)
    if typical or freedom == 0:
        spread, error = JUDGED_YEAR_SD, JUDGED_YEAR_SD_ERROR
        told = f"judgement: {'a typical year' if typical else 'one year'} cannot tell it; {JUDGED_FROM}"
    elif len(years) < LEAST_YEARS:
        judged = own_sd**2 + (slope * JUDGED_YEAR_SD) ** 2
        variance = (JUDGED_FREEDOM * judged + freedom * years.var(ddof=1)) / (JUDGED_FREEDOM + freedom)
        spread, error = float(_excess(variance, own_sd, slope)), JUDGED_YEAR_SD_ERROR
        told = f"judgement with {len(years)} years, which weigh {freedom} against {JUDGED_FREEDOM} of it; {JUDGED_FROM}"
    else:
        variance = float(years.var(ddof=1))
        # What the scatter would read if these years came again: the error without assuming it is far from zero.
        again = variance * chi2.ppf((np.arange(REPEATS) + 0.5) / REPEATS, freedom) / freedom
        spread = float(_excess(variance, own_sd, slope))
        error = float(_excess(again, own_sd, slope).std(ddof=1))
        told = f"matched to the standard deviation of {len(years)} years, {np.sqrt(variance):.1f} kWh/m2 a year"
    yearly = float(np.hypot(own_sd, slope * spread))
    behind = TYPICAL_YEARS if typical else max(len(frame) / (DAYS_PER_YEAR * 24.0), 1.0)
    return YearSpread(spread, error, yearly / slope / float(np.sqrt(behind)), len(years), told)


def _excess(variance: np.ndarray | float, own_sd: float, slope: float) -> np.ndarray:
    beyond: np.ndarray = np.sqrt(np.maximum(np.asarray(variance) - own_sd**2, 0.0)) / slope
    return np.minimum(beyond, LARGEST_YEAR_SD)


def _response(record: dict[str, Any], sky: np.ndarray, weather: dict[str, Any]) -> tuple[float, float]:
    """Standard deviation of simulated years without a yearly shift [kWh/m2], and what a shift of 1 adds [kWh/m2]."""
    from distributions.fit_irradiance import simulate, yearly_normals

    totals = []
    for probe in (0.0, PROBE):
        run = simulate(record | {"year_sd": probe}, SPREAD_YEARS, SPREAD_SEED, weather=weather)
        energy = (run * sky[np.arange(len(run)) % DAYS_PER_YEAR]).sum(axis=1)
        totals.append(energy.reshape(SPREAD_YEARS, DAYS_PER_YEAR).sum(axis=1) / WH_PER_KWH)
    normals = yearly_normals(SPREAD_YEARS, SPREAD_SEED)
    slope = float(normals @ (totals[1] - totals[0]) / (PROBE * normals @ normals))
    return float(totals[0].std(ddof=1)), slope

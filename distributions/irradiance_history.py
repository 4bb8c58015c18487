"""Measured irradiance by the hour: clear sky, clearness, PV power from it, and the facts of a history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, MIN_PER_H
from distributions.irradiance import MINUTES_IN_HOUR, PvChain, ac_power, clear_sky
from distributions.price_history import local_time
from distributions.table_reading import read_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LOWEST_CLEAR_SKY_W_PER_M2",
    "add_clear_sky",
    "by_day",
    "clear_year",
    "daily_clearness",
    "day_calendar",
    "describe",
    "hourly_power",
    "read_irradiance",
]

LOWEST_CLEAR_SKY_W_PER_M2 = 50.0
"""Hours with less clear sky are left out: the ratio means nothing at a low sun."""

MINUTES_NEEDED = 54
"""Minutes of measurement an hour must hold."""

HIGHEST_CLEARNESS = 1.4
"""Hours above this are faults, not cloud edges."""


def read_irradiance(path: str | Path, utc_offset_h: float) -> pd.DataFrame:
    """Read an hourly measured irradiance history into local standard time.

    Parameters
    ----------
    path : path
        CSV with columns utc_begin, ghi_wm2, temp_air_c, wind_ms, n_minutes_ghi.
    utc_offset_h : float [h]

    Returns
    -------
    pandas.DataFrame
        Indexed by the hour's beginning in local standard time; ghi_w_per_m2 (NaN where minutes are missing),
        temperature_c.
    """
    import pandas as pd

    raw = read_frame(path)
    begin = pd.to_datetime(raw["utc_begin"], utc=True).dt.tz_localize(None) + pd.Timedelta(hours=utc_offset_h)
    ghi = raw["ghi_wm2"].where(raw["n_minutes_ghi"] >= MINUTES_NEEDED)
    frame = pd.DataFrame({"ghi_w_per_m2": ghi.to_numpy(), "temperature_c": raw["temp_air_c"].to_numpy()})
    frame.index = pd.DatetimeIndex(begin)
    return frame.sort_index().asfreq("h")


def add_clear_sky(
    frame: pd.DataFrame, latitude_deg: float, longitude_deg: float, utc_offset_h: float, chain: PvChain | None = None
) -> pd.DataFrame:
    """Add clear_w_per_m2, the hour's mean clear-sky irradiance, and clearness (NaN at a low sun or where unmeasured).

    Parameters
    ----------
    frame : pandas.DataFrame
        From ``read_irradiance``.
    latitude_deg, longitude_deg : float [degrees]
    utc_offset_h : float [h]
    chain : PvChain, optional

    Returns
    -------
    pandas.DataFrame
    """
    chain = chain or PvChain()
    utc = _utc(frame, utc_offset_h)
    clear = np.zeros(len(frame))
    for minute in MINUTES_IN_HOUR:
        clear += clear_sky(_later(utc, minute), latitude_deg, longitude_deg, chain)["ghi"] / len(MINUTES_IN_HOUR)
    clearness = np.full(len(frame), np.nan)
    high = clear > LOWEST_CLEAR_SKY_W_PER_M2
    clearness[high] = frame["ghi_w_per_m2"].to_numpy()[high] / clear[high]
    clearness[clearness > HIGHEST_CLEARNESS] = np.nan
    return frame.assign(clear_w_per_m2=clear, clearness=np.maximum(clearness, 0.0))


def hourly_power(
    frame: pd.DataFrame,
    latitude_deg: float,
    longitude_deg: float,
    tilt_deg: float,
    azimuth_deg: float,
    utc_offset_h: float,
    chain: PvChain | None = None,
) -> np.ndarray:
    """AC power of one kWp, hour by hour through the whole chain, on measured clearness and temperature.

    Parameters
    ----------
    frame : pandas.DataFrame
        From ``add_clear_sky``.
    latitude_deg, longitude_deg, tilt_deg, azimuth_deg : float [degrees]
    utc_offset_h : float [h]
    chain : PvChain, optional

    Returns
    -------
    (n,) float64 [kW AC per kWp DC]
        NaN where clearness is.
    """
    chain = chain or PvChain()
    clearness, temperature = frame["clearness"].to_numpy(), frame["temperature_c"].to_numpy()
    utc = _utc(frame, utc_offset_h)
    total = np.zeros(len(frame))
    for minute in MINUTES_IN_HOUR:
        sky = clear_sky(_later(utc, minute), latitude_deg, longitude_deg, chain)
        total += ac_power(sky["ghi"] * np.nan_to_num(clearness), sky, temperature, tilt_deg, azimuth_deg, chain)
    return np.where(np.isfinite(clearness) & np.isfinite(temperature), total / len(MINUTES_IN_HOUR), np.nan)


def describe(clearness: np.ndarray, clear_w_per_m2: np.ndarray) -> dict[str, float]:
    """Facts of a clearness series.

    Parameters
    ----------
    clearness : (n_days, 24) float64
        NaN at night or where unmeasured.
    clear_w_per_m2 : (n_days, 24) float64 [W/m2]

    Returns
    -------
    dict of float
        mean and sd of the day's energy-weighted clearness, its lag-1 autocorrelation, lag-1 autocorrelation of hourly
        deviations from the day's mean, and Sarle's bimodality coefficient of hourly clearness, weighed by clear
        sky as the quantiles are.
    """
    weight, filled = np.where(np.isfinite(clearness), clear_w_per_m2, 0.0), np.nan_to_num(clearness)
    daily = daily_clearness(clearness, clear_w_per_m2)
    deviation = np.where(np.isfinite(clearness), clearness - daily[:, None], np.nan)
    ahead = deviation[:, 1:] * deviation[:, :-1]
    known = np.isfinite(clearness)
    hourly, sun = clearness[known], clear_w_per_m2[known]
    centred = hourly - np.average(hourly, weights=sun)
    second, third, fourth = (np.average(centred**power, weights=sun) for power in (2, 3, 4))
    return {
        "clearness_mean": float(np.nansum(filled * weight) / weight.sum()),
        "daily_sd": float(np.nanstd(daily)),
        "daily_acf_1d": _lag_one(daily),
        "hourly_deviation_acf_1h": float(np.nanmean(ahead) / np.nanmean(deviation**2)),
        "bimodality": float((third**2 / second**3 + 1.0) * second**2 / fourth),
    }


def daily_clearness(clearness: np.ndarray, clear_w_per_m2: np.ndarray) -> np.ndarray:
    """Clearness of each day, weighed by clear sky.

    Parameters
    ----------
    clearness : (n_days, 24) float64
        NaN at night or where unmeasured.
    clear_w_per_m2 : (n_days, 24) float64 [W/m2]

    Returns
    -------
    (n_days,) float64
        NaN where a tenth of the day's clear sky or more is not known.
    """
    weight = np.where(np.isfinite(clearness), clear_w_per_m2, 0.0)
    enough = weight.sum(axis=1) > 0.9 * np.maximum(clear_w_per_m2.sum(axis=1), 1.0)
    total = np.where(enough, weight.sum(axis=1), np.nan)
    daily: np.ndarray = (np.nan_to_num(clearness) * weight).sum(axis=1) / total
    return daily


def by_day(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Clearness and clear-sky irradiance [W/m2] of the whole days of a frame, each (n_days, 24)."""
    import pandas as pd

    begin = local_time(frame)[0]
    first = begin.normalize()
    if first < begin:
        first += pd.Timedelta(days=1)
    whole = frame.loc[first:]
    hours = len(whole) // HOURS_PER_DAY * HOURS_PER_DAY
    shape = (-1, HOURS_PER_DAY)
    columns = (whole[name].to_numpy()[:hours].reshape(shape) for name in ("clearness", "clear_w_per_m2"))
    clearness, clear = columns
    return clearness, clear


def day_calendar(frame: pd.DataFrame, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Calendar year and month from 0 of the first ``count`` whole days of a frame, as in ``by_day``."""
    date = local_time(frame)
    begin = int(np.argmax(date.hour == 0))
    days = date[begin : begin + count * HOURS_PER_DAY : HOURS_PER_DAY]
    return days.year.to_numpy(), days.month.to_numpy() - 1


def clear_year(frame: pd.DataFrame) -> np.ndarray:
    """(365, 24) clear-sky irradiance of a year without a leap day [W/m2], mean over the frame's years."""
    time = local_time(frame)
    common = (time.month != 2) | (time.day != 29)
    kept = time[common]
    mean = frame.loc[common, "clear_w_per_m2"].groupby([kept.month, kept.day, kept.hour]).mean()
    table: np.ndarray = mean.to_numpy().reshape(DAYS_PER_YEAR, HOURS_PER_DAY)
    return table


def _lag_one(values: np.ndarray) -> float:
    centred = values - np.nanmean(values)
    return float(np.nanmean(centred[1:] * centred[:-1]) / np.nanmean(centred**2))


def _utc(frame: pd.DataFrame, utc_offset_h: float) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(frame.index).tz_localize("UTC") - pd.Timedelta(hours=utc_offset_h)


def _later(times: pd.DatetimeIndex, minutes: float) -> pd.DatetimeIndex:
    import pandas as pd

    return times + pd.Timedelta(hours=minutes / MIN_PER_H)

"""Hourly price histories, and the facts of one that a model of prices has to reproduce."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import DAYS_PER_WEEK, DAYS_PER_YEAR, HOURS_PER_DAY, HOURS_PER_WEEK, HOURS_PER_YEAR
from distributions.table_reading import read_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BATTERY_EFFICIENCY", "DAY_QUANTILES", "QUANTILES", "battery_value", "describe", "read_prices", "window"]

QUANTILES = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
"""Probabilities of the quantiles among the facts."""

DAY_QUANTILES = (0.10, 0.50, 0.90)
"""Probabilities of the quantiles of the daily spread and of the daily value of a battery."""

BATTERY_EFFICIENCY = 0.86
"""Round-trip efficiency of the battery whose daily value is a fact."""

SPIKE_MULTIPLE = 3.0
"""An hour is a spike when its price is above this multiple of the mean of its year."""

LONG_LAGS_DAYS = (30, 90)
"""Lags at which the autocorrelation of daily means is a fact: they show the slow level."""


def read_prices(path: str | Path, utc_offset_h: float) -> pd.Series:
    """Read an hourly price history into local standard time.

    Parameters
    ----------
    path : path
        CSV, plain or compressed, whose first column is the hour's beginning in UTC and whose second is the price.
    utc_offset_h : float [h]
        Local standard time minus UTC; no daylight saving.

    Returns
    -------
    pandas.Series [the file's unit, for example EUR/MWh]
        Indexed by the hour's beginning in local standard time, every hour present, missing prices NaN.

    Raises
    ------
    ValueError
        If an hour comes twice.
    """
    import pandas as pd

    frame = read_frame(path)
    begin = pd.to_datetime(frame.iloc[:, 0], utc=True).dt.tz_localize(None) + pd.Timedelta(hours=utc_offset_h)
    prices = pd.Series(frame.iloc[:, 1].to_numpy(dtype=np.float64), index=pd.DatetimeIndex(begin), name="price")
    if prices.index.has_duplicates:
        raise ValueError(f"{path}: hour {prices.index[prices.index.duplicated()][0]} comes twice")
    return prices.sort_index().asfreq("h")


def window(prices: pd.Series, first_year: int, last_year: int) -> pd.Series:
    """Whole calendar years first_year to last_year of a history.

    Raises
    ------
    ValueError
        If the history does not cover them.
    """
    import pandas as pd

    begin, end = pd.Timestamp(first_year, 1, 1), pd.Timestamp(last_year, 12, 31, 23)
    if begin < prices.index[0] or end > prices.index[-1]:
        raise ValueError(
            f"window {first_year} to {last_year} is not covered: the history runs from {prices.index[0]} "
            f"to {prices.index[-1]}"
        )
    return prices.loc[begin:end]


def describe(prices: pd.Series | np.ndarray) -> dict[str, float]:
    """Facts of an hourly price series.

    Parameters
    ----------
    prices : (n_hours,) pandas.Series or float64 [EUR/MWh]
        Whole days from 00:00. A Series takes its years from its index; an array is cut into years of 8760 hours.

    Returns
    -------
    dict of float
        mean, sd, q01 ... q99, negative_share, spike_share (hours above 3 times the mean of their year),
        spikes_per_year and spike_mean_h (number and mean length of their spells, 0 without one),
        acf_1h, acf_24h, acf_168h, acf_30d and acf_90d of daily means,
        spread_mean and spread_sd of daily highest minus lowest,
        battery_mean and battery_sd of the daily value of a 2-hour battery [EUR per MWh of capacity and day],
        spread_q10, _q50, _q90 and battery_q10, _q50, _q90 of both,
        weekend_ratio (mean weekend / mean weekday price; Monday is day 0 of an array), yearly_sd (sd of yearly means).
    """
    values = np.asarray(prices, dtype=np.float64)
    year, weekend = _calendar(prices)
    days = values.reshape(-1, HOURS_PER_DAY)
    finite = np.isfinite(days)
    complete = finite.all(axis=1)
    whole, known = days[complete], values if complete.all() else values[finite.ravel()]
    spread, battery = whole.max(axis=1) - whole.min(axis=1), battery_value(whole)
    daily_mean = np.where(complete, days.sum(axis=1) / HOURS_PER_DAY, np.nan)
    yearly = _yearly_means(days, year)
    facts: dict[str, Any] = {"mean": known.mean(), "sd": known.std()}
    facts |= dict(zip((f"q{100 * q:02.0f}" for q in QUANTILES), np.quantile(known, QUANTILES), strict=True))
    facts["negative_share"] = np.mean(known < 0.0)
    facts |= {f"acf_{lag}h": _autocorrelation(values, lag) for lag in (1, HOURS_PER_DAY, HOURS_PER_WEEK)}
    facts |= {f"acf_{lag}d": _autocorrelation(daily_mean, lag) for lag in LONG_LAGS_DAYS}
    facts |= {"spread_mean": spread.mean(), "spread_sd": spread.std()}
    facts |= {"battery_mean": battery.mean(), "battery_sd": battery.std()}
    for name, daily in (("spread", spread), ("battery", battery)):
        quantiles = np.quantile(daily, DAY_QUANTILES)
        facts |= {f"{name}_q{100 * q:02.0f}": value for q, value in zip(DAY_QUANTILES, quantiles, strict=True)}
    high = days > SPIKE_MULTIPLE * yearly[year][:, None]
    facts |= _spells(high, int(finite.sum()))
    facts["spike_share"] = high.sum() / finite.sum()
    facts["weekend_ratio"] = _mean(days[weekend]) / _mean(days[~weekend])
    facts["yearly_sd"] = yearly.std(ddof=1) if len(yearly) > 1 else np.nan
    return {name: float(value) for name, value in facts.items()}


def battery_value(days: np.ndarray, efficiency: float = BATTERY_EFFICIENCY) -> np.ndarray:
    """Best value of one cycle a day of a 2-hour battery that knows the day's prices.

    It charges in the two cheapest hours before some moment and discharges in the two dearest after it, or rests.

    Parameters
    ----------
    days : (n_days, 24) float64 [EUR/MWh]
    efficiency : float
        Round trip, taken from the energy sold.

    Returns
    -------
    (n_days,) float64 [EUR per MWh of capacity and day]
    """
    hours = days.shape[1]
    days = np.ascontiguousarray(days.T).T
    cheapest = np.empty((hours + 1, len(days)))
    dearest = np.empty((hours + 1, len(days)))
    low, second_low = np.full(len(days), np.inf), np.full(len(days), np.inf)
    high, second_high = np.full(len(days), -np.inf), np.full(len(days), -np.inf)
    for hour in range(hours):
        cheapest[hour] = low + second_low
        second_low = np.minimum(second_low, np.maximum(low, days[:, hour]))
        low = np.minimum(low, days[:, hour])
        dearest[hours - hour] = high + second_high
        late = days[:, hours - 1 - hour]
        second_high = np.maximum(second_high, np.minimum(high, late))
        high = np.maximum(high, late)
    split = slice(2, hours - 1)
    return np.maximum((efficiency * dearest[split] - cheapest[split]).max(axis=0) / 2.0, 0.0)


def _calendar(prices: pd.Series | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of the year (from 0) and whether it is a weekend, for each day."""
    if isinstance(prices, np.ndarray):
        day = np.arange(len(prices) // HOURS_PER_DAY)
        return day // DAYS_PER_YEAR, day % DAYS_PER_WEEK >= DAYS_PER_WEEK - 2
    date = local_time(prices)[::HOURS_PER_DAY]
    year = date.year.to_numpy()
    return year - year[0], date.day_of_week.to_numpy() >= DAYS_PER_WEEK - 2


def _yearly_means(days: np.ndarray, year: np.ndarray) -> np.ndarray:
    """(n_years,) means of the hours known."""
    finite = np.isfinite(days)
    total = np.bincount(year, weights=np.where(finite, days, 0.0).sum(axis=1))
    means: np.ndarray = total / np.maximum(np.bincount(year, weights=finite.sum(axis=1)), 1)
    return means


def _spells(high: np.ndarray, hours_known: int) -> dict[str, float]:
    """Spells of high hours: how many a year, and their mean duration, 0 without one."""
    flat = high.ravel()
    begins = int(flat[0]) + int((flat[1:] & ~flat[:-1]).sum())
    mean_h = flat.sum() / begins if begins else 0.0
    return {"spikes_per_year": begins / (hours_known / HOURS_PER_YEAR), "spike_mean_h": mean_h}


def _mean(values: np.ndarray) -> float:
    """Mean of what is known; NaN without any."""
    finite = np.isfinite(values)
    return float(values[finite].mean()) if finite.any() else float("nan")


def local_time(history: pd.Series | pd.DataFrame) -> pd.DatetimeIndex:
    """Index of a history, known to be times."""
    import pandas as pd

    return pd.DatetimeIndex(history.index)


def _autocorrelation(values: np.ndarray, lag: int) -> float:
    finite = np.isfinite(values)
    if finite.all():
        centred = values - values.mean()
        products, pairs = _dot(centred[lag:], centred[:-lag]), len(values) - lag
        return float(products / pairs / (_dot(centred, centred) / len(values)))
    centred = np.where(finite, values - values[finite].mean(), 0.0)
    pairs = int((finite[lag:] & finite[:-lag]).sum())
    if pairs == 0:
        return float("nan")
    return float(_dot(centred[lag:], centred[:-lag]) / pairs / (_dot(centred, centred) / finite.sum()))


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of products without a threaded library, whose threads wait for each other on a busy machine."""
    return float(np.einsum("i,i->", a, b))

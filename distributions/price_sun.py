"""What a history of prices and sunshine together is checked for, and the same of a simulation of both.

Prices and clearness share the daily weather regime, and the clearness of a day lowers the price of its sunny hours by
the table ``sunny`` of the price record. These facts show what that leaves out: how far sunny days are cheap days, and
how far the sun pulls midday below the rest of the day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, MONTH_OF_DAY, MONTHS_PER_YEAR
from distributions.facts import Fact, Rule, compare
from distributions.irradiance_history import LOWEST_CLEAR_SKY_W_PER_M2, by_day, clear_year, daily_clearness
from distributions.price_history import local_time
from distributions.table_reading import HistoryError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LIMIT",
    "MIDDAY",
    "RULES",
    "SunnyPrices",
    "check_together",
    "days_together",
    "joined",
    "mean_days",
    "simulated_days",
    "sun_facts",
    "validate_sun",
]

MIDDAY = slice(11, 15)
"""Hours 11 to 15 of local standard time."""

SEASON_DAYS = 31
"""Season and slow level are taken out by the mean of so many days about each day."""

LEAST_SEASON_DAYS = 15
"""Days that such a mean needs."""

SMALLEST_SHARE = 0.1
"""Days are left out where that mean price is below this share of the mean of all days: shares of it say nothing."""

LEAST_DAYS = 250
"""Days with prices and sunshine that the fitted window needs, and the years held out to be reported on."""

RULES: dict[str, Rule] = {
    "sun_correlation": Rule("sun: daily mean price with daily clearness, correlation", band=True, digits=3),
    "sun_midday_bright": Rule("sun: midday / day's mean price, bright third of days", absolute=0.03, digits=3),
    "sun_midday_dull": Rule("sun: midday / day's mean price, dull third of days", absolute=0.03, digits=3),
    "sun_midday_ratio": Rule("sun: the former over the latter", absolute=0.03, digits=3),
    "sun_capture": Rule("sun: price weighed by irradiance / mean price, season out", absolute=0.03, digits=3),
}
"""Facts and tolerances, which are judgement: 0.03 of a price is what the mean price itself may miss, or less."""

LIMIT = (
    "the sun of one place stands for all PV of the zone, and lowers the sunny hours of its own day by a size that does "
    "not grow over the years; a price record without a history of sunshine has none of this"
)


class SunnyPrices(NamedTuple):
    """Days with both prices and sunshine, in order and without gaps (NaN where something is missing).

    Attributes
    ----------
    prices : (n_days, 24) float64
    clearness : (n_days, 24) float64
        NaN at a low sun.
    clear : (n_days, 24) float64 [W/m2]
        Clear sky.
    month : (n_days,) int64
        From 0.
    """

    prices: np.ndarray
    clearness: np.ndarray
    clear: np.ndarray
    month: np.ndarray

    def part(self, first: int, last: int) -> SunnyPrices:
        """Days first to last, the last excluded."""
        return SunnyPrices(*(array[first:last] for array in self))


def joined(prices: pd.Series, frame: pd.DataFrame) -> SunnyPrices | None:
    """Days of a price history for which a sky is known.

    Parameters
    ----------
    prices : pandas.Series
        Whole days in local standard time.
    frame : pandas.DataFrame
        From ``distributions.fit_irradiance.add_clear_sky``, on the same clock.

    Returns
    -------
    SunnyPrices or None
        None where the two never meet.
    """
    begin, end = max(prices.index[0], frame.index[0]), min(prices.index[-1], frame.index[-1])
    common_prices, common_frame = prices.loc[begin:end], frame.loc[begin:end]
    if len(common_prices) < HOURS_PER_DAY:
        return None
    clearness, clear = by_day(common_frame)
    first = int(np.argmax(local_time(common_prices).hour == 0))
    hours = common_prices.to_numpy(dtype=np.float64)[first : first + clearness.size]
    month = local_time(common_prices)[first : first + clearness.size : HOURS_PER_DAY].month.to_numpy() - 1
    return SunnyPrices(hours.reshape(-1, HOURS_PER_DAY), clearness, clear, month)


def simulated_days(prices: np.ndarray, clearness: np.ndarray, frame: pd.DataFrame) -> SunnyPrices:
    """Simulated prices and clearness under the clear sky of a frame's mean year.

    Parameters
    ----------
    prices : (n_years * 8760,) float64
    clearness : (n_years * 365, 24) float64
    frame : pandas.DataFrame
    """
    years = len(clearness) // DAYS_PER_YEAR
    clear = np.tile(clear_year(frame), (years, 1))
    seen = np.where(clear > LOWEST_CLEAR_SKY_W_PER_M2, clearness, np.nan)
    return SunnyPrices(prices.reshape(-1, HOURS_PER_DAY), seen, clear, np.tile(MONTH_OF_DAY, years))


def sun_facts(days: SunnyPrices) -> dict[str, float]:
    """Facts of prices and sunshine together.

    Prices are taken as shares of the mean price of the 31 days about each day, clearness less its mean over them: what
    is left is neither season nor slow level. Bright and dull days are the outer thirds within each calendar month.

    Returns
    -------
    dict of float
        One value for each of ``RULES``.
    """
    share, brighter, known = _without_season(days)
    bright, dull = _outer_thirds(brighter, days.month[known])
    midday_bright, midday_dull = (share[own, MIDDAY].mean() / share[own].mean() for own in (bright, dull))
    sun = np.nan_to_num(days.clearness[known]) * days.clear[known]
    return {
        "sun_correlation": float(np.corrcoef(share.mean(axis=1), brighter)[0, 1]),
        "sun_midday_bright": float(midday_bright),
        "sun_midday_dull": float(midday_dull),
        "sun_midday_ratio": float(midday_bright / midday_dull),
        "sun_capture": float((share * sun).sum() / sun.sum() / share.mean()),
    }


def mean_days(days: SunnyPrices) -> tuple[np.ndarray, np.ndarray]:
    """Mean day of the bright and of the dull third of days, each (24,), as shares of the mean price about each day."""
    share, brighter, known = _without_season(days)
    bright, dull = _outer_thirds(brighter, days.month[known])
    return share[bright].mean(axis=0), share[dull].mean(axis=0)


def days_together(days: SunnyPrices | None) -> int:
    """Days on which prices and sky are both known."""
    if days is None:
        return 0
    sky = daily_clearness(days.clearness, days.clear)
    return int((np.isfinite(sky) & np.isfinite(days.prices).all(axis=1)).sum())


def validate_sun(history: SunnyPrices, simulated: SunnyPrices, held_out: SunnyPrices | None) -> list[Fact]:
    """Facts of a history of prices and sunshine beside those of a simulation.

    Parameters
    ----------
    history, simulated : SunnyPrices
    held_out : SunnyPrices, optional
        Days kept out of the fit of prices.

    Returns
    -------
    list of Fact
    """
    later = held_out if days_together(held_out) >= LEAST_DAYS else None
    return compare(
        RULES,
        sun_facts(history),
        sun_facts(simulated),
        _stretches(simulated, len(history.month)),
        None if later is None else sun_facts(later),
        [] if later is None else _stretches(simulated, len(later.month)),
    )


def check_together(days: SunnyPrices | None, prices: pd.Series, frame: pd.DataFrame, file: str) -> SunnyPrices:
    """The days, or a refusal where they are too few.

    Raises
    ------
    HistoryError
    """
    count = days_together(days)
    if days is None or count < LEAST_DAYS:
        raise HistoryError(
            f"--sun {file}: {count} days have both sunshine and a fitted price; at least {LEAST_DAYS} are needed: the "
            f"sun runs from {frame.index[0]:%Y-%m-%d} to {frame.index[-1]:%Y-%m-%d}, the prices fitted from "
            f"{prices.index[0]:%Y-%m-%d} to {prices.index[-1]:%Y-%m-%d}: change --from, --to and --hold-out, or leave "
            "out --sun"
        )
    return days


def _stretches(days: SunnyPrices, length: int, most: int = 300) -> list[dict[str, float]]:
    """Facts of at most ``most`` parts of whole years, about as long as ``length`` days, evenly chosen."""
    whole = max(1, round(length / DAYS_PER_YEAR)) * DAYS_PER_YEAR
    count = len(days.month) // whole
    chosen = np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
    return [sun_facts(days.part(k * whole, (k + 1) * whole)) for k in chosen]


def _without_season(days: SunnyPrices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hourly price over the mean about the day, and how much brighter the day is than those about it, on the days where
    both are known; and which days these are."""
    price = np.where(np.isfinite(days.prices).all(axis=1), days.prices.mean(axis=1), np.nan)
    usual = _season(price)
    usual[~(usual > SMALLEST_SHARE * np.nanmean(price))] = np.nan
    daily = daily_clearness(days.clearness, days.clear)
    brighter = daily - _season(daily)
    known = np.isfinite(brighter) & np.isfinite(usual) & np.isfinite(price)
    return days.prices[known] / usual[known, None], brighter[known], known


def _season(values: np.ndarray) -> np.ndarray:
    """Mean of the days about each day; NaN where too few are known."""
    known = np.isfinite(values)
    total, count = (
        np.convolve(part, np.ones(SEASON_DAYS), mode="same") for part in (np.where(known, values, 0.0), known * 1.0)
    )
    return np.where(count >= LEAST_SEASON_DAYS, total / np.maximum(count, 1.0), np.nan)


def _outer_thirds(brighter: np.ndarray, month: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each day is among the brightest third of its calendar month, and among the dullest."""
    bright, dull = np.zeros(len(month), bool), np.zeros(len(month), bool)
    for number in range(MONTHS_PER_YEAR):
        own = month == number
        if own.any():
            low, high = np.quantile(brighter[own], (1.0 / 3.0, 2.0 / 3.0))
            bright |= own & (brighter >= high)
            dull |= own & (brighter <= low)
    return bright, dull

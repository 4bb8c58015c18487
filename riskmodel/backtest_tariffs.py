"""Years of a time-of-use tariff on the clock of the project, for backtests.

The calendar is known for good; a critical day is known from 13:00 of the day before, as day-ahead prices are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distributions.clock import DAYS_PER_WEEK, DAYS_PER_YEAR, HOURS_PER_DAY, MONTH_OF_DAY, day_type
from distributions.regime import state_share
from distributions.streams import words_row
from distributions.tariffs import CALL_WORD, critical_row, tariff_tables
from distributions.weather import start_row, walk_year, weather_tables
from riskmodel.backtest import LocalPrices

if TYPE_CHECKING:
    from distributions.tariffs import TariffTables

__all__ = ["tariff_prices"]


def tariff_prices(record: dict, weather: dict, years: int, seed: int) -> tuple[LocalPrices, np.ndarray, int]:
    """Hourly prices of a tariff with drawn critical days; day 0 is a Monday and 1 January.

    Parameters
    ----------
    record, weather : dict
        From ``distributions.parameters.load``, kinds ``tariffs`` and ``weather``.
    years : int
    seed : int
        Of the weather and the calls; path 0.

    Returns
    -------
    LocalPrices
    (n_hours,) float64
        What the price is expected to be while it is not known which days are critical [per MWh].
    int
        Number of critical days.

    Raises
    ------
    ParameterError
        If a critical peak is called more often than the days on which it may be.
    """
    tables = tariff_tables(record, weather["transition"])
    days = np.arange(years * DAYS_PER_YEAR)
    month, kind = MONTH_OF_DAY[days % DAYS_PER_YEAR], np.asarray(day_type(days))
    called = _called_days(tables, weather, years, seed, kind)
    base = record["price_per_mwh"][month, kind]
    add = sum((peak["add_per_mwh"][month] for peak in record["critical"]), np.zeros(base.shape))
    share = state_share(weather["transition"])[days % DAYS_PER_YEAR]
    chance = (share * tables.critical_probability[month]).sum(axis=1) * (kind == 0)
    prices = LocalPrices(
        price=(base + called[:, None] * add).ravel(),
        missing=np.zeros(base.size, bool),
        year=np.repeat(days // DAYS_PER_YEAR + 1, HOURS_PER_DAY),
        hour=np.tile(np.arange(HOURS_PER_DAY, dtype=np.int64), len(days)),
        day_start=np.arange(len(days) + 1, dtype=np.int64) * HOURS_PER_DAY,
        weekday=days % DAYS_PER_WEEK,
    )
    return prices, (base + chance[:, None] * add).ravel(), int(called.sum())


def _called_days(tables: TariffTables, weather: dict, years: int, seed: int, kind: np.ndarray) -> np.ndarray:
    """1 for each critical day, else 0. Draws: WEATHER_DAY as the engine, PRICE_DAY unit 2; draw = day of the run."""
    packed = weather_tables(weather, MONTH_OF_DAY)
    regime, words = np.zeros((DAYS_PER_YEAR + 1, 1), np.int8), np.zeros((4, 1), np.uint32)
    called = np.zeros((years * DAYS_PER_YEAR, 1), np.float32)
    start_row(regime[0], packed, 0, seed, words)
    for year in range(years):
        walk_year(regime, packed, year, 0, seed, words)
        for d in range(DAYS_PER_YEAR):
            day = year * DAYS_PER_YEAR + d
            words_row(words, day, CALL_WORD, 0, seed)
            critical_row(called[day], tables, int(MONTH_OF_DAY[d]), int(kind[day]), regime[d], words[0])
        regime[0] = regime[DAYS_PER_YEAR]
    return called[:, 0].astype(np.float64)

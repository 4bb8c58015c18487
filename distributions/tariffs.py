"""Time-of-use tariffs: prices that stand in a calendar, and critical peaks that are called when the weather is hard.

    price[hour] = factor * (base[month, day type, hour] + called * add[month, hour])

A call holds for one working day. Its probability depends on the month and the day's weather regime, and is set so that
the mean number of calls a year is the record's. Weekends are never called.

Not modelled: public holidays (they count as the weekday they fall on), prices of less than an hour, blocks of use.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.clock import DAYS_PER_WEEK, FIRST_WEEKEND_DAY, HOURS_PER_DAY, MONTH_OF_DAY, MONTHS_PER_YEAR
from distributions.lanes import uniform32
from distributions.parameters import REGIMES, ParameterError
from distributions.regime import state_share
from distributions.streams import Process

__all__ = ["CALL_WORD", "TariffTables", "calls_per_year", "critical_row", "tariff_price_row", "tariff_tables"]

f = np.float32

CALL_WORD = int(Process.PRICE_DAY) << 16 | 2
"""Whether a day is called: units 0 and 1 of the process draw day-ahead prices. The draw is the day of the run."""

WORKING_SHARE = FIRST_WEEKEND_DAY / DAYS_PER_WEEK
"""Share of days that are Monday to Friday: weekdays run on through the years, so it is the same in every month."""
HALVINGS = 200


class TariffTables(NamedTuple):
    """Constant inputs of a tariff, in the currency of its record.

    Attributes
    ----------
    on : (1,) int64, 1 where the site buys at a tariff, 0 where at day-ahead prices
    price : (12, 2, 24) float32, by month, day type (0 Monday to Friday, 1 weekend) and hour, local standard time [/MWh]
    critical_probability : (12, 3) float32, of a call on a working day, by month and weather regime
    critical_add : (12, 24) float32, added on called days [/MWh]
    """

    on: np.ndarray
    price: np.ndarray
    critical_probability: np.ndarray
    critical_add: np.ndarray


def tariff_tables(record: dict | None, transition: np.ndarray | None = None) -> TariffTables:
    """Pack a tariff for the kernels.

    Parameters
    ----------
    record : dict or None
        From ``distributions.parameters.load("tariffs", name)``; None where the site buys at day-ahead prices.
    transition : (12, n_regimes, n_regimes) float64, optional
        Of the weather record: how often each regime occurs decides how likely a call is in each. Needed by a tariff
        with critical peaks; None elsewhere.

    Raises
    ------
    ValueError
        If the tariff has critical peaks and `transition` is None.
    ParameterError
        If a critical peak is called more often than the days on which it may be.
    """
    price = np.zeros((MONTHS_PER_YEAR, 2, HOURS_PER_DAY), np.float32)
    probability = np.zeros((MONTHS_PER_YEAR, len(REGIMES)), np.float32)
    add = np.zeros((MONTHS_PER_YEAR, HOURS_PER_DAY), np.float32)
    if record is None:
        return TariffTables(np.zeros(1, np.int64), price, probability, add)
    price[:] = record["price_per_mwh"]
    if record["critical"] and transition is None:
        raise ValueError("a tariff with critical peaks needs the transition matrices of the weather record")
    for number, peak in enumerate(record["critical"], 1):
        probability[peak["months"]] = _probabilities(peak, transition, f"critical[{number}]")
        add += peak["add_per_mwh"].astype(np.float32)
    return TariffTables(np.ones(1, np.int64), price, probability, add)


def _probabilities(peak, transition, place):
    """Probability of a call on a working day in each regime: min(1, c * multiplier), with c found by halving."""
    share = state_share(transition)[peak["months"][MONTH_OF_DAY]]
    days = WORKING_SHARE * share.sum(axis=0)
    weight, calls = peak["regime_multiplier"], peak["calls_per_year"]
    most = float(days[weight > 0.0].sum())
    if calls > most:
        text = f"{calls:g}: with this weather only {most:.1f} working days a year may be called; type fewer"
        raise ParameterError(f"{place}.calls_per_year: {text}")
    low, high = 0.0, 1.0 / float(weight[weight > 0.0].min())
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if float(days @ np.minimum(middle * weight, 1.0)) < calls:
            low = middle
        else:
            high = middle
    return np.minimum(high * weight, 1.0)


def calls_per_year(tables: TariffTables, transition: np.ndarray) -> float:
    """Mean number of called days a year with this weather."""
    share = state_share(transition)
    return float(WORKING_SHARE * (share * tables.critical_probability[MONTH_OF_DAY]).sum())


@njit
def critical_row(called, tables, month, day_type, regime, words):
    """Which lanes are called on a day.

    Parameters
    ----------
    called : (n_lanes,) float32, written: 1 or 0
    tables : TariffTables
    month : int, 0 .. 11
    day_type : int, 0 on Monday to Friday; weekends are never called
    regime : (n_lanes,) integer, the day's weather
    words : (n_lanes,) uint32, one random word a lane

    Notes
    -----
    Draws: the first word of PRICE_DAY unit 2 (``CALL_WORD``), draw = day of the run.
    """
    one, zero = f(1.0), f(0.0)
    p = tables.critical_probability[month]
    normal, storm, cold = p[0], p[1], p[2]
    if day_type == 0:
        for i in range(called.shape[0]):
            r = regime[i]
            chance = normal if r == 0 else (storm if r == 1 else cold)
            called[i] = one if uniform32(words[i]) < chance else zero
    else:
        for i in range(called.shape[0]):
            called[i] = zero


@njit
def tariff_price_row(price, called, factor, base, add):
    """Prices of one hour.

    Parameters
    ----------
    price : (n_lanes,) float32, written [/MWh]
    called : (n_lanes,) float32, 1 where the day is called
    factor : (n_lanes,) float32, price level of the path
    base, add : float32, price of the hour, and what is added on called days [/MWh]
    """
    for i in range(price.shape[0]):
        price[i] = factor[i] * (base + called[i] * add)

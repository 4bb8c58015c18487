"""What a battery would have earned on a price history, knowing only what was published, beside perfect foresight.

At 13:00 local time the prices up to the end of tomorrow are known (35 hours). Each day the battery plans with exactly
those. What its energy is worth afterwards it learns from the past: days of the same kind as the day after tomorrow,
moved to today's level, are each followed to their end, and the marginal values they give at 13:00 tomorrow, when that
day will be published, are averaged.

A time-of-use tariff stands in a calendar: there the battery plans on with expected prices for another week.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from riskmodel.dispatch import PLAN_HOUR
from riskmodel.dispatch_exact import Battery, back_over, best_change, mean_steps, meter_energy, step_back

__all__ = ["LocalPrices", "Operation", "YearEarned", "backtest", "operate", "perfect_foresight", "round_trip_battery"]

MEMORY_DAYS = 60
SCENARIOS = 14
LEAST_SCENARIOS = 3
LEAST_HOURS = 48
"""A shorter stretch of a calendar year is not reported."""
MOST_HOURS_OF_DAYS = 52
"""Two days with a clock change, and some room."""
AHEAD_HOURS = 168
"""A battery on a tariff plans this far beyond the known hours: what it holds then hardly depends on today."""
KIND_OF_WEEKDAY = np.array([0, 1, 1, 1, 1, 2, 3], dtype=np.int64)
"""Mondays, other working days, Saturdays and Sundays are followed by days of their own kind."""


class LocalPrices(NamedTuple):
    """Hourly prices on a local clock.

    Attributes
    ----------
    price : (n_hours,) float64, no gaps [per MWh]
    missing : (n_hours,) bool, where the price was interpolated
    year, hour : (n_hours,) int64, of the local clock
    day_start : (n_days + 1,) int64, first hour of each local day, and the number of hours
    weekday : (n_days,) int64, 0 = Monday
    """

    price: np.ndarray
    missing: np.ndarray
    year: np.ndarray
    hour: np.ndarray
    day_start: np.ndarray
    weekday: np.ndarray


class Operation(NamedTuple):
    """What a battery did, hour by hour.

    Attributes
    ----------
    bought_mwh, sold_mwh : (n_hours,) float64, at the meter
    stored_mwh : (n_hours,) float64, at the end of the hour
    """

    bought_mwh: np.ndarray
    sold_mwh: np.ndarray
    stored_mwh: np.ndarray


class YearEarned(NamedTuple):
    """One calendar year: a battery empty at first, and whose leftover at the end is worth nothing.

    Attributes
    ----------
    year : int
    profit, perfect_foresight : float [currency of the prices]
    share_of_perfect_foresight : float, NaN where nothing can be earned
    hours, missing_hours : int
    full_cycles : float, energy taken out of the store over its size
    """

    year: int
    profit: float
    perfect_foresight: float
    share_of_perfect_foresight: float
    hours: int
    missing_hours: int
    full_cycles: float


def round_trip_battery(power_mw: float, energy_mwh: float, efficiency: float) -> Battery:
    """Battery whose losses are split evenly between charging and discharging."""
    one_way = math.sqrt(efficiency)
    return Battery(float(power_mw), float(energy_mwh), one_way, one_way)


def backtest(prices: LocalPrices, battery: Battery, expected: np.ndarray | None = None) -> Iterator[YearEarned]:
    """Earnings of each calendar year of a history; earlier years serve as memory, later ones are never looked at.

    Parameters
    ----------
    prices : LocalPrices
    battery : Battery
    expected : (n_hours,) float64, optional
        Prices to be expected beyond the known hours, from a tariff's calendar; None learns from the past.
    """
    for year in np.unique(prices.year):
        inside = np.flatnonzero(prices.year == year)
        if len(inside) < LEAST_HOURS:
            continue
        first, last = int(inside[0]), int(inside[-1]) + 1
        done = operate(prices, battery, first, last, expected)
        price = prices.price[first:last]
        profit = math.fsum(price * (done.sold_mwh - done.bought_mwh))
        best = perfect_foresight(price, battery)
        yield YearEarned(
            year=int(year),
            profit=profit,
            perfect_foresight=best,
            share_of_perfect_foresight=profit / best if best > 1e-9 * np.abs(price).sum() else math.nan,
            hours=last - first,
            missing_hours=int(prices.missing[first:last].sum()),
            full_cycles=math.fsum(done.sold_mwh) / battery.eta_d / battery.energy_mwh,
        )


def operate(
    prices: LocalPrices, battery: Battery, first: int, last: int, expected: np.ndarray | None = None
) -> Operation:
    """Run a battery over hours first to last - 1, empty at first; it closes at `last`, and knows that."""
    n = last - first
    done = Operation(np.zeros(n), np.zeros(n), np.zeros(n))
    mean = np.add.reduceat(prices.price, prices.day_start[:-1]) / np.diff(prices.day_start)
    day = np.repeat(np.arange(len(mean)), np.diff(prices.day_start))
    plans = prices.hour == PLAN_HOUR
    if expected is not None:
        _operate_calendar(done, prices.price, expected, plans, (prices.day_start, day), battery, first, last)
        return done
    kind = KIND_OF_WEEKDAY[prices.weekday]
    next_kind = KIND_OF_WEEKDAY[(prices.weekday + 1) % 7]
    calendar = (prices.day_start, day, kind, next_kind, mean)
    _operate(done, prices.price, plans, calendar, battery, first, last)
    return done


@njit
def _operate(done, prices, plans, calendar, battery, first, last):
    day_start, day = calendar[0], calendar[1]
    most = SCENARIOS * (2 * MOST_HOURS_OF_DAYS + 200)
    width, value = np.empty((200, most)), np.empty((200, most))
    count = np.empty(200, np.int64)
    stored, t = 0.0, first
    while t < last:
        after, known_day = _next_plan(plans, day_start, day, t, last)
        known, steps = day_start[known_day + 1], after - t
        if known >= last:
            width[steps, 0], value[steps, 0] = battery.energy_mwh, 0.0
            count[steps] = back_over(width[steps], value[steps], 1, prices, after, last, battery)
        else:
            count[steps] = _learned(width[steps], value[steps], prices, after, known, known_day, calendar, battery)
        stored = _run_hours(done, prices, t, after, first, (width, value, count), stored, battery)
        t = after


@njit
def _operate_calendar(done, prices, expected, plans, calendar, battery, first, last):
    day_start, day = calendar
    most = 2 * (AHEAD_HOURS + 2 * MOST_HOURS_OF_DAYS) + 3
    width, value = np.empty((200, most)), np.empty((200, most))
    count = np.empty(200, np.int64)
    stored, t = 0.0, first
    while t < last:
        after, known_day = _next_plan(plans, day_start, day, t, last)
        known, steps = min(day_start[known_day + 1], last), after - t
        ahead = min(known + AHEAD_HOURS, last)
        width[steps, 0] = battery.energy_mwh
        value[steps, 0] = 0.0 if ahead == last else battery.eta_d * expected[known:ahead].mean()
        n = back_over(width[steps], value[steps], 1, expected, known, ahead, battery)
        count[steps] = back_over(width[steps], value[steps], n, prices, after, known, battery)
        stored = _run_hours(done, prices, t, after, first, (width, value, count), stored, battery)
        t = after


@njit
def _next_plan(plans, day_start, day, t, last):
    """Hour of the next plan after hour `t`, and the last day whose prices are known until then."""
    after = t + 1
    while after < last and not plans[after]:
        after += 1
    return after, min(day[t] + (1 if plans[t] else 0), len(day_start) - 2)


@njit
def _run_hours(done, prices, t, after, first, steps, stored, battery):
    """Run hours t to after - 1 by the marginal values at `after`, row after - t of `steps`; returns what is stored."""
    width, value, count = steps
    for h in range(after - t - 1, -1, -1):
        count[h] = count[h + 1]
        width[h, : count[h]] = width[h + 1, : count[h]]
        value[h, : count[h]] = value[h + 1, : count[h]]
        count[h], _ = step_back(width[h], value[h], count[h], prices[t + h], battery)
    for h in range(after - t):
        p, k = prices[t + h], t + h - first
        change = best_change(width[h + 1], value[h + 1], count[h + 1], p, stored, battery)
        stored += change
        done.bought_mwh[k], done.sold_mwh[k] = meter_energy(p, change, battery)
        done.stored_mwh[k] = stored
    return stored


@njit
def _learned(width, value, prices, begin, known, known_day, calendar, battery):
    """Expected marginal values at hour `begin`, written to `width` and `value`; returns the number of steps.

    Known prices run to hour `known`; each past day stands in for the day that follows.
    """
    past = np.empty(SCENARIOS, np.int64)
    k = _days_like_the_next(past, known_day, calendar[2], calendar[3])
    most = 2 * (MOST_HOURS_OF_DAYS + known - begin) + 3
    widths, values = np.empty((k, most)), np.empty((k, most))
    counts = np.empty(k, np.int64)
    follow = np.empty(MOST_HOURS_OF_DAYS)
    for i in range(k):
        hours = _stand_in(follow, prices, past[i], known_day, calendar)
        widths[i, 0], values[i, 0] = battery.energy_mwh, battery.eta_d * follow[:hours].mean()
        n = back_over(widths[i], values[i], 1, follow, 0, hours, battery)
        counts[i] = back_over(widths[i], values[i], n, prices, begin, known, battery)
    return mean_steps(widths, values, counts, k, width, value, battery.energy_mwh)


@njit
def _days_like_the_next(past, known_day, kind, next_kind):
    """Known days of the kind that comes next, latest first; all kinds while the memory is short. Returns how many."""
    k = 0
    for day in range(known_day, max(known_day - MEMORY_DAYS, -1), -1):
        if k < len(past) and kind[day] == next_kind[known_day]:
            past[k] = day
            k += 1
    if k < LEAST_SCENARIOS:
        k = min(known_day + 1, len(past))
        for i in range(k):
            past[i] = known_day - i
    return k


@njit
def _stand_in(follow, prices, day, known_day, calendar):
    """Prices of a past day and the next, moved by the mean of the last known day less that before the past day.

    Returns the number of hours. The day after the last known one is that day again.
    """
    day_start, mean = calendar[0], calendar[4]
    move = mean[known_day] - mean[max(day - 1, 0)]
    hours = 0
    for part in (day, min(day + 1, known_day)):
        for t in range(day_start[part], day_start[part + 1]):
            follow[hours] = prices[t] + move
            hours += 1
    return hours


def perfect_foresight(prices: np.ndarray, battery: Battery) -> float:
    """Most a battery can earn that knows all prices: a linear program over all hours, solved by HiGHS.

    Parameters
    ----------
    prices : (n_hours,) float64 [per MWh]
    battery : Battery

    Raises
    ------
    RuntimeError
        If the solver gives up.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    n = len(prices)
    eye = sparse.eye_array(n, format="csc")
    stored = eye - sparse.eye_array(n, k=-1, format="csc")
    balance = sparse.hstack([-battery.eta_c * eye, eye / battery.eta_d, stored], format="csc")
    both = sparse.hstack([eye, eye, sparse.csc_array((n, n))], format="csr")[prices < 0.0]
    found = linprog(  # type: ignore[call-overload]
        np.concatenate([prices, -prices, np.zeros(n)]),
        A_eq=balance,
        b_eq=np.zeros(n),
        A_ub=both if both.shape[0] else None,
        b_ub=np.full(both.shape[0], battery.power_mw) if both.shape[0] else None,
        bounds=[(0.0, battery.power_mw)] * (2 * n) + [(0.0, battery.energy_mwh)] * n,
        method="highs",
    )
    if found.status != 0:
        raise RuntimeError(f"the linear program of {n:,} hours was not solved: {found.message}")
    return -float(found.fun)

"""The common draws of a block: tomorrow's prices and sun each day, the year's weather and events each year."""

import numpy as np

from distributions import clearness, prices, weather
from distributions._jit import njit
from distributions.clock import HOURS_PER_YEAR
from distributions.outages import FAMILY, HOUR, NUMBER, year_events
from distributions.streams import Process, words_row
from riskmodel.engine.state import DAY
from riskmodel.ridethrough import event_uniforms

f = np.float32

HOUR_WORD = int(Process.HOUR) << 16
# weight of a new day in the running mean of prices that values energy beyond the known hours: about a week
REFERENCE_WEIGHT = f(0.2)
DAYS = 365
HALF_DAY_PAIRS = 12


@njit(inner=True)
def start_market(market, tables, first_path, seed):
    """Stationary starting values and the first year's weather."""
    prices.start_rows(market.price_state, market.residual, tables.prices, first_path, seed, market.words)
    clearness.start_rows(market.day_part, market.hour_part, first_path, seed, market.words)
    weather.start_row(market.regime[0], tables.weather, first_path, seed, market.words)
    weather.walk_year(market.regime, tables.weather, 0, first_path, seed, market.words)


@njit(inner=True)
def next_day(market, tables, factor, day, regime, first_path, seed):
    """Tomorrow becomes today; draw prices and sun of day `day` of the run as the new tomorrow.

    Parameters
    ----------
    factor : (b,) float32, price level of each path
    day : int, day of the run that is drawn
    regime : (b,) int8, its weather

    Notes
    -----
    Draws: PRICE_DAY units 0 and 1, HOUR unit 0; one HOUR draw serves two hours (words: price, sun, price, sun).
    """
    market.price[:DAY] = market.price[DAY:]
    market.pv[:DAY] = market.pv[DAY:]
    t, c = tables.prices, tables.clearness
    prices.day_rows(
        market.price_state, market.daily, t, regime, tables.weather.price_shift, day, first_path, seed, market.words
    )
    clearness.day_row(market.day_part, market.base, c, regime, tables.weather.clearness_shift, market.words[2])
    day_of_year = day % DAYS
    month = tables.site.month_of_day[day_of_year]
    day_type = 1 if day % 7 >= 5 else 0
    for pair in range(HALF_DAY_PAIRS):
        words_row(market.words, day * HALF_DAY_PAIRS + pair, HOUR_WORD, first_path, seed)
        for k in range(2):
            h = 2 * pair + k
            prices.residual_row(market.residual, market.words[2 * k], t.hour)
            prices.price_row(
                market.price[DAY + h], market.residual, market.daily,
                t.profile[month, day_type, h], t.shape[h], t.size[h], t.scale, t.bend, factor,
            )  # fmt: skip
            clearness.hour_row(
                market.pv[DAY + h], market.hour_part, market.base, market.words[2 * k + 1], c,
                c.quantile[month], c.pv[day_of_year * DAY + h],
            )  # fmt: skip
    _price_means(market, REFERENCE_WEIGHT if day > 0 else f(1.0))


@njit(inner=True)
def _price_means(market, weight):
    """Running mean of the price and of its distance from the day's mean, from tomorrow's published prices."""
    mean, distance = market.daily[prices.LEVEL], market.daily[prices.SPREAD_NOW]
    mean[:] = f(0.0)
    distance[:] = f(0.0)
    for h in range(DAY):
        row = market.price[DAY + h]
        for i in range(mean.shape[0]):
            mean[i] += row[i] * f(1.0 / 24.0)
    for h in range(DAY):
        row = market.price[DAY + h]
        for i in range(mean.shape[0]):
            distance[i] += abs(row[i] - mean[i]) * f(1.0 / 24.0)
    reference, spread = market.reference, market.spread
    for i in range(mean.shape[0]):
        reference[i] += weight * (mean[i] - reference[i])
        spread[i] += weight * (distance[i] - spread[i])


@njit(inner=True)
def year_of_events(market, tables, outage_factor, year, first_path, seed, status):
    """Draw the year's events of every lane and order them by hour; a lane whose list overflows gets status 1."""
    b = market.counts.shape[0]
    curtailed = tables.site.curtailed[0] == 1
    lane_regime = np.zeros(DAYS, np.int8)
    for i in range(b):
        lane_regime[:] = market.regime[:DAYS, i]
        path = first_path + i
        n = year_events(
            market.events[i],
            tables.outages,
            lane_regime,
            outage_factor[i],
            curtailed,
            year,
            path,
            seed,
            market.cumulative,
        )
        if n < 0:
            status[i] = 1
            n = 0
        market.counts[i] = n
        for k in range(n):
            event = market.events[i, k]
            event_uniforms(market.uniforms[i, k], int(event[FAMILY]), int(event[NUMBER]), path, seed)
    _order_by_hour(market)


@njit(inner=True)
def _order_by_hour(market):
    """Counting sort of (lane, event) by hour of the year; within an hour by lane, within a lane by time."""
    first = market.first_of_hour
    first[:] = 0
    b = market.counts.shape[0]
    for i in range(b):
        for k in range(market.counts[i]):
            first[int(market.events[i, k, HOUR]) + 1] += 1
    for hour in range(HOURS_PER_YEAR):
        first[hour + 1] += first[hour]
    filled = first[:HOURS_PER_YEAR].copy()
    for i in range(b):
        for k in range(market.counts[i]):
            hour = int(market.events[i, k, HOUR])
            market.order_lane[filled[hour]] = i
            market.order_event[filled[hour]] = k
            filled[hour] += 1

"""The common draws of a block: tomorrow's prices and sun each day, the year's weather and events each year."""

import numpy as np

from distributions import clearness, prices, weather
from distributions._jit import njit
from distributions.clock import HOURS_PER_YEAR
from distributions.event_times import sort_rows
from distributions.given_outages import BESIDE, INSTEAD, given_year
from distributions.outages import FAMILY, HOUR, NUMBER, year_events
from distributions.streams import Process, words_row
from distributions.tariffs import critical_row, tariff_price_row
from riskmodel.engine.state import DAY, N_PROCESSES, OF_OUTAGES, OF_PRICES, OF_SUN
from riskmodel.ridethrough import event_uniforms

f = np.float32

HOUR_WORD = int(Process.HOUR) << 16
CALL_WORD = int(Process.PRICE_DAY) << 16 | 2
# weight of a new day in the running mean of prices that values energy beyond the known hours: about a week
REFERENCE_WEIGHT = f(0.2)
DAYS = 365
HALF_DAY_PAIRS = 12
OTHER_WEATHER = 1 << 40
"""Added to the path number for weathers of their own: no run has as many paths."""


@njit(inner=True, held=False)
def start_market(market, tables, first_path, seed):
    """Stationary starting values and the first year's weather."""
    prices.start_rows(market.price_state, market.residual, market.price_drawn, first_path, seed, market.words)
    prices.long_run_start_row(market.deviation, tables.site.long_run[0], first_path, seed, market.words)
    clearness.start_rows(market.day_part, market.hour_part, first_path, seed, market.words)
    for k in range(weathers(tables)):
        weather.start_row(market.regime[k, 0], tables.weather, first_path + k * OTHER_WEATHER, seed, market.words)
    year_of_weather(market, tables, 0, first_path, seed)


@njit(inner=True)
def weathers(tables):
    """How many weathers are drawn: one for all processes, or one for each."""
    return tables.site.regime_of[N_PROCESSES - 1] + 1


@njit(inner=True, held=False)
def year_of_weather(market, tables, year, first_path, seed):
    """Regimes of the year's days and of the next year's first day, from the last of the year before."""
    for k in range(weathers(tables)):
        if year > 0:
            market.regime[k, 0] = market.regime[k, DAYS]
        path = first_path + k * OTHER_WEATHER
        weather.walk_year(market.regime[k], tables.weather, year, path, seed, market.words)


@njit(inner=True, held=False)
def start_year(market, tables, inputs, year, first_lane, first_path, seed):
    """Price level and brightness of a year, before its first day is drawn."""
    b = market.factor.shape[0]
    if year > 0:
        prices.long_run_row(market.deviation, tables.site.long_run, year, first_path, seed, market.words)
    first = inputs.price_factor[first_lane : first_lane + b]
    trend = inputs.price_trend[first_lane : first_lane + b]
    prices.level_factor_row(market.factor, first, trend, market.deviation, year, tables.site.level_centre[year])
    clearness.year_row(market.sky_shift, market.sky_drawn, year, first_path, seed, market.words)


@njit(held=False)
def _tomorrow_is_today(two_days):
    two_days[:DAY] = two_days[DAY:]


@njit(inner=True)
def next_day(market, tables, day, regime_day, first_path, seed):
    """Tomorrow becomes today; draw prices and sun of day `day` of the run as the new tomorrow.

    Parameters
    ----------
    day : int, day of the run that is drawn
    regime_day : int, its place in `market.regime`, 0 .. 365

    Notes
    -----
    Draws: PRICE_DAY units 0 and 1, unit 2 for the calls of a tariff, HOUR unit 0; one HOUR draw serves two hours
    (words: price, sun, price, sun).
    """
    _tomorrow_is_today(market.price)
    _tomorrow_is_today(market.pv)
    t, c, sky, words = tables.prices, tables.clearness, market.sky_drawn, market.words
    day_of_year = day % DAYS
    month = tables.site.month_of_day[day_of_year]
    day_type = 1 if day % 7 >= 5 else 0
    kind = day % 7 - 4 if day_type == 1 else prices.WORKING_DAY
    regime = market.regime[tables.site.regime_of[OF_PRICES], regime_day]
    prices.day_rows(
        market.price_state, market.daily, market.price_drawn, t.level[month, kind], regime,
        tables.weather.price_shift, day, first_path, seed, words,
    )  # fmt: skip
    regime = market.regime[tables.site.regime_of[OF_SUN], regime_day]
    clearness.day_row(
        market.day_part, market.base, sky, market.sky_shift, regime, tables.weather.clearness_shift, words[2]
    )
    tariff = tables.tariff.on[0] == 1
    if tariff:
        words_row(words, day, CALL_WORD, first_path, seed)
        regime = market.regime[tables.site.regime_of[OF_PRICES], regime_day]
        critical_row(market.called, tables.tariff, month, day_type, regime, words[0])
    for pair in range(HALF_DAY_PAIRS):
        words_row(words, day * HALF_DAY_PAIRS + pair, HOUR_WORD, first_path, seed)
        for k in range(2):
            h = 2 * pair + k
            if tariff:
                base, add = tables.tariff.price[month, day_type, h], tables.tariff.critical_add[month, h]
                tariff_price_row(market.price[DAY + h], market.called, market.factor, base, add)
            else:
                pattern, sunny = t.pattern[month, kind, h], t.sunny[month, h]
                _auction_hour(market.price[DAY + h], market, t, pattern, t.shape[h], t.size[h], sunny, words[2 * k])
            clearness.hour_row(
                market.pv[DAY + h], market.hour_part, market.base, words[2 * k + 1], sky,
                c.quantile[month], c.pv[day_of_year * DAY + h],
            )  # fmt: skip
    _price_means(market, REFERENCE_WEIGHT if day > 0 else f(1.0), tables.site.spread_scaled[0] == 1)


@njit(inner=True)
def _auction_hour(price, market, t, pattern, shape, size, sunny, words):
    drawn, bend, factor = market.price_drawn, prices.BEND, market.price_drawn[prices.PATTERN_FACTOR]
    prices.residual_row(market.residual, words, drawn[prices.HOUR_PHI], drawn[prices.HOUR_SHOCK])
    prices.y_row(price, market.residual, market.daily, factor, market.day_part, pattern, shape, size, sunny)
    prices.price_row(
        price, market.factor, drawn[bend], drawn[bend + 1], drawn[bend + 2], drawn[bend + 3], t.knot, t.scale
    )


@njit(inner=True)
def _price_means(market, weight, scaled):
    """Running mean of the price and of its distance from the day's mean, from tomorrow's published prices.

    Where `scaled`, that distance is multiplied first.
    """
    mean, distance = market.daily[prices.LEVEL], market.daily[prices.SPREAD_NOW]
    mean[:] = f(0.0)
    distance[:] = f(0.0)
    for h in range(DAY):
        row = market.price[DAY + h]
        for i in range(mean.shape[0]):
            mean[i] += row[i] * f(1.0 / 24.0)
    if scaled:
        factor = market.spread_factor
        for h in range(DAY):
            row = market.price[DAY + h]
            for i in range(mean.shape[0]):
                row[i] = mean[i] + factor[i] * (row[i] - mean[i])
    for h in range(DAY):
        row = market.price[DAY + h]
        for i in range(mean.shape[0]):
            distance[i] += abs(row[i] - mean[i]) * f(1.0 / 24.0)
    reference, spread = market.reference, market.spread
    for i in range(mean.shape[0]):
        reference[i] += weight * (mean[i] - reference[i])
        spread[i] += weight * (distance[i] - spread[i])


@njit(inner=True, held=False)
def year_of_events(market, tables, inputs, year, first_lane, first_path, seed, status):
    """Draw the year's events of every lane, take the given ones instead or beside them, and order all by hour.

    A lane whose list overflows gets status 1.
    """
    b = market.counts.shape[0]
    curtailed, given = tables.site.curtailed[0] == 1, inputs.given
    lane_regime = market.lane_regime
    for i in range(b):
        path, events = first_path + i, market.events[i]
        if given.on[0] == INSTEAD:
            n = given_year(events, 0, given, first_lane + i, year, tables.outages.tolerance)
        else:
            lane_regime[:] = market.regime[OF_OUTAGES, :DAYS, i]
            factors = inputs.outage_factors[first_lane + i]
            n = year_events(
                events, tables.outages, lane_regime, factors, curtailed, year, path, seed, market.cumulative
            )
            if given.on[0] == BESIDE and n >= 0:
                n = given_year(events, n, given, first_lane + i, year, tables.outages.tolerance)
                sort_rows(events, max(n, 0), HOUR)
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

"""What a path meets whatever its strategy: weather, prices and sun of every day, one day more than the run."""

from dataclasses import dataclass

import numpy as np

from distributions import parameters
from distributions.clock import MONTH_OF_DAY
from distributions.irradiance import chain_of, pv_table
from distributions.regime import state_share
from distributions.tariffs import tariff_tables
from tests.twin.arithmetic import in_order_sum
from tests.twin.drawn import record_of
from tests.twin.randoms import HOUR, LONG_RUN, PRICE_DAY, START, WEATHER_DAY, philox

DAILY = ("slow", "fast", "spread", "volatility")
LOWEST_PRICE, HIGHEST_PRICE, Y_LIMIT = -500.0, 4000.0, 7.0
REFERENCE_WEIGHT = 0.2
OTHER_WEATHER = 2**40
KNOTS = np.arange(9)


@dataclass
class Market:
    """One path's market.

    Attributes
    ----------
    regime : (days + 1,) int, weather state that outages live in
    price : (days + 1, 24) [EUR/MWh]
    sun : (days + 1, 24) PV output [kW/kWp]
    reference, spread : (days + 1,) running means of the price and of its distance from the day's mean, tomorrow's
        published prices included [EUR/MWh]
    """

    regime: np.ndarray
    price: np.ndarray
    sun: np.ndarray
    reference: np.ndarray
    spread: np.ndarray


def autoregression(start, phi, shocks):
    """x[t] = phi x[t-1] + shocks[t], from x[-1] = start."""
    x, out = start, []
    for shock in shocks:
        x = phi * x + shock
        out.append(x)
    return np.array(out)


def weather(record, days, seed, path, m):
    """Markov chain of daily states, started from its long-run shares on 1 January."""
    rows = np.cumsum(record["transition"], axis=2).astype(m.f)
    first = np.cumsum(state_share(record["transition"])[0]).astype(m.f)
    u = m.uniform(philox(np.arange(days + 1), WEATHER_DAY, 0, path, seed)[0])
    state = int(np.sum(m.uniform(philox([0], START, 2, path, seed)[0]) > first[:2]))
    out = [state]
    for day in range(1, days + 1):
        state = int(np.sum(u[day] > rows[MONTH_OF_DAY[day % 365], state, :2]))
        out.append(state)
    return np.array(out)


def jumps(record, words, m):
    """Sum of past jumps, each decaying: with a daily probability, up or down, of exponential size."""
    f = m.f
    u, size = m.uniform(words[0]), -m.log(m.uniform(words[1]))
    probability, up = f(record["jump_probability_per_day"]), f(record["jump_share_up"])
    signed = np.where(u < probability * up, f(record["jump_mean_up"]) * size, -f(record["jump_mean_down"]) * size)
    return autoregression(f(0), f(record["jump_decay"]), np.where(u < probability, signed, f(0)))


def surges(record, words, m):
    """A level that days enter with a probability, stay in with another, and leave at once."""
    f = m.f
    u, probability, mean = m.uniform(words[3]), record["surge_probability_per_day"], record["surge_mean"]
    least, step = f(0.5 * mean), f(mean / probability) if probability > 0 else f(0)
    now, out = f(0), []
    for x in u:
        if now > 0:
            now = now if x < f(record["surge_stay"]) else f(0)
        else:
            now = least + step * x if x < f(probability) else f(0)
        out.append(now)
    return np.array(out)


def hourly_words(days, seed, path):
    """Words of every hour, (price, sun): one address serves two hours."""
    words = philox(np.arange((days + 1) * 12), HOUR, 0, path, seed)
    pairs = words.T.reshape(-1, 2, 2)  # address, hour of the pair, price or sun
    return pairs[:, :, 0].ravel(), pairs[:, :, 1].ravel()


def level_factors(study, drawn, seed, path, m):
    """Price level of every year and the next: the first year's, its trend, and a deviation that comes back.

    The logarithm deviates by a yearly autoregression. Auctions start anywhere, a tariff from today's level.
    """
    f, site, years = m.f, study.site, np.arange(study.header.years + 1)
    if site.market == "time_of_use":
        stated = parameters.load("tariffs", study.record_names()["tariffs"])["level"]
        phi, shock, start = 0.5 ** (1 / stated["half_life_years"]), stated["yearly_log_sd"], 0.0
    else:
        half_life, start = site.price_level_half_life_years, site.price_level_yearly_sd
        phi = 0.5 ** (1 / half_life) if half_life > 0 else 0.0
        shock = start * np.sqrt(1 - phi**2)
    variance = [start**2]
    for _ in years[1:]:
        variance.append(phi**2 * variance[-1] + shock**2)
    z = m.normal(philox(years, LONG_RUN, 0, path, seed)[0])
    deviation = np.concatenate([[f(start) * z[0]], autoregression(f(start) * z[0], f(phi), f(shock) * z[1:])])
    trend = f(np.log1p(drawn["site.price_level_trend_per_year"]))
    centre = (-0.5 * np.array(variance)).astype(f) + log_of_year(site, years, f)
    log_level = years.astype(f) * trend + deviation + centre
    return f(drawn["site.price_level_factor"]) * m.exp(log_level)


def log_of_year(site, years, f):
    """Logarithm of the factor that the study puts on each year's level; the last one holds on."""
    stated = [*site.price_level_by_year, *[site.price_level_by_year[-1]] * len(years)]
    return np.log(np.array(stated[: len(years)])).astype(f)


def tariff_prices(study, regime, factor, seed, path, m):
    """Hourly prices of a tariff, (days + 1, 24): what the calendar says, and the critical peaks of called days."""
    f = m.f
    record, weather_record = (parameters.load(k, study.record_names()[k]) for k in ("tariffs", "weather"))
    tables = tariff_tables(record, weather_record["transition"])
    day = np.arange(len(regime))
    month, weekend = MONTH_OF_DAY[day % 365], (day % 7 >= 5).astype(int)
    chance = tables.critical_probability.astype(f)[month, regime]
    u = m.uniform(philox(day, PRICE_DAY, 2, path, seed)[0])
    called = ((u < chance) & (weekend == 0)).astype(f)
    base, add = tables.price.astype(f)[month, weekend], tables.critical_add.astype(f)[month]
    return factor[day // 365][:, None] * (base + called[:, None] * add)


def prices(record, shift, regime, words, bright, factor, seed, path, m):
    """Hourly prices, (days + 1, 24) [EUR/MWh].

    y = level[month, day type] + slow + fast + jump + surge + weather shift + e^hour_scale pattern[hour]
        + spread shape[hour] + e^size_scale exp(volatility) size[hour] residual + sunny[month, hour] bright;
    p = factor (offset + scale sinh(bent(y)))

    Parameters
    ----------
    bright : (days + 1,) standard normal of the day's clearness
    factor : (years + 1,) price level of each year
    """
    f = m.f
    day = np.arange(len(regime))
    first, second = (philox([k], START, 0, path, seed)[:, 0] for k in (0, 1))
    noise = philox(day, PRICE_DAY, 0, path, seed)
    x = {}
    for k, name in enumerate(DAILY):
        phi, sd = record[f"{name}_phi"], record[f"{name}_sd"]
        shocks = f(sd * np.sqrt(1 - phi**2)) * m.normal(noise[k])
        x[name] = autoregression(f(sd) * m.normal(first[k : k + 1])[0], f(phi), shocks)
    rare = philox(day, PRICE_DAY, 1, path, seed)
    jump, surge = jumps(record, rare, m), surges(record, rare, m)
    phi = record["hour_phi"]
    residual = autoregression(m.normal(second[:1])[0], f(phi), f(np.sqrt(1 - phi**2)) * m.normal(words)).reshape(-1, 24)
    profile, month = record["profile"], MONTH_OF_DAY[day % 365]
    kind = np.array([0, 0, 0, 0, 0, 1, 2])[day % 7]  # Monday to Friday, Saturday, Sunday
    mean = profile.mean(axis=2)
    pattern = (profile - mean[:, :, None]).astype(f)[month, kind]
    level = mean.astype(f)[month, kind] + f(record["profile_level"]) + shift.astype(f)[regime]
    level = level + (x["slow"] + x["fast"] + jump + surge)
    size = (m.exp(x["volatility"]) * f(np.exp(record["size_scale"])))[:, None] * record["size"].astype(f)
    y = level[:, None] + f(np.exp(record["hour_scale"])) * pattern
    y = y + x["spread"][:, None] * record["shape"].astype(f) + size * residual
    y = y + record.get("sunny", np.zeros((12, 24))).astype(f)[month] * bright[:, None]
    k, b = record["bend_at"].astype(f), record["bend"].astype(f)
    low = b[0] * np.minimum(y - k[0], f(0)) + b[1] * np.minimum(y - k[1], f(0))
    y = y + low + b[2] * np.maximum(y - k[2], f(0)) + b[3] * np.maximum(y - k[3], f(0))
    e = m.exp(np.clip(y, f(-Y_LIMIT), f(Y_LIMIT)))
    money = f(record["offset"]) + f(0.5) * f(record["scale"]) * (e - f(1) / e)
    return np.clip(factor[day // 365][:, None] * money, f(LOWEST_PRICE), f(HIGHEST_PRICE))


def piecewise_linear(x, values, m):
    """Piecewise linear map through `values` (..., 9) at x = 0, 1 .. 8, flat outside."""
    total = values[..., 0]
    for k in KNOTS[:-1]:
        total = total + (values[..., k + 1] - values[..., k]) * np.clip(x - m.f(k), m.f(0), m.f(1))
    return total


def brightness(record, days, seed, path, m):
    """Standard normal of every day's clearness, (days,)."""
    f, phi = m.f, record["day_phi"]
    start = m.normal(philox([0], START, 1, path, seed)[:, 0])
    noise = m.normal(philox(np.arange(days), PRICE_DAY, 1, path, seed)[2])
    return autoregression(start[0], f(phi), f(np.sqrt(1 - phi**2)) * noise)


def sun(record, shift, regime, daily, words, output, seed, path, m):
    """PV output of every hour, (days + 1, 24) [kW/kWp]: clearness normal -> clearness of the month -> output."""
    f = m.f
    day = np.arange(len(regime))
    start = m.normal(philox([0], START, 1, path, seed)[:, 0])
    phi = record["hour_phi"]
    hourly = autoregression(start[1], f(phi), f(np.sqrt(1 - phi**2)) * m.normal(words)).reshape(-1, 24)
    weight = record["day_weight"]
    year = m.normal(philox(np.arange(day[-1] // 365 + 1), LONG_RUN, 1, path, seed)[0])
    bright = (f(record["level"]) + f(record["year_sd"]) * year)[day // 365]
    base = bright + shift.astype(f)[regime] + f(np.sqrt(weight)) * daily
    x = (base[:, None] + f(np.sqrt(1 - weight)) * hourly - f(-2.5)) * (f(1) / f(0.625))
    clearness = piecewise_linear(x, record["quantile"].astype(f)[MONTH_OF_DAY[day % 365]][:, None, :], m)
    tables = output.reshape(365, 24, 9).astype(f)[day % 365]
    power = piecewise_linear(clearness * (f(1) / f(0.15)), tables, m)
    return np.where(tables[..., 8] > f(0), power, f(0))


def spread_apart(price, factor, m):
    """Prices with their distance from the day's mean multiplied, (days + 1, 24); untouched where the factor is None."""
    f = m.f
    mean = in_order_sum(price * f(1 / 24))
    if factor is None:
        return price, mean
    return mean[:, None] + f(factor) * (price - mean[:, None]), mean


def price_means(price, mean, m):
    """Running means (about a week) of the day's mean price and of the mean distance from it, known a day ahead."""
    f = m.f
    distance = in_order_sum(np.abs(price - mean[:, None]) * f(1 / 24))
    out = []
    for series in (mean, distance):
        now, known = series[0], []
        for tomorrow in series[1:]:
            now = now + f(REFERENCE_WEIGHT) * (tomorrow - now)
            known.append(now)
        out.append(np.array(known))
    return out


def walk_market(study, drawn, seed, path, m):
    """Market of one path; `drawn` from `tests.twin.randoms.scalars`."""
    site, days = study.site, 365 * study.header.years
    climate = parameters.load("weather", study.record_names()["weather"])
    paths = [path if site.weather_coupling else path + k * OTHER_WEATHER for k in range(3)]
    regime, of_prices, of_sun = (weather(climate, days, seed, p, m) for p in paths)
    price_words, sun_words = hourly_words(days, seed, path)
    factor = level_factors(study, drawn, seed, path, m)
    sky = record_of(study, "irradiance", seed, path)
    bright = brightness(sky, days + 1, seed, path, m)
    if site.market == "time_of_use":
        price = tariff_prices(study, of_prices, factor, seed, path, m)
    else:
        record = record_of(study, "prices", seed, path)
        price = prices(record, climate["price_shift"], of_prices, price_words, bright, factor, seed, path, m)
    place = (site.latitude_deg, site.longitude_deg, site.pv_tilt_deg, site.pv_azimuth_deg, site.utc_offset_h)
    output = pv_table(*place, chain_of(sky))
    power = sun(sky, climate["clearness_shift"], of_sun, bright, sun_words, output, seed, path, m)
    stated = site.price_spread_factor
    price, mean = spread_apart(
        price, None if stated.name == "constant" and stated.value == 1.0 else drawn["site.price_spread_factor"], m
    )
    reference, spread = price_means(price, mean, m)
    return Market(regime, price, power, reference, spread)

"""Calls of a demand response contract in plain Python, written from the description of the model."""

import numpy as np
from scipy.stats import gamma, poisson

from distributions.clock import MONTH_OF_DAY
from tests.twin import randoms

DEMAND_RESPONSE = 22


def twin_year(terms, weather_share, regime, year, path, seed):
    """Calls of a year in plain Python, written from the description."""
    in_season = [
        (m - (terms.first_month - 1)) % 12 <= (terms.last_month - terms.first_month) % 12 for m in MONTH_OF_DAY
    ]
    multiplier = [1.0, terms.storm_multiplier, terms.cold_multiplier]
    usual = sum(s * float(np.dot(share, multiplier)) for s, share in zip(in_season, weather_share, strict=True)) / 365.0
    intensity = np.array([s * multiplier[r] / usual for s, r in zip(in_season, regime, strict=True)]).cumsum()
    u, v = randoms.two_uniforms(year, DEMAND_RESPONSE, 0, path, seed)
    knots = gamma.ppf(np.arange(1024) / 1024, terms.calls_dispersion, scale=1.0 / terms.calls_dispersion)
    factor = float(np.interp(v, np.arange(1024) / 1024, knots))  # below the last cell, where the tail is set otherwise
    count = int(poisson.ppf(u, terms.calls_per_year / 365.0 * intensity[-1] * factor))
    found = []
    for k in range(count):
        a, b, c, d = randoms.philox(year * 512 + k, DEMAND_RESPONSE, 1, path, seed)
        target = randoms.uniform(a, b) * intensity[-1]
        day = int(np.searchsorted(intensity, target, side="right"))
        share = (target - (intensity[day - 1] if day else 0.0)) / (
            intensity[day] - (intensity[day - 1] if day else 0.0)
        )
        hours = (terms.last_hour - terms.first_hour) % 24 + 1
        start = day * 24 + terms.first_hour + int(share * hours)
        found.append((start, randoms.quantile(terms.duration_h, randoms.uniform(c, d))))
    kept, free = [], 0.0
    for start, duration in sorted(found, key=lambda call: call[0]):
        if start >= free and len(kept) < terms.most_calls_per_year:
            kept.append((start, min(duration, 8760.0 - start)))
            free = kept[-1][0] + kept[-1][1] + terms.rest_h
    return kept, v, factor


def called_hours(calls, day):
    """Share of each hour of a day that is called, from (start, duration) of the year's calls; and whether any is."""
    shares = []
    for hour in range(24 * day, 24 * day + 24):
        overlaps = (min(hour + 1, start + duration) - max(hour, start) for start, duration in calls)
        shares.append(sum(max(overlap, 0.0) for overlap in overlaps))
    return shares, sum(shares) > 0.0


def delivered(need_kwh, net_kwh, power_kwh, spare_kwh, efficiency):
    """Energy of an hour of a call: the least of what is asked, used on site, within power, and stored above reserve."""
    return max(0.0, min(need_kwh, net_kwh, power_kwh, spare_kwh * efficiency))


def settled(hours, required_kw, net_kw, power_kw, spare_kwh, efficiency):
    """One call by itself: (required, delivered, stored energy used) [kWh].

    `hours` are the called shares of its hours; `spare_kwh` is stored above the reserve for outages when it begins.
    """
    required = total = 0.0
    for share in hours:
        need = required_kw * share
        got = delivered(need, net_kw * share, power_kw * share, spare_kwh - total / efficiency, efficiency)
        required, total = required + need, total + got
    return required, total, total / efficiency

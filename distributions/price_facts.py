"""What a price history is checked for, hour by hour, with the tolerances, and the same of a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import DAYS_PER_WEEK, DAYS_PER_YEAR, HOURS_PER_DAY, HOURS_PER_YEAR, MONTH_OF_DAY
from distributions.facts import Fact, Rule, compare
from distributions.price_history import DAY_QUANTILES, QUANTILES, describe, local_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RULES", "price_facts", "rules", "validate_prices"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEASONS = {"winter": (11, 0, 1), "spring": (2, 3, 4), "summer": (5, 6, 7), "autumn": (8, 9, 10)}
SHARE_OF_MEAN = 0.03
"""Allowed for a quantile besides 10 % of itself, as a share of the mean: a low quantile may be zero."""

RULES: dict[str, Rule] = {
    "mean": Rule("mean price", relative=0.05),
    "sd": Rule("standard deviation", relative=0.10),
    **{
        f"q{100 * q:02.0f}": Rule(f"{100 * q:g} % quantile of the hours", relative=0.10, absolute=SHARE_OF_MEAN)
        for q in QUANTILES
    },
    "negative_share": Rule("share of negative hours", relative=0.25, absolute=0.005, digits=4),
    "spread_mean": Rule("daily spread, mean", relative=0.10),
    "spread_sd": Rule("daily spread, standard deviation", relative=0.10),
    **{
        f"spread_q{100 * q:02.0f}": Rule(f"daily spread, {100 * q:g} % quantile", relative=0.10, absolute=SHARE_OF_MEAN)
        for q in DAY_QUANTILES
    },
    "battery_mean": Rule("value of a 2-hour battery a day, mean", relative=0.10),
    "battery_sd": Rule("value of a 2-hour battery a day, standard deviation", relative=0.10),
    **{
        f"battery_q{100 * q:02.0f}": Rule(
            f"value of a 2-hour battery a day, {100 * q:g} % quantile", relative=0.10, absolute=SHARE_OF_MEAN
        )
        for q in DAY_QUANTILES
    },
    "acf_1h": Rule("autocorrelation at 1 h", absolute=0.05, digits=3),
    "acf_24h": Rule("autocorrelation at 24 h", absolute=0.05, digits=3),
    "acf_168h": Rule("autocorrelation at 168 h", absolute=0.05, digits=3),
    "spikes_per_year": Rule("spikes (spells above 3 x the year's mean) a year", relative=0.25, absolute=5.0),
    "spike_mean_h": Rule("mean duration of a spike [h]", relative=0.25, absolute=0.5, digits=2),
    "spread_yearly_sd": Rule("daily spread, scatter of yearly means", band=True),
    "yearly_sd": Rule("scatter of yearly mean prices", band=True),
    "weekend_ratio": Rule("mean weekend / mean working day", absolute=0.05, digits=3),
    **{day: Rule(f"{day} / mean of all days", band=True, digits=3) for day in WEEKDAYS},
    **{season: Rule(f"{season} / mean of the year", band=True, digits=3) for season in SEASONS},
}
"""Facts and tolerances. Absolute parts of money facts are shares of the mean price; see ``rules``."""

MONEY = ("q", "spread_q", "battery_q")


def rules(mean: float) -> dict[str, Rule]:
    """Tolerances of a history of the given mean price."""
    return {
        name: Rule(rule.label, rule.relative, rule.absolute * abs(mean), rule.digits)
        if name.startswith(MONEY) and rule.absolute
        else rule
        for name, rule in RULES.items()
    }


def price_facts(prices: pd.Series | np.ndarray) -> dict[str, float]:
    """Facts of an hourly price series.

    Parameters
    ----------
    prices : (n_hours,) pandas.Series or float64
        See ``distributions.price_history.describe``.

    Returns
    -------
    dict of float
        One value for each of ``RULES``.
    """
    facts: dict[str, Any] = describe(prices)
    values = np.asarray(prices, dtype=np.float64)
    days = values.reshape(-1, HOURS_PER_DAY)
    year, month, weekday = _calendar_of_days(prices)
    whole = np.isfinite(days).all(axis=1)
    spread = np.where(whole, days.max(axis=1) - days.min(axis=1), np.nan)
    years = np.unique(year)
    facts["spread_yearly_sd"] = _scatter([np.nanmean(spread[year == y]) for y in years])
    if facts["spikes_per_year"] == 0.0:
        facts["spike_mean_h"] = np.nan
    daily_mean = np.where(whole, days.mean(axis=1), np.nan)
    # Shares of the year's own mean, averaged, so that one dear year does not make the season.
    share = daily_mean / np.array([np.nanmean(daily_mean[year == y]) for y in years])[year - years[0]]
    facts |= {day: np.nanmean(share[weekday == k]) for k, day in enumerate(WEEKDAYS)}
    facts |= {season: np.nanmean(share[np.isin(month, months)]) for season, months in SEASONS.items()}
    return {name: float(facts[name]) for name in RULES}


def validate_prices(
    history: pd.Series, simulated: np.ndarray, held_out: pd.Series | None = None, years_held_out: int = 1
) -> list[Fact]:
    """Facts of a history beside those of a long simulation.

    Parameters
    ----------
    history : pandas.Series
        Whole years, from ``distributions.price_history.window``.
    simulated : (n_years * 8760,) float64
    held_out : pandas.Series, optional
        Years kept out of the fit.
    years_held_out : int

    Returns
    -------
    list of Fact
    """
    target = price_facts(history)
    years = max(1, len(np.unique(local_time(history).year)))
    return compare(
        rules(target["mean"]),
        target,
        price_facts(simulated),
        [price_facts(part) for part in stretches(simulated, years)],
        None if held_out is None else price_facts(held_out),
        [] if held_out is None else [price_facts(part) for part in stretches(simulated, years_held_out, most=300)],
    )


def stretches(simulated: np.ndarray, years: int, most: int = 400) -> list[np.ndarray]:
    """Parts of a simulation of ``years`` years each, at most ``most`` of them, evenly chosen."""
    parts = simulated[: len(simulated) // (years * HOURS_PER_YEAR) * years * HOURS_PER_YEAR].reshape(
        -1, years * HOURS_PER_YEAR
    )
    chosen = np.unique(np.linspace(0, len(parts) - 1, min(most, len(parts))).astype(np.int64))
    return [parts[k] for k in chosen]


def _calendar_of_days(prices: pd.Series | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if isinstance(prices, np.ndarray):
        day = np.arange(len(prices) // HOURS_PER_DAY)
        return day // DAYS_PER_YEAR, MONTH_OF_DAY[day % DAYS_PER_YEAR], day % DAYS_PER_WEEK
    date = local_time(prices)[::HOURS_PER_DAY]
    return date.year.to_numpy(), date.month.to_numpy() - 1, date.day_of_week.to_numpy()


def _scatter(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")

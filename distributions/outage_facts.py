"""What an outage log is checked for: rate, clustering, season, durations; and the same of the compiled process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, MONTH_OF_DAY, S_PER_H
from distributions.facts import Fact, Rule, compare
from distributions.price_facts import SEASONS
from distributions.weighted_facts import effective_number, weighted_quantile

__all__ = ["RULES", "Events", "outage_facts", "simulate_outages", "validate_outages"]

LEAST_BEYOND = 3.0
"""Events beyond a quantile without which a log does not show it."""

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)

RULES: dict[str, Rule] = {
    "rate": Rule("interruptions a site-year", relative=0.10, digits=3),
    "tail_rate": Rule("interruptions beyond the tail's threshold a site-year", relative=0.10, digits=4),
    "hours": Rule("hours interrupted a site-year", relative=0.20, digits=2),
    "mean_h": Rule("mean duration [h]", relative=0.15, digits=2),
    **{
        f"duration_q{100 * q:02.0f}_h": Rule(f"duration, {100 * q:g} % quantile [h]", relative=0.15, digits=2)
        for q in QUANTILES
    },
    "clustering": Rule("variance / mean of yearly counts", band=True, digits=2),
    **{season: Rule(f"share in {season}", absolute=0.05, digits=3) for season in SEASONS},
}


class Events(NamedTuple):
    """Interruptions of some years.

    Attributes
    ----------
    year : (n,) int64
        From 0.
    month : (n,) int64
    duration_s : (n,) float64 [s]
    weight : (n,) float64
    years : int
        Whole years, for the scatter of counts.
    exposure_years : float
        Site-years.
    """

    year: np.ndarray
    month: np.ndarray
    duration_s: np.ndarray
    weight: np.ndarray
    years: int
    exposure_years: float

    def part(self, first: int, count: int) -> Events:
        """Years first to first + count - 1 of a simulation."""
        low, high = np.searchsorted(self.year, [first, first + count])
        return Events(
            self.year[low:high] - first, self.month[low:high], self.duration_s[low:high], self.weight[low:high],
            count, float(count),
        )  # fmt: skip


def simulate_outages(
    record: dict[str, Any], years: int, seed: int, weather: dict[str, Any], families: tuple[int, ...]
) -> Events:
    """Interruptions as the engine draws them, one path a year, on one walk of the weather.

    Parameters
    ----------
    record, weather : dict
    years, seed : int
    families : tuple of int
        Codes of the families that are kept; interruptions, not sags.

    Returns
    -------
    Events
    """
    from distributions.fit_outage_log import walk_weather
    from distributions.outage_tables import outage_tables
    from distributions.outages import DURATION_H, FAMILY, HOUR, N_COLUMNS, N_FAMILIES, year_events
    from distributions.regime import state_share

    no_sags = np.array([[np.inf, 1e-9]])  # any voltage is enough, none is not
    tables = outage_tables(record, state_share(weather["transition"]), np.asarray(MONTH_OF_DAY, np.int64), no_sags)
    regime = walk_weather(years, seed, weather).astype(np.int8)
    events, cumulative, factors = np.zeros((5000, N_COLUMNS)), np.zeros(DAYS_PER_YEAR), np.ones((2, N_FAMILIES))
    found, year_of = [], []
    for year in range(years):
        days = regime[year * DAYS_PER_YEAR : (year + 1) * DAYS_PER_YEAR]
        count = year_events(events, tables, days, factors, False, 0, year, seed, cumulative)
        if count < 0:
            raise ValueError("more than 5,000 events in a year: the log's rates are those of a region, not of a site")
        found.append(events[:count].copy())
        year_of.append(np.full(count, year))
    all_events, year_number = np.concatenate(found), np.concatenate(year_of)
    kept = np.isin(all_events[:, FAMILY], families)
    rows = all_events[kept]
    day = (rows[:, HOUR] // HOURS_PER_DAY).astype(np.int64)
    ones = np.ones(len(rows))
    return Events(year_number[kept], MONTH_OF_DAY[day], rows[:, DURATION_H] * S_PER_H, ones, years, float(years))


def outage_facts(events: Events, threshold_s: float, *, clustering: bool = True) -> dict[str, float]:
    """Facts of some interruptions.

    Parameters
    ----------
    events : Events
    threshold_s : float [s]
        Of the tail; infinite without one.
    clustering : bool
        Whether the yearly counts are those of one site.

    Returns
    -------
    dict of float
        One value for each of ``RULES``.
    """
    weight, hours = events.weight, events.duration_s / S_PER_H
    total = weight.sum()
    number = effective_number(weight)
    facts = {
        "rate": total / events.exposure_years,
        "tail_rate": weight[events.duration_s > threshold_s].sum() / events.exposure_years
        if np.isfinite(threshold_s)
        else np.nan,
        "hours": float(np.sum(weight * hours)) / events.exposure_years,
        "mean_h": float(np.average(hours, weights=weight)) if total > 0.0 else np.nan,
        "clustering": np.nan,
    }
    for q in QUANTILES:
        known = number * min(q, 1.0 - q) >= LEAST_BEYOND
        facts[_quantile_name(q)] = weighted_quantile(hours, weight, q) if known else np.nan
    for season, months in SEASONS.items():
        facts[season] = weight[np.isin(events.month, months)].sum() / total if total > 0.0 else np.nan
    if clustering and events.years >= 3:
        counts = np.bincount(events.year, weights=weight, minlength=events.years)[: events.years]
        facts["clustering"] = counts.var(ddof=1) / counts.mean() if counts.mean() > 0.0 else np.nan
    return {name: float(facts[name]) for name in RULES}


def validate_outages(
    history: Events, simulated: Events, threshold_s: float, held_out: Events | None, *, one_site: bool
) -> list[Fact]:
    """Facts of a log beside those of a simulation.

    Parameters
    ----------
    history, simulated : Events
    threshold_s : float [s]
    held_out : Events, optional
        The time kept out of the fit.
    one_site : bool
        Whether the log is one site's, so that yearly counts and stretches can be compared.

    Returns
    -------
    list of Fact
    """
    length = round(history.exposure_years)
    if not one_site:
        # events of a log that counts customers are worth their effective number: stretches that hold as many
        rate = len(simulated.year) / simulated.exposure_years
        length = max(length, round(effective_number(history.weight) / max(rate, 1e-9)))
    length = max(1, min(length, simulated.years // 10))
    parts = [simulated.part(k, length) for k in range(0, simulated.years - length + 1, length)]
    target = outage_facts(history, threshold_s, clustering=one_site)
    made = outage_facts(simulated, threshold_s)
    stretches = [outage_facts(part, threshold_s) for part in parts]
    if one_site:
        # the ratio grows with the number of years it is taken over: compare like with like
        known = [facts["clustering"] for facts in stretches if np.isfinite(facts["clustering"])]
        made["clustering"] = float(np.mean(known)) if known else np.nan
    singles = [outage_facts(simulated.part(k, 1), threshold_s) for k in range(min(simulated.years, 300))]
    later = None if held_out is None else outage_facts(held_out, threshold_s, clustering=False)
    return compare(_rules(history, target), target, made, stretches, later, singles)


def _rules(history: Events, target: dict[str, float]) -> dict[str, Rule]:
    """The tolerances, widened by what the log itself does not know: two standard errors of its own facts."""
    number = max(effective_number(history.weight), 1.0)
    hours = history.duration_s / S_PER_H
    wider: dict[str, float] = {}
    for q in QUANTILES:
        # order statistics two binomial standard errors to either side
        half = 2.0 * np.sqrt(q * (1.0 - q) / number)
        ends = (max(q - half, 0.0), min(q + half, 1.0))
        low, high = (weighted_quantile(hours, history.weight, end) for end in ends)
        wider[_quantile_name(q)] = 0.5 * (high - low)
    spread = float(np.sqrt(np.average((hours - target["mean_h"]) ** 2, weights=history.weight)))
    wider["mean_h"] = 2.0 * spread / np.sqrt(number)
    relative = np.hypot(wider["mean_h"] / target["mean_h"], 2.0 / np.sqrt(number))
    wider["hours"] = float(target["hours"] * relative)
    for season in SEASONS:
        share = (target[season] * number + 1.0) / (number + 2.0)  # a share of 0 or 1 is not known to be one
        wider[season] = 2.0 * np.sqrt(share * (1.0 - share) / number)
    return {name: replace(rule, absolute=rule.absolute + wider.get(name, 0.0)) for name, rule in RULES.items()}


def _quantile_name(q: float) -> str:
    return f"duration_q{100 * q:02.0f}_h"

"""From a log of interruptions to an outage record: rates, season, clustering, durations and their tail."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from distributions.clock import DAYS_IN_MONTH, DAYS_PER_YEAR, MONTH_OF_DAY, MONTHS_PER_YEAR
from distributions.facts import Fact, failing
from distributions.fit_durations import Durations, Fitted, TailChoice, choose_tail, fit_body, fit_law, fit_tail
from distributions.outage_facts import Events, simulate_outages, validate_outages
from distributions.outage_log import LEAST_EVENTS, S_PER_YEAR, LogRequest, OutageLog, read_outage_log
from distributions.outages import EXTREME, SUSTAINED
from distributions.parameters import MOST_LOG_ERROR, OUTAGE_FAMILIES, load
from distributions.regime import state_share
from distributions.table_reading import HistoryError
from distributions.weighted_facts import effective_number, weighted_quantile

__all__ = ["OutageCalibration", "calibrate_outages", "walk_weather"]

MOMENTARY_LIMIT_S = 180.0
"""Interruptions up to this are momentary (EN 50160: short interruptions up to 3 min)."""

LEAST_MOMENTARY = 20
LEAST_LONG = 5
SEASON_PRIOR = 24.0
"""Events spread evenly over the year that are added to the counts by month, so that few events make no season."""

WEIGHT_DECIMALS = 4
VALIDATION_SEED = 7
BOOTSTRAPS = 400
LEAST_YEARS_FOR_CLUSTERING = 4
LEAST_SIMULATED = 10_000.0
MOST_YEARS = 20_000
"""Interruptions the facts are compared over, unless that takes more years than this."""

NO_ERRORS = {"rate_log_se": 0.0, "duration_log_se": 0.0}


@dataclass(frozen=True)
class OutageCalibration:
    """A fitted record with all that a report shows.

    Parameters
    ----------
    record : dict
        Outage record with ``meta`` and ``uncertainty``.
    facts : list of Fact
    tail : list of TailChoice
        Thresholds that were tried.
    causes : list of (cause, events, rate a site-year, median h, 90 % quantile h)
    history, simulated : Events
    notes : list of str
    """

    record: dict[str, Any]
    facts: list[Fact]
    tail: list[TailChoice]
    causes: list[tuple[str, int, float, float, float]]
    history: Events
    simulated: Events
    notes: list[str]


def calibrate_outages(
    request: LogRequest,
    *,
    site_factor: float = 1.0,
    base: str = "nordic_hv",
    weather: str = "nordic",
    source: str = "",
    years: int = 1000,
    hold_out: int | None = None,
) -> OutageCalibration:
    """Fit the sustained, extreme and, where the log has them, momentary interruptions.

    Parameters
    ----------
    request : LogRequest
    site_factor : float
        Rate at the site over the rate in the log; 1 takes the log's own.
    base : str
        Record that gives what a log cannot: sags, curtailment, how weather multiplies rates.
    weather, source : str
    years : int
        Simulated years of the report.
    hold_out : int, optional
        Last years kept out; by default 1 where four whole years or more are observed.

    Returns
    -------
    OutageCalibration
    """
    log = read_outage_log(request)
    whole = int(log.observed_years + 0.02)
    hold_out = (1 if whole > LEAST_YEARS_FOR_CLUSTERING else 0) if hold_out is None else hold_out
    cut = log.observed_years - hold_out
    if not cut > 0.0 or (_age_years(log) < cut).sum() < LEAST_EVENTS:
        left = f"{log.observed_years:.3g} years observed less {hold_out} held out"
        text = f"{left} hold fewer than {LEAST_EVENTS} events: type a lower --hold-out"
        raise HistoryError(f"{request.path.name}: {text}")
    age = _age_years(log)
    used, exposure = (age < cut) | (hold_out == 0), cut * log.sites
    record = copy.deepcopy(load("outages", base))
    one_site = log.sites == 1.0 and request.customers_served is None
    durations = log.durations.chosen(used)
    months = log.start.month.to_numpy()[used] - 1
    weather_record = load("weather", weather)
    regime = _regime_by_month(weather_record)
    tail, threshold_s, errors = _families(record, durations, months, exposure, base, regime)
    clustering_years = int(cut + 0.02) if one_site else 0
    notes = list(log.notes)
    if clustering_years >= LEAST_YEARS_FOR_CLUSTERING:
        notes.append(_cluster(record, durations, age[used], clustering_years))
    _rate_errors(errors, durations, threshold_s, age[used], cut, exposure)
    history = _events(log, used, 0.0, cut)
    held_out = _events(log, ~used, cut, float(hold_out)) if hold_out and (~used).any() else None
    simulated = simulate_outages(
        record,
        _enough_years(record, years),
        VALIDATION_SEED,
        weather_record,
        (SUSTAINED, EXTREME) if tail else (SUSTAINED,),
    )
    facts = validate_outages(history, simulated, threshold_s, held_out, one_site=one_site)
    for family in ("momentary", "sustained", "extreme"):
        record[family]["rate_per_year"] *= site_factor
    record["meta"] = _meta(log, used, cut, hold_out, source or request.path.name, site_factor, base, facts)
    kept = record.get("uncertainty", {})
    record["uncertainty"] = {family: errors.get(family, kept.get(family, NO_ERRORS)) for family in OUTAGE_FAMILIES} | {
        "method": f"fitted to the log: {', '.join(errors)} (rate: bootstrap of months; mean duration: curvature of the "
        f"likelihood, scatter of the body); the rest as {base}"
    }
    return OutageCalibration(record, facts, tail, _causes(log, used, exposure), history, simulated, notes)


def _enough_years(record: dict[str, Any], years: int) -> int:
    """Simulated years: as asked, and more where interruptions are so rare that these would hold few."""
    rate = record["sustained"]["rate_per_year"] + record["extreme"]["rate_per_year"]
    return int(np.clip(LEAST_SIMULATED / max(rate, 1e-9), years, max(years, MOST_YEARS)))


def walk_weather(years: int, seed: int, weather: dict[str, Any]) -> np.ndarray:
    """Weather of the days of a simulation, (years * 365,) int64."""
    from distributions.price_twin import regimes

    return regimes(np.random.default_rng(seed).random(years * DAYS_PER_YEAR), weather)


def _families(
    record: dict[str, Any], durations: Durations, months: np.ndarray, exposure: float, base: str, regime: np.ndarray
) -> tuple[list[TailChoice], float, dict[str, Any]]:
    """Put rates, seasons and laws of the log into a record; returns the tail's thresholds, the one taken, errors."""
    long = durations.value > MOMENTARY_LIMIT_S
    body = durations.chosen(long)
    if len(body.value) < LEAST_LONG:
        raise HistoryError(
            f"the log has {len(body.value)} interruptions longer than {MOMENTARY_LIMIT_S:g} s of {len(long)}: a fit "
            f"needs at least {LEAST_LONG}; are the durations in the right unit (--duration-unit)?"
        )
    tail = choose_tail(body)
    threshold_s = next((choice.threshold_s for choice in tail if choice.chosen), np.inf)
    errors: dict[str, Any] = {}
    choices = {"sustained": long & (durations.value <= threshold_s), "extreme": long & (durations.value > threshold_s)}
    if effective_number(durations.weight[~long]) >= LEAST_MOMENTARY:
        choices["momentary"] = ~long
    for family, which in choices.items():
        if not which.any():
            continue
        part = durations.chosen(which)
        law = _law(family, body, part, threshold_s)
        record[family] |= {
            "rate_per_year": float(part.weight.sum() / exposure),
            "month_weight": _season(months[which], part.weight, regime @ record[family]["regime_multiplier"]),
            "duration_s": law.spec,
            "source": f"{len(part.value):,} events of the log over {exposure:.4g} site-years",
        }
        errors[family] = {"duration_log_se": _log_error(law.log_mean_error)}
    if not tail:
        record["extreme"]["source"] += f" (kept from {base}: the log is too short for a tail)"
    if "momentary" not in choices:
        record["momentary"]["source"] += f" (kept from {base}: the log shows too few)"
    return tail, threshold_s, errors


def _law(family: str, body: Durations, part: Durations, threshold_s: float) -> Fitted:
    """Law of one family's durations: the tail beyond its threshold, one or two peaks below, plain for short ones."""
    if family == "extreme":
        return fit_tail(body, threshold_s)
    if family == "momentary":
        return fit_law(part)
    peaks = fit_body(body, threshold_s)
    if np.isfinite(threshold_s):
        return peaks
    return min((fit_law(part), peaks), key=lambda fitted: fitted.aic)


def _log_error(error: float) -> float:
    """Standard error of a logarithm as a record holds it."""
    return float(min(error, MOST_LOG_ERROR)) if np.isfinite(error) else MOST_LOG_ERROR


def _regime_by_month(weather: dict[str, Any]) -> np.ndarray:
    """(12, 3) share of each weather regime in each month."""
    share = state_share(weather["transition"])
    return np.array([share[MONTH_OF_DAY == month].mean(axis=0) for month in range(MONTHS_PER_YEAR)])


def _season(months: np.ndarray, weight: np.ndarray, by_weather: np.ndarray) -> np.ndarray:
    """(12,) weights by month of mean 1, besides the weather's season; drawn to an even year where events are few."""
    scale = effective_number(weight) / weight.sum()
    counts = np.bincount(months, weights=weight, minlength=MONTHS_PER_YEAR) * scale
    counts += SEASON_PRIOR / MONTHS_PER_YEAR
    a_day = counts / DAYS_IN_MONTH / by_weather
    weights = np.round(a_day / a_day.mean(), WEIGHT_DECIMALS)
    # files hold few digits and must have a mean of 1: the largest month takes what rounding leaves
    weights[np.argmax(weights)] += MONTHS_PER_YEAR - weights.sum()
    return np.round(weights, WEIGHT_DECIMALS)


def _cluster(record: dict[str, Any], durations: Durations, age: np.ndarray, years: int) -> str:
    """Over-dispersion of yearly counts by moments; returns it in words, with the scatter of years drawn again."""
    counts = np.bincount(age.astype(np.int64), weights=durations.weight, minlength=years)[:years]
    shape = _gamma_shape(counts)
    rng = np.random.default_rng(VALIDATION_SEED)
    again = [_gamma_shape(counts[rng.integers(0, years, years)]) for _ in range(BOOTSTRAPS)]
    for family in ("sustained", "extreme"):
        record[family]["dispersion"] = shape
    logs = np.log([value for value in again if value > 0.0] or [1.0])
    factor = float(np.exp(np.std(logs)))
    return f"clustering from {years} yearly counts: gamma shape {shape:.3g}, known to a factor of {factor:.1f}"


def _gamma_shape(counts: np.ndarray) -> float:
    """Gamma shape with which Poisson counts have the variance seen; 0 (none) where it is no larger than the mean."""
    mean, variance = counts.mean(), counts.var(ddof=1)
    return float(np.clip(mean**2 / (variance - mean), 0.05, 1000.0)) if variance > mean else 0.0


def _rate_errors(
    errors: dict[str, Any], durations: Durations, threshold: float, age: np.ndarray, years: float, exposure: float
) -> None:
    """Standard error of the logarithm of each fitted rate: months of the log drawn again with all their events."""
    blocks = max(1, round(years * MONTHS_PER_YEAR))
    block = np.minimum((age / years * blocks).astype(np.int64), blocks - 1)
    rng = np.random.default_rng(VALIDATION_SEED)
    drawn = rng.integers(0, blocks, (BOOTSTRAPS, blocks))
    long = durations.value > MOMENTARY_LIMIT_S
    choices = {
        "momentary": ~long,
        "sustained": long & (durations.value <= threshold),
        "extreme": long & (durations.value > threshold),
    }
    for family, which in choices.items():
        if family in errors:
            totals = np.bincount(block[which], weights=durations.weight[which], minlength=blocks)
            again = totals[drawn].sum(axis=1)
            errors[family]["rate_log_se"] = _log_error(float(again.std(ddof=1) / totals.sum()))


def _age_years(log: OutageLog) -> np.ndarray:
    """Years of observation before each event; gaps in the observation are shared out evenly."""
    span = (log.last - log.first).total_seconds() / S_PER_YEAR
    seconds = (log.start - log.first).total_seconds().to_numpy(dtype=np.float64)
    return seconds / S_PER_YEAR * (log.observed_years / span)


def _events(log: OutageLog, which: np.ndarray, begin: float, years: float) -> Events:
    long = which & (log.durations.value > MOMENTARY_LIMIT_S)
    year = np.clip((_age_years(log)[long] - begin).astype(np.int64), 0, max(int(years + 0.02) - 1, 0))
    part = log.durations.chosen(long)
    month = log.start.month.to_numpy()[long] - 1
    return Events(year, month, part.value, part.weight, max(int(years + 0.02), 1), years * log.sites)


def _causes(log: OutageLog, used: np.ndarray, exposure: float) -> list[tuple[str, int, float, float, float]]:
    rows = []
    long = used & (log.durations.value > MOMENTARY_LIMIT_S)
    for cause in np.unique(log.cause[long].astype(str)):
        part = log.durations.chosen(long & (log.cause == cause))
        median, high = (weighted_quantile(part.value, part.weight, q) / 3600.0 for q in (0.5, 0.9))
        rows.append((str(cause), len(part.value), float(part.weight.sum() / exposure), median, high))
    return sorted(rows, key=lambda row: -row[2])


def _meta(
    log: OutageLog, used: np.ndarray, cut: float, hold_out: int, source: str, site_factor: float, base: str,
    facts: list[Fact],
) -> dict[str, Any]:  # fmt: skip
    return {
        "source": source,
        "window": f"{log.first:%Y-%m-%d} to {log.last:%Y-%m-%d}",
        "held_out": "none" if not hold_out else "the last year" if hold_out == 1 else f"the last {hold_out} years",
        "events_used": int(used.sum()),
        "site_years": float(cut * log.sites),
        "site_factor": site_factor,
        "momentary_limit_s": MOMENTARY_LIMIT_S,
        "base": base,
        "fitted_by": "likelihood with late entry and censoring; one or two peaks, Pareto tail; counts by moments",
        "facts_failed": ", ".join(failing(facts)) or "none",
    }

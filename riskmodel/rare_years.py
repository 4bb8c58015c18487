"""Rare years, weighted: what 1 year in 1,000 loses, from a thousand lifetimes.

Extreme outages come once in decades, so nearly all simulated years have none and say nothing of the worst. Here every
year is lived twice: without any extreme outage, and with exactly one, at a time drawn as the outage record has it and
of a duration that is drawn long on purpose. With the chances of the year's own rate (season, weather, clustering and
drawn parameters of that path and year) the two make three weighted periods:

    none              1 - P(at least one) w
    one               P(exactly one) w
    two or more       P(two or more) w, the loss of a second extreme outage of the same path added to the year's

`w` is the likelihood of the drawn duration over the chance with which it was drawn; its mean is 1, so the weighted
periods have the law of plain years. Weights of a path and year sum to 1.

What this leaves out: a third extreme outage within a year; that two of one year may overlap; and that the cells of a
lifetime have one deep discharge a year more than they would.

Method: stratified and importance sampling, e.g. Owen, Monte Carlo theory, methods and examples (2013), chapters 8, 9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions._jit import njit
from distributions.event_times import day_of
from distributions.law_kernels import ppf_code
from distributions.outages import (
    COUNT_WORD,
    DURATION_FACTOR,
    DURATION_H,
    EXTREME,
    FAMILY,
    HOUR,
    N_COLUMNS,
    NUMBER,
    RATE_FACTOR,
    S_PER_H,
    table_value,
)
from distributions.streams import Process, two_uniforms

if TYPE_CHECKING:
    from distributions.given_outages import GivenTables
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["KINDS", "Probes", "extreme_probes", "rare_periods"]

KINDS = ("none", "one", "two_or_more")
STRATA = (0.9, 0.99)
"""Probabilities of a duration at which its strata meet: nine in ten, the next nine in a hundred, the longest."""
LEAST_BULK = 1.0 / 3.0
"""Least share of the probes in the first stratum; the other two share the rest."""
PROBE_WORD = int(Process.RARE_YEAR) << 16
EVENTS_A_YEAR = 1024
DAYS = 365
PATHS_PER_RANGE = 256
KEPT = ("year", "hour", "cause", "duration_s", "residual_voltage", "strategy", "outcome", "hours_down", "eur_lost")


class Probes(NamedTuple):
    """One extreme outage for every path and year, and how much it weighs.

    Attributes
    ----------
    event : (n, years, 5) float64, records as of `distributions.outages.year_events`
    weight : (n, years) float64, likelihood of the duration over the chance with which it was drawn
    rate : (n, years) float64, extreme outages expected in that year of that path
    """

    event: NDArray[np.float64]
    weight: NDArray[np.float64]
    rate: NDArray[np.float64]


def extreme_probes(study: Study, seed: int, first_path: int, n_paths: int) -> Probes:
    """Draw one extreme outage for every path and year of a range.

    Draws
    -----
    Process RARE_YEAR, draw = year. Unit 0: time within the year, and stratum of the duration. Unit 1: place in it.
    """
    from riskmodel.draws import draw_scalars
    from riskmodel.process_draws import draw_processes, site_outages
    from riskmodel.tables import pack

    signed = seed - (1 << 64) if seed >= 1 << 63 else seed
    tables, years = pack(study), study.header.years
    scalars = draw_scalars(study, signed, first_path, n_paths)
    factors = site_outages(draw_processes(study, signed, first_path, n_paths), scalars)[:, :, EXTREME]
    regime = _regimes(tables, years, signed, first_path, n_paths)
    out = Probes(np.zeros((n_paths, years, N_COLUMNS)), np.ones((n_paths, years)), np.zeros((n_paths, years)))
    _draw_probes(out.event, out.weight, out.rate, regime, factors, tables.outages, first_path, signed, np.zeros(DAYS))
    return out


def _regimes(tables: Any, years: int, seed: int, first_path: int, n_paths: int) -> NDArray[np.int8]:
    """(years, 365, n) int8, weather of the days of every path in which its outages live."""
    from distributions import weather
    from riskmodel.engine.market import OF_OUTAGES, OTHER_WEATHER

    first = first_path + int(tables.site.regime_of[OF_OUTAGES]) * OTHER_WEATHER
    regime, words = np.zeros((DAYS + 1, n_paths), np.int8), np.zeros((4, n_paths), np.uint32)
    out = np.empty((years, DAYS, n_paths), np.int8)
    weather.start_row(regime[0], tables.weather, first, seed, words)
    for year in range(years):
        if year > 0:
            regime[0] = regime[DAYS]
        weather.walk_year(regime, tables.weather, year, first, seed, words)
        out[year] = regime[:DAYS]
    return out


@njit
def _draw_probes(event, weight, rate, regime, factors, tables, first_path, seed, cumulative):
    of_day, multiplier = tables.day_weight[EXTREME], tables.regime_multiplier[EXTREME]
    law = tables.duration[EXTREME]
    for i in range(event.shape[0]):
        path = first_path + i
        for year in range(event.shape[1]):
            total = 0.0
            for day in range(cumulative.shape[0]):
                total += of_day[day] * multiplier[regime[year, day, i]]
                cumulative[day] = total
            _, v = two_uniforms(year, COUNT_WORD | EXTREME, path, seed)
            clustering = table_value(tables.gamma_table[EXTREME], v)
            mean = tables.rate[EXTREME] / cumulative.shape[0] * total * clustering * factors[i, RATE_FACTOR]
            rate[i, year] = mean
            u, s = two_uniforms(year, PROBE_WORD, path, seed)
            x, _ = two_uniforms(year, PROBE_WORD | 1, path, seed)
            bulk = max(LEAST_BULK, STRATA[0] * -np.expm1(-mean))
            q, weight[i, year] = _long_on_purpose(s, x, bulk)
            day, share = day_of(cumulative, u * total)
            record = event[i, year]
            record[HOUR] = (day + share) * 24.0
            duration_s = ppf_code(int(law[0]), law[1], law[2], law[3], law[4], q) * factors[i, DURATION_FACTOR]
            record[DURATION_H] = duration_s / S_PER_H
            record[FAMILY] = EXTREME
            record[NUMBER] = year * EVENTS_A_YEAR


@njit
def _long_on_purpose(s, x, bulk):
    """Probability at which the duration is taken, and its weight: `s` chooses the stratum, `x` the place in it."""
    low, high = STRATA
    rest = 0.5 * (1.0 - bulk)
    if s < bulk:
        return low * x, low / bulk
    if s < bulk + rest:
        return low + (high - low) * x, (high - low) / rest
    return high + (1.0 - high) * x, (1.0 - high) / rest


def period_weights(probes: Probes) -> NDArray[np.float64]:
    """Weights of the three periods of every path and year, see `KINDS`.

    Returns
    -------
    (n, years, 3) float64
        Each at least 0; they sum to 1 over the last axis.
    """
    none = np.exp(-probes.rate)
    one = probes.rate * none
    some = -np.expm1(-probes.rate)
    two = np.maximum(some - one, 0.0)
    weighted = np.stack([one * probes.weight, two * probes.weight], axis=-1)
    rest = np.maximum(1.0 - weighted.sum(axis=-1, keepdims=True), 0.0)  # no rounding below 0
    return np.concatenate([rest, weighted], axis=-1)


class RarePeriods(NamedTuple):
    """Weighted periods, and what happens in them.

    Attributes
    ----------
    weight : (n_periods,) float64, of each period; they sum to 1
    path : (n_periods,) int64, periods of one path share its drawn inputs and parameters
    events : dict of str to (n,) array
        Rows in order of the period: `period` (from 0), `year` (from 1), `hour` of the year, `cause`, `duration_s`,
        `residual_voltage`, `strategy`, `outcome`, `hours_down`, `eur_lost` [money of the study]; only what costs money.
    strategies : tuple of str
    """

    weight: NDArray[np.float64]
    path: NDArray[np.int64]
    events: dict[str, NDArray[Any]]
    strategies: tuple[str, ...]

    def yearly(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sum and largest of the losses of each period.

        Returns
        -------
        aggregate, largest : (n_periods, n_strategies) float64
        """
        shape = (self.weight.size, len(self.strategies))
        cell = self.events["period"] * shape[1] + self.events["strategy"]
        aggregate, largest = np.zeros(shape[0] * shape[1]), np.zeros(shape[0] * shape[1])
        np.add.at(aggregate, cell, self.events["eur_lost"])
        np.maximum.at(largest, cell, self.events["eur_lost"])
        return aggregate.reshape(shape), largest.reshape(shape)


def rare_periods(
    study: Study,
    paths: int,
    seed: int,
    *,
    simulate_range: Callable[..., RangeResult] | None = None,
    progress: Callable[[int, int], object] | None = None,
    threads: int | None = None,
) -> RarePeriods:
    """Live every year of a study's paths without an extreme outage and with one, and weigh what comes of it.

    Parameters
    ----------
    study : Study
        Its outages are drawn, not given.
    paths, seed : int
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    progress : callable
        Called as progress(done_paths, total_paths), both lives counted.
    threads : int

    Raises
    ------
    ValueError
        If the study's events are given.
    """
    from riskmodel.variants import changed

    if study.given_events() is not None:
        raise ValueError("site.given_events: rare years are drawn; leave the file of events out")
    if simulate_range is None:
        from riskmodel import engine

        simulate_range = engine.simulate_range
    calm, years = changed(study, ["site.extreme_outage_rate_factor=0"]), study.header.years
    weights, paths_of, parts = [], [], []
    for first in range(0, paths, PATHS_PER_RANGE):
        n = min(PATHS_PER_RANGE, paths - first)
        probes = extreme_probes(study, seed, first, n)
        weights.append(period_weights(probes))
        periods = first * years * len(KINDS)
        paths_of.append(np.repeat(np.arange(first, first + n), years * len(KINDS)))
        without = _losses(calm, simulate_range(calm, seed, first, n, threads=threads))
        if progress is not None:
            progress(2 * first + n, 2 * paths)
        beside = simulate_range(calm, seed, first, n, threads=threads, given=_beside(probes))
        second = _second(probes, first, seed)
        parts.append(_events_of(without, _losses(calm, beside), second, years, len(study.strategies)))
        parts[-1]["period"] += periods
        if progress is not None:
            progress(2 * (first + n), 2 * paths)
    events = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    weight = np.concatenate(weights).reshape(-1) / (paths * years)
    return RarePeriods(weight, np.concatenate(paths_of), events, tuple(study.strategy_names))


def _beside(probes: Probes) -> GivenTables:
    from distributions.given_outages import BESIDE, GivenTables

    n, years = probes.weight.shape
    first = np.tile(np.arange(years + 1, dtype=np.int64), (n, 1))
    return GivenTables(np.array([BESIDE], np.int64), probes.event, first)


def _second(probes: Probes, first_path: int, seed: int) -> NDArray[np.int64]:
    """(n, years) year of the path whose extreme outage comes second: drawn by weight, for its duration to be lawful."""
    signed = seed - (1 << 64) if seed >= 1 << 63 else seed
    n, years = probes.weight.shape
    reach = np.cumsum(probes.weight, axis=1)
    out = np.empty((n, years), np.int64)
    for i in range(n):
        u = np.array([two_uniforms(year, PROBE_WORD | 2, first_path + i, signed)[0] for year in range(years)])
        out[i] = np.minimum(np.searchsorted(reach[i], u * reach[i, -1], side="right"), years - 1)
    return out


def _losses(study: Study, result: RangeResult) -> dict[str, NDArray[Any]]:
    """Events of a range that cost money, with the path counted from its first."""
    from riskmodel.path_tables import events_columns

    events = events_columns(study, result)
    costly = events["eur_lost"] > 0.0
    columns = {name: events[name][costly] for name in KEPT}
    return columns | {"path": (events["path"] - result.first_path)[costly]}


def _events_of(
    without: dict[str, NDArray[Any]],
    beside: dict[str, NDArray[Any]],
    second: NDArray[np.int64],
    years: int,
    n_strategies: int,
) -> dict[str, NDArray[Any]]:
    """Events of the weighted periods of one range; `period` counts within the range."""
    n = second.shape[0]
    probe = beside["cause"] == EXTREME
    row_of = np.full((n, years, n_strategies), -1)
    row_of[beside["path"][probe], beside["year"][probe] - 1, beside["strategy"][probe]] = np.flatnonzero(probe)
    rows = np.take_along_axis(row_of, second[:, :, None], axis=1)
    path, year, _ = np.nonzero(rows >= 0)
    chosen = rows[rows >= 0]
    parts = [
        _as_periods(without, slice(None), without["path"], without["year"] - 1, years, 0),
        _as_periods(beside, slice(None), beside["path"], beside["year"] - 1, years, 1),
        _as_periods(beside, slice(None), beside["path"], beside["year"] - 1, years, 2),
        _as_periods(beside, chosen, path, year, years, 2),
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((joined["hour"], joined["strategy"], joined["period"]))
    return {name: column[order] for name, column in joined.items()}


def _as_periods(
    events: dict[str, NDArray[Any]], rows: Any, path: NDArray[Any], year: NDArray[Any], years: int, kind: int
) -> dict[str, NDArray[Any]]:
    columns = {name: events[name][rows] for name in KEPT if name != "year"}
    period = (path.astype(np.int64) * years + year) * len(KINDS) + kind
    return {"period": period, "year": (year + 1).astype(np.int16)} | columns

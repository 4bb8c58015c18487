"""Rare years, weighted: what 1 year in 1,000 loses, from a thousand lifetimes.

Extreme outages come once in decades, so nearly all simulated years have none and say nothing of the worst. Here a
lifetime is simulated without them. In each of its years, at a time drawn as the outage record has it, the engine is
asked what an extreme outage would do there and then, for durations in nine strata from the shortest to the longest in
a thousand; none of them happens. With the chances of the year's own rate (season, weather, clustering and drawn
parameters of that path and year) they make weighted periods:

    no extreme outage       exp(-rate)
    one, of stratum k       rate exp(-rate) x probability of the stratum
    two or more             what is left: two of them, drawn by these probabilities

Durations have the law of the record times the path's uncertain factor, which is drawn anew for each, so that each path
sees many values of it. The weights of a path and year sum to 1, and periods have the law of plain years, but for this:
a third extreme outage within a year; that an extreme outage hides smaller events while it lasts; and that bad luck with
the factor on durations is no longer shared by the years of a path, which changes no share of years, only their
dependence.

Paths are then weighted so that their drawn inputs have the means they are known to have, see `riskmodel.path_weights`.

Method: stratified sampling and conditioning, e.g. Owen, Monte Carlo theory, methods and examples (2013), chapter 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions._jit import njit
from distributions.event_times import day_of
from distributions.outages import (
    COUNT_WORD,
    DURATION_H,
    EXTREME,
    FAMILY,
    HOUR,
    N_COLUMNS,
    NUMBER,
    RATE_FACTOR,
    RESIDUAL,
    S_PER_H,
    table_value,
)
from distributions.streams import Process, two_uniforms
from riskmodel.control_variates import control_scores, score_names
from riskmodel.path_weights import PathWeights, path_weights

if TYPE_CHECKING:
    from distributions.given_outages import GivenTables
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["EDGES", "Probes", "RarePeriods", "extreme_probes", "rare_periods", "regimes"]

EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.975, 0.99, 0.997, 0.999, 1.0)
"""Probabilities at which the strata of durations meet."""
N_STRATA = len(EDGES) - 1
N_PERIODS = N_STRATA + 2
"""Weighted periods of a path and year: none, one of each stratum, two."""
PROBE_WORD = int(Process.RARE_YEAR) << 16
DURATION_UNIT, FACTOR_UNIT, PAIR_UNIT = 1, 2, 3
EVENTS_A_YEAR = 1024
DAYS = 365
PATHS_PER_RANGE = 256
TARGETS = (50.0, 250.0, 1000.0)
"""Return periods whose losses decide which drawn inputs paths are weighted by [years]."""
KEPT = ("strategy", "cause", "hour", "duration_s", "hours_down", "eur_lost", "eur_hardware")


class Probes(NamedTuple):
    """Extreme outages that are asked about, one for every path, year and stratum.

    Attributes
    ----------
    event : (n, years, strata, 5) float64, records as of `distributions.outages.year_events`
    rate : (n, years) float64, extreme outages expected in that year of that path
    """

    event: NDArray[np.float64]
    rate: NDArray[np.float64]

    def weights(self) -> NDArray[np.float64]:
        """(n, years, N_PERIODS) float64, of the periods of each path and year; they sum to 1 over the last axis."""
        none = np.exp(-self.rate)
        one = (self.rate * none)[..., None] * np.diff(EDGES)
        two = np.maximum(1.0 - none - one.sum(axis=-1), 0.0)
        return np.concatenate([none[..., None], one, two[..., None]], axis=-1)

    def given(self) -> GivenTables:
        """The outages beside those that the engine draws."""
        from distributions.given_outages import BESIDE, GivenTables

        n, years = self.rate.shape
        first = np.tile(np.arange(years + 1, dtype=np.int64) * N_STRATA, (n, 1))
        return GivenTables(np.array([BESIDE], np.int64), self.event.reshape(n, -1, N_COLUMNS), first)


def extreme_probes(study: Study, seed: int, first_path: int, n_paths: int) -> Probes:
    """Draw the time of an extreme outage, and nine durations, for every path and year of a range.

    Draws
    -----
    Process RARE_YEAR. Unit 0, draw = year: time within the year. Units 1 and 2, draw = 9 year + stratum: place of the
    duration in its stratum; factor on durations.
    """
    from distributions import parameters
    from distributions.given_outages import ASKED
    from distributions.laws import from_spec
    from distributions.parameter_draws import draw_outages
    from riskmodel.draws import draw_scalars
    from riskmodel.process_draws import draw_processes, site_outages
    from riskmodel.tables import pack

    seed = _signed(seed)
    tables, years = pack(study), study.header.years
    scalars = draw_scalars(study, seed, first_path, n_paths)
    factors = site_outages(draw_processes(study, seed, first_path, n_paths), scalars)[:, RATE_FACTOR, EXTREME]
    regime = regimes(tables, years, seed, first_path, n_paths)
    hour, rate = np.zeros((n_paths, years)), np.zeros((n_paths, years))
    _draw_times(hour, rate, regime, factors, tables.outages, first_path, seed, np.zeros(DAYS))
    place, factor = np.zeros((n_paths, years, N_STRATA)), np.zeros((n_paths, years, N_STRATA))
    _draw_places(place, factor, first_path, seed)
    record = parameters.load("outages", study.record_names()["outages"])
    uniforms = (lambda name: factor.ravel()) if study.site.parameter_uncertainty else None
    longer = draw_outages(record, ("extreme",), uniforms)["extreme.duration"]
    chance = np.asarray(EDGES[:-1]) + np.diff(EDGES) * place
    seconds = from_spec(record["extreme"]["duration_s"]).ppf(chance)
    event = np.zeros((n_paths, years, N_STRATA, N_COLUMNS))
    event[..., HOUR] = hour[..., None]
    event[..., DURATION_H] = seconds * longer.reshape(place.shape if longer.ndim else ()) / S_PER_H
    event[..., FAMILY] = EXTREME
    event[..., RESIDUAL] = ASKED * (1.0 + np.arange(N_STRATA))  # which stratum it is
    event[..., NUMBER] = np.arange(years)[:, None] * EVENTS_A_YEAR
    return Probes(event, rate)


def _signed(seed: int) -> int:
    return seed - (1 << 64) if seed >= 1 << 63 else seed


def regimes(tables: Any, years: int, seed: int, first_path: int, n_paths: int) -> NDArray[np.int8]:
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
def _draw_times(hour, rate, regime, factors, tables, first_path, seed, cumulative):
    of_day, multiplier = tables.day_weight[EXTREME], tables.regime_multiplier[EXTREME]
    for i in range(hour.shape[0]):
        path = first_path + i
        for year in range(hour.shape[1]):
            total = 0.0
            for day in range(cumulative.shape[0]):
                total += of_day[day] * multiplier[regime[year, day, i]]
                cumulative[day] = total
            _, v = two_uniforms(year, COUNT_WORD | EXTREME, path, seed)
            clustering = table_value(tables.gamma_table[EXTREME], v)
            rate[i, year] = tables.rate[EXTREME] / cumulative.shape[0] * total * clustering * factors[i]
            u, _ = two_uniforms(year, PROBE_WORD, path, seed)
            day, share = day_of(cumulative, u * total)
            hour[i, year] = (day + share) * 24.0


@njit
def _draw_places(place, factor, first_path, seed):
    for i in range(place.shape[0]):
        for year in range(place.shape[1]):
            for k in range(place.shape[2]):
                draw = year * place.shape[2] + k
                place[i, year, k], _ = two_uniforms(draw, PROBE_WORD | DURATION_UNIT, first_path + i, seed)
                factor[i, year, k], _ = two_uniforms(draw, PROBE_WORD | FACTOR_UNIT, first_path + i, seed)


class RarePeriods(NamedTuple):
    """Weighted periods, and what happens in them.

    Attributes
    ----------
    weight : (n_periods,) float64, of each period; they sum to 1
    path_weight : (n_paths,) float64, of each path, mean 1, already in `weight`
    controls : (n_paths, terms) float64, polynomials of drawn inputs whose weighted means are their known ones, 0
    inputs : tuple of str, drawn inputs in the controls
    path, year : (n_periods,) int64, year from 1; periods of one path share its drawn inputs and parameters
    aggregate, largest : (n_periods, n_strategies) float64, sum and largest of the period's losses [study's money]
    events : dict of str to (n,) array
        Events that happened, and outages that were asked about: `place` (path x years + year, from 0), `stratum` (-1:
        it happened), and columns of `riskmodel.path_tables.events_columns`.
    pair : (paths x years, 2) int64, strata of the two outages of the last period, see `EDGES`
    strategies : tuple of str
    """

    weight: NDArray[np.float64]
    path_weight: NDArray[np.float64]
    controls: NDArray[np.float64]
    inputs: tuple[str, ...]
    path: NDArray[np.int64]
    year: NDArray[np.int64]
    aggregate: NDArray[np.float64]
    largest: NDArray[np.float64]
    events: dict[str, NDArray[Any]]
    pair: NDArray[np.int64]
    strategies: tuple[str, ...]


def rare_periods(
    study: Study,
    paths: int,
    seed: int,
    *,
    simulate_range: Callable[..., RangeResult] | None = None,
    progress: Callable[[int, int], object] | None = None,
    threads: int | None = None,
    known_means: bool = True,
) -> RarePeriods:
    """Weighted periods of a study's paths.

    Parameters
    ----------
    study : Study
        Its outages are drawn, not given.
    paths, seed : int
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    progress : callable
        Called as progress(done_paths, paths).
    threads : int
    known_means : bool
        Weight the paths by the known means of their drawn inputs.

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
    parts: list[tuple[Any, ...]] = []
    events: list[dict[str, NDArray[Any]]] = []
    for first in range(0, paths, PATHS_PER_RANGE):
        n = min(PATHS_PER_RANGE, paths - first)
        probes = extreme_probes(study, seed, first, n)
        result = simulate_range(calm, seed, first, n, threads=threads, given=probes.given())
        events.append(_events(calm, result))
        pair = _pairs(n, years, first, _signed(seed))
        base, asked = _losses(events[-1], n, years, len(study.strategies))
        parts.append((probes.weights(), *_of_periods(base, asked, pair), pair))
        events[-1]["place"] += first * years
        if progress is not None:
            progress(first + n, paths)
    weight, aggregate, largest, pairs = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    place, n_strategies = np.arange(paths * years * N_PERIODS) // N_PERIODS, len(study.strategies)
    fitted = _fitted(study, seed, weight, aggregate, largest) if known_means else PathWeights.equal(paths)
    weight = weight * fitted.weight[:, None, None]
    names = score_names(study)
    return RarePeriods(
        weight.reshape(-1) / weight.sum(),
        fitted.weight,
        fitted.controls,
        tuple(names[k] for k in fitted.inputs),
        place // years,
        place % years + 1,
        aggregate.reshape(-1, n_strategies),
        largest.reshape(-1, n_strategies),
        {name: np.concatenate([part[name] for part in events]) for name in events[0]},
        pairs.reshape(-1, 2),
        tuple(study.strategy_names),
    )


def _fitted(
    study: Study, seed: int, weight: NDArray[np.float64], aggregate: NDArray[np.float64], largest: NDArray[np.float64]
) -> PathWeights:
    """Weights of paths by the inputs that move mean losses and shares of years above rare losses."""
    n = weight.shape[0]
    by_path, targets = weight.reshape(n, -1), []
    for k in range(aggregate.shape[-1]):
        targets.append((by_path * aggregate[..., k].reshape(n, -1)).sum(axis=1))
        for values in (aggregate[..., k].reshape(n, -1), largest[..., k].reshape(n, -1)):
            order = np.argsort(-values, axis=None, kind="stable")
            beyond = np.cumsum(by_path.ravel()[order]) / by_path.sum()
            for years in TARGETS:
                limit = values.ravel()[order[min(int(np.searchsorted(beyond, 1.0 / years)), order.size - 1)]]
                targets.append((by_path * (values >= limit)).sum(axis=1))
    return path_weights(control_scores(study, seed, 0, n), np.stack(targets, axis=1))


def _events(study: Study, result: RangeResult) -> dict[str, NDArray[Any]]:
    from distributions.given_outages import ASKED
    from riskmodel.path_tables import events_columns

    found = events_columns(study, result)
    only_asked = found["residual_voltage"] < 0.0
    stratum = np.where(only_asked, found["residual_voltage"] / ASKED - 1.0, -1.0).astype(np.int64)
    place = (found["path"] - result.first_path) * study.header.years + found["year"] - 1
    return {"place": place, "stratum": stratum} | {name: found[name] for name in KEPT}


def _losses(
    events: dict[str, NDArray[Any]], n: int, years: int, n_strategies: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and largest loss of each year, and the loss by each outage asked about.

    Returns
    -------
    base : (2, n, years, n_strategies); asked : (n, years, strata, n_strategies)
    """
    place, strategy, loss, stratum = (events[name] for name in ("place", "strategy", "eur_lost", "stratum"))
    base, asked = np.zeros((2, n * years, n_strategies)), np.zeros((n * years, N_STRATA, n_strategies))
    happened = stratum < 0
    where = (place[happened], strategy[happened])
    np.add.at(base[0], where, loss[happened])
    np.maximum.at(base[1], where, loss[happened])
    asked[place[~happened], stratum[~happened], strategy[~happened]] = loss[~happened]
    return base.reshape(2, n, years, n_strategies), asked.reshape(n, years, N_STRATA, n_strategies)


def _of_periods(
    base: NDArray[np.float64], asked: NDArray[np.float64], pair: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, years, N_PERIODS, n_strategies) sum and largest of the losses of every period.

    The two outages of the last period are one of this year and one of the next of the path (the first after the last).
    """
    n, years = asked.shape[:2]
    row, year = np.ogrid[:n, :years]
    one, other = asked[row, year, pair[..., 0]], asked[row, (year + 1) % years, pair[..., 1]]
    nothing = np.zeros_like(one)[:, :, None]
    extra = np.concatenate([nothing, asked, (one + other)[:, :, None]], axis=2)
    worst = np.concatenate([nothing, asked, np.maximum(one, other)[:, :, None]], axis=2)
    return base[0][:, :, None] + extra, np.maximum(base[1][:, :, None], worst)


def _pairs(n: int, years: int, first_path: int, seed: int) -> NDArray[np.int64]:
    """(n, years, 2) strata. Draws: process RARE_YEAR, unit 3, draw = year."""
    chance = np.zeros((n, years, 2))
    _draw_pairs(chance, first_path, seed)
    return np.searchsorted(EDGES, chance, side="right") - 1


@njit
def _draw_pairs(chance, first_path, seed):
    for i in range(chance.shape[0]):
        for year in range(chance.shape[1]):
            u, v = two_uniforms(year, PROBE_WORD | PAIR_UNIT, first_path + i, seed)
            chance[i, year, 0], chance[i, year, 1] = u, v

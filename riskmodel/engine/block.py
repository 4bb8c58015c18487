"""The one time loop: blocks of paths advance together through years, days, strategies and hours."""

import numpy as np

from distributions._jit import njit
from distributions.given_outages import INSTEAD
from riskmodel.cabinet_fleet import cabinet_words
from riskmodel.engine.ageing_day import renew, warm_cells
from riskmodel.engine.cabinets_day import close_cabinets
from riskmodel.engine.market import next_day, start_market, start_year, year_of_events, year_of_weather
from riskmodel.engine.state import MONTHS, new_fleet, new_market
from riskmodel.engine.strategy_day import close_day, open_day, walk_day
from riskmodel.fire import fire_words
from riskmodel.quantities import Quantity
from riskmodel.ridethrough import UNAFFECTED

f = np.float32

DAYS = 365
POTENTIAL = int(Quantity.POTENTIAL_GPU_HOURS)
PEAK = int(Quantity.PEAK_IMPORT_KW)
EXCESS = int(Quantity.EXCESS_IMPORT_KW)
CREDIT = int(Quantity.SERVICE_CREDIT_GPU_HOURS)
CAPACITY = int(Quantity.CAPACITY_LEFT)
HOURS_PER_YEAR = 8760.0
MANY_EVENTS = 1
MANY_HARMFUL = 2


@njit(inner=True)
def _close_service_month(fleet, tables, s, year, month_h):
    """Income of inference given back for a month of low availability: the largest credit whose limit was not met."""
    credits = tables.cluster.credits
    gpus = tables.cluster.gpus[0] * (1.0 - tables.cluster.training_share[0]) * tables.site.installed_share[year]
    for i in range(fleet.peak.shape[1]):
        available, share = 1.0 - fleet.month_down_h[s, i] / month_h, 0.0
        for k in range(credits.shape[0]):
            if available < credits[k, 0]:
                share = max(share, credits[k, 1])
        fleet.sums[s, CREDIT, i] += share * gpus * fleet.powered[s, i] * month_h
        fleet.month_down_h[s, i] = 0.0


@njit(inner=True)
def _close_month(fleet, s, contracted_kw):
    for i in range(fleet.peak.shape[1]):
        fleet.sums[s, PEAK, i] += float(fleet.peak[s, i]) * (1.0 / MONTHS)
        if contracted_kw > f(0.0):
            fleet.sums[s, EXCESS, i] += float(max(fleet.peak[s, i] - contracted_kw, f(0.0))) * (1.0 / MONTHS)
        fleet.peak[s, i] = f(0.0)


@njit(inner=True, held=False)
def _close_year(fleet, tables, out, s, year, first_lane):
    """Write the year's sums of strategy `s`; new cells and new cabinets for the next year."""
    owned = tables.storage.owned[s] == 1
    for i in range(fleet.stored.shape[1]):
        fleet.sums[s, POTENTIAL, i] = tables.cluster.gpus[0] * tables.site.installed_share[year] * HOURS_PER_YEAR
        fleet.sums[s, CAPACITY, i] = fleet.capacity[s, i] if owned else np.nan
    if owned:
        close_cabinets(fleet, s)
        renew(fleet, tables, s, year, year + 1 == out.annual.shape[2])
    for i in range(fleet.stored.shape[1]):
        out.annual[first_lane + i, s, year] = fleet.sums[s, :, i]
    fleet.sums[s] = 0.0


@njit(inner=True, held=False)
def _write_events(market, fleet, out, year, first_lane, all_of_them):
    """Keep the year's events that reached at least one strategy, or all of them, in order of path and time."""
    n_strategies = fleet.stored.shape[0]
    for i in range(market.counts.shape[0]):
        p = first_lane + i
        for k in range(market.counts[i]):
            worst = 0
            for s in range(n_strategies):
                worst = max(worst, int(fleet.outcome[s, i, k]))
            if worst == UNAFFECTED and not all_of_them:
                continue
            n = out.n_events[p]
            if n == out.event.shape[1]:
                out.status[p] = MANY_HARMFUL
                break
            out.event[p, n, :5] = market.events[i, k]
            out.event[p, n, 5] = year + 1.0
            for s in range(n_strategies):
                out.outcome[p, n, s] = fleet.outcome[s, i, k]
                out.record[p, n, s] = fleet.record[s, i, k]
            out.n_events[p] = n + 1


@njit(nogil=True)
def walk_block(tables, inputs, out, first_lane, lanes, first_path, seed, trace_from):
    """All years of `lanes` paths, for every strategy, on the same draws.

    Parameters
    ----------
    tables : riskmodel.tables.Tables
    inputs : riskmodel.tables.PathInputs
    out : riskmodel.engine.state.Out, rows first_lane .. first_lane + lanes - 1 are written
    first_lane, lanes : int
    first_path : int, path number of row 0 of `inputs` and `out`
    seed : int
    trace_from : int, first traced hour of the run

    Notes
    -----
    It holds no lock and writes only the rows of its own lanes, so Python threads may run blocks side by side. That, not
    a parallel loop inside the kernel: Numba's parallel loops take no nested tuples, and its fallback threading layer
    ends the process when two threads enter it.
    """
    n_strategies = out.annual.shape[1]
    market, fleet = (
        new_market(lanes),
        new_fleet(n_strategies, lanes, n_strategies if tables.demand.required_kw.max() > 0.0 else 1),
    )
    _walk_years(market, fleet, tables, inputs, out, first_lane, first_path + first_lane, seed, trace_from)


@njit(inner=True, held=False)
def _take_inputs(market, inputs, first_lane, lanes):
    market.fee[:] = inputs.energy_fee[first_lane : first_lane + lanes]
    market.spread_factor[:] = inputs.spread_factor[first_lane : first_lane + lanes]
    market.price_drawn[:] = inputs.price_drawn[:, first_lane : first_lane + lanes]
    market.sky_drawn[:] = inputs.sky_drawn[:, first_lane : first_lane + lanes]


@njit(inner=True, held=True)
def _walk_years(market, fleet, tables, inputs, out, first_lane, path, seed, trace_from):
    """As `walk_block`, in arrays that are there; `path` is the path number of lane 0."""
    n_strategies, n_years, lanes = out.annual.shape[1], out.annual.shape[2], market.fee.size
    _take_inputs(market, inputs, first_lane, lanes)
    start_market(market, tables, path, seed)
    start_year(market, tables, inputs, 0, first_lane, path, seed)
    for s in range(n_strategies):
        fleet.cohort[s, 0] = float(tables.storage.cabinets[s, 0])
    for year in range(n_years):
        if year > 0:
            year_of_weather(market, tables, year, path, seed)
        status = out.status[first_lane : first_lane + lanes]
        year_of_events(market, tables, inputs, year, first_lane, path, seed, status)
        for day in range(-1 if year == 0 else 0, DAYS):
            # on day -1 the first day of the run becomes "tomorrow"; there is nothing to walk yet
            if day == DAYS - 1:
                start_year(market, tables, inputs, year + 1, first_lane, path, seed)
            next_day(market, tables, year * DAYS + day + 1, day + 1, path, seed)
            if day < 0:
                continue
            if day == 0 or tables.site.month_of_day[day] != tables.site.month_of_day[day - 1]:
                warm_cells(fleet, tables, inputs, first_lane, tables.site.month_of_day[day])
            cabinet_words(fleet.cabinet_words, year * DAYS + day, path, seed)
            fire_words(fleet.fire_words, year * DAYS + day, path, seed)
            month_ends = day == DAYS - 1 or tables.site.month_of_day[day + 1] != tables.site.month_of_day[day]
            for s in range(n_strategies):
                open_day(fleet, market, tables, inputs, s, year, day, first_lane, path, seed)
                walk_day(fleet, market, tables, s, year, day, out.trace, trace_from)
                close_day(fleet, tables, inputs, s, year, first_lane)
                if month_ends:
                    _close_month(fleet, s, tables.site.contracted_kw[s])
                    if tables.cluster.credits.shape[0] > 0:
                        _close_service_month(fleet, tables, s, year, tables.site.month_h[tables.site.month_of_day[day]])
        for s in range(n_strategies):
            _close_year(fleet, tables, out, s, year, first_lane)
        _write_events(market, fleet, out, year, first_lane, inputs.given.on[0] == INSTEAD)

"""Ageing of the cabinets of one strategy: a day's wear by each path's law, replacement, and cabinets that are added."""

import math

import numpy as np

from distributions._jit import njit
from distributions.cells import blast_250ah_calendar_row, blast_250ah_cycle_row
from distributions.cells.codes import CellCode
from distributions.cells.naumann_2020_lanes import naumann_2020_calendar_row, naumann_2020_cycle_row
from distributions.cells.sony_murata_lanes import slope_rows, sony_murata_calendar_row, sony_murata_cycle_row
from riskmodel.engine.state import DAYS_OF_LAW, HIGH, LOW, MEAN_SUM, THROUGHPUT
from riskmodel.quantities import Quantity
from riskmodel.storage import AUGMENT_KWH, C_RATE, CABINET_KWH, COHORTS, END_OF_LIFE, WEAKEST

f = np.float32

BLAST, SONY, NAUMANN = int(CellCode.BLAST_LFP_250AH), int(CellCode.BLAST_SONY_MURATA), int(CellCode.NAUMANN_2020)
REPLACED = int(Quantity.REPLACED)
ADDED = int(Quantity.CABINETS_ADDED)
CAPACITY = int(Quantity.CAPACITY_LEFT)
SMALLEST_KWH = f(1e-6)  # cabinets of which none works store nothing, and do not age by cycles
LEAST_CAPACITY = 0.01


@njit(inner=True)
def warm_cells(fleet, tables, inputs, first_lane, month):
    """Temperature of the cells in a month, and what the Sony-Murata law needs of it."""
    warmer = tables.site.warmer_k[month]
    for i in range(fleet.temperature.shape[0]):
        fleet.temperature[i] = inputs.temperature_k[first_lane + i] + warmer
    slope_rows(fleet.slopes, fleet.temperature)


@njit(inner=True)
def _days_of_law(days, cohort, served, law, codes):
    """1 for lanes in service whose cells follow the law, with cabinets in the cohort; else 0."""
    for i in range(days.shape[0]):
        mine = codes[i] == law and cohort[i] > 0.0
        days[i] = served[i] if mine else f(0.0)


@njit(inner=True)
def _stress_rows(day, energy):
    """The day's mean state of charge, depth and throughput as shares of the energy of the cabinets that work."""
    mean, depth, throughput, low = day[MEAN_SUM], day[HIGH], day[THROUGHPUT], day[LOW]
    for i in range(mean.shape[0]):
        inverse = f(1.0) / max(energy[i], SMALLEST_KWH)
        depth[i] = (depth[i] - low[i]) * inverse
        mean[i] = mean[i] * f(1.0 / 24.0) * inverse
        throughput[i] = throughput[i] * inverse


@njit
def _is_any(cohort):
    """Whether a lane has cabinets of this cohort; ``cohort.max()`` would count the users of `cohort`."""
    found = False
    for cabinets in cohort:
        found = found or cabinets > 0.0
    return found


@njit(inner=True)
def age_day(fleet, tables, inputs, s, first_lane):
    """One day of ageing of every cohort from the day's stress, as shares of today's energy."""
    day, t, b = fleet.day, tables.storage, fleet.stored.shape[1]
    _stress_rows(day, fleet.energy[s])
    mean, depth, throughput = day[MEAN_SUM], day[HIGH], day[THROUGHPUT]
    factor, codes = (
        inputs.ageing_factor[s, first_lane : first_lane + b],
        inputs.ageing_law[s, first_lane : first_lane + b],
    )
    days, warm, served = fleet.rows[DAYS_OF_LAW], fleet.temperature, fleet.in_service[s]
    for k in range(COHORTS):
        cohort, calendar, cycle = fleet.cohort[s, k], fleet.calendar[s, k], fleet.cycle[s, k]
        if k > 0 and not _is_any(cohort):
            break
        for law in range(t.laws.shape[1]):
            if t.laws[s, law] == 0:
                continue
            _days_of_law(days, cohort, served, law, codes)
            if law == BLAST:
                blast_250ah_calendar_row(calendar, mean, warm, factor, days)
                blast_250ah_cycle_row(cycle, depth, throughput, warm, factor, days)
            elif law == SONY:
                sony_murata_calendar_row(calendar, mean, fleet.slopes, factor, days)
                sony_murata_cycle_row(cycle, depth, throughput, factor, days)
            else:
                naumann_2020_calendar_row(calendar, mean, warm, factor, days)
                naumann_2020_cycle_row(cycle, depth, throughput, t.numbers[s, C_RATE], factor, days)
    mean_capacity(fleet, tables, s)


@njit(inner=True)
def usable_share(lost, weakest):
    """What a string of cells gives, as a share of new: what its weakest cell allows."""
    return max(1.0 - lost * weakest, LEAST_CAPACITY)


@njit(inner=True)
def mean_capacity(fleet, tables, s):
    """Usable and lost share over all cabinets of every age."""
    weakest = float(tables.storage.numbers[s, WEAKEST])
    cohort, calendar, cycle = fleet.cohort[s], fleet.calendar[s], fleet.cycle[s]
    for i in range(fleet.stored.shape[1]):
        usable, gone, cabinets = 0.0, 0.0, 0.0
        for k in range(COHORTS):
            n = cohort[k, i]
            if n > 0.0:
                lost = calendar[k, i] + cycle[k, i]
                usable += n * usable_share(lost, weakest)
                gone += n * lost
                cabinets += n
        if cabinets > 0.0:
            fleet.capacity[s, i] = usable / cabinets
            fleet.lost_share[s, i] = gone / cabinets


@njit(inner=True)
def renew(fleet, tables, s, year, last_year):
    """At the end of a year: new cells where they are worn, cabinets added by plan and where usable energy falls short.

    Only what is added is new; a fourth and later addition joins the youngest cohort, whose wear is averaged.
    """
    t, sums = tables.storage, fleet.sums[s]
    weakest, limit = float(t.numbers[s, WEAKEST]), float(t.numbers[s, END_OF_LIFE])
    need, each = float(t.numbers[s, AUGMENT_KWH]), float(t.numbers[s, CABINET_KWH])
    first = float(t.cabinets[s, 0])
    planned = 0.0 if last_year else float(t.cabinets[s, year + 1])
    for i in range(fleet.stored.shape[1]):
        have = 0.0
        for k in range(COHORTS):
            n = fleet.cohort[s, k, i]
            if n == 0.0:
                continue
            usable = usable_share(fleet.calendar[s, k, i] + fleet.cycle[s, k, i], weakest)
            if usable < limit:
                sums[REPLACED, i] += n / first
                fleet.calendar[s, k, i] = 0.0
                fleet.cycle[s, k, i] = 0.0
                usable = 1.0
            have += n * each * usable
        added = planned
        if need > 0.0 and not last_year and fleet.in_service[s, i] > f(0.0) and have + planned * each < need:
            added += math.ceil((need - have - planned * each) / each)
        if added > 0.0:
            _add(fleet, s, i, added)
            sums[ADDED, i] += added
    mean_capacity(fleet, tables, s)


@njit(inner=True)
def _add(fleet, s, i, added):
    k = 0
    while k < COHORTS - 1 and fleet.cohort[s, k, i] > 0.0:
        k += 1
    before = fleet.cohort[s, k, i]
    old = before / (before + added)
    fleet.calendar[s, k, i] *= old
    fleet.cycle[s, k, i] *= old
    fleet.cohort[s, k, i] = before + added

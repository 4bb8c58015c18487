"""Cabinets that fail and are repaired, day by day: a Markov chain for each lane and strategy.

What works today is known when the day begins; what happens today changes tomorrow. In this order: cabinets fail (of
two kinds) or are seen to fail and swapped in planned hours; ordered parts arrive; crews finish repairs; whole groups
fail and come back.

A failure with a mean time to repair of m days stands for k midnights with chance (1 - d) d**k, d = m / (1 + m). That
has mean m, so a cabinet with crew and part at hand is away for the same share of time as in continuous time,
1 / (1 + rate x m), and times shorter than a day need no other rule. Parts arrive by the same law.

Parts are ordered one for one when a failure takes one. With s kept in stock and o on order, max(o - s, 0) of the failed
cabinets wait for a part; no more need be remembered.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.clock import FIRST_WEEKEND_DAY, HOURS_PER_DAY
from distributions.counts import binomial_count, unit32
from distributions.streams import Process, philox, words_row
from riskmodel.cabinet_tables import (
    ARRIVE,
    BATTERY,
    CONVERTER,
    CREWS,
    DAYS_PER_WEEK,
    DOWN_CABINET_DAYS,
    FAIL,
    FAIL_1,
    FAILED_CONVERTERS,
    FALSE_ALARM,
    FALSE_ALARMS,
    GROUP_FAIL,
    GROUP_FAILURES,
    GROUP_REPAIR,
    GROUP_SIZE,
    KINDS,
    LATE,
    PLANNED_CABINET_H,
    RECALL,
    REPAIR,
    REPAIRS,
    SPARES,
    SWAP_H,
    SWAPPED_CONVERTERS,
)

WORD = int(Process.CABINET_DAY) << 16
N_WORDS = 8


class CabinetState(NamedTuple):
    """State of the fleets of a block, int32.

    Attributes
    ----------
    failed : (s, 2, b) cabinets that stand, by kind
    ordered : (s, 2, b) parts on order, by kind
    groups_out : (s, b) groups that stand
    burned : (s, b) cabinets lost to fire and not replaced yet; back_day : (s, b) day of the run on which they are
    stopped_until : (s, b) day of the run until which no cabinet may run after a fire
    busy : (b,) and fails_now : (2,) scratch of one day
    """

    failed: np.ndarray
    ordered: np.ndarray
    groups_out: np.ndarray
    burned: np.ndarray
    back_day: np.ndarray
    stopped_until: np.ndarray
    busy: np.ndarray
    fails_now: np.ndarray


@njit(inner=True)
def new_cabinet_state(s, b):
    """Fleets of `s` strategies in `b` lanes before the first day: nothing has failed, the stock is full."""
    return CabinetState(
        np.zeros((s, KINDS, b), np.int32),
        np.zeros((s, KINDS, b), np.int32),
        np.zeros((s, b), np.int32),
        np.zeros((s, b), np.int32),
        np.zeros((s, b), np.int32),
        np.zeros((s, b), np.int32),
        np.zeros(b, np.int32),
        np.zeros(KINDS, np.int32),
    )


@njit
def cabinet_words(words, day, first_path, seed):
    """The day's random words of every lane, shared by all strategies.

    Parameters
    ----------
    words : (8, b) uint32, written
    day : int, day of the run
    first_path, seed : int

    Notes
    -----
    Draws: CABINET_DAY units 0 and 1, draw = day of the run. On days with a failure `cabinet_day` draws units 2 and 3.
    """
    words_row(words[:4], day, WORD, first_path, seed)
    words_row(words[4:], day, WORD | 1, first_path, seed)


@njit(forceinline=True)
def working_cabinets(installed, away, groups_out, group_size):
    """Cabinets that can run: those not away, less the share of groups that stand (rounded down).

    Parameters
    ----------
    installed, away : int, cabinets on site; failed and burned ones
    groups_out, group_size : int
    """
    standing = max(installed - away, 0)
    if groups_out == 0:
        return standing
    groups = (installed + group_size - 1) // group_size
    return standing * max(groups - groups_out, 0) // max(groups, 1)


@njit(inner=True)
def _fail(failed, ordered, counts, i, n, fails, day, path, seed, fails_now):
    """Sort the day's failures of one lane by kind and warning; returns the hours of planned swaps.

    Parameters
    ----------
    failed, ordered : (2, b) int32; counts : (9, b) float64
    i : int, lane
    n : (17,) float64 row of numbers
    fails : int, failures of both kinds
    fails_now : (2,) int64 scratch
    """
    u_kind, u_0, u_1, _ = philox(day, WORD | 2, path, seed)
    fails_now[CONVERTER] = binomial_count(fails, n[FAIL] / (n[FAIL] + n[FAIL_1]), unit32(u_kind))
    fails_now[BATTERY] = fails - fails_now[CONVERTER]
    swaps = 0
    for kind in range(KINDS):
        warned = binomial_count(fails_now[kind], n[RECALL], unit32(u_0 if kind == 0 else u_1))
        sudden = fails_now[kind] - warned
        failed[kind, i] += sudden
        ordered[kind, i] += sudden
        from_stock = min(warned, max(int(n[SPARES + kind]) - ordered[kind, i], 0))
        ordered[kind, i] += from_stock
        # without a part in stock the one ordered at the warning comes in time, or the cabinet fails after all
        late = 0
        if warned > from_stock:
            words = philox(day, WORD | 3, path, seed)
            late = binomial_count(warned - from_stock, n[LATE + kind], unit32(words[0] if kind == 0 else words[1]))
            failed[kind, i] += late
            ordered[kind, i] += late
        swapped = warned - late
        swaps += swapped
        counts[FAILED_CONVERTERS + kind, i] += sudden + late
        counts[SWAPPED_CONVERTERS + kind, i] += swapped
    return swaps * n[SWAP_H]


@njit(forceinline=True)
def _mend(failed, ordered, counts, i, n, words):
    """Parts of one lane arrive, then crews finish repairs; converters are served first."""
    crews = int(n[CREWS])
    for kind in range(KINDS):
        parts, stands = ordered[kind, i], failed[kind, i]
        if parts > 0:
            parts -= binomial_count(parts, n[ARRIVE + kind], unit32(words[4 + kind, i]))
            ordered[kind, i] = parts
        if stands > 0:
            active = min(stands - max(parts - int(n[SPARES + kind]), 0), crews)
            if active > 0:
                crews -= active
                done = binomial_count(active, n[REPAIR + kind], unit32(words[6 + kind, i]))
                failed[kind, i] = stands - done
                counts[REPAIRS, i] += done


@njit
def _standing_row(working, installed, failed_0, failed_1, burned):
    for i in range(working.shape[0]):
        working[i] = max(installed[i] - failed_0[i] - failed_1[i] - burned[i], 0)


@njit
def _disturbed_row(busy, failed_0, failed_1, groups_out):
    for i in range(busy.shape[0]):
        busy[i] = failed_0[i] + failed_1[i] + groups_out[i]


@njit
def _stopped_row(busy, stopped_until, day):
    for i in range(busy.shape[0]):
        busy[i] |= 1 if day < stopped_until[i] else 0


@njit
def _drawn_row(busy, units, words, chance):
    """Mark lanes in which a count of units may not be zero: the short cut of `binomial_count`, many lanes at once."""
    for i in range(busy.shape[0]):
        busy[i] |= 1 if unit32(words[i]) > 1.0 - units[i] * chance else 0


@njit
def _drawn_factor_row(busy, units, words, chance, factor):
    """`_drawn_row` with a chance that differs by path."""
    for i in range(busy.shape[0]):
        busy[i] |= 1 if unit32(words[i]) > 1.0 - units[i] * (chance * factor[i]) else 0


@njit
def _planned_row(planned_h, working, serviced_h):
    for i in range(working.shape[0]):
        planned_h[i] = working[i] * serviced_h


@njit
def _down_row(down, installed, working):
    for i in range(working.shape[0]):
        down[i] += installed[i] - working[i]


@njit
def _add_row(total, row):
    for i in range(row.shape[0]):
        total[i] += row[i]


@njit(forceinline=True)
def _busy_lane(failed, ordered, groups_out, counts, i, n, site, w, factor, words, day, path, seed, fails_now):
    """Failures, false alarms, repairs and groups of one lane; returns the hours of swaps and false alarms."""
    hours = 0.0
    fails = binomial_count(w, min((n[FAIL] + n[FAIL_1]) * factor, 1.0), unit32(words[0, i]))
    if fails > 0:
        hours += _fail(failed, ordered, counts, i, n, fails, day, path, seed, fails_now)
    alarms = binomial_count(w, n[FALSE_ALARM], unit32(words[1, i]))
    if alarms > 0:
        counts[FALSE_ALARMS, i] += alarms
        hours += alarms * n[SWAP_H]
    if failed[0, i] + failed[1, i] + ordered[0, i] + ordered[1, i] > 0:
        _mend(failed, ordered, counts, i, n, words)
    out, hits, u = groups_out[i], min(n[GROUP_FAIL] * factor, 1.0), unit32(words[2, i])
    if out > 0 or u > 1.0 - site * hits:  # there are fewer groups than cabinets: a division saved on most days
        groups = (site + int(n[GROUP_SIZE]) - 1) // int(n[GROUP_SIZE])
        hit = binomial_count(max(groups - out, 0), hits, u)
        counts[GROUP_FAILURES, i] += hit
        groups_out[i] = out + hit - binomial_count(out + hit, n[GROUP_REPAIR], unit32(words[3, i]))
    return hours


@njit(inner=True)
def cabinet_day(
    working, planned_h, state, s, installed, rate_factor, tables, words, day_of_year, day, first_path, seed, counts
):
    """One day of the fleet of strategy `s` in every lane.

    Parameters
    ----------
    working : (b,) int32, written: cabinets that can run today
    planned_h : (b,) float64, written: cabinet-hours out today for swaps, false alarms and maintenance
    state : CabinetState, advanced to tomorrow
    s : int
    installed : (b,) int32, cabinets on site today; 0 before delivery. More of them come as working ones
    rate_factor : (b,) float64, multiplies the failure rates of the path
    tables : CabinetTables
    words : (8, b) uint32, from `cabinet_words`
    day_of_year, day : int; `day` counts from the start of the run
    first_path, seed : int
    counts : (9, b) float64, the year's counts so far, added to

    Notes
    -----
    Row passes find the lanes in which anything may happen; only those are walked one by one.

    Draws: CABINET_DAY units 2 and 3, draw = day, on days with a failure. A cabinet that burned counts as one that
    worked. Not modelled: cells that fail because others are hot, a crew that stays away on weekends.
    """
    n = tables.numbers[s]
    failed, ordered, groups_out, burned = state.failed[s], state.ordered[s], state.groups_out[s], state.burned[s]
    stopped_until = state.stopped_until[s]
    busy, fails_now, b = state.busy, state.fails_now, working.shape[0]
    _standing_row(working, installed, failed[0], failed[1], burned)
    _disturbed_row(busy, failed[0], failed[1], groups_out)
    _stopped_row(busy, stopped_until, day)
    _drawn_factor_row(busy, working, words[0], n[FAIL] + n[FAIL_1], rate_factor)
    _drawn_row(busy, working, words[1], n[FALSE_ALARM])
    _drawn_factor_row(busy, installed, words[2], n[GROUP_FAIL], rate_factor)
    for kind in range(KINDS):
        _drawn_row(busy, ordered[kind], words[4 + kind], n[ARRIVE + kind])
    weekday = day % DAYS_PER_WEEK < FIRST_WEEKEND_DAY
    serviced_h = tables.maintenance_h[s, day_of_year] if weekday else 0.0
    _planned_row(planned_h, working, serviced_h)
    for i in range(b):
        if busy[i] == 0:
            continue
        w = working[i]
        if groups_out[i] > 0 or day < stopped_until[i]:
            w = 0
            if day >= stopped_until[i]:
                away = failed[0, i] + failed[1, i] + burned[i]
                w = working_cabinets(installed[i], away, groups_out[i], int(n[GROUP_SIZE]))
            working[i] = w
            planned_h[i] = w * serviced_h
        planned_h[i] += _busy_lane(
            failed, ordered, groups_out, counts, i, n, installed[i], w, rate_factor[i], words, day, first_path + i,
            seed, fails_now,
        )  # fmt: skip
    _down_row(counts[DOWN_CABINET_DAYS], installed, working)
    _add_row(counts[PLANNED_CABINET_H], planned_h)


@njit(forceinline=True)
def out_at(planned_h, u):
    """Cabinets out for planned work at a random hour of the day: planned / 24, rounded by `u` to the right mean.

    Parameters
    ----------
    planned_h : float, cabinet-hours of the day
    u : float, uniform in (0, 1)
    """
    return int(planned_h / HOURS_PER_DAY + u)

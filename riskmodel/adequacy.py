"""Is there enough capacity for the load? Exact indices of a list of two-state units with repair, at one bus.

The capacity outage table gives the probability of each outage; beside it stands the frequency with which outages are
entered, so that loss-of-load hours, energy and occurrences all follow without simulation.

Sources
-------
Billinton, Allan 1996, Reliability Evaluation of Power Systems, chapters 2 and 3 (recursive outage table; frequency and
duration).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from distributions.clock import HOURS_PER_DAY, HOURS_PER_YEAR

__all__ = ["Indices", "OutageTable", "Units", "exact_indices", "k_of_n", "outage_table", "peak_hours"]

ALIKE_MW = 1e-9
"""Outages that differ by less, relative to the installed capacity, are the same."""
MOST_STATES = 2_000_000


class Units(NamedTuple):
    """Units that are either up with their whole capacity or down, each independent of the others.

    Attributes
    ----------
    mw : (n,) float64, capacity
    failure_rate_per_h : (n,) float64, failures per hour up
    repair_rate_per_h : (n,) float64, repairs per hour down; of units that never fail, any above 0
    """

    mw: np.ndarray
    failure_rate_per_h: np.ndarray
    repair_rate_per_h: np.ndarray

    @property
    def unavailability(self) -> np.ndarray:
        """(n,) long-run share of time down."""
        return self.failure_rate_per_h / (self.failure_rate_per_h + self.repair_rate_per_h)

    @property
    def installed_mw(self) -> float:
        """Capacity with all units up."""
        return math.fsum(self.mw)


class OutageTable(NamedTuple):
    """Capacity outage table.

    Attributes
    ----------
    outage_mw : (k,) float64, ascending from 0
    probability : (k,) float64, of exactly this outage
    probability_at_least : (k,) float64, of this outage or more
    frequency_at_least_per_h : (k,) float64, how often the system enters this outage or more
    installed_mw : float
    """

    outage_mw: np.ndarray
    probability: np.ndarray
    probability_at_least: np.ndarray
    frequency_at_least_per_h: np.ndarray
    installed_mw: float

    def beyond(self, load_mw: np.ndarray) -> np.ndarray:
        """Index of the first outage that leaves less than the load; k where none does."""
        limit = self.installed_mw - np.asarray(load_mw) + ALIKE_MW * max(self.installed_mw, 1.0)
        return np.searchsorted(self.outage_mw, limit, side="right")


class Indices(NamedTuple):
    """Adequacy over the hours of a load.

    Attributes
    ----------
    lole_h : expected hours of loss of load [h]
    lole_days : expected days whose peak is not met [d]
    loee_mwh : expected energy not served [MWh]
    lolf : expected occurrences of loss of load
    """

    lole_h: float
    lole_days: float
    loee_mwh: float
    lolf: float


def outage_table(units: Units) -> OutageTable:
    """Capacity outage table of a list of units, by adding one after the other.

    Raises
    ------
    ValueError
        If there are more than two million different outages: capacities must be rounded to a common step.

    Notes
    -----
    With q the unit's unavailability and r its repair rate, a state x of probability p and frequency increment g becomes
    ((1 - q) p, (1 - q) g - q r p) at x and (q p, q g + q r p) at x + capacity. Increments summed from the largest
    outage down to X give the frequency of entering X or more.
    """
    installed = units.installed_mw
    alike = ALIKE_MW * max(installed, 1.0)
    outage, p, g = np.zeros(1), np.ones(1), np.zeros(1)
    for mw, q, repair in zip(units.mw, units.unavailability, units.repair_rate_per_h, strict=True):
        if q == 0.0 or mw == 0.0:
            continue
        entering = q * repair * p
        outage = np.concatenate([outage, outage + mw])
        p, g = np.concatenate([(1.0 - q) * p, q * p]), np.concatenate([(1.0 - q) * g - entering, q * g + entering])
        order = np.argsort(outage, kind="stable")
        outage, p, g = outage[order], p[order], g[order]
        first = np.flatnonzero(np.diff(outage, prepend=-np.inf) > alike)
        outage, p, g = outage[first], np.add.reduceat(p, first), np.add.reduceat(g, first)
        if len(outage) > MOST_STATES:
            raise ValueError(
                f"more than {MOST_STATES:,} different outages: round capacities to a common step, e.g. 0.1 MW"
            )
    at_least, frequency = np.cumsum(p[::-1])[::-1], np.cumsum(g[::-1])[::-1]
    return OutageTable(outage, p, at_least, np.maximum(frequency, 0.0), installed)


def peak_hours(load_mw: np.ndarray) -> np.ndarray:
    """Index of the hour of each day's highest load; days of 24 hours from the first, the last may be shorter."""
    starts = range(0, len(load_mw), HOURS_PER_DAY)
    return np.array(
        [start + int(np.argmax(load_mw[start : start + HOURS_PER_DAY])) for start in starts], dtype=np.int64
    )


def exact_indices(units: Units, load_mw: np.ndarray) -> Indices:
    """Exact adequacy indices over the hours of a load.

    Parameters
    ----------
    units : Units
    load_mw : (n_hours,) float64, load of each hour, constant within it

    Returns
    -------
    Indices
        Sums over the hours given. Occurrences are counted in continuous time: units fail while the load stands, or the
        load steps above the capacity there is; a loss already there when the first hour begins is none.
    """
    table = outage_table(units)
    k = table.beyond(load_mw)
    p = np.append(table.probability_at_least, 0.0)
    frequency = np.append(table.frequency_at_least_per_h, 0.0)
    tail_mw = np.append(np.cumsum((table.probability * table.outage_mw)[::-1])[::-1], 0.0)
    loss = p[k]
    energy = np.maximum(tail_mw[k] - loss * (table.installed_mw - load_mw), 0.0)
    by_load = np.maximum(np.diff(loss), 0.0)
    return Indices(
        lole_h=math.fsum(loss),
        lole_days=math.fsum(loss[peak_hours(load_mw)]),
        loee_mwh=math.fsum(energy),
        lolf=math.fsum(frequency[k]) + math.fsum(by_load),
    )


class Shortage(NamedTuple):
    """How often and how long fewer units work than are needed.

    Attributes
    ----------
    probability : share of time
    times_per_year : how often such a shortage begins
    mean_duration_h : how long it lasts; nan if it never happens
    """

    probability: float
    times_per_year: float
    mean_duration_h: float


def k_of_n(units: int, needed: int, failures_per_year: float, repair_hours: float) -> Shortage:
    """Shortage of `needed` out of `units` equal units, each repaired on its own: cabinets, gensets.

    Parameters
    ----------
    units, needed : int
    failures_per_year : float, per year up
    repair_hours : float, mean time to repair [h]

    Examples
    --------
    >>> round(k_of_n(2, 1, 1.0, 87.6).probability, 8)  # (87.6 / (8760 + 87.6))^2
    9.803e-05
    """
    if not 0 <= needed <= units:
        raise ValueError(f"needed = {needed}: must be a whole number from 0 to {units}")
    if not (failures_per_year >= 0.0 and repair_hours > 0.0):
        raise ValueError("failures_per_year must be 0 or more, and repair_hours above 0")
    failure = failures_per_year / HOURS_PER_YEAR
    up = 1.0 / (1.0 + failure * repair_hours)
    down = 1.0 - up
    weights = [math.comb(units, k) * up**k * down ** (units - k) for k in range(units + 1)]
    probability = math.fsum(weights[:needed])
    per_year = weights[needed] * needed * failure * HOURS_PER_YEAR
    duration = probability / per_year * HOURS_PER_YEAR if per_year > 0.0 else math.nan
    return Shortage(probability, per_year, duration)

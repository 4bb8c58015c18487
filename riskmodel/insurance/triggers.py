"""Parametric triggers: what an index pays, and how far that is from the real loss (basis risk)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from riskmodel.insurance.cover import Trigger
from riskmodel.insurance.exceedance import clustered_error
from riskmodel.insurance.losses import NO_CAUSE, EventLosses, Periods

__all__ = ["Basis", "basis_risk", "trigger_rows"]

Array = NDArray[np.float64]

MOMENTARY_H = 300.0 / 3600.0
"""Interruptions up to this long do not count in SAIDI: IEEE 1366 (5 min, from memory)."""
CUTS = ("interruption",)


def trigger_rows(trigger: Trigger, limit: float, events: EventLosses) -> Array:
    """(m,) payment for each row of the events, on the first row of an event that counts [currency].

    A yearly payment is shared among the events of the year by what they add to the index.

    Raises
    ------
    ValueError
        If a duration is not known.
    """
    index = _index(trigger, events)
    if trigger.basis == "event":
        return np.minimum(trigger.payout * np.maximum(index - trigger.threshold, 0.0), limit)
    yearly = np.bincount(events.period, index, events.periods.n).astype(np.float64)
    counted = yearly
    if trigger.kind == "saidi" and trigger.index == "path_mean":
        counted = _path_mean(yearly, events.periods)
    paid = np.minimum(trigger.payout * np.maximum(counted - trigger.threshold, 0.0), limit)
    share = index / np.where(yearly > 0.0, yearly, 1.0)[events.period]
    rows = paid[events.period] * share
    return _spread_rest(rows, paid, events)


def _spread_rest(rows: Array, paid: Array, events: EventLosses) -> Array:
    """Put the payment of a year without a counted event on its first row, where the year has any row."""
    lacking = paid - np.bincount(events.period, rows, events.periods.n)
    first = np.ones(rows.size, bool)
    first[1:] = events.period[1:] != events.period[:-1]
    empty = lacking > 1e-9 * np.maximum(paid, 1.0)
    return rows + np.where(first & empty[events.period], lacking[events.period], 0.0)


def _path_mean(yearly: Array, periods: Periods) -> Array:
    sums = np.bincount(periods.cluster, yearly * periods.weight)
    return (sums / np.bincount(periods.cluster, periods.weight))[periods.cluster]


def _index(trigger: Trigger, events: EventLosses) -> Array:
    """(m,) what each row adds to the index: an event counts once, on its first row."""
    number = events.occurrences()
    first = np.zeros(events.loss.size, bool)
    first[np.unique(number, return_index=True)[1]] = True
    plain = NO_CAUSE in events.causes
    if trigger.kind == "sag_count":
        chosen = events.of_causes(("sag",))
        return (first & chosen).astype(np.float64)
    chosen = first & (np.ones(first.size, bool) if plain else events.of_causes(CUTS))
    if np.isnan(events.duration_h[chosen]).any():
        raise ValueError(f"a trigger by {trigger.kind} needs the duration of each event")
    hours = np.where(chosen, events.duration_h, 0.0)
    return np.where(hours > MOMENTARY_H, hours, 0.0) if trigger.kind == "saidi" else hours


class Basis(NamedTuple):
    """How payments by an index miss the loss, a year at a time.

    Attributes
    ----------
    correlation : Estimate
    shortfall, excess : Estimate
        Mean of the loss not paid, and of the payment beyond the loss [currency/year].
    unpaid : Estimate
        Share of the years with a loss in which nothing is paid.
    needless : Estimate
        Share of the years with a payment in which there is no loss.
    """

    correlation: Estimate
    shortfall: Estimate
    excess: Estimate
    unpaid: Estimate
    needless: Estimate


def basis_risk(paid: Array, loss: Array, periods: Periods, unit: str = "") -> Basis:
    """Compare yearly payments with yearly losses, both (n,) [currency]."""
    weight, n = periods.weight, periods.clusters

    def mean(values: Array, kind: str) -> Estimate:
        value = math.fsum(weight * values)
        return Estimate(value, clustered_error(values - value, periods), n, kind)

    def share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Estimate:
        room = math.fsum(weight[whole])
        if room == 0.0:
            return Estimate(math.nan, math.inf, n)
        value = math.fsum(weight[part & whole]) / room
        flags = (part.astype(np.float64) - value) * whole / room
        return Estimate(value, clustered_error(flags, periods), n)

    a, b = paid - math.fsum(weight * paid), loss - math.fsum(weight * loss)
    sd_a, sd_b = math.sqrt(math.fsum(weight * a**2)), math.sqrt(math.fsum(weight * b**2))
    correlation = Estimate(math.nan, math.inf, n)
    if sd_a > 0.0 and sd_b > 0.0:
        a, b = a / sd_a, b / sd_b
        value = math.fsum(weight * a * b)
        correlation = Estimate(value, clustered_error(a * b - 0.5 * value * (a**2 + b**2), periods), n)
    return Basis(
        correlation,
        mean(np.maximum(loss - paid, 0.0), unit),
        mean(np.maximum(paid - loss, 0.0), unit),
        share(paid <= 0.0, loss > 0.0),
        share(loss <= 0.0, paid > 0.0),
    )

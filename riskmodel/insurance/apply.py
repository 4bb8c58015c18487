"""What a cover pays: per row of the events, so that yearly sums, worst events and causes all follow.

Yearly terms are used up in order of time: each event takes what it adds to the year's payment. A payment is shared
among the rows of its occurrence by what they would have got.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.clock import HOURS_PER_YEAR
from riskmodel.insurance.cover import Cover, Layer
from riskmodel.insurance.losses import EventLosses
from riskmodel.insurance.triggers import trigger_rows

__all__ = ["Paid", "Perspectives", "apply_cover", "apply_layer", "covered", "time_share"]

Array = NDArray[np.float64]


class Paid(NamedTuple):
    """Payments of one layer.

    Attributes
    ----------
    rows : (m,) float64
        Payment for each row of the events, participation included [currency].
    yearly : (n,) float64
        Payment of each year [currency].
    charge : (n,) float64
        Reinstatement premium of each year, as a share of the premium.
    exhausted : (n,) bool
        Years in which the layer has no more to give.
    """

    rows: Array
    yearly: Array
    charge: Array
    exhausted: NDArray[np.bool_]


def time_share(layer: Layer, duration_h: Array) -> Array:
    """Share of the loss of lost time that is paid, the loss being spread evenly over the duration.

    Parameters
    ----------
    layer : Layer
    duration_h : (m,) float64 [h]

    Raises
    ------
    ValueError
        If a duration is not known and the layer needs it.
    """
    if not layer.timed:
        return np.ones(duration_h.size)
    if np.isnan(duration_h).any():
        raise ValueError(f"{layer.name}: a duration is not known, and the layer asks for hours")
    wait = layer.waiting_period_h
    begin = np.full(duration_h.size, wait)
    if layer.waiting == "qualifying":
        begin = np.where(duration_h > wait, 0.0, duration_h)
    end = layer.indemnity_period_h + (wait if layer.indemnity_from == "waiting" else 0.0)
    paid = np.maximum(np.minimum(duration_h, end) - begin, 0.0)
    instant = 1.0 if wait == 0.0 else 0.0
    return np.where(duration_h > 0.0, paid / np.where(duration_h > 0.0, duration_h, 1.0), instant)


def covered(layer: Layer, events: EventLosses) -> Array:
    """(m,) loss of each row that the layer looks at: its perils, after the times [currency]."""
    loss = events.loss if not layer.perils else np.where(events.of_causes(layer.perils), events.loss, 0.0)
    if not layer.timed:
        return loss
    share, at_work = np.ones(loss.size), (loss > 0.0) & ~events.damage()
    clock = events.down_h if layer.clock == "down" else events.duration_h
    share[at_work] = time_share(layer, clock[at_work])
    return loss * share


def _occurrences(layer: Layer, events: EventLosses, loss: Array) -> NDArray[np.int64]:
    """(m,) number of the occurrence of each row, in order of the rows."""
    if layer.hours_clause_h is None:
        return events.occurrences()
    if np.isnan(events.hour[(loss > 0.0) & ~events.damage()]).any():
        raise ValueError(f"{layer.name}: an hours clause needs the hour of each event")
    apart = HOURS_PER_YEAR + 4.0 * layer.hours_clause_h
    # Damage without a time (a fire) is an occurrence of its own, at the end of its year.
    start = np.where(np.isnan(events.hour), HOURS_PER_YEAR + 2.0 * layer.hours_clause_h, events.hour)
    clock = (events.period * apart + start).astype(np.float64)
    order = np.argsort(clock, kind="stable")
    hits = order[loss[order] > 0.0]
    number = np.zeros(events.loss.size, np.int64)
    number[hits] = np.cumsum(_first_of_occurrence(clock[hits], layer.hours_clause_h)) - 1
    return number


def _first_of_occurrence(times: Array, hours: float) -> NDArray[np.bool_]:
    """(n,) whether an event at sorted `times` (n,) [h] begins an occurrence: it is later than the last one's hours.

    One that comes later than that after the event before it always does. Only in stretches of events that lie closer,
    and are longer than the hours, the beginnings are looked for one after the other.
    """
    begins = np.ones(times.size, np.bool_)
    begins[1:] = times[1:] > times[:-1] + hours
    first = np.flatnonzero(begins)
    end = np.append(first[1:], times.size)
    longer = times[end - 1] > times[first] + hours if times.size else np.zeros(0, np.bool_)
    after = np.searchsorted(times, times + hours, side="right")  # first too late for each
    for at, stop in zip(first[longer].tolist(), end[longer].tolist(), strict=True):
        here = int(after[at])
        while here < stop:
            begins[here] = True
            here = int(after[here])
    return begins


def apply_layer(layer: Layer, events: EventLosses) -> Paid:
    """Payments of one layer on events.

    Raises
    ------
    ValueError
        If the layer needs a duration or an hour that the events do not have.
    """
    n = events.periods.n
    if layer.trigger is not None:
        loss = trigger_rows(layer.trigger, layer.limit, events)
        number, kept = np.arange(loss.size), loss > 0.0
    else:
        loss = covered(layer, events)
        number, kept = _occurrences(layer, events, loss), loss > 0.0
    numbers, place = np.unique(number[kept], return_inverse=True)
    period = np.zeros(numbers.size, np.int64)
    period[place] = events.period[kept]
    ground = np.bincount(place, loss[kept], numbers.size)
    if layer.trigger is None:
        beyond = np.maximum(ground - layer.deductible - layer.attachment, 0.0)
        taken = np.minimum(beyond, layer.limit)
    else:
        taken = ground
    before = _before(period, taken)
    cap = layer.yearly_limit

    def used(total: Array) -> Array:
        return np.minimum(np.maximum(total - layer.aggregate_deductible, 0.0), cap)

    paid = used(before + taken) - used(before)
    at_full = used(np.bincount(period, taken, n).astype(np.float64))
    rows = np.zeros(loss.size)
    rows[kept] = layer.participation * loss[kept] * (paid / np.where(ground > 0.0, ground, 1.0))[place]
    exhausted = at_full >= cap * (1.0 - 1e-12) if math.isfinite(cap) else np.zeros(n, bool)
    return Paid(rows, np.bincount(events.period, rows, n).astype(np.float64), _charge(layer, at_full), exhausted)


def _before(period: NDArray[np.int64], taken: Array) -> Array:
    """What earlier occurrences of the same year took; `period` need not be sorted, occurrences are in order of time."""
    order = np.argsort(period, kind="stable")
    sums = np.cumsum(taken[order]) - taken[order]
    fresh = np.ones(order.size, bool)
    fresh[1:] = period[order][1:] != period[order][:-1]
    start = sums[fresh][np.cumsum(fresh) - 1] if order.size else sums
    before = np.empty(order.size)
    before[order] = np.maximum(sums - start, 0.0)
    return before


def _charge(layer: Layer, at_full: Array) -> Array:
    """Reinstatement premium of each year as a share of the premium: charge times the share of each limit used."""
    charge = np.zeros(at_full.size)
    for k, rate in enumerate(layer.reinstatement_charge):
        charge += rate * np.minimum(np.maximum(at_full - k * layer.limit, 0.0), layer.limit) / layer.limit
    return charge


class Perspectives(NamedTuple):
    """Ground-up events, what the layers pay of them (gross), what is left to the insurer (net), and each layer."""

    ground_up: EventLosses
    gross: EventLosses
    net: EventLosses
    layers: tuple[Paid, ...]


def apply_cover(cover: Cover, events: EventLosses) -> Perspectives:
    """Payments of all layers, and of the reinsurance of them.

    Raises
    ------
    ValueError
        See `apply_layer`.
    """
    layers = tuple(apply_layer(layer, events) for layer in cover.layers)
    gross = np.sum([paid.rows for paid in layers], axis=0)
    net = events.with_loss(gross)
    for treaty in cover.reinsurance:
        ceded = treaty.quota_share * net.loss if treaty.quota_share else apply_layer(treaty.layer, net).rows
        net = net.with_loss(np.maximum(net.loss - ceded, 0.0))
    return Perspectives(events, events.with_loss(gross), net, layers)

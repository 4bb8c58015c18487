"""What a cover pays, summed up by year: all that prices, shares and curves need of the events.

Terms act within a year, so a cover is applied to some whole years at a time; only their sums are kept.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmodel.insurance.apply import Perspectives, apply_cover, apply_layer, covered
from riskmodel.insurance.cover import Cover, Layer
from riskmodel.insurance.losses import CLASSES, NO_CAUSE, EventLosses, Periods, joined_periods
from riskmodel.insurance.year_losses import NO_EXPOSURE, YearLosses
from riskmodel.memory import give_back

__all__ = ["VIEWS", "LayerYears", "PaidYears", "Terms", "joined_paid", "pay"]

Array = NDArray[np.float64]
Terms = tuple[float, float, float]
"""Attachment [currency], limit [currency] and waiting period [h] of a cell of the table of premiums."""

VIEWS = ("ground_up", "gross", "net")


class LayerYears(NamedTuple):
    """One layer, each (n,) by year.

    Attributes
    ----------
    yearly : float64, payment [currency]
    charge : float64, reinstatement premium as a share of the premium
    exhausted : bool, whether it has no more to give
    ground : float64, loss of its perils before all terms [currency]
    """

    yearly: Array
    charge: Array
    exhausted: NDArray[np.bool_]
    ground: Array


@dataclasses.dataclass(frozen=True)
class PaidYears:
    """A cover on the events of one strategy.

    Attributes
    ----------
    name, currency : str
    periods : Periods
        Without their exposure.
    layers : dict of name -> LayerYears
    ground : (n,) float64
        Loss of the perils of any layer before all terms [currency].
    views : dict of perspective -> (sums, worst)
        Loss of each year and of its worst event, (n,) float64 [currency].
    cells : dict of Terms -> (yearly, charge)
        The layer of the table with other terms, as in `LayerYears`.
    longest_h : dict of name -> float
        Longest event by the clock of each layer [h].
    perspectives : Perspectives or None
        The events themselves, where they were to be kept.
    """

    name: str
    currency: str
    periods: Periods
    layers: dict[str, LayerYears]
    ground: Array
    views: dict[str, tuple[Array, Array]]
    cells: dict[Terms, tuple[Array, Array]]
    longest_h: dict[str, float]
    perspectives: Perspectives | None = None

    def view(self, name: str) -> YearLosses:
        """Losses by year from one perspective."""
        return YearLosses(self.name, self.currency, self.periods, *self.views[name], {})


def pay(cover: Cover, events: EventLosses, keep_events: bool = False) -> PaidYears:
    """Apply a cover to the events of one strategy, of all years or of some whole paths.

    Raises
    ------
    ValueError
        If a layer needs what the events do not have: a duration, an hour, a cause.
    """
    _check_perils(cover, events)
    longest = {layer.name: float(np.nanmax(_clock(layer, events), initial=0.0)) for layer in cover.layers}
    cells = _cells(cover, events)
    if all(layer.trigger is None for layer in cover.layers):
        events = events.rows(events.loss > 0.0)
    if any(layer.trigger is not None and layer.trigger.index == "path_mean" for layer in cover.layers):
        events = events.with_every_year()
    seen = apply_cover(cover, events)
    layers = {
        layer.name: LayerYears(paid.yearly, paid.charge, paid.exhausted, _ground(events, [layer]))
        for layer, paid in zip(cover.layers, seen.layers, strict=True)
    }
    views: dict[str, tuple[Array, Array]] = {}
    for view in VIEWS if cover.reinsurance else VIEWS[:2]:
        losses: EventLosses = getattr(seen, view)
        views[view] = (losses.yearly_sum(), losses.yearly_max())
    return PaidYears(
        events.name,
        events.currency,
        events.periods._replace(exposure=NO_EXPOSURE),
        layers,
        _ground(events, cover.layers),
        views,
        cells,
        longest,
        seen if keep_events else None,
    )


def joined_paid(blocks: Sequence[PaidYears]) -> PaidYears:
    """Years of consecutive paths as one; events that were kept are let go of, and the blocks are used up.

    What is joined is taken out of them, so that large runs are not held twice.
    """
    if len(blocks) == 1:
        return blocks[0]
    first = blocks[0]

    def arrays(parts: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
        whole = tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
        give_back(cycles=False)
        return whole

    return PaidYears(
        first.name,
        first.currency,
        joined_periods([block.periods for block in blocks]),
        {name: LayerYears(*arrays(block.layers.pop(name) for block in blocks)) for name in [*first.layers]},
        np.concatenate([block.ground for block in blocks]),
        {name: arrays(block.views.pop(name) for block in blocks) for name in [*first.views]},
        {terms: arrays(block.cells.pop(terms) for block in blocks) for terms in [*first.cells]},
        {name: max(block.longest_h[name] for block in blocks) for name in first.longest_h},
    )


def _clock(layer: Layer, events: EventLosses) -> Array:
    return events.down_h if layer.clock == "down" else events.duration_h


def _check_perils(cover: Cover, events: EventLosses) -> None:
    known = {*events.causes, *(name for name, parts in CLASSES.items() if set(parts) & set(events.causes))}
    for layer in cover.layers:
        wrong = [peril for peril in layer.perils if peril not in known]
        if wrong and events.causes == (NO_CAUSE,):
            raise ValueError(f"{layer.name}: the events have no column cause; take perils out of the cover")
        if wrong:
            listed = f"not a cause of these events; type of {', '.join(sorted(known))}"
            raise ValueError(f"{layer.name}: perils = {', '.join(wrong)}: {listed}")
        if layer.trigger is not None and layer.trigger.kind == "sag_count" and "sag" not in events.causes:
            raise ValueError(f"{layer.name}: a trigger by sag_count needs events with the cause sag")


def _ground(events: EventLosses, layers: Iterable[Layer]) -> Array:
    """Yearly loss of the perils that any of the layers covers, before all terms."""
    chosen = np.zeros(events.loss.size, bool)
    for layer in layers:
        chosen |= events.of_causes(layer.perils) if layer.perils else True
    return events.with_loss(np.where(chosen, events.loss, 0.0)).yearly_sum()


def _cells(cover: Cover, events: EventLosses) -> dict[Terms, tuple[Array, Array]]:
    """Payments over attachment, limit and waiting period, the other terms being those of the layer of the table."""
    axes = cover.table
    if axes is None:
        return {}
    base = next(layer for layer in cover.layers if layer.name == axes.layer)
    can_pay = events.loss > 0.0  # the other events would only take time
    if base.perils:
        can_pay &= events.of_causes(base.perils)
    events = events.rows(can_pay)
    plain = dataclasses.replace(base, waiting_period_h=0.0, indemnity_period_h=math.inf)
    cells: dict[Terms, tuple[Array, Array]] = {}
    for wait in axes.waiting_periods_h:
        left = events.with_loss(covered(dataclasses.replace(base, waiting_period_h=wait), events))
        for attachment in axes.attachments:
            for limit in axes.limits:
                paid = apply_layer(dataclasses.replace(plain, attachment=attachment, limit=limit), left)
                cells[attachment, limit, wait] = (paid.yearly, paid.charge)
    return cells

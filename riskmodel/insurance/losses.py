"""Losses by event over many simulated years, with the weight of each year and the path it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CLASSES",
    "FIRE",
    "NO_CAUSE",
    "NOT_OF_TIME",
    "EventLosses",
    "Periods",
    "equal_periods",
    "joined",
    "joined_periods",
]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

FIRE, EQUIPMENT = "fire", "equipment"
CLASSES: dict[str, tuple[str, ...]] = {
    "interruption": ("momentary", "sustained", "extreme"),
    "sag": ("sag",),
    "curtailment": ("curtailment",),
    EQUIPMENT: (EQUIPMENT,),
    FIRE: (FIRE,),
}
"""Causes of loss as an insurer would group them, and the families of events in each."""

NO_CAUSE = "event"
"""Cause of events whose file names none."""

NOT_OF_TIME = (EQUIPMENT, FIRE)
"""Causes whose loss is damage, not lost time: a waiting period or a period of indemnity does not touch them."""


NO_CONTROLS = np.zeros((0, 0))

ROWS = ("period", "event", "cause", "loss", "duration_h", "down_h", "hour")
"""Columns of events."""


class Periods(NamedTuple):
    """Simulated years.

    Attributes
    ----------
    weight : (n,) float64
        Probability of each year; they sum to 1.
    cluster : (n,) int64
        Independent unit of the simulation that the year belongs to, 0.. : its path, or the year itself.
    year : (n,) int64
        Year of its path, from 1.
    exposure : (n,) float64
        Annual income at stake [currency], NaN where it is not known.
    controls : (clusters, terms) float64
        What the weights were fitted to: quantities of each cluster with weighted means of 0, as they are known to have.
        Errors are of what these do not explain. Without any, `terms` is 0.
    """

    weight: Array
    cluster: Whole
    year: Whole
    exposure: Array
    controls: Array = NO_CONTROLS

    @property
    def n(self) -> int:
        """Number of years."""
        return int(self.weight.size)

    @property
    def clusters(self) -> int:
        """Number of independent units."""
        return int(np.count_nonzero(np.bincount(self.cluster)))

    @property
    def equal(self) -> bool:
        """Whether all years weigh the same."""
        return bool(np.ptp(self.weight) <= 1e-12 * float(self.weight.max()))


def equal_periods(n: int) -> Periods:
    """Years that are independent and weigh the same."""
    return Periods(np.full(n, 1.0 / n), np.arange(n), np.ones(n, np.int64), np.full(n, np.nan))


@dataclass(frozen=True)
class EventLosses:
    """Ground-up (or gross, or net) losses of one strategy, a row an event and cause, ordered by year and time.

    Attributes
    ----------
    name : str
        Strategy, or the file.
    currency : str
        Unit of all money, "" where it is not known.
    periods : Periods
    causes : tuple of str
        Names that `cause` counts.
    period : (m,) int64
        Year 0 .. n - 1 of the row, in order.
    event : (m,) int64
        Number of the event; rows of one event (its lost time, its damage) share it.
    cause : (m,) int64
    loss : (m,) float64 [currency], >= 0
    duration_h : (m,) float64
        Real duration of the event at the grid [h]; NaN for damage without one.
    down_h : (m,) float64
        Hours in which work stood still, waiting and restart [h]; NaN where it is not known.
    hour : (m,) float64
        Begin of the event in its year [h]; NaN where it is not known.
    """

    name: str
    currency: str
    periods: Periods
    causes: tuple[str, ...]
    period: Whole
    event: Whole
    cause: Whole
    loss: Array
    duration_h: Array
    down_h: Array
    hour: Array

    def with_loss(self, loss: Array) -> EventLosses:
        """The same events with other losses."""
        return replace(self, loss=loss)

    def rows(self, chosen: NDArray[np.bool_]) -> EventLosses:
        """Some of the rows; the years stay."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in ROWS})

    def of_causes(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """(m,) whether a row's cause is one of `names`, classes of `CLASSES` included."""
        wanted = {cause for name in names for cause in (name, *CLASSES.get(name, ()))}
        return np.array([cause in wanted for cause in self.causes], dtype=np.bool_)[self.cause]

    def damage(self) -> NDArray[np.bool_]:
        """(m,) whether a row is damage and not lost time."""
        return self.of_causes(NOT_OF_TIME)

    def yearly_sum(self) -> Array:
        """(n,) loss of each year [currency]."""
        return np.bincount(self.period, self.loss, self.periods.n).astype(np.float64)

    def occurrences(self) -> Whole:
        """(m,) number of the event each row belongs to, 0.. in row order: rows of one year and event number."""
        if not self.period.size:
            return np.zeros(0, np.int64)
        width = int(self.event.max()) + 1
        _, first, inverse = np.unique(self.period * width + self.event, return_index=True, return_inverse=True)
        rank = np.empty(first.size, np.int64)
        rank[np.argsort(first, kind="stable")] = np.arange(first.size)
        return rank[inverse]

    def yearly_max(self) -> Array:
        """(n,) loss of the worst event of each year [currency]; 0 in a year without."""
        worst = np.zeros(self.periods.n)
        if self.period.size:
            number = self.occurrences()
            total = np.bincount(number, self.loss)
            period = np.empty(total.size, np.int64)
            period[number] = self.period
            np.maximum.at(worst, period, total)
        return worst

    def with_every_year(self) -> EventLosses:
        """With a row of no loss, no cause and no length in each year that has none, for what is paid by the year."""
        empty = np.flatnonzero(np.bincount(self.period, minlength=self.periods.n) == 0)
        if not empty.size:
            return self
        zero, unknown = np.zeros(empty.size), np.full(empty.size, np.nan)
        event = np.full(empty.size, int(self.event.max(initial=0)) + 1)
        more = {"period": empty, "event": event, "cause": np.full(empty.size, -1), "loss": zero}
        more |= {"duration_h": zero, "down_h": zero, "hour": unknown}
        columns = {name: np.concatenate([getattr(self, name), values]) for name, values in more.items()}
        order = np.argsort(columns["period"], kind="stable")
        changes: dict[str, Any] = {name: values[order] for name, values in columns.items()}
        return replace(self, **changes)

    def life_years(self, first: int, last: int, weight: float) -> EventLosses:
        """Only years `first` .. `last` of each path (counted from 1), each of which weighs `weight` then."""
        kept = (self.periods.year >= first) & (self.periods.year <= last)
        place = np.cumsum(kept) - 1
        of_years = self.periods
        periods = Periods(
            np.full(int(kept.sum()), weight), of_years.cluster[kept], of_years.year[kept], of_years.exposure[kept]
        )
        part = self.rows(kept[self.period])
        return replace(part, periods=periods, period=place[part.period])


def joined(blocks: Sequence[EventLosses]) -> EventLosses:
    """Events of consecutive paths as one, years and paths counted on."""
    if len(blocks) == 1:
        return blocks[0]
    years = np.cumsum([0, *(block.periods.n for block in blocks[:-1])])
    rows: dict[str, Any] = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in ROWS}
    rows["period"] += np.repeat(years, [block.period.size for block in blocks])
    return replace(blocks[0], periods=joined_periods([block.periods for block in blocks]), **rows)


def joined_periods(blocks: Sequence[Periods]) -> Periods:
    """Years of consecutive paths as one, paths counted on."""
    paths = np.cumsum([0, *(int(block.cluster.max(initial=-1)) + 1 for block in blocks[:-1])])
    return Periods(
        np.concatenate([block.weight for block in blocks]),
        np.concatenate([block.cluster + first for block, first in zip(blocks, paths, strict=True)]),
        np.concatenate([block.year for block in blocks]),
        np.concatenate([block.exposure for block in blocks]),
    )

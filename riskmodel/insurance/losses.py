"""Losses by event over many simulated years, with the weight of each year and the path it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "FIRE", "NO_CAUSE", "NOT_OF_TIME", "EventLosses", "Periods", "equal_periods"]

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
        names = ("period", "event", "cause", "loss", "duration_h", "down_h", "hour")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

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

    def life_years(self, first: int, last: int) -> EventLosses:
        """Only years `first` .. `last` of each path (counted from 1), weights scaled to sum to 1."""
        return self._years((self.periods.year >= first) & (self.periods.year <= last))

    def first_share(self, share: float) -> EventLosses:
        """Only the first `share` of the paths (at least 2), weights scaled to sum to 1."""
        n = int(self.periods.cluster.max()) + 1
        return self._years(self.periods.cluster < max(2, round(share * n)))

    def _years(self, kept: NDArray[np.bool_]) -> EventLosses:
        place = np.cumsum(kept) - 1
        weight = self.periods.weight[kept]
        periods = Periods(
            weight / weight.sum(), self.periods.cluster[kept], self.periods.year[kept], self.periods.exposure[kept]
        )
        part = self.rows(kept[self.period])
        return replace(part, periods=periods, period=place[part.period])

"""Losses summed up by year and by path: all that averages, exceedance curves and losses by cause need of the events.

The events of a million paths do not fit in memory; their years do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from riskmodel.insurance.losses import CLASSES, EventLosses, Periods, joined_periods

__all__ = ["YearLosses", "joined_years", "summed_by_path", "years_of"]

Array = NDArray[np.float64]

NO_EXPOSURE = np.zeros(0)


@dataclass(frozen=True)
class YearLosses:
    """Losses of one strategy by year.

    Attributes
    ----------
    name, currency : str
    periods : Periods
        Without their exposure.
    total, worst : (n,) float64
        Loss of each year, and of its worst event [currency].
    by_class : dict of class of `CLASSES` -> (paths,) float64
        Mean yearly loss of each path [currency].
    """

    name: str
    currency: str
    periods: Periods
    total: Array
    worst: Array
    by_class: dict[str, Array]

    def yearly_sum(self) -> Array:
        """(n,) loss of each year [currency]."""
        return self.total

    def yearly_max(self) -> Array:
        """(n,) loss of the worst event of each year [currency]; 0 in a year without."""
        return self.worst

    def first_share(self, share: float) -> tuple[Array, Periods]:
        """Loss of each year of the first `share` of the paths (at least 2), and these years, weighing 1 together."""
        n = int(self.periods.cluster.max()) + 1
        end = int(np.searchsorted(self.periods.cluster, max(2, round(share * n))))
        weight, cluster, year, *_ = self.periods
        periods = Periods(weight[:end] / weight[:end].sum(), cluster[:end], year[:end], NO_EXPOSURE)
        return self.total[:end], periods


def years_of(events: EventLosses) -> YearLosses:
    """Losses of events by year."""
    by_class = {name: summed_by_path(events, events.loss, events.of_causes((name,))) for name in CLASSES}
    periods = events.periods._replace(exposure=NO_EXPOSURE)
    return YearLosses(events.name, events.currency, periods, events.yearly_sum(), events.yearly_max(), by_class)


def summed_by_path(events: EventLosses, values: Array, chosen: NDArray[np.bool_]) -> Array:
    """(paths,) sum of the values (m,) of the chosen rows of each path over its years, a year."""
    years = np.bincount(events.periods.cluster)
    path = events.periods.cluster[events.period[chosen]]
    return np.bincount(path, values[chosen], years.size) / years


def joined_years(blocks: Sequence[YearLosses]) -> YearLosses:
    """Years of consecutive paths as one."""
    if len(blocks) == 1:
        return blocks[0]
    return replace(
        blocks[0],
        periods=joined_periods([block.periods for block in blocks]),
        total=np.concatenate([block.total for block in blocks]),
        worst=np.concatenate([block.worst for block in blocks]),
        by_class={name: np.concatenate([block.by_class[name] for block in blocks]) for name in blocks[0].by_class},
    )

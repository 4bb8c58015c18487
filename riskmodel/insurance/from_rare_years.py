"""Event losses of weighted rare years, for everything that insurers ask of plain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distributions.clock import S_PER_H
from riskmodel.insurance.losses import EQUIPMENT, EventLosses, Periods
from riskmodel.quantities import CAUSES
from riskmodel.rare_years import N_PERIODS

if TYPE_CHECKING:
    from riskmodel.rare_years import RarePeriods

__all__ = ["events_of_rare_years"]

ALL_CAUSES = (*CAUSES, EQUIPMENT)
FIRST, LAST = 1, N_PERIODS - 1
"""Places among the periods of a path and year: one outage of the first stratum; two outages."""


def events_of_rare_years(found: RarePeriods, strategy: str, currency: str) -> EventLosses:
    """Losses of one strategy by event, ground up; fires are not in them.

    An event that happened is in all periods of its year; an outage that was asked about is in its own, and in the last
    period of a year where it was drawn for one of the two.

    Raises
    ------
    ValueError
        If there is no such strategy.
    """
    own = found.events["strategy"] == found.strategies.index(strategy)
    events = {name: column[own] for name, column in found.events.items()}
    place, stratum = events["place"], events["stratum"]
    happened = np.flatnonzero(stratum < 0)
    asked = np.flatnonzero(stratum >= 0)
    years = int(found.year.max())
    before = place - 1 + years * (place % years == 0)
    first = asked[found.pair[place[asked], 0] == stratum[asked]]
    second = asked[found.pair[before[asked], 1] == stratum[asked]]
    rows = np.concatenate([np.repeat(happened, N_PERIODS), asked, first, second])
    period = np.concatenate(
        [
            (place[happened, None] * N_PERIODS + np.arange(N_PERIODS)).ravel(),
            place[asked] * N_PERIODS + FIRST + stratum[asked],
            place[first] * N_PERIODS + LAST,
            before[second] * N_PERIODS + LAST,
        ]
    )
    number = np.concatenate([rows[: rows.size - second.size], place.size + second])  # two outages, also of one record
    columns = _rows(events, rows, period, number)
    hurt = events["eur_hardware"][rows] > 0.0
    damage = {name: column[hurt] for name, column in columns.items()}
    damage["loss"] = events["eur_hardware"][rows][hurt]
    damage["cause"] = np.full(int(hurt.sum()), ALL_CAUSES.index(EQUIPMENT))
    joined = {name: np.concatenate([columns[name], damage[name]]) for name in columns}
    order = np.lexsort((joined["cause"], joined["event"], joined["hour"], joined["period"]))
    periods = Periods(found.weight, found.path, found.year, np.full(found.weight.size, np.nan), found.controls)
    return EventLosses(
        strategy, currency, periods, ALL_CAUSES, **{name: column[order] for name, column in joined.items()}
    )


def _rows(
    events: dict[str, NDArray[Any]], rows: NDArray[np.int64], period: NDArray[np.int64], number: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    return {
        "period": period,
        "event": number,
        "cause": events["cause"][rows].astype(np.int64),
        "loss": np.maximum(events["eur_lost"] - events["eur_hardware"], 0.0)[rows],
        "duration_h": events["duration_s"][rows] / S_PER_H,
        "down_h": events["hours_down"][rows].astype(np.float64),
        "hour": events["hour"][rows],
    }

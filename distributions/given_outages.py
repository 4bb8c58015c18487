"""Outages and sags that are given instead of drawn ones or beside them: a history that happens in every path, or a list
for each path.
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.outages import CURTAILMENT, DURATION_H, FAMILY, N_COLUMNS, RESIDUAL, S_PER_H, tolerated

EXACT = 1.0 - 1e-12
"""A duration given in seconds and kept in hours is still at the corner of a tolerance curve where it was."""


INSTEAD, BESIDE = 1, 2
"""What given events do: take the place of drawn ones, or come beside them."""

ASKED = -1.0
"""Residual voltage of an interruption that does not happen: what would come of it is recorded, and that is all."""


class GivenTables(NamedTuple):
    """Given events; without any, the process of `distributions.outages` draws them.

    Attributes
    ----------
    on : (1,) int64: 0 without any, else `INSTEAD` or `BESIDE`
    event : (g, m, 5) float64, records as of `distributions.outages.year_events`, in order of time; g is 1 where all
        paths share one list, else one list for each path
    first : (g, years + 1) int64, where each year begins in the list, and where the last one ends
    """

    on: np.ndarray
    event: np.ndarray
    first: np.ndarray


def nothing_given() -> GivenTables:
    """Tables of a run whose events are drawn."""
    return GivenTables(np.zeros(1, np.int64), np.zeros((1, 1, N_COLUMNS)), np.zeros((1, 1), np.int64))


@njit
def given_year(events, count, given, lane, year, tolerance):
    """Append the given events of one path and year that equipment on the tolerance curve would notice.

    Parameters
    ----------
    events : (capacity, 5) float64, written as by `distributions.outages.year_events`
    count : int, rows of it that are taken
    given : GivenTables
    lane : int, row of the path where each has a list of its own
    year : int, from 0
    tolerance : (n, 2) float64, see `distributions.outages.OutageTables`

    Returns
    -------
    int
        Number of events, or -1 if they do not fit.
    """
    row = min(lane, given.event.shape[0] - 1)
    for k in range(given.first[row, year], given.first[row, year + 1]):
        record = given.event[row, k]
        duration_s = record[DURATION_H] * S_PER_H * EXACT
        if int(record[FAMILY]) != CURTAILMENT and tolerated(duration_s, record[RESIDUAL], tolerance):
            continue
        if count == events.shape[0]:
            return -1
        for c in range(N_COLUMNS):
            events[count, c] = record[c]
        count += 1
    return count

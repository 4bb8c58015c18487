"""Outages of one site of a portfolio: its own, and those of its grid, which come to all sites of the grid at once.

Of each family a share of the events begins in the grid. Both parts are drawn by `distributions.outages.year_events`:
the grid's from a stream of the grid, with the site's rate times the share; the site's own from a stream of the site,
with the rest of its rate. A count drawn by inversion from one uniform, and events addressed by their number, make the
grid's events the same at all its sites; where rates differ, the site with the lower rate has the first of them. The
gamma factor of a bad year is the grid's, for both parts. So the events of a site have the law that they have alone.

A common event is common in time, duration and residual voltage. What it does at a site (servers damaged, cabinets and
gensets that fail to start) is drawn for each site, by numbers of events that no two sites share.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions._jit import njit
from distributions.outages import (
    COUNT_WORD,
    FAMILY,
    HOUR,
    N_COLUMNS,
    N_FAMILIES,
    NUMBER,
    RATE_FACTOR,
    table_value,
    year_events,
)
from distributions.streams import two_uniforms
from riskmodel.lives import AS_IT_IS, Redraw

if TYPE_CHECKING:
    from distributions.given_outages import GivenTables
    from riskmodel.study import Study

__all__ = ["EVENTS_A_YEAR", "NUMBERS_A_SITE", "SiteEvents", "draw_site_events", "stream_seed"]

Array = NDArray[np.float64]

EVENTS_A_YEAR = 1024
"""Numbers of the events of one family and year; those of the grid come after the site's own."""
NUMBERS_A_SITE = 1 << 19
"""Numbers of the events of one site: 256 years of both kinds."""
MOST_A_YEAR = 640
"""Events of a path and year that the engine holds."""
USUAL_A_YEAR = 64
DAYS = 365


class SiteEvents(NamedTuple):
    """Events of one site on a range of paths, and which of them are the grid's.

    Attributes
    ----------
    event : (n, most, 5) float64
        Records as of `distributions.outages.year_events`, by year and time. An event's number is the site's first,
        plus 2048 year, plus 1024 if it is the grid's, plus its number in the family and year.
    first : (n, years + 1) int64
        Where each year begins in the list of a path, and where the last one ends.
    """

    event: Array
    first: NDArray[np.int64]

    def given(self) -> GivenTables:
        """The events instead of those that the engine draws."""
        from distributions.given_outages import INSTEAD, GivenTables

        return GivenTables(np.array([INSTEAD], np.int64), self.event, self.first)

    def common_codes(self) -> tuple[Array, NDArray[np.int64]]:
        """Place in time of every event, in order, and which event of the grid it is.

        Returns
        -------
        place : (m,) float64, 8760 (path x years + year) + hour, path and year from 0
        code : (m,) int64, ((path x years + year) x 5 + family) x 1024 + number; -1 for the site's own
        """
        n, years = self.first.shape[0], self.first.shape[1] - 1
        counts = np.diff(self.first, axis=1)
        path, year = (axis.ravel() for axis in np.meshgrid(np.arange(n), np.arange(years), indexing="ij"))
        row = np.repeat(path * years + year, counts.ravel())
        kept = np.arange(self.event.shape[1]) < self.first[:, -1:]
        record = self.event[kept]
        within = record[:, NUMBER].astype(np.int64) % (2 * EVENTS_A_YEAR)
        code = (row * N_FAMILIES + record[:, FAMILY].astype(np.int64)) * EVENTS_A_YEAR + within - EVENTS_A_YEAR
        return place_of(row, record[:, HOUR]), np.where(within >= EVENTS_A_YEAR, code, -1)


def place_of(row: NDArray[np.int64], hour: Array) -> Array:
    """Place in time of an event of a path and year, that orders them."""
    return row * 8760.0 + hour


def stream_seed(seed: int, kind: str, name: str) -> int:
    """Seed of a stream of its own, 0 .. 2**63 - 1, from the seed of the portfolio, a kind and a name."""
    digest = hashlib.sha256(f"{seed}:{kind}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def draw_site_events(
    study: Study,
    seed: int,
    first_path: int,
    n_paths: int,
    *,
    site: str,
    grid: str,
    common: Array,
    number: int = 0,
    redraw: Redraw = AS_IT_IS,
) -> SiteEvents:
    """Events of a site on a range of paths.

    Parameters
    ----------
    study : Study
        Its outages are drawn, not given.
    seed : int
        Of the portfolio: it draws weather, inputs and fitted parameters, which sites share by path.
    first_path, n_paths : int
    site, grid : str
        Names, which have streams of their own.
    common : (5,) float64
        Share of the events of each family (see `distributions.outages.FAMILIES`) that begin in the grid, 0..1.
    number : int
        Place of the site among the numbers of events, from 0.
    redraw : Redraw
        Which other chance the path lives, for weather of another region.

    Raises
    ------
    TooManyEvents
        If a path has more events in a year than the engine holds (640).

    Draws
    -----
    OUTAGE_COUNT and OUTAGE_EVENT at the seeds of site and grid, addresses as in `year_events`. The gamma factor of a
    year: OUTAGE_COUNT at the seed of the grid, unit family, draw = year, second uniform.
    """
    from riskmodel.draws import draw_scalars
    from riskmodel.engine import TooManyEvents
    from riskmodel.process_draws import draw_processes, site_outages
    from riskmodel.rare_years import regimes
    from riskmodel.tables import pack

    word = seed - (1 << 64) if seed >= 1 << 63 else seed
    tables, years = pack(study), study.header.years
    scalars = draw_scalars(study, word, first_path, n_paths, redraw)
    factors = site_outages(draw_processes(study, word, first_path, n_paths, redraw), scalars)
    regime = regimes(tables, years, word, first_path + redraw.chance_shift, n_paths)
    seeds = (stream_seed(seed, "site", site), stream_seed(seed, "grid", grid))
    plain = tables.outages._replace(gamma_table=np.ones_like(tables.outages.gamma_table))
    curtailed = bool(tables.site.curtailed[0] == 1)
    capacity, status = USUAL_A_YEAR * years, np.zeros(n_paths, np.int64)
    while True:
        event = np.zeros((n_paths, capacity, N_COLUMNS))
        first = np.zeros((n_paths, years + 1), np.int64)
        _fill(
            event, first, status, regime, factors, plain, tables.outages.gamma_table, np.asarray(common, np.float64),
            curtailed, first_path, seeds, float(number * NUMBERS_A_SITE), np.zeros((2, MOST_A_YEAR, N_COLUMNS)),
            np.zeros(DAYS),
        )  # fmt: skip
        if np.any(status == TOO_MANY):
            path = first_path + int(np.argmax(status == TOO_MANY))
            raise TooManyEvents(f"site {site}: path {path}: more than {MOST_A_YEAR} events in a year; lower its rates")
        if not status.any():
            return SiteEvents(event[:, : max(int(first[:, -1].max()), 1)].copy(), first)
        capacity, status = min(2 * capacity, MOST_A_YEAR * years), np.zeros(n_paths, np.int64)


FULL, TOO_MANY = 1, 2


@njit
def _fill(
    event, first, status, regime, factors, tables, gamma_table, common, curtailed, first_path, seeds, number, lists,
    cumulative,
):  # fmt: skip
    """Events of all paths and years; status 1 where a path's list is full, 2 where a year has too many."""
    scaled = np.zeros_like(factors[0])
    of_day = np.zeros(cumulative.shape[0], regime.dtype)
    for i in range(event.shape[0]):
        path = first_path + i
        total = 0
        for year in range(first.shape[1] - 1):
            of_day[:] = regime[year, :, i]
            first[i, year] = total
            found = 0
            counts = (0, 0)
            for kind in range(2):
                for family in range(common.shape[0]):
                    _, v = two_uniforms(year, COUNT_WORD | family, path, seeds[1])
                    share = common[family] if kind == 1 else 1.0 - common[family]
                    scaled[:, family] = factors[i, :, family]
                    scaled[RATE_FACTOR, family] *= share * table_value(gamma_table[family], v)
                n = year_events(lists[kind], tables, of_day, scaled, curtailed, year, path, seeds[kind], cumulative)
                if n < 0:
                    status[i] = TOO_MANY
                    return
                counts = (n, 0) if kind == 0 else (counts[0], n)
            found = counts[0] + counts[1]
            if found > lists.shape[1]:
                status[i] = TOO_MANY
                return
            if total + found > event.shape[1]:
                status[i] = FULL
                return
            _merge(event[i], total, lists, counts, year, number)
            total += found
        first[i, first.shape[1] - 1] = total


@njit
def _merge(event, at, lists, counts, year, number):
    """Own and common events of a year by time, numbered anew."""
    a, b = 0, 0
    while a < counts[0] or b < counts[1]:
        own = b == counts[1] or (a < counts[0] and lists[0, a, HOUR] <= lists[1, b, HOUR])
        kind = 0 if own else 1
        k = a if own else b
        record = event[at]
        record[:] = lists[kind, k]
        record[NUMBER] = number + (2 * year + kind) * EVENTS_A_YEAR + (record[NUMBER] - year * EVENTS_A_YEAR)
        at += 1
        a += 1 - kind
        b += kind

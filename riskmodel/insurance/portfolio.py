"""A portfolio of sites, simulated one after the other in the same years.

All sites take weather, prices, fitted parameters and uncertain inputs of a path from one seed, so the same path of two
sites lives the same weather (where their region is the same) and reads equal inputs at the same quantile. Outages are
those of `riskmodel.insurance.portfolio_events`. Of each site only its loss by year and its events by grids are added
to running sums, so memory grows by one number a site and year.

Not modelled: fires and service credits, which belong to no event of the grid. Where cabinets are simulated one by one,
their failures from day to day are the same draws at all sites of a region. Sites do not wait for each other's repair
crews, spares or rented gensets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmodel.insurance.accumulation import Accumulation, PortfolioReport, portfolio_report
from riskmodel.insurance.exceedance import RETURN_PERIODS
from riskmodel.insurance.losses import Periods
from riskmodel.insurance.portfolio_events import draw_site_events, place_of, stream_seed
from riskmodel.lives import AS_IT_IS, Redraw

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["Grid", "Portfolio", "Site", "accumulate", "periods_of", "simulate_portfolio"]

PATHS_PER_RANGE = 256
FIRST_LIFE = 3
"""Other lives of a path that `riskmodel.lives.Redraw` may ask for begin here."""
SLOTS = 4000
"""Places among the numbers of events and the lives of paths; more than sites or regions."""


class Grid(NamedTuple):
    """One grid.

    Attributes
    ----------
    name : str
    region : str
        Sites of grids of one region live the same weather; "" is a region, too.
    common : (5,) tuple of float
        Share of the events of each family (see `distributions.outages.FAMILIES`) that come to all its sites.
    source : str
        Where the shares come from.
    """

    name: str
    region: str
    common: tuple[float, ...]
    source: str


class Site(NamedTuple):
    """One site: a study's strategy at a grid.

    Attributes
    ----------
    name : str
    study : Study
        With the site's own changes.
    strategy : str
    grid : Grid
    """

    name: str
    study: Study
    strategy: str
    grid: Grid


class Portfolio(NamedTuple):
    """Sites, in the order of the file.

    Attributes
    ----------
    name : str
    sites : tuple of Site
        Names are unique; currency, price year and years of their studies are the same.
    """

    name: str
    sites: tuple[Site, ...]

    @property
    def years(self) -> int:
        """Years of a path."""
        return int(self.sites[0].study.header.years)

    @property
    def currency(self) -> str:
        """Unit of all money."""
        return str(self.sites[0].study.header.currency)


def periods_of(portfolio: Portfolio, paths: int) -> Periods:
    """Years of all paths, which weigh the same; a path is the independent unit."""
    n = paths * portfolio.years
    path, year = np.arange(n) // portfolio.years, np.arange(n) % portfolio.years + 1
    return Periods(np.full(n, 1.0 / n), path, year, np.full(n, np.nan))


def simulate_portfolio(
    portfolio: Portfolio,
    paths: int,
    seed: int,
    *,
    return_periods: tuple[float, ...] = RETURN_PERIODS,
    simulate_range: Callable[..., RangeResult] | None = None,
    progress: Callable[[int, int], object] | None = None,
    threads: int | None = None,
) -> tuple[PortfolioReport, Accumulation]:
    """Simulate all sites and report.

    Parameters
    ----------
    portfolio : Portfolio
    paths : int, at least 2
    seed : int
    return_periods : tuple of float [years]
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    progress : callable
        Called as progress(done, all), paths of all sites.
    threads : int
    """
    losses = accumulate(
        portfolio, paths, seed, simulate_range=simulate_range, progress=progress, threads=threads
    )  # fmt: skip
    names = [site.name for site in portfolio.sites]
    report = portfolio_report(losses, periods_of(portfolio, paths), names, portfolio.currency, return_periods)
    return report, losses


def accumulate(
    portfolio: Portfolio,
    paths: int,
    seed: int,
    *,
    simulate_range: Callable[..., RangeResult] | None = None,
    progress: Callable[[int, int], object] | None = None,
    threads: int | None = None,
) -> Accumulation:
    """Losses of all sites, one after the other in the order of their names. See `simulate_portfolio`."""
    if simulate_range is None:
        from riskmodel.engine import simulate_range as simulate
    else:
        simulate = simulate_range
    found = Accumulation(paths * portfolio.years)
    numbers = _slots("number", {site.name for site in portfolio.sites})
    lives = _slots("region", {site.grid.region for site in portfolio.sites} - {""})
    for done, site in enumerate(sorted(portfolio.sites, key=lambda one: one.name)):
        parts = []
        for first in range(0, paths, PATHS_PER_RANGE):
            n = min(PATHS_PER_RANGE, paths - first)
            chance = AS_IT_IS
            if site.grid.region:
                chance = Redraw(frozenset(), chance=True, life=FIRST_LIFE + lives[site.grid.region])
            parts.append(_site_range(site, numbers[site.name], chance, seed, first, n, simulate, threads))
            if progress is not None:
                progress(done * paths + first + n, len(portfolio.sites) * paths)
        year, code, loss = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        found.add(site.name, site.grid.name, year, code, loss)
    return found


def _slots(kind: str, names: set[str]) -> dict[str, int]:
    """A place for each name that hardly ever depends on the other names."""
    found: dict[str, int] = {}
    for name in sorted(names):
        slot = stream_seed(0, kind, name) % SLOTS
        while slot in found.values():
            slot = (slot + 1) % SLOTS
        found[name] = slot
    return found


def _site_range(
    site: Site,
    number: int,
    chance: Redraw,
    seed: int,
    first: int,
    n: int,
    simulate: Callable[..., Any],
    threads: int | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Year (counted over all paths), code of the grid's event and loss of the events of a range of paths."""
    from distributions.outages import N_FAMILIES
    from riskmodel.insurance.portfolio_events import EVENTS_A_YEAR
    from riskmodel.path_tables import events_columns

    study, years = site.study, site.study.header.years
    common = np.asarray(site.grid.common)
    drawn = draw_site_events(
        study, seed, first, n, site=site.name, grid=site.grid.name, common=common, number=number, redraw=chance
    )
    result = simulate(study, seed, first, n, threads=threads, given=drawn.given(), redraw=chance)
    events = events_columns(study, result)
    kept = events["strategy"] == result.strategy_names.index(site.strategy)
    row = (events["path"][kept] - first) * years + events["year"][kept].astype(np.int64) - 1
    place, code = drawn.common_codes()
    wanted = place_of(row, events["hour"][kept])
    at = np.searchsorted(place, wanted)
    if not np.array_equal(place[at], wanted):
        raise RuntimeError(f"site {site.name}: an event of the engine is none of those it was given")
    codes = code[at]
    codes[codes >= 0] += first * years * N_FAMILIES * EVENTS_A_YEAR
    return row + first * years, codes, events["eur_lost"][kept].astype(np.float64)

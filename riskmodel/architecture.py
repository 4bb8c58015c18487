"""One converter per string against one for all: how much energy a group of strings gives as its modules grow apart.

A string is modules in series: it gives what its weakest module allows. With a converter for each string the group sums
its strings; strings in parallel on one central converter stop when the first of them is full or empty, so each gives
what the weakest gives.

Sources
-------
Weakest of a string, and group of racks on one converter held by one rack: field reports, e.g. PowerUp, "Impact of
inter-rack imbalance on grid-scale battery energy storage systems" (3 to 25 % of usable energy out of reach).

Not modelled
------------
Parallel strings share the current by their voltages, so that a strong string may carry more than the weakest: the
central figure is the low end, and the string figure is the high end of what a central converter gives. A converter's
own efficiency and failures: see `riskmodel.cabinet_availability`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.cell_spread import MOST_MODULES, Spread, fill_modules, module_capacity, renew_module
from distributions.cells import CellLaw
from distributions.clock import DAYS_PER_YEAR
from riskmodel.ageing import Ageing, Duty

__all__ = ["CARES", "Group", "Swaps", "Usable", "simulate_group", "yearly_losses"]

CARES = ("none", "balancing", "balancing_and_swaps")
"""What is done for the modules; each includes the one before."""
NONE, BALANCING, SWAPS = range(len(CARES))
CHUNK = 256


class Group(NamedTuple):
    """Strings that one central converter could serve.

    Attributes
    ----------
    strings : int
    modules_per_string : int, in series
    cells_per_module : int
        In series and each with the spread of its own; 1 where the spread is that of whole modules.
    """

    strings: int
    modules_per_string: int
    cells_per_module: int = 1


class Swaps(NamedTuple):
    """Replacement of the modules with the least capacity of a group by new ones.

    Attributes
    ----------
    every_years : int, >= 1; none in the last year simulated
    share : float, of the group's modules each time, 0..1, rounded to whole modules
    """

    every_years: int
    share: float


class Usable(NamedTuple):
    """Usable energy of a group per path, care and year [share of the nameplate].

    Attributes
    ----------
    string : (n_paths, 3, years + 1) float64, one converter per string; year 0 is new, cares as in `CARES`
    central : (n_paths, 3, years + 1) float64, one converter for all
    by_string : (n_paths, strings, kept years) float64, each string with balancing and without swaps
    """

    string: np.ndarray
    central: np.ndarray
    by_string: np.ndarray


def yearly_losses(law: CellLaw, duty: Duty, years: int) -> np.ndarray:
    """(years + 1,) float64 share of the new capacity that the law takes until the end of each year; 0 at first."""
    cell = Ageing(law)
    return np.array([0.0, *(1.0 - cell.step(duty, float(DAYS_PER_YEAR)) for _ in range(years))])


def simulate_group(
    group: Group,
    losses: np.ndarray,
    spread: Spread,
    swaps: Swaps,
    paths: int,
    seed: int,
    first_path: int = 0,
    keep_years: Sequence[int] = (),
) -> Usable:
    """Simulate what a group of strings gives each year, under every care and both architectures on the same draws.

    Parameters
    ----------
    group : Group
    losses : (years + 1,) float64, mean loss at each age, see `yearly_losses`
    spread : Spread
    swaps : Swaps
    paths, seed, first_path : int
    keep_years : sequence of int, ages at which each string's own figure is kept

    Raises
    ------
    ValueError
        If the group has no modules, or more than can be drawn.

    Draws
    -----
    See `distributions.cell_spread.fill_modules`; the unit of a cell is its number in the group.
    """
    n = group.strings * group.modules_per_string * group.cells_per_module
    if min(group) < 1 or n > MOST_MODULES:
        raise ValueError(f"a group of {n:,} modules or cells: must be from 1 to {MOST_MODULES:,}")
    if not (swaps.every_years >= 1 and 0.0 <= swaps.share <= 1.0):
        raise ValueError(f"swaps each {swaps.every_years} years of a share of {swaps.share}: must be >= 1 and in 0..1")
    modules = group.strings * group.modules_per_string
    numbers = np.array([spread.fresh_cv, spread.log_sd, spread.charge_sd, spread.string_share])
    counts = np.array([*group, swaps.every_years, round(swaps.share * modules)], dtype=np.int64)
    shape = (paths, len(CARES), len(losses))
    string, central = np.empty(shape), np.empty(shape)
    by_string = np.empty((paths, group.strings, len(keep_years)))
    kept = np.full(len(losses), -1, dtype=np.int64)
    kept[list(keep_years)] = np.arange(len(keep_years))
    loss = np.ascontiguousarray(losses, dtype=np.float64)
    for begin in range(0, paths, CHUNK):
        part = slice(begin, min(begin + CHUNK, paths))
        _paths(string[part], central[part], by_string[part], kept, loss, numbers, counts, first_path + begin, seed)
    return Usable(string, central, by_string)


@njit
def _paths(string, central, by_string, kept, losses, numbers, counts, first_path, seed):
    for i in range(string.shape[0]):
        _one_path(string[i], central[i], by_string[i], kept, losses, numbers, counts, first_path + i, seed)


@njit
def _one_path(string, central, by_string, kept, losses, numbers, counts, path, seed):
    """Walk one path twice: as it was built, and with swaps."""
    strings, per_string, cells = int(counts[0]), int(counts[1]), int(counts[2])
    modules = strings * per_string
    scores = np.empty((3, modules * cells))
    capacity, charge, gives = np.empty(modules), np.empty(modules), np.empty(strings)
    ages, generations = np.zeros(modules, np.int64), np.zeros(modules, np.int64)
    for swapping in range(2):
        fill_modules(scores[0], scores[1], scores[2], strings, numbers[3], path, seed)
        ages[:] = 0
        generations[:] = 0
        for year in range(losses.shape[0]):
            _capacities(capacity, charge, scores, ages, losses, numbers, cells)
            if swapping and 0 < year < losses.shape[0] - 1 and year % counts[3] == 0:
                _swap(capacity, ages, generations, scores, numbers, counts, path, seed)
                _capacities(capacity, charge, scores, ages, losses, numbers, cells)
            if not swapping:
                _strings(gives, capacity, charge, numbers[2], per_string)
                _groups(string[NONE], central[NONE], gives, year)
            _strings(gives, capacity, charge, 0.0, per_string)
            care = SWAPS if swapping else BALANCING
            _groups(string[care], central[care], gives, year)
            if not swapping and kept[year] >= 0:
                by_string[:, kept[year]] = gives
            ages += 1


@njit
def _capacities(capacity, charge, scores, ages, losses, numbers, cells):
    """Capacity of each module, that of its weakest cell; its charge score is that of its first cell."""
    for m in range(capacity.shape[0]):
        least = np.inf
        for k in range(m * cells, (m + 1) * cells):
            least = min(least, module_capacity(scores[0, k], scores[1, k], losses[ages[m]], numbers[0], numbers[1]))
        capacity[m], charge[m] = least, scores[2, m * cells]


@njit
def _swap(capacity, ages, generations, scores, numbers, counts, path, seed):
    """Replace the modules with the least capacity; of equals, the first."""
    strings, cells = int(counts[0]), int(counts[2])
    for _ in range(counts[4]):
        place = int(np.argmin(capacity))
        capacity[place] = np.inf
        ages[place] = 0
        generations[place] += 1
        generation = int(generations[place])
        for k in range(place * cells, (place + 1) * cells):
            renew_module(scores[0], scores[1], scores[2], k, generation, strings, numbers[3], path, seed)


@njit
def _strings(gives, capacity, charge, charge_sd, per_string):
    """What each string gives. Charging stops when its fullest module is full; the others lack their lag behind it."""
    for s in range(gives.shape[0]):
        first = s * per_string
        fullest = -np.inf
        for m in range(first, first + per_string):
            fullest = max(fullest, charge[m])
        least = np.inf
        for m in range(first, first + per_string):
            least = min(least, capacity[m] - charge_sd * (fullest - charge[m]))
        gives[s] = max(least, 0.0)


@njit
def _groups(string, central, gives, year):
    """Mean of the strings, and the least; as least plus mean excess, so that equal strings give equal bits."""
    least, excess = np.inf, 0.0
    for s in range(gives.shape[0]):
        least = min(least, gives[s])
    for s in range(gives.shape[0]):
        excess += gives[s] - least
    string[year] = least + excess / gives.shape[0]
    central[year] = least

"""Fire among cabinets: how many burn when one does, exactly; which are missing when; what it costs.

Cabinets stand in rows. A fire begins in one of them, each alike, and passes to each next neighbour with the same
chance, on both sides, until it fails to pass or meets the end of the fire area (a wall, or a gap wide enough). The
chance falls with the gap by halves: p = p0 * 2**(-gap / halving distance). Rows are far enough apart not to matter.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.clock import DAYS_PER_YEAR, MONTHS_PER_YEAR
from distributions.counts import binomial_count
from distributions.law_kernels import ppf_code
from distributions.streams import Process, two_uniforms, uniform53, words_row

if TYPE_CHECKING:
    from riskmodel.study.fire import Fire

WORD = int(Process.FIRE_DAY) << 16
N_WORDS = 4
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR

# rows of the yearly counts
FIRES, BURNED = range(2)
N_COUNTS = 2


class FireTables(NamedTuple):
    """Constant inputs, float64, one row a strategy; zeros where it has no such section.

    Attributes
    ----------
    chance_per_day : (s,) that a fire begins in one cabinet on one day
    at_most : (s, n) P(at most k + 1 cabinets burn in a fire), k = 0 .. n - 1
    months_out : (s, 5) law code and four numbers [months]
    stop_days : (s,) days on which all cabinets stand after a fire
    """

    chance_per_day: np.ndarray
    at_most: np.ndarray
    months_out: np.ndarray
    stop_days: np.ndarray


def spread_probability(fire: "Fire") -> float:
    """Chance that fire passes to the next cabinet of the row."""
    return fire.spread_probability_touching * 2.0 ** (-fire.spacing_m / fire.spread_halving_distance_m)


def cabinets_per_area(fire: "Fire", cabinet_energy_kwh: float) -> int:
    """Cabinets of one fire area: as many as its energy allows, and at least one."""
    return max(int(fire.fire_area_kwh / cabinet_energy_kwh * (1.0 + 1e-12)), 1)


def _reach(room: int, chance: float) -> np.ndarray:
    """(room + 1,) chances that fire passes to exactly k = 0 .. room cabinets on one side."""
    out = chance ** np.arange(room + 1.0)
    out[:room] *= 1.0 - chance
    return out


def burned_law(cabinets: int, per_area: int, chance: float) -> np.ndarray:
    """How many cabinets one fire burns, exactly.

    Parameters
    ----------
    cabinets : int, >= 1, on the site
    per_area : int, >= 1, of one fire area; the last area holds what is left
    chance : float, that fire passes to the next neighbour, 0..1

    Returns
    -------
    (min(per_area, cabinets),) float64
        P(exactly k + 1 burn), k = 0 .. ; sum 1.

    Examples
    --------
    Two neighbours, chance 1/2: either both or one.

    >>> burned_law(2, 2, 0.5).tolist()
    [0.5, 0.5]

    Three: from an end it reaches 0, 1 or 2 others (1/2, 1/4, 1/4), from the middle 0, 1 or 2 (1/4, 1/2, 1/4).

    >>> (12 * burned_law(3, 3, 0.5)).tolist()
    [5.0, 4.0, 3.0]
    """
    full, rest = divmod(cabinets, per_area)
    law = np.zeros(min(per_area, cabinets))
    for size, areas in ((per_area, full), (rest, 1)):
        for position in range(size if areas > 0 else 0):
            both = np.convolve(_reach(position, chance), _reach(size - 1 - position, chance))
            law[:size] += areas / cabinets * both
    return law


def _law_of(fire: "Fire", cabinets: int, cabinet_energy_kwh: float) -> np.ndarray:
    return burned_law(cabinets, cabinets_per_area(fire, cabinet_energy_kwh), spread_probability(fire))


def fire_tables(owners: "list[tuple[Fire, int, float] | None]") -> FireTables:
    """Constant inputs from (section, cabinets, energy of a cabinet [kWh]) of each strategy."""
    n = len(owners)
    laws = [np.ones(1) if owner is None else _law_of(*owner) for owner in owners]
    at_most = np.ones((n, max(law.size for law in laws)))
    chance, months, stop = np.zeros(n), np.zeros((n, 5)), np.zeros(n)
    for k, (owner, law) in enumerate(zip(owners, laws, strict=True)):
        at_most[k, : law.size - 1] = np.cumsum(law)[:-1]  # the last chance is 1, not nearly 1
        if owner is not None:
            chance[k] = owner[0].fires_per_cabinet_year / DAYS_PER_YEAR
            months[k] = [float(x) for x in owner[0].months_out.code()]
            stop[k] = owner[0].stop_days
    return FireTables(chance, at_most, months, stop)


def fire_loss_eur(counts, cabinet_eur, clean_up_eur_per_fire, clean_up_eur_per_cabinet):
    """Loss of a year: new cabinets, and cleaning up.

    Parameters
    ----------
    counts : (2, ...) float64, fires and burned cabinets of the year
    cabinet_eur : float or array, price of a cabinet in place
    clean_up_eur_per_fire, clean_up_eur_per_cabinet : float or array

    Returns
    -------
    (2, ...) float64 [EUR]
        Replacement, clean-up.
    """
    replaced = counts[BURNED] * cabinet_eur
    cleaned = counts[FIRES] * clean_up_eur_per_fire + counts[BURNED] * clean_up_eur_per_cabinet
    return np.array([replaced, cleaned])


@njit
def fire_words(words, day, first_path, seed):
    """The day's random words of every lane, shared by all strategies: (4, b) uint32. Draws: FIRE_DAY unit 0."""
    words_row(words, day, WORD, first_path, seed)


@njit(forceinline=True)
def burned_count(at_most, u):
    """Cabinets that one fire burns: quantile of the tabulated law."""
    k = 0
    while k < at_most.shape[0] - 1 and at_most[k] < u:
        k += 1
    return k + 1


@njit(inner=True)
def _burn(state, s, i, fires, present, tables, day, path, seed, counts):
    """Fires of one lane and day: cabinets leave, the rest stand for a while."""
    law = tables.months_out[s]
    for k in range(fires):
        if present == 0:
            break
        u, v = two_uniforms(day, WORD | (k + 1), path, seed)
        lost = min(burned_count(tables.at_most[s], u), present)
        present -= lost
        months = ppf_code(int(law[0]), law[1], law[2], law[3], law[4], v)
        state.burned[s, i] += lost
        state.back_day[s, i] = max(state.back_day[s, i], day + 1 + int(np.ceil(months * DAYS_PER_MONTH)))
        state.stopped_until[s, i] = max(state.stopped_until[s, i], day + 1 + int(np.ceil(tables.stop_days[s])))
        counts[FIRES, i] += 1.0
        counts[BURNED, i] += lost


@njit(inner=True)
def fire_day(state, s, installed, rate_factor, tables, words, day, first_path, seed, counts):
    """Fires of one day of strategy `s` in every lane: call it after `riskmodel.cabinet_fleet.cabinet_day`.

    Parameters
    ----------
    state : riskmodel.cabinet_fleet.CabinetState; burned, back_day and stopped_until are advanced to tomorrow
    s : int
    installed : (b,) int32, cabinets on site today
    rate_factor : (b,) float64, multiplies the rate of the path
    tables : FireTables
    words : (4, b) uint32, from `fire_words`
    day : int, day of the run
    first_path, seed : int
    counts : (2, b) float64, the year's fires and burned cabinets so far, added to

    Notes
    -----
    Draws: FIRE_DAY unit 1 + k, draw = day, for the k-th fire of a day. After a second fire all burned cabinets come
    back with the last. Not modelled: fire that leaves the cabinets, cabinets that burn because others stand open.
    """
    burned, back_day = state.burned[s], state.back_day[s]
    chance = tables.chance_per_day[s]
    for i in range(installed.shape[0]):
        present = max(installed[i] - burned[i], 0)
        if burned[i] > 0 and day + 1 >= back_day[i]:
            burned[i] = 0  # back tomorrow
        u = uniform53(np.int64(words[0, i]), np.int64(words[1, i]))
        fires = binomial_count(present, min(chance * rate_factor[i], 1.0), u)
        if fires > 0:
            _burn(state, s, i, fires, present, tables, day, first_path + i, seed, counts)

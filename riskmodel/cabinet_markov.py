"""Share of time with all, all but one, all but two ... cabinets working: exact for the daily chain, and simulated.

The exact answer is the stationary law of the same chain that `riskmodel.cabinet_fleet` walks: every state (failed and
on order by kind, groups out) is listed, each step of the day is a sparse matrix of chances, and the law is solved by
linear algebra. Without crews, spares and groups that bind, cabinets are independent and the law is binomial.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from distributions._jit import njit
from distributions.clock import DAYS_PER_YEAR
from riskmodel.cabinet_fleet import N_WORDS, cabinet_day, cabinet_words, new_cabinet_state, working_cabinets
from riskmodel.cabinet_tables import (
    ARRIVE,
    BATTERY,
    CONVERTER,
    CREWS,
    FAIL,
    FAIL_1,
    GROUP_FAIL,
    GROUP_REPAIR,
    GROUP_SIZE,
    KINDS,
    LATE,
    N_COUNTS,
    RECALL,
    REPAIR,
    SPARES,
    CabinetTables,
)

if TYPE_CHECKING:
    from distributions.estimate import Estimate

__all__ = ["TooManyStates", "exact_shares", "independent_shares", "simulated_shares"]

MOST_STATES = 3_000
LEAST_CHANCE = 1e-16
WARM_UP_YEARS = 1
"""Years left out of a simulation that begins with every cabinet new and a full stock."""

State = tuple[int, int, int, int, int]
"""Failed converters and batteries, parts of each on order, groups out."""
Chances = list[tuple[State, float]]


class TooManyStates(ValueError):
    """The chain has more states than can be solved; the message says what to change."""


@functools.cache
def _binomial(n: int, p: float) -> tuple[float, ...]:
    return tuple(math.comb(n, k) * p**k * (1.0 - p) ** (n - k) for k in range(n + 1))


def _failing(numbers: np.ndarray, installed: int, state: State) -> Chances:
    """Failures and warnings of one day."""
    q0, q1, o0, o1, out = state
    w = working_cabinets(installed, q0 + q1, out, int(numbers[GROUP_SIZE]))
    fail = numbers[FAIL] + numbers[FAIL_1]
    share = numbers[FAIL] / fail if fail > 0.0 else 0.0
    ends: dict[State, float] = {}
    for fails, p in enumerate(_binomial(w, float(fail))):
        for first, p_first in enumerate(_binomial(fails, float(share))):
            if p * p_first < LEAST_CHANCE:
                continue
            for dq0, do0, p0 in _of_a_kind(numbers, CONVERTER, first, o0):
                for dq1, do1, p1 in _of_a_kind(numbers, BATTERY, fails - first, o1):
                    end = (q0 + dq0, q1 + dq1, o0 + do0, o1 + do1, out)
                    ends[end] = ends.get(end, 0.0) + p * p_first * p0 * p1
    return list(ends.items())


def _of_a_kind(numbers: np.ndarray, kind: int, fails: int, ordered: int) -> Iterator[tuple[int, int, float]]:
    """Cabinets that stand and parts ordered when `fails` of a kind fail: (failed, ordered, chance)."""
    for warned, p_warned in enumerate(_binomial(fails, float(numbers[RECALL]))):
        sudden = fails - warned
        from_stock = min(warned, max(int(numbers[SPARES + kind]) - ordered - sudden, 0))
        for late, p_late in enumerate(_binomial(warned - from_stock, float(numbers[LATE + kind]))):
            if p_warned * p_late > 0.0:
                yield sudden + late, sudden + from_stock + late, p_warned * p_late


def _mending(numbers: np.ndarray, installed: int, state: State) -> Chances:
    """Parts arrive, then repairs end."""
    q, o, out = state[:KINDS], state[KINDS : 2 * KINDS], state[4]
    ends: Chances = []
    for a0, p_a0 in enumerate(_binomial(o[0], float(numbers[ARRIVE]))):
        for a1, p_a1 in enumerate(_binomial(o[1], float(numbers[ARRIVE + 1]))):
            left = (o[0] - a0, o[1] - a1)
            ready = [q[k] - max(left[k] - int(numbers[SPARES + k]), 0) for k in range(KINDS)]
            first = min(ready[0], int(numbers[CREWS]))
            second = min(ready[1], int(numbers[CREWS]) - first)
            for d0, p0 in enumerate(_binomial(first, float(numbers[REPAIR]))):
                for d1, p1 in enumerate(_binomial(second, float(numbers[REPAIR + 1]))):
                    p = p_a0 * p_a1 * p0 * p1
                    if p >= LEAST_CHANCE:
                        ends.append(((q[0] - d0, q[1] - d1, *left, out), p))
    return ends


def _grouping(numbers: np.ndarray, installed: int, state: State) -> Chances:
    """Groups fail and come back."""
    size, out = int(numbers[GROUP_SIZE]), state[4]
    if numbers[GROUP_FAIL] == 0.0:
        return [(state, 1.0)]
    groups = (installed + size - 1) // size
    ends: Chances = []
    for hit, p_hit in enumerate(_binomial(groups - out, float(numbers[GROUP_FAIL]))):
        for back, p_back in enumerate(_binomial(out + hit, float(numbers[GROUP_REPAIR]))):
            if p_hit * p_back >= LEAST_CHANCE:
                ends.append(((*state[:4], out + hit - back), p_hit * p_back))
    return ends


Step = Callable[[np.ndarray, int, State], Chances]
STEPS: tuple[Step, ...] = (_failing, _mending, _grouping)


class _Layer:
    """States met at one time of the day, numbered as they are met."""

    def __init__(self) -> None:
        self.index: dict[State, int] = {}
        self.states: list[State] = []

    def number(self, state: State) -> int:
        """Its number, a new one at the first meeting."""
        if state not in self.index:
            self.index[state] = len(self.states)
            self.states.append(state)
            if len(self.states) > MOST_STATES:
                raise TooManyStates(f"more than {MOST_STATES:,} states: take fewer cabinets or one kind of failure")
        return self.index[state]


def _stationary(numbers: np.ndarray, installed: int, most_failed: int) -> tuple[list[State], np.ndarray]:
    """States of the chain and how much of the time it spends in each, at the beginning of a day."""
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.linalg import splu

    layers = [_Layer() for _ in STEPS]
    layers[0].number((0,) * 5)
    entries: list[list[tuple[int, int, float]]] = [[] for _ in STEPS]
    seen = [0] * len(STEPS)
    while any(done < len(layer.states) for done, layer in zip(seen, layers, strict=True)):
        for k, step in enumerate(STEPS):
            after = layers[(k + 1) % len(STEPS)]
            while seen[k] < len(layers[k].states):
                ends = step(numbers, installed, layers[k].states[seen[k]])
                ends = [(end, p) for end, p in ends if end[0] + end[1] <= most_failed]
                total = math.fsum(p for _, p in ends)
                entries[k].extend((seen[k], after.number(end), p / total) for end, p in ends)
                seen[k] += 1
    matrices = []
    for k, entry in enumerate(entries):
        rows, columns, values = np.array(entry).T
        shape = (len(layers[k].states), len(layers[(k + 1) % len(STEPS)].states))
        matrices.append(csr_array((values, (rows.astype(int), columns.astype(int))), shape=shape))
    day = matrices[0] @ matrices[1] @ matrices[2]
    states = layers[0].states
    # pi (P - 1) = 0 with the chance of the first state, which is visited often, set to 1; then scaled to sum 1
    balance = (day - eye_array(len(states))).T.tocsc()[1:, :]
    law = np.ones(len(states))
    if len(states) > 1:
        law[1:] = splu(balance[:, 1:].tocsc()).solve(-balance[:, [0]].toarray().ravel())
    law = np.maximum(law, 0.0)
    return states, law / law.sum()


def exact_shares(numbers: np.ndarray, installed: int, rows: int, *, most_failed: int | None = None) -> np.ndarray:
    """Share of time with exactly k cabinets out, k = 0 .. rows - 2, and with rows - 1 or more out.

    Parameters
    ----------
    numbers : (17,) float64, see `riskmodel.cabinet_tables.cabinet_numbers`
    installed : int, cabinets on site
    rows : int, >= 2
    most_failed : int, optional
        Leave out states with more failed cabinets at once, and scale the rest: for large fleets. The answer is as good
        as such states are rare; compare it with a larger one.

    Returns
    -------
    (rows,) float64, sum 1

    Raises
    ------
    TooManyStates
        With two kinds of failure from 6 cabinets, unless `most_failed` is low; with one kind much later.
    """
    states, law = _stationary(numbers, installed, installed if most_failed is None else most_failed)
    shares = np.zeros(rows)
    for state, p in zip(states, law, strict=True):
        w = working_cabinets(installed, state[0] + state[1], state[4], int(numbers[GROUP_SIZE]))
        shares[min(installed - w, rows - 1)] += p
    return shares


def independent_shares(numbers: np.ndarray, installed: int, rows: int) -> np.ndarray:
    """The shares if crews and spares were unlimited and groups never failed: binomial; see `exact_shares`.

    The chance that a cabinet is away is r / (1 + r) with r = sum of rate x mean time to repair over the kinds, of the
    failures that are not warned of.
    """
    from scipy.stats import binom

    odds = sum(numbers[FAIL + k] * (1.0 / numbers[REPAIR + k] - 1.0) for k in range(KINDS)) * (1.0 - numbers[RECALL])
    at_most = binom.cdf(np.arange(rows - 1), installed, odds / (1.0 + odds))
    return np.diff(np.array([0.0, *at_most, 1.0]))


@njit(nogil=True)
def _walk(days_out, counts, tables, installed, rate_factor, warm_up_days, days, first_path, seed):
    """Walk the fleet in every lane; count the days with k cabinets out, after the warm-up."""
    b, last = days_out.shape[1], days_out.shape[0] - 1
    state = new_cabinet_state(1, b)
    words, working, planned = np.zeros((N_WORDS, b), np.uint32), np.zeros(b, np.int32), np.zeros(b)
    for day in range(days):
        if day == warm_up_days:
            counts[:] = 0.0
        cabinet_words(words, day, first_path, seed)
        cabinet_day(
            working,
            planned,
            state,
            0,
            installed,
            rate_factor,
            tables,
            words,
            day % DAYS_PER_YEAR,
            day,
            first_path,
            seed,
            counts,
        )
        if day >= warm_up_days:
            for i in range(b):
                days_out[min(installed[i] - working[i], last), i] += 1.0


def simulated_shares(
    numbers: np.ndarray, installed: int, rows: int, *, years: int, paths: int, seed: int
) -> list[Estimate]:
    """The same shares from simulated fleets, each with its error; see `exact_shares`.

    Parameters
    ----------
    years : int, kept of each path, after a first one that is left out
    paths : int, independent fleets: what the error is taken from
    seed : int
    """
    from distributions.estimate import mean

    tables = CabinetTables(numbers[None, :].astype(np.float64), np.zeros((1, DAYS_PER_YEAR)))
    days_out, counts = np.zeros((rows, paths)), np.zeros((N_COUNTS, paths))
    warm_up, days = WARM_UP_YEARS * DAYS_PER_YEAR, (WARM_UP_YEARS + years) * DAYS_PER_YEAR
    _walk(days_out, counts, tables, np.full(paths, installed, np.int32), np.ones(paths), warm_up, days, 0, seed)
    return [mean(row / (years * DAYS_PER_YEAR)) for row in days_out]

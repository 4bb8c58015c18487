"""How equal modules differ: fresh capacity, pace of ageing, and state of charge; and what the weakest of n gives.

A module has capacity 1 + cv z - loss R (share of the mean module's fresh capacity): z is standard normal, `loss` is
what a published law says, and R is lognormal with mean 1, so that the law holds on average.

Sources
-------
Frenander, Thiringer 2024, J. Energy Storage 102, 114014: the spread between equal cells is about 10 % of the capacity
lost, at any point. Fresh LFP prismatic cells: coefficient of variation of capacity 0.3 to 0.8 %.
David, Nagaraja 2003, Order Statistics, section 2.1 (least of n).

Not modelled
------------
Early faults and sudden fade ("knee"), which give a longer lower tail than these laws. The state of charge does not
drift with time: its spread is that which is left between services.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.inverse_normal import ndtri64
from distributions.streams import Process, address, two_uniforms

__all__ = ["PUBLISHED", "Spread", "capacity_above", "capacity_quantile", "expected_least", "fill_modules"]

FRESH_CV = 0.0055
"""Middle of 0.3 to 0.8 %, fresh LFP prismatic cells (memory; measured on some cells: 0.28 %)."""
LOSS_CV = 0.10
"""Frenander and Thiringer 2024 (read)."""
CHARGE_SD = 0.01
"""Judgement: what is left between services without balancing; no fleet has published it by module."""

MODULE, CHARGE, STRING = int(Process.MODULE_SPREAD), int(Process.MODULE_CHARGE), int(Process.STRING_SPREAD)
MOST_MODULES = 65_536
REACH_SD = 9.0
RATE_POINTS = 721
STEPS = 4000


class Spread(NamedTuple):
    """Spread between equal modules.

    Attributes
    ----------
    fresh_cv : float, standard deviation of the fresh capacity [share of its mean]
    loss_cv : float, standard deviation of the capacity lost [share of its mean]
    charge_sd : float, standard deviation of the state of charge of modules of one string that nobody balances
    string_share : float, 0..1
        Share of the variance of the pace of ageing that modules of one string have in common (one place, one coolant).
    """

    fresh_cv: float = FRESH_CV
    loss_cv: float = LOSS_CV
    charge_sd: float = CHARGE_SD
    string_share: float = 0.0

    def scaled(self, factor: float) -> Spread:
        """The same spread `factor` times as wide; 0 makes all modules equal."""
        return self._replace(
            fresh_cv=self.fresh_cv * factor, loss_cv=self.loss_cv * factor, charge_sd=self.charge_sd * factor
        )

    @property
    def log_sd(self) -> float:
        """Standard deviation of the logarithm of the pace of ageing."""
        return math.sqrt(math.log1p(self.loss_cv * self.loss_cv))


PUBLISHED = Spread()
"""Spread as published; `string_share` is 0 for want of a measurement."""


@njit
def _draw_module(fresh, score, charge, module, generation, path, seed, common, own):
    """Draw one module: `common` is its string's score times its weight, `own` the weight of its own score."""
    u, v = two_uniforms(generation, address(MODULE, module), path, seed)
    w, _ = two_uniforms(generation, address(CHARGE, module), path, seed)
    fresh[module], score[module], charge[module] = ndtri64(u), common + own * ndtri64(v), ndtri64(w)


@njit
def string_score(string, path, seed):
    """Standard normal score of what the modules of a string have in common. Draws: STRING_SPREAD, unit = string."""
    u, _ = two_uniforms(0, address(STRING, string), path, seed)
    return ndtri64(u)


@njit
def fill_modules(fresh, score, charge, strings, string_share, path, seed):
    """Draw the first modules of a group.

    Parameters
    ----------
    fresh, score, charge : (n,) float64, written
        Standard normal scores of fresh capacity, logarithm of the pace of ageing, and state of charge.
    strings : int, which the n modules make up in equal parts
    string_share : float, see `Spread`
    path, seed : int

    Draws
    -----
    MODULE_SPREAD and MODULE_CHARGE: unit = module, draw = generation (0: first fitted); STRING_SPREAD: unit = string.
    """
    per_string = fresh.shape[0] // strings
    shared, own = math.sqrt(string_share), math.sqrt(1.0 - string_share)
    for module in range(fresh.shape[0]):
        common = shared * string_score(module // per_string, path, seed)
        _draw_module(fresh, score, charge, module, 0, path, seed, common, own)


@njit
def renew_module(fresh, score, charge, module, generation, strings, string_share, path, seed):
    """Draw the next module in a place; its string's share of the pace stays. Arguments as in `fill_modules`."""
    per_string = fresh.shape[0] // strings
    common = math.sqrt(string_share) * string_score(module // per_string, path, seed)
    _draw_module(fresh, score, charge, module, generation, path, seed, common, math.sqrt(1.0 - string_share))


@njit
def module_capacity(fresh_score, rate_score, loss, fresh_cv, log_sd):
    """Capacity of a module after a law's mean `loss` [share of the mean module's fresh capacity]."""
    rate = math.exp(log_sd * rate_score - 0.5 * log_sd * log_sd)
    return max(1.0 + fresh_cv * fresh_score - loss * rate, 0.0)


def capacity_above(capacity: np.ndarray, loss: float, spread: Spread) -> np.ndarray:
    """Chance that a module has more than `capacity`, by quadrature over the pace of ageing.

    Parameters
    ----------
    capacity : (n,) float64, share of the mean module's fresh capacity
    loss : float, mean loss by the law, 0..1
    spread : Spread
    """
    from scipy.special import ndtr

    x = np.atleast_1d(np.asarray(capacity, dtype=np.float64))
    sd = spread.log_sd
    if sd == 0.0 or loss == 0.0:
        room = 1.0 - loss - x
        return ndtr(room / spread.fresh_cv) if spread.fresh_cv > 0.0 else (room > 0.0).astype(np.float64)
    if spread.fresh_cv == 0.0:
        with np.errstate(divide="ignore"):
            return ndtr((np.log(np.maximum((1.0 - x) / loss, 0.0)) + 0.5 * sd * sd) / sd)
    z = np.linspace(-REACH_SD, REACH_SD, RATE_POINTS)
    weights = np.exp(-0.5 * z * z)
    weights /= weights.sum()
    mean_given_rate = 1.0 - loss * np.exp(sd * z - 0.5 * sd * sd)
    return ndtr((mean_given_rate[None, :] - x[:, None]) / spread.fresh_cv) @ weights


def _range(loss: float, spread: Spread) -> tuple[float, float]:
    wide = REACH_SD * spread.fresh_cv
    sd = spread.log_sd
    slowest, fastest = (loss * math.exp(sign * REACH_SD * sd - 0.5 * sd * sd) for sign in (-1.0, 1.0))
    return 1.0 - wide - fastest, 1.0 + wide - slowest


def expected_least(n: int, loss: float, spread: Spread) -> float:
    """Exact mean capacity of the weakest of n independent modules [share of the mean module's fresh capacity].

    Parameters
    ----------
    n : int, >= 1
    loss : float, mean loss by the law, 0..1
    spread : Spread, of which `string_share` and `charge_sd` play no part

    Notes
    -----
    The mean of a variable bounded below by a is a + the integral of its chance to be above; the least of n is above x
    when all are: chance^n. Losses so large that a capacity would fall below 0 are not cut off here.

    Examples
    --------
    >>> round((expected_least(2, 0.0, Spread(fresh_cv=0.01)) - 1.0) / 0.01, 6)  # -1 / sqrt(pi)
    -0.56419
    """
    low, high = _range(loss, spread)
    if high == low:
        return low
    x = np.linspace(low, high, STEPS + 1)
    return low + float(np.trapezoid(capacity_above(x, loss, spread) ** n, x))


def capacity_quantile(probability: float, loss: float, spread: Spread) -> float:
    """Capacity of a module that a share `probability` of modules stays below."""
    low, high = _range(loss, spread)
    if high == low:
        return low
    x = np.linspace(low, high, STEPS + 1)
    above = capacity_above(x, loss, spread)
    return float(np.interp(-(1.0 - probability), -above, x))

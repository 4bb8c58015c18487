"""Share of time in which all, all but one, all but two ... cabinets work: exactly, and by simulation."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from distributions.clock import HOURS_PER_YEAR
from distributions.estimate import Estimate, mean
from riskmodel.adequacy import Units, k_of_n
from riskmodel.adequacy_simulation import simulate_years

__all__ = ["Failures", "exact_shares", "simulated_shares"]


class Failures(NamedTuple):
    """How often something stops and how long it stands.

    Attributes
    ----------
    per_year : float, failures per year up
    repair_h : float, mean time to repair [h]
    """

    per_year: float
    repair_h: float

    @property
    def availability(self) -> float:
        """Long-run share of time up."""
        return 1.0 / (1.0 + self.per_year * self.repair_h / HOURS_PER_YEAR)

    def together(self, other: Failures) -> Failures:
        """Two parts in series, neither of which fails while the other stands."""
        per_year = self.per_year + other.per_year
        down_h = self.per_year * self.repair_h + other.per_year * other.repair_h
        return Failures(per_year, down_h / per_year if per_year > 0.0 else 1.0)


def exact_shares(units: int, failures: Failures, rows: int) -> np.ndarray:
    """Share of time with exactly k units out, k = 0 .. rows - 2, and with rows - 1 or more out.

    Parameters
    ----------
    units : int, >= rows - 1
    failures : Failures, of each unit on its own
    rows : int, >= 2

    Returns
    -------
    (rows,) float64, sum 1
    """
    fewer = [k_of_n(units, units - k, *failures).probability for k in range(rows - 1)]
    return -np.diff(np.array([1.0, *fewer, 0.0]))


def simulated_shares(units: int, failures: Failures, rows: int, years: int, seed: int) -> list[Estimate]:
    """The same shares from simulated years of failures and repairs, each with its error; see `exact_shares`."""
    rate, repair = failures.per_year / HOURS_PER_YEAR, 1.0 / failures.repair_h
    each = Units(np.ones(units), np.full(units, rate), np.full(units, repair))
    fewer = [np.full(years, 1.0)]
    for k in range(rows - 1):
        load = np.full(HOURS_PER_YEAR, float(units - k))
        fewer.append(simulate_years(each, load, years, seed).lole_h / HOURS_PER_YEAR)
    fewer.append(np.zeros(years))
    return [mean(more - less) for more, less in itertools.pairwise(fewer)]

"""Quantiles over all years of all paths, with only one copy of the years in memory.

The table is read twice: once for the values, which are sorted where they stand, and once to count for each path how
many of its years are at or below each quantile, which the errors need.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate, clustered_quantiles_of_sorted
from riskmodel.store import n_paths_of, year_groups

__all__ = ["yearly_loss_quantiles"]


def yearly_loss_quantiles(
    folder: Path,
    columns: list[str],
    strategy: int,
    n_strategies: int,
    n_years: int,
    probabilities: Sequence[float],
    unit: str = "",
) -> list[Estimate]:
    """Quantiles of the loss of a year, exact; errors allow for the years of a path depending on each other.

    Parameters
    ----------
    folder : Path
        Of results.
    columns : list of str
        Columns of years.parquet whose sum is the gain of a year; its loss is the negative. Year 0 is left out.
    strategy, n_strategies, n_years : int
        Number of the strategy, and how many there are of both.
    probabilities : sequence of float
        Shares of years below, 0..1.
    """
    ordered = _joined(folder, columns, strategy, n_strategies, n_years)
    ordered.sort()

    def years_below(values: NDArray[np.float64]) -> NDArray[np.uint8]:
        counts = np.empty((ordered.size // n_years, values.size), np.uint8)
        for first, gains in year_groups(folder, columns, strategy, n_strategies, n_years):
            loss = -gains[:, 1:]
            for k, value in enumerate(values):
                counts[first : first + len(loss), k] = (loss <= value).sum(axis=1)
        return counts

    return clustered_quantiles_of_sorted(ordered, probabilities, years_below, n_years, unit)


def _joined(folder: Path, columns: list[str], strategy: int, n_strategies: int, n_years: int) -> NDArray[np.float64]:
    out = np.empty(n_paths_of(folder, n_strategies) * n_years)
    for first, gains in year_groups(folder, columns, strategy, n_strategies, n_years):
        out[first * n_years : (first + len(gains)) * n_years] = -gains[:, 1:].ravel()
    return out

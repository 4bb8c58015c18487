"""Values of a study's quantities on the paths of a range, as money needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["Array", "Draws", "growing", "powers", "sum_of"]

Array = NDArray[np.float64]


def sum_of(array: Array, indices: tuple[int, ...] | range) -> Array:
    """Sum of entries of the last axis, one after the other (a fixed order, whatever the shape)."""
    total = np.zeros(array.shape[:-1])
    for index in indices:
        total += array[..., index]
    return total


class Draws:
    """Values of the study's quantities on the paths of a range.

    Quantities the engine drew are taken from `RangeResult.scalars`; those it draws for each event (the repair of a
    server) enter the yearly ledger by their mean.
    """

    def __init__(self, study: Study, result: RangeResult) -> None:
        self._study, self._scalars, self._n = study, result.scalars, result.n_paths

    def __call__(self, path: str) -> Array:
        """(n_paths,) values of the quantity at a field path such as `strategies.grid.connection.capex_eur`."""
        if path in self._scalars:
            return np.asarray(self._scalars[path], dtype=np.float64)
        value: Any = self._study
        for key in path.split("."):
            if value is self._study and key == "study":
                value = self._study.header
            else:
                value = value[key] if isinstance(value, dict) else getattr(value, key)
        return np.full(self._n, float(value.mean()))


def growing(first: Array, growth: Array, years: int) -> Array:
    """(n_paths, years) of a price at the end of each year."""
    out, value = np.empty((first.size, years)), first
    for year in range(years):
        value = value * (1.0 + growth)
        out[:, year] = value
    return out


def powers(base: Array, n: int, mid_year: bool = False) -> Array:
    """(..., n) of 1, base, base^2, ... by repeated multiplication; mid_year: 1, base^0.5, base^1.5, ..."""
    out = np.ones((*base.shape, n))
    for year in range(1, n):
        out[..., year] = np.sqrt(base) if mid_year and year == 1 else out[..., year - 1] * base
    return out

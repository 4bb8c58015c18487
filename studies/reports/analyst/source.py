"""Results of a run whose columns are read once, with names that can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.results import Results
from studies.reports.fonts import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ReadOnce"]


class ReadOnce(Results):
    """The same results; a column, or a sum over columns of the years, is read from the disk at most once."""

    def __init__(self, results: Results) -> None:
        study, strategies = results.manifest["study"], results.manifest["strategies"]
        self.folder = results.folder
        self.manifest = results.manifest | {
            "study": study | {"title": shown(str(study["title"]))},
            "strategies": {name: shown(str(title)) for name, title in strategies.items()},
        }
        self.study = results.study
        self._columns: dict[str, NDArray[Any]] = {}
        self._sums: dict[tuple[str, ...], NDArray[np.float64]] = {}

    def column(self, name: str) -> NDArray[Any]:
        """(n_paths, n_strategies) values of one column of paths.parquet."""
        if name not in self._columns:
            self._columns[name] = super().column(name)
        return self._columns[name]

    def year_sums(self, names: list[str], strategy: str, minus: str | None = None) -> NDArray[np.float64]:
        """(n_paths, n_years + 1) sum of some columns of years.parquet for one strategy, or for it less another one."""
        if minus is not None:
            return np.asarray(self.year_sums(names, strategy) - self.year_sums(names, minus))
        key = (strategy, *names)
        if key not in self._sums:
            self._sums[key] = super().year_sums(names, strategy)
        return self._sums[key]

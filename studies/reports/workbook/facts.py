"""Numbers of the workbook that the summary does not hold: yearly flows by line, chances, losses of rare years."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions.estimate import Estimate, clustered_quantiles
from riskmodel.currency import in_words, outside
from riskmodel.ledger_lines import DOWNTIME_LINES, Line
from riskmodel.store import opened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.finance_report import FinanceReport
    from riskmodel.results import Results

__all__ = ["CHANCES", "Facts", "Flows", "RETURN_YEARS"]

CHANCES = tuple(range(1, 100))
RETURN_YEARS = (2, 5, 10, 20, 50, 100, 200)
YEARS_PER_POINT = 10
"""Simulated years above the longest return period shown."""
BY_YEAR = (0.10, 0.50, 0.90)


class Flows(NamedTuple):
    """Yearly money of one strategy, year 0 first [study money].

    Attributes
    ----------
    lines : line -> (n_years + 1,) mean; lines that are 0 in all paths and years are left out
    net, present : (n_years + 1,) mean of the net cash, and of its present value
    p10, p50, p90 : (n_years + 1,) quantiles of the year's net cash
    """

    lines: dict[Line, NDArray[np.float64]]
    net: NDArray[np.float64]
    present: NDArray[np.float64]
    p10: NDArray[np.float64]
    p50: NDArray[np.float64]
    p90: NDArray[np.float64]


class Facts:
    """Numbers of a finished run, each read once."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.names = results.strategy_names
        self.titles = results.titles
        self.currency = str(results.manifest["study"]["currency"])
        self.years = results.n_years
        self.base = results.baseline

    @property
    def others(self) -> list[str]:
        """Strategies but the baseline."""
        return [name for name in self.names if name != self.base]

    def unit(self, text: str) -> str:
        """Unit of a metric in the study's money."""
        return in_words(text, self.currency)

    @functools.cached_property
    def finance(self) -> FinanceReport:
        """Measures, pairs and the way from the baseline by line."""
        from riskmodel.finance_report import finance_report

        return finance_report(self.results)

    def measure(self, name: str, metric: str) -> Estimate | None:
        """A measure of finance, or a number of the summary; None where a strategy does not have it."""
        found = self.finance.measures[name].get(metric)
        return found if found is not None else self.results.estimate(name, metric)

    @functools.cached_property
    def rate(self) -> float | None:
        """Real discount rate of all paths [per year]; None where it is drawn."""
        law = self.results.study.header.discount_rate_real
        return float(law.mean()) if law.name == "constant" else None

    @functools.cached_property
    def mid_year(self) -> bool:
        """Whether money moves in the middle of the years."""
        finance = self.results.study.finance
        return finance is not None and finance.timing == "mid_year"

    def flows(self, name: str) -> Flows:
        """Yearly money of a strategy."""
        net = self.results.year_sums(["net_cash_eur"], name)
        quantiles = np.quantile(net, BY_YEAR, axis=0)
        means = self._line_means[self.names.index(name)]
        lines = {line: means[line] for line in Line if means[line].any()}
        return Flows(lines, net.mean(axis=0), (net * self._factors).mean(axis=0), *quantiles)

    @functools.cached_property
    def _factors(self) -> NDArray[np.float64]:
        from riskmodel.finance import discount_factors

        if self.rate is not None:
            return discount_factors(self.rate, self.years + 1, self.mid_year)
        drawn = np.asarray(self.results.column("scalar:study.discount_rate_real"))[:, 0]
        return discount_factors(drawn, self.years + 1, self.mid_year)

    @functools.cached_property
    def _line_means(self) -> NDArray[np.float64]:
        """(n_strategies, n_lines, n_years + 1) mean of every line."""
        columns = [outside(f"{line.name.lower()}_eur", self.currency) for line in Line]
        sums = np.zeros((len(self.names), len(columns), self.years + 1))
        with opened(self.results.folder / "years.parquet") as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns, use_threads=False)
                for k, column in enumerate(columns):
                    values = table.column(column).to_numpy().reshape(-1, len(self.names), self.years + 1)
                    sums[:, k] += values.sum(axis=0)
        return sums / self.results.n_paths

    def chances(self, metric: str, name: str) -> NDArray[np.float64]:
        """Values that 1 to 99 % of the paths are below."""
        values = np.asarray(self.results.column(metric), dtype=np.float64)[:, self.names.index(name)]
        return np.quantile(values, np.array(CHANCES) / 100.0)

    def bad_years(self, name: str) -> dict[int, Estimate]:
        """Downtime loss that is reached once in so many years, where enough years were simulated."""
        columns = [f"{line.name.lower()}_eur" for line in DOWNTIME_LINES]
        losses = -self.results.year_sums(columns, name)[:, 1:]
        known = [years for years in RETURN_YEARS if years * YEARS_PER_POINT <= losses.size]
        found = clustered_quantiles(losses, [1.0 - 1.0 / years for years in known], self.currency)
        return dict(zip(known, found, strict=True))

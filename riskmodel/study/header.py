"""What the study is called, how long it runs, how money is discounted; correlations and published claims."""

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, Strict

from riskmodel.study.fields import Q, Section, choice, number, quantity, whole

if TYPE_CHECKING:
    from distributions.dependence import Repair

__all__ = ["Claims", "Correlation", "Header"]

SAME_RATE = "same as discount_rate_real, the convention when no other rate is known; the mean of a law"


class ExchangeRates(Section):
    """What one unit of other money is in the study's, for records and defaults that are in other money."""

    EUR: float | None = number("Study money for one euro", "", 1.1, low=0.0, high=1e6, above=True, default=None)
    CNY: float | None = number("Study money for one yuan", "", 0.13, low=0.0, high=1e6, above=True, default=None)
    USD: float | None = number("Study money for one US dollar", "", 0.9, low=0.0, high=1e6, above=True, default=None)
    source: str = choice("Where these rates come from", "central bank, mean of 2025")


class Header(Section):
    """The [study] table."""

    name: str = choice("Short name: letters, digits and _", "ten_thousand_gpus")
    title: str = choice("Title for readers", "10,000 GPUs in the Nordics")
    currency: Literal["EUR", "CNY", "USD"] = choice(
        "Currency of all money; fields are named in it: capex_usd_per_kwh in a study in USD",
        "EUR",
        default="EUR",
        source="the unit in the field names",
    )
    price_year: int = whole("Money of this year", "", 2025, low=1990, high=2100)
    years: int = whole("Years simulated", "years", 15, low=1, high=40)
    baseline: str = choice("Strategy others are compared with", "grid_expansion", source="first strategy of the file")
    discount_rate_real: Q = quantity(
        "Real discount rate, a number or a law: of all capital, or of equity with [finance.debt]", "per year", 0.08,
        low=0.0, high=0.5,
    )  # fmt: skip
    finance_rate_real: float = number(
        "Real rate on borrowed money, for MIRR", "per year", 0.08, low=0.0, high=0.5, source=SAME_RATE
    )
    reinvestment_rate_real: float = number(
        "Real rate on returns, for MIRR", "per year", 0.08, low=0.0, high=0.5, source=SAME_RATE
    )
    exchange_rates: ExchangeRates | None = Field(default=None)

    def rate_of(self, other: str) -> float | None:
        """What one unit of other money is in the study's; None where the study states no rate."""
        if other == self.currency:
            return 1.0
        return getattr(self.exchange_rates, other, None) if self.exchange_rates is not None else None


class Correlation(Section):
    """Which quantities move together: correlation of their normal scores, and the copula that ties them.

    Under the t copula all names share how far from the centre a path is: extremes come together, even of names whose
    correlation is 0.
    """

    names: Annotated[list[str], Strict()]
    matrix: Annotated[list[list[float]], Strict()]
    copula: Literal["gaussian", "t"] = choice(
        "How extremes come: gaussian, mostly alone; t, together",
        "t",
        default="gaussian",
        source="judgement: no record shows that extremes of these inputs come together",
    )
    degrees_of_freedom: float | None = number(
        "Of the t copula; the fewer, the more extremes come together", "", 4.0, low=1.0, high=1000.0, default=None
    )

    def repair(self) -> "Repair":
        """The matrix, or where no quantities can have it the nearest one that they can, and how far that is."""
        return _repair(tuple(map(tuple, self.matrix)))

    def warnings(self) -> list[str]:
        """What a reader must know: how far an impossible matrix was moved, and which pair most."""
        import numpy as np

        found = self.repair()
        if found.distance == 0.0:
            return []
        change = np.abs(found.matrix - np.asarray(self.matrix, dtype=np.float64))
        i, j = divmod(int(np.argmax(change)), len(self.names))
        pair = f"{self.names[i]} with {self.names[j]}"
        return [
            f"correlation.matrix: {found.text()}, {pair}: {self.matrix[i][j]:.3g} given, {found.matrix[i, j]:.3g} used"
        ]


@lru_cache(maxsize=16)
def _repair(matrix: tuple[tuple[float, ...], ...]) -> "Repair":
    from distributions.dependence import repair

    return repair(matrix)


class Claims(Section):
    """Published figures a study is held against; never used as inputs."""

    strategy: str | None = choice("Strategy the claims are about", "string_storage_pv", default=None)
    payback_years_below: float | None = number("Payback shorter than", "years", 5.0, low=0.0, high=100.0, default=None)
    life_years_above: float | None = number("Life longer than", "years", 10.0, low=0.0, high=100.0, default=None)
    baseline_capex_eur: float | None = number("Baseline capex", "EUR", 3.2e6, low=0.0, default=None)
    baseline_energy_eur_per_year: float | None = number("Baseline energy cost", "EUR/year", 850e3, default=None)
    baseline_months: float | None = number("Baseline time to power", "months", 18.0, low=0.0, default=None)
    capex_eur: float | None = number("Capex of the strategy", "EUR", 2.8e6, low=0.0, default=None)
    energy_eur_per_year: float | None = number("Energy cost of the strategy", "EUR/year", 680e3, default=None)
    months: float | None = number("Time to power of the strategy", "months", 4.0, low=0.0, default=None)

"""What the study is called, how long it runs, how money is discounted; correlations and published claims."""

from typing import Annotated, Literal

from pydantic import Strict

from riskmodel.study.fields import Section, choice, number, whole

__all__ = ["Claims", "Correlation", "Header"]

SAME_RATE = "same as discount_rate_real, the convention when no other rate is known"


class Header(Section):
    """The [study] table."""

    name: str = choice("Short name: letters, digits and _", "ten_thousand_gpus")
    title: str = choice("Title for readers", "10,000 GPUs in the Nordics")
    currency: Literal["EUR"] = choice(
        "Currency of all money", "EUR", default="EUR", source="the unit in the field names"
    )
    price_year: int = whole("Money of this year", "", 2025, low=1990, high=2100)
    years: int = whole("Years simulated", "years", 15, low=1, high=40)
    baseline: str = choice("Strategy others are compared with", "grid_expansion", source="first strategy of the file")
    discount_rate_real: float = number("Real discount rate", "per year", 0.08, low=0.0, high=0.5)
    finance_rate_real: float = number(
        "Real rate on borrowed money, for MIRR", "per year", 0.08, low=0.0, high=0.5, source=SAME_RATE
    )
    reinvestment_rate_real: float = number(
        "Real rate on returns, for MIRR", "per year", 0.08, low=0.0, high=0.5, source=SAME_RATE
    )


class Correlation(Section):
    """Correlation of the normal scores of some quantities (Gaussian copula)."""

    names: Annotated[list[str], Strict()]
    matrix: Annotated[list[list[float]], Strict()]


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

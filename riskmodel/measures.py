"""Measures of a path's ledger that take more than one line: levelised costs, cover of debt, return on what is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.clock import KWH_PER_MWH
from riskmodel import finance
from riskmodel.drawn_values import Array, Draws, sum_of
from riskmodel.financing import cover_ratios
from riskmodel.ledger import storage_service_eur
from riskmodel.ledger_lines import CLUSTER_INVESTMENT_LINES, ENERGY_LINES, INVESTMENT_LINES, N_LINES, OWN_LINES, Line
from riskmodel.quantities import Quantity

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["LCOE_LINES", "Terms", "measure_columns"]

LCOE_LINES = (*OWN_LINES, Line.MAINTENANCE, Line.STORAGE_REPAIR, Line.STORAGE_FIRE, *ENERGY_LINES)
"""What powering the cluster costs, subsidy taken off; tax, debt, downtime and demand response are not in it."""

LCOS_LINES = (
    Line.STORAGE_CAPEX,
    Line.STORAGE_REPLACEMENT,
    Line.STORAGE_EXPANSION,
    Line.STORAGE_REPAIR,
    Line.STORAGE_FIRE,
)
"""What storage costs by lines of its own; its service is within the maintenance."""


class Terms(NamedTuple):
    """How a range's money is discounted.

    Attributes
    ----------
    rate : (n_paths,) float64, real [per year]
    mid_year : bool
    """

    rate: Array
    mid_year: bool

    @classmethod
    def of(cls, study: Study, draws: Draws) -> Terms:
        """Terms of a study on the paths of a range."""
        mid_year = study.finance is not None and study.finance.timing == "mid_year"
        return cls(draws("study.discount_rate_real"), mid_year)

    def npv(self, flows: Array) -> Array:
        """(n_paths, ...) net present value of real flows (n_paths, ..., n_years + 1)."""
        return finance.net_present_value(flows, self._beside(flows), self.mid_year)

    def _beside(self, flows: Array) -> Array:
        return self.rate.reshape(-1, *[1] * (flows.ndim - 2))


def measure_columns(study: Study, result: RangeResult, ledger: Array, terms: Terms) -> dict[str, NDArray[Any]]:
    """Columns of paths.parquet, (n_paths, n_strategies).

    - `lcoe_eur_per_mwh`: `LCOE_LINES` over the energy the cluster and its plant consume.
    - `lcos_eur_per_mwh`: cost of storage, and of what it charges, over the energy it gives, gross: all that is
      discharged, whatever was charged for it. What it charges counts at the year's mean cost of imported energy, fees
      and taxes included, whether it came from the grid or from PV: an upper value where it charges in cheap hours.
      `lcos_without_charging_eur_per_mwh`: the same without it. NaN without storage.
    - `dscr_minimum`: least cover of debt service over the years with a payment; NaN without debt.
    - `cluster_return_on_investment`: NPV over the present value of all that is bought, cluster and power.
    """
    rate, annual = terms.rate[:, None], result.annual
    with np.errstate(invalid="ignore"):
        least = np.fmin.reduce(cover_ratios(ledger), axis=-1)
    spent = -terms.npv(sum_of(ledger, (*CLUSTER_INVESTMENT_LINES, *INVESTMENT_LINES)))
    npv = terms.npv(sum_of(ledger, range(N_LINES)))
    return {
        "lcoe_eur_per_mwh": finance.levelised_cost(
            -sum_of(ledger, LCOE_LINES), _by_year(consumed_kwh(annual) / KWH_PER_MWH), rate, terms.mid_year
        ),
        **_lcos(study, result, ledger, terms),
        "dscr_minimum": least,
        "cluster_return_on_investment": np.divide(npv, spent, out=np.full_like(npv, np.nan), where=spent > 0.0),
    }


def consumed_kwh(annual: Array) -> Array:
    """(n_paths, n_strategies, n_years) used at the site: import, PV and gensets less export and storage losses."""
    q = Quantity
    stored = annual[..., q.CHARGE_KWH] - annual[..., q.DISCHARGE_KWH]
    return (
        annual[..., q.IMPORT_KWH]
        + annual[..., q.PV_KWH]
        + annual[..., q.GENSET_KWH]
        - annual[..., q.EXPORT_KWH]
        - stored
    )


def _lcos(study: Study, result: RangeResult, ledger: Array, terms: Terms) -> dict[str, Array]:
    costs = -sum_of(ledger, LCOS_LINES)
    draws = Draws(study, result)
    for k, name in enumerate(result.strategy_names):
        storage = study.strategies[name].storage
        if storage is not None:
            path = f"strategies.{name}.storage"
            costs[:, k, 1:] += storage_service_eur(path, storage, draws, result.annual[:, k])
    given = _by_year(result.annual[..., Quantity.DISCHARGE_KWH] / KWH_PER_MWH)
    imported, charged = (_by_year(result.annual[..., q]) for q in (Quantity.IMPORT_KWH, Quantity.CHARGE_KWH))
    bought = -sum_of(ledger, (Line.ENERGY_PURCHASE, Line.ENERGY_FEES, Line.ENERGY_TAX))
    charging = charged * np.divide(bought, imported, out=np.zeros_like(bought), where=imported > 0.0)
    how = (given, terms.rate[:, None], terms.mid_year)
    return {
        "lcos_eur_per_mwh": finance.levelised_cost(costs + charging, *how),
        "lcos_without_charging_eur_per_mwh": finance.levelised_cost(costs, *how),
    }


def _by_year(values: Array) -> Array:
    """With an empty year 0 before."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), values], axis=-1)

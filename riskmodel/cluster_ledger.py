"""Lines of the ledger for the cluster's own life: bought, renewed, staffed, insured, sold; and what it may gain."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.assets import CLUSTER_ASSETS, FIRST_PRICE_LINES, POWER_ASSETS
from riskmodel.drawn_values import Array, Draws, powers, sum_of
from riskmodel.ledger_lines import Line
from riskmodel.quantities import Quantity

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = ["refresh_years", "write_cluster", "write_end_of_life", "write_opportunity", "write_premium"]

MONTHS_PER_YEAR = 12.0
PLANT = (
    (Line.COOLING_CAPEX, "cooling_capex_eur_per_kw"),
    (Line.BUILDING_CAPEX, "building_capex_eur_per_kw"),
    (Line.POWER_PLANT_CAPEX, "power_plant_capex_eur_per_kw"),
)


def refresh_years(study: Study) -> list[int]:
    """Years at whose end the cluster is renewed; never at the horizon, when it would earn nothing any more."""
    step = study.cluster.refresh_years
    return list(range(step, study.header.years, step)) if step > 0 else []


def write_cluster(study: Study, draws: Draws, book: Array) -> None:
    """Servers and network as they are installed, plant at the decision, refreshes, people and service.

    Parameters
    ----------
    book : (n_paths, n_years + 1, N_LINES) float64
        Of one strategy; changed in place.
    """
    capex = study.cluster.gpus * draws("cluster.capex_eur_per_gpu")
    shares = study.cluster.installed_share_by_year[: study.header.years]
    for year, (before, share) in enumerate(itertools.pairwise([0.0, *shares])):
        book[:, year, Line.CLUSTER_CAPEX] = -capex * (share - before)
    price = capex * draws("cluster.refresh_cost_share")
    for year in refresh_years(study):
        share = shares[min(year, len(shares)) - 1]
        book[:, year, Line.CLUSTER_REFRESH] = -price * share
        if study.cluster.costs is not None:
            growth = 1.0 + draws("cluster.costs.refresh_price_growth_real_per_year")
            price = price * powers(growth, study.cluster.refresh_years + 1)[:, -1]
    if study.cluster.costs is not None:
        _write_costs(study, draws, book)


def _write_costs(study: Study, draws: Draws, book: Array) -> None:
    network = study.cluster.gpus * draws("cluster.costs.network_capex_eur_per_gpu")
    shares = study.cluster.installed_share_by_year[: study.header.years]
    for year, (before, share) in enumerate(itertools.pairwise([0.0, *shares])):
        book[:, year, Line.NETWORK_CAPEX] = -network * (share - before)
    for line, field in PLANT:
        book[:, 0, line] = -study.rated_load_kw() * draws(f"cluster.costs.{field}")
    book[:, 1:, Line.STAFF] = -draws("cluster.costs.staff_eur_per_year")[:, None]
    book[:, 1:, Line.NETWORK_SERVICE] = -draws("cluster.costs.network_service_eur_per_year")[:, None]
    service = draws("cluster.costs.maintenance_share_of_capex_per_year")[:, None]
    book[:, 1:, Line.CLUSTER_MAINTENANCE] = -_standing(book, CLUSTER_ASSETS)[:, :-1] * service


def _standing(book: Array, assets: tuple[str, ...]) -> Array:
    """(n_paths, n_years + 1) first price of all assets bought up to each year."""
    paid = np.zeros(book.shape[:2])
    for asset in assets:
        paid -= sum_of(book, FIRST_PRICE_LINES[asset])
    return np.add.accumulate(paid, axis=1)


def write_premium(study: Study, draws: Draws, book: Array) -> None:
    """Insurance premium on everything that stands, paid from the year after it is bought."""
    if study.cluster.costs is None:
        return
    share = draws("cluster.costs.insurance_premium_share_of_capex_per_year")[:, None]
    book[:, 1:, Line.INSURANCE_PREMIUM] = -_standing(book, CLUSTER_ASSETS + POWER_ASSETS)[:, :-1] * share


def write_opportunity(study: Study, name: str, draws: Draws, book: Array, year: Array) -> None:
    """Utilisation gained, and an earlier release than with the baseline, paid in the year in which power comes.

    Parameters
    ----------
    name : str
        Strategy.
    year : (n_paths, n_years, N_QUANTITIES) float64
    """
    if study.strategies[name].opportunity is None:
        return
    path = f"strategies.{name}"
    occupancy = draws("cluster.occupancy")
    gain = np.minimum(draws(f"{path}.opportunity.utilisation_gain"), 1.0 - occupancy)
    value = draws("cluster.gpu_hour_value_eur") * gain
    growth = 1.0 + draws("cluster.gpu_hour_value_growth_real_per_year")
    for k in range(year.shape[1]):
        book[:, k + 1, Line.UTILISATION_GAIN] = year[:, k, Quantity.POWERED_GPU_HOURS] * value
        value = value * growth
    months = draws(f"{path}.connection.time_to_power_months")
    earlier = draws(f"strategies.{study.header.baseline}.connection.time_to_power_months") - months
    worth = earlier * draws(f"{path}.opportunity.earlier_release_eur_per_month")
    when = np.clip(np.ceil(months / MONTHS_PER_YEAR), 1.0, year.shape[1])
    book[:, 1:, Line.EARLIER_RELEASE] = (when[:, None] == np.arange(1, year.shape[1] + 1)) * worth[:, None]


def write_end_of_life(study: Study, draws: Draws, book: Array) -> None:
    """What the assets bring at the end of the last year, and what their removal costs, over their first price."""
    if study.finance is None or study.finance.end_of_life is None:
        return
    for asset in CLUSTER_ASSETS:
        book[:, -1, Line.CLUSTER_SALVAGE] += _share(draws, book, asset, f"salvage_{asset}")
        book[:, -1, Line.CLUSTER_DECOMMISSIONING] -= _share(draws, book, asset, "decommissioning_cluster")
    for asset in POWER_ASSETS:
        book[:, -1, Line.SALVAGE] += _share(draws, book, asset, f"salvage_{asset}")
        book[:, -1, Line.DECOMMISSIONING] -= _share(draws, book, asset, f"decommissioning_{asset}")


def _share(draws: Draws, book: Array, asset: str, field: str) -> Array:
    return _standing(book, (asset,))[:, -1] * draws(f"finance.end_of_life.{field}")

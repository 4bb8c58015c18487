"""What the cluster costs beside its servers: plant, building, people, service, insurance."""

from riskmodel.study.fields import Q, Section, quantity

__all__ = ["ClusterCosts"]

WITHIN = "0: within capex_eur_per_gpu or the rent of a GPU-hour, or not counted"


def _capex(what: str, unit: str, example: float) -> Q:
    return quantity(what, unit, example, low=0.0, high=1e7, default=0.0, source=WITHIN)


class ClusterCosts(Section):
    """The [cluster.costs] table: the same for every strategy. Per kW is of rated load at the meter."""

    network_capex_eur_per_gpu: Q = _capex("Network of the cluster", "EUR/GPU", 4000)
    cooling_capex_eur_per_kw: Q = _capex("Cooling plant", "EUR/kW", 1500)
    building_capex_eur_per_kw: Q = _capex("Building, or the cluster's share of one", "EUR/kW", 2500)
    power_plant_capex_eur_per_kw: Q = _capex("Power distribution inside, the same for every strategy", "EUR/kW", 1500)
    refresh_price_growth_real_per_year: Q = quantity(
        "Real yearly growth of the price of a refresh after the first one; refresh_cost_share is that of the first",
        "per year", -0.05, low=-0.5, high=0.5, default=0.0, source="0: every refresh costs the same",
    )  # fmt: skip
    staff_eur_per_year: Q = quantity(
        "People who run the cluster", "EUR/year", 2e6, low=0.0, high=1e10, default=0.0, source=WITHIN
    )
    network_service_eur_per_year: Q = quantity(
        "Lines to the outside, and their service", "EUR/year", 5e5, low=0.0, high=1e10, default=0.0, source=WITHIN
    )
    maintenance_share_of_capex_per_year: Q = quantity(
        "Service of servers, network, cooling, building and power plant over their first price", "per year", 0.05,
        low=0.0, high=1.0, default=0.0, source=WITHIN,
    )  # fmt: skip
    insurance_premium_share_of_capex_per_year: Q = quantity(
        "Premium over the first price of all cluster and power assets", "per year", 0.003, low=0.0, high=1.0,
        default=0.0, source="0: nothing is insured; claims paid are not counted either",
    )  # fmt: skip

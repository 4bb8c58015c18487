"""Which part of the world an uncertain input speaks of: market, weather, outages, equipment, cost, value and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = ["CHANCE", "GROUPS", "group_of", "tied_names"]

GROUPS = {
    "market": "prices, fees and what is paid for flexibility",
    "weather": "sunshine and temperature",
    "outages": "how often and how long the grid fails",
    "equipment": "load, ageing, failures and fires",
    "cost": "what is bought, serviced and replaced",
    "value": "what a GPU-hour earns, and how many are sold",
    "power date": "months until the connection",
    "other": "anything else",
}
CHANCE = "chance"
"""What no input decides: which hours, storms and failures come."""

VALUE = ("gpu_hour", "occupancy", "reputation", "programme_delay", "utilisation", "release")
MARKET = (
    "prices.", "price_level", "energy_fee", "export_fee", "demand_charge", "demand_response", "tariff", "inflation",
    "discount_rate", "subsidy", "tax",
)  # fmt: skip
COST = (
    "capex", "maintenance", "_cost", "fuel", "clean_up", "price_growth", "part_", "visit_", "repair_", "staff",
    "insurance", "network_", "salvage", "decommissioning", "opex", "_eur", "_usd", "_cny",
)  # fmt: skip
EQUIPMENT = (
    "cells.", "ageing", "failure", "fire", "power_usage_effectiveness", "load_factor", "damaged", "restart",
    "checkpoint", "availability", "interrupt",
)  # fmt: skip
ORDER = (
    ("power date", ("time_to_power", "delay_months")),
    ("outages", ("outages.", "outage_rate")),
    ("weather", ("irradiance.", "temperature")),
    ("market", MARKET),
    ("value", VALUE),
    ("cost", COST),
    ("equipment", EQUIPMENT),
)


def group_of(name: str) -> str:
    """Group of an input by the name of its stream, e.g. `storage.capex_eur_per_kwh` or `prices.slow_phi`."""
    return next((group for group, parts in ORDER if any(part in name for part in parts)), "other")


def tied_names(study: Study) -> list[frozenset[str]]:
    """Sets of inputs that are drawn together, so that one of them tells something of the others.

    The names of the study's correlation that are not 0 with each other (all of them under the t copula), and the fitted
    parameters of a record that states their correlation.
    """
    import numpy as np

    from distributions import parameters

    sets: list[frozenset[str]] = []
    found = study.correlation
    if found is not None:
        matrix = np.asarray(found.repair().matrix)
        for k, name in enumerate(found.names):
            near = {name, *(other for j, other in enumerate(found.names) if matrix[k, j] != 0.0)}
            sets.append(frozenset(found.names) if found.copula == "t" else frozenset(near))
    for kind, record in study.record_names().items():
        stated = parameters.load(kind, record).get("uncertainty", {}) if study.site.parameter_uncertainty else {}
        if "correlation" in stated:
            sets.append(frozenset(f"{kind}.{name}" for name in stated["names"]))
    return _joined(sets)


def _joined(sets: list[frozenset[str]]) -> list[frozenset[str]]:
    """Sets that share a name made one."""
    out: list[frozenset[str]] = []
    for one in sets:
        apart = [other for other in out if not other & one]
        out = [*apart, one.union(*(other for other in out if other & one))]
    return [one for one in out if len(one) > 1]

"""Rules between a storage and what is said of its failures, its fires and its demand response contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from distributions.clock import HOURS_PER_YEAR, KW_PER_MW

if TYPE_CHECKING:
    from riskmodel.study.availability import Availability
    from riskmodel.study.demand_response import DemandResponse
    from riskmodel.study.fire import Fire
    from riskmodel.study.strategy import Storage

__all__ = ["availability_rules", "demand_response_rules", "fire_rules"]

Found = Iterator[tuple[str, Any, str]]
"""(field path, value, message)"""


def availability_rules(path: str, availability: Availability) -> Found:
    """Problems of `path`.availability, e.g. of `strategies.string_storage.storage`."""
    for kind in ("converter", "battery"):
        per_year, repair_h = (getattr(availability, f"{kind}_{name}") for name in ("failures_per_year", "repair_h"))
        if per_year * repair_h > HOURS_PER_YEAR:
            text = (
                f"with {kind}_repair_h = {repair_h:g} a cabinet stands more than it works; type at most "
                f"{HOURS_PER_YEAR / repair_h:.3g}, or a shorter repair"
            )
            yield f"{path}.availability.{kind}_failures_per_year", per_year, text


def fire_rules(path: str, storage: Storage, fire: Fire) -> Found:
    """Problems of `path`.fire."""
    if fire.fire_area_kwh < storage.cabinet_energy_kwh:
        text = (
            f"must hold one cabinet of cabinet_energy_kwh = {storage.cabinet_energy_kwh:g} kWh; type at least "
            f"{storage.cabinet_energy_kwh:g} for a wall around each"
        )
        yield f"{path}.fire.fire_area_kwh", fire.fire_area_kwh, text


def demand_response_rules(path: str, storage: Storage, contract: DemandResponse) -> Found:
    """Problems of `path`.demand_response."""
    room = 1.0 - storage.reserve_share
    if contract.energy_share > room:
        text = f"must leave reserve_share = {storage.reserve_share:g} for outages; type at most {room:.3g}"
        yield f"{path}.demand_response.energy_share", contract.energy_share, text
    power_mw = storage.cabinets * storage.cabinet_power_kw / KW_PER_MW
    if contract.required_mw > power_mw:
        text = f"more than all {storage.cabinets} cabinets give; type at most {power_mw:.4g} MW"
        yield f"{path}.demand_response.required_mw", contract.required_mw, text

"""Kinds of assets: which lines of the ledger buy each, for depreciation, subsidy and what is left at the end."""

from __future__ import annotations

from riskmodel.ledger_lines import Line

__all__ = ["ASSET_LINES", "CLUSTER_ASSETS", "FIRST_PRICE_LINES", "POWER_ASSETS"]

ASSET_LINES: dict[str, tuple[Line, ...]] = {
    "servers": (Line.CLUSTER_CAPEX, Line.CLUSTER_REFRESH),
    "network": (Line.NETWORK_CAPEX,),
    "cooling": (Line.COOLING_CAPEX,),
    "building": (Line.BUILDING_CAPEX,),
    "power_plant": (Line.POWER_PLANT_CAPEX,),
    "connection": (Line.CONNECTION_CAPEX,),
    "ups": (Line.UPS_CAPEX,),
    "gensets": (Line.GENSET_CAPEX,),
    "storage": (Line.STORAGE_CAPEX, Line.STORAGE_REPLACEMENT, Line.STORAGE_EXPANSION),
    "pv": (Line.PV_CAPEX,),
}
"""Everything that is bought, by kind of asset; every line of investment stands under exactly one."""

FIRST_PRICE_LINES: dict[str, tuple[Line, ...]] = {
    name: tuple(line for line in lines if line not in (Line.CLUSTER_REFRESH, Line.STORAGE_REPLACEMENT))
    for name, lines in ASSET_LINES.items()
}
"""The same without renewals: what the assets that stand at the end cost when they were first bought."""

CLUSTER_ASSETS = ("servers", "network", "cooling", "building", "power_plant")
POWER_ASSETS = ("connection", "ups", "gensets", "storage", "pv")

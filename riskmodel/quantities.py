"""Names of what the engine writes: the columns of the yearly array and the outcome codes of an event."""

from __future__ import annotations

from enum import IntEnum


class Quantity(IntEnum):
    """Index of the last axis of `RangeResult.annual`. Units end the names; the order is part of the format."""

    ENERGY_COST_EUR = 0
    """Imported energy at the market price, before fees [EUR]."""
    EXPORT_INCOME_EUR = 1
    """Exported energy at the market price, before fees [EUR]."""
    IMPORT_KWH = 2
    EXPORT_KWH = 3
    PV_KWH = 4
    CHARGE_KWH = 5
    DISCHARGE_KWH = 6
    ARBITRAGE_EUR = 7
    """Value of discharged energy minus cost of charged energy; wear is not included [EUR]."""
    PEAK_IMPORT_KW = 8
    """Mean of the twelve monthly peaks of the import [kW]."""
    GENSET_KWH = 9
    CAPACITY_LEFT = 10
    """Storage capacity at the end of the year as a share of new; NaN without storage."""
    REPLACED = 11
    """Cabinets whose cells were replaced at the end of the year, as a share of the first ones."""
    POTENTIAL_GPU_HOURS = 12
    """All GPUs for the whole year [GPU-h]."""
    POWERED_GPU_HOURS = 13
    """Potential GPU-hours times the share of the year with power connected, before losses [GPU-h]."""
    LOST_REWORK_GPU_HOURS = 14
    LOST_WAITING_GPU_HOURS = 15
    LOST_RESTART_GPU_HOURS = 16
    LOST_CAPPED_GPU_HOURS = 17
    LOST_HARDWARE_GPU_HOURS = 18
    DAMAGED_SERVERS = 19
    INTERRUPTIONS = 20
    """Events that reached the site and would trip an unprotected cluster."""
    ABRUPT_STOPS = 21
    ORDERLY_STOPS = 22
    CABINETS_ADDED = 23
    """Cabinets added at the end of the year, by plan or because usable energy fell below the need."""
    CONVERTER_PARTS = 24
    """Converter parts used in failures and planned swaps; this and the next five are 0 without simulated failures."""
    BATTERY_PARTS = 25
    SERVICE_VISITS = 26
    """Visits of a crew for repairs, swaps, false alarms and failed groups."""
    DOWN_CABINET_DAYS = 27
    """Cabinets that could not run, summed over the days."""
    FIRES = 28
    BURNED_CABINETS = 29
    CALLS = 30
    """Calls for demand response; this and the next three are 0 without a contract."""
    CALL_READY_DAYS = 31
    CALL_REQUIRED_KWH = 32
    CALL_DELIVERED_KWH = 33
    EXCESS_IMPORT_KW = 34
    """Mean over the months of the peak import above the contracted capacity [kW]; 0 without such a contract."""
    SERVICE_CREDIT_GPU_HOURS = 35
    """GPU-hours of inference whose income is given back for months of low availability [GPU-h]."""
    DELAY_DAYS = 36
    """Days by which training is delayed: rework, waiting, restart and reduced work of its GPUs [days]."""


N_QUANTITIES = len(Quantity)
"""Length of the last axis of `RangeResult.annual`."""


class Outcome(IntEnum):
    """What one event did to the cluster of one strategy."""

    UNAFFECTED = 0
    RODE_THROUGH = 1
    CAPPED = 2
    ORDERLY_STOP = 3
    ABRUPT_STOP = 4
    ALREADY_DOWN = 5


CAUSES = ("sag", "momentary", "sustained", "extreme", "curtailment")
"""Outage families in the order of the `cause` code of an event."""

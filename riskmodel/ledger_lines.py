"""Names of the lines of the ledger, and the groups in which they are added up."""

from __future__ import annotations

from enum import IntEnum

from riskmodel.quantities import Quantity


class Line(IntEnum):
    """Index of the last axis of the ledger; every line is in the study's money, cash in positive."""

    CLUSTER_CAPEX = 0
    """GPU servers and what the study counts with them."""
    CLUSTER_REFRESH = 1
    CONNECTION_CAPEX = 2
    UPS_CAPEX = 3
    GENSET_CAPEX = 4
    STORAGE_CAPEX = 5
    STORAGE_REPLACEMENT = 6
    PV_CAPEX = 7
    MAINTENANCE = 8
    """Service of the power assets."""
    ENERGY_PURCHASE = 9
    ENERGY_FEES = 10
    DEMAND_CHARGE = 11
    ENERGY_EXPORT = 12
    FUEL = 13
    COMPUTE_INCOME = 14
    """All GPU-hours of the year times occupancy times value: what it would be with power from day one and no losses."""
    WAITING_FOR_POWER = 15
    """Minus what the GPU-hours without a connection would have earned."""
    DOWNTIME_REWORK = 16
    DOWNTIME_WAITING = 17
    DOWNTIME_RESTART = 18
    DOWNTIME_CAPPED = 19
    DOWNTIME_HARDWARE = 20
    """Lost GPU-hours of damaged servers and their repair."""
    STORAGE_EXPANSION = 21
    """Cabinets added later, by plan or because usable energy fell below the need."""
    STORAGE_REPAIR = 22
    """Parts and visits for failed cabinets, where the maintenance share does not pay for them."""
    STORAGE_FIRE = 23
    """Burned cabinets and cleaning up, before any insurance."""
    DEMAND_AVAILABILITY = 24
    """Paid for being ready for demand response."""
    DEMAND_ENERGY = 25
    DEMAND_PENALTY = 26
    SERVICE_CREDITS = 27
    """Income of inference given back for months of low availability."""
    REPUTATION = 28
    """Being seen to stop, by the stop."""
    PROGRAMME_DELAY = 29
    """Delay of what is trained, beyond the GPU-hours."""
    NETWORK_CAPEX = 30
    """Network of the cluster, where it is not within the price of the servers; this and the next three."""
    COOLING_CAPEX = 31
    BUILDING_CAPEX = 32
    POWER_PLANT_CAPEX = 33
    """Power distribution inside the building, the same for every strategy."""
    STAFF = 34
    NETWORK_SERVICE = 35
    CLUSTER_MAINTENANCE = 36
    INSURANCE_PREMIUM = 37
    ENERGY_TAX = 38
    """Taxes on imported energy, where they are not within the fees."""
    UTILISATION_GAIN = 39
    """Opportunity: more of the powered GPU-hours sold or used; 0 unless the study gives it with a source."""
    EARLIER_RELEASE = 40
    """Opportunity: what is made here comes out earlier than with the baseline; 0 unless the study gives it."""
    GPUS_BOUGHT_LATER = 41
    """Takes the value of earlier power off, where the GPUs are bought when there is power."""
    SALVAGE = 42
    """Value of the power assets at the end."""
    DECOMMISSIONING = 43
    """Taking the power assets away at the end."""
    CLUSTER_SALVAGE = 44
    CLUSTER_DECOMMISSIONING = 45
    GRANT = 46
    TAX_CREDIT = 47
    TAX = 48
    DEBT_DRAWN = 49
    DEBT_INTEREST = 50
    DEBT_PRINCIPAL = 51


N_LINES = len(Line)

INVESTMENT_LINES = (
    Line.CONNECTION_CAPEX,
    Line.UPS_CAPEX,
    Line.GENSET_CAPEX,
    Line.STORAGE_CAPEX,
    Line.STORAGE_REPLACEMENT,
    Line.PV_CAPEX,
    Line.STORAGE_EXPANSION,
)
"""What a strategy spends on its own assets: the outlay of its stand-alone benefit flow."""

OWN_LINES = (*INVESTMENT_LINES, Line.SALVAGE, Line.DECOMMISSIONING, Line.GRANT, Line.TAX_CREDIT)
"""What a strategy's own assets cost and leave, subsidy taken off: never compared with the baseline's stand-alone."""

CLUSTER_INVESTMENT_LINES = (
    Line.CLUSTER_CAPEX,
    Line.CLUSTER_REFRESH,
    Line.NETWORK_CAPEX,
    Line.COOLING_CAPEX,
    Line.BUILDING_CAPEX,
    Line.POWER_PLANT_CAPEX,
)
"""What the cluster itself costs, the same for every strategy."""

ENERGY_LINES = (
    Line.ENERGY_PURCHASE,
    Line.ENERGY_FEES,
    Line.DEMAND_CHARGE,
    Line.ENERGY_EXPORT,
    Line.FUEL,
    Line.ENERGY_TAX,
)
"""Cost of energy: purchases, fees, demand charge, fuel and taxes, less export income."""

DOWNTIME_LINES = (
    Line.DOWNTIME_REWORK,
    Line.DOWNTIME_WAITING,
    Line.DOWNTIME_RESTART,
    Line.DOWNTIME_CAPPED,
    Line.DOWNTIME_HARDWARE,
    Line.SERVICE_CREDITS,
    Line.REPUTATION,
    Line.PROGRAMME_DELAY,
)
"""Losses by power events; the first five are of lost GPU-hours, in the order of `LOST_QUANTITIES`."""

DEMAND_LINES = (Line.DEMAND_AVAILABILITY, Line.DEMAND_ENERGY, Line.DEMAND_PENALTY)
"""Money of demand response, in the order of `riskmodel.demand_response.demand_response_eur`."""

DEBT_LINES = (Line.DEBT_DRAWN, Line.DEBT_INTEREST, Line.DEBT_PRINCIPAL)

FINANCING_LINES = (Line.GRANT, Line.TAX_CREDIT, Line.TAX, *DEBT_LINES)
"""Lines that follow from the other ones by subsidy, tax and debt."""

LOST_QUANTITIES = (
    Quantity.LOST_REWORK_GPU_HOURS,
    Quantity.LOST_WAITING_GPU_HOURS,
    Quantity.LOST_RESTART_GPU_HOURS,
    Quantity.LOST_CAPPED_GPU_HOURS,
    Quantity.LOST_HARDWARE_GPU_HOURS,
)
"""Lost GPU-hours by cause."""

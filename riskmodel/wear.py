"""What a MWh from the cells costs in wear, from the ageing laws: the price that dispatch sets against trading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distributions.cells import LAWS
from distributions.cells.codes import CellCode
from distributions.clock import DAYS_PER_YEAR, KWH_PER_MWH
from riskmodel.ageing import capacity_after, cycling_duty, storage_duty
from riskmodel.ageing_choice import law_weights

if TYPE_CHECKING:
    from riskmodel.study.strategy import Storage

__all__ = ["capacity_lost_per_cycle", "wear_eur_per_mwh"]

YEARS = 10.0
DEPTH = 0.8
MIDDLE = 0.5


def capacity_lost_per_cycle(law: str, temperature_c: float, c_rate: float) -> float:
    """Capacity that a full cycle costs beyond what rest would [share of new].

    Ten years of one cycle a day of depth 0.8 around half charge, less ten years of rest at half charge, over the full
    cycles. Calendar ageing is left out: it comes whether one trades or not.

    Parameters
    ----------
    law : str, of `distributions.cells.LAWS`
    temperature_c, c_rate : float [C], [1/h]
    """
    days = YEARS * DAYS_PER_YEAR
    used = cycling_duty(temperature_c, MIDDLE - DEPTH / 2.0, MIDDLE + DEPTH / 2.0, c_rate, 1.0)
    rest = capacity_after(LAWS[law], storage_duty(temperature_c, MIDDLE), days)
    lost = rest - capacity_after(LAWS[law], used, days)
    return max(lost, 0.0) / (days * used.cycles_per_day)


def wear_eur_per_mwh(storage: Storage, temperature_c: float) -> float:
    """Wear of a MWh taken out of the cells [EUR/MWh], at the mean over the laws a path may draw.

    The cells are worth their replacement until the end of their life, so a share of capacity costs that price over
    the share that may be lost.
    """
    c_rate = storage.cabinet_power_kw / storage.cabinet_energy_kwh
    weights = law_weights(storage.ageing_law)
    per_cycle = sum(
        weights[code] * capacity_lost_per_cycle(code.name.lower(), temperature_c, c_rate)
        for code in CellCode
        if weights[code] > 0.0
    )
    factor = storage.ageing_rate_factor.mean()
    price = storage.capex_eur_per_kwh.mean() * storage.replacement_cost_share.mean()
    return float(price * KWH_PER_MWH * factor * per_cycle / (1.0 - storage.end_of_life_capacity))

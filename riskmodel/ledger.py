"""Money by path, strategy, year and line. Cash in is positive; year 0 is the decision, year y the end of year y.

Only elementwise float64 arithmetic and sums in a fixed order: a path's ledger is the same bits in any range.
All money is real, in the study's price year; `_eur` in a name stands for the study's own currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distributions.clock import KW_PER_MW, KWH_PER_MWH
from riskmodel.cluster_ledger import refresh_years, write_cluster, write_end_of_life, write_opportunity, write_premium
from riskmodel.demand_response import demand_response_eur
from riskmodel.drawn_values import Array, Draws, growing, sum_of
from riskmodel.early_power import early_power
from riskmodel.financing import is_financed, write_financing
from riskmodel.fire import fire_loss_eur
from riskmodel.ledger_lines import (
    CLUSTER_INVESTMENT_LINES,
    DEBT_LINES,
    DEMAND_LINES,
    DOWNTIME_LINES,
    ENERGY_LINES,
    FINANCING_LINES,
    INVESTMENT_LINES,
    LOST_QUANTITIES,
    N_LINES,
    OWN_LINES,
    Line,
)
from riskmodel.quantities import Quantity

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Storage, Strategy, Study
    from riskmodel.study.demand_response import DemandResponse

__all__ = [
    "CLUSTER_INVESTMENT_LINES",
    "DEBT_LINES",
    "DEMAND_LINES",
    "DOWNTIME_LINES",
    "ENERGY_LINES",
    "FINANCING_LINES",
    "INVESTMENT_LINES",
    "LOST_QUANTITIES",
    "N_LINES",
    "OWN_LINES",
    "Array",
    "Draws",
    "Line",
    "build_ledger",
    "gpu_hour_value_eur",
    "refresh_years",
    "storage_service_eur",
    "sum_of",
    "with_early_power",
]


def gpu_hour_value_eur(study: Study, draws: Draws) -> Array:
    """Value of one potential GPU-hour, occupancy included.

    Returns
    -------
    (n_paths, n_years) float64 [EUR per GPU-hour]
        gpu_hour_value_eur * occupancy * (1 + growth)^(year - 1).
    """
    value = draws("cluster.gpu_hour_value_eur") * draws("cluster.occupancy")
    growth = 1.0 + draws("cluster.gpu_hour_value_growth_real_per_year")
    by_year = np.empty((value.size, study.header.years))
    for year in range(study.header.years):
        by_year[:, year] = value
        value = value * growth
    return by_year


def build_ledger(study: Study, result: RangeResult) -> Array:
    """Ledger of every path and strategy of a range.

    Parameters
    ----------
    study : Study
        Its strategies in the order of `result.strategy_names`.
    result : RangeResult
        Yearly quantities and drawn values.

    Returns
    -------
    (n_paths, n_strategies, n_years + 1, N_LINES) float64 [EUR]
        Indexed by `Line`; cash in positive.
    """
    n_paths, n_strategies, n_years, _ = result.annual.shape
    ledger = np.zeros((n_paths, n_strategies, n_years + 1, N_LINES))
    draws = Draws(study, result)
    value = gpu_hour_value_eur(study, draws)
    for index, name in enumerate(result.strategy_names):
        book, year = ledger[:, index], result.annual[:, index]
        write_cluster(study, draws, book)
        _write_assets(f"strategies.{name}", study.strategies[name], draws, book, year)
        _write_energy(study, f"strategies.{name}", draws, book, year)
        _write_compute(draws, book, year, value)
        write_opportunity(study, name, draws, book, year)
        write_premium(study, draws, book)
        write_end_of_life(study, draws, book)
    ledger += 0.0  # -0.0 becomes 0.0, so an absent asset costs exactly nothing in print too
    if study.cluster.gpus_without_power == "bought_later":
        ledger[..., Line.GPUS_BOUGHT_LATER] = -early_power(result, ledger, _base(study, result))
    write_financing(study, draws, ledger)
    return ledger


def _base(study: Study, result: RangeResult) -> int:
    return result.strategy_names.index(study.header.baseline)


def with_early_power(study: Study, result: RangeResult, ledger: Array) -> Array:
    """What earlier power is worth by year, after tax and debt: with GPUs that wait less with GPUs bought later.

    Returns
    -------
    (n_paths, n_strategies, n_years + 1) float64 [real money]
        Whichever the study counts; see `riskmodel.early_power`.
    """
    early = early_power(result, ledger, _base(study, result))
    if not is_financed(study):
        return early
    draws, totals = Draws(study, result), []
    for taken_off in (0.0, -1.0):
        other = ledger.copy()
        other[..., Line.GPUS_BOUGHT_LATER] = early * taken_off
        write_financing(study, draws, other)
        totals.append(sum_of(other, range(N_LINES)))
    return totals[0] - totals[1]


def _write_assets(path: str, strategy: Strategy, draws: Draws, book: Array, year: Array) -> None:
    maintenance = np.zeros(book.shape[0])
    book[:, 0, Line.CONNECTION_CAPEX] = -draws(f"{path}.connection.capex_eur")
    if strategy.ups is not None:
        power_kw = strategy.ups.power_mw * KW_PER_MW
        book[:, 0, Line.UPS_CAPEX] = -power_kw * draws(f"{path}.ups.capex_eur_per_kw")
        maintenance += power_kw * draws(f"{path}.ups.maintenance_eur_per_kw_year")
    if strategy.gensets is not None:
        power_kw = strategy.gensets.units * strategy.gensets.unit_power_kw
        book[:, 0, Line.GENSET_CAPEX] = -power_kw * draws(f"{path}.gensets.capex_eur_per_kw")
        maintenance += power_kw * draws(f"{path}.gensets.maintenance_eur_per_kw_year")
    book[:, 1:, Line.MAINTENANCE] = -maintenance[:, None]
    if strategy.storage is not None:
        _write_storage(f"{path}.storage", strategy.storage, draws, book, year)
    if strategy.pv is not None:
        power_kwp = strategy.pv.power_mwp * KW_PER_MW
        book[:, 0, Line.PV_CAPEX] = -power_kwp * draws(f"{path}.pv.capex_eur_per_kwp")
        book[:, 1:, Line.MAINTENANCE] -= (power_kwp * draws(f"{path}.pv.maintenance_eur_per_kwp_year"))[:, None]


def _write_storage(path: str, storage: Storage, draws: Draws, book: Array, year: Array) -> None:
    """Cabinets: bought, added, replaced, serviced, burned; what demand response earns."""
    cabinet_eur = storage.cabinet_energy_kwh * draws(f"{path}.capex_eur_per_kwh")
    capex = storage.cabinets * cabinet_eur
    book[:, 0, Line.STORAGE_CAPEX] = -capex
    price = capex * draws(f"{path}.replacement_cost_share")
    # No replacement is bought at the horizon itself: it would be paid for and never used.
    book[:, 1:-1, Line.STORAGE_REPLACEMENT] = -price[:, None] * year[:, :-1, Quantity.REPLACED]
    # A cabinet is paid at the end of the year before it works, at that year's price.
    later = growing(cabinet_eur, draws(f"{path}.price_growth_real_per_year"), year.shape[1])
    added = year[..., Quantity.CABINETS_ADDED]
    book[:, 1:, Line.STORAGE_EXPANSION] = -added * later
    book[:, 1:, Line.MAINTENANCE] -= storage_service_eur(path, storage, draws, year)
    _write_incidents(path, storage, draws, book, year, later)
    if storage.demand_response is not None:
        _write_calls(f"{path}.demand_response", storage.demand_response, draws, book, year)


def storage_service_eur(path: str, storage: Storage, draws: Draws, year: Array) -> Array:
    """(n_paths, n_years) cost of servicing the cabinets, within the line `MAINTENANCE`."""
    cabinet_eur = storage.cabinet_energy_kwh * draws(f"{path}.capex_eur_per_kwh")
    added = year[..., Quantity.CABINETS_ADDED]
    owned = np.ones_like(added) * storage.cabinets
    owned[:, 1:] += np.add.accumulate(added[:, :-1], axis=1)
    service = cabinet_eur * draws(f"{path}.maintenance_share_of_capex_per_year")
    return owned * service[:, None]


def _write_incidents(path: str, storage: Storage, draws: Draws, book: Array, year: Array, cabinet_eur: Array) -> None:
    """Repairs that no maintenance contract pays for, and fires."""
    if storage.availability is not None and not storage.availability.repairs_in_maintenance:
        for quantity, price in (
            (Quantity.CONVERTER_PARTS, "converter_part_eur"),
            (Quantity.BATTERY_PARTS, "battery_part_eur"),
            (Quantity.SERVICE_VISITS, "visit_eur"),
        ):
            each = draws(f"{path}.availability.{price}")[:, None]
            book[:, 1:, Line.STORAGE_REPAIR] -= year[..., quantity] * each
    if storage.fire is not None:
        counts = np.stack([year[..., Quantity.FIRES], year[..., Quantity.BURNED_CABINETS]])
        per_fire, per_cabinet = (draws(f"{path}.fire.clean_up_eur_per_{unit}")[:, None] for unit in ("fire", "cabinet"))
        replaced, cleaned = fire_loss_eur(counts, cabinet_eur, per_fire, per_cabinet)
        book[:, 1:, Line.STORAGE_FIRE] = -(replaced + cleaned)


def _write_calls(path: str, contract: DemandResponse, draws: Draws, book: Array, year: Array) -> None:
    """Availability, energy and penalties of a demand response contract."""
    ready, energy, penalty = (
        draws(f"{path}.{name}")[:, None]
        for name in ("availability_eur_per_mw_month", "energy_eur_per_mwh", "penalty_eur_per_mwh")
    )
    quantities = (
        Quantity.CALLS, Quantity.CALL_READY_DAYS, Quantity.CALL_REQUIRED_KWH, Quantity.CALL_DELIVERED_KWH,
    )  # fmt: skip
    sums = np.stack([year[..., quantity] for quantity in quantities])
    money = demand_response_eur(sums, contract.required_mw, ready, energy, penalty, contract.penalty_cap_share)
    for line, row in zip(DEMAND_LINES, money, strict=True):
        book[:, 1:, line] = row


def _write_energy(study: Study, path: str, draws: Draws, book: Array, year: Array) -> None:
    fee = draws("site.energy_fee_eur_per_mwh")[:, None]
    book[:, 1:, Line.ENERGY_PURCHASE] = -year[..., Quantity.ENERGY_COST_EUR]
    book[:, 1:, Line.ENERGY_FEES] = -year[..., Quantity.IMPORT_KWH] / KWH_PER_MWH * fee
    tax = draws("site.energy_tax_eur_per_mwh")[:, None]
    book[:, 1:, Line.ENERGY_TAX] = -year[..., Quantity.IMPORT_KWH] / KWH_PER_MWH * tax
    rate = draws("site.demand_charge_eur_per_kw_year")[:, None]
    billed_kw = year[..., Quantity.PEAK_IMPORT_KW]
    if study.site.demand_charge_basis == "contracted":
        connection = study.strategies[path.split(".")[1]].connection
        contracted_kw = (connection.contracted_mw or connection.import_limit_mw) * KW_PER_MW
        billed_kw = contracted_kw + study.site.excess_charge_factor * year[..., Quantity.EXCESS_IMPORT_KW]
    book[:, 1:, Line.DEMAND_CHARGE] = -billed_kw * rate
    export_fee = year[..., Quantity.EXPORT_KWH] / KWH_PER_MWH * study.site.export_fee_eur_per_mwh
    book[:, 1:, Line.ENERGY_EXPORT] = year[..., Quantity.EXPORT_INCOME_EUR] - export_fee
    if study.strategies[path.split(".")[1]].gensets is not None:
        book[:, 1:, Line.FUEL] = -year[..., Quantity.GENSET_KWH] * draws(f"{path}.gensets.fuel_eur_per_kwh")[:, None]


def _write_compute(draws: Draws, book: Array, year: Array, value: Array) -> None:
    repair = draws("cluster.damaged_repair_eur_per_server")[:, None]
    potential, powered = year[..., Quantity.POTENTIAL_GPU_HOURS], year[..., Quantity.POWERED_GPU_HOURS]
    book[:, 1:, Line.COMPUTE_INCOME] = potential * value
    book[:, 1:, Line.WAITING_FOR_POWER] = -(potential - powered) * value
    for line, lost in zip(DOWNTIME_LINES[: len(LOST_QUANTITIES)], LOST_QUANTITIES, strict=True):
        book[:, 1:, line] = -year[..., lost] * value
    book[:, 1:, Line.DOWNTIME_HARDWARE] -= year[..., Quantity.DAMAGED_SERVERS] * repair
    book[:, 1:, Line.SERVICE_CREDITS] = -year[..., Quantity.SERVICE_CREDIT_GPU_HOURS] * value
    stops = year[..., Quantity.ABRUPT_STOPS] + year[..., Quantity.ORDERLY_STOPS]
    book[:, 1:, Line.REPUTATION] = -stops * draws("cluster.reputation_eur_per_stop")[:, None]
    delay = draws("cluster.programme_delay_eur_per_day")[:, None]
    book[:, 1:, Line.PROGRAMME_DELAY] = -year[..., Quantity.DELAY_DAYS] * delay

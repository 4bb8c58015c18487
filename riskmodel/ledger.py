"""Money by path, strategy, year and line. Cash in is positive; year 0 is the decision, year y the end of year y.

Only elementwise float64 arithmetic and sums in a fixed order: a path's ledger is the same bits in any range.
All money is real, in the study's price year.
"""

from __future__ import annotations

import itertools
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distributions.clock import KW_PER_MW, KWH_PER_MWH
from riskmodel.demand_response import demand_response_eur
from riskmodel.fire import fire_loss_eur
from riskmodel.quantities import Quantity

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Storage, Strategy, Study
    from riskmodel.study.demand_response import DemandResponse

Array = NDArray[np.float64]


class Line(IntEnum):
    """Index of the last axis of the ledger; every line is in EUR, cash in positive."""

    CLUSTER_CAPEX = 0
    CLUSTER_REFRESH = 1
    CONNECTION_CAPEX = 2
    UPS_CAPEX = 3
    GENSET_CAPEX = 4
    STORAGE_CAPEX = 5
    STORAGE_REPLACEMENT = 6
    PV_CAPEX = 7
    MAINTENANCE = 8
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

ENERGY_LINES = (Line.ENERGY_PURCHASE, Line.ENERGY_FEES, Line.DEMAND_CHARGE, Line.ENERGY_EXPORT, Line.FUEL)
"""Cost of energy: purchases, fees, demand charge and fuel, less export income."""

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

LOST_QUANTITIES = (
    Quantity.LOST_REWORK_GPU_HOURS,
    Quantity.LOST_WAITING_GPU_HOURS,
    Quantity.LOST_RESTART_GPU_HOURS,
    Quantity.LOST_CAPPED_GPU_HOURS,
    Quantity.LOST_HARDWARE_GPU_HOURS,
)
"""Lost GPU-hours by cause."""


def sum_of(array: Array, indices: tuple[int, ...] | range) -> Array:
    """Sum of entries of the last axis, one after the other (a fixed order, whatever the shape)."""
    total = np.zeros(array.shape[:-1])
    for index in indices:
        total += array[..., index]
    return total


class Draws:
    """Values of the study's quantities on the paths of a range.

    Quantities the engine drew are taken from `RangeResult.scalars`; those it draws for each event (the repair of a
    server) enter the yearly ledger by their mean.
    """

    def __init__(self, study: Study, result: RangeResult) -> None:
        self._study, self._scalars, self._n = study, result.scalars, result.n_paths

    def __call__(self, path: str) -> Array:
        """(n_paths,) values of the quantity at a field path such as `strategies.grid.connection.capex_eur`."""
        if path in self._scalars:
            return np.asarray(self._scalars[path], dtype=np.float64)
        value: Any = self._study
        for key in path.split("."):
            value = value[key] if isinstance(value, dict) else getattr(value, key)
        return np.full(self._n, float(value.mean()))


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


def refresh_years(study: Study) -> list[int]:
    """Years at whose end the cluster is renewed; never at the horizon, when it would earn nothing any more."""
    step = study.cluster.refresh_years
    return list(range(step, study.header.years, step)) if step > 0 else []


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
        _write_cluster(study, draws, book)
        _write_assets(f"strategies.{name}", study.strategies[name], draws, book, year)
        _write_energy(study, f"strategies.{name}", draws, book, year)
        _write_compute(draws, book, year, value)
    ledger += 0.0  # -0.0 becomes 0.0, so an absent asset costs exactly nothing in print too
    return ledger


def _write_cluster(study: Study, draws: Draws, book: Array) -> None:
    capex = study.cluster.gpus * draws("cluster.capex_eur_per_gpu")
    shares = study.cluster.installed_share_by_year[: study.header.years]
    for year, (before, share) in enumerate(itertools.pairwise([0.0, *shares])):
        book[:, year, Line.CLUSTER_CAPEX] = -capex * (share - before)
    for year in refresh_years(study):
        share = shares[min(year, len(shares)) - 1]
        book[:, year, Line.CLUSTER_REFRESH] = -capex * draws("cluster.refresh_cost_share") * share


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
    later = _growing(cabinet_eur, draws(f"{path}.price_growth_real_per_year"), year.shape[1])
    added = year[..., Quantity.CABINETS_ADDED]
    book[:, 1:, Line.STORAGE_EXPANSION] = -added * later
    owned = np.ones_like(added) * storage.cabinets
    owned[:, 1:] += np.add.accumulate(added[:, :-1], axis=1)
    service = cabinet_eur * draws(f"{path}.maintenance_share_of_capex_per_year")
    book[:, 1:, Line.MAINTENANCE] -= owned * service[:, None]
    _write_incidents(path, storage, draws, book, year, later)
    if storage.demand_response is not None:
        _write_calls(f"{path}.demand_response", storage.demand_response, draws, book, year)


def _growing(first: Array, growth: Array, years: int) -> Array:
    """(n_paths, years) of a price at the end of each year."""
    out, value = np.empty((first.size, years)), first
    for year in range(years):
        value = value * (1.0 + growth)
        out[:, year] = value
    return out


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

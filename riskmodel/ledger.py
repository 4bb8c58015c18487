"""Money by path, strategy, year and line. Cash in is positive; year 0 is the decision, year y the end of year y.

Only elementwise float64 arithmetic and sums in a fixed order: a path's ledger is the same bits in any range.
All money is real, in the study's price year.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distributions.clock import KW_PER_MW, KWH_PER_MWH
from riskmodel.quantities import Quantity

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Strategy, Study

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


N_LINES = len(Line)

INVESTMENT_LINES = (
    Line.CONNECTION_CAPEX,
    Line.UPS_CAPEX,
    Line.GENSET_CAPEX,
    Line.STORAGE_CAPEX,
    Line.STORAGE_REPLACEMENT,
    Line.PV_CAPEX,
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
)
"""Losses by power events."""

LOST_QUANTITIES = (
    Quantity.LOST_REWORK_GPU_HOURS,
    Quantity.LOST_WAITING_GPU_HOURS,
    Quantity.LOST_RESTART_GPU_HOURS,
    Quantity.LOST_CAPPED_GPU_HOURS,
    Quantity.LOST_HARDWARE_GPU_HOURS,
)
"""Lost GPU-hours by cause, in the order of `DOWNTIME_LINES`."""


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
    repair = draws("cluster.damaged_repair_eur_per_server")[:, None]
    for index, name in enumerate(result.strategy_names):
        book, year = ledger[:, index], result.annual[:, index]
        _write_cluster(study, draws, book)
        _write_assets(f"strategies.{name}", study.strategies[name], draws, book, year)
        _write_energy(study, f"strategies.{name}", draws, book, year)
        _write_compute(book, year, value, repair)
    ledger += 0.0  # -0.0 becomes 0.0, so an absent asset costs exactly nothing in print too
    return ledger


def _write_cluster(study: Study, draws: Draws, book: Array) -> None:
    capex = study.cluster.gpus * draws("cluster.capex_eur_per_gpu")
    book[:, 0, Line.CLUSTER_CAPEX] = -capex
    for year in refresh_years(study):
        book[:, year, Line.CLUSTER_REFRESH] = -capex * draws("cluster.refresh_cost_share")


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
    if strategy.storage is not None:
        energy_kwh = strategy.storage.cabinets * strategy.storage.cabinet_energy_kwh
        capex = energy_kwh * draws(f"{path}.storage.capex_eur_per_kwh")
        book[:, 0, Line.STORAGE_CAPEX] = -capex
        maintenance += capex * draws(f"{path}.storage.maintenance_share_of_capex_per_year")
        price = capex * draws(f"{path}.storage.replacement_cost_share")
        # No replacement is bought at the horizon itself: it would be paid for and never used.
        book[:, 1:-1, Line.STORAGE_REPLACEMENT] = -price[:, None] * year[:, :-1, Quantity.REPLACED]
    if strategy.pv is not None:
        power_kwp = strategy.pv.power_mwp * KW_PER_MW
        book[:, 0, Line.PV_CAPEX] = -power_kwp * draws(f"{path}.pv.capex_eur_per_kwp")
        maintenance += power_kwp * draws(f"{path}.pv.maintenance_eur_per_kwp_year")
    book[:, 1:, Line.MAINTENANCE] = -maintenance[:, None]


def _write_energy(study: Study, path: str, draws: Draws, book: Array, year: Array) -> None:
    fee = draws("site.energy_fee_eur_per_mwh")[:, None]
    book[:, 1:, Line.ENERGY_PURCHASE] = -year[..., Quantity.ENERGY_COST_EUR]
    book[:, 1:, Line.ENERGY_FEES] = -year[..., Quantity.IMPORT_KWH] / KWH_PER_MWH * fee
    rate = draws("site.demand_charge_eur_per_kw_year")[:, None]
    book[:, 1:, Line.DEMAND_CHARGE] = -year[..., Quantity.PEAK_IMPORT_KW] * rate
    export_fee = year[..., Quantity.EXPORT_KWH] / KWH_PER_MWH * study.site.export_fee_eur_per_mwh
    book[:, 1:, Line.ENERGY_EXPORT] = year[..., Quantity.EXPORT_INCOME_EUR] - export_fee
    if study.strategies[path.split(".")[1]].gensets is not None:
        book[:, 1:, Line.FUEL] = -year[..., Quantity.GENSET_KWH] * draws(f"{path}.gensets.fuel_eur_per_kwh")[:, None]


def _write_compute(book: Array, year: Array, value: Array, repair: Array) -> None:
    potential, powered = year[..., Quantity.POTENTIAL_GPU_HOURS], year[..., Quantity.POWERED_GPU_HOURS]
    book[:, 1:, Line.COMPUTE_INCOME] = potential * value
    book[:, 1:, Line.WAITING_FOR_POWER] = -(potential - powered) * value
    for line, lost in zip(DOWNTIME_LINES, LOST_QUANTITIES, strict=True):
        book[:, 1:, line] = -year[..., lost] * value
    book[:, 1:, Line.DOWNTIME_HARDWARE] -= year[..., Quantity.DAMAGED_SERVERS] * repair

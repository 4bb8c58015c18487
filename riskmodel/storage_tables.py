"""Constant inputs of storage: numbers, dispatch grid and plan of cabinets of each strategy."""

from typing import TYPE_CHECKING

import numpy as np

from distributions.cell_spread import Spread, expected_least
from distributions.cells.codes import CellCode
from distributions.clearness import ClearnessTables
from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, KW_PER_MW, KWH_PER_MWH, MONTH_OF_DAY, MONTHS_PER_YEAR
from riskmodel.ageing_choice import codes_used
from riskmodel.dispatch import level_grid
from riskmodel.storage import (
    AUGMENT_KWH,
    C_RATE,
    CABINET_KW,
    CABINET_KWH,
    CHARGE_LIMIT_KW,
    END_OF_LIFE,
    ETA,
    EXPORT_ALLOWED,
    EXPORT_FEE,
    N_NUMBERS,
    OHMIC_GROWTH,
    PEAK_COST,
    WARRANTY_CYCLES,
    WEAKEST,
    WEAR,
    StorageTables,
)
from riskmodel.wear import wear_eur_per_mwh

if TYPE_CHECKING:
    from riskmodel.study import Storage, Study

REFERENCE_LOSS = 0.1
# Gauss-Hermite nodes would do as well: the mean PV output needs no more than the nine knots of the clearness normal
KNOT_NORMALS = np.linspace(-2.5, 2.5, 9)


def column(study: "Study", asset: str, value) -> np.ndarray:
    """One number a strategy: `value(asset)` where it owns the asset, else 0."""
    owned = [getattr(strategy, asset) for strategy in study.strategies.values()]
    return np.array([0.0 if a is None else float(value(a)) for a in owned])


def cabinets_of(storage: "Storage") -> int:
    """Cabinets of a strategy with those that are added by plan."""
    return int(storage.cabinets + sum(storage.added_cabinets))


def expected_pv(clearness: ClearnessTables) -> np.ndarray:
    """Mean PV output by hour of the year, (8760,) float64 [kW/kWp], over the month's clearness distribution."""
    weight = np.exp(-0.5 * KNOT_NORMALS**2)
    weight /= weight.sum()
    month_of_hour = np.repeat(np.asarray(MONTH_OF_DAY), HOURS_PER_DAY)
    knots = np.arange(9) * 0.15
    out = np.zeros(clearness.pv.shape[0])
    for hour in range(out.size):
        values = np.interp(clearness.quantile[month_of_hour[hour]], knots, clearness.pv[hour])
        out[hour] = float(np.sum(weight * values))
    return out


def weakest_over_mean(storage: "Storage") -> float:
    """Loss of the weakest of the cells behind a converter over the mean loss, whatever that is."""
    cells = storage.cells_in_string * storage.strings_on_one_converter
    spread = Spread(fresh_cv=0.0, loss_cv=storage.cell_loss_spread)
    return (1.0 - expected_least(cells, REFERENCE_LOSS, spread)) / REFERENCE_LOSS


def _charge_hours(study: "Study", storage: "Storage") -> tuple[float, float]:
    """Hours at full power to fill and to empty what dispatch may use of new cabinets."""
    eta = np.sqrt(storage.round_trip_efficiency)
    mean_load_kw = study.rated_load_kw() * study.cluster.load_factor.mean()
    cabinets = cabinets_of(storage)
    kept = min(storage.reserve_share_by_month or [storage.reserve_share])
    usable = max(storage.cabinet_energy_kwh * (1.0 - kept), 1e-6) * cabinets
    power_kw = cabinets * storage.cabinet_power_kw
    room_kw = max(min(power_kw, storage.charge_import_limit_mw * KW_PER_MW - mean_load_kw), 1e-6)
    return usable / (room_kw * eta), usable / (min(power_kw, mean_load_kw) / eta)


def _storage_numbers(study: "Study", storage: "Storage") -> np.ndarray:
    """Row of `StorageTables.numbers`."""
    a, row = storage, np.zeros(N_NUMBERS)
    working = 1.0 if a.availability else a.cabinet_availability
    row[CABINET_KW], row[CABINET_KWH] = a.cabinet_power_kw * working, a.cabinet_energy_kwh * working
    row[ETA] = np.sqrt(a.round_trip_efficiency)
    row[OHMIC_GROWTH] = a.ohmic_loss_share * a.resistance_growth_per_lost_capacity
    wear, cells_c = a.wear_cost_eur_per_mwh, study.site.battery_temperature_c.mean()
    row[WEAR] = wear_eur_per_mwh(a, cells_c) if wear == "ageing_law" else float(wear)
    row[CHARGE_LIMIT_KW] = a.charge_import_limit_mw * KW_PER_MW
    row[END_OF_LIFE], row[AUGMENT_KWH] = a.end_of_life_capacity, a.augment_below_mwh * KWH_PER_MWH
    row[EXPORT_FEE], row[EXPORT_ALLOWED] = study.site.export_fee_eur_per_mwh, float(study.site.export_allowed)
    row[WEAKEST], row[C_RATE] = weakest_over_mean(a), a.cabinet_power_kw / a.cabinet_energy_kwh
    row[WARRANTY_CYCLES] = a.warranty_cycles_per_year
    if a.charging_raises_peak == "when_it_pays":
        factor = study.site.excess_charge_factor if study.site.demand_charge_basis == "contracted" else 1.0
        row[PEAK_COST] = factor * study.site.demand_charge_eur_per_kw_year.mean() * KW_PER_MW / DAYS_PER_YEAR
    return row


def storage_tables(study: "Study", clearness: ClearnessTables, kwp: np.ndarray) -> StorageTables:
    """Storage constants, the dispatch grid and the plan of cabinets of each strategy."""
    n, years = len(study.strategies), study.header.years
    levels, up, down = np.ones(n, np.int64), np.ones(n, np.int64), np.ones(n, np.int64)
    surplus = np.zeros((n, clearness.pv.shape[0]), np.int8)
    numbers, hours_to_fill = np.zeros((n, N_NUMBERS), np.float32), np.zeros(n, np.float32)
    cabinets, laws = np.zeros((n, years + 1), np.int64), np.zeros((n, len(CellCode)), np.int64)
    reserve = np.zeros((n, MONTHS_PER_YEAR), np.float32)
    sun = expected_pv(clearness) if float(np.max(kwp)) > 0.0 else np.zeros(clearness.pv.shape[0])
    mean_load_kw = study.rated_load_kw() * study.cluster.load_factor.mean()
    for k, strategy in enumerate(study.strategies.values()):
        a = strategy.storage
        if a is None:
            continue
        hours_in, hours_out = _charge_hours(study, a)
        levels[k], up[k], down[k] = level_grid(hours_in, hours_out)
        hours_to_fill[k] = min(hours_in, HOURS_PER_DAY / 3.0)
        surplus[k] = sun * kwp[k, 0] > mean_load_kw
        numbers[k] = _storage_numbers(study, a)
        laws[k, codes_used(a.ageing_law)] = 1
        reserve[k] = a.reserve_share_by_month or a.reserve_share
        cabinets[k, 0] = a.cabinets
        for year, added in zip(a.added_in_years, a.added_cabinets, strict=True):
            if year <= years:
                cabinets[k, year - 1] += added
    owned = np.array([int(s.storage is not None) for s in study.strategies.values()], np.int64)
    return StorageTables(numbers, owned, levels, up, down, surplus, cabinets, laws, hours_to_fill, reserve)

"""A small study and an engine of a few lines for it: plausible, seeded by path, the same in any range of paths."""

import functools
from dataclasses import replace

import numpy as np

from riskmodel.event_record import COLUMNS
from riskmodel.ledger import LOST_QUANTITIES
from riskmodel.quantities import N_QUANTITIES, Quantity
from riskmodel.range_result import RangeResult
from riskmodel.study import parse_study

STUDY = """
[study]
name = "small"
title = "=Small <study>"
price_year = 2025
years = {years}
discount_rate_real = 0.08
[cluster]
gpus = 800
duty = "training"
server_power_kw = 10.0
network_storage_share = 0.1
power_usage_effectiveness = 1.2
load_factor = 0.8
gpu_hour_value_eur = {{ law = "lognormal", p10 = 1.5, p90 = 2.5 }}
gpu_hour_value_basis = "market_rent"
gpu_hour_value_growth_real_per_year = -0.1
occupancy = 0.8
capex_eur_per_gpu = 30000
refresh_years = 2
refresh_cost_share = 0.5
checkpoint_write_min = 1.0
mean_time_to_interrupt_h = 20.0
restart_abrupt_h = 2.0
restart_orderly_h = 1.0
damaged_server_share = 0.01
damaged_wait_days = 2.0
damaged_repair_eur_per_server = {{ law = "exponential", mean = 5000.0 }}
ride_through_power_share = 0.8
ride_through_performance = 0.7
[site]
latitude_deg = 59.3
longitude_deg = 18.1
utc_offset_h = 1.0
price_zone = "SE3"
price_window = "2021_2023"
price_level_trend_per_year = 0.0
energy_fee_eur_per_mwh = 30.0
export_fee_eur_per_mwh = 2.0
export_allowed = true
demand_charge_eur_per_kw_year = 40.0
battery_temperature_c = 25.0
outages = "nordic_hv"
weather = "nordic"
irradiance = "lyngby_2015_2018"
pv_tilt_deg = 40.0
pv_azimuth_deg = 180.0
[strategies.grid]
title = "@Grid & wait"
[strategies.grid.connection]
import_limit_mw = 2.0
import_limit_before_mw = 0.2
time_to_power_months = 18.0
interruptible = false
capex_eur = {{ law = "triangular", low = 2e6, mode = 3e6, high = 5e6 }}
[strategies.string]
title = "String storage and PV"
[strategies.string.connection]
import_limit_mw = 2.0
import_limit_before_mw = 1.0
time_to_power_months = 4.0
interruptible = true
capex_eur = 5e5
[strategies.string.storage]
cabinets = 10
cabinet_power_kw = 125
cabinet_energy_kwh = 261
round_trip_efficiency = 0.87
auxiliary_kw_per_cabinet = 0.5
reserve_share = 0.3
price_growth_real_per_year = 0.0
transfer_time_ms = 10.0
cabinet_availability = 0.97
common_mode_failure_probability = 0.005
wear_cost_eur_per_mwh = 15.0
charge_import_limit_mw = 2.0
capex_eur_per_kwh = {{ law = "uniform", low = 200, high = 300 }}
maintenance_share_of_capex_per_year = 0.02
replacement_cost_share = 0.5
[strategies.string.pv]
power_mwp = 1.0
capex_eur_per_kwp = 1000
maintenance_eur_per_kwp_year = 15
[strategies.diesel]
title = "UPS and gensets"
[strategies.diesel.connection]
import_limit_mw = 2.0
import_limit_before_mw = 0.2
time_to_power_months = 18.0
interruptible = false
capex_eur = 3e6
[strategies.diesel.ups]
power_mw = 1.5
autonomy_min = 5.0
efficiency = 0.96
failure_on_demand_probability = 0.002
capex_eur_per_kw = 300
maintenance_eur_per_kw_year = 10
[strategies.diesel.gensets]
units = 2
unit_power_kw = 1000
start_time_s = 15
fuel_autonomy_h = 48
fuel_eur_per_kwh = 0.3
capex_eur_per_kw = 700
maintenance_eur_per_kw_year = 18
"""


def small_study(years=4, overrides=()):
    """Three strategies (grid, string, diesel), four years."""
    return parse_study(STUDY.format(years=years), overrides=overrides)


def fake_simulate_range(study, seed, first_path, n_paths, *, threads=None, lanes=64, again=0):
    """Stand-in for `riskmodel.engine.simulate_range`: each path from its own generator, no physics."""
    parts = [_path(study, seed + again, path) for path in range(first_path, first_path + n_paths)]
    names = [field for field, _, _ in study.law_fields()]
    scalars = {name: np.array([part[1][name] for part in parts]) for name in names}
    events = {key: np.concatenate([part[2][key] for part in parts]) for key in parts[0][2]}
    annual = np.stack([part[0] for part in parts])
    return RangeResult(first_path, annual, scalars, events, tuple(study.strategy_names))


@functools.lru_cache(maxsize=4096)
def _path(study, seed, path):
    rng = np.random.default_rng([seed, path])
    shared, scalars = {}, {}
    for field, stream, law in study.law_fields():
        u = shared.setdefault(stream, rng.random())
        scalars[field] = float(law.ppf(u))
    n_strategies, years = len(study.strategies), study.header.years
    outages = rng.poisson(2.0, years)
    annual = np.zeros((n_strategies, years, N_QUANTITIES))
    weather = rng.normal(size=years)
    for index, strategy in enumerate(study.strategies.values()):
        _fill(annual[index], study, strategy, weather, outages, index)
    return annual, scalars, _events(path, annual, rng)


def _fill(book, study, strategy, weather, outages, index):
    years, hours = study.header.years, 8760.0 * study.cluster.gpus
    waiting = np.clip(strategy.connection.time_to_power_months.mean() / 12 - np.arange(years), 0, 1)
    protected = strategy.ups is not None or strategy.storage is not None
    book[:, Quantity.POTENTIAL_GPU_HOURS] = hours
    book[:, Quantity.POWERED_GPU_HOURS] = hours * (1 - waiting)
    book[:, Quantity.PV_KWH] = 9e5 * (1 + 0.05 * weather) if strategy.pv else 0.0
    book[:, Quantity.IMPORT_KWH] = 9e6 * study.cluster.gpus / 800 * (1 - waiting) - book[:, Quantity.PV_KWH]
    book[:, Quantity.ENERGY_COST_EUR] = book[:, Quantity.IMPORT_KWH] * 0.06 * np.exp(0.3 * weather)
    book[:, Quantity.PEAK_IMPORT_KW] = 1200.0
    book[:, Quantity.CAPACITY_LEFT] = np.nan
    if strategy.storage:
        book[:, Quantity.ARBITRAGE_EUR] = 30000 * np.exp(0.2 * weather)
        book[:, Quantity.CAPACITY_LEFT] = 1.0 - 0.05 * np.arange(1, years + 1) * (1 + 0.1 * weather[0])
        book[2, Quantity.REPLACED] = weather[1] > 1.0
    book[:, Quantity.GENSET_KWH] = 2000.0 * outages if strategy.gensets else 0.0
    book[:, Quantity.LOST_REWORK_GPU_HOURS] = outages * (20.0 if protected else 200.0)
    book[:, Quantity.LOST_RESTART_GPU_HOURS] = outages * (100.0 if protected else 1600.0)
    book[:, Quantity.DAMAGED_SERVERS] = 0.0 if protected else outages
    book[:, Quantity.INTERRUPTIONS] = outages
    book[:, Quantity.ORDERLY_STOPS if protected else Quantity.ABRUPT_STOPS] = outages


def _events(path, annual, rng):
    n_strategies, years, _ = annual.shape
    rows = []
    for year in range(years):
        for _ in range(int(annual[0, year, Quantity.INTERRUPTIONS])):
            hour, duration, number = rng.random() * 8760, rng.exponential(3600.0), len(rows) // n_strategies
            common = (path, number, year + 1, hour, 2, duration, 0.0)
            rows.extend((*common, index, 4 if index == 0 else 3) for index in range(n_strategies))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9
    names = ("path", "event", "year", "hour", "cause", "duration_s", "residual_voltage", "strategy", "outcome")
    types = ("i8", "i4", "i2", "f8", "i1", "f8", "f4", "i1", "i1")
    events = {name: np.array(column, dtype=kind) for name, column, kind in zip(names, columns, types, strict=True)}
    bare, genset = events["strategy"] == 0, events["strategy"] == 2
    for name, _ in COLUMNS:
        events[name] = np.zeros(bare.size)
    events["gpu_hours_rework"] = np.where(bare, 200.0, 20.0)  # what a year loses, by its outages
    events["gpu_hours_restart"] = np.where(bare, 1600.0, 100.0)
    events["damaged_servers"] = np.where(bare, 1.0, 0.0)
    events["genset_kwh"] = np.where(genset, 2000.0, 0.0)
    return events


def written_anew(folder):
    """Give the manifest the digests of the files as they are now, as if the run had written them so."""
    from riskmodel import manifest as manifests

    manifest = manifests.read(folder)
    manifest["files"] = manifests.file_hashes(folder, manifest["files"])
    manifests.write(folder, manifest)
    return folder


def without_events(result):
    """The same range without events and what they cost."""
    annual = result.annual.copy()
    annual[..., [*LOST_QUANTITIES, Quantity.DAMAGED_SERVERS, Quantity.GENSET_KWH]] = 0.0
    return replace(result, annual=annual, events={name: column[:0] for name, column in result.events.items()})


def fake_trace_week(study, seed, path, first_hour, hours=168):
    """Stand-in for `riskmodel.engine.trace_week`."""
    hour = first_hour + np.arange(hours)
    swing = np.sin(2 * np.pi * hour / 24)
    flat = np.ones(hours)
    strategies = {
        name: {
            "import_kw": 1000 - (200 * swing if strategy.storage else 0 * swing),
            "state_of_charge": 0.6 + 0.3 * swing if strategy.storage else np.nan * flat,
            "charge_kw": np.maximum(0.0, 200 * swing) * (strategy.storage is not None),
            "discharge_kw": np.maximum(0.0, -200 * swing) * (strategy.storage is not None),
            "grid_share": flat,
        }
        for name, strategy in study.strategies.items()
    }
    return {"price_eur_per_mwh": 60 + 40 * swing, "pv_kw_per_kwp": np.maximum(0, -swing), "strategies": strategies}

"""Everything a kernel reads: one group of named arrays a topic, made from a study with fixed types."""

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions import parameters
from distributions.clearness import ClearnessTables, clearness_tables
from distributions.clock import HOURS_PER_DAY, KW_PER_MW, MONTH_OF_DAY, MONTHS_PER_YEAR
from distributions.given_outages import GivenTables
from distributions.irradiance import chain_of, pv_table
from distributions.laws import Constant
from distributions.outage_tables import outage_tables
from distributions.outages import OutageTables
from distributions.prices import PriceTables, long_run_tables, price_tables
from distributions.regime import state_share
from distributions.tariffs import TariffTables, tariff_tables
from distributions.weather import WeatherTables, weather_tables
from riskmodel.ageing_choice import code_at
from riskmodel.backup import BackupTables, backup_tables
from riskmodel.cabinet_tables import CabinetTables, cabinet_tables
from riskmodel.cluster_tables import ClusterTables, cluster_tables
from riskmodel.demand_response import DemandTables, demand_tables
from riskmodel.fire import FireTables, fire_tables
from riskmodel.given_events import given_tables
from riskmodel.process_draws import ProcessDraws, site_outages
from riskmodel.storage import StorageTables
from riskmodel.storage_tables import cabinets_of, column, storage_tables
from riskmodel.voltage_tolerance import tolerance_table

if TYPE_CHECKING:
    from riskmodel.study import Study

HOURS_PER_MONTH = 730.0
KELVIN_AT_ZERO_C = 273.15


class SiteTables(NamedTuple):
    """Site constants.

    Attributes
    ----------
    month_of_day : (365,) int64
    regime_of : (3,) int64, which of three weathers outages, prices and sun live in: the same, or each its own
    long_run : (3,) float32 of the yearly log price level: standard deviation in the first year, share of a deviation
        that lasts a year, shock
    level_centre : (years + 1,) float32, added to the log level: so that its factor has mean 1, and the year's own
    spread_scaled : (1,) int64, 1 where the distance of prices from their day's mean is multiplied
    idle_share : (1,) float64, share of the load drawn while the cluster is down but has power
    curtailed : (1,) int64, 1 if some strategy has an interruptible connection
    kwp : (s, years) float32, PV of each strategy with degradation and availability [kWp]
    ups_factor, auxiliary_kw : (s,) float32, load with UPS losses over load; own use of one cabinet
    import_before_kw : (s,) float32
    installed_share : (years,) float64, share of the GPUs that are there in each year
    contracted_kw : (s,) float32, contracted capacity, 0 where the charge is on each month's peak
    warmer_k : (12,) float32, what the month adds to the cells' temperature
    month_h : (12,) float64, hours of the months
    """

    month_of_day: np.ndarray
    regime_of: np.ndarray
    long_run: np.ndarray
    level_centre: np.ndarray
    spread_scaled: np.ndarray
    idle_share: np.ndarray
    curtailed: np.ndarray
    kwp: np.ndarray
    ups_factor: np.ndarray
    auxiliary_kw: np.ndarray
    import_before_kw: np.ndarray
    installed_share: np.ndarray
    contracted_kw: np.ndarray
    warmer_k: np.ndarray
    month_h: np.ndarray


class Tables(NamedTuple):
    """Constant inputs of the engine; `simulated` : (s,) int64, 1 where failures of cabinets are simulated."""

    weather: WeatherTables
    prices: PriceTables
    tariff: TariffTables
    clearness: ClearnessTables
    outages: OutageTables
    backup: BackupTables
    cluster: ClusterTables
    storage: StorageTables
    cabinets: CabinetTables
    fire: FireTables
    demand: DemandTables
    simulated: np.ndarray
    site: SiteTables


class PathInputs(NamedTuple):
    """Drawn inputs of each path.

    Attributes
    ----------
    load_kw, price_factor, price_trend, spread_factor, energy_fee, temperature_k : (n,) float32
    price_drawn : (30, n) float32; sky_drawn : (8, n) float32
    outage_factors : (n, 2, 5) float64, on the rates and durations of the families
    energised_day : (s, n) int64, first day of the run with the strategy's full connection and assets
    ageing_factor : (s, n) float32
    ageing_law : (s, n) int64, `distributions.cells.codes.CellCode` of the path's cells
    failure_factor, fire_factor : (s, n) float64, on the failure and fire rates of cabinets
    given : distributions.given_outages.GivenTables, events that happen instead of drawn ones
    """

    load_kw: np.ndarray
    price_factor: np.ndarray
    price_trend: np.ndarray
    spread_factor: np.ndarray
    energy_fee: np.ndarray
    temperature_k: np.ndarray
    price_drawn: np.ndarray
    sky_drawn: np.ndarray
    outage_factors: np.ndarray
    energised_day: np.ndarray
    ageing_factor: np.ndarray
    ageing_law: np.ndarray
    failure_factor: np.ndarray
    fire_factor: np.ndarray
    given: GivenTables


def tariff_of(study: "Study") -> dict | None:
    """Tariff record of a study, in its money; None where it buys by the hour."""
    if study.site.market != "time_of_use":
        return None
    record = parameters.load("tariffs", study.record_names()["tariffs"])
    rate = study.header.rate_of(record["currency"])
    if rate == 1.0 or rate is None:
        return record
    critical = [peak | {"add_per_mwh": peak["add_per_mwh"] * rate} for peak in record["critical"]]
    return record | {"price_per_mwh": record["price_per_mwh"] * rate, "critical": critical}


def price_rate(study: "Study") -> float:
    """What the money of the price record is in the study's."""
    if study.site.market != "day_ahead":
        return 1.0
    meta = parameters.load("prices", study.record_names()["prices"])["meta"]
    return study.header.rate_of(str(meta.get("unit", "EUR/MWh")).partition("/")[0]) or 1.0


def _long_run(study: "Study") -> tuple[np.ndarray, np.ndarray]:
    """How the price level moves from year to year: a tariff starts from today's, auctions from any year."""
    years, tariff = study.header.years, tariff_of(study)
    if tariff is not None:
        lasting = 0.5 ** (1.0 / tariff["level"]["half_life_years"])
        return long_run_tables(0.0, lasting, tariff["level"]["yearly_log_sd"], years)
    half_life, sd = study.site.price_level_half_life_years, study.site.price_level_yearly_sd
    lasting = 0.5 ** (1.0 / half_life) if half_life > 0.0 else 0.0
    return long_run_tables(sd, lasting, sd * np.sqrt(1.0 - lasting**2), years)


def level_by_year(study: "Study") -> np.ndarray:
    """Factor on the price level of each year and the next, (years + 1,) float64; the last one stated holds on."""
    stated = study.site.price_level_by_year
    return np.array([stated[min(year, len(stated) - 1)] for year in range(study.header.years + 1)])


def installed_share(study: "Study") -> np.ndarray:
    """Share of the GPUs that are there in each year, (years,) float64; the last one stated holds on."""
    stated = study.cluster.installed_share_by_year
    return np.array([stated[min(year, len(stated) - 1)] for year in range(study.header.years)])


def contracted_kw(study: "Study", name: str) -> float:
    """Contracted capacity of a strategy [kW]; 0 where the charge is on each month's peak."""
    connection = study.strategies[name].connection
    if study.site.demand_charge_basis != "contracted":
        return 0.0
    return (connection.contracted_mw or connection.import_limit_mw) * KW_PER_MW


def warmer_k(study: "Study") -> np.ndarray:
    """What each month adds to the temperature of the cells [K], (12,): nothing where it is controlled.

    Outdoors the drawn battery temperature is the year's mean, and the months differ as the air does.
    """
    if study.site.battery_housing == "controlled":
        return np.zeros(MONTHS_PER_YEAR)
    air = parameters.load("irradiance", study.record_names()["irradiance"])["month_temperature_c"]
    days = np.bincount(np.asarray(MONTH_OF_DAY), minlength=MONTHS_PER_YEAR)
    return air - float(np.sum(air * days) / np.sum(days))


def site_tables(study: "Study") -> SiteTables:
    """Site constants and PV by strategy and year."""
    years = np.arange(study.header.years)
    strategies = list(study.strategies.values())
    kwp = np.array(
        [
            np.zeros(years.size)
            if s.pv is None
            else s.pv.power_mwp * KW_PER_MW * s.pv.availability * (1.0 - s.pv.degradation_per_year) ** years
            for s in strategies
        ]
    )
    long_run, level_centre = _long_run(study)
    return SiteTables(
        month_of_day=np.asarray(MONTH_OF_DAY, np.int64),
        regime_of=np.arange(3) * (0 if study.site.weather_coupling else 1),
        long_run=long_run,
        level_centre=level_centre + np.log(level_by_year(study)).astype(np.float32),
        spread_scaled=np.array([int(study.site.price_spread_factor != Constant(1.0))], np.int64),
        idle_share=np.array([study.cluster.idle_power_share], np.float64),
        curtailed=np.array([int(any(s.connection.interruptible for s in strategies))], np.int64),
        kwp=kwp.astype(np.float32),
        ups_factor=np.array([1.0 if s.ups is None else 1.0 / s.ups.efficiency for s in strategies], np.float32),
        auxiliary_kw=column(study, "storage", lambda a: a.auxiliary_kw_per_cabinet).astype(np.float32),
        import_before_kw=np.array([s.connection.import_limit_before_mw * KW_PER_MW for s in strategies], np.float32),
        installed_share=installed_share(study),
        contracted_kw=np.array([contracted_kw(study, name) for name in study.strategies], np.float32),
        warmer_k=warmer_k(study).astype(np.float32),
        month_h=np.bincount(np.asarray(MONTH_OF_DAY), minlength=MONTHS_PER_YEAR) * float(HOURS_PER_DAY),
    )


@functools.lru_cache(maxsize=4)
def pack(study: "Study") -> Tables:
    """All constant inputs of the engine, with fixed types: the only maker of kernel arguments.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Tables
    """
    s = study.site
    names = study.record_names()
    weather_parameters = parameters.load("weather", names["weather"])
    outage_parameters = parameters.load("outages", names["outages"])
    irradiance = parameters.load("irradiance", names["irradiance"])
    place = (s.latitude_deg, s.longitude_deg, s.pv_tilt_deg, s.pv_azimuth_deg, s.utc_offset_h)
    clearness = clearness_tables(irradiance, pv_table(*place, chain_of(irradiance)))
    month_of_day = np.asarray(MONTH_OF_DAY, np.int64)
    share = state_share(weather_parameters["transition"])
    tolerance = tolerance_table(study.cluster.voltage_tolerance, study.cluster.hold_up_ms)
    site = site_tables(study)
    storages = [strategy.storage for strategy in study.strategies.values()]
    return Tables(
        weather=weather_tables(weather_parameters, month_of_day),
        prices=price_tables(parameters.load("prices", names["prices"])),
        tariff=tariff_tables(tariff_of(study), weather_parameters["transition"]),
        clearness=clearness,
        outages=outage_tables(outage_parameters, share, month_of_day, tolerance),
        backup=backup_tables(study, outage_parameters),
        cluster=cluster_tables(study),
        storage=storage_tables(study, clearness, site.kwp),
        cabinets=cabinet_tables([a.availability if a else None for a in storages]),
        fire=fire_tables([(a.fire, cabinets_of(a), a.cabinet_energy_kwh) if a and a.fire else None for a in storages]),
        demand=demand_tables([a.demand_response if a else None for a in storages], share),
        simulated=np.array([int(a is not None and a.availability is not None) for a in storages], np.int64),
        site=site,
    )


def path_inputs(
    study: "Study", scalars: dict[str, np.ndarray], processes: ProcessDraws, given: GivenTables | None = None
) -> PathInputs:
    """Drawn scalars in the shapes and types that the engine walks.

    Parameters
    ----------
    study : Study
    scalars : dict of field path -> (n_paths,) float64, from `riskmodel.draws.draw_scalars`
    processes : riskmodel.process_draws.ProcessDraws
    given : GivenTables, optional
        Events to walk; by default those of the study's file, else drawn ones.
    """
    c = study.cluster
    it_kw = c.gpus / c.gpus_per_server * c.server_power_kw * (1.0 + c.network_storage_share)
    load = it_kw * scalars["cluster.load_factor"] * scalars["cluster.power_usage_effectiveness"]
    names = study.strategy_names
    months = np.array([scalars[f"strategies.{n}.connection.time_to_power_months"] for n in names])
    ones = np.ones(load.size)
    ageing = [scalars.get(f"strategies.{n}.storage.ageing_rate_factor", ones) for n in names]
    key = "strategies.{}.storage.availability.failure_rate_factor"
    failing = [scalars.get(key.format(n), ones) for n in names]
    key = "strategies.{}.storage.fire.fire_rate_factor"
    burning = [scalars.get(key.format(n), ones) for n in names]
    storages = [s.storage for s in study.strategies.values()]
    zeros = np.zeros(load.size, np.int64)
    return PathInputs(
        load_kw=load.astype(np.float32),
        price_factor=(scalars["site.price_level_factor"] * price_rate(study)).astype(np.float32),
        price_trend=np.log1p(scalars["site.price_level_trend_per_year"]).astype(np.float32),
        spread_factor=scalars["site.price_spread_factor"].astype(np.float32),
        energy_fee=(scalars["site.energy_fee_eur_per_mwh"] + scalars["site.energy_tax_eur_per_mwh"]).astype(np.float32),
        temperature_k=(scalars["site.battery_temperature_c"] + KELVIN_AT_ZERO_C).astype(np.float32),
        price_drawn=processes.prices,
        sky_drawn=processes.sky,
        outage_factors=site_outages(processes, scalars),
        energised_day=np.ceil(months * HOURS_PER_MONTH / HOURS_PER_DAY).astype(np.int64),
        ageing_factor=np.array(ageing).astype(np.float32),
        ageing_law=np.array([code_at(a.ageing_law, processes.law_uniforms) if a else zeros for a in storages]),
        failure_factor=np.array(failing),
        fire_factor=np.array(burning),
        given=given_tables(study.given_events(), study.header.years) if given is None else given,
    )

"""The engine against its slow twin, path by path: hours, years and events; and twins that must disagree."""

import functools
from dataclasses import replace

import numpy as np
import pytest

import studies
from distributions import parameters
from distributions.parameters import FOLDER
from distributions.parameters._write import write
from riskmodel.engine import simulate_range, trace_week
from riskmodel.given_events import GivenEvent, added_tables
from riskmodel.quantities import Outcome, Quantity
from tests.twin import Float32, Float64, arithmetic, battery, ridethrough, walk_path
from tests.twin.events import SUSTAINED, Event, Uniforms

SEED, YEARS, PATHS_A_CHUNK = 20260101, 3, 5
CHUNKS = [pytest.param(name, first, id=f"{name}-{first}") for name in studies.names() for first in (0, 5, 10, 15)]
MONEY = (Quantity.ENERGY_COST_EUR, Quantity.ARBITRAGE_EUR, Quantity.EXPORT_INCOME_EUR)
ENERGY = (
    Quantity.IMPORT_KWH, Quantity.EXPORT_KWH, Quantity.PV_KWH,
    Quantity.CHARGE_KWH, Quantity.DISCHARGE_KWH, Quantity.GENSET_KWH,
)  # fmt: skip
CAUSES = ("rework", "waiting", "restart", "capped", "hardware")
OF_EFFECT = {
    "stored_used_kwh": "stored_used_kwh", "genset_kwh": "genset_kwh", "ups_h": "ups_h", "cabinets_h": "cabinets_h",
    "gensets_h": "gensets_h", "hours_capped": "reduced_h", "carried_h": "carried_h",
}  # fmt: skip
"""Columns of the engine's events and of the twin's effect that say the same."""
LAST_DIGITS = 1e-12
TIP = 1e-3


@functools.lru_cache(maxsize=4)
def short_study(name, years=YEARS):
    """A shipped study, cut to a few years."""
    return studies.load(name, [f"study.years={years}"])


def outcome_table(result, path):
    """(year, hour, cause) -> outcomes and GPU-hours by strategy, of the events the engine kept for one path."""
    events, rows = result.events, np.flatnonzero(result.events["path"] == path)
    table = {}
    for k in rows[:: len(result.strategy_names)]:
        of_event = slice(k, k + len(result.strategy_names))
        lost = np.array([events[f"gpu_hours_{cause}"][of_event] for cause in CAUSES]).T
        more = np.array([events[name][of_event] for name in OF_EFFECT]).T
        key = events["year"][k], round(events["hour"][k], 6), events["cause"][k]
        table[key] = events["outcome"][of_event], lost, more
    return table


def twin_table(twin):
    """Like `outcome_table` for every event of the twin, with the situations that decided it."""
    table = {}
    for of_event in twin.events:
        event = of_event[0].situation.event
        outcomes = np.array([o.outcome for o in of_event])
        key = of_event[0].year, round(event.hour, 6), event.family
        more = np.array([[getattr(o.effect, name) for name in OF_EFFECT.values()] for o in of_event])
        table[key] = outcomes, np.array([o.gpu_hours for o in of_event]), [o.situation for o in of_event], more
    return table


def worst(difference):
    """Largest absolute value, where NaN stands for a quantity that a strategy does not have in either."""
    return float(np.nanmax(np.abs(difference), initial=0.0))


@pytest.mark.parametrize(("name", "first"), CHUNKS)
def test_single_precision_twin_has_the_same_hours(name, first):
    study = short_study(name)
    result = simulate_range(study, SEED, first, PATHS_A_CHUNK)
    for path in range(first, first + PATHS_A_CHUNK):
        assert_same_path(study, path, result)


def assert_same_path(study, path, result, added=()):
    """Same bits every hour, same years to the last digits, same events; returns the twin's path."""
    twin = walk_path(study, SEED, path, Float32(), added)
    given = added_tables(added, study) if added else None
    traced = trace_week(study, SEED, path, 0, study.header.years * 8760, given)
    # both round each operation alike, and neither uses a library's exp, log or sum
    assert np.array_equal(twin.market.price[:-1].ravel(), traced["price_eur_per_mwh"])
    assert np.array_equal(twin.market.sun[:-1].ravel(), traced["pv_kw_per_kwp"])
    for mine, rows in zip(twin.hourly, traced["strategies"].values(), strict=True):
        for k, row in enumerate(rows.values()):
            assert np.array_equal(mine[k], row, equal_nan=True), (path, list(rows)[k])
    annual = result.annual[path - result.first_path]
    assert np.array_equal(np.isnan(twin.annual), np.isnan(annual))
    assert worst((twin.annual - annual) / np.maximum(np.abs(annual), 1e-300)) < LAST_DIGITS
    harmful = {key: rows for key, rows in twin_table(twin).items() if np.max(rows[0]) > Outcome.UNAFFECTED}
    kept = outcome_table(result, path)
    assert list(harmful) == list(kept)
    for key, (outcomes, lost, more) in kept.items():
        assert np.array_equal(harmful[key][0], outcomes), (path, key)
        np.testing.assert_allclose(lost, harmful[key][1], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(more, harmful[key][3], rtol=1e-9, atol=1e-9)
    return twin


def test_days_without_grid_in_a_row_and_over_the_years_end(tmp_path):
    """Thirty long outages a year and eight of days: outages in outages, stores run dry, and one begun in December."""
    record = (FOLDER / "outages_nordic_hv.toml").read_text()
    for rate, more in (("rate_per_year = 0.3\n", "rate_per_year = 30.0\n"), ("= 0.04\n", "= 8.0\n")):
        assert rate in record
        record = record.replace(rate, more)
    (tmp_path / "outages_often.toml").write_text(record)
    study = studies.load("nordic_inference", ["study.years=2", f'site.outages="{tmp_path / "outages_often.toml"}"'])
    for path in (14, 56):  # found by looking for an outage that spans the first year's end
        twin = assert_same_path(study, path, simulate_range(study, SEED, path, 1))
        events = [of_event[0].situation.event for of_event in twin.events]
        last = max((e for e, of in zip(events, twin.events, strict=True) if of[0].year == 1), key=lambda e: e.hour)
        spanning = [e for e in events if e.hour + e.duration_h > 8760 + 1]
        assert spanning
        assert last.hour >= spanning[0].hour
        # no grid in the first hour of the second year, for either strategy
        assert np.all(twin.hourly[:, 4, 8760] == 0.0)
        assert np.all(twin.hourly[:, 0, 8760] == 0.0)


@pytest.mark.parametrize(("name", "first"), CHUNKS)
def test_double_precision_twin_has_the_same_years(name, first):
    study = short_study(name)
    result = simulate_range(study, SEED, first, PATHS_A_CHUNK)
    for path in range(first, first + PATHS_A_CHUNK):
        twin, annual = walk_path(study, SEED, path, Float64()), result.annual[path - first]
        bill, bought = annual[..., Quantity.ENERGY_COST_EUR], annual[..., Quantity.IMPORT_KWH]
        for quantity in MONEY:
            assert worst((twin.annual - annual)[..., quantity] / bill) < 2e-5, (path, quantity.name)
        for quantity in ENERGY:
            assert worst((twin.annual - annual)[..., quantity] / bought) < 1e-5, (path, quantity.name)
        # single precision in a day's wear of the steepest law, times 1.28 for the weakest cell
        assert worst((twin.annual - annual)[..., Quantity.CAPACITY_LEFT]) < 5e-6
        assert_same_events_but_for_tips(twin_table(twin), outcome_table(result, path), path)


def assert_same_events_but_for_tips(mine, kept, path):
    """Every event is in both; where outcomes differ, a thousandth of stored energy or load tips the twin's too."""
    assert set(kept) <= set(mine)
    for key, (outcomes, _, situations, _) in mine.items():
        if key not in kept:
            assert np.max(outcomes) == Outcome.UNAFFECTED, (path, key)
            continue
        for outcome, other, situation in zip(outcomes, kept[key][0], situations, strict=True):
            if outcome != other:
                print(f"tipped: path {path}, year, hour and cause {key}: {outcome} here, {other} in the engine")
                assert other in outcomes_nearby(situation), (path, key)


def outcomes_nearby(situation):
    """Outcomes within a thousandth of the stored energy, the load and the hour at which the cluster is up again."""
    tipped = [situation]
    for field in ("stored_kwh", "load_kw", "down_until_h"):
        tipped += [replace(s, **{field: getattr(s, field) * (1 + tip)}) for s in tipped for tip in (-TIP, TIP)]
    return {ridethrough.resolve(s).outcome for s in tipped}


def hour_long_outage(stored_kwh):
    """An outage of an hour met by a store that holds the capped load of 840 kW for just that hour at 840 kWh."""
    backup = ridethrough.Backup(
        interruptible=False, hold_up_ms=20, checkpoint_h=0, power_share=0.84, performance=0.8, import_left=0,
        ups_kw=0, ups_kwh=0, ups_failure=0, cabinet_kw=125, transfer_ms=10, common_failure=0,
        cabinet_availability=1, gensets=0, genset_kw=0, genset_start_h=0, genset_mttf_h=0, fuel_h=0,
        gensets_cdf=np.ones(1), pv_kwp=0,
    )  # fmt: skip
    u = Uniforms(*[0.5] * 7, gensets=(0.5,) * 16)
    event = Event(10.0, 1.0, SUSTAINED, 0.0, 0, u)
    restart = (2.0, 1.0, 0.0)
    return ridethrough.Situation(event, backup, 1000.0, stored_kwh, True, np.zeros(48), 0, 0.0, restart, 10, 10)


@pytest.mark.tiny
def test_a_difference_is_explained_only_near_the_tip():
    assert ridethrough.resolve(hour_long_outage(840.5)).outcome == Outcome.CAPPED
    assert outcomes_nearby(hour_long_outage(840.5)) == {Outcome.CAPPED, Outcome.ORDERLY_STOP}
    assert outcomes_nearby(hour_long_outage(860.0)) == {Outcome.CAPPED}
    assert outcomes_nearby(hour_long_outage(820.0)) == {Outcome.ORDERLY_STOP}


def differing_hours(study, years=1):
    """Hours of a year in which import or stored energy of some strategy differ between engine and twin, of 8760."""
    twin, traced = walk_path(study, SEED, 0, Float32()), trace_week(study, SEED, 0, 0, years * 8760)
    rows = [np.array(list(of.values())) for of in traced["strategies"].values()]
    differ = ~((twin.hourly == rows) | (np.isnan(twin.hourly) & np.isnan(rows)))
    return int(np.sum(np.any(differ, axis=(0, 1))))


CHANGES = {
    "plan_an_hour_earlier": (battery, "PLAN_HOUR", 12),
    "know_an_hour_less": (battery, "KNOWN_HOURS", 34),
    "normal_off_by_a_millionth": (arithmetic, "CENTRE", (*arithmetic.CENTRE[:-1], arithmetic.CENTRE[-1] * (1 + 1e-6))),
    "exp_off_by_a_millionth": (arithmetic, "EXP_COEFFICIENTS", (*arithmetic.EXP_COEFFICIENTS[:-1], 0.5 + 5e-7)),
}


@pytest.mark.tiny
def test_one_year_of_one_path_agrees():
    assert differing_hours(short_study("nordic_inference", 1)) == 0


@pytest.mark.parametrize("change", CHANGES)
def test_a_twin_with_one_changed_constant_disagrees(change, monkeypatch):
    monkeypatch.setattr(*CHANGES[change])
    assert differing_hours(short_study("nordic_inference", 1)) > 20


def test_a_twin_with_another_efficiency_disagrees(monkeypatch):
    exact = battery.cabinets_of
    monkeypatch.setattr(
        "tests.twin.inputs.cabinets_of", lambda *a: (c := exact(*a), replace(c, eta=c.eta * np.float32(1 + 1e-6)))[1]
    )
    assert differing_hours(short_study("nordic_inference", 1)) > 100


HARD_LIFE = [
    "study.years=4",
    'strategies.string_storage_pv.storage.ageing_law={"blast_lfp_250ah"=0.4,"blast_sony_murata"=0.3,"naumann_2020"=0.3}',
    "strategies.string_storage_pv.storage.ageing_rate_factor=4.0",
    "strategies.string_storage_pv.storage.end_of_life_capacity=0.85",
    "strategies.string_storage_pv.storage.added_in_years=[2]",
    "strategies.string_storage_pv.storage.added_cabinets=[3]",
    "strategies.string_storage_pv.storage.augment_below_mwh=5.2",
    "strategies.string_storage_pv.storage.warranty_cycles_per_year=120.0",
    "strategies.string_storage_pv.storage.availability.converter_failures_per_year=3.0",
    "strategies.string_storage_pv.storage.availability.group_failures_per_year=0.5",
    "strategies.string_storage_pv.storage.fire.fires_per_cabinet_year=0.02",
    "strategies.string_storage_pv.storage.fire.fire_area_kwh=1200.0",
    "cluster.installed_share_by_year=[0.6,1.0]",
    'site.battery_housing="outdoor"',
    'strategies.string_storage_pv.storage.wear_cost_eur_per_mwh="ageing_law"',
    "strategies.string_storage_pv.storage.reserve_share_by_month=[0.5,0.5,0.4,0.3,0.2,0.1,0.1,0.1,0.2,0.3,0.4,0.5]",
    'site.irradiance="warsaw_2016_2024"',
    "strategies.string_storage_pv.storage.demand_response.required_mw=0.4",
    "strategies.string_storage_pv.storage.demand_response.energy_share=0.2",
    "strategies.string_storage_pv.storage.demand_response.availability_eur_per_mw_month=2000.0",
    "strategies.string_storage_pv.storage.demand_response.energy_eur_per_mwh=100.0",
    "strategies.string_storage_pv.storage.demand_response.penalty_eur_per_mwh=500.0",
    "strategies.string_storage_pv.storage.demand_response.calls_per_year=15.0",
    "site.weather_coupling=false",
]


def test_cabinets_that_fail_burn_age_and_are_added_in_the_twin():
    """Four years in which everything happens to the cabinets, under more than one law."""
    study = studies.load("nordic_inference", HARD_LIFE)
    result = simulate_range(study, SEED, 0, 6)
    for path in range(6):
        assert_same_path(study, path, result)
    storage = result.annual[:, 1]
    for quantity in (Quantity.REPLACED, Quantity.CABINETS_ADDED, Quantity.SERVICE_VISITS, Quantity.DOWN_CABINET_DAYS):
        assert storage[..., quantity].sum() > 0, quantity.name
    assert storage[..., Quantity.BURNED_CABINETS].sum() >= storage[..., Quantity.FIRES].sum() > 0
    required, delivered = (storage[..., q].sum() for q in (Quantity.CALL_REQUIRED_KWH, Quantity.CALL_DELIVERED_KWH))
    assert 0 < delivered < required
    assert len(set(result.scalars["cells.string_storage_pv"])) > 1


HARD_EVENTS = [
    "study.years=3",
    "site.outage_rate_factor=12",
    "cluster.inference_share=0.25",
    "cluster.training_jobs=[4000,2400,1100]",
    'cluster.sag_trip_share={law="uniform",low=0.0,high=0.02}',
    "cluster.spare_servers=9",
    'cluster.missing_servers="wait"',
    'cluster.shed_first="inference"',
    "cluster.ride_through_cap_after_min=20",
    "cluster.ride_through_performance=[[0.7,0.72],[0.9,0.92],[1.0,1.0]]",
    'cluster.restart={detection_min={law="lognormal",median=10,sigma=0.5},scheduling_min=60,reload_min=12,'
    'warm_up_min={law="uniform",low=2,high=8}}',
    "cluster.cold_start_after_h=1.0",
    "cluster.cold_start_extra_h=2.5",
    "cluster.return_ramp_mw_per_min=0.5",
    "cluster.service_credits=[[0.9999,0.05],[0.999,0.1],[0.99,0.3]]",
    "cluster.reputation_eur_per_stop=20000",
    "cluster.programme_delay_eur_per_day=50000",
    "cluster.programme_delay_excludes_compute=true",
    "strategies.ups_gensets.connection.time_to_power_months=0",
    "strategies.ups_gensets.ups.topology=line_interactive",
    "strategies.ups_gensets.gensets.maintenance_unavailability=0.2",
    "strategies.ups_gensets.gensets.common_cause_start_failure_probability=0.05",
    "strategies.ups_gensets.gensets.transfer_switch_failure_probability=0.05",
    "strategies.ups_gensets.gensets.refuelling_probability=0.6",
    "strategies.ups_gensets.gensets.fuel_autonomy_h=3",
    "strategies.ups_gensets.gensets.mean_time_to_failure_h=20",
    "strategies.ups_gensets.gensets.start_time_s=90",
    "strategies.hybrid.connection.time_to_power_months=0",
    "strategies.hybrid.gensets.maintenance_unavailability=0.3",
    "strategies.hybrid.gensets.start_failure_probability=0.2",
]


def test_hard_events_in_the_twin():
    """Three years of many outages with everything the event chain knows: jobs, priorities, spares, ramps, credits."""
    study = studies.load("ten_thousand_gpus", HARD_EVENTS)
    result = simulate_range(study, SEED, 0, 4)
    outcomes = set()
    for path in range(4):
        twin = assert_same_path(study, path, result)
        outcomes |= {o.outcome for of_event in twin.events for o in of_event}
        assert any(0 < o.effect.share < 1 for of_event in twin.events for o in of_event)
    assert outcomes == set(Outcome)
    for quantity in (Quantity.SERVICE_CREDIT_GPU_HOURS, Quantity.DELAY_DAYS, Quantity.LOST_HARDWARE_GPU_HOURS):
        assert result.annual[..., quantity].sum() > 0, quantity.name


def test_a_tariff_in_the_twin():
    contract = ['site.demand_charge_basis="contracted"', "strategies.string_storage_pv.connection.contracted_mw=16"]
    curve = ["cluster.voltage_tolerance=[[0.05, 0.3], [2, 0.85]]", "cluster.hold_up_ms=30"]
    critical = ['site.tariff="european_critical_peak"', "study.exchange_rates.EUR=1.0", "site.utc_offset_h=1"]
    study = studies.load("jiangsu_time_of_use", ["study.years=2", *critical, *contract, *curve])
    result = simulate_range(study, SEED, 0, 2)
    for path in range(2):
        assert_same_path(study, path, result)


def test_surges_and_the_sun_of_the_day_in_the_twin(tmp_path):
    record = dict(parameters.load("prices", "SE3_2021_2023")) | {"surge_probability_per_day": 0.05, "surge_stay": 0.8}
    table = np.zeros((12, 24))
    table[3:9, 9:16], table[3:9, :6] = -0.3, 0.35
    write(record | {"sunny": table}, tmp_path / "prices.toml")
    own = f'site.price_parameters="{tmp_path / "prices.toml"}"'
    study = studies.load("nordic_inference", ["study.years=2", own])
    result = simulate_range(study, SEED, 0, 4)
    for path in range(4):
        assert_same_path(study, path, result)
    plain = simulate_range(studies.load("nordic_inference", ["study.years=2"]), SEED, 0, 4)
    assert (result.annual[..., Quantity.ENERGY_COST_EUR] != plain.annual[..., Quantity.ENERGY_COST_EUR]).all()


LEVERS = [
    "study.years=3",
    "site.price_level_by_year=[0.7,1.8,3.6]",
    'site.price_spread_factor={law="uniform",low=0.0,high=2.0}',
    "site.outage_rate_factor=2.0",
    'site.sag_rate_factor={law="uniform",low=2,high=4}',
    "site.extreme_outage_rate_factor=9.0",
    "site.curtailment_rate_factor=0.5",
]
ADDED = [GivenEvent(2, 336.0, 120.0, "extreme", 0.0), GivenEvent(2, 800.0, 1e-4, "sag", 0.4),
         GivenEvent(3, 400.25, 2.0, "curtailment", 0.0)]  # fmt: skip


def test_levers_of_the_market_and_the_grid_in_the_twin():
    """Levels by year, spreads scaled, rates by family, events beside the drawn ones."""
    study = studies.load("nordic_inference", LEVERS)
    result = simulate_range(study, SEED, 0, 4, given=added_tables(ADDED, study))
    for path in range(4):
        twin = assert_same_path(study, path, result, ADDED)
        found = [(of[0].year, of[0].situation.event.hour) for of in twin.events]
        assert {(2, 336.0), (2, 800.0), (3, 400.25)} <= set(found)
        assert found == sorted(found)
    tariff = studies.load("jiangsu_time_of_use", ["study.years=2", *LEVERS[1:3]])
    assert_same_path(tariff, 0, simulate_range(tariff, SEED, 0, 1))

"""Events whose whole course is calculated by hand, through the engine, to the EUR: one strategy of each kind.

The cluster: 800 GPUs in 100 servers of 10 kW, all of 1000 kW at the meter; a GPU-hour is worth 2 EUR in every year.
Capped it draws 800 kW and does 70 % of the work. A checkpoint takes 3 min and is written each 30 min. Restart takes 2 h
after an abrupt and 1 h after an orderly stop; one server in a hundred is damaged by an abrupt one, is away for 2 days
and costs 5,000 EUR.
"""

import functools

import numpy as np
import pytest

from distributions.given_outages import GivenTables
from riskmodel.engine import simulate_range, trace_week
from riskmodel.given_events import given_tables, read_given_events
from riskmodel.ledger import DOWNTIME_LINES, Line, build_ledger
from riskmodel.path_tables import events_columns
from riskmodel.quantities import Quantity
from riskmodel.study import parse_study
from tests.twin.events import SAG, SUSTAINED, draw_uniforms

SEED, YEARS = 3, 2
BARE, DIESEL, STRING, SUNNY = range(4)
CONNECTION = """
import_limit_mw = 3.0
import_limit_before_mw = 3.0
time_to_power_months = 0.0
interruptible = false
capex_eur = 0
"""
STORAGE = """
cabinets = 10
cabinet_power_kw = 125
cabinet_energy_kwh = 261
round_trip_efficiency = 0.81
auxiliary_kw_per_cabinet = 0.0
reserve_share = 1.0
transfer_time_ms = 10.0
cabinet_availability = 1.0
common_mode_failure_probability = 0.0
wear_cost_eur_per_mwh = 15.0
charge_import_limit_mw = 3.0
capex_eur_per_kwh = 0
maintenance_share_of_capex_per_year = 0.0
ageing_rate_factor = 0
resistance_growth_per_lost_capacity = 0
replacement_cost_share = 0.0
"""
TEXT = f"""
[study]
name = "by_hand"
title = "By hand"
price_year = 2025
years = {YEARS}
discount_rate_real = 0.08
[cluster]
gpus = 800
duty = "training"
server_power_kw = 10.0
network_storage_share = 0.0
power_usage_effectiveness = 1.0
load_factor = 1.0
gpu_hour_value_eur = 2.0
gpu_hour_value_basis = "market_rent"
gpu_hour_value_growth_real_per_year = 0.0
occupancy = 1.0
capex_eur_per_gpu = 0
refresh_years = 0
refresh_cost_share = 0.5
checkpoint_write_min = 3.0
checkpoint_interval_min = 30.0
restart_abrupt_h = 2.0
restart_orderly_h = 1.0
damaged_server_share = 0.01
damaged_wait_days = 2.0
damaged_repair_eur_per_server = 5000
ride_through_power_share = 0.8
ride_through_performance = 0.7
[site]
latitude_deg = 59.3
longitude_deg = 18.1
utc_offset_h = 1.0
price_zone = "SE3"
price_window = "2021_2023"
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
[strategies.bare]
title = "No backup"
[strategies.bare.connection]{CONNECTION}
[strategies.diesel]
title = "UPS and gensets"
[strategies.diesel.connection]{CONNECTION}
[strategies.diesel.ups]
power_mw = 1.2
autonomy_min = 5.0
efficiency = 1.0
failure_on_demand_probability = 0.0
capex_eur_per_kw = 0
maintenance_eur_per_kw_year = 0
[strategies.diesel.gensets]
units = 3
unit_power_kw = 500
start_time_s = 36
start_failure_probability = 0.0
mean_time_to_failure_h = 1e7
fuel_autonomy_h = 48
fuel_eur_per_kwh = 0.3
capex_eur_per_kw = 0
maintenance_eur_per_kw_year = 0
[strategies.string]
title = "String storage"
[strategies.string.connection]{CONNECTION}
[strategies.string.storage]{STORAGE}
[strategies.sunny]
title = "String storage and PV"
[strategies.sunny.connection]{CONNECTION}
[strategies.sunny.storage]{STORAGE}
[strategies.sunny.pv]
power_mwp = 1.0
availability = 1.0
degradation_per_year = 0.0
capex_eur_per_kwp = 0
maintenance_eur_per_kwp_year = 0
"""
NOON = 181 * 24 + 12  # 1 July
HEAD = "year,hour,duration_s,family,residual_voltage\n"


@functools.lru_cache(maxsize=8)
def study_of(*changes):
    return parse_study(TEXT, overrides=changes)


def walked(folder, rows, *changes):
    """Study, result, ledger of the years and events of one path that meets the rows of a file of events."""
    file = folder / "events.csv"
    file.write_text(HEAD + rows, encoding="utf-8")
    study = study_of(*changes)
    tables = given_tables(read_given_events(file, YEARS, 1.0), YEARS)
    result = simulate_range(study, SEED, 0, 1, given=tables)
    return study, result, build_ledger(study, result)[0, :, 1:], events_columns(study, result)


def of_strategy(events, strategy, number=0):
    """Columns of one event for one strategy."""
    row = np.flatnonzero((events["strategy"] == strategy) & (events["event"] == number))[0]
    return {name: float(column[row]) for name, column in events.items()}


def check(event, **expected):
    """These columns, and no GPU-hours, energy and money but those stated."""
    for name, value in event.items():
        if name in expected or name.startswith(("gpu_hours_", "eur_")) or name.endswith("_kwh"):
            stated = expected.get(name, 0.0)
            if name != "stored_before_kwh" or name in expected:
                assert value == pytest.approx(stated, rel=1e-5, abs=1e-5), name


@pytest.fixture(scope="module")
def afternoon(tmp_path_factory):
    """Four hours without grid from noon on 1 July of the second year."""
    return walked(tmp_path_factory.mktemp("afternoon"), f"2,{NOON},14400,sustained,\n")


def test_without_backup(afternoon):
    # 0 s           voltage is gone, all servers stop within 20 ms: work since the checkpoint, u x 30 min, is lost
    # 0 - 14400 s   dark: 4 h x 800 = 3200 GPU-h
    # 14400 s       power is back; 2 h of restart: 1600 GPU-h; 1 server of 100 is away for 48 h: 8 x 48 = 384 GPU-h
    # 21600 s       at work again, at 18:00
    u = draw_uniforms(SUSTAINED, 1024, SEED, 0).rework
    check(
        of_strategy(afternoon[3], BARE), outcome=4, carried_h=0.0, hours_down=6.0, damaged_servers=1.0,
        gpu_hours_rework=800 * u * 0.5, gpu_hours_waiting=3200, gpu_hours_restart=1600, gpu_hours_hardware=384,
        eur_rework=800 * u, eur_waiting=6400, eur_restart=3200, eur_hardware=768 + 5000,
        eur_lost=800 * u + 6400 + 3200 + 5768, delay_days=(u * 0.5 + 6) / 24, grid_back_hour=NOON + 4,
        down_from_hour=NOON, down_until_hour=NOON + 6, gpus=800,
    )  # fmt: skip


def test_ups_and_gensets(afternoon):
    # 0 s           the UPS feeds the load without a gap
    # 0 - 36 s      1000 kW x 0.01 h = 10 kWh of its 100
    # 36 s          2 of 3 gensets are needed; all start and carry 1000 kW for 3.99 h: 3990 kWh x 0.30 EUR = 1197 EUR
    # 14400 s       grid back, nothing lost
    check(
        of_strategy(afternoon[3], DIESEL), outcome=1, noticed=1, carried_h=4.0, ups_h=0.01, gensets_h=3.99,
        genset_kwh=3990, eur_fuel=1197, hours_down=0.0,
    )  # fmt: skip


def test_string_storage(afternoon):
    # 0 s           cabinets take over in 10 ms, the servers live for 20 ms; GPUs are capped to 800 kW, 70 % of the work
    #               2610 kWh in the cells give 2349 kWh; 800 kW x 3 min = 40 kWh are kept for the checkpoint
    # 10390.5 s     (2349 - 40) / 800 = 2.88625 h: the checkpoint is written, then an orderly stop
    # - 14400 s     dark: 1.11375 h x 800 = 891 GPU-h; before that 0.3 x 2.88625 h x 800 = 692.7 GPU-h of capped work
    # - 18000 s     restart of 1 h: 800 GPU-h
    # cells: 2309 / 0.9 = 2565.5556 kWh
    check(
        of_strategy(afternoon[3], STRING), outcome=3, carried_h=2.88625, cabinets_h=2.88625, hours_capped=2.88625,
        gpu_hours_capped=692.7, gpu_hours_waiting=891, gpu_hours_restart=800, stored_before_kwh=2610,
        stored_used_kwh=2309 / 0.9, hours_down=2.11375, eur_capped=1385.4, eur_waiting=1782, eur_restart=1600,
        eur_lost=1385.4 + 1782 + 1600, down_from_hour=NOON + 2.88625, down_until_hour=NOON + 5,
        delay_days=(2.11375 + 0.3 * 2.88625) / 24,
    )  # fmt: skip


def test_string_storage_and_pv(afternoon):
    # the sun gives s kW for each of 1000 kWp in the four hours; cells give what is missing of 800 kW, over 0.9
    # 0 - 14400 s   carried by cabinets and sun, capped: 0.3 x 4 h x 800 = 960 GPU-h
    sun = 1000 * trace_week(study_of(), SEED, 0, 8760 + NOON, 4)["pv_kw_per_kwp"]
    missing = float(np.sum(np.maximum(800 - sun, 0.0)))
    assert 200 < missing < 2309  # a day with sun, or the case would say nothing
    check(
        of_strategy(afternoon[3], SUNNY), outcome=2, carried_h=4.0, cabinets_h=4.0, hours_capped=4.0,
        stored_used_kwh=missing / 0.9, gpu_hours_capped=960, eur_capped=1920, eur_lost=1920, stored_before_kwh=2610,
        delay_days=0.3 * 4 / 24,
    )  # fmt: skip


def test_the_ledger_has_the_same(afternoon):
    _, _, ledger, events = afternoon
    by_strategy = np.bincount(events["strategy"], weights=events["eur_lost"])
    np.testing.assert_allclose(-ledger[:, 1][:, list(DOWNTIME_LINES)].sum(axis=1), by_strategy, atol=0.01)
    assert ledger[DIESEL, 1, Line.FUEL] == pytest.approx(-1197, abs=0.01)
    assert not ledger[:, 0][:, [*DOWNTIME_LINES, Line.FUEL]].any()  # nothing in the year without an event


def test_a_sag(tmp_path):
    # 0.3 s at 50 %: below 70 %, so the bare cluster trips: rework, 2 h of restart, one server. The rest holds it
    _, _, _, events = walked(tmp_path, f"1,{NOON},0.3,sag,0.5\n")
    u = draw_uniforms(SAG, 0, SEED, 0).rework
    check(
        of_strategy(events, BARE), outcome=4, gpu_hours_rework=400 * u, gpu_hours_restart=1600, gpu_hours_hardware=384,
        damaged_servers=1.0, eur_rework=800 * u, eur_restart=3200, eur_hardware=5768, eur_lost=800 * u + 8968,
        delay_days=(u * 0.5 + 2) / 24, tripped_share=1.0,
    )  # fmt: skip
    for strategy in (DIESEL, STRING, SUNNY):
        check(of_strategy(events, strategy), outcome=1)


def test_a_sag_that_trips_some_racks(tmp_path):
    # 0.4 % of the racks of 8 GPUs trip. Jobs of 400, 160 and 40 GPUs have 50, 20 and 5 racks and stop with chances
    # 1 - 0.996^50 = 0.182, 1 - 0.996^20 = 0.077 and 1 - 0.996^5 = 0.020; inference has 200 GPUs and loses 0.8 of them
    changes = [
        "cluster.inference_share=0.25", "cluster.training_jobs=[40,400,160]", "cluster.gpus_per_rack=8",
        "cluster.sag_trip_share=0.004",
    ]  # fmt: skip
    _, _, _, events = walked(tmp_path, f"1,{NOON},0.3,sag,0.5\n", *changes)
    u = draw_uniforms(SAG, 0, SEED, 0)
    assert 0.996**50 < u.jobs < 0.996**20  # the largest job stops, the others go on
    rework = 400 * 0.5 * u.rework
    check(
        of_strategy(events, BARE), outcome=4, gpu_hours_rework=rework, gpu_hours_restart=2 * 400.8,
        damaged_servers=0.004, gpu_hours_hardware=0.004 * 384, tripped_share=0.004, hours_down=2 * 400.8 / 800,
        eur_rework=2 * rework, eur_restart=4 * 400.8, eur_hardware=0.004 * 5768,
        eur_lost=2 * rework + 4 * 400.8 + 0.004 * 5768,
    )  # fmt: skip


def test_no_outages_no_loss(tmp_path):
    _, result, ledger, events = walked(tmp_path, f"1,{NOON},0.01,sag,0.95\n")  # 95 % for 10 ms: nobody notices
    assert not ledger[:, :, [*DOWNTIME_LINES, Line.FUEL]].any()
    assert not result.annual[..., Quantity.DAMAGED_SERVERS].any()
    assert not np.any(events["noticed"])


def test_over_the_years_end_an_outage_is_counted_once(tmp_path):
    # from 23:00 on 31 December of the first year for 4 h: 3 of them and the restart lie in the second
    _, result, ledger, _ = walked(tmp_path, "1,8759,14400,sustained,\n")
    assert result.annual[0, BARE, 0, Quantity.LOST_WAITING_GPU_HOURS] == pytest.approx(3200)
    assert result.annual[0, BARE, 0, Quantity.LOST_RESTART_GPU_HOURS] == pytest.approx(1600)
    assert not ledger[:, 1][:, [*DOWNTIME_LINES, Line.FUEL]].any()
    # the load knows: no import in the first 3 h of the second year
    study = study_of()
    assert result.annual[0, DIESEL, 0, Quantity.GENSET_KWH] == pytest.approx(3990)
    assert study.header.years == 2


def test_two_events_within_the_restart(tmp_path):
    # sag at 12:00: down until 14:00. Sag at 13:00: the restart begins again, until 15:00; an hour more. No work was
    # done since, so nothing is lost again, and no server is hit that is off
    rows = f"1,{NOON},0.3,sag,0.5\n1,{NOON + 1},0.3,sag,0.5\n"
    _, _, _, events = walked(tmp_path, rows)
    second = of_strategy(events, BARE, 1)
    check(second, outcome=5, gpu_hours_restart=800, eur_restart=1600, eur_lost=1600, down_until_hour=NOON + 3)


def test_spares_are_in_use_until_the_repair(tmp_path):
    # one server is damaged by each sag, and one spare is there. The second sag comes a day later, within the 2 days of
    # the first repair: 384 GPU-h; the third comes when the spare is free again
    rows = "".join(f"1,{NOON + 24 * day},0.3,sag,0.5\n" for day in (0, 1, 10))
    _, _, _, events = walked(tmp_path, rows, "cluster.spare_servers=1")
    missing = [of_strategy(events, BARE, k)["gpu_hours_hardware"] for k in range(3)]
    assert missing == pytest.approx([0.0, 384.0, 0.0])
    # a job that waits whole loses 800 x 48 h for the one server
    _, _, _, events = walked(tmp_path, rows, "cluster.spare_servers=1", "cluster.missing_servers=wait")
    missing = [of_strategy(events, BARE, k)["gpu_hours_hardware"] for k in range(3)]
    assert missing == pytest.approx([0.0, 38400.0, 0.0])


@pytest.mark.parametrize(
    ("hours", "outcome", "waiting", "fuel_kwh"),
    [(1.0, 0, 0.0, 0.0), (4.0, 5, 2 * 800.0, 1990.0)],  # until 15:00, inside; or until 18:00
)
def test_an_outage_inside_another_adds_only_what_is_longer(hours, outcome, waiting, fuel_kwh):
    # no grid from 12:00 to 16:00, and again from 14:00. Bare: down until 18:00; until 20:00 if the second is longer, so
    # 2 h more than before, all of it restart or waiting. Diesel: gensets for 3.99 h, and 1.99 h more, drawn anew
    records = np.array([[[NOON, 4.0, SUSTAINED, 0.0, 0.0], [NOON + 2, hours, SUSTAINED, 0.0, 1.0]]])
    given = GivenTables(np.array([1]), records, np.array([[0, 2, 2]]))
    result = simulate_range(study_of(), SEED, 0, 1, given=given)
    second = of_strategy(result.events, BARE, 1)
    assert second["outcome"] == outcome
    assert second["gpu_hours_waiting"] + second["gpu_hours_restart"] == pytest.approx(waiting)
    assert of_strategy(result.events, DIESEL, 1)["genset_kwh"] == pytest.approx(fuel_kwh)
    annual = result.annual[0, :, 0]
    assert annual[DIESEL, Quantity.LOST_WAITING_GPU_HOURS] == 0.0
    down = annual[BARE, Quantity.LOST_WAITING_GPU_HOURS] + annual[BARE, Quantity.LOST_RESTART_GPU_HOURS]
    assert down == pytest.approx(800 * 6 + waiting)


def test_credits_reputation_and_delay(tmp_path):
    # 400 GPUs serve: down for 4 + 2 h of July's 744: 99.19 % available, below 99.9 % and 99.5 %: a quarter of the month
    # 0.25 x 400 x 744 x 2 EUR = 148,800 EUR; one stop is seen: 7,000 EUR; the training half is late by
    # (u x 30 min + 6 h) / 24 days at 24,000 EUR a day
    changes = [
        "cluster.inference_share=0.5", "cluster.service_credits=[[0.999,0.1],[0.995,0.25],[0.95,1.0]]",
        "cluster.reputation_eur_per_stop=7000", "cluster.programme_delay_eur_per_day=24000",
        "cluster.programme_delay_excludes_compute=true",
    ]  # fmt: skip
    _, _, ledger, events = walked(tmp_path, f"1,{NOON},14400,sustained,\n", *changes)
    u = draw_uniforms(SUSTAINED, 0, SEED, 0).rework
    bare = ledger[BARE, 0]
    assert bare[Line.SERVICE_CREDITS] == pytest.approx(-148_800)
    assert bare[Line.REPUTATION] == -7000
    assert bare[Line.PROGRAMME_DELAY] == pytest.approx(-24_000 * (u * 0.5 + 6) / 24)
    assert of_strategy(events, BARE)["eur_delay"] == pytest.approx(24_000 * (u * 0.5 + 6) / 24)
    # the string cabinets stop for 2.11375 h: 99.7 %, a tenth
    assert ledger[STRING, 0, Line.SERVICE_CREDITS] == pytest.approx(-0.1 * 400 * 744 * 2)
    assert not ledger[DIESEL, 0, [Line.SERVICE_CREDITS, Line.REPUTATION, Line.PROGRAMME_DELAY]].any()


def test_restart_from_parts_cold_start_and_ramp(tmp_path):
    # parts: 12 + 60 + 30 + 18 min = 2 h after an abrupt stop, 108 min = 1.8 h after an orderly one; dark for 4 h, more
    # than 3: 1.5 h more; 1 MW at 0.01 MW/min takes 100 min, half of it lost: 0.8333 h
    changes = [
        "cluster.restart={detection_min=12,scheduling_min=60,reload_min=30,warm_up_min=18}",
        "cluster.restart_abrupt_h={law='lognormal',median=2.2,sigma=0.5}",
        "cluster.restart_orderly_h={law='lognormal',median=0.72,sigma=0.4}",
        "cluster.cold_start_after_h=3", "cluster.cold_start_extra_h=1.5", "cluster.return_ramp_mw_per_min=0.01",
    ]  # fmt: skip
    _, _, _, events = walked(tmp_path, f"1,{NOON},14400,sustained,\n", *changes)
    assert of_strategy(events, BARE)["gpu_hours_restart"] == pytest.approx(800 * (2 + 1.5 + 5 / 6))
    # the cabinets leave it dark for 1.11 h only
    assert of_strategy(events, STRING)["gpu_hours_restart"] == pytest.approx(800 * (1.8 + 5 / 6))


def test_a_cap_after_half_an_hour_and_a_curve(tmp_path):
    # half an hour at 1000 kW takes 500 of 2349 kWh; then (2349 - 500 - 40) / 800 = 2.26125 h at 800 kW
    # work at 80 % of the load, between [0.7, 0.6] and [0.9, 0.9]: 0.75
    curve = "cluster.ride_through_performance=[[0.7,0.6],[0.9,0.9],[1.0,1.0]]"
    _, _, _, events = walked(tmp_path, f"1,{NOON},14400,sustained,\n", "cluster.ride_through_cap_after_min=30", curve)
    event = of_strategy(events, STRING)
    assert event["carried_h"] == pytest.approx(2.76125)
    assert event["gpu_hours_capped"] == pytest.approx(800 * 0.25 * 2.26125)

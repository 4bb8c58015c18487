"""Reading studies: values, laws, origins, the resolved study, overrides and the shipped files."""

import json
import math
import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

import studies
from distributions.laws import Law, from_spec
from riskmodel.study import Study, load_study, parse_study, study_json_schema

SHIPPED = studies.names()


@pytest.fixture(scope="module")
def large() -> Study:
    return studies.load("ten_thousand_gpus")


@pytest.fixture(scope="module")
def nordic() -> Study:
    return studies.load("nordic_inference")


def test_the_shipped_studies_are_found_by_name_and_by_path(large):
    assert SHIPPED == ["jiangsu_time_of_use", "nordic_inference", "ten_thousand_gpus"]
    assert load_study(studies.path("ten_thousand_gpus")) == large
    assert studies.load(str(studies.path("ten_thousand_gpus"))) == large


def test_strategies_keep_the_order_of_the_file(large):
    assert large.strategy_names == ["grid_expansion", "ups_gensets", "string_storage", "string_storage_pv", "hybrid"]
    assert large.header.baseline == "grid_expansion"
    assets = {
        name: [a for a in ("ups", "gensets", "storage", "pv") if getattr(s, a)] for name, s in large.strategies.items()
    }
    assert assets == {
        "grid_expansion": [],
        "ups_gensets": ["ups", "gensets"],
        "string_storage": ["storage"],
        "string_storage_pv": ["storage", "pv"],
        "hybrid": ["gensets", "storage", "pv"],
    }


def test_rated_load_by_hand(large, nordic):
    # 1250 servers x 10.2 kW x 1.10 x mean of triangular(1.08, 1.14, 1.22) = 3.44 / 3
    assert large.rated_load_kw() == pytest.approx(1250 * 10.2 * 1.10 * 3.44 / 3, rel=1e-12)
    assert nordic.rated_load_kw() == pytest.approx(120 * 10.2 * 1.08 * 3.44 / 3, rel=1e-12)


def test_cabinets_carry_the_rated_load_with_some_missing(large):
    for strategy in large.strategies.values():
        if strategy.storage is not None:
            spare = strategy.storage.cabinets - math.ceil(large.rated_load_kw() / strategy.storage.cabinet_power_kw)
            assert spare >= 10


def test_the_published_case_costs_what_was_published(nordic):
    claims = nordic.claims
    base, other = nordic.strategies["grid_expansion"], nordic.strategies[claims.strategy]
    storage, pv = other.storage, other.pv
    capex = (
        other.connection.capex_eur.mean()
        + storage.cabinets * storage.cabinet_energy_kwh * storage.capex_eur_per_kwh.mean()
        + pv.power_mwp * 1000.0 * pv.capex_eur_per_kwp.mean()
    )
    assert capex == pytest.approx(claims.capex_eur, abs=0.5)
    assert base.connection.capex_eur.mean() == claims.baseline_capex_eur == 3.2e6
    assert base.connection.time_to_power_months.ppf(0.5) == pytest.approx(claims.baseline_months)
    assert other.connection.time_to_power_months.ppf(0.5) == pytest.approx(claims.months)
    assert nordic.cluster.gpu_hour_value_basis == "margin"
    assert nordic.cluster.capex_eur_per_gpu.mean() == 0.0


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_of_a_shipped_study_has_an_origin(name):
    study = studies.load(name)
    bare = [
        leaf.path for leaf in study.leaves() if not isinstance(leaf.value, str) and not study.origin(leaf.path).text
    ]
    assert bare == []


def test_every_default_has_a_source():
    study = parse_study(SMALL)
    defaults = [leaf.path for leaf in study.leaves() if study.origin(leaf.path).kind == "default"]
    assert "cluster.gpus_per_server" in defaults
    assert [path for path in defaults if not study.origin(path).text] == []


def test_law_fields_hold_every_quantity_and_share_streams(large):
    fields = large.law_fields()
    paths = [path for path, _, _ in fields]
    assert len(paths) == len(set(paths))
    assert all(isinstance(law, Law) for _, _, law in fields)
    streams = {path: stream for path, stream, _ in fields}
    assert streams["cluster.load_factor"] == "cluster.load_factor"
    assert streams["strategies.string_storage.storage.capex_eur_per_kwh"] == "storage.capex_eur_per_kwh"
    assert streams["strategies.hybrid.storage.capex_eur_per_kwh"] == "storage.capex_eur_per_kwh"
    # constants too
    assert "strategies.ups_gensets.gensets.maintenance_eur_per_kw_year" in paths
    # drawn for each event: apart
    assert not [path for path in paths if path.startswith(("cluster.restart", "cluster.damaged"))]


def test_event_laws_have_a_closed_form(large):
    fields = large.event_law_fields()
    assert [path for path, _, _ in fields] == [
        "cluster.own_restart_h",
        "cluster.restart_abrupt_h",
        "cluster.restart_orderly_h",
        "cluster.cold_start_extra_h",
        "cluster.damaged_server_share",
        "cluster.damaged_wait_days",
        "cluster.damaged_repair_eur_per_server",
        "cluster.sag_trip_share",
        "strategies.string_storage.storage.fire.months_out",
        "strategies.string_storage_pv.storage.fire.months_out",
        "strategies.hybrid.storage.fire.months_out",
    ]
    assert all(len(law.code()) == 5 for _, _, law in fields)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("overrides", [(), ("site.pv_tilt_deg=4.5", "cluster.load_factor.low=0.7")])
def test_the_resolved_study_reads_back_equal(name, overrides):
    study = studies.load(name, overrides)
    text = study.to_toml()
    again = parse_study(text)
    assert again == study
    assert again.canonical() == study.canonical()
    assert again.input_hash() == study.input_hash()
    assert again.to_toml() == text  # origins survive too


def test_the_resolved_study_shows_every_field_with_its_origin(large):
    study = studies.load("ten_thousand_gpus", ["site.export_fee_eur_per_mwh=4.5"])
    text = study.to_toml()
    lines = text.splitlines()
    assert "finance_rate_real = 0.08  # default: same as discount_rate_real" in text
    assert "export_fee_eur_per_mwh = 4.5  # --set" in lines
    assert "server_power_kw = 10.2  # file: NVIDIA DGX H100 maximum 10.2 kW" in lines
    assert sum("  # " in line for line in lines) == len(list(study.leaves()))


def test_awkward_text_survives_the_resolved_study():
    title = 'A "quoted" \\ title, 中文, # no comment'
    source = "first line\nsecond = line\tand \x7f"
    text = SMALL.replace('title = "Small"', f"title = {json.dumps(title)}")
    text += f'\n[sources]\n"cluster.server_power_kw" = {json.dumps(source)}\n'.replace("\x7f", "\\u007f")
    study = parse_study(text)
    again = parse_study(study.to_toml())
    assert again == study
    assert again.header.title == title
    assert again.sources["cluster.server_power_kw"] == source


@pytest.mark.parametrize(
    "law",
    [
        '{ law = "empirical", values = [0.7, 0.8, 0.9], weights = [1, 2, 1], source = "x" }',
        '{ law = "beta", mean = 0.8, sd = 0.05 }',
        '{ law = "pert", low = 0.6, mode = 0.8, high = 0.9 }',
        '{ law = "uniform", low = 0.1, high = 0.3 }',
        "0.123456789012345678",
        "1",
    ],
)
def test_any_law_survives_the_resolved_study(law):
    study = parse_study(SMALL.replace("load_factor = 0.8", f"load_factor = {law}"))
    again = parse_study(study.to_toml())
    assert again == study
    u = [0.0, 0.1, 0.5, 0.9]
    assert again.cluster.load_factor.ppf(u).tolist() == study.cluster.load_factor.ppf(u).tolist()


def test_the_hash_follows_values_and_nothing_else(large):
    text = studies.path("ten_thousand_gpus").read_text(encoding="utf-8")
    assert parse_study("# a comment\n" + text.replace("NVIDIA DGX", "some")).input_hash() == large.input_hash()
    assert len(large.input_hash()) == 64
    for override in ("cluster.gpus=9992", "site.export_allowed=false", "strategies.hybrid.storage.reserve_share=0.16"):
        assert studies.load("ten_thousand_gpus", [override]).input_hash() != large.input_hash()


def test_a_study_is_frozen_and_can_be_pickled(large):
    with pytest.raises(ValidationError, match="frozen"):
        large.cluster.gpus = 3
    again = pickle.loads(pickle.dumps(large))
    assert again == large
    assert again.to_toml() == large.to_toml()
    assert hash(again) == hash(large)


def test_defaults_that_follow_other_fields():
    study = parse_study(SMALL)
    assert study.header.baseline == "grid"
    assert study.header.finance_rate_real == study.header.reinvestment_rate_real == 0.07
    assert study.cluster.checkpoint_interval_min == "optimal"
    assert study.strategies["grid"].storage is None
    assert study.site.price_level_factor == from_spec(1.0)


def test_overrides_of_every_kind():
    study = parse_study(
        SMALL,
        overrides=[
            "site.pv_tilt_deg=30",
            "study.title=Another title",
            "study.name=other",
            'cluster.load_factor={law="uniform",low=0.7,high=0.9}',
            "cluster.load_factor.high=0.8",
            "cluster.checkpoint_interval_min=20",
            "strategies.grid.pv={power_mwp=5, capex_eur_per_kwp=900, maintenance_eur_per_kwp_year=16}",
            "strategies.grid.pv.power_mwp=6",
        ],
    )
    assert study.site.pv_tilt_deg == 30.0
    assert study.header.title == "Another title"
    assert study.cluster.load_factor == from_spec({"law": "uniform", "low": 0.7, "high": 0.8})
    assert study.cluster.checkpoint_interval_min == 20.0
    assert study.strategies["grid"].pv.power_mwp == 6.0
    assert study.origin("strategies.grid.pv.capex_eur_per_kwp").kind == "--set"
    assert study.origin("strategies.grid.pv.availability").kind == "default"
    assert study.origin("cluster.gpus").kind == "file"


def test_an_override_takes_the_source_of_the_old_number_away():
    study = studies.load("ten_thousand_gpus", ["cluster.server_power_kw=11", "cluster.load_factor.low=0.6"])
    assert str(study.origin("cluster.server_power_kw")) == "--set"
    assert str(study.origin("cluster.load_factor")) == "--set"


def test_describe_has_a_row_for_every_value(large):
    rows = {row.field: row for row in large.describe()}
    assert list(rows) == [leaf.path for leaf in large.leaves()]
    row = rows["strategies.string_storage.storage.capex_eur_per_kwh"]
    assert row.value_text.startswith("lognormal p10 150, p90 450 (mean 2")
    assert row.unit == "EUR/kWh"
    assert "BNEF" in row.origin
    assert rows["strategies.hybrid.gensets.units"].value_text == "9"


def test_json_schema_has_units_and_refuses_unknown_keys():
    schema = study_json_schema()
    json.dumps(schema, allow_nan=False)
    storage = schema["$defs"]["Storage"]
    assert storage["additionalProperties"] is False
    assert storage["properties"]["cabinet_power_kw"]["unit"] == "kW"
    assert storage["properties"]["cabinet_power_kw"]["exclusiveMinimum"] == 0.0
    assert set(schema["required"]) == {"study", "cluster", "site", "strategies"}


def test_a_file_with_a_byte_order_mark_and_windows_line_ends(tmp_path: Path):
    file = tmp_path / "small.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load_study(file) == parse_study(SMALL)


SMALL = """
[study]
name = "small"
title = "Small"
price_year = 2025
years = 3
discount_rate_real = 0.07
[cluster]
gpus = 80
duty = "training"
server_power_kw = 10
network_storage_share = 0.1
power_usage_effectiveness = 1.2
load_factor = 0.8
gpu_hour_value_eur = 2
gpu_hour_value_basis = "market_rent"
gpu_hour_value_growth_real_per_year = 0
occupancy = 0.8
capex_eur_per_gpu = 35000
refresh_years = 0
refresh_cost_share = 0.5
checkpoint_write_min = 1
mean_time_to_interrupt_h = 100
restart_abrupt_h = 2.2
restart_orderly_h = 0.7
damaged_server_share = 0.01
damaged_wait_days = 2
damaged_repair_eur_per_server = 5000
ride_through_power_share = 0.84
ride_through_performance = 0.75
[site]
latitude_deg = 59.3
longitude_deg = 18.1
utc_offset_h = 1
price_zone = "SE3"
price_window = "2021_2023"
energy_fee_eur_per_mwh = 36
export_fee_eur_per_mwh = 3
export_allowed = true
demand_charge_eur_per_kw_year = 45
battery_temperature_c = 25
outages = "nordic_hv"
weather = "nordic"
irradiance = "lyngby_2015_2018"
pv_tilt_deg = 40
pv_azimuth_deg = 180
[strategies.grid]
title = "Grid"
[strategies.grid.connection]
import_limit_mw = 0.2
import_limit_before_mw = 0.1
time_to_power_months = 18
interruptible = false
capex_eur = 100000
"""

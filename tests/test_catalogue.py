"""Catalogue of cabinets: every number has a source, prices are laws, mistakes are named."""

import json
import tomllib
from copy import deepcopy
from pathlib import Path

import pytest
from typer.testing import CliRunner

import studies
from riskmodel.catalogue import FIELDS, FILE, TRUST, CatalogueError, cabinets, read_cabinets
from riskmodel.study import StudyError, parse_study, study_from_tables
from studies.cli import app

LOWEST_USD_PER_KWH, HIGHEST_USD_PER_KWH = 110.0, 720.0


def test_every_number_has_a_unit_a_source_and_a_trust():
    for cabinet in cabinets().values():
        assert cabinet.numbers.keys() == FIELDS.keys()
        known = [*cabinet.numbers.values(), cabinet.round_trip_efficiency, *cabinet.capex_usd_per_kwh.values()]
        assert all(item.source and item.trust in TRUST for item in known)


@pytest.mark.parametrize("name", ["261", "215"])
def test_energy_is_that_of_the_cells(name):
    cabinet = cabinets()[name]
    cells = cabinet.value("cells_per_module") * cabinet.value("modules_per_string")
    kwh = cells * cabinet.value("strings_per_cabinet") * cabinet.value("cell_ah") * 3.2 / 1000.0
    assert kwh == pytest.approx(cabinet.value("energy_kwh"), rel=1e-3)


@pytest.mark.parametrize("name", ["261", "215"])
def test_a_price_is_a_law_for_each_region(name):
    laws = {region: price.law() for region, price in cabinets()[name].capex_usd_per_kwh.items()}
    assert set(laws) == {"china_ex_works", "europe_installed", "us_installed"}
    for law in laws.values():
        low, high = law.ppf(0.0), law.ppf(1.0)
        assert LOWEST_USD_PER_KWH <= low < high <= HIGHEST_USD_PER_KWH
    assert laws["china_ex_works"].mean() < laws["europe_installed"].mean() < laws["us_installed"].mean()


def test_efficiency_between_its_points_and_not_beyond():
    cabinet = cabinets()["261"]
    assert cabinet.efficiency_at(0.5) == 0.90
    assert cabinet.efficiency_at(0.375) == pytest.approx(0.5 * (0.875 + 0.90), rel=1e-12)
    with pytest.raises(ValueError, match="load = 0.05: round-trip efficiency is known from 0.1 to 1.0"):
        cabinet.efficiency_at(0.05)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("power_kw = { value = 125", "power_kw = { value = -125", "power_kw.value = -125: must be a number from 1 to"),
        ("power_kw = { value = 125", 'power_kw = { value = "125"', "power_kw.value = '125': must be a number"),
        ("modules_per_string = { value = 5", "modules_per_string = { value = 5.5", "must be a whole number"),
        ('trust = "read"', 'trust = "sure"', "must be one of read, computed, memory, judgement"),
        ("energy_kwh = {", "energy_kw = {", "cabinets.261.numbers.energy_kwh: missing"),
        ("load = [0.1, 0.25,", "load = [0.1, 0.1,", "must rise"),
        ("load = [0.1, 0.25,", "load = [0.1,", "as many as there are loads"),
        ("[cabinets.261]", "[cabinets.261", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, message):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_cabinets(file)
    assert "mine.toml" in str(caught.value)
    assert message in str(caught.value)


def test_command_lists_them_with_sources():
    done = CliRunner().invoke(app, ["cabinets", "--json"])
    assert done.exit_code == 0
    record = json.loads(done.output)["cabinets"][0]
    assert record["numbers"]["power_kw"]["unit"] == "kW"
    assert "Trina" in record["numbers"]["power_kw"]["source"]
    price = record["capex_usd_per_kwh"]["us_installed"]
    assert 236 < price["p5"] < price["mean"] < price["p95"] < 720
    plain = CliRunner().invoke(app, ["cabinets"])
    assert plain.exit_code == 0
    assert "100 kW / 215 kWh" in plain.output


def test_a_product_fills_what_a_study_leaves_out():
    tables = tomllib.loads((Path(studies.__file__).parent / "nordic_inference.toml").read_text(encoding="utf-8"))
    storage = tables["strategies"]["string_storage_pv"]["storage"]
    for field in ("cabinet_energy_kwh", "round_trip_efficiency", "capex_eur_per_kwh", "end_of_life_capacity"):
        storage.pop(field)
    storage |= {"product": "215", "price_region": "europe_installed"}
    study = study_from_tables(tables)
    filled, path = study.strategies["string_storage_pv"].storage, "strategies.string_storage_pv.storage"
    assert filled.cabinet_energy_kwh == 215.0
    assert filled.cabinet_power_kw == storage["cabinet_power_kw"]  # given in the study
    assert filled.cells_in_string == 240
    assert filled.capex_eur_per_kwh.mean() == pytest.approx((243 + 4 * 324 + 441) / 6)
    assert study.origin(f"{path}.cabinet_energy_kwh").kind == "catalogue"
    again = parse_study(study.to_toml())
    assert again == study
    assert again.origin(f"{path}.cabinet_energy_kwh").kind == "catalogue"
    for wrong, words in (({"product": "2155"}, "did you mean 215"), ({"price_region": "mars"}, "europe_installed")):
        bad = deepcopy(tables)
        bad["strategies"]["string_storage_pv"]["storage"] |= wrong
        with pytest.raises(StudyError, match=words):
            study_from_tables(bad)

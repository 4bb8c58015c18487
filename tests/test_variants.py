"""Variants of a study: fields changed as in its file, simulated in memory as `riskmodel run` does, money reused."""

import numpy as np
import pytest

import studies
from riskmodel import variants
from riskmodel.study import StudyError, parse_study
from riskmodel.variants import RangeCache, changed, evaluate
from tests.fake_engine import STUDY, fake_simulate_range

SEED = 3


def study_of(overrides=()):
    return parse_study(STUDY.format(years=4), overrides=overrides)


@pytest.mark.tiny
@pytest.mark.parametrize("name", studies.names())
def test_nothing_changed_is_the_same_study(name):
    study = studies.load(name)
    again = changed(study, [])
    assert again == study
    assert {leaf.path: str(again.origin(leaf.path)) for leaf in again.leaves()} == {
        leaf.path: str(study.origin(leaf.path)) for leaf in study.leaves()
    }


@pytest.mark.tiny
@pytest.mark.parametrize(
    "override",
    ["study.discount_rate_real=0.11", 'strategies.string.storage.product="261"', "cluster.gpu_hour_value_eur.p10=1"],
)
def test_a_change_is_what_the_file_with_it_would_be(override):
    assert changed(study_of(), [override]) == study_of([override])


@pytest.mark.tiny
def test_rates_that_follow_the_discount_rate_follow_its_change():
    study = changed(study_of(), ["study.discount_rate_real=0.11"])
    assert study.header.finance_rate_real == pytest.approx(0.11)
    stated = changed(study_of(["study.finance_rate_real=0.05"]), ["study.discount_rate_real=0.11"])
    assert stated.header.finance_rate_real == 0.05


@pytest.mark.tiny
def test_a_change_that_cannot_be_is_named():
    with pytest.raises(StudyError, match=r"small with --set site.lat=1: site.lat: .*no field lat"):
        changed(study_of(), ["site.lat=1"])


@pytest.mark.tiny
def test_the_columns_are_those_of_a_run(tmp_path):
    from riskmodel.run import run_to_folder

    study = study_of()
    results = run_to_folder(study, tmp_path, 30, SEED, simulate_range=fake_simulate_range, paths_per_range=7)
    values = evaluate(study, SEED, 30, simulate_range=fake_simulate_range)
    for name in ("npv_eur", "delta_npv_eur", "payback_simple_years", "downtime_loss_eur_per_year", "best"):
        np.testing.assert_array_equal(values.columns[name], results.column(name))
    np.testing.assert_array_equal(values.of("string", "npv_eur"), results.column("npv_eur")[:, 1])
    assert values.n_paths == 30
    assert values.baseline == "grid"


@pytest.mark.tiny
def test_ranges_are_joined_and_progress_is_told(monkeypatch):
    whole = evaluate(study_of(), SEED, 30, simulate_range=fake_simulate_range)
    monkeypatch.setattr(variants, "PATHS_PER_RANGE", 8)
    told = []
    parts = evaluate(
        study_of(),
        SEED,
        30,
        simulate_range=fake_simulate_range,
        progress=lambda done, total: told.append((done, total)),
    )
    np.testing.assert_array_equal(whole.columns["npv_eur"], parts.columns["npv_eur"])
    np.testing.assert_array_equal(whole.scalars["strategies.grid.connection.capex_eur"],
                                  parts.scalars["strategies.grid.connection.capex_eur"])  # fmt: skip
    assert told == [(0, 30), (8, 30), (16, 30), (24, 30), (30, 30)]
    later = evaluate(study_of(), SEED, 10, simulate_range=fake_simulate_range, first_path=20)
    np.testing.assert_array_equal(later.columns["npv_eur"], whole.columns["npv_eur"][20:])


@pytest.mark.tiny
def test_columns_of_ones_own():
    values = evaluate(
        study_of(), SEED, 5, simulate_range=fake_simulate_range,
        more=lambda study, result, ledger: {"first_year_eur": ledger[:, :, 1].sum(axis=-1)},
    )  # fmt: skip
    assert values.columns["first_year_eur"].shape == (5, 3)


def calls():
    """An engine that counts, and its count."""
    seen = []

    def simulate(study, seed, first, n, **how):
        seen.append((first, n))
        return fake_simulate_range(study, seed, first, n, **how)

    return simulate, seen


MONEY = (
    "study.discount_rate_real=0.11", "strategies.string.storage.capex_eur_per_kwh=300", "cluster.capex_eur_per_gpu=1",
    "cluster.gpu_hour_value_eur=0.5", "strategies.string.connection.capex_eur=1e6",
)  # fmt: skip
PHYSICS = (
    "strategies.grid.connection.time_to_power_months=30", "site.outage_rate_factor=2", "cluster.load_factor=0.7",
    "strategies.string.storage.cabinets=12", "cluster.hold_up_ms=0.0", "strategies.string.storage.reserve_share=0.5",
    'site.price_zone="SE4"', "study.years=5", "strategies.string.storage.ageing_rate_factor=1.1",
    'site.irradiance="golden_2011_2013"', "site.energy_fee_eur_per_mwh=31",
    "site.demand_charge_eur_per_kw_year=80",
)  # fmt: skip


@pytest.mark.tiny
@pytest.mark.parametrize("override", MONEY)
def test_money_walks_nothing_again(override):
    simulate, seen = calls()
    cache = RangeCache()
    before = evaluate(study_of(), SEED, 20, simulate_range=simulate, cache=cache)
    variant = changed(study_of(), [override])
    after = evaluate(variant, SEED, 20, simulate_range=simulate, cache=cache)
    assert len(seen) == cache.walked == 1
    assert cache.reused == 1
    alone = evaluate(variant, SEED, 20, cache=RangeCache(), simulate_range=fake_simulate_range)
    np.testing.assert_array_equal(after.columns["npv_eur"], alone.columns["npv_eur"])
    assert np.any(after.columns["npv_eur"] != before.columns["npv_eur"])


@pytest.mark.tiny
@pytest.mark.parametrize("override", PHYSICS)
def test_physics_are_walked_again(override):
    simulate, seen = calls()
    cache = RangeCache()
    evaluate(study_of(), SEED, 20, simulate_range=simulate, cache=cache)
    evaluate(changed(study_of(), [override]), SEED, 20, simulate_range=simulate, cache=cache)
    evaluate(study_of(), SEED + 1, 20, simulate_range=simulate, cache=cache)
    assert len(seen) == cache.walked == 3
    assert cache.reused == 0

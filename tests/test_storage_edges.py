"""Storage at its limits, in whole engine years: nothing works, all burns, more arrives, nothing may be sold.

Every study here has one strategy, storage at a site without outages, failures, fires, ageing and fees, unless a test
asks for them: what is left can be worked out by hand. Hours come from `trace_week`, of one path.
"""

import functools

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import diags_array, eye_array, hstack

import studies
from riskmodel.engine import simulate_range, trace_week
from riskmodel.ledger import Line, build_ledger
from riskmodel.quantities import Quantity

SEED, PATHS = 23, 4
NAME = "string_storage_pv"
STORAGE = f"strategies.{NAME}.storage"
CABINETS, CABINET_KWH, CABINET_KW, ETA = 19, 261.0, 125.0, np.sqrt(0.87)
ENERGY_KWH, POWER_KW = CABINETS * CABINET_KWH, CABINETS * CABINET_KW
LIMIT_KW = 1600.0
PLAIN = (
    "site.outage_rate_factor=0",
    "site.energy_fee_eur_per_mwh=0",
    "site.demand_charge_eur_per_kw_year=0",
    f"strategies.{NAME}.connection.time_to_power_months=0",
    f"strategies.{NAME}.connection.interruptible=false",
    f"{STORAGE}.ageing_rate_factor=0",
    f"{STORAGE}.charging_raises_peak=always",
    f"{STORAGE}.charge_import_limit_mw=1.6",
    f"{STORAGE}.reserve_share=0",
    f"{STORAGE}.wear_cost_eur_per_mwh=0",
    f"{STORAGE}.cabinet_availability=1",
)
FLAT = """
currency = "EUR"
utc_offset_h = 1.0
[meta]
source = "made up for a test"
window = "any"
trust = "judgement"
[periods]
only = {price}
[[calendar]]
months = "all"
days = "all"
hours = "all"
period = "only"
[demand_charge]
applies = "maximum_demand"
maximum_demand_per_kw_month = 0.0
contracted_capacity_per_kw_month = 0.0
excess_allowance = 1.05
excess_factor = 2.0
[level]
yearly_log_sd = 0.0
half_life_years = 5.0
"""


def edge_study(overrides=(), years=1, keep=()):
    """Storage alone at a quiet site; `keep`: sections of the storage that are not taken out."""
    study = studies.load("nordic_inference", [f"study.years={years}", *PLAIN, *overrides])
    mine = study.strategies[NAME]
    gone = {name: None for name in ("availability", "fire") if name not in keep}
    mine = mine.model_copy(update={"pv": None, "storage": mine.storage.model_copy(update=gone)})
    return study.model_copy(update={"strategies": {NAME: mine}})


def flat_study(folder, price, *overrides):
    """The same at a tariff with one price."""
    file = folder / "flat.toml"
    file.write_text(FLAT.format(price=price))
    return edge_study(["site.market=time_of_use", f'site.tariff="{file}"', "site.price_level_factor=1", *overrides])


def years_of(study, paths=PATHS):
    """(paths, years, quantities) of the strategy; everything in it and in its ledger is a number."""
    result = simulate_range(study, SEED, 0, paths)
    assert np.all(np.isfinite(result.annual))
    assert np.all(np.isfinite(build_ledger(study, result)))
    return result.annual[:, 0]


def hours_of(study, first=0, hours=168, path=1):
    """Traced rows by name, with the price."""
    traced = trace_week(study, SEED, path, first, hours)
    return traced["strategies"][NAME] | {"price": traced["price_eur_per_mwh"]}


def assert_balanced(rows, energy_kwh=ENERGY_KWH, eta=ETA, load_kw=None):
    """What goes in less losses is what is in the store, and the meter sees load and charging, hour by hour.

    float32 lanes: a store of some 5,000 kWh is known to 1e-3 kWh, the meter to 1e-3 kW.
    """
    stored = rows["state_of_charge"] * energy_kwh
    moved = rows["charge_kw"] * eta - rows["discharge_kw"] / eta
    assert np.diff(stored) == pytest.approx(moved[1:], abs=5e-3)
    assert stored.min() >= 0.0
    assert stored.max() <= np.max(energy_kwh) * (1.0 + 1e-6)
    load = rows["import_kw"] - rows["charge_kw"] + rows["discharge_kw"]
    assert np.ptp(load) < 5e-3 if load_kw is None else load == pytest.approx(load_kw, abs=5e-3)
    assert np.all(rows["charge_kw"] * rows["discharge_kw"] == 0.0)
    assert max(rows["charge_kw"].max(), rows["discharge_kw"].max()) <= POWER_KW * (1.0 + 1e-6)


def best_week_eur(rows, energy_kwh=ENERGY_KWH, eta=ETA):
    """Most that trading could have earned from the second hour on, from and to the store of the trace: LP optimum."""
    stored = rows["state_of_charge"] * ENERGY_KWH
    price, n = rows["price"][1:] / 1000.0, rows["price"].size - 1
    load = float(np.mean(rows["import_kw"] - rows["charge_kw"] + rows["discharge_kw"]))
    step = diags_array([np.ones(n), -np.ones(n - 1)], offsets=[0, -1])  # store at the end less that before
    balance = hstack([step, -eta * eye_array(n), (1.0 / eta) * eye_array(n)])
    start = np.zeros(n)
    start[0] = stored[0]
    bounds = [(0.0, energy_kwh)] * (n - 1) + [(stored[-1], stored[-1])]
    bounds += [(0.0, min(POWER_KW, LIMIT_KW - load))] * n + [(0.0, min(POWER_KW, load))] * n
    found = linprog(np.concatenate([np.zeros(n), price, -price]), A_eq=balance, b_eq=start, bounds=bounds)
    assert found.status == 0
    return -found.fun


def earned_eur(rows):
    """What trading earned from the second hour on."""
    return float(np.sum((rows["discharge_kw"] - rows["charge_kw"])[1:] * rows["price"][1:]) / 1000.0)


@functools.lru_cache(maxsize=1)
def quiet():
    """The plain study."""
    return edge_study()


@pytest.mark.parametrize("first", [0, 2000, 5000])
def test_week_of_trading_keeps_its_energy_and_earns_less_than_perfect_foresight(first):
    rows = hours_of(quiet(), first)
    assert_balanced(rows)
    earned, best = earned_eur(rows), best_week_eur(rows)
    assert 0.0 < earned <= best * (1.0 + 1e-6)
    assert earned > 0.8 * best  # known prices end tomorrow: 0.92 to 0.99 of the best in these weeks


def test_negative_control_a_smaller_store_cannot_earn_as_much():
    """The bound is not loose: with a tenth of the energy, perfect foresight earns less than the operator did."""
    rows = hours_of(quiet(), 2000)
    rows = rows | {"state_of_charge": rows["state_of_charge"] * 0.0}
    assert earned_eur(rows) > best_week_eur(rows, energy_kwh=0.1 * ENERGY_KWH)


def test_no_cabinet_works_all_year():
    """All cabinets are one group that fails each day it is there, 50 x 20 times a year, and is away for a year."""
    group = (
        f"group_cabinets={CABINETS}", "group_failures_per_year=50", "group_repair_h=8760", "failure_rate_factor=20",
    )  # fmt: skip
    study = edge_study([f"{STORAGE}.availability.{text}" for text in group], keep=("availability",))
    year = years_of(study)[:, 0]
    down = year[:, Quantity.DOWN_CABINET_DAYS] / CABINETS
    # it works on the first day, and on the day after each return, of which there is one a year: 1 + 1 of 365
    assert np.all(down >= 365 - 10)
    assert np.all(year[:, Quantity.CHARGE_KWH] <= 10 * 24 * POWER_KW)
    dead = hours_of(study, 24 * 40, 24 * 30)
    assert np.all(dead["charge_kw"] == 0.0)
    assert np.all(dead["discharge_kw"] == 0.0)
    assert np.ptp(dead["import_kw"]) == 0.0


def test_all_cabinets_burn():
    """Fires a thousand times too often that reach every neighbour: one fire takes all, and no cabinet is back."""
    fire = (
        "fires_per_cabinet_year=0.1", "fire_rate_factor=100", "fire_area_kwh=1e6", "spacing_m=0",
        "spread_probability_touching=1", "months_out=120", "stop_days=0",
    )  # fmt: skip
    study = edge_study([f"{STORAGE}.fire.{text}" for text in fire], keep=("availability", "fire"))
    year = years_of(study)[:, 0]
    assert np.all(year[:, Quantity.BURNED_CABINETS] == CABINETS)
    # 19 x 0.1 x 100 fires a year: the first within days, 1.9 on average
    assert np.all(year[:, Quantity.DOWN_CABINET_DAYS] >= CABINETS * 330)
    dead = hours_of(study, 24 * 60, 24 * 30)
    assert np.all(dead["charge_kw"] + dead["discharge_kw"] == 0.0)
    ledger = build_ledger(study, simulate_range(study, SEED, 0, PATHS))
    assert np.all(ledger[:, 0, 1, Line.STORAGE_FIRE] < -CABINETS * CABINET_KWH * 100.0)


def test_cabinets_added_by_plan_arrive_empty():
    """19 cabinets in year 1 and 24 from year 2: what is stored goes on, and there is more room and own use."""
    study = edge_study([f"{STORAGE}.added_in_years=[2]", f"{STORAGE}.added_cabinets=[5]"], years=2)
    years = years_of(study)
    assert years[:, :, Quantity.CABINETS_ADDED].tolist() == [[5.0, 0.0]] * PATHS
    rows = hours_of(study, 8760 - 84)
    later = np.arange(168) >= 84
    energy = np.where(later, 24 * CABINET_KWH, ENERGY_KWH)
    load = rows["import_kw"] - rows["charge_kw"] + rows["discharge_kw"]
    own_kw = 5 * 0.6
    assert load[84] - load[83] == pytest.approx(own_kw, abs=5e-3)
    stored = rows["state_of_charge"] * energy
    moved = rows["charge_kw"] * ETA - rows["discharge_kw"] / ETA
    assert np.diff(stored) == pytest.approx(moved[1:], abs=5e-3)
    assert rows["charge_kw"].max() <= 24 * CABINET_KW * (1.0 + 1e-6)
    ledger = build_ledger(study, simulate_range(study, SEED, 0, PATHS))
    assert np.all(ledger[:, 0, 1, Line.STORAGE_EXPANSION] < 0.0)
    assert np.all(ledger[:, 0, 2, Line.STORAGE_EXPANSION] == 0.0)


def test_all_of_the_store_kept_for_outages():
    """reserve_share = 1: it fills once, 4,959 kWh / 0.9327 at the meter, and without outages nothing comes out."""
    study = edge_study([f"{STORAGE}.reserve_share=1"])
    year = years_of(study)[:, 0]
    assert np.all(year[:, Quantity.DISCHARGE_KWH] == 0.0)
    assert year[:, Quantity.CHARGE_KWH] == pytest.approx([ENERGY_KWH / ETA] * PATHS, rel=1e-5)
    assert hours_of(study, 8000)["state_of_charge"] == pytest.approx(1.0, abs=1e-6)


def test_one_price_all_year_gives_nothing_to_trade_on(tmp_path):
    """At 60 EUR/MWh in every hour any trade loses, so at most one fill is bought and kept."""
    study = flat_study(tmp_path, 60.0)
    rows = hours_of(study)
    assert rows["price"] == pytest.approx(60.0, rel=1e-6)
    year = years_of(study)[:, 0]
    assert np.all(year[:, Quantity.DISCHARGE_KWH] == 0.0)
    assert np.all(year[:, Quantity.CHARGE_KWH] <= ENERGY_KWH / ETA * (1.0 + 1e-5))
    assert np.all(year[:, Quantity.ARBITRAGE_EUR] <= 0.0)


def test_one_price_without_losses_and_wear_earns_nothing(tmp_path):
    """A trade at no gain and no loss may be made, but earns nothing, and never charges and discharges in one hour."""
    study = flat_study(tmp_path, 60.0, f"{STORAGE}.round_trip_efficiency=1")
    assert_balanced(hours_of(study), eta=1.0)
    year = years_of(study)[:, 0]
    traded_eur = year[:, Quantity.CHARGE_KWH] * 60.0 / 1000.0
    assert np.all(year[:, Quantity.ARBITRAGE_EUR] <= 1e-6 * traded_eur)


def test_negative_prices_all_year_pay_for_one_fill(tmp_path):
    """At -20 EUR/MWh in every hour: filling earns 20 x 4.959 / 0.9327 = 106 EUR, and taking out would cost."""
    study = flat_study(tmp_path, -20.0, f"{STORAGE}.wear_cost_eur_per_mwh=10")
    year = years_of(study)[:, 0]
    fill_mwh = ENERGY_KWH / ETA / 1000.0
    assert year[:, Quantity.ARBITRAGE_EUR] == pytest.approx([20.0 * fill_mwh] * PATHS, rel=1e-4)
    assert np.all(year[:, Quantity.DISCHARGE_KWH] == 0.0)
    load_mwh = (year[:, Quantity.IMPORT_KWH] - year[:, Quantity.CHARGE_KWH]) / 1000.0
    assert year[:, Quantity.ENERGY_COST_EUR] == pytest.approx(-20.0 * (load_mwh + fill_mwh), rel=1e-5)


def test_burning_energy_at_negative_prices_is_within_perfect_foresight(tmp_path):
    """Without a cost of wear losses earn money at -20 EUR/MWh, but a converter never charges and discharges at once."""
    study = flat_study(tmp_path, -20.0)
    for first in (0, 2000):
        rows = hours_of(study, first)
        assert_balanced(rows)
        assert earned_eur(rows) <= best_week_eur(rows) * (1.0 + 1e-5)
    year = years_of(study)[:, 0]
    burned_mwh = (year[:, Quantity.CHARGE_KWH] - year[:, Quantity.DISCHARGE_KWH]) / 1000.0
    assert year[:, Quantity.ARBITRAGE_EUR] == pytest.approx(20.0 * burned_mwh, rel=1e-4)


def test_store_without_losses():
    """round_trip_efficiency = 1: what comes out went in, to the kWh, and trading earns no less than with losses."""
    study = edge_study([f"{STORAGE}.round_trip_efficiency=1"])
    year, lossy = years_of(study)[:, 0], years_of(quiet())[:, 0]
    left = year[:, Quantity.CHARGE_KWH] - year[:, Quantity.DISCHARGE_KWH]
    slack = 1e-5 * year[:, Quantity.CHARGE_KWH]
    assert np.all(left >= -slack)
    assert np.all(left <= ENERGY_KWH + slack)
    assert np.all(year[:, Quantity.ARBITRAGE_EUR] > lossy[:, Quantity.ARBITRAGE_EUR])
    rows = hours_of(study, 2000)
    assert_balanced(rows, eta=1.0)
    earned, best = earned_eur(rows), best_week_eur(rows, eta=1.0)
    assert 0.8 * best < earned <= best * (1.0 + 1e-6)

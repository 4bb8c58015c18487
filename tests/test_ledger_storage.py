"""Money of cabinets one by one, by hand: growth, service, fire, demand response; and no line counted twice."""

import numpy as np
import pytest

from riskmodel.ledger import N_LINES, Line, build_ledger, sum_of
from riskmodel.quantities import N_QUANTITIES, Quantity
from riskmodel.range_result import RangeResult
from riskmodel.study import parse_study
from tests.fake_engine import STUDY

STORAGE = "strategies.string.storage."
CALLED = [
    STORAGE + "demand_response.required_mw=0.5",
    STORAGE + "demand_response.energy_share=0.2",
    STORAGE + "demand_response.availability_eur_per_mw_month=2000",
    STORAGE + "demand_response.energy_eur_per_mwh=100",
    STORAGE + "demand_response.penalty_eur_per_mwh=500",
    STORAGE + "demand_response.calls_per_year=15",
]
SIMULATED = [
    STORAGE + "availability.repairs_in_maintenance=false",
    STORAGE + "fire.fire_area_kwh=600",
    STORAGE + "fire.clean_up_eur_per_fire=200000",
]


def books(*overrides, years=3, **quantities):
    """Ledger of the storage strategy on one path with given yearly quantities, (years + 1, lines) [EUR]."""
    study = parse_study(STUDY.format(years=years), overrides=[STORAGE + "price_growth_real_per_year=-0.1", *overrides])
    annual = np.zeros((1, 3, years, N_QUANTITIES))
    for name, by_year in quantities.items():
        annual[0, 1, :, Quantity[name]] = by_year
    scalars = {field: np.array([law.mean()]) for field, _, law in study.law_fields()}
    return build_ledger(study, RangeResult(0, annual, scalars, {}, tuple(study.strategy_names)))[0, 1]


def test_cabinets_added_later_cost_that_years_price_and_are_serviced():
    # ten of 261 kWh at 250 EUR/kWh: 65,250 each, 10 % less each year: 58,725 and 52,852.50 at the ends of years 1, 2
    book = books(CABINETS_ADDED=[2.0, 3.0, 0.0])
    assert book[0, Line.STORAGE_CAPEX] == pytest.approx(-652_500.0)
    np.testing.assert_allclose(book[:, Line.STORAGE_EXPANSION], [0, -2 * 58_725.0, -3 * 52_852.5, 0])
    # service 2 % of 65,250 for each of 10, 12 and 15 cabinets, and 15,000 for the PV
    np.testing.assert_allclose(book[1:, Line.MAINTENANCE], [-1305.0 * n - 15_000.0 for n in (10, 12, 15)])


def test_repairs_are_paid_once():
    used = {"CONVERTER_PARTS": [3, 0, 0], "BATTERY_PARTS": [7, 0, 0], "SERVICE_VISITS": [15, 0, 0]}
    # 3 x 5,000 + 7 x 1,500 + 15 x 800
    assert books(*SIMULATED, **used)[1, Line.STORAGE_REPAIR] == pytest.approx(-37_500.0)
    in_contract = books(STORAGE + "availability.repairs_in_maintenance=true", **used)
    assert not in_contract[:, Line.STORAGE_REPAIR].any()


def test_fires_cost_new_cabinets_and_cleaning():
    # year 2: one fire of three cabinets: 3 x (52,852.50 + 20,000) + 200,000
    book = books(*SIMULATED, FIRES=[0, 1, 0], BURNED_CABINETS=[0, 3, 0])
    np.testing.assert_allclose(book[:, Line.STORAGE_FIRE], [0, 0, -(3 * 72_852.5 + 200_000.0), 0])


def test_demand_response_and_its_cap():
    # 0.5 MW for 73 of 365 days = 2.4 months x 2,000 = 2,400; 4 MWh x 100; 2 MWh missing x 500 = 1,000
    asked = {"CALL_READY_DAYS": [73, 73, 0], "CALL_REQUIRED_KWH": [6e3, 60e3, 0], "CALL_DELIVERED_KWH": [4e3, 4e3, 0]}
    book = books(*CALLED, **asked)
    np.testing.assert_allclose(book[1, Line.DEMAND_AVAILABILITY : Line.SERVICE_CREDITS], [2400.0, 400.0, -1000.0])
    # 56 MWh missing would cost 28,000: no more than what was paid for being ready
    np.testing.assert_allclose(book[2, Line.DEMAND_AVAILABILITY : Line.SERVICE_CREDITS], [2400.0, 400.0, -2400.0])
    assert not books(**asked)[:, Line.DEMAND_AVAILABILITY : Line.SERVICE_CREDITS].any()


def test_each_quantity_moves_its_own_lines_only():
    every = [*SIMULATED, *CALLED]
    moved = {
        "CABINETS_ADDED": {Line.STORAGE_EXPANSION, Line.MAINTENANCE},
        "CONVERTER_PARTS": {Line.STORAGE_REPAIR},
        "BATTERY_PARTS": {Line.STORAGE_REPAIR},
        "SERVICE_VISITS": {Line.STORAGE_REPAIR},
        "FIRES": {Line.STORAGE_FIRE},
        "BURNED_CABINETS": {Line.STORAGE_FIRE},
        "REPLACED": {Line.STORAGE_REPLACEMENT},
        "CALL_READY_DAYS": {Line.DEMAND_AVAILABILITY},
        "CALL_DELIVERED_KWH": {Line.DEMAND_ENERGY},
        "DOWN_CABINET_DAYS": set(),
        "CALLS": set(),
    }
    none = books(*every)
    for name, lines in moved.items():
        change = books(*every, **{name: [1.0, 0.0, 0.0]}) - none
        assert {Line(k) for k in range(N_LINES) if change[:, k].any()} == lines, name
        assert sum_of(change, range(N_LINES)).any() == bool(lines)


def test_contracted_capacity_is_charged_and_its_excess_twice():
    rate = ["site.demand_charge_basis=contracted", "strategies.string.connection.contracted_mw=1.5"]
    book = books(*rate, PEAK_IMPORT_KW=[1400, 1600, 1600], EXCESS_IMPORT_KW=[0, 100, 50])
    # 40 EUR/kW x (1,500, 1,500 + 2 x 100, 1,500 + 2 x 50)
    np.testing.assert_allclose(book[1:, Line.DEMAND_CHARGE], [-60_000.0, -68_000.0, -64_000.0])


def test_a_cluster_that_grows_is_paid_as_it_comes():
    book = books("cluster.installed_share_by_year=[0.5,1.0]", "cluster.refresh_years=0")
    np.testing.assert_allclose(book[:, Line.CLUSTER_CAPEX], [-12e6, -12e6, 0, 0])

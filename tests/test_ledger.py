"""Ledger: a path solved by hand, and sums that add up."""

import numpy as np
import pytest

from riskmodel.early_power import early_power
from riskmodel.finance import IrrStatus
from riskmodel.ledger import Line, build_ledger, refresh_years, sum_of
from riskmodel.path_tables import benefit_columns
from riskmodel.quantities import N_QUANTITIES, Quantity
from riskmodel.range_result import RangeResult
from tests.fake_engine import fake_simulate_range, small_study


def hand_made(study):
    """One path, with round numbers."""
    annual = np.zeros((1, 3, 4, N_QUANTITIES))
    annual[..., Quantity.ENERGY_COST_EUR] = 100_000.0
    annual[..., Quantity.EXPORT_INCOME_EUR] = 500.0
    annual[..., Quantity.IMPORT_KWH] = 2_000_000.0
    annual[..., Quantity.EXPORT_KWH] = 50_000.0
    annual[..., Quantity.PEAK_IMPORT_KW] = 1_000.0
    annual[..., Quantity.GENSET_KWH] = 700.0
    annual[..., Quantity.POTENTIAL_GPU_HOURS] = 1_000_000.0
    annual[..., Quantity.POWERED_GPU_HOURS] = 900_000.0
    annual[..., Quantity.LOST_REWORK_GPU_HOURS] = 10.0
    annual[..., Quantity.LOST_WAITING_GPU_HOURS] = 20.0
    annual[..., Quantity.LOST_RESTART_GPU_HOURS] = 30.0
    annual[..., Quantity.LOST_CAPPED_GPU_HOURS] = 40.0
    annual[..., Quantity.LOST_HARDWARE_GPU_HOURS] = 50.0
    annual[..., Quantity.DAMAGED_SERVERS] = 2.0
    annual[:, 1, [1, 3], Quantity.REPLACED] = 1.0
    scalars = {field: np.array([law.mean()]) for field, _, law in study.law_fields()}
    scalars["cluster.gpu_hour_value_eur"] = np.array([2.0])
    scalars["strategies.grid.connection.capex_eur"] = np.array([3_200_000.0])
    return RangeResult(0, annual, scalars, {}, tuple(study.strategy_names))


def all_powered(study, years):
    """One path in which every GPU has power from the first day."""
    annual = np.zeros((1, 3, years, N_QUANTITIES))
    annual[..., Quantity.POTENTIAL_GPU_HOURS] = annual[..., Quantity.POWERED_GPU_HOURS] = 1_000_000.0
    scalars = {field: np.array([law.mean()]) for field, _, law in study.law_fields()}
    return RangeResult(0, annual, scalars, {}, tuple(study.strategy_names))


def test_early_power_is_lost_income_less_energy_not_bought():
    study = small_study()
    result = all_powered(study, 4)
    # the baseline has no power for half of year 1: 500,000 GPU-h at 1.5 EUR, of 3.5 million powered in 4 years
    result.annual[0, 0, 0, Quantity.POWERED_GPU_HOURS] = 500_000.0
    ledger = np.zeros((1, 3, 5, len(Line)))
    ledger[0, 0, 1, Line.WAITING_FOR_POWER] = -750_000.0
    ledger[0, 0, 1:, Line.ENERGY_PURCHASE] = [-50_000.0, -100_000.0, -100_000.0, -100_000.0]
    ledger[0, 1:, 1:, Line.ENERGY_PURCHASE] = -100_000.0
    # energy cost 350,000 over 3.5 million GPU-h = 0.1 EUR; 500,000 of them not bought = 50,000
    value = early_power(result, ledger, 0)
    np.testing.assert_allclose(value[0, 0], 0.0)
    np.testing.assert_allclose(value[0, 1], [0.0, 700_000.0, 0.0, 0.0, 0.0])


def test_nothing_is_paid_back_before_there_is_power():
    study = small_study()
    result = all_powered(study, 4)
    ledger = np.zeros((1, 3, 5, len(Line)))
    ledger[0, 1, 0, Line.PV_CAPEX] = -1e6
    ledger[0, 1, 1, Line.COMPUTE_INCOME] = 4e6
    # power after 4 of 12 months; a quarter of what the other 8 bring pays it back: 4 + 2 months
    columns = benefit_columns(study, result, ledger, 0, early_power(result, ledger, 0))
    assert columns["payback_simple_years"][0, 1] == pytest.approx(0.5)


def test_ledger_by_hand():
    study = small_study()
    ledger = build_ledger(study, hand_made(study))
    assert ledger.shape == (1, 3, 5, len(Line))
    grid, string, diesel = ledger[0]
    # cluster: 800 GPUs x 30,000; half of it again at the end of year 2 (refresh every 2 years, not at the horizon)
    assert refresh_years(study) == [2]
    for book in (grid, string, diesel):
        np.testing.assert_array_equal(book[:, Line.CLUSTER_CAPEX], [-24e6, 0, 0, 0, 0])
        np.testing.assert_array_equal(book[:, Line.CLUSTER_REFRESH], [0, 0, -12e6, 0, 0])
    assert grid[0, Line.CONNECTION_CAPEX] == -3_200_000.0
    # storage 10 x 261 kWh x 250 EUR = 652,500; replaced at half price after year 2; not again at the horizon
    assert string[0, Line.STORAGE_CAPEX] == pytest.approx(-652_500.0)
    np.testing.assert_allclose(string[:, Line.STORAGE_REPLACEMENT], [0, 0, -326_250.0, 0, 0])
    assert string[0, Line.PV_CAPEX] == pytest.approx(-1_000_000.0)
    assert diesel[0, Line.UPS_CAPEX] == pytest.approx(-450_000.0)
    assert diesel[0, Line.GENSET_CAPEX] == pytest.approx(-1_400_000.0)
    # maintenance: 2 % of 652,500 + 15 x 1,000 kWp; 10 x 1,500 kW + 18 x 2,000 kW; none before year 1
    np.testing.assert_allclose(string[:, Line.MAINTENANCE], [0] + [-28_050.0] * 4)
    np.testing.assert_allclose(diesel[:, Line.MAINTENANCE], [0] + [-51_000.0] * 4)
    assert not grid[:, Line.MAINTENANCE].any()
    # energy: 2,000 MWh x 30 EUR; 1,000 kW x 40 EUR; export 500 - 50 MWh x 2 EUR; fuel 700 kWh x 0.3 where gensets are
    assert grid[1, Line.ENERGY_PURCHASE] == -100_000.0
    assert grid[1, Line.ENERGY_FEES] == pytest.approx(-60_000.0)
    assert grid[1, Line.DEMAND_CHARGE] == pytest.approx(-40_000.0)
    assert grid[1, Line.ENERGY_EXPORT] == pytest.approx(400.0)
    assert diesel[1, Line.FUEL] == pytest.approx(-210.0)
    assert grid[1, Line.FUEL] == 0.0
    # a GPU-hour: 2 EUR x 0.8 occupancy = 1.6, falling by 10 % a year
    np.testing.assert_allclose(grid[1:, Line.COMPUTE_INCOME], 1e6 * 1.6 * 0.9 ** np.arange(4))
    np.testing.assert_allclose(grid[1:, Line.WAITING_FOR_POWER], -1e5 * 1.6 * 0.9 ** np.arange(4))
    np.testing.assert_allclose(grid[1, Line.DOWNTIME_REWORK : Line.DOWNTIME_HARDWARE], [-16, -32, -48, -64])
    assert grid[1, Line.DOWNTIME_HARDWARE] == pytest.approx(-50 * 1.6 - 2 * 5000)


def test_seed_case_has_no_incremental_payback_and_a_long_one_of_its_own():
    """Grid 3.2 million EUR and 850,000 a year against PV and storage 2.8 million and 680,000."""
    study = small_study(years=20)
    ledger = np.zeros((1, 3, 21, len(Line)))
    ledger[0, :, 0, Line.CONNECTION_CAPEX] = [-3.2e6, 0.0, -4.0e6]
    ledger[0, 1, 0, Line.PV_CAPEX] = -2.8e6
    ledger[0, :, 1:, Line.ENERGY_PURCHASE] = np.array([[-850e3], [-680e3], [-800e3]])
    columns = benefit_columns(study, all_powered(study, 20), ledger, 0, np.zeros((1, 3, 21)))
    assert columns["payback_simple_years"][0, 1] == pytest.approx(2.8e6 / 170e3)
    assert columns["payback_incremental_years"][0, 1] == 0.0
    assert round(100 * columns["irr"][0, 1], 1) == 1.9
    # the third costs 0.8 million more than the grid and saves 50,000 a year: 16 years, 80 of its own
    assert columns["payback_incremental_years"][0, 2] == pytest.approx(16.0)
    assert np.isinf(columns["payback_simple_years"][0, 2])
    assert np.isnan(columns["payback_simple_years"][0, 0])
    assert columns["irr_status"].tolist() == [[IrrStatus.NOT_APPLICABLE, IrrStatus.UNIQUE, IrrStatus.UNIQUE]]


def test_a_path_has_the_same_ledger_in_any_range():
    study = small_study()
    whole = build_ledger(study, fake_simulate_range(study, 3, 0, 40))
    parts = [build_ledger(study, fake_simulate_range(study, 3, first, n)) for first, n in ((0, 1), (1, 29), (30, 10))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_lines_add_up_and_signs_are_right():
    study = small_study()
    ledger = build_ledger(study, fake_simulate_range(study, 3, 0, 50))
    np.testing.assert_allclose(sum_of(ledger, range(len(Line))), ledger.sum(axis=-1), rtol=1e-12)
    income = (Line.COMPUTE_INCOME, Line.ENERGY_EXPORT)
    for line in Line:
        assert (ledger[..., line] >= 0).all() if line in income else (ledger[..., line] <= 0).all()
    assert not np.isnan(ledger).any()

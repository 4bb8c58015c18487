"""Demand charges by hand, and the best contract against every contract."""

import numpy as np
import pytest

from riskmodel.demand_charge import best_contracted_capacity_kw, contracted_capacity_charge, maximum_demand_charge

PEAKS = np.array([100.0, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 300])


@pytest.mark.tiny
def test_maximum_demand_by_hand():
    # the peaks sum to 1,950 kW; 5 a kW-month
    assert maximum_demand_charge(PEAKS, 5.0) == 9750.0
    assert maximum_demand_charge(np.stack([PEAKS, 2.0 * PEAKS]), 5.0).tolist() == [9750.0, 19500.0]


@pytest.mark.tiny
def test_contract_by_hand():
    # contract 180 at 3: 12 x 180 x 3 = 6,480; excess 10 + 20 + 120 = 150 at 2 x 3 = 900
    assert contracted_capacity_charge(PEAKS, 180.0, 3.0) == 7380.0
    # 5 % allowed: up to 189; excess 1 + 11 + 111 = 123 at 6 = 738
    assert contracted_capacity_charge(PEAKS, 180.0, 3.0, 1.05) == pytest.approx(7218.0, rel=1e-12)
    # a contract above every peak has no excess
    assert contracted_capacity_charge(PEAKS, 300.0, 3.0) == 10800.0


@pytest.mark.tiny
def test_best_contract_by_hand():
    # 12 kW-months buy one kW; at factor 4 it saves 4 in each month above: worth it while more than 3 months are above.
    # So three months (190, 200, 300) stay above and the contract is the fourth highest peak
    assert best_contracted_capacity_kw(PEAKS, 1.0, 4.0) == 180.0
    # at factor 2 six months may stay above: the seventh highest
    assert best_contracted_capacity_kw(PEAKS, 1.0, 2.0) == 150.0
    # excess no dearer than contract: none is best; a steep factor: the highest peak
    assert best_contracted_capacity_kw(PEAKS, 1.0, 1.0) == 0.0
    assert best_contracted_capacity_kw(PEAKS, 1.0, 20.0) == 300.0
    # 5 % allowed: 12 / (1.05 x 2) = 5.7, so five stay above: 160 / 1.05
    assert best_contracted_capacity_kw(PEAKS, 1.05, 2.0) == pytest.approx(160.0 / 1.05, rel=1e-12)


@pytest.mark.tiny
@pytest.mark.parametrize("factor", [1.0, 1.3, 1.5, 2.0, 3.0, 4.0, 13.0])
@pytest.mark.parametrize("allowance", [1.0, 1.05, 1.5])
def test_no_other_contract_is_cheaper(allowance, factor):
    rng = np.random.default_rng(11)
    peaks = rng.gamma(20.0, 10.0, (30, 12))
    best = best_contracted_capacity_kw(peaks, allowance, factor)
    cost = contracted_capacity_charge(peaks, best, 3.0, allowance, factor)
    for other in np.linspace(0.0, 400.0, 201):
        assert (cost <= contracted_capacity_charge(peaks, np.full(30, other), 3.0, allowance, factor) + 1e-9).all()
    # control: a contract one half above the highest peak is dearer for everyone
    assert (contracted_capacity_charge(peaks, 1.5 * peaks.max(axis=1), 3.0, allowance, factor) > cost).all()


@pytest.mark.tiny
def test_equal_months_need_no_excess():
    flat = np.full(12, 500.0)
    assert best_contracted_capacity_kw(flat, 1.0, 2.0) == 500.0
    assert contracted_capacity_charge(flat, 500.0, 3.0) == maximum_demand_charge(flat, 3.0)

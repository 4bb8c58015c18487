"""Cash-flow arithmetic against two other programs on random flows, and edge cases of paybacks and rates."""

import math

import numpy as np
import pytest

from riskmodel import finance
from riskmodel.finance import IrrStatus

NOT_HERE = "a program to compare with, not needed to run: pip install numpy-financial pyxirr"


def random_flows(n=300, years=20):
    """Outlays in the first two years, then returns with a spread that makes rates from -20 to 60 %."""
    rng = np.random.default_rng(11)
    flows = rng.lognormal(0.0, 0.6, (n, years + 1)) * rng.uniform(1.0, 30.0, (n, 1))
    flows[:, 0] = -rng.uniform(20.0, 100.0, n)
    flows[:, 1] = -rng.uniform(0.0, 20.0, n)
    return flows


@pytest.mark.parametrize("program", ["numpy_financial", "pyxirr"])
def test_other_programs_agree(program):
    other = pytest.importorskip(program, reason=NOT_HERE)
    flows = random_flows()
    own = finance.net_present_value(flows, 0.07)
    theirs = [other.npv(0.07, flow) for flow in flows]
    np.testing.assert_allclose(own, theirs, rtol=1e-9)
    rate, status = finance.internal_rate_of_return(flows)
    assert (status == IrrStatus.UNIQUE).all()
    np.testing.assert_allclose(1 + rate, [1 + other.irr(flow) for flow in flows], rtol=1e-9)
    mirr = finance.modified_internal_rate_of_return(flows, 0.06, 0.09)
    np.testing.assert_allclose(1 + mirr, [1 + other.mirr(flow, 0.06, 0.09) for flow in flows], rtol=1e-9)


def test_annuities_agree():
    other = pytest.importorskip("numpy_financial", reason=NOT_HERE)
    from riskmodel.debt import level_loan

    rng = np.random.default_rng(3)
    for _ in range(30):
        amount, rate, tenor = rng.uniform(1e3, 1e8), rng.uniform(0.001, 0.3), int(rng.integers(1, 30))
        loan = level_loan(np.array([amount]), np.array([rate]), tenor, 30, "annuity")
        payment = -other.pmt(rate, tenor, amount)
        np.testing.assert_allclose((loan.interest + loan.principal)[0, 1 : tenor + 1], payment, rtol=1e-9)
        interest = [-float(other.ipmt(rate, year, tenor, amount)) for year in range(1, tenor + 1)]
        np.testing.assert_allclose(loan.interest[0, 1 : tenor + 1], interest, rtol=1e-7, atol=1e-9 * amount)


def test_payback_edges():
    last = [[-100.0, 30.0, 30.0, 50.0]]  # -40 before the last year, 4/5 of which pays it back
    assert finance.payback(last)[0] == pytest.approx(2.8)
    falls_back = [[-100.0, 150.0, -80.0, 60.0]]  # +50 after year 1, -30 after year 2, +30 in the end
    assert finance.payback(falls_back)[0] == pytest.approx(100 / 150)
    assert finance.payback_sustained(falls_back)[0] == pytest.approx(2.5)
    assert math.isinf(finance.payback([[-100.0, 40.0, 59.0]])[0])
    assert math.isinf(finance.payback_sustained([[-100.0, 150.0, -80.0, 20.0]])[0])
    assert finance.payback([[5.0, -3.0]])[0] == 0.0
    exact = [[-100.0, 60.0, 40.0, 0.0]]
    assert finance.payback(exact)[0] == pytest.approx(2.0)
    assert finance.payback_sustained(exact)[0] == pytest.approx(2.0)


def test_two_rates_are_no_rate():
    flow = np.array([-100.0, 230.0, -132.0])
    np.testing.assert_allclose(finance.net_present_value(flow, [0.1, 0.2]), 0.0, atol=1e-12)
    rate, status = finance.internal_rate_of_return([flow])
    assert status[0] == IrrStatus.NOT_UNIQUE
    assert np.isnan(rate[0])


def test_profitability_index_by_hand():
    flow, spent = [-100.0, 44.0, 96.8], [-100.0, 0.0, 0.0]
    # 44 / 1.1 + 96.8 / 1.21 = 120 over 100
    assert finance.profitability_index([flow], [spent], 0.1)[0] == pytest.approx(1.2)
    assert np.isnan(finance.profitability_index([[0.0, 1.0]], [[0.0, 0.0]], 0.1)[0])


def test_levelised_cost_by_hand():
    # 1,000 and 110 a year over 2 years for 100 MWh a year at 10 %: (1000 + 110/1.1 + 110/1.21) / (100/1.1 + 100/1.21)
    cost = finance.levelised_cost([[1000.0, 110.0, 110.0]], [[0.0, 100.0, 100.0]], 0.1)[0]
    assert cost == pytest.approx((1000 + 100 + 90.909090909) / (90.909090909 + 82.644628099))
    # a price of that much brings the NPV to zero
    revenue = np.array([[0.0, 100.0, 100.0]]) * cost - np.array([[1000.0, 110.0, 110.0]])
    assert finance.net_present_value(revenue, 0.1)[0] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(finance.levelised_cost([[1.0, 1.0]], [[0.0, 0.0]], 0.1)[0])

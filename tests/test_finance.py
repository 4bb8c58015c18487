"""Finance: the published seed case, hand-solved flows, identities."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel import finance
from riskmodel.finance import IrrStatus


def seed_case(years):
    """2.8 million EUR out, 170,000 EUR a year back."""
    return np.array([[-2.8e6] + [170e3] * years])


@pytest.mark.parametrize(("years", "percent"), [(15, -1.1), (20, 1.9), (25, 3.5)])
def test_seed_case_internal_rate(years, percent):
    rate, status = finance.internal_rate_of_return(seed_case(years))
    assert status[0] == IrrStatus.UNIQUE
    assert round(100 * rate[0], 1) == percent


def test_seed_case_payback_and_value():
    assert finance.payback(seed_case(20))[0] == pytest.approx(2.8e6 / 170e3, rel=1e-14)  # 16.47 years
    assert math.isinf(finance.payback(seed_case(15))[0])
    assert math.isinf(finance.payback(seed_case(25), 0.08)[0])  # 170,000 / 0.08 is under 2.8 million: never
    assert round(finance.net_present_value(seed_case(10), 0.08)[0], -3) == -1_659_000
    assert round(finance.net_present_value(seed_case(15), 0.08)[0], -3) == -1_345_000


def test_paybacks_by_hand():
    # cumulative -10, -4, 2 (crosses 4/6 into year 2), -3, 5 (crosses 3/8 into year 4)
    flow = [[-10.0, 6.0, 6.0, -5.0, 8.0]]
    assert finance.payback(flow)[0] == pytest.approx(1 + 4 / 6, rel=1e-15)
    assert finance.payback_sustained(flow)[0] == pytest.approx(3 + 3 / 8, rel=1e-15)
    # at 100 %: -10, +3, +1.5, -0.625, +0.5: never
    assert math.isinf(finance.payback(flow, 1.0)[0])
    # at 10 %: -10 + 5.4545 + 4.9587: crosses 4.5455/4.9587 into year 2
    assert finance.payback(flow, 0.1)[0] == pytest.approx(1 + (10 - 6 / 1.1) / (6 / 1.21), rel=1e-14)


def test_nothing_to_pay_back():
    flow = [[0.0, 1.0, 1.0], [5.0, -8.0, 4.0], [-1.0, 1.0, 0.0]]
    np.testing.assert_array_equal(finance.payback(flow), [0.0, 0.0, 1.0])
    np.testing.assert_array_equal(finance.payback_sustained(flow), [0.0, 1.75, 1.0])


def test_rates_that_are_not_one_rate():
    # -100, 230, -132 is zero at 10 % and at 20 %: neither may be printed alone
    rate, status = finance.internal_rate_of_return([[-100.0, 230.0, -132.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    assert np.isnan(rate).all()
    assert list(status) == [IrrStatus.NOT_UNIQUE, IrrStatus.NONE, IrrStatus.NONE]


def test_rates_far_from_zero():
    flows = [[-1.0, 1000.0, 0.0], [-1e9, 1.0, 0.0], [100.0, -110.0, 0.0], [0.0, -100.0, 121.0]]
    rate, status = finance.internal_rate_of_return(flows)
    assert list(status) == [0, 0, 0, 0]
    np.testing.assert_allclose(rate, [999.0, -1 + 1e-9, 0.1, 0.21], rtol=1e-10)


def test_modified_rate_by_hand():
    # outlay 100 + 50/1.08, returns 120 * 1.1 + 60 at the end of year 3
    rate = finance.modified_internal_rate_of_return([[-100.0, -50.0, 120.0, 60.0]], 0.08, 0.10)[0]
    assert rate == pytest.approx(((120 * 1.1 + 60) / (100 + 50 / 1.08)) ** (1 / 3) - 1, rel=1e-14)
    none = finance.modified_internal_rate_of_return([[0.0, 1.0], [-1.0, -1.0]], 0.08, 0.08)
    assert math.isnan(none[0])
    assert none[1] == -1.0


def _slow_root(flow, low=-0.99, high=1e4):
    """Plain bisection on the net present value."""
    value = lambda r: math.fsum(f / (1 + r) ** y for y, f in enumerate(flow))  # noqa: E731
    for _ in range(300):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if value(low) * value(middle) > 0 else (low, middle)
    return 0.5 * (low + high)


def test_rate_equals_its_slow_twin():
    rng = np.random.default_rng(4)
    flows = np.concatenate([-rng.uniform(5, 20, (200, 2)), rng.uniform(0.5, 6, (200, 14))], axis=1)
    rate, status = finance.internal_rate_of_return(flows)
    assert (status == IrrStatus.UNIQUE).all()
    np.testing.assert_allclose(1 + rate, [1 + _slow_root(flow) for flow in flows], rtol=1e-12)


def test_a_path_has_the_same_bits_in_any_range():
    flows = np.random.default_rng(5).normal(1.0, 5.0, (101, 16))
    flows[:, 0] = -30.0
    for function in (
        finance.payback,
        lambda f: finance.payback(f, 0.07),
        finance.payback_sustained,
        lambda f: finance.internal_rate_of_return(f)[0],
        lambda f: finance.modified_internal_rate_of_return(f, 0.05, 0.06),
        lambda f: finance.net_present_value(f, 0.08),
    ):
        whole = function(flows)
        parts = np.concatenate([function(flows[:1]), function(flows[1:50]), function(flows[50:])])
        np.testing.assert_array_equal(whole, parts)


money = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-3)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(money, money), min_size=2, max_size=20), st.floats(-0.3, 0.5), st.floats(-3, 3))
def test_net_present_value_is_linear(pairs, rate, factor):
    first, second = np.array(pairs).T
    both = finance.net_present_value(first + factor * second, rate)
    apart = finance.net_present_value(first, rate) + factor * finance.net_present_value(second, rate)
    scale = finance.net_present_value(np.abs(first) + abs(factor) * np.abs(second), rate)
    assert abs(both - apart) <= 1e-12 * (1 + scale)


@settings(deadline=None, max_examples=60)
@given(st.floats(1e3, 1e7), st.lists(st.floats(10.0, 1e6), min_size=1, max_size=30))
def test_value_at_the_internal_rate_is_zero(outlay, returns):
    flow = np.array([[-outlay, *returns]])
    rate, status = finance.internal_rate_of_return(flow)
    assert status[0] == IrrStatus.UNIQUE
    value = finance.net_present_value(flow, rate[0])[0]
    assert abs(value) <= 1e-9 * finance.net_present_value(np.abs(flow), rate[0])[0]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20))
def test_paybacks_are_ordered(flow):
    row = np.array([flow])
    simple, sustained = finance.payback(row)[0], finance.payback_sustained(row)[0]
    assert simple <= sustained
    assert math.isinf(sustained) == (np.cumsum(row)[-1] < 0)

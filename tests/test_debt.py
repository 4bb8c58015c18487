"""Loans: annuities by hand and by closed form, sculpting, worth nothing at their own rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.debt import cover_ratio, level_loan, sculpted_loan
from riskmodel.finance import net_present_value


def of(value):
    return np.array([float(value)])


def test_annuity_by_hand():
    # 1,000 at 10 % in two payments: 1,000 / (1/1.1 + 1/1.21) = 576.19; interest 100, then 10 % of 523.81
    loan = level_loan(of(1000), of(0.1), 2, 3, "annuity")
    np.testing.assert_allclose((loan.interest + loan.principal)[0], [0, 576.190476, 576.190476, 0], rtol=1e-8)
    np.testing.assert_allclose(loan.interest[0], [0, 100.0, 52.380952, 0], rtol=1e-7)
    np.testing.assert_array_equal(loan.drawn[0], [1000, 0, 0, 0])


def test_annuity_published():
    # 300,000 at 7 % over 15 years: 32,938.3874 a year (NREL-PySAM 7.1.1, Cashloan)
    loan = level_loan(of(300_000), of(0.07), 15, 25, "annuity")
    payment = (loan.interest + loan.principal)[0]
    np.testing.assert_allclose(payment[1:16], 32_938.3874, rtol=0, atol=5.1e-5)  # their printed digits
    assert not payment[16:].any()
    np.testing.assert_allclose(loan.interest[0, [1, 2, 15]], [21000.0, 20164.3129, 2154.8478], rtol=0, atol=5.1e-5)


def test_equal_principal_by_hand():
    loan = level_loan(of(900), of(0.1), 3, 3, "equal_principal")
    np.testing.assert_allclose(loan.principal[0], [0, 300, 300, 300])
    np.testing.assert_allclose(loan.interest[0], [0, 90, 60, 30])


def test_sculpted_follows_cash():
    cash = np.array([[-500.0, 130.0, 260.0, -5.0, 130.0]])
    loan = sculpted_loan(of(1e9), of(0.05), 4, cash, 1.3)
    # payments 100, 200, 0, 100; worth 100/1.05 + 200/1.1025 + 100/1.2155
    assert loan.drawn[0, 0] == pytest.approx(100 / 1.05 + 200 / 1.05**2 + 100 / 1.05**4)
    service = (loan.interest + loan.principal)[0]
    np.testing.assert_allclose(service, [0, 100, 200, 0, 100], atol=1e-9)
    np.testing.assert_allclose(cover_ratio(cash, loan)[0, [1, 2, 4]], 1.3)
    # half of that loan: twice the cover
    half = sculpted_loan(loan.drawn[:, 0] / 2, of(0.05), 4, cash, 1.3)
    np.testing.assert_allclose(cover_ratio(cash, half)[0, [1, 2, 4]], 2.6)
    none = sculpted_loan(of(100), of(0.05), 4, -np.abs(cash), 1.3)
    assert none.drawn[0, 0] == 0.0
    assert np.isnan(cover_ratio(cash, none)).all()


@settings(deadline=None, max_examples=80)
@given(
    st.floats(1.0, 1e9),
    st.floats(0.0, 0.4),
    st.integers(1, 25),
    st.sampled_from(["annuity", "equal_principal", "sculpted"]),
    st.booleans(),
)
def test_a_loan_is_repaid_and_worth_nothing_at_its_own_rate(amount, rate, tenor, kind, mid_year):
    if kind == "sculpted":
        cash = np.full((1, 26), amount)
        loan = sculpted_loan(of(amount), of(rate), tenor, cash, 1.2, mid_year)
    else:
        loan = level_loan(of(amount), of(rate), tenor, 25, kind, mid_year)
    assert loan.principal.sum() == pytest.approx(loan.drawn.sum(), rel=1e-9)
    flow = loan.drawn - loan.interest - loan.principal
    assert abs(net_present_value(flow, rate, mid_year)[0]) <= 1e-9 * amount

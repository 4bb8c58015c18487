"""Tax with losses carried forward, and credits: small cases by hand, and what must always hold."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.tax import credit_used, income_tax

RATE = np.array(0.25)
NO_LIMIT = -1


def tax(income, years=100, share=1.0):
    return income_tax(np.array(income, float), RATE, years, share)


def test_losses_are_used_oldest_first():
    # -100 and -40: year 3 earns 60 (40 of the first left), year 4 earns 90: 40 and 40 are used, 10 taxed
    np.testing.assert_allclose(tax([0, -100, -40, 60, 90]), [0, 0, 0, 0, 2.5])


def test_losses_expire():
    # a loss of year 1 may be used in the years 2 and 3 only
    np.testing.assert_allclose(tax([0, -100, 10, 20, 100], years=2), [0, 0, 0, 0, 25.0])
    np.testing.assert_allclose(tax([0, -100, 10, 20, 100], years=3), [0, 0, 0, 0, 7.5])
    np.testing.assert_allclose(tax([0, -100, 50], years=0), [0, 0, 12.5])


def test_losses_cover_a_share_of_income():
    # 80 % of 50 and of 100 may be covered: 40 and 60 of the loss of 100
    np.testing.assert_allclose(tax([0, -100, 50, 100], share=0.8), [0, 0, 2.5, 10.0])


def test_other_income_takes_a_loss_at_once():
    np.testing.assert_allclose(tax([0, -100, 50], years=NO_LIMIT), [0, -25.0, 12.5])


def test_credit_waits_for_tax():
    used = credit_used(np.array([0.0, 30.0, 0.0, 0.0]), np.array([5.0, 10.0, 12.0, 20.0]))
    np.testing.assert_allclose(used, [0.0, 10.0, 12.0, 8.0])
    np.testing.assert_allclose(credit_used(np.array([9.0, 0.0]), np.array([-4.0, 3.0])), [0.0, 3.0])


incomes = st.lists(st.floats(-1e7, 1e7), min_size=2, max_size=25)


@settings(deadline=None, max_examples=80)
@given(incomes, st.integers(0, 30), st.floats(0, 1))
def test_tax_lies_between_none_and_all(income, years, share):
    paid = tax(income, years, share)
    full = 0.25 * np.maximum(np.array(income), 0.0)
    assert (paid >= 0.0).all()
    assert (paid <= full + 1e-6).all()
    covered = (full - paid).sum() / 0.25
    assert covered <= -np.minimum(np.array(income), 0.0).sum() + 1e-5
    assert (tax(income, years + 1, share).cumsum() <= paid.cumsum() + 1e-5).all()  # a longer time never costs more


@settings(deadline=None, max_examples=60)
@given(incomes)
def test_paths_do_not_meet(income):
    both = np.array([income, income[::-1]])
    rates = np.array([0.2, 0.3])
    together = income_tax(both, rates, 5, 0.7)
    apart = [income_tax(both[k : k + 1], rates[k : k + 1], 5, 0.7)[0] for k in (0, 1)]
    np.testing.assert_array_equal(together, np.array(apart))

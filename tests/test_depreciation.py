"""Depreciation: the published table against the rule it was made by, schedules by hand, nothing lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.depreciation import MACRS_PERCENT, schedule, written_off
from riskmodel.study.finance import METHOD
from tests.fake_engine import small_study

METHODS = ["straight_line_5", "declining_balance_10", "macrs_5", "macrs_7", "macrs_15", "at_once", "none"]


def half_year_table(years, factor):
    """Declining balance with a half-year convention, straight line once that is more: how the table is made."""
    left, shares = 1.0, []
    for year in range(years + 1):
        span = 0.5 if year in (0, years) else 1.0
        rest = years + 0.5 - year - (0.0 if year else 0.5)
        share = min(left, max(left * factor / years * span, left / rest * span if year else 0.0))
        shares.append(share)
        left -= share
    return shares


@pytest.mark.parametrize(("years", "factor"), [(5, 2.0), (7, 2.0), (15, 1.5)])
def test_macrs_table_is_its_rule_rounded(years, factor):
    # Publication 946: 200 % declining balance for 5 and 7 years, 150 % for 15, half-year convention; two decimals,
    # 0.01 % moved between the years of the straight line so that each column sums to 100 %
    table = np.array(MACRS_PERCENT[years])
    assert table.sum() == pytest.approx(100.0, abs=1e-9)
    assert table.size == years + 1
    np.testing.assert_allclose(table, 100 * np.array(half_year_table(years, factor)), atol=0.0101)


def test_a_wrong_factor_is_not_the_table():
    wrong = 100 * np.array(half_year_table(15, 2.0))
    assert np.max(np.abs(wrong - np.array(MACRS_PERCENT[15]))) > 0.5


def test_schedules_by_hand():
    assert schedule("straight_line_4") == (0.25, 0.25, 0.25, 0.25)
    # 2/5 of what is left: .4, .24, .144; then .216 left over 2 years is .108 a year, more than .0864
    assert schedule("declining_balance_5") == pytest.approx((0.4, 0.24, 0.144, 0.108, 0.108))
    assert schedule("at_once") == (1.0,)
    assert schedule("none") == ()
    with pytest.raises(ValueError, match="not a method"):
        schedule("sum_of_digits_5")


def test_what_is_left_is_written_off_at_the_end():
    # 100 at the decision over 4 years, 40 in year 2: in 3 years 75 and 10, and the 55 that are left
    paid = np.array([100.0, 0.0, 40.0, 0.0])
    np.testing.assert_allclose(written_off(paid, "straight_line_4"), [0.0, 25.0, 25.0, 25.0 + 10.0 + 55.0])
    np.testing.assert_allclose(written_off(paid, "none"), [0.0, 0.0, 0.0, 140.0])
    np.testing.assert_allclose(written_off(np.array([0.0, 0.0, 7.0]), "straight_line_4"), [0.0, 0.0, 7.0])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.0, 1e8), min_size=2, max_size=30), st.sampled_from(METHODS))
def test_all_that_is_paid_is_written_off_once(paid, method):
    out = written_off(np.array(paid), method)
    assert out.sum() == pytest.approx(sum(paid), rel=1e-12, abs=1e-6)
    assert (out >= -1e-6).all()
    assert out[0] == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_a_study_takes_every_method(method):
    assert METHOD.fullmatch(method)
    study = small_study(overrides=(f'finance.depreciation.storage="{method}"',))
    assert study.finance.depreciation.storage == method


@pytest.mark.parametrize("method", ["macrs_6", "straight_line_0", "straight_line", "linear", 5])
def test_another_method_is_refused_with_what_to_type(method):
    from riskmodel.study import StudyError

    with pytest.raises(StudyError, match="straight_line_10"):
        small_study(overrides=(f"finance.depreciation.storage={method}",))

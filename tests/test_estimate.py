"""Estimates: printed form, hand-solved samples, coverage of the stated errors with negative controls."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributions import estimate as est


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (12.3456, 0.234, "12.3 +- 0.2"),
        (12.3456, 0.096, "12.3 +- 0.1"),
        (1_234_567.0, 23_456.0, "1,230,000 +- 20,000"),
        (-0.001, 0.04, "0.00 +- 0.04"),
        (5.0, 0.0, "5"),
        (2.5, math.inf, "2.5 +- unknown"),
        (9.90021, math.inf, "9.9 +- unknown"),
        (-1_234_567.0, math.inf, "-1,200,000 +- unknown"),
        (1_234_567.0, 0.0, "1,234,567"),
        (1.5e300, 0.0, "1.5e+300"),
        (math.inf, 0.0, "never"),
        (math.nan, 0.0, "undefined"),
        (0.5, 9.6, "0 +- 10"),
        (0.5, 1e-13, "0.5 +- 1e-13"),
        (0.5, 5e-324, "0.5 +- 5e-324"),
        (2.0, 1.7e308, "2 +- 2e+308"),
    ],
)
def test_prints_to_the_first_digit_of_the_error(value, error, shown):
    assert est.format_with_error(value, error) == shown


def test_prints_unit_and_scales():
    estimate = est.Estimate(-2_500_000.0, 30_000.0, 100, "EUR").scaled(1e-6, "million EUR")
    assert str(estimate) == "-2.50 +- 0.03 million EUR"


def test_mean_and_difference_by_hand():
    # 1, 2, 3, 4: mean 2.5, variance 5/3, SE = sqrt(5/3)/2
    assert est.mean([1, 2, 3, 4]).value == 2.5
    assert est.mean([1, 2, 3, 4]).standard_error == pytest.approx(math.sqrt(5 / 3) / 2, rel=1e-15)
    paired = est.difference([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    assert (paired.value, paired.standard_error) == (1.0, 0.0)


def test_quantile_by_hand():
    values = np.arange(1.0, 101.0)[::-1]
    median = est.quantile(values, 0.5)
    assert median.value == 50.5
    # ranks 100 * (0.5 -+ 1.96 * 0.05) = 40.2, 59.8 -> order statistics 40 and 61
    assert median.standard_error == pytest.approx((61 - 40) / 2 / 1.96)


def test_quantile_of_waiting_times_that_never_end():
    times = np.array([5.0] * 30 + [math.inf] * 70)
    assert math.isinf(est.quantile(times, 0.5).value)
    assert est.quantile(times, 0.5).standard_error == 0.0
    assert math.isinf(est.quantile(times, 0.3).standard_error)  # the interval runs from 5 to never
    assert est.quantile(times, 0.1).value == 5.0


def test_quantile_admits_a_sample_too_small():
    assert math.isinf(est.quantile(np.arange(10.0), 0.99).standard_error)
    assert math.isfinite(est.quantile(np.arange(60.0), 0.95).standard_error)  # by the 68 % interval


def test_tail_mean_by_hand():
    losses = [0.0] * 8 + [10.0, 30.0]
    assert est.tail_value_at_risk(losses, 0.8).value == pytest.approx(20.0)
    assert est.tail_value_at_risk(losses, 0.9).value == pytest.approx(30.0)
    assert est.tail_value_at_risk(losses, 0.85).value == pytest.approx((30.0 + 0.5 * 10.0) / 1.5)


def test_probability_has_an_error_even_when_nothing_happened():
    none = est.probability(np.zeros(1000, dtype=bool))
    assert none.value == 0.0
    assert 2e-4 < none.standard_error < 1e-3
    half = est.probability(np.arange(1000) % 2 == 0)
    assert half.standard_error == pytest.approx(math.sqrt(0.25 / 1000), rel=2e-3)


def test_samples_with_nan_or_nothing_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        est.mean([1.0, math.nan])
    with pytest.raises(ValueError, match="at least"):
        est.mean([])
    with pytest.raises(ValueError, match="shape"):
        est.difference([1.0], [1.0, 2.0])


def _ratio_of_stated_to_true_error(estimator, draw, repeats=400):
    """Mean stated standard error / standard deviation of the estimate over `repeats` samples."""
    estimates = [estimator(draw()) for _ in range(repeats)]
    spread = np.std([e.value for e in estimates], ddof=1)
    return np.mean([e.standard_error for e in estimates]) / spread


# SD over 400 repeats has a relative error of about 3.5 % (exponential statistics); 3.9 sigma (false alarm 1e-4) = 14 %,
# plus up to 6 % finite-sample bias of the stated error: a stated error wrong by 25 % is caught.
@pytest.mark.parametrize(
    "estimator",
    [
        est.mean,
        est.standard_deviation,
        lambda x: est.quantile(x, 0.1),
        lambda x: est.quantile(x, 0.95),
        lambda x: est.tail_value_at_risk(x, 0.9),
        lambda x: est.probability(x > 1.5),
    ],
)
def test_stated_error_is_the_true_error(estimator):
    rng = np.random.default_rng(1)
    ratio = _ratio_of_stated_to_true_error(estimator, lambda: rng.gamma(2.0, 1.0, 1500))
    assert 0.8 < ratio < 1.25


def _dependent_years():
    rng = np.random.default_rng(2)
    return lambda: rng.exponential(1.0, (400, 1)) * rng.exponential(1.0, (400, 15))


def test_clustered_error_respects_dependence_within_a_path():
    ratio = _ratio_of_stated_to_true_error(lambda x: est.clustered_quantile(x, 0.95), _dependent_years(), 300)
    assert 0.8 < ratio < 1.25


def test_negative_control_ignoring_the_dependence_fails():
    ratio = _ratio_of_stated_to_true_error(lambda x: est.quantile(x, 0.95), _dependent_years(), 300)
    assert ratio < 0.7


def test_clustered_quantile_of_one_year_a_path_is_the_plain_one():
    values = np.random.default_rng(3).normal(size=(500, 1))
    clustered, plain = est.clustered_quantile(values, 0.9), est.quantile(values, 0.9)
    assert clustered.value == plain.value
    assert clustered.standard_error == pytest.approx(plain.standard_error, rel=0.1)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.floats(0.0, 0.99))
def test_tail_mean_is_never_below_the_quantile(losses, p):
    var = np.quantile(losses, p, method="inverted_cdf")
    assert est.tail_value_at_risk(losses, p).value >= var - 1e-6 * (1 + abs(var))
    assert est.mean(losses).value <= est.tail_value_at_risk(losses, p).value + 1e-6 * (1 + abs(var))

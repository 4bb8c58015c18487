"""Scalar laws against SciPy's, in the tails too; how a study writes them; and what a wrong one is told."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributions._jit import njit
from distributions.inverse_normal import ndtr64, ndtri64
from distributions.laws import LawError, from_spec, law_names, ppf_code

TAILS = np.array([1e-12, 1e-9, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1 - 1e-4, 1 - 1e-9, 1 - 1e-12])


def _scipy_laws():
    from scipy import stats

    return [
        ({"law": "uniform", "low": -2.0, "high": 3.0}, stats.uniform(-2.0, 5.0)),
        ({"law": "normal", "mean": 10.0, "sd": 2.5}, stats.norm(10.0, 2.5)),
        ({"law": "lognormal", "median": 3.0, "sigma": 0.7}, stats.lognorm(0.7, scale=3.0)),
        ({"law": "triangular", "low": 1.0, "mode": 2.0, "high": 7.0}, stats.triang(1 / 6, loc=1.0, scale=6.0)),
        ({"law": "pert", "low": 1.0, "mode": 2.0, "high": 7.0}, stats.beta(5 / 3, 13 / 3, loc=1.0, scale=6.0)),
        ({"law": "beta", "a": 2.0, "b": 5.0, "low": 1.0, "high": 4.0}, stats.beta(2.0, 5.0, loc=1.0, scale=3.0)),
        ({"law": "gamma", "mean": 6.0, "sd": 3.0}, stats.gamma(4.0, scale=1.5)),
        ({"law": "weibull", "shape": 1.7, "scale": 4.0}, stats.weibull_min(1.7, scale=4.0)),
        ({"law": "exponential", "mean": 5.0}, stats.expon(scale=5.0)),
        ({"law": "gpd", "threshold": 2.0, "scale": 1.5, "shape": 0.3}, stats.genpareto(0.3, loc=2.0, scale=1.5)),
        ({"law": "gpd", "threshold": 2.0, "scale": 1.5, "shape": 0.0}, stats.genpareto(0.0, loc=2.0, scale=1.5)),
        ({"law": "gpd", "threshold": 2.0, "scale": 1.5, "shape": -0.4}, stats.genpareto(-0.4, loc=2.0, scale=1.5)),
    ]


ORACLES = _scipy_laws()
NAMES = [f"{spec['law']}{spec.get('shape', '')}" for spec, _ in ORACLES]


@pytest.mark.parametrize(("spec", "oracle"), ORACLES, ids=NAMES)
def test_quantile_probability_and_mean_are_scipys(spec, oracle):
    law = from_spec(spec)
    quantiles = oracle.ppf(TAILS)
    np.testing.assert_allclose(law.ppf(TAILS), quantiles, rtol=2e-12)
    # Not against TAILS: beside an end that is not zero, the quantile itself has lost the digits of 1e-12.
    np.testing.assert_allclose(law.cdf(quantiles), oracle.cdf(quantiles), rtol=1e-12)
    assert law.mean() == pytest.approx(oracle.mean(), rel=1e-13)


@pytest.mark.parametrize(("spec", "oracle"), ORACLES, ids=NAMES)
def test_ends_of_the_range(spec, oracle):
    low, high = from_spec(spec).ppf([0.0, 1.0])
    assert (low, high) == pytest.approx(oracle.support(), rel=1e-15)


@pytest.mark.parametrize(("spec", "oracle"), ORACLES, ids=NAMES)
def test_an_element_has_the_same_bits_in_an_array_of_any_length(spec, oracle):
    law = from_spec(spec)
    u = (np.arange(1, 1001) - 0.5) / 1000
    whole, x = law.ppf(u), law.ppf(u[::7])
    for length in (1, 2, 3, 5, 8, 13, 64, 999):
        assert law.ppf(u[:length]).tobytes() == whole[:length].tobytes()
    assert [float(law.ppf(value)) for value in u[:50]] == whole[:50].tolist()
    assert [float(law.cdf(value)) for value in x] == law.cdf(x).tolist()
    assert law.ppf(u.reshape(10, 100)).tobytes() == whole.tobytes()


@pytest.mark.tiny
@pytest.mark.parametrize(("spec", "oracle"), ORACLES, ids=NAMES)
def test_spec_reads_back_and_source_is_carried(spec, oracle):
    law = from_spec({**spec, "source": "a price list"})
    assert law.spec()["source"] == "a price list"
    assert from_spec(law.spec()) == law == from_spec(spec)


@pytest.mark.tiny
def test_closed_forms_in_a_kernel_equal_the_arrays():
    @njit
    def one(code, a, b, c, d, u):
        return ppf_code(code, a, b, c, d, u)

    for spec, _ in ORACLES:
        law = from_spec(spec)
        if spec["law"] in ("pert", "beta", "gamma"):
            with pytest.raises(LawError, match="no closed-form quantile.*use one of constant"):
                law.code()
        else:
            assert [one(*law.code(), u) for u in TAILS] == law.ppf(TAILS).tolist()
    assert math.isnan(one(99, 0.0, 0.0, 0.0, 0.0, 0.5))


def test_inverse_normal_to_the_deepest_tails():
    from scipy.special import ndtr, ndtri

    @njit
    def walk(u, quantile, probability):
        for i in range(u.size):
            quantile[i] = ndtri64(u[i])
            probability[i] = ndtr64(quantile[i])

    deep = 10.0 ** -np.linspace(0.31, 300.0, 40_001)
    near = 0.5 + np.linspace(-0.499, 0.499, 40_000)  # an even count: 0.5 itself has quantile 0
    for u in (deep, 1.0 - deep[deep > 1e-15], near):
        quantile, probability = np.empty_like(u), np.empty_like(u)
        walk(u, quantile, probability)
        np.testing.assert_allclose(quantile, ndtri(u), rtol=1e-14)
        np.testing.assert_allclose(probability, ndtr(quantile), rtol=1e-12)  # 38**2 units in the last place


@pytest.mark.tiny
def test_inverse_normal_at_its_edges():
    assert ndtri64(0.5) == 0.0
    assert ndtri64(0.0) == -math.inf
    assert ndtri64(1.0) == math.inf
    assert ndtri64(0.975) == pytest.approx(1.959963984540054, rel=1e-15)
    assert all(math.isnan(ndtri64(u)) for u in (-0.1, 1.1, math.nan))


@pytest.mark.tiny
def test_laws_from_percentiles_meet_them():
    for law in ("normal", "lognormal"):
        drawn = from_spec({"law": law, "p10": 80.0, "p90": 125.0})
        assert drawn.ppf([0.1, 0.9]).tolist() == pytest.approx([80.0, 125.0], rel=1e-14)
    # sqrt(80 * 125) = 100
    assert from_spec({"law": "lognormal", "p10": 80, "p50": 100, "p90": 125}).ppf(0.5) == pytest.approx(100.0)
    by_mean = from_spec({"law": "lognormal", "mean": 3.0, "sd": 1.0})
    # variance of the log is log(1 + 1/9)
    assert (by_mean.mean(), by_mean.sigma) == pytest.approx((3.0, math.sqrt(math.log(10 / 9))), rel=1e-14)


@pytest.mark.tiny
def test_beta_by_mean_and_sd():
    # a + b = 0.3 * 0.7 / 0.1**2 - 1 = 20, so a = 6 and b = 14
    law = from_spec({"law": "beta", "mean": 0.3, "sd": 0.1})
    assert (law.a, law.b) == pytest.approx((6.0, 14.0), rel=1e-14)


@pytest.mark.tiny
def test_empirical_by_hand():
    law = from_spec({"law": "empirical", "values": [30.0, 10.0, 20.0], "weights": [1.0, 2.0, 1.0]})
    assert law.ppf([0.0, 0.5, 0.500001, 0.75, 0.76, 1.0]).tolist() == [10.0, 10.0, 20.0, 20.0, 30.0, 30.0]
    assert law.cdf([9.9, 10.0, 25.0, 30.0]).tolist() == [0.0, 0.5, 0.75, 1.0]
    assert law.mean() == 17.5
    assert from_spec(law.spec()) == law


@pytest.mark.tiny
def test_a_plain_number_is_constant():
    law = from_spec(3)
    assert law.ppf([0.0, 0.5, 1.0]).tolist() == [3.0, 3.0, 3.0]
    assert law.cdf([2.9, 3.0]).tolist() == [0.0, 1.0]
    assert (law.mean(), law.spec()) == (3.0, {"law": "constant", "value": 3.0})


WRONG = [
    ("1", "value = '1': type a number .without quotes"),
    (True, "value = True: type a number"),
    (math.nan, "nan: must be a finite number"),
    ({"law": "normal", "mean": 1.0, "sd": math.inf}, "sd = inf: must be a finite number"),
    ({"low": 1.0}, "add law = .* with one of constant, uniform"),
    ({"law": "lognorml", "p10": 1.0, "p90": 2.0}, "did you mean 'lognormal'"),
    ({"law": ["normal"]}, "is unknown"),
    ({"law": "normal", "mean": 1.0}, "give mean, sd or p10, p90"),
    ({"law": "normal", "mean": 1.0, "sdd": 2.0}, "key 'sdd' is unknown: did you mean 'sd'"),
    ({"law": "normal", "p10": 5.0, "p90": 2.0}, "p10 = 5 and p90 = 2: must be p10 < p90"),
    ({"law": "normal", "mean": 1.0, "sd": -1.0}, "sd = -1: must be > 0"),
    ({"law": "normal", "mean": 1.0, "sd": 0.0}, "type the plain number"),
    ({"law": "lognormal", "p10": -1.0, "p90": 2.0}, "p10 = -1: must be > 0"),
    ({"law": "lognormal", "p10": 1.0, "p50": 5.0, "p90": 10.0}, "does not fit .* leave p50 out"),
    ({"law": "triangular", "low": 1.0, "mode": 7.0, "high": 5.0}, "low <= mode <= high"),
    ({"law": "pert", "low": 1.0, "mode": 1.0, "high": 1.0}, "low < high"),
    ({"law": "beta", "mean": 0.5, "sd": 0.6}, "sd = 0.6: must be > 0 and < 0.5"),
    ({"law": "beta", "mean": 1.5, "sd": 0.1}, "low < mean < high"),
    ({"law": "weibull", "shape": 0.0, "scale": 1.0}, "shape = 0: must be > 0"),
    ({"law": "weibull", "shape": 1e-3, "scale": 1.0}, "no finite mean"),
    ({"law": "gpd", "threshold": 0.0, "scale": 1.0, "shape": 1.0}, "the mean would be infinite"),
    ({"law": "empirical", "values": []}, "list at least one number"),
    ({"law": "empirical", "values": 3.0}, "type a list of numbers"),
    ({"law": "empirical", "values": [1.0, "2"]}, r"values\[1\] = '2'"),
    ({"law": "empirical", "values": [1.0, 2.0], "weights": [1.0]}, "1 weights for 2 values"),
    ({"law": "empirical", "values": [1.0], "weights": [-1.0]}, "weights must be >= 0"),
    ({"law": "exponential", "mean": 0.0}, "mean = 0: must be > 0"),
    ({"law": "exponential", "mean": 1.0, "source": 7}, "source = 7: type a text"),
]


@pytest.mark.tiny
@pytest.mark.parametrize(("spec", "message"), WRONG, ids=[str(spec)[:50] for spec, _ in WRONG])
def test_a_wrong_law_is_told_what_to_type(spec, message):
    with pytest.raises(LawError, match=message):
        from_spec(spec)


@pytest.mark.tiny
def test_every_law_has_an_oracle_or_a_hand_solution():
    elsewhere = {"constant", "empirical", "lognormal_mixture", "scaled"}  # in test_laws_mixture.py, test_laws_scaled.py
    assert {spec["law"] for spec, _ in ORACLES} | elsewhere == set(law_names())


@settings(max_examples=200, deadline=None)
@given(
    low=st.floats(-1e6, 1e6),
    width=st.floats(1e-3, 1e6),
    place=st.floats(0, 1),
    u=st.lists(st.floats(0, 1), min_size=2, max_size=20),
)
def test_bounded_laws_stay_in_range_and_rise(low, width, place, u):
    high = low + width
    mode = min(max(low + place * width, low), high)
    for law in ("triangular", "pert"):
        x = from_spec({"law": law, "low": low, "mode": mode, "high": high}).ppf(sorted(u))
        slack = 1e-9 * max(abs(low), abs(high))
        assert np.all(np.diff(x) >= -slack)
        assert np.all((x >= low - slack) & (x <= high + slack))


# Kolmogorov-Smirnov: with n = 20,000 draws the distance exceeds 0.01577 by chance with probability 1e-4
# (2 exp(-2 n d**2) = 1e-4). A law that is off by 0.016 + 0.01 in probability anywhere is caught about as surely.
KS_DRAWS, KS_LIMIT = 20_000, 0.01577


def _ks_distance(law, sample):
    ordered = np.sort(sample)
    probability = law.cdf(ordered)
    ranks = np.arange(len(ordered) + 1) / len(ordered)
    return max(np.max(ranks[1:] - probability), np.max(probability - ranks[:-1]))


@pytest.mark.parametrize(("spec", "oracle"), ORACLES, ids=NAMES)
def test_scipys_draws_follow_the_law(spec, oracle):
    sample = oracle.rvs(KS_DRAWS, random_state=np.random.default_rng(20_260_101))
    assert _ks_distance(from_spec(spec), sample) < KS_LIMIT


def test_the_ks_test_can_fail():
    # Means 10 and 10.2 at sd 2.5 differ by 0.032 in probability at their worst point.
    u = np.random.default_rng(5).random(KS_DRAWS)
    shifted = from_spec({"law": "normal", "mean": 10.2, "sd": 2.5}).ppf(u)
    assert _ks_distance(from_spec({"law": "normal", "mean": 10.0, "sd": 2.5}), shifted) > KS_LIMIT

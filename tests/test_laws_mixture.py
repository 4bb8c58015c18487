"""Two lognormals cut off above: probability, quantile and mean against SciPy, far into the tails."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from distributions.law_kernels import SIGMA_RANGE
from distributions.laws import LawError, LognormalMixture, from_spec

CASES = [
    LognormalMixture(0.53, 3500.0, 29000.0, 0.95),
    LognormalMixture(0.36, 580.0, 5500.0, 0.4, 9000.0),
    LognormalMixture(0.25, 60.0, 60.0, 1.5, 100.0),
    LognormalMixture(0.0, 1.0, 50.0, 0.8),
    LognormalMixture(1.0, 1.0, 50.0, 0.8, 3.0),
    LognormalMixture(0.5, 1.0, 1e6, 0.05),
]
TAILS = np.array([1e-12, 1e-9, 1e-6, 1e-3, 0.01, 0.1, 0.25, 0.4999, 0.5, 0.6, 0.75, 0.9, 0.99])


def uncut(law: LognormalMixture, x: np.ndarray, side: str) -> np.ndarray:
    """Share of SciPy's lognormals below or beyond x."""
    low, high = stats.lognorm(law.sigma, scale=law.median_low), stats.lognorm(law.sigma, scale=law.median_high)
    return law.weight_low * getattr(low, side)(x) + (1.0 - law.weight_low) * getattr(high, side)(x)


@pytest.mark.parametrize("law", CASES, ids=str)
def test_probability_against_scipy(law: LognormalMixture) -> None:
    top = min(law.largest, 1e9)
    x = np.concatenate([np.geomspace(1e-3, 0.999 * top, 400), [law.largest]])
    whole = 1.0 if math.isinf(law.largest) else uncut(law, np.array(law.largest), "cdf")
    expected = np.minimum(uncut(law, x, "cdf") / whole, 1.0)
    np.testing.assert_allclose(law.cdf(x), expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("law", CASES, ids=str)
def test_quantile_goes_back_in_both_tails(law: LognormalMixture) -> None:
    """Relative error of the small side: 1e-12 below, and above as far as 1 - u itself is known (1e-16 / 1e-12)."""
    low = law.ppf(TAILS)
    np.testing.assert_allclose(law.cdf(low), TAILS, rtol=1e-12)
    assert (np.diff(low) > 0.0).all()
    if math.isinf(law.largest):
        near_one = 1.0 - TAILS[:7]
        np.testing.assert_allclose(uncut(law, law.ppf(near_one), "sf"), 1.0 - near_one, rtol=1e-11)
    else:
        # SciPy's root of the same equation
        for u in (1e-6, 0.3, 0.7, 0.999999):
            whole = uncut(law, np.array(law.largest), "cdf")
            root = optimize.brentq(
                lambda y, u=u, whole=whole: float(uncut(law, np.exp(y), "cdf") / whole) - u, -30, math.log(law.largest),
                xtol=1e-14, rtol=1e-14,
            )  # fmt: skip
            assert law.ppf(u) == pytest.approx(math.exp(root), rel=1e-9)
    assert law.ppf(0.0) == 0.0
    assert law.ppf(1.0) == law.largest


@pytest.mark.parametrize("law", CASES, ids=str)
def test_mean_by_integration(law: LognormalMixture) -> None:
    grid = np.linspace(0.0, 1.0, 2001)
    inner = sum(integrate.quad(law.ppf, a, b, epsrel=1e-9)[0] for a, b in itertools.pairwise(grid[:-1]))
    tail = integrate.quad(lambda v: law.ppf(1.0 - math.exp(-v)) * math.exp(-v), -math.log(grid[1]), 34.0, limit=500)[0]
    assert inner + tail == pytest.approx(law.mean(), rel=1e-6)


def test_one_part_is_the_plain_lognormal() -> None:
    mixture, plain = (
        LognormalMixture(0.3, 20.0, 20.0, 0.75),
        from_spec({"law": "lognormal", "median": 20.0, "sigma": 0.75}),
    )
    u = np.concatenate([TAILS, 1.0 - TAILS])
    np.testing.assert_allclose(mixture.ppf(u), plain.ppf(u), rtol=1e-13)
    assert mixture.mean() == pytest.approx(plain.mean(), rel=1e-14)


def test_two_peaks_solved_by_hand() -> None:
    # Parts a million apart with a narrow sigma: a quarter of the way up the low part is its median, at half the gap.
    law = LognormalMixture(0.5, 1.0, 1e6, 0.05)
    assert law.ppf(0.25) == pytest.approx(1.0, rel=1e-12)
    assert law.ppf(0.75) == pytest.approx(1e6, rel=1e-12)
    assert law.cdf(1000.0) == pytest.approx(0.5, rel=1e-12)


def test_sampled_by_inversion_passes_kolmogorov_smirnov_and_a_plain_lognormal_does_not() -> None:
    """20,000 evenly spread u: the largest gap is 1 / 40,000; false alarm none. Control: one lognormal of that mean and
    spread of the logarithm is off by more than 1.95 / sqrt(20,000), the 0.1 % limit."""
    law = CASES[0]
    u = (np.arange(20000) + 0.5) / 20000
    x = law.ppf(u)
    assert stats.kstest(x, lambda v: uncut(law, v, "cdf")).statistic < 1.0 / 30000
    logs = np.log(x)
    assert stats.kstest(logs, stats.norm(logs.mean(), logs.std()).cdf).statistic > 1.95 / 20000**0.5


def test_spec_reads_back_and_code_holds_it_exactly() -> None:
    for law in CASES:
        assert from_spec(law.spec()) == law
        _, _, _, packed, _ = law.code()
        assert (packed - math.floor(packed)) * SIGMA_RANGE == law.sigma


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_low": 1.5}, "weight_low = 1.5: must lie in 0 to 1"),
        ({"sigma": 0.0}, "sigma = 0: must be > 0"),
        ({"sigma": 20.0}, "sigma = 20: must lie in 0.001 to below 16"),
        ({"median_low": 70.0}, "must be median_low <= median_high"),
        ({"largest": 1e-12}, "largest = 1e-12: lies below all"),
        ({"largest": -1.0}, "must be 0 < largest"),
    ],
)
def test_wrong_numbers_are_named(change: dict, message: str) -> None:
    spec = {"law": "lognormal_mixture", "weight_low": 0.5, "median_low": 10.0, "median_high": 60.0, "sigma": 1.0}
    with pytest.raises(LawError, match=message):
        from_spec(spec | change)

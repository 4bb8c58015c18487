"""Binomial counts by inversion against SciPy's quantile, at both ends of the range and in between."""

import numpy as np
import pytest
from scipy.stats import binom

from distributions.counts import binomial_count, unit32


@pytest.mark.parametrize("n", [0, 1, 2, 7, 150, 4000])
@pytest.mark.parametrize("p", [0.0, 1e-6, 0.001, 0.0217, 0.3, 0.9, 1.0])
def test_counts_are_the_quantiles_of_the_law(n, p):
    u = np.random.default_rng(n).uniform(size=300)
    found = [binomial_count(n, p, x) for x in u]
    assert found == binom.ppf(u, n, p).astype(int).tolist()


def test_a_mean_of_thousands_does_not_start_from_zero():
    # 0.99**1e6 is 0 in double precision; the sum then starts nine standard deviations below the mean of 10,000
    u = np.random.default_rng(4).uniform(size=100)
    found = [binomial_count(1_000_000, 0.01, x) for x in u]
    assert found == binom.ppf(u, 1_000_000, 0.01).astype(int).tolist()


@pytest.mark.tiny
def test_more_units_and_higher_chances_never_count_less():
    for u in np.linspace(0.01, 0.9999, 40):
        counts = [binomial_count(n, 0.03, u) for n in range(0, 200, 10)]
        assert counts == sorted(counts)
        counts = [binomial_count(40, p, u) for p in np.linspace(0.0, 1.0, 21)]
        assert counts == sorted(counts)


@pytest.mark.tiny
def test_by_hand():
    # n = 2, p = 1/2: P(0) = 1/4, P(at most 1) = 3/4
    assert [binomial_count(2, 0.5, u) for u in (0.2499, 0.2501, 0.7499, 0.7501)] == [0, 1, 1, 2]
    assert unit32(np.uint32(0)) == 2.0**-33
    assert unit32(np.uint32(2**32 - 1)) == 1.0 - 2.0**-33

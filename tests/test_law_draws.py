"""Every scalar law over its whole range against SciPy, and drawn through the streams that a study draws from.

Tests of draws take n = 20,000 uniforms of a stream, turn them into values by the law, and those back into probabilities
by SciPy's law. Two statistics at a false-alarm probability of 1e-4 each:

- Kolmogorov-Smirnov distance, limit 0.01577 (2 exp(-2 n d^2) = 1e-4).
- Anderson-Darling A^2, limit 8.088: its far tail is sqrt(3) erfc(sqrt(z)), from the weights 1 / (j (j + 1)) of its
  squares of normals (Zolotarev 1961); that gives 2.49, 3.88 and 5.88 at 4.4, 0.92 and 0.105 % where 100,000 samples
  have 5, 1 and 0.1 %.

Power, by 400 simulations: a law whose normal scores are 5 % too wide is caught by A^2 with probability 0.995 (by the
distance with 0.33); one that is 10 % too wide, the negative control of every law here, by both with 1.000.
"""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest

from distributions.laws import from_spec, law_names
from riskmodel.draws import scalar_uniforms

N, SEED = 20_000, 20_261
KS_LIMIT, AD_LIMIT = 0.01577, 8.088
TAIL = 10.0 ** -np.linspace(12.0, 0.31, 150)
GRID = np.concatenate([TAIL, 1.0 - TAIL[::-1]])
Z90 = 1.2815515655446004


def _oracles():
    """(spec, SciPy's law, bounds on the relative error of quantiles and of probabilities).

    Measured from 1e-12 to its complement with SciPy 1.17: quantiles within 1.0e-14 (lognormal of sigma 2.5, whose
    exponent stretches the error), all others within 4.3e-15; probabilities within 7.8e-14 (beta of mean 0.97), all
    others within 9.1e-15. Beta and gamma are SciPy's own functions and agree to the bit; see the exact sums below.
    """
    from scipy import stats

    lognormal = stats.lognorm(math.log(10.0) / (2 * Z90), scale=math.sqrt(1000.0))
    by_mean = math.sqrt(math.log1p(0.25))
    wide = stats.lognorm(by_mean, scale=40.0 * math.exp(-0.5 * by_mean**2))
    return [
        ({"law": "uniform", "low": 0.0, "high": 3.0}, stats.uniform(0.0, 3.0), 1e-15, 1e-15),
        ({"law": "normal", "mean": 0.0, "sd": 2.5}, stats.norm(0.0, 2.5), 1e-14, 1e-13),
        ({"law": "normal", "p10": -5.0, "p90": 5.0}, stats.norm(0.0, 5.0 / Z90), 1e-14, 1e-13),
        ({"law": "lognormal", "median": 3.0, "sigma": 0.7}, stats.lognorm(0.7, scale=3.0), 1e-14, 1e-13),
        ({"law": "lognormal", "median": 3.0, "sigma": 2.5}, stats.lognorm(2.5, scale=3.0), 1e-13, 1e-13),
        (
            {"law": "scaled", "of": {"law": "lognormal", "median": 3.0, "sigma": 0.7}, "times": 2.0},
            stats.lognorm(0.7, scale=6.0),
            1e-14,
            1e-13,
        ),
        ({"law": "lognormal", "p10": 10.0, "p90": 100.0}, lognormal, 1e-14, 1e-13),
        ({"law": "lognormal", "p10": 10.0, "p50": 31.6, "p90": 100.0}, lognormal, 1e-14, 1e-13),
        ({"law": "lognormal", "mean": 40.0, "sd": 20.0}, wide, 1e-14, 1e-13),
        ({"law": "pert", "low": 0.0, "mode": 1.0, "high": 6.0}, stats.beta(5 / 3, 13 / 3, scale=6.0), 1e-13, 1e-13),
        ({"law": "pert", "low": 0.0, "mode": 0.0, "high": 6.0}, stats.beta(1.0, 5.0, scale=6.0), 1e-14, 1e-13),
        ({"law": "pert", "low": 0.0, "mode": 6.0, "high": 6.0}, stats.beta(5.0, 1.0, scale=6.0), 1e-14, 1e-13),
        ({"law": "beta", "a": 2.0, "b": 5.0}, stats.beta(2.0, 5.0), 1e-13, 1e-13),
        ({"law": "beta", "a": 0.3, "b": 0.4}, stats.beta(0.3, 0.4), 1e-13, 1e-13),
        ({"law": "beta", "mean": 0.97, "sd": 0.01}, stats.beta(281.3, 8.7), 1e-11, 1e-11),
        ({"law": "gamma", "mean": 6.0, "sd": 3.0}, stats.gamma(4.0, scale=1.5), 1e-13, 1e-13),
        ({"law": "gamma", "mean": 1.0, "sd": 2.0}, stats.gamma(0.25, scale=4.0), 1e-12, 1e-13),
        ({"law": "gamma", "mean": 1.0, "sd": 0.01}, stats.gamma(1e4, scale=1e-4), 1e-12, 1e-11),
        ({"law": "weibull", "shape": 0.4, "scale": 4.0}, stats.weibull_min(0.4, scale=4.0), 1e-14, 1e-14),
        ({"law": "weibull", "shape": 8.0, "scale": 4.0}, stats.weibull_min(8.0, scale=4.0), 1e-15, 1e-14),
        ({"law": "exponential", "mean": 5.0}, stats.expon(scale=5.0), 1e-15, 1e-15),
        ({"law": "gpd", "threshold": 0.0, "scale": 1.5, "shape": 0.3}, stats.genpareto(0.3, scale=1.5), 1e-14, 1e-14),
        ({"law": "gpd", "threshold": 0.0, "scale": 1.5, "shape": 0.95}, stats.genpareto(0.95, scale=1.5), 1e-13, 1e-14),
        ({"law": "gpd", "threshold": 0.0, "scale": 1.5, "shape": 0.0}, stats.genpareto(0.0, scale=1.5), 1e-15, 1e-15),
        ({"law": "gpd", "threshold": 0.0, "scale": 1.5, "shape": -0.4}, stats.genpareto(-0.4, scale=1.5), 1e-14, 1e-14),
    ]


ORACLES = _oracles()
IDS = [
    "-".join(f"{value:g}" if isinstance(value, float) else str(value) for value in spec.values())
    for spec, *_ in ORACLES
]
TRIANGLES = [(0.0, 1.0, 6.0), (0.0, 0.0, 6.0), (0.0, 6.0, 6.0), (1.08, 1.14, 1.22), (-3.0, 0.0, 2.0)]


@pytest.mark.parametrize(("spec", "oracle", "ppf_error", "cdf_error"), ORACLES, ids=IDS)
def test_quantile_probability_and_mean_from_1e_12_to_its_complement(spec, oracle, ppf_error, cdf_error):
    law = from_spec(spec)
    quantiles = oracle.ppf(GRID)
    np.testing.assert_allclose(law.ppf(GRID), quantiles, rtol=ppf_error)
    np.testing.assert_allclose(law.cdf(quantiles), oracle.cdf(quantiles), rtol=cdf_error)
    assert law.mean() == pytest.approx(oracle.mean(), rel=1e-13, abs=1e-14)
    assert np.all(np.diff(law.ppf(GRID)) >= 0.0)


def test_the_far_tail_comparison_can_fail():
    # SciPy's gamma of a standard deviation off by 1e-12 is told apart: the quantiles move by more than 1e-13.
    law = from_spec({"law": "lognormal", "median": 3.0, "sigma": 0.7 + 1e-12})
    _, oracle, error, _ = ORACLES[3]
    assert np.max(np.abs(law.ppf(GRID) / oracle.ppf(GRID) - 1.0)) > error


def _exact_triangle(low, mode, high, u):
    """Quantile to 40 digits; SciPy's loses ten of them where the mode is the low end."""
    getcontext().prec = 40
    low, mode, high, u = map(Decimal, (low, mode, high, float(u)))
    width = high - low
    if u * width <= mode - low:
        return low + (u * width * (mode - low)).sqrt()
    return high - ((1 - u) * width * (high - mode)).sqrt()


def _exact_chance(low, mode, high, x):
    getcontext().prec = 40
    low, mode, high, x = map(Decimal, (low, mode, high, float(x)))
    if x <= mode:
        return (x - low) ** 2 / ((high - low) * (mode - low))
    return 1 - (high - x) ** 2 / ((high - low) * (high - mode))


@pytest.mark.tiny
@pytest.mark.parametrize("numbers", TRIANGLES, ids=str)
def test_triangular_to_the_last_digits(numbers):
    law = from_spec(dict(zip(("law", "low", "mode", "high"), ("triangular", *numbers), strict=True)))
    drawn = law.ppf(GRID)
    exact = [_exact_triangle(*numbers, u) for u in GRID]
    # relative to the distance from the low end where that is 0, else to the largest end
    size = [abs(x) if numbers[0] == 0.0 else Decimal(max(map(abs, numbers))) for x in exact]
    assert max(abs(Decimal(float(x)) - e) / s for x, e, s in zip(drawn, exact, size, strict=True)) < Decimal("6e-16")
    inside = drawn[(drawn > numbers[0]) & (drawn < numbers[2])]
    chance = [_exact_chance(*numbers, x) for x in inside]
    off = [abs(Decimal(float(p)) / e - 1) for p, e in zip(law.cdf(inside), chance, strict=True)]
    assert max(off) < Decimal("2e-15" if numbers[0] == 0.0 else "1e-12")
    assert law.mean() == pytest.approx(sum(numbers) / 3.0, rel=1e-15, abs=1e-15)
    assert law.ppf([0.0, 1.0]).tolist() == [numbers[0], numbers[2]]
    assert law.cdf([numbers[0], numbers[2]]).tolist() == [0.0, 1.0]


def _exact_beta(a, b, x):
    """P(X <= x) of a beta law of whole shapes: the chance of at least a of a + b - 1 trials that succeed with x."""
    n, x = a + b - 1, Decimal(float(x))
    return sum(math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1))


def _exact_gamma(shape, x):
    """P(X <= x) of a gamma law of whole shape: the chance of at least that many Poisson events in x."""
    x = Decimal(float(x))
    return 1 - (-x).exp() * sum(x**k / math.factorial(k) for k in range(shape))


@pytest.mark.parametrize(("a", "b"), [(2, 5), (1, 5), (40, 3)])
def test_beta_against_the_exact_binomial_sum(a, b):
    getcontext().prec = 60
    law = from_spec({"law": "beta", "a": float(a), "b": float(b)})
    for u, x in zip(GRID, law.ppf(GRID), strict=True):
        # near 1 the quantile cannot carry the digits of 1 - u: its last bit moves the chance by the density
        slack = 4e-14 if u < 0.5 else 4e-14 + 2e-16 * float(b * (a + b)) / u
        assert abs(_exact_beta(a, b, x) / Decimal(float(u)) - 1) < Decimal(slack)
        assert law.cdf(x) == pytest.approx(float(_exact_beta(a, b, x)), rel=2e-14)


@pytest.mark.parametrize("shape", [1, 4, 25])
def test_gamma_against_the_exact_poisson_sum(shape):
    getcontext().prec = 60
    law = from_spec({"law": "gamma", "mean": 3.0 * shape, "sd": 3.0 * math.sqrt(shape)})
    scale = law.sd**2 / law.mean()
    for u, x in zip(GRID, law.ppf(GRID), strict=True):
        assert abs(_exact_gamma(shape, x / scale) / Decimal(float(u)) - 1) < Decimal("1e-12")
        assert law.cdf(x) == pytest.approx(float(_exact_gamma(shape, x / scale)), rel=1e-12)


def _distance(u):
    ordered, ranks = np.sort(u), np.arange(len(u) + 1) / len(u)
    return max(np.max(ranks[1:] - ordered), np.max(ordered - ranks[:-1]))


def _anderson_darling(u):
    ordered = np.sort(u)
    odd = 2 * np.arange(len(u)) + 1
    return -len(u) - np.mean(odd * (np.log(ordered) + np.log1p(-ordered[::-1])))


def _wider(u, factor):
    from scipy.special import ndtr, ndtri

    return ndtr(factor * ndtri(u))


def _triangle_oracles():
    from scipy import stats

    for low, mode, high in TRIANGLES:
        spec = {"law": "triangular", "low": low, "mode": mode, "high": high}
        yield spec, stats.triang((mode - low) / (high - low), loc=low, scale=high - low)


DRAWN = [(spec, oracle) for spec, oracle, *_ in ORACLES] + list(_triangle_oracles())


@pytest.mark.parametrize("place", range(len(DRAWN)), ids=[str(list(spec.values())) for spec, _ in DRAWN])
def test_draws_through_the_streams_follow_the_law(place):
    spec, oracle = DRAWN[place]
    law = from_spec(spec)
    uniforms = scalar_uniforms(f"a_quantity.{place}", 0, N, SEED)
    values = law.ppf(uniforms)
    assert np.array_equal(np.argsort(uniforms), np.argsort(values))  # by inversion: the order of the uniforms
    back = np.clip(oracle.cdf(values), 1e-16, 1.0 - 1e-16)
    assert _distance(back) < KS_LIMIT
    assert _anderson_darling(back) < AD_LIMIT
    wrong = np.clip(oracle.cdf(law.ppf(_wider(uniforms, 1.1))), 1e-16, 1.0 - 1e-16)  # negative control
    assert _distance(wrong) > KS_LIMIT
    assert _anderson_darling(wrong) > AD_LIMIT


def test_anderson_darling_sees_what_kolmogorov_smirnov_does_not():
    uniforms = _wider(scalar_uniforms("a_quantity", 0, N, SEED), 1.05)
    assert _anderson_darling(uniforms) > AD_LIMIT


def test_statistics_by_hand():
    # One draw u: D = max(u, 1 - u), A^2 = -1 - log(u) - log(1 - u). Two draws 1/4, 3/4: D = 1/4 and
    # A^2 = -2 - (log(1/4) + log(1/4) + 3 (log(3/4) + log(3/4))) / 2.
    assert _distance(np.array([0.3])) == pytest.approx(0.7)
    assert _anderson_darling(np.array([0.3])) == pytest.approx(-1.0 - math.log(0.3) - math.log(0.7))
    assert _distance(np.array([0.75, 0.25])) == pytest.approx(0.25)
    two = -2.0 - math.log(0.25) - 3.0 * math.log(0.75)
    assert _anderson_darling(np.array([0.75, 0.25])) == pytest.approx(two)


def test_the_tail_of_anderson_darling():
    # A^2 is a sum of squares of normals over j (j + 1); 40,000 samples of n = 200 against the limit at 1 %: a binomial
    # count of 400 with sd 20; the formula is off by 8 % there, and 3.89 sd more are 20 %. Half or double would be seen.
    limit = 3.80984
    assert math.sqrt(3.0) * math.erfc(math.sqrt(limit)) == pytest.approx(0.01, rel=1e-3)
    rng = np.random.default_rng(1)
    above = np.mean([_anderson_darling(rng.random(200)) > limit for _ in range(40_000)])
    assert 0.008 < above < 0.013
    assert math.sqrt(3.0) * math.erfc(math.sqrt(AD_LIMIT)) == pytest.approx(1e-4, rel=1e-3)


def test_an_empirical_law_is_drawn_as_often_as_it_weighs():
    # Chi-square of five counts at n = 20,000: above 23.5 by chance with probability 1e-4 (4 degrees of freedom).
    # Moving 0.02 of weight between two values of weight 0.2 gives a noncentrality of 80: caught with above 0.9999.
    from scipy import stats

    law = from_spec({"law": "empirical", "values": [9.0, 1.0, 4.0, 25.0, 16.0], "weights": [2, 1, 2, 2, 3]})
    values = law.ppf(scalar_uniforms("an_empirical_quantity", 0, N, SEED))
    counts = np.array([np.sum(values == x) for x in (1.0, 4.0, 9.0, 16.0, 25.0)])
    assert counts.sum() == N

    def chi_square(weights):
        return float(np.sum((counts - N * np.array(weights)) ** 2 / (N * np.array(weights))))

    assert stats.chi2(4).isf(1e-4) == pytest.approx(23.51, abs=0.01)
    assert chi_square([0.1, 0.2, 0.2, 0.3, 0.2]) < 23.51
    assert chi_square([0.1, 0.22, 0.18, 0.3, 0.2]) > 23.51  # negative control
    assert law.mean() == pytest.approx(0.1 * 1 + 0.2 * 4 + 0.2 * 9 + 0.3 * 16 + 0.2 * 25, rel=1e-15)


def test_an_empirical_law_without_weights_in_its_far_tails():
    law = from_spec({"law": "empirical", "values": [3.0, 1.0, 2.0]})
    assert law.ppf([1e-300, 1e-12, 1 / 3, 0.34, 1.0 - 1e-12, 1.0]).tolist() == [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]


def test_a_constant_is_drawn_as_itself():
    assert set(from_spec(7.5).ppf(scalar_uniforms("a_constant", 0, 100, SEED)).tolist()) == {7.5}


def test_no_law_is_left_out():
    # Mixtures have tests of their own, beside their file.
    drawn = {spec["law"] for spec, _ in DRAWN} | {"empirical", "constant"}
    assert {name for name in law_names() if "mixture" not in name} == drawn

"""Laws multiplied and shifted: quantiles, means, families, tables."""

import numpy as np
import pytest

from distributions.laws import LawError, from_spec
from distributions.laws_scaled import Scaled, scaled

SPECS = [
    3.0, {"law": "uniform", "low": 1, "high": 2}, {"law": "triangular", "low": 1, "mode": 2, "high": 4},
    {"law": "pert", "low": 1, "mode": 2, "high": 4}, {"law": "normal", "mean": 1, "sd": 2},
    {"law": "beta", "a": 2, "b": 3, "low": 1, "high": 5}, {"law": "gpd", "threshold": 1, "scale": 2, "shape": 0.1},
    {"law": "empirical", "values": [1, 2, 5], "weights": [1, 2, 3]}, {"law": "lognormal", "median": 2, "sigma": 0.5},
    {"law": "exponential", "mean": 2}, {"law": "weibull", "shape": 1.5, "scale": 2},
    {"law": "gamma", "mean": 2, "sd": 1},
    {"law": "lognormal_mixture", "weight_low": 0.5, "median_low": 1, "median_high": 9, "sigma": 0.5, "largest": 50},
]  # fmt: skip
U = np.array([0.001, 0.1, 0.35, 0.5, 0.77, 0.99])


@pytest.mark.tiny
@pytest.mark.parametrize("plus", [0.0, 24.0])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec["law"] if isinstance(spec, dict) else "constant")
def test_quantiles_means_and_tables(spec, plus):
    law = from_spec(spec)
    other = scaled(law, 1.5, plus)
    np.testing.assert_allclose(other.ppf(U), 1.5 * law.ppf(U) + plus, rtol=1e-9)
    assert other.mean() == pytest.approx(1.5 * law.mean() + plus, rel=1e-9)
    if law.name not in ("empirical", "constant"):
        np.testing.assert_allclose(other.cdf(other.ppf(U)), U, rtol=1e-7)
    assert from_spec(other.spec()) == other
    same_family = type(other) is type(law)
    assert same_family == (
        plus == 0.0 or law.name not in ("lognormal", "exponential", "weibull", "gamma", "lognormal_mixture")
    )
    if plus == 0.0 and law.name not in ("pert", "beta", "gamma", "empirical"):
        assert other.code() is not None  # still good for quantities drawn for each event


@pytest.mark.tiny
def test_scaled_twice_is_scaled_once_and_nothing_is_a_constant():
    law = from_spec({"law": "lognormal", "median": 2, "sigma": 0.5})
    twice = scaled(scaled(law, 2.0, 3.0), 10.0, 1.0)
    assert twice == Scaled(law, 20.0, 31.0)
    assert scaled(law, 0.0, 7.0) == from_spec(7.0)


@pytest.mark.tiny
@pytest.mark.parametrize(
    "spec", [{"of": 1.0, "times": 0.0}, {"of": 1.0, "times": -1.0}, {"of": {"law": "no"}}, {"of": "1"}, {"times": 2.0}]
)
def test_tables_that_cannot_be(spec):
    with pytest.raises(LawError):
        from_spec({"law": "scaled", **spec})
    with pytest.raises(LawError, match="at least 0"):
        scaled(from_spec(1.0), -1.0)

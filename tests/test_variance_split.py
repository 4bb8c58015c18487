"""Shares of a variance: a model whose shares are known, its errors, and lives that are simulated again."""

import numpy as np
import pytest

import studies
from riskmodel.engine import simulate_range
from riskmodel.quantities import Quantity
from riskmodel.variance_split import OTHER_CHANCE, OTHER_PARAMETERS, SPAN, STRIDE, spans, split

PARTS = {"inputs": 3.0, "parameters": 2.0, "chance": 1.0}
TRUE = {name: size**2 / 14.0 for name, size in PARTS.items()}


def lives(n, rng, interaction=0.0):
    """Y = 3 input + 2 parameter + chance (1 + interaction input): as drawn, other chance, other parameters too."""
    s, p, q = rng.standard_normal((3, n))
    a, b, c = rng.standard_normal((3, n)) * (1.0 + interaction * s)
    known = PARTS["inputs"] * s
    return known + 2.0 * p + a, known + 2.0 * p + b, known + 2.0 * q + c


def test_shares_of_a_known_model_and_their_errors():
    """2,000 samples of 400 pairs: shares 9/14, 4/14, 1/14. The mean of 2,000 lies within 4 of its standard errors
    (false alarm 6e-5 each), and the stated errors are within 10 % of the scatter of the samples; an error that was
    20 % too small would be seen."""
    rng = np.random.default_rng(11)
    found = {name: [] for name in PARTS}
    errors = {name: [] for name in PARTS}
    for _ in range(2000):
        shares = split(*lives(400, rng))
        assert shares is not None
        assert sum(share.value for share in shares) == pytest.approx(1.0, abs=1e-12)
        for name in PARTS:
            found[name].append(getattr(shares, name).value)
            errors[name].append(getattr(shares, name).standard_error)
    for name, true in TRUE.items():
        scatter = np.std(found[name], ddof=1)
        # the ratio of two averages is off by about 1 / 400
        assert abs(np.mean(found[name]) - true) < 4.0 * scatter / np.sqrt(2000) + 1.0 / 400, name
        assert np.mean(errors[name]) == pytest.approx(scatter, rel=0.1), name


def test_a_life_that_shares_nothing_is_seen():
    """Negative control: other chance that shares no parameters is all chance and inputs, no parameters."""
    rng = np.random.default_rng(12)
    first, _, other = lives(4000, rng)
    _, _, third = lives(4000, rng)
    shares = split(first, other, third)
    assert shares.inputs.value + shares.parameters.value == pytest.approx(9.0 / 14.0, abs=0.05)
    assert abs(shares.parameters.value - TRUE["parameters"]) > 0.05


def test_chance_that_depends_on_inputs_is_chance():
    """Var(chance (1 + s)) = 1 + 1 = 2: shares 9/15, 4/15, 2/15; 20,000 pairs, within 4 standard errors."""
    shares = split(*lives(20_000, np.random.default_rng(13), interaction=1.0))
    for share, true in zip(shares, (2.0 / 15.0, 4.0 / 15.0, 9.0 / 15.0), strict=True):
        assert abs(share.value - true) < 4.0 * share.standard_error


def test_too_few_lives_or_no_spread_give_nothing():
    assert split(*np.arange(45.0).reshape(3, 15)) is None
    assert split(*np.ones((3, 100))) is None
    assert split(*np.full((3, 100), np.nan)) is None


def test_a_spread_that_few_lives_make_gives_nothing():
    """64 pairs of which one is twenty standard deviations off, in one life: its share would be chance, with an error
    from 63 that know nothing of it. The same 64 without it are told."""
    drawn = np.stack(lives(64, np.random.default_rng(14)))
    assert split(*drawn) is not None
    drawn[0, 5] += 20.0 * drawn.std()
    assert split(*drawn) is None


@pytest.mark.parametrize(("first", "end"), [(0, 1000), (5, 9), (250, 300), (16, 256), (700, 701)])
def test_stretches_do_not_depend_on_the_range(first, end):
    mine = [path for a, n in spans(first, end) for path in range(a, a + n)]
    assert mine == [path for path in range(first, end) if path % STRIDE < SPAN]


def test_lives_again_share_what_they_should():
    study = studies.load("nordic_inference", ["study.years=1"])
    first, chance, parameters = (simulate_range(study, 5, 3, 4, again=k) for k in (0, OTHER_CHANCE, OTHER_PARAMETERS))
    fitted = [name for name in first.scalars if name.startswith(("prices.", "irradiance.", "outages.", "cells."))]
    assert len(fitted) >= 10
    for name, values in first.scalars.items():
        assert np.array_equal(values, chance.scalars[name]), name
        same = np.array_equal(values, parameters.scalars[name])
        assert same == (name not in fitted) or name.startswith("cells."), name  # four draws of three laws may agree
    cost = [result.annual[:, 0, 0, Quantity.ENERGY_COST_EUR] for result in (first, chance, parameters)]
    assert not np.any(cost[0] == cost[1])
    assert not np.any(cost[1] == cost[2])
    # the first of them is the path as it is
    assert np.array_equal(first.annual, simulate_range(study, 5, 3, 4).annual, equal_nan=True)

"""Strategies compared: dominance against its definition, its evidence, regret, and pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.comparison import compare, dominance, expected_regret

N = 2000


def by_definition(a, b):
    """First and second order of a over b at every pooled value, in plain Python."""
    grid = sorted({*a, *b})
    below = [(sum(x <= g for x in a), sum(x <= g for x in b)) for g in grid]
    first = all(p <= q for p, q in below) and any(p < q for p, q in below)
    area, second = 0.0, True
    for (p, q), low, high in zip(below, grid, grid[1:], strict=False):
        area += (p - q) * (high - low)
        second = second and area <= 0
    return first, second and any(p != q for p, q in below)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=12))
def test_orders_are_their_definition(pairs):
    a, b = np.array(pairs, float).T
    first, second, first_back, second_back = dominance(a, b)
    assert (first.in_sample, second.in_sample) == by_definition(a.tolist(), b.tolist())
    assert (first_back.in_sample, second_back.in_sample) == by_definition(b.tolist(), a.tolist())
    assert second.in_sample or not first.in_sample  # the first order implies the second
    assert not (first.in_sample and first_back.in_sample)


def test_more_on_every_path_is_shown():
    b = np.random.default_rng(1).normal(0, 1, N)
    first, second, back, second_back = dominance(b + 0.05, b)
    assert (first.answer, second.answer, first.share) == ("shown", "shown", 1.0)
    assert (back.answer, second_back.answer, back.share) == ("excluded", "excluded", 0.0)


def test_less_risk_at_no_lower_mean_is_of_the_second_order():
    # 0.2 more on average, half the spread: of the first order only below the crossing of the two
    rng = np.random.default_rng(2)
    first, second, back, second_back = dominance(rng.normal(0.2, 1, N), rng.normal(0.0, 2, N))
    assert (first.answer, second.answer) == ("excluded", "shown")
    assert (back.answer, second_back.answer) == ("excluded", "excluded")


def test_what_the_sample_cannot_tell_is_not_shown():
    """Negative control: two samples of one law have no dominance to show, nor do equal values."""
    rng = np.random.default_rng(3)
    answers = [found.answer for found in dominance(rng.normal(0, 1, N), rng.normal(0, 1, N))]
    assert "shown" not in answers
    same = rng.normal(0, 1, N)
    assert [found.answer for found in dominance(same, same)] == ["excluded"] * 4


def test_false_alarms_are_rare():
    # 60 pairs of samples of one law: "shown" needs the order in 95 % of resamples. Seen: 0 in the first order; the
    # second order, which hangs on the means, at most 6 in 120 is expected once in 30 for a chance of 2.5 % each
    rng = np.random.default_rng(4)
    first = second = 0
    for _ in range(60):
        found = dominance(rng.normal(0, 1, 200), rng.normal(0, 1, 200))
        first += (found[0].answer == "shown") + (found[2].answer == "shown")
        second += (found[1].answer == "shown") + (found[3].answer == "shown")
    assert first == 0
    assert second <= 9


def test_regret_by_hand():
    values = np.array([[1.0, 3.0], [5.0, 4.0], [2.0, 2.0], [0.0, 6.0]])
    regret = expected_regret(values, "EUR")
    assert [r.value for r in regret] == pytest.approx([(2 + 0 + 0 + 6) / 4, (0 + 1 + 0 + 0) / 4])


def test_pairs():
    rng = np.random.default_rng(5)
    base = rng.normal(0, 5, 500)
    values = np.column_stack([base, base + 1, base + rng.normal(3, 1, 500)])
    pairs = compare(values, ["a", "b", "c"], "EUR")
    assert [(p.first, p.other) for p in pairs] == [("c", "b"), ("c", "a"), ("b", "a")]
    assert pairs[2].difference.value == pytest.approx(1.0)
    assert pairs[2].difference.standard_error == pytest.approx(0.0, abs=1e-12)  # paired, not that of two samples
    assert pairs[2].beats.value == 1.0
    assert pairs[2].first_order.answer == "shown"
    assert pairs[1].beats.value > 0.99

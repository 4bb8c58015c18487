"""The Gaussian copula ties what it is told to, path by path; an impossible matrix is repaired with a warning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributions.dependence import CorrelationWarning, correlated_uniforms, nearest_correlation

THREE = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.0]])


def _uniforms(n, k, seed=3):
    return np.random.default_rng(seed).random((n, k))


def test_scores_have_the_asked_correlation():
    from scipy.special import ndtri

    # Fisher's z of a sample correlation has sd 1 / sqrt(n - 3); 3.89 of them is a false alarm of 1e-4 each, and
    # at n = 100,000 an error of 0.025 in a correlation is caught with probability above 0.999.
    n = 100_000
    found = np.corrcoef(ndtri(correlated_uniforms(_uniforms(n, 3), THREE)), rowvar=False)
    off = ~np.eye(3, dtype=bool)
    limit = 3.89 / np.sqrt(n - 3)
    assert np.max(np.abs(np.arctanh(found[off]) - np.arctanh(THREE[off]))) < limit
    wrong = THREE + np.where(off, 0.025, 0.0)
    assert np.max(np.abs(np.arctanh(found[off]) - np.arctanh(wrong[off]))) > limit  # negative control


def test_margins_stay_uniform():
    # 2 exp(-2 n d**2) = 1e-4 at n = 50,000 gives d = 0.00995.
    n = 50_000
    tied = np.sort(correlated_uniforms(_uniforms(n, 3), THREE), axis=0)
    ranks = (np.arange(n) + 0.5)[:, None] / n
    assert np.max(np.abs(tied - ranks)) < 0.00995
    assert np.max(np.abs(tied**1.1 - ranks)) > 0.00995  # negative control


@pytest.mark.tiny
def test_by_hand():
    # With correlation 0.6 the second score is 0.6 z1 + 0.8 z2. z = 1 has u = 0.841344746068543.
    u = 0.841344746068543
    out = correlated_uniforms([[u, u], [u, 0.5]], [[1.0, 0.6], [0.6, 1.0]])
    assert out[:, 0].tolist() == [u, u]
    assert out[:, 1] == pytest.approx([0.919243340766229, 0.725746882249927], rel=1e-12)  # P(Z < 1.4), P(Z < 0.6)


@pytest.mark.tiny
def test_a_path_has_the_same_bits_alone_and_among_others():
    u = _uniforms(40, 3)
    whole = correlated_uniforms(u, THREE)
    for first, last in ((0, 1), (7, 8), (3, 17), (39, 40)):
        assert correlated_uniforms(u[first:last], THREE).tobytes() == whole[first:last].tobytes()


@pytest.mark.tiny
def test_untied_names_keep_their_draws():
    matrix = np.eye(4)
    matrix[1, 3] = matrix[3, 1] = 0.5
    u = _uniforms(20, 4)
    out = correlated_uniforms(u, matrix)
    assert out[:, :3].tobytes() == u[:, :3].tobytes()
    assert not np.any(out[:, 3] == u[:, 3])


@pytest.mark.tiny
def test_full_correlation_and_its_opposite():
    u = _uniforms(20, 2)
    assert correlated_uniforms(u, np.ones((2, 2)))[:, 1] == pytest.approx(u[:, 0], rel=1e-12)
    assert correlated_uniforms(u, [[1.0, -1.0], [-1.0, 1.0]])[:, 1] == pytest.approx(1.0 - u[:, 0], rel=1e-12)


@pytest.mark.tiny
def test_stays_inside_0_and_1_at_the_extremes():
    edge = 1.0 - 2.0**-53
    out = correlated_uniforms([[edge, edge], [2.0**-1022, 2.0**-1022]], [[1.0, 0.7], [0.7, 1.0]])
    assert np.all((out > 0.0) & (out < 1.0))


@pytest.mark.tiny
def test_nearest_of_highams_example():
    # Higham 2002, section 4: the nearest to [[1,1,0],[1,1,1],[0,1,1]] has 0.7607 and 0.1573, at distance 0.5278.
    with pytest.warns(CorrelationWarning, match="0.528 away"):
        found, distance = nearest_correlation([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    assert found[0, 1] == pytest.approx(0.7607, abs=5e-5)
    assert found[0, 2] == pytest.approx(0.1573, abs=5e-5)
    assert distance == pytest.approx(0.5278, abs=5e-5)
    assert correlated_uniforms(_uniforms(5, 3), found).shape == (5, 3)


@pytest.mark.tiny
def test_a_valid_matrix_is_left_alone():
    found, distance = nearest_correlation(THREE)
    assert (found.tolist(), distance) == (THREE.tolist(), 0.0)


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1.0, 0.5]], "must be square"),
        ([[1.0, 1.5], [1.5, 1.0]], r"correlation\[0\]\[1\] = 1.5: must be from -1 to 1"),
        ([[1.0, 0.5], [0.4, 1.0]], r"correlation\[1\]\[0\] = 0.4: both must be the same"),
        ([[0.9, 0.5], [0.5, 1.0]], r"correlation\[0\]\[0\] = 0.9: must be 1"),
        ([[1.0, np.nan], [np.nan, 1.0]], "must be from -1 to 1"),
        ([[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]], "repair it with nearest_correlation"),
    ],
)
def test_a_wrong_matrix_is_told_why(matrix, message):
    with pytest.raises(ValueError, match=message):
        correlated_uniforms(_uniforms(2, len(matrix)), matrix)


def test_a_wrong_shape_is_told_why():
    with pytest.raises(ValueError, match=r"u has shape \(2, 2\): must be \(n, 3\)"):
        correlated_uniforms(_uniforms(2, 2), THREE)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 7), st.integers(0, 10_000))
@pytest.mark.filterwarnings("ignore::distributions.dependence.CorrelationWarning")
def test_any_repaired_matrix_can_be_used(k, seed):
    raw = np.random.default_rng(seed).uniform(-1.0, 1.0, (k, k))
    matrix = np.triu(raw, 1) + np.triu(raw, 1).T + np.eye(k)
    found, distance = nearest_correlation(matrix)
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.ones(k))
    assert np.linalg.eigvalsh(found)[0] > -1e-9
    assert distance == pytest.approx(np.linalg.norm(found - matrix), abs=1e-12)
    assert np.all(np.isfinite(correlated_uniforms(_uniforms(3, k), found)))

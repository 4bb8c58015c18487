"""Copulas tie what they are told to, path by path; an impossible matrix is repaired with a warning a user sees."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import studies
from distributions.dependence import CorrelationWarning, correlated_uniforms, nearest_correlation, repair
from distributions.t_copula import t_cdf, t_correlated_uniforms, t_tail_dependence
from riskmodel.draws import draw_scalars, scalar_uniforms
from riskmodel.manifest import new
from riskmodel.study import StudyError, parse_study

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


# --- t copula --------------------------------------------------------------------------------------------------------

T_NAMES = ("a", "b", "c")


def _t_uniforms(n, matrix, degrees, seed=11):
    """t copula through the streams that a study draws from."""
    u = np.column_stack([scalar_uniforms(name, 0, n, seed) for name in T_NAMES[: len(matrix)]])
    return t_correlated_uniforms(u, scalar_uniforms("correlation.t", 0, n, seed), matrix, degrees)


def _gaussian_uniforms(n, matrix, seed=11):
    u = np.column_stack([scalar_uniforms(name, 0, n, seed) for name in T_NAMES[: len(matrix)]])
    return correlated_uniforms(u, matrix)


def _both_below(u, level):
    """Share of rows in which both are below their 1-in-n level, over that level."""
    return np.mean((u[:, 0] < level) & (u[:, 1] < level)) / level


@pytest.mark.parametrize("level", [1e-300, 1e-100, 1e-12, 1e-9, 1e-3, 0.2, 0.4999])
def test_t_probability_to_the_far_tails(level):
    # Closed forms: v = 1 is Cauchy's, v = 2 is 1/2 + x / (2 sqrt(2 + x^2)), v = 4 in Abramowitz, Stegun 26.7.4; each is
    # written for its lower tail so that nothing is lost by subtraction.
    x = -1.0 / math.tan(math.pi * level)
    assert t_cdf(x, 1.0) == pytest.approx(level, rel=1e-13)
    x = (2.0 * level - 1.0) / math.sqrt(2.0 * level * (1.0 - level))
    assert t_cdf(x, 2.0) == pytest.approx(level, rel=1e-13)
    c = x / math.sqrt(4.0 + x * x)  # (1 + c) = 4 / (4 + x^2) / (1 - c)
    rest = 4.0 / (4.0 + x * x) / (1.0 - c)
    assert t_cdf(x, 4.0) == pytest.approx(rest * rest * (2.0 - c) / 4.0, rel=1e-13)


@pytest.mark.parametrize(("degrees", "x"), [(30.0, -8.0), (1000.0, -7.05), (1000.0, -25.0)])
def test_t_probability_at_many_degrees(degrees, x):
    from scipy import integrate, stats

    area = integrate.quad(stats.t(degrees).pdf, -np.inf, x, epsabs=0.0, epsrel=1e-11)[0]
    assert t_cdf(x, degrees) == pytest.approx(area, rel=1e-9)
    assert t_cdf(-x, degrees) == 1.0 - area
    assert t_cdf([-np.inf, 0.0, np.inf], degrees).tolist() == [0.0, 0.5, 1.0]


def test_tail_dependence_by_hand():
    # r = 0, v = 1: 2 t_2(-sqrt(2)); t_2(x) = 1/2 + x / (2 sqrt(2 + x^2)), so 1 - sqrt(2) / 2.
    assert t_tail_dependence(0.0, 1.0) == pytest.approx(1.0 - math.sqrt(0.5), rel=1e-14)
    assert t_tail_dependence(1.0, 4.0) == 1.0
    assert t_tail_dependence(-1.0, 4.0) == 0.0


def _tail_limit(correlation, degrees, level):
    """P(V < level given U < level) of the t copula, by quadrature of its density over one score."""
    from scipy import integrate, stats

    v, quantile = degrees, stats.t(degrees).ppf(level)
    spread = math.sqrt(1.0 - correlation**2)

    def inner(x):
        # Given one score, the other is t with one degree more, centred at r x, of this scale (Demarta, McNeil 2005).
        scale = spread * math.sqrt((v + x * x) / (v + 1.0))
        return stats.t(v).pdf(x) * stats.t(v + 1.0).cdf((quantile - correlation * x) / scale)

    return integrate.quad(inner, -np.inf, quantile, epsabs=0.0, epsrel=1e-9)[0] / level


def test_extremes_come_together_as_the_closed_form_says():
    # n = 1,000,000 rows and level 1/1000: under the t copula (r = 0.5, v = 4) the chance of both given one is p = .2635
    # at this level and 0.2532 in the limit. The count is binomial with mean n * level * p = 263, sd 16.2; 3.89 sd is a
    # false alarm of 1e-4: a band of 0.063 around p. A Gaussian copula of the same r has 0.0543 and is caught with
    # probability above 0.9999; a t copula of 8 degrees has 0.1628 and is caught with 0.998.
    n, level, matrix = 1_000_000, 1e-3, [[1.0, 0.5], [0.5, 1.0]]
    expected = _tail_limit(0.5, 4.0, level)
    band = 3.89 * math.sqrt(expected * (1.0 - level * expected) / (n * level))
    tied = _t_uniforms(n, matrix, 4.0)
    assert abs(_both_below(tied, level) - expected) < band
    assert abs(_both_below(1.0 - tied, level) - expected) < band
    assert abs(_both_below(_gaussian_uniforms(n, matrix), level) - expected) > band  # negative control


def test_the_closed_form_is_the_limit_of_its_copula():
    # No sampling: the quadrature at ever rarer levels comes down to the closed form, as level^(2/v).
    gaps = [_tail_limit(0.5, 4.0, level) - t_tail_dependence(0.5, 4.0) for level in (1e-4, 1e-6, 1e-8)]
    assert gaps[0] > gaps[1] > gaps[2] > 0.0
    assert gaps[2] < 1e-4
    assert [a / b for a, b in itertools.pairwise(gaps)] == pytest.approx([10.0, 10.0], rel=0.1)


def test_kendalls_tau_of_the_t_copula():
    # tau = 2/pi arcsin(r) whatever the degrees. Pairs of neighbouring rows are independent: 2 x 1e5 rows give 1e5
    # pairs, each concordant with chance (1 + tau) / 2, sd of tau 0.0029; 3.89 sd = 0.0114 is a false alarm of 1e-4.
    # An error of 0.03 in r moves tau by 0.022 and is caught with probability above 0.9998.
    n = 200_000
    tied = _t_uniforms(n, THREE, 4.0)
    step = np.sign(tied[::2] - tied[1::2])
    for i, j in ((0, 1), (0, 2), (1, 2)):
        tau = np.mean(step[:, i] * step[:, j])
        assert abs(tau - 2.0 / math.pi * math.asin(THREE[i, j])) < 0.0114
        assert abs(tau - 2.0 / math.pi * math.asin(THREE[i, j] + 0.06)) > 0.0114  # negative control


@pytest.mark.parametrize("degrees", [1.0, 4.0, 1000.0])
def test_margins_of_the_t_copula_stay_uniform(degrees):
    # 2 exp(-2 n d**2) = 1e-4 at n = 50,000 gives d = 0.00995.
    n = 50_000
    tied = np.sort(_t_uniforms(n, THREE, degrees), axis=0)
    ranks = (np.arange(n) + 0.5)[:, None] / n
    assert np.max(np.abs(tied - ranks)) < 0.00995
    assert np.max(np.abs(tied**1.1 - ranks)) > 0.00995  # negative control


def test_t_copula_by_hand():
    # v = 2 and a chi-square at its median 2 ln 2: scores 1 and 1.4 are stretched by sqrt(1 / ln 2);
    # t_2(x) = 1/2 + x / (2 sqrt(2 + x^2)).
    u = 0.841344746068543
    out = t_correlated_uniforms([[u, u]], [0.5], [[1.0, 0.6], [0.6, 1.0]], 2.0)[0]
    t = np.array([1.0, 1.4]) / math.sqrt(math.log(2.0))
    assert out == pytest.approx(0.5 + 0.5 * t / np.sqrt(2.0 + t * t), rel=1e-13)


def test_a_path_of_the_t_copula_has_the_same_bits_alone_and_among_others():
    u, mixing = _uniforms(40, 3), _uniforms(40, 1, seed=4)[:, 0]
    whole = t_correlated_uniforms(u, mixing, THREE, 3.3)
    for first, last in ((0, 1), (7, 8), (3, 17), (39, 40)):
        assert t_correlated_uniforms(u[first:last], mixing[first:last], THREE, 3.3).tobytes() == (
            whole[first:last].tobytes()
        )


def test_the_t_copula_stays_inside_0_and_1_at_the_extremes():
    low, high = 2.0**-53, 1.0 - 2.0**-53
    u = [[high, high], [low, low], [low, high], [0.5, 0.5]]
    for mixing in (low, 0.5, high):
        for degrees in (1.0, 1000.0):
            out = t_correlated_uniforms(u, [mixing] * 4, [[1.0, 0.7], [0.7, 1.0]], degrees)
            assert np.all((out > 0.0) & (out < 1.0))


def test_with_many_degrees_the_t_copula_is_the_gaussian():
    u, mixing = _uniforms(2000, 3), _uniforms(2000, 1, seed=4)[:, 0]
    far = np.abs(t_correlated_uniforms(u, mixing, THREE, 1000.0) - correlated_uniforms(u, THREE))
    assert np.max(far) < 0.03
    assert np.max(np.abs(t_correlated_uniforms(u, mixing, THREE, 4.0) - correlated_uniforms(u, THREE))) > 0.1


@pytest.mark.parametrize(
    ("mixing", "degrees", "message"),
    [
        ([0.5], 0.9, "degrees_of_freedom = 0.9: must be 1 to 1000"),
        ([0.5], math.nan, "degrees_of_freedom = nan: must be 1 to 1000"),
        ([0.5, 0.5], 4.0, r"mixing has shape \(2,\): must be \(1,\)"),
    ],
)
def test_a_wrong_t_copula_is_told_why(mixing, degrees, message):
    with pytest.raises(ValueError, match=message):
        t_correlated_uniforms([[0.5, 0.5]], mixing, [[1.0, 0.5], [0.5, 1.0]], degrees)


# --- in a study ------------------------------------------------------------------------------------------------------

STUDY = "ten_thousand_gpus"
T4 = ["correlation.copula=t", "correlation.degrees_of_freedom=4"]
PAIR = [
    'correlation.names=["cluster.load_factor", "site.price_level_factor", "cluster.occupancy"]',
    "correlation.matrix=[[1.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.0]]",
]
IMPOSSIBLE = [
    'correlation.names=["site.price_level_factor", "cluster.load_factor", "cluster.occupancy"]',
    "correlation.matrix=[[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]]",
]


def test_a_study_draws_from_the_copula_it_names_whatever_the_range():
    gaussian, tied = (draw_scalars(studies.load(STUDY, more), 7, 0, 60) for more in ([], T4))
    names = studies.load(STUDY).correlation.names
    changed = {path for path in tied if tied[path].tobytes() != gaussian[path].tobytes()}
    assert changed
    assert {path.split(".", 2)[2] if path.startswith("strategies.") else path for path in changed} <= set(names)
    part = draw_scalars(studies.load(STUDY, T4), 7, 21, 13)
    assert all(part[path].tobytes() == tied[path][21:34].tobytes() for path in tied)


@pytest.mark.parametrize("overrides", [[], T4], ids=["gaussian", "t"])
def test_scalars_are_the_twins(overrides):
    from tests.twin.randoms import scalars

    study = studies.load("nordic_inference", [*overrides, *PAIR] if overrides else PAIR)
    drawn = draw_scalars(study, 7, 0, 3)
    for path in range(3):
        for field, value in scalars(study, 7, path).items():
            assert drawn[field][path] == pytest.approx(value, rel=1e-11), field


def test_a_resolved_study_keeps_its_copula():
    study = studies.load(STUDY, T4)
    again = parse_study(study.to_toml())
    assert again == study
    assert (again.correlation.copula, again.correlation.degrees_of_freedom) == ("t", 4.0)
    assert again.input_hash() != studies.load(STUDY).input_hash()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (T4[:1], 'degrees_of_freedom: missing, and copula = "t" needs it; type for example degrees_of_freedom = 4'),
        (T4[1:], 'degrees_of_freedom = 4.0: is for copula = "t", but the copula is gaussian'),
        ([*T4[:1], "correlation.degrees_of_freedom=0.5"], "= 0.5: must be 1 to 1000"),
        ([*T4[:1], "correlation.degrees_of_freedom=true"], "must be a number"),
        (["correlation.copula=clayton"], "must be one of 'gaussian' or 't'"),
    ],
)
def test_a_wrong_copula_is_told_what_to_type(overrides, message):
    with pytest.raises(StudyError) as found:
        studies.load(STUDY, overrides)
    assert message in str(found.value)
    assert len(found.value.problems) == 1


def test_an_impossible_matrix_is_repaired_and_every_reader_told():
    from typer.testing import CliRunner

    from studies.cli import app

    study = studies.load(STUDY, IMPOSSIBLE)
    (warning,) = study.warnings()
    found = repair(study.correlation.matrix)
    assert f"{found.distance:.3g} away" in warning
    assert new(study, 7, 0, 10)["warnings"] == [warning]
    assert json.loads(json.dumps(new(study, 7, 0, 10)))["warnings"] == [warning]
    assert f"# Warning: {warning}." in study.to_toml()
    assert parse_study(study.to_toml()).warnings() == [warning]
    values = draw_scalars(study, 7, 0, 50)
    assert all(np.all(np.isfinite(value)) for value in values.values())
    told = CliRunner().invoke(app, ["validate", STUDY, *(word for text in IMPOSSIBLE for word in ("--set", text))])
    assert told.exit_code == 0
    assert f"Warning: {warning}." in " ".join(told.stderr.split())
    assert "good" in told.stdout


def test_a_possible_matrix_warns_of_nothing():
    study = studies.load(STUDY)
    assert study.warnings() == []
    assert new(study, 7, 0, 10)["warnings"] == []
    assert "Warning" not in study.to_toml()

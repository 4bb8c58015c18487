"""Control variates: the same means with smaller and honest errors, and nothing else of a run changed."""

import hashlib

import numpy as np
import pytest

from riskmodel import store
from riskmodel.control_variates import adjusted, control_scores, controlled_rows
from riskmodel.run import run_to_folder
from tests.drawn_engine import drawn_simulate_range
from tests.fake_engine import small_study

TRUE = 5.0


def model(n, rng, noise):
    """Mean 5 exactly: exp(z - 1/2) has mean 1, z1 z2 has mean 0."""
    z = rng.standard_normal((n, 12))
    y = 3.0 * np.exp(0.5 * z[:, 0] - 0.125) + 2.0 * z[:, 1] * z[:, 2] + 2.0 + noise * rng.standard_normal(n)
    return y, z


@pytest.mark.parametrize("noise", [0.5, 5.0])
def test_means_are_right_and_errors_honest(noise):
    """300 samples of 600 paths. The mean is within 4 of its errors of 5 (false alarm 6e-5); the stated error is within
    15 % of the scatter (4 sd); and the gain stated is that of the scatter, within 35 %."""
    rng = np.random.default_rng(1)
    plain, found = [], []
    for _ in range(300):
        y, z = model(600, rng, noise)
        plain.append(y.mean())
        found.append(adjusted(y, z))
    values = np.array([one.estimate.value for one in found])
    scatter = values.std(ddof=1)
    assert abs(values.mean() - TRUE) < 4.0 * scatter / np.sqrt(300)
    assert np.mean([one.estimate.standard_error for one in found]) == pytest.approx(scatter, rel=0.15)
    gain = (np.std(plain, ddof=1) / scatter) ** 2
    assert gain == pytest.approx(np.mean([one.fewer_paths for one in found]), rel=0.35)
    if noise < 1.0:
        assert gain > 10.0


def test_negative_control_scores_of_another_run_gain_nothing():
    """Scores that have nothing to do with the result: no gain is claimed."""
    rng = np.random.default_rng(2)
    gains = [adjusted(model(600, rng, 0.5)[0], rng.standard_normal((600, 12))).fewer_paths for _ in range(20)]
    assert np.mean(gains) < 1.05


def test_few_paths_or_no_spread_stay_as_they_are():
    z = np.random.default_rng(3).standard_normal((300, 4))
    assert adjusted(z[:150, 0], z[:150]).fewer_paths == 1.0
    assert adjusted(np.ones(300), z).estimate.value == 1.0


def test_scores_are_those_of_the_draws():
    """Independent standard normals, the same for any range of paths; the drawn value rises with its score."""
    study = small_study()
    scores = control_scores(study, 7, 0, 4000)
    assert np.array_equal(scores[100:110], control_scores(study, 7, 100, 10))
    assert np.abs(scores.mean(axis=0)).max() < 5.0 / np.sqrt(4000)
    together = np.corrcoef(scores.T) - np.eye(scores.shape[1])
    assert np.abs(together).max() < 6.0 / np.sqrt(4000)
    drawn = drawn_simulate_range(study, 7, 0, 50).scalars["cluster.gpu_hour_value_eur"]
    place = list(dict.fromkeys(s for _, s, law in study.law_fields() if law.name != "constant"))
    assert np.array_equal(np.argsort(drawn), np.argsort(scores[:50, place.index("cluster.gpu_hour_value_eur")]))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("controls")
    options = {"simulate_range": drawn_simulate_range, "paths": 400, "seed": 7}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PATHS_PER_GROUP", 100)
        plain = run_to_folder(small_study(), folder / "plain", **options)
        controlled = run_to_folder(small_study(), folder / "controlled", control_variates=True, **options)
        other = run_to_folder(small_study(), folder / "other", control_variates=True, paths_per_range=37, **options)
    return plain, controlled, other


def test_a_run_with_controls(runs):
    plain, controlled, other = runs

    def digest(results, name):
        return hashlib.sha256((results.folder / name).read_bytes()).hexdigest()

    for name in ("paths.parquet", "years.parquet", "events.parquet"):
        assert digest(plain, name) == digest(controlled, name) == digest(other, name)
    assert digest(controlled, "summary.csv") == digest(other, "summary.csv")
    assert "variance_reduction" not in plain.manifest
    found = controlled.manifest["variance_reduction"]
    assert found["method"] == "control_variates"
    a, b = (results.estimate("grid", "npv_eur:mean") for results in (plain, controlled))
    assert b.standard_error < a.standard_error
    assert found["fewer_paths"]["grid"]["npv_eur"] == pytest.approx(
        (a.standard_error / b.standard_error) ** 2, rel=1e-6
    )
    assert abs(a.value - b.value) < 4.0 * a.standard_error
    assert plain.estimate("grid", "npv_eur:p50") == controlled.estimate("grid", "npv_eur:p50")


def test_only_means_change(runs):
    from riskmodel.summary import summary_rows

    plain = runs[0]
    names = tuple(plain.strategy_names)
    rows = summary_rows(plain.folder, names, plain.baseline, plain.n_years)
    after, _ = controlled_rows(rows, plain.study, plain.seed, plain.folder)
    changed = {a.metric for a, b in zip(rows, after, strict=True) if a != b}
    assert changed
    assert all(metric.endswith(":mean") for metric in changed)

"""Sobol indices by paired runs: against SciPy's, a model whose indices are known, and the lives of the engine."""

import json

import numpy as np
import pytest
from scipy.stats import sobol_indices
from typer.testing import CliRunner

import studies
from riskmodel.engine import simulate_range
from riskmodel.input_groups import CHANCE
from riskmodel.lives import AS_IT_IS, Redraw
from riskmodel.sobol import FactorError, factors_of, indices, streams_of, walk_pairs
from studies.cli import app
from tests.drawn_engine import drawn_simulate_range
from tests.fake_engine import small_study

FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)
"""Ishigami, Homma 1990, with a = 7, b = 0.1; see tests/test_sensitivity.py."""


def ishigami(x):
    return np.sin(x[..., 0]) + 7.0 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def pairs(n, rng, function, dimensions, draw):
    a, b = draw(n, rng), draw(n, rng)
    mixed = np.stack([a.copy() for _ in range(dimensions)])
    for k in range(dimensions):
        mixed[k, :, k] = b[:, k]
    return function(a), function(b), function(mixed)


def uniform(n, rng):
    return rng.uniform(-np.pi, np.pi, (n, 3))


def test_the_same_numbers_as_scipy():
    """SciPy 1.16's `sobol_indices` on the same evaluations, to the last digits."""
    a, b, mixed = pairs(256, np.random.default_rng(1), ishigami, 3, uniform)
    theirs = sobol_indices(func={"f_A": a[None], "f_B": b[None], "f_AB": mixed[:, None, :]}, n=256)
    for k in range(3):
        mine = indices(a, b, mixed[k])
        assert mine.first.value == pytest.approx(theirs.first_order[k], rel=1e-12)
        assert mine.total.value == pytest.approx(theirs.total_order[k], rel=1e-12)


def test_ishigami_and_the_stated_errors():
    """300 samples of 500 pairs: means within 4 of their errors (6 numbers, false alarm 4e-4) plus 1/500 for the ratio
    of two averages; the stated error is within 15 % of the scatter (4 sd of a standard deviation of 300)."""
    rng = np.random.default_rng(2)
    found = [
        [indices(a, b, m) for m in mixed] for a, b, mixed in (pairs(500, rng, ishigami, 3, uniform) for _ in range(300))
    ]
    for k in range(3):
        for which, true in ((0, FIRST[k]), (1, TOTAL[k])):
            values = np.array([one[k][which].value for one in found])
            scatter = values.std(ddof=1)
            assert abs(values.mean() - true) < 4.0 * scatter / np.sqrt(300) + 1.0 / 500, (k, which)
            assert np.mean([one[k][which].standard_error for one in found]) == pytest.approx(scatter, rel=0.15)


def test_negative_control_lives_that_share_nothing():
    """An AB that shares nothing with A has total 1 and no first order of its own input: it is seen at once."""
    rng = np.random.default_rng(3)
    a, b, _ = pairs(4000, rng, ishigami, 3, uniform)
    found = indices(a, b, ishigami(uniform(4000, rng)))
    assert abs(found.total.value - 1.0) < 4.0 * found.total.standard_error
    assert abs(found.total.value - TOTAL[0]) > 8.0 * found.total.standard_error


def test_nothing_that_varies_gives_nothing():
    assert indices(np.ones(50), np.ones(50), np.ones(50)) is None


def test_sets_hold_every_stream_once():
    study = studies.load("ten_thousand_gpus")
    sets = factors_of(study)
    assert list(sets)[-1] == CHANCE
    assert sets[CHANCE] == Redraw(frozenset(), chance=True)
    together = [name for redraw in sets.values() for name in redraw.names]
    assert sorted(together) == sorted(streams_of(study))
    mine = factors_of(study, ["site.price_level_factor", "connection.capex_eur"])
    assert mine["site.price_level_factor"].names == {"site.price_level_factor"}
    assert mine["connection.capex_eur"].names == {"connection.capex_eur", "connection.time_to_power_months"}
    assert "site.price_level_factor" not in mine["market"].names
    with pytest.raises(FactorError, match="did you mean site.price_level_factor"):
        factors_of(study, ["site.price_level_facto"])


def test_money_alone_walks_nothing_and_gives_the_same():
    """Of small_study, value and cost are money alone: the same numbers as if they had been walked."""
    study = small_study()
    factors = factors_of(study)
    walked = []

    def engine(study, seed, first, n, **how):
        walked.append(how["redraw"])
        return drawn_simulate_range(study, seed, first, n, **how)

    runs = walk_pairs(study, 7, 30, factors, ["npv_eur"], simulate_range=engine)
    assert factors["value"] not in walked
    assert factors["cost"] not in walked
    assert runs.walked + runs.reused == 30 * (2 + len(factors))
    assert runs.reused >= 60
    # All money comes from the drawn inputs, all else from chance: A with all sets from B, one by one, ends at B.
    assert not np.array_equal(runs.mixed["value"]["npv_eur"], runs.a["npv_eur"])
    assert np.array_equal(runs.mixed["outages"]["npv_eur"], runs.a["npv_eur"])


def test_lives_of_the_engine():
    """A path takes from its other life what is named and nothing else, to the last bit."""
    study = studies.load("nordic_inference", ["study.years=1"])
    sets = factors_of(study)
    everything = Redraw(frozenset().union(*(one.names for one in sets.values())), chance=True)
    redraws = (AS_IT_IS, everything, sets["market"], sets[CHANCE])
    a, b, market, chance = (simulate_range(study, 5, 3, 4, redraw=one) for one in redraws)
    for name, values in a.scalars.items():
        stream = name.split(".", 2)[2] if name.startswith("strategies.") else name
        taken = stream in sets["market"].names
        assert np.array_equal(market.scalars[name], b.scalars[name] if taken else values), name
        assert np.array_equal(chance.scalars[name], values), name
        if not name.startswith("cells.") and np.ptp(values) > 0.0:
            assert not np.array_equal(b.scalars[name], values), name
    assert not np.array_equal(market.annual, a.annual, equal_nan=True)
    assert not np.array_equal(chance.annual, a.annual, equal_nan=True)
    # Lives do not depend on the range they are walked in.
    alone = simulate_range(study, 5, 5, 1, redraw=everything)
    assert np.array_equal(alone.annual[0], b.annual[2], equal_nan=True)


def command(*arguments):
    return CliRunner().invoke(app, ["sensitivity", *map(str, arguments)])


def test_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr("riskmodel.engine.simulate_range", drawn_simulate_range)
    file = tmp_path / "small.toml"
    file.write_text(small_study().to_toml())
    words = (file, "--sobol", "--paths", 60, "--seed", 7, "--metric", "npv")
    done = command(*words, "--json", "--strategy", "grid", "--input", "cluster.gpu_hour_value_eur")
    assert done.exit_code == 0, done.output
    found = {one["group"]: one for one in json.loads(done.stdout)["results"][0]["groups"]}
    assert found["cluster.gpu_hour_value_eur"]["total"]["value"] > 0.3
    assert found["weather"]["total"]["value"] == 0.0
    done = command(*words, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "lives of money alone" in done.stdout or "of money alone" in done.stdout
    assert (
        (tmp_path / "out" / "sobol.csv").read_text().startswith("strategy,metric,set,quantity,value,standard_error\n")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nordic_inference", "--sobol", "--paths", "5"], "--paths 5"),
        (["nordic_inference", "--sobol", "--metric", "nvp"], "did you mean npv"),
        (["nordic_inference", "--sobol", "--metric", "payback_simple_years"], "no such result for --sobol"),
        (["nordic_inference", "--sobol", "--strategy", "x"], "type one of grid_expansion"),
        (["nordic_inference", "--sobol", "--input", "site.price"], "no drawn input"),
        (["nordic", "--sobol"], "did you mean nordic_inference"),
        (["somewhere", "--paths", "5"], "is for --sobol"),
    ],
)
def test_the_command_names_what_is_wrong(arguments, message):
    done = command(*arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr

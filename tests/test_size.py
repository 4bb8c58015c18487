"""Sizing under risk: a toy with a known frontier, the test that says what cannot be told apart, the command."""

import json

import numpy as np
import pytest
from scipy.stats import norm
from typer.testing import CliRunner

from riskmodel.frontier import LEVEL, best_choice, cvar, frontier
from riskmodel.variants import evaluate
from studies.cli import app
from studies.size_study import Case, SizeError, Vary, compare, parse_vary, sizes_of
from tests.fake_engine import fake_simulate_range, small_study

# Two assets, 0..10 tenths of the first: a is N(10, 8), b is N(6, 2), correlation 0.
WEIGHTS = np.arange(11) / 10.0
SHARE = 0.05
MEAN = 10.0 * WEIGHTS + 6.0 * (1.0 - WEIGHTS)
SD = np.hypot(8.0 * WEIGHTS, 2.0 * (1.0 - WEIGHTS))
CVAR = MEAN - SD * norm.pdf(norm.ppf(SHARE)) / SHARE
"""Mean of the worst share of a normal law: Rockafellar, Uryasev 2000, proposition 1."""


def draws(n, rng):
    a, b = 10.0 + 8.0 * rng.standard_normal(n), 6.0 + 2.0 * rng.standard_normal(n)
    return a[:, None] * WEIGHTS + b[:, None] * (1.0 - WEIGHTS)


def score(appetite):
    return appetite * MEAN + (1.0 - appetite) * CVAR


def test_frontier_of_two_assets():
    """40,000 paths: means and CVaRs within 4 of their errors (22 numbers: false alarm 1.4e-3 at most). The error of the
    CVaR is known: sd sqrt((tail variance + (1 - p)(gap)^2) / (n p)); a tenth of it off is seen."""
    found = frontier(draws(40_000, np.random.default_rng(1)), SHARE)
    for k, choice in enumerate(found):
        assert abs(choice.mean.value - MEAN[k]) < 4.0 * choice.mean.standard_error
        assert abs(choice.cvar.value - CVAR[k]) < 4.0 * choice.cvar.standard_error
    # From the least risk (0.6 %) on, mean and CVaR go apart: those are efficient, the point before is not.
    least = int(np.argmax(CVAR))
    assert [choice.efficient for choice in found] == [k >= least for k in range(11)]


def test_error_of_a_cvar_is_its_scatter():
    rng = np.random.default_rng(2)
    found = [cvar(rng.standard_normal(2000), SHARE) for _ in range(400)]
    scatter = np.std([one.value for one in found], ddof=1)
    assert np.mean([one.standard_error for one in found]) == pytest.approx(scatter, rel=0.15)  # 4 sd of a sd of 400
    assert np.mean([one.value for one in found]) == pytest.approx(-norm.pdf(norm.ppf(SHARE)) / SHARE, abs=0.03)


@pytest.mark.parametrize("appetite", [1.0, 0.9, 0.5, 0.0])
def test_the_best_of_two_assets(appetite):
    """200 samples of 1,000 paths: the truly best is told apart from the best of the sample in at most 5 % of them
    (binomial, 4 sd: 11.2 %), and the best of the sample is never counted out."""
    true, missed = int(np.argmax(score(appetite))), 0
    rng = np.random.default_rng(3)
    for _ in range(200):
        found = best_choice(draws(1000, rng), SHARE, appetite)
        assert not found.told_apart[found.choice]
        missed += found.told_apart[true]
    assert missed / 200 < LEVEL + 4.0 * np.sqrt(LEVEL * (1.0 - LEVEL) / 200)
    large = best_choice(draws(100_000, rng), SHARE, appetite)
    assert abs(large.choice - true) <= 1
    assert sum(large.told_apart) >= 6  # with many paths most are told apart


def test_negative_control_without_bonferroni_equal_choices_are_told_apart_too_often(monkeypatch):
    """20 equal choices, 200 samples: someone is told apart from the first in about 5 % of the samples; with a plain
    test at 5 % for each pair it would be in far more."""
    rng = np.random.default_rng(4)
    values = [rng.standard_normal((400, 20)) for _ in range(200)]
    wrong = np.mean([best_choice(one, SHARE, 1.0).told_apart[0] for one in values])
    assert wrong < 0.10
    monkeypatch.setattr("riskmodel.frontier._limit", lambda n, k: 1.645)
    assert np.mean([best_choice(one, SHARE, 1.0).told_apart[0] for one in values]) > 0.25


@pytest.mark.parametrize(
    ("text", "strategy", "field", "values"),
    [
        ("strategies.string.cabinets 0:30:10", None, "storage.cabinets", (0, 10, 20, 30)),
        ("cabinets=0,20", None, "storage.cabinets", (0, 20)),
        ("reserve_share 0.1:0.5:0.2", "string", "storage.reserve_share", (0.1, 0.3, 0.5)),
        ("gensets.units 1:2:1", None, "gensets.units", (1, 2)),
        ("storage.capex_eur_per_kwh 100:200:100", None, "storage.capex_eur_per_kwh", (100, 200)),
    ],
)
def test_fields_and_values_are_read(text, strategy, field, values):
    _, found = parse_vary(small_study(), text, strategy)
    assert found.field == field
    assert found.values == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "strategy", "message"),
    [
        ("cabinets", None, "its values"),
        ("cabinets 5:1:1", None, "step must be above 0"),
        ("cabinets 0:10:0", None, "step must be above 0"),
        ("cabinets 0:10", None, "FIRST:LAST:STEP"),
        ("cabinets a,b", None, "FIRST:LAST:STEP"),
        ("cabinets 0:1e9:1", None, "at most 400"),
        ("cabinetz 0:10:1", "string", "did you mean cabinets"),
        ("cabinets 0:10:1", "grid", "no such number"),
        ("capex_eur_per_kw 1:2:1", "diesel", "ups.capex_eur_per_kw or gensets.capex_eur_per_kw"),
        ("strategies.strong.cabinets 0:10:1", None, "no strategy strong"),
        ("strategies.string.cabinets 0:10:1", "diesel", "choose one"),
    ],
)
def test_wrong_fields_are_named(text, strategy, message):
    with pytest.raises(SizeError, match=message):
        parse_vary(small_study(), text, strategy)


def test_no_cabinets_is_one_size_without_storage():
    study = small_study()
    varied = [Vary("storage.cabinets", (0.0, 10.0)), Vary("storage.reserve_share", (0.1, 0.3))]
    sizes = sizes_of(study, "string", varied)
    assert [size.values[0] for size in sizes] == [0.0, 10.0, 10.0]
    assert sizes[0].study.strategies["string"].storage is None
    assert sizes[2].study.strategies["string"].storage.reserve_share == 0.3
    with_pv = sizes_of(study, "string", [varied[0], Vary("pv.power_mwp", (1.0, 2.0))])
    assert [size.values for size in with_pv] == [(0.0, 1.0), (0.0, 2.0), (10.0, 1.0), (10.0, 2.0)]


def case(values=(0.0, 5.0, 10.0), paths=40, **more):
    study = small_study()
    varied = (Vary("storage.cabinets", tuple(float(value) for value in values)),)
    given = {"share": 0.2, "metric": "npv_eur", "appetites": (1.0, 0.0), **more}
    return Case(study, "string", varied, sizes_of(study, "string", varied), paths, 7, **given)


def test_sizes_are_simulated_as_they_would_be_alone():
    """In groups or all together, a size has the NPV that the study with that size has."""
    one = case(values=range(5, 16))
    record = compare(one, simulate_range=fake_simulate_range)
    for k in (0, 9):
        alone = evaluate(one.sizes[k].study, 7, 40, simulate_range=fake_simulate_range).of("string", "npv_eur")
        assert record["sizes"][k]["mean_eur"]["value"] != 0.0
        assert np.isfinite(alone).all()
    assert len(record["sizes"]) == 11
    assert [best["appetite"] for best in record["best"]] == [1.0, 0.0]
    for best in record["best"]:
        assert best["score_less_best_eur"][best["size"]]["value"] == 0.0
        assert all(number["value"] <= 0.0 for number in best["score_less_best_eur"])


def test_sizes_of_the_engine_are_those_of_the_study():
    """Four paths of one year: the size that the study has gives the study's own NPV, to the last bit, and no cabinets
    give that of the strategy without storage."""
    study = small_study(years=1)
    varied = (Vary("storage.cabinets", (0.0, 10.0)),)
    sizes = sizes_of(study, "string", varied)
    record = compare(Case(study, "string", varied, sizes, 4, 7, 0.3, "npv_eur", (1.0,)))
    for size, found in zip(sizes, record["sizes"], strict=True):
        alone = evaluate(size.study, 7, 4).of("string", "npv_eur")
        assert found["mean_eur"]["value"] == pytest.approx(alone.mean(), rel=1e-12)


def command(*arguments):
    return CliRunner().invoke(app, ["size", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vary", "cabinets"], "no values"),
        (["--vary", "cabinets", "0:5:1", "0:5:1"], "belongs to no --vary"),
        ([], "type what to vary"),
        (["--vary", "cabinets", "5"], "nothing to compare"),
        (["--vary", "cabinets", "0:5:1", "--risk", "var:0.05"], "type cvar:SHARE"),
        (["--vary", "cabinets", "0:5:1", "--risk", "cvar:2"], "type cvar:SHARE"),
        (["--vary", "cabinets", "0:5:1", "--paths", "50"], "type --paths 100"),
        (["--vary", "cabinets", "0:5:1", "--appetite", "2"], "from 0"),
        (["--vary", "cabinets", "0:5:1", "--metric", "irr"], "type npv or delta_npv"),
        (["--vary", "cabinets", "0:5:1", "--strategy", "x"], "type one of grid_expansion"),
        (["--vary", "cabinets=5,-1"], "cabinets"),
        (["--vary", "cabinets=5,6", "--vary", "cabinets=7,8"], "stands twice"),
    ],
)
def test_the_command_names_what_is_wrong(arguments, message):
    done = command("nordic_inference", *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr


def test_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr("riskmodel.engine.simulate_range", fake_simulate_range)
    file = tmp_path / "small.toml"
    file.write_text(small_study().to_toml())
    words = ("--vary", "string.cabinets", "0:10:5", "--vary", "reserve_share", "0.1,0.3")
    done = command(file, "--strategy", "string", *words, "--seed", 7, "--paths", 100, "--out", tmp_path / "out")
    assert done.exit_code == 2  # string.cabinets is no field
    words = ("--vary", "strategies.string.cabinets", "0:10:5", "--vary", "reserve_share", "0.1,0.3")
    done = command(file, *words, "--seed", 7, "--paths", 100, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "Appetite 0.5: the best is" in done.stdout
    record = json.loads((tmp_path / "out" / "size.json").read_text())
    assert len(record["sizes"]) == 5
    assert (tmp_path / "out" / "frontier.png").stat().st_size > 0
    done = command(file, *words, "--seed", 7, "--paths", 100, "--csv", "--appetite", 1)
    assert done.stdout.startswith("size,quantity,appetite,value,standard_error,unit\n")

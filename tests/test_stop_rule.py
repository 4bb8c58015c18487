"""The stop rule: any number of the summary, as a share or an amount; messages for what is not reached."""

import hashlib
import math

import pytest
from typer.testing import CliRunner

from riskmodel import store
from riskmodel.run import Interrupted, RunError, run_to_folder
from riskmodel.stop_rule import TargetError, parse_targets, unreached_text
from studies.cli import app
from tests.drawn_engine import drawn_simulate_range
from tests.fake_engine import fake_simulate_range, small_study

NAMES = ["grid", "string", "diesel"]


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(store, "PATHS_PER_GROUP", 16)


def run(folder, paths=500, **options):
    options.setdefault("simulate_range", fake_simulate_range)
    return run_to_folder(small_study(), folder, paths, 7, **options)


@pytest.mark.parametrize(
    ("wanted", "label", "limit", "relative", "strategy"),
    [
        ({"npv": 0.01}, "delta_npv_eur:mean", 0.01, True, None),
        ({"npv": "2 %"}, "delta_npv_eur:mean", 0.02, True, None),
        ({"npv_eur": 0.01}, "npv_eur:mean", 0.01, True, None),
        ({"string/npv": "500 kEUR"}, "delta_npv_eur:mean", 5e5, False, "string"),
        ({"npv:p05": "1.5 million EUR"}, "delta_npv_eur:p05", 1.5e6, False, None),
        ({"downtime_loss": "2 kEUR/year"}, "downtime_loss_eur_per_year:mean", 2e3, False, None),
        ({"energy_cost:sd": "3 kEUR"}, "energy_cost_eur_per_year:sd", 3e3, False, None),
        ({"payback_simple_years": "0.1 years"}, "payback_simple_years:p50", 0.1, False, None),
        ({"never_pays_back_share": "0.5 points"}, "never_pays_back_share", 0.005, False, None),
        ({"prob_best": 0.1}, "prob_best", 0.1, True, None),
    ],
)
def test_targets_are_read(wanted, label, limit, relative, strategy):
    (found,) = parse_targets(wanted, NAMES, "EUR")
    assert (found.label, found.relative, found.strategy) == (label, relative, strategy)
    assert found.limit == pytest.approx(limit, rel=1e-12)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"npw": 0.1}, "no metric 'npw'.*did you mean npv"),
        ({"npv": 0.0}, "must be above 0"),
        ({"npv": "-1%"}, "must be above 0"),
        ({"npv": "1 kUSD"}, "no unit 'kUSD' here; type EUR"),
        ({"npv": "1 years"}, "no unit 'years'"),
        ({"prob_best": "1 EUR"}, "type points"),
        ({"strong/npv": 0.1}, "no strategy 'strong'"),
        ({"npv:p51": 0.1}, "no metric 'npv:p51'"),
        ({"": 0.1}, "no metric"),
    ],
)
def test_wrong_targets_are_named(wanted, message, tmp_path):
    with pytest.raises(TargetError, match=message):
        parse_targets(wanted, NAMES, "EUR")
    with pytest.raises(RunError, match=message):
        run(tmp_path / "run", target_error=wanted)
    assert not (tmp_path / "run").exists()


def digests(folder):
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json")
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.mark.parametrize(
    "wanted",
    [
        {"npv": 0.05},
        {"npv_eur": 0.05, "prob_best": "6 points"},
        {"string/npv:p50": "10 %"},
        {"downtime_loss": "2 %"},
        {"payback_simple_years": "0.2 years"},
    ],
)
def test_the_error_is_reached_at_the_first_checkpoint_that_has_it(tmp_path, wanted):
    """For any size of range, with the bytes of a run of so many paths; sixteen paths less would not have done."""
    first = run(tmp_path / "a", paths_per_range=16, target_error=wanted)
    second = run(tmp_path / "b", paths_per_range=45, target_error=wanted)
    assert first.n_paths == second.n_paths
    assert digests(first.folder) == digests(second.folder)
    assert first.manifest["target_error"]["reached"]
    plain = run(tmp_path / "c", paths=first.n_paths)
    assert digests(plain.folder) == digests(first.folder)
    for target in parse_targets(wanted, NAMES, "EUR"):
        for name in NAMES:
            estimate = plain.estimate(name, target.label)
            if estimate is not None and target.strategy in (None, name):
                assert estimate.standard_error <= target.allowed(estimate) * (1.0 + 1e-9)
    if first.n_paths > 16:
        fewer = run(tmp_path / "d", paths=first.n_paths - 16)
        worse = [
            estimate.standard_error > target.allowed(estimate)
            for target in parse_targets(wanted, NAMES, "EUR")
            for name in NAMES
            if target.strategy in (None, name) and (estimate := fewer.estimate(name, target.label)) is not None
        ]
        assert any(worse)


def test_a_run_that_is_stopped_goes_on_with_its_target(tmp_path):
    calls = []

    def stops(study, seed, first, n, **how):
        calls.append(first)
        if len(calls) > 3 and "again" not in how:
            raise KeyboardInterrupt
        return fake_simulate_range(study, seed, first, n, **how)

    wanted = {"npv": 0.03}
    whole = run(tmp_path / "whole", target_error=wanted)
    with pytest.raises(Interrupted):
        run(tmp_path / "run", target_error=wanted, paths_per_range=10, simulate_range=stops)
    resumed = run_to_folder(small_study(), tmp_path / "run", resume=True, simulate_range=fake_simulate_range)
    assert resumed.n_paths == whole.n_paths
    assert digests(resumed.folder) == digests(whole.folder)


def test_what_is_not_reached_is_said_early_and_at_the_end(tmp_path):
    said = []
    results = run(tmp_path / "run", paths=40, target_error={"npv": 1e-4}, announce=said.append)
    assert results.n_paths == 40
    found = results.manifest["target_error"]
    assert found["reached"] is False
    assert len(said) == 1
    assert "after 16 paths" in said[0]
    assert "at most 40 will be simulated" in said[0]
    text = unreached_text(found["checks"], 40)
    assert "paths would do" in text
    worst = max(check["paths_needed"] for check in found["checks"])
    assert f"{worst:,}" in text
    check = next(check for check in found["checks"] if check["paths_needed"] == worst)
    exact = 40 * (check["standard_error"] / check["allowed"]) ** 2
    assert worst == math.ceil(exact / 16) * 16


def test_a_share_of_nothing_asks_for_an_amount(tmp_path):
    results = run(tmp_path / "run", paths=32, target_error={"diesel/prob_best": 0.01})
    if results.estimate("diesel", "prob_best").value == 0.0:
        assert "ask for an amount" in unreached_text(results.manifest["target_error"]["checks"], 32)


def test_controls_stop_earlier(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PATHS_PER_GROUP", 250)
    options = {"simulate_range": drawn_simulate_range, "target_error": {"grid/npv_eur": 0.004}, "paths": 4000}
    plain = run(tmp_path / "plain", **options)
    controlled = run(tmp_path / "controlled", control_variates=True, **options)
    assert controlled.n_paths < plain.n_paths
    estimate = controlled.estimate("grid", "npv_eur:mean")
    assert estimate.standard_error <= 0.004 * abs(estimate.value)


def test_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr("riskmodel.engine.simulate_range", fake_simulate_range)
    file = tmp_path / "small.toml"
    file.write_text(small_study().to_toml())
    words = ["run", str(file), "--seed", "7", "--paths", "200", "--target-error"]
    done = CliRunner().invoke(app, [*words, "npv=20 %", "--out", str(tmp_path / "a"), "--json"])
    assert done.exit_code == 0, done.output
    assert "Target error reached with" in done.stderr
    done = CliRunner().invoke(app, [*words, "npv=1 EUR", "--out", str(tmp_path / "b")])
    assert done.exit_code == 0, done.output
    assert "Target error not reached: delta_npv_eur:mean" in done.stderr
    done = CliRunner().invoke(app, [*words, "npv=1 apples", "--out", str(tmp_path / "c")])
    assert done.exit_code == 2
    assert "no unit 'apples'" in done.stderr

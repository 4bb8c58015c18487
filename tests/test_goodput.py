"""Goodput of a run: own failures against their exact answer, and what power events take off, as a command."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from riskmodel.goodput import GoodputError, goodput, goodput_rows, own_goodput, training_jobs
from riskmodel.own_failures import expected_shares
from riskmodel.run import run_to_folder
from studies.cli import app
from tests.fake_engine import fake_simulate_range, small_study, without_events

PATHS, YEARS = 60, 4
SCORE = 3.89
"""Standard errors at which a comparison fails: by chance in 1 of 10,000."""
OFTEN = "cluster.own_failures_per_million_gpu_hours=400"
CALM = "cluster.own_failures_per_million_gpu_hours=1e-6"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return run_to_folder(small_study(overrides=[OFTEN]), folder, PATHS, 7, simulate_range=fake_simulate_range)


def test_simulated_and_exact_agree(results):
    # 800 GPUs at 400 per million GPU-hours fail every 3.125 h: 673,000 failures. Control: exact for a rate 2 % higher.
    (job,) = own_goodput(results.study, results.seed, PATHS)
    assert job.mtti_h == pytest.approx(1e6 / 400 / 800, rel=1e-12)
    (case,) = training_jobs(results.study)
    wrong = expected_shares(case, job.mtti_h / 1.02)
    pairs = [(job.goodput, job.exact_goodput, wrong.goodput)]
    pairs.append((job.failures_per_year, job.exact.failures_per_year, wrong.failures_per_year))
    pairs += [(job.shares[name], getattr(job.exact, name), getattr(wrong, name)) for name in ("ettr", "rework")]
    for found, exact, other in pairs:
        assert abs(found.value - exact) < SCORE * found.standard_error
        assert abs(found.value - other) > SCORE * found.standard_error
    assert job.first_order_ettr == pytest.approx(job.exact.ettr, abs=0.02)


def test_each_path_has_the_rate_that_the_run_drew(results):
    uncertain = 'cluster.own_failures_per_million_gpu_hours={law="uniform",low=100,high=900}'
    study = small_study(overrides=[uncertain])
    (job,) = own_goodput(study, 7, PATHS)
    from riskmodel.draws import draw_scalars

    rates = draw_scalars(study, 7, 0, PATHS)["cluster.own_failures_per_million_gpu_hours"]
    assert job.mtti_h == pytest.approx(np.mean(1e6 / rates / 800), rel=1e-12)
    (case,) = training_jobs(study)
    exact = [expected_shares(case, 1e6 / rate / 800).goodput for rate in rates]
    assert job.exact_goodput == pytest.approx(np.mean(exact), rel=1e-12)
    # the spread of the rates between paths, 45 % of them, is in the error of the failures
    assert job.failures_per_year.standard_error > 0.4 * job.failures_per_year.value / math.sqrt(PATHS)


def test_power_events_take_off_their_share(results):
    jobs, strategies = goodput(results)
    years = results.years
    for found in strategies:
        rows = years[(years["strategy"] == found.name) & (years["year"] > 0)]
        lost = sum(rows[f"lost_{cause}_gpu_hours"].sum() for cause in ("rework", "waiting", "restart", "capped"))
        lost += rows["lost_hardware_gpu_hours"].sum()
        powered = rows["powered_gpu_hours"].sum()
        own = jobs[0].goodput.value
        assert found.without_power_events == jobs[0].goodput
        assert found.with_power_events.value == pytest.approx(own * (1.0 - lost / powered), rel=1e-6)
        difference = found.without_power_events.value - found.with_power_events.value
        assert found.cost_of_power_events.value == pytest.approx(difference, rel=1e-6)
        up = (powered - lost) / rows["potential_gpu_hours"].sum()
        assert found.failures_per_year.value == pytest.approx(jobs[0].failures_per_year.value * up, rel=1e-6)
        # every powered GPU-hour is kept, or lost to one of the two
        total = powered / PATHS / YEARS
        kept = found.with_power_events.value * total
        parts = kept + found.lost_to_own_failures.value + found.lost_to_power_events.value
        assert parts == pytest.approx(total, rel=1e-6)


def test_without_events_and_without_failures_nothing_is_lost(tmp_path):
    def quiet(study, seed, first, n, **how):
        return without_events(fake_simulate_range(study, seed, first, n, **how))

    study = small_study(overrides=[CALM, "cluster.checkpoint_write_min=1e-6"])
    results = run_to_folder(study, tmp_path / "run", 8, 7, simulate_range=quiet)
    _, strategies = goodput(results)
    for found in strategies:
        assert found.with_power_events.value == pytest.approx(1.0, abs=3e-5)  # writing: 60 us each 2.9 s
        assert found.with_power_events.value == found.without_power_events.value


def test_inference_has_no_goodput(tmp_path):
    study = small_study(overrides=["cluster.duty=inference"])
    with pytest.raises(GoodputError, match='cluster.duty = "inference"'):
        training_jobs(study)
    run_to_folder(study, tmp_path / "run", 4, 7, simulate_range=fake_simulate_range)
    said = CliRunner().invoke(app, ["goodput", str(tmp_path / "run")])
    assert (said.exit_code, 'run a study with duty = "training"' in said.output) == (2, True)


def test_a_cluster_without_training_jobs(monkeypatch):
    monkeypatch.setattr("riskmodel.goodput.training_jobs", lambda study: [])
    with pytest.raises(GoodputError, match="no GPUs are left for training"):
        own_goodput(small_study(), 7, 4)


def test_the_command(results):
    run = CliRunner().invoke
    printed = run(app, ["goodput", str(results.folder), "--paths", "20"])
    assert printed.exit_code == 0, printed.output
    assert "A job of 800 GPUs fails by itself every 3.12 h" in printed.output
    assert "20 lives of 4 years; power events: 60 paths" in printed.output
    assert "goodput_with_power_events" in run(app, ["goodput", str(results.folder), "--csv"]).output
    record = json.loads(run(app, ["goodput", str(results.folder), "--json"]).output)
    rows = goodput_rows(*goodput(results))
    found = {(row.strategy, row.metric): row.estimate.value for row in rows}
    assert len(found) == len(rows)
    for (name, metric), value in found.items():
        assert record["estimates"][name][metric]["value"] == value
    assert {"job 1", "grid", "string", "diesel"} == set(record["estimates"])


def test_own_failures_and_power_events_on_one_clock():
    # One job walked for 200 lives of 1,000 h: own failures each 5 h, and power lost every 100 h for 3 h, which undoes
    # unsaved work. What goodput multiplies is the exact own share, and 1 - (3 h + half an interval) / 100 h. The mean
    # over lives has an error of about 4e-4: a false alarm in 1 of 10,000, and the control, losses added up instead of
    # multiplied (3.5e-3 less), is found with probability above 0.9999. Half an interval is a little more than what is
    # unsaved at a chance moment (2e-4 of the goodput), which is allowed for.
    rng = np.random.default_rng(12)
    case = own_job()
    walked = np.array([_walk(rng, case, 5.0, 100.0, 3.0, 1000.0) for _ in range(200)])
    own = expected_shares(case, 5.0).ettr
    lost = (3.0 + 0.5 * case.interval_h) / 100.0
    error = walked.std(ddof=1) / math.sqrt(walked.size)
    assert abs(walked.mean() - own * (1.0 - lost)) < SCORE * error + 2e-4
    assert abs(walked.mean() - (own - lost)) > SCORE * error + 2e-4


def own_job():
    """10,000 GPUs, a checkpoint each 24 min, restarts of 10 min, no repairs."""
    case = training_jobs(small_study())[0]
    return case._replace(gpus=10000, interval_h=0.4, hardware_share=0.0)


def _walk(rng, case, mtti_h, between_h, dark_h, horizon_h):
    """Share of the time whose work is kept; a power event also makes the job restart (within its dark time)."""
    restart_h, saved, now = float(case.restart_h.mean()), 0.0, 0.0
    waiting = 0.0
    dark_at = rng.uniform(0.0, between_h - dark_h)
    failure = rng.exponential(mtti_h)
    while now < horizon_h:
        until = min(now + failure, dark_at, horizon_h)
        working = max(until - now - waiting, 0.0)
        stretches = math.floor(working / (case.interval_h + case.write_h))
        saved += stretches * case.interval_h
        if until == horizon_h:
            saved += min(working - stretches * (case.interval_h + case.write_h), case.interval_h)
        if until == dark_at and until < horizon_h:
            now, waiting, dark_at = until + dark_h, 0.0, dark_at + between_h
        else:
            now, waiting = until, restart_h
        failure = rng.exponential(mtti_h)
    return saved / horizon_h

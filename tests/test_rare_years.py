"""Weighted rare years against plain years of the same study, and the laws that their draws follow."""

from dataclasses import replace

import numpy as np
import pytest

from distributions import parameters
from distributions.given_outages import BESIDE, GivenTables
from distributions.laws import from_spec
from distributions.outages import DURATION_FACTOR, DURATION_H, EXTREME, HOUR, RATE_FACTOR, RESIDUAL
from riskmodel.engine import simulate_range
from riskmodel.insurance.exceedance import clustered_error, exceedance
from riskmodel.insurance.from_rare_years import events_of_rare_years
from riskmodel.process_draws import draw_processes
from riskmodel.rare_years import EDGES, N_PERIODS, extreme_probes, rare_periods
from tests.test_event_by_hand import BARE, STRING, study_of

SEED = 11
OFTEN = "site.extreme_outage_rate_factor=4"
RARE_PATHS, PLAIN_PATHS, AT_ONCE = 1500, 6000, 1500
YEARS = 2


def shares(weight, path, n_paths, values, limits):
    """Share of periods above each limit and its standard error, paths being independent."""
    by_path = [np.bincount(path, weight * (values > limit), n_paths) * n_paths for limit in limits]
    return np.array([(v.mean(), v.std(ddof=1) / np.sqrt(n_paths)) for v in by_path])


def plain_years(study):
    """Weight, path, and yearly loss of the bare and the string strategy, in GPU-hours, of plain years."""
    from riskmodel.path_tables import events_columns

    yearly = np.zeros((PLAIN_PATHS * YEARS, 4))
    for first in range(0, PLAIN_PATHS, AT_ONCE):
        events = events_columns(study, simulate_range(study, SEED + 1, first, AT_ONCE))
        rows = events["path"] * YEARS + events["year"] - 1
        np.add.at(yearly, (rows, events["strategy"]), events["eur_lost"])
    return np.full(len(yearly), 1.0 / len(yearly)), np.repeat(np.arange(PLAIN_PATHS), YEARS), yearly


@pytest.fixture(scope="module")
def rare():
    return rare_periods(study_of(OFTEN), RARE_PATHS, SEED)


def test_weighted_years_have_the_law_of_plain_ones(rare):
    """Six shares between 0.3 and 0.002: each differs by less than 4 standard errors (false alarm 4e-4 in all).

    A share that is wrong by a fifth at the rarest limit is found with a power above 0.9. The control gives every period
    the same weight.
    """
    study = study_of(OFTEN)
    weight, path, plain = plain_years(study)
    aggregate = rare.aggregate
    for strategy, limits in ((BARE, (10_000.0, 60_000.0, 150_000.0)), (STRING, (2_000.0, 40_000.0, 130_000.0))):
        wanted = shares(weight, path, PLAIN_PATHS, plain[:, strategy], limits)
        found = shares(rare.weight, rare.path, RARE_PATHS, aggregate[:, strategy], limits)
        z = (found[:, 0] - wanted[:, 0]) / np.hypot(found[:, 1], wanted[:, 1])
        assert np.all(np.abs(z) < 4.0), (strategy, wanted, found)
        assert np.all(wanted[:, 0] > 5e-4)
        alike = np.full(rare.weight.size, 1.0 / rare.weight.size)
        wrong = shares(alike, rare.path, RARE_PATHS, aggregate[:, strategy], limits)
        assert abs(wrong[-1, 0] - wanted[-1, 0]) > 10.0 * np.hypot(wrong[-1, 1], wanted[-1, 1])
    # and they are known better: at least four times, of what extreme outages alone reach, with as many paths
    limit = np.quantile(plain[:, STRING], 0.999)
    of_plain = shares(weight, path, PLAIN_PATHS, plain[:, STRING], [limit])[0, 1] * np.sqrt(PLAIN_PATHS)
    of_rare = shares(rare.weight, rare.path, RARE_PATHS, aggregate[:, STRING], [limit])[0, 1]
    assert of_rare * np.sqrt(RARE_PATHS) < 0.25 * of_plain
    mean_plain = plain.mean(axis=0)
    mean_rare = rare.weight @ aggregate
    spread = plain.reshape(PLAIN_PATHS, YEARS, 4).mean(axis=1).std(axis=0) / np.sqrt(PLAIN_PATHS)
    assert np.all(np.abs(mean_rare - mean_plain)[[BARE, STRING]] < 9.0 * spread[[BARE, STRING]])


def test_weights_and_order(rare):
    assert rare.weight.sum() == pytest.approx(1.0, rel=1e-12)
    assert rare.weight.min() >= 0.0
    assert rare.weight.size == RARE_PATHS * YEARS * N_PERIODS
    assert np.all(rare.aggregate >= rare.largest)
    by_stratum = rare.aggregate.reshape(-1, N_PERIODS, 4)[:, :-1, BARE]
    assert np.all(np.diff(by_stratum.mean(axis=0)) > 0.0)  # longer outages cost more


def test_the_same_in_any_ranges(rare, monkeypatch):
    bare_weight = rare.weight / np.repeat(rare.path_weight, YEARS * N_PERIODS)
    monkeypatch.setattr("riskmodel.rare_years.PATHS_PER_RANGE", 37)
    other = rare_periods(study_of(OFTEN), 80, SEED)
    assert other.inputs == ()  # too few paths to weight them by known means
    n = other.weight.size
    np.testing.assert_array_equal(other.path, rare.path[:n])
    np.testing.assert_allclose(other.weight * 80, bare_weight[:n] * RARE_PATHS, rtol=1e-12)
    np.testing.assert_array_equal(other.aggregate, rare.aggregate[:n])
    np.testing.assert_array_equal(other.largest, rare.largest[:n])


def test_paths_are_weighted_by_known_means(rare):
    """The inputs that move losses are found; what they explain is no error of a rare loss any more."""
    assert "outages.extreme.rate" in rare.inputs
    assert rare.path_weight.mean() == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(rare.path_weight @ rare.controls / RARE_PATHS, 0.0, atol=1e-6)
    losses = events_of_rare_years(rare, "string", "EUR")
    blind = replace(losses, periods=losses.periods._replace(controls=rare.controls[:, :0]))
    for index in (BARE, STRING):
        loss = rare.aggregate[:, index]
        influence = loss - rare.weight @ loss
        ours, theirs = clustered_error(influence, losses.periods), clustered_error(influence, blind.periods)
        assert 0.5 * theirs < ours < theirs  # little here: two years of life, and one drawn input that matters


def test_asking_changes_nothing_and_tells_what_would_happen():
    """One outage a year that is asked about, and the same one that happens: the same record; the lifetime without it
    is the same as one in which nobody asked."""
    study = study_of("site.extreme_outage_rate_factor=0")
    probes = extreme_probes(study_of(), SEED, 0, 40)
    one = probes.event[:, :1, 6:7].reshape(40, 1, 5)
    first = np.tile(np.array([0, 1, 1]), (40, 1))
    asked = simulate_range(study, SEED, 0, 40, given=GivenTables(np.array([BESIDE]), one, first))
    real = one.copy()
    real[..., RESIDUAL] = 0.0
    happened = simulate_range(study, SEED, 0, 40, given=GivenTables(np.array([BESIDE]), real, first))
    plain = simulate_range(study, SEED, 0, 40)
    np.testing.assert_array_equal(asked.annual, plain.annual)
    assert (happened.annual != plain.annual).any()
    ours, theirs = (result.events["cause"] == EXTREME for result in (asked, happened))
    assert ours.sum() == theirs.sum() == 40 * 4
    for name in asked.events:
        if name not in ("residual_voltage", "event"):
            np.testing.assert_array_equal(asked.events[name][ours], happened.events[name][theirs], err_msg=name)


def test_probes_follow_rate_and_duration():
    """20,000 years: mean rate, and weighted share of durations above three limits, within 4 standard errors each."""
    study, n = study_of(), 10_000
    probes = extreme_probes(study, SEED, 0, n)
    assert probes.event.shape == (n, YEARS, N_PERIODS - 2, 5)
    assert probes.event[..., HOUR].min() >= 0.0
    assert probes.event[..., HOUR].max() < 8760.0
    processes = draw_processes(study, SEED, 0, n).outages
    family = parameters.load("outages", study.record_names()["outages"])["extreme"]
    wanted = family["rate_per_year"] * processes[:, RATE_FACTOR, EXTREME].mean()
    assert abs(probes.rate.mean() - wanted) < 4.0 * probes.rate.std() / np.sqrt(probes.rate.size)
    # the law of a plain path's durations: the record's times the factor of another path
    rng = np.random.default_rng(1)
    plain = from_spec(family["duration_s"]).ppf(rng.random(400_000)) / 3600.0
    plain *= rng.choice(processes[:, DURATION_FACTOR, EXTREME], plain.size)
    chance = np.diff(EDGES)
    for share in (0.5, 0.95, 0.995):
        limit = np.quantile(plain, share)
        above = ((probes.event[..., DURATION_H] > limit) * chance).sum(axis=-1).ravel()
        error = np.hypot(above.std() / np.sqrt(above.size), np.sqrt(share * (1 - share) / plain.size))
        assert abs(above.mean() - (1.0 - share)) < 4.0 * error
        unweighted = (probes.event[..., DURATION_H] > limit).mean()  # control: without weights it is wrong
        assert abs(unweighted - (1.0 - share)) > 20.0 * error


def test_weights_of_frequent_outages_stay_within_bounds():
    probes = extreme_probes(study_of("site.extreme_outage_rate_factor=60"), SEED, 0, 200)
    assert probes.rate.mean() > 1.0
    weights = probes.weights()
    assert weights.min() >= 0.0
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, rtol=1e-12)


def test_events_of_the_periods_add_up(rare):
    """Every period's sum and largest loss from its events; exceedance with the weights; and a control."""
    for index, strategy in enumerate(rare.strategies):
        losses = events_of_rare_years(rare, strategy, "EUR")
        np.testing.assert_allclose(losses.yearly_sum(), rare.aggregate[:, index], rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(losses.yearly_max(), rare.largest[:, index], rtol=1e-9, atol=1e-6)
        if strategy == "bare":
            part = losses.rows(losses.period % N_PERIODS < 9)
            assert not np.allclose(part.yearly_sum(), rare.aggregate[:, index])
    losses = events_of_rare_years(rare, "string", "EUR")
    points = {(p.kind, p.return_period): p for p in exceedance(losses, (100.0, 1000.0))}
    worst = points["aep", 1000.0]
    assert points["aep", 100.0].estimate.value < worst.estimate.value
    assert worst.low < worst.estimate.value < worst.high
    share = rare.weight @ (rare.aggregate[:, STRING] >= worst.estimate.value)
    assert share == pytest.approx(0.001, abs=rare.weight.max())


def test_given_events_are_refused(tmp_path):
    file = tmp_path / "events.csv"
    file.write_text("year,hour,duration_s,family,residual_voltage\n1,5,600,sustained,\n", encoding="utf-8")
    with pytest.raises(ValueError, match="rare years are drawn"):
        rare_periods(study_of(f'site.given_events="{file}"'), 2, SEED)

"""Covers: terms by hand, towers, triggers, premiums against exact answers, and the command with good and bad input."""

import csv
import dataclasses
import itertools
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from typer.testing import CliRunner

from riskmodel.insurance import paid_years
from riskmodel.insurance.apply import apply_cover, apply_layer, time_share
from riskmodel.insurance.cover import Cover, Layer, Price, Treaty, Trigger
from riskmodel.insurance.cover_file import cover_of, read_cover
from riskmodel.insurance.cover_report import ALL, cover_report, credits
from riskmodel.insurance.exceedance import annual, points
from riskmodel.insurance.losses import EventLosses, equal_periods
from riskmodel.insurance.pricing import price, tail, wang
from riskmodel.insurance.triggers import basis_risk
from riskmodel.run import run_to_folder
from riskmodel.study import StudyError
from studies.cli import app
from tests.compound_twin import CompoundPoisson
from tests.cover_twin import pay
from tests.fake_engine import fake_simulate_range, small_study

SHARED = Path(__file__).parents[2] / "shared"
KNOWN = SHARED / "numbers" / "insurance_known_answers.csv"
PIWIND = SHARED / "data" / "insurance"
needs_known = pytest.mark.skipif(not KNOWN.exists(), reason="the known answers are not in ../shared")
needs_piwind = pytest.mark.skipif(not PIWIND.exists(), reason="the PiWind tables are not in ../shared")

RATE, MU, SIGMA = 2.5, -1.125, 1.5
ALL_CAUSES = ("sag", "sustained", "equipment", "fire")


def events(rows, n, causes=ALL_CAUSES):
    """Rows of (period from 0, event, cause, loss, hours, begin hour), in order."""
    period, event, cause, loss, hours, hour = (np.array(column) for column in zip(*rows, strict=True))
    code = np.array([causes.index(name) for name in cause])
    hours, hour, loss = hours.astype(float), hour.astype(float), loss.astype(float)
    return EventLosses("x", "", equal_periods(n), causes, period, event, code, loss, hours, hours, hour)


def plain(losses, n=None):
    """One event a row, all of one year unless given as pairs (period, loss)."""
    pairs = [(0, x) for x in losses] if np.ndim(losses[0]) == 0 else losses
    rows = [(p, k, "sustained", x, 1.0, float(k)) for k, (p, x) in enumerate(pairs)]
    return events(rows, n or 1 + max(p for p, _ in pairs))


# --- exact answers -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def twin():
    return CompoundPoisson(RATE, MU, SIGMA)


def known():
    with KNOWN.open() as stream:
        return {row["quantity"]: float(row["value"]) for row in csv.DictReader(stream)}


def exact(twin):
    """Every quantity of the file of known answers, by the twin.

    The file's tail means leave out what lies beyond 2^22 buckets of 1/512: 2e-6 of the rarest, 82.8012866 with it.
    """
    found = {"AAL exact": twin.mean, "SD exact": twin.sd, "P(A=0)": math.exp(-RATE)}
    for p in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.996, 0.999):
        found[f"AEP VaR_{p}"], found[f"AEP TVaR_{p}"] = twin.quantile(p), twin.tail_mean(p, beyond=False)
    for years in (5, 10, 20, 50, 100, 250, 1000):
        found[f"OEP {years}-yr = q_X(1+ln(p)/lam)"] = twin.occurrence(years)
    found["LEV(1)"], found["LEV(5)"] = twin.limited(1.0), twin.limited(5.0)
    found["expected annual layer loss 4 xs 1 per occurrence"] = RATE * (twin.limited(5.0) - twin.limited(1.0))
    mean, sd = twin.layer(5.0, 5.0)
    found["E[min(max(A-5,0),5)]"], found["SD of agg layer 5 xs 5"] = mean, sd
    found["Wang transform lambda=0.25 premium for agg layer 5 xs 5"] = twin.wang(5.0, 5.0, 0.25)
    found["SD-loading premium E+0.25*SD"] = mean + 0.25 * sd
    found["rate on line (E/limit)"] = mean / 5.0
    found["premium exact exp(mu+lam*s+s^2/2)"] = math.exp(MU + 0.3 * SIGMA + SIGMA**2 / 2)
    return found


@needs_known
def test_the_twin_gives_the_known_answers(twin):
    large = CompoundPoisson(RATE, MU, SIGMA, log2_buckets=22)
    answers, found = known(), exact(large)
    assert twin.tail_mean(0.999) == pytest.approx(large.tail_mean(0.999), rel=1e-6)
    assert set(answers) == set(found)
    for name, answer in answers.items():
        assert found[name] == pytest.approx(answer, rel=1e-6), name


YEARS = 100_000


@pytest.fixture(scope="module")
def simulated():
    rng = np.random.default_rng(20)
    count = rng.poisson(RATE, YEARS)
    period = np.repeat(np.arange(YEARS), count)
    loss = np.exp(MU + SIGMA * rng.standard_normal(period.size))
    unknown = np.full(period.size, np.nan)
    cause = np.zeros(period.size, int)
    name = ("event",)
    event = np.arange(period.size)
    return EventLosses("x", "", equal_periods(YEARS), name, period, event, cause, loss, unknown, unknown, unknown)


def near(estimate, answer, scores=4.5):
    """Within 4.5 standard errors: a false alarm in 7e-6 of the cases, of about 40 here 3e-4 in all."""
    return abs(estimate.value - answer) < scores * estimate.standard_error


def test_simulated_curves_meet_the_exact_ones(simulated, twin):
    """100,000 years, seed 20. The same numbers against a rate 5 % higher must miss: the negative control."""
    periods = simulated.periods
    moments = annual(simulated.yearly_sum(), periods)
    assert near(moments.aal, twin.mean)
    assert near(moments.sd, twin.sd)
    higher = CompoundPoisson(RATE * 1.05, MU, SIGMA)
    assert not near(moments.aal, higher.mean)
    years = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 250.0, 1000.0)
    missed = 0
    for point in points(simulated.yearly_sum(), periods, years):
        exactly = twin.quantile if point.kind == "aep" else twin.tail_mean
        assert near(point.estimate, exactly(1.0 - 1.0 / point.return_period)), point
        wrong = higher.quantile if point.kind == "aep" else higher.tail_mean
        missed += not near(point.estimate, wrong(1.0 - 1.0 / point.return_period))
    assert missed >= 5
    for point in points(simulated.yearly_max(), periods, years, ("oep", "oep_tvar")):
        if point.kind == "oep":
            assert near(point.estimate, twin.occurrence(point.return_period)), point


def test_simulated_premiums_meet_the_exact_ones(simulated, twin):
    periods, terms = simulated.periods, Price(expense_share=0.0)
    per_event = apply_layer(Layer("4 xs 1", attachment=1.0, limit=4.0), simulated)
    answer = RATE * (twin.limited(5.0) - twin.limited(1.0))
    assert near(price(per_event.yearly, per_event.charge, periods, terms).pure.estimate(periods), answer)
    paid = apply_layer(Layer("5 xs 5", aggregate_deductible=5.0, aggregate_limit=5.0), simulated)
    priced = price(paid.yearly, paid.charge, periods, terms)
    mean, sd = twin.layer(5.0, 5.0)
    found = {
        mean: priced.pure,
        sd: priced.spread,
        mean + 0.25 * sd: priced.risk["standard_deviation"],
        twin.wang(5.0, 5.0, 0.25): priced.risk["wang"],
    }
    for exactly, value in found.items():
        assert near(value.estimate(periods), exactly)
        assert not near(value.estimate(periods), exactly * 1.1)
    assert priced.premium.value == priced.risk["standard_deviation"].value
    capital = (simulated.yearly_sum(), np.zeros(YEARS), periods, dataclasses.replace(terms, method="cost_of_capital"))
    held = price(*capital).premium.estimate(periods)
    assert near(held, (twin.mean + 0.08 * twin.tail_mean(0.995)) / 1.08)


def test_the_wang_transform_of_a_lognormal_is_a_lognormal():
    """Mean exp(mu + lambda sigma + sigma^2 / 2) = 1.5683121855 for mu = -1.125, sigma = 1.5, lambda = 0.3; seed 4."""
    values = np.exp(MU + SIGMA * np.random.default_rng(4).standard_normal(400_000))
    periods = equal_periods(values.size)
    estimate = wang(values, periods, 0.3).estimate(periods)
    assert near(estimate, 1.5683121855)
    assert wang(values, periods, 0.0).value == pytest.approx(values.mean(), rel=1e-12)
    # exact where a law has two values: P(x = 10) = 1/4, so 10 Phi(Phi^-1(1/4) + 0.3)
    two = wang(np.array([0.0, 0.0, 0.0, 10.0]), equal_periods(4), 0.3)
    assert two.value == pytest.approx(10 * norm.cdf(norm.ppf(0.25) + 0.3), rel=1e-12)


def test_a_waiting_period_pays_what_it_should():
    """Loss of 1 an hour, D lognormal of median 1 h and sigma 1.2: E[(D - 2)+] = 0.9426951960; 400,000 years, seed 6."""
    n = 400_000
    hours = np.exp(1.2 * np.random.default_rng(6).standard_normal(n))
    each = np.arange(n)
    zero = np.zeros(n)
    found = EventLosses("x", "", equal_periods(n), ("event",), each, each, zero.astype(int), hours, hours, hours, zero)
    paid = apply_layer(Layer("wait", waiting_period_h=2.0), found)
    assert near(annual(paid.yearly, found.periods).aal, 0.9426951960)
    assert not near(annual(paid.yearly, found.periods).aal, 0.9426951960 * 1.05)


def test_errors_of_premiums_are_their_spread():
    """300 repetitions of 2,000 years: the mean stated error within 15 % of the spread (known to 4 %)."""
    terms = Price(capital_return_period_years=20.0, expense_share=0.1)
    layer = Layer("x", attachment=0.5, limit=2.0, reinstatements=1, reinstatement_charge=(1.0,))
    shown = {}
    for seed in range(300):
        rng = np.random.default_rng(seed)
        period = np.repeat(np.arange(2000), rng.poisson(1.0, 2000))
        loss = np.exp(rng.standard_normal(period.size))
        unknown = np.full(period.size, np.nan)
        event, cause = np.arange(period.size), np.zeros(period.size, int)
        found = EventLosses("x", "", equal_periods(2000), ("e",), period, event, cause, loss, unknown, unknown, unknown)
        paid = apply_layer(layer, found)
        priced = price(paid.yearly, paid.charge, found.periods, terms)
        values = {**priced.premiums, "pure": priced.pure, "ratio": priced.loss_ratio, "restored": priced.restored()}
        values["var"] = tail(found.yearly_sum(), found.periods, 10.0, "var")
        for name, value in values.items():
            estimate = value.estimate(found.periods)
            shown.setdefault(name, []).append((estimate.value, estimate.standard_error))
    for name, pairs in shown.items():
        value, error = np.array(pairs).T
        assert np.mean(error) == pytest.approx(np.std(value, ddof=1), rel=0.15), name


# --- terms by hand -----------------------------------------------------------------------------------------------


@pytest.mark.tiny
def test_a_known_law_of_years_as_weighted_periods():
    # Bahnemann 4.1: 0, 1 or 2 claims (.6, .3, .1) of 1, 2 or 3 (.4, .5, .1): mean .85, variance 1.5055, P(5) = .01
    rows, weight, period = [(0, 0, "sag", 0.0, 1.0, 0.0)], [0.6], 1
    sizes = ((1, 0.4), (2, 0.5), (3, 0.1))
    for size, chance in sizes:
        rows.append((period, 0, "sag", size, 1.0, 0.0))
        weight.append(0.3 * chance)
        period += 1
    for size, chance in sizes:
        for other, chance_of_it in sizes:
            rows += [(period, 0, "sag", size, 1.0, 0.0), (period, 1, "sag", other, 1.0, 1.0)]
            weight.append(0.1 * chance * chance_of_it)
            period += 1
    found = events(rows, period)
    found = dataclasses.replace(found, periods=found.periods._replace(weight=np.array(weight)))
    yearly = found.yearly_sum()
    assert np.dot(found.periods.weight, yearly) == pytest.approx(0.85)
    assert np.dot(found.periods.weight, yearly**2) - 0.85**2 == pytest.approx(1.5055)
    point = points(yearly, found.periods, (1 / 0.011,))[0]
    assert point.estimate.value == pytest.approx(5.0)
    paid = apply_layer(Layer("2 xs 1 of the year", aggregate_deductible=1.0, aggregate_limit=2.0), found)
    # P(2) = .166, P(3) = .07, P(4) = .033, P(5) = .01, P(6) = .001: 1 * .166 + 2 * .114
    assert np.dot(found.periods.weight, paid.yearly) == pytest.approx(0.166 + 2 * 0.114)


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("terms", "hours", "share"),
    [
        ({"waiting_period_h": 8.0}, 10.0, 0.2),
        ({"waiting_period_h": 8.0}, 8.0, 0.0),
        ({"waiting_period_h": 8.0, "waiting": "qualifying"}, 10.0, 1.0),
        ({"waiting_period_h": 8.0, "waiting": "qualifying"}, 8.0, 0.0),
        ({"indemnity_period_h": 5.0}, 10.0, 0.5),
        ({"waiting_period_h": 2.0, "indemnity_period_h": 5.0}, 10.0, 0.3),
        ({"waiting_period_h": 2.0, "indemnity_period_h": 5.0, "indemnity_from": "waiting"}, 10.0, 0.5),
        ({"waiting_period_h": 2.0, "indemnity_period_h": 5.0, "waiting": "qualifying"}, 10.0, 0.5),
        ({"waiting_period_h": 1.0}, 0.0, 0.0),
        ({"indemnity_period_h": 1.0}, 0.0, 1.0),
    ],
)
def test_times(terms, hours, share):
    assert time_share(Layer("x", **terms), np.array([hours]))[0] == pytest.approx(share)


@pytest.mark.tiny
def test_a_wait_leaves_damage_alone_and_uses_the_chosen_clock():
    found = events([(0, 0, "sustained", 100.0, 2.0, 0.0), (0, 0, "equipment", 30.0, 2.0, 0.0)], 1)
    found = dataclasses.replace(found, down_h=np.array([4.0, 4.0]))
    assert apply_layer(Layer("x", waiting_period_h=1.0), found).rows.tolist() == [75.0, 30.0]
    assert apply_layer(Layer("x", waiting_period_h=1.0, clock="grid"), found).rows.tolist() == [50.0, 30.0]
    assert apply_layer(Layer("x", waiting_period_h=8.0), found).rows.tolist() == [0.0, 30.0]
    assert apply_layer(Layer("x", perils=("interruption",)), found).rows.tolist() == [100.0, 0.0]


@pytest.mark.tiny
def test_order_of_terms_by_hand():
    # events 30, 80, 200; deductible 10 -> 20, 70, 190; 50 xs 40 -> 0, 30, 50; year: 60 xs 10 -> 0, 20, 40; 90 %
    layer = Layer("x", deductible=10, attachment=40, limit=50, aggregate_deductible=10, aggregate_limit=60)
    paid = apply_layer(dataclasses.replace(layer, participation=0.9), plain([30.0, 80.0, 200.0]))
    assert paid.rows == pytest.approx([0.0, 18.0, 36.0])
    assert paid.yearly == pytest.approx([54.0])
    assert paid.exhausted.tolist() == [True]
    # one event in two rows is one occurrence; the payment is shared by what each row lost
    rows = [(0, 0, "sustained", 60.0, 1.0, 0.0), (0, 0, "equipment", 20.0, 1.0, 0.0)]
    assert apply_layer(layer, events(rows, 1)).rows == pytest.approx([15.0, 5.0])


@pytest.mark.tiny
def test_an_hours_clause_makes_one_occurrence_of_events_close_together():
    hours = [0.0, 50.0, 71.0, 100.0, 8759.0]
    rows = [(0, k, "sustained", 10.0, 1.0, hour) for k, hour in enumerate(hours)]
    rows += [(0, 9, "fire", 10.0, math.nan, math.nan), (1, 0, "sustained", 10.0, 1.0, 0.0)]
    found = events(rows, 2)
    # the first window holds three events (0, 50, 71), the second begins at 100; a year's end and a fire are apart
    paid = apply_layer(Layer("x", attachment=15.0, hours_clause_h=72.0), found)
    assert paid.yearly.tolist() == [15.0, 0.0]
    assert paid.rows[:3] == pytest.approx([5.0, 5.0, 5.0])
    assert apply_layer(Layer("x", attachment=15.0), found).yearly.tolist() == [0.0, 0.0]
    assert apply_layer(Layer("x", attachment=5.0, hours_clause_h=72.0), found).yearly.tolist() == [40.0, 5.0]
    with pytest.raises(ValueError, match="needs the hour"):
        apply_layer(Layer("x", hours_clause_h=72.0), events([(0, 0, "sag", 1.0, 1.0, math.nan)], 1))


@pytest.mark.tiny
def test_reinstatements_by_hand():
    # 100 xs 50, one reinstatement at 100 %. Year 1: 120, 180, 90 -> 70, 100, 40, of them 200 in all (70, 100, 30);
    # 100 is reinstated: charge 1. Year 2: 120 -> 70, charge .7. Year 3: none. Year 4: 60 -> 10, charge .1.
    layer = Layer("x", attachment=50.0, limit=100.0, reinstatements=1, reinstatement_charge=(1.0,))
    found = plain([(0, 120.0), (0, 180.0), (0, 90.0), (1, 120.0), (3, 60.0)], 4)
    paid = apply_layer(layer, found)
    assert paid.rows.tolist() == [70.0, 100.0, 30.0, 70.0, 10.0]
    assert paid.charge == pytest.approx([1.0, 0.7, 0.0, 0.1])
    # mean payment 280 / 4 = 70; premium P with P (1 + 1.8 / 4) = 70 / .8
    terms = Price(standard_deviation_factor=0.0, expense_share=0.2)
    priced = price(paid.yearly, paid.charge, found.periods, terms)
    assert priced.premium.value == pytest.approx(70 / 0.8 / 1.45)
    assert priced.restored().value == pytest.approx(0.45 * priced.premium.value)
    assert priced.loss_ratio.value == pytest.approx(0.8)
    # two reinstatements at 100 and 50 %: year 1 uses 210 of 300, restores 100 and 100 of it; charge 1 + .5
    twice = dataclasses.replace(layer, reinstatements=2, reinstatement_charge=(1.0, 0.5))
    assert apply_layer(twice, found).charge == pytest.approx([1.5, 0.7, 0.0, 0.1])
    assert apply_layer(twice, found).yearly == pytest.approx([210.0, 70.0, 0.0, 10.0])


@pytest.mark.tiny
def test_gross_and_net():
    # 90 xs 10 -> 90, 40; 25 % ceded -> 67.5, 30; then 50 xs 20 of it is ceded -> 20, 20 are left
    treaties = (Treaty("quota", 0.25, Layer("quota")), Treaty("excess", 0.0, Layer("excess", attachment=20, limit=50)))
    seen = apply_cover(Cover("x", (Layer("a", attachment=10, limit=90),), treaties), plain([100.0, 50.0]))
    assert seen.gross.loss.tolist() == [90.0, 40.0]
    assert seen.net.loss == pytest.approx([20.0, 20.0])


@needs_piwind
@pytest.mark.parametrize("sample", [-1, 1])
def test_the_layers_of_piwind_give_its_gross_losses(sample):
    """30 % of 5 M above 0.5 M and 30 % of 100 M above 5.5 M, event by event; the file's losses are float32 sums."""
    import gzip

    books = {"gul": {}, "il": {}}
    with gzip.open(PIWIND / "PiWind_period_loss_table.csv.gz", "rt") as stream:
        for row in csv.DictReader(stream):
            if row["perspective"] in books and int(row["SampleId"]) == sample:
                books[row["perspective"]][int(row["Period"]) - 1, int(row["EventId"])] = float(row["Loss"])
    with (PIWIND / "PiWind_account_layers.csv").open() as stream:
        layers = tuple(
            Layer(
                row["PolNumber"],
                attachment=float(row["LayerAttachment"]),
                limit=float(row["LayerLimit"]),
                participation=float(row["LayerParticipation"]),
            )
            for row in csv.DictReader(stream)
        )
    keys = sorted(books["gul"])
    found = events([(p, e, "sag", books["gul"][p, e], 1.0, float(k)) for k, (p, e) in enumerate(keys)], 1000)
    paid = apply_cover(Cover("PiWind", layers), found).gross.loss
    expected = np.array([books["il"].get(key, 0.0) for key in keys])
    assert np.count_nonzero(expected) > 70
    assert paid == pytest.approx(expected, rel=1e-6, abs=0.2)


losses_of_years = st.lists(st.tuples(st.integers(0, 4), st.floats(0.0, 1e6)), min_size=1, max_size=30)


@given(losses_of_years, st.lists(st.floats(0.1, 1e6), min_size=1, max_size=4, unique=True), st.booleans())
@settings(max_examples=80, deadline=None)
def test_a_tower_adds_up_to_the_ground(rows, bounds, of_the_year):
    found = plain(sorted(rows), 5)
    edges = [0.0, *sorted(bounds), math.inf]
    total = np.zeros(found.loss.size)
    for low, high in itertools.pairwise(edges):
        terms = ("aggregate_deductible", "aggregate_limit") if of_the_year else ("attachment", "limit")
        total += apply_layer(Layer("x", **dict(zip(terms, (low, high - low), strict=True))), found).rows
    assert total == pytest.approx(found.loss, rel=1e-9, abs=1e-6)


@given(losses_of_years, st.floats(0.0, 1e5), st.floats(1.0, 1e6))
@settings(max_examples=60, deadline=None)
def test_premiums_are_at_least_the_mean_and_a_longer_wait_never_pays_more(rows, attachment, limit):
    found = plain(sorted(rows), 5)
    paid = apply_layer(Layer("x", attachment=attachment, limit=limit), found)
    terms = Price(capital_return_period_years=2.0)
    priced = price(paid.yearly, paid.charge, found.periods, terms)
    for value in priced.risk.values():
        assert value.value >= priced.pure.value * (1 - 1e-9) - 1e-9
    waits = [apply_layer(Layer("x", waiting_period_h=w, limit=limit), found).yearly for w in (0.0, 0.3, 0.9, 1.0)]
    assert all(np.all(b <= a + 1e-9) for a, b in itertools.pairwise(waits))


amounts = st.floats(0.0, 500.0)
some_causes = st.sampled_from(["sag", "sustained", "equipment"])
hour_counts = st.floats(0.0, 30.0)
any_rows = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["sag", "sustained", "equipment"]),
        amounts,
        hour_counts,
        st.floats(0.0, 400.0),
    ),
    min_size=1,
    max_size=25,
)
any_layer = st.fixed_dictionaries(
    {
        "waiting": st.sampled_from(["deductible", "qualifying"]),
        "indemnity_from": st.sampled_from(["start", "waiting"]),
        "waiting_period_h": st.sampled_from([0.0, 2.0, 8.0]),
        "indemnity_period_h": st.sampled_from([5.0, 12.0, math.inf]),
        "hours_clause_h": st.sampled_from([None, 24.0, 72.0]),
        "deductible": st.sampled_from([0.0, 20.0]),
        "attachment": st.sampled_from([0.0, 30.0, 150.0]),
        "limit": st.sampled_from([50.0, 200.0]),
        "participation": st.sampled_from([0.3, 1.0]),
        "aggregate_deductible": st.sampled_from([0.0, 60.0]),
        "aggregate_limit": st.sampled_from([120.0, math.inf]),
        "reinstatements": st.sampled_from([None, 0, 2]),
    }
)


@given(any_rows, any_layer)
@settings(max_examples=200, deadline=None)
def test_a_layer_pays_what_its_slow_twin_pays(rows, terms):
    """All terms together, 200 random covers."""
    terms["reinstatement_charge"] = (1.0, 0.5)[: terms["reinstatements"] or 0]
    layer = Layer("x", **terms)
    rows = sorted((year, begin, cause, loss, hours) for year, cause, loss, hours, begin in rows)
    rows = [(year, k // 2, cause, loss, hours, begin) for k, (year, begin, cause, loss, hours) in enumerate(rows)]
    paid = apply_layer(layer, events(rows, 4))
    payments, charges = pay(layer, rows, 4)
    assert paid.yearly == pytest.approx(payments, rel=1e-9, abs=1e-6)
    assert paid.charge == pytest.approx(charges, rel=1e-9, abs=1e-9)


@pytest.mark.tiny
def test_the_slow_twin_tells_covers_apart():
    rows = [(0, 0, "sag", 100.0, 10.0, 0.0), (0, 1, "sag", 100.0, 10.0, 30.0)]
    layer = Layer("x", attachment=80.0, limit=100.0, hours_clause_h=72.0)
    other = dataclasses.replace(layer, hours_clause_h=24.0)
    assert pay(layer, rows, 1)[0] == [100.0]
    assert pay(other, rows, 1)[0] == [40.0]
    assert apply_layer(layer, events(rows, 1)).yearly.tolist() == [100.0]
    assert apply_layer(other, events(rows, 1)).yearly.tolist() == [40.0]


# --- triggers ----------------------------------------------------------------------------------------------------


@pytest.mark.tiny
def test_triggers_by_hand():
    rows = [
        (0, 0, "sustained", 5.0, 6.0, 0.0),
        (0, 0, "equipment", 9.0, 6.0, 0.0),
        (0, 1, "sag", 4.0, 1e-4, 50.0),
        (0, 2, "sustained", 1.0, 0.05, 60.0),
        (1, 0, "sag", 2.0, 1e-4, 10.0),
        (1, 1, "sag", 2.0, 1e-4, 20.0),
        (1, 2, "sustained", 0.0, 3.0, 30.0),
    ]
    found = events(rows, 3)

    def paid(limit=math.inf, **terms):
        return apply_layer(Layer("x", limit=limit, trigger=Trigger(**terms)), found).yearly

    event = {"kind": "hours_without_grid", "threshold": 2.0, "payout": 10.0}
    assert paid(basis="event", **event) == pytest.approx([40.0, 10.0, 0.0])  # 4 h and 1 h above 2 h
    assert paid(basis="event", limit=25.0, **event) == pytest.approx([25.0, 10.0, 0.0])
    assert paid(basis="year", **event) == pytest.approx([40.5, 10.0, 0.0])  # 6.05 h and 3 h
    assert paid(kind="sag_count", threshold=1.0, payout=7.0) == pytest.approx([0.0, 7.0, 0.0])
    saidi = {"kind": "saidi", "threshold": 1.0, "payout": 10.0}
    assert paid(**saidi) == pytest.approx([50.0, 20.0, 0.0])  # 3 min do not count
    alone = dataclasses.replace(found, periods=found.periods._replace(cluster=np.zeros(3, int)))
    cover = Cover("x", (Layer("x", trigger=Trigger(**saidi, index="path_mean")),))
    report = cover_report(cover, paid_years.pay(cover, alone, keep_events=True))
    # 9 h in 3 years: 3 h each, the third year has no event
    assert report.perspectives.layers[0].yearly == pytest.approx([20.0, 20.0, 20.0])


@pytest.mark.tiny
def test_basis_risk_by_hand():
    paid, loss = np.array([10.0, 0.0, 5.0, 0.0]), np.array([4.0, 6.0, 5.0, 0.0])
    basis = basis_risk(paid, loss, equal_periods(4))
    assert basis.shortfall.value == pytest.approx(1.5)
    assert basis.excess.value == pytest.approx(1.5)
    assert basis.unpaid.value == pytest.approx(1 / 3)
    assert basis.needless.value == 0.0
    assert basis.correlation.value == pytest.approx(np.corrcoef(paid, loss)[0, 1])


# --- files and commands ------------------------------------------------------------------------------------------

GOOD = {
    "cover": {"name": "x", "waiting_period_h": 2},
    "layers": [{"name": "a", "limit": 100}, {"name": "b", "attachment": 100, "waiting_period_h": 4}],
}


@pytest.mark.tiny
def test_terms_of_the_cover_are_those_of_its_layers_unless_they_have_their_own():
    cover = cover_of(GOOD)
    assert [layer.waiting_period_h for layer in cover.layers] == [2.0, 4.0]
    assert math.isinf(cover.layers[1].limit)
    assert cover.price == Price()


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"layers": [{"waiting_period_h": 28800}]}, r"layers\[1\].waiting_period_h = 28800: must be 0 to 2,160 h"),
        ({"layers": [{"waiting_period_min": 480}]}, "did you mean waiting_period_h .in hours."),
        ({"layers": [{"waiting_period_h": "8 h"}]}, "must be a number without quotes"),
        ({"layers": [{"limit": -5}]}, "limit = -5: must be above 0"),
        ({"layers": [{"attachment": -1}]}, "attachment = -1: must be 0 or more"),
        ({"layers": [{"participation": 30}]}, "participation = 30: must be above 0 to 1"),
        ({"layers": [{"limt": 5}]}, "did you mean limit"),
        ({"layers": [{"reinstatements": 1}]}, "needs a limit to restore"),
        ({"layers": [{"limit": 5, "reinstatement_charge": [1.0]}]}, "goes with reinstatements"),
        ({"layers": [{"limit": 5, "reinstatements": 3, "reinstatement_charge": [1, 1]}]}, "one for each of the 3"),
        ({"layers": [{"attachment": math.inf}]}, "must be 0 or more, and finite"),
        ({"layers": [{"trigger": {"kind": "saidi", "threshold": 1, "payout": math.inf}}]}, "above 0, and finite"),
        ({"layers": [{"clock": "sun"}]}, 'must be one of "down", "grid"'),
        ({"layers": [{"trigger": {"kind": "saidi", "threshold": 1}}]}, "trigger.payout: missing"),
        ({"layers": [{"attachment": 5, "trigger": {"kind": "saidi", "threshold": 1, "payout": 1}}]}, "take this out"),
        ({}, "add at least one"),
        ({"layers": [{"name": "a"}, {"name": "a"}]}, "comes twice"),
        ({"layers": [{}], "reinsurance": [{"attachment": 5}]}, "quota_share = 0.3, or an attachment and a limit"),
        ({"layers": [{}], "price": {"expense_share": 1.0}}, "must be 0 to 0.9"),
        ({"layers": [{}], "price": {"wang_lamda": 1.0}}, "did you mean wang_lambda"),
        ({"layers": [{}], "table": {"layer": "z"}}, "must be one of the layers"),
        ({"layers": [{}], "table": {"limits": [1, -1]}}, "must be above 0"),
        ({"layers": [{"perils": "sag"}]}, "must be a list of causes"),
    ],
)
def test_bad_covers_are_named(tables, words):
    with pytest.raises(StudyError, match=words):
        cover_of(tables)


@pytest.mark.parametrize("name", ["outage", "index"])
def test_the_shipped_covers_are_good(name):
    cover = read_cover(Path(__file__).parents[1] / "studies" / "covers" / f"{name}.toml")
    assert cover.layers
    assert cover.currency == "EUR"


ROWS = ["1,1,1,120,10", "1,1,2,180,3", "2,1,3,60,9"]


def files(tmp_path, terms, rows=ROWS, header="period,weight,event,loss,duration_h"):
    (tmp_path / "events.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "cover.toml").write_text(terms, encoding="utf-8")
    return [str(tmp_path / "events.csv"), str(tmp_path / "cover.toml")]


TERMS = '[[layers]]\nname = "a"\nattachment = 10\nlimit = 50\nwaiting_period_h = 8\n'


def test_a_file_of_events_is_priced(tmp_path):
    answer = CliRunner().invoke(app, ["cover", *files(tmp_path, TERMS), "--years", "10", "--json"])
    assert answer.exit_code == 0, answer.output
    record = json.loads(answer.output)
    # 10 h: 120 * .2 = 24 -> 14; 3 h: 0; 9 h: 60 / 9 = 6.67 -> 0; mean 1.4 in 10 years
    found = record["estimates"]["events"]
    assert found["a:expected_loss"]["value"] == pytest.approx(1.4)
    assert found["ground_up:aal"]["value"] == pytest.approx(36.0)
    assert record["terms"]["layers"][0]["waiting_period_h"] == 8.0
    assert record["terms"]["layers"][0]["aggregate_limit"] is None
    assert found["a:share_kept_by_the_insured"]["value"] == pytest.approx(1 - 1.4 / 36)
    sd = math.sqrt((14**2 / 10 - 1.4**2) * 10 / 9)
    assert found["a:standard_deviation"]["value"] == pytest.approx(sd)
    assert found["a:premium"]["value"] == pytest.approx((1.4 + 0.25 * sd) / 0.85)
    assert found["a:rate_on_line"]["value"] == pytest.approx((1.4 + 0.25 * sd) / 0.85 / 50)
    # the same with weights that say so, and as CSV
    rows = [row.replace(",1,", ",0.1,", 1) for row in ROWS]
    other = CliRunner().invoke(app, ["cover", *files(tmp_path, TERMS, rows), "--years", "10", "--csv"])
    assert re.search(r"events,a:expected_loss,1\.4", other.output)
    shown = CliRunner().invoke(app, ["cover", *files(tmp_path, TERMS), "--years", "10"])
    assert shown.exit_code == 0
    assert "waiting 8 h" in shown.output
    assert "k: thousand" not in shown.output  # small money is shown as it is
    assert "beyond the 10 years: no premium by cost of capital" in shown.output


@pytest.mark.parametrize(
    ("terms", "rows", "more", "words"),
    [
        (TERMS, ROWS, [], "--years: missing"),
        (TERMS, ["1,1,1,-5,1"], ["--years", "10"], "at least 0"),
        (TERMS, ["1,0.7,1,5,1", "2,0.7,2,5,1"], ["--years", "2"], "must sum to 1"),
        (TERMS.replace("attachment = 10", "attachment = -10"), ROWS, ["--years", "10"], "0 or more"),
        (TERMS + 'perils = ["sag"]\n', ROWS, ["--years", "10"], "no column cause"),
        (TERMS + "hours_clause_h = 72\n", ROWS, ["--years", "10"], "needs the hour"),
        (TERMS, ROWS, ["--years", "10", "--strategy", "x"], "goes with a folder"),
        (TERMS, ROWS, ["--years", "1"], "from 1 to 1"),
    ],
)
def test_the_command_refuses_in_words(tmp_path, terms, rows, more, words):
    answer = CliRunner().invoke(app, ["cover", *files(tmp_path, terms, rows), *more])
    assert answer.exit_code == 2, answer.output
    assert words in answer.output


def test_a_wait_that_nothing_outlasts_is_pointed_out(tmp_path):
    terms = TERMS.replace("= 8", "= 480")
    answer = CliRunner().invoke(app, ["cover", *files(tmp_path, terms), "--years", "10", "--json"])
    assert answer.exit_code == 0
    assert any("is it in hours?" in note for note in json.loads(answer.output)["notes"])


def test_a_missing_duration_is_refused(tmp_path):
    header, rows = "period,weight,event,loss", ["1,1,1,5"]
    answer = CliRunner().invoke(app, ["cover", *files(tmp_path, TERMS, rows, header), "--years", "10"])
    assert answer.exit_code == 2
    assert "asks for hours" in answer.output


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run_to_folder(small_study(), tmp_path_factory.mktemp("run"), 40, 7, simulate_range=fake_simulate_range)


def test_a_run_is_priced_by_strategy(results, tmp_path):
    out, folder = tmp_path / "out", tmp_path / "ord"
    command = ["cover", str(results.folder), "outage", "--out", str(out), "--ord", str(folder)]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    assert {place.name for place in out.iterdir()} >= {"cover.csv", "cover.json", "premium_table.csv"}
    assert (out / "premium_by_waiting_period.png").is_file()
    assert {place.name[:3] for place in folder.glob("*_palt.csv")} == {"gul", "il_", "ri_"}
    record = json.loads((out / "cover.json").read_text())
    base = record["baseline"]
    for name in results.strategy_names:
        found = record["estimates"][name]
        assert found["net:aal"]["value"] <= found["gross:aal"]["value"] <= found["ground_up:aal"]["value"]
        sums = sum(found[f"{layer}:expected_loss"]["value"] for layer in record["layers"])
        assert found["gross:aal"]["value"] == pytest.approx(sums, rel=1e-9)
        assert found[f"{ALL}:expected_loss"]["value"] == pytest.approx(sums, rel=1e-9)
        if name != base:
            credit = found[f"servers:premium_credit_against_{base}"]["value"]
            wanted = record["estimates"][base]["servers:premium"]["value"] - found["servers:premium"]["value"]
            assert credit == pytest.approx(wanted, abs=1e-9)


def test_credits_know_that_the_years_are_the_same(results):
    """The same strategy twice saves nothing, without error; independent errors would say otherwise."""
    from riskmodel.insurance.from_results import events_of

    cover = Cover("x", (Layer("a", limit=1e5),))
    first = cover_report(cover, paid_years.pay(cover, events_of(results, results.strategy_names[0])))
    again = first._replace(name="again")
    premium, pure = credits([first, again], first.name)["again"]["a"]
    assert (premium.value, premium.standard_error, pure.value) == (0.0, 0.0, 0.0)
    assert first.layers["a"].priced.premium.estimate(first.periods).standard_error > 0.0


def test_an_index_cover_of_a_run(results):
    answer = CliRunner().invoke(app, ["cover", str(results.folder), "index", "--life-years", "1-3"])
    assert answer.exit_code == 0, answer.output
    assert "correlation" in answer.output


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--years", "10"], "goes with a CSV"),
        (["--strategy", "nobody"], "type one of"),
        (["--life-years", "9"], "within 1-4"),
    ],
)
def test_the_command_refuses_a_run_in_words(results, more, words):
    answer = CliRunner().invoke(app, ["cover", str(results.folder), "outage", *more])
    assert answer.exit_code == 2
    assert words in answer.output


def test_another_currency_is_refused(results, tmp_path):
    place = tmp_path / "cover.toml"
    place.write_text('[cover]\ncurrency = "SEK"\n[[layers]]\nlimit = 5\n', encoding="utf-8")
    answer = CliRunner().invoke(app, ["cover", str(results.folder), str(place)])
    assert answer.exit_code == 2
    assert "convert the terms" in answer.output


def test_the_credit_that_pays_for_a_strategy(results):
    """With a credit of that size, base and strategy are worth the same: payments and net present value by path."""
    from riskmodel.insurance.from_results import events_of
    from riskmodel.insurance.worth import annuity, credit_needed

    assert annuity(0.1, 2) == pytest.approx(1 / 1.1 + 1 / 1.21)
    cover = Cover("x", (Layer("a", limit=1e5),))
    reports = [cover_report(cover, paid_years.pay(cover, events_of(results, name))) for name in results.strategy_names]
    needed = credit_needed(results, reports, results.baseline)
    paid = {report.name: report.layers["a"].priced.pure.value for report in reports}
    factor = annuity(0.08, results.n_years)
    for name, estimate in needed.items():
        worth = results.paths[results.paths["strategy"] == name]["delta_npv_without_early_power_eur"].mean()
        expected = paid[results.baseline] - paid[name] - worth / factor
        assert estimate.value == pytest.approx(expected, rel=1e-9)
        assert estimate.standard_error > 0.0

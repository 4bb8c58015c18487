"""Claims as typed: the parser, the paths on which they hold, the inputs they need by bisection, and the command."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

import studies
from riskmodel.breakeven import bisect_half, candidates
from riskmodel.claim_text import LIFE, ClaimError, claim_columns, definitions, holds, parse_claim
from riskmodel.quantities import Quantity
from riskmodel.study import parse_study
from riskmodel.variants import RangeCache, evaluate, only
from studies import claim_study
from studies.claim_study import ClaimTest, check_claim
from studies.cli import app
from tests.fake_engine import STUDY, fake_simulate_range

SEED = 3


def study_of(*overrides):
    return parse_study(STUDY.format(years=4), overrides=overrides)


def engine(study, seed, first, n, given=None, **how):
    return fake_simulate_range(study, seed, first, n)


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("payback_simple_years < 5", ("payback_simple_years", "<", 5.0, "years")),
        (" irr>=8% ", ("irr", ">=", 0.08, "per year")),
        ("delta_npv > -1_000_000", ("delta_npv_eur", ">", -1e6, "EUR")),
        ("downtime_loss<=2.5e5", ("downtime_loss_eur_per_year", "<=", 2.5e5, "EUR/year")),
        ("life_years > 10", (LIFE, ">", 10.0, "years")),
    ],
)
def test_claims_are_read(text, found):
    assert tuple(parse_claim(text)) == found


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a claim is RESULT OP NUMBER"),
        ("payback_simple_years", "a claim is RESULT OP NUMBER, nothing more, e.g. payback_simple_years < 5"),
        ("payback_simple_years == 5", "OP is one of <, <=, >, >="),
        ("payback_simple_years =< 5", "OP is one of <, <=, >, >="),
        ("payback_simple_years < five", "a claim is RESULT OP NUMBER"),
        ("payback_simple_years < 5 and irr > 0", "nothing more"),
        ("payback_simpel_years < 5", "no result payback_simpel_years; did you mean payback_simple_years?"),
        ("__import__('os').system('x') < 5", "a claim is RESULT OP NUMBER"),
        ("(lambda: 1)() < 5", "a claim is RESULT OP NUMBER"),
        ("npv < 1e999", "is not a finite number"),
        ("5 < irr", "a claim is RESULT OP NUMBER"),
        ("x" * 5000 + " < 1", "a claim is RESULT OP NUMBER"),
    ],
)
def test_what_is_no_claim_is_refused_in_words(text, words):
    with pytest.raises(ClaimError) as caught:
        parse_claim(text)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1500


@pytest.mark.tiny
def test_a_payback_is_read_under_every_definition():
    found = definitions(parse_claim("payback_discounted_years < 5"))
    assert found[0] == "payback_discounted_years"
    assert len(found) == len(set(found)) >= 5
    assert definitions(parse_claim("irr > 0")) == ["irr"]


@pytest.mark.tiny
def test_a_claim_does_not_hold_where_its_result_is_not_defined():
    values = evaluate(study_of(), SEED, 40, simulate_range=engine, more=claim_columns)
    claim = parse_claim("payback_simple_years < 3")
    assert not holds(claim, values, "grid").any()  # the baseline has no payback
    years = values.of("string", "payback_simple_years")
    np.testing.assert_array_equal(holds(claim, values, "string"), years < 3.0)
    assert holds(parse_claim("payback_simple_years >= 0"), values, "string").all()  # never is late, not undefined


@pytest.mark.tiny
def test_life_ends_with_the_first_replacement():
    study = study_of()
    result = fake_simulate_range(study, SEED, 0, 3)
    result.annual[:, 1, :, Quantity.REPLACED] = [[0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]]
    life = claim_columns(study, result, None)[LIFE]
    assert life[:, 1].tolist() == [math.inf, 2.0, 1.0]
    assert np.isnan(life[:, [0, 2]]).all()


def normal_share(n, middle, sd, rising=True):
    """Share of n normal draws below (above) a value."""
    draws = np.random.default_rng(5).normal(middle, sd, n)
    return lambda value: float(np.mean(draws < value if rising else draws > value))


@pytest.mark.tiny
@pytest.mark.parametrize("rising", [True, False])
def test_bisection_finds_the_median_and_its_error(rising):
    """The error of a median of n normal draws is sd sqrt(pi / 2 / n); a secant over two errors each way finds 15 %."""
    n, sd = 4000, 2.0
    needed = bisect_half(normal_share(n, 7.0, sd, rising), 0.0, 20.0, n)
    error = sd * math.sqrt(math.pi / 2 / n)
    assert abs(needed.value - 7.0) < 4.0 * error
    assert needed.error == pytest.approx(error, rel=0.5)
    assert needed.evaluations <= 11
    assert (needed.share_low < 0.01) == rising


@pytest.mark.tiny
def test_no_value_will_do():
    needed = bisect_half(lambda value: 0.1 + 0.01 * value, 0.0, 10.0, 100)
    assert needed.value is None
    assert (needed.share_low, needed.share_high) == (pytest.approx(0.1), pytest.approx(0.2))
    assert needed.evaluations == 2


@pytest.mark.tiny
def test_candidates_are_inputs_of_the_two_strategies():
    found = {one.path: one for one in candidates(study_of(), "string")}
    assert "strategies.string.storage.capex_eur_per_kwh" in found
    assert "strategies.grid.connection.capex_eur" in found
    assert not any(path.startswith("strategies.diesel") for path in found)
    assert not found["strategies.string.storage.capex_eur_per_kwh"].fixed
    fixed = found["strategies.string.connection.capex_eur"]
    assert fixed.fixed
    assert (fixed.low, fixed.high) == (2.5e5, 1e6)
    assert "site.price_level_trend_per_year" not in found  # 0: half and twice of it are the same
    assert found["cluster.occupancy"].high == 1.0  # twice 0.8 is outside its range


@pytest.mark.tiny
def test_a_study_with_some_of_its_strategies_has_the_same_paths():
    study = study_of()
    two = only(study, {"grid", "string"})
    assert two.strategy_names == ["grid", "string"]
    for path, stream, law in two.law_fields():
        assert (path, stream, law) in study.law_fields()
    shipped = studies.load("ten_thousand_gpus")
    assert only(shipped, {"grid_expansion", "string_storage"}).strategy_names == ["grid_expansion", "string_storage"]


def record_of(text, strategy="string", paths=80, search=40, study=None):
    test = ClaimTest(study or study_of(), strategy, parse_claim(text), paths, SEED, search)
    return check_claim(test, simulate_range=engine)


@pytest.mark.tiny
def test_the_needed_value_makes_it_half():
    """Put in the price that is said to be needed: the claim then holds in half of the paths, within the bisection."""
    study = study_of("strategies.string.connection.time_to_power_months=18")
    record = record_of("delta_npv > 800000", study=study)
    needs = {need["input"]: need for need in record["needs"]}
    found = [need for need in record["needs"] if need["value"] is not None]
    assert found
    for need in found[:3]:
        again = parse_study(
            STUDY.format(years=4),
            overrides=["strategies.string.connection.time_to_power_months=18", f"{need['input']}={need['value']!r}"],
        )
        values = evaluate(only(again, {"grid", "string"}), SEED, 40, simulate_range=engine, cache=RangeCache())
        assert abs(float((values.of("string", "delta_npv_eur") > 800000).mean()) - 0.5) <= 0.08, need["input"]
    order = [claim_study._rank(need) for need in record["needs"]]
    assert order == sorted(order)
    grid = needs["strategies.grid.connection.capex_eur"]
    assert grid["holds_at_high"] >= grid["holds_at_low"]  # a dearer baseline helps the claim
    price = needs["strategies.string.storage.capex_eur_per_kwh"]
    assert price["holds_at_high"] <= price["holds_at_low"]


@pytest.mark.tiny
def test_without_a_search_nothing_is_looked_for():
    record = record_of("npv > 0", search=0)
    assert record["needs"] == []
    assert [one["result"] for one in record["definitions"]] == ["npv_eur"]
    assert record["earlier_power"] is None


@pytest.mark.tiny
def test_a_month_of_earlier_power_decides_a_payback():
    """Where a month is worth what is needed, the payback is in time: the same paths but for the order within a year."""
    record = record_of("payback_simple_years < 3", paths=200, search=0)
    early, simple = record["earlier_power"], record["definitions"][0]["holds"]["value"]
    assert early["months_earlier_median"]["value"] == 14.0
    assert early["worth_at_least_needed_share"]["value"] == pytest.approx(simple, abs=0.05)


@pytest.fixture
def quick(monkeypatch):
    """The command with the stand-in and the small study."""
    exact = claim_study.check_claim
    monkeypatch.setattr(claim_study, "check_claim", lambda test, progress: exact(test, progress, engine))
    monkeypatch.setattr(studies, "load", lambda name, overrides=(): study_of(*overrides))
    return CliRunner()


@pytest.mark.tiny
def test_the_command(quick, tmp_path):
    out = tmp_path / "out"
    arguments = ["claim", "small", "payback_simple_years < 3", "--strategy", "string", "--paths", "40", "--seed", "3"]
    arguments += ["--search-paths", "10"]
    found = quick.invoke(app, [*arguments, "--out", str(out)])
    assert found.exit_code == 0, found.output
    for text in ("Claim: payback_simple_years < 3 years, for string", "payback_discounted_years", "a month is worth"):
        assert text in found.output
    record = json.loads((out / "claim.json").read_text())
    assert json.loads(quick.invoke(app, [*arguments, "--json"]).stdout) == record
    assert (out / "claim.csv").read_text() == quick.invoke(app, [*arguments, "--csv"]).stdout


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["npw > 0", "--strategy", "string"], "no result npw; did you mean npv?"),
        (["npv => 0", "--strategy", "string"], "OP is one of <, <=, >, >="),
        (["exec('x') > 0", "--strategy", "string"], "a claim is RESULT OP NUMBER"),
        (["npv > 0"], "which one is the claim about? Type one of grid, string, diesel"),
        (["npv > 0", "--strategy", "strin"], "type one of grid, string, diesel"),
        (["irr > 0", "--strategy", "grid"], "is the baseline, which has no irr"),
        (["life_years > 10", "--strategy", "diesel"], "has no storage, so no life_years"),
        (["npv > 0", "--strategy", "string", "--paths", "1"], "must be from 2"),
        (
            ["npv > 0", "--strategy", "string", "--paths", "10", "--search-paths", "20"],
            "must be 0 or from 2 to --paths 10",
        ),
        (["npv > 0", "--strategy", "string", "--json", "--csv"], "choose one"),
    ],
)
def test_bad_input(quick, more, words):
    found = quick.invoke(app, ["claim", "small", *more])
    assert found.exit_code == 2
    assert words in " ".join(found.output.split()), found.output
    assert "Traceback" not in found.output

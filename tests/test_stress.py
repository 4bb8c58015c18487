"""Stress: how cases are read and applied, paired changes by hand, pairs, the command, and bad cases."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import studies
from riskmodel import stress_cases
from riskmodel.quantities import Quantity
from riskmodel.stress_cases import NotInStudy, applied, read_cases, shipped_cases
from riskmodel.study import StudyError, parse_study
from studies import cli_stress, stress_study
from studies.cli import app
from studies.stress_study import PARTS, StressTest, stress
from tests.fake_engine import STUDY, fake_simulate_range
from tests.test_currency import in_money

SEED, PATHS = 3, 60


def study_of(*overrides):
    return parse_study(STUDY.format(years=4), overrides=overrides)


def engine(study, seed, first, n, given=None, **how):
    """The stand-in; an added event costs every strategy without storage 1,000 GPU-hours in its year."""
    result = fake_simulate_range(study, seed, first, n)
    for event in given.event[0] if given is not None else ():
        year = int(event[4]) // 1024
        for index, strategy in enumerate(study.strategies.values()):
            if strategy.storage is None:
                result.annual[:, index, year, Quantity.LOST_WAITING_GPU_HOURS] += 1000.0
    return result


def cases_of(*names):
    shipped = shipped_cases()
    return tuple(shipped[name] for name in names)


def record_of(*names, pairs=0, **more):
    return stress(StressTest(study_of(), cases_of(*names), None, PATHS, SEED, pairs), simulate_range=engine, **more)


def written(folder, text):
    file = folder / "cases.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.tiny
def test_shipped_cases_say_what_and_why_and_fit_the_shipped_studies():
    shipped = shipped_cases()
    assert len(shipped) >= 12
    for case in shipped.values():
        assert case.title and case.words and len(case.source) > 20  # noqa: PT018
    for name in studies.names():
        study = studies.load(name)
        for case in shipped.values():
            try:
                variant = applied(study, [case])
            except NotInStudy:
                continue
            assert variant.study != study or variant.events


@pytest.mark.tiny
def test_laws_are_multiplied_and_shifted_where_they_are():
    study = study_of("strategies.grid.connection.time_to_power_months={law='lognormal',median=18,sigma=0.3}")
    late = applied(study, cases_of("grid_late"))
    u = np.array([0.1, 0.5, 0.9])
    of = "connection.time_to_power_months"
    for name, shift in (("grid", 24.0), ("diesel", 24.0), ("string", 0.0)):
        laws = [s.strategies[name].connection.time_to_power_months for s in (study, late.study)]
        np.testing.assert_allclose(laws[1].ppf(u), laws[0].ppf(u) + shift, rtol=1e-12)
    assert [text.partition("=")[0] for text in late.overrides] == [f"strategies.{n}.{of}" for n in ("grid", "diesel")]
    dear = applied(study, cases_of("storage_dearer")).study.strategies["string"].storage
    assert (dear.capex_eur_per_kwh.low, dear.capex_eur_per_kwh.high) == (300.0, 450.0)
    rate = applied(study, cases_of("wacc_up")).study.header
    assert (rate.discount_rate_real.mean(), rate.finance_rate_real) == (pytest.approx(0.11), pytest.approx(0.11))
    twice = applied(study, cases_of("wacc_up", "wacc_up")).study.header
    assert twice.discount_rate_real.mean() == pytest.approx(0.14)


@pytest.mark.tiny
def test_a_case_that_a_study_does_not_have():
    study = study_of("study.years=3")
    with pytest.raises(NotInStudy, match="an event in year 4, and the study ends with year 3"):
        applied(study, cases_of("winter_outage"))
    grid = parse_study(STUDY.format(years=4).split("[strategies.string]")[0])
    with pytest.raises(NotInStudy, match=r"it has no storage.capex_eur_per_kwh"):
        applied(grid, cases_of("storage_dearer"))
    with pytest.raises(NotInStudy, match="is so already"):
        applied(study_of('strategies.string.storage.ageing_law="naumann_2020"'), cases_of("ageing_pessimistic"))


SUBSIDY = ("finance.subsidy.grant_share=0.3", "finance.subsidy.probability=0.5")


@pytest.mark.tiny
def test_a_subsidy_that_is_withdrawn_is_lost_where_it_was_granted():
    """Half of the paths get 30 % of 10 cabinets of 261 kWh and of 1 MWp, a year later."""
    test = StressTest(study_of(*SUBSIDY), cases_of("subsidy_withdrawn"), "string", 400, SEED, 0)
    (case,) = stress(test, simulate_range=engine)["cases"]
    outlay = 10 * 261.0 * 250.0 + 1e6
    found = case["strategies"]["string"]
    assert found["delta_npv_eur"]["change"]["value"] == pytest.approx(-0.5 * 0.3 * outlay / 1.08, rel=0.15)
    assert found["parts"]["subsidy, tax and debt"] == found["delta_npv_eur"]["change"]
    assert case["money_only"]
    record = record_of("subsidy_withdrawn")
    assert record["not_in_study"][0]["reason"] == "it has no finance.subsidy.probability"


@pytest.mark.tiny
def test_changes_are_paired_and_by_hand():
    """Storage 50 % dearer: 10 cabinets of 261 kWh at 200 to 300 EUR/kWh, 2 % service; replacements."""
    record = record_of("storage_dearer")
    (case,) = record["cases"]
    assert case["money_only"]
    found = case["strategies"]["string"]
    per_kwh = 10 * 261.0 * 250.0 * 0.5
    service = 0.02 * sum(1.08**-y for y in range(1, 5))
    change = found["delta_npv_eur"]["change"]
    assert change["value"] == pytest.approx(-per_kwh * (1.0 + service), rel=0.15)  # and some replacements
    assert change["standard_error"] < abs(change["value"]) / 20
    assert sum(found["parts"][part]["value"] for part in PARTS) == pytest.approx(change["value"], rel=1e-9)
    assert found["parts"]["maintenance"]["value"] == pytest.approx(-per_kwh * service, rel=0.05)
    for name in ("grid", "diesel"):
        assert case["strategies"][name]["npv_eur"]["change"]["value"] == 0.0
    assert (
        found["best"]["change"]["value"]
        == found["best"]["value"]["value"] - record["base"]["string"]["best"]["value"]["value"]
    )


@pytest.mark.tiny
def test_an_added_event_reaches_the_engine_and_is_not_money():
    record = record_of("winter_outage", "gpu_hour_halved")
    by_name = {case["name"]: case for case in record["cases"]}
    outage = by_name["winter_outage"]
    assert not outage["money_only"]
    assert by_name["gpu_hour_halved"]["money_only"]
    assert outage["events"][0] == {
        "year": 4,
        "hour": 336.0,
        "duration_h": 120.0,
        "family": "extreme",
        "residual_voltage": 0.0,
    }
    grid, string = (outage["strategies"][name]["downtime_loss_eur_per_year"]["change"] for name in ("grid", "string"))
    assert string["value"] == 0.0
    assert grid["value"] > 100.0
    assert outage["strategies"]["string"]["parts"]["downtime"]["value"] == pytest.approx(
        outage["strategies"]["string"]["delta_npv_eur"]["change"]["value"]
    )


@pytest.mark.tiny
def test_cases_come_worst_first_and_pairs_too():
    record = record_of("storage_dearer", "gpu_hour_halved", "winter_outage", "wacc_up", pairs=20)
    for rows, key in ((record["cases"], "strategies"), (record["pairs"], None)):
        of = [(row[key]["string"] if key else row)["delta_npv_eur"]["change"]["value"] for row in rows]
        assert of == sorted(of)
    assert len(record["pairs"]) == 6
    money = next(p for p in record["pairs"] if set(p["names"]) == {"storage_dearer", "winter_outage"})
    assert money["beyond_the_two_eur"]["value"] == pytest.approx(0.0, abs=1e-6)  # dearer cabinets and an outage add up


@pytest.mark.tiny
def test_pairs_on_the_same_field_are_left_out_and_money_is_not_walked_again(monkeypatch):
    walked = []

    def counted(study, seed, first, n, **how):
        walked.append(n)
        return engine(study, seed, first, n, **how)

    names = ("connections_late", "grid_late", "storage_dearer", "wacc_up")
    test = StressTest(study_of(), cases_of(*names), "string", PATHS, SEED, 20)
    told = []
    record = stress(test, lambda done, total: told.append((done, total)), counted)
    assert {frozenset(pair["names"]) for pair in record["pairs"]} == {
        frozenset(pair) for pair in (
            ("connections_late", "storage_dearer"), ("connections_late", "wacc_up"), ("grid_late", "storage_dearer"),
            ("grid_late", "wacc_up"), ("storage_dearer", "wacc_up"),
        )
    }  # fmt: skip
    assert sum(walked) == 3 * PATHS  # the study, and two cases that move its connections
    assert told[-1][0] == told[-1][1]


@pytest.mark.tiny
def test_median_change_is_paired():
    """A shift of all paybacks by one year: the change is 1, without error; apart, each median has one."""
    rng = np.random.default_rng(1)
    years = rng.gamma(4.0, 2.0, 500)
    moved = stress_study._median_change(years, years + 1.0)
    assert moved.value == pytest.approx(1.0)
    assert moved.standard_error < 0.02
    assert stress_study._median(years).standard_error > 0.1
    assert np.isnan(stress_study._median_change(years, np.full(500, np.inf)).value)
    other = stress_study._median_change(years, rng.permutation(years))  # not paired: the errors add up
    assert other.standard_error > 1.2 * stress_study._median(years).standard_error


@pytest.fixture
def quick(monkeypatch):
    """The command with the stand-in and the small study."""
    exact = stress_study.stress
    monkeypatch.setattr(stress_study, "stress", lambda test, progress: exact(test, progress, engine))
    monkeypatch.setattr(studies, "load", lambda name, overrides=(): study_of(*overrides))
    return CliRunner()


@pytest.mark.tiny
def test_the_command(quick, tmp_path):
    out = tmp_path / "out"
    arguments = ["stress", "small", "--paths", "40", "--seed", "3", "--pairs", "--pair-paths", "20"]
    found = quick.invoke(app, [*arguments, "--out", str(out)])
    assert found.exit_code == 0, found.output
    for text in ("as the study says", "Storage price +50 %", "The worst two together", "highest mean NPV"):
        assert text in found.output
    assert {path.name for path in out.iterdir()} == {"stress.csv", "stress.json", "stress.png", "stress.svg"}
    record = json.loads((out / "stress.json").read_text())
    printed = json.loads(quick.invoke(app, [*arguments, "--json"]).stdout)
    assert printed == record
    rows = quick.invoke(app, [*arguments, "--csv"]).stdout.splitlines()
    assert rows[0] == ",".join(cli_stress.HEADER)
    assert any(row.startswith("storage_dearer,string,delta_npv_eur,") for row in rows)
    assert (out / "stress.csv").read_text().splitlines() == rows


OWN = """
[drought]
title = "Drought"
change = [{ field = "site.price_level_factor", multiply = 2.0 }, { field = "strategies.*.pv.power_mwp", add = 0.5 }]
[[drought.event]]
year = 2
hour = 10.0
duration_h = 3.0
[from_a_file]
events_file = "events.csv"
"""


@pytest.mark.tiny
def test_cases_of_ones_own(quick, tmp_path):
    (tmp_path / "events.csv").write_text("year,hour,duration_min\n3,100,90\n")
    file = written(tmp_path, OWN)
    found = quick.invoke(app, ["stress", "small", "--case", str(file), "--case", "wacc_up", "--paths", "10", "--json"])
    assert found.exit_code == 0, found.output
    cases = {case["name"]: case for case in json.loads(found.stdout)["cases"]}
    assert set(cases) == {"drought", "from_a_file", "wacc_up"}
    assert cases["drought"]["overrides"] == ["site.price_level_factor=2.0", "strategies.string.pv.power_mwp=1.5"]
    assert cases["from_a_file"]["events"][0]["duration_h"] == 1.5


FACTOR = '[a]\nchange = [{ field = "site.outage_rate_factor"'


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no case"),
        ("[a]\n", "a: changes nothing; give change, event or events_file"),
        ("x = 1\n", "x = 1: stands outside a case"),
        ("[a]\nchnage = []\n", "unknown key; did you mean change?"),
        ('[a]\nchange = [{ field = "site.outage_rate_facto", multiply = 2 }]\n', "did you mean outage_rate_factor?"),
        ('[a]\nchange = [{ field = "storage.cabinets", set = 2 }]\n', "no field storage"),
        ('[a]\nchange = [{ field = "strategies.*.storage", set = 2 }]\n', "is a table, not a field"),
        ('[a]\nchange = [{ field = "__import__(\'os\')", set = 2 }]\n', "no field __import__"),
        (FACTOR + ' }]\n', "has nothing to do; give one of set, multiply, add"),
        (FACTOR + ', set = 1, add = 1 }]\n', "has set and add; give one"),
        (FACTOR + ', multiply = -1 }]\n', "must be at least 0"),
        (FACTOR + ', add = "1+1" }]\n', "must be a finite number without quotes"),
        (FACTOR + ', add = inf }]\n', "must be a finite number"),
        (FACTOR + ', set = 1, where = { x = 1 } }]\n', "chooses among strategies"),
        ('[a]\nchange = [{ field = "site.price_zone", multiply = 2 }]\n', "needs a number or a law there"),
        (FACTOR + ', set = -1 }]\n', "must be 0 to 1000"),
        ("[a]\nevent = [{ year = 0, hour = 1.0, duration_h = 1.0 }]\n", "year = 0: must be a whole number, 1 to"),
        ("[a]\nevent = [{ year = 1, hour = 9000, duration_h = 0 }]\n", "must be a number, above 0 to 8760"),
        ('[a]\nevent = [{ year = 1, hour = 1, duration_h = 1, family = "storm" }]\n', "type one of sag, momentary"),
        ('[a]\nevents_file = "no.csv"\n', "no such file beside the file of cases"),
        ("[a\n", "not valid TOML"),
    ],
)  # fmt: skip
def test_bad_cases_are_named(quick, tmp_path, text, words):
    found = quick.invoke(app, ["stress", "small", "--case", str(written(tmp_path, text)), "--paths", "10"])
    assert found.exit_code == 2, found.output
    assert words in " ".join(found.output.split()), found.output
    assert "Traceback" not in found.output


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--case", "wac_up"], "no such case; did you mean wacc_up?"),
        (["--case", "none.toml"], "no such file"),
        (["--case", "wacc_up", "--case", "wacc_up"], "is there already"),
        (["--case", "wacc_up", "--pairs"], "needs at least two cases"),
        (["--strategy", "no"], "type one of grid, string, diesel"),
        (["--paths", "1"], "must be from 2"),
        (["--pairs", "--pair-paths", "4000"], "must be from 2 to --paths 1,000"),
        (["--json", "--csv"], "choose one"),
    ],
)
def test_bad_options(quick, more, words):
    found = quick.invoke(app, ["stress", "small", *more])
    assert found.exit_code == 2
    assert words in " ".join(found.output.split()), found.output


@pytest.mark.tiny
def test_two_problems_of_a_file_are_told_together(tmp_path):
    text = '[a]\nchange = [{ field = "site.x", set = 1 }]\n[b]\nevent = [{ year = 99, hour = 1, duration_h = 1 }]\n'
    with pytest.raises(StudyError) as caught:
        read_cases(written(tmp_path, text))
    assert len(caught.value.problems) == 2
    assert stress_cases.SHIPPED.is_file()


@pytest.mark.tiny
def test_a_study_in_other_money_is_stressed_in_its_names(quick, monkeypatch, tmp_path):
    monkeypatch.setattr(studies, "load", lambda name, overrides=(): parse_study(in_money("CNY"), overrides=overrides))
    arguments = ["stress", "small", "--case", "storage_dearer", "--paths", "20", "--seed", "3"]
    found = quick.invoke(app, arguments)
    assert found.exit_code == 0, found.output
    assert "kCNY" in found.output
    assert "EUR" not in found.output
    record = json.loads(quick.invoke(app, [*arguments, "--json"]).stdout)
    assert record["currency"] == "CNY"
    assert "EUR/MWh" in json.dumps(shipped_cases()["price_crisis_2022"]._asdict(), default=str)  # a fact, not a name
    case = record["cases"][0]
    assert case["overrides"][0].startswith("strategies.string.storage.capex_cny_per_kwh=")
    change = case["strategies"]["string"]["delta_npv_cny"]["change"]["value"]
    assert change == pytest.approx(
        record_of("storage_dearer")["cases"][0]["strategies"]["string"]["delta_npv_eur"]["change"]["value"], rel=0.1
    )
    own = '[a]\nchange = [{ field = "cluster.capex_cny_per_gpu", add = 100.0 }]\n'
    good = quick.invoke(app, ["stress", "small", "--case", str(written(tmp_path, own)), "--paths", "10", "--json"])
    assert json.loads(good.stdout)["cases"][0]["overrides"] == ["cluster.capex_cny_per_gpu=30100.0"]
    file = written(tmp_path, own.replace("_cny", "_eur"))
    bad = quick.invoke(app, ["stress", "small", "--case", str(file), "--paths", "10"])
    assert bad.exit_code == 2
    assert "is in EUR there, and the study's money is CNY" in " ".join(bad.output.split())

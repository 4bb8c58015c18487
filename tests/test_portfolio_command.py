"""The command ``portfolio``: what it prints and writes, the shipped file, and files that are no good."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import studies
from riskmodel.insurance.portfolio_file import read_portfolio
from riskmodel.study import StudyError
from studies.cli import app
from tests.portfolio_engine import PLAIN, hours_lost

SHIPPED = Path(studies.__file__).parent / "portfolios"
GRID = """
[grids.north]
region = "nordic"
source = "judgement"
common = { extreme = 0.7, sustained = 0.2 }
"""
SITE = """
[[sites]]
name = "one"
study = "nordic_inference"
strategy = "grid_expansion"
grid = "north"
"""


def written(tmp_path, text):
    file = tmp_path / "portfolio.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(tmp_path, text):
    with pytest.raises(StudyError) as caught:
        read_portfolio(written(tmp_path, text), studies.load)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.tiny
def test_shipped_files_are_good():
    for file in SHIPPED.glob("*.toml"):
        portfolio = read_portfolio(file, studies.load)
        assert len(portfolio.sites) >= 2
        assert any(any(site.grid.common) for site in portfolio.sites)
        assert all(site.strategy in site.study.strategy_names for site in portfolio.sites)


@pytest.mark.tiny
def test_counts_sites_and_grids_of_their_own(tmp_path):
    text = GRID + SITE + "count = 2\n" + SITE.replace('"one"', '"two"').replace('grid = "north"', "")
    portfolio = read_portfolio(written(tmp_path, text), studies.load)
    assert [site.name for site in portfolio.sites] == ["one_1", "one_2", "two"]
    assert [site.grid.name for site in portfolio.sites] == ["north", "north", "(two)"]
    assert portfolio.sites[0].grid.common == (0.0, 0.0, 0.2, 0.7, 0.0)
    assert portfolio.sites[0].study.strategy_names == ["grid_expansion"]
    assert portfolio.name == "portfolio"


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"nordic_inference"', '"nordic_inferense"', "did you mean nordic_inference"),
        ('"nordic_inference"', '"nothing.toml"', "nothing.toml"),
        ('"nordic_inference"', "5", "must be a text in quotes"),
        ('"grid_expansion"', '"grid_expansions"', "did you mean grid_expansion? known: grid_expansion"),
        ('strategy = "grid_expansion"', "", "sites[1].strategy: missing"),
        ("extreme = 0.7", "extreme = 1.2", "grids.north.common.extreme = 1.2: must be a share from 0"),
        ("extreme = 0.7", "extreme = -0.1", "must be a share from 0"),
        ("extreme = 0.7", "extreme = nan", "must be a share from 0"),
        ("extreme = 0.7", 'extreme = "0.7"', "must be a share from 0"),
        ("extreme = 0.7", "extrem = 0.7", "did you mean extreme?"),
        ('source = "judgement"', "", "grids.north.source: missing; say where the shares come from"),
        ('name = "one"', 'name = "=1+1"', "begin with a letter or a digit"),
        ('name = "one"', 'name = "@one"', "begin with a letter or a digit"),
        ('name = "one"', 'name = "a\\nb"', "must be a name"),
        ('name = "one"', 'name = "portfolio"', "type another name"),
        ("[grids.north]", '[grids."=x"]', "begin with a letter or a digit"),
        ('grid = "north"', 'grid = "nort"', "did you mean north?"),
        ('grid = "north"', 'grid = "north"\ncount = 0', "must be a whole number from 1 to 1,000"),
        ('grid = "north"', 'grid = "north"\ncount = 1001', "must be a whole number from 1 to 1,000"),
        ('grid = "north"', 'grid = "north"\nset = ["site"]', "must be a list of changes"),
        ('grid = "north"', 'grid = "north"\nset = ["site.outage_rate_factor=-1"]', "site.outage_rate_factor"),
        ('grid = "north"', 'grid = "north"\ncolour = 1', "unknown key; known here: name, study"),
        ('grid = "north"', 'grid = "north"' + SITE, "comes 2 times: give each site a name of its own"),
        ('[[sites]]\nname = "one"', '[sites]\nname = "one"', "must be one or more tables [[sites]]"),
        ("[grids.north]", "[grids.north", "is no portfolio in TOML"),
        (
            'grid = "north"',
            'grid = "north"' + SITE.replace('"one"', '"two"') + 'set = ["study.price_year=2020"]',
            "all sites must have the same",
        ),
    ],
)
def test_bad_files_are_one_message_and_exit_code_2(tmp_path, before, after, words):
    text = GRID + SITE
    assert before in text
    file = written(tmp_path, text.replace(before, after))
    done = CliRunner().invoke(app, ["portfolio", str(file), "--paths", "4"])
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.tiny
def test_all_problems_are_told_together(tmp_path):
    text = (GRID + SITE).replace("0.7", "7").replace('"one"', '"+one"').replace("nordic_inf", "nordik_inf")
    found = problems(tmp_path, text)
    assert len(found) == 3
    assert all("portfolio.toml" in problem for problem in found)


@pytest.mark.tiny
def test_other_bad_input(tmp_path):
    run = CliRunner().invoke
    assert "no such portfolio; shipped: nordic_four_sites" in run(app, ["portfolio", "nordic"]).stderr
    assert "no such file" in run(app, ["portfolio", str(tmp_path / "x.toml")]).stderr
    file = str(written(tmp_path, GRID + SITE))
    for more, words in (
        (["--paths", "1"], "must be from 2"),
        (["--json", "--csv"], "type one of them"),
        (["--out", file], "is a file"),
    ):
        done = run(app, ["portfolio", file, *more])
        assert done.exit_code == 2
        assert words in done.stderr
    many = written(tmp_path, GRID + SITE + "count = 1000\n")
    done = run(app, ["portfolio", str(many), "--paths", "100000"])
    assert done.exit_code == 2
    assert "losses by site and year; type at most 3,333 paths" in done.stderr


def test_prints_and_writes(tmp_path, monkeypatch):
    monkeypatch.setattr("riskmodel.engine.simulate_range", hours_lost)
    quiet = ", ".join(f'"{text}"' for text in (*PLAIN, "study.years=2"))
    text = GRID + SITE + f"count = 2\nset = [{quiet}]\n"
    file = str(written(tmp_path, text))
    call = ["portfolio", file, "--paths", "60", "--seed", "5"]
    done = CliRunner().invoke(app, [*call, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.stderr
    for words in ("portfolio: losses by power events of 2 sites", "sum of sites", "saved by", "north", "judgement"):
        assert (words in done.stdout) == (words != "judgement")
    written_files = {path.name for path in (tmp_path / "out").iterdir()}
    assert written_files == {"portfolio.csv", "portfolio.json", "portfolio.png", "portfolio.svg"}
    record = json.loads(CliRunner().invoke(app, [*call, "--json"]).stdout)
    assert record == json.loads((tmp_path / "out" / "portfolio.json").read_text(encoding="utf-8"))
    assert record["grids"]["north"]["common"]["extreme"] == 0.7
    assert record["grids"]["north"]["source"] == "judgement"
    of = record["estimates"]
    parts = [of[name]["contribution_aep_tvar_10_years"]["value"] for name in ("one_1", "one_2")]
    assert sum(parts) == pytest.approx(of["portfolio"]["aep_tvar_10_years"]["value"], rel=1e-9)
    saved = of["sum of sites"]["aep_10_years:less_portfolio"]["value"]
    assert saved == pytest.approx(
        of["sum of sites"]["aep_10_years"]["value"] - of["portfolio"]["aep_10_years"]["value"]
    )
    table = CliRunner().invoke(app, [*call, "--csv"]).stdout
    assert table == (tmp_path / "out" / "portfolio.csv").read_text(encoding="utf-8")
    assert table.startswith("strategy,metric,value,standard_error,unit\n")


def test_a_study_beside_the_file_in_another_currency(tmp_path, monkeypatch):
    monkeypatch.setattr("riskmodel.engine.simulate_range", hours_lost)
    source = Path(studies.__file__).parent / "jiangsu_time_of_use.toml"
    (tmp_path / "own.toml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    strategy = studies.load("jiangsu_time_of_use").header.baseline
    site = SITE.replace("nordic_inference", "own.toml").replace("grid_expansion", strategy)
    file = written(tmp_path, GRID + site + SITE.replace('"one"', '"two"'))
    refused = CliRunner().invoke(app, ["portfolio", str(file), "--paths", "4"])
    assert refused.exit_code == 2
    assert "study.currency: site two has EUR, site one CNY; all sites must have the same" in refused.stderr
    file = written(tmp_path, GRID + site)
    done = CliRunner().invoke(app, ["portfolio", str(file), "--paths", "4", "--seed", "1"])
    assert done.exit_code == 0, done.stderr
    assert "ground up, thousand CNY" in done.stdout
    assert "EUR" not in done.stdout

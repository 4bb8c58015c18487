"""The finance command: lines that add up to the cent, measures against the tables, and what it prints."""

import csv
import io
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from riskmodel import finance
from riskmodel.finance_report import finance_report, line_values
from riskmodel.ledger import Line
from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from studies.cli import BAD_INPUT, app
from tests.fake_engine import fake_simulate_range, small_study

OVERRIDES = (
    "finance.inflation_per_year=0.02", "finance.tax.rate=0.2", "finance.debt.share_of_outlay=0.5",
    "finance.debt.rate_nominal=0.05", "finance.debt.tenor_years=4", "finance.subsidy.grant_share=0.2",
    "finance.subsidy.probability=0.6", 'finance.timing="mid_year"', "cluster.costs.staff_eur_per_year=1000",
    'study.discount_rate_real={law="uniform",low=0.06,high=0.1}',
)  # fmt: skip
PATHS, YEARS = 150, 6
CENT = 0.01


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Results with all of the finance tables, and with none."""
    made = {}
    for name, overrides in (("all", OVERRIDES), ("plain", ())):
        made[name] = tmp_path_factory.mktemp(name)
        run_to_folder(small_study(YEARS, overrides), made[name], PATHS, 7, simulate_range=fake_simulate_range)
    return made


@pytest.mark.parametrize("name", ["all", "plain"])
def test_lines_add_up_to_the_npv_to_the_cent(folders, name):
    results = load_results(folders[name])
    lines, npv = line_values(results), results.column("npv_eur")
    assert np.max(np.abs(lines.sum(axis=-1) - npv)) < CENT
    found = finance_report(results)
    for strategy, each in found.waterfall.items():
        total = sum(value.value for value in each.values())
        assert total == pytest.approx(found.measures[strategy]["delta_npv_eur:mean"].value, abs=CENT)
    without = lines.copy()
    without[..., Line.ENERGY_PURCHASE] = 0.0
    assert np.max(np.abs(without.sum(axis=-1) - npv)) > 1000.0  # one line missing would be seen


def test_measures_are_those_of_the_paths(folders):
    results = load_results(folders["all"])
    found, names = finance_report(results), results.strategy_names
    npv = results.column("npv_eur")
    for k, name in enumerate(names):
        mine = found.measures[name]
        assert mine["capital_at_risk_eur"].value == pytest.approx(np.quantile(npv[:, k], 0.05))
        assert mine["expected_regret_eur"].value == pytest.approx((npv.max(axis=1) - npv[:, k]).mean())
        assert mine["prob_npv_negative"].value == pytest.approx((npv[:, k] < 0).mean())
        cover = results.column("dscr_minimum")[:, k]
        assert mine["prob_dscr_below_1"].value == pytest.approx((cover < 1).mean())
        assert sorted(found.cover[name]) == [1, 2, 3, 4]
    assert "strategy_return_on_investment" not in found.measures["grid"]
    first = found.pairs[0]
    a, b = (npv[:, names.index(name)] for name in (first.first, first.other))
    assert first.difference.value == pytest.approx((a - b).mean())
    assert first.beats.value == pytest.approx((a > b).mean())


def test_profitability_and_levelised_costs_by_the_years_table(folders):
    results = load_results(folders["plain"])
    years = results.years
    mine = years[(years["strategy"] == "string") & (years["path"] == 3)].sort_values("year")
    factor = 1.08 ** -mine["year"].to_numpy()
    used = mine["import_kwh"] + mine["pv_kwh"] + mine["genset_kwh"] - mine["export_kwh"]
    used = (used - mine["charge_kwh"] + mine["discharge_kwh"]).fillna(0.0).to_numpy()
    lines = ["connection_capex", "storage_capex", "storage_replacement", "pv_capex", "maintenance", "energy_purchase",
             "energy_fees", "demand_charge", "energy_export"]  # fmt: skip
    cost = -sum(mine[f"{line}_eur"].to_numpy() for line in lines)
    column = results.column("lcoe_eur_per_mwh")[3, results.strategy_names.index("string")]
    assert column == pytest.approx((cost * factor).sum() / (used * factor).sum() * 1000, rel=1e-6)
    for name in ("lcos_eur_per_mwh", "lcos_without_charging_eur_per_mwh"):
        assert np.isnan(results.column(name)).all()  # this engine discharges nothing
    base = years[(years["strategy"] == "grid") & (years["path"] == 3)].sort_values("year")
    own = sum(mine[f"{line}_eur"].to_numpy() for line in lines[:4])
    benefit = (mine["net_cash_eur"].to_numpy() - own) - (base["net_cash_eur"] - base["connection_capex_eur"]).to_numpy()
    index = finance.net_present_value(benefit, 0.08) / -finance.net_present_value(own, 0.08)
    assert results.column("profitability_index")[3, 1] == pytest.approx(index, rel=1e-9)


def test_printed(folders):
    run = CliRunner().invoke(app, ["finance", str(folders["all"])])
    assert run.exit_code == 0, run.output
    for words in ("capital at risk", "expected regret", "waiting for power", "Dominance", "after tax", "middle of the"):
        assert words in run.output
    plain = CliRunner().invoke(app, ["finance", str(folders["plain"])]).output
    assert "before tax, all equity, at the ends" in plain
    assert "debt service" not in plain


def test_for_machines_and_in_files(folders, tmp_path):
    run = CliRunner().invoke(app, ["finance", str(folders["all"]), "--json"])
    record = json.loads(run.output)
    assert record["estimates"]["string"]["waterfall:waiting_for_power_eur"]["unit"] == "EUR"
    out = tmp_path / "out"
    run = CliRunner().invoke(app, ["finance", str(folders["all"]), "--csv", "--out", str(out)])
    rows = list(csv.DictReader(io.StringIO(run.output)))
    assert {"strategy", "metric", "value", "standard_error", "unit"} == set(rows[0])
    assert (out / "finance.csv").read_text() == run.output
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert pictures == ["npv_curves.png", "waterfall_diesel.png", "waterfall_string.png"]


def test_what_cannot_be_is_refused(folders, tmp_path):
    for arguments, words in (
        ([str(tmp_path)], "no results here"),
        ([str(folders["all"]), "--json", "--csv"], "type one of them"),
    ):
        run = CliRunner().invoke(app, ["finance", *arguments])
        assert run.exit_code == BAD_INPUT
        assert words in run.output

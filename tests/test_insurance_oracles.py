"""Other programs' views of the tables and curves: skipped where those programs are not installed."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from riskmodel.insurance.ord_format import TABLES
from riskmodel.run import run_to_folder
from studies.cli import app
from tests.fake_engine import fake_simulate_range, small_study

CASES = Path(__file__).parents[2] / "shared" / "data" / "insurance" / "compound_distribution_cases.csv"


def test_the_columns_are_those_of_oasislmf():
    """Names, order and kinds as oasislmf 2.5.8 has them; pip install oasislmf to run it."""
    reason = "oasislmf is not installed (pip install oasislmf)"
    modules = {
        name: pytest.importorskip(f"oasislmf.pytools.{name}.data", reason=reason)
        for name in ("lec", "aal", "plt", "elt")
    }
    theirs = {"ept": "lec", "psept": "lec", "palt": "aal", "alct": "aal", "splt": "plt", "mplt": "plt", "qplt": "plt"}
    theirs |= {"selt": "elt", "melt": "elt", "qelt": "elt"}
    for name, module in theirs.items():
        title = "AAL" if name == "palt" else name.upper()
        wanted = getattr(modules[module], f"{title}_output")
        kinds = ["int" if np.dtype(kind).kind == "i" else "float" for _, kind, _ in wanted]
        assert [column.name for column in TABLES[name]] == [column for column, _, _ in wanted]
        assert [column.kind for column in TABLES[name]] == kinds


def test_oasislmf_joins_the_tables_with_their_summaries(tmp_path):
    join = pytest.importorskip("oasislmf.pytools.join_summary_info.manager", reason="oasislmf is not installed")
    results = run_to_folder(small_study(), tmp_path / "run", 20, 7, simulate_range=fake_simulate_range)
    folder = tmp_path / "ord"
    answer = CliRunner().invoke(app, ["losses", str(results.folder), "--ord", str(folder), "--csv"])
    assert answer.exit_code == 0, answer.output
    for kind in ("csv", "parquet"):
        for name in ("ept", "splt", "melt"):
            info, data = folder / f"gul_S1_summary-info.{kind}", folder / f"gul_S1_{name}.{kind}"
            join.run(info, data, tmp_path / f"joined.{kind}")
    lines = (tmp_path / "joined.csv").read_text().splitlines()
    assert lines[0].endswith("MaxImpactedExposure,strategy,title,tiv")
    assert len(lines) == len((folder / "gul_S1_melt.csv").read_text().splitlines())


@pytest.mark.skipif(not CASES.exists(), reason="the compound cases are not in ../shared")
def test_a_published_case_through_the_file_of_events(tmp_path):
    """Bahnemann 4.2, Poisson(2.5) x gamma(3, 400), 40,000 years, seed 8, against exact series (aggregate agrees).

    4.5 standard errors, 6 numbers: a false alarm in 4e-5. The negative control: the same years called 5 % more.
    """
    rng = np.random.default_rng(8)
    years = 40_000
    period = np.repeat(np.arange(1, years + 1), rng.poisson(2.5, years))
    loss = rng.gamma(3.0, 400.0, period.size)
    rows = "".join(f"{p},1,{k},{x:.6f}\n" for k, (p, x) in enumerate(zip(period, loss, strict=True)))
    (tmp_path / "events.csv").write_text("period,weight,event,loss\n" + rows)
    (tmp_path / "cover.toml").write_text('[[layers]]\nname = "all"\n')

    def estimates(n):
        command = ["cover", str(tmp_path / "events.csv"), str(tmp_path / "cover.toml"), "--years", str(n), "--csv"]
        answer = CliRunner().invoke(app, command)
        assert answer.exit_code == 0, answer.output
        found = csv.DictReader(answer.output.splitlines())
        return {row["metric"]: (float(row["value"]), float(row["standard_error"])) for row in found}

    with CASES.open() as stream:
        exact = {
            (row["quantity"], row["argument"]): float(row["value"])
            for row in csv.DictReader(stream)
            if row["case"].startswith("Bahnemann_4.2")
        }
    wanted = {
        "ground_up:aal": exact["mean", ""],
        "ground_up:sd": exact["variance", ""] ** 0.5,
        "ground_up:aep_20_years": exact["VaR (AEP quantile)", "0.95"],
        "ground_up:aep_100_years": exact["VaR (AEP quantile)", "0.99"],
        "ground_up:aep_tvar_20_years": exact["TVaR", "0.95"],
        "ground_up:aep_tvar_100_years": exact["TVaR", "0.99"],
    }
    found, longer = estimates(years), estimates(round(years * 1.05))
    for name, answer in wanted.items():
        assert abs(found[name][0] - answer) < 4.5 * found[name][1], name
    value, error = longer["ground_up:aal"]
    assert abs(value - wanted["ground_up:aal"]) > 4.5 * error

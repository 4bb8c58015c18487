"""The finance workbook: numbers of the summary, formulas that are 0, names that are never formulas, the same bytes."""

import hashlib
import json
import math
import shutil
import subprocess
import zipfile

import openpyxl
import pytest

from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from studies.reports.workbook.book import at, plain_text
from tests.fake_engine import fake_simulate_range, small_study
from tests.test_board import damage, hard_study, report

PATHS = 240
ORDER = [
    "Cover",
    "Summary",
    "Scenario",
    "Inputs",
    "Cash flows",
    "Distributions",
    "Waterfall",
    "Sensitivity",
    "Downtime",
]
WITH_FORMULAS = {"Cover", "Scenario", "Cash flows", "Waterfall", "Checks"}
MEASURES = {
    "NPV, EUR": "npv_eur:mean",
    "NPV less baseline, EUR": "delta_npv_eur:mean",
    "NPV below 0, share of paths": "prob_npv_negative",
    "Best of all, share of paths": "prob_best",
    "Payback, simple, median, years": "payback_simple_years:p50",
    "Downtime loss, EUR a year": "downtime_loss_eur_per_year:mean",
    "Downtime loss reached in 1 year in 20, EUR": "downtime_loss_eur_1_in_20_year",
    "Energy cost, EUR a year": "energy_cost_eur_per_year:mean",
}


def simulated(tmp_path_factory, name, study, paths=PATHS):
    place = tmp_path_factory.mktemp(name) / "results"
    run_to_folder(study, place, paths, 7, simulate_range=fake_simulate_range)
    return place


def written(folder, out, *more):
    done = report(folder, "--for", "finance", "--out", out, *more)
    assert done.exit_code == 0, done.output
    return out / "workbook.xlsx"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulated(tmp_path_factory, "finance", small_study())


@pytest.fixture(scope="module")
def file(folder, tmp_path_factory):
    return written(folder, tmp_path_factory.mktemp("workbook"))


@pytest.fixture(scope="module")
def book(file):
    return openpyxl.load_workbook(file, data_only=True)


def rows(sheet, first=1):
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=first)]


def check_values(book):
    return {(row[0], row[1]): row[2] for row in rows(book["Checks"], 5) if row[1]}


def test_sheets_are_in_the_order_finance_expects(book):
    assert book.sheetnames == [*ORDER, "Checks", "Glossary"]
    cover = {row[0]: row[1] for row in rows(book["Cover"]) if row[0]}
    assert cover["Seed"] == "7"
    assert cover["Simulated lifetimes (paths)"] == str(PATHS)
    assert len(cover["Input hash (SHA-256)"]) == 64
    assert "riskmodel stress" in cover["Stress: not here"]


def test_summary_holds_the_numbers_of_the_summary_file(folder, book):
    results = load_results(folder)
    found = {row[0].strip(): row[1:] for row in rows(book["Summary"], 5) if isinstance(row[0], str)}
    for words, metric in MEASURES.items():
        for k, name in enumerate(results.strategy_names):
            estimate = results.estimate(name, metric)
            shown = found[words][2 * k]
            if estimate is None:
                assert shown == "-"
            elif math.isinf(estimate.value):
                assert shown == "never"
            else:
                assert shown == pytest.approx(estimate.value, rel=1e-12), (words, name)
                assert found[words][2 * k + 1] == pytest.approx(estimate.standard_error, rel=1e-12)


def test_distributions_say_chances_in_words(folder, book):
    results = load_results(folder)
    sheet = rows(book["Distributions"], 4)
    assert sheet[0][6:11] == [
        "95 % chance of at least this",
        "90 % chance of at least this",
        "Even chance of more or less",
        "10 % chance of at least this",
        "5 % chance of at least this",
    ]
    named = {(row[0], row[1]): row for row in sheet}
    for name, title in results.titles.items():
        row = named["NPV", title]
        for column, part in ((3, "mean"), (6, "p05"), (7, "p10"), (8, "p50"), (9, "p90"), (10, "p95")):
            assert row[column] == pytest.approx(results.estimate(name, f"npv_eur:{part}").value, rel=1e-12)
    texts = [str(cell) for sheet in book for row in rows(sheet) for cell in row if cell is not None]
    bare = [text for text in texts if "P90" in text and "energy finance" not in text and "low" not in text.lower()]
    assert not bare


def net_rows(book):
    """Rows of the mean net cash, by strategy in the order of the sheet."""
    return [row for row in rows(book["Cash flows"], 5) if row[0] == "Net cash (mean, simulated)"]


def test_npv_of_the_mean_flow_is_the_reported_mean(folder, book):
    """Independent of the spreadsheet: year 0 as it is, year y divided by 1.08^y."""
    results = load_results(folder)
    for name, row in zip(results.strategy_names, net_rows(book), strict=True):
        npv = sum(value / 1.08**year for year, value in enumerate(row[3 : 4 + results.n_years]))
        assert npv == pytest.approx(results.estimate(name, "npv_eur:mean").value, abs=0.5)


def test_lines_add_up_and_years_are_in_the_same_columns(folder, book):
    years = load_results(folder).n_years
    sheet = rows(book["Cash flows"], 4)
    assert sheet[0][3] == "Year 0 (decision)"
    assert sheet[0][3 + years] == f"Year {years} (end)"
    sums = [row for row in sheet if row[0] == "Sum of the lines"]
    for total, net in zip(sums, net_rows(book), strict=True):
        assert total[3:] == pytest.approx(net[3:], rel=1e-9, abs=1e-3)
    units = {row[1] for row in sheet[1:] if row[3] is not None and row[0]}
    assert units <= {"EUR", "", None}
    assert "PV capex" in {row[0] for row in sheet}


def test_checks_are_live_and_0(file, book):
    live = openpyxl.load_workbook(file)["Checks"]
    formulas = [row[2].value for row in live.iter_rows(min_row=5) if row[1].value]
    assert len(formulas) > 15
    assert all(isinstance(formula, str) and formula.startswith("=") for formula in formulas)
    assert set(check_values(book).values()) == {0}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Recalculate a workbook with LibreOffice, none of its stored values kept."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")
    home = tmp_path_factory.mktemp("office")

    def calculate(file, change=None):
        bare = home / f"{len(list(home.iterdir()))}.xlsx"
        found = openpyxl.load_workbook(file)
        if change is not None:
            change(found)
        found.save(bare)
        words = [program, "--headless", f"-env:UserInstallation=file://{home}/profile", "--convert-to", "xlsx"]
        subprocess.run([*words, "--outdir", home / "out", bare], check=True, capture_output=True, timeout=300)
        return openpyxl.load_workbook(home / "out" / bare.name, data_only=True)

    return calculate


@pytest.mark.slow
def test_a_spreadsheet_calculates_the_same(file, book, office):
    found = office(file)
    errors = [
        f"{sheet.title}!{cell.coordinate}: {cell.value}"
        for sheet in found
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("#")
    ]
    assert not errors
    assert set(check_values(found).values()) == {0}
    for name in WITH_FORMULAS:
        for row, other in zip(rows(found[name]), rows(book[name]), strict=False):
            for value, stored in zip(row, other, strict=False):
                if isinstance(stored, (int, float)):
                    assert value == pytest.approx(stored, rel=1e-9, abs=1e-3), name

    def spoil(workbook):
        workbook["Cash flows"]["E6"] = 123_456_789.0

    spoiled = check_values(office(file, spoil))
    assert spoiled[None, "All checks"] > 1e6


@pytest.mark.parametrize(
    ("overrides", "rate", "half"),
    [
        (["finance.timing=mid_year"], 0.08, 0.5),
        (["finance.tax.rate=0.2"], 0.08, 0.0),
        (['study.discount_rate_real={law="uniform",low=0.05,high=0.11}'], None, 0.0),
    ],
)
def test_other_ways_to_count_money(tmp_path_factory, overrides, rate, half):
    folder = simulated(tmp_path_factory, "ways", small_study(overrides=overrides), 40)
    book = openpyxl.load_workbook(written(folder, tmp_path_factory.mktemp("out")), data_only=True)
    results = load_results(folder)
    live = [key for key in check_values(book) if key[1].startswith("NPV of the mean flow")]
    assert len(live) == (0 if rate is None else len(results.strategy_names))
    for name, row in zip(results.strategy_names, net_rows(book), strict=True):
        mean = results.estimate(name, "npv_eur:mean").value
        flows = row[3 : 4 + results.n_years]
        if rate is not None:
            npv = flows[0] + sum(value / (1 + rate) ** (year - half) for year, value in enumerate(flows) if year)
            assert npv == pytest.approx(mean, abs=0.5)
    present = [row[2] for row in rows(book["Cash flows"], 5) if str(row[0]).startswith("Present value")]
    means = [results.estimate(name, "npv_eur:mean").value for name in results.strategy_names]
    assert present == pytest.approx(means, abs=0.5)


def test_names_are_never_formulas(tmp_path_factory):
    folder = simulated(tmp_path_factory, "hard", hard_study(), 60)
    live = openpyxl.load_workbook(written(folder, tmp_path_factory.mktemp("out")))
    titles = list(load_results(folder).titles.values())
    seen = set()
    for sheet in live:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert sheet.title in WITH_FORMULAS, cell.coordinate
                    assert "cmd" not in str(cell.value)
                elif cell.value in titles:
                    assert cell.data_type == "s"
                    seen.add(cell.value)
        assert not sheet._hyperlinks or sheet.title == "Cover"
    assert seen == set(titles)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "{=1}", "http://x", "mailto:x"])
def test_texts_like_formulas_and_links_stay_texts(tmp_path_factory, text):
    study = small_study(overrides=[f"strategies.grid.title={json.dumps(text)}"])
    folder = simulated(tmp_path_factory, "text", study, 20)
    live = openpyxl.load_workbook(written(folder, tmp_path_factory.mktemp("out")))
    cell = live["Cash flows"]["A5"]
    assert (cell.data_type, cell.value) == ("s", plain_text(text))


def test_same_results_same_bytes(folder, file, tmp_path):
    again = written(folder, tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(file.read_bytes()).digest()
    ended = load_results(folder).manifest["ended"][:19]
    assert ended in zipfile.ZipFile(file).read("docProps/core.xml").decode("utf-8")


def test_charts_are_native_and_described(file):
    with zipfile.ZipFile(file) as parts:
        charts = [name for name in parts.namelist() if name.startswith("xl/charts/chart")]
        drawings = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/drawings/drawing")]
    assert len(charts) == 7  # NPV range, cumulative cash, chance curve, two waterfalls, tornado, rare years
    assert sum(text.count("descr=") for text in drawings) == len(charts)


def stressed(folder, out):
    from riskmodel.stress_cases import shipped_cases
    from studies.stress_study import StressTest, stress

    cases = tuple(shipped_cases().values())[:3]
    test = StressTest(load_results(folder).study, cases, None, 20, 7, 0)
    record = stress(test, simulate_range=fake_simulate_range)
    out.mkdir(parents=True, exist_ok=True)
    (out / "stress.json").write_text(json.dumps(record), encoding="utf-8")
    return record


def test_stress_cases_of_the_same_study_are_taken_in(folder, tmp_path):
    record = stressed(folder, tmp_path / "stress")
    book = openpyxl.load_workbook(written(folder, tmp_path / "out", "--stress", tmp_path / "stress"), data_only=True)
    assert "Stress" in book.sheetnames
    found = {(row[0], row[1]): row[2:] for row in rows(book["Stress"], 5)}
    titles = load_results(folder).titles
    for case in record["cases"]:
        number = case["strategies"]["string"]["delta_npv_eur"]["change"]
        assert found[case["title"], titles["string"]][2] == pytest.approx(number["value"])


def test_stress_cases_of_another_study_are_refused(folder, tmp_path):
    stressed(folder, tmp_path)
    record = json.loads((tmp_path / "stress.json").read_text(encoding="utf-8"))
    (tmp_path / "stress.json").write_text(json.dumps(record | {"input_hash": "0"}), encoding="utf-8")
    done = report(folder, "--for", "finance", "--stress", tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "its inputs are not those of the results" in done.output
    done = report(folder, "--for", "finance", "--stress", tmp_path / "nothing", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "no stress.json there" in done.output


@pytest.mark.parametrize("kind", ["missing folder", "half finished", "older", "no years", "torn", "other study"])
def test_results_that_make_no_workbook_are_refused_in_one_message(folder, tmp_path, kind):
    place = load_results(folder).save(tmp_path / "copy").folder
    done = report(damage(place, kind), "--for", "finance", "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_many_lifetimes_give_sensitivities_of_the_first(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("studies.reports.workbook.what_if_sheets.MOST_PATHS", 210)
    found = openpyxl.load_workbook(written(folder, tmp_path), data_only=True)["Sensitivity"]
    assert "From the first 210 lifetimes" in found["A2"].value
    assert found["A5"].value == "cluster.gpu_hour_value_eur"


def test_addresses_of_cells():
    assert (at(0, 0), at(9, 27), at(4, 2, fixed=True)) == ("A1", "AB10", "$C$5")


def test_a_study_in_other_money_says_so(tmp_path_factory):
    from riskmodel.study import parse_study
    from tests.fake_engine import STUDY

    text = (
        STUDY.format(years=4)
        .replace("_eur", "_cny")
        .replace("[cluster]", '[study.exchange_rates]\nEUR = 7.8\nsource = "a test"\n[cluster]')
    )
    text = text.replace("price_year", 'currency = "CNY"\nprice_year', 1)
    folder = simulated(tmp_path_factory, "money", parse_study(text))
    book = openpyxl.load_workbook(written(folder, tmp_path_factory.mktemp("out")), data_only=True)
    assert set(check_values(book).values()) == {0}
    texts = {str(cell) for sheet in book for row in rows(sheet) for cell in row if cell is not None}
    assert [text for text in texts if ("EUR" in text or "_eur" in text) and "exchange" not in text] == []
    place = tmp_path_factory.mktemp("board")
    done = report(folder, "--for", "board", "--out", place)
    assert done.exit_code == 0, done.output
    page = (place / "board.html").read_text(encoding="utf-8")
    assert "million yuan" in page
    assert "euros" not in page
    assert "What a GPU-hour earns" in page

"""Inputs as a workbook and back: nothing lost, changes taken, every bad cell named by its sheet and address."""

import datetime
import hashlib
import zipfile

import openpyxl
import pytest
from typer.testing import CliRunner

import studies
from riskmodel.study import StudyError
from studies.reports.inputs import layout
from studies.reports.inputs.writing import template_of

NAME = "nordic_inference"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    file = tmp_path_factory.mktemp("template") / "inputs.xlsx"
    file.write_bytes(template_of(NAME, ()))
    return file


def command(*words):
    from studies.cli import app

    return CliRunner().invoke(app, [str(word) for word in words])


class Edit:
    """A workbook of inputs as someone edits it in a spreadsheet."""

    def __init__(self, template, tmp_path):
        self.file = tmp_path / "inputs.xlsx"
        self.book = openpyxl.load_workbook(template)
        self.sheet = self.book[layout.INPUTS]
        rows = self.sheet.iter_rows(min_row=layout.FIRST_ROW + 1)
        self.row = {row[0].value: row[0].row for row in rows if row[0].value}

    def put(self, field, value, column=layout.VALUE):
        self.sheet.cell(self.row[field], column + 1).value = value

    def law(self, field, law, **parameters):
        self.put(field, None)
        self.put(field, law, layout.LAW)
        for k, key in enumerate(layout.LAW_KEYS):
            self.put(field, parameters.get(key), layout.LAW + 1 + k)

    def cell(self, field, column=layout.VALUE):
        return self.sheet.cell(self.row[field], column + 1).coordinate

    def load(self, *overrides):
        self.book.save(self.file)
        return studies.load(self.file, overrides)

    def problems(self):
        with pytest.raises(StudyError) as found:
            self.load()
        return [str(problem) for problem in found.value.problems]


@pytest.fixture
def edit(template, tmp_path):
    return Edit(template, tmp_path)


@pytest.mark.parametrize("name", studies.names())
def test_unchanged_inputs_are_the_same_study(name, tmp_path):
    file = tmp_path / "inputs.xlsx"
    file.write_bytes(template_of(name, ()))
    study, there = studies.load(file), studies.load(name)
    assert study.input_hash() == there.input_hash()
    assert study == there
    assert [row.origin for row in study.describe()] == [row.origin for row in there.describe()]


def test_numbers_words_flags_and_lists_come_back(edit):
    edit.put("cluster.gpus", 480)
    edit.put("site.price_zone", "SE4")
    edit.put("site.export_allowed", False)
    edit.put("cluster.installed_share_by_year", "[0.5, 1.0]")
    study = edit.load()
    assert study.cluster.gpus == 480
    assert isinstance(study.cluster.gpus, int)
    assert study.site.price_zone == "SE4"
    assert study.site.export_allowed is False
    assert study.cluster.installed_share_by_year == [0.5, 1.0]
    assert "no source given" in study.origin("cluster.gpus").text
    assert study.origin("site.pv_tilt_deg") == studies.load(NAME).origin("site.pv_tilt_deg")


def test_a_value_becomes_a_law_and_a_law_a_value(edit):
    edit.law("cluster.power_usage_effectiveness", "uniform", low=1.1, high=1.3)
    edit.put("cluster.power_usage_effectiveness", "two offers", layout.SOURCE)
    edit.law("cluster.load_factor", None)
    edit.put("cluster.load_factor", 0.8)
    study = edit.load()
    assert study.cluster.power_usage_effectiveness.mean() == pytest.approx(1.2)
    assert study.origin("cluster.power_usage_effectiveness").text == "two offers"
    assert study.cluster.load_factor.mean() == 0.8


def test_a_field_that_was_not_listed_can_be_added(edit):
    row = edit.sheet.max_row + 1
    edit.sheet.cell(row, 1).value = "finance.tax.rate"
    edit.sheet.cell(row, 2).value = 0.2
    assert edit.load().finance.tax.rate.mean() == 0.2


def test_overrides_come_on_top(edit):
    edit.put("cluster.gpus", 480)
    assert edit.load("cluster.gpus=800").cluster.gpus == 800


def test_bad_cells_are_all_named_by_sheet_and_address(edit):
    edit.put("cluster.gpus", -5)
    edit.put("site.export_allowed", "perhaps")
    edit.put("site.latitude_deg", 123.0)
    found = edit.problems()
    for field, words in (
        ("cluster.gpus", "= -5"),
        ("site.export_allowed", "= 'perhaps'"),
        ("site.latitude_deg", "= 123.0"),
    ):
        place = f"sheet Inputs, cell {edit.cell(field)}: {field} {words}"
        assert any(place in text for text in found), (place, found)


@pytest.mark.parametrize(
    ("field", "column", "value", "said"),
    [
        ("cluster.gpus", layout.VALUE, None, "is empty: type a value"),
        ("cluster.gpus", layout.VALUE, "#DIV/0!", "error of the spreadsheet"),
        ("cluster.gpus", layout.VALUE, datetime.datetime(2026, 1, 1), "is a date"),
        ("cluster.gpus", layout.LAW + 1, 3, "belongs to a law, but none is chosen"),
        ("cluster.load_factor", layout.VALUE, 0.5, "either a value or a law"),
        ("cluster.installed_share_by_year", layout.VALUE, "[1.0, ", "no list or table"),
    ],
)
def test_cells_that_say_nothing_clear(edit, field, column, value, said):
    edit.put(field, value, column)
    (found,) = edit.problems()
    assert f"cell {edit.cell(field, column)}: {field}" in found
    assert said in found


def test_a_value_against_a_rule_between_fields_is_named(edit):
    edit.put("site.price_zone", "Mars")
    (found,) = edit.problems()
    assert f"cell {edit.cell('site.price_zone')}: site.price_zone = 'Mars': no prices record" in found


def test_a_wrong_law_is_named(edit):
    edit.put("cluster.load_factor", "triangle", layout.LAW)
    (found,) = edit.problems()
    assert f"cell {edit.cell('cluster.load_factor', layout.LAW)}: cluster.load_factor" in found


def test_rows_that_are_doubled_or_gone_are_named(edit):
    edit.sheet.cell(edit.row["cluster.gpus"], 1).value = "cluster.load_factor"
    found = edit.problems()
    assert any("is there already, in A" in text for text in found)
    assert any("has no row for cluster.gpus" in text for text in found)


def test_an_unknown_field_is_named_with_its_cell(edit):
    row = edit.sheet.max_row + 1
    edit.sheet.cell(row, 1).value = "cluster.gpuss"
    edit.sheet.cell(row, 2).value = 5
    (found,) = edit.problems()
    assert f"cell B{row}: cluster.gpuss" in found


def test_the_command_ends_with_2_and_names_the_cell(edit):
    edit.put("cluster.gpus", -5)
    edit.book.save(edit.file)
    done = command("validate", edit.file)
    assert done.exit_code == 2
    assert f"sheet Inputs, cell {edit.cell('cluster.gpus')}: cluster.gpus = -5" in done.output


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"gpus = 5\n"])
def test_files_that_are_no_workbook(tmp_path, content):
    (tmp_path / "inputs.xlsx").write_bytes(content)
    done = command("validate", tmp_path / "inputs.xlsx")
    assert done.exit_code == 2
    assert "cannot be read" in done.output


def test_missing_files_other_workbooks_and_bombs(tmp_path):
    assert "no such file" in command("validate", tmp_path / "none.xlsx").output
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    done = command("validate", tmp_path / "other.xlsx")
    assert done.exit_code == 2
    assert "has no sheet Inputs and no sheet Study: not a workbook of inputs" in done.output
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", bytes(120_000_000))
    assert "unpacks to more" in command("validate", tmp_path / "bomb.xlsx").output


def test_the_command_writes_it_once_and_the_same(tmp_path):
    file = tmp_path / "inputs.xlsx"
    assert command("template", "--excel", file, "--study", NAME).exit_code == 0
    first = hashlib.sha256(file.read_bytes()).digest()
    done = command("template", "--excel", file, "--study", NAME)
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert command("template", "--excel", file, "--study", NAME, "--overwrite").exit_code == 0
    assert hashlib.sha256(file.read_bytes()).digest() == first
    assert command("template", "--excel", tmp_path / "inputs.ods").exit_code == 2
    assert command("template", "--excel", file, "--study", "nothing", "--overwrite").exit_code == 2


def test_cells_have_limits_and_choices(template):
    sheet = openpyxl.load_workbook(template)[layout.INPUTS]
    rows = {row[0].value: row[0].row for row in sheet.iter_rows(min_row=layout.FIRST_ROW + 1) if row[0].value}
    rules = {}
    for rule in sheet.data_validations.dataValidation:
        for cell in rule.cells:
            rules[str(cell)] = rule
    gpus = rules[f"B{rows['cluster.gpus']}"]
    assert (gpus.type, float(gpus.formula1)) == ("decimal", 1.0)
    assert gpus.operator in (None, "between")  # the default
    assert rules[f"B{rows['site.export_allowed']}"].formula1 == '"TRUE,FALSE"'
    assert "training" in rules[f"B{rows['cluster.duty']}"].formula1
    assert rules[f"B{rows['study.baseline']}"].formula1 == '"grid_expansion,string_storage_pv"'
    assert "lognormal" in rules[f"C{rows['cluster.load_factor']}"].formula1


def test_a_study_in_other_money_keeps_its_names(tmp_path):
    file = tmp_path / "inputs.xlsx"
    file.write_bytes(template_of("jiangsu_time_of_use", ()))
    edit = Edit(file, tmp_path)
    assert "cluster.gpu_hour_value_cny" in edit.row
    assert not [name for name in edit.row if name.rpartition(".")[2].endswith("_eur")]
    edit.law("cluster.gpu_hour_value_cny", "uniform", low=1.0, high=3.0)
    study = edit.load()
    assert study.header.currency == "CNY"
    assert study.cluster.gpu_hour_value_eur.mean() == pytest.approx(2.0)
    edit.put("cluster.gpu_hour_value_cny", -3.0, layout.LAW + 1)
    (found,) = edit.problems()
    assert f"cell {edit.cell('cluster.gpu_hour_value_cny', layout.LAW)}: cluster.gpu_hour_value_cny" in found

"""Nobody is let in: no code from files, output inside its folder, names as data, and no page that asks the network."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskmodel.csv_table import csv_text
from riskmodel.links import refuse_links
from riskmodel.range_store import open_store
from riskmodel.run import RunError, run_to_folder
from riskmodel.study import StudyError, parse_study
from studies.cli import app
from tests.fake_engine import STUDY, fake_simulate_range, small_study

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    file for package in ("distributions", "riskmodel", "studies") for file in sorted((ROOT / package).rglob("*.py"))
]
RUNS_CODE = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "yaml", "joblib", "code", "runpy", "ctypes"}
MAY = {"riskmodel/memory.py": {"ctypes"}}  # one call of the C library, without an argument of anyone's
NETWORK = {"socket", "urllib", "http", "requests", "ftplib", "smtplib", "webbrowser"}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "os.startfile"}
PARSERS = {
    "tomllib.load": {"distributions/toml_reading.py"},
    "tomllib.loads": {"distributions/toml_reading.py"},
    "json.load": set(),
    "json.loads": {
        "distributions/input_files.py",
        "riskmodel/folder_lock.py",  # 4,096 bytes of its own
        "riskmodel/range_store.py",  # a note whose size it wrote
        "studies/reports/workbook/what_if_sheets.py",  # the record that a command has just written
    },
    "pd.read_csv": {"distributions/table_reading.py", "riskmodel/insurance/ord_files.py"},
    "pd.read_parquet": {"riskmodel/results.py", "riskmodel/insurance/ord_files.py"},
    "pd.read_excel": set(),
    "pd.read_html": set(),
    "pd.read_pickle": set(),
    "pd.read_xml": set(),
    "openpyxl.load_workbook": {"studies/reports/inputs/reading.py"},
}
"""Readers of whole files, and the only files of ours that call them: the others would go past the limits."""


def name_of(file):
    return file.relative_to(ROOT).as_posix()


def found_in(text, name="a.py"):
    """(line, what) of everything in a source text that could run code of a user's file or go past the one reader."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            modules = []
        for module in modules:
            if module.split(".")[0] in (RUNS_CODE | NETWORK) - MAY.get(name, set()):
                yield node.lineno, f"imports {module}"
        if not isinstance(node, ast.Call):
            continue
        call = ast.unparse(node.func)
        given = {key.arg: ast.unparse(key.value) for key in node.keywords}
        if call in CALLS or call in ("pd.eval", "frame.eval", "frame.query"):
            yield node.lineno, f"calls {call}"
        if call in PARSERS and name not in PARSERS[call]:
            yield node.lineno, f"calls {call}: use distributions.input_files, toml_reading or table_reading"
        if call == "np.load" and given.get("allow_pickle") != "False":
            yield node.lineno, "calls np.load without allow_pickle=False"
        if given.get("shell") == "True":
            yield node.lineno, f"calls {call} with shell=True"
        if call.endswith("import_module") and name != "riskmodel/__init__.py":  # there: its own names, when asked for
            yield node.lineno, "imports what a value says"
        if call.endswith("jinja2.Environment") and given.get("autoescape") != "True":
            yield node.lineno, "writes pages without escaping"


def test_no_code_from_files_and_one_reader():
    wrong = [f"{name_of(f)}:{line} {what}" for f in FILES for line, what in found_in(f.read_text("utf-8"), name_of(f))]
    assert not wrong, "A file of a user is data, and is read within limits:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from yaml import load", "eval(x)", "np.load(f)", "np.load(f, allow_pickle=True)",
        "subprocess.run(x, shell=True)", "pd.read_csv(path)", "tomllib.loads(t)", "import urllib.request",
        "import_module(d['x'])", "jinja2.Environment(loader=l)",
    ],
)  # fmt: skip
def test_what_is_looked_for_is_seen(text):
    """Negative control."""
    assert list(found_in(text))


LINKS = re.compile(
    r"""(?:src|href|srcset|action|data|poster)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//"""
)


def test_templates_of_pages_ask_nothing_from_outside():
    """Rendered pages are looked at where each report is tested; here is every template, and every text of a page."""
    places = [*(ROOT / "studies").rglob("*.html"), *(ROOT / "studies").rglob("*.css"), *FILES]
    wrong = [
        f"{name_of(file)}: {found[0]}"
        for file in places
        for found in LINKS.finditer(file.read_text(encoding="utf-8"))
        if not re.search(r"<a [^>]*$", file.read_text(encoding="utf-8")[: found.start()][-200:])
    ]
    assert not wrong
    assert LINKS.search('<img src="https://x.y/z.png">')
    assert LINKS.search("background: url(//x.y/z)")


def finished(folder):
    return run_to_folder(small_study(), folder, 6, 7, simulate_range=fake_simulate_range)


@pytest.mark.parametrize("name", ["summary.csv.partial", "figures", "reports", "manifest.json", "ranges"])
def test_a_link_in_the_folder_of_results_is_not_followed(tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("mine", encoding="utf-8")
    folder = tmp_path / "run"
    finished(folder)
    if (folder / name).exists():
        (folder / name).rename(tmp_path / "moved")
    target = outside / "kept" if "." in name else outside
    (folder / name).symlink_to(target)
    with pytest.raises(RunError, match="is a link, and output stays in its folder"):
        run_to_folder(small_study(), folder, 6, 7, simulate_range=fake_simulate_range, overwrite=True)
    assert [file.name for file in outside.iterdir()] == ["kept"]
    assert (outside / "kept").read_text(encoding="utf-8") == "mine"


def test_a_report_does_not_follow_a_link(tmp_path):
    folder = tmp_path / "run"
    finished(folder)
    (tmp_path / "outside").mkdir()
    (folder / "reports").symlink_to(tmp_path / "outside")
    done = CliRunner().invoke(app, ["report", str(folder), "--for", "finance"])
    assert done.exit_code == 2
    assert "is a link" in done.stderr
    assert not list((tmp_path / "outside").iterdir())
    refuse_links(folder, ("figures",))  # only what will be written counts


@pytest.mark.parametrize("run", ["", "..", "home", "../home", 5, None])
def test_a_manifest_cannot_name_a_folder_to_be_removed(tmp_path, run):
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter").write_text("mine", encoding="utf-8")
    folder = tmp_path / "run"
    finished(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"ranges_at": str(tmp_path), "run": run}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(RunError, match="must be 16 letters"):
        run_to_folder(small_study(), folder, 6, 7, simulate_range=fake_simulate_range, overwrite=True)
    assert (home / "letter").exists()


def test_clearing_ranges_removes_ranges_only(tmp_path):
    (tmp_path / "letter").write_text("mine", encoding="utf-8")
    (tmp_path / "000000000-000000006").mkdir()
    open_store(tmp_path).clear()
    assert [file.name for file in tmp_path.iterdir()] == ["letter"]


EVIL = "\\u001b[2J\\u001b]0;x\\u0007=cmd|' /C calc'!A0 <script>alert(1)</script> $(reboot) ; rm -rf ~ \\u202e"


def test_a_title_cannot_steer_the_terminal(tmp_path):
    text = STUDY.format(years=2).replace('title = "=Small <study>"', f'title = "{EVIL}"')
    (tmp_path / "evil.toml").write_text(text, encoding="utf-8")
    for command in ("validate", "show"):
        done = CliRunner().invoke(app, [command, str(tmp_path / "evil.toml")])
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x9b\u202e]", done.output)
    (tmp_path / "worse.toml").write_text(text.replace("gpus = 800", 'gpus = "\\u001b[2J"'), encoding="utf-8")
    done = CliRunner().invoke(app, ["validate", str(tmp_path / "worse.toml")])
    assert done.exit_code == 2
    assert "\x1b" not in done.output


@pytest.mark.parametrize("name", ["../x", "..", "/etc/x", "a/b", "a\\\\b", "con\\u0000", "a b", "=x", "-rf", "<x>"])
def test_names_that_become_file_names_are_plain(name):
    text = STUDY.format(years=2).replace('name = "small"', f'name = "{name}"')
    with pytest.raises(StudyError):
        parse_study(text)


def test_text_in_a_workbook_is_no_formula_and_no_link():
    from studies.reports.inputs.writing import template_bytes

    text = STUDY.format(years=2).replace('title = "=Small <study>"', 'title = "=HYPERLINK(\\"http://x.y\\")"')
    with zipfile.ZipFile(io.BytesIO(template_bytes(parse_study(text), text))) as book:
        parts = {name: book.read(name).decode("utf-8") for name in book.namelist() if name.endswith((".xml", ".rels"))}
    assert not any("<f>" in part and "HYPERLINK" in part for name, part in parts.items() if "sheet" in name)
    assert not any('TargetMode="External"' in part for part in parts.values())


def test_text_in_a_table_is_no_formula():
    text = csv_text(["a", "=b"], [["=1+1", "-5"], ["@x", "+cmd"]])
    assert not re.search(r"(^|,)[=+@]", text, re.MULTILINE)
    assert "-5" in text

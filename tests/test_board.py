# ruff: noqa: RUF001
"""The board page: only what the numbers support, the same numbers in both languages and in summary.csv, safe names."""

import hashlib
import html.parser
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from distributions.estimate import Estimate
from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from studies.reports import board_words as words
from studies.reports.board_facts import board_facts
from studies.reports.page import board_page
from studies.reports.pdf import board_pdf
from studies.reports.quantities import Days, Money, MoneyRange, Odds, Rate, two_figures
from studies.reports.wording import LANGUAGES, texts
from tests.fake_engine import fake_simulate_range, small_study, written_anew

PATHS = 120
LONG = "Sixty characters of a name that goes on and on until its end"
HARD_TITLES = {
    "grid": '<script>alert("x")</script> & =cmd()',
    "string": "储能与光伏混合方案：柔性并网与应急备用电源一体化配置",
    "diesel": "חשמל ממחוללי דיזל",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("board") / "results"
    run_to_folder(small_study(), place, PATHS, 7, simulate_range=fake_simulate_range)
    return place


@pytest.fixture(scope="module")
def facts(folder):
    return board_facts(load_results(folder))


def hard_study():
    overrides = [
        f"strategies.{name}.title={json.dumps(title, ensure_ascii=False)}" for name, title in HARD_TITLES.items()
    ]
    return small_study(overrides=[*overrides, f'study.title="{LONG}"'])


@pytest.fixture(scope="module")
def hard(tmp_path_factory):
    place = tmp_path_factory.mktemp("hard") / "results"
    run_to_folder(hard_study(), place, PATHS, 7, simulate_range=fake_simulate_range)
    return place


def report(*words_typed):
    from studies.cli import app

    return CliRunner().invoke(app, ["report", *map(str, words_typed)])


# --- Words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "english", "chinese"),
    [
        (Money(119_996_561.2, "EUR"), "120 million euros", "1.2亿欧元"),
        (Money(-4_640_644.6, "EUR", signed=True), "−4.6 million euros", "−460万欧元"),
        (Money(645_801.5, "EUR"), "650,000 euros", "65万欧元"),
        (Money(23_707.7, "USD", signed=True), "+24,000 US dollars", "+2.4万美元"),
        (Money(1_249_000_000.0, "CNY"), "1.2 billion yuan", "12亿元"),
        (Money(999_600.0, "EUR"), "1 million euros", "100万欧元"),
        (Money(0.0, "EUR", signed=True), "0 euros", "0欧元"),
        (Money(9_994.0, "XYZ"), "10,000 XYZ", "1万XYZ"),
        (MoneyRange(65_721_207.0, 183_894_266.0, "EUR"), "66 to 180 million euros", "6,600万至1.8亿欧元"),
        (MoneyRange(-26.5e6, -19.6e6, "EUR"), "−26 to −20 million euros", "−2,600万至−2,000万欧元"),
        (MoneyRange(-9e5, 1.24e6, "EUR"), "−900,000 to +1.2 million euros", "−90万至+120万欧元"),
        (Odds(1.0, 1000), "all 1,000 simulated lifetimes", "全部1,000个模拟寿命期"),
        (Odds(0.0, 1000), "none of 1,000 simulated lifetimes", "1,000个模拟寿命期中的0个"),
        (Odds(0.266, 1000), "about 3 in 10 lifetimes", "每10个寿命期中约3个"),
        (Odds(0.968, 1000), "about 97 in 100 lifetimes", "每100个寿命期中约97个"),
        (Odds(0.999, 1000), "more than 99 in 100 lifetimes", "每100个寿命期中超过99个"),
        (Odds(0.002, 1000), "fewer than 1 in 100 lifetimes", "每100个寿命期中不到1个"),
        (Days(0.874), "0.87 days (21 hours)", "0.87天（21小时）"),
        (Days(0.0165), "0.017 days (24 minutes)", "0.017天（24分钟）"),
        (Days(3.14), "3.1 days", "3.1天"),
        (Days(0.0), "0 days", "0天"),
        (Rate(0.0372), "3.7 %", "3.7%"),
    ],
)
def test_quantities_in_words(quantity, english, chinese):
    assert quantity.say("en", texts("en")) == english
    assert quantity.say("zh", texts("zh")) == chinese


def test_languages_have_the_same_sentences_with_the_same_names():
    english, chinese = (texts(lang) for lang in LANGUAGES)
    assert english.keys() == chinese.keys()
    for key in english:
        names = [set(re.findall(r"\{(\w+)\}", catalogue[key])) for catalogue in (english, chinese)]
        assert names[0] == names[1], key


UNITS = {"billion": 1e9, "million": 1e6, "亿": 1e8, "万": 1e4}
NUMBER = r"[+−]?\d[\d,]*(?:\.\d+)?"


def numbers(text):
    """All numbers of a text in any order, multiples counted out."""
    text = re.sub(rf"({NUMBER}) to ({NUMBER}) (billion|million)", r"\1 \3 to \2 \3", text)
    found = re.findall(rf"({NUMBER}) ?(billion|million|亿|万)?", text)
    return sorted(
        float(two_figures(1) * float(n.replace(",", "").replace("−", "-"))) * UNITS.get(u, 1.0) for n, u in found
    )


def parts(page):
    """Texts of a page by where they stand, without names of options and the code of the inputs."""
    rows = {
        f"row {k} {key}": row[key] for k, row in enumerate(page["rows"]) for key in ("money", "range", "days", "bad")
    }
    lists = {f"{key} {k}": text for key in ("notes", "must", "mind") for k, text in enumerate(page[key])}
    chart = {key: page["chart"][key] for key in ("title", "note", "alt")}
    return rows | lists | chart | {key: page[key] for key in ("title", "recommendation", "next")}


def same_numbers(facts):
    english, chinese = (parts(board_page(facts, lang)) for lang in LANGUAGES)
    assert english.keys() == chinese.keys()
    return {key: (numbers(english[key]), numbers(chinese[key])) for key in english}


def test_english_and_chinese_say_the_same_numbers(facts):
    found = same_numbers(facts)
    for key, (english, chinese) in found.items():
        assert english == pytest.approx(chinese, rel=1e-9), key
    assert sum(len(pair[0]) for pair in found.values()) > 40


def test_all_cases_say_the_same_numbers_in_both_languages(facts):
    early = replace(facts.early, value=estimate(2.1e6, 1e5), counted=False)
    low = {"more": estimate(-2.34e6, 1e5), "more_without": estimate(-4.4e6, 1e5), "ahead": Estimate(0.03, 0.01, PATHS)}
    worse = changed(changed(facts, "string", **low), "diesel", **low)
    cases = [
        with_best(replace(worse, early=early), "grid"),
        with_best(replace(worse, early=replace(early, counted=True)), "grid", ["diesel"]),
        with_best(facts, "string", ["diesel"]),
        with_best(changed(facts, "string", more_without=estimate(-3.21e5, 1e4)), "string"),
        replace(facts, n_paths=60, drivers=(), loses={}),
    ]
    assert len({words.title(case).key for case in cases}) == 4
    for case in cases:
        for key, (english, chinese) in same_numbers(case).items():
            assert english == pytest.approx(chinese, rel=1e-9), key


def test_a_wrong_unit_would_be_seen():
    assert numbers("1.2亿欧元") == numbers("120 million euros")
    assert numbers("1.2万欧元") != numbers("120 million euros")
    assert numbers("66 to 180 million euros") == numbers("6,600万至1.8亿欧元")


def test_numbers_are_those_of_the_summary(folder, facts):
    summary = load_results(folder).summary().set_index(["strategy", "metric"])["value"]
    page = board_page(facts, "en")
    for option, row in zip(facts.options, page["rows"], strict=True):
        bad = two_figures(float(summary[option.name, "downtime_loss_eur_1_in_20_year"]))
        assert numbers(row["bad"]) == pytest.approx([bad])
        days = two_figures(float(summary[option.name, "gpu_hours_lost_per_year:mean"]) / (24 * 800))
        assert days in numbers(row["days"])
        if not option.is_baseline:
            more = two_figures(float(summary[option.name, "delta_npv_eur:mean"]))
            assert numbers(row["money"]) == pytest.approx([more])
            ends = [two_figures(float(summary[option.name, f"delta_npv_eur:{end}"])) for end in ("p10", "p90")]
            assert numbers(row["range"]) == pytest.approx(sorted([8.0, 10.0, *ends]))


def pdf_text(pdf):
    """All text of a PDF without spaces and line ends, which belong to the layout."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def told(summary, option, currency, lang):
    """What the row of an option must say, from summary.csv alone, in the order of the columns."""
    catalogue = texts(lang)
    value = {metric: float(number) for (name, metric), number in summary.items() if name == option.name}
    days = Days(value["gpu_hours_lost_per_year:mean"] / (24 * 800))
    cells = [days.say(lang, catalogue), Money(value["downtime_loss_eur_1_in_20_year"], currency).say(lang, catalogue)]
    if not option.is_baseline:
        ends = MoneyRange(value["delta_npv_eur:p10"], value["delta_npv_eur:p90"], currency).say(lang, catalogue)
        cells = [Money(value["delta_npv_eur:mean"], currency, signed=True).say(lang, catalogue), ends, *cells]
    return ["".join(cell.split()) for cell in cells]


def missing_in(text, titles, rows):
    """Cells that do not follow the title of their option in a text."""
    absent = []
    for title, cells in zip(titles, rows, strict=True):
        place = text.index("".join(title.split()), text.index("".join(titles[0].split()), text.index("●") - 40))
        for cell in cells:
            found = text.find(cell, place)
            if found < 0 or found > place + 160:
                absent.append(cell)
            else:
                place = found
    return absent


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_printed_page_says_the_numbers_of_the_summary(folder, facts, lang, paper):
    summary = load_results(folder).summary().set_index(["strategy", "metric"])["value"]
    text = pdf_text(board_pdf(board_page(facts, lang), paper))
    titles = [option.title for option in facts.options]
    rows = [told(summary, option, facts.currency, lang) for option in facts.options]
    assert missing_in(text, titles, rows) == []
    assert sum(map(len, rows)) == 10
    other = str.maketrans("0123456789", "3456789012")  # negative control: every digit another one
    assert len(missing_in(text, titles, [[cell.translate(other) for cell in cells] for cells in rows])) == 10


def test_a_tie_of_five_options_with_long_names_is_on_one_letter_page(facts):
    more = tuple(
        replace(facts.options[1], name=f"more_{k}", title=f"String storage and PV on a flexible connection, {k} MW")
        for k in range(2)
    )
    longer = replace(facts, options=tuple(replace(o, title=o.title + " and grid expansion") for o in facts.options))
    tied = with_best(replace(longer, options=(*longer.options, *more)), "string", ["more_0", "more_1"])
    for lang in LANGUAGES:
        pdf = board_pdf(board_page(tied, lang), "letter")
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


# --- What may be said -------------------------------------------------------------------------------------------------


def changed(facts, name, **fields):
    return replace(facts, options=tuple(replace(o, **fields) if o.name == name else o for o in facts.options))


def with_best(facts, name, equals=()):
    by_name = {option.name: option for option in facts.options}
    return replace(facts, best=by_name[name], equals=tuple(by_name[other] for other in equals))


def estimate(value, error):
    return Estimate(value, error, PATHS, "EUR")


def test_a_difference_within_its_error_is_not_said_to_be_one(facts):
    close = with_best(changed(facts, "string", more=estimate(1e6, 6e5)), "string", ["grid"])
    assert words.case_of(close) == "unclear"
    assert words.title(close).key == "title.unclear"
    assert words.recommendation(close).key == "recommend.unclear"
    assert words.recommended(close).is_baseline
    assert [text.key for text in words.conditions(close)] == ["must.judgement"]
    clear = with_best(changed(facts, "string", more=estimate(1e6, 4e5)), "string")
    assert words.title(clear).key == "title.ahead"


def test_two_options_within_their_error_are_called_equal(facts):
    even = with_best(changed(facts, "string", more=estimate(2e6, 1e5)), "string", ["diesel"])
    assert words.case_of(even) == "tie"
    assert "equally good" in words.title(even).say("en")
    assert "binding offers" in words.next_step(even).say("en")


def test_the_baseline_may_be_best(facts):
    worse = {"more": estimate(-2e6, 1e5), "ahead": Estimate(0.1, 0.03, PATHS)}
    keep = with_best(changed(changed(facts, "string", **worse), "diesel", **worse), "grid")
    assert words.title(keep).key == "title.baseline"
    assert words.recommendation(keep).key == "recommend.keep"
    assert all("order" not in text.say("en").lower() for text in words.conditions(keep))


def test_a_lead_on_average_that_most_lifetimes_do_not_see_says_so(facts):
    rare = with_best(changed(facts, "string", more=estimate(2e6, 1e5), ahead=Estimate(0.3, 0.04, PATHS)), "string")
    assert "only about 3 in 10" in words.title(rare).say("en")


def test_a_lead_made_by_earlier_power_says_so(facts):
    fields = {"more": estimate(2e7, 1e5), "more_without": estimate(-1e6, 1e5)}
    early = replace(facts.early, value=estimate(2.1e7, 1e5), counted=True, ahead_without=Estimate(0.2, 0.04, PATHS))
    found = with_best(replace(changed(facts, "string", **fields), early=early), "string")
    assert words.notes(found)[0].key == "early.decides"
    must = [text.key for text in words.conditions(found)]
    assert "must.early" in must
    share = next(text for text in words.conditions(found) if text.key == "must.early")
    assert "4.8 %" in share.say("en")  # 1 of 21 million


def test_what_a_reader_must_know_is_on_the_page(facts):
    told = replace(facts, warnings=("the events of a.csv happen in every path",), taxed=True, indebted=True)
    for lang, words_after in (("en", "after tax, after interest"), ("zh", "税后，已扣除债务本息")):
        page = board_page(told, lang)
        assert "the events of a.csv happen in every path" in page["reading"]
        assert words_after in page["reading"]
    assert "before tax." in board_page(facts, "en")["reading"]


def test_every_sentence_a_page_can_hold_can_be_said(facts):
    """Each catalogue text is filled by its own names in all cases of the rules."""
    cases = [
        facts,
        with_best(facts, "grid"),
        with_best(facts, "grid", ["diesel"]),
        with_best(facts, "string", ["diesel"]),
    ]
    cases += [
        replace(facts, options=facts.options[:1], best=facts.options[0], equals=()),
        replace(facts, n_paths=20, drivers=()),
    ]
    for case in cases:
        for lang in LANGUAGES:
            page = board_page(case, lang)
            text = json.dumps({key: part for key, part in page.items() if key != "chart"}, ensure_ascii=False)
            assert not re.search(r"\{\w+\}", text)


# --- Files ------------------------------------------------------------------------------------------------------------


class Reader(html.parser.HTMLParser):
    """Tags and text of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data):
        self.text.append(data)


def read_html(file):
    reader = Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    return reader


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_hard_names_are_text_on_one_tagged_page(hard, tmp_path, lang, paper):
    done = report(hard, "--for", "board", "--lang", lang, "--paper", paper, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    mark = "" if lang == "en" else "_zh"
    page = read_html(tmp_path / f"board{mark}.html")
    assert "script" not in page.tags
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    text = " ".join(page.text)
    for title in HARD_TITLES.values():
        assert title in text
    pdf = (tmp_path / f"board{mark}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    assert b"/StructTreeRoot" in pdf
    assert b"/Marked true" in pdf
    assert b"pdfuaid" in pdf
    assert b"/Alt" in pdf
    size = {"a4": (595, 842), "letter": (612, 792)}[paper]
    box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box is not None
    assert [round(float(side)) for side in box.groups()] == list(size)


def test_letters_without_a_font_are_named(tmp_path):
    study = small_study(overrides=['strategies.string.title="Storage \U00013000"'])
    run_to_folder(study, tmp_path / "results", 8, 7, simulate_range=fake_simulate_range)
    done = report(tmp_path / "results", "--for", "board")
    assert done.exit_code == 0, done.output
    assert "no font here has \U00013000" in done.output
    assert "□" in (tmp_path / "results" / "reports" / "board.html").read_text(encoding="utf-8")


def test_same_results_same_bytes(folder, tmp_path):
    digests = []
    for name in ("a", "b"):
        for lang in LANGUAGES:
            assert report(folder, "--for", "board", "--lang", lang, "--out", tmp_path / name).exit_code == 0
        files = sorted((tmp_path / name).iterdir())
        digests.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    assert digests[0] == digests[1]
    assert len(digests[0]) == 4


def test_date_of_the_decision(folder, tmp_path):
    done = report(folder, "--for", "board", "--decide-by", "2027-01-31", "--out", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["files"][0].endswith("board.pdf")
    assert "2027-01-31" in (tmp_path / "board.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--for", "king"], "--for king: type board or finance or insurer"),
        (["--for", "board", "--lang", "de"], "--lang de: type en or zh"),
        (["--for", "board", "--paper", "a3"], "--paper a3: type a4 or letter"),
        (["--for", "board", "--decide-by", "soon"], "--decide-by soon: type a date as in 2027-01-31"),
    ],
)
def test_wrong_options_are_named(folder, typed, said):
    done = report(folder, *typed)
    assert done.exit_code == 2
    assert said in done.output


def copied(folder, tmp_path):
    return load_results(folder).save(tmp_path / "copy").folder


def damage(place, kind):
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    if kind == "missing folder":
        return place.parent / "nothing"
    if kind == "half finished":
        manifest |= {"state": "running", "ranges_done": [[0, 30]]}
    elif kind == "older":
        manifest["format"] = 1
    elif kind == "no years":
        (place / "years.parquet").unlink()
    elif kind == "torn":
        (place / "paths.parquet").write_bytes(b"PAR1 torn")
    elif kind == "other columns":
        import pandas as pd

        table = pd.read_parquet(place / "paths.parquet").drop(columns="early_power_value_eur")
        table.to_parquet(place / "paths.parquet")
    else:
        text = (place / "study.resolved.toml").read_text(encoding="utf-8")
        (place / "study.resolved.toml").write_text(text.replace("[cluster]", "[cluster]\nwarp = 1"), encoding="utf-8")
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return written_anew(place) if kind.startswith("other") else place


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing folder", "no results here"),
        ("half finished", "resume it to finish it"),
        ("older", "no results here"),
        ("no years", "years.parquet: is missing there"),
        ("torn", "is no whole Parquet file"),
        ("other columns", "has no column early_power_value_eur: another version"),
        ("other study", "is not a study of this version"),
    ],
)
def test_results_that_make_no_page_are_refused_in_one_message(folder, tmp_path, kind, said):
    done = report(damage(copied(folder, tmp_path), kind), "--for", "board", "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_two_figures_of_edges():
    assert two_figures(0.0) == 0.0
    assert two_figures(99_499_999.0) == 99e6
    assert two_figures(-0.0994) == pytest.approx(-0.099)
    assert np.isinf(two_figures(np.inf))


def test_reports_go_with_the_results_they_were_made_of(tmp_path):
    place = tmp_path / "results"
    run_to_folder(small_study(), place, 20, 7, simulate_range=fake_simulate_range)
    assert report(place, "--for", "board").exit_code == 0
    assert (place / "reports" / "board.pdf").is_file()
    run_to_folder(small_study(), place, 20, 8, simulate_range=fake_simulate_range, overwrite=True)
    assert not (place / "reports").exists()

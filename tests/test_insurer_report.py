"""The insurer's pack: the numbers of ``losses`` and ``cover``, safe names, the same bytes, whole tables."""

import dataclasses
import hashlib
import html.parser
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from riskmodel.insurance.from_results import events_of
from riskmodel.insurance.ord_files import check_folder
from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from studies.reports import insurer_words as words
from studies.reports.blocks import typeset
from studies.reports.insurer_facts import WAITS_H, counts_of, frequency_of, insurer_facts
from studies.reports.insurer_page import insurer_page
from tests.fake_engine import fake_simulate_range, small_study, without_events
from tests.test_board import HARD_TITLES, damage, hard_study

PATHS = 60
SMALL_COVER = """
[cover]
name = "Small cover"
perils = ["sag", "interruption"]
waiting_period_h = 0
hours_clause_h = 72
[[layers]]
name = "first"
limit = 50
reinstatements = 2
reinstatement_charge = [1.0, 1.0]
[[layers]]
name = "rest"
attachment = 50
limit = 500
[[layers]]
name = "servers"
perils = ["equipment"]
limit = 500
participation = 0.9
[price]
capital_return_period_years = 20
one_in_years = [10, 20]
[table]
layer = "first"
attachments = [0, 10]
limits = [50, 100]
waiting_periods_h = [0, 1, 2]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("insurer") / "results"
    run_to_folder(small_study(), place, PATHS, 7, simulate_range=fake_simulate_range)
    return place


@pytest.fixture(scope="module")
def cover(tmp_path_factory):
    """Terms as small as the losses of the small study."""
    place = tmp_path_factory.mktemp("cover") / "small.toml"
    place.write_text(SMALL_COVER, encoding="utf-8")
    return str(place)


@pytest.fixture(scope="module")
def facts(folder, cover):
    return insurer_facts(load_results(folder), cover)


@pytest.fixture(scope="module")
def page(facts):
    return insurer_page(facts)


def typed(*words):
    from studies.cli import app

    return CliRunner().invoke(app, list(map(str, words)))


def tables(page):
    return {block["title"]: block for block in page["blocks"] if block["kind"] == "table"}


def cells(page, begin):
    """Rows of the table whose title begins so, by the group they stand in and their first cell."""
    block = next(block for title, block in tables(page).items() if title.startswith(begin))
    found, group = {}, ""
    for row in block["rows"]:
        if len(row) == 1:
            group = row[0]
        else:
            found[group, row[0]] = row[1:]
    return found


def printed(number, factor=1e-3):
    """An estimate of a command's JSON as the pages show it."""
    from distributions.estimate import Estimate

    value, error = (number[key] if number[key] is not None else float("inf") for key in ("value", "standard_error"))
    if number["value"] is None:
        return "-"
    return typeset(str(Estimate(value, error, 1).scaled(factor, "")))


# --- Numbers ----------------------------------------------------------------------------------------------------------


def test_losses_are_those_of_the_command(folder, page):
    record = json.loads(typed("losses", folder, "--json").output)["estimates"]
    moments, causes = cells(page, "Yearly loss"), cells(page, "Average annual loss by cause")
    points = cells(page, "Loss reached once")
    seen = 0
    for name, numbers in record.items():
        assert moments["", name][1:3] == [printed(numbers["aal"]), printed(numbers["sd"])]
        assert moments["", name][3] == printed(numbers["cov"], 1.0)
        parts = {key.removeprefix("aal:"): value for key, value in numbers.items() if re.fullmatch(r"aal:[a-z]+", key)}
        assert [cell for cell in causes["", name] if cell != "0"] == [printed(value) for value in parts.values()]
        for (group, years), shown in points.items():
            if group != name:
                continue
            for kind, cell in zip(("oep", "oep_tvar", "aep", "aep_tvar"), shown, strict=True):
                metric = f"{kind}_{years.replace(',', '')}_years"
                value, low, high = (numbers[metric + end]["value"] for end in ("", ":low_95", ":high_95"))
                ends = ", ".join("?" if end is None else f"{end * 1e-3:,.4g}" for end in (low, high))
                flag = "*" if numbers[f"{metric}:beyond_a_tenth_of_the_years"]["value"] else ""
                assert cell == typeset(f"{value * 1e-3:,.4g} [{ends}]{flag}"), metric
                seen += 1
    assert seen == 3 * 4 * 8  # 2, 5, 10, 20, 25, 50, 100 and 200 years of 240, three strategies, four curves


def test_prices_are_those_of_the_command(folder, cover, page):
    record = json.loads(typed("cover", folder, cover, "--json").output)
    prices, seen = cells(page, record["cover"]), 0
    for layer in [*record["layers"], "all layers"]:
        for name, numbers in record["estimates"].items():
            shown = prices[layer, name]
            found = {key.partition(":")[2]: value for key, value in numbers.items() if key.startswith(f"{layer}:")}
            loads = ("premium_standard_deviation", "premium_wang", "premium_cost_of_capital")
            money = [printed(found[metric]) for metric in ("expected_loss", "standard_deviation", *loads)]
            assert shown[:5] == money
            assert shown[5] == (printed(found["rate_on_line"], 100.0) if "rate_on_line" in found else "-")
            assert shown[6] == printed(found["expected_loss_ratio"], 100.0)
            assert shown[9] == printed(found["share_kept_by_the_insured"], 100.0)
            seen += shown[0] != "0"
    assert seen >= 6  # of 12, so that not all are 0
    credits = cells(page, "Against grid, all layers")
    for name, shown in credits.items():
        numbers = record["estimates"][name[1]]
        metrics = [f"all layers:{what}_against_grid" for what in ("premium_credit", "expected_loss_saved")]
        assert shown == [printed(numbers[metric]) for metric in (*metrics, "credit_needed_to_break_even")]
    assert len(credits) == 2


def test_premiums_by_wait_are_the_first_column_of_the_command(folder, cover, page, facts):
    record = json.loads(typed("cover", folder, cover, "--json").output)
    axes = record["terms"]["table"]
    first = [
        cell
        for cell in record["table"]
        if (cell["attachment"], cell["limit"]) == (axes["attachments"][0], axes["limits"][0])
    ]
    block = next(block for title, block in tables(page).items() if "by wait" in title)
    assert first[0]["premium"]["value"] > 0.0
    for k, name in enumerate(facts.results.strategy_names):
        own = [cell for cell in first if cell["strategy"] == name]
        assert block["rows"][2 * k] == [name, "premium", *(printed(cell["premium"]) for cell in own)]
        assert block["rows"][2 * k + 1][2:] == [printed(cell["share_kept_by_the_insured"], 100.0) for cell in own]


def test_waiting_periods_by_hand(folder):
    """Two stops of a year: 2 h and 10 h down, each with a loss of 100: after 4 h, 1 of 2 and 100 x 6 / 10 of 200."""
    events = events_of(load_results(folder), "grid")
    place = [0, 1]
    two = events.rows(np.isin(np.arange(events.loss.size), place))
    sag, interruption = events.causes.index("sag"), events.causes.index("sustained")
    two = dataclasses.replace(
        two,
        period=np.array([0, 5]),
        cause=np.array([sag, interruption]),
        loss=np.array([100.0, 100.0]),
        down_h=np.array([2.0, 10.0]),
    )
    found = frequency_of([counts_of(two)])
    years = two.periods.n
    assert found.stops.value == pytest.approx(2.0 / years)
    assert found.by_class["sag"].value == found.by_class["interruption"].value == pytest.approx(1.0 / years)
    assert [found.longer[wait].value for wait in WAITS_H] == [1.0, 1.0, 0.5, 0.5, 0.0, 0.0, 0.0]
    assert [found.beyond[wait].value for wait in WAITS_H] == pytest.approx([1.0, 0.7, 0.3, 0.1, 0.0, 0.0, 0.0])


# --- What may be said -------------------------------------------------------------------------------------------------


def with_losses(facts, name, **fields):
    losses = [
        report._replace(annual=report.annual._replace(**fields)) if report.losses_name == name else report
        for report in facts.losses
    ]
    return dataclasses.replace(facts, losses=losses)


def test_a_difference_within_its_error_is_not_said_to_be_one(facts):
    aal = facts.losses[0].annual.aal
    even = dataclasses.replace(aal, value=aal.value * 0.99)
    least = min(facts.losses[1:], key=lambda report: report.annual.aal.value).losses_name
    assert "no difference beyond the errors" not in words.title(facts)
    same = facts
    for report in facts.losses[1:]:
        same = with_losses(same, report.losses_name, aal=even)
    assert "no difference beyond the errors" in words.title(same)
    assert facts.results.titles[least] in words.title(facts)


def test_too_few_years_are_not_read_from_a_curve(facts):
    few = [report._replace(points=[point._replace(flagged=True) for point in report.points]) for report in facts.losses]
    assert words.curves_reading(dataclasses.replace(facts, losses=few)).startswith("Too few years")
    assert words.curves_reading(facts).startswith("Once in")


def test_a_credit_within_its_error_is_not_said_to_be_one(facts):
    found = facts.found
    assert "takes" in words.credit_reading(facts, found) or "adds" in words.credit_reading(facts, found)
    wide = {
        name: {layer: (dataclasses.replace(pair[0], standard_error=1e9), pair[1]) for layer, pair in layers.items()}
        for name, layers in found.credits.items()
    }
    assert "no more than its error" in words.credit_reading(facts, dataclasses.replace(found, credits=wide))


# --- Files ------------------------------------------------------------------------------------------------------------


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_hard_names_are_text_on_tagged_pages(tmp_path, paper):
    place = tmp_path / "results"
    run_to_folder(hard_study(), place, 12, 7, simulate_range=fake_simulate_range)
    done = typed("report", place, "--for", "insurer", "--paper", paper, "--no-ord", "--json")
    assert done.exit_code == 0, done.output
    assert [name.rpartition("/")[2] for name in json.loads(done.stdout)["files"]] == ["insurer.pdf", "insurer.html"]
    page = Reader()
    page.feed((place / "reports" / "insurer.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    assert len(page.links) == 3
    text = " ".join(page.text)
    for title in HARD_TITLES.values():
        assert title in text
    pdf = (place / "reports" / "insurer.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"/Marked true" in pdf
    assert b"pdfuaid" in pdf
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 4
    assert not (place / "reports" / "ord").exists()


def test_same_results_same_bytes_and_whole_tables(folder, tmp_path):
    digests = []
    for name in ("a", "b"):
        done = typed("report", folder, "--for", "insurer", "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        files = sorted(file for file in (tmp_path / name).rglob("*") if file.is_file())
        digests.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    assert digests[0] == digests[1]
    assert {"insurer.pdf", "insurer.html", "gul_S1_splt.csv", "gul_S2_ept.parquet", "metadata.json"} <= set(digests[0])
    assert check_folder(tmp_path / "a" / "ord") == []
    assert typed("losses", folder, "--ord", tmp_path / "c", "--json").exit_code == 0
    for file in (tmp_path / "c").iterdir():
        assert digests[0][file.name] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_cover_of_ones_own(folder, tmp_path):
    cover = tmp_path / "mine.toml"
    cover.write_text(
        '[cover]\nname = "Mine <b>"\ncurrency = "EUR"\n[[layers]]\nname = "only"\nlimit = 1000\n[price]\n', "utf-8"
    )
    done = typed("report", folder, "--for", "insurer", "--cover", cover, "--no-ord", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "out" / "insurer.html").read_text(encoding="utf-8")
    assert "Mine &lt;b&gt;" in text
    assert "riskmodel cover RESULTS mine.toml" in text
    assert "premiums by waiting period are not shown" in text
    assert str(tmp_path) not in text


def test_an_index_cover_says_what_kept_below_0_means(folder, tmp_path):
    done = typed("report", folder, "--for", "insurer", "--cover", "index", "--no-ord", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert "kept below 0 means" in (tmp_path / "insurer.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ('[cover]\nname = "x"\ncurrency = "USD"\n[[layers]]\nname = "only"\nlimit = 1000\n', "the run counts in EUR"),
        ('[cover]\nname = "x"\n[[layers]]\nname = "only"\nperils = ["flood"]\nlimit = 1000\n', "flood"),
        ('[cover]\nname = "x"\n[[layers]]\nname = "only"\nlimit = -1\n', "limit"),
    ],
)
def test_a_cover_that_does_not_fit_is_refused(folder, tmp_path, terms, said):
    cover = tmp_path / "mine.toml"
    cover.write_text(terms, "utf-8")
    done = typed("report", folder, "--for", "insurer", "--cover", cover, "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert not (tmp_path / "out").exists()


def test_the_default_cover_is_left_out_in_another_currency(facts):
    other = dataclasses.replace(facts, found=None, no_cover="the cover 'x' is in EUR, and this run counts in CNY")
    said = [block["text"] for block in insurer_page(other)["blocks"] if "text" in block]
    assert any("No cover is priced here" in text and "--cover FILE" in text for text in said)


def test_a_run_without_events_makes_a_pack(tmp_path):
    def quiet(study, seed, first, n, **how):
        return without_events(fake_simulate_range(study, seed, first, n, **how))

    run_to_folder(small_study(), tmp_path / "run", 12, 7, simulate_range=quiet)
    done = typed("report", tmp_path / "run", "--for", "insurer", "--no-ord")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing folder", "no results here"),
        ("half finished", "resume it to finish it"),
        ("older", "no results here"),
        ("no years", "years.parquet: is missing there"),
        ("no events", "events.parquet: is missing there"),
        ("torn events", "is no whole Parquet file"),
        ("other study", "is not a study of this version"),
    ],
)
def test_results_that_make_no_pack_are_refused_in_one_message(folder, tmp_path, kind, said):
    place = load_results(folder).save(tmp_path / "copy").folder
    if kind == "no events":
        (place / "events.parquet").unlink()
    elif kind == "torn events":
        (place / "events.parquet").write_bytes(b"PAR1 torn")
    else:
        place = damage(place, kind)
    done = typed("report", place, "--for", "insurer", "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_two_processes_say_the_same(folder, cover, facts, monkeypatch):
    monkeypatch.setattr("studies.reports.insurer_facts.MANY_ROWS", 0)
    both = insurer_facts(load_results(folder), cover)
    assert insurer_page(both) == insurer_page(facts)

"""The analyst's report: the numbers of summary.csv, the lifetime of the run, names as text, the same bytes."""

import hashlib
import html.parser
import re

import numpy as np
import pytest

from distributions.clock import HOURS_PER_WEEK, HOURS_PER_YEAR
from distributions.estimate import format_with_error
from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from riskmodel.study import parse_study
from studies.cli_finance import MEASURES
from studies.reports.analyst.answer import POWER
from studies.reports.analyst.blocks import cell
from studies.reports.analyst.events import OneLifetime
from studies.reports.analyst.writing import analyst_html
from studies.reports.blocks import typeset
from tests.fake_engine import STUDY, fake_simulate_range, fake_trace_week, small_study, without_events
from tests.test_board import HARD_TITLES, LONG, damage, hard_study, report
from tests.test_workbook import stressed

PATHS = 210
SECTIONS = [
    "answer", "reading", "results", "distributions", "payback", "waterfall", "sensitivity", "stress", "exceedance",
    "week", "event", "calibration", "inputs", "limits", "again",
]  # fmt: skip
OUTSIDE = re.compile(r"""(?:src|href|srcset|action|data)=["'](?!#|data:)|@import|url\((?!data:|#)""")


def simulated(tmp_path_factory, name, study, paths=PATHS):
    place = tmp_path_factory.mktemp(name) / "results"
    run_to_folder(study, place, paths, 7, simulate_range=fake_simulate_range)
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulated(tmp_path_factory, "analyst", small_study())


def trace_of(results):
    """A traced lifetime that has the interruptions of the run's events."""
    events = results.events
    events = events[events["strategy"] == results.baseline]

    def trace(study, seed, path, first_hour, hours=HOURS_PER_WEEK):
        found = fake_trace_week(study, seed, path, first_hour, hours)
        for row in events[events["path"] == path].itertuples():
            start = (row.year - 1) * HOURS_PER_YEAR + row.hour
            begin = first_hour + np.arange(hours)
            end = start + row.duration_s / 3600.0
            gone = np.clip(np.minimum(begin + 1, end) - np.maximum(begin, start), 0.0, 1.0)
            for hourly in found["strategies"].values():
                hourly["grid_share"] = hourly["grid_share"] - gone
        return found

    return trace


def page_of(folder, stress=None):
    results = load_results(folder)
    return analyst_html(results, stress, trace_of(results))


@pytest.fixture(scope="module")
def page(folder):
    return page_of(folder)


class Reader(html.parser.HTMLParser):
    """Tags, ids, text and cells of a page; cells by the first of their row."""

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.text, self.rows = [], [], [], []
        self._inside = False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data):
        self.text.append(data)
        if self._inside:
            self.rows[-1][-1] += data


def read(text):
    reader = Reader()
    reader.feed(text)
    return reader


def test_sections_are_in_their_order_and_in_the_contents(page):
    found = read(page)
    assert [name for name in found.ids if name in SECTIONS] == SECTIONS
    assert re.findall(r'<a href="#(\w+)">', page) == SECTIONS
    assert len(found.ids) == len(set(found.ids))


def test_numbers_are_those_of_the_summary(folder, page):
    results = load_results(folder)
    rows = {row[0]: row[1:] for row in read(page).rows}
    seen = 0
    for words, metric, factor in (*MEASURES, *POWER):
        label = words.format(currency="EUR").replace("% of paths", "% of lifetimes").strip()
        label = ("\u2003" if words.startswith("  ") else "") + label[0].upper() + label[1:]
        estimates = [results.estimate(name, metric) for name in results.strategy_names]
        if any(estimate is not None for estimate in estimates) and label in rows:
            assert rows[label] == [typeset(cell(estimate, factor)) for estimate in estimates], metric
            seen += 1
    assert seen >= 20


def test_no_script_and_nothing_from_outside(page):
    found = read(page)
    assert "script" not in found.tags
    assert not OUTSIDE.search(page)
    assert len(page.encode()) < 5e6
    assert OUTSIDE.search('<img src="https://a.b/c.png">')  # the pattern sees one


def test_figures_have_a_title_a_reading_and_their_numbers(page):
    figures = re.findall(r"<figure>.*?</figure>", page, flags=re.DOTALL)
    assert len(figures) == 9  # NPV, chances, payback, cash, waterfall, tornado, exceedance, week, event
    for figure in figures:
        assert re.search(r"<title id=[^>]+>[^<]+</title><desc id=[^>]+>[^<]+</desc>", figure)
        assert re.search(r'<p class="reading">[^<]*\d', figure)
        assert "<details>" in figure


def test_hard_names_are_text(tmp_path_factory):
    folder = simulated(tmp_path_factory, "hard", hard_study(), 60)
    text = page_of(folder)
    found = read(text)
    assert "script" not in found.tags
    assert not OUTSIDE.search(text)
    words = "".join(found.text)
    for title in (*HARD_TITLES.values(), LONG):
        assert title in words
    assert "font/woff" in text  # Chinese letters come with the page
    assert "<!--" not in text  # pictures carry names in comments, which are taken out


def test_same_results_same_bytes(folder, page, tmp_path):
    copy = load_results(folder).save(tmp_path / "elsewhere").folder
    digests = {hashlib.sha256(text.encode()).hexdigest() for text in (page, page_of(folder), page_of(copy))}
    assert len(digests) == 1


def test_the_lifetime_shown_is_that_of_the_run(folder):
    """The traced hours lose the grid when the run's events say so; hours that do not are not shown."""
    results = load_results(folder)
    life = OneLifetime(results, trace_of(results))
    assert life.is_same
    assert life.moment is not None
    other = OneLifetime(results, fake_trace_week)
    assert not other.is_same
    text = analyst_html(results, None, fake_trace_week)
    assert "comes out differently with this version" in text
    assert "One week of one lifetime" not in text


def test_explained_event_is_a_row_of_the_run(folder, page):
    results = load_results(folder)
    life = OneLifetime(results, trace_of(results))
    events = results.events
    row = events[(events["path"] == life.path) & (events["event"] == life.event_number())].iloc[0]
    assert life.moment is not None
    assert life.moment.hour == pytest.approx((row["year"] - 1) * HOURS_PER_YEAR + row["hour"])
    assert f"Lifetime {life.path}, event {life.event_number()}: year {row['year']}, " in page


def test_stress_is_taken_in_or_told_how_to_make(folder, page, tmp_path):
    assert "riskmodel stress RESULTS/study.resolved.toml --out FOLDER" in page
    record = stressed(folder, tmp_path / "stress")
    text = page_of(folder, tmp_path / "stress")
    rows = [row for row in read(text).rows if row[0] == record["cases"][0]["title"]]
    assert len(rows) == 3  # change, value, best
    change = record["cases"][0]["strategies"]["string"]["delta_npv_eur"]["change"]
    assert rows[0][1] == typeset(format_with_error(change["value"] / 1e6, change["standard_error"] / 1e6))


@pytest.mark.parametrize(
    "kind", ["missing folder", "half finished", "older", "no years", "torn", "other columns", "other study"]
)
def test_results_that_make_no_page_are_refused_in_one_message(folder, tmp_path, kind):
    place = load_results(folder).save(tmp_path / "copy").folder
    done = report(damage(place, kind), "--for", "analyst", "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_study_in_other_money_says_so(tmp_path_factory):
    text = (
        STUDY.format(years=4)
        .replace("_eur", "_cny")
        .replace("[cluster]", '[study.exchange_rates]\nEUR = 7.8\nsource = "a test"\n[cluster]')
        .replace("price_year", 'currency = "CNY"\nprice_year', 1)
    )
    folder = simulated(tmp_path_factory, "money", parse_study(text))
    words = " ".join(read(page_of(folder)).text)
    assert "million CNY" in words
    rest = [found for found in re.findall(r".{30}(?:\bEUR\b|_eur).{20}", words) if "exchange" not in found]
    assert [found for found in rest if "EUR = 7.8" not in found and "EUR/MWh" not in found] == []


def test_a_study_of_one_strategy_and_no_events(tmp_path_factory):
    text = STUDY.format(years=2)
    study = parse_study(text[: text.index("[strategies.string]")])

    def quiet(*given, **how):
        return without_events(fake_simulate_range(*given, **how))

    place = tmp_path_factory.mktemp("alone") / "results"
    run_to_folder(study, place, 40, 7, simulate_range=quiet)
    results = load_results(place)
    words = " ".join(read(analyst_html(results, None, fake_trace_week)).text)
    assert "is the only option of this study" in words
    assert "There is no strategy beside the baseline" in words
    assert "met no event that reached a strategy" in words
    assert "Not told: " in words  # no sensitivity


def test_the_command_writes_one_file(folder, tmp_path, monkeypatch):
    import riskmodel.engine

    monkeypatch.setattr(riskmodel.engine, "trace_week", trace_of(load_results(folder)))
    done = report(folder, "--for", "analyst", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]

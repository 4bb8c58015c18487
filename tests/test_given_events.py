"""Events given instead of drawn: how a file is read, what it replaces and what not, and bad files."""

import functools
import gzip
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import studies
from distributions.outages import SAG
from riskmodel.engine import simulate_range, trace_week
from riskmodel.engine.state import EVENTS_A_LANE_YEAR
from riskmodel.given_events import MOST_EVENTS_A_YEAR, given_tables, read_given_events
from riskmodel.quantities import Quantity
from riskmodel.results import load_results
from riskmodel.run import RunError, run_to_folder
from riskmodel.study import StudyError, load_study, parse_study
from studies.cli import app
from tests.fake_engine import STUDY, fake_simulate_range
from tests.test_twin import SEED, assert_same_path

YEARS = 2
HISTORY = """start,duration_min,family,residual_voltage,note
2017-03-29 06:00,40,,,cable
2018-01-02 10:00,0.5,,,reclosed
2017-04-06T19:49:00+02:00,131,,,third
2017-04-10 09:00:01,0.005,,0.5,sag
2017-12-31 23:30,120,,,over the end of the year
"""


def written(folder, text, name="events.csv"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def study_of(file, name="nordic_inference", years=YEARS, *more):
    return studies.load(name, [f"study.years={years}", f"site.given_events={json.dumps(str(file))}", *more])


@pytest.mark.tiny
def test_times_durations_and_families(tmp_path):
    given = read_given_events(written(tmp_path, HISTORY), YEARS, 1.0)
    # 29 March is day 87 (31 + 28 + 28): 87 x 24 + 6 = 2094; 19:49 at UTC+2 is 18:49 at UTC+1 on day 95: 2298.8167
    rows = [
        (1, 2094.0, 40 / 60, "sustained", 0.0),
        (1, 95 * 24 + 18 + 49 / 60, 131 / 60, "sustained", 0.0),
        (1, 99 * 24 + 9 + 1 / 3600, 0.005 / 60, "sag", 0.5),
        (1, 8759.5, 2.0, "sustained", 0.0),
        (2, 34.0, 0.5 / 60, "momentary", 0.0),
    ]
    assert [event.family for event in given.events] == [row[3] for row in rows]
    for event, row in zip(given.events, rows, strict=True):
        assert tuple(event)[:3] == pytest.approx(row[:3], rel=1e-12)
        assert event.residual_voltage == row[4]
    tables = given_tables(given, YEARS)
    assert tables.first.tolist() == [[0, 4, 5]]
    assert tables.event[0, :, 4].tolist() == [0, 1, 0, 2, 1024]


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("1,5,180,,", "momentary"), ("1,5,181,,", "sustained"), ("1,5,86400,,", "sustained"),
        ("1,5,86401,,", "extreme"), ("1,5,0.2,,0.7", "sag"), ("1,5,0.2,sag,0", "sag"), ("1,5,0.2,,0", "momentary"),
        ("1,5,7200,curtailment,", "curtailment"), ("1,5,7200,extreme,0", "extreme"),
    ],
)  # fmt: skip
def test_the_family_is_as_typed_or_from_the_duration(tmp_path, text, family):
    file = written(tmp_path, f"year,hour,duration_s,family,residual_voltage\n{text}\n")
    assert [event.family for event in read_given_events(file, 1, 0.0).events] == [family]


@pytest.mark.tiny
def test_an_end_a_column_year_and_compression(tmp_path):
    rows = "year;start;end\n3;2019-10-09T08:00Z;2019-10-11T20:30Z\n1;2019-10-26 17:00;2019-10-26 18:00\n"
    file = tmp_path / "events.csv.gz"
    file.write_bytes(gzip.compress(rows.encode()))
    first, second = read_given_events(file, 3, -8.0).events
    assert (first.year, second.year) == (1, 3)
    assert second.hour == 281 * 24  # 08:00 UTC is midnight of 9 October at UTC-8
    assert second.duration_h == 60.5


BAD = {
    "unknown family": ("start,duration_h,family\n2017-01-01,1,sagg\n", "row 2, family = 'sagg': .* did you mean sag"),
    "negative": ("year,hour,duration_h\n1,5,-1\n1,9,0\n", "duration_h = '-1': type a duration above 0 .* row 3"),
    "too long": ("year,hour,duration_min\n1,5,1e6\n", "duration_min = '1e6': .* at most 525,600"),
    "year": ("year,hour,duration_h\n3,5,1\n1.5,3,1\n", "year = '3': type a whole year of the run, 1 to 2"),
    "hour": ("year,hour,duration_h\n1,8760,1\n", "hour = '8760': type an hour of the year, 0 to below 8,760"),
    "late": ("start,duration_h\n2017-01-01,1\n2030-01-01,1\n", "row 3, start = .* is in year 14 of the run, .* 2"),
    "overlap": ("start,duration_h\n2017-01-01,5\n2017-01-01 04:00,1\n", "before the event of row 2 has ended"),
    "over the year": ("year,hour,duration_h\n2,1,1\n1,8759,3\n", "row 2, hour = '1': begins before .* of row 3"),
    "NaN": ("year,hour,duration_h\n1,nan,nan\n", "hour = 'nan': type an hour"),
    "voltage": ("start,duration_s,residual_voltage\n2017-01-01,1,70\n", "residual_voltage = '70': .* share of nominal"),
    "no voltage": ("start,duration_s,family\n2017-01-01,1,sag\n", "a sag needs the voltage that remains"),
    "two durations": ("start,duration_h,duration_s\n2017-01-01,1,1\n", "has duration_h and duration_s; type one"),
    "no duration": ("start\n2017-01-01\n", "has no duration; type one of"),
    "no time": ("duration_h\n1\n", "must have start, or year and hour. Found: duration_h"),
    "two times": ("year,start,hour,duration_h\n1,2017-01-01,3,1\n", "column hour: not beside start"),
    "an end alone": ("year,hour,end\n1,3,2017-01-01\n", "column end: goes with start"),
    "an early end": ("start,end\n2017-01-02,2017-01-01\n", "must be after start 2017-01-02 00:00:00"),
    "leap day": ("start,duration_h\n2016-02-29 03:00,1\n", "no 29 February; type 28 February or 1 March"),
    "formula": ("start,duration_h\n=1+1,=A1\n", "start = '=1[+]1': type a time such as"),
    "column": ("start,duration_h,familly\n2017-01-01,1,sag\n", "column familly: .* did you mean family"),
    "empty": ("", "is empty"),
    "no rows": ("start,duration_h\n", "no rows"),
    "many": ("year,hour,duration_s\n" + "".join(f"1,{k},1\n" for k in range(641)), "year 1 has 641 events"),
    "a million": ("year,hour,duration_s\n" + "1,1,1\n" * 10**6, "has 1,000,000 rows; a run of 2 years takes"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_end_in_one_message(tmp_path, name):
    text, message = BAD[name]
    with pytest.raises(StudyError, match=message) as caught:
        study_of(written(tmp_path, text))
    assert len(caught.value.problems) <= 5
    assert all("events.csv" in str(problem) for problem in caught.value.problems)


@pytest.mark.tiny
def test_an_absent_file_and_the_most_events_of_the_engine():
    with pytest.raises(StudyError, match=r"site.given_events = '/none.csv': no such file"):
        studies.load("nordic_inference", ['site.given_events="/none.csv"'])
    assert MOST_EVENTS_A_YEAR == EVENTS_A_LANE_YEAR


@functools.lru_cache(maxsize=1)
def history_run(folder):
    """Three paths of the history above."""
    study = study_of(written(folder, HISTORY))
    return study, simulate_range(study, SEED, 0, 3)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    return history_run(tmp_path_factory.mktemp("history"))


@pytest.mark.tiny
def test_given_events_happen_in_every_path_and_no_others(history):
    study, result = history
    given = study.given_events().events
    strategies = len(result.strategy_names)
    e = {name: values.reshape(3, len(given), strategies) for name, values in result.events.items()}
    for k, event in enumerate(given):
        assert np.all(e["year"][:, k] == event.year)
        assert np.all(e["hour"][:, k] == event.hour)
        assert e["duration_s"][0, k, 0] == pytest.approx(event.duration_h * 3600, rel=1e-12)
    # what an event does is still drawn: restart times differ between paths
    assert len(set(e["gpu_hours_restart"][:, 1, 0].tolist())) == 3
    # the bare cluster waits as long as there is no voltage (for the same share of its GPUs: not yet connected)
    waiting = e["gpu_hours_waiting"][0, :, 0]
    hours = np.array([event.duration_h if event.family != "sag" else 0.0 for event in given])
    np.testing.assert_allclose(waiting / waiting[0], hours / hours[0], rtol=1e-6)


@pytest.mark.tiny
def test_all_else_stays_drawn(history):
    study, _ = history
    free = studies.load("nordic_inference", [f"study.years={YEARS}"])
    ours, theirs = (trace_week(s, SEED, 1, 0, 8760) for s in (study, free))
    for name in ("price_eur_per_mwh", "pv_kw_per_kwp"):
        assert ours[name].tobytes() == theirs[name].tobytes()


def test_threads_lanes_and_ranges_do_not_matter(history):
    study, whole = history
    for first, n, lanes, threads in ((0, 3, 1, 2), (2, 1, 64, 1), (1, 2, 2, 1)):
        part = simulate_range(study, SEED, first, n, threads=threads, lanes=lanes)
        assert part.annual.tobytes() == whole.annual[first : first + n].tobytes()
        rows = (whole.events["path"] >= first) & (whole.events["path"] < first + n)
        for name, values in part.events.items():
            assert values.tobytes() == whole.events[name][rows].tobytes(), name


def test_the_twin_meets_the_same_events(history):
    study, result = history
    twin = assert_same_path(study, 1, result)
    assert len(twin.events) == 5


def test_a_list_for_each_path(history):
    """Two paths with the lists of the other way round have each other's events, and their own prices."""
    study, whole = history
    shared = given_tables(study.given_events(), YEARS)
    own = shared._replace(event=np.repeat(shared.event, 2, axis=0), first=np.repeat(shared.first, 2, axis=0))
    same = simulate_range(study, SEED, 0, 2, given=own)
    assert same.annual.tobytes() == whole.annual[:2].tobytes()
    own.first[1] = 0  # none for the second path
    fewer = simulate_range(study, SEED, 0, 2, given=own, lanes=1)
    assert set(fewer.events["path"].tolist()) == {0}
    assert fewer.annual[0].tobytes() == whole.annual[0].tobytes()
    assert np.all(fewer.annual[1, ..., Quantity.INTERRUPTIONS] == 0.0)


@pytest.mark.tiny
def test_a_sag_above_the_tolerance_curve_is_not_noticed(tmp_path):
    rows = "year,hour,duration_s,residual_voltage\n1,10,0.4,0.71\n1,20,0.4,0.69\n1,30,0.4,0.0\n"
    rows = rows.replace("0.4,0.0", "0.4,0.01")
    result = simulate_range(study_of(written(tmp_path, rows), years=1), SEED, 0, 1)
    assert result.events["hour"][::2].tolist() == [20.0, 30.0]
    assert set(result.events["cause"].tolist()) == {SAG}


def small(folder, text, name="events.csv"):
    file = written(folder, text, name)
    return parse_study(STUDY.format(years=4), overrides=[f"site.given_events={json.dumps(str(file))}"])


def test_the_folder_holds_the_events_and_another_file_is_refused(tmp_path):
    study = small(tmp_path, HISTORY)
    place = tmp_path / "out"
    results = run_to_folder(study, place, 6, 3, simulate_range=fake_simulate_range)
    noted = results.manifest["sources"]["given_events"]
    assert noted["name"] == "events.csv"
    assert noted["events"][0] == {
        "year": 1, "hour": 2094.0, "duration_h": 40 * (1 / 60), "family": "sustained", "residual_voltage": 0.0,
    }  # fmt: skip
    assert "given_events.csv" in results.manifest["files"]
    assert any(
        "the events of events.csv (1 sag, 1 momentary, 3 sustained) happen" in text
        for text in results.manifest["warnings"]
    )
    # the resolved study names the copy: the folder can be read anywhere, and is the same study
    moved = results.save(tmp_path / "elsewhere")
    (tmp_path / "events.csv").unlink()
    assert load_study(moved.folder / "study.resolved.toml").input_hash() == study.input_hash()
    assert load_results(moved.folder).study.given_events().events == study.given_events().events
    other = small(tmp_path, HISTORY.replace("40,", "41,"), "other.csv")
    with pytest.raises(RunError, match="cannot resume: the study .*; other.csv does not hold the events of that"):
        run_to_folder(other, place, 6, 3, resume=True, simulate_range=fake_simulate_range)
    same = small(tmp_path, HISTORY, "same.csv")  # the content counts, not the name
    assert run_to_folder(same, place, 6, 3, resume=True, simulate_range=fake_simulate_range).n_paths == 6


def test_the_option_of_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("riskmodel.range_work._engine", lambda: fake_simulate_range)
    monkeypatch.setattr("studies.figures.draw_all", lambda results, folder: None)
    (tmp_path / "small.toml").write_text(STUDY.format(years=4), encoding="utf-8")
    written(tmp_path, HISTORY)
    words = ["run", "small.toml", "--paths", "5", "--seed", "7", "--events", "events.csv"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "events of events.csv (1 sag, 1 momentary, 3 sustained) happen in every path; none are" in done.stderr
    resolved = (tmp_path / "out/small/study.resolved.toml").read_text(encoding="utf-8")
    assert 'given_events = "given_events.csv"  # --set' in resolved
    written(tmp_path, BAD["negative"][0])
    bad = CliRunner().invoke(app, [*words, "--overwrite"])
    assert bad.exit_code == 2
    assert "events.csv: row 2, duration_h = '-1': type a duration above 0" in bad.stderr
    none = CliRunner().invoke(app, [*words[:-1], "none.csv"])
    assert none.exit_code == 2
    assert "no such file" in none.stderr

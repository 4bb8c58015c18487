"""The story of an event: time lines from rows written by hand, and the very events of a run."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import studies
from riskmodel.event_story import Span, story_of, time_text
from riskmodel.run import run_to_folder
from studies.cli import app
from studies.cli_explain import markdown, story_lines
from studies.explain_study import Case, date_text, events_of_path, explain, list_of_events

SEED, PATH = 7, 3
STUDY = studies.load("ten_thousand_gpus", ["study.years=2"])
COST = ("rework", "waiting", "restart", "capped", "hardware", "fuel")


def row(**given):
    """A row of events.parquet: an outage of 1 h at hour 1000 that nothing carries and nothing stops."""
    zero = [f"gpu_hours_{cause}" for cause in COST[:5]] + [f"eur_{cause}" for cause in COST]
    zero += ["ups_h", "cabinets_h", "gensets_h", "hours_capped", "stored_used_kwh", "genset_kwh", "damaged_servers"]
    base = dict.fromkeys(zero, 0.0) | {
        "event": 4, "year": 2, "hour": 1000.0, "cause": "sustained", "duration_s": 3600.0, "residual_voltage": 0.0,
        "outcome": "rode_through", "noticed": True, "down_from_hour": 1001.0, "down_until_hour": 1001.0,
        "grid_back_hour": 1001.0, "stored_before_kwh": 20000.0, "gpus": 10000.0, "eur_lost": 0.0,
    }  # fmt: skip
    return base | given


@pytest.mark.tiny
def test_cabinets_then_an_orderly_stop():
    # 45 min carried at a rate of 75 %, then down for 15 min without grid and 42 min of restart
    story = story_of(
        STUDY, "string_storage",
        row(outcome="orderly_stop", cabinets_h=0.75, hours_capped=0.75, gpu_hours_capped=0.25 * 0.75 * 10000,
            gpu_hours_waiting=2500.0, gpu_hours_restart=7000.0, stored_used_kwh=15000.0, down_from_hour=1000.75,
            down_until_hour=1001.7, eur_capped=1875.0, eur_waiting=2500.0, eur_restart=7000.0, eur_lost=11375.0),
        40000.0,
    )  # fmt: skip
    assert story.carriers == [Span(0.0, 0.75, "cabinets"), Span(0.75, 1.0, "nothing")]
    assert [span.what for span in story.work] == [pytest.approx(0.75), 0.0]
    assert story.end_h == pytest.approx(1.7)
    assert sum(story.eur.values()) == 11375.0
    text = "\n".join(story_lines(story))
    assert "at once             The voltage is gone." in text
    assert "at once             Cabinets carry the load within 10 ms" in text
    assert "They hold 20 MWh, 50 % of full; 15 MWh are used." in text
    assert "work goes on at 75 % for 45 min" in text
    assert "after 45 min        The energy left is just enough to stop in order: a checkpoint is written" in text
    assert "after 1 h           The grid is back." in text
    assert "after 1 h 42 min    10,000 GPUs work again." in text
    assert "GPU-hours lost      11,375: waiting for power 2,500; restart 7,000; at a lower rate 1,875" in text


@pytest.mark.tiny
def test_ups_and_gensets_that_fail_before_the_end():
    start = 15 / 3600
    story = story_of(
        STUDY, "ups_gensets",
        row(duration_s=36000.0, outcome="orderly_stop", ups_h=0.08, gensets_h=6.0, down_from_hour=1006.08,
            down_until_hour=1010.7, grid_back_hour=1010.0, genset_kwh=96000.0, eur_fuel=100.0, stored_before_kwh=0.0),
        np.nan,
    )  # fmt: skip
    assert [span.what for span in story.carriers] == ["ups", "gensets", "ups", "nothing"]
    assert story.carriers[0].end_h == pytest.approx(start)
    assert story.carriers[1].end_h == pytest.approx(start + 6.0)
    assert story.carriers[2].end_h == pytest.approx(6.08)
    assert story.carriers[3].end_h == 10.0
    assert "after 15 s          Gensets carry the load, for 6 h: 96 MWh" in "\n".join(story_lines(story))


@pytest.mark.tiny
def test_an_abrupt_stop_and_a_sag():
    story = story_of(
        STUDY, "grid_expansion",
        row(outcome="abrupt_stop", cause="sag", duration_s=0.2, residual_voltage=0.6, gpu_hours_rework=2000.0,
            gpu_hours_restart=21000.0, down_from_hour=1000.0, down_until_hour=1002.1, damaged_servers=12.5,
            grid_back_hour=1000.0, hours_down=2.1), np.nan,
    )  # fmt: skip
    assert story.carriers == []
    assert [span.what for span in story.work] == [0.0]
    text = "\n".join(story_lines(story))
    assert "at once             The voltage falls to 60 % of nominal for 0.2 s" in text
    assert "after 20 ms         Nothing has taken over within the 20 ms" in text
    assert "10,000 GPUs stop abruptly, 12 min after the last checkpoint; 12.5 servers do not come back." in text
    assert "after 2 h 06 min    10,000 GPUs work again." in text
    part = story_of(
        STUDY, "grid_expansion",
        row(outcome="abrupt_stop", cause="sag", duration_s=0.2, residual_voltage=0.6, down_from_hour=1000.0,
            down_until_hour=1002.0, grid_back_hour=1000.0, hours_down=0.5), np.nan,
    )  # fmt: skip
    assert part.work == [Span(0.0, 2.0, 0.75)]
    assert any("2,500 GPUs stop abruptly" in text for _, text in part.steps)
    early = story_of(STUDY, "grid_expansion", row(gpus=2097.0), np.nan)
    assert (0.0, "Only 2,097 of 10,000 GPUs have power so far.") in early.steps
    quiet = story_of(STUDY, "string_storage", row(cause="sag", duration_s=0.2, grid_back_hour=1000.0), np.nan)
    assert any("hold the voltage in time" in text for _, text in quiet.steps)
    free = story_of(STUDY, "grid_expansion", row(cause="curtailment", outcome="unaffected", noticed=False), np.nan)
    assert [text for _, text in free.steps] == ["The grid operator does not call on this connection: nothing changes."]


@pytest.mark.tiny
def test_cabinets_beside_too_few_gensets():
    story = story_of(
        STUDY, "hybrid", row(duration_s=36000.0, cabinets_h=15 / 3600 + 2.5, gensets_h=10.0 - 15 / 3600), np.nan
    )
    assert [span.what for span in story.carriers] == ["cabinets", "gensets"]
    text = "\n".join(story_lines(story))
    assert (
        "after 15 s          Too few gensets run: beside them the cabinets carry what is missing, for 2 h 30 min"
        in text
    )


@pytest.mark.tiny
def test_gensets_after_an_abrupt_stop_end_the_waiting():
    story = story_of(
        STUDY, "ups_gensets",
        row(outcome="abrupt_stop", gensets_h=1.0 - 15 / 3600, down_from_hour=1000.0, down_until_hour=1002.0), np.nan,
    )  # fmt: skip
    assert [span.what for span in story.carriers] == ["nothing", "gensets"]
    assert story.carriers[-1].end_h == 1.0


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0.0, "0 s"), (0.01 / 3600, "10 ms"), (0.12 / 3600, "0.12 s"), (15 / 3600, "15 s"), (80 / 3600, "1 min 20 s"),
        (0.5, "30 min"), (1.7, "1 h 42 min"), (3.0, "3 h"), (51.0, "2 days 3 h"),
    ],
)  # fmt: skip
def test_spans_of_time(hours, text):
    assert time_text(hours) == text


@pytest.mark.tiny
def test_dates_and_markdown():
    assert date_text(0.0) == "1 January, 00:00"
    assert date_text(8759.99) == "31 December, 23:59"
    assert date_text(24.0 * 59 + 12.5) == "1 March, 12:30"
    text = markdown(["<b>*A*</b>", "b", "", "x ``` y"])
    assert text.startswith("# \\<b\\>\\*A\\*\\</b\\>")
    assert text.count("```") == 2


def test_the_events_of_a_run_told_again(tmp_path):
    """Every number of every event of a path is that of events.parquet, and the carriers fill the outage."""
    results = run_to_folder(STUDY, tmp_path / "run", PATH + 1, SEED)
    table = results.events
    table = table[table["path"] == PATH].reset_index(drop=True)
    case = Case(STUDY, SEED, PATH)
    columns = events_of_path(case)
    again = pd.DataFrame(columns)
    assert list(again.columns) == list(table.columns)
    for name in table.columns:
        mine, theirs = again[name].to_numpy(), table[name].to_numpy()
        assert np.array_equal(mine, theirs) if mine.dtype != object else list(mine) == list(theirs), name
    listed = list_of_events(columns, STUDY.strategy_names)
    assert [found["event"] for found in listed] == sorted(set(table["event"]))
    first = explain(case, columns, 0)
    assert {story.strategy for story in first["stories"]} == set(STUDY.strategy_names)
    for _, own in table.iterrows():
        story = story_of(STUDY, own["strategy"], own.to_dict(), np.nan)
        duration = 0.0 if own["cause"] == "sag" else own["duration_s"] / 3600
        assert sum(story.lost.values()) == pytest.approx(sum(own[f"gpu_hours_{cause}"] for cause in COST[:5]))
        spans = story.carriers
        assert sum(span.end_h - span.start_h for span in spans) == pytest.approx(duration if spans else 0.0, rel=1e-6)
        for before, after in itertools.pairwise(spans):
            assert after.start_h == pytest.approx(before.end_h)
        capped = sum((span.end_h - span.start_h) * (1 - span.what) for span in story.work if span.what > 0.0)
        assert capped * own["gpus"] == pytest.approx(own["gpu_hours_capped"], rel=1e-5, abs=1e-3)
    # the command on the folder takes its study and seed
    done = CliRunner().invoke(app, ["explain", str(results.folder), "--path", str(PATH), "--event", "0", "--json"])
    assert done.exit_code == 0, done.output
    far = CliRunner().invoke(app, ["explain", str(results.folder), "--path", str(PATH + 1)])
    assert far.exit_code == 2
    assert f"that run has paths 0 to {PATH}" in far.stderr
    told = json.loads(done.stdout)
    row = table[(table["event"] == 0) & (table["strategy"] == "grid_expansion")].iloc[0]
    assert told["seed"] == SEED
    assert told["strategies"][0]["eur"]["waiting"] == row["eur_waiting"]
    assert told["strategies"][0]["lost"]["restart"] == float(row["gpu_hours_restart"])


def test_a_run_that_begins_later_has_its_own_paths(tmp_path):
    results = run_to_folder(STUDY, tmp_path / "run", 2, SEED, first_path=3)
    for path in (2, 5):
        done = call(results.folder, "--path", path)
        assert done.exit_code == 2
        assert f"--path {path}: that run has paths 3 to 4" in done.stderr
    last = call(results.folder, "--path", 4)
    assert last.exit_code == 0, last.output
    assert "path 4, seed 7" in last.stdout


def call(*words):
    return CliRunner(env={"COLUMNS": "130"}).invoke(app, ["explain", *map(str, words)])


def test_the_command_writes_text_and_figure(tmp_path):
    words = ("nordic_inference", "--set", "study.years=1", "--path", 1, "--seed", 5)
    listed = call(*words)
    assert listed.exit_code == 0, listed.output
    assert "path 1, seed 5" in listed.stdout
    done = call(*words, "--event", 0, "--strategy", "string_storage_pv", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "string_storage_pv (" in done.stdout
    assert "grid_expansion (" not in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "explain.json", "explain.md", "event.png", "event.svg",
    }  # fmt: skip
    assert done.stdout.splitlines()[1] in (tmp_path / "out/explain.md").read_text(encoding="utf-8").replace("\\", "")
    far = call(*words, "--event", 9999)
    assert far.exit_code == 2
    assert "--event 9999: this path has events 0 to" in far.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nordic_inference", "--path", "-1"), "--path -1: must be the number of a path"),
        (("nordic_inference", "--path", "1", "--strategy", "string_storage"), "did you mean string_storage_pv"),
        (("nordic_inferense", "--path", "1"), "did you mean nordic_inference"),
        (("nordic_inference", "--path", "1", "--events", "none.csv"), "no such file"),
    ],
)
def test_what_is_refused(words, message):
    done = call(*words)
    assert done.exit_code == 2, done.output
    assert message in done.stderr

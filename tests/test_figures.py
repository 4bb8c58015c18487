"""Figures: all of them are drawn, the same bytes each time, for odd studies too; how they look is checked by eye."""

import pytest

from riskmodel.run import run_to_folder
from riskmodel.study import parse_study
from studies.figures import draw_all
from studies.figures.style import COLOURS, HATCHES, LINES, MARKERS, fill, spread
from studies.figures.week import choose_moment, choose_strategies
from tests.fake_engine import fake_simulate_range, fake_trace_week, small_study, without_events

NAMES = ("npv_difference", "payback", "downtime_exceedance", "cash_fan", "one_week")


def draw(results, folder):
    draw_all(results, folder, trace_week=fake_trace_week)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run_to_folder(small_study(), tmp_path_factory.mktemp("run"), 40, 7, simulate_range=fake_simulate_range)


def test_every_figure_twice_the_same_bytes(results, tmp_path):
    first = draw(results, tmp_path / "first")
    assert set(first) == {f"{name}.{kind}" for name in NAMES for kind in ("png", "svg")}
    assert first == draw(results, tmp_path / "second")
    assert b"Grid &amp; wait" not in first["payback.svg"]  # text is drawn as outlines: no font needed to read it
    assert all(b"<dc:date>" not in content for name, content in first.items() if name.endswith(".svg"))


def test_one_strategy_no_events_and_a_title_full_of_signs(tmp_path):
    text = small_study().to_toml()
    alone = text[: text.index("[strategies.string]")] + "\n" + text[text.index("[sources]") :]
    alone = alone.replace("@Grid & wait", "$5 & $6_x^2 <b> {tex} %")
    gone = ('"strategies.string', '"strategies.diesel')
    study = parse_study("\n".join(line for line in alone.splitlines() if not line.startswith(gone)))

    def quiet(study, seed, first, n, **how):
        return without_events(fake_simulate_range(study, seed, first, n, **how))

    alone_results = run_to_folder(study, tmp_path / "run", 5, 7, simulate_range=quiet)
    assert choose_moment(alone_results) is None
    assert len(draw(alone_results, tmp_path / "figures")) == 10


def test_the_week_shows_an_interruption_and_a_battery(results):
    moment = choose_moment(results)
    assert moment.cause == "sustained"
    assert 0.0 < moment.duration_h <= 12.0
    shown, stored = choose_strategies(results)
    assert shown == ["grid", "string", "diesel"]
    assert stored == "string"


def test_strategies_differ_by_more_than_colour():
    for marks in (COLOURS, LINES, MARKERS, HATCHES):
        assert len(set(map(str, marks))) == len(marks) >= 5


def test_chinese_letters_take_twice_the_room_in_a_line():
    assert fill("ten letters in a line", 12) == "ten letters\nin a line"
    assert fill("储能与光伏混合方案", 8) == "储能与光\n伏混合方\n案"
    assert fill("storage 储能 10 %", 12) == "storage 储能\n10\u00a0%"


def test_labels_are_moved_apart():
    assert spread([1.0, 1.0, 5.0], 2.0, 0.0, 10.0) == [1.0, 3.0, 5.0]
    assert spread([10.0, 10.0, 0.0], 2.0, 0.0, 10.0) == [8.0, 10.0, 0.0]
    assert spread([], 1.0, 0.0, 1.0) == []

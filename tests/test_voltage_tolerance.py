"""Tolerance curves: every corner on either side, through the kernel that draws events; curves of a study's own."""

import csv
import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

from distributions.clock import MONTH_OF_DAY
from distributions.outage_tables import outage_tables
from distributions.outages import CURTAILMENT, FAMILIES, FAMILY, MOMENTARY, N_COLUMNS, N_FAMILIES, SAG, year_events
from distributions.parameters import load
from riskmodel.catalogue import TRUST, CatalogueError
from riskmodel.study import StudyError
from riskmodel.study.tolerance_field import CURVE_NAMES, read_voltage_tolerance
from riskmodel.tables import pack
from riskmodel.voltage_tolerance import FILE, curves, read_curves, tolerance_table
from tests.fake_engine import small_study

pytestmark = pytest.mark.tiny
SHARED = Path(__file__).parents[2] / "shared" / "numbers" / "itic_semi_curves.csv"
NAMES = {"ITIC-2000": "itic", "SEMI F47-0706 required": "semi_f47"} | {
    "SEMI F47-0706 recommended": "semi_f47_recommended"
}
RATE = 60.0
"""Drawn sags a year: a year without any has probability 1e-26, so none found means that none was noticed."""


def noticed(tolerance, duration_s, voltage=0.0, family=SAG):
    """Whether events of one duration and residual voltage come out of the engine's kernel of yearly events."""
    record = deepcopy(load("outages", "nordic_hv"))
    for name in FAMILIES:
        record[name]["rate_per_year"] = RATE if FAMILIES.index(name) == family else 0.0
        record[name]["dispersion"] = 0.0
        record[name]["duration_s"] = {"law": "constant", "value": duration_s}
    record["sag"]["residual_quantile"] = np.full(11, voltage)
    tables = outage_tables(record, np.tile([1.0, 0.0, 0.0], (365, 1)), np.asarray(MONTH_OF_DAY), tolerance)
    events = np.zeros((200, N_COLUMNS))
    regime, factors, scratch = np.zeros(365, np.int8), np.ones((2, N_FAMILIES)), np.zeros(365)
    count = year_events(events, tables, regime, factors, family == CURTAILMENT, 0, 3, 7, scratch)
    assert np.all(events[:count, FAMILY] == family)
    return count > 0


def corners():
    """Corners typed from the standards: curve, longest duration [s], lowest voltage there, lowest beyond."""
    return [
        ("itic", 0.02, 0.0, 0.7),
        ("itic", 0.5, 0.7, 0.8),
        ("itic", 10.0, 0.8, 0.9),
        ("semi_f47", 0.2, 0.5, 0.7),
        ("semi_f47", 0.5, 0.7, 0.8),
        ("semi_f47", 1.0, 0.8, 0.9),
        ("semi_f47_recommended", 0.02, 0.0, 0.8),
        ("semi_f47_recommended", 10.0, 0.8, 0.9),
    ]


@pytest.mark.parametrize(("curve", "duration_s", "voltage", "beyond"), corners())
def test_every_corner_on_either_side(curve, duration_s, voltage, beyond):
    table = tolerance_table(curve, hold_up_ms=20.0)
    assert not noticed(table, duration_s, voltage)
    assert not noticed(table, duration_s * 0.999, voltage)
    if voltage > 0.0:
        assert noticed(table, duration_s, voltage - 0.001)
    assert noticed(table, duration_s * 1.001, voltage)
    assert noticed(table, duration_s * 1.001, beyond - 0.001)
    assert not noticed(table, duration_s * 1.001, beyond)


@pytest.mark.parametrize("curve", CURVE_NAMES)
def test_a_long_shallow_sag(curve):
    table = tolerance_table(curve, hold_up_ms=20.0)
    assert not noticed(table, 1e6, 0.9)
    assert noticed(table, 1e6, 0.899)


def test_hold_up_counts_where_it_is_longer_than_the_curve():
    # SEMI F47 asks for 50 % from the start, so what holds without voltage is the hold-up time alone
    assert tolerance_table("semi_f47", 0.0).tolist() == [[0.2, 0.5], [0.5, 0.7], [1.0, 0.8], [math.inf, 0.9]]
    longer = tolerance_table("itic", 600.0)
    assert longer.tolist() == [[0.6, 0.0], [10.0, 0.8], [math.inf, 0.9]]
    assert not noticed(longer, 0.6, 0.0)
    assert noticed(longer, 0.601, 0.0)
    assert tolerance_table("itic", 5.0).tolist() == tolerance_table("itic", 20.0).tolist()
    assert tolerance_table([[0.01, 0.5]], 20.0).tolist() == [[0.02, 0.0], [math.inf, 0.5]]


def test_interruptions_within_the_hold_up_time_are_not_noticed_either():
    table = tolerance_table("itic", 20.0)
    assert not noticed(table, 0.02, family=MOMENTARY)
    assert noticed(table, 0.021, family=MOMENTARY)
    assert noticed(table, 0.01, family=CURTAILMENT)  # a call of the grid operator has no voltage to live through


def test_the_curves_in_the_catalogue():
    assert tuple(curves()) == CURVE_NAMES
    for curve in curves().values():
        assert curve.title
        assert all(point.source and point.trust in TRUST for point in curve.points)
    typed = {name: [row[1:3] for row in corners() if row[0] == name] for name in CURVE_NAMES}
    for name, points in typed.items():
        assert [point[:2] for point in curves()[name].points[:-1]] == points


@pytest.mark.skipif(not SHARED.exists(), reason="the published curves are not in ../shared")
def test_the_catalogue_holds_the_published_points():
    published = {name: [] for name in CURVE_NAMES}
    with SHARED.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["side"] == "lower":
                point = (float(row["duration_s"]), float(row["voltage_pct_nominal"]) / 100)
                published[NAMES[row["curve"]]].append(point)
    for name, points in published.items():
        assert [point[:2] for point in curves()[name].points][: len(points)] == points


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('trust = "read"', 'trust = "sure"', "needs a source, and a trust that is one of read"),
        ("duration_s = inf, voltage = 0.9", "duration_s = 20.0, voltage = 0.9", "the last point must last for inf"),
        ("duration_s = 0.02", "duration_s = 0.6", "durations must rise"),
        ("voltage = 0.7", "voltage = 1.7", "a voltage from 0 to 1"),
        ("voltage = 0.7", "level = 0.7", "cannot be read"),
        ("[curves.itic]", "[curves.itic", "cannot be read"),
    ],
)
def test_a_bad_catalogue_is_refused(tmp_path, old, new, message):
    place = tmp_path / "curves.toml"
    place.write_text(FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=message):
        read_curves(place)


def test_a_study_names_a_curve_or_gives_points():
    assert small_study().cluster.voltage_tolerance == "itic"
    assert pack(small_study()).outages.tolerance.tolist() == tolerance_table("itic", 20.0).tolist()
    study = small_study(overrides=("cluster.voltage_tolerance=[[0.05, 0], [3, 0.85]]", "cluster.hold_up_ms=40"))
    assert pack(study).outages.tolerance.tolist() == [[0.05, 0.0], [math.inf, 0.85]]
    study = small_study(overrides=("cluster.voltage_tolerance=semi_f47",))
    assert pack(study).outages.tolerance.tolist() == tolerance_table("semi_f47", 20.0).tolist()
    again = read_voltage_tolerance([[1, 0.5]])
    assert again == [[1.0, 0.5]]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ('"cbema"', "must be one of itic, semi_f47, semi_f47_recommended, or points"),
        ("[]", "1 to 50 points such as"),
        ("3", "1 to 50 points such as"),
        ("[0.5, 0.7]", r"point 1 = 0.5: must be \[seconds, share of nominal voltage\]"),
        ("[[0.5, 70]]", "point 1 has voltage 70: must be a share"),
        ("[[0.5, 0.7], [0.2, 0.8]]", "durations must rise"),
        ("[[0.5, 0.7], [0.8, 0.6]]", "voltages must not fall"),
        ("[[nan, 0.7]]", "point 1 = "),
        ("[[0.0, 0.7]]", "point 1 lasts 0 s: must be > 0"),
        ("[[inf, 0.7]]", "point 1 = "),
        ("[[1, true]]", "point 1 = "),
    ],
)
def test_bad_curves_are_named(typed, message):
    with pytest.raises(StudyError, match=message) as found:
        small_study(overrides=(f"cluster.voltage_tolerance={typed}",))
    assert "cluster.voltage_tolerance" in str(found.value)

"""Ageing laws: hand-solved forms, published test points, changing duty, and the table of duty rows."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from distributions.cells import LAWS
from distributions.cells.forms import POWER, SIGMOID, advance, level, walk
from riskmodel.ageing import Ageing, capacity_after, continuous_duty, cycling_duty, storage_duty
from riskmodel.ageing_table import age_table, read_duties
from riskmodel.study import StudyError
from studies.cli import app

SHARED = Path(__file__).parents[2] / "shared"
POINTS = SHARED / "numbers"
needs_points = pytest.mark.skipif(not POINTS.exists(), reason="published test points are not here")

DAILY = "model,kind,T_C,soc_or_window,dod,crate_during_active,cycles_per_day,years\n"
TESTS = "kind,T_C,SOC,days,Crate,DOD,FEC\n"


def test_forms_by_hand():
    # 0.02 sqrt(9) = 0.06; from there 7 more: 0.02 sqrt(16) = 0.08
    assert level(POWER, 0.02, 0.0, 0.5, 9.0) == pytest.approx(0.06, rel=1e-15)
    assert advance(POWER, 0.02, 0.0, 0.5, 0.06, 7.0, False) == pytest.approx(0.08, rel=1e-14)
    # along the tangent: 0.02 / (2 sqrt(9)) * 7
    assert advance(POWER, 0.02, 0.0, 0.5, 0.06, 7.0, True) == pytest.approx(0.06 + 0.02 / 6.0 * 7.0, rel=1e-14)
    # 2 a (1/2 - 1 / (1 + exp(1))) at b x = 1
    expected = 2.0 * 0.4 * (0.5 - 1.0 / (1.0 + math.e))
    assert level(SIGMOID, 0.4, 0.01, 0.7, 100.0) == pytest.approx(expected, rel=1e-14)
    assert advance(SIGMOID, 0.4, 0.01, 0.7, expected, 50.0, False) == pytest.approx(
        level(SIGMOID, 0.4, 0.01, 0.7, 150.0)
    )
    assert advance(SIGMOID, 0.4, 0.01, 0.7, 0.5, 50.0, False) == 0.5  # beyond the end of this duty's sigmoid


def test_tangent_steps_tend_to_the_curve():
    for form, a, b, p in ((POWER, 0.002, 0.0, 0.53), (SIGMOID, 0.3, 1e-4, 0.6)):
        fine = walk(form, a, b, p, 0.0, 0.01, 100_000.0)
        assert fine == pytest.approx(level(form, a, b, p, 1000.0), rel=1e-4)


def test_naumann_by_hand():
    # 10 years at 25 C and half charge: 1.2571e-5 * 0.60225 * sqrt(3650 * 86400 s)
    lost = 1.2571e-5 * 0.60225 * math.sqrt(3650 * 86400)
    law = LAWS["naumann_2020"]
    assert capacity_after(law, storage_duty(25.0, 0.5), 3650.0) == pytest.approx(1.0 - lost, abs=1e-12)
    # one 80 % cycle a day at 0.4 C adds (0.063 * 0.4 + 0.0971) (4.0253 * 0.2^3 + 1.0923) sqrt(2920) / 100
    lost += (0.063 * 0.4 + 0.0971) * (4.0253 * 0.008 + 1.0923) * math.sqrt(2920) / 100
    assert capacity_after(law, cycling_duty(25.0, 0.1, 0.9, 0.4, 1.0), 3650.0) == pytest.approx(1.0 - lost, abs=1e-12)


def test_profile_of_a_cycling_day():
    duty = cycling_duty(25.0, 0.1, 0.9, 0.3, 1.5)  # turning points off the 15-minute grid, three cycles in two days
    assert (duty.days, duty.depth) == (2.0, pytest.approx(0.8))
    assert duty.cycles_per_day == pytest.approx(1.2)
    assert duty.active_c_rate() == pytest.approx(0.3)
    assert duty.mean_c_rate() == pytest.approx(2 * 1.2 / 24, rel=0.02)
    with pytest.raises(ValueError, match="a cycle takes 16 h at this rate, and 2 a day leave 12 h each"):
        cycling_duty(25.0, 0.1, 0.9, 0.1, 2.0)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
def test_steps_add_up(law):
    duty = cycling_duty(25.0, 0.1, 0.9, 0.4, 1.0)
    cell = Ageing(law)
    left = [cell.step(duty, 1.0) for _ in range(400)]
    assert left[-1] == pytest.approx(capacity_after(law, duty, 400.0), abs=1e-12)
    assert np.all(np.diff(left) < 0.0)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
def test_capacity_never_rises_when_duty_changes(law):
    cell = Ageing(law)
    last = 1.0
    for temperature_c, soc in ((45.0, 1.0), (5.0, 0.1), (25.0, 0.5), (35.0, 0.9), (-5.0, 0.0)):
        left = cell.step(storage_duty(temperature_c, soc), 200.0)
        assert left <= last
        last = left
        left = cell.step(cycling_duty(temperature_c, 0.2, 0.8, 0.5, 4.0), 30.0)
        assert left < last
        last = left


def test_break_in_counts_above_three_cycles_a_day():
    law = LAWS["blast_sony_murata"]
    slow, fast = Ageing(law), Ageing(law)
    slow.cycle(cycling_duty(25.0, 0.0, 1.0, 1.0, 3.0), 300.0)
    fast.cycle(cycling_duty(25.0, 0.0, 1.0, 1.0, 4.0), 300.0)
    assert slow.break_in_lost == 0.0
    assert 0.0 < fast.break_in_lost < 0.3
    # BLAST-Lite 1.1.1, constant input, 730 days; printed to 13 digits
    duty = cycling_duty(25.0, 0.0, 1.0, 1.0, 4.0)
    assert capacity_after(law, duty, 730.0) == pytest.approx(0.9352501994741, abs=2e-13)
    duty = cycling_duty(25.0, 0.1, 0.9, 1.0, 6.0)
    assert capacity_after(law, duty, 730.0) == pytest.approx(0.9177168524192, abs=2e-13)


def test_continuous_cycles_have_no_rest():
    duty = continuous_duty(25.0, 0.8, 0.5)
    assert duty.active_c_rate() == pytest.approx(0.5)
    assert duty.mean_c_rate() == pytest.approx(0.5, rel=0.02)
    assert duty.cycles_per_day == pytest.approx(6.0)


@needs_points
@pytest.mark.parametrize(("name", "model"), [("blast_lfp_250ah", "LFP250"), ("blast_sony_murata", "SonyMurata3Ah")])
def test_blast_points(name, model):
    # BLAST-Lite 1.1.1, run with constant input; six digits printed
    table = read_duties(POINTS / "blast_lfp_testpoints.csv")
    left = age_table(table, LAWS[name])
    given = np.array(table.texts("q_capacity_fraction"), dtype=float)
    own = np.array(table.texts("model")) == model
    assert own.sum() > 50
    assert np.abs(left - given)[own].max() < 1e-6
    assert np.abs(left - given)[~own].max() > 0.002  # negative control: the other law's points


@needs_points
def test_naumann_points():
    table = read_duties(POINTS / "naumann_sony_lfp_testpoints.csv")
    left = age_table(table, LAWS["naumann_2020"])
    assert np.abs(1.0 - left - np.array(table.texts("q_loss_fraction"), dtype=float)).max() < 1e-8


def _age(tmp_path, text, law="blast_lfp_250ah"):
    file = tmp_path / "points.csv"
    file.write_text(text, encoding="utf-8")
    out = tmp_path / "aged.csv"
    done = CliRunner().invoke(app, ["age", str(file), "--law", law, "--out", str(out)], env={"COLUMNS": "200"})
    return done, out


def test_age_keeps_columns_and_text_is_data(tmp_path):
    done, out = _age(
        tmp_path, "note," + DAILY + "=1+1,LFP250,calendar,-5,0.5,,,,10\n,LFP250,cycling,25,0-1,1,0.5,1,5\n"
    )
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert rows[0]["note"] == "'=1+1"
    assert rows[0]["T_C"] == "-5"
    assert float(rows[1]["capacity_left"]) == pytest.approx(0.939327, abs=1e-6)  # BLAST-Lite 1.1.1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DAILY + ",calendar,warm,0.5,,,,10\n", "row 2, T_C = 'warm': type a temperature from -30 to 80 deg C, e.g. 25"),
        (DAILY + ",resting,25,0.5,,,,10\n", "row 2, kind = 'resting': type calendar or cycling"),
        (DAILY + ",cycling,25,0.9-0.1,,0.5,1,10\n", "row 2, soc_or_window"),
        (DAILY + ",cycling,25,0.1-0.9,0.5,0.5,1,10\n", "has a depth of 0.8"),
        (DAILY + ",cycling,25,0.1-0.9,0.8,0.1,2,10\n", "a cycle takes 16 h at this rate"),
        (DAILY + ",calendar,25,0.5,,,,-1\n", "row 2, years"),
        (DAILY.replace("years", "yrs") + ",calendar,25,0.5,,,,1\n", "column years: missing"),
        (TESTS + "cycle,25,,,0.5,1.5,100\n", "row 2, DOD"),
        (TESTS + "cycle,25,,365,0.5,1,100\n", "for both parts together type kind = both"),
        ("a,b\n1,2\n", "column kind: missing"),
        (DAILY, "has headings but no rows"),
        ("", "is empty"),
    ],
)
def test_age_says_what_is_wrong_and_writes_nothing(tmp_path, text, message):
    done, out = _age(tmp_path, text)
    assert done.exit_code == 2
    assert message in done.output
    assert "points.csv" in done.output
    assert not out.exists()


def test_age_names_the_laws(tmp_path):
    done, out = _age(tmp_path, DAILY + ",calendar,25,0.5,,,,10\n", law="naumann")
    assert done.exit_code == 2
    assert "blast_lfp_250ah, blast_sony_murata, naumann_2020" in done.output
    assert not out.exists()


@pytest.mark.parametrize("depth", ["0", "1e-320", "0.0009", "nan", "1.1"])
def test_depths_that_no_test_has_are_refused(tmp_path, depth):
    """A cycle of 1e-320 of the capacity would take no time, and a day hold more of them than there are numbers."""
    place = tmp_path / "duties.csv"
    place.write_text(f"kind,T_C,SOC,days,Crate,DOD,FEC\ncycle,25,,,1,{depth},100\n", encoding="utf-8")
    with pytest.raises(StudyError, match="a depth of discharge from 0.001 to 1"):
        age_table(read_duties(place), LAWS["naumann_2020"])

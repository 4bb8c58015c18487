"""Adequacy: hand-solved units, the Roy Billinton Test System, small systems with a store, and the files people have."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from distributions.clock import HOURS_PER_YEAR
from riskmodel.adequacy import Units, exact_indices, k_of_n, outage_table, peak_hours
from riskmodel.adequacy_simulation import simulate_years
from riskmodel.adequacy_small import SmallSystem, Store, exact_small, simulate_small
from riskmodel.adequacy_table import read_load, read_units
from riskmodel.study.problems import StudyError
from studies.cli import app

NUMBERS = Path(__file__).parents[2] / "shared" / "numbers"
needs_numbers = pytest.mark.skipif(not NUMBERS.exists(), reason="published tables are not here")

# MW, forced outage rate, failures a year, units: Roy Billinton Test System (Billinton et al. 1989)
RBTS = [
    (40, 0.03, 6.0, 2),
    (40, 0.02, 3.0, 1),
    (20, 0.025, 5.0, 1),
    (20, 0.015, 2.4, 4),
    (10, 0.02, 4.0, 1),
    (5, 0.01, 2.0, 2),
]
RBTS_MTTR_H = [45, 60, 45, 55, 45, 45]


def _rbts(rounded=False):
    rows = []
    for (mw, rate, failures, n), hours in zip(RBTS, RBTS_MTTR_H, strict=True):
        failure = failures / HOURS_PER_YEAR
        repair = 1.0 / hours if rounded else failure * (1.0 - rate) / rate
        rows += [(mw, failure, repair)] * n
    return Units(*np.array(rows, dtype=float).T)


def _rts_load(peak_mw):
    table = lambda name: np.genfromtxt(NUMBERS / name, delimiter=",", skip_header=1)  # noqa: E731
    week, day, hour = (
        table("rts_load_weekly_pct.csv"),
        table("rts_load_daily_pct.csv"),
        table("rts_load_hourly_pct.csv"),
    )
    load = []
    for w in range(52):
        season = 0 if w < 8 or w >= 43 else 1 if 17 <= w < 30 else 2
        for d in range(7):
            shape = hour[:, 1 + 2 * season + (d >= 5)]
            load.append(peak_mw * week[w, 1] * day[d, 1] * shape * 1e-6)
    return np.concatenate(load)


def test_two_units_by_hand():
    # unavailability 1/10 and 1/5, repairs 0.1 an hour: P(50 MW out) = 0.9 * 0.2 and so on
    units = Units(np.array([30.0, 50.0]), np.array([0.1 / 9.0, 0.1 / 4.0]), np.array([0.1, 0.1]))
    table = outage_table(units)
    assert table.outage_mw.tolist() == [0.0, 30.0, 50.0, 80.0]
    assert table.probability == pytest.approx([0.72, 0.08, 0.18, 0.02], rel=1e-14)
    # entered at the rate it is left: 80 MW out has two repairs under way; 50 or more: unit two down, 0.2 * 0.1
    assert table.frequency_at_least_per_h == pytest.approx(
        [0.0, 0.72 * (0.1 / 9 + 0.1 / 4), 0.02, 0.02 * 0.2], abs=1e-15
    )
    load = np.array([40.0, 20.0, 60.0])
    found = exact_indices(units, load)
    # load 40: lost with 50 or 80 out (0.2); load 20: with 80 out (0.02); load 60: unless all is up (0.28)
    assert found.lole_h == pytest.approx(0.2 + 0.02 + 0.28)
    assert found.lole_days == pytest.approx(0.28)
    assert found.loee_mwh == pytest.approx(0.18 * 10 + 0.02 * 40 + 0.02 * 20 + 0.08 * 10 + 0.18 * 30 + 0.02 * 60)
    assert found.lolf == pytest.approx(0.02 + 0.004 + 0.72 * (0.1 / 9 + 0.1 / 4) + 0.28 - 0.02)


def test_capacity_equal_to_load_is_enough():
    units = Units(np.full(10, 0.1), np.full(10, 1e-3), np.full(10, 0.02))
    table = outage_table(units)
    assert len(table.outage_mw) == 11  # sums of 0.1 are told to be the same
    assert exact_indices(units, np.array([0.7])).lole_h == pytest.approx(table.probability_at_least[4], rel=1e-12)


@pytest.mark.parametrize("seed", [1, 2])
def test_table_equals_enumeration(seed):
    rng = np.random.default_rng(seed)
    units = Units(rng.integers(1, 30, 7) / 2.0, rng.uniform(1e-4, 1e-2, 7), rng.uniform(0.01, 0.1, 7))
    load = rng.uniform(0.0, units.installed_mw, 30)
    states = (np.arange(2**7)[:, None] >> np.arange(7)) & 1
    chance = np.where(states == 1, 1.0 - units.unavailability, units.unavailability).prod(axis=1)
    capacity = states @ units.mw
    lost = capacity[:, None] < load[None, :] - 1e-9
    leaves = np.zeros(load.shape)
    for unit in range(7):
        other = np.arange(2**7) ^ (1 << unit)
        failing = (states[:, unit] == 1)[:, None] & ~lost & lost[other]
        leaves += (chance * units.failure_rate_per_h[unit]) @ failing
    found = exact_indices(units, load)
    assert found.lole_h == pytest.approx((chance @ lost).sum(), rel=1e-11)
    assert found.loee_mwh == pytest.approx(
        (chance @ np.maximum(load[None, :] - capacity[:, None], 0.0)).sum(), rel=1e-11
    )
    steps = np.maximum(np.diff(chance @ lost), 0.0).sum()
    assert found.lolf == pytest.approx(leaves.sum() + steps, rel=1e-9)


def test_constant_load_of_the_test_system():
    # Billinton: 73.07 h in 8760 h at 185 MW
    found = exact_indices(_rbts(), np.full(HOURS_PER_YEAR, 185.0))
    assert found.lole_h == pytest.approx(73.07, abs=0.005)
    assert found.lole_h / HOURS_PER_YEAR == pytest.approx(8.341607e-3, abs=1e-9)
    assert found.loee_mwh == pytest.approx(823.26, abs=0.005)


@needs_numbers
def test_test_system_table():
    table = outage_table(_rbts())
    given = np.genfromtxt(NUMBERS / "rbts_copt.csv", delimiter=",", skip_header=1)
    n = len(given)
    assert table.outage_mw[:n].tolist() == given[:, 0].tolist()
    assert np.abs(table.probability_at_least[:n] - given[:, 1]).max() < 1e-9
    assert np.abs(table.probability[:n] - given[:, 2]).max() < 1e-9


@needs_numbers
def test_test_system_indices():
    # published 1.0919 h/yr, 0.1469 d/yr, 9.86 MWh/yr, 0.229 occ/yr (simulated)
    load = _rts_load(185.0)
    assert len(load) == 8736
    found = exact_indices(_rbts(), load)
    assert found.lole_h == pytest.approx(1.09156, abs=5e-6)
    assert found.lole_days == pytest.approx(0.14695, abs=5e-6)
    assert found.loee_mwh == pytest.approx(9.8614, abs=5e-5)
    assert found.lolf == pytest.approx(0.229, abs=0.001)
    rounded = exact_indices(_rbts(rounded=True), load)
    assert rounded.lole_h == pytest.approx(1.08805, abs=5e-6)
    assert rounded.lolf == pytest.approx(0.2276, abs=5e-5)


@needs_numbers
def test_simulation_agrees_within_its_errors():
    # 4 figures, false alarm about 1e-4 each at 3.9 standard errors; a 5 % error of LOLE would be 3 of them
    load = _rts_load(185.0)
    exact = exact_indices(_rbts(), load)
    found = simulate_years(_rbts(), load, 60_000, seed=7)
    for field in exact._fields:
        values = getattr(found, field)
        error = values.std(ddof=1) / math.sqrt(len(values))
        assert abs(values.mean() - getattr(exact, field)) < 3.9 * error, field
    # negative control: units that fail a tenth more often are told apart
    worse = exact_indices(_rbts()._replace(failure_rate_per_h=1.1 * _rbts().failure_rate_per_h), load)
    values = found.lole_h
    assert abs(values.mean() - worse.lole_h) > 3.9 * values.std(ddof=1) / math.sqrt(len(values))


def test_years_do_not_depend_on_how_many_there_are():
    load = np.tile([150.0, 180.0, 160.0], 400)
    few, many = simulate_years(_rbts(), load, 3, 11), simulate_years(_rbts(), load, 8, 11)
    for one, other in zip(few, many, strict=True):
        assert one.tolist() == other[:3].tolist()


def test_units_that_never_fail_and_loads_nobody_meets():
    units = Units(np.array([10.0]), np.zeros(1), np.ones(1))
    load = np.array([9.0, 10.0, 12.0, 8.0, 13.0])
    assert exact_indices(units, load) == pytest.approx((2.0, 1.0, 5.0, 2.0))
    years = simulate_years(units, load, 2, 0)
    assert [column.tolist() for column in years] == [[2.0, 2.0], [1.0, 1.0], [5.0, 5.0], [2.0, 2.0]]
    assert peak_hours(np.arange(30.0)).tolist() == [23, 29]


def test_k_of_n_equals_the_table():
    short = k_of_n(20, 18, 0.3, 72.0)
    units = Units(np.ones(20), np.full(20, 0.3 / HOURS_PER_YEAR), np.full(20, 1.0 / 72.0))
    table = outage_table(units)
    assert short.probability == pytest.approx(table.probability_at_least[3], rel=1e-10)
    assert short.times_per_year == pytest.approx(table.frequency_at_least_per_h[3] * HOURS_PER_YEAR, rel=1e-8)
    # three under repair, the first of three repairs ends it, or more fail first: a little above 72 h / 3
    assert 24.0 < short.mean_duration_h < 24.3
    assert k_of_n(4, 0, 1.0, 10.0).probability == 0.0
    with pytest.raises(ValueError, match="needed = 5"):
        k_of_n(4, 5, 1.0, 10.0)


# PRAS test data (NREL/PRAS, PRASCore TestData): three 10 MW units; generator and battery
SINGLE_NODE = SmallSystem(
    np.full((3, 4), 10.0), np.full(3, 0.1), np.full(3, 0.9), np.array([5.0, 6, 7, 8]), np.array([25.0, 28, 27, 24])
)
WITH_STORE = SmallSystem(
    np.full((1, 2), 10.0), np.array([0.1]), np.array([0.9]), np.zeros(2), np.array([8.0, 9.0]),
    (Store(power_mw=10.0, energy_mwh=10.0, efficiency=1.0, fails=0.1, recovers=0.9),),
)  # fmt: skip


def test_small_systems_exactly():
    found = exact_small(SINGLE_NODE)
    assert found.lost == pytest.approx([0.028, 0.271, 0.028, 0.028], abs=1e-12)
    assert found.unserved_mwh == pytest.approx([0.29, 0.832, 0.29, 0.178], abs=1e-12)
    found = exact_small(WITH_STORE)
    assert found.lost.sum() == pytest.approx(0.2, abs=1e-12)
    assert found.unserved_mwh == pytest.approx([0.8, 0.7542], abs=1e-12)
    assert found.stored_mwh == pytest.approx([1.62, 2.2842], abs=1e-12)
    assert found.area_surplus_mwh[0] == pytest.approx([0.18, 1.4022], abs=1e-12)


@pytest.mark.parametrize("system", [SINGLE_NODE, WITH_STORE], ids=["units", "store"])
def test_small_systems_by_simulation(system):
    exact, found = exact_small(system), simulate_small(system, 50_000, seed=3)
    for mean, values in zip(exact, found, strict=True):
        error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
        assert np.all(np.abs(values.mean(axis=0) - mean) <= 3.0 * error + 1e-12)


def test_slow_units_remember_their_state():
    system = WITH_STORE._replace(fails=np.array([0.05]), recovers=np.array([0.2]), load_mw=np.array([8.0, 9.0]))
    store = Store(power_mw=5.0, energy_mwh=3.0, efficiency=0.81, fails=0.02, recovers=0.3)
    system = system._replace(stores=(store,))
    exact, found = exact_small(system), simulate_small(system, 50_000, seed=4)
    # down in the first hour (0.2) stays down with 0.8; up (0.8) fails with 0.05; the store never holds enough
    assert exact.lost == pytest.approx([0.2, 0.2])
    # 2 MW of surplus stored at 0.81, if generator and store are up, and used if the store is still up
    given = 0.8 * 0.05 * (0.3 / 0.32) * 0.98 * 2.0 * 0.81
    assert exact.unserved_mwh == pytest.approx([0.2 * 8.0, 0.2 * 9.0 - given])
    error = found.unserved_mwh.std(axis=0) / math.sqrt(50_000)
    assert np.all(np.abs(found.unserved_mwh.mean(axis=0) - exact.unserved_mwh) < 3.9 * error)


def _files(tmp_path, units, load="load_mw\n" + "185\n" * 48):
    (tmp_path / "units.csv").write_text(units, encoding="utf-8")
    (tmp_path / "load.csv").write_text(load, encoding="utf-8")
    return tmp_path / "units.csv", tmp_path / "load.csv"


def _adequacy(tmp_path, units, load="load_mw\n" + "185\n" * 48, *options):
    files = _files(tmp_path, units, load)
    return CliRunner().invoke(app, ["adequacy", *map(str, files), "--seed", "7", *options], env={"COLUMNS": "160"})


def test_the_same_units_in_other_words(tmp_path):
    ways = [
        "mw,failures_per_year,repair_hours,count\n40,4,100,3\n",
        "name,mw,mttf_hours,repair_hours\na,40,2190,100\nb,40,2190,100\nc,40,2190,100\n",
        f"MW,FOR,mttr_h,n\n40,{100 / 2290!r},100,3\n",
        f"unit_mw;FOR;failures_per_yr;n_units;mttr_h\n40;{100 / 2290!r};4;3;101\n",
    ]
    for text in ways:
        units, _ = read_units(_files(tmp_path, text)[0])
        assert units.mw.tolist() == [40.0] * 3
        assert units.failure_rate_per_h == pytest.approx([4 / 8760] * 3, rel=1e-12)
        assert units.repair_rate_per_h == pytest.approx([0.01] * 3, rel=1e-12)


@needs_numbers
def test_published_unit_list_as_it_is(tmp_path):
    units, notes = read_units(NUMBERS / "rbts_generators.csv")
    assert sorted(units.mw) == sorted(_rbts().mw)
    assert exact_indices(units, np.full(10, 185.0)).lole_h == pytest.approx(10 * 8.341607e-3, abs=1e-8)
    assert notes


def test_command(tmp_path):
    text = "mw,failures_per_year,repair_hours,count\n40,6,45,6\n"
    done = _adequacy(tmp_path, text, "185\n" * 48, "--json", "--years", "50", "--out", str(tmp_path / "found.csv"))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["hours"], found["units"], found["installed_mw"]) == (48, 6, 240.0)
    assert set(found["exact"]) == {"lole_h_per_year", "lole_d_per_year", "loee_mwh_per_year", "lolf_per_year"}
    assert set(found["simulated"]["lole_h_per_year"]) == {"value", "standard_error"}
    again = _adequacy(tmp_path, text, "185\n" * 48, "--json", "--years", "50")
    assert json.loads(again.stdout) == found
    assert (tmp_path / "found.csv").read_text().splitlines()[0] == "index,unit,exact,simulated,standard_error"
    done = _adequacy(tmp_path, text)
    assert done.exit_code == 0
    assert "LOLE" in done.stdout


@pytest.mark.parametrize(
    ("units", "load", "message"),
    [
        ("mw,failures_per_year,repair_hours,colour\n1,2,3,red\n", None, "unknown columns: colour; known are mw"),
        ("mw,failures_per_year\n1,2\n", None, "are needed: failures_per_year (or mttf_hours), and repair_hours"),
        ("mw,failures_per_year,repair_hours\nbig,2,3\n", None, "units.csv: row 2, mw = 'big': type a capacity in MW"),
        ("mw,failures_per_year,repair_hours\n1,2,0\n", None, "row 2, repair_hours = '0': type hours above 0"),
        ("mw,failures_per_year,repair_hours,FOR\n1,2,100,0.3\n", None, "contradicts the failure rate and FOR"),
        ("mw,FOR,repair_hours\n1,1,100\n", None, "row 2, FOR = '1': type a share from 0 to below 1"),
        ("mw,failures_per_year,repair_hours,count\n1,2,3,1.5\n", None, "row 2, count = '1.5': type a whole number"),
        ("mw,failures_per_year,repair_hours\n1,2,3\n", "hour,load_mw\n0,5\n1,-5\n", "load.csv: row 3, load_mw = '-5'"),
        ("mw,failures_per_year,repair_hours\n1,2,3\n", "hour,x\n0,5\n", "name the load's column load_mw"),
        ("mw,failures_per_year,repair_hours\n1,2,3\n", "hour,load\n0,5\n1,nan\n", "load.csv: row 3, load = 'nan'"),
        ("mw,failures_per_year,repair_hours\n-1,2,3\n", None, "units.csv: row 2, mw = '-1': type a capacity in MW"),
        ("mw,failures_per_year,repair_hours\n1,2,3\n", "hour,load\n0,5\n2,5\n", "row 3, hour = '2': follows 0"),
        (
            "mw,failures_per_year,repair_hours\n1,2,3\n",
            "time,load\n2025-03-30T01:00,5\n2025-03-30T03:00,5\n",
            "row 3, time = '2025-03-30T03:00': is not one hour after the row before",
        ),
        ("name,mw,failures_per_year,repair_hours\na,1,2,3\na,1,2,3\n", None, "row 3, name = 'a': comes twice"),
        ("40,6,45\n40,6,45\n", None, "column mw: missing; the first row must name it"),
    ],
)
def test_bad_input(tmp_path, units, load, message):
    out = tmp_path / "found.csv"
    done = _adequacy(tmp_path, units, load or "load_mw\n1\n", "--out", str(out))
    assert done.exit_code == 2
    assert message in done.output
    assert not out.exists()


def test_days_and_years_begin_again(tmp_path):
    text = "hour,load\n" + "".join(f"{hour % 24 + 1},5\n" for hour in range(60))
    assert len(read_load(_files(tmp_path, "x\n1\n", text)[1])) == 60


# MW, failures from mean time to failure [h], mean time to repair [h], units: IEEE Reliability Test System 1979, table 6
RTS_1979 = [
    (12, 2940, 60, 5),
    (20, 450, 50, 4),
    (50, 1980, 20, 6),
    (76, 1960, 40, 4),
    (100, 1200, 50, 3),
    (155, 960, 40, 4),
    (197, 950, 50, 3),
    (350, 1150, 100, 1),
    (400, 1100, 150, 2),
]


@needs_numbers
def test_larger_test_system():
    # published (Allan, Billinton, Abdel-Gawad 1986): 9.3941 h/yr (digits cut, not rounded) with hourly loads,
    # 1.36886 d/yr with daily peaks
    rows = [(mw, 1.0 / mttf, 1.0 / mttr) for mw, mttf, mttr, n in RTS_1979 for _ in range(n)]
    units = Units(*np.array(rows, dtype=float).T)
    assert (len(rows), units.installed_mw) == (32, 3405.0)
    found = exact_indices(units, _rts_load(2850.0))
    assert 9.3941 <= found.lole_h < 9.3942
    assert found.lole_days == pytest.approx(1.36886, abs=5e-6)
    simulated = simulate_years(units, _rts_load(2850.0), 4000, seed=7)
    # false alarm 1e-4 each; an error of 8 % of LOLE would be 3.9 of them
    for field in found._fields:
        values = getattr(simulated, field)
        assert abs(values.mean() - getattr(found, field)) < 3.9 * values.std(ddof=1) / math.sqrt(4000), field


def test_loads_of_one_nameless_column(tmp_path):
    assert read_load(_files(tmp_path, "x\n1\n", "1\n2.5\n")[1]).tolist() == [1.0, 2.5]
    with pytest.raises(StudyError, match="row 2"):
        read_load(_files(tmp_path, "x\n1\n", "load\nmuch\n")[1])

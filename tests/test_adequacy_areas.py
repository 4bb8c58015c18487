"""Adequacy of areas that help each other: published systems, other ways to the same numbers, and the files."""

import json
import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from riskmodel.adequacy import Units, exact_indices
from riskmodel.adequacy_area_system import AreaSystem, Links
from riskmodel.adequacy_area_table import read_areas
from riskmodel.adequacy_areas import exact_areas
from riskmodel.adequacy_areas_simulation import simulate_areas
from riskmodel.adequacy_flow import send
from riskmodel.adequacy_simulation import simulate_years
from riskmodel.adequacy_small import SmallLink, SmallSystem, Store, exact_small, simulate_small
from studies.cli import app

NUMBERS = Path(__file__).parents[2] / "shared" / "numbers" / "pras_test_systems.json"


def _iid(n):
    """Failing and recovering such that every step is drawn afresh, down with 0.1."""
    return np.full(n, 0.1), np.full(n, 0.9)


# Systems and answers of PRAS (NREL/PRAS, PRASCore TestData, fbde94ec)
TWO_AREAS = SmallSystem(
    np.full((2, 1), 15.0), *_iid(2), np.zeros((2, 1)), np.array([[8.0], [9.0]]),
    unit_area=np.array([0, 1]), links=(SmallLink(0, 1, 8.0, 0.1, 0.9),),
)  # fmt: skip
STORE_BEHIND_A_LINK = SmallSystem(
    np.full((1, 2), 25.0), *_iid(1), np.zeros((2, 2)), np.array([[8.0, 9.0], [6.0, 7.0]]),
    (Store(10.0, 10.0, 1.0, 0.1, 0.9, area=1),), np.array([0]), (SmallLink(0, 1, 15.0, 0.1, 0.9),),
)  # fmt: skip
THREE_AREAS = SmallSystem(
    np.array([[10, 10, 10, 10], [10, 10, 10, 10], [10, 10, 10, 10], [10, 10, 15, 10], [20, 20, 25, 20.0]]), *_iid(5),
    np.array([[4, 3, 2, 3], [6, 5, 3, 4], [2, 1, 2, 1.0]]),
    np.array([[19, 20, 21, 20], [20, 21, 21, 22], [22, 21, 23, 22.0]]),
    unit_area=np.array([0, 1, 1, 2, 2]),
    links=tuple(SmallLink(a, b, 8.0, 0.0, 1.0) for a, b in ((0, 1), (0, 2), (1, 2))),
)  # fmt: skip
WIDE_LINKS = THREE_AREAS._replace(links=tuple(link._replace(mw=1000.0) for link in THREE_AREAS.links))
CHANGING_UNITS = SmallSystem(
    np.array([[10, 10, 10, 15, 15, 15], [20, 20, 20, 25, 25, 25.0]]), *_iid(2),
    np.array([7, 8, 9, 9, 8, 7.0]), np.array([28, 29, 30, 31, 32, 33.0]),
)  # fmt: skip
PUBLISHED = {
    "two areas": (
        TWO_AREAS,
        {
            "lost": [0.19],
            "unserved_mwh": [0.647],
            "area_lost": [[0.1], [0.1]],
            "area_unserved_mwh": [[0.314], [0.333]],
            "area_surplus_mwh": [[5.733], [4.914]],
            "flow_mwh": [[0.081]],
        },
    ),
    "store behind a link": (
        STORE_BEHIND_A_LINK,
        {
            "lost": [0.19, 0.130951],
            "unserved_mwh": [1.94, 1.239289],
            "stored_mwh": [6.561, 7.682202],
            "area_lost": [[0.1, 0.1], [0.19, 0.065341]],
            "area_unserved_mwh": [[0.8, 0.781902], [1.14, 0.457387]],
            "area_surplus_mwh": [[3.879, 6.618087], [0.0, 4.914189]],
            "flow_mwh": [[11.421, 7.663815]],
        },
    ),
    "three areas": (
        THREE_AREAS,
        {"lost": [0.14707, 0.40951, 0.40951, 0.40951], "unserved_mwh": [1.75783, 3.13343, 2.87563, 4.36196]},
    ),
    "three areas, wide links": (
        WIDE_LINKS,
        {"lost": [0.14707, 0.40951, 0.21268, 0.40951], "unserved_mwh": [1.75783, 3.13343, 2.47954, 4.36196]},
    ),
    "one area, units that change": (
        CHANGING_UNITS,
        {"lost": [0.19, 0.19, 0.19, 0.1, 0.1, 0.19], "unserved_mwh": [1.29, 1.29, 1.29, 0.85, 1.05, 1.34]},
    ),
}


@pytest.mark.tiny
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_systems_exactly(name):
    system, answers = PUBLISHED[name]
    found = exact_small(system)
    for field, values in answers.items():
        assert getattr(found, field) == pytest.approx(np.array(values), abs=1e-9), field
    if name == "three areas":  # the two places PRAS itself tests in one area
        assert found.area_lost[2, 1:3] == pytest.approx([0.1, 0.1], abs=1e-12)


@pytest.mark.skipif(not NUMBERS.exists(), reason="published systems are not here")
def test_stored_answers_of_two_areas():
    given = json.loads(NUMBERS.read_text(encoding="utf-8"))["test1_two_regions_one_hour"]
    found = exact_small(TWO_AREAS)
    assert [found.lost.sum(), found.unserved_mwh.sum()] == pytest.approx([given["LOLE"], given["EUE"]], abs=1e-12)
    assert found.area_lost.sum(axis=1) == pytest.approx(given["LOLE_r"], abs=1e-12)
    assert found.area_unserved_mwh.sum(axis=1) == pytest.approx(given["EUE_r"], abs=1e-12)
    assert found.area_surplus_mwh.sum() == pytest.approx(given["E_surplus"], abs=1e-12)


def _misses(system, answers, paths, errors):
    """Published figures that the simulated ones miss by more than so many standard errors."""
    found = simulate_small(system, paths, seed=3)
    missed = []
    for field, values in answers.items():
        simulated = getattr(found, field)
        error = simulated.std(axis=0, ddof=1) / math.sqrt(paths)
        missed += [field] * int(np.sum(np.abs(simulated.mean(axis=0) - values) > errors * error + 1e-12))
    return missed


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_systems_by_simulation(name):
    # Within 3 standard errors, as PRAS tests itself: with a fresh seed a false alarm has 0.0027 a figure, at most 0.05
    # for the 18 figures of the largest system; the seed is fixed. A probability of 0.19 is known to 0.0012, so one
    # that is 0.0053 off would be seen nine times in ten.
    system, answers = PUBLISHED[name]
    assert _misses(system, answers, 100_000, 3.0) == []


def test_simulation_sees_a_worse_link():
    # negative control: a link down 15 % of the time, not 10 %, adds 0.05 * (0.09 * 6 + 0.09 * 7) = 0.0585 MWh of
    # unserved energy; one standard error is about 0.007
    worse = TWO_AREAS._replace(links=(SmallLink(0, 1, 8.0, 0.15, 0.85),))
    assert "unserved_mwh" in _misses(worse, PUBLISHED["two areas"][1], 100_000, 3.0)


def _help(margin, links, capacity):
    """Unserved by area and flows that the kernel finds."""
    start, end = (np.array(column, dtype=np.int64) for column in zip(*links, strict=True))
    give, take, flow = np.maximum(margin, 0.0), np.maximum(-margin, 0.0), np.zeros(len(links))
    forward, back = capacity
    send(give, take, flow, start, end, forward, back, 1e-9, np.empty((2, len(margin)), dtype=np.int64))
    net = margin - np.bincount(start, flow, len(margin)) + np.bincount(end, flow, len(margin))
    assert net == pytest.approx(give - take, abs=1e-9)
    assert np.all(flow <= forward + 1e-9)
    assert np.all(-flow <= back + 1e-9)
    return take, flow


def _by_linear_program(margin, links, capacity):
    """Least unserved, then least flow, then earlier areas served first, by one linear program."""
    from scipy.optimize import linprog

    n, m = len(margin), len(links)
    balance = np.zeros((n, 2 * m + 2 * n))
    for k, (a, b) in enumerate(links):
        balance[[a, b], k] = [-1.0, 1.0]
        balance[[a, b], m + k] = [1.0, -1.0]
    balance[:, 2 * m : 2 * m + n] = np.eye(n)
    balance[:, 2 * m + n :] = -np.eye(n)
    cost = np.concatenate([np.full(2 * m, 1e2), 1e5 - np.arange(n), np.zeros(n)])
    bounds = [(0.0, top) for top in np.concatenate(capacity)] + [(0.0, None)] * (2 * n)
    found = linprog(cost, A_eq=balance, b_eq=-margin, bounds=bounds)
    return found.x[2 * m : 2 * m + n], found.x[: 2 * m].sum()


@pytest.mark.tiny
def test_help_equals_a_linear_program():
    rng = np.random.default_rng(4)
    pairs = [(a, b) for a, b in product(range(5), repeat=2) if a != b]
    moved = 0
    for _ in range(150):
        links = [pairs[k] for k in rng.integers(0, len(pairs), rng.integers(1, 9))]
        margin = rng.integers(-12, 13, 5).astype(float)
        capacity = tuple(rng.integers(0, 10, len(links)).astype(float) for _ in range(2))
        unserved, flow = _help(margin, links, capacity)
        other, length = _by_linear_program(margin, links, capacity)
        assert unserved == pytest.approx(other, abs=1e-6)
        assert np.abs(flow).sum() == pytest.approx(length, abs=1e-6)
        moved += np.any(flow != 0.0)
    assert moved > 80


@pytest.mark.tiny
def test_help_takes_a_flow_back():
    # 0 lacks 5, 1 has 5 and 2 has 5, 3 lacks 5; 1 reaches both, 2 only 0 through 1... all is met only if 1 gives to 3
    links = [(1, 0), (1, 3), (2, 0)]
    unserved, flow = _help(np.array([-5.0, 5.0, 5.0, -5.0]), links, (np.full(3, 5.0), np.zeros(3)))
    assert unserved.tolist() == [0.0] * 4
    assert flow.tolist() == [0.0, 5.0, 5.0]


def _system(seed=1):
    """Three areas in a ring, two units each, hours that differ."""
    rng = np.random.default_rng(seed)
    units = Units(np.array([4.0, 6, 5, 5, 3, 8]), rng.uniform(0.01, 0.05, 6), rng.uniform(0.1, 0.3, 6))
    links = Links(
        np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([2.0, 3, 1]), np.array([2.0, 1, 4]),
        np.array([0.02, 0.0, 0.03]), np.array([0.2, 1.0, 0.1]),
    )  # fmt: skip
    load = rng.integers(3, 11, (3, 30)).astype(float)
    return AreaSystem(("a", "b", "c"), units, np.array([0, 0, 1, 1, 2, 2]), links, load)


@pytest.mark.tiny
def test_exact_equals_enumeration_of_units():
    system = _system()
    fails = np.append(system.units.failure_rate_per_h, system.links.failure_rate_per_h)
    repairs = np.append(system.units.repair_rate_per_h, system.links.repair_rate_per_h)
    states = (np.arange(2**9)[:, None] >> np.arange(9)) & 1  # 1: down
    q = fails / (fails + repairs)
    chance = np.where(states == 1, q, 1.0 - q).prod(axis=1)
    ends = list(zip(system.links.start, system.links.end, strict=True))
    unserved = np.zeros((4, 2**9, 30))
    for k, state in enumerate(states):
        if chance[k] == 0.0:
            continue
        capacity = np.bincount(system.unit_area, (1 - state[:6]) * system.units.mw, 3)
        room = tuple((1 - state[6:]) * mw for mw in (system.links.mw, system.links.back_mw))
        for hour in range(30):
            unserved[:3, k, hour] = _help(capacity - system.load_mw[:, hour], ends, room)[0]
    unserved[3] = unserved[:3].sum(axis=0)
    lost = unserved > 1e-8
    begins = np.zeros(4)
    for part in range(9):
        other = np.arange(2**9) ^ (1 << part)
        rate = np.where(states[:, part] == 1, repairs[part], fails[part])
        begins += np.einsum("s,ash->a", chance * rate, ~lost & lost[:, other])
    begins += np.einsum("s,ash->a", chance, ~lost[:, :, :-1] & lost[:, :, 1:])
    found = exact_areas(system)
    for k, own in enumerate((*found.areas, found.system)):
        assert own.lole_h == pytest.approx((chance @ lost[k]).sum(), rel=1e-11)
        assert own.loee_mwh == pytest.approx((chance @ unserved[k]).sum(), rel=1e-11)
        assert own.lolf == pytest.approx(begins[k], rel=1e-10)
        load = system.load_mw[k] if k < 3 else system.load_mw.sum(axis=0)
        peaks = [int(load[:24].argmax()), 24 + int(load[24:].argmax())]
        assert own.lole_days == pytest.approx((chance @ lost[k])[peaks].sum(), rel=1e-11)


@pytest.mark.tiny
def test_a_repaired_link_may_take_help_away():
    # 5 MW in the middle, 5 MW lacking on either side; north is helped first where its link works (9 hours in 10)
    links = Links(
        *np.array([[1, 1], [0, 2]]), np.full(2, 5.0), np.full(2, 5.0), np.array([0.01, 0.0]), np.array([0.09, 1])
    )
    units = Units(np.array([5.0]), np.zeros(1), np.ones(1))
    load = np.array([[5.0], [0.0], [5.0]]) * np.ones(10)
    system = AreaSystem(("north", "middle", "south"), units, np.array([1]), links, load)
    found = exact_areas(system)
    assert found.system == pytest.approx((10.0, 1.0, 50.0, 0.0))
    # both begin 0.9 * 0.01 = 0.1 * 0.09 times an hour
    assert found.areas[0] == pytest.approx((1.0, 0.1, 5.0, 0.09))
    assert found.areas[2] == pytest.approx((9.0, 0.9, 45.0, 0.09))


def test_one_area_is_the_system_at_one_bus():
    system = _system()
    load = system.load_mw.sum(axis=0)
    one = AreaSystem(("all",), system.units, np.zeros(6, dtype=int), Links.none(), load[None])
    bus = exact_indices(system.units, load)
    assert exact_areas(one).system == pytest.approx(bus, rel=1e-10)
    for a, b in zip(simulate_areas(one, 50, 3).system, simulate_years(system.units, load, 50, 3), strict=True):
        assert a.tolist() == b.tolist()
    # and so are areas whose links carry all and never fail
    wide = Links(*np.array([[0, 1], [1, 2]]), *np.full((2, 2), 1e6), np.zeros(2), np.ones(2))
    assert exact_areas(system._replace(links=wide)).system == pytest.approx(bus, rel=1e-10)


@pytest.mark.tiny
def test_areas_without_links_are_on_their_own():
    system = _system()._replace(links=Links.none())
    for area, found in enumerate(exact_areas(system).areas):
        assert found == pytest.approx(exact_indices(system.units_of(area), system.load_mw[area]), rel=1e-10)


def test_simulation_agrees_within_its_errors():
    # 16 figures, false alarm about 1e-4 each at 3.9 standard errors; 2 % of the hours lost in all would be seen
    system, years = _system(), 30_000
    exact, found = exact_areas(system), simulate_areas(system, years, seed=7)
    for own, simulated in zip((*exact.areas, exact.system), (*found.areas, found.system), strict=True):
        for field in own._fields:
            values = getattr(simulated, field)
            error = values.std(ddof=1) / math.sqrt(years)
            assert abs(values.mean() - getattr(own, field)) < 3.9 * error, field
    # negative control: links that fail twice as often are told apart
    links = system.links._replace(failure_rate_per_h=2.0 * system.links.failure_rate_per_h)
    worse, values = exact_areas(system._replace(links=links)).system, found.system.loee_mwh
    assert abs(values.mean() - worse.loee_mwh) > 3.9 * values.std(ddof=1) / math.sqrt(years)


def test_too_many_states_are_refused():
    rng = np.random.default_rng(2)
    units = Units(rng.uniform(1.0, 9.0, 24), np.full(24, 1e-3), np.full(24, 0.1))
    system = AreaSystem(("a", "b"), units, np.repeat([0, 1], 12), Links.none(), np.full((2, 24), 30.0))
    with pytest.raises(ValueError, match="too many to enumerate"):
        exact_areas(system)


UNITS = "name,area,mw,failures_per_year,repair_hours,count\ng,north,20,6,45,2\ng,south,40,6,45,1\nh,south,30,3,60,1\n"
LOAD = "hour,north_mw,south\n" + "".join(f"{hour},{30 + hour % 24 % 5},{35 + hour % 24 % 7}\n" for hour in range(48))
LINKS = "from,to,mw,failures_per_year,repair_hours\nnorth,south,15,4,24\n"


def _adequacy(tmp_path, units=UNITS, load=LOAD, links=LINKS, *options):
    files = {"units.csv": units, "load.csv": load, "links.csv": links}
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
    arguments = ["adequacy", str(tmp_path / "units.csv"), str(tmp_path / "load.csv"), "--seed", "7"]
    if links is not None:
        arguments += ["--links", str(tmp_path / "links.csv")]
    return CliRunner().invoke(app, [*arguments, *options], env={"COLUMNS": "160"})


def test_command(tmp_path):
    out = tmp_path / "found.csv"
    done = _adequacy(tmp_path, UNITS, LOAD, LINKS, "--json", "--years", "200", "--out", str(out))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["units"], found["links"], found["installed_mw"]) == (4, 1, 110.0)
    assert list(found["areas"]) == ["north", "south"]
    assert found["areas"]["north"]["units"] == 2
    system, _ = read_areas(tmp_path / "units.csv", tmp_path / "load.csv", tmp_path / "links.csv")
    exact = exact_areas(system)
    assert found["exact"]["lole_h_per_year"] == exact.system.lole_h
    assert found["areas"]["south"]["exact"]["loee_mwh_per_year"] == exact.areas[1].loee_mwh
    rows = out.read_text().splitlines()
    assert rows[0] == "area,index,unit,exact,simulated,standard_error"
    assert len(rows) == 13
    done = _adequacy(tmp_path)
    assert done.exit_code == 0
    assert "all areas" in done.stdout
    assert "north: 40 MW" in done.stdout
    alone = json.loads(_adequacy(tmp_path, UNITS, LOAD, None, "--json", "--years", "0").stdout)
    assert alone["links"] == 0
    assert alone["exact"]["loee_mwh_per_year"] > found["exact"]["loee_mwh_per_year"]


def test_what_cannot_be_enumerated_is_simulated(tmp_path):
    rows = [f"{name},{1 + k * k / 7},6,45" for name in ("north", "south") for k in range(12)]
    units = "\n".join(["area,mw,failures_per_year,repair_hours", *rows])
    done = _adequacy(tmp_path, units, LOAD, LINKS, "--json", "--years", "20")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["exact"] is None
    assert "no exact figures" in _adequacy(tmp_path, units, LOAD, LINKS, "--years", "20").stdout
    done = _adequacy(tmp_path, units, LOAD, LINKS, "--years", "0")
    assert done.exit_code == 2
    assert "type --years 2000 to simulate" in done.output


def test_links_may_carry_less_back(tmp_path):
    text = "from,to,mw,back_mw,mttf_hours,repair_hours,count\nnorth,south,15,5,2190,24,2\n"
    assert _adequacy(tmp_path, UNITS, LOAD, text, "--years", "0").exit_code == 0
    system, _ = read_areas(tmp_path / "units.csv", tmp_path / "load.csv", tmp_path / "links.csv")
    assert system.links.mw.tolist() == [15.0, 15.0]
    assert system.links.back_mw.tolist() == [5.0, 5.0]
    assert system.links.failure_rate_per_h == pytest.approx([1 / 2190] * 2)


@pytest.mark.parametrize(
    ("units", "load", "links", "message"),
    [
        (UNITS, LOAD, LINKS.replace("south", "suoth"), "row 2, to = 'suoth'"),
        (UNITS, LOAD, LINKS.replace("south", "suoth"), "did you mean south?"),
        (UNITS.replace("h,south", "h,east"), LOAD, LINKS, "area east"),
        (UNITS.replace("h,south", "h,"), LOAD, LINKS, "row 4, area"),
        (UNITS.replace("h,south", "g,south"), LOAD, LINKS, "row 4, name = 'g': comes twice"),
        (UNITS, LOAD, LINKS.replace("15", "-15"), "row 2, mw = '-15': type a capacity in MW"),
        (UNITS, LOAD, LINKS.replace("to,", "zu,"), "unknown columns: zu"),
        (UNITS, LOAD, LINKS.replace("from,", "area,"), "unknown columns: area"),
        (UNITS, LOAD, LINKS.replace("north,south", "north,north"), "is the area the link comes from"),
        (UNITS, LOAD, "north,south,15,4,24\nnorth,south,15,4,24\n", "column mw: missing"),
        (UNITS, LOAD.replace("\n7,", "\n70,"), LINKS, "row 9, hour = '70': follows 6"),
        (UNITS, LOAD.replace("\n7,32,35", "\n7,nan,35"), LINKS, "row 9, north_mw = 'nan'"),
        (UNITS, LOAD.replace("\n7,32,35", "\n7,,35"), LINKS, "row 9, north_mw = 'nothing'"),
        (UNITS, LOAD.replace("north_mw", "norht"), LINKS, "did you mean norht?"),
        (UNITS, LOAD.split("\n", 1)[1], LINKS, "the first row must name the columns"),
        (UNITS, "load_mw\n5\n", LINKS, "no column of this area"),
        (UNITS, "north,south,west\n5,5,5\n", LINKS, "area west: has load but neither units nor links"),
        ("mw,failures_per_year,repair_hours\n1,2,3\n", LOAD, LINKS, "column area: missing: links need the area"),
        (UNITS, "load_mw\n5\n", None, "no column of this area"),
    ],
)
def test_bad_input(tmp_path, units, load, links, message):
    out = tmp_path / "found.csv"
    done = _adequacy(tmp_path, units, load, links, "--out", str(out))
    assert done.exit_code == 2, done.output
    assert message in done.output
    assert not out.exists()

"""Every range is checked before it is kept: what cannot be is found, and named so that it can be seen alone."""

import dataclasses
import pickle
import shlex

import numpy as np
import pytest

from riskmodel.ledger_lines import Line
from riskmodel.path_tables import range_tables
from riskmodel.quantities import Quantity
from riskmodel.range_checks import BrokenPath, check_range
from riskmodel.range_store import DamagedRange
from riskmodel.run import run_to_folder
from studies.cli_run import RunRequest, alone_command
from tests.fake_engine import fake_simulate_range, small_study

pytestmark = pytest.mark.tiny

SEED, FIRST, N = 7, 100, 8
PATH, STRATEGY, YEAR = 3, 1, 2


@pytest.fixture(scope="module")
def study():
    return small_study()


@pytest.fixture
def result(study):
    found = fake_simulate_range(study, SEED, FIRST, N)
    events = {name: column.copy() for name, column in found.events.items()}
    scalars = {name: column.copy() for name, column in found.scalars.items()}
    return dataclasses.replace(found, annual=found.annual.copy(), scalars=scalars, events=events)


def test_a_good_range_passes(study, result):
    check_range(study, SEED, result, range_tables(study, result, []))


ANNUAL = [
    (Quantity.IMPORT_KWH, np.nan, "import_kwh must be 0 or above"),
    (Quantity.PV_KWH, -1.0, "pv_kwh must be 0 or above"),
    (Quantity.ENERGY_COST_EUR, np.inf, "energy_cost_eur must be a number"),
    (Quantity.CAPACITY_LEFT, 1.6, "capacity_left must be from 0"),
    (Quantity.CAPACITY_LEFT, np.nan, "capacity_left must be from 0"),
    (Quantity.INTERRUPTIONS, 1.5, "interruptions must be a whole number"),
    (Quantity.POWERED_GPU_HOURS, 1e9, "powered_gpu_hours must be at most"),
    (Quantity.POTENTIAL_GPU_HOURS, 1e9, "potential_gpu_hours must be at most"),
    (Quantity.LOST_WAITING_GPU_HOURS, 1e9, "lost GPU-hours must be at most"),
    (Quantity.IMPORT_KWH, 2e7, "energy from the grid is above the load"),
    (Quantity.IMPORT_KWH, 1e6, "energy consumed is below"),
    (Quantity.DISCHARGE_KWH, 1e5, "cabinets gave more than they had"),
    (Quantity.PV_KWH, 9e6, "PV gave more than"),
    (Quantity.LOST_RESTART_GPU_HOURS, 900.0, "eur_restart of the events must be"),
]


@pytest.mark.parametrize(("quantity", "value", "message"), ANNUAL, ids=[f"{q.name}={v}" for q, v, _ in ANNUAL])
def test_a_broken_year_is_found(study, result, quantity, value, message):
    if quantity == Quantity.DISCHARGE_KWH:  # moved through the cabinets, so that the year's balance stays
        result.annual[PATH, STRATEGY, YEAR, Quantity.IMPORT_KWH] -= value
    result.annual[PATH, STRATEGY, YEAR, quantity] = value
    with np.errstate(all="ignore"):
        tables = range_tables(study, result, [])
    with pytest.raises(BrokenPath, match=f"path 103: strategy string, year 3: {message}") as caught:
        check_range(study, SEED, result, tables)
    assert (caught.value.path, caught.value.seed) == (FIRST + PATH, SEED)
    assert str(caught.value).endswith("--seed 7 --first-path 103 --paths 1")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("residual_voltage", 1.2, "residual_voltage of event"),
        ("hour", 9000.0, "hour of event"),
        ("outcome", 9, "outcome of event"),
        ("path", 99, "rows of paths that are not in its range"),
    ],
)
def test_a_broken_event_is_found(study, result, name, value, message):
    tables = range_tables(study, result, [])
    tables.events[name] = tables.events[name].copy()
    tables.events[name][0] = value
    with pytest.raises(BrokenPath, match=message):
        check_range(study, SEED, result, tables)


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [
        ("years", f"{Line.FUEL.name.lower()}_eur", "lines must add up|present value|eur_fuel"),
        ("years", "net_cash_eur", "lines must add up to the net cash"),
        ("paths", "npv_eur", "npv_eur must be the present value"),
        ("paths", "best", "one strategy must be the best"),
        ("paths", "path", "other rows than 3 for each of 8 paths"),
    ],
)
def test_broken_money_is_found(study, result, table, column, message):
    tables = range_tables(study, result, [])
    values = getattr(tables, table)[column] = getattr(tables, table)[column].copy()
    values[10] = ~values[10] if values.dtype == bool else values[10] + 1000
    with pytest.raises(BrokenPath, match=message):
        check_range(study, SEED, result, tables)


def test_a_broken_input_is_found(study, result):
    tables = range_tables(study, result, [])
    field = next(iter(result.scalars))
    result.scalars[field][PATH] = np.nan
    with pytest.raises(BrokenPath, match=f"path 103: {field} must be a number"):
        check_range(study, SEED, result, tables)


def broken_at_37(study, seed, first, n, **how):
    """The engine, but path 37 consumes too much."""
    found = fake_simulate_range(study, seed, first, n, **how)
    annual = found.annual.copy()
    if first <= 37 < first + n:
        annual[37 - first, 0, 3, Quantity.IMPORT_KWH] *= 2.0
    return dataclasses.replace(found, annual=annual)


def test_a_run_stops_at_a_broken_path_and_that_path_alone_shows_it(study, tmp_path):
    with pytest.raises(BrokenPath) as caught:
        run_to_folder(study, tmp_path / "run", 60, SEED, simulate_range=broken_at_37, paths_per_range=10)
    assert caught.value.path == 37
    assert (tmp_path / "run" / "ranges" / "000000020-000000030").is_dir()
    assert not (tmp_path / "run" / "ranges" / "000000030-000000040").exists()
    with pytest.raises(BrokenPath, match="path 37: strategy grid, year 4: energy from the grid is above the load"):
        run_to_folder(study, tmp_path / "alone", 1, SEED, simulate_range=broken_at_37, first_path=37)
    run_to_folder(study, tmp_path / "next", 1, SEED, simulate_range=broken_at_37, first_path=38)


def test_paths_from_the_middle_are_those_of_the_whole_run(study, tmp_path):
    whole = run_to_folder(study, tmp_path / "whole", 60, SEED, simulate_range=fake_simulate_range)
    part = run_to_folder(study, tmp_path / "part", 20, SEED, simulate_range=fake_simulate_range, first_path=30)
    expected = whole.paths[whole.paths.path.between(30, 49)].reset_index(drop=True)
    assert part.paths.equals(expected)
    assert part.manifest["first_path"] == 30


def test_errors_travel_between_processes():
    broken = pickle.loads(pickle.dumps(BrokenPath(37, 7, "it is wrong")))
    assert (broken.path, broken.seed, broken.what) == (37, 7, "it is wrong")
    damaged = pickle.loads(pickle.dumps(DamagedRange(0, 6, "a file of the range is missing")))
    assert (damaged.first, damaged.end) == (0, 6)


def test_the_command_for_one_path():
    request = RunRequest("a study.toml", paths=1000, overrides=("cluster.gpus=80",), cluster="local:2", resume=True)
    words = shlex.split(alone_command(request, 7, 37))
    assert words[words.index("run") :] == [
        "run", "a study.toml", "--out", "out/path-37", "--paths", "1", "--seed", "7", "--first-path", "37", "--set",
        "cluster.gpus=80",
    ]  # fmt: skip

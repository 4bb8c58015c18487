"""What one more MWh is worth: sizes, paired steps by hand, errors, and the command that prints them."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

import studies
from distributions.cells.codes import CellCode
from riskmodel import cabinet_markov
from riskmodel.quantities import Quantity
from studies import cli_storage, storage_study
from studies.cli import app
from studies.storage_sizes import sizes_of, study_of
from studies.storage_study import PARTS, Case, _of_range, _ratio, compare
from tests.fake_engine import STUDY, fake_simulate_range

SEED = 3
SAVING_EUR = 1000.0
"""What the stand-in engine saves of the energy bill a year for each MWh of storage."""


def case_of(paths=60, overrides=()):
    """Case of the small study, its sizes validated one by one as the command does."""
    from riskmodel.study import parse_study

    text = STUDY.format(years=4)
    sizes = sizes_of(10, 125.0, 261.0)
    key = "strategies.string.storage"
    resized = [
        parse_study(text, overrides=[*overrides, *more])
        for s in sizes
        for more in [[f"{key}.cabinets={s.cabinets}", f"{key}.cabinet_energy_kwh={s.energy_kwh}"] if s.cabinets else []]
    ]
    study = parse_study(text, overrides=overrides)
    return Case(study_of(study, "string", resized, sizes), "string", sizes, paths, SEED)


def engine(study, seed, first, n, **how):
    """The stand-in, with a bill that falls by a drawn sum for each MWh, and a law drawn for each path."""
    result = fake_simulate_range(study, seed, first, n, **how)
    draw = np.random.default_rng(seed).normal(1.0, 0.2, 100_000)[first : first + n]
    for index, strategy in enumerate(study.strategies.values()):
        storage = strategy.storage
        mwh = storage.cabinets * storage.cabinet_energy_kwh / 1000.0 if storage else 0.0
        result.annual[:, index, :, Quantity.ENERGY_COST_EUR] = 1e6 - SAVING_EUR * mwh * draw[:, None]
        result.annual[:, index, :, Quantity.ARBITRAGE_EUR] = 0.0
    result.scalars["cells.ageing"] = np.arange(first, first + n) % 3.0
    return result


@pytest.mark.tiny
def test_sizes_by_hand():
    sizes = sizes_of(19, 125.0, 261.0)
    assert [s.cabinets for s in sizes] == [0, 10, 14, 19, 24, 29, 19, 19, 19]
    assert [s.ladder for s in sizes] == ["", *["count"] * 5, *["duration"] * 3]
    assert sizes[3].energy_mwh == pytest.approx(4.959)
    assert [s.energy_kwh for s in sizes[-3:]] == [125.0, 250.0, 500.0]


@pytest.mark.tiny
def test_counts_that_fall_together_stand_once():
    """Of one cabinet 50 %, 75 %, 100 % and 125 % are one, and 150 % are two."""
    sizes = [s for s in sizes_of(1, 125.0, 261.0) if s.ladder == "count"]
    assert [s.cabinets for s in sizes] == [1, 2]


@pytest.mark.parametrize("cabinets", [1, 2, 3, 10])
def test_the_size_that_was_typed_is_always_there(cabinets):
    names = [s.name for s in sizes_of(cabinets, 125.0, 261.0)]
    assert storage_study.AS_TYPED in names
    assert len(set(names)) == len(names)


def test_steps_by_hand():
    """A bill 1,000 EUR a year smaller for each MWh, over 4 years at 8 %: 3,312 EUR; price 180 to 300 EUR/kWh."""
    record = compare(case_of(), simulate_range=engine)
    annuity = sum(1.08**-year for year in range(1, 5))
    draw = np.random.default_rng(SEED).normal(1.0, 0.2, 100_000)[:60]
    for rows in record["steps"].values():
        assert rows[0]["from"] == "none"
        for row in rows:
            energy = row["energy_eur_per_mwh"]
            assert energy["value"] == pytest.approx(SAVING_EUR * annuity * draw.mean(), rel=1e-9)
            error = SAVING_EUR * annuity * draw.std(ddof=1) / math.sqrt(60)
            assert energy["standard_error"] == pytest.approx(error, rel=1e-9)
            total = sum(row[f"{name}_eur_per_mwh"]["value"] for name in PARTS)
            assert row["npv_eur_per_mwh"]["value"] == pytest.approx(total, rel=1e-9)
            assert -350_000.0 < row["bought_eur_per_mwh"]["value"] < -200_000.0
    sizes = [row["energy_mwh"] for row in record["steps"]["count"]]
    assert sizes == pytest.approx([5 * 0.261, 8 * 0.261, 2.61, 13 * 0.261, 15 * 0.261])
    added = [row["added_mwh"] for row in record["steps"]["duration"]]
    assert added == pytest.approx([1.25, 1.25, 2.5])


def test_steps_are_paired():
    """Prices differ between paths by far more than the step does: unpaired, its error would be many times larger."""
    case = case_of()
    record = compare(case, simulate_range=engine)
    row = record["steps"]["count"][2]
    npv = _of_range(case, engine(case.study, SEED, 0, 60)).npv[:, 3]
    unpaired = npv.std(ddof=1) * math.sqrt(2.0 / 60) / row["added_mwh"]
    assert row["npv_eur_per_mwh"]["standard_error"] < 0.2 * unpaired


def test_capacity_is_that_of_cells_never_renewed_by_law():
    case = case_of(paths=90)
    last = case.study.strategies[storage_study.LAST]
    assert (last.storage.end_of_life_capacity, last.storage.augment_below_mwh) == (0.0, 0.0)
    assert last.connection.time_to_power_months.mean() == 0.0
    record = compare(case, simulate_range=engine)
    rows = record["capacity"]
    assert [row["law"] for row in rows] == [*(code.name.lower() for code in CellCode), "all"]
    assert [row["paths"] for row in rows] == [30, 30, 30, 90]
    assert all(row["years_in_service"] == 4 for row in rows)  # shorter than ten years: the last one
    mean = sum(row["mean"]["value"] for row in rows[:3]) / 3
    assert rows[3]["mean"]["value"] == pytest.approx(mean, rel=1e-9)
    assert all(row["p5"]["value"] <= row["mean"]["value"] <= row["p95"]["value"] for row in rows)
    assert record["capacity_by_year"]["all"]["mean"][0] == 1.0


def test_one_law_for_all_paths():
    def one_law(study, *how):
        result = engine(study, *how)
        del result.scalars["cells.ageing"]
        return result

    record = compare(case_of(overrides=["strategies.string.storage.ageing_law=naumann_2020"]), simulate_range=one_law)
    assert [row["law"] for row in record["capacity"]] == ["naumann_2020", "all"]


def test_ratio_and_its_error():
    """Mean 6 over mean 2; the error of 400 samples against that of one, to a tenth (3.5 % is one standard error)."""
    rng = np.random.default_rng(1)
    under = rng.uniform(1.0, 3.0, (400, 200))
    over = 3.0 * under + rng.normal(0.0, 1.0, under.shape)
    found = [_ratio(a, b) for a, b in zip(over, under, strict=True)]
    scatter = np.std([e.value for e in found], ddof=1)
    assert np.mean([e.standard_error for e in found]) == pytest.approx(scatter, rel=0.15)
    assert found[0].value == pytest.approx(3.0, abs=5 * scatter)


def test_no_failures_simulated_and_a_chain_too_large(monkeypatch):
    assert compare(case_of(paths=20), simulate_range=engine)["availability"] is None

    def too_large(*arguments, **how):
        raise cabinet_markov.TooManyStates("many")

    monkeypatch.setattr(cabinet_markov, "exact_shares", too_large)
    assert storage_study._exact(np.zeros(17), 3, 4) == ([], [])


def test_working_cabinets_of_a_shipped_study():
    """Chain with at most 3 failed at once beside simulated fleets, 19 cabinets: within 4.5 errors (1e-5), all rows."""
    study = studies.load("nordic_inference")
    mine = study.strategies["string_storage_pv"]
    sizes = sizes_of(19, 125.0, 261.0)
    case = Case(study_of(study, "string_storage_pv", [study] * len(sizes), sizes), "string_storage_pv", sizes, 2, SEED)
    assert case.storage == mine.storage
    nothing = np.zeros(2)
    found = storage_study._Paths(nothing, nothing, nothing, nothing, np.array([1.0, 3.0]), np.array([100.0, 100.0]))
    record = storage_study._availability(case, found)
    assert record["down_in_lifetimes"]["value"] == pytest.approx(0.02)
    for row in record["rows"]:
        error = row["simulated"]["standard_error"] or 1e-5
        assert abs(row["simulated"]["value"] - row["exact"]) < 4.5 * max(error, 1e-5)
        assert row["cut_changes"] < 3e-5
    # negative control: crews and spares without limit and groups that never fail are told apart in the last row
    last = record["rows"][-1]
    assert abs(last["simulated"]["value"] - last["unlimited_crews"]) > 4.5 * last["simulated"]["standard_error"]


@pytest.fixture
def command(monkeypatch, tmp_path):
    """The command on the stand-in engine and the small study."""
    file = tmp_path / "small.toml"
    file.write_text(STUDY.format(years=4))
    whole = storage_study.compare

    def quick(case, progress=None):
        return whole(case, progress, engine)

    monkeypatch.setattr(storage_study, "compare", quick)
    monkeypatch.setattr(storage_study, "STRING_PATHS", 20)
    return lambda *more: CliRunner().invoke(app, ["storage", str(file), "--paths", "40", "--seed", "3", *more])


def test_command_writes_tables_and_figures(command, tmp_path):
    out = tmp_path / "storage"
    done = command("--json", "--out", str(out))
    assert done.exit_code == 0, done.output
    record = json.loads(done.output)
    assert record["strategy"] == "string"
    assert json.loads((out / "storage.json").read_text()) == record
    assert sorted(file.name for file in out.iterdir()) == [
        "storage.csv", "storage.json", "storage_capacity.png", "storage_capacity.svg", "storage_value.png",
        "storage_value.svg", "strings.png", "strings.svg",
    ]  # fmt: skip
    lines = (out / "storage.csv").read_text().splitlines()
    assert lines[0] == "table,row,quantity,value,standard_error,unit"
    assert any(line.startswith("value by count,2.61 MWh,npv_eur_per_mwh,-") for line in lines)


def test_command_prints_tables(command):
    done = command("--strategy", "string")
    assert done.exit_code == 0, done.output
    for words in ("100 % (10)", "4 h", "blast_sony_murata", "Failures of single cabinets are not simulated", "central"):
        assert words in done.output
    assert "…" not in done.output


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--paths", "1"], "--paths 1: must be from 2 to 1,000,000 lifetimes"),
        (["--strategy", "grid"], "--strategy grid: has no storage: type one of string"),
        (["--strategy", "strin"], "no such strategy: type one of string; did you mean string?"),
        (["--set", "strategies.string.storage.cabinets=0"], "strategies.string.storage.cabinets = 0"),
    ],
)
def test_command_says_what_is_wrong_and_writes_nothing(command, tmp_path, more, message):
    out = tmp_path / "out"
    done = command(*more, "--out", str(out))
    assert done.exit_code == 2
    assert message in done.output
    assert not out.exists()


def test_command_will_not_take_a_file_for_a_folder(command, tmp_path):
    file = tmp_path / "taken"
    file.write_text("mine")
    done = command("--out", str(file))
    assert done.exit_code == 2
    assert "is a file" in done.output
    assert file.read_text() == "mine"


def test_study_without_storage_is_refused():
    from typer import Exit

    study = studies.load("nordic_inference")
    bare = study.model_copy(update={"strategies": {"grid": study.strategies["grid_expansion"]}})
    with pytest.raises(Exit):
        cli_storage._strategy(bare, None)

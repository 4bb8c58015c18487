"""Results that are not whole: bits flipped in tables too large for their SHA-256 to be compared; columns that lack."""

import io
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from riskmodel import results_check
from riskmodel.event_files import event_groups
from riskmodel.finance_report import line_values
from riskmodel.results import load_results
from riskmodel.run import RunError, run_to_folder
from riskmodel.store import path_column, year_sums
from riskmodel.variance_split import split_rows
from studies.cli import app
from tests.fake_engine import fake_simulate_range, small_study, written_anew

FLIPS = 60
"""Places of a file that are tried: those of its pages, one by one, evenly apart."""


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages") / "run"
    run_to_folder(small_study(), folder, 200, 7, simulate_range=fake_simulate_range)
    return folder


def pages_end(content):
    """Where the footer begins."""
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


def flipped(content):
    for at in np.linspace(4, pages_end(content) - 1, FLIPS).astype(int):
        yield content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


def whole(table):
    return pd.util.hash_pandas_object(table).to_numpy()


def years(folder):
    results = load_results(folder)
    return [whole(results.years), line_values(results), year_sums(folder, ["fuel_eur"], 0, 3, results.n_years)]


READINGS = {
    "paths": lambda folder: [whole(load_results(folder).paths), path_column(folder, "npv_eur", 3)],
    "years": years,
    "events": lambda folder: [
        whole(load_results(folder).events),
        *(g["event"] for g in event_groups(folder, ["event"])),
    ],
    "redrawn": lambda folder: list(split_rows(folder, ("grid", "string", "diesel"), "grid")),
}


@pytest.mark.parametrize("name", READINGS)
def test_a_flipped_bit_is_refused_or_changes_nothing(run_folder, name, monkeypatch):
    """With the comparison of whole files switched off, as for files of more than 2 GB."""
    monkeypatch.setattr(results_check, "MOST_HASHED_BYTES", 0)
    place = run_folder / f"{name}.parquet"

    def read_again(folder):
        return [str(np.asarray(part).tolist()) for part in READINGS[name](folder)]

    good = place.read_bytes()
    as_written = read_again(run_folder)
    told = []
    try:
        for content in flipped(good):
            place.write_bytes(content)
            try:
                assert read_again(run_folder) == as_written
            except RunError as error:
                told.append(str(error))
    finally:
        place.write_bytes(good)
    assert told
    assert all(str(place) in text for text in told)


def test_without_checksums_some_flips_would_be_read():
    """Negative control: what the library finds by itself is not enough."""
    values = np.random.default_rng(3).standard_normal(2000)
    silent = {}
    for checked in (False, True):
        stream = io.BytesIO()
        pq.write_table(pa.table({"a": values}), stream, compression="zstd", write_page_checksum=checked)
        silent[checked] = 0
        for content in flipped(stream.getvalue()):
            try:
                with pq.ParquetFile(io.BytesIO(content), page_checksum_verification=checked) as file:
                    silent[checked] += not np.array_equal(file.read().column("a").to_numpy(), values)
            except (OSError, ValueError):
                continue
    assert silent[False] > FLIPS // 2
    assert silent[True] == 0


LACKING = [
    ("events", "eur_lost", "losses"),
    ("events", "hours_down", "cover"),
    ("years", "storage_fire_eur", "losses"),
    ("years", "storage_fire_eur", "finance"),
    ("paths", "npv_eur", "finance"),
    ("paths", "delta_npv_eur", "report"),
    ("events", "gpu_hours_rework", "report"),
]
MORE = {"cover": ["outage"], "report": ["--for", "analyst"]}


@pytest.mark.parametrize(("table", "column", "command"), LACKING)
def test_a_column_that_is_not_there_is_named(run_folder, tmp_path, table, column, command):
    """As in a folder of another version, or one made to hurt: its manifest has the SHA-256 of what is there."""
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    place = folder / f"{table}.parquet"
    left = pq.read_table(place).drop_columns([column])
    pq.write_table(left, place)
    written_anew(folder)
    out = ["--out", str(tmp_path / "out")] if command == "report" else []
    result = CliRunner().invoke(app, [command, str(folder), *MORE.get(command, []), *out])
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert str(place) in result.output
    assert column in result.output
    assert not (tmp_path / "out").exists()


def test_an_error_below_zero_is_refused(run_folder, tmp_path):
    """Found by fuzzing."""
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    place = folder / "summary.csv"
    first = place.read_text().splitlines()[1].split(",")
    place.write_text(place.read_text().replace(f",{first[3]},", ",-1,", 1))
    written_anew(folder)
    with pytest.raises(RunError, match=f"standard_error of {first[1]} is -1, below 0"):
        load_results(folder).table()

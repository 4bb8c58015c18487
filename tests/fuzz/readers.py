"""The readers of files that users hand over: how each is called, what it may raise, and files it reads."""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from distributions.input_files import FileError, read_bytes
from riskmodel import manifest as manifests
from tests.fuzz.mutate import mutated, mutated_zip

__all__ = ["QUICK", "READERS", "Reader"]

QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Folder in memory, where there is one: a disk is slower than most readers."""


class Reader(NamedTuple):
    """A reader under test.

    Attributes
    ----------
    name, suffix : str
    read : callable
        Path of the file -> anything.
    refusals : callable
        Gives the exceptions that the commands turn into one message and exit code 2.
    seeds : callable
        Gives files that the reader reads.
    make : callable
        (seeds, seed, k) -> input number k.
    """

    name: str
    suffix: str
    read: Callable[[Path], Any]
    refusals: Callable[[], tuple[type[Exception], ...]]
    seeds: Callable[[], list[bytes]]
    make: Callable[[list[bytes], int, int], bytes] = mutated


def _study_errors() -> tuple[type[Exception], ...]:
    from riskmodel.study import StudyError

    return (StudyError,)


def _history_errors() -> tuple[type[Exception], ...]:
    from distributions.table_reading import HistoryError

    return (HistoryError,)


def _run_errors() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    from riskmodel.run import RunError
    from riskmodel.study import StudyError

    return (RunError, StudyError, pa.ArrowException)


def _study(path: Path) -> Any:
    from riskmodel.study import load_study

    return load_study(path).to_toml()


@functools.cache
def _small_study() -> bytes:
    from tests.fake_engine import STUDY

    return STUDY.format(years=2).encode()


def _study_seeds() -> list[bytes]:
    import studies

    return [_small_study()] * 8 + [studies.path("nordic_inference").read_bytes()]


def _stress(path: Path) -> Any:
    from riskmodel.stress_cases import read_cases

    return read_cases(path)


def _stress_seeds() -> list[bytes]:
    from riskmodel.stress_cases import SHIPPED

    return [
        SHIPPED.read_bytes()[:4000].rpartition(b"\n[")[0],
        b"[a]\n[[a.event]]\nyear = 1\nhour = 5\nduration_h = 3\n",
    ]


def _cover(path: Path) -> Any:
    from riskmodel.insurance.cover_file import read_cover

    return read_cover(path)


def _cover_seeds() -> list[bytes]:
    folder = Path(__file__).parents[2] / "studies" / "covers"
    return [file.read_bytes() for file in sorted(folder.glob("*.toml"))]


def _portfolio(path: Path) -> Any:
    from riskmodel.insurance.portfolio_file import read_portfolio

    return read_portfolio(path, _loaded)


@functools.lru_cache(maxsize=64)
def _loaded(name: str, overrides: Any) -> Any:
    from riskmodel.study import StudyError, parse_study
    from riskmodel.study.problems import MISSING, Problem

    if name != "small":
        raise StudyError([Problem(name, "", MISSING, "no such study")])
    return parse_study(_small_study().decode(), overrides=overrides)


def _portfolio_seeds() -> list[bytes]:
    head = b'[portfolio]\nname = "two"\n[grids.north]\nregion = "SE3"\nsource = "judgement"\n'
    head += b"[grids.north.common]\nextreme = 0.8\n"
    site = b'[[sites]]\nname = "%s"\nstudy = "small"\nstrategy = "grid"\ngrid = "north"\n'
    site += b'set = ["study.years=2"]\ncount = 2\n'
    return [head + site % b"one" + site % b"two"]


def _system(path: Path) -> Any:
    from riskmodel.survival_system import read_system

    return read_system(path)


def _system_seeds() -> list[bytes]:
    import json

    from riskmodel.survival_system import EXAMPLE

    tables = {
        "load_kw": [1, 2],
        "pv_kw": [0, 1],
        "generators": {"power_kw": 3},
        "battery": {"power_kw": 1, "energy_kwh": 2},
    }
    return [EXAMPLE.encode(), json.dumps(tables).encode()]


def _losses(path: Path) -> Any:
    from riskmodel.insurance.from_csv import events_of_csv

    return events_of_csv(path, 10)


def _losses_seeds() -> list[bytes]:
    full = b"period,weight,event,loss,duration_h,down_h,hour,cause,path\n"
    return [
        b"period,weight,event,loss\n1,1,1,1000\n2,1,2,0.5\n9,1,3,7e5\n",
        full + b"1,1,1,1000,2,1.5,10,sag,1\n3,1,2,50,2,1.5,8759,extreme,1\n4,1,2,50,2,,3,fire,2\n",
        gzip.compress(full + b"1,0.2,1,1000,2,1.5,10,sag,1\n", mtime=0),
    ]


def _events(path: Path) -> Any:
    from riskmodel.given_events import read_given_events

    return read_given_events(path, 3, 1.0)


def _events_seeds() -> list[bytes]:
    return [
        b"start,end,note\n2017-04-06 19:49,2017-04-06 21:00,a\n2018-01-01T08:10+02:00,2018-01-01T09:10+02:00,b\n",
        b"year,hour,duration_min,family,residual_voltage\n1,10,30,,\n2,8759.5,0.01,sag,0.7\n3,0,100,sustained,0\n",
    ]


def _hours(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2021-03-27 22:00", periods=n, freq="h", tz="UTC")


def _parquet(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return stream.getvalue()


def _price_frame() -> pd.DataFrame:
    index = _hours(60)
    return pd.DataFrame({"time_utc": index.strftime("%Y-%m-%dT%H:%MZ"), "price_eur_mwh": np.arange(60.0) + 20.5})


def _prices(path: Path) -> Any:
    from distributions.fit_price_history import PriceRequest, read_price_history

    return read_price_history(PriceRequest(path=path, zone="SE3"))


def _price_seeds() -> list[bytes]:
    frame = _price_frame()
    local = frame.assign(time_utc=_hours(60).strftime("%d.%m.%Y %H:%M")).rename(columns={"time_utc": "hour_utc"})
    return [
        frame.to_csv(index=False).encode(),
        local.to_csv(index=False, sep=";", decimal=",").encode(),
        gzip.compress(frame.to_csv(index=False).encode(), mtime=0),
    ]


def _price_parquets() -> list[bytes]:
    typed = _price_frame().assign(time_utc=_hours(60))
    return [_parquet(_price_frame()), _parquet(typed), _parquet(typed.set_index("time_utc"))]


def _weather(path: Path) -> Any:
    from distributions.weather_reading import WeatherRequest, read_weather

    try:
        placed = read_bytes(path, 1_000_000)[:8].lower() in (b"latitude", b"source,l")
    except FileError:
        placed = False
    return read_weather(WeatherRequest(path, None if placed else 59.0, None if placed else 18.0))


def _weather_frame() -> pd.DataFrame:
    index = _hours(50)
    sun = np.maximum(0.0, 500.0 * np.sin((index.hour.to_numpy() - 6) / 12 * np.pi)).round(1)
    return pd.DataFrame({"time_utc": index.strftime("%Y-%m-%dT%H:%MZ"), "ghi_w_m2": sun, "temp_air": 5.0})


def _weather_seeds() -> list[bytes]:
    frame = _weather_frame()
    index = _hours(50)
    parts = pd.DataFrame({"year": index.year, "month": index.month, "day": index.day, "hour_utc": index.hour})
    table = frame.to_csv(index=False).encode()
    nsrdb = (
        b"Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation\n"
        b"NSRDB,1,-,-,-,39.7,-105.2,-7,1800\n"
        b"Year,Month,Day,Hour,Minute,GHI,Temperature\n2020,1,1,0,0,0,1.5\n2020,1,1,1,0,10,1.5\n2020,1,1,2,0,20,1.5\n"
    )
    return [
        table,
        pd.concat([parts, frame.drop(columns="time_utc")], axis=1).to_csv(index=False).encode(),
        b"latitude,longitude,utc_offset_seconds\n59.3,18.1,3600\n\n" + table.replace(b"_utc", b"").replace(b"Z,", b","),
        nsrdb,
        b'{"inputs": {"location": {"latitude": 45, "longitude": 8}}, "outputs": {"hourly": []}}',
    ]  # fmt: skip


def _station(path: Path) -> Any:
    from distributions.weather_reading import WeatherRequest, read_weather

    return read_weather(WeatherRequest(path, None, None))


def _station_seeds() -> list[bytes]:
    """Files of weather services that say where they are from; the first lines are enough of those of many years."""
    from tests import test_calibrate_irradiance as files

    days = json.loads(files.pvgis_json("hourly")[0])
    days["outputs"]["hourly"] = days["outputs"]["hourly"][:60]
    texts = [files.pvgis_tmy_lines()[:60], files.pvgis_hourly_lines()[:60], [json.dumps(days)], files.tmy3_lines()]
    return ["\n".join([*lines, ""]).encode() for lines in texts]


def _epw_seeds() -> list[bytes]:
    from tests.test_calibrate_irradiance import epw_lines

    lines = epw_lines()
    return ["\n".join([*part, ""]).encode() for part in (lines, *[lines[:80]] * 9)]  # a whole year is slow to read


def _units(path: Path) -> Any:
    from riskmodel.adequacy_table import read_units_by_area

    return read_units_by_area(path)


def _units_seeds() -> list[bytes]:
    return [
        b"name,mw,failures_per_year,repair_hours\na,40,6,45\nb,12.5,4,60\n",
        b"area,unit_mw,for,mttr_h,count\nnorth,155,0.04,40,4\nsouth,20,0.1,50,2\n",
        b"mw;mttf_hours;mttr\n40;1460;45\n",
    ]


def _load(path: Path) -> Any:
    from riskmodel.adequacy_table import read_load

    return read_load(path)


def _load_seeds() -> list[bytes]:
    hours = _hours(60)
    rows = [f"{hour:%Y-%m-%dT%H:%M},{2000 + 10 * k}" for k, hour in enumerate(hours)]
    return [
        "\n".join(["time,load_mw", *rows, ""]).encode(),
        "\n".join(["load", *(str(2000.5 + k) for k in range(60)), ""]).encode(),
        "\n".join(["day,hour,demand_mw", *(f"{k // 24 + 1},{k % 24},{k}.5" for k in range(60)), ""]).encode(),
    ]


def _duties(path: Path) -> Any:
    from riskmodel.ageing_table import age_table, read_duties

    return age_table(read_duties(path), _cell_law())


@functools.cache
def _cell_law() -> Any:
    from tests.test_ageing import LAWS

    return next(iter(LAWS.values()))


def _duties_seeds() -> list[bytes]:
    return [
        b"kind,T_C,soc_or_window,dod,crate_during_active,cycles_per_day,years\n"
        b"calendar,25,0.5,,,,10\ncycling,35,0.1-0.9,0.8,0.5,1,5\n",
        b"kind,T_C,SOC,days,Crate,DOD,FEC,note\n"
        b"calendar,25,0.5,800,,,,x\ncycle,40,,300,1,0.8,2000,y\nboth,25,0.5,300,1,1,500,z\n",
    ]


def _log(path: Path) -> Any:
    from distributions.outage_log import LogRequest, read_outage_log

    return read_outage_log(LogRequest(path=path))


def _log_frame() -> pd.DataFrame:
    start = pd.date_range("2015-01-03 10:00", periods=12, freq="47D")
    end = start + pd.to_timedelta(np.arange(12) * 17 + 2, unit="min")
    cause = ["planned", "tree", "storm"] * 4
    return pd.DataFrame({"start": start, "end": end, "cause": cause, "customers": 5, "meter": "m1"})


def _log_seeds() -> list[bytes]:
    frame = _log_frame()
    clocked = frame.assign(duration="1:30").drop(columns="end")
    return [
        frame.to_csv(index=False).encode(),
        clocked.to_csv(index=False).encode(),
        clocked.assign(duration=5.0).rename(columns={"duration": "duration_min"}).to_csv(index=False, sep=";").encode(),
        frame.assign(first_seen_delay_s=60.0, right_censored=0, left_truncated=1).to_csv(index=False).encode(),
    ]


def _log_parquets() -> list[bytes]:
    return [
        _parquet(_log_frame()),
        _parquet(_log_frame().assign(end=lambda f: f["end"] - f["start"]).rename(columns={"end": "duration"})),
    ]


def _inputs(path: Path) -> Any:
    from studies.reports.inputs.reading import load_inputs

    return load_inputs(path)


@functools.cache
def _workbook() -> bytes:
    from riskmodel.study import parse_study
    from studies.reports.inputs.writing import template_bytes

    text = _small_study().decode()
    return template_bytes(parse_study(text), text)


def _results_of(name: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        from riskmodel.results import load_results

        folder = _results_folder()
        (folder / name).write_bytes(path.read_bytes())
        try:
            if name != manifests.NAME:
                _written_so(folder, name)
            results = load_results(folder)
            _ = repr(results), results.n_years, results.titles, results.baseline, results.column("npv_eur")
            _ = results.summary(), results.table(), results.year_sums(["capex_eur"][:0], results.strategy_names[0])
            return _of_table(results, name)
        finally:
            for file in (name, manifests.NAME):
                (folder / file).write_bytes(_results_files()[file])

    return read


def _of_table(results: Any, name: str) -> Any:
    """What only reports read of a table."""
    from riskmodel.finance_report import line_values
    from riskmodel.insurance.from_results import events_of
    from riskmodel.reliability import reliability
    from riskmodel.variance_split import split_rows

    names = results.strategy_names
    if name == "years.parquet":
        return line_values(results), results.years
    if name == "events.parquet":
        return events_of(results, names[-1]), reliability(results), results.events
    return list(split_rows(results.folder, tuple(names), results.baseline)) if name == "redrawn.parquet" else None


def _written_so(folder: Path, name: str) -> None:
    """Give the manifest the digest of a file, or nothing but its digest would ever be looked at."""
    manifest = json.loads(_results_files()[manifests.NAME])
    manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / manifests.NAME).write_text(json.dumps(manifest), encoding="utf-8")


@functools.cache
def _results_folder() -> Path:
    import atexit
    import shutil
    import tempfile

    from riskmodel.run import run_to_folder
    from tests.fake_engine import fake_simulate_range, small_study

    place = Path(tempfile.mkdtemp(prefix="fuzz_results_", dir=QUICK))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    run_to_folder(small_study(), place / "run", 24, 7, simulate_range=fake_simulate_range)
    return place / "run"


@functools.cache
def _results_files() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in _results_folder().iterdir() if file.is_file()}


def _one(name: str) -> Callable[[], list[bytes]]:
    return lambda: [_results_files()[name]]


READERS = {
    reader.name: reader
    for reader in (
        Reader("study", ".toml", _study, _study_errors, _study_seeds),
        Reader("stress cases", ".toml", _stress, _study_errors, _stress_seeds),
        Reader("cover", ".toml", _cover, _study_errors, _cover_seeds),
        Reader("portfolio", ".toml", _portfolio, _study_errors, _portfolio_seeds),
        Reader("survival system", ".toml", _system, _study_errors, _system_seeds),
        Reader("losses csv", ".csv", _losses, _study_errors, _losses_seeds),
        Reader("events csv", ".csv", _events, _study_errors, _events_seeds),
        Reader("prices csv", ".csv", _prices, _history_errors, _price_seeds),
        Reader("prices parquet", ".parquet", _prices, _history_errors, _price_parquets),
        Reader("weather csv", ".csv", _weather, _history_errors, _weather_seeds),
        Reader("station weather", ".csv", _station, _history_errors, _station_seeds),
        Reader("weather epw", ".epw", _station, _history_errors, _epw_seeds),
        Reader("units csv", ".csv", _units, _study_errors, _units_seeds),
        Reader("load csv", ".csv", _load, _study_errors, _load_seeds),
        Reader("duties csv", ".csv", _duties, _study_errors, _duties_seeds),
        Reader("outage log csv", ".csv", _log, _history_errors, _log_seeds),
        Reader("outage log parquet", ".parquet", _log, _history_errors, _log_parquets),
        Reader(
            "inputs xlsx",
            ".xlsx",
            _inputs,
            _study_errors,
            lambda: [_workbook()],
            lambda s, seed, k: mutated_zip(s[0], seed, k),
        ),
        Reader("results manifest", ".json", _results_of("manifest.json"), _run_errors, _one("manifest.json")),
        Reader("results summary", ".csv", _results_of("summary.csv"), _run_errors, _one("summary.csv")),
        Reader("results parquet", ".parquet", _results_of("paths.parquet"), _run_errors, _one("paths.parquet")),
        Reader("results years", ".parquet", _results_of("years.parquet"), _run_errors, _one("years.parquet")),
        Reader("results events", ".parquet", _results_of("events.parquet"), _run_errors, _one("events.parquet")),
        Reader("results redrawn", ".parquet", _results_of("redrawn.parquet"), _run_errors, _one("redrawn.parquet")),
    )
}

"""Calibration of irradiance: files as users have them, facts, errors, temperatures of the site."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from distributions.facts import failing
from distributions.fit_irradiance import add_clear_sky, simulate
from distributions.fit_irradiance_history import IrradianceCalibration, calibrate_irradiance
from distributions.irradiance import PvChain, chain_of
from distributions.irradiance_facts import irradiance_facts, validate_irradiance
from distributions.parameters import load
from distributions.table_reading import HistoryError
from distributions.weather_reading import WeatherRequest, read_weather
from studies.cli import app

PLACE = (55.79, 12.53)


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """Three years of the shipped process at Lyngby, with the sun's temperature."""
    index = pd.date_range("2017-01-01", periods=3 * 8760, freq="h")
    frame = pd.DataFrame({"ghi_w_per_m2": np.zeros(len(index)), "temperature_c": np.zeros(len(index))}, index=index)
    frame = add_clear_sky(frame, *PLACE, 1.0)
    run = simulate(load("irradiance", "lyngby_2015_2018"), 3, 8, weather=load("weather", "nordic")).ravel()
    month, hour = index.month.to_numpy(), index.hour.to_numpy()
    warm = 10.0 - 8.0 * np.cos(2.0 * np.pi * (month - 1) / 12.0)
    warm += 4.0 * np.cos(2.0 * np.pi * (hour + 0.5 - 15.0) / 24.0)
    return pd.DataFrame({"ghi_wm2": run * frame["clear_w_per_m2"], "temp_air_c": warm}, index=index)


def written(frame: pd.DataFrame, path: Path, name: str, shift_h: float) -> Path:
    out = frame.round(2).reset_index(names=name)
    out[name] = (out[name] + pd.Timedelta(hours=shift_h)).dt.strftime("%Y-%m-%dT%H:%M")
    out.to_csv(path, index=False)
    return path


def test_utc_ends_and_local_begins_are_the_same_hours(made: pd.DataFrame, tmp_path: Path) -> None:
    week = made.iloc[4000:4168]
    ends = written(week, tmp_path / "ends.csv", "utc_end", 0.0)
    begins = written(week, tmp_path / "begins.csv", "local_std_utc1", 0.0)
    a, *_ = read_weather(WeatherRequest(ends, *PLACE))
    b, latitude, _, offset, _ = read_weather(WeatherRequest(begins, *PLACE))
    assert (latitude, offset) == (PLACE[0], 1.0)
    # The end of an hour in UTC is its beginning in UTC+1.
    np.testing.assert_allclose(a["ghi_w_per_m2"], b["ghi_w_per_m2"])
    assert a.index[0] == b.index[0]


@pytest.fixture(scope="module")
def calibrated(made: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> IrradianceCalibration:
    folder = tmp_path_factory.mktemp("weather")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(folder))
    file = written(made, folder / "made.csv", "utc", -1.0)
    result = calibrate_irradiance(WeatherRequest(file, *PLACE, utc_offset_h=1.0), years=60)
    patch.undo()
    return result


def test_process_is_recovered_with_its_errors(calibrated: IrradianceCalibration) -> None:
    shipped, fitted = load("irradiance", "lyngby_2015_2018"), calibrated.record
    for name in ("day_weight", "hour_phi"):
        error = fitted["uncertainty"][name]
        assert 0.0 < error < 0.1
        # four standard errors and what the knots cannot hold
        assert abs(fitted[name] - shipped[name]) < 4.0 * error + 0.05
    assert fitted["meta"]["held_out"] == "2019"
    # scatter of years is known from two years only, so it has no fact; all others are met but for luck of two years
    assert len(failing(calibrated.facts)) <= 1


def test_temperatures_of_the_site_reach_the_pv_chain(calibrated: IrradianceCalibration) -> None:
    record = calibrated.record
    assert record["month_temperature_c"][6] == pytest.approx(10.0 + 8.0, abs=0.3)
    assert record["day_amplitude_c"] == pytest.approx(4.0, abs=0.3)
    assert chain_of(record).month_temperature_c[6] == record["month_temperature_c"][6]
    assert chain_of({}) == PvChain()
    chain = next(fact for fact in calibrated.facts if fact.name == "pv_chain")
    assert chain.passed


def test_facts_fail_where_memory_is_gone(calibrated: IrradianceCalibration) -> None:
    """Negative control: hours shuffled within the month keep the quantiles and lose the rest."""
    rng = np.random.default_rng(1)
    loose = rng.permuted(calibrated.simulated, axis=0)
    missed = failing(validate_irradiance(calibrated.frame, loose, None))
    assert {"daily_sd", "daily_acf_1d", "ramp_sd"} <= set(missed)


def test_annual_facts_solved_by_hand() -> None:
    # Three years of clearness 0.5, 0.6, 0.7 at every hour: mean 0.6, scatter 0.1, energy 0.6 of 100 W all year.
    sky = np.full((365, 24), 100.0)
    clearness = np.repeat([0.5, 0.6, 0.7], 365)[:, None] + np.zeros((1, 24))
    clearness[0, 0] = 0.6
    facts = irradiance_facts(clearness, np.tile(sky, (3, 1)), np.repeat([0, 1, 2], 365), sky)
    assert facts["annual_kwh"] == pytest.approx(0.6 * 876.0, rel=1e-4)
    assert facts["annual_cv"] == pytest.approx(0.1 / 0.6, rel=1e-3)
    # 10 % quantile of three years: 0.5 + 0.2 * 0.1
    assert facts["p90_to_median"] == pytest.approx(0.52 / 0.6, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("utc,ghi\n2020-06-01T00:00Z,5000\n2020-06-01T01:00Z,1\n", PLACE, "line 2, column ghi: '5000'.*W/m2"),
        ("utc,wind\n2020-06-01T00:00Z,5\n", PLACE, "no column looks like global horizontal irradiance"),
        ("utc,ghi\n2020-06-01T00:00Z,5\n", (None, None), "type --latitude and --longitude"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, place: tuple, message: str) -> None:
    file = tmp_path / "weather.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HistoryError, match=message):
        read_weather(WeatherRequest(file, *place))


def test_epw_is_read_by_pvlib(tmp_path: Path) -> None:
    head = ["LOCATION,Here,-,DNK,test,0,55.79,12.53,1.0,30.0", *["X"] * 7]
    rows = [
        f"2010,{t.month},{t.day},{t.hour + 1},60,A," + ",".join(["10.0", "5", "80", "101000", "0", "0", "300", "250"])
        + ",100,100" + ",0" * 19
        for t in pd.date_range("2010-01-01", periods=8760, freq="h")
    ]  # fmt: skip
    file = tmp_path / "typical.epw"
    file.write_text("\n".join([*head, *rows]), encoding="utf-8")
    frame, latitude, _, offset, notes = read_weather(WeatherRequest(file))
    assert (latitude, offset, len(frame)) == (55.79, 1.0, 8760)
    assert frame["ghi_w_per_m2"].mean() == 250.0
    assert any("typical year" in note for note in notes)


def test_command_names_a_missing_month_and_writes_nothing(made: pd.DataFrame, tmp_path: Path) -> None:
    file = written(made.iloc[:4000], tmp_path / "half.csv", "utc", -1.0)
    out = tmp_path / "pv.toml"
    words = ["calibrate", "irradiance", str(file), "--latitude", "55.79", "--longitude", "12.53", "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "month 7 has 0 hours" in done.stderr
    assert not out.exists()

"""Histories as clumsy users save them: each is read as meant, or refused with one line that says where and why."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from distributions.fit_irradiance_history import _check_noon
from distributions.fit_outage_log import calibrate_outages
from distributions.fit_price_history import PriceRequest, _check_enough, _split, read_price_history
from distributions.outage_log import LogRequest, read_outage_log
from distributions.table_reading import HistoryError
from distributions.weather_reading import WeatherRequest, read_weather
from studies.cli import app

MADRID = "Europe/Madrid"
UTC = pd.date_range("2021-12-31 23:00", "2023-12-31 23:00", freq="h", inclusive="left", tz="UTC")
"""Two years of Central European Time, 2022 and 2023."""


def _price(index: pd.DatetimeIndex) -> np.ndarray:
    """A price that tells every hour from its neighbours, two digits behind the point, some of it negative."""
    step = ((index - UTC[0]) / pd.Timedelta(hours=1)).to_numpy()
    wave = 50.0 + 70.0 * np.sin(step / 7.0) + 10.0 * np.cos(step / 1000.0)
    return np.asarray(np.round(wave, 2), dtype=np.float64)


PRICE = _price(UTC)


def _comma(values: np.ndarray, digits: int = 2) -> list[str]:
    return [f"{value:.{digits}f}".replace(".", ",") for value in values]


def _write(path: Path, columns: dict[str, object], separator: str = ",", encoding: str = "utf-8") -> Path:
    pd.DataFrame(columns).to_csv(path, index=False, sep=separator, encoding=encoding)
    return path


def _read(path: Path, **asked: object) -> tuple[pd.Series, str, list[str]]:
    request = PriceRequest(path=path, hold_out=0, **{"zone": "ES", **asked})  # type: ignore[arg-type]
    prices, unit, _, notes = read_price_history(request)
    history, _ = _split(prices, request)
    _check_enough(history, path.name)
    return history, unit, notes


def _same(history: pd.Series, price: np.ndarray = PRICE) -> None:
    assert history.index[0] == pd.Timestamp("2022-01-01")
    assert len(history) == len(price)
    np.testing.assert_allclose(history.to_numpy(), price, atol=1e-9)


STAMPS = {
    "iso": "%Y-%m-%dT%H:%MZ",
    "iso without zone": "%Y-%m-%d %H:%M:%S",
    "slashed, year first": "%Y/%m/%d %H:%M:%S",
    "compact": "%Y%m%dT%H%MZ",
    "United States": "%m/%d/%Y %H:%M",
    "United States, twelve hours": "%m/%d/%Y %I:%M %p",
    "United Kingdom": "%d/%m/%Y %H:%M",
    "dotted": "%d.%m.%Y %H:%M",
    "dashed, day first": "%d-%m-%Y %H:%M",
    "name of the month": "%d-%b-%Y %H:%M:%S",
}


@pytest.mark.parametrize("form", STAMPS.values(), ids=STAMPS.keys())
def test_every_order_of_day_and_month_is_read_in_one_way_for_all_rows(tmp_path: Path, form: str) -> None:
    history, _, _ = _read(_write(tmp_path / "p.csv", {"time_utc": UTC.strftime(form), "price_eur_mwh": PRICE}))
    _same(history)


def test_five_minutes_with_the_day_first_are_not_read_month_first(tmp_path: Path) -> None:
    # The first 12 days would be good dates either way, and at 5 min they are the first 3,456 rows.
    hours = 24 * 40
    steps = pd.date_range(UTC[0], periods=12 * hours, freq="5min")
    columns = {"time_utc": steps.strftime("%d/%m/%Y %H:%M"), "price_eur_mwh": np.repeat(PRICE[:hours], 12)}
    request = PriceRequest(path=_write(tmp_path / "p.csv", columns), zone="ES")
    history, _, _, notes = read_price_history(request)
    _same(history, PRICE[:hours])
    assert any("steps of 5 min" in note for note in notes)


@pytest.mark.parametrize("falling", [False, True])
def test_spanish_export_with_decimal_comma_and_daylight_saving(tmp_path: Path, falling: bool) -> None:
    order = slice(None, None, -1 if falling else 1)
    columns = {"Datum": UTC.tz_convert(MADRID).strftime("%d.%m.%Y %H:%M")[order], "Preis": _comma(PRICE)[order]}
    history, unit, notes = _read(_write(tmp_path / "p.csv", columns, ";"), times=MADRID, unit="EUR/MWh")
    _same(history)
    assert unit == "EUR/MWh"
    assert any("2 local times come twice in autumn" in note for note in notes)


def test_prices_per_kwh_from_the_header(tmp_path: Path) -> None:
    columns = {"time_utc": UTC.strftime("%Y-%m-%d %H:%M"), "Preis EUR/kWh": _comma(PRICE / 1000.0, 5)}
    history, unit, notes = _read(_write(tmp_path / "p.csv", columns, ";"))
    _same(history)
    assert unit == "EUR/MWh"
    assert any("times 1000" in note for note in notes)


def test_australian_half_hours_that_end_at_their_stamp(tmp_path: Path) -> None:
    steps = pd.date_range(UTC[0], periods=2 * len(UTC), freq="30min") + pd.Timedelta(minutes=30)
    columns = {
        "REGION": "NSW1",
        "SETTLEMENTDATE": (steps.tz_localize(None) + pd.Timedelta(hours=1)).strftime("%Y/%m/%d %H:%M:%S"),
        "RRP": np.repeat(PRICE, 2) + np.tile([-1.0, 1.0], len(UTC)),
    }
    asked = {"zone": "NSW1", "times": "UTC+1", "stamps_end": True, "unit": "AUD/MWh"}
    history, unit, _ = _read(_write(tmp_path / "p.csv", columns), **asked)
    _same(history)
    assert unit == "AUD/MWh"


def test_standard_time_taken_for_local_time_is_hinted_at(tmp_path: Path) -> None:
    local = UTC.tz_localize(None) + pd.Timedelta(hours=1)
    columns = {"time": local.strftime("%Y-%m-%d %H:%M"), "price_eur_mwh": PRICE}
    _, _, notes = _read(_write(tmp_path / "p.csv", columns), times=MADRID)
    assert any("if the times are standard time all year, type --times UTC+1" in note for note in notes)


@pytest.mark.parametrize("offset", [-8.0, -6.0, 1.0, 10.0])
def test_whole_years_of_utc_are_whole_years_elsewhere(tmp_path: Path, offset: float) -> None:
    hours = pd.date_range("2021-01-01", "2023-12-31 23:00", freq="h", tz="UTC")
    columns = {"time_utc": hours.strftime("%Y-%m-%d %H:%M"), "price_eur_mwh": _price(hours)}
    history, _, _ = _read(_write(tmp_path / "p.csv", columns), utc_offset_h=offset)
    assert (history.index[0], history.index[-1]) == (pd.Timestamp("2021-01-01"), pd.Timestamp("2023-12-31 23:00"))
    assert int(history.isna().sum()) == abs(offset)
    first = pd.Timestamp("2021-06-01 12:00")
    at = hours.get_loc(pd.Timestamp("2021-06-01 12:00", tz="UTC") - pd.Timedelta(hours=offset))
    assert history[first] == pytest.approx(_price(hours)[at])


def test_parquet_with_a_time_zone_in_its_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"price_eur_mwh": PRICE}, index=pd.DatetimeIndex(UTC.tz_convert(MADRID), name="time"))
    frame.to_parquet(tmp_path / "p.parquet")
    _same(_read(tmp_path / "p.parquet")[0])
    frame.rename_axis(None).to_parquet(tmp_path / "unnamed.parquet")
    _same(_read(tmp_path / "unnamed.parquet")[0])


GOOD = "\n".join(["time_utc,price_eur_mwh", *(f"{t:%Y-%m-%dT%H:%MZ},{p:.2f}" for t, p in zip(UTC, PRICE, strict=True))])


@pytest.mark.parametrize(
    "wrapped",
    [
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        "sep=,\n" + GOOD,
        "# exported today\n" + GOOD,
        GOOD.replace("price_eur_mwh", '"price\n[EUR/MWh]"', 1),
        "\n".join([GOOD.split("\n")[0], *reversed(GOOD.split("\n")[1:])]),
        "\n".join([GOOD, *GOOD.split("\n")[50:99]]),
    ],
    ids=["returns", "byte order mark", "sep=", "comment", "header of two lines", "newest first", "rows twice"],
)
def test_wrappings_change_nothing(tmp_path: Path, wrapped: str) -> None:
    (tmp_path / "p.csv").write_bytes(wrapped.encode("utf-8"))
    _same(_read(tmp_path / "p.csv")[0])


def _edited(line: int, old: str, new: str) -> str:
    lines = GOOD.split("\n")
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return "\n".join(lines)


def _without(keep: np.ndarray) -> str:
    head, *rows = GOOD.split("\n")
    return "\n".join([head, *(row for row, kept in zip(rows, keep, strict=True) if kept)])


def _priced(prices: np.ndarray) -> str:
    rows = (f"{t:%Y-%m-%dT%H:%MZ},{p:.5f}" for t, p in zip(UTC, prices, strict=True))
    return "\n".join(["time_utc,price_eur_mwh", *rows])


MONTH = UTC.tz_convert("Etc/GMT-1").month.to_numpy()
FIRST_PRICE = f"{PRICE[0]:.2f}"
REFUSED = {
    "year 1": (_edited(2, "2021-", "0001-"), "line 2, column time_utc: '0001-12-31T23:00Z': expected a time in the"),
    "year 9999": (_edited(9, "2022-", "9999-"), "line 9, column time_utc"),
    "no date": (_edited(3, "2022-01-01", "2022-13-45"), "line 3, column time_utc"),
    "one zone missing": (_edited(4, "Z", ""), "line 4, column time_utc: '2022-01-01T01:00': expected a time with its"),
    "a word": (_edited(2, FIRST_PRICE, "error"), "line 2, column price_eur_mwh: 'error': expected a number"),
    "infinite": (_edited(2, FIRST_PRICE, "inf"), "line 2, column price_eur_mwh: 'inf'"),
    "a mark for missing": (_edited(2, FIRST_PRICE, "-999999"), "expected a price from -100,000 to 100,000 EUR/MWh"),
    "1e300": (_edited(2, FIRST_PRICE, "1e300"), "expected a price from -100,000 to 100,000 EUR/MWh, or an"),
    "currency in cells": (_edited(2, FIRST_PRICE, "€50.00"), "'€50.00': expected a number EUR/MWh"),
    "an hour with two prices": (GOOD + "\n2022-03-01T10:00Z,1.5", "2022-03-01 10:00:00 UTC comes twice with two"),
    "no March": (_without(MONTH != 3), "month 3 has 0 whole working days in the window; a fit needs 4 (a day is whole"),
    "every seventh hour gone": (_without(np.arange(len(UTC)) % 7 != 0), "month 1 has 0 whole working days"),
    "every third hour": (_without(np.arange(len(UTC)) % 3 == 0), "steps are 180 min: expected 60 min or less"),
    "a quarter of a year": ("\n".join(GOOD.split("\n")[:2161]), "holds no whole year; it runs from 2022-01-01"),
    "no price at all": ("\n".join(f"{line.split(',')[0]}," if k else line for k, line in enumerate(GOOD.split("\n"))),
                        "17,520 of 17,520 hours are"),
    "a sum below": (GOOD + "\nAverage,63.2", "line 17522, column time_utc: 'Average'"),
    "units below the names": (GOOD.replace("\n", "\nUTC,EUR/MWh\n", 1), "line 2, column time_utc: 'UTC'"),
    "only names": ("time_utc,price_eur_mwh\n", "has no rows"),
    "one row": ("time_utc,price_eur_mwh\n2022-01-01T00:00Z,5\n", "has a single time"),
    "nothing": ("", "is empty"),
    "no table": ("hello world\nthis is no table\n", "no column looks like the time; type --time-column with one of: "),
    "too many cells": (GOOD + "\n2024-01-01T00:00Z,5,6,7", "not readable as CSV"),
    "open quote": ('time_utc,price_eur_mwh\n"2022-01-01T00:00Z,5\n', "not readable as CSV"),
    "two prices": (GOOD.replace("price_eur_mwh", "price_eur_mwh,price_sek_mwh", 1).replace(FIRST_PRICE, "5,6", 1),
                   "the price could be any of price_eur_mwh, price_sek_mwh: choose with --value-column"),
    "a tariff": (_priced(np.where(MONTH > 6, 80.0, 40.0)), "100% of the days have one price all day; a fit"),
    "all zero": (_priced(0.0 * PRICE), "100% of the days have one price all day"),
    "all negative": (_priced(-np.abs(PRICE) - 1.0), "a fit needs at least 1: are the sign and the unit right (--unit"),
    "per kWh taken for MWh": (_priced(PRICE / 1000.0), "the median price is 0.0496 per MWh; a fit needs at least 1"),
    "no unit": (GOOD.replace("price_eur_mwh", "price", 1), "column price does not name its unit: type --unit"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_one_line_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(HistoryError) as found:
        _read(tmp_path / "p.csv")
    assert message in str(found.value)
    assert "\n" not in str(found.value)
    assert "p.csv" in str(found.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.xlsx", b"PK\x03\x04", "is a workbook; save its sheet as CSV"),
        ("p.parquet", b"PAR1 not really", "is no whole Parquet file"),
        ("p.csv.gz", b"not packed", "cannot be read"),
        ("p.csv.gz", gzip.compress(GOOD.encode())[:2000], "p.csv.gz"),
        ("p.csv", GOOD.encode("utf-16"), "is not UTF-8 text (byte 1); save it as UTF-8"),
        ("p.csv", GOOD.replace("price_eur_mwh", "Preis €/MWh").encode("cp1252"), "is not UTF-8 text"),
        ("p.csv", bytes(range(256)) * 50, "is not UTF-8 text"),
    ],
    ids=["workbook", "parquet", "no gzip", "half a gzip", "UTF-16", "Windows", "bytes"],
)
def test_files_of_another_kind_end_the_command_with_2_and_one_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    out = tmp_path / "made.toml"
    told = CliRunner().invoke(app, ["calibrate", "prices", str(tmp_path / name), "--zone", "ES", "--out", str(out)])
    assert told.exit_code == 2
    assert message in told.stderr
    assert "Traceback" not in told.stderr
    assert not out.exists()


def test_local_times_without_a_zone_are_asked_about(tmp_path: Path) -> None:
    columns = {"time": UTC.strftime("%Y-%m-%d %H:%M"), "price_eur_mwh": PRICE}
    with pytest.raises(HistoryError, match="does not say whether its times are UTC or local: type --times UTC"):
        _read(_write(tmp_path / "p.csv", columns))


def test_two_zones_in_one_file_are_seen(tmp_path: Path) -> None:
    columns = {
        "HourUTC": UTC.repeat(2).strftime("%Y-%m-%d %H:%M"),
        "SpotPriceEUR": np.repeat(PRICE, 2) + np.tile([0.0, 1.0], len(UTC)),
        "PriceArea": ["DK1", "DK2"] * len(UTC),
    }
    with pytest.raises(HistoryError, match="comes twice with two values; if the file holds several zones keep one"):
        _read(_write(tmp_path / "p.csv", columns, ";"), zone="DK1", unit="EUR/MWh")


def test_a_currency_of_small_worth_is_no_typing_error(tmp_path: Path) -> None:
    columns = {"time_utc": UTC.strftime("%Y-%m-%d %H:%M"), "price": PRICE * 20_000.0}
    history, unit, _ = _read(_write(tmp_path / "p.csv", columns), unit="IDR/MWh")
    _same(history, PRICE * 20_000.0)
    assert unit == "IDR/MWh"


# --- interruptions ---------------------------------------------------------------------------------------------------


def _log(**changed: object) -> pd.DataFrame:
    """Log of 200 interruptions over nine years."""
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2012-01-01") + pd.to_timedelta(np.sort(rng.random(200)) * 3285 * 1440, unit="min").floor(
        "min"
    )
    minutes = np.ceil(rng.lognormal(4.0, 1.2, 200))
    return pd.DataFrame({"start": start.strftime("%Y-%m-%d %H:%M"), "duration_min": minutes}).assign(**changed)


def _with(frame: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    made = frame.astype({column: object})
    made.loc[row, column] = value
    return made


LOGS: dict[str, tuple[pd.DataFrame, dict[str, object], str]] = {
    "a mistyped year": (
        _with(_log(), 7, "start", "2099-12-01 00:00"),
        {},
        "line 9, column start: '2099-12-01 00:00': expected a time near the others",
    ),
    "year 12": (_with(_log(), 7, "start", "0012-12-01 00:00"), {}, "line 9, column start: '0012-12-01 00:00'"),
    "2,000 years long": (
        _with(_log(), 5, "duration_min", 10**9),
        {},
        "line 7, column duration_min: '1000000000': expected a number from 0",
    ),
    "negative": (
        _with(_log(), 5, "duration_min", -3),
        {},
        "line 7, column duration_min: '-3': expected a number from 0",
    ),
    "one moment": (_log(start="2015-05-05 10:00"), {}, "and more than one moment: are the dates of the observation"),
    "all of length 0": (_log(duration_min=0), {}, "0 events remain: a fit needs at least 5"),
    "three events": (_log().head(3), {}, "3 events remain: a fit needs at least 5"),
    "no such date": (
        _log(),
        {"observed_from": "yesterday"},
        "--observed-from yesterday: type a date such as 2015-01-31",
    ),
    "backwards": (
        _log(),
        {"observed_from": "2020-01-01", "observed_to": "2012-01-01"},
        "--observed-from 2020-01-01: must be before --observed-to 2012-01-01",
    ),
    "after the log": (_log(), {"observed_from": "2030-01-01", "observed_to": "2031-01-01"}, "0 events from 2030-01-01"),
    "no sites": (_log(), {"sites": 0.0}, "--sites 0: must be above 0"),
}


@pytest.mark.parametrize(("frame", "asked", "message"), LOGS.values(), ids=LOGS.keys())
def test_a_log_that_cannot_be_used_is_one_line(
    tmp_path: Path, frame: pd.DataFrame, asked: dict[str, object], message: str
) -> None:
    frame.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(HistoryError) as found:
        read_outage_log(LogRequest(path=tmp_path / "log.csv", **asked))  # type: ignore[arg-type]
    assert message in str(found.value)
    assert "\n" not in str(found.value)


def test_a_log_with_rows_twice_says_so(tmp_path: Path) -> None:
    pd.concat([_log(), _log().head(30)]).to_csv(tmp_path / "log.csv", index=False)
    log = read_outage_log(LogRequest(path=tmp_path / "log.csv"))
    assert any("30 rows stand twice" in note for note in log.notes)
    assert len(log.start) == 200


def test_holding_out_more_than_there_is_is_one_line(tmp_path: Path) -> None:
    _log().to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(HistoryError, match="years observed less 50 held out hold fewer than 5 events: type a lower"):
        calibrate_outages(LogRequest(path=tmp_path / "log.csv"), hold_out=50)


def test_a_late_event_within_the_usual_gaps_is_no_error(tmp_path: Path) -> None:
    # 200 events in nine years: a mean gap of 16 days. One more 300 days later is rare but no typing error.
    frame = pd.concat([_log(), pd.DataFrame({"start": ["2021-11-01 00:00"], "duration_min": [60.0]})])
    frame.to_csv(tmp_path / "log.csv", index=False)
    assert len(read_outage_log(LogRequest(path=tmp_path / "log.csv")).start) == 201


# --- irradiance ------------------------------------------------------------------------------------------------------


def _sky(kind: str) -> pd.DataFrame:
    """Two years at 40 N on the prime meridian: a half sine of daylight, stronger in June."""
    hours = pd.date_range("2018-01-01", "2020-01-01", freq="h", inclusive="left")
    hour, day = hours.hour.to_numpy() + 0.5, hours.day_of_year.to_numpy()
    season = {"south": 1.0}.get(kind, -1.0) * np.cos(2.0 * np.pi * (day + 10) / 365.0)
    sun = np.maximum(np.sin((hour - 6.0) / 12.0 * np.pi), 0.0) * (350.0 + 200.0 * season)
    if kind == "constant":
        sun = np.full(len(hours), 300.0)
    return pd.DataFrame({"time_utc": hours.strftime("%Y-%m-%dT%H:%MZ"), "ghi_w_m2": np.round(sun, 1)})


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("constant", "300 W/m2 on average by night and 300 by day: is it global irradiance"),
        ("south", "times the sun of a clear sky: check --latitude .south is negative."),
    ],
)
def test_a_sun_that_cannot_be_is_one_line(tmp_path: Path, kind: str, message: str) -> None:
    _sky(kind).to_csv(tmp_path / "sun.csv", index=False)
    weather = read_weather(WeatherRequest(path=tmp_path / "sun.csv", latitude_deg=40.0, longitude_deg=0.0))
    with pytest.raises(HistoryError, match=message):
        _check_noon(weather.frame, 40.0, 0.0, 0.0, "sun.csv")


def test_a_sun_that_can_be_is_not_refused(tmp_path: Path) -> None:
    _sky("north").to_csv(tmp_path / "sun.csv", index=False)
    weather = read_weather(WeatherRequest(path=tmp_path / "sun.csv", latitude_deg=40.0, longitude_deg=0.0))
    _check_noon(weather.frame, 40.0, 0.0, 0.0, "sun.csv")

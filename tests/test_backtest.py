"""Backtests: exact dispatch against grids and linear programs, no look ahead, energy balance, files of users."""

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from distributions.parameters import FOLDER, list_names, load
from riskmodel.backtest import LocalPrices, backtest, operate, perfect_foresight, round_trip_battery
from riskmodel.backtest_prices import read_local_prices
from riskmodel.backtest_tariffs import tariff_prices
from riskmodel.dispatch import backward_hour
from riskmodel.dispatch_exact import Battery, mean_steps, meter_energy, perfect_foresight_value, step_back, worth_more
from studies.cli import app

PRICES = Path(__file__).parents[2] / "shared" / "data" / "prices"
needs_prices = pytest.mark.skipif(not PRICES.exists(), reason="price histories are not here")


def _local(price, start="2021-01-01", zone="UTC"):
    clock = pd.date_range(start, periods=len(price), freq="h", tz=zone)
    day = clock.tz_localize(None).floor("D")
    starts = np.flatnonzero(day[1:] != day[:-1]) + 1
    starts = np.concatenate([[0], starts, [len(price)]]).astype(np.int64)
    return LocalPrices(
        np.asarray(price, dtype=float), np.zeros(len(price), bool), clock.year.to_numpy(np.int64),
        clock.hour.to_numpy(np.int64), starts, clock[starts[:-1]].day_of_week.to_numpy(np.int64),
    )  # fmt: skip


def _wild(n, seed=1):
    rng = np.random.default_rng(seed)
    hour = np.arange(n) % 24
    return 40.0 + 30.0 * np.sin(2.0 * np.pi * (hour - 13) / 24.0) + 15.0 * rng.standard_t(3, n)


def test_three_hours_by_hand():
    # 1 MW, 1 MWh inside, no loss: buy at 10, sell at 40; the 20 between is passed over
    battery = Battery(1.0, 1.0, 1.0, 1.0)
    assert perfect_foresight_value(np.array([10.0, 20.0, 40.0]), battery) == pytest.approx(30.0)
    # 0.81 round trip, 0.9 each way: one hour stores 0.9 MWh, sold at the end as 0.81 MWh; 0.81 * 40 - 10
    battery = Battery(1.0, 1.0, 0.9, 0.9)
    assert perfect_foresight_value(np.array([10.0, 40.0]), battery) == pytest.approx(22.4)
    # and 0.1 MWh more at 20: 0.1 / 0.9 bought; sold 0.9 MWh
    assert perfect_foresight_value(np.array([10.0, 20.0, 40.0]), battery) == pytest.approx(36.0 - 10.0 - 20.0 / 9.0)


def test_negative_price_by_hand():
    # a whole hour of charging fetches 5; full, the hour is split: x bought, 1 - x sold, 0.9 x = (1 - x) / 0.9
    battery = Battery(1.0, 0.9, 0.9, 0.9)
    x = 1.0 / 1.81
    assert perfect_foresight_value(np.array([-5.0, -5.0]), battery) == pytest.approx(5.0 + 5.0 * (2.0 * x - 1.0))
    assert meter_energy(-5.0, 0.0, battery) == pytest.approx((x, 1.0 - x))
    assert meter_energy(5.0, 0.0, battery) == (0.0, 0.0)


def test_steps_equal_levels_where_moves_are_whole():
    battery = Battery(1.0, 6.0, 1.0, 1.0)
    prices = _wild(60)
    width, value = np.zeros(200), np.zeros(200)
    width[0], n = 6.0, 1
    levels = np.zeros((6, 1))
    for price in prices[::-1]:
        n, _ = step_back(width, value, n, price, battery)
        out, one = np.zeros((6, 1)), np.array([price])
        backward_hour(out, levels, one, one, 1, 1, 6, np.full(1, 1e30), np.full(1, -1e30))
        levels = out
        at = np.searchsorted(np.cumsum(width[:n]), np.arange(6) + 0.5)
        assert value[at] == pytest.approx(levels[:, 0], abs=1e-12)
        assert width[:n].sum() == pytest.approx(6.0, abs=1e-12)
        assert np.all(np.diff(value[:n]) < 0.0)


@pytest.mark.parametrize("efficiency", [0.8, 0.9, 1.0])
@pytest.mark.parametrize("hours", [0.5, 1.0, 2.7, 9.0])
def test_exact_value_equals_linear_program(efficiency, hours):
    prices = _wild(500, seed=3) - 25.0  # a fifth of them negative
    battery = round_trip_battery(2.0, 2.0 * hours, efficiency)
    assert perfect_foresight_value(prices, battery) == pytest.approx(perfect_foresight(prices, battery), rel=1e-9)


def test_mean_of_falling_steps():
    widths, values = np.array([[1.0, 3.0], [2.5, 1.5]]), np.array([[8.0, 2.0], [6.0, 0.0]])
    width, value = np.zeros(10), np.zeros(10)
    n = mean_steps(widths, values, np.array([2, 2]), 2, width, value, 4.0)
    assert width[:n] == pytest.approx([1.0, 1.5, 1.5])
    assert value[:n] == pytest.approx([7.0, 4.0, 1.0])
    assert worth_more(width, value, n, 3.0) == pytest.approx(2.5)


@pytest.mark.parametrize(("hours", "efficiency"), [(1.0, 0.85), (2.0, 1.0), (4.0, 0.9), (0.3, 0.95)])
def test_energy_balance_and_limits(hours, efficiency):
    prices = _local(_wild(60 * 24) - 20.0)
    battery = round_trip_battery(3.0, 3.0 * hours, efficiency)
    done = operate(prices, battery, 0, 60 * 24)
    change = np.diff(done.stored_mwh, prepend=0.0)
    assert np.abs(battery.eta_c * done.bought_mwh - done.sold_mwh / battery.eta_d - change).max() < 1e-9
    assert done.stored_mwh.min() >= 0.0
    assert done.stored_mwh.max() <= battery.energy_mwh
    assert min(done.bought_mwh.min(), done.sold_mwh.min()) >= 0.0
    assert (done.bought_mwh + done.sold_mwh).max() <= battery.power_mw + 1e-9


def test_never_more_than_perfect_foresight():
    for seed in range(5):
        prices = _local(_wild(90 * 24, seed) - 10.0 * seed)
        for one in backtest(prices, round_trip_battery(1.0, 2.0, 0.88)):
            assert one.profit <= one.perfect_foresight * (1.0 + 1e-9)
            assert one.share_of_perfect_foresight > 0.9


def test_never_looks_ahead():
    """Prices not yet published at 13:00 change nothing before 13:00 of the next day."""
    price = _wild(40 * 24)
    battery = round_trip_battery(1.0, 4.0, 0.9)
    before = operate(_local(price), battery, 0, 40 * 24)
    moved = price.copy()
    moved[30 * 24 :] += 500.0 * np.sin(np.arange(10 * 24))  # from day 30; published on day 29 at 13:00
    after = operate(_local(moved), battery, 0, 40 * 24)
    same = 29 * 24 + 13
    assert np.array_equal(before.stored_mwh[:same], after.stored_mwh[:same])
    assert not np.array_equal(before.stored_mwh[same:], after.stored_mwh[same:])  # negative control


@pytest.mark.parametrize("hours", [1.0, 2.0, 4.0])
def test_tariffs_that_repeat(hours):
    tariff = np.repeat([30.0, 70.0, 120.0, 70.0, 140.0, 60.0], [7, 3, 2, 5, 4, 3])
    for price in (np.tile(tariff, 364), np.tile(np.concatenate([np.tile(tariff, 5), np.full(48, 40.0)]), 52)):
        (one,) = backtest(_local(price), round_trip_battery(1.0, hours, 0.9))
        assert one.share_of_perfect_foresight > 0.999


def test_prices_without_anything_to_earn():
    (one,) = backtest(_local(np.full(30 * 24, 50.0)), round_trip_battery(1.0, 2.0, 0.9))
    assert one.profit == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(one.share_of_perfect_foresight)


def test_all_prices_negative():
    (one,) = backtest(_local(np.full(30 * 24, -10.0)), round_trip_battery(1.0, 2.0, 0.9))
    assert one.share_of_perfect_foresight == pytest.approx(1.0, abs=1e-9)


@needs_prices
@pytest.mark.parametrize(
    ("zone", "years"), [("SE3_dayahead_2016_2023", (2019, 2022)), ("CAISO_NP15_dayahead_2020_2024", (2023,))]
)
def test_share_of_perfect_foresight_on_real_prices(zone, years):
    # the exact value stands in for the linear program, which it equals (above)
    prices, _ = read_local_prices(PRICES / f"{zone}.csv.gz")
    for hours, efficiency in ((1.0, 0.9), (4.0, 0.85)):
        battery = round_trip_battery(1.0, hours, efficiency)
        for year in years:
            inside = np.flatnonzero(prices.year == year)
            done = operate(prices, battery, inside[0], inside[-1] + 1)
            price = prices.price[inside]
            best = perfect_foresight_value(price, battery)
            assert 0.99 < (price * (done.sold_mwh - done.bought_mwh)).sum() / best <= 1.0 + 1e-9


def _file(tmp_path, price, zone, name="prices.csv", freq="h", start="2023-03-20"):
    clock = pd.date_range(start, periods=len(price), freq=freq, tz=zone)
    stamps = clock.tz_localize(None).strftime("%Y-%m-%d %H:%M")
    head = "utc" if zone == "UTC" else "local"
    text = f"{head},price_eur_mwh\n" + "".join(f"{a},{b!r}\n" for a, b in zip(stamps, price.tolist(), strict=True))
    file = tmp_path / name
    file.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return file


def _backtest(file, *options):
    words = ["backtest", str(file), "--power-mw", "1", "--energy-mwh", "2", "--efficiency", "0.9", *options]
    return CliRunner().invoke(app, words, env={"COLUMNS": "160"})


def test_local_times_with_daylight_saving_are_the_same_hours(tmp_path):
    price = _wild(230 * 24)
    clock = pd.date_range("2023-03-19 23:00", periods=len(price), freq="h", tz="UTC")  # 00:00 in Stockholm
    utc, _ = read_local_prices(_file(tmp_path, price, "UTC", "SE3_a.csv.gz", start=clock[0].tz_localize(None)))
    local, notes = read_local_prices(
        _file(tmp_path, price, "Europe/Stockholm", start="2023-03-20"), times="Europe/Stockholm"
    )
    for one, other in zip(utc, local, strict=True):
        assert one.tolist() == other.tolist()
    assert set(np.diff(local.day_start)) >= {23, 24, 25}
    assert any("twice in autumn" in note for note in notes)


def test_command_reads_gaps_and_quarters(tmp_path):
    hourly = _wild(30 * 24)
    file = _file(tmp_path, np.repeat(hourly, 4), "UTC", "DE_quarters.csv.gz", freq="15min")
    found = json.loads(_backtest(file, "--json").stdout)
    assert set(found["years"][0]) >= {"year", "profit", "perfect_foresight", "share_of_perfect_foresight"}
    assert any("15 min are averaged" in note for note in found["notes"])
    same = json.loads(_backtest(_file(tmp_path, hourly, "UTC", "DE_hours.csv"), "--json").stdout)
    assert found["years"] == same["years"]
    lines = (tmp_path / "DE_hours.csv").read_text().splitlines()
    (tmp_path / "DE_gaps.csv").write_text("\n".join(lines[:50] + lines[53:]) + "\n")
    gaps = json.loads(_backtest(tmp_path / "DE_gaps.csv", "--json").stdout)
    assert gaps["years"][0]["missing_hours"] == 3
    done = _backtest(tmp_path / "DE_gaps.csv")
    assert "3 missing hours are interpolated" in done.stdout
    assert "Europe/Berlin" in done.stdout


def test_nothing_to_earn_is_null(tmp_path):
    found = json.loads(_backtest(_file(tmp_path, np.full(100, 5.0), "UTC"), "--json").stdout)
    assert found["years"][0]["share_of_perfect_foresight"] is None


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "utc,price_eur_mwh\n2023-01-01T00:00Z,1\n2023-01-01T01:00Z,much\n",
            (),
            "prices.csv, line 3, column price_eur_mwh",
        ),
        ("utc,x\n2023-01-01T00:00Z,1\n", (), "type --column with one of: utc, x"),
        ("local,price\n2023-01-01T00:00,1\n", (), "type --times UTC"),
        ("utc,price\n2023-01-01T00:00Z,1\n2023-01-01T01:00Z,2\n", (), "a backtest needs 48"),
        ("utc,price\n2023-01-01T00:00Z,1\n", ("--zone", "Atlantis/City"), "--zone Atlantis/City: not known"),
        ("utc,price\n", (), "has no rows"),
        ("utc,price\n1,1\n", ("--efficiency", "90"), "--efficiency 90: must be above 0 and at most 1"),
        ("utc,price\n1,1\n", ("--power-mw", "0"), "--power-mw 0: must be a number above 0"),
    ],
)
def test_bad_input(tmp_path, text, options, message):
    file = tmp_path / "prices.csv"
    file.write_text(text, encoding="utf-8")
    done = _backtest(file, *options)
    assert done.exit_code == 2, done.output
    assert message in done.output


def test_no_such_file(tmp_path):
    done = _backtest(tmp_path / "none.csv")
    assert done.exit_code == 2
    assert "no such file" in done.output


def _tariff(name, years=1, seed=1):
    return tariff_prices(load("tariffs", name), load("weather", "nordic"), years, seed)


@pytest.mark.parametrize("hours", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("name", list_names("tariffs"))
def test_shipped_tariffs_against_perfect_foresight(name, hours):
    """At least 0.999 of what knowing all critical days would earn, in each of two years; 1.0 where there are none."""
    prices, expected, _ = _tariff(name, years=2)
    for efficiency in (0.85, 0.9, 0.95):
        battery = round_trip_battery(1.0, hours, efficiency)
        for year in (1, 2):
            inside = np.flatnonzero(prices.year == year)
            done = operate(prices, battery, inside[0], inside[-1] + 1, expected)
            price = prices.price[inside]
            share = (price * (done.sold_mwh - done.bought_mwh)).sum() / perfect_foresight_value(price, battery)
            assert 0.999 <= share <= 1.0 + 1e-9
            if not load("tariffs", name)["critical"]:
                assert share == pytest.approx(1.0, abs=1e-9)


def test_tariff_against_the_linear_program():
    prices, expected, _ = _tariff("jiangsu_industrial")
    (one,) = backtest(prices, round_trip_battery(1.0, 2.0, 0.9), expected)
    assert one.perfect_foresight == pytest.approx(
        perfect_foresight_value(prices.price, round_trip_battery(1.0, 2.0, 0.9)), rel=1e-9
    )
    assert one.share_of_perfect_foresight == pytest.approx(1.0, abs=1e-9)


def test_a_spring_day_of_jiangsu_by_hand():
    """1 MW, 1 MWh inside, no loss, a day of March: valleys 2-6 and 10-14, flat before, between and after, peak 15-22.
    Two cycles: bought in the night valley, sold at flat; bought in the noon valley, sold at peak:
    539.91 - 304.07 + 830.18 - 304.07 = 761.95 CNY."""
    prices, expected, _ = _tariff("jiangsu_industrial")
    first = 59 * 24
    battery = round_trip_battery(1.0, 1.0, 1.0)
    done = operate(prices, battery, first, first + 48, expected)
    earned = prices.price[first : first + 24] * (done.sold_mwh - done.bought_mwh)[:24]
    assert earned.sum() == pytest.approx(761.95)


def test_critical_days_are_not_foreseen():
    """A day that becomes critical changes nothing before 13:00 of the day before."""
    prices, expected, calls = _tariff("european_critical_peak")
    assert calls == np.unique(np.flatnonzero(prices.price > 200.0) // 24).size > 0
    battery = round_trip_battery(1.0, 4.0, 0.9)
    before = operate(prices, battery, 0, 8760, expected)
    moved = prices.price.copy()
    moved[30 * 24 + 6 : 30 * 24 + 10] += 3000.0
    after = operate(prices._replace(price=moved), battery, 0, 8760, expected)
    same = 29 * 24 + 13
    assert np.array_equal(before.stored_mwh[:same], after.stored_mwh[:same])
    other = operate(prices, battery, 0, 8760, np.where(np.arange(8760) // 24 == 30, expected + 3000.0, expected))
    assert not np.array_equal(before.stored_mwh[:same], other.stored_mwh[:same])  # negative control


def test_weather_and_calls_are_those_of_the_seed():
    one, two, other = (_tariff("european_critical_peak", 2, seed)[0].price for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    assert np.array_equal(one[:8760], _tariff("european_critical_peak", 1, 5)[0].price)


def _on_tariff(*options):
    words = ["backtest", "--power-mw", "1", "--energy-mwh", "2", "--efficiency", "0.9", *options]
    return CliRunner().invoke(app, words, env={"COLUMNS": "160"})


def test_command_on_a_tariff(tmp_path):
    found = json.loads(_on_tariff("--tariff", "jiangsu_industrial", "--json").stdout)
    assert [one["year"] for one in found["years"]] == [1]
    assert found["years"][0]["share_of_perfect_foresight"] == pytest.approx(1.0, abs=1e-9)
    assert any("how well it is known: quoted" in note for note in found["notes"])
    mine = tmp_path / "mine.toml"
    text = (FOLDER / "tariffs_european_critical_peak.toml").read_text(encoding="utf-8")
    mine.write_text(text, encoding="utf-8")
    done = _on_tariff("--tariff", str(mine), "--years", "2", "--seed", "3")
    assert done.exit_code == 0, done.output
    assert "drawn with seed 3 and weather nordic" in done.stdout
    assert "the demand charge is not in it" in done.stdout
    mine.write_text(text.replace('hours = "22-6"', 'hours = "22-5"'), encoding="utf-8")
    done = _on_tariff("--tariff", str(mine))
    assert done.exit_code == 2
    assert "mine.toml: calendar: no entry holds hours 5-6 of working days in month 1" in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "type either a price file, PRICES.csv, or --tariff"),
        (("prices.csv", "--tariff", "jiangsu_industrial"), "type either a price file"),
        (("prices.csv", "--years", "2"), "--years 2: goes with --tariff only; take it out"),
        (("--tariff", "jiangsu_industrial", "--zone", "SE3"), "--zone SE3: goes with a price file only; take it out"),
        (("--tariff", "jiangsu_industrial", "--years", "0"), "--years 0: must be from 1 to 50"),
        (("--tariff", "jiangsu_industral"), "did you mean 'jiangsu_industrial'"),
        (("--tariff", "jiangsu_industrial", "--weather", "nordik"), "did you mean 'nordic'"),
    ],
)
def test_bad_input_on_a_tariff(options, message):
    done = _on_tariff(*options)
    assert done.exit_code == 2, done.output
    assert message in done.output

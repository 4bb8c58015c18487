"""Calibration of prices: files as users have them, messages, breaks, errors, facts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from distributions.clock import HOURS_PER_DAY, HOURS_PER_YEAR
from distributions.facts import Fact, Rule, compare, failing
from distributions.fit_breaks import find_breaks, level_test
from distributions.fit_price_history import PriceRequest, read_price_history
from distributions.parameters import ParameterError, load, validate
from distributions.price_facts import RULES, price_facts, validate_prices
from distributions.price_twin import bent, simulate
from distributions.table_reading import HistoryError
from studies.cli import app

STOCKHOLM = "Europe/Stockholm"


def request(path: Path, **more: object) -> PriceRequest:
    return PriceRequest(path=path, zone="SE3", **more)  # type: ignore[arg-type]


def utc_prices(begin: str, hours: int) -> pd.Series:
    return pd.Series(np.arange(hours, dtype=float), index=pd.date_range(begin, periods=hours, freq="h", tz="UTC"))


def written(series: pd.Series, path: Path, head: str, form: str = "%Y-%m-%d %H:%M") -> Path:
    lines = [f"{time.strftime(form)},{value}" for time, value in series.items()]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def test_local_times_with_daylight_saving_give_the_same_hours_as_utc(tmp_path: Path) -> None:
    # 2021-03-28 has no 02:00 in Stockholm, 2021-10-31 has it twice.
    for begin in ("2021-03-27", "2021-10-30"):
        made = utc_prices(begin, 72)
        local = made.tz_convert(STOCKHOLM)
        a = written(made, tmp_path / "utc.csv", "utc,price_eur_mwh")
        b = written(local, tmp_path / "local.csv", "time,price_eur_mwh")
        from_utc, unit, offset, _ = read_price_history(request(a))
        from_local, _, offset_local, notes = read_price_history(request(b, times=STOCKHOLM))
        assert (unit, offset, offset_local) == ("EUR/MWh", 1.0, 1.0)
        pd.testing.assert_series_equal(from_utc, from_local, check_freq=False)
        # 00:00 UTC is 01:00 local standard time, whatever the season
        assert from_utc.index[0] == pd.Timestamp(begin) + pd.Timedelta(hours=1)
    assert any("come twice in autumn" in note for note in notes)


def test_local_file_read_as_utc_is_an_hour_off(tmp_path: Path) -> None:
    """Negative control: the reading above does depend on the zone."""
    made = utc_prices("2021-07-01", 48)
    file = written(made.tz_convert(STOCKHOLM), tmp_path / "local.csv", "time,price_eur_mwh")
    right, wrong = (read_price_history(request(file, times=zone))[0] for zone in (STOCKHOLM, "UTC"))
    assert not right.equals(wrong)


@pytest.mark.parametrize("minutes", [15, 30])
def test_short_steps_are_averaged_and_half_hours_missing_are_no_hour(tmp_path: Path, minutes: int) -> None:
    per_hour = 60 // minutes
    index = pd.date_range("2021-01-01", periods=48 * per_hour, freq=f"{minutes}min", tz="UTC")
    series = pd.Series(np.repeat(np.arange(48.0), per_hour) + np.tile(np.arange(per_hour), 48), index=index)
    series = series.drop(series.index[10 * per_hour + 1])
    frame = pd.DataFrame({"timestamp": series.index, "price": series.to_numpy()})
    frame.to_parquet(tmp_path / "quarter.parquet")
    hours, _, _, notes = read_price_history(request(tmp_path / "quarter.parquet", unit="EUR/MWh"))
    assert hours.iloc[5] == pytest.approx(5.0 + (per_hour - 1) / 2.0)
    assert np.flatnonzero(hours.isna()).tolist() == [10]
    assert any(f"steps of {minutes} min" in note for note in notes)


def test_units_currencies_and_other_ways_of_writing(tmp_path: Path) -> None:
    file = tmp_path / "entsoe.csv"
    rows = [f"0{h}.01.2022 00:00 - 0{h}.01.2022 01:00;{h},5" for h in (1, 2)]
    rows[1] = "01.01.2022 01:00 - 01.01.2022 02:00;-1.002,5"
    file.write_text("\n".join(["MTU (CET/CEST);Day-ahead price [ct/kWh]", *rows]), encoding="utf-8")
    hours, unit, _, notes = read_price_history(request(file))
    assert unit == "EUR/MWh"
    np.testing.assert_allclose(hours.to_numpy(), [15.0, -10025.0])
    assert any("times 10 to EUR/MWh" in note for note in notes)
    sek = written(utc_prices("2022-01-01", 3), tmp_path / "sek.csv", "utc,price")
    assert read_price_history(request(sek, unit="öre/kWh"))[1] == "SEK/MWh"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("utc,price_eur_mwh\n2021-01-01T00:00Z,1\n2021-01-01T01:00Z,abc\n", {}, "line 3, column price_eur_mwh: 'abc'"),
        ("utc,price_eur_mwh\n2021-01-01T00:00Z,1\nnow,2\n", {}, "line 3, column utc: 'now': expected a time"),
        ("utc,price_eur_mwh\n2021-01-01T00:00Z,inf\n2021-01-01T01:00Z,2\n", {}, "line 2.*expected a number"),
        ("time,price_eur_mwh\n2021-01-01 00:00,1\n", {}, "does not say whether its times are UTC or local"),
        ("utc,price\n2021-01-01T00:00Z,1\n", {}, "does not name its unit: type --unit"),
        ("utc,price\n2021-01-01T00:00Z,1\n", {"unit": "EUR"}, "type a currency per MWh or kWh"),
        ("utc,load\n2021-01-01T00:00Z,1\n", {}, "no column looks like the price; type --value-column with one of"),
        ("utc,price_a,price_b\n2021-01-01T00:00Z,1,2\n", {}, "could be any of price_a, price_b"),
        ("utc,price_eur_mwh\n2021-01-01T00:00Z,1\n2021-01-01T00:00Z,2\n", {}, "comes twice with two values"),
        ("utc,price_eur_mwh\n2021-01-01,1\n2021-01-02,2\n2021-01-03,2\n", {}, "expected 60 min or less"),
        ("", {}, "is empty"),
        ("utc,price_eur_mwh\n", {}, "has no rows"),
        ("time,price_eur_mwh\n2021-01-01 00:00,1\n", {"times": "Europe/Stokholm"}, "no such time zone"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, options: dict[str, str], message: str) -> None:
    file = tmp_path / "prices.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HistoryError, match=message):
        read_price_history(request(file, **options))


def test_command_refuses_with_two_and_writes_nothing(tmp_path: Path) -> None:
    file = written(utc_prices("2021-01-01", 400), tmp_path / "short.csv", "utc,price_eur_mwh")
    out = tmp_path / "new" / "prices.toml"
    words = ["calibrate", "prices", str(file), "--zone", "SE3", "--out", str(out), "--report", str(tmp_path / "new")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "Nothing was written" in done.stderr
    assert "holds no whole year" in done.stderr
    assert not (tmp_path / "new").exists()


def autoregression_with(shift: float, seed: int, weeks: int = 156) -> np.ndarray:
    rng = np.random.default_rng(seed)
    series = np.zeros(weeks)
    for week in range(1, weeks):
        series[week] = 0.7 * series[week - 1] + np.sqrt(0.51) * rng.standard_normal()
    series[weeks // 2 :] += shift
    return series


def test_break_test_keeps_its_false_alarms_and_finds_a_break() -> None:
    # 25 series without a break at 1 in 100: more than 4 alarms happen by chance once in 10,000.
    without = [level_test(autoregression_with(0.0, seed))[0] for seed in range(25)]
    assert np.sum(np.array(without) < 0.01) <= 4
    # A change of 3 standard deviations is found, but where the slow level hides it; its place within two months.
    found = [level_test(autoregression_with(3.0, seed)) for seed in range(6)]
    assert sum(probability < 0.01 for probability, _ in found) >= 5
    assert all(abs(week - 78) <= 8 for probability, week in found if probability < 0.01)


def test_break_in_the_spread_of_prices_is_dated() -> None:
    day = np.sin(2.0 * np.pi * np.arange(HOURS_PER_DAY) / HOURS_PER_DAY)
    rng = np.random.default_rng(4)
    size = np.where(np.arange(730) < 400, 5.0, 25.0) * np.exp(0.2 * rng.standard_normal(730))
    prices = (50.0 + 3.0 * rng.standard_normal(730))[:, None] + size[:, None] * day
    index = pd.date_range("2021-01-01", periods=730 * HOURS_PER_DAY, freq="h")
    level, spread = find_breaks(pd.Series(prices.ravel(), index=index))
    assert spread.alarm
    assert not level.alarm
    assert abs(pd.Timestamp(spread.at) - pd.Timestamp("2022-02-05")) < pd.Timedelta(days=15)
    assert spread.after > 3.0 * spread.before


def test_facts_solved_by_hand_and_spikes_counted() -> None:
    prices = np.full(HOURS_PER_YEAR, 20.0)
    prices[100:103], prices[500:501] = 100.0, 100.0
    facts = price_facts(prices)
    # two spells, 3 and 1 hours
    assert facts["spikes_per_year"] == pytest.approx(2.0)
    assert facts["spike_mean_h"] == pytest.approx(2.0)
    assert facts["spread_q50"] == 0.0
    assert set(facts) == set(RULES)


def test_comparison_passes_itself_and_fails_another() -> None:
    record = load("prices", "SE3_2021_2023")
    made = simulate(record, 24, 3)
    index = pd.date_range("2018-01-01", "2020-12-31 23:00", freq="h")
    index = index[~((index.month == 2) & (index.day == 29))]
    history = pd.Series(made[: 3 * HOURS_PER_YEAR], index=index)
    facts = validate_prices(history, made[: 3 * HOURS_PER_YEAR])
    assert failing([fact for fact in facts if not fact.rule.band and fact.name != "weekend_ratio"]) == []
    dearer = validate_prices(history, 1.3 * made[: 3 * HOURS_PER_YEAR])
    assert {"mean", "battery_mean", "spread_mean"} <= set(failing(dearer))


def test_rule_and_band_verdicts() -> None:
    rule, band = Rule("x", relative=0.1, absolute=1.0), Rule("y", band=True)
    assert rule.allowed(-20.0) == pytest.approx(3.0)
    assert not Fact("x", rule, 10.0, 12.1, 0.0, 0.5).passed
    assert Fact("x", rule, np.nan, 12.1, 0.0, np.nan).passed
    stretches = [{"y": float(k)} for k in range(200)]
    inside, outside = (compare({"y": band}, {"y": value}, {"y": 100.0}, stretches)[0] for value in (3.0, 300.0))
    assert inside.passed
    assert not outside.passed


def test_bent_transform_solved_by_hand() -> None:
    record = {"bend_at": np.array([-1.0, 0.0, 1.0, 2.0]), "bend": np.array([0.5, -0.5, 1.0, 2.0])}
    # Slopes 1, 0.5, 1, 2, 4: at -2: 0 - 0.5 - 1; at -0.5: -0.25; at 0.5: itself; at 1.5: 1 + 2 * 0.5; at 3: 1 + 2 + 4
    np.testing.assert_allclose(bent(np.array([-2.0, -0.5, 0.5, 1.5, 3.0]), record), [-1.5, -0.25, 0.5, 2.0, 7.0])
    same = np.linspace(-3.0, 3.0, 7)
    assert bent(same, {}) is same


UNCERTAIN = {
    "names": ["slow_sd", "profile_level"],
    "standard_error": [0.1, 0.2],
    "correlation": [[1.0, -0.5], [-0.5, 1.0]],
    "method": "by hand",
}


def price_record_with(uncertainty: dict[str, object]) -> dict[str, object]:
    shipped = load("prices", "SE3_2021_2023")
    plain = {key: np.asarray(value).tolist() for key, value in shipped.items() if key not in ("meta", "uncertainty")}
    return plain | {"meta": {}, "uncertainty": uncertainty}


def test_errors_that_belong_together_are_read_as_arrays() -> None:
    read = validate("prices", price_record_with(UNCERTAIN))["uncertainty"]
    assert read["names"] == UNCERTAIN["names"]
    np.testing.assert_array_equal(read["standard_error"], [0.1, 0.2])
    np.testing.assert_array_equal(read["correlation"], [[1.0, -0.5], [-0.5, 1.0]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"names": ["slow_sd", "slow_sdd"]}, "uncertainty.names: slow_sdd: unknown; each must be one of slow_phi"),
        ({"names": ["slow_sd", "slow_sd"]}, "uncertainty.names: a name comes twice"),
        ({"names": ["slow_sd"]}, r"uncertainty.standard_error: has shape \(2,\): must be \(1,\)"),
        ({"standard_error": [0.1, -0.2]}, "uncertainty.standard_error: spans -0.2 to 0.1"),
        ({"correlation": [[1.0, -0.5], [0.5, 1.0]]}, "uncertainty.correlation: must be symmetric"),
        ({"correlation": [[0.9, 0.5], [0.5, 1.0]]}, "uncertainty.correlation: must be 1 on the diagonal"),
        ({"slow_sd": 0.1}, "uncertainty.slow_sd: unknown key"),
    ],
)
def test_errors_that_do_not_belong_together_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        validate("prices", price_record_with(UNCERTAIN | wrong))

"""Prices and sunshine together: facts solved by hand, drawn on one weather, refused where they never meet."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, MONTH_OF_DAY
from distributions.fit_irradiance import simulate as simulate_sky
from distributions.fit_price_sun import SEED
from distributions.parameters import load
from distributions.price_sun import MIDDAY, SunnyPrices, joined, mean_days, sun_facts, validate_sun
from distributions.price_twin import draw, prices_from
from studies import validation
from studies.calibrate_prices import sun_parts
from studies.cli import app

DAYS = 360
DAY = slice(6, 18)


def days_in_turn() -> SunnyPrices:
    """Twelve months of thirty days, bright, middling and dull in turn.

    A bright day's mean price is 90 and its midday (4 of 24 hours) at 0.7 of it, so the other 20 hours are at
    (24 - 4 * 0.7) / 20 = 1.06 of it. A dull day: 110, midday 1.3, others 0.94. A middling day is flat at 100.
    """
    kind = np.arange(DAYS) % 3
    level = np.array([90.0, 100.0, 110.0])[kind]
    prices = np.repeat((level * np.array([1.06, 1.0, 0.94])[kind])[:, None], HOURS_PER_DAY, axis=1)
    prices[:, MIDDAY] = (level * np.array([0.7, 1.0, 1.3])[kind])[:, None]
    clear = np.zeros((DAYS, HOURS_PER_DAY))
    clear[:, DAY] = 500.0
    clearness = np.where(clear > 0.0, np.array([0.9, 0.6, 0.3])[kind][:, None], np.nan)
    return SunnyPrices(prices, clearness, clear, np.arange(DAYS) // 30)


def test_facts_solved_by_hand() -> None:
    days = days_in_turn()
    facts = sun_facts(days)
    assert facts["sun_midday_bright"] == pytest.approx(0.7)
    assert facts["sun_midday_dull"] == pytest.approx(1.3)
    assert facts["sun_midday_ratio"] == pytest.approx(0.7 / 1.3)
    assert facts["sun_correlation"] == pytest.approx(-1.0, abs=1e-3)
    # Sun hours 6 to 18: 4 of midday, 8 others; sun goes as 9 : 6 : 3. Mean price of these hours over the day's mean:
    # bright (4 * 0.7 + 8 * 1.06) / 12 = 0.94, dull (4 * 1.3 + 8 * 0.94) / 12 = 1.06. Days count at 0.9, 1, 1.1 but for
    # the 31-day mean, which leans to the middle day by 1 in 31.
    level = np.array([0.9, 1.0, 1.1]) / (1.0 + np.array([-0.1, 0.0, 0.1]) / 31.0)
    expected = (level * [0.94, 1.0, 1.06] * [9.0, 6.0, 3.0]).sum() / 18.0 / level.mean()
    assert facts["sun_capture"] == pytest.approx(expected, abs=2e-3)
    bright, dull = mean_days(days)
    assert bright[12] / bright[0] == pytest.approx(0.7 / 1.06)
    assert dull[12] / dull[0] == pytest.approx(1.3 / 0.94)


def test_season_and_slow_level_are_taken_out() -> None:
    days = days_in_turn()
    slow = 1.0 + 0.8 * np.sin(2.0 * np.pi * np.arange(DAYS) / DAYS)
    dearer = sun_facts(days._replace(prices=days.prices * slow[:, None]))
    for name, value in sun_facts(days).items():
        assert dearer[name] == pytest.approx(value, abs=0.05), name
    # negative control: the plain correlation is another one
    brightness = np.nanmean(days.clearness, axis=1)
    assert np.corrcoef((days.prices * slow[:, None]).mean(axis=1), brightness)[0, 1] > -0.5


def test_days_that_are_not_known_are_left_out() -> None:
    days = days_in_turn()
    prices, clearness = days.prices.copy(), days.clearness.copy()
    prices[30, 3], clearness[60, 8:12] = np.nan, np.nan
    facts = sun_facts(days._replace(prices=prices, clearness=clearness))
    # one day less moves the edge of a third by one day of 120
    assert facts["sun_midday_ratio"] == pytest.approx(0.7 / 1.3, abs=0.03)
    assert all(np.isfinite(value) for value in facts.values())


def drawn(years: int, seed: int, *, shared: bool) -> SunnyPrices:
    weather = load("weather", "nordic") if shared else None
    draws = draw(years, 7, weather)
    prices = prices_from(load("prices", "SE4_2021_2023"), draws, weather)
    sky = load("irradiance", "lyngby_2015_2018")
    clearness = simulate_sky(sky, years, seed, weather=weather, regime=draws.regime if shared else None)
    clear = np.zeros((years * DAYS_PER_YEAR, HOURS_PER_DAY))
    clear[:, DAY] = 500.0
    seen = np.where(clear > 0.0, clearness, np.nan)
    return SunnyPrices(prices.reshape(-1, HOURS_PER_DAY), seen, clear, np.tile(MONTH_OF_DAY, years).astype(np.int64))


def test_prices_and_sun_share_the_weather_and_nothing_else() -> None:
    # It scatters by 0.033 over 3 years, so by 0.005 over 120: four of these are 0.02, beyond which it falls
    # by chance in fewer than 1 of 10,000. The shared weather gives 0.04, found as surely.
    alone = sun_facts(drawn(120, SEED, shared=False))["sun_correlation"]
    together = sun_facts(drawn(120, SEED, shared=True))["sun_correlation"]
    assert abs(alone) < 0.02
    assert together > 0.02
    # negative control: with the seed of the prices both are made of the same normals
    assert abs(sun_facts(drawn(120, 7, shared=False))["sun_correlation"]) > 0.05


def test_a_sun_that_pulls_midday_down_is_found_missing() -> None:
    # Over 12 years the ratio scatters by 0.007 and the price weighed by irradiance by 0.008: a stretch of the
    # simulation itself misses the tolerance of 0.03 in about 1 of 10,000; a pull of 0.08 on half the days is always
    # found.
    run = drawn(60, SEED, shared=True)
    own = run.part(0, 12 * DAYS_PER_YEAR)
    assert all(fact.passed for fact in validate_sun(own, run, None) if not fact.rule.band)
    daily = np.nanmean(own.clearness, axis=1)
    pulled = own.prices.copy()
    pulled[:, MIDDAY] *= np.where(daily > np.median(daily), 0.92, 1.0)[:, None]
    missed = [fact.name for fact in validate_sun(own._replace(prices=pulled), run, None) if not fact.passed]
    assert "sun_midday_ratio" in missed


def test_report_shows_the_limit_and_what_is_outside() -> None:
    run = drawn(12, SEED, shared=True)
    history = run.part(0, 3 * DAYS_PER_YEAR)
    deep = history.prices.copy()
    deep[:, MIDDAY] *= 0.5
    good = [fact for fact in validate_sun(history, run, None) if fact.passed]
    bad = validate_sun(history._replace(prices=deep), run, None)
    for facts, missed in ((good, False), (bad, True)):
        parts = "".join(sun_parts(SimpleNamespace(sunny=(history, run), facts=facts)))  # type: ignore[arg-type]
        assert "Limit of the model" in parts
        assert "data:image/png;base64," in parts
        assert ("Outside: " in parts) is missed
    assert sun_parts(SimpleNamespace(sunny=None)) == []  # type: ignore[arg-type]


@pytest.mark.skipif(not validation.SHARED.is_dir(), reason="the histories are not in ../shared")
def test_prices_and_sunshine_are_among_what_is_validated() -> None:
    assert len(list(validation._jobs(20, "SE4_sun"))) == 1


def test_histories_are_joined_by_date() -> None:
    hours = pd.date_range("2020-01-01", periods=20 * HOURS_PER_DAY, freq="h")
    prices = pd.Series(np.arange(len(hours), dtype=float), index=hours)
    later = hours + pd.Timedelta(days=5)
    sky = pd.DataFrame({"clearness": np.arange(len(hours)) + 5.0 * HOURS_PER_DAY, "clear_w_per_m2": 500.0}, index=later)
    days = joined(prices, sky)
    assert days is not None
    assert len(days.month) == 15
    np.testing.assert_array_equal(days.prices, days.clearness)
    assert joined(prices, sky.set_index(hours + pd.Timedelta(days=400))) is None


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Prices of 2021; sunshine of 2015; the same with times that do not say their zone; a typical year."""
    folder = tmp_path_factory.mktemp("sun")
    rng = np.random.default_rng(1)
    made = {}
    heads = {"prices": "utc,price_eur_mwh", "sun": "utc,ghi_wm2", "unclear": "time,ghi_wm2",
             "typical": "month,day,hour,ghi_wm2"}  # fmt: skip
    for name, head in heads.items():
        year = 2021 if name == "prices" else 2015
        hours = pd.date_range(f"{year - 1}-12-31 23:00", periods=8760, freq="h")
        height = 0.55 - 0.4 * np.cos(2.0 * np.pi * hours.day_of_year / 365.0)
        sun = 600.0 * height * np.maximum(np.sin((hours.hour - 5.5) * np.pi / 12.0), 0.0) * rng.uniform(0.2, 0.9, 8760)
        values = 50.0 + 10.0 * rng.standard_normal(8760) if name == "prices" else sun
        form = "%m,%d,%H" if name == "typical" else "%Y-%m-%dT%H:%M"
        lines = [f"{time:{form}},{value:.1f}" for time, value in zip(hours, values, strict=True)]
        made[name] = folder / f"{name}.csv"
        made[name].write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return made


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--latitude", "55"], "--latitude: of no use without --sun FILE"),
        (["--sun", "sun", "--sun-stamps", "middle"], "--sun-stamps middle: type begin or end"),
        (["--sun", "sun"], "--sun: sun.csv: does not give its place: type --latitude and --longitude"),
        (["--sun", "sun", "--latitude", "50", "--longitude", "13"], "0 days have both sunshine and a fitted price"),
        (["--sun", "unclear", "--latitude", "50", "--longitude", "13"], "--sun-times UTC"),
        (["--sun", "typical", "--latitude", "50", "--longitude", "13"], "is a typical year"),
    ],
)
def test_a_sun_of_no_use_is_refused(files: dict[str, Path], tmp_path: Path, words: list[str], message: str) -> None:
    typed = [str(files.get(word, word)) for word in words]
    out = tmp_path / "prices.toml"
    asked = ["calibrate", "prices", str(files["prices"]), "--zone", "SE3", "--hold-out", "0", "--out", str(out)]
    done = CliRunner().invoke(app, [*asked, *typed])
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert not out.exists()

"""Prices: surges that are entered and left, Saturdays and Sundays, and the sun of the day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from distributions import prices
from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, HOURS_PER_YEAR
from distributions.fit_irradiance import day_normals
from distributions.fit_irradiance import simulate as simulate_sky
from distributions.fit_price_response import fit_response, sun_of_the_hour
from distributions.fit_prices import first_guess
from distributions.parameters import FOLDER, load, validate
from distributions.price_sun import simulated_days
from distributions.price_twin import Draws, _surges, draw, prices_from

PROBABILITY, MEAN, STAY = 0.05, 0.8, 0.9
LANES, DAYS = 400, 600
f = np.float32


def surges_of_the_kernel(probability: float) -> np.ndarray:
    """(DAYS, LANES) surges of the engine's own rows, everything else at rest."""
    values = dict.fromkeys(("profile_level", "hour_scale", "size_scale", *(f"bend_{k}" for k in range(4))), 0.0)
    values |= {f"{part}_{kind}": 0.0 for part in ("slow", "fast", "spread", "volatility") for kind in ("phi", "sd")}
    values |= {"hour_phi": 0.0, "jump_probability_per_day": 0.0, "jump_share_up": 0.0, "jump_mean_up": 0.0,
               "jump_mean_down": 0.0, "jump_decay": 0.0, "surge_probability_per_day": probability,
               "surge_mean": MEAN, "surge_stay": STAY}  # fmt: skip
    drawn = prices.drawn_rows(values, LANES)
    state, daily = np.zeros((prices.N_STATES, LANES), f), np.zeros((prices.N_DAILY, LANES), f)
    words, regime = np.zeros((4, LANES), np.uint32), np.zeros(LANES, np.int8)
    found = np.empty((DAYS, LANES))
    for day in range(DAYS):
        prices.day_rows(state, daily, drawn, f(0.0), regime, np.zeros(3, f), day, 0, 7, words)
        found[day] = daily[prices.LEVEL]
    return found


def law_of(level: np.ndarray) -> tuple[float, float, float]:
    """Share of days in a surge, mean days that one lasts, and mean size when it begins."""
    inside = level > 0.0
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    return float(inside.mean()), float(inside.sum() / begins.sum()), float(level[begins].mean())


def test_surges_are_entered_left_and_of_the_stated_size() -> None:
    """A surge lasts 1 / (1 - stay) = 10 days, and 1 / p = 20 days lie between: a third of all days.

    About 8,000 surges: their mean length scatters by 10 / sqrt(8000) = 0.11, their size by 0.8 / sqrt(12 * 8000), the
    share by 0.004 (lengths of both kinds of spells). Five of these are allowed: false alarm below 1e-5.
    """
    share, days, size = law_of(surges_of_the_kernel(PROBABILITY)[100:])
    assert share == pytest.approx(1.0 / 3.0, abs=0.02)
    assert days == pytest.approx(10.0, abs=0.55 + 0.2)  # spells cut by the end of the run are 2 % shorter
    assert size == pytest.approx(MEAN, abs=0.015)
    # negative control: with half the probability the share is a fifth
    assert abs(law_of(surges_of_the_kernel(0.5 * PROBABILITY)[100:])[0] - 1.0 / 3.0) > 0.1


@pytest.mark.parametrize("balanced", [False, True])
def test_the_fitted_twin_has_the_same_surges(balanced: bool) -> None:
    record = {"surge_probability_per_day": PROBABILITY, "surge_mean": MEAN, "surge_stay": STAY}
    level = _surges(record, np.random.default_rng(3).random(200_000), balanced)
    share, days, size = law_of(level)
    assert share == pytest.approx(1.0 / 3.0, abs=0.02)
    assert days == pytest.approx(10.0, abs=0.6)
    assert size == pytest.approx(MEAN, abs=0.015)
    assert level[level > 0.0].min() >= 0.5 * MEAN
    assert level.max() <= 1.5 * MEAN


def test_without_surges_in_a_record_there_are_none() -> None:
    assert not _surges({}, np.zeros(100), False).any()
    assert not surges_of_the_kernel(0.0).any()


def test_a_record_of_working_days_and_weekends_has_one_profile_for_both_days() -> None:
    import tomllib

    raw = tomllib.loads((FOLDER / "prices_SE3_2021_2023.toml").read_text(encoding="utf-8"))
    raw["profile"] = [month[:2] for month in raw["profile"]]
    profile = validate("prices", raw)["profile"]
    assert profile.shape == (12, 3, HOURS_PER_DAY)
    np.testing.assert_array_equal(profile[:, 1], profile[:, 2])
    own = load("prices", "SE3_2021_2023")["profile"]
    assert (own[:, 1] != own[:, 2]).any()


def test_saturday_and_sunday_are_told_apart() -> None:
    """Prices that are cheap on Sundays only: the first guess gives Saturday the level of a working day."""
    hours = pd.date_range("2021-01-01", periods=HOURS_PER_YEAR, freq="h")
    noise = np.random.default_rng(2).standard_normal(HOURS_PER_YEAR)
    series = pd.Series(np.where(hours.day_of_week == 6, 40.0, 80.0) + noise, index=hours)
    level = first_guess(series, 10.0, -14.0, None)["profile"].mean(axis=2)
    np.testing.assert_allclose(level[:, 1], level[:, 0], atol=0.02)
    assert (level[:, 2] < level[:, 0] - 0.3).all()


def clear_frame() -> pd.DataFrame:
    """Clear sky of one year."""
    hours = pd.date_range("2021-01-01", periods=HOURS_PER_YEAR, freq="h")
    height = 0.55 - 0.4 * np.cos(2.0 * np.pi * hours.day_of_year / DAYS_PER_YEAR)
    clear = 900.0 * height * np.maximum(np.sin((hours.hour + 0.5 - 6.0) * np.pi / 12.0), 0.0)
    return pd.DataFrame({"clear_w_per_m2": clear}, index=hours)


def sunny_history(size: float, years: int, seed: int):
    weather, sky, frame = load("weather", "nordic"), load("irradiance", "lyngby_2015_2018"), clear_frame()
    draws = draw(years, seed, weather)
    record = load("prices", "SE4_2021_2023") | {"sunny": -size * sun_of_the_hour(frame)}
    hourly = prices_from(record, draws, weather, bright=day_normals(sky, years, seed + 1))
    clearness = simulate_sky(sky, years, seed + 1, weather=weather, regime=draws.regime)
    return simulated_days(hourly, clearness, frame), sky, frame, weather


def test_the_answer_to_the_sun_is_found_again() -> None:
    """From 12 years: over 10 other such histories 0.140 +- 0.011 was found (each), so 0.05 is 3.6 of these: false alarm
    about 2e-4. The control, 10 histories without any, gave 0.003 +- 0.003, never above 0.007: always told apart."""
    record = load("prices", "SE4_2021_2023")
    days, sky, frame, weather = sunny_history(0.15, 12, 40)
    table, size = fit_response(record, days, sky, frame, weather)
    assert size == pytest.approx(0.15, abs=0.05)
    np.testing.assert_allclose(table, -size * sun_of_the_hour(frame))
    np.testing.assert_allclose(table.mean(axis=1), 0.0, atol=1e-12)
    none = fit_response(record, sunny_history(0.0, 12, 40)[0], sky, frame, weather)[1]
    assert none == pytest.approx(0.0, abs=0.045)


def test_brightness_of_a_simulated_sky_is_the_one_it_was_made_of() -> None:
    sky = load("irradiance", "lyngby_2015_2018")
    clearness = simulate_sky(sky, 20, 5).mean(axis=1)
    assert np.corrcoef(clearness, day_normals(sky, 20, 5))[0, 1] > 0.7
    assert abs(np.corrcoef(clearness, day_normals(sky, 20, 6))[0, 1]) < 0.05


def test_draws_hold_uniforms_of_surges_last() -> None:
    draws = draw(1, 3)
    assert isinstance(draws, Draws)
    assert draws.jump.shape == (4, DAYS_PER_YEAR)

"""Prices: facts solved by hand, the twin, the fit, and the shipped records against their history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, HOURS_PER_YEAR
from distributions.fit_price_bends import first_bends, unbent
from distributions.fit_prices import TOLERANCE, fit, loss
from distributions.parameters import load
from distributions.price_history import battery_value, describe, read_prices, window
from distributions.price_twin import autoregression, bent, draw, prices_from, regimes, simulate
from distributions.regime import state_share

SHARED = Path(__file__).parents[2] / "shared" / "data" / "prices"
SE3 = SHARED / "SE3_dayahead_2016_2023.csv.gz"
needs_history = pytest.mark.skipif(not SE3.exists(), reason="the price history is not in ../shared")

SWEDEN_UTC_OFFSET_H = 1.0
ACCEPTED = {"mean": 0.02, "battery_mean": 0.10, "spread_mean": 0.10, "sd": 0.10, "q50": 0.10, "q95": 0.10}
"""Relative miss of a fact that the shipped record may have over 100 simulated years."""

ACCEPTED_ABSOLUTE = {"acf_1h": 0.05, "acf_24h": 0.05, "acf_168h": 0.05, "negative_share": 0.01, "spike_share": 0.01}


def failures(facts: dict[str, float], target: dict[str, float]) -> list[str]:
    """Names of the facts outside their acceptance."""
    relative = [name for name, limit in ACCEPTED.items() if abs(facts[name] / target[name] - 1.0) > limit]
    return relative + [name for name, limit in ACCEPTED_ABSOLUTE.items() if abs(facts[name] - target[name]) > limit]


def long_run(name: str, years: int = 100, seed: int = 11) -> dict[str, float]:
    weather = load("weather", "nordic")
    return describe(prices_from(load("prices", name), draw(years, seed, weather), weather, balanced=True))


def test_battery_value_solved_by_hand() -> None:
    days = np.full((4, HOURS_PER_DAY), 50.0)
    days[0, [2, 3]], days[0, [10, 20]] = 10.0, 100.0
    days[1, [20, 21]], days[1, [2, 3]] = 10.0, 100.0
    days[3, [2, 3]] = -20.0
    # Day 0: buys at 10, sells at 100: 0.86 * 100 - 10 = 76 per MWh. Day 1: dear before cheap; from the flat hours
    # 0.86 * 100 - 50 = 36 from hours 0, 1. Day 2 is flat: rests. Day 3: 0.86 * 50 + 20 = 63.
    np.testing.assert_allclose(battery_value(days), [76.0, 36.0, 0.0, 63.0])


def test_a_price_floor_that_many_hours_touch_gives_bends_within_their_bounds() -> None:
    # One hour in twelve at one price far below the others asks for a slope of 0 there, which no inverse has.
    rng = np.random.default_rng(5)
    prices = np.where(rng.random(8760) < 0.08, -80.0, 400.0 + 100.0 * rng.standard_normal(8760))
    knots, slopes = first_bends(prices, 48.0, -68.0)
    assert (np.diff(knots) > 0.0).all()
    assert (slopes >= 0.25).all()
    assert (slopes <= 5.0).all()
    bare = np.arcsinh((prices + 68.0) / 48.0)
    assert np.isfinite(unbent(bare, knots, slopes)).all()


def test_facts_solved_by_hand() -> None:
    # Two years, 10 at night and 30 by day, the second year twice as dear; 1 hour of year 0 at -5 and 1 at 200.
    day = np.where(np.arange(HOURS_PER_DAY) < 12, 10.0, 30.0)
    prices = np.concatenate([np.tile(day, DAYS_PER_YEAR), np.tile(2.0 * day, DAYS_PER_YEAR)])
    prices[100], prices[120] = -5.0, 200.0
    facts = describe(prices)
    mean_0 = 20.0 + (-5.0 - prices[124] + 200.0 - 10.0) / HOURS_PER_YEAR
    assert facts["mean"] == pytest.approx((mean_0 + 40.0) / 2.0, rel=1e-12)
    assert facts["negative_share"] == pytest.approx(1.0 / len(prices))
    assert facts["spike_share"] == pytest.approx(1.0 / len(prices))
    assert facts["q50"] == 30.0 or facts["q50"] == 20.0
    assert facts["yearly_sd"] == pytest.approx((40.0 - mean_0) / np.sqrt(2.0), rel=1e-12)


def test_autoregression_is_stationary_and_matches_its_recursion() -> None:
    noise = np.random.default_rng(3).standard_normal(1000)
    series = autoregression(0.9, 2.0, noise)
    expected = [2.0 * noise[0]]
    for step in range(1, 1000):
        expected.append(0.9 * expected[-1] + 2.0 * np.sqrt(1.0 - 0.81) * noise[step])
    np.testing.assert_allclose(series, expected, rtol=1e-9, atol=1e-12)


def test_twin_repeats_itself_and_follows_its_formula() -> None:
    record = dict(load("prices", "SE3_2021_2023"))
    assert np.array_equal(simulate(record, 2, 5), simulate(record, 2, 5))
    assert not np.array_equal(simulate(record, 2, 5), simulate(record, 2, 6))
    # With every random part off only the calendar is left: day 0 is a Monday in January, day 5 a Saturday.
    still = record | {"slow_sd": 0.0, "fast_sd": 0.0, "spread_sd": 0.0, "jump_probability_per_day": 0.0}
    still["size"] = np.zeros(HOURS_PER_DAY)
    prices = simulate(still, 1, 5).reshape(DAYS_PER_YEAR, HOURS_PER_DAY)
    for day, kind in ((0, 0), (5, 1)):
        expected = record["offset"] + record["scale"] * np.sinh(record["profile"][0, kind])
        np.testing.assert_allclose(prices[day], expected, rtol=1e-12)


def test_prices_stay_within_the_auction_limits() -> None:
    record = load("prices", "SE3_2021_2023") | {"slow_sd": 6.0}
    prices = simulate(record, 5, 1)
    assert prices.min() == -500.0
    assert prices.max() <= 4000.0


def test_regimes_occur_as_often_as_the_chain_says() -> None:
    # 400 years: about 7,500 storm days in spells of 1.5 days, so the share is known within 2 %; 4 sigma is 8 %.
    transition = load("weather", "nordic")["transition"]
    states = regimes(np.random.default_rng(1).random(400 * DAYS_PER_YEAR), {"transition": transition})
    expected = state_share(transition).mean(axis=0)
    seen = np.bincount(states, minlength=3) / len(states)
    np.testing.assert_allclose(seen[1:], expected[1:], rtol=0.08)


def test_shipped_record_keeps_negative_hours_and_spikes() -> None:
    facts = long_run("SE3_2021_2023", years=40)
    assert 0.005 < facts["negative_share"] < 0.04
    assert 0.02 < facts["spike_share"] < 0.07


def test_loss_is_zero_on_itself_and_sees_a_shift() -> None:
    facts = long_run("SE3_2021_2023", years=5)
    assert np.abs(loss(facts, facts)).max() == 0.0
    misses = loss(facts | {"mean": facts["mean"] * 1.03}, facts)
    # tolerance of the mean is 1 %
    assert misses[list(TOLERANCE).index("mean")] == pytest.approx(3.0, rel=1e-9)


def test_facts_that_a_history_does_not_show_are_no_misses() -> None:
    """One year has no scatter of years; the others keep their order."""
    facts = long_run("SE3_2021_2023", years=5)
    misses = loss(facts, facts | {"yearly_sd": np.nan})
    assert len(misses) == len(TOLERANCE) - 1
    assert np.isfinite(misses).all()


def test_unbent_undoes_the_bends() -> None:
    at, slopes = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0.5, 2.0, 1.5, 3.0])
    y = np.linspace(-3.0, 4.0, 71)
    bend = np.array([slopes[0] - slopes[1], slopes[1] - 1.0, slopes[2] - 1.0, slopes[3] - slopes[2]])
    np.testing.assert_allclose(unbent(bent(y, {"bend_at": at, "bend": bend}), at, slopes), y, atol=1e-12)


def test_bends_of_a_known_marginal_are_found() -> None:
    """Prices are a bent normal with knots at scores -1.3, -0.4, 0.4, 1.6; a straight one has nothing to bend.

    With 200,000 draws the slopes found scatter with a standard deviation of 0.03 at most (20 seeds): 0.15 is five.
    """
    score = np.random.default_rng(8).standard_normal(200_000)
    knots, slopes = 2.0 + 0.5 * np.array([-1.3, -0.4, 0.4, 1.6]), np.array([1.8, 0.6, 1.5, 2.5])
    bend = np.array([slopes[0] - slopes[1], slopes[1] - 1.0, slopes[2] - 1.0, slopes[3] - slopes[2]])
    y = bent(2.0 + 0.5 * score, {"bend_at": knots, "bend": bend})
    at, found = first_bends(-5.0 + 10.0 * np.sinh(y), 10.0, -5.0)
    np.testing.assert_allclose(at, knots, atol=0.06)
    np.testing.assert_allclose(found, slopes, atol=0.15)
    straight = first_bends(-5.0 + 10.0 * np.sinh(2.0 + 0.5 * score), 10.0, -5.0)[1]
    np.testing.assert_allclose(straight, 1.0, atol=0.15)


@needs_history
@pytest.mark.parametrize("name", ["SE3_2021_2023"])
def test_shipped_record_meets_the_facts_of_its_history(name: str) -> None:
    first, last = (int(year) for year in name.split("_")[1:])
    target = describe(window(read_prices(SE3, SWEDEN_UTC_OFFSET_H), first, last))
    # a record says which facts it misses: these and no others
    told = load("prices", name)["meta"]["facts_failed"].split(", ")
    assert set(failures(long_run(name), target)) <= set(told)


@needs_history
def test_record_of_another_window_fails_the_check() -> None:
    """Negative control: the check must notice parameters of other years."""
    history = read_prices(SE3, SWEDEN_UTC_OFFSET_H)
    assert {"mean", "battery_mean"} <= set(failures(long_run("SE3_2021_2023"), describe(window(history, 2016, 2018))))
    assert "mean" in failures(long_run("SE4_2021_2023"), describe(window(history, 2021, 2023)))


@needs_history
def test_window_outside_the_history_is_refused() -> None:
    history = read_prices(SE3, SWEDEN_UTC_OFFSET_H)
    assert len(window(history, 2021, 2023)) == 3 * HOURS_PER_YEAR
    with pytest.raises(ValueError, match="window 2010 to 2012 is not covered"):
        window(history, 2010, 2012)


def test_an_hour_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("utc,price\n2020-01-01T00:00Z,1\n2020-01-01T00:00Z,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="comes twice"):
        read_prices(path, 0.0)


def test_fit_recovers_a_known_process() -> None:
    """Fitted to six years of its own making, the record must give back their main facts."""
    import pandas as pd

    record = load("prices", "SE3_2021_2023") | {"slow_sd": 0.3}
    made = simulate(record, 6, 17)
    # 2018 began on a Monday; leap days are dropped from the index, as the clock has none.
    index = pd.date_range("2018-01-01", "2023-12-31 23:00", freq="h")
    index = index[~((index.month == 2) & (index.day == 29))]
    history = pd.Series(made, index=index)
    facts = describe(simulate(fit(history, years=6), 12, 23))
    target = describe(history)
    assert abs(facts["mean"] / target["mean"] - 1.0) < 0.25
    assert abs(facts["battery_mean"] / target["battery_mean"] - 1.0) < 0.25
    assert abs(facts["acf_1h"] - target["acf_1h"]) < 0.05

"""Water values: a price path solved by hand, brute force on small stores, and perfect foresight on real prices."""

from pathlib import Path

import numpy as np
import pytest

from distributions._jit import njit
from riskmodel.dispatch import (
    ABOVE_ALL,
    BELOW_ALL,
    HIGHEST_LEVELS,
    KNOWN_HOURS,
    LOWEST_LEVELS,
    PLAN_HOUR,
    backward_hour,
    known_value_row,
    level_grid,
    target_row,
    terminal_rows,
)
from riskmodel.engine.state import (
    DAY,
    EMPTY,
    FLOOR,
    FULL,
    GAIN,
    LIMIT,
    N_DAY_SUMS,
    N_SCRATCH,
    NET,
    STEP,
    TRADING,
    VALUE,
)
from riskmodel.engine.strategy_day import dispatch_hour, plan, store_hour
from riskmodel.storage import N_NUMBERS, in_value_row, out_value_row

f = np.float32
PRICES = Path(__file__).parents[2] / "shared" / "data" / "prices"
WEIGHT_OF_A_DAY = 0.2


def values_before(after, pd, pc, up, down):
    """One step back for one lane; `after` : (levels,)."""
    out, rows = np.zeros((len(after), 1), f), np.asarray(after, f)[:, None]
    ends = (np.full(1, end, f) for end in (ABOVE_ALL, BELOW_ALL))
    backward_hour(out, rows, np.full(1, pd, f), np.full(1, pc, f), up, down, len(after), *ends)
    return out[:, 0].tolist()


@pytest.mark.tiny
def test_four_hours_by_hand():
    """Two units of storage, one moved an hour, no losses, prices 10, 40, 20, 50; afterwards units are worth 15 and 5.

    V_t(k) is the most that k stored units earn from hour t on; v is what each unit adds.
    V_4 = 0, 15, 20
    V_3(1) = sell 50;                     V_3(2) = sell 50 + 15;           V_3 = 0, 50, 65    v = 50, 15
    V_2(0) = buy -20 + 50;                V_2(2) = sell 20 + 50;           V_2 = 30, 50, 70   v = 20, 20
    V_1(1) = sell 40 + 30;                V_1(2) = sell 40 + 50;           V_1 = 30, 70, 90   v = 40, 20
    V_0(0) = buy -10 + 70;                V_0(1) = buy -10 + 90;           V_0 = 60, 80, 90   v = 20, 10
    """
    values = [[15.0, 5.0]]
    for price in (50.0, 20.0, 40.0, 10.0):
        values.append(values_before(values[-1], price, price, 1, 1))
    assert values[1:] == [[50.0, 15.0], [20.0, 20.0], [40.0, 20.0], [20.0, 10.0]]
    # forward from empty: buy at 10, sell at 40, buy at 20, sell at 50 = 60 = V_0(0)
    stored, earned, after = 0.0, 0.0, values[3::-1]
    for price, v in zip((10.0, 40.0, 20.0, 50.0), after, strict=True):
        target = np.zeros(1, f)
        target_row(target, np.asarray(v, f)[:, None], 2, np.full(1, price, f), np.ones(1, f))
        move = min(max(float(target[0]) - stored, -1.0), 1.0)
        stored, earned = stored + move, earned - price * move
    assert (stored, earned) == (0.0, 60.0)


def brute_force(terminal, moves, up, down):
    """Marginal values by trying every move; `terminal` : (levels,), `moves` : (hours, 2) of pd, pc."""
    total = np.concatenate([[0.0], np.cumsum(terminal)])
    n = len(terminal)
    for pd, pc in moves[::-1]:
        best = np.empty(n + 1)
        for k in range(n + 1):
            to = np.arange(max(k - down, 0), min(k + up, n) + 1)
            best[k] = np.max(total[to] + np.where(to < k, (k - to) * pd, (k - to) * pc))
        total = best
    return np.diff(total)


@pytest.mark.tiny
def test_small_stores_against_every_possible_move():
    rng = np.random.default_rng(5)
    for _ in range(50):
        levels, up, down = rng.integers(3, 7), rng.integers(1, 4), rng.integers(1, 4)
        price = rng.uniform(0, 100, 8)
        moves = np.stack([price * 0.93 - 5.0, price / 0.93], axis=1)
        terminal = np.sort(rng.uniform(20, 80, levels))[::-1]
        values = terminal
        for pd, pc in moves[::-1]:
            values = values_before(values, pd, pc, int(up), int(down))
        np.testing.assert_allclose(values, brute_force(terminal, moves, up, down), rtol=0, atol=5e-5)


@pytest.mark.tiny
def test_values_of_an_hour_by_hand():
    price, fee = np.array([100.0, -20.0], f), np.array([35.0, 35.0], f)
    pd, pc = np.zeros(2, f), np.zeros(2, f)
    # short of sun a MWh saves 100 + 35 or -20 + 35; out at 0.8 less 10 of wear, in at 1 / 0.8
    value, eta, inverse = np.zeros(2, f), np.full(2, 0.8, f), np.full(2, 1.25, f)
    known_value_row(value, price, False, fee, f(3), f(1))
    out_value_row(pd, value, eta, f(10))
    in_value_row(pc, value, inverse)
    np.testing.assert_allclose([pd, pc], [[98.0, 2.0], [168.75, 18.75]], rtol=1e-6)
    # with sun to spare it would fetch 100 - 3, or is curtailed at a negative price
    known_value_row(value, price, True, fee, f(3), f(1))
    out_value_row(pd, value, eta, f(10))
    in_value_row(pc, value, inverse)
    np.testing.assert_allclose([pd, pc], [[67.6, -10.0], [121.25, 0.0]], rtol=1e-6)
    # below zero losses do not count: with them out (-80 x 0.8) would beat in (-80 / 0.8) in one hour, burning energy
    known_value_row(value, np.array([-115.0, -35.0], f), False, fee, f(3), f(1))
    out_value_row(pd, value, eta, f(0))
    in_value_row(pc, value, inverse)
    np.testing.assert_allclose([pd, pc], [[-80.0, 0.0], [-80.0, 0.0]], rtol=1e-6)
    out = np.zeros((4, 1), f)
    terminal_rows(out, 4, np.full(1, 50, f), np.full(1, 20, f), np.full(1, 30, f), np.full(1, 0.9, f))
    # 0.9 (50 + 30 + 20 (0.75, 0.25, -0.25, -0.75))
    np.testing.assert_allclose(out[:, 0], [85.5, 76.5, 67.5, 58.5], rtol=1e-6)


@pytest.mark.tiny
@pytest.mark.parametrize("hours", [(0.3, 0.2), (1.0, 1.0), (2.1, 1.9), (5.5, 2.6), (40.0, 13.0)])
def test_the_grid_moves_near_the_true_power(hours):
    levels, up, down = level_grid(*hours)
    assert LOWEST_LEVELS <= levels <= HIGHEST_LEVELS
    for moved, needed in ((up, hours[0]), (down, hours[1])):
        assert 1 <= moved <= levels
        # the nearest whole number of levels is off by half a level at most, and never below one
        assert abs(moved - min(levels / needed, levels)) <= max(0.5, 1.0 - levels / needed)


@njit
def trade(price, reference, spread, rows, day, values, scratch, power, eta, numbers, grid, surplus, earned):
    """Walk the engine's plan and dispatch of one lane over days of given prices; `price` : (days + 1, 24)."""
    levels, stored, one, fee, inverse = grid[0], np.zeros(1, f), np.ones(1, f), np.zeros(1, f), f(1.0) / eta
    known = np.zeros((2 * DAY, 1), f)
    for d in range(earned.shape[0]):
        known[:DAY, 0] = price[d]
        known[DAY:, 0] = price[d + 1]
        day[:] = f(0.0)
        for h in range(DAY):
            if h == PLAN_HOUR:
                plan(
                    values, rows[VALUE], scratch[0], scratch[1], known, reference[d], spread[d], fee, rows[EMPTY],
                    rows[FULL], eta, inverse, numbers, grid, surplus, 0,
                )  # fmt: skip
            after = values[(h - PLAN_HOUR) % DAY + 1]
            dispatch_hour(rows, stored, after, levels, one, one, known[h], fee, power, eta, inverse, numbers)
            store_hour(rows, day, stored, eta, inverse)
        earned[d] = day[GAIN, 0] * 1e-3


def earned_by_water_values(price, power_kw, energy_kwh, eta):
    """Earnings of each day of a store that knows prices a day ahead [EUR]; `price` : (days + 1, 24) [EUR/MWh]."""
    charge_h, discharge_h = energy_kwh / (power_kw * eta), energy_kwh / (power_kw / eta)
    numbers, power, one_way = np.zeros(N_NUMBERS, f), np.full(1, power_kw, f), np.full(1, eta, f)
    rows, day = np.zeros((N_SCRATCH, 1), f), np.zeros((N_DAY_SUMS, 1), f)
    grid = level_grid(charge_h, discharge_h)
    rows[EMPTY], rows[FULL], rows[NET], rows[FLOOR], rows[STEP] = ABOVE_ALL, BELOW_ALL, 1e6, 0.0, energy_kwh / grid[0]
    rows[LIMIT], rows[TRADING] = 1e9, 1.0
    means = []
    for series in (price.mean(axis=1), np.abs(price - price.mean(axis=1, keepdims=True)).mean(axis=1)):
        now, known = series[0], []
        for tomorrow in series[1:]:
            now += WEIGHT_OF_A_DAY * (tomorrow - now)
            known.append(now)
        means.append(np.array(known, f)[:, None])
    earned = np.zeros(len(price) - 1)
    values, scratch = np.zeros((KNOWN_HOURS + 1, HIGHEST_LEVELS, 1), f), np.zeros((2, KNOWN_HOURS, 1), f)
    trade(
        price.astype(f),
        *means,
        rows,
        day,
        values,
        scratch,
        power,
        one_way,
        numbers,
        grid,
        np.zeros(8760, np.int8),
        earned,
    )
    return earned


def earned_with_perfect_foresight(price, power_kw, energy_kwh, eta):
    """Most that the store can earn knowing all prices [EUR]: a linear program; `price` : (n,) [EUR/MWh]."""
    import scipy.sparse as sp
    from scipy.optimize import linprog

    n, one = len(price), sp.eye(len(price))
    balance = sp.hstack([-eta * one, one / eta, one - sp.eye(n, k=-1)]).tocsc()
    cost = np.concatenate([price, -price, np.zeros(n)]) * 1e-3
    bounds = np.array([(0, power_kw)] * (2 * n) + [(0, energy_kwh)] * n)
    return -linprog(cost, A_eq=balance, b_eq=np.zeros(n), bounds=bounds, method="highs").fun


@pytest.mark.skipif(not PRICES.exists(), reason="price histories are not here")
@pytest.mark.parametrize("year", [2019, 2022])
@pytest.mark.parametrize("zone", ["SE3", "DE"])
def test_real_prices_against_perfect_foresight(zone, year):
    """A 2-hour battery that knows day-ahead prices earns at least 0.97 of what knowing the whole year would."""
    from distributions.price_history import read_prices

    price = read_prices(PRICES / f"{zone}_dayahead_2016_2023.csv.gz", 1.0).interpolate()
    hours = price.loc[f"{year}-01-01" : f"{year + 1}-01-01"].to_numpy()[: 366 * 24].reshape(-1, 24)
    store = (1000.0, 2000.0, 0.93)
    earned = earned_by_water_values(hours, *store).sum()
    best = earned_with_perfect_foresight(hours[:365].ravel(), *store)
    print(f"{zone} {year}: {earned / 1e3:.2f} of {best / 1e3:.2f} kEUR a MW, share {earned / best:.4f}")
    assert 0.97 <= earned / best <= 1.0

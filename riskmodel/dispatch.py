"""When to charge and discharge: water values of stored energy over the hours whose prices are known.

Day-ahead prices are published around 13:00 for the next day, so at 13:00 an operator knows 35 hours, and plans with
exactly that. The value of stored energy is concave; with marginal value v_t(s) of energy level s, value of discharging
pd = p eta_d - wear, cost of charging pc = p / eta_c, and hourly moves of kc levels up and kd levels down, one step
back is

    v_t(s) = min( max( v_{t+1}(s), min(pd, v_{t+1}(s - kd)) ),  max(pc, v_{t+1}(s + kc)) )

with v = +inf below empty and -inf above full. Going forward one charges up to the level where v falls to pc and
discharges down to where it rises to pd.
"""

import numpy as np

from distributions._jit import njit

f = np.float32

KNOWN_HOURS = 35
PLAN_HOUR = 13
HIGHEST_LEVELS = 20
LOWEST_LEVELS = 12
ABOVE_ALL = f(1e30)
BELOW_ALL = f(-1e30)


def level_grid(charge_hours: float, discharge_hours: float) -> tuple[int, int, int]:
    """Number of levels and the levels moved in an hour of charging and of discharging.

    Parameters
    ----------
    charge_hours, discharge_hours : float
        Hours at full power to fill and to empty the part of the store that dispatch may use.

    Returns
    -------
    (int, int, int)
        Levels (12 to 20), levels up an hour, levels down an hour: whole moves near the true ones; each level costs
        time, so a finer grid must fit better by 0.01 a level.
    """
    best = (np.inf, LOWEST_LEVELS, 1, 1)
    for levels in range(LOWEST_LEVELS, HIGHEST_LEVELS + 1):
        up = min(max(round(levels / charge_hours), 1), levels)
        down = min(max(round(levels / discharge_hours), 1), levels)
        true_up, true_down = min(levels / charge_hours, levels), min(levels / discharge_hours, levels)
        error = abs(up / true_up - 1.0) + abs(down / true_down - 1.0) + 0.01 * levels
        if error < best[0]:
            best = (error, levels, up, down)
    return best[1], best[2], best[3]


@njit
def _backward_level(out, here, below, above, pd, pc):
    for i in range(out.shape[0]):
        out[i] = min(max(here[i], min(pd[i], below[i])), max(pc[i], above[i]))


@njit
def backward_hour(out, after, pd, pc, up, down, levels, empty, full):
    """Marginal values at the start of an hour from those at its end.

    Parameters
    ----------
    out, after : (n_levels_max, n_lanes) float32 [EUR/MWh]; `out` is written
    pd, pc : (n_lanes,) float32, value of discharging, cost of charging one stored MWh
    up, down : int, levels moved in an hour
    levels : int, levels in use
    empty, full : (n_lanes,) float32, the rows standing for below empty (+1e30) and above full (-1e30)
    """
    for j in range(levels):
        below = after[j - down] if j >= down else empty
        above = after[j + up] if j + up < levels else full
        _backward_level(out[j], after[j], below, above, pd, pc)


@njit
def known_value_row(value, price, surplus, fee, export_fee, export_allowed):
    """What a MWh at the meter is worth in a known hour, each lane [EUR/MWh].

    `surplus` is True where PV is expected to exceed the load: energy is then worth what it fetches outside.
    """
    if surplus:
        for i in range(value.shape[0]):
            value[i] = max(price[i] - export_fee, f(0.0)) * export_allowed
    else:
        for i in range(value.shape[0]):
            value[i] = price[i] + fee[i]


@njit
def terminal_rows(out, levels, reference, spread, fee, eta):
    """Marginal values beyond the known hours: from above to below the recent mean price as the store fills.

    Parameters
    ----------
    out : (n_levels_max, n_lanes) float32, written
    reference : (n_lanes,) float32, recent mean of the price [EUR/MWh]
    spread : (n_lanes,) float32, recent mean distance of hourly prices from the day's mean [EUR/MWh]
    fee : (n_lanes,) float32, added to the price on import [EUR/MWh]
    eta : (n_lanes,) float32, one-way efficiency
    """
    for j in range(levels):
        slope = f(1.0) - f(2.0) * (f(j) + f(0.5)) / f(levels)
        row = out[j]
        for i in range(row.shape[0]):
            row[i] = eta[i] * (reference[i] + fee[i] + slope * spread[i])


@njit
def _count_level(target, v, threshold, step):
    for i in range(target.shape[0]):
        target[i] += step[i] if v[i] > threshold[i] else f(0.0)


@njit
def _count_four_levels(target, after, j, threshold, step):
    """Levels j to j + 3, added one after another as `_count_level` does."""
    for i in range(target.shape[0]):
        sum_, least, each = target[i], threshold[i], step[i]
        sum_ += each if after[j, i] > least else f(0.0)
        sum_ += each if after[j + 1, i] > least else f(0.0)
        sum_ += each if after[j + 2, i] > least else f(0.0)
        sum_ += each if after[j + 3, i] > least else f(0.0)
        target[i] = sum_


@njit
def _count_four_levels_or_equal(target, after, j, threshold, step):
    for i in range(target.shape[0]):
        sum_, least, each = target[i], threshold[i], step[i]
        sum_ += each if after[j, i] >= least else f(0.0)
        sum_ += each if after[j + 1, i] >= least else f(0.0)
        sum_ += each if after[j + 2, i] >= least else f(0.0)
        sum_ += each if after[j + 3, i] >= least else f(0.0)
        target[i] = sum_


@njit
def _count_level_or_equal(target, v, threshold, step):
    for i in range(target.shape[0]):
        target[i] += step[i] if v[i] >= threshold[i] else f(0.0)


@njit
def target_up_row(target, after, levels, threshold, step):
    """Energy above the reserve up to which charging is worth its cost [kWh]; like `target_row`.

    Where it is worth just its cost it counts: in a flat valley of a tariff all hours cost the same, and one that waits
    for the last may find the grid's whole moves too hopeful.
    """
    target[:] = f(0.0)
    whole = levels - levels % 4
    for j in range(0, whole, 4):
        _count_four_levels_or_equal(target, after, j, threshold, step)
    for j in range(whole, levels):
        _count_level_or_equal(target, after[j], threshold, step)


@njit
def target_row(target, after, levels, threshold, step):
    """Energy above the reserve down to which a stored MWh is worth more than `threshold` [kWh].

    Parameters
    ----------
    target : (n_lanes,) float32, written
    after : (n_levels_max, n_lanes) float32, marginal values at the end of the hour
    threshold : (n_lanes,) float32 [EUR/MWh]: the value of discharging gives the level to discharge down to
    step : (n_lanes,) float32, energy of one level [kWh]
    """
    target[:] = f(0.0)
    whole = levels - levels % 4
    for j in range(0, whole, 4):
        _count_four_levels(target, after, j, threshold, step)
    for j in range(whole, levels):
        _count_level(target, after[j], threshold, step)

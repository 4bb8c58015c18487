"""Water values without a grid: the marginal value of stored energy as a falling step function, exact to rounding.

Energy given out in an hour is worth pd up to the discharging limit, and energy not taken in saves pc up to the charging
limit. The best sum of this and of what follows merges both lists of marginal values in falling order, then cuts the
charging limit off at the dear end (the store was not below empty) and the discharging limit off at the cheap end (it
was not above full). It is the recursion of `riskmodel.dispatch` for levels of no width, for one path in float64.

A battery may split an hour between charging and discharging, within its power. It does so at negative prices only: what
it loses on the way is then paid for. A MWh stored costs, and one taken out is worth, 2 p / (eta_c + 1 / eta_d).
"""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit

__all__ = ["Battery", "perfect_foresight_value"]

ROUNDING = 1e-12
"""Widths below this share of the store are nothing."""


class Battery(NamedTuple):
    """A store and its converter.

    Attributes
    ----------
    power_mw : float, at the meter, charging plus discharging
    energy_mwh : float, that fits inside
    eta_c, eta_d : float, one-way efficiencies
    """

    power_mw: float
    energy_mwh: float
    eta_c: float
    eta_d: float


@njit
def stored_prices(price, battery):
    """What a stored MWh is worth taken out, and costs put in [per MWh], in an hour of this price."""
    if price >= 0.0:
        return price * battery.eta_d, price / battery.eta_c
    both = 2.0 * price / (battery.eta_c + 1.0 / battery.eta_d)
    return both, both


@njit
def meter_energy(price, stored_change_mwh, battery):
    """Energy bought and sold at the meter in an hour that changes the store so [MWh]."""
    x = stored_change_mwh
    if price >= 0.0 or battery.eta_c * battery.eta_d >= 1.0:
        return max(x, 0.0) / battery.eta_c, max(-x, 0.0) * battery.eta_d
    bought = (x + battery.power_mw / battery.eta_d) / (battery.eta_c + 1.0 / battery.eta_d)
    bought = min(max(bought, 0.0), battery.power_mw)
    return bought, battery.power_mw - bought


@njit
def insert(width, value, n, new_width, new_value):
    """Add a step to a falling step function of `n` steps; returns the new number."""
    i = n
    while i > 0 and value[i - 1] < new_value:
        i -= 1
    if i > 0 and value[i - 1] == new_value:
        width[i - 1] += new_width
        return n
    for j in range(n, i, -1):
        width[j] = width[j - 1]
        value[j] = value[j - 1]
    width[i] = new_width
    value[i] = new_value
    return n + 1


@njit
def step_back(width, value, n, price, battery):
    """Marginal values at the start of an hour from those at its end, in place.

    Parameters
    ----------
    width : (n_most,) float64, widths of the steps, empty end first [MWh]
    value : (n_most,) float64, falling marginal values [per MWh]
    n : int, steps in use
    price : float [per MWh]
    battery : Battery

    Returns
    -------
    (int, float)
        Steps in use, and the value cut off at the dear end: charging for the whole hour would have fetched it.
    """
    pd, pc = stored_prices(price, battery)
    charge, discharge = battery.power_mw * battery.eta_c, battery.power_mw / battery.eta_d
    tiny = ROUNDING * battery.energy_mwh
    n = insert(width, value, n, charge, pc)
    n = insert(width, value, n, discharge, pd)
    first, left, cut = 0, charge, 0.0
    while left > tiny and first < n:
        part = min(width[first], left)
        cut += part * value[first]
        left -= part
        width[first] -= part
        if width[first] <= tiny:
            first += 1
    left = discharge
    while left > tiny and n > first:
        part = min(width[n - 1], left)
        left -= part
        width[n - 1] -= part
        if width[n - 1] <= tiny:
            n -= 1
    for j in range(first, n):
        width[j - first] = width[j]
        value[j - first] = value[j]
    return n - first, cut


@njit
def back_over(width, value, n, prices, begin, end, battery):
    """Marginal values at hour `begin` from those at hour `end`, in place; returns the number of steps."""
    for t in range(end - 1, begin - 1, -1):
        n, _ = step_back(width, value, n, prices[t], battery)
    return n


@njit
def worth_more(width, value, n, threshold):
    """Energy at the empty end whose marginal value is above `threshold` [MWh]."""
    energy = 0.0
    for j in range(n):
        if value[j] <= threshold:
            break
        energy += width[j]
    return energy


@njit
def best_change(width, value, n, price, stored, battery):
    """Change of the stored energy in an hour, given the marginal values at its end [MWh]."""
    pd, pc = stored_prices(price, battery)
    up, down = worth_more(width, value, n, pc), worth_more(width, value, n, pd)
    if stored < up:
        change = min(up - stored, battery.power_mw * battery.eta_c)
    else:
        change = -min(max(stored - down, 0.0), battery.power_mw / battery.eta_d)
    return min(max(change, -stored), battery.energy_mwh - stored)


@njit
def mean_steps(widths, values, counts, k, width, value, energy_mwh):
    """Mean of `k` falling step functions over the same store, written to `width` and `value`; returns its steps."""
    at = np.zeros(k, np.int64)
    left = widths[:k, 0].copy()
    tiny = ROUNDING * energy_mwh
    n, done = 0, 0.0
    while done < energy_mwh - tiny:
        part, total = energy_mwh - done, 0.0
        for i in range(k):
            part = min(part, left[i])
            total += values[i, at[i]]
        mean = total / k
        if n > 0 and value[n - 1] == mean:
            width[n - 1] += part
        else:
            width[n] = part
            value[n] = mean
            n += 1
        done += part
        for i in range(k):
            left[i] -= part
            if left[i] <= tiny:
                if at[i] < counts[i] - 1:
                    at[i] += 1
                    left[i] = widths[i, at[i]]
                else:
                    left[i] = energy_mwh
    return n


@njit
def perfect_foresight_value(prices, battery):
    """Most that a battery, empty at first, can earn when it knows all prices; what it holds at the end is lost.

    Parameters
    ----------
    prices : (n_hours,) float64 [per MWh]
    battery : Battery
    """
    width, value = np.empty(2 * len(prices) + 3), np.empty(2 * len(prices) + 3)
    width[0], value[0] = battery.energy_mwh, 0.0
    n, total = 1, 0.0
    for t in range(len(prices) - 1, -1, -1):
        n, cut = step_back(width, value, n, prices[t], battery)
        total += cut - prices[t] * battery.power_mw
    return total

"""Net present value, internal rate of return and four paybacks of yearly cash flows, path by path.

Flows are (n, n_years + 1): entry 0 at the decision, entry y at the end of year y (with `mid_year`: in its middle), cash
in positive; flows and rates are both real or both nominal. A flow is taken to arrive evenly within its year when a
payback falls between two year ends.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributions._jit import njit

Array = NDArray[np.float64]

ROOT_TOLERANCE = 1e-13
"""Relative tolerance on the discount factor of the internal rate of return."""
MAX_STEPS = 200


class IrrStatus(IntEnum):
    """Whether the internal rate of return of a flow exists and is the only one."""

    NOT_APPLICABLE = -1
    """The baseline, which has no benefit flow of its own."""
    UNIQUE = 0
    NONE = 1
    NOT_UNIQUE = 2


def _rows(flows: ArrayLike) -> Array:
    return np.ascontiguousarray(np.atleast_2d(np.asarray(flows, dtype=np.float64)))


def discount_factors(rate: ArrayLike, n: int, mid_year: bool = False) -> Array:
    """(..., n) factors 1, 1/(1 + rate), 1/(1 + rate)^2, ... by repeated division, for a rate or an array (...) of them.

    With `mid_year` all but the first are half a year nearer.
    """
    growth = 1.0 + np.asarray(rate, dtype=np.float64)
    factors = np.ones((*growth.shape, n))
    for year in range(1, n):
        step = np.sqrt(growth) if mid_year and year == 1 else growth
        factors[..., year] = factors[..., year - 1] / step
    return factors


def net_present_value(flows: ArrayLike, rate: ArrayLike, mid_year: bool = False) -> Array:
    """Sum of flow_y / (1 + rate)^y, entry 0 undiscounted (a spreadsheet's NPV() would discount it by a year).

    Parameters
    ----------
    flows : (..., n_years + 1) array_like [EUR]
    rate : float or array_like that broadcasts with the other axes of `flows` [per year]
    mid_year : bool
        Discount year y by y - 1/2 years.

    Returns
    -------
    (...) float64 [EUR]
    """
    values = np.asarray(flows, dtype=np.float64)
    factors = discount_factors(rate, values.shape[-1], mid_year)
    total = np.zeros(np.broadcast_shapes(values.shape[:-1], factors.shape[:-1]))
    for year in range(values.shape[-1]):
        total += values[..., year] * factors[..., year]
    return total


def payback(flows: ArrayLike, rate: ArrayLike = 0.0, start_years: ArrayLike = 0.0, mid_year: bool = False) -> Array:
    """Time until the cumulative flow, discounted at `rate`, first reaches zero.

    Parameters
    ----------
    flows : (n, n_years + 1) array_like [EUR]
    rate : float or (n,) array_like [per year]
        0 gives the simple payback, the discount rate the discounted one.
    start_years : (n,) or scalar array_like [years]
        Before this time there is nothing to earn with (no power yet): a year's gain arrives evenly over the rest of it.
    mid_year : bool
        Discount from the middle of each year.

    Returns
    -------
    (n,) float64 [years]
        0 when there is no outlay to pay back, infinity when zero is not reached within the horizon.
    """
    rows = _rows(flows)
    return _payback(rows * discount_factors(rate, rows.shape[1], mid_year), False, start_years)


def payback_sustained(flows: ArrayLike, start_years: ArrayLike = 0.0) -> Array:
    """Time from which the undiscounted cumulative flow is never below zero again; see `payback`."""
    return _payback(_rows(flows), True, start_years)


def _payback(rows: Array, sustained: bool, start_years: ArrayLike) -> Array:
    times = np.empty(rows.shape[0])
    start = np.ascontiguousarray(np.broadcast_to(np.asarray(start_years, dtype=np.float64), times.shape))
    _payback_kernel(rows, sustained, start, times)
    return times


def internal_rate_of_return(flows: ArrayLike, mid_year: bool = False) -> tuple[Array, NDArray[np.int8]]:
    """Rate at which the net present value is zero, where the flow's signs allow exactly one.

    One change of sign means exactly one rate above -100 % (Descartes); none means no rate; more than one may mean
    several rates, all of them right and none of them useful, so no rate is given.

    Parameters
    ----------
    flows : (n, n_years + 1) array_like [EUR]
    mid_year : bool
        Flows after the first are in the middle of their years: the root is that of half-year steps.

    Returns
    -------
    rate : (n,) float64 [per year]
        NaN unless the status is `IrrStatus.UNIQUE`.
    status : (n,) int8
        `IrrStatus` of each flow.
    """
    rows = _rows(flows)
    if mid_year:
        halves = np.zeros((rows.shape[0], 2 * rows.shape[1] - 2))
        halves[:, 0], halves[:, 1::2] = rows[:, 0], rows[:, 1:]
        rows = halves
    rates, status = np.empty(rows.shape[0]), np.empty(rows.shape[0], dtype=np.int8)
    _irr_kernel(rows, rates, status)
    return (1.0 + rates) * (1.0 + rates) - 1.0 if mid_year else rates, status


def modified_internal_rate_of_return(
    flows: ArrayLike, finance_rate: float, reinvestment_rate: float, mid_year: bool = False
) -> Array:
    """Rate that turns the present value of the outlays into the end value of the returns.

    Parameters
    ----------
    flows : (n, n_years + 1) array_like [EUR]
    finance_rate, reinvestment_rate : float [per year]
        Outlays are discounted at the first, returns reinvested at the second.
    mid_year : bool
        Flows after the first are in the middle of their years.

    Returns
    -------
    (n,) float64 [per year]
        NaN without an outlay; -1 without a return.
    """
    rows = _rows(flows)
    last = rows.shape[1] - 1
    outlay = -net_present_value(np.minimum(rows, 0.0), finance_rate, mid_year)
    returns = net_present_value(np.maximum(rows, 0.0), reinvestment_rate, mid_year)
    rates = np.empty(rows.shape[0])
    _mirr_kernel(outlay, returns, 1.0 + reinvestment_rate, last, rates)
    return rates


def profitability_index(flows: ArrayLike, outlays: ArrayLike, rate: ArrayLike, mid_year: bool = False) -> Array:
    """Present value of all that is not outlay over that of the outlays: above 1 where the NPV is positive.

    Parameters
    ----------
    flows : (..., n_years + 1) array_like
        Whole flow, outlays among it.
    outlays : (..., n_years + 1) array_like
        Part of it that is spent, negative.

    Returns
    -------
    (...) float64
        NaN where nothing is spent.
    """
    spent = -net_present_value(outlays, rate, mid_year)
    value = net_present_value(flows, rate, mid_year)
    return np.divide(value + spent, spent, out=np.full_like(spent, np.nan), where=spent > 0.0)


def levelised_cost(costs: ArrayLike, energy: ArrayLike, rate: ArrayLike, mid_year: bool = False) -> Array:
    """Present value of costs over that of the energy they are for: a constant price that would pay them.

    Parameters
    ----------
    costs, energy : (..., n_years + 1) array_like
        Costs positive, year 0 too; energy in any unit, at the same times.

    Returns
    -------
    (...) float64 [money per unit of energy]
        NaN where there is no energy.
    """
    below = net_present_value(energy, rate, mid_year)
    above = net_present_value(costs, rate, mid_year)
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0.0)


@njit
def _payback_kernel(flows, sustained, start, times):
    """Fill `times` with the first (or, if sustained, the last) time the cumulative flow rises to zero."""
    for row in range(flows.shape[0]):
        total = flows[row, 0]
        time = 0.0 if total >= 0.0 else np.inf
        for year in range(1, flows.shape[1]):
            before = total
            total += flows[row, year]
            if total < 0.0:
                if sustained:
                    time = np.inf
            elif time == np.inf:
                begin = min(max(start[row] - (year - 1), 0.0), 1.0)
                time = year - 1 + begin - (1.0 - begin) * before / flows[row, year]
            if time != np.inf and not sustained:
                break
        times[row] = time


@njit
def _value_and_slope(flows, row, factor):
    """Net present value as a polynomial in the yearly discount factor, and its derivative (Horner)."""
    value, slope = 0.0, 0.0
    for year in range(flows.shape[1] - 1, -1, -1):
        slope = slope * factor + value
        value = value * factor + flows[row, year]
    return value, slope


@njit
def _sign_changes(flows, row):
    changes, last = 0, 0.0
    for year in range(flows.shape[1]):
        flow = flows[row, year]
        if flow != 0.0:
            if last * flow < 0.0:
                changes += 1
            last = 1.0 if flow > 0.0 else -1.0
    return changes, last


@njit
def _root(flows, row, end_sign):
    """Positive root of the flow's polynomial with one change of sign: bracket, then Newton kept inside the bracket."""
    low, high = 0.0, 1.0
    while _value_and_slope(flows, row, high)[0] * end_sign < 0.0:
        low, high = high, high * 2.0
    factor = 0.5 * (low + high)
    for _ in range(MAX_STEPS):
        value, slope = _value_and_slope(flows, row, factor)
        if value == 0.0:
            break
        if value * end_sign < 0.0:
            low = factor
        else:
            high = factor
        step = factor - value / slope
        if not (low < step < high):
            step = 0.5 * (low + high)
        if abs(step - factor) <= ROOT_TOLERANCE * factor:
            factor = step
            break
        factor = step
    return factor


@njit
def _irr_kernel(flows, rates, status):
    for row in range(flows.shape[0]):
        changes, end_sign = _sign_changes(flows, row)
        rates[row] = np.nan
        if changes == 1:
            status[row] = 0
            rates[row] = 1.0 / _root(flows, row, end_sign) - 1.0
        elif changes == 0:
            status[row] = 1
        else:
            status[row] = 2


@njit
def _mirr_kernel(outlay, returns, reinvestment_growth, last, rates):
    """A scalar loop, so that the power is the same bits for a path in any range."""
    for row in range(outlay.size):
        if outlay[row] > 0.0:
            rates[row] = (returns[row] / outlay[row]) ** (1.0 / last) * reinvestment_growth - 1.0
        else:
            rates[row] = np.nan

"""What an asset's price is written off by, year by year, for tax."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MACRS_PERCENT", "schedule", "written_off"]

Array = NDArray[np.float64]

MACRS_PERCENT: dict[int, tuple[float, ...]] = {
    5: (20.00, 32.00, 19.20, 11.52, 11.52, 5.76),
    7: (14.29, 24.49, 17.49, 12.49, 8.93, 8.92, 8.93, 4.46),
    15: (5.00, 9.50, 8.55, 7.70, 6.93, 6.23, 5.90, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 2.95),
}
"""Recovery class in years -> percent of the basis written off in each tax year, half-year convention.

Source: US Internal Revenue Service, Publication 946, Appendix A, table A-1. A class of N years has N + 1 tax years.
"""

PERCENT = 100.0
DOUBLE = 2.0
"""Declining balance at twice the rate of a straight line, the usual one."""


def schedule(method: str) -> tuple[float, ...]:
    """Shares of the price written off in each year after it was paid.

    Parameters
    ----------
    method : str
        ``straight_line_N``: 1 / N in each of N years. ``declining_balance_N``: 2 / N of what is left, or a straight
        line over the remaining years as soon as that is more; N years. ``macrs_5``, ``_7``, ``_15``: table A-1.
        ``at_once``: all in the first year. ``none``: nothing, as for land.

    Raises
    ------
    KeyError, ValueError
        For another method; `riskmodel.study.finance` refuses it before.
    """
    if method == "none":
        return ()
    if method == "at_once":
        return (1.0,)
    kind, _, years = method.rpartition("_")
    if kind == "macrs":
        return tuple(percent / PERCENT for percent in MACRS_PERCENT[int(years)])
    if kind == "straight_line":
        return (1.0 / int(years),) * int(years)
    if kind == "declining_balance":
        return _declining(int(years))
    raise ValueError(f"{method}: not a method of depreciation")


def _declining(years: int) -> tuple[float, ...]:
    left, shares = 1.0, []
    for year in range(years):
        share = max(left * min(DOUBLE / years, 1.0), left / (years - year))
        shares.append(share)
        left -= share
    return tuple(shares)


def written_off(paid: Array, method: str) -> Array:
    """Depreciation of everything paid, by year; what is left is written off in the last year, when all is disposed of.

    Parameters
    ----------
    paid : (..., n_years + 1) float64 [nominal money]
        Price paid in each year, positive, year 0 the decision. What is paid in year y is written off from year y + 1;
        what is paid in the last year, in that year.
    method : str
        See `schedule`.

    Returns
    -------
    (..., n_years + 1) float64 [nominal money]
        Its sum is that of `paid`.
    """
    shares = schedule(method)
    out = np.zeros_like(paid)
    last = paid.shape[-1] - 1
    left = np.zeros(paid.shape[:-1])
    for bought in range(last + 1):
        left = left + paid[..., bought]
        for year, share in enumerate(shares, start=bought + 1):
            if year <= last:
                off = paid[..., bought] * share
                out[..., year] += off
                left = left - off
    out[..., last] += left
    return out

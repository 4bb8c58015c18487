"""Tax on income with losses carried forward, and tax credits, path by path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["credit_used", "income_tax"]

Array = NDArray[np.float64]


def income_tax(income: Array, rate: Array, carry_forward_years: int, share_of_income: float) -> Array:
    """Tax of each year on nominal income, where earlier losses cover later income, the oldest first.

    Parameters
    ----------
    income : (..., n_years + 1) float64 [nominal money]
        Taxable income of each year, losses negative.
    rate : (...) float64
        Tax over income.
    carry_forward_years : int
        Years after its own in which a loss may be used; 0: none; negative: a loss lowers the tax of its own year, which
        may become negative, since the company has other income.
    share_of_income : float
        Share of a year's income that losses may cover.

    Returns
    -------
    (..., n_years + 1) float64 [nominal money]
        Positive: to be paid.
    """
    out = np.empty_like(income)
    if carry_forward_years < 0:
        for year in range(income.shape[-1]):
            out[..., year] = income[..., year] * rate
        return out
    losses: list[Array] = []
    for year in range(income.shape[-1]):
        gain = np.maximum(income[..., year], 0.0)
        room = gain * share_of_income
        taxed = gain
        for k, loss in enumerate(losses):
            used = np.minimum(loss, room)
            losses[k], room, taxed = loss - used, room - used, taxed - used
        out[..., year] = taxed * rate
        losses.append(np.maximum(-income[..., year], 0.0))
        losses = losses[max(0, len(losses) - carry_forward_years) :]
    return out


def credit_used(granted: Array, tax: Array) -> Array:
    """Tax credit taken off the tax of each year, kept without limit until there is tax.

    Parameters
    ----------
    granted : (..., n_years + 1) float64 [nominal money]
        Credit by the year from which it may be used.
    tax : (..., n_years + 1) float64 [nominal money]

    Returns
    -------
    (..., n_years + 1) float64 [nominal money]
        Never more than the tax of the year, nor in all more than was granted.
    """
    out = np.empty_like(tax)
    left = np.zeros(tax.shape[:-1])
    for year in range(tax.shape[-1]):
        left = left + granted[..., year]
        used = np.minimum(left, np.maximum(tax[..., year], 0.0))
        out[..., year] = used
        left = left - used
    return out

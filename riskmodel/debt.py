"""Loans: payments as an annuity, with equal principal, or sculpted to the cash there is; cover of the payments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Loan", "cover_ratio", "level_loan", "sculpted_loan"]

Array = NDArray[np.float64]


class Loan(NamedTuple):
    """Nominal flows of a loan, (..., n_years + 1) float64 each, all positive.

    Attributes
    ----------
    drawn : in year 0
    interest, principal : paid in each year
    """

    drawn: Array
    interest: Array
    principal: Array


def _growth(rate: Array, mid_year: bool, year: int) -> Array:
    """1 + interest from one payment to the next; the first one in the middle of a year is only half a year away."""
    return np.sqrt(1.0 + rate) if mid_year and year == 1 else 1.0 + rate


def level_loan(amount: Array, rate: Array, tenor_years: int, n_years: int, kind: str, mid_year: bool = False) -> Loan:
    """Loan repaid in equal payments ("annuity") or equal parts of the principal ("equal_principal").

    Parameters
    ----------
    amount, rate : (...) float64 [nominal money], [per year]
    tenor_years : int
        Payments in the years 1 to `tenor_years`, at most `n_years`.
    mid_year : bool
        Payments fall in the middle of the years, the first one half a year after the loan is drawn.

    Notes
    -----
    Annuity: amount = payment * sum over k of the discount factors at the loan's rate.
    """
    if kind == "equal_principal":
        payments = [amount / tenor_years] * tenor_years
        return _repaid(amount, rate, payments, n_years, mid_year, of_principal=True)
    factor, total = np.ones_like(rate), np.zeros_like(rate)
    for year in range(1, tenor_years + 1):
        factor = factor / _growth(rate, mid_year, year)
        total = total + factor
    return _repaid(amount, rate, [amount / total] * tenor_years, n_years, mid_year)


def sculpted_loan(
    most: Array, rate: Array, tenor_years: int, cash: Array, target: float, mid_year: bool = False
) -> Loan:
    """Loan whose payments are the cash of each year over a cover ratio; at most `most`, then all in proportion.

    Parameters
    ----------
    most, rate : (...) float64 [nominal money], [per year]
    cash : (..., n_years + 1) float64 [nominal money]
        Cash before debt service.
    target : float
        Cash over payment in every year, at least: higher where `most` limits the loan.
    """
    factor, worth = np.ones_like(rate), np.zeros_like(most)
    payments = []
    for year in range(1, tenor_years + 1):
        factor = factor / _growth(rate, mid_year, year)
        payments.append(np.maximum(cash[..., year], 0.0) / target)
        worth = worth + payments[-1] * factor
    amount = np.minimum(most, worth)
    share = np.divide(amount, worth, out=np.zeros_like(worth), where=worth > 0.0)
    return _repaid(amount, rate, [payment * share for payment in payments], cash.shape[-1] - 1, mid_year)


def _repaid(
    amount: Array, rate: Array, payments: list[Array], n_years: int, mid_year: bool, of_principal: bool = False
) -> Loan:
    drawn, interest, principal = (np.zeros((*amount.shape, n_years + 1)) for _ in range(3))
    drawn[..., 0] = amount
    left = amount
    for year, payment in enumerate(payments, start=1):
        due = left * (_growth(rate, mid_year, year) - 1.0)
        repaid = payment if of_principal else payment - due
        interest[..., year], principal[..., year] = due, repaid
        left = left - repaid
    return Loan(drawn, interest, principal)


def cover_ratio(cash: Array, loan: Loan) -> Array:
    """Debt service cover ratio of each year: cash before debt service over interest and principal.

    Returns
    -------
    (..., n_years + 1) float64
        NaN in years without a payment.
    """
    service = loan.interest + loan.principal
    return np.divide(cash, service, out=np.full_like(cash, np.nan), where=service > 0.0)

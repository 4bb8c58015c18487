"""Subsidy, tax and debt of a ledger: nominal sums from its lines, written back as real lines of their own.

Tax, depreciation and loans are nominal: real lines are raised by inflation, taxed and financed, and what comes out is
brought back to the study's price year. Elementwise arithmetic only, so a path is the same bits in any range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from riskmodel.assets import ASSET_LINES, POWER_ASSETS
from riskmodel.debt import Loan, cover_ratio, level_loan, sculpted_loan
from riskmodel.depreciation import written_off
from riskmodel.drawn_values import Array, Draws, powers, sum_of
from riskmodel.ledger_lines import DEBT_LINES, FINANCING_LINES, N_LINES, Line
from riskmodel.tax import credit_used, income_tax

if TYPE_CHECKING:
    from riskmodel.study import Study
    from riskmodel.study.finance import Debt, Finance, Subsidy

__all__ = ["cover_ratios", "is_financed", "price_index", "write_financing"]

MONTHS_PER_YEAR = 12.0
NO_LIMIT = -1
CAPITALISED = tuple(line for lines in ASSET_LINES.values() for line in lines)
TAXABLE = tuple(line for line in Line if line not in CAPITALISED and line not in FINANCING_LINES)
"""Lines of income and cost that are taxed in their year; what is bought is written off instead."""


class _Subsidy(NamedTuple):
    """(n_paths, n_strategies, n_years + 1) nominal money: paid out, and credit to be used against tax; and what is not
    written off: (n_paths, n_strategies) share of the first outlay on subsidised assets."""

    grant: Array
    credit: Array
    not_written_off: Array


def is_financed(study: Study) -> bool:
    """Whether anything follows from the ledger's other lines."""
    f = study.finance
    return f is not None and (f.tax is not None or f.debt is not None or f.subsidy is not None)


def price_index(study: Study, draws: Draws) -> Array:
    """(n_paths, 1, n_years + 1) prices of each year over those of the price year."""
    n_paths, entries = draws("study.discount_rate_real").size, study.header.years + 1
    if study.finance is None:
        return np.ones((n_paths, 1, entries))
    base = 1.0 + draws("finance.inflation_per_year")
    return powers(base, entries, study.finance.timing == "mid_year")[:, None, :]


def write_financing(study: Study, draws: Draws, ledger: Array) -> None:
    """Fill the lines of subsidy, tax and debt of a ledger from its other lines.

    Parameters
    ----------
    study : Study
    draws : Draws
    ledger : (n_paths, n_strategies, n_years + 1, N_LINES) float64 [real money]
        Changed in place; `FINANCING_LINES` are replaced.

    Notes
    -----
    Income taxed: `TAXABLE` lines less depreciation and interest. A sculpted loan follows the cash after the tax that
    would be due without it, before anything is bought; see `cover_ratios`.
    """
    f = study.finance
    if f is None or not is_financed(study):
        return
    ledger[..., list(FINANCING_LINES)] = 0.0
    index = price_index(study, draws)
    subsidy = _subsidy(f.subsidy, draws, ledger)
    income = sum_of(ledger, TAXABLE) * index
    cash = income + subsidy.grant
    free_of_tax = _depreciation(f, ledger, index, subsidy) if f.tax is not None else np.zeros_like(income)
    tax, credit = _tax(f, draws, income - free_of_tax, subsidy)
    if f.debt is not None:
        loan = _loan(f.debt, draws, ledger, subsidy, cash - tax + credit, f.timing == "mid_year")
        tax, credit = _tax(f, draws, income - free_of_tax - loan.interest, subsidy)
        for line, flow in zip(DEBT_LINES, (loan.drawn, -loan.interest, -loan.principal), strict=True):
            ledger[..., line] = flow / index
    ledger[..., Line.GRANT] = subsidy.grant / index
    ledger[..., Line.TAX_CREDIT] = credit / index
    ledger[..., Line.TAX] = -tax / index
    ledger += 0.0


def _subsidy(subsidy: Subsidy | None, draws: Draws, ledger: Array) -> _Subsidy:
    """Paid at the end of the year in which the delay ends; never, where that is after the last year."""
    shape = ledger.shape[:3]
    if subsidy is None:
        return _Subsidy(np.zeros(shape), np.zeros(shape), np.zeros(shape[:2]))
    outlay = np.zeros(shape[:2])
    for asset in subsidy.assets:
        outlay -= sum_of(ledger[:, :, 0], ASSET_LINES[asset])
    granted = draws("finance.subsidy.decision") < subsidy.probability
    year = np.ceil(draws("finance.subsidy.delay_months") / MONTHS_PER_YEAR)
    due = granted[:, None] & (year[:, None] == np.arange(shape[2]))
    each = outlay[..., None] * due[:, None, :]
    paid = granted & (year < shape[2])
    off = subsidy.grant_share + subsidy.tax_credit_share * subsidy.tax_credit_basis_reduction
    return _Subsidy(
        each * subsidy.grant_share, each * subsidy.tax_credit_share, off * paid[:, None] * np.ones(shape[:2])
    )


def _depreciation(f: Finance, ledger: Array, index: Array, subsidy: _Subsidy) -> Array:
    out = np.zeros(ledger.shape[:3])
    for asset, lines in ASSET_LINES.items():
        paid = -sum_of(ledger, lines) * index
        if f.subsidy is not None and asset in f.subsidy.assets:
            paid[..., 0] *= 1.0 - subsidy.not_written_off
        if asset in POWER_ASSETS or paid.any():
            out += written_off(paid, getattr(f.depreciation, asset))
    return out


def _tax(f: Finance, draws: Draws, income: Array, subsidy: _Subsidy) -> tuple[Array, Array]:
    """Tax before credits, and credits used or paid out."""
    if f.tax is None:
        return np.zeros_like(income), subsidy.credit
    limit = NO_LIMIT if f.tax.losses == "other_income" else f.tax.loss_carry_forward_years
    tax = income_tax(income, draws("finance.tax.rate")[:, None], limit, f.tax.loss_share_of_income)
    refunded = f.subsidy is not None and f.subsidy.tax_credit_refundable
    return tax, subsidy.credit if refunded else credit_used(subsidy.credit, tax)


def _loan(debt: Debt, draws: Draws, ledger: Array, subsidy: _Subsidy, cash: Array, mid_year: bool) -> Loan:
    outlay = -sum_of(ledger[:, :, 0], CAPITALISED) - subsidy.grant[..., 0]
    most = debt.share_of_outlay * outlay
    rate = draws("finance.debt.rate_nominal")[:, None] * np.ones(outlay.shape)
    if debt.repayment == "sculpted":
        return sculpted_loan(most, rate, debt.tenor_years, cash, debt.service_cover_target, mid_year)
    return level_loan(most, rate, debt.tenor_years, ledger.shape[2] - 1, debt.repayment, mid_year)


def cover_ratios(ledger: Array) -> Array:
    """(n_paths, n_strategies, n_years + 1) debt service cover ratio: cash of the year, after tax, over the payment.

    What is bought is not in that cash: renewals are paid from reserves or new capital, not from a year's cash. NaN in
    years without a payment. Real over real: inflation cancels.
    """
    before_debt = tuple(line for line in range(N_LINES) if line not in (*DEBT_LINES, *CAPITALISED))
    loan = Loan(*(ledger[..., line] * sign for line, sign in zip(DEBT_LINES, (1.0, -1.0, -1.0), strict=True)))
    return cover_ratio(sum_of(ledger, before_debt), loan)

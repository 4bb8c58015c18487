"""Rules inside the [finance] table: what is paid back within the study, and what a credit is taken off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskmodel.study.finance import Finance

__all__ = ["finance_rules"]

Found = Iterator[tuple[str, Any, str]]
"""(field path, value, message)"""


def finance_rules(finance: Finance, years: int | None) -> Found:
    """Problems between fields of the table; `years` of the study, None where they are wrong themselves."""
    debt, subsidy = finance.debt, finance.subsidy
    if debt is not None and years is not None and debt.tenor_years > years:
        text = f"the loan must be repaid within study.years = {years}; type at most {years}"
        yield "finance.debt.tenor_years", debt.tenor_years, text
    if subsidy is None:
        return
    if subsidy.grant_share + subsidy.tax_credit_share > 1.0:
        text = f"with tax_credit_share = {subsidy.tax_credit_share:g} more than the outlay is paid; lower one of them"
        yield "finance.subsidy.grant_share", subsidy.grant_share, text
    if not subsidy.assets:
        yield "finance.subsidy.assets", subsidy.assets, 'names no asset; type e.g. ["storage", "pv"]'
    if subsidy.tax_credit_share > 0.0 and finance.tax is None and not subsidy.tax_credit_refundable:
        text = (
            "there is no tax to take it off; add a [finance.tax] table with its rate, or type "
            "tax_credit_refundable = true"
        )
        yield "finance.subsidy.tax_credit_share", subsidy.tax_credit_share, text

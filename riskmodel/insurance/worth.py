"""The premium credit with which a strategy would pay for itself, beside the one that its premium gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distributions.estimate import Estimate, mean
from riskmodel.insurance.cover_report import CoverReport
from riskmodel.insurance.from_results import currency_of, net_present_value_difference

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["annuity", "credit_needed"]


def annuity(rate: float, years: int) -> float:
    """Present value of 1 at the end of each year [years]."""
    return float(np.sum((1.0 + rate) ** -np.arange(1.0, years + 1.0)))


def credit_needed(results: Results, reports: list[CoverReport], base: str) -> dict[str, Estimate]:
    """Yearly credit with which a strategy, insured, is worth as much as the base, insured [currency/year].

    The net present value against the base is without earlier power, which insurance has no part in, and counts all
    losses as the owner's. With a cover the insurer keeps what it no longer pays, so the owner needs this back, too:
    credit = (paid on the base - paid on the strategy) a year - difference / annuity, by path; negative: none is needed.
    The annuity is at the mean of the study's real discount rate.
    """
    rate = float(results.study.header.discount_rate_real.mean())
    factor = annuity(rate, results.n_years)
    first = next(report for report in reports if report.name == base)
    found = {}
    for report in reports:
        if report.name == base:
            continue
        saved = _paid(first) - _paid(report)
        worth = net_present_value_difference(results, report.name) / factor
        found[report.name] = mean(saved - worth, f"{currency_of(results)}/year")
    return found


def _paid(report: CoverReport) -> np.ndarray:
    """(n_paths,) mean yearly payment of all layers; all paths weigh the same."""
    pure = list(report.layers.values())[-1].priced.pure
    return np.asarray(pure.value + pure.by_path * report.periods.clusters)

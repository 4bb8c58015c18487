"""What a finance team asks of a finished run: measures by strategy, pairs, and the way from the baseline by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from distributions import estimate as est
from distributions.estimate import Estimate
from riskmodel import finance
from riskmodel.comparison import Pair, compare, expected_regret
from riskmodel.currency import outside
from riskmodel.ledger_lines import Line
from riskmodel.summary import Row

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["FinanceReport", "finance_report", "finance_rows", "line_values"]

Array = NDArray[np.float64]

CAPITAL_AT_RISK = 0.05
SUMMARY_MEASURES = (
    "npv_eur:mean",
    "npv_eur:sd",
    "prob_npv_negative",
    "delta_npv_eur:mean",
    "early_power_value_eur:mean",
    "delta_npv_with_early_power_eur:mean",
    "delta_npv_without_early_power_eur:mean",
    "prob_best",
    "cluster_return_on_investment:mean",
    "irr:p50",
    "irr:share_none",
    "irr:share_not_unique",
    "irr_nominal:p50",
    "mirr:mean",
    "mirr:share_none",
    "profitability_index:mean",
    "payback_simple_years:p50",
    "payback_discounted_years:p50",
    "payback_sustained_years:p50",
    "payback_incremental_years:p50",
    "payback_simple_without_early_power_years:p50",
    "never_pays_back_share",
    "never_pays_back_without_early_power_share",
    "lcoe_eur_per_mwh:mean",
    "lcos_eur_per_mwh:p50",
    "lcos_without_charging_eur_per_mwh:p50",
    "dscr_minimum:mean",
    "dscr_minimum:p05",
)
"""Estimates taken from the summary, in the order of the table; others are computed here."""


@dataclass(frozen=True)
class FinanceReport:
    """What `riskmodel finance` shows.

    Attributes
    ----------
    measures : strategy -> measure -> Estimate; measures that a strategy does not have are left out
    pairs : every two strategies, the better one by its mean first
    waterfall : strategy -> line -> Estimate of its NPV less that of the baseline's line; lines that move nothing are
        left out; they sum to the difference in NPV
    cover : strategy -> year -> (mean, 5 % quantile) of the debt service cover ratio; empty without debt
    """

    measures: dict[str, dict[str, Estimate]]
    pairs: list[Pair]
    waterfall: dict[str, dict[str, Estimate]]
    cover: dict[str, dict[int, tuple[Estimate, Estimate]]]


def finance_report(results: Results) -> FinanceReport:
    """Everything from the files of a finished run."""
    names = results.strategy_names
    npv = np.asarray(results.column("npv_eur"), dtype=np.float64)
    lines = line_values(results)
    measures = {name: _measures(results, name, npv[:, k]) for k, name in enumerate(names)}
    for name, regret in zip(names, expected_regret(npv, "EUR"), strict=True):
        measures[name]["expected_regret_eur"] = regret
    base = names.index(results.baseline)
    waterfall = {
        name: _differences(lines[:, k] - lines[:, base]) for k, name in enumerate(names) if name != results.baseline
    }
    return FinanceReport(measures, compare(npv, names, "EUR", results.seed), waterfall, _cover(results))


def _measures(results: Results, name: str, npv: Array) -> dict[str, Estimate]:
    found = {metric: results.estimate(name, metric) for metric in SUMMARY_MEASURES}
    measures = {metric: estimate for metric, estimate in found.items() if estimate is not None}
    measures["capital_at_risk_eur"] = est.quantile(npv, CAPITAL_AT_RISK, "EUR")
    index = measures.get("profitability_index:mean")
    if index is not None:  # NPV over outlay is the index less 1
        measures["strategy_return_on_investment"] = Estimate(index.value - 1.0, index.standard_error, index.n)
    least = np.asarray(results.column("dscr_minimum"))[:, results.strategy_names.index(name)]
    if np.isfinite(least).any():
        measures["prob_dscr_below_1"] = est.probability(least < 1.0)
    return measures


def line_values(results: Results) -> Array:
    """NPV of every line, (n_paths, n_strategies, N_LINES) float64 [study money]."""
    from riskmodel.run_errors import check_names
    from riskmodel.store import opened

    names, entries = results.strategy_names, results.n_years + 1
    columns = [outside(f"{line.name.lower()}_eur", results.currency) for line in Line]
    rate, mid_year = _discounting(results)
    out = np.empty((results.n_paths, len(names), len(columns)))
    place = results.folder / "years.parquet"
    with opened(place) as file:
        check_names(place, columns, file.schema_arrow.names)
        first = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=columns, use_threads=False)
            end = first + table.num_rows // (len(names) * entries)
            for k, column in enumerate(columns):
                flows = table.column(column).to_numpy().reshape(-1, len(names), entries)
                out[first:end, :, k] = finance.net_present_value(flows, rate[first:end, None], mid_year)
            first = end
    return out


def _discounting(results: Results) -> tuple[Array, bool]:
    """Real discount rate of each path, and whether money moves in the middle of the years."""
    study = results.study
    law = study.header.discount_rate_real
    if law.name == "constant":
        rate = np.full(results.n_paths, law.mean())
    else:
        rate = np.asarray(results.column("scalar:study.discount_rate_real"))[:, 0]
    return rate, study.finance is not None and study.finance.timing == "mid_year"


def _differences(values: Array) -> dict[str, Estimate]:
    moved = {line: values[:, line] for line in Line if values[:, line].any()}
    return {f"{line.name.lower()}_eur": est.mean(value, "EUR") for line, value in moved.items()}


def _cover(results: Results) -> dict[str, dict[int, tuple[Estimate, Estimate]]]:
    debt = results.study.finance.debt if results.study.finance is not None else None
    if debt is None:
        return {}
    cover: dict[str, dict[int, tuple[Estimate, Estimate]]] = {}
    for name in results.strategy_names:
        ratios = results.year_sums(["debt_service_cover_ratio"], name)
        for year in range(1, debt.tenor_years + 1):
            known = ratios[:, year][np.isfinite(ratios[:, year])]
            if known.size:
                cover.setdefault(name, {})[year] = est.mean(known), est.quantile(known, CAPITAL_AT_RISK)
    return cover


def finance_rows(found: FinanceReport) -> list[Row]:
    """All numbers as (strategy, metric, estimate) rows: measures, lines as `waterfall:LINE`, pairs, cover by year."""
    rows = [Row(name, metric, value) for name, each in found.measures.items() for metric, value in each.items()]
    rows += [
        Row(name, f"waterfall:{line}", value)
        for name, lines in found.waterfall.items()
        for line, value in lines.items()
    ]
    for pair in found.pairs:
        n = pair.beats.n
        rows.append(Row(pair.first, f"difference_eur:{pair.other}", pair.difference))
        rows.append(Row(pair.first, f"prob_beats:{pair.other}", pair.beats))
        for order in ("first_order", "second_order"):
            for one, other, answer in (
                (pair.first, pair.other, getattr(pair, order)),
                (pair.other, pair.first, getattr(pair, f"{order}_back")),
            ):
                rows.append(
                    Row(
                        one,
                        f"{order}_dominance_{answer.answer.replace(' ', '_')}:{other}",
                        Estimate(answer.share, 0.0, n),
                    )
                )
    for name, years in found.cover.items():
        for year, (mean, low) in years.items():
            rows += [Row(name, f"dscr_year_{year}:mean", mean), Row(name, f"dscr_year_{year}:p05", low)]
    return rows

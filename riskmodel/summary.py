"""Estimates of a run: one row a strategy and metric, each with its standard error.

Distributions appear as METRIC:mean, :sd, :p05, :p10, :p50, :p90, :p95 (pNN: NN % chance of less than this).

- Paybacks: quantiles are over all paths and infinite ("inf") where the path at that rank never pays back within the
  horizon; the mean and the standard deviation are over the paths that do. `never_pays_back_share` is the share that
  do not, by the simple payback.
- `early_power_value_eur`: present value of having power at another time than the baseline, energy taken off; the
  metrics named `without_early_power` leave it out, as if every strategy were connected on the first day. Whether
  `npv_eur` and `delta_npv_eur` count it is for the study to say (`cluster.gpus_without_power`).
- `irr` is real, `irr_nominal` with the study's inflation. Both, `mirr`, the paybacks and `profitability_index` (present
  value of all but the strategy's own outlay, over that outlay) are of the project: after tax, before debt.
- `dscr_minimum`: least debt service cover of the path's years; `cluster_return_on_investment`: NPV over the present
  value of all that is bought; levelised costs: see `riskmodel.measures`.
- `irr`: over the paths with exactly one rate; `irr:share_none` and `irr:share_not_unique` are the others. `mirr`: over
  the paths with an outlay; `mirr:share_none` is the others.
- The baseline has no benefit flow, so no irr, mirr or payback; its differences are 0 with error 0.
- `claim_...`: share of paths in which a published claim of the study holds; see `riskmodel.claims`.
- `METRIC:variance_share_chance`, `_parameters`, `_inputs`: how much of the spread of a metric is chance, not knowing
  the fitted parameters, or the study's uncertain inputs; see `riskmodel.variance_split`.
- Strategies without storage have no battery capacity.
- `downtime_loss_eur_1_in_20_year`: the yearly loss reached in 1 year in 20, over all years of all paths; its error
  allows for the years of one path depending on each other.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions import estimate as est
from distributions.estimate import Estimate
from riskmodel.currency import INSIDE, in_words, outside
from riskmodel.finance import IrrStatus
from riskmodel.ledger import DOWNTIME_LINES
from riskmodel.memory import give_back
from riskmodel.store import path_column
from riskmodel.year_quantiles import yearly_loss_quantiles

Array = NDArray[np.float64]

QUANTILES = {"p05": 0.05, "p10": 0.10, "p50": 0.50, "p90": 0.90, "p95": 0.95}
ONE_IN_20_YEARS = 0.95

PAYBACKS = (
    "payback_simple_years",
    "payback_discounted_years",
    "payback_sustained_years",
    "payback_incremental_years",
    "payback_simple_without_early_power_years",
)
UNITS = {
    "npv_eur": "EUR",
    "delta_npv_eur": "EUR",
    "early_power_value_eur": "EUR",
    "delta_npv_without_early_power_eur": "EUR",
    "delta_npv_with_early_power_eur": "EUR",
    "irr": "per year",
    "irr_nominal": "per year",
    "mirr": "per year",
    "profitability_index": "",
    **dict.fromkeys(PAYBACKS, "years"),
    "dscr_minimum": "",
    "cluster_return_on_investment": "",
    "lcoe_eur_per_mwh": "EUR/MWh",
    "lcos_eur_per_mwh": "EUR/MWh",
    "lcos_without_charging_eur_per_mwh": "EUR/MWh",
    "energy_cost_eur_per_year": "EUR/year",
    "arbitrage_eur_per_year": "EUR/year",
    "downtime_loss_eur_per_year": "EUR/year",
    "avoided_downtime_loss_eur_per_year": "EUR/year",
    "gpu_hours_lost_per_year": "GPU-h/year",
    "battery_capacity_left_end": "",
}
"""Metrics given as distributions, in the order of the summary, with their units."""

OF_SOME_PATHS = (
    *PAYBACKS,
    "irr",
    "irr_nominal",
    "mirr",
    "profitability_index",
    "dscr_minimum",
    "cluster_return_on_investment",
    "lcoe_eur_per_mwh",
    "lcos_eur_per_mwh",
    "lcos_without_charging_eur_per_mwh",
    "battery_capacity_left_end",
)
"""Metrics that are not a number in every path of every strategy."""

HEADER = ("strategy", "metric", "value", "standard_error", "unit")
RISKY_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Row(NamedTuple):
    """One line of the summary."""

    strategy: str
    metric: str
    estimate: Estimate


def summary_rows(folder: Path, strategies: tuple[str, ...], baseline: str, n_years: int) -> list[Row]:
    """All estimates of the final tables in a folder, by strategy, one column in memory at a time."""
    by_strategy: dict[str, list[Row]] = {name: [] for name in strategies}
    for metric in UNITS:
        values = path_column(folder, metric, len(strategies))
        status = path_column(folder, "irr_status", len(strategies)) if metric == "irr" else None
        for index, name in enumerate(strategies):
            if name == baseline and (metric in PAYBACKS or metric in ("irr", "mirr")):
                continue
            of_metric = metric_estimates(metric, values[:, index], None if status is None else status[:, index])
            by_strategy[name] += [Row(name, label, estimate) for label, estimate in of_metric]
    best = path_column(folder, "best", len(strategies))
    losses = [f"{line.name.lower()}_eur" for line in DOWNTIME_LINES]
    give_back()
    for index, name in enumerate(strategies):
        by_strategy[name].append(Row(name, "prob_best", est.probability(best[:, index])))
        bad_year = yearly_loss_quantiles(folder, losses, index, len(strategies), n_years, [ONE_IN_20_YEARS], "EUR")[0]
        by_strategy[name].append(Row(name, "downtime_loss_eur_1_in_20_year", bad_year))
    return [row for name in strategies for row in by_strategy[name]]


def metric_estimates(metric: str, values: Array, status: NDArray[Any] | None) -> Iterator[tuple[str, Estimate]]:
    """Estimates of one metric of one strategy; nothing where the metric is not defined for it."""
    if metric == "npv_eur":
        yield "prob_npv_negative", est.probability(values < 0.0)
    if metric == "payback_simple_years":
        yield "never_pays_back_share", est.probability(np.isinf(values))
    if metric == "payback_simple_without_early_power_years":
        yield "never_pays_back_without_early_power_share", est.probability(np.isinf(values))
    if status is not None:
        yield "irr:share_not_unique", est.probability(status == IrrStatus.NOT_UNIQUE)
        yield "irr:share_none", est.probability(status == IrrStatus.NONE)
    if metric == "mirr":
        yield "mirr:share_none", est.probability(np.isnan(values))
    defined = values[~np.isnan(values)]
    if defined.size:
        yield from _distribution(metric, defined)


def _distribution(metric: str, values: Array) -> Iterator[tuple[str, Estimate]]:
    unit = UNITS[metric]
    ordered = np.sort(values)
    finite = ordered[np.isfinite(ordered)]
    if finite.size:
        yield f"{metric}:mean", est.mean(finite, unit)
    if finite.size > 1:
        yield f"{metric}:sd", est.standard_deviation(finite, unit)
    for name, probability in QUANTILES.items():
        yield f"{metric}:{name}", est.quantile(ordered, probability, unit)


def summary_csv(rows: list[Row], currency: str = INSIDE) -> str:
    """Rows as CSV text: ten significant digits, text that a spreadsheet would run as a formula made harmless.

    Metrics and units of money are named in `currency`.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    for row in rows:
        value, error = row.estimate.value, row.estimate.standard_error
        metric, unit = outside(row.metric, currency), in_words(row.estimate.unit, currency)
        writer.writerow([safe(row.strategy), metric, _number(value), _number(error), safe(unit)])
    return stream.getvalue()


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula: one that starts like one gets a leading '."""
    return f"'{text}" if text.startswith(RISKY_STARTS) else text


def _number(value: float) -> str:
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value + 0.0:.10g}"

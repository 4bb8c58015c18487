"""Results in a terminal, and as one JSON object."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from riskmodel.results import Results
from studies.cli_problems import printable

__all__ = ["as_json", "payback_words", "print_results"]

WIDE = 150
"""Columns of a terminal from which the rest of the table fits."""
PER_MILLION, PER_THOUSAND, PERCENT = 1e-6, 1e-3, 100.0

# Heading, metric of the summary, factor, unit printed after the number.
FIRST = [
    ("NPV against baseline, million EUR", "delta_npv_eur:mean", PER_MILLION, ""),
    ("simple payback", "payback_simple_years", 1.0, ""),
    ("downtime loss avoided, kEUR/year", "avoided_downtime_loss_eur_per_year:mean", PER_THOUSAND, ""),
    ("best of all in", "prob_best", PERCENT, "%"),
]
MORE = [
    ("NPV, million EUR", "npv_eur:mean", PER_MILLION, ""),
    ("downtime loss, kEUR/year", "downtime_loss_eur_per_year:mean", PER_THOUSAND, ""),
    ("in 1 year of 20, kEUR", "downtime_loss_eur_1_in_20_year", PER_THOUSAND, ""),
    ("energy cost, million EUR/year", "energy_cost_eur_per_year:mean", PER_MILLION, ""),
    ("battery capacity left", "battery_capacity_left_end:mean", PERCENT, "%"),
]


def print_results(results: Results) -> None:
    """Print one row a strategy, what +- means, and where the results are."""
    console = Console()
    columns = FIRST + MORE if console.width >= WIDE else FIRST
    table = Table(
        "strategy",
        title=Text(printable(str(results.manifest["study"]["title"])), style="bold"),
        title_justify="left",
        caption=Text(_caption(results)),
        caption_justify="left",
        show_lines=True,
    )
    for heading, *_ in columns:
        table.add_column(heading, justify="right")
    for name in results.strategy_names:
        table.add_row(_title(results, name), *(Text(_cell(results, name, *column[1:])) for column in columns))
    console.print(table)
    console.print(Text(f"Results: {results.folder}"), soft_wrap=True)


def _caption(results: Results) -> str:
    size = f"{results.n_paths:,} paths of {results.n_years} years, seed {results.seed}."
    return f"{size} +- is one standard error of the simulation; NPV over the full life cycle, real, before tax."


def _title(results: Results, name: str) -> Text:
    text = Text(printable(results.titles[name]))
    if name == results.baseline:
        text.append(" (baseline)", style="dim")
    return text


def _cell(results: Results, name: str, metric: str, factor: float, unit: str) -> str:
    base = name == results.baseline
    if metric == "payback_simple_years":
        return "-" if base else payback_words(results, name)
    if base and metric in ("delta_npv_eur:mean", "avoided_downtime_loss_eur_per_year:mean"):
        return "0"
    estimate = results.estimate(name, metric)
    return "-" if estimate is None else str(estimate.scaled(factor, unit))


def payback_words(results: Results, name: str) -> str:
    """Median simple payback of a strategy, and the share of paths without one.

    Parameters
    ----------
    results : Results
    name : str
        A strategy other than the baseline.

    Returns
    -------
    str
        E.g. ``6.1 +- 0.2 years (never in 3.0 +- 0.5 %)``.
    """
    median, never = results.estimate(name, "payback_simple_years:p50"), results.estimate(name, "never_pays_back_share")
    if median is None or never is None:
        return "-"
    share = f"never in {never.scaled(PERCENT, '%')}"
    if math.isinf(median.value):
        return share
    return f"{median} ({share})" if never.value > 0.0 else str(median)


def as_json(results: Results) -> dict[str, Any]:
    """The whole summary; numbers as numbers, a waiting time that never ends as ``"inf"``, an unknown error as null."""
    manifest = results.manifest
    return {
        "study": manifest["study"],
        "input_hash": manifest["input_hash"],
        "folder": str(results.folder),
        "paths": results.n_paths,
        "years": results.n_years,
        "seed": results.seed,
        "baseline": results.baseline,
        "versions": manifest["versions"],
        "strategies": [_strategy_json(results, name) for name in results.strategy_names],
    }


def _strategy_json(results: Results, name: str) -> dict[str, Any]:
    metrics = results.summary()
    own = metrics.loc[metrics["strategy"] == name, "metric"]
    found = {str(metric): results.estimate(name, str(metric)) for metric in own}
    return {
        "name": name,
        "title": results.titles[name],
        "estimates": {metric: _estimate_json(estimate) for metric, estimate in found.items() if estimate is not None},
    }


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    error = estimate.standard_error
    return {
        "value": estimate.value if math.isfinite(estimate.value) else str(estimate.value),
        "standard_error": error if math.isfinite(error) else None,
        "unit": estimate.unit,
    }

"""Results in a terminal, and as one JSON object."""

from __future__ import annotations

import math
import os
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from riskmodel.claims import claim_sentences
from riskmodel.currency import in_words
from riskmodel.results import Results
from studies.cli_problems import printable

__all__ = ["as_json", "control_lines", "print_results", "spread_lines"]

WIDE = 150
"""Width from which the table has all columns."""
ROOM = Console(width=1000).options
LOG_WIDTH = 110
"""Width where the output is no terminal and no one has set COLUMNS."""
PER_MILLION, PER_THOUSAND, PERCENT = 1e-6, 1e-3, 100.0

# Heading, metric of the summary, factor to the unit in the heading.
FIRST = [
    ("NPV less\nbaseline,\nmillion EUR", "delta_npv_eur:mean", PER_MILLION),
    ("of it\nearlier\npower", "early_power_value_eur:mean", PER_MILLION),
    ("simple\npayback,\nmedian years", "payback_simple_years:p50", 1.0),
    ("without\nearlier\npower", "payback_simple_without_early_power_years:p50", 1.0),
    ("downtime\nloss avoided,\nkEUR/year", "avoided_downtime_loss_eur_per_year:mean", PER_THOUSAND),
    ("best\nof all,\n% of paths", "prob_best", PERCENT),
]
MORE = [
    ("never\npays back,\n% of paths", "never_pays_back_share", PERCENT),
    ("NPV,\nmillion EUR", "npv_eur:mean", PER_MILLION),
    ("downtime\nloss,\nkEUR/year", "downtime_loss_eur_per_year:mean", PER_THOUSAND),
    ("in 1 year\nof 20,\nkEUR", "downtime_loss_eur_1_in_20_year", PER_THOUSAND),
    ("energy cost,\nmillion\nEUR/year", "energy_cost_eur_per_year:mean", PER_MILLION),
    ("battery\ncapacity\nleft, %", "battery_capacity_left_end:mean", PERCENT),
]

SPREADS = (("delta_npv_eur", "NPV difference"), ("downtime_loss_eur_per_year", "downtime loss"))
"""Metrics whose spread is split, and what they are called."""
SHARES = (("chance", "chance"), ("parameters", "fitted parameters"), ("inputs", "study inputs"))


def print_results(results: Results) -> None:
    """Print one row a strategy, what +- means, and where the results are."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=LOG_WIDTH)
    columns = FIRST + MORE if console.width >= WIDE else FIRST
    table = _table(results, columns, " ")
    if console.width < Measurement.get(console, ROOM, table).maximum:
        table = _table(results, columns, "\n")  # errors under their numbers
    console.print(table)
    console.print(_legend(results))
    console.print(Text(_caption(results)))
    for line in [*control_lines(results), *spread_lines(results)]:
        console.print(Text(printable(line)), soft_wrap=True)
    for sentence in claim_sentences(results):
        console.print(Text(f"- {in_words(sentence, results.currency)}"))
    console.print(Text(f"Results: {results.folder}"), soft_wrap=True)


def _table(results: Results, columns: list[tuple[str, str, float]], before_error: str) -> Table:
    table = Table(
        title=Text(printable(str(results.manifest["study"]["title"])), style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("strategy", no_wrap=True)
    for heading, _, _ in columns:
        table.add_column(in_words(heading, results.currency), justify="right", overflow="fold")
    for name in results.strategy_names:
        cells = (_cell(results, name, *column[1:]).replace(" +-", f"{before_error}+-") for column in columns)
        table.add_row(Text(printable(name)), *(Text(cell) for cell in cells))
    return table


def control_lines(results: Results) -> list[str]:
    """What control variates gained, one line a strategy; empty for a run without."""
    found = results.manifest.get("variance_reduction", {}).get("fewer_paths", {})
    lines = []
    for name, factors in found.items():
        gains = [f"{words} {factors[metric]:.3g}" for metric, words in SPREADS if metric in factors]
        if gains:
            lines.append(f"  {name}: {', '.join(gains)}")
    heading = "Control variates: how many times as many paths the errors of these means would take without them:"
    return [heading, *lines] if lines else []


def spread_lines(results: Results) -> list[str]:
    """Where the spread of a result comes from, one line a strategy; empty where too few paths were simulated twice."""
    lines: list[str] = []
    wide = max(map(len, results.strategy_names))
    for metric, words in SPREADS:
        found = [
            f"  {name:<{wide}}  {text}" for name in results.strategy_names if (text := _split(results, name, metric))
        ]
        if found:
            lines += [f"Spread of the {words} between paths (share of its variance):", *found]
    return lines


def _split(results: Results, name: str, metric: str) -> str:
    shares = [(words, results.estimate(name, f"{metric}:variance_share_{kind}")) for kind, words in SHARES]
    return ", ".join(f"{words} {share.scaled(PERCENT, '%')}" for words, share in shares if share is not None)


def _caption(results: Results) -> str:
    size = f"{results.n_paths:,} paths of {results.n_years} years, seed {results.seed}."
    text = "+- is one standard error of the simulation; NPV over the full life cycle, real"
    return f"{size} {text}, {_terms(results)}."


def _terms(results: Results) -> str:
    """Before or after tax and debt, and whose money waits."""
    study, f = results.study, results.study.finance
    words = ["before tax" if f is None or f.tax is None else "after tax"]
    if f is not None and f.debt is not None:
        words.append("after debt service")
    if f is not None and f.timing == "mid_year":
        words.append("money in the middle of the years")
    if study.cluster.gpus_without_power == "bought_later":
        words.append("GPUs bought when there is power")
    return ", ".join(words)


def _legend(results: Results) -> Table:
    table = Table(box=None, show_header=False)
    for name, title in results.titles.items():
        baseline = " (baseline)" if name == results.baseline else ""
        table.add_row(Text(printable(name)), Text(printable(title) + baseline))
    return table


def _cell(results: Results, name: str, metric: str, factor: float) -> str:
    estimate = results.estimate(name, metric)
    if estimate is None:
        return "-"
    bare = Estimate(estimate.value, estimate.standard_error, estimate.n)  # the heading has the unit
    return str(bare.scaled(factor, ""))


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

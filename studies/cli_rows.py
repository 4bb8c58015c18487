"""Numbers with their errors for machines: as JSON and as CSV."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import typer

from riskmodel.currency import in_words, outside

if TYPE_CHECKING:
    from distributions.estimate import Estimate
    from riskmodel.results import Results
    from riskmodel.summary import Row

__all__ = ["as_record", "echo_rows"]


def as_record(results: Results, rows: list[Row]) -> dict[str, Any]:
    """Where the numbers come from, and each by strategy (or job) and metric; what is not known is null."""
    by_name: dict[str, dict[str, Any]] = {}
    for row in rows:
        metric = outside(row.metric, results.currency)
        by_name.setdefault(row.strategy, {})[metric] = _number(row.estimate, results.currency)
    return {
        "study": results.manifest["study"],
        "input_hash": results.manifest["input_hash"],
        "folder": str(results.folder),
        "paths": results.n_paths,
        "years": results.n_years,
        "seed": results.seed,
        "titles": results.titles,
        "estimates": by_name,
    }


def echo_rows(results: Results, rows: list[Row], as_json: bool) -> None:
    """Print one JSON object, or a CSV table: strategy, metric, value, standard_error, unit."""
    from riskmodel.summary import summary_csv

    if as_json:
        typer.echo(json.dumps(as_record(results, rows), indent=2, allow_nan=False))
    else:
        typer.echo(summary_csv(rows, results.currency), nl=False)


def _number(estimate: Estimate, currency: str) -> dict[str, Any]:
    value, error = estimate.value, estimate.standard_error
    return {
        "value": value if math.isfinite(value) else None,
        "standard_error": error if math.isfinite(error) else None,
        "unit": in_words(estimate.unit, currency),
    }

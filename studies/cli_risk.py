"""The commands about inputs and sizes under risk: their options. What they do is in ``cli_sensitivity``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["sensitivity"]

Out = Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print as CSV.")]


def sensitivity(
    target: Annotated[str, typer.Argument(metavar="RESULTS", help="Folder of a finished run.")],
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="RESULT",
            help='Column of paths.parquet, e.g. delta_npv, or a share of paths, e.g. "payback_simple_years < 5". May '
            "be repeated. Default: NPV difference, downtime loss, payback.",
        ),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Default: that of the study's claims, else the one with the highest NPV.")
    ] = None,
    top: Annotated[int, typer.Option(help="Inputs to print for each result.")] = 10,
    out: Out = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Ask which inputs the spread of a result comes from: shares of its variance, alone and in all, and a tornado."""
    from studies.cli_sensitivity import SensitivityRequest, show_sensitivity

    show_sensitivity(SensitivityRequest(target, tuple(metrics or ()), strategy, top, out, as_json, as_csv))

"""The command about money: its options. What it does is in ``cli_finance``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["finance"]


def finance(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of a finished run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
) -> None:
    """Ask what a finance team asks: NPV, rates, paybacks, cover of debt, who beats whom, and by which lines."""
    from studies.cli_finance import show_finance

    show_finance(results, out, as_json, as_csv)

"""The commands that write for readers: their options. What they do is in ``cli_report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report", "template"]


def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of a finished run.")],
    reader: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="READER",
            help="board: one page, PDF and HTML; finance: an Excel workbook; insurer: PDF, HTML and loss tables; "
            "analyst: one HTML page with everything.",
        ),
    ],
    lang: Annotated[str, typer.Option(help="Language of the board page: en or zh.")] = "en",
    paper: Annotated[str, typer.Option(help="Paper of the pages: a4 or letter.")] = "a4",
    decide_by: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Date of the next decision. Default: a line to write on.")
    ] = None,
    stress: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="For the workbook and the analyst: what riskmodel stress --out wrote for this study."
        ),
    ] = None,
    cover: Annotated[
        str | None, typer.Option(metavar="COVER", help="For insurers: TOML file of a cover, or outage or index.")
    ] = None,
    with_ord: Annotated[
        bool, typer.Option("--ord/--no-ord", help="For insurers: the Open Results Data tables, or the pages alone.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Folder for the files. Default: reports in the results.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the names of the files as one JSON object.")] = False,
) -> None:
    """Write what a reader acts on: board page, finance workbook, insurer's pack or analyst's page of a finished run."""
    from studies.cli_report import ReportRequest, write_report

    write_report(ReportRequest(results, reader, lang, paper, decide_by, stress, cover, with_ord, out, as_json))


def template(
    excel: Annotated[Path, typer.Option("--excel", metavar="FILE.xlsx", help="Workbook to write.")],
    study: Annotated[
        str, typer.Option(metavar="STUDY", help="Shipped study or TOML file whose inputs it holds.")
    ] = "ten_thousand_gpus",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is already there.")] = False,
) -> None:
    """Write the inputs of a study as an Excel workbook to edit; riskmodel run FILE.xlsx takes it back."""
    from studies.cli_template import write_template

    write_template(excel, study, overwrite)

"""The command ``report``: check the request, write the files, say where they are."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

import typer

from studies.cli_problems import check_out, plain_problems, printable, refuse
from studies.reports.source import ReportError

__all__ = ["ReportRequest", "write_report"]

READERS = ("board", "finance", "insurer", "analyst")
LANGUAGES = ("en", "zh")
PAPERS = ("a4", "letter")


@dataclass(frozen=True)
class ReportRequest:
    """What was typed; None where nothing was."""

    results: Path
    reader: str
    lang: str = "en"
    paper: str = "a4"
    decide_by: str | None = None
    stress: Path | None = None
    cover: str | None = None
    with_ord: bool = True
    out: Path | None = None
    as_json: bool = False


def write_report(request: ReportRequest) -> None:
    """Write the report of a finished run as requested."""
    from riskmodel.links import refuse_links
    from riskmodel.run import REPORTS, RunError

    for option, value, allowed in (
        ("--for", request.reader, READERS),
        ("--lang", request.lang, LANGUAGES),
        ("--paper", request.paper, PAPERS),
    ):
        if value not in allowed:
            raise refuse(f"{option} {value}: type {' or '.join(allowed)}")
    decide_by = _date(request.decide_by)
    out = request.out or request.results / REPORTS
    check_out(out)
    with plain_problems():
        try:
            refuse_links(*((out,) if request.out else (request.results, (REPORTS,))))
            files, missing = _write(request, out, decide_by)
        except (ReportError, RunError) as error:
            raise refuse(str(error)) from None
    if missing:
        text = f"Warning: no font here has {missing}; they are shown as boxes. Type other letters in the titles."
        typer.echo(printable(text), err=True)
    if request.as_json:
        typer.echo(json.dumps({"files": [str(file) for file in files]}, indent=2))
    else:
        for file in files:
            typer.echo(printable(str(file)))


def _date(text: str | None) -> str:
    if text is None:
        return ""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise refuse(f"--decide-by {text}: type a date as in 2027-01-31") from None


def _write(request: ReportRequest, out: Path, decide_by: str) -> tuple[list[Path], str]:
    if request.reader == "finance":
        from studies.reports.workbook import write_workbook

        return write_workbook(request.results, out, request.stress), ""
    if request.reader == "insurer":
        from studies.reports.insurer import write_insurer

        return write_insurer(request.results, out, request.paper, request.cover, request.with_ord)
    if request.reader == "analyst":
        from studies.reports.analyst import write_analyst

        return write_analyst(request.results, out, request.stress)
    from studies.reports.board import write_board

    return write_board(request.results, out, request.lang, request.paper, decide_by)

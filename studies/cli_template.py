"""The command ``template``: inputs of a study as an Excel workbook."""

from __future__ import annotations

from pathlib import Path

import typer

from studies.cli_problems import plain_problems, printable, refuse

__all__ = ["write_template"]


def write_template(file: Path, study: str, overwrite: bool) -> None:
    """Write the workbook and say how to go on."""
    from studies.reports.inputs.writing import template_of

    if file.suffix.lower() != ".xlsx":
        raise refuse(f"--excel {file}: type the name of a file that ends in .xlsx")
    if file.is_dir():
        raise refuse(f"--excel {file}: is a folder; type the name of a file in it")
    if file.exists() and not overwrite:
        raise refuse(f"--excel {file}: is there already; name another file or type --overwrite")
    if study.lower().endswith(".xlsx"):
        raise refuse(f"--study {study}: type a shipped study or a .toml file")
    with plain_problems():
        content = template_of(study, ())
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    typer.echo(printable(f"{file}\nEdit the blue cells, save, and type: riskmodel run {file}"))

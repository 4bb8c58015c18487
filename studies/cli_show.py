"""The commands that show and check studies."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import studies
from distributions.toml_reading import parse_toml
from studies.cli_problems import plain_problems, printable, refuse, warn

__all__ = ["list_studies", "print_schema", "show_study", "validate_study"]


def list_studies() -> None:
    """Print name and title of every shipped study."""
    table = Table("name", "title", box=None, header_style="bold")
    for name in studies.names():
        header = parse_toml(studies.path(name).read_text(encoding="utf-8"))["study"]
        table.add_row(Text(name), Text(header["title"]))
    Console().print(table)


def show_study(name: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Print every input of a study: value, unit, origin; of a results folder, what came out."""
    from riskmodel.manifest import NAME

    if (Path(name) / NAME).is_file():
        _show_results(Path(name), overrides, as_json)
        return
    with plain_problems():
        study = studies.load(name, overrides)
    warn(study)
    rows = study.describe()
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "name": study.header.name,
                    "title": study.header.title,
                    "input_hash": study.input_hash(),
                    "rated_load_kw": study.rated_load_kw(),
                    "values": dict(study.canonical()),
                    "rows": [vars(row) for row in rows],
                },
                indent=2,
            )
        )
        return
    console = Console()
    console.print(Text(printable(f"{study.header.title} ({study.header.name})"), style="bold"))
    console.print(f"rated load {study.rated_load_kw():,.0f} kW, input hash {study.input_hash()[:16]}", highlight=False)
    for section, inside in groupby(rows, key=lambda row: row.field.rpartition(".")[0]):
        title = Text(printable(section), style="bold")
        table = Table(title=title, title_justify="left", box=None, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=2)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=3, style="dim")
        for row in inside:
            cells = (row.field.rpartition(".")[2], row.value_text, row.unit, row.origin)
            table.add_row(*(Text(printable(cell)) for cell in cells))
        console.print()
        console.print(table)


def _show_results(folder: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    from riskmodel.results import load_results
    from riskmodel.run import RunError
    from studies.cli_table import as_json as results_json
    from studies.cli_table import print_results

    if overrides:
        raise refuse(f"{folder}: is a folder of results, which --set cannot change; run the study again with --set")
    try:
        results = load_results(folder)
        if not as_json:
            print_results(results)
            return
        typer.echo(json.dumps(results_json(results), indent=2, allow_nan=False))
    except RunError as error:
        raise refuse(str(error)) from None


def validate_study(name: str, overrides: tuple[str, ...]) -> None:
    """Say that a study is good, or everything that is wrong with it."""
    with plain_problems():
        study = studies.load(name, overrides)
    warn(study)
    size = f"{len(study.strategy_names)} strategies, {study.header.years} years"
    typer.echo(f"{study.header.name}: good; {size}, input hash {study.input_hash()[:16]}")


def print_schema() -> None:
    """Print the JSON schema of study files."""
    from riskmodel.study import study_json_schema

    typer.echo(json.dumps(study_json_schema(), indent=2))

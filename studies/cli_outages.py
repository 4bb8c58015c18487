"""The commands about outages: their options. What they do is in ``cli_survival`` and ``cli_explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["explain", "survival"]

MOST_SEED = 2**63 - 1

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Change a field, e.g. site.price_zone=SE4. May be repeated."),
]
Seed = Annotated[
    int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
]


def survival(
    study: Annotated[
        str | None, typer.Argument(metavar="[STUDY]", help="Name of a shipped study, or the path of a TOML file.")
    ] = None,
    system: Annotated[
        Path | None,
        typer.Option(metavar="SYSTEM.toml", help="A small system instead: load, generators, battery; TOML or JSON."),
    ] = None,
    duration_h: Annotated[
        float | None, typer.Option("--duration-h", help="Length of the outage [h]. Default: 24.")
    ] = None,
    paths: Annotated[int | None, typer.Option(help="Lifetimes to probe, 24 to 1000000. Default: 480.")] = None,
    trials: Annotated[
        int | None, typer.Option(help="With --system: outages to simulate for each start hour. Default: up to 10000.")
    ] = None,
    seed: Seed = None,
    overrides: Overrides = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="CSV file to write the numbers to.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as one JSON object.")] = False,
) -> None:
    """Ask how likely each strategy carries the load through an outage, by its length, hour and month."""
    from studies.cli_survival import SurvivalRequest, survive

    survive(SurvivalRequest(study, system, duration_h, paths, trials, seed, tuple(overrides or ()), csv, out, as_json))


def explain(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="Name of a shipped study, a TOML file, or a folder of results.")
    ],
    path: Annotated[int, typer.Option(help="Number of the path (lifetime), from 0.")],
    event: Annotated[
        int | None, typer.Option(help="Number of the event in the path. Default: the path's events are listed.")
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="Only this strategy. Default: all.")] = None,
    seed: Seed = None,
    overrides: Overrides = None,
    events: Annotated[
        Path | None, typer.Option(metavar="EVENTS.csv", help="Events given instead of drawn, as for run.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the text and the figure. Default: none written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as one JSON object.")] = False,
) -> None:
    """Tell what happens in one simulated event, for each strategy: who carries, what stops, what it costs."""
    from studies.cli_explain import ExplainRequest, explain_path

    explain_path(ExplainRequest(study, path, event, strategy, seed, tuple(overrides or ()), events, out, as_json))

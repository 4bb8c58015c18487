"""The commands about changed assumptions: their options. What they do is in ``cli_stress`` and ``cli_claim``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["claim", "stress"]

MOST_SEED = 2**63 - 1

StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="Name of a shipped study, or the path of a TOML file.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Change a field, e.g. site.price_zone=SE4. May be repeated."),
]
Seed = Annotated[
    int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
]
Out = Annotated[Path | None, typer.Option(help="Folder for tables and the figure. Default: none written.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print as CSV.")]


def claim(
    study: StudyName,
    text: Annotated[
        str, typer.Argument(metavar="CLAIM", help='RESULT OP NUMBER in quotes, e.g. "payback_simple_years < 5".')
    ],
    strategy: Annotated[
        str | None, typer.Option(help="Strategy it is about. Default: that of the study's claims.")
    ] = None,
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate, 2 to 1000000.")] = 1000,
    search_paths: Annotated[
        int, typer.Option(help="Lifetimes on which needed inputs are looked for; 0: leave that out.")
    ] = 200,
    seed: Seed = None,
    overrides: Overrides = None,
    out: Out = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Ask how often a claim holds, under each way to read it, and which inputs it would need."""
    from studies.cli_claim import ClaimRequest, claim_of_study

    claim_of_study(
        ClaimRequest(
            study=study,
            claim=text,
            strategy=strategy,
            paths=paths,
            search_paths=search_paths,
            seed=seed,
            overrides=tuple(overrides or ()),
            out=out,
            as_json=as_json,
            as_csv=as_csv,
        )
    )


def stress(
    study: StudyName,
    cases: Annotated[
        list[str] | None,
        typer.Option(
            "--case",
            metavar="CASE",
            help="Name of a shipped case, or a TOML file of your own; may be repeated. Default: all shipped ones.",
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(help="Rank by this one. Default: that of the claims, else the one with the highest NPV."),
    ] = None,
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate for each case, 2 to 1000000.")] = 1000,
    pairs: Annotated[bool, typer.Option("--pairs", help="Simulate every two cases together, too.")] = False,
    pair_paths: Annotated[int, typer.Option(help="Lifetimes for each pair.")] = 200,
    seed: Seed = None,
    overrides: Overrides = None,
    out: Out = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Ask what bad surprises do to each strategy: named cases on the same lifetimes, and the worst two together."""
    from studies.cli_stress import StressRequest, stress_study

    stress_study(
        StressRequest(
            study=study,
            cases=tuple(cases or ()),
            strategy=strategy,
            paths=paths,
            pair_paths=pair_paths if pairs else 0,
            seed=seed,
            overrides=tuple(overrides or ()),
            out=out,
            as_json=as_json,
            as_csv=as_csv,
        )
    )

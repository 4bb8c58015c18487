"""The commands about inputs and sizes under risk: their options.

What they do is in ``cli_sensitivity`` and ``cli_size``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["sensitivity", "size"]

MOST_SEED = 2**63 - 1

Out = Annotated[Path | None, typer.Option(help="Folder for tables and figures. Default: none written.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as one JSON object.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print as CSV.")]


def sensitivity(
    target: Annotated[
        str, typer.Argument(metavar="RESULTS", help="Folder of a finished run; with --sobol a study, by name or file.")
    ],
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
    sobol: Annotated[
        bool, typer.Option("--sobol", help="Simulate pairs instead: no form of the dependence is assumed.")
    ] = False,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME", help="With --sobol: an input to tell apart from its group. Repeat."),
    ] = None,
    paths: Annotated[
        int | None, typer.Option(help="With --sobol: lifetimes, each simulated once a group and twice. Default: 500.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="With --sobol: same seed, same numbers. Default: drawn.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="With --sobol: change a field of the study."),
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Ask which inputs the spread of a result comes from: shares of its variance, alone and in all, and a tornado."""
    if sobol:
        from studies.cli_sobol import SobolRequest, show_sobol

        more = (tuple(inputs or ()), 500 if paths is None else paths, seed, tuple(overrides or ()))
        show_sobol(SobolRequest(target, tuple(metrics or ()), strategy, *more, out, as_json, as_csv))
        return
    from studies.cli_problems import refuse
    from studies.cli_sensitivity import SensitivityRequest, show_sensitivity

    for name, given in (("--input", inputs), ("--paths", paths), ("--seed", seed), ("--set", overrides)):
        if given is not None and given != []:
            raise refuse(f"{name}: is for --sobol, which simulates; without it a finished run is read as it is")
    show_sensitivity(SensitivityRequest(target, tuple(metrics or ()), strategy, top, out, as_json, as_csv))


def size(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Name of a shipped study, or the path of a TOML file.")],
    ranges: Annotated[
        list[str] | None, typer.Argument(metavar="[FIRST:LAST:STEP]...", help="Values of each --vary, in their order.")
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD",
            help="Field of a strategy, followed by its values, e.g. --vary string_storage.cabinets 0:240:20, or "
            "--vary reserve_share=0.1,0.3. Short names will do. May be repeated. 0 cabinets: no storage.",
        ),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Strategy whose fields are varied. Default: that of the claims, or the first.")
    ] = None,
    risk: Annotated[
        str, typer.Option(metavar="cvar:SHARE", help="Tail: mean of the worst share of the paths.")
    ] = "cvar:0.05",
    appetite: Annotated[
        float | None,
        typer.Option(help="1: the mean decides; 0: the worst paths alone; between: weighed. Default: 1, 0.5 and 0."),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="What the mean and the tail are of: npv, or delta_npv (less the baseline's).")
    ] = "npv",
    paths: Annotated[int, typer.Option(help="Lifetimes to simulate for each size, 20 to 1000000.")] = 1000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=MOST_SEED, help="Same seed, same numbers. Default: drawn, and printed.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field, e.g. site.price_zone=SE4. May be repeated."),
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Ask how large to build under risk: mean NPV against its tail, the best size, and which cannot be told apart."""
    from studies.cli_size import SizeRequest, size_study

    size_study(
        SizeRequest(
            study=study,
            ranges=tuple(ranges or ()),
            vary=tuple(vary or ()),
            strategy=strategy,
            risk=risk,
            appetite=appetite,
            metric=metric,
            paths=paths,
            seed=seed,
            overrides=tuple(overrides or ()),
            out=out,
            as_json=as_json,
            as_csv=as_csv,
        )
    )

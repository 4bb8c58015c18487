"""Options of the command ``run`` that take a sentence to say."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Cluster", "FirstPath", "RangesAt", "TargetError"]

TargetError = Annotated[
    str | None,
    typer.Option(
        metavar="RESULT=ERROR",
        help='Stop once this error is reached, e.g. npv=1% or "npv=500 kEUR"; any number of the summary; at most '
        "--paths.",
    ),
]
FirstPath = Annotated[
    int | None,
    typer.Option(min=0, help="Number of the first path: --first-path 7 --paths 1 is path 7 alone. Default: 0."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="local:N or ADDRESS",
        help="Simulate on N processes of this machine, or on the Dask cluster of a scheduler, e.g. "
        "tcp://scheduler:8786. The results are the same.",
    ),
]
RangesAt = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER or URL",
        help="Where finished paths wait until all are there, e.g. s3://bucket/folder. Default: in the results folder.",
    ),
]

"""The command ``run``: check the request, simulate with progress, show what came out."""

from __future__ import annotations

import json
import math
import re
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from studies.cli import INTERRUPTED
from studies.cli_problems import announced_interrupt, fail, plain_problems, printable, refuse, warn

if TYPE_CHECKING:
    from riskmodel.results import Results

__all__ = ["RunRequest", "events_override", "parse_target_error", "resume_command", "run_study"]

DEFAULT_PATHS = 10_000
BROKEN = (
    "This is a mistake of the program or the machine, and no result. Ranges finished before it are kept. To see this "
    "path alone:"
)
EVENTS_FIELD = "site.given_events"
AMOUNT = re.compile(r"([0-9.eE+-]+|[a-z]+)\s*(%|[A-Za-z].*)?")


@dataclass(frozen=True)
class RunRequest:
    """What was typed; None where nothing was."""

    study: str
    paths: int | None = None
    seed: int | None = None
    out: Path | None = None
    overrides: tuple[str, ...] = ()
    events: Path | None = None
    threads: int | None = None
    target_error: str | None = None
    control_variates: bool = False
    first_path: int | None = None
    cluster: str | None = None
    ranges: str | None = None
    resume: bool = False
    overwrite: bool = False
    quiet: bool = False
    as_json: bool = False
    lanes: int | None = None


def parse_target_error(text: str | None) -> dict[str, float | str] | None:
    """``npv=1%,energy_cost=20 kEUR/year`` as {name: share or amount}; problems end the command with a message.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    dict of str to float (share of the estimate) or str (amount with its unit), or None
    """
    if text is None:
        return None
    found: dict[str, float | str] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        match = AMOUNT.fullmatch(number)
        value = _number(match[1]) if match is not None else math.nan
        if not (name and sign and match is not None and math.isfinite(value) and value > 0.0):
            raise refuse(f"--target-error {text}: type a result and the error it may have, e.g. npv=1% or npv=500 kEUR")
        unit = (match[2] or "").strip()
        found[name] = number if unit not in ("", "%") else value / (100.0 if unit else 1.0)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def resume_command(request: RunRequest, folder: Path) -> str:
    """The command that goes on from where this run stopped."""
    return shlex.join([*_command(request, folder), "--resume"])


def alone_command(request: RunRequest, seed: int, path: int) -> str:
    """The command that simulates one path alone, in a folder of its own."""
    folder = Path("out") / f"path-{path}"
    alone = replace(request, seed=seed, first_path=path, paths=1, cluster=None, ranges=None, target_error=None)
    return shlex.join(_command(replace(alone, control_variates=False), folder))


def _command(request: RunRequest, folder: Path) -> list[str]:
    entry = Path(sys.argv[0]).name
    words = ["riskmodel"] if entry.startswith("riskmodel") else [Path(sys.executable).name, "-m", "studies"]
    words += ["run", request.study, "--out", str(folder)]
    for option, value in (
        ("--paths", request.paths),
        ("--seed", request.seed),
        ("--events", request.events),
        ("--threads", request.threads),
        ("--target-error", request.target_error),
        ("--first-path", request.first_path),
        ("--cluster", request.cluster),
        ("--ranges", request.ranges),
    ):
        if value is not None:
            words += [option, str(value)]
    for text in request.overrides:
        words += ["--set", text]
    if request.control_variates:
        words.append("--control-variates")
    return words


def events_override(events: Path | None) -> tuple[str, ...]:
    """The file of given events as an override of the study; a path typed here is relative to the current folder."""
    if events is None:
        return ()
    path = events.resolve() if events.exists() else events
    return (f"{EVENTS_FIELD}={json.dumps(str(path), ensure_ascii=False)}",)


def run_study(request: RunRequest) -> None:
    """Simulate, write and show a study as requested."""
    if request.resume and request.overwrite:
        raise refuse("--resume goes on with the results there, --overwrite replaces them: choose one")
    target = parse_target_error(request.target_error)
    with plain_problems():
        results = _simulate(request, target)
    if request.as_json:
        from studies.cli_table import as_json

        typer.echo(json.dumps(as_json(results), indent=2, allow_nan=False))
    elif not request.quiet:
        from studies.cli_table import print_results

        print_results(results)
    if not request.quiet:
        _say_whether_reached(results)
        for note in results.manifest.get("convergence", {}).get("notes", []):
            typer.echo(printable(f"Note: {note}."), err=True)


def _say_whether_reached(results: Results) -> None:
    """On the error stream, as it may be that the results are read by a machine."""
    from riskmodel.currency import in_words
    from riskmodel.stop_rule import unreached_text

    found = results.manifest.get("target_error", {})
    if found.get("reached"):
        typer.echo(f"Target error reached with {results.n_paths:,} paths.", err=True)
    elif found:
        text = in_words(unreached_text(found["checks"], results.n_paths), results.currency)
        typer.echo(printable(f"Target error not reached: {text}."), err=True)


def _simulate(request: RunRequest, target: dict[str, float | str] | None) -> Results:
    import studies
    from distributions._jit import set_threads
    from riskmodel.range_checks import BrokenPath
    from riskmodel.run import Interrupted, RunError, RunFailed, run_to_folder
    from studies.cli_progress import RunProgress
    from studies.figures import draw_all

    study = studies.load(request.study, (*request.overrides, *events_override(request.events)))
    warn(study)
    folder = request.out or Path("out") / study.header.name
    try:
        threads = set_threads(request.threads)
    except ValueError as error:
        raise refuse(f"--{error}") from None
    paths = request.paths if request.paths is not None or request.resume else DEFAULT_PATHS
    try:
        with announced_interrupt(), RunProgress(wanted=not request.quiet) as progress:
            return run_to_folder(
                study,
                folder,
                paths,
                request.seed,
                threads=request.threads if request.cluster else threads,
                lanes=request.lanes,
                first_path=request.first_path,
                cluster=request.cluster,
                ranges=request.ranges,
                resume=request.resume,
                overwrite=request.overwrite,
                target_error=target,
                control_variates=request.control_variates,
                progress=progress,
                announce=progress.say,
                draw_figures=draw_all,
            )
    except Interrupted as stop:
        typer.echo(
            f"Stopped. {stop.done:,} of {stop.total:,} paths are finished and kept. To go on:\n"
            f"  {resume_command(request, folder)}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    except KeyboardInterrupt:
        typer.echo("Stopped before anything was simulated.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPath as error:
        alone = alone_command(request, error.seed, error.path)
        raise fail(f"path {error.path:,}: {error.what}.\n{BROKEN}\n  {alone}") from None
    except RunError as error:
        # The machine fails, a disk fills up: 1. A folder or an option that will not do: 2, and nothing was written.
        end = fail if isinstance(error, RunFailed) else refuse
        raise end(str(error)) from None

"""The command ``goodput``: what the cluster's own failures leave of the training, with and without power events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.cli_problems import plain_problems, printable, refuse
from studies.cli_rows import echo_rows

if TYPE_CHECKING:
    from riskmodel.goodput import JobGoodput, StrategyGoodput
    from riskmodel.results import Results

__all__ = ["show_goodput"]

PERCENT, PER_MILLION, MIN_PER_H = 100.0, 1e-6, 60.0
WIDTH = 120
CAUSES = (
    ("writing", "writing checkpoints"),
    ("rework", "work done again"),
    ("restart", "restarts"),
    ("waiting", "waiting for a server"),
    ("missing", "going on without servers"),
)


def show_goodput(folder: Path, paths: int | None, as_json: bool, as_csv: bool) -> None:
    """Read results, simulate the cluster's own failures beside them, and print."""
    from riskmodel.goodput import GoodputError, goodput, goodput_rows
    from riskmodel.results import load_results
    from riskmodel.run import RunError

    if as_json and as_csv:
        raise refuse("--json and --csv: type one of them")
    with plain_problems():
        try:
            results = load_results(folder)
            jobs, strategies = goodput(results, paths)
        except (RunError, GoodputError) as error:
            raise refuse(f"{folder}: {error}" if isinstance(error, GoodputError) else str(error)) from None
    if as_json or as_csv:
        echo_rows(results, goodput_rows(jobs, strategies), as_json)
    else:
        _print(results, jobs, strategies)


def _print(results: Results, jobs: list[JobGoodput], strategies: list[StrategyGoodput]) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    say(f"{results.manifest['study']['title']}: goodput of training")
    for job in jobs:
        say(_sentence(job))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("strategy", no_wrap=True)
    for heading in (
        "goodput\nwithout power\nevents, %",
        "with\npower\nevents, %",
        "difference,\n%",
        "lost to own\nfailures,\nmillion\nGPU-h/year",
        "lost to\npower events,\nmillion\nGPU-h/year",
        "own\nfailures\na year",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for found in strategies:
        cells = (
            found.without_power_events.scaled(PERCENT, ""),
            found.with_power_events.scaled(PERCENT, ""),
            found.cost_of_power_events.scaled(PERCENT, ""),
            found.lost_to_own_failures.scaled(PER_MILLION, ""),
            found.lost_to_power_events.scaled(PER_MILLION, ""),
            found.failures_per_year.scaled(1.0, ""),
        )
        table.add_row(Text(printable(found.name)), *(Text(str(cell)) for cell in cells))
    console.print(table)
    lives = jobs[0].goodput.n
    say(
        f"Own failures: {lives:,} lives of {results.n_years} years; power events: {results.n_paths:,} paths; seed "
        f"{results.seed}. +- is one standard error. Goodput: share of the GPU-hours with a connection whose work is "
        "kept."
    )


def _sentence(job: JobGoodput) -> str:
    lost = ", ".join(
        f"{words} {job.shares[name].scaled(PERCENT, '%')}" for name, words in CAUSES if getattr(job.exact, name) > 0.0
    )
    return (
        f"A job of {job.gpus:,} GPUs fails by itself every {job.mtti_h:.3g} h, and saves its work every "
        f"{job.interval_h * MIN_PER_H:.3g} min. Work kept: {job.goodput.scaled(PERCENT, '%')} of its time (exact "
        f"expectation {job.exact_goodput:.3%}). Lost: {lost}."
    )

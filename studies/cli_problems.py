"""How the commands speak of problems: one plain message on the error stream, and an exit code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from studies.cli import BAD_INPUT, FAILED

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = ["announced_interrupt", "check_out", "check_paths", "fail", "plain_problems", "printable", "refuse", "warn"]


def printable(text: str) -> str:
    """Text of a study or a file name that cannot steer the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def refuse(message: str) -> typer.Exit:
    """Print what is wrong with the input; raise what this returns."""
    typer.echo(printable(message), err=True)
    return typer.Exit(BAD_INPUT)


def fail(message: str) -> typer.Exit:
    """Print why the work failed; raise what this returns."""
    typer.echo(printable(message), err=True)
    return typer.Exit(FAILED)


def warn(study: Study) -> None:
    """Print what a reader of the study's results must know."""
    for text in study.warnings():
        typer.echo(printable(f"Warning: {text}."), err=True)


@contextmanager
def announced_interrupt() -> Iterator[None]:
    """Answer Ctrl-C in words, since paths at work are finished first (and a first run compiles for a minute or two)."""

    def answer(number: int, frame: object) -> NoReturn:
        typer.echo("\nStopping when the paths at work are finished. Ctrl-C again stops at once.", err=True)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only the main thread may listen to signals
        yield
        return
    before = signal.signal(signal.SIGINT, answer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def plain_problems() -> Iterator[None]:
    """Turn problems of the input or the machine into messages and exit codes. Mistakes of ours keep their traceback."""
    from riskmodel.study import StudyError

    try:
        yield
    except StudyError as error:
        count = len(error.problems)
        title = f"{count} problems; nothing was run:" if count > 1 else "Nothing was run:"
        raise refuse("\n".join([title, *(f"  {problem}" for problem in error.problems)])) from None
    except MemoryError:
        raise fail("Not enough memory. Fewer --threads need less.") from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise fail(f"{place}{error.strerror or error}") from None


def check_paths(paths: int, least: int, most: int) -> None:
    """Refuse a number of lifetimes out of range."""
    if not least <= paths <= most:
        raise refuse(f"--paths {paths}: must be from {least} to {most:,} lifetimes")


def check_out(out: Path | None) -> None:
    """Refuse a folder for results that is a file."""
    if out is not None and out.exists() and not out.is_dir():
        raise refuse(f"--out {out}: is a file: type the name of a folder")

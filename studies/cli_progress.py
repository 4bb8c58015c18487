"""Progress of a run on the error stream: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from studies.cli_problems import printable

__all__ = ["RunProgress", "duration_text"]

SECONDS_BETWEEN_LINES = 15.0
PREPARING = "preparing; a first run compiles for a minute or two"


def duration_text(seconds: float) -> str:
    """Time as a reader would say it: 45 s, 3 min 20 s, 2 h 05 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class _Rate:
    """Paths a second since the first report, so that compiling and what was there before do not count."""

    def __init__(self) -> None:
        self.start: tuple[float, int] | None = None

    def text(self, done: int, total: int) -> str:
        now = time.monotonic()
        if self.start is None or done < self.start[1]:
            self.start = (now, done)
        elapsed, new = now - self.start[0], done - self.start[1]
        if elapsed <= 0.0 or new <= 0:
            return ""
        rate = new / elapsed
        return f"{rate:,.0f} paths/s, {duration_text((total - done) / rate)} left"


class _RateColumn(ProgressColumn):
    def __init__(self, rate: _Rate) -> None:
        super().__init__()
        self.rate = rate
        self.shown = (-1, "")

    def render(self, task: Task) -> Text:
        done = int(task.completed)
        if done != self.shown[0]:  # between reports the estimate would only drift
            self.shown = (done, self.rate.text(done, int(task.total or 0)))
        return Text(self.shown[1])


class RunProgress:
    """Call it with (paths done, paths wanted); a context manager that leaves the terminal clean.

    Parameters
    ----------
    wanted : bool
        False shows nothing.
    """

    def __init__(self, wanted: bool = True) -> None:
        console = Console(stderr=True)
        self._console = console if wanted else None
        self._rate = _Rate()
        self._bar: Progress | None = None
        self._last_line = 0.0
        if wanted and console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                _RateColumn(self._rate),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task(PREPARING, total=None)

    def __enter__(self) -> RunProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` paths are finished."""
        if self._bar is not None:
            text = PREPARING if done == 0 else "paths"
            self._bar.update(self._task, description=text, completed=done, total=total)
        elif self._console is not None:
            text = self._rate.text(done, total)
            now = time.monotonic()
            if now - self._last_line >= SECONDS_BETWEEN_LINES or done >= total:
                self._last_line = now
                more = PREPARING if done == 0 else text if done < total else ""
                line = f"{done:,} of {total:,} paths" + (f", {more}" if more else "")
                self._console.print(line, markup=False, highlight=False)

    def say(self, text: str) -> None:
        """Show a line beside the progress."""
        if self._console is not None:
            self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

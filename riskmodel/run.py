"""Run a study into a folder: range by range, each kept as it finishes, so that nothing is lost when it is stopped.

The final files are the same bytes for any size of range, number of threads, and any number of interruptions.
"""

from __future__ import annotations

import functools
import secrets
import shutil
import weakref
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel import convergence, store
from riskmodel import manifest as manifests
from riskmodel.disk_room import room_warning
from riskmodel.engine import DEFAULT_LANES, TooManyEvents, default_threads
from riskmodel.event_files import intact_parts
from riskmodel.memory import give_back
from riskmodel.merge import Merge
from riskmodel.range_store import DamagedRange
from riskmodel.range_work import Job, in_this_process
from riskmodel.run_errors import Interrupted, RunError, RunFailed
from riskmodel.run_folder import (
    FIGURES,
    GIVEN_EVENTS,
    REPORTS,
    TABLE_FILES,
    begun,
    check_finished,
    ranges_of,
    resumed,
    taken,
    write_study,
)
from riskmodel.stop_rule import Announce, StopRule, Target, TargetError, Wanted, parse_targets, unreached_text
from riskmodel.workers import Workers, check_address

if TYPE_CHECKING:
    from riskmodel.results import Results
    from riskmodel.study import Study

__all__ = [
    "FIGURES", "GIVEN_EVENTS", "REPORTS", "TABLE_FILES", "Interrupted", "RunError", "RunFailed", "run_to_folder",
    "simulate",
]  # fmt: skip

MOST_PATHS = 10**9 - 1
MOST_REPAIRS = 3
"""Times that ranges found damaged while they are merged are simulated again."""

Progress = Callable[[int, int], object]
DrawFigures = Callable[["Results", Path], object]
Made = Callable[[Iterable[tuple[int, int]]], Generator[tuple[int, int]]]


def run_to_folder(
    study: Study,
    folder: str | Path,
    paths: int | None = None,
    seed: int | None = None,
    *,
    threads: int | None = None,
    lanes: int | None = None,
    paths_per_range: int | None = None,
    first_path: int | None = None,
    cluster: str | None = None,
    ranges: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    target_error: Wanted | None = None,
    control_variates: bool = False,
    progress: Progress | None = None,
    announce: Announce | None = None,
    draw_figures: DrawFigures | None = None,
    simulate_range: Callable[..., Any] | None = None,
) -> Results:
    """Simulate a study and write its results folder.

    Parameters
    ----------
    study : Study
    folder : str or Path
        New or empty, unless `resume` or `overwrite`.
    paths : int
        Number of lifetimes; with `target_error` the most there may be. When resuming, None means as before.
    seed : int
        64-bit seed. None takes one from the operating system (when resuming: that of the run); it is kept either way.
    threads, lanes : int
        How the machine is used; results do not depend on them.
    paths_per_range : int
        Paths simulated and written at a time, by default one block for each thread; results do not depend on it.
    first_path : int
        Number of the first path, by default 0: path 7 alone is `first_path=7, paths=1`.
    cluster : str
        Simulate on the workers of a Dask cluster: ``local:2`` or ``tcp://scheduler:8786``, see `riskmodel.workers`;
        results do not depend on it.
    ranges : str or Path
        Where finished ranges are kept until they are merged, by default in the folder: another folder, or an fsspec
        URL such as ``s3://bucket/folder``. When resuming, None means as before.
    resume : bool
        Go on with an interrupted run of the same study, seed and program.
    overwrite : bool
        Replace the results in the folder; files that are not part of results stay.
    target_error : mapping of str to float or str
        E.g. `{"npv": 0.01}` or `{"string_storage/npv": "500 kEUR"}`: stop at the first multiple of 1000 paths at which
        the standard error of that number of the summary is at most that share of it, or that amount; see
        `riskmodel.stop_rule`. When resuming, None means as before.
    control_variates : bool
        Means of the summary are those with control variates, see `riskmodel.control_variates`; the paths stay the same.
    progress : callable
        Called as progress(done_paths, total_paths).
    announce : callable
        Called with a line of text when the target error is not going to be reached, or damaged ranges were found.
    draw_figures : callable
        Called as draw_figures(results, figures_folder) once the tables are there.
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.

    Returns
    -------
    Results

    Raises
    ------
    RunError
        Before anything is simulated, if the folder or an argument will not do.
    Interrupted
        On Ctrl-C.
    """
    place = Path(folder)
    lanes = lanes or DEFAULT_LANES
    _check_arguments(paths, seed, first_path, paths_per_range, resume)
    targets = _targets(study, target_error)
    if cluster is not None:
        check_address(cluster)
    if resume:
        manifest = resumed(place, study, seed, first_path, paths)
        if manifest["state"] == "finished":
            check_finished(place, manifest, paths)
            return _results(place)
    with ExitStack() as held:
        lock = held.enter_context(taken(place))
        if resume:
            manifest = resumed(place, study, seed, first_path, paths)
        else:
            seed = secrets.randbits(63) if seed is None else seed
            manifest = begun(place, study, seed, first_path or 0, int(paths or 0), overwrite)
        if ranges is not None:
            manifest["ranges_at"] = str(ranges)
        if target_error:
            manifest["target_error"] = {"wanted": dict(target_error)}
        else:
            targets = _targets(study, manifest.get("target_error", {}).get("wanted"))
        if control_variates:
            manifest["variance_reduction"] = {"method": "control_variates"}
        run = None
        try:
            manifests.write(place, manifest)
            job = Job(study, manifest["seed"], ranges_of(place, manifest), threads, lanes, simulate_range)
            run = _Run(job, place, manifest, targets, progress, announce)
            if cluster is None:
                made: Made = functools.partial(in_this_process, job)
                per_range = paths_per_range or lanes * (threads or default_threads())
            else:
                workers = held.enter_context(Workers(cluster, job, place, lock.token))
                made, per_range = workers.made, paths_per_range or workers.paths_per_range(run.left())
            run.simulate(made, per_range)
            run.finish(draw_figures, made, per_range)
        except KeyboardInterrupt:
            manifest["state"] = "interrupted"
            with suppress(OSError):  # the ranges alone say what is finished
                manifests.write(place, manifest)
            raise Interrupted(place, run.done() if run else 0, manifest["paths_wanted"]) from None
        except TooManyEvents as error:
            raise RunError(str(error)) from error
        except OSError as error:
            raise RunFailed(f"{place}: {error}; finished ranges are kept, run again with resume to go on") from error
    return _results(place)


def simulate(
    study: Study,
    paths: int = 10_000,
    seed: int | None = 7,
    progress: Progress | None = None,
    threads: int | None = None,
    **options: Any,
) -> Results:
    """Simulate a study in a temporary folder that lives as long as the results; keep them with `Results.save`.

    Parameters as in `run_to_folder`.
    """
    import tempfile

    folder = tempfile.mkdtemp(prefix="riskmodel-")
    try:
        results = run_to_folder(study, folder, paths, seed, progress=progress, threads=threads, **options)
    except Interrupted:
        raise  # what is finished stays: the message says where
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(results, shutil.rmtree, folder, ignore_errors=True)
    return results


def _results(folder: Path) -> Results:
    from riskmodel.results import Results

    return Results(folder)


class _Run:
    """The moving parts of one run."""

    def __init__(
        self,
        job: Job,
        folder: Path,
        manifest: dict[str, Any],
        targets: tuple[Target, ...],
        progress: Progress | None,
        announce: Announce | None,
    ) -> None:
        self.job, self.study, self.folder, self.manifest = job, job.study, folder, manifest
        self.progress, self.announce = progress, announce
        self.start: int = manifest.get("first_path", 0)
        self.controlled = "variance_reduction" in manifest
        self.rule = StopRule(job.study, job.store, job.seed, self.start, targets, self.controlled)
        names, header = tuple(job.study.strategy_names), job.study.header
        written = intact_parts(folder, manifest.get("event_parts", []))
        about = (names, header.years, header.currency)
        self.tables = Merge(folder, job.store, self.start, *about, written, self._record_parts)
        self.ranges, damaged = job.store.remove_leftovers(self.tables.events_until)
        if damaged:
            self._say_damaged(damaged)
        self.checked = 0
        self.room_seen = False
        self.stop_at: int | None = None

    def done(self) -> int:
        """Finished paths among those wanted."""
        until = self.start + self.manifest["paths_wanted"]
        return sum(max(0, min(end, until) - first) for first, end in self.ranges)

    def left(self) -> int:
        """Paths that are wanted and not there yet."""
        return int(self.manifest["paths_wanted"]) - self.done()

    def simulate(self, made: Made, paths_per_range: int) -> None:
        """Fill the gaps until all paths, or enough for the target error, are there."""
        self._report()
        self._precise_enough()
        until = self.start + (self.stop_at or self.manifest["paths_wanted"])
        missing = store.missing_ranges(list(self.ranges), until, paths_per_range, self.start)
        with closing(made(missing)) as finished:
            for first, end in finished:
                self.ranges = sorted([*self.ranges, (first, end)])
                self.manifest["ranges_done"] = manifests.joined(self.ranges)
                manifests.write(self.folder, self.manifest)
                self._report()
                self._look_at_room(first, end)
                if self._precise_enough():
                    break

    def _look_at_room(self, first: int, end: int) -> None:
        """Once, after the first range: all others are about as large."""
        if self.announce is not None and not self.room_seen:
            self.room_seen = True
            text = room_warning(
                self.job.store, self.folder, (first, end), self.left(), int(self.manifest["paths_wanted"])
            )
            if text:
                self.announce(text)

    def _say_damaged(self, count: int) -> None:
        if self.announce is not None:
            which = "A damaged range is" if count == 1 else f"{count} damaged ranges are"
            self.announce(f"{which} simulated again.")

    def _report(self) -> None:
        if self.progress is not None:
            self.progress(self.done(), self.manifest["paths_wanted"])

    def _precise_enough(self) -> bool:
        """Look at every checkpoint within the unbroken run of finished paths, each only once, in order."""
        if not self.rule.targets or self.stop_at is not None:
            return self.stop_at is not None
        joined, wanted = manifests.joined(self.ranges), self.manifest["paths_wanted"]
        reached = min(joined[0][1] - self.start, wanted) if joined and joined[0][0] == self.start else 0
        while self.checked + store.PATHS_PER_GROUP <= reached:
            self.checked += store.PATHS_PER_GROUP
            if self.rule.met(self.ranges, self.checked):
                self.stop_at = self.checked
                return True
            self._warn_if_hopeless()
        return False

    def _warn_if_hopeless(self) -> None:
        """Say it once, early, when more paths are needed than there may be."""
        wanted, needed = self.manifest["paths_wanted"], max(check.needed for check in self.rule.checks)
        if self.announce is not None and needed > wanted and self.checked < wanted:
            self.announce(f"{unreached_text(self.rule.record(), self.checked)}; at most {wanted:,} will be simulated.")
            self.announce = None

    def _record_parts(self) -> None:
        self.manifest["event_parts"] = list(self.tables.written)
        manifests.write(self.folder, self.manifest)

    def merge(self, made: Made, paths_per_range: int) -> None:
        """Write the tables; a range found damaged is simulated again."""
        for repairs in range(MOST_REPAIRS + 1):
            try:
                self.tables.write(self.ranges, self.start + self.manifest["paths"])
                return
            except DamagedRange:
                if repairs == MOST_REPAIRS:
                    raise
                self.ranges, damaged = self.job.store.remove_leftovers(self.tables.events_until)
                self._say_damaged(damaged)
                self.simulate(made, paths_per_range)

    def diagnose(self, names: tuple[str, ...]) -> None:
        """Look at all paths together, see `riskmodel.convergence`."""
        found = convergence.diagnose(self.folder, names, self.start)
        different = convergence.always_different(self.study)
        convergence.check_paths(self.folder, names, self.job.seed, found, different, self.start)
        told = convergence.notes(found, self.study.header.currency)
        self.manifest["convergence"] = {"results": convergence.plain(found), "notes": told}

    def finish(self, draw_figures: DrawFigures | None, made: Made, paths_per_range: int) -> None:
        """Merge, summarise, draw, record, and only then let go of the ranges."""
        from riskmodel.claims import claim_estimates
        from riskmodel.control_variates import controlled_rows
        from riskmodel.summary import Row, summary_csv, summary_rows
        from riskmodel.variance_split import split_rows

        names, years = tuple(self.study.strategy_names), self.study.header.years
        self.manifest["paths"] = self.stop_at or self.manifest["paths_wanted"]
        if self.rule.targets:
            if self.stop_at is None:
                self.rule.met(self.ranges, self.manifest["paths"])
            self.manifest["target_error"] |= {"reached": self.stop_at is not None, "checks": self.rule.record()}
        give_back()
        self.merge(made, paths_per_range)
        self.diagnose(names)
        rows = summary_rows(self.folder, names, self.study.header.baseline, years)
        rows += [Row(*row) for row in split_rows(self.folder, names, self.study.header.baseline, self.start)]
        rows += [Row(*row) for row in claim_estimates(self.study, self.folder)]
        if self.controlled:
            rows, fewer = controlled_rows(rows, self.study, self.manifest["seed"], self.folder, self.start)
            self.manifest["variance_reduction"] |= {"fewer_paths": fewer}
        store.write_text(self.folder / "summary.csv", summary_csv(rows, self.study.header.currency))
        write_study(self.folder, self.study)
        if draw_figures is not None:
            manifests.write(self.folder, self.manifest)  # the figures say how many paths there are
            give_back()
            draw_figures(_results(self.folder), self.folder / FIGURES)
        files = manifests.file_hashes(self.folder, (*TABLE_FILES, GIVEN_EVENTS, FIGURES))
        self.manifest.update(state="finished", ended=manifests.now(), files=files)
        self.manifest.pop("event_parts", None)
        manifests.write(self.folder, self.manifest)
        self.job.store.clear()


def _targets(study: Study, wanted: Wanted | None) -> tuple[Target, ...]:
    try:
        return parse_targets(wanted, study.strategy_names, study.header.currency)
    except TargetError as error:
        raise RunError(str(error)) from None


def _check_arguments(
    paths: int | None, seed: int | None, first_path: int | None, paths_per_range: int | None, resume: bool
) -> None:
    if (paths is None and not resume) or (paths is not None and not 1 <= paths <= MOST_PATHS):
        raise RunError(f"paths = {paths}: must be a whole number from 1 to {MOST_PATHS:,}")
    if first_path is not None and not 0 <= first_path <= MOST_PATHS - (paths or 1):
        raise RunError(f"first path = {first_path}: must be 0 or above, and the last path at most {MOST_PATHS:,}")
    if seed is not None and not 0 <= seed < 2**64:
        raise RunError(f"seed = {seed}: must be a whole number from 0 to 2^64 - 1")
    if paths_per_range is not None and paths_per_range < 1:
        raise RunError(f"paths_per_range = {paths_per_range}: must be at least 1")

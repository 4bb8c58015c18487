"""Run a study into a folder: range by range, each kept as it finishes, so that nothing is lost when it is stopped.

The final files are the same bytes for any size of range, number of threads, and any number of interruptions.
"""

from __future__ import annotations

import os
import secrets
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel import manifest as manifests
from riskmodel import store
from riskmodel.engine import DEFAULT_LANES, TooManyEvents, default_threads
from riskmodel.stop_rule import Announce, StopRule, Target, TargetError, Wanted, parse_targets, unreached_text
from riskmodel.study.records import EVENTS_FIELD

if TYPE_CHECKING:
    from riskmodel.results import Results
    from riskmodel.study import Study

MOST_PATHS = 10**9 - 1
TABLE_FILES = (
    "paths.parquet", "years.parquet", "events.parquet", "redrawn.parquet", "summary.csv", "study.resolved.toml",
)  # fmt: skip
FIGURES = "figures"
REPORTS = "reports"
"""Pages and workbooks made from the results, if any; they go when the results are replaced."""
GIVEN_EVENTS = "given_events.csv"
"""Copy of the file of given events, where a study has one: the resolved study names it."""

Progress = Callable[[int, int], object]
DrawFigures = Callable[["Results", Path], object]


class RunError(Exception):
    """A run that cannot start or go on; the message says why and what to do."""


class Interrupted(Exception):
    """A run stopped by the user. Finished ranges are kept.

    Attributes
    ----------
    folder : Path
    done, total : int
        Paths finished and wanted.
    """

    def __init__(self, folder: Path, done: int, total: int) -> None:
        super().__init__(
            f"stopped with {done:,} of {total:,} paths finished and kept in {folder}; "
            f"run the same command with --resume (in Python: resume=True) to go on from there"
        )
        self.folder, self.done, self.total = folder, done, total


def run_to_folder(
    study: Study,
    folder: str | Path,
    paths: int | None = None,
    seed: int | None = None,
    *,
    threads: int | None = None,
    lanes: int | None = None,
    paths_per_range: int | None = None,
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
        Called with a line of text when the target error is not going to be reached.
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
    paths_per_range = lanes * (threads or default_threads()) if paths_per_range is None else paths_per_range
    _check_arguments(paths, seed, paths_per_range, resume)
    targets = _targets(study, target_error)
    if resume:
        manifest = _resumed(place, study, seed, paths)
        if manifest["state"] == "finished":
            return _finished_already(place, manifest, paths)
    else:
        seed = secrets.randbits(63) if seed is None else seed
        manifest = _started(place, study, seed, int(paths or 0), overwrite)
    if target_error:
        manifest["target_error"] = {"wanted": dict(target_error)}
    else:
        targets = _targets(study, manifest.get("target_error", {}).get("wanted"))
    if control_variates:
        manifest["variance_reduction"] = {"method": "control_variates"}
    manifests.write(place, manifest)
    run = _Run(study, place, manifest, targets, progress, announce)
    try:
        run.simulate(simulate_range or _engine(), paths_per_range, {"threads": threads, "lanes": lanes})
        run.finish(draw_figures)
    except KeyboardInterrupt:
        manifest["state"] = "interrupted"
        manifests.write(place, manifest)
        raise Interrupted(place, run.done(), manifest["paths_wanted"]) from None
    except TooManyEvents as error:
        raise RunError(str(error)) from error
    except OSError as error:
        raise RunError(f"{place}: {error}; finished ranges are kept, run again with resume to go on") from error
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


def _engine() -> Callable[..., Any]:
    from riskmodel.engine import simulate_range

    return simulate_range


def _results(folder: Path) -> Results:
    from riskmodel.results import Results

    return Results(folder)


class _Run:
    """The moving parts of one run."""

    def __init__(
        self,
        study: Study,
        folder: Path,
        manifest: dict[str, Any],
        targets: tuple[Target, ...],
        progress: Progress | None,
        announce: Announce | None,
    ) -> None:
        self.study, self.folder, self.manifest = study, folder, manifest
        self.progress, self.announce = progress, announce
        self.controlled = "variance_reduction" in manifest
        self.rule = StopRule(study, folder, manifest["seed"], targets, self.controlled)
        self.ranges = store.finished_ranges(folder)
        self.checked = 0
        self.stop_at: int | None = None

    def done(self) -> int:
        """Finished paths below the number wanted."""
        wanted = self.manifest["paths_wanted"]
        return sum(max(0, min(end, wanted) - first) for first, end in self.ranges)

    def simulate(self, simulate_range: Callable[..., Any], paths_per_range: int, how: dict[str, Any]) -> None:
        """Fill the gaps in path order until all paths, or enough for the target error, are there."""
        from riskmodel.path_tables import range_tables

        wanted = self.manifest["paths_wanted"]
        self._report()
        for first, end in list(store.missing_ranges(self.ranges, wanted, paths_per_range)):
            if self._precise_enough():
                break
            seed = self.manifest["seed"]
            result = simulate_range(self.study, seed, first, end - first, **how)
            again = self._lived_again(simulate_range, first, end, how)
            store.write_range(self.folder, first, end, range_tables(self.study, result, again))
            self.ranges = sorted([*self.ranges, (first, end)])
            self.manifest["ranges_done"] = manifests.joined(self.ranges)
            manifests.write(self.folder, self.manifest)
            self._report()
        self._precise_enough()

    def _lived_again(
        self, simulate_range: Callable[..., Any], first: int, end: int, how: dict[str, Any]
    ) -> list[tuple[int, Any]]:
        """Other lives of some paths of a range, each a block of its own, side by side."""
        from concurrent.futures import ThreadPoolExecutor

        from riskmodel.variance_split import OTHER_CHANCE, OTHER_PARAMETERS, spans

        def one(job: tuple[int, int, int]) -> tuple[int, Any]:
            path, count, kind = job
            return kind, simulate_range(self.study, self.manifest["seed"], path, count, again=kind, **how)

        jobs = [(path, n, kind) for path, n in spans(first, end) for kind in (OTHER_CHANCE, OTHER_PARAMETERS)]
        with ThreadPoolExecutor(how["threads"] or default_threads()) as pool:
            return list(pool.map(one, jobs))

    def _report(self) -> None:
        if self.progress is not None:
            self.progress(self.done(), self.manifest["paths_wanted"])

    def _precise_enough(self) -> bool:
        """Look at every checkpoint within the unbroken run of finished paths, each only once, in order."""
        if not self.rule.targets or self.stop_at is not None:
            return self.stop_at is not None
        joined = manifests.joined(self.ranges)
        reached = min(joined[0][1], self.manifest["paths_wanted"]) if joined and joined[0][0] == 0 else 0
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

    def finish(self, draw_figures: DrawFigures | None) -> None:
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
        store.merge(self.folder, self.ranges, self.manifest["paths"], names, years, self.study.header.currency)
        rows = summary_rows(self.folder, names, self.study.header.baseline, years)
        rows += [Row(*row) for row in split_rows(self.folder, names, self.study.header.baseline)]
        rows += [Row(*row) for row in claim_estimates(self.study, self.folder)]
        if self.controlled:
            rows, fewer = controlled_rows(rows, self.study, self.manifest["seed"], self.folder)
            self.manifest["variance_reduction"] |= {"fewer_paths": fewer}
        store.write_text(self.folder / "summary.csv", summary_csv(rows, self.study.header.currency))
        _write_study(self.folder, self.study)
        if draw_figures is not None:
            manifests.write(self.folder, self.manifest)  # the figures say how many paths there are
            draw_figures(_results(self.folder), self.folder / FIGURES)
        files = manifests.file_hashes(self.folder, (*TABLE_FILES, GIVEN_EVENTS, FIGURES))
        self.manifest.update(state="finished", ended=manifests.now(), files=files)
        manifests.write(self.folder, self.manifest)
        shutil.rmtree(self.folder / store.RANGES, ignore_errors=True)


def _targets(study: Study, wanted: Wanted | None) -> tuple[Target, ...]:
    try:
        return parse_targets(wanted, study.strategy_names, study.header.currency)
    except TargetError as error:
        raise RunError(str(error)) from None


def _check_arguments(paths: int | None, seed: int | None, paths_per_range: int, resume: bool) -> None:
    if (paths is None and not resume) or (paths is not None and not 1 <= paths <= MOST_PATHS):
        raise RunError(f"paths = {paths}: must be a whole number from 1 to {MOST_PATHS:,}")
    if seed is not None and not 0 <= seed < 2**64:
        raise RunError(f"seed = {seed}: must be a whole number from 0 to 2^64 - 1")
    if paths_per_range < 1:
        raise RunError(f"paths_per_range = {paths_per_range}: must be at least 1")


def _resumed(folder: Path, study: Study, seed: int | None, paths: int | None) -> dict[str, Any]:
    manifest = manifests.read(folder)
    if manifest is None:
        raise RunError(f"{folder}: no run to resume here ({manifests.NAME} is missing or not readable)")
    wrong = manifests.differences(manifest, study, seed)
    if wrong:
        raise RunError(f"{folder}: cannot resume: " + "; ".join(wrong) + ". Start a new run in another folder")
    if manifest["state"] != "finished":
        _check_writable(folder)
        store.remove_leftovers(folder)
        manifest["state"] = "running"
        manifest["paths_wanted"] = paths or manifest["paths_wanted"]
    return manifest


def _finished_already(folder: Path, manifest: dict[str, Any], paths: int | None) -> Results:
    if paths not in (None, manifest["paths"], manifest["paths_wanted"]):
        raise RunError(
            f"{folder}: this run is finished with {manifest['paths']:,} paths; "
            f"start one with {paths:,} paths in another folder"
        )
    shutil.rmtree(folder / store.RANGES, ignore_errors=True)
    return _results(folder)


def _started(folder: Path, study: Study, seed: int, paths: int, overwrite: bool) -> dict[str, Any]:
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; name a folder for the results")
    if folder.is_dir() and any(folder.iterdir()):
        if not overwrite:
            raise RunError(
                f"{folder}: is not empty, and nothing is overwritten unasked; name another folder, "
                f"use --resume to go on with an interrupted run or --overwrite to replace the results there"
            )
        _check_writable(folder)
        _remove_results(folder)
    _check_writable(folder)
    manifest = manifests.new(study, seed, paths)
    manifests.write(folder, manifest)
    _write_study(folder, study)
    return manifest


def _write_study(folder: Path, study: Study) -> None:
    """The resolved study, and beside it the events it is given, so that the folder can be read and run anywhere."""
    given, files = study.given_events(), {}
    if given is not None:
        store.write_bytes(folder / GIVEN_EVENTS, given.raw)
        files = {EVENTS_FIELD: GIVEN_EVENTS}
    store.write_text(folder / "study.resolved.toml", study.to_toml(files))


def _remove_results(folder: Path) -> None:
    for name in (manifests.NAME, *TABLE_FILES, GIVEN_EVENTS):
        (folder / name).unlink(missing_ok=True)
    for name in (FIGURES, REPORTS, store.RANGES):
        shutil.rmtree(folder / name, ignore_errors=True)


def _check_writable(folder: Path) -> None:
    probe = folder / f".{os.getpid()}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise RunError(f"{folder}: cannot write here ({error.strerror}); name another folder") from None

"""One study, many variants: change fields, simulate in memory, and compare path by path on the same draws.

A variant that changes money alone (prices of assets, value of a GPU-hour, discount rate) walks nothing again: a
`RangeCache` keeps what the engine made, by a hash of everything that the engine reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distributions.toml_reading import parse_toml
from riskmodel.currency import outside
from riskmodel.range_result import RangeResult

if TYPE_CHECKING:
    from distributions.given_outages import GivenTables
    from riskmodel.study import Study

__all__ = ["PathValues", "RangeCache", "changed", "evaluate", "only", "ranges"]

PATHS_PER_RANGE = 512

More = Callable[["Study", RangeResult, NDArray[np.float64]], dict[str, NDArray[Any]]]
"""(study, result, ledger) -> more columns, each (n_paths, n_strategies) or (n_paths,)."""


@dataclass(frozen=True)
class PathValues:
    """What each path came to.

    Attributes
    ----------
    strategies : tuple of str
        Along the second axis of the columns.
    baseline : str
    columns : dict of str to (n_paths, n_strategies) array
        Columns of paths.parquet by name (see `riskmodel.path_tables.paths_columns`), and those asked for beside them.
    scalars : dict of str to (n_paths,) float64
        Drawn inputs by field path, fitted parameters by their name: as `RangeResult.scalars`.
    """

    strategies: tuple[str, ...]
    baseline: str
    columns: dict[str, NDArray[Any]]
    scalars: dict[str, NDArray[np.float64]]

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return int(self.columns["npv_eur"].shape[0])

    def of(self, strategy: str, name: str) -> NDArray[Any]:
        """(n_paths,) values of one strategy."""
        return self.columns[name][:, self.strategies.index(strategy)]


@dataclass
class RangeCache:
    """Yearly quantities by a hash of all that the engine reads, for variants that differ in money alone.

    Attributes
    ----------
    walked, reused : int
        Ranges that the engine simulated, and that were found here.
    full : bool
        True to keep nothing more.
    """

    walked: int = 0
    reused: int = 0
    full: bool = False
    _annual: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def range_result(
        self, study: Study, seed: int, first: int, n: int, simulate: Callable[..., RangeResult], **how: Any
    ) -> RangeResult:
        """Range of paths: simulated, or the yearly quantities kept with this study's own drawn inputs.

        Events are left out.
        """
        key, scalars = _what_the_engine_reads(study, seed, first, n, how.get("given"))
        annual = self._annual.get(key)
        if annual is not None:
            self.reused += 1
        else:
            annual = simulate(study, seed, first, n, **how).annual
            self.walked += 1
            if not self.full:
                self._annual[key] = annual
        return RangeResult(first, annual, scalars, {}, tuple(study.strategy_names))


def changed(study: Study, overrides: Sequence[str], file: str = "") -> Study:
    """The study with fields changed, as if its file had been read with these overrides.

    Values that were left out of the file are worked out anew (the rates that follow the discount rate, say).

    Parameters
    ----------
    study : Study
    overrides : sequence of str
        `FIELD=VALUE`, as after `--set`.
    file : str
        Name for messages; by default the study's.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With all problems of the overrides.
    """
    from riskmodel.study.reading import study_from_tables

    # names of money as the program holds them are good here, whatever the study's currency
    typed = [(outside(path, study.header.currency), sign, value) for path, sign, value in _split(overrides)]
    return study_from_tables(_typed_tables(study), file or study.header.name, ["".join(parts) for parts in typed])


def _split(overrides: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    yield from (text.partition("=") for text in overrides)


def _typed_tables(study: Study) -> dict[str, Any]:
    """Tables of the study's file, without what its defaults and the catalogue filled in."""
    from riskmodel.study.money_names import path_outside

    tables = parse_toml(study.to_toml())
    for leaf in study.leaves():
        if study.origin(leaf.path).kind in ("default", "catalogue"):
            *inner, last = path_outside(leaf.path, study.header.currency).split(".")
            here = tables
            for key in inner:
                here = here[key]
            del here[last]
            tables["sources"].pop(path_outside(leaf.path, study.header.currency), None)
    return tables


def only(study: Study, names: Collection[str]) -> Study:
    """The study with some of its strategies; their paths are the same as with all."""
    from riskmodel.study.reading import study_from_tables

    kept = [
        leaf for leaf in study.leaves() if not leaf.path.startswith("strategies.") or leaf.path.split(".")[1] in names
    ]
    fields = {name for leaf in kept for name in (leaf.path, leaf.stream_name)}
    if study.correlation is not None and not fields.issuperset(study.correlation.names):
        return study  # without one of the tied inputs the others would be drawn otherwise
    tables = _typed_tables(study)
    tables["strategies"] = {name: table for name, table in tables["strategies"].items() if name in names}
    if study.claims is not None and study.claims.strategy not in names:
        del tables["claims"]
        fields = {name for name in fields if not name.startswith("claims.")}
    tables["sources"] = {path: text for path, text in tables["sources"].items() if path in fields}
    return study_from_tables(tables, study.header.name)


def ranges(paths: int, first_path: int = 0, at_a_time: int | None = None) -> Iterator[tuple[int, int]]:
    """(first path, number) of the ranges that are simulated at a time."""
    step = at_a_time or PATHS_PER_RANGE
    for first in range(first_path, first_path + paths, step):
        yield first, min(step, first_path + paths - first)


def evaluate(
    study: Study,
    seed: int,
    paths: int,
    *,
    simulate_range: Callable[..., RangeResult] | None = None,
    progress: Callable[[int, int], object] | None = None,
    cache: RangeCache | None = None,
    first_path: int = 0,
    at_a_time: int | None = None,
    threads: int | None = None,
    given: GivenTables | None = None,
    more: More | None = None,
) -> PathValues:
    """Simulate a study in memory, range by range; a path has the same numbers as in `riskmodel run`.

    Parameters
    ----------
    study : Study
    seed : int
    paths : int
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    progress : callable
        Called as progress(done_paths, paths).
    cache : RangeCache
        Reuses and keeps what the engine makes: 3 kB a path, strategy and ten years.
    first_path : int
        Number of the first path.
    at_a_time : int
        Paths of one range, by default 512; a cache finds whole ranges.
    threads : int
    given : distributions.given_outages.GivenTables
        Events to walk instead of those of the study.
    more : callable
        Columns of one's own from (study, result, ledger).

    Returns
    -------
    PathValues
    """
    if simulate_range is None:
        from riskmodel.engine import simulate_range as simulate
    else:
        simulate = simulate_range
    how: dict[str, Any] = {"threads": threads}
    if given is not None:
        how["given"] = given
    tell = progress or (lambda done, total: None)
    parts, scalars = [], []
    tell(0, paths)
    for first, n in ranges(paths, first_path, at_a_time):
        if cache is None:
            result = simulate(study, seed, first, n, **how)
        else:
            result = cache.range_result(study, seed, first, n, simulate, **how)
        parts.append(_columns(study, result, more))
        scalars.append(result.scalars)
        tell(first - first_path + n, paths)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    drawn = {name: np.concatenate([part[name] for part in scalars]) for name in scalars[0]}
    return PathValues(tuple(study.strategy_names), study.header.baseline, columns, drawn)


def _columns(study: Study, result: RangeResult, more: More | None) -> dict[str, NDArray[Any]]:
    from riskmodel.ledger import build_ledger
    from riskmodel.path_tables import paths_columns

    ledger = build_ledger(study, result)
    shape = ledger.shape[:2]
    columns = {name: column.reshape(shape) for name, column in paths_columns(study, result, ledger).items()}
    return columns | (more(study, result, ledger) if more is not None else {})


def _what_the_engine_reads(
    study: Study, seed: int, first: int, n: int, given: GivenTables | None
) -> tuple[str, dict[str, NDArray[np.float64]]]:
    """Hash of the kernel's arguments, and all drawn inputs of the paths, money's too."""
    from riskmodel.draws import draw_scalars
    from riskmodel.process_draws import draw_processes
    from riskmodel.tables import pack, path_inputs

    word = seed - (1 << 64) if seed >= 1 << 63 else seed  # the same 64 bits as a signed word, which a kernel takes
    scalars = draw_scalars(study, word, first, n)
    processes = draw_processes(study, word, first, n)
    digest = hashlib.sha256(repr((word, first, n, study.header.years, study.strategy_names)).encode())
    for array in _arrays((pack(study), path_inputs(study, scalars, processes, given))):
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest(), scalars | processes.columns


def _arrays(values: Any) -> Iterator[NDArray[Any]]:
    """Arrays of nested tuples, in order."""
    if isinstance(values, tuple):
        for value in values:
            yield from _arrays(value)
    else:
        yield np.asarray(values)

"""Sobol indices by paired runs: how much of a result's variance each set of inputs decides, alone and in all.

Every path lives three kinds of lives: as it is (A), with everything drawn anew (B), and as it is but for one set of
inputs, which it takes from B (AB). No form of the dependence on the inputs is assumed, and interactions count. Sets
are the groups of `riskmodel.input_groups` or inputs named one by one; inputs that are drawn together stay together;
what no input decides is a set of its own, chance.

    first order  mean(B (AB - A)) / V        total  mean((A - AB)^2) / (2 V)

A set that the engine does not read (prices of assets, the value of a GPU-hour) needs no further simulation.

Sources
-------
Saltelli et al. 2010, doi 10.1016/j.cpc.2009.09.018 (first order, table 2 b); Jansen 1999,
doi 10.1016/S0010-4655(98)00154-4 (total). The results are centred first, as Saltelli et al. advise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from riskmodel.input_groups import CHANCE, GROUPS, group_of, tied_names
from riskmodel.lives import AS_IT_IS, TAIL_STREAM, Redraw

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["FactorError", "Index", "SobolRuns", "factors_of", "indices", "streams_of", "walk_pairs"]

Array = NDArray[np.float64]


class FactorError(ValueError):
    """An input that cannot be drawn anew by itself; the message says what to type."""


class Index(NamedTuple):
    """First-order and total share of the variance of one set of inputs."""

    first: Estimate
    total: Estimate


class SobolRuns(NamedTuple):
    """Results of the paired runs.

    Attributes
    ----------
    a, b : dict of column to (n_paths, n_strategies)
    mixed : dict of set of inputs to such a dict
    walked, reused : int
        Lives of a path that were simulated, and that needed money alone.
    """

    a: dict[str, Array]
    b: dict[str, Array]
    mixed: dict[str, dict[str, Array]]
    walked: int
    reused: int


def indices(a: Array, b: Array, mixed: Array) -> Index | None:
    """Sobol indices of one set of inputs.

    Parameters
    ----------
    a, b, mixed : (n_paths,) float64
        The result as it is, with everything drawn anew, and with this set drawn anew.

    Returns
    -------
    Index or None
        None where the result does not vary. Errors by linearisation, from the spread between paths.
    """
    n = a.size
    centre = 0.5 * (a.mean() + b.mean())
    a, b, mixed = a - centre, b - centre, mixed - centre
    squares = 0.5 * (a * a + b * b)
    variance = float(squares.mean())
    if n < 2 or variance == 0.0:
        return None

    def estimate(terms: Array) -> Estimate:
        share = float(terms.mean()) / variance
        spread = (terms - share * squares) / variance
        return Estimate(share, float(spread.std(ddof=1) / np.sqrt(n)), n)

    return Index(estimate(b * (mixed - a)), estimate(0.5 * (a - mixed) ** 2))


def streams_of(study: Study) -> list[str]:
    """Every stream that is drawn once a path: of the study, of fitted parameters, and of the ageing law of cells."""
    from riskmodel.ageing_choice import STREAM, codes_used
    from riskmodel.process_draws import draw_processes

    found = dict.fromkeys(stream for _, stream, law in study.law_fields() if law.name != "constant")
    fitted = [name for name in draw_processes(study, 0, 0, 2).columns if not name.startswith("cells.")]
    storages = [strategy.storage for strategy in study.strategies.values() if strategy.storage is not None]
    drawn = any(len(codes_used(storage.ageing_law)) > 1 for storage in storages)
    return [*found, *fitted, *([STREAM] if drawn else [])]


def factors_of(study: Study, inputs: Sequence[str] = ()) -> dict[str, Redraw]:
    """Sets of inputs by name, chance last.

    Parameters
    ----------
    study : Study
    inputs : sequence of str
        Streams that get a set of their own, with those they are drawn with; the others stay in their groups.

    Raises
    ------
    FactorError
        For an input that is not drawn.
    """
    from riskmodel.study.problems import nearest

    streams, tied = streams_of(study), tied_names(study)
    for name in inputs:
        if name not in streams:
            near = nearest(name, streams)
            raise FactorError(f"no drawn input {name!r}: " + (f"did you mean {near}?" if near else "see --json"))
    sets: dict[str, set[str]] = {name: set() for name in GROUPS}
    for stream in streams:
        together = next((names for names in tied if stream in names), frozenset([stream]))
        own = [name for name in inputs if name in together]
        groups = [name for name in GROUPS if any(group_of(one) == name for one in together)]
        sets.setdefault(" with ".join(own or groups), set()).update(together)
    if study.correlation is not None and study.correlation.copula == "t":
        for names in sets.values():
            if names & set(study.correlation.names):
                names.add(TAIL_STREAM)
    found = {name: Redraw(frozenset(names)) for name, names in sets.items() if names}
    return found | {CHANCE: Redraw(frozenset(), chance=True)}


def walk_pairs(
    study: Study,
    seed: int,
    paths: int,
    factors: Mapping[str, Redraw],
    columns: Sequence[str],
    *,
    simulate_range: Callable[..., RangeResult] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> SobolRuns:
    """Simulate every path as it is, with everything drawn anew, and with each set drawn anew.

    Parameters
    ----------
    study, seed, paths
    factors : mapping of name to Redraw
    columns : sequence of str
        Columns of paths.parquet to keep.
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`; takes `redraw`.
    progress : callable
        Called as progress(done, total) in lives of paths.
    """
    from riskmodel.variants import ranges

    if simulate_range is None:
        from riskmodel.engine import simulate_range as simulate
    else:
        simulate = simulate_range
    everything = Redraw(frozenset().union(*(one.names for one in factors.values())), chance=True)
    kinds = {"a": AS_IT_IS, "b": everything, **factors}
    parts: dict[str, list[dict[str, Array]]] = {name: [] for name in kinds}
    walked = done = 0
    tell = progress or (lambda done, total: None)
    tell(0, paths * len(kinds))
    for first, n in ranges(paths):
        base: RangeResult | None = None
        for name, redraw in kinds.items():
            if base is not None and not redraw.chance and _same_for_the_engine(study, seed, first, n, redraw):
                result = replace(base, scalars=_scalars(study, seed, first, n, redraw))
            else:
                result = simulate(study, seed, first, n, redraw=redraw)
                walked += n
            base = result if base is None else base
            parts[name].append(_columns(study, result, columns))
            done += n
            tell(done, paths * len(kinds))
    joined = {
        name: {column: np.concatenate([part[column] for part in found]) for column in columns}
        for name, found in parts.items()
    }
    return SobolRuns(joined.pop("a"), joined.pop("b"), joined, walked, paths * len(kinds) - walked)


def _columns(study: Study, result: RangeResult, names: Sequence[str]) -> dict[str, Array]:
    from riskmodel.ledger import build_ledger
    from riskmodel.path_tables import paths_columns

    ledger = build_ledger(study, result)
    found = paths_columns(study, result, ledger)
    return {name: np.asarray(found[name], dtype=np.float64).reshape(ledger.shape[:2]) for name in names}


def _word(seed: int) -> int:
    """The same 64 bits as a signed word, which is what a kernel takes."""
    return seed - (1 << 64) if seed >= 1 << 63 else seed


def _scalars(study: Study, seed: int, first: int, n: int, redraw: Redraw) -> dict[str, Array]:
    from riskmodel.draws import draw_scalars
    from riskmodel.process_draws import draw_processes

    processes = draw_processes(study, _word(seed), first, n, redraw)
    return draw_scalars(study, _word(seed), first, n, redraw) | processes.columns


def _same_for_the_engine(study: Study, seed: int, first: int, n: int, redraw: Redraw) -> bool:
    """Does the kernel read the same numbers as for the paths as they are?"""
    from riskmodel.draws import draw_scalars
    from riskmodel.process_draws import draw_processes
    from riskmodel.tables import path_inputs

    def read(one: Redraw) -> Any:
        processes = draw_processes(study, _word(seed), first, n, one)
        return path_inputs(study, draw_scalars(study, _word(seed), first, n, one), processes)

    return all(_equal(x, y) for x, y in zip(read(AS_IT_IS), read(redraw), strict=True))


def _equal(x: Any, y: Any) -> bool:
    if isinstance(x, tuple):
        return all(_equal(one, other) for one, other in zip(x, y, strict=True))
    return bool(np.array_equal(x, y))

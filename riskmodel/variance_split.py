"""How much of the spread of a result is chance, and how much is not knowing.

Some paths are simulated again: once with the same inputs and the same fitted parameters but other chance (weather,
prices, outages), and once with the same inputs only, parameters and chance drawn anew. What two such lives have in
common is what their inputs, or inputs and parameters, decide:

    Var(E[Y | inputs, parameters]) = Cov(Y, Y again with both)        Var(E[Y | inputs]) = Cov(Y, Y again with inputs)

So the three shares of the variance add up to one: chance; parameters (what is fitted to short histories, and the cell
law); and the study's own uncertain inputs. No form of dependence is assumed.

Sources
-------
Saltelli et al. 2010, doi 10.1016/j.cpc.2009.09.018 (first-order index of a group of inputs, by common draws).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["METRICS", "OTHER_CHANCE", "OTHER_PARAMETERS", "Split", "redrawn_columns", "spans", "split", "split_rows"]

OTHER_CHANCE, OTHER_PARAMETERS = 1, 2
"""What is drawn anew: chance; or fitted parameters and chance."""

STRIDE, SPAN = 1024, 64
"""The first 64 paths of every 1,024 are simulated again, twice: one in sixteen, as wide as the engine likes."""

METRICS = ("npv_eur", "delta_npv_eur", "energy_cost_eur_per_year", "downtime_loss_eur_per_year")
LEAST_PAIRS = 16
LEAST_EFFECTIVE = 6.0
"""Effective pairs, the square of the sum of sizes over the sum of their squares: 1 where one pair makes them all."""
KINDS = ("chance", "parameters", "inputs")


class Split(NamedTuple):
    """Shares of a variance; they add up to 1, and each may be a little below 0 by its error."""

    chance: Estimate
    parameters: Estimate
    inputs: Estimate


def spans(first: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches (first path, number) of the paths `first .. end - 1` that are simulated again."""
    for start in range(first // STRIDE * STRIDE, end, STRIDE):
        a, z = max(start, first), min(start + SPAN, end)
        if a < z:
            yield a, z - a


def redrawn_columns(study: Study, results: list[tuple[int, RangeResult]]) -> dict[str, NDArray[Any]]:
    """Columns path, strategy, again and `METRICS` of lives simulated again, in that order of rows.

    Parameters
    ----------
    results : list of (OTHER_CHANCE or OTHER_PARAMETERS, RangeResult)
        In the order of their paths, the two kinds of a stretch side by side.
    """
    from riskmodel.ledger import build_ledger
    from riskmodel.path_tables import paths_columns

    parts: list[dict[str, NDArray[Any]]] = []
    for again, result in results:
        columns = paths_columns(study, result, build_ledger(study, result))
        kept = {name: columns[name] for name in ("path", "strategy", *METRICS)}
        kept["again"] = np.full(kept["path"].size, again, np.int8)
        parts.append(kept)
    names = ("path", "strategy", "again", *METRICS)
    kinds = {"path": np.int64, "strategy": np.int8, "again": np.int8}
    if not parts:
        return {name: np.zeros(0, kinds.get(name, np.float64)) for name in names}
    joined = {name: np.concatenate([part[name] for part in parts]) for name in names}
    order = np.lexsort((joined["again"], joined["strategy"], joined["path"]))
    return {name: np.ascontiguousarray(column[order]) for name, column in joined.items()}


def split(first: NDArray[Any], other_chance: NDArray[Any], other_parameters: NDArray[Any]) -> Split | None:
    """Shares of the variance of a result.

    Parameters
    ----------
    first, other_chance, other_parameters : (n_pairs,) float64
        The same paths as drawn, with other chance, and with other parameters and chance.

    Returns
    -------
    Split or None
        None with fewer than 16 pairs, where a few of them make all of the variance (fewer than 6 effective pairs: the
        standard error would be as uncertain as the share), or where the result does not vary.
    """
    n = first.size
    lives = np.stack([first, other_chance, other_parameters]).astype(np.float64)
    if n < LEAST_PAIRS or not np.isfinite(lives).all():
        return None
    lives -= lives.mean()
    variance = float(np.mean(lives**2))
    if variance == 0.0:
        return None
    a, b, c = lives / np.sqrt(variance)
    size = (a * a + b * b + c * c) / 3.0
    if size.sum() ** 2 < LEAST_EFFECTIVE * np.sum(size**2):
        return None
    # A new set of parameters and chance meets either of the other two lives on the inputs alone.
    both, inputs = a * b, 0.5 * (a * c + b * c)
    known, own = float(both.mean()), float(inputs.mean())
    unit = n / (n - 1.0)

    def estimate(share: float, terms: NDArray[Any]) -> Estimate:
        influence = terms - share * size
        return Estimate(share, float(np.sqrt(np.mean((influence - influence.mean()) ** 2) * unit / n)), n)

    return Split(estimate(1.0 - known, size - both), estimate(known - own, both - inputs), estimate(own, inputs))


def split_rows(
    folder: Path, strategies: tuple[str, ...], baseline: str, first_path: int = 0
) -> Iterator[tuple[str, str, Estimate]]:
    """(strategy, METRIC:variance_share_KIND, estimate) of the final tables in a folder; nothing with too few paths."""
    from riskmodel.currency import stored
    from riskmodel.store import opened, path_column

    with opened(folder / "redrawn.parquet") as file:
        there = [stored(file.schema_arrow.names, metric) for metric in METRICS]
        columns = ["path", "again", *there]
        table = file.read(columns=columns, use_threads=False).select(columns)
        table = table.rename_columns(["path", "again", *METRICS])
    paths = table.column("path").to_numpy()[:: 2 * len(strategies)]
    for metric in METRICS:
        again = table.column(metric).to_numpy().reshape(-1, len(strategies), 2)
        first = path_column(folder, metric, len(strategies))[paths - first_path]
        for index, name in enumerate(strategies):
            if metric == "delta_npv_eur" and name == baseline:
                continue
            shares = split(first[:, index], again[:, index, 0], again[:, index, 1])
            for kind, share in zip(KINDS, shares or (), strict=False):
                yield name, f"{metric}:variance_share_{kind}", share

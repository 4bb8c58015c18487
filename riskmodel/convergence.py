"""Diagnostics of a finished run: are its paths all alike and all different, and do the errors rest on many of them?

- Lifetimes are drawn independently, so twenty stretches of paths are as good as shuffled: ranks of a result are spread
  over them at random (Kruskal and Wallis). A stretch that is unlike the others was made by something else than chance:
  a broken worker, a range under a wrong number, a machine that counts differently.
- No two paths have the same drawn input and the same results, or one of them was simulated twice.
- The share of the variance that the farthest path makes. Where it is large, the standard error of the mean is known
  badly itself: a rarer path, not drawn yet, would change it.

The first two are mistakes and stop the run. The third is told.

Sources
-------
Kruskal and Wallis (1952), Use of ranks in one-criterion variance analysis, JASA 47, 583-621.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.currency import outside
from riskmodel.range_checks import BrokenPath
from riskmodel.store import path_column
from riskmodel.variance_split import METRICS

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = ["Diagnosis", "always_different", "check_paths", "diagnose", "notes", "plain"]

BATCHES = 20
LEAST_PATHS = 10 * BATCHES
FALSE_ALARM = 1e-12
"""Chance that ranks of good paths are spread so unevenly, for one result of one strategy. With 10,000 paths a shift of
one stretch by .8 of a standard deviation, or of one half of all by .3, is found nearly always (see the tests)."""
NOT_CONTINUOUS = ("constant", "empirical", "scaled")
LEAST_SPREAD = 1e-6
LARGEST_SHARE = 0.1
"""Of the variance, above which a single path is told (judgement); of 10,000 normal values the farthest has .002."""


@dataclass(frozen=True)
class Diagnosis:
    """One result of one strategy.

    Attributes
    ----------
    strategy, metric : str
    p_value : float
        Chance of ranks spread at least so unevenly over twenty stretches of paths.
    odd_first, odd_end : int
        Paths `odd_first .. odd_end - 1` are the stretch that is farthest from the others.
    largest_share : float
        Of the variance, by the path farthest from the mean.
    largest_path : int
    """

    strategy: str
    metric: str
    p_value: float
    odd_first: int
    odd_end: int
    largest_share: float
    largest_path: int


def diagnose(folder: Path, strategies: tuple[str, ...], first_path: int = 0) -> list[Diagnosis]:
    """Diagnoses of the paths table in a folder; results that do not vary have none, nor have fewer than 200 paths."""
    found = []
    for metric in METRICS:
        values = np.asarray(path_column(folder, metric, len(strategies)), dtype=np.float64)
        for index, name in enumerate(strategies):
            column = np.ascontiguousarray(values[:, index])
            if column.size >= LEAST_PATHS and np.isfinite(column).all() and np.ptp(column) > 0.0:
                found.append(Diagnosis(name, metric, *_spread(column, first_path), *_largest(column, first_path)))
    return found


def _spread(values: NDArray[np.float64], first_path: int) -> tuple[float, int, int]:
    from scipy.stats import chi2, rankdata

    n = values.size
    ranks = rankdata(values)
    edges = np.arange(BATCHES + 1) * n // BATCHES
    sizes = np.diff(edges)
    away = (np.add.reduceat(ranks, edges[:-1]) / sizes - (n + 1) / 2.0) * np.sqrt(sizes)
    statistic = float(np.sum(away**2) / ranks.var(ddof=1))
    odd = int(np.argmax(np.abs(away)))
    return float(chi2.sf(statistic, BATCHES - 1)), first_path + int(edges[odd]), first_path + int(edges[odd + 1])


def _largest(values: NDArray[np.float64], first_path: int) -> tuple[float, int]:
    square = (values - values.mean()) ** 2
    place = int(np.argmax(square))
    return float(square[place] / square.sum()), first_path + place


def always_different(study: Study) -> str | None:
    """Column of the paths table that holds another number in every lifetime; None if no input has a continuous law."""
    for _, stream, law in study.law_fields():
        if law.name not in NOT_CONTINUOUS and law.ppf(0.9) - law.ppf(0.1) > LEAST_SPREAD * abs(law.ppf(0.5)):
            return f"scalar:{stream}"
    return None


def check_paths(
    folder: Path,
    strategies: tuple[str, ...],
    seed: int,
    found: list[Diagnosis],
    different: str | None = None,
    first_path: int = 0,
) -> None:
    """Stop a run whose paths are not independent lifetimes.

    Parameters
    ----------
    different : str or None
        Column of the paths table that no two paths have in common, from `always_different`.

    Raises
    ------
    BrokenPath
        That names the stretch of paths unlike the others, or the second of two paths that are the same.
    """
    for one in found:
        if one.p_value < FALSE_ALARM:
            stretch = f"paths {one.odd_first:,} to {one.odd_end - 1:,} are unlike the others in {one.metric}"
            raise BrokenPath(one.odd_first, seed, f"{stretch} of {one.strategy} (chance {one.p_value:.0e})")
    if different is None:
        return
    drawn = np.nanmax(path_column(folder, different, len(strategies)), axis=1)  # other strategies may not have it
    order = np.argsort(drawn, kind="stable")
    same = np.flatnonzero(np.diff(drawn[order]) == 0.0)
    npv = path_column(folder, "npv_eur", len(strategies)) if same.size else np.zeros((0, 0))
    pairs = zip(order[same], order[same + 1], strict=True)
    twice = min(((int(b), int(a)) for a, b in pairs if np.array_equal(npv[a], npv[b])), default=None)
    if twice is not None:
        raise BrokenPath(first_path + twice[0], seed, f"it is path {first_path + twice[1]:,} again")


def notes(found: list[Diagnosis], currency: str) -> list[str]:
    """What a reader of the results has to know: means whose error rests on a single path."""
    return [
        f"{one.strategy}: path {one.largest_path:,} alone makes {100.0 * one.largest_share:.0f} % of the variance of "
        f"{outside(one.metric, currency)}, so its error is itself uncertain; more paths would tell"
        for one in found
        if one.largest_share > LARGEST_SHARE
    ]


def plain(found: list[Diagnosis]) -> list[dict[str, Any]]:
    """As the manifest keeps them."""
    return [asdict(one) for one in found]

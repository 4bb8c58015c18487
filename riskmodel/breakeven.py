"""The value of one input at which half of the paths meet a claim: bisection on the same draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from distributions.laws import Law
    from riskmodel.study import Study

__all__ = ["Candidate", "Needed", "bisect_half", "candidates"]

HALF = 0.5
ENDS = (0.001, 0.999)
"""Ends of a law's range that are tried: quantiles."""
FACTORS = (0.5, 2.0)
"""A fixed number is tried from half of it to twice: judgement."""
STEPS = 9
SECTIONS = ("connection", "ups", "gensets", "storage", "pv")


class Candidate(NamedTuple):
    """One input that may decide a claim: field path, law as it is (constant for a fixed number), ends, unit."""

    path: str
    law: Law
    low: float
    high: float
    unit: str

    @property
    def fixed(self) -> bool:
        """Whether it is a fixed number."""
        return self.law.name == "constant"


@dataclass(frozen=True)
class Needed:
    """Where a claim holds in half of the paths.

    Attributes
    ----------
    value : float or None, of the input; None where no value in its range does
    error : float, of the value by the sampling error of the shares
    share_low, share_high : float, share of paths in which the claim holds at the ends of the range
    evaluations : int
    """

    value: float | None
    error: float
    share_low: float
    share_high: float
    evaluations: int


def candidates(study: Study, strategy: str) -> list[Candidate]:
    """Inputs of the cluster, the site, the baseline and one strategy: uncertain ones, and fixed ones that are not 0."""
    own = {strategy, study.header.baseline}
    found = []
    for leaf in study.leaves():
        if leaf.extra.get("draw") != "path":
            continue
        keys = leaf.path.split(".")
        if keys[0] == "strategies" and keys[1] not in own:
            continue
        law, unit = leaf.value, leaf.extra.get("unit", "")
        if law.name == "constant":
            ends = sorted(law.mean() * factor for factor in FACTORS)
            ends = [min(max(end, leaf.extra.get("low", -math.inf)), leaf.extra.get("high", math.inf)) for end in ends]
        else:
            ends = [float(law.ppf(end)) for end in ENDS]
        if ends[0] < ends[1]:
            found.append(Candidate(leaf.path, law, ends[0], ends[1], unit))
    return found


def bisect_half(share: Callable[[float], float], low: float, high: float, n: int) -> Needed:
    """Value between `low` and `high` at which a share is one half.

    Parameters
    ----------
    share : callable
        Share of `n` paths at a value, on the same draws each time; rising or falling.
    low, high : float
    n : int

    Returns
    -------
    Needed
        The error is that of a share of one half, sqrt(0.25 / n), over the slope found on the way.
    """
    known = {low: share(low), high: share(high)}
    if (known[low] - HALF) * (known[high] - HALF) > 0.0:
        return Needed(None, math.nan, known[low], known[high], len(known))
    rising = known[high] > known[low]
    a, z, least = low, high, HALF / n
    for _ in range(STEPS):
        middle = 0.5 * (a + z)
        known[middle] = share(middle)
        if abs(known[middle] - HALF) <= least:
            a = z = middle
            break
        if (known[middle] < HALF) == rising:
            a = middle
        else:
            z = middle
    value = _between(a, known[a], z, known[z])
    return Needed(value, _error(known, value, n), known[low], known[high], len(known))


def _between(a: float, at_a: float, z: float, at_z: float) -> float:
    """Where the line through two points is one half; the middle of a step."""
    if at_a == at_z:
        return 0.5 * (a + z)
    return a + (z - a) * min(max((HALF - at_a) / (at_z - at_a), 0.0), 1.0)


def _error(known: dict[float, float], value: float, n: int) -> float:
    """Sampling error of the value: that of a share of one half, over the slope across two of these errors each way."""
    error = math.sqrt(HALF * HALF / n)
    below = [x for x in known if x < value and abs(known[x] - HALF) >= 2.0 * error]
    above = [x for x in known if x > value and abs(known[x] - HALF) >= 2.0 * error]
    if not below or not above:
        return math.nan
    a, z = max(below), min(above)
    slope = abs(known[z] - known[a]) / (z - a)
    return error / slope if slope > 0.0 else math.nan

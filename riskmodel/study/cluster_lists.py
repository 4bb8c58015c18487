"""Field types of the cluster that are lists: a power and work curve, and tiers of service credits.

::

    ride_through_performance = [[0.7, 0.72], [0.86, 0.88], [1.0, 1.0]]   # share of the load, work rate
    service_credits = [[0.999, 0.1], [0.99, 0.25], [0.95, 1.0]]          # available less than, share of income
"""

import itertools
import math
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = ["Performance", "ServiceCredits"]

MOST_POINTS = 50
PAIRS = {"type": "array", "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}}


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("pairs", "{text}", {"text": text})


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1


def _pairs(value: Any, what: str, least: int) -> list[list[float]]:
    """Pairs of shares in 0..1 with a rising first number."""
    if not isinstance(value, list) or not least <= len(value) <= MOST_POINTS:
        raise _wrong(f"must be {least} to {MOST_POINTS} pairs {what}")
    for k, pair in enumerate(value, start=1):
        if not isinstance(pair, list) or len(pair) != 2 or not all(_is_share(part) for part in pair):
            raise _wrong(f"pair {k} = {pair!r:.60}: must be {what}, both from 0 to 1")
    return [[float(part) for part in pair] for pair in value]


def _performance(value: Any) -> float | list[list[float]]:
    if _is_share(value):
        return float(value)
    if not isinstance(value, list):
        raise _wrong("must be a work rate from 0 to 1, or points such as [[0.7, 0.72], [1.0, 1.0]]")
    points = _pairs(value, "[share of the load, work rate]", 2)
    for k, (a, b) in enumerate(itertools.pairwise(points), start=2):
        if b[0] <= a[0] or b[1] < a[1]:
            raise _wrong(f"point {k} = {b} after {a}: loads must rise, and work rates must not fall")
    if points[-1] != [1.0, 1.0]:
        raise _wrong(f"the last point is {points[-1]}: full load is full work, type [1.0, 1.0]")
    return points


def _credits(value: Any) -> list[list[float]]:
    tiers = _pairs(value, "[available less than, share given back]", 0)
    ordered = sorted(tiers)
    for a, b in itertools.pairwise(ordered):
        if b[0] == a[0] or b[1] > a[1]:
            raise _wrong(f"{a} beside {b}: less availability must not give back less")
    return ordered


Performance = Annotated[
    float | list[list[float]],
    PlainValidator(_performance),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, PAIRS]}),
]

ServiceCredits = Annotated[list[list[float]], PlainValidator(_credits), WithJsonSchema(PAIRS)]

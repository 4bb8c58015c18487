"""Field type of the equipment's voltage tolerance: a published curve by name, or points of one's own.

::

    voltage_tolerance = "itic"
    voltage_tolerance = [[0.02, 0.0], [0.5, 0.7], [10.0, 0.8]]   # seconds, share of the nominal voltage
"""

import itertools
import math
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = ["CURVE_NAMES", "VoltageTolerance", "read_voltage_tolerance"]

CURVE_NAMES = ("itic", "semi_f47", "semi_f47_recommended")
"""Shipped curves, the keys of `riskmodel.voltage_tolerance.curves`."""

MOST_POINTS = 50
LONGEST_S = 1e6


def read_voltage_tolerance(value: Any) -> str | list[list[float]]:
    """Name of a shipped curve, or points [duration_s, voltage] by rising duration, of voltages that do not fall.

    Raises
    ------
    PydanticCustomError
        For an unknown name, a point that is not two numbers in range, or points out of order.
    """
    if isinstance(value, str):
        if value not in CURVE_NAMES:
            raise _wrong(f"must be one of {', '.join(CURVE_NAMES)}, or points [seconds, share of nominal voltage]")
        return value
    if not isinstance(value, list) or not 0 < len(value) <= MOST_POINTS:
        raise _wrong(f"must be {' or '.join(CURVE_NAMES)} in quotes, or 1 to {MOST_POINTS} points such as [0.5, 0.7]")
    points = [_point(k, point) for k, point in enumerate(value)]
    for k, (a, b) in enumerate(itertools.pairwise(points), start=2):
        if b[0] <= a[0] or b[1] < a[1]:
            raise _wrong(f"point {k} = {b} after {a}: durations must rise, and voltages must not fall")
    return points


def _point(k: int, value: Any) -> list[float]:
    if not isinstance(value, list) or len(value) != 2 or not all(_is_number(x) for x in value):
        raise _wrong(f"point {k + 1} = {value!r:.80}: must be [seconds, share of nominal voltage], e.g. [0.5, 0.7]")
    duration_s, voltage = float(value[0]), float(value[1])
    if not 0.0 < duration_s <= LONGEST_S:
        raise _wrong(
            f"point {k + 1} lasts {duration_s:g} s: must be > 0 and <= {LONGEST_S:g} s (the last one has no end)"
        )
    if not 0.0 <= voltage <= 1.0:
        raise _wrong(f"point {k + 1} has voltage {voltage:g}: must be a share of the nominal voltage from 0 to 1")
    return [duration_s, voltage]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("voltage_tolerance", "{text}", {"text": text})


VoltageTolerance = Annotated[
    str | list[list[float]],
    PlainValidator(read_voltage_tolerance),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(CURVE_NAMES)},
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST_POINTS,
                    "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                },
            ]
        }
    ),
]
"""A curve's name or its points; see `read_voltage_tolerance`. Use it as a field with ``choice(...)``."""

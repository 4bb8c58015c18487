"""Voltage tolerance curves: which sags the equipment rides through by itself.

The published curves are data, in ``catalogue/voltage_tolerance.toml``; a study names one or gives its own. Only the
lower side is used: swells are not modelled.

Examples
--------
>>> curves()["itic"].points[1][:2]
(0.5, 0.7)
>>> tolerance_table("semi_f47", hold_up_ms=20.0)[:2].tolist()
[[0.02, 0.0], [0.2, 0.5]]
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.input_files import read_text
from distributions.toml_reading import MOST_TOML_BYTES, parse_toml
from riskmodel.catalogue import TRUST, CatalogueError

__all__ = ["Curve", "Point", "curves", "read_curves", "tolerance_table"]

FILE = Path(__file__).parent / "catalogue" / "voltage_tolerance.toml"
MS_PER_S = 1000.0


class Point(NamedTuple):
    """Up to `duration_s` [s] the equipment lives through `voltage` [share of nominal]; where from, how sure."""

    duration_s: float
    voltage: float
    source: str
    trust: str


class Curve(NamedTuple):
    """A published curve: its title, and its points by rising duration, the last one without end."""

    title: str
    points: tuple[Point, ...]


@cache
def curves() -> Mapping[str, Curve]:
    """Shipped curves by the name a study types."""
    return read_curves(FILE)


def read_curves(path: str | Path) -> dict[str, Curve]:
    """Read tolerance curves.

    Raises
    ------
    CatalogueError
        For a file that cannot be read, a point without duration, voltage, source or trust, or points out of order.
    """
    place = Path(path)
    try:
        data = parse_toml(read_text(place, MOST_TOML_BYTES))["curves"]
        return {name: _curve(f"{place.name}: curves.{name}", table) for name, table in data.items()}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise CatalogueError(f"{place.name}: cannot be read: {error}") from None


def _curve(where: str, table: dict[str, Any]) -> Curve:
    points = tuple(Point(**point) for point in table["points"])
    for point in points:
        if point.trust not in TRUST or not point.source:
            raise CatalogueError(f"{where}: {point}: needs a source, and a trust that is one of {', '.join(TRUST)}")
        if not (point.duration_s > 0.0 and 0.0 <= point.voltage <= 1.0):
            raise CatalogueError(f"{where}: {point}: must have a duration > 0 s and a voltage from 0 to 1")
    if not points or points[-1].duration_s != math.inf:
        raise CatalogueError(f"{where}: the last point must last for inf")
    if any(b.duration_s <= a.duration_s or b.voltage < a.voltage for a, b in itertools.pairwise(points)):
        raise CatalogueError(f"{where}: durations must rise from point to point, and voltages must not fall")
    return Curve(table["title"], points)


def tolerance_table(stated: str | Sequence[Sequence[float]], hold_up_ms: float) -> NDArray[np.float64]:
    """The curve of a study, as `distributions.outages.OutageTables` takes it.

    Parameters
    ----------
    stated : str or sequence of (duration_s, voltage)
        Name of a shipped curve, or points by rising duration [s]; beyond the last one its voltage holds.
    hold_up_ms : float
        Time the servers live without voltage [ms]; where it is longer than the curve's own, it counts.

    Returns
    -------
    (n, 2) float64
        Duration [s] up to which, and share of the nominal voltage down to which, equipment does not notice.
    """
    points = [point[:2] for point in curves()[stated].points] if isinstance(stated, str) else list(stated)
    endless = [*points[:-1], (math.inf, points[-1][1])]
    hold_up_s = hold_up_ms / MS_PER_S
    rows = [(duration_s, voltage) for duration_s, voltage in endless if duration_s > hold_up_s]
    if hold_up_s > 0.0 and rows[0][1] > 0.0:
        rows.insert(0, (hold_up_s, 0.0))
    return np.array(rows, dtype=np.float64)

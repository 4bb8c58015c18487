"""Areas with units and load, and the links between them: what the exact and the simulated indices start from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from riskmodel.adequacy import ALIKE_MW, Units, peak_hours

__all__ = ["AreaSystem", "Links", "peak_flags", "tolerance_mw"]

MOST_AREAS = 30


class Links(NamedTuple):
    """Links between areas, up with their whole capacity or down, each independent of the others.

    Attributes
    ----------
    start, end : (n,) int64, areas
    mw, back_mw : (n,) float64, capacity from start to end, and from end to start
    failure_rate_per_h : (n,) float64, failures per hour up
    repair_rate_per_h : (n,) float64, repairs per hour down; of links that never fail, any above 0
    """

    start: np.ndarray
    end: np.ndarray
    mw: np.ndarray
    back_mw: np.ndarray
    failure_rate_per_h: np.ndarray
    repair_rate_per_h: np.ndarray

    @staticmethod
    def none() -> Links:
        """No links."""
        return Links(*np.zeros((2, 0), dtype=np.int64), *np.zeros((4, 0)))


class AreaSystem(NamedTuple):
    """Areas with units and load, and the links between them.

    Attributes
    ----------
    names : tuple of str
    units : Units
    unit_area : (n_units,) int64
    links : Links
    load_mw : (n_areas, n_hours) float64
    """

    names: tuple[str, ...]
    units: Units
    unit_area: np.ndarray
    links: Links
    load_mw: np.ndarray

    def units_of(self, area: int) -> Units:
        """The units of one area."""
        return Units(*(column[self.unit_area == area] for column in self.units))


def tolerance_mw(system: AreaSystem) -> float:
    """Shortages up to this are none [MW]."""
    return ALIKE_MW * max(system.units.installed_mw, 1.0)


def peak_flags(system: AreaSystem) -> np.ndarray:
    """(n_areas + 1, n_hours) float64: 1 in the highest hour of each day, of each area and last of all together."""
    loads = np.vstack([system.load_mw, system.load_mw.sum(axis=0)])
    flags = np.zeros(loads.shape)
    for flag, load in zip(flags, loads, strict=True):
        flag[peak_hours(load)] = 1.0
    return flags

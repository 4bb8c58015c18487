"""Bounds on the chance that a UPS and gensets alone carry a constant load: binomials of independent lives.

Exact but for one thing: once too few gensets run, what is left in the UPS carries the missing part for a while, at most
for some minutes. The lower bound leaves that out, the upper one gives it in full wherever it can come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributions.clock import KW_PER_MW, MIN_PER_H, S_PER_H

if TYPE_CHECKING:
    from riskmodel.study import Study
    from riskmodel.study.strategy import Gensets, Strategy

__all__ = ["chance_bounds", "has_bounds"]

Array = NDArray[np.float64]


def has_bounds(strategy: Strategy) -> bool:
    """Whether the chance of a strategy can be bounded: nothing of its own but perhaps a UPS and gensets."""
    return strategy.storage is None and strategy.pv is None


def chance_bounds(study: Study, name: str, load_kw: ArrayLike, hours: ArrayLike) -> tuple[Array, Array]:
    """Least and greatest chance that the whole load is carried for some hours, without PV and storage.

    A UPS must take over and last until the gensets run. No common cause may keep them all from starting, and the
    transfer switch must work; of the gensets each is there and starts by itself and then lives an exponential time.
    Enough must run, and the fuel must last or be brought.

    Parameters
    ----------
    study : Study
    name : str, strategy
    load_kw : (n_paths,) array_like, load at the meter without UPS losses [kW]
    hours : (n_hours,) array_like [h]

    Returns
    -------
    low, high : (n_paths, n_hours) float64
    """
    strategy = study.strategies[name]
    load, duration = np.atleast_1d(np.asarray(load_kw, float)), np.atleast_1d(np.asarray(hours, float))
    ups, gensets = strategy.ups, strategy.gensets
    if ups is None:
        none = np.zeros((load.size, duration.size))
        return none, none
    load = load / ups.efficiency
    checkpoint_h = study.cluster.checkpoint_write_min / MIN_PER_H
    energy_kwh = ups.power_mw * KW_PER_MW * ups.autonomy_min / MIN_PER_H
    bridge_h = np.maximum(energy_kwh / load - checkpoint_h, 0.0)[:, None]
    able = (load <= ups.power_mw * KW_PER_MW) & (ups.to_battery_ms() <= study.cluster.hold_up_ms)
    takes_over = able[:, None] * (1.0 - ups.failure_on_demand_probability)
    all_h = (energy_kwh / load)[:, None]  # all of it, where nothing need be kept for a checkpoint
    low, high = (np.where(hours_h >= duration, 1.0, 0.0) for hours_h in (bridge_h, all_h))
    if gensets is not None:
        start_h = gensets.start_time_s / S_PER_H
        in_time, perhaps = (np.where(hours_h >= start_h, 1.0, 0.0) for hours_h in (bridge_h, all_h))
        needed = np.ceil(load / gensets.unit_power_kw)[:, None]
        least_missing_kw = np.maximum(load[:, None] - (needed - 1.0) * gensets.unit_power_kw, 1e-9)
        help_h = energy_kwh / least_missing_kw
        low = np.maximum(low, in_time * _fleet(gensets, needed, np.maximum(duration - start_h, 0.0)))
        unaided_h = np.maximum(duration - start_h - help_h, 0.0)
        high = np.maximum(high, perhaps * np.where(unaided_h > 0.0, _fleet(gensets, needed, unaided_h), 1.0))
    return low * takes_over, high * takes_over


def _fleet(gensets: Gensets, needed: Array, running_h: Array) -> Array:
    """Chance that enough gensets start and run for some hours."""
    from scipy.stats import binom

    starts = (1.0 - gensets.maintenance_unavailability) * (1.0 - gensets.start_failure_probability)
    enough = binom.sf(needed - 1.0, gensets.units, starts * np.exp(-running_h / gensets.mean_time_to_failure_h))
    together = (1.0 - gensets.common_cause_start_failure_probability) * (
        1.0 - gensets.transfer_switch_failure_probability
    )
    return np.asarray(enough * together * _fuelled(gensets, running_h))


def _fuelled(gensets: Gensets, running_h: Array) -> Array:
    """Chance that fuel lasts: it is brought, or not, each time before it would run out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        loads = np.ceil(running_h / gensets.fuel_autonomy_h)
    loads = np.where(running_h > 0.0, loads, 1.0)
    return np.asarray(np.where(loads <= 1.0, 1.0, gensets.refuelling_probability ** np.maximum(loads - 1.0, 0.0)))

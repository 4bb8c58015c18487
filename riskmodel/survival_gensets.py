"""Exact chance that a UPS and gensets alone carry a constant load: a binomial of independent lives at each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributions.clock import KW_PER_MW, MIN_PER_H, S_PER_H

if TYPE_CHECKING:
    from riskmodel.study import Study
    from riskmodel.study.strategy import Strategy

__all__ = ["exact_chances", "has_exact"]


def has_exact(strategy: Strategy) -> bool:
    """Whether the chance of a strategy is known: nothing of its own but perhaps a UPS and gensets."""
    return strategy.storage is None and strategy.pv is None


def exact_chances(study: Study, name: str, load_kw: ArrayLike, hours: ArrayLike) -> NDArray[np.float64]:
    """Chance that the whole load is carried for some hours, without PV and storage.

    A UPS must take over and last until the gensets run. Of the gensets each starts by itself and then lives an
    exponential time; enough must run until the end, less what the UPS can still bridge; and the fuel must last.

    Parameters
    ----------
    study : Study
    name : str, strategy
    load_kw : (n_paths,) array_like, load at the meter without UPS losses [kW]
    hours : (n_hours,) array_like [h]

    Returns
    -------
    (n_paths, n_hours) float64
    """
    strategy = study.strategies[name]
    load, duration = np.atleast_1d(np.asarray(load_kw, float)), np.atleast_1d(np.asarray(hours, float))
    out = np.zeros((load.size, duration.size))
    ups = strategy.ups
    if ups is None:
        return out
    load = load / ups.efficiency
    able = load <= ups.power_mw * KW_PER_MW
    energy_kwh = ups.power_mw * KW_PER_MW * ups.autonomy_min / MIN_PER_H
    bridge = np.maximum(energy_kwh / load - study.cluster.checkpoint_write_min / MIN_PER_H, 0.0)
    out[:] = np.where(bridge[:, None] >= duration, 1.0, _fleet(strategy, load, bridge, duration))
    return out * able[:, None] * (1.0 - ups.failure_on_demand_probability)


def _fleet(
    strategy: Strategy, load: NDArray[np.float64], bridge: NDArray[np.float64], duration: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n_paths, n_hours) chance that gensets carry what the UPS does not."""
    from scipy.stats import binom

    fleet = strategy.gensets
    if fleet is None:
        return np.zeros((load.size, duration.size))
    needed = np.ceil(load / fleet.unit_power_kw)[:, None]
    in_time = (bridge >= fleet.start_time_s / S_PER_H)[:, None]
    running_h = np.maximum(duration[None, :] - bridge[:, None], 0.0)
    lives = (1.0 - fleet.start_failure_probability) * np.exp(-running_h / fleet.mean_time_to_failure_h)
    fuelled = running_h <= fleet.fuel_autonomy_h
    return np.asarray(binom.sf(needed - 1.0, fleet.units, lives) * in_time * fuelled)

"""What having power at another time than the baseline is worth, by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskmodel.drawn_values import Array, sum_of
from riskmodel.ledger_lines import ENERGY_LINES, Line
from riskmodel.quantities import Quantity

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult

__all__ = ["early_power"]


def early_power(result: RangeResult, ledger: Array, base: int) -> Array:
    """What having power at another time than the baseline is worth before tax, by year.

    The compute earned while the baseline still waits, less the energy that it takes: each strategy's waiting is valued
    at the income lost, less its own mean energy cost per powered GPU-hour.

    Returns
    -------
    (n_paths, n_strategies, n_years + 1) float64 [EUR]
        Positive where a strategy has power earlier. Taking it off a flow gives what would remain if all were connected
        on the first day.
    """
    powered = result.annual[..., Quantity.POWERED_GPU_HOURS]
    unpowered = result.annual[..., Quantity.POTENTIAL_GPU_HOURS] - powered
    total_powered = sum_of(powered, range(powered.shape[-1]))
    cost = -sum_of(sum_of(ledger, ENERGY_LINES), range(ledger.shape[2]))
    cost_per_hour = np.divide(cost, total_powered, out=np.zeros_like(cost), where=total_powered > 0.0)
    waiting = ledger[..., Line.WAITING_FOR_POWER].copy()
    waiting[..., 1:] += unpowered * cost_per_hour[..., None]
    return waiting - waiting[:, base : base + 1]

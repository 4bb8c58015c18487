"""Naumann's law for the engine: one day of many lanes in float32, sums in float64. The law itself is in `naumann_2020`.

Both parts grow with a square root, so a day's step is exact: from y, k^2 dx / (y + sqrt(y^2 + k^2 dx)).
"""

import math

import numpy as np

from distributions._jit import njit
from distributions.cells import naumann_2020 as law
from distributions.lanes import exp32

f = np.float32

ENERGY_K = f(-law.CALENDAR_ENERGY_J_PER_MOL / law.GAS_CONSTANT)
INVERSE_REFERENCE = f(1.0 / law.REFERENCE_K)
CALENDAR_RATE = f(law.CALENDAR_RATE_PER_ROOT_S * math.sqrt(law.S_PER_DAY))
CALENDAR_CUBIC, CALENDAR_LEVEL = f(law.CALENDAR_CUBIC), f(law.CALENDAR_LEVEL)
CYCLE_RATE, CYCLE_LEVEL = f(law.CYCLE_RATE / law.PERCENT), f(law.CYCLE_LEVEL / law.PERCENT)
DEPTH_CUBIC, DEPTH_LEVEL = f(law.DEPTH_CUBIC), f(law.DEPTH_LEVEL)


@njit(forceinline=True)
def root_step(damage, rate, step):
    """Damage added by `step` to rate * sqrt(x) that already stands at `damage`."""
    added = rate * rate * step
    total = damage + math.sqrt(damage * damage + added)
    return added / total if total > f(0.0) else f(0.0)


@njit
def naumann_2020_calendar_row(lost, soc_mean, temperature_k, factor, days):
    """One day of calendar ageing of each lane; arguments as for `blast_250ah_calendar_row`."""
    for i in range(lost.shape[0]):
        c = soc_mean[i] - f(0.5)
        charged = CALENDAR_CUBIC * c * c * c + CALENDAR_LEVEL
        warm = exp32(ENERGY_K * (f(1.0) / temperature_k[i] - INVERSE_REFERENCE))
        lost[i] += root_step(f(lost[i]), factor[i] * CALENDAR_RATE * warm * charged, days[i])


@njit
def naumann_2020_cycle_row(lost, depth, throughput, c_rate, factor, days):
    """One day of cycle ageing of each lane; arguments as for `blast_250ah_cycle_row`, and

    Parameters
    ----------
    c_rate : float32, rate while cycling [1/h]: power over energy of the cabinets
    """
    for i in range(lost.shape[0]):
        d = depth[i] - f(0.6)
        k = factor[i] * (CYCLE_RATE * c_rate + CYCLE_LEVEL) * (DEPTH_CUBIC * d * d * d + DEPTH_LEVEL)
        lost[i] += root_step(f(lost[i]), k, f(0.5) * throughput[i] * days[i])

"""BLAST-Lite's Sony-Murata law for the engine: one day of many lanes in float32, sums in float64.

The law itself is in `sony_murata`. Its temperature terms nearly cancel, so they are taken in float64 once a path
(`slope_rows`). Break-in is left out: it counts above three full cycles a day only.
"""

import numpy as np

from distributions._jit import njit
from distributions.cells import sony_murata as law
from distributions.cells.blast_250ah import anode_voltage, power_law_step
from distributions.lanes import exp32, log32

f = np.float32

SCALE, LOG_SCALE = f(law.TIME_SCALE_PER_DAY), f(np.log(law.TIME_SCALE_PER_DAY))
END, SHAPE = f(law.END), f(law.SHAPE)
CYCLE_POWER = f(law.CYCLE_POWER)
CYCLE_BASE, CYCLE_DEPTH, CYCLE_RATE = (f(1e6 * x) for x in (law.CYCLE_BASE, law.CYCLE_DEPTH, law.CYCLE_RATE))
CYCLE_UNIT = f(1e-6**law.CYCLE_POWER)
SMALL = f(1e-12)


@njit
def slope_rows(slopes, temperature_k):
    """What the calendar part needs of the temperature of each lane.

    Parameters
    ----------
    slopes : (3, n_lanes) float32, written: factors of the square, cube and fourth root of the anode voltage in the
        exponents
    temperature_k : (n_lanes,) float32
    """
    end, cube, fourth = slopes[0], slopes[1], slopes[2]
    for i in range(temperature_k.shape[0]):
        t = np.float64(temperature_k[i])  # compiled, float() of a float32 stays one
        end[i] = f(law.END_T2 / (t * t) + law.END_T1 / t)
        cube[i] = f(law.SHAPE_T4 / (t * t * t * t) + law.SHAPE_INVERSE_T3 / (t * t * t))
        fourth[i] = f(law.SHAPE_T3 * (t * t * t) + law.SHAPE_T2 * (t * t))


@njit(forceinline=True)
def sigmoid_step(damage, end, power, step):
    """Damage added by `step` days to the calendar sigmoid that already stands at `damage`; nothing beyond its end.

    With r = damage / end and z = log((1 + r) / (1 - r)), x = z^(1/power) / scale days have passed, and the slope is
    end power z (1 - r^2) / (2 x).
    """
    r = min(damage / end, f(0.9999))
    z = max(log32((f(1.0) + r) / (f(1.0) - r)), SMALL)
    x = exp32(log32(z) / power - LOG_SCALE)
    later = f(0.5) * end * power * z * (f(1.0) - r * r) / x * step
    first = f(1.0) - f(2.0) / (f(1.0) + exp32(exp32(power * log32(SCALE * max(step, SMALL)))))
    grown = later if damage > SMALL else end * first
    return grown if step > f(0.0) and damage < end * f(0.9999) else f(0.0)


@njit
def sony_murata_calendar_row(lost, soc_mean, slopes, factor, days):
    """One day of calendar ageing of each lane.

    Parameters
    ----------
    lost, soc_mean, factor, days : as for `blast_250ah_calendar_row`; `factor` scales the day's damage
    slopes : (3, n_lanes) float32, see `slope_rows`
    """
    square, cube, fourth = slopes[0], slopes[1], slopes[2]
    for i in range(lost.shape[0]):
        log_u = log32(anode_voltage(soc_mean[i]))
        end = END * exp32(square[i] * exp32(f(1.0 / 2.0) * log_u))
        power = SHAPE * exp32(cube[i] * exp32(f(1.0 / 3.0) * log_u) + fourth[i] * exp32(f(1.0 / 4.0) * log_u))
        lost[i] += factor[i] * sigmoid_step(f(lost[i]), end, power, days[i])


@njit
def sony_murata_cycle_row(lost, depth, throughput, factor, days):
    """One day of cycle ageing of each lane; arguments as for `blast_250ah_cycle_row`, `factor` scales the day's damage.

    Rates in cycles per million: float32 keeps numbers near one best.
    """
    for i in range(lost.shape[0]):
        c = throughput[i] * f(1.0 / 24.0)
        q = abs(CYCLE_BASE + CYCLE_DEPTH * depth[i] + CYCLE_RATE * exp32(depth[i] * depth[i] * c * c * c))
        k = CYCLE_UNIT * exp32(CYCLE_POWER * log32(max(q, SMALL)))
        lost[i] += factor[i] * power_law_step(f(lost[i]), k, CYCLE_POWER, f(0.5) * throughput[i] * days[i])

"""Published LFP ageing laws as stateless increments: stress of a day and damage so far in, damage of the day out.

BLAST-Lite 250 Ah prismatic LFP-graphite: capacity = 1 - calendar - cycle, calendar = k_cal days^0.526,
cycle = k_cyc cycles^0.828, in the state form dy = k p (y / k)^((p - 1) / p) dx, which lets conditions change.

Sources
-------
Gasper et al. 2023, J. Energy Storage 73, 109042, doi 10.1016/j.est.2023.109042; parameters as in BLAST-Lite 1.1.1.

Valid for
---------
10 to 45 C, charge up to 0.65 C, depth of discharge 0.8 to 1; outside it extrapolates. Cycle fade falls with temperature
by construction of the published law.
"""

import numpy as np

from distributions._jit import njit
from distributions.lanes import exp32, log32

f = np.float32

KELVIN = f(273.15)
CALENDAR_POWER = f(0.526)
CYCLE_POWER = f(0.828)
CALENDAR_SCALE = f(8.37e4)
CALENDAR_ENERGY = f(-5210.0)
CALENDAR_VOLTAGE = f(-3560.0)
CYCLE_BASE = f(4.38e-8)
CYCLE_DEPTH = f(1.55e-8)
CYCLE_RATE = f(1.68e-7)
CYCLE_ENERGY = f(2190.0)
SMALL = f(1e-12)


@njit(forceinline=True)
def _tanh(x):
    return f(1.0) - f(2.0) / (exp32(f(2.0) * x) + f(1.0))


@njit(forceinline=True)
def anode_voltage(state_of_charge):
    """Graphite potential against lithium [V] at a state of charge in 0..1 (the law's stress variable U_a)."""
    x = f(0.0085) + f(0.7715) * state_of_charge
    return (
        f(0.6379)
        + f(0.5416) * exp32(f(-305.5309) * x)
        + f(0.044) * _tanh(-(x - f(0.1958)) / f(0.1088))
        - f(0.1978) * _tanh((x - f(1.0571)) / f(0.0854))
        - f(0.6875) * _tanh((x + f(0.0117)) / f(0.0529))
        - f(0.0175) * _tanh((x - f(0.5692)) / f(0.0875))
    )


@njit(forceinline=True)
def calendar_rate(temperature_k, state_of_charge):
    """k_cal of the calendar part [1 / day^0.526]."""
    exponent = (CALENDAR_ENERGY + CALENDAR_VOLTAGE * anode_voltage(state_of_charge)) / temperature_k
    return CALENDAR_SCALE * exp32(exponent)


@njit(forceinline=True)
def cycle_rate(temperature_k, depth, c_rate):
    """k_cyc of the cycle part [1 / cycle^0.828]: `depth` of the day, `c_rate` mean |dSOC/dt| with rests [1/h]."""
    return (CYCLE_BASE + CYCLE_DEPTH * depth + CYCLE_RATE * c_rate) * exp32(CYCLE_ENERGY / temperature_k)


@njit(forceinline=True)
def power_law_step(damage, rate, power, step):
    """Damage added by `step` (days or cycles) to a power law rate * x^power that already stands at `damage`.

    At zero damage the first step is rate * step^power, else rate * power * (damage / rate)^((power - 1) / power) *
    step.
    """
    r = max(rate, SMALL)
    first = r * exp32(power * log32(max(step, SMALL)))
    later = r * power * exp32((power - f(1.0)) / power * log32(max(damage, SMALL) / r)) * step
    grown = later if damage > SMALL else first
    return grown if step > f(0.0) else f(0.0)


@njit
def blast_250ah_calendar_row(lost, soc_mean, temperature_k, factor, days):
    """One day of calendar ageing of each lane.

    Parameters
    ----------
    lost : (n_lanes,) float64 capacity lost so far by calendar ageing [share of new], advanced
    soc_mean : (n_lanes,) float32 mean state of charge of the day
    temperature_k : (n_lanes,) float32
    factor : (n_lanes,) float32, the path's ageing rate relative to the law
    days : (n_lanes,) float32, 1, or 0 for a battery not yet in service

    Notes
    -----
    Increments are float32, sums float64: a day adds about 1e-5 and 15 years hold 5,475 of them.
    """
    for i in range(lost.shape[0]):
        k = factor[i] * calendar_rate(temperature_k[i], soc_mean[i])
        lost[i] += power_law_step(f(lost[i]), k, CALENDAR_POWER, days[i])


@njit
def blast_250ah_cycle_row(lost, depth, throughput, temperature_k, factor, days):
    """One day of cycle ageing of each lane; arguments as for the calendar part, and

    Parameters
    ----------
    depth : (n_lanes,) float32 highest minus lowest state of charge of the day
    throughput : (n_lanes,) float32 charge plus discharge of the day [full capacities]
    """
    for i in range(lost.shape[0]):
        k = factor[i] * cycle_rate(temperature_k[i], depth[i], throughput[i] * f(1.0 / 24.0))
        lost[i] += power_law_step(f(lost[i]), k, CYCLE_POWER, f(0.5) * throughput[i] * days[i])

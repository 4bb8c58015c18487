"""BLAST-Lite's 250 Ah prismatic LFP-graphite law as scalar float64 functions; its lane rows are in `blast_250ah`.

capacity = 1 - calendar - cycle, calendar = k_cal days^0.526, cycle = k_cyc cycles^0.828; k_cal is averaged over the
day's profile of state of charge, k_cyc takes the day's depth and its mean |dSOC/dt| with rests.

Sources
-------
Gasper et al. 2023, J. Energy Storage 73, 109042, doi 10.1016/j.est.2023.109042; parameters as in BLAST-Lite 1.1.1.
Graphite potential: Safari and Delacourt 2011, doi 10.1149/1.3567007.

Valid for
---------
10 to 45 C, charge up to 0.65 C, depth of discharge 0.8 to 1; outside it extrapolates.
"""

import math

from distributions._jit import njit
from distributions.cells.forms import POWER, CellLaw

CALENDAR_SCALE = 8.37e4
CALENDAR_ENERGY_K = -5210.0
CALENDAR_VOLTAGE_K_PER_V = -3560.0
CALENDAR_POWER = 0.526
CYCLE_BASE = 4.38e-8
CYCLE_DEPTH = 1.55e-8
CYCLE_RATE = 1.68e-7
CYCLE_ENERGY_K = 2190.0
CYCLE_HOT_K = -1.55e5
CYCLE_POWER = 0.828


@njit
def anode_voltage_v(soc):
    """Graphite potential against lithium [V] at a state of charge in 0..1."""
    x = 0.0085 + 0.7715 * soc
    return (
        0.6379
        + 0.5416 * math.exp(-305.5309 * x)
        + 0.044 * math.tanh(-(x - 0.1958) / 0.1088)
        - 0.1978 * math.tanh((x - 1.0571) / 0.0854)
        - 0.6875 * math.tanh((x + 0.0117) / 0.0529)
        - 0.0175 * math.tanh((x - 0.5692) / 0.0875)
    )


@njit
def calendar(temperature_k, soc):
    """(k_cal [1/day^0.526], 0, power) of the calendar part."""
    exponent = (CALENDAR_ENERGY_K + CALENDAR_VOLTAGE_K_PER_V * anode_voltage_v(soc)) / temperature_k
    return CALENDAR_SCALE * math.exp(exponent), 0.0, CALENDAR_POWER


@njit
def cycle(depth, c_rate, temperature_k):
    """k_cyc [1/cycle^0.828]; `c_rate` is the mean |dSOC/dt| with rests [1/h]."""
    arrhenius = math.exp(CYCLE_ENERGY_K / temperature_k) + math.exp(CYCLE_HOT_K / temperature_k)
    return (CYCLE_BASE + CYCLE_DEPTH * depth + CYCLE_RATE * c_rate) * arrhenius


LAW = CellLaw(
    name="blast_lfp_250ah",
    title="BLAST-Lite LFP-graphite 250 Ah prismatic (Gasper et al. 2023)",
    valid_for="10 to 45 C, charge up to 0.65 C, depth of discharge 0.8 to 1",
    labels=("LFP250", "LFP250Ah"),
    explicit=True,
    averages_day=True,
    cycle_needs_temperature=True,
    calendar=calendar,
    calendar_form=POWER,
    cycle=cycle,
    cycle_power=CYCLE_POWER,
    mean_c_rate=True,
)

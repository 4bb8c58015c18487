"""BLAST-Lite's Sony-Murata 3 Ah LFP-graphite law as scalar float64 functions.

capacity = 1 - calendar - cycle - break-in. Calendar loss is a sigmoid of time whose end and power depend on
temperature and state of charge, averaged over the day's profile; cycle loss is (q5 cycles)^1.128 without any effect of
temperature; break-in, a sigmoid of cycles, counts only above three full cycles a day.

Sources
-------
Gasper et al. 2022, J. Electrochem. Soc. 169, 080518, doi 10.1149/1945-7111/ac86a8, on data of Naumann et al. 2018 and
2020; parameters as in BLAST-Lite 1.1.1.

Valid for
---------
Cycling at 20 to 40 C, up to 1 C charge and 2 C discharge, depth of discharge 0.8 to 1; outside it extrapolates.
"""

import math

from distributions._jit import njit
from distributions.cells.blast import anode_voltage_v
from distributions.cells.forms import SIGMOID, CellLaw

TIME_SCALE_PER_DAY = 1.30510034211874e-4
END = 0.98968715129359
END_T2 = -2881067.56019324
END_T1 = 8742.06309157261
SHAPE = 3.32850281062177e-4
SHAPE_T4 = 734553185711.369
SHAPE_T3 = -2.8216157562078e-6
SHAPE_INVERSE_T3 = -3284991315.45121
SHAPE_T2 = 1.2722759365729e-3
CYCLE_POWER = 1.12847759334355
CYCLE_BASE = -6.81260579372875e-6
CYCLE_DEPTH = 2.59615973160844e-5
CYCLE_RATE = 2.11559710307295e-6
BREAK_IN_SCALE_PER_CYCLE = 3.03553871631028e-3
BREAK_IN_POWER = 1.43752162947637
BREAK_IN_END = 0.582258029148225
SOC_SKEW, SOC_WIDTH = 0.0583128906965484, 0.208738181522897
DEPTH_SKEW, DEPTH_WIDTH = -3.80744333129564, 1.1612626042821
DEPTH_GROWTH = 25.4130804598602
BREAK_IN_CYCLES_PER_DAY = 3.0


@njit
def calendar(temperature_k, soc):
    """(end, scale [1/day], power) of the calendar sigmoid."""
    t = temperature_k
    u = anode_voltage_v(soc)
    root2, root3, root4 = math.sqrt(u), u ** (1.0 / 3.0), u**0.25
    end = END * math.exp((END_T2 / (t * t) + END_T1 / t) * root2)
    from_root3 = (SHAPE_T4 / t**4 + SHAPE_INVERSE_T3 / t**3) * root3
    from_root4 = (SHAPE_T3 * t**3 + SHAPE_T2 * t**2) * root4
    return end, TIME_SCALE_PER_DAY, SHAPE * math.exp(from_root3 + from_root4)


@njit
def cycle(depth, c_rate, temperature_k):
    """Rate of the cycle part [1/cycle^1.128]; `c_rate` is the mean |dSOC/dt| with rests [1/h], temperature unused."""
    q5 = abs(CYCLE_BASE + CYCLE_DEPTH * depth + CYCLE_RATE * math.exp(depth**2 * c_rate**3))
    return q5**CYCLE_POWER


@njit
def _skew_normal(x, skew, width):
    z = (x - 0.5) / width
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return density * (1.0 + math.erf(skew * z / math.sqrt(2.0)))


@njit
def break_in(depth, soc):
    """(end, scale [1/cycle], power) of the break-in sigmoid."""
    grown = math.tanh(0.5 * DEPTH_GROWTH * depth)
    end = BREAK_IN_END * _skew_normal(soc, SOC_SKEW, SOC_WIDTH) * _skew_normal(depth, DEPTH_SKEW, DEPTH_WIDTH) * grown
    return end, BREAK_IN_SCALE_PER_CYCLE, BREAK_IN_POWER


LAW = CellLaw(
    name="blast_sony_murata",
    title="BLAST-Lite LFP-graphite Sony-Murata 3 Ah (Gasper et al. 2022)",
    valid_for="cycling at 20 to 40 C, up to 1 C charge, depth of discharge 0.8 to 1",
    labels=("SonyMurata3Ah",),
    explicit=True,
    averages_day=True,
    cycle_needs_temperature=False,
    calendar=calendar,
    calendar_form=SIGMOID,
    cycle=cycle,
    cycle_power=CYCLE_POWER,
    mean_c_rate=True,
    break_in=break_in,
    break_in_above=BREAK_IN_CYCLES_PER_DAY,
)

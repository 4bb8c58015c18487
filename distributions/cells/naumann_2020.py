"""Naumann's law of the Sony-Murata 3 Ah LFP-graphite cell as scalar float64 functions.

capacity = 1 - calendar - cycle, both growing with a square root: of time, and of full equivalent cycles (FEC). The
cycle part knows no temperature. Calendar stress is taken in the middle of the window.

Sources
-------
Naumann et al. 2018, J. Energy Storage 17, 153 (calendar); Naumann et al. 2020, J. Power Sources 451, 227666 (cycle);
coefficients as used in SimSES.

Valid for
---------
0 to 60 C in storage; cycling at 25 and 40 C up to 1 C.
"""

import math

from distributions._jit import njit
from distributions.cells.forms import POWER, CellLaw

S_PER_DAY = 86400.0
GAS_CONSTANT = 8.3144598
REFERENCE_K = 298.15
CALENDAR_RATE_PER_ROOT_S = 1.2571e-5
CALENDAR_ENERGY_J_PER_MOL = 17126.0
CALENDAR_CUBIC, CALENDAR_LEVEL = 2.8575, 0.60225
CYCLE_RATE, CYCLE_LEVEL = 0.0630, 0.0971
DEPTH_CUBIC, DEPTH_LEVEL = 4.0253, 1.0923
CALENDAR_POWER = CYCLE_POWER = 0.5
PERCENT = 100.0


@njit
def calendar(temperature_k, soc):
    """(rate [1/day^0.5], 0, power) of the calendar part."""
    warm = math.exp(-CALENDAR_ENERGY_J_PER_MOL / GAS_CONSTANT * (1.0 / temperature_k - 1.0 / REFERENCE_K))
    charged = CALENDAR_CUBIC * (soc - 0.5) ** 3 + CALENDAR_LEVEL
    return CALENDAR_RATE_PER_ROOT_S * math.sqrt(S_PER_DAY) * warm * charged, 0.0, CALENDAR_POWER


@njit
def cycle(depth, c_rate, temperature_k):
    """Rate of the cycle part [1/FEC^0.5]; `c_rate` while cycling [1/h]."""
    return (CYCLE_RATE * c_rate + CYCLE_LEVEL) * (DEPTH_CUBIC * (depth - 0.6) ** 3 + DEPTH_LEVEL) / PERCENT


LAW = CellLaw(
    name="naumann_2020",
    title="Naumann 2018 calendar and 2020 cycle law, Sony-Murata 3 Ah LFP-graphite",
    valid_for="0 to 60 C in storage; cycling at 25 and 40 C up to 1 C",
    labels=(),
    explicit=False,
    averages_day=False,
    cycle_needs_temperature=False,
    calendar=calendar,
    calendar_form=POWER,
    cycle=cycle,
    cycle_power=CYCLE_POWER,
    mean_c_rate=False,
)

"""Constant inputs and yearly counts of a fleet of cabinets: what `riskmodel.cabinet_fleet` reads and writes; money."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions.clock import DAYS_PER_YEAR, FIRST_WEEKEND_DAY, HOURS_PER_DAY, MONTH_OF_DAY, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from riskmodel.study.availability import Availability

DAYS_PER_WEEK = 7
KINDS = 2
CONVERTER, BATTERY = range(KINDS)

# columns of CabinetTables.numbers; what is said of kind 0 (converter) is followed by kind 1 (battery)
(
    FAIL,
    FAIL_1,
    REPAIR,
    REPAIR_1,
    ARRIVE,
    ARRIVE_1,
    SPARES,
    SPARES_1,
    LATE,
    LATE_1,
    RECALL,
    FALSE_ALARM,
    CREWS,
    SWAP_H,
    GROUP_SIZE,
    GROUP_FAIL,
    GROUP_REPAIR,
) = range(17)
N_NUMBERS = 17

# rows of the yearly counts
(
    FAILED_CONVERTERS,
    FAILED_BATTERIES,
    SWAPPED_CONVERTERS,
    SWAPPED_BATTERIES,
    FALSE_ALARMS,
    REPAIRS,
    GROUP_FAILURES,
    DOWN_CABINET_DAYS,
    PLANNED_CABINET_H,
) = range(9)
N_COUNTS = 9


class CabinetTables(NamedTuple):
    """Constant inputs of the fleets, one row a strategy.

    Attributes
    ----------
    numbers : (s, 17) float64, by the columns named above: chances a day of failing, of a repair and of a part arriving,
        parts in stock, chance that an ordered part comes after the warning time, share of failures warned of, chance
        of a false alarm, crews, hours of a swap, cabinets of a group, its chances of failing and coming back
    maintenance_h : (s, 365) float64, hours each cabinet is maintained on that day if it is a working day
    """

    numbers: np.ndarray
    maintenance_h: np.ndarray


def daily_chance(mean_days: float) -> float:
    """Chance a day of an end whose mean wait is `mean_days`, same day included: 1 / (1 + mean)."""
    return 1.0 / (1.0 + mean_days)


def cabinet_numbers(availability: "Availability") -> np.ndarray:
    """Row of `CabinetTables.numbers` of a study's section, (17,) float64."""
    a = availability
    out = np.zeros(N_NUMBERS)
    lead = (a.converter_lead_time_days, a.battery_lead_time_days)
    arrive = [daily_chance(days) for days in lead]
    out[FAIL : FAIL + KINDS] = np.array([a.converter_failures_per_year, a.battery_failures_per_year]) / DAYS_PER_YEAR
    out[REPAIR : REPAIR + KINDS] = [daily_chance(h / HOURS_PER_DAY) for h in (a.converter_repair_h, a.battery_repair_h)]
    out[ARRIVE : ARRIVE + KINDS] = arrive
    out[SPARES : SPARES + KINDS] = a.converter_spares, a.battery_spares
    out[LATE : LATE + KINDS] = [(1.0 - p) ** a.warning_days for p in arrive]
    out[RECALL] = a.warning_recall
    out[FALSE_ALARM] = a.false_alarms_per_cabinet_year / DAYS_PER_YEAR
    out[CREWS] = a.repair_crews
    out[SWAP_H] = a.planned_swap_h
    out[GROUP_SIZE] = a.group_cabinets
    out[GROUP_FAIL] = a.group_failures_per_year / DAYS_PER_YEAR
    out[GROUP_REPAIR] = daily_chance(a.group_repair_h / HOURS_PER_DAY)
    return out


def season_days(first_month: int, last_month: int) -> np.ndarray:
    """(365,) float64, 1 on days of the months `first_month` to `last_month` (1..12; over the year's end if needed)."""
    month = np.asarray(MONTH_OF_DAY)
    return ((month - (first_month - 1)) % MONTHS_PER_YEAR <= (last_month - first_month) % MONTHS_PER_YEAR).astype(float)


def maintenance_hours(availability: "Availability") -> np.ndarray:
    """Row of `CabinetTables.maintenance_h`, (365,) float64 [h]: the season's work spread evenly over its working days.

    Weekends move through the years, so the divisor is 5/7 of the season's days: right in the long run.
    """
    season = season_days(availability.maintenance_first_month, availability.maintenance_last_month)
    working_days = season.sum() * FIRST_WEEKEND_DAY / DAYS_PER_WEEK
    return season * (availability.maintenance_h_per_cabinet_year / working_days)


def cabinet_tables(sections: "list[Availability | None]") -> CabinetTables:
    """Constant inputs, one row a strategy; zeros where a strategy has no such section."""
    numbers, hours = np.zeros((len(sections), N_NUMBERS)), np.zeros((len(sections), DAYS_PER_YEAR))
    for k, section in enumerate(sections):
        if section is not None:
            numbers[k], hours[k] = cabinet_numbers(section), maintenance_hours(section)
    return CabinetTables(numbers, hours)

"""The clock every process, engine and table shares.

A year has 8760 hours and no leap day. Hour 0 of a run is 00:00 local standard time on 1 January, and day 0 is a
Monday; the weekday of day d is ``d % 7`` and runs on through the years, so weekends fall on other dates each year.
Hour t means [t, t + 1).
"""

import numpy as np

HOURS_PER_DAY = 24
DAYS_PER_WEEK = 7
DAYS_PER_YEAR = 365
MONTHS_PER_YEAR = 12
HOURS_PER_YEAR = HOURS_PER_DAY * DAYS_PER_YEAR
HOURS_PER_WEEK = HOURS_PER_DAY * DAYS_PER_WEEK

S_PER_MIN = 60.0
S_PER_H = 3600.0
MIN_PER_H = 60.0
MS_PER_S = 1000.0
KW_PER_MW = 1000.0
KWH_PER_MWH = 1000.0

FIRST_WEEKEND_DAY = 5
"""Weekday number (0 = Monday) from which a day is of type 1 (Saturday, Sunday)."""

DAYS_IN_MONTH = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
"""(12,) days of each month of a non-leap year."""

MONTH_OF_DAY = np.repeat(np.arange(MONTHS_PER_YEAR, dtype=np.int64), DAYS_IN_MONTH)
"""(365,) month 0..11 of each day of the year."""

MONTH_OF_HOUR = np.repeat(MONTH_OF_DAY, HOURS_PER_DAY)
"""(8760,) month 0..11 of each hour of the year."""

FIRST_DAY_OF_MONTH = np.concatenate(([0], np.cumsum(DAYS_IN_MONTH)[:-1])).astype(np.int64)
"""(12,) day of the year on which each month begins."""

for _table in (DAYS_IN_MONTH, MONTH_OF_DAY, MONTH_OF_HOUR, FIRST_DAY_OF_MONTH):
    _table.flags.writeable = False


def day_type(day):
    """Tell weekdays from weekends.

    Parameters
    ----------
    day : int or integer array
        Day number from the start of the run (0 = a Monday).

    Returns
    -------
    int or integer array
        0 on Monday to Friday, 1 on Saturday and Sunday.
    """
    weekend = np.asarray(day) % DAYS_PER_WEEK >= FIRST_WEEKEND_DAY
    return weekend.astype(np.int64) if weekend.ndim else int(weekend)

"""Apply a published ageing law: what a duty does to a cell, at once or step by step while the duty changes.

>>> from distributions.cells import LAWS
>>> round(capacity_after(LAWS["naumann_2020"], storage_duty(25.0, 0.5), days=3650.0), 7)
0.8655534
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from distributions.cells import CellLaw
from distributions.cells.forms import POWER, SIGMOID, Coefficients, advance, walk
from distributions.clock import HOURS_PER_DAY

__all__ = ["Ageing", "Duty", "capacity_after", "continuous_duty", "cycling_duty", "storage_duty"]

KELVIN_AT_ZERO_C = 273.15
SAMPLES_PER_DAY = 96
RESTING_BELOW_C = 1e-2
"""Slower changes of state of charge [1/h] are rest, as in BLAST-Lite."""
MOST_DAYS_OF_PROFILE = 28
BREAK_IN_START = 1e-10


class Duty(NamedTuple):
    """What a cell goes through again and again.

    Attributes
    ----------
    hours : (n,) float64, from 0 to the end of the profile [h]
    state_of_charge : (n,) float64, straight lines between the hours
    temperature_c : float
    """

    hours: np.ndarray
    state_of_charge: np.ndarray
    temperature_c: float

    @property
    def days(self) -> float:
        """Length of the profile."""
        return float(self.hours[-1] - self.hours[0]) / HOURS_PER_DAY

    @property
    def cycles_per_day(self) -> float:
        """Full equivalent cycles a day: half the way of the state of charge."""
        return float(np.abs(np.diff(self.state_of_charge)).sum()) / 2.0 / self.days

    @property
    def depth(self) -> float:
        """Highest minus lowest state of charge."""
        return float(self.state_of_charge.max() - self.state_of_charge.min())

    def mean(self, values: np.ndarray) -> float:
        """Mean over the profile of values at its hours."""
        return float(np.trapezoid(values, self.hours)) / (self.days * HOURS_PER_DAY)

    def _rates(self) -> np.ndarray:
        rates = np.abs(np.diff(self.state_of_charge)) / np.diff(self.hours)
        return np.where(rates < RESTING_BELOW_C, 0.0, rates)

    def mean_c_rate(self) -> float:
        """Mean |dSOC/dt| with rests [1/h], integrated as BLAST-Lite does: the outer samples count half."""
        return float(np.trapezoid(self._rates(), self.hours[1:])) / (self.days * HOURS_PER_DAY)

    def active_c_rate(self) -> float:
        """Mean |dSOC/dt| while it changes [1/h]."""
        rates, length = self._rates(), np.diff(self.hours)
        active = float(length[rates > 0.0].sum())
        return float((rates * length).sum()) / active if active > 0.0 else 0.0


def storage_duty(temperature_c: float, state_of_charge: float) -> Duty:
    """A cell that waits at one state of charge."""
    return Duty(np.array([0.0, float(HOURS_PER_DAY)]), np.full(2, state_of_charge), temperature_c)


def cycling_duty(temperature_c: float, low: float, high: float, c_rate: float, cycles_per_day: float) -> Duty:
    """Even cycles: charge from `low` to `high`, discharge at once, rest at `low` until the next.

    Parameters
    ----------
    temperature_c : float
    low, high : float, window of the state of charge
    c_rate : float, |dSOC/dt| while charging and discharging [1/h]
    cycles_per_day : float

    Raises
    ------
    ValueError
        If a cycle does not fit in its time, or no whole number of days (up to 28) holds whole cycles.

    Notes
    -----
    Sampled each 15 minutes, as the published test points are, and at every turning point.
    """
    period = HOURS_PER_DAY / cycles_per_day
    active = 2.0 * (high - low) / c_rate
    if active > period * (1.0 + 1e-9):
        left = f"{cycles_per_day:g} a day leave {period:.6g} h each"
        raise ValueError(f"a cycle takes {active:.6g} h at this rate, and {left}")
    counts = np.arange(1, MOST_DAYS_OF_PROFILE + 1) * cycles_per_day
    whole = np.flatnonzero(np.abs(counts - np.round(counts)) < 1e-6)
    if not whole.size:
        raise ValueError(f"no {MOST_DAYS_OF_PROFILE} days or fewer hold a whole number of cycles")
    days = int(whole[0]) + 1
    n = round(counts[whole[0]])
    turns = (np.array([0.0, 0.5 * active, active])[None, :] + period * np.arange(n)[:, None]).ravel()
    end = float(days * HOURS_PER_DAY)
    grid = np.arange(days * SAMPLES_PER_DAY + 1) * (HOURS_PER_DAY / SAMPLES_PER_DAY)
    hours = np.unique(np.round(np.concatenate([grid, turns[turns < end]]), 9))
    phase = hours - period * np.floor(hours / period + 1e-9)
    soc = np.interp(phase, [0.0, 0.5 * active, active], [low, high, low])
    return Duty(hours, soc, temperature_c)


def continuous_duty(temperature_c: float, depth: float, c_rate: float) -> Duty:
    """Even cycles around half charge without any rest, about a day of them."""
    length = 2.0 * depth / c_rate
    n = max(round(HOURS_PER_DAY / length), 1)
    hours = np.linspace(0.0, n * length, 2 * n * max(SAMPLES_PER_DAY // (2 * n), 1) + 1)
    phase = hours / length % 1.0
    soc = np.interp(phase, [0.0, 0.5, 1.0], [0.5 - 0.5 * depth, 0.5 + 0.5 * depth, 0.5 - 0.5 * depth])
    return Duty(hours, soc, temperature_c)


class Ageing:
    """A cell that ages by one law; duty may change from step to step.

    Attributes
    ----------
    law : CellLaw
    calendar_lost, cycle_lost, break_in_lost : float
        Capacity lost so far by each part [share of new].
    """

    def __init__(self, law: CellLaw):
        self.law = law
        self.calendar_lost = 0.0
        self.cycle_lost = 0.0
        self.break_in_lost = 0.0

    @property
    def capacity_left(self) -> float:
        """Share of the new capacity, not below 0."""
        return max(1.0 - self.calendar_lost - self.cycle_lost - self.break_in_lost, 0.0)

    def step(self, duty: Duty, days: float) -> float:
        """Age for `days` of a duty (profiles may repeat, whole or in part); returns the capacity left."""
        self.rest(duty, days)
        self.cycle(duty, days * duty.cycles_per_day)
        return self.capacity_left

    def rest(self, duty: Duty, days: float) -> None:
        """Add the calendar part of `days` of a duty."""
        part = calendar_part(self.law, duty)
        self.calendar_lost = _grow(self.law, part, self.calendar_lost, duty.days, days)

    def cycle(self, duty: Duty, cycles: float) -> None:
        """Add the cycle parts of `cycles` full equivalent cycles of a duty."""
        per_day = duty.cycles_per_day
        if cycles <= 0.0 or per_day <= 0.0:
            return
        per_profile = per_day * duty.days
        part = cycle_part(self.law, duty)
        self.cycle_lost = _grow(self.law, part, self.cycle_lost, per_profile, cycles)
        if self.law.break_in is not None and per_day > self.law.break_in_above:
            part = break_in_part(self.law, duty)
            start = max(self.break_in_lost, BREAK_IN_START)
            self.break_in_lost = _grow(self.law, part, start, per_profile, cycles)


def _grow(law: CellLaw, part: Coefficients, lost: float, per_step: float, total: float) -> float:
    if law.explicit:
        return float(walk(*part, lost, per_step, total / per_step))
    return float(advance(*part, lost, total, False))


def _stress_soc(law: CellLaw, duty: Duty) -> np.ndarray:
    soc = duty.state_of_charge
    return soc if law.averages_day else np.full(soc.shape, 0.5 * (soc.max() + soc.min()))


def _mean_part(duty: Duty, form: int, values: list[tuple[float, float, float]]) -> Coefficients:
    a, b, p = (duty.mean(np.array(column)) for column in zip(*values, strict=True))
    return Coefficients(form, a, b, p)


def calendar_part(law: CellLaw, duty: Duty) -> Coefficients:
    """Calendar part of a law under a duty: its coefficients averaged over the profile."""
    temperature_k = duty.temperature_c + KELVIN_AT_ZERO_C
    return _mean_part(duty, law.calendar_form, [law.calendar(temperature_k, x) for x in _stress_soc(law, duty)])


def cycle_part(law: CellLaw, duty: Duty) -> Coefficients:
    """Cycle part of a law under a duty."""
    c_rate = duty.mean_c_rate() if law.mean_c_rate else duty.active_c_rate()
    temperature_k = duty.temperature_c + KELVIN_AT_ZERO_C
    return Coefficients(POWER, law.cycle(duty.depth, c_rate, temperature_k), 0.0, law.cycle_power)


def break_in_part(law: CellLaw, duty: Duty) -> Coefficients:
    """Break-in part of a law that has one."""
    if law.break_in is None:
        return Coefficients(SIGMOID, 0.0, 0.0, 1.0)
    return _mean_part(duty, SIGMOID, [law.break_in(duty.depth, x) for x in _stress_soc(law, duty)])


def capacity_after(law: CellLaw, duty: Duty, days: float) -> float:
    """Share of the new capacity left after `days` of one duty.

    Parameters
    ----------
    law : CellLaw
    duty : Duty
    days : float, >= 0
    """
    if not days >= 0.0 or math.isinf(days):
        raise ValueError(f"days = {days}: must be a number of days, 0 or more")
    return Ageing(law).step(duty, days)

"""Shapes that published ageing laws share, in the state form that lets conditions change on the way.

A part of a law says how much capacity is lost after x days or cycles of one unchanging duty. The state form asks
which x would have brought the cell to where it stands, and goes on from there, so duty may change from step to step.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from distributions._jit import njit

POWER, SIGMOID = 0, 1
"""Form numbers: a x^p; and a tanh-like rise to a: 2 a (1/2 - 1 / (1 + exp((b x)^p)))."""


class Coefficients(NamedTuple):
    """One part of a law under one duty.

    Attributes
    ----------
    form : int, POWER or SIGMOID
    a : float, rate of a power law, or where a sigmoid ends [share of new capacity]
    b : float, inverse of the sigmoid's span [1/day or 1/cycle]; 0 for a power law
    p : float, power
    """

    form: int
    a: float
    b: float
    p: float


class CellLaw(NamedTuple):
    """A published ageing law: capacity left = 1 - calendar - cycle (- break-in).

    Attributes
    ----------
    name, title, valid_for : str
    labels : tuple of str
        What tables of test points call it.
    explicit : bool
        Advance as its reference program does, by one explicit step a day; else exactly, whatever the step.
    averages_day : bool
        Calendar stress is the mean over the day's profile; else it is taken in the middle of the window.
    cycle_needs_temperature : bool
    calendar : callable (temperature_k, soc) -> (a, b, p)
    calendar_form : int
    cycle : callable (depth, c_rate, temperature_k) -> rate of a power law
    cycle_power : float
    mean_c_rate : bool
        The cycle part takes the mean |dSOC/dt| with rests [1/h]; else the mean while cycling.
    break_in : callable (depth, soc) -> (a, b, p) of a sigmoid in cycles, or None
    break_in_above : float
        Break-in counts on days with more full cycles than this.
    """

    name: str
    title: str
    valid_for: str
    labels: tuple[str, ...]
    explicit: bool
    averages_day: bool
    cycle_needs_temperature: bool
    calendar: Callable[[float, float], tuple[float, float, float]]
    calendar_form: int
    cycle: Callable[[float, float, float], float]
    cycle_power: float
    mean_c_rate: bool
    break_in: Callable[[float, float], tuple[float, float, float]] | None = None
    break_in_above: float = math.inf


@njit
def level(form, a, b, p, x):
    """Capacity lost after `x` of one duty from new."""
    if x <= 0.0:
        return 0.0
    if form == POWER:
        return a * x**p
    return a * math.tanh(0.5 * (b * x) ** p)


@njit
def equivalent(form, a, b, p, lost):
    """The x of this duty that would have lost `lost`; inf beyond the end of a sigmoid."""
    if lost <= 0.0:
        return 0.0
    if form == POWER:
        return (lost / a) ** (1.0 / p) if a > 0.0 else math.inf
    return (2.0 * math.atanh(lost / a)) ** (1.0 / p) / b if lost < a else math.inf


@njit
def slope(form, a, b, p, x):
    """Capacity lost per unit of x at `x` > 0."""
    if form == POWER:
        return a * p * x ** (p - 1.0)
    z = (b * x) ** p
    rise = 1.0 / math.cosh(0.5 * z)
    return 0.5 * a * p * z / x * rise * rise


@njit
def advance(form, a, b, p, lost, dx, explicit):
    """Capacity lost after another `dx`, from `lost`.

    Parameters
    ----------
    form, a, b, p : a part of a law, see `Coefficients`
    lost : float, where this part stands [share of new capacity]
    dx : float, >= 0 [days or cycles]
    explicit : bool, along the tangent (from zero: along the curve), as BLAST-Lite does it; else along the curve
    """
    if dx <= 0.0 or a <= 0.0:
        return lost
    x = equivalent(form, a, b, p, lost)
    if x == math.inf:
        return lost
    if explicit and x > 0.0:
        return lost + slope(form, a, b, p, x) * dx
    return level(form, a, b, p, x + dx)


@njit
def walk(form, a, b, p, lost, dx, steps):
    """Capacity lost after `steps` explicit steps of `dx`, a last part of a step included."""
    whole = math.floor(steps)
    for _ in range(whole):
        lost = advance(form, a, b, p, lost, dx, True)
    return advance(form, a, b, p, lost, (steps - whole) * dx, True)

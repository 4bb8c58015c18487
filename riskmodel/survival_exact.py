"""Does a small system carry its load through an outage? By enumeration: working generators and stored energy by hour.

The rules are those of NREL's REopt, energy resilience performance: generators are available and start with independent
chances; in each hour of the outage, the first included, each running one fails with the chance 1 / mean time to
failure and stays away; then the hour is served. All that run do so at full power: with PV they carry the load, what is
over charges the battery, what is missing it delivers. An hour that cannot be carried whole ends it. Outages run on
from the end of the load to its beginning.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Battery", "Generators", "System", "TooManyStatesError", "exact_survival", "hourly_failure"]

ALIKE = 1e-9
"""Energies and powers closer than this, as a share of the battery or the load, are the same: rounding, not physics."""
MOST_STATES = 2_000_000
MOST_LINKS = 500_000
STARTS_AT_ONCE = 256


class TooManyStatesError(ValueError):
    """The case is too large to enumerate; the message says what to do."""


class Generators(NamedTuple):
    """Generators of one kind.

    Attributes
    ----------
    units : int
    power_kw : float, of each
    availability : float, chance that one is not out for maintenance
    failure_to_start : float, chance that an available one does not start
    mean_time_to_failure_h : float, infinite for never
    """

    units: int
    power_kw: float
    availability: float = 1.0
    failure_to_start: float = 0.0
    mean_time_to_failure_h: float = math.inf

    @property
    def start_chance(self) -> float:
        """Chance that one runs at the beginning."""
        return self.availability * (1.0 - self.failure_to_start)


class Battery(NamedTuple):
    """A battery; states of charge are shares of `energy_kwh`, `state_of_charge` at the beginning of each hour.

    Attributes
    ----------
    power_kw, energy_kwh : float, power at its terminals, either way
    state_of_charge : (n_hours,) float64, when the outage begins in that hour
    least_state_of_charge, charge_efficiency, discharge_efficiency, availability : float
    """

    power_kw: float
    energy_kwh: float
    state_of_charge: NDArray[np.float64]
    least_state_of_charge: float = 0.0
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    availability: float = 1.0

    @property
    def room_kwh(self) -> float:
        """Energy between the least state of charge and full."""
        return self.energy_kwh * (1.0 - self.least_state_of_charge)

    @property
    def usable_kwh(self) -> NDArray[np.float64]:
        """(n_hours,) energy above the least state of charge when an outage begins."""
        return self.energy_kwh * np.maximum(self.state_of_charge - self.least_state_of_charge, 0.0)


class System(NamedTuple):
    """What carries which load.

    Attributes
    ----------
    load_kw, pv_kw : (n_hours,) float64
    generators : tuple of Generators
    battery : Battery or None
    pv_availability : float, chance that PV helps at all
    """

    load_kw: NDArray[np.float64]
    pv_kw: NDArray[np.float64]
    generators: tuple[Generators, ...] = ()
    battery: Battery | None = None
    pv_availability: float = 1.0


class _Fleet(NamedTuple):
    """Fleet states (numbers of each kind that run): power, chance at the start, and where each goes in an hour."""

    power_kw: NDArray[np.float64]
    start: NDArray[np.float64]
    following: list[tuple[NDArray[np.int64], NDArray[np.float64]]]


def hourly_failure(kind: Generators) -> float:
    """Chance that a running generator fails within an hour."""
    return min(1.0 / kind.mean_time_to_failure_h, 1.0) if kind.mean_time_to_failure_h > 0.0 else 1.0


def exact_survival(system: System, duration_h: int) -> NDArray[np.float64]:
    """Chance that the load is carried without a break for 1 .. `duration_h` hours, by the hour it begins in.

    Parameters
    ----------
    system : System
    duration_h : int

    Returns
    -------
    (n_hours, duration_h) float64

    Raises
    ------
    TooManyStatesError
        If one outage has more than two million states, or an hour more than half a million transitions.

    Sources
    -------
    NREL, REopt.jl `backup_reliability.jl` at 029db01d: rules and the test of two generators, a battery and loads of 1,
    2, 2, 1 kW, which gives 1, 0.8704 and 0.557056. Energy here is continuous, there in bins.
    """
    n = system.load_kw.size
    survival = np.zeros((n, duration_h))
    fleet = _fleet(system.generators)
    for chance, battery, pv in _conditions(system):
        first = 0
        size = STARTS_AT_ONCE
        while first < n:
            starts = np.arange(first, min(first + size, n))
            try:
                survival[starts] += chance * _walk(system, fleet, battery, pv, starts, duration_h)
            except TooManyStatesError:
                if size == 1:
                    raise
                size = max(size // 8, 1)
                continue
            first += starts.size
    return survival


def _conditions(system: System) -> list[tuple[float, Battery | None, bool]]:
    """Chances of the battery and PV being there or not."""
    found = []
    for battery_works, pv_works in itertools.product((True, False), repeat=2):
        battery = system.battery
        chance = 1.0
        if battery is not None:
            chance *= battery.availability if battery_works else 1.0 - battery.availability
        elif not battery_works:
            continue
        chance *= system.pv_availability if pv_works else 1.0 - system.pv_availability
        if chance > 0.0:
            found.append((chance, battery if battery_works else None, pv_works))
    return found


def _binomial(n: int, p: float) -> NDArray[np.float64]:
    """(n + 1,) chances of 0 .. n of n."""
    return np.array([math.comb(n, k) * p**k * (1.0 - p) ** (n - k) for k in range(n + 1)])


def _fleet(kinds: tuple[Generators, ...]) -> _Fleet:
    links = math.prod((kind.units + 1) * (kind.units + 2) // 2 for kind in kinds)
    if links > MOST_LINKS:
        raise TooManyStatesError(f"{links:,} ways for generators to fail in an hour are too many; simulate instead")
    states = list(itertools.product(*(range(kind.units + 1) for kind in kinds)))
    place = {state: k for k, state in enumerate(states)}
    starts = [_binomial(kind.units, kind.start_chance) for kind in kinds]
    stays = [1.0 - hourly_failure(kind) for kind in kinds]
    following = []
    for state in states:
        laws = [_binomial(running, stay) for running, stay in zip(state, stays, strict=True)]
        targets = [
            (place[then], math.prod(law[k] for law, k in zip(laws, then, strict=True)))
            for then in itertools.product(*(range(running + 1) for running in state))
        ]
        kept = [(target, chance) for target, chance in targets if chance > 0.0]
        following.append((np.array([t for t, _ in kept], np.int64), np.array([c for _, c in kept])))
    power = [sum(k * kind.power_kw for k, kind in zip(state, kinds, strict=True)) for state in states]
    start = [math.prod(law[k] for law, k in zip(starts, state, strict=True)) for state in states]
    return _Fleet(np.array(power, np.float64), np.array(start), following)


def _walk(
    system: System, fleet: _Fleet, battery: Battery | None, pv: bool, starts: NDArray[np.int64], duration_h: int
) -> NDArray[np.float64]:
    """(starts, duration) chances under given conditions; states are rows of arrays: start, fleet, energy, chance."""
    n, fleets = system.load_kw.size, fleet.power_kw.size
    counts = np.array([targets.size for targets, _ in fleet.following])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    targets = np.concatenate([t for t, _ in fleet.following])
    chances = np.concatenate([c for _, c in fleet.following])
    live = np.flatnonzero(fleet.start > 0.0)
    start = np.repeat(np.arange(starts.size), live.size)
    running = np.tile(live, starts.size)
    usable = battery.usable_kwh[starts] if battery is not None else np.zeros(starts.size)
    energy, chance = np.repeat(usable, live.size), np.tile(fleet.start[live], starts.size)
    survival = np.zeros((starts.size, duration_h))
    for hour in range(duration_h):
        more = counts[running]
        if more.sum() > MOST_STATES:
            raise TooManyStatesError(f"more than {MOST_STATES:,} states: too many to enumerate; simulate instead")
        of = np.repeat(np.arange(running.size), more)
        within = np.arange(of.size) - np.repeat(np.cumsum(more) - more, more)
        link = offsets[running[of]] + within
        start, energy, chance, running = start[of], energy[of], chance[of] * chances[link], targets[link]
        at = (starts[start] + hour) % n
        load = system.load_kw[at]
        spare = fleet.power_kw[running] + (system.pv_kw[at] if pv else 0.0) - load
        carried, energy = _serve(battery, spare, energy, load)
        start, running, energy, chance = start[carried], running[carried], energy[carried], chance[carried]
        start, running, energy, chance = _merge(start, running, energy, chance, fleets, battery)
        survival[:, hour] = np.bincount(start, chance, starts.size)
        if not start.size:
            break
    return survival


def _serve(
    battery: Battery | None, spare: NDArray[np.float64], energy: NDArray[np.float64], load: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which states carry the hour, and the energy they have after it."""
    slack = ALIKE * np.maximum(load, 1e-300)
    if battery is None:
        return spare >= -slack, energy
    most = np.minimum(battery.power_kw, energy * battery.discharge_efficiency)
    carried = spare + most >= -slack
    taken = np.clip(-spare, 0.0, most) / battery.discharge_efficiency
    put = np.clip(spare, 0.0, battery.power_kw) * battery.charge_efficiency
    return carried, np.clip(energy - taken + put, 0.0, battery.room_kwh)


def _merge(
    start: NDArray[np.int64],
    running: NDArray[np.int64],
    energy: NDArray[np.float64],
    chance: NDArray[np.float64],
    fleets: int,
    battery: Battery | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Add up states that are the same but for rounding."""
    steps = round(1.0 / ALIKE)
    level = np.zeros(start.size, np.int64)
    if battery is not None and battery.room_kwh > 0.0:
        level = np.rint(energy / battery.room_kwh * steps).astype(np.int64)
    key = (start * fleets + running) * (steps + 1) + level
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    total = np.bincount(inverse, chance, first.size).astype(np.float64)
    return start[first], running[first], energy[first], total

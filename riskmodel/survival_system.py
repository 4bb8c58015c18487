"""A small system read from a file: load, PV, generators and a battery, in TOML or JSON, every problem named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmodel.study.problems import MISSING
from riskmodel.study.table_reader import TableReader, read_tables
from riskmodel.survival_exact import Battery, Generators, System

__all__ = ["EXAMPLE", "MOST_HOURS", "read_system", "system_of"]

MOST_HOURS = 8784
MOST_KINDS = 20
MOST_BYTES = 5_000_000
EXAMPLE = """load_kw = [1, 2, 2, 1]
[[generators]]
units = 2
power_kw = 1
mean_time_to_failure_h = 5
[battery]
power_kw = 1
energy_kwh = 4
state_of_charge = 0.75
least_state_of_charge = 0.5
"""


class _Key(NamedTuple):
    """A number of the file: its range and what stands where it is left out (None: it must be there)."""

    low: float
    high: float
    default: float | None = None
    above: bool = False
    whole: bool = False

    def text(self) -> str:
        """What to type."""
        kind = "a whole number" if self.whole else "a number"
        if self.high == math.inf:
            return f"{kind} {'above' if self.above else 'of at least'} {self.low:g}"
        return f"{kind} {'above' if self.above else 'from'} {self.low:g} {'and at most' if self.above else 'to'} " + (
            f"{self.high:g}"
        )

    def allows(self, value: Any) -> bool:
        """Whether a value may stand there."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            return False
        inside = self.low <= value <= self.high and not (self.above and value == self.low)
        return inside and not (self.whole and value != int(value))


SHARE = _Key(0.0, 1.0, 1.0)
GENERATOR = {
    "units": _Key(0, 1000, 1, whole=True),
    "power_kw": _Key(0.0, 1e9, above=True),
    "availability": SHARE,
    "failure_to_start": _Key(0.0, 1.0, 0.0),
    "mean_time_to_failure_h": _Key(1.0, math.inf, math.inf),
}
BATTERY = {
    "power_kw": _Key(0.0, 1e9),
    "energy_kwh": _Key(0.0, 1e12),
    "state_of_charge": _Key(0.0, 1.0, 1.0),
    "least_state_of_charge": _Key(0.0, 1.0, 0.0),
    "charge_efficiency": _Key(0.0, 1.0, 1.0, above=True),
    "discharge_efficiency": _Key(0.0, 1.0, 1.0, above=True),
    "availability": SHARE,
}
TOP = ("load_kw", "pv_kw", "pv_availability", "duration_h", "generators", "battery")
LOAD = _Key(0.0, 1e9)
DURATION = _Key(1, MOST_HOURS, 24, whole=True)


def read_system(path: str | Path) -> tuple[System, int]:
    """System and longest outage [h] of a TOML or JSON file.

    Raises
    ------
    StudyError
        With all problems of the file together.
    """
    return system_of(read_tables(path, "system", EXAMPLE, MOST_BYTES, json_too=True), str(path))


def system_of(tables: Mapping[str, Any], file: str = "system") -> tuple[System, int]:
    """System and longest outage [h] of nested dicts. See `read_system`."""
    reader = _Reader(file)
    reader.known("", tables, TOP)
    load = reader.series("load_kw", tables.get("load_kw"), None)
    hours = 0 if load is None else load.size
    pv = np.zeros(hours)
    if "pv_kw" in tables and load is not None:
        pv = reader.series("pv_kw", tables["pv_kw"], hours)
    pv_availability = reader.number("pv_availability", tables.get("pv_availability", 1.0), SHARE)
    duration = reader.number("duration_h", tables.get("duration_h", DURATION.default), DURATION)
    kinds = reader.tables("generators", tables.get("generators"), MOST_KINDS)
    generators = [reader.numbers(f"generators[{k + 1}]", kind, GENERATOR) for k, kind in enumerate(kinds)]
    battery = reader.battery(tables.get("battery"), hours)
    reader.finish()
    fleet = tuple(Generators(int(g["units"]), *list(g.values())[1:]) for g in generators)
    return System(load, pv, fleet, battery, pv_availability), int(duration)


class _Reader(TableReader):
    """Values of a file as they are read, and the problems found in them so far."""

    def number(self, field: str, value: Any, key: _Key) -> float:
        if value is None:
            self.add(field, MISSING, f"missing; type {key.text()}")
        elif not key.allows(value):
            self.add(field, value, f"type {key.text()}")
        else:
            return float(value)
        return math.nan

    def numbers(self, place: str, table: Mapping[str, Any], keys: Mapping[str, _Key]) -> dict[str, float]:
        self.known(place, table, keys)
        return {name: self.number(f"{place}.{name}", table.get(name, k.default), k) for name, k in keys.items()}

    def series(self, field: str, value: Any, hours: int | None, key: _Key = LOAD) -> Any:
        """(n_hours,) float64 of a list of numbers."""
        if not isinstance(value, list) or not 0 < len(value) <= MOST_HOURS or not all(map(key.allows, value)):
            bad = value
            if isinstance(value, list):
                bad = next((part for part in value if not key.allows(part)), f"{len(value)} numbers")
            shown = MISSING if value is None else bad
            self.add(field, shown, f"type a list of 1 to {MOST_HOURS:,} numbers, one an hour, each {key.text()}")
            return None
        if hours is not None and len(value) != hours:
            self.add(field, f"{len(value)} numbers", f"must have {hours:,}, one for each hour of load_kw")
        return np.array(value, dtype=np.float64)

    def battery(self, table: Any, hours: int) -> Battery | None:
        if table is None:
            return None
        if not isinstance(table, dict):
            self.table("battery", table)
            return None
        own = dict(table)
        charge: NDArray[np.float64] | None = None
        if isinstance(own.get("state_of_charge"), list):
            charge = self.series("battery.state_of_charge", own.pop("state_of_charge"), hours, SHARE)
        found = self.numbers("battery", own, BATTERY)
        if charge is None:
            charge = np.full(hours, found["state_of_charge"])
        rest = [found[name] for name in list(BATTERY)[3:]]
        return Battery(found["power_kw"], found["energy_kwh"], charge, *rest)

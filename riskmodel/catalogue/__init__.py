"""Catalogue of storage cabinets: what is known of each product, with its source and how far to trust it.

The data are in ``cabinets.toml``; this file reads and checks them. A new product needs no code.

Examples
--------
>>> cabinet = cabinets()["261"]
>>> cabinet.value("power_kw"), cabinet.efficiency_at(0.5)
(125.0, 0.9)
>>> sorted(cabinet.capex_usd_per_kwh)
['china_ex_works', 'europe_installed', 'us_installed']
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distributions.input_files import read_text
from distributions.toml_reading import MOST_TOML_BYTES, parse_toml

if TYPE_CHECKING:
    from distributions.laws_base import Law

__all__ = ["FIELDS", "TRUST", "Cabinet", "CapexLaw", "CatalogueError", "Curve", "Sourced", "cabinets", "read_cabinets"]

FILE = Path(__file__).with_name("cabinets.toml")
TRUST = ("read", "computed", "memory", "judgement")
"""How far to trust a number, best first."""


class Field(NamedTuple):
    """A number every cabinet has: unit, allowed range, words, and whether it is a whole number."""

    unit: str
    low: float
    high: float
    words: str
    whole: bool = False


FIELDS: dict[str, Field] = {
    "power_kw": Field("kW", 1.0, 10_000.0, "power at the meter"),
    "energy_kwh": Field("kWh", 1.0, 100_000.0, "energy when new"),
    "cell_ah": Field("Ah", 1.0, 2_000.0, "charge of a cell"),
    "cells_per_module": Field("", 1, 10_000, "cells of a module, in series", True),
    "modules_per_string": Field("", 1, 1_000, "modules of a string, in series", True),
    "strings_per_cabinet": Field("", 1, 1_000, "strings of a cabinet", True),
    "auxiliary_standby_kw": Field("kW", 0.0, 100.0, "own consumption at rest"),
    "auxiliary_full_kw": Field("kW", 0.0, 100.0, "own consumption at full power"),
    "life_cycles": Field("cycles", 1.0, 100_000.0, "full cycles to the end of life"),
    "life_years": Field("years", 1.0, 50.0, "design life"),
    "end_of_life_capacity": Field("", 0.0, 1.0, "share of the new capacity at the end of life"),
    "warranty_years": Field("years", 0.0, 50.0, "energy warranty"),
    "warranty_capacity": Field("", 0.0, 1.0, "share of the new capacity it covers"),
    "converter_failures_per_year": Field("1/year", 0.0, 100.0, "failures of the converter"),
    "converter_repair_h": Field("h", 0.1, 100_000.0, "mean time to repair the converter"),
    "battery_failures_per_year": Field("1/year", 0.0, 100.0, "failures of the battery and its management"),
    "battery_repair_h": Field("h", 0.1, 100_000.0, "mean time to repair the battery"),
}
"""Numbers of a cabinet by name."""


class CatalogueError(ValueError):
    """A catalogue that cannot be used: the message names file, field, value and what is allowed."""


class Sourced(NamedTuple):
    """A number with its unit, where it comes from and how far to trust it (one of `TRUST`)."""

    value: float
    unit: str
    source: str
    trust: str


class Curve(NamedTuple):
    """Values by load, straight lines between; `load` rises within 0..1."""

    load: tuple[float, ...]
    value: tuple[float, ...]
    source: str
    trust: str


class CapexLaw(NamedTuple):
    """Price of a cabinet in one region: what it covers, and its law [USD/kWh] as a study would write it."""

    scope: str
    spec: dict[str, Any]
    source: str
    trust: str

    def law(self) -> Law:
        """The law itself."""
        from distributions.laws import from_spec

        return from_spec(self.spec)


class Cabinet(NamedTuple):
    """A storage cabinet.

    Attributes
    ----------
    name, title, cooling : str
    numbers : mapping of name in `FIELDS` -> Sourced
    round_trip_efficiency : Curve, AC to AC by share of full power, without auxiliaries
    capex_usd_per_kwh : mapping of region -> CapexLaw
    """

    name: str
    title: str
    cooling: str
    numbers: Mapping[str, Sourced]
    round_trip_efficiency: Curve
    capex_usd_per_kwh: Mapping[str, CapexLaw]

    def value(self, field: str) -> float:
        """A number of `FIELDS`, in its unit."""
        return self.numbers[field].value

    def efficiency_at(self, load: float) -> float:
        """Round-trip efficiency at a share of full power.

        Raises
        ------
        ValueError
            Outside the loads it is known for.
        """
        curve = self.round_trip_efficiency
        if not curve.load[0] <= load <= curve.load[-1]:
            raise ValueError(f"load = {load}: round-trip efficiency is known from {curve.load[0]} to {curve.load[-1]}")
        for k in range(1, len(curve.load)):
            if load <= curve.load[k]:
                share = (load - curve.load[k - 1]) / (curve.load[k] - curve.load[k - 1])
                return curve.value[k - 1] + share * (curve.value[k] - curve.value[k - 1])
        return curve.value[-1]


@cache
def cabinets() -> Mapping[str, Cabinet]:
    """Shipped cabinets by name."""
    return read_cabinets(FILE)


def read_cabinets(path: str | Path) -> dict[str, Cabinet]:
    """Read a catalogue of cabinets.

    Raises
    ------
    CatalogueError
        At the first field that is missing, unknown, out of range, or without source or trust.
    """
    place = Path(path)
    try:
        data = parse_toml(read_text(place, MOST_TOML_BYTES))
    except ValueError as error:
        raise CatalogueError(f"{place.name}: cannot be read: {error}") from None
    reader = _Reader(place.name)
    reader.keys("file", data, {"cabinets"})
    return {name: reader.cabinet(name, table) for name, table in reader.table("cabinets", data["cabinets"]).items()}


class _Reader:
    """Checks with the name of the file in every message."""

    def __init__(self, file: str):
        self.file = file

    def wrong(self, field: str, text: str) -> CatalogueError:
        """The error of one field, with the name of the file."""
        return CatalogueError(f"{self.file}: {field}: {text}")

    def table(self, field: str, value: Any) -> dict[str, Any]:
        """A table that is not empty."""
        if not isinstance(value, dict) or not value:
            raise self.wrong(field, "must be a table with at least one key")
        return value

    def keys(self, field: str, value: Any, wanted: set[str]) -> dict[str, Any]:
        """A table with exactly the wanted keys."""
        table = self.table(field, value)
        for key in sorted(wanted - table.keys()):
            raise self.wrong(f"{field}.{key}", "missing")
        for key in sorted(table.keys() - wanted):
            raise self.wrong(f"{field}.{key}", f"unknown key; known here: {', '.join(sorted(wanted))}")
        return table

    def text(self, field: str, value: Any) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{field} = {value!r}", "must be a text that is not empty")
        return value

    def origin(self, field: str, table: dict[str, Any]) -> tuple[str, str]:
        """Source and trust of a table."""
        if table["trust"] not in TRUST:
            raise self.wrong(f"{field}.trust = {table['trust']!r}", f"must be one of {', '.join(TRUST)}")
        return self.text(f"{field}.source", table["source"]), table["trust"]

    def number(self, field: str, value: Any, kind: Field) -> float:
        """A finite number in the range of its field, in its unit."""
        known = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not known or not kind.low <= value <= kind.high or (kind.whole and value != int(value)):
            what = "a whole number" if kind.whole else "a number"
            raise self.wrong(f"{field} = {value!r}", f"must be {what} from {kind.low:g} to {kind.high:g} {kind.unit}")
        return float(value)

    def cabinet(self, name: str, value: Any) -> Cabinet:
        """One product."""
        at = f"cabinets.{name}"
        table = self.keys(at, value, {"title", "cooling", "numbers", "round_trip_efficiency", "capex_usd_per_kwh"})
        numbers = self.keys(f"{at}.numbers", table["numbers"], set(FIELDS))
        capex = self.table(f"{at}.capex_usd_per_kwh", table["capex_usd_per_kwh"])
        return Cabinet(
            name,
            self.text(f"{at}.title", table["title"]),
            self.text(f"{at}.cooling", table["cooling"]),
            {key: self.sourced(f"{at}.numbers.{key}", numbers[key], kind) for key, kind in FIELDS.items()},
            self.curve(f"{at}.round_trip_efficiency", table["round_trip_efficiency"]),
            {region: self.capex(f"{at}.capex_usd_per_kwh.{region}", spec) for region, spec in capex.items()},
        )

    def sourced(self, field: str, value: Any, kind: Field) -> Sourced:
        """A number with source and trust."""
        table = self.keys(field, value, {"value", "source", "trust"})
        return Sourced(self.number(f"{field}.value", table["value"], kind), kind.unit, *self.origin(field, table))

    def curve(self, field: str, value: Any) -> Curve:
        """Values by load that rises."""
        table = self.keys(field, value, {"load", "value", "source", "trust"})
        share = Field("", 0.0, 1.0, "")
        for key in ("load", "value"):
            if not isinstance(table[key], list) or len(table[key]) != len(table["load"]) or len(table[key]) < 2:
                raise self.wrong(f"{field}.{key}", "must be a list of two numbers or more, as many as there are loads")
        load, values = (tuple(self.number(f"{field}.{k}", x, share) for x in table[k]) for k in ("load", "value"))
        if any(b <= a for a, b in itertools.pairwise(load)):
            raise self.wrong(f"{field}.load = {list(load)}", "must rise")
        return Curve(load, values, *self.origin(field, table))

    def capex(self, field: str, value: Any) -> CapexLaw:
        """Price of one region, as a law."""
        table = self.keys(field, value, {"scope", "law", "source", "trust"})
        spec = self.table(f"{field}.law", table["law"])
        return CapexLaw(self.text(f"{field}.scope", table["scope"]), spec, *self.origin(field, table))

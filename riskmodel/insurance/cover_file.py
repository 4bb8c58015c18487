"""A cover read from a TOML file, every problem named with the field, the value and what to type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from riskmodel.insurance.cover import (
    CLOCKS,
    FROM,
    METHODS,
    TRIGGERS,
    WAITINGS,
    Cover,
    Layer,
    Price,
    TableAxes,
    Treaty,
    Trigger,
)
from riskmodel.insurance.losses import CLASSES
from riskmodel.study.problems import MISSING
from riskmodel.study.table_reader import TableReader, read_tables

__all__ = ["EXAMPLE", "cover_of", "read_cover"]

EXAMPLE = """[cover]
name = "Outage cover"
perils = ["interruption", "sag"]
waiting_period_h = 8
[[layers]]
name = "primary"
limit = 1_000_000
"""
MOST_LAYERS = 50
MOST_WAIT_H = 2160.0
MOST_MONEY = 1e15
MOST_CELLS = 2000


class _Number(NamedTuple):
    """Range of a number, and what it is."""

    low: float
    high: float
    unit: str
    example: str
    above: bool = False
    whole: bool = False

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value, or None."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            return f"must be a number without quotes; type for example {self.example}"
        fits = self.low <= value <= self.high and not (self.above and value == self.low)
        if fits and not (self.whole and value != int(value)):
            return None
        kind = "a whole number " if self.whole else ""
        bounded = self.high < MOST_MONEY
        most = f" to {self.high:,g}" if bounded else " or more" + ("" if math.isinf(self.high) else ", and finite")
        span = (
            f"above {self.low:g}{most if bounded else most.removeprefix(' or more')}"
            if self.above
            else f"{self.low:g}{most}"
        )
        return f"must be {kind}{span} {self.unit}".rstrip() + f"; type for example {self.example}"


def _money(name: str, example: str, above: bool = False, endless: bool = False) -> _Number:
    high = math.inf if endless else MOST_MONEY
    return _Number(0.0, high, "in the currency of the losses", f"{name} = {example}", above)


HOURS = "h (hours, not minutes, seconds or days)"
SHARED: dict[str, Any] = {
    "perils": None,
    "clock": CLOCKS,
    "waiting": WAITINGS,
    "indemnity_from": FROM,
    "waiting_period_h": _Number(0.0, MOST_WAIT_H, HOURS, "waiting_period_h = 8"),
    "indemnity_period_h": _Number(0.0, math.inf, HOURS, "indemnity_period_h = 720", above=True),
    "hours_clause_h": _Number(0.0, 8760.0, HOURS, "hours_clause_h = 72", above=True),
    "deductible": _money("deductible", "50_000"),
}
"""Keys of [cover] that every layer takes unless it has its own."""
EXCESS: dict[str, Any] = {
    "attachment": _money("attachment", "100_000"),
    "limit": _money("limit", "1_000_000", above=True, endless=True),
    "participation": _Number(0.0, 1.0, "(a share)", "participation = 1.0", above=True),
    "aggregate_deductible": _money("aggregate_deductible", "100_000"),
    "aggregate_limit": _money("aggregate_limit", "2_000_000", above=True, endless=True),
    "reinstatements": _Number(0, 20, "", "reinstatements = 1", whole=True),
    "reinstatement_charge": None,
}
TRIGGER: dict[str, Any] = {
    "kind": TRIGGERS,
    "threshold": _Number(0.0, MOST_MONEY, "(hours, or sags)", "threshold = 4"),
    "payout": _money("payout", "20_000", above=True),
    "basis": ("event", "year"),
    "index": ("own", "path_mean"),
}
PRICE: dict[str, Any] = {
    "method": METHODS,
    "standard_deviation_factor": _Number(0.0, 10.0, "", "standard_deviation_factor = 0.25"),
    "wang_lambda": _Number(0.0, 5.0, "", "wang_lambda = 0.25"),
    "cost_of_capital": _Number(0.0, 1.0, "per year (a share)", "cost_of_capital = 0.08"),
    "capital_measure": ("tvar", "var"),
    "capital_return_period_years": _Number(1.0, 1e6, "years", "capital_return_period_years = 200", above=True),
    "expense_share": _Number(0.0, 0.9, "(a share of the premium)", "expense_share = 0.15"),
    "expense_fixed": _money("expense_fixed", "10_000"),
    "one_in_years": _Number(1.0, 1e6, "years", "one_in_years = [10, 100]", above=True),
}
TABLE: dict[str, Any] = {
    "layer": None,
    "attachments": EXCESS["attachment"],
    "limits": EXCESS["limit"],
    "waiting_periods_h": SHARED["waiting_period_h"],
}
CHARGE = _Number(0.0, 5.0, "(a share of the premium)", "reinstatement_charge = [1.0, 0.5]")
TOP = ("cover", "layers", "reinsurance", "price", "table")
NOT_WITH_TRIGGER = ("deductible", "attachment", "waiting_period_h", "indemnity_period_h", "hours_clause_h")


def read_cover(path: str | Path) -> Cover:
    """Cover of a TOML file.

    Raises
    ------
    StudyError
        With all problems of the file together.
    """
    return cover_of(read_tables(path, "cover", EXAMPLE), str(path))


def cover_of(tables: Mapping[str, Any], file: str = "cover") -> Cover:
    """Cover of nested dicts. See `read_cover`."""
    reader = _Reader(file)
    reader.known("", tables, TOP)
    head = reader.table("cover", tables.get("cover", {}))
    reader.known("cover", head, ("name", "currency", *SHARED))
    common = reader.values("cover", head, SHARED)
    layers = [
        reader.layer(f"layers[{k + 1}]", entry, common, f"layer {k + 1}")
        for k, entry in enumerate(reader.tables("layers", tables.get("layers"), MOST_LAYERS))
    ]
    if not layers:
        reader.add("layers", MISSING, "missing; add at least one [[layers]] table, for example\n" + EXAMPLE)
    treaties = [
        reader.treaty(f"reinsurance[{k + 1}]", entry, f"treaty {k + 1}")
        for k, entry in enumerate(reader.tables("reinsurance", tables.get("reinsurance"), MOST_LAYERS))
    ]
    names = [layer.name for layer in layers]
    for name in {name for name in names if names.count(name) > 1}:
        reader.add("layers.name", name, "comes twice: give each layer a name of its own")
    price = reader.table("price", tables.get("price", {}))
    reader.known("price", price, tuple(PRICE))
    terms = reader.values("price", price, PRICE, lists=("one_in_years",))
    axes = reader.axes(tables["table"], layers) if "table" in tables else None
    name, currency = (
        reader.text("cover.name", head.get("name", "cover")),
        reader.text("cover.currency", head.get("currency", "")),
    )
    reader.finish()
    return Cover(name, tuple(layers), tuple(treaties), Price(**terms), axes, currency)


class _Reader(TableReader):
    """Values of a file as they are read, and the problems found in them so far."""

    def near(self, key: str, keys: Sequence[str]) -> str | None:
        """Known key that was perhaps meant; durations are in hours here."""
        timed = key.rpartition("_")[0] + "_h"
        return f"{timed} (in hours)" if timed in keys and key != timed else super().near(key, keys)

    def values(
        self, place: str, table: Mapping[str, Any], keys: Mapping[str, Any], lists: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The keys of a table that are there and right."""
        found: dict[str, Any] = {}
        for key, rule in keys.items():
            if key not in table:
                continue
            value, field = table[key], f"{place}.{key}"
            if key == "perils":
                self.perils(field, value, found)
            elif key == "reinstatement_charge":
                self.numbers(field, key, value if isinstance(value, list) else [value], CHARGE, found)
            elif key in lists:
                self.numbers(field, key, value, rule, found)
            elif isinstance(rule, _Number):
                problem = rule.problem(value)
                if problem is None:
                    found[key] = int(value) if rule.whole else float(value)
                else:
                    self.add(field, value, problem)
            elif rule is not None and value in rule:
                found[key] = value
            elif rule is not None:
                self.add(field, value, "must be one of " + ", ".join(f'"{word}"' for word in rule))
        return found

    def numbers(self, field: str, key: str, value: Any, rule: _Number, found: dict[str, Any]) -> None:
        if not isinstance(value, list) or not value:
            self.add(field, value, f"must be a list of numbers in square brackets; type for example {rule.example}")
            return
        wrong = next((text for item in value if (text := rule.problem(item)) is not None), None)
        if wrong is None:
            found[key] = tuple(float(item) for item in value)
        else:
            self.add(field, value, wrong)

    def perils(self, field: str, value: Any, found: dict[str, Any]) -> None:
        if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
            found["perils"] = tuple(value)
        else:
            self.add(field, value, f"must be a list of causes in quotes, such as {', '.join(CLASSES)}; or take it out")

    def layer(self, place: str, table: Mapping[str, Any], common: dict[str, Any], name: str) -> Layer:
        self.known(place, table, ("name", "trigger", *SHARED, *EXCESS))
        own = self.values(place, table, SHARED | EXCESS)
        trigger = self.trigger(f"{place}.trigger", table["trigger"]) if "trigger" in table else None
        if trigger is not None:
            for key in NOT_WITH_TRIGGER:
                if key in table:
                    self.add(f"{place}.{key}", table[key], "a trigger pays by its index alone; take this out")
            common = {key: value for key, value in common.items() if key not in NOT_WITH_TRIGGER}
        terms = common | own
        self.reinstatements(place, terms)
        return Layer(self.text(f"{place}.name", table.get("name", name)), **terms, trigger=trigger)

    def reinstatements(self, place: str, terms: dict[str, Any]) -> None:
        count, charge = terms.get("reinstatements"), terms.get("reinstatement_charge", ())
        if count is None:
            if charge:
                self.add(f"{place}.reinstatement_charge", list(charge), "goes with reinstatements = 1, 2, ...")
            return
        if not math.isfinite(terms.get("limit", math.inf)):
            self.add(f"{place}.reinstatements", count, "needs a limit to restore; type for example limit = 1_000_000")
        if len(charge) == 1:
            terms["reinstatement_charge"] = charge * count
        elif charge and len(charge) != count:
            message = f"must hold one number, or one for each of the {count} reinstatements"
            self.add(f"{place}.reinstatement_charge", list(charge), message)

    def trigger(self, place: str, value: Any) -> Trigger | None:
        table = self.table(place, value)
        self.known(place, table, TRIGGER)
        found = self.values(place, table, TRIGGER)
        for key in ("kind", "threshold", "payout"):
            if key not in table:
                example = 'kind = "hours_without_grid"' if key == "kind" else TRIGGER[key].example
                self.add(f"{place}.{key}", MISSING, f"missing; type for example {example}")
        if found.get("basis") == "event" and found.get("kind") in ("sag_count", "saidi"):
            self.add(f"{place}.basis", "event", f'{found["kind"]} is counted over a year; type basis = "year"')
        return Trigger(**found) if {"kind", "threshold", "payout"} <= set(found) else None

    def treaty(self, place: str, table: Mapping[str, Any], name: str) -> Treaty:
        self.known(place, table, ("name", "quota_share", "hours_clause_h", *EXCESS))
        share = _Number(0.0, 1.0, "(the share ceded)", "quota_share = 0.3", above=True)
        own = self.values(place, table, {"quota_share": share, "hours_clause_h": SHARED["hours_clause_h"], **EXCESS})
        quota = own.pop("quota_share", 0.0)
        if quota and own:
            self.add(place, MISSING, "is a quota share with terms of an excess; write two [[reinsurance]] tables")
        if "quota_share" not in table and "limit" not in table:
            message = "missing; type quota_share = 0.3, or an attachment and a limit"
            self.add(f"{place}.limit", MISSING, message)
        self.reinstatements(place, own)
        title = self.text(f"{place}.name", table.get("name", name))
        return Treaty(title, quota, Layer(title, **own))

    def axes(self, value: Any, layers: list[Layer]) -> TableAxes | None:
        table = self.table("table", value)
        self.known("table", table, TABLE)
        lists = ("attachments", "limits", "waiting_periods_h")
        found = self.values("table", table, TABLE, lists)
        names = [layer.name for layer in layers if layer.trigger is None]
        chosen = table.get("layer", names[0] if names else "")
        if chosen not in names:
            self.add(
                "table.layer", chosen, "must be one of the layers that pay by loss: " + (", ".join(names) or "none")
            )
            return None
        base = next(layer for layer in layers if layer.name == chosen)
        own = ((base.attachment,), (base.limit,), (base.waiting_period_h,))
        attachments, limits, waits = (found.get(key, default) for key, default in zip(lists, own, strict=True))
        if len(attachments) * len(limits) * len(waits) > MOST_CELLS:
            self.add("table", MISSING, f"has more than {MOST_CELLS:,} cells; take values out")
        return TableAxes(chosen, attachments, limits, waits)

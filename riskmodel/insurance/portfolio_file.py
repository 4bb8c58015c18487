"""A portfolio read from a TOML file, every problem named with the field, the value and what to type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributions.outages import FAMILIES
from riskmodel.insurance.portfolio import Grid, Portfolio, Site
from riskmodel.study.problems import MISSING, StudyError, nearest
from riskmodel.study.table_reader import TableReader, read_tables

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = ["EXAMPLE", "read_portfolio"]

EXAMPLE = """[grids.north.common]
extreme = 0.8
[[sites]]
name = "one"
study = "nordic_inference"
strategy = "grid_expansion"
grid = "north"
"""
MOST_SITES = 1000
MOST_TEXT = 1000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,63}", re.ASCII)
NAME_HINT = (
    "must be a name of 1 to 64 letters A-Z, digits, spaces, _, - or ., and begin with a letter or a digit; type for "
    'example name = "site_a"'
)
RESERVED = ("portfolio", "sum of sites")
SITE_KEYS = ("name", "study", "strategy", "grid", "count", "set")
GRID_KEYS = ("region", "source", "common")

Load = Callable[[str, Sequence[str]], "Study"]
"""(name of a shipped study or path, overrides) -> study; raises StudyError."""


def read_portfolio(path: str | Path, load: Load) -> Portfolio:
    """Portfolio of a TOML file.

    Parameters
    ----------
    path : path
        Keys: ``portfolio.name``; by grid ``grids.NAME.region``, ``.source``, and ``.common`` with a share 0..1 by
        family; ``[[sites]]`` with ``name``, ``study`` (a shipped one, or a file beside this one), ``strategy``, and
        where wanted ``grid``, ``count`` (sites alike in law, named NAME_1 ..) and ``set`` (changes of the study's
        fields). A site without a grid has one of its own.
    load : callable

    Raises
    ------
    StudyError
        With all problems of the file together.
    """
    return _Reader(str(path), Path(path).parent, load).portfolio(read_tables(path, "portfolio", EXAMPLE))


class _Reader(TableReader):
    """What is read so far, and the problems found."""

    def __init__(self, file: str, folder: Path, load: Load) -> None:
        super().__init__(file)
        self.folder, self.load = folder, load
        self.loaded: dict[tuple[str, ...], Study | None] = {}

    def portfolio(self, tables: Mapping[str, Any]) -> Portfolio:
        self.known("", tables, ("portfolio", "grids", "sites"))
        head = self.table("portfolio", tables.get("portfolio", {}))
        self.known("portfolio", head, ("name",))
        name = self.text("portfolio.name", head.get("name", Path(self.file).stem), 1, MOST_TEXT)
        given = self.table("grids", tables.get("grids", {}))
        grids = {key: self.grid(key, value) for key, value in given.items()}
        listed = tables.get("sites", [])
        if not isinstance(listed, list) or not listed or not all(isinstance(entry, dict) for entry in listed):
            self.add("sites", MISSING, "must be one or more tables [[sites]]; type for example\n" + EXAMPLE)
            listed = []
        sites = [site for k, entry in enumerate(listed) for site in self.sites(f"sites[{k + 1}]", entry, grids)]
        if len(sites) > MOST_SITES:
            self.add("sites", MISSING, f"are {len(sites):,} with their counts; type at most {MOST_SITES:,}")
        for site in sites:
            if site.name in RESERVED:
                self.add("sites.name", site.name, "is what the tables call all sites; type another name")
        for twice, count in Counter(site.name for site in sites).items():
            if count > 1:
                self.add("sites.name", twice, f"comes {count} times: give each site a name of its own")
        if not self.problems:
            self.alike(sites)
        self.finish()
        return Portfolio(name, tuple(sites))

    def name(self, field: str, value: Any) -> str:
        if isinstance(value, str) and NAME.fullmatch(value):
            return value
        self.add(field, value, NAME_HINT)
        return ""

    def grid(self, key: str, value: Any) -> Grid:
        place = f"grids.{key}"
        if not NAME.fullmatch(key):
            self.add(place, MISSING, NAME_HINT.replace('name = "site_a"', "[grids.north]"))
        table = self.table(place, value)
        self.known(place, table, GRID_KEYS)
        shares = self.table(f"{place}.common", table.get("common", {}))
        self.known(f"{place}.common", shares, FAMILIES)
        common = tuple(
            self.share(f"{place}.common.{family}", shares[family]) if family in shares else 0.0 for family in FAMILIES
        )
        if any(common) and "source" not in table:
            hint = "missing; say where the shares come from, type for example source = "
            self.add(f"{place}.source", MISSING, hint + '"judgement"')
        region = self.name(f"{place}.region", table["region"]) if "region" in table else ""
        source = self.text(f"{place}.source", table["source"], 1, MOST_TEXT) if "source" in table else ""
        return Grid(key, region, common, source)

    def share(self, field: str, value: Any) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and 0.0 <= value <= 1.0:
            return float(value)
        example = field.rpartition(".")[2]
        message = (
            f"must be a share from 0 (no event comes to all sites) to 1 (all do); type for example {example} = 0.5"
        )
        self.add(field, value, message)
        return 0.0

    def sites(self, place: str, table: Mapping[str, Any], grids: Mapping[str, Grid]) -> list[Site]:
        """The sites of one table; none where something is wrong."""
        before = len(self.problems)
        self.known(place, table, SITE_KEYS)
        for key, example in (("name", '"site_a"'), ("study", '"nordic_inference"'), ("strategy", '"grid"')):
            if key not in table:
                self.add(f"{place}.{key}", MISSING, f"missing; type for example {key} = {example}")
        name = self.name(f"{place}.name", table["name"]) if "name" in table else ""
        count = table.get("count", 1)
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_SITES:
            self.add(
                f"{place}.count", count, f"must be a whole number from 1 to {MOST_SITES:,}; type for example count = 3"
            )
            count = 1
        overrides = table.get("set", [])
        if not isinstance(overrides, list) or not all(isinstance(text, str) and "=" in text for text in overrides):
            message = 'must be a list of changes; type for example set = ["site.price_zone=SE4"]'
            self.add(f"{place}.set", overrides, message)
            overrides = []
        chosen = table.get("grid")
        if chosen is not None and (not isinstance(chosen, str) or chosen not in grids):
            self.add(f"{place}.grid", chosen, self.one_of("grid", chosen, list(grids), "[grids.NAME]"))
        study = self.study(place, table["study"], tuple(overrides)) if "study" in table else None
        strategy = table.get("strategy")
        if study is not None and "strategy" in table and strategy not in study.strategy_names:
            message = self.one_of("strategy", strategy, list(study.strategy_names), "strategies")
            self.add(f"{place}.strategy", strategy, message)
        if len(self.problems) > before or study is None or strategy is None:
            return []
        names = [name] if count == 1 else [f"{name}_{k + 1}" for k in range(count)]
        nothing = (0.0,) * len(FAMILIES)
        from riskmodel.variants import only

        needed = only(study, {study.header.baseline, strategy})
        return [
            Site(one, needed, strategy, grids[chosen] if chosen is not None else Grid(f"({one})", "", nothing, ""))
            for one in names
        ]

    def one_of(self, what: str, value: Any, known: list[str], none: str) -> str:
        near = nearest(value, known) if isinstance(value, str) else None
        hint = f"did you mean {near}? " if near else ""
        return f"no such {what}; {hint}known: {', '.join(known) or f'none, add {none}'}"

    def study(self, place: str, value: Any, overrides: tuple[str, ...]) -> Study | None:
        if not isinstance(value, str) or not value:
            self.add(f"{place}.study", value, 'must be a text in quotes; type for example study = "nordic_inference"')
            return None
        beside = self.folder / value
        name = str(beside) if value.endswith(".toml") or "/" in value else value
        key = (name, *overrides)
        if key not in self.loaded:
            self.loaded[key] = None
            try:
                study = self.load(name, overrides)
            except StudyError as error:
                for problem in error.problems:
                    self.add(f"{place}.study", value, f"its study is no good: {problem}")
                return None
            if study.given_events() is not None:
                message = "its events are given; a portfolio draws them: leave site.given_events out"
                self.add(f"{place}.study", value, message)
                return None
            self.loaded[key] = study
        return self.loaded[key]

    def alike(self, sites: list[Site]) -> None:
        """What sites must have in common, so that their years and money can be added up."""
        first = sites[0]
        for site in sites[1:]:
            for key in ("currency", "price_year", "years"):
                here, there = getattr(site.study.header, key), getattr(first.study.header, key)
                if here != there:
                    text = f"site {site.name} has {here}, site {first.name} {there}; all sites must have the same"
                    self.add(f"study.{key}", MISSING, text)
        by_grid: dict[str, Site] = {}
        for site in sites:
            other = by_grid.setdefault(site.grid.name, site)
            here, there = site.study.record_names(), other.study.record_names()
            for key in ("outages", "weather"):
                if any(site.grid.common) and here[key] != there[key]:
                    text = (
                        f"sites {site.name} and {other.name} share events of grid {site.grid.name}, and have other "
                        f"records ({here[key]}, {there[key]}); give them the same with "
                        f'set = ["site.{key}={there[key]}"], or another grid'
                    )
                    self.add(f"site.{key}", MISSING, text)

"""Areas of an adequacy study from CSV files: the load of each, its units, and the links between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from riskmodel.adequacy_area_system import MOST_AREAS, AreaSystem, Links
from riskmodel.adequacy_table import TIME_NAMES, check_hours, columns_of, read_units_by_area, unit_row
from riskmodel.csv_table import CsvTable, read_csv_table
from riskmodel.study.problems import nearest

__all__ = ["read_areas"]

ENDS: dict[str, tuple[str, ...]] = {
    "from": ("from", "from_area", "area_from", "start"),
    "to": ("to", "to_area", "area_to", "end"),
    "back_mw": ("back_mw", "mw_back", "reverse_mw", "mw_reverse"),
}
"""Meaning of a link's column by its name, in lower case; the others are those of a unit."""
LOAD_END = "_mw"


def read_areas(units: str | Path, load: str | Path, links: str | Path | None) -> tuple[AreaSystem, list[str]]:
    """Read areas.

    Parameters
    ----------
    units : path
        CSV as `riskmodel.adequacy_table.read_units_by_area` reads it, with a column ``area``.
    load : path
        CSV with one row an hour and one column an area: its name, perhaps followed by ``_mw``; columns that say when
        (``hour``, ``time`` ...) are checked for gaps.
    links : path or None
        CSV with ``from``, ``to``, ``mw`` in either direction (``back_mw`` where the way back differs), and failures
        and repairs in the words of the units; ``count`` repeats a row. None: each area is on its own.

    Returns
    -------
    AreaSystem
    list of str
        What the reader should know.

    Raises
    ------
    StudyError
    """
    numbers, of_unit, notes = read_units_by_area(units)
    own = sorted(set(of_unit))
    table = read_csv_table(load)
    names, loads = _area_loads(table, own)
    unit_table = read_csv_table(units)
    if not of_unit:
        unit_table.file_problem("column area", f"missing: links need the area of each unit ({', '.join(names)})")
    for area in own:
        if area not in names:
            unit_table.file_problem(f"area {area}", _unknown(area, names, table.file))
    unit_table.finish()
    found = _links(links, names, table.file) if links is not None else Links.none()
    idle = [name for k, name in enumerate(names) if name not in own and k not in {*found.start, *found.end}]
    for name in idle:
        table.file_problem(f"area {name}", f"has load but neither units nor links; areas with units: {', '.join(own)}")
    table.finish()
    place = np.array([names.index(area) for area in of_unit], dtype=np.int64)
    return AreaSystem(tuple(names), numbers, place, found, loads), notes


def _unknown(area: str, names: list[str], file: str) -> str:
    near = nearest(area, names)
    hint = f"did you mean {near}?" if near else f"its areas are {', '.join(names)}"
    return f"{file} has no column of this area ({hint}); an area without load takes a column of zeros"


def _area_loads(table: CsvTable, own: list[str]) -> tuple[list[str], np.ndarray]:
    """Areas in the order of the columns, and the (n_areas, n_hours) load of each."""
    names, rows = [], []
    for column in table.columns:
        if column.lower() in TIME_NAMES and column not in own:
            continue
        name = column
        if column not in own and column.lower().endswith(LOAD_END):
            name = column[: -len(LOAD_END)]
        if not name or (name not in own and name.replace(".", "", 1).isdecimal()):
            text = f"the first row must name the columns, one an area, e.g. {', '.join(own) or 'north, south'}"
            table.file_problem(f"column {column or '(without a name)'}", text)
            continue
        if name in names:
            table.file_problem(f"column {column}", f"area {name} comes twice: keep one of them")
            continue
        names.append(name)
        rows.append(table.numbers(column, "a load in MW, 0 or more, e.g. 185", least=0.0))
    if not names:
        table.file_problem("columns", f"no load of an area found among {table.heading()}")
    if len(names) > MOST_AREAS:
        table.file_problem("columns", f"{len(names)} areas: at most {MOST_AREAS}")
    check_hours(table)
    table.finish()
    return names, np.array(rows)


def _links(path: str | Path, names: list[str], load_file: str) -> Links:
    table = read_csv_table(path)
    columns = columns_of(table, ENDS)
    for key in ("from", "to"):
        if key not in columns:
            table.file_problem(f"column {key}", f"missing; the first row must name it. Found: {table.heading()}")
    table.finish()
    rows = []
    for i in range(len(table)):
        count, mw, failure, repair, _ = unit_row(table, i, columns)
        ends = [table.cell(i, columns[key]) for key in ("from", "to")]
        for key, area in zip(("from", "to"), ends, strict=True):
            if area not in names:
                table.problem(i, columns[key], _unknown(area, names, load_file) if area else "type an area")
        if ends[0] and ends[0] == ends[1]:
            table.problem(i, columns["to"], "is the area the link comes from: type another one")
        back = mw
        if "back_mw" in columns and table.cell(i, columns["back_mw"]):
            back = table.number(i, columns["back_mw"], "a capacity in MW, 0 or more, e.g. 40", least=0.0)
        places = [names.index(area) if area in names else 0 for area in ends]
        rows += [(*places, mw, back, failure, repair)] * count
    table.finish()
    numbers = np.array(rows, dtype=np.float64).T.copy()
    return Links(*numbers[:2].astype(np.int64), *numbers[2:])

"""The command ``adequacy``: is there enough capacity for the load, exactly and by simulation."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from studies.cli_problems import plain_problems, printable, refuse

__all__ = ["adequacy_of_files"]

INDICES = (
    ("lole_h", "lole_h_per_year", "hours of loss of load (LOLE)", "h"),
    ("lole_days", "lole_d_per_year", "days whose peak is not met (LOLE)", "d"),
    ("loee_mwh", "loee_mwh_per_year", "energy not served (LOEE, EUE)", "MWh"),
    ("lolf", "lolf_per_year", "occurrences of loss of load (LOLF)", "times"),
)
"""Field of `Indices`, name in JSON and CSV, words, unit. One pass of the load file is the year."""
ALL = "all areas"


def adequacy_of_files(
    units_file: Path,
    load_file: Path,
    years: int,
    seed: int | None,
    out: Path | None,
    as_json: bool,
    links_file: Path | None = None,
) -> None:
    """Compute, show and perhaps write the adequacy indices of a list of units and a load, in one area or several."""
    with plain_problems():
        from riskmodel.adequacy_table import read_load, read_units_by_area
        from riskmodel.csv_table import write_csv

        inputs = [file for file in (units_file, load_file, links_file) if file is not None]
        if out is not None and any(out.exists() and file.exists() and out.samefile(file) for file in inputs):
            raise refuse(f"--out {out}: is one of the inputs: type another name")
        seed = secrets.randbits(63) if seed is None else seed
        units, areas, notes = read_units_by_area(units_file)
        if links_file is None and len(set(areas)) < 2:
            record = _one_area(units_file, units, read_load(load_file), years, seed)
        else:
            record = _several_areas(units_file, load_file, links_file, years, seed, notes)
        if out is not None:
            columns = ["index", "unit", "exact", "simulated", "standard_error"]
            write_csv(out, ["area", *columns] if "areas" in record else columns, _rows(record))
    if as_json:
        typer.echo(json.dumps(record, indent=2))
    else:
        _print(record, notes, out)


def _one_area(units_file: Path, units: Any, load: Any, years: int, seed: int) -> dict[str, Any]:
    from riskmodel.adequacy import exact_indices
    from riskmodel.adequacy_simulation import simulate_years

    try:
        exact = exact_indices(units, load)
    except ValueError as error:
        raise refuse(f"{units_file}: {error}") from None
    simulated = simulate_years(units, load, years, seed) if years else None
    record = {"hours": len(load), "units": len(units.mw), "installed_mw": units.installed_mw}
    record |= {"peak_mw": float(load.max()), "years": years, "seed": seed}
    return record | _figures(exact, simulated)


def _several_areas(
    units_file: Path, load_file: Path, links_file: Path | None, years: int, seed: int, notes: list[str]
) -> dict[str, Any]:
    from riskmodel.adequacy_area_table import read_areas
    from riskmodel.adequacy_areas import exact_areas
    from riskmodel.adequacy_areas_simulation import simulate_areas

    system, _ = read_areas(units_file, load_file, links_file)
    exact = None
    try:
        exact = exact_areas(system)
    except ValueError as error:
        notes.append(f"no exact figures: {error}")
        if not years:
            raise refuse(f"{units_file}: {error}: type --years 2000 to simulate") from None
    simulated = simulate_areas(system, years, seed) if years else None
    record = {
        "hours": system.load_mw.shape[1],
        "units": len(system.units.mw),
        "links": len(system.links.mw),
        "installed_mw": system.units.installed_mw,
        "peak_mw": float(system.load_mw.sum(axis=0).max()),
        "years": years,
        "seed": seed,
    } | _figures(exact and exact.system, simulated and simulated.system)
    own = {}
    for k, name in enumerate(system.names):
        units = system.units_of(k)
        known = {"units": len(units.mw), "installed_mw": units.installed_mw, "peak_mw": float(system.load_mw[k].max())}
        own[name] = known | _figures(exact and exact.areas[k], simulated and simulated.areas[k])
    return record | {"areas": own}


def _figures(exact: Any, simulated: Any) -> dict[str, Any]:
    """Exact and simulated indices by name; no exact ones are None, no simulated ones are empty."""
    import math

    from distributions.estimate import mean

    found = {}
    for field, key, *_ in INDICES if simulated is not None else ():
        e = mean(getattr(simulated, field))
        error = e.standard_error if math.isfinite(e.standard_error) else None
        found[key] = {"value": e.value, "standard_error": error}
    of_exact = None if exact is None else {key: getattr(exact, field) for field, key, *_ in INDICES}
    return {"exact": of_exact, "simulated": found}


def _rows(record: dict[str, Any]) -> list[list[str]]:
    groups = [([ALL], record), *(([name], part) for name, part in record.get("areas", {}).items())]
    rows = []
    for names, part in groups if "areas" in record else [([], record)]:
        for _, key, _, unit in INDICES:
            own = part["simulated"].get(key, {})
            numbers = ((part["exact"] or {}).get(key), own.get("value"), own.get("standard_error"))
            rows.append([*names, key, unit, *("" if value is None else f"{value:.12g}" for value in numbers)])
    return rows


def _table(title: str, record: dict[str, Any], years: int) -> Table:
    import math

    from distributions.estimate import Estimate

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(printable(title))
    if record["exact"] is not None:
        table.add_column("exact", justify="right")
    if years:
        table.add_column("simulated", justify="right")
    table.add_column("")
    for _, name, words, unit in INDICES:
        cells = [words]
        if record["exact"] is not None:
            cells.append(f"{record['exact'][name]:.6g}")
        if years:
            own = record["simulated"][name]
            error = math.inf if own["standard_error"] is None else own["standard_error"]
            cells.append(str(Estimate(own["value"], error, years)))
        table.add_row(*cells, unit)
    return table


def _print(record: dict[str, Any], notes: list[str], out: Path | None) -> None:
    from rich.markup import escape

    console = Console()
    tables = {f"in {record['hours']:,} hours of load": record}
    text = f"{record['units']:,} units, {record['installed_mw']:,.6g} MW; load up to {record['peak_mw']:,.6g} MW"
    if "areas" in record:
        links = f"{record['links']:,} link{'' if record['links'] == 1 else 's'}"
        text = f"{len(record['areas'])} areas, {links}, {text}"
        tables = {f"{ALL}, {title}": part for title, part in tables.items()}
        for name, part in record["areas"].items():
            tables[f"{name}: {part['installed_mw']:,.6g} MW, load up to {part['peak_mw']:,.6g} MW"] = part
    console.print(text, highlight=False)
    for title, part in tables.items():
        console.print(_table(escape(title), part, record["years"]))
    if record["years"]:
        text = f"{record['years']:,} passes of the load, seed {record['seed']}; +- is one standard error."
        console.print(text, highlight=False)
    for note in notes:
        console.print(printable(note), highlight=False, markup=False, soft_wrap=True)
    if out is not None:
        console.print(printable(f"Written: {out}"), highlight=False, markup=False, soft_wrap=True)

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
    ("loee_mwh", "loee_mwh_per_year", "energy not served (LOEE)", "MWh"),
    ("lolf", "lolf_per_year", "occurrences of loss of load (LOLF)", "times"),
)
"""Field of `Indices`, name in JSON and CSV, words, unit. One pass of the load file is the year."""


def adequacy_of_files(
    units_file: Path, load_file: Path, years: int, seed: int | None, out: Path | None, as_json: bool
) -> None:
    """Compute, show and perhaps write the adequacy indices of a list of units and a load."""
    with plain_problems():
        from riskmodel.adequacy import exact_indices
        from riskmodel.adequacy_table import read_load, read_units
        from riskmodel.csv_table import write_csv

        if out is not None and any(
            out.exists() and file.exists() and out.samefile(file) for file in (units_file, load_file)
        ):
            raise refuse(f"--out {out}: is one of the inputs: type another name")
        seed = secrets.randbits(63) if seed is None else seed
        units, notes = read_units(units_file)
        load = read_load(load_file)
        try:
            exact = exact_indices(units, load)
        except ValueError as error:
            raise refuse(f"{units_file}: {error}") from None
        found = _simulated(units, load, years, seed) if years else {}
        record = {
            "hours": len(load),
            "units": len(units.mw),
            "installed_mw": units.installed_mw,
            "peak_mw": float(load.max()),
            "years": years,
            "seed": seed,
            "exact": {key: getattr(exact, field) for field, key, *_ in INDICES},
            "simulated": found,
        }
        if out is not None:
            write_csv(out, ["index", "unit", "exact", "simulated", "standard_error"], _rows(record))
    if as_json:
        typer.echo(json.dumps(record, indent=2))
    else:
        _print(record, notes, out)


def _simulated(units: Any, load: Any, years: int, seed: int) -> dict[str, dict[str, float | None]]:
    import math

    from distributions.estimate import mean
    from riskmodel.adequacy_simulation import simulate_years

    found = simulate_years(units, load, years, seed)
    estimates = {key: mean(getattr(found, field)) for field, key, *_ in INDICES}
    return {
        name: {"value": e.value, "standard_error": e.standard_error if math.isfinite(e.standard_error) else None}
        for name, e in estimates.items()
    }


def _rows(record: dict[str, Any]) -> list[list[str]]:
    rows = []
    for _, name, _, unit in INDICES:
        own = record["simulated"].get(name, {})
        numbers = (record["exact"][name], own.get("value"), own.get("standard_error"))
        rows.append([name, unit, *("" if value is None else f"{value:.12g}" for value in numbers)])
    return rows


def _print(record: dict[str, Any], notes: list[str], out: Path | None) -> None:
    import math

    from distributions.estimate import Estimate

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(f"in {record['hours']:,} hours of load")
    table.add_column("exact", justify="right")
    if record["years"]:
        table.add_column("simulated", justify="right")
    table.add_column("")
    for _, name, title, unit in INDICES:
        cells = [title, f"{record['exact'][name]:.6g}"]
        if record["years"]:
            own = record["simulated"][name]
            error = math.inf if own["standard_error"] is None else own["standard_error"]
            cells.append(str(Estimate(own["value"], error, record["years"])))
        table.add_row(*cells, unit)
    console = Console()
    console.print(
        f"{record['units']:,} units, {record['installed_mw']:,.6g} MW; load up to {record['peak_mw']:,.6g} MW",
        highlight=False,
    )
    console.print(table)
    if record["years"]:
        text = f"{record['years']:,} passes of the load, seed {record['seed']}; +- is one standard error."
        console.print(text, highlight=False)
    for note in notes:
        console.print(printable(note), highlight=False, markup=False, soft_wrap=True)
    if out is not None:
        console.print(printable(f"Written: {out}"), highlight=False, markup=False, soft_wrap=True)

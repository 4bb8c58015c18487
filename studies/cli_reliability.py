"""The command ``reliability``: stops, downtime, availability and losses of each strategy, by kind of event."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from studies.cli_problems import plain_problems, printable, refuse
from studies.cli_rows import as_record, echo_rows

if TYPE_CHECKING:
    from riskmodel.reliability import Reliability
    from riskmodel.results import Results

__all__ = ["show_reliability"]

WIDTH = 120
PERCENT, PER_THOUSAND = 100.0, 1e-3

# Heading, metric, factor to the unit in the heading.
Columns = tuple[tuple[str, str, float], ...]
EVERY: Columns = (
    ("noticed\na year", "noticed_per_year", 1.0),
    ("stops\na year", "stops_per_year", 1.0),
    ("hours\nbetween\nstops", "time_between_stops_h", 1.0),
    ("downtime,\nh/year", "downtime_h_per_year", 1.0),
    ("availability,\n%", "availability", PERCENT),
    ("nines", "nines", 1.0),
)
LOSS: Columns = (("loss,\nkEUR/year", "loss_eur_per_year", PER_THOUSAND),)
CAUSES: Columns = (
    ("all causes", "gpu_hours_lost_per_year", PER_THOUSAND),
    ("work done\nagain", "gpu_hours_lost_rework_per_year", PER_THOUSAND),
    ("waiting\nfor power", "gpu_hours_lost_waiting_per_year", PER_THOUSAND),
    ("restart", "gpu_hours_lost_restart_per_year", PER_THOUSAND),
    ("lower\npower", "gpu_hours_lost_capped_per_year", PER_THOUSAND),
    ("damaged\nservers", "gpu_hours_lost_hardware_per_year", PER_THOUSAND),
)
PARTS: Columns = (
    ("noticed\na year", "noticed_per_year", 1.0),
    ("stops\na year", "stops_per_year", 1.0),
    ("downtime,\nh/year", "downtime_h_per_year", 1.0),
    ("GPU-hours\nlost,\n1000/year", "gpu_hours_lost_per_year", PER_THOUSAND),
    ("loss,\nkEUR/year", "loss_eur_per_year", PER_THOUSAND),
)


def show_reliability(folder: Path, out: Path | None, as_json: bool, as_csv: bool) -> None:
    """Read results, print them, and write tables and the figure where asked to."""
    from riskmodel.reliability import reliability, reliability_rows
    from riskmodel.results import load_results
    from riskmodel.run import RunError

    if as_json and as_csv:
        raise refuse("--json and --csv: type one of them")
    if out is not None and out.exists() and not out.is_dir():
        raise refuse(f"--out {out}: is a file: type the name of a folder")
    with plain_problems():
        try:
            results = load_results(folder)
        except RunError as error:
            raise refuse(str(error)) from None
        found = reliability(results)
        if out is not None:
            _write(results, found, out)
    if as_json or as_csv:
        echo_rows(results, reliability_rows(found), as_json)
    else:
        _print(results, found, out)


def _write(results: Results, found: Reliability, out: Path) -> None:
    from riskmodel.reliability import reliability_rows
    from riskmodel.summary import summary_csv
    from studies.figures.reliability import draw_reliability
    from studies.figures.style import save, theme

    out.mkdir(parents=True, exist_ok=True)
    rows = reliability_rows(found)
    (out / "reliability.csv").write_text(summary_csv(rows), encoding="utf-8")
    text = json.dumps(as_record(results, rows), indent=2, allow_nan=False)
    (out / "reliability.json").write_text(text + "\n", encoding="utf-8")
    with theme():
        save(draw_reliability(results, found), out, "reliability")


def _print(results: Results, found: Reliability, out: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    say(f"{results.manifest['study']['title']}: reliability")
    say(_grid_sentence(found.grid))
    console.print(_table(found, "all", EVERY))
    say("Thousand GPU-hours lost a year, by cause")
    console.print(_table(found, "all", CAUSES))
    say("Loss by power events")
    console.print(_table(found, "all", LOSS, bad_year=True))
    for group, words in (
        ("sags", "Sags only"),
        ("interruptions", "Momentary and sustained interruptions only"),
        ("extremes", "Extreme events only"),
        ("curtailments", "Calls of the grid operator only"),
    ):
        if not any(groups[group]["noticed_per_year"].value for groups in found.strategies.values()):
            say(f"{words}: none reached any strategy")
            continue
        say(words)
        console.print(_table(found, group, PARTS, bad_year=True))
    say(
        f"{results.n_paths:,} paths of {results.n_years} years, seed {results.seed}. +- is one standard error, between "
        "paths; [ ] is a 95 % interval. Downtime: waiting and restart, in hours of the whole cluster, in a year with "
        "a full connection. Loss: undiscounted; 1 year in 20 is at least as bad as the last column."
    )
    if out is not None:
        say(f"Tables and figure: {out}")


def _grid_sentence(grid: dict[str, Estimate]) -> str:
    return (
        f"Events of the grid as drawn, for this one customer: SAIFI {grid['saifi_per_year']}, SAIDI "
        f"{grid['saidi_h_per_year']}, CAIDI {grid['caidi_h']} (interruptions over 5 min); MAIFI "
        f"{grid['maifi_per_year']} (up to 5 min); sags beyond the voltage tolerance "
        f"{grid['sags_beyond_tolerance_per_year']}."
    )


def _table(found: Reliability, group: str, columns: Columns, bad_year: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("strategy", no_wrap=True)
    for heading, _, _ in columns:
        table.add_column(heading, justify="right")
    if bad_year:
        table.add_column("in 1 year\nof 20,\nkEUR", justify="right")
    for name, groups in found.strategies.items():
        cells = [_text(groups[group][metric], metric, factor) for _, metric, factor in columns]
        if bad_year:
            cells.append(_interval(groups[group]["loss_eur_1_in_20_year"], found.bad_year_eur[name][group]))
        table.add_row(Text(printable(name)), *cells)
    return table


def _text(estimate: Estimate, metric: str, factor: float) -> str:
    if metric in ("nines", "time_between_stops_h") and math.isinf(estimate.value):
        return "none seen" if metric == "time_between_stops_h" else "no downtime"
    if estimate.value == 0.0:
        return "0" if estimate.standard_error == 0.0 else "none seen"
    return str(Estimate(estimate.value, estimate.standard_error, estimate.n).scaled(factor, ""))


def _interval(estimate: Estimate, ends: tuple[float, float]) -> str:
    low, high = ("?" if math.isinf(end) else f"{end * PER_THOUSAND + 0.0:,.4g}" for end in ends)
    value = estimate.value * PER_THOUSAND + 0.0  # -0.0 becomes 0.0
    return "0" if value == 0.0 and low == high == "0" else f"{value:,.4g} [{low}, {high}]"

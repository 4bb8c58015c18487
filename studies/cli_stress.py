"""The command ``stress``: named cases on the same lifetimes."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.cli_money_names import in_money, rows_in_money
from studies.cli_problems import check_out, check_paths, fail, plain_problems, printable, refuse, warn

if TYPE_CHECKING:
    from riskmodel.stress_cases import StressCase
    from studies.stress_study import StressTest

__all__ = ["StressRequest", "number_text", "scale_of", "stress_study"]

LEAST_PATHS, MOST_PATHS, MOST_PAIR_PATHS = 2, 1_000_000, 100_000
PERCENT, PER_THOUSAND = 100.0, 1e-3
SHOWN_PAIRS = 8
WIDTH = 168
LARGE_EUR = 2e6
LEAST_SHOWN = 5e-5
"""In the unit of a column, a change below this is shown as 0."""
HEADER = ("case", "strategy", "result", "value", "value_error", "change", "change_error", "unit")
UNITS = {
    "npv_eur": "EUR",
    "delta_npv_eur": "EUR",
    "downtime_loss_eur_per_year": "EUR/year",
    "best": "",
    "pays_back": "",
    "payback_simple_years": "years",
}


@dataclass(frozen=True)
class StressRequest:
    """What was typed."""

    study: str
    cases: tuple[str, ...]
    strategy: str | None
    paths: int
    pair_paths: int
    seed: int | None
    overrides: tuple[str, ...]
    out: Path | None
    as_json: bool
    as_csv: bool


def stress_study(request: StressRequest) -> None:
    """Check what was typed, simulate all cases, write the tables and the figure, and print."""
    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: choose one")
    with plain_problems():
        test = _test(request)
        record = _simulated(test, wanted=not (request.as_json or request.as_csv))
        if request.out is not None:
            _write(record, request.out)
    if request.as_json:
        typer.echo(json.dumps(in_money(record), indent=2, allow_nan=False))
    elif request.as_csv:
        from riskmodel.csv_table import csv_text

        typer.echo(csv_text(list(HEADER), rows_in_money(record, rows_of(record))), nl=False)
    else:
        _print(record, request.out)


def _test(request: StressRequest) -> StressTest:
    import studies
    from studies.stress_study import StressTest

    check_paths(request.paths, LEAST_PATHS, MOST_PATHS)
    check_out(request.out)
    if request.pair_paths and not LEAST_PATHS <= request.pair_paths <= min(request.paths, MOST_PAIR_PATHS):
        raise refuse(f"--pair-paths {request.pair_paths}: must be from {LEAST_PATHS} to --paths {request.paths:,}")
    study = studies.load(request.study, request.overrides)
    if request.strategy is not None and request.strategy not in study.strategy_names:
        raise refuse(f"--strategy {request.strategy}: type one of {', '.join(study.strategy_names)}")
    cases = _cases(request.cases)
    if request.pair_paths and len(cases) < 2:
        raise refuse("--pairs: needs at least two cases")
    warn(study)
    seed = secrets.randbits(63) if request.seed is None else request.seed
    return StressTest(study, cases, request.strategy, request.paths, seed, request.pair_paths)


def _cases(typed: tuple[str, ...]) -> tuple[StressCase, ...]:
    """Shipped cases by name, all of a file; each name once."""
    from riskmodel.stress_cases import read_cases, shipped_cases
    from riskmodel.study.problems import nearest

    shipped, found = shipped_cases(), {}
    for text in typed or shipped:
        if text in shipped:
            more = {text: shipped[text]}
        elif Path(text).suffix == ".toml":
            more = read_cases(Path(text))
        else:
            near = nearest(text, list(shipped))
            hint = f"did you mean {near}? " if near else ""
            raise refuse(f"--case {text}: no such case; {hint}there are: {', '.join(shipped)}; or a .toml file")
        twice = [name for name in more if name in found]
        if twice:
            raise refuse(f"--case {text}: {twice[0]} is there already; each case once")
        found.update(more)
    return tuple(found.values())


def _simulated(test: StressTest, wanted: bool) -> dict[str, Any]:
    from riskmodel.engine import TooManyEvents
    from studies.cli_progress import RunProgress
    from studies.stress_study import stress

    try:
        with RunProgress(wanted=wanted) as progress:
            return stress(test, progress)
    except TooManyEvents as error:
        raise fail(str(error)) from None
    except ValueError as error:  # events that cannot come together
        raise refuse(str(error)) from None


def scale_of(record: dict[str, Any]) -> tuple[float, str]:
    """Factor and unit in which the study's NPV differences read well."""
    from riskmodel.currency import in_words

    sizes = [one[name]["delta_npv_eur"]["change"]["value"] for one in _by_case(record) for name in one]
    sizes += [one["delta_npv_eur"]["value"]["value"] for one in record["base"].values()]
    large = max(map(abs, sizes), default=0.0) > LARGE_EUR
    return (
        (1e-6, in_words("million EUR", record["currency"])) if large else (1e-3, in_words("kEUR", record["currency"]))
    )


def _by_case(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [case["strategies"] for case in record["cases"]]


def number_text(number: dict[str, float | None], factor: float = 1.0, sign: bool = False) -> str:
    """Value with its error; never where a time is infinite, - where nothing is known."""
    from distributions.estimate import format_with_error

    value, error = number["value"], number["standard_error"]
    if value is None:
        return "-"
    if (error is None and value == 0.0) or abs(value * factor) < LEAST_SHOWN:
        return "0"
    text = format_with_error(value * factor, math.inf if error is None else error * factor)
    return f"+{text}" if sign and value > 0.0 else text


def _print(record: dict[str, Any], out: Path | None) -> None:
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    from riskmodel.currency import in_words

    def say(text: str) -> None:
        console.print(printable(in_words(text, record["currency"])), highlight=False, markup=False, soft_wrap=True)

    say(f"{record['title']}: what each case changes, path by path")
    others = [name for name in record["strategies"] if name != record["baseline"]]
    for name in sorted(others, key=lambda name: name != record["focus"]):
        say(f"\n{name}: {record['strategies'][name]}")
        console.print(_table(record, name))
    console.print(_best_table(record))
    for one in record["not_in_study"]:
        say(f"Not in this study: {one['title']} ({one['reason']}).")
    if record["pairs"]:
        say(f"\nThe worst two together for {record['focus']} ({record['pair_paths']:,} paths for each pair):")
        console.print(_pair_table(record))
    for line in reading(record):
        say(f"- {line}")
    say(
        f"{record['paths']:,} paths of {record['years']} years for each case, the same draws, seed {record['seed']}. "
        "+- is one standard error of the simulation, that of a change over the paths' own changes."
    )
    if out is not None:
        say(f"Tables and figure: {out}")


def _columns(*headings: tuple[str, bool]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading, right in headings:
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    return table


def _table(record: dict[str, Any], name: str) -> Table:
    from riskmodel.currency import in_words

    factor, unit = scale_of(record)
    table = _columns(
        ("case", False), (f"NPV less\nbaseline,\n{unit}", True), ("of it most by", False),
        ("simple\npayback,\nmedian years", True), ("pays back,\n% of paths", True),
        (f"downtime loss,\n{in_words('kEUR/year', record['currency'])}", True), ("best of all,\n% of paths", True),
    )  # fmt: skip
    base = record["base"][name]
    table.add_row(
        "as the study says", number_text(base["delta_npv_eur"]["value"], factor), "",
        _years(base), number_text(base["pays_back"]["value"], PERCENT),
        number_text(base["downtime_loss_eur_per_year"]["value"], PER_THOUSAND),
        number_text(base["best"]["value"], PERCENT), end_section=True,
    )  # fmt: skip
    for case in record["cases"]:
        found = case["strategies"][name]
        table.add_row(
            Text(printable(case["title"])), number_text(found["delta_npv_eur"]["change"], factor, True),
            _mostly(found, factor), _years(found), number_text(found["pays_back"]["change"], PERCENT, True),
            number_text(found["downtime_loss_eur_per_year"]["change"], PER_THOUSAND, True),
            number_text(found["best"]["change"], PERCENT, True),
        )  # fmt: skip
    return table


def _years(found: dict[str, Any]) -> str:
    median = found["payback_simple_years"]["median"]
    if median["value"] is None:
        return "never"
    return f"about {median['value']:.2g}" if median["standard_error"] is None else number_text(median)


def _mostly(found: dict[str, Any], factor: float) -> str:
    """The largest part of a change of the NPV difference."""
    part, number = max(found["parts"].items(), key=lambda item: abs(item[1]["value"] or 0.0))
    return "" if not number["value"] else f"{part}: {number_text(number, factor, True)}"


def _best_table(record: dict[str, Any]) -> Table:
    names = list(record["strategies"])
    table = _columns(("highest mean NPV", False), ("", False), *((f"best, %:\n{name}", True) for name in names))
    rows = [("as the study says", record["base_best"], record["base"])]
    rows += [(case["title"], case["best"], case["strategies"]) for case in record["cases"]]
    for title, best, of in rows:
        shares = (number_text(of[name]["best"]["value"], PERCENT) for name in names)
        table.add_row(Text(printable(title)), _winner(best), *shares)
    return table


def _winner(best: dict[str, Any]) -> str:
    return best["strategy"] if best["told_apart"] else f"{best['strategy']} (not told apart)"


def _pair_table(record: dict[str, Any]) -> Table:
    factor, unit = scale_of(record)
    table = _columns(
        ("two cases", False), (f"NPV less\nbaseline,\n{unit}", True), ("change", True),
        ("beyond the\ntwo alone", True), ("best of all,\n% of paths", True), ("highest mean NPV", False),
    )  # fmt: skip
    for pair in record["pairs"][:SHOWN_PAIRS]:
        found = pair["delta_npv_eur"]
        table.add_row(
            Text(printable(" + ".join(pair["titles"]))), number_text(found["value"], factor),
            number_text(found["change"], factor, True), number_text(pair["beyond_the_two_eur"], factor, True),
            number_text(pair["best"]["value"], PERCENT), _winner(pair["best_strategy"]),
        )  # fmt: skip
    return table


def reading(record: dict[str, Any]) -> list[str]:
    """What the tables say of the decision, in sentences."""
    first, cases = record["base_best"]["strategy"], record["cases"]
    if not cases:
        return ["No case changes anything in this study."]
    factor, unit = scale_of(record)
    moved = [case for case in cases if case["best"]["strategy"] != first and case["best"]["told_apart"]]
    held = f"{first} has the highest mean NPV as the study says, and in {len(cases) - len(moved)} of {len(cases)} cases"
    lines = [f"{held}." if not moved else f"{held}; not in: {_listed(moved)}."]
    worst = cases[0]
    change = number_text(worst["strategies"][record["focus"]]["delta_npv_eur"]["change"], factor, True)
    lines.append(f"The worst case for {record['focus']} is {worst['title']} ({worst['words']}): {change} {unit}.")
    losing = [case for case in cases if case["strategies"][record["focus"]]["delta_npv_eur"]["value"]["value"] < 0.0]
    if record["base"][record["focus"]]["delta_npv_eur"]["value"]["value"] > 0.0:
        lines.append(f"Cases in which it does not beat {record['baseline']} on average: {_listed(losing) or 'none'}.")
    if record["pairs"]:
        pair = record["pairs"][0]
        change = number_text(pair["delta_npv_eur"]["change"], factor, True)
        lines.append(f"The worst two together: {' + '.join(pair['titles'])}: {change} {unit}.")
    return lines


def _listed(cases: list[dict[str, Any]]) -> str:
    return ", ".join(case["title"] for case in cases)


def rows_of(record: dict[str, Any]) -> list[list[str]]:
    """Every number, one a row: cases, then pairs."""
    rows = []
    for name, found in record["base"].items():
        rows += _number_rows("as the study says", name, found)
    for case in record["cases"]:
        for name, found in case["strategies"].items():
            rows += _number_rows(case["name"], name, found)
            for part, change in found.get("parts", {}).items():
                rows.append([case["name"], name, f"delta_npv_eur: {part}", "", "", *_two(change), "EUR"])
    for pair in record["pairs"]:
        both = " + ".join(pair["names"])
        for metric, found in (("delta_npv_eur", pair["delta_npv_eur"]), ("best", pair["best"])):
            two = [*_two(found["value"]), *_two(found["change"])]
            rows.append([both, record["focus"], metric, *two, UNITS[metric]])
        beyond = _two(pair["beyond_the_two_eur"])
        rows.append([both, record["focus"], "delta_npv_eur beyond the two alone", "", "", *beyond, "EUR"])
    return rows


def _number_rows(case: str, strategy: str, found: dict[str, Any]) -> list[list[str]]:
    nothing = {"value": None, "standard_error": None}
    rows = []
    for metric, unit in UNITS.items():
        if metric in found:
            value = found[metric].get("value", found[metric].get("median", nothing))
            rows.append([case, strategy, metric, *_two(value), *_two(found[metric].get("change", nothing)), unit])
    return rows


def _two(number: dict[str, float | None]) -> list[str]:
    return ["" if x is None else f"{x:.10g}" for x in (number["value"], number["standard_error"])]


def _write(record: dict[str, Any], out: Path) -> None:
    from riskmodel.csv_table import write_csv
    from studies.figures.stress import draw_stress
    from studies.figures.style import save, theme

    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "stress.csv", list(HEADER), rows_in_money(record, rows_of(record)))
    (out / "stress.json").write_text(json.dumps(in_money(record), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if record["cases"] and len(record["strategies"]) > 1:
        with theme():
            save(draw_stress(record), out, "stress")

"""The command ``cover``: what a cover pays, leaves with the insured, and costs, for a run or a CSV file of events."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from studies.cli_losses import chosen_years, open_results
from studies.cli_problems import check_out, fail, plain_problems, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from distributions.estimate import Estimate
    from riskmodel.insurance.cover import Cover
    from riskmodel.insurance.cover_report import Cell, CoverReport
    from riskmodel.insurance.losses import EventLosses
    from riskmodel.insurance.paid_years import PaidYears
    from riskmodel.results import Results
    from riskmodel.summary import Row

__all__ = [
    "CoverRequest",
    "Found",
    "Part",
    "as_record",
    "cover_of",
    "part_of",
    "part_of_years",
    "price_cover",
    "put_together",
    "rows_of",
]

SHIPPED = Path(__file__).parent / "covers"


@dataclass(frozen=True)
class CoverRequest:
    """What was typed; None where nothing was."""

    source: Path
    terms: str
    years: int | None
    strategy: str | None
    life_years: str | None
    ord_folder: Path | None
    out: Path | None
    as_json: bool
    as_csv: bool


@dataclass(frozen=True)
class Found:
    """Everything computed.

    Attributes
    ----------
    cover : Cover
    results : Results or None
        None where the events came from a CSV file.
    reports : list of CoverReport
    credits : dict of strategy -> layer -> (premium credit, saved payment)
    tables : dict of strategy -> list of Cell
    needed : dict of strategy -> Estimate
        Yearly credit with which the strategy would be as good as the base, see `riskmodel.insurance.worth`.
    notes : list of text
    """

    cover: Cover
    results: Results | None
    reports: list[CoverReport]
    credits: dict[str, dict[str, tuple[Estimate, Estimate]]]
    tables: dict[str, list[Cell]]
    needed: dict[str, Estimate]
    notes: list[str]

    @property
    def base(self) -> str:
        """Strategy the others are held against."""
        names = [report.name for report in self.reports]
        wanted = self.results.baseline if self.results is not None else names[0]
        return wanted if wanted in names else names[0]


def price_cover(request: CoverRequest) -> None:
    """Check what was typed, price, write and print."""
    if request.as_json and request.as_csv:
        raise refuse("--json and --csv: type one of them")
    for folder in (request.out, request.ord_folder):
        check_out(folder)
    with plain_problems():
        found = _find(request)
        if request.out is not None:
            _write(found, request.out)
        if request.ord_folder is not None:
            _write_ord(found, request.ord_folder)
    if request.as_json:
        typer.echo(json.dumps(as_record(found), indent=2, allow_nan=False))
    elif request.as_csv:
        from riskmodel.summary import summary_csv

        typer.echo(summary_csv(rows_of(found)), nl=False)
    else:
        from studies.cli_cover_table import print_cover

        print_cover(found, [place for place in (request.out, request.ord_folder) if place is not None])


class Part(NamedTuple):
    """A cover on the events of one strategy: numbers, table of premiums, what a reader should know of the terms."""

    report: CoverReport
    table: list[Cell]
    notes: list[str]


def _find(request: CoverRequest) -> Found:
    cover = cover_of(request.terms)
    results, sources = _sources(request, cover)
    parts = []
    for blocks in sources:
        try:
            parts.append(part_of(cover, blocks, keep_events=request.ord_folder is not None))
        except ValueError as error:
            raise refuse(f"{request.terms}: {error}") from None
    return put_together(cover, results, parts, whole_lives=request.life_years is None)


def cover_of(terms: str) -> Cover:
    """Cover of a TOML file, or a shipped one by its name."""
    from riskmodel.insurance.cover_file import read_cover

    shipped = SHIPPED / f"{terms}.toml"
    return read_cover(shipped if shipped.is_file() and not Path(terms).exists() else Path(terms))


def part_of(cover: Cover, blocks: Iterable[EventLosses], keep_events: bool = False) -> Part:
    """Apply and price a cover on the events of one strategy.

    Parameters
    ----------
    cover : Cover
    blocks : iterable of EventLosses
        Of consecutive whole paths; events are kept of a single one only.
    keep_events : bool

    Raises
    ------
    ValueError
        If a layer needs what the events do not have.
    """
    from riskmodel.insurance.paid_years import joined_paid, pay

    return part_of_years(cover, joined_paid([pay(cover, events, keep_events) for events in blocks]))


def part_of_years(cover: Cover, paid: PaidYears) -> Part:
    """Price a cover on what it pays by year."""
    from riskmodel.insurance.cover_report import cover_report, premium_table

    return Part(cover_report(cover, paid), premium_table(cover, paid), _notes(cover, paid))


def put_together(cover: Cover, results: Results | None, parts: list[Part], whole_lives: bool = True) -> Found:
    """All strategies beside each other: what each takes off the premium, and what it would need."""
    from riskmodel.insurance.cover_report import credits
    from riskmodel.insurance.worth import credit_needed

    reports = [part.report for part in parts]
    tables = {part.report.name: part.table for part in parts}
    notes = list(dict.fromkeys(note for part in parts for note in part.notes))
    found = Found(cover, results, reports, {}, tables, {}, notes)
    if len(reports) > 1:
        found.credits.update(credits(reports, found.base))
        if results is not None and found.base == results.baseline and whole_lives:
            found.needed.update(credit_needed(results, reports, found.base))
    return found


def _sources(request: CoverRequest, cover: Cover) -> tuple[Results | None, Iterable[Iterable[EventLosses]]]:
    """Events of each strategy of a run, in blocks of paths, one strategy after the other, or of a CSV file."""
    if request.source.is_dir():
        if request.years is not None:
            raise refuse("--years goes with a CSV file of events; a run knows its years")
        results = open_results(request.source)
        return results, _of_run(request, cover, results)
    if request.source.suffix == "" and not request.source.exists():
        raise refuse(f"{request.source}: no such folder of results or CSV file")
    for value, option in ((request.strategy, "--strategy"), (request.life_years, "--life-years")):
        if value is not None:
            raise refuse(f"{option} goes with a folder of results")
    if request.ord_folder is not None:
        raise refuse("--ord goes with a folder of results")
    if request.years is None:
        raise refuse("--years: missing; type the number of years the events span, years without events included")
    from riskmodel.insurance.from_csv import events_of_csv

    return None, [[events_of_csv(request.source, request.years)]]


def _of_run(request: CoverRequest, cover: Cover, results: Results) -> Iterator[Iterable[EventLosses]]:
    from riskmodel.insurance.from_results import currency_of, event_blocks, events_of

    if cover.currency and cover.currency != currency_of(results):
        raise refuse(
            f"cover.currency = {cover.currency!r}: the run counts in {currency_of(results)}; convert the terms"
        )
    names = results.strategy_names
    if request.strategy is not None and request.strategy not in names:
        raise refuse(f"--strategy {request.strategy}: type one of {', '.join(names)}")
    first, last = chosen_years(request.life_years, results.n_years)
    life = None if (first, last) == (1, results.n_years) else (first, last)
    for name in names if request.strategy is None else [request.strategy]:
        whole = request.ord_folder is not None  # its tables have a row an event
        yield [events_of(results, name, life)] if whole else event_blocks(results, [name], life)


def _notes(cover: Cover, paid: PaidYears) -> list[str]:
    """What a reader should know of terms that cannot bite, or of premiums that cannot be told."""
    notes = []
    for layer in cover.layers:
        longest = paid.longest_h[layer.name]
        if layer.waiting_period_h > longest > 0.0:
            notes.append(
                f"{layer.name}: waiting_period_h = {layer.waiting_period_h:g} is longer than every event of "
                f"{paid.name} (at most {longest:,.4g} h), so nothing of time is paid; is it in hours?"
            )
    rare, field = cover.price.capital_return_period_years, "price.capital_return_period_years"
    if rare > paid.periods.n:
        notes.append(f"{field} = {rare:g} is beyond the {paid.periods.n:,} years: no premium by cost of capital")
    elif rare > paid.periods.n / 10:
        notes.append(
            f"{field} = {rare:g} is more than a tenth of the {paid.periods.n:,} years: the premium by cost of "
            "capital rests on fewer than ten of them"
        )
    return notes


def rows_of(found: Found) -> list[Row]:
    """All numbers as rows: layers, perspectives, credits."""
    from riskmodel.insurance.cover_report import cover_rows
    from riskmodel.summary import Row

    rows = [row for report in found.reports for row in cover_rows(report)]
    for name, layers in found.credits.items():
        for layer, (premium, pure) in layers.items():
            rows.append(Row(name, f"{layer}:premium_credit_against_{found.base}", premium))
            rows.append(Row(name, f"{layer}:expected_loss_saved_against_{found.base}", pure))
    return rows + [Row(name, "credit_needed_to_break_even", estimate) for name, estimate in found.needed.items()]


def as_record(found: Found) -> dict[str, Any]:
    """One JSON object: where the events come from, each number by strategy and metric, and the table of premiums."""
    by_name: dict[str, dict[str, Any]] = {}
    for row in rows_of(found):
        by_name.setdefault(row.strategy, {})[row.metric] = _number(row.estimate)
    periods = found.reports[0].periods
    layers = [layer.name for layer in found.cover.layers]
    record: dict[str, Any] = {"cover": found.cover.name, "years": periods.n, "layers": layers}
    if found.results is not None:
        manifest = found.results.manifest
        record |= {"study": manifest["study"], "input_hash": manifest["input_hash"], "seed": found.results.seed}
        record["baseline"] = found.base
    table = [{"strategy": name, **_cell(cell)} for name, cells in found.tables.items() for cell in cells]
    terms = _finite(dataclasses.asdict(found.cover))
    return {**record, "terms": terms, "estimates": by_name, "table": table, "notes": found.notes}


def _finite(value: Any) -> Any:
    """Terms as JSON can hold them; an endless limit is null."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(estimate: Estimate) -> dict[str, Any]:
    value, error = estimate.value, estimate.standard_error
    return {
        "value": value if math.isfinite(value) else None,
        "standard_error": error if math.isfinite(error) else None,
        "unit": estimate.unit,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "attachment": cell.attachment,
        "limit": cell.limit if math.isfinite(cell.limit) else None,
        "waiting_period_h": cell.waiting_period_h,
        "expected_loss": _number(cell.pure),
        "premium": _number(cell.premium),
        "share_kept_by_the_insured": _number(cell.kept),
    }


def _write(found: Found, out: Path) -> None:
    from riskmodel.csv_table import write_csv
    from riskmodel.summary import summary_csv

    out.mkdir(parents=True, exist_ok=True)
    (out / "cover.csv").write_text(summary_csv(rows_of(found)), encoding="utf-8")
    text = json.dumps(as_record(found), indent=2, allow_nan=False)
    (out / "cover.json").write_text(text + "\n", encoding="utf-8")
    cells = [(name, cell) for name, cells in found.tables.items() for cell in cells]
    if not cells:
        return
    header = ["strategy", "attachment", "limit", "waiting_period_h", "expected_loss", "expected_loss_error"]
    header += ["premium", "premium_error", "share_kept_by_the_insured"]
    rows = []
    for name, cell in cells:
        numbers = [cell.attachment, cell.limit, cell.waiting_period_h, cell.pure.value, cell.pure.standard_error]
        numbers += [cell.premium.value, cell.premium.standard_error, cell.kept.value]
        rows.append([name, *(f"{number:.10g}" for number in numbers)])
    write_csv(out / "premium_table.csv", header, rows)
    if found.results is not None and len({cell.waiting_period_h for _, cell in cells}) > 1:
        from studies.figures.insurance import draw_waiting
        from studies.figures.style import save, theme

        with theme():
            save(draw_waiting(found.results, found.tables), out, "premium_by_waiting_period")


def _write_ord(found: Found, folder: Path) -> None:
    from riskmodel.insurance.ord_files import check_folder
    from riskmodel.insurance.report import write_perspectives

    if found.results is None:
        return
    write_perspectives(found.results, folder, found.reports, found.cover.name)
    problems = check_folder(folder)
    if problems:
        raise fail("\n".join(["The tables were written and do not read back:", *problems]))

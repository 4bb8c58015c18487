"""A priced cover in a terminal."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from distributions.estimate import Estimate
from riskmodel.insurance.losses import NOT_OF_TIME
from studies.cli_problems import printable

if TYPE_CHECKING:
    from riskmodel.insurance.cover import Layer, Price
    from riskmodel.insurance.cover_report import Cell
    from studies.cli_cover import Found

__all__ = ["VIEW_WORDS", "price_terms", "print_cover", "terms_of"]

WIDTH = 128
PERCENT = 100.0
LARGE = 1e4
"""Standard deviation of a year's loss from which money is shown in thousands."""
VIEW_WORDS = {"ground_up": "ground up", "gross": "gross (paid by the layers)", "net": "net of reinsurance"}


def print_cover(found: Found, places: list[Path]) -> None:
    """Print layers, premiums, perspectives, what protection saves, index risk and the table."""
    console = Console()
    if console.width < WIDTH and not console.is_terminal:
        console = Console(width=WIDTH)

    def say(text: str) -> None:
        console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    say(found.cover.name)
    for layer in found.cover.layers:
        say(f"  {layer.name}: {terms_of(layer)}")
    for name in found.reports[0].layers:
        say(f"\n{name[:1].upper()}{name[1:]}")
        console.print(_prices(found, name))
        console.print(_ratios(found, name))
        if found.reports[0].layers[name].basis is not None:
            console.print(_basis(found, name))
    words = _money(found).words
    say(f"Loss a year and in a bad year{words}")
    console.print(_views(found))
    if found.credits:
        say(f"What a strategy takes off the premium of {found.base}, and off its expected payment{words} a year")
        console.print(_credits(found))
    for name, estimate in found.needed.items():
        say(f"{name}: {_worth(found, name, estimate)}")
    if found.tables.get(found.base):
        say(f"Premium of {found.cover.table.layer if found.cover.table else ''}, {found.base}{words} a year")
        console.print(_grid(found.tables[found.base], _money(found).factor))
    periods = found.reports[0].periods
    say(
        f"{periods.n:,} {'' if periods.equal else 'weighted '}years. +- is one standard error"
        + (" between paths" if periods.clusters < periods.n else "")
        + f". {price_terms(found.cover.price)} Risk premiums are before expenses. A premium is what is asked at the "
        "beginning of the year; what reinstatements bring comes on top." + (" k: thousand." if words else "")
    )
    for note in found.notes:
        say(f"Note: {note}.")
    for place in places:
        say(f"Written: {place}")


def price_terms(price: Price) -> str:
    """How premiums are made, in a sentence."""
    fixed = f" and {price.expense_fixed:,.0f}" if price.expense_fixed else ""
    return (
        f"Premium by {price.method.replace('_', ' ')}, with {price.expense_share * PERCENT:g} %{fixed} for expenses; "
        f"{price.standard_deviation_factor:g} standard deviations, Wang shift {price.wang_lambda:g}, "
        f"{price.cost_of_capital * PERCENT:g} % on the {'tail mean' if price.capital_measure == 'tvar' else 'loss'} of "
        f"1 year in {price.capital_return_period_years:g} less the premium."
    )


def terms_of(layer: Layer) -> str:
    """Terms of a layer in words."""
    if layer.trigger is not None:
        t = layer.trigger
        unit = "sag" if t.kind == "sag_count" else "h"
        index = f", index {t.index}" if t.kind == "saidi" else ""
        return f"{t.payout:,.0f} for each {unit} of {t.kind} above {t.threshold:g}, by the {t.basis}{index}" + _cap(
            layer
        )
    words = [f"{'+'.join(layer.perils) or 'all causes'}"]
    timed = not layer.perils or not set(layer.perils) <= set(NOT_OF_TIME)
    if layer.waiting_period_h and timed:
        clock = "stopped" if layer.clock == "down" else "without grid"
        words.append(f"waiting {layer.waiting_period_h:g} h {clock} ({layer.waiting})")
    if math.isfinite(layer.indemnity_period_h) and timed:
        words.append(f"at most {layer.indemnity_period_h:g} h")
    if layer.hours_clause_h:
        words.append(f"{layer.hours_clause_h:g} h clause")
    if layer.deductible:
        words.append(f"deductible {layer.deductible:,.0f}")
    limit = f"{layer.limit:,.0f}" if math.isfinite(layer.limit) else "all"
    words.append(f"{limit} above {layer.attachment:,.0f}")
    if layer.participation < 1.0:
        words.append(f"{layer.participation * PERCENT:g} % of it")
    return ", ".join(words) + _cap(layer)


def _cap(layer: Layer) -> str:
    words = ""
    if layer.trigger is not None and math.isfinite(layer.limit):
        words += f", at most {layer.limit:,.0f}"
    if layer.aggregate_deductible:
        words += f", a year's first {layer.aggregate_deductible:,.0f} not"
    if math.isfinite(layer.aggregate_limit):
        words += f", at most {layer.aggregate_limit:,.0f} a year"
    if layer.reinstatements is not None:
        charge = ", ".join(f"{share * PERCENT:g} %" for share in layer.reinstatement_charge) or "free"
        words += f", {layer.reinstatements} reinstatements ({charge})"
    return words


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


class _Money(NamedTuple):
    """How money is shown: its factor, and words for headings and for sentences."""

    factor: float
    heading: str
    words: str


def _money(found: Found) -> _Money:
    spread = max(report.views["ground_up"][0].sd.value for report in found.reports)
    return _Money(1e-3, ", k", ", thousand") if spread >= LARGE else _Money(1.0, "", "")


def _k(estimate: Estimate, factor: float) -> str:
    if not math.isfinite(estimate.value):
        return "-"
    return str(Estimate(estimate.value, estimate.standard_error, estimate.n).scaled(factor, ""))


def _prices(found: Found, name: str) -> Table:
    factor, k, _ = _money(found)
    heads = ["expected\nloss", "standard\ndeviation", "premium", "risk premium\nby SD", "by Wang"]
    heads += ["by cost of\ncapital", "reinstate-\nments"]
    table = _table("strategy", *(head + k for head in heads))
    for report in found.reports:
        priced, periods = report.layers[name].priced, report.periods
        values = [priced.pure, priced.spread, priced.premium, *priced.risk.values()]
        cells = [_k(value.estimate(periods), factor) for value in values]
        cells.append(_k(priced.restored().estimate(periods), factor) if priced.charge.value > 0.0 else "0")
        table.add_row(Text(printable(report.name)), *cells)
    return table


def _ratios(found: Found, name: str) -> Table:
    rare = found.cover.price.one_in_years
    table = _table(
        "strategy", "rate on\nline, %", "loss\nratio, %", *(f"loss ratio of 1\nyear in {years:g}, %" for years in rare),
        "pays in\n% of years", "kept by the\ninsured, %",
    )  # fmt: skip
    for report in found.reports:
        layer, periods = report.layers[name], report.periods
        priced, terms = layer.priced, layer.layer
        full = math.inf if terms is None else terms.participation * min(terms.limit, terms.aggregate_limit)
        cells = [_k(priced.premium.times(1.0 / full).estimate(periods), PERCENT) if math.isfinite(full) else "-"]
        cells.append(_k(priced.loss_ratio.estimate(periods), PERCENT))
        cells += [_short(priced.rare_ratios[years].value * PERCENT) for years in rare]
        cells += [_k(layer.attaches, PERCENT), _k(layer.kept, PERCENT)]
        table.add_row(Text(printable(report.name)), *cells)
    return table


def _short(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:,.3g}" if abs(value) < 1000.0 else f"{value:,.0f}"


def _basis(found: Found, name: str) -> Table:
    factor, k, _ = _money(found)
    heads = ("correlation\nwith the loss", f"loss a year\nnot paid{k}", f"paid a year beyond\nthe loss{k}")
    table = _table("strategy", *heads, "years with a loss\nand no payment, %", "payments in years\nwithout a loss, %")
    for report in found.reports:
        basis = report.layers[name].basis
        if basis is not None:
            cells = [_k(basis.correlation, 1.0), _k(basis.shortfall, factor), _k(basis.excess, factor)]
            table.add_row(Text(printable(report.name)), *cells, _k(basis.unpaid, PERCENT), _k(basis.needless, PERCENT))
    return table


def _views(found: Found) -> Table:
    table = _table(
        "strategy", "perspective", "average", "standard\ndeviation", "1 event\nin 100 years", "1 year\nin 100"
    )
    factor = _money(found).factor
    for report in found.reports:
        for view, (moments, points) in report.views.items():
            at = {p.kind: p.estimate for p in points if p.return_period == 100}
            cells = [_k(moments.aal, factor), _k(moments.sd, factor)]
            cells += [_k(at[kind], factor) if kind in at else "-" for kind in ("oep", "aep")]
            table.add_row(Text(printable(report.name)), VIEW_WORDS[view], *cells)
    return table


def _credits(found: Found) -> Table:
    factor = _money(found).factor
    names = list(next(iter(found.credits.values())))
    table = _table("strategy", "layer", "premium credit", "expected payment saved")
    for strategy, layers in found.credits.items():
        for name in names:
            table.add_row(Text(printable(strategy)), name, *(_k(estimate, factor) for estimate in layers[name]))
    return table


def _worth(found: Found, name: str, needed: Estimate) -> str:
    """What the premium credit is beside what the strategy would need."""
    factor, _, words = _money(found)
    unit = words.replace(",", "")
    credit = _k(list(found.credits[name].values())[-1][0], factor)
    if needed.value <= 0.0:
        return f"needs no credit, as it pays for itself without earlier power; its premium is {credit}{unit} lower"
    return (
        f"without earlier power it would be as good as {found.base} with a credit of {_k(needed, factor)}{unit} a "
        f"year; its premium is {credit}{unit} lower"
    )


def _grid(cells: list[Cell], factor: float) -> Table:
    columns = list(dict.fromkeys((cell.attachment, cell.limit) for cell in cells))
    heads = (f"{'all' if math.isinf(limit) else f'{limit:,.0f}'}\nabove {low:,.0f}" for low, limit in columns)
    table = _table("waiting, h", *heads, "kept by the\ninsured, %")
    for wait in dict.fromkeys(cell.waiting_period_h for cell in cells):
        row = {(c.attachment, c.limit): c for c in cells if c.waiting_period_h == wait}
        first = row[columns[0]]
        table.add_row(f"{wait:g}", *(_k(row[column].premium, factor) for column in columns), _k(first.kept, PERCENT))
    return table

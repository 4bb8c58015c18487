"""Tables of the insurer's pack: the numbers of ``losses`` and ``cover``, laid out for paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studies.reports.blocks import Block, group, table
from studies.reports.insurer_words import THOUSAND, k, share

if TYPE_CHECKING:
    from distributions.estimate import Estimate
    from riskmodel.insurance.exceedance import Point
    from studies.cli_cover import Found
    from studies.reports.insurer_facts import InsurerFacts

__all__ = [
    "causes", "convergence", "credits", "curves", "dictionary", "meanings", "moments", "prices", "stops", "waits",
    "waits_priced",
]  # fmt: skip

TABLE_WORDS = {
    "ept": "Exceedance: OEP, OEP tail mean, AEP, AEP tail mean",
    "psept": "The same by sample",
    "palt": "Average annual loss and its standard deviation",
    "alct": "Convergence of the average over 1, 2, 4, .. lifetimes",
    "alct-total": "Its whole standard error (our own table)",
    "splt": "Every event by year and time, with its loss",
    "mplt": "The same with moments",
    "qplt": "The same with quantiles",
    "selt": "Every event with its loss",
    "melt": "Every event with its rate and moments",
    "qelt": "Every event with quantiles",
    "losses": "Every event with its real hours (our own table)",
}
KIND_WORDS = {
    "oep": "Worst event (OEP)", "oep_tvar": "its tail mean (TVaR)",
    "aep": "Whole year (AEP)", "aep_tvar": "its tail mean (TVaR)",
}  # fmt: skip


def moments(facts: InsurerFacts) -> Block:
    """Average annual loss, standard deviation and coefficient of variation, and what each strategy is called."""
    rows = [
        [
            report.losses_name,
            facts.results.titles[report.losses_name]
            + (" (baseline)" if report.losses_name == facts.results.baseline else ""),
            k(report.annual.aal),
            k(report.annual.sd),
            "-" if math.isnan(report.annual.cov.value) else str(report.annual.cov),
        ]
        for report in facts.losses
    ]
    unit = facts.losses[0].annual.aal.unit
    head = ["Strategy", "", "Average annual loss", "Standard deviation", "Coefficient of variation"]
    return table(f"Yearly loss, thousand {unit}", head, rows, 2, (1.3, 3.0, 1.4, 1.4, 1.4))


def causes(facts: InsurerFacts) -> Block:
    """Average annual loss by cause."""
    names = list(dict.fromkeys(cause for report in facts.losses for cause in report.by_cause))
    rows = [
        [report.losses_name, *(k(report.by_cause[n]) if n in report.by_cause else "0" for n in names)]
        for report in facts.losses
    ]
    unit = facts.losses[0].annual.aal.unit
    return table(f"Average annual loss by cause, thousand {unit}", ["Strategy", *names], rows)


def stops(facts: InsurerFacts) -> Block:
    """Events with a loss a year, by cause."""
    names = [
        name for name in facts.frequencies[0].by_class if any(f.by_class[name].value > 0.0 for f in facts.frequencies)
    ]
    rows = [
        [report.losses_name, *(_rate(frequency.by_class[name]) for name in names)]
        for report, frequency in zip(facts.losses, facts.frequencies, strict=True)
    ]
    return table("Events with a loss, a year", ["Strategy", *names], rows)


def _rate(estimate: Estimate) -> str:
    return str(estimate).removesuffix(estimate.unit).strip()


def waits(facts: InsurerFacts) -> Block:
    """What is left of the losses of interruptions and sags after a waiting period."""
    hours = list(facts.frequencies[0].longer)
    rows = []
    for report, frequency in zip(facts.losses, facts.frequencies, strict=True):
        rows.append([report.losses_name, "of events", *(share(frequency.longer[h]) for h in hours)])
        rows.append(["", "of loss", *(share(frequency.beyond[h]) for h in hours)])
    head = ["Strategy", "Share, %", *(f"{h:g} h" for h in hours)]
    title = "Interruptions and sags: share of the events that stop work longer than a wait, and of their loss after it"
    return table(title, head, rows, 2)


def curves(facts: InsurerFacts) -> Block:
    """Exceedance points of every strategy with their intervals and flags."""
    rows: list[list[str]] = []
    for report in facts.losses:
        rows.append(group(report.losses_name))
        found = {(point.kind, point.return_period): point for point in report.points}
        periods = sorted({point.return_period for point in report.points})
        rows += [[f"{years:,.10g}", *(_point(found[kind, years]) for kind in KIND_WORDS)] for years in periods]
    unit = facts.losses[0].annual.aal.unit
    title = f"Loss reached once in so many years, thousand {unit}, with its 95 % interval"
    return table(title, ["Years", *KIND_WORDS.values()], rows, 0, (0.6, 2.0, 2.0, 2.0, 2.0))


def _point(point: Point) -> str:
    """The point as ``losses`` prints it."""
    ends = (f"{end * THOUSAND:,.4g}" if math.isfinite(end) else "?" for end in (point.low, point.high))
    return f"{point.estimate.value * THOUSAND:,.4g} [{', '.join(ends)}]{'*' if point.flagged else ''}"


def convergence(facts: InsurerFacts) -> Block:
    """Average and rare years from a part of the lifetimes and from all, and the years needed."""
    from riskmodel.insurance.report import SHARES, TARGET
    from studies.cli_losses import rounded_years

    rows = []
    for report in facts.losses:
        for metric, needed in report.needed().items():
            found = []
            for part in SHARES:
                annual, points = report.by_share[part]
                at = {f"aep_{p.return_period:g}_years": p.estimate for p in points if p.kind == "aep"}
                found.append(k(annual.aal) if metric == "aal" else k(at[metric]) if metric in at else "-")
            words = "average" if metric == "aal" else f"1 year in {metric.split('_')[1]}"
            rows.append([report.losses_name, words, *found, rounded_years(needed)])
    unit = facts.losses[0].annual.aal.unit
    head = ["Strategy", "Loss", *(f"{part:.3g} of the lifetimes" for part in SHARES), f"Years for {TARGET * 100:g} %"]
    return table(f"Convergence of the yearly loss, thousand {unit}", head, rows, 2) | {"web_only": True}


def prices(found: Found) -> Block:
    """Each layer of each strategy: expected loss, premium by three loads, ratios, what the insured keeps."""
    from riskmodel.insurance.cover_report import cover_rows

    rows: list[list[str]] = []
    rare = found.cover.price.one_in_years
    by_name = {report.name: {row.metric: row.estimate for row in cover_rows(report)} for report in found.reports}
    for layer in found.reports[0].layers:
        rows.append(group(layer))
        for name, numbers in by_name.items():
            money = ["expected_loss", "standard_deviation"]
            money += [f"premium_{method}" for method in ("standard_deviation", "wang", "cost_of_capital")]
            line = numbers.get(f"{layer}:rate_on_line")
            rows.append(
                [
                    name,
                    *(k(numbers[f"{layer}:{metric}"]) for metric in money),
                    "-" if line is None else share(line),
                    share(numbers[f"{layer}:expected_loss_ratio"]),
                    *(_whole(numbers[f"{layer}:loss_ratio_1_in_{years:g}"]) for years in rare),
                    share(numbers[f"{layer}:share_kept_by_the_insured"]),
                ]
            )
    head = ["Strategy", "Expected loss", "Standard deviation", "Premium by SD", "by Wang", "by cost of capital"]
    head += ["Rate on line, %", "Loss ratio, %", *(f"of 1 year in {years:g}" for years in rare), "Kept, %"]
    unit = found.reports[0].unit
    title = f"{found.cover.name}: thousand {unit} a year; loss ratio on average and in a bad year; kept by the insured"
    weights = (1.8, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, *(0.9 for _ in rare), 1.4)
    return table(title, head, rows, 1, weights)


def _whole(estimate: Estimate) -> str:
    """A share in per cent without an error, to three figures."""
    value = estimate.value * 100.0
    if not math.isfinite(value):
        return "-"
    return f"{value:,.3g}" if abs(value) < 1000.0 else f"{value:,.0f}"


def waits_priced(found: Found) -> Block | None:
    """Premium and share kept by the insured for each waiting period."""
    cells = found.tables[found.base]
    if not cells:
        return None
    waits_h = [cell.waiting_period_h for cell in cells]
    rows = []
    for name, own in found.tables.items():
        rows.append([name, "premium", *(k(cell.premium) for cell in own)])
        rows.append(["", "kept, %", *(share(cell.kept) for cell in own)])
    layer = found.cover.table.layer if found.cover.table else ""
    limit = "all" if math.isinf(cells[0].limit) else f"{cells[0].limit:,.0f}"
    unit = found.reports[0].unit
    title = (
        f"{layer}, {limit} above {cells[0].attachment:,.0f} {unit}: premium, thousand {unit} a year, by waiting period"
    )
    return table(title, ["Strategy", "", *(f"{wait:g} h" for wait in waits_h)], rows, 2)


def credits(found: Found) -> Block | None:
    """What each strategy takes off the premium of all layers, and what it would need."""
    if not found.credits:
        return None
    rows = []
    for name, layers in found.credits.items():
        premium, pure = list(layers.values())[-1]
        needed = found.needed.get(name)
        rows.append([name, k(premium), k(pure), "-" if needed is None else k(needed)])
    unit = found.reports[0].unit
    head = ["Strategy", "Premium credit", "Expected payment saved", "Credit that breaks even without earlier power"]
    return table(f"Against {found.base}, all layers, thousand {unit} a year", head, rows)


def meanings() -> Block:
    """Every column of the ORD tables with its meaning."""
    from riskmodel.insurance.ord_format import DICTIONARY

    rows = [[name, column.name, column.meaning] for name, columns in DICTIONARY.items() for column in columns]
    return table("Every column", ["Table", "Column", "Meaning"], rows, 3) | {"web_only": True}


def dictionary() -> Block:
    """The tables of the ORD folder and their columns."""
    from riskmodel.insurance.ord_format import DICTIONARY

    rows = [
        [name, TABLE_WORDS[name], ", ".join(column.name for column in columns)] for name, columns in DICTIONARY.items()
    ]
    return table("Tables of the folder ord", ["Table", "What it holds", "Columns"], rows, 3, (0.8, 2.4, 6.0))

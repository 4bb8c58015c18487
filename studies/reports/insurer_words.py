"""Sentences of the insurer's pack: its title, what its figures say, what is modelled and what is not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from distributions.estimate import Estimate
from studies.cli_losses import rounded_years
from studies.reports.board_facts import is_clear

if TYPE_CHECKING:
    from riskmodel.insurance.exceedance import Point
    from riskmodel.insurance.report import LossReport
    from studies.cli_cover import Found
    from studies.reports.insurer_facts import InsurerFacts

__all__ = [
    "convergence_reading", "credit_reading", "curves_reading", "k", "left_out", "modelled", "share", "title",
    "waiting_reading", "years_reading",
]  # fmt: skip

THOUSAND, PERCENT = 1e-3, 100.0
READ_AT = (100.0, 50.0, 20.0, 10.0, 5.0, 2.0)
"""Return periods a sentence may speak of, the first that enough years were simulated for [years]."""


def k(estimate: Estimate) -> str:
    """Money in thousands with its error, without a unit."""
    if not math.isfinite(estimate.value):
        return "-"
    return str(Estimate(estimate.value, estimate.standard_error, estimate.n).scaled(THOUSAND, ""))


def share(estimate: Estimate) -> str:
    """A share in per cent with its error, without the sign."""
    if not math.isfinite(estimate.value):
        return "-"
    return str(Estimate(estimate.value, estimate.standard_error, estimate.n).scaled(PERCENT, ""))


def named(facts: InsurerFacts, strategy: str) -> str:
    """Title of a strategy in quotation marks: it may hold commas."""
    return f"“{facts.results.titles[strategy]}”"


def _baseline(facts: InsurerFacts) -> LossReport:
    return next(report for report in facts.losses if report.losses_name == facts.results.baseline)


def _least(facts: InsurerFacts) -> LossReport | None:
    """The strategy that loses least, where it is not the baseline."""
    others = [report for report in facts.losses if report.losses_name != facts.results.baseline]
    return min(others, key=lambda report: report.annual.aal.value) if others else None


def _apart(one: Estimate, other: Estimate) -> bool:
    """Whether two numbers differ by more than their errors together; they share their years, so this is cautious."""
    error = math.hypot(one.standard_error, other.standard_error)
    return is_clear(Estimate(one.value - other.value, error, one.n))


def title(facts: InsurerFacts) -> str:
    """The answer in one sentence."""
    base, least = _baseline(facts), _least(facts)
    unit = base.annual.aal.unit
    said = f"Average annual loss by power events and fires: {k(base.annual.aal)} thousand {unit} with "
    said += named(facts, base.losses_name)
    if least is None:
        return said
    other = f"{k(least.annual.aal)} with {named(facts, least.losses_name)}"
    if not _apart(base.annual.aal, least.annual.aal):
        return f"{said}, {other}: no difference beyond the errors"
    return f"{said}, {other}" + (", the least" if len(facts.losses) > 2 else "")


def _told(reports: list[LossReport], kind: str) -> tuple[float, list[Point]] | None:
    """The longest return period to speak of, and its point of each strategy."""
    for years in READ_AT:
        found = [
            next((p for p in report.points if p.kind == kind and p.return_period == years), None) for report in reports
        ]
        points = [point for point in found if point is not None and not point.flagged]
        if len(points) == len(reports):
            return years, points
    return None


def curves_reading(facts: InsurerFacts) -> str:
    """What the exceedance curves say of the baseline and of the strategy that loses least."""
    base, least = _baseline(facts), _least(facts)
    reports = [base] if least is None else [base, least]
    told = _told(reports, "aep")
    if told is None:
        return "Too few years were simulated to read a return period from these curves."
    years, found = told
    unit = base.annual.aal.unit
    values = [point.estimate for point in found]
    said = f"Once in {years:g} years a whole year costs at least {k(values[0])} thousand {unit} with"
    said += f" {named(facts, base.losses_name)}"
    if least is None:
        return f"{said}."
    said += f" and {k(values[1])} with {named(facts, least.losses_name)}"
    if not _apart(*values):
        return f"{said}: no difference beyond the errors."
    if values[0].value <= 0.0:
        return f"{said}."
    change = values[1].value / values[0].value - 1.0
    return f"{said}, {abs(change) * PERCENT:.0f} % {'less' if change < 0.0 else 'more'}."


def convergence_reading(facts: InsurerFacts) -> str:
    """How far the curve of the baseline moved from the first eighth of the lifetimes to all of them."""
    report = _baseline(facts)
    shares = sorted(report.by_share)
    first, last = (
        {p.return_period: p for p in report.by_share[s][1] if p.kind == "aep"} for s in (shares[0], shares[-1])
    )
    for years in READ_AT:
        if years in first and years in last and not first[years].flagged:
            early, late = first[years].estimate, last[years].estimate
            moved = "more than its error allows" if _apart(early, late) else "no more than its error allows"
            said = (
                f"From the first eighth of the lifetimes to all, the loss of 1 year in {years:g} went from {k(early)} "
                f"to {k(late)} thousand {report.annual.aal.unit}, {moved}."
            )
            return f"{said} {years_reading(report)}"
    return f"Too few years were simulated to see a curve settle. {years_reading(report)}"


def years_reading(report: LossReport) -> str:
    """Years needed for a stated error."""
    from riskmodel.insurance.report import TARGET

    parts = []
    for metric, needed in report.needed().items():
        words = "the average" if metric == "aal" else f"1 year in {metric.split('_')[1]}"
        parts.append(f"{rounded_years(needed)} for {words}")
    return f"Years to simulate for an error of {TARGET * PERCENT:g} %: {', '.join(parts)}."


def alike(report: LossReport) -> float:
    """Independent years that would tell as much of the average as the simulated ones; NaN where there is no spread."""
    error, spread = report.annual.aal.standard_error, report.annual.sd.value
    if not (0.0 < error < math.inf and spread > 0.0):
        return math.nan
    return min((spread / error) ** 2, float(report.years))


def waiting_reading(facts: InsurerFacts, found: Found) -> str:
    """What the wait of the cover takes off the premium, and what it leaves with the insured."""
    axes, cells = found.cover.table, found.tables[found.base]
    if axes is None or not cells:
        return ""
    layer = next(layer for layer in found.cover.layers if layer.name == axes.layer)
    waits = {cell.waiting_period_h: cell for cell in cells}
    wait = layer.waiting_period_h if layer.waiting_period_h in waits else max(waits)
    none, with_wait = waits[min(waits)], waits[wait]
    unit = found.reports[0].unit
    if not math.isfinite(with_wait.kept.value):
        return (
            f"{named(facts, found.base)}, {layer.name}: no loss was simulated, so there is nothing to pay or to keep."
        )
    return (
        f"{named(facts, found.base)}, {layer.name}: a wait of {wait:g} h instead of {min(waits):g} h takes the "
        f"premium from {k(none.premium)} to {k(with_wait.premium)} thousand {unit} a year and leaves "
        f"{share(with_wait.kept)} % of the loss with the insured."
    )


def credit_reading(facts: InsurerFacts, found: Found) -> str:
    """What the first strategy with storage takes off the premium, beside what it would need."""
    study = facts.results.study
    stored = [name for name in found.credits if study.strategies[name].storage is not None] or list(found.credits)
    if not stored:
        return ""
    name = stored[0]
    premium, _ = list(found.credits[name].values())[-1]
    unit, title_of = found.reports[0].unit, named(facts, name)
    if premium.value == 0.0:
        said = f"{title_of} does not change the premium of all layers."
    elif not is_clear(premium):
        said = f"{title_of} changes the premium of all layers by no more than its error ({k(premium)} thousand)."
    else:
        more = premium.value > 0.0
        amount = premium if more else premium.scaled(-1.0, "")
        said = (
            f"{title_of} takes {k(amount)} thousand {unit} a year off the premium of {named(facts, found.base)}."
            if more
            else f"{title_of} adds {k(amount)} thousand {unit} a year to the premium of {named(facts, found.base)}."
        )
    needed = found.needed.get(name)
    if needed is None:
        return said
    if needed.value <= 0.0:
        return f"{said} Without earlier power it needs no credit: it pays for itself."
    return f"{said} Without earlier power it would need a credit of {k(needed)} to be worth as much."


def modelled(facts: InsurerFacts) -> list[str]:
    """What the losses are made of."""
    results = facts.results
    year = results.study.header.price_year
    report = _baseline(facts)
    unit = report.annual.aal.unit
    independent = alike(report)
    worth = ""
    if independent > 0.0:
        worth = f": of the average of the baseline they tell as much as {rounded_years(independent)} independent ones"
    return [
        "Perils: interruptions of the grid connection (momentary, sustained, extreme), voltage sags, calls of the grid "
        "operator on an interruptible connection (curtailment), servers damaged when power fails (equipment), fires of "
        "storage cabinets (fire).",
        f"Loss of an event: work done again, waiting, restart, reduced work, reputation and delay, by the value of a "
        f"GPU-hour; damaged servers apart. Ground up, in {unit} of {year}, not discounted, before tax.",
        f"{report.years:,} years: {results.n_paths:,} lifetimes of {results.n_years} years. The years of one lifetime "
        f"share its prices, rates, ageing and drawn parameters, so they are alike{worth}. Every error and interval "
        "here is between lifetimes and knows this. All years weigh the same (PeriodWeight = "
        f"1/{report.years:,}).",
        "± is one standard error of the simulation; [ ] is a 95 % interval from order statistics, ? where the sample "
        "does not reach. Neither says whether the inputs are right.",
    ]


def left_out(facts: InsurerFacts) -> list[str]:
    """What is not in the losses."""
    beside = max(report.beside for report in facts.losses)
    unit = facts.losses[0].annual.aal.unit
    credits = f" (up to {beside:,.0f} {unit} a year here)" if beside > 0.0 else ""
    return [
        "Other perils: fires that do not begin in a storage cabinet, flood, wind on the building, theft, war, cyber, "
        "liability, and failures of the cluster that are not of power.",
        "A fire has no hour: the fires of a year are one event of that year, its damage without lost time.",
        f"Service credits, which belong to months{credits}; fuel; cost of settling claims; inflation of claims.",
        "Rare years by plain simulation: beyond a tenth of the simulated years a point is marked *, beyond all of them "
        "not told. riskmodel rare-years weighs extreme years for the far tail.",
        "Several sites at once: riskmodel portfolio adds up sites that share weather and grid events.",
    ]

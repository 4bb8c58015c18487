"""Section on rare years: how large the downtime loss of a year is, and how rarely."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studies.reports.analyst.blocks import Section, Table, cell, named, titles
from studies.reports.workbook.facts import RETURN_YEARS, YEARS_PER_POINT

if TYPE_CHECKING:
    from studies.reports.analyst.draw import Draw
    from studies.reports.board_facts import Option
    from studies.reports.workbook.facts import Facts

__all__ = ["rare_years"]

THOUSAND = 1e-3
BAD_YEAR = 20


def rare_years(facts: Facts, draw: Draw, subject: Option) -> Section:
    """Exceedance curves with bands, and the table of return periods."""
    from studies.figures.losses import draw_exceedance

    losses = {name: facts.bad_years(name) for name in facts.names}
    known = [years for years in RETURN_YEARS if years in losses[facts.base]]
    rows = tuple((str(years), *(cell(losses[name][years], THOUSAND) for name in facts.names)) for years in known)
    means = tuple(
        cell(facts.results.estimate(name, "downtime_loss_eur_per_year:mean"), THOUSAND) for name in facts.names
    )
    note = (
        f"Downtime loss of a year, thousand {facts.currency}, reached once in so many years; as far as "
        f"{YEARS_PER_POINT} worse years were simulated. Undiscounted; +- allows for the years of one lifetime "
        "being alike"
    )
    table = Table(("1 year in", *titles(facts, facts.names)), (("mean of all years", *means), *rows), note)
    picture = draw(
        "exceedance", "Downtime loss of a bad year", _reading(facts, subject),
        lambda: draw_exceedance(facts.results), (table,),
    )  # fmt: skip
    return Section("exceedance", "Losses of bad years", [picture])


def _reading(facts: Facts, subject: Option) -> str:
    def bad(name: str) -> str:
        return cell(facts.results.estimate(name, f"downtime_loss_eur_1_in_{BAD_YEAR}_year"), THOUSAND)

    text = f"One year in {BAD_YEAR} costs at least {bad(facts.base)} thousand {facts.currency} with the baseline"
    if subject.name != facts.base:
        text += f", {bad(subject.name)} with {named(subject.title)}"
        own = facts.results.estimate(subject.name, "downtime_loss_eur_per_year:mean")
        base = facts.results.estimate(facts.base, "downtime_loss_eur_per_year:mean")
        if own and base and base.value > 0.0 and math.isfinite(own.value):
            text += f"; its mean loss is {own.value / base.value * 100.0:.2g} % of the baseline's"
    return f"{text}."

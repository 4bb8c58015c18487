"""Published claims about a strategy, held against the simulation: what they imply, and how often they come true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions.estimate import Estimate, probability
from riskmodel.store import path_column, year_sums

if TYPE_CHECKING:
    from riskmodel.results import Results
    from riskmodel.study import Study

ALL_MET = "claim_payback_met_share"
WITHOUT_EARLY_POWER = "claim_payback_without_early_power_met_share"
LIFE_MET = "claim_life_met_share"


class Implied(NamedTuple):
    """What the published figures say of themselves, by arithmetic alone; None where a figure is missing.

    Attributes
    ----------
    saving_eur_per_year : baseline's energy cost less the strategy's
    payback_simple_years : the strategy's capex over that saving
    extra_benefit_eur_per_year : benefit needed beyond the saving for the claimed payback
    capex_difference_eur : the strategy's capex less the baseline's; at most 0 means no incremental payback is needed
    """

    saving_eur_per_year: float | None
    payback_simple_years: float | None
    extra_benefit_eur_per_year: float | None
    capex_difference_eur: float | None


def implied(study: Study) -> Implied:
    """Arithmetic on a study's published claims.

    Examples
    --------
    >>> import studies
    >>> facts = implied(studies.load("nordic_inference"))
    >>> round(facts.payback_simple_years, 1), facts.extra_benefit_eur_per_year
    (16.5, 390000.0)
    """
    c = study.claims
    if c is None:
        return Implied(None, None, None, None)
    saving = payback = extra = difference = None
    if c.baseline_energy_eur_per_year is not None and c.energy_eur_per_year is not None:
        saving = c.baseline_energy_eur_per_year - c.energy_eur_per_year
    if saving and c.capex_eur is not None:
        payback = c.capex_eur / saving
    if saving is not None and c.capex_eur is not None and c.payback_years_below:
        extra = c.capex_eur / c.payback_years_below - saving
    if c.capex_eur is not None and c.baseline_capex_eur is not None:
        difference = c.capex_eur - c.baseline_capex_eur
    return Implied(saving, payback, extra, difference)


def claim_estimates(study: Study, folder: Path) -> list[tuple[str, str, Estimate]]:
    """Share of paths in which each claim holds: (strategy, metric, estimate) rows for the summary.

    A payback claim holds where the simple payback is shorter than claimed; a life claim where the cells have not had to
    be replaced by the end of the claimed years.
    """
    c = study.claims
    if c is None or c.strategy is None:
        return []
    names = study.strategy_names
    index = names.index(c.strategy)
    rows = []
    if c.payback_years_below is not None and c.strategy != study.header.baseline:
        for metric, column in (
            (ALL_MET, "payback_simple_years"),
            (WITHOUT_EARLY_POWER, "payback_simple_without_early_power_years"),
        ):
            paid = path_column(folder, column, len(names))[:, index] < c.payback_years_below
            rows.append((c.strategy, metric, probability(paid)))
    if c.life_years_above is not None and study.strategies[c.strategy].storage is not None:
        replaced = year_sums(folder, ["replaced"], index, len(names), study.header.years)
        last = min(int(np.ceil(c.life_years_above)), study.header.years)
        rows.append((c.strategy, LIFE_MET, probability(~(replaced[:, 1 : last + 1] > 0.0).any(axis=1))))
    return rows


def claim_sentences(results: Results) -> list[str]:
    """The claims in words: what the published figures imply, what the simulation says; empty without claims."""
    study = results.study
    c = study.claims
    if c is None or c.strategy is None:
        return []
    facts, lines = implied(study), []
    if facts.payback_simple_years is not None and c.capex_eur is not None and facts.saving_eur_per_year is not None:
        lines.append(
            f"Published figures alone: {c.capex_eur / 1e6:.1f} million EUR over a saving of "
            f"{facts.saving_eur_per_year / 1e3:.0f} kEUR a year is a simple payback of "
            f"{facts.payback_simple_years:.1f} years."
        )
    if facts.extra_benefit_eur_per_year is not None and facts.extra_benefit_eur_per_year > 0.0:
        lines.append(
            f"A payback under {c.payback_years_below:g} years takes {facts.extra_benefit_eur_per_year / 1e3:.0f} kEUR "
            "a year more than that saving."
        )
    if facts.capex_difference_eur is not None and facts.capex_difference_eur <= 0.0:
        lines.append("It costs no more than the baseline, so incremental payback is: none needed.")
    return lines + _simulated(results)


def _simulated(results: Results) -> list[str]:
    c = results.study.claims
    if c is None or c.strategy is None:
        return []
    lines = []
    energy = [results.estimate(n, "energy_cost_eur_per_year:mean") for n in (results.baseline, c.strategy)]
    if energy[0] is not None and energy[1] is not None:
        lines.append(
            f"Simulated energy cost: baseline {energy[0].scaled(1e-3, 'kEUR/year')}, "
            f"{c.strategy} {energy[1].scaled(1e-3, 'kEUR/year')}."
        )
    words = {
        ALL_MET: f"Payback under {c.payback_years_below or 0:g} years, earlier power counted",
        WITHOUT_EARLY_POWER: f"Payback under {c.payback_years_below or 0:g} years, earlier power left out",
        LIFE_MET: f"Cells still above end of life after {c.life_years_above or 0:g} years",
    }
    for metric, text in words.items():
        share = results.estimate(c.strategy, metric)
        if share is not None:
            lines.append(f"{text}: in {share.scaled(100.0, '%')} of paths.")
    return lines

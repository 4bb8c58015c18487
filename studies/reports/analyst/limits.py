"""Section on what the model leaves out, as far as it touches the study at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reports.analyst.blocks import Block, Listing, Section, Text

if TYPE_CHECKING:
    from riskmodel.study import Study
    from studies.reports.workbook.facts import Facts

__all__ = ["limits"]

FEW_PATHS = 1000


def limits(facts: Facts) -> Section:
    """Plain sentences; those about assets that no strategy owns are left out."""
    study = facts.results.study
    items = _always(study) + _of_assets(study)
    judged = sum("judgement" in row.origin for row in study.describe())
    blocks: list[Block] = [Listing(tuple(items))]
    if judged:
        blocks.append(Text(f"{judged} inputs are judgement. Change them first: riskmodel run STUDY --set FIELD=VALUE."))
    if facts.results.n_paths < FEW_PATHS:
        few = (
            f"Only {facts.results.n_paths:,} lifetimes were simulated: rare years and small differences are uncertain."
        )
        blocks.append(Text(few, "warning"))
    return Section("limits", "What the model leaves out", blocks)


def _always(study: Study) -> list[str]:
    prices = (
        "Prices follow a process fitted to the past of one zone and do not react to the cluster; the future may be "
        "outside it."
    )
    if study.site.tariff:
        prices = "The tariff stays as it is today; its level and calendar may change, and do not react to the cluster."
    return [
        "Physics below the hour: sags and switching are decided event by event from published limits, not from a "
        "circuit.",
        prices,
        "Money of a strategy is spent at the decision, whenever it is connected; only cabinets added later cost what "
        "they do then.",
        "Building delays other than the date of the connection; theft, war and law.",
        "The error (+-) is that of the simulation alone. That an input or a law is wrong is in no error here.",
    ]


def _of_assets(study: Study) -> list[str]:
    owned = list(study.strategies.values())
    found = []
    if any(strategy.storage is not None for strategy in owned):
        found += [
            "Which ageing law a new cell will follow is not known: each lifetime draws one of those of the study. "
            "Cells of one strategy share a temperature.",
            "Cells that fail because others are hot, and repair crews that stay away on weekends.",
            "Cabinets are not recharged before the grid is back.",
            "Revenue from frequency and reserve markets.",
        ]
    if any(strategy.pv is not None for strategy in owned):
        found.append("PV beyond the second day of an outage is not counted.")
    if any(strategy.connection.interruptible for strategy in owned):
        found.append(
            "The grid operator's calls on an interruptible connection come with no chance to fill the cabinets "
            "beforehand."
        )
    return found

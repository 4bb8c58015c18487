"""The insurer's pack as a list of blocks: what the PDF and the HTML page both show."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studies.reports import insurer_tables as tables
from studies.reports import insurer_words as words
from studies.reports.blocks import Block, code, figure, heading, items, text
from studies.reports.fonts import FALLBACK, FAMILY, font_files, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from studies.reports.insurer_facts import InsurerFacts

__all__ = ["insurer_page"]

CURVES_IN, SETTLING_IN, WAITING_IN = 6.4, 3.6, 5.4
"""Heights of the figures: less than on a slide, so that all is on four pages."""


def insurer_page(facts: InsurerFacts) -> dict[str, Any]:
    """Everything on the pages.

    Returns
    -------
    dict
        title, study, date, and blocks, see `studies.reports.blocks`.
    """
    from studies.reports.blocks import typeset

    manifest = facts.results.manifest
    return {
        "title": typeset(shown(words.title(facts))),
        "study": shown(str(manifest["study"]["title"])),
        "date": str(manifest["ended"]),
        "blocks": [*_scope(facts), *_again(facts), *_losses(facts), *_cover(facts), *_files()],
    }


def _scope(facts: InsurerFacts) -> list[Block]:
    warnings = [f"Note: {warning}." for warning in facts.results.manifest.get("warnings", ())]
    return [
        heading("What is modelled"),
        items(words.modelled(facts) + warnings),
        heading("What is not"),
        items(words.left_out(facts)),
    ]


def _losses(facts: InsurerFacts) -> list[Block]:
    from studies.figures.insurance import draw_convergence, draw_curves

    results = facts.results
    curves = _drawn(lambda: draw_curves(results, facts.losses, CURVES_IN), facts)
    settling = _drawn(lambda: draw_convergence(results, facts.losses, SETTLING_IN), facts)
    alt = "Two panels of loss against return period, a curve a strategy with bands: worst event, and whole year. "
    return [
        heading("Losses by strategy"),
        tables.moments(facts),
        tables.causes(facts),
        heading("How often, and what a waiting period leaves"),
        tables.stops(facts),
        tables.waits(facts),
        text("At 0 h: events that stop work at all; the others only slow it.", small=True),
        heading("Exceedance"),
        figure(curves, alt + words.curves_reading(facts), words.curves_reading(facts)),
        tables.curves(facts),
        text(_beyond(facts), small=True),
        heading("Convergence"),
        figure(
            settling,
            "Loss of a year against return period, a curve each from 1/8, 1/4, 1/2 and all lifetimes, with bands. "
            + words.convergence_reading(facts),
            words.convergence_reading(facts),
        ),
        tables.convergence(facts),
    ]


def _beyond(facts: InsurerFacts) -> str:
    from riskmodel.insurance.exceedance import RETURN_PERIODS

    years = facts.losses[0].years
    beyond = [f"{period:,}" for period in RETURN_PERIODS if period > years]
    said = []
    if any(point.flagged for report in facts.losses for point in report.points):
        said.append("* fewer than ten worse years were simulated.")
    if beyond:
        said.append(f"Longer than all simulated years, so not told: {'; '.join(beyond)} years.")
    return " ".join(said) or f"All these return periods are at most a tenth of the {years:,} simulated years."


def _cover(facts: InsurerFacts) -> list[Block]:
    found = facts.found
    if found is None:
        return [
            heading("A priced cover"),
            text(f"No cover is priced here: {facts.no_cover}. Type --cover FILE with terms in that currency."),
        ]
    from studies.cli_cover_table import price_terms, terms_of
    from studies.figures.insurance import draw_waiting

    layers = [f"{layer.name}: {terms_of(layer)}." for layer in found.cover.layers]
    blocks = [
        heading("A priced cover"),
        items(layers),
        tables.prices(found),
        text(
            f"{price_terms(found.cover.price)} A premium is what is asked at the beginning of the year, expenses "
            "included; what reinstatements bring comes on top. Terms and loads are those of the cover file.",
            small=True,
        ),
        *(text(f"Note: {note}.", small=True) for note in found.notes),
    ]
    if any(layer.trigger is not None for layer in found.cover.layers):
        blocks.append(
            text(
                "A layer with an index pays by it, whatever was lost: kept below 0 means that more is paid than is "
                "lost. riskmodel cover prints how far payment and loss go together.",
                small=True,
            )
        )
    priced = tables.waits_priced(found)
    if priced is None:
        blocks.append(text("The cover has no [table], so premiums by waiting period are not shown.", small=True))
    else:
        reading = words.waiting_reading(facts, found)
        blocks.append(heading("Premium by waiting period, and what stays with the insured"))
        if len({cell.waiting_period_h for cell in found.tables[found.base]}) > 1:
            drawn = _drawn(lambda: draw_waiting(facts.results, found.tables, WAITING_IN), facts)
            alt = "Two panels against the waiting period, a curve a strategy: premium, and share of the loss kept. "
            blocks.append(figure(drawn, alt + reading, reading))
        blocks.append(priced)
    saved = tables.credits(found)
    if saved is not None:
        blocks += [heading("What protection is worth to the insurer"), saved, text(words.credit_reading(facts, found))]
    return blocks


def _files() -> list[Block]:
    return [
        heading("The tables for other tools"),
        text(
            "The folder ord holds Open Results Data tables, each as CSV and as Parquet: gul_S1_TABLE (ground up, "
            "set 1: by strategy) and gul_S2_TABLE (set 2: by strategy and cause); summary-info says what each "
            "SummaryId is, data_dictionary.csv what each column means, metadata.json what was run. "
            "Period is a simulated year, EventId the same event in all strategies, PeriodWeight a year's probability."
        ),
        tables.dictionary(),
        tables.meanings(),
    ]


def _again(facts: InsurerFacts) -> list[Block]:
    results = facts.results
    manifest = results.manifest
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    commands = [
        f"riskmodel run study.resolved.toml --paths {results.n_paths} --seed {results.seed} --out RESULTS",
        "riskmodel losses RESULTS --ord ord",
    ]
    if facts.found is not None:
        commands.append(f"riskmodel cover RESULTS {shlex.quote(Path(facts.terms).name)}")
    return [
        heading("How to make it again"),
        code(commands),
        text(
            f"Seed {results.seed}, {results.n_paths:,} lifetimes of {results.n_years} years. "
            f"Input hash {manifest['input_hash']}. Source {str(manifest['source_version'])[:16]}; {versions}. "
            f"Simulated until {manifest['ended']}. The same study, seed and versions give the same numbers.",
            small=True,
        ),
    ]


def _drawn(draw: Callable[[], Figure], facts: InsurerFacts) -> str:
    """A figure as SVG in the project's style, with the carried Chinese font behind its own."""
    import matplotlib as mpl
    from matplotlib import font_manager

    from studies.figures.board import svg_text
    from studies.figures.style import freeze, in_money, theme

    for file in font_files()[:2]:
        font_manager.fontManager.addfont(str(file))
    with theme(), mpl.rc_context({"font.family": [FALLBACK, FAMILY]}):
        drawn = in_money(draw(), facts.results.currency)
        freeze(drawn)
        return svg_text(drawn)

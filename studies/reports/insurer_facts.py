"""What an insurer's pack may say: the numbers of ``losses`` and ``cover`` for a finished run, and how often it stops.

The numbers are those commands' own; only the effect of waiting periods on all events is counted here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.estimate import Estimate
from riskmodel.event_files import event_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from riskmodel.insurance.cover import Cover
    from riskmodel.insurance.losses import EventLosses
    from riskmodel.insurance.report import LossReport
    from riskmodel.results import Results
    from studies.cli_cover import Found, Part

__all__ = [
    "DEFAULT_COVER",
    "WAITS_H",
    "Counts",
    "Frequency",
    "InsurerFacts",
    "counts_of",
    "frequency_of",
    "insurer_facts",
]

Array = NDArray[np.float64]

WAITS_H = (0.0, 1.0, 4.0, 8.0, 12.0, 24.0, 72.0)
"""Waiting periods whose effect is told [h]."""
INSURED_STOPS = ("interruption", "sag")
"""Causes whose lost time a waiting period is held against; calls of the grid operator are agreed, not fortuitous."""
DEFAULT_COVER = "outage"
PROCESSES = 4
"""At most so many strategies are read and priced at once: each takes 0.6 GB at 10,000 lifetimes, 1.1 at 100,000."""
MANY_ROWS = 2_000_000
"""Rows of the table of events from which that is done in processes of their own."""


class Frequency(NamedTuple):
    """How often a strategy has losses, and what a waiting period leaves of them.

    Attributes
    ----------
    by_class : dict of class -> Estimate, events with a loss [1/year]
    stops : Estimate, stops by interruptions and sags [1/year]
    longer : dict of wait [h] -> Estimate, share of these stops that last longer
    beyond : dict of wait [h] -> Estimate, share of their loss that lies after the wait (a wait that is a deductible)
    """

    by_class: dict[str, Estimate]
    stops: Estimate
    longer: dict[float, Estimate]
    beyond: dict[float, Estimate]


@dataclass(frozen=True)
class InsurerFacts:
    """All numbers of the pack.

    Attributes
    ----------
    results : Results
    losses : list of LossReport, by strategy; frequencies : list of Frequency
    terms : str
        File or name of the cover; found : Found or None where it could not be priced, no_cover says why
    """

    results: Results
    losses: list[LossReport]
    frequencies: list[Frequency]
    terms: str
    found: Found | None
    no_cover: str = ""


class _Strategy(NamedTuple):
    losses: LossReport
    frequency: Frequency
    part: Part | None


def insurer_facts(results: Results, terms: str | None) -> InsurerFacts:
    """Read the events of each strategy once, and tell and price them.

    Parameters
    ----------
    results : Results
    terms : str, optional
        TOML file of a cover, or a shipped one. Default: `DEFAULT_COVER`, left out where its currency is another one.

    Raises
    ------
    ValueError
        If the terms do not fit the run.
    """
    from riskmodel.insurance.from_results import currency_of
    from studies.cli_cover import cover_of, put_together

    cover: Cover | None = cover_of(terms or DEFAULT_COVER)
    reason, currency = "", currency_of(results)
    if cover is not None and cover.currency and cover.currency != currency:
        reason = f"the cover {cover.name!r} is in {cover.currency}, and this run counts in {currency}"
        if terms is not None:
            raise ValueError(f"cover.currency = {cover.currency!r}: the run counts in {currency}; convert the terms")
        cover = None
    strategies = _of_all(results, cover)
    parts = [strategy.part for strategy in strategies if strategy.part is not None]
    found = put_together(cover, results, parts) if cover is not None else None
    losses, frequencies = ([getattr(s, name) for s in strategies] for name in ("losses", "frequency"))
    return InsurerFacts(results, losses, frequencies, terms or DEFAULT_COVER, found, reason)


def _of_all(results: Results, cover: Cover | None) -> list[_Strategy]:
    names = results.strategy_names
    jobs = [(results.folder, name, cover) for name in names]
    processes = min(PROCESSES, len(names), os.cpu_count() or 1)
    if processes < 2 or event_rows(results.folder) < MANY_ROWS:
        return [_of_one(*job) for job in jobs]
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(_of_one, *zip(*jobs, strict=True)))


def _of_one(folder: Path, name: str, cover: Cover | None) -> _Strategy:
    """One strategy; the events are read once for all its numbers."""
    from riskmodel.insurance.from_results import event_blocks
    from riskmodel.insurance.paid_years import joined_paid, pay
    from riskmodel.insurance.report import loss_report
    from riskmodel.insurance.year_losses import joined_years, years_of
    from riskmodel.results import load_results
    from studies.cli_cover import part_of_years

    results, terms = load_results(folder), None if cover is None else _one_column(cover)
    years, counts, paid = [], [], []
    for events in event_blocks(results, [name]):
        years.append(years_of(events))
        counts.append(counts_of(events))
        if terms is not None:
            paid.append(pay(terms, events))
    part = None if terms is None else part_of_years(terms, joined_paid(paid))
    return _Strategy(loss_report(results, joined_years(years)), frequency_of(counts), part)


def _one_column(cover: Cover) -> Cover:
    """The cover with the first attachment and limit of its table only: the pack shows premiums by waiting period."""
    from dataclasses import replace

    axes = cover.table
    if axes is None:
        return cover
    return replace(cover, table=replace(axes, attachments=axes.attachments[:1], limits=axes.limits[:1]))


class Counts(NamedTuple):
    """Events with a loss of some paths, each (paths,) float64 a year.

    Attributes
    ----------
    by_class : dict of class -> events [1/year]
    stops, loss : stops by interruptions and sags [1/year], and their loss [currency/year]
    longer : dict of wait [h] -> stops that last longer [1/year]
    beyond : dict of wait [h] -> loss after the wait [currency/year]
    """

    by_class: dict[str, Array]
    stops: Array
    loss: Array
    longer: dict[float, Array]
    beyond: dict[float, Array]


def counts_of(events: EventLosses) -> Counts:
    """Count the events of some whole paths."""
    from riskmodel.insurance.apply import time_share
    from riskmodel.insurance.cover import Layer
    from riskmodel.insurance.losses import CLASSES
    from riskmodel.insurance.year_losses import summed_by_path

    costs, one = events.loss > 0.0, np.ones(events.loss.size)
    by_class = {name: summed_by_path(events, one, costs & events.of_causes((name,))) for name in CLASSES}
    stops = costs & events.of_causes(INSURED_STOPS)
    hours = events.down_h[stops]
    longer, beyond = {}, {}
    for wait in WAITS_H:
        late = stops.copy()
        late[stops] = hours > wait
        left = np.zeros(events.loss.size)
        left[stops] = events.loss[stops] * time_share(Layer("", waiting_period_h=wait), hours)
        longer[wait], beyond[wait] = summed_by_path(events, one, late), summed_by_path(events, left, stops)
    number, loss = summed_by_path(events, one, stops), summed_by_path(events, events.loss, stops)
    return Counts(by_class, number, loss, longer, beyond)


def frequency_of(blocks: Sequence[Counts]) -> Frequency:
    """How often events cost something, and how much of it is left after a waiting period.

    Parameters
    ----------
    blocks : sequence of Counts
        Of all paths, which weigh the same.
    """
    from riskmodel.insurance.losses import equal_periods
    from riskmodel.insurance.pricing import Valued, mean_of

    paths = equal_periods(sum(block.stops.size for block in blocks))

    def mean(values: Iterable[Array]) -> Valued:
        return mean_of(np.concatenate(list(values)), paths)

    number, loss = mean(block.stops for block in blocks), mean(block.loss for block in blocks)
    return Frequency(
        {name: mean(block.by_class[name] for block in blocks).estimate(paths, "/year") for name in blocks[0].by_class},
        number.estimate(paths, "/year"),
        {w: mean(block.longer[w] for block in blocks).over(number).estimate(paths) for w in WAITS_H},
        {w: mean(block.beyond[w] for block in blocks).over(loss).estimate(paths) for w in WAITS_H},
    )

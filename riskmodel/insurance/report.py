"""What the loss tables of a run say, by strategy: moments, exceedance curves, losses by cause, convergence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distributions.estimate import Estimate, mean
from riskmodel.insurance.exceedance import RETURN_PERIODS, Annual, Point, annual, exceedance, points, years_needed
from riskmodel.insurance.from_results import event_blocks, events_of, not_of_events
from riskmodel.insurance.losses import CLASSES, EventLosses
from riskmodel.insurance.year_losses import YearLosses, joined_years, years_of
from riskmodel.summary import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from riskmodel.insurance.cover_report import CoverReport
    from riskmodel.insurance.ord_tables import Summary
    from riskmodel.results import Results

__all__ = ["SHARES", "TARGET", "LossReport", "loss_report", "loss_rows", "run_years", "write_ord", "write_perspectives"]

SHARES = (0.125, 0.25, 0.5, 1.0)
"""Shares of the paths on which the curve is drawn again."""
TARGET = 0.01
"""Relative standard error for which the years needed are told."""
CONVERGENCE_YEARS = (20.0, 100.0, 200.0)
"""Return periods of the yearly loss whose convergence is shown."""


class LossReport(NamedTuple):
    """Losses of one strategy.

    Attributes
    ----------
    losses_name : str
    annual : Annual
    points : list of Point
    by_cause : dict of class -> Estimate, mean yearly loss
    by_share : dict of share of the paths -> (Annual, list of Point), AEP and its TVaR only
    years : int, simulated
    beside : float, mean yearly loss that belongs to no event
    """

    losses_name: str
    annual: Annual
    points: list[Point]
    by_cause: dict[str, Estimate]
    by_share: dict[float, tuple[Annual, list[Point]]]
    years: int
    beside: float

    def needed(self) -> dict[str, float]:
        """Years to simulate for `TARGET`: of the mean, and of the yearly loss at the return periods shown."""
        found = {"aal": years_needed(self.annual.aal, self.years, TARGET)}
        for point in self.points:
            if point.kind == "aep" and point.return_period in CONVERGENCE_YEARS:
                found[_metric(point)] = years_needed(point.estimate, self.years, TARGET)
        return found


def run_years(results: Results, life: tuple[int, int] | None = None) -> Iterator[YearLosses]:
    """Losses by year of each strategy of a run; its events are read once, block by block.

    Parameters
    ----------
    results : Results
    life : (first, last), optional
        Only these years of each path, from 1.
    """
    blocks: dict[str, list[YearLosses]] = {name: [] for name in results.strategy_names}
    for events in event_blocks(results, results.strategy_names, life):
        blocks[events.name].append(years_of(events))
    for name in results.strategy_names:
        yield joined_years(blocks.pop(name))


def loss_report(results: Results, years: YearLosses, return_periods: tuple[float, ...] = RETURN_PERIODS) -> LossReport:
    """What the losses of one strategy of a run say.

    Parameters
    ----------
    results : Results
    years : YearLosses, of the strategy
    return_periods : tuple of float [years]
    """
    unit = f"{years.currency}/year"
    by_cause = {name: mean(values, unit) for name, values in years.by_class.items() if values.any()}
    by_share = {}
    for share in SHARES:
        sums, periods = years.first_share(share)
        by_share[share] = (annual(sums, periods, unit), points(sums, periods, return_periods))
    return LossReport(
        years.name,
        annual(years.total, years.periods, years.currency),
        exceedance(years, return_periods),
        by_cause,
        by_share,
        years.periods.n,
        not_of_events(results, years.name),
    )


def _metric(point: Point) -> str:
    return f"{point.kind}_{point.return_period:g}_years"


def loss_rows(report: LossReport) -> list[Row]:
    """All numbers as rows: moments, each point with the ends of its 95 % interval and its flag, causes, convergence."""
    name = report.losses_name
    rows = [Row(name, metric, value) for metric, value in zip(report.annual._fields, report.annual, strict=True)]
    for point in report.points:
        unit = point.estimate.unit
        rows.append(Row(name, _metric(point), point.estimate))
        rows.append(Row(name, f"{_metric(point)}:low_95", Estimate(point.low, 0.0, 1, unit)))
        rows.append(Row(name, f"{_metric(point)}:high_95", Estimate(point.high, 0.0, 1, unit)))
        rows.append(Row(name, f"{_metric(point)}:beyond_a_tenth_of_the_years", Estimate(float(point.flagged), 0.0, 1)))
    rows += [Row(name, f"aal:{cause}", estimate) for cause, estimate in report.by_cause.items()]
    for share, (moments, found) in report.by_share.items():
        rows.append(Row(name, f"aal:share_{share:g}", moments.aal))
        rows += [Row(name, f"{_metric(point)}:share_{share:g}", point.estimate) for point in found]
    rows += [
        Row(name, f"{metric}:years_for_1_percent", Estimate(years, 0.0, 1, "years"))
        for metric, years in report.needed().items()
    ]
    return [*rows, Row(name, "aal:of_no_event", Estimate(report.beside, 0.0, 1, "per year"))]


def write_ord(results: Results, folder: Path, life: tuple[int, int] | None = None) -> list[str]:
    """Write the ORD tables of a run: set 1 by strategy, set 2 by strategy and cause; give the names of the files.

    All events of one strategy are held in memory, as they are rows of the tables.
    """
    from riskmodel.insurance.ord_files import BY_CAUSE, write_description, write_summaries

    facts = facts_of(results)
    text = {key: str(value) for key, value in facts.items() if isinstance(value, (str, int))}
    files = write_summaries(folder, "gul", 1, _by_strategy(results, life), text)
    files += write_summaries(folder, "gul", 2, _by_cause(results, life), text, BY_CAUSE)
    sets = {"1": "strategy", "2": "strategy and cause"}
    write_description(folder, files, {**facts, "perspectives": {"gul": "0 ground-up"}, "summary_sets": sets})
    return [*files, "metadata.json", "data_dictionary.csv"]


def write_perspectives(results: Results, folder: Path, reports: list[CoverReport], cover: str) -> list[str]:
    """Write the ORD tables of a cover, a set by strategy of ground up, gross and net each; give the files' names."""
    from riskmodel.insurance.ord_files import PERSPECTIVES, write_description, write_summaries
    from riskmodel.insurance.ord_tables import Summary

    facts = facts_of(results) | {"cover": cover}
    text = {key: str(value) for key, value in facts.items() if isinstance(value, (str, int))}
    files: list[str] = []
    views = dict(zip(PERSPECTIVES, ("ground_up", "gross", "net"), strict=True))
    kept = {prefix: view for prefix, view in views.items() if view in reports[0].views}
    for prefix, view in kept.items():
        infos = [{"strategy": report.name, "title": results.titles[report.name]} for report in reports]
        losses: list[EventLosses] = [getattr(report.perspectives, view) for report in reports]
        summaries = (Summary(k, *both) for k, both in enumerate(zip(infos, losses, strict=True), start=1))
        files += write_summaries(folder, prefix, 1, summaries, text)
    perspectives = {prefix: f"{PERSPECTIVES[prefix][0]} {PERSPECTIVES[prefix][1]}" for prefix in kept}
    write_description(folder, files, {**facts, "perspectives": perspectives, "summary_sets": {"1": "strategy"}})
    return [*files, "metadata.json", "data_dictionary.csv"]


def facts_of(results: Results) -> dict[str, Any]:
    """What the tables were made from: enough to make them again."""
    from riskmodel.insurance.from_results import currency_of

    manifest = results.manifest
    return {
        "study": str(manifest["study"]["name"]),
        "title": str(manifest["study"]["title"]),
        "currency": currency_of(results),
        "input_hash": str(manifest["input_hash"]),
        "seed": results.seed,
        "paths": results.n_paths,
        "years_per_path": results.n_years,
        "money": "real, in the price year of the study, undiscounted",
        "versions": manifest["versions"],
    }


def _by_strategy(results: Results, life: tuple[int, int] | None) -> Iterator[Summary]:
    from riskmodel.insurance.ord_tables import Summary

    for number, name in enumerate(results.strategy_names, start=1):
        info = {"strategy": name, "title": results.titles[name]}
        yield Summary(number, info, events_of(results, name, life))


def _by_cause(results: Results, life: tuple[int, int] | None) -> Iterator[Summary]:
    from riskmodel.insurance.ord_tables import Summary

    number = 0
    for name in results.strategy_names:
        losses = events_of(results, name, life)
        for cause in CLASSES:
            number += 1  # causes without a loss, too: a number means the same in every run of a study
            yield Summary(number, {"strategy": name, "cause": cause}, losses.rows(losses.of_causes((cause,))))

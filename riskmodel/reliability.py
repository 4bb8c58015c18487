"""Reliability of the cluster under each strategy: stops, downtime, availability, losses, beside the grid's own indices.

Everything is read from the results of a run. The years of one path share its inputs, so the path is the unit of every
error. An event's losses belong to its family; down time that two events share belongs to the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions import estimate as est
from distributions.clock import HOURS_PER_YEAR, S_PER_H
from distributions.estimate import Estimate
from distributions.estimate_tails import clustered_quantile_interval
from riskmodel.currency import stored
from riskmodel.event_files import check_inside, event_columns, event_groups, word_codes
from riskmodel.ledger import DOWNTIME_LINES
from riskmodel.quantities import CAUSES
from riskmodel.summary import ONE_IN_20_YEARS, Row

if TYPE_CHECKING:
    import pyarrow as pa

    from riskmodel.results import Results

__all__ = ["GROUPS", "LOST", "Reliability", "reliability", "reliability_rows"]

Array = NDArray[np.float64]

GROUPS: dict[str, tuple[str, ...]] = {
    "all": CAUSES,
    "sags": ("sag",),
    "interruptions": ("momentary", "sustained"),
    "extremes": ("extreme",),
    "curtailments": ("curtailment",),
}
"""Families of events by the name under which they are shown."""

LOST = ("rework", "waiting", "restart", "capped", "hardware")
"""Causes of lost GPU-hours."""

STOPPED = ("orderly_stop", "abrupt_stop")
COUNTS = ("noticed", *STOPPED)
MOMENTARY_S = 300.0
"""Interruptions up to this long are momentary: IEEE 1366 (the standard's 5 min, from memory)."""

LOSS_COLUMNS = [f"{line.name.lower()}_eur" for line in DOWNTIME_LINES]
PER_YEAR, HOURS_A_YEAR, GPU_HOURS, EUR = "1/year", "h/year", "GPU-h/year", "EUR/year"


class Reliability(NamedTuple):
    """Estimates by metric.

    Attributes
    ----------
    grid : dict of metric -> Estimate
        What the drawn events of the grid are for one customer.
    strategies : dict of strategy -> group -> metric -> Estimate
        Groups are those of `GROUPS`.
    bad_year_eur : dict of strategy -> group -> (low, high)
        95 % order-statistic interval of the loss reached in 1 year in 20 [EUR].
    """

    grid: dict[str, Estimate]
    strategies: dict[str, dict[str, dict[str, Estimate]]]
    bad_year_eur: dict[str, dict[str, tuple[float, float]]]


def reliability(results: Results) -> Reliability:
    """Reliability of every strategy of a finished run, for all events and by groups of families."""
    book = _read(results)
    strategies: dict[str, dict[str, dict[str, Estimate]]] = {}
    intervals: dict[str, dict[str, tuple[float, float]]] = {}
    for index, name in enumerate(results.strategy_names):
        powered = _yearly(results, "powered_gpu_hours", name)
        potential = _yearly(results, "potential_gpu_hours", name)
        strategies[name], intervals[name] = {}, {}
        for group, families in GROUPS.items():
            chosen = [CAUSES.index(family) for family in families]
            sums = book.sums[chosen, index].sum(axis=0) / results.n_years
            losses = book.eur[chosen, index].sum(axis=0)
            if group == "all":  # with what no single event causes, such as credits for a month
                losses = -results.year_sums(LOSS_COLUMNS, name)[:, 1:]
            strategies[name][group] = _metrics(
                dict(zip((*COUNTS, *LOST), sums.T, strict=True)), powered, potential, results.n_years
            )
            strategies[name][group] |= {
                "loss_eur_per_year": est.mean(losses.mean(axis=1), EUR),
                "loss_eur_1_in_20_year": est.clustered_quantile(losses, ONE_IN_20_YEARS, "EUR"),
            }
            intervals[name][group] = clustered_quantile_interval(losses, ONE_IN_20_YEARS)
    return Reliability(_grid(book, results.n_years), strategies, intervals)


def _metrics(mean: dict[str, Array], powered: Array, potential: Array, n_years: int) -> dict[str, Estimate]:
    """Estimates from each path's yearly means: counts, GPU-hours by cause, and ratios of them to time with power."""
    stops = mean["orderly_stop"] + mean["abrupt_stop"]
    out = ratio(mean["waiting"] + mean["restart"], powered)
    lost = np.sum([mean[cause] for cause in LOST], axis=0)
    seen = bool(mean["noticed"].any())
    if seen and out.value == 0.0:  # rare, not impossible: its error is not known
        out = Estimate(0.0, math.inf, out.n)
    found = {
        "noticed_per_year": est.mean(mean["noticed"], PER_YEAR),
        "stops_per_year": _rate(stops, n_years, seen),
        "abrupt_stops_per_year": _rate(mean["abrupt_stop"], n_years, seen),
        "orderly_stops_per_year": _rate(mean["orderly_stop"], n_years, seen),
        "downtime_h_per_year": out.scaled(HOURS_PER_YEAR, HOURS_A_YEAR),
        "availability": Estimate(1.0 - out.value, out.standard_error, out.n),
        "nines": nines(out),
        "time_between_stops_h": ratio(powered, stops * _mean(potential) / HOURS_PER_YEAR, "h"),
        "gpu_hours_lost_per_year": est.mean(lost, GPU_HOURS),
    }
    return found | {f"gpu_hours_lost_{cause}_per_year": est.mean(mean[cause], GPU_HOURS) for cause in LOST}


def _rate(yearly: Array, n_years: int, possible: bool) -> Estimate:
    """Mean yearly count; where none was seen of what may happen, the error is that of Jeffreys' gamma posterior."""
    if possible and not yearly.any():
        return Estimate(0.0, math.sqrt(0.5) / (yearly.size * n_years), yearly.size, PER_YEAR)
    return est.mean(yearly, PER_YEAR)


def nines(unavailability: Estimate) -> Estimate:
    """Availability in nines, -log10(unavailability); infinite, with no error known, where no downtime was seen."""
    if unavailability.value <= 0.0:
        return Estimate(math.inf, math.inf, unavailability.n)
    error = unavailability.standard_error / (unavailability.value * math.log(10.0))
    return Estimate(-math.log10(unavailability.value), error, unavailability.n)


def ratio(parts: Array, wholes: Array, unit: str = "") -> Estimate:
    """Ratio of two means over paths; error by the paths' deviations from the ratio (delta method).

    Infinite, with no error known, where the wholes sum to 0 and the parts do not; 0 where both do.
    """
    part, whole = _mean(parts), _mean(wholes)
    if whole <= 0.0:
        return Estimate(math.inf, math.inf, wholes.size, unit) if part > 0.0 else Estimate(0.0, 0.0, wholes.size, unit)
    share = part / whole
    return Estimate(share, est.mean((parts - share * wholes) / whole).standard_error, wholes.size, unit)


def _mean(values: Array) -> float:
    return math.fsum(values) / values.size


def _yearly(results: Results, column: str, name: str) -> Array:
    return np.asarray(results.year_sums([column], name)[:, 1:].mean(axis=1))


class _Book(NamedTuple):
    """Sums of the events, of `COUNTS` and `LOST` (families, strategies, paths, 8), of EUR (families, strategies, paths,
    years), and of the grid by path (paths, 4): long and momentary interruptions, hours of the long ones, sags."""

    sums: Array
    eur: Array
    grid: Array


def _read(results: Results) -> _Book:
    """Walk the events once, a piece at a time."""
    n_strategies, n_paths = len(results.strategy_names), results.n_paths
    book = _Book(
        np.zeros((len(CAUSES), n_strategies, n_paths, len(COUNTS) + len(LOST))),
        np.zeros((len(CAUSES), n_strategies, n_paths, results.n_years)),
        np.zeros((n_paths, 4)),
    )
    start = int(results.manifest.get("first_path", 0))
    for piece in _pieces(results.folder):
        if piece.num_rows:
            _add(book, piece, results.strategy_names, start)
    return book


def _pieces(folder: Path) -> Iterator[pa.Table]:
    columns = ["path", "year", "cause", "duration_s", "strategy", "outcome", "eur_lost"]
    names, found = [*columns, *(f"gpu_hours_{cause}" for cause in LOST)], event_columns(folder)
    there = [stored(found, name) for name in names]
    for table in event_groups(folder, there):
        yield table.select(there).rename_columns(names)


def _add(book: _Book, piece: pa.Table, names: list[str], start: int) -> None:
    """Add the events of a piece, which is of a few paths, to the sums of these; the first path of all is `start`."""
    from riskmodel.quantities import Outcome

    outcomes = [code.name.lower() for code in Outcome]
    path, year = piece.column("path").to_numpy() - start, piece.column("year").to_numpy().astype(np.int64)
    check_inside(path, year, (0, book.eur.shape[2]), book.eur.shape[3])
    family, strategy = word_codes(piece, "cause", CAUSES).astype(np.int64), word_codes(piece, "strategy", names)
    outcome = word_codes(piece, "outcome", outcomes)
    lost = {cause: piece.column(f"gpu_hours_{cause}").to_numpy().astype(np.float64) for cause in LOST}
    felt = np.sum([lost[cause] for cause in LOST], axis=0) > 0.0  # a stop without GPUs that had power is none
    columns: list[NDArray[Any]] = [outcome != Outcome.UNAFFECTED]
    columns += [(outcome == outcomes.index(word)) & felt for word in STOPPED]
    columns += list(lost.values())
    low, high = int(path.min()), int(path.max()) + 1
    here = path - low
    place = (family * len(names) + strategy) * (high - low) + here
    for k, values in enumerate(columns):
        _add_at(book.sums[:, :, low:high, k], place, values)
    _add_at(book.eur[:, :, low:high], place * book.eur.shape[3] + year - 1, piece.column("eur_lost").to_numpy())
    first = strategy == 0  # every event has a row for each strategy
    hours = piece.column("duration_s").to_numpy() / S_PER_H
    cut = first & np.isin(family, [CAUSES.index(word) for word in ("momentary", "sustained", "extreme")])
    long = cut & (hours * S_PER_H > MOMENTARY_S)
    sags = first & (family == CAUSES.index("sag"))
    for k, values in enumerate((long, cut & ~long, np.where(long, hours, 0.0), sags)):
        _add_at(book.grid[low:high, k], here, values)


def _add_at(sums: Array, place: NDArray[np.int64], values: NDArray[Any]) -> None:
    """Add each value to the entry of `sums` at its place in row order."""
    sums += np.bincount(place, values, sums.size).reshape(sums.shape)


def _grid(book: _Book, n_years: int) -> dict[str, Estimate]:
    long, short, hours, sags = (book.grid / n_years).T
    return {
        "saifi_per_year": est.mean(long, PER_YEAR),
        "saidi_h_per_year": est.mean(hours, HOURS_A_YEAR),
        "caidi_h": ratio(hours, long, "h"),
        "maifi_per_year": est.mean(short, PER_YEAR),
        "sags_beyond_tolerance_per_year": est.mean(sags, PER_YEAR),
    }


def reliability_rows(found: Reliability) -> list[Row]:
    """All numbers as rows like those of summary.csv, metrics of a part of the events as GROUP:METRIC."""
    rows = [Row("grid events", metric, estimate) for metric, estimate in found.grid.items()]
    for name, groups in found.strategies.items():
        for group, metrics in groups.items():
            prefix = "" if group == "all" else f"{group}:"
            rows += [Row(name, f"{prefix}{metric}", estimate) for metric, estimate in metrics.items()]
            low, high = found.bad_year_eur[name][group]
            for side, value in (("low_95", low), ("high_95", high)):
                rows.append(Row(name, f"{prefix}loss_eur_1_in_20_year:{side}", Estimate(value, 0.0, 1, "EUR")))
    return rows

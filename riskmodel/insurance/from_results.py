"""Event losses of a finished run. The only module of the insurance part that knows the columns of its tables.

The table of events of a large run does not fit in memory. It is read in blocks of consecutive paths (the row groups of
years.parquet), each of which holds all events of its years; what insurers ask for is summed up by year, block by block.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distributions.clock import S_PER_H
from riskmodel.event_files import check_columns, check_inside, event_files, event_groups, word_codes
from riskmodel.insurance.losses import EQUIPMENT, FIRE, EventLosses, Periods, joined
from riskmodel.quantities import CAUSES
from riskmodel.run_errors import check_names
from riskmodel.store import year_blocks, year_groups

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from riskmodel.results import Results

__all__ = ["currency_of", "event_blocks", "events_of", "net_present_value_difference", "not_of_events"]

ALL_CAUSES = (*CAUSES, EQUIPMENT, FIRE)
EVENT_COLUMNS = ("path", "event", "year", "hour", "cause", "duration_s", "strategy", "hours_down")


def currency_of(results: Results) -> str:
    """Currency of the run's money, e.g. "EUR"."""
    return str(results.manifest["study"].get("currency", "EUR"))


def _money(results: Results, table: str, line: str) -> str:
    """Column of a money line: `eur_lost` of events, `storage_fire_eur` of years, in the currency they were written."""
    import pyarrow.parquet as pq

    there = event_files(results.folder)[0] if table == "events" else results.folder / f"{table}.parquet"
    names = pq.read_schema(there).names
    for unit in (currency_of(results).lower(), "eur"):
        name = f"{unit}_{line}" if table == "events" else f"{line}_{unit}"
        if name in names:
            return name
    check_names(results.folder / f"{table}.parquet", [name], names)
    return name


def events_of(results: Results, strategy: str, life: tuple[int, int] | None = None) -> EventLosses:
    """Losses of one strategy by event, ground up, of all paths at once: see `event_blocks`."""
    return joined(list(event_blocks(results, [strategy], life)))


def event_blocks(
    results: Results, strategies: Sequence[str], life: tuple[int, int] | None = None
) -> Iterator[EventLosses]:
    """Losses by event, ground up, of some whole paths of each strategy in turn, then of the next paths.

    An event's loss is that of the run's table: work done again, waiting, restart, reduced work, reputation, delay under
    the event's own cause, damaged servers under `equipment`. Fires are counted by year in the run: each year with fires
    is one event of cause `fire` without a time. Fuel is no loss here, and service credits belong to months. The weights
    of the years of all blocks sum to 1.

    Parameters
    ----------
    results : Results
    strategies : sequence of str
    life : (first, last), optional
        Only these years of each path, from 1. Default: all.

    Raises
    ------
    KeyError
        If there is no such strategy.
    RunError
        If the tables lack a column, or an event is outside of the paths and years of the run.
    """
    names = results.strategy_names
    for strategy in strategies:
        if strategy not in names:
            raise KeyError(f"no strategy {strategy!r}: type one of {', '.join(names)}")
    lost, hardware = (_money(results, "events", line) for line in ("lost", "hardware"))
    income = [_money(results, "years", line) for line in ("compute_income", "waiting_for_power")]
    fire = _money(results, "years", "storage_fire")
    rows = _Rows(results, (lost, hardware))
    years = year_blocks(results.folder, [*income, fire], len(names), results.n_years)
    first_number = 0
    for first, n_paths, lines in years:
        block = rows.below(first, first + n_paths)
        numbers = first_number + _running(block["path"], block["event"])
        fires_from = (int(numbers[-1]) if numbers.size else first_number) + 1
        first_number = fires_from - 1 + n_paths * results.n_years
        periods = _periods(n_paths, results)
        for strategy in strategies:
            k = names.index(strategy)
            exposure = np.sum([lines[name][:, k, 1:] for name in income], axis=0).ravel()
            burnt = np.maximum(-lines[fire][:, k, 1:].ravel(), 0.0)
            columns = _ordered(_rows_of(block, numbers, k, results.n_years, first), _fire_rows(burnt, fires_from))
            own = periods._replace(exposure=exposure)
            losses = EventLosses(strategy, currency_of(results), own, ALL_CAUSES, **columns)
            yield losses if life is None else _of_life(losses, life, results)
    rows.check_end(results.n_paths)


def _running(path: NDArray[np.int64], event: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the event of each row, from 1; rows of one event follow each other."""
    fresh = np.ones(path.size, np.int64)
    fresh[1:] = (path[1:] != path[:-1]) | (event[1:] != event[:-1])
    return np.cumsum(fresh)


def _periods(n_paths: int, results: Results) -> Periods:
    """Years of some of the paths, their exposure left open."""
    n_years = results.n_years
    return Periods(
        np.full(n_paths * n_years, 1.0 / (results.n_paths * n_years)),
        np.repeat(np.arange(n_paths), n_years),
        np.tile(np.arange(1, n_years + 1), n_paths),
        np.zeros(0),
    )


def _of_life(losses: EventLosses, life: tuple[int, int], results: Results) -> EventLosses:
    weight = 1.0 / (results.n_paths * (life[1] - life[0] + 1))
    return losses.life_years(*life, weight)


class _Rows:
    """Rows of the table of events, handed out in the order of their paths."""

    def __init__(self, results: Results, money: tuple[str, str]) -> None:
        self.folder, self.n_years = results.folder, results.n_years
        self.start = int(results.manifest.get("first_path", 0))
        check_columns(results.folder, [*EVENT_COLUMNS, *money])
        words = {"strategy": results.strategy_names, "cause": CAUSES}
        tables = event_groups(results.folder, [*EVENT_COLUMNS, *money])
        self.groups = (_columns(table, words, money) for table in tables)
        self.waiting = [_columns(_no_rows(results.folder, [*EVENT_COLUMNS, *money]), words, money)]

    def below(self, first: int, until: int) -> dict[str, NDArray[Any]]:
        """Rows of the paths `first .. until - 1`, counted from 0, that were not handed out yet."""
        while not self.waiting[-1]["path"].size or self.waiting[-1]["path"][-1] < self.start + until:
            group = next(self.groups, None)
            if group is None:
                break
            self.waiting.append(group)
        rows = {name: np.concatenate([group[name] for group in self.waiting]) for name in self.waiting[0]}
        end = int(np.searchsorted(rows["path"], self.start + until))
        self.waiting = [{name: values[end:].copy() for name, values in rows.items()}]
        found = {name: values[:end] for name, values in rows.items()}
        found["path"] = found["path"] - self.start
        check_inside(found["path"], found["year"], (first, until), self.n_years)
        return found

    def check_end(self, end: int) -> None:
        """Refuse rows that are left when all paths below `end` had theirs."""
        for group in itertools.chain(self.waiting, self.groups):
            check_inside(group["path"] - self.start, group["year"], (end, end), self.n_years)


def _no_rows(folder: Path, names: list[str]) -> pa.Table:
    import pyarrow.parquet as pq

    schema = pq.read_schema(event_files(folder)[0])
    return schema.empty_table().select(names)


def _columns(table: pa.Table, words: dict[str, Sequence[str]], money: tuple[str, str]) -> dict[str, NDArray[Any]]:
    """Columns as arrays, words as their numbers, the two of money as `lost` and `hardware`."""
    found: dict[str, NDArray[Any]] = {name: word_codes(table, name, known) for name, known in words.items()}
    found |= {name: table.column(name).to_numpy() for name in EVENT_COLUMNS if name not in words}
    return found | {"lost": table.column(money[0]).to_numpy(), "hardware": table.column(money[1]).to_numpy()}


def _rows_of(
    block: dict[str, NDArray[Any]], numbers: NDArray[np.int64], strategy: int, n_years: int, first: int
) -> dict[str, Any]:
    """Rows of lost time and of damage of the events that reached a strategy; damage follows the time of its event."""
    own = block["strategy"] == strategy
    # A call that cost nothing is neither a loss nor part of any index; most events are.
    own &= (block["cause"] != CAUSES.index("curtailment")) | (block["lost"] > 0.0)
    place = np.flatnonzero(own)
    hurt = block["hardware"][place] > 0.0
    row = np.repeat(place, 1 + hurt)
    damage = np.zeros(row.size, np.bool_)
    damage[np.cumsum(1 + hurt)[hurt] - 1] = True
    hardware = block["hardware"][row]
    return {
        "period": (block["path"][row] - first) * n_years + block["year"][row] - 1,
        "event": numbers[row],
        "cause": np.where(damage, ALL_CAUSES.index(EQUIPMENT), block["cause"][row]),
        "loss": np.where(damage, hardware, np.maximum(block["lost"][row] - hardware, 0.0)),
        "duration_h": block["duration_s"][row] / S_PER_H,
        "down_h": block["hours_down"][row].astype(np.float64),
        "hour": block["hour"][row].astype(np.float64),
    }


def _ordered(rows: dict[str, Any], fires: dict[str, Any]) -> dict[str, Any]:
    """Rows by year and time, the fires of a year last."""
    columns = {name: np.concatenate([rows[name], fires[name]]) for name in fires}
    order = np.argsort(columns["period"], kind="stable")
    period, hour = columns["period"][order], columns["hour"][order]
    if ((period[1:] == period[:-1]) & (hour[1:] < hour[:-1])).any():  # a table that was not written in order of time
        order = np.lexsort((columns["cause"], columns["event"], columns["hour"], columns["period"]))
    return {name: values[order] for name, values in columns.items()}


def _fire_rows(loss: NDArray[np.float64], first_number: int) -> dict[str, Any]:
    """A row for each year with fires."""
    period = np.flatnonzero(loss > 0.0)
    unknown = np.full(period.size, np.nan)
    return {
        "period": period,
        "event": first_number + period,
        "cause": np.full(period.size, ALL_CAUSES.index(FIRE)),
        "loss": loss[period],
        "duration_h": unknown,
        "down_h": unknown,
        "hour": unknown,
    }


def net_present_value_difference(results: Results, strategy: str) -> NDArray[np.float64]:
    """(n_paths,) net present value less the baseline's, earlier power left out [currency]."""
    column = results.column(_money(results, "paths", "delta_npv_without_early_power"))
    return np.asarray(column[:, results.strategy_names.index(strategy)], dtype=np.float64)


def not_of_events(results: Results, strategy: str) -> float:
    """Mean yearly loss by downtime that belongs to no single event: service credits [currency/year]."""
    names = results.strategy_names
    line = _money(results, "years", "service_credits")
    groups = year_groups(results.folder, [line], names.index(strategy), len(names), results.n_years)
    return -math.fsum(float(sums[:, 1:].sum()) for _, sums in groups) / (results.n_paths * results.n_years)

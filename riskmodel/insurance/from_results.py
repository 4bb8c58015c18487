"""Event losses of a finished run. The only module of the insurance part that knows the columns of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distributions.clock import S_PER_H
from riskmodel.event_files import event_files, event_groups
from riskmodel.insurance.losses import EQUIPMENT, FIRE, EventLosses, Periods
from riskmodel.quantities import CAUSES
from riskmodel.run_errors import AGAIN, RunError

if TYPE_CHECKING:
    import pyarrow as pa

    from riskmodel.results import Results

__all__ = ["currency_of", "events_of", "net_present_value_difference", "not_of_events"]

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
    place = results.folder / f"{table}.parquet"
    raise RunError(f"{place}: has no column {name}: another version of this program made it; {AGAIN}")


def events_of(results: Results, strategy: str) -> EventLosses:
    """Losses of one strategy by event, ground up.

    An event's loss is that of the run's table: work done again, waiting, restart, reduced work, reputation, delay under
    the event's own cause, damaged servers under `equipment`. Fires are counted by year in the run: each year with fires
    is one event of cause `fire` without a time. Fuel is no loss here, and service credits belong to months.

    Raises
    ------
    KeyError
        If there is no such strategy.
    """
    names = results.strategy_names
    if strategy not in names:
        raise KeyError(f"no strategy {strategy!r}: type one of {', '.join(names)}")
    n_years = results.n_years
    rows = _event_rows(results, strategy)
    fires = _fire_rows(results, strategy, rows["last_event"])
    parts = [rows["time"], rows["damage"], fires]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in fires}
    order = np.lexsort((columns["cause"], columns["event"], columns["hour"], columns["period"]))
    n = results.n_paths * n_years
    income = [_money(results, "years", line) for line in ("compute_income", "waiting_for_power")]
    periods = Periods(
        np.full(n, 1.0 / n),
        np.repeat(np.arange(results.n_paths), n_years),
        np.tile(np.arange(1, n_years + 1), results.n_paths),
        results.year_sums(income, strategy)[:, 1:].ravel(),
    )
    return EventLosses(
        strategy, currency_of(results), periods, ALL_CAUSES, **{name: columns[name][order] for name in columns}
    )


def _event_rows(results: Results, strategy: str) -> dict[str, Any]:
    """Rows of lost time and of damage of the events that reached a strategy, read a row group at a time."""
    lost, hardware = (_money(results, "events", line) for line in ("lost", "hardware"))
    pieces, number, last = [], 0, (-1, -1)
    for table in event_groups(results.folder, [*EVENT_COLUMNS, lost, hardware]):
        path, event = (table.column(name).to_numpy().astype(np.int64) for name in ("path", "event"))
        fresh = np.ones(path.size, bool)
        fresh[1:] = (path[1:] != path[:-1]) | (event[1:] != event[:-1])
        fresh[:1] = (path[:1] != last[0]) | (event[:1] != last[1])
        numbers = number + np.cumsum(fresh)
        if path.size:
            number, last = int(numbers[-1]), (int(path[-1]), int(event[-1]))
        pieces.append(_piece(table, path, numbers, results, strategy, (lost, hardware)))
    if not pieces:  # no event reached any strategy
        nothing = {name: np.zeros(0) for name in ("loss", "duration_h", "down_h", "hour")}
        nothing |= {name: np.zeros(0, np.int64) for name in ("period", "event", "cause")}
        pieces.append((nothing, nothing))
    time, damage = (
        {name: np.concatenate([piece[k][name] for piece in pieces]) for name in pieces[0][k]} for k in range(2)
    )
    return {"time": time, "damage": damage, "last_event": number}


def _piece(
    table: pa.Table,
    path: NDArray[np.int64],
    numbers: NDArray[np.int64],
    results: Results,
    strategy: str,
    money: tuple[str, str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    own = _codes(table, "strategy", results.strategy_names) == results.strategy_names.index(strategy)
    cause = _codes(table, "cause", CAUSES)
    # A call that cost nothing is neither a loss nor part of any index; most events are.
    own &= (cause != CAUSES.index("curtailment")) | (table.column(money[0]).to_numpy() > 0.0)
    column = {name: table.column(name).to_numpy()[own].astype(np.float64) for name in ("year", "hour", "duration_s")}
    lost, hardware = (table.column(name).to_numpy()[own] for name in money)
    time: dict[str, Any] = {
        "period": path[own] * results.n_years + column["year"].astype(np.int64) - 1,
        "event": numbers[own],
        "cause": cause[own],
        "loss": np.maximum(lost - hardware, 0.0),
        "duration_h": column["duration_s"] / S_PER_H,
        "down_h": table.column("hours_down").to_numpy()[own].astype(np.float64),
        "hour": column["hour"],
    }
    hurt = hardware > 0.0
    damage = {name: values[hurt] for name, values in time.items()}
    damage |= {"loss": hardware[hurt], "cause": np.full(int(hurt.sum()), ALL_CAUSES.index(EQUIPMENT))}
    return time, damage


def _codes(table: pa.Table, name: str, words: list[str] | tuple[str, ...]) -> NDArray[np.int64]:
    """Number of each cell's word in `words`."""
    cells = table.column(name).combine_chunks()
    place = np.array([list(words).index(word) for word in cells.dictionary.to_pylist()], dtype=np.int64)
    return place[cells.indices.to_numpy()]


def _fire_rows(results: Results, strategy: str, last_event: int) -> dict[str, Any]:
    """A row for each year with fires."""
    loss = np.maximum(-results.year_sums([_money(results, "years", "storage_fire")], strategy)[:, 1:].ravel(), 0.0)
    period = np.flatnonzero(loss > 0.0)
    unknown = np.full(period.size, np.nan)
    return {
        "period": period,
        "event": last_event + 1 + period,
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
    return float(-results.year_sums([_money(results, "years", "service_credits")], strategy)[:, 1:].mean())

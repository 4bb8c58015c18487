"""Tables of a range of paths: one row a path and strategy, one a year more, one an event; some paths' other lives.

Tables here hold strategies, causes and outcomes as codes; `riskmodel.store` turns codes into words when it writes the
final files, so that those do not depend on which ranges they came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel import finance
from riskmodel.event_record import COLUMNS as RECORD_COLUMNS
from riskmodel.financing import cover_ratios, price_index
from riskmodel.ledger import (
    DEBT_LINES,
    DOWNTIME_LINES,
    ENERGY_LINES,
    LOST_QUANTITIES,
    N_LINES,
    OWN_LINES,
    Draws,
    Line,
    build_ledger,
    gpu_hour_value_eur,
    sum_of,
    with_early_power,
)
from riskmodel.measures import Terms, measure_columns
from riskmodel.quantities import Outcome, Quantity
from riskmodel.variance_split import redrawn_columns

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

IN_LEDGER = (Quantity.ENERGY_COST_EUR, Quantity.EXPORT_INCOME_EUR)
"""Quantities that the years table shows as ledger lines."""

MONTHS_PER_YEAR = 12.0

PROCESS_KINDS = ("prices.", "irradiance.", "outages.", "cells.")
"""Beginnings of the names of fitted parameters among the drawn numbers of a path."""

CAUSES_OF_LOSS = ("rework", "waiting", "restart", "capped", "hardware")
EVENT_COLUMNS = (
    *("path", "event", "year", "hour", "cause", "duration_s", "residual_voltage", "strategy", "outcome"),
    *(name for name, _ in RECORD_COLUMNS),
    "noticed",
    *(f"eur_{cause}" for cause in (*CAUSES_OF_LOSS, "fuel", "reputation", "delay", "lost")),
)
"""Columns of events.parquet; those of money are named in the currency of the study there."""


@dataclass(frozen=True)
class RangeTables:
    """Columns of the tables for the paths of one range, rows in path order."""

    paths: Columns
    years: Columns
    events: Columns
    redrawn: Columns


def uncertain_fields(study: Study) -> list[str]:
    """Stream names of the quantities that differ between paths, in the order of the study."""
    return list(dict.fromkeys(stream for _, stream, law in study.law_fields() if law.name != "constant"))


def range_tables(study: Study, result: RangeResult, again: list[tuple[int, RangeResult]]) -> RangeTables:
    """All tables of a range; each path's rows are the same bits in any range.

    Parameters
    ----------
    study : Study
    result : RangeResult
    again : list of (kind, RangeResult)
        Other lives of some of its paths, see `riskmodel.variance_split`.
    """
    ledger = build_ledger(study, result)
    paths, years = paths_columns(study, result, ledger), years_columns(result, ledger)
    return RangeTables(paths, years, events_columns(study, result), redrawn_columns(study, again))


def paths_columns(study: Study, result: RangeResult, ledger: Array) -> Columns:
    """Columns of paths.parquet, one row a path and strategy.

    Energy cost is purchases, fees, demand charge, fuel and taxes less export income. All yearly figures are means over
    the years of the study, undiscounted. The baseline has no benefit flow: its rates and paybacks are NaN.
    """
    n_paths, n_strategies = ledger.shape[:2]
    base = result.strategy_names.index(study.header.baseline)
    terms = Terms.of(study, Draws(study, result))
    total, early_flow = sum_of(ledger, range(N_LINES)), with_early_power(study, result, ledger)
    npv, early = terms.npv(total), terms.npv(early_flow)
    delta = npv - npv[:, base : base + 1]
    counted = study.cluster.gpus_without_power == "wait"
    loss = -_yearly_mean(sum_of(ledger, DOWNTIME_LINES)[..., 1:])
    columns = {
        "path": np.repeat(np.arange(result.first_path, result.first_path + n_paths), n_strategies),
        "strategy": np.tile(np.arange(n_strategies, dtype=np.int8), n_paths),
        "npv_eur": npv,
        "delta_npv_eur": delta,
        "early_power_value_eur": early,
        "delta_npv_without_early_power_eur": delta - early if counted else delta,
        "delta_npv_with_early_power_eur": delta if counted else delta + early,
        **benefit_columns(study, result, ledger, base, early_flow if counted else np.zeros_like(early_flow)),
        **measure_columns(study, result, ledger, terms),
        "energy_cost_eur_per_year": -_yearly_mean(sum_of(ledger, ENERGY_LINES)[..., 1:]),
        "arbitrage_eur_per_year": _yearly_mean(result.annual[..., Quantity.ARBITRAGE_EUR]),
        "downtime_loss_eur_per_year": loss,
        "avoided_downtime_loss_eur_per_year": loss[:, base : base + 1] - loss,
        "gpu_hours_lost_per_year": _yearly_mean(sum_of(result.annual, LOST_QUANTITIES)),
        "battery_capacity_left_end": result.annual[..., -1, Quantity.CAPACITY_LEFT],
        "best": np.argmax(npv, axis=1)[:, None] == np.arange(n_strategies),
        **_scalar_columns(study, result),
    }
    return {name: np.ascontiguousarray(column).ravel() for name, column in columns.items()}


def benefit_flows(ledger: Array, base: int) -> tuple[Array, Array]:
    """Stand-alone and incremental benefit flows of every strategy, before debt: those of the project, not its owners.

    Returns
    -------
    stand_alone : (n_paths, n_strategies, n_years + 1) float64 [EUR]
        The strategy's own investment, subsidy and what it leaves, and all its other lines less the baseline's.
    incremental : (n_paths, n_strategies, n_years + 1) float64 [EUR]
        All its lines less the baseline's: the baseline's investment is saved.
    """
    total = sum_of(ledger, tuple(line for line in range(N_LINES) if line not in DEBT_LINES))
    own = sum_of(ledger, OWN_LINES)
    other = total - own
    return own + (other - other[:, base : base + 1]), total - total[:, base : base + 1]


def _power_start_years(study: Study, result: RangeResult) -> Array:
    """(n_paths, n_strategies) years from the decision until each strategy has its power."""
    draws = Draws(study, result)
    months = [draws(f"strategies.{name}.connection.time_to_power_months") for name in result.strategy_names]
    return np.column_stack(months) / MONTHS_PER_YEAR


def benefit_columns(study: Study, result: RangeResult, ledger: Array, base: int, early: Array) -> Columns:
    """Rates of return and paybacks, of real flows; NaN and `IrrStatus.NOT_APPLICABLE` for the baseline.

    `early` : (n_paths, n_strategies, n_years + 1) what the flows hold of earlier power
    """
    header, draws = study.header, Draws(study, result)
    terms = Terms.of(study, draws)
    stand_alone, incremental = benefit_flows(ledger, base)
    shape = ledger.shape[:2]
    of_row = np.repeat(terms.rate, shape[1])
    connected = stand_alone - early
    nominal = stand_alone * price_index(study, draws)
    flows, extra, without, own, raised = (
        flow.reshape(-1, ledger.shape[2])
        for flow in (stand_alone, incremental, connected, sum_of(ledger, OWN_LINES), nominal)
    )
    start = _power_start_years(study, result).ravel()
    irr, status = finance.internal_rate_of_return(flows, terms.mid_year)
    rates = header.finance_rate_real, header.reinvestment_rate_real
    columns: Columns = {
        "irr": irr,
        "irr_status": status,
        "irr_nominal": finance.internal_rate_of_return(raised, terms.mid_year)[0],
        "mirr": finance.modified_internal_rate_of_return(flows, *rates, terms.mid_year),
        "profitability_index": finance.profitability_index(flows, own, of_row, terms.mid_year),
        "payback_simple_years": finance.payback(flows, 0.0, start),
        "payback_discounted_years": finance.payback(flows, of_row, start, terms.mid_year),
        "payback_sustained_years": finance.payback_sustained(flows, start),
        "payback_incremental_years": finance.payback(extra, 0.0, start),
        "payback_simple_without_early_power_years": finance.payback(without, 0.0, start),
    }
    for name, column in columns.items():
        table = column.reshape(shape)
        table[:, base] = finance.IrrStatus.NOT_APPLICABLE if name == "irr_status" else np.nan
        columns[name] = table
    return columns


def _yearly_mean(values: Array) -> Array:
    """Mean over the last axis, the years, added in their order."""
    return sum_of(values, range(values.shape[-1])) / values.shape[-1]


def _scalar_columns(study: Study, result: RangeResult) -> Columns:
    """Drawn values by stream name; a strategy without the asset has NaN."""
    draws, names = Draws(study, result), result.strategy_names
    columns: Columns = {}
    paths = {path: stream for path, stream, _ in study.law_fields()}
    for stream in uncertain_fields(study):
        column = np.full((result.n_paths, len(names)), np.nan)
        for path in (path for path, of_stream in paths.items() if of_stream == stream):
            owner = path.split(".")[1] if path.startswith("strategies.") else None
            column[:, slice(None) if owner is None else names.index(owner)] = _as_column(draws(path), owner)
        columns[f"scalar:{stream}"] = column
    for name in sorted(name for name in result.scalars if name.startswith(PROCESS_KINDS)):
        columns[f"scalar:{name}"] = np.repeat(result.scalars[name], len(names)).reshape(-1, len(names))
    return columns


def _as_column(values: Array, owner: str | None) -> Array:
    return values[:, None] if owner is None else values


def years_columns(result: RangeResult, ledger: Array) -> Columns:
    """Columns of years.parquet: path, strategy, year 0..n_years, ledger lines in EUR, physical quantities.

    Year 0, the decision, has money only; its physical quantities are NaN so that means over years leave it out.
    """
    n_paths, n_strategies, n_entries = ledger.shape[:3]
    columns: Columns = {
        "path": np.repeat(np.arange(result.first_path, result.first_path + n_paths), n_strategies * n_entries),
        "strategy": np.tile(np.repeat(np.arange(n_strategies, dtype=np.int8), n_entries), n_paths),
        "year": np.tile(np.arange(n_entries, dtype=np.int16), n_paths * n_strategies),
    }
    for line in Line:
        columns[f"{line.name.lower()}_eur"] = ledger[..., line].ravel()
    columns["net_cash_eur"] = sum_of(ledger, range(N_LINES)).ravel()
    columns["debt_service_cover_ratio"] = cover_ratios(ledger).ravel()
    for quantity in Quantity:
        if quantity in IN_LEDGER:
            continue
        kind = np.float64 if quantity is Quantity.ARBITRAGE_EUR else np.float32
        column = np.full((n_paths, n_strategies, n_entries), np.nan, dtype=kind)
        column[..., 1:] = result.annual[..., quantity]
        columns[quantity.name.lower()] = column.ravel()
    return columns


def events_columns(study: Study, result: RangeResult) -> Columns:
    """Columns of events.parquet: what the engine kept of each event, whether the strategy noticed it, and EUR by cause.

    `noticed` : the event reached the strategy, and something had to carry the load or the cluster felt it. Summed over
    a path and year, `eur_rework` to `eur_hardware` (with the repair of damaged servers), `eur_reputation` and
    `eur_delay` are the ledger's lines of the same names and `eur_fuel` its fuel; `eur_lost` is their sum without fuel.
    Service credits belong to months, not to events. An event belongs to the year in which it began.
    """
    events = dict(result.events)
    draws, names = Draws(study, result), result.strategy_names
    path, year = events["path"] - result.first_path, events["year"].astype(np.int64) - 1
    value = gpu_hour_value_eur(study, draws)[path, year]
    eur: Columns = {f"eur_{cause}": events[f"gpu_hours_{cause}"] * value for cause in CAUSES_OF_LOSS}
    eur["eur_hardware"] += events["damaged_servers"] * draws("cluster.damaged_repair_eur_per_server")[path]
    fuel = np.zeros((result.n_paths, len(names)))
    for index, name in enumerate(names):
        if study.strategies[name].gensets is not None:
            fuel[:, index] = draws(f"strategies.{name}.gensets.fuel_eur_per_kwh")
    eur["eur_fuel"] = events["genset_kwh"] * fuel[path, events["strategy"]]
    stops = (events["outcome"] == Outcome.ABRUPT_STOP) | (events["outcome"] == Outcome.ORDERLY_STOP)
    eur["eur_reputation"] = stops * draws("cluster.reputation_eur_per_stop")[path]
    eur["eur_delay"] = events["delay_days"] * draws("cluster.programme_delay_eur_per_day")[path]
    eur["eur_lost"] = np.zeros(path.size)
    for cause in (*CAUSES_OF_LOSS, "reputation", "delay"):
        eur["eur_lost"] += eur[f"eur_{cause}"]
    events["noticed"] = events["outcome"] != Outcome.UNAFFECTED
    for name, kind in RECORD_COLUMNS:
        events[name] = events[name].astype(kind)
    return events | eur

"""Checks of every range before it is kept: finite values, bounds, counts, and balances of energy and cash.

They look at what the engine and the ledger wrote, by other ways than those wrote it. A violated check is a mistake of
this program or of the machine, never a result: the run stops, and says which path to look at.

- Energy of a year: what the grid gives, less export and what storage keeps, is at most the drawn load in all hours,
  with the losses of the UPS and the own use of cabinets. With gensets (all of an outage counts in the year it began)
  and PV (all of it, as some may find no use) it is at least nine tenths of what the GPU-hours worked need at the lowest
  work rate. Cabinets give no more than they were charged with since the start, and what they held then. PV gives no
  more than its power in all hours.
- Cash: lines add up to the net cash of a year; its present value is the NPV of the path; each cause of loss of a year
  is the sum over the year's events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distributions.clock import HOURS_PER_YEAR, KW_PER_MW
from riskmodel.drawn_values import Draws
from riskmodel.ledger import DOWNTIME_LINES, LOST_QUANTITIES
from riskmodel.ledger_lines import Line
from riskmodel.measures import Terms, consumed_kwh
from riskmodel.path_tables import CAUSES_OF_LOSS
from riskmodel.quantities import CAUSES, Outcome, Quantity
from riskmodel.run_errors import RunFailed

if TYPE_CHECKING:
    from riskmodel.path_tables import RangeTables
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["BrokenPath", "check_range"]

Array = NDArray[Any]

ROUNDING = 1e-4
"""Share by which a bound of energy may be passed: hours are added up in single precision (judgement)."""
CASH_ROUNDING = 1e-9
"""Share of the largest money of a path by which two ways of adding it up may differ (judgement)."""
OUTAGE_SLACK = 0.9
"""Of the energy that the hours worked need: in outages some comes from cells, or counts in another year (judgement)."""
MOST_CAPACITY = 1.5
"""Of the capacity of new cells: laws with a rise at the beginning stay far below (judgement)."""
NOT_SHARES = (Quantity.ENERGY_COST_EUR, Quantity.EXPORT_INCOME_EUR, Quantity.ARBITRAGE_EUR, Quantity.CAPACITY_LEFT)
"""Quantities that may be negative, or that are not numbers without storage."""
COUNTS = (Quantity.INTERRUPTIONS, Quantity.ABRUPT_STOPS, Quantity.ORDERLY_STOPS, Quantity.FIRES, Quantity.CALLS)


class BrokenPath(RunFailed):
    """A path that violates a check.

    Attributes
    ----------
    path, seed : int
    what : str
    """

    def __init__(self, path: int, seed: int, what: str) -> None:
        super().__init__(
            f"path {path:,}: {what}. This is a mistake of the program or the machine, and no result; finished ranges "
            f"before it are kept. To see this path alone: --seed {seed} --first-path {path} --paths 1"
        )
        self.path, self.seed, self.what = path, seed, what

    def __reduce__(self) -> tuple[type[BrokenPath], tuple[int, int, str]]:
        return type(self), (self.path, self.seed, self.what)


class _Checker:
    def __init__(self, study: Study, seed: int, result: RangeResult, tables: RangeTables) -> None:
        self.study, self.seed, self.result, self.tables = study, seed, result, tables
        self.annual, self.names = result.annual, result.strategy_names
        self.draws = Draws(study, result)

    def broken(self, path: int, what: str) -> BrokenPath:
        return BrokenPath(self.result.first_path + int(path), self.seed, what)

    def each(self, values: Array, good: Array, what: str) -> None:
        """Raise for the first entry of (n_paths, n_strategies, n_years) or (n_paths, n_strategies) that is not good."""
        if good.all():
            return
        place = np.unravel_index(int(np.argmin(good)), good.shape)
        year = f", year {place[2] + 1}" if len(place) > 2 else ""
        where = f"strategy {self.names[place[1]]}{year}: " if len(place) > 1 else ""
        raise self.broken(int(place[0]), f"{where}{what}, and it is {float(np.asarray(values)[place])!r}")

    def counts(self) -> None:
        """Each path has its rows, and no other path has any."""
        n, n_strategies, years = self.annual.shape[:3]
        first = self.result.first_path
        for name, rows in (("paths", n_strategies), ("years", n_strategies * (years + 1))):
            path = getattr(self.tables, name)["path"]
            expected = np.repeat(np.arange(first, first + n), rows)
            if path.size != expected.size or not np.array_equal(path, expected):
                raise self.broken(0, f"the table {name} has other rows than {rows} for each of {n} paths")
        path = self.tables.events["path"]
        if path.size and (path[0] < first or path[-1] >= first + n or np.any(np.diff(path) < 0)):
            raise self.broken(0, "the table of events has rows of paths that are not in its range")

    def values(self) -> None:
        """Finite, not negative, and within their bounds."""
        for quantity in Quantity:
            values = self.annual[..., quantity]
            if quantity not in NOT_SHARES:
                self.each(values, np.isfinite(values) & (values >= 0.0), f"{quantity.name.lower()} must be 0 or above")
            elif quantity != Quantity.CAPACITY_LEFT:
                self.each(values, np.isfinite(values), f"{quantity.name.lower()} must be a number")
        for quantity in COUNTS:
            values = self.annual[..., quantity]
            self.each(values, values == np.floor(values), f"{quantity.name.lower()} must be a whole number")
        left = self.annual[..., Quantity.CAPACITY_LEFT]
        owned = np.array([self.study.strategies[name].storage is not None for name in self.names])[None, :, None]
        good = np.where(owned, (left > 0.0) & (left <= MOST_CAPACITY), np.isnan(left))
        self.each(left, good, f"capacity_left must be from 0 to {MOST_CAPACITY} with storage, and none without")
        for field, drawn in self.result.scalars.items():
            if not np.isfinite(drawn).all():
                place = int(np.argmin(np.isfinite(drawn)))
                raise self.broken(place, f"{field} must be a number, and it is {float(drawn[place])!r}")

    def gpu_hours(self) -> None:
        """Powered are at most all there are; lost are at most those."""
        potential, powered = (self.annual[..., q] for q in (Quantity.POTENTIAL_GPU_HOURS, Quantity.POWERED_GPU_HOURS))
        all_there = self.study.cluster.gpus * HOURS_PER_YEAR * (1.0 + ROUNDING)
        self.each(potential, potential <= all_there, f"potential_gpu_hours must be at most {all_there:.6g}")
        good = powered <= potential * (1.0 + ROUNDING)
        self.each(powered, good, "powered_gpu_hours must be at most potential_gpu_hours")
        lost = self._lost()
        self.each(lost, lost <= potential * (1.0 + ROUNDING), "lost GPU-hours must be at most potential_gpu_hours")

    def _lost(self) -> Array:
        return np.asarray(self.annual[..., list(LOST_QUANTITIES)].sum(axis=-1))

    def energy(self) -> None:
        """Nothing comes from nothing."""
        cluster, consumed = self.study.cluster, consumed_kwh(self.annual)
        rated_kw = cluster.gpus / cluster.gpus_per_server * cluster.server_power_kw
        rated_kw *= 1.0 + cluster.network_storage_share
        load_kw = rated_kw * self.draws("cluster.load_factor") * self.draws("cluster.power_usage_effectiveness")
        strategies = [self.study.strategies[name] for name in self.names]
        charged, given = (np.cumsum(self.annual[..., q], -1) for q in (Quantity.CHARGE_KWH, Quantity.DISCHARGE_KWH))
        fresh = np.cumsum(self.annual[..., Quantity.REPLACED], -1)
        added = np.cumsum(self.annual[..., Quantity.CABINETS_ADDED], -1)
        for s, strategy in enumerate(strategies):
            storage, pv = strategy.storage, strategy.pv
            most_kw = load_kw / (strategy.ups.efficiency if strategy.ups else 1.0)
            held_kwh = np.zeros_like(added[:, s])
            if storage is not None:
                cabinets = storage.cabinets * (1.0 + fresh[:, s]) + added[:, s]
                held_kwh = cabinets * storage.cabinet_energy_kwh
                most_kw = most_kw[:, None] + storage.auxiliary_kw_per_cabinet * (storage.cabinets + added[:, s])
            most = np.broadcast_to(most_kw.reshape(load_kw.size, -1), consumed[:, s].shape) * HOURS_PER_YEAR
            sun = self.annual[:, s, :, Quantity.PV_KWH]
            taken = consumed[:, s] - sun - self.annual[:, s, :, Quantity.GENSET_KWH]
            self.one(s, taken, taken <= most * (1.0 + ROUNDING), "energy from the grid is above the load")
            worked = np.maximum(0.0, self.annual[:, s, :, Quantity.POWERED_GPU_HOURS] - self._lost()[:, s])
            least = worked * (load_kw / cluster.gpus)[:, None] * min(1.0, cluster.ride_through_power_share)
            text = "energy consumed is below that of the GPU-hours worked"
            self.one(s, consumed[:, s], consumed[:, s] >= least * OUTAGE_SLACK, text)
            room = charged[:, s] * (1.0 + ROUNDING) + held_kwh
            self.one(s, given[:, s], given[:, s] <= room, "cabinets gave more than they had")
            most_sun = (pv.power_mwp * KW_PER_MW if pv else 0.0) * HOURS_PER_YEAR
            self.one(s, sun, sun <= most_sun, f"PV gave more than {most_sun:.6g} kWh")

    def one(self, strategy: int, values: Array, good: Array, what: str) -> None:
        """Raise for the first entry of (n_paths, n_years) of one strategy that is not good."""
        if not good.all():
            path, year = np.unravel_index(int(np.argmin(good)), good.shape)
            where = f"strategy {self.names[strategy]}, year {year + 1}"
            raise self.broken(int(path), f"{where}: {what}, and it is {float(values[path, year])!r}")

    def cash(self) -> None:
        """Lines, net cash, present value and events are the same money."""
        n, n_strategies, years = self.annual.shape[:3]
        shape = (n, n_strategies, years + 1)
        column = {name: self.tables.years[name].reshape(shape) for name in _money_columns()}
        net = self.tables.years["net_cash_eur"].reshape(shape)
        total = np.sum([column[name] for name in column], axis=0)
        size = np.sum([np.abs(column[name]) for name in column], axis=(0, -1))
        slack = CASH_ROUNDING * (1.0 + size)
        self.each(net.sum(-1), np.all(np.abs(net - total) <= slack[..., None], -1), "lines must add up to the net cash")
        npv = self.tables.paths["npv_eur"].reshape(n, n_strategies)
        found = Terms.of(self.study, self.draws).npv(total)
        self.each(npv, np.abs(npv - found) <= slack, "npv_eur must be the present value of the lines")
        events = self.tables.events
        place = (events["path"] - self.result.first_path) * n_strategies + events["strategy"]
        place = place * years + events["year"].astype(np.int64) - 1
        lines = dict(zip(CAUSES_OF_LOSS, DOWNTIME_LINES[: len(CAUSES_OF_LOSS)], strict=True))
        lines |= {"reputation": Line.REPUTATION, "delay": Line.PROGRAMME_DELAY, "fuel": Line.FUEL}
        for cause, line in lines.items():
            summed = np.bincount(place, events[f"eur_{cause}"], n * n_strategies * years).reshape(
                n, n_strategies, years
            )
            of_year = column[f"{line.name.lower()}_eur"][..., 1:]
            good = np.abs(summed + of_year) <= slack[..., None]
            self.each(summed, good, f"eur_{cause} of the events must be {line.name.lower()}_eur of the year")

    def shares(self) -> None:
        """One best strategy; shares and codes of events within their bounds."""
        n, n_strategies = self.annual.shape[:2]
        best = self.tables.paths["best"].reshape(n, n_strategies).sum(axis=1)
        self.each(best, best == 1, "one strategy must be the best")
        events = self.tables.events
        bounds = {
            "residual_voltage": (0.0, 1.0), "tripped_share": (0.0, 1.0), "hour": (0.0, HOURS_PER_YEAR),
            "outcome": (0, max(Outcome)), "cause": (0, len(CAUSES) - 1), "strategy": (0, n_strategies - 1),
            "year": (1, self.annual.shape[2]), "duration_s": (0.0, np.inf), "eur_lost": (-np.inf, np.inf),
        }  # fmt: skip
        for name, (low, high) in bounds.items():
            values = events[name]
            good = (values >= low) & (values <= high) & np.isfinite(values)
            if not good.all():
                row = int(np.argmin(good))
                path = int(events["path"][row]) - self.result.first_path
                what = f"{name} of event {int(events['event'][row])} must be from {low:g} to {high:g}"
                raise self.broken(path, f"{what}, and it is {float(values[row])!r}")


def _money_columns() -> list[str]:
    return [f"{line.name.lower()}_eur" for line in Line]


def check_range(study: Study, seed: int, result: RangeResult, tables: RangeTables) -> None:
    """Check a range.

    Parameters
    ----------
    study : Study
    seed : int
    result : RangeResult
    tables : RangeTables
        Made of it.

    Raises
    ------
    BrokenPath
        At the first violation.
    """
    checker = _Checker(study, seed, result, tables)
    for check in (checker.counts, checker.values, checker.gpu_hours, checker.energy, checker.cash, checker.shares):
        check()

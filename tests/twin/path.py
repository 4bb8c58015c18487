"""One path of a study from 1 January of the first year to the end of the last, for every strategy."""

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from distributions.clock import MONTH_OF_DAY
from riskmodel.quantities import N_QUANTITIES, Outcome, Quantity
from tests.twin import battery
from tests.twin.arithmetic import in_order_sum
from tests.twin.downtime import lost_gpu_hours
from tests.twin.events import CURTAILMENT, Outages
from tests.twin.inputs import StrategyInputs, strategy_inputs
from tests.twin.market import Market, walk_market
from tests.twin.randoms import quantile, scalars
from tests.twin.ridethrough import Situation, resolve

TRACES = ("import_kw", "state_of_charge", "charge_kw", "discharge_kw", "grid_share")
LOST = slice(Quantity.LOST_REWORK_GPU_HOURS, Quantity.LOST_HARDWARE_GPU_HOURS + 1)


@dataclass
class EventOutcome:
    """One event for one strategy, with the situation that decided it; `year` from 1."""

    year: int
    situation: Situation
    outcome: Outcome
    gpu_hours: tuple


@dataclass
class PathResult:
    """All of one path.

    Attributes
    ----------
    market : Market
    annual : (n_strategies, n_years, N_QUANTITIES) float64
    hourly : (n_strategies, 5, hours) import [kW], state of charge, charge, discharge [kW], share of the hour with grid
    events : list over events in time order of lists over strategies of EventOutcome
    """

    market: Market
    annual: np.ndarray
    hourly: np.ndarray
    events: list


@dataclass
class Site:
    """One strategy on its way through the run: what it has stored, how worn it is, until when it is down."""

    inputs: StrategyInputs
    stored: Any
    values: np.ndarray
    capacity: float = 1.0
    calendar: float = 0.0
    cycle: float = 0.0
    peak_kw: Any = 0.0
    grid_back_h: float = 0.0
    grid_left: float = 0.0
    down_from_h: float = 0.0
    down_until_h: float = 0.0
    outcomes: list = field(default_factory=list)


@dataclass
class Day:
    """Today of one strategy: share of the load drawn and of the hour with grid, and hourly rows."""

    number: int
    load_kw: Any
    powered: Any
    served: Any
    run: np.ndarray
    grid: np.ndarray
    throughput: Any
    rows: dict

    def lower(self, row, from_h, until_h, left):
        """Lower a row to `left` where [from, until) of the run overlaps its hours, in proportion."""
        a, z = max(from_h - self.number * 24.0, 0.0), min(until_h - self.number * 24.0, 24.0)
        for h in range(int(a), min(math.ceil(z), 24)):
            overlap = min(h + 1.0, z) - max(float(h), a)
            row[h] = min(row[h], row.dtype.type(1.0 - overlap * (1.0 - left)))


def walk_path(study, seed, path, arithmetic):
    """Walk one path of a study for all its strategies; see `PathResult`."""
    return Walk(study, seed, path, arithmetic).result()


class Walk:
    """The time loop of one path."""

    def __init__(self, study, seed, path, m):
        self.study, self.seed, self.path, self.m = study, seed, path, m
        self.drawn = scalars(study, seed, path)
        self.market = walk_market(study, self.drawn, seed, path, m)
        self.outages = Outages(study)
        self.inputs = [strategy_inputs(study, name, self.drawn, m) for name in study.strategies]
        shape = (len(self.inputs), study.header.years)
        self.annual = np.zeros((*shape, N_QUANTITIES))
        self.hourly = np.zeros((shape[0], len(TRACES), shape[1] * 8760))

    def result(self):
        """Walk every strategy through the same market and the same events."""
        years = range(self.study.header.years)
        rate = self.drawn["site.outage_rate_factor"]
        events = [
            self.outages.year(self.market.regime[365 * y : 365 * (y + 1)], rate, y, self.seed, self.path) for y in years
        ]
        outcomes = [self.walk_strategy(s, events) for s in range(len(self.inputs))]
        return PathResult(self.market, self.annual, self.hourly, list(zip(*outcomes, strict=True)))

    def walk_strategy(self, s, events):
        """All years of one strategy; returns its event outcomes in time order."""
        f, inputs = self.m.f, self.inputs[s]
        levels = inputs.cabinets.levels if inputs.cabinets else 1
        site = Site(inputs, f(0), np.zeros((battery.KNOWN_HOURS, levels), f), peak_kw=f(0))
        for year, of_year in enumerate(events):
            sums = self.annual[s, year]
            for day in range(365):
                today = [event for event in of_year if int(event.hour) // 24 == day]
                self.walk_day(site, s, year, year * 365 + day, today, sums)
                if day == 364 or MONTH_OF_DAY[day + 1] != MONTH_OF_DAY[day]:
                    sums[Quantity.PEAK_IMPORT_KW] += float(site.peak_kw) * (1 / 12)
                    site.peak_kw = f(0)
            self.close_year(site, sums)
        return site.outcomes

    def close_year(self, site, sums):
        """Potential GPU-hours, capacity left, and new cells where the old ones are worn."""
        sums[Quantity.POTENTIAL_GPU_HOURS] = self.study.cluster.gpus * 8760.0
        sums[Quantity.CAPACITY_LEFT] = site.capacity if site.inputs.cabinets else np.nan
        if site.inputs.cabinets and site.capacity < site.inputs.cabinets.end_of_life:
            sums[Quantity.REPLACED] = 1.0
            site.capacity, site.calendar, site.cycle = 1.0, 0.0, 0.0

    def open_day(self, site, number):
        """Load, share of GPUs with power, and what earlier events leave of grid and cluster."""
        f, i = self.m.f, site.inputs
        connected = number >= i.energised_day
        served = f(1) if connected else f(0)
        powered = f(1) if connected else min(i.import_before_kw / i.load_kw, f(1))
        load = i.load_kw * powered * (i.ups_factor if connected else f(1)) + i.auxiliary_kw * served
        day = Day(number, load, powered, served, np.ones(24, f), np.ones(24, f), f(0), {})
        now = number * 24.0
        if site.grid_back_h > now:
            day.lower(day.grid, now, site.grid_back_h, site.grid_left)
        if site.down_until_h > now:
            day.lower(day.run, site.down_from_h, site.down_until_h, self.study.cluster.idle_power_share)
        return day

    def walk_day(self, site, s, year, number, events, sums):
        """24 hours, cut where events begin: an event takes stored energy and hours out of the rest of the day."""
        day = self.open_day(site, number)
        yesterdays, c = site.values, site.inputs.cabinets
        if c:
            site.values = self.plan(site, number)
        # the end of an hour before 13 is in yesterday's plan, that of a later one in today's
        left = 24 - battery.PLAN_HOUR
        values = np.concatenate([yesterdays[left:24], site.values[:left]])
        hours = sorted({0, 24} | {int(event.hour) % 24 for event in events})
        parts = []
        for a, z in itertools.pairwise(hours):
            for event in events:
                if int(event.hour) % 24 == a:
                    self.settle(site, day, event, year, sums)
            parts.append(self.walk_hours(site, day, values, a, z))
        rows = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        self.close_day(site, day, rows, year, sums)
        self.trace(site, s, number, rows)
        if c:
            self.age(site, day, rows["stored"])

    def plan(self, site, number):
        """Water values of the 35 hours known at 13:00."""
        c, trade, market = site.inputs.cabinets, site.inputs.trade, self.market
        a = battery.PLAN_HOUR
        price = market.price[number : number + 2].ravel()[a : a + battery.KNOWN_HOURS]
        hour = (number % 365 * 24 + np.arange(a, a + battery.KNOWN_HOURS)) % 8760
        terminal = battery.terminal_values(c, trade, market.reference[number], market.spread[number], self.m)
        return battery.water_values(c, trade, price, c.surplus[hour] == 1, terminal, self.m)

    def walk_hours(self, site, day, values, a, z):
        """Hours a .. z - 1 of the day: net load, cabinets, meter."""
        m, i = self.m, site.inputs
        price, sun = self.market.price[day.number, a:z], self.market.sun[day.number, a:z]
        kwp = i.kwp[day.number // 365]
        net = day.load_kw * day.run[a:z] - sun * kwp * day.served
        charge = discharge = np.zeros(z - a, m.f)
        stored, value = charge, price
        if c := i.cabinets:
            now = c.energy_kwh * m.f(site.capacity)
            step = now * ((m.f(1) - c.reserve) / m.f(c.levels))
            open_share = day.grid[a:z] * day.served
            value, *offers = battery.offers(c, i.trade, values[a:z], step, price, net, open_share, m)
            stored, charge, discharge = battery.walk_store(site.stored, now * c.reserve, *offers, m)
            site.stored = stored[-1]
            for through in charge + discharge:
                day.throughput = day.throughput + through
            charge, discharge = charge * c.inverse_eta, discharge * c.eta
        flow = net * day.grid[a:z] + charge - discharge
        return {
            "flow": flow, "charge": charge, "discharge": discharge, "stored": stored, "value": value,
            "grid": day.grid[a:z].copy(), "price": price, "sun": sun,
        }  # fmt: skip

    def close_day(self, site, day, rows, year, sums):
        """Add the day to the year: sums of 24 hours in the twin's type, of days in float64."""
        f, i = self.m.f, site.inputs
        zero, trade = f(0), i.trade
        bought = np.maximum(rows["flow"], zero)
        site.peak_kw = max(site.peak_kw, np.max(bought))

        def add(quantity, row, scale=1.0):
            sums[quantity] += scale * float(in_order_sum(row))

        add(Quantity.ENERGY_COST_EUR, bought * rows["price"], 1e-3)
        add(Quantity.IMPORT_KWH, bought)
        sums[Quantity.POWERED_GPU_HOURS] += self.study.cluster.gpus * 24.0 * float(day.powered)
        if i.kwp[year] > 0:
            fetched = np.maximum(rows["price"] - trade.export_fee, zero)
            sold = np.where(fetched > zero, np.maximum(-rows["flow"], zero) * trade.allowed, zero)
            add(Quantity.EXPORT_INCOME_EUR, sold * fetched, 1e-3)
            add(Quantity.EXPORT_KWH, sold)
            add(Quantity.PV_KWH, rows["sun"], float(i.kwp[year]) * float(day.served))
        if i.cabinets:
            add(Quantity.CHARGE_KWH, rows["charge"])
            add(Quantity.DISCHARGE_KWH, rows["discharge"])
            add(Quantity.ARBITRAGE_EUR, (rows["discharge"] - rows["charge"]) * rows["value"], 1e-3)

    def trace(self, site, s, number, rows):
        """Keep the day's hours, the state of charge as a share of today's energy."""
        c = site.inputs.cabinets
        soc = rows["stored"].astype(np.float64) / (float(c.energy_kwh) * site.capacity) if c else np.full(24, np.nan)
        kept = (rows["flow"], soc, rows["charge"], rows["discharge"], rows["grid"])
        self.hourly[s, :, number * 24 : number * 24 + 24] = kept

    def age(self, site, day, stored):
        """Wear of one day from its stress; cells not yet delivered do not age."""
        m, i = self.m, site.inputs
        energy = i.cabinets.energy_kwh
        stress = battery.day_stress(stored, day.throughput, energy * m.f(site.capacity), m)
        if day.served > 0:
            site.calendar, site.cycle = battery.day_of_ageing(
                site.calendar, site.cycle, *stress, i.temperature_k, i.ageing_factor, m
            )
        site.capacity = max(1.0 - site.calendar - site.cycle, 0.01)
        site.stored = min(site.stored, energy * m.f(site.capacity))

    def settle(self, site, day, event, year, sums):
        """One event: outcome, losses, stored energy used, and hours taken out of this and later days."""
        f, cluster, year_start = self.m.f, self.study.cluster, year * 8760.0
        restart = tuple(
            max(quantile(law, event.u.restart), 0.0) for law in (cluster.restart_abrupt_h, cluster.restart_orderly_h)
        )
        situation = Situation(
            event, site.inputs.backup, float(day.load_kw), float(site.stored), bool(day.served > 0),
            self.market.sun[day.number : day.number + 2].ravel(), day.number % 365 * 24,
            site.down_until_h - year_start, restart,
        )  # fmt: skip
        effect = resolve(situation)
        lost, servers = lost_gpu_hours(effect, cluster, cluster.gpus * float(day.powered), event.u)
        site.outcomes.append(EventOutcome(year + 1, situation, effect.outcome, lost))
        sums[LOST] += lost
        sums[Quantity.DAMAGED_SERVERS] += servers
        sums[Quantity.GENSET_KWH] += effect.genset_kwh
        sums[Quantity.ABRUPT_STOPS] += effect.outcome == Outcome.ABRUPT_STOP
        sums[Quantity.ORDERLY_STOPS] += effect.outcome == Outcome.ORDERLY_STOP
        sums[Quantity.INTERRUPTIONS] += event.family != CURTAILMENT
        site.stored = f(max(float(site.stored) - effect.stored_used_kwh, 0.0))
        day.throughput = day.throughput + f(effect.stored_used_kwh)
        self.mark(site, day, event, effect, year_start)

    def mark(self, site, day, event, effect, year_start):
        """Take the event's hours out of today, and remember the longest until later days."""
        left = site.inputs.backup.import_left if event.family == CURTAILMENT else 0.0
        back, until = year_start + effect.grid_back_h, year_start + effect.down_until_h
        if effect.grid_back_h > event.hour:
            day.lower(day.grid, year_start + event.hour, back, left)
            if back > site.grid_back_h:
                site.grid_back_h, site.grid_left = back, left
        if until > site.down_until_h:
            begin = year_start + effect.down_from_h
            day.lower(day.run, begin, until, self.study.cluster.idle_power_share)
            site.down_from_h, site.down_until_h = begin, until

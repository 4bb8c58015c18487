"""One path of a study from 1 January of the first year to the end of the last, for every strategy."""

import itertools
import math
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import binom

from distributions import parameters
from distributions.clock import MONTH_OF_DAY
from distributions.regime import state_share
from riskmodel.cabinet_tables import cabinet_numbers, maintenance_hours
from riskmodel.quantities import N_QUANTITIES, Outcome, Quantity
from tests.twin import battery
from tests.twin.arithmetic import in_order_sum
from tests.twin.downtime import Spares, lost_gpu_hours
from tests.twin.events import CURTAILMENT, Outages
from tests.twin.inputs import StrategyInputs, strategy_inputs
from tests.twin.jobs import job_gpus, jobs_of, restart_h
from tests.twin.market import Market, walk_market
from tests.twin.randoms import SCALAR, scalars, two_uniforms
from tests.twin.ridethrough import Situation, resolve

TRACES = ("import_kw", "state_of_charge", "charge_kw", "discharge_kw", "grid_share")
RATES = [f"site.{of}_rate_factor" for of in ("outage", "sag", "extreme_outage", "curtailment")]
LOST = slice(Quantity.LOST_REWORK_GPU_HOURS, Quantity.LOST_HARDWARE_GPU_HOURS + 1)


@dataclass
class EventOutcome:
    """One event for one strategy, with the situation that decided it; `year` from 1."""

    year: int
    situation: Situation
    outcome: Outcome
    gpu_hours: tuple
    effect: Any = None


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

    index: int
    inputs: StrategyInputs
    stored: Any
    values: np.ndarray
    cohorts: list = field(default_factory=list)
    fleet: Any = None
    capacity: float = 1.0
    lost: float = 0.0
    traded_kwh: float = 0.0
    working: int = 0
    planned_h: float = 0.0
    locked: Any = 0.0
    before: tuple = (0, 0)
    calls: list = field(default_factory=list)
    peak_kw: Any = 0.0
    grid_back_h: float = 0.0
    grid_left: float = 0.0
    down_from_h: float = 0.0
    down_until_h: float = 0.0
    down_share: float = 0.0
    out_until_h: float = 0.0
    spares: Spares = field(default_factory=Spares)
    month_down_h: float = 0.0
    outcomes: list = field(default_factory=list)


@dataclass
class Cohort:
    """Cabinets of one age and the capacity they lost."""

    cabinets: float
    calendar: float = 0.0
    cycle: float = 0.0

    def usable(self, weakest):
        """What a string gives: what its weakest cell allows."""
        return max(1.0 - (self.calendar + self.cycle) * weakest, 0.01)


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
    morning: Any = None
    called: Any = None
    held: Any = 0.0
    credit: list = None

    def lower(self, row, from_h, until_h, left):
        """Lower a row to `left` where [from, until) of the run overlaps its hours, in proportion."""
        a, z = max(from_h - self.number * 24.0, 0.0), min(until_h - self.number * 24.0, 24.0)
        for h in range(int(a), min(math.ceil(z), 24)):
            overlap = min(h + 1.0, z) - max(float(h), a)
            row[h] = min(row[h], row.dtype.type(1.0 - overlap * (1.0 - left)))


def warmer_of(study):
    """What each month adds to the cells' temperature [K]: outdoors they follow the air, else nothing."""
    if study.site.battery_housing == "controlled":
        return np.zeros(12)
    air = parameters.load("irradiance", study.record_names()["irradiance"])["month_temperature_c"]
    return air - float(np.sum(air * np.bincount(MONTH_OF_DAY)) / 365)


def walk_path(study, seed, path, arithmetic, added=()):
    """Walk one path of a study for all its strategies; see `PathResult`. `added` : GivenEvents beside drawn ones."""
    return Walk(study, seed, path, arithmetic, added).result()


class Walk:
    """The time loop of one path."""

    def __init__(self, study, seed, path, m, added=()):
        self.study, self.seed, self.path, self.m = study, seed, path, m
        self.drawn = scalars(study, seed, path)
        self.market = walk_market(study, self.drawn, seed, path, m)
        self.outages = Outages(study, added)
        law_uniform = two_uniforms(zlib.crc32(b"storage.ageing_law"), SCALAR, 0, path, seed)[0]
        self.inputs = [strategy_inputs(study, name, self.drawn, law_uniform, m) for name in study.strategies]
        shares = study.cluster.installed_share_by_year
        self.installed = [shares[min(year, len(shares) - 1)] for year in range(study.header.years)]
        self.warmer = warmer_of(study)
        shape = (len(self.inputs), study.header.years)
        self.annual = np.zeros((*shape, N_QUANTITIES))
        self.hourly = np.zeros((shape[0], len(TRACES), shape[1] * 8760))

    def result(self):
        """Walk every strategy through the same market and the same events."""
        years = range(self.study.header.years)
        rate = [self.drawn[name] for name in RATES]
        rate = [rate[0] * rate[1], rate[0], rate[0], rate[0] * rate[2], rate[3]]
        events = [
            self.outages.year(self.market.regime[365 * y : 365 * (y + 1)], rate, y, self.seed, self.path) for y in years
        ]
        outcomes = [self.walk_strategy(s, events) for s in range(len(self.inputs))]
        return PathResult(self.market, self.annual, self.hourly, list(zip(*outcomes, strict=True)))

    def walk_strategy(self, s, events):
        """All years of one strategy; returns its event outcomes in time order."""
        f, inputs = self.m.f, self.inputs[s]
        levels = inputs.cabinets.levels if inputs.cabinets else 1
        site = Site(s, inputs, f(0), np.zeros((battery.KNOWN_HOURS, levels), f), peak_kw=f(0))
        if inputs.cabinets:
            site.cohorts = [Cohort(inputs.cabinets.plan[0])]
            site.fleet = self.fleet_of(list(self.study.strategies.values())[s].storage)
        for year, of_year in enumerate(events):
            sums = self.annual[s, year]
            for day in range(365):
                today = [event for event in of_year if int(event.hour) // 24 == day]
                powered = self.walk_day(site, s, year, year * 365 + day, today, sums)
                if day == 364 or MONTH_OF_DAY[day + 1] != MONTH_OF_DAY[day]:
                    sums[Quantity.PEAK_IMPORT_KW] += float(site.peak_kw) * (1 / 12)
                    if inputs.contracted_kw > 0:
                        sums[Quantity.EXCESS_IMPORT_KW] += float(max(site.peak_kw - inputs.contracted_kw, f(0))) * (
                            1 / 12
                        )
                    site.peak_kw = f(0)
                    self.give_back(site, year, day, powered, sums)
            self.close_year(site, year, sums)
        return site.outcomes

    def fleet_of(self, storage):
        """Failing and burning cabinets, or None where a fixed share works."""
        from tests.cabinet_twin import Fleet  # they import the twin's random numbers
        from tests.fire_twin import Fires

        if storage.availability is None:
            return None
        numbers, hours = cabinet_numbers(storage.availability), maintenance_hours(storage.availability)
        fleet = Fleet(numbers, hours, self.path, self.seed)
        cabinets, fire = storage.cabinets + sum(storage.added_cabinets), storage.fire
        fleet.fires = Fires(fire, cabinets, storage.cabinet_energy_kwh, self.path, self.seed) if fire else None
        return fleet

    def close_year(self, site, year, sums):
        """Potential GPU-hours, capacity left, parts and visits; new cells and new cabinets for the next year."""
        sums[Quantity.POTENTIAL_GPU_HOURS] = self.study.cluster.gpus * self.installed[year] * 8760.0
        sums[Quantity.CAPACITY_LEFT] = site.capacity if site.inputs.cabinets else np.nan
        site.traded_kwh = 0.0
        if site.fleet:
            n = site.fleet.counts
            sums[Quantity.CONVERTER_PARTS], sums[Quantity.BATTERY_PARTS] = n[0] + n[2], n[1] + n[3]
            sums[Quantity.SERVICE_VISITS] = n[5] + n[2] + n[3] + n[4] + n[6]
            sums[Quantity.DOWN_CABINET_DAYS] = n[7]
            site.fleet.counts = [0.0] * 9
            if site.fleet.fires:
                fires = site.fleet.fires
                sums[Quantity.FIRES], sums[Quantity.BURNED_CABINETS] = fires.fires, fires.burned
                fires.fires = fires.burned = 0
        if site.inputs.cabinets:
            self.renew(site, year, sums)

    def renew(self, site, year, sums):
        """Worn cells are replaced; cabinets come by plan, and more where usable energy would fall short."""
        c, last = site.inputs.cabinets, year + 1 == self.study.header.years
        have = 0.0
        for cohort in site.cohorts:
            if cohort.usable(c.weakest) < c.end_of_life:
                sums[Quantity.REPLACED] += cohort.cabinets / c.plan[0]
                cohort.calendar = cohort.cycle = 0.0
            have += cohort.cabinets * float(c.kwh) * cohort.usable(c.weakest)
        added = 0.0 if last else c.plan[year + 1]
        have += added * float(c.kwh)
        served = (year + 1) * 365 - 1 >= site.inputs.energised_day
        if served and not last and have < c.augment_kwh:
            added += math.ceil((c.augment_kwh - have) / float(c.kwh))
        if added:
            sums[Quantity.CABINETS_ADDED] += added
            if len(site.cohorts) < battery.COHORTS:
                site.cohorts.append(Cohort(added))
            else:
                young = site.cohorts[-1]
                share = young.cabinets / (young.cabinets + added)
                young.cabinets, young.calendar, young.cycle = (
                    young.cabinets + added, young.calendar * share, young.cycle * share,
                )  # fmt: skip
        self.mean_capacity(site)

    def mean_capacity(self, site):
        """Usable and lost share over all cabinets."""
        cabinets = usable = lost = 0.0
        for cohort in site.cohorts:
            usable += cohort.cabinets * cohort.usable(site.inputs.cabinets.weakest)
            lost += cohort.cabinets * (cohort.calendar + cohort.cycle)
            cabinets += cohort.cabinets
        site.capacity, site.lost = usable / cabinets, lost / cabinets

    def open_day(self, site, number):
        """Load, share of GPUs with power, cabinets, and what earlier events leave of grid and cluster."""
        f, i = self.m.f, site.inputs
        connected = number >= i.energised_day
        served = f(1) if connected else f(0)
        full = i.load_kw * f(self.installed[number // 365])
        powered = f(1) if connected else min(i.import_before_kw / full, f(1))
        load = full * powered * (i.ups_factor if connected else f(1))
        day = Day(number, load, powered, served, np.ones(24, f), np.ones(24, f), f(0), credit=[f(0), f(0)])
        if i.cabinets:
            installed = int(sum(cohort.cabinets for cohort in site.cohorts)) if connected else 0
            site.working, site.planned_h = installed, 0.0
            if site.fleet:
                site.working, site.planned_h = site.fleet.day(installed, i.failure_factor, number)
                if site.fleet.fires:
                    site.fleet.fires.day(site.fleet, installed, i.fire_factor, number)
            day.load_kw = load + i.auxiliary_kw * f(installed)
            if i.contract:
                self.open_calls(site, day)
            day.morning = self.open_storage(site, day, installed)
        now = number * 24.0
        if site.grid_back_h > now:
            day.lower(day.grid, now, site.grid_back_h, site.grid_left)
        if site.down_until_h > now:
            day.lower(day.run, site.down_from_h, site.down_until_h, self.drawing(site.down_share))
        return day

    def open_calls(self, site, day):
        """The year's calls on its first day, and today's hours of them."""
        from tests.demand_twin import called_hours, twin_year

        terms, year, number = site.inputs.contract, day.number // 365, day.number % 365
        if number == 0:
            transition = parameters.load("weather", self.study.record_names()["weather"])["transition"]
            regime = self.market.regime[365 * year : 365 * (year + 1)]
            site.calls, _, _ = twin_year(terms, state_share(transition), regime, year, self.path, self.seed)
        day.called = np.array(called_hours(site.calls, number)[0]).astype(self.m.f)
        month = MONTH_OF_DAY[number]
        season = (month - terms.first_month + 1) % 12 <= (terms.last_month - terms.first_month) % 12
        day.held = self.m.f(bool(day.called.any()) or (season and terms.notice_h < 24))
        if day.served > 0:
            sums = self.annual[site.index, year]
            sums[Quantity.CALL_READY_DAYS] += season
            sums[Quantity.CALLS] += sum(24 * number <= start < 24 * number + 24 for start, _ in site.calls)

    def move_stored(self, site, installed):
        """What is stored in a cabinet stays in it when it stops and when it comes back; new ones are empty."""
        f, (before, installed_before) = self.m.f, site.before
        returned = site.working - before - max(installed - installed_before, 0)
        if returned < 0:
            moved = site.stored * (f(-returned) / f(max(before, 1)))
            site.stored, site.locked = site.stored - moved, site.locked + moved
        elif returned > 0:
            moved = site.locked * (f(returned) / f(max(installed_before - before, returned)))
            site.stored, site.locked = site.stored + moved, site.locked - moved
        site.before = (site.working, installed)

    def open_storage(self, site, day, installed):
        """What the working cabinets hold and carry, and how far charging may lift the import."""
        f, c, i, market = self.m.f, site.inputs.cabinets, site.inputs, self.market
        power = (f(site.working) - f(site.planned_h) * f(1 / 24)) * c.kw
        energy = f(site.working) * c.kwh * f(site.capacity)
        if site.fleet:
            self.move_stored(site, installed)
        site.stored = min(site.stored, energy)
        kept = c.reserve[MONTH_OF_DAY[day.number % 365]]
        if i.contract:
            kept = min(kept + f(i.contract.energy_share) * day.held, f(1))
        eta = max(c.eta - c.growth * f(site.lost), f(0.5))
        trading = day.served if site.traded_kwh <= float(c.warranty_cycles * energy) else f(0)
        limit = c.charge_limit_kw
        if c.peak_cost > 0:
            floor = energy * kept
            refill = floor * f(1 / 24) if site.stored < floor else f(0)
            limit = max(max(day.load_kw, site.peak_kw) + refill, i.contracted_kw)
            mean, apart = market.reference[day.number] + i.trade.fee, f(1.3) * market.spread[day.number]
            gain = c.charge_hours * (eta * eta * (mean + apart) - (mean - apart) - eta * c.wear)
            limit = c.charge_limit_kw if gain > c.peak_cost else min(limit, c.charge_limit_kw)
        return battery.Morning(power, energy, eta, f(1) / eta, limit, trading, kept)

    def walk_day(self, site, s, year, number, events, sums):
        """24 hours, cut where events begin: an event takes stored energy and hours out of the rest of the day."""
        day = self.open_day(site, number)
        yesterdays, c = site.values, site.inputs.cabinets
        if c:
            site.values = self.plan(site, day)
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
        self.trace(site, s, day, rows)
        if c:
            self.age(site, day, rows["stored"])
        return day.powered

    def plan(self, site, day):
        """Water values of the 35 hours known at 13:00."""
        c, trade, market, number = site.inputs.cabinets, site.inputs.trade, self.market, day.number
        a = battery.PLAN_HOUR
        price = market.price[number : number + 2].ravel()[a : a + battery.KNOWN_HOURS]
        hour = (number % 365 * 24 + np.arange(a, a + battery.KNOWN_HOURS)) % 8760
        reference, spread = market.reference[number], market.spread[number]
        terminal = battery.terminal_values(c, trade, day.morning.eta, reference, spread, self.m)
        return battery.water_values(c, trade, day.morning, price, c.surplus[hour] == 1, terminal, self.m)

    def walk_hours(self, site, day, values, a, z):
        """Hours a .. z - 1 of the day: net load, cabinets, meter."""
        m, i, today = self.m, site.inputs, day.morning
        price, sun = self.market.price[day.number, a:z], self.market.sun[day.number, a:z]
        kwp = i.kwp[day.number // 365]
        net = day.load_kw * day.run[a:z] - sun * kwp * day.served
        charge = discharge = np.zeros(z - a, m.f)
        stored, value = charge, price
        if c := i.cabinets:
            step = today.energy * ((m.f(1) - today.kept) / m.f(c.levels))
            if i.contract:
                step = today.energy * (m.f(1) - today.kept) / m.f(c.levels)
            open_share = day.grid[a:z] * day.served, day.grid[a:z] * today.trading
            value, *offers = battery.offers(c, i.trade, today, values[a:z], step, price, net, open_share, m)
            call = self.call_of(site, day, net, a, z) if i.contract else None
            floor = today.energy * today.kept
            stored, charge, discharge = battery.walk_store(site.stored, floor, *offers, m, call)
            site.stored = stored[-1]
            for through in charge + discharge:
                day.throughput = day.throughput + through
            charge, discharge = charge * today.inverse, discharge * today.eta
        flow = net * day.grid[a:z] + charge - discharge
        return {
            "flow": flow, "charge": charge, "discharge": discharge, "stored": stored, "value": value,
            "grid": day.grid[a:z].copy(), "price": price, "sun": sun,
        }  # fmt: skip

    def call_of(self, site, day, net, a, z):
        """What the contract asks for in hours a .. z - 1, and what decides how much of it is delivered."""
        f, i, called = self.m.f, site.inputs, day.called[a:z]
        need = f(i.contract.required_mw * 1000) * called * day.grid[a:z] * day.served
        today = day.morning
        reserved = today.energy * i.cabinets.reserve[MONTH_OF_DAY[day.number % 365]]
        return battery.Call(need, called, net, today.power, reserved, today.eta, today.inverse, day.credit)

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
        gpus = self.study.cluster.gpus * self.installed[year] * 24
        sums[Quantity.POWERED_GPU_HOURS] += gpus * float(day.powered)
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
            site.traded_kwh += float(in_order_sum(rows["discharge"]))
            sums[Quantity.CALL_REQUIRED_KWH] += float(day.credit[0])
            sums[Quantity.CALL_DELIVERED_KWH] += float(day.credit[1])

    def trace(self, site, s, day, rows):
        """Keep the day's hours, the state of charge as a share of what the working cabinets hold."""
        energy = float(day.morning.energy) if day.morning else 0.0
        soc = rows["stored"].astype(np.float64) / energy if energy > 0 else np.full(24, np.nan)
        kept = (rows["flow"], soc, rows["charge"], rows["discharge"], rows["grid"])
        self.hourly[s, :, day.number * 24 : day.number * 24 + 24] = kept

    def age(self, site, day, stored):
        """Wear of one day from its stress; cells not yet delivered do not age."""
        m, i = self.m, site.inputs
        stress = battery.day_stress(stored, day.throughput, day.morning.energy, m)
        kelvin = i.temperature_k + m.f(self.warmer[MONTH_OF_DAY[day.number % 365]])
        for cohort in site.cohorts if day.served > 0 else []:
            steps = battery.day_of_ageing(
                i.law, cohort.calendar, cohort.cycle, *stress, kelvin, i.ageing_factor, i.cabinets.c_rate, m
            )
            cohort.calendar, cohort.cycle = cohort.calendar + steps[0], cohort.cycle + steps[1]
        self.mean_capacity(site)

    def settle(self, site, day, event, year, sums):
        """One event: outcome, losses, stored energy used, and hours taken out of this and later days."""
        f, cluster, year_start = self.m.f, self.study.cluster, year * 8760.0
        jobs, until_h = jobs_of(cluster, event.u), site.down_until_h - year_start
        situation = Situation(
            event, site.inputs.backup, float(day.load_kw), float(site.stored), bool(day.served > 0),
            self.market.sun[day.number : day.number + 2].ravel(), day.number % 365 * 24,
            until_h, restart_h(cluster, event.u), self.answering(site, event), site.working,
            float(day.morning.eta) if day.morning else 1.0, site.out_until_h - year_start,
            site.down_share if until_h > event.hour else 0.0, jobs,
        )  # fmt: skip
        effect = resolve(situation)
        gpus = cluster.gpus * (float(day.powered) * self.installed[year])
        lost, servers = lost_gpu_hours(effect, cluster, gpus, event.u, jobs, site.spares, year_start + event.hour)
        site.outcomes.append(EventOutcome(year + 1, situation, effect.outcome, lost, effect))
        if jobs.training > 0:
            sums[Quantity.DELAY_DAYS] += effect.training_h / jobs.training / 24
        if jobs.training < 1:
            site.month_down_h += effect.inference_h / (1 - jobs.training)
        sums[LOST] += lost
        sums[Quantity.DAMAGED_SERVERS] += servers
        sums[Quantity.GENSET_KWH] += effect.genset_kwh
        sums[Quantity.ABRUPT_STOPS] += effect.outcome == Outcome.ABRUPT_STOP
        sums[Quantity.ORDERLY_STOPS] += effect.outcome == Outcome.ORDERLY_STOP
        sums[Quantity.INTERRUPTIONS] += event.family != CURTAILMENT
        site.stored = f(max(float(site.stored) - effect.stored_used_kwh, 0.0))
        day.throughput = day.throughput + f(effect.stored_used_kwh)
        self.mark(site, day, event, effect, year_start)

    def answering(self, site, event):
        """How many of today's cabinets are there when the event comes."""
        if site.fleet:
            return max(site.working - int(site.planned_h / 24 + event.u.cabinets), 0)
        share = site.inputs.backup.cabinet_availability
        return int(binom.ppf(event.u.cabinets, site.working, share)) if site.working and share > 0 else 0

    def mark(self, site, day, event, effect, year_start):
        """Take the event's hours out of today, and remember the longest until later days."""
        left = site.inputs.backup.import_left if event.family == CURTAILMENT else 0.0
        back, until = year_start + effect.grid_back_h, year_start + effect.down_until_h
        if effect.grid_back_h > event.hour:
            day.lower(day.grid, year_start + event.hour, back, left)
            if back > site.grid_back_h:
                site.grid_back_h, site.grid_left = back, left
            if event.family != CURTAILMENT:
                site.out_until_h = max(site.out_until_h, back)
        if until > site.down_until_h:
            begin = year_start + effect.down_from_h
            day.lower(day.run, begin, until, self.drawing(effect.share))
            site.down_from_h, site.down_until_h, site.down_share = begin, until, effect.share

    def drawing(self, down_share):
        """Share of the load drawn while a share of the cluster is down."""
        return 1.0 - down_share * (1.0 - self.study.cluster.idle_power_share)

    def give_back(self, site, year, day, powered, sums):
        """Service credits of the month that ends: the tier of the lowest availability that was reached."""
        hours = 24.0 * int(np.bincount(MONTH_OF_DAY)[MONTH_OF_DAY[day]])
        available, cluster = 1 - site.month_down_h / hours, self.study.cluster
        share = max((back for below, back in cluster.service_credits if available < below), default=0.0)
        inference = cluster.gpus - sum(job_gpus(cluster))
        sums[Quantity.SERVICE_CREDIT_GPU_HOURS] += share * inference * self.installed[year] * float(powered) * hours
        site.month_down_h = 0.0

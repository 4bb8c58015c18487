"""String cabinets: water values over the known hours, charge and discharge hour by hour, ageing day by day."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from distributions.cells import naumann_2020 as naumann
from distributions.cells import sony_murata as sony
from riskmodel.storage_tables import weakest_over_mean
from riskmodel.wear import wear_eur_per_mwh
from tests.twin.arithmetic import in_order_sum

PLAN_HOUR, KNOWN_HOURS = 13, 35
FULL, EMPTY = -1e30, 1e30
SMALL = 1e-12


LAWS = ("blast_lfp_250ah", "blast_sony_murata", "naumann_2020")
COHORTS = 4


@dataclass
class Cabinets:
    """Constants of one strategy's cabinets, in the twin's type; `levels`, `up`, `down` of the dispatch grid.

    `kw`, `kwh` of one cabinet; `eta` when new and `growth`, what it falls by for each share lost; `weakest` : loss of
    the weakest cell over the mean; `reserve` by month; `peak_cost` of a MW for a day; `plan` : cabinets added at the
    start of each year.
    """

    kw: Any
    kwh: Any
    eta: Any
    growth: Any
    wear: Any
    reserve: np.ndarray
    charge_limit_kw: Any
    end_of_life: Any
    weakest: Any
    c_rate: Any
    augment_kwh: Any
    warranty_cycles: Any
    peak_cost: Any
    charge_hours: Any
    plan: Any
    levels: int
    up: int
    down: int
    surplus: np.ndarray


def cabinets_of(study, storage, packed, m):
    """`Cabinets` from the study's fields; `packed` is (levels, up, down, surplus, charge_hours) of the planner."""
    f, a = m.f, storage
    levels, up, down, surplus, charge_hours = packed
    wear = a.wear_cost_eur_per_mwh
    wear = wear_eur_per_mwh(a, study.site.battery_temperature_c.mean()) if wear == "ageing_law" else wear
    reserve = np.array(a.reserve_share_by_month or [a.reserve_share] * 12)
    working = 1.0 if a.availability else a.cabinet_availability
    plan = np.zeros(study.header.years + 1)
    plan[0] = a.cabinets
    for year, added in zip(a.added_in_years, a.added_cabinets, strict=True):
        plan[year - 1] += added
    site = study.site
    factor = site.excess_charge_factor if site.demand_charge_basis == "contracted" else 1.0
    peak = (
        factor * site.demand_charge_eur_per_kw_year.mean() * 1000 / 365 if a.charging_raises_peak != "always" else 0.0
    )
    return Cabinets(
        f(a.cabinet_power_kw * working), f(a.cabinet_energy_kwh * working), f(np.sqrt(a.round_trip_efficiency)),
        f(a.ohmic_loss_share * a.resistance_growth_per_lost_capacity), f(wear), reserve.astype(f),
        f(a.charge_import_limit_mw * 1000), float(np.float32(a.end_of_life_capacity)),
        float(np.float32(weakest_over_mean(a))), f(a.cabinet_power_kw / a.cabinet_energy_kwh),
        a.augment_below_mwh * 1000, f(a.warranty_cycles_per_year), f(peak), f(charge_hours), plan,
        levels, up, down, surplus,
    )  # fmt: skip


@dataclass
class Morning:
    """Today's cabinets: `power` [kW], `energy` when full [kWh], `eta` one way and its `inverse`, `limit` of the import
    while charging [kW], `trading` 1 while the warranty allows it,
    `kept` share of the energy that dispatch leaves alone."""

    power: Any
    energy: Any
    eta: Any
    inverse: Any
    limit: Any
    trading: Any
    kept: Any


@dataclass
class Trade:
    """What a stored MWh is worth: `export_fee` [EUR/MWh] and `allowed` (1 or 0) of export, `fee` on import."""

    fee: Any
    export_fee: Any
    allowed: Any

    def value(self, price, surplus, m):
        """A MWh at the meter [EUR/MWh]: with PV to spare what export fetches, else the price with fees."""
        return np.where(surplus, np.maximum(price - self.export_fee, m.f(0)) * self.allowed, price + self.fee)


def outgoing(value, eta, wear, m):
    """What a stored MWh is worth going out; losses do not count where energy has a negative value."""
    return np.where(value > m.f(0), value * eta, value) - wear


def incoming(value, inverse, m):
    """What a stored MWh costs coming in."""
    return np.where(value > m.f(0), value * inverse, value)


def terminal_values(c, trade, eta, reference, spread, m):
    """Marginal values beyond the known hours: above the recent mean price when empty, below it when full."""
    f = m.f
    slope = f(1) - f(2) * (np.arange(c.levels).astype(f) + f(0.5)) / f(c.levels)
    return eta * (reference + trade.fee + slope * spread)


def water_values(c, trade, today, price, surplus, terminal, m):
    """Marginal value of stored energy at the end of each hour from 13:00 [EUR/MWh].

    v_t(s) = min( max( v_{t+1}(s), min(pd, v_{t+1}(s - down)) ),  max(pc, v_{t+1}(s + up)) )

    Parameters
    ----------
    price, surplus : (35,) known hours from 13:00
    terminal : (levels,)

    Returns
    -------
    (35, levels)
        Row k holds the values at the end of the hour 13 + k.
    """
    n, value = c.levels, trade.value(price, surplus, m)
    discharge, charge = outgoing(value, today.eta, c.wear, m), incoming(value, today.inverse, m)
    padded = np.concatenate([np.full(c.down, EMPTY, m.f), terminal, np.full(c.up, FULL, m.f)])
    below, here, above = padded[:n], padded[c.down : c.down + n], padded[c.down + c.up :]
    rows = np.empty((KNOWN_HOURS, n), m.f)
    rows[-1] = terminal
    for k in range(KNOWN_HOURS - 1, 0, -1):
        keep_or_sell = np.maximum(here, np.minimum(discharge[k], below))
        rows[k - 1] = np.minimum(keep_or_sell, np.maximum(charge[k], above))
        here[:] = rows[k - 1]
    return rows


def targets(values, worth, step, m):
    """Energy above the reserve down to which a stored MWh is worth more than the threshold, each hour [kWh].

    Parameters
    ----------
    values : (hours, levels) marginal values at the end of each hour
    worth : (hours, levels) bool, whether a level is worth it
    step : energy of one level [kWh]
    """
    heights = np.add.accumulate(np.concatenate([[m.f(0)], np.full(values.shape[1], step)]), dtype=m.f)
    return heights[np.count_nonzero(worth, axis=1)]


def offers(c, trade, today, values, step, price, net, open_share, m):
    """What the market asks of the store in each hour.

    Parameters
    ----------
    net : (hours,) load less PV [kW]
    open_share : (2, hours) share of the hour with grid, 0 before delivery; and 0 when trading has stopped

    Returns
    -------
    value, up_to, down_to, most_in, most_out : (hours,)
        Value at the meter [EUR/MWh], levels to charge up and discharge down to above the reserve, and the most that
        may go in and come out [stored kWh].
    """
    zero = m.f(0)
    value = trade.value(price, net < zero, m)
    up_to = targets(values, values >= incoming(value, today.inverse, m)[:, None], step, m)
    down_to = targets(values, values > outgoing(value, today.eta, c.wear, m)[:, None], step, m)
    room = np.where(net < zero, -net, np.maximum(today.limit - net, zero))
    most_in = np.minimum(today.power, room) * today.eta * open_share[0]
    most_out = np.minimum(today.power, np.maximum(net, zero)) * today.inverse * open_share[1]
    return value, up_to, down_to, most_in, most_out


@dataclass
class Call:
    """A contract's hours: `need` [kWh], share `called`, `net` load, `power`, `reserved` for outages; `credit` adds up
    what was required and delivered."""

    need: Any
    called: Any
    net: Any
    power: Any
    reserved: Any
    eta: Any
    inverse: Any
    credit: list

    def flows(self, k, stored, charge, discharge, m):
        """Charge and discharge of hour k with the call."""
        called, need = self.called[k], self.need[k]
        within = min(need, self.net[k] * called, self.power * called, (stored - self.reserved) * self.eta)
        discharge = max(discharge, max(within, m.f(0)) * self.inverse)
        self.credit[0] = self.credit[0] + need
        self.credit[1] = self.credit[1] + min(discharge * self.eta, need)
        return charge * (m.f(1) - called), discharge


def walk_store(stored, floor, up_to, down_to, most_in, most_out, m, call=None):
    """Charge and discharge hour by hour; returns stored energy after each hour, charge, discharge [stored kWh]."""
    zero, rows = m.f(0), []
    for k, (up, down, into, out_of) in enumerate(zip(up_to, down_to, most_in, most_out, strict=True)):
        above = stored - floor
        charge = min(max(up - above, zero), into)
        discharge = zero if charge > zero else min(max(above - down, zero), out_of)
        if call:
            charge, discharge = call.flows(k, stored, charge, discharge, m)
        stored = stored + charge - discharge
        rows.append((stored, charge, discharge))
    return np.array(rows, dtype=m.f).reshape(-1, 3).T


def tanh(x, m):
    """Hyperbolic tangent by one exponential."""
    return m.f(1) - m.f(2) / (m.exp(m.f(2) * x) + m.f(1))


def anode_voltage(soc, m):
    """Graphite potential of the BLAST 250 Ah law at a state of charge [V]."""
    f = m.f
    x = f(0.0085) + f(0.7715) * soc
    return (
        f(0.6379) + f(0.5416) * m.exp(f(-305.5309) * x)
        + f(0.044) * tanh(-(x - f(0.1958)) / f(0.1088), m) - f(0.1978) * tanh((x - f(1.0571)) / f(0.0854), m)
        - f(0.6875) * tanh((x + f(0.0117)) / f(0.0529), m) - f(0.0175) * tanh((x - f(0.5692)) / f(0.0875), m)
    )  # fmt: skip


def power_law_step(damage, rate, power, step, m):
    """Damage that `step` adds to rate x^power when it stands at `damage`: dy = k p (y / k)^((p - 1) / p) dx."""
    f = m.f
    if not step > 0:
        return f(0)
    rate, power = max(rate, f(SMALL)), f(power)
    if not damage > f(SMALL):
        return rate * m.exp(power * m.log(max(step, f(SMALL))))
    return rate * power * m.exp((power - f(1)) / power * m.log(damage / rate)) * step


def blast_250ah(calendar, cycle, soc, depth, throughput, kelvin, factor, c_rate, m):
    """BLAST-Lite's 250 Ah prismatic cell."""
    f = m.f
    stress = (f(-5210) + f(-3560) * anode_voltage(soc, m)) / kelvin
    rate = factor * (f(8.37e4) * m.exp(stress))
    first = power_law_step(f(calendar), rate, 0.526, f(1), m)
    speed = f(4.38e-8) + f(1.55e-8) * depth + f(1.68e-7) * (throughput * f(1 / 24))
    rate = factor * (speed * m.exp(f(2190) / kelvin))
    return first, power_law_step(f(cycle), rate, 0.828, f(0.5) * throughput, m)


def root_step(damage, rate, step, m):
    """What `step` adds to rate sqrt(x)."""
    added = rate * rate * step
    total = damage + np.sqrt(damage * damage + added)
    return added / total if total > 0 else m.f(0)


def naumann_2020(calendar, cycle, soc, depth, throughput, kelvin, factor, c_rate, m):
    """Naumann 2018 (calendar) and 2020 (cycles)."""
    f = m.f
    c = soc - f(0.5)
    charged = f(naumann.CALENDAR_CUBIC) * c * c * c + f(naumann.CALENDAR_LEVEL)
    energy = f(-naumann.CALENDAR_ENERGY_J_PER_MOL / naumann.GAS_CONSTANT)
    warm = m.exp(energy * (f(1) / kelvin - f(1 / naumann.REFERENCE_K)))
    daily = f(naumann.CALENDAR_RATE_PER_ROOT_S * math.sqrt(86400))
    first = root_step(f(calendar), factor * daily * warm * charged, f(1), m)
    d = depth - f(0.6)
    k = factor * (f(naumann.CYCLE_RATE / 100) * c_rate + f(naumann.CYCLE_LEVEL / 100))
    k = k * (f(naumann.DEPTH_CUBIC) * d * d * d + f(naumann.DEPTH_LEVEL))
    return first, root_step(f(cycle), k, f(0.5) * throughput, m)


def sony_murata(calendar, cycle, soc, depth, throughput, kelvin, factor, c_rate, m):
    """BLAST-Lite's Sony-Murata cell."""
    f, t = m.f, float(kelvin)
    square = f(sony.END_T2 / (t * t) + sony.END_T1 / t)
    cube = f(sony.SHAPE_T4 / (t * t * t * t) + sony.SHAPE_INVERSE_T3 / (t * t * t))
    fourth = f(sony.SHAPE_T3 * (t * t * t) + sony.SHAPE_T2 * (t * t))
    log_u = m.log(anode_voltage(soc, m))
    end = f(sony.END) * m.exp(square * m.exp(f(1 / 2) * log_u))
    power = f(sony.SHAPE) * m.exp(cube * m.exp(f(1 / 3) * log_u) + fourth * m.exp(f(1 / 4) * log_u))
    first = factor * sigmoid_step(f(calendar), end, power, m)
    c = throughput * f(1 / 24)
    speed = f(1e6 * sony.CYCLE_BASE) + f(1e6 * sony.CYCLE_DEPTH) * depth
    q = abs(speed + f(1e6 * sony.CYCLE_RATE) * m.exp(depth * depth * c * c * c))
    k = f(1e-6**sony.CYCLE_POWER) * m.exp(f(sony.CYCLE_POWER) * m.log(max(q, f(SMALL))))
    return first, factor * power_law_step(f(cycle), k, sony.CYCLE_POWER, f(0.5) * throughput, m)


def sigmoid_step(damage, end, power, m):
    """What one day adds to end (1 - 2 / (1 + exp((scale x)^power)))."""
    f = m.f
    if not damage < end * f(0.9999):
        return f(0)
    log_scale = f(np.log(sony.TIME_SCALE_PER_DAY))
    if not damage > f(SMALL):
        return end * (f(1) - f(2) / (f(1) + m.exp(m.exp(power * m.log(f(sony.TIME_SCALE_PER_DAY) * f(1))))))
    r = min(damage / end, f(0.9999))
    z = max(m.log((f(1) + r) / (f(1) - r)), f(SMALL))
    x = m.exp(m.log(z) / power - log_scale)
    return f(0.5) * end * power * z * (f(1) - r * r) / x * f(1)


def day_of_ageing(law, *arguments):
    """Calendar and cycle damage that one more day adds [share of capacity].

    Parameters
    ----------
    law : int, place in `LAWS`
    calendar, cycle : float, damage so far
    soc, depth, throughput : mean state of charge, its range, charge plus discharge [full capacities]
    kelvin, factor, c_rate : temperature, the path's rate relative to the law, power over energy [1/h]
    """
    return tuple(float(step) for step in (blast_250ah, sony_murata, naumann_2020)[law](*arguments))


def day_stress(stored, throughput, energy_kwh, m):
    """Mean state of charge, depth and throughput of a day as shares of today's energy; `stored` : (24,) after hours."""
    inverse = m.f(1) / max(energy_kwh, m.f(1e-6))  # cabinets may store nothing
    low, high = np.min(stored), max(np.max(stored), m.f(0))
    return in_order_sum(stored) * m.f(1 / 24) * inverse, (high - low) * inverse, throughput * inverse

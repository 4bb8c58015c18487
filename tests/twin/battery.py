"""String cabinets: water values over the known hours, charge and discharge hour by hour, ageing day by day."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.twin.arithmetic import in_order_sum

PLAN_HOUR, KNOWN_HOURS = 13, 35
FULL, EMPTY = -1e30, 1e30
SMALL = 1e-12


@dataclass
class Cabinets:
    """Constants of one strategy's cabinets, in the twin's type; `levels`, `up`, `down` of the dispatch grid."""

    power_kw: Any
    energy_kwh: Any
    eta: Any
    inverse_eta: Any
    wear: Any
    reserve: Any
    charge_limit_kw: Any
    end_of_life: Any
    levels: int
    up: int
    down: int
    surplus: np.ndarray


def cabinets_of(storage, grid, surplus, m):
    """`Cabinets` from the study's fields; `grid` is (levels, up, down) from `riskmodel.dispatch.level_grid`."""
    f, a = m.f, storage
    eta = np.sqrt(a.round_trip_efficiency)
    return Cabinets(
        f(a.cabinets * a.cabinet_power_kw * a.cabinet_availability),
        f(a.cabinets * a.cabinet_energy_kwh * a.cabinet_availability),
        f(eta), f(1 / eta), f(a.wear_cost_eur_per_mwh), f(a.reserve_share), f(a.charge_import_limit_mw * 1000),
        f(a.end_of_life_capacity), *grid, surplus,
    )  # fmt: skip


@dataclass
class Trade:
    """What a stored MWh is worth: `export_fee` [EUR/MWh] and `allowed` (1 or 0) of export, `fee` on import."""

    fee: Any
    export_fee: Any
    allowed: Any

    def value(self, price, surplus, m):
        """A MWh at the meter [EUR/MWh]: with PV to spare what export fetches, else the price with fees."""
        return np.where(surplus, np.maximum(price - self.export_fee, m.f(0)) * self.allowed, price + self.fee)


def terminal_values(c, trade, reference, spread, m):
    """Marginal values beyond the known hours: above the recent mean price when empty, below it when full."""
    f = m.f
    slope = f(1) - f(2) * (np.arange(c.levels).astype(f) + f(0.5)) / f(c.levels)
    return c.eta * (reference + trade.fee + slope * spread)


def water_values(c, trade, price, surplus, terminal, m):
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
    discharge, charge = value * c.eta - c.wear, value * c.inverse_eta
    padded = np.concatenate([np.full(c.down, EMPTY, m.f), terminal, np.full(c.up, FULL, m.f)])
    below, here, above = padded[:n], padded[c.down : c.down + n], padded[c.down + c.up :]
    rows = np.empty((KNOWN_HOURS, n), m.f)
    rows[-1] = terminal
    for k in range(KNOWN_HOURS - 1, 0, -1):
        keep_or_sell = np.maximum(here, np.minimum(discharge[k], below))
        rows[k - 1] = np.minimum(keep_or_sell, np.maximum(charge[k], above))
        here[:] = rows[k - 1]
    return rows


def targets(values, threshold, step, m):
    """Energy above the reserve down to which a stored MWh is worth more than the threshold, each hour [kWh].

    Parameters
    ----------
    values : (hours, levels) marginal values at the end of each hour
    threshold : (hours,)
    step : energy of one level [kWh]
    """
    heights = np.add.accumulate(np.concatenate([[m.f(0)], np.full(values.shape[1], step)]), dtype=m.f)
    return heights[np.count_nonzero(values > threshold[:, None], axis=1)]


def offers(c, trade, values, step, price, net, open_share, m):
    """What the market asks of the store in each hour.

    Parameters
    ----------
    net : (hours,) load less PV [kW]
    open_share : (hours,) share of the hour with grid, 0 before delivery

    Returns
    -------
    value, up_to, down_to, most_in, most_out : (hours,)
        Value at the meter [EUR/MWh], levels to charge up and discharge down to above the reserve, and the most that
        may go in and come out [stored kWh].
    """
    zero = m.f(0)
    value = trade.value(price, net < zero, m)
    up_to = targets(values, value * c.inverse_eta, step, m)
    down_to = targets(values, value * c.eta - c.wear, step, m)
    room = np.where(net < zero, -net, np.maximum(c.charge_limit_kw - net, zero))
    most_in = np.minimum(c.power_kw, room) * c.eta * open_share
    most_out = np.minimum(c.power_kw, np.maximum(net, zero)) * c.inverse_eta * open_share
    return value, up_to, down_to, most_in, most_out


def walk_store(stored, floor, up_to, down_to, most_in, most_out, m):
    """Charge and discharge hour by hour; returns stored energy after each hour, charge, discharge [stored kWh]."""
    zero, rows = m.f(0), []
    for up, down, into, out_of in zip(up_to, down_to, most_in, most_out, strict=True):
        above = stored - floor
        charge = min(max(up - above, zero), into)
        discharge = min(max(above - down, zero), out_of)
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


def day_of_ageing(calendar, cycle, soc_mean, depth, throughput, temperature_k, factor, m):
    """Calendar and cycle damage after one more day [share of capacity, float64 sums].

    Parameters
    ----------
    calendar, cycle : float, damage so far
    soc_mean, depth, throughput : mean state of charge, its range, charge plus discharge [full capacities]
    factor : the path's rate relative to the law
    """
    f = m.f
    stress = (f(-5210) + f(-3560) * anode_voltage(soc_mean, m)) / temperature_k
    rate = factor * (f(8.37e4) * m.exp(stress))
    calendar = calendar + float(power_law_step(f(calendar), rate, 0.526, f(1), m))
    speed = f(4.38e-8) + f(1.55e-8) * depth + f(1.68e-7) * (throughput * f(1 / 24))
    rate = factor * (speed * m.exp(f(2190) / temperature_k))
    cycle = cycle + float(power_law_step(f(cycle), rate, 0.828, f(0.5) * throughput, m))
    return calendar, cycle


def day_stress(stored, throughput, energy_kwh, m):
    """Mean state of charge, depth and throughput of a day as shares of today's energy; `stored` : (24,) after hours."""
    inverse = m.f(1) / max(energy_kwh, m.f(1e-6))  # cabinets may store nothing
    low, high = np.min(stored), max(np.max(stored), m.f(0))
    return in_order_sum(stored) * m.f(1 / 24) * inverse, (high - low) * inverse, throughput * inverse

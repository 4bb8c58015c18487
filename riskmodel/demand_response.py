"""Demand response from the cabinets: which hours are called, what is delivered, what it earns.

The energy kept for calls lies above the reserve for outages and is never taken from it: a call that finds too little
above the reserve is not delivered in full, and pays for it. Delivery lowers the import; cabinets do not export.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, KW_PER_MW, KWH_PER_MWH, MONTHS_PER_YEAR
from distributions.demand_calls import DURATION_H, N_NUMBERS, START_H, CallTables
from riskmodel.cabinet_tables import season_days

if TYPE_CHECKING:
    from riskmodel.study.demand_response import DemandResponse

f = np.float32

DAY_H = float(HOURS_PER_DAY)
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR

# rows of the yearly sums
CALLS, READY_DAYS, REQUIRED_KWH, DELIVERED_KWH = range(4)
N_SUMS = 4


class DemandTables(NamedTuple):
    """Constant inputs, one row a strategy; zeros where it has no contract.

    Attributes
    ----------
    calls : CallTables
    required_kw : (s,) float32
    energy_share : (s,) float32, share of the usable energy kept for calls
    season : (s, 365) int8, 1 on days of the contract
    hold_all_season : (s,) int64, 1 where notice is shorter than a day, so that energy is kept all season
    """

    calls: CallTables
    required_kw: np.ndarray
    energy_share: np.ndarray
    season: np.ndarray
    hold_all_season: np.ndarray


def call_tables(contracts: "list[DemandResponse | None]", regime_share_of_day: np.ndarray) -> CallTables:
    """Pack the calls of each contract.

    Parameters
    ----------
    contracts : list of DemandResponse or None, one a strategy
    regime_share_of_day : (365, 3) long-run share of each weather regime, `distributions.regime.state_share`
    """
    from distributions.outage_tables import GAMMA_KNOTS, gamma_quantiles

    s = len(contracts)
    out = CallTables(
        np.zeros((s, N_NUMBERS)), np.ones((s, GAMMA_KNOTS)), np.zeros((s, DAYS_PER_YEAR)), np.ones((s, 3)),
        np.zeros((s, 5)),
    )  # fmt: skip
    for k, c in enumerate(contracts):
        if c is None:
            continue
        hours = (c.last_hour - c.first_hour) % HOURS_PER_DAY + 1
        out.numbers[k] = c.calls_per_year, c.first_hour, hours, c.most_calls_per_year, c.rest_h
        out.gamma_table[k] = gamma_quantiles(c.calls_dispersion)
        out.regime_multiplier[k] = 1.0, c.storm_multiplier, c.cold_multiplier
        season = season_days(c.first_month, c.last_month)
        mean = float(np.mean(season * (regime_share_of_day @ out.regime_multiplier[k])))
        out.day_weight[k] = season / mean
        out.duration[k] = [float(x) for x in c.duration_h.code()]
    return out


def demand_tables(contracts: "list[DemandResponse | None]", regime_share_of_day: np.ndarray) -> DemandTables:
    """Constant inputs of all contracts; see `call_tables`."""
    s = len(contracts)
    season = np.zeros((s, DAYS_PER_YEAR), np.int8)
    required, share, hold = np.zeros(s, np.float32), np.zeros(s, np.float32), np.zeros(s, np.int64)
    for k, c in enumerate(contracts):
        if c is not None:
            season[k] = season_days(c.first_month, c.last_month)
            required[k], share[k] = c.required_mw * KW_PER_MW, c.energy_share
            hold[k] = c.notice_h < HOURS_PER_DAY
    return DemandTables(call_tables(contracts, regime_share_of_day), required, share, season, hold)


@njit
def mark_calls(called, held, calls, counts, following, in_season, hold_all_season, day_of_year):
    """Which hours of the day are called, and in which lanes energy is kept for calls today.

    Parameters
    ----------
    called : (24, b) float32, written: share of each hour that is called
    held : (b,) float32, written: 1 where energy is kept, else 0
    calls : (b, n, 2) float64, the year's calls of each lane; counts : (b,) int64
    following : (b,) int64, number of each lane's first call that has not ended; 0 on the first day of a year. Advanced
    in_season, hold_all_season : int, 1 or 0
    day_of_year : int

    Returns
    -------
    int
        Number of calls that begin today, in all lanes.
    """
    called[:] = f(0.0)
    held[:] = f(in_season * hold_all_season)
    from_h, until_h, begin = day_of_year * DAY_H, (day_of_year + 1) * DAY_H, 0
    for i in range(held.shape[0]):
        k = following[i]
        while k < counts[i] and calls[i, k, START_H] < until_h:
            start = calls[i, k, START_H]
            end = start + calls[i, k, DURATION_H]
            if start >= from_h:
                begin += 1
            a, z = max(start, from_h) - from_h, min(end, until_h) - from_h
            h = int(a)
            while h < z:
                called[h, i] += f(min(h + 1.0, z) - max(float(h), a))
                h += 1
            held[i] = f(1.0)
            if end > until_h:
                break
            k += 1
        following[i] = k
    return begin


@njit
def held_rows(floor, step, energy, reserve, held, energy_share, levels):
    """Floor of dispatch with the energy kept for calls, and energy of one dispatch level [kWh].

    Like `riskmodel.storage.plan_rows`, which has no calls.

    Parameters
    ----------
    floor, step : (b,) float32, written
    energy : (b,) float32, of today's working cabinets when full [kWh]
    reserve, energy_share : float32
    held : (b,) float32, from `mark_calls`
    levels : int
    """
    for i in range(floor.shape[0]):
        now = energy[i]
        kept = min(reserve + energy_share * held[i], f(1.0))
        floor[i] = now * kept
        step[i] = now * (f(1.0) - kept) / f(levels)


@njit(forceinline=True)
def deliverable_kwh(need_kwh, net_kwh, power_kwh, spare_kwh, efficiency):
    """Energy that one hour of a call gets at the meter [kWh].

    Parameters
    ----------
    need_kwh : what the contract asks for in the hour
    net_kwh : load minus PV in the hour: cabinets do not export
    power_kwh : working cabinets' power for the called part of the hour
    spare_kwh : stored energy above the reserve for outages
    efficiency : stored to delivered
    """
    return max(min(min(need_kwh, net_kwh), min(power_kwh, spare_kwh * efficiency)), f(0.0))


@njit
def need_row(need, called, grid, in_service, required_kw):
    """Energy the contract asks for in an hour [kWh]; nothing for the share of the hour without grid."""
    for i in range(need.shape[0]):
        need[i] = required_kw * called[i] * grid[i] * in_service[i]


@njit
def deliver_row(deliver, need, called, net, stored, reserve_kwh, power_kw, eta_d):
    """Energy delivered at the meter in an hour [kWh]; `reserve_kwh` is kept for outages, without the calls' slice.

    Parameters
    ----------
    deliver : (b,) float32, written
    need, called, net, stored, reserve_kwh, power_kw : (b,) float32 rows; power of today's working cabinets [kW]
    eta_d : (b,) float32
    """
    for i in range(deliver.shape[0]):
        spare = stored[i] - reserve_kwh[i]
        deliver[i] = deliverable_kwh(need[i], net[i] * called[i], power_kw[i] * called[i], spare, eta_d[i])


@njit
def credit_rows(required, delivered, need, discharge, eta_d):
    """Add an hour to the day's required and delivered energy [kWh]; `discharge` is stored energy going out."""
    for i in range(need.shape[0]):
        required[i] += need[i]
    for i in range(need.shape[0]):
        delivered[i] += min(discharge[i] * eta_d[i], need[i])


@njit
def call_flows_row(charge, discharge, deliver, called, inverse_eta_d):
    """During a call nothing is charged, and at least what is delivered goes out [stored kWh].

    Parameters
    ----------
    charge, discharge : (b,) float32, as dispatch wants them; changed
    deliver, called, inverse_eta_d : (b,) float32 rows
    """
    for i in range(charge.shape[0]):
        charge[i] = charge[i] * (f(1.0) - called[i])
        discharge[i] = max(discharge[i], deliver[i] * inverse_eta_d[i])


def demand_response_eur(sums, required_mw, availability_eur_per_mw_month, energy_eur_per_mwh, penalty_eur_per_mwh, cap):
    """Money of a year of the contract, cash in positive.

    Parameters
    ----------
    sums : (4, ...) float64, the year's calls, days ready, required and delivered energy [kWh]
    required_mw : float
    availability_eur_per_mw_month, energy_eur_per_mwh, penalty_eur_per_mwh : float or array
    cap : float, penalties are at most this share of the availability payments

    Returns
    -------
    (3, ...) float64 [EUR]
        Availability, delivered energy, penalty (negative).
    """
    ready = sums[READY_DAYS] / DAYS_PER_MONTH * required_mw * availability_eur_per_mw_month
    energy = sums[DELIVERED_KWH] / KWH_PER_MWH * energy_eur_per_mwh
    missing = np.maximum(sums[REQUIRED_KWH] - sums[DELIVERED_KWH], 0.0) / KWH_PER_MWH
    penalty = np.minimum(missing * penalty_eur_per_mwh, cap * ready)
    return np.array([ready, energy, -penalty])

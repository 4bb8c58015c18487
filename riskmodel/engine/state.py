"""Mutable state of one block of paths: one row a quantity, one column a lane."""

from typing import NamedTuple

import numpy as np

from distributions import clearness, prices
from distributions._jit import njit
from distributions.clock import HOURS_PER_YEAR
from distributions.outages import N_COLUMNS
from riskmodel.bridge import N_NOW, N_POOL
from riskmodel.cabinet_fleet import N_WORDS, CabinetState, new_cabinet_state
from riskmodel.cabinet_tables import N_COUNTS
from riskmodel.dispatch import ABOVE_ALL, BELOW_ALL, HIGHEST_LEVELS, KNOWN_HOURS
from riskmodel.downtime import N_CAUSES
from riskmodel.event_record import N_RECORD
from riskmodel.ridethrough import N_EFFECTS, N_UNIFORMS
from riskmodel.storage import COHORTS

f = np.float32

EVENTS_A_LANE_YEAR = 640
TWO_DAYS = 48
DAY = 24
MONTHS = 12
MOST_CALLS = 200

# what the weather acts on, in the order of SiteTables.regime_of
OF_OUTAGES, OF_PRICES, OF_SUN = range(3)
N_PROCESSES = 3

# yearly sums held by lane until the year ends; the order of riskmodel.quantities.Quantity
N_SUMS = 37

# rows of the day's float32 sums at the meter
(
    COST, INCOME, IMPORTED, EXPORTED, CHARGED, DISCHARGED, GAIN, SUN, LOW, HIGH, MEAN_SUM, THROUGHPUT,
    REQUIRED, DELIVERED,
) = range(14)  # fmt: skip
N_DAY_SUMS = 14

# rows of hourly float32 scratch
(
    NET, FLOW, CHARGE, DISCHARGE, MOST, VALUE, PD, PC, TARGET, FLOOR, STEP, LOAD, EMPTY, FULL,
    LIMIT, TRADING, ROOM, DAYS_OF_LAW, RESERVED, NEED, DELIVER,
) = range(21)  # fmt: skip
N_SCRATCH = 21


class Market(NamedTuple):
    """What the paths meet, whatever the strategy: weather, prices, sun, events.

    Attributes
    ----------
    price, pv : (48, b) float32, today and tomorrow [EUR/MWh], [kW/kWp]
    price_state : (6, b) float32; residual : (b,); daily : (3, b) float32
    day_part, hour_part, base : (b,) float32 of the clearness process
    reference, spread : (b,) float32, recent mean price and mean distance from the day's mean [EUR/MWh]
    regime : (3, 366, b) int8, weather of this year's days and the next first: one for all, or one each for outages,
        prices and sun
    factor, deviation : (b,) float32, price level of the year, and its log deviation from the long-run level
    called : (b,) float32, 1 on the days of a tariff's critical peaks
    sky_shift : (b,) float32, the year's shift of the clearness normal
    price_drawn : (30, b), sky_drawn : (8, b) float32, the block's columns of PathInputs, in one piece
    fee : (b,) float32, fees on import [EUR/MWh]
    spread_factor : (b,) float32, on the distance of a price from its day's mean
    words : (4, b) uint32 scratch
    events : (b, 640, 5) float64; counts : (b,) int64; uniforms : (b, 640, n) float64: only those of events are set
    first_of_hour : (8761,) int64, order_lane, order_event : (b * 640,) int64: the year's events by hour
    cumulative : (365,) float64, lane_regime : (365,) int8 scratch
    """

    price: np.ndarray
    pv: np.ndarray
    price_state: np.ndarray
    residual: np.ndarray
    daily: np.ndarray
    day_part: np.ndarray
    hour_part: np.ndarray
    base: np.ndarray
    reference: np.ndarray
    spread: np.ndarray
    regime: np.ndarray
    factor: np.ndarray
    deviation: np.ndarray
    called: np.ndarray
    sky_shift: np.ndarray
    price_drawn: np.ndarray
    sky_drawn: np.ndarray
    fee: np.ndarray
    spread_factor: np.ndarray
    words: np.ndarray
    events: np.ndarray
    counts: np.ndarray
    uniforms: np.ndarray
    first_of_hour: np.ndarray
    order_lane: np.ndarray
    order_event: np.ndarray
    cumulative: np.ndarray
    lane_regime: np.ndarray


class Fleet(NamedTuple):
    """State of every strategy of the block.

    Attributes
    ----------
    values : (s, 36, 20, b) float32 marginal values of stored energy [EUR/MWh] from the last plan
    stored : (s, b) float32 [kWh]
    power, energy : (s, b) float32, of the cabinets that work today: power [kW], energy when full [kWh]
    eta, inverse_eta : (s, b) float32 one-way efficiency and its inverse
    capacity, lost_share : (s, b) float64, usable share of new energy, and mean share lost, over all cabinets
    cohort : (s, 4, b) float64, cabinets of each age; calendar, cycle : (s, 4, b) float64 capacity lost by each part
    traded : (s, b) float64 energy out of the store this year [kWh]
    working, installed : (s, b) int32 cabinets; planned_h : (s, b) float64 cabinet-hours out today for planned work
    cabinets : CabinetState; cabinet_words : (8, b) uint32; counts : (s, 9, b) float64 of riskmodel.cabinet_tables
    fire_words : (4, b) uint32; fires : (s, 2, b) float64 fires and burned cabinets of the year
    locked : (s, b) float32, energy in cabinets that stand [kWh]; working_before, installed_before : (s, b) int32
    calls : (s or 1, b, 200, 2) float64, n_calls, following : (s, b) int64: the year's calls for demand response
    called : (24, b) float32 share of today's hours that are called; held : (b,) float32, 1 where energy is kept for it
    temperature : (b,) float32 of the cells this month [K]; slopes : (3, b) float32, see sony_murata_lanes
    now : (13,) float64 scratch of one event
    peak : (s, b) float32, this month's highest import [kW]
    powered : (s, b) float64 share of the GPUs with power; in_service : (s, b) float32, 1 once the assets are delivered
    grid_back, grid_left, down_from, down_until : (s, b) float64 [hour of the run]; share of import left in an outage
    down_share : (s, b) float64 share of the GPUs in that down time; out_until : (s, b) hour until which no grid is left
    spares : (s, b, 2) float64 of riskmodel.downtime; month_down_h : (s, b) float64 hours inference was down this month
    sums : (s, 37, b) float64 yearly sums
    outcome : (s, b, 640) int8; record : (s, b, 640, 21) float64 of the year's events, see riskmodel.event_record;
        not set beyond the events of the year
    day : (14, b) float32 sums of the day; rows : (21, b) float32 hourly scratch
    run, grid : (24, b) float32 share of the load drawn and of the hour with grid
    known_pd, known_pc : (35, b) float32
    effect : (21,), lost_now : (5,), restart : (3,), pool : (6,) float64 scratch of one event
    """

    values: np.ndarray
    stored: np.ndarray
    power: np.ndarray
    energy: np.ndarray
    eta: np.ndarray
    inverse_eta: np.ndarray
    capacity: np.ndarray
    lost_share: np.ndarray
    cohort: np.ndarray
    calendar: np.ndarray
    cycle: np.ndarray
    traded: np.ndarray
    working: np.ndarray
    installed: np.ndarray
    planned_h: np.ndarray
    cabinets: CabinetState
    cabinet_words: np.ndarray
    counts: np.ndarray
    fire_words: np.ndarray
    fires: np.ndarray
    locked: np.ndarray
    working_before: np.ndarray
    installed_before: np.ndarray
    calls: np.ndarray
    n_calls: np.ndarray
    following: np.ndarray
    called: np.ndarray
    held: np.ndarray
    temperature: np.ndarray
    slopes: np.ndarray
    now: np.ndarray
    peak: np.ndarray
    powered: np.ndarray
    in_service: np.ndarray
    grid_back: np.ndarray
    grid_left: np.ndarray
    down_from: np.ndarray
    down_until: np.ndarray
    down_share: np.ndarray
    out_until: np.ndarray
    spares: np.ndarray
    month_down_h: np.ndarray
    sums: np.ndarray
    outcome: np.ndarray
    record: np.ndarray
    day: np.ndarray
    rows: np.ndarray
    run: np.ndarray
    grid: np.ndarray
    known_pd: np.ndarray
    known_pc: np.ndarray
    effect: np.ndarray
    lost_now: np.ndarray
    restart: np.ndarray
    pool: np.ndarray


class Out(NamedTuple):
    """What a range of paths returns.

    Attributes
    ----------
    annual : (n, s, years, 37) float64
    event : (n, capacity, 6) float64: hour of the year, duration [h], family, residual voltage, number, year (from 1)
    outcome : (n, capacity, s) int8; record : (n, capacity, s, 21) float64, see riskmodel.event_record
    n_events : (n,) int64 rows used
    status : (n,) int64: 0 fine, 1 more events in a year than fit, 2 more harmful events than fit
    trace : (s, 7, hours) float64, empty but for a traced path: flow [kW], state of charge, charge, discharge [kW],
        grid share, price, PV per kWp
    """

    annual: np.ndarray
    event: np.ndarray
    outcome: np.ndarray
    record: np.ndarray
    n_events: np.ndarray
    status: np.ndarray
    trace: np.ndarray


@njit(inner=True)
def new_market(b):
    """Market of a block of `b` lanes, all zero."""
    return Market(
        np.zeros((TWO_DAYS, b), np.float32),
        np.zeros((TWO_DAYS, b), np.float32),
        np.zeros((prices.N_STATES, b), np.float32),
        np.zeros(b, np.float32),
        np.zeros((prices.N_DAILY, b), np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros((N_PROCESSES, 366, b), np.int8),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros((prices.N_DRAWN, b), np.float32),
        np.zeros((clearness.N_DRAWN, b), np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros((4, b), np.uint32),
        np.zeros((b, EVENTS_A_LANE_YEAR, N_COLUMNS), np.float64),
        np.zeros(b, np.int64),
        np.empty((b, EVENTS_A_LANE_YEAR, N_UNIFORMS), np.float64),
        np.zeros(HOURS_PER_YEAR + 1, np.int64),
        np.zeros(b * EVENTS_A_LANE_YEAR, np.int64),
        np.zeros(b * EVENTS_A_LANE_YEAR, np.int64),
        np.zeros(365, np.float64),
        np.zeros(365, np.int8),
    )


@njit(inner=True)
def new_fleet(s, b, contracts):
    """State of `s` strategies before the first hour: nothing in service, cells new, stores empty.

    `contracts` : int, `s` if some strategy is called for demand response, else 1
    """
    rows = np.zeros((N_SCRATCH, b), np.float32)
    rows[EMPTY] = ABOVE_ALL
    rows[FULL] = BELOW_ALL
    return Fleet(
        np.zeros((s, KNOWN_HOURS + 1, HIGHEST_LEVELS, b), np.float32),
        np.zeros((s, b), np.float32),
        np.zeros((s, b), np.float32),
        np.zeros((s, b), np.float32),
        np.ones((s, b), np.float32),
        np.ones((s, b), np.float32),
        np.ones((s, b), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, COHORTS, b), np.float64),
        np.zeros((s, COHORTS, b), np.float64),
        np.zeros((s, COHORTS, b), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, b), np.int32),
        np.zeros((s, b), np.int32),
        np.zeros((s, b), np.float64),
        new_cabinet_state(s, b),
        np.zeros((N_WORDS, b), np.uint32),
        np.zeros((s, N_COUNTS, b), np.float64),
        np.zeros((4, b), np.uint32),
        np.zeros((s, 2, b), np.float64),
        np.zeros((s, b), np.float32),
        np.zeros((s, b), np.int32),
        np.zeros((s, b), np.int32),
        np.zeros((contracts, b, MOST_CALLS, 2), np.float64),
        np.zeros((s, b), np.int64),
        np.zeros((s, b), np.int64),
        np.zeros((DAY, b), np.float32),
        np.zeros(b, np.float32),
        np.zeros(b, np.float32),
        np.zeros((3, b), np.float32),
        np.zeros(N_NOW, np.float64),
        np.zeros((s, b), np.float32),
        np.zeros((s, b), np.float64),
        np.zeros((s, b), np.float32),
        np.zeros((s, b), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, b, 2), np.float64),
        np.zeros((s, b), np.float64),
        np.zeros((s, N_SUMS, b), np.float64),
        np.zeros((s, b, EVENTS_A_LANE_YEAR), np.int8),
        np.empty((s, b, EVENTS_A_LANE_YEAR, N_RECORD), np.float64),
        np.zeros((N_DAY_SUMS, b), np.float32),
        rows,
        np.zeros((DAY, b), np.float32),
        np.zeros((DAY, b), np.float32),
        np.zeros((KNOWN_HOURS, b), np.float32),
        np.zeros((KNOWN_HOURS, b), np.float32),
        np.zeros(N_EFFECTS, np.float64),
        np.zeros(N_CAUSES, np.float64),
        np.zeros(3, np.float64),
        np.zeros(N_POOL, np.float64),
    )

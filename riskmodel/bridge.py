"""What carries the load until gensets or the grid do: first a UPS, then battery cabinets with the sun's help."""

from distributions._jit import njit

# what the strategy is when an event comes, float64: cluster load [kW], energy in the cabinets [kWh], 1 if its own
# assets have been delivered, cabinets that work, and of how many that energy is; first hour of today and end of earlier
# down time [hour of the year]; restart after an abrupt and an orderly stop [h]; one-way efficiency; what a cold start
# adds [h]; hour of the year until which the grid is away already; share of the GPUs in that earlier down time
(
    LOAD_KW, STORED_KWH, IN_SERVICE, WORKING, WORKING_OF, DAY_START_H, DOWN_UNTIL, RESTART_ABRUPT, RESTART_ORDERLY,
    EFFICIENCY, COLD_START, GRID_OUT_UNTIL, DOWN_SHARE,
) = range(13)  # fmt: skip
N_NOW = 13

# what is left in the bridge, float64: UPS [kWh at the load], cabinets [kWh in the cells]; 1 if the cabinets take part;
# hours for which UPS and cabinets carried, and energy out of the cells
UPS_KWH, CELLS_KWH, CABINETS_ON, UPS_CARRIED_H, CABINETS_CARRIED_H, CELLS_USED_KWH = range(6)
N_POOL = 6

U_COMMON, U_UPS = 5, 6


@njit(forceinline=True)
def fill_pool(pool, backup, s, u, load_kw, now, notice, ups_allowed):
    """Who takes over, and with how much energy.

    Parameters
    ----------
    pool : (6,) float64, written
    load_kw : float, what has to be carried at first
    notice : bool, True if there is time to switch
    ups_allowed : bool

    Returns
    -------
    bool
        Does anything take over within the servers' hold-up time?
    """
    pool[:] = 0.0
    if now[IN_SERVICE] == 0.0:
        return False
    quick = notice or backup.ups_transfer_ms[s] <= backup.hold_up_ms[0]
    ups = backup.ups_power_kw[s] >= load_kw and backup.ups_power_kw[s] > 0.0 and quick and ups_allowed
    ups = ups and u[U_UPS] >= backup.ups_failure[s]
    pool[UPS_KWH] = backup.ups_energy_kwh[s] if ups else 0.0
    working, stored_kwh = now[WORKING], now[STORED_KWH]
    if working > 0.0:
        in_time = notice or ups or backup.transfer_ms[s] <= backup.hold_up_ms[0]
        strong = working * backup.cabinet_kw[s] >= load_kw
        if in_time and strong and u[U_COMMON] >= backup.common_failure[s] and stored_kwh > 0.0:
            pool[CABINETS_ON] = 1.0
            pool[CELLS_KWH] = stored_kwh * working / now[WORKING_OF]
    return ups or pool[CABINETS_ON] > 0.0


@njit
def deliverable_kwh(pool, efficiency):
    """Energy the bridge can still deliver [kWh at the load]."""
    return pool[UPS_KWH] + pool[CELLS_KWH] * efficiency


@njit
def stored_hours(stored_kwh, power_kw, pv_kwp, pv, lane, start_h, longest_h, efficiency):
    """Hours the cabinets carry a load with help from PV, and the stored energy that takes.

    Parameters
    ----------
    stored_kwh : float, energy that may be used
    power_kw : float, load to carry
    pv_kwp : float
    pv : (48, n_lanes) float32 [kW/kWp], today and tomorrow; PV after tomorrow is not counted
    lane : int
    start_h : float, hour of today at which it begins
    longest_h : float, stop after this many hours
    efficiency : float, stored to delivered

    Returns
    -------
    (float, float)
        Hours carried [h], stored energy used [kWh].
    """
    time, used = 0.0, 0.0
    while time < longest_h:
        hour = int(start_h + time)
        left = min(hour + 1.0 - (start_h + time), longest_h - time)
        if left <= 0.0:
            left = min(1.0, longest_h - time)
        sun = pv_kwp * float(pv[hour, lane]) if hour < pv.shape[0] else 0.0
        drain = max(power_kw - sun, 0.0) / efficiency
        if hour >= pv.shape[0]:
            left = longest_h - time
        if drain > 0.0 and used + drain * left >= stored_kwh:  # an empty store still carries what the sun covers
            return time + (stored_kwh - used) / drain, stored_kwh
        used += drain * left
        time += left
    return longest_h, used


@njit
def draw_pool(pool, power_kw, keep_kwh, from_h, longest_h, pv_kwp, pv, lane, efficiency):
    """Carry a load out of the bridge until it holds only what must be kept.

    Parameters
    ----------
    pool : (6,) float64, lowered
    power_kw : float, load to carry
    keep_kwh : float, energy to leave, as it can be delivered
    from_h : float, hour of today
    longest_h : float, stop after this many hours
    pv_kwp, pv, lane, efficiency : see `stored_hours`

    Returns
    -------
    float
        Hours carried; exactly `longest_h` if the bridge lasts.
    """
    from_ups = max(pool[UPS_KWH] - max(keep_kwh - pool[CELLS_KWH] * efficiency, 0.0), 0.0)
    if from_ups >= power_kw * longest_h:
        pool[UPS_KWH] -= power_kw * longest_h
        pool[UPS_CARRIED_H] += longest_h
        return longest_h
    ups_h = from_ups / power_kw
    pool[UPS_KWH] -= from_ups
    pool[UPS_CARRIED_H] += ups_h
    if pool[CABINETS_ON] == 0.0:
        return ups_h
    wanted = longest_h - ups_h
    spendable = max(pool[CELLS_KWH] - max(keep_kwh - pool[UPS_KWH], 0.0) / efficiency, 0.0)
    more, used = stored_hours(spendable, power_kw, pv_kwp, pv, lane, from_h + ups_h, wanted, efficiency)
    pool[CELLS_KWH] = max(pool[CELLS_KWH] - used, 0.0)
    pool[CELLS_USED_KWH] += used
    pool[CABINETS_CARRIED_H] += more
    return longest_h if more >= wanted else ups_h + more

"""A fleet of standby gensets in one outage: how many start, when each next one fails, when the fuel ends."""

import math

from distributions._jit import njit

# columns of the uniforms of an event that decide the fleet; see riskmodel.ridethrough.event_uniforms
U_START = 8
GENSET_FAILURES = 15
U_GENSETS_COMMON, U_SWITCH, U_REFUEL = (U_START + 1 + GENSET_FAILURES + k for k in range(3))


@njit
def count_working(cdf, u):
    """Quantile of a tabulated count: the smallest k with P(count <= k) >= u."""
    k = 0
    while k < cdf.shape[0] - 1 and cdf[k] < u:
        k += 1
    return k


@njit
def gensets_started(backup, s, u):
    """Gensets that start and reach the load: none after a common cause or a failure of the transfer switch."""
    if backup.gensets[s] == 0.0 or u[U_GENSETS_COMMON] < backup.gensets_common[s]:
        return 0
    if u[U_SWITCH] < backup.switch_failure[s]:
        return 0
    return count_working(backup.gensets_cdf[s], u[U_START])


@njit
def required_gensets(backup, s, load_kw):
    """Units that carry the load together."""
    return max(math.ceil(load_kw / backup.genset_kw[s]), 1)


@njit
def running_h(backup, s, u, running, required):
    """Hours until the next of `running` units fails.

    Each number of running units has a uniform of its own, so a larger fleet on the same draws never runs shorter: it
    goes through the times of the smaller one and some more before them. After 15 failures uniforms come again.
    """
    k = (running - required) % GENSET_FAILURES
    return -math.log(u[U_START + 1 + k]) * backup.genset_mttf_h[s] / running


@njit
def fuel_h(backup, s, u):
    """Hours that fuel lasts, with refuelling: each time it comes with one chance, so their number is geometric."""
    chance = backup.refuelling[s]
    if chance <= 0.0:
        return backup.genset_fuel_h[s]
    if chance >= 1.0:
        return math.inf
    return backup.genset_fuel_h[s] * (1.0 + math.floor(math.log(u[U_REFUEL]) / math.log(chance)))


@njit
def full_load_h(backup, s, u, load_kw):
    """Hours from the start of the fleet in which it carries the whole load; 0 if too few start."""
    running, required = gensets_started(backup, s, u), required_gensets(backup, s, load_kw)
    hours = 0.0
    while running >= required:
        hours += running_h(backup, s, u, running, required)
        running -= 1
    return min(hours, fuel_h(backup, s, u))

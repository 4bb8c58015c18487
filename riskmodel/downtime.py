"""From an interruption to lost GPU-hours: work since the last checkpoint, waiting, restart, capping, hardware."""

import math

from distributions._jit import njit
from distributions.clock import HOURS_PER_DAY
from riskmodel.cluster_tables import law_value
from riskmodel.jobs import job_stops, packed
from riskmodel.ridethrough import (
    ABRUPT_STOP,
    CAPPED_H,
    NEWLY,
    OUTCOME,
    RACKS,
    RESTART_H,
    TRAINING_H,
    TRIPPED,
    U_DAMAGE,
    U_JOBS,
    U_RESTART,
    U_REWORK,
    U_WAIT,
    UNSAVED_H,
    WAITING_H,
)

REWORK, WAITING, RESTART, CAPPING, HARDWARE = range(5)
N_CAUSES = 5
# spare servers in use, and hour of the run until which they are
SPARES_USED, SPARES_UNTIL = range(2)
HALF_A_SERVER = 0.5


@njit
def _sum_of_laws(laws, u):
    total = 0.0
    for k in range(laws.shape[0]):
        total += max(law_value(laws[k], u), 0.0)
    return total


@njit(forceinline=True)
def restart_times(restart_h, cluster, u):
    """Restart after an abrupt and an orderly stop of this event, and what a cold start adds [h].

    `restart_h` : (3,) float64, written. Parts of a restart are long together: one uniform serves all.
    """
    unit = cluster.restart_unit_h[0]
    restart_h[0] = _sum_of_laws(cluster.restart_abrupt_h, u[U_RESTART]) * unit
    restart_h[1] = _sum_of_laws(cluster.restart_orderly_h, u[U_RESTART]) * unit
    restart_h[2] = max(law_value(cluster.cold_start_h, u[U_RESTART]), 0.0)


@njit(forceinline=True)
def _rework_gpu_hours(effect, cluster, u):
    """Work since the last checkpoint in the jobs that stopped abruptly [GPU-h of the whole cluster].

    The checkpoints of the jobs are spread evenly over the interval, as for shared storage: each job's own is uniform.
    Work done on the bridge before a stop that saves nothing is lost too, up to one interval.
    """
    jobs, total = cluster.job_gpus.shape[0], 0.0
    for k in range(jobs):
        if effect[RACKS] >= 1.0 or job_stops(cluster, k, effect[RACKS], u[U_JOBS]):
            since = u[U_REWORK] + k / jobs
            since -= math.floor(since)
            interval_h = cluster.job_interval_h[k]
            total += cluster.job_gpus[k] * min(since * interval_h + effect[UNSAVED_H], interval_h)
    return total * effect[NEWLY]


@njit
def _idle_gpus(cluster, gpus, missing):
    """GPUs that do not work while servers with `missing` GPUs are away."""
    if cluster.missing_wait[0] == 0 or missing < HALF_A_SERVER * cluster.gpus_per_server[0]:
        return missing
    training = cluster.training_share[0]
    share = training * (1.0 - missing / gpus)
    kept = packed(cluster.job_gpus, max(share, 0.0), cluster.gpus[0])
    return gpus * (training - kept) + missing * (1.0 - training)


@njit(forceinline=True)
def lost_gpu_hours(lost, effect, cluster, powered_share, u, spares, now_h):
    """GPU-hours lost by cause and servers damaged.

    Parameters
    ----------
    lost : (5,) float64, written [GPU-h]: rework, waiting, restart, capping, hardware
    effect : (21,) float64 from `riskmodel.ridethrough.resolve`
    cluster : riskmodel.cluster_tables.ClusterTables
    powered_share : float, share of the GPUs that have power at all
    u : (N_UNIFORMS,) float64 uniforms of the event
    spares : (2,) float64, changed: spare servers in use, and hour until which
    now_h : float, hour of the run at which the event came

    Returns
    -------
    float
        Servers damaged (an expected number, not rounded to whole servers).

    Notes
    -----
    A damaged server is replaced by a spare if one is free; spares are free again when the last server that was damaged
    meanwhile is repaired. What is beyond them is missing until then.
    """
    gpus = cluster.gpus[0] * powered_share
    abrupt = effect[OUTCOME] == ABRUPT_STOP
    lost[REWORK] = powered_share * _rework_gpu_hours(effect, cluster, u) if abrupt else 0.0
    lost[WAITING] = gpus * effect[WAITING_H]
    lost[RESTART] = gpus * effect[RESTART_H]
    lost[CAPPING] = gpus * effect[CAPPED_H]
    lost[HARDWARE] = 0.0
    if not abrupt or gpus <= 0.0:
        return 0.0
    effect[TRAINING_H] += lost[REWORK] / gpus
    share = min(max(law_value(cluster.damaged_share, u[U_DAMAGE]), 0.0), 1.0)
    days = max(law_value(cluster.damaged_wait_days, u[U_WAIT]), 0.0)
    servers = gpus * share * effect[TRIPPED] / cluster.gpus_per_server[0]
    if now_h >= spares[SPARES_UNTIL]:
        spares[SPARES_USED] = 0.0
    replaced = min(servers, cluster.spare_servers[0] - spares[SPARES_USED])
    spares[SPARES_USED] += replaced
    spares[SPARES_UNTIL] = max(spares[SPARES_UNTIL], now_h + days * HOURS_PER_DAY)
    missing = (servers - replaced) * cluster.gpus_per_server[0]
    lost[HARDWARE] = _idle_gpus(cluster, gpus, missing) * days * HOURS_PER_DAY
    return servers

"""From an interruption to lost GPU-hours: work since the last checkpoint, waiting, restart, capping, hardware."""

from typing import NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.law_kernels import ppf_code
from riskmodel.ridethrough import (
    ABRUPT_STOP,
    CAPPED_H,
    OUTCOME,
    RESTART_H,
    U_DAMAGE,
    U_RESTART,
    U_REWORK,
    U_WAIT,
    WAITING_H,
)

REWORK, WAITING, RESTART, CAPPING, HARDWARE = range(5)
N_CAUSES = 5


class ClusterTables(NamedTuple):
    """The cluster's own constants, float64.

    Attributes
    ----------
    gpus, gpus_per_server : (1,)
    checkpoint_interval_h : (1,) work lost at an abrupt stop is even between 0 and this; 0 for inference
    restart_abrupt_h, restart_orderly_h, damaged_share, damaged_wait_days : (5,) law code and four numbers, drawn per
        event
    """

    gpus: np.ndarray
    gpus_per_server: np.ndarray
    checkpoint_interval_h: np.ndarray
    restart_abrupt_h: np.ndarray
    restart_orderly_h: np.ndarray
    damaged_share: np.ndarray
    damaged_wait_days: np.ndarray


@njit
def law_value(law, u):
    """Quantile of a packed closed-form law; `law` : (5,) float64, code and four numbers."""
    return ppf_code(int(law[0]), law[1], law[2], law[3], law[4], u)


@njit
def restart_times(restart_h, cluster, u):
    """Restart after an abrupt and after an orderly stop of this event [h]; `restart_h` : (2,) float64, written."""
    restart_h[0] = max(law_value(cluster.restart_abrupt_h, u[U_RESTART]), 0.0)
    restart_h[1] = max(law_value(cluster.restart_orderly_h, u[U_RESTART]), 0.0)


@njit
def lost_gpu_hours(lost, effect, cluster, powered_share, u):
    """GPU-hours lost by cause and servers damaged.

    Parameters
    ----------
    lost : (5,) float64, written [GPU-h]: rework, waiting, restart, capping, hardware
    effect : (13,) float64 from `riskmodel.ridethrough.resolve`
    cluster : ClusterTables
    powered_share : float, share of the GPUs that have power at all
    u : (N_UNIFORMS,) float64 uniforms of the event

    Returns
    -------
    float
        Servers damaged (an expected number, not rounded to whole servers).
    """
    gpus = cluster.gpus[0] * powered_share
    abrupt = effect[OUTCOME] == ABRUPT_STOP
    lost[REWORK] = gpus * u[U_REWORK] * cluster.checkpoint_interval_h[0] if abrupt else 0.0
    lost[WAITING] = gpus * effect[WAITING_H]
    lost[RESTART] = gpus * effect[RESTART_H]
    lost[CAPPING] = gpus * effect[CAPPED_H]
    lost[HARDWARE] = 0.0
    if not abrupt:
        return 0.0
    share = min(max(law_value(cluster.damaged_share, u[U_DAMAGE]), 0.0), 1.0)
    days = max(law_value(cluster.damaged_wait_days, u[U_WAIT]), 0.0)
    lost[HARDWARE] = gpus * share * days * 24.0
    return gpus * share / cluster.gpus_per_server[0]

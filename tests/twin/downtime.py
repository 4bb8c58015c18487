"""From an event's effect to lost GPU-hours by cause."""

import math

from riskmodel.quantities import Outcome
from tests.twin.randoms import quantile


def lost_gpu_hours(effect, cluster, gpus, u):
    """GPU-hours lost by cause (rework, waiting, restart, capped, hardware), and servers damaged.

    Parameters
    ----------
    cluster : riskmodel.study.Cluster
    gpus : float, GPUs with power
    u : Uniforms
    """
    waiting, restart, capped = gpus * effect.waiting_h, gpus * effect.restart_h, gpus * effect.capped_h
    if effect.outcome != Outcome.ABRUPT_STOP:
        return (0.0, waiting, restart, capped, 0.0), 0.0
    rework = gpus * u.rework * checkpoint_interval_h(cluster)
    share = min(max(quantile(cluster.damaged_server_share, u.damage), 0.0), 1.0)
    days = max(quantile(cluster.damaged_wait_days, u.wait), 0.0)
    return (rework, waiting, restart, capped, gpus * share * days * 24), gpus * share / cluster.gpus_per_server


def checkpoint_interval_h(cluster):
    """Time between checkpoints; 0 for inference, else given or optimal (Daly 2006, equation 37)."""
    if cluster.duty != "training":
        return 0.0
    if cluster.checkpoint_interval_min != "optimal":
        return float(cluster.checkpoint_interval_min) / 60
    write, interrupt = cluster.checkpoint_write_min / 60, cluster.mean_time_to_interrupt_h
    x = math.sqrt(write / (2 * interrupt))
    return interrupt if write >= 2 * interrupt else math.sqrt(2 * write * interrupt) * (1 + x / 3 + x * x / 9) - write

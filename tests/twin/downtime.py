"""From an event's effect to lost GPU-hours by cause."""

import math
from dataclasses import dataclass

from riskmodel.quantities import Outcome
from tests.twin.jobs import job_gpus
from tests.twin.randoms import quantile


@dataclass
class Spares:
    """Spare servers in use, and hour of the run until which."""

    used: float = 0.0
    until_h: float = 0.0


def lost_gpu_hours(effect, cluster, gpus, u, jobs, spares, now_h):
    """GPU-hours lost by cause (rework, waiting, restart, capped, hardware), and servers damaged.

    Parameters
    ----------
    cluster : riskmodel.study.Cluster
    gpus : float, GPUs with power
    u : Uniforms
    jobs : tests.twin.jobs.Jobs
    spares : Spares, changed
    """
    waiting, restart, capped = gpus * effect.waiting_h, gpus * effect.restart_h, gpus * effect.capped_h
    if effect.outcome != Outcome.ABRUPT_STOP:
        return (0.0, waiting, restart, capped, 0.0), 0.0
    rework = rework_gpu_hours(effect, cluster, u, jobs) * gpus / cluster.gpus
    effect.training_h += rework / gpus
    share = min(max(quantile(cluster.damaged_server_share, u.damage), 0.0), 1.0)
    days = max(quantile(cluster.damaged_wait_days, u.wait), 0.0)
    servers = gpus * share * effect.racks * effect.newly / cluster.gpus_per_server
    if now_h >= spares.until_h:
        spares.used = 0.0
    replaced = min(servers, cluster.spare_servers - spares.used)
    spares.used, spares.until_h = spares.used + replaced, max(spares.until_h, now_h + days * 24)
    idle = idle_gpus((servers - replaced) * cluster.gpus_per_server, cluster, gpus, jobs)
    return (rework, waiting, restart, capped, idle * days * 24), servers


def rework_gpu_hours(effect, cluster, u, jobs):
    """Work of the whole cluster since the last checkpoint of each job that stopped; checkpoints are spread evenly."""
    sizes, total = job_gpus(cluster), 0.0
    for k, n in enumerate(sizes):
        if jobs.hit(k, effect.racks, u.jobs):
            since = (u.rework + k / len(sizes)) % 1.0
            interval_h = checkpoint_interval_h(cluster, n)
            total += n * min(since * interval_h + effect.unsaved_h, interval_h)
    return total * effect.newly


def idle_gpus(missing, cluster, gpus, jobs):
    """GPUs that stand while some are missing: those, or with them the jobs that wait whole."""
    if cluster.missing_servers == "shrink" or missing < cluster.gpus_per_server / 2:
        return missing
    kept = jobs.fit(max(jobs.training * (1 - missing / gpus), 0.0))
    return gpus * (jobs.training - kept) + missing * (1 - jobs.training)


def checkpoint_interval_h(cluster, gpus):
    """Time between checkpoints of a job: given, or optimal (Daly 2006, equation 37)."""
    if cluster.checkpoint_interval_min != "optimal":
        return float(cluster.checkpoint_interval_min) / 60
    whole = cluster.mean_time_to_interrupt_h or 1e6 / (cluster.own_failures_per_million_gpu_hours.mean() * cluster.gpus)
    write, interrupt = cluster.checkpoint_write_min / 60, whole * cluster.gpus / gpus
    x = math.sqrt(write / (2 * interrupt))
    return interrupt if write >= 2 * interrupt else math.sqrt(2 * write * interrupt) * (1 + x / 3 + x * x / 9) - write

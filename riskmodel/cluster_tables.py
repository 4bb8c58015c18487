"""The cluster's constants as the event chain reads them: jobs, checkpoints, restart, spares, laws drawn per event."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions._jit import njit
from distributions.clock import KW_PER_MW
from distributions.law_kernels import ppf_code
from riskmodel.checkpointing import interval_of_rule_h
from riskmodel.jobs import EVENLY, INFERENCE_FIRST, TRAINING_FIRST

if TYPE_CHECKING:
    from distributions.laws import Law
    from riskmodel.study import Study
    from riskmodel.study.cluster import Cluster

__all__ = ["ClusterTables", "checkpoint_interval_h", "cluster_tables", "law_value", "training_jobs"]

MIN_PER_H = 60.0
MILLION = 1e6
SHED_FIRST = {"evenly": EVENLY, "inference": INFERENCE_FIRST, "training": TRAINING_FIRST}


class ClusterTables(NamedTuple):
    """The cluster's own constants, float64.

    Attributes
    ----------
    gpus, gpus_per_server : (1,)
    training_share : (1,) share of the GPUs in training
    job_gpus, job_interval_h, job_racks : (j,) training jobs, the largest first: GPUs, time between checkpoints, racks
    shed_first : (1,) see `riskmodel.jobs`
    sag_trip_share : (5,) law code and four numbers, drawn per event: share of the racks that a sag trips
    restart_abrupt_h, restart_orderly_h : (n, 5) laws whose quantiles at one uniform add up
    restart_unit_h : (1,) unit of these laws [h]
    cold_start_h : (5,) law of what is added when the site was dark for longer than cold_start_after_h : (1,)
    ramp_kw_per_h : (1,) limit on the return of the load, 0 = none
    damaged_share, damaged_wait_days : (5,) laws
    spare_servers : (1,); missing_wait : (1,) 1 if a job waits while servers are missing, 0 if it shrinks
    credits : (k, 2) availability of inference in a month below which a share of its income is given back
    """

    gpus: np.ndarray
    gpus_per_server: np.ndarray
    training_share: np.ndarray
    job_gpus: np.ndarray
    job_interval_h: np.ndarray
    job_racks: np.ndarray
    shed_first: np.ndarray
    sag_trip_share: np.ndarray
    restart_abrupt_h: np.ndarray
    restart_orderly_h: np.ndarray
    restart_unit_h: np.ndarray
    cold_start_h: np.ndarray
    cold_start_after_h: np.ndarray
    ramp_kw_per_h: np.ndarray
    damaged_share: np.ndarray
    damaged_wait_days: np.ndarray
    spare_servers: np.ndarray
    missing_wait: np.ndarray
    credits: np.ndarray


@njit
def law_value(law, u):
    """Quantile of a packed closed-form law; `law` : (5,) float64, code and four numbers."""
    return ppf_code(int(law[0]), law[1], law[2], law[3], law[4], u)


def checkpoint_interval_h(study: "Study", gpus: float | None = None) -> float:
    """Time between checkpoints of a job of so many GPUs, by default of all [h]: stated, or by the rule it names.

    A smaller job fails less often, so a rule gives it a longer interval.
    """
    c = study.cluster
    stated = c.checkpoint_interval_min
    if isinstance(stated, str):
        whole_h = c.mean_time_to_interrupt_h or MILLION / (c.own_failures_per_million_gpu_hours.mean() * c.gpus)
        mtti_h = whole_h * (c.gpus / gpus) if gpus else whole_h
        return interval_of_rule_h(stated, c.checkpoint_write_min / MIN_PER_H, mtti_h)
    return float(stated) / MIN_PER_H


def training_jobs(cluster: "Cluster") -> list[int]:
    """GPUs of the training jobs, the largest first: those stated, or one job of all GPUs in training."""
    whole = round(cluster.gpus * (1.0 - cluster.share_of_inference()))
    return sorted(cluster.training_jobs or ([whole] if whole > 0 else []), reverse=True)


def _packed(*laws: "Law") -> np.ndarray:
    return np.array([[float(x) for x in law.code()] for law in laws])


def cluster_tables(study: "Study") -> ClusterTables:
    """`ClusterTables` of a study."""
    c = study.cluster
    jobs = np.array(training_jobs(c), np.float64)
    abrupt, orderly, unit_h = _packed(c.restart_abrupt_h), _packed(c.restart_orderly_h), 1.0
    if c.restart is not None:
        r = c.restart
        abrupt = _packed(r.detection_min, r.scheduling_min, r.reload_min, r.warm_up_min)
        orderly, unit_h = abrupt[1:].copy(), 1.0 / MIN_PER_H
    return ClusterTables(
        gpus=np.array([float(c.gpus)]),
        gpus_per_server=np.array([float(c.gpus_per_server)]),
        training_share=np.array([float(np.sum(jobs)) / c.gpus]),
        job_gpus=jobs,
        job_interval_h=np.array([checkpoint_interval_h(study, gpus) for gpus in jobs]),
        job_racks=np.maximum(jobs / c.gpus_per_rack, 1.0),
        shed_first=np.array([SHED_FIRST[c.shed_first]], np.int64),
        sag_trip_share=_packed(c.sag_trip_share)[0],
        restart_abrupt_h=abrupt,
        restart_orderly_h=orderly,
        restart_unit_h=np.array([unit_h]),
        cold_start_h=_packed(c.cold_start_extra_h)[0],
        cold_start_after_h=np.array([c.cold_start_after_h]),
        ramp_kw_per_h=np.array([c.return_ramp_mw_per_min * KW_PER_MW * MIN_PER_H]),
        damaged_share=_packed(c.damaged_server_share)[0],
        damaged_wait_days=_packed(c.damaged_wait_days)[0],
        spare_servers=np.array([float(c.spare_servers)]),
        missing_wait=np.array([int(c.missing_servers == "wait")], np.int64),
        credits=np.array(sorted(c.service_credits) or np.zeros((0, 2)), np.float64).reshape(-1, 2),
    )

"""Rules inside the cluster: jobs fit the GPUs, and nothing is counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskmodel.study.cluster import Cluster

__all__ = ["cluster_rules"]

Found = Iterator[tuple[str, Any, str]]
"""(field path, value, message)"""


def cluster_rules(cluster: Cluster) -> Found:
    """Problems between fields of the cluster."""
    yield from _servers(cluster)
    yield from _margin(cluster)
    yield from _margin_of_costs(cluster)
    yield from _jobs(cluster)
    yield from _restart(cluster)
    yield from _double_counts(cluster)


def _servers(cluster: Cluster) -> Found:
    per_server = cluster.gpus_per_server
    if cluster.gpus % per_server != 0:
        up = (cluster.gpus // per_server + 1) * per_server
        yield "cluster.gpus", cluster.gpus, f"must be whole servers of {per_server} GPUs; type gpus = {up}"


def _margin(cluster: Cluster) -> Found:
    if cluster.gpu_hour_value_basis != "margin" or cluster.capex_eur_per_gpu.mean() == 0.0:
        return
    yield (
        "cluster.capex_eur_per_gpu",
        cluster.capex_eur_per_gpu.mean(),
        'must be 0 with gpu_hour_value_basis = "margin", where the hardware is already taken off the value of a '
        'GPU-hour (it would be counted twice); type capex_eur_per_gpu = 0, or gpu_hour_value_basis = "market_rent"',
    )


COSTS_IN_A_MARGIN = (
    "network_capex_eur_per_gpu",
    "cooling_capex_eur_per_kw",
    "building_capex_eur_per_kw",
    "power_plant_capex_eur_per_kw",
    "staff_eur_per_year",
    "network_service_eur_per_year",
    "maintenance_share_of_capex_per_year",
)


def _margin_of_costs(cluster: Cluster) -> Found:
    if cluster.gpu_hour_value_basis != "margin" or cluster.costs is None:
        return
    for field in COSTS_IN_A_MARGIN:
        mean = getattr(cluster.costs, field).mean()
        if mean > 0.0:
            text = (
                'must be 0 with gpu_hour_value_basis = "margin", which is what a GPU-hour leaves after all but '
                f'electricity (it would be counted twice); type {field} = 0, or gpu_hour_value_basis = "market_rent"'
            )
            yield f"cluster.costs.{field}", mean, text


def _jobs(cluster: Cluster) -> Found:
    jobs, inference = cluster.training_jobs, cluster.share_of_inference()
    training = round(cluster.gpus * (1.0 - inference))
    if not jobs:
        return
    if any(gpus < 1 for gpus in jobs):
        yield "cluster.training_jobs", jobs, "must be GPUs of each job, whole numbers of at least 1"
    elif sum(jobs) != training:
        text = (
            f"adds up to {sum(jobs):,} GPUs, but {training:,} of {cluster.gpus:,} are in training "
            f"(inference_share = {inference:g}); change one of them, or leave it out for one job of all"
        )
        yield "cluster.training_jobs", jobs, text


def _restart(cluster: Cluster) -> Found:
    if cluster.restart is None:
        return
    for name in ("restart_abrupt_h", "restart_orderly_h"):
        stated = getattr(cluster, name)
        if stated.code() != type(cluster).standard_restart(name).code():
            text = f"not used with a table [cluster.restart]; leave out {name} or the table"
            yield f"cluster.{name}", stated.mean(), text


def _double_counts(cluster: Cluster) -> Found:
    training = cluster.share_of_inference() < 1.0
    delay = cluster.programme_delay_eur_per_day.mean()
    path = "cluster.programme_delay_eur_per_day"
    if delay > 0.0 and not training:
        yield path, delay, "must be 0 for a cluster that only infers: no programme is delayed"
    elif delay > 0.0 and not cluster.programme_delay_excludes_compute:
        text = (
            "may count idle hardware or lost rent again, which lost GPU-hours already cost; take both out of it and "
            "type programme_delay_excludes_compute = true, or type 0"
        )
        yield path, delay, text
    if cluster.service_credits and cluster.share_of_inference() == 0.0:
        text = "for inference only, and this cluster has none; type inference_share, or leave it out"
        yield "cluster.service_credits", cluster.service_credits, text

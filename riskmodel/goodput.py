"""Goodput of the training jobs of a run: the cluster's own failures as a background, with and without power events.

Own failures come from `riskmodel.own_failures`, with the failure rate that the run drew for each path. Power events are
those of the run. Own failures only hit a job that runs, so what power events leave of the time is multiplied by what
own failures leave of that.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions import estimate as est
from distributions.clock import HOURS_PER_YEAR
from distributions.estimate import Estimate
from riskmodel.checkpointing import expected_ettr
from riskmodel.cluster_tables import checkpoint_interval_h
from riskmodel.cluster_tables import training_jobs as job_sizes
from riskmodel.own_failures import MILLION, Job, Lives, Shares, expected_shares, simulate_job
from riskmodel.reliability import ratio
from riskmodel.summary import Row

if TYPE_CHECKING:
    from riskmodel.results import Results
    from riskmodel.study import Study

__all__ = [
    "DEFAULT_PATHS",
    "GoodputError",
    "JobGoodput",
    "StrategyGoodput",
    "goodput",
    "goodput_rows",
    "own_goodput",
    "training_jobs",
]

DEFAULT_PATHS = 200
RATE_FIELD = "cluster.own_failures_per_million_gpu_hours"
MIN_PER_H = 60.0
LOST_COLUMNS = [f"lost_{cause}_gpu_hours" for cause in ("rework", "waiting", "restart", "capped", "hardware")]
SHARE_NAMES = ("ettr", "writing", "rework", "restart", "waiting", "missing")
RENAMED = {
    "without_power_events": "goodput_without_power_events",
    "with_power_events": "goodput_with_power_events",
    "cost_of_power_events": "goodput_lost_to_power_events",
    "lost_to_own_failures": "gpu_hours_lost_to_own_failures_per_year",
    "lost_to_power_events": "gpu_hours_lost_to_power_events_per_year",
    "failures_per_year": "own_failures_per_year",
}


class GoodputError(Exception):
    """A study whose goodput cannot be asked for; the message says what to type."""


class JobGoodput(NamedTuple):
    """One training job under its own failures alone.

    Attributes
    ----------
    gpus : int
    mtti_h, interval_h : float [h]
        Mean over the drawn rates of the time between its failures; time between checkpoints.
    failures_per_year : Estimate
        In a year of running.
    shares : dict of str to Estimate
        Shares of the time by `SHARE_NAMES`, simulated.
    goodput : Estimate
    exact : Shares
        Exact expectation over the drawn rates.
    exact_goodput, first_order_ettr : float
    """

    gpus: int
    mtti_h: float
    interval_h: float
    failures_per_year: Estimate
    shares: dict[str, Estimate]
    goodput: Estimate
    exact: Shares
    exact_goodput: float
    first_order_ettr: float


class StrategyGoodput(NamedTuple):
    """One strategy: shares of the powered GPU-hours, and GPU-hours a year; powered: after the connection is there.

    Attributes
    ----------
    powered_gpu_hours_per_year : Estimate [GPU-h/year]
    without_power_events, with_power_events : Estimate
        Goodput of training: share of its powered GPU-hours whose work is kept; power events take the same share of
        all GPUs.
    cost_of_power_events : Estimate
        The first less the second.
    lost_to_own_failures, lost_to_power_events : Estimate [GPU-h/year]
        By the training jobs; by the whole cluster, inference too.
    failures_per_year : Estimate
        The cluster's own, in a calendar year of the study.
    """

    name: str
    powered_gpu_hours_per_year: Estimate
    without_power_events: Estimate
    with_power_events: Estimate
    cost_of_power_events: Estimate
    lost_to_own_failures: Estimate
    lost_to_power_events: Estimate
    failures_per_year: Estimate


def training_jobs(study: Study) -> list[Job]:
    """Jobs of a study, at their full size.

    Raises
    ------
    GoodputError
        For a cluster that does not train.
    """
    cluster = study.cluster
    if cluster.duty != "training":
        raise GoodputError(
            f'cluster.duty = "{cluster.duty}": goodput is that of training jobs, which stop whole; '
            'run a study with duty = "training"'
        )
    return [
        Job(
            gpus=gpus,
            gpus_per_server=cluster.gpus_per_server,
            interval_h=checkpoint_interval_h(study, gpus),
            write_h=cluster.checkpoint_write_min / MIN_PER_H,
            restart_h=cluster.own_restart_h,
            hardware_share=cluster.own_hardware_failure_share,
            repair_days=cluster.damaged_wait_days,
            spares=spares,
            waits=waits,
        )
        for gpus, spares, waits in _sizes(study)
    ]


def _sizes(study: Study) -> list[tuple[int, int, bool]]:
    """GPUs, spares and whether it waits, of each job; spares are shared out in proportion, in whole servers."""
    cluster = study.cluster
    servers = cluster.gpus / cluster.gpus_per_server
    waits = cluster.missing_servers == "wait"
    return [
        (gpus, int(cluster.spare_servers * gpus / cluster.gpus_per_server / servers), waits)
        for gpus in job_sizes(cluster)
    ]


def _rates(study: Study, seed: int, paths: int) -> NDArray[np.float64]:
    """Own failures per GPU-hour that the run drew, (paths,) float64."""
    from riskmodel.draws import draw_scalars

    return np.asarray(draw_scalars(study, seed, 0, paths)[RATE_FIELD] / MILLION)


def own_goodput(study: Study, seed: int, paths: int) -> list[JobGoodput]:
    """Every training job under its own failures, without power events.

    Parameters
    ----------
    study : Study
    seed : int
        Of the run: paths get the failure rates that it drew.
    paths : int
        Lives to simulate, each as long as the study.

    Raises
    ------
    GoodputError
        For a cluster that does not train, or with more servers in repair than can be counted.
    """
    jobs = training_jobs(study)
    if not jobs:
        raise GoodputError("cluster: no GPUs are left for training, and goodput is that of training jobs")
    rates = _rates(study, seed, paths)
    found = []
    for unit, job in enumerate(jobs):
        mtti_h = 1.0 / (rates * job.gpus)
        try:
            lives = simulate_job(job, mtti_h, study.header.years, seed=seed, unit=unit)
        except ValueError as error:
            raise GoodputError(f"cluster: {error}; type a lower {RATE_FIELD} or shorter repairs") from None
        found.append(_job(job, mtti_h, lives))
    return found


def _job(job: Job, mtti_h: NDArray[np.float64], lives: Lives) -> JobGoodput:
    each = [expected_shares(job, value) for value in mtti_h]
    exact = Shares(*np.mean(each, axis=0).tolist())
    return JobGoodput(
        gpus=job.gpus,
        mtti_h=float(mtti_h.mean()),
        interval_h=job.interval_h,
        failures_per_year=est.mean(lives.failures_per_year, "1/year"),
        shares={name: est.mean(getattr(lives, name)) for name in SHARE_NAMES},
        goodput=est.mean(lives.goodput),
        exact=exact,
        exact_goodput=math.fsum(shares.goodput for shares in each) / len(each),
        first_order_ettr=expected_ettr(job.interval_h, job.write_h, float(mtti_h.mean()), float(job.restart_h.mean())),
    )


def goodput(results: Results, paths: int | None = None) -> tuple[list[JobGoodput], list[StrategyGoodput]]:
    """Jobs under their own failures, and what power events leave of each strategy's goodput.

    Parameters
    ----------
    results : Results
        Of a finished run.
    paths : int, optional
        Lives of own failures to simulate, at most those of the run. Default: 200, or all if fewer. Power events always
        come from all paths.
    """
    count = min(DEFAULT_PATHS if paths is None else paths, results.n_paths)
    jobs = own_goodput(results.study, results.seed, count)
    gpus = sum(job.gpus for job in jobs)
    own = _weighted([job.goodput for job in jobs], [job.gpus / gpus for job in jobs])
    failures = _sum([job.failures_per_year for job in jobs])
    training_share = gpus / results.study.cluster.gpus
    return jobs, [_strategy(results, name, own, failures, training_share) for name in results.strategy_names]


def _strategy(results: Results, name: str, own: Estimate, failures: Estimate, training_share: float) -> StrategyGoodput:
    lost = results.year_sums(LOST_COLUMNS, name)[:, 1:].sum(axis=1) / results.n_years
    powered = results.year_sums(["powered_gpu_hours"], name)[:, 1:].sum(axis=1) / results.n_years
    kept, working = ratio(powered - lost, powered), est.mean(powered - lost)
    up = working.scaled(1.0 / (results.study.cluster.gpus * HOURS_PER_YEAR), "")
    unit = "GPU-h/year"
    idle = Estimate((1.0 - own.value) * training_share, own.standard_error * training_share, own.n)
    return StrategyGoodput(
        name=name,
        powered_gpu_hours_per_year=est.mean(powered, unit),
        without_power_events=own,
        with_power_events=_product(own, kept, ""),
        cost_of_power_events=_product(own, Estimate(1.0 - kept.value, kept.standard_error, kept.n), ""),
        lost_to_own_failures=_product(idle, working, unit),
        lost_to_power_events=est.mean(lost, unit),
        failures_per_year=_product(failures, up, "1/year"),
    )


def _product(a: Estimate, b: Estimate, unit: str) -> Estimate:
    """Product of two independent estimates; own failures and power events share no draw."""
    error = math.hypot(a.value * b.standard_error, b.value * a.standard_error)
    return Estimate(a.value * b.value, error, min(a.n, b.n), unit)


def _weighted(parts: list[Estimate], weights: list[float]) -> Estimate:
    """Weighted sum; jobs of one path share its failure rate, so their errors are added, which is never too small."""
    value = math.fsum(part.value * weight for part, weight in zip(parts, weights, strict=True))
    error = math.fsum(part.standard_error * weight for part, weight in zip(parts, weights, strict=True))
    return Estimate(value, error, parts[0].n, parts[0].unit)


def _sum(parts: list[Estimate]) -> Estimate:
    return _weighted(parts, [1.0] * len(parts))


def goodput_rows(jobs: list[JobGoodput], strategies: list[StrategyGoodput]) -> list[Row]:
    """All numbers as rows like those of summary.csv; a job's stand under "job 1" and so on in place of a strategy."""
    rows = []
    for k, job in enumerate(jobs, start=1):
        known = {
            "gpus": Estimate(job.gpus, 0.0, 1, "GPUs"),
            "mean_time_to_interrupt_h": Estimate(job.mtti_h, 0.0, 1, "h"),
            "checkpoint_interval_h": Estimate(job.interval_h, 0.0, 1, "h"),
            "own_failures_per_year": job.failures_per_year,
            "own_failures_per_year:exact": Estimate(job.exact.failures_per_year, 0.0, 1, "1/year"),
            "goodput": job.goodput,
            "goodput:exact": Estimate(job.exact_goodput, 0.0, 1),
            "ettr:first_order": Estimate(job.first_order_ettr, 0.0, 1),
        }
        for name, share in job.shares.items():
            known |= {f"{name}_share": share, f"{name}_share:exact": Estimate(getattr(job.exact, name), 0.0, 1)}
        rows += [Row(f"job {k}", metric, estimate) for metric, estimate in known.items()]
    for strategy in strategies:
        numbers = strategy._asdict()
        name = numbers.pop("name")
        rows += [Row(name, RENAMED.get(metric, metric), estimate) for metric, estimate in numbers.items()]
    return rows

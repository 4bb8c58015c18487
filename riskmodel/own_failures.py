"""The cluster's own hardware failures: a background to every power event, exact and simulated.

One synchronous training job works in stretches of one checkpoint interval. Failures come at random, in proportion to
its GPUs, at any moment that it has power and all its servers, also during a checkpoint or a restart. A failure throws
the work back to the last checkpoint; a share of failures takes a server out for repair, and a spare takes its place.
Without a spare the job waits for the first repair, or goes on without the server.

Sources
-------
Failure rate: Llama Team 2024, "The Llama 3 herd of models", table 5 (419 unexpected interruptions of 16,384 GPUs in
54 days; 78 % confirmed hardware), as quoted in secondary texts. No utility-power event is among them, so power events
come on top. Wall time: Daly 2006, doi 10.1016/j.future.2004.11.016. Spares: Erlang's loss formula, exact for every
repair law (Sevastyanov 1957).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions._jit import njit
from distributions.clock import HOURS_PER_DAY, HOURS_PER_YEAR
from distributions.estimate import Estimate
from distributions.law_kernels import ppf_code
from distributions.laws_base import Law
from distributions.streams import Process, two_uniforms
from riskmodel.checkpointing import mean_time_to_interrupt_h

__all__ = ["LLAMA_3", "FailureRecord", "Job", "Lives", "Shares", "expected_shares", "simulate_job"]

OWN_FAILURE_WORD = int(Process.OWN_FAILURE) << 16
MILLION = 1e6
MOST_REPAIRS = 4096
LAW_POINTS = 20_001

FAILURES, USEFUL_H, WRITING_H, REWORK_H, RESTART_H, WAITING_H, MISSING_H, FULL = range(8)
N_RESULTS = 8


class FailureRecord(NamedTuple):
    """Failures counted on one job: their number, the days, and the job's GPUs."""

    failures: int
    days: float
    gpus: int

    def rate_per_million_gpu_hours(self) -> Estimate:
        """Failures per million GPU-hours; the count is Poisson, so its relative error is 1 / sqrt(failures)."""
        rate = self.failures / (self.days * HOURS_PER_DAY * self.gpus) * MILLION
        return Estimate(rate, rate / math.sqrt(self.failures), self.failures, "per million GPU-h")

    def mean_time_to_interrupt_h(self, gpus: float | None = None) -> float:
        """Mean time between failures of the job, or of one of another number of GPUs [h]."""
        return mean_time_to_interrupt_h(self.failures, self.days * HOURS_PER_DAY, self.gpus, gpus)


LLAMA_3 = FailureRecord(failures=419, days=54.0, gpus=16384)


class Job(NamedTuple):
    """One synchronous training job.

    Attributes
    ----------
    gpus, gpus_per_server : int
    interval_h, write_h : float, work between checkpoints and time to write one [h]
    restart_h : Law, from a failure to work again, drawn for each failure [h]
    hardware_share : float, share of the failures that take a server out
    repair_days : Law, drawn for each such server [days]
    spares : int, servers kept ready
    waits : bool, True waits whole for a server, False goes on without it
    """

    gpus: int
    gpus_per_server: int
    interval_h: float
    write_h: float
    restart_h: Law
    hardware_share: float
    repair_days: Law
    spares: int
    waits: bool

    @property
    def servers(self) -> float:
        """Servers of the job."""
        return self.gpus / self.gpus_per_server


class Shares(NamedTuple):
    """Where the time of a job goes, shares of the time it has power; and its failures in a year of such time.

    Attributes
    ----------
    failures_per_year : float
    ettr : float, effective training time ratio: time whose work is kept
    writing, rework, restart, waiting : float, time lost by cause; with `ettr` they sum to 1
    missing : float, mean share of the servers that the job goes on without
    """

    failures_per_year: float
    ettr: float
    writing: float
    rework: float
    restart: float
    waiting: float
    missing: float

    @property
    def goodput(self) -> float:
        """Share of the GPU-hours whose work is kept: effective time, times the share of the servers that are there."""
        return self.ettr * (1.0 - self.missing)


def expected_shares(job: Job, mtti_h: float) -> Shares:
    """Exact expectation in the long run.

    Parameters
    ----------
    job : Job
    mtti_h : float, mean time between its failures while it runs, > 0 [h]

    Notes
    -----
    With L = E[exp(-restart / MTTI)] the wall time of a stretch is MTTI (exp((interval + write) / MTTI) - 1) / L, of
    which 1 - L is restart. Servers in repair: with waiting, Erlang's loss system of spares + 1 places; without,
    Poisson with mean (failures of hardware an hour) x (mean repair).
    """
    stretch = (job.interval_h + job.write_h) / mtti_h
    through = _laplace(job.restart_h, 1.0 / mtti_h)
    kept = through * job.interval_h / mtti_h * math.exp(-stretch) / -math.expm1(-stretch)
    writing = kept * job.write_h / job.interval_h
    repairs = job.hardware_share / mtti_h * float(job.repair_days.mean()) * HOURS_PER_DAY
    waiting = _erlang_loss(job.spares + 1, repairs) if job.waits else 0.0
    missing = 0.0 if job.waits else min(_poisson_excess(job.spares, repairs) / job.servers, 1.0)
    running = 1.0 - waiting
    rework = max(through - kept - writing, 0.0)
    return Shares(
        failures_per_year=running * HOURS_PER_YEAR / mtti_h,
        ettr=running * kept,
        writing=running * writing,
        rework=running * rework,
        restart=running * (1.0 - through),
        waiting=waiting,
        missing=missing,
    )


def _laplace(law: Law, rate: float) -> float:
    """E[exp(-rate X)], by the midpoints of equal steps of probability."""
    if law.name == "constant":
        return math.exp(-rate * float(law.mean()))
    u = (np.arange(LAW_POINTS) + 0.5) / LAW_POINTS
    return float(np.mean(np.exp(-rate * np.maximum(np.asarray(law.ppf(u)), 0.0))))


def _erlang_loss(places: int, load: float) -> float:
    """Share of time that all places of Erlang's loss system are taken."""
    taken = 1.0
    for k in range(1, places + 1):
        taken = load * taken / (k + load * taken)
    return taken


def _poisson_excess(level: int, mean: float) -> float:
    """E[(N - level)+] of a Poisson count."""
    from scipy.stats import poisson

    return max(float(mean * poisson.sf(level - 1, mean) - level * poisson.sf(level, mean)), 0.0)


class Lives(NamedTuple):
    """Simulated shares, one value a path each, named as in `Shares`; `failures_per_year` counts in time with power."""

    failures_per_year: NDArray[np.float64]
    ettr: NDArray[np.float64]
    writing: NDArray[np.float64]
    rework: NDArray[np.float64]
    restart: NDArray[np.float64]
    waiting: NDArray[np.float64]
    missing: NDArray[np.float64]

    @property
    def goodput(self) -> NDArray[np.float64]:
        """Share of the GPU-hours whose work is kept, one value a path."""
        return self.ettr * (1.0 - self.missing)


def simulate_job(
    job: Job, mtti_h: NDArray[np.float64], years: float, *, seed: int, first_path: int = 0, unit: int = 0
) -> Lives:
    """Lives of a job, failure by failure, starting fresh and with all spares.

    Parameters
    ----------
    job : Job
    mtti_h : (n_paths,) float64 [h]
        Mean time between failures of each path.
    years : float
        Time with power to walk through.
    seed, first_path : int
    unit : int
        Number of the job in its cluster.

    Notes
    -----
    Draws: OWN_FAILURE, units 2 `unit` and 2 `unit` + 1, draw = number of the failure.

    Raises
    ------
    ValueError
        If more servers are in repair than a path keeps count of.
    """
    out = np.zeros((mtti_h.size, N_RESULTS))
    restart, repair = (np.array([float(x) for x in law.code()]) for law in (job.restart_h, job.repair_days))
    horizon_h = years * HOURS_PER_YEAR
    plan = np.array([horizon_h, job.interval_h, job.write_h, job.hardware_share, float(job.spares), float(job.waits)])
    _lives(out, np.ascontiguousarray(mtti_h, dtype=np.float64), plan, restart, repair, unit, first_path, seed)
    if out[:, FULL].any():
        raise ValueError(f"more than {MOST_REPAIRS:,} servers of a job of {job.gpus:,} GPUs in repair at once")
    ettr, writing, rework, restarting, waiting = np.ascontiguousarray(out[:, USEFUL_H:MISSING_H].T) / horizon_h
    missing = np.minimum(out[:, MISSING_H] / horizon_h / job.servers, 1.0)
    return Lives(out[:, FAILURES] / years, ettr, writing, rework, restarting, waiting, missing)


@njit
def _law(law, u):
    return max(ppf_code(int(law[0]), law[1], law[2], law[3], law[4], u), 0.0)


@njit
def _run(out, span_h, restart_h, interval_h, write_h, failed):
    """Book `span_h` of a job that first restarts and then works; what a failure undoes is rework."""
    restarting = min(span_h, restart_h)
    out[RESTART_H] += restarting
    working = span_h - restarting
    stretches = math.floor(working / (interval_h + write_h))
    out[USEFUL_H] += stretches * interval_h
    out[WRITING_H] += stretches * write_h
    rest = max(working - stretches * (interval_h + write_h), 0.0)
    if failed:
        out[REWORK_H] += rest
    else:
        out[USEFUL_H] += min(rest, interval_h)
        out[WRITING_H] += max(rest - interval_h, 0.0)


@njit
def _repair(out, repairs, in_repair, from_h, until_h, spares):
    """Take back servers whose repair ends by `until_h`; book server-hours missing beyond the spares."""
    while in_repair > 0:
        first = 0
        for k in range(1, in_repair):
            if repairs[k] < repairs[first]:
                first = k
        if repairs[first] > until_h:
            break
        out[MISSING_H] += max(in_repair - spares, 0.0) * (repairs[first] - from_h)
        from_h = repairs[first]
        in_repair -= 1
        repairs[first] = repairs[in_repair]
    out[MISSING_H] += max(in_repair - spares, 0.0) * (until_h - from_h)
    return in_repair


@njit
def _life(out, repairs, mtti_h, plan, restart, repair, unit, path, seed):
    """One path: from failure to failure until the time is up."""
    horizon_h, interval_h, write_h, hardware_share, spares, waits = plan
    now, restart_h, in_repair, draw = 0.0, 0.0, 0, 0
    while now < horizon_h:
        u, v = two_uniforms(draw, OWN_FAILURE_WORD | (2 * unit), path, seed)
        w, x = two_uniforms(draw, OWN_FAILURE_WORD | (2 * unit + 1), path, seed)
        until = now - math.log(u) * mtti_h
        failed = until < horizon_h
        until = min(until, horizon_h)
        _run(out, until - now, restart_h, interval_h, write_h, failed)
        in_repair = _repair(out, repairs, in_repair, now, until, spares)
        now = until
        if not failed:
            return
        out[FAILURES] += 1.0
        restart_h = _law(restart, w)
        draw += 1
        if v >= hardware_share:
            continue
        if in_repair == repairs.shape[0]:
            out[FULL] = 1.0
            return
        repairs[in_repair] = now + _law(repair, x) * 24.0
        in_repair += 1
        if waits == 1.0 and in_repair > spares:
            back = repairs[:in_repair].min()
            out[WAITING_H] += min(back, horizon_h) - now
            now = min(back, horizon_h)
            in_repair = _repair(out, repairs, in_repair, now, now, spares)


@njit
def _lives(out, mtti_h, plan, restart, repair, unit, first_path, seed):
    repairs = np.zeros(MOST_REPAIRS)
    for i in range(out.shape[0]):
        _life(out[i], repairs, mtti_h[i], plan, restart, repair, unit, first_path + i, seed)

"""How often to save the work: Young's, Daly's and the exact checkpoint interval, and what each leaves of the time.

The model is Daly's: failures come at random with a mean time between them (MTTI), at any moment, also while a
checkpoint is written and during a restart. Work is done in stretches of one interval, each followed by a checkpoint;
a failure throws the work back to the last checkpoint.

Sources
-------
Young 1974, Communications of the ACM 17, 530-531, doi 10.1145/361147.361115.
Daly 2006, Future Generation Computer Systems 22, 303-312, doi 10.1016/j.future.2004.11.016.
Kokolis et al. 2025, HPCA, arXiv 2410.21680 (expected effective training time ratio).
"""

import math
from collections.abc import Callable

__all__ = [
    "INTERVALS",
    "daly_first_order_interval_h",
    "efficiency",
    "exact_interval_h",
    "expected_ettr",
    "interval_of_rule_h",
    "mean_time_to_interrupt_h",
    "optimal_checkpoint_interval_h",
    "wall_time_h",
    "young_interval_h",
]

NEWTON_STEPS = 50
SERIES_BELOW = 0.02


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} = {value}: must be > 0 h and finite")


def young_interval_h(write_h: float, mtti_h: float) -> float:
    """Young's interval, sqrt(2 write MTTI) [h].

    Parameters
    ----------
    write_h : float, time to write a checkpoint, > 0 [h]
    mtti_h : float, mean time between failures of the job, > 0 [h]

    Valid for
    ---------
    Write times far below the MTTI.
    """
    _positive(write_h=write_h, mtti_h=mtti_h)
    return math.sqrt(2.0 * write_h * mtti_h)


def daly_first_order_interval_h(write_h: float, mtti_h: float) -> float:
    """Daly's first-order interval, sqrt(2 write MTTI) - write [h]; the MTTI where writing takes twice that or more.

    Parameters as in `young_interval_h`.

    Valid for
    ---------
    Write times far below the MTTI; towards twice the MTTI it falls to 0, so take another form there.
    """
    if write_h >= 2.0 * mtti_h:
        _positive(write_h=write_h, mtti_h=mtti_h)
        return mtti_h
    return young_interval_h(write_h, mtti_h) - write_h


def optimal_checkpoint_interval_h(write_h: float, mtti_h: float) -> float:
    """Daly's higher-order interval: 0.6 % below the exact one where writing takes half the MTTI, nearer it for less.

    Parameters as in `young_interval_h`.

    Returns
    -------
    float [h]
        The MTTI itself where writing takes twice that or more.

    Sources
    -------
    Daly 2006, equation 37.

    Examples
    --------
    >>> round(optimal_checkpoint_interval_h(60 / 3600, 9900 / 3600) * 3600, 2)
    1050.32
    """
    _positive(write_h=write_h, mtti_h=mtti_h)
    if write_h >= 2.0 * mtti_h:
        return mtti_h
    root = math.sqrt(write_h / (2.0 * mtti_h))
    return young_interval_h(write_h, mtti_h) * (1.0 + root / 3.0 + root * root / 9.0) - write_h


def exact_interval_h(write_h: float, mtti_h: float) -> float:
    """The interval with the least expected wall time in Daly's model, MTTI (1 + W0(-exp(-1 - write / MTTI))) [h].

    Parameters as in `young_interval_h`.

    Notes
    -----
    W0, Lambert's function, is singular where the write time is small against the MTTI, and its argument vanishes where
    it is large. With L = -ln(1 - interval / MTTI) the same equation is L + exp(-L) - 1 = write / MTTI, whose left side
    is convex and rises: Newton's steps from above find it for every ratio.

    Examples
    --------
    >>> round(exact_interval_h(60 / 3600, 9900 / 3600) * 3600, 4)
    1050.3265
    """
    _positive(write_h=write_h, mtti_h=mtti_h)
    ratio = write_h / mtti_h
    log = math.sqrt(2.0 * ratio) + ratio
    for _ in range(NEWTON_STEPS):
        nearer = log - (_overshoot(log) - ratio) / -math.expm1(-log)
        if not nearer < log:
            break
        log = nearer
    return mtti_h * -math.expm1(-log)


def _overshoot(log: float) -> float:
    """L + exp(-L) - 1, by its series where the terms cancel."""
    if log > SERIES_BELOW:
        return log + math.expm1(-log)
    return log * log * (1 / 2 - log * (1 / 6 - log * (1 / 24 - log * (1 / 120 - log * (1 / 720 - log / 5040)))))


INTERVALS: dict[str, Callable[[float, float], float]] = {
    "young": young_interval_h,
    "daly": daly_first_order_interval_h,
    "optimal": optimal_checkpoint_interval_h,
    "exact": exact_interval_h,
}
"""Rules for the interval by the word a study uses; "optimal" is Daly's higher-order form."""


def interval_of_rule_h(rule: str, write_h: float, mtti_h: float) -> float:
    """Interval by a rule of `INTERVALS` [h].

    Raises
    ------
    ValueError
        For an unknown rule, or times that are not above 0.
    """
    if rule not in INTERVALS:
        raise ValueError(f"rule {rule!r}: must be one of {', '.join(INTERVALS)}")
    return INTERVALS[rule](write_h, mtti_h)


def efficiency(interval_h: float, write_h: float, mtti_h: float, restart_h: float = 0.0) -> float:
    """Share of the wall time that is work kept, at any checkpoint interval.

    Parameters
    ----------
    interval_h : float, work between two checkpoints, > 0 [h]
    write_h : float, >= 0 [h]
    mtti_h : float, > 0; infinite without failures [h]
    restart_h : float, from a failure to work again, >= 0 [h]

    Returns
    -------
    float
        0..1; 0 where the job in effect never gets past a checkpoint.

    Sources
    -------
    Daly 2006, equation 20: wall time = MTTI e^(restart / MTTI) (e^((interval + write) / MTTI) - 1) work / interval.
    """
    _positive(interval_h=interval_h)
    for name, value in (("write_h", write_h), ("restart_h", restart_h)):
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} = {value}: must be >= 0 h and finite")
    if not mtti_h > 0.0:
        raise ValueError(f"mtti_h = {mtti_h}: must be > 0 h")
    if math.isinf(mtti_h):
        return interval_h / (interval_h + write_h)
    stretch = (interval_h + write_h) / mtti_h
    if stretch == 0.0:  # both underflow: no failure ever falls into a stretch
        return interval_h / (interval_h + write_h)
    return interval_h / mtti_h * math.exp(-restart_h / mtti_h - stretch) / -math.expm1(-stretch)


def wall_time_h(work_h: float, interval_h: float, write_h: float, mtti_h: float, restart_h: float = 0.0) -> float:
    """Expected wall time of some work [h], infinite where it in effect never ends; parameters as in `efficiency`."""
    kept = efficiency(interval_h, write_h, mtti_h, restart_h)
    return work_h / kept if kept > 0.0 else math.inf


def expected_ettr(interval_h: float, write_h: float, mtti_h: float, restart_h: float) -> float:
    """Expected effective training time ratio, first order in the failure rate; parameters as in `efficiency`.

    Returns
    -------
    float
        (1 - (restart + interval / 2) / MTTI) / (1 + write / interval), 0 where that is negative.

    Valid for
    ---------
    Restart and interval far below the MTTI; `efficiency` holds for all.

    Sources
    -------
    Kokolis et al. 2025, arXiv 2410.21680.

    Examples
    --------
    >>> round(expected_ettr(30 / 60, 1 / 60, 24 / (1250 * 6.5e-3), 5 / 60), 6)
    0.858535
    """
    _positive(interval_h=interval_h, mtti_h=mtti_h)
    lost = (restart_h + 0.5 * interval_h) / mtti_h
    return max(1.0 - lost, 0.0) / (1.0 + write_h / interval_h)


def mean_time_to_interrupt_h(failures: float, hours: float, gpus: float, of_gpus: float | None = None) -> float:
    """Mean time between failures of a job [h] from a record of failures.

    Parameters
    ----------
    failures : float, counted, > 0
    hours : float, over which they were counted [h]
    gpus : float, GPUs of the job on record
    of_gpus : float, optional
        GPUs of the job asked about; failures are taken in proportion to the GPUs. Default: the job on record.

    Examples
    --------
    Llama 3 405B: 419 unexpected interruptions of 16,384 GPUs in 54 days.

    >>> round(mean_time_to_interrupt_h(419, 54 * 24, 16384), 3)
    3.093
    """
    _positive(failures=failures, hours=hours, gpus=gpus)
    return hours / failures * gpus / (gpus if of_gpus is None else of_gpus)

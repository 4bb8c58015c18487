"""ORD tables of one summary: yearly curves and means, and its events by period and by number."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.clock import FIRST_DAY_OF_MONTH, HOURS_PER_DAY, HOURS_PER_YEAR, MIN_PER_H, MONTH_OF_DAY
from riskmodel.insurance.exceedance import KINDS, RETURN_PERIODS, SCORE, annual, exceedance
from riskmodel.insurance.losses import EventLosses

__all__ = ["QUANTILES", "Summary", "tables_of"]

Table = dict[str, NDArray[Any]]

FULL_UNCERTAINTY, SAMPLED, ONE_SAMPLE = 2, 2, 1
QUANTILES = (0.1, 0.5, 0.9)
"""Quantiles of QELT and QPLT; an event has one sample, so each is its loss."""


class Summary(NamedTuple):
    """Losses summed under one SummaryId.

    Attributes
    ----------
    number : int, SummaryId from 1
    info : dict of text, what it stands for
    losses : EventLosses
    """

    number: int
    info: dict[str, str]
    losses: EventLosses


def tables_of(summary: Summary) -> dict[str, Table]:
    """Every table of `ord_format.DICTIONARY` for one summary, as columns by name."""
    events = _events(summary.losses)
    return _yearly(summary) | _occurrences(summary, events) | {"losses": _durations(summary, events)}


def _yearly(summary: Summary) -> dict[str, Table]:
    losses = summary.losses
    found = exceedance(losses, tuple(sorted(RETURN_PERIODS, reverse=True)))
    ep = {
        "EPType": np.array([KINDS.index(point.kind) + 1 for point in found]),
        "ReturnPeriod": np.array([point.return_period for point in found]),
        "Loss": np.array([point.estimate.value for point in found]),
    }
    yearly = annual(losses.yearly_sum(), losses.periods)
    mean = {"MeanLoss": np.array([yearly.aal.value]), "SDLoss": np.array([yearly.sd.value])}
    convergence = _convergence(losses)
    sizes = {"SampleSize": convergence.pop("SampleSize")}
    total = {name: convergence.pop(name) for name in ("StandardErrorTotal", "LowerCITotal", "UpperCITotal")}
    return {
        "ept": _with(summary, ep, EPCalc=FULL_UNCERTAINTY),
        "psept": _with(summary, ep, SampleId=ONE_SAMPLE),
        "palt": _with(summary, mean, SampleType=SAMPLED),
        "alct": _with(summary, convergence | sizes),
        "alct-total": _with(summary, sizes | total),
    }


def _with(summary: Summary, columns: Table, **constants: int) -> Table:
    """Columns with the SummaryId and constants beside them."""
    n = next(iter(columns.values())).size
    return {name: np.full(n, value) for name, value in {"SummaryId": summary.number, **constants}.items()} | columns


def _convergence(losses: EventLosses) -> Table:
    """Mean, spread and error over the first 1, 2, 4, .. paths, split into years within a path and between paths.

    Analysis of variance of yearly losses x of n paths of y years: the mean square between paths, B, and within, W. The
    variance of the mean is B / (n y): W / (n y) of it is the chance of years, the rest (at least 0) the paths' own.
    """
    values, periods = losses.yearly_sum() * losses.periods.weight * losses.periods.n, losses.periods
    n_paths = int(periods.cluster.max()) + 1
    years = np.bincount(periods.cluster, minlength=n_paths)
    sizes = [2**k for k in range(max(1, n_paths.bit_length())) if 2**k < n_paths] + [n_paths]
    rows = [
        _row(values[periods.cluster < size], periods.cluster[periods.cluster < size], years[:size]) for size in sizes
    ]
    names = rows[0].keys()
    return {"SampleSize": np.array(sizes)} | {name: np.array([row[name] for row in rows]) for name in names}


def _row(values: NDArray[np.float64], cluster: NDArray[np.int64], years: NDArray[np.int64]) -> dict[str, float]:
    n, paths = values.size, years.size
    mean = math.fsum(values) / n
    by_path = np.bincount(cluster, values, paths) / np.maximum(years, 1)
    within = math.fsum((values - by_path[cluster]) ** 2) / (n - paths) if n > paths else math.nan
    between = math.fsum(years * (by_path - mean) ** 2) / (paths - 1) if paths > 1 else math.nan
    whole = between / n
    chance = within / n if math.isfinite(within) else whole
    own = max(0.0, whole - chance) if math.isfinite(whole) else math.nan
    error, half = math.sqrt(own), SCORE * math.sqrt(own)
    scale = 1.0 / mean if mean > 0.0 else math.nan
    return {
        "MeanLoss": mean,
        "SDLoss": math.sqrt(math.fsum((values - mean) ** 2) / (n - 1)) if n > 1 else 0.0,
        "LowerCI": mean - half,
        "UpperCI": mean + half,
        "StandardError": error,
        "RelativeError": error * scale,
        "VarElementHaz": chance,
        "StandardErrorHaz": math.sqrt(chance),
        "RelativeErrorHaz": math.sqrt(chance) * scale,
        "VarElementVuln": own,
        "StandardErrorVuln": error,
        "RelativeErrorVuln": error * scale,
        "StandardErrorTotal": math.sqrt(whole),
        "LowerCITotal": mean - SCORE * math.sqrt(whole),
        "UpperCITotal": mean + SCORE * math.sqrt(whole),
    }


class _Events(NamedTuple):
    """Events with a loss, a row each in order of year and time."""

    period: NDArray[np.int64]
    event: NDArray[np.int64]
    loss: NDArray[np.float64]
    hour: NDArray[np.float64]
    duration_h: NDArray[np.float64]
    down_h: NDArray[np.float64]


def _events(losses: EventLosses) -> _Events:
    kept = losses.rows(losses.loss > 0.0)
    number = kept.occurrences()
    first = np.unique(number, return_index=True)[1]
    total = np.bincount(number, kept.loss).astype(np.float64)
    times = (column[first] for column in (kept.hour, kept.duration_h, kept.down_h))
    return _Events(kept.period[first], kept.event[first], total, *times)


def _occurrences(summary: Summary, events: _Events) -> dict[str, Table]:
    periods = summary.losses.periods
    weight, exposure = periods.weight[events.period], periods.exposure[events.period]
    at = {"Period": events.period + 1, "PeriodWeight": weight, "EventId": events.event}
    at |= _date(events.hour) | {"Year": periods.year[events.period]}
    number, sample = {"EventId": events.event}, {"SampleId": np.full(events.event.size, ONE_SAMPLE)}
    loss = {"Loss": events.loss}
    moments = {
        "SampleType": np.full(events.event.size, SAMPLED),
        "ChanceOfLoss": np.ones(events.event.size),
        "MeanLoss": events.loss,
        "SDLoss": np.zeros(events.event.size),
        "MaxLoss": events.loss,
        "FootprintExposure": exposure,
        "MeanImpactedExposure": exposure,
        "MaxImpactedExposure": exposure,
    }
    impacted = {"ImpactedExposure": exposure}
    quantile = {"Quantile": np.tile(QUANTILES, events.event.size)}

    def thrice(columns: Table) -> Table:
        return {name: np.repeat(values, len(QUANTILES)) for name, values in columns.items()} | quantile

    return {
        "splt": _with(summary, at | sample | loss | impacted),
        "mplt": _with(summary, at | moments),
        "qplt": _with(summary, thrice(at | loss)),
        "selt": _with(summary, number | sample | loss | impacted),
        "melt": _with(summary, number | moments | {"EventRate": weight}),
        "qelt": _with(summary, thrice(number | loss)),
    }


def _date(hour: NDArray[np.float64]) -> Table:
    """Month, day, hour and minute of hours of the year; the first minute of the year where the hour is not known."""
    known = np.clip(np.where(np.isnan(hour), 0.0, hour), 0.0, HOURS_PER_YEAR - 1.0 / MIN_PER_H)
    minute = np.floor(known * MIN_PER_H + 1e-9).astype(np.int64)
    whole = minute // int(MIN_PER_H)
    day = whole // HOURS_PER_DAY
    month = MONTH_OF_DAY[day]
    return {
        "Month": month + 1,
        "Day": day - FIRST_DAY_OF_MONTH[month] + 1,
        "Hour": whole % HOURS_PER_DAY,
        "Minute": minute % int(MIN_PER_H),
    }


def _durations(summary: Summary, events: _Events) -> Table:
    columns = {
        "EventId": events.event,
        "Period": events.period + 1,
        "DurationHours": events.duration_h,
        "DownHours": events.down_h,
        "Loss": events.loss,
    }
    return _with(summary, columns)

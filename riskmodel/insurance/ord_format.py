"""Columns of the Open Results Data (ORD) tables: names, order, types, how a CSV prints them, and what they say here.

Sources
-------
OasisLMF/oasislmf 2.5.8, pytools/{lec,aal,plt,elt}/data.py; ktools docs/md/ORDOutputComponents.md. Whole numbers are
int32 and numbers float32 there and here. Two columns are printed with more digits than there: a year's weight of
1/150,000 is 0.000007 to six digits.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DICTIONARY", "EXTRA", "TABLES", "Column"]


class Column(NamedTuple):
    """One column: its name, "int" (int32) or "float" (float32), the CSV format, and its meaning here."""

    name: str
    kind: str
    text: str
    meaning: str


def _int(name: str, meaning: str) -> Column:
    return Column(name, "int", "%d", meaning)


def _float(name: str, text: str, meaning: str) -> Column:
    return Column(name, "float", text, meaning)


SUMMARY = _int("SummaryId", "what is summed; summary-info says what it stands for")
PERIOD = (
    _int("Period", "simulated year, 1 to the number of years; years without a loss have no row and count"),
    _float("PeriodWeight", "%.12f", "probability of the year; all years, those without rows too, sum to 1"),
)
EVENT = _int("EventId", "event; the same number in all strategies, a fire's own")
TIME = (
    _int("Year", "year of the life of the site, from 1"),
    _int("Month", "1 to 12, of a year without a leap day; 1 for a fire, whose time is not known"),
    _int("Day", "1 to 31; 1 for a fire"),
    _int("Hour", "0 to 23, local standard time; 0 for a fire"),
    _int("Minute", "0 to 59; 0 for a fire"),
)
OCCURRENCE = (*PERIOD, EVENT, *TIME, SUMMARY)
SAMPLE = _int("SampleId", "1: each event has one sampled loss")
SAMPLE_TYPE = _int("SampleType", "2: sampled")
EP_TYPE = _int("EPType", "1 OEP, 2 OEP TVaR, 3 AEP, 4 AEP TVaR")
RETURN = _float("ReturnPeriod", "%.6f", "return period [years]")
IMPACTED = "income of the connected cluster in the year of the event [currency/year]: the value at stake"


def _loss(digits: int, meaning: str = "loss [currency]", name: str = "Loss") -> Column:
    return _float(name, f"%.{digits}f", meaning)


def _moments(digits: int, chance: str) -> tuple[Column, ...]:
    return (
        _float("ChanceOfLoss", chance, "1: only events with a loss have a row"),
        _loss(digits, "mean over the samples of the event: its one loss [currency]", "MeanLoss"),
        _loss(digits, "0: one sample", "SDLoss"),
        _loss(digits, "largest sample: the same loss [currency]", "MaxLoss"),
        _float("FootprintExposure", f"%.{digits}f", IMPACTED),
        _float("MeanImpactedExposure", f"%.{digits}f", IMPACTED),
        _float("MaxImpactedExposure", f"%.{digits}f", IMPACTED),
    )


TABLES: dict[str, tuple[Column, ...]] = {
    "ept": (SUMMARY, _int("EPCalc", "2: full uncertainty"), EP_TYPE, RETURN, _loss(6)),
    "psept": (SUMMARY, SAMPLE, EP_TYPE, RETURN, _loss(6)),
    "palt": (
        SUMMARY,
        SAMPLE_TYPE,
        _loss(6, "average annual loss [currency/year]", "MeanLoss"),
        _loss(6, "standard deviation of the yearly loss, n - 1 [currency]", "SDLoss"),
    ),
    "alct": (
        SUMMARY,
        _loss(6, "average annual loss over the first SampleSize paths [currency/year]", "MeanLoss"),
        _loss(6, "standard deviation of the yearly loss over them, n - 1 [currency]", "SDLoss"),
        _int("SampleSize", "paths used: each is one draw of the uncertain parameters"),
        _float("LowerCI", "%.6f", "95 % interval by StandardError alone, as the standard has it"),
        _float("UpperCI", "%.6f", "95 % interval by StandardError alone, as the standard has it"),
        _float("StandardError", "%.6f", "StandardErrorVuln, as the standard has it; alct-total has the whole"),
        _float("RelativeError", "%.6f", "StandardError / MeanLoss"),
        _float("VarElementHaz", "%.6f", "share of the variance of MeanLoss by years within a path (chance)"),
        _float("StandardErrorHaz", "%.6f", "its square root"),
        _float("RelativeErrorHaz", "%.6f", "StandardErrorHaz / MeanLoss"),
        _float("VarElementVuln", "%.6f", "share of the variance of MeanLoss between paths (their parameters), >= 0"),
        _float("StandardErrorVuln", "%.6f", "its square root"),
        _float("RelativeErrorVuln", "%.6f", "StandardErrorVuln / MeanLoss"),
    ),
    "splt": (*OCCURRENCE, SAMPLE, _loss(2), _float("ImpactedExposure", "%.2f", IMPACTED)),
    "mplt": (*OCCURRENCE, SAMPLE_TYPE, *_moments(2, "%.4f")),
    "qplt": (*OCCURRENCE, _float("Quantile", "%.2f", "share of the samples below"), _loss(2)),
    "selt": (EVENT, SUMMARY, SAMPLE, _loss(2), _float("ImpactedExposure", "%.2f", IMPACTED)),
    "melt": (
        EVENT,
        SUMMARY,
        SAMPLE_TYPE,
        _float("EventRate", "%.12f", "probability of the event's year: its rate [1/year]"),
        *_moments(6, "%.6f"),
    ),
    "qelt": (EVENT, SUMMARY, _float("Quantile", "%.6f", "share of the samples below"), _loss(6)),
}
"""The ORD tables by the name in their files' names."""

EXTRA: dict[str, tuple[Column, ...]] = {
    "alct-total": (
        SUMMARY,
        _int("SampleSize", "paths used"),
        _float("StandardErrorTotal", "%.6f", "standard error of MeanLoss between paths, chance and parameters"),
        _float("LowerCITotal", "%.6f", "95 % interval by StandardErrorTotal"),
        _float("UpperCITotal", "%.6f", "95 % interval by StandardErrorTotal"),
    ),
    "losses": (
        SUMMARY,
        EVENT,
        _int("Period", "simulated year"),
        _float("DurationHours", "%.6f", "real duration of the event at the grid [h]; empty for a fire"),
        _float("DownHours", "%.6f", "hours in which work stood still, waiting and restart [h]; empty for a fire"),
        _loss(2),
    ),
}
"""Tables of our own beside them: the whole error of the mean, and real durations, for which ORD has no column."""

DICTIONARY = {**TABLES, **EXTRA}

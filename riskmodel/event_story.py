"""What happens in one simulated event: who carries the load when, when work stops and goes on, and what it costs.

Everything is read from the event's row in events.parquet and the study's inputs; nothing is simulated again. Times are
hours since the event began.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from distributions.clock import MS_PER_S, S_PER_H
from riskmodel.quantities import Outcome

if TYPE_CHECKING:
    from riskmodel.study import Study
    from riskmodel.study.strategy import Strategy

__all__ = ["CARRIERS", "EUR", "GPU_HOURS", "Span", "Story", "after", "story_of", "time_text"]

CARRIERS = ("grid", "ups", "cabinets", "gensets", "nothing")
GPU_HOURS = ("rework", "waiting", "restart", "capped", "hardware")
CAUSE_WORDS = {
    "rework": "work since the last checkpoint, done again",
    "waiting": "waiting for power",
    "restart": "restart",
    "capped": "at a lower rate",
    "hardware": "damaged servers",
    "delay": "delay of the programme",
}
EUR = "eur_"
NOT_SUMMED = "eur_lost"
"""A sum of other columns."""
ROUNDING = 1e-6
"""Hours in the table are kept in single precision: what is shorter than this share of the event is rounding."""
KWH_PER_MWH = 1000.0
LEAST_HELP_H = 1.0 / S_PER_H
DARK = "Nothing carries the load"


class Span(NamedTuple):
    """From `start_h` to `end_h` [h since the event began] `what` holds: who carries the load, or a work rate."""

    start_h: float
    end_h: float
    what: str | float


class Story(NamedTuple):
    """One event for one strategy.

    Attributes
    ----------
    strategy, title, outcome : str
    noticed : bool
    carriers : list of Span, from the beginning until the grid is back
    work : list of Span, work rate of the GPUs from the beginning until all work again
    end_h : float, when everything is as before [h]
    steps : list of (float, str), hour and what happens then
    lost : dict of cause -> GPU-hours, eur : dict of cause -> EUR, in the order of the table
    energy : dict of name -> kWh
    """

    strategy: str
    title: str
    outcome: str
    noticed: bool
    carriers: list[Span]
    work: list[Span]
    end_h: float
    steps: list[tuple[float, str]]
    lost: dict[str, float]
    eur: dict[str, float]
    energy: dict[str, float]


def time_text(hours: float) -> str:
    """A span of time as a reader would say it: 10 ms, 0.12 s, 15 s, 1 min 20 s, 1 h 42 min, 2 days 3 h."""
    seconds = hours * S_PER_H
    if seconds < 0.0995:
        return f"{seconds * MS_PER_S:.3g} ms" if seconds > 0.0 else "0 s"
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 3599.5:
        whole = round(seconds)
        return f"{whole // 60} min {whole % 60:02d} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(seconds / 60.0)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min" if minutes % 60 else f"{minutes // 60} h"
    whole = round(hours)
    return f"{whole // 24} days {whole % 24} h"


def after(hours: float) -> str:
    """Time since the event began, for the margin of a time line."""
    return "at once" if hours * S_PER_H < 0.5e-3 else f"after {time_text(hours)}"


def story_of(study: Study, name: str, row: Mapping[str, Any], energy_kwh: float) -> Story:
    """Read one row of events.parquet.

    Parameters
    ----------
    study : Study
    name : str, strategy
    row : mapping, columns of events.parquet for this event and strategy, `outcome` and `cause` as words
    energy_kwh : float, energy of the cabinets when full [kWh], NaN if unknown

    Returns
    -------
    Story
    """
    strategy = study.strategies[name]
    outcome = Outcome[str(row["outcome"]).upper()]
    duration = 0.0 if row["cause"] == "sag" else float(row["duration_s"]) / S_PER_H
    start = float(row["hour"])
    down = (float(row["down_from_hour"]) - start, float(row["down_until_hour"]) - start)
    stopped = outcome in (Outcome.ORDERLY_STOP, Outcome.ABRUPT_STOP, Outcome.ALREADY_DOWN) and down[1] > down[0]
    carriers = _carriers(strategy, row, outcome, duration)
    work = _work(row, outcome, duration, down if stopped else None)
    end = max([duration, *(span.end_h for span in work)])
    lost = {cause: float(row[f"gpu_hours_{cause}"]) for cause in GPU_HOURS}
    eur = {k.removeprefix(EUR): float(v) for k, v in row.items() if k.startswith(EUR) and k != NOT_SUMMED}
    energy = {
        "stored_before_kwh": float(row["stored_before_kwh"]),
        "stored_used_kwh": float(row["stored_used_kwh"]),
        "genset_kwh": float(row["genset_kwh"]),
    }
    steps = _steps(study, strategy, row, outcome, duration, carriers, work, down if stopped else None, energy_kwh)
    noticed = bool(row["noticed"])
    return Story(name, strategy.title, outcome.name.lower(), noticed, carriers, work, end, steps, lost, eur, energy)


def _carriers(strategy: Strategy, row: Mapping[str, Any], outcome: Outcome, duration: float) -> list[Span]:
    """Who carries the load while the grid is away: UPS and then cabinets until gensets run, and again after them."""
    if outcome == Outcome.UNAFFECTED:
        return [Span(0.0, duration, "grid")] if duration > 0.0 else []
    left = {"ups": float(row["ups_h"]), "cabinets": float(row["cabinets_h"])}
    generated = float(row["gensets_h"])
    start_h = strategy.gensets.start_time_s / S_PER_H if strategy.gensets is not None and generated > 0.0 else duration
    spans: list[Span] = []
    now, rounding = 0.0, ROUNDING * duration
    if generated > 0.0 and sum(left.values()) < start_h - rounding:  # nothing bridges: dark until they run
        spans.append(Span(0.0, start_h, "nothing"))
        now = start_h
    else:
        now = _bridge(spans, left, now, start_h, rounding)
    if generated > 0.0:
        spans.append(Span(now, now + generated, "gensets"))
        now = _bridge(spans, left, now + generated, duration, rounding)
    if now < duration - rounding:
        spans.append(Span(now, duration, "nothing"))
    elif spans:
        spans[-1] = spans[-1]._replace(end_h=duration)
    return spans


def _bridge(spans: list[Span], left: dict[str, float], now: float, until: float, rounding: float) -> float:
    """Let UPS and cabinets carry, in this order, what they still can; returns when they end."""
    for name in left:
        hours = min(left[name], until - now)
        if hours > rounding:
            spans.append(Span(now, now + hours, name))
            left[name] -= hours
            now += hours
    return now


def _work(row: Mapping[str, Any], outcome: Outcome, duration: float, down: tuple[float, float] | None) -> list[Span]:
    """Work rate of the GPUs with power, 1 as before the event."""
    end = duration if down is None else max(down[0], 0.0)
    reduced, rounding = min(float(row["hours_capped"]), end), ROUNDING * end
    gpus = float(row["gpus"])
    spans: list[Span] = []
    if reduced > rounding and gpus > 0.0:
        rate = 1.0 - float(row["gpu_hours_capped"]) / (gpus * float(row["hours_capped"]))
        begin = end - reduced if end - reduced > rounding else 0.0
        if begin > 0.0:
            spans.append(Span(0.0, begin, 1.0))
        spans.append(Span(begin, end, rate))
    elif end > 0.0:
        spans.append(Span(0.0, end, 1.0))
    if down is not None:
        spans.append(Span(max(down[0], 0.0), down[1], 1.0 - _stopped_share(row, down)))
    return spans


def _stopped_share(row: Mapping[str, Any], down: tuple[float, float]) -> float:
    """Share of the GPUs that stop: all of them, but for a sag that trips some racks only."""
    if row["cause"] != "sag":
        return 1.0
    share = float(row["hours_down"]) / (down[1] - down[0])
    return share if share < 1.0 - ROUNDING else 1.0


def _steps(
    study: Study,
    strategy: Strategy,
    row: Mapping[str, Any],
    outcome: Outcome,
    duration: float,
    carriers: list[Span],
    work: list[Span],
    down: tuple[float, float] | None,
    energy_kwh: float,
) -> list[tuple[float, str]]:
    """What happens when, in words."""
    cluster, gpus = study.cluster, float(row["gpus"])
    steps: list[tuple[float, str]] = []
    if outcome == Outcome.UNAFFECTED:
        return [(0.0, "The grid operator does not call on this connection: nothing changes.")]
    steps.append((0.0, _voltage_text(row)))
    if gpus < cluster.gpus * (1.0 - ROUNDING):
        steps.append((0.0, f"Only {gpus:,.0f} of {cluster.gpus:,} GPUs have power so far."))
    if outcome == Outcome.ALREADY_DOWN and down is not None and down[0] <= 0.0:
        steps.append((0.0, "The cluster is still down from an earlier event."))
    hold_up_ms = cluster.hold_up_ms
    steps += [(span.start_h, _carrier_text(strategy, hold_up_ms, row, span, energy_kwh)) for span in carriers]
    steps += _helpers(row, carriers)
    if outcome == Outcome.RODE_THROUGH and not carriers:
        steps.append((0.0, _sag_bridged(strategy)))
    stop_h = math.inf if down is None else down[0]
    slowed = [span for span in work if float(span.what) < 1.0 - ROUNDING and span.start_h < stop_h]
    steps += [(span.start_h, _rate_text(strategy, span)) for span in slowed]
    gpus = gpus if down is None else gpus * _stopped_share(row, down)
    if down is not None and outcome == Outcome.ABRUPT_STOP:
        steps.append((hold_up_ms / MS_PER_S / S_PER_H, _abrupt_text(row, hold_up_ms, gpus)))
    elif down is not None and down[0] > 0.0:
        text = "The energy left is just enough to stop in order" if strategy.storage or strategy.ups else "Work stops"
        more = f": a checkpoint is written in {time_text(cluster.checkpoint_write_min / 60.0)}"
        more = more if cluster.duty == "training" else ""
        steps.append((down[0], f"{text}{more}, then {gpus:,.0f} GPUs stop."))
    if duration > 0.0:
        words = "The call ends" if row["cause"] == "curtailment" else "The grid is back"
        steps.append((duration, f"{words}." + ("" if down is None else " Servers start, checks run, work is loaded.")))
    if down is not None:
        steps.append((down[1], f"{gpus:,.0f} GPUs work again."))
    elif outcome in (Outcome.RODE_THROUGH, Outcome.CAPPED):
        rate = "all" if outcome == Outcome.RODE_THROUGH else "the GPUs are back at full rate; all"
        steps.append((duration, f"Nothing stopped: {rate} {gpus:,.0f} GPUs kept working."))
    return sorted(steps, key=lambda step: (round(step[0] * S_PER_H, 2), step[1].startswith(DARK)))


def _helpers(row: Mapping[str, Any], carriers: list[Span]) -> list[tuple[float, str]]:
    """What UPS and cabinets carry beside gensets that are too few: their hours that no span of their own has."""
    gensets = [span for span in carriers if span.what == "gensets"]
    found = []
    for name, words in (("ups", "the UPS carries"), ("cabinets", "the cabinets carry")):
        own = math.fsum(span.end_h - span.start_h for span in carriers if span.what == name)
        beside = float(row[f"{name}_h"]) - own
        if gensets and beside > LEAST_HELP_H:
            text = f"Too few gensets run: beside them {words} what is missing, for {time_text(beside)} in all."
            found.append((gensets[0].start_h, text))
    return found


def _voltage_text(row: Mapping[str, Any]) -> str:
    if row["cause"] == "curtailment":
        return "The grid operator calls on the connection, with notice: only a part of the import is left."
    if row["cause"] == "sag":
        left, seconds = float(row["residual_voltage"]) * 100.0, time_text(float(row["duration_s"]) / S_PER_H)
        return f"The voltage falls to {left:.0f} % of nominal for {seconds}: more than servers ride through."
    return "The voltage is gone."


def _carrier_text(strategy: Strategy, hold_up_ms: float, row: Mapping[str, Any], span: Span, energy_kwh: float) -> str:
    hours = time_text(span.end_h - span.start_h)
    if span.what == "nothing":
        return f"{DARK}, for {hours}."
    if span.what == "grid":
        return f"The grid carries the load, for {hours}."
    if span.what == "ups":
        return f"The UPS carries the load, for {hours}."
    if span.what == "gensets":
        text = f"Gensets carry the load, for {hours}: {float(row['genset_kwh']) / KWH_PER_MWH:,.3g} MWh"
        if span.start_h > 0.0 and strategy.gensets is not None:
            return f"{text} ({strategy.gensets.units} units were called at the beginning)."
        return f"{text}."
    stored, used = float(row["stored_before_kwh"]), float(row["stored_used_kwh"])
    full = f", {stored / energy_kwh * 100:.0f} % of full" if energy_kwh > 0.0 else ""
    first = ""
    if span.start_h == 0.0 and strategy.storage is not None and row["cause"] != "curtailment":
        first = f" within {strategy.storage.transfer_time_ms:g} ms (servers hold out for {hold_up_ms:g} ms)"
    hours += ", PV helping while the sun shines" if strategy.pv is not None else ""
    held = f"They hold {stored / KWH_PER_MWH:,.3g} MWh{full}; {used / KWH_PER_MWH:,.3g} MWh are used."
    return f"Cabinets carry the load{first}, for {hours}. {held}"


def _sag_bridged(strategy: Strategy) -> str:
    if strategy.ups is not None:
        return "The UPS holds the voltage: servers notice nothing."
    if strategy.storage is None:
        return "No job of training or inference loses a rack."
    return "The cabinets hold the voltage in time: servers notice nothing."


def _rate_text(strategy: Strategy, span: Span) -> str:
    rate = f"{float(span.what) * 100:.0f} %"
    if strategy.gensets is not None and strategy.storage is None:
        return f"Too few gensets run: work goes on at {rate}."
    return f"Power is held back to stretch what is stored: work goes on at {rate} for {_length(span)}."


def _length(span: Span) -> str:
    return time_text(span.end_h - span.start_h)


def _abrupt_text(row: Mapping[str, Any], hold_up_ms: float, gpus: float) -> str:
    text = f"Nothing has taken over within the {hold_up_ms:g} ms that servers hold out: {gpus:,.0f} GPUs stop abruptly"
    rework = float(row["gpu_hours_rework"])
    if rework > 0.0 and gpus > 0.0:
        text += f", {time_text(rework / gpus)} after the last checkpoint"
    servers = float(row["damaged_servers"])
    return text + (f"; {servers:,.1f} servers do not come back." if servers >= 0.05 else ".")

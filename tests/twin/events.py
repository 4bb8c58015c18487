"""The interruptions and sags of one path and year that the cluster would notice, sorted by time."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from distributions import parameters
from distributions.clock import MONTH_OF_DAY
from distributions.laws import from_spec
from distributions.outage_tables import gamma_quantiles
from distributions.regime import state_share
from tests.twin.drawn import outage_factors
from tests.twin.randoms import (
    EVENT_CABINETS,
    EVENT_CLUSTER,
    EVENT_GENSET,
    EVENT_UPS,
    OUTAGE_COUNT,
    OUTAGE_EVENT,
    philox,
    quantile,
    two_uniforms,
    uniform,
)  # fmt: skip

SAG, MOMENTARY, SUSTAINED, EXTREME, CURTAILMENT = range(5)
NAMES = ("sag", "momentary", "sustained", "extreme", "curtailment")
DRAWS_A_YEAR, ADDED_FROM = 1024, 640
# Lower sides of the curves: up to seconds, survives down to this share of nominal voltage
CURVES = {
    "itic": [(0.02, 0.0), (0.5, 0.7), (10.0, 0.8), (np.inf, 0.9)],
    "semi_f47": [(0.2, 0.5), (0.5, 0.7), (1.0, 0.8), (np.inf, 0.9)],
    "semi_f47_recommended": [(0.02, 0.0), (10.0, 0.8), (np.inf, 0.9)],
}
GENSET_DRAWS = 16


@dataclass(frozen=True)
class Uniforms:
    """Uniforms of one event, the same for every strategy; `gensets`: how many start, then times between failures."""

    rework: float
    restart: float
    damage: float
    wait: float
    cabinets: float
    common: float
    ups: float
    gensets: tuple
    gensets_common: float = 0.5
    switch: float = 0.5
    refuel: float = 0.5
    sag: float = 0.5
    jobs: float = 0.5


@dataclass(frozen=True)
class Event:
    """One event: `hour` of the year, `duration_h`, `residual_voltage` (0 for interruptions), `number` of its draw."""

    hour: float
    duration_h: float
    family: int
    residual_voltage: float
    number: int
    u: Uniforms


def draw_uniforms(family, number, seed, path):
    """What decides the course of one event."""
    unit = 64 * family
    rework, restart = two_uniforms(number, EVENT_CLUSTER, unit, path, seed)
    damage, wait = two_uniforms(number, EVENT_CLUSTER, unit + 1, path, seed)
    cabinets, common = two_uniforms(number, EVENT_CABINETS, unit, path, seed)
    ups, _ = two_uniforms(number, EVENT_UPS, unit, path, seed)
    gensets = [u for k in range(GENSET_DRAWS // 2) for u in two_uniforms(number, EVENT_GENSET, unit + k, path, seed)]
    none_start, switch = two_uniforms(number, EVENT_GENSET, unit + GENSET_DRAWS // 2, path, seed)
    refuel, _ = two_uniforms(number, EVENT_GENSET, unit + GENSET_DRAWS // 2 + 1, path, seed)
    sag, jobs = two_uniforms(number, EVENT_CLUSTER, unit + 2, path, seed)
    first = rework, restart, damage, wait, cabinets, common, ups, tuple(gensets)
    return Uniforms(*first, none_start, switch, refuel, sag, jobs)


def tolerated(duration_s, residual_voltage, cluster):
    """Whether the cluster's equipment rides through by itself: by its hold-up time, or by its tolerance curve."""
    if duration_s <= cluster.hold_up_ms / 1000:
        return True
    curve = cluster.voltage_tolerance
    points = CURVES[curve] if isinstance(curve, str) else curve
    needed = next((voltage for longest_s, voltage in points if duration_s <= longest_s), points[-1][1])
    return residual_voltage >= needed


class Outages:
    """Events of a study's site, year by year."""

    def __init__(self, study, added=()):
        self.study, names, self.given, self.added = study, study.record_names(), study.given_events(), added
        record = parameters.load("outages", names["outages"])
        share = state_share(parameters.load("weather", names["weather"])["transition"])
        called = any(s.connection.interruptible for s in study.strategies.values())
        self.families = range(5 if called else 4)
        self.records = [record[name] for name in NAMES]
        self.laws = [from_spec(r["duration_s"]) for r in self.records]
        self.factors = [gamma_quantiles(r["dispersion"]) for r in self.records]
        self.weights = []
        for r in self.records:
            season = r["month_weight"][MONTH_OF_DAY]
            self.weights.append(season / np.mean(season * (share @ r["regime_multiplier"])))

    def year(self, regime, rate_factor, year, seed, path):
        """Events of one year, by time.

        Parameters
        ----------
        regime : (365,) int, weather of the year's days
        rate_factor : five floats, the site's rates of the families relative to the record
        """
        if self.given is not None:
            return list(self._given(self.given.events, 0, year, seed, path))
        found = []
        for family, (rate, longer) in enumerate(outage_factors(self.study, seed, path)[: len(self.families)]):
            found += self._family(family, regime, rate * rate_factor[family], longer, year, seed, path)
        found += self._given(self.added, ADDED_FROM, year, seed, path)
        return sorted(found, key=lambda event: event.hour)

    def _given(self, events, first_number, year, seed, path):
        numbers = dict.fromkeys(NAMES, DRAWS_A_YEAR * year + first_number)
        for e in events:
            if e.year != year + 1:
                continue
            family, number = NAMES.index(e.family), numbers[e.family]
            numbers[e.family] += 1
            seconds = round(e.duration_h * 3600, 9)
            if family != CURTAILMENT and tolerated(seconds, e.residual_voltage, self.study.cluster):
                continue
            uniforms = draw_uniforms(family, number, seed, path)
            yield Event(e.hour, e.duration_h, family, e.residual_voltage, number, uniforms)

    def _family(self, family, regime, rate_factor, longer, year, seed, path):
        record = self.records[family]
        intensity = np.cumsum(self.weights[family] * record["regime_multiplier"][regime])
        u, v = two_uniforms(year, OUTAGE_COUNT, family, path, seed)
        bad_year = np.interp(v, np.linspace(0, 1, 1025), self.factors[family])
        mean = record["rate_per_year"] / 365 * intensity[-1] * bad_year * rate_factor
        for k in range(int(poisson.ppf(u, mean))):
            number = DRAWS_A_YEAR * year + k
            a, b, c, d = philox(number, OUTAGE_EVENT, family, path, seed)
            duration_s, voltage = quantile(self.laws[family], uniform(c, d)) * longer, 0.0
            if family == SAG:
                e, g, _, _ = philox(number, OUTAGE_EVENT, 5, path, seed)
                voltage = np.interp(uniform(e, g), np.linspace(0, 1, 11), record["residual_quantile"])
            if family != CURTAILMENT and tolerated(duration_s, voltage, self.study.cluster):
                continue
            hour = hour_of(uniform(a, b), intensity)
            yield Event(hour, duration_s / 3600, family, voltage, number, draw_uniforms(family, number, seed, path))


def hour_of(u, intensity):
    """Hour of the year: the day by cumulative intensity, the time of day evenly."""
    target = u * intensity[-1]
    day = int(np.searchsorted(intensity, target, side="right"))
    before = intensity[day - 1] if day else 0.0
    share = (target - before) / (intensity[day] - before)
    return float((day + min(max(share, 0.0), 1 - 1e-9)) * 24)

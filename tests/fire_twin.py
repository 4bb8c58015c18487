"""Fires of one lane in plain Python, written from the description of the model."""

import itertools
import math

import numpy as np
from scipy.stats import binom

from tests.twin import randoms

FIRE_DAY = 21


def enumerated(cabinets, per_area, chance):
    """The law of the number burned from every pattern of gaps that fire would and would not cross."""
    law = np.zeros(cabinets)
    for crossed in itertools.product((False, True), repeat=cabinets - 1):
        p = math.prod(chance if c else 1.0 - chance for c in crossed)
        open_gap = [c and (k + 1) % per_area != 0 for k, c in enumerate(crossed)]
        for start in range(cabinets):
            first = last = start
            while first > 0 and open_gap[first - 1]:
                first -= 1
            while last < cabinets - 1 and open_gap[last]:
                last += 1
            law[last - first] += p / cabinets
    return law


def law_of_site(cabinets, per_area, chance):
    """The same law area by area, for sites too large to list all patterns."""
    law = np.zeros(per_area)
    for first in range(0, cabinets, per_area):
        size = min(per_area, cabinets - first)
        law[:size] += size / cabinets * enumerated(size, size, chance)
    return law


class Fires:
    """Fires of a site: takes cabinets out of a `tests.cabinet_twin.Fleet` and brings them back."""

    def __init__(self, section, cabinets, cabinet_kwh, path, seed):
        per_area = min(max(int(section.fire_area_kwh / cabinet_kwh), 1), cabinets)
        chance = section.spread_probability_touching * 0.5 ** (section.spacing_m / section.spread_halving_distance_m)
        self.law = law_of_site(cabinets, per_area, chance).cumsum()
        self.section, self.path, self.seed = section, path, seed
        self.back, self.fires, self.burned = 0, 0, 0

    def day(self, fleet, installed, factor, day):
        """Fires of a day, after the fleet's own day."""
        present = installed - fleet.burned
        if fleet.burned and day + 1 >= self.back:
            fleet.burned = 0
        a, b, _, _ = randoms.philox(day, FIRE_DAY, 0, self.path, self.seed)
        chance = min(self.section.fires_per_cabinet_year / 365 * factor, 1.0)
        for k in range(int(binom.ppf(randoms.uniform(a, b), present, chance)) if present > 0 else 0):
            if present == 0:
                break
            u, v = randoms.two_uniforms(day, FIRE_DAY, k + 1, self.path, self.seed)
            lost = min(int(np.searchsorted(self.law[:-1], u)) + 1, present)
            present -= lost
            fleet.burned += lost
            months = randoms.quantile(self.section.months_out, v)
            self.back = max(self.back, day + 1 + math.ceil(months * 365 / 12))
            fleet.stopped_until = max(fleet.stopped_until, day + 1 + math.ceil(self.section.stop_days))
            self.fires, self.burned = self.fires + 1, self.burned + lost

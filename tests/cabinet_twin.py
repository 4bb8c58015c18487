"""The fleet of cabinets in plain Python: one lane, written from the model's description, with SciPy's quantiles."""

from scipy.stats import binom

from riskmodel.cabinet_tables import (  # fmt: skip
    ARRIVE,
    CREWS,
    FAIL,
    FAIL_1,
    FALSE_ALARM,
    GROUP_FAIL,
    GROUP_REPAIR,
    GROUP_SIZE,
    LATE,
    RECALL,
    REPAIR,
    SPARES,
    SWAP_H,
)
from tests.twin.randoms import philox

CABINET_DAY = 20


def quantile(n, p, word):
    """Binomial quantile at a 32-bit word."""
    return int(binom.ppf((int(word) + 0.5) / 2**32, n, p)) if n > 0 and p > 0.0 else 0


class Fleet:
    """One site."""

    def __init__(self, numbers, maintenance_h, path, seed):
        self.n, self.maintenance_h, self.path, self.seed = numbers, maintenance_h, path, seed
        self.failed, self.ordered, self.groups_out = [0, 0], [0, 0], 0
        self.burned, self.stopped_until = 0, 0
        self.counts = [0.0] * 9

    def words(self, day, unit):
        return philox(day, CABINET_DAY, unit, self.path, self.seed)

    def working(self, installed, day):
        """Cabinets that can run on a day."""
        size = int(self.n[GROUP_SIZE])
        groups = -(-installed // size)
        standing = max(installed - sum(self.failed) - self.burned, 0)
        if self.groups_out:
            standing = standing * max(groups - self.groups_out, 0) // max(groups, 1)
        return 0 if day < self.stopped_until else standing

    def day(self, installed, factor, day):
        """Working cabinets and planned hours of a day; the state moves on to the next."""
        n = self.n
        fail_word, alarm_word, group_word, back_word = self.words(day, 0)
        w = self.working(installed, day)
        self.counts[7] += installed - w
        planned = w * self.maintenance_h[day % 365] if day % 7 < 5 else 0.0
        both = n[FAIL] + n[FAIL_1]
        fails = quantile(w, min(both * factor, 1.0), fail_word)
        if fails:
            planned += n[SWAP_H] * self.fail(fails, n[FAIL] / both, day)
        alarms = quantile(w, n[FALSE_ALARM], alarm_word)
        self.counts[4] += alarms
        planned += alarms * n[SWAP_H]
        self.mend(day)
        groups = -(-installed // int(n[GROUP_SIZE]))
        hit = quantile(groups - self.groups_out, min(n[GROUP_FAIL] * factor, 1.0), group_word)
        self.counts[6] += hit
        self.groups_out += hit
        self.groups_out -= quantile(self.groups_out, n[GROUP_REPAIR], back_word)
        self.counts[8] += planned
        return w, planned

    def fail(self, fails, share, day):
        """Failures by kind: sudden, or seen coming and swapped; returns the swaps."""
        words, late_words = self.words(day, 2), self.words(day, 3)
        first = quantile(fails, share, words[0])
        swaps = 0
        for kind, number in enumerate((first, fails - first)):
            warned = quantile(number, self.n[RECALL], words[1 + kind])
            stock = max(int(self.n[SPARES + kind]) - self.ordered[kind] - (number - warned), 0)
            short = max(warned - stock, 0)
            late = quantile(short, self.n[LATE + kind], late_words[kind])
            self.failed[kind] += number - warned + late
            self.ordered[kind] += number - short + late
            self.counts[kind] += number - warned + late
            self.counts[2 + kind] += warned - late
            swaps += warned - late
        return swaps

    def mend(self, day):
        """Parts arrive and repairs end, converters first."""
        words = self.words(day, 1)
        crews = int(self.n[CREWS])
        for kind in range(2):
            self.ordered[kind] -= quantile(self.ordered[kind], self.n[ARRIVE + kind], words[kind])
            without_part = max(self.ordered[kind] - int(self.n[SPARES + kind]), 0)
            active = min(self.failed[kind] - without_part, crews)
            crews -= active
            done = quantile(active, self.n[REPAIR + kind], words[2 + kind])
            self.failed[kind] -= done
            self.counts[5] += done

"""Two lognormals of one sigma, cut off above: durations with two peaks, such as a reset and a repair."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from distributions.law_kernels import SIGMA_RANGE, WEIGHT_STEPS, LawCode
from distributions.laws_base import Law, LawError, increasing, number, positive, take_numbers

__all__ = ["LognormalMixture"]

Code = tuple[int, float, float, float, float]

FRACTION_STEPS = 2.0**32


@dataclass(frozen=True)
class LognormalMixture(Law):
    """Lognormal of median `median_low` with chance `weight_low`, else of `median_high`; nothing above `largest`.

    Both have one `sigma`. The weight is kept to 2^-20 and sigma to 2^-28, which is what the compiled code holds.

    Attributes
    ----------
    largest : float
        Infinite when the law is not cut off.
    """

    name: ClassVar[str] = "lognormal_mixture"
    weight_low: float
    median_low: float
    median_high: float
    sigma: float
    largest: float = math.inf

    def __post_init__(self) -> None:
        take_numbers(self, "weight_low", "median_low", "median_high", "sigma")
        positive(self, "median_low", "sigma")
        increasing(self.name, {"median_low": self.median_low, "median_high": self.median_high}, strict=False)
        if not 0.0 <= self.weight_low <= 1.0:
            raise LawError(f"{self.name}: weight_low = {self.weight_low:g}: must lie in 0 to 1")
        if not 1e-3 <= self.sigma < SIGMA_RANGE:
            raise LawError(f"{self.name}: sigma = {self.sigma:g}: must lie in 0.001 to below {SIGMA_RANGE:g}")
        if self.largest != math.inf:
            object.__setattr__(self, "largest", number(self.name, "largest", self.largest))
            increasing(self.name, {"0": 0.0, "largest": self.largest})
        sigma = round(self.sigma / SIGMA_RANGE * FRACTION_STEPS) / FRACTION_STEPS * SIGMA_RANGE
        object.__setattr__(self, "weight_low", round(self.weight_low * WEIGHT_STEPS) / WEIGHT_STEPS)
        object.__setattr__(self, "sigma", min(sigma, SIGMA_RANGE * (1.0 - 1.0 / FRACTION_STEPS)))
        if not self.cdf_uncut(self.largest) > 1e-9:
            raise LawError(f"{self.name}: largest = {self.largest:g}: lies below all that the medians and sigma give")

    def cdf_uncut(self, x: float) -> float:
        """Chance of at most `x` before the cut."""
        if x == math.inf:
            return 1.0
        parts = ((self.weight_low, self.median_low), (1.0 - self.weight_low, self.median_high))
        return math.fsum(w * _phi((math.log(x) - math.log(median)) / self.sigma) for w, median in parts)

    def mean(self) -> float:
        """Mean of the law, cut off where it ends."""
        parts = ((self.weight_low, self.median_low), (1.0 - self.weight_low, self.median_high))
        whole = math.exp(0.5 * self.sigma**2) * math.fsum(w * median * self._kept(median) for w, median in parts)
        return whole / self.cdf_uncut(self.largest)

    def _kept(self, median: float) -> float:
        """Share of one lognormal's mean that lies below the cut."""
        if self.largest == math.inf:
            return 1.0
        return _phi((math.log(self.largest) - math.log(median)) / self.sigma - self.sigma)

    def parameters(self) -> dict[str, Any]:
        """Keys and values as a file writes them."""
        table = {
            "weight_low": self.weight_low,
            "median_low": self.median_low,
            "median_high": self.median_high,
            "sigma": self.sigma,
        }
        return table if self.largest == math.inf else table | {"largest": self.largest}

    def code(self) -> Code:
        """Law code and four numbers for the kernels; weight and sigma share one number, exactly."""
        packed = self.weight_low * WEIGHT_STEPS + self.sigma / SIGMA_RANGE
        medians = math.log(self.median_low), math.log(self.median_high)
        return (int(LawCode.LOGNORMAL_MIXTURE), *medians, packed, self.largest)


def _phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))

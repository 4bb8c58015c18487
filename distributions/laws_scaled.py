"""A law multiplied and shifted: of the same family where that has one, else as a law of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from distributions.laws_base import FloatArray, Law, LawError, positive, take_numbers
from distributions.laws_closed import Constant, Exponential, Gpd, Lognormal, Normal, Triangular, Uniform, Weibull
from distributions.laws_mixture import LognormalMixture
from distributions.laws_other import Beta, Empirical, Gamma, Pert

__all__ = ["Scaled", "scaled"]


@dataclass(frozen=True)
class Scaled(Law):
    """`times` X + `plus` of another law of X."""

    name: ClassVar[str] = "scaled"
    of: Law
    times: float = 1.0
    plus: float = 0.0

    def __post_init__(self) -> None:
        take_numbers(self, "times", "plus")
        positive(self, "times")

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Of the other law at (x - plus) / times; any shape."""
        return self.of.cdf((np.asarray(x, dtype=np.float64) - self.plus) / self.times)

    def ppf(self, u: ArrayLike) -> FloatArray:
        """times, plus of the other law's quantile; any shape."""
        return np.asarray(self.times * self.of.ppf(u) + self.plus)[()]

    def mean(self) -> float:
        """times, plus of the other law's mean."""
        return self.times * self.of.mean() + self.plus

    def parameters(self) -> dict[str, Any]:
        """of (a table), times, plus."""
        return {"of": self.of.spec(), "times": self.times, "plus": self.plus}


Maker = Callable[[Any, float, float], Law]

SHIFTED: dict[type[Law], Maker] = {
    Constant: lambda x, t, p: Constant(x.value * t + p),
    Uniform: lambda x, t, p: Uniform(x.low * t + p, x.high * t + p),
    Triangular: lambda x, t, p: Triangular(x.low * t + p, x.mode * t + p, x.high * t + p),
    Pert: lambda x, t, p: Pert(x.low * t + p, x.mode * t + p, x.high * t + p),
    Normal: lambda x, t, p: Normal(x.mean_value * t + p, x.sd * t),
    Beta: lambda x, t, p: Beta(x.a, x.b, x.low * t + p, x.high * t + p),
    Gpd: lambda x, t, p: Gpd(x.threshold * t + p, x.scale * t, x.shape),
    Empirical: lambda x, t, p: Empirical(tuple(value * t + p for value in x.values), x.weights),
    Scaled: lambda x, t, p: scaled(x.of, x.times * t, x.plus * t + p),
}
"""Families that stay what they are when multiplied and shifted."""

MULTIPLIED: dict[type[Law], Maker] = {
    Lognormal: lambda x, t, _: Lognormal(x.median * t, x.sigma),
    Exponential: lambda x, t, _: Exponential(x.mean_value * t),
    Weibull: lambda x, t, _: Weibull(x.shape, x.scale * t),
    Gamma: lambda x, t, _: Gamma(x.mean_value * t, x.sd * t),
    LognormalMixture: lambda x, t, _: LognormalMixture(
        x.weight_low, x.median_low * t, x.median_high * t, x.sigma, x.largest * t
    ),
}
"""Families that stay what they are when multiplied."""


def scaled(law: Law, times: float = 1.0, plus: float = 0.0) -> Law:
    """Law of `times` X + `plus`.

    Parameters
    ----------
    law : Law
        Of X.
    times : float
        At least 0; 0 gives the constant `plus`.
    plus : float

    Returns
    -------
    Law
        Without a source: the source spoke of the law as it was.

    Raises
    ------
    LawError
        If `times` is below 0, or a number is not finite.
    """
    if not (math.isfinite(times) and math.isfinite(plus) and times >= 0.0):
        raise LawError(
            f"scaled: times = {times:g}, plus = {plus:g}: times must be a number of at least 0, plus a number"
        )
    if times == 0.0:
        return Constant(plus)
    kind = type(law)
    if kind in SHIFTED:
        return SHIFTED[kind](law, times, plus)
    if plus == 0.0 and kind in MULTIPLIED:
        return MULTIPLIED[kind](law, times, plus)
    return Scaled(law, times, plus)

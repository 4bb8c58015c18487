"""Laws whose quantile needs a special function or a table. They are drawn once per path, never per event."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from distributions.laws_base import FloatArray, Law, LawError, increasing, number, positive, take_numbers

__all__ = ["Beta", "Empirical", "Gamma", "Pert"]

PERT_WEIGHT = 4.0
"""Weight of the mode in the mean of a PERT law."""


def _beta_cdf(a: float, b: float, low: float, high: float, x: ArrayLike) -> FloatArray:
    from scipy.special import betainc

    share = np.clip((np.asarray(x, dtype=np.float64) - low) / (high - low), 0.0, 1.0)
    return np.asarray(betainc(a, b, share))[()]


def _beta_ppf(a: float, b: float, low: float, high: float, u: ArrayLike) -> FloatArray:
    from scipy.special import betaincinv, betaln

    probability = np.asarray(u, dtype=np.float64)
    share = np.asarray(betaincinv(a, b, probability))
    # SciPy's inverse gives NaN for some probabilities below 1e-100; there the first term of the series is exact enough.
    lost = np.isnan(share) & (probability > 0.0) & (probability < 0.5)
    if np.any(lost):
        share = share.copy()
        share[lost] = np.exp((np.log(probability[lost]) + np.log(a) + betaln(a, b)) / a)
    return np.asarray(low + (high - low) * share)[()]


@dataclass(frozen=True)
class Beta(Law):
    """Beta law of shapes `a` and `b`, stretched from 0..1 to `low`..`high`."""

    name: ClassVar[str] = "beta"
    a: float
    b: float
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        take_numbers(self, "a", "b", "low", "high")
        positive(self, "a", "b")
        increasing(self.name, {"low": self.low, "high": self.high})

    @classmethod
    def from_mean(cls, mean: float, sd: float, low: float = 0.0, high: float = 1.0, source: str = "") -> Beta:
        """From mean and standard deviation on the stretched range."""
        numbers = {"mean": mean, "sd": sd, "low": low, "high": high}
        mean, sd, low, high = (number(cls.name, key, value) for key, value in numbers.items())
        increasing(cls.name, {"low": low, "mean": mean, "high": high})
        most = math.sqrt((mean - low) * (high - mean))
        if not 0.0 < sd < most:
            raise LawError(f"{cls.name}: sd = {sd:g}: must be > 0 and < {most:.6g} for this mean and range")
        share = (mean - low) / (high - low)
        total = (most / sd) ** 2 - 1.0
        return cls(share * total, (1.0 - share) * total, low, high, source=source)

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Regularised incomplete beta function of the place of `x` between `low` and `high`; any shape."""
        return _beta_cdf(self.a, self.b, self.low, self.high, x)

    def ppf(self, u: ArrayLike) -> FloatArray:
        """Inverse of the regularised incomplete beta function, stretched to `low`..`high`; any shape."""
        return _beta_ppf(self.a, self.b, self.low, self.high, u)

    def mean(self) -> float:
        """low + (high - low) a / (a + b)."""
        return self.low + (self.high - self.low) * self.a / (self.a + self.b)

    def parameters(self) -> dict[str, Any]:
        """Shapes and range: a, b, low, high."""
        return {"a": self.a, "b": self.b, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Pert(Law):
    """PERT law: a beta law on `low`..`high` whose mean weighs the mode four times.

    Sources
    -------
    Malcolm, Roseboom, Clark, Fazar 1959, "Application of a technique for research and development program
    evaluation", Operations Research 7(5), 646-669, doi 10.1287/opre.7.5.646.
    """

    name: ClassVar[str] = "pert"
    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        take_numbers(self, "low", "mode", "high")
        increasing(self.name, {"low": self.low, "mode": self.mode, "high": self.high}, strict=False)
        increasing(self.name, {"low": self.low, "high": self.high})

    def _shapes(self) -> tuple[float, float]:
        width = self.high - self.low
        return 1.0 + PERT_WEIGHT * (self.mode - self.low) / width, 1.0 + PERT_WEIGHT * (self.high - self.mode) / width

    def cdf(self, x: ArrayLike) -> FloatArray:
        """As of the beta law with this law's shapes; any shape."""
        return _beta_cdf(*self._shapes(), self.low, self.high, x)

    def ppf(self, u: ArrayLike) -> FloatArray:
        """As of the beta law with this law's shapes; any shape."""
        return _beta_ppf(*self._shapes(), self.low, self.high, u)

    def mean(self) -> float:
        """(low + 4 mode + high) / 6."""
        return (self.low + PERT_WEIGHT * self.mode + self.high) / (2.0 + PERT_WEIGHT)

    def parameters(self) -> dict[str, Any]:
        """low, mode, high."""
        return {"low": self.low, "mode": self.mode, "high": self.high}


@dataclass(frozen=True)
class Gamma(Law):
    """Gamma law by mean and standard deviation."""

    name: ClassVar[str] = "gamma"
    mean_value: float
    sd: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean_value", number(self.name, "mean", self.mean_value))
        take_numbers(self, "sd")
        if not self.mean_value > 0.0:
            raise LawError(f"{self.name}: mean = {self.mean_value:g}: must be > 0")
        positive(self, "sd")

    def _shape(self) -> float:
        return (self.mean_value / self.sd) ** 2

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Regularised lower incomplete gamma function of x over the scale; 0 below 0; any shape."""
        from scipy.special import gammainc

        scale = self.mean_value / self._shape()
        above = np.maximum(np.asarray(x, dtype=np.float64), 0.0)
        return np.asarray(gammainc(self._shape(), above / scale), dtype=np.float64)[()]

    def ppf(self, u: ArrayLike) -> FloatArray:
        """Inverse of the regularised lower incomplete gamma function, times the scale; any shape."""
        from scipy.special import gammaincinv

        scale = self.mean_value / self._shape()
        unit = np.asarray(gammaincinv(self._shape(), np.asarray(u, dtype=np.float64)), dtype=np.float64)
        return np.asarray(scale * unit)[()]

    def mean(self) -> float:
        """As given."""
        return self.mean_value

    def parameters(self) -> dict[str, Any]:
        """mean, sd."""
        return {"mean": self.mean_value, "sd": self.sd}


@dataclass(frozen=True)
class Empirical(Law):
    """One of the listed values, with equal or given weights."""

    name: ClassVar[str] = "empirical"
    values: tuple[float, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        values = _listed(self.name, "values", self.values)
        weights = _listed(self.name, "weights", self.weights) if len(self.weights) else (1.0,) * len(values)
        if not values:
            raise LawError(f"{self.name}: values = []: list at least one number")
        if len(weights) != len(values):
            raise LawError(f"{self.name}: {len(weights)} weights for {len(values)} values: give each one, or none")
        if min(weights) < 0.0 or not sum(weights) > 0.0:
            raise LawError(f"{self.name}: weights must be >= 0 and not all zero")
        pairs = sorted((value, weight) for value, weight in zip(values, weights, strict=True) if weight > 0.0)
        object.__setattr__(self, "values", tuple(value for value, _ in pairs))
        object.__setattr__(self, "weights", tuple(weight for _, weight in pairs))

    def _steps(self) -> FloatArray:
        """(n,) chance of at most each value; the last is exactly 1."""
        steps = np.cumsum(np.array(self.weights, dtype=np.float64))
        return np.asarray(steps / steps[-1], dtype=np.float64)

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Weight of the values up to `x` over that of all; any shape."""
        steps = np.concatenate(([0.0], self._steps()))
        places = np.searchsorted(np.array(self.values), np.asarray(x, dtype=np.float64), side="right")
        return np.asarray(steps[places])[()]

    def ppf(self, u: ArrayLike) -> FloatArray:
        """Lowest value whose cumulative weight reaches `u`; any shape."""
        places = np.searchsorted(self._steps(), np.asarray(u, dtype=np.float64), side="left")
        return np.asarray(np.array(self.values)[np.minimum(places, len(self.values) - 1)])[()]

    def mean(self) -> float:
        """Weighted mean of the values."""
        total = math.fsum(self.weights)
        return math.fsum(value * weight for value, weight in zip(self.values, self.weights, strict=True)) / total

    def parameters(self) -> dict[str, Any]:
        """values and weights, as sorted, those of weight 0 left out."""
        return {"values": list(self.values), "weights": list(self.weights)}


def _listed(law: str, key: str, values: Sequence[float]) -> tuple[float, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, np.ndarray)):
        raise LawError(f"{law}: {key} = {values!r}: type a list of numbers")
    return tuple(number(law, f"{key}[{place}]", value) for place, value in enumerate(values))

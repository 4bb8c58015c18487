"""Laws with a closed-form quantile; the kernels are in `law_kernels`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from distributions.law_kernels import LawCode
from distributions.laws_base import Law, LawError, increasing, number, positive, take_numbers

__all__ = ["Constant", "Exponential", "Gpd", "Lognormal", "Normal", "Triangular", "Uniform", "Weibull"]

Code = tuple[int, float, float, float, float]

Z90 = 1.2815515655446004
"""Standard normal quantile at 0.9."""

MEDIAN_TOLERANCE = 0.02
"""How far a stated P50 may lie from sqrt(P10 * P90) and still count as rounding."""


@dataclass(frozen=True)
class Constant(Law):
    """One value, always."""

    name: ClassVar[str] = "constant"
    value: float

    def __post_init__(self) -> None:
        take_numbers(self, "value")

    def mean(self) -> float:
        """The value."""
        return self.value

    def parameters(self) -> dict[str, Any]:
        """value."""
        return {"value": self.value}

    def code(self) -> Code:
        """CONSTANT (value)."""
        return (int(LawCode.CONSTANT), self.value, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Uniform(Law):
    """Any value from `low` to `high` alike."""

    name: ClassVar[str] = "uniform"
    low: float
    high: float

    def __post_init__(self) -> None:
        take_numbers(self, "low", "high")
        increasing(self.name, {"low": self.low, "high": self.high})

    def mean(self) -> float:
        """(low + high) / 2."""
        return self.low + 0.5 * (self.high - self.low)

    def parameters(self) -> dict[str, Any]:
        """low, high."""
        return {"low": self.low, "high": self.high}

    def code(self) -> Code:
        """UNIFORM (low, high)."""
        return (int(LawCode.UNIFORM), self.low, self.high, 0.0, 0.0)


@dataclass(frozen=True)
class Normal(Law):
    """Normal law. It has no lower end: a price or a duration is better lognormal."""

    name: ClassVar[str] = "normal"
    mean_value: float
    sd: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean_value", number(self.name, "mean", self.mean_value))
        take_numbers(self, "sd")
        positive(self, "sd")

    @classmethod
    def from_mean(cls, mean: float, sd: float, source: str = "") -> Normal:
        """From mean and standard deviation."""
        return cls(mean, sd, source=source)

    @classmethod
    def from_percentiles(cls, p10: float, p90: float, source: str = "") -> Normal:
        """From the values with a 10 % and a 90 % chance of being below."""
        p10, p90 = number(cls.name, "p10", p10), number(cls.name, "p90", p90)
        increasing(cls.name, {"p10": p10, "p90": p90})
        return cls(p10 + 0.5 * (p90 - p10), (p90 - p10) / (2.0 * Z90), source=source)

    def mean(self) -> float:
        """As given."""
        return self.mean_value

    def parameters(self) -> dict[str, Any]:
        """mean, sd; percentiles are turned into these."""
        return {"mean": self.mean_value, "sd": self.sd}

    def code(self) -> Code:
        """NORMAL (mean, sd)."""
        return (int(LawCode.NORMAL), self.mean_value, self.sd, 0.0, 0.0)


@dataclass(frozen=True)
class Lognormal(Law):
    """Law of a quantity whose logarithm is normal; `sigma` is the standard deviation of the logarithm."""

    name: ClassVar[str] = "lognormal"
    median: float
    sigma: float

    def __post_init__(self) -> None:
        take_numbers(self, "median", "sigma")
        positive(self, "median", "sigma")

    @classmethod
    def from_mean(cls, mean: float, sd: float, source: str = "") -> Lognormal:
        """From mean and standard deviation of the quantity itself."""
        mean, sd = number(cls.name, "mean", mean), number(cls.name, "sd", sd)
        for key, value in (("mean", mean), ("sd", sd)):
            if not value > 0.0:
                raise LawError(f"{cls.name}: {key} = {value:g}: must be > 0")
        variance = math.log1p((sd / mean) ** 2)
        return cls(mean * math.exp(-0.5 * variance), math.sqrt(variance), source=source)

    @classmethod
    def from_percentiles(cls, p10: float, p90: float, p50: float | None = None, source: str = "") -> Lognormal:
        """From the values with a 10 % and a 90 % chance of being below; P50, if given, must agree with them."""
        numbers = {"p10": p10, "p90": p90} if p50 is None else {"p10": p10, "p50": p50, "p90": p90}
        numbers = {key: number(cls.name, key, value) for key, value in numbers.items()}
        if not numbers["p10"] > 0.0:
            raise LawError(f"{cls.name}: p10 = {p10:g}: must be > 0; a law that reaches below zero can be normal")
        increasing(cls.name, numbers)
        median = math.sqrt(numbers["p10"]) * math.sqrt(numbers["p90"])
        if p50 is not None and abs(numbers["p50"] / median - 1.0) > MEDIAN_TOLERANCE:
            raise LawError(
                f"{cls.name}: p50 = {p50:g} does not fit p10 = {p10:g} and p90 = {p90:g}, of median {median:.6g}: "
                f"leave p50 out, or use law = 'triangular' or 'pert' for a lopsided range"
            )
        return cls(median, math.log(numbers["p90"] / numbers["p10"]) / (2.0 * Z90), source=source)

    def mean(self) -> float:
        """median exp(sigma^2 / 2)."""
        return self.median * math.exp(0.5 * self.sigma * self.sigma)

    def parameters(self) -> dict[str, Any]:
        """median, sigma; other forms are turned into these."""
        return {"median": self.median, "sigma": self.sigma}

    def code(self) -> Code:
        """LOGNORMAL (log of the median, sigma)."""
        return (int(LawCode.LOGNORMAL), math.log(self.median), self.sigma, 0.0, 0.0)


@dataclass(frozen=True)
class Triangular(Law):
    """Straight rise from `low` to `mode`, straight fall to `high`."""

    name: ClassVar[str] = "triangular"
    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        take_numbers(self, "low", "mode", "high")
        increasing(self.name, {"low": self.low, "mode": self.mode, "high": self.high}, strict=False)
        increasing(self.name, {"low": self.low, "high": self.high})

    def mean(self) -> float:
        """(low + mode + high) / 3."""
        return (self.low + self.mode + self.high) / 3.0

    def parameters(self) -> dict[str, Any]:
        """low, mode, high."""
        return {"low": self.low, "mode": self.mode, "high": self.high}

    def code(self) -> Code:
        """TRIANGULAR (low, mode, high)."""
        return (int(LawCode.TRIANGULAR), self.low, self.mode, self.high, 0.0)


@dataclass(frozen=True)
class Weibull(Law):
    """P(X > x) = exp(-(x / scale) ** shape)."""

    name: ClassVar[str] = "weibull"
    shape: float
    scale: float

    def __post_init__(self) -> None:
        take_numbers(self, "shape", "scale")
        positive(self, "shape", "scale")

    def mean(self) -> float:
        """scale Gamma(1 + 1 / shape)."""
        return self.scale * math.gamma(1.0 + 1.0 / self.shape)

    def parameters(self) -> dict[str, Any]:
        """shape, scale."""
        return {"shape": self.shape, "scale": self.scale}

    def code(self) -> Code:
        """WEIBULL (shape, scale)."""
        return (int(LawCode.WEIBULL), self.shape, self.scale, 0.0, 0.0)


@dataclass(frozen=True)
class Exponential(Law):
    """P(X > x) = exp(-x / mean)."""

    name: ClassVar[str] = "exponential"
    mean_value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean_value", number(self.name, "mean", self.mean_value))
        if not self.mean_value > 0.0:
            raise LawError(f"{self.name}: mean = {self.mean_value:g}: must be > 0")

    def mean(self) -> float:
        """As given."""
        return self.mean_value

    def parameters(self) -> dict[str, Any]:
        """mean."""
        return {"mean": self.mean_value}

    def code(self) -> Code:
        """EXPONENTIAL (mean)."""
        return (int(LawCode.EXPONENTIAL), self.mean_value, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Gpd(Law):
    """Generalised Pareto law above a threshold: P(X > x) = (1 + shape (x - threshold) / scale) ** (-1 / shape).

    Sources
    -------
    Pickands 1975, "Statistical inference using extreme order statistics", Annals of Statistics 3(1), 119-131,
    doi 10.1214/aos/1176343003.
    """

    name: ClassVar[str] = "gpd"
    threshold: float
    scale: float
    shape: float

    def __post_init__(self) -> None:
        take_numbers(self, "threshold", "scale", "shape")
        positive(self, "scale")
        if not self.shape < 1.0:
            raise LawError(f"{self.name}: shape = {self.shape:g}: must be < 1, or the mean would be infinite")

    def mean(self) -> float:
        """threshold + scale / (1 - shape)."""
        return self.threshold + self.scale / (1.0 - self.shape)

    def parameters(self) -> dict[str, Any]:
        """threshold, scale, shape."""
        return {"threshold": self.threshold, "scale": self.scale, "shape": self.shape}

    def code(self) -> Code:
        """GPD (threshold, scale, shape)."""
        return (int(LawCode.GPD), self.threshold, self.scale, self.shape, 0.0)

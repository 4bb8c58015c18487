"""What every scalar law offers, and the checks on its numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributions.law_kernels import LawCode, cdf_array, ppf_array

__all__ = ["FloatArray", "Law", "LawError"]

FloatArray = NDArray[np.float64]


class LawError(ValueError):
    """A law that cannot be: the message names the key, its value and what to type instead."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """A scalar law. Subclasses are frozen: a law is its numbers.

    Attributes
    ----------
    source : str
        Where the numbers come from; carried along, never part of the law.
    """

    name: ClassVar[str] = ""
    source: str = field(default="", compare=False)

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Probability of at most `x`, any shape of float64. The same bits whatever the shape."""
        return _each(lambda flat, out: cdf_array(*self.code(), flat, out), x)

    def ppf(self, u: ArrayLike) -> FloatArray:
        """Quantile at probability `u` in [0, 1], any shape. ``ppf(0)`` and ``ppf(1)`` are the ends of the range."""
        return _each(lambda flat, out: ppf_array(*self.code(), flat, out), u)

    def mean(self) -> float:
        """Mean of the law."""
        raise NotImplementedError

    def parameters(self) -> dict[str, Any]:
        """The law's own numbers by key, as a study file would name them."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        """Table that `from_spec` reads back to an equal law."""
        table: dict[str, Any] = {"law": self.name, **self.parameters()}
        if self.source:
            table["source"] = self.source
        return table

    def code(self) -> tuple[int, float, float, float, float]:
        """Code and four numbers for the compiled `ppf_code`.

        Returns
        -------
        tuple
            (`LawCode`, a, b, c, d).

        Raises
        ------
        LawError
            If the law has no closed-form quantile.
        """
        raise LawError(
            f"law = {self.name!r} has no closed-form quantile, and this quantity is drawn once per event: "
            f"use one of {', '.join(code.name.lower() for code in LawCode)}"
        )


def _each(walk: Callable[[FloatArray, FloatArray], None], values: ArrayLike) -> FloatArray:
    """Run a flat kernel over an array of any shape; a scalar gives a scalar."""
    array = np.asarray(values, dtype=np.float64)
    out = np.empty(array.size, dtype=np.float64)
    walk(np.ascontiguousarray(array).reshape(-1), out)
    result: FloatArray = out.reshape(array.shape)[()]
    return result


def number(law: str, key: str, value: object) -> float:
    """A finite float, or a LawError that says why not."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        hint = " (without quotes)" if isinstance(value, str) else ""
        raise LawError(f"{law}: {key} = {value!r}: type a number{hint}")
    if not math.isfinite(value):
        raise LawError(f"{law}: {key} = {value}: must be a finite number")
    return float(value)


def take_numbers(law: Law, *keys: str) -> None:
    """Check the named fields and store them as floats."""
    for key in keys:
        object.__setattr__(law, key, number(law.name, key, getattr(law, key)))


def positive(law: Law, *keys: str) -> None:
    """Raise unless the named fields are above zero."""
    for key in keys:
        value = getattr(law, key)
        if not value > 0.0:
            spread = key in ("sd", "sigma") and value == 0.0
            hint = "; for a value without spread type the plain number" if spread else ""
            raise LawError(f"{law.name}: {key} = {value:g}: must be > 0{hint}")


def increasing(law: str, numbers: Mapping[str, float], *, strict: bool = True) -> None:
    """Raise unless the numbers rise in the given order."""
    for (left, low), (right, high) in itertools.pairwise(numbers.items()):
        if low > high or (strict and low == high):
            sign = "<" if strict else "<="
            order = f" {sign} ".join(numbers)
            raise LawError(f"{law}: {left} = {low:g} and {right} = {high:g}: must be {order}")

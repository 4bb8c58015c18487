"""Facts of a history beside those of a long simulation: value, error, tolerance, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["BAND", "Fact", "Rule", "compare", "failing"]

BAND = 0.005
"""A fact without a tolerance fails when the history lies beyond this share of simulated stretches of its own length,
at either end: 1 false alarm in 100."""


@dataclass(frozen=True)
class Rule:
    """What is allowed between history and simulation.

    Parameters
    ----------
    label : str
        The fact in words, with its unit.
    relative : float
        Allowed share of the history's value.
    absolute : float
        Allowed besides, in the fact's unit.
    digits : int
        Decimals when printed.
    band : bool
        True when few years cannot give a tolerance: the history must lie among simulated stretches of its length.
    """

    label: str
    relative: float = 0.0
    absolute: float = 0.0
    digits: int = 1
    band: bool = False

    def allowed(self, history: float) -> float:
        """Largest difference that passes; infinite for a band."""
        return np.inf if self.band else self.relative * abs(history) + self.absolute

    def words(self) -> str:
        """The tolerance in words."""
        if self.band:
            return f"{100 * BAND:g}-{100 * (1 - BAND):g} % of stretches"
        parts = [f"{100 * self.relative:g} %"] if self.relative else []
        return " + ".join(parts + ([f"{self.absolute:.3g}"] if self.absolute else []))


@dataclass(frozen=True)
class Fact:
    """One line of a validation table.

    Parameters
    ----------
    name : str
    rule : Rule
    history : float
        NaN when the history does not show it.
    simulated, standard_error : float
        Of the whole simulation.
    share_below : float
        Share of simulated stretches as long as the history with a smaller value; near 0 or 1 is far out.
    held_out : float
        Value in the year kept out of the fit; NaN without one.
    held_out_share_below : float
        Share of simulated stretches of that length with a smaller value.
    """

    name: str
    rule: Rule
    history: float
    simulated: float
    standard_error: float
    share_below: float
    held_out: float = np.nan
    held_out_share_below: float = np.nan

    @property
    def difference(self) -> float:
        """Simulated minus history."""
        return self.simulated - self.history

    @property
    def known(self) -> bool:
        """Whether the history shows the fact at all."""
        return bool(np.isfinite(self.history))

    @property
    def passed(self) -> bool:
        """Whether the simulation meets the history within the tolerance."""
        if not self.known:
            return True
        if self.rule.band:
            return BAND <= self.share_below <= 1.0 - BAND
        return bool(abs(self.difference) <= self.rule.allowed(self.history))


def compare(
    rules: dict[str, Rule],
    history: dict[str, float],
    simulated: dict[str, float],
    stretches: Sequence[dict[str, float]],
    held_out: dict[str, float] | None = None,
    held_out_stretches: Sequence[dict[str, float]] = (),
) -> list[Fact]:
    """Lines of a validation table.

    Parameters
    ----------
    rules : dict of name -> Rule
        The facts and their order.
    history, simulated : dict of float
        Facts of the history, and of the whole simulation.
    stretches : sequence of dict
        Facts of equal parts of the simulation, each as long as the history; their scatter gives the errors.
    held_out : dict, optional
        Facts of the time kept out of the fit.
    held_out_stretches : sequence of dict
        Facts of parts of the simulation as long as that.

    Returns
    -------
    list of Fact
    """
    lines = []
    for name, rule in rules.items():
        values = _values(stretches, name)
        later = _values(held_out_stretches, name)
        kept = np.nan if held_out is None else held_out[name]
        # Where a stretch is a year, facts such as the scatter of years exist only as the mean over stretches.
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        below = _below(values, history[name])
        lines.append(Fact(name, rule, history[name], simulated[name], float(error), below, kept, _below(later, kept)))
    return lines


def failing(facts: Sequence[Fact]) -> list[str]:
    """Names of the facts outside their tolerance."""
    return [fact.name for fact in facts if not fact.passed]


def _values(stretches: Sequence[dict[str, float]], name: str) -> np.ndarray:
    values = np.array([stretch[name] for stretch in stretches], dtype=np.float64)
    return values[np.isfinite(values)]


def _below(values: np.ndarray, value: float) -> float:
    if len(values) == 0 or not np.isfinite(value):
        return float("nan")
    return float(np.mean(values < value) + 0.5 * np.mean(values == value))

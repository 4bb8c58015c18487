"""Terms of a cover: layers of a policy, triggers that pay by an index, treaties of its reinsurance, and its price."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = [
    "CLOCKS",
    "FROM",
    "METHODS",
    "TRIGGERS",
    "WAITINGS",
    "Cover",
    "Layer",
    "Price",
    "Trigger",
    "TableAxes",
    "Treaty",
]

CLOCKS = ("down", "grid")
"""What the waiting period is held against: hours in which work stood still, or the event at the grid."""
WAITINGS = ("deductible", "qualifying")
"""After a waiting period that is a deductible, the loss of the time beyond it is paid; after a qualifying one, all."""
FROM = ("start", "waiting")
"""Where the period of indemnity begins: with the event, or when the waiting period is over."""
TRIGGERS = ("hours_without_grid", "sag_count", "saidi")
METHODS = ("standard_deviation", "wang", "cost_of_capital")


@dataclass(frozen=True)
class Trigger:
    """Pays by an index instead of the loss.

    Attributes
    ----------
    kind : str, of `TRIGGERS`
        Hours without grid, number of sags, or the utility's hours of interruptions over 5 min for a customer (SAIDI).
    threshold : float
        Index above which it pays [h, or number].
    payout : float
        Paid for each unit of the index above the threshold [currency per h, or per sag].
    basis : str
        "event" (each event alone; not for `saidi` and `sag_count`) or "year".
    index : str
        Of `saidi`: "own" takes the site's own hours, "path_mean" the mean of its years: a utility whose customers are
        many and have the same rates, without the chance of one year. The truth lies between.
    """

    kind: str
    threshold: float
    payout: float
    basis: str = "year"
    index: str = "own"


@dataclass(frozen=True)
class Layer:
    """One layer. Order: waiting and indemnity period, hours clause, deductible, attachment, limit, yearly terms, share.

    Attributes
    ----------
    name : str
    perils : tuple of str
        Causes covered, see `riskmodel.insurance.losses.CLASSES`; empty: all.
    clock, waiting, indemnity_from : str, of `CLOCKS`, `WAITINGS`, `FROM`
    waiting_period_h : float [h]
    indemnity_period_h : float [h], infinite: none
    hours_clause_h : float or None
        Events that begin within so many hours of the first are one occurrence [h].
    deductible : float
        Of each occurrence, borne by the insured [currency]; the attachment counts from above it.
    attachment, limit : float
        Of each occurrence [currency].
    participation : float
        Share of the layer that is covered, 0..1.
    aggregate_deductible, aggregate_limit : float
        Of each year, at a participation of 1 [currency].
    reinstatements : int or None
        Times the limit is restored in a year; None: no end.
    reinstatement_charge : tuple of float
        Premium for each, as a share of the premium at full restoration, pro rata as to amount.
    trigger : Trigger or None
    """

    name: str
    perils: tuple[str, ...] = ()
    clock: str = "down"
    waiting: str = "deductible"
    waiting_period_h: float = 0.0
    indemnity_period_h: float = math.inf
    indemnity_from: str = "start"
    hours_clause_h: float | None = None
    deductible: float = 0.0
    attachment: float = 0.0
    limit: float = math.inf
    participation: float = 1.0
    aggregate_deductible: float = 0.0
    aggregate_limit: float = math.inf
    reinstatements: int | None = None
    reinstatement_charge: tuple[float, ...] = ()
    trigger: Trigger | None = None

    @property
    def timed(self) -> bool:
        """Whether durations change what is paid."""
        return self.waiting_period_h > 0.0 or math.isfinite(self.indemnity_period_h)

    @property
    def yearly_limit(self) -> float:
        """Most that is paid in a year, at a participation of 1 [currency]."""
        restored = math.inf if self.reinstatements is None else (self.reinstatements + 1) * self.limit
        return min(self.aggregate_limit, restored)


@dataclass(frozen=True)
class Treaty:
    """Reinsurance of what the layers pay; treaties act one after the other on what is left.

    Attributes
    ----------
    name : str
    quota_share : float
        Share of every loss that is ceded, 0..1; 0 where it is an excess of loss.
    layer : Layer
        Terms of an excess of loss, without times.
    """

    name: str
    quota_share: float
    layer: Layer


@dataclass(frozen=True)
class Price:
    """How a premium is made of losses.

    Attributes
    ----------
    method : str, of `METHODS`
        Which risk premium is quoted.
    standard_deviation_factor : float
        Risk premium = mean + factor * standard deviation of the yearly loss.
    wang_lambda : float
        Shift of the normal scores of the exceedance probabilities.
    cost_of_capital : float
        Return wished on the capital, per year; capital = `capital_measure` of the yearly loss less the premium.
    capital_measure : str, "tvar" or "var"
    capital_return_period_years : float
    expense_share, expense_fixed : float
        Premium = (risk premium + fixed) / (1 - share); fixed in [currency/year].
    one_in_years : tuple of float
        Return periods whose loss ratios are shown [years].
    """

    method: str = "standard_deviation"
    standard_deviation_factor: float = 0.25
    wang_lambda: float = 0.25
    cost_of_capital: float = 0.08
    capital_measure: str = "tvar"
    capital_return_period_years: float = 200.0
    expense_share: float = 0.15
    expense_fixed: float = 0.0
    one_in_years: tuple[float, ...] = (10.0, 100.0)


@dataclass(frozen=True)
class TableAxes:
    """Premiums over attachment, limit and waiting period, the other terms being those of one layer."""

    layer: str
    attachments: tuple[float, ...]
    limits: tuple[float, ...]
    waiting_periods_h: tuple[float, ...]


@dataclass(frozen=True)
class Cover:
    """A policy: layers, reinsurance, price, and perhaps a table of premiums."""

    name: str
    layers: tuple[Layer, ...]
    reinsurance: tuple[Treaty, ...] = ()
    price: Price = field(default_factory=Price)
    table: TableAxes | None = None
    currency: str = ""

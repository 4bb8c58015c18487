"""Other lives of a path: which of its draws come from elsewhere, so that what remains can be held against it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AS_IT_IS", "OTHER_LIFE", "TAIL_STREAM", "Redraw"]

OTHER_LIFE = 1 << 50
"""Added to the number of a path for each other life it is given; no run has as many paths."""
TAIL_STREAM = "correlation.t"
"""The draw that all names of a t copula share."""


class Redraw(NamedTuple):
    """What of each path comes from another of its lives; all else is as it is.

    Attributes
    ----------
    names : frozenset of str
        Streams: of the study's quantities, of fitted parameters (`prices.slow_phi`), of the ageing law of the cells.
    chance : bool
        Weather, prices, outages and failures, too.
    life : int
        Which life, 3 or more: 1 and 2 are those of `riskmodel.variance_split`.
    """

    names: frozenset[str]
    chance: bool = False
    life: int = 3

    def path_of(self, name: str, path: int) -> int:
        """Path at whose address a stream is drawn."""
        return path + self.life * OTHER_LIFE * (name in self.names)

    @property
    def chance_shift(self) -> int:
        """Added to the number of a path for what happens on it."""
        return self.life * OTHER_LIFE * self.chance


AS_IT_IS = Redraw(frozenset())

"""Sizes of a storage around a study's own, as strategies of one study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from distributions.clock import KWH_PER_MWH

if TYPE_CHECKING:
    from riskmodel.study import Storage, Study

__all__ = ["AS_TYPED", "LADDERS", "LAST", "NONE", "Size", "sizes_of", "storage_of", "study_of"]

DURATIONS_H = (1.0, 2.0, 4.0)
SHARES = (0.5, 0.75, 1.0, 1.25, 1.5)
LADDERS = ("count", "duration")
LAST = "ageing"
"""Name of the strategy whose cells are never renewed."""
NONE, AS_TYPED = "none", "count_100"


class Size(NamedTuple):
    """One size of the storage.

    Attributes
    ----------
    name, ladder : str, of the strategy it is simulated as, and which of `LADDERS` it stands on ("" for none)
    label : str
    cabinets : int, at the start
    energy_kwh : float, of one new cabinet
    """

    name: str
    ladder: str
    label: str
    cabinets: int
    energy_kwh: float

    @property
    def energy_mwh(self) -> float:
        """Nameplate energy at the start [MWh]."""
        return self.cabinets * self.energy_kwh / KWH_PER_MWH


def storage_of(study: Study, strategy: str) -> Storage:
    """Storage of a strategy.

    Raises
    ------
    ValueError
        If it owns none.
    """
    storage = study.strategies[strategy].storage
    if storage is None:
        raise ValueError(f"strategies.{strategy}: owns no storage; name a strategy with a storage table")
    return storage


def sizes_of(cabinets: int, power_kw: float, energy_kwh: float) -> tuple[Size, ...]:
    """Sizes around a study's own: without storage, by count, by hours at full power.

    Counts that fall together stand once, the study's own as 100 %.
    """
    sizes, counts = [Size(NONE, "", "none", 0, energy_kwh)], set()
    for share in SHARES:
        count = max(1, math.floor(share * cabinets + 0.5))
        if count not in counts and (count != cabinets or share == 1.0):
            counts.add(count)
            name, label = f"count_{share * 100:.0f}", f"{share * 100:.0f} % of the cabinets"
            sizes.append(Size(name, "count", label, count, energy_kwh))
    longer = (
        Size(f"duration_{h:g}h", "duration", f"{h:g} h at full power", cabinets, h * power_kw) for h in DURATIONS_H
    )
    return (*sizes, *longer)


def study_of(study: Study, strategy: str, resized: Sequence[Study], sizes: Sequence[Size]) -> Study:
    """The study whose strategies are the sizes, and last one that never renews its cells and waits for nothing.

    Parameters
    ----------
    study : Study, the user's
    strategy : str, one of its strategies with storage
    resized : sequence of Study, it with each size in turn, validated; the size without storage uses the user's
    sizes : sequence of Size
    """
    from distributions.laws import Constant

    strategies = {}
    for size, one in zip(sizes, resized, strict=True):
        mine = one.strategies[strategy]
        strategies[size.name] = mine.model_copy(update={"storage": None}) if size.name == NONE else mine
    typed = study.strategies[strategy]
    kept = {"end_of_life_capacity": 0.0, "augment_below_mwh": 0.0, "added_in_years": [], "added_cabinets": []}
    at_once = typed.connection.model_copy(update={"time_to_power_months": Constant(0.0)})
    strategies[LAST] = typed.model_copy(
        update={"storage": storage_of(study, strategy).model_copy(update=kept), "connection": at_once}
    )
    return study.model_copy(update={"strategies": strategies})

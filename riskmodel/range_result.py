"""What the engine returns for one range of paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class RangeResult:
    """Yearly quantities, drawn inputs and events of the paths `first_path .. first_path + n_paths - 1`.

    A path's rows depend on the study, the seed and the path number alone, never on the range they were computed in.

    Attributes
    ----------
    first_path : int
        Number of the first path of the range.
    annual : (n_paths, n_strategies, n_years, N_QUANTITIES) float64
        Yearly quantities; the last axis is indexed by `riskmodel.quantities.Quantity`, units in its names.
    scalars : dict of str to (n_paths,) float64
        Field path (without the strategy) or, where strategies differ, with it -> value drawn for each path.
    events : dict of str to 1-D arrays of one length
        One row per (path, event, strategy) for events that reached at least one strategy, by path, time, strategy.
        Columns: `path` int64, `event` int32, `year` int16 (1..), `hour` float64 [hour of the year], `cause` int8,
        `duration_s` float64, `residual_voltage` float32 (share; 0 for interruptions), `strategy` int8, `outcome` int8,
        and those of `riskmodel.event_record.COLUMNS`, float64.
    strategy_names : tuple of str
        Names along the second axis of `annual`.
    """

    first_path: int
    annual: NDArray
    scalars: dict[str, NDArray]
    events: dict[str, NDArray]
    strategy_names: tuple[str, ...]

    @property
    def n_paths(self) -> int:
        """Number of paths in the range."""
        return int(self.annual.shape[0])

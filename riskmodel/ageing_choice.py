"""Which published law the cells of a path age by: one for all paths, or a draw between several.

No published law is known to be that of the cells a study will buy, and the laws differ more than cells of one law do:
drawing one for each path carries that doubt into every result.

Draws
-----
SCALAR, draw = CRC-32 of `STREAM`: strategies share it, so with equal weights they age by the same law on a path.
"""

from collections.abc import Mapping

import numpy as np

from distributions.cells.codes import CellCode, cell_code

__all__ = ["STREAM", "code_at", "codes_used", "law_weights"]

STREAM = "storage.ageing_law"


def law_weights(choice: str | Mapping[str, float]) -> np.ndarray:
    """Chance of each law.

    Parameters
    ----------
    choice : str or mapping of str to float
        A validated `riskmodel.study.cells_field.AgeingLaw`.

    Returns
    -------
    (n_laws,) float64
        By `CellCode`; sums to 1.
    """
    weights = np.zeros(len(CellCode))
    for name, weight in ({choice: 1.0} if isinstance(choice, str) else choice).items():
        weights[cell_code(name)] = weight
    return weights / weights.sum()


def codes_used(choice: str | Mapping[str, float]) -> list[CellCode]:
    """Laws that some path may draw."""
    return [code for code in CellCode if law_weights(choice)[code] > 0.0]


def code_at(choice: str | Mapping[str, float], u: np.ndarray) -> np.ndarray:
    """Law at given uniforms, by inversion in the order of `CellCode`.

    Parameters
    ----------
    choice : see `law_weights`
    u : (n,) float64 in (0, 1)

    Returns
    -------
    (n,) int64
        `CellCode` of each; never one of weight 0.
    """
    used = codes_used(choice)
    steps = np.cumsum(law_weights(choice)[used])
    places = np.searchsorted(steps[:-1], np.asarray(u, dtype=np.float64), side="right")
    return np.array(used, dtype=np.int64)[places]

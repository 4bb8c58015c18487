"""Numbers of the published ageing laws, for kernels that choose one by path."""

from enum import IntEnum

__all__ = ["CellCode", "cell_code"]


class CellCode(IntEnum):
    """Which published law; append only. The names are those of `distributions.cells.LAWS` in capitals."""

    BLAST_LFP_250AH = 0
    BLAST_SONY_MURATA = 1
    NAUMANN_2020 = 2


def cell_code(name: str) -> CellCode:
    """Code of a law by the name that a study types.

    Raises
    ------
    KeyError
        If there is no such law.
    """
    return CellCode[name.upper()]

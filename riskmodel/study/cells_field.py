"""Field type of the cells' ageing law: one published law by name, or several with weights, one drawn for each path.

::

    ageing_law = "blast_lfp_250ah"
    ageing_law = { blast_lfp_250ah = 0.5, blast_sony_murata = 0.25, naumann_2020 = 0.25 }
"""

import math
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from distributions.cells.codes import CellCode

__all__ = ["AgeingLaw", "ageing_law_names", "read_ageing_law"]

SUM_TOLERANCE = 1e-6
"""How far weights may sum from 1: thirds typed with six digits still count."""


def ageing_law_names() -> list[str]:
    """Names a study may type."""
    return [code.name.lower() for code in CellCode]


def read_ageing_law(value: Any) -> str | dict[str, float]:
    """A law's name, or weights by name in the order of `CellCode`.

    Parameters
    ----------
    value : str or dict
        As read from the file. A single law of weight 1 is the same as its name.

    Returns
    -------
    str or dict of str to float

    Raises
    ------
    PydanticCustomError
        For an unknown name, a weight that is not a number of 0 or more, or weights that do not sum to 1.
    """
    if isinstance(value, str):
        _check_name(value)
        return value
    if not isinstance(value, dict):
        raise _wrong("must be the name of a law in quotes, or a table of names with weights that sum to 1")
    for name, weight in value.items():
        _check_name(name)
        known = isinstance(weight, (int, float)) and not isinstance(weight, bool) and math.isfinite(weight)
        if not known or weight < 0.0:
            raise _wrong(f"weight of {name} is {weight!r}: must be a number from 0 to 1")
    total = math.fsum(value.values())
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise _wrong(f"weights sum to {total:.6g}: must sum to 1{_mended(value, total)}")
    weights = {name: float(value[name]) for name in ageing_law_names() if name in value}
    certain = [name for name, weight in weights.items() if weight == 1.0]
    return certain[0] if certain else weights


def _check_name(name: str) -> None:
    from difflib import get_close_matches

    names = ageing_law_names()
    if name in names:
        return
    if name == "source":
        raise _wrong('a table of weights holds laws only; give its source in [sources] as "storage.ageing_law"')
    near = get_close_matches(name, names, n=1)
    raise _wrong(f"no ageing law {name!r}; {f'did you mean {near[0]}? ' if near else ''}there are: {', '.join(names)}")


def _mended(value: dict[str, float], total: float) -> str:
    if not total > 0.0:
        return ""
    shares = ", ".join(f"{name} = {weight / total:.7g}" for name, weight in value.items())
    return f"; in these proportions type {{ {shares} }}"


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("ageing_law", "{text}", {"text": text})


AgeingLaw = Annotated[
    str | dict[str, float],
    PlainValidator(read_ageing_law),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [code.name.lower() for code in CellCode]},
                {
                    "type": "object",
                    "properties": {
                        code.name.lower(): {"type": "number", "minimum": 0, "maximum": 1} for code in CellCode
                    },
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ]
        }
    ),
]
"""One law, or laws with weights; see `read_ageing_law`. Use it as a field: ``ageing_law: AgeingLaw = choice(...)``."""

"""Where things stand in a workbook of inputs, the same for writing and for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskmodel.study import Leaf, Study

__all__ = [
    "ALLOWED", "COLUMNS", "FIELD", "FIRST_ROW", "HEAD_ROW", "INPUTS", "LAW", "LAWS", "LAW_KEYS", "SOURCE", "STUDY",
    "UNIT", "VALUE", "typed_value", "written_source",
]  # fmt: skip

INPUTS, STUDY = "Inputs", "Study"
"""Names of the sheets: the inputs, and the study they were written from."""
HEAD_ROW, FIRST_ROW = 3, 4
"""Row of the headings and of the first input, counted from 0."""
FIELD, VALUE, LAW = 0, 1, 2
LAW_KEYS = ("low", "mode", "high", "mean", "sd", "median", "sigma", "p10", "p90")
"""Parameters of laws that have a column of their own, from column 3."""
UNIT = LAW + 1 + len(LAW_KEYS)
ALLOWED, SOURCE = UNIT + 1, UNIT + 2
COLUMNS = ("Field", "Value", "Law", *LAW_KEYS, "Unit", "Allowed", "Where it comes from")
LAWS = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "pert": ("low", "mode", "high"),
    "normal": ("mean", "sd"),
    "lognormal": ("p10", "p90"),
    "gamma": ("mean", "sd"),
    "exponential": ("mean",),
}
"""Laws offered in the drop-down, and the parameters each is usually given by; others are typed as a table."""


def typed_value(study: Study, leaf: Leaf) -> Any:
    """A value as the study's file has it: a law as it was typed, money and names of money in the study's own."""
    from riskmodel.study.model import plain_value
    from riskmodel.study.money_names import names_outside

    if leaf.path == "correlation.names":
        return names_outside(leaf.value, study.header.currency)
    return study._specs.get(leaf.path, plain_value(leaf.value))


def written_source(study: Study, leaf: Leaf) -> str:
    """Where a value comes from, as its cell says it: the source alone for what the file gives."""
    origin = study.origin(leaf.path)
    return (origin.text if origin.kind == "file" else str(origin)).strip()

"""Published ageing laws of cells, one file a law, and the catalogue of their names.

Lane rows in float32 serve the engine's hourly loop; the scalar float64 laws serve `riskmodel.ageing`.
"""

from distributions.cells import blast, naumann_2020, sony_murata
from distributions.cells.blast_250ah import (
    KELVIN,
    anode_voltage,
    blast_250ah_calendar_row,
    blast_250ah_cycle_row,
    calendar_rate,
    cycle_rate,
    power_law_step,
)
from distributions.cells.forms import CellLaw

LAWS: dict[str, CellLaw] = {law.name: law for law in (blast.LAW, sony_murata.LAW, naumann_2020.LAW)}
"""Scalar laws by name."""

__all__ = [
    "LAWS",
    "CellLaw",
    "KELVIN",
    "anode_voltage",
    "blast_250ah_calendar_row",
    "blast_250ah_cycle_row",
    "calendar_rate",
    "cycle_rate",
    "power_law_step",
]

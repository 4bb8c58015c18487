"""Inputs of a study as an Excel workbook, and back: written with drop-downs and limits, read with named cells."""

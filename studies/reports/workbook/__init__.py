"""The finance workbook: simulated numbers as values, what can be checked as live formulas."""

from studies.reports.workbook.writing import write_workbook

__all__ = ["write_workbook"]

"""The analyst's report: one HTML page with every number, its error, what it was made of and how to make it again."""

from studies.reports.analyst.writing import write_analyst

__all__ = ["write_analyst"]

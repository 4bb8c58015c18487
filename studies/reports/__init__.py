"""Reports that people act on: the board page and the finance workbook, made from a results folder."""

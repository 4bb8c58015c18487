"""Reports that people act on, made from a results folder: board page, finance workbook, insurer's pack, analyst's page."""

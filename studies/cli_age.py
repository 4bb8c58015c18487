"""The command ``age``: what a published ageing law makes of rows of duty."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from studies.cli_problems import plain_problems, printable, refuse

__all__ = ["age_file"]


def age_file(points: Path, law_name: str, out: Path) -> None:
    """Age every row of a file and write it back with its capacity left."""
    with plain_problems():
        from distributions.cells import LAWS
        from riskmodel.ageing_table import (
            CYCLE_TEST_C,
            RESULT,
            age_table,
            largest_difference,
            read_duties,
            rows_without_temperature,
        )
        from riskmodel.csv_table import write_csv
        from riskmodel.study.problems import nearest

        law = LAWS.get(law_name)
        if law is None:
            near = nearest(law_name, list(LAWS))
            hint = f"; did you mean {near}?" if near else ""
            raise refuse(f"--law {law_name}: type one of {', '.join(LAWS)}{hint}")
        if out.exists() and points.exists() and out.samefile(points):
            raise refuse(f"--out {out}: is the file of the rows themselves: type another name")
        table = read_duties(points)
        left = age_table(table, law)
        rows = [[*row, f"{value:.10g}"] for row, value in zip(table.rows, left, strict=True)]
        write_csv(out, [*table.columns, RESULT], rows)
        assumed = rows_without_temperature(table, law)
        compared, difference = largest_difference(table, law, left)
    text = f"{law.title}\nValid for {law.valid_for}; outside it extrapolates.\n"
    text += f"{len(rows):,} rows, capacity left {left.min():.4f} to {left.max():.4f} of new: {out}"
    if assumed:
        text += f"\n{assumed:,} cycle rows state no T_C: aged at {CYCLE_TEST_C:g} deg C"
    if compared:
        text += f"\nLargest difference from the {compared} capacities stated for this law in the file: {difference:.2g}"
    Console().print(printable(text), highlight=False, markup=False, soft_wrap=True)

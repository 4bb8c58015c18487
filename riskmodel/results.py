"""A finished run: its tables, its estimates, and how it shows itself in a terminal and in a notebook."""

from __future__ import annotations

import functools
import html
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributions.estimate import Estimate
from riskmodel import manifest as manifests
from riskmodel.currency import in_words, outside
from riskmodel.event_files import EVENTS, event_files
from riskmodel.results_check import check_folder, check_manifest
from riskmodel.run import FIGURES, GIVEN_EVENTS, TABLE_FILES, RunError
from riskmodel.run_errors import told_as_damage

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from riskmodel.study import Study

PER_MILLION = 1e-6
PER_CENT = 100.0


class Results:
    """Results of a run, read from its folder when asked for.

    Parameters
    ----------
    folder : str or Path
        A results folder.

    Attributes
    ----------
    folder : Path
    manifest : dict
        What the run was made of: input hash, seed, versions, sources, file hashes.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        manifest = manifests.read(self.folder)
        if manifest is None:
            text = f"no results here ({manifests.NAME} is missing, not readable or of an earlier version)"
            raise RunError(f"{self.folder}: {text}")
        check_manifest(manifest, str(self.folder / manifests.NAME))
        self.manifest: dict[str, Any] = manifest

    @property
    def strategy_names(self) -> list[str]:
        """Strategies in the order of the study."""
        return list(self.manifest["strategies"])

    @property
    def titles(self) -> dict[str, str]:
        """Name of each strategy for readers."""
        return dict(self.manifest["strategies"])

    @property
    def baseline(self) -> str:
        """Strategy the others are compared with."""
        return str(self.manifest["baseline"])

    @property
    def currency(self) -> str:
        """Currency of the study, in which columns and metrics of money are named: `npv_usd` in a study in USD."""
        return str(self.manifest["study"]["currency"])

    @property
    def years(self) -> pd.DataFrame:
        """years.parquet: a row a path, strategy and year (year 0 = decision)."""
        return self._table("years")

    @property
    def paths(self) -> pd.DataFrame:
        """paths.parquet: a row a path and strategy."""
        return self._table("paths")

    @property
    def events(self) -> pd.DataFrame:
        """events.parquet: a row an event and strategy, for events that reached at least one strategy.

        Of more than 100,000 paths they hardly fit in memory: see `riskmodel.event_files.event_groups`.
        """
        return self._table("events")

    @functools.cached_property
    def study(self) -> Study:
        """The resolved study the run was made from."""
        from riskmodel.study import load_study

        return load_study(self.folder / "study.resolved.toml")

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return int(self.manifest["paths"])

    @property
    def n_years(self) -> int:
        """Number of years simulated."""
        return int(self.manifest["years"])

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.manifest["seed"])

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        place = self.folder / f"{name}.parquet"
        with told_as_damage(place):
            files = event_files(self.folder) if place.name == EVENTS else [place]
            parts = [pd.read_parquet(file, engine="pyarrow", page_checksum_verification=True) for file in files]
            return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def column(self, name: str) -> NDArray[Any]:
        """(n_paths, n_strategies) values of one column of paths.parquet."""
        from riskmodel.store import path_column

        return path_column(self.folder, name, len(self.strategy_names))

    def year_sums(self, names: list[str], strategy: str, minus: str | None = None) -> NDArray[np.float64]:
        """(n_paths, n_years + 1) sum of some columns of years.parquet for one strategy, or for it less another one."""
        from riskmodel.store import year_sums

        strategies = self.strategy_names
        other = None if minus is None else strategies.index(minus)
        return year_sums(self.folder, names, strategies.index(strategy), len(strategies), self.n_years, other)

    def summary(self) -> pd.DataFrame:
        """summary.csv: strategy, metric, value, standard_error, unit; see `riskmodel.summary` for the metrics."""
        from distributions.table_reading import read_frame

        with told_as_damage(self.folder / "summary.csv"):
            return read_frame(self.folder / "summary.csv", keep_default_na=False)

    @functools.cached_property
    def _estimates(self) -> dict[tuple[str, str], Estimate]:
        import csv

        place = self.folder / "summary.csv"
        with told_as_damage(place), place.open(encoding="utf-8", newline="") as stream:
            return {
                (row["strategy"], row["metric"]): Estimate(
                    float(row["value"]), _error_of(row), self.n_paths, row["unit"]
                )
                for row in csv.DictReader(stream)
            }

    def estimate(self, strategy: str, metric: str) -> Estimate | None:
        """One number of the summary with its error, e.g. `estimate("grid", "npv_eur:mean")`; None if not defined."""
        if strategy not in self.manifest["strategies"]:
            raise KeyError(f"no strategy {strategy!r}: type one of {', '.join(self.strategy_names)}")
        return self._estimates.get((strategy, outside(metric, self.currency)))

    def save(self, folder: str | Path, overwrite: bool = False) -> Results:
        """Copy the results to a new or empty folder and give the results there."""
        target = Path(folder)
        if target.exists() and (not target.is_dir() or any(target.iterdir())) and not overwrite:
            raise RunError(f"{target}: is not an empty folder; name another one or say overwrite=True")
        target.mkdir(parents=True, exist_ok=True)
        given = [GIVEN_EVENTS] if (self.folder / GIVEN_EVENTS).is_file() else []
        for name in (*TABLE_FILES, *given, manifests.NAME, FIGURES):
            if (self.folder / name).is_dir():
                shutil.copytree(self.folder / name, target / name, dirs_exist_ok=True)
            elif name != FIGURES:
                shutil.copyfile(self.folder / name, target / name)
        return Results(target)

    def table(self) -> list[dict[str, str]]:
        """One row a strategy, as text with errors, for a terminal or a page."""
        rows = (self._row(name) for name in self.strategy_names)
        return [{in_words(label, self.currency): text for label, text in row.items()} for row in rows]

    def _row(self, name: str) -> dict[str, str]:
        base = name == self.baseline
        return {
            "Strategy": f"{self.titles[name]} (baseline)" if base else self.titles[name],
            "NPV against baseline, million EUR": "0" if base else self._text(name, "delta_npv_eur:mean", PER_MILLION),
            "Simple payback, years (median)": "-" if base else self._text(name, "payback_simple_years:p50"),
            "Never pays back": "-" if base else self._text(name, "never_pays_back_share", PER_CENT, "%"),
            "Best in": self._text(name, "prob_best", PER_CENT, "%"),
            "Downtime loss, million EUR/year": self._text(name, "downtime_loss_eur_per_year:mean", PER_MILLION),
            "1 year in 20, million EUR": self._text(name, "downtime_loss_eur_1_in_20_year", PER_MILLION),
            "Energy cost, million EUR/year": self._text(name, "energy_cost_eur_per_year:mean", PER_MILLION),
            "Battery capacity left": self._text(name, "battery_capacity_left_end:mean", PER_CENT, "%"),
        }

    def _text(self, strategy: str, metric: str, factor: float = 1.0, unit: str = "") -> str:
        estimate = self.estimate(strategy, metric)
        return "-" if estimate is None else str(estimate.scaled(factor, unit))

    def _heading(self) -> str:
        study = self.manifest["study"]
        return f"{study['title']}: {self.n_paths:,} paths of {self.n_years} years, seed {self.seed}"

    def __repr__(self) -> str:
        """Heading and the table, one strategy a block so that it fits any width."""
        if self.manifest["state"] != "finished":
            return f"{self._heading()} ({self.manifest['state']}: resume the run to finish it)"
        lines = [self._heading()]
        for row in self.table():
            lines.append(f"\n{row['Strategy']}")
            lines += [f"  {label:<36}{text}" for label, text in row.items() if label != "Strategy" and text != "-"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table for a notebook; all text escaped."""
        if self.manifest["state"] != "finished":
            return f"<p>{html.escape(repr(self))}</p>"
        rows = self.table()
        head = _html_row("th", rows[0])
        body = "".join(_html_row("td", row.values()) for row in rows)
        caption = html.escape(self._heading())
        return f"<table><caption>{caption}</caption><thead>{head}</thead><tbody>{body}</tbody></table>"


def _html_row(cell: str, texts: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{cell}>{html.escape(text)}</{cell}>" for text in texts) + "</tr>"


def _error_of(row: dict[str, str]) -> float:
    error = float(row["standard_error"])
    if error < 0.0:
        raise ValueError(f"standard_error of {row['metric']} is {error:g}, below 0")
    return error


def load_results(folder: str | Path) -> Results:
    """Results of a finished run.

    Raises
    ------
    RunError
        If the folder holds none, or the run there is not finished.
    """
    results = Results(folder)
    if results.manifest["state"] != "finished":
        done = sum(end - first for first, end in results.manifest["ranges_done"])
        raise RunError(
            f"{results.folder}: the run there has {done:,} of {results.manifest['paths_wanted']:,} paths; "
            f"resume it to finish it"
        )
    check_folder(results.folder, results.manifest)
    return results

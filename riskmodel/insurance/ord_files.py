"""Writing ORD tables as CSV and Parquet, with what describes them: summary-info, metadata and a data dictionary."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from distributions.input_files import read_json
from riskmodel.insurance.ord_format import DICTIONARY, Column
from riskmodel.insurance.ord_tables import Summary, tables_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BY_CAUSE", "PERSPECTIVES", "check_folder", "write_description", "write_summaries"]

PERSPECTIVES = {"gul": (0, "ground-up"), "il": (1, "gross"), "ri": (2, "net of reinsurance")}
"""File prefix: ORD perspective code and its name."""
FORMATS = ("csv", "parquet")
ROWS_AT_ONCE = 1 << 18
BY_CAUSE = ("ept", "psept", "palt", "alct", "alct-total", "splt")
"""Tables of a summary set that only splits another one: its other tables would say the same once more."""
METADATA, DATA_DICTIONARY = "metadata.json", "data_dictionary.csv"


def write_summaries(
    folder: Path,
    perspective: str,
    number: int,
    summaries: Iterable[Summary],
    metadata: dict[str, str],
    names: tuple[str, ...] = tuple(DICTIONARY),
) -> list[str]:
    """Write all tables of one summary set, e.g. gul_S1_ept.csv; give the names of the files.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    perspective : str, of `PERSPECTIVES`
    number : int
        Number of the summary set, from 1.
    summaries : iterable of Summary
        One after the other; no two are held at once.
    metadata : dict of text
        Goes into the Parquet files.
    names : tuple of str
        Tables to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{perspective}_S{number}"
    infos: list[dict[str, Any]] = []
    with ExitStack() as stack:
        writers = {name: stack.enter_context(_Writer(folder, f"{stem}_{name}", metadata)) for name in names}
        for summary in summaries:
            exposure = summary.losses.periods.exposure * summary.losses.periods.weight
            tiv = float(np.nansum(exposure)) if np.isfinite(exposure).any() else 0.0
            infos.append({"summary_id": summary.number, **summary.info, "tiv": tiv})
            tables = tables_of(summary)
            for name, writer in writers.items():
                writer.add(tables[name])
    _write_info(folder, f"{stem}_summary-info", infos)
    return [f"{stem}_{name}.{kind}" for name in (*names, "summary-info") for kind in FORMATS]


class _Writer:
    """One table, appended to as CSV and as Parquet."""

    def __init__(self, folder: Path, name: str, metadata: dict[str, str]) -> None:
        import pyarrow as pa

        self.columns: tuple[Column, ...] = DICTIONARY[name.partition("_S")[2].partition("_")[2]]
        self.place = folder / name
        types = {"int": pa.int32(), "float": pa.float32()}
        self.schema = pa.schema([(column.name, types[column.kind]) for column in self.columns], metadata)
        self.text: BinaryIO | None = None
        self.parquet: Any = None

    def __enter__(self) -> _Writer:
        import pyarrow.parquet as pq

        self.text = self.place.with_suffix(".csv").open("wb")
        self.text.write((",".join(column.name for column in self.columns) + "\n").encode())
        self.parquet = pq.ParquetWriter(self.place.with_suffix(".parquet"), self.schema, compression="zstd")
        return self

    def __exit__(self, *_: object) -> None:
        if self.text is not None:
            self.text.close()
        if self.parquet is not None:
            self.parquet.close()

    def add(self, table: dict[str, NDArray[Any]]) -> None:
        """Append rows."""
        n = next(iter(table.values())).size
        for first in range(0, n, ROWS_AT_ONCE):
            self._add_some({name: values[first : first + ROWS_AT_ONCE] for name, values in table.items()})

    def _add_some(self, table: dict[str, NDArray[Any]]) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.text is None:
            return
        arrays, texts = [], []
        for column in self.columns:
            values = table[column.name].astype(np.int32 if column.kind == "int" else np.float32)
            arrays.append(pa.array(values, from_pandas=True))
            texts.append(_texts(values, column.text))
        lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*texts, ","), "", "\n")
        self.text.write(lines.buffers()[2].to_pybytes())
        self.parquet.write_table(pa.table(arrays, schema=self.schema))


def _texts(values: NDArray[Any], form: str) -> pa.Array:
    """Cells of a CSV column, empty for NaN; each different value is written out once."""
    import pyarrow as pa

    different, place = np.unique(values, return_inverse=True)
    words = list(map(form.__mod__, different.tolist()))
    if words and math.isnan(different[-1]):  # sorted last
        words[-1] = ""
    return pa.array(words, pa.string()).take(pa.array(place.astype(np.int32)))


def _write_info(folder: Path, name: str, infos: list[dict[str, Any]]) -> None:
    """summary-info as OasisLMF's own join reads it: `summary_id`, what it stands for, `tiv`; no comma in a text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = [{key: _plain(value) for key, value in info.items()} for info in infos]
    names = list(plain[0])
    lines = [",".join(names)] + [",".join(_cell(info[key]) for key in names) for info in plain]
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    table: pa.Table = pa.Table.from_pylist(plain)
    table = table.set_column(0, "summary_id", table.column(0).cast(pa.int32()))
    pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in value).replace(",", ";").split())
    return text.lstrip("=+-@") if text[:1] in "=+-@" else text  # a spreadsheet would run it


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.2f}" if isinstance(value, float) else str(value)


def write_description(folder: Path, files: list[str], facts: dict[str, Any]) -> None:
    """Write metadata.json (what was run, the files and their hashes) and data_dictionary.csv (every column)."""
    from riskmodel.csv_table import write_csv

    rows = [
        [name, column.name, "int32" if column.kind == "int" else "float32", column.meaning]
        for name, columns in DICTIONARY.items()
        for column in columns
    ]
    rows += [
        ["summary-info", "summary_id", "int32", "SummaryId of the tables of the same set"],
        ["summary-info", "tiv", "float64", "mean annual income of the connected cluster, the value at stake"],
        ["summary-info", "other columns", "text", "what the summary stands for; ';' stands for ','"],
    ]
    write_csv(folder / DATA_DICTIONARY, ["table", "column", "type", "meaning"], rows)
    hashes = {name: _digest(folder / name) for name in sorted(files)}
    record = {"standard": "Open Results Data (ORD), columns of oasislmf 2.5.8", **facts, "sha256": hashes}
    (folder / METADATA).write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_folder(folder: Path) -> list[str]:
    """Read every table back and compare it with the standard and with its twin; give what does not agree.

    Names, order and types of the columns; CSV and Parquet row by row to the digits the CSV prints; the mean of PALT
    against the sum of the weighted losses of SPLT, and the hashes of metadata.json.
    """
    import pandas as pd

    problems: list[str] = []
    metadata = read_json(folder / METADATA)
    for name, digest in metadata["sha256"].items():
        if _digest(folder / name) != digest:
            problems.append(f"{name}: its hash is not that of {METADATA}")
    for place in sorted(folder.glob("*_S*_*.parquet")):
        kind = place.stem.partition("_S")[2].partition("_")[2]
        if kind not in DICTIONARY:
            continue
        narrow = pd.read_parquet(place)
        text = pd.read_csv(place.with_suffix(".csv"))
        wanted = [column.name for column in DICTIONARY[kind]]
        types = ["int32" if column.kind == "int" else "float32" for column in DICTIONARY[kind]]
        if list(narrow.columns) != wanted or list(text.columns) != wanted:
            problems.append(f"{place.name}: columns {list(narrow.columns)}, not {wanted}")
        elif [str(narrow[name].dtype) for name in wanted] != types:
            problems.append(f"{place.name}: types {[str(narrow[name].dtype) for name in wanted]}, not {types}")
        elif len(narrow) != len(text) or not all(_alike(narrow[c.name], text[c.name], c) for c in DICTIONARY[kind]):
            problems.append(f"{place.name}: not the rows of its CSV")
        if kind == "palt":
            problems += _unbalanced(place, narrow)
    return problems


def _alike(narrow: Any, text: Any, column: Column) -> bool:
    step = 0.0 if column.kind == "int" else 0.51 * 10.0 ** -int(column.text[2:-1])
    a, b = narrow.to_numpy(dtype=float), text.to_numpy(dtype=float)
    return bool(np.all((np.abs(a - b) <= step + 1e-7 * np.abs(a)) | (np.isnan(a) & np.isnan(b))))


def _unbalanced(place: Path, means: Any) -> list[str]:
    """Summaries whose events do not add up to their mean."""
    import pandas as pd

    events = pd.read_parquet(place.with_name(place.name.replace("palt", "splt")))
    sums = (events["Loss"].astype(float) * events["PeriodWeight"].astype(float)).groupby(events["SummaryId"]).sum()
    found = zip(means["SummaryId"], means["MeanLoss"], strict=True)
    return [
        f"{place.name}: summary {number} has a mean of {mean:.6g}, its events add up to {sums.get(number, 0.0):.6g}"
        for number, mean in found
        if not math.isclose(mean, float(sums.get(number, 0.0)), rel_tol=1e-5, abs_tol=1e-6)
    ]

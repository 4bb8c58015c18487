"""Sections of evidence: what was fitted from what, every input, what is left out, how to make the numbers again."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.currency import outside
from studies.reports.analyst.blocks import Block, Listing, Section, Table, Text, digits

if TYPE_CHECKING:
    from distributions.facts import Rule
    from studies.reports.workbook.facts import Facts

__all__ = ["calibration", "inputs", "reproduce"]

PROCESSES = {
    "prices": "Electricity prices",
    "outages": "Outages and voltage sags",
    "weather": "Weather",
    "irradiance": "Sunshine",
    "tariffs": "Tariff",
}
LABELS = {
    "source": "From",
    "window": "Years of the history",
    "held_out": "Kept out of the fit",
    "hours_used": "Hours used",
    "hours_missing": "Hours missing",
    "fitted_by": "How",
    "facts_failed": "Facts outside their tolerance",
    "year_sd_from": "Scatter of years",
    "utc_offset_h": "Hours ahead of UTC",
}
LOW, HIGH = 10.0, 90.0


def calibration(facts: Facts) -> Section:
    """Records of the random processes: from what, how, tolerances of the facts compared, errors of what was fitted."""
    intro = (
        "Each random process runs on a record of numbers. Where a history was fitted, facts of a long simulation were "
        "compared with those of the history, and the record names those outside their tolerance. make validate fits "
        "the histories again and prints every fact of both. What the fit does not know for sure is drawn anew for each "
        "lifetime."
    )
    blocks: list[Block] = [Text(intro)]
    records = facts.results.manifest["sources"].get("records", {})
    for kind, meta in records.items():
        rows = tuple((LABELS.get(key, _plain(key)), _text(value)) for key, value in meta.items() if key != "name")
        blocks.append(Table(("What", "Content"), rows, f"{PROCESSES.get(kind, kind)}: {meta['name']}", 2))
        if "facts_failed" in meta:
            blocks.append(_tolerances(kind))
        elif kind != "tariffs":
            blocks.append(Text("Put together from the sources named: no history was fitted, so no facts were compared.",
                               "small"))  # fmt: skip
        blocks += _kinds_of_outages(facts) if kind == "outages" else []
        blocks += _errors(facts, kind)
    given = facts.results.manifest["sources"].get("given_events")
    if given:
        rows = (("File", str(given["name"])), ("SHA-256", str(given["sha256"])), ("Events", str(len(given["events"]))))
        blocks.append(Table(("What", "Content"), rows, "Outages given instead of drawn", 2))
    return Section("calibration", "What was fitted, and from what", blocks)


def _plain(key: str) -> str:
    words = key.replace("_", " ")
    return words[0].upper() + words[1:]


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _rules(kind: str) -> dict[str, Rule]:
    from distributions import irradiance_facts, outage_facts, price_facts

    return {"prices": price_facts.RULES, "irradiance": irradiance_facts.RULES, "outages": outage_facts.RULES}[kind]


def _tolerances(kind: str) -> Table:
    money = "; absolute parts of quantiles are shares of the mean" if kind == "prices" else ""
    rows = tuple((rule.label, rule.words()) for rule in _rules(kind).values())
    note = f"{PROCESSES[kind]}: facts compared with the history, and their tolerances{money}"
    return Table(("Fact", "Allowed difference"), rows, note, 2, folded=True)


def _kinds_of_outages(facts: Facts) -> list[Block]:
    """Rate and source of each kind of outage, where the record is still to be found."""
    from distributions.parameters import OUTAGE_FAMILIES, ParameterError, load

    try:
        record = load("outages", facts.results.study.record_names()["outages"])
    except ParameterError:
        return []
    rows = tuple(
        (family, f"{record[family]['rate_per_year']:g}", str(record[family].get("source", "")))
        for family in OUTAGE_FAMILIES
        if family in record
    )
    note = f"{PROCESSES['outages']}: kinds, how many a year on average, and from what"
    return [Table(("Kind", "A year", "From"), rows, note, 3, folded=True)]


def _errors(facts: Facts, kind: str) -> list[Block]:
    """What was drawn for each lifetime of the parameters of a record."""
    import pyarrow.parquet as pq

    start = f"scalar:{kind}."
    columns = [name for name in pq.read_schema(facts.results.folder / "paths.parquet").names if name.startswith(start)]
    rows = []
    for column in columns:
        drawn = np.asarray(facts.results.column(column), dtype=np.float64)[:, 0]
        low, middle, high = np.percentile(drawn, [LOW, 50.0, HIGH])
        rows.append((column.removeprefix(start), *(digits(value) for value in (low, middle, high))))
    if not rows:
        return []
    note = f"{PROCESSES.get(kind, kind)}: uncertain parameters as drawn in the lifetimes"
    head = ("Parameter", "10 % of lifetimes are below", "median", "10 % are above")
    return [Table(head, tuple(rows), note, folded=True)]


def inputs(facts: Facts) -> Section:
    """Every value of the resolved study with its unit and origin."""
    rows = facts.results.study.describe()
    judged = sum("judgement" in row.origin for row in rows)
    intro = (
        f"{len(rows)} inputs of the resolved study, {judged} of them judgement. A law in the second column is drawn "
        "anew for each lifetime. riskmodel sensitivity and riskmodel claim say which of them matter."
    )
    blocks: list[Block] = [Text(intro)]
    for group, found in groupby(rows, key=lambda row: _group(row.field)):
        part = list(found)
        own = sum("judgement" in row.origin for row in part)
        cells = tuple(
            (outside(row.field.removeprefix(f"{group}."), facts.currency), row.value_text, facts.unit(row.unit),
             *_origin(row.origin))
            for row in part
        )  # fmt: skip
        note = f"{group}: {len(part)} inputs, {own} of them judgement"
        head = ("Field", "Value or law", "Unit", "Trust", "Where it comes from")
        blocks.append(Table(head, cells, note, len(head), folded=True))
    return Section("inputs", "Every input", blocks)


def _group(field: str) -> str:
    parts = field.split(".")
    return ".".join(parts[:2]) if parts[0] == "strategies" else parts[0]


def _origin(origin: str) -> tuple[str, str]:
    """(trust, source) of an origin such as "file: NVIDIA DGX H100"."""
    kind, _, source = origin.partition(":")
    if "judgement" in origin:
        return "judgement", origin
    if kind == "default":
        return "default", origin
    return ("source named" if source.strip() else "no source"), origin


def reproduce(facts: Facts) -> Section:
    """Commands, versions and digests."""
    manifest = facts.results.manifest
    first = int(manifest.get("first_path", 0))
    begun = f" --first-path {first}" if first else ""
    controlled = " --control-variates" if "variance_reduction" in manifest else ""
    commands = (
        f"riskmodel run RESULTS/study.resolved.toml --paths {facts.results.n_paths} --seed {facts.results.seed}"
        f"{begun}{controlled} --out AGAIN",
        "riskmodel report AGAIN --for analyst",
    )
    intro = (
        "RESULTS is the folder this page was made from. The same study, seed and versions give the same bytes, on any "
        "number of threads; the digests below tell whether they did."
    )
    made = (
        ("Study", f"{manifest['study']['title']} ({manifest['study']['name']})"),
        ("Lifetimes (paths)", f"{facts.results.n_paths:,}"),
        ("Years", str(facts.years)),
        ("Seed", str(facts.results.seed)),
        ("Inputs, SHA-256", str(manifest["input_hash"])),
        ("Program source, SHA-256", str(manifest["source_version"])),
        ("Simulated (UTC)", f"{manifest['started']} to {manifest['ended']}"),
        *((f"Version of {name}", str(version)) for name, version in manifest["versions"].items()),
        ("Machine", ", ".join(f"{key} {value}" for key, value in manifest["machine"].items())),
    )
    files = tuple((name, digest) for name, digest in manifest["files"].items() if "/" not in name)
    blocks: list[Block] = [
        Text(intro),
        Listing(commands, code=True),
        Table(("What", "Content"), made, "What the run was made of", 2),
        Table(("File of the results", "SHA-256"), files, "Digests of the tables", 2, folded=True),
    ]
    return Section("again", "How to make these numbers again", blocks)

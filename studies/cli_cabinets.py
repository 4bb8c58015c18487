"""The command ``cabinets``: products of the catalogue, every number with its source."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

__all__ = ["list_cabinets"]


def list_cabinets(as_json: bool) -> None:
    """Print the catalogue."""
    from riskmodel.catalogue import cabinets

    records = [_record(cabinet) for cabinet in cabinets().values()]
    if as_json:
        typer.echo(json.dumps({"currency": "USD", "cabinets": records}, indent=2))
        return
    console = Console()
    for record in records:
        _print(console, record)
    text = "read: found in the source; computed: from numbers here; memory: recalled, not looked up; judgement: ours."
    console.print(text, highlight=False, soft_wrap=True)


def _record(cabinet: Any) -> dict[str, Any]:
    from riskmodel.catalogue import FIELDS

    capex = {}
    for region, price in cabinet.capex_usd_per_kwh.items():
        law = price.law()
        capex[region] = {
            "scope": price.scope,
            "unit": "USD/kWh",
            "law": price.spec,
            "mean": law.mean(),
            "p5": float(law.ppf(0.05)),
            "p95": float(law.ppf(0.95)),
            "source": price.source,
            "trust": price.trust,
        }
    return {
        "name": cabinet.name,
        "title": cabinet.title,
        "cooling": cabinet.cooling,
        "numbers": {key: {"words": FIELDS[key].words, **number._asdict()} for key, number in cabinet.numbers.items()},
        "round_trip_efficiency": cabinet.round_trip_efficiency._asdict(),
        "capex_usd_per_kwh": capex,
    }


def _print(console: Console, record: dict[str, Any]) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("number", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("trust: source")
    for key, number in record["numbers"].items():
        value = f"{number['value']:,.6g} {number['unit']}".strip()
        table.add_row(key, value, f"{number['trust']}: {number['source']}")
    curve = record["round_trip_efficiency"]
    for k, (load, value) in enumerate(zip(curve["load"], curve["value"], strict=True)):
        source = f"{curve['trust']}: {curve['source']}" if k == 0 else ""
        table.add_row(f"round_trip_efficiency, {load:.0%}", f"{value:g}", source)
    for region, price in record["capex_usd_per_kwh"].items():
        span = f"{price['p5']:.0f} to {price['p95']:.0f} USD/kWh"
        table.add_row(f"capex, {region}", span, f"{price['trust']}: {price['scope']}. {price['source']}")
    console.print(f"{record['name']}: {record['title']}. Capex: 90 % of the law lies between.", highlight=False)
    console.print(table)

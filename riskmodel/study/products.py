"""Numbers of a storage that its product in the catalogue gives where the study is silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskmodel.currency import INSIDE, scaled_law
from riskmodel.study.money_names import currency_of, rate_to

__all__ = ["EUR_PER_USD", "fill_products", "product_problems"]

EUR_PER_USD = 0.90
"""Judgement, near the mean of 2025, where a study in EUR states no rate: catalogue prices are in US dollars."""
CATALOGUE = "USD"

FULL_LOAD = 1.0

Fills = dict[str, tuple[Any, str]]
"""Field of a storage -> value and source."""


def _fills(product: str, region: str | None, rate: float | None, currency: str) -> Fills:
    """What the catalogue knows of a product; prices where a region is named."""
    from riskmodel.catalogue import cabinets

    cabinet = cabinets()[product]

    def known(name: str) -> tuple[float, str]:
        number = cabinet.numbers[name]
        return number.value, f"{number.trust}: {number.source}"

    curve = cabinet.round_trip_efficiency
    fills: Fills = {
        "cabinet_power_kw": known("power_kw"),
        "cabinet_energy_kwh": known("energy_kwh"),
        "end_of_life_capacity": known("end_of_life_capacity"),
        "auxiliary_kw_per_cabinet": known("auxiliary_standby_kw"),
        "round_trip_efficiency": (
            cabinet.efficiency_at(FULL_LOAD),
            f"{curve.trust}: at full power, which trading uses; {curve.source}",
        ),
    }
    cells = int(cabinet.value("cells_per_module") * cabinet.value("modules_per_string"))
    fills["cells_in_string"] = cells, known("modules_per_string")[1]
    if region is not None and region in cabinet.capex_usd_per_kwh and rate is not None:
        price = cabinet.capex_usd_per_kwh[region]
        law = scaled_law(price.spec, rate)
        converted = f"; at {rate:g} {currency}/{CATALOGUE}" if currency != CATALOGUE else ""
        fills["capex_eur_per_kwh"] = law, f"{price.trust}: {price.scope}; {price.source}{converted}"
    return fills


def _storages(tables: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    strategies = tables.get("strategies")
    for name, strategy in strategies.items() if isinstance(strategies, dict) else ():
        storage = strategy.get("storage") if isinstance(strategy, dict) else None
        if isinstance(storage, dict) and not storage.keys().isdisjoint(("product", "price_region")):
            yield f"strategies.{name}.storage", storage


def _rate(tables: Mapping[str, Any], currency: str) -> float | None:
    """Study money for one dollar: stated, or the usual one of a study in EUR."""
    return rate_to(tables, currency, CATALOGUE) or (EUR_PER_USD if currency == INSIDE else None)


def fill_products(tables: dict[str, Any], currency: str = INSIDE) -> dict[str, str]:
    """Fill what a storage with a `product` leaves out; returns the source of each field filled, by its path."""
    from riskmodel.catalogue import cabinets

    sources: dict[str, str] = {}
    for path, storage in _storages(tables):
        if storage.get("product") not in list(cabinets()):
            continue  # `product_problems` says so
        region = storage.get("price_region")
        rate = _rate(tables, currency)
        fills = _fills(storage["product"], region if isinstance(region, str) else None, rate, currency)
        for field, (value, source) in fills.items():
            if field not in storage:
                storage[field] = value
                sources[f"{path}.{field}"] = source
    return sources


def product_problems(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """What is wrong with the names of products and price regions: (field path, value, message)."""
    for path, storage in _storages(tables):
        product, region = storage.get("product"), storage.get("price_region")
        if all(name is None or isinstance(name, str) for name in (product, region)):
            yield from _wrong_names(path, product, region)
        if region is not None and "capex_eur_per_kwh" not in storage and _rate(tables, currency_of(tables)) is None:
            text = (
                "prices of the catalogue are in dollars; type the study's price of the cabinets, or a rate with its "
                "source in [study.exchange_rates]: USD = ..."
            )
            yield f"{path}.price_region", region, text


def _wrong_names(path: str, product: str | None, region: str | None) -> Iterator[tuple[str, Any, str]]:
    from riskmodel.catalogue import cabinets
    from riskmodel.study.problems import nearest

    known = cabinets()
    if product is not None and product not in known:
        near = nearest(product, list(known))
        hint = f"did you mean {near}? " if near else ""
        yield f"{path}.product", product, f"not in the catalogue; {hint}there are: {', '.join(known)}"
    if region is None:
        return
    if product is None:
        yield f"{path}.price_region", region, 'needs a product of the catalogue; type e.g. product = "261"'
    elif product in known and region not in known[product].capex_usd_per_kwh:
        there = ", ".join(known[product].capex_usd_per_kwh)
        yield f"{path}.price_region", region, f"the catalogue has no such price of this product; there are: {there}"

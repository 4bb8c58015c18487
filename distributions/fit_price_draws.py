"""How far fitted price parameters may be drawn: standard errors narrowed until the draws keep the fitted mean price.

Standard errors are slopes times scatter, true near the fit only. Where a history says little of a parameter (the size
of rare jumps, the bends of the tails), such an error is as wide as what is taken for granted, and the prices of drawn
records grow without bound, since they are an exponential of the parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from distributions.clock import HOURS_PER_DAY
from distributions.parameter_draws import Uniforms, draw_prices
from distributions.price_history import battery_value
from distributions.price_twin import draw, prices_from

__all__ = ["narrowed", "record_of_draw"]

DRAWS, YEARS, SEED = 60, 8, 20240301
LARGEST_SHIFT = 0.03
"""Largest relative change, by the draws, of the mean price and of the mean value of a battery: judgement, a third of
the tolerance of these facts."""

SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.17, 0.12, 0.08, 0.05)
"""Tried from the widest; the last is kept in any case."""


def narrowed(record: dict[str, Any], weather: dict[str, Any] | None = None) -> dict[str, Any]:
    """Uncertainty of a record with its standard errors times the largest share that keeps the mean facts.

    Parameters
    ----------
    record : dict
        Price record with ``uncertainty``.
    weather : dict, optional

    Returns
    -------
    dict
        ``uncertainty``; its ``method`` tells the share.

    Not modelled
    ------------
    What the narrowing gives away: the error of the long-run level belongs to the study, whose price level is an input.
    """
    stated = record["uncertainty"]
    kept = _facts([record] * DRAWS, weather)
    error = np.asarray(stated["standard_error"], dtype=np.float64)
    for share in SHARES:
        tried = stated | {"standard_error": np.array([float(f"{value:.4g}") for value in share * error])}
        values = draw_prices(record | {"uncertainty": tried}, _uniforms())
        shift = np.abs(_facts([record_of_draw(record, values, k) for k in range(DRAWS)], weather) / kept - 1.0)
        if shift.max() <= LARGEST_SHIFT or share == SHARES[-1]:
            break
    told = f"times {share:g}, so that draws move the mean price and the battery's value by {LARGEST_SHIFT:.0%} at most"
    return tried | {"method": f"{stated['method']}; {told}"}


def record_of_draw(record: dict[str, Any], values: dict[str, np.ndarray], path: int) -> dict[str, Any]:
    """Record of one path from the values of ``distributions.parameter_draws.draw_prices``."""
    own = {name: float(value if np.ndim(value) == 0 else value[path]) for name, value in values.items()}
    drawn = record | {name: value for name, value in own.items() if name in record}
    drawn["bend"] = np.array([own[f"bend_{knot}"] for knot in range(4)])
    middle = record["profile"].mean(axis=2, keepdims=True)
    drawn["profile"] = middle + own["profile_level"] + np.exp(own["hour_scale"]) * (record["profile"] - middle)
    drawn["size"] = np.exp(own["size_scale"]) * record["size"]
    return drawn


def _uniforms() -> Uniforms:
    """The same uniforms at each call, in pairs about the middle, so that a finite number of draws has no luck in it."""
    rng = np.random.default_rng(SEED)

    def pairs(_: str) -> np.ndarray:
        half = rng.random(DRAWS // 2)
        return np.concatenate([half, 1.0 - half])

    return pairs


def _facts(records: list[dict[str, Any]], weather: dict[str, Any] | None) -> np.ndarray:
    """(2,) mean price and mean daily value of a battery over all records, each on years of its own."""
    facts = []
    for number, record in enumerate(records):
        prices = prices_from(record, draw(YEARS, SEED + number, weather), weather, balanced=True)
        facts.append((prices.mean(), battery_value(prices.reshape(-1, HOURS_PER_DAY)).mean()))
    means: np.ndarray = np.mean(facts, axis=0)
    return means

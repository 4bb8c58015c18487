"""Fitted parameters of the random processes on each path, and the ageing law of its cells."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions import clearness, parameters, prices
from distributions.outages import CURTAILMENT, DURATION_FACTOR, EXTREME, FAMILIES, N_FAMILIES, RATE_FACTOR, SAG
from distributions.parameter_draws import draw_irradiance, draw_outages, draw_prices
from riskmodel.ageing_choice import STREAM, code_at, codes_used
from riskmodel.draws import scalar_uniforms
from riskmodel.lives import AS_IT_IS, Redraw

if TYPE_CHECKING:
    from riskmodel.study import Study


class ProcessDraws(NamedTuple):
    """What the processes of each path are made of.

    Attributes
    ----------
    prices : (26, n) float32, rows of `distributions.prices`
    sky : (8, n) float32, rows of `distributions.clearness`
    outages : (n, 2, 5) float64, factors on the rates and durations of the outage families
    law_uniforms : (n,) float64, which decide the ageing law of the cells
    columns : dict of name -> (n,) float64, the numbers that differ between paths, by `prices.`, `irradiance.` or
        `outages.` and their name in the record
    """

    prices: np.ndarray
    sky: np.ndarray
    outages: np.ndarray
    law_uniforms: np.ndarray
    columns: dict[str, np.ndarray]


def draw_processes(study: "Study", seed: int, first_path: int, n_paths: int, redraw: Redraw = AS_IT_IS) -> ProcessDraws:
    """Parameters of every path of a range, drawn from the errors that the records state.

    `redraw` : streams to take from another life of each path.

    Notes
    -----
    Draws: SCALAR, draw = CRC-32 of the name, as for the scalars of the study.
    """
    names = study.record_names()
    columns: dict[str, np.ndarray] = {}

    def of(kind: str, draw, record, *more):
        def uniforms(name):
            stream = f"{kind}.{name}"
            return scalar_uniforms(stream, redraw.path_of(stream, first_path), n_paths, seed)

        values = draw(record, *more, uniforms if study.site.parameter_uncertainty else None)
        columns.update({f"{kind}.{name}": value for name, value in values.items() if value.ndim})
        return values

    price_values = of("prices", draw_prices, parameters.load("prices", names["prices"]))
    sky_values = of("irradiance", draw_irradiance, parameters.load("irradiance", names["irradiance"]))
    outage_values = of("outages", draw_outages, parameters.load("outages", names["outages"]), FAMILIES)
    factors = np.empty((n_paths, 2, N_FAMILIES))
    for family, name in enumerate(FAMILIES):
        factors[:, RATE_FACTOR, family] = outage_values[f"{name}.rate"]
        factors[:, DURATION_FACTOR, family] = outage_values[f"{name}.duration"]
    law_uniforms = scalar_uniforms(STREAM, redraw.path_of(STREAM, first_path), n_paths, seed)
    for name, choice in _choices(study):
        columns[f"cells.{name}"] = code_at(choice, law_uniforms).astype(np.float64)
    sky = clearness.drawn_rows(sky_values, n_paths)
    return ProcessDraws(prices.drawn_rows(price_values, n_paths), sky, factors, law_uniforms, columns)


def _choices(study: "Study"):
    """Strategies whose cells' law is drawn."""
    for name, strategy in study.strategies.items():
        if strategy.storage is not None and len(codes_used(strategy.storage.ageing_law)) > 1:
            yield name, strategy.storage.ageing_law


OF_FAMILY = {
    SAG: "site.sag_rate_factor", EXTREME: "site.extreme_outage_rate_factor",
    CURTAILMENT: "site.curtailment_rate_factor",
}  # fmt: skip
"""Site factor on the rate of one family."""


def site_outages(processes: ProcessDraws, scalars: dict[str, np.ndarray]) -> np.ndarray:
    """Factors of the outage families with the site's own; the rate factor of all outages is not for calls."""
    factors = processes.outages.copy()
    factors[:, RATE_FACTOR, :CURTAILMENT] *= scalars["site.outage_rate_factor"][:, None]
    for family, name in OF_FAMILY.items():
        factors[:, RATE_FACTOR, family] *= scalars[name]
    return factors

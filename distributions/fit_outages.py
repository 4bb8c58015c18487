"""Outage parameters from the reliability indices that grid operators publish."""

from __future__ import annotations

import copy
import math
from typing import Any

from distributions.clock import S_PER_MIN
from distributions.parameters import load

__all__ = ["SUSTAINED_SIGMA", "from_indices"]

SUSTAINED_SIGMA = 1.1
"""Log standard deviation of routine interruptions; 1.0 to 1.2 fits utility event logs. Judgement between them."""


def from_indices(
    saifi_per_year: float,
    caidi_min: float,
    maifi_per_year: float,
    *,
    sigma: float = SUSTAINED_SIGMA,
    base: str = "nordic_hv",
) -> dict[str, Any]:
    """Outage families of a site whose grid has the given indices.

    Indices are means over customers, mostly at low voltage; a site on a higher voltage sees fewer sustained
    interruptions. Pass the site's own rate where it is known.

    Parameters
    ----------
    saifi_per_year : float [1/year]
        Sustained interruptions a customer-year.
    caidi_min : float [min]
        Mean duration of a sustained interruption.
    maifi_per_year : float [1/year]
        Momentary interruptions a customer-year.
    sigma : float
        Log standard deviation of the sustained duration.
    base : str
        Outage record that gives all that the indices do not: seasons, weather, over-dispersion, sags, extreme events
        and curtailment.

    Returns
    -------
    dict
        Outage record: one dict for each family, and ``meta``.

    Raises
    ------
    ValueError
        If an index is negative or not finite, or a duration is not positive.

    Sources
    -------
    IEEE 1366: SAIFI, CAIDI and MAIFI. Mean of a lognormal = median * exp(sigma^2 / 2).
    """
    _check(saifi_per_year=saifi_per_year, maifi_per_year=maifi_per_year)
    _check_positive(caidi_min=caidi_min, sigma=sigma)
    record = copy.deepcopy(load("outages", base))
    median_s = caidi_min * S_PER_MIN * math.exp(-0.5 * sigma * sigma)
    record["sustained"] |= {
        "rate_per_year": float(saifi_per_year),
        "duration_s": {"law": "lognormal", "median": median_s, "sigma": float(sigma)},
        "source": f"SAIFI {saifi_per_year:g} a year, CAIDI {caidi_min:g} min, lognormal with sigma {sigma:g}",
    }
    record["momentary"] |= {"rate_per_year": float(maifi_per_year), "source": f"MAIFI {maifi_per_year:g} a year"}
    record["meta"] = {"source": f"SAIFI, CAIDI and MAIFI given; the rest as {base}", "window": "as given"}
    return record


def _check(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} = {value}: must be a finite number >= 0")


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} = {value}: must be a finite number > 0")

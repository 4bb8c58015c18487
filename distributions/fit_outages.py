"""Outage parameters from the reliability indices that grid operators publish."""

from __future__ import annotations

import copy
import math
from typing import Any

from distributions.clock import S_PER_MIN
from distributions.parameters import OUTAGE_FAMILIES, load

__all__ = ["SUSTAINED_SIGMA", "conversion_words", "from_indices"]

SUSTAINED_SIGMA = 1.1
"""Log standard deviation of routine interruptions; 1.0 to 1.2 fits utility event logs. Judgement between them."""

CONVERTED_LOG_SE = 0.43
"""Of the rates at a site whose factor was given: 0.1 to 0.3 a year is plausible at 70-130 kV. Judgement."""

UNCONVERTED_LOG_SE = 0.8
"""Of rates of the average customer taken as the site's: from a third to nearly three times. Judgement."""

CAIDI_LOG_SE = 0.20
"""Of the mean duration: 60 to 100 min is what Nordic grids have. Judgement."""

HALF_RANGE = 1.2815515655446004
"""Standard normal quantile at 0.9."""


def from_indices(
    saifi_per_year: float,
    caidi_min: float,
    maifi_per_year: float,
    *,
    sigma: float = SUSTAINED_SIGMA,
    site_factor: float = 1.0,
    base: str = "nordic_hv",
) -> dict[str, Any]:
    """Outage families of a site whose grid has the given indices.

    Indices are means over customers, mostly at low voltage; a site on a higher voltage sees fewer sustained
    interruptions. Rates at the site = those of the indices times `site_factor`; the duration is taken as it is.

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
    site_factor : float
        Interruptions at the site over those of the average customer; 1 leaves the conversion out, and then the error of
        the rates is wider.
    base : str
        Outage record that gives all that the indices do not: seasons, weather, over-dispersion, sags, extreme events
        and curtailment.

    Returns
    -------
    dict
        Outage record: one dict for each family, ``uncertainty`` and ``meta``.

    Raises
    ------
    ValueError
        If an index is negative or not finite, or a duration is not positive.

    Sources
    -------
    IEEE 1366: SAIFI, CAIDI and MAIFI. Mean of a lognormal = median * exp(sigma^2 / 2).
    """
    _check(saifi_per_year=saifi_per_year, maifi_per_year=maifi_per_year)
    _check_positive(caidi_min=caidi_min, sigma=sigma, site_factor=site_factor)
    record = copy.deepcopy(load("outages", base))
    median_s = caidi_min * S_PER_MIN * math.exp(-0.5 * sigma * sigma)
    record["sustained"] |= {
        "rate_per_year": float(saifi_per_year * site_factor),
        "duration_s": {"law": "lognormal", "median": median_s, "sigma": float(sigma)},
        "source": f"SAIFI {saifi_per_year:g} a year times {site_factor:g}, CAIDI {caidi_min:g} min, sigma {sigma:g}",
    }
    record["momentary"] |= {
        "rate_per_year": float(maifi_per_year * site_factor),
        "source": f"MAIFI {maifi_per_year:g} a year times {site_factor:g}",
    }
    record["meta"] = {
        "source": f"SAIFI, CAIDI and MAIFI given; the rest as {base}",
        "window": "as given",
        "site_factor": float(site_factor),
    }
    record["uncertainty"] = _uncertainty(record.get("uncertainty", {}), site_factor, base)
    return record


def conversion_words(saifi_per_year: float, caidi_min: float, maifi_per_year: float, site_factor: float) -> list[str]:
    """How indices of customers become rates of the site, one line an index."""
    by = f"x site factor {site_factor:g}"
    converted = site_factor != 1.0
    told = (
        "judged to be known to a factor of"
        if converted
        else "not converted to the site's voltage: known to a factor of"
    )
    range_ = math.exp(HALF_RANGE * (CONVERTED_LOG_SE if converted else UNCONVERTED_LOG_SE))
    return [
        f"sustained: SAIFI {saifi_per_year:g} a customer-year {by} = {saifi_per_year * site_factor:g} a site-year",
        f"momentary: MAIFI {maifi_per_year:g} a customer-year {by} = {maifi_per_year * site_factor:g} a site-year",
        f"duration: CAIDI {caidi_min:g} min is taken as the mean at the site",
        f"rates {told} {range_:.1f} either way (10 to 90 %), drawn once a path",
    ]


def _uncertainty(kept: dict[str, Any], site_factor: float, base: str) -> dict[str, Any]:
    """Errors by judgement of the two families that the indices give; those of the base for the rest."""
    rate = CONVERTED_LOG_SE if site_factor != 1.0 else UNCONVERTED_LOG_SE
    none = {"rate_log_se": 0.0, "duration_log_se": 0.0}
    errors = {family: dict(kept.get(family, none)) for family in OUTAGE_FAMILIES}
    errors["sustained"] = {"rate_log_se": rate, "duration_log_se": CAIDI_LOG_SE}
    errors["momentary"]["rate_log_se"] = rate
    how = "with a site factor" if site_factor != 1.0 else "without a site factor"
    return errors | {
        "method": f"judgement: rates of the average customer taken to the site {how}, {rate:g} on the logarithm; mean "
        f"duration {CAIDI_LOG_SE:g}; the rest as {base}"
    }


def _check(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} = {value}: must be a finite number >= 0")


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} = {value}: must be a finite number > 0")

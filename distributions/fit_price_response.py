"""How far the sun of a day cheapens its midday: one number, fitted to days with both prices and sunshine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import MONTH_OF_DAY, MONTHS_PER_YEAR
from distributions.fit_irradiance import day_normals, simulate
from distributions.irradiance_history import clear_year
from distributions.price_sun import SunnyPrices, simulated_days, sun_facts
from distributions.price_twin import draw, prices_from

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PRICE_SEED", "SKY_SEED", "fit_response", "sun_of_the_hour"]

YEARS = 100
PRICE_SEED, SKY_SEED = 20240501, 13
"""Not one seed: two generators of one seed would give prices and sky the same normals."""

FIRST_TRY = 0.1
LARGEST = 1.0
"""Of y for a standard deviation of the day's clearness at the highest sun of the year."""

STEPS = 3


def sun_of_the_hour(frame: pd.DataFrame) -> np.ndarray:
    """Clear sky of each month and hour over the highest, less its mean over the day: what PV adds to an hour.

    Parameters
    ----------
    frame : pandas.DataFrame
        From ``distributions.irradiance_history.add_clear_sky``.

    Returns
    -------
    (12, 24) float64
    """
    clear = clear_year(frame)
    month = np.array([clear[MONTH_OF_DAY == m].mean(axis=0) for m in range(MONTHS_PER_YEAR)])
    month /= month.max()
    return month - month.mean(axis=1, keepdims=True)


def fit_response(
    record: dict[str, Any], history: SunnyPrices, sky: dict[str, Any], frame: pd.DataFrame, weather: dict[str, Any]
) -> tuple[np.ndarray, float]:
    """Fit the table ``sunny`` of a price record: its size is moved until simulated bright days differ from dull ones at
    midday as those of the history do.

    Parameters
    ----------
    record : dict
        Fitted price record.
    history : SunnyPrices
    sky : dict
        Clearness record of the same place.
    frame : pandas.DataFrame
        Its clear sky.
    weather : dict

    Returns
    -------
    sunny : (12, 24) float64
        What a standard deviation more of the day's clearness adds to y.
    size : float
        Of the answer: y at the highest sun of the year, 0 where bright days are not cheaper at midday.

    Not modelled
    ------------
    Sun elsewhere: one place stands for all PV of the zone, so the answer is that to the sun of this place.
    """
    hours = sun_of_the_hour(frame)
    draws = draw(YEARS, PRICE_SEED, weather)
    clearness = simulate(sky, YEARS, SKY_SEED, weather=weather, regime=draws.regime)
    bright = day_normals(sky, YEARS, SKY_SEED)
    target = np.log(sun_facts(history)["sun_midday_ratio"])

    def ratio(size: float) -> float:
        prices = prices_from(record | {"sunny": -size * hours}, draws, weather, bright=bright)
        return float(np.log(sun_facts(simulated_days(prices, clearness, frame))["sun_midday_ratio"]))

    size, none = FIRST_TRY, ratio(0.0)
    for _ in range(STEPS):
        size = float(np.clip(size * (target - none) / (ratio(size) - none), 0.0, LARGEST))
        if size == 0.0:
            break
    size = float(f"{size:.4g}")
    return -size * hours, size

"""From a file of irradiance and simulated prices to the facts of both together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.clock import DAYS_PER_YEAR
from distributions.facts import Fact
from distributions.fit_irradiance import day_normals, simulate
from distributions.fit_irradiance_history import read_sky, sky_record
from distributions.price_sun import SunnyPrices, check_together, joined, simulated_days, validate_sun
from distributions.table_reading import HistoryError
from distributions.weather_reading import WeatherRequest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sky", "compare_sun", "read_sun", "sky_law"]

SEED = 11
"""Not the seed of the simulated prices: two generators of one seed would give both the same normals."""

OPTIONS = {"--times": "--sun-times", "--stamps": "--sun-stamps", "--ghi-column": "--sun-column",
           "--ghi-unit": "--sun-unit"}  # fmt: skip
"""Options of a history of irradiance as they are called beside one of prices."""


class Sky(NamedTuple):
    """A history of irradiance on the clock of the prices.

    Attributes
    ----------
    file : str
    frame : pandas.DataFrame
        Clear sky and clearness of all its days.
    days : SunnyPrices
        Those with a fitted price.
    notes : list of str
        How it was read.
    """

    file: str
    frame: pd.DataFrame
    days: SunnyPrices
    notes: list[str]


def read_sun(request: WeatherRequest, prices: pd.Series, utc_offset_h: float) -> Sky:
    """Read a history of irradiance on the clock of the prices, and set it beside them.

    Parameters
    ----------
    request : WeatherRequest
    prices : pandas.Series
        The fitted history.
    utc_offset_h : float [h]
        Local standard time of the prices minus UTC.

    Raises
    ------
    HistoryError
        If it cannot be read, has no dates, or does not meet the prices on enough days.
    """
    file = request.path.name
    try:
        weather, frame = read_sky(replace(request, utc_offset_h=utc_offset_h))
    except HistoryError as error:
        text = str(error)
        for option, own in OPTIONS.items():
            text = text.replace(option, own)
        raise HistoryError(f"--sun: {text}") from None
    if weather.typical:
        raise HistoryError(f"--sun {file}: is a typical year, whose days cannot be set beside dated prices")
    days = check_together(joined(prices, frame), prices, frame, file)
    return Sky(file, frame, days, [f"sun {file}: {note}" for note in weather.notes])


def sky_law(sky: Sky, weather: dict[str, Any], years: int) -> tuple[dict[str, Any], np.ndarray]:
    """Clearness record of the whole history of irradiance, and the brightness of the days it is simulated on.

    Returns
    -------
    record : dict
    bright : (years * 365,) float64
        Standard normal of each day's clearness.
    """
    record = sky_record(sky.frame, weather, sky.file)
    return record, day_normals(record, years, SEED)


def compare_sun(
    sky: Sky,
    record: dict[str, Any],
    prices: np.ndarray,
    regime: np.ndarray,
    weather: dict[str, Any],
    held_out: pd.Series | None,
) -> tuple[list[Fact], SunnyPrices]:
    """Facts of prices and sunshine together, and the simulated days.

    Clearness is fitted to the whole history of irradiance, and drawn on the weather regime of the simulated prices.

    Parameters
    ----------
    sky : Sky
    record : dict
        Clearness record of it, from ``sky_law``.
    prices : (n_years * 8760,) float64
        Simulated, on the brightness that ``sky_law`` gives.
    regime : (n_years * 365,) int64
        Weather they were simulated on.
    weather : dict
    held_out : pandas.Series, optional
        Prices kept out of the fit.
    """
    years = len(regime) // DAYS_PER_YEAR
    run = simulated_days(prices, simulate(record, years, SEED, weather=weather, regime=regime), sky.frame)
    later = None if held_out is None else joined(held_out, sky.frame)
    return validate_sun(sky.days, run, later), run

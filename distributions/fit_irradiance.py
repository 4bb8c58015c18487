"""Fit the clearness process to measured irradiance, and a plain NumPy twin of it.

Clearness index kc = global horizontal irradiance / clear-sky global horizontal irradiance. A normal x with a daily and
an hourly autoregression is mapped to kc by the quantiles of its month.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import DAYS_PER_YEAR, HOURS_PER_DAY, MONTH_OF_DAY, MONTHS_PER_YEAR
from distributions.irradiance_history import LOWEST_CLEAR_SKY_W_PER_M2, by_day, clear_year, describe
from distributions.parameters import CLEARNESS_KNOTS
from distributions.price_history import local_time
from distributions.price_twin import autoregression, regimes
from distributions.regime import state_share

if TYPE_CHECKING:
    import pandas as pd

    from distributions.irradiance_years import YearSpread

__all__ = ["KNOT_LIMIT", "fit", "fit_with_years", "simulate", "yearly_normals"]

KNOT_LIMIT = 2.5
"""The map's knots run from -2.5 to 2.5; it is flat outside."""

FIT_YEARS = 12
FIT_SEED = 20240229
YEAR_STREAM = 1
"""Second word of the generator that draws the shifts of years, so that the hours are the same with and without."""

MOVED = ("day_phi", "day_weight", "hour_phi")
MATCHED = ("daily_sd", "daily_acf_1d", "hourly_deviation_acf_1h")
"""Parameters the refinement moves, and the facts it meets."""

LAGS_H = (1, 2, 3, 4, 6)
"""Lags within a day whose correlations give the hourly autoregression and the day's weight."""


def fit(frame: pd.DataFrame, weather: dict[str, Any], *, refine: bool = True, typical: bool = False) -> dict[str, Any]:
    """Fit the clearness process.

    Quantiles weigh each hour with its clear-sky irradiance, so that the month's energy is the measured one, and are
    taken against the normal as the weather regime shifts it, so that the regime moves energy between days and adds
    none. Correlations start from those of the normal scores and are moved until a simulation on fixed draws has the
    measured spread and lag-1 autocorrelation of daily clearness and the autocorrelation within the day. What the years
    then scatter too little is added as a shift that a year keeps; the quantiles and correlations are fitted again
    beside it.

    Parameters
    ----------
    frame : pandas.DataFrame
        From ``add_clear_sky``, local standard time.
    weather : dict
        Weather record whose clearness shifts the engine will add.
    refine : bool
        False leaves out the simulations, for quick repeats.
    typical : bool
        Whether the history is a typical year, whose years say nothing of their scatter.

    Returns
    -------
    dict
        Irradiance record without ``meta``.
    """
    return fit_with_years(frame, weather, typical=typical)[0] if refine else _start(frame, weather, 0.0)


def fit_with_years(
    frame: pd.DataFrame, weather: dict[str, Any], *, typical: bool = False
) -> tuple[dict[str, Any], YearSpread]:
    """The record of ``fit``, and where its spread of years comes from."""
    from distributions.irradiance_years import fit_years

    first = _refine(_start(frame, weather, 0.0), frame, weather)
    spread = fit_years(first, frame, weather, typical=typical)
    again = _start(frame, weather, spread.year_sd) | {name: first[name] for name in MOVED}
    return _refine(again, frame, weather), spread


def _start(frame: pd.DataFrame, weather: dict[str, Any], year_sd: float) -> dict[str, Any]:
    """Quantiles by month, and correlations of the normal scores."""
    clearness, clear = frame["clearness"].to_numpy(), frame["clear_w_per_m2"].to_numpy()
    time = local_time(frame)
    month = time.month.to_numpy() - 1
    valid = np.isfinite(clearness)
    score = np.full(len(clearness), np.nan)
    quantile = np.empty((MONTHS_PER_YEAR, CLEARNESS_KNOTS))
    for m in range(MONTHS_PER_YEAR):
        chosen = valid & (month == m)
        order = np.flatnonzero(chosen)[np.argsort(clearness[chosen])]
        share = (np.cumsum(clear[order]) - 0.5 * clear[order]) / clear[order].sum()
        score[order] = _normal_score(share)
        quantile[m] = _knots(
            share, clearness[order], _regime_share(weather, m), weather["clearness_shift"], np.hypot(1.0, year_sd)
        )
    return _correlations(score, time.hour.to_numpy()) | {"quantile": quantile, "year_sd": year_sd}


def simulate(
    parameters: dict[str, Any],
    years: int,
    seed: int,
    *,
    weather: dict[str, Any] | None = None,
    regime: np.ndarray | None = None,
) -> np.ndarray:
    """Simulate hourly clearness.

    Parameters
    ----------
    parameters : dict
        Irradiance record as ``distributions.parameters.load("irradiance", name)`` gives it.
    years : int
    seed : int
        Of a NumPy generator: this twin is for diagnostics, the engine draws from its own streams.
    weather : dict, optional
        Weather record; without it no clearness shift is applied.
    regime : (years * 365,) int64, optional
        Weather of each day, where another process shares it; drawn by default.

    Returns
    -------
    (years * 365, 24) float64
    """
    rng = np.random.default_rng(seed)
    days = years * DAYS_PER_YEAR
    day = autoregression(parameters["day_phi"], 1.0, rng.standard_normal(days))
    hour = autoregression(parameters["hour_phi"], 1.0, rng.standard_normal(days * HOURS_PER_DAY))
    weight = parameters["day_weight"]
    x = np.sqrt(weight) * day[:, None] + np.sqrt(1.0 - weight) * hour.reshape(days, HOURS_PER_DAY)
    if weather is not None:
        regime = regimes(rng.random(days), weather) if regime is None else regime
        x = x + weather["clearness_shift"][regime][:, None]
    if parameters.get("year_sd", 0.0) > 0.0:
        x = x + np.repeat(parameters["year_sd"] * yearly_normals(years, seed), DAYS_PER_YEAR)[:, None]
    knots = _knot_places()
    month = np.tile(MONTH_OF_DAY, years)
    clearness = np.empty_like(x)
    for m in range(MONTHS_PER_YEAR):
        clearness[month == m] = np.interp(x[month == m], knots, parameters["quantile"][m])
    return clearness


def day_normals(parameters: dict[str, Any], years: int, seed: int) -> np.ndarray:
    """Standard normal of each day's clearness in ``simulate`` with the same years and seed, (years * 365,) float64."""
    noise = np.random.default_rng(seed).standard_normal(years * DAYS_PER_YEAR)
    return autoregression(parameters["day_phi"], 1.0, noise)


def yearly_normals(years: int, seed: int) -> np.ndarray:
    """Shift of each year of ``simulate``, (years,) float64; of mean 0 and standard deviation 1 where there are some, so
    that a dozen years do not lean to one side."""
    drawn = np.random.default_rng([seed, YEAR_STREAM]).standard_normal(years)
    return (drawn - drawn.mean()) / drawn.std() if years >= FIT_YEARS else drawn


def _knot_places() -> np.ndarray:
    return np.linspace(-KNOT_LIMIT, KNOT_LIMIT, CLEARNESS_KNOTS)


def _knots(share: np.ndarray, clearness: np.ndarray, regime: np.ndarray, shift: np.ndarray, sd: float) -> np.ndarray:
    """Values at the knots: least squares on the quantile function, weighted by how often x falls there.

    x is normal about each regime's shift; ``sd`` is above 1 where years differ.

    The hat functions add up to one, so least squares keeps the mean exactly.
    """
    from scipy.special import ndtr

    x = np.linspace(-4.5, 4.5, 1801)
    score = (x[:, None] - shift[None, :]) / sd
    below = ndtr(score) @ regime
    density = np.exp(-0.5 * score**2) @ regime
    target = np.interp(below, share, clearness)
    places = _knot_places()
    hats = np.column_stack([np.interp(x, places, row) for row in np.eye(CLEARNESS_KNOTS)])
    root = np.sqrt(density)[:, None]
    values = np.linalg.lstsq(hats * root, target * root[:, 0], rcond=None)[0]
    rising: np.ndarray = np.maximum.accumulate(np.maximum(values, 0.0))
    return rising


def _correlations(score: np.ndarray, hour: np.ndarray) -> dict[str, float]:
    """Day weight, hourly and daily autoregression from normal scores.

    Within a day the correlation at lag l is w + (1 - w) phi^l; at lag 24 it is w day_phi + (1 - w) phi^24.
    """
    from scipy.optimize import least_squares

    # Hours counted from midnight: in local standard time the sun never shines across it south of the Arctic Circle.
    lags = np.array(LAGS_H)
    measured = np.array([_correlation(score, lag, hour >= lag) for lag in LAGS_H])

    def misses(position: np.ndarray) -> np.ndarray:
        return position[0] + (1.0 - position[0]) * position[1] ** lags - measured

    weight, hour_phi = least_squares(misses, [0.5, 0.5], bounds=(0.01, 0.99)).x
    next_day = _correlation(score, HOURS_PER_DAY, hour >= 0)
    day_phi = (next_day - (1.0 - weight) * hour_phi**HOURS_PER_DAY) / weight
    return {"day_phi": float(np.clip(day_phi, 0.0, 0.95)), "day_weight": float(weight), "hour_phi": float(hour_phi)}


def _refine(start: dict[str, Any], frame: pd.DataFrame, weather: dict[str, Any]) -> dict[str, Any]:
    from scipy.optimize import least_squares

    clearness, clear = by_day(frame)
    target = describe(clearness, clear)
    sky = np.tile(clear_year(frame), (FIT_YEARS, 1))

    def record(position: np.ndarray) -> dict[str, Any]:
        return start | dict(zip(MOVED, (float(value) for value in position), strict=True))

    def misses(position: np.ndarray) -> list[float]:
        run = simulate(record(position), FIT_YEARS, FIT_SEED, weather=weather)
        facts = describe(np.where(sky > LOWEST_CLEAR_SKY_W_PER_M2, run, np.nan), sky)
        return [facts[name] - target[name] for name in MATCHED]

    lowest, highest = 0.02, 0.97
    # hours that do not hang together at all start below the range that is searched
    begin = np.clip([start[name] for name in MOVED], lowest + 0.01, highest - 0.01)
    step = np.full(len(begin), 0.02)
    return record(least_squares(misses, begin, bounds=(lowest, highest), diff_step=step, max_nfev=15).x)


def _correlation(score: np.ndarray, lag: int, chosen: np.ndarray) -> float:
    return float(np.nanmean((score[lag:] * score[:-lag])[chosen[lag:]]) / np.nanmean(score**2))


def _normal_score(share: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    score: np.ndarray = ndtri(share)
    return score


def _regime_share(weather: dict[str, Any], month: int) -> np.ndarray:
    mean: np.ndarray = state_share(weather["transition"])[month == MONTH_OF_DAY].mean(axis=0)
    return mean

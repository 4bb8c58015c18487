"""Plain NumPy twin of the hourly price process, for fitting and for checking the compiled one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from distributions.clock import DAYS_PER_WEEK, DAYS_PER_YEAR, FIRST_WEEKEND_DAY, HOURS_PER_DAY, MONTH_OF_DAY

__all__ = [
    "PRICE_CEILING",
    "PRICE_FLOOR",
    "TRANSFORM_LIMIT",
    "Draws",
    "autoregression",
    "bent",
    "draw",
    "prices_from",
    "regimes",
    "simulate",
]

PRICE_FLOOR, PRICE_CEILING = -500.0, 4000.0
"""Harmonised limits of the European day-ahead auction since 2022 [EUR/MWh]."""

TRANSFORM_LIMIT = 7.0
"""y is clipped to this before the sinh."""

GOLDEN = 0.5 * (5.0**0.5 - 1.0)
"""Multiples of it, less whole numbers, are spread evenly however many they are."""

DAILY = ("slow", "fast", "spread", "volatility")


@dataclass(frozen=True)
class Draws:
    """Standard draws for a run of whole years; the same for every parameter value.

    Parameters
    ----------
    daily : (4, n_days) float64
        Standard normals of the slow, fast, spread and volatility processes.
    hourly : (n_hours,) float64
        Standard normals of the hourly residual.
    jump : (4, n_days) float64
        Uniforms for occurrence and sign of jumps, standard exponentials for their size; uniforms for surges.
    regime : (n_days,) int64
        Weather regime.
    """

    daily: np.ndarray
    hourly: np.ndarray
    jump: np.ndarray
    regime: np.ndarray


def simulate(parameters: dict[str, Any], years: int, seed: int, *, weather: dict[str, Any] | None = None) -> np.ndarray:
    """Simulate hourly prices.

    Parameters
    ----------
    parameters : dict
        Price record as ``distributions.parameters.load("prices", name)`` gives it.
    years : int
    seed : int
        Of a NumPy generator: this twin is for diagnostics, the engine draws from its own streams.
    weather : dict, optional
        Weather record; without it every day is normal and no price shift is applied.

    Returns
    -------
    (years * 8760,) float64 [EUR/MWh]
    """
    return prices_from(parameters, draw(years, seed, weather), weather)


def draw(years: int, seed: int, weather: dict[str, Any] | None = None) -> Draws:
    """Make the standard draws of a run of ``years`` years."""
    rng = np.random.default_rng(seed)
    days = years * DAYS_PER_YEAR
    daily = rng.standard_normal((len(DAILY), days))
    hourly = rng.standard_normal(days * HOURS_PER_DAY)
    jump = np.stack([rng.random(days), rng.random(days), rng.standard_exponential(days), np.empty(days)])
    regime = regimes(rng.random(days), weather)
    jump[3] = rng.random(days)
    return Draws(daily, hourly, jump, regime)


def prices_from(
    parameters: dict[str, Any],
    draws: Draws,
    weather: dict[str, Any] | None = None,
    *,
    balanced: bool = False,
    bright: np.ndarray | None = None,
) -> np.ndarray:
    """Turn standard draws into prices.

    Parameters
    ----------
    parameters, weather : dict
    draws : Draws
    balanced : bool
        Map each daily process onto exact normal quantiles by rank, and the uniforms of jumps and surges onto even ones,
        so a finite run has no luck in its level, its volatility or the number of its crises. For fitting: the mean of
        100 years otherwise wanders by several per cent.
    bright : (n_days,) float64, optional
        Standard normal of each day's clearness; needs ``sunny`` in the record.

    Returns
    -------
    (n_hours,) float64 [EUR/MWh]
    """
    slow, fast, spread, volatility = (
        autoregression(parameters[f"{name}_phi"], parameters[f"{name}_sd"], noise)
        for name, noise in zip(DAILY, draws.daily, strict=True)
    )
    if balanced:
        slow, fast, spread, volatility = (
            _on_normal_quantiles(values) * parameters[f"{name}_sd"]
            for name, values in zip(DAILY, (slow, fast, spread, volatility), strict=True)
        )
    jump, surge = draws.jump[:3], draws.jump[3]
    if balanced:
        jump, surge = np.stack([_ranks(jump[0]), *jump[1:]]), _ranks(surge)
    level = slow + fast + _jumps(parameters, jump) + _surges(parameters, surge, balanced)
    if weather is not None:
        level = level + weather["price_shift"][draws.regime]
    day = np.arange(len(slow))
    kind = np.maximum(day % DAYS_PER_WEEK - FIRST_WEEKEND_DAY + 1, 0)
    profile = parameters["profile"][MONTH_OF_DAY[day % DAYS_PER_YEAR], kind]
    residual = autoregression(parameters["hour_phi"], 1.0, draws.hourly).reshape(-1, HOURS_PER_DAY)
    y = profile + level[:, None] + spread[:, None] * parameters["shape"]
    y += np.exp(volatility)[:, None] * parameters["size"] * residual
    if bright is not None:
        y += bright[:, None] * parameters["sunny"][MONTH_OF_DAY[day % DAYS_PER_YEAR]]
    y = np.clip(bent(y, parameters), -TRANSFORM_LIMIT, TRANSFORM_LIMIT)
    price = parameters["offset"] + parameters["scale"] * np.sinh(y)
    return np.clip(price, PRICE_FLOOR, PRICE_CEILING).ravel()


def bent(y: np.ndarray, parameters: dict[str, Any]) -> np.ndarray:
    """Stretch y below two knots and above two others, so that the marginal distribution meets the history's.

    Parameters
    ----------
    y : float64
    parameters : dict
        Price record; without ``bend`` nothing is stretched.

    Returns
    -------
    float64
        y + bend[0] min(y - k0, 0) + bend[1] min(y - k1, 0) + bend[2] max(y - k2, 0) + bend[3] max(y - k3, 0) with
        k = bend_at; rising as long as 1 + bend[1], 1 + bend[0] + bend[1], 1 + bend[2] and 1 + bend[2] + bend[3] are
        positive.
    """
    if "bend" not in parameters:
        return y
    k0, k1, k2, k3 = parameters["bend_at"]
    b0, b1, b2, b3 = parameters["bend"]
    low = b0 * np.minimum(y - k0, 0.0) + b1 * np.minimum(y - k1, 0.0)
    bending: np.ndarray = y + low + b2 * np.maximum(y - k2, 0.0) + b3 * np.maximum(y - k3, 0.0)
    return bending


def autoregression(phi: float, sd: float, noise: np.ndarray) -> np.ndarray:
    """First-order autoregression with stationary standard deviation ``sd``, started stationary.

    Parameters
    ----------
    phi, sd : float
    noise : (n,) float64
        Standard normals.

    Returns
    -------
    (n,) float64
    """
    from scipy.signal import lfilter

    driven = noise * (sd * np.sqrt(1.0 - phi * phi))
    driven[0] = noise[0] * sd
    series: np.ndarray = lfilter([1.0], [1.0, -phi], driven)
    return series


def _jumps(parameters: dict[str, Any], jump: np.ndarray) -> np.ndarray:
    from scipy.signal import lfilter

    occurs = jump[0] < parameters["jump_probability_per_day"]
    up = jump[1] < parameters["jump_share_up"]
    size = np.where(up, parameters["jump_mean_up"], -parameters["jump_mean_down"]) * jump[2]
    level: np.ndarray = lfilter([1.0], [1.0, -parameters["jump_decay"]], np.where(occurs, size, 0.0))
    return level


def _surges(parameters: dict[str, Any], uniform: np.ndarray, balanced: bool) -> np.ndarray:
    """A level that is entered on rare days, stays as it began, and ends at once; none begins while another lasts.

    Balanced, sizes and durations are spread evenly over all surges, so that a few of them have no luck.
    """
    level = np.zeros(len(uniform))
    probability = parameters.get("surge_probability_per_day", 0.0)
    if probability == 0.0:
        return level
    stay, free = parameters["surge_stay"], 0
    begins = np.flatnonzero(uniform < probability)
    if balanced:
        rank = np.argsort(np.argsort(uniform[begins]))
        chance = (0.5 + rank * GOLDEN) % 1.0
        ends = begins + np.ceil(np.log(chance) / np.log(stay)).astype(np.int64)
    else:
        over = np.append(np.flatnonzero(uniform >= stay), len(uniform))
        ends = over[np.searchsorted(over, begins, side="right").clip(max=len(over) - 1)]
    for day, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if day >= free:
            free = end + 1
            level[day:end] = parameters["surge_mean"] * (0.5 + uniform[day] / probability)
    return level


def _on_normal_quantiles(values: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    quantiles: np.ndarray = ndtri(_ranks(values))
    return quantiles


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks over the number of values, each in the middle of its cell."""
    rank = np.empty(len(values))
    rank[np.argsort(values)] = np.arange(len(values)) + 0.5
    return rank / len(values)


def regimes(uniform: np.ndarray, weather: dict[str, Any] | None) -> np.ndarray:
    """Walk the weather chain from 1 January.

    Parameters
    ----------
    uniform : (n_days,) float64
        One uniform a day.
    weather : dict, optional
        Weather record; without it every day is normal.

    Returns
    -------
    (n_days,) int64
        State of each day.
    """
    if weather is None:
        return np.zeros(len(uniform), dtype=np.int64)
    from distributions.regime import state_share

    cumulative = np.cumsum(weather["transition"], axis=2).tolist()
    month = MONTH_OF_DAY.tolist()
    regime = np.zeros(len(uniform), dtype=np.int64)
    first = np.cumsum(state_share(weather["transition"])[0])
    state = int((uniform[0] > first[:-1]).sum())
    regime[0] = state
    for day in range(1, len(uniform)):
        row = cumulative[month[day % DAYS_PER_YEAR]][state]
        state = 0 if uniform[day] < row[0] else 1 if uniform[day] < row[1] else 2
        regime[day] = state
    return regime

"""Does a history hold one regime? A change-point test on the daily level and the daily spread, with a stated error.

Weekly means of the logarithm, a yearly wave taken out; CUSUM over the window. Its law under "no break" is found by
simulating first-order autoregressions that show the same persistence within half years, so a slow level is not taken
for a break.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distributions.clock import DAYS_PER_WEEK, HOURS_PER_DAY
from distributions.price_history import local_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FALSE_ALARM", "Break", "find_breaks", "log_scale", "level_test"]

FALSE_ALARM = 0.01
"""Probability of an alarm without a break, for each of the two series."""

RUNS, ALIKE = 4000, 600
SEED = 20240229
WEEKS_PER_BLOCK = 26
"""Scatter and persistence are taken within half years, which a break between them does not touch."""
HIGHEST_PHI = 0.97
FLOOR_SHARE = 0.02


class Break(NamedTuple):
    """Answer of one change-point test.

    Attributes
    ----------
    what : str
        "daily level" or "daily spread".
    probability : float
        Of a larger CUSUM without a break.
    at : str
        Likeliest date of the change.
    before, after : float
        Typical (median) value on either side, in the history's unit.
    """

    what: str
    probability: float
    at: str
    before: float
    after: float

    @property
    def alarm(self) -> bool:
        """Whether this counts as a break."""
        return self.probability < FALSE_ALARM


def find_breaks(prices: pd.Series) -> list[Break]:
    """Test the daily mean and the daily spread of a history for a change of level.

    Parameters
    ----------
    prices : pandas.Series
        Whole days in local standard time.

    Returns
    -------
    list of Break
        Two; ``alarm`` says whether each is one.
    """
    days = prices.to_numpy(dtype=np.float64).reshape(-1, HOURS_PER_DAY)
    dates = local_time(prices)[::HOURS_PER_DAY]
    found = []
    for what, daily in (("daily level", days.mean(axis=1)), ("daily spread", days.max(axis=1) - days.min(axis=1))):
        weeks = len(daily) // DAYS_PER_WEEK
        logged = log_scale(daily)[: weeks * DAYS_PER_WEEK].reshape(weeks, DAYS_PER_WEEK)
        enough = np.isfinite(logged).sum(axis=1) >= DAYS_PER_WEEK // 2
        weekly = np.where(enough, np.nansum(logged, axis=1) / np.maximum(np.isfinite(logged).sum(axis=1), 1), np.nan)
        probability, week = level_test(_filled(weekly))
        day = week * DAYS_PER_WEEK
        typical = np.nanmedian(daily[:day]), np.nanmedian(daily[day:])
        found.append(Break(what, probability, str(dates[day].date()), float(typical[0]), float(typical[1])))
    return found


def log_scale(daily: np.ndarray) -> np.ndarray:
    """Logarithm that bears values at and below zero: asinh over a small share of the median size."""
    floor = max(FLOOR_SHARE * float(np.nanmedian(np.abs(daily))), 1e-9)
    return np.arcsinh(daily / (2.0 * floor))


def level_test(weekly: np.ndarray) -> tuple[float, int]:
    """Test a weekly series for one change of level.

    Parameters
    ----------
    weekly : (n_weeks,) float64
        At least a year.

    Returns
    -------
    probability : float
        Share of simulated series without a break, alike in persistence, whose CUSUM is larger.
    week : int
        First week after the likeliest change.
    """
    rng = np.random.default_rng(SEED)
    noise = rng.standard_normal((RUNS, len(weekly)))
    phi = np.linspace(0.0, HIGHEST_PHI, RUNS)[rng.permutation(RUNS)]
    statistic, persistence, week = _cusum(weekly[None, :])
    without, read, _ = _cusum(_autoregressions(noise, phi))
    # Any persistence may lie behind the one seen within half years: take the runs that show nearly the same.
    alike = np.argsort(np.abs(read - persistence[0]))[:ALIKE]
    return float((np.sum(without[alike] >= statistic[0]) + 1) / (ALIKE + 1)), int(week[0])


def _cusum(series: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Largest CUSUM over the scatter within half years, persistence within half years, and week of the largest."""
    weeks = series.shape[1]
    angle = 2.0 * np.pi * np.arange(weeks) / (365.25 / DAYS_PER_WEEK)
    block = np.arange(weeks) // WEEKS_PER_BLOCK
    block[block == weeks // WEEKS_PER_BLOCK] = max(weeks // WEEKS_PER_BLOCK - 1, 0)
    steps = (block[:, None] == np.unique(block)[None, :]).astype(np.float64)
    wave = np.column_stack([np.cos(angle), np.sin(angle)])
    both = np.column_stack([steps, wave])
    coefficient = np.linalg.lstsq(both, series.T, rcond=None)[0]
    within = series - (both @ coefficient).T
    flat = series - (wave @ coefficient[-2:]).T
    flat = flat - flat.mean(axis=1, keepdims=True)
    path = np.abs(np.cumsum(flat, axis=1))[:, :-1]
    scatter = np.sqrt(np.mean(within**2, axis=1))
    persistence = np.mean(within[:, 1:] * within[:, :-1], axis=1) / np.mean(within**2, axis=1)
    return path.max(axis=1) / (scatter * np.sqrt(weeks)), persistence, path.argmax(axis=1) + 1


def _autoregressions(noise: np.ndarray, phi: np.ndarray) -> np.ndarray:
    series = np.empty_like(noise)
    series[:, 0] = noise[:, 0]
    shock = np.sqrt(1.0 - phi * phi)
    for week in range(1, noise.shape[1]):
        series[:, week] = phi * series[:, week - 1] + shock * noise[:, week]
    return series


def _filled(weekly: np.ndarray) -> np.ndarray:
    """Missing weeks by straight lines between their neighbours."""
    known = np.isfinite(weekly)
    return np.interp(np.arange(len(weekly)), np.flatnonzero(known), weekly[known])

"""The bends of the price transform: found from the marginal distribution, undone, and written as a record has them."""

from __future__ import annotations

import numpy as np

__all__ = ["QUANTILE_FLOOR", "bend_of", "first_bends", "slopes_of", "unbent"]

QUANTILE_FLOOR = 0.2
"""Share of the mean price that is added to a quantile when its miss is made relative."""

KNOT_REACH, KNOT_GRID, KNOT_GAP = 2.8, 113, 0.55
LOW_KNOTS = (-2.25, -1.9, -1.6, -1.3, -1.0, -0.7, -0.4)
HIGH_KNOTS = (0.4, 0.7, 1.0, 1.3, 1.6, 1.9, 2.25)
"""Normal scores of the history where the transform may bend, two on either side and at least the gap apart."""

FIRST_SLOPES = (0.25, 5.0)
"""Bounds of the slopes that the marginal distribution alone may ask for."""


def first_bends(prices: np.ndarray, scale: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Knots and outer slopes of the transform that make y normal.

    asinh((p - offset) / scale) is fitted as a broken line of the normal score, with knots where it misses least; a miss
    weighs as that of a quantile in ``loss``. Where no choice of knots has slopes within ``FIRST_SLOPES``, as with many
    hours at one price (a floor), the slopes of the best choice are cut to them.

    Returns
    -------
    knots, slopes : (4,) float64
        The middle stretch has slope 1.
    """
    from itertools import combinations

    from scipy.special import ndtr

    normal = np.linspace(-KNOT_REACH, KNOT_REACH, KNOT_GRID)
    price = np.quantile(prices, ndtr(normal))
    bare = np.arcsinh((price - offset) / scale)
    weight = scale * np.cosh(bare) / (np.abs(price) + QUANTILE_FLOOR * np.mean(prices))
    best = (False, -np.inf, np.arange(4.0), np.ones(4))
    for low in combinations(LOW_KNOTS, 2):
        for high in combinations(HIGH_KNOTS, 2):
            if min(low[1] - low[0], high[1] - high[0]) < KNOT_GAP:
                continue
            hinges = [np.minimum(normal - knot, 0.0) for knot in low] + [
                np.maximum(normal - knot, 0.0) for knot in high
            ]
            design = np.column_stack([np.ones(KNOT_GRID), normal, *hinges])
            found = np.linalg.lstsq(design * weight[:, None], bare * weight, rcond=None)[0]
            miss = float((weight * np.abs(design @ found - bare)).mean())
            middle, slope = found[0], found[1]
            added = found[2:] / slope
            slopes = 1.0 + np.array([added[0] + added[1], added[1], added[2], added[2] + added[3]])
            within = bool((slopes > FIRST_SLOPES[0]).all() and (slopes < FIRST_SLOPES[1]).all())
            if slope > 0.0 and (within, -miss) > best[:2]:
                best = (within, -miss, middle + slope * np.array([*low, *high]), np.clip(slopes, *FIRST_SLOPES))
    return best[2], best[3]


def unbent(bare: np.ndarray, at: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """y whose bent value is given."""
    s0, s1, s2, s3 = slopes
    low, high = at[1] - s1 * (at[1] - at[0]), at[2] + s2 * (at[3] - at[2])
    y = np.where(bare < at[1], at[1] + (bare - at[1]) / s1, np.where(bare > at[2], at[2] + (bare - at[2]) / s2, bare))
    return np.where(bare < low, at[0] + (bare - low) / s0, np.where(bare > high, at[3] + (bare - high) / s3, y))


def bend_of(slopes: np.ndarray) -> np.ndarray:
    """Entries of ``bend`` from the slopes of the four outer stretches, lowest first."""
    s0, s1, s2, s3 = slopes
    return np.array([s0 - s1, s1 - 1.0, s2 - 1.0, s3 - s2])


def slopes_of(bend: np.ndarray) -> np.ndarray:
    """Slopes of the four outer stretches from the entries of ``bend``."""
    b0, b1, b2, b3 = bend
    return np.array([1.0 + b0 + b1, 1.0 + b1, 1.0 + b2, 1.0 + b2 + b3])

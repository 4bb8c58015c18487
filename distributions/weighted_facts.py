"""Quantile and effective number of weighted observations."""

from __future__ import annotations

import numpy as np

__all__ = ["effective_number", "weighted_quantile"]


def weighted_quantile(values: np.ndarray, weights: np.ndarray, q: float) -> float:
    """Smallest value with at least the share q of the weight at or below it."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, q * total[-1])])


def effective_number(weights: np.ndarray) -> float:
    """Number of equal weights that tell as much (Kish)."""
    return float(weights.sum() ** 2 / np.sum(weights**2)) if len(weights) else 0.0

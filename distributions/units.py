"""How many of n equal units work when they are called: cabinets, gensets."""

import math

import numpy as np


def working_cdf(units: int, availability: float) -> np.ndarray:
    """P(at most k of the units work), k = 0 .. units, for independent units.

    Parameters
    ----------
    units : int, >= 0
    availability : float, chance that one unit works, 0..1

    Returns
    -------
    (units + 1,) float64
        The last value is exactly 1. Terms by log-gamma: about 1e-12 relative.

    Examples
    --------
    >>> working_cdf(2, 0.9).round(4).tolist()
    [0.01, 0.19, 1.0]
    """
    p, q = availability, 1.0 - availability
    if p in (0.0, 1.0):
        cdf = np.ones(units + 1) if p == 0.0 else np.zeros(units + 1)
        cdf[-1] = 1.0
        return cdf
    log_n = math.lgamma(units + 1)
    terms = [
        math.exp(log_n - math.lgamma(k + 1) - math.lgamma(units - k + 1) + k * math.log(p) + (units - k) * math.log(q))
        for k in range(units + 1)
    ]
    cdf = np.empty(units + 1)
    total = 0.0
    for k, term in enumerate(terms):
        total += term
        cdf[k] = min(total, 1.0)
    cdf[-1] = 1.0
    return cdf

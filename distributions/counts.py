"""Counts from one uniform: the binomial quantile by inversion, cheap where nothing happens on most days.

Inversion is monotone: with the same uniform, more units or a higher chance never give a lower count. So fleets of
different size that meet the same draws can be compared.
"""

import math

from distributions._jit import njit

WORD_SCALE = 1.0 / 4294967296.0
FROM_ZERO_BELOW = 500.0
"""Largest mean n p at which the sum starts from zero: (1 - p)**n is still a normal number."""
FAR_BELOW = 9.0
"""Standard deviations below the mean where the sum of a large mean starts: what lies below is under 1e-17."""
LEAST_TERM = 1e-18


@njit(forceinline=True)
def unit32(word):
    """A 32-bit random word as a float64 uniform in (0, 1): the centre of one of 2**32 cells, exact."""
    return (float(word) + 0.5) * WORD_SCALE


@njit
def _power(base, n):
    """base**n for a whole n >= 0 by squaring: the same bits on every machine, and faster than a logarithm."""
    out = 1.0
    while n > 0:
        if n & 1:
            out *= base
        base *= base
        n >>= 1
    return out


@njit
def _far_term(n, p, k):
    """P(count = k) by log-gamma, for large means."""
    chosen = math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)
    return math.exp(chosen + k * math.log(p) + (n - k) * math.log1p(-p))


@njit
def binomial_tail_count(n, p, u):
    """The part of `binomial_count` beyond its short cut; the same arguments."""
    if n == 1 or p >= 1.0:
        return n
    k = 0
    if n * p <= FROM_ZERO_BELOW:
        term = _power(1.0 - p, n)
    else:
        k = max(int(n * p - FAR_BELOW * math.sqrt(n * p)), 0)
        term = _far_term(n, p, k)
    total = term
    if u <= total:
        return k
    odds = p / (1.0 - p)
    while u > total and k < n:
        term *= (n - k) / (k + 1.0) * odds
        k += 1
        total += term
        if term < LEAST_TERM and k > n * p:
            break  # what is left is below the last digit of the sum
    return k


@njit(forceinline=True)
def binomial_count(n, p, u):
    """Quantile of the binomial law: the smallest k with P(count <= k) >= u.

    Parameters
    ----------
    n : int, units, >= 0
    p : float, chance of each, 0..1
    u : float, uniform in (0, 1)

    Returns
    -------
    int

    Notes
    -----
    P(0) = (1 - p)**n is at least 1 - n p, so a uniform below that is answered without a power: most days of a fleet.

    Examples
    --------
    >>> [binomial_count(2, 0.1, u) for u in (0.5, 0.805, 0.815, 0.985, 0.995)]
    [0, 0, 1, 1, 2]
    """
    if u <= 1.0 - n * p:
        return 0
    return binomial_tail_count(n, p, u)

"""Quantile and probability of the laws with a closed form, as scalar kernels that an engine can call per event.

A law is a code and four numbers. The arrays below walk element by element and use scalar exp and log, so a value has
the same bits alone and in an array of any length; NumPy's vectorised exp does not promise that.
"""

import math
from enum import IntEnum

from distributions._jit import njit
from distributions.inverse_normal import ndtr64, ndtri64


class LawCode(IntEnum):
    """Which closed form; append only. In brackets, the four numbers."""

    CONSTANT = 0  # (value)
    UNIFORM = 1  # (low, high)
    NORMAL = 2  # (mean, sd)
    LOGNORMAL = 3  # (log of the median, sigma)
    TRIANGULAR = 4  # (low, mode, high)
    WEIBULL = 5  # (shape, scale)
    EXPONENTIAL = 6  # (mean)
    GPD = 7  # (threshold, scale, shape)


CONSTANT, UNIFORM, NORMAL, LOGNORMAL = 0, 1, 2, 3
TRIANGULAR, WEIBULL, EXPONENTIAL, GPD = 4, 5, 6, 7


@njit
def _ppf_triangular(low, mode, high, u):
    width = high - low
    if u * width <= mode - low:
        return low + math.sqrt(u * width * (mode - low))
    past = (u * width - (mode - low)) / (high - mode)
    if past < 0.5:  # just past the mode, which may be `low`: no digits lost between 1 and the root
        return mode + (high - mode) * past / (1.0 + math.sqrt(1.0 - past))
    return high - math.sqrt((1.0 - u) * width * (high - mode))


@njit
def _unit_gpd_quantile(y, shape):
    """GPD quantile of unit scale, (exp(shape * y) - 1) / shape, at y = -log(1 - u)."""
    if shape == 0.0 or math.isinf(y):
        return y if shape >= 0.0 else -1.0 / shape
    return math.expm1(shape * y) / shape


@njit
def ppf_code(code, a, b, c, d, u):
    """Quantile of a closed-form law.

    Parameters
    ----------
    code : int, a `LawCode`
    a, b, c, d : float64
        The law's numbers, as `Law.code` gives them.
    u : float64
        Probability in [0, 1]; 0 and 1 give the ends of the law's range.

    Returns
    -------
    float64
        NaN for an unknown code.
    """
    if code == CONSTANT:
        return a
    if code == UNIFORM:
        return a + u * (b - a)
    if code == NORMAL:
        return a + b * ndtri64(u)
    if code == LOGNORMAL:
        return math.exp(a + b * ndtri64(u))
    if code == TRIANGULAR:
        return _ppf_triangular(a, b, c, u)
    y = -math.log1p(-u) if u < 1.0 else math.inf
    if code == WEIBULL:
        return b * y ** (1.0 / a)
    if code == EXPONENTIAL:
        return a * y
    if code == GPD:
        return a + b * _unit_gpd_quantile(y, c)
    return math.nan


@njit
def _cdf_triangular(low, mode, high, x):
    if x <= low:
        return 0.0
    if x >= high:
        return 1.0
    if x <= mode:
        return (x - low) * (x - low) / ((high - low) * (mode - low))
    width = high - low
    return min((mode - low) / width + (x - mode) * (2.0 * high - mode - x) / (width * (high - mode)), 1.0)


@njit
def _cdf_gpd(threshold, scale, shape, x):
    z = (x - threshold) / scale
    if z <= 0.0:
        return 0.0
    if shape == 0.0:
        return -math.expm1(-z)
    if shape * z <= -1.0:
        return 1.0
    return -math.expm1(-math.log1p(shape * z) / shape)


@njit
def cdf_code(code, a, b, c, d, x):
    """Probability of at most `x` under a closed-form law; arguments as in `ppf_code`."""
    if code == CONSTANT:
        return 1.0 if x >= a else 0.0
    if code == UNIFORM:
        return min(max((x - a) / (b - a), 0.0), 1.0)
    if code == NORMAL:
        return ndtr64((x - a) / b)
    if code == TRIANGULAR:
        return _cdf_triangular(a, b, c, x)
    if code == GPD:
        return _cdf_gpd(a, b, c, x)
    if x <= 0.0:
        return 0.0
    if code == LOGNORMAL:
        return ndtr64((math.log(x) - a) / b)
    if code == WEIBULL:
        return -math.expm1(-((x / b) ** a))
    if code == EXPONENTIAL:
        return -math.expm1(-x / a)
    return math.nan


@njit
def ppf_array(code, a, b, c, d, u, out):
    """`ppf_code` of each element. Writes `out`, (n,) float64."""
    for i in range(u.size):
        out[i] = ppf_code(code, a, b, c, d, u[i])


@njit
def cdf_array(code, a, b, c, d, x, out):
    """`cdf_code` of each element. Writes `out`, (n,) float64."""
    for i in range(x.size):
        out[i] = cdf_code(code, a, b, c, d, x[i])

"""Quantile and probability of the laws with a closed form, as scalar kernels that an engine can call per event.

A law is a code and four numbers. The arrays below walk element by element and use scalar exp and log, so a value has
the same bits alone and in an array of any length; NumPy's vectorised exp does not promise that.
"""

import math
from enum import IntEnum

from distributions._jit import njit
from distributions.inverse_normal import ndtr64, ndtri64

SQRT_TWO_PI = math.sqrt(2.0 * math.pi)


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
    LOGNORMAL_MIXTURE = 8  # (log of the low median, log of the high median, weight and sigma, largest value)


CONSTANT, UNIFORM, NORMAL, LOGNORMAL = 0, 1, 2, 3
TRIANGULAR, WEIBULL, EXPONENTIAL, GPD = 4, 5, 6, 7
LOGNORMAL_MIXTURE = 8

WEIGHT_STEPS = 1048576.0
SIGMA_RANGE = 16.0
"""A mixture has five numbers and a code carries four: the third is the low part's weight in whole steps of 2^-20 and,
as its fraction, sigma / 16. The law keeps both to what this holds exactly."""

MOST_STEPS = 60


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
def _mixture_share(sign, y, low, high, weight, sigma):
    """Chance of a mixture of two normals to lie below y (sign 1) or beyond it (sign -1)."""
    below = weight * ndtr64(sign * (y - low) / sigma)
    return below + (1.0 - weight) * ndtr64(sign * (y - high) / sigma)


@njit
def _mixture_slope(y, low, high, weight, sigma):
    """Density of the mixture of two normals at y."""
    a, b = (y - low) / sigma, (y - high) / sigma
    return (weight * math.exp(-0.5 * a * a) + (1.0 - weight) * math.exp(-0.5 * b * b)) / (sigma * SQRT_TWO_PI)


@njit
def _ppf_mixture(low, high, packed, most, u):
    """Quantile of two lognormals of one sigma, cut off at `most`: Newton on the logarithm, kept inside a bracket."""
    steps = math.floor(packed)
    weight, sigma = steps / WEIGHT_STEPS, (packed - steps) * SIGMA_RANGE
    if u <= 0.0:
        return 0.0
    if u >= 1.0:
        return most
    whole, beyond = 1.0, 0.0
    if most < math.inf:
        top = math.log(most)
        whole = _mixture_share(1.0, top, low, high, weight, sigma)
        beyond = _mixture_share(-1.0, top, low, high, weight, sigma)
    # The smaller side is the one that is known to full digits.
    sign = 1.0 if u * whole < 0.5 else -1.0
    share = u * whole if sign > 0.0 else beyond + (1.0 - u) * whole
    z = sign * ndtri64(share)
    left, right = min(low, high) + sigma * z, max(low, high) + sigma * z
    y = 0.5 * (left + right)
    for _ in range(MOST_STEPS):
        reached = _mixture_share(sign, y, low, high, weight, sigma)
        miss = math.log(reached / share)
        if sign * miss < 0.0:
            left = y
        else:
            right = y
        step = sign * miss * reached / _mixture_slope(y, low, high, weight, sigma)
        following = y - step
        if not left <= following <= right:
            following = 0.5 * (left + right)
        if abs(following - y) <= 4e-16 * max(1.0, abs(y)):
            break
        y = following
    return min(math.exp(y), most)


@njit
def _cdf_mixture(low, high, packed, most, x):
    if x >= most:
        return 1.0
    steps = math.floor(packed)
    weight, sigma = steps / WEIGHT_STEPS, (packed - steps) * SIGMA_RANGE
    whole = _mixture_share(1.0, math.log(most), low, high, weight, sigma) if most < math.inf else 1.0
    return _mixture_share(1.0, math.log(x), low, high, weight, sigma) / whole


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
    if code == LOGNORMAL_MIXTURE:
        return _ppf_mixture(a, b, c, d, u)
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
    if code == LOGNORMAL_MIXTURE:
        return _cdf_mixture(a, b, c, d, x)
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

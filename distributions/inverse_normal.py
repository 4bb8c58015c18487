"""The standard normal law and its inverse in double precision, as scalar kernels.

The coefficients below are those of algorithm AS 241, routine PPND16: three rational approximations of degree 7 over 7.
They are written in Horner form, lowest power last.

Sources
-------
Wichura 1988, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37(3), 477-484,
doi 10.2307/2347330.
"""

import math

from distributions._jit import njit

CENTRE_HALF_WIDTH = 0.425
CENTRE_SQUARE = 0.180625
TAIL_SPLIT = 5.0
TAIL_START = 1.6
SQRT_HALF = 0.7071067811865476


@njit
def _centre(r):
    top = (
        (
            (
                (
                    ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                    + 45921.953931549871457
                )
                * r
                + 13731.693765509461125
            )
            * r
            + 1971.5909503065514427
        )
        * r
        + 133.14166789178437745
    ) * r + 3.387132872796366608
    below = (
        (
            (
                (
                    ((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                    + 21213.794301586595867
                )
                * r
                + 5394.1960214247511077
            )
            * r
            + 687.1870074920579083
        )
        * r
        + 42.313330701600911252
    ) * r + 1.0
    return top / below


@njit
def _near_tail(r):
    top = (
        (
            (
                (
                    ((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                    + 1.27045825245236838258
                )
                * r
                + 3.64784832476320460504
            )
            * r
            + 5.7694972214606914055
        )
        * r
        + 4.6303378461565452959
    ) * r + 1.42343711074968357734
    below = (
        (
            (
                (
                    ((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                    + 0.14810397642748007459
                )
                * r
                + 0.68976733498510000455
            )
            * r
            + 1.6763848301838038494
        )
        * r
        + 2.05319162663775882187
    ) * r + 1.0
    return top / below


@njit
def _far_tail(r):
    top = (
        (
            (
                (
                    ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                    + 0.026532189526576123093
                )
                * r
                + 0.29656057182850489123
            )
            * r
            + 1.7848265399172913358
        )
        * r
        + 5.4637849111641143699
    ) * r + 6.6579046435011037772
    below = (
        (
            (
                (
                    ((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                    + 7.868691311456132591e-4
                )
                * r
                + 0.0148753612908506148525
            )
            * r
            + 0.13692988092273580531
        )
        * r
        + 0.59983220655588793769
    ) * r + 1.0
    return top / below


@njit
def ndtri64(u):
    """Standard normal quantile.

    Parameters
    ----------
    u : float64
        Probability. 0 gives -inf and 1 gives +inf; outside 0..1, NaN.

    Returns
    -------
    float64
        z with P(Z <= z) = u, to about 1e-15 relative.

    Sources
    -------
    Wichura 1988, AS 241, PPND16 (see the top of this file).
    """
    q = u - 0.5
    if abs(q) <= CENTRE_HALF_WIDTH:
        return q * _centre(CENTRE_SQUARE - q * q)
    tail = u if q < 0.0 else 1.0 - u
    if not tail > 0.0:
        if tail == 0.0:
            return -math.inf if q < 0.0 else math.inf
        return math.nan
    r = math.sqrt(-math.log(tail))
    z = _near_tail(r - TAIL_START) if r <= TAIL_SPLIT else _far_tail(r - TAIL_SPLIT)
    return -z if q < 0.0 else z


@njit
def ndtr64(z):
    """Standard normal probability P(Z <= z), accurate in both tails.

    Parameters
    ----------
    z : float64

    Returns
    -------
    float64
    """
    return 0.5 * math.erfc(-z * SQRT_HALF)

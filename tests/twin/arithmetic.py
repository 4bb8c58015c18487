"""Two ways to count: float32 with the kernels' polynomials, and float64 with exact functions on the same uniforms."""

import numpy as np
from scipy.special import ndtri

EXP_COEFFICIENTS = (1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5)
LOG_COEFFICIENTS = (2 / 11, 2 / 9, 2 / 7, 2 / 5, 2 / 3)
LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4
LOG2_E = 1.4426950408889634
# Giles 2012, "Approximating the erfinv function", GPU Computing Gems Jade, table 5, highest power first
CENTRE = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
    -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
)  # fmt: skip
TAIL = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
    -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
)  # fmt: skip
SQRT_2 = 1.4142135623730951


def horner(coefficients, x):
    """Polynomial in `x`, coefficients highest power first, in the type of `x`."""
    f = x.dtype.type
    total = f(coefficients[0])
    for c in coefficients[1:]:
        total = total * x + f(c)
    return total


def in_order_sum(rows):
    """Sum over the last axis, first to last, in the type of `rows` (NumPy's own sum takes another order)."""
    return np.add.accumulate(rows, axis=-1)[..., -1]


class Float32:
    """Single precision. Random words are uint32 arrays; scalars are ``np.float32``, never Python floats."""

    f = np.float32

    def uniform(self, words):
        """Centre of one of 2**23 cells of (0, 1)."""
        return ((words >> np.uint32(9)).astype(np.float32) + self.f(0.5)) * self.f(2.0**-23)

    def signed_uniform(self, words):
        """Centre of one of 2**24 cells of (-1, 1)."""
        whole = (words >> np.uint32(8)).astype(np.int32) - np.int32(1 << 23)
        return (whole.astype(np.float32) + self.f(0.5)) * self.f(2.0**-23)

    def normal(self, words):
        """Standard normal: sqrt(2) erfinv of a signed uniform."""
        x = self.signed_uniform(words)
        w = -self.log((self.f(1) - x) * (self.f(1) + x))
        centre = horner(CENTRE, w - self.f(2.5))
        tail = horner(TAIL, np.sqrt(w) - self.f(3))
        return self.f(SQRT_2) * x * np.where(w < self.f(5), centre, tail)

    def exp(self, x):
        """Power of two times a polynomial on the remainder."""
        f = self.f
        x = np.minimum(np.maximum(x, f(-87)), f(88))
        n = np.floor(x * f(LOG2_E) + f(0.5))
        r = (x - n * f(LN2_HIGH)) - n * f(LN2_LOW)
        p = horner(EXP_COEFFICIENTS, r)
        p = (p * r) * r + r + f(1)
        return p * ((n.astype(np.int32) + np.int32(127)) << np.int32(23)).view(np.float32)

    def log(self, x):
        """Exponent times ln 2 plus a series in (m - 1) / (m + 1)."""
        f = self.f
        bits = x.view(np.int32)
        e = (bits - np.int32(0x3F3504F3)) >> np.int32(23)
        m = (bits - (e << np.int32(23))).view(np.float32) - f(1)
        s = m / (f(2) + m)
        q = horner(LOG_COEFFICIENTS, s * s)
        n = e.astype(np.float32)
        return n * f(LN2_HIGH) + (f(2) * s + (s * (s * s) * q + n * f(LN2_LOW)))


class Float64:
    """Double precision: exact functions on the same uniforms."""

    f = np.float64

    def uniform(self, words):
        """Centre of one of 2**23 cells of (0, 1)."""
        return ((words >> np.uint32(9)).astype(np.float64) + 0.5) * 2.0**-23

    def normal(self, words):
        """Standard normal quantile of the centre of one of 2**24 cells of (0, 1)."""
        return ndtri(((words >> np.uint32(8)).astype(np.float64) + 0.5) * 2.0**-24)

    def exp(self, x):
        """e**x."""
        return np.exp(x)

    def log(self, x):
        """Natural logarithm."""
        return np.log(x)

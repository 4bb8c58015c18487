"""float32 functions for lanes: their errors over the stated ranges, and the same bits as the twin's."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, ncx2

from distributions import lanes
from distributions._jit import njit
from tests.twin import Float32
from tests.twin.randoms import philox

MODULE_TABLE = lanes.__doc__
LIMIT = float(chi2.ppf(1 - 1e-4, 99))


@njit
def each_exp(x, out):
    """`exp32` of each element."""
    for i in range(x.shape[0]):
        out[i] = lanes.exp32(x[i])


@njit
def each_log(x, out):
    """`log32` of each element."""
    for i in range(x.shape[0]):
        out[i] = lanes.log32(x[i])


@njit
def each_sin(x, out):
    """`sin32` of each element."""
    for i in range(x.shape[0]):
        out[i] = lanes.sin32(x[i])


@njit
def each_cos(x, out):
    """`cos32` of each element."""
    for i in range(x.shape[0]):
        out[i] = lanes.cos32(x[i])


@njit
def each_normal(words, out):
    """`normal32` of each word."""
    for i in range(words.shape[0]):
        out[i] = lanes.normal32(words[i])


@njit
def each_uniform(words, out):
    """`uniform32` of each word."""
    for i in range(words.shape[0]):
        out[i] = lanes.uniform32(words[i])


def walk(kernel, x):
    """The kernel over an array."""
    out = np.empty(x.shape[0], np.float32)
    kernel(x, out)
    return out


def floats_between(low, high, n):
    """About `n` float32 evenly spaced by their bits, so every binade counts alike."""
    first, last = (int(np.float32(x).view(np.int32)) for x in (low, high))
    return np.arange(first, last, max((last - first) // n, 1), dtype=np.int32).view(np.float32)


def largest(error):
    """Largest absolute error."""
    return float(np.max(np.abs(error)))


def test_exp():
    x = np.concatenate([np.linspace(-87, 88, 3_000_001, dtype=np.float32), floats_between(1e-9, 88, 1_000_000)])
    exact = np.exp(x.astype(np.float64))
    assert largest(walk(each_exp, x) / exact - 1.0) < lanes_bound("exp32")


@pytest.mark.tiny
def test_exp_is_clamped():
    x = np.array([-1e9, -87.0, 0.0, 88.0, 1e9], np.float32)
    y = walk(each_exp, x)
    assert y[0] == y[1] > 0.0
    assert y[2] == 1.0
    assert y[3] == y[4] < np.inf


def test_log():
    x = np.concatenate([floats_between(2.0**-126, 3.4e38, 4_000_000), floats_between(0.5, 2.0, 4_000_000)])
    exact = np.log(x.astype(np.float64))
    assert largest((walk(each_log, x) - exact) / np.maximum(np.abs(exact), 1e-30)) < lanes_bound("log32")
    assert walk(each_log, np.ones(1, np.float32))[0] == 0.0


@pytest.mark.parametrize(("name", "kernel", "exact"), [("sin32", each_sin, np.sin), ("cos32", each_cos, np.cos)])
def test_sine_and_cosine(name, kernel, exact):
    turn = np.arange(0, 1 << 24, 5, dtype=np.int32).astype(np.float32) * np.float32(2.0**-24)
    assert largest(walk(kernel, turn) - exact(2.0 * np.pi * turn.astype(np.float64))) < lanes_bound("sin32")


def test_every_normal():
    """All 2**24 normals the generator can give, against the inverse normal of the cell's centre."""
    cells = np.arange(1 << 24, dtype=np.uint32)
    z = walk(each_normal, cells << np.uint32(8))
    exact = ndtri((cells.astype(np.float64) + 0.5) * 2.0**-24)
    assert largest(z - exact) < lanes_bound("normal32")
    assert np.array_equal(z, -z[::-1])  # as likely up as down
    assert np.min(np.diff(z)) > 0.0
    assert 5.41 < z[-1] < 5.43
    assert abs(np.mean(z.astype(np.float64) ** 2) - 1.0) < 1e-6


@pytest.mark.tiny
def test_uniforms_never_reach_0_or_1():
    ends = np.array([0, 511, 512, 2**32 - 1], np.uint32)
    assert walk(each_uniform, ends).tolist() == [2.0**-24, 2.0**-24, 3 * 2.0**-24, 1.0 - 2.0**-24]
    assert lanes.signed_uniform32(np.uint32(0)) == -1.0 + 2.0**-24
    assert lanes.signed_uniform32(np.uint32(2**32 - 1)) == 1.0 - 2.0**-24


@pytest.mark.tiny
def test_the_twin_has_the_same_bits():
    m, words = Float32(), np.arange(0, 2**32, 2**32 // 3000, dtype=np.uint64).astype(np.uint32)
    x = np.linspace(-20, 20, 2000, dtype=np.float32)
    assert np.array_equal(walk(each_normal, words), m.normal(words))
    assert np.array_equal(walk(each_uniform, words), m.uniform(words))
    assert np.array_equal(walk(each_exp, x), m.exp(x))
    assert np.array_equal(walk(each_log, np.exp(x)), m.log(np.exp(x)))


def evenly_normal(z):
    """Chi-square of 100 cells of equal chance, false alarm 1e-4."""
    counts = np.histogram(z, ndtri(np.linspace(0, 1, 101)))[0]
    return np.sum((counts - z.size / 100) ** 2) / (z.size / 100) < LIMIT


def test_normals_of_a_stream_are_normal_and_a_wider_law_is_not():
    """A million normals; a standard deviation 1 % too large is found with a chance above 0.999."""
    z = walk(each_normal, philox(np.arange(250_000), 4, 0, 0, 1).ravel()).astype(np.float64)
    assert evenly_normal(z)
    chance = np.diff(ndtr(ndtri(np.linspace(0, 1, 101)) / 1.01))
    assert ncx2.sf(LIMIT, 99, z.size * np.sum((chance - 0.01) ** 2 / 0.01)) > 0.999
    assert not evenly_normal(1.01 * z)


def lanes_bound(name):
    """Largest error as the module's own table states it: the first number of the last column of its row."""
    row = next(line for line in MODULE_TABLE.splitlines() if line.startswith(name))
    return float(next(word for word in row.split("  ")[-1].split() if word[0].isdigit()))

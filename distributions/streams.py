"""Counter-based random numbers: Philox4x32-10 addressed by (seed; draw, process and unit, path).

A draw is a pure function of its address, so path k is the same whatever the block size, the thread count or the
machine, and can be re-run alone. Nothing here has state.

Sources
-------
Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11, doi 10.1145/2063384.2063405.
Known answers: Random123 1.14 `kat_vectors`, philox4x32 with 10 rounds.
"""

from enum import IntEnum

import numpy as np

from distributions._jit import njit

MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
WEYL_0 = 0x9E3779B9
WEYL_1 = 0xBB67AE85
MASK_32 = 0xFFFFFFFF
ROUNDS = 10


class Process(IntEnum):
    """What a draw is for: word 1 of the counter is `process << 16 | unit`. Append only."""

    SCALAR = 1
    WEATHER_DAY = 2
    PRICE_DAY = 3
    HOUR = 4
    OUTAGE_COUNT = 5
    OUTAGE_EVENT = 6
    EVENT_CLUSTER = 7
    EVENT_CABINETS = 8
    EVENT_GENSET = 9
    EVENT_UPS = 10
    START = 11
    ADEQUACY_UNIT = 12
    ADEQUACY_STEP = 13
    MODULE_SPREAD = 14
    MODULE_CHARGE = 15
    STRING_SPREAD = 16
    LONG_RUN = 17
    CABINET_DAY = 20
    FIRE_DAY = 21
    DEMAND_RESPONSE = 22
    OWN_FAILURE = 23
    SURVIVAL_SYSTEM = 26
    SURVIVAL_PROBE = 27
    RARE_YEAR = 28
    RESAMPLE = 40


@njit(forceinline=True)
def philox(draw, word, path, seed):
    """Four 32-bit random words, as int64, at one address.

    Parameters
    ----------
    draw : int [count], 0 .. 2**32 - 1
    word : int, `process << 16 | unit`
    path : int, 0 .. 2**62
    seed : int, 0 .. 2**63 - 1

    Notes
    -----
    Words are masked 64-bit integers: the high and low halves of a product are the same whether it wraps (compiled)
    or not (plain Python), and LLVM turns each masked product into one 32 x 32 -> 64 bit vector multiplication.
    """
    a, b = draw & MASK_32, word & MASK_32
    c, d = path & MASK_32, (path >> 32) & MASK_32
    k0, k1 = seed & MASK_32, (seed >> 32) & MASK_32
    for _ in range(ROUNDS):
        p0 = a * MULTIPLIER_0
        p1 = c * MULTIPLIER_1
        a, b, c, d = ((p1 >> 32) & MASK_32) ^ b ^ k0, p1 & MASK_32, ((p0 >> 32) & MASK_32) ^ d ^ k1, p0 & MASK_32
        k0, k1 = (k0 + WEYL_0) & MASK_32, (k1 + WEYL_1) & MASK_32
    return a, b, c, d


@njit
def uniform53(high, low):
    """Uniform in (0, 1) with 52 random bits from two 32-bit words; never 0 nor 1: the centre of one of 2**52 cells."""
    return ((high >> 6) * 67108864.0 + (low >> 6) + 0.5) * (1.0 / 4503599627370496.0)


@njit
def two_uniforms(draw, word, path, seed):
    """Two float64 uniforms in (0, 1) at one address."""
    a, b, c, d = philox(draw, word, path, seed)
    return uniform53(a, b), uniform53(c, d)


@njit
def address(process, unit):
    """Word 1 of the counter: which process draws, and for which of its units (0 .. 65535)."""
    return process << 16 | unit


@njit
def words_row(words, draw, word, first_path, seed):
    """Four random words for each lane at one draw.

    Parameters
    ----------
    words : (4, n_lanes) uint32, written
    draw, word, seed : int, see `philox`
    first_path : int, the path of lane 0; lane i is path first_path + i
    """
    a, b, c, d = words[0], words[1], words[2], words[3]
    for i in range(a.shape[0]):
        w, x, y, z = philox(draw, word, first_path + i, seed)
        a[i], b[i], c[i], d[i] = np.uint32(w), np.uint32(x), np.uint32(y), np.uint32(z)

"""Random numbers by address, and scalar laws, in plain NumPy and SciPy."""

import math
import zlib

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, t

SCALAR, WEATHER_DAY, PRICE_DAY, HOUR, OUTAGE_COUNT, OUTAGE_EVENT = 1, 2, 3, 4, 5, 6
EVENT_CLUSTER, EVENT_CABINETS, EVENT_GENSET, EVENT_UPS, START, LONG_RUN = 7, 8, 9, 10, 11, 17

LOW_HALF = np.uint64(0xFFFFFFFF)
HIGH_HALF = np.uint64(32)


def philox(draw, process, unit, path, seed):
    """Philox4x32-10 (Salmon et al. 2011) at counter (draw, process << 16 | unit, path low, path high), key = seed.

    Parameters
    ----------
    draw : int or (n,) int array
    process, unit, path, seed : int

    Returns
    -------
    (4, n) uint32, or (4,) for one draw
    """
    a = np.asarray(draw, dtype=np.uint64) & LOW_HALF
    b, c, d = (np.full_like(a, w & 0xFFFFFFFF) for w in (process << 16 | unit, path, path >> 32))
    k0, k1 = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32 & 0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b, c, d = p1 >> HIGH_HALF ^ b ^ k0, p1 & LOW_HALF, p0 >> HIGH_HALF ^ d ^ k1, p0 & LOW_HALF
        k0, k1 = k0 + np.uint64(0x9E3779B9) & LOW_HALF, k1 + np.uint64(0xBB67AE85) & LOW_HALF
    return np.array([a, b, c, d], dtype=np.uint32)


def uniform(high, low):
    """float64 uniform in (0, 1) from the upper 26 bits of two words: the centre of one of 2**52 cells."""
    return ((int(high) >> 6) * 2**26 + (int(low) >> 6) + 0.5) / 2**52


def two_uniforms(draw, process, unit, path, seed):
    """Two float64 uniforms of one address."""
    a, b, c, d = philox(draw, process, unit, path, seed)
    return uniform(a, b), uniform(c, d)


def quantile(law, u):
    """Quantile of a closed-form law of `distributions.laws` at one probability, from its published formula."""
    _, a, b, c, _ = law.code()
    y = -math.log1p(-u)
    if law.name == "triangular":
        share = (b - a) / (c - a)
        return a + math.sqrt(u * (c - a) * (b - a)) if u <= share else c - math.sqrt((1 - u) * (c - a) * (c - b))
    return {
        "constant": lambda: a,
        "uniform": lambda: a + u * (b - a),
        "normal": lambda: a + b * float(ndtri(u)),
        "lognormal": lambda: math.exp(a + b * float(ndtri(u))),
        "weibull": lambda: b * y ** (1 / a),
        "exponential": lambda: a * y,
        "gpd": lambda: a + b * (math.expm1(c * y) / c if c else y),
    }[law.name]()


def scalars(study, seed, path):
    """Uncertain inputs of one path: field path -> value. Equal fields of strategies share a draw."""
    fields = study.law_fields()
    u = {stream: two_uniforms(zlib.crc32(stream.encode()), SCALAR, 0, path, seed)[0] for _, stream, _ in fields}
    if study.correlation is not None:
        names = study.correlation.names
        factor = np.linalg.cholesky(np.asarray(study.correlation.matrix, dtype=np.float64))
        mixed = factor @ ndtri([u[name] for name in names])
        degrees = study.correlation.degrees_of_freedom
        if study.correlation.copula == "t":
            shared = two_uniforms(zlib.crc32(b"correlation.t"), SCALAR, 0, path, seed)[0]
            stretched = mixed * math.sqrt(degrees / chi2(degrees).ppf(shared))
            u |= zip(names, t(degrees).cdf(stretched).tolist(), strict=True)
        else:
            # a free variable keeps its own draw
            u |= {name: float(ndtr(mixed[k])) for k, name in enumerate(names) if factor[k, k] != 1.0}
    return {field: quantile(law, u[stream]) for field, stream, law in fields}

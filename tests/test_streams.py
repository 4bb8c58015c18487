"""Random numbers: published vectors, a pure function of the address, uniforms inside (0, 1), and no pattern found."""

import numpy as np
import pytest
from scipy.stats import chi2, ncx2

from distributions._jit import njit
from distributions.streams import Process, address, philox, two_uniforms, uniform53, words_row
from tests.twin import randoms

FALSE_ALARM = 1e-4
ONES = 0xFFFFFFFF

# Random123 1.14, kat_vectors, philox4x32 with 10 rounds: counter (4 words), key (2 words), answer (4 words)
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def signed(low, high):
    """Two 32-bit words as the 64-bit integer a kernel takes."""
    value = high << 32 | low
    return value - (1 << 64) if value >= 1 << 63 else value


@njit
def fill_words(out, draws, word, first_path, seed):
    """Words of `out.shape[2]` paths at each draw, row by row."""
    for k in range(draws.shape[0]):
        words_row(out[k], int(draws[k]), word, first_path, seed)


def words_of(draws, word, first_path, paths, seed):
    """(n_draws, 4, n_paths) uint32 words from the kernel."""
    out = np.empty((len(draws), 4, paths), np.uint32)
    fill_words(out, np.asarray(draws, np.int64), word, first_path, seed)
    return out


@pytest.mark.tiny
@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_published_vectors(counter, key, answer):
    draw, word, *path = counter
    assert philox(draw, word, signed(*path), signed(*key)) == answer
    row = np.empty((4, 1), np.uint32)
    words_row(row, draw, word, signed(*path), signed(*key))
    assert tuple(row[:, 0]) == answer


@pytest.mark.tiny
def test_the_twin_has_the_published_vectors_too():
    for (draw, word, *path), key, answer in KNOWN:
        mine = randoms.philox(draw, word >> 16, word & 0xFFFF, path[1] << 32 | path[0], key[1] << 32 | key[0])
        assert tuple(mine) == answer


@pytest.mark.tiny
def test_a_draw_depends_on_its_address_alone():
    word, seed = address(int(Process.HOUR), 3), 77
    whole = words_of(range(12), word, 100, 40, seed)
    backwards = words_of(range(11, -1, -1), word, 100, 40, seed)[::-1]
    parts = [words_of(range(12), word, 100 + a, n, seed) for a, n in ((0, 7), (7, 1), (8, 32))]
    alone = [philox(draw, word, 113, seed) for draw in range(12)]
    assert np.array_equal(whole, backwards)
    assert np.array_equal(whole, np.concatenate(parts, axis=2))
    assert np.array_equal(whole[:, :, 13], alone)


@pytest.mark.tiny
def test_any_change_of_the_address_changes_the_words():
    base = (5, address(4, 2), 9, 123)
    others = [(6, *base[1:]), (5, address(4, 3), 9, 123), (5, address(5, 2), 9, 123), (*base[:2], 10, 123)]
    others += [(*base[:3], 124), (*base[:2], 9 + (1 << 32), 123), (*base[:3], 123 + (1 << 32))]
    words = {philox(*other) for other in [base, *others]}
    assert len(words) == len(others) + 1


@pytest.mark.tiny
def test_uniforms_with_52_bits_never_reach_0_or_1():
    # the outermost cells have their centres half a cell, 2**-53, from the ends
    assert uniform53(0, 0) == 2.0**-53
    assert uniform53(ONES, ONES) == 1.0 - 2.0**-53
    assert uniform53(64, 0) - uniform53(0, ONES) == 2.0**-52
    assert two_uniforms(3, 4, 5, 6) == randoms.two_uniforms(3, 0, 4, 5, 6)


def chi_square(values, cells):
    """Pearson's statistic of whole numbers 0 .. cells - 1 against equal chances, and its upper limit."""
    expected = values.size / cells
    statistic = float(np.sum((np.bincount(values.ravel(), minlength=cells) - expected) ** 2) / expected)
    return statistic, float(chi2.ppf(1.0 - FALSE_ALARM, cells - 1))


def even(values, cells):
    """Whether the statistic stays below its limit."""
    statistic, limit = chi_square(values, cells)
    return statistic < limit


ADDRESSES = {
    "draws_of_a_path": lambda: words_of(range(250_000), address(int(Process.HOUR), 0), 0, 1, 1),
    "paths_at_a_draw": lambda: words_of([7], address(int(Process.PRICE_DAY), 1), 0, 250_000, 1),
    "draws_and_paths": lambda: words_of(range(500), address(int(Process.SCALAR), 0), 1000, 500, 2**62 + 11),
}


@pytest.mark.parametrize("addresses", ADDRESSES)
def test_words_are_even(addresses):
    """A million words into 256 cells by their highest and by their lowest eight bits; false alarm 1e-4 each."""
    words = ADDRESSES[addresses]()
    assert even(words >> np.uint32(24), 256)
    assert even(words & np.uint32(255), 256)


@pytest.mark.parametrize("addresses", ADDRESSES)
def test_neighbours_are_independent(addresses):
    """Pairs of neighbouring draws, paths and words into 32 x 32 cells; false alarm 1e-4 each."""
    coarse = (ADDRESSES[addresses]() >> np.uint32(27)).astype(np.int64)
    for axis in range(3):
        if coarse.shape[axis] > 1:
            before, after = np.delete(coarse, -1, axis), np.delete(coarse, 0, axis)
            assert even(before * 32 + after, 1024)


def test_the_test_of_evenness_fails_what_it_should():
    """Negative control: uniforms to the power 1.02, a tilt of 2 %, are found with a chance above 0.999."""
    words = ADDRESSES["draws_of_a_path"]()
    edges = np.linspace(0.0, 1.0, 257) ** (1.0 / 1.02)  # u**1.02 < x when u < x**(1 / 1.02)
    expected = words.size / 256
    shift = expected * np.sum((np.diff(edges) * 256 - 1.0) ** 2)
    assert ncx2.sf(chi2.ppf(1.0 - FALSE_ALARM, 255), 255, shift) > 0.999
    tilted = ((words.astype(np.float64) + 0.5) / 2**32) ** 1.02
    assert not even((tilted * 256).astype(np.int64), 256)


def test_the_test_of_neighbours_fails_what_it_should():
    """Negative control: one word in 20 that repeats its neighbour."""
    coarse = (ADDRESSES["draws_of_a_path"]()[:, 0, 0] >> np.uint32(27)).astype(np.int64)
    coarse[1::20] = coarse[:-1:20]
    assert not even(coarse[:-1] * 32 + coarse[1:], 1024)

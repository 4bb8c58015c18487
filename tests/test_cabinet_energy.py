"""Power and energy of the cabinets that work: by hand, and energy that is neither lost nor made."""

import numpy as np
import pytest

from riskmodel.cabinet_energy import lock_row


def int_row(*values):
    """int32 lanes."""
    return np.array(values, np.int32)


@pytest.mark.tiny
def test_energy_goes_out_and_comes_back_with_a_cabinet():
    stored, locked = np.array([1000.0], np.float32), np.zeros(1, np.float32)
    before, site_before, site = int_row(10), int_row(10), int_row(10)
    lock_row(stored, locked, before, int_row(8), site_before, site)  # two of ten stop
    assert (stored[0], locked[0], before[0]) == (800.0, 200.0, 8)
    stored[:] = 0.0  # the others are emptied
    lock_row(stored, locked, before, int_row(9), site_before, site)  # one of the two comes back
    assert (stored[0], locked[0]) == (100.0, 100.0)
    lock_row(stored, locked, before, int_row(12), site_before, int_row(12))  # the other too, and two new, empty ones
    assert (stored[0], locked[0], site_before[0]) == (200.0, 0.0, 12)
    lock_row(stored, locked, before, int_row(0), site_before, int_row(12))
    assert (stored[0], locked[0]) == (0.0, 200.0)
    lock_row(stored, locked, before, int_row(12), site_before, int_row(12))
    assert (stored[0], locked[0]) == (200.0, 0.0)


def test_energy_is_neither_lost_nor_made():
    rng = np.random.default_rng(6)
    lanes = 40
    stored, locked = rng.uniform(0.0, 4e4, lanes).astype(np.float32), np.zeros(lanes, np.float32)
    total = stored + locked
    site_before, site = np.full(lanes, 150, np.int32), np.full(lanes, 150, np.int32)
    before = site.copy()
    for _ in range(2000):
        working = np.clip(before + rng.integers(-4, 5, lanes), 0, site).astype(np.int32)
        charge = np.minimum(stored, rng.uniform(-50.0, 50.0, lanes)).astype(np.float32)
        stored -= charge
        total -= charge
        lock_row(stored, locked, before, working, site_before, site)
        assert stored.min() >= 0.0
        assert locked.min() >= -1e-3
        assert stored + locked == pytest.approx(total, rel=1e-3, abs=2.0)
        assert np.all((working < site) | (locked < 1.0))

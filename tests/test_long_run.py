"""The price level over the years: by hand, mean one, and a deviation that comes back."""

import numpy as np
import pytest

from distributions.prices import level_factor_row, long_run_row, long_run_start_row, long_run_tables

LANES, SEED = 40_000, 7


def factors(start_sd, lasting, shock, years):
    """(years, lanes) level factors without trend."""
    tables, centre = long_run_tables(start_sd, lasting, shock, years)
    deviation, words, out = np.zeros(LANES, np.float32), np.zeros((4, LANES), np.uint32), []
    one, trend, row = np.ones(LANES, np.float32), np.zeros(LANES, np.float32), np.zeros(LANES, np.float32)
    long_run_start_row(deviation, tables[0], 0, SEED, words)
    for year in range(years):
        if year > 0:
            long_run_row(deviation, tables, year, 0, SEED, words)
        level_factor_row(row, one, trend, deviation, year, centre[year])
        out.append(row.astype(np.float64))
    return np.array(out)


@pytest.mark.tiny
def test_variances_by_hand():
    # from 0: 0, 0.01, 0.5 x 0.01 + 0.01 = 0.015; stationary 0.3: 0.09 in every year
    assert long_run_tables(0.0, np.sqrt(0.5), 0.1, 2)[1] == pytest.approx([0.0, -0.005, -0.0075], rel=1e-6)
    assert long_run_tables(0.3, 0.8, 0.3 * 0.6, 3)[1] == pytest.approx([-0.045] * 4, rel=1e-6)


@pytest.mark.tiny
def test_the_trend_multiplies_year_by_year():
    row, trend = np.zeros(2, np.float32), np.log1p(np.array([0.02, -0.05])).astype(np.float32)
    level_factor_row(row, np.full(2, 0.6, np.float32), trend, np.zeros(2, np.float32), 10, np.float32(0.0))
    assert row == pytest.approx([0.6 * 1.02**10, 0.6 * 0.95**10], rel=1e-6)


@pytest.mark.parametrize("start_sd", [0.0, 0.2])
def test_level_has_mean_one_and_comes_back(start_sd):
    """40,000 paths of SD 0.2: the mean has a standard error of 1e-3; 4e-3 is 4 of them (false alarm 6e-5 each of 20)
    and finds the 0.02 that half the variance is. Half of a deviation is left after 2 years."""
    lasting = 0.5**0.5
    found = factors(start_sd, lasting, 0.2 * np.sqrt(1.0 - lasting**2), 20)
    assert np.max(np.abs(found.mean(axis=1) - 1.0)) < 4.5e-3
    late = np.log(found[10:])
    assert late.std(axis=1) == pytest.approx(np.full(10, 0.2), abs=0.004)
    assert np.corrcoef(late[0], late[2])[0, 1] == pytest.approx(0.5, abs=0.02)
    # negative control: without its centre the mean is off
    assert abs((found[-1] * np.exp(0.5 * 0.04)).mean() - 1.0) > 4.5e-3

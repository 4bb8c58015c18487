"""Draws of price parameters: the shipped errors keep the fitted mean price, wide ones do not."""

from __future__ import annotations

import numpy as np

from distributions.fit_price_draws import LARGEST_SHIFT, SHARES, narrowed, record_of_draw
from distributions.parameter_draws import draw_prices
from distributions.parameters import load


def test_wide_errors_are_narrowed_and_narrow_ones_are_kept() -> None:
    """The level of y off by 1 doubles prices and halves them: the mean rises by exp(1/2) - 1 = 65 %."""
    record = load("prices", "SE3_2021_2023")
    plain = {"names": ["profile_level"], "correlation": np.eye(1), "method": "by hand"}
    wide = narrowed(record | {"uncertainty": plain | {"standard_error": np.array([1.0])}})
    # The mean rises by half the variance: 3 % stands for a standard deviation of 0.24, so 0.17 to 0.35 remain.
    assert 0.17 <= wide["standard_error"][0] <= 0.35
    assert f"{LARGEST_SHIFT:.0%}" in wide["method"]
    narrow = narrowed(record | {"uncertainty": plain | {"standard_error": np.array([0.05])}})
    assert narrow["standard_error"][0] == 0.05 * SHARES[0]


def test_record_of_a_draw_moves_what_it_names() -> None:
    record = load("prices", "SE3_2021_2023")
    values = draw_prices(record, None)
    same = record_of_draw(record, values, 0)
    for name, value in record.items():
        if name not in ("meta", "uncertainty"):
            np.testing.assert_allclose(same[name], value, rtol=1e-12, atol=1e-12)
    moved = record_of_draw(
        record, values | {"profile_level": np.array([0.0, 0.5]), "size_scale": np.log([1.0, 2.0])}, 1
    )
    np.testing.assert_allclose(moved["profile"], record["profile"] + 0.5, rtol=1e-12)
    np.testing.assert_allclose(moved["size"], 2.0 * record["size"], rtol=1e-12)

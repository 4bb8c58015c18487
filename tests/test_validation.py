"""The validation of all histories: it says plainly when they are not there, and lists what fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from distributions.parameters import load
from distributions.price_twin import bent
from distributions.prices import price_row, price_tables
from studies import validation


def test_absent_histories_are_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validation, "SHARED", tmp_path / "none")
    assert validation.main(["--out", str(tmp_path / "out")]) == 1
    assert "The histories are not here" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not validation.SHARED.is_dir(), reason="the histories are not in ../shared")
def test_one_history_gives_a_table_a_page_and_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validation.main(["--only", "NL_meters", "--years", "200", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "facts within their tolerance" in printed
    page = (tmp_path / "validation.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page
    assert "<script" not in page
    record = load("outages", tmp_path / "outages_NL_meters.toml")
    assert record["meta"]["site_years"] == pytest.approx(98.7)


def test_compiled_prices_know_the_bends() -> None:
    record = dict(load("prices", "SE3_2021_2023"))
    plain = price_tables(record)
    bending = price_tables(record | {"bend_at": np.arange(4.0), "bend": np.full(4, 0.5)})
    assert any(not np.array_equal(a, b) for a, b in zip(plain, bending, strict=True))


def test_compiled_prices_bend_as_the_twin_does() -> None:
    record = dict(load("prices", "SE3_2021_2023")) | {
        "bend_at": np.array([-0.5, 0.3, 1.0, 2.0]),
        "bend": np.array([0.4, -0.2, 0.3, -0.1]),
    }
    tables = price_tables(record)
    y = np.linspace(-3.0, 4.0, 141)
    row, one = y.astype(np.float32), np.ones(y.size, np.float32)
    bends = [np.full(y.size, slope, np.float32) for slope in record["bend"]]
    price_row(row, one, *bends, tables.knot, tables.scale)
    expected = record["offset"] + record["scale"] * np.sinh(bent(y, record))
    np.testing.assert_allclose(row, expected, rtol=2e-5, atol=2e-4)
    # negative control: without the bends the prices differ
    assert np.max(np.abs(expected - (record["offset"] + record["scale"] * np.sinh(y)))) > 1.0

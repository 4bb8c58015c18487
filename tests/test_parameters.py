"""Parameter records: what ships is sound, what is wrong is named."""

from __future__ import annotations

import copy
import tomllib

import numpy as np
import pytest

from distributions.clock import DAYS_IN_MONTH, DAYS_PER_YEAR, HOURS_PER_YEAR, MONTH_OF_DAY, MONTH_OF_HOUR, day_type
from distributions.fit_outages import from_indices
from distributions.parameters import (
    CLEARNESS_KNOTS,
    FOLDER,
    KINDS,
    OUTAGE_FAMILIES,
    REGIMES,
    ParameterError,
    list_names,
    load,
    validate,
)
from distributions.parameters._write import dumps
from distributions.regime import mean_intensity, state_share, transition_from_shares

SHIPPED = [(kind, name) for kind in KINDS for name in list_names(kind)]


def raw(kind: str, name: str) -> dict:
    return tomllib.loads((FOLDER / f"{kind}_{name}.toml").read_text(encoding="utf-8"))


def test_clock_has_no_leap_day() -> None:
    assert DAYS_IN_MONTH.sum() == DAYS_PER_YEAR
    assert len(MONTH_OF_HOUR) == HOURS_PER_YEAR
    # 1 March is day 31 + 28 = 59, counted from 0
    assert MONTH_OF_DAY[58] == 1
    assert MONTH_OF_DAY[59] == 2
    # day 0 is a Monday, so days 5 and 6 are the weekend and day 7 is not; day 368 = 52 * 7 + 4 is a Friday
    assert [day_type(day) for day in (0, 4, 5, 6, 7, 368)] == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_shipped_record_loads_and_names_its_source(kind: str, name: str) -> None:
    record = load(kind, name)
    assert {"source", "window"} <= record["meta"].keys()
    assert "placeholder" not in str(record["meta"])
    for value in record.values():
        if isinstance(value, np.ndarray):
            assert value.dtype == np.float64
            assert not value.flags.writeable


def test_every_kind_ships() -> None:
    assert {kind for kind, _ in SHIPPED} == set(KINDS)
    assert "SE3_2021_2023" in list_names("prices")


def test_written_text_reads_back() -> None:
    record = load("irradiance", "lyngby_2015_2018")
    again = validate("irradiance", tomllib.loads(dumps(record)))
    assert again["quantile"].shape == (12, CLEARNESS_KNOTS)
    np.testing.assert_allclose(again["quantile"], record["quantile"], rtol=1e-5)


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_what_a_reader_changes_is_its_own(kind: str, name: str) -> None:
    """Records are parsed once and given out many times."""
    before = repr(load(kind, name))
    record = load(kind, name)
    record["meta"]["source"] = "changed"
    for value in record.values():
        if isinstance(value, dict):
            value.clear()
        if isinstance(value, list):
            value.append("changed")
        if isinstance(value, np.ndarray):
            assert not value.flags.writeable
    assert repr(load(kind, name)) == before


def test_a_changed_file_is_read_again(tmp_path) -> None:
    place = tmp_path / "own.toml"
    text = (FOLDER / "outages_nordic_hv.toml").read_text(encoding="utf-8")
    place.write_text(text, encoding="utf-8")
    source = load("outages", place)["meta"]["source"]
    place.write_text(text.replace(source, "another source"), encoding="utf-8")
    assert load("outages", place)["meta"]["source"] == "another source" != source
    place.write_text("meta = 1", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ParameterError, match="own.toml"):
            load("outages", place)


def test_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(ParameterError, match="did you mean 'SE3_2021_2023'"):
        load("prices", "SE3_2021_2032")
    with pytest.raises(ParameterError, match="no parameter kind 'price'"):
        load("price", "SE3_2021_2023")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("scale", 0.0, r"file: scale: 0.0: must lie in \(0"),
        ("slow_phi", 1.0, "file: slow_phi: 1.0: must lie in"),
        ("offset", float("nan"), "file: offset: nan: must be finite"),
        ("shape", [1.0] * 23, r"file: shape: has shape \(23,\): must be \(24,\)"),
        ("size", [float("inf")] * 24, "file: size: holds a value that is not finite"),
        ("jump_share_up", 1.2, "file: jump_share_up"),
        ("hour_phi", "high", "file: hour_phi: 'high': must be a number"),
        ("fast_ph", 0.5, "file: fast_ph: unknown key; did you mean 'fast_phi'"),
    ],
)
def test_wrong_price_value_is_named(key: str, value: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        validate("prices", raw("prices", "SE3_2021_2023") | {key: value}, "file")


def test_all_errors_come_together() -> None:
    broken = raw("outages", "nordic_hv")
    del broken["sag"]["residual_quantile"]
    broken["extreme"]["month_weight"][0] += 1.2
    broken["sustained"]["duration_s"] = {"median": 5.0}
    with pytest.raises(ParameterError) as error:
        validate("outages", broken, "file")
    text = str(error.value)
    assert "sag.residual_quantile: missing" in text
    assert "extreme.month_weight: mean is 1.1" in text
    assert "sustained.duration_s.law: missing" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"year_sd": -0.1}, r"file: year_sd: -0.1: must lie in \[0, 1\]"),
        ({"uncertainty": {"names": ["level"], "standard_error": [-0.1]}}, "file: uncertainty.standard_error"),
        ({"uncertainty": {"names": ["level"], "standard_error": [0.1, 0.1]}}, r"standard_error: has shape \(2,\)"),
        ({"uncertainty": {"names": ["levels"], "standard_error": [0.1]}}, "levels: unknown; each must be one of level"),
        ({"uncertainty": {"names": ["level"]}}, "uncertainty.standard_error: missing"),
        ({"uncertainty": {"names": ["level"], "standard_error": [0.1], "error": 1}}, "uncertainty.error: unknown key"),
        (
            {
                "uncertainty": {
                    "names": ["level", "day_phi"],
                    "standard_error": [0.1, 0.1],
                    "correlation": [[1.0, 0.5], [0.4, 1.0]],
                }
            },
            "uncertainty.correlation: must be symmetric",
        ),
    ],
)
def test_wrong_irradiance_errors_are_named(change: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        validate("irradiance", raw("irradiance", "lyngby_2015_2018") | change, "file")


def test_errors_not_told_are_none() -> None:
    record = raw("irradiance", "lyngby_2015_2018") | {"uncertainty": {"names": ["level"], "standard_error": [0.02]}}
    record.pop("year_sd", None)
    checked = validate("irradiance", record)
    assert checked["year_sd"] == 0.0
    np.testing.assert_array_equal(checked["uncertainty"]["correlation"], [[1.0]])
    outages = raw("outages", "nordic_hv") | {"uncertainty": {"sag": {"rate_log_se": 0.3}}}
    errors = validate("outages", outages)["uncertainty"]
    assert errors["sag"] == {"rate_log_se": 0.3, "duration_log_se": 0.0}
    assert errors["extreme"] == {"rate_log_se": 0.0, "duration_log_se": 0.0}
    for family, text in (
        ({"sag": {"rate_log_se": -1.0}}, r"uncertainty.sag.rate_log_se: -1.0: must lie in \[0, 2\]"),
        ({"sags": {"rate_log_se": 0.1}}, "uncertainty.sags: unknown key; did you mean 'sag'"),
    ):
        with pytest.raises(ParameterError, match=text):
            validate("outages", raw("outages", "nordic_hv") | {"uncertainty": family})


def test_transition_rows_must_sum_to_one() -> None:
    broken = raw("weather", "nordic")
    broken["transition"][3][1][1] += 0.01
    with pytest.raises(ParameterError, match="transition: each row must sum to 1"):
        validate("weather", broken)


def test_price_shift_is_centred_and_winter_is_worst() -> None:
    weather = load("weather", "nordic")
    share = state_share(weather["transition"])
    np.testing.assert_allclose(share.sum(axis=1), 1.0, atol=1e-12)
    assert abs((share @ weather["price_shift"]).mean()) < 1e-4
    storm = share[:, REGIMES.index("storm")]
    winter = np.isin(MONTH_OF_DAY, [9, 10, 11, 0, 1, 2])
    assert storm[winter].sum() > 3.0 * storm[~winter].sum()
    cold = share[:, REGIMES.index("cold_and_still")]
    assert cold[np.isin(MONTH_OF_DAY, [11, 0, 1])].sum() > 0.8 * cold.sum()


def test_state_share_solved_by_hand() -> None:
    # One month's matrix all year: enters the storm with probability 0.1, leaves with 0.5, never cold.
    # Balance: 0.1 (1 - s) = 0.5 s, so s = 1/6. Built from that share and a length of 2 days it must come back.
    transition = transition_from_shares(np.tile([1.0 / 6.0, 0.0], (12, 1)), [2.0, 4.0])
    np.testing.assert_allclose(transition[5], [[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.25, 0.0, 0.75]])
    np.testing.assert_allclose(state_share(transition)[[0, 200]], [[5 / 6, 1 / 6, 0.0]] * 2, atol=1e-12)
    # Intensity with multiplier 7 in a storm: 5/6 + 7/6 = 2.
    assert mean_intensity(np.ones(12), np.array([1.0, 7.0, 1.0]), transition) == pytest.approx(2.0, rel=1e-12)


def test_outage_record_is_plausible() -> None:
    outages = load("outages", "nordic_hv")
    assert [family for family in outages if family in OUTAGE_FAMILIES] == list(OUTAGE_FAMILIES)
    assert all(outages["uncertainty"][family]["rate_log_se"] > 0.0 for family in OUTAGE_FAMILIES)
    residual = outages["sag"]["residual_quantile"]
    # EPRI counts 50, 27, 18, 9, 4.5: of 45.5 sags 22.5 go below 80 % and 4.5 below 50 %.
    below = np.interp([0.8, 0.5], residual, np.linspace(0.0, 1.0, 11))
    np.testing.assert_allclose(below, [22.5 / 45.5, 4.5 / 45.5], atol=0.02)
    rates = {family: outages[family]["rate_per_year"] for family in OUTAGE_FAMILIES}
    assert rates["sag"] > rates["momentary"] > rates["sustained"] > rates["extreme"] > 0.0


def test_indices_give_rates_and_mean_duration() -> None:
    record = from_indices(1.2, 80.0, 2.5)
    duration = record["sustained"]["duration_s"]
    assert record["sustained"]["rate_per_year"] == 1.2
    assert record["momentary"]["rate_per_year"] == 2.5
    # mean of the lognormal = median exp(sigma^2 / 2) = 80 min
    assert duration["median"] * np.exp(0.5 * duration["sigma"] ** 2) == pytest.approx(4800.0, rel=1e-12)
    assert load("outages", "nordic_hv")["sustained"]["rate_per_year"] != 1.2
    again = copy.deepcopy(record)
    again.pop("meta")
    assert validate("outages", tomllib.loads(dumps(record)))["sag"]["rate_per_year"] == again["sag"]["rate_per_year"]


@pytest.mark.parametrize("wrong", [(-1.0, 80.0, 1.0), (1.0, 0.0, 1.0), (1.0, 80.0, float("nan"))])
def test_wrong_indices_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="must be a finite number"):
        from_indices(*wrong)

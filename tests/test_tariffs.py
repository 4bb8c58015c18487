"""Tariffs: the calendar by hand, kernels against plain Python, how often critical days are called, what is refused."""

import copy
import tomllib

import numpy as np
import pytest

from distributions.clock import DAYS_PER_YEAR, MONTH_OF_DAY
from distributions.parameters import FOLDER, ParameterError, list_names, load, validate
from distributions.tariffs import WORKING_SHARE, calls_per_year, critical_row, tariff_price_row, tariff_tables

f = np.float32
WEATHER = load("weather", "nordic")["transition"]
SMALL = """
currency = "EUR"
utc_offset_h = 1.0
[meta]
source = "by hand"
window = "none"
trust = "judgement"
[periods]
peak = 100.0
valley = 40.0
[[calendar]]
months = "all"
days = "all"
hours = "22-6"
period = "valley"
[[calendar]]
months = "all"
days = "all"
hours = "6-22"
period = "peak"
[[critical]]
months = "12-2"
hours = "17-20"
calls_per_year = 10.0
multiplier = 1.5
regime_multiplier = { normal = 1.0, storm = 0.5, cold_and_still = 4.0 }
[demand_charge]
applies = "maximum_demand"
maximum_demand_per_kw_month = 5.0
contracted_capacity_per_kw_month = 3.0
excess_allowance = 1.05
excess_factor = 2.0
[level]
yearly_log_sd = 0.1
half_life_years = 2.0
"""


def small() -> dict:
    return tomllib.loads(SMALL)


def read(raw: dict) -> dict:
    return validate("tariffs", raw, "file")


def all_lanes(n, seed=1):
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 1 << 32, n, dtype=np.uint32)
    return words, rng.integers(0, 3, n).astype(np.int8)


# --- the calendar -----------------------------------------------------------------------------------------------------
@pytest.mark.tiny
def test_small_calendar_by_hand():
    record = read(small())
    price = record["price_per_mwh"]
    # 22-6 wraps: hours 22, 23, 0 .. 5 are valley, the other sixteen peak, on every day of every month
    assert (price == np.where((np.arange(24) >= 6) & (np.arange(24) < 22), 100.0, 40.0)).all()
    (peak,) = record["critical"]
    # 12-2 wraps: December, January, February; 1.5 times the 100 of hours 17, 18, 19 adds 50
    assert np.flatnonzero(peak["months"]).tolist() == [0, 1, 11]
    assert np.argwhere(peak["add_per_mwh"]).tolist() == [[m, h] for m in (0, 1, 11) for h in (17, 18, 19)]
    assert set(peak["add_per_mwh"][peak["add_per_mwh"] > 0.0]) == {50.0}


def test_shipped_tariff_of_jiangsu():
    price = load("tariffs", "jiangsu_industrial")["price_per_mwh"]
    v, n, p, s = 304.07, 539.91, 830.18, 960.80
    half = 895.49
    winter = [v] * 6 + [n] * 5 + [v] * 2 + [n] + [p] * 4 + [s] * 2 + [p] * 2 + [n] * 2
    summer = [v] * 6 + [n] * 5 + [v] * 2 + [n] + [s] + [p] * 4 + [half, s, half] + [n] * 2
    spring = [n] * 2 + [v] * 4 + [n] * 4 + [v] * 4 + [n] + [p] * 7 + [n] * 2
    for month, day in ((0, winter), (6, summer), (3, spring), (10, spring)):
        assert price[month].tolist() == [day, day]
    # 426 of 2025: on the purchase price of 0.41 of 0.6101 yuan/kWh, 1.8 and 0.35; 13 % VAT is off
    rest = 0.6101 - 0.41
    for factor, cny in ((1.0, n), (1.8, p), (0.35, v), (1.8 * 1.2, s)):
        assert (0.41 * factor + rest) / 1.13 * 1000.0 == pytest.approx(cny, abs=0.005)


def test_shipped_tariff_of_2023_has_the_ratios_of_the_rule():
    price = load("tariffs", "jiangsu_industrial_2023")["price_per_mwh"]
    assert price[3, 0, 9] / price[3, 0, 12] == pytest.approx(1.7196, rel=1e-4)
    assert price[3, 0, 3] / price[3, 0, 12] == pytest.approx(0.4185, rel=1e-4)
    assert price[0, 0, 18] / price[0, 0, 9] == pytest.approx(1.2, rel=1e-4)


# --- kernels against plain Python -------------------------------------------------------------------------------------
def twin_called(tables, month, day_type, regime, words):
    out = []
    for r, word in zip(regime.tolist(), words.tolist(), strict=True):
        u = ((word >> 9) + 0.5) / 2.0**23  # the centre of one of 2**23 cells, exact in both precisions
        out.append(1.0 if day_type == 0 and u < float(tables.critical_probability[month, r]) else 0.0)
    return np.array(out, f)


@pytest.mark.tiny
@pytest.mark.parametrize("name", ["european_critical_peak", "small"])
def test_called_days_equal_their_twin(name):
    tables = tariff_tables(read(small()) if name == "small" else load("tariffs", name), WEATHER)
    words, regime = all_lanes(300)
    words[:2] = 0, 2**32 - 1
    for month in range(12):
        for day_type in (0, 1):
            called = np.full(300, 7.0, f)
            critical_row(called, tables, month, day_type, regime, words)
            assert called.tobytes() == twin_called(tables, month, day_type, regime, words).tobytes()
            assert not (day_type == 1 and called.any())


@pytest.mark.tiny
def test_prices_equal_their_twin_bit_for_bit():
    tables = tariff_tables(load("tariffs", "european_critical_peak"), WEATHER)
    words, regime = all_lanes(257, seed=2)
    called, price = np.zeros(257, f), np.zeros(257, f)
    critical_row(called, tables, 0, 0, regime, words)
    factor = np.exp(np.random.default_rng(3).normal(0.0, 0.2, 257)).astype(f)
    for hour in range(24):
        base, add = tables.price[0, 0, hour], tables.critical_add[0, hour]
        tariff_price_row(price, called, factor, base, add)
        twin = [np.float32(a * np.float32(base + np.float32(c * add))) for a, c in zip(factor, called, strict=True)]
        assert price.tobytes() == np.array(twin, f).tobytes()
    # by hand, hour 12 of a called day: 95 + 250; hour 3: 60
    tariff_price_row(price[:1], np.ones(1, f), np.ones(1, f), tables.price[0, 0, 12], tables.critical_add[0, 12])
    assert price[0] == 345.0
    tariff_price_row(price[:1], np.ones(1, f), np.ones(1, f), tables.price[0, 0, 3], tables.critical_add[0, 3])
    assert price[0] == 60.0


@pytest.mark.tiny
def test_without_a_tariff_the_tables_have_the_same_form():
    none, some = tariff_tables(None), tariff_tables(read(small()), WEATHER)
    assert none.on.tolist() == [0]
    assert some.on.tolist() == [1]
    for a, b in zip(none, some, strict=True):
        assert (a.shape, a.dtype, a.flags.c_contiguous) == (b.shape, b.dtype, b.flags.c_contiguous)
    assert not any(part.any() for part in none)


# --- how often critical days are called -------------------------------------------------------------------------------
@pytest.mark.tiny
@pytest.mark.parametrize("calls", [0.0, 3.0, 10.0, 40.0, 60.0])
def test_mean_number_of_calls_is_the_record_s(calls):
    raw = small()
    raw["critical"][0]["calls_per_year"] = calls
    tables = tariff_tables(read(raw), WEATHER)
    assert calls_per_year(tables, WEATHER) == pytest.approx(calls, abs=1e-4)
    p = tables.critical_probability
    assert p.min() >= 0.0
    assert p.max() <= 1.0
    assert not p[2:11].any()
    if calls == 10.0:  # cold and still days come four times as often as others, storms half as often
        assert p[0] / p[0, 0] == pytest.approx([1.0, 0.5, 4.0], rel=1e-6)


def walk(tables, years, seed, weekends):
    """Called days a year on one path: the weather walks by its own matrices, calls come from the kernel."""
    rng = np.random.default_rng(seed)
    days = years * DAYS_PER_YEAR
    u, words = rng.random(days), rng.integers(0, 1 << 32, days, dtype=np.uint32)
    state, total, cold = 0, 0, 0
    called = np.zeros(1, f)
    cumulative = np.cumsum(WEATHER, axis=2)
    for day in range(days):
        month = int(MONTH_OF_DAY[day % DAYS_PER_YEAR])
        state = min(int(np.searchsorted(cumulative[month, state], u[day])), 2)
        day_type = 1 if weekends and day % 7 >= 5 else 0
        critical_row(called, tables, month, day_type, np.array([state]), words[day : day + 1])
        total += int(called[0])
        cold += int(called[0]) * (state == 2)
    return total / years, cold / max(total, 1)


def test_called_days_follow_the_calendar_and_the_weather():
    """400 years, 22 calls a year. The yearly count has a standard deviation of 6.0 (300 seeds), so the mean of 400
    years has a standard error of 0.30: 1.2 is 4 of them, false alarm 1e-4; an error of 2.4 calls (11 %) is found with
    probability above 0.999. Control: without free weekends it is 7/5 of 22."""
    tables = tariff_tables(load("tariffs", "european_critical_peak"), WEATHER)
    mean, cold = walk(tables, 400, 5, weekends=True)
    assert abs(mean - 22.0) < 1.2
    assert cold > 0.15  # 11 of 365 days are cold and still: without the weather 11 / 151 = 0.07 of the calls
    wrong, _ = walk(tables, 400, 5, weekends=False)
    assert abs(wrong - 22.0) > 1.2
    assert wrong == pytest.approx(22.0 / WORKING_SHARE, abs=1.6)


def test_more_calls_than_days_are_refused():
    raw = small()
    raw["critical"][0]["calls_per_year"] = 90.0  # 90 days of winter hold 64 working days
    with pytest.raises(ParameterError, match=r"critical\[1\].calls_per_year: 90: with this weather only 64.3 working"):
        tariff_tables(read(raw), WEATHER)
    with pytest.raises(ValueError, match="needs the transition matrices"):
        tariff_tables(read(small()))


# --- what is refused --------------------------------------------------------------------------------------------------
def refused(change) -> str:
    raw = copy.deepcopy(small())
    change(raw)
    with pytest.raises(ParameterError) as error:
        read(raw)
    return str(error.value)


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["calendar"].pop(), "calendar: no entry holds hours 6-22 of working days in month 1 (and 368 more"),
        (
            lambda r: r["calendar"][1].update(hours="5-22"),
            "calendar: entries 1 and 2 both hold hours 5-6 of working days in month 1 (and 23 more",
        ),
        (lambda r: r["calendar"][0].update(hours="22-25"), "calendar[1].hours: '22-25': type whole hours"),
        (lambda r: r["calendar"][0].update(hours="22:30-6"), "calendar[1].hours: '22:30-6': type whole hours"),
        (lambda r: r["calendar"][0].update(hours="7"), "calendar[1].hours: '7': type whole hours"),
        (lambda r: r["calendar"][0].update(months=[0]), "calendar[1].months: [0]: type months such as [7, 8]"),
        (lambda r: r["calendar"][0].update(months=[1, 1]), "calendar[1].months: [1, 1]"),
        (lambda r: r["calendar"][0].update(days="weekdays"), "calendar[1].days: 'weekdays': type working, weekend"),
        (lambda r: r["calendar"][0].update(days="workin"), "did you mean 'working'?"),
        (lambda r: r["calendar"][0].update(period="valey"), "no such period in [periods]; did you mean 'valley'?"),
        (lambda r: r["calendar"][0].update(hour="1"), "calendar[1].hour: unknown key; did you mean 'hours'?"),
        (lambda r: r["periods"].update(sharp=120), "periods.sharp: is used by no [[calendar]] entry"),
        (lambda r: r["periods"].update(peak="dear"), "periods.peak: 'dear': must be a price per MWh"),
        (lambda r: r["periods"].update(peak=1e5), "periods.peak: 100000.0: must lie in [-1000, 10000] per MWh"),
        (lambda r: r.update(calendar=[3]), "calendar: [3]: must be tables, each headed [[calendar]]"),
        (lambda r: r.pop("calendar"), "calendar: missing: must be tables, each headed [[calendar]]"),
        (lambda r: r["meta"].update(trust="sure"), "meta.trust: 'sure': type one of read, quoted, memory, judgement"),
        (lambda r: r["meta"].pop("source"), "meta.source: missing: type where the prices come from"),
        (lambda r: r.update(currency="Euro"), "currency: 'Euro': type three capital letters"),
        (lambda r: r["critical"][0].update(adder_per_mwh=3.0), "critical[1]: type either adder_per_mwh = 60.0 or"),
        (lambda r: r["critical"][0].update(calls_per_year=-1), "critical[1].calls_per_year: -1: must be a number in"),
        (
            lambda r: r["critical"][0].update(regime_multiplier={"normal": 1}),
            "critical[1].regime_multiplier: {'normal': 1}: type { normal = 1.0, storm = 1.0, cold_and_still = 1.0 }",
        ),
        (lambda r: r["critical"].append(r["critical"][0]), "critical[2].months: month 12 is in critical[1] too"),
        (lambda r: r["demand_charge"].update(applies="maximum"), "demand_charge.applies: 'maximum': type one of"),
        (lambda r: r["demand_charge"].update(excess_factor=0.5), "demand_charge.excess_factor: 0.5: must lie in [1"),
        (lambda r: r["level"].update(half_life_years=0), "level.half_life_years: 0: must lie in (0"),
        (lambda r: r.update(leval={}), "leval: unknown key; did you mean 'level'?"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    assert f"file: {message}" in refused(change) or message in refused(change)


@pytest.mark.tiny
def test_all_errors_come_together():
    def change(raw):
        raw["calendar"][0]["days"] = "night"
        raw["level"]["yearly_log_sd"] = -1.0
        del raw["currency"]
        del raw["critical"][0]["multiplier"]

    lines = refused(change).splitlines()
    assert len(lines) == 4
    assert all(line.startswith("file: ") for line in lines)


def test_every_shipped_tariff_covers_its_calendar_once():
    for name in list_names("tariffs"):
        price = load("tariffs", name)["price_per_mwh"]
        assert price.shape == (12, 2, 24)
        assert price.min() > 0.0
    raw = tomllib.loads((FOLDER / "tariffs_jiangsu_industrial.toml").read_text(encoding="utf-8"))
    del raw["calendar"][4]  # the winter evening
    with pytest.raises(ParameterError, match="no entry holds hours 18-20 of working days in month 1 .and 6 more"):
        read(raw)

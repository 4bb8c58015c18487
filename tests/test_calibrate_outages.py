"""Calibration of outages: likelihood with late entry and censoring, tails, logs as users have them, the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from distributions.fit_durations import Durations, choose_tail, fit_body, fit_law, fit_tail
from distributions.fit_outage_log import calibrate_outages
from distributions.laws import from_spec
from distributions.outage_facts import validate_outages
from distributions.outage_log import LogRequest, read_outage_log
from distributions.parameters import load
from distributions.table_reading import HistoryError
from distributions.weighted_facts import weighted_quantile
from studies.cli import app


def plain(values: np.ndarray) -> Durations:
    count = len(values)
    return Durations(values, np.zeros(count), np.zeros(count, dtype=bool), np.ones(count))


def test_exponential_mean_solved_by_hand_with_censoring_and_late_entry() -> None:
    # Time at risk: 10 + 20 + (30 - 5) + 25; ended: the first three. Mean = 80 / 3.
    durations = Durations(
        np.array([10.0, 20.0, 30.0, 25.0]),
        np.array([0.0, 0.0, 5.0, 0.0]),
        np.array([False, False, False, True]),
        np.ones(4),
    )
    fitted = fit_law(durations, ("exponential",))
    assert fitted.spec["mean"] == pytest.approx(80.0 / 3.0, rel=1e-4)
    # Its logarithm has standard error 1 / sqrt(events that ended).
    assert fitted.errors["log_mean"] == pytest.approx(1.0 / np.sqrt(3.0), rel=1e-2)


def test_truncated_and_censored_log_gives_the_law_back_and_a_naive_fit_does_not() -> None:
    # 6,000 lognormal durations, median 5,000 s, sigma 1.2: standard errors 0.016 and 0.009 of the logarithms.
    rng = np.random.default_rng(2)
    true = 5000.0 * np.exp(1.2 * rng.standard_normal(6000))
    entry = np.where(rng.random(6000) < 0.5, 4000.0, 0.0)
    seen = true > entry
    end = rng.exponential(20000.0, 6000) + entry
    durations = Durations(np.minimum(true, end), entry, true > end, np.ones(6000)).chosen(seen)
    fitted = fit_law(durations, ("lognormal",)).spec
    assert fitted["median"] == pytest.approx(5000.0, rel=0.10)
    assert fitted["sigma"] == pytest.approx(1.2, rel=0.06)
    naive = fit_law(plain(durations.value), ("lognormal",)).spec
    assert abs(naive["sigma"] / 1.2 - 1.0) > 0.10


def test_right_law_is_chosen() -> None:
    rng = np.random.default_rng(3)
    assert fit_law(plain(3600.0 * rng.weibull(0.6, 2000))).spec["law"] == "weibull"
    assert fit_law(plain(3600.0 * np.exp(rng.standard_normal(2000)))).spec["law"] == "lognormal"


def test_pareto_tail_is_recovered() -> None:
    # Generalised Pareto, shape 0.3, scale 100, beyond 1,000: 4,000 of them give the shape within 0.02 (1 sigma).
    rng = np.random.default_rng(4)
    values = 1000.0 + 100.0 / 0.3 * (rng.random(4000) ** -0.3 - 1.0)
    fitted = fit_tail(plain(values), 1000.0)
    assert fitted.spec["shape"] == pytest.approx(0.3, abs=0.08)
    assert fitted.spec["scale"] == pytest.approx(100.0, rel=0.12)
    assert fitted.errors["shape"] == pytest.approx(1.3 / np.sqrt(4000), rel=0.2)
    tried = choose_tail(plain(values))
    assert sum(choice.chosen for choice in tried) == 1
    assert choose_tail(plain(values[:20])) == []


def two_peaks(rng: np.random.Generator, count: int) -> np.ndarray:
    """Resets of 10 min and repairs of 3 h, sigma 0.6, beyond 12 h a Pareto tail of shape 0.3: 5 %."""
    logs = np.where(rng.random(count) < 0.4, np.log(600.0), np.log(10800.0)) + 0.6 * rng.standard_normal(count)
    body = np.minimum(np.exp(logs), 43000.0)
    tail = 43200.0 + 20000.0 / 0.3 * (rng.random(count) ** -0.3 - 1.0)
    return np.where(rng.random(count) < 0.05, tail, body)


def test_two_peaks_are_found_and_a_single_law_misses_them() -> None:
    """4,000 events: a quantile q is known to 2 sqrt(q (1 - q) / 4000) of probability, in value here below 6 %.

    Tolerance 10 %. Negative control: the best of the plain laws misses the median by twice that.
    """
    values = two_peaks(np.random.default_rng(5), 4000)
    fitted = fit_body(plain(values), 43200.0)
    assert fitted.spec["weight_low"] == pytest.approx(0.4, abs=0.05)
    assert fitted.spec["median_low"] == pytest.approx(600.0, rel=0.10)
    assert fitted.spec["median_high"] == pytest.approx(10800.0, rel=0.10)
    assert fitted.spec["largest"] == 43200.0
    body = values[values <= 43200.0]
    shares = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
    np.testing.assert_allclose(from_spec(fitted.spec).ppf(shares), np.quantile(body, shares), rtol=0.10)
    single = from_spec(fit_law(plain(body)).spec)
    assert abs(float(single.ppf(0.5)) / np.median(body) - 1.0) > 0.20
    # standard error of the logarithm of the mean: scatter over mean over the root of the events
    assert fitted.log_mean_error == pytest.approx(body.std() / body.mean() / len(body) ** 0.5, rel=0.01)


def test_one_peak_stays_one_and_open_events_count() -> None:
    """3,000 lognormals of median 5,000 s, sigma 0.9; a third not seen to their end."""
    rng = np.random.default_rng(8)
    true = 5000.0 * np.exp(0.9 * rng.standard_normal(3000))
    seen = np.where(rng.random(3000) < 1 / 3, 8000.0 * rng.random(3000), np.inf)
    durations = Durations(np.minimum(true, seen), np.zeros(3000), true > seen, np.ones(3000))
    law = from_spec(fit_body(durations, np.inf).spec)
    assert float(law.ppf(0.5)) == pytest.approx(5000.0, rel=0.06)
    assert float(law.ppf(0.9)) == pytest.approx(5000.0 * np.exp(1.2816 * 0.9), rel=0.10)
    # Negative control: taken as ended, they pull the median down.
    naive = from_spec(fit_body(plain(durations.value), np.inf).spec)
    assert float(naive.ppf(0.5)) < 4500.0


def test_long_logs_are_grouped_without_harm() -> None:
    values = two_peaks(np.random.default_rng(6), 20000)
    one, many = (fit_body(plain(part), 43200.0).spec for part in (values[:4000], values))
    for name in ("weight_low", "median_low", "median_high", "sigma"):
        assert many[name] == pytest.approx(one[name], rel=0.12)


def test_quantiles_of_a_log_with_two_peaks_are_met_and_of_another_are_not(tmp_path: Path, compiled: bool) -> None:
    """Ten years of 60 a year. Negative control: the same log with every duration half as long again."""
    if not compiled:
        pytest.skip("simulates a thousand years")
    rng = np.random.default_rng(9)
    minutes = two_peaks(rng, 600) / 60.0
    days = np.sort(rng.random(600) * 3650.0)
    start = pd.Timestamp("2010-01-01") + pd.to_timedelta(days, unit="D")
    frame = pd.DataFrame({"start": start.strftime("%Y-%m-%d %H:%M"), "duration_min": minutes.round(2)})
    frame.to_csv(tmp_path / "log.csv", index=False)
    request = LogRequest(tmp_path / "log.csv", observed_from="2010-01-01", observed_to="2019-12-30")
    result = calibrate_outages(request, years=300, hold_out=0)
    quantiles = [fact for fact in result.facts if "duration_q" in fact.name]
    assert len(quantiles) == 8
    assert [fact.name for fact in quantiles if not fact.passed] == []
    history = result.history._replace(duration_s=1.5 * result.history.duration_s)
    threshold = result.record["extreme"]["duration_s"]["threshold"]
    moved = validate_outages(history, result.simulated, threshold, None, one_site=True)
    assert len([fact for fact in moved if "duration_q" in fact.name and not fact.passed]) >= 3


def test_weights_count_like_repeats() -> None:
    values = np.array([1.0, 2.0, 3.0])
    assert weighted_quantile(values, np.array([1.0, 1.0, 8.0]), 0.5) == 3.0
    assert weighted_quantile(np.repeat(values, [1, 1, 8]), np.ones(10), 0.5) == 3.0


def made_log(path: Path, years: int = 12, rate: float = 40.0) -> Path:
    """Clustered years, twice as many in winter, lognormal with a median of an hour."""
    rng = np.random.default_rng(6)
    rows = ["outage_start,outage_end,cause"]
    for year in range(years):
        for _ in range(rng.poisson(rate * rng.gamma(4.0, 0.25))):
            day = rng.choice(365, p=np.where((np.arange(365) < 90) | (np.arange(365) > 330), 2.0, 1.0) / 489.0)
            start = pd.Timestamp(2010 + year, 1, 1) + pd.Timedelta(days=int(day), hours=float(rng.random() * 24))
            end = start + pd.Timedelta(minutes=60.0 * float(np.exp(1.1 * rng.standard_normal())))
            rows.append(
                f"{start:%Y-%m-%d %H:%M:%S},{end:%Y-%m-%d %H:%M:%S},{rng.choice(['tree', 'planned'], p=[0.8, 0.2])}"
            )
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_log_gives_rate_season_and_law(tmp_path: Path, compiled: bool) -> None:
    if not compiled:
        pytest.skip("simulates a thousand years")
    request = LogRequest(made_log(tmp_path / "log.csv"), observed_from="2010-01-01", observed_to="2022-01-01")
    result = calibrate_outages(request, years=400)
    record = result.record
    # 32 a year unplanned, gamma shape 4 over 11 years: standard error 32 sqrt(1/4 + 1/32) / sqrt(11) = 5.1
    rate = record["sustained"]["rate_per_year"] + record["extreme"]["rate_per_year"]
    assert rate == pytest.approx(32.0, abs=4.0 * 5.1)
    facts = {fact.name: fact for fact in result.facts}
    for name in ("rate", "tail_rate", "duration_q50_h", "duration_q90_h", "clustering", "winter"):
        assert facts[name].passed, facts[name]
    assert facts["duration_q50_h"].history == pytest.approx(1.0, rel=0.15)
    assert 0.0 < record["uncertainty"]["sustained"]["rate_log_se"] < 0.3
    assert 0.0 < record["uncertainty"]["sustained"]["duration_log_se"] < 0.3
    assert record["uncertainty"]["sag"] == load("outages", "nordic_hv")["uncertainty"]["sag"]
    assert record["meta"]["held_out"] == "the last year"
    assert record["sag"]["rate_per_year"] == load("outages", "nordic_hv")["sag"]["rate_per_year"]
    assert [cause for cause, *_ in result.causes] == ["tree"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start,end\n2020-01-02 10:00,2020-01-02 09:00\n", r"line 2, column end: .* at or after the start"),
        ("start,duration\n2020-01-02 10:00,5\n", "column duration does not name its unit: type --duration-unit"),
        ("start,cause\n2020-01-02 10:00,tree\n", "no column looks like the end or the duration"),
        ("start,duration_min\n2020-01-02 10:00,-5\n", "line 2, column duration_min: '-5': expected a number from 0"),
        (
            "start,end\n2020-01-02 10:00:00,2020-01-02 11:00:00\n2020-02-19 10:00:00-3,2020-02-19 11:00:00\n",
            r"line 3, column start: '2020-02-19 10:00:00-3': expected a time without an offset, or with one such as Z",
        ),
        ("start,duration_min\n2020-01-02 10:00,5\n", "1 event remain: a fit needs at least 5"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HistoryError, match=message):
        read_outage_log(LogRequest(file))


STARTS = pd.date_range("2015-01-10 08:00", periods=120, freq="30D12h40min")
MINUTES = np.round(60.0 * np.exp(np.linspace(-1.5, 2.5, 120)))
ENDS = STARTS + pd.to_timedelta(MINUTES, unit="m")


def rows(form: str) -> str:
    """The same 120 interruptions as different people save them."""
    triples = list(zip(STARTS, ENDS, MINUTES, strict=True))
    if form == "German":
        lines = [f"{a:%d.%m.%Y %H:%M};{m / 60:.6f};Sturm".replace(".", ",").replace(",", ".", 2) for a, _, m in triples]
        return "Störungsbeginn;Dauer (h);Ursache\n" + "\n".join(lines)
    if form == "American":
        lines = [f"{a:%m/%d/%Y %I:%M %p},{b:%m/%d/%Y %I:%M %p},Tree" for a, b, _ in triples]
        return "Outage Start Time,Restoration Time,Cause\n" + "\n".join(lines)
    if form == "clocked":
        return "Date,Duration\n" + "\n".join(
            f"{a:%Y-%m-%d %H:%M},{m // 60:.0f}:{m % 60:02.0f}:00" for a, _, m in triples
        )
    if form == "zones":
        lines = [f"{a:%Y-%m-%dT%H:%MZ},{b + pd.Timedelta(hours=1):%Y-%m-%dT%H:%M}+01:00" for a, b, _ in triples]
        return "start_utc,end_local\n" + "\n".join(lines)
    if form == "twice":
        lines = [f"{a:%Y-%m-%d %H:%M},{m:.0f}" for a, _, m in triples]
        return "start,outage_minutes\n" + "\n".join(lines + lines[:7])
    return "time_off,outage_minutes,reason\n" + "\n".join(f"{a:%Y-%m-%d %H:%M},{m:.0f},tree" for a, _, m in triples)


@pytest.mark.parametrize("form", ["German", "American", "clocked", "zones", "twice", "minutes"])
def test_logs_as_people_save_them_tell_the_same(tmp_path: Path, form: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(rows(form), encoding="utf-8")
    log = read_outage_log(LogRequest(file))
    assert len(log.start) == 120
    np.testing.assert_allclose(log.durations.value, 60.0 * MINUTES, rtol=1e-5)
    assert log.start[0] == STARTS[0]
    assert any("7 rows stand twice" in note for note in log.notes) == (form == "twice")


def test_spans_of_time_in_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"start": STARTS, "duration": pd.to_timedelta(MINUTES, unit="m")})
    frame.to_parquet(tmp_path / "log.parquet")
    log = read_outage_log(LogRequest(tmp_path / "log.parquet"))
    np.testing.assert_allclose(log.durations.value, 60.0 * MINUTES)


def test_open_events_last_at_least_to_the_end_of_the_log(tmp_path: Path) -> None:
    lines = [f"{a:%Y-%m-%d %H:%M},{b:%Y-%m-%d %H:%M}" for a, b in zip(STARTS, ENDS, strict=True)]
    lines[60] = lines[60].split(",")[0] + ","
    lines[-1] = f"{STARTS[-1]:%Y-%m-%d %H:%M},ongoing"
    (tmp_path / "log.csv").write_text("begin,end\n" + "\n".join(lines), encoding="utf-8")
    until = STARTS[-1] + pd.Timedelta(hours=5)
    log = read_outage_log(LogRequest(tmp_path / "log.csv", observed_to=str(until)))
    # the one without an end in the middle of the log is not known; the last had lasted five hours
    assert len(log.start) == 119
    assert log.durations.censored.sum() == 1
    assert log.durations.value[log.durations.censored][0] == 5 * 3600.0


def test_overlaps_at_one_site_are_told(tmp_path: Path) -> None:
    lines = [f"{a:%Y-%m-%d %H:%M},{60 * 24 * 40}" for a in STARTS[:10]]
    (tmp_path / "log.csv").write_text("start,duration_min\n" + "\n".join(lines), encoding="utf-8")
    told = "begin before an earlier one has ended: 9"
    assert any(told in note for note in read_outage_log(LogRequest(tmp_path / "log.csv")).notes)
    assert not any(told in note for note in read_outage_log(LogRequest(tmp_path / "log.csv", sites=12.0)).notes)


def test_command_refuses_a_log_of_blinks(tmp_path: Path) -> None:
    text = "start,duration_s\n" + "\n".join(f"{a:%Y-%m-%d %H:%M},2" for a in STARTS)
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    words = ["calibrate", "outages", str(tmp_path / "log.csv"), "--out", str(tmp_path / "o.toml")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "0 interruptions longer than 180 s of 1" in done.stderr
    assert not (tmp_path / "o.toml").exists()


def test_command_takes_indices_and_says_whose_they_are(tmp_path: Path) -> None:
    out = tmp_path / "outages.toml"
    words = ["calibrate", "outages", "--saifi", "0.4", "--caidi-min", "75", "--maifi", "1.5", "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "average customer" in done.stderr
    assert load("outages", out)["sustained"]["rate_per_year"] == 0.4
    assert "sustained: SAIFI 0.4 a customer-year x site factor 1 = 0.4 a site-year" in done.stdout
    assert load("outages", out)["uncertainty"]["sustained"] == {"rate_log_se": 0.8, "duration_log_se": 0.2}
    done = CliRunner().invoke(app, [*words, "--site-factor", "0.25"])
    assert "average customer" not in done.stderr
    assert load("outages", out)["sustained"]["rate_per_year"] == pytest.approx(0.1)
    assert "momentary: MAIFI 1.5 a customer-year x site factor 0.25 = 0.375 a site-year" in done.stdout
    assert load("outages", out)["uncertainty"]["momentary"]["rate_log_se"] == 0.43
    done = CliRunner().invoke(app, ["calibrate", "outages", "--saifi", "0.4"])
    assert done.exit_code == 2
    assert "missing: --caidi-min, --maifi" in done.stderr

"""Events and ledger say the same: by path, year and strategy, EUR by cause and fuel, to the cent."""

import functools

import numpy as np
import pytest

import studies
from riskmodel.engine import simulate_range
from riskmodel.ledger import DOWNTIME_LINES, Line, build_ledger
from riskmodel.path_tables import CAUSES_OF_LOSS, events_columns
from riskmodel.quantities import Outcome, Quantity

SEED, PATHS, YEARS = 11, 12, 4
CENT = 0.01


@functools.lru_cache(maxsize=3)
def tables(name):
    """Study, ledger (paths, strategies, years, lines) without the decision, and the events of some paths."""
    study = studies.load(name, [f"study.years={YEARS}"])
    result = simulate_range(study, SEED, 0, PATHS)
    return study, result, build_ledger(study, result)[:, :, 1:], events_columns(study, result)


def by_year(events, column, shape):
    """Sum of a column of events by path, strategy and year."""
    sums = np.zeros(shape)
    np.add.at(sums, (events["path"], events["strategy"], events["year"] - 1), events[column])
    return sums


@pytest.mark.parametrize("name", studies.names())
def test_events_add_up_to_the_ledger(name):
    study, result, ledger, events = tables(name)
    shape = ledger.shape[:3]
    for line, cause in zip(DOWNTIME_LINES, CAUSES_OF_LOSS, strict=False):
        assert np.max(np.abs(by_year(events, f"eur_{cause}", shape) + ledger[..., line])) < CENT, cause
    assert np.max(np.abs(by_year(events, "eur_fuel", shape) + ledger[..., Line.FUEL])) < CENT
    assert np.sum(events["eur_lost"]) == pytest.approx(-np.sum(ledger[..., list(DOWNTIME_LINES)]), abs=CENT)
    for column, quantity in (("genset_kwh", Quantity.GENSET_KWH), ("damaged_servers", Quantity.DAMAGED_SERVERS)):
        assert by_year(events, column, shape) == pytest.approx(result.annual[..., quantity], rel=1e-6)
    # all that could go wrong would pass on zeros
    assert np.sum(events["eur_lost"]) > 1e4
    if any(strategy.gensets for strategy in study.strategies.values()):
        assert np.sum(events["eur_fuel"]) > 0


def test_a_ledger_with_one_event_missing_does_not_add_up():
    _, _, ledger, events = tables("ten_thousand_gpus")
    k = int(np.argmax(events["eur_lost"]))
    fewer = {name: np.delete(column, k) for name, column in events.items()}
    sums = sum(by_year(fewer, f"eur_{cause}", ledger.shape[:3]) for cause in CAUSES_OF_LOSS)
    assert np.max(np.abs(sums + ledger[..., list(DOWNTIME_LINES)].sum(axis=-1))) > CENT


def test_columns_of_an_event_agree():
    _, _, _, events = tables("ten_thousand_gpus")
    assert np.array_equal(events["noticed"], events["outcome"] != Outcome.UNAFFECTED)
    gpus, down = events["gpus"].astype(np.float64), events["hours_down"].astype(np.float64)
    stopped = events["gpu_hours_waiting"].astype(np.float64) + events["gpu_hours_restart"]
    np.testing.assert_allclose(gpus * down, stopped, rtol=1e-5)
    assert np.all(events["down_until_hour"] >= events["down_from_hour"])
    carried = events["outcome"] == Outcome.RODE_THROUGH
    hours = np.maximum(events["ups_h"] + events["cabinets_h"], events["gensets_h"])
    long = carried & (events["duration_s"] > 1.0) & (events["cause"] != 0)
    assert np.all(hours[long] > 0)
    assert np.sum(long) > 10

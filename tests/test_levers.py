"""Levers of a study on prices and events: what they move, exactly, and what they leave alone."""

import numpy as np
import pytest

import studies
from riskmodel.engine import simulate_range, trace_week
from riskmodel.given_events import GivenEvent, added_tables
from riskmodel.quantities import CAUSES
from riskmodel.study import StudyError

SEED, WEEK = 5, 168
WINTER = GivenEvent(2, 336.0, 120.0, "extreme", 0.0)


def study_of(*overrides, years=2):
    return studies.load("nordic_inference", [f"study.years={years}", *overrides])


def prices(*overrides):
    return trace_week(study_of(*overrides), SEED, 3, 8760, WEEK)["price_eur_per_mwh"].reshape(-1, 24)


def test_spreads_scale_about_the_days_mean():
    plain, flat, wide = prices(), prices("site.price_spread_factor=0"), prices("site.price_spread_factor=2")
    mean = plain.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(flat, np.repeat(mean, 24, axis=1), rtol=2e-6)
    np.testing.assert_allclose(wide, mean + 2.0 * (plain - mean), rtol=1e-5, atol=1e-4)
    assert np.ptp(plain, axis=1).min() > 0.0


def test_a_year_of_high_prices_is_that_year_alone():
    levels = "site.price_level_by_year=[1.0,3.6,1.0]"
    np.testing.assert_allclose(prices(levels), 3.6 * prices(), rtol=1e-5)
    first = [trace_week(study_of(*o), SEED, 3, 0, WEEK)["price_eur_per_mwh"] for o in ((), (levels,))]
    np.testing.assert_array_equal(*first)


def counts(*overrides, given=None, paths=256):
    """Events kept a path, by family."""
    result = simulate_range(study_of(*overrides), SEED, 0, paths, given=given)
    cause = result.events["cause"][result.events["strategy"] == 0]
    return np.bincount(cause, minlength=len(CAUSES)) / paths


def test_a_family_rate_moves_that_family_alone():
    """Counts of 256 paths of two years; Poisson: three times within 5 sd."""
    plain = counts()
    for family, name in ((0, "sag"), (3, "extreme_outage"), (4, "curtailment")):
        factor = 3.0 if family != 3 else 30.0
        more = counts(f"site.{name}_rate_factor={factor}")
        others = np.arange(len(CAUSES)) != family
        # the others draw the same events; a few are not felt any more, in an outage that is there already
        np.testing.assert_allclose(more[others], plain[others], rtol=0.1, atol=0.1)
        assert (
            abs(more[family] - factor * plain[family])
            < 5.0 * np.sqrt(factor * (factor + 1) * plain[family] / 256) + 0.1
        )
        assert more[family] > plain[family]


def test_an_added_event_comes_beside_the_drawn_ones():
    study = study_of()
    plain = simulate_range(study, SEED, 0, 64)
    with_it = simulate_range(study, SEED, 0, 64, given=added_tables([WINTER], study))
    hours = with_it.events["hour"][with_it.events["cause"] == 3]
    assert np.sum(hours == WINTER.hour) == 64 * 2  # every path, both strategies
    kept = {tuple(row) for row in zip(plain.events["path"], plain.events["year"], plain.events["hour"], strict=True)}
    now = {
        tuple(row) for row in zip(with_it.events["path"], with_it.events["year"], with_it.events["hour"], strict=True)
    }
    last = WINTER.hour + WINTER.duration_h
    assert all(year == 2 and WINTER.hour <= hour <= last for _, year, hour in kept - now)  # not felt in the dark
    assert len(kept & now) > 0.9 * len(kept)
    np.testing.assert_array_equal(with_it.annual[:, :, 0], plain.annual[:, :, 0])  # the year before knows nothing
    from riskmodel.quantities import Quantity

    lost = [r.annual[:, 0, 1, Quantity.LOST_WAITING_GPU_HOURS] for r in (plain, with_it)]
    assert np.all(lost[1] >= lost[0])
    # five days of 960 GPUs, of which the supply before the connection feeds a quarter: 28,800 GPU-hours, at most all
    assert 20_000 < np.median(lost[1] - lost[0]) <= 960 * 120


@pytest.mark.tiny
def test_added_events_beside_given_ones(tmp_path):
    file = tmp_path / "events.csv"
    file.write_text("year,hour,duration_h\n1,100,2\n2,300,1\n")
    study = study_of(f'site.given_events="{file}"')
    tables = added_tables([WINTER], study)
    assert tables.on.tolist() == [1]
    assert tables.event[0, :, 0].tolist() == [100.0, 300.0, 336.0]
    assert added_tables([WINTER], study_of()).on.tolist() == [2]
    with pytest.raises(ValueError, match="the study ends with year 2"):
        added_tables([WINTER._replace(year=3)], study)
    with pytest.raises(ValueError, match="begins before the event before it has ended"):
        added_tables([WINTER._replace(hour=300.5)], study)


@pytest.mark.tiny
@pytest.mark.parametrize("levels", ["[]", "[0.0]", "[1.0,200.0]"])
def test_price_levels_that_cannot_be(levels):
    with pytest.raises(StudyError, match="price_level_by_year.*1 to 40 factors from 0.01 to 100"):
        study_of(f"site.price_level_by_year={levels}")

"""Outages of the sites of a portfolio: each site's law as alone, common events the same, and nothing else shared."""

import tracemalloc

import numpy as np
import pytest

from distributions import parameters
from distributions.outages import DURATION_H, FAMILIES, FAMILY, HOUR, MOMENTARY, NUMBER, RESIDUAL, SAG, SUSTAINED
from riskmodel.insurance.portfolio import Grid, Portfolio, Site, accumulate, simulate_portfolio
from riskmodel.insurance.portfolio_events import EVENTS_A_YEAR, NUMBERS_A_SITE, draw_site_events, stream_seed
from riskmodel.lives import Redraw
from tests.portfolio_engine import hours_lost, plain_study

SEED, YEARS = 17, 2
NONE, HALF, ALL = (0.0,) * 5, (0.5,) * 5, (1.0,) * 5


@pytest.fixture(scope="module")
def study():
    return plain_study()


@pytest.fixture(scope="module")
def often():
    """Long outages ten times as often."""
    return plain_study("site.extreme_outage_rate_factor=10")


def drawn(study, n, site="a", grid="g", common=NONE, first=0, **more):
    return draw_site_events(study, SEED, first, n, site=site, grid=grid, common=np.array(common), **more)


def records(events):
    """(m, 5) events in order, with the path of each."""
    kept = np.arange(events.event.shape[1]) < events.first[:, -1:]
    return np.nonzero(kept)[0], events.event[kept]


def counts(events, family=SAG, common=None):
    """(n, years) events of a family; only the grid's, or only the site's own, if asked."""
    path, record = records(events)
    within = record[:, NUMBER].astype(int) % NUMBERS_A_SITE
    kept = record[:, FAMILY] == family
    if common is not None:
        kept &= (within % (2 * EVENTS_A_YEAR) >= EVENTS_A_YEAR) == common
    found = np.zeros(events.first.shape - np.array([0, 1]), int)
    np.add.at(found, (path[kept], within[kept] // (2 * EVENTS_A_YEAR)), 1)
    return found


def test_the_law_of_a_site_does_not_depend_on_the_common_share(study):
    """3,000 paths of 2 years: mean and variance of yearly sags within 4 standard errors of those without common events,
    and so are hours and durations (false alarm about 5e-4).

    The control draws the bad years of the two parts apart: its variance is too small by far more.
    """
    n = 3000
    alone = drawn(study, n, site="x", grid="x")
    base = counts(alone)
    _, first = records(alone)
    for common in (HALF, ALL):
        shared = drawn(study, n, common=common)
        mine = counts(shared)
        for moment in (lambda c: c.mean(axis=1), lambda c: ((c - base.mean()) ** 2).mean(axis=1)):
            a, b = moment(base), moment(mine)
            assert abs(a.mean() - b.mean()) < 4.0 * np.hypot(a.std(), b.std()) / np.sqrt(n)
        _, second = records(shared)
        for column in (HOUR, DURATION_H, RESIDUAL):
            a, b = (rows[rows[:, FAMILY] == SAG, column] for rows in (first, second))
            levels = np.quantile(a, [0.1, 0.5, 0.9])
            for level in levels:  # events of a path come together: twice the plain error
                p, q = (a > level).mean(), (b > level).mean()
                assert abs(p - q) < 8.0 * np.sqrt(p * (1 - p) * (1 / a.size + 1 / b.size))
    own = counts(drawn(study, n, common=HALF, grid="g"), common=False)
    other = counts(drawn(study, n, common=HALF, grid="h"), common=True)
    apart = own + other
    spread = ((base - base.mean()) ** 2).mean(axis=1)
    missing = spread.mean() - ((apart - base.mean()) ** 2).mean()
    assert missing > 6.0 * spread.std() / np.sqrt(n)


def test_common_events_are_the_same_at_all_sites_of_a_grid(study):
    one = drawn(study, 200, site="a", common=ALL, number=0)
    two = drawn(study, 200, site="b", common=ALL, number=7)
    np.testing.assert_array_equal(one.first, two.first)
    np.testing.assert_array_equal(one.event[..., :NUMBER], two.event[..., :NUMBER])
    numbers = [set(records(events)[1][:, NUMBER]) for events in (one, two)]
    assert not numbers[0] & numbers[1]  # what an event does is drawn for each site
    assert np.all(one.common_codes()[1] >= 0)
    np.testing.assert_array_equal(one.common_codes()[1], two.common_codes()[1])
    # half of them: the same common events, other own ones
    one, two = (drawn(study, 200, site=name, common=HALF) for name in "ab")
    codes = [events.common_codes()[1] for events in (one, two)]
    np.testing.assert_array_equal(*([np.sort(code[code >= 0]) for code in codes]))
    shares = [(code >= 0).mean() for code in codes]
    assert 0.4 < min(shares)
    assert max(shares) < 0.6
    hours = [set(events.common_codes()[0][code < 0]) for events, code in zip((one, two), codes, strict=True)]
    assert not hours[0] & hours[1]
    # another grid: nothing in common
    other = drawn(study, 200, site="b", grid="h", common=ALL)
    assert not set(records(other)[1][:, HOUR]) & set(records(one)[1][:, HOUR])


def test_a_site_with_fewer_outages_has_some_of_the_common_ones(study):
    rare = plain_study("site.sag_rate_factor=0.5")
    codes = [set(drawn(one, 300, common=ALL).common_codes()[1]) for one in (study, rare)]
    sags = [{code for code in some if code // EVENTS_A_YEAR % len(FAMILIES) == SAG} for some in codes]
    assert sags[1] < sags[0]
    assert 0.4 < len(sags[1]) / len(sags[0]) < 0.6


def coincidence(one, two, n):
    """Pairs of interruptions on one day at two sites, against those of the days of another path, in its errors."""
    days = np.zeros((2, n, YEARS * 365))
    for k, events in enumerate((one, two)):
        path, record = records(events)
        year = record[:, NUMBER].astype(int) % NUMBERS_A_SITE // (2 * EVENTS_A_YEAR)
        kept = np.isin(record[:, FAMILY], (MOMENTARY, SUSTAINED))
        np.add.at(days[k], (path[kept], (year * 365 + record[:, HOUR] // 24).astype(int)[kept]), 1)
    together, apart = ((days[0] * np.roll(days[1], lag, axis=0)).sum(axis=1) for lag in (0, 1))
    difference = together - apart
    return difference.mean() / (difference.std() / np.sqrt(n))


def test_weather_is_shared_within_a_region_alone():
    """Pairs of interruptions on a day, 1,500 paths with storms in common: far more than by chance in one region, in two
    regions as by chance (4 standard errors, false alarm 6e-5)."""
    n, study = 1500, plain_study("site.outage_rate_factor=20", "site.sag_rate_factor=0")
    away = Redraw(frozenset(), chance=True, life=9)
    one = drawn(study, n, site="a", grid="g")
    assert coincidence(one, drawn(study, n, site="b", grid="h"), n) > 6.0
    assert abs(coincidence(one, drawn(study, n, site="b", grid="h", redraw=away), n)) < 4.0


def test_events_do_not_depend_on_ranges(study):
    whole = drawn(study, 40, common=HALF)
    for first, n in ((0, 17), (17, 23)):
        part = drawn(study, n, common=HALF, first=first)
        np.testing.assert_array_equal(part.first, whole.first[first : first + n])
        most = part.event.shape[1]
        np.testing.assert_array_equal(part.event, whole.event[first : first + n, :most])
    assert stream_seed(SEED, "site", "a") != stream_seed(SEED, "grid", "a")


def test_rates_are_those_of_the_record(often):
    record = parameters.load("outages", often.record_names()["outages"])
    extreme = counts(drawn(often, 2000, common=HALF), FAMILIES.index("extreme"))
    rate = 10.0 * record["extreme"]["rate_per_year"]
    assert abs(extreme.mean() - rate) < 4.0 * extreme.mean(axis=1).std() / np.sqrt(2000)


def grid(name="g", common=NONE, region=""):
    return Grid(name, region, common, "judgement")


def test_all_sites_alike_and_all_events_common_save_nothing(often):
    sites = tuple(Site(name, often, "grid", grid(common=ALL)) for name in "abc")
    report, losses = simulate_portfolio(Portfolio("p", sites), 300, SEED, simulate_range=hours_lost)
    np.testing.assert_array_equal(losses.by_site["a"], losses.by_site["b"])
    for benefit in report.benefits:
        assert benefit.money.value == pytest.approx(0.0, abs=1e-9 * benefit.total.value)
    for site in report.sites:
        assert site.tail[50.0].value * 3 == pytest.approx(
            next(p for p in report.points if p[:2] == ("aep_tvar", 50.0)).estimate.value, rel=1e-9
        )
    assert report.common.value == pytest.approx(report.annual.aal.value, rel=1e-12)


def test_nothing_shared_adds_variances(often):
    """1,000 paths: the covariance of two sites in two regions is 0 within 4 standard errors; on one grid it is not."""
    for grids, shared in (((grid("g", region="r"), grid("h", region="s")), False), ((grid(common=ALL),) * 2, True)):
        sites = (Site("a", often, "grid", grids[0]), Site("b", often, "grid", grids[1]))
        losses = accumulate(Portfolio("p", sites), 1000, SEED, simulate_range=hours_lost)
        a, b = (losses.by_site[name].reshape(-1, YEARS) for name in "ab")
        product = ((a - a.mean()) * (b - b.mean())).mean(axis=1)
        z = product.mean() / (product.std() / np.sqrt(1000))
        assert (z > 4.0) if shared else (abs(z) < 4.0)


def test_the_same_bytes_in_any_ranges_and_with_other_sites_beside(often, monkeypatch):
    sites = [Site(name, often, "grid", grid(common=HALF)) for name in "abc"]
    first = accumulate(Portfolio("p", tuple(sites)), 60, SEED, simulate_range=hours_lost)
    monkeypatch.setattr("riskmodel.insurance.portfolio.PATHS_PER_RANGE", 13)
    other = accumulate(Portfolio("p", tuple(sites[::-1])), 60, SEED, simulate_range=hours_lost)
    np.testing.assert_array_equal(first.aggregate(), other.aggregate())
    np.testing.assert_array_equal(first.largest(), other.largest())
    np.testing.assert_array_equal(first.of_common_events(), other.of_common_events())
    fewer = accumulate(Portfolio("p", tuple(sites[:2])), 60, SEED, simulate_range=hours_lost)
    np.testing.assert_array_equal(first.by_site["b"], fewer.by_site["b"])
    another = accumulate(Portfolio("p", tuple(sites)), 60, SEED + 1, simulate_range=hours_lost)
    assert not np.array_equal(first.aggregate(), another.aggregate())


def test_an_event_of_a_grid_is_one_occurrence(often):
    sites = tuple(Site(name, often, "grid", grid(common=ALL)) for name in "ab")
    together = accumulate(Portfolio("p", sites), 100, SEED, simulate_range=hours_lost)
    np.testing.assert_allclose(together.largest(), 2.0 * together.largest_of_site["a"], rtol=1e-12)
    sites = tuple(Site(name, often, "grid", grid(name)) for name in "ab")
    apart = accumulate(Portfolio("p", sites), 100, SEED, simulate_range=hours_lost)
    np.testing.assert_array_equal(apart.largest(), np.maximum(*apart.largest_of_site.values()))


def test_memory_grows_by_the_losses_of_a_year_and_site_alone(often):
    """Four and sixteen sites of 2,000 years: 16 bytes a site and year kept, and as much again to report."""
    peaks = []
    for n_sites in (4, 16):
        sites = tuple(Site(f"s{k}", often, "grid", grid(common=HALF)) for k in range(n_sites))
        tracemalloc.start()
        simulate_portfolio(Portfolio("p", sites), 1000, SEED, simulate_range=hours_lost)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2 * 12 * 16 * 1000 * YEARS


def test_a_site_loses_what_it_loses_alone():
    """800 paths of 2 years through the engine, half of the outages common: mean loss and three shares of years within 4
    standard errors of a plain run (false alarm 3e-4). The control leaves the common half out."""
    from riskmodel.engine import simulate_range
    from riskmodel.path_tables import events_columns
    from riskmodel.variants import only
    from tests.test_event_by_hand import study_of

    n, study = 800, only(study_of(), {"bare", study_of().header.baseline})
    events = events_columns(study, simulate_range(study, SEED + 1, 0, n))
    mine = events["strategy"] == list(study.strategy_names).index("bare")
    row = events["path"][mine] * YEARS + events["year"][mine] - 1
    plain = np.bincount(row, events["eur_lost"][mine], n * YEARS)
    sites = tuple(Site(name, study, "bare", grid(common=HALF)) for name in "ab")
    losses = accumulate(Portfolio("p", sites), n, SEED)
    own = losses.by_site["a"] - losses.of_common_events() / 2.0
    levels = np.quantile(plain, [0.5, 0.9, 0.98])
    for statistic in (lambda x: x, *(lambda x, level=level: (x > level) * 1.0 for level in levels)):
        wanted, found, wrong = (statistic(x).reshape(n, -1).mean(axis=1) for x in (plain, losses.by_site["a"], own))
        error = np.hypot(wanted.std(), found.std()) / np.sqrt(n)
        assert abs(wanted.mean() - found.mean()) < 4.0 * error
        if statistic(levels[:1])[0] == levels[0]:
            assert wanted.mean() - wrong.mean() > 10.0 * error
    assert not np.array_equal(losses.by_site["a"], losses.by_site["b"])

"""Losses of many sites in the same years: exact laws, arithmetic by hand, and controls that must fail."""

import numpy as np
import pytest

from riskmodel.insurance.accumulation import Accumulation, portfolio_report, tail_shares
from riskmodel.insurance.exceedance import sorted_curve
from riskmodel.insurance.losses import Periods, equal_periods
from tests.compound_twin import CompoundPoisson

MU, SIGMA = 0.0, 1.0


def poisson_site(rng, rate, n):
    """Years and losses of the events of a compound Poisson-lognormal site."""
    year = np.repeat(np.arange(n), rng.poisson(rate, n))
    return year, rng.lognormal(MU, SIGMA, year.size)


def of_yearly(columns):
    """Portfolio of sites with one own event a year."""
    n = len(columns[0])
    found = Accumulation(n)
    for k, loss in enumerate(columns):
        found.add(f"s{k}", f"g{k}", np.arange(n), np.full(n, -1), np.asarray(loss, float))
    return found, [f"s{k}" for k in range(len(columns))]


def test_two_independent_sites_against_the_exact_law():
    """200,000 years: 2 x 6 points within 4 standard errors (false alarm 8e-4); the control adds years in one order."""
    rng, n, rates = np.random.default_rng(71), 200_000, (0.7, 1.5)
    found = Accumulation(n)
    for k, rate in enumerate(rates):
        year, loss = poisson_site(rng, rate, n)
        found.add(f"s{k}", f"g{k}", year, np.full(year.size, -1), loss)
    years = (10.0, 50.0, 200.0)
    report = portfolio_report(found, equal_periods(n), ["s0", "s1"], "EUR", years)
    exact = CompoundPoisson(sum(rates), MU, SIGMA)
    alone = [CompoundPoisson(rate, MU, SIGMA) for rate in rates]
    points = {(p.kind, p.return_period): p.estimate for p in report.points}
    benefits = {(b.kind, b.return_period): b for b in report.benefits}
    for period in years:
        chance = 1.0 - 1.0 / period
        wanted = {
            "aep": exact.quantile(chance), "aep_tvar": exact.tail_mean(chance), "oep": exact.occurrence(period)
        }  # fmt: skip
        for kind, value in wanted.items():
            estimate = points[kind, period]
            assert abs(estimate.value - value) < 4.0 * estimate.standard_error + exact.bucket, (kind, period)
            assert estimate.standard_error < 0.05 * value
        saved = sum(one.tail_mean(chance) for one in alone) - wanted["aep_tvar"]
        benefit = benefits["aep_tvar", period].money
        assert abs(benefit.value - saved) < 4.0 * benefit.standard_error
        assert saved > 8.0 * benefit.standard_error
    assert report.annual.sd.value**2 == pytest.approx(sum(one.sd**2 for one in alone), rel=0.03)  # variance adds
    # control: the worst year of one site is the worst of the other
    wrong, _ = of_yearly([np.sort(loss) for loss in found.by_site.values()])
    together = portfolio_report(wrong, equal_periods(n), ["s0", "s1"], "EUR", years)
    assert together.annual.sd.value**2 > 1.5 * report.annual.sd.value**2
    at = {(p.kind, p.return_period): p.estimate.value for p in together.points}
    assert at["aep_tvar", 50.0] > points["aep_tvar", 50.0].value + 20.0 * points["aep_tvar", 50.0].standard_error


def test_common_events_are_one_occurrence_by_hand():
    # year 0: event 3 of the grid costs 5 and 7 at its two sites; site b alone loses 4. Year 1: one own loss of 9.
    found = Accumulation(3)
    found.add("a", "north", np.array([0, 1]), np.array([3, -1]), np.array([5.0, 9.0]))
    found.add("b", "north", np.array([0, 0, 2]), np.array([3, -1, 8]), np.array([7.0, 4.0, 0.0]))
    assert found.aggregate().tolist() == [16.0, 9.0, 0.0]
    assert found.largest().tolist() == [12.0, 9.0, 0.0]
    assert found.largest_of_site["b"].tolist() == [7.0, 0.0, 0.0]
    assert found.of_common_events().tolist() == [12.0, 0.0, 0.0]
    # the same number on another grid is another event
    other = Accumulation(3)
    other.add("a", "north", np.array([0]), np.array([3]), np.array([5.0]))
    other.add("b", "south", np.array([0]), np.array([3]), np.array([7.0]))
    assert other.largest().tolist() == [7.0, 0.0, 0.0]


def test_all_events_common_saves_nothing():
    rng, n = np.random.default_rng(5), 3000
    year, loss = poisson_site(rng, 1.0, n)
    found = Accumulation(n)
    for name, size in (("a", 1.0), ("b", 2.0)):
        found.add(name, "g", year, np.arange(year.size), size * loss)
    report = portfolio_report(found, equal_periods(n), ["a", "b"], "EUR", (10.0, 33.0, 100.0))
    for benefit in report.benefits:
        assert benefit.money.value == pytest.approx(0.0, abs=1e-9 * benefit.total.value)
        assert benefit.money.standard_error < 1e-9 * benefit.total.value
    assert report.common.value == pytest.approx(report.annual.aal.value, rel=1e-12)
    # control: as own events they are two occurrences
    apart, names = of_yearly([loss[:50], 2.0 * loss[:50]])
    assert np.all(apart.largest() == 2.0 * loss[:50])
    assert names == ["s0", "s1"]


def test_contributions_add_up_and_are_means_over_the_portfolios_tail():
    rng, n = np.random.default_rng(9), 997  # no return period falls on a rank
    columns = [rng.lognormal(0.0, s, n) * (rng.random(n) < 0.7) for s in (0.5, 1.0, 1.5)]
    found, names = of_yearly(columns)
    report = portfolio_report(found, equal_periods(n), names, "EUR", (7.0, 50.0, 333.0, 997.0))
    for point in report.points:
        if point.kind == "aep_tvar":
            parts = [site.tail[point.return_period].value for site in report.sites]
            assert sum(parts) == pytest.approx(point.estimate.value, rel=1e-12)
            alone = [next(p for p in s.points if p[:2] == point[:2]).estimate.value for s in report.sites]
            assert all(part <= own * (1.0 + 1e-12) for part, own in zip(parts, alone, strict=True))
            assert sum(alone) > 1.01 * point.estimate.value or point.return_period > 500.0  # control
    total = sum(columns)
    shares = tail_shares(total, equal_periods(n).weight, 997 / 10)
    worst = np.argsort(-total)[:10]
    np.testing.assert_allclose(shares[worst], 0.1, rtol=1e-12)
    assert shares.sum() == pytest.approx(1.0, rel=1e-12)
    weight = rng.random(n)
    weight /= weight.sum()
    weighted = tail_shares(total, weight, 20.0)
    assert weighted @ total == pytest.approx(sorted_curve(total, weight).tail(20.0), rel=1e-9)


def test_errors_of_contributions_and_savings_are_those_of_repeated_runs():
    """300 repetitions of 100 paths of 5 years, alike by path: spread against the mean of the errors told, within 25 %.

    The spread of 300 values is known to 4 %; the control calls the years independent and must be off.
    """
    rng, paths, life, repeats = np.random.default_rng(13), 100, 5, 300
    n = paths * life
    periods = Periods(np.full(n, 1.0 / n), np.arange(n) // life, np.arange(n) % life + 1, np.full(n, np.nan))
    told, values, plain = [], [], []
    for _ in range(repeats):
        level = np.repeat(rng.lognormal(0.0, 0.6, paths), life)  # what the years of a path share
        found, names = of_yearly([level * rng.lognormal(0.0, 0.5, n), level * rng.lognormal(0.0, 0.5, n)])
        report = portfolio_report(found, periods, names, "", (10.0,))
        benefit = next(b for b in report.benefits if b.kind == "aep_tvar").money
        mine = (report.sites[0].tail[10.0], benefit)
        values.append([one.value for one in mine])
        told.append([one.standard_error for one in mine])
        plain.append(portfolio_report(found, equal_periods(n), names, "", (10.0,)).sites[0].tail[10.0].standard_error)
    spread = np.std(values, axis=0, ddof=1)
    np.testing.assert_allclose(np.mean(told, axis=0), spread, rtol=0.25)
    assert np.mean(plain) < 0.75 * spread[0]


def test_the_order_of_the_sites_changes_no_bit():
    rng, n = np.random.default_rng(3), 500
    columns = [rng.lognormal(0.0, 1.0, n) for _ in range(4)]
    found, names = of_yearly(columns)
    one = portfolio_report(found, equal_periods(n), names, "", (10.0,))
    other = portfolio_report(found, equal_periods(n), names[::-1], "", (10.0,))
    assert one.points == other.points
    assert one.benefits == other.benefits
    assert one.sites == other.sites[::-1]

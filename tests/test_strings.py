"""String against central converters: order statistics in closed form, limits, monotony, and the command."""

import json
import math

import numpy as np
import pytest
from scipy.stats import norm
from typer.testing import CliRunner

from distributions.cell_spread import PUBLISHED, Spread, capacity_above, capacity_quantile, expected_least
from distributions.cells import LAWS
from distributions.estimate import clustered_quantiles, mean
from distributions.streams import address, two_uniforms
from riskmodel.ageing import cycling_duty
from riskmodel.architecture import CARES, Group, Swaps, simulate_group, yearly_losses
from riskmodel.cabinet_availability import Failures, exact_shares, simulated_shares
from studies.cli import app

GROUP = Group(8, 5)
LOSSES = np.array([0.0, 0.05, 0.08, 0.10, 0.12, 0.14, 0.2])
SWAPS = Swaps(2, 0.1)
PATHS, SEED = 2000, 11
SIGMAS = 4.0  # each comparison fails by chance once in 16,000; the seed is fixed
BALANCED = CARES.index("balancing")


@pytest.fixture(scope="module")
def published():
    return simulate_group(GROUP, LOSSES, PUBLISHED, SWAPS, PATHS, SEED, keep_years=[0, 5])


# mean of the least of n standard normals: David and Nagaraja 2003, table of exact values for n = 2, 3, and 5
@pytest.mark.parametrize(
    ("n", "score"), [(1, 0.0), (2, -1 / math.sqrt(math.pi)), (3, -1.5 / math.sqrt(math.pi)), (5, -1.1629644736)]
)
def test_least_of_normals_as_published(n, score):
    assert expected_least(n, 0.0, Spread(fresh_cv=0.01)) == pytest.approx(1.0 + 0.01 * score, abs=1e-9)


def test_greatest_of_two_lognormals_in_closed_form():
    # E[max(X, Y)] = 2 m Phi(sigma / sqrt 2) for two lognormals of mean m: the weakest has lost most
    spread = Spread(fresh_cv=0.0, loss_cv=0.1)
    sigma = spread.log_sd
    greatest = 2.0 * 0.5 * math.erfc(-sigma / 2.0)
    assert expected_least(2, 0.2, spread) == pytest.approx(1.0 - 0.2 * greatest, abs=1e-9)
    assert expected_least(1, 0.2, spread) == pytest.approx(0.8, abs=1e-9)


def test_chance_and_quantile_are_inverse():
    for p in (0.05, 0.5, 0.95):
        x = capacity_quantile(p, 0.2, PUBLISHED)
        assert capacity_above(x, 0.2, PUBLISHED)[0] == pytest.approx(1.0 - p, abs=1e-6)
    # normal limit: a new module
    assert capacity_quantile(0.05, 0.0, PUBLISHED) == pytest.approx(1.0 - 1.6448536 * PUBLISHED.fresh_cv, abs=1e-6)


@pytest.mark.parametrize("year", range(len(LOSSES)))
def test_simulation_agrees_with_order_statistics(published, year):
    for values, n in ((published.string, 5), (published.central, 40)):
        found = mean(values[:, BALANCED, year])
        exact = expected_least(n, float(LOSSES[year]), PUBLISHED)
        assert abs(found.value - exact) < SIGMAS * found.standard_error
        assert found.standard_error < 2e-4 + 2e-3 * LOSSES[year]
        # negative control: the comparison would notice one module fewer
        wrong = expected_least(n - 1, float(LOSSES[year]), PUBLISHED)
        if n == 5:
            assert abs(found.value - wrong) > SIGMAS * found.standard_error


def test_chance_of_the_weakest_as_it_should_be(published):
    # a balanced string is above x with the fifth power of a module's chance
    share = capacity_above(np.array([0.84]), 0.14, PUBLISHED)[0] ** 5
    low = clustered_quantiles(published.by_string[:, :, 1], [1.0 - share])[0]
    assert abs(low.value - 0.84) < SIGMAS * low.standard_error


def _twin(path, year):
    """Shares of the nameplate by plain NumPy: as built and balanced, for one converter a string and one for all."""
    draws = [[two_uniforms(0, address(process, m), path, SEED) for m in range(40)] for process in (14, 15)]
    scores = norm.ppf(np.array(draws))
    sigma = math.sqrt(math.log(1.0 + 0.1**2))
    rate = np.exp(sigma * scores[0, :, 1] - sigma**2 / 2)
    capacity = (1.0 + PUBLISHED.fresh_cv * scores[0, :, 0] - LOSSES[year] * rate).reshape(8, 5)
    lead = PUBLISHED.charge_sd * scores[1, :, 0].reshape(8, 5)
    built = (capacity - lead.max(axis=1, keepdims=True) + lead).min(axis=1)
    balanced = capacity.min(axis=1)
    return np.array([[built.mean(), balanced.mean()], [built.min(), balanced.min()]])


@pytest.mark.tiny
@pytest.mark.parametrize("year", [0, 5])
def test_kernel_equals_its_plain_twin(year):
    found = simulate_group(GROUP, LOSSES, PUBLISHED, SWAPS, 3, SEED)
    for path in range(3):
        both = np.array([found.string[path, :2, year], found.central[path, :2, year]])
        assert np.abs(both - _twin(path, year)).max() < 1e-12


@pytest.mark.tiny
def test_zero_spread_makes_architectures_equal():
    none = simulate_group(GROUP, LOSSES, PUBLISHED.scaled(0.0), SWAPS, 3, SEED)
    assert np.array_equal(none.string[:, :2], none.central[:, :2])
    assert np.allclose(none.string[:, BALANCED], 1.0 - LOSSES, rtol=0, atol=1e-15)
    # years 2 and 4 swap 4 of 40: the others still hold their strings
    assert none.central[:, 2].tolist() == none.central[:, 1].tolist()


def test_central_never_gives_more_and_care_never_less(published):
    assert (published.central <= published.string).all()
    for values in (published.string, published.central):
        assert (values[:, 1] >= values[:, 0]).all()
        assert (values[:, 2] >= values[:, 1] - 1e-3).mean() > 0.99  # a new module may be weaker than the old one
        assert values[:, 2, -1].mean() > values[:, 1, -1].mean()


@pytest.mark.parametrize("name", ["string", "central"])
def test_more_spread_gives_less(published, name):
    before = getattr(published, name).mean(axis=0)
    for factor in (2.0, 3.0):
        wider = simulate_group(GROUP, LOSSES, PUBLISHED.scaled(factor), SWAPS, PATHS, SEED)
        now = getattr(wider, name).mean(axis=0)
        assert (now < before).all()
        before = now


def test_strings_alike_inside_set_architectures_apart():
    # all variance between strings: the weakest of 8 strings instead of 40 modules; a string loses less to its weakest
    alike = simulate_group(GROUP, LOSSES, Spread(0.0, 0.1, 0.0, 1.0), SWAPS, PATHS, SEED)
    for values, n in ((alike.string, 1), (alike.central, 8)):
        found = mean(values[:, BALANCED, -1])
        exact = expected_least(n, 0.2, Spread(0.0, 0.1))
        assert abs(found.value - exact) < SIGMAS * found.standard_error


def test_cells_of_a_module_are_one_more_series():
    cells = simulate_group(Group(2, 3, 4), LOSSES, PUBLISHED, Swaps(2, 0.0), 500, SEED)
    found = mean(cells.string[:, BALANCED, -1])
    assert abs(found.value - expected_least(12, 0.2, PUBLISHED)) < SIGMAS * found.standard_error


def test_paths_do_not_depend_on_the_parts_they_are_simulated_in(published):
    part = simulate_group(GROUP, LOSSES, PUBLISHED, SWAPS, 300, SEED, 700, keep_years=[0, 5])
    for whole, piece in zip(published, part, strict=True):
        assert np.array_equal(whole[700:1000], piece)
    fewer_strings = simulate_group(Group(3, 5), LOSSES, PUBLISHED, SWAPS, 20, SEED, keep_years=[0, 5])
    assert np.array_equal(fewer_strings.by_string, published.by_string[:20, :3])


@pytest.mark.tiny
def test_swapping_all_modules_starts_anew():
    every = simulate_group(GROUP, LOSSES, PUBLISHED.scaled(0.0), Swaps(1, 1.0), 1, SEED)
    assert every.central[0, 2].tolist() == pytest.approx([1.0] * 6 + [0.95], abs=1e-15)  # none in the last year


@pytest.mark.parametrize(("group", "swaps"), [(Group(0, 5), SWAPS), (Group(400, 400), SWAPS), (GROUP, Swaps(0, 0.1))])
def test_impossible_groups_are_refused(group, swaps):
    with pytest.raises(ValueError, match="must be"):
        simulate_group(group, LOSSES, PUBLISHED, swaps, 1, SEED)


def test_yearly_losses_are_those_of_the_published_points():
    # 10-90 % once a day at 0.4 C and 25 deg C for 10 years, computed with the packages themselves
    duty = cycling_duty(25.0, 0.1, 0.9, 0.4, 1.0)
    for name, left in (("blast_lfp_250ah", 0.9089), ("blast_sony_murata", 0.8944), ("naumann_2020", 0.7912)):
        assert 1.0 - yearly_losses(LAWS[name], duty, 10)[10] == pytest.approx(left, abs=1.5e-4)


def test_shares_of_time_by_binomial_and_by_simulation():
    failures = Failures(2.0, 438.0)  # down 1/11 of the time: 2 x 438 h a year up of 8760 h
    exact = exact_shares(3, failures, 3)
    up, down = 10 / 11, 1 / 11
    assert exact == pytest.approx([up**3, 3 * up**2 * down, 3 * up * down**2 + down**3], rel=1e-12)
    found = simulated_shares(3, failures, 3, 400, 5)
    for e, x in zip(found, exact, strict=True):
        assert abs(e.value - x) < SIGMAS * e.standard_error
    assert math.fsum(e.value for e in found) == pytest.approx(1.0, abs=1e-12)


def test_parts_in_series():
    both = Failures(0.075, 84.0).together(Failures(0.3, 48.0))
    assert both.per_year == pytest.approx(0.375)
    assert both.repair_h == pytest.approx((0.075 * 84 + 0.3 * 48) / 0.375)


def _strings(*arguments):
    return CliRunner().invoke(app, ["strings", "--paths", "40", "--seed", "3", *arguments])


def test_command_writes_tables_and_figure(tmp_path):
    out = tmp_path / "strings"
    done = _strings("--years", "3", "--json", "--out", str(out), "--cabinet", "215", "--swap-years", "1")
    assert done.exit_code == 0, done.output
    record = json.loads(done.output)
    assert record["seed"] == 3
    found = record["spreads"][1]
    assert found["spread"] == 2.0
    assert found["string"]["none"]["usable_kwh"][0]["value"] < 215.0
    assert found["string_minus_central"]["balancing"]["lifetime_mwh"]["value"] > 0.0
    assert sum(row["exact"] for row in record["availability"]) == pytest.approx(1.0)
    assert sorted(file.name for file in out.iterdir()) == [
        "strings.json",
        "strings.png",
        "strings.svg",
        "usable_energy.csv",
    ]
    assert json.loads((out / "strings.json").read_text()) == record
    # spreads x architectures x cares x years, and the heading
    assert len((out / "usable_energy.csv").read_text().splitlines()) == 1 + 2 * 2 * 3 * 4


def test_command_prints_a_table():
    done = _strings("--years", "1", "--spread", "0")
    assert done.exit_code == 0, done.output
    assert "Usable energy of a cabinet [kWh], spread 0 x published" in done.output
    assert "5 or fewer" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--years", "0"], "--years 0: must be from 1 to 30 years"),
        (["--spread", "1,x"], "--spread 1,x: must be 1 to 4 different numbers from 0 to 5"),
        (["--spread", "-1"], "--spread -1: must be"),
        (["--spread", "nan"], "--spread nan: must be"),
        (["--spread", "1,1"], "--spread 1,1: must be"),
        (["--cabinet", "262"], "--cabinet 262: type one of 261, 215"),
        (["--law", "naumann_202"], "did you mean naumann_2020?"),
        (["--cycles-per-day", "0"], "--cycles-per-day 0: must be from 0.1 to 6 cycles a day"),
        (["--cycles-per-day", "nan"], "--cycles-per-day nan: must be from 0.1 to 6 cycles a day"),
        (["--cycles-per-day", "0.123"], "--cycles-per-day 0.123: no 28 days or fewer"),
        (["--in-parallel", "1"], "--in-parallel 1: must be from 2 to 200 cabinets"),
        (["--swap-share", "2"], "--swap-share 2: must be from 0 to 1"),
        (["--paths", "1"], "--paths 1: must be from 2 to 100,000 lifetimes"),
    ],
)
def test_command_says_what_is_wrong_and_writes_nothing(tmp_path, arguments, message):
    out = tmp_path / "out"
    done = _strings(*arguments, "--out", str(out))
    assert done.exit_code == 2
    assert message in done.output
    assert not out.exists()


def test_command_will_not_take_a_file_for_a_folder(tmp_path):
    file = tmp_path / "taken"
    file.write_text("mine")
    done = _strings("--out", str(file))
    assert done.exit_code == 2
    assert "is a file" in done.output
    assert file.read_text() == "mine"

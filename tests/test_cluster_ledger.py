"""The cluster's whole life and the opportunity lines: by hand, and nothing counted twice."""

import numpy as np
import pytest

from riskmodel.assets import ASSET_LINES, FIRST_PRICE_LINES
from riskmodel.early_power import early_power
from riskmodel.ledger import (
    CLUSTER_INVESTMENT_LINES,
    FINANCING_LINES,
    INVESTMENT_LINES,
    N_LINES,
    Line,
    build_ledger,
    sum_of,
)
from riskmodel.quantities import Quantity
from riskmodel.study import StudyError
from tests.fake_engine import fake_simulate_range, small_study
from tests.test_ledger import hand_made

CLUSTER = {
    "cluster.costs.network_capex_eur_per_gpu": "2000",
    "cluster.costs.cooling_capex_eur_per_kw": "100",
    "cluster.costs.building_capex_eur_per_kw": "200",
    "cluster.costs.power_plant_capex_eur_per_kw": "300",
    "cluster.costs.staff_eur_per_year": "50000",
    "cluster.costs.network_service_eur_per_year": "7000",
    "cluster.costs.maintenance_share_of_capex_per_year": "0.01",
    "cluster.costs.insurance_premium_share_of_capex_per_year": "0.002",
}
END = {
    "finance.end_of_life.salvage_servers": "0.1",
    "finance.end_of_life.salvage_storage": "0.2",
    "finance.end_of_life.decommissioning_cluster": "0.01",
    "finance.end_of_life.decommissioning_storage": "0.05",
    "finance.end_of_life.decommissioning_pv": "0.04",
}
GAINS = {
    "strategies.string.opportunity.utilisation_gain": "0.05",
    "strategies.string.opportunity.earlier_release_eur_per_month": "1000",
    "strategies.string.opportunity.source": '"judgement: for a test"',
}
OTHER = {
    "site.energy_tax_eur_per_mwh": "10",
    "finance.subsidy.probability": "1.0",
    "finance.subsidy.grant_share": "0.1",
    "finance.subsidy.tax_credit_share": "0.2",
    "finance.subsidy.tax_credit_refundable": "true",
    "finance.debt.share_of_outlay": "0.3",
    "finance.debt.rate_nominal": "0.05",
    "finance.debt.tenor_years": "3",
    "finance.tax.rate": "0.2",
}
ALL = CLUSTER | END | GAINS | OTHER


def study_with(values, *more):
    return small_study(4, (*(f"{field}={value}" for field, value in values.items()), *more))


def test_cluster_by_hand():
    # 800 GPUs; rated load 100 servers x 10 kW x 1.1 x 1.2 = 1,320 kW; half the GPUs in year 1
    study = study_with(CLUSTER, "cluster.installed_share_by_year=[0.5, 1.0]")
    book = build_ledger(study, hand_made(study))[0, 0]
    np.testing.assert_allclose(book[:, Line.NETWORK_CAPEX], [-8e5, -8e5, 0, 0, 0])
    for line, each in ((Line.COOLING_CAPEX, 100), (Line.BUILDING_CAPEX, 200), (Line.POWER_PLANT_CAPEX, 300)):
        np.testing.assert_allclose(book[:, line], [-1320.0 * each, 0, 0, 0, 0])
    np.testing.assert_allclose(book[:, Line.STAFF], [0] + [-50_000] * 4)
    np.testing.assert_allclose(book[:, Line.NETWORK_SERVICE], [0] + [-7_000] * 4)
    # 1 % of servers 12 then 24 million, network 0.8 then 1.6, plant 0.792 million; refreshes add nothing
    np.testing.assert_allclose(book[:, Line.CLUSTER_MAINTENANCE], [0, -135_920, *[-263_920] * 3])
    # 0.2 % of the same and the connection of 3.2 million
    np.testing.assert_allclose(book[:, Line.INSURANCE_PREMIUM], [0, -33_584, *[-59_184] * 3])


def test_refreshes_get_cheaper():
    study = small_study(7, ("cluster.costs.refresh_price_growth_real_per_year=-0.1",))
    book = build_ledger(study, fake_simulate_range(study, 3, 0, 2))[:, 0]
    # at the ends of the years 2, 4 and 6: half price, then twice 10 % less, and again
    np.testing.assert_allclose(book[:, [2, 4, 6], Line.CLUSTER_REFRESH], np.outer([1, 1], [-12e6, -9.72e6, -7.8732e6]))


def test_end_of_life_by_hand():
    study = study_with(END)
    ledger = build_ledger(study, hand_made(study))[0]
    grid, string, _ = ledger
    assert not ledger[:, :-1, [Line.SALVAGE, Line.DECOMMISSIONING, Line.CLUSTER_SALVAGE]].any()
    assert grid[-1, Line.CLUSTER_SALVAGE] == pytest.approx(2.4e6)  # 10 % of the 24 million, not of the refresh
    assert grid[-1, Line.CLUSTER_DECOMMISSIONING] == pytest.approx(-0.24e6)
    # cabinets 652,500 (their replacement adds nothing), PV 1 million
    assert string[-1, Line.SALVAGE] == pytest.approx(130_500)
    assert string[-1, Line.DECOMMISSIONING] == pytest.approx(-32_625 - 40_000)
    assert grid[-1, Line.SALVAGE] == grid[-1, Line.DECOMMISSIONING] == 0.0


def test_opportunity_by_hand():
    study = study_with(GAINS)
    grid, string, diesel = build_ledger(study, hand_made(study))[0]
    # 900,000 powered GPU-h x 0.05 x 2 EUR, falling by 10 % a year
    np.testing.assert_allclose(string[1:, Line.UTILISATION_GAIN], 90_000 * 0.9 ** np.arange(4))
    # 14 months earlier than the baseline, in the year of the connection
    np.testing.assert_allclose(string[:, Line.EARLIER_RELEASE], [0, 14_000, 0, 0, 0])
    for book in (grid, diesel):
        assert not book[:, [Line.UTILISATION_GAIN, Line.EARLIER_RELEASE]].any()
    full = study_with(GAINS | {"strategies.string.opportunity.utilisation_gain": "0.9"})
    string = build_ledger(full, hand_made(full))[0, 1]
    assert string[1, Line.UTILISATION_GAIN] == pytest.approx(900_000 * 0.2 * 2.0)  # no more than all are sold


def test_energy_tax_by_hand():
    study = study_with({"site.energy_tax_eur_per_mwh": "10"})
    grid = build_ledger(study, hand_made(study))[0, 0]
    np.testing.assert_allclose(grid[1:, Line.ENERGY_TAX], -20_000.0)  # 2,000 MWh
    np.testing.assert_allclose(grid[1:, Line.ENERGY_FEES], -60_000.0)


FOLLOWS = set(FINANCING_LINES)
BOUGHT = FOLLOWS | {Line.INSURANCE_PREMIUM, Line.CLUSTER_MAINTENANCE, Line.CLUSTER_DECOMMISSIONING}
OWN = FOLLOWS | {Line.INSURANCE_PREMIUM, Line.SALVAGE, Line.DECOMMISSIONING}
SWITCHES = [
    # field, value that switches its cause off, its line, lines that are meant to follow
    ("cluster.capex_eur_per_gpu", "0", Line.CLUSTER_CAPEX, BOUGHT | {Line.CLUSTER_REFRESH, Line.CLUSTER_SALVAGE}),
    ("cluster.refresh_cost_share", "0", Line.CLUSTER_REFRESH, FOLLOWS),
    ("cluster.costs.network_capex_eur_per_gpu", "0", Line.NETWORK_CAPEX, BOUGHT),
    ("cluster.costs.cooling_capex_eur_per_kw", "0", Line.COOLING_CAPEX, BOUGHT),
    ("cluster.costs.building_capex_eur_per_kw", "0", Line.BUILDING_CAPEX, BOUGHT),
    ("cluster.costs.power_plant_capex_eur_per_kw", "0", Line.POWER_PLANT_CAPEX, BOUGHT),
    ("cluster.costs.staff_eur_per_year", "0", Line.STAFF, FOLLOWS),
    ("cluster.costs.network_service_eur_per_year", "0", Line.NETWORK_SERVICE, FOLLOWS),
    ("cluster.costs.maintenance_share_of_capex_per_year", "0", Line.CLUSTER_MAINTENANCE, FOLLOWS),
    ("cluster.costs.insurance_premium_share_of_capex_per_year", "0", Line.INSURANCE_PREMIUM, FOLLOWS),
    ("finance.end_of_life.salvage_servers", "0", Line.CLUSTER_SALVAGE, FOLLOWS),
    ("finance.end_of_life.salvage_storage", "0", Line.SALVAGE, FOLLOWS),
    ("finance.end_of_life.decommissioning_cluster", "0", Line.CLUSTER_DECOMMISSIONING, FOLLOWS),
    ("strategies.string.opportunity.utilisation_gain", "0", Line.UTILISATION_GAIN, FOLLOWS),
    ("strategies.string.opportunity.earlier_release_eur_per_month", "0", Line.EARLIER_RELEASE, FOLLOWS),
    ("site.energy_tax_eur_per_mwh", "0", Line.ENERGY_TAX, FOLLOWS),
    ("site.energy_fee_eur_per_mwh", "0", Line.ENERGY_FEES, FOLLOWS),
    ("site.demand_charge_eur_per_kw_year", "0", Line.DEMAND_CHARGE, FOLLOWS),
    ("strategies.diesel.gensets.fuel_eur_per_kwh", "0", Line.FUEL, FOLLOWS),
    ("strategies.diesel.gensets.capex_eur_per_kw", "0", Line.GENSET_CAPEX, OWN),
    ("strategies.diesel.ups.capex_eur_per_kw", "0", Line.UPS_CAPEX, OWN),
    ("strategies.string.pv.capex_eur_per_kwp", "0", Line.PV_CAPEX, OWN),
    ("strategies.string.pv.maintenance_eur_per_kwp_year", "0", Line.MAINTENANCE, FOLLOWS),
    ("strategies.string.storage.replacement_cost_share", "0", Line.STORAGE_REPLACEMENT, FOLLOWS),
    (
        "strategies.string.storage.capex_eur_per_kwh",
        "0",
        Line.STORAGE_CAPEX,
        OWN | {Line.STORAGE_REPLACEMENT, Line.MAINTENANCE},
    ),
    ("strategies.grid.connection.capex_eur", "0", Line.CONNECTION_CAPEX, OWN),
    ("cluster.damaged_repair_eur_per_server", "0", Line.DOWNTIME_HARDWARE, FOLLOWS),
    ("finance.subsidy.grant_share", "0", Line.GRANT, {Line.TAX, Line.DEBT_DRAWN}),
    ("finance.subsidy.tax_credit_share", "0", Line.TAX_CREDIT, {Line.TAX}),
    ("finance.tax.rate", "0", Line.TAX, set()),
    ("finance.debt.share_of_outlay", "0", Line.DEBT_DRAWN, FOLLOWS),
]


@pytest.mark.parametrize(("field", "off", "line", "follow"), SWITCHES, ids=[row[0] for row in SWITCHES])
def test_a_cause_moves_its_line_and_no_other(field, off, line, follow):
    """Nothing is counted twice: with a cause switched off its line is 0, and only what is meant to follow moves."""
    on, without = study_with(ALL), study_with(ALL, f"{field}={off}")
    result = fake_simulate_range(on, 3, 0, 60)
    changed = {**result.scalars, field: np.zeros(60)}
    other = type(result)(0, result.annual, changed, {}, result.strategy_names)
    before, after = build_ledger(on, result), build_ledger(without, other)
    moved = {Line(k) for k in range(N_LINES) if not np.array_equal(before[..., k], after[..., k])}
    assert line in moved
    assert moved <= {line} | follow
    if line not in (Line.MAINTENANCE, Line.SALVAGE, Line.DOWNTIME_HARDWARE, Line.CONNECTION_CAPEX):
        assert not after[..., line].any()
    difference = sum_of(before, range(N_LINES)) - sum_of(after, range(N_LINES))
    parts = sum_of(before - after, tuple(moved))
    np.testing.assert_allclose(difference, parts, atol=1e-6)


def test_a_cause_counted_twice_would_be_seen():
    """Negative control: the tax within the fee and again beside it moves two lines."""
    one, two = study_with(ALL), study_with(ALL, "site.energy_tax_eur_per_mwh=0", "site.energy_fee_eur_per_mwh=40")
    result = fake_simulate_range(one, 3, 0, 5)
    scalars = {
        **result.scalars,
        "site.energy_tax_eur_per_mwh": np.zeros(5),
        "site.energy_fee_eur_per_mwh": np.full(5, 40.0),
    }
    other = type(result)(0, result.annual, scalars, {}, result.strategy_names)
    before, after = build_ledger(one, result), build_ledger(two, other)
    moved = {Line(k) for k in range(N_LINES) if not np.array_equal(before[..., k], after[..., k])}
    assert not moved <= {Line.ENERGY_TAX} | FOLLOWS


def test_every_investment_is_one_kind_of_asset():
    kinds = [line for lines in ASSET_LINES.values() for line in lines]
    assert sorted(kinds) == sorted((*CLUSTER_INVESTMENT_LINES, *INVESTMENT_LINES))
    assert len(set(kinds)) == len(kinds)
    assert all(set(FIRST_PRICE_LINES[name]) <= set(lines) for name, lines in ASSET_LINES.items())


def test_gpus_bought_later_make_earlier_power_worth_nothing():
    waits = small_study(5)
    later = small_study(5, ('cluster.gpus_without_power="bought_later"',))
    result = fake_simulate_range(waits, 3, 0, 30)
    first, second = build_ledger(waits, result), build_ledger(later, result)
    early = early_power(result, first, 0)
    np.testing.assert_array_equal(second[..., Line.GPUS_BOUGHT_LATER], -early)
    others = [line for line in Line if line != Line.GPUS_BOUGHT_LATER]
    np.testing.assert_array_equal(first[..., others], second[..., others])
    # all connected on the first day, with the same bills: the difference to the baseline is the same as with that line
    powered = type(result)(0, result.annual.copy(), result.scalars, {}, result.strategy_names)
    powered.annual[..., Quantity.POWERED_GPU_HOURS] = powered.annual[..., Quantity.POTENTIAL_GPU_HOURS]
    gone = sum_of(first - build_ledger(waits, powered), range(N_LINES))
    np.testing.assert_allclose(gone, first[..., Line.WAITING_FOR_POWER], atol=1e-6)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("strategies.string.opportunity.utilisation_gain=0.1",), "opportunity.source: missing"),
        (
            (
                'cluster.gpu_hour_value_basis="margin"',
                "cluster.capex_eur_per_gpu=0",
                "cluster.costs.staff_eur_per_year=10",
            ),
            "counted twice",
        ),
        (('cluster.gpus_without_power="later"',), "'wait' or 'bought_later'"),
    ],
)
def test_what_cannot_be_is_refused(overrides, words):
    with pytest.raises(StudyError, match=words):
        small_study(4, overrides)


def test_a_path_has_the_same_bits_in_any_range():
    study = study_with(ALL)
    whole = build_ledger(study, fake_simulate_range(study, 3, 0, 40))
    parts = [build_ledger(study, fake_simulate_range(study, 3, first, n)) for first, n in ((0, 1), (1, 29), (30, 10))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))

"""Subsidy, tax and debt on a ledger: another program's cases, hand-solved paths, and nothing from nowhere."""

import numpy as np
import pytest

from riskmodel import finance
from riskmodel.financing import TAXABLE, cover_ratios, price_index, write_financing
from riskmodel.ledger import FINANCING_LINES, N_LINES, Draws, Line, build_ledger, sum_of
from riskmodel.measures import Terms
from riskmodel.path_tables import paths_columns
from riskmodel.quantities import Quantity
from riskmodel.range_result import RangeResult
from riskmodel.study import StudyError
from tests.fake_engine import fake_simulate_range, small_study

TAXED = ("finance.tax.rate=0.21", 'finance.tax.losses="other_income"', 'finance.depreciation.storage="macrs_5"')
DEBT = ("finance.debt.share_of_outlay=0.6", "finance.debt.rate_nominal=0.07", "finance.debt.tenor_years=15")
GRANTED = "finance.subsidy.probability=1.0"
CREDIT = (
    "finance.subsidy.probability=1.0", "finance.subsidy.tax_credit_share=0.3", "finance.subsidy.delay_months=12",
    "finance.subsidy.tax_credit_refundable=true",
)  # fmt: skip


def empty(study, n_paths=1):
    """Drawn values at their means, and a ledger of zeros."""
    scalars = {field: np.full(n_paths, law.mean()) for field, _, law in study.law_fields()}
    result = RangeResult(0, np.zeros((n_paths, 3, study.header.years, 0)), scalars, {}, tuple(study.strategy_names))
    return Draws(study, result), np.zeros((n_paths, 3, study.header.years + 1, N_LINES))


# NREL-PySAM 7.1.1, Cashloan, commercial: 500,000 USD, MACRS 5 years, 21 % federal tax, no state tax, 25 years,
# 2.5 % inflation, 6.4 % real discount rate; value 70,000 a year growing by 3 %, 300 kW at 15 USD a kW and year.
PYSAM = {
    "loan": ((*TAXED, *DEBT), 295040.1460552313, 22.517654841156993, 6.96926031064079),
    "loan and tax credit": ((*TAXED, *DEBT, *CREDIT), 420124.4789625881, 44.493167141797265, 4.868536423141234),
    "tax credit": ((*TAXED, *CREDIT), 359408.93518761406, 18.894979750167217, 4.868536423141234),
}


@pytest.mark.parametrize("case", PYSAM)
def test_pysam_cashloan(case):
    overrides, npv, irr_percent, payback = PYSAM[case]
    overrides = ("study.discount_rate_real=0.064", "finance.inflation_per_year=0.025", *overrides)
    study = small_study(25, overrides)
    draws, ledger = empty(study)
    index = price_index(study, draws)[0, 0]
    years = np.arange(25)
    ledger[0, 1, 0, Line.STORAGE_CAPEX] = -500_000.0
    ledger[0, 1, 1:, Line.COMPUTE_INCOME] = 70_000.0 * 1.03**years / index[1:]
    ledger[0, 1, 1:, Line.MAINTENANCE] = -4_500.0 * 1.025**years / index[1:]
    write_financing(study, draws, ledger)
    flow = sum_of(ledger, range(N_LINES))[0, 1]
    assert finance.net_present_value(flow, 0.064) == pytest.approx(npv, rel=1e-9)
    rate, status = finance.internal_rate_of_return([flow * index])
    assert status[0] == finance.IrrStatus.UNIQUE
    assert 100 * rate[0] == pytest.approx(irr_percent, abs=1e-4)  # their root finder stops there
    if "loan" not in case:  # their payback leaves the loan and the tax on its interest out
        assert finance.payback([flow * index])[0] == pytest.approx(payback, rel=1e-9)


def test_without_the_tables_nothing_is_written():
    for overrides in ((), ("finance.inflation_per_year=0.02",), ('finance.timing="mid_year"',)):
        study = small_study(overrides=overrides)
        ledger = build_ledger(study, fake_simulate_range(study, 3, 0, 20))
        assert not ledger[..., list(FINANCING_LINES)].any()


def test_tax_by_hand():
    # 10 % inflation; 1,000 at once written off over 2 years; income 880 real in years 1 and 2, none later
    study = small_study(3, ("finance.inflation_per_year=0.1", "finance.tax.rate=0.5",
                            'finance.depreciation.pv="straight_line_2"'))  # fmt: skip
    draws, ledger = empty(study)
    ledger[0, 1, 0, Line.PV_CAPEX] = -1000.0
    ledger[0, 1, 1:3, Line.COMPUTE_INCOME] = 880.0
    write_financing(study, draws, ledger)
    # nominal 968 and 1,064.80, less 500 each: 468 and 564.80, half of them, back by 1.1 and 1.21
    np.testing.assert_allclose(ledger[0, 1, :, Line.TAX], [0, -234.0 / 1.1, -282.4 / 1.21, 0])


def test_inflation_makes_depreciation_worth_less():
    values = []
    for inflation in (0.0, 0.03):
        study = small_study(6, (f"finance.inflation_per_year={inflation}", *TAXED))
        draws, ledger = empty(study)
        ledger[0, 1, 0, Line.STORAGE_CAPEX] = -1000.0
        ledger[0, 1, 1:, Line.COMPUTE_INCOME] = 400.0
        write_financing(study, draws, ledger)
        values.append(-ledger[0, 1, :, Line.TAX].sum())
    assert values[1] > values[0] > 0.0


def test_grant_by_hand():
    # 20 % of 500 for PV only, 14 months after the decision: year 2; less may be written off
    study = small_study(4, ("finance.subsidy.grant_share=0.2", "finance.subsidy.probability=1.0",
                            'finance.subsidy.assets=["pv"]', "finance.subsidy.delay_months=14",
                            "finance.inflation_per_year=0.1", "finance.tax.rate=0.5"))  # fmt: skip
    draws, ledger = empty(study)
    ledger[0, 1, 0, Line.PV_CAPEX], ledger[0, 1, 0, Line.STORAGE_CAPEX] = -500.0, -900.0
    ledger[0, 1, 1:, Line.COMPUTE_INCOME] = 1e6
    write_financing(study, draws, ledger)
    np.testing.assert_allclose(ledger[0, 1, :, Line.GRANT], [0, 0, 100.0 / 1.21, 0, 0])
    index = 1.1 ** np.arange(1, 5)
    off = (ledger[0, 1, 1:, Line.COMPUTE_INCOME] + 2 * ledger[0, 1, 1:, Line.TAX]) * index
    assert off.sum() == pytest.approx(400.0 + 900.0)


def test_a_grant_comes_as_often_as_its_chance():
    # 2,000 paths, chance 0.3: a count outside 4 standard errors is a false alarm once in 16,000; a chance of 0.35 is
    # caught in 8 cases of 10
    study = small_study(3, ("finance.subsidy.grant_share=0.2", "finance.subsidy.probability=0.3"))
    result = fake_simulate_range(study, 3, 0, 2000)
    granted = build_ledger(study, result)[:, 1, :, Line.GRANT].any(axis=1)
    error = np.sqrt(0.3 * 0.7 / 2000)
    assert abs(granted.mean() - 0.3) < 4 * error
    assert abs(granted.mean() - 0.35) > 1 * error
    np.testing.assert_array_equal(granted, result.scalars["finance.subsidy.decision"] < 0.3)


@pytest.mark.parametrize("kind", ["annuity", "equal_principal", "sculpted"])
def test_debt_is_worth_nothing_at_its_rate_and_cover_is_cash_over_payment(kind):
    study = small_study(12, ("finance.inflation_per_year=0.02", "finance.debt.share_of_outlay=0.5",
                             "finance.debt.rate_nominal=0.05", "finance.debt.tenor_years=10",
                             f'finance.debt.repayment="{kind}"', "finance.tax.rate=0.25",
                             "study.discount_rate_real=0.02941176470588225"))  # fmt: skip
    result = fake_simulate_range(study, 3, 0, 30)
    ledger = build_ledger(study, result)
    debt = sum_of(ledger, (Line.DEBT_DRAWN, Line.DEBT_INTEREST, Line.DEBT_PRINCIPAL))
    worth = Terms.of(study, Draws(study, result)).npv(debt)  # (1.05 / 1.02) - 1 real
    assert np.max(np.abs(worth)) < 1e-6 * np.max(ledger[..., Line.DEBT_DRAWN])
    cover = cover_ratios(ledger)
    assert np.isnan(cover[:, :, [0, 11, 12]]).all()
    k, s, y = 7, 1, 3
    cash = sum(ledger[k, s, y, line] for line in (*TAXABLE, Line.GRANT, Line.TAX_CREDIT, Line.TAX))
    payment = -(ledger[k, s, y, Line.DEBT_INTEREST] + ledger[k, s, y, Line.DEBT_PRINCIPAL])
    assert cover[k, s, y] == pytest.approx(cash / payment)
    columns = paths_columns(study, result, ledger)
    np.testing.assert_array_equal(columns["dscr_minimum"], np.nanmin(cover[:, :, 1:11], axis=-1).ravel())
    if kind == "sculpted":  # the tax saved by interest only adds to the cash it was made for
        assert np.nanmin(columns["dscr_minimum"][ledger[..., 0, Line.DEBT_DRAWN].ravel() > 0]) >= 1.3 - 1e-9


def test_timing_moves_every_year_half_a_year():
    end, middle = (small_study(6, (f'finance.timing="{timing}"',)) for timing in ("end_of_year", "mid_year"))
    result = fake_simulate_range(end, 3, 0, 10)
    flow = sum_of(build_ledger(end, result), range(N_LINES))
    at_end, at_middle = (Terms.of(study, Draws(study, result)).npv(flow) for study in (end, middle))
    np.testing.assert_allclose(at_middle, flow[..., 0] + (at_end - flow[..., 0]) * np.sqrt(1.08), rtol=1e-12)


def test_rates_of_mid_year_flows():
    flows = np.random.default_rng(2).uniform(1, 9, (50, 9))
    flows[:, 0] = -20.0
    rate, status = finance.internal_rate_of_return(flows, mid_year=True)
    assert (status == finance.IrrStatus.UNIQUE).all()
    assert np.max(np.abs(finance.net_present_value(flows, rate, mid_year=True))) < 1e-9


def test_a_law_for_the_discount_rate():
    study = small_study(5, ('study.discount_rate_real={law="uniform",low=0.06,high=0.1}',))
    assert study.header.finance_rate_real == pytest.approx(0.08)
    result = fake_simulate_range(study, 3, 0, 25)
    ledger = build_ledger(study, result)
    columns = paths_columns(study, result, ledger)
    drawn = columns["scalar:study.discount_rate_real"].reshape(25, 3)
    assert drawn.min() >= 0.06
    assert np.ptp(drawn[:, 0]) > 0.02
    flow = sum_of(ledger, range(N_LINES))
    expected = [[finance.net_present_value(flow[p, s], drawn[p, s]) for s in range(3)] for p in range(25)]
    np.testing.assert_allclose(columns["npv_eur"].reshape(25, 3), expected, rtol=1e-13)


def test_a_path_has_the_same_bits_in_any_range():
    study = small_study(12, (*TAXED[:1], *DEBT[:2], "finance.debt.tenor_years=10", 'finance.debt.repayment="sculpted"',
                             "finance.subsidy.probability=0.5", "finance.subsidy.grant_share=0.2",
                             "finance.inflation_per_year=0.02", 'finance.timing="mid_year"'))  # fmt: skip
    whole = build_ledger(study, fake_simulate_range(study, 3, 0, 40))
    parts = [build_ledger(study, fake_simulate_range(study, 3, first, n)) for first, n in ((0, 1), (1, 29), (30, 10))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_every_line_is_taxed_once_or_bought_or_financing():
    from riskmodel.financing import CAPITALISED

    assert sorted((*TAXABLE, *CAPITALISED, *FINANCING_LINES)) == list(range(N_LINES))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ((*DEBT[:2], "finance.debt.tenor_years=9"), "type at most 4"),
        ((GRANTED, "finance.subsidy.tax_credit_share=0.3"), "tax_credit_refundable = true"),
        ((GRANTED, "finance.subsidy.grant_share=0.8", "finance.subsidy.tax_credit_share=0.3"), "more than the outlay"),
        (("finance.tax.rate=1.5",), "0 to 0.9"),
        (("finance.taxes.rate=0.2",), "did you mean tax"),
        ((GRANTED, "finance.subsidy.assets=[]"), "names no asset"),
    ],
)
def test_what_cannot_be_is_refused(overrides, words):
    with pytest.raises(StudyError, match=words):
        small_study(4, overrides)


def test_early_power_after_tax():
    """With GPUs bought later, the same ledger with the line that takes earlier power off; both are reported."""
    money = ("finance.tax.rate=0.25", "finance.inflation_per_year=0.02")
    waits, later = small_study(6, money), small_study(6, (*money, 'cluster.gpus_without_power="bought_later"'))
    result = fake_simulate_range(waits, 3, 0, 20)
    first, second = (paths_columns(study, result, build_ledger(study, result)) for study in (waits, later))
    for name in ("delta_npv_without_early_power_eur", "delta_npv_with_early_power_eur", "early_power_value_eur"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-9, atol=1e-3)
    np.testing.assert_allclose(first["delta_npv_eur"], first["delta_npv_with_early_power_eur"], rtol=1e-12)
    np.testing.assert_array_equal(second["delta_npv_eur"], second["delta_npv_without_early_power_eur"])
    assert first["early_power_value_eur"].reshape(20, 3)[:, 1].min() > 0.0


def test_levelised_cost_of_storage_by_hand():
    # 10 cabinets of 261 kWh at 250: 652,500, service 2 % of it a year; 100 MWh charged, 80 given in each of 4 years;
    # 2,000 MWh imported for 100,000 and 30 a MWh of fees: 80 a MWh. No discount: (652,500 + 4 x (13,050 + 8,000)) / 320
    from tests.test_ledger import hand_made

    study = small_study(4, ("study.discount_rate_real=0.0",))
    result = hand_made(study)
    result.annual[:, 1, :, Quantity.CHARGE_KWH] = 100_000.0
    result.annual[:, 1, :, Quantity.DISCHARGE_KWH] = 80_000.0
    result.annual[..., Quantity.REPLACED] = 0.0
    columns = paths_columns(study, result, build_ledger(study, result))
    assert columns["lcos_without_charging_eur_per_mwh"][1] == pytest.approx((652_500 + 4 * 13_050) / 320)
    assert columns["lcos_eur_per_mwh"][1] == pytest.approx((652_500 + 4 * 13_050 + 4 * 8_000) / 320)
    assert np.isnan(columns["lcos_eur_per_mwh"][0])

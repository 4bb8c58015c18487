"""Published claims: arithmetic on the figures, and how often the simulation meets them."""

import pytest

import studies
from riskmodel.claims import claim_sentences, implied
from riskmodel.run import run_to_folder
from riskmodel.study import load_study
from tests.fake_engine import small_study


def test_the_published_case_pays_back_in_16_years_and_needs_390_thousand_more_for_five():
    facts = implied(studies.load("nordic_inference"))
    assert facts.saving_eur_per_year == 170_000.0  # 850,000 - 680,000
    assert facts.payback_simple_years == pytest.approx(16.470588, rel=1e-6)  # 2.8 million / 170,000
    assert facts.extra_benefit_eur_per_year == 390_000.0  # 2.8 million / 5 - 170,000
    assert facts.capex_difference_eur == -400_000.0  # so no incremental payback is needed


def test_a_study_without_claims_says_nothing():
    assert implied(small_study()) == (None, None, None, None)


def test_simulated_claims_are_in_the_summary_and_in_words(tmp_path):
    study = load_study(studies.path("nordic_inference"), ["study.years=2"])
    results = run_to_folder(study, tmp_path / "run", paths=8, seed=3)
    share = results.estimate("string_storage_pv", "claim_payback_without_early_power_met_share")
    # two years cannot pay back 2.8 million without earlier power
    assert share is not None
    assert share.value == 0.0
    text = "\n".join(claim_sentences(results))
    assert "16.5 years" in text
    assert "390 kEUR" in text
    assert "none needed" in text

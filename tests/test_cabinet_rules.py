"""Rules between storage and its failures, fires and contract: what is wrong, and what to type."""

import pytest

from riskmodel.study.availability import Availability
from riskmodel.study.cabinet_rules import availability_rules, demand_response_rules, fire_rules
from riskmodel.study.demand_response import DemandResponse
from riskmodel.study.fire import Fire
from riskmodel.study.strategy import Storage

PATH = "strategies.string.storage"


def storage(**fields):
    """20 cabinets of 125 kW and 261 kWh, 30 % kept for outages."""
    given = {
        "cabinets": 20, "cabinet_power_kw": 125.0, "cabinet_energy_kwh": 261.0, "round_trip_efficiency": 0.87,
        "auxiliary_kw_per_cabinet": 0.6, "reserve_share": 0.3, "transfer_time_ms": 10.0, "cabinet_availability": 0.97,
        "common_mode_failure_probability": 0.005, "wear_cost_eur_per_mwh": 15.0, "charge_import_limit_mw": 20.0,
        "capex_eur_per_kwh": 260, "maintenance_share_of_capex_per_year": 0.02, "replacement_cost_share": 0.5,
    }  # fmt: skip
    return Storage(**(given | fields))


def contract(**fields):
    """2 MW from a fifth of the energy."""
    given = {
        "required_mw": 2.0, "energy_share": 0.2, "availability_eur_per_mw_month": 2000, "energy_eur_per_mwh": 100,
        "penalty_eur_per_mwh": 500, "calls_per_year": 15.0,
    }  # fmt: skip
    return DemandResponse(**(given | fields))


def test_nothing_is_wrong_with_the_defaults():
    assert not list(availability_rules(PATH, Availability()))
    assert not list(fire_rules(PATH, storage(), Fire(fire_area_kwh=600.0)))
    assert not list(demand_response_rules(PATH, storage(), contract()))


@pytest.mark.parametrize(("found", "field", "words"), [
    (
        availability_rules(PATH, Availability(battery_failures_per_year=50.0, battery_repair_h=300.0)),
        "availability.battery_failures_per_year", "at most 29.2",
    ),
    (fire_rules(PATH, storage(), Fire(fire_area_kwh=100.0)), "fire.fire_area_kwh", "at least 261"),
    (demand_response_rules(PATH, storage(), contract(energy_share=0.8)), "demand_response.energy_share", "at most 0.7"),
    (demand_response_rules(PATH, storage(), contract(required_mw=3.0)), "demand_response.required_mw", "most 2.5 MW"),
])  # fmt: skip
def test_one_problem_names_field_and_remedy(found, field, words):
    [(path, value, text)] = found
    assert path == f"{PATH}.{field}"
    assert isinstance(value, (int, float))
    assert words in text


def test_months_and_hours_out_of_range_are_refused():
    for section, fields in (
        (Availability, {"maintenance_first_month": 13}), (contract, {"last_hour": 24}), (contract, {"first_month": 0}),
        (Availability, {"warning_recall": 1.2}), (contract, {"calls_per_year": -1.0}),
        (Availability, {"repair_crews": 0}),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(fields))):
            section(**fields)

"""Cabinets in the walk: energy is kept, bounds hold, more storage never hurts, cells age by their law."""

import functools
import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

import studies
from distributions._jit import njit
from distributions.cells import KELVIN, blast_250ah_calendar_row, blast_250ah_cycle_row
from riskmodel.engine import simulate_range, trace_week
from riskmodel.engine.events import cover
from riskmodel.quantities import Quantity
from riskmodel.study import study_from_tables
from riskmodel.tables import pack
from tests.twin import Float64, battery

SEED = 4
STORAGE = "strategies.string_storage_pv.storage."
AT_ONCE = "strategies.string_storage_pv.connection.time_to_power_months=0"
NO_AGEING = STORAGE + "ageing_rate_factor=0"
LOST = slice(Quantity.LOST_REWORK_GPU_HOURS, Quantity.LOST_HARDWARE_GPU_HOURS + 1)
FLOAT32_STEP = 2.0**-23

f = np.float32


@functools.lru_cache(maxsize=8)
def changed_study(*changes):
    """One year of the smaller study, with cabinets of which a fixed share works, and with changes."""
    tables = tomllib.loads((Path(studies.__file__).parent / "nordic_inference.toml").read_text(encoding="utf-8"))
    storage = tables["strategies"]["string_storage_pv"]["storage"]
    for name in ("availability", "fire"):
        del storage[name]
        tables["sources"] = {path: text for path, text in tables["sources"].items() if f"storage.{name}" not in path}
    first = (
        "study.years=1",
        STORAGE + "resistance_growth_per_lost_capacity=0",
        STORAGE + "charging_raises_peak=always",
    )
    return study_from_tables(tables, "study", [*first, *changes])


@functools.lru_cache(maxsize=4)
def traced_storage(*changes, path=0):
    """A year of the storage strategy hour by hour, and the energy of its cabinets [kWh]."""
    study = changed_study(*changes)
    rows = trace_week(study, SEED, path, 0, 8760)["strategies"]["string_storage_pv"]
    storage = study.strategies["string_storage_pv"].storage
    return rows, storage.cabinets * storage.cabinet_energy_kwh * storage.cabinet_availability


@pytest.mark.tiny
def test_energy_is_kept_hour_by_hour():
    """Stored change = charge x eta - discharge / eta - energy used in events, to the rounding of float32."""
    rows, energy = traced_storage(AT_ONCE, NO_AGEING)
    stored = rows["state_of_charge"] * energy
    eta = np.sqrt(0.87)
    used = np.diff(np.concatenate([[0.0], stored])) - rows["charge_kw"] * eta + rows["discharge_kw"] / eta
    in_events = used < -8 * FLOAT32_STEP * energy
    assert np.max(np.abs(used[~in_events])) <= 8 * FLOAT32_STEP * energy
    assert 0 < np.sum(in_events) < 40
    # a day's sum: nothing appears or is lost by summing 24 hours
    days = used.reshape(365, 24)[~in_events.reshape(365, 24).any(axis=1)]
    assert np.max(np.abs(days.sum(axis=1))) <= 8 * FLOAT32_STEP * energy


@pytest.mark.tiny
def test_stores_stay_within_bounds():
    rows, _ = traced_storage(AT_ONCE, NO_AGEING)
    assert np.min(rows["state_of_charge"]) >= 0.0
    assert np.max(rows["state_of_charge"]) <= 1.0 + 4 * FLOAT32_STEP
    power = 19 * 125.0 * 0.97
    for name in ("charge_kw", "discharge_kw"):
        assert np.min(rows[name]) >= 0.0
        assert np.max(rows[name]) <= power * (1 + 4 * FLOAT32_STEP)
    charging = rows["charge_kw"] > 0
    assert np.max(rows["import_kw"][charging]) <= 1400.0 * (1 + 4 * FLOAT32_STEP)  # charge_import_limit_mw = 1.4
    assert np.any(rows["discharge_kw"] > 0)


def test_ageing_stores_stay_within_their_capacity():
    rows, _ = traced_storage(AT_ONCE, STORAGE + "ageing_rate_factor=10")
    assert 0.0 <= np.min(rows["state_of_charge"])
    assert np.max(rows["state_of_charge"]) <= 1.0 + 4 * FLOAT32_STEP
    result = simulate_range(changed_study(AT_ONCE, STORAGE + "ageing_rate_factor=10"), SEED, 0, 1)
    assert result.annual[0, 1, 0, Quantity.CAPACITY_LEFT] < 0.9


def test_more_storage_never_loses_more_gpu_hours():
    """Cabinets kept full for outages, that all work and do not age: each size loses no more than the one below it.

    With trading this need not hold path by path: a small store that happens to be full may hold more than a large one
    that has just sold down to its reserve.
    """
    always = [
        AT_ONCE, NO_AGEING, STORAGE + "reserve_share=1", STORAGE + "cabinet_availability=1",
        STORAGE + "auxiliary_kw_per_cabinet=0", "site.outage_rate_factor=4",
    ]  # fmt: skip
    sizes = (8, 13, 19, 30, 60)
    lost = [
        simulate_range(changed_study(*always, STORAGE + f"cabinets={n}"), SEED, 0, 24).annual[:, 1, 0, LOST].sum(axis=1)
        for n in sizes
    ]
    for small, large in itertools.pairwise(lost):
        assert np.all(large <= small * (1 + 1e-12))
    assert lost[0].sum() > 2 * lost[-1].sum() > 0.0


@pytest.mark.tiny
def test_cabinets_of_which_none_works_are_worth_nothing():
    rows = simulate_range(changed_study(AT_ONCE, STORAGE + "cabinet_availability=0"), SEED, 0, 1).annual[0, 1, 0]
    assert not np.any(np.isnan(rows))
    for quantity in (Quantity.CHARGE_KWH, Quantity.DISCHARGE_KWH, Quantity.ARBITRAGE_EUR):
        assert rows[quantity] == 0.0
    assert rows[Quantity.CAPACITY_LEFT] > 0.99


@pytest.mark.tiny
def test_calendar_ageing_follows_its_closed_form():
    """One unchanging duty: k days^0.526. The first day is exact; daily steps along the tangent overtake it by 2.5 %.

    dy = k p x^(p - 1) dx with x from the damage so far lags at the start: the second day adds p x^(p - 1) = 0.526
    where the curve adds 2^0.526 - 1 = 0.440. That surplus is a fixed part of k, so it fades against x^0.526.
    """
    soc, temperature, days = np.full(1, 0.5, f), np.full(1, 25, f) + KELVIN, 3650
    lost, one = np.zeros(1), np.ones(1, f)
    exact = Float64()
    stress = (-5210.0 - 3560.0 * battery.anode_voltage(0.5, exact)) / 298.15
    k = 8.37e4 * np.exp(stress)
    blast_250ah_calendar_row(lost, soc, temperature, one, one)
    assert lost[0] == pytest.approx(k, rel=3e-6)
    for _ in range(days - 1):
        blast_250ah_calendar_row(lost, soc, temperature, one, one)
    steps = k
    for _ in range(days - 1):
        steps += k * 0.526 * (steps / k) ** ((0.526 - 1) / 0.526)
    assert lost[0] == pytest.approx(steps, rel=1e-5)
    assert 1.0 < lost[0] / (k * days**0.526) < 1.025


@pytest.mark.tiny
def test_cycle_ageing_follows_its_closed_form():
    """One 80 % cycle a day at 25 C for ten years: k 2920^0.828 with k = (base + depth + rate) exp(2190 / T)."""
    depth, throughput, temperature = np.full(1, 0.8, f), np.full(1, 1.6, f), np.full(1, 25, f) + KELVIN
    lost, one = np.zeros(1), np.ones(1, f)
    for _ in range(3650):
        blast_250ah_cycle_row(lost, depth, throughput, temperature, one, one)
    k = (4.38e-8 + 1.55e-8 * 0.8 + 1.68e-7 * 1.6 / 24) * np.exp(2190 / 298.15)
    assert lost[0] == pytest.approx(k * 2920**0.828, rel=2e-3)


@pytest.mark.tiny
def test_cells_at_rest_and_cells_not_delivered():
    lost, one, zero = np.zeros(1), np.ones(1, f), np.zeros(1, f)
    temperature = np.full(1, 25, f) + KELVIN
    blast_250ah_cycle_row(lost, zero, zero, temperature, one, one)
    blast_250ah_calendar_row(lost, one, temperature, one, zero)
    assert lost[0] == 0.0


@njit
def cover_row(rows, from_h, until_h, day_start_h, left):
    """`cover` of one lane, which has no door from Python."""
    cover(rows, 0, from_h, until_h, day_start_h, left)


@pytest.mark.tiny
@pytest.mark.parametrize(
    ("from_h", "until_h", "expected"),
    [
        (24.0, 25.0, {0: 0.0}),  # the first hour of the day
        (47.25, 60.0, {23: 0.25}),  # the last hour: three quarters of it, and the rest tomorrow
        (20.0, 24.5, {0: 0.5}),  # begun yesterday
        (26.5, 28.25, {2: 0.5, 3: 0.0, 4: 0.75}),
        (26.25, 26.5, {2: 0.75}),
        (48.0, 50.0, {}),  # tomorrow
    ],
)
def test_hours_without_grid_by_hand(from_h, until_h, expected):
    rows = np.ones((24, 1), f)
    cover_row(rows, from_h, until_h, 24.0, 0.0)
    assert {h: float(rows[h, 0]) for h in range(24) if rows[h, 0] != 1.0} == expected


@pytest.mark.tiny
def test_hours_with_part_of_the_grid_left():
    rows = np.ones((24, 1), f)
    cover_row(rows, 2.0, 3.5, 0.0, 0.5)
    cover_row(rows, 3.0, 4.0, 0.0, 0.0)  # a full outage in the same hours wins
    assert rows[:5, 0].tolist() == [1.0, 1.0, 0.5, 0.0, 1.0]


@pytest.mark.tiny
def test_tables_hold_the_studys_numbers():
    """By hand: 19 cabinets of 125 kW and 261 kWh at 0.97; reserve 0.3; PV 2 MWp at 0.97, 0.5 % less each year."""
    study = changed_study()
    t = pack(study)
    np.testing.assert_allclose(t.storage.numbers[1, :3], [125 * 0.97, 261 * 0.97, 0.87**0.5], rtol=1e-7)
    assert t.storage.cabinets[1].tolist() == [19, 0]
    np.testing.assert_allclose(t.storage.reserve[1], 0.3, rtol=1e-7)
    assert t.site.kwp[1, 0] == f(2000 * 0.97)
    assert not np.any(t.storage.numbers[0, :2])
    assert t.backup.ups_power_kw.tolist() == [0.0, 0.0]

"""Ageing of many lanes in float32 against the scalar float64 laws, over ten years of changing days."""

import numpy as np
import pytest

from distributions.cells import blast, naumann_2020, sony_murata
from distributions.cells.blast_250ah import blast_250ah_calendar_row, blast_250ah_cycle_row
from distributions.cells.forms import POWER, SIGMOID, advance
from distributions.cells.naumann_2020_lanes import naumann_2020_calendar_row, naumann_2020_cycle_row
from distributions.cells.sony_murata_lanes import slope_rows, sony_murata_calendar_row, sony_murata_cycle_row

DAYS, LANES = 3650, 4
C_RATE = np.float32(0.5)
TEMPERATURE_K = np.array([278.15, 288.15, 298.15, 313.15], dtype=np.float32)


@pytest.fixture(scope="module")
def duty():
    rng = np.random.default_rng(5)
    soc = rng.uniform(0.1, 0.95, (DAYS, LANES)).astype(np.float32)
    depth = rng.uniform(0.2, 1.0, (DAYS, LANES)).astype(np.float32)
    throughput = (2.0 * depth * rng.uniform(0.5, 1.5, (DAYS, LANES))).astype(np.float32)
    return soc, depth, throughput


def _lanes(duty, calendar, cycle):
    soc, depth, throughput = duty
    ones = np.ones(LANES, np.float32)
    lost = np.zeros((2, LANES))
    for day in range(DAYS):
        calendar(lost[0], soc[day], ones)
        cycle(lost[1], depth[day], throughput[day], ones)
    return lost


def _scalar(duty, law, form, explicit, mean_c_rate):
    soc, depth, throughput = duty
    lost = np.zeros((2, LANES))
    for lane in range(LANES):
        t = float(TEMPERATURE_K[lane])
        calendar = cycle = 0.0
        for day in range(DAYS):
            calendar = advance(form, *law.calendar(t, float(soc[day, lane])), calendar, 1.0, explicit)
            c_rate = float(throughput[day, lane]) / 24.0 if mean_c_rate else float(C_RATE)
            rate = law.cycle(float(depth[day, lane]), c_rate, t)
            cycle = advance(POWER, rate, 0.0, law.CYCLE_POWER, cycle, 0.5 * float(throughput[day, lane]), explicit)
        lost[:, lane] = calendar, cycle
    return lost


def test_blast_250ah(duty):
    found = _lanes(
        duty,
        lambda lost, soc, ones: blast_250ah_calendar_row(lost, soc, TEMPERATURE_K, ones, ones),
        lambda lost, depth, use, ones: blast_250ah_cycle_row(lost, depth, use, TEMPERATURE_K, ones, ones),
    )
    assert found == pytest.approx(_scalar(duty, blast, POWER, True, True), rel=2e-5)


def test_sony_murata(duty):
    slopes = np.zeros((3, LANES), np.float32)
    slope_rows(slopes, TEMPERATURE_K)
    found = _lanes(
        duty,
        lambda lost, soc, ones: sony_murata_calendar_row(lost, soc, slopes, ones, ones),
        lambda lost, depth, use, ones: sony_murata_cycle_row(lost, depth, use, ones, ones),
    )
    assert found == pytest.approx(_scalar(duty, sony_murata, SIGMOID, True, True), rel=2e-5)


def test_naumann_2020(duty):
    found = _lanes(
        duty,
        lambda lost, soc, ones: naumann_2020_calendar_row(lost, soc, TEMPERATURE_K, ones, ones),
        lambda lost, depth, use, ones: naumann_2020_cycle_row(lost, depth, use, C_RATE, ones, ones),
    )
    assert found == pytest.approx(_scalar(duty, naumann_2020, POWER, False, False), rel=2e-5)


def test_a_day_out_of_service_adds_nothing():
    lost, half, none = np.full(LANES, 0.05), np.full(LANES, 0.5, np.float32), np.zeros(LANES, np.float32)
    ones = np.ones(LANES, np.float32)
    slopes = np.zeros((3, LANES), np.float32)
    slope_rows(slopes, TEMPERATURE_K)
    sony_murata_calendar_row(lost, half, slopes, ones, none)
    sony_murata_cycle_row(lost, half, ones, ones, none)
    naumann_2020_calendar_row(lost, half, TEMPERATURE_K, ones, none)
    naumann_2020_cycle_row(lost, half, ones, C_RATE, ones, none)
    assert lost.tolist() == [0.05] * LANES

"""A path is the same bytes however it was computed: lanes, threads, ranges, alone, traced."""

import functools

import numpy as np
import pytest

import studies
from riskmodel.engine import simulate_range, trace_week
from riskmodel.quantities import N_QUANTITIES, Quantity

SEED, PATHS = 99, 70


@functools.lru_cache(maxsize=4)
def study_of(name, years=1):
    """A shipped study, cut to a few years."""
    return studies.load(name, [f"study.years={years}"])


@functools.lru_cache(maxsize=2)
def whole(name):
    """The reference: one thread, all paths in one block."""
    return simulate_range(study_of(name), SEED, 0, PATHS, threads=1, lanes=PATHS)


def assert_same_bytes(result, reference):
    """Rows of `result` equal those of `reference` of the same paths, byte by byte."""
    n, first = result.n_paths, result.first_path - reference.first_path
    assert result.annual.tobytes() == reference.annual[first : first + n].tobytes()
    for name, values in result.scalars.items():
        assert values.tobytes() == reference.scalars[name][first : first + n].tobytes(), name
    path = reference.events["path"]
    rows = (path >= result.first_path) & (path < result.first_path + n)
    for name, values in result.events.items():
        assert values.dtype == reference.events[name].dtype
        assert values.tobytes() == reference.events[name][rows].tobytes(), name


@pytest.mark.parametrize("name", studies.names())
@pytest.mark.parametrize("lanes", [7, 64, 256])
@pytest.mark.parametrize("threads", [1, 2])
def test_lanes_and_threads(name, lanes, threads):
    assert_same_bytes(simulate_range(study_of(name), SEED, 0, PATHS, threads=threads, lanes=lanes), whole(name))


@pytest.mark.parametrize("name", studies.names())
@pytest.mark.parametrize(("first", "n"), [(0, 1), (13, 20), (33, 37), (69, 1)])
def test_ranges_and_paths_alone(name, first, n):
    assert_same_bytes(simulate_range(study_of(name), SEED, first, n), whole(name))


@pytest.mark.tiny
def test_two_paths_in_a_block_and_one_by_one():
    study = study_of("nordic_inference")
    both = simulate_range(study, SEED, 5, 2, threads=1, lanes=2)
    assert_same_bytes(simulate_range(study, SEED, 5, 2, threads=1, lanes=1), both)
    assert both.annual.shape == (2, 2, 1, N_QUANTITIES)
    assert not np.array_equal(both.annual[0], both.annual[1], equal_nan=True)


def test_another_seed_gives_other_paths():
    study = study_of("nordic_inference")
    one, other = (simulate_range(study, seed, 0, 4).annual[..., Quantity.ENERGY_COST_EUR] for seed in (SEED, SEED + 1))
    assert not np.any(one == other)


@pytest.mark.parametrize("seed", [0, 2**63 - 1, 2**63, 2**64 - 1])
def test_any_64_bit_seed(seed):
    result = simulate_range(study_of("nordic_inference"), seed, 0, 2)
    assert_same_bytes(simulate_range(study_of("nordic_inference"), seed, 0, 2, lanes=1), result)


def test_paths_of_any_number():
    far = 2**40
    result = simulate_range(study_of("nordic_inference"), SEED, far, 3)
    assert result.events["path"].min() >= far
    alone = simulate_range(study_of("nordic_inference"), SEED, far + 2, 1)
    assert alone.annual.tobytes() == result.annual[2:].tobytes()


@pytest.mark.parametrize("name", studies.names())
def test_a_trace_has_the_hours_of_the_range(name):
    """A year of traced hours adds up to the year; the range sums days in float32, so to 1e-6."""
    path = 41
    traced = trace_week(study_of(name), SEED, path, 0, 8760)
    for s, rows in enumerate(traced["strategies"].values()):
        bought = np.maximum(rows["import_kw"], 0.0)
        sums = whole(name).annual[path, s, 0]
        assert bought.sum() == pytest.approx(sums[Quantity.IMPORT_KWH], rel=1e-6)
        cost = np.sum(bought * traced["price_eur_per_mwh"]) / 1000
        assert cost == pytest.approx(sums[Quantity.ENERGY_COST_EUR], rel=1e-6)
        assert rows["charge_kw"].sum() == pytest.approx(sums[Quantity.CHARGE_KWH], rel=1e-6)
        assert rows["discharge_kw"].sum() == pytest.approx(sums[Quantity.DISCHARGE_KWH], rel=1e-6)


def test_a_week_is_a_part_of_the_year():
    study = study_of("nordic_inference")
    year, week = trace_week(study, SEED, 3, 0, 8760), trace_week(study, SEED, 3, 5000)
    assert np.array_equal(week["price_eur_per_mwh"], year["price_eur_per_mwh"][5000:5168])
    for name, rows in week["strategies"].items():
        for key, row in rows.items():
            assert np.array_equal(row, year["strategies"][name][key][5000:5168], equal_nan=True)


@pytest.mark.parametrize("name", studies.names())
def test_more_years_do_not_change_the_first(name):
    longer = simulate_range(study_of(name, 2), SEED, 0, 3).annual
    assert longer[:, :, 0].tobytes() == whole(name).annual[:3, :, 0].tobytes()


@pytest.mark.parametrize("name", studies.names())
def test_a_strategy_is_the_same_among_fewer(name):
    """Taking a strategy out of the study changes no draw of the others."""
    study = study_of(name)
    kept = dict(list(study.strategies.items())[:1] + list(study.strategies.items())[-1:])
    fewer = study.model_copy(update={"strategies": kept})
    result = simulate_range(fewer, SEED, 0, 5)
    assert result.annual.tobytes() == whole(name).annual[:5, [0, -1]].tobytes()


def test_events_are_ordered_and_their_losses_add_up():
    result = whole("ten_thousand_gpus")
    e, n = result.events, len(result.strategy_names)
    first = {key: values[::n] for key, values in e.items()}
    order = np.lexsort((first["hour"], first["year"], first["path"]))
    assert np.array_equal(order, np.arange(order.size))
    assert np.array_equal(e["strategy"], np.tile(np.arange(n), order.size))
    assert np.all(e["outcome"].reshape(-1, n).max(axis=1) >= 1)
    causes = (
        ("rework", Quantity.LOST_REWORK_GPU_HOURS), ("waiting", Quantity.LOST_WAITING_GPU_HOURS),
        ("restart", Quantity.LOST_RESTART_GPU_HOURS), ("capped", Quantity.LOST_CAPPED_GPU_HOURS),
        ("hardware", Quantity.LOST_HARDWARE_GPU_HOURS),
    )  # fmt: skip
    for cause, quantity in causes:
        of_event = e[f"gpu_hours_{cause}"].astype(np.float64).sum()
        assert of_event == pytest.approx(result.annual[..., quantity].sum(), rel=1e-6)

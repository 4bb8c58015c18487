"""An engine that loses one EUR for each hour of each given event, for tests of portfolios."""

import numpy as np

from distributions.outages import DURATION_H, FAMILY, HOUR
from riskmodel.draws import draw_scalars
from riskmodel.event_record import COLUMNS
from riskmodel.lives import AS_IT_IS
from riskmodel.quantities import N_QUANTITIES
from riskmodel.range_result import RangeResult
from tests.fake_engine import small_study

PLAIN = (
    "site.parameter_uncertainty=false",
    "cluster.gpu_hour_value_eur=1.0",
    "cluster.gpu_hour_value_growth_real_per_year=0.0",
)


def plain_study(*overrides, years=2):
    """Small study whose inputs are certain, with its strategies; an hour without work costs 1 EUR a GPU-hour."""
    return small_study(years, (*PLAIN, *overrides))


def hours_lost(study, seed, first_path, n_paths, *, threads=None, given=None, redraw=AS_IT_IS):
    """Stand-in for `riskmodel.engine.simulate_range`: an event costs its duration in GPU-hours, at all strategies."""
    names, years = tuple(study.strategy_names), study.header.years
    kept = np.arange(given.event.shape[1]) < given.first[:, -1:]
    path = np.nonzero(kept)[0]
    record = given.event[kept]
    year = np.concatenate([np.repeat(np.arange(1, years + 1), np.diff(row)) for row in given.first])
    columns = {
        "path": path + first_path, "event": np.arange(path.size), "year": year, "hour": record[:, HOUR],
        "cause": record[:, FAMILY].astype(np.int8), "duration_s": record[:, DURATION_H] * 3600.0,
        "residual_voltage": record[:, 3], "outcome": np.full(path.size, 4),
    }  # fmt: skip
    columns |= {name: np.zeros(path.size) for name, _ in COLUMNS}
    columns["gpu_hours_rework"] = record[:, DURATION_H]
    events = {name: np.repeat(column, len(names)) for name, column in columns.items()}
    events["strategy"] = np.tile(np.arange(len(names)), path.size)
    annual = np.zeros((n_paths, len(names), years, N_QUANTITIES))
    scalars = draw_scalars(study, seed, first_path, n_paths, redraw)
    return RangeResult(first_path, annual, scalars, events, names)

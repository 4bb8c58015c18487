"""One event met by one strategy with given assets: the kernel's effect by column name."""

import numpy as np
import pytest

from distributions.outages import SAG
from riskmodel.backup import BackupTables
from riskmodel.bridge import N_NOW, N_POOL
from riskmodel.cluster_tables import ClusterTables
from riskmodel.gensets import U_GENSETS_COMMON, U_REFUEL, U_START, U_SWITCH
from riskmodel.quantities import Outcome
from riskmodel.ridethrough import (
    CABINETS_H,
    CAPPED_H,
    CARRIED_H,
    DOWN_FROM_H,
    DOWN_UNTIL_H,
    GENSET_KWH,
    GENSETS_H,
    GRID_BACK_H,
    INFERENCE_H,
    N_EFFECTS,
    N_UNIFORMS,
    OUTCOME,
    RESTART_H,
    STOPPED_SHARE,
    STORED_USED_KWH,
    TRAINING_H,
    TRIPPED,
    U_CABINETS,
    U_COMMON,
    U_JOBS,
    U_SAG,
    U_UPS,
    UPS_H,
    WAITING_H,
    resolve,
)

COLUMNS = {
    "waiting": WAITING_H, "restart": RESTART_H, "capped": CAPPED_H, "used": STORED_USED_KWH, "genset": GENSET_KWH,
    "grid_back": GRID_BACK_H, "down_from": DOWN_FROM_H, "down_until": DOWN_UNTIL_H, "ups_h": UPS_H,
    "cabinets_h": CABINETS_H, "gensets_h": GENSETS_H, "carried": CARRIED_H, "training": TRAINING_H,
    "inference": INFERENCE_H, "tripped": TRIPPED, "stopped": STOPPED_SHARE,
}  # fmt: skip
UNIFORMS = {
    "cabinets": U_CABINETS, "common": U_COMMON, "ups": U_UPS, "start": U_START, "fail": U_START + 1,
    "gensets_common": U_GENSETS_COMMON, "switch": U_SWITCH, "refuel": U_REFUEL, "sag": U_SAG, "jobs": U_JOBS,
}  # fmt: skip

LOAD_KW, RESTART = 1000.0, np.array([2.0, 1.0])
START_H = 15.0 / 3600.0

# ten cabinets of 125 kW that all work; the cluster of 1000 kW falls to 840 kW at a work rate of 0.8 when capped
CABINETS = {"cabinet_kw": 125.0, "transfer_ms": 10.0}
TEN, EFFICIENCY_OF_STORE = 10, 0.9
GENSETS = {
    "gensets": 2.0,
    "genset_kw": 600.0,
    "genset_start_h": START_H,
    "genset_mttf_h": 1100.0,
    "genset_fuel_h": 48.0,
}
BOTH_START = {"gensets_cdf": [0.0, 0.0, 1.0]}
UPS = {"ups_power_kw": 1200.0, "ups_energy_kwh": 100.0}


def backup(**given):
    """One strategy that owns what is given, and nothing else."""
    site = {"hold_up_ms": 20.0, "checkpoint_h": 0.05, "power_share": 0.84, "performance": 0.8}
    site |= {"curtailed_import_share": 0.5, "gensets_cdf": [1.0]}
    fields = dict.fromkeys(BackupTables._fields, 0.0) | site | given
    return BackupTables(*(np.array([value], dtype=np.float64) for value in fields.values()))


def cluster(**given):
    """A hundred GPUs in one training job that stops whole in any sag; the rest as given."""
    constant = [0.0, 0.0, 0.0, 0.0, 0.0]
    fields = dict.fromkeys(ClusterTables._fields, 0.0) | {"gpus": 100.0, "gpus_per_server": 4.0, "training_share": 1.0}
    fields |= {"sag_trip_share": [0.0, 1.0, 0.0, 0.0, 0.0], "cold_start_after_h": 1e9, "credits": np.zeros((0, 2))}
    fields |= dict.fromkeys(("cold_start_h", "damaged_share", "damaged_wait_days"), constant)
    fields |= {"job_gpus": [100.0], "job_interval_h": [0.5], "job_racks": [4.0]}
    fields |= {"restart_abrupt_h": [[0.0, 2.0, 0.0, 0.0, 0.0]], "restart_orderly_h": [[0.0, 1.0, 0.0, 0.0, 0.0]]}
    fields |= {"restart_unit_h": 1.0} | given
    whole = ("shed_first", "missing_wait")
    return ClusterTables(
        **{
            name: np.atleast_1d(np.array(value, np.int64 if name in whole else np.float64))
            for name, value in fields.items()
        }
    )


def uniforms(**given):
    """Uniforms of an event in which nothing fails: no common cause, UPS and gensets take over and run."""
    u = np.full(N_UNIFORMS, 0.5)
    u[U_START + 1 : U_GENSETS_COMMON] = 1e-9  # minus its logarithm is 20.7 mean lives
    for name, value in given.items():
        u[UNIFORMS[name]] = value
    return u


def effect_of(
    family,
    duration_h,
    tables,
    *,
    hour=10.0,
    stored=1000.0,
    sun=None,
    down_until=0.0,
    down_share=1.0,
    out_until=0.0,
    cold_start=0.0,
    u=None,
    load=LOAD_KW,
    in_service=True,
    working=TEN,
    of=None,
):
    """Effect of an event, by column name; a strategy with cabinets has ten of them. `of` : ClusterTables."""
    effect = np.zeros(N_EFFECTS)
    event = np.array([hour, duration_h, float(family), 0.5 if family == SAG else 0.0, 0.0])
    pv = np.zeros((48, 1), np.float32) if sun is None else sun
    day_start = int(hour) // 24 * 24
    u = uniforms() if u is None else u
    working = working if tables.cabinet_kw[0] > 0.0 else 0
    now = np.array([load, stored, in_service, working, TEN, day_start, down_until, *RESTART, EFFICIENCY_OF_STORE])
    now = np.concatenate([now, [cold_start, out_until, down_share if down_until > hour else 0.0]])
    if now.size != N_NOW:
        raise ValueError("the situation has other columns now")
    resolve(effect, np.zeros(N_POOL), event, tables, cluster() if of is None else of, 0, u, now, pv, 0)
    return {"outcome": Outcome(int(effect[OUTCOME]))} | {name: float(effect[k]) for name, k in COLUMNS.items()}


def check(effect, outcome, **expected):
    """The outcome, the given columns, and zero hours and energies in the others."""
    assert effect["outcome"] == outcome
    for name in ("waiting", "restart", "capped", "used", "genset"):
        assert effect[name] == pytest.approx(expected.get(name, 0.0), rel=1e-9, abs=1e-9), name
    for name in COLUMNS:
        if name in expected and name not in ("waiting", "restart", "capped", "used", "genset"):
            assert effect[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-9), name

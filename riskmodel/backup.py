"""What each strategy owns against interruptions, as the arrays that the event chain reads."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distributions.clock import KW_PER_MW
from distributions.units import working_cdf
from riskmodel.storage_tables import column

if TYPE_CHECKING:
    from riskmodel.study import Study

__all__ = ["BackupTables", "backup_tables", "performance_at"]

MIN_PER_H = 60.0
S_PER_H = 3600.0


class BackupTables(NamedTuple):
    """What each strategy owns against interruptions; float64, one row a strategy, zero where it owns none.

    Attributes
    ----------
    interruptible : (s,) 1 if the grid operator may call on the connection
    hold_up_ms : (1,) time the servers live without voltage [ms]
    checkpoint_h : (1,) time to write a checkpoint [h]
    power_share, performance : (1,) load share and work rate while islanded under a power cap
    cap_after_h : (1,) time in an outage after which GPUs are capped [h]
    curtailed_import_share : (1,) share of import left during a call of the grid operator
    ups_power_kw, ups_energy_kwh, ups_failure, ups_transfer_ms : (s,)
    cabinet_kw, transfer_ms, common_failure : (s,)
    cabinet_availability : (s,) chance that a cabinet works; used where no failures are simulated
    gensets, genset_kw, genset_start_h, genset_mttf_h, genset_fuel_h : (s,)
    gensets_cdf : (s, n + 1) P(at most k units are there and start), apart from causes common to all
    gensets_common, switch_failure : (s,) chance that none starts for a common cause; that the transfer switch fails
    refuelling : (s,) chance that fuel comes each time before it runs out
    pv_kwp : (s,)
    """

    interruptible: np.ndarray
    hold_up_ms: np.ndarray
    checkpoint_h: np.ndarray
    power_share: np.ndarray
    performance: np.ndarray
    cap_after_h: np.ndarray
    curtailed_import_share: np.ndarray
    ups_power_kw: np.ndarray
    ups_energy_kwh: np.ndarray
    ups_failure: np.ndarray
    ups_transfer_ms: np.ndarray
    cabinet_kw: np.ndarray
    transfer_ms: np.ndarray
    common_failure: np.ndarray
    cabinet_availability: np.ndarray
    gensets: np.ndarray
    genset_kw: np.ndarray
    genset_start_h: np.ndarray
    genset_mttf_h: np.ndarray
    genset_fuel_h: np.ndarray
    gensets_cdf: np.ndarray
    gensets_common: np.ndarray
    switch_failure: np.ndarray
    refuelling: np.ndarray
    pv_kwp: np.ndarray


def performance_at(power_share: float, performance: float | list[list[float]]) -> float:
    """Work rate at a power cap: the number stated, or read off a curve of [power share, work rate] between its points.

    Examples
    --------
    >>> performance_at(0.8, [[0.7, 0.7], [0.9, 0.95], [1.0, 1.0]])
    0.825
    """
    if isinstance(performance, float):
        return performance
    shares, rates = zip(*performance, strict=True)
    return round(float(np.interp(power_share, shares, rates)), 12)


def _cdf_table(rows: list[np.ndarray]) -> np.ndarray:
    out = np.ones((len(rows), max(r.size for r in rows)))
    for k, row in enumerate(rows):
        out[k, : row.size] = row
    return out


def _starting_cdf(gensets: Any) -> np.ndarray:
    """P(at most k units are not in maintenance and start)."""
    if gensets is None:
        return np.ones(1)
    ready = (1.0 - gensets.maintenance_unavailability) * (1.0 - gensets.start_failure_probability)
    return working_cdf(gensets.units, ready)


def backup_tables(study: "Study", outage_parameters: dict) -> BackupTables:
    """`BackupTables` of a study and its outage record."""
    strategies = list(study.strategies.values())
    cluster = study.cluster
    share = float(cluster.ride_through_power_share)
    return BackupTables(
        interruptible=np.array([float(s.connection.interruptible) for s in strategies]),
        hold_up_ms=np.array([float(cluster.hold_up_ms)]),
        checkpoint_h=np.array([cluster.checkpoint_write_min / MIN_PER_H]),
        power_share=np.array([share]),
        performance=np.array([performance_at(share, cluster.ride_through_performance)]),
        cap_after_h=np.array([cluster.ride_through_cap_after_min / MIN_PER_H]),
        curtailed_import_share=np.array([float(outage_parameters["curtailment"]["import_share"])]),
        ups_power_kw=column(study, "ups", lambda a: a.power_mw * KW_PER_MW),
        ups_energy_kwh=column(study, "ups", lambda a: a.power_mw * KW_PER_MW * a.autonomy_min / MIN_PER_H),
        ups_failure=column(study, "ups", lambda a: a.failure_on_demand_probability),
        ups_transfer_ms=column(study, "ups", lambda a: a.to_battery_ms()),
        cabinet_kw=column(study, "storage", lambda a: a.cabinet_power_kw),
        transfer_ms=column(study, "storage", lambda a: a.transfer_time_ms),
        common_failure=column(study, "storage", lambda a: a.common_mode_failure_probability),
        cabinet_availability=column(study, "storage", lambda a: a.cabinet_availability),
        gensets=column(study, "gensets", lambda a: a.units),
        genset_kw=column(study, "gensets", lambda a: a.unit_power_kw),
        genset_start_h=column(study, "gensets", lambda a: a.start_time_s / S_PER_H),
        genset_mttf_h=column(study, "gensets", lambda a: a.mean_time_to_failure_h),
        genset_fuel_h=column(study, "gensets", lambda a: a.fuel_autonomy_h),
        gensets_cdf=_cdf_table([_starting_cdf(s.gensets) for s in strategies]),
        gensets_common=column(study, "gensets", lambda a: a.common_cause_start_failure_probability),
        switch_failure=column(study, "gensets", lambda a: a.transfer_switch_failure_probability),
        refuelling=column(study, "gensets", lambda a: a.refuelling_probability),
        pv_kwp=column(study, "pv", lambda a: a.power_mwp * KW_PER_MW * a.availability),
    )

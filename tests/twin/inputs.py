"""What one strategy is on one path: constants of the study and the path's draws, in the twin's type."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from distributions import parameters
from riskmodel.ageing_choice import code_at
from riskmodel.tables import pack
from tests.twin.battery import Cabinets, Trade, cabinets_of
from tests.twin.ridethrough import Backup, backup_of

HOURS_PER_MONTH = 730.0


@dataclass
class StrategyInputs:
    """One strategy on one path.

    `load_kw` of the whole cluster; `kwp` : (years,) PV; `energised_day` : first day with full connection and assets;
    `auxiliary_kw` of one cabinet; `law` of the cells; factors on failure and fire rates.
    """

    load_kw: Any
    ups_factor: Any
    auxiliary_kw: Any
    import_before_kw: Any
    energised_day: int
    kwp: np.ndarray
    trade: Trade
    cabinets: Cabinets | None
    contracted_kw: Any
    contract: Any
    law: int
    failure_factor: float
    fire_factor: float
    temperature_k: Any
    ageing_factor: Any
    backup: Backup


@functools.lru_cache(maxsize=4)
def dispatch_grid(study):
    """Levels, moves and hours with expected PV surplus of each strategy: choices of the planner, not arithmetic."""
    t = pack(study).storage
    rows = zip(t.levels, t.up, t.down, t.surplus, t.charge_hours, strict=True)
    return [(int(a), int(b), int(c), surplus, hours) for a, b, c, surplus, hours in rows]


def strategy_inputs(study, name, drawn, law_uniform, m):
    """`StrategyInputs` of a strategy; `drawn` from `tests.twin.randoms.scalars`."""
    f, c, site = m.f, study.cluster, study.site
    strategy = study.strategies[name]
    ups, storage, pv = strategy.ups, strategy.storage, strategy.pv
    it_kw = c.gpus / c.gpus_per_server * c.server_power_kw * (1 + c.network_storage_share)
    months = drawn[f"strategies.{name}.connection.time_to_power_months"]
    years = np.arange(study.header.years)
    kwp = pv.power_mwp * 1000 * pv.availability * (1 - pv.degradation_per_year) ** years if pv else np.zeros(len(years))
    packed = dispatch_grid(study)[list(study.strategies).index(name)]
    ones = np.ones(1)
    connection, by_contract = strategy.connection, site.demand_charge_basis == "contracted"
    law = code_at(storage.ageing_law, ones * law_uniform)[0] if storage else 0
    failing = drawn.get(f"strategies.{name}.storage.availability.failure_rate_factor", 1.0)
    burning = drawn.get(f"strategies.{name}.storage.fire.fire_rate_factor", 1.0)
    fee = drawn["site.energy_fee_eur_per_mwh"] + drawn["site.energy_tax_eur_per_mwh"]
    called = parameters.load("outages", study.record_names()["outages"])["curtailment"]
    return StrategyInputs(
        load_kw=f(it_kw * drawn["cluster.load_factor"] * drawn["cluster.power_usage_effectiveness"]),
        ups_factor=f(1 / ups.efficiency if ups else 1.0),
        auxiliary_kw=f(storage.auxiliary_kw_per_cabinet if storage else 0.0),
        import_before_kw=f(strategy.connection.import_limit_before_mw * 1000),
        energised_day=math.ceil(months * HOURS_PER_MONTH / 24),
        kwp=kwp.astype(f),
        trade=Trade(f(fee), f(site.export_fee_eur_per_mwh), f(site.export_allowed)),
        cabinets=cabinets_of(study, storage, packed, m) if storage else None,
        contracted_kw=f((connection.contracted_mw or connection.import_limit_mw) * 1000 if by_contract else 0.0),
        contract=storage.demand_response if storage else None,
        law=int(law),
        failure_factor=failing,
        fire_factor=burning,
        temperature_k=f(drawn["site.battery_temperature_c"] + 273.15),
        ageing_factor=f(drawn[f"strategies.{name}.storage.ageing_rate_factor"] if storage else 1.0),
        backup=backup_of(study, strategy, called["import_share"]),
    )

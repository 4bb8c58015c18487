"""The GPU cluster: its load, what a GPU-hour is worth, and what an interruption does to it."""

from typing import Annotated, Any, Literal

from pydantic import PlainValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from riskmodel.study.fields import Q, Section, choice, number, quantity, whole
from riskmodel.study.tolerance_field import VoltageTolerance

__all__ = ["Cluster"]


INTERVAL_RULES = ("young", "daly", "optimal", "exact")
"""Words for a checkpoint interval, the keys of `riskmodel.checkpointing.INTERVALS`."""


def _interval(value: Any) -> float | str:
    if isinstance(value, str) and value in INTERVAL_RULES:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value <= 1440.0:
        words = ", ".join(f'"{rule}"' for rule in INTERVAL_RULES)
        raise PydanticCustomError(
            "interval", "must be {words} or a number of minutes > 0 and <= 1440", {"words": words}
        )
    return float(value)


CheckpointInterval = Annotated[
    float | Literal["young", "daly", "optimal", "exact"],
    PlainValidator(_interval),
    WithJsonSchema(
        {"anyOf": [{"enum": list(INTERVAL_RULES)}, {"type": "number", "exclusiveMinimum": 0, "maximum": 1440}]}
    ),
]


class Cluster(Section):
    """Cluster inputs; units are in the names, ranges and sources in the fields."""

    gpus: int = whole("Number of GPUs", "", 10000, low=1, high=10_000_000)
    installed_share_by_year: Annotated[list[float], Strict()] = choice(
        "Share of the GPUs installed in each year; the last one holds on",
        "[0.4, 0.7, 1.0]",
        default=[1.0],
        source="1: all at once",
    )
    gpus_per_server: int = whole(
        "GPUs in one server", "", 8, low=1, high=1024, default=8, source="8-GPU HGX/DGX server, the common form"
    )
    duty: Literal["training", "inference"] = choice("Main use: training loses work since the checkpoint", "training")
    server_power_kw: float = number("Rated power of one server", "kW", 10.2, low=0.0, high=2000.0, above=True)
    network_storage_share: float = number(
        "Network and storage power as a share of the servers' power", "", 0.1, low=0.0, high=1.0
    )
    power_usage_effectiveness: Q = quantity("Power at the meter over IT power", "", 1.15, low=1.0, high=3.0)
    load_factor: Q = quantity("Average over rated power of the servers", "", 0.83, low=0.0, high=1.0, above=True)
    idle_power_share: float = number(
        "Share of the load drawn while the work is down but power is there",
        "",
        0.3,
        low=0.0,
        high=1.0,
        default=0.3,
        source="judgement: idle GPU servers draw a fifth to a third of their load, and cooling follows",
    )
    gpu_hour_value_eur: Q = quantity("What one GPU-hour brings in the first year", "EUR", 2.1, low=0.0, high=1000.0)
    gpu_hour_value_basis: Literal["market_rent", "margin"] = choice(
        "market_rent: hardware cost is a cash flow of its own; margin: already taken off", "market_rent"
    )
    gpu_hour_value_growth_real_per_year: Q = quantity(
        "Real yearly growth of that value", "per year", -0.1, low=-0.9, high=1.0
    )
    occupancy: Q = quantity("Share of powered GPU-hours sold or used", "", 0.85, low=0.0, high=1.0)
    capex_eur_per_gpu: Q = quantity("Servers, network and storage per GPU", "EUR/GPU", 35000, low=0.0, high=1e7)
    refresh_years: int = whole("Years between refreshes; 0 = never", "years", 5, low=0, high=40)
    refresh_cost_share: Q = quantity("Price of a refresh over the first price", "", 0.5, low=0.0, high=5.0)
    hold_up_ms: float = number(
        "A server power supply rides through a full interruption this long",
        "ms",
        20.0,
        low=0.0,
        high=1000.0,
        default=20.0,
        source="ITIC curve 2000: no voltage for 20 ms",
    )
    voltage_tolerance: VoltageTolerance = choice(
        "Sags the servers ride through: a published curve, or points [seconds, share of nominal voltage] of your own; "
        "a longer hold_up_ms counts at no voltage",
        "itic",
        default="itic",
        source="ITIC curve 2000, the common design curve of IT equipment",
    )
    checkpoint_write_min: float = number("Time to write one checkpoint", "min", 1.0, low=0.0, high=600.0, above=True)
    checkpoint_interval_min: CheckpointInterval = number(
        'Time between checkpoints, or a rule: "young", "daly" (first order), "optimal" (Daly, higher order), "exact"',
        "min",
        30.0,
        default="optimal",
        source="Daly 2006, doi 10.1016/j.future.2004.11.016, higher-order optimum for the cluster's own failures",
    )
    mean_time_to_interrupt_h: float | None = number(
        "Mean time between the cluster's own failures, for the rule of the checkpoint interval only",
        "h",
        5.0,
        low=0.0,
        high=1e6,
        above=True,
        default=None,
        source="none: that of a job of all GPUs at the mean of own_failures_per_million_gpu_hours",
    )
    own_failures_per_million_gpu_hours: Q = quantity(
        "The cluster's own failures that stop a training job, per million GPU-hours; power events are not among them",
        "per million GPU-h",
        19.73,
        low=0.0,
        high=1e4,
        above=True,
        default={"law": "normal", "mean": 19.733, "sd": 0.964},
        source="Llama 3 405B (Meta 2024, table 5): 419 in 54 days of 16,384 GPUs; sd: its Poisson error, 1 / sqrt(419)",
    )
    own_hardware_failure_share: float = number(
        "Share of these failures that take a server out for repair",
        "",
        0.78,
        low=0.0,
        high=1.0,
        default=0.78,
        source="Llama 3 405B: 78 % of the interruptions were confirmed hardware",
    )
    own_restart_h: Q = quantity(
        "From such a failure to work again: detection, scheduling, reload",
        "h",
        0.17,
        low=0.0,
        high=1000.0,
        per_event=True,
        default=0.17,
        source="judgement: 10 min; 5 min is the lower end in Kokolis et al. 2025, large clusters report under 15 min",
    )
    restart_abrupt_h: Q = quantity(
        "Power back to work resumed, after an abrupt stop", "h", 2.2, low=0.0, high=1000.0, above=True, per_event=True
    )
    restart_orderly_h: Q = quantity(
        "Power back to work resumed, after an orderly stop", "h", 0.75, low=0.0, high=1000.0, above=True, per_event=True
    )
    damaged_server_share: Q = quantity(
        "Share of servers that do not return after an abrupt stop", "", 0.01, low=0.0, high=1.0, per_event=True
    )
    damaged_wait_days: Q = quantity("Wait for a damaged server", "days", 2, low=0.0, high=365.0, per_event=True)
    damaged_repair_eur_per_server: Q = quantity(
        "Repair of one damaged server", "EUR/server", 5000, low=0.0, high=1e7, per_event=True
    )
    ride_through_power_share: float = number(
        "Load while GPU power is capped on backup, as a share of the load", "", 0.84, low=0.3, high=1.0
    )
    ride_through_performance: float = number("Work rate at that cap", "", 0.75, low=0.0, high=1.0)

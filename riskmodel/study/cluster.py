"""The GPU cluster: its load, what a GPU-hour is worth, and what an interruption does to it."""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from distributions.laws import Law, from_spec
from riskmodel.study.cluster_costs import ClusterCosts
from riskmodel.study.cluster_lists import Performance, ServiceCredits
from riskmodel.study.fields import Q, Section, choice, flag, number, quantity, whole
from riskmodel.study.restart import Restart
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
        "Power back to work resumed, after an abrupt stop", "h", 2.2, low=0.0, high=1000.0, above=True, per_event=True,
        default={"law": "lognormal", "median": 2.2, "sigma": 0.5},
        source="NSC Linkoping, 6 April 2017: jobs ran 131 min after power was back; spread (1 to 5 h): judgement",
    )  # fmt: skip
    restart_orderly_h: Q = quantity(
        "Power back to work resumed, after an orderly stop", "h", 0.75, low=0.0, high=1000.0, above=True,
        per_event=True, default={"law": "lognormal", "median": 0.72, "sigma": 0.4},
        source="NSC Linkoping, 10 April 2017: all nodes ran 43 min after a planned switch; spread: judgement",
    )  # fmt: skip
    cold_start_after_h: float = number(
        "A site dark for longer than this starts cold", "h", 4.0, low=0.0, high=1000.0, default=4.0,
        source="judgement: cooling water and storage are still near their state after a few hours",
    )  # fmt: skip
    cold_start_extra_h: Q = quantity(
        "What a cold start of the whole site adds to the restart", "h", 3.0, low=0.0, high=1000.0, per_event=True,
        default=0.0, source="0: the restart times hold for any length",
    )  # fmt: skip
    return_ramp_mw_per_min: float = number(
        "Limit on the load's return after a stop; half of the ramp is lost work; 0 = none", "MW/min", 2.0,
        low=0.0, high=10_000.0, default=0.0, source="0: no limit is agreed with the grid operator",
    )  # fmt: skip
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
    ride_through_performance: Performance = choice(
        "Work rate at that cap: a number, or points [share of the load, work rate] between which it is read", "0.75"
    )
    ride_through_cap_after_min: float = number(
        "Time in an outage after which GPU power is capped", "min", 5.0, low=0.0, high=10_000.0, default=0.0,
        source="0: at once in an outage that may last",
    )  # fmt: skip
    inference_share: float | None = number(
        "Share of the GPUs that serve inference", "", 0.2, low=0.0, high=1.0, default=None,
        source="none: 0 for duty training, 1 for inference",
    )  # fmt: skip
    training_jobs: Annotated[list[int], Strict()] = choice(
        "GPUs of each synchronous training job; a job stops whole. Empty: one job of all GPUs in training",
        "[4000, 4000, 2000]", default=[], source="one job: the worst case for sags and missing servers",
    )  # fmt: skip
    gpus_per_rack: int = whole(
        "GPUs that trip together", "", 32, low=1, high=100_000, default=32,
        source="judgement: four air-cooled servers of 8 GPUs, about 40 kW",
    )  # fmt: skip
    sag_trip_share: Q = quantity(
        "Share of the racks that a sag below tolerance trips where nothing holds it", "", 0.3, low=0.0, high=1.0,
        per_event=True, default=1.0, source="judgement: 1, all racks hang on one transformer, the safe side",
    )  # fmt: skip
    shed_first: Literal["evenly", "inference", "training"] = choice(
        "Who stops first when there is power for a part: inference is divisible, a training job runs whole or not at "
        "all; evenly: all GPUs alike",
        "inference", default="evenly", source="no priority is stated",
    )  # fmt: skip
    spare_servers: int = whole(
        "Servers kept to replace damaged ones at once", "", 12, low=0, high=1_000_000, default=0,
        source="0: each damaged server is waited for",
    )  # fmt: skip
    missing_servers: Literal["shrink", "wait"] = choice(
        "What a training job does while servers are missing: go on without them, or wait whole", "shrink",
        default="shrink", source="elastic training is common in large runs; the other is the older way",
    )  # fmt: skip
    service_credits: ServiceCredits = choice(
        "Tiers [available less than, share of the month's income of inference given back]",
        "[[0.999, 0.1], [0.99, 0.25]]", default=[], source="none: no service level is sold",
    )  # fmt: skip
    reputation_eur_per_stop: Q = quantity(
        "Cost of being seen to stop, for each stop", "EUR", 50_000, low=0.0, high=1e9, default=0.0,
        source="0: not counted",
    )  # fmt: skip
    programme_delay_eur_per_day: Q = quantity(
        "Cost of a day's delay of what is trained here, beyond the GPU-hours: people, a later product", "EUR/day",
        20_000, low=0.0, high=1e9, default=0.0, source="0: not counted",
    )  # fmt: skip
    programme_delay_excludes_compute: bool = flag(
        "Is idle hardware and lost rent left out of programme_delay_eur_per_day?", default=False,
        source="false: a cost of delay must say so, since lost GPU-hours are valued by themselves",
    )  # fmt: skip

    gpus_without_power: Literal["wait", "bought_later"] = choice(
        "GPUs for which there is no power yet: wait, bought and idle, so that earlier power earns; or bought_later, "
        "when there is power, so that it earns nothing more",
        "bought_later", default="wait", source="judgement: ordered long before; the report shows both",
    )  # fmt: skip

    restart: Restart | None = Field(default=None)
    costs: ClusterCosts | None = Field(default=None)

    def share_of_inference(self) -> float:
        """Share of the GPUs in inference: stated, or all or none by the duty."""
        if self.inference_share is not None:
            return self.inference_share
        return 1.0 if self.duty == "inference" else 0.0

    @classmethod
    def standard_restart(cls, name: str) -> Law:
        """Law of a restart field that a study leaves out."""
        return from_spec(cls.model_fields[name].default)

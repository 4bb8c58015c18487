"""One power strategy: its grid connection and the assets it owns."""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from riskmodel.study.availability import Availability
from riskmodel.study.cells_field import AgeingLaw
from riskmodel.study.demand_response import DemandResponse
from riskmodel.study.fields import Q, Section, choice, flag, number, quantity, whole
from riskmodel.study.fire import Fire
from riskmodel.study.opportunity import Opportunity


def _wear(value: Any) -> float | str:
    if value == "ageing_law":
        return "ageing_law"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value <= 10_000.0:
        raise PydanticCustomError("wear", 'must be "ageing_law" or a number from 0 to 10000 EUR/MWh')
    return float(value)


WearCost = Annotated[
    float | Literal["ageing_law"],
    PlainValidator(_wear),
    WithJsonSchema({"anyOf": [{"const": "ageing_law"}, {"type": "number", "minimum": 0, "maximum": 10000}]}),
]

LINE_INTERACTIVE_MS = 6.0

__all__ = ["Connection", "Gensets", "Pv", "Storage", "Strategy", "Ups"]


class Connection(Section):
    """The grid connection before and after the strategy has its power."""

    import_limit_mw: float = number("Import limit once connected", "MW", 20.0, low=0.0, high=10_000.0, above=True)
    import_limit_before_mw: float = number("Existing supply until then", "MW", 3.0, low=0.0, high=10_000.0)
    contracted_mw: float | None = number(
        'Contracted capacity with site.demand_charge_basis = "contracted"; without it, import_limit_mw', "MW", 18.0,
        low=0.0, high=10_000.0, above=True, default=None, source="none: import_limit_mw",
    )  # fmt: skip
    time_to_power_months: Q = quantity("Decision to full import limit", "months", 18, low=0.0, high=480.0)
    interruptible: bool = flag("May the grid operator call on the connection?")
    capex_eur: Q = quantity("Connection, substation and works", "EUR", 3_200_000, low=0.0, high=1e11)


class Ups(Section):
    """UPS with its own short battery: double conversion (online), or line-interactive."""

    topology: Literal["online", "line_interactive"] = choice(
        "online feeds the load through its inverter always; line_interactive switches to it", "online",
        default="online", source="the usual form in data centres",
    )  # fmt: skip
    transfer_time_ms: float | None = number(
        "Grid lost to load carried", "ms", 6.0, low=0.0, high=60_000.0, default=None,
        source="none: 0 for online; 6 for line_interactive, judgement: 2 to 10 ms are usual",
    )  # fmt: skip

    power_mw: float = number("Rated power", "MW", 18.0, low=0.0, high=10_000.0, above=True)
    autonomy_min: float = number("Time at rated power", "min", 5.0, low=0.0, high=1440.0, above=True)
    efficiency: float = number("Output over input", "", 0.96, low=0.5, high=1.0)
    failure_on_demand_probability: float = number(
        "Chance that it drops the load when called", "", 0.002, low=0.0, high=1.0
    )
    capex_eur_per_kw: Q = quantity("Installed price", "EUR/kW", 320, low=0.0, high=100_000.0)
    maintenance_eur_per_kw_year: Q = quantity(
        "Service and battery replacement", "EUR/kW-year", 12, low=0.0, high=10_000.0
    )

    def to_battery_ms(self) -> float:
        """Time to take over [ms]: stated, or usual for the topology."""
        if self.transfer_time_ms is not None:
            return self.transfer_time_ms
        return 0.0 if self.topology == "online" else LINE_INTERACTIVE_MS


class Gensets(Section):
    """Diesel generating sets on standby."""

    units: int = whole("Number of sets", "", 10, low=1, high=10_000)
    unit_power_kw: float = number("Rated power of one set", "kW", 2000.0, low=0.0, high=100_000.0, above=True)
    start_time_s: float = number("Call to full load", "s", 15.0, low=0.0, high=3600.0)
    start_failure_probability: float = number(
        "Chance that one set fails to start and take load",
        "",
        0.0094,
        low=0.0,
        high=1.0,
        default=0.0094,
        source="NREL REopt.jl 029db01d, emergency diesel",
    )
    mean_time_to_failure_h: float = number(
        "Mean running time to failure of one set",
        "h",
        1100.0,
        low=0.0,
        high=1e7,
        above=True,
        default=1100.0,
        source="NREL REopt.jl 029db01d, emergency diesel",
    )
    maintenance_unavailability: float = number(
        "Chance that one set is out for maintenance when called", "", 0.005, low=0.0, high=1.0, default=0.0,
        source="0: within the chance to fail to start (NREL REopt.jl 029db01d states 0.005 by itself)",
    )  # fmt: skip
    common_cause_start_failure_probability: float = number(
        "Chance that none starts for one common cause, such as bad fuel or controls", "", 0.002, low=0.0, high=1.0,
        default=0.0, source="0: not counted unless stated",
    )  # fmt: skip
    transfer_switch_failure_probability: float = number(
        "Chance that the automatic transfer switch does not connect them", "", 0.001, low=0.0, high=1.0,
        default=0.0, source="0: not counted unless stated",
    )  # fmt: skip
    refuelling_probability: float = number(
        "Chance that fuel comes before it runs out, each time", "", 0.9, low=0.0, high=1.0, default=0.0,
        source="0: no delivery in an outage",
    )  # fmt: skip
    fuel_autonomy_h: float = number("Fuel on site at rated power of all sets", "h", 48.0, low=0.0, high=8760.0)
    fuel_eur_per_kwh: Q = quantity("Fuel per kWh of electricity", "EUR/kWh", 0.35, low=0.0, high=100.0)
    capex_eur_per_kw: Q = quantity("Installed price", "EUR/kW", 690, low=0.0, high=100_000.0)
    maintenance_eur_per_kw_year: Q = quantity("Service and tests", "EUR/kW-year", 18, low=0.0, high=10_000.0)


class Storage(Section):
    """String battery cabinets: each has its own converter. A product of the catalogue fills what is not given."""

    product: str | None = choice(
        "Product of the catalogue of cabinets (riskmodel cabinets lists them)", "261", default=None,
        source="none: all numbers are given",
    )  # fmt: skip
    price_region: str | None = choice(
        "Region and scope of the catalogue's price of that product", "europe_installed", default=None,
        source="none: the price is given",
    )  # fmt: skip
    cabinets: int = whole("Number of cabinets", "", 150, low=1, high=1_000_000)
    cabinet_power_kw: float = number("Rated power of one cabinet", "kW", 125, low=0.0, high=100_000.0, above=True)
    cabinet_energy_kwh: float = number("Energy of one new cabinet", "kWh", 261, low=0.0, high=1_000_000.0, above=True)
    round_trip_efficiency: float = number("AC to AC", "", 0.87, low=0.3, high=1.0)
    auxiliary_kw_per_cabinet: float = number("Own use of one cabinet", "kW", 0.6, low=0.0, high=1000.0)
    reserve_share: float = number("Usable energy kept for outages", "", 0.3, low=0.0, high=1.0)
    transfer_time_ms: float = number("Grid lost to load carried", "ms", 10.0, low=0.0, high=60_000.0)
    cabinet_availability: float = number("Chance that one cabinet works when called", "", 0.97, low=0.0, high=1.0)
    common_mode_failure_probability: float = number(
        "Chance that all fail together when called", "", 0.005, low=0.0, high=1.0
    )
    wear_cost_eur_per_mwh: WearCost = number(
        'Wear counted by dispatch per MWh out of the cells: a number, or "ageing_law" for what the laws and the price '
        "of a replacement say",
        "EUR/MWh",
        15.0,
    )
    reserve_share_by_month: Annotated[list[float], Strict()] = choice(
        "Usable energy kept for outages in each month, January first; empty: reserve_share all year",
        "[0.4, 0.4, 0.3, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.3, 0.4, 0.4]",
        default=[],
        source="none: the same all year",
    )
    charge_import_limit_mw: float = number(
        "Import never exceeds this while charging", "MW", 20.0, low=0.0, high=10_000.0
    )
    charging_raises_peak: Literal["when_it_pays", "always"] = choice(
        "May charging lift a month's billed peak above that of the load: always, or in months in which trading is "
        "expected to earn more than that costs",
        "when_it_pays",
        default="when_it_pays",
        source="an operator who sees the bill",
    )
    capex_eur_per_kwh: Q = quantity("Installed price", "EUR/kWh", 260, low=0.0, high=10_000.0)
    maintenance_share_of_capex_per_year: Q = quantity(
        "Service over the first price", "per year", 0.025, low=0.0, high=1.0
    )
    ageing_law: AgeingLaw = choice(
        "Ageing of the cells: one published law, or several with weights, of which each path draws one",
        "blast_lfp_250ah",
        default={"blast_lfp_250ah": 0.5, "blast_sony_murata": 0.25, "naumann_2020": 0.25},
        source="judgement on the weights: the 250 Ah prismatic cell is the closest to a cabinet's; two laws of a small "
        "cell share the rest. Laws: BLAST-Lite, Gasper 2023, doi 10.1016/j.est.2023.109042; Naumann 2020",
    )
    ageing_rate_factor: Q = quantity(
        "Multiplies the fade of the law", "", 1.0, low=0.0, high=20.0, default=1.0, source="1: the law as published"
    )
    cell_loss_spread: float = number(
        "Standard deviation of lost capacity between cells, over its mean; a string gives what its weakest cell allows",
        "",
        0.1,
        low=0.0,
        high=0.3,
        default=0.1,
        source="Frenander, Thiringer 2024, J. Energy Storage 102, 114014: about 10 % at any age",
    )
    cells_in_string: int = whole(
        "Cells in series behind one converter",
        "",
        260,
        low=1,
        high=10_000,
        default=260,
        source="5 modules of 52 cells: a 261 kWh cabinet with cells of 314 Ah",
    )
    strings_on_one_converter: int = whole(
        "Strings in parallel on one converter: 1 for string cabinets; more for a central converter, where each gives "
        "what the weakest gives",
        "",
        20,
        low=1,
        high=10_000,
        default=1,
        source="string cabinets: one converter for each",
    )
    resistance_growth_per_lost_capacity: float = number(
        "Relative growth of resistance for each share of capacity lost",
        "",
        0.5,
        low=0.0,
        high=20.0,
        default=0.5,
        source="computed from Naumann 2018: at 25 C and 10 years resistance rises 11 % where capacity falls 22 %",
    )
    ohmic_loss_share: float = number(
        "Energy lost one way in the resistance of new cells",
        "",
        0.02,
        low=0.0,
        high=0.2,
        default=0.02,
        source="judgement: about half of the loss of a cabinet is in its cells at 0.5 C",
    )
    warranty_cycles_per_year: float = number(
        "Full cycles in a year beyond which storage is kept for outages only",
        "1/year",
        365.0,
        low=0.0,
        high=100_000.0,
        default=100_000.0,
        source="no limit: nothing is said of a warranty",
    )
    added_in_years: Annotated[list[int], Strict()] = choice(
        "Years at whose start more cabinets are added", "[3, 5]", default=[], source="none: all at once"
    )
    added_cabinets: Annotated[list[int], Strict()] = choice(
        "Cabinets added in each of these years", "[50, 50]", default=[], source="none: all at once"
    )
    augment_below_mwh: float = number(
        "Usable energy of all cabinets below which new ones are added at the end of a year; 0 = never",
        "MWh",
        30.0,
        low=0.0,
        high=1e6,
        default=0.0,
        source="0: no augmentation",
    )
    price_growth_real_per_year: Q = quantity(
        "Real yearly growth of the price of cabinets added later",
        "per year",
        -0.03,
        low=-0.5,
        high=0.5,
        default={"law": "normal", "mean": -0.03, "sd": 0.02},
        source="judgement: cell prices fall faster, works on site do not",
    )
    end_of_life_capacity: float = number(
        "Capacity share at which storage is replaced",
        "",
        0.7,
        low=0.0,
        high=0.99,
        default=0.7,
        source="70 % of new, usual in stationary storage warranties: judgement",
    )
    replacement_cost_share: Q = quantity("Price of a replacement over the first price", "", 0.5, low=0.0, high=5.0)
    availability: Availability | None = Field(default=None)
    fire: Fire | None = Field(default=None)
    demand_response: DemandResponse | None = Field(default=None)


class Pv(Section):
    """PV plant behind the meter."""

    power_mwp: float = number("Peak power", "MWp", 8.0, low=0.0, high=10_000.0, above=True)
    capex_eur_per_kwp: Q = quantity("Installed price", "EUR/kWp", 1100, low=0.0, high=100_000.0)
    maintenance_eur_per_kwp_year: Q = quantity("Service", "EUR/kWp-year", 16, low=0.0, high=10_000.0)
    degradation_per_year: float = number(
        "Yearly loss of output",
        "per year",
        0.005,
        low=0.0,
        high=0.2,
        default=0.005,
        source="NREL REopt.jl 029db01d: 0.5 %",
    )
    availability: float = number(
        "Share of time it can produce",
        "",
        0.97,
        low=0.0,
        high=1.0,
        default=0.97,
        source="kWh Analytics: 97 % found against 99 % assumed",
    )


class Strategy(Section):
    """A named way of powering the cluster; assets it does not own are None."""

    title: str = choice("Name for readers", "String storage")
    connection: Connection
    ups: Ups | None = Field(default=None)
    gensets: Gensets | None = Field(default=None)
    storage: Storage | None = Field(default=None)
    pv: Pv | None = Field(default=None)
    opportunity: Opportunity | None = Field(default=None)

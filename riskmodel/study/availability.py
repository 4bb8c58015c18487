"""How often cabinets fail, and who mends them: rates, crews, spare parts, early warning, planned maintenance."""

from riskmodel.study.fields import Q, Section, flag, number, quantity, whole

__all__ = ["Availability"]

NUMBER_D = "judgement: middle of the range for"


class Availability(Section):
    """Cabinets that fail and are repaired; with it, a fixed `cabinet_availability` is not used."""

    repairs_in_maintenance: bool = flag(
        "Does maintenance_share_of_capex_per_year pay for parts and visits? Then they are not counted again",
        default=True, source="judgement: 2.5 % of the price a year is what a full service contract costs",
    )  # fmt: skip
    failure_rate_factor: Q = quantity(
        "Multiplies all failure rates of a path", "", 1.0, low=0.0, high=20.0, default=1.0, source="1: rates as given"
    )
    converter_failures_per_year: float = number(
        "Failures of one cabinet's converter", "1/year", 0.075, low=0.0, high=50.0,
        default=0.075, source=f"{NUMBER_D} a cabinet's converter, 0.05 to 0.10",
    )  # fmt: skip
    converter_repair_h: float = number(
        "Mean time to repair a converter once a crew and a part are there", "h", 84.0, low=0.0, high=8760.0, above=True,
        default=84.0, source=f"{NUMBER_D} a converter, 48 to 120 h",
    )  # fmt: skip
    converter_part_eur: Q = quantity(
        "Part used by one converter failure", "EUR", 5000, low=0.0, high=1e6,
        default=5000, source="judgement: power module of a 125 kW converter, about half its price at 80 EUR/kW",
    )  # fmt: skip
    converter_spares: int = whole(
        "Converter parts kept in stock", "", 3, low=0, high=10_000, default=3,
        source="judgement: mean demand of 150 cabinets in a lead time is 1.4",
    )  # fmt: skip
    converter_lead_time_days: float = number(
        "Mean time to get a converter part", "days", 45.0, low=0.0, high=1000.0,
        default=45.0, source="judgement: within the 30 to 90 days read for storage parts",
    )  # fmt: skip
    battery_failures_per_year: float = number(
        "Failures of one cabinet's battery, its management, pump and sensors", "1/year", 0.3, low=0.0, high=50.0,
        default=0.3, source=f"{NUMBER_D} trips of management, pumps and sensors, 0.2 to 0.4",
    )  # fmt: skip
    battery_repair_h: float = number(
        "Mean time to repair a battery once a crew and a part are there", "h", 48.0, low=0.0, high=8760.0, above=True,
        default=48.0, source=f"{NUMBER_D} a battery, 24 to 72 h",
    )  # fmt: skip
    battery_part_eur: Q = quantity(
        "Part used by one battery failure", "EUR", 1500, low=0.0, high=1e6,
        default=1500, source="judgement: mostly boards, pumps and sensors, now and then a module of 5,000 EUR",
    )  # fmt: skip
    battery_spares: int = whole(
        "Battery parts kept in stock", "", 8, low=0, high=10_000, default=8,
        source="judgement: mean demand of 150 cabinets in a lead time is 5.5",
    )  # fmt: skip
    battery_lead_time_days: float = number(
        "Mean time to get a battery part", "days", 45.0, low=0.0, high=1000.0,
        default=45.0, source="judgement: within the 30 to 90 days read for storage modules",
    )  # fmt: skip
    visit_eur: Q = quantity(
        "One visit of a crew", "EUR", 800, low=0.0, high=1e6, default=800, source="judgement: two people for half a day"
    )
    repair_crews: int = whole(
        "Repairs in progress at the same time", "", 2, low=1, high=10_000, default=2, source="judgement"
    )
    warning_recall: float = number(
        "Share of failures the battery management sees coming", "", 0.4, low=0.0, high=1.0,
        default=0.4, source="judgement: drift is seen early, sudden trips are not",
    )  # fmt: skip
    warning_days: float = number(
        "Time between a warning and the failure it foresees", "days", 14.0, low=0.0, high=1000.0,
        default=14.0, source="judgement",
    )  # fmt: skip
    planned_swap_h: float = number(
        "Time a cabinet is out for a planned swap or a checked false alarm", "h", 4.0, low=0.0, high=240.0,
        default=4.0, source="judgement: isolate, swap, test",
    )  # fmt: skip
    false_alarms_per_cabinet_year: float = number(
        "Warnings without a fault behind them, each costs a visit", "1/year", 0.1, low=0.0, high=50.0,
        default=0.1, source="judgement: about one for each true warning",
    )  # fmt: skip
    maintenance_h_per_cabinet_year: float = number(
        "Planned maintenance of one cabinet", "h/year", 8.0, low=0.0, high=1000.0,
        default=8.0, source="judgement: one working day a year",
    )  # fmt: skip
    maintenance_first_month: int = whole(
        "First month of planned maintenance", "", 5, low=1, high=12, default=5,
        source="judgement: Nordic outages and prices peak in winter",
    )  # fmt: skip
    maintenance_last_month: int = whole(
        "Last month of planned maintenance; may lie before the first", "", 9, low=1, high=12, default=9,
        source="judgement: Nordic outages and prices peak in winter",
    )  # fmt: skip
    group_cabinets: int = whole(
        "Cabinets that stand together behind one transformer or controller", "", 10, low=1, high=1_000_000,
        default=10, source="judgement: 1.25 MVA transformer for ten cabinets of 125 kW",
    )  # fmt: skip
    group_failures_per_year: float = number(
        "Failures of one group as a whole", "1/year", 0.02, low=0.0, high=50.0,
        default=0.02, source="judgement: transformer 0.006 (IEEE 493, from memory), the rest controls and firmware",
    )  # fmt: skip
    group_repair_h: float = number(
        "Mean time to bring a group back", "h", 72.0, low=0.0, high=8760.0, above=True,
        default=72.0, source="judgement: hours for firmware, weeks for a transformer without a spare",
    )  # fmt: skip

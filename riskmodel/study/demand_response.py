"""Demand response: the site is paid to be ready, and called on now and then to deliver from its cabinets."""

from riskmodel.study.fields import Q, Section, number, quantity, whole

__all__ = ["DemandResponse"]


class DemandResponse(Section):
    """A contract to deliver power when called, from a slice of the energy that outages do not count on."""

    required_mw: float = number("Power to deliver when called", "MW", 4.0, low=0.0, high=10_000.0, above=True)
    energy_share: float = number("Usable energy kept for calls, on top of reserve_share", "", 0.2, low=0.0, high=1.0)
    availability_eur_per_mw_month: Q = quantity("Paid for being ready", "EUR/MW-month", 2000, low=0.0, high=1e6)
    energy_eur_per_mwh: Q = quantity("Paid for delivered energy", "EUR/MWh", 100, low=0.0, high=1e5)
    penalty_eur_per_mwh: Q = quantity("Taken for energy not delivered", "EUR/MWh", 500, low=0.0, high=1e6)
    penalty_cap_share: float = number(
        "Penalties of a year are at most this share of its availability payments", "", 1.0, low=0.0, high=100.0,
        default=1.0, source="judgement: contracts usually end at what they paid",
    )  # fmt: skip
    calls_per_year: float = number(
        "Mean number of calls, of which a few in 100 fall into another and are not made",
        "1/year",
        15.0,
        low=0.0,
        high=100.0,
    )
    calls_dispersion: float = number(
        "Gamma shape of the yearly factor: low = good and bad years; 0 = none", "", 3.0, low=0.0, high=1000.0,
        default=3.0, source="judgement, as for calls on an interruptible connection",
    )  # fmt: skip
    most_calls_per_year: int = whole(
        "The contract allows no more", "1/year", 40, low=1, high=200, default=40, source="judgement: twice a usual year"
    )
    duration_h: Q = quantity(
        "Duration of a call", "h", 2, low=0.0, high=24.0, above=True, per_event=True,
        default={"law": "triangular", "low": 0.5, "mode": 2.0, "high": 4.0}, source="judgement",
    )  # fmt: skip
    rest_h: float = number(
        "Least time from the end of a call to the next", "h", 0.0, low=0.0, high=8760.0, default=0.0,
        source="0: no rest agreed",
    )  # fmt: skip
    notice_h: float = number(
        "Time between notice and call; from 24 h on, energy is kept on the day of a call only", "h", 2.0,
        low=0.0, high=168.0, default=2.0, source="judgement",
    )  # fmt: skip
    first_month: int = whole(
        "First month of the contract's season", "", 11, low=1, high=12, default=11, source="judgement: Nordic winter"
    )
    last_month: int = whole(
        "Last month of the season; may lie before the first", "", 3, low=1, high=12, default=3,
        source="judgement: Nordic winter",
    )  # fmt: skip
    first_hour: int = whole(
        "First hour of the day at which a call may begin", "h", 7, low=0, high=23, default=7,
        source="judgement: morning peak",
    )  # fmt: skip
    last_hour: int = whole(
        "Last hour of the day at which a call may begin", "h", 19, low=0, high=23, default=19,
        source="judgement: evening peak",
    )  # fmt: skip
    storm_multiplier: float = number(
        "Calls on a stormy day over those on a normal one", "", 1.0, low=0.0, high=100.0, default=1.0,
        source="judgement: wind power is plenty, lines fail",
    )  # fmt: skip
    cold_multiplier: float = number(
        "Calls on a cold, still day over those on a normal one", "", 5.0, low=0.0, high=100.0, default=5.0,
        source="judgement: when power is short",
    )  # fmt: skip

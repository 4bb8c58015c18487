"""The site: where it is, what energy costs there, how often the grid fails."""

from typing import Annotated, Literal

from pydantic import Strict

from riskmodel.study.fields import Q, Section, choice, flag, number, quantity

__all__ = ["Site"]


class Site(Section):
    """Site inputs; prices, outages, weather and irradiance name shipped parameter records or .toml files."""

    latitude_deg: float = number("Latitude, north positive", "degrees", 59.3, low=-90.0, high=90.0)
    longitude_deg: float = number("Longitude, east positive", "degrees", 18.1, low=-180.0, high=180.0)
    utc_offset_h: float = number("Local standard time minus UTC", "h", 1.0, low=-12.0, high=14.0)
    market: Literal["day_ahead", "time_of_use"] = choice(
        "How energy is priced: an hourly auction, or a tariff by period",
        "day_ahead",
        default="day_ahead",
        source="the auction of the price zone; a tariff must be asked for",
    )
    tariff: str | None = choice(
        'Tariff record, or a .toml file, with market = "time_of_use"',
        "jiangsu_industrial",
        default=None,
        source="none: no tariff",
    )
    price_zone: str = choice("Bidding zone of the day-ahead price", "SE3")
    price_window: str = choice("Years the price process was fitted to", "2021_2023")
    price_parameters: str | None = choice(
        "Parameter file to use instead of the shipped record of zone and window (riskmodel calibrate prices makes one)",
        "prices_SE3_2021_2023.toml",
        default=None,
        source="none: the shipped record of price_zone and price_window",
    )
    price_level_factor: Q = quantity(
        "Multiplies every day-ahead price",
        "",
        1.0,
        low=0.0,
        high=20.0,
        default=1.0,
        source="1: prices as in the fitted window",
    )
    price_level_trend_per_year: Q = quantity(
        "Real yearly growth of the long-run price level, to which prices return",
        "per year",
        0.0,
        low=-0.3,
        high=0.3,
        default={"law": "normal", "mean": 0.0, "sd": 0.01},
        source="judgement: no trend is known; 1 % a year either way moves the level by 15 % in 15 years",
    )
    price_level_yearly_sd: float = number(
        "Standard deviation of the log price level of a year around its long-run level; a tariff has its own",
        "",
        0.3,
        low=0.0,
        high=2.0,
        default=0.3,
        source="judgement: yearly means of eight European zones 2016-2023 scatter by 0.60 in logarithm (real, "
        "computed), fitted prices by 0.45 to 0.59 by themselves; 0.5 more would repeat the crisis of 2021-22, 0 the "
        "years without",
    )
    price_level_half_life_years: float = number(
        "Time in which half of such a deviation is gone; a tariff has its own",
        "years",
        3.0,
        low=0.0,
        high=100.0,
        default=3.0,
        source="judgement: 2 to 8 years fit the yearly means of eight European zones 2016-2023 alike",
    )
    price_level_by_year: Annotated[list[float], Strict()] = choice(
        "Multiplies the price level in each year on top of all else; the last one holds on",
        "[1.0, 1.8, 3.6, 1.4, 1.0]",
        default=[1.0],
        source="1: no year stands out but by chance",
    )
    price_spread_factor: Q = quantity(
        "Multiplies the distance of every hour's price from its day's mean; the mean stays", "", 1.0,
        low=0.0, high=10.0, default=1.0, source="1: days as spread as in the fitted window, or as the tariff says",
    )  # fmt: skip
    energy_fee_eur_per_mwh: Q = quantity(
        "Grid energy fees on import, and taxes unless energy_tax_eur_per_mwh gives them",
        "EUR/MWh",
        35.0,
        low=-100.0,
        high=1000.0,
    )
    energy_tax_eur_per_mwh: Q = quantity(
        "Taxes on import that are not within energy_fee_eur_per_mwh; dispatch sees both", "EUR/MWh", 39.0,
        low=-100.0, high=1000.0, default=0.0, source="0: taxes are within the fee",
    )  # fmt: skip
    export_fee_eur_per_mwh: float = number(
        "Taken off the price of exported energy", "EUR/MWh", 3.0, low=-100.0, high=1000.0
    )
    export_allowed: bool = flag("May energy be sold to the grid?")
    demand_charge_eur_per_kw_year: Q = quantity(
        "Yearly charge on the mean of the monthly peaks, or on the contracted capacity",
        "EUR/kW-year",
        45.0,
        low=0.0,
        high=2000.0,
    )
    demand_charge_basis: Literal["monthly_peak", "contracted"] = choice(
        "What that charge is on: each month's highest import, or a contracted capacity with a dearer excess",
        "monthly_peak",
        default="monthly_peak",
        source="the usual form in the Nordics",
    )
    excess_charge_factor: float = number(
        "With contracted capacity: charge on a month's import above it, over the charge itself", "", 2.0,
        low=1.0, high=100.0, default=2.0, source="Chinese two-part tariffs: double above 105 % of the agreed demand",
    )  # fmt: skip
    battery_temperature_c: Q = quantity("Cell temperature in the cabinets", "C", 25.0, low=-20.0, high=60.0)
    battery_housing: Literal["controlled", "outdoor"] = choice(
        "controlled: cells stay at battery_temperature_c; outdoor: they follow the months' air temperature of the "
        "irradiance record around it",
        "controlled",
        default="controlled",
        source="liquid-cooled and heated cabinets",
    )
    outages: str = choice("Outage record, or a .toml file", "nordic_hv")
    outage_rate_factor: Q = quantity(
        "Multiplies every outage rate", "", 1.0, low=0.0, high=1000.0, default=1.0, source="1: rates as in the record"
    )
    sag_rate_factor: Q = quantity(
        "Multiplies the rate of voltage sags, beside outage_rate_factor", "", 1.0, low=0.0, high=1000.0,
        default=1.0, source="1: rates as in the record",
    )  # fmt: skip
    extreme_outage_rate_factor: Q = quantity(
        "Multiplies the rate of extreme outages, beside outage_rate_factor", "", 1.0, low=0.0, high=1000.0,
        default=1.0, source="1: rates as in the record",
    )  # fmt: skip
    curtailment_rate_factor: Q = quantity(
        "Multiplies the rate of the grid operator's calls on interruptible connections, to which outage_rate_factor "
        "does not apply", "", 1.0, low=0.0, high=1000.0, default=1.0, source="1: rates as in the record",
    )  # fmt: skip
    given_events: str | None = choice(
        "CSV file of outages and sags that happen in every path instead of drawn ones; prices, sun and what an event "
        "does stay drawn",
        "outages_2017.csv",
        default=None,
        source="none: events are drawn from the outage record",
    )
    parameter_uncertainty: bool = flag(
        "Does each path draw the fitted parameters from their errors?",
        default=True,
        source="true: what was fitted to a few years is not known exactly",
    )
    weather_coupling: bool = flag(
        "Do prices, outages and sun share the same weather?",
        default=True,
        source="true: bad days come together; false is for showing what that is worth",
    )
    weather: str = choice("Weather regime record, or a .toml file", "nordic")
    irradiance: str = choice("Irradiance record, or a .toml file", "lyngby_2015_2018")
    pv_tilt_deg: float = number("Tilt of the PV modules, 0 = flat", "degrees", 40.0, low=0.0, high=90.0)
    pv_azimuth_deg: float = number("Where they face: 180 = south", "degrees", 180.0, low=0.0, high=360.0)

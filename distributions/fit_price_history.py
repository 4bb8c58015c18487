"""From a file of prices to a fitted price record with its errors, its breaks and its facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import HOURS_PER_DAY, HOURS_PER_YEAR, MONTHS_PER_YEAR
from distributions.facts import Fact, failing
from distributions.fit_breaks import FALSE_ALARM, Break, find_breaks
from distributions.price_history import local_time, window
from distributions.price_twin import PRICE_CEILING, PRICE_FLOOR
from distributions.table_reading import HistoryError, Table, read_table
from distributions.time_reading import TIME_NAMES, find_clock, read_times, standard_offset_h, to_hours

if TYPE_CHECKING:
    import pandas as pd

    from distributions.price_sun import SunnyPrices
    from distributions.weather_reading import WeatherRequest

__all__ = ["PriceCalibration", "PriceRequest", "calibrate_prices", "read_price_history"]

PRICE_NAMES = (
    r"(day[- _]?ahead[- _]?)?price([_ ].*)?|(day[- _]?ahead|spot|clearing)[- _]?price.*|spotprice(eur)?",
    r"lmp.*|.*\blmp\b.*|settlement_?point_?price|spp|rrp|sys_?price|system_price.*",
    r".*(price|pris|preis|prix).*",
    r"value|eur(/|_per_)?mwh|usd(/|_per_)?mwh",
)
UNITS = {"mwh": 1.0, "kwh": 1000.0}
"""Factor from a price per such unit to one per MWh."""

SMALL_COINS = {"ct": 0.01, "cent": 0.01, "c": 0.01, "ore": 0.01, "öre": 0.01, "øre": 0.01, "fen": 0.01}
ZONE_OFFSETS_H = {
    "SE": 1.0, "NO": 1.0, "DK": 1.0, "DE": 1.0, "FR": 1.0, "CZ": 1.0, "NL": 1.0, "BE": 1.0, "AT": 1.0, "PL": 1.0,
    "IT": 1.0, "ES": 1.0, "CH": 1.0, "FI": 2.0, "EE": 2.0, "LV": 2.0, "LT": 2.0, "GB": 0.0, "CAISO": -8.0,
    "NYISO": -5.0, "PJM": -5.0, "ERCOT": -6.0,
}  # fmt: skip
"""Local standard time minus UTC of well-known zones [h]."""

VALIDATION_YEARS, VALIDATION_SEED = 1000, 7
LARGEST_PRICE, LARGEST_MULTIPLE = 100_000.0, 1000.0
"""A price per MWh above the first, and above this multiple of the median price, is an error: judgement. The highest
caps are 9,000 USD/MWh (Texas) and 23,200 AUD/MWh (Australia); currencies of small worth have a high median."""
LEAST_MEDIAN = 1.0
"""The transform of prices is scaled by their median."""
MOST_FLAT_DAYS = 0.5
LEAST_YEARS = 1
LEAST_DAYS = 4
"""Whole days that each month needs of each day type."""


@dataclass(frozen=True)
class PriceRequest:
    """What the user asks for; None where it is to be found out.

    Parameters
    ----------
    path : Path
    zone : str
    first_year, last_year : int or None
        Both included; by default all whole years.
    hold_out : int
        Last years of the window that are kept out of the fit and reported on.
    time_column, value_column, times, unit : str or None
    stamps_end : bool or None
        True when a stamp is the end of its step.
    utc_offset_h : float or None [h]
        Local standard time minus UTC.
    weather : str
    source : str
    years : int
        Simulated years of the report.
    sun : WeatherRequest or None
        A history of irradiance, to see how prices and sunshine go together.
    """

    path: Path
    zone: str
    first_year: int | None = None
    last_year: int | None = None
    hold_out: int = 1
    time_column: str | None = None
    value_column: str | None = None
    times: str | None = None
    unit: str | None = None
    stamps_end: bool | None = None
    utc_offset_h: float | None = None
    weather: str = "nordic"
    source: str = ""
    years: int = VALIDATION_YEARS
    sun: WeatherRequest | None = None


@dataclass(frozen=True)
class PriceCalibration:
    """A fitted record with all that a report shows.

    Parameters
    ----------
    record : dict
        Price record with ``meta`` and ``uncertainty``.
    facts : list of Fact
    breaks : list of Break
        In the years that were fitted.
    history, held_out : pandas.Series [unit of the record]
    simulated : (n_hours,) float64
    notes : list of str
        How the file was read.
    sunny : (SunnyPrices, SunnyPrices) or None
        Days with prices and sunshine of the fitted history, and simulated ones.
    """

    record: dict[str, Any]
    facts: list[Fact]
    breaks: list[Break]
    history: pd.Series
    held_out: pd.Series | None
    simulated: np.ndarray
    notes: list[str] = field(default_factory=list)
    sunny: tuple[SunnyPrices, SunnyPrices] | None = None

    @property
    def warnings(self) -> list[str]:
        """What the user should think about before using the record."""
        unit = self.record["meta"]["unit"]
        told = [
            f"the {found.what} changes inside the window, about {found.at}: typically {found.before:.1f} before and "
            f"{found.after:.1f} {unit} after (probability without a break {found.probability:.2g}; alarms below "
            f"{FALSE_ALARM:g}). A fit mixes both; consider a shorter window"
            for found in self.breaks
            if found.alarm
        ]
        if len(np.unique(local_time(self.history).year)) == 1:
            told.append("one year is fitted: it says nothing of how years differ, nor of the season's own scatter")
        outside = int(((self.history < PRICE_FLOOR) | (self.history > PRICE_CEILING)).sum())
        if outside:
            limits = f"{PRICE_FLOOR:g} to {PRICE_CEILING:g}"
            told.append(f"{outside} hours lie beyond {limits} {unit}, the limits of the process: they are cut to them")
        return told


def read_price_history(request: PriceRequest) -> tuple[pd.Series, str, float, list[str]]:
    """Read a price history into hours of local standard time.

    Returns
    -------
    prices : pandas.Series [per MWh]
    unit : str
        For example "EUR/MWh".
    utc_offset_h : float [h]
    notes : list of str
        What was guessed and what was mended.

    Raises
    ------
    HistoryError
    """
    table = read_table(request.path)
    time = table.need(request.time_column, TIME_NAMES, "the time", "--time-column")
    zone = request.zone.lower()
    value = table.need(request.value_column, (rf"{zone}", *PRICE_NAMES), "the price", "--value-column")
    clock = find_clock(table, time, request.times, request.stamps_end)
    factor, unit, told = _unit(request.unit, value, table.name)
    offset = request.utc_offset_h if request.utc_offset_h is not None else standard_offset_h(clock)
    if offset is None:
        known = [hours for name, hours in ZONE_OFFSETS_H.items() if request.zone.upper().startswith(name)]
        if not known:
            raise HistoryError(
                f"{table.name}: local standard time of {request.zone} is not known: type --utc-offset with its hours "
                "ahead of UTC, e.g. --utc-offset 1"
            )
        offset = known[0]
    utc, kept, notes = read_times(table, time, clock)
    numbers = table.numbers(value, unit=unit) * factor
    _check_size(table, value, numbers, unit)
    hourly, more = to_hours(utc[kept], numbers[kept], offset, clock.end, table.name)
    head = [
        f"times from column {time}, {clock.told}, {'end' if clock.end else 'beginning'} of each step",
        f"prices from column {value}, {told}",
        f"local standard time is UTC{offset:+g}",
    ]
    return hourly, unit, offset, head + notes + more


def calibrate_prices(request: PriceRequest) -> PriceCalibration:
    """Read, fit, estimate errors, look for breaks and compare facts.

    Raises
    ------
    HistoryError
        If the history cannot be read or does not hold enough.
    """
    from distributions.fit_price_draws import narrowed
    from distributions.fit_price_errors import standard_errors
    from distributions.fit_price_response import fit_response
    from distributions.fit_price_sun import compare_sun, read_sun, sky_law
    from distributions.fit_prices import FIT_SEED, FIT_YEARS, describe, solve
    from distributions.parameters import load
    from distributions.price_facts import stretches, validate_prices
    from distributions.price_twin import draw, prices_from

    prices, unit, offset, notes = read_price_history(request)
    history, held_out = _split(prices, request)
    _check_enough(history, request.path.name)
    weather = load("weather", request.weather)
    sky = None if request.sun is None else read_sun(request.sun, history, offset)
    solution = solve(history, weather=weather)
    record, bright = dict(solution.record), None
    if sky is not None:
        sky_own, bright = sky_law(sky, weather, request.years)
        record["sunny"], answer = fit_response(record, sky.days, sky_own, sky.frame, weather)
    draws = draw(request.years, VALIDATION_SEED, weather)
    simulated = prices_from(record, draws, weather, bright=bright)
    years = len(np.unique(local_time(history).year))
    parts = [describe(part) for part in stretches(simulated, years, most=150)]
    date = local_time(history)
    record["meta"] = {
        "zone": request.zone,
        "source": request.source or request.path.name,
        "window": f"{date[0].year}-{date[-1].year}",
        "held_out": "none" if held_out is None else _years_of(held_out),
        "hours_used": int(np.isfinite(history.to_numpy()).sum()),
        "hours_missing": int(np.isnan(history.to_numpy()).sum()),
        "utc_offset_h": offset,
        "unit": unit,
        "weather": request.weather,
        "fitted_by": f"simulated method of moments, {FIT_YEARS} years, seed {FIT_SEED}; calendar from averages",
    }
    record["uncertainty"] = standard_errors(solution, describe(history), parts, years / FIT_YEARS) | {
        "method": f"asymptotic: scatter of the facts over simulated stretches of {years} years, logistic prior"
    }
    record["uncertainty"] = narrowed(record, weather)
    facts = validate_prices(history, simulated, held_out, max(request.hold_out, 1))
    sunny = None
    if sky is not None:
        more, run = compare_sun(sky, sky_own, simulated, draws.regime, weather, held_out)
        told = f"sun: a standard deviation of the day's clearness lowers y by {answer:g} at the highest sun"
        facts, sunny, notes = facts + more, (sky.days, run), [*notes, *sky.notes, told]
        record["meta"]["sun"] = sky.file
    record["meta"]["facts_failed"] = ", ".join(failing(facts)) or "none"
    return PriceCalibration(record, facts, find_breaks(history), history, held_out, simulated, notes, sunny)


def _years_of(part: pd.Series) -> str:
    first, last = local_time(part)[0].year, local_time(part)[-1].year
    return str(first) if first == last else f"{first}-{last}"


def _check_size(table: Table, column: str, prices: np.ndarray, unit: str) -> None:
    """Refuse a price that only a typing error or a mark for a missing value can be."""
    filled = np.abs(prices[np.isfinite(prices)])
    most = max(LARGEST_PRICE, LARGEST_MULTIPLE * float(np.median(filled)) if len(filled) else 0.0)
    wrong = np.flatnonzero(np.abs(prices) > most)
    if len(wrong):
        raise table.refuse(int(wrong[0]), column, f"a price from {-most:,.0f} to {most:,.0f} {unit}, or an empty cell")


def _unit(given: str | None, column: str, file: str) -> tuple[float, str, str]:
    """Factor to a price per MWh, the unit then, and how it was found."""
    text = given if given is not None else _unit_in(column)
    if text is None:
        raise HistoryError(f"{file}: column {column} does not name its unit: type --unit, e.g. --unit EUR/MWh")
    coin, slash, energy = text.replace("_per_", "/").partition("/")
    if not slash or energy.strip().lower() not in UNITS or not coin.strip():
        raise HistoryError(f"{file}: --unit {text}: type a currency per MWh or kWh, such as EUR/MWh, SEK/kWh, ct/kWh")
    coin = coin.strip()
    factor = UNITS[energy.strip().lower()] * SMALL_COINS.get(coin.lower(), 1.0)
    main = {"ct": "EUR", "cent": "EUR", "c": "USD", "ore": "SEK", "öre": "SEK", "øre": "NOK", "fen": "CNY"}
    currency = main.get(coin.lower(), coin.upper())
    told = f"in {text} {'as given' if given is not None else 'from its name'}"
    return factor, f"{currency}/MWh", told + (f", times {factor:g} to {currency}/MWh" if factor != 1.0 else "")


def _unit_in(column: str) -> str | None:
    import re

    found = re.search(r"(?:^|[^a-z])(eur|usd|sek|nok|dkk|gbp|cny|pln|czk|chf|ct|€)[ _]*(?:/|per)?[ _]*(mwh|kwh)",
                      column.lower())  # fmt: skip
    if not found:
        return None
    coin = "ct" if found[1] == "ct" else found[1].replace("€", "eur").upper()
    return f"{coin}/{'MWh' if found[2] == 'mwh' else 'kWh'}"


def _split(prices: pd.Series, request: PriceRequest) -> tuple[pd.Series, pd.Series | None]:
    date = local_time(prices)
    whole = [year for year in np.unique(date.year) if (date.year == year).sum() >= HOURS_PER_YEAR - HOURS_PER_DAY]
    if not whole:
        raise HistoryError(f"{request.path.name}: holds no whole year; it runs from {date[0]} to {date[-1]}")
    first, last = request.first_year or int(whole[0]), request.last_year or int(whole[-1])
    if last - first + 1 - request.hold_out < LEAST_YEARS:
        raise HistoryError(
            f"{request.path.name}: {first} to {last} less {request.hold_out} held out leaves no year to "
            f"fit; its whole years are {whole[0]} to {whole[-1]}: widen --from and --to, or --hold-out 0"
        )
    prices = _whole_ends(prices, whole)
    try:
        chosen = window(prices, first, last)
    except ValueError as error:
        raise HistoryError(f"{request.path.name}: {error}") from None
    if request.hold_out == 0:
        return chosen, None
    last_fitted = last - request.hold_out
    return window(prices, first, last_fitted), window(prices, last_fitted + 1, last)


def _whole_ends(prices: pd.Series, whole: list[int]) -> pd.Series:
    """History whose first and last year lack no hour: a file of whole years of UTC ends some hours early elsewhere."""
    import pandas as pd

    begin, end = prices.index[0], prices.index[-1]
    if begin.year == whole[0]:
        begin = pd.Timestamp(begin.year, 1, 1)
    if end.year == whole[-1]:
        end = pd.Timestamp(end.year, 12, 31, 23)
    return prices.reindex(pd.date_range(begin, end, freq="h"))


def _check_shape(history: pd.Series, file: str) -> None:
    """Refuse what is no history of hourly prices: one price all day, or a level that is not above 0."""
    days = history.to_numpy().reshape(-1, HOURS_PER_DAY)
    days = days[np.isfinite(days).all(axis=1)]
    if not len(days):
        return
    flat = float(np.mean(days.max(axis=1) == days.min(axis=1)))
    if flat > MOST_FLAT_DAYS:
        text = f"{flat:.0%} of the days have one price all day; a fit needs hourly prices, not daily means or a tariff"
        raise HistoryError(f"{file}: {text}")
    median = float(np.median(days))
    if median < LEAST_MEDIAN:
        text = f"the median price is {median:.3g} per MWh; a fit needs at least {LEAST_MEDIAN:g}"
        raise HistoryError(f"{file}: {text}: are the sign and the unit right (--unit, e.g. --unit EUR/kWh)?")


def _check_enough(history: pd.Series, file: str) -> None:
    """Every month needs whole working days and whole weekend days; prices need a level above 0 and to move in a day."""
    _check_shape(history, file)
    days = np.isfinite(history.to_numpy().reshape(-1, HOURS_PER_DAY)).all(axis=1)
    date = local_time(history)[::HOURS_PER_DAY]
    weekend = date.day_of_week.to_numpy() >= 5
    for month in range(1, MONTHS_PER_YEAR + 1):
        for kind, name in ((False, "working"), (True, "weekend")):
            count = int(days[(date.month == month) & (weekend == kind)].sum())
            if count < LEAST_DAYS:
                text = f"month {month} has {count} whole {name} days in the window; a fit needs {LEAST_DAYS}"
                absent = int(np.isnan(history.to_numpy()).sum())
                told = f"a day is whole when none of its hours is missing; {absent:,} of {len(history):,} hours are"
                raise HistoryError(f"{file}: {text} ({told})")

"""Price histories of users on the clock of their market, for backtests."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distributions.fit_price_history import PRICE_NAMES
from distributions.table_reading import HistoryError, read_table
from distributions.time_reading import TIME_NAMES, Clock, find_clock, read_times, to_hours
from riskmodel.backtest import LEAST_HOURS, LocalPrices

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_local_prices"]

CLOCKS = {
    "SE": "Europe/Stockholm", "NO": "Europe/Oslo", "DK": "Europe/Copenhagen", "FI": "Europe/Helsinki",
    "EE": "Europe/Tallinn", "LV": "Europe/Riga", "LT": "Europe/Vilnius", "DE": "Europe/Berlin", "FR": "Europe/Paris",
    "CZ": "Europe/Prague", "NL": "Europe/Amsterdam", "BE": "Europe/Brussels", "AT": "Europe/Vienna",
    "PL": "Europe/Warsaw", "IT": "Europe/Rome", "ES": "Europe/Madrid", "CH": "Europe/Zurich", "GB": "Europe/London",
    "CAISO": "America/Los_Angeles", "NYISO": "America/New_York", "PJM": "America/New_York", "ERCOT": "America/Chicago",
}  # fmt: skip
"""Clocks of well-known price zones, by the beginning of their names."""

KWH = 1000.0


def read_local_prices(
    path: str | Path,
    zone: str | None = None,
    column: str | None = None,
    time_column: str | None = None,
    times: str | None = None,
) -> tuple[LocalPrices, list[str]]:
    """Read prices and put them on the clock of their market.

    Parameters
    ----------
    path : path
        CSV (plain or gz) or Parquet with times and prices, steps of an hour or less.
    zone : str, optional
        Price zone (SE3, DE, CAISO) or clock (Europe/Stockholm) of the market. By default the clock of local times, or
        the price zone the file's name begins with.
    column, time_column : str, optional
        By default found by their names.
    times : str, optional
        Clock of the times in the file: UTC, a name such as Europe/Stockholm, or UTC+1.

    Returns
    -------
    LocalPrices
    list of str
        What was guessed and what was mended.

    Raises
    ------
    HistoryError
    """
    import pandas as pd

    table = read_table(path)
    time = table.need(time_column, TIME_NAMES, "the time", "--time-column")
    value = table.need(column, (rf"{(zone or '').lower()}", *PRICE_NAMES), "the price", "--column")
    clock = find_clock(table, time, times, None)
    market, told = _market_clock(zone, clock, Path(path).name)
    utc, kept, notes = read_times(table, time, clock)
    numbers = table.numbers(value, unit="per MWh")
    if "kwh" in value.lower():
        numbers = numbers * KWH
        notes.append(f"prices of column {value} are per kWh: times {KWH:g}")
    hourly, more = to_hours(utc[kept], numbers[kept], 0.0, clock.end, table.name)
    hourly = hourly.loc[hourly.first_valid_index() : hourly.last_valid_index()]
    if len(hourly) < LEAST_HOURS:
        raise HistoryError(f"{table.name}: holds {len(hourly)} hours with prices: a backtest needs {LEAST_HOURS}")
    missing = hourly.isna().to_numpy()
    if missing.any():
        more.append(f"{int(missing.sum()):,} missing hours are interpolated")
    local = pd.DatetimeIndex(hourly.index).tz_localize("UTC").tz_convert(market)
    head = [f"times from column {time}, {clock.told}", f"prices from column {value}", told]
    prices = LocalPrices(
        price=hourly.interpolate().to_numpy(dtype=np.float64),
        missing=missing,
        year=local.year.to_numpy(dtype=np.int64),
        hour=local.hour.to_numpy(dtype=np.int64),
        day_start=_day_starts(local),
        weekday=local[_day_starts(local)[:-1]].day_of_week.to_numpy(dtype=np.int64),
    )
    return prices, head + notes + more


def _day_starts(local: pd.DatetimeIndex) -> np.ndarray:
    day = local.tz_localize(None).floor("D").to_numpy()
    return np.concatenate([[0], np.flatnonzero(day[1:] != day[:-1]) + 1, [len(day)]]).astype(np.int64)


def _market_clock(zone: str | None, clock: Clock, file: str) -> tuple[datetime.tzinfo, str]:
    """Clock of the market and how it was found."""
    from zoneinfo import ZoneInfo

    if zone is not None:
        known = _clock_of(zone) or zone
        try:
            return ZoneInfo(known), f"13:00 is {known} time, from --zone {zone}"
        except (KeyError, ValueError, OSError):
            text = "type a price zone such as SE3, DE, FR, CAISO, or a clock such as Europe/Stockholm"
            raise HistoryError(f"{file}: --zone {zone}: not known; {text}") from None
    if clock.zone not in ("", "UTC"):
        return ZoneInfo(clock.zone), f"13:00 is {clock.zone} time, as in the file"
    if clock.zone == "":
        fixed = datetime.timezone(datetime.timedelta(hours=clock.offset_h))
        return fixed, f"13:00 is UTC{clock.offset_h:+g} time, as in the file"
    named = _clock_of(file.replace("-", "_").split("_")[0].split(".")[0])
    if named:
        return ZoneInfo(named), f"13:00 is {named} time, from the file's name; --zone sets another"
    return ZoneInfo("UTC"), "13:00 is UTC time; type --zone with the market, e.g. --zone SE3, if it is not"


def _clock_of(zone: str) -> str | None:
    """Clock of a price zone: a known name, perhaps with a number or part after it (SE3, DE-LU, NO2)."""
    found = re.fullmatch(r"([A-Z]+?)(?:[-_ ]?[0-9]+|[-_ ][A-Z0-9]+)?", zone.upper())
    return CLOCKS.get(found[1]) if found else None

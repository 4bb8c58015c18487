"""From a file of irradiance to a fitted clearness record with its errors and its facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import DAYS_PER_WEEK, HOURS_PER_DAY, HOURS_PER_WEEK, MONTHS_PER_YEAR
from distributions.facts import Fact, Rule, failing
from distributions.fit_irradiance import MOVED
from distributions.irradiance_facts import validate_irradiance
from distributions.price_history import local_time
from distributions.table_reading import HistoryError
from distributions.weather_reading import Weather, WeatherRequest, read_weather

if TYPE_CHECKING:
    import pandas as pd

    from distributions.irradiance_years import YearSpread

__all__ = ["IrradianceCalibration", "calibrate_irradiance", "chain_fact", "read_sky", "sky_record"]

BOOTSTRAPS = 20
SHRINK = 0.9
"""Correlations of 20 bootstraps are pulled a tenth towards none."""
VALIDATION_SEED = 7
FITTED_BY = "energy-weighted quantiles by month; correlations by simulated moments; year_sd by the scatter of years"
LEAST_HOURS_PER_MONTH = 100
LEAST_DAILY_WAVE = 0.1
"""Sun without such a daily wave (a half sine of 12 hours has pi / 4) has no noon."""
MOST_NIGHT_SHARE, MOST_OF_CLEAR, LEAST_CLEAR_W_PER_M2 = 0.05, 1.3, 20.0
"""Sun by night over sun by day, and a month's sun over that of a clear sky, beyond which data are wrong: judgement.
Months of a clear sky below the last are not looked at."""
MOST_SUN_SHIFT_H = 1.25
"""Stamps that are ends, middles or summer time move the day's centre by up to an hour; a wrong zone by more."""
WARMEST_H = 15.0
"""Hour of the highest air temperature, as in ``distributions.irradiance``."""
CHAIN_RULE = Rule("PV energy, engine's table over pvlib hour by hour, worst year", absolute=0.01, digits=4)


@dataclass(frozen=True)
class IrradianceCalibration:
    """A fitted record with all that a report shows.

    Parameters
    ----------
    record : dict
        Irradiance record with ``meta`` and ``uncertainty``.
    facts : list of Fact
    frame : pandas.DataFrame
        The fitted history.
    simulated : (n_days, 24) float64
        Clearness.
    notes : list of str
    """

    record: dict[str, Any]
    facts: list[Fact]
    frame: pd.DataFrame
    simulated: np.ndarray
    notes: list[str]


def calibrate_irradiance(
    request: WeatherRequest,
    *,
    tilt_deg: float = 40.0,
    azimuth_deg: float = 180.0,
    weather: str = "nordic",
    source: str = "",
    years: int = 1000,
    hold_out: int | None = None,
) -> IrradianceCalibration:
    """Read, fit, estimate errors and compare facts.

    Parameters
    ----------
    request : WeatherRequest
    tilt_deg, azimuth_deg : float [degrees]
        Panels for the check of the PV chain.
    weather, source : str
    years : int
        Simulated years of the report.
    hold_out : int, optional
        Last calendar years kept out; by default 1 where three or more are there.

    Raises
    ------
    HistoryError
    """
    from distributions.fit_irradiance import fit_with_years, simulate
    from distributions.irradiance_history import LOWEST_CLEAR_SKY_W_PER_M2
    from distributions.parameters import load

    (_, latitude, longitude, offset, notes, typical), full = read_sky(request)
    frame, held_out = _split(full, hold_out)
    _check_enough(frame, request.path.name)
    regimes = load("weather", weather)
    record, spread = fit_with_years(frame, regimes, typical=typical)
    record |= _temperatures(frame)
    simulated = simulate(record, years, VALIDATION_SEED, weather=regimes)
    facts = validate_irradiance(frame, simulated, held_out)
    chain = chain_fact(record, frame, latitude, longitude, tilt_deg, azimuth_deg, offset)
    facts += [chain] if chain is not None else []
    date = local_time(frame)
    record["meta"] = {
        "latitude_deg": latitude,
        "longitude_deg": longitude,
        "source": source or request.path.name,
        "window": "typical year" if typical else f"{date[0].year}-{date[-1].year}",
        "held_out": "none" if held_out is None else str(local_time(held_out)[0].year),
        "hours_used": int(frame["clearness"].notna().sum()),
        "utc_offset_h": offset,
        "lowest_clear_sky_w_per_m2": LOWEST_CLEAR_SKY_W_PER_M2,
        "weather": weather,
        "fitted_by": FITTED_BY,
        "year_sd_from": spread.told,
        "facts_failed": ", ".join(failing(facts)) or "none",
    }
    record["uncertainty"] = _errors(frame, regimes, spread)
    return IrradianceCalibration(record, facts, frame, simulated, notes)


def read_sky(request: WeatherRequest) -> tuple[Weather, pd.DataFrame]:
    """Read a history, check where its sun stands, and add clear sky and clearness, from its first midnight.

    Returns
    -------
    weather : Weather
        As it was read.
    frame : pandas.DataFrame
        From ``distributions.fit_irradiance.add_clear_sky``.

    Raises
    ------
    HistoryError
    """
    from distributions.irradiance_history import add_clear_sky

    read = read_weather(request)
    raw, place = read.frame, (read.latitude_deg, read.longitude_deg, read.utc_offset_h)
    _check_noon(raw, *place, request.path.name)
    return read, add_clear_sky(raw.iloc[int(np.argmax(local_time(raw).hour == 0)) :], *place)


def sky_record(frame: pd.DataFrame, regimes: dict[str, Any], file: str) -> dict[str, Any]:
    """Clearness record of a whole frame of ``read_sky``, without ``meta``.

    Raises
    ------
    HistoryError
        If a month holds too little.
    """
    from distributions.fit_irradiance import fit

    _check_enough(frame, file)
    return fit(frame, regimes)


def chain_fact(
    record: dict[str, Any],
    frame: pd.DataFrame,
    latitude: float,
    longitude: float,
    tilt_deg: float,
    azimuth_deg: float,
    offset_h: float,
) -> Fact | None:
    """Energy of the engine's table over that of the whole chain on the same measured clearness, worst year.

    Returns
    -------
    Fact or None
        None without temperatures.
    """
    from distributions.clock import FIRST_DAY_OF_MONTH
    from distributions.irradiance import CLEARNESS_STEP, CLEARNESS_TABLE_KNOTS, chain_of, pv_table
    from distributions.irradiance_history import hourly_power

    hourly = hourly_power(frame, latitude, longitude, tilt_deg, azimuth_deg, offset_h)
    date = local_time(frame)
    known = np.isfinite(hourly) & ~((date.month == 2) & (date.day == 29))
    if not known.any():
        return None
    table = pv_table(latitude, longitude, tilt_deg, azimuth_deg, offset_h, chain_of(record))
    day = np.asarray(FIRST_DAY_OF_MONTH)[date.month.to_numpy() - 1] + date.day.to_numpy() - 1
    hour = np.minimum(day, 364) * HOURS_PER_DAY + date.hour.to_numpy()
    place = np.clip(np.nan_to_num(frame["clearness"].to_numpy()) / CLEARNESS_STEP, 0.0, CLEARNESS_TABLE_KNOTS - 1.0)
    low = np.minimum(place.astype(np.int64), CLEARNESS_TABLE_KNOTS - 2)
    looked_up = table[hour, low] + (place - low) * (table[hour, low + 1] - table[hour, low])
    ratios = [
        looked_up[known & (date.year == y)].sum() / hourly[known & (date.year == y)].sum()
        for y in np.unique(date.year[known])
        if (known & (date.year == y)).sum() > 2000
    ]
    worst = float(max(ratios, key=lambda ratio: abs(ratio - 1.0))) if ratios else np.nan
    return Fact("pv_chain", CHAIN_RULE, 1.0, worst, 0.0, np.nan)


def _temperatures(frame: pd.DataFrame) -> dict[str, Any]:
    """Mean air temperature of each month by day, and half its daily swing, weighed with the irradiance they meet."""
    celsius, sun = frame["temperature_c"].to_numpy(), frame["ghi_w_per_m2"].to_numpy()
    date = local_time(frame)
    known = np.isfinite(celsius) & np.isfinite(sun) & (sun > 0.0)
    if not all((known & (date.month == month)).any() for month in range(1, MONTHS_PER_YEAR + 1)):
        return {}
    wave = np.cos(2.0 * np.pi * (date.hour.to_numpy() + 0.5 - WARMEST_H) / HOURS_PER_DAY)
    months = (date.month.to_numpy()[:, None] == np.arange(1, MONTHS_PER_YEAR + 1)[None, :]).astype(np.float64)
    design = np.column_stack([months, wave])[known]
    # Cells heat and lose by the sun they get, so hours count by it: sunny days are warmer than the month.
    root = np.sqrt(sun[known])
    fitted = np.linalg.lstsq(design * root[:, None], celsius[known] * root, rcond=None)[0]
    return {"month_temperature_c": np.round(fitted[:-1], 2), "day_amplitude_c": round(float(fitted[-1]), 2)}


def _split(full: pd.DataFrame, hold_out: int | None) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    year = local_time(full).year.to_numpy()
    counts = {int(y): int((year == y).sum()) for y in np.unique(year)}
    long = [y for y, hours in counts.items() if hours > 5000]
    hold_out = (1 if len(long) >= 3 else 0) if hold_out is None else hold_out
    if hold_out == 0 or len(long) <= hold_out:
        return full, None
    first_held = long[-hold_out]
    return full[year < first_held], full[(year >= first_held) & (year <= long[-1])]


def _check_noon(frame: pd.DataFrame, latitude: float, longitude: float, offset_h: float, file: str) -> None:
    """Refuse a history whose sun stands hours from where place and clock put it."""
    from distributions.irradiance_history import add_clear_sky

    full = add_clear_sky(frame, latitude, longitude, offset_h)
    known = full["ghi_w_per_m2"].notna().to_numpy()
    hour = local_time(full).hour.to_numpy()[known]
    turn = np.exp(2j * np.pi * hour / HOURS_PER_DAY)
    seen, due = ((full[name].to_numpy()[known] * turn).sum() for name in ("ghi_w_per_m2", "clear_w_per_m2"))
    daily = abs(seen) > LEAST_DAILY_WAVE * full["ghi_w_per_m2"].to_numpy()[known].sum() and abs(due) > 0.0
    late_h = float(np.angle(seen * np.conj(due)) * HOURS_PER_DAY / (2.0 * np.pi)) if daily else 0.0
    if abs(late_h) > MOST_SUN_SHIFT_H:
        raise HistoryError(
            f"{file}: its sun stands {abs(late_h):.1f} h {'later' if late_h > 0.0 else 'earlier'} than at latitude "
            f"{latitude:g}, longitude {longitude:g} on the clock UTC{offset_h:+g}: check --times, --stamps, "
            "--longitude and --utc-offset"
        )
    _check_sky(full[known], file)


def _check_sky(known: pd.DataFrame, file: str) -> None:
    """Refuse a sun that shines by night, or that is far above a clear sky's in a month."""
    sun, clear = known["ghi_w_per_m2"].to_numpy(), known["clear_w_per_m2"].to_numpy()
    dark = (clear == 0.0) & (np.roll(clear, 1) == 0.0) & (np.roll(clear, -1) == 0.0)
    if dark.any() and sun[dark].mean() > MOST_NIGHT_SHARE * sun[~dark].mean():
        told = f"{sun[dark].mean():.0f} W/m2 on average by night and {sun[~dark].mean():.0f} by day"
        raise HistoryError(f"{file}: {told}: is it global irradiance, and are --times and the place right?")
    month = local_time(known).month.to_numpy()
    for number in range(1, MONTHS_PER_YEAR + 1):
        own = month == number
        if (
            own.any()
            and clear[own].mean() > LEAST_CLEAR_W_PER_M2
            and (sun[own].mean() > MOST_OF_CLEAR * clear[own].mean())
        ):
            told = f"month {number} has {sun[own].mean() / clear[own].mean():.1f} times the sun of a clear sky"
            raise HistoryError(f"{file}: {told}: check --latitude (south is negative) and --ghi-unit")


def _check_enough(frame: pd.DataFrame, file: str) -> None:
    month = local_time(frame).month.to_numpy()
    known = frame["clearness"].notna().to_numpy()
    for number in range(1, MONTHS_PER_YEAR + 1):
        hours = int((known & (month == number)).sum())
        if hours < LEAST_HOURS_PER_MONTH:
            raise HistoryError(
                f"{file}: month {number} has {hours} hours of irradiance by day; a fit needs {LEAST_HOURS_PER_MONTH}"
            )


def _errors(frame: pd.DataFrame, weather: dict[str, Any], spread: YearSpread) -> dict[str, Any]:
    """Errors that belong together, as a record holds them."""
    again = _bootstrap(frame, weather)
    own = np.column_stack([again[name] for name in MOVED])
    names = ["level", *MOVED, "year_sd"]
    correlation = np.eye(len(names))
    correlation[1:-1, 1:-1] = np.round(SHRINK * np.corrcoef(own, rowvar=False), 2)
    np.fill_diagonal(correlation, 1.0)
    errors = [spread.level_error, *own.std(axis=0, ddof=1), spread.year_sd_error]
    return {
        "names": names,
        "standard_error": np.array([float(f"{error:.3g}") for error in errors]),
        "correlation": correlation,
        "method": f"level: scatter of years over the root of their number; year_sd: chi-square of that scatter, or "
        f"judgement; the rest: {BOOTSTRAPS} bootstraps of weeks within months, as first estimated",
    }


def _bootstrap(frame: pd.DataFrame, weather: dict[str, Any]) -> dict[str, np.ndarray]:
    """Fits to weeks drawn again within their month of the year: (n, ...) of each number."""
    import pandas as pd

    from distributions.fit_irradiance import fit

    hours = len(frame) // HOURS_PER_WEEK * HOURS_PER_WEEK
    weeks = np.arange(hours).reshape(-1, HOURS_PER_WEEK)
    month = local_time(frame).month.to_numpy()[weeks[:, DAYS_PER_WEEK * HOURS_PER_DAY // 2]]
    rng = np.random.default_rng(VALIDATION_SEED)
    found: dict[str, list[Any]] = {}
    for _ in range(BOOTSTRAPS):
        drawn = np.concatenate([rng.choice(np.flatnonzero(month == m), (month == m).sum()) for m in np.unique(month)])
        again = fit(pd.DataFrame(frame.iloc[weeks[np.sort(drawn)].ravel()]), weather, refine=False)
        for name, value in again.items():
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}

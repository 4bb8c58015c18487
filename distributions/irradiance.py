"""What one kWp of panels gives in each hour of the year, at each clearness of the sky.

pvlib does the geometry, transposition, cell temperature and inverter once per site; the engine only interpolates in
the table over the clearness index kc = global horizontal irradiance / clear-sky global horizontal irradiance.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distributions._cache import cache_folder
from distributions.clock import HOURS_PER_DAY, HOURS_PER_YEAR, MIN_PER_H, MONTH_OF_DAY, MONTHS_PER_YEAR

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLEARNESS_STEP", "CLEARNESS_TABLE_KNOTS", "PvChain", "ac_power", "chain_of", "clear_sky", "pv_table"]

CLEARNESS_TABLE_KNOTS = 9
CLEARNESS_STEP = 0.15
"""The table's columns stand at kc = 0, 0.15, ... 1.2."""

TABLE_DECIMALS = 5
MINUTES_IN_HOUR = (7.5, 22.5, 37.5, 52.5)
"""Times inside an hour at which the sun is placed; the hour's power is their mean, so sunrise hours are right."""

COMMON_YEAR = 2019
"""Any year without a leap day; the sun's place differs by under 0.3 degrees between them."""

CLEAR_SKY_COLUMNS = ("ghi", "zenith", "azimuth", "dni_extra")


@dataclass(frozen=True)
class PvChain:
    """Site constants and losses between the sky and the meter.

    Parameters
    ----------
    altitude_m : float [m]
    linke_turbidity : tuple of 12 floats
        Of the Ineichen clear sky, by month. The default puts the clear hours measured at Lyngby (55.8 N, 2015-2018)
        near clearness 1 in every month: judgement, lower than satellite climatology in winter, when the model is
        too dark at a low sun. Clearness is fitted against the same clear sky, so little hangs on it.
    albedo : float
    month_temperature_c : tuple of 12 floats [C]
        Typical mean air temperature by month. The default is Stockholm's, rounded to 0.5 C: judgement.
    day_amplitude_c : float [C]
        Half the daily swing of the air temperature, warmest at 15:00.
    wind_speed_m_per_s : float [m/s]
    losses : float
        Soiling, shading, snow, mismatch, wiring, availability of the modules (PVWatts version 5: 0.14).
    dc_ac_ratio : float
        Module rating / inverter rating (PVWatts: 1.2).
    inverter_efficiency : float
        Nominal (PVWatts: 0.96).
    temperature_coefficient_per_c : float [1/C]
        Of the module's maximum power (PVWatts premium module: -0.0035).

    Sources
    -------
    Dobos 2014, PVWatts Version 5 Manual, NREL/TP-6A20-62641. Faiman 2008, doi 10.1002/pip.813.
    Martin and Ruiz 2001, doi 10.1016/S0927-0248(00)00408-6.

    Not modelled
    ------------
    Rows shading each other, snow, horizon, bifacial gain, cold air on bright days, wind that changes.
    """

    altitude_m: float = 30.0
    linke_turbidity: tuple[float, ...] = (2.1, 2.2, 2.4, 2.5, 3.0, 3.0, 3.0, 3.0, 3.0, 2.8, 2.1, 2.0)
    albedo: float = 0.2
    month_temperature_c: tuple[float, ...] = (-1.5, -1.5, 1.5, 6.0, 11.5, 16.0, 18.5, 17.5, 13.0, 8.0, 3.5, 0.5)
    day_amplitude_c: float = 3.5
    wind_speed_m_per_s: float = 3.0
    losses: float = 0.14
    dc_ac_ratio: float = 1.2
    inverter_efficiency: float = 0.96
    temperature_coefficient_per_c: float = -0.0035


def chain_of(record: dict[str, Any]) -> PvChain:
    """Chain of an irradiance record: with the air temperatures of its site where it has them."""
    if "month_temperature_c" not in record:
        return PvChain()
    months = tuple(float(value) for value in record["month_temperature_c"])
    return PvChain(month_temperature_c=months, day_amplitude_c=float(record["day_amplitude_c"]))


def pv_table(
    latitude_deg: float,
    longitude_deg: float,
    tilt_deg: float,
    azimuth_deg: float,
    utc_offset_h: float,
    chain: PvChain | None = None,
) -> np.ndarray:
    """AC power of one kWp for every hour of the year and clearness knot.

    The table is kept in the user's cache folder under a hash of the site, the chain, this file and pvlib's version.

    Parameters
    ----------
    latitude_deg, longitude_deg : float [degrees]
        North and east positive.
    tilt_deg, azimuth_deg : float [degrees]
        Of the panels; azimuth clockwise from north, 180 = south.
    utc_offset_h : float [h]
        Local standard time minus UTC.
    chain : PvChain, optional

    Returns
    -------
    (8760, 9) float32 [kW AC per kWp DC]
        Row t is the mean over [t, t + 1) local standard time, column j is clearness 0.15 j. Rounded to 5 decimals.

    Raises
    ------
    ValueError
        If the site is not on the earth or the panels point nowhere.
    """
    chain = chain or PvChain()
    _check_site(latitude_deg, longitude_deg, tilt_deg, azimuth_deg, utc_offset_h, chain)
    site = tuple(float(value) for value in (latitude_deg, longitude_deg, tilt_deg, azimuth_deg, utc_offset_h))
    path = _cache_path(site, chain)
    table = _read_cached(path)
    if table is None:
        table = _compute_table(site, chain)
        _write_cached(path, table)
    table.flags.writeable = False
    return table


def clear_sky(times: pd.DatetimeIndex, latitude_deg: float, longitude_deg: float, chain: PvChain) -> dict[str, Any]:
    """Place the sun and compute the Ineichen clear sky.

    Parameters
    ----------
    times : (n,) time-zone-aware DatetimeIndex
    latitude_deg, longitude_deg : float [degrees]
    chain : PvChain

    Returns
    -------
    dict of (n,) float64
        ghi [W/m2] clear-sky global horizontal, zenith and azimuth [degrees] of the sun as seen,
        dni_extra [W/m2] above the atmosphere.

    Sources
    -------
    Ineichen and Perez 2002, doi 10.1016/S0038-092X(02)00045-2, as pvlib has it.
    """
    import pvlib

    sun = pvlib.solarposition.get_solarposition(times, latitude_deg, longitude_deg, altitude=chain.altitude_m)
    zenith = sun["apparent_zenith"].to_numpy()
    airmass = pvlib.atmosphere.get_absolute_airmass(
        pvlib.atmosphere.get_relative_airmass(zenith), pvlib.atmosphere.alt2pres(chain.altitude_m)
    )
    extra = np.asarray(pvlib.irradiance.get_extra_radiation(times.day_of_year.to_numpy()))
    turbidity = np.asarray(chain.linke_turbidity)[times.month.to_numpy() - 1]
    with np.errstate(divide="ignore", invalid="ignore"):  # at night
        sky = pvlib.clearsky.ineichen(zenith, airmass, turbidity, chain.altitude_m, extra)
    return dict(
        zip(CLEAR_SKY_COLUMNS, (np.nan_to_num(sky["ghi"]), zenith, sun["azimuth"].to_numpy(), extra), strict=True)
    )


def ac_power(
    ghi_w_per_m2: np.ndarray,
    sky: dict[str, np.ndarray],
    temperature_c: np.ndarray,
    tilt_deg: float,
    azimuth_deg: float,
    chain: PvChain,
) -> np.ndarray:
    """AC power of one kWp from global horizontal irradiance.

    Erbs splits off the diffuse part, Hay and Davies turn it onto the panels, Martin and Ruiz take reflection,
    Faiman gives the cell temperature, PVWatts the module and the inverter.

    Parameters
    ----------
    ghi_w_per_m2 : (n,) or (n, k) float64 [W/m2]
    sky : dict
        From ``clear_sky``; its arrays must broadcast against ``ghi_w_per_m2``.
    temperature_c : float64 [C]
        Air temperature, broadcastable.
    tilt_deg, azimuth_deg : float [degrees]
    chain : PvChain

    Returns
    -------
    float64 [kW AC per kWp DC], shape of ``ghi_w_per_m2``

    Sources
    -------
    Erbs, Klein, Duffie 1982, doi 10.1016/0038-092X(82)90302-4. Hay and Davies 1980 (First Canadian Solar
    Radiation Data Workshop).
    """
    import pvlib

    zenith, azimuth, extra = sky["zenith"], sky["azimuth"], sky["dni_extra"]
    # Erbs takes the day of the year only to find the extraterrestrial irradiance: we have it already.
    kt = pvlib.irradiance.clearness_index(ghi_w_per_m2, zenith, extra)
    diffuse = ghi_w_per_m2 * _erbs_diffuse_share(kt)
    beam = pvlib.irradiance.dni(ghi_w_per_m2, diffuse, zenith)
    beam = np.where(np.isfinite(beam) & (zenith < 87.0), np.maximum(beam, 0.0), 0.0)
    angle = pvlib.irradiance.aoi(tilt_deg, azimuth_deg, zenith, azimuth)
    on_panel = pvlib.irradiance.get_total_irradiance(
        tilt_deg,
        azimuth_deg,
        zenith,
        azimuth,
        beam,
        ghi_w_per_m2,
        diffuse,
        extra,
        albedo=chain.albedo,
        model="haydavies",
    )
    iam = pvlib.iam.martin_ruiz_diffuse(tilt_deg)
    iam_sky, iam_ground = iam.values() if isinstance(iam, dict) else iam  # a dict in newer releases of pvlib
    effective = (
        on_panel["poa_direct"] * pvlib.iam.martin_ruiz(angle)
        + on_panel["poa_sky_diffuse"] * iam_sky
        + on_panel["poa_ground_diffuse"] * iam_ground
    )
    effective = np.nan_to_num(effective)
    cell_c = pvlib.temperature.faiman(effective, temperature_c, chain.wind_speed_m_per_s)
    dc = pvlib.pvsystem.pvwatts_dc(effective, cell_c, 1.0, chain.temperature_coefficient_per_c) * (1.0 - chain.losses)
    rating = 1.0 / chain.dc_ac_ratio
    ac = pvlib.inverter.pvwatts(dc, rating / chain.inverter_efficiency, chain.inverter_efficiency)
    return np.clip(np.nan_to_num(ac), 0.0, rating)


def air_temperature_c(chain: PvChain) -> np.ndarray:
    """Typical air temperature of each hour of the year.

    Parameters
    ----------
    chain : PvChain

    Returns
    -------
    (8760,) float64 [C]
    """
    swing = chain.day_amplitude_c * np.cos(2.0 * np.pi * (np.arange(HOURS_PER_DAY) + 0.5 - 15.0) / HOURS_PER_DAY)
    month = np.asarray(chain.month_temperature_c)[MONTH_OF_DAY]
    return (month[:, None] + swing[None, :]).ravel()


def _erbs_diffuse_share(kt: np.ndarray) -> np.ndarray:
    """Diffuse share of global irradiance at clearness index kt (Erbs 1982, equation 1)."""
    middle = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    return np.where(kt <= 0.22, 1.0 - 0.09 * kt, np.where(kt <= 0.80, middle, 0.165))


def _compute_table(site: tuple[float, ...], chain: PvChain) -> np.ndarray:
    import pandas as pd

    latitude_deg, longitude_deg, tilt_deg, azimuth_deg, utc_offset_h = site
    clearness = CLEARNESS_STEP * np.arange(CLEARNESS_TABLE_KNOTS)
    first = pd.Timestamp(f"{COMMON_YEAR}-01-01", tz="UTC") - pd.Timedelta(hours=utc_offset_h)
    hours = pd.date_range(first, periods=HOURS_PER_YEAR, freq="h")
    temperature = air_temperature_c(chain)[:, None]
    total = np.zeros((HOURS_PER_YEAR, CLEARNESS_TABLE_KNOTS))
    for minute in MINUTES_IN_HOUR:
        sky = clear_sky(hours + pd.Timedelta(hours=minute / MIN_PER_H), latitude_deg, longitude_deg, chain)
        column = {key: value[:, None] for key, value in sky.items()}
        total += ac_power(column["ghi"] * clearness, column, temperature, tilt_deg, azimuth_deg, chain)
    return np.round(total / len(MINUTES_IN_HOUR), TABLE_DECIMALS).astype(np.float32)


def _check_site(
    latitude_deg: float, longitude_deg: float, tilt_deg: float, azimuth_deg: float, utc_offset_h: float, chain: PvChain
) -> None:
    limits = {
        "latitude_deg": (latitude_deg, -90.0, 90.0),
        "longitude_deg": (longitude_deg, -180.0, 180.0),
        "tilt_deg": (tilt_deg, 0.0, 90.0),
        "azimuth_deg": (azimuth_deg, 0.0, 360.0),
        "utc_offset_h": (utc_offset_h, -14.0, 14.0),
    }
    wrong = [
        f"{name} = {value}: must lie in {low:g} to {high:g}"
        for name, (value, low, high) in limits.items()
        if not low <= value <= high
    ]
    for name in ("month_temperature_c", "linke_turbidity"):
        count = len(getattr(chain, name))
        if count != MONTHS_PER_YEAR:
            wrong.append(f"{name} has {count} values: must have {MONTHS_PER_YEAR}")
    if wrong:
        raise ValueError("; ".join(wrong))


def _cache_path(site: tuple[float, ...], chain: PvChain) -> Path:
    chain = replace(
        chain,
        month_temperature_c=tuple(float(value) for value in chain.month_temperature_c),
        linke_turbidity=tuple(float(value) for value in chain.linke_turbidity),
    )
    key = hashlib.sha256(Path(__file__).read_bytes())
    key.update(f"{site} {chain} {version('pvlib')}".encode())
    return cache_folder() / "pv" / f"{key.hexdigest()[:24]}.npy"


def _read_cached(path: Path) -> np.ndarray | None:
    try:
        table: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return table if table.shape == (HOURS_PER_YEAR, CLEARNESS_TABLE_KNOTS) else None


def _write_cached(path: Path, table: np.ndarray) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.{os.getpid()}.part")
        with part.open("wb") as file:
            np.save(file, table)
        part.replace(path)
    except OSError:  # a cache that cannot be written only costs time
        return

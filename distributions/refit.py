"""Fit a process to a history and write its parameter file: ``python -m distributions.refit prices --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from distributions.parameters import load, validate
from distributions.parameters._write import dumps, write

__all__ = ["irradiance_record", "main", "price_record"]


def price_record(
    path: str | Path, zone: str, first_year: int, last_year: int, utc_offset_h: float, weather: str, source: str
) -> dict[str, Any]:
    """Fit the price process to whole years of a history.

    Parameters
    ----------
    path : path
        See ``distributions.fit_price_history.PriceRequest``; its columns and clock are found as the command finds them.
    zone : str
        Bidding zone.
    first_year, last_year : int
        Both included.
    utc_offset_h : float [h]
        Local standard time minus UTC.
    weather : str
        Name of the weather record the study will use.
    source : str
        Where the history comes from.

    Returns
    -------
    dict
        Checked price record with ``meta`` and ``uncertainty``.
    """
    from distributions.fit_price_history import PriceRequest, calibrate_prices

    request = PriceRequest(
        Path(path), zone, first_year, last_year, hold_out=0, utc_offset_h=utc_offset_h, weather=weather, source=source
    )
    return _checked("prices", calibrate_prices(request).record)


def irradiance_record(
    path: str | Path, latitude_deg: float, longitude_deg: float, utc_offset_h: float, weather: str, source: str
) -> dict[str, Any]:
    """Fit the clearness process to a measured history.

    Parameters
    ----------
    path : path
        See ``distributions.fit_irradiance.read_irradiance``.
    latitude_deg, longitude_deg : float [degrees]
    utc_offset_h : float [h]
    weather, source : str
        As in ``price_record``.

    Returns
    -------
    dict
        Checked irradiance record with ``meta``.
    """
    from distributions.fit_irradiance import fit
    from distributions.irradiance_history import LOWEST_CLEAR_SKY_W_PER_M2, add_clear_sky, read_irradiance
    from distributions.price_history import local_time

    frame = add_clear_sky(read_irradiance(path, utc_offset_h), latitude_deg, longitude_deg, utc_offset_h)
    record = fit(frame, load("weather", weather))
    years = local_time(frame.loc[frame["clearness"].notna()]).year
    record["meta"] = {
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "source": source,
        "window": f"{years.min()}-{years.max()}",
        "hours_used": int(frame["clearness"].notna().sum()),
        "utc_offset_h": utc_offset_h,
        "lowest_clear_sky_w_per_m2": LOWEST_CLEAR_SKY_W_PER_M2,
        "weather": weather,
        "fitted_by": "energy-weighted quantiles by month; correlations by simulated moments",
    }
    return _checked("irradiance", record)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    common = (options.utc_offset_h, options.weather, options.source)
    if options.kind == "prices":
        record = price_record(options.history, options.zone, options.first_year, options.last_year, *common)
    else:
        record = irradiance_record(options.history, options.latitude_deg, options.longitude_deg, *common)
    write(record, options.out)
    print(f"{options.out}: {record['meta']['hours_used']} hours of {record['meta']['window']}")
    return 0


def _checked(kind: str, record: dict[str, Any]) -> dict[str, Any]:
    from distributions.toml_reading import parse_toml

    validate(kind, parse_toml(dumps(record)), "fit")
    return record


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m distributions.refit", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("prices", "irradiance"):
        sub = kinds.add_parser(kind)
        sub.add_argument("history", type=Path, help="CSV with hours beginning in UTC")
        sub.add_argument("--out", type=Path, required=True, help="TOML file to write")
        sub.add_argument("--source", required=True, help="where the history comes from")
        sub.add_argument("--utc-offset-h", type=float, default=1.0, help="local standard time minus UTC (1)")
        sub.add_argument("--weather", default="nordic", help="weather record the study will use (nordic)")
        if kind == "prices":
            sub.add_argument("--zone", required=True)
            sub.add_argument("--first-year", type=int, required=True)
            sub.add_argument("--last-year", type=int, required=True)
        else:
            sub.add_argument("--latitude-deg", type=float, required=True)
            sub.add_argument("--longitude-deg", type=float, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())

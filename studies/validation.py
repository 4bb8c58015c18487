"""Refit every process to the histories beside the repository and say what is reproduced: ``make validate``.

Prices of four markets, prices and sunshine of a fifth together, clearness of three sites, outages of three logs; a
thousand simulated years of each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from distributions.facts import Fact

__all__ = ["main"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
YEARS = 1000

PRICES = (
    ("SE3", "SE3_dayahead_2016_2023.csv.gz", 2021, 2023),
    ("DE", "DE_dayahead_2016_2023.csv.gz", 2021, 2023),
    ("FR", "FR_dayahead_2015_2024.csv.gz", 2021, 2024),
    ("CAISO", "CAISO_NP15_dayahead_2020_2024.csv.gz", 2021, 2024),
)
SUNNY_PRICES = ("SE4_sun", "SE4_dayahead_2016_2023.csv.gz", 2016, 2018)
"""Prices of the years that the sunshine of Lyngby, 30 km across the Sound, is known for."""

IRRADIANCE = (
    ("Lyngby", "DTU_Lyngby_DK_hourly_2015_2018.csv.gz", 55.79, 12.53, 40.0),
    ("Warsaw", "OpenMeteo_Warsaw_PL_hourly_2016_2024.csv.gz", 52.23, 21.01, 35.0),
    ("Golden", "NSRDB_PSM3_Golden_CO_30min_2011_2013.csv.gz", 39.74, -105.18, 35.0),
)
OUTAGES = ("US_major", "PGE_customers", "NL_meters")
NOT_POWER_FAILURES = ("intentional attack", "public appeal", "fuel supply emergency", "islanding")
NL_METERS, NL_METER_YEARS = 27.0, 98.7
"""Dutch smart meters with a known exposure."""


class Outcome(NamedTuple):
    """One calibration: its facts, the parts of its page, its record."""

    name: str
    kind: str
    facts: list[Fact]
    parts: list[str]
    record: dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Run; 0 when every history was refitted (facts may fail and are listed), 1 when the histories are absent."""
    options = _parser().parse_args(arguments)
    if not SHARED.is_dir():
        print(
            f"The histories are not here: {SHARED} is absent, so there is nothing to validate against.", file=sys.stderr
        )
        return 1
    from distributions.facts import failing
    from distributions.parameters._write import write
    from studies.calibrate_report import fact_lines, page, write_page

    outcomes: list[Outcome] = []
    begin = time.monotonic()
    for job in _jobs(options.years, options.only):
        outcome = job()
        outcomes.append(outcome)
        missed = failing(outcome.facts)
        print(f"\n{outcome.name}: {_verdict(outcome.facts)} [{time.monotonic() - begin:.0f} s so far]")
        for line, fact in zip(fact_lines(outcome.facts), outcome.facts, strict=True):
            if fact.known:
                print(f"  {line[0]:58s} {line[1]:>10s} {line[2]:>24s}  {line[4]:4s}  within {line[3]}")
        options.out.mkdir(parents=True, exist_ok=True)
        write(outcome.record, options.out / f"{outcome.kind}_{outcome.name}.toml")
        print(f"  outside: {', '.join(missed) or 'none'}", flush=True)
    summary = _summary(outcomes, options.years)
    body = [summary, *(f"<h1>{outcome.name}</h1>\n" + "\n".join(outcome.parts) for outcome in outcomes)]
    write_page(page("Validation of the random processes", body), options.out / "validation.html")
    print(f"\nReport: {options.out / 'validation.html'}")
    return 0


def _verdict(facts: list[Fact]) -> str:
    known = [fact for fact in facts if fact.known]
    return f"{sum(fact.passed for fact in known)} of {len(known)} facts within their tolerance"


def _summary(outcomes: list[Outcome], years: int) -> str:
    from studies.calibrate_report import paragraph, table

    rows = [
        (outcome.name, outcome.kind, outcome.record["meta"]["window"], outcome.record["meta"]["held_out"],
         _verdict(outcome.facts),
         "; ".join(fact.rule.label for fact in outcome.facts if not fact.passed) or "none")
        for outcome in outcomes
    ]  # fmt: skip
    told = f"Each history was fitted again without what is held out, and {years:,} years simulated from the fit."
    return paragraph(told) + table(("history", "process", "window", "held out", "verdict", "outside"), rows)


def _jobs(years: int, only: str | None) -> Iterator[Callable[[], Outcome]]:
    for zone, file, first, last in PRICES:
        if only in (None, zone):
            yield partial(_prices, zone, file, first, last, years)
    if only in (None, SUNNY_PRICES[0]):
        yield partial(_prices, *SUNNY_PRICES, years, IRRADIANCE[0])
    for name, file, latitude, longitude, tilt in IRRADIANCE:
        if only in (None, name):
            place = (latitude, longitude, tilt)
            yield partial(_irradiance, name, file, place, years)
    for name in OUTAGES:
        if only in (None, name):
            yield partial(_outages, name, years)


def _prices(
    zone: str, file: str, first: int, last: int, years: int, sky: tuple[str, str, float, float, float] | None = None
) -> Outcome:
    from distributions.fit_price_history import PriceRequest, calibrate_prices
    from distributions.weather_reading import WeatherRequest
    from studies.calibrate_prices import price_parts

    sun = None if sky is None else WeatherRequest(SHARED / "irradiance" / sky[1], sky[2], sky[3])
    request = PriceRequest(SHARED / "prices" / file, zone, first_year=first, last_year=last, years=years, sun=sun)
    result = calibrate_prices(request)
    return Outcome(zone, "prices", result.facts, price_parts(result), result.record)


def _irradiance(name: str, file: str, place: tuple[float, float, float], years: int) -> Outcome:
    from distributions.fit_irradiance_history import calibrate_irradiance
    from distributions.weather_reading import WeatherRequest
    from studies.calibrate_irradiance import irradiance_parts

    latitude, longitude, tilt = place
    request = WeatherRequest(SHARED / "irradiance" / file, latitude, longitude)
    result = calibrate_irradiance(request, tilt_deg=tilt, years=years)
    return Outcome(name, "irradiance", result.facts, irradiance_parts(result), result.record)


def _outages(name: str, years: int) -> Outcome:
    from distributions.fit_outage_log import calibrate_outages
    from distributions.outage_log import LogRequest
    from studies.calibrate_outages import outage_parts

    folder = SHARED / "outages"
    with tempfile.TemporaryDirectory() as temporary:
        if name == "US_major":
            request = LogRequest(folder / "US_major_outages_2000_2016_Purdue.csv.gz", leave_out=NOT_POWER_FAILURES)
        elif name == "PGE_customers":
            request = LogRequest(
                folder / "PGE_outage_events_2019-06_2020-02.parquet",
                customers_served=5.5e6,
                observed_years=644.7 / 365.25,
                leave_out=("planned", "psps"),
            )
        else:
            request = _dutch_meters(folder / "NL_smart_meters_long_outage_events.csv", Path(temporary))
        result = calibrate_outages(request, years=years)
    return Outcome(name, "outages", result.facts, outage_parts(result), result.record)


def _dutch_meters(file: Path, folder: Path) -> Any:
    """Events of the meters without those that mark installation or storage."""
    from distributions.outage_log import LogRequest
    from distributions.table_reading import read_frame

    events = read_frame(file)
    kept = folder / file.name
    events[events["likely_installation_or_storage"] == 0].to_csv(kept, index=False)
    return LogRequest(kept, sites=NL_METERS, observed_years=NL_METER_YEARS / NL_METERS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m studies.validation", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/validate"), help="folder for the report (out/validate)")
    parser.add_argument("--years", type=int, default=YEARS, help=f"simulated years of each process ({YEARS})")
    parser.add_argument("--only", help="one history, e.g. SE3, Lyngby, US_major")
    return parser


if __name__ == "__main__":
    sys.exit(main())

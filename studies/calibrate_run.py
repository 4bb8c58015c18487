"""What ``riskmodel calibrate`` does: fit, write the parameter file and the report, say what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from studies.cli_problems import fail, printable, refuse

if TYPE_CHECKING:
    from distributions.facts import Fact

__all__ = ["run_indices", "run_irradiance", "run_outages", "run_prices", "stamps_end"]


SUN_OPTIONS = {
    "latitude_deg": "--latitude",
    "longitude_deg": "--longitude",
    "ghi_column": "--sun-column",
    "ghi_unit": "--sun-unit",
    "times": "--sun-times",
    "stamps_end": "--sun-stamps",
}


def stamps_end(word: str | None, option: str = "--stamps") -> bool | None:
    """Whether stamps are ends, from the word that was typed."""
    if word is None:
        return None
    if word.lower() not in ("begin", "end"):
        raise refuse(f"{option} {word}: type begin or end")
    return word.lower() == "end"


def run_prices(request: dict[str, Any], sun: dict[str, Any], out: Path | None, report: Path | None) -> None:
    """Fit prices as requested; see ``PriceRequest`` and ``WeatherRequest``, which is left out without a path."""
    with plain_histories():
        from distributions.fit_price_history import PriceRequest, calibrate_prices
        from distributions.weather_reading import WeatherRequest
        from studies.calibrate_prices import price_page

        given = [name for name, value in sun.items() if value is not None]
        if given and sun["path"] is None:
            raise refuse(f"{', '.join(SUN_OPTIONS[name] for name in given)}: of no use without --sun FILE")
        asked = PriceRequest(**request, sun=WeatherRequest(**sun) if given else None)
        typer.echo(f"Reading and fitting {asked.path.name} (about a minute) ...", err=True)
        result = calibrate_prices(asked)
        meta = result.record["meta"]
        name = f"prices_{meta['zone']}_{meta['window'].replace('-', '_')}"
        finish("prices", name, result.record, result.facts, out, report, lambda: price_page(result))
        say(result.notes, result.warnings)


def run_outages(log: dict[str, Any], how: dict[str, Any], out: Path, report: Path | None) -> None:
    """Fit interruptions as requested; see ``distributions.fit_outage_log.calibrate_outages``."""
    with plain_histories():
        from distributions.fit_outage_log import calibrate_outages
        from distributions.outage_log import LogRequest
        from studies.calibrate_outages import outage_page

        result = calibrate_outages(LogRequest(**log), **how)
        finish("outages", out.stem, result.record, result.facts, out, report, lambda: outage_page(result))
        say(result.notes, [CONVERSION] if how["site_factor"] == 1.0 else [])


def run_irradiance(weather: dict[str, Any], how: dict[str, Any], out: Path, report: Path | None) -> None:
    """Fit clearness as requested; see ``distributions.fit_irradiance_history.calibrate_irradiance``."""
    with plain_histories():
        from distributions.fit_irradiance_history import calibrate_irradiance
        from distributions.weather_reading import WeatherRequest
        from studies.calibrate_irradiance import irradiance_page

        result = calibrate_irradiance(WeatherRequest(**weather), **how)
        finish("irradiance", out.stem, result.record, result.facts, out, report, lambda: irradiance_page(result))
        say(result.notes, [])


def run_indices(
    saifi: float | None,
    caidi_min: float | None,
    maifi: float | None,
    out: Path,
    report: Path | None,
    site_factor: float,
    base: str,
) -> None:
    """Make an outage record from published indices; see ``distributions.fit_outages.from_indices``."""
    given = {"--saifi": saifi, "--caidi-min": caidi_min, "--maifi": maifi}
    absent = [name for name, value in given.items() if value is None]
    if saifi is None or caidi_min is None or maifi is None:
        raise refuse(f"Nothing was written: type the path of a log, or all three indices; missing: {', '.join(absent)}")
    with plain_histories():
        from distributions.fit_outages import conversion_words, from_indices
        from studies.calibrate_outages import index_page

        try:
            record = from_indices(saifi, caidi_min, maifi, site_factor=site_factor, base=base)
        except ValueError as error:
            raise refuse(f"Nothing was written: {error}") from None
        told = f"SAIFI {saifi:g} and MAIFI {maifi:g} a customer-year, CAIDI {caidi_min:g} min"
        told += f"; site factor {site_factor:g}"
        record["meta"] |= {"source": f"{told}; the rest as {base}"}
        words = conversion_words(saifi, caidi_min, maifi, site_factor)
        text = f"{told}. Indices say nothing of clustering, season or tails: these are those of {base}."
        finish("outages", out.stem, record, [], out, report, lambda: index_page(record, text, words))
        say(words, [CONVERSION] if site_factor == 1.0 else [])


CONVERSION = (
    "the rates are those of an average customer or of the log's sites, taken for the site as they are. A site on a "
    "higher voltage sees fewer long interruptions: say --site-factor, for example 0.25, where that is known"
)


def finish(
    kind: str,
    name: str,
    record: dict[str, Any],
    facts: list[Fact],
    out: Path | None,
    report: Path | None,
    make_page: Callable[[], str],
) -> None:
    """Check and write the record, then the report, and print the verdict."""
    from distributions.facts import failing
    from distributions.parameters import validate
    from distributions.parameters._write import dumps, write
    from distributions.toml_reading import parse_toml
    from studies.calibrate_report import write_page

    validate(kind, parse_toml(dumps(record)), "fit")
    target = out or Path(f"{name}.toml")
    text = make_page() if report is not None else ""
    target.parent.mkdir(parents=True, exist_ok=True)
    write(record, target)
    typer.echo(printable(f"{target}: {kind}, window {record['meta']['window']}"))
    if report is not None:
        write_page(text, report / f"{name}.html")
        typer.echo(printable(f"{report / f'{name}.html'}: the report"))
    missed = failing(facts)
    known = sum(fact.known for fact in facts)
    outside = f"; outside: {', '.join(missed)}" if missed else ""
    if known:
        typer.echo(f"{known - len(missed)} of {known} facts within their tolerance{outside}")


def say(notes: list[str], warnings: list[str]) -> None:
    """Print how the file was read, and warnings on the error stream."""
    for note in notes:
        typer.echo(printable(f"  {note}"))
    for warning in warnings:
        typer.echo(printable(f"Warning: {warning}."), err=True)


@contextmanager
def plain_histories() -> Iterator[None]:
    """Turn unreadable histories into a message and exit code 2; nothing has been written then."""
    from distributions.parameters import ParameterError
    from distributions.table_reading import HistoryError

    try:
        yield
    except (HistoryError, ParameterError) as error:
        raise refuse(f"Nothing was written:\n  {error}") from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise fail(f"{place}{error.strerror or error}") from None

"""Parameter records of the random processes: shipped TOML files, read and checked by name.

A file holds one record with its source, window and number of observations in ``[meta]``. ``load`` gives plain
floats, dicts and float64 arrays. Kinds: ``prices``, ``weather``, ``irradiance``, ``outages``, ``tariffs``.
"""

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np

from distributions.clock import HOURS_PER_DAY, MONTHS_PER_YEAR
from distributions.input_files import FileError, is_file, read_text
from distributions.parameters._checks import ParameterError, Reader
from distributions.parameters._tariffs import read_tariff
from distributions.toml_reading import MOST_TOML_BYTES, parse_toml

__all__ = [
    "CLEARNESS_KNOTS",
    "KINDS",
    "OUTAGE_FAMILIES",
    "REGIMES",
    "UNCERTAIN_IRRADIANCE",
    "UNCERTAIN_PRICES",
    "ParameterError",
    "list_names",
    "load",
    "validate",
]

FOLDER = Path(__file__).parent
KINDS = ("prices", "weather", "irradiance", "outages", "tariffs")

REGIMES = ("normal", "storm", "cold_and_still")
"""Weather regimes in the order of every array over regimes."""

OUTAGE_FAMILIES = ("sag", "momentary", "sustained", "extreme", "curtailment")
"""Outage families in the order of their cause codes."""

BENDS = 4
"""Knots where the transform of prices may change its slope; optional."""

UNCERTAIN_PRICES = (
    *(f"{process}_{part}" for process in ("slow", "fast", "spread", "volatility") for part in ("phi", "sd")),
    "hour_phi",
    *(f"jump_{part}" for part in ("probability_per_day", "share_up", "mean_up", "mean_down", "decay")),
    *(f"surge_{part}" for part in ("probability_per_day", "mean", "stay")),
    *("profile_level", "hour_scale", "size_scale"),
    *(f"bend_{knot}" for knot in range(BENDS)),
)
"""Numbers of a price record that may have an error: its own; an addition to the profile; the logarithms of factors of
the profile's hourly part and of ``size``; the four entries of ``bend``."""

MOST_LOG_ERROR = 2.0
"""Largest standard error of a logarithm: 7.4 times more or less is no knowledge."""

UNCERTAIN_IRRADIANCE = ("level", "day_phi", "day_weight", "hour_phi", "year_sd")
"""Numbers of an irradiance record that may have an error: a shift of the clearness normal, and its own."""

CLEARNESS_KNOTS = 9
"""Knots of the map from the clearness normal to the clearness index, x = -2.5 ... 2.5."""


def list_names(kind):
    """Names of the shipped records of one kind.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.

    Returns
    -------
    list of str
        Sorted names that ``load(kind, name)`` accepts.
    """
    _check_kind(kind)
    return sorted(path.stem[len(kind) + 1 :] for path in FOLDER.glob(f"{kind}_*.toml"))


def load(kind, name):
    """Read one parameter record and check it.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    name : str or path
        Path of an existing TOML file, or the name of a shipped record such as ``"SE3_2021_2023"``.

    Returns
    -------
    dict
        Numbers as float, tables of numbers as read-only float64 arrays, ``meta`` as read, and ``uncertainty`` (standard
        errors) where the file has it; that of prices is checked, its arrays as float64. Outage records map each of
        ``OUTAGE_FAMILIES`` to a dict.

    Raises
    ------
    ParameterError
        If the record is absent, a key is missing or unknown, or a value has the wrong shape or is not finite.
    """
    path = _find(kind, name)
    try:
        return _own(_read(kind, read_text(path, MOST_TOML_BYTES), path.name))
    except FileError as error:
        raise ParameterError(f"{path.name}: {error}") from None


@lru_cache(maxsize=32)
def _read(kind, text, file_name):
    """The record in a text, parsed once: a study is checked against its records many times."""
    try:
        raw = parse_toml(text)
    except FileError:
        raise  # says what it is by itself
    except ValueError as error:
        raise ParameterError(f"{file_name}: not valid TOML: {error}") from error
    return validate(kind, raw, file_name)


def _own(value):
    """A copy that the caller may change; arrays are read-only and stay."""
    if isinstance(value, dict):
        return {key: _own(part) for key, part in value.items()}
    return [_own(part) for part in value] if isinstance(value, list) else value


def validate(kind, raw, file_name="parameters"):
    """Check a record held as nested dicts and lists; see ``load`` for what is returned and raised."""
    _check_kind(kind)
    reader = Reader(raw, file_name)
    meta = reader.table("meta")
    uncertainty = _read_uncertainty(kind, reader) if reader.has("uncertainty") else None
    record = _READERS[kind](reader)
    reader.reject_unknown()
    reader.raise_all()
    record["meta"] = meta
    if uncertainty is not None:
        record["uncertainty"] = uncertainty
    return record


def _check_kind(kind):
    if kind not in KINDS:
        raise ParameterError(f"no parameter kind {kind!r}: type one of {', '.join(KINDS)}")


def _find(kind, name):
    _check_kind(kind)
    if is_file(name):
        return Path(name)
    path = FOLDER / f"{kind}_{name}.toml"
    if path.is_file():
        return path
    names = list_names(kind)
    near = get_close_matches(str(name), names, n=1, cutoff=0.3)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ParameterError(f"no {kind} parameters named {name!r}{hint} (there are: {', '.join(names) or 'none'})")


def _read_prices(reader):
    record = {
        "offset": reader.number("offset"),
        "scale": reader.number("scale", above=0.0),
        "profile": _three_day_types(reader),
        "shape": reader.array("shape", (HOURS_PER_DAY,)),
        "size": reader.array("size", (HOURS_PER_DAY,), low=0.0),
    }
    for process in ("slow", "fast", "spread", "volatility"):
        record[f"{process}_phi"] = reader.number(f"{process}_phi", low=0.0, below=1.0)
        record[f"{process}_sd"] = reader.number(f"{process}_sd", low=0.0)
    record["hour_phi"] = reader.number("hour_phi", low=0.0, below=1.0)
    record["jump_probability_per_day"] = reader.number("jump_probability_per_day", low=0.0, high=1.0)
    record["jump_share_up"] = reader.number("jump_share_up", low=0.0, high=1.0)
    record["jump_mean_up"] = reader.number("jump_mean_up", low=0.0)
    record["jump_mean_down"] = reader.number("jump_mean_down", low=0.0)
    record["jump_decay"] = reader.number("jump_decay", low=0.0, below=1.0)
    record["surge_probability_per_day"] = record["surge_mean"] = record["surge_stay"] = 0.0
    if reader.has("surge_mean"):
        record["surge_probability_per_day"] = reader.number("surge_probability_per_day", low=0.0, high=1.0)
        record["surge_mean"] = reader.number("surge_mean", low=0.0)
        record["surge_stay"] = reader.number("surge_stay", low=0.0, below=1.0)
    if reader.has("sunny"):
        record["sunny"] = reader.array("sunny", (MONTHS_PER_YEAR, HOURS_PER_DAY))
    if reader.has("bend") or reader.has("bend_at"):
        record |= _read_bend(reader)
    return record


def _three_day_types(reader):
    """Profile of working days, Saturdays and Sundays; a record of working days and weekends has one for both."""
    given = reader.peek("profile")
    if isinstance(given, list) and given and isinstance(given[0], list) and len(given[0]) == 2:
        two = reader.array("profile", (MONTHS_PER_YEAR, 2, HOURS_PER_DAY))
        return None if two is None else two[:, [0, 1, 1], :]
    return reader.array("profile", (MONTHS_PER_YEAR, 3, HOURS_PER_DAY))


def _read_uncertainty(kind, reader):
    """Standard errors of a record, to be drawn once a path; weather records have none."""
    table = reader.child("uncertainty")
    if kind == "outages":
        return _read_outage_uncertainty(table)
    if kind not in _UNCERTAIN:
        table.problem("", f"{kind} have no uncertainty: take the table out")
        return None
    return _read_joint(table, _UNCERTAIN[kind])


def _read_joint(table, known):
    """Errors that belong together: names, standard_error (n), correlation (n x n; none where absent), method."""
    names = table.texts("names")
    if names is None:
        return None
    unknown = sorted(set(names) - set(known))
    if unknown or len(set(names)) < len(names):
        told = f"{', '.join(unknown)}: unknown" if unknown else "a name comes twice"
        table.problem("names", f"{told}; each must be one of {', '.join(known)}")
    correlation = np.eye(len(names))
    if table.has("correlation"):
        correlation = table.array("correlation", (len(names), len(names)), low=-1.0, high=1.0)
        if correlation is not None and (correlation != correlation.T).any():
            table.problem("correlation", "must be symmetric")
        if correlation is not None and (np.diag(correlation) != 1.0).any():
            table.problem("correlation", "must be 1 on the diagonal")
    return {
        "names": names,
        "standard_error": table.array("standard_error", (len(names),), low=0.0),
        "correlation": correlation,
        "method": table.text("method") if table.has("method") else "",
    }


def _read_outage_uncertainty(table):
    """Errors of the logarithms of rate and duration by family, 0 where not known, and how they were found."""
    errors = {"method": table.text("method") if table.has("method") else ""}
    for family in OUTAGE_FAMILIES:
        part = table.child(family) if table.has(family) else None
        errors[family] = {
            name: part.number(name, low=0.0, high=MOST_LOG_ERROR) if part is not None and part.has(name) else 0.0
            for name in ("rate_log_se", "duration_log_se")
        }
    return errors


def _read_bend(reader):
    at, bend = reader.array("bend_at", (BENDS,)), reader.array("bend", (BENDS,))
    if at is not None and (np.diff(at) < 0.0).any():
        reader.problem("bend_at", "must not fall")
    if bend is not None and min(bend[1], bend[0] + bend[1], bend[2], bend[2] + bend[3]) <= -1.0:
        reader.problem("bend", "must leave y rising: bend[1], bend[0] + bend[1], bend[2] and bend[2] + bend[3] > -1")
    return {"bend_at": at, "bend": bend}


def _read_weather(reader):
    count = len(REGIMES)
    transition = reader.array("transition", (MONTHS_PER_YEAR, count, count), low=0.0, high=1.0)
    if transition is not None and np.abs(transition.sum(axis=2) - 1.0).max() > 1e-9:
        reader.problem("transition", "each row must sum to 1")
    return {
        "transition": transition,
        "price_shift": reader.array("price_shift", (count,)),
        "clearness_shift": reader.array("clearness_shift", (count,)),
    }


def _read_irradiance(reader):
    quantile = reader.array("quantile", (MONTHS_PER_YEAR, CLEARNESS_KNOTS), low=0.0)
    if quantile is not None and (np.diff(quantile, axis=1) < 0.0).any():
        reader.problem("quantile", "each month must not fall along its knots")
    record = {
        "day_phi": reader.number("day_phi", low=0.0, below=1.0),
        "day_weight": reader.number("day_weight", low=0.0, high=1.0),
        "hour_phi": reader.number("hour_phi", low=0.0, below=1.0),
        "quantile": quantile,
        "year_sd": reader.number("year_sd", low=0.0, high=1.0) if reader.has("year_sd") else 0.0,
    }
    if reader.has("month_temperature_c") or reader.has("day_amplitude_c"):
        record["month_temperature_c"] = reader.array("month_temperature_c", (MONTHS_PER_YEAR,), low=-60.0, high=60.0)
        record["day_amplitude_c"] = reader.number("day_amplitude_c", low=-5.0, high=30.0)
    return record


def _read_tariffs(reader):
    return read_tariff(reader, REGIMES)


def _read_outages(reader):
    return {family: _read_family(reader.child(family), family) for family in OUTAGE_FAMILIES}


def _read_family(reader, family):
    weight = reader.array("month_weight", (MONTHS_PER_YEAR,), low=0.0)
    if weight is not None and abs(weight.mean() - 1.0) > 1e-6:
        reader.problem("month_weight", f"mean is {weight.mean():.6f}: must be 1")
    record = {
        "rate_per_year": reader.number("rate_per_year", low=0.0),
        "dispersion": reader.number("dispersion", low=0.0),
        "month_weight": weight,
        "regime_multiplier": reader.array("regime_multiplier", (len(REGIMES),), low=0.0),
        "duration_s": reader.table("duration_s"),
        "source": reader.text("source"),
    }
    if record["duration_s"] is not None and "law" not in record["duration_s"]:
        reader.problem("duration_s.law", 'missing: type a law, for example { law = "exponential", mean = 60.0 }')
    if family == "sag":
        residual = reader.array("residual_quantile", (11,), low=0.0, high=1.0)
        if residual is not None and (np.diff(residual) < 0.0).any():
            reader.problem("residual_quantile", "must not fall")
        record["residual_quantile"] = residual
    if family == "curtailment":
        record["import_share"] = reader.number("import_share", low=0.0, high=1.0)
    return record


_UNCERTAIN = {"prices": UNCERTAIN_PRICES, "irradiance": UNCERTAIN_IRRADIANCE}

_READERS = {
    "prices": _read_prices,
    "weather": _read_weather,
    "irradiance": _read_irradiance,
    "outages": _read_outages,
    "tariffs": _read_tariffs,
}

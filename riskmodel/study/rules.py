"""Rules between fields: each looks at what is valid so far and reports what cannot be together."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributions.input_files import is_file
from riskmodel.study.cabinet_rules import availability_rules, demand_response_rules, fire_rules
from riskmodel.study.cluster import Cluster
from riskmodel.study.cluster_rules import cluster_rules
from riskmodel.study.finance import Finance
from riskmodel.study.finance_rules import finance_rules
from riskmodel.study.header import Claims, Correlation, Header
from riskmodel.study.model import rated_load_kw, stream_name
from riskmodel.study.problems import MISSING, Problem, nearest
from riskmodel.study.records import is_file_name, named_records
from riskmodel.study.site import Site
from riskmodel.study.site_rules import site_rules
from riskmodel.study.strategy import Storage, Strategy

__all__ = ["Parts", "check_rules"]

NAME_PATTERN = re.compile(r"[A-Za-z0-9_]{1,40}")
MOST_STRATEGIES = 50
MOST_TITLE_CHARACTERS = 200
KW_PER_MW = 1000.0
MOST_CABINETS = 1_000_000
MONTHS = 12


@dataclass
class Parts:
    """Sections of a study that are valid by themselves; the rest is None or left out."""

    header: Header | None = None
    cluster: Cluster | None = None
    site: Site | None = None
    strategies: dict[str, Strategy] = field(default_factory=dict)
    strategy_names: list[str] = field(default_factory=list)
    correlation: Correlation | None = None
    claims: Claims | None = None
    sources: dict[str, str] = field(default_factory=dict)
    paths: Mapping[str, Any] = field(default_factory=dict)
    """Every field path of the valid sections, with its ``field_extra``."""
    complete: bool = False
    finance: Finance | None = None
    folder: Path = Path()
    """Of the study file: paths of parameter files are relative to it."""


Found = Iterator[tuple[str, Any, str]]
"""(field path, value, message)"""


def check_rules(parts: Parts, file: str) -> list[Problem]:
    """Problems between fields, in the order of the sections."""
    rules = (
        _names, _titles, _baseline, _cluster, _shares, _records, _housing, _limits, _cabinets, _reserves, _finance,
        _correlation, _copula, _claims, _sources,
    )  # fmt: skip
    return [Problem(file, *found) for rule in rules for found in rule(parts)]


def _names(parts: Parts) -> Found:
    if parts.header is not None and not NAME_PATTERN.fullmatch(parts.header.name):
        yield "study.name", parts.header.name, _NAME_TEXT
    for name in parts.strategy_names:
        if not NAME_PATTERN.fullmatch(name):
            yield "strategies", name, _NAME_TEXT
    lower = [name.lower() for name in parts.strategy_names]
    for position, name in enumerate(parts.strategy_names):
        if lower.index(name.lower()) != position:
            first = parts.strategy_names[lower.index(name.lower())]
            yield "strategies", name, f"same name as {first} but for capitals; names become file names, choose another"
    if len(parts.strategy_names) > MOST_STRATEGIES:
        yield "strategies", len(parts.strategy_names), f"must be at most {MOST_STRATEGIES} strategies; split the study"


_NAME_TEXT = "names become file names: type 1 to 40 letters a-z, digits and _, e.g. string_storage"


def _titles(parts: Parts) -> Found:
    titles = {"study.title": parts.header.title} if parts.header is not None else {}
    titles |= {f"strategies.{name}.title": strategy.title for name, strategy in parts.strategies.items()}
    for path, title in titles.items():
        if not title.isprintable() or not 0 < len(title) <= MOST_TITLE_CHARACTERS:
            yield path, title, f"must be one line of 1 to {MOST_TITLE_CHARACTERS} characters, no control characters"


def _baseline(parts: Parts) -> Found:
    if parts.header is None or not parts.strategy_names or parts.header.baseline in parts.strategy_names:
        return
    near = nearest(parts.header.baseline, parts.strategy_names)
    hint = f"did you mean {near}? " if near else ""
    text = f"no such strategy; {hint}type one of: {', '.join(parts.strategy_names)}"
    yield "study.baseline", parts.header.baseline, text


def _cluster(parts: Parts) -> Found:
    if parts.cluster is not None:
        yield from cluster_rules(parts.cluster)


def _finance(parts: Parts) -> Found:
    if parts.finance is not None:
        yield from finance_rules(parts.finance, parts.header.years if parts.header is not None else None)


def _records(parts: Parts) -> Found:
    if parts.site is None:
        return
    yield from _market(parts, parts.site)
    yield from site_rules(parts.site)
    from distributions.parameters import ParameterError, list_names, load

    for kind, record in named_records(parts.site, parts.folder).items():
        if is_file_name(record.name):
            try:
                load(kind, record.name)
            except (ParameterError, OSError) as error:
                there = is_file(record.name)
                yield record.field, record.typed, f"not a good {kind} file: {error}" if there else _NO_FILE_TEXT
            continue
        names = list_names(kind)
        if record.name in names:
            continue
        near = nearest(record.name, names)
        both = " (price_zone and price_window together)" if record.field == "site.price_zone" else ""
        hint = f"did you mean {near}? " if near else ""
        own = "; or type the path of a .toml file" if record.field != "site.price_zone" else ""
        asked = f"no {kind} record {record.name}{both}"
        yield record.field, record.typed, f"{asked}; {hint}there are: {', '.join(names)}{own}"


def _market(parts: Parts, site: Site) -> Found:
    if site.market == "time_of_use" and site.tariff is None:
        text = 'missing with market = "time_of_use"; type a record, e.g. tariff = "jiangsu_industrial", or a .toml file'
        yield "site.tariff", None, text
    if site.market == "day_ahead" and site.tariff is not None:
        text = 'not used with market = "day_ahead"; type market = "time_of_use", or take it out'
        yield "site.tariff", site.tariff, text
    yield from _price_money(parts, site)
    if site.tariff is not None:
        yield from _tariff(parts, site, site.tariff)


def _other_money(record: str, study: str) -> str:
    return (
        f"its prices are in {record}, the study's in {study}; add a rate with its source: [study.exchange_rates] "
        f"{record} = (what one {record} is in {study}), or convert them in a file of your own"
    )


def _price_money(parts: Parts, site: Site) -> Found:
    """A price record in other money would be read wrongly in silence."""
    from distributions.parameters import ParameterError, load

    if parts.header is None or site.market != "day_ahead":
        return
    record = named_records(site, parts.folder)["prices"]
    try:
        meta = load("prices", record.name)["meta"]
    except (ParameterError, OSError):
        return  # said elsewhere
    money = str(meta.get("unit", "EUR/MWh")).partition("/")[0]
    if parts.header.rate_of(money) is None:
        yield record.field, record.typed, _other_money(money, parts.header.currency)


def _tariff(parts: Parts, site: Site, typed: str) -> Found:
    """A tariff in other money or on another clock would be read wrongly in silence."""
    from distributions.parameters import ParameterError, load

    try:
        tariff = load("tariffs", named_records(site, parts.folder)["tariffs"].name)
    except (ParameterError, OSError):
        return  # said elsewhere
    currency = parts.header.currency if parts.header is not None else tariff["currency"]
    if parts.header is not None and parts.header.rate_of(tariff["currency"]) is None:
        yield "site.tariff", typed, _other_money(tariff["currency"], currency)
    if tariff["utc_offset_h"] != site.utc_offset_h:
        text = f"must be the clock of the tariff's hours; type utc_offset_h = {tariff['utc_offset_h']:g}"
        yield "site.utc_offset_h", site.utc_offset_h, text


_NO_FILE_TEXT = "no such file beside the study or in the current folder; riskmodel calibrate makes parameter files"


def _limits(parts: Parts) -> Found:
    rated = rated_load_kw(parts.cluster) if parts.cluster is not None else None
    for name, strategy in parts.strategies.items():
        path, connection = f"strategies.{name}.connection", strategy.connection
        limit = connection.import_limit_mw
        if rated is not None and limit * KW_PER_MW < rated:
            yield (
                f"{path}.import_limit_mw",
                limit,
                f"cannot serve the rated load of {rated / KW_PER_MW:.2f} MW at the meter; no battery or PV carries a "
                f"cluster for years: type a limit of at least {rated / KW_PER_MW:.2f}, or fewer GPUs",
            )
        if connection.import_limit_before_mw > limit:
            text = f"must not exceed import_limit_mw = {limit:g} MW, the limit once connected"
            yield f"{path}.import_limit_before_mw", connection.import_limit_before_mw, text
        if connection.contracted_mw is not None and connection.contracted_mw > limit:
            text = f"must not exceed import_limit_mw = {limit:g} MW"
            yield f"{path}.contracted_mw", connection.contracted_mw, text
        if strategy.storage is not None and strategy.storage.charge_import_limit_mw > limit:
            text = f"must not exceed connection.import_limit_mw = {limit:g} MW"
            yield f"strategies.{name}.storage.charge_import_limit_mw", strategy.storage.charge_import_limit_mw, text


def _cabinets(parts: Parts) -> Found:
    years = parts.header.years if parts.header is not None else None
    for name, strategy in parts.strategies.items():
        a, path = strategy.storage, f"strategies.{name}.storage"
        if strategy.ups is not None and strategy.ups.topology == "online" and strategy.ups.to_battery_ms() > 0.0:
            text = 'must be 0 ms for an online UPS, which never switches; type topology = "line_interactive"'
            yield f"strategies.{name}.ups.transfer_time_ms", strategy.ups.transfer_time_ms, text
        if a is None:
            continue
        yield from _stages(path, a, years)
        if a.availability is not None:
            yield from availability_rules(path, a.availability)
        if a.fire is not None:
            yield from fire_rules(path, a, a.fire)
            if a.availability is None:
                text = f"with fire, cabinets are simulated one by one; type a table [{path}.availability], maybe empty"
                yield f"{path}.availability", None, text
        if a.demand_response is not None:
            yield from demand_response_rules(path, a, a.demand_response)


def _stages(path: str, storage: Storage, years: int | None) -> Found:
    added, when = storage.added_cabinets, storage.added_in_years
    if len(added) != len(when):
        text = f"must have one number for each of the {len(when)} years of added_in_years"
        yield f"{path}.added_cabinets", len(added), text
    for year in when:
        if year < 2 or (years is not None and year > years):
            last = "" if years is None else f" to {years}, the last of the study"
            yield f"{path}.added_in_years", year, f"must be a year from 2{last}; those of year 1 are in cabinets"
    if sorted(set(when)) != list(when):
        yield f"{path}.added_in_years", when, "must be rising years, each once"
    for cabinets in added:
        if not 1 <= cabinets <= MOST_CABINETS:
            yield f"{path}.added_cabinets", cabinets, f"must be a whole number from 1 to {MOST_CABINETS:,}"


def _reserves(parts: Parts) -> Found:
    for name, strategy in parts.strategies.items():
        shares = strategy.storage.reserve_share_by_month if strategy.storage is not None else []
        if shares and (len(shares) != MONTHS or any(not 0.0 <= share <= 1.0 for share in shares)):
            text = "must be twelve shares from 0 to 1, January first, or left out"
            yield f"strategies.{name}.storage.reserve_share_by_month", shares, text


def _housing(parts: Parts) -> Found:
    if parts.site is None or parts.site.battery_housing == "controlled":
        return
    from distributions.parameters import ParameterError, list_names, load

    record = named_records(parts.site, parts.folder)["irradiance"]
    try:
        known = "month_temperature_c" in load("irradiance", record.name)
    except (ParameterError, OSError):
        return  # said elsewhere
    if not known:
        good = [name for name in list_names("irradiance") if "month_temperature_c" in load("irradiance", name)]
        text = f'"outdoor" needs air temperatures, which {record.typed} does not have; there are: {", ".join(good)}'
        yield "site.battery_housing", parts.site.battery_housing, text


def _shares(parts: Parts) -> Found:
    if parts.cluster is None:
        return
    shares = parts.cluster.installed_share_by_year
    if not shares or any(not 0.0 < share <= 1.0 for share in shares) or shares != sorted(shares):
        text = "must be rising shares above 0 and at most 1, one a year; type e.g. [0.5, 1.0]"
        yield "cluster.installed_share_by_year", shares, text


def _correlation(parts: Parts) -> Found:
    if parts.correlation is None:
        return
    names, matrix = parts.correlation.names, parts.correlation.matrix
    known = {stream_name(path) for path, extra in parts.paths.items() if extra.get("draw") == "path"}
    for position, name in enumerate(names):
        if name in names[:position]:
            yield "correlation.names", name, "given twice"
        elif name not in known and parts.complete:
            near = nearest(name, sorted(known))
            yield "correlation.names", name, f"no quantity of this study{f'; did you mean {near}?' if near else ''}"
    size = len(names)
    if len(matrix) != size or any(len(row) != size for row in matrix):
        yield "correlation.matrix", f"{len(matrix)} rows", f"must have {size} rows of {size} numbers, one for each name"
        return
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            if not -1.0 <= value <= 1.0 or (i == j and value != 1.0) or value != matrix[j][i]:
                where = f"row {i + 1}, column {j + 1}"
                yield "correlation.matrix", value, f"{where}: must be -1 to 1, 1 on the diagonal and the same both ways"


def _copula(parts: Parts) -> Found:
    if parts.correlation is None:
        return
    copula, degrees = parts.correlation.copula, parts.correlation.degrees_of_freedom
    if copula == "t" and degrees is None:
        text = 'missing, and copula = "t" needs it; type for example degrees_of_freedom = 4'
        yield "correlation.degrees_of_freedom", MISSING, text
    elif copula != "t" and degrees is not None:
        text = f'is for copula = "t", but the copula is {copula}; leave it out, or type copula = "t"'
        yield "correlation.degrees_of_freedom", degrees, text


def _claims(parts: Parts) -> Found:
    if parts.claims is None or parts.claims.strategy is None or parts.claims.strategy in parts.strategy_names:
        return
    yield "claims.strategy", parts.claims.strategy, f"no such strategy; type one of: {', '.join(parts.strategy_names)}"


def _sources(parts: Parts) -> Found:
    if not parts.complete:
        return
    known = set(parts.paths) | {stream_name(path) for path in parts.paths}
    for path, text in parts.sources.items():
        if path not in known:
            near = nearest(path, sorted(known))
            yield f"sources.{path}", text, f"names no field of this study{f'; did you mean {near}?' if near else ''}"

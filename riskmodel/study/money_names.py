"""Names of money in a study file: typed in its currency, held as `_eur`; other money is refused or converted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from riskmodel.currency import CURRENCIES, INSIDE, in_words, inside, outside, scaled_law, token_of
from riskmodel.study.model import keys_of, model_at
from riskmodel.study.overrides import named_override
from riskmodel.study.problems import MISSING, Problem

__all__ = [
    "currency_of", "default_problems", "fill_defaults",
    "one_problem", "override_inside", "path_outside", "problem_outside",
    "rate_to", "tables_inside",
]  # fmt: skip

MONEY_DEFAULTS = (
    ("availability", ("converter_part_eur", "battery_part_eur", "visit_eur")),
    ("fire", ("clean_up_eur_per_fire", "clean_up_eur_per_cabinet")),
)
"""Tables of a storage with fields whose default is an amount in euros."""

WRONG_NAME = "the money of this study is"

Found = Iterator[tuple[str, Any, str]]
"""(field path, value, message)"""


def currency_of(tables: Mapping[str, Any]) -> str:
    """Currency of a study's tables; EUR where none, or an unknown one, is given (which is said elsewhere)."""
    header = tables.get("study")
    typed = header.get("currency", INSIDE) if isinstance(header, Mapping) else INSIDE
    return typed if typed in CURRENCIES else INSIDE


def tables_inside(tables: dict[str, Any], currency: str, file: str) -> tuple[dict[str, Any], list[Problem]]:
    """Tables with money named as the program holds it; money named in another currency is a problem."""
    problems: list[Problem] = []
    renamed = _renamed(tables, (), currency, file, problems)
    correlation = renamed.get("correlation")
    if isinstance(correlation, dict) and isinstance(correlation.get("names"), list):
        names = [path_inside(n, currency) if isinstance(n, str) else n for n in correlation["names"]]
        correlation["names"] = names
    return renamed, problems


def _renamed(table: dict[str, Any], path: tuple[str, ...], currency: str, file: str, problems: list[Problem]) -> Any:
    out: dict[str, Any] = {}
    for key, value in table.items():
        name = key if path == ("strategies",) else path_inside(key, currency)
        token = token_of(name) if path not in ((), ("strategies",), ("sources",)) else None
        if token is not None and (token != INSIDE or (currency != INSIDE and token_of(key) == INSIDE)):
            known = inside(key, token_of(key) or INSIDE)
            model = model_at(path)
            if model is not None and known in keys_of(model):
                name = known
                text = f"{WRONG_NAME} {currency}: type {outside(known, currency)}, in {currency}"
                problems.append(Problem(file, ".".join((*path, key)), value, text))
        is_table = isinstance(value, dict) and "law" not in value
        out[name] = _renamed(value, (*path, key), currency, file, problems) if is_table else value
    return out


def one_problem(problems: list[Problem], currency: str, file: str) -> Problem:
    """One message for a file whose money is named in another currency throughout."""
    found = token_of(problems[0].field.rpartition(".")[2])
    text = (
        f"{WRONG_NAME} {currency}, but {len(problems)} fields are named in {found}, the first: {problems[0].field}; "
        f'convert them and type {currency.lower()} in their names, or type currency = "{found}"'
    )
    return Problem(file, "study.currency", currency, text)


def path_inside(path: str, currency: str) -> str:
    """A field path, of which only the last part is a name of money."""
    head, dot, last = path.rpartition(".")
    return f"{head}{dot}{inside(last, currency)}"


def path_outside(path: str, currency: str) -> str:
    """A field path as it is typed in the study's file."""
    head, dot, last = path.rpartition(".")
    return f"{head}{dot}{outside(last, currency)}"


def override_inside(text: str, currency: str, file: str) -> tuple[str, Problem | None]:
    """An override `path=value` with its money named as the program holds it."""
    path, sign, value = text.partition("=")
    if path.strip() == "study.currency":
        message = f"{WRONG_NAME} that of its numbers, which --set does not convert; change them in the file"
        return text, Problem(named_override(file, text), path.strip(), MISSING, message)
    last = path.strip().rpartition(".")[2]
    token = token_of(last)
    if token is not None and token != currency:
        right = path_outside(path_inside(path.strip(), token), currency)
        message = f"{WRONG_NAME} {currency}: type {right}, in {currency}"
        return text, Problem(named_override(file, text), path.strip(), MISSING, message)
    return f"{path_inside(path, currency)}{sign}{value}", None


def problem_outside(problem: Problem, currency: str) -> Problem:
    """A problem in the words of the study's file."""
    if WRONG_NAME in problem.message:
        return problem  # it names what was typed
    file, sign, typed = problem.file.partition(" with --set ")
    file = f"{file}{sign}{outside(typed, currency)}"
    place = path_outside(problem.field, currency)
    told = "exchange_rates" in problem.message  # it speaks of several currencies by their names
    message = outside(problem.message, currency) if told else in_words(problem.message, currency)
    return Problem(file, place, problem.value, message)


def rate_to(tables: Mapping[str, Any], currency: str, other: str) -> float | None:
    """What one unit of another money is in the study's, as its file states it; None where it does not."""
    if other == currency:
        return 1.0
    header = tables.get("study")
    rates = header.get("exchange_rates") if isinstance(header, Mapping) else None
    rate = rates.get(other) if isinstance(rates, Mapping) else None
    good = isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate > 0.0
    return float(rate) if good and rate is not None else None


def fill_defaults(tables: dict[str, Any], currency: str) -> dict[str, str]:
    """Fill what is left out and has a default in euros, at the study's rate; returns the source of each by path."""
    rate = rate_to(tables, currency, INSIDE)
    sources: dict[str, str] = {}
    if currency == INSIDE or rate is None:
        return sources
    for place, table, field, extra in _left_out(tables):
        table[field] = scaled_law(extra["default"], rate)
        sources[f"{place}.{field}"] = f"{extra['source']}; at {rate:g} {currency}/{INSIDE}"
    return sources


def default_problems(tables: Mapping[str, Any], currency: str) -> Found:
    """Defaults in euros that a study in other money neither gives nor can convert."""
    if currency == INSIDE or rate_to(tables, currency, INSIDE) is not None:
        return
    for place, _, field, _ in _left_out(tables):
        text = (
            f"missing, and its default is in {INSIDE}; type it in {currency}, or a rate with its source: "
            f"[study.exchange_rates] {INSIDE} = (what one {INSIDE} is in {currency})"
        )
        yield f"{place}.{field}", MISSING, text


def _left_out(tables: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str, dict[str, Any]]]:
    strategies = tables.get("strategies")
    for name, strategy in strategies.items() if isinstance(strategies, Mapping) else ():
        storage = strategy.get("storage") if isinstance(strategy, Mapping) else None
        for kind, fields in MONEY_DEFAULTS:
            table = storage.get(kind) if isinstance(storage, Mapping) else None
            model = model_at(("strategies", name, "storage", kind))
            if not isinstance(table, dict) or model is None:
                continue
            for field in fields:
                info = model.model_fields[field]
                if field not in table:
                    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
                    more = {"default": info.default, "source": str(extra.get("source", ""))}
                    yield f"strategies.{name}.storage.{kind}", table, field, more


def names_outside(paths: Sequence[str], currency: str) -> list[str]:
    """Field paths as they are typed in the study's file."""
    return [path_outside(path, currency) for path in paths]

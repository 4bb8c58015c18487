"""What is wrong with a study file, in words that say what to type."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from riskmodel.study.fields import field_extra, range_text
from riskmodel.study.model import keys_of, model_at, section_of
from riskmodel.study.strategy import Strategy

__all__ = ["MISSING", "Problem", "StudyError", "nearest", "problems_of"]

SHOWN_CHARACTERS = 80
RANGE_KINDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number", "range", "finite")


class _Missing:
    """Stands for a value that is not there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(frozen=True)
class Problem:
    """One thing to mend: file, field path (or line), the value found there, and what to type."""

    file: str
    field: str
    value: Any
    message: str

    def __str__(self) -> str:
        place = self.field if self.value is MISSING else f"{self.field} = {show(self.value)}"
        return f"{self.file}: {place}: {self.message}" if place else f"{self.file}: {self.message}"


class StudyError(Exception):
    """A study that cannot be used; ``problems`` lists everything found, in the order of the file's model."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type["StudyError"], tuple[list[Problem]]]:
        return StudyError, (self.problems,)


def show(value: Any) -> str:
    """Value as a file would hold it, on one line, cut to a readable length."""
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if key != "source"}
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key} = {show(part)}" for key, part in list(value.items())[:12]) + "}"
    elif isinstance(value, int) and abs(value) >= 10**SHOWN_CHARACTERS:
        text = f"a whole number of {value.bit_length()} bits"
    elif isinstance(value, (str, list)):
        text = repr(value[: SHOWN_CHARACTERS + 1])
    else:
        text = repr(value) if isinstance(value, (int, float)) else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


def nearest(word: str, known: Sequence[str], cutoff: float = 0.6) -> str | None:
    """Known word closest to ``word``, or None."""
    found = get_close_matches(word, known, n=1, cutoff=cutoff)
    return found[0] if found else None


def problems_of(error: ValidationError, file: str) -> list[Problem]:
    """Problems in the words of the study, from what pydantic found.

    A key that is missing because it was misspelt is reported once, as the misspelling.
    """
    details = error.errors(include_url=False)
    misspelt = {
        (*detail["loc"][:-1], near)
        for detail in details
        if detail["type"] == "extra_forbidden" and (near := _near_key(detail["loc"])) is not None
    }
    kept = [detail for detail in details if not (detail["type"] == "missing" and detail["loc"] in misspelt)]
    return [_problem(detail, file) for detail in kept]


def _problem(detail: ErrorDetails, file: str) -> Problem:
    loc = tuple(str(part) for part in detail["loc"])
    model, key = model_at(loc[:-1]), loc[-1]
    name = keys_of(model).get(key) if model is not None else None
    extra = field_extra(model, name) if model is not None and name else {}
    field = ".".join(loc)
    kind = detail["type"]
    if kind == "missing":
        return Problem(file, field, MISSING, _missing_text(loc, model, name, extra))
    if kind == "extra_forbidden":
        return Problem(file, field, detail["input"], _unknown_text(detail["loc"]))
    return Problem(file, field, detail["input"], _wrong_text(detail, key, extra))


def _missing_text(loc: tuple[str, ...], model: type[BaseModel] | None, name: str | None, extra: dict[str, Any]) -> str:
    if loc == ("strategies",):
        return "missing section; add at least one [strategies.NAME] table with its connection"
    if not extra:
        return f"missing section; add a [{'.'.join(loc)}] table"
    unit = f" [{extra['unit']}]" if extra["unit"] else ""
    what = model.model_fields[name].description if model is not None and name else ""
    return f"missing ({what}{unit}); type for example {_example(loc[-1], extra)}"


def _unknown_text(loc: tuple[int | str, ...]) -> str:
    key, parent = str(loc[-1]), tuple(str(part) for part in loc[:-1])
    near = _near_key(loc)
    if near is not None:
        return f"unknown key; did you mean {near}?"
    model = model_at(parent)
    known = list(keys_of(model)) if model is not None else []
    home = _home_of(key)
    if home is not None:
        return f"unknown key here; {key} belongs in {home}"
    return f"unknown key; known here: {', '.join(known)}"


def _near_key(loc: tuple[int | str, ...]) -> str | None:
    model = model_at(tuple(str(part) for part in loc[:-1]))
    if model is None or _home_of(str(loc[-1])) is not None:
        return None
    return nearest(str(loc[-1]), list(keys_of(model)))


def _home_of(key: str) -> str | None:
    """Table in which a key typed at the wrong place is known."""
    for table in ("study", "cluster", "site"):
        model = model_at((table,))
        if model is not None and key in model.model_fields:
            return f"[{table}]"
    for asset, info in Strategy.model_fields.items():
        model = section_of(info.annotation)
        if model is not None and (key in model.model_fields):
            return f"[strategies.NAME.{asset}]"
    return None


def _wrong_text(detail: ErrorDetails, key: str, extra: dict[str, Any]) -> str:
    kind, example = detail["type"], _example(key, extra) if extra else ""
    hint = f"type for example {example}" if example else ""
    if kind in RANGE_KINDS:
        if extra.get("above") and not (isinstance(detail["input"], (int, float)) and detail["input"] > extra["low"]):
            return f"must be > {extra['low']:g} {extra['unit']}".rstrip() + f"; type a positive number, e.g. {example}"
        return f"must be {range_text(extra)}; {hint}"
    if kind == "too_short":
        return "no strategy; add at least one [strategies.NAME] table with its connection"
    if kind == "law":
        return detail["msg"]
    if kind in ("int_type", "int_from_float", "int_parsing", "int_parsing_size"):
        return f"must be a whole number without quotes or decimal point; {hint}"
    if kind == "float_type":
        return f"must be a number without quotes; {hint}"
    if kind == "bool_type":
        return f"must be true or false without quotes; {hint}"
    if kind == "string_type":
        return f"must be text in quotes; {hint}" if hint else "must be text in quotes"
    if kind == "literal_error":
        return f"must be one of {detail['ctx']['expected']}; {hint}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"must be a table; write [{'.'.join(str(part) for part in detail['loc'])}] and its keys below it"
    if kind == "list_type":
        return "must be a list in square brackets"
    return f"{detail['msg']}; {hint}" if hint else detail["msg"]


def _example(key: str, extra: dict[str, Any]) -> str:
    value = extra.get("example")
    text = f'"{value}"' if isinstance(value, str) else show(value)
    return f"{key} = {text}"

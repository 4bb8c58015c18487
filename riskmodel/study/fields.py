"""Building blocks of the study model: numbers with a unit and a range, and quantities given as laws.

Every field carries, for messages, the resolved study and the JSON schema: what it is, its unit, its allowed range,
an example to type, and, when it has a default, the source of that default.
"""

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from distributions.laws import Law, LawError, from_spec

__all__ = ["Q", "Section", "choice", "field_extra", "flag", "number", "quantity", "range_text", "whole"]

LAW_SCHEMA = {
    "anyOf": [
        {"type": "number"},
        {
            "type": "object",
            "properties": {"law": {"type": "string"}, "source": {"type": "string"}},
            "required": ["law"],
        },
    ]
}

Q = Annotated[Law, SkipValidation(), WithJsonSchema(LAW_SCHEMA)]
"""A quantity: a number or a law table in the file, always a ``Law`` in the study."""

TAIL_PROBABILITY = 1e-6
"""A law may leave its field's range less often than this at each end (a lognormal share has no upper limit)."""

REQUIRED: Any = ...


def _extra(unit: str, example: object, source: str, **more: object) -> dict[str, Any]:
    return {"unit": unit, "example": example, "source": source, **more}


def number(
    what: str,
    unit: str,
    example: object,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    above: bool = False,
    default: Any = REQUIRED,
    source: str = "",
) -> Any:
    """Field of one plain number.

    Parameters
    ----------
    what : str
        One sentence for the schema.
    unit : str
        Unit as shown to a reader; empty for a share.
    example : object
        A value that is allowed, shown in messages.
    low, high : float
        Allowed range, both ends included.
    above : bool
        True when ``low`` itself is not allowed.
    default : object
        Left out when the file must give the field.
    source : str
        Source of the default, or why it is a judgement.
    """
    limits: dict[str, float] = {}
    if low > -math.inf:
        limits["gt" if above else "ge"] = low
    if high < math.inf:
        limits["le"] = high
    extra = _extra(unit, example, source, low=low, high=high, above=above)
    return Field(default=default, description=what, json_schema_extra=_finite_only(extra), **limits)  # type: ignore


def whole(what: str, unit: str, example: int, *, low: int, high: int, default: Any = REQUIRED, source: str = "") -> Any:
    """Field of one whole number in ``low`` to ``high``; see ``number``."""
    return number(what, unit, example, low=low, high=high, default=default, source=source)


def quantity(
    what: str,
    unit: str,
    example: object,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    above: bool = False,
    per_event: bool = False,
    default: Any = REQUIRED,
    source: str = "",
) -> Any:
    """Field of one number or law; see ``number``. ``per_event`` quantities are drawn anew for each event."""
    extra = _extra(unit, example, source, low=low, high=high, above=above, draw="event" if per_event else "path")
    return Field(default=default, description=what, json_schema_extra=_finite_only(extra))


def choice(what: str, example: str, *, default: Any = REQUIRED, source: str = "") -> Any:
    """Field of a word or a name."""
    return Field(default=default, description=what, json_schema_extra=_extra("", example, source))


def flag(what: str, *, default: Any = REQUIRED, source: str = "") -> Any:
    """Field of true or false."""
    return Field(default=default, description=what, json_schema_extra=_extra("", True, source))


def _finite_only(extra: dict[str, Any]) -> dict[str, Any]:
    """Leave infinite limits out: JSON has no infinity."""
    return {key: value for key, value in extra.items() if value not in (math.inf, -math.inf)}


def field_extra(model: type[BaseModel], name: str) -> dict[str, Any]:
    """Unit, example, source, range and kind of draw of one field; empty for sections."""
    info = model.model_fields.get(name)
    return dict(info.json_schema_extra) if info is not None and isinstance(info.json_schema_extra, dict) else {}


def range_text(extra: dict[str, Any]) -> str:
    """Allowed range in words a file's author can act on, such as ``> 0 kW`` or ``0.3 to 1``."""
    low, high = extra.get("low"), extra.get("high")
    unit = f" {extra['unit']}" if extra.get("unit") else ""
    sign = ">" if extra.get("above") else ">="
    if low is None and high is None:
        return f"a finite number{unit and ' of' + unit}"
    if high is None:
        return f"{sign} {low:.12g}{unit}"
    if low is None:
        return f"<= {high:.12g}{unit}"
    if extra.get("above"):
        return f"> {low:.12g} and <= {high:.12g}{unit}"
    return f"{low:.12g} to {high:.12g}{unit}"


def read_quantity(value: Any, extra: dict[str, Any]) -> Law:
    """Law of a number or law table, checked against the range of its field.

    Parameters
    ----------
    value : float, int, dict or Law
        As read from the file.
    extra : dict
        Of the field, from ``field_extra``.

    Returns
    -------
    Law

    Raises
    ------
    PydanticCustomError
        If it is neither, if the law is impossible, or if it leaves the field's range.
    """
    if isinstance(value, Law):
        law = value
    elif isinstance(value, bool) or not isinstance(value, (int, float, dict)):
        raise PydanticCustomError("quantity", 'must be a number or a law such as {law = "uniform", low = 1, high = 2}')
    else:
        law = _law_of(value, extra)
    _check_range(law, value, extra)
    if extra["draw"] == "event":
        try:
            law.code()
        except LawError as error:
            raise PydanticCustomError("law", "{text}", {"text": str(error)}) from None
    return law


def _law_of(value: Any, extra: dict[str, Any]) -> Law:
    if not isinstance(value, dict):
        try:
            plain = float(value)
        except OverflowError:
            plain = math.inf
        if not math.isfinite(plain):
            raise PydanticCustomError("finite", "must be {range}", {"range": range_text(extra)})
        return from_spec(plain)
    if not isinstance(value.get("source", ""), str):
        raise PydanticCustomError("law", "source must be text in quotes")
    if "law" not in value:
        raise PydanticCustomError("law", 'a law table needs its law; type law = "lognormal" or another name in it')
    try:
        return from_spec(value)
    except LawError as error:
        raise PydanticCustomError("law", "{text}", {"text": str(error)}) from None


def _check_range(law: Law, value: Any, extra: dict[str, Any]) -> None:
    low, high = extra.get("low", -math.inf), extra.get("high", math.inf)
    for probability, end in ((TAIL_PROBABILITY, "low"), (1.0 - TAIL_PROBABILITY, "high")):
        at = float(law.ppf(probability)) if isinstance(value, dict) else law.mean()
        inside = (at > low or (at == low and not extra.get("above"))) and at <= high and math.isfinite(at)
        if inside:
            continue
        if not isinstance(value, dict):
            raise PydanticCustomError("range", "must be {range}", {"range": range_text(extra)})
        raise PydanticCustomError(
            "range_of_law",
            "must be {range}, but the {end} end of this law is {at} (1 in a million); choose a law that stays inside",
            {"range": range_text(extra), "end": end, "at": f"{at:.6g}"},
        )


class Section(BaseModel):
    """One table of a study file: frozen, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _read_quantity(cls, value: Any, info: ValidationInfo) -> Any:
        extra = field_extra(cls, info.field_name or "")
        return read_quantity(value, extra) if "draw" in extra else value

"""The resolved study as TOML with origins, and as rows for a listing."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from distributions.laws import Law
from riskmodel.currency import in_words, outside
from riskmodel.study.model import Leaf, Row, Study, plain_value
from riskmodel.study.money_names import names_outside, path_outside

__all__ = ["describe", "to_toml"]


def to_toml(study: Study, files: Mapping[str, str]) -> str:
    """Every field, defaults too, in the order of the model, each with its origin as a comment.

    Origins of defaults, overrides and the catalogue are also kept in [sources], so they survive reading the text again.
    `files` : see `Study.to_toml`.
    """
    lines = [f"# Resolved study: every value and where it came from. Input hash {study.input_hash()}."]
    lines += [f"# Warning: {_one_line(text)}." for text in study.warnings()]
    table, currency = "", study.header.currency
    sources = {path_outside(path, currency): text for path, text in study.sources.items()}
    for leaf in study.leaves():
        head, key = leaf.path.rsplit(".", 1)
        if head != table:
            table = head
            lines += ["", f"[{head}]"]
        origin = study.origin(leaf.path)
        inline = "source" in study._specs.get(leaf.path, {})
        value = toml_value(files.get(leaf.path) or _typed(study, leaf))
        told = in_words(str(origin), currency) if origin.kind == "default" else str(origin)
        lines.append(f"{outside(key, currency)} = {value}  # {_one_line(origin.kind if inline else told)}")
        if origin.kind in ("default", "--set", "catalogue"):
            sources[path_outside(leaf.path, currency)] = told
    lines += ["", "[sources]"]
    lines += [f"{toml_value(path)} = {toml_value(text)}" for path, text in sources.items()]
    return "\n".join(lines) + "\n"


def describe(study: Study) -> list[Row]:
    """Rows (field, value, unit, origin) of every value, in the order of the model."""
    currency = study.header.currency
    return [
        Row(
            path_outside(leaf.path, currency),
            _value_text(study, leaf),
            in_words(leaf.extra.get("unit", ""), currency),
            str(study.origin(leaf.path)),
        )
        for leaf in study.leaves()
    ]


def toml_value(value: Any) -> str:
    """One value as TOML: text escaped, tables inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    return "{ " + ", ".join(f"{key} = {toml_value(part)}" for key, part in value.items()) + " }"


def _typed(study: Study, leaf: Leaf) -> Any:
    if leaf.path == "correlation.names":
        return names_outside(leaf.value, study.header.currency)
    return study.record_path(leaf) or study._specs.get(leaf.path, plain_value(leaf.value))


def _one_line(text: str) -> str:
    """Text that cannot end the comment it stands in."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _value_text(study: Study, leaf: Leaf) -> str:
    value = _typed(study, leaf)
    if not isinstance(value, dict) or "law" not in value:
        return value if isinstance(value, str) else toml_value(value)
    numbers = ", ".join(_law_words(value))
    law = leaf.value
    mean = f" (mean {law.mean():.6g})" if isinstance(law, Law) else ""
    return f"{value['law']} {numbers}{mean}"


def _law_words(spec: dict[str, Any]) -> Iterator[str]:
    for key, part in spec.items():
        if key not in ("law", "source"):
            yield f"{key} {part:.6g}" if isinstance(part, (int, float)) else f"{key} {toml_value(part)}"

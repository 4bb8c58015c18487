"""From a TOML file and overrides to a Study, or to everything that is wrong with them."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from distributions.input_files import FileError, is_file
from distributions.input_files import read_text as text_of_file
from distributions.laws import LawError, from_spec
from distributions.toml_reading import MOST_TOML_BYTES, parse_toml
from riskmodel.study.cluster import Cluster
from riskmodel.study.finance import Finance
from riskmodel.study.header import Claims, Correlation, Header
from riskmodel.study.model import Leaf, Origin, Study, stream_name
from riskmodel.study.money_names import (
    currency_of,
    default_problems,
    fill_defaults,
    one_problem,
    override_inside,
    problem_outside,
    tables_inside,
)
from riskmodel.study.overrides import apply_overrides, named_override
from riskmodel.study.problems import MISSING, Problem, StudyError, problems_of
from riskmodel.study.products import fill_products, product_problems
from riskmodel.study.records import EVENTS_FIELD, found_file
from riskmodel.study.rules import Parts, check_rules
from riskmodel.study.site import Site
from riskmodel.study.strategy import Strategy

__all__ = ["load_study", "parse_study", "study_from_tables"]

Model = TypeVar("Model", bound=BaseModel)
MOST_RATE = 0.5
FOLLOWS_DISCOUNT = ("finance_rate_real", "reinvestment_rate_real")


def load_study(path: str | Path, overrides: Sequence[str] = ()) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : str or Path
        TOML file of at most 1 MB.
    overrides : sequence of str
        ``"site.price_zone=SE4"``, ``'cluster.load_factor={law="uniform",low=0.7,high=0.9}'``: a field path and a
        TOML value; a bare word is text.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With all problems of the file and the overrides together.
    """
    return parse_study(read_text(Path(path)), file=str(path), overrides=overrides)


def parse_study(text: str, file: str = "study", overrides: Sequence[str] = ()) -> Study:
    """Study of a TOML text; ``file`` is its name in messages. See ``load_study``."""
    try:
        tables = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError([_syntax_problem(str(error), text, file)]) from None
    except ValueError as error:
        field = getattr(error, "field", "")
        told = str(error) if field else f"not readable as TOML: {error}"
        raise StudyError([Problem(file, field, MISSING, told)]) from None
    return study_from_tables(tables, file, overrides)


def study_from_tables(tables: Mapping[str, Any], file: str = "study", overrides: Sequence[str] = ()) -> Study:
    """Study of nested dicts as ``tomllib`` gives them. See ``load_study``."""
    currency = currency_of(tables)
    try:
        return _study(deepcopy(dict(tables)), file, overrides, currency)
    except StudyError as error:
        raise StudyError([problem_outside(problem, currency) for problem in error.problems]) from None


def _study(tables: dict[str, Any], file: str, overrides: Sequence[str], currency: str) -> Study:
    given, problems = tables_inside(tables, currency, file)
    if len(problems) > 1:
        raise StudyError([one_problem(problems, currency, file)])  # all else would follow from it
    typed = [override_inside(text, currency, file) for text in overrides]
    problems += [problem for _, problem in typed if problem is not None]
    overridden, found = apply_overrides(given, [text for text, problem in typed if problem is None], file)
    problems += found
    filled = _fill(deepcopy(given))
    sources = fill_products(filled, currency)
    converted = fill_defaults(filled, currency)
    problems += [Problem(file, *wrong) for wrong in (*product_problems(filled), *default_problems(filled, currency))]
    study: Study | None = None
    try:
        study = Study.model_validate(filled)
    except ValidationError as error:
        problems += problems_of(error, file)
    folder = Path(file).parent
    parts = _parts(filled, study)
    parts.folder = folder
    problems += check_rules(parts, file)
    problems += _event_problems(study, folder, file)
    if problems or study is None:
        raise StudyError([_name_override(problem, overridden) for problem in problems])
    _trace(study, given, overridden)
    for path, source in sources.items():
        study._origins[path] = Origin("catalogue", source)
    for path, source in converted.items():
        study._origins[path] = Origin("default", source)
    return study


def _event_problems(study: Study | None, folder: Path, file: str) -> list[Problem]:
    """What is wrong with the file of given events, which the study keeps once it is read."""
    if study is None:
        return []
    study._folder = folder
    name = study.site.given_events
    if name is None:
        return []
    if not is_file(found_file(name, folder)):
        return [Problem(file, EVENTS_FIELD, name, "no such file beside the study or in the current folder")]
    try:
        study.given_events()
    except StudyError as error:
        return error.problems
    return []


def read_text(path: Path) -> str:
    """Text of a study file; refuses what cannot be one before reading it.

    Raises
    ------
    StudyError
        If it is absent, a folder, not a regular file, over 1 MB or not UTF-8 text.
    """
    file = str(path)

    def refuse(message: str) -> StudyError:
        return StudyError([Problem(file, "", MISSING, message)])

    try:
        return text_of_file(path, MOST_TOML_BYTES)
    except FileError as error:
        told = str(error)
        if told == "no such file":
            told = _absent_text(path)
        elif told.startswith("is a folder"):
            inside = _toml_names(path)[:10]
            hint = f"type one of its study files: {', '.join(inside)}" if inside else "type the path of a study file"
            told = f"is a folder; {hint}"
        raise refuse(told) from None


def _toml_names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.glob("*.toml"))
    except (OSError, ValueError):
        return []


def _absent_text(path: Path) -> str:
    around = _toml_names(path.parent)
    names = get_close_matches(path.with_suffix(".toml").name, around, n=3, cutoff=0.5)
    return f"no such file; did you mean {' or '.join(names)}?" if names else "no such file"


def _syntax_problem(message: str, text: str, file: str) -> Problem:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    reason = re.sub(r" \(at .*\)$", "", message)
    if re.search(r"Cannot (overwrite|declare|mutate|redefine)|Duplicate", reason):
        reason += ": the same key or table stands twice; keep one"
    if found is None:
        return Problem(file, "end of file", MISSING, f"not valid TOML: {reason}")
    number = int(found[1])
    line = text.split("\n")[number - 1].strip() if number <= text.count("\n") + 1 else ""
    place = f"line {number}, column {found[2]}"
    return Problem(file, place, MISSING, f"not valid TOML: {reason}; the line: {line[:80]!r}")


def _fill(given: dict[str, Any]) -> dict[str, Any]:
    """Add the defaults that depend on other fields: the baseline and the two rates of MIRR."""
    filled = dict(given)
    header = given.get("study")
    if not isinstance(header, dict):
        return filled
    header = dict(header)
    strategies = given.get("strategies")
    if "baseline" not in header:
        header["baseline"] = next(iter(strategies), "") if isinstance(strategies, dict) else ""
    for key in FOLLOWS_DISCOUNT:
        header.setdefault(key, _plain_rate(header.get("discount_rate_real", 0.0)))
    filled["study"] = header
    return filled


def _plain_rate(discount: Any) -> Any:
    """The discount rate, or the mean of its law; 0 where it is missing or wrong, so that only that one is reported."""
    if not isinstance(discount, dict):
        return discount if isinstance(discount, (int, float)) and not isinstance(discount, bool) else 0.0
    try:
        mean = float(from_spec(discount).mean())
    except (LawError, TypeError, ValueError):
        return 0.0
    return mean if 0.0 <= mean <= MOST_RATE else 0.0


def _parts(filled: dict[str, Any], study: Study | None) -> Parts:
    strategies = filled.get("strategies")
    strategies = strategies if isinstance(strategies, dict) else {}
    sources = filled.get("sources")
    sources = sources if isinstance(sources, dict) else {}
    if study is not None:
        return Parts(
            study.header,
            study.cluster,
            study.site,
            study.strategies,
            study.strategy_names,
            study.correlation,
            study.claims,
            study.sources,
            {leaf.path: leaf.extra for leaf in study.leaves()},
            complete=True,
            finance=study.finance,
        )
    valid = {name: _try(Strategy, table) for name, table in strategies.items()}
    return Parts(
        _try(Header, filled.get("study")),
        _try(Cluster, filled.get("cluster")),
        _try(Site, filled.get("site")),
        {name: strategy for name, strategy in valid.items() if strategy is not None},
        list(strategies),
        _try(Correlation, filled.get("correlation")),
        _try(Claims, filled.get("claims")),
        sources,
        finance=_try(Finance, filled.get("finance")),
    )


def _try(model: type[Model], table: Any) -> Model | None:
    try:
        return model.model_validate(table)
    except ValidationError:
        return None


def _name_override(problem: Problem, overridden: Mapping[str, str]) -> Problem:
    """Say which override gave the value that is wrong."""
    if " with --set " in problem.file:
        return problem
    for path, text in overridden.items():
        if problem.field == path or problem.field.startswith(path + "."):
            file = named_override(problem.file, text)
            return Problem(file, problem.field, problem.value, problem.message)
    return problem


def _trace(study: Study, given: dict[str, Any], overridden: Mapping[str, str]) -> None:
    """Keep the origin of every value, and law tables as they were typed."""
    for leaf in study.leaves():
        typed = _dig(given, leaf.path)
        study._origins[leaf.path] = _origin(study, leaf, typed, overridden)
        if isinstance(typed, dict) and "draw" in leaf.extra:
            study._specs[leaf.path] = typed


def _origin(study: Study, leaf: Leaf, typed: Any, overridden: Mapping[str, str]) -> Origin:
    inner = typed.get("source", "") if isinstance(typed, dict) else ""
    noted = study.sources.get(leaf.path, "")
    if typed is MISSING:
        return Origin("default", leaf.extra.get("source", ""))
    if any(leaf.path == path or leaf.path.startswith(path + ".") for path in overridden):
        return Origin("--set", inner)
    for kind in ("default", "--set", "catalogue"):  # a resolved study read again keeps the first origin
        if noted == kind or noted.startswith(f"{kind}: "):
            return Origin(kind, noted[len(kind) + 2 :])
    return Origin("file", inner or noted or study.sources.get(stream_name(leaf.path), ""))


def _dig(tables: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(tables, dict) or key not in tables:
            return MISSING
        tables = tables[key]
    return tables

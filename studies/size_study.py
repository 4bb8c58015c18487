"""Sizing under risk: a field or two of one strategy varied, every size on the same lifetimes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from distributions.estimate import Estimate
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["MOST_SIZES", "Case", "Size", "SizeError", "Vary", "compare", "parse_vary", "sizes_of"]

MOST_SIZES, SIDE_BY_SIDE = 400, 8
"""Sizes of one command; and sizes that the engine walks side by side, with the baseline."""
COUNT = "storage.cabinets"
TOLERANCE = 1e-9
COMMON = (
    COUNT,
    "storage.reserve_share",
    "storage.cabinet_energy_kwh",
    "pv.power_mwp",
    "gensets.units",
    "connection.import_limit_mw",
)


class SizeError(ValueError):
    """What was typed cannot be varied; the message says what to type."""


class Vary(NamedTuple):
    """A field of a strategy and the values it takes: its path in the strategy, e.g. `storage.cabinets`."""

    field: str
    values: tuple[float, ...]


class Size(NamedTuple):
    """One combination of values, in the order of what is varied, and the strategy that has it."""

    values: tuple[float, ...]
    study: Study


class Case(NamedTuple):
    """What is compared.

    Attributes
    ----------
    study : Study, the user's
    strategy : str
    varied : tuple of Vary
    sizes : tuple of Size
    paths, seed : int
    share : float, of the paths that are the tail
    metric : str, column of paths.parquet
    appetites : tuple of float
    """

    study: Study
    strategy: str
    varied: tuple[Vary, ...]
    sizes: tuple[Size, ...]
    paths: int
    seed: int
    share: float
    metric: str
    appetites: tuple[float, ...]


def parse_vary(study: Study, text: str, strategy: str | None) -> tuple[str, Vary]:
    """Strategy and field of `FIELD FIRST:LAST:STEP` or `FIELD=A,B,C`.

    Raises
    ------
    SizeError
        With what to type instead.
    """
    field, _, numbers = text.strip().replace("=", " ").partition(" ")
    if not field or not numbers.strip():
        raise SizeError(f"--vary {text}: type a field and its values, e.g. storage.cabinets 0:240:20 or cabinets 10,20")
    owner, path = _resolved(study, field, strategy)
    return owner, Vary(path, _values(text, numbers.strip()))


def _values(text: str, numbers: str) -> tuple[float, ...]:
    parts = numbers.split(":") if ":" in numbers else numbers.split(",")
    try:
        read = [float(part) for part in parts]
    except ValueError:
        read = []
    if not read or not all(map(math.isfinite, read)) or (":" in numbers and len(read) != 3):
        raise SizeError(f"--vary {text}: type the values as FIRST:LAST:STEP or A,B,C, e.g. 0:240:20")
    if ":" not in numbers:
        return tuple(dict.fromkeys(read))
    first, last, step = read
    if step <= 0.0 or last < first:
        raise SizeError(f"--vary {text}: the step must be above 0 and LAST at least FIRST, e.g. 0:240:20")
    count = math.floor((last - first) / step + TOLERANCE) + 1
    if count > MOST_SIZES:
        raise SizeError(f"--vary {text}: {count:,} values; at most {MOST_SIZES} sizes fit, take a larger step")
    return tuple(round(first + k * step, 12) for k in range(count))


def _resolved(study: Study, field: str, strategy: str | None) -> tuple[str, str]:
    """Strategy and path within it of a field that may be named in short."""
    from riskmodel.study.problems import nearest

    if field.startswith("strategies."):
        _, owner, path = [*field.split(".", 2), ""][:3]
        if owner not in study.strategies:
            raise SizeError(f"--vary {field}: no strategy {owner}; there are: {', '.join(study.strategies)}")
        if strategy not in (None, owner):
            raise SizeError(f"--vary {field}: speaks of {owner}, but --strategy is {strategy}; choose one")
    else:
        owner, path = strategy or _owner(study, field), field
    own = _fields(study, owner)
    found = [one for one in own if one == path or one.endswith(f".{path}")]
    if len(found) == 1:
        return owner, found[0]
    if found:
        raise SizeError(f"--vary {field}: may be {' or '.join(found)}; type one of them")
    near = nearest(path, [*own, *(one.rpartition(".")[2] for one in own)])
    hint = f"did you mean {near}?" if near else f"type e.g. {', '.join(one for one in COMMON if one in own)}"
    raise SizeError(f"--vary {field}: {owner} has no such number; {hint}")


def _owner(study: Study, field: str) -> str:
    """The first strategy that has the field; the claims' strategy before others."""
    names = list(study.strategies)
    claimed = study.claims.strategy if study.claims is not None else None
    for name in ([claimed] if claimed in names else []) + names:
        if name and any(one == field or one.endswith(f".{field}") for one in _fields(study, name)):
            return name
    return names[0] if len(names) == 1 else names[1]


def _fields(study: Study, strategy: str) -> list[str]:
    """Numbers of a strategy, laws included, by their path within it."""
    from distributions.laws import Law

    start = f"strategies.{strategy}."
    return [
        leaf.path.removeprefix(start)
        for leaf in study.leaves()
        if leaf.path.startswith(start)
        and isinstance(leaf.value, (int, float, Law))
        and not isinstance(leaf.value, bool)
    ]


def sizes_of(study: Study, strategy: str, varied: Sequence[Vary]) -> tuple[Size, ...]:
    """Every combination of the values; without cabinets there is one size, whatever the other fields of storage.

    Raises
    ------
    SizeError, StudyError
        For too many sizes, or a value that its field does not allow.
    """
    total = math.prod(len(vary.values) for vary in varied)
    if total > MOST_SIZES:
        raise SizeError(f"--vary: {total:,} sizes in all; at most {MOST_SIZES} fit, take larger steps")
    found: dict[tuple[float, ...], Size] = {}
    for values in itertools.product(*(vary.values for vary in varied)):
        size = _size(study, strategy, varied, values)
        found.setdefault(size.values, size)
    return tuple(found.values())


def _size(study: Study, strategy: str, varied: Sequence[Vary], values: tuple[float, ...]) -> Size:
    from riskmodel.variants import changed

    chosen = {vary.field: value for vary, value in zip(varied, values, strict=True)}
    if chosen.get(COUNT) == 0.0:
        kept = {field: value for field, value in chosen.items() if not field.startswith("storage.")}
        values = tuple(kept.get(vary.field, 0.0 if vary.field == COUNT else math.nan) for vary in varied)
        one = changed(study, _overrides(strategy, kept)) if kept else study
        bare = one.strategies[strategy].model_copy(update={"storage": None})
        return Size(values, one.model_copy(update={"strategies": {**one.strategies, strategy: bare}}))
    return Size(values, changed(study, _overrides(strategy, chosen)))


def _overrides(strategy: str, chosen: dict[str, float]) -> list[str]:
    def plain(value: float) -> str:
        return str(int(value)) if value == int(value) else repr(value)

    return [f"strategies.{strategy}.{field}={plain(value)}" for field, value in chosen.items()]


def compare(
    case: Case,
    progress: Callable[[int, int], object] | None = None,
    simulate_range: Callable[..., RangeResult] | None = None,
) -> dict[str, Any]:
    """Simulate all sizes; returns a record of plain numbers, each with its error."""
    from riskmodel.frontier import LEVEL, best_choice, frontier

    values, difference = _simulated(case, progress or (lambda done, total: None), simulate_range)
    choices = frontier(values, case.share)
    against = frontier(difference, case.share)
    best = [best_choice(values, case.share, appetite) for appetite in case.appetites]
    header = case.study.header
    return {
        "study": header.name,
        "title": header.title,
        "currency": header.currency,
        "strategy": case.strategy,
        "strategy_title": case.study.strategies[case.strategy].title,
        "baseline": header.baseline,
        "years": header.years,
        "price_year": header.price_year,
        "paths": case.paths,
        "seed": case.seed,
        "metric": case.metric,
        "tail_share": case.share,
        "level": LEVEL,
        "varied": [{"field": vary.field, "values": list(vary.values)} for vary in case.varied],
        "sizes": [
            {
                "values": [None if math.isnan(value) else value for value in size.values],
                "mean_eur": _plain(choice.mean),
                "cvar_eur": _plain(choice.cvar),
                "delta_npv_eur": _plain(delta.mean),
                "efficient": choice.efficient,
            }
            for size, choice, delta in zip(case.sizes, choices, against, strict=True)
        ],
        "best": [
            {
                "appetite": one.appetite,
                "size": one.choice,
                "score_less_best_eur": [_plain(each) for each in one.score],
                "mean_less_best_eur": [_plain(each) for each in one.mean],
                "cvar_less_best_eur": [_plain(each) for each in one.cvar],
                "told_apart": one.told_apart,
            }
            for one in best
        ],
    }


def _simulated(
    case: Case, tell: Callable[[int, int], object], simulate_range: Callable[..., RangeResult] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n_paths, n_sizes) of the metric, and of the NPV less the baseline's."""
    from riskmodel.variants import evaluate

    total = case.paths * len(case.sizes)
    values, differences = [], []
    for first in range(0, len(case.sizes), SIDE_BY_SIDE):
        group = case.sizes[first : first + SIDE_BY_SIDE]
        study, names = _side_by_side(case, group)
        before = case.paths * first

        def told(done: int, _: int, before: int = before, n: int = len(group)) -> None:
            tell(before + done * n, total)

        found = evaluate(study, case.seed, case.paths, simulate_range=simulate_range, progress=told)
        for name in names:
            values.append(np.asarray(found.of(name, case.metric), dtype=np.float64))
            differences.append(np.asarray(found.of(name, "delta_npv_eur"), dtype=np.float64))
    return np.column_stack(values), np.column_stack(differences)


def _side_by_side(case: Case, group: Sequence[Size]) -> tuple[Study, list[str]]:
    """A study whose strategies are the baseline and these sizes."""
    baseline = case.study.header.baseline
    names = [f"size_{k}" for k in range(len(group))]
    strategies = {baseline: case.study.strategies[baseline]}
    strategies |= {name: size.study.strategies[case.strategy] for name, size in zip(names, group, strict=True)}
    return case.study.model_copy(update={"strategies": strategies, "claims": None}), names


def _plain(estimate: Estimate) -> dict[str, float | None]:
    error = estimate.standard_error
    return {"value": estimate.value, "standard_error": error if math.isfinite(error) else None}

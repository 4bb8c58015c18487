"""Which inputs the spread of a result comes from: read from the paths of a finished run, nothing is simulated again.

For each uncertain input: its first-order effect (`distributions.given_data`), its total effect with the interactions
that a fitted surrogate finds (`distributions.chaos`), and the result near the input's P10 and P90. What the surrogate
says of independent inputs is taken off first: that changes no first-order effect and no swing, only their errors.
Inputs that are drawn together (a correlation of the study, the parameters of one fitted record) have one total effect,
that of their set; it is given beside each of them.

Shares are of the whole variance between paths, chance included. What chance does by itself is taken from the paths
that were simulated again (`riskmodel.variance_split`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distributions.chaos import Surrogate, fit_surrogate
from distributions.estimate import Estimate, mean
from distributions.given_data import first_order, is_few
from riskmodel.currency import INSIDE, inside
from riskmodel.input_groups import GROUPS, group_of, tied_names

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.results import Results

__all__ = ["LEAST_PATHS", "Input", "MetricError", "Sensitivity", "Swing", "metric_values", "sensitivity"]

Array = NDArray[np.float64]

LEAST_PATHS = 200
DRAWN = "scalar:"
LOW, HIGH, HALF_WINDOW = 0.10, 0.90, 0.05
"""Shares of the paths below the P10 and P90 of an input, and how far around them a path is near."""
ABOUT_BOTH = ("delta", "avoided", "payback", "early", "irr", "mirr", "best", "regret")
"""Parts of the names of results that depend on the inputs of the baseline, too."""
COMPARED = re.compile(r"\s*([A-Za-z][\w:]*)\s*(<=|<|>=|>)\s*([-+0-9.eE]+)\s*")


class MetricError(ValueError):
    """A result that is not there, or cannot be analysed; the message says what to type."""


class Input(NamedTuple):
    """One uncertain input: its name (stream), group, unit, and values on the paths, (n_paths,) float64."""

    name: str
    group: str
    unit: str
    values: Array


class Swing(NamedTuple):
    """Mean result on the paths near an input's P10 and P90, less that of all paths; the other inputs taken off.

    `p10`, `p90` are the input's own values there; for an input of classes, its lowest and its highest.
    """

    p10: float
    p90: float
    at_p10: Estimate
    at_p90: Estimate


@dataclass(frozen=True)
class Effect:
    """What one input does: first-order share with its 95 % band, total share of its set, and swing."""

    input: Input
    first: Estimate
    low: float
    high: float
    total: Estimate
    tied_to: tuple[str, ...]
    swing: Swing


@dataclass(frozen=True)
class Sensitivity:
    """Effects of all inputs on one result of one strategy, largest first.

    Attributes
    ----------
    metric, strategy, unit : str
    value : Estimate, mean of the result (its share, for a comparison)
    sd : float, spread between paths
    effects : tuple of Effect
    groups : tuple of (group, own effect, total effect)
    chance : Estimate or None, share of the variance that no input decides, where the run tells it
    r2 : float, share of the variance of unseen paths that the surrogate explains
    """

    metric: str
    strategy: str
    unit: str
    value: Estimate
    sd: float
    effects: tuple[Effect, ...]
    groups: tuple[tuple[str, Estimate, Estimate], ...]
    chance: Estimate | None
    r2: float


def sensitivity(results: Results, metric: str, strategy: str, paths: pd.DataFrame | None = None) -> Sensitivity:
    """Effects of the uncertain inputs on a result.

    Parameters
    ----------
    results : Results, of a finished run
    metric : str
        Column of paths.parquet, or one compared with a number, e.g. `payback_simple_years < 5`: the share of paths.
    strategy : str
    paths : DataFrame, optional
        `results.paths`, where it was read already.

    Raises
    ------
    MetricError
        For an unknown result, one that is the same on all paths, or too few paths.
    """
    table = results.paths if paths is None else paths
    if results.currency != INSIDE:
        table, metric = (
            table.rename(columns=lambda name: inside(name, results.currency)),
            inside(metric, results.currency),
        )
    if results.n_paths < LEAST_PATHS:
        raise MetricError(f"{results.folder}: {results.n_paths} paths are too few; run at least {LEAST_PATHS}")
    column, y = metric_values(results, table, metric, strategy)
    compared = COMPARED.fullmatch(metric)
    metric = f"{column} {compared[2]} {compared[3]}" if compared else column
    if np.ptp(y) == 0.0:
        raise MetricError(
            f"{metric} of {strategy}: {y[0]:.6g} on every path, so nothing can be said of what it depends on"
        )
    inputs = _inputs(results, table, column, strategy)
    blocks = _blocks(results, inputs)
    surrogate = fit_surrogate([np.column_stack([inputs[k].values for k in block]) for block in blocks], y)
    effects = _effects(inputs, blocks, surrogate, y)
    found = _grouped(inputs, blocks)
    both = surrogate.effects(list(found.values()))
    unit = "" if compared else _unit(column)
    return Sensitivity(
        metric=metric,
        strategy=strategy,
        unit=unit,
        value=mean(y, unit),
        sd=float(y.std(ddof=1)),
        effects=tuple(sorted(effects, key=lambda effect: -max(effect.first.value, 0.0))),
        groups=tuple((name, own, total) for name, (own, total) in zip(found, both, strict=True)),
        chance=results.estimate(strategy, f"{column}:variance_share_chance") if column == metric else None,
        r2=surrogate.r2_other_paths,
    )


def metric_values(results: Results, table: pd.DataFrame, metric: str, strategy: str) -> tuple[str, Array]:
    """Column that a result is about, and its values on the paths, (n_paths,): 0 or 1 for a comparison."""
    if strategy not in results.strategy_names:
        raise MetricError(f"no strategy {strategy!r}: type one of {', '.join(results.strategy_names)}")
    match = COMPARED.fullmatch(metric)
    name = match[1] if match else metric.strip()
    known = [str(c) for c in table.columns if not str(c).startswith(DRAWN) and str(c) not in ("path", "strategy")]
    found = [c for c in known if name in (c, _short(c))]
    if not found:
        from riskmodel.study.problems import nearest

        near = nearest(name, [*known, *(_short(c) for c in known)])
        text = f"did you mean {near}?" if near else f"type one of {', '.join(known)}"
        raise MetricError(f"no result {name!r} in {results.folder}: {text}")
    index, count = results.strategy_names.index(strategy), len(results.strategy_names)
    values = np.asarray(table[found[0]].to_numpy(), dtype=np.float64).reshape(-1, count)[:, index]
    if np.isnan(values).any():
        share = float(np.isnan(values).mean())
        raise MetricError(
            f"{name} of {strategy} is not defined on {share:.1%} of the paths"
            + ("; it is the baseline" if strategy == results.baseline else "; compare it with a number, e.g. < 5")
        )
    if match:
        return found[0], _compared(values, match[2], match[3])
    if np.isinf(values).any():
        raise MetricError(
            f"{name} of {strategy} is infinite on {float(np.isinf(values).mean()):.1%} of the paths; "
            f'ask for the share paid back by a date, e.g. "{name} < 5"'
        )
    return found[0], values


def _compared(values: Array, sign: str, number: str) -> Array:
    try:
        limit = float(number)
    except ValueError:
        raise MetricError(f"{number!r} is no number; type e.g. payback_simple_years < 5") from None
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[sign]
    return np.asarray(compare(values, limit), dtype=np.float64)


def _short(column: str) -> str:
    return re.sub(r"_(eur|usd|cny)(_per_year)?$", "", column)


def _unit(column: str) -> str:
    match = re.search(r"_(eur|usd|cny)(_per_year)?$", column)
    if match:
        return match[1].upper() + ("/year" if match[2] else "")
    return "years" if column.endswith("_years") else ""


def _inputs(results: Results, table: pd.DataFrame, column: str, strategy: str) -> list[Input]:
    """Inputs that differ between paths and that the result can depend on."""
    names, count = results.strategy_names, len(results.strategy_names)
    owners = [strategy] + ([results.baseline] if any(part in column for part in ABOUT_BOTH) else [])
    units = {leaf.stream_name: str(leaf.extra.get("unit", "")) for leaf in results.study.leaves()}
    found = []
    for key in (str(c) for c in table.columns if str(c).startswith(DRAWN)):
        name = key.removeprefix(DRAWN)
        if name.startswith("cells.") and name.removeprefix("cells.") not in owners:
            continue
        values = np.asarray(table[key].to_numpy(), dtype=np.float64).reshape(-1, count)
        for owner in owners:
            mine = np.ascontiguousarray(values[:, names.index(owner)])
            if not np.isnan(mine).any() and np.ptp(mine) > 0.0:
                found.append(Input(name, group_of(name), units.get(name, ""), mine))
                break
    if not found:
        raise MetricError(f"{results.folder}: no input of {strategy} differs between paths")
    return found


def _blocks(results: Results, inputs: list[Input]) -> list[list[int]]:
    """Places of the inputs of each set that is drawn together; most sets are of one."""
    tied = tied_names(results.study)
    keys: dict[tuple[str, str], list[int]] = {}
    for k, one in enumerate(inputs):
        place = next((j for j, names in enumerate(tied) if one.name in names), None)
        keys.setdefault(("alone", one.name) if place is None else ("tied", str(place)), []).append(k)
    return list(keys.values())


def _grouped(inputs: list[Input], blocks: list[list[int]]) -> dict[str, list[int]]:
    """Blocks of each group; inputs of several groups that are drawn together make one of their own."""
    found: dict[str, list[int]] = {name: [] for name in GROUPS}
    for b, block in enumerate(blocks):
        names = [name for name in GROUPS if any(inputs[k].group == name for k in block)]
        found.setdefault(" with ".join(names), []).append(b)
    return {name: members for name, members in found.items() if members}


def _effects(inputs: list[Input], blocks: list[list[int]], surrogate: Surrogate, y: Array) -> list[Effect]:
    totals = surrogate.effects([[b] for b in range(len(blocks))])
    found = []
    for b, block in enumerate(blocks):
        alone = surrogate.without([b])
        for k in block:
            first = first_order(inputs[k].values, y, alone)
            if first is None:
                continue
            tied = tuple(inputs[j].name for j in block if j != k)
            swing = _swing(inputs[k].values, alone)
            found.append(Effect(inputs[k], first.share, first.low, first.high, totals[b][1], tied, swing))
    return found


def _swing(x: Array, y: Array) -> Swing:
    """See `Swing`; y without what other inputs do, as far as the surrogate knows it, so that its errors are small."""
    centre = float(y.mean())

    def at(chosen: NDArray[np.bool_]) -> Estimate:
        if int(chosen.sum()) < 2:
            return Estimate(math.nan, math.inf, int(chosen.sum()))
        return mean(y[chosen] - centre)

    if is_few(x):
        low, high = float(x.min()), float(x.max())
        return Swing(low, high, at(x == low), at(x == high))
    rank = np.argsort(np.argsort(x, kind="stable"), kind="stable") / (x.size - 1.0)
    low, high = (float(np.quantile(x, share)) for share in (LOW, HIGH))
    near = [np.abs(rank - share) <= HALF_WINDOW for share in (LOW, HIGH)]
    return Swing(low, high, at(near[0]), at(near[1]))


def plain(found: Sensitivity) -> dict[str, Any]:
    """The same as plain numbers, for JSON."""

    def number(estimate: Estimate | None) -> dict[str, float | None] | None:
        if estimate is None:
            return None
        value, error = estimate.value, estimate.standard_error
        return {
            "value": value if math.isfinite(value) else None,
            "standard_error": error if math.isfinite(error) else None,
        }

    return {
        "metric": found.metric,
        "strategy": found.strategy,
        "unit": found.unit,
        "mean": number(found.value),
        "sd": found.sd,
        "chance": number(found.chance),
        "surrogate_r2_other_paths": found.r2,
        "groups": [{"group": name, "own": number(own), "total": number(total)} for name, own, total in found.groups],
        "inputs": [
            {
                "input": effect.input.name,
                "group": effect.input.group,
                "unit": effect.input.unit,
                "first_order": number(effect.first),
                "first_order_low": effect.low,
                "first_order_high": effect.high,
                "total_of_set": number(effect.total),
                "tied_to": list(effect.tied_to),
                "p10": effect.swing.p10,
                "p90": effect.swing.p90,
                "change_at_p10": number(effect.swing.at_p10),
                "change_at_p90": number(effect.swing.at_p90),
            }
            for effect in found.effects
        ],
    }

"""What storage is worth and what is left of it: the numbers behind the command ``storage``.

The sizes that are compared are strategies of one study, so the engine walks them side by side on the same weather,
prices, outages and drawn inputs. The value of a step between two sizes is the mean of the differences path by path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from studies.storage_sizes import AS_TYPED, LADDERS, LAST, Size, storage_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from distributions.estimate import Estimate
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Storage, Study

__all__ = ["PARTS", "Case", "compare"]

CAPACITY_YEARS = (10, 15)
BAND = (0.05, 0.95)
PATHS_PER_RANGE = 512
MONTHS_PER_YEAR = 12
FLEETS, FLEET_YEARS, ROWS, MOST_FAILED = 400, 10, 5, 3
STRING_PATHS, STRING_YEARS, MOST_STRING_CABINETS = 1000, 15, 20
PARTS = ("bought", "serviced", "energy", "downtime", "demand_response")
"""Parts of a step's value: price, replacement and additions of cabinets; service, repair and fire; all energy money;
downtime losses; demand response."""


class Case(NamedTuple):
    """What is compared.

    Attributes
    ----------
    study : Study, its strategies are `sizes` by name and the last one never renews its cells
    strategy : str, name in the user's study
    sizes : tuple of Size
    paths, seed : int
    """

    study: Study
    strategy: str
    sizes: tuple[Size, ...]
    paths: int
    seed: int

    @property
    def storage(self) -> Storage:
        """Storage as the user typed it."""
        return storage_of(self.study, AS_TYPED)


class _Paths(NamedTuple):
    """Of every path: money by size and part, capacity by year, the law of its cells, shares of cabinet-days down.

    Attributes
    ----------
    npv : (n, sizes) [EUR]; parts : (n, sizes, parts) [EUR], discounted
    capacity : (n, years); law : (n,); down, days : (n,) cabinet-days that were down, and all, once in service
    """

    npv: NDArray[np.float64]
    parts: NDArray[np.float64]
    capacity: NDArray[np.float64]
    law: NDArray[np.float64]
    down: NDArray[np.float64]
    days: NDArray[np.float64]


def compare(
    case: Case,
    progress: Callable[[int, int], object] | None = None,
    simulate_range: Callable[..., RangeResult] | None = None,
) -> dict[str, Any]:
    """Simulate a case; returns a record of plain numbers, each simulated one with its error.

    Parameters
    ----------
    case : Case
    progress : callable
        Called as progress(done_paths, total_paths).
    simulate_range : callable
        Stand-in for `riskmodel.engine.simulate_range`.
    """
    if simulate_range is None:
        from riskmodel.engine import simulate_range as simulate
    else:
        simulate = simulate_range
    tell = progress or (lambda done, total: None)
    found = _simulate(case, simulate, tell)
    header, storage = case.study.header, case.storage
    return {
        "study": header.name,
        "title": header.title,
        "strategy": case.strategy,
        "strategy_title": case.study.strategies[AS_TYPED].title,
        "price_year": header.price_year,
        "years": header.years,
        "discount_rate_real": float(header.discount_rate_real.mean()),
        "paths": case.paths,
        "seed": case.seed,
        "cabinet_power_kw": storage.cabinet_power_kw,
        "cabinet_energy_kwh": storage.cabinet_energy_kwh,
        "mean_capex_eur_per_kwh": float(storage.capex_eur_per_kwh.mean()),
        "steps": {ladder: _steps(case, found, ladder) for ladder in LADDERS},
        "capacity": _capacity(header.years, found),
        "capacity_by_year": _capacity_by_year(found),
        "availability": _availability(case, found),
        "strings": _strings(case),
    }


def _simulate(case: Case, simulate: Callable[..., RangeResult], tell: Callable[[int, int], object]) -> _Paths:
    parts = []
    tell(0, case.paths)
    for first in range(0, case.paths, PATHS_PER_RANGE):
        n = min(PATHS_PER_RANGE, case.paths - first)
        parts.append(_of_range(case, simulate(case.study, case.seed, first, n)))
        tell(first + n, case.paths)
    return _Paths(*(np.concatenate([part[k] for part in parts]) for k in range(len(_Paths._fields))))


def _of_range(case: Case, result: RangeResult) -> _Paths:
    from distributions.clock import DAYS_PER_YEAR
    from riskmodel.ledger import DEMAND_LINES, DOWNTIME_LINES, ENERGY_LINES, N_LINES, Draws, Line, build_ledger, sum_of
    from riskmodel.measures import Terms
    from riskmodel.quantities import Quantity

    n_sizes, terms = len(case.sizes), Terms.of(case.study, Draws(case.study, result))
    ledger = build_ledger(case.study, result)[:, :n_sizes]
    lines = (
        (Line.STORAGE_CAPEX, Line.STORAGE_REPLACEMENT, Line.STORAGE_EXPANSION),
        (Line.MAINTENANCE, Line.STORAGE_REPAIR, Line.STORAGE_FIRE),
        ENERGY_LINES,
        DOWNTIME_LINES,
        DEMAND_LINES,
    )
    own, typed = result.annual[:, -1], result.annual[:, result.strategy_names.index(AS_TYPED)]
    storage = case.storage
    added = np.add.accumulate(typed[..., Quantity.CABINETS_ADDED], axis=1)
    cabinets = storage.cabinets + np.concatenate([np.zeros((result.n_paths, 1)), added[:, :-1]], axis=1)
    months = result.scalars[f"strategies.{AS_TYPED}.connection.time_to_power_months"]
    # only years that are wholly in service
    served = np.arange(cabinets.shape[1]) * MONTHS_PER_YEAR >= months[:, None]
    return _Paths(
        terms.npv(sum_of(ledger, range(N_LINES))),
        np.stack([terms.npv(sum_of(ledger, part)) for part in lines], axis=-1),
        own[..., Quantity.CAPACITY_LEFT],
        _laws_of_paths(case, result),
        (typed[..., Quantity.DOWN_CABINET_DAYS] * served).sum(axis=1),
        (cabinets * served).sum(axis=1) * DAYS_PER_YEAR,
    )


def _laws_of_paths(case: Case, result: RangeResult) -> NDArray[np.float64]:
    """`CellCode` of each path's cells: drawn, or the one that the study names."""
    from riskmodel.ageing_choice import codes_used

    drawn = result.scalars.get(f"cells.{LAST}")
    return np.full(result.n_paths, float(codes_used(case.storage.ageing_law)[0])) if drawn is None else drawn


def _steps(case: Case, found: _Paths, ladder: str) -> list[dict[str, Any]]:
    """Each size less the next smaller one of its ladder, the first less none, per MWh added."""
    from distributions.estimate import difference

    rows, before = [], 0
    for k, size in enumerate(case.sizes):
        if size.ladder != ladder:
            continue
        smaller = case.sizes[before]
        added = size.energy_mwh - smaller.energy_mwh
        parts = (found.parts[:, k] - found.parts[:, before]) / added
        row = {
            "size": size.label,
            "from": smaller.label,
            "cabinets": size.cabinets,
            "energy_mwh": size.energy_mwh,
            "added_mwh": added,
            "npv_eur_per_mwh": _plain(difference(found.npv[:, k] / added, found.npv[:, before] / added)),
            **{f"{name}_eur_per_mwh": _plain(_mean(parts[:, j])) for j, name in enumerate(PARTS)},
            "npv_positive_share": _plain(_share(found.npv[:, k] > found.npv[:, before])),
            "benefit_per_cost": _plain(_ratio(parts[:, 2:].sum(axis=1), -parts[:, :2].sum(axis=1))),
        }
        rows.append(row)
        before = k
    return rows


def _mean(values: NDArray[np.float64]) -> Estimate:
    from distributions.estimate import mean

    return mean(values)


def _share(flags: NDArray[np.bool_]) -> Estimate:
    from distributions.estimate import probability

    return probability(flags)


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> Estimate:
    """Ratio of two means of paired values, error by the delta method."""
    from distributions.estimate import Estimate, mean

    below = mean(under).value
    ratio = mean(over).value / below
    return Estimate(ratio, mean((over - ratio * under) / below).standard_error, over.size)


def _laws(found: _Paths) -> list[tuple[str, NDArray[np.bool_]]]:
    """Name and paths of every law that was drawn, then of all together."""
    from distributions.cells.codes import CellCode

    each = [(code.name.lower(), found.law == code) for code in CellCode if np.any(found.law == code)]
    return [*each, ("all", np.ones(found.law.size, np.bool_))]


def _capacity(years: int, found: _Paths) -> list[dict[str, Any]]:
    """Usable share of new energy after 10 and 15 years in service, by law and over all paths."""
    from distributions.estimate import quantile

    rows = []
    for year in [year for year in CAPACITY_YEARS if year <= years] or [years]:
        for name, mine in _laws(found):
            left = found.capacity[mine, year - 1]
            low, high = (quantile(left, share) for share in BAND)
            rows.append(
                {
                    "law": name,
                    "years_in_service": year,
                    "paths": int(left.size),
                    "mean": _plain(_mean(left)),
                    "p5": _plain(low),
                    "p95": _plain(high),
                }
            )
    return rows


def _capacity_by_year(found: _Paths) -> dict[str, dict[str, list[float]]]:
    """Mean and band of every year, for the figure: a new store is in year 0."""
    out = {}
    for name, mine in _laws(found):
        left = np.concatenate([np.ones((int(mine.sum()), 1)), found.capacity[mine]], axis=1)
        low, high = np.quantile(left, BAND, axis=0)
        out[name] = {"mean": left.mean(axis=0).tolist(), "p5": low.tolist(), "p95": high.tolist()}
    return out


def _availability(case: Case, found: _Paths) -> dict[str, Any] | None:
    """Share of time by cabinets out; None where the study does not simulate failures."""
    from riskmodel.cabinet_markov import independent_shares, simulated_shares
    from riskmodel.cabinet_tables import cabinet_numbers

    storage = case.storage
    if storage.availability is None:
        return None
    numbers, n = cabinet_numbers(storage.availability), storage.cabinets
    rows = min(ROWS, n + 1)
    simulated = simulated_shares(numbers, n, rows, years=FLEET_YEARS, paths=FLEETS, seed=case.seed)
    exact, coarser = _exact(numbers, n, rows)
    unlimited = independent_shares(numbers, n, rows)
    served = found.days > 0.0
    return {
        "cabinets": n,
        "fleets": FLEETS,
        "years": FLEET_YEARS,
        "exact_most_failed": min(MOST_FAILED, n) if exact else None,
        "rows": [
            {
                "out": k,
                "or_more": k == rows - 1,
                "simulated": _plain(simulated[k]),
                "exact": exact[k] if exact else None,
                "cut_changes": abs(exact[k] - coarser[k]) if exact else None,
                "unlimited_crews": float(unlimited[k]),
            }
            for k in range(rows)
        ],
        "down_in_lifetimes": _plain(_ratio(found.down[served], found.days[served])) if served.any() else None,
    }


def _exact(numbers: NDArray[np.float64], n: int, rows: int) -> tuple[list[float], list[float]]:
    """The chain's own law, and with one failed cabinet fewer at most: what the cut does. Empty if it is too large."""
    from riskmodel.cabinet_markov import TooManyStates, exact_shares

    try:
        most = min(MOST_FAILED, n)
        cuts = (most, most if most == n else most - 1)  # all cabinets: nothing is cut
        best, coarser = (exact_shares(numbers, n, rows, most_failed=cut).tolist() for cut in cuts)
    except TooManyStates:
        return [], []
    return best, coarser


def _strings(case: Case) -> dict[str, Any]:
    """One converter per string against one for all, for the catalogue's cabinet closest in energy."""
    from riskmodel.catalogue import cabinets
    from studies.strings_study import Case as StringCase
    from studies.strings_study import compare as compare_strings

    storage = case.storage
    nearest = min(cabinets().values(), key=lambda c: abs(c.value("energy_kwh") - storage.cabinet_energy_kwh))
    return compare_strings(
        StringCase(
            cabinet=nearest,
            law="blast_lfp_250ah",
            spreads=(1.0,),
            years=STRING_YEARS,
            cycles_per_day=1.0,
            in_parallel=max(2, min(storage.cabinets, MOST_STRING_CABINETS)),
            swap_years=5,
            swap_share=0.1,
            paths=min(max(case.paths, 2), STRING_PATHS),
            seed=case.seed,
        )
    )


def _plain(estimate: Estimate) -> dict[str, float | None]:
    """Value and error; None for an error that cannot be told: the sample is too small, or it was never seen."""
    error = estimate.standard_error
    known = math.isfinite(error) and not (estimate.value == 0.0 and error == 0.0)
    return {"value": estimate.value, "standard_error": error if known else None}

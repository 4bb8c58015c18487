"""String against central converters: the numbers behind the command ``strings``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from distributions.cell_spread import Spread
    from distributions.estimate import Estimate
    from riskmodel.ageing import Duty
    from riskmodel.architecture import Group
    from riskmodel.catalogue import Cabinet

__all__ = ["Case", "compare", "duty_of"]

TEMPERATURE_C = 25.0
LOW, HIGH = 0.1, 0.9
"""Window of the state of charge, that of the published test points."""
BAND_YEARS = (10, 15)
BAND = (0.05, 0.95)
MOST_ROWS = 4


class Case(NamedTuple):
    """What is compared.

    Attributes
    ----------
    cabinet : Cabinet
    law : str, name of an ageing law
    spreads : tuple of float, multiples of the published spread
    years, in_parallel, swap_years, paths, seed : int
    cycles_per_day, swap_share : float
    """

    cabinet: Cabinet
    law: str
    spreads: tuple[float, ...]
    years: int
    cycles_per_day: float
    in_parallel: int
    swap_years: int
    swap_share: float
    paths: int
    seed: int

    @property
    def group(self) -> Group:
        """Strings and modules of all cabinets together."""
        from riskmodel.architecture import Group

        strings = self.in_parallel * int(self.cabinet.value("strings_per_cabinet"))
        return Group(strings, int(self.cabinet.value("modules_per_string")))


def duty_of(cabinet: Cabinet, cycles_per_day: float) -> Duty:
    """Cycles from 10 to 90 % of charge at the cabinet's full power and 25 deg C.

    Raises
    ------
    ValueError
        If so many cycles do not fit in a day.
    """
    from riskmodel.ageing import cycling_duty

    c_rate = cabinet.value("power_kw") / cabinet.value("energy_kwh")
    return cycling_duty(TEMPERATURE_C, LOW, HIGH, c_rate, cycles_per_day)


def compare(case: Case) -> dict[str, Any]:
    """Simulate a case under each spread; returns a record of plain numbers, each simulated one with its error."""
    from distributions.cell_spread import PUBLISHED
    from distributions.cells import LAWS
    from riskmodel.architecture import yearly_losses

    duty = duty_of(case.cabinet, case.cycles_per_day)
    losses = yearly_losses(LAWS[case.law], duty, case.years)
    return {
        "cabinet": case.cabinet.name,
        "title": case.cabinet.title,
        "energy_kwh": case.cabinet.value("energy_kwh"),
        "law": case.law,
        "law_title": LAWS[case.law].title,
        "years": case.years,
        "cycles_per_day": case.cycles_per_day,
        "temperature_c": TEMPERATURE_C,
        "state_of_charge": [LOW, HIGH],
        "cabinets_in_parallel": case.in_parallel,
        **case.group._asdict(),
        "swap_every_years": case.swap_years,
        "swap_modules": round(case.swap_share * case.group.strings * case.group.modules_per_string),
        "paths": case.paths,
        "seed": case.seed,
        "published_spread": PUBLISHED._asdict(),
        "no_spread_kwh": [case.cabinet.value("energy_kwh") * (1.0 - loss) for loss in losses.tolist()],
        "spreads": [_one_spread(case, losses, factor) for factor in case.spreads],
        "ageing": _ageing(case, duty),
        "availability": _availability(case),
    }


def _one_spread(case: Case, losses: np.ndarray, factor: float) -> dict[str, Any]:
    from distributions.cell_spread import PUBLISHED
    from distributions.estimate import difference, mean
    from riskmodel.architecture import CARES, Swaps, simulate_group

    spread, swaps = PUBLISHED.scaled(factor), Swaps(case.swap_years, case.swap_share)
    usable = simulate_group(case.group, losses, spread, swaps, case.paths, case.seed)
    kwh = case.cabinet.value("energy_kwh")
    found: dict[str, Any] = {"spread": factor, "string": {}, "central": {}, "string_minus_central": {}}
    totals = {name: _lifetime_mwh(case, getattr(usable, name)) for name in ("string", "central")}
    for k, care in enumerate(CARES):
        a, b = usable.string[:, k], usable.central[:, k]
        for name, values in (("string", a), ("central", b), ("string_minus_central", a - b)):
            total = totals["string"][:, k] - totals["central"][:, k] if name not in totals else totals[name][:, k]
            found[name][care] = {
                "usable_kwh": [_plain(mean(column * kwh, "kWh")) for column in values.T],
                "lifetime_mwh": _plain(mean(total, "MWh")),
            }
    for name, total in totals.items():
        gains = {CARES[k]: _plain(difference(total[:, k], total[:, 0], "MWh")) for k in (1, 2)}
        found[name]["recovered_mwh"] = gains
    found["exact_balanced_kwh"] = _exact(case, losses, spread)
    return found


def _exact(case: Case, losses: np.ndarray, spread: Spread) -> dict[str, list[float]]:
    """Order statistics without simulation, for balanced modules that share nothing in their string."""
    from distributions.cell_spread import expected_least

    kwh, group = case.cabinet.value("energy_kwh"), case.group
    sizes = {"string": group.modules_per_string, "central": group.modules_per_string * group.strings}
    return {name: [kwh * expected_least(n, loss, spread) for loss in losses.tolist()] for name, n in sizes.items()}


def _lifetime_mwh(case: Case, usable: np.ndarray) -> np.ndarray:
    """(n, cares) energy a cabinet gives over all years [MWh]: each cycle the window's part of what is usable."""
    from distributions.clock import DAYS_PER_YEAR, KWH_PER_MWH

    per_year = case.cabinet.value("energy_kwh") * (HIGH - LOW) * case.cycles_per_day * DAYS_PER_YEAR / KWH_PER_MWH
    return np.trapezoid(usable, axis=2) * per_year


def _ageing(case: Case, duty: Duty) -> list[dict[str, Any]]:
    """Capacity left by each law after 10 and 15 years, with the band of modules (exact) and of balanced strings."""
    from distributions.cell_spread import PUBLISHED, capacity_quantile
    from distributions.cells import LAWS
    from distributions.estimate import clustered_quantiles
    from riskmodel.architecture import Swaps, simulate_group, yearly_losses

    rows = []
    for name, law in LAWS.items():
        losses = yearly_losses(law, duty, max(BAND_YEARS))
        found = simulate_group(
            case.group, losses, PUBLISHED, Swaps(1, 0.0), case.paths, case.seed, keep_years=BAND_YEARS
        )
        for k, year in enumerate(BAND_YEARS):
            loss = float(losses[year])
            low, high = clustered_quantiles(found.by_string[:, :, k], list(BAND))
            rows.append(
                {
                    "law": name,
                    "year": year,
                    "law_capacity": 1.0 - loss,
                    "module_p5": capacity_quantile(BAND[0], loss, PUBLISHED),
                    "module_p95": capacity_quantile(BAND[1], loss, PUBLISHED),
                    "string_p5": _plain(low),
                    "string_p95": _plain(high),
                }
            )
    return rows


def _availability(case: Case) -> list[dict[str, Any]]:
    """Share of time with all cabinets working, all but one ...; central: strings behind one converter.

    The central converter is taken to be as reliable as a cabinet's; when it stands, nothing works.
    """
    from riskmodel.cabinet_availability import Failures, exact_shares, simulated_shares

    read = case.cabinet.value
    converter = Failures(read("converter_failures_per_year"), read("converter_repair_h"))
    battery = Failures(read("battery_failures_per_year"), read("battery_repair_h"))
    cabinet, rows = converter.together(battery), min(MOST_ROWS, case.in_parallel + 1)
    exact = exact_shares(case.in_parallel, cabinet, rows)
    found = simulated_shares(case.in_parallel, cabinet, rows, case.paths, case.seed)
    central = exact_shares(case.in_parallel, battery, rows) * converter.availability
    central[-1] += 1.0 - converter.availability
    return [
        {
            "out": k,
            "or_more": k == rows - 1,
            "exact": float(exact[k]),
            "simulated": _plain(found[k]),
            "central_exact": float(central[k]),
        }
        for k in range(rows)
    ]


def _plain(estimate: Estimate) -> dict[str, float | None]:
    """Value and error; None for an error that cannot be told: the sample is too small, or it was never seen."""
    error = estimate.standard_error
    known = math.isfinite(error) and not (estimate.value == 0.0 and error == 0.0)
    return {"value": estimate.value, "standard_error": error if known else None}

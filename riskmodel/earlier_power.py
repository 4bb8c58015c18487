"""What a month of earlier power is worth on each path, and what it would have to be worth for a payback by a date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from riskmodel.range_result import RangeResult
    from riskmodel.study import Study

__all__ = ["Published", "month_columns", "published_month"]

MONTHS_PER_YEAR = 12.0
WORTH, NEEDED, EARLIER = "early_power_eur_per_month", "early_power_needed_eur_per_month", "months_earlier"


class Published(NamedTuple):
    """Published figures of a study's claims: months of earlier power, what they must bring in all and each.

    Attributes
    ----------
    months : float
    total_eur : float, capex less what the energy saving pays back by the claimed date
    eur_per_month : float
    """

    months: float
    total_eur: float
    eur_per_month: float


def published_month(study: Study) -> Published | None:
    """What a month must bring by the published figures alone, undiscounted; None where one of them is missing.

    Examples
    --------
    >>> import studies
    >>> found = published_month(studies.load("nordic_inference"))
    >>> found.months, found.total_eur, round(found.eur_per_month)
    (14.0, 1950000.0, 139286)
    """
    from riskmodel.claims import implied

    c = study.claims
    if c is None or c.months is None or c.baseline_months is None or c.payback_years_below is None:
        return None
    saving = implied(study).saving_eur_per_year
    months = c.baseline_months - c.months
    if saving is None or c.capex_eur is None or months <= 0.0:
        return None
    total = c.capex_eur - c.payback_years_below * saving
    return Published(months, total, total / months)


def month_columns(
    study: Study, result: RangeResult, ledger: NDArray[np.float64], years: float
) -> dict[str, NDArray[Any]]:
    """Columns for `riskmodel.variants.evaluate`, (n_paths, n_strategies); NaN where power is not earlier.

    Parameters
    ----------
    study, result, ledger : as there
    years : float
        Date of the payback, from the decision.

    Returns
    -------
    dict
        `months_earlier` than the baseline; `early_power_eur_per_month`, all that earlier power brings, energy taken off
        and undiscounted, over these months; `early_power_needed_eur_per_month`, what it must be for the stand-alone
        flow to reach zero by the date. All money that earlier power brings must come before it.
    """
    from riskmodel.ledger import Draws, sum_of, with_early_power
    from riskmodel.path_tables import benefit_flows

    base = result.strategy_names.index(study.header.baseline)
    early = with_early_power(study, result, ledger)
    without = benefit_flows(ledger, base)[0] - (early if study.cluster.gpus_without_power == "wait" else 0.0)
    draws = Draws(study, result)
    starts = [draws(f"strategies.{name}.connection.time_to_power_months") for name in result.strategy_names]
    months = np.column_stack([starts[base] - start for start in starts])
    last = min(int(years), study.header.years)
    paid = sum_of(without, range(last + 1))
    if last < study.header.years:
        paid = paid + (years - last) * without[..., last + 1]
    earlier = np.where(months > 0.0, months, np.nan)
    return {
        EARLIER: months,
        WORTH: sum_of(early, range(early.shape[-1])) / earlier,
        NEEDED: np.maximum(-paid, 0.0) / earlier,
    }

"""Demand charges of two-part tariffs: by the maximum demand of each month, or by a capacity fixed in a contract.

By contract, a month is charged for the contracted capacity; power above the allowance over it is charged at a factor
of the rate. The cost of a year is convex and piecewise linear in the contracted capacity, so the best one is one of the
kinks: a monthly peak over the allowance, or zero.
"""

import numpy as np

__all__ = ["best_contracted_capacity_kw", "contracted_capacity_charge", "maximum_demand_charge"]


def maximum_demand_charge(monthly_peak_kw: np.ndarray, rate_per_kw_month: float) -> np.ndarray | float:
    """Charge of a year by the maximum demand of each month.

    Parameters
    ----------
    monthly_peak_kw : (..., 12) float64 [kW]
        Highest mean power of each month.
    rate_per_kw_month : float
        In the currency of the tariff.

    Returns
    -------
    (...) float64
        Per year, in the currency of the rate.
    """
    return rate_per_kw_month * np.asarray(monthly_peak_kw, np.float64).sum(axis=-1)


def contracted_capacity_charge(
    monthly_peak_kw: np.ndarray,
    contracted_kw: np.ndarray | float,
    rate_per_kw_month: float,
    excess_allowance: float = 1.0,
    excess_factor: float = 2.0,
) -> np.ndarray | float:
    """Charge of a year by contracted capacity, with a dearer excess.

    Parameters
    ----------
    monthly_peak_kw : (..., 12) float64 [kW]
    contracted_kw : (...) float64 [kW]
        One for the whole year.
    rate_per_kw_month : float
    excess_allowance : float
        Power up to this multiple of the contract is no excess; 1 or more.
    excess_factor : float
        What is above costs this multiple of the rate; 1 or more.

    Returns
    -------
    (...) float64
        Per year, in the currency of the rate.
    """
    peak = np.asarray(monthly_peak_kw, np.float64)
    contract = np.asarray(contracted_kw, np.float64)
    excess = np.maximum(peak - excess_allowance * contract[..., None], 0.0).sum(axis=-1)
    return rate_per_kw_month * (peak.shape[-1] * contract + excess_factor * excess)


def best_contracted_capacity_kw(
    monthly_peak_kw: np.ndarray, excess_allowance: float = 1.0, excess_factor: float = 2.0
) -> np.ndarray | float:
    """Contracted capacity with the lowest charge for these monthly peaks, the smallest where several are.

    Parameters
    ----------
    monthly_peak_kw : (..., 12) float64 [kW]
    excess_allowance, excess_factor : float
        As in `contracted_capacity_charge`.

    Returns
    -------
    (...) float64 [kW]

    Notes
    -----
    A kW more of contract costs 12 rates and saves allowance x factor rates in each month whose peak is above. With n
    months above it pays while n > 12 / (allowance x factor): the best contract reaches the month of that rank.
    """
    peak = np.sort(np.asarray(monthly_peak_kw, np.float64), axis=-1)
    months = peak.shape[-1]
    # months whose excess is worth paying; the guard keeps 12 / (1.5 x 2) = 4.000...1 from counting as 5
    paid = int(np.floor(months / (excess_allowance * excess_factor) + 1e-9))
    if paid >= months:
        return np.zeros(peak.shape[:-1])[()]
    return peak[..., months - 1 - paid] / excess_allowance

"""Pack an outage parameter file for the kernels: season, weather normalisation, gamma quantiles, tolerance curve."""

import numpy as np

from distributions.laws import from_spec
from distributions.outages import FAMILIES, OutageTables

GAMMA_KNOTS = 1025


def gamma_quantiles(shape: float) -> np.ndarray:
    """Quantiles of a gamma law of mean 1 on 1,025 equal steps of probability, rescaled to mean exactly 1.

    Parameters
    ----------
    shape : float, variance is 1 / shape; 0 means no mixing

    Returns
    -------
    (1025,) float64
        The last knot, infinite by law, is set so that the last cell has the law's mean.
    """
    if shape == 0.0:
        return np.ones(GAMMA_KNOTS)
    from scipy.special import gammainc, gammaincinv

    u = np.linspace(0.0, 1.0, GAMMA_KNOTS)
    x = np.empty(GAMMA_KNOTS)
    x[:-1] = gammaincinv(shape, u[:-1]) / shape
    # mean of the law beyond the last finite knot, spread linearly over the last cell
    beyond = (1.0 - gammainc(shape + 1.0, x[-2] * shape)) * (GAMMA_KNOTS - 1)
    x[-1] = max(2.0 * beyond - x[-2], x[-2])
    weights = np.full(GAMMA_KNOTS, 1.0 / (GAMMA_KNOTS - 1))
    weights[[0, -1]] *= 0.5
    return x / float(np.sum(weights * x))


def outage_tables(
    parameters: dict, regime_share_of_day: np.ndarray, month_of_day: np.ndarray, tolerance: np.ndarray
) -> OutageTables:
    """Arrays for `distributions.outages.year_events`.

    Parameters
    ----------
    parameters : dict of family -> rate_per_year, dispersion, month_weight, regime_multiplier, duration_s,
        residual_quantile
    regime_share_of_day : (365, 3) long-run share of each weather regime on each day of the year
    month_of_day : (365,) int
    tolerance : (n, 2) float64, by rising duration
        Up to this duration [s] the equipment does not notice a voltage down to this share of the nominal one.

    Returns
    -------
    OutageTables
        `day_weight` is normalised so that the long-run mean count of a family is its `rate_per_year`.
    """
    weights, multipliers, laws = [], [], []
    for name in FAMILIES:
        family = parameters[name]
        weight = np.asarray(family["month_weight"], dtype=np.float64)[month_of_day]
        multiplier = np.asarray(family["regime_multiplier"], dtype=np.float64)
        mean = float(np.mean(weight * (regime_share_of_day @ multiplier)))
        weights.append(weight / mean)
        multipliers.append(multiplier)
        code, *numbers = from_spec(family["duration_s"]).code()
        laws.append([float(code), *numbers])
    return OutageTables(
        np.array([parameters[n]["rate_per_year"] for n in FAMILIES], dtype=np.float64),
        np.array([gamma_quantiles(parameters[n]["dispersion"]) for n in FAMILIES]),
        np.array(weights),
        np.array(multipliers),
        np.array(laws),
        np.asarray(parameters["sag"]["residual_quantile"], dtype=np.float64),
        np.ascontiguousarray(tolerance, dtype=np.float64),
    )

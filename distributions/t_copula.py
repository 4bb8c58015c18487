"""Dependence between scalar inputs whose extremes come together: the t copula.

The Gaussian copula lets extremes come alone: however high the correlation (below 1), the chance that two quantities
are both beyond their 1-in-n level, given that one is, goes to zero as n grows. Under the t copula it goes to
`t_tail_dependence`.

Examples
--------
>>> f"{t_tail_dependence(0.5, 4.0):.3f}", f"{t_tail_dependence(0.0, 4.0):.3f}"
('0.253', '0.076')
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from distributions.dependence import HIGHEST, LOWEST, tied_scores
from distributions.laws_base import FloatArray

__all__ = ["FEWEST_DEGREES", "MOST_DEGREES", "t_cdf", "t_correlated_uniforms", "t_tail_dependence"]

FEWEST_DEGREES, MOST_DEGREES = 1.0, 1000.0
"""Degrees of freedom: at 1 the tails are Cauchy's, at 1000 the copula is Gaussian for all purposes."""


def t_correlated_uniforms(
    u: ArrayLike, mixing: ArrayLike, correlation: ArrayLike, degrees_of_freedom: float
) -> FloatArray:
    """Tie independent uniforms together by a t copula, whose extremes come together.

    All variables of a row share one draw of how far from the centre that row is, so none keeps its own draw, and two
    of correlation 0 are uncorrelated in their scores but not independent. Each alone stays uniform, exactly.

    Parameters
    ----------
    u : (n, k) float64
        Independent uniforms in (0, 1), one row a path.
    mixing : (n,) float64
        One more independent uniform a path; gives the chi-square by inversion.
    correlation : (k, k) float64
        Correlation of the normal scores before mixing; Kendall's tau is ``2 / pi * arcsin(correlation)``.
    degrees_of_freedom : float
        1 to 1000.

    Returns
    -------
    (n, k) float64
        Uniforms in (0, 1). A row depends on its own row of `u` and its own `mixing` alone.

    Raises
    ------
    ValueError
        As `correlated_uniforms`, or if `degrees_of_freedom` or the shape of `mixing` will not do.

    Sources
    -------
    Demarta, McNeil 2005, "The t copula and related copulas", International Statistical Review 73(1), 111-129,
    doi 10.1111/j.1751-5823.2005.tb00254.x.
    """
    from scipy.special import gammaincinv

    degrees = _degrees(degrees_of_freedom)
    uniforms, _, scores = tied_scores(u, correlation)
    shared = np.asarray(mixing, dtype=np.float64)
    if shared.shape != uniforms.shape[:1]:
        raise ValueError(f"mixing has shape {shared.shape}: must be ({uniforms.shape[0]},), one number a row of u")
    # SciPy's special functions walk element by element; division and square root are exactly rounded.
    chi_square = 2.0 * np.asarray(gammaincinv(0.5 * degrees, shared), dtype=np.float64)
    return np.clip(t_cdf(scores * np.sqrt(degrees / chi_square)[:, None], degrees), LOWEST, HIGHEST)


def t_cdf(t: ArrayLike, degrees_of_freedom: float) -> FloatArray:
    """Probability of at most `t` under Student's t law; any shape, accurate in the far lower tail."""
    from scipy.special import stdtr

    return np.asarray(stdtr(degrees_of_freedom, np.asarray(t, dtype=np.float64)), dtype=np.float64)


def t_tail_dependence(correlation: float, degrees_of_freedom: float) -> float:
    """Limit of the chance that one of two t-copula variables is beyond its 1-in-n level given that the other is.

    It is ``2 t_{v+1}(-sqrt((v + 1) (1 - r) / (1 + r)))``, the same for both ends.

    Sources
    -------
    Demarta, McNeil 2005, equation 10 (see `t_correlated_uniforms`).
    """
    if correlation <= -1.0:
        return 0.0
    v = _degrees(degrees_of_freedom)
    return float(2.0 * t_cdf(-math.sqrt((v + 1.0) * (1.0 - correlation) / (1.0 + correlation)), v + 1.0))


def _degrees(degrees_of_freedom: float) -> float:
    if not FEWEST_DEGREES <= degrees_of_freedom <= MOST_DEGREES:
        allowed = f"{FEWEST_DEGREES:g} to {MOST_DEGREES:g}"
        raise ValueError(f"degrees_of_freedom = {degrees_of_freedom:g}: must be {allowed}")
    return float(degrees_of_freedom)

"""Daily weather regime: how often each state occurs, and how intensities are normalised over the year.

The regime is a Markov chain of days whose transition matrix depends on the month of the day that is entered. Its
states are ``distributions.parameters.REGIMES``. It makes bad days come together: it multiplies outage intensity,
shifts the price level and dims the sky.
"""

import numpy as np

from distributions.clock import MONTH_OF_DAY, MONTHS_PER_YEAR

RETURN_YEARS = 4
"""Turns of the year after which the yearly cycle of shares has forgotten its start far below rounding."""


def transition_from_shares(share, mean_length_days):
    """Build the monthly transition matrices from the share of days in each special state and its mean length.

    A special state s is left for normal with probability 1/length; normal enters s with the probability that
    balances share[m, s] in the month. Special states never follow each other directly.

    Parameters
    ----------
    share : (12, n_states - 1) float64
        Share of days in each state but the first, by month.
    mean_length_days : (n_states - 1,) float64 [days]
        Mean length of a spell of each state but the first.

    Returns
    -------
    (12, n_states, n_states) float64
        transition[m, from, to], rows summing to 1.
    """
    share = np.asarray(share, dtype=np.float64)
    leave = 1.0 / np.asarray(mean_length_days, dtype=np.float64)
    count = share.shape[1] + 1
    transition = np.zeros((MONTHS_PER_YEAR, count, count))
    transition[:, 0, 1:] = share * leave / (1.0 - share.sum(axis=1, keepdims=True))
    transition[:, 0, 0] = 1.0 - transition[:, 0, 1:].sum(axis=1)
    for state in range(1, count):
        transition[:, state, 0] = leave[state - 1]
        transition[:, state, state] = 1.0 - leave[state - 1]
    return transition


def state_share(transition):
    """Long-run probability of each state on each day of the year.

    Parameters
    ----------
    transition : (12, n_states, n_states) float64
        transition[m] moves day d - 1 into day d, where m is the month of day d.

    Returns
    -------
    (365, n_states) float64
        Rows sum to 1; row 0 follows row 364, so a run may start from row 0.
    """
    count = transition.shape[1]
    share = np.zeros((len(MONTH_OF_DAY), count))
    current = np.full(count, 1.0 / count)
    for _ in range(RETURN_YEARS):
        for day, month in enumerate(MONTH_OF_DAY):
            current = current @ transition[month]
            share[day] = current
    return share


def centred(shift, transition):
    """Subtract from a shift by state its long-run mean over the year.

    Parameters
    ----------
    shift : (n_states,) float64
    transition : (12, n_states, n_states) float64

    Returns
    -------
    (n_states,) float64
    """
    return shift - (state_share(transition) @ shift).mean()


def mean_intensity(month_weight, multiplier, transition):
    """Long-run mean of month_weight[month] * multiplier[state] over the days of a year.

    The intensity of an outage family on a day is rate_per_year / 365 * month_weight * multiplier / mean_intensity,
    so that the yearly mean count is rate_per_year whatever the multipliers.

    Parameters
    ----------
    month_weight : (12,) float64
    multiplier : (n_states,) float64
    transition : (12, n_states, n_states) float64

    Returns
    -------
    float
    """
    return float((month_weight[MONTH_OF_DAY] * (state_share(transition) @ multiplier)).mean())

"""When in the year an event falls, and events in order of time."""

from distributions._jit import njit


@njit
def day_of(cumulative, target):
    """First day whose cumulative intensity exceeds the target, and how far into it the target lies.

    Parameters
    ----------
    cumulative : (n_days,) float64, not falling, summed over the days up to and with each
    target : float, below the last of them

    Returns
    -------
    (int, float)
        Day from 0, share of that day in 0..1.
    """
    low, high = 0, cumulative.shape[0] - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > target:
            high = middle
        else:
            low = middle + 1
    before = cumulative[low - 1] if low > 0 else 0.0
    return low, min(max((target - before) / (cumulative[low] - before), 0.0), 1.0 - 1e-9)


@njit
def sort_rows(rows, count, column):
    """Put the first `count` rows in rising order of a column, in place; equal ones keep their order."""
    for k in range(1, count):
        j = k
        while j > 0 and rows[j - 1, column] > rows[j, column]:
            for m in range(rows.shape[1]):
                rows[j - 1, m], rows[j, m] = rows[j, m], rows[j - 1, m]
            j -= 1

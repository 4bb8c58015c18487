"""What is stored in a cabinet that stands stays in it."""

import numpy as np

from distributions._jit import njit

f = np.float32


@njit
def lock_row(stored, locked, working_before, working, installed_before, installed):
    """Move stored energy with the cabinets: into those that stop working, out of those that come back.

    Parameters
    ----------
    stored, locked : (b,) float32 [kWh], changed: energy in working cabinets, and in those that stand
    working_before, working : (b,) int32, yesterday's and today's working cabinets; `working_before` becomes today's
    installed_before, installed : (b,) int32, likewise of all cabinets on site; new ones come empty

    Notes
    -----
    Cabinets share their state of charge, so a cabinet that stops takes its part and the others keep theirs. Stored plus
    locked energy does not change. Not modelled: energy that burns (at most that of the burned cabinets).
    """
    for i in range(stored.shape[0]):
        before, now = working_before[i], working[i]
        grown = max(installed[i] - installed_before[i], 0)
        returned = now - before - grown
        if returned < 0:
            moved = stored[i] * (f(-returned) / f(max(before, 1)))
            stored[i] -= moved
            locked[i] += moved
        elif returned > 0:
            moved = locked[i] * (f(returned) / f(max(installed_before[i] - before, returned)))
            stored[i] += moved
            locked[i] -= moved
        working_before[i] = now
        installed_before[i] = installed[i]

"""Compile every kernel of the engine once, so that parallel test processes find them in the cache.

Run it with ``python -m tests.warm``. Processes that compile the same kernel at the same time waste minutes.
"""

import time

import studies
from riskmodel.engine import simulate_range


def warm() -> float:
    """Simulate a few paths of every shipped study; returns the seconds it took."""
    start = time.perf_counter()
    for name in studies.names():
        simulate_range(studies.load(name, ["study.years=1"]), 1, 0, 2)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"kernels ready after {warm():.0f} s")

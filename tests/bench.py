"""Speed of the engine: ``make bench``. Nothing here is a test; figures depend on the machine."""

import argparse
import time

import studies
from distributions._jit import set_threads
from distributions.clock import HOURS_PER_YEAR
from riskmodel.engine import simulate_range

NS_PER_S = 1e9


def measure(name: str, paths: int, threads: int, repeats: int) -> float:
    """Best time of a few [s] to simulate `paths` paths of a study, compiled before the clock starts."""
    study = studies.load(name)
    simulate_range(study, 1, 0, 2, threads=threads)
    times = []
    for repeat in range(repeats):
        start = time.perf_counter()
        simulate_range(study, 1, repeat * paths, paths, threads=threads)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print one line a study and thread count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print("study                threads  paths/s  ns a strategy-hour and thread")
    for name in studies.names():
        study = studies.load(name)
        hours = options.paths * study.header.years * HOURS_PER_YEAR * len(study.strategy_names)
        for threads in sorted({1, set_threads()}):
            seconds = measure(name, options.paths, threads, options.repeats)
            print(f"{name:20} {threads:7} {options.paths / seconds:8.1f} {seconds * threads / hours * NS_PER_S:8.1f}")


if __name__ == "__main__":
    main()
